//! The answers to questions: status, tags, applications, and who asks.

use insta::assert_snapshot;
use jiff::Timestamp;

use super::*;
use crate::domain::{
    actor::{ChatId, PersonId, Place, Sender},
    answer::{LastChange, LiveState, StatusReport},
    catalogue::{Application, Catalogue, RepositoryBranch},
    name::{BranchName, RepositoryName},
    observation::{Health, SyncStatus},
    plan::{Desired, PlanError, PlanFault},
    registry_fault::{RegistryFault, RegistrySilence},
    unread::Unread,
};

fn live() -> LiveState {
    LiveState {
        workload_missing: false,
        has_image: true,
        tag: Some("0.10.5".into()),
        ready_new: None,
        ready: 3,
        desired: 3,
        sync: SyncStatus::Synced,
        health: Health::Healthy,
        revision: Some(revision("a1b2c3d4")),
        head: Some(revision("a1b2c3d4")),
        trouble: Vec::new(),
    }
}

fn report() -> StatusReport {
    StatusReport {
        site: site(),
        desired: Ok(Desired { tag: Some("0.10.5".into()), replicas: Some(3) }),
        live: Ok(live()),
        newest: Ok(Some("0.10.6".into())),
        last_change: Ok(Some(LastChange {
            revision: revision("a1b2c3d4"),
            url: Some("https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4".into()),
            subject: "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5".into(),
            by: "Анна Иванова (telegram 1001)".into(),
            at: Timestamp::UNIX_EPOCH,
            age: seconds(300),
        })),
    }
}

fn status(report: StatusReport) -> String {
    both(&Answer::Status(vec![report]))
}

