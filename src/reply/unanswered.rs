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

/// What to do about a cluster that was asked and didn't answer, once for each kind of fault.
pub(super) fn advice<'a>(text: Text, faults: impl IntoIterator<Item = &'a Unanswered>, language: Language) -> Text {
    let mut told: Vec<String> = Vec::new();
    for fault in faults {
        let advice = cluster_advice(fault, language);
        if !told.contains(&advice) {
            told.push(advice);
        }
    }
    told.into_iter().fold(text, Text::line)
}

/// What to do about a cluster that doesn't answer.
pub(super) fn cluster_advice(fault: &Unanswered, language: Language) -> String {
    match fault {
        Unanswered::NotConfigured => say!(
            language,
            "Что делать: оператору указать кластер в настройках (kubernetes).",
            "What to do: the operator names the cluster in the configuration (kubernetes)."
        ),
        Unanswered::Forbidden { .. } => say!(
            language,
            "Что делать: оператору проверить токен бота и его права в кластере (RBAC); повтор не поможет.",
            "What to do: the operator checks the bot's token and its rights in the cluster (RBAC); trying again won't help."
        ),
        Unanswered::Late { .. } | Unanswered::Unavailable { .. } => say!(
            language,
            "Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.",
            "What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its \
             certificate and the network."
        ),
    }
}
