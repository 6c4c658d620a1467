//! From a snapshot and a mutation to the edits that carry it out: pure, without I/O and clock.

mod entry_fault;
mod helm;
mod kustomize;
mod overridden;
mod place;
mod plain;
mod review;
mod sharing;
mod value_fault;

use serde::Serialize;

pub use self::{
    entry_fault::EntryFault,
    review::ReviewFault,
    value_fault::{ScalarKind, Shape, ValueFault},
};

use super::{
    catalogue::{Catalogue, Manifests, SharedBases, Site},
    command::Mutation,
    name::{RepoPath, Tag},
    position::Position,
    snapshot::{FileEdit, Snapshot, SnapshotError},
};
use crate::manifest::Fault;

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
    /// Whom the change concerns as well, because they build from the same file: `application/environment`, or folders
    /// that the configuration doesn't know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<String>,
    /// Where the image or the workload may be, when it was not seen and not everything could be looked at. English.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// What gave way to the new value in a line of its own, such as `image.digest sha256:0123abcd…`. English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
}

/// A changed file that others build from as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// The file.
    pub file: RepoPath,
    /// The others: `application/environment`, or folders that the configuration doesn't know.
    pub with: Vec<String>,
}

impl Change {
    /// The file with those that share it, when there are any.
    #[must_use]
    pub fn shared(&self) -> Option<Shared> {
        (!self.shared_with.is_empty()).then(|| Shared { file: self.file.clone(), with: self.shared_with.clone() })
    }
}

/// Why there is no plan: the file, the line and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{file}{}: {fault}", at.map(|at| format!(":{at}")).unwrap_or_default())]
pub struct PlanError {
    /// The file or folder.
    pub file: RepoPath,
    /// The line and column, when the fault has a place.
    #[serde(flatten)]
    pub at: Option<Position>,
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
    /// The document is of another kind.
    #[error("is no kustomization but {kind}")]
    NotAKustomization {
        /// The kind with its API, as in `Deployment (apps/v1)`.
        kind: String,
    },
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
    /// The entry can't be set.
    #[error("{0}")]
    Entry(EntryFault),
    /// The value can't be changed without changing more than it.
    #[error("cannot be edited safely: {0}")]
    Unsafe(UnsafeEdit),
    /// The file that the configuration names isn't there.
    #[error("there is no such file")]
    NoFile,
    /// No value at a key path.
    #[error("has no value at {path}")]
    NoValue {
        /// The key path, as it is written on the command line: `api.image.tag`.
        path: String,
    },
    /// No workload of that name that has a count or containers.
    #[error("has no workload named {name:?}{}", others(found))]
    NoWorkload {
        /// The name looked for.
        name: String,
        /// What is there instead, as `Deployment/web`; some of them.
        found: Vec<String>,
    },
    /// The workload has no container of that name.
    #[error("has no container named {name:?}{}", others(found))]
    NoContainer {
        /// The name looked for.
        name: String,
        /// The containers there; some of them.
        found: Vec<String>,
    },
    /// Several workloads match, on these lines, and only one can be meant.
    #[error("has several workloads that match: {}, on lines {lines:?}", found.join(", "))]
    SeveralWorkloads {
        /// The workloads, as `Deployment/web`; some of them.
        found: Vec<String>,
        /// The lines where their manifests start.
        lines: Vec<usize>,
    },
    /// Several containers match, on these lines, and only one can be meant.
    #[error("has several containers that match: {}, on lines {lines:?}", found.join(", "))]
    SeveralContainers {
        /// The containers; some of them.
        found: Vec<String>,
        /// The lines where they start.
        lines: Vec<usize>,
    },
    /// Containers have the same image in different versions, so that they can't be changed as one.
    #[error("has {name} in different versions: {}, on lines {lines:?}", found.join(", "))]
    DifferentImages {
        /// The image, without tag and digest.
        name: String,
        /// Two of the values.
        found: Vec<String>,
        /// The lines of all; some of them.
        lines: Vec<usize>,
    },
    /// The workload has no containers of its own: it names another one that has them.
    #[error("{workload} has no template of its own, its workloadRef names {template}")]
    TemplateElsewhere {
        /// The workload, as `Rollout/web`.
        workload: String,
        /// The one it names, as `Deployment/web`.
        template: String,
    },
    /// The value is no image by the OCI grammar; perhaps it is a placeholder that something else fills in.
    #[error("{found:?} is not an image (name:tag@digest)")]
    NotAnImage {
        /// What stands there.
        found: String,
    },
    /// The value is no whole number; perhaps it is a placeholder that something else fills in.
    #[error("{found:?} is not a whole number")]
    NotACount {
        /// What stands there.
        found: String,
    },
    /// Helm's template code stands where a value should.
    #[error("is a Helm template, not YAML: the values are elsewhere")]
    HelmTemplate,
    /// Everything was looked at, and nothing sets or runs it; an entry for it would do nothing, or break the build.
    #[error("nothing here runs {name:?}; looked at {}", files.join(", "))]
    SetNowhere {
        /// `images` or `replicas`.
        section: String,
        /// The image or the workload.
        name: String,
        /// The files that were looked at; some of them.
        files: Vec<String>,
    },
    /// Another image than the application's stands at a place that the configuration names.
    #[error("{place} has the image {found:?}, not {wanted:?}")]
    OtherImage {
        /// The key path or the container.
        place: String,
        /// The image there.
        found: String,
        /// The application's image.
        wanted: String,
    },
    /// The value stands in several places, and the configuration wants it changed where it stands.
    #[error("{name:?} is set in several places: {}", places.join(", "))]
    SeveralPlaces {
        /// The image or the workload.
        name: String,
        /// The places, as `file:line`; some of them.
        places: Vec<String>,
    },
    /// The file is shared with other environments, and the configuration doesn't allow changing it for them all.
    #[error("is shared with {}", environments.join(", "))]
    SharedBase {
        /// The other environments: `application/environment`, or folders that the configuration doesn't know.
        environments: Vec<String>,
    },
    /// Argo CD applies this file after the kustomization, so a commit would have no effect.
    #[error("Argo CD applies this file after the kustomization, so a change there would have no effect")]
    Overridden,
    /// A value at a key path can't be set.
    #[error("{0}")]
    Value(ValueFault),
    /// A review environment can't be made or removed.
    #[error("{0}")]
    Review(ReviewFault),
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
    #[error("the value is an alias (*{name}) of the anchor on line {anchor}")]
    Alias {
        /// The anchor's name.
        name: String,
        /// The line of the anchor.
        anchor: usize,
    },
    /// The value carries an anchor that others may use.
    #[error("the value is anchored (&{name}){}", if aliases.is_empty() { String::new() } else { format!(", used on lines {aliases:?}") })]
    Anchor {
        /// The anchor's name.
        name: String,
        /// The lines of its aliases.
        aliases: Vec<usize>,
    },
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

fn others(found: &[String]) -> String {
    if found.is_empty() { ", nor any other".to_owned() } else { format!("; it has {}", found.join(", ")) }
}

/// Plans a mutation of one site: finds the file in which its value stands, or is to stand, and edits that.
///
/// # Errors
/// [`PlanError`] names the file and the line, and what is wrong there.
pub fn plan(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    mutation: &Mutation,
) -> Result<Plan, PlanError> {
    if let Mutation::SetReplicas(wanted) = *mutation
        && wanted > site.environment.max_replicas
    {
        let fault = PlanFault::TooManyReplicas { wanted, maximum: site.environment.max_replicas };
        return Err(PlanError { file: site.environment.path.clone(), at: None, fault });
    }
    let setting = match mutation {
        Mutation::Deploy(tag) => Setting::Tag(tag.clone()),
        Mutation::SetReplicas(count) => Setting::Replicas(*count),
        Mutation::Remove => {
            return match &site.environment.manifests {
                Manifests::Review(overlay) => review::remove(snapshot, catalogue, site, overlay),
                _ => Err(review::fault(&site.environment.path, PlanFault::Review(ReviewFault::NotAReview))),
            };
        }
    };
    match &site.environment.manifests {
        Manifests::Kustomize { shared_bases } => kustomize::plan(snapshot, catalogue, site, &setting, *shared_bases),
        Manifests::Helm(values) => helm::plan(snapshot, site, &setting, values),
        Manifests::Plain(manifest) => plain::plan(snapshot, catalogue, site, &setting, manifest),
        Manifests::Override(file) => place::plan(snapshot, site, &setting, file),
        Manifests::Review(overlay) => match &setting {
            Setting::Tag(tag) => review::create(snapshot, catalogue, site, overlay, tag),
            Setting::Replicas(_) => kustomize::plan(snapshot, catalogue, site, &setting, SharedBases::Refuse),
        },
    }
}

/// A value that is to stand in the manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Setting {
    /// The image's tag.
    Tag(Tag),
    /// The workload's replica count.
    Replicas(u32),
}

