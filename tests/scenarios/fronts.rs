//! The same commands through Telegram, the command line and the console come to the same.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tiphys::sandbox::telegram::ShownMessage;

use crate::playbill::{ANNA, CHAT, Playbill, SECOND, git};

/// What a command comes to, whatever the front.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The outcome in one word, as the command line's JSON has it.
    word: &'static str,
    /// The words of the answer, without what differs from run to run.
    text: String,
    /// The subjects of the commits that were made, each with its changed lines.
    commits: Vec<String>,
}

/// A command as words, its outcome in one word, and what its exit code is.
const TABLE: [(&[&str], &str, i32); 12] = [
    (&["deploy", "0.10.5"], "live", 0),
    (&["deploy", "oil-refinery-application", "0.10.6"], "live", 0),
    (&["deploy", "oil-refinery-application/prod", "0.10.6"], "already_so", 0),
    (&["set_replicas", "3"], "live", 0),
    (&["set_replicas", "3"], "already_so", 0),
    (&["set_replicas", "oil-refinery-application", "21"], "refused", 1),
    (&["deploy", "0.10.99"], "refused", 1),
    (&["deploy", "another", "0.10.5"], "refused", 1),
    (&["deploy", "0.10.5;rm"], "not_a_command", 2),
    (&["set_replicas", "-1"], "not_a_command", 2),
    (&["deploy"], "not_a_command", 2),
    (&["apps"], "answered", 0),
];

/// What differs from run to run: commit ids and durations. The place under a fault is told differently where there is
/// no slash.
fn normalised(text: &str) -> String {
    let id = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    // What the console lists as commands are buttons elsewhere.
    let kept = |line: &&str| !line.is_empty() && !line.starts_with('^') && !line.starts_with("→ /");
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim).filter(kept) {
        let line = line.trim_start_matches('/');
        let words = line.split_whitespace().map(|word| if id(word) { "ID" } else { word });
        let line = words.collect::<Vec<_>>().join(" ");
        lines.push(line.split(", за ").next().unwrap_or_default().to_owned());
    }
    lines.join("\n")
}

/// The commits of a bare repository since the one before, oldest first: subject and changed lines.
fn commits(folder: &std::path::Path, since: &str) -> Vec<String> {
    let log = git(folder, &["log", "--reverse", "--format=%x00%s", "-p", "-U0", &format!("{since}..main")]);
    let changed = |line: &&str| {
        let sign = line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---");
        sign || line.starts_with("deploy(") || line.starts_with("scale(")
    };
    log.split('\0').skip(1).map(|commit| commit.lines().filter(changed).collect::<Vec<_>>().join("\n")).collect()
}

fn head(folder: &std::path::Path) -> String {
    git(folder, &["rev-parse", "main"]).trim().to_owned()
}

/// The outcome in one word, as the text shows it.
fn word_of(text: &str) -> Option<&'static str> {
    let first = text.chars().next()?;
    Some(match first {
        '✅' => "live",
        '☑' => "already_so",
        '🚫' => "refused",
        '❓' if text.contains("Ничего не изменено") => "refused",
        '❓' => "not_a_command",
        '📋' => "answered",
        _ => return None,
    })
}

async fn through_telegram() -> Vec<Outcome> {
    let playbill = Playbill::start().await;
    let folder = playbill.world.repository_path();
    let mut outcomes = Vec::new();
    // Several chats, because each has a limit of its own; the last one is Anna's private one.
    const CHATS: [i64; 3] = [CHAT, SECOND, ANNA];
    playbill.amend("telegram:\n", "telegram:\n  private_chats: true\n");
    let _bot = playbill.serve();
    for ((words, word, _), chat) in TABLE.into_iter().zip(CHATS.into_iter().cycle()) {
        let before = head(folder);
        let command = playbill.hub().say(chat, ANNA, &format!("/{}", words.join(" "))).unwrap();
        let ended = |answer: &ShownMessage| word_of(&answer.text).is_some();
        let answer = playbill.answer_in(chat, command, ended).await;
        assert_eq!(word_of(&answer.text), Some(word), "{words:?}: {}", answer.text);
        outcomes.push(Outcome { word, text: normalised(&answer.text), commits: commits(folder, &before) });
    }
    let messages = CHATS.map(|chat| playbill.hub().answers(chat).len());
    assert_eq!(messages.iter().sum::<usize>(), TABLE.len(), "one message for each");
    outcomes
}

