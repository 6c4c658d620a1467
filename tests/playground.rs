//! `tiphys playground` with a script on its standard input: the real program, a world of its own, real git.
#![cfg(feature = "sandbox")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

const KUSTOMIZATION: &str = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";

/// A folder for `--dir`, with a home of its own beside it.
struct Folder {
    root: TempDir,
    dir: PathBuf,
}

impl Folder {
    fn new() -> Self {
        Self::named("playground")
    }

    fn named(name: &str) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let dir = root.path().join(name);
        Self { root, dir }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command
            .arg("playground")
            .arg("--dir")
            .arg(&self.dir)
            .args(arguments)
            .env_clear()
            .env("HOME", self.root.path())
            .env("TMPDIR", self.root.path())
            .env("GIT_AUTHOR_NAME", "Анна Иванова")
            .env("GIT_AUTHOR_EMAIL", "anna@example.org")
            .current_dir(self.root.path());
        command
    }

    /// Runs the playground with these lines; they end where the text does.
    fn play(&self, arguments: &[&str], lines: &str) -> Played {
        Played::of(self.command(arguments), lines)
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.dir.join("manifests.git"), arguments)
    }
}

/// How a run ended.
#[derive(Debug)]
struct Played {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Played {
    fn of(mut command: Command, lines: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A program that ends before it has read everything closes the pipe.
        drop(stdin.write_all(lines.as_bytes()));
        drop(stdin);
        Self::from(child.wait_with_output().expect("the program ends"))
    }

    /// The replies to one line.
    fn replies(&self, line: &str) -> &str {
        let start = format!("\n> {line}\n");
        let (_, after) = self.stdout.split_once(&start).unwrap_or_else(|| panic!("no {line} in {self:#?}"));
        after.split_once("\n\n> ").map_or(after, |(replies, _)| replies)
    }

    #[track_caller]
    fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl From<Output> for Played {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stderr.is_empty(), "git {arguments:?}: {stderr}");
    stdout.into_owned()
}

/// Asserts that all of `pieces` are in `text`, in this order.
#[track_caller]
fn assert_order(text: &str, pieces: &[&str]) {
    let mut rest = text;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { panic!("no {piece:?} (in this order) in:\n{text}") };
        rest = &rest[at + piece.len()..];
    }
}

#[test]
fn a_script_deploys_scales_and_reads_the_status() {
    let folder = Folder::new();
    let played = folder.play(&[], "/deploy 0.10.5\n/set_replicas 3\n/status\n");
    played.assert_code(0);
    assert_eq!(played.stderr, "");

    // What was said.
    assert!(played.stdout.starts_with("Песочница tiphys\n  чат в браузере:  http://127.0.0.1:"), "{}", played.stdout);
    assert_order(
        played.replies("/deploy 0.10.5"),
        &["принято", "0.10.4 → 0.10.5", "записан, жду Argo CD", "✅", "работает: 2/2 пода, за "],
    );
    assert_order(played.replies("/set_replicas 3"), &["принято", "реплики 2 → 3", "✅", "работает: 3/3 пода, за "]);
    let head = folder.git(&["rev-parse", "main"]);
    assert_order(
        played.replies("/status"),
        &[
            "✅ oil-refinery-application/prod: работает, как в git\n",
            "git       0.10.5 · 3 реплики\n",
            "кластер   0.10.5 · поды 3/3\n",
            "Argo CD   Synced · Healthy\n",
            &format!("ревизия   {} = git\n", &head[..8]),
            "Последнее изменение: реплики 2 → 3, Анна Иванова",
        ],
    );

    // What was done: two commits beside the first, each of one changed line.
    assert_eq!(folder.git(&["rev-list", "--count", "--all"]).trim(), "3");
    folder.git(&["fsck", "--strict", "--no-progress"]);
    for (revision, subject, old, new) in [
        (
            "main~1",
            "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5",
            r#"    newTag: "0.10.4""#,
            r#"    newTag: "0.10.5""#,
        ),
        ("main", "scale(oil-refinery-application/prod): 2 → 3", "    count: 2", "    count: 3"),
    ] {
        let header = folder.git(&["log", "-1", "--format=%s|%an <%ae>|%cn <%ce>", revision]);
        assert_eq!(header.trim(), format!("{subject}|Анна Иванова <anna@example.org>|tiphys <tiphys@example.org>"));
        let trailers = folder.git(&["log", "-1", "--format=%(trailers:only,unfold)", revision]);
        let names: Vec<_> = trailers.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        assert_eq!(names, ["Request-Id", "Requested-By", "Application", "Environment"]);
        assert!(trailers.contains(
            "Requested-By: Анна Иванова (local 0)\nApplication: oil-refinery-application\nEnvironment: prod\n"
        ));
        let parent = format!("{revision}~1");
        assert_eq!(folder.git(&["diff", "--numstat", &parent, revision]).trim(), format!("1\t1\t{KUSTOMIZATION}"));
        let diff = folder.git(&["diff", "--unified=0", "--no-prefix", &parent, revision]);
        let lines: Vec<_> = diff.lines().skip_while(|line| !line.starts_with("@@")).skip(1).collect();
        assert_eq!(lines, [format!("-{old}"), format!("+{new}")]);
    }
    let ids = folder.git(&["log", "-2", "--format=%(trailers:key=Request-Id,valueonly)", "main"]);
    let mut ids: Vec<_> = ids.split_whitespace().collect();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");

    // A second run goes on from there, and in English this time.
    let again = folder.play(&["--language", "en"], "deploy 0.10.5\n/set_replicas 3\n/status\n");
    again.assert_code(0);
    assert!(again.stdout.starts_with("The tiphys playground\n"), "{}", again.stdout);
    assert_order(again.replies("deploy 0.10.5"), &["accepted", "already 0.10.5, nothing to change"]);
    assert_order(again.replies("/set_replicas 3"), &["accepted", "already 3 replicas, nothing to change"]);
    assert_order(
        again.replies("/status"),
        &["live, as in git\n", "0.10.5 · 3 replicas\n", "pods 3/3\n", "Synced · Healthy\n", "= git\n", "Анна Иванова"],
    );
    assert_eq!(folder.git(&["rev-parse", "--all"]), head);
    assert_eq!(again.stderr, "");
}

