//! Who builds from a file: the way down from one kustomization, and the way up through all of a repository.

use std::collections::BTreeSet;

use super::{
    field, folder_of, list,
    memo::Memo,
    parse, read_kustomization,
    reference::{Reference, resolve},
    root,
};
use crate::{
    domain::{name::RepoPath, snapshot::Snapshot},
    manifest::kustomization::FILE_NAMES,
};

/// The most folders of a repository that are looked at.
const MAX_FOLDERS: usize = 20_000;

/// Ends of names that no folder has.
pub(super) const FILES: [&str; 8] = [".yaml", ".yml", ".json", ".md", ".txt", ".sh", ".tpl", ".lock"];

/// Who builds from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Builders {
    /// The folders, sorted: those at which the way up was to end, and those that nothing else builds from.
    pub folders: Vec<RepoPath>,
    /// Whether all of the repository was looked at.
    pub complete: bool,
}

/// Those of some folders whose kustomizations build from another folder's, however many others are in between.
pub fn reaching<'p>(
    snapshot: &dyn Snapshot,
    from: impl Iterator<Item = &'p RepoPath>,
    target: &RepoPath,
) -> BTreeSet<&'p RepoPath> {
    remembering(snapshot, |memo| memo.reaching(snapshot, from, target))
}

/// Asks the snapshot's own memo, or one that is thrown away.
fn remembering<T>(snapshot: &dyn Snapshot, ask: impl FnOnce(&Memo) -> T) -> T {
    match snapshot.memo() {
        Some(memo) => ask(memo),
        None => ask(&Memo::default()),
    }
}

/// Looks through the repository's kustomizations for those that build from a file. The way up ends at the folders that
/// `ends` names, and at those that nothing builds from.
#[must_use]
pub fn who_builds_from(snapshot: &dyn Snapshot, file: &RepoPath, ends: impl Fn(&RepoPath) -> bool) -> Builders {
    let parents = remembering(snapshot, |memo| memo.parents(snapshot));
    let (parents, complete) = (&parents.folders, parents.complete);
    let name = file.as_str().rsplit('/').next().unwrap_or_default();
    let start = if FILE_NAMES.contains(&name) { folder_of(file) } else { file.clone() };
    let (mut found, mut visited, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![start]);
    while let Some(path) = open.pop() {
        for parent in parents.get(&path).into_iter().flatten() {
            if ends(parent) || !parents.contains_key(parent) {
                found.insert(parent.clone());
            } else if visited.insert(parent.clone()) {
                open.push(parent.clone());
            }
        }
    }
    Builders { folders: found.into_iter().collect(), complete }
}

/// Looks through the repository's kustomizations and tells what each of them refers to; returns whether that is all of
/// them.
pub(super) fn all_references(snapshot: &dyn Snapshot, mut tell: impl FnMut(RepoPath, Vec<RepoPath>)) -> bool {
    let mut open: Vec<RepoPath> = RepoPath::new("").into_iter().collect();
    let mut looked_at = 0;
    while let Some(folder) = open.pop() {
        let Ok(names) = snapshot.names(&folder) else { continue };
        if names.is_empty() {
            continue;
        }
        looked_at += 1;
        if looked_at > MAX_FOLDERS {
            return false;
        }
        let below = names.iter().filter(|name| !FILES.iter().any(|end| name.ends_with(end)));
        open.extend(below.filter_map(|name| folder.join(name).ok()));
        if names.iter().any(|name| FILE_NAMES.contains(&name.as_str())) {
            let found = references(snapshot, &folder);
            tell(folder, found);
        }
    }
    true
}

/// The paths in this repository that the kustomization of a folder names; none where it can't be read.
pub(super) fn references(snapshot: &dyn Snapshot, folder: &RepoPath) -> Vec<RepoPath> {
    let Ok((_, text)) = read_kustomization(snapshot, folder) else { return vec![] };
    let Ok(tree) = parse(&text) else { return vec![] };
    let Some(root) = root(&tree) else { return vec![] };
    let mut found = vec![];
    let mut add = |text: Option<&str>| {
        if let Some(Reference::Local(path)) = text.map(|text| resolve(folder, text)) {
            found.push(path);
        }
    };
    for key in ["resources", "bases", "components", "patchesStrategicMerge"] {
        list(&tree, root, key).into_iter().for_each(|item| add(tree.scalar(item)));
    }
    for key in ["patches", "patchesJson6902"] {
        list(&tree, root, key).into_iter().for_each(|item| add(field(&tree, item, "path")));
    }
    for chart in list(&tree, root, "helmCharts") {
        add(field(&tree, chart, "valuesFile"));
        list(&tree, chart, "additionalValuesFiles").into_iter().for_each(|item| add(tree.scalar(item)));
    }
    found
}
