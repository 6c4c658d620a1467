//! `/describe`: a pod or a node in detail.

use super::service::Service;
use crate::domain::{
    answer::Answer,
    command::{CommandName, DescribeAsked},
    describe::{NODE, NodeDescription, describe_pod},
    event::event_list,
    name::NodeName,
    nearest::nearest,
    node::{Node, NodeReport},
    pod::{Pod, PodAsked, PodUnclear, resembles},
    unanswered::Unanswered,
};

/// Where events about objects of no namespace are kept: the API's validation wants it so.
const NAMESPACE_OF_NODES: &str = "default";

impl Service {
    /// A whole name counts before a part of one, and a node's name before a part of a pod's.
    pub(super) async fn describe(&self, asked: &DescribeAsked) -> Answer {
        let (pod, nodes) = tokio::join!(self.pod_of(asked), self.nodes_for(asked));
        let node = asked.node.as_ref().map(NodeName::as_str);
        let found = nodes.as_ref().ok().and_then(|nodes| nodes.iter().find(|one| Some(one.name.as_str()) == node));
        match (pod, found) {
            (Some(Ok(pod)), None) => self.describe_pod(&pod).await,
            (Some(Ok(pod)), Some(_)) if Some(pod.name.as_str()) == node => self.describe_pod(&pod).await,
            (_, Some(node)) => self.describe_node(node.clone()).await,
            (Some(Err(PodUnclear::Unknown { mut nearest, namespaces })), None) => {
                nearest.extend(near(node, &nodes));
                nearest.truncate(3);
                unclear(asked, PodUnclear::Unknown { nearest, namespaces })
            }
            (Some(Err(reason)), None) => unclear(asked, reason),
            (None, None) => unclear(
                asked,
                match &nodes {
                    Err(silence) => PodUnclear::Unanswered(silence.clone()),
                    Ok(_) => PodUnclear::Unknown { nearest: near(node, &nodes), namespaces: Vec::new() },
                },
            ),
        }
    }

    async fn pod_of(&self, asked: &DescribeAsked) -> Option<Result<Pod, PodUnclear>> {
        match &asked.pod {
            Some(pod) => Some(self.find_pod(pod).await),
            None => None,
        }
    }

    async fn nodes_for(&self, asked: &DescribeAsked) -> Result<Vec<Node>, Unanswered> {
        match (&asked.node, &self.0.nodes) {
            (Some(_), Some(port)) => port.nodes().await,
            (Some(_), None) => Err(Unanswered::NotConfigured),
            (None, _) => Ok(Vec::new()),
        }
    }

    async fn describe_pod(&self, pod: &Pod) -> Answer {
        // The pod is known: without its events the answer is only shorter.
        let events = match self.port_of_pods() {
            Ok(pods) => pods.events(&pod.namespace, Some(("Pod", &pod.name))).await,
            Err(silence) => Err(silence),
        };
        let now = self.0.clock.now();
        // One of the same name that is gone has events as well.
        let own = events.map(|events| {
            let own = events.into_iter().filter(|event| event.uid.is_empty() || event.uid == pod.uid).collect();
            self.masked(event_list(own, now))
        });
        let mut description = describe_pod(pod, own, now);
        description.pod.why.iter_mut().for_each(|why| self.mask(why.said_mut()));
        description.conditions.iter_mut().for_each(|condition| self.mask(&mut condition.message));
        Answer::Described(Box::new(description))
    }

    async fn describe_node(&self, node: Node) -> Answer {
        let pods = async {
            match &self.0.nodes {
                Some(port) => port.pods_by_node().await,
                None => Err(Unanswered::NotConfigured),
            }
        };
        let events = async {
            match self.port_of_pods() {
                Ok(pods) => pods.events(NAMESPACE_OF_NODES, Some(("Node", &node.name))).await,
                Err(silence) => Err(silence),
            }
        };
        let (pods, events) = tokio::join!(pods, events);
        let now = self.0.clock.now();
        let (pods, pods_unknown) = match pods {
            Ok(pods) => (Some(pods.get(&node.name).copied().unwrap_or(0)), None),
            Err(fault) => (None, Some(fault)),
        };
        // Their uids tell nothing: the kubelet writes the node's name there, controllers its uid.
        let events = events.map(|events| self.masked(event_list(events, now)));
        Answer::NodeDescribed(Box::new(NodeDescription { node: NodeReport::of(node, pods, now), pods_unknown, events }))
    }
}

fn near(node: Option<&str>, nodes: &Result<Vec<Node>, Unanswered>) -> Vec<String> {
    match (node, nodes) {
        (Some(node), Ok(nodes)) => {
            nearest(node, nodes.iter().map(|node| node.name.as_str()).filter(|name| resembles(node, name)))
        }
        _ => Vec::new(),
    }
}

fn unclear(asked: &DescribeAsked, reason: PodUnclear) -> Answer {
    let namespace = asked.pod.is_none().then(|| NODE.to_owned());
    let node = asked.node.as_ref().map(|node| PodAsked { namespace, name: node.to_string() });
    let asked = asked.pod.clone().or(node).unwrap_or(PodAsked { namespace: None, name: String::new() });
    Answer::PodUnclear { asked, command: CommandName::Describe, rest: Vec::new(), reason }
}
