//! How far a commit is on its way to the cluster: a pure predicate over observations.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    command::Mutation,
    name::{ImageName, Revision, Tag},
    observation::Observation,
};

mod hint;
mod image;
mod judge;

pub use hint::{Hint, Running};
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
        trouble: Vec<Hint>,
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
    /// The Application is gone, and with it what it brought to the cluster.
    Removed,
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
        last: Option<Box<Hint>>,
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
    /// Nothing is left, not even the Application.
    Nothing,
}

impl Wanted {
    /// What a mutation of an application with this image wants to see.
    #[must_use]
    pub fn of(image: &ImageName, mutation: &Mutation) -> Self {
        match mutation {
            Mutation::Deploy(tag) => Self::Image(image.clone(), tag.clone()),
            Mutation::SetReplicas(count) => Self::Replicas(*count),
            Mutation::Remove => Self::Nothing,
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

#[cfg(test)]
mod tests;
