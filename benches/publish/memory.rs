//! How much memory the bot holds: this very program, started again as a process that does nothing else.

use std::{env, fs, path::Path, process::Command};

use crate::{
    Scale,
    figures::{Table, thousands},
    ours::Bot,
    seed::{self, Seed},
    stand::{self, Stand, Way},
};

/// The first argument of such a process.
pub(crate) const CHILD: &str = "hold-memory";

/// Fills a table with what such processes say.
pub(crate) fn run(stand: &Stand, scale: &Scale) {
    let heading = format!("Memory with {} changes waiting, over HTTPS", scale.crowd);
    let titles = ["files", "resident before, MB", "resident after", "most"];
    let mut table = Table::new(&heading, &titles);
    for &files in scale.sizes {
        let seed = Seed { commits: scale.commits, ..Seed::folders(files) };
        seed.write(&stand.ground, "ours.git");
        let changes = scale.crowd.min(seed.applications());
        let mut child = Command::new(env::current_exe().expect("a path"));
        child.args([CHILD, &files.to_string(), &changes.to_string(), &stand.url(Way::Https, "ours.git")]);
        let output = child.arg(stand.path("")).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).expect("text");
        let figures = told.split_whitespace().map(|figure| match figure.parse::<f64>() {
            Ok(kilobytes) => format!("{:.1}", kilobytes * 1024.0 / 1e6),
            Err(_) => figure.to_owned(),
        });
        let title = match changes == scale.crowd {
            true => thousands(files),
            false => format!("{} ({changes} waiting)", thousands(files)),
        };
        table.row([title].into_iter().chain(figures).collect());
        stand.verify("ours.git", seed.commits + 1 + changes);
        seed::remove(&stand.path("mirror.git"));
    }
    table.print();
}

/// What the other process does.
pub(crate) fn hold(arguments: &[String]) {
    let [files, changes, url, ground] = arguments else { panic!("four arguments") };
    let seed = Seed::folders(files.parse().expect("a number"));
    let mut bot = Bot::start(stand::settings(Path::new(ground), url, "mirror.git"), seed.catalogue());
    let before = process_status("VmRSS");
    bot.deploy_all(0..changes.parse().expect("a number"), "4.0.0");
    println!("{before} {} {}", process_status("VmRSS"), process_status("VmHWM"));
}

/// A size in `/proc/self/status`, in kilobytes.
fn process_status(key: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    value.and_then(|value| value.trim().strip_suffix(" kB")).unwrap_or("unknown").to_owned()
}
