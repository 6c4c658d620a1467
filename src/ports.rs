//! What the use cases need of the world outside; adapters fill it in.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::{
    actor::Actor,
    answer::Answer,
    catalogue::{Environment, Workload},
    commit::CommitRecord,
    event::Event,
    log::{LogQuestion, LogRead},
    name::{ImageName, NodeName, ReplyAddress, RequestId, Revision, Tag},
    node::{Mark, Node, Scheduling},
    observation::Observation,
    pod::{Fleet, Pod, PodName},
    registry_fault::RegistrySilence,
    snapshot::{FileEdit, Snapshot},
    unanswered::Unanswered,
    unread::Unread,
};

/// A commit that is to be made.
#[derive(Debug, Clone)]
pub struct NewCommit {
    /// The files that it changes, adds or removes.
    pub edits: Vec<FileEdit>,
    /// The whole message, with trailers.
    pub message: String,
    /// The author; the committer is the bot.
    pub author: Actor,
    /// The author's and the committer's time.
    pub at: Timestamp,
}

/// Why the manifests repository didn't do what was asked. Display texts are English and hold no secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RepositoryError {
    /// The branch moved on since the base revision: plan again from the new head.
    #[error("the branch has moved on")]
    LostRace,
    /// The remote refused the push for good (protected branch, hook, size): its own words.
    #[error("the remote refused: {0}")]
    Refused(String),
    /// The remote has no such branch; an empty repository has none at all.
    #[error("the repository has no branch {0}")]
    NoBranch(String),
    /// The remote doesn't accept the credentials, its certificate or its host key isn't trusted.
    #[error("the remote doesn't let us in: {0}")]
    Authentication(String),
    /// The remote can't be reached or broke off before anything was sent; nothing was applied.
    #[error("the remote cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke after the request was sent: it may have been applied.
    #[error("the connection broke before the remote answered: {0}")]
    Unclear(String),
    /// The mirror on disk can't be used: no space, no permission, locked by another process.
    #[error("the mirror on disk cannot be used: {0}")]
    Mirror(String),
    /// The commits can't be signed, and unsigned ones aren't pushed; nothing was applied.
    #[error("the commit cannot be signed: {0}")]
    Signing(String),
}

impl From<RepositoryError> for Unread {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::NoBranch(branch) => Self::NoBranch(branch),
            RepositoryError::Authentication(detail) => Self::Locked(detail),
            RepositoryError::Unreachable(detail) => Self::Unreachable(detail),
            RepositoryError::Mirror(detail) => Self::Mirror(detail),
            other => Self::Other(other.to_string()),
        }
    }
}

/// The manifests repository: one branch of one remote, through a mirror on disk.
#[async_trait]
pub trait ManifestRepository: Send + Sync {
    /// Asks the remote for the branch's head and brings the mirror there.
    async fn fetch(&self) -> Result<Revision, RepositoryError>;

    /// The branch's head as of the last fetch or push of this process, without asking anybody; `None` before the first
    /// one. It may be stale: what is said because of it needs a fetch, or a push onto it that succeeds.
    fn known_head(&self) -> Option<Revision>;

    /// The manifests at a revision that was fetched or pushed.
    async fn snapshot(&self, at: &Revision) -> Result<Arc<dyn Snapshot>, RepositoryError>;

    /// Makes the commits, each on top of the one before and the first on `base`, and pushes them at once; the push
    /// succeeds only when the branch is still at `base`. Returns their ids in order.
    async fn push(&self, base: &Revision, commits: Vec<NewCommit>) -> Result<Vec<Revision>, RepositoryError>;

    /// For each `Request-Id` the commit on the branch that carries it, among those of the last days, as of the last fetch.
    async fn find_requests(&self, ids: &[RequestId]) -> Result<Vec<Option<CommitRecord>>, RepositoryError>;

    /// As [`ManifestRepository::find_requests`], for one of them.
    async fn find_request(&self, id: &RequestId) -> Result<Option<CommitRecord>, RepositoryError> {
        Ok(self.find_requests(std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// The newest commits of the branch as of the last fetch, newest first.
    async fn log(&self, limit: usize) -> Result<Vec<CommitRecord>, RepositoryError>;

    /// Whether `descendant` is `ancestor` or has it in its history; `false` when either isn't known.
    async fn contains(&self, ancestor: &Revision, descendant: &Revision) -> Result<bool, RepositoryError>;
}

/// Why the cluster didn't answer. Display texts are English and hold no secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClusterError {
    /// The object doesn't exist.
    #[error("{kind} {namespace}/{name} does not exist")]
    NotFound {
        /// The kind.
        kind: &'static str,
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// The service account may not do this.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// No answer in time, or none at all.
    #[error("no answer: {0}")]
    Unavailable(String),
}

impl From<ClusterError> for Unread {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::NotFound { kind, namespace, name } => Self::NoObject { kind, namespace, name },
            ClusterError::Forbidden(detail) => Self::Forbidden(detail),
            ClusterError::Unavailable(detail) => Self::Silent(detail),
        }
    }
}

/// Argo CD and the workloads behind it, through the Kubernetes API.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Looks at the site's Argo CD Application and its workload.
    async fn observe(&self, environment: &Environment) -> Result<Observation, ClusterError>;

    /// Asks Argo CD to compare with git now.
    async fn refresh(&self, environment: &Environment) -> Result<(), ClusterError>;

    /// The name of the HorizontalPodAutoscaler that scales the workload, when there is one.
    async fn autoscaler(&self, workload: &Workload) -> Result<Option<String>, ClusterError>;
}

