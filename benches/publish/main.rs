//! What it costs to bring a change into the manifests repository, beside `git push` and beside clone, edit, commit, push.
//!
//! ```sh
//! cargo bench --bench publish                      # a quarter of an hour
//! cargo bench --bench publish -- --quick           # a minute: does it all work?
//! cargo bench --bench publish -- one waiting       # some of: one, waiting, size, memory
//! ```
//!
//! The servers are real: nginx with TLS before `git http-backend`, and OpenSSH's sshd, on loopback. The bot goes the whole
//! way from a line of a chat to the settled command. All contenders take turns round by round, each at a copy of the
//! repository of its own, and after each scenario every copy is checked: `git fsck --strict`, a fresh clone, the number of
//! commits. Nothing is asserted about times: the tables are for `docs/performance.md`.

#[path = "../../tests/common/cgi.rs"]
#[expect(dead_code, reason = "only its certificates are needed here")]
mod cgi;
mod figures;
#[path = "../../tests/common/ground.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod ground;
mod link;
mod memory;
#[path = "../../tests/common/nginx.rs"]
#[expect(dead_code, reason = "its own port is not used here")]
mod nginx;
mod one_change;
mod ours;
mod seed;
mod size;
#[path = "../../tests/common/sshd.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sshd;
mod stand;
mod theirs;
mod waiting;

use std::{env, path::Path, process::ExitCode};

use stand::Stand;

/// How much is measured.
struct Scale {
    /// Files of the repositories in which one change is made; the second size is that of the long history.
    sizes: &'static [usize],
    /// Files of those by which the cost is followed.
    all_sizes: &'static [usize],
    /// Files in one folder.
    flat: usize,
    /// Commits of an ordinary history, of a long one, and the branches that go with that.
    commits: usize,
    long: usize,
    branches: usize,
    rounds: usize,
    /// Changes that wait at once, how often, and how many clone cycles they are compared with.
    waiting: usize,
    crowds: usize,
    cycles: usize,
    /// Changes that wait while memory is looked at.
    crowd: usize,
}

const FULL: Scale = Scale {
    sizes: &[10, 1_000, 20_000],
    all_sizes: &[10, 1_000, 20_000, 100_000],
    flat: 20_000,
    commits: 1_000,
    long: 50_000,
    branches: 200,
    rounds: 21,
    waiting: 500,
    crowds: 5,
    cycles: 20,
    crowd: 100,
};

const QUICK: Scale = Scale {
    sizes: &[10, 200],
    all_sizes: &[10, 200],
    flat: 200,
    commits: 50,
    long: 500,
    branches: 20,
    rounds: 3,
    waiting: 50,
    crowds: 1,
    cycles: 2,
    crowd: 10,
};

/// What the servers and the contenders are made of, and the Debian packages that have it.
const TOOLS: [(&str, &str); 6] = [
    ("git", "git"),
    ("nginx", "nginx-light"),
    ("fcgiwrap", "fcgiwrap"),
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == memory::CHILD
    {
        memory::hold(rest);
        return ExitCode::SUCCESS;
    }
    let missing: Vec<String> = TOOLS
        .iter()
        .filter(|(tool, _)| !is_installed(tool))
        .map(|(tool, package)| format!("{tool} (Debian: {package})"))
        .collect();
    if !missing.is_empty() {
        eprintln!("Not measured, for these are missing: {}.", missing.join(", "));
        return ExitCode::from(2);
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let scale = if quick { &QUICK } else { &FULL };
    let chosen: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| *chosen == name);
    let mut stand = Stand::start();
    println!(
        "Medians of {} rounds; ratios of medians, and in brackets the middle half of the rounds' ratios.",
        scale.rounds
    );
    if wanted("one") {
        one_change::run(&mut stand, scale);
    }
    if wanted("waiting") {
        waiting::run(&stand, scale);
    }
    if wanted("size") {
        size::run(&stand, scale);
    }
    if wanted("memory") {
        memory::run(&stand, scale);
    }
    ExitCode::SUCCESS
}

fn is_installed(tool: &str) -> bool {
    let folders = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    folders.iter().map(AsRef::as_ref).chain([Path::new("/usr/sbin")]).any(|folder| folder.join(tool).is_file())
}
