//! Nodes: where they are reached, whether pods can be placed there, and which of them may be cordoned.

use jiff::Timestamp;
use serde::Serialize;

use super::nearest::nearest;

mod report;
#[cfg(test)]
mod tests;

pub(in crate::domain) use report::in_words;
pub use report::{NodeChange, NodeReport, NodesReport, Page, Totals};

/// The taint by which Kubernetes carries out `spec.unschedulable`.
const CORDON_TAINT: &str = "node.kubernetes.io/unschedulable";

/// The taints by which Kubernetes carries out a Ready condition that isn't true.
const NOT_READY_TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// A node, as far as it matters for placing pods.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Node {
    /// The name.
    pub name: String,
    /// The address from outside: the first ExternalIP, otherwise the first ExternalDNS.
    pub external: Option<String>,
    /// The address inside the cluster.
    pub internal: Option<String>,
    /// The roles, from the labels.
    pub roles: Vec<String>,
    /// The kubelet's version.
    pub version: String,
    /// Why it isn't ready, in the kubelet's or the controller's word; `None` when it is.
    pub not_ready: Option<String>,
    /// Whether it is cordoned.
    pub unschedulable: bool,
    /// Who cordoned it, where that was tiphys.
    pub cordoned: Option<Mark>,
    /// Whether it is being removed from the cluster.
    pub deleting: bool,
    /// All taints.
    pub taints: Vec<Taint>,
    /// How many pods it takes.
    pub capacity: Option<u32>,
}

/// What keeps pods away from a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value, often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// What happens to pods that don't tolerate it.
    pub effect: Effect,
}

/// What happens to pods that don't tolerate a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Effect {
    /// They are placed here when there is no other node.
    PreferNoSchedule,
    /// None is placed here.
    NoSchedule,
    /// None is placed here, and those that run here are evicted.
    NoExecute,
}

/// Who changed a node through tiphys, and when: its annotations say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The person, with the account that vouches for the name.
    pub by: String,
    /// When, where the annotation holds a time.
    pub at: Option<Timestamp>,
}

/// Whether pods can be placed on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// None can.
    Closed,
    /// Only those that tolerate its taints.
    Tolerating,
    /// All can.
    Open,
}

/// Why pods can't be placed on a node, or are placed elsewhere if possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// Somebody has cordoned it.
    Cordoned,
    /// It is being removed.
    Deleting,
    /// Its Ready condition isn't true.
    NotReady {
        /// The condition's reason.
        reason: String,
    },
    /// A taint that isn't there because of one of the others.
    Taint(Taint),
}

/// What is to be done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduling {
    /// No more pods are placed there; those that run there stay.
    Cordon,
    /// Pods may be placed there again.
    Uncordon,
}

/// What a change of a node comes to before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It is to be made.
    Change(&'a Node),
    /// It is so already.
    AlreadySo(&'a Node),
    /// No ordinary pod could be placed anywhere any more: somebody has to confirm that.
    LastOpen(&'a Node),
    /// There is no such node; the nearest names.
    Unknown(Vec<String>),
}

impl Node {
    /// Whether pods can be placed here.
    #[must_use]
    pub fn placement(&self) -> Placement {
        let hindrances = self.hindrances();
        let closes = |one: &Hindrance| !matches!(one, Hindrance::Taint(_));
        let narrows = |one: &Hindrance| matches!(one, Hindrance::Taint(taint) if taint.effect.forbids());
        if hindrances.iter().any(closes) {
            Placement::Closed
        } else if hindrances.iter().any(narrows) {
            Placement::Tolerating
        } else {
            Placement::Open
        }
    }

    /// What is in the way of placing pods here, the worst first.
    #[must_use]
    pub fn hindrances(&self) -> Vec<Hindrance> {
        let mut hindrances = Vec::new();
        if let Some(reason) = &self.not_ready {
            hindrances.push(Hindrance::NotReady { reason: reason.clone() });
        }
        if self.deleting {
            hindrances.push(Hindrance::Deleting);
        }
        if self.unschedulable {
            hindrances.push(Hindrance::Cordoned);
        }
        let told = |taint: &Taint| {
            taint.key == CORDON_TAINT && self.unschedulable
                || NOT_READY_TAINTS.contains(&taint.key.as_str()) && self.not_ready.is_some()
        };
        let mut taints: Vec<Taint> = self.taints.iter().filter(|taint| !told(taint)).cloned().collect();
        taints.sort_by(|a, b| b.effect.cmp(&a.effect).then_with(|| a.cmp(b)));
        hindrances.extend(taints.into_iter().map(Hindrance::Taint));
        hindrances
    }
}

impl Effect {
    /// Whether no pod is placed that doesn't tolerate the taint.
    #[must_use]
    pub fn forbids(self) -> bool {
        !matches!(self, Self::PreferNoSchedule)
    }

    /// The effect that Kubernetes calls so.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "PreferNoSchedule" => Some(Self::PreferNoSchedule),
            "NoSchedule" => Some(Self::NoSchedule),
            "NoExecute" => Some(Self::NoExecute),
            _ => None,
        }
    }

    /// Kubernetes' word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoSchedule => "NoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl Scheduling {
    /// The command's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cordon => "cordon",
            Self::Uncordon => "uncordon",
        }
    }
}

/// Decides on a change of the node of this name.
///
/// Nodes that only pods with tolerations can be placed on don't count as a place for the others, and a node that is
/// closed or kept for them anyhow takes no place away.
#[must_use]
pub fn decide<'a>(nodes: &'a [Node], name: &str, change: Scheduling, confirmed: bool) -> Decision<'a> {
    let Some(node) = nodes.iter().find(|node| node.name == name) else {
        return Decision::Unknown(nearest(name, nodes.iter().map(|node| node.name.as_str())));
    };
    if node.unschedulable == (change == Scheduling::Cordon) {
        return Decision::AlreadySo(node);
    }
    let is_open = |node: &Node| node.placement() == Placement::Open;
    let another = || nodes.iter().any(|other| other.name != node.name && is_open(other));
    if change == Scheduling::Cordon && !confirmed && is_open(node) && !another() {
        return Decision::LastOpen(node);
    }
    Decision::Change(node)
}

/// Puts nodes in the order in which they are looked at: those that take no pods first, then by name, numbers in it as
/// numbers.
pub fn sort(nodes: &mut [Node]) {
    nodes.sort_by_cached_key(|node| (node.placement(), natural(&node.name)));
}

/// A name with its numbers as numbers: `worker-9` comes before `worker-10`.
fn natural(name: &str) -> Vec<(String, u64, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(end);
        parts.push((text.to_owned(), digits.parse().unwrap_or(u64::MAX), digits.to_owned()));
        rest = after;
    }
    parts
}
