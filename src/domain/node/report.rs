//! What is told of nodes.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::domain::unanswered::Unanswered;

use super::{Hindrance, Mark, Node, Placement, Scheduling};

/// The nodes of the cluster, or a page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodesReport {
    /// Those that are shown: the ones that take no pods first.
    pub nodes: Vec<NodeReport>,
    /// How many there are in all, by what can be placed on them.
    pub total: Totals,
    /// The page, where there are several.
    pub page: Option<Page>,
    /// The page that was asked for, when there are fewer: the last one is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond: Option<u32>,
    /// Why the pods on them aren't known, when they aren't.
    #[serde(serialize_with = "in_words")]
    pub pods_unknown: Option<Unanswered>,
    /// Whether somebody who reads this may cordon and uncordon.
    pub may_change: bool,
}

/// A fault as its text.
pub(in crate::domain) fn in_words<S: Serializer>(fault: &Option<Unanswered>, to: S) -> Result<S::Ok, S::Error> {
    fault.as_ref().map(ToString::to_string).serialize(to)
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// The node.
    #[serde(flatten)]
    pub node: Node,
    /// Whether pods can be placed there.
    pub placement: Placement,
    /// What is in the way of that, or makes it a second choice.
    pub hindrances: Vec<Hindrance>,
    /// How many pods that haven't ended are on it, when that is known.
    pub pods: Option<u32>,
    /// Time since somebody cordoned it through tiphys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cordoned_since: Option<Duration>,
}

/// Numbers of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// Every pod can be placed there.
    pub open: usize,
    /// Only pods that tolerate their taints can.
    pub tolerating: usize,
    /// No pod can.
    pub closed: usize,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// What became of cordoning or uncordoning a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeChange {
    /// The node as it is now.
    pub node: Node,
    /// What was asked for.
    pub change: Scheduling,
    /// Whether it was so already, and nothing was changed.
    pub already_so: bool,
    /// What keeps pods away from it all the same.
    pub hindrances: Vec<Hindrance>,
    /// On how many nodes every pod can be placed now.
    pub open: usize,
    /// Who did it, when it was so already and tiphys knows.
    pub earlier: Option<Mark>,
    /// Time since then.
    pub since: Option<Duration>,
    /// Whether somebody who reads this may undo it.
    pub may_change: bool,
}

impl NodeReport {
    /// A node and what follows from its state; `pods` is how many are on it, when that is known.
    #[must_use]
    pub fn of(node: Node, pods: Option<u32>, now: Timestamp) -> Self {
        let since = |mark: &Mark| Duration::try_from(now.duration_since(mark.at?)).ok();
        Self {
            placement: node.placement(),
            hindrances: node.hindrances(),
            pods,
            cordoned_since: node.cordoned.as_ref().and_then(since),
            node,
        }
    }
}

impl Totals {
    /// Counts nodes.
    #[must_use]
    pub fn of(nodes: &[Node]) -> Self {
        let mut totals = Self::default();
        for node in nodes {
            match node.placement() {
                Placement::Open => totals.open += 1,
                Placement::Tolerating => totals.tolerating += 1,
                Placement::Closed => totals.closed += 1,
            }
        }
        totals
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> usize {
        self.open + self.tolerating + self.closed
    }
}
