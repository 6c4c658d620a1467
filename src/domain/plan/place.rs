//! Plans where Argo CD's own overrides are the place of the value: `.argocd-source-<app>.yaml`, or the Application itself.

use super::{Change, Desired, Plan, PlanError, PlanFault, Setting, at, kustomize, overridden, read, wanted};
use crate::{
    domain::{
        catalogue::{OverrideKind, OverridePlace, Site},
        image::ImageChange,
        name::RepoPath,
        snapshot::{FileEdit, Snapshot},
    },
    manifest::{
        Fault, Missing, Outcome,
        argocd::{self, Overrides, Place},
    },
};

/// Plans a mutation: the entry of the image or the workload is changed, or put in.
pub(super) fn plan(
    snapshot: &dyn Snapshot,
    site: &Site,
    setting: &Setting,
    place: &OverridePlace,
) -> Result<Plan, PlanError> {
    let file = &place.file;
    let fault = |fault| at(file, fault);
    let bytes = read(snapshot, file)?;
    overridden::refuse(later(snapshot, site, place)?, setting)?;
    let before = overrides(&bytes, site, place).map_err(fault)?;
    let (host, workload) = (host(site, place.kind), site.environment.workload.name.as_str());
    let outcome = match setting {
        Setting::Tag(tag) => {
            let change = ImageChange::tag(tag.clone());
            argocd::set_image(&bytes, &host, site.image.as_str(), &change, Missing::Insert)
        }
        Setting::Replicas(count) => argocd::set_replicas(&bytes, &host, workload, *count, Missing::Insert),
    };
    Ok(match outcome.map_err(fault)? {
        Outcome::AlreadySo { .. } => Plan::AlreadySo { value: wanted(setting) },
        Outcome::Changed { text, line, .. } => {
            // The item holds the name as well, so the value before is read by itself.
            let from = match setting {
                Setting::Tag(_) => before.image.and_then(|(_, tag)| tag),
                Setting::Replicas(_) => before.replicas.and_then(|(_, count)| count).map(|count| count.to_string()),
            };
            let edits = vec![FileEdit::write(file.clone(), text)];
            let (file, to) = (file.clone(), wanted(setting));
            Plan::Change {
                edits,
                change: Change { file, line, from, to, shared_with: vec![], unseen: vec![], gone: None },
            }
        }
    })
}

/// Reads what the manifests want of a site: what the place doesn't set is the kustomization's.
pub(super) fn desired(snapshot: &dyn Snapshot, site: &Site, place: &OverridePlace) -> Result<Desired, PlanError> {
    let bytes = read(snapshot, &place.file)?;
    let set = overrides(&bytes, site, place).map_err(|fault| at(&place.file, fault))?;
    let later = later(snapshot, site, place)?;
    let below = match kustomize::desired(snapshot, site) {
        Err(PlanError { fault: PlanFault::NoKustomization, .. }) => Desired::default(),
        below => below?,
    };
    let image = later.iter().rev().find_map(|(_, found)| found.image.clone()).or(set.image);
    let replicas = later.iter().rev().find_map(|(_, found)| found.replicas).or(set.replicas);
    Ok(Desired {
        tag: image.map_or(below.tag, |(_, tag)| tag),
        replicas: replicas.map_or(below.replicas, |(_, count)| count),
    })
}

/// What the place sets for the image and the workload.
fn overrides(bytes: &[u8], site: &Site, place: &OverridePlace) -> Result<Overrides, Fault> {
    let (images, workload) = ([site.image.as_str()], site.environment.workload.name.as_str());
    match place.kind {
        OverrideKind::ArgocdSource => argocd::overrides(bytes, &images, workload),
        OverrideKind::Application => {
            argocd::application_overrides(bytes, &site.environment.argocd.name, &images, workload)
        }
    }
}

/// What Argo CD applies after the place, file by file.
fn later(snapshot: &dyn Snapshot, site: &Site, place: &OverridePlace) -> Result<Vec<(RepoPath, Overrides)>, PlanError> {
    let mut files = overridden::files(snapshot, site, &[site.image.as_str()])?;
    if let (OverrideKind::ArgocdSource, Some(own)) =
        (place.kind, files.iter().position(|(file, _)| *file == place.file))
    {
        files.drain(..=own);
    }
    Ok(files)
}

fn host(site: &Site, kind: OverrideKind) -> Place {
    match kind {
        OverrideKind::ArgocdSource => Place::SourceFile,
        OverrideKind::Application => Place::Application { name: Some(site.environment.argocd.name.clone()) },
    }
}