#[test]
fn refusals_are_answers_and_change_nothing() {
    let folder = Folder::new();
    let long = format!("/deploy {}", "9".repeat(5000));
    let lines = format!(
        "/deploy 0.10.55\n/set_replicas -1\n/set_replicas 1e9\n/deploy 0.10.5;rm\n/\n\n   \nsomething else\n\
         /deploy shop 0.10.5\n{long}\n/set_replicas 21\n/deploy@other_bot 0.10.5\n\u{1b}[2J\n/help\n/apps"
    );
    let played = folder.play(&["--language", "en"], &lines);
    played.assert_code(0);
    assert_order(played.replies("/deploy 0.10.55"), &["🚫 No such version", "Nearest: 0.10.5"]);
    assert_order(played.replies("/set_replicas -1"), &["this is not a replica count", "Expected: a whole number"]);
    assert_order(played.replies("/deploy 0.10.5;rm"), &["this is not a version", "Example: /deploy 0.10.5"]);
    assert_order(played.replies("something else"), &["No such command"]);
    assert_order(played.replies("/deploy shop 0.10.5"), &["oil-refinery-application"]);
    assert_order(played.replies("/set_replicas 21"), &["20"]);
    assert_order(played.replies("/deploy@other_bot 0.10.5"), &["Not for me: the name after the @ is another bot's."]);
    assert_order(played.replies("/apps"), &["oil-refinery-application/prod · at most 20 replicas"]);
    assert!(!played.stdout.contains('\u{1b}'), "a line can't steer the terminal");
    assert_eq!(folder.git(&["rev-list", "--count", "--all"]).trim(), "1");
}

#[test]
fn a_rollout_that_fails_makes_the_run_fail() {
    let folder = Folder::new();
    let played = folder.play(&["--language", "en"], "/deploy 0.10.3-broken\n/deploy nonsense\n/deploy 0.10.6\n");
    played.assert_code(3);
    assert_order(played.replies("/deploy 0.10.3-broken"), &["❌", "it did not come up:", "CrashLoopBackOff"]);
    assert_order(played.replies("/deploy nonsense"), &["No such version"]);
    // What comes after it is done all the same.
    assert_order(played.replies("/deploy 0.10.6"), &["0.10.3-broken → 0.10.6", "live: 2/2 pods"]);
    assert_eq!(folder.git(&["rev-list", "--count", "--all"]).trim(), "3");
}

#[test]
fn an_unexpected_failure_makes_the_run_fail() {
    let folder = Folder::new();
    folder.play(&[], "/apps\n").assert_code(0);
    let lock = folder.dir.join("manifests.git/refs/heads/main.lock");
    fs::write(&lock, "").expect("a writable folder");
    let played = folder.play(&["--language", "en"], "/deploy 0.10.5\n/apps\n");
    played.assert_code(4);
    assert_order(played.replies("/deploy 0.10.5"), &["❌", "locked", "Nothing was changed"]);
    assert_order(played.replies("/apps"), &["oil-refinery-application/prod"]);
    fs::remove_file(&lock).expect("still there");
    folder.play(&[], "/deploy 0.10.5\n").assert_code(0);
}

