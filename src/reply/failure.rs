//! What is told when something broke: what, whether anything was applied, whether to try again, and what to do.

use super::{clean, compose::Text, unanswered};
use crate::domain::{
    answer::{Applied, Failure, FailureKind},
    language::Language,
    unanswered::Unanswered,
};

pub(super) fn failure(failure: &Failure, language: Language) -> Text {
    let Failure { detail, kind, applied } = failure;
    let text = Text::new().plain("❌ ").bold(title(*kind, *applied, language)).block(clean::block(detail));
    let text = match applied {
        Applied::No if matches!(kind, FailureKind::ClusterDenied | FailureKind::NoCluster) => {
            text.plain(say!(language, "Ничего не изменено.", "Nothing was changed."))
        }
        Applied::No => text.plain(say!(
            language,
            "Ничего не изменено, повторять безопасно.",
            "Nothing was changed; it is safe to try again."
        )),
        Applied::Unknown => text
            .plain(say!(
                language,
                "⚠️ Неизвестно, изменилось ли что-то: связь прервалась в момент отправки. Проверить: ",
                "⚠️ Whether anything was changed is unknown: the connection broke while sending. To check: "
            ))
            .code(if *kind == FailureKind::Cluster { "/get_nodes" } else { "/status" })
            .plain(match kind {
                FailureKind::Cluster => say!(language, ". Повторять безопасно.", ". It is safe to try again."),
                _ => say!(
                    language,
                    ". Повторять безопасно: если коммит дошёл, второго не будет.",
                    ". It is safe to try again: if the commit has arrived, there will be no second one."
                ),
            }),
    };
    text.line(hint(*kind, language))
}

fn title(kind: FailureKind, applied: Applied, language: Language) -> String {
    match kind {
        FailureKind::RepositoryUnreachable if applied == Applied::Unknown => say!(
            language,
            "Связь с репозиторием манифестов прервалась",
            "The connection to the manifests repository broke"
        ),
        FailureKind::RepositoryUnreachable => {
            say!(language, "Репозиторий манифестов недоступен", "The manifests repository can't be reached")
        }
        FailureKind::RepositoryAuthentication => {
            say!(
                language,
                "Репозиторий манифестов отказывает боту в доступе",
                "The manifests repository denies the bot access"
            )
        }
        FailureKind::TooManyRaces => {
            say!(language, "Ветку всё время меняет кто-то ещё", "Somebody else keeps changing the branch")
        }
        FailureKind::Cluster => {
            say!(language, "Kubernetes API отказал или не ответил", "The Kubernetes API refused or didn't answer")
        }
        FailureKind::ClusterDenied => {
            say!(language, "Kubernetes API отказал боту в доступе", "The Kubernetes API denies the bot access")
        }
        FailureKind::NoCluster => say!(language, "Кластер не настроен", "No cluster is configured"),
        FailureKind::Mirror => {
            say!(
                language,
                "Копия репозитория на диске бота неисправна",
                "The bot's copy of the repository can't be used"
            )
        }
        FailureKind::Signing => {
            say!(language, "Бот не может подписать коммит", "The bot can't sign the commit")
        }
        FailureKind::Internal => say!(language, "Внутренняя ошибка", "Internal error"),
    }
}

fn hint(kind: FailureKind, language: Language) -> String {
    match kind {
        FailureKind::RepositoryUnreachable => say!(
            language,
            "Что делать: повторить через минуту; если не проходит, проверить сервер git, его адрес (repository.url) и сеть.",
            "What to do: try again in a minute; if it stays so, check the git server, its address (repository.url) and the network."
        ),
        FailureKind::RepositoryAuthentication => say!(
            language,
            "Что делать: оператору проверить адрес (repository.url), токен или ключ бота, его права и сертификат сервера (ca_file) или его ключ (known_hosts_file).",
            "What to do: the operator checks the address (repository.url), the bot's token or key, its rights, and the server's certificate (ca_file) or host key (known_hosts_file)."
        ),
        FailureKind::TooManyRaces => say!(
            language,
            "Что делать: повторить через минуту; если не проходит, оператору посмотреть, кто так часто пишет в эту ветку (другой бот, задание CI).",
            "What to do: try again in a minute; if it stays so, the operator looks who pushes to this branch so often (another bot, a CI job)."
        ),
        FailureKind::Mirror => say!(
            language,
            "Что делать: оператору проверить место и права на диске бота; копию можно удалить, она создаётся заново.",
            "What to do: the operator checks the space and rights on the bot's disk; the copy may be deleted, it is made anew."
        ),
        FailureKind::Signing => say!(
            language,
            "Что делать: оператору проверить ключ подписи и его пароль (tiphys config check); без подписи бот не отправляет.",
            "What to do: the operator checks the signing key and its passphrase (tiphys config check); unsigned commits \
             aren't pushed."
        ),
        FailureKind::Cluster => {
            unanswered::cluster_advice(&Unanswered::Unavailable { detail: String::new() }, language)
        }
        FailureKind::ClusterDenied => {
            unanswered::cluster_advice(&Unanswered::Forbidden { detail: String::new() }, language)
        }
        FailureKind::NoCluster => unanswered::cluster_advice(&Unanswered::NotConfigured, language),
        FailureKind::Internal => say!(
            language,
            "Что делать: повторить; если не проходит, оператору посмотреть журнал бота.",
            "What to do: try again; if it stays so, the operator looks into the bot's log."
        ),
    }
}
