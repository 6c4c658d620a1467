//! Why a request was refused, and what would work.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    actor::{ChatId, PersonId},
    answer::Refusal,
    catalogue::ResolveError,
    plan::{PlanError, PlanFault, UnsafeEdit},
    policy::Denial,
    position::Position,
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
fn a_command_too_long_for_a_button_is_still_shown() {
    let long = "x".repeat(40);
    let refusal =
        Refusal::UnknownTag { site: site(), image: image(), tag: tag("1"), nearest: vec![long.clone(), "2".into()] };
    let message = render(&Answer::Refused(refusal), Language::En);
    assert!(message.to_plain().contains(&long));
    let commands: Vec<&str> = message.buttons.iter().flatten().map(|button| button.command.as_str()).collect();
    assert_eq!(commands, ["/deploy oil-refinery-application/prod 2"]);
}

#[test]
fn the_world_outside() {
    let detail = "no answer: operation timed out".into();
    let hidden = Refusal::NoImage { image: image(), detail: "not allowed: 403 Forbidden".into() };
    assert_snapshot!(refused(hidden), @r"
    🚫 **Такого образа в реестре нет, или токену он не виден**
    `registry.example.org/team/oil-refinery-application`
    | not allowed: 403 Forbidden
    Ничего не изменено. Проверьте `image` и `registry` в настройках бота.

    🚫 **The registry has no such image, or the token can't see it**
    `registry.example.org/team/oil-refinery-application`
    | not allowed: 403 Forbidden
    Nothing was changed. Check `image` and `registry` in the bot's configuration.
    ");
    assert_snapshot!(refused(Refusal::NoBranch { branch: "main".into() }), @r"
    🚫 **В репозитории нет ветки **`main`
    Ничего не изменено. Проверьте `repository.branch` в настройках бота.

    🚫 **The repository has no branch **`main`
    Nothing was changed. Check `repository.branch` in the bot's configuration.
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
    assert_snapshot!(refused(Refusal::RegistryDown { detail }), @r"
    🚫 **Реестр не отвечает**
    | no answer: operation timed out
    Есть ли такая версия, не проверить, поэтому отказ. Ничего не изменено; повторите, когда реестр ответит. Без проверки — только из командной строки, с ключом `--force`

    🚫 **The registry doesn't answer**
    | no answer: operation timed out
    Whether there is such a version can't be checked, hence the refusal. Nothing was changed; try again once the registry answers. Without the check only from the command line, with `--force`
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
    assert_snapshot!(refused(Refusal::Busy), @r"
    🚦 Слишком много команд в очереди. Ничего не изменено; повторите через минуту.

    🚦 Too many commands are waiting. Nothing was changed; try again in a minute.
    ");
    assert_snapshot!(refused(Refusal::ShuttingDown), @r"
    🔌 Бот останавливается. Ничего не изменено; повторите через минуту.

    🔌 The bot is stopping. Nothing was changed; try again in a minute.
    ");
}

fn plan(at: Option<(usize, usize)>, fault: PlanFault) -> String {
    let file = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";
    let at = at.map(|(line, column)| Position { line, column });
    refused(Refusal::Plan(PlanError { file: RepoPath::new(file).expect("valid"), at, fault }))
}

#[test]
fn manifests() {
    let (section, name) = ("images".to_owned(), image().to_string());
    assert_snapshot!(plan(None, PlanFault::NoKustomization), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    В этой папке нет `kustomization.yaml`: проверьте файл или путь среды в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    This folder has no `kustomization.yaml`: check the file, or the environment's path in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let names = strings(&["kustomization.yaml", "kustomization.yml"]);
    assert_snapshot!(plan(None, PlanFault::SeveralKustomizations(names)), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    В папке несколько файлов kustomization, а должен быть один:
    | kustomization.yaml
    | kustomization.yml
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The folder has several kustomization files where there must be one:
    | kustomization.yaml
    | kustomization.yml
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::Unreadable("object not found".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Файл не читается:
    | object not found
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The file can't be read:
    | object not found
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((7, 1)), PlanFault::Malformed("did not find expected key".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:7:1`
    Это не правильный YAML:
    | did not find expected key
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:7:1`
    This is not valid YAML:
    | did not find expected key
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let fault = PlanFault::NoEntry { section: section.clone(), name: name.clone() };
    assert_snapshot!(plan(Some((9, 3)), fault), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    В разделе `images` нет записи `registry.example.org/team/oil-refinery-application`: добавьте её, и команда сможет её менять.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    The section `images` has no entry `registry.example.org/team/oil-refinery-application`: once it is added, the command can change it.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((9, 3)), PlanFault::AmbiguousEntry { section, name, lines: vec![4, 9] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    В разделе `images` несколько записей `registry.example.org/team/oil-refinery-application`, строки 4, 9: оставьте одну.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    The section `images` has several entries `registry.example.org/team/oil-refinery-application`, on lines 4, 9: leave just one.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoFile), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Такого файла в репозитории нет: проверьте путь в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The repository has no such file: check the path in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoValue { path: "api.image.tag".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет значения `api.image.tag`: добавьте его, и команда сможет его менять.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no value `api.image.tag`: once it is added, the command can change it.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let found = strings(&["Deployment/web", "CronJob/report"]);
    assert_snapshot!(plan(None, PlanFault::NoWorkload { name: "api".into(), found }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет рабочей нагрузки `api`. Есть:
    | Deployment/web
    | CronJob/report
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no workload `api`. There is:
    | Deployment/web
    | CronJob/report
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let found = strings(&["app", "proxy"]);
    assert_snapshot!(plan(Some((20, 9)), PlanFault::NoContainer { name: "api".into(), found }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:9`
    Здесь нет контейнера `api`. Есть:
    | app
    | proxy
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:9`
    There is no container `api`. There is:
    | app
    | proxy
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((30, 1)), PlanFault::SeveralWorkloads { found: strings(&["Deployment/web", "StatefulSet/web"]), lines: vec![1, 30] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:30:1`
    Подходит несколько рабочих нагрузок, строки 1, 30:
    | Deployment/web
    | StatefulSet/web
    Назовите вид и имя нужной.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:30:1`
    Several workloads match, on lines 1, 30:
    | Deployment/web
    | StatefulSet/web
    Name the kind and the name of the one that is meant.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((24, 9)), PlanFault::SeveralContainers { found: strings(&["app", "proxy"]), lines: vec![20, 24] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:9`
    Подходит несколько контейнеров, строки 20, 24:
    | app
    | proxy
    Назовите нужный; имена не должны повторяться.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:9`
    Several containers match, on lines 20, 24:
    | app
    | proxy
    Name the one that is meant; no name may stand twice.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((24, 16)), PlanFault::DifferentImages { name: "app".into(), found: strings(&["app:v1", "app:v2"]), lines: vec![20, 24] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:16`
    Образ `app` стоит здесь в разных версиях, строки 20, 24:
    | app:v1
    | app:v2
    Назовите нужную рабочую нагрузку и контейнер.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:16`
    The image `app` stands here in different versions, on lines 20, 24:
    | app:v1
    | app:v2
    Name the workload and the container that are meant.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((8, 5)), PlanFault::TemplateElsewhere { workload: "Rollout/web".into(), template: "Deployment/web".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:8:5`
    У `Rollout/web` нет своих контейнеров, они в `Deployment/web`: меняйте образ там.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:8:5`
    There are no containers in `Rollout/web`, they are in `Deployment/web`: change the image there.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((20, 16)), PlanFault::NotAnImage { found: "app:${TAG}".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    Это не образ с тегом, а, видимо, место для подстановки: `app:${TAG}`
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    This is no image with a tag, perhaps a placeholder: `app:${TAG}`
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((20, 16)), PlanFault::NotACount { found: "${REPLICAS}".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    Это не целое число, а, видимо, место для подстановки: `${REPLICAS}`
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    This is no whole number, perhaps a placeholder: `${REPLICAS}`
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((1, 1)), PlanFault::HelmTemplate), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:1:1`
    Это шаблон Helm, а не готовый YAML: меняйте значение в файле values.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:1:1`
    This is a Helm template, no finished YAML: change the value in the values file.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoWorkload { name: "web".into(), found: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет рабочей нагрузки `web`, и других нет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no workload `web`, nor any other.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoContainer { name: "web".into(), found: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет контейнера `web`, и других нет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no container `web`, nor any other.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let environments = strings(&["oil-refinery-application/stage", "apps/other/overlays/dev"]);
    assert_snapshot!(plan(None, PlanFault::SharedBase { environments }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Этот файл общий, от него зависят и другие среды:
    | oil-refinery-application/stage
    | apps/other/overlays/dev
    Оператор может это разрешить: `shared_bases: allow` у среды в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    This file is shared, other environments build from it too:
    | oil-refinery-application/stage
    | apps/other/overlays/dev
    An operator can allow it: `shared_bases: allow` of the environment in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::Overridden), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Argo CD применяет этот файл после kustomization, поэтому коммит ничего бы не дал: меняйте значение в нём.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Argo CD applies this file after the kustomization, so a commit would have no effect: change the value there.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::TooManyReplicas { wanted: 1000, maximum: 20 }), @r"
    🚫 **Слишком много реплик**
    Запрошено реплик: 1000, здесь разрешено не больше 20. Ничего не изменено.

    🚫 **Too many replicas**
    Replicas asked for: 1000, at most 20 allowed here. Nothing was changed.
    ");
}

#[test]
fn manifests_that_cannot_be_edited_safely() {
    let edit = |fault| plan(Some((12, 13)), PlanFault::Unsafe(fault));
    assert_snapshot!(edit(UnsafeEdit::Alias { name: "tag".into(), anchor: 2 }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Вместо значения стоит ссылка `*tag` на якорь в строке 2: правка задела бы и другие места.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    In place of the value stands the alias `*tag` of the anchor on line 2: an edit would change other places as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Anchor { name: "tag".into(), aliases: vec![14, 20] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    На значении стоит якорь `&tag`, на него ссылаются строки 14, 20: правка задела бы и их.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The value carries the anchor `&tag`, which lines 14, 20 refer to: an edit would change them as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::NotAScalar), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Здесь не простое значение, а список, словарь или текст из нескольких строк.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    There is no plain value here but a list, a map or a text of several lines.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Anchor { name: "tag".into(), aliases: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    На значении стоит якорь `&tag`: правка может задеть и другие места.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The value carries the anchor `&tag`: an edit might change other places as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::DuplicateKey { key: "newTag".into(), lines: vec![12, 13] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Ключ `newTag` стоит несколько раз, строки 12, 13: оставьте один.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The key `newTag` stands several times, on lines 12, 13: leave just one.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Sops), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Файл зашифрован SOPS: бот такие не меняет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The file is encrypted by SOPS: the bot doesn't change such files.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::ProofFailed("images[0].newName changed".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Проверка правки не прошла: изменилось бы не только это значение.
    | images[0].newName changed
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The edit didn't pass its check: more than this value would have changed.
    | images[0].newName changed
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
}
