//! What the cluster says about one site at one moment, in the words of Argo CD and Kubernetes.

use jiff::Timestamp;
use serde::Serialize;

use super::name::Revision;

/// One look at an Argo CD Application and the workload behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// `status.sync.status`.
    pub sync: SyncStatus,
    /// `status.sync.revision`, or the one of `status.sync.revisions` that belongs to the manifests repository.
    pub revision: Option<Revision>,
    /// `status.operationState`.
    pub operation: Option<Operation>,
    /// Whether `.operation` is set: an operation is waiting or running.
    pub operation_pending: bool,
    /// `status.reconciledAt`.
    pub reconciled_at: Option<Timestamp>,
    /// `status.health.status`.
    pub health: Health,
    /// `status.health.message`, or else what unhealthy resources say; empty when there is none.
    pub health_message: String,
    /// `status.health.lastTransitionTime`, where Argo CD gives it.
    pub health_since: Option<Timestamp>,
    /// The conditions whose type ends in `Error`, as `Type: message`.
    pub errors: Vec<String>,
    /// `status.summary.images`.
    pub images: Vec<String>,
    /// `spec.source.kustomize.images` and `.replicas`, which are applied after the commit's, as `image name:tag` and
    /// `replicas name=count`; [`super::rollout::overriding`] finds those that matter to a commit.
    pub overrides: Vec<String>,
    /// Whether `spec.syncPolicy.automated` is on.
    pub auto_sync: bool,
    /// The workload, when it exists.
    pub workload: Option<WorkloadState>,
}

/// `status.sync.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "Argo CD's own words")]
pub enum SyncStatus {
    Synced,
    OutOfSync,
    Unknown,
}

/// `status.health.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "Argo CD's own words")]
pub enum Health {
    Healthy,
    Progressing,
    Degraded,
    Suspended,
    Missing,
    Unknown,
}

/// `status.operationState`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// `phase`.
    pub phase: Phase,
    /// `message`, empty when there is none.
    pub message: String,
    /// The revision that it syncs: `syncResult.revision(s)`, before there is a result `operation.sync.revision`.
    pub revision: Option<Revision>,
    /// `startedAt`.
    pub started_at: Option<Timestamp>,
    /// `finishedAt`.
    pub finished_at: Option<Timestamp>,
}

/// `status.operationState.phase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "Argo CD's own words")]
pub enum Phase {
    Running,
    Terminating,
    Failed,
    Error,
    Succeeded,
}

/// A Deployment's rollout, from its spec and status.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct WorkloadState {
    /// `spec.replicas`.
    pub desired: u32,
    /// `status.replicas`.
    pub replicas: u32,
    /// `status.updatedReplicas`.
    pub updated: u32,
    /// `status.readyReplicas`.
    pub ready: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// `status.observedGeneration >= metadata.generation`.
    pub observed: bool,
    /// The message of a `Progressing` condition with reason `ProgressDeadlineExceeded`.
    pub deadline_exceeded: Option<String>,
    /// The images of the pod template's containers.
    pub images: Vec<String>,
    /// The images of each template that has ready pods, the newest as well as older ones; `None` when that can't be read.
    pub serving: Option<Vec<Vec<String>>>,
    /// Why pods are not ready, such as `ImagePullBackOff: …`; each reason once.
    pub trouble: Vec<String>,
}

impl WorkloadState {
    /// Pods of older templates.
    #[must_use]
    pub fn old(&self) -> u32 {
        self.replicas.saturating_sub(self.updated)
    }

    /// Whether the newest template runs completely (the rule of `kubectl rollout status`).
    #[must_use]
    pub fn rolled_out(&self) -> bool {
        self.observed
            && self.deadline_exceeded.is_none()
            && self.updated >= self.desired
            && self.replicas == self.updated
            && self.available >= self.updated
    }

    /// How many pods of the newest template are surely ready: `readyReplicas` counts those of older ones as well.
    #[must_use]
    pub fn ready_of_newest(&self) -> u32 {
        self.ready.saturating_sub(self.old()).min(self.updated)
    }
}
