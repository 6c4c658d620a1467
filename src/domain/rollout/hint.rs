//! What keeps a commit from coming live.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::name::Revision;

/// What keeps a commit from coming live. Display texts are English, and JSON has the same; the chat has words of its own.
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
        /// What runs.
        running: Running,
        /// What the Application sets itself, after the commit.
        overrides: Vec<String>,
    },
    /// The configured workload doesn't exist, although Argo CD has applied the commit.
    WorkloadMissing,
    /// The Application is to go, and is still there.
    StillThere,
    /// There is no Application yet of a folder that an ApplicationSet should make one of; the cluster's words.
    NoApplication(String),
    /// The words of Argo CD or Kubernetes.
    Message(String),
}

/// What a workload runs, as far as a commit could have changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Running {
    /// The images of its containers.
    Images(Vec<String>),
    /// Its replica count.
    Replicas(u32),
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
            Self::StillThere => f.write_str("the Application is still there"),
            Self::NoApplication(said) => {
                write!(f, "{said}: is there an ApplicationSet that makes it of the folder?")
            }
            Self::Message(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Images(images) => f.write_str(&images.join(", ")),
            Self::Replicas(count) => write!(f, "replicas {count}"),
        }
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
