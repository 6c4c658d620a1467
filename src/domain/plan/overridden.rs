//! What Argo CD applies after the manifests: `.argocd-source.yaml` and its kin.

use super::{PlanError, PlanFault, at};
use crate::{
    domain::{catalogue::Site, command::Mutation, name::RepoPath, snapshot::Snapshot},
    manifest::argocd::{self, Overrides},
};

/// What Argo CD applies after the kustomization, file by file; `names` are those of the image.
pub(super) fn files(
    snapshot: &dyn Snapshot,
    site: &Site,
    names: &[&str],
) -> Result<Vec<(RepoPath, Overrides)>, PlanError> {
    let mut found = vec![];
    let environment = &site.environment;
    let there = snapshot.names(&environment.path)?;
    for name in argocd::file_names(&environment.argocd.namespace, &environment.argocd.name) {
        if !there.contains(&name) {
            continue;
        }
        let Ok(file) = environment.path.join(&name) else { continue };
        let Some(bytes) = snapshot.file(&file)? else { continue };
        let overrides = argocd::overrides(&bytes, names, &environment.workload.name);
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
