//! Tables of looks and what they come to.

use jiff::Timestamp;

use super::*;
use crate::domain::observation::{Health, Operation, Phase, SyncStatus, WorkloadState};

const IMAGE: &str = "registry.example.org/team/oil-refinery-application";

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn revision(digit: char) -> Revision {
    Revision::new(digit.to_string().repeat(40)).expect("valid")
}

fn later() -> Standing {
    Standing::Later(revision('d'))
}

fn running(tag: &str) -> Vec<String> {
    vec![format!("{IMAGE}:{tag}")]
}

fn wanted() -> Wanted {
    Wanted::of(&ImageName::new(IMAGE).expect("valid"), &Mutation::Deploy(Tag::new("0.10.5").expect("valid")))
}

/// A commit that is live: the tables change single fields of it.
fn live() -> Observation {
    Observation {
        sync: SyncStatus::Synced,
        revision: Some(revision('c')),
        operation: Some(Operation {
            phase: Phase::Succeeded,
            message: "successfully synced (all tasks run)".into(),
            revision: Some(revision('c')),
            started_at: Some(time(10)),
            finished_at: Some(time(11)),
        }),
        operation_pending: false,
        reconciled_at: Some(time(11)),
        health: Health::Healthy,
        health_message: String::new(),
        health_since: None,
        errors: vec![],
        images: running("0.10.5"),
        overrides: vec![],
        auto_sync: true,
        workload: Some(workload()),
    }
}

fn workload() -> WorkloadState {
    WorkloadState {
        desired: 2,
        replicas: 2,
        updated: 2,
        ready: 2,
        available: 2,
        observed: true,
        deadline_exceeded: None,
        images: running("0.10.5"),
        trouble: vec![],
    }
}

/// Two old pods are ready, one new pod isn't.
fn rolling() -> WorkloadState {
    WorkloadState { replicas: 3, updated: 1, ready: 2, available: 2, ..workload() }
}

struct Table {
    base: Observation,
    compared: Standing,
    operated: Standing,
    wanted: Wanted,
}

impl Default for Table {
    fn default() -> Self {
        Self { base: live(), compared: Standing::Exact, operated: Standing::Exact, wanted: wanted() }
    }
}

impl Table {
    fn observing(change: impl FnOnce(&mut Observation)) -> Self {
        let mut table = Self::default();
        change(&mut table.base);
        table
    }

    fn operating(change: impl FnOnce(&mut Operation)) -> Self {
        Self::observing(|o| change(o.operation.as_mut().expect("the base has one")))
    }

    fn working(workload: WorkloadState) -> Self {
        Self::observing(|o| o.workload = Some(workload))
    }

    fn at(mut self, compared: Standing, operated: Standing) -> Self {
        (self.compared, self.operated) = (compared, operated);
        self
    }

    fn also(mut self, change: impl FnOnce(&mut Observation)) -> Self {
        change(&mut self.base);
        self
    }

    fn wanting(mut self, wanted: Wanted) -> Self {
        self.wanted = wanted;
        self
    }

    fn look(&self, at: i64, doubt: Option<&Doubt>) -> Judgement {
        let look = Look {
            at: time(at),
            observation: &self.base,
            compared: &self.compared,
            operated: &self.operated,
            wanted: &self.wanted,
        };
        judge(&look, doubt)
    }

    fn stage(&self) -> Stage {
        self.look(20, None).stage
    }

    fn hint(&self) -> String {
        self.look(20, None).hint.map(|hint| hint.to_string()).unwrap_or_default()
    }

    /// The judgement of the same state `seconds` after it was first seen.
    fn after(&self, seconds: i64) -> Stage {
        let first = self.look(20, None);
        assert!(!first.stage.is_final(), "not at first sight: {:?}", first.stage);
        let middle = self.look(20 + seconds / 2, first.doubt.as_ref());
        self.look(20 + seconds, middle.doubt.as_ref()).stage
    }
}

fn live_stage() -> Stage {
    Stage::Live { ready: 2, desired: 2, superseded_by: None }
}

fn failed(reason: &str) -> Stage {
    Stage::Failed { reason: reason.into() }
}

fn progressing(ready: u32, trouble: &[&str]) -> Stage {
    Stage::Progressing { ready, desired: 2, trouble: trouble.iter().map(|&t| t.to_owned()).collect() }
}

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
            "applied, no workload, Argo CD lists the image",
            Table::observing(|o| o.workload = None),
            Stage::Live { ready: 0, desired: 0, superseded_by: None },
        ),
        (
            "applied, no workload, Argo CD lists another image",
            Table::observing(|o| (o.workload, o.images) = (None, running("0.10.4"))),
            Stage::Progressing { ready: 0, desired: 0, trouble: vec![] },
        ),
        (
            "applied, no workload and no images",
            Table::observing(|o| (o.workload, o.images) = (None, vec![])),
            Stage::Progressing { ready: 0, desired: 0, trouble: vec![] },
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
        (
            "no workload to count",
            three().also(|o| o.workload = None),
            Stage::Progressing { ready: 0, desired: 0, trouble: vec![] },
        ),
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
    let words = "ReplicaSet \"a-1\" has timed out progressing.; CrashLoopBackOff";
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

#[test]
fn what_differs_is_told_with_the_overrides_that_may_explain_it() {
    let table = Table::working(WorkloadState { images: running("0.10.4"), ..workload() });
    assert_eq!(table.hint(), format!("the workload has {IMAGE}:0.10.4"));
    let overridden = table.also(|o| o.overrides = vec!["images app:0.10.4".into()]);
    assert_eq!(overridden.hint(), format!("the workload has {IMAGE}:0.10.4; the Application sets images app:0.10.4"));
    assert_eq!(Table::observing(|o| (o.workload, o.images) = (None, vec![])).hint(), "the workload does not exist");
    let listed = Table::observing(|o| (o.workload, o.images) = (None, running("0.10.3")));
    assert_eq!(listed.hint(), format!("the workload has {IMAGE}:0.10.3"));
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
