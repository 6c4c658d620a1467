//! The byte-exact manifest editor: bytes in, bytes out, and a proof that only the asked-for value differs.
//!
//! A text is read into a [`tree`] whose nodes know their bytes. An edit is a set of [`text::Splice`]s: the value's bytes are
//! replaced, or a line is put in or taken out in the file's own style, and all other bytes stay. Before it is handed out,
//! [`proof`] reads the old and the new text with two independent readers and refuses the edit unless exactly the
//! asked-for difference shows.
//!
//! | module | what it knows |
//! |---|---|
//! | [`kustomization`] | what kustomize reads: sections, entries, and how their values are set |
//! | [`argocd`] | the files beside a kustomization that beat it |
//! | [`sources`] | what a kustomization builds from, as far as the snapshot shows it |
//! | `entry`, `habit`, `insert`, `remove` | where a value stands, how the file is written, the splices that put it in or take it out |
//! | `tree`, `scalar`, `text`, `proof` | YAML with byte ranges, quoting, lines, the proof: not about kustomize at all |

pub mod argocd;
mod entry;
mod habit;
mod insert;
pub mod kustomization;
pub mod proof;
mod remove;
pub mod scalar;
pub mod sources;
pub mod text;
pub mod tree;

use crate::domain::plan::{PlanFault, UnsafeEdit};

/// What is wrong with one manifest, and on which line; the caller knows which file it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", line.map(|l| format!("line {l}: ")).unwrap_or_default())]
pub struct Fault {
    /// The line, counted from 1, when the fault has one.
    pub line: Option<usize>,
    /// What is wrong there.
    pub fault: PlanFault,
}

impl Fault {
    /// A fault on a line.
    #[must_use]
    pub fn at(line: usize, fault: PlanFault) -> Self {
        Self { line: Some(line), fault }
    }

    /// An edit that would change more than the value.
    #[must_use]
    pub fn not_safe(line: usize, reason: UnsafeEdit) -> Self {
        Self::at(line, PlanFault::Unsafe(reason))
    }
}
