//! A pod as the Kubernetes API shows it; [`judge()`] tells what that comes to.

mod find;
mod judge;
mod report;
#[cfg(test)]
mod tests;
mod why;

use jiff::Timestamp;
use serde::Serialize;

pub use find::{Found, PodAsked, PodName, PodUnclear, find, resembles};
pub use judge::{Condition, Judgement, judge};
pub(in crate::domain) use report::since;
pub use report::{ContainerReport, Ending, PodList, PodReport, PodsReport, Template, ending, image_tag, pods_report};
pub use why::{End, Why};

/// What matters of a pod's spec and status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pod {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<Timestamp>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// The controlling owner's kind and name.
    pub owner: Option<(String, String)>,
    /// The controlling owner's uid.
    pub owner_uid: Option<String>,
    /// The annotation `kubectl.kubernetes.io/default-container`.
    pub default_container: Option<String>,
    /// `spec.nodeName`, once it has a node.
    pub node: Option<String>,
    /// `status.podIP`.
    pub ip: Option<String>,
    /// `status.phase`: Pending, Running, Succeeded, Failed, Unknown.
    pub phase: String,
    /// `status.reason`, empty when there is none.
    pub reason: String,
    /// `status.message`, empty when there is none.
    pub message: String,
    /// `status.conditions`.
    pub conditions: Vec<PodCondition>,
    /// `spec.initContainers`.
    pub init_containers: Vec<Container>,
    /// `spec.containers`.
    pub containers: Vec<Container>,
    /// `status.initContainerStatuses`, in the order of the API.
    pub init_statuses: Vec<ContainerStatus>,
    /// `status.containerStatuses`, in the order of the API.
    pub statuses: Vec<ContainerStatus>,
}

/// One of `status.conditions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodCondition {
    /// `type`, such as `Ready`.
    pub kind: String,
    /// Whether `status` is `True`.
    pub holds: bool,
    /// `reason`, empty when there is none.
    pub reason: String,
    /// `message`, empty when there is none.
    pub message: String,
}

/// A container of the spec.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image, with tag or digest.
    pub image: String,
    /// Whether `restartPolicy` is `Always`: an init container with it is a sidecar that goes on running.
    pub restartable: bool,
    /// `resources.limits.memory`, as written.
    pub memory_limit: Option<String>,
}

/// What the kubelet says of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerStatus {
    /// The container's name.
    pub name: String,
    /// `ready`.
    pub ready: bool,
    /// Whether `started` is true: the startup probe has passed.
    pub started: bool,
    /// `restartCount`.
    pub restarts: u32,
    /// `state`.
    pub state: ContainerState,
    /// `lastState.terminated`: how the run before this one ended.
    pub last: Option<Termination>,
}

/// `state` of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ContainerState {
    /// None of the three is set, which stands for waiting.
    #[default]
    None,
    /// It hasn't started.
    Waiting {
        /// `reason`, such as `ImagePullBackOff`; empty when there is none.
        reason: String,
        /// `message`, empty when there is none.
        message: String,
    },
    /// It runs.
    Running {
        /// `startedAt`.
        since: Option<Timestamp>,
    },
    /// It has ended.
    Terminated(Termination),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Termination {
    /// `exitCode`.
    pub exit_code: i32,
    /// `signal`, 0 when none is told.
    pub signal: i32,
    /// `reason`, such as `OOMKilled`; empty when there is none.
    pub reason: String,
    /// `message`: the end of what the container left in its termination log; empty when there is none.
    pub message: String,
    /// `finishedAt`.
    pub finished_at: Option<Timestamp>,
}

/// A Deployment with the ReplicaSets and pods that belong to it by their owner references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fleet {
    /// `spec.replicas`.
    pub desired: u32,
    /// The Deployment's uid.
    pub uid: String,
    /// Its ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// Their pods.
    pub pods: Vec<Pod>,
    /// Why no more pods are made: the message of the condition `ReplicaFailure`, such as an exceeded quota.
    pub cannot_create: Option<String>,
}

/// A ReplicaSet of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSet {
    /// The name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Whether it has the Deployment's newest template.
    pub newest: bool,
}

impl Pod {
    /// The status of a container or init container, as the kubelet gives it.
    #[must_use]
    pub fn status_of(&self, container: &str) -> Option<&ContainerStatus> {
        self.statuses.iter().chain(&self.init_statuses).find(|status| status.name == container)
    }

    /// The containers that run side by side: those of the spec and the sidecars among the init containers.
    pub fn running_containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().chain(self.init_containers.iter().filter(|container| container.restartable))
    }

    /// The condition of that type.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&PodCondition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}
