//! Why a part of a status is missing.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{plan::PlanError, registry_fault::RegistryFault};

/// Why a part of a status is missing. Display texts are English, and JSON has the same; the chat has words of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The configuration has no cluster.
    #[error("no cluster is configured")]
    NoCluster,
    /// No answer in time.
    #[error("no answer within {} s", after.as_secs())]
    Late {
        /// How long was waited.
        after: Duration,
    },
    /// No answer at all, or one that makes no sense.
    #[error("no answer: {0}")]
    Silent(String),
    /// The credentials don't reach that far.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// An object of the cluster doesn't exist.
    #[error("{kind} {namespace}/{name} does not exist")]
    NoObject {
        /// The kind.
        kind: &'static str,
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// The registry told nothing.
    #[error("{0}")]
    Registry(RegistryFault),
    /// The repository has no such branch.
    #[error("the repository has no branch {0}")]
    NoBranch(String),
    /// The git server doesn't accept the credentials, or isn't trusted.
    #[error("the remote doesn't let us in: {0}")]
    Locked(String),
    /// The git server can't be reached.
    #[error("the remote cannot be reached: {0}")]
    Unreachable(String),
    /// The mirror can't be used.
    #[error("the mirror on disk cannot be used: {0}")]
    Mirror(String),
    /// The manifests can't be read as the configuration says.
    #[error("{0}")]
    Manifests(PlanError),
    /// Something of one repository among several.
    #[error("{repository}: {reason}")]
    In {
        /// What people know the repository by.
        repository: String,
        /// What it is.
        reason: Box<Unread>,
    },
    /// Anything else, in English.
    #[error("{0}")]
    Other(String),
}

impl Serialize for Unread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&str> for Unread {
    fn from(text: &str) -> Self {
        Self::Other(text.to_owned())
    }
}
