//! What Argo CD applies after the manifests: `.argocd-source.yaml` and its kin.

use super::{PlanError, PlanFault, Setting, at};
use crate::{
    domain::{catalogue::Site, name::RepoPath, snapshot::Snapshot},
    manifest::{
        argocd::{self, Overrides},
        helm,
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
pub(super) fn refuse(found: Vec<(RepoPath, Overrides)>, setting: &Setting) -> Result<(), PlanError> {
    for (file, overrides) in found {
        let at = match setting {
            Setting::Tag(_) => overrides.image.map(|(at, _)| at),
            Setting::Replicas(_) => overrides.replicas.map(|(at, _)| at),
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
            if let Some((_, found)) = helm::overriding(&bytes, key).map_err(|fault| at(&file, fault))? {
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
        value = helm::overriding(&bytes, key).map_err(|fault| at(&file, fault))?.map(|(text, _)| text).or(value);
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
