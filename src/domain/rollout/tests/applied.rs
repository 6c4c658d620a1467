//! Commits that are applied: live, superseded, on their way, paused.

use super::*;

#[test]
fn live_is_what_runs_the_wanted_value_completely() {
    let old = || WorkloadState { images: running("0.10.4"), ..workload() };
    for (name, table, expected) in [
        ("all is well", Table::default(), live_stage()),
        // Pruning that is off or a mutating webhook leaves an Application OutOfSync after it was synced.
        ("still out of sync after its operation", Table::observing(|o| o.sync = SyncStatus::OutOfSync), live_stage()),
        ("an old error condition is left", Table::observing(|o| o.errors = vec!["old".into()]), live_stage()),
        ("a suspended CronJob elsewhere", Table::observing(|o| o.health = Health::Suspended), live_stage()),
        ("synced without an operation", Table::default().at(Standing::Exact, Standing::Before), live_stage()),
        (
            "synced without any operation",
            Table::observing(|o| o.operation = None).at(Standing::Exact, Standing::Before),
            live_stage(),
        ),
        // One push brings several commits: the last one's operation covers them all.
        ("a later commit's operation kept the value", Table::default().at(later(), later()), live_stage()),
        ("a later commit changed nothing here", Table::default().at(later(), Standing::Exact), live_stage()),
        (
            "a later commit waits, this one runs",
            Table::observing(|o| o.sync = SyncStatus::OutOfSync).at(later(), Standing::Exact),
            live_stage(),
        ),
        ("the old pods are still there", Table::working(rolling()), progressing(0, &[])),
        (
            "the Deployment's controller hasn't seen it",
            Table::working(WorkloadState { observed: false, ..workload() }),
            progressing(2, &[]),
        ),
        (
            "synced without an operation, other image",
            Table::working(old()).at(Standing::Exact, Standing::Before),
            progressing(2, &[]),
        ),
        ("applied, other image", Table::working(old()), progressing(2, &[])),
        (
            "applied, no workload, Argo CD lists the image of something else",
            Table::observing(|o| o.workload = None),
            missing(),
        ),
        (
            "applied, no workload, Argo CD lists another image",
            Table::observing(|o| (o.workload, o.images) = (None, running("0.10.4"))),
            missing(),
        ),
        (
            "applied, no workload and no images",
            Table::observing(|o| (o.workload, o.images) = (None, vec![])),
            missing(),
        ),
    ] {
        assert_eq!(table.stage(), expected, "{name}");
    }
}

#[test]
fn a_later_commit_that_took_the_place_is_named() {
    let replaced = || Table::working(WorkloadState { images: running("0.10.6"), ..workload() });
    let superseded = Stage::Live { ready: 2, desired: 2, superseded_by: Some(revision('d')) };
    assert_eq!(replaced().at(later(), later()).stage(), superseded, "by its operation");
    assert_eq!(replaced().at(later(), Standing::Before).stage(), superseded, "both came before one comparison");
    assert_eq!(replaced().at(Standing::Exact, later()).stage(), superseded, "the comparison lags behind");
    // The later one only waits: neither value is live.
    let waiting = || replaced().also(|o| o.sync = SyncStatus::OutOfSync);
    assert_eq!(waiting().at(later(), Standing::Exact).stage(), Stage::Syncing);
    assert_eq!(waiting().at(later(), Standing::Before).stage(), Stage::Syncing);
    // A still newer one waits behind the later one.
    let newest = Standing::Later(revision('e'));
    assert_eq!(waiting().at(newest, later()).stage(), Stage::Syncing);
    // The later one isn't rolled out.
    let rolling = Table::working(WorkloadState { images: running("0.10.6"), ..rolling() });
    assert_eq!(rolling.at(later(), later()).stage(), progressing(0, &[]));
    // The operation was the commit's own: no later commit explains the other image.
    assert_eq!(replaced().at(later(), Standing::Exact).stage(), progressing(2, &[]));
}

#[test]
fn replicas_are_counted_not_compared_by_image() {
    let three =
        || Table::default().wanting(Wanted::of(&ImageName::new(IMAGE).expect("valid"), &Mutation::SetReplicas(3)));
    let grown = WorkloadState { desired: 3, replicas: 3, updated: 3, ready: 3, available: 3, ..workload() };
    let starting = WorkloadState { ready: 2, available: 2, ..grown.clone() };
    for (name, table, expected) in [
        ("not scaled yet", three(), progressing(2, &[])),
        (
            "pods are coming up",
            three().also(|o| o.workload = Some(starting)),
            Stage::Progressing { ready: 2, desired: 3, trouble: vec![] },
        ),
        (
            "all are there",
            three().also(|o| o.workload = Some(grown)),
            Stage::Live { ready: 3, desired: 3, superseded_by: None },
        ),
        (
            "another count by a later commit",
            three().at(later(), later()),
            Stage::Live { ready: 2, desired: 2, superseded_by: Some(revision('d')) },
        ),
        ("no workload to count", three().also(|o| o.workload = None), missing()),
    ] {
        assert_eq!(table.stage(), expected, "{name}");
    }
    let zero =
        Table::working(WorkloadState { observed: true, ..WorkloadState::default() }).wanting(Wanted::Replicas(0));
    assert_eq!(zero.stage(), Stage::Live { ready: 0, desired: 0, superseded_by: None });
    assert_eq!(three().hint(), "the workload has replicas 2");
}

