//! What `tiphys edit` says on a terminal: a line for each change, and for each fault what was found and what to do.

mod argument;
mod entry;
mod file;
mod text;
mod value;

pub(super) use entry::found as entry_found;

use super::{clean, compose::Text, message::Message};
use crate::domain::{
    edit::{EditChange, EditError, EditOutcome},
    language::Language,
};

/// The longest name, path and value shown.
const SHOWN: usize = 300;

/// A change on one line: `kustomization.yaml:12: app 0.10.4 → 0.10.5`; `written` tells whether it was made or would be.
#[must_use]
pub fn edit_change(change: &EditChange, written: bool, language: Language) -> Message {
    let EditChange { file, line, name, outcome, from, to, .. } = change;
    let place = line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
    let text = Text::new().plain(format!("{}: {} ", inline(&place), inline(name)));
    let shown = |value: &str| if value.is_empty() { "\"\"".to_owned() } else { inline(value) };
    let to = shown(to);
    let added = match written {
        true => say!(language, ", добавлено", ", added"),
        false => say!(language, ", будет добавлено", ", would be added"),
    };
    match (outcome, from) {
        (EditOutcome::AlreadySo, _) => text.plain(to).plain(say!(language, ", уже так", ", already so")),
        (EditOutcome::Added, _) => text.bold(to).plain(added),
        (EditOutcome::Changed, Some(from)) => text.plain(shown(from)).plain(" → ").bold(to),
        (EditOutcome::Changed, None) => text.plain(say!(language, "(не задано) → ", "(unset) → ")).bold(to),
    }
    .build()
}

/// That faults kept everything from being changed.
#[must_use]
pub fn edit_nothing_changed(language: Language) -> Message {
    Message::plain(say!(language, "Ничего не изменено.", "Nothing was changed."))
}

/// That files were changed, and how could not be printed.
#[must_use]
pub fn edit_report_lost(detail: &str, language: Language) -> Message {
    let detail = inline(detail);
    Message::plain(say!(
        language,
        "файлы изменены, но вывести отчёт не удалось: {detail}",
        "the files were changed, but the report couldn't be printed: {detail}"
    ))
}

/// A fault: where and what was found, then what to do.
#[must_use]
pub fn edit_error(error: &EditError, language: Language) -> Message {
    let (place, remedy) = (edit_place(error, language), edit_remedy(error, language));
    let text = Text::new().bold(place).plain(": ").plain(edit_found(error, language));
    let text = match error {
        EditError::Argument(error) => match argument::underlined(error) {
            Some(marked) => text.block(marked),
            None => text,
        },
        _ => text,
    };
    match remedy {
        Some(remedy) => text.newline().plain("  ").plain(remedy),
        None => text,
    }
    .build()
}

/// Where a fault is: `kustomization.yaml:12:5`, or the argument.
#[must_use]
pub fn edit_place(error: &EditError, language: Language) -> String {
    match error {
        EditError::Argument(error) if error.argument.is_empty() => say!(language, "аргументы", "arguments"),
        EditError::Argument(error) => {
            let (argument, column) = (inline(&error.argument), error.column);
            say!(language, "аргумент {argument}, столбец {column}", "argument {argument}, column {column}")
        }
        EditError::File { file, .. } => inline(file),
        EditError::Text { file, at, .. } => {
            let file = inline(file);
            at.map_or_else(|| file.clone(), |at| format!("{file}:{at}"))
        }
    }
}

/// What was found there.
#[must_use]
pub fn edit_found(error: &EditError, language: Language) -> String {
    match error {
        EditError::Argument(error) => argument::found(&error.fault, language),
        EditError::File { fault, .. } => file::found(fault, language),
        EditError::Text { fault, at, .. } => text::found(fault, at.is_some(), language),
    }
}

/// What to do about it, where that isn't plain from what was found.
#[must_use]
pub fn edit_remedy(error: &EditError, language: Language) -> Option<String> {
    match error {
        EditError::Argument(error) => argument::remedy(&error.argument, &error.fault, language),
        EditError::File { fault, .. } => file::remedy(fault, language),
        EditError::Text { fault, at, .. } => text::remedy(fault, at.is_some(), language),
    }
}

fn inline(text: &str) -> String {
    clean::inline(text, SHOWN)
}

fn list(names: &[String]) -> String {
    inline(&names.join(", "))
}

fn on_lines(lines: &[usize], language: Language) -> String {
    let numbers = lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    match lines {
        [_] => say!(language, "в строке {numbers}", "on line {numbers}"),
        _ => say!(language, "в строках {numbers}", "on lines {numbers}"),
    }
}
