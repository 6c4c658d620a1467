//! What is told in the place of a part of a status that is missing.

use super::{clean, compose::Text, manifest, quantity, registry_fault};
use crate::domain::{language::Language, unread::Unread};

/// How much is shown of what others say.
const DETAIL: usize = 300;

/// A reason behind the name of the part: our own words as they are, those of others in code.
pub(super) fn reason(text: Text, fault: &Unread, language: Language) -> Text {
    let (own, detail) = match fault {
        Unread::NoCluster => (say!(language, "не указан в настройках", "not configured"), None),
        Unread::Late { after } => {
            let time = quantity::limit(*after, language);
            (say!(language, "нет ответа за {time}", "no answer in {time}"), None)
        }
        Unread::Silent(detail) => (say!(language, "нет ответа", "no answer"), Some(detail.clone())),
        Unread::Forbidden(detail) => (say!(language, "доступ запрещён", "not allowed"), Some(detail.clone())),
        Unread::NoObject { kind, namespace, name } => {
            (say!(language, "{kind} не найден", "there is no such {kind}"), Some(format!("{namespace}/{name}")))
        }
        Unread::Registry(fault) => return registry_fault::reason(text, fault, language),
        Unread::NoBranch(branch) => (say!(language, "нет ветки", "there is no branch"), Some(branch.clone())),
        Unread::Locked(detail) => {
            (say!(language, "сервер не пускает", "the server denies access"), Some(detail.clone()))
        }
        Unread::Unreachable(detail) => {
            (say!(language, "сервер недоступен", "the server can't be reached"), Some(detail.clone()))
        }
        Unread::Mirror(detail) => (
            say!(language, "копия на диске бота неисправна", "the bot's copy on disk can't be used"),
            Some(detail.clone()),
        ),
        Unread::Manifests(error) => {
            let place = error.at.map_or_else(|| error.file.to_string(), |at| format!("{}:{at}", error.file));
            return manifest::explained(text.code(clean::inline(&place, DETAIL)).plain(" "), &error.fault, language);
        }
        Unread::In { repository, reason: inner } => {
            return reason(text.code(clean::inline(repository, DETAIL)).plain(": "), inner, language);
        }
        Unread::Other(detail) => return text.code(clean::inline(detail, DETAIL)),
    };
    match detail {
        Some(detail) => text.plain(own).plain(": ").code(clean::inline(&detail, DETAIL)),
        None => text.plain(own),
    }
}
