//! Why a request was refused, and what would work.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    actor::{ChatId, PersonId},
    answer::Refusal,
    catalogue::ResolveError,
    policy::Denial,
    registry_fault::{RegistryFault, RegistrySilence},
};

fn refused(refusal: Refusal) -> String {
    both(&Answer::Refused(refusal))
}

#[test]
fn denials_tell_the_number_to_add_and_nothing_else() {
    assert_snapshot!(refused(Refusal::Denied(Denial::UnknownPerson(PersonId(123456789)))), @r"
    🚫 Нет доступа. Оператору нужно добавить ваш ID: `123456789`

    🚫 No access. An operator has to add your ID: `123456789`
    ");
    assert_snapshot!(refused(Refusal::Denied(Denial::UnknownChat(ChatId(-1001234567890)))), @r"
    🚫 Этот чат не подключён. Оператору нужно добавить его ID: `-1001234567890`

    🚫 This chat isn't connected. An operator has to add its ID: `-1001234567890`
    ");
    assert_snapshot!(refused(Refusal::Denied(Denial::UnknownGitLabUser(42))), @r"
    🚫 Нет доступа из заданий GitLab. Оператору нужно добавить ваш ID в GitLab: `gitlab: 42`

    🚫 No access from GitLab jobs. An operator has to add your GitLab ID: `gitlab: 42`
    ");
    assert_snapshot!(refused(Refusal::Denied(Denial::Anonymous)), @r"
    🚫 Отправлено от имени группы или канала: не видно, кто просит. Повторите от своего имени.

    🚫 Sent in the name of a group or a channel: nobody can tell who asks. Send it again in your own name.
    ");
}

#[test]
fn targets() {
    let needed =
        |available: &[&str]| Refusal::Target(ResolveError::ApplicationNeeded { available: strings(available) });
    assert_snapshot!(refused(needed(&["oil-refinery-application", "pump-station"])), @r"
    ❓ Приложений несколько, назовите нужное в команде:
    `oil-refinery-application`
    `pump-station`
    Ничего не изменено. Все приложения и среды: /apps

    ❓ There are several applications; name one in the command:
    `oil-refinery-application`
    `pump-station`
    Nothing was changed. All applications and environments: /apps
    ");
    assert_snapshot!(refused(needed(&[])), @r"
    ❓ В настройках бота нет ни одного приложения.
    Ничего не изменено. Все приложения и среды: /apps

    ❓ The bot's configuration has no application.
    Nothing was changed. All applications and environments: /apps
    ");
    let many: Vec<String> = (1..=15).map(|n| format!("app-{n}")).collect();
    assert_snapshot!(refused(Refusal::Target(ResolveError::ApplicationNeeded { available: many })), @r"
    ❓ Приложений несколько, назовите нужное в команде:
    `app-1`
    `app-2`
    `app-3`
    `app-4`
    `app-5`
    `app-6`
    `app-7`
    `app-8`
    `app-9`
    `app-10`
    `app-11`
    `app-12`
    … и ещё 3
    Ничего не изменено. Все приложения и среды: /apps

    ❓ There are several applications; name one in the command:
    `app-1`
    `app-2`
    `app-3`
    `app-4`
    `app-5`
    `app-6`
    `app-7`
    `app-8`
    `app-9`
    `app-10`
    `app-11`
    `app-12`
    … and 3 more
    Nothing was changed. All applications and environments: /apps
    ");
    assert_snapshot!(refused(Refusal::Target(ResolveError::EnvironmentNeeded {
        application: "oil-refinery-application".into(),
        available: strings(&["prod", "stage"]),
    })), @r"
    ❓ Сред несколько, назовите нужную в команде:
    `oil-refinery-application/prod`
    `oil-refinery-application/stage`
    Ничего не изменено. Все приложения и среды: /apps

    ❓ There are several environments; name one in the command:
    `oil-refinery-application/prod`
    `oil-refinery-application/stage`
    Nothing was changed. All applications and environments: /apps
    ");
    assert_snapshot!(refused(Refusal::Target(ResolveError::UnknownApplication {
        given: "oil-rafinery".into(),
        nearest: strings(&["oil-refinery-application", "pump-station"]),
    })), @r"
    ❓ Нет приложения `oil-rafinery`. Похожие:
    `oil-refinery-application`
    `pump-station`
    Ничего не изменено. Все приложения и среды: /apps

    ❓ No application `oil-rafinery`. Nearest:
    `oil-refinery-application`
    `pump-station`
    Nothing was changed. All applications and environments: /apps
    ");
    assert_snapshot!(refused(Refusal::Target(ResolveError::UnknownEnvironment {
        application: "oil-refinery-application".into(),
        given: "production".into(),
        nearest: strings(&["prod"]),
    })), @r"
    ❓ Нет среды `oil-refinery-application/production`. Похожие:
    `oil-refinery-application/prod`
    Ничего не изменено. Все приложения и среды: /apps

    ❓ No environment `oil-refinery-application/production`. Nearest:
    `oil-refinery-application/prod`
    Nothing was changed. All applications and environments: /apps
    ");
}

#[test]
fn unknown_tags() {
    let unknown = |nearest: &[&str]| Refusal::UnknownTag {
        site: site(),
        image: image(),
        tag: tag("0.10.6"),
        nearest: strings(nearest),
    };
    assert_snapshot!(refused(unknown(&["0.10.5", "0.10.4", "0.10.3"])), @r"
    🚫 **Нет такой версии**
    В реестре нет тега `0.10.6` образа `registry.example.org/team/oil-refinery-application`. Ничего не изменено.
    Ближайшие: `0.10.5`, `0.10.4`, `0.10.3`
    [🚀 0.10.5 → /deploy oil-refinery-application/prod 0.10.5] [🚀 0.10.4 → /deploy oil-refinery-application/prod 0.10.4] [🚀 0.10.3 → /deploy oil-refinery-application/prod 0.10.3]

    🚫 **No such version**
    The registry has no tag `0.10.6` of `registry.example.org/team/oil-refinery-application`. Nothing was changed.
    Nearest: `0.10.5`, `0.10.4`, `0.10.3`
    [🚀 0.10.5 → /deploy oil-refinery-application/prod 0.10.5] [🚀 0.10.4 → /deploy oil-refinery-application/prod 0.10.4] [🚀 0.10.3 → /deploy oil-refinery-application/prod 0.10.3]
    ");
    assert_snapshot!(refused(unknown(&[])), @r"
    🚫 **Нет такой версии**
    В реестре нет тега `0.10.6` образа `registry.example.org/team/oil-refinery-application`. Ничего не изменено.
    Других тегов у образа тоже нет.

    🚫 **No such version**
    The registry has no tag `0.10.6` of `registry.example.org/team/oil-refinery-application`. Nothing was changed.
    The image has no other tags either.
    ");
}

#[test]
fn a_long_command_has_a_button_too() {
    let long = "x".repeat(40);
    let refusal =
        Refusal::UnknownTag { site: site(), image: image(), tag: tag("1"), nearest: vec![long.clone(), "2".into()] };
    let message = render(&Answer::Refused(refusal), Language::En);
    assert!(message.to_plain().contains(&long));
    let commands: Vec<&str> = message.buttons.iter().flatten().map(|button| button.command.as_str()).collect();
    let label = "oil-refinery-application/prod";
    assert_eq!(commands, [format!("/deploy {label} {long}"), format!("/deploy {label} 2")]);
}

#[test]
fn the_world_outside() {
    let server = || "https://registry.example.org".to_owned();
    let hidden = |change| Refusal::NoImage { image: image(), server: server(), change };
    let asked = refused(hidden(false));
    assert!(!asked.contains("изменено") && !asked.contains("changed"), "{asked}");
    assert_snapshot!(refused(hidden(true)), @r"
    🚫 **Такого образа в реестре нет, или токену он не виден**
    `registry.example.org/team/oil-refinery-application`
    Реестр `https://registry.example.org`.
    Ничего не изменено. Оператору проверить в настройках бота `image` и `registry.url`, а если они верны — права токена.

    🚫 **The registry has no such image, or the token can't see it**
    `registry.example.org/team/oil-refinery-application`
    The registry `https://registry.example.org`.
    Nothing was changed. The operator checks `image` and `registry.url` in the bot's configuration and, if they are right, what the token may read.
    ");
    assert_snapshot!(refused(Refusal::NoBranch { branch: "main".into(), repository: None }), @r"
    🚫 **В репозитории нет ветки **`main`
    Ничего не изменено. Оператору проверить `branch` репозитория в настройках бота: ветку могли переименовать или удалить.

    🚫 **The repository has no branch **`main`
    Nothing was changed. The operator checks the repository's `branch` in the bot's configuration: the branch may have been renamed or deleted.
    ");
    let several = Refusal::NoBranch { branch: "main".into(), repository: Some("team/manifests".into()) };
    assert_snapshot!(refused(several), @r"
    🚫 **В репозитории **`team/manifests`** нет ветки **`main`
    Ничего не изменено. Оператору проверить `branch` репозитория в настройках бота: ветку могли переименовать или удалить.

    🚫 **The repository **`team/manifests`** has no branch **`main`
    Nothing was changed. The operator checks the repository's `branch` in the bot's configuration: the branch may have been renamed or deleted.
    ");
    let given = || ResolveError::UnknownApplication { given: "nosuch".into(), nearest: strings(&["refinery"]) };
    assert_snapshot!(refused(Refusal::Question(given())), @r"
    ❓ Нет приложения `nosuch`. Есть:
    `refinery`
    Все приложения и среды: /apps

    ❓ No application `nosuch`. There are:
    `refinery`
    All applications and environments: /apps
    ");
    let down = |reason| {
        let fault = RegistryFault { server: Some(server()), reason };
        refused(Refusal::RegistryDown { image: image(), fault })
    };
    let detail = || "invalid peer certificate: UnknownIssuer".to_owned();
    for (reason, words) in [
        (RegistrySilence::Late { after: seconds(5) }, ["Реестр не отвечает", "нет ответа за 5 с", "registry.deadline"]),
        (RegistrySilence::Unavailable { detail: "refused".into() }, ["не отвечает", "refused", "registry.url"]),
        (RegistrySilence::Untrusted { detail: detail() }, ["Сертификат реестра", "UnknownIssuer", "registry.ca_file"]),
        (RegistrySilence::Forbidden { detail: "401".into() }, ["Реестр не пускает бота", "401", "registry.token_file"]),
        (RegistrySilence::Unusable { detail: "503".into() }, ["Ответ реестра не годится", "503", "registry.kind"]),
        (RegistrySilence::Busy { retry_after: Some(seconds(60)) }, ["просит подождать", "1 мин", "Повторите"]),
        (RegistrySilence::NotConfigured, ["Реестр не настроен", "не настроен", "registry"]),
    ] {
        let text = down(reason);
        assert!(words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
        assert!(text.contains("Ничего не изменено") && text.contains("https://registry.example.org"), "{text}");
    }
    assert_snapshot!(down(RegistrySilence::Late { after: seconds(5) }), @r"
    🚫 **Реестр не отвечает**
    `registry.example.org/team/oil-refinery-application`
    ⚠️ реестр `https://registry.example.org`: нет ответа за 5 с
    Есть ли такая версия, не проверить, поэтому отказ. Ничего не изменено. Повторите позже; если так и останется, оператору проверить `registry.url`, сеть и `registry.deadline`.
    Без проверки — только из командной строки, с ключом `--force`.

    🚫 **The registry doesn't answer**
    `registry.example.org/team/oil-refinery-application`
    ⚠️ registry `https://registry.example.org`: no answer in 5 s
    Whether there is such a version can't be checked, hence the refusal. Nothing was changed. Try again later; if it stays so, the operator checks `registry.url`, the network and `registry.deadline`.
    Without the check only from the command line, with `--force`.
    ");
    let autoscaler = "oil-refinery-application".into();
    assert_snapshot!(refused(Refusal::Autoscaled { site: site(), autoscaler }), @r"
    🚫 **Число реплик задаёт автомасштабирование**
    В `oil-refinery-application/prod` им управляет HorizontalPodAutoscaler `oil-refinery-application`: он тут же вернул бы своё. Меняйте его `minReplicas` и `maxReplicas`. Ничего не изменено.

    🚫 **The replica count is autoscaled**
    In `oil-refinery-application/prod` the HorizontalPodAutoscaler `oil-refinery-application` sets it and would take it back at once. Change its `minReplicas` and `maxReplicas`. Nothing was changed.
    ");
    let overrides = strings(&["registry.example.org/team/oil-refinery-application:0.9.0"]);
    assert_snapshot!(refused(Refusal::Overridden { site: site(), overrides }), @r"
    🚫 **Значение перекрыто в Argo CD**
    Application `argocd/oil-refinery-application-prod` задаёт его сам, поверх манифестов:
    | registry.example.org/team/oil-refinery-application:0.9.0
    Коммит ничего бы не дал. Уберите это из Application и повторите команду. Ничего не изменено.

    🚫 **The value is overridden in Argo CD**
    The Application `argocd/oil-refinery-application-prod` sets it itself, over the manifests:
    | registry.example.org/team/oil-refinery-application:0.9.0
    A commit would have no effect. Remove that from the Application and send the command again. Nothing was changed.
    ");
    let message = "GitLab: You are not allowed to push code to protected branches on this project.\n\
                   pre-receive hook declined";
    assert_snapshot!(refused(Refusal::PushRefused { message: message.into() }), @r"
    🚫 **Сервер git не принял коммит**
    | GitLab: You are not allowed to push code to protected branches on this project.
    | pre-receive hook declined
    Ничего не изменено. Повтор не поможет: сначала оператору нужно дать боту право писать в ветку или изменить правила сервера.

    🚫 **The git server refused the commit**
    | GitLab: You are not allowed to push code to protected branches on this project.
    | pre-receive hook declined
    Nothing was changed. Trying again won't help before the operator lets the bot write to the branch or changes the server's rules.
    ");
    let there = refused(Refusal::Busy { waiting: 1, repository: Some("shop".into()) });
    assert!(there.contains("\nРепозиторий манифестов `shop`.\n"), "{there}");
    assert!(there.contains("\nThe manifests repository `shop`.\n"), "{there}");
    assert_snapshot!(refused(Refusal::Busy { waiting: 1_000, repository: None }), @r"
    🚦 **Очередь полна: ждут 1000 команд**
    Ничего не изменено. Повторите через минуту. Если не проходит: сервер git отвечает медленно, оператору проверить его и журнал бота.

    🚦 **The queue is full: 1000 commands are waiting**
    Nothing was changed. Send the command again in a minute. If it stays so, the git server is slow: the operator checks it and the bot's log.
    ");
    assert_snapshot!(refused(Refusal::ShuttingDown), @r"
    🔌 Бот останавливается. Ничего не изменено; повторите через минуту.

    🔌 The bot is stopping. Nothing was changed; try again in a minute.
    ");
}
