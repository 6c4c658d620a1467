//! What a request comes to: values that every front shows in its own way and the command line prints as JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    actor::{Place, Sender},
    catalogue::{Catalogue, ResolveError, Site},
    command::{CommandName, Mutation},
    containers::ContainersReport,
    describe::{NodeDescription, PodDescription},
    event::EventsReport,
    log::LogReport,
    name::{ImageName, NodeName, RequestId, Revision, Tag},
    node::{NodeChange, NodesReport, Scheduling},
    observation::{Health, SyncStatus},
    plan::{Desired, PlanError, Shared},
    pod::{ContainerReport, PodAsked, PodName, PodUnclear, PodsReport},
    policy::Denial,
    registry_fault::RegistryFault,
    rollout::Stage,
    unanswered::Unanswered,
    unread::Unread,
};
use crate::grammar::GrammarError;

/// The answer to a request; an answer to a mutation is replaced by newer ones until its rollout ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A mutation was let in and is being checked; nothing is applied yet.
    Accepted {
        /// Where.
        site: Site,
        /// What.
        mutation: Mutation,
    },
    /// The manifests already say so: no commit was made.
    AlreadySo {
        /// Where.
        site: Site,
        /// What.
        mutation: Mutation,
    },
    /// A commit was pushed, and this is how far its rollout is.
    Rollout(RolloutReport),
    /// The request was refused; nothing was applied, and trying the same again gets the same.
    Refused(Refusal),
    /// Something broke.
    Failed(Failure),
    /// `/apps`.
    Apps(Catalogue),
    /// `/status`: a report for each site.
    Status(Vec<StatusReport>),
    /// `/showcontainers`.
    Containers(Box<ContainersReport>),
    /// `/get_pods`: a report for each site.
    Pods(Vec<PodsReport>),
    /// `/get_nodes`.
    Nodes(Result<NodesReport, Unanswered>),
    /// `/cordon` and `/uncordon`.
    Node(NodeChange),
    /// `/events`: a report for each site.
    Events(Vec<EventsReport>),
    /// `/describe` of a node.
    NodeDescribed(Box<NodeDescription>),
    /// `/describe` of a pod.
    Described(Box<PodDescription>),
    /// `/get_logs`.
    Log(Box<LogReport>),
    /// A pod has several containers, or not the one that was named.
    ContainerNeeded {
        /// The pod.
        pod: PodName,
        /// What was named.
        given: Option<String>,
        /// Those that it has.
        containers: Vec<ContainerReport>,
        /// Whether the log of the previous run was asked for.
        previous: bool,
    },
    /// It isn't clear which pod is meant, or the cluster didn't tell.
    PodUnclear {
        /// What was named.
        asked: PodAsked,
        /// The command.
        command: CommandName,
        /// Its words after the pod's name.
        rest: Vec<String>,
        /// Why it isn't clear.
        reason: PodUnclear,
    },
    /// `/help`.
    Help(Option<CommandName>),
    /// `/start`.
    Start {
        /// Whether the asker is in the configuration.
        known: bool,
    },
    /// `/whoami`.
    WhoAmI {
        /// Who asked.
        sender: Sender,
        /// Where.
        place: Place,
        /// The name in the configuration, when there is one.
        known_as: Option<String>,
    },
}

