//! All wording, in Russian and in English: answers become messages that each front renders in its own way.

mod message;

pub use message::{Button, Message, Span};

use crate::domain::{answer::Answer, language::Language};

/// Puts an answer into words.
#[must_use]
pub fn render(answer: &Answer, language: Language) -> Message {
    let _ = language;
    Message::plain(format!("{answer:?}"))
}