/// What git wants of one site: the values that a status shows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Desired {
    /// The image's tag, when the manifests set one.
    pub tag: Option<String>,
    /// The replica count, when the manifests set one.
    pub replicas: Option<u32>,
}

/// Reads what the manifests want of a site.
///
/// # Errors
/// [`PlanError`] as [`plan`].
pub fn desired(snapshot: &dyn Snapshot, site: &Site) -> Result<Desired, PlanError> {
    match &site.environment.manifests {
        Manifests::Kustomize { .. } | Manifests::Review(_) => kustomize::desired(snapshot, site),
        Manifests::Helm(values) => helm::desired(snapshot, site, values),
        Manifests::Plain(manifest) => plain::desired(snapshot, site, manifest),
        Manifests::Override(file) => place::desired(snapshot, site, file),
    }
}

/// A value as people read it.
fn wanted(setting: &Setting) -> String {
    match setting {
        Setting::Tag(tag) => tag.to_string(),
        Setting::Replicas(count) => count.to_string(),
    }
}

/// A tag, or else a digest, as the value before.
fn shown(tag: Option<String>, digest: Option<&str>) -> Option<String> {
    tag.or_else(|| digest.map(shortened))
}

/// A digest as people compare them: `sha256:0123abcd…`.
fn shortened(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hash)) if hash.chars().count() > 8 => {
            format!("{algorithm}:{}…", hash.chars().take(8).collect::<String>())
        }
        _ => digest.to_owned(),
    }
}

/// The bytes of a file that must be there.
fn read(snapshot: &dyn Snapshot, file: &RepoPath) -> Result<Vec<u8>, PlanError> {
    snapshot.file(file)?.ok_or_else(|| PlanError { file: file.clone(), at: None, fault: PlanFault::NoFile })
}

fn at(file: &RepoPath, Fault { at, fault }: Fault) -> PlanError {
    PlanError { file: file.clone(), at, fault }
}

impl From<SnapshotError> for PlanError {
    fn from(error: SnapshotError) -> Self {
        Self { file: error.path, at: None, fault: PlanFault::Unreadable(error.detail) }
    }
}

#[cfg(test)]
mod tests;
