//! Commits that wait or fail, and signs that must stay before they count.

use super::*;

#[test]
fn a_commit_that_argo_cd_has_not_seen_is_only_committed() {
    let unseen = || Table::default().at(Standing::Before, Standing::Before);
    for (name, table) in [
        ("an earlier commit is live", unseen()),
        ("an earlier commit failed", unseen().also(|o| o.operation.as_mut().expect("set").phase = Phase::Failed)),
        ("an earlier commit is degraded", unseen().also(|o| o.health = Health::Degraded)),
        ("an earlier commit is synced now", unseen().also(|o| o.operation_pending = true)),
        ("nothing was ever compared", unseen().also(|o| (o.revision, o.operation) = (None, None))),
        (
            "an operation without a state",
            Table::observing(|o| o.operation = None).at(Standing::Before, Standing::Before),
        ),
    ] {
        assert_eq!(table.stage(), Stage::Committed, "{name}");
        assert_eq!(table.after(300), Stage::Committed, "{name}");
    }
    // "Synced, Healthy" would be true and misleading.
    let revision = unseen().base.revision.expect("set");
    assert_eq!(unseen().hint(), format!("Argo CD has not seen the commit yet, it is at {}", revision.short()));
    let never = unseen().also(|o| o.revision = None);
    assert_eq!(never.hint(), "Argo CD has not compared anything with git yet");
}

#[test]
fn a_commit_that_is_compared_waits_for_its_operation() {
    let compared = || Table::default().at(Standing::Exact, Standing::Before);
    let out_of_sync = || compared().also(|o| o.sync = SyncStatus::OutOfSync);
    for (name, table, hint) in [
        ("out of sync", out_of_sync(), ""),
        ("a later commit is out of sync", out_of_sync().at(later(), Standing::Before), ""),
        ("auto-sync is off", out_of_sync().also(|o| o.auto_sync = false), "OutOfSync, and auto-sync is off"),
        ("the comparison is unknown", compared().also(|o| o.sync = SyncStatus::Unknown), ""),
        ("synced, but an operation is requested", compared().also(|o| o.operation_pending = true), ""),
        (
            "synced, but an earlier commit's operation runs",
            compared().also(|o| o.operation.as_mut().expect("set").phase = Phase::Running),
            "",
        ),
        (
            "out of sync after an earlier commit failed",
            out_of_sync().also(|o| o.operation.as_mut().expect("set").phase = Phase::Failed),
            "",
        ),
        ("no operation ever", out_of_sync().also(|o| o.operation = None), ""),
    ] {
        assert_eq!(table.stage(), Stage::Syncing, "{name}");
        assert_eq!(table.hint(), hint, "{name}");
        assert_eq!(table.after(300), Stage::Syncing, "{name}");
    }
}

#[test]
fn an_operation_at_the_commit_is_waited_for() {
    for (name, table, hint) in [
        (
            "running",
            Table::operating(|op| {
                (op.phase, op.finished_at, op.message) = (Phase::Running, None, "waiting for healthy state".into());
            }),
            "waiting for healthy state",
        ),
        (
            "waiting to retry",
            Table::operating(|op| (op.phase, op.message) = (Phase::Running, "one task failed".into())),
            "waiting to retry: one task failed",
        ),
        (
            "waiting to retry without a message",
            Table::operating(|op| (op.phase, op.message) = (Phase::Running, String::new())),
            "waiting to retry",
        ),
        ("terminating", Table::operating(|op| (op.phase, op.message) = (Phase::Terminating, String::new())), ""),
        (
            "failed, but asked for again",
            Table::operating(|op| (op.phase, op.message) = (Phase::Failed, String::new()))
                .also(|o| o.operation_pending = true),
            "",
        ),
        (
            "succeeded, but asked for again",
            Table::operating(|op| op.message.clear()).also(|o| o.operation_pending = true),
            "",
        ),
        (
            "a person's operation runs ahead of the comparison",
            Table::operating(|op| (op.phase, op.finished_at, op.message) = (Phase::Running, None, String::new()))
                .at(Standing::Before, Standing::Exact),
            "",
        ),
    ] {
        assert_eq!(table.stage(), Stage::Syncing, "{name}");
        assert_eq!(table.hint(), hint, "{name}");
    }
}

#[test]
fn an_operation_that_failed_at_the_commit_or_a_later_one_fails_it() {
    for phase in [Phase::Failed, Phase::Error] {
        for operated in [Standing::Exact, later()] {
            for compared in [Standing::Before, Standing::Exact, later()] {
                let table = Table::operating(|op| (op.phase, op.message) = (phase, "Deployment is invalid".into()))
                    .at(compared.clone(), operated.clone());
                assert_eq!(table.stage(), failed("Deployment is invalid"), "{phase:?} {compared:?} {operated:?}");
            }
        }
        let silent = Table::operating(|op| (op.phase, op.message) = (phase, String::new()));
        assert_eq!(silent.stage(), failed(&format!("operation {phase:?}")));
    }
}

#[test]
fn health_counts_only_after_the_operation_and_a_reconciliation() {
    for (name, table) in [
        ("no end, for ever", Table::operating(|op| op.finished_at = None)),
        ("reconciled before the end", Table::observing(|o| o.reconciled_at = Some(time(10)))),
        ("never reconciled", Table::observing(|o| o.reconciled_at = None)),
        ("applied ahead of the comparison", Table::default().at(Standing::Before, Standing::Exact)),
    ] {
        assert_eq!(table.stage(), progressing(2, &[]), "{name}");
        let degraded = table.also(|o| o.health = Health::Degraded);
        assert_eq!(degraded.after(300), progressing(2, &[]), "stale health doesn't fail it: {name}");
    }
    assert_eq!(Table::observing(|o| o.reconciled_at = Some(time(11))).stage(), live_stage());
}

