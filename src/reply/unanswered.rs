//! What is told when a source of an answer is silent.

use super::{clean, compose::Text, quantity};
use crate::domain::{language::Language, unanswered::Unanswered};

/// How much of a server's words is shown.
const DETAIL: usize = 300;

/// The end of a sentence about a source: `no answer in 5 s`.
pub(super) fn reason(fault: &Unanswered, language: Language) -> String {
    match fault {
        Unanswered::NotConfigured => say!(language, "не настроен", "not configured"),
        Unanswered::Late { after } => {
            let time = quantity::limit(*after, language);
            say!(language, "нет ответа за {time}", "no answer in {time}")
        }
        Unanswered::Forbidden { .. } => say!(language, "доступ запрещён", "not allowed"),
        Unanswered::Unavailable { .. } => say!(language, "нет ответа", "no answer"),
    }
}

/// A line of its own: `kubernetes: no answer in 5 s`, and the server's words where there are any.
pub(super) fn line(text: Text, source: &str, fault: &Unanswered, language: Language) -> Text {
    let text = text.line(format!("⚠️ {source}: {}", reason(fault, language)));
    match fault {
        Unanswered::Forbidden { detail } | Unanswered::Unavailable { detail } => {
            text.plain(": ").code(clean::inline(detail, DETAIL))
        }
        Unanswered::NotConfigured | Unanswered::Late { .. } => text,
    }
}
