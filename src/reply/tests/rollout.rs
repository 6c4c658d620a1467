//! The one message of a deployment, from "accepted" to its end.

use insta::assert_snapshot;

use super::{super::stage_line, *};
use crate::domain::{
    answer::RolloutReport,
    rollout::{Hint, Running, Stage},
};

fn rollout(stage: Stage) -> RolloutReport {
    RolloutReport {
        site: site(),
        mutation: deploy(),
        from: Some("0.10.4".into()),
        to: "0.10.5".into(),
        revision: revision("a1b2c3d4"),
        url: Some("https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4".into()),
        stage,
        elapsed: seconds(42),
        delivered_before: false,
        unchecked: None,
        shared: None,
    }
}

fn scaling(from: Option<&str>, to: u32, stage: Stage) -> RolloutReport {
    RolloutReport {
        mutation: Mutation::SetReplicas(to),
        from: from.map(str::to_owned),
        to: to.to_string(),
        url: None,
        ..rollout(stage)
    }
}

fn live(ready: u32, desired: u32) -> Stage {
    Stage::Live { ready, desired, superseded_by: None }
}

#[test]
fn accepted() {
    assert_snapshot!(both(&Answer::Accepted { site: site(), mutation: deploy() }), @r"
    ⏳ **oil-refinery-application/prod**: `0.10.5` — принято, проверяю

    ⏳ **oil-refinery-application/prod**: `0.10.5` — accepted, checking
    ");
    assert_snapshot!(both(&Answer::Accepted { site: site(), mutation: Mutation::SetReplicas(3) }), @r"
    ⏳ **oil-refinery-application/prod**: 3 реплики — принято, проверяю

    ⏳ **oil-refinery-application/prod**: 3 replicas — accepted, checking
    ");
}

#[test]
fn already_so() {
    assert_snapshot!(both(&Answer::AlreadySo { site: site(), mutation: deploy() }), @r"
    ☑️ **oil-refinery-application/prod**: уже `0.10.5`, менять нечего

    ☑️ **oil-refinery-application/prod**: already `0.10.5`, nothing to change
    ");
    assert_snapshot!(both(&Answer::AlreadySo { site: site(), mutation: Mutation::SetReplicas(1) }), @r"
    ☑️ **oil-refinery-application/prod**: уже 1 реплика, менять нечего

    ☑️ **oil-refinery-application/prod**: already 1 replica, nothing to change
    ");
}

#[test]
fn on_the_way() {
    assert_snapshot!(both(&Answer::Rollout(rollout(Stage::Committed))), @r"
    📝 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) записан, жду Argo CD

    📝 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) pushed, waiting for Argo CD
    ");
    assert_snapshot!(both(&Answer::Rollout(rollout(Stage::Syncing))), @r"
    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD применяет коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD is syncing commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ");
    let stage = Stage::Progressing { ready: 1, desired: 2, trouble: Vec::new() };
    assert_snapshot!(both(&Answer::Rollout(rollout(stage))), @r"
    🚀 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    поды 1/2 · коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    🚀 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    pods 1/2 · commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ");
    let trouble = messages(&["ImagePullBackOff: Back-off pulling image \"registry.example.org/team/app:0.10.5\""]);
    let stage = Stage::Progressing { ready: 0, desired: 2, trouble };
    assert_snapshot!(both(&Answer::Rollout(rollout(stage))), @r#"
    🚀 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    поды 0/2 · коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ⚠️ пока мешает:
    | ImagePullBackOff: Back-off pulling image "registry.example.org/team/app:0.10.5"

    🚀 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    pods 0/2 · commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ⚠️ in the way so far:
    | ImagePullBackOff: Back-off pulling image "registry.example.org/team/app:0.10.5"
    "#);
}

#[test]
fn live_at_last() {
    assert_snapshot!(both(&Answer::Rollout(rollout(live(2, 2)))), @r"
    ✅ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    работает: 2/2 пода, за 42 с · коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)

    ✅ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    live: 2/2 pods, in 42 s · commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ");
    let stage = Stage::Live { ready: 2, desired: 2, superseded_by: Some(revision("e5f6a7b8")) };
    assert_snapshot!(both(&Answer::Rollout(rollout(stage))), @r"
    ↪️ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    коммит a1b2c3d4 сменился более поздним e5f6a7b8, работает он: 2/2 пода

    ↪️ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    commit a1b2c3d4 was superseded by the later e5f6a7b8, which is live: 2/2 pods
    ");
}

#[test]
fn replica_counts() {
    assert_snapshot!(both(&Answer::Rollout(scaling(Some("2"), 5, Stage::Committed))), @r"
    📝 **oil-refinery-application/prod**: реплики `2` → `5`
    коммит `a1b2c3d4` записан, жду Argo CD

    📝 **oil-refinery-application/prod**: replicas `2` → `5`
    commit `a1b2c3d4` pushed, waiting for Argo CD
    ");
    assert_snapshot!(both(&Answer::Rollout(scaling(None, 5, live(5, 5)))), @r"
    ✅ **oil-refinery-application/prod**: реплики `5`
    работает: 5/5 подов, за 42 с · коммит `a1b2c3d4`

    ✅ **oil-refinery-application/prod**: replicas `5`
    live: 5/5 pods, in 42 s · commit `a1b2c3d4`
    ");
    assert_snapshot!(both(&Answer::Rollout(scaling(Some("2"), 0, live(0, 0)))), @r"
    ✅ **oil-refinery-application/prod**: реплики `2` → `0`
    остановлено: 0 подов, за 42 с · коммит `a1b2c3d4`

    ✅ **oil-refinery-application/prod**: replicas `2` → `0`
    scaled down: 0 pods, in 42 s · commit `a1b2c3d4`
    ");
    let stage = Stage::Failed { reason: "exceeded quota: pods=4".into() };
    assert_snapshot!(both(&Answer::Rollout(scaling(Some("2"), 5, stage))), @r"
    ❌ **oil-refinery-application/prod**: реплики `2` → `5`
    не заработало:
    | exceeded quota: pods=4
    Коммит `a1b2c3d4` остаётся в git, повтор той же команды ничего не изменит.
    Вернуть прежнее: `/set_replicas oil-refinery-application/prod 2`
    [↩️ Вернуть ×2 → /set_replicas oil-refinery-application/prod 2]

    ❌ **oil-refinery-application/prod**: replicas `2` → `5`
    it did not come up:
    | exceeded quota: pods=4
    Commit `a1b2c3d4` stays in git; the same command again would change nothing.
    To go back: `/set_replicas oil-refinery-application/prod 2`
    [↩️ Back to ×2 → /set_replicas oil-refinery-application/prod 2]
    ");
}

#[test]
fn ends_other_than_live() {
    assert_snapshot!(both(&Answer::Rollout(rollout(Stage::Paused))), @r"
    ⏸ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    раскатка на паузе (Suspended). Коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) остаётся в git: когда паузу снимут, раскатка продолжится. Больше не слежу.

    ⏸ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    the rollout is paused (Suspended). Commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) stays in git: the rollout goes on once somebody resumes it. No longer following.
    ");
    let reason = "one or more objects failed to apply, reason: Deployment.apps \"oil-refinery-application\" is invalid";
    assert_snapshot!(both(&Answer::Rollout(rollout(Stage::Failed { reason: reason.into() }))), @r#"
    ❌ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    не заработало:
    | one or more objects failed to apply, reason: Deployment.apps "oil-refinery-application" is invalid
    Коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) остаётся в git, повтор той же команды ничего не изменит.
    Вернуть прежнее: `/deploy oil-refinery-application/prod 0.10.4`
    [↩️ Вернуть 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]

    ❌ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    it did not come up:
    | one or more objects failed to apply, reason: Deployment.apps "oil-refinery-application" is invalid
    Commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) stays in git; the same command again would change nothing.
    To go back: `/deploy oil-refinery-application/prod 0.10.4`
    [↩️ Back to 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]
    "#);
    let stage = Stage::TimedOut {
        after: seconds(600),
        last: Some(Box::new(Hint::Message("pods 1/2: CrashLoopBackOff".into()))),
    };
    assert_snapshot!(both(&Answer::Rollout(rollout(stage))), @r"
    ⌛ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    за 10 мин не заработало, больше не слежу. Последнее, что видно:
    | pods 1/2: CrashLoopBackOff
    Коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) остаётся в git, и Argo CD ещё может его довести; повтор той же команды ничего не изменит.
    Состояние: `/status oil-refinery-application/prod`
    Вернуть прежнее: `/deploy oil-refinery-application/prod 0.10.4`
    [📊 Состояние → /status oil-refinery-application/prod]
    [↩️ Вернуть 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]

    ⌛ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    not live within 10 min; no longer following. Last seen:
    | pods 1/2: CrashLoopBackOff
    Commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) stays in git, and Argo CD may still bring it live; the same command again would change nothing.
    Status: `/status oil-refinery-application/prod`
    To go back: `/deploy oil-refinery-application/prod 0.10.4`
    [📊 Status → /status oil-refinery-application/prod]
    [↩️ Back to 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]
    ");
    let stage = Stage::TimedOut { after: seconds(90), last: None };
    assert_snapshot!(both(&Answer::Rollout(RolloutReport { from: None, ..rollout(stage) })), @r"
    ⌛ **oil-refinery-application/prod**: `0.10.5`
    за 1 мин 30 с не заработало, больше не слежу. Что мешает, не видно.
    Коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) остаётся в git, и Argo CD ещё может его довести; повтор той же команды ничего не изменит.
    Состояние: `/status oil-refinery-application/prod`
    Что делать: устранить причину или задать другое значение.
    [📊 Состояние → /status oil-refinery-application/prod]

    ⌛ **oil-refinery-application/prod**: `0.10.5`
    not live within 1 min 30 s; no longer following. Nothing shows what is in the way.
    Commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) stays in git, and Argo CD may still bring it live; the same command again would change nothing.
    Status: `/status oil-refinery-application/prod`
    What to do: remove the cause, or set another value.
    [📊 Status → /status oil-refinery-application/prod]
    ");
}

#[test]
fn a_workload_that_is_not_there() {
    let stage = Stage::TimedOut { after: seconds(600), last: Some(Box::new(Hint::WorkloadMissing)) };
    assert_snapshot!(both(&Answer::Rollout(rollout(stage))), @r"
    ⌛ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    за 10 мин не заработало, больше не слежу. Argo CD применил, но Deployment `oil-refinery/oil-refinery-application` не найден: проверьте `workload` в настройках.
    Коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) остаётся в git, и Argo CD ещё может его довести; повтор той же команды ничего не изменит.
    Состояние: `/status oil-refinery-application/prod`
    Вернуть прежнее: `/deploy oil-refinery-application/prod 0.10.4`
    [📊 Состояние → /status oil-refinery-application/prod]
    [↩️ Вернуть 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]

    ⌛ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    not live within 10 min; no longer following. Argo CD has applied it, but there is no Deployment `oil-refinery/oil-refinery-application`: check `workload` in the configuration.
    Commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4) stays in git, and Argo CD may still bring it live; the same command again would change nothing.
    Status: `/status oil-refinery-application/prod`
    To go back: `/deploy oil-refinery-application/prod 0.10.4`
    [📊 Status → /status oil-refinery-application/prod]
    [↩️ Back to 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]
    ");
}

#[test]
fn notes() {
    let report = RolloutReport { delivered_before: true, ..rollout(live(2, 2)) };
    assert_snapshot!(both(&Answer::Rollout(report)), @r"
    ✅ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    работает: 2/2 пода, за 42 с · коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ℹ️ Эта команда уже была выполнена; второй раз ничего не менялось.

    ✅ **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    live: 2/2 pods, in 42 s · commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ℹ️ This command had already been carried out; nothing was changed a second time.
    ");
    let unchecked = Some("overrides in Argo CD: no answer: connection refused".to_owned());
    let report = RolloutReport { unchecked, ..rollout(Stage::Syncing) };
    assert_snapshot!(both(&Answer::Rollout(report)), @r"
    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD применяет коммит [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ⚠️ Перед коммитом не проверено: `overrides in Argo CD: no answer: connection refused`

    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD is syncing commit [a1b2c3d4](https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ⚠️ Not checked before the commit: `overrides in Argo CD: no answer: connection refused`
    ");
}

#[test]
fn a_doubt_is_not_told_when_it_is_over_or_told_already() {
    let said = "no answer: connection refused";
    let told = |stage: Stage| {
        let report = RolloutReport { unchecked: Some(said.into()), ..rollout(stage) };
        render(&Answer::Rollout(report), Language::En).to_plain()
    };
    let timed_out =
        |last: &str| Stage::TimedOut { after: seconds(60), last: Some(Box::new(Hint::Message(last.into()))) };
    let live = told(Stage::Live { ready: 2, desired: 2, superseded_by: None });
    assert!(!live.contains(said), "{live}");
    for stage in [timed_out(said), Stage::NotFollowed { reason: Some(said.into()) }] {
        let text = told(stage);
        assert_eq!(text.matches(said).count(), 1, "{text}");
    }
    assert!(told(timed_out("something else")).contains("Not checked before the commit"));
}

/// A value that no command can set isn't offered to go back to.
#[test]
fn no_way_back_to_what_is_no_value() {
    let stage = || Stage::Failed { reason: "x".into() };
    for report in [
        RolloutReport { from: Some("${TAG}".into()), ..rollout(stage()) },
        RolloutReport { from: None, ..rollout(stage()) },
        scaling(Some("many"), 3, stage()),
    ] {
        let message = render(&Answer::Rollout(report), Language::En);
        assert_eq!(message.buttons, Vec::<Vec<_>>::new());
        assert!(!message.to_plain().contains("To go back"));
    }
}

#[test]
fn stages_as_lines() {
    let lines = |language| {
        [
            Stage::Committed,
            Stage::Syncing,
            Stage::Progressing { ready: 1, desired: 2, trouble: Vec::new() },
            Stage::Progressing { ready: 0, desired: 2, trouble: messages(&["ErrImagePull:\n  no such tag"]) },
            live(2, 2),
            live(0, 0),
            Stage::Live { ready: 1, desired: 1, superseded_by: Some(revision("e5f6a7b8")) },
            Stage::Paused,
            Stage::Failed { reason: "sync failed:\nfield is immutable".into() },
            Stage::TimedOut { after: seconds(600), last: Some(Box::new(Hint::Message("pods 1/2".into()))) },
            Stage::TimedOut { after: seconds(600), last: None },
            Stage::TimedOut { after: seconds(600), last: Some(Box::new(Hint::WorkloadMissing)) },
        ]
        .map(|stage| stage_line(&rollout(stage), language))
        .join("\n")
    };
    assert_snapshot!(lines(Language::Ru), @r"
    коммит a1b2c3d4 записан, жду Argo CD
    Argo CD применяет коммит a1b2c3d4
    поды 1/2
    поды 0/2: ErrImagePull: no such tag
    работает: 2/2 пода, за 42 с
    остановлено: 0 подов, за 42 с
    коммит a1b2c3d4 сменился более поздним e5f6a7b8, работает он: 1/1 под
    раскатка на паузе (Suspended)
    не заработало: sync failed: field is immutable
    за 10 мин не заработало: pods 1/2
    за 10 мин не заработало
    за 10 мин не заработало: Argo CD применил, но Deployment oil-refinery/oil-refinery-application не найден: проверьте workload в настройках
    ");
    assert_snapshot!(lines(Language::En), @r"
    commit a1b2c3d4 pushed, waiting for Argo CD
    Argo CD is syncing commit a1b2c3d4
    pods 1/2
    pods 0/2: ErrImagePull: no such tag
    live: 2/2 pods, in 42 s
    scaled down: 0 pods, in 42 s
    commit a1b2c3d4 was superseded by the later e5f6a7b8, which is live: 1/1 pod
    the rollout is paused (Suspended)
    it did not come up: sync failed: field is immutable
    not live within 10 min: pods 1/2
    not live within 10 min
    not live within 10 min: Argo CD has applied it, but there is no Deployment oil-refinery/oil-refinery-application: check workload in the configuration
    ");
}

fn messages(texts: &[&str]) -> Vec<Hint> {
    strings(texts).into_iter().map(Hint::Message).collect()
}

/// Only what Argo CD and Kubernetes say themselves stays in their words.
#[test]
fn what_is_in_the_way_is_said_in_the_chats_language() {
    let overrides = strings(&["kustomize.images", "kustomize.replicas"]);
    let hints = [
        Hint::Unseen(None),
        Hint::Unseen(Some(revision("e5f6a7b8"))),
        Hint::AutoSyncOff,
        Hint::WaitingToRetry(String::new()),
        Hint::WaitingToRetry("failed to apply".into()),
        Hint::Differs { running: Running::Images(strings(&["registry.example.org/x:1"])), overrides: Vec::new() },
        Hint::Differs { running: Running::Replicas(3), overrides },
        Hint::WorkloadMissing,
    ];
    let lines = |language| {
        let stage = |hint: &Hint| Stage::TimedOut { after: seconds(60), last: Some(Box::new(hint.clone())) };
        hints.iter().map(|hint| stage_line(&rollout(stage(hint)), language)).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(lines(Language::Ru), @r"
    за 1 мин не заработало: Argo CD ещё ничего не сравнил с git
    за 1 мин не заработало: Argo CD ещё не видел коммит, он на e5f6a7b8
    за 1 мин не заработало: OutOfSync, а автосинхронизация Argo CD выключена
    за 1 мин не заработало: Argo CD ждёт новой попытки
    за 1 мин не заработало: Argo CD ждёт новой попытки: failed to apply
    за 1 мин не заработало: в кластере registry.example.org/x:1
    за 1 мин не заработало: в кластере реплик: 3; Application сам задаёт kustomize.images, kustomize.replicas
    за 1 мин не заработало: Argo CD применил, но Deployment oil-refinery/oil-refinery-application не найден: проверьте workload в настройках
    ");
    assert_snapshot!(lines(Language::En), @r"
    not live within 1 min: Argo CD has not compared anything with git yet
    not live within 1 min: Argo CD has not seen the commit yet, it is at e5f6a7b8
    not live within 1 min: OutOfSync, and Argo CD's auto-sync is off
    not live within 1 min: Argo CD waits to try again
    not live within 1 min: Argo CD waits to try again: failed to apply
    not live within 1 min: the cluster has registry.example.org/x:1
    not live within 1 min: replicas in the cluster: 3; the Application itself sets kustomize.images, kustomize.replicas
    not live within 1 min: Argo CD has applied it, but there is no Deployment oil-refinery/oil-refinery-application: check workload in the configuration
    ");
    let starting = Stage::Progressing { ready: 0, desired: 0, trouble: vec![Hint::WorkloadMissing] };
    assert_snapshot!(render(&Answer::Rollout(rollout(starting)), Language::Ru).to_plain(), @r"
    🚀 oil-refinery-application/prod: 0.10.4 → 0.10.5
    поды 0/0 · коммит a1b2c3d4 (https://gitlab.example.org/team/manifests/-/commit/a1b2c3d4)
    ⚠️ пока мешает:
    Argo CD применил, но Deployment oil-refinery/oil-refinery-application не найден: проверьте workload в настройках
    ");
}
