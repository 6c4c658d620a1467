//! From a line of text to a command.

use super::error::GrammarError;
use crate::domain::command::Command;

/// What a chat message comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A command of ours, or a fault in one.
    Ours(Result<Command, GrammarError>),
    /// No command at all, or one for another bot.
    NotOurs,
}

/// Reads a chat message; `bot` is our username, without `@`, when we have one.
#[must_use]
pub fn parse(text: &str, bot: Option<&str>) -> Parsed {
    let _ = (text, bot);
    Parsed::NotOurs
}

/// Reads a command from the words of a command line, the first being the command's word without slash.
///
/// # Errors
/// [`GrammarError`] with the words joined by spaces as its line.
pub fn parse_words<S: AsRef<str>>(words: &[S]) -> Result<Command, GrammarError> {
    let line = words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
    match parse(&format!("/{line}"), None) {
        Parsed::Ours(result) => result,
        Parsed::NotOurs => unreachable!("replaced with the parser"),
    }
}
