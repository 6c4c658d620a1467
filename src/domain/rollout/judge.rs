//! The judgement of one look, by the rules for following a commit to a finished rollout.

use jiff::{SignedDuration, Timestamp};

use super::{Doubt, Hint, Judgement, Look, Running, Sign, Stage, Standing, Wanted, running_tag};
use crate::domain::{
    name::Revision,
    observation::{Health, Operation, Phase, SyncStatus, WorkloadState},
};

/// How long a bad sign that may be stale has to stay before it counts as a failure.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(20);

/// Judges one look, in the light of the doubt that the look before left.
///
/// The rules, for a commit C:
/// 1. Neither the comparison nor the operation is at C or a descendant: [`Stage::Committed`].
/// 2. An operation at C runs, waits to retry or is requested, or C is compared and not yet synced: [`Stage::Syncing`].
/// 3. An operation at C ended in Failed or Error: [`Stage::Failed`].
/// 4. It succeeded, is finished, and Argo CD has reconciled since; or C is Synced without an operation, because
///    nothing had to change: then health decides. [`Stage::Live`] is claimed only when the configured workload itself
///    is rolled out and has the wanted value, or a later commit took its place: what Argo CD lists is no proof.
/// 5. Degraded health and error conditions fail the commit once they have stayed for [`PATIENCE`], and at once when
///    the workload itself gives up the rollout of the wanted image.
///
/// [`Stage::TimedOut`] is the follower's: some states stay as they are for ever.
#[must_use]
pub fn judge(look: &Look<'_>, doubt: Option<&Doubt>) -> Judgement {
    if *look.wanted == Wanted::Nothing {
        // Whoever finds no Application has seen the end; as long as there is one, it isn't.
        return plain(Stage::Committed, Some(Hint::StillThere));
    }
    let case = Case { look, doubt, value: value_state(look) };
    match (look.compared, look.operated) {
        (Standing::Before, Standing::Before) => case.unseen(),
        (_, Standing::Before) => case.compared_only(),
        (_, Standing::Exact | Standing::Later(_)) => match &look.observation.operation {
            Some(operation) => case.operated(operation),
            None => case.compared_only(),
        },
    }
}

/// One look and what it says about the wanted value.
struct Case<'a> {
    look: &'a Look<'a>,
    doubt: Option<&'a Doubt>,
    value: ValueState,
}

/// Whether the cluster has the wanted value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueState {
    Wanted,
    Different,
    /// There is no workload to ask.
    NoWorkload,
}

