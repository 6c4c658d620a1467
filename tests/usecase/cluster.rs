//! A cluster that follows a script: what a look sees depends on the time since the first one.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tiphys::{
    domain::{
        catalogue::{Environment, Workload},
        name::Revision,
        observation::{Health, Observation, Operation, Phase, SyncStatus, WorkloadState},
    },
    ports::{Cluster, ClusterError},
};
use tokio::time::Instant;

use super::world::IMAGE;

type Look = Result<Observation, ClusterError>;

pub(crate) struct Script {
    start: Mutex<Option<Instant>>,
    look: Mutex<Box<dyn FnMut(u64) -> Look + Send>>,
    pub(crate) looks: AtomicUsize,
    pub(crate) refreshes: AtomicUsize,
    /// The most looks that were under way at once.
    pub(crate) at_once: AtomicUsize,
    under_way: AtomicUsize,
    pub(crate) takes: Duration,
}

impl Script {
    /// A cluster in which a look, so many seconds after the first one, sees this.
    pub(crate) fn new(look: impl FnMut(u64) -> Look + Send + 'static) -> Self {
        Self {
            start: Mutex::default(),
            look: Mutex::new(Box::new(look)),
            looks: AtomicUsize::new(0),
            refreshes: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            takes: Duration::ZERO,
        }
    }
}

#[async_trait]
impl Cluster for Script {
    async fn observe(&self, _: &Environment) -> Look {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let start = *self.start.lock().unwrap().get_or_insert_with(Instant::now);
        (self.look.lock().unwrap())(start.elapsed().as_secs())
    }

    async fn refresh(&self, _: &Environment) -> Result<(), ClusterError> {
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn autoscaler(&self, _: &Workload) -> Result<Option<String>, ClusterError> {
        Ok(None)
    }
}

/// An Application at a revision with nothing going on, which runs this tag in two pods.
pub(crate) fn quiet(revision: Option<Revision>, tag: &str) -> Observation {
    Observation {
        sync: SyncStatus::Synced,
        revision,
        operation: None,
        operation_pending: false,
        reconciled_at: Some(Timestamp::UNIX_EPOCH),
        health: Health::Healthy,
        health_message: String::new(),
        health_since: None,
        errors: vec![],
        images: vec![],
        overrides: vec![],
        auto_sync: true,
        workload: Some(WorkloadState {
            desired: 2,
            replicas: 2,
            updated: 2,
            ready: 2,
            available: 2,
            observed: true,
            deadline_exceeded: None,
            images: vec![format!("{IMAGE}:{tag}")],
            serving: Some(vec![vec![format!("{IMAGE}:{tag}")]]),
            trouble: vec![],
        }),
    }
}

/// The same with a finished operation at that revision.
pub(crate) fn synced(revision: &Revision, tag: &str) -> Observation {
    let end = Some(Timestamp::UNIX_EPOCH);
    Observation { operation: Some(operation(revision, Phase::Succeeded, end)), ..quiet(Some(revision.clone()), tag) }
}

pub(crate) fn operation(revision: &Revision, phase: Phase, finished_at: Option<Timestamp>) -> Operation {
    let revision = Some(revision.clone());
    Operation { phase, message: String::new(), revision, started_at: None, finished_at }
}

/// Pods of the new template come up: so many are ready.
pub(crate) fn coming_up(revision: &Revision, tag: &str, ready: u32) -> Observation {
    let mut look = synced(revision, tag);
    look.health = Health::Progressing;
    if let Some(workload) = &mut look.workload {
        (workload.ready, workload.available) = (ready, ready);
    }
    look
}

pub(crate) fn away<T>() -> Result<T, ClusterError> {
    Err(ClusterError::Unavailable("connection refused".into()))
}

pub(crate) fn missing<T>() -> Result<T, ClusterError> {
    let (namespace, name) = ("argocd".into(), "refinery-prod".into());
    Err(ClusterError::NotFound { kind: "Application", namespace, name })
}
