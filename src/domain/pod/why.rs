//! The reason behind a pod's status.

use std::fmt;

use serde::{Serialize, Serializer};

/// The reason behind a pod's status. Display texts are English, and JSON has the same; the chat has words of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// In the words of Kubernetes: `0/3 nodes are available: …`.
    Said(String),
    /// A container ended.
    Ended {
        /// How.
        how: End,
        /// What it left to say; empty when it left nothing.
        said: String,
    },
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// In Kubernetes' word, which says it all: `OOMKilled`.
    Reason(String),
    /// With an exit code, and a word of Kubernetes where it has one that says more.
    Code(Option<String>, i32),
    /// By a signal.
    Signal(i32),
}

impl Why {
    /// What others have written of it, which may hold what should not be shown.
    pub fn said_mut(&mut self) -> &mut String {
        match self {
            Self::Said(said) | Self::Ended { said, .. } => said,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(said) => f.write_str(said),
            Self::Ended { how, said } if said.is_empty() => write!(f, "{how}"),
            Self::Ended { how, said } => write!(f, "{how}: {said}"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reason(reason) => f.write_str(reason),
            Self::Code(None, code) => write!(f, "exit code {code}"),
            Self::Code(Some(reason), code) => write!(f, "{reason}, exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<String> for Why {
    fn from(said: String) -> Self {
        Self::Said(said)
    }
}

impl From<&str> for Why {
    fn from(said: &str) -> Self {
        Self::Said(said.to_owned())
    }
}