/// A pushed commit on its way to the cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RolloutReport {
    /// Where.
    pub site: Site,
    /// What.
    pub mutation: Mutation,
    /// The value before, when it was set.
    pub from: Option<String>,
    /// The value now wanted.
    pub to: String,
    /// The commit.
    pub revision: Revision,
    /// The commit's page, when the forge's web address is configured.
    pub url: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// Time since the commit.
    pub elapsed: Duration,
    /// Whether this request had already been carried out: it was delivered a second time.
    pub delivered_before: bool,
    /// What could not be checked before the commit, such as overrides in an unreachable cluster.
    pub unchecked: Option<String>,
    /// The changed file, when other environments build from it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The asker or the chat isn't allowed.
    Denied(Denial),
    /// The text isn't a command.
    Grammar(GrammarError),
    /// The command's target isn't known or not clear.
    Target(ResolveError),
    /// The same of a question, which would have changed nothing anyhow.
    Question(ResolveError),
    /// The registry has no such tag.
    UnknownTag {
        /// Where it was to be deployed.
        site: Site,
        /// The image.
        image: ImageName,
        /// The tag asked for.
        tag: Tag,
        /// At most three tags, nearest first.
        nearest: Vec<String>,
    },
    /// The registry told nothing, so the tag could not be looked up.
    RegistryDown {
        /// The image.
        image: ImageName,
        /// The reason.
        fault: RegistryFault,
    },
    /// The registry has no such image, or doesn't show it with the bot's credentials.
    NoImage {
        /// The image.
        image: ImageName,
        /// The registry's address.
        server: String,
        /// Whether a change was asked for, and not only a list.
        change: bool,
    },
    /// The manifests can't be edited so.
    Plan(PlanError),
    /// A HorizontalPodAutoscaler sets the replica count.
    Autoscaled {
        /// Where.
        site: Site,
        /// Its name.
        autoscaler: String,
    },
    /// The Argo CD Application sets the value itself, so the commit would have no effect.
    Overridden {
        /// Where.
        site: Site,
        /// The values it sets.
        overrides: Vec<String>,
    },
    /// The remote refused the push for good; its own words.
    PushRefused {
        /// What the server said.
        message: String,
    },
    /// The manifests repository has no such branch.
    NoBranch {
        /// The configured branch.
        branch: String,
        /// The repository, where there are several.
        #[serde(skip_serializing_if = "Option::is_none")]
        repository: Option<String>,
    },
    /// The request id was used for another command before.
    RequestIdTaken {
        /// The key.
        request_id: RequestId,
        /// The commit that carries it.
        revision: Revision,
        /// That commit's subject.
        subject: String,
    },
    /// A list has fewer pages than that.
    NoPage {
        /// The page that was asked for.
        page: u32,
        /// The last one.
        last: u32,
        /// The command for that one.
        command: String,
    },
    /// The cluster has no such node.
    UnknownNode {
        /// What was to be done.
        change: Scheduling,
        /// The name.
        node: NodeName,
        /// At most three names, nearest first.
        nearest: Vec<String>,
    },
    /// Without this node no ordinary pod could be placed anywhere: that has to be confirmed.
    LastOpenNode {
        /// The name.
        node: NodeName,
    },
    /// Too many commands wait for this repository.
    Busy {
        /// How many do.
        waiting: usize,
        /// The repository, where there are several.
        #[serde(skip_serializing_if = "Option::is_none")]
        repository: Option<String>,
    },
    /// The program is stopping.
    ShuttingDown,
}

/// What broke, whether anything was applied, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The reason, in English, without secrets.
    pub detail: String,
    /// The kind, which decides on the hint.
    pub kind: FailureKind,
    /// Whether the mutation took effect.
    pub applied: Applied,
}

/// The kinds of failures that an operator can do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The manifests repository can't be reached.
    RepositoryUnreachable,
    /// The manifests repository doesn't accept the credentials.
    RepositoryAuthentication,
    /// The race for the branch was lost too often.
    TooManyRaces,
    /// The mirror on disk can't be used.
    Mirror,
    /// The key can't sign commits.
    Signing,
    /// The Kubernetes API didn't answer.
    Cluster,
    /// The Kubernetes API doesn't accept the credentials, or they don't reach that far.
    ClusterDenied,
    /// The configuration has no cluster.
    NoCluster,
    /// Anything else.
    Internal,
}

/// Whether a mutation took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// Nothing changed; it is safe to try again.
    No,
    /// The connection broke at the wrong moment: the commit may or may not have arrived.
    Unknown,
}

/// The state of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusReport {
    /// Where.
    pub site: Site,
    /// What git wants, or why it can't be told.
    pub desired: Result<Desired, Unread>,
    /// What the cluster runs, or why it can't be told.
    pub live: Result<LiveState, Unread>,
    /// The newest tag in the registry, or why it can't be told.
    pub newest: Result<Option<String>, Unread>,
    /// The last change by tiphys, if there was one, or why it can't be told.
    pub last_change: Result<Option<LastChange>, Unread>,
}

/// What the cluster runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveState {
    /// Whether the configured workload doesn't exist; then what follows of it is nothing.
    pub workload_missing: bool,
    /// Whether the workload's template has the application's image.
    pub has_image: bool,
    /// The tag of that image, when it has one.
    pub tag: Option<String>,
    /// Ready pods, those of older templates too.
    pub ready: u32,
    /// Those of the newest template, while there are others as well.
    pub ready_new: Option<u32>,
    /// Wanted pods.
    pub desired: u32,
    /// Argo CD's sync status.
    pub sync: SyncStatus,
    /// Argo CD's health.
    pub health: Health,
    /// The revision that Argo CD compared with last.
    pub revision: Option<Revision>,
    /// The head of the manifests branch.
    pub head: Option<Revision>,
    /// What is wrong, each reason once.
    pub trouble: Vec<String>,
}

/// The last commit of tiphys for a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastChange {
    /// The commit.
    pub revision: Revision,
    /// Its page, when the forge's web address is configured.
    pub url: Option<String>,
    /// The subject.
    pub subject: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Time since then.
    pub age: Duration,
}

impl Answer {
    /// Whether this is the last answer to its request.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Accepted { .. } => false,
            Self::Rollout(report) => report.stage.is_final(),
            _ => true,
        }
    }
}
