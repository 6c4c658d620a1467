//! What can be asked of tiphys.

use serde::Serialize;

use super::{
    catalogue::Target,
    name::{NodeName, Tag},
    node::Scheduling,
    pod::PodAsked,
    review::ReviewCommand,
};

/// A parsed command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Changes the manifests repository.
    Mutation(Target, Mutation),
    /// Makes or removes a review environment, which changes the manifests repository as well.
    Review(ReviewCommand),
    /// Changes a node of the cluster.
    Operation(Operation),
    /// Only reads.
    Query(Query),
}

/// A change of one site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// Sets the image's tag.
    Deploy(Tag),
    /// Sets the workload's replica count.
    SetReplicas(u32),
    /// Takes a review environment away.
    Remove,
}

/// A change of a node, which no repository knows of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Operation {
    /// What is to be done.
    pub change: Scheduling,
    /// To which node.
    pub node: NodeName,
    /// Whether it is meant even if no pod can be placed anywhere afterwards.
    pub confirmed: bool,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// The applications and their environments.
    Apps,
    /// What git wants, what the cluster runs, what the registry has, and who changed it last.
    Status(Target),
    /// The image's tags in the registry, some of them.
    ShowContainers(Target, PageAsked),
    /// The pods of the application's Deployment.
    GetPods(Target),
    /// The cluster's nodes; those of one page, from 1.
    GetNodes(Option<u32>),
    /// What happened lately to the application's Deployment and its pods.
    Events(Target),
    /// One pod or node in some detail.
    Describe(DescribeAsked),
    /// The end of a container's log.
    GetLogs(LogAsked),
    /// All commands, or one in detail.
    Help(Option<CommandName>),
    /// The greeting.
    Start,
    /// The sender's and the chat's numeric ids.
    WhoAmI,
}

/// How much of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageAsked {
    /// One page, from 1.
    Number(u32),
    /// All of it.
    All,
}

impl Default for PageAsked {
    fn default() -> Self {
        Self::Number(1)
    }
}

/// A container's log, as a command names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogAsked {
    /// The pod.
    pub pod: PodAsked,
    /// The container, when named; it may be shortened.
    pub container: Option<String>,
    /// Whether the log of the run before the current one is meant.
    pub previous: bool,
}

/// What `/describe` names: a pod, a node, or what could be either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DescribeAsked {
    /// The pod, unless a node is meant.
    pub pod: Option<PodAsked>,
    /// The node, unless a pod is meant.
    pub node: Option<NodeName>,
}

/// The commands by name: the key of the grammar's table and of the help texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the command of that name; the help texts describe them")]
pub enum CommandName {
    Deploy,
    SetReplicas,
    Status,
    Apps,
    ShowContainers,
    GetPods,
    GetNodes,
    Cordon,
    Uncordon,
    GetLogs,
    Events,
    Describe,
    Help,
    WhoAmI,
    Start,
}

impl Mutation {
    /// The new value, as the manifests and the commit's subject write it.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Deploy(tag) => tag.to_string(),
            Self::SetReplicas(count) => count.to_string(),
            Self::Remove => String::new(),
        }
    }
}
