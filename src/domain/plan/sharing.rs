//! Whom a change of a file concerns besides the environment that it is meant for.

use super::{Setting, kustomize};
use crate::{
    domain::{
        catalogue::{Application, Catalogue, Environment, Manifests, Site},
        name::RepoPath,
        snapshot::Snapshot,
    },
    manifest::{kustomization::Kustomization, sources},
};

/// The other environments, and folders that the configuration doesn't know, whose kustomizations build from a file; when one
/// of its values is to be set, without those that set the value themselves. Of a kustomization in between that sets it nothing is known.
pub(super) fn of_file(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    setting: Option<&Setting>,
    file: &RepoPath,
) -> Vec<String> {
    let own = &site.environment.path;
    let builders = sources::who_builds_from(snapshot, file, |folder| {
        folder == own || environments(catalogue, site).any(|(_, environment)| environment.path == *folder)
    });
    let mut found = vec![];
    for folder in builders.folders.iter().filter(|folder| *folder != own) {
        if setting.is_some_and(|setting| sets_itself(snapshot, folder, site, setting)) {
            continue;
        }
        let before = found.len();
        found.extend(environments(catalogue, site).filter(|(_, e)| e.path == *folder).map(|(a, e)| label(a, e)));
        if found.len() == before {
            found.push(if folder.as_str().is_empty() { "/".to_owned() } else { folder.to_string() });
        }
    }
    if !builders.complete {
        found.push("…".to_owned());
    }
    found
}

/// The other environments that build from this one's own kustomization and would get the new value from it: those that
/// set it themselves don't.
pub(super) fn of_own(snapshot: &dyn Snapshot, catalogue: &Catalogue, site: &Site, setting: &Setting) -> Vec<String> {
    let own = &site.environment.path;
    let others = || environments(catalogue, site).filter(|(_, other)| other.path != *own && is_kustomized(other));
    // Many applications may share a folder, which is looked at once.
    let mut folders = sources::reaching(snapshot, others().map(|(_, other)| &other.path), own);
    folders.retain(|folder| !sets_itself(snapshot, folder, site, setting));
    let concerned = others().filter(|(_, other)| folders.contains(&other.path));
    if folders.is_empty() { vec![] } else { concerned.map(|(application, other)| label(application, other)).collect() }
}

fn is_kustomized(environment: &Environment) -> bool {
    matches!(environment.manifests, Manifests::Kustomize { .. })
}

/// Whether the kustomization of a folder sets the value itself.
fn sets_itself(snapshot: &dyn Snapshot, folder: &RepoPath, site: &Site, setting: &Setting) -> bool {
    let Ok((_, bytes)) = kustomize::file(snapshot, folder) else { return false };
    let Ok(kustomization) = Kustomization::read(&bytes) else { return false };
    match setting {
        // An entry that only gives the image this name is about another one below.
        Setting::Tag(_) if names_it(&kustomization, site) => {
            kustomization.tag(&site.image).is_ok_and(|tag| tag.is_some())
                || kustomization.digest(&site.image).is_ok_and(|digest| digest.is_some())
        }
        Setting::Tag(_) => false,
        Setting::Replicas(_) => kustomization.count(&site.environment.workload.name).is_ok_and(|count| count.is_some()),
    }
}

/// Whether the image's entry is for the image by that very name.
fn names_it(kustomization: &Kustomization<'_>, site: &Site) -> bool {
    kustomization.entry_name(&site.image).is_ok_and(|name| name.as_deref() == Some(site.image.as_str()))
}

/// The environments on the site's branch with their applications, in the order of the configuration: what is on another
/// branch, or in another repository, builds from other files of the same path.
fn environments<'a>(
    catalogue: &'a Catalogue,
    site: &'a Site,
) -> impl Iterator<Item = (&'a Application, &'a Environment)> {
    catalogue.applications.iter().flat_map(|application| {
        let here = application.environments.iter().filter(|e| e.repository == site.environment.repository);
        here.map(move |environment| (application, environment))
    })
}

fn label(application: &Application, environment: &Environment) -> String {
    format!("{}/{}", application.name, environment.name)
}
