//! Tables of looks and what they come to.

use jiff::Timestamp;

use super::*;
use crate::domain::observation::{Health, Operation, Phase, SyncStatus, WorkloadState};
mod applied;
mod failing;

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
        serving: None,
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

/// Applied, and the configured workload isn't there.
fn missing() -> Stage {
    Stage::Progressing { ready: 0, desired: 0, trouble: vec![Hint::WorkloadMissing] }
}

fn progressing(ready: u32, trouble: &[&str]) -> Stage {
    Stage::Progressing { ready, desired: 2, trouble: trouble.iter().map(|&t| Hint::Message(t.to_owned())).collect() }
}
