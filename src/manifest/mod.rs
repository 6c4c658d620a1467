//! The byte-exact manifest editor: bytes in, bytes out, and a proof that only the asked-for value differs.
//!
//! A text is read into a [`tree`] whose nodes know their bytes. An edit is a set of [`text::Splice`]s: the value's bytes are
//! replaced, or a line is put in or taken out in the file's own style, and all other bytes stay. Before it is handed out,
//! [`proof`] has the old and the new text read again, by the tree's parser and by two readers that share no code with it,
//! and refuses the edit unless exactly the asked-for difference shows.
//!
//! | module | what it knows |
//! |---|---|
//! | [`kustomization`] | what kustomize reads: sections, entries, and how their values are set |
//! | [`argocd`] | what Argo CD lays over a kustomization: files beside it, and the Application's own source |
//! | [`workload`] | plain manifests: which kinds count, the images of their containers, `spec.replicas` |
//! | [`sources`] | what a kustomization builds from, as far as the snapshot shows it |
//! | [`helm`] | where Helm's values stand: in values files, Applications and HelmReleases |
//! | [`value`], [`key_path`] | a scalar at a path of keys in any document, and how the path is written |
//! | `embedded` | YAML inside a block scalar |
//! | `entry`, `pattern` | where the entry of a kustomization stands, and which images its name matches |
//! | `slot`, `habit`, `insert`, `remove`, `keys` | whether a value may be written over, how the file is written, the splices that put something in or take it out, or both at once |
//! | `tree`, `scalar`, `text`, `proof` | YAML with byte ranges, quoting, lines, the proof: not about kustomize at all |

pub mod argocd;
mod embedded;
mod entry;
mod habit;
pub mod helm;
mod insert;
pub mod key_path;
mod keys;
pub mod kustomization;
mod pattern;
pub mod proof;
mod remove;
pub mod scalar;
mod slot;
pub mod sources;
pub mod text;
pub mod tree;
pub mod value;
pub mod workload;

use crate::domain::{
    plan::{PlanFault, UnsafeEdit},
    position::Position,
};

/// What setting a value comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The text with the new value.
    Changed {
        /// The whole new text.
        text: String,
        /// The line of the new value, counted from 1.
        line: usize,
        /// The value that stood there.
        from: Option<String>,
    },
    /// The value is already the wanted one.
    AlreadySo {
        /// The value.
        value: String,
    },
}

/// What to do where what is to be set isn't there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Put it in, unless something else there may be meant for the same.
    Insert,
    /// Put it in, even beside another one that may be meant for the same.
    InsertBeside,
    /// Say so.
    Refuse,
}

/// What is wrong with one manifest, and where; the caller knows which file it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", at.map(|at| format!("{at}: ")).unwrap_or_default())]
pub struct Fault {
    /// Where, when the fault has a place.
    pub at: Option<Position>,
    /// What is wrong there.
    pub fault: PlanFault,
}

impl Fault {
    /// A fault of the whole text.
    #[must_use]
    pub fn whole(fault: PlanFault) -> Self {
        Self { at: None, fault }
    }

    /// A fault at a place.
    #[must_use]
    pub fn at(at: Position, fault: PlanFault) -> Self {
        Self { at: Some(at), fault }
    }

    /// An edit that would change more than the value.
    #[must_use]
    pub fn not_safe(at: Position, reason: UnsafeEdit) -> Self {
        Self::at(at, PlanFault::Unsafe(reason))
    }
}