#[test]
fn all_is_well() {
    assert_snapshot!(status(report()), @r"
    ✅ **oil-refinery-application/prod**: работает, как в git
    | git       0.10.5 · 3 реплики
    | кластер   0.10.5 · поды 3/3
    | Argo CD   Synced · Healthy
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ✅ **oil-refinery-application/prod**: live, as in git
    | git       0.10.5 · 3 replicas
    | cluster   0.10.5 · pods 3/3
    | Argo CD   Synced · Healthy
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn git_and_the_cluster_differ() {
    let live = LiveState {
        tag: Some("0.10.4".into()),
        ready: 2,
        desired: 2,
        sync: SyncStatus::OutOfSync,
        head: Some(revision("e5f6a7b8")),
        ..live()
    };
    assert_snapshot!(status(StatusReport { live: Ok(live), last_change: Ok(None), ..report() }), @r"
    ⚠️ **oil-refinery-application/prod**: git и кластер расходятся
    | git       0.10.5 · 3 реплики
    | кластер   0.10.4 ≠ git · поды 2/2 ≠ git
    | Argo CD   OutOfSync · Healthy
    | ревизия   a1b2c3d4, в git e5f6a7b8
    | реестр    0.10.6 — новейшая
    Через бота ещё не меняли.
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ⚠️ **oil-refinery-application/prod**: git and the cluster differ
    | git       0.10.5 · 3 replicas
    | cluster   0.10.4 ≠ git · pods 2/2 ≠ git
    | Argo CD   OutOfSync · Healthy
    | revision  a1b2c3d4, git has e5f6a7b8
    | registry  0.10.6 is the newest
    Not changed by the bot yet.
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn trouble() {
    let trouble = strings(&["CrashLoopBackOff: back-off 40s restarting failed container"]);
    let live = LiveState { ready: 1, health: Health::Degraded, trouble, ..live() };
    assert_snapshot!(status(StatusReport { live: Ok(live), ..report() }), @r"
    ❌ **oil-refinery-application/prod**: не работает
    | git       0.10.5 · 3 реплики
    | кластер   0.10.5 · поды 1/3
    | Argo CD   Synced · Degraded
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    ⚠️ мешает:
    | CrashLoopBackOff: back-off 40s restarting failed container
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ❌ **oil-refinery-application/prod**: not working
    | git       0.10.5 · 3 replicas
    | cluster   0.10.5 · pods 1/3
    | Argo CD   Synced · Degraded
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    ⚠️ in the way:
    | CrashLoopBackOff: back-off 40s restarting failed container
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn why_a_part_is_missing() {
    let [ru, en] = [
        Unread::NoCluster,
        Unread::Forbidden("applications.argoproj.io is forbidden".into()),
        Unread::NoObject { kind: "Application", namespace: "argocd".into(), name: "web".into() },
        Unread::Registry(RegistryFault {
            server: Some("https://registry.example.org".into()),
            reason: RegistrySilence::Untrusted { detail: "UnknownIssuer".into() },
        }),
        Unread::NoBranch("production".into()),
        Unread::Locked("401 Unauthorized".into()),
        Unread::Mirror("No space left on device".into()),
        Unread::Manifests(PlanError {
            file: RepoPath::new("apps/web/kustomization.yaml").expect("valid"),
            at: None,
            fault: PlanFault::NoFile,
        }),
        Unread::In { repository: "team/shop".into(), reason: Box::new(Unread::Late { after: seconds(15) }) },
        Unread::from("reading the manifests broke off"),
    ]
    .into_iter()
    .map(|fault| {
        let report = StatusReport { live: Err(fault), ..report() };
        Language::ALL.map(|language| {
            let message = shown(&render(&Answer::Status(vec![report.clone()]), language));
            message
                .lines()
                .find(|line| line.starts_with("кластер: ") || line.starts_with("cluster: "))
                .map(str::to_owned)
        })
    })
    .fold([vec![], vec![]], |[mut ru, mut en], [r, e]| {
        ru.extend(r);
        en.extend(e);
        [ru, en]
    });
    assert_snapshot!(ru.join("\n"), @r"
    кластер: не указан в настройках
    кластер: доступ запрещён: `applications.argoproj.io is forbidden`
    кластер: Application не найден: `argocd/web`
    кластер: `https://registry.example.org`: сертификат не проходит проверку: `UnknownIssuer`. Повтор не поможет. Если сертификат выдал свой центр, оператору назвать его в `registry.ca_file`; если он на другое имя, проверить `registry.url`.
    кластер: нет ветки: `production`
    кластер: сервер не пускает: `401 Unauthorized`
    кластер: копия на диске бота неисправна: `No space left on device`
    кластер: `apps/web/kustomization.yaml` Такого файла в репозитории нет: проверьте путь в настройках бота.
    кластер: `team/shop`: нет ответа за 15 с
    кластер: `reading the manifests broke off`
    ");
    assert_snapshot!(en.join("\n"), @r"
    cluster: not configured
    cluster: not allowed: `applications.argoproj.io is forbidden`
    cluster: there is no such Application: `argocd/web`
    cluster: `https://registry.example.org`: the certificate isn't trusted: `UnknownIssuer`. Trying again won't help. If an authority of your own issued it, the operator names it in `registry.ca_file`; if it is for another name, `registry.url` is to be checked.
    cluster: there is no branch: `production`
    cluster: the server denies access: `401 Unauthorized`
    cluster: the bot's copy on disk can't be used: `No space left on device`
    cluster: `apps/web/kustomization.yaml` The repository has no such file: check the path in the bot's configuration.
    cluster: `team/shop`: no answer in 15 s
    cluster: `reading the manifests broke off`
    ");
}

#[test]
fn parts_that_did_not_answer() {
    let remote =
        "error sending request to https://gitlab.example.org/team/manifests.git: operation timed out after 5 s";
    let report = StatusReport {
        desired: Err(Unread::Unreachable(remote.into())),
        live: Err(Unread::Silent(
            "error sending request to https://10.0.0.1:443: operation timed out after 5 s".into(),
        )),
        newest: Err(Unread::Late { after: seconds(15) }),
        last_change: Err(Unread::Unreachable(remote.into())),
        ..report()
    };
    assert_snapshot!(status(report), @r"
    ❔ **oil-refinery-application/prod**: состояние неизвестно
    | git       нет данных
    | кластер   нет данных
    | реестр    нет данных
    git: сервер недоступен: `error sending request to https://gitlab.example.org/team/manifests.git: operation timed out after 5 s`
    кластер: нет ответа: `error sending request to https://10.0.0.1:443: operation timed out after 5 s`
    реестр: нет ответа за 15 с
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ❔ **oil-refinery-application/prod**: state unknown
    | git       no data
    | cluster   no data
    | registry  no data
    git: the server can't be reached: `error sending request to https://gitlab.example.org/team/manifests.git: operation timed out after 5 s`
    cluster: no answer: `error sending request to https://10.0.0.1:443: operation timed out after 5 s`
    registry: no answer in 15 s
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn pods_of_two_versions() {
    let live = LiveState { ready: 2, ready_new: Some(0), health: Health::Degraded, ..live() };
    assert_snapshot!(status(StatusReport { live: Ok(live), ..report() }), @r"
    ❌ **oil-refinery-application/prod**: не работает
    | git       0.10.5 · 3 реплики
    | кластер   0.10.5
    |           поды новой версии 0/3, прежней 2
    | Argo CD   Synced · Degraded
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ❌ **oil-refinery-application/prod**: not working
    | git       0.10.5 · 3 replicas
    | cluster   0.10.5
    |           new pods 0/3, old ones 2
    | Argo CD   Synced · Degraded
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn a_workload_that_is_not_there() {
    let live = LiveState { workload_missing: true, has_image: false, tag: None, ready: 0, desired: 0, ..live() };
    assert_snapshot!(status(StatusReport { live: Ok(live), ..report() }), @r"
    ❌ **oil-refinery-application/prod**: Deployment `oil-refinery/oil-refinery-application` не найден: проверьте `workload` в настройках
    | git       0.10.5 · 3 реплики
    | кластер   Deployment не найден
    | Argo CD   Synced · Healthy
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ❌ **oil-refinery-application/prod**: no Deployment `oil-refinery/oil-refinery-application`: check `workload` in the configuration
    | git       0.10.5 · 3 replicas
    | cluster   no Deployment
    | Argo CD   Synced · Healthy
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn an_image_that_nobody_knows() {
    let live = LiveState { has_image: false, tag: None, ..live() };
    let desired = Ok(Desired { tag: None, replicas: Some(3) });
    assert_snapshot!(status(StatusReport { live: Ok(live), desired, ..report() }), @r"
    ⚠️ **oil-refinery-application/prod**: ни в git, ни в кластере нет образа `registry.example.org/team/oil-refinery-application`: проверьте `image` в настройках
    | git       тег не задан · 3 реплики
    | кластер   другой образ · поды 3/3
    | Argo CD   Synced · Healthy
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ⚠️ **oil-refinery-application/prod**: neither git nor the cluster has the image `registry.example.org/team/oil-refinery-application`: check `image` in the configuration
    | git       no tag set · 3 replicas
    | cluster   another image · pods 3/3
    | Argo CD   Synced · Healthy
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
}

#[test]
fn nothing_known() {
    let live = LiveState { tag: None, revision: None, head: None, sync: SyncStatus::Unknown, ..live() };
    let report = StatusReport { desired: Ok(Desired::default()), live: Ok(live), newest: Ok(None), ..report() };
    assert_snapshot!(status(report), @r"
    ❔ **oil-refinery-application/prod**: работает, сверить с git не удалось
    | git       тег не задан
    | кластер   без тега · поды 3/3
    | Argo CD   Unknown · Healthy
    | ревизия   неизвестна
    | реестр    тегов нет
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Обновить → /status oil-refinery-application/prod] [📦 Версии → /showcontainers oil-refinery-application]

    ❔ **oil-refinery-application/prod**: live, but not compared with git
    | git       no tag set
    | cluster   no tag · pods 3/3
    | Argo CD   Unknown · Healthy
    | revision  unknown
    | registry  no tags
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    [🔁 Refresh → /status oil-refinery-application/prod] [📦 Versions → /showcontainers oil-refinery-application]
    ");
    assert_snapshot!(both(&Answer::Status(Vec::new())), @r"
    📊 В настройках бота нет ни одного приложения.

    📊 The bot's configuration has no application.
    ");
}

#[test]
fn verdicts() {
    let verdict = |live: LiveState| {
        let message = render(&Answer::Status(vec![StatusReport { live: Ok(live), ..report() }]), Language::En);
        message.to_plain().lines().next().map(str::to_owned).expect("a line")
    };
    let lines = [
        verdict(LiveState { health: Health::Missing, ..live() }),
        verdict(LiveState { health: Health::Suspended, ..live() }),
        verdict(LiveState { health: Health::Progressing, sync: SyncStatus::OutOfSync, ..live() }),
        verdict(LiveState { health: Health::Unknown, ..live() }),
        verdict(LiveState { desired: 2, ready: 2, ..live() }),
        verdict(LiveState { ready: 2, ..live() }),
        verdict(LiveState { sync: SyncStatus::Unknown, ..live() }),
    ];
    assert_snapshot!(lines.join("\n"), @r"
    ❌ oil-refinery-application/prod: not working
    ⏸ oil-refinery-application/prod: paused
    🔄 oil-refinery-application/prod: rolling out
    ❔ oil-refinery-application/prod: state unknown
    ⚠️ oil-refinery-application/prod: git and the cluster differ
    🔄 oil-refinery-application/prod: pods are coming up
    ❔ oil-refinery-application/prod: live, but not compared with git
    ");

    let desired = report().desired.map(|desired| Desired { replicas: Some(0), ..desired });
    let stopped = LiveState { ready: 0, desired: 0, ..live() };
    let message = render(&Answer::Status(vec![StatusReport { desired, live: Ok(stopped), ..report() }]), Language::En);
    assert!(message.to_plain().starts_with("⏸ oil-refinery-application/prod: scaled down, as in git"));
}

#[test]
fn several_sites() {
    let stage = Site { environment: environment("stage"), ..site() };
    assert_snapshot!(both(&Answer::Status(vec![report(), StatusReport { site: stage, ..report() }])), @r"
    ✅ **oil-refinery-application/prod**: работает, как в git
    | git       0.10.5 · 3 реплики
    | кластер   0.10.5 · поды 3/3
    | Argo CD   Synced · Healthy
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    ✅ **oil-refinery-application/stage**: работает, как в git
    | git       0.10.5 · 3 реплики
    | кластер   0.10.5 · поды 3/3
    | Argo CD   Synced · Healthy
    | ревизия   a1b2c3d4 = git
    | реестр    0.10.6 — новейшая
    Последнее изменение: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 мин назад, коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    ✅ **oil-refinery-application/prod**: live, as in git
    | git       0.10.5 · 3 replicas
    | cluster   0.10.5 · pods 3/3
    | Argo CD   Synced · Healthy
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    ✅ **oil-refinery-application/stage**: live, as in git
    | git       0.10.5 · 3 replicas
    | cluster   0.10.5 · pods 3/3
    | Argo CD   Synced · Healthy
    | revision  a1b2c3d4 = git
    | registry  0.10.6 is the newest
    Last change: `0.10.4 → 0.10.5`, `Анна Иванова`, 5 min ago, commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ");
}

#[test]
fn applications() {
    let application = Application {
        name: ApplicationName::new("oil-refinery-application").expect("valid"),
        image: image(),
        environments: vec![environment("prod"), environment("stage")],
    };
    let other = Application { name: ApplicationName::new("pump-station").expect("valid"), ..application.clone() };
    assert_snapshot!(both(&Answer::Apps(Catalogue { applications: vec![application, other] })), @r"
    📋 Приложения и среды

    **oil-refinery-application**
    `registry.example.org/team/oil-refinery-application`
    • `oil-refinery-application/prod` · реплик до 20
    • `oil-refinery-application/stage` · реплик до 20

    **pump-station**
    `registry.example.org/team/oil-refinery-application`
    • `pump-station/prod` · реплик до 20
    • `pump-station/stage` · реплик до 20

    📋 Applications and environments

    **oil-refinery-application**
    `registry.example.org/team/oil-refinery-application`
    • `oil-refinery-application/prod` · at most 20 replicas
    • `oil-refinery-application/stage` · at most 20 replicas

    **pump-station**
    `registry.example.org/team/oil-refinery-application`
    • `pump-station/prod` · at most 20 replicas
    • `pump-station/stage` · at most 20 replicas
    ");
    assert_snapshot!(both(&Answer::Apps(Catalogue::default())), @r"
    📋 В настройках бота нет ни одного приложения.

    📋 The bot's configuration has no application.
    ");
}

#[test]
fn repositories_are_named_where_there_are_several() {
    let shop = RepositoryBranch { name: RepositoryName::new("shop").ok(), branch: BranchName::new("release").ok() };
    let application = |environments: Vec<Environment>| Application {
        name: ApplicationName::new("oil-refinery-application").expect("valid"),
        image: image(),
        environments,
    };
    let stage = Environment { repository: shop, ..environment("stage") };
    let alone = Catalogue { applications: vec![application(vec![stage.clone()])] };
    assert!(!render(&Answer::Apps(alone), Language::En).to_plain().contains("repository"));
    let both = Catalogue { applications: vec![application(vec![environment("prod"), stage])] };
    assert_snapshot!(shown(&render(&Answer::Apps(both), Language::En)), @r"
    📋 Applications and environments

    **oil-refinery-application**
    `registry.example.org/team/oil-refinery-application`
    • `oil-refinery-application/prod` · at most 20 replicas · repository `repository`
    • `oil-refinery-application/stage` · at most 20 replicas · repository `shop (release)`
    ");
}

#[test]
fn greetings() {
    assert_snapshot!(both(&Answer::Start { known: true }), @r"
    ⚓️ Это tiphys: разворачивает версии через git и Argo CD и говорит, чем кончилось.
    Команды: /help, приложения: /apps

    ⚓️ This is tiphys: it deploys versions through git and Argo CD and tells how it went.
    Commands: /help, applications: /apps
    ");
    assert_snapshot!(both(&Answer::Start { known: false }), @r"
    ⚓️ Это tiphys: разворачивает версии через git и Argo CD и говорит, чем кончилось.
    Доступа у вас пока нет: покажите оператору ответ на /whoami

    ⚓️ This is tiphys: it deploys versions through git and Argo CD and tells how it went.
    You have no access yet: show the operator the answer to /whoami
    ");
}

#[test]
fn who_am_i() {
    let account = || Sender::Account { id: PersonId(1001), shown_name: "Аня @admin \u{202e}🚀".into() };
    let who = |sender, place, known_as: Option<&str>| {
        both(&Answer::WhoAmI { sender, place, known_as: known_as.map(str::to_owned) })
    };
    assert_snapshot!(who(account(), Place::Group(ChatId(-1001234567890)), Some("Анна Иванова")), @r"
    👤 Ваш ID: `1001` · `Аня @admin 🚀`
    💬 ID группы: `-1001234567890`
    ✅ В настройках: **Анна Иванова**

    👤 Your ID: `1001` · `Аня @admin 🚀`
    💬 The group's ID: `-1001234567890`
    ✅ In the configuration: **Анна Иванова**
    ");
    assert_snapshot!(who(account(), Place::Private(ChatId(1001)), None), @r"
    👤 Ваш ID: `1001` · `Аня @admin 🚀`
    💬 Личный чат, ID: `1001`
    🚫 В настройках вас нет: доступ даёт оператор.

    👤 Your ID: `1001` · `Аня @admin 🚀`
    💬 Private chat, ID: `1001`
    🚫 Not in the configuration: an operator gives access.
    ");
    assert_snapshot!(who(Sender::Anonymous, Place::Group(ChatId(-100)), None), @r"
    👤 Вы пишете от имени группы или канала: вашего ID не видно, команды на изменение не принимаются.
    💬 ID группы: `-100`

    👤 You write in the name of a group or a channel: your ID isn't visible, and changes are refused.
    💬 The group's ID: `-100`
    ");
    let (name, email) = ("Анна Иванова".to_owned(), "anna@example.org".to_owned());
    let operator = Sender::Operator { name, email, account: "gitlab 42".into() };
    assert_snapshot!(who(operator, Place::Terminal, None), @r"
    👤 Командная строка: `Анна Иванова <anna@example.org>` · `gitlab 42`
    Командная строка: список `people` здесь не проверяется.

    👤 Command line: `Анна Иванова <anna@example.org>` · `gitlab 42`
    Command line: the list `people` is not checked here.
    ");
}
