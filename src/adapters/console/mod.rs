//! Terminals: replies to one-shot commands, exit codes, and the playground's line editor.

#[cfg(feature = "sandbox")]
mod complete;
#[cfg(feature = "sandbox")]
mod editor;
mod exit;
mod replier;

#[cfg(feature = "sandbox")]
pub use self::{
    complete::{Vocabulary, complete},
    editor::{Console, EditorOptions, Printer, VocabularySource},
};
pub use self::{
    exit::{ExitCode, outcome},
    replier::{Style, TerminalReplier},
};
