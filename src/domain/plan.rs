//! From a snapshot and a mutation to the edits that carry it out: pure, without I/O and clock.

use serde::Serialize;

use super::{
    catalogue::Site,
    command::Mutation,
    name::RepoPath,
    snapshot::{FileEdit, Snapshot, SnapshotError},
};

/// What a mutation comes to at one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// These edits make it so.
    Change {
        /// The files with their new content.
        edits: Vec<FileEdit>,
        /// The change for people.
        change: Change,
    },
    /// The manifests already say so.
    AlreadySo {
        /// The value that stands there.
        value: String,
    },
}

/// A change of one value, for commit messages and replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Change {
    /// The file.
    pub file: RepoPath,
    /// The line of the value after the change, counted from 1.
    pub line: usize,
    /// The value that stood there; `None` when it was not set.
    pub from: Option<String>,
    /// The new value.
    pub to: String,
}

/// Why there is no plan: the file, the line and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{file}{}: {fault}", line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct PlanError {
    /// The file or folder.
    pub file: RepoPath,
    /// The line, counted from 1, when the fault has one.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: PlanFault,
}

/// What keeps a mutation from being planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanFault {
    /// The folder has no kustomization.
    #[error("there is no kustomization.yaml, kustomization.yml or Kustomization")]
    NoKustomization,
    /// The folder has several.
    #[error("several kustomization files: {}", .0.join(", "))]
    SeveralKustomizations(Vec<String>),
    /// The file can't be read from the snapshot.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The text isn't YAML, or isn't a kustomization.
    #[error("is not valid YAML: {0}")]
    Malformed(String),
    /// No `images` or `replicas` entry of that name.
    #[error("has no {section} entry named {name:?}")]
    NoEntry {
        /// `images` or `replicas`.
        section: String,
        /// The name looked for.
        name: String,
    },
    /// Two entries match, on these lines.
    #[error("has several {section} entries named {name:?}, on lines {lines:?}")]
    AmbiguousEntry {
        /// `images` or `replicas`.
        section: String,
        /// The name looked for.
        name: String,
        /// The lines of the entries.
        lines: Vec<usize>,
    },
    /// The value can't be changed without changing more than it.
    #[error("cannot be edited safely: {0}")]
    Unsafe(UnsafeEdit),
    /// Argo CD applies this file after the kustomization, so a commit would have no effect.
    #[error("Argo CD applies this file after the kustomization, so a change there would have no effect")]
    Overridden,
    /// The count is above the configured maximum.
    #[error("{wanted} replicas are more than the maximum of {maximum}")]
    TooManyReplicas {
        /// The count asked for.
        wanted: u32,
        /// The maximum of this environment.
        maximum: u32,
    },
}

/// Why a value can't be edited without touching anything else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsafeEdit {
    /// The value is an alias of an anchor elsewhere.
    #[error("the value is an alias (*{0})")]
    Alias(String),
    /// The value carries an anchor that others may use.
    #[error("the value is anchored (&{0})")]
    Anchor(String),
    /// The value is a block scalar, a list or a map.
    #[error("the value is not a plain or quoted scalar")]
    NotAScalar,
    /// The same key stands twice in one mapping, on these lines.
    #[error("the key {key:?} stands on several lines: {lines:?}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The lines.
        lines: Vec<usize>,
    },
    /// The file is encrypted by SOPS.
    #[error("the file is encrypted by SOPS")]
    Sops,
    /// The proof failed: reading the text again shows another difference than the asked-for one.
    #[error("the edited text would differ in more than the value: {0}")]
    ProofFailed(String),
}

/// Plans a mutation of one site.
///
/// The kustomization in the site's folder is edited: `images[].newTag` of the application's image for a deployment,
/// `replicas[].count` of the workload for a replica count.
///
/// # Errors
/// [`PlanError`] names the file and the line, and what is wrong there.
pub fn plan(snapshot: &dyn Snapshot, site: &Site, mutation: &Mutation) -> Result<Plan, PlanError> {
    let _ = (snapshot, site, mutation);
    Err(PlanError { file: site.environment.path.clone(), line: None, fault: PlanFault::NoKustomization })
}

/// What git wants of one site: the values that a status shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Desired {
    /// The image's tag, when the kustomization sets one.
    pub tag: Option<String>,
    /// The replica count, when the kustomization sets one.
    pub replicas: Option<u32>,
}

/// Reads what the manifests want of a site.
///
/// # Errors
/// [`PlanError`] as [`plan`].
pub fn desired(snapshot: &dyn Snapshot, site: &Site) -> Result<Desired, PlanError> {
    let _ = snapshot;
    Err(PlanError { file: site.environment.path.clone(), line: None, fault: PlanFault::NoKustomization })
}

impl From<SnapshotError> for PlanError {
    fn from(error: SnapshotError) -> Self {
        Self { file: error.path, line: None, fault: PlanFault::Unreadable(error.detail) }
    }
}
