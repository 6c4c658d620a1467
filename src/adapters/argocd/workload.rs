//! A Deployment, its ReplicaSets, pods and autoscalers: what is read out of them.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, ReplicaSet},
        autoscaling::v2::HorizontalPodAutoscaler,
        core::v1::{ContainerStatus, Pod, PodTemplateSpec},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::error::short;
use crate::domain::observation::WorkloadState;

/// The most reasons that are passed on.
const MAX_REASONS: usize = 5;
/// The Deployment controller's number of a template, on the Deployment and on its ReplicaSets.
const TEMPLATE: &str = "deployment.kubernetes.io/revision";

/// The Deployment's rollout; `trouble` is filled in by [`trouble`], and `serving` before the rollout's end by [`serving`].
pub(super) fn state(deployment: &Deployment) -> WorkloadState {
    let spec = deployment.spec.as_ref();
    let status = deployment.status.as_ref();
    let count = |number: Option<i32>| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let images = images(spec.map(|spec| &spec.template));
    let mut state = WorkloadState {
        // Kubernetes' default where none is set.
        desired: spec.map_or(0, |spec| count(spec.replicas.or(Some(1)))),
        replicas: count(status.and_then(|status| status.replicas)),
        updated: count(status.and_then(|status| status.updated_replicas)),
        ready: count(status.and_then(|status| status.ready_replicas)),
        available: count(status.and_then(|status| status.available_replicas)),
        observed: status.and_then(|status| status.observed_generation).unwrap_or(0)
            >= deployment.metadata.generation.unwrap_or(0),
        deadline_exceeded: condition(deployment, "Progressing", "False")
            .filter(|(reason, _)| *reason == "ProgressDeadlineExceeded")
            .map(|(reason, message)| short(if message.is_empty() { reason } else { message })),
        images,
        serving: None,
        trouble: Vec::new(),
    };
    if state.rolled_out() {
        state.serving = Some(if state.ready > 0 { vec![state.images.clone()] } else { Vec::new() });
    }
    state
}

/// The images of each template of the Deployment with ready pods, by its ReplicaSets; each once.
pub(super) fn serving(deployment: &Deployment, replica_sets: &[ReplicaSet]) -> Vec<Vec<String>> {
    let mut serving: Vec<Vec<String>> = Vec::new();
    for set in own(deployment, replica_sets) {
        let ready = set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        let images = images(set.spec.as_ref().and_then(|spec| spec.template.as_ref()));
        if ready > 0 && !serving.contains(&images) {
            serving.push(images);
        }
    }
    serving
}

fn images(template: Option<&PodTemplateSpec>) -> Vec<String> {
    let pods = template.and_then(|template| template.spec.as_ref());
    pods.iter().flat_map(|pods| &pods.containers).filter_map(|container| container.image.clone()).collect()
}

/// Why pods are not ready: each reason once, at most [`MAX_REASONS`].
pub(super) fn trouble(deployment: &Deployment, pods: &[Pod]) -> Vec<String> {
    let mut reasons: Vec<Reason> = Vec::new();
    // A quota or an admission rule keeps pods from being made at all.
    reasons
        .extend(condition(deployment, "ReplicaFailure", "True").map(|(reason, message)| Reason::new(reason, message)));
    for pod in pods {
        reasons.extend(pod_reasons(pod));
    }
    let mut trouble: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for reason in reasons {
        if !seen.contains(&reason.key) && trouble.len() < MAX_REASONS {
            trouble.push(reason.text());
            seen.push(reason.key);
        }
    }
    trouble
}

/// The ReplicaSets of the Deployment's newest template, by uid; all of its own when it can't be told.
pub(super) fn newest_replica_sets<'a>(deployment: &Deployment, replica_sets: &'a [ReplicaSet]) -> Vec<&'a str> {
    let template = annotation(&deployment.metadata);
    let own = || own(deployment, replica_sets);
    let newest: Vec<&ReplicaSet> =
        own().filter(|set| template.is_some() && annotation(&set.metadata) == template).collect();
    let chosen = if newest.is_empty() { own().collect() } else { newest };
    chosen.into_iter().filter_map(|set| set.metadata.uid.as_deref()).collect()
}

