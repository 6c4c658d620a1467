//! Why a source of an answer, such as the cluster, told nothing.

use std::time::Duration;

use serde::Serialize;

/// Why there is no answer. Display texts are English and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// The configuration has no such source.
    #[error("not configured")]
    NotConfigured,
    /// No answer in time.
    #[error("no answer in {after:?}")]
    Late {
        /// How long was waited.
        after: Duration,
    },
    /// The credentials aren't accepted, or don't reach that far.
    #[error("not allowed: {detail}")]
    Forbidden {
        /// The server's words.
        detail: String,
    },
    /// No answer at all, or one that makes no sense.
    #[error("no answer: {detail}")]
    Unavailable {
        /// The reason.
        detail: String,
    },
}
