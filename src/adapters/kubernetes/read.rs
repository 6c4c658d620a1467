//! From the API's pods to the domain's.

use jiff::Timestamp;
use k8s_openapi::{api::core::v1 as api, apimachinery::pkg::apis::meta::v1::Time};

use super::fleet::controller;
use crate::domain::pod::{Container, ContainerState, ContainerStatus, Pod, PodCondition, Termination};

/// The container that `kubectl logs` takes when none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// What is needed of a pod.
pub(super) fn pod(pod: api::Pod) -> Pod {
    let owner = controller(&pod.metadata);
    let owner_uid = owner.map(|owner| owner.uid.clone());
    let owner = owner.map(|owner| (owner.kind.clone(), owner.name.clone()));
    let metadata = pod.metadata;
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();
    Pod {
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
        created_at: time(metadata.creation_timestamp),
        deleting: metadata.deletion_timestamp.is_some(),
        owner,
        owner_uid,
        default_container: metadata.annotations.and_then(|mut annotations| annotations.remove(DEFAULT_CONTAINER)),
        node: spec.node_name.filter(|node| !node.is_empty()),
        ip: status.pod_ip.filter(|ip| !ip.is_empty()),
        phase: status.phase.unwrap_or_default(),
        reason: status.reason.unwrap_or_default(),
        message: status.message.unwrap_or_default(),
        conditions: status.conditions.into_iter().flatten().map(condition).collect(),
        init_containers: spec.init_containers.into_iter().flatten().map(container).collect(),
        containers: spec.containers.into_iter().map(container).collect(),
        init_statuses: status.init_container_statuses.into_iter().flatten().map(container_status).collect(),
        statuses: status.container_statuses.into_iter().flatten().map(container_status).collect(),
    }
}

fn condition(condition: api::PodCondition) -> PodCondition {
    PodCondition {
        kind: condition.type_,
        holds: condition.status == "True",
        reason: condition.reason.unwrap_or_default(),
        message: condition.message.unwrap_or_default(),
    }
}

fn container(container: api::Container) -> Container {
    let limits = container.resources.and_then(|resources| resources.limits);
    Container {
        name: container.name,
        image: container.image.unwrap_or_default(),
        restartable: container.restart_policy.as_deref() == Some("Always"),
        memory_limit: limits.and_then(|mut limits| limits.remove("memory")).map(|quantity| quantity.0),
    }
}

fn container_status(status: api::ContainerStatus) -> ContainerStatus {
    ContainerStatus {
        name: status.name,
        ready: status.ready,
        started: status.started == Some(true),
        restarts: u32::try_from(status.restart_count).unwrap_or(0),
        state: state(status.state.unwrap_or_default()),
        last: status.last_state.and_then(|last| last.terminated).map(termination),
    }
}

fn state(state: api::ContainerState) -> ContainerState {
    if let Some(waiting) = state.waiting {
        let (reason, message) = (waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default());
        return ContainerState::Waiting { reason, message };
    }
    if let Some(end) = state.terminated {
        return ContainerState::Terminated(termination(end));
    }
    state.running.map_or(ContainerState::None, |running| ContainerState::Running { since: time(running.started_at) })
}

fn termination(end: api::ContainerStateTerminated) -> Termination {
    Termination {
        exit_code: end.exit_code,
        signal: end.signal.unwrap_or(0),
        reason: end.reason.unwrap_or_default(),
        message: end.message.unwrap_or_default(),
        finished_at: time(end.finished_at),
    }
}

fn time(time: Option<Time>) -> Option<Timestamp> {
    time.map(|time| time.0)
}
