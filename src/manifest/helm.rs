//! Where Helm's values stand: in a values file, in an Argo CD Application, in a Flux HelmRelease.

mod application;
mod parameter;
mod release;
mod values_file;

use super::{
    Fault, Missing, Outcome,
    key_path::{KeyPath, Step},
    slot::{self, MAX_LINES},
    tree::{NodeId, Tree},
    value::{self, NewValue, Planned, Wish},
};
use crate::domain::{
    plan::{PlanFault, UnsafeEdit, ValueFault},
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
        Host::Application { name } => application::set(text, name.as_deref(), &wish),
        Host::HelmRelease { name } => release::set(text, name.as_deref(), &wish),
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
        Host::Application { name } => application::get(text, name.as_deref(), path),
        Host::HelmRelease { name } => release::get(text, name.as_deref(), path),
    }
}

/// Where an Application sets the value once more without effect: [`set`] changes nothing there.
///
/// # Errors
/// As [`get`].
pub fn shadowed(bytes: &[u8], host: &Host, path: &KeyPath) -> Result<Vec<Position>, Fault> {
    match host {
        Host::Application { name } => application::shadowed(slot::utf8(bytes)?, name.as_deref(), path),
        Host::ValuesFile | Host::HelmRelease { .. } => Ok(vec![]),
    }
}

/// What a file beside a chart sets over the Application's source: `.argocd-source.yaml`, `.argocd-source-<app>.yaml`.
///
/// # Errors
/// As [`get`].
pub fn overriding(bytes: &[u8], path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    application::overriding(slot::utf8(bytes)?, path)
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

/// The one document of a kind, by its name where one is given: its number and root.
fn pick(tree: &Tree<'_>, wanted: Kind, name: Option<&str>) -> Result<(usize, NodeId), Fault> {
    let roots = tree.documents().iter().enumerate().filter_map(|(n, document)| Some((n, document.root?)));
    let (found, others): (Vec<_>, Vec<_>) = roots.partition(|(_, root)| kind(tree, *root) == Some(wanted));
    let is_named = |root: NodeId| {
        let metadata = tree.get(root, "metadata")?;
        tree.get(metadata, "name").and_then(|value| tree.scalar(value))
    };
    let found: Vec<_> = found.into_iter().filter(|(_, root)| name.is_none() || is_named(*root) == name).collect();
    let shown = if wanted == Kind::HelmRelease { "HelmRelease" } else { "Application" }.to_owned();
    match found.as_slice() {
        [(document, root)] => {
            no_sops(tree, *root)?;
            Ok((*document, *root))
        }
        [] => {
            let set = others.iter().find(|(_, root)| kind(tree, *root) == Some(Kind::ApplicationSet));
            if let Some((_, set)) = set.filter(|_| wanted == Kind::Application) {
                return Err(value::fault(tree.position(*set), ValueFault::ApplicationSet));
            }
            let fault = ValueFault::NoManifest { kind: shown, name: name.map(str::to_owned) };
            Err(Fault::whole(PlanFault::Value(fault)))
        }
        [_, (_, second), ..] => {
            let lines = found.iter().take(MAX_LINES).map(|(_, root)| tree.line(*root)).collect();
            Err(value::fault(tree.position(*second), ValueFault::SeveralManifests { kind: shown, lines }))
        }
    }
}

/// Refuses documents that SOPS encrypted.
fn no_sops(tree: &Tree<'_>, root: NodeId) -> Result<(), Fault> {
    match slot::sops(tree, root) {
        Some(at) => Err(Fault::not_safe(at, UnsafeEdit::Sops)),
        None => Ok(()),
    }
}

fn keys(keys: &[&str]) -> Vec<Step> {
    keys.iter().map(|key| Step::Key((*key).to_owned())).collect()
}

/// Sets a value in one document of a file and proves it.
fn set_at(tree: &Tree<'_>, (document, root): (usize, NodeId), wish: &Wish<'_>) -> Result<Outcome, Fault> {
    match value::plan(tree, (root, vec![]), wish)? {
        Planned::AlreadySo(value) => Ok(Outcome::AlreadySo { value }),
        Planned::Change { edit, written, from } => slot::finish(tree, document, edit, &written, from),
    }
}
