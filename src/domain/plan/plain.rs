//! Plans for manifests without kustomize or Helm: a container's image and `spec.replicas`, in a file or a folder of them.

use super::{Change, Desired, Plan, PlanError, PlanFault, Setting, at, kustomize::NAMED, read, sharing, wanted};
use crate::{
    domain::{
        catalogue::{Catalogue, PlainManifest, SharedBases, Site},
        image::ImageChange,
        name::RepoPath,
        snapshot::{FileEdit, Snapshot},
    },
    manifest::{
        Fault, Missing, Outcome,
        sources::split,
        workload::{self, ContainerRef, Selector},
    },
};

/// Plans a mutation.
pub(super) fn plan(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    setting: &Setting,
    manifest: &PlainManifest,
) -> Result<Plan, PlanError> {
    let (file, bytes) = file(snapshot, site, manifest)?;
    let outcome = match setting {
        Setting::Tag(tag) => same_image(&bytes, site, manifest).and_then(|()| {
            workload::set_image(&bytes, &selector(site), container(site, manifest), &ImageChange::tag(tag.clone()))
        }),
        Setting::Replicas(count) => workload::set_replicas(&bytes, &selector(site), *count, Missing::Insert),
    };
    let (text, line, from) = match outcome.map_err(|fault| at(&file, fault))? {
        Outcome::AlreadySo { value } => return Ok(Plan::AlreadySo { value }),
        Outcome::Changed { text, line, from } => (text, line, from),
    };
    let shared_with = sharing::of_file(snapshot, catalogue, site, Some(setting), &file);
    if manifest.shared_bases == SharedBases::Refuse && !shared_with.is_empty() {
        return Err(PlanError { file, at: None, fault: PlanFault::SharedBase { environments: shared_with } });
    }
    let edits = vec![FileEdit::write(file.clone(), text)];
    let change = Change { file, line, from, to: wanted(setting), shared_with, unseen: vec![], gone: None };
    Ok(Plan::Change { edits, change })
}

/// Reads what the manifests want of a site.
pub(super) fn desired(snapshot: &dyn Snapshot, site: &Site, manifest: &PlainManifest) -> Result<Desired, PlanError> {
    let (file, bytes) = file(snapshot, site, manifest)?;
    let fault = |fault| at(&file, fault);
    let image = workload::image(&bytes, &selector(site), container(site, manifest)).map_err(fault)?;
    let replicas = workload::replicas(&bytes, &selector(site)).map_err(fault)?;
    Ok(Desired {
        tag: image.and_then(|(image, _)| split(&image).1.map(str::to_owned)),
        replicas: replicas.map(|(count, _)| count),
    })
}

/// The file with the workload: the configured one, or the one in the configured folder that has it.
fn file(snapshot: &dyn Snapshot, site: &Site, manifest: &PlainManifest) -> Result<(RepoPath, Vec<u8>), PlanError> {
    let folder = &manifest.file;
    let names = snapshot.names(folder)?;
    if names.is_empty() {
        return Ok((folder.clone(), read(snapshot, folder)?));
    }
    let (mut found, mut others, mut unreadable) = (vec![], vec![], None);
    for name in names.iter().filter(|name| [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))) {
        let Ok(file) = folder.join(name) else { continue };
        let Some(bytes) = snapshot.file(&file)? else { continue };
        match workload::workloads(&bytes) {
            Ok(workloads) => {
                let is_it = |workload: &workload::Workload| {
                    let here = workload.namespace.as_ref().is_none_or(|n| *n == site.environment.workload.namespace);
                    here && workload.name.as_ref() == Some(&site.environment.workload.name)
                };
                if workloads.iter().any(is_it) {
                    found.push((file, bytes));
                } else {
                    let shown = |w: &workload::Workload| format!("{}/{}", w.kind, w.name.as_deref().unwrap_or("?"));
                    others.extend(workloads.iter().map(shown));
                }
            }
            Err(fault) => unreadable = unreadable.or(Some(at(&file, fault))),
        }
    }
    let name = site.environment.workload.name.clone();
    match (found.len(), unreadable) {
        (1, _) => found.pop().ok_or_else(|| PlanError { file: folder.clone(), at: None, fault: PlanFault::NoFile }),
        // The workload may be in there.
        (0, Some(unreadable)) => Err(unreadable),
        (0, None) => {
            others.truncate(NAMED);
            Err(PlanError { file: folder.clone(), at: None, fault: PlanFault::NoWorkload { name, found: others } })
        }
        _ => {
            let places = found.iter().take(NAMED).map(|(file, _)| file.to_string()).collect();
            Err(PlanError { file: folder.clone(), at: None, fault: PlanFault::SeveralPlaces { name, places } })
        }
    }
}

fn selector(site: &Site) -> Selector<'_> {
    let workload = &site.environment.workload;
    Selector { kind: None, namespace: Some(&workload.namespace), name: Some(&workload.name) }
}

fn container<'s>(site: &'s Site, manifest: &'s PlainManifest) -> ContainerRef<'s> {
    match &manifest.container {
        Some(name) => ContainerRef::Name(name),
        None => ContainerRef::Image(site.image.as_str()),
    }
}

/// Refuses a named container that runs another image than the application's.
fn same_image(bytes: &[u8], site: &Site, manifest: &PlainManifest) -> Result<(), Fault> {
    let Some(container) = &manifest.container else { return Ok(()) };
    let image = workload::image(bytes, &selector(site), ContainerRef::Name(container))?;
    let Some((image, position)) = image else { return Ok(()) };
    let found = split(&image).0;
    if found == site.image.as_str() {
        return Ok(());
    }
    let (found, wanted) = (found.to_owned(), site.image.to_string());
    Err(Fault::at(position, PlanFault::OtherImage { place: container.clone(), found, wanted }))
}
