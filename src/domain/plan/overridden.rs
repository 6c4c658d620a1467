//! What Argo CD applies after the manifests: `.argocd-source.yaml` and its kin.

use super::{PlanError, PlanFault, at};
use crate::{
    domain::{catalogue::Site, command::Mutation, name::RepoPath, position::Position, snapshot::Snapshot},
    manifest::{
        Fault,
        argocd::{self, Overrides},
        helm::{self as manifest_helm, Host},
        key_path::KeyPath,
    },
};

/// What Argo CD applies after the kustomization, file by file; `names` are those of the image.
pub(super) fn files(
    snapshot: &dyn Snapshot,
    site: &Site,
    names: &[&str],
) -> Result<Vec<(RepoPath, Overrides)>, PlanError> {
    let mut found = vec![];
    for (file, bytes) in source_files(snapshot, site)? {
        let overrides = argocd::overrides(&bytes, names, &site.environment.workload.name);
        found.push((file.clone(), overrides.map_err(|fault| at(&file, fault))?));
    }
    Ok(found)
}

/// Refuses a mutation whose value one of these files sets.
pub(super) fn refuse(found: Vec<(RepoPath, Overrides)>, mutation: &Mutation) -> Result<(), PlanError> {
    for (file, overrides) in found {
        let at = match mutation {
            Mutation::Deploy(_) => overrides.image.map(|(at, _)| at),
            Mutation::SetReplicas(_) => overrides.replicas.map(|(at, _)| at),
        };
        if at.is_some() {
            return Err(PlanError { file, at, fault: PlanFault::Overridden });
        }
    }
    Ok(())
}

/// Refuses a mutation whose value one of these files sets for Helm, at one of these keys.
pub(super) fn refuse_helm(snapshot: &dyn Snapshot, site: &Site, keys: &[&KeyPath]) -> Result<(), PlanError> {
    for (file, bytes) in source_files(snapshot, site)? {
        for key in keys {
            if let Some((_, found)) = in_source(&bytes, key).map_err(|fault| at(&file, fault))? {
                return Err(PlanError { file, at: Some(found), fault: PlanFault::Overridden });
            }
        }
    }
    Ok(())
}

/// The value that these files set for Helm at a key; the last of them beats the others.
pub(super) fn helm(snapshot: &dyn Snapshot, site: &Site, key: &KeyPath) -> Result<Option<String>, PlanError> {
    let mut value = None;
    for (file, bytes) in source_files(snapshot, site)? {
        value = in_source(&bytes, key).map_err(|fault| at(&file, fault))?.map(|(text, _)| text).or(value);
    }
    Ok(value)
}

/// The files that Argo CD lays over the Application's source, in its order.
fn source_files(snapshot: &dyn Snapshot, site: &Site) -> Result<Vec<(RepoPath, Vec<u8>)>, PlanError> {
    let environment = &site.environment;
    let there = snapshot.names(&environment.path)?;
    let mut found = vec![];
    for name in argocd::file_names(&environment.argocd.namespace, &environment.argocd.name) {
        let Ok(file) = environment.path.join(&name) else { continue };
        if let Some(bytes) = there.contains(&name).then(|| snapshot.file(&file)).transpose()?.flatten() {
            found.push((file, bytes));
        }
    }
    Ok(found)
}

/// What stands before a source in an Application.
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n";

/// The value that such a file sets for Helm: it has the fields of an Application's source.
fn in_source(bytes: &[u8], key: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    const LINES: usize = 4;
    const INDENT: usize = 4;
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Fault::whole(PlanFault::Malformed("not UTF-8".to_owned())));
    };
    if !text.contains("helm") {
        return Ok(None);
    }
    let mut application = APPLICATION.to_owned();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let marker = line.starts_with("---") || line.starts_with("...") || line.starts_with('%');
        application.push_str(&if marker { "\n".to_owned() } else { format!("    {line}\n") });
    }
    let outside = |at: Position| Position {
        line: at.line.saturating_sub(LINES).max(1),
        column: at.column.saturating_sub(INDENT).max(1),
    };
    match manifest_helm::get(application.as_bytes(), &Host::Application { name: None }, key) {
        Ok(found) => Ok(found.map(|(value, at)| (value, outside(at)))),
        Err(Fault { at, fault }) => Err(Fault { at: at.map(outside), fault }),
    }
}
