//! What is told to those who are not let in: the id that an operator has to add, and nothing else.

use super::compose::Text;
use crate::domain::{actor::Right, language::Language, policy::Denial};

pub(super) fn denial(denial: Denial, language: Language) -> Text {
    match denial {
        Denial::UnknownPerson(id) => Text::new()
            .plain(say!(
                language,
                "🚫 Нет доступа. Оператору нужно добавить ваш ID: ",
                "🚫 No access. An operator has to add your ID: "
            ))
            .code(id.0.to_string()),
        Denial::UnknownChat(id) => Text::new()
            .plain(say!(
                language,
                "🚫 Этот чат не подключён. Оператору нужно добавить его ID: ",
                "🚫 This chat isn't connected. An operator has to add its ID: "
            ))
            .code(id.0.to_string()),
        Denial::UnknownGitLabUser(user) => Text::new()
            .plain(say!(
                language,
                "🚫 Нет доступа из заданий GitLab. Оператору нужно добавить ваш ID в GitLab: ",
                "🚫 No access from GitLab jobs. An operator has to add your GitLab ID: "
            ))
            .code(format!("gitlab: {user}")),
        Denial::Without(Right::Nodes) => Text::new()
            .plain(say!(
                language,
                "🚫 Менять узлы вам не разрешено. Оператор даёт это право в настройках: ",
                "🚫 You may not change nodes. An operator gives this right in the configuration: "
            ))
            .code("can: [nodes]"),
        Denial::Without(Right::Review) => Text::new().plain(say!(
            language,
            "🚫 Review-окружения создают и убирают пайплайны, а не люди в чате.",
            "🚫 Review environments are made and removed by pipelines, not by people in a chat."
        )),
        Denial::Anonymous => Text::new().plain(say!(
            language,
            "🚫 Отправлено от имени группы или канала: не видно, кто просит. Повторите от своего имени.",
            "🚫 Sent in the name of a group or a channel: nobody can tell who asks. Send it again in your own name."
        )),
    }
}