impl Case<'_> {
    /// Argo CD names no revision at or after the commit.
    fn unseen(&self) -> Judgement {
        let observation = self.look.observation;
        let hint = observation.errors.first().map(|error| Hint::Message(error.clone()));
        // With a revision the comparison works, and its errors belong to that revision. Without one the manifests
        // could not be rendered, and Argo CD doesn't say of which commit.
        if observation.revision.is_none() && observation.errors.iter().any(|error| !is_passing(error)) {
            return self.doubted(Sign::UnseenError, Stage::Committed, hint);
        }
        plain(Stage::Committed, hint.or_else(|| Some(Hint::Unseen(observation.revision.clone()))))
    }

    /// The commit is compared, and no operation belongs to it.
    fn compared_only(&self) -> Judgement {
        let observation = self.look.observation;
        if observation.operation_pending || observation.operation.as_ref().is_some_and(is_running) {
            return plain(Stage::Syncing, None);
        }
        match observation.sync {
            SyncStatus::Synced => self.settled(),
            SyncStatus::OutOfSync | SyncStatus::Unknown => self.waiting_for_sync(),
        }
    }

    /// There is an operation at the commit or a later one.
    fn operated(&self, operation: &Operation) -> Judgement {
        if self.look.observation.operation_pending || is_running(operation) {
            // Between attempts the phase stays Running, with the end of the last attempt.
            let hint = if operation.phase == Phase::Running && operation.finished_at.is_some() {
                Some(Hint::WaitingToRetry(operation.message.clone()))
            } else {
                message(&operation.message)
            };
            return plain(Stage::Syncing, hint);
        }
        match operation.phase {
            Phase::Failed | Phase::Error => {
                let reason = if operation.message.is_empty() {
                    format!("operation {:?}", operation.phase)
                } else {
                    operation.message.clone()
                };
                plain(Stage::Failed { reason }, None)
            }
            Phase::Succeeded | Phase::Running | Phase::Terminating => {
                let reconciled = self.look.observation.reconciled_at;
                let seen = operation.finished_at.is_some_and(|end| reconciled.is_some_and(|at| at >= end));
                if !seen || *self.look.compared == Standing::Before {
                    // What health says is from before the operation's end.
                    return plain(self.progressing(), self.obstacle());
                }
                let newer =
                    matches!(self.look.compared, Standing::Later(_)) && self.look.compared != self.look.operated;
                let waits = newer && self.look.observation.sync != SyncStatus::Synced;
                if waits && self.value == ValueState::Different {
                    return self.waiting_for_sync();
                }
                self.settled()
            }
        }
    }

    /// The commit is seen and out of sync, and nothing runs.
    fn waiting_for_sync(&self) -> Judgement {
        let observation = self.look.observation;
        if let Some(error) = observation.errors.first() {
            return self.doubted(Sign::Error, Stage::Syncing, Some(Hint::Message(error.clone())));
        }
        let stuck = observation.sync == SyncStatus::OutOfSync && !observation.auto_sync;
        plain(Stage::Syncing, stuck.then_some(Hint::AutoSyncOff))
    }

    /// All that the commit asks of Argo CD is done: health and the workload decide.
    fn settled(&self) -> Judgement {
        let observation = self.look.observation;
        let workload = observation.workload.as_ref();
        if let Some(reason) = self.given_up() {
            return plain(Stage::Failed { reason }, None);
        }
        // An Application with a suspended resource elsewhere is Suspended for ever.
        let rolled_out = workload.is_none_or(WorkloadState::rolled_out);
        if matches!(observation.health, Health::Healthy | Health::Suspended)
            && let Some(workload) = workload
            && workload.rolled_out()
            && let Some(stage) = self.live(workload)
        {
            return plain(stage, None);
        }
        if let Some(error) = observation.errors.first() {
            return self.doubted(Sign::Error, self.progressing(), Some(Hint::Message(error.clone())));
        }
        match observation.health {
            Health::Suspended if !rolled_out || workload.is_none() => plain(Stage::Paused, None),
            // While the workload still goes on, it isn't the one that is degraded.
            Health::Degraded if rolled_out || workload.is_some_and(|w| w.deadline_exceeded.is_some()) => {
                self.doubted(Sign::Degraded, self.progressing(), self.obstacle())
            }
            _ => plain(self.progressing(), self.obstacle()),
        }
    }

    /// [`Stage::Live`], unless the cluster has another value and no later commit explains it.
    fn live(&self, workload: &WorkloadState) -> Option<Stage> {
        let superseded_by = match self.value {
            ValueState::Wanted => None,
            ValueState::Different => Some(self.later()?.clone()),
            ValueState::NoWorkload => return None,
        };
        Some(Stage::Live { ready: workload.ready, desired: workload.desired, superseded_by })
    }

    /// The later commit that was applied, or found to be in place, instead of the followed one.
    fn later(&self) -> Option<&Revision> {
        match (self.look.operated, self.look.compared) {
            (Standing::Later(revision), _) | (Standing::Before, Standing::Later(revision)) => Some(revision),
            _ => None,
        }
    }

    /// The words of Kubernetes when it has given up the rollout of the wanted image.
    ///
    /// After a change of the replica count alone the condition may be that of an earlier rollout.
    fn given_up(&self) -> Option<String> {
        let workload = self.look.observation.workload.as_ref()?;
        let reason = workload.deadline_exceeded.as_ref()?;
        let confirmed =
            workload.observed && self.value == ValueState::Wanted && matches!(self.look.wanted, Wanted::Image(..));
        confirmed.then(|| join(std::iter::once(reason).chain(&workload.trouble)))
    }

    fn progressing(&self) -> Stage {
        let Some(workload) = &self.look.observation.workload else {
            let trouble = std::iter::once(Hint::WorkloadMissing).chain(self.hints()).collect();
            return Stage::Progressing { ready: 0, desired: 0, trouble };
        };
        let ready = workload.ready_of_newest();
        Stage::Progressing { ready, desired: workload.desired, trouble: self.hints().collect() }
    }

    fn hints(&self) -> impl Iterator<Item = Hint> {
        self.trouble().into_iter().map(Hint::Message)
    }

    /// What Kubernetes and Argo CD say is wrong, each thing once.
    fn trouble(&self) -> Vec<String> {
        let observation = self.look.observation;
        let mut trouble: Vec<String> = Vec::new();
        let workload = observation.workload.iter().flat_map(|w| w.deadline_exceeded.iter().chain(&w.trouble));
        let health = (observation.health != Health::Healthy).then_some(&observation.health_message);
        for text in workload.chain(health) {
            if !text.is_empty() && !trouble.contains(text) {
                trouble.push(text.clone());
            }
        }
        trouble
    }

    /// What is in the way of an applied commit.
    fn obstacle(&self) -> Option<Hint> {
        let observation = self.look.observation;
        let workload = observation.workload.as_ref();
        match self.value {
            ValueState::NoWorkload => Some(Hint::WorkloadMissing),
            ValueState::Different if workload.is_none_or(|w| w.observed) => Some(Hint::Differs {
                running: match (self.look.wanted, workload) {
                    (Wanted::Replicas(_), Some(workload)) => Running::Replicas(workload.desired),
                    (_, workload) => Running::Images(workload.map(|w| w.images.clone()).unwrap_or_default()),
                },
                overrides: observation.overrides.clone(),
            }),
            _ => message(&join(&self.trouble())).or_else(|| {
                (observation.health != Health::Healthy).then(|| Hint::Message(format!("{:?}", observation.health)))
            }),
        }
    }

    /// A bad sign: for now it is `meanwhile`, and a failure once it has stayed.
    fn doubted(&self, sign: Sign, meanwhile: Stage, hint: Option<Hint>) -> Judgement {
        let observation = self.look.observation;
        let fresh = Doubt { sign, since: self.look.at, reconciled_at: observation.reconciled_at };
        let doubt = self.doubt.filter(|doubt| doubt.sign == sign).cloned().unwrap_or(fresh);
        // Only a second attempt of Argo CD tells a broken commit from one that it couldn't read at that moment.
        let tried_again = sign != Sign::UnseenError
            || observation.reconciled_at.is_none()
            || observation.reconciled_at != doubt.reconciled_at;
        if !tried_again || !has_passed(doubt.since, self.look.at) {
            return Judgement { stage: meanwhile, hint, doubt: Some(doubt) };
        }
        let trouble = self.trouble();
        let texts = if sign == Sign::Degraded { &trouble } else { &observation.errors };
        let reason = if texts.is_empty() { format!("{:?}", observation.health) } else { join(texts) };
        Judgement { stage: Stage::Failed { reason }, hint: None, doubt: Some(doubt) }
    }
}

