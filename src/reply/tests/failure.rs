//! What broke, whether anything was applied, and what to do.

use insta::assert_snapshot;

use super::*;
use crate::domain::answer::{Applied, Failure, FailureKind};

fn failed(kind: FailureKind, detail: &str, applied: Applied) -> String {
    both(&Answer::Failed(Failure { detail: detail.into(), kind, applied }))
}

#[test]
fn nothing_applied() {
    let detail = "the remote cannot be reached: failed to connect to gitlab.example.org: Connection refused";
    assert_snapshot!(failed(FailureKind::RepositoryUnreachable, detail, Applied::No), @r"
    ❌ **Репозиторий манифестов недоступен**
    | the remote cannot be reached: failed to connect to gitlab.example.org: Connection refused
    Ничего не изменено, повторять безопасно.
    Что делать: повторить через минуту; если не проходит, проверить сервер git, его адрес (repository.url) и сеть.

    ❌ **The manifests repository can't be reached**
    | the remote cannot be reached: failed to connect to gitlab.example.org: Connection refused
    Nothing was changed; it is safe to try again.
    What to do: try again in a minute; if it stays so, check the git server, its address (repository.url) and the network.
    ");
    let detail = "the remote doesn't let us in: unexpected http status code: 401";
    assert_snapshot!(failed(FailureKind::RepositoryAuthentication, detail, Applied::No), @r"
    ❌ **Репозиторий манифестов отказывает боту в доступе**
    | the remote doesn't let us in: unexpected http status code: 401
    Ничего не изменено, повторять безопасно.
    Что делать: оператору проверить адрес (repository.url), токен или ключ бота, его права и сертификат сервера (ca_file) или его ключ (known_hosts_file).

    ❌ **The manifests repository denies the bot access**
    | the remote doesn't let us in: unexpected http status code: 401
    Nothing was changed; it is safe to try again.
    What to do: the operator checks the address (repository.url), the bot's token or key, its rights, and the server's certificate (ca_file) or host key (known_hosts_file).
    ");
    assert_snapshot!(failed(FailureKind::TooManyRaces, "the branch has moved on", Applied::No), @r"
    ❌ **Ветку всё время меняет кто-то ещё**
    | the branch has moved on
    Ничего не изменено, повторять безопасно.
    Что делать: повторить через минуту; если не проходит, оператору посмотреть, кто так часто пишет в эту ветку (другой бот, задание CI).

    ❌ **Somebody else keeps changing the branch**
    | the branch has moved on
    Nothing was changed; it is safe to try again.
    What to do: try again in a minute; if it stays so, the operator looks who pushes to this branch so often (another bot, a CI job).
    ");
    let detail = "the mirror on disk cannot be used: No space left on device";
    assert_snapshot!(failed(FailureKind::Mirror, detail, Applied::No), @r"
    ❌ **Копия репозитория на диске бота неисправна**
    | the mirror on disk cannot be used: No space left on device
    Ничего не изменено, повторять безопасно.
    Что делать: оператору проверить место и права на диске бота; копию можно удалить, она создаётся заново.

    ❌ **The bot's copy of the repository can't be used**
    | the mirror on disk cannot be used: No space left on device
    Nothing was changed; it is safe to try again.
    What to do: the operator checks the space and rights on the bot's disk; the copy may be deleted, it is made anew.
    ");
    assert_snapshot!(failed(FailureKind::Internal, "a task panicked", Applied::No), @r"
    ❌ **Внутренняя ошибка**
    | a task panicked
    Ничего не изменено, повторять безопасно.
    Что делать: повторить; если не проходит, оператору посмотреть журнал бота.

    ❌ **Internal error**
    | a task panicked
    Nothing was changed; it is safe to try again.
    What to do: try again; if it stays so, the operator looks into the bot's log.
    ");
}

#[test]
fn effect_unknown() {
    let detail = "the connection broke before the remote answered: timed out";
    assert_snapshot!(failed(FailureKind::RepositoryUnreachable, detail, Applied::Unknown), @r"
    ❌ **Связь с репозиторием манифестов прервалась**
    | the connection broke before the remote answered: timed out
    ⚠️ Неизвестно, изменилось ли что-то: связь прервалась в момент отправки. Проверить: `/status`. Повторять безопасно: если коммит дошёл, второго не будет.
    Что делать: повторить через минуту; если не проходит, проверить сервер git, его адрес (repository.url) и сеть.

    ❌ **The connection to the manifests repository broke**
    | the connection broke before the remote answered: timed out
    ⚠️ Whether anything was changed is unknown: the connection broke while sending. To check: `/status`. It is safe to try again: if the commit has arrived, there will be no second one.
    What to do: try again in a minute; if it stays so, check the git server, its address (repository.url) and the network.
    ");
}

#[test]
fn not_signed() {
    let detail =
        "the commit cannot be signed: the key /run/secrets/signing-key is encrypted: set signing.passphrase_file";
    assert_snapshot!(failed(FailureKind::Signing, detail, Applied::No), @r"
    ❌ **Бот не может подписать коммит**
    | the commit cannot be signed: the key /run/secrets/signing-key is encrypted: set signing.passphrase_file
    Ничего не изменено, повторять безопасно.
    Что делать: оператору проверить ключ подписи и его пароль (tiphys config check); без подписи бот не отправляет.

    ❌ **The bot can't sign the commit**
    | the commit cannot be signed: the key /run/secrets/signing-key is encrypted: set signing.passphrase_file
    Nothing was changed; it is safe to try again.
    What to do: the operator checks the signing key and its passphrase (tiphys config check); unsigned commits aren't pushed.
    ");
}