async fn through_the_command_line() -> Vec<Outcome> {
    let playbill = Playbill::start().await;
    let folder = playbill.world.repository_path();
    let mut outcomes = Vec::new();
    for (words, word, code) in TABLE {
        let before = head(folder);
        let mut arguments = words.to_vec();
        arguments.push("--json");
        // With `--wait` what is so already is looked for in the cluster, which a chat is not told.
        if matches!(words[0], "deploy" | "set_replicas") && word != "already_so" {
            arguments.push("--wait");
        }
        let mut command = playbill.program(&arguments);
        let run = tokio::task::spawn_blocking(move || command.output().expect("the program starts"));
        let Output { status, stdout, stderr } = run.await.unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert_eq!(status.code(), Some(code), "{words:?}\n{stdout}\n{stderr}");
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        let document: Value = serde_json::from_str(&stdout).expect("JSON");
        assert_eq!(document["outcome"], word, "{words:?}: {document}");
        assert_eq!(document["exit_code"], code);
        let text = normalised(document["text"].as_str().unwrap());
        outcomes.push(Outcome { word, text, commits: commits(folder, &before) });
    }
    outcomes
}

/// The playground with its commands piped in: one process, so the commits are told apart afterwards.
fn through_the_console() -> (Vec<(&'static str, String)>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tiphys"))
        .args(["--language", "ru", "playground", "--dir"])
        .arg(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines: Vec<String> = TABLE.iter().map(|(words, _, _)| format!("/{}", words.join(" "))).collect();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", lines.join("\n")).unwrap();
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    // Refusals and slips of the pen are no failures of the play.
    assert_eq!(status.code(), Some(0), "{stdout}\n{stderr}");
    let mut answers = Vec::new();
    for (block, (words, ..)) in stdout.split("\n> ").skip(1).zip(TABLE) {
        let (line, answer) = block.split_once('\n').unwrap();
        assert_eq!(line, format!("/{}", words.join(" ")));
        // In a pipe each stage is added below the one before: the last is the answer.
        let begins: Vec<usize> =
            answer.char_indices().filter(|(_, c)| "⏳📝🔄🚀✅☑🚫❓📋".contains(*c)).map(|(at, _)| at).collect();
        let last = begins.iter().rev().map(|at| &answer[*at..]).find_map(|text| Some((word_of(text)?, text)));
        let (word, text) = last.unwrap_or_else(|| panic!("{block}"));
        answers.push((word, normalised(text)));
    }
    assert_eq!(answers.len(), TABLE.len(), "{stdout}");
    let bare = folder.path().join("manifests.git");
    let first = git(&bare, &["rev-list", "--max-parents=0", "main"]).trim().to_owned();
    (answers, commits(&bare, &first))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_front_comes_to_the_same() {
    let console = tokio::task::spawn_blocking(through_the_console);
    let (telegram, line) = tokio::join!(through_telegram(), through_the_command_line());
    let (answers, commits) = console.await.unwrap();
    for (((one, other), console), (words, word, _)) in telegram.iter().zip(&line).zip(&answers).zip(TABLE) {
        assert_eq!(one, other, "{words:?}: Telegram and the command line");
        assert_eq!((word, &one.text), (console.0, &console.1), "{words:?}: Telegram and the console");
        assert_eq!(one.commits.len(), usize::from(word == "live"), "{words:?}: {one:?}");
    }
    let made: Vec<String> = telegram.into_iter().flat_map(|outcome| outcome.commits).collect();
    assert_eq!(made, commits, "Telegram and the console");
}
