//! The greeting, and who the asker is.

use super::{clean, compose::Text};
use crate::domain::{
    actor::{ChatId, Place, Sender},
    language::Language,
};

/// The longest name shown.
const NAME: usize = 64;

pub(super) fn start(known: bool, language: Language) -> Text {
    let text = Text::new().plain(say!(
        language,
        "⚓️ Это tiphys: разворачивает версии через git и Argo CD и говорит, чем кончилось.",
        "⚓️ This is tiphys: it deploys versions through git and Argo CD and tells how it went."
    ));
    if known {
        text.line(say!(language, "Команды: /help, приложения: /apps", "Commands: /help, applications: /apps"))
    } else {
        text.line(say!(
            language,
            "Доступа у вас пока нет: покажите оператору ответ на /whoami",
            "You have no access yet: show the operator the answer to /whoami"
        ))
    }
}

pub(super) fn who_am_i(sender: &Sender, place: Place, known_as: Option<&str>, language: Language) -> Text {
    let text = match sender {
        Sender::Account { id, shown_name } => Text::new()
            .plain(say!(language, "👤 Ваш ID: ", "👤 Your ID: "))
            .code(id.0.to_string())
            .plain(" · ")
            .code(clean::inline(shown_name, NAME)),
        Sender::Anonymous | Sender::Channel => Text::new().plain(say!(
            language,
            "👤 Вы пишете от имени группы или канала: вашего ID не видно, команды на изменение не принимаются.",
            "👤 You write in the name of a group or a channel: your ID isn't visible, and changes are refused."
        )),
        Sender::Operator { name, email, account } => Text::new()
            .plain(say!(language, "👤 Командная строка: ", "👤 Command line: "))
            .code(clean::inline(&format!("{name} <{email}>"), 2 * NAME))
            .plain(" · ")
            .code(clean::inline(account, NAME)),
    };
    let text = match place {
        Place::Group(ChatId(id)) => {
            text.line(say!(language, "💬 ID группы: ", "💬 The group's ID: ")).code(id.to_string())
        }
        Place::Private(ChatId(id)) => {
            text.line(say!(language, "💬 Личный чат, ID: ", "💬 Private chat, ID: ")).code(id.to_string())
        }
        Place::Terminal => text.marked(&say!(
            language,
            "\nКомандная строка: список `people` здесь не проверяется.",
            "\nCommand line: the list `people` is not checked here."
        )),
    };
    match (sender, known_as) {
        (_, Some(name)) => {
            text.line(say!(language, "✅ В настройках: ", "✅ In the configuration: ")).bold(clean::inline(name, NAME))
        }
        (Sender::Account { .. }, None) => text.line(say!(
            language,
            "🚫 В настройках вас нет: доступ даёт оператор.",
            "🚫 Not in the configuration: an operator gives access."
        )),
        (Sender::Anonymous | Sender::Channel | Sender::Operator { .. }, None) => text,
    }
}