fn plain(stage: Stage, hint: Option<Hint>) -> Judgement {
    Judgement { stage, hint, doubt: None }
}

fn message(text: &str) -> Option<Hint> {
    (!text.is_empty()).then(|| Hint::Message(text.to_owned()))
}

fn join<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    // Kubernetes ends some of its messages with a full stop.
    texts.into_iter().map(|text| text.trim_end_matches('.')).collect::<Vec<_>>().join("; ")
}

fn is_running(operation: &Operation) -> bool {
    matches!(operation.phase, Phase::Running | Phase::Terminating)
}

fn has_passed(since: Timestamp, at: Timestamp) -> bool {
    at.duration_since(since) >= PATIENCE
}

/// Whether an error condition tells of a server that is away, not of manifests that are wrong.
fn is_passing(error: &str) -> bool {
    ["code = Unavailable", "code = DeadlineExceeded", "context deadline exceeded", "connection refused", "i/o timeout"]
        .iter()
        .any(|words| error.contains(words))
}

/// Whether the workload has the wanted value. The images that Argo CD lists may be another workload's.
fn value_state(look: &Look<'_>) -> ValueState {
    let holds = match (look.wanted, &look.observation.workload) {
        (Wanted::Replicas(count), Some(workload)) => workload.desired == *count,
        (Wanted::Image(image, tag), Some(workload)) => running_tag(&workload.images, image) == Some(tag.as_str()),
        (Wanted::Nothing, Some(_)) => false,
        (_, None) => return ValueState::NoWorkload,
    };
    if holds { ValueState::Wanted } else { ValueState::Different }
}
