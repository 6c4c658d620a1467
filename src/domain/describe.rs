//! One pod or node in some detail.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    event::EventList,
    node::NodeReport,
    pod::{ContainerReport, Pod, PodReport, Template},
    unanswered::Unanswered,
};

/// What stands before a name that means a node and no pod: `node/NAME`.
pub const NODE: &str = "node";

/// A pod, its containers, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodDescription {
    /// The pod as in a list.
    pub pod: PodReport,
    /// Its address.
    pub ip: Option<String>,
    /// What made it, as `Kind/name`.
    pub owner: Option<String>,
    /// Its containers, the init containers first.
    pub containers: Vec<ContainerReport>,
    /// The conditions that don't hold and say why.
    pub conditions: Vec<ConditionReport>,
    /// What happened lately, or why that can't be told.
    pub events: Result<EventList, Unanswered>,
}

/// A condition that doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionReport {
    /// The type, such as `Ready`.
    pub kind: String,
    /// The reason in one word.
    pub reason: String,
    /// What it says.
    pub message: String,
}

/// A node, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeDescription {
    /// The node as in a list.
    #[serde(flatten)]
    pub node: NodeReport,
    /// Why the number of its pods isn't known, when it isn't.
    #[serde(serialize_with = "super::node::in_words", skip_serializing_if = "Option::is_none")]
    pub pods_unknown: Option<Unanswered>,
    /// What happened lately, or why that can't be told.
    pub events: Result<EventList, Unanswered>,
}

/// Describes a pod.
#[must_use]
pub fn describe_pod(pod: &Pod, events: Result<EventList, Unanswered>, now: Timestamp) -> PodDescription {
    let failing = pod.conditions.iter().filter(|condition| !condition.holds && !condition.reason.is_empty());
    // The pod of a finished job isn't ready, and needn't be.
    let failing = failing.filter(|condition| condition.reason != "PodCompleted");
    PodDescription {
        pod: PodReport::of(pod, Template::Newest, None, now),
        ip: pod.ip.clone(),
        owner: pod.owner.as_ref().map(|(kind, name)| format!("{kind}/{name}")),
        containers: ContainerReport::all(pod, now),
        conditions: failing
            .map(|condition| ConditionReport {
                kind: condition.kind.clone(),
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            })
            .collect(),
        events,
    }
}