/// The pods behind the workloads, through the Kubernetes API. Every call has its deadline.
#[async_trait]
pub trait Pods: Send + Sync {
    /// The Deployment with the ReplicaSets and pods that it owns, or `None` where there is no such Deployment.
    async fn fleet(&self, workload: &Workload) -> Result<Option<Fleet>, Unanswered>;

    /// One pod, or `None` where there is none of that name.
    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>, Unanswered>;

    /// The names of all pods in a namespace.
    async fn pod_names(&self, namespace: &str) -> Result<Vec<PodName>, Unanswered>;

    /// The events in a namespace; those about the object of that kind and name, when one is named.
    async fn events(&self, namespace: &str, about: Option<(&str, &str)>) -> Result<Vec<Event>, Unanswered>;

    /// The end of a log, never more bytes of it than asked for.
    async fn log(&self, question: &LogQuestion) -> Result<LogRead, Unanswered>;
}

/// The cluster's nodes, through the Kubernetes API. Every call has its deadline.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// All nodes, in no order.
    async fn nodes(&self) -> Result<Vec<Node>, Unanswered>;

    /// How many pods that haven't ended are on each node that has any.
    async fn pods_by_node(&self) -> Result<HashMap<String, u32>, Unanswered>;

    /// Cordons or uncordons a node and notes who did it; the node as it is then, or `None` where there is none of this
    /// name. After [`Unanswered::Late`] and [`Unanswered::Unavailable`] it may be done or not; once more is safe.
    async fn schedule(&self, node: &NodeName, change: Scheduling, by: &Mark) -> Result<Option<Node>, Unanswered>;
}

/// Why the registry didn't tell what was asked. Display texts are English and hold no secrets.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RegistryError {
    /// The registry has no such image at all.
    #[error("the registry has no image {0}")]
    UnknownImage(ImageName),
    /// It told nothing.
    #[error(transparent)]
    Silent(#[from] RegistrySilence),
}

impl RegistryError {
    /// The credentials aren't accepted, or may not read this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::Silent(RegistrySilence::Forbidden { detail: detail.into() })
    }

    /// It answered, and not with what was asked for.
    pub fn unusable(detail: impl Into<String>) -> Self {
        Self::Silent(RegistrySilence::Unusable { detail: detail.into() })
    }

    /// It can't be reached.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::Silent(RegistrySilence::Unavailable { detail: detail.into() })
    }
}

/// What a registry tells of one tag; what it doesn't tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagDetails {
    /// The manifest's digest.
    pub digest: Option<String>,
    /// When the image was made.
    pub created_at: Option<Timestamp>,
    /// The compressed size in bytes.
    pub size: Option<u64>,
}

/// A tag as a list gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTag {
    /// Its name.
    pub tag: Tag,
    /// When it was pushed, where the registry's list tells it.
    pub published_at: Option<Timestamp>,
}

/// A list of tags, for people who read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList {
    /// The tags, in the registry's own order.
    pub tags: Vec<ListedTag>,
    /// Whether the registry has more than are read, so that any may be missing, the newest as well.
    pub is_cut: bool,
}

impl Deref for TagList {
    type Target = [ListedTag];

    fn deref(&self) -> &[ListedTag] {
        &self.tags
    }
}

/// The container registry.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Its address as people know it, without credentials.
    fn server(&self) -> String;

    /// All tags of an image, in the registry's own order, as they are now.
    async fn tags(&self, image: &ImageName) -> Result<Vec<Tag>, RegistryError>;

    /// One tag's details as they are now, or `None` where there is no such tag.
    async fn tag(&self, image: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError>;

    /// All tags of an image for a list that people read, in the registry's own order; it may be a little old.
    async fn list(&self, image: &ImageName) -> Result<TagList, RegistryError> {
        let tags = self.tags(image).await?;
        let tags = tags.into_iter().map(|tag| ListedTag { tag, published_at: None }).collect();
        Ok(TagList { tags, is_cut: false })
    }

    /// The details of some tags in their order, for a list that people read; they may be a little old. `None` stands for
    /// what there is no longer, and an error for what was not told in time.
    async fn details(&self, image: &ImageName, tags: &[Tag]) -> Vec<Result<Option<TagDetails>, RegistryError>> {
        let mut details = Vec::with_capacity(tags.len());
        for tag in tags {
            details.push(self.tag(image, tag).await);
        }
        details
    }
}

/// Why a reply could not be shown.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReplyError {
    /// It can't be shown there, and trying again won't help (the bot was removed, the message is gone).
    #[error("the reply is not accepted: {0}")]
    Rejected(String),
    /// No answer after all tries.
    #[error("the reply could not be delivered: {0}")]
    Unavailable(String),
}

/// Where the answers to one request are shown. Bound by its front to the chat, the topic and the language.
#[async_trait]
pub trait Replier: Send + Sync {
    /// Shows a new message and tells where it stands, when it could be found again after a restart.
    async fn post(&self, answer: &Answer) -> Result<Option<ReplyAddress>, ReplyError>;

    /// Puts a newer answer in the place of the one shown before (by this replier's `post`, or at `address`).
    /// An answer that isn't final may be left out when a newer one follows soon.
    async fn replace(&self, address: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError>;

    /// Like [`Replier::replace`], but returns only once this answer or a newer one is shown, or can't be.
    async fn ensure(&self, address: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError> {
        self.replace(address, answer).await
    }
}

/// Makes repliers for messages that an earlier process posted, from the addresses in commit trailers.
pub trait ReplierAt: Send + Sync {
    /// A replier for that address, or `None` when it belongs to another front.
    fn at(&self, address: &ReplyAddress) -> Option<Arc<dyn Replier>>;
}

/// The clock.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}
