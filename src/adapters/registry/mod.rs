//! Container registries: GitLab's REST API, and any registry of the OCI distribution specification.

mod cache;
mod credential;
mod gitlab;
mod http;
mod listing;
mod oci;

#[cfg(test)]
mod testing;

pub use credential::Credential;
pub use gitlab::{GitLabRegistry, GitLabSettings};
pub use http::SetupError;
pub use oci::{OciRegistry, OciSettings};

/// The most tags of one image that are read; more are left out, and the log says so.
const MAX_TAGS: usize = 10_000;
/// How many requests of one question are under way at once.
const AT_ONCE: usize = 8;
