//! How far a commit is on its way to the cluster: a pure predicate over observations.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    command::Mutation,
    name::{ImageName, Revision, Tag},
    observation::Observation,
};

mod image;
mod judge;

pub use image::{has_image, overriding, running_tag};
pub use judge::{PATIENCE, judge};

/// How far a pushed commit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// Pushed; Argo CD hasn't seen it yet.
    Committed,
    /// Argo CD sees it and syncs, or waits to.
    Syncing,
    /// Applied; pods are coming up.
    Progressing {
        /// Ready pods of the new template.
        ready: u32,
        /// Wanted pods.
        desired: u32,
        /// Why pods are not ready, each reason once.
        trouble: Vec<String>,
    },
    /// The cluster runs it, and it is healthy.
    Live {
        /// Ready pods.
        ready: u32,
        /// Wanted pods.
        desired: u32,
        /// A later commit that went live in its place: the cluster runs that one's value, not this one's.
        superseded_by: Option<Revision>,
    },
    /// The rollout is paused by somebody's decision.
    Paused,
    /// It will not come live without another change.
    Failed {
        /// The words of Argo CD or Kubernetes.
        reason: String,
    },
    /// Nobody watches: no cluster is configured, or it can't be asked. The commit stands.
    NotFollowed {
        /// Why it can't be asked; `None` when no cluster is configured.
        reason: Option<String>,
    },
    /// The deadline passed first.
    TimedOut {
        /// The time allowed.
        after: Duration,
        /// What was last seen to be in the way, when anything was.
        last: String,
        /// Whether Argo CD has applied the commit and the configured workload doesn't exist.
        workload_missing: bool,
    },
}

impl Stage {
    /// Whether nothing more will be said of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Committed | Self::Syncing | Self::Progressing { .. })
    }
}

/// Where a revision that Argo CD names stands against the commit that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not there yet: an earlier or an unrelated revision, or none.
    Before,
    /// The very commit.
    Exact,
    /// A descendant of the commit.
    Later(Revision),
}

/// The value that the followed commit set, as it shows in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The workload runs this image with this tag.
    Image(ImageName, Tag),
    /// The workload has this many replicas.
    Replicas(u32),
}

impl Wanted {
    /// What a mutation of an application with this image wants to see.
    #[must_use]
    pub fn of(image: &ImageName, mutation: &Mutation) -> Self {
        match mutation {
            Mutation::Deploy(tag) => Self::Image(image.clone(), tag.clone()),
            Mutation::SetReplicas(count) => Self::Replicas(*count),
        }
    }
}

/// One look at the site, with all that [`judge()`] needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// When the look was taken, by the follower's clock.
    pub at: Timestamp,
    /// What was seen.
    pub observation: &'a Observation,
    /// The standing of [`Observation::revision`].
    pub compared: &'a Standing,
    /// The standing of the operation's revision.
    pub operated: &'a Standing,
    /// The value that the commit set.
    pub wanted: &'a Wanted,
}

/// What one look comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How far the commit is.
    pub stage: Stage,
    /// What is in the way, for the words of [`Stage::TimedOut`].
    pub hint: Option<Hint>,
    /// A bad sign that may be stale; to be given to the judgement of the next look.
    pub doubt: Option<Doubt>,
}

/// A bad sign that becomes a failure when it stays: stale health and short errors are common in Argo CD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    sign: Sign,
    since: Timestamp,
    reconciled_at: Option<Timestamp>,
}

/// The bad signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Health is Degraded although nothing else confirms it.
    Degraded,
    /// An error condition while the commit is compared or applied.
    Error,
    /// An error condition before Argo CD could tell any revision: the manifests can't be rendered.
    UnseenError,
}

/// What keeps a commit from coming live. Display texts are English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Argo CD has not compared the commit with the cluster yet; the revision that it compared last.
    Unseen(Option<Revision>),
    /// The Application is out of sync and doesn't sync by itself.
    AutoSyncOff,
    /// The last attempt failed, and Argo CD waits to try again; its message.
    WaitingToRetry(String),
    /// The cluster runs something else than the commit wants.
    Differs {
        /// The images, or the replica count, that run.
        running: String,
        /// What the Application sets itself, after the commit.
        overrides: Vec<String>,
    },
    /// The configured workload doesn't exist.
    WorkloadMissing,
    /// The words of Argo CD or Kubernetes.
    Message(String),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen(None) => f.write_str("Argo CD has not compared anything with git yet"),
            Self::Unseen(Some(revision)) => {
                write!(f, "Argo CD has not seen the commit yet, it is at {}", revision.short())
            }
            Self::AutoSyncOff => f.write_str("OutOfSync, and auto-sync is off"),
            Self::WaitingToRetry(message) if message.is_empty() => f.write_str("waiting to retry"),
            Self::WaitingToRetry(message) => write!(f, "waiting to retry: {message}"),
            Self::Differs { running, overrides } if overrides.is_empty() => write!(f, "the workload has {running}"),
            Self::Differs { running, overrides } => {
                write!(f, "the workload has {running}; the Application sets {}", overrides.join(", "))
            }
            Self::WorkloadMissing => f.write_str("the workload does not exist"),
            Self::Message(message) => f.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests;