#[test]
fn only_new_pods_are_counted_as_ready() {
    for (replicas, updated, ready, expected) in
        [(2, 0, 2, 0), (3, 1, 2, 0), (3, 1, 3, 1), (3, 2, 3, 2), (2, 2, 1, 1), (1, 1, 0, 0), (4, 2, 1, 0)]
    {
        let table = Table::working(WorkloadState { replicas, updated, ready, available: 0, ..workload() });
        assert_eq!(table.stage(), progressing(expected, &[]), "{ready} of {replicas}, {updated} new");
    }
}

#[test]
fn unfinished_health_goes_on_with_its_trouble() {
    for health in [Health::Progressing, Health::Missing, Health::Unknown] {
        let table = Table::observing(|o| {
            (o.health, o.health_message) = (health, "waiting for load balancer".into());
        });
        assert_eq!(table.stage(), progressing(2, &["waiting for load balancer"]), "{health:?}");
        assert_eq!(table.after(300), progressing(2, &["waiting for load balancer"]), "{health:?}");
        assert_eq!(Table::observing(|o| o.health = health).hint(), format!("{health:?}"));
    }
    let pulling = Table::working(WorkloadState {
        trouble: vec!["ImagePullBackOff: not found".into(), "Unschedulable: 0/3 nodes".into()],
        ..rolling()
    })
    .also(|o| (o.health, o.health_message) = (Health::Progressing, "ImagePullBackOff: not found".into()));
    assert_eq!(pulling.stage(), progressing(0, &["ImagePullBackOff: not found", "Unschedulable: 0/3 nodes"]));
    assert_eq!(pulling.hint(), "ImagePullBackOff: not found; Unschedulable: 0/3 nodes");
}

#[test]
fn a_paused_rollout_is_paused() {
    let table = Table::working(WorkloadState { replicas: 2, updated: 0, ..workload() });
    assert_eq!(table.also(|o| o.health = Health::Suspended).stage(), Stage::Paused);
    let rollout = Table::observing(|o| (o.workload, o.health) = (None, Health::Suspended));
    assert_eq!(rollout.stage(), Stage::Paused, "an Argo Rollout in the Deployment's place");
    let other = Table::working(WorkloadState { images: running("0.10.4"), ..workload() });
    assert_eq!(other.also(|o| o.health = Health::Suspended).stage(), progressing(2, &[]));
}

#[test]
fn what_differs_is_told_with_the_overrides_that_may_explain_it() {
    let table = Table::working(WorkloadState { images: running("0.10.4"), ..workload() });
    assert_eq!(table.hint(), format!("the workload has {IMAGE}:0.10.4"));
    let overridden = table.also(|o| o.overrides = vec!["images app:0.10.4".into()]);
    assert_eq!(overridden.hint(), format!("the workload has {IMAGE}:0.10.4; the Application sets images app:0.10.4"));
    assert_eq!(Table::observing(|o| (o.workload, o.images) = (None, vec![])).hint(), "the workload does not exist");
    let listed = Table::observing(|o| (o.workload, o.images) = (None, running("0.10.3")));
    assert_eq!(listed.hint(), "the workload does not exist");
}

/// Whatever Argo CD and Kubernetes say, even nonsense, a commit is never called live without proof.
#[test]
fn live_is_never_claimed_without_the_workloads_consent() {
    let standings = [Standing::Before, Standing::Exact, later()];
    let workloads =
        [None, Some(workload()), Some(rolling()), Some(WorkloadState { images: running("0.10.4"), ..workload() })];
    let mut claims = 0;
    for sync in [SyncStatus::Synced, SyncStatus::OutOfSync, SyncStatus::Unknown] {
        for health in [
            Health::Healthy,
            Health::Progressing,
            Health::Degraded,
            Health::Suspended,
            Health::Missing,
            Health::Unknown,
        ] {
            for phase in [Phase::Running, Phase::Terminating, Phase::Failed, Phase::Error, Phase::Succeeded] {
                for compared in &standings {
                    for operated in &standings {
                        for workload in &workloads {
                            for pending in [false, true] {
                                let table = Table::operating(|op| op.phase = phase)
                                    .also(|o| (o.sync, o.health, o.operation_pending) = (sync, health, pending))
                                    .also(|o| (o.workload, o.images) = (workload.clone(), vec![]))
                                    .at(compared.clone(), operated.clone());
                                let stage = table.stage();
                                let Stage::Live { superseded_by, .. } = &stage else { continue };
                                claims += 1;
                                let workload = workload.as_ref().expect("the workload is the proof");
                                assert!(workload.rolled_out() && !pending);
                                assert!(matches!(health, Health::Healthy | Health::Suspended));
                                assert!(*compared != Standing::Before);
                                assert_eq!(superseded_by.is_none(), workload.images == running("0.10.5"));
                                assert!(superseded_by.is_none() || *compared == later() || *operated == later());
                                assert!(phase == Phase::Succeeded || *operated == Standing::Before);
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(claims > 50, "the walk meets live states: {claims}");
}

#[test]
fn what_is_to_go_is_never_live() {
    assert_eq!(Table::default().wanting(Wanted::Nothing).stage(), Stage::Committed);
    assert_eq!(Table::default().also(|o| o.workload = None).wanting(Wanted::Nothing).stage(), Stage::Committed);
}