#[test]
fn a_folder_may_have_any_name() {
    let folder = Folder::named("папка: 'one' \"two\" # {three} %41 \\ four");
    let played = folder.play(&[], "/set_replicas 1\n/status\n");
    played.assert_code(0);
    assert_order(played.replies("/status"), &["1 реплика", "поды 1/1", "= git"]);

    let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    command.args(["playground", "--language", "en", "--dir", "."]).env_clear().current_dir(&folder.dir);
    let played = Played::of(command, "/status\n");
    played.assert_code(0);
    assert_order(played.replies("/status"), &["1 replica", "pods 1/1"]);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = Folder::named("taken");
    let refused_with = |code: i32, folder: &Folder, arguments: &[&str], complaint: &str| {
        let played = folder.play(arguments, "/deploy 0.10.5\n");
        played.assert_code(code);
        assert_eq!(played.stdout, "");
        assert_eq!(played.stderr.lines().count(), 1, "{}", played.stderr);
        let complaint = complaint.replace("DIR", folder.dir.to_str().expect("UTF-8"));
        assert!(played.stderr.contains(&complaint), "{:?} lacks {complaint}", played.stderr);
    };
    let refused = |folder: &Folder, arguments: &[&str], complaint: &str| refused_with(4, folder, arguments, complaint);
    fs::write(&folder.dir, "a file").expect("a writable folder");
    refused(&folder, &[], "tiphys: the folder DIR: ");
    fs::remove_file(&folder.dir).expect("removed");

    // What may be a real bot's is not written over.
    for name in ["tiphys.yaml", "telegram-token", "kubeconfig"] {
        fs::create_dir(&folder.dir).expect("a new folder");
        fs::write(folder.dir.join(name), "precious").expect("a writable folder");
        let complaint = format!("tiphys: DIR/{name} is not the playground's: choose an empty folder for --dir\n");
        refused_with(2, &folder, &[], &complaint);
        assert_eq!(fs::read(folder.dir.join(name)).expect("still there"), b"precious");
        assert_eq!(fs::read_dir(&folder.dir).expect("the folder").count(), 1);
        fs::remove_dir_all(&folder.dir).expect("removed");
    }

    fs::create_dir_all(folder.dir.join("manifests.git")).expect("a new folder");
    refused(&folder, &[], "cannot use the manifests repository DIR/manifests.git: ");
    fs::remove_dir_all(&folder.dir).expect("removed");

    let control = Folder::named("a\nb");
    refused(&control, &[], "a\\nb\": a configuration can't name this folder");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    refused(&folder, &["--listen", &address], &format!("tiphys: listening on {address}: "));
}

#[test]
fn a_folder_has_one_playground_at_a_time() {
    let folder = Folder::new();
    let mut command = folder.command(&[]);
    let mut first = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(first.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    lines.find(|line| line.contains("tiphys.yaml")).expect("the greeting");
    let file = folder.dir.join("tiphys.yaml");
    let before = fs::read(&file).expect("a configuration");

    let second = folder.play(&["--language", "en"], "/deploy 0.10.5\n");
    second.assert_code(2);
    assert_eq!(
        second.stderr,
        format!("tiphys: another playground runs in {}: choose another folder for --dir\n", folder.dir.display())
    );
    assert_eq!(fs::read(&file).expect("a configuration"), before, "the first one's addresses stay");

    drop(first.stdin.take());
    lines.for_each(drop);
    assert!(first.wait().expect("the program ends").success());
    folder.play(&[], "/apps\n").assert_code(0);
}

#[test]
fn when_nobody_reads_the_replies_no_more_is_carried_out() {
    let folder = Folder::new();
    let mut child = folder
        .command(&["--language", "en"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert_eq!(lines.next().expect("a line").expect("UTF-8"), "The tiphys playground");
    drop(lines);
    child.stdin.take().expect("a pipe").write_all(b"/deploy 0.10.5\n/set_replicas 3\n").expect("written");
    let played = Played::from(child.wait_with_output().expect("the program ends"));
    played.assert_code(4);
    assert!(played.stderr.starts_with("tiphys: standard output: "), "{}", played.stderr);
    assert_eq!(folder.git(&["rev-list", "--count", "--all"]).trim(), "1");
}

#[test]
fn a_signal_ends_it_in_order() {
    let folder = Folder::new();
    for (signal, line, announced, code) in [
        // Before anything is asked.
        ("-INT", "", "configuration:", 0),
        // In the midst of a rollout: the commit is there, the end is not known.
        ("-TERM", "/deploy 0.10.5\n", "pushed, waiting for Argo CD", 3),
        // With everything answered and more to come.
        ("-TERM", "/apps\n", "oil-refinery-application/prod", 0),
    ] {
        let mut child = folder
            .command(&["--language", "en"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(line.as_bytes()).expect("written");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        lines.find(|line| line.contains(announced)).expect("announced");
        let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
        // The input stays open: only the signal can end it.
        let rest: Vec<_> = lines.collect();
        let played = Played::from(child.wait_with_output().expect("the program ends"));
        assert_eq!((played.code, played.stderr.as_str()), (Some(code), ""), "{signal} {line:?} {rest:#?}");
        drop(stdin);
    }
    assert_eq!(folder.git(&["rev-list", "--count", "--all"]).trim(), "2");
}

#[test]
fn without_a_folder_nothing_is_left() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    command.args(["playground", "--language", "en"]).env_clear().env("HOME", root.path()).env("TMPDIR", root.path());
    let played = Played::of(command, "/status\n");
    played.assert_code(0);
    assert_order(played.replies("/status"), &["live, as in git", "0.10.4 · 2 replicas", "pods 2/2"]);
    let left: Vec<_> = fs::read_dir(root.path()).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}
