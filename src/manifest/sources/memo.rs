//! Who refers to whom in a tree, kept while it stays true: many plans on one tree ask the same.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    reach::{FILES, all_references, references},
    reference::folder_of,
};
use crate::{
    domain::{name::RepoPath, snapshot::Snapshot},
    manifest::kustomization::FILE_NAMES,
};

/// The most kustomizations on the way down.
const MAX_DOWN: usize = 300;

/// What was found out about the kustomizations of one tree. It stays true for a tree that differs from that one only in
/// files that were noted.
#[derive(Default)]
pub struct Memo(Mutex<State>);

/// For every path that a kustomization refers to, the folders of those that do.
#[derive(Debug, Default)]
pub(super) struct Parents {
    pub(super) folders: BTreeMap<RepoPath, BTreeSet<RepoPath>>,
    /// Whether that is all of them.
    pub(super) complete: bool,
}

#[derive(Default)]
struct State {
    /// What the kustomization of a folder names.
    references: HashMap<RepoPath, Vec<RepoPath>>,
    /// For every folder the folders whose kustomizations build from it, of those that were looked down from.
    reached_by: HashMap<RepoPath, HashSet<RepoPath>>,
    /// The folders that were looked down from.
    looked_down: HashSet<RepoPath>,
    parents: Option<Arc<Parents>>,
    /// Folders whose kustomization has changed since it was looked at.
    changed: BTreeSet<RepoPath>,
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Memo {
    /// Notes that a file has changed.
    pub fn changed(&self, file: &RepoPath) {
        let name = file.as_str().rsplit('/').next().unwrap_or_default();
        if FILE_NAMES.contains(&name) {
            self.state().changed.insert(folder_of(file));
        }
    }

    /// Looks which folders are others in another tree; all that can't be told apart from that counts as changed.
    pub fn moved(&self, before: &dyn Snapshot, now: &dyn Snapshot) {
        let mut state = self.state();
        let State { references, changed, parents, .. } = &mut *state;
        let same = |folder: &RepoPath| matches!((before.id(folder), now.id(folder)), (Some(a), Some(b)) if a == b);
        changed.extend(references.keys().filter(|folder| !same(folder)).cloned());
        // There may be kustomizations in folders that had none.
        *parents = None;
    }

    /// Those of some folders whose kustomizations build from another folder's, however many others are in between.
    pub(super) fn reaching<'p>(
        &self,
        snapshot: &dyn Snapshot,
        from: impl Iterator<Item = &'p RepoPath>,
        target: &RepoPath,
    ) -> BTreeSet<&'p RepoPath> {
        let mut state = self.state();
        state.look_again(snapshot);
        let from: Vec<&RepoPath> = from.inspect(|folder| state.look_down(snapshot, folder)).collect();
        let Some(reaching) = state.reached_by.get(target) else { return BTreeSet::new() };
        from.into_iter().filter(|folder| reaching.contains(folder)).collect()
    }

    /// Looks through all of the repository, once.
    pub(super) fn parents(&self, snapshot: &dyn Snapshot) -> Arc<Parents> {
        let mut state = self.state();
        state.look_again(snapshot);
        if let Some(parents) = &state.parents {
            return Arc::clone(parents);
        }
        let mut parents = Parents::default();
        let State { references, .. } = &mut *state;
        parents.complete = all_references(snapshot, |folder, found| {
            for path in found.iter().filter(|path| **path != folder) {
                parents.folders.entry(path.clone()).or_default().insert(folder.clone());
            }
            references.insert(folder, found);
        });
        let parents = Arc::new(parents);
        state.parents = Some(Arc::clone(&parents));
        parents
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic left behind is true all the same: each entry is put in when it is complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Finds out what a folder's kustomization builds from, unless that is known.
    fn look_down(&mut self, snapshot: &dyn Snapshot, from: &RepoPath) {
        if self.looked_down.contains(from) {
            return;
        }
        let mut visited = BTreeSet::new();
        let mut open = vec![from.clone()];
        while let Some(folder) = open.pop() {
            if visited.len() >= MAX_DOWN || !visited.insert(folder.clone()) {
                continue;
            }
            let found = self.references.entry(folder).or_insert_with_key(|folder| references(snapshot, folder));
            for path in found.iter().filter(|path| !is_file(snapshot, path)) {
                open.push(path.clone());
                self.reached_by.entry(path.clone()).or_default().insert(from.clone());
            }
        }
        self.looked_down.insert(from.clone());
    }

    /// Looks at what has changed. An edit of a value leaves the references as they are; otherwise all is forgotten.
    fn look_again(&mut self, snapshot: &dyn Snapshot) {
        for folder in std::mem::take(&mut self.changed) {
            let still = match self.references.get(&folder) {
                Some(before) => *before == references(snapshot, &folder),
                // Nobody has asked for it, unless all of the repository was looked through.
                None => self.parents.is_none(),
            };
            if !still {
                *self = Self::default();
                return;
            }
        }
    }
}

/// Whether nothing can be below a path: most of what kustomizations name are files, and none is worth remembering.
fn is_file(snapshot: &dyn Snapshot, path: &RepoPath) -> bool {
    FILES.iter().any(|end| path.as_str().ends_with(end)) && snapshot.names(path).is_ok_and(|names| names.is_empty())
}
