//! What a schema can't say of the manifests of environments: which sections go together, where their paths lead, and
//! whether two environments change the same value.

use std::path::Path;

use super::{
    branches::Line,
    fault::{Fault, Place},
    repositories,
    tree::{Entry, Kind, Node},
};
use crate::{domain::name::RepoPath, manifest::sources};

/// The sections of which an environment has at most one.
const SECTIONS: [&str; 4] = ["kustomize", "helm", "manifest", "override"];

/// The files of which the section `helm` has one.
const HELM_FILES: [&str; 3] = ["values_file", "application", "release"];

/// The files of which the section `override` has one.
const OVERRIDE_FILES: [&str; 2] = ["argocd_source", "application"];

/// Checks the environments of a file; tolerates values of any shape, which other checks report.
pub(super) fn faults(tree: &Node, base: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    let repositories = repositories::sections(tree);
    let mut seen: Vec<(Option<Line>, Value, Place)> = Vec::new();
    for (application, environment) in environments(tree) {
        at_most_one(environment, &SECTIONS, &mut faults);
        for (name, keys) in [("helm", &HELM_FILES[..]), ("override", &OVERRIDE_FILES[..])] {
            let Some(section) = environment.get(name).filter(|section| matches!(section.kind, Kind::Map(_))) else {
                continue;
            };
            at_most_one(section, keys, &mut faults);
            if keys.iter().all(|key| section.entry(key).is_none()) {
                let quoted: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
                let text = format!("missing key {} in {name:?}", quoted.join(" or "));
                faults.push(Fault::at(section.place, text));
            }
        }
        let Some(folder) = environment.get("path").and_then(Node::text).and_then(|path| RepoPath::new(path).ok())
        else {
            continue;
        };
        for node in files(environment) {
            if node.text().is_some_and(|text| sources::local(&folder, text).is_none()) {
                let text = format!("leads out of the repository, as seen from the folder {:?}", folder.as_str());
                faults.push(Fault::at(node.place, text));
            }
        }
        let Some((value, place)) = value(application, environment, &folder) else { continue };
        let line = repositories::line(&repositories, application, environment, base);
        match seen.iter().find(|(on, other, _)| *on == line && *other == value) {
            Some((.., first)) => {
                let same = if value.key.is_none() { "path and image" } else { "file and key" };
                let text = format!(
                    "the environment on line {} has the same {same}: a command for one would change both",
                    first.line
                );
                faults.push(Fault::at(place, text));
            }
            None => seen.push((line, value, place)),
        }
    }
    faults
}

/// What is allowed and yet rarely meant.
pub(super) fn warnings(tree: &Node) -> Vec<Fault> {
    let mut warnings = Vec::new();
    for (_, environment) in environments(tree) {
        let Some(helm) = environment.get("helm") else { continue };
        let tag = helm.get("tag").and_then(Node::text).unwrap_or("image.tag");
        for entry in ["digest", "repository"].iter().filter_map(|key| helm.entry(key)) {
            let Some(text) = entry.value.text() else { continue };
            if text == tag {
                warnings.push(Fault::at(entry.value.place, format!("{:?} is the key of the tag as well", entry.key)));
            } else if map_of(text) != map_of(tag) {
                let text = format!("{:?} and the tag stand in different maps: is it the same image?", entry.key);
                warnings.push(Fault::at(entry.value.place, text));
            }
        }
    }
    warnings
}

/// A key path without its last key.
fn map_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(map, _)| map)
}

/// Every environment with its application.
pub(super) fn environments(tree: &Node) -> impl Iterator<Item = (&Node, &Node)> {
    let applications = tree.get("applications").into_iter().flat_map(Node::items);
    applications.flat_map(|application| {
        application
            .get("environments")
            .into_iter()
            .flat_map(Node::items)
            .map(move |environment| (application, environment))
    })
}

/// A fault for each of these keys after the first one that is there.
fn at_most_one(section: &Node, keys: &[&str], faults: &mut Vec<Fault>) {
    let mut found: Vec<&Entry> = keys.iter().filter_map(|key| section.entry(key)).collect();
    found.sort_by_key(|entry| entry.place);
    let Some((first, others)) = found.split_first() else { return };
    for entry in others {
        let text = format!("{:?} has no meaning beside {:?}", entry.key, first.key);
        faults.push(Fault::at(entry.place, text));
    }
}

/// The files that an environment names.
fn files(environment: &Node) -> impl Iterator<Item = &Node> {
    let helm = HELM_FILES.iter().filter_map(|key| environment.get("helm")?.get(key));
    let overrides = OVERRIDE_FILES.iter().filter_map(|key| environment.get("override")?.get(key));
    helm.chain(environment.get("manifest").and_then(|manifest| manifest.get("file"))).chain(overrides)
}

/// The value that a deployment changes.
#[derive(PartialEq)]
struct Value<'n> {
    file: RepoPath,
    /// The key of Helm's values, or the container.
    key: Option<&'n str>,
    /// The image, where it chooses the value.
    image: Option<&'n str>,
    /// The workload, where it chooses the value.
    workload: Option<&'n str>,
}

/// The value that a deployment to an environment changes, and where the configuration says so.
fn value<'n>(application: &'n Node, environment: &'n Node, folder: &RepoPath) -> Option<(Value<'n>, Place)> {
    let image = Some(application.get("image")?.text()?);
    if let Some(helm) = environment.get("helm") {
        let node = HELM_FILES.iter().find_map(|key| helm.get(key))?;
        let file = sources::local(folder, node.text()?)?;
        let key = Some(helm.get("tag").and_then(Node::text).unwrap_or("image.tag"));
        return Some((Value { file, key, image: None, workload: None }, node.place));
    }
    if let Some(manifest) = environment.get("manifest") {
        let node = manifest.get("file")?;
        let file = sources::local(folder, node.text()?)?;
        let key = Some(manifest.get("container").and_then(Node::text).unwrap_or_default());
        let workload = environment.get("workload").and_then(|workload| workload.get("name")?.text());
        return Some((Value { file, key, image, workload }, node.place));
    }
    if let Some(overrides) = environment.get("override") {
        let node = OVERRIDE_FILES.iter().find_map(|key| overrides.get(key))?;
        let file = sources::local(folder, node.text()?)?;
        return Some((Value { file, key: Some(""), image, workload: None }, node.place));
    }
    let place = environment.get("path")?.place;
    Some((Value { file: folder.clone(), key: None, image, workload: None }, place))
}
