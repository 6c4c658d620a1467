//! The files of one commit, read from the mirror when asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use git2::{ObjectType, Oid, Repository, Tree};

use super::{
    mirror::{Mirror, MirrorError},
    objects::is_file,
};
use crate::domain::{
    name::RepoPath,
    snapshot::{Snapshot, SnapshotError},
};

/// The largest file that is read; manifests are far smaller.
const MAX_FILE: usize = 8 << 20;

/// Folders with more entries are kept: libgit2 reads a large tree again each time that it is asked for.
const LARGE: usize = 50;

/// The most entries that are kept.
const MAX_KEPT: usize = 50_000;

/// The tree of one commit.
pub(super) struct GitSnapshot {
    reader: Mutex<Reader>,
    tree: Oid,
    mirror: Arc<Mirror>,
}

/// libgit2 objects may not be used by two threads at once.
struct Reader {
    repository: Repository,
    /// The entries of large folders by name.
    large: HashMap<Oid, HashMap<String, Entry>>,
    kept: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    id: Oid,
    kind: Option<ObjectType>,
    mode: i32,
}

impl Reader {
    /// The entry of a folder with that name.
    fn entry(&mut self, folder: Oid, name: &str) -> Result<Option<Entry>, git2::Error> {
        if let Some(entries) = self.large.get(&folder) {
            return Ok(entries.get(name).copied());
        }
        let tree = self.repository.find_tree(folder)?;
        let found = tree.get_name(name).map(|entry| Entry::of(&entry));
        if tree.len() > LARGE && self.kept + tree.len() <= MAX_KEPT {
            self.kept += tree.len();
            let entries = entries(&tree);
            drop(tree);
            self.large.insert(folder, entries);
        }
        Ok(found)
    }
}

impl Entry {
    fn of(entry: &git2::TreeEntry<'_>) -> Self {
        Self { id: entry.id(), kind: entry.kind(), mode: entry.filemode() }
    }
}

/// The entries by name; a name that isn't UTF-8 can't be asked for.
fn entries(tree: &Tree<'_>) -> HashMap<String, Entry> {
    tree.iter().filter_map(|entry| Some((entry.name().ok()?.to_owned(), Entry::of(&entry)))).collect()
}

/// What stands at a path.
enum Found {
    Nothing,
    Entry(Oid, ObjectType),
}

impl GitSnapshot {
    /// The tree of a commit; `None` where the mirror doesn't have the commit.
    pub(super) fn open(repository: Repository, commit: Oid, mirror: &Arc<Mirror>) -> Result<Option<Self>, MirrorError> {
        let Ok(tree) = repository.find_commit(commit).map(|commit| commit.tree_id()) else { return Ok(None) };
        repository.find_tree(tree)?;
        let reader = Reader { repository, large: HashMap::new(), kept: 0 };
        Ok(Some(Self { reader: Mutex::new(reader), tree, mirror: Arc::clone(mirror) }))
    }

    /// Walks down part by part, so that links are told from folders.
    fn find(&self, reader: &mut Reader, path: &RepoPath) -> Result<Found, SnapshotError> {
        let fault = |detail: String| SnapshotError { path: path.clone(), detail };
        let mut found = (self.tree, ObjectType::Tree);
        for part in path.as_str().split('/').filter(|part| !part.is_empty()) {
            if found.1 != ObjectType::Tree {
                return Ok(Found::Nothing);
            }
            found = match reader.entry(found.0, part).map_err(|error| fault(self.damage(&error)))? {
                None => return Ok(Found::Nothing),
                Some(entry) => match entry.kind {
                    Some(ObjectType::Tree) => (entry.id, ObjectType::Tree),
                    Some(ObjectType::Blob) if is_file(entry.mode) => (entry.id, ObjectType::Blob),
                    Some(ObjectType::Blob) => return Err(fault(format!("{part} is a symbolic link"))),
                    Some(ObjectType::Commit) => return Err(fault(format!("{part} is a submodule"))),
                    _ => return Err(fault(format!("{part} is neither a file nor a folder"))),
                },
            };
        }
        Ok(Found::Entry(found.0, found.1))
    }

    /// Sees to it that the next fetch builds the mirror again.
    fn damage(&self, error: &git2::Error) -> String {
        self.mirror.mark_damaged();
        format!("the mirror is damaged: {}", error.message())
    }
}

impl Snapshot for GitSnapshot {
    fn file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, SnapshotError> {
        let fault = |detail: String| SnapshotError { path: path.clone(), detail };
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let id = match self.find(&mut reader, path)? {
            Found::Nothing => return Ok(None),
            Found::Entry(id, ObjectType::Blob) => id,
            Found::Entry(..) => return Err(fault("it is a folder".to_owned())),
        };
        let odb = reader.repository.odb().map_err(|error| fault(self.damage(&error)))?;
        let (size, _) = odb.read_header(id).map_err(|error| fault(self.damage(&error)))?;
        if size > MAX_FILE {
            return Err(fault(format!("it has {size} bytes; at most {MAX_FILE} are read")));
        }
        let object = odb.read(id).map_err(|error| fault(self.damage(&error)))?;
        Ok(Some(object.data().to_vec()))
    }

    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError> {
        let fault = |detail: String| SnapshotError { path: folder.clone(), detail };
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Found::Entry(id, ObjectType::Tree) = self.find(&mut reader, folder)? else { return Ok(Vec::new()) };
        let tree = reader.repository.find_tree(id).map_err(|error| fault(self.damage(&error)))?;
        // A name that isn't UTF-8 can't be asked for either.
        let mut names: Vec<String> = tree.iter().filter_map(|entry| entry.name().ok().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn id(&self, path: &RepoPath) -> Option<[u8; 20]> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = self.tree;
        for part in path.as_str().split('/').filter(|part| !part.is_empty()) {
            // A snapshot of long ago may be of a mirror that is gone, which is no fault of today's.
            found = reader.entry(found, part).ok()??.id;
        }
        found.as_bytes().try_into().ok()
    }
}
