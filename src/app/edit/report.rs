//! What is printed: lines for people, one JSON object for scripts, and the diff.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::diff::Part;
use crate::{
    adapters::console::ExitCode,
    domain::{
        edit::{EditChange, EditError, FileFault},
        language::Language,
    },
    reply::{Message, edit_change, edit_error, edit_found, edit_nothing_changed, edit_remedy, edit_report_lost},
};

/// How all of it ended. The keys of the JSON object; keys are only ever added.
#[derive(Debug, Serialize)]
struct Document<'a> {
    outcome: &'static str,
    exit_code: u8,
    text: String,
    changes: &'a [EditChange],
    errors: Vec<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// A fault with the words that people are told.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    error: &'a EditError,
    message: String,
    hint: Option<String>,
}

impl<'a> Told<'a> {
    fn of(error: &'a EditError, language: Language) -> Self {
        Self { error, message: edit_found(error, language), hint: edit_remedy(error, language) }
    }
}

/// The JSON object of a call.
pub(super) fn json(
    outcome: &'static str,
    exit: ExitCode,
    (changes, errors): (&[EditChange], &[EditError]),
    diff: Option<String>,
    (written, language): (bool, Language),
) -> io::Result<String> {
    let lines = changes.iter().map(|change| edit_change(change, written, language));
    let lines = lines.chain(errors.iter().map(|error| edit_error(error, language)));
    let text = lines.map(|line| line.to_plain()).collect::<Vec<_>>().join("\n");
    let errors = errors.iter().map(|error| Told::of(error, language)).collect();
    let document = Document { outcome, exit_code: exit as u8, text, changes, errors, diff };
    Ok(format!("{}\n", serde_json::to_string(&document)?))
}

/// The changes, line by line.
pub(super) fn changes(changes: &[EditChange], written: bool, color: bool, language: Language) -> String {
    changes.iter().map(|change| line(&edit_change(change, written, language), color)).collect()
}

/// That the files were changed although nobody could be told how.
pub(super) fn lost(error: &io::Error, language: Language) -> String {
    format!("tiphys: {}", line(&edit_report_lost(&error.to_string(), language), false))
}

/// The faults, and that nothing was changed where that is so.
pub(super) fn errors(errors: &[EditError], color: bool, language: Language) -> String {
    let mut text: String =
        errors.iter().map(|error| format!("tiphys: {}", line(&edit_error(error, language), color))).collect();
    let changed = |error: &EditError| matches!(error, EditError::File { fault: FileFault::NotPutBack(_), .. });
    if !errors.iter().any(changed) {
        text.push_str(&line(&edit_nothing_changed(language), color));
    }
    text
}

/// The diff, in colours or as it is.
pub(super) fn diff(parts: &[(Part, String)], color: bool) -> String {
    if !color {
        return parts.iter().map(|(_, line)| line.as_str()).collect();
    }
    let mut text = String::new();
    for (part, line) in parts {
        let style = match part {
            Part::Header => "1",
            Part::Hunk => "36",
            Part::Same => "",
            Part::Old => "31",
            Part::New => "32",
        };
        for line in line.lines() {
            // What is in a file can't steer the terminal.
            let line: String = line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
            text.push_str(&if style.is_empty() { line } else { format!("\x1b[{style}m{line}\x1b[0m") });
            text.push('\n');
        }
    }
    text
}

/// Whether a stream is for people's eyes and wants colours (<https://no-color.org>).
pub(super) fn colors(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    stream.is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}

/// The code of a call with these faults: the worst of theirs.
///
/// With `--check` 1 says that something would change, so what can't be told is 2 there, as for `diff` and `cmp`.
pub(super) fn exit_code(errors: &[EditError], check: bool) -> ExitCode {
    match worst(errors) {
        ExitCode::Refused if check => ExitCode::Usage,
        code => code,
    }
}

/// How a call with these faults ended, in one word.
pub(super) fn outcome(errors: &[EditError]) -> &'static str {
    match worst(errors) {
        ExitCode::Usage => "not_a_command",
        ExitCode::Failed => "failed",
        ExitCode::Unknown => "unknown",
        _ => "refused",
    }
}

fn worst(errors: &[EditError]) -> ExitCode {
    let code = |error: &EditError| match error {
        EditError::Argument(_) | EditError::File { fault: FileFault::Twice(_), .. } => ExitCode::Usage,
        EditError::File { fault: FileFault::NotPutBack(_), .. } => ExitCode::Unknown,
        EditError::File { fault: FileFault::Read(_) | FileFault::Replace(_) | FileFault::Changed, .. } => {
            ExitCode::Failed
        }
        EditError::File { .. } | EditError::Text { .. } => ExitCode::Refused,
    };
    errors.iter().map(code).max().unwrap_or(ExitCode::Done)
}

/// Writes to standard output; a reader that went away is no fault.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes to standard error; a closed one leaves nobody to tell.
pub(super) fn tell(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

fn line(message: &Message, color: bool) -> String {
    format!("{}\n", message.to_terminal(color))
}
