//! What keeps an entry for an image or a workload from being set, beside what can be wrong with any manifest.

use serde::Serialize;

/// Why an entry can't be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryFault {
    /// There is no entry of that name, and another one may be meant for the same image.
    #[error("has no {section} entry named {name:?}, and the one named {other:?} may be meant")]
    OtherMeant {
        /// `images`.
        section: String,
        /// The name looked for.
        name: String,
        /// The name of the other one.
        other: String,
        /// Its line.
        line: usize,
    },
    /// What would name a new entry isn't an image.
    #[error("{name:?} is not an image's name")]
    NotAnImageName {
        /// The name.
        name: String,
    },
    /// A kind before the name, where kustomize takes the name alone.
    #[error("{name:?} has a kind in it, and kustomize takes the name alone")]
    KindInName {
        /// As it was given, `Deployment/web`.
        name: String,
    },
    /// Flux's Kustomization has no replica counts.
    #[error("a Flux Kustomization has no replicas")]
    NoReplicas,
    /// Argo CD builds a source in one way only, and this one isn't by kustomize.
    #[error("the source has {key}, so that kustomize doesn't build it")]
    OtherTool {
        /// `chart`, `helm`, `directory` or `plugin`.
        key: String,
    },
    /// Several sources, and none or several are set up for kustomize.
    #[error("several sources, on lines {lines:?}")]
    SeveralSources {
        /// Their lines.
        lines: Vec<usize>,
    },
}