#[test]
fn degraded_health_has_to_stay() {
    let degraded =
        || Table::observing(|o| (o.health, o.health_message) = (Health::Degraded, "HPA cannot get metrics".into()));
    assert_eq!(degraded().after(19), progressing(2, &["HPA cannot get metrics"]));
    assert_eq!(degraded().after(20), failed("HPA cannot get metrics"));
    assert_eq!(Table::observing(|o| o.health = Health::Degraded).after(20), failed("Degraded"));
    // A look in between that was well starts the count again.
    let first = degraded().look(0, None);
    let well = Table::working(rolling()).look(15, first.doubt.as_ref());
    assert_eq!(well.doubt, None);
    assert_eq!(degraded().look(30, well.doubt.as_ref()).stage, progressing(2, &["HPA cannot get metrics"]));
    // A doubt of another kind doesn't count for it.
    let error = Table::working(rolling()).also(|o| o.errors = vec!["x".into()]).look(0, None);
    assert!(error.doubt.is_some());
    assert_eq!(degraded().look(60, error.doubt.as_ref()).stage, progressing(2, &["HPA cannot get metrics"]));
    // While the workload goes on, something else, or an older state, is degraded.
    let going_on = Table::working(rolling()).also(|o| o.health = Health::Degraded);
    assert_eq!(going_on.after(300), progressing(0, &[]));
    // A clock that was set back doesn't make it a failure, nor a panic.
    assert_eq!(degraded().look(-100, first.doubt.as_ref()).stage, progressing(2, &["HPA cannot get metrics"]));
}

#[test]
fn a_workload_that_gives_up_fails_at_once() {
    let exceeded = || WorkloadState {
        deadline_exceeded: Some("ReplicaSet \"a-1\" has timed out progressing.".into()),
        trouble: vec!["CrashLoopBackOff".into()],
        ..rolling()
    };
    let words = "ReplicaSet \"a-1\" has timed out progressing; CrashLoopBackOff";
    for health in [Health::Degraded, Health::Progressing, Health::Healthy] {
        assert_eq!(Table::working(exceeded()).also(|o| o.health = health).stage(), failed(words), "{health:?}");
    }
    // The condition is of the template before.
    for stale in
        [WorkloadState { observed: false, ..exceeded() }, WorkloadState { images: running("0.10.4"), ..exceeded() }]
    {
        assert!(!Table::working(stale).stage().is_final());
    }
    // After a change of the count it may be that of an earlier rollout: it has to stay, with Argo CD's consent.
    let scaled = || Table::working(exceeded()).wanting(Wanted::Replicas(2));
    assert!(!scaled().stage().is_final());
    assert_eq!(scaled().also(|o| o.health = Health::Degraded).after(20), failed(words));
    assert!(!scaled().also(|o| o.health = Health::Progressing).after(300).is_final());
}

#[test]
fn error_conditions_at_the_commit_have_to_stay() {
    let error = |o: &mut Observation| o.errors = vec!["SyncError: no such kind".into(), "second".into()];
    let words = failed("SyncError: no such kind; second");
    let compared =
        || Table::observing(error).at(Standing::Exact, Standing::Before).also(|o| o.sync = SyncStatus::OutOfSync);
    assert_eq!(compared().hint(), "SyncError: no such kind");
    assert_eq!(compared().after(19), Stage::Syncing);
    assert_eq!(compared().after(20), words);
    assert_eq!(compared().also(|o| o.sync = SyncStatus::Unknown).after(20), words);
    assert_eq!(compared().at(later(), Standing::Before).after(20), words);
    let applied = Table::working(rolling()).also(error);
    assert_eq!(applied.after(19), progressing(0, &[]));
    assert_eq!(applied.after(20), words);
    // While an operation runs it may still mend it.
    let running = Table::operating(|op| op.phase = Phase::Running).also(error);
    assert_eq!(running.after(300), Stage::Syncing);
}

#[test]
fn manifests_that_cannot_be_rendered_fail_once_argo_cd_tried_again() {
    let broken = |message: &str, reconciled: i64| {
        Table::observing(|o| {
            (o.revision, o.sync) = (None, SyncStatus::Unknown);
            (o.errors, o.reconciled_at) = (vec![message.into()], Some(time(reconciled)));
        })
        .at(Standing::Before, Standing::Before)
    };
    let build = "ComparisonError: kustomize build failed exit status 1";
    let first = broken(build, 12).look(20, None);
    assert_eq!((first.stage, first.hint), (Stage::Committed, Some(Hint::Message(build.into()))));
    let doubt = first.doubt;
    assert_eq!(broken(build, 12).look(300, doubt.as_ref()).stage, Stage::Committed, "not tried again");
    assert_eq!(broken(build, 15).look(30, doubt.as_ref()).stage, Stage::Committed, "too early");
    assert_eq!(broken(build, 39).look(40, doubt.as_ref()).stage, failed(build));
    // A server that is away comes back.
    let away = "ComparisonError: rpc error: code = Unavailable desc = connection refused";
    let look = broken(away, 12).look(20, None);
    assert_eq!((look.stage, look.doubt), (Stage::Committed, None));
    // With a revision the error is that of an earlier commit.
    let earlier = broken(build, 12).also(|o| o.revision = Some(revision('b')));
    assert_eq!(earlier.look(20, None).doubt, None);
    // An Argo CD that doesn't tell when it reconciled is believed after the time alone.
    let silent = broken(build, 12).also(|o| o.reconciled_at = None);
    assert_eq!(silent.after(20), failed(build));
}
