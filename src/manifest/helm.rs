//! Where Helm's values stand: in a values file, in an Argo CD Application, in a Flux HelmRelease.

mod values_file;

use super::{
    Fault, Missing, Outcome,
    key_path::KeyPath,
    slot,
    tree::{NodeId, Tree},
    value::{self, NewValue, Wish},
};
use crate::domain::{
    plan::{PlanFault, UnsafeEdit},
    position::Position,
};

/// The kind of file that holds Helm's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A values file of a chart or an environment.
    ValuesFile,
    /// An Application of Argo CD, with values in `spec.source.helm`.
    Application {
        /// Its name, where the file holds several.
        name: Option<String>,
    },
    /// A HelmRelease of Flux, with values in `spec.values`.
    HelmRelease {
        /// Its name, where the file holds several.
        name: Option<String>,
    },
}

/// Sets a value.
///
/// # Errors
/// [`Fault`] with the line, where the value isn't clear or can't be changed without touching more.
pub fn set(bytes: &[u8], host: &Host, path: &KeyPath, value: NewValue<'_>, missing: Missing) -> Result<Outcome, Fault> {
    let text = slot::utf8(bytes)?;
    let wish = Wish { steps: path.steps(), path, value, missing };
    match host {
        Host::ValuesFile => values_file::set(text, &wish),
        _ => Err(wish.no_value()),
    }
}

/// The value that is set, with its place: `None` where none is set, or null.
///
/// # Errors
/// As [`set`], save that a value which can be read but not edited is no error.
pub fn get(bytes: &[u8], host: &Host, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    let text = slot::utf8(bytes)?;
    match host {
        Host::ValuesFile => values_file::get(text, path),
        _ => Err(value::no_value(path)),
    }
}

/// The kind of a file, by the `apiVersion` and `kind` of its documents; what says neither is a values file.
#[must_use]
pub fn host_of(bytes: &[u8]) -> Host {
    let Ok(tree) = slot::utf8(bytes).and_then(Tree::read) else { return Host::ValuesFile };
    for root in tree.documents().iter().filter_map(|document| document.root) {
        match kind(&tree, root) {
            Some(Kind::Application | Kind::ApplicationSet) => return Host::Application { name: None },
            Some(Kind::HelmRelease) => return Host::HelmRelease { name: None },
            None => {}
        }
    }
    Host::ValuesFile
}

/// A kind of document that holds Helm's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Application,
    ApplicationSet,
    HelmRelease,
}

fn kind(tree: &Tree<'_>, root: NodeId) -> Option<Kind> {
    let text = |key| tree.get(root, key).and_then(|value| tree.scalar(value)).unwrap_or_default();
    let group = text("apiVersion").split('/').next().unwrap_or_default();
    match (group, text("kind")) {
        ("argoproj.io", "Application") => Some(Kind::Application),
        ("argoproj.io", "ApplicationSet") => Some(Kind::ApplicationSet),
        ("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease") => Some(Kind::HelmRelease),
        _ => None,
    }
}

/// Refuses documents that SOPS encrypted.
fn no_sops(tree: &Tree<'_>, root: NodeId) -> Result<(), Fault> {
    match slot::sops(tree, root) {
        Some(at) => Err(Fault::not_safe(at, UnsafeEdit::Sops)),
        None => Ok(()),
    }
}

fn malformed(tree: &Tree<'_>, id: NodeId, what: &str) -> Fault {
    Fault::at(tree.position(id), PlanFault::Malformed(what.to_owned()))
}
