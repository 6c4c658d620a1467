//! What is wrong with a command's text, and where.

use serde::Serialize;

use crate::domain::{command::CommandName, name::NameKind};

/// A fault in a command's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrammarError {
    /// The line as given, cut to what can be shown.
    pub line: String,
    /// The first character of `line` that the fault is about, counted in characters from 0.
    pub at: usize,
    /// How many characters the fault covers, at least 1 (so that the place after the end can be marked).
    pub length: usize,
    /// The command, when it was recognised.
    pub command: Option<CommandName>,
    /// What is wrong.
    pub fault: GrammarFault,
}

/// The kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrammarFault {
    /// The text holds no command.
    Empty,
    /// The line is longer than any command can be.
    TooLong {
        /// How many characters it has.
        characters: usize,
        /// How many are allowed.
        maximum: usize,
    },
    /// No such command.
    UnknownCommand {
        /// What was typed, without the slash.
        given: String,
        /// The nearest commands, best first.
        nearest: Vec<CommandName>,
    },
    /// An argument is missing.
    Missing(Argument),
    /// An argument is not what is expected there.
    Invalid {
        /// What is expected.
        expected: Argument,
        /// What stands there.
        given: String,
        /// The kind of name that it fails to be, when it is one.
        kind: Option<NameKind>,
    },
    /// More arguments than the command takes.
    Surplus,
}

/// The kinds of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// `APP` or `APP/ENV`.
    Target,
    /// An image tag.
    Version,
    /// A whole number from 0.
    Count,
    /// A command's name.
    Command,
    /// A node's name.
    Node,
    /// The number of a page, from 1.
    Page,
    /// The same, or the word `all`.
    PageOrAll,
    /// The word `confirm`.
    Confirm,
    /// A pod, perhaps shortened, perhaps with its namespace before it: `NAMESPACE/POD`.
    Pod,
    /// The same, or a node: `NAME`, `NAMESPACE/POD`, `pod/NAME` or `node/NAME`.
    PodOrNode,
    /// A container's name.
    Container,
    /// The word `previous`.
    Previous,
}
