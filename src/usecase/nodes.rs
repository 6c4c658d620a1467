//! `/get_nodes`, `/cordon` and `/uncordon`.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use super::{request::Request, service::Service};
use crate::{
    domain::{
        actor::{Actor, Place, Right},
        answer::{Answer, Applied, Failure, FailureKind, Refusal},
        command::Operation,
        node::{Decision, Mark, Node, NodeChange, NodeReport, NodesReport, Page, Scheduling, Totals, decide, sort},
        unanswered::Unanswered,
    },
    ports::Nodes,
};

/// How many nodes a page of a chat has.
const PAGE: usize = 10;

impl Service {
    /// The nodes; in a chat those of one page.
    pub(super) async fn nodes(&self, page: Option<u32>, place: Place) -> Answer {
        let Some(port) = &self.0.nodes else { return Answer::Nodes(Err(Unanswered::NotConfigured)) };
        let (nodes, pods) = tokio::join!(port.nodes(), port.pods_by_node());
        let mut nodes = match nodes {
            Ok(nodes) => nodes,
            Err(fault) => return Answer::Nodes(Err(fault)),
        };
        sort(&mut nodes);
        let total = Totals::of(&nodes);
        let whole = page.is_none() && place == Place::Terminal;
        let pages = nodes.len().div_ceil(PAGE).max(1);
        // A page beyond the last one is the last one: nodes may have gone since the button was made.
        let number = page.map_or(1, |page| page as usize).clamp(1, pages);
        let shown: Vec<Node> =
            if whole { nodes } else { nodes.into_iter().skip((number - 1) * PAGE).take(PAGE).collect() };
        let now = self.0.clock.now();
        let report = |node: Node| NodeReport {
            placement: node.placement(),
            hindrances: node.hindrances(),
            pods: pods.as_ref().ok().map(|pods| pods.get(&node.name).copied().unwrap_or(0)),
            cordoned_since: node.cordoned.as_ref().and_then(|mark| since(mark, now)),
            node,
        };
        let as_number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Answer::Nodes(Ok(NodesReport {
            nodes: shown.into_iter().map(report).collect(),
            total,
            page: (!whole && pages > 1).then(|| Page { number: as_number(number), of: as_number(pages) }),
            beyond: page.filter(|page| *page as usize > pages),
            pods_unknown: pods.as_ref().err().cloned(),
            may_change: self.0.settings.policy.offers(Right::Nodes, place),
        }))
    }

    /// Cordons or uncordons, and writes down who did it, whatever comes of it.
    pub(super) async fn operate(&self, request: &Request, actor: &Actor, operation: &Operation) -> Answer {
        let answer = match &self.0.nodes {
            None => failed(&Unanswered::NotConfigured, Applied::No),
            Some(port) => {
                let _turn = self.0.node_turn.lock().await;
                self.change(port.as_ref(), request, actor, operation).await
            }
        };
        let outcome = match &answer {
            Answer::Node(change) if change.already_so => "already so",
            Answer::Node(_) => "done",
            Answer::Refused(Refusal::LastOpenNode { .. }) => "refused: the last open node",
            Answer::Refused(_) => "refused: no such node",
            Answer::Failed(Failure { applied: Applied::Unknown, .. }) => "unknown",
            _ => "failed",
        };
        info!(
            target: "audit",
            request_id = %request.id,
            person = actor.name,
            account = actor.account,
            place = ?request.place,
            action = operation.change.word(),
            node = operation.node.as_str(),
            confirmed = operation.confirmed,
            outcome,
            "a node was to be changed"
        );
        answer
    }

    async fn change(&self, port: &dyn Nodes, request: &Request, actor: &Actor, operation: &Operation) -> Answer {
        let Operation { change, node: name, confirmed } = operation;
        let nodes = match port.nodes().await {
            Ok(nodes) => nodes,
            Err(fault) => return failed(&fault, Applied::No),
        };
        let now = self.0.clock.now();
        let (node, already_so) = match decide(&nodes, name.as_str(), *change, *confirmed) {
            Decision::Unknown(nearest) => {
                return Answer::Refused(Refusal::UnknownNode { change: *change, node: name.clone(), nearest });
            }
            Decision::LastOpen(_) => return Answer::Refused(Refusal::LastOpenNode { node: name.clone() }),
            Decision::AlreadySo(node) => (node.clone(), true),
            Decision::Change(_) => {
                let by = Mark { by: format!("{} ({})", actor.name, actor.account), at: Some(now) };
                match port.schedule(name, *change, &by).await {
                    Ok(Some(node)) => (node, false),
                    Ok(None) => {
                        let (change, node) = (*change, name.clone());
                        return Answer::Refused(Refusal::UnknownNode { change, node, nearest: Vec::new() });
                    }
                    Err(fault) => {
                        warn!(request_id = %request.id, node = name.as_str(), error = %fault, "a node was not changed");
                        let applied = match fault {
                            Unanswered::NotConfigured | Unanswered::Forbidden { .. } => Applied::No,
                            Unanswered::Late { .. } | Unanswered::Unavailable { .. } => Applied::Unknown,
                        };
                        return failed(&fault, applied);
                    }
                }
            }
        };
        let earlier = node.cordoned.clone().filter(|_| already_so && *change == Scheduling::Cordon);
        let others = nodes.iter().filter(|other| other.name != node.name).cloned();
        let after: Vec<Node> = others.chain([node.clone()]).collect();
        Answer::Node(NodeChange {
            change: *change,
            already_so,
            hindrances: node.hindrances(),
            open: Totals::of(&after).open,
            since: earlier.as_ref().and_then(|mark| since(mark, now)),
            earlier,
            may_change: self.0.settings.policy.offers(Right::Nodes, request.place),
            node,
        })
    }
}

fn failed(fault: &Unanswered, applied: Applied) -> Answer {
    let (detail, kind) = match fault {
        Unanswered::NotConfigured => ("no cluster is configured".to_owned(), FailureKind::NoCluster),
        Unanswered::Forbidden { .. } => (fault.to_string(), FailureKind::ClusterDenied),
        Unanswered::Late { .. } | Unanswered::Unavailable { .. } => (fault.to_string(), FailureKind::Cluster),
    };
    Answer::Failed(Failure { detail, kind, applied })
}

fn since(mark: &Mark, now: Timestamp) -> Option<Duration> {
    Duration::try_from(now.duration_since(mark.at?)).ok()
}