/// The ReplicaSets that the Deployment controls.
fn own<'a>(deployment: &Deployment, replica_sets: &'a [ReplicaSet]) -> impl Iterator<Item = &'a ReplicaSet> {
    let uid = deployment.metadata.uid.clone();
    replica_sets.iter().filter(move |set| uid.is_some() && controller(&set.metadata) == uid.as_deref())
}

/// The uid of the object that controls this one.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<&str> {
    let owners = metadata.owner_references.as_deref()?;
    owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
}

/// Whether the autoscaler scales the Deployment of that name.
pub(super) fn is_scaled_by(autoscaler: &HorizontalPodAutoscaler, deployment: &str) -> bool {
    autoscaler.spec.as_ref().is_some_and(|spec| {
        let target = &spec.scale_target_ref;
        target.kind == "Deployment" && target.name == deployment
    })
}

/// One reason; pods with equal keys have the same one, though their messages name the pod.
struct Reason {
    key: String,
    message: String,
}

impl Reason {
    fn new(reason: &str, message: &str) -> Self {
        Self { key: short(reason), message: short(message) }
    }

    fn text(&self) -> String {
        if self.message.is_empty() { self.key.clone() } else { format!("{}: {}", self.key, self.message) }
    }
}

fn pod_reasons(pod: &Pod) -> Vec<Reason> {
    // A pod that is being deleted is on its way out, and no more a trouble.
    let Some(status) = pod.status.as_ref().filter(|_| pod.metadata.deletion_timestamp.is_none()) else {
        return Vec::new();
    };
    let mut reasons = Vec::new();
    if let Some(reason) = status.reason.as_deref().filter(|_| status.phase.as_deref() == Some("Failed")) {
        reasons.push(Reason::new(reason, status.message.as_deref().unwrap_or_default()));
    }
    let unschedulable = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    });
    if let Some(condition) = unschedulable {
        reasons.push(Reason::new("Unschedulable", condition.message.as_deref().unwrap_or_default()));
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    reasons.extend(containers.filter_map(container_reason));
    reasons
}

fn container_reason(container: &ContainerStatus) -> Option<Reason> {
    let state = container.state.as_ref();
    let last = container.last_state.as_ref().and_then(|last| last.terminated.as_ref());
    if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        return match reason {
            "" | "ContainerCreating" | "PodInitializing" => None,
            // Its message names the pod and the delay; how the container ended says more.
            "CrashLoopBackOff" => {
                let end = last.map(|last| ending(last.reason.as_deref(), last.exit_code)).unwrap_or_default();
                Some(Reason::new(reason, &end))
            }
            _ => Some(Reason::new(reason, waiting.message.as_deref().unwrap_or_default())),
        };
    }
    if let Some(ended) = state.and_then(|state| state.terminated.as_ref()) {
        let failed = ended.exit_code != 0;
        return failed.then(|| Reason::new(&ending(ended.reason.as_deref(), ended.exit_code), ""));
    }
    // It runs again, but the kernel has killed it before.
    let killed = !container.ready && last.is_some_and(|last| last.reason.as_deref() == Some("OOMKilled"));
    killed.then(|| Reason::new("OOMKilled", ""))
}

/// How a container ended: `OOMKilled`, or its exit code.
fn ending(reason: Option<&str>, exit_code: i32) -> String {
    match reason {
        Some(reason) if !matches!(reason, "" | "Error" | "Completed") => reason.to_owned(),
        _ => format!("exit code {exit_code}"),
    }
}

/// Reason and message of the condition of that type with that status.
fn condition<'a>(deployment: &'a Deployment, kind: &str, status: &str) -> Option<(&'a str, &'a str)> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| condition.type_ == kind && condition.status == status)?;
    Some((condition.reason.as_deref().unwrap_or_default(), condition.message.as_deref().unwrap_or_default()))
}

fn annotation(metadata: &ObjectMeta) -> Option<&String> {
    metadata.annotations.as_ref()?.get(TEMPLATE)
}
