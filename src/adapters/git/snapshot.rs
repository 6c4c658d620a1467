//! The files of one commit, read from the mirror when asked for.

use std::sync::{Arc, Mutex, PoisonError};

use git2::{ObjectType, Oid, Repository};

use super::{mirror::Mirror, objects::is_file};
use crate::domain::{
    name::RepoPath,
    snapshot::{Snapshot, SnapshotError},
};

/// The largest file that is read; manifests are far smaller.
const MAX_FILE: usize = 8 << 20;

/// The tree of one commit.
pub(super) struct GitSnapshot {
    /// libgit2 objects may not be used by two threads at once.
    repository: Mutex<Repository>,
    tree: Oid,
    mirror: Arc<Mirror>,
}

/// What stands at a path.
enum Found {
    Nothing,
    Entry(Oid, ObjectType),
}

impl GitSnapshot {
    pub(super) fn new(repository: Repository, commit: Oid, mirror: Arc<Mirror>) -> Result<Self, git2::Error> {
        let tree = repository.find_commit(commit)?.tree_id();
        repository.find_tree(tree)?;
        Ok(Self { repository: Mutex::new(repository), tree, mirror })
    }

    /// Walks down part by part, so that links are told from folders.
    fn find(&self, repository: &Repository, path: &RepoPath) -> Result<Found, SnapshotError> {
        let fault = |detail: String| SnapshotError { path: path.clone(), detail };
        let mut found = (self.tree, ObjectType::Tree);
        for part in path.as_str().split('/').filter(|part| !part.is_empty()) {
            if found.1 != ObjectType::Tree {
                return Ok(Found::Nothing);
            }
            let tree = repository.find_tree(found.0).map_err(|error| fault(self.damage(&error)))?;
            found = match tree.get_name(part) {
                None => return Ok(Found::Nothing),
                Some(entry) => match entry.kind() {
                    Some(ObjectType::Tree) => (entry.id(), ObjectType::Tree),
                    Some(ObjectType::Blob) if is_file(entry.filemode()) => (entry.id(), ObjectType::Blob),
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
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let id = match self.find(&repository, path)? {
            Found::Nothing => return Ok(None),
            Found::Entry(id, ObjectType::Blob) => id,
            Found::Entry(..) => return Err(fault("it is a folder".to_owned())),
        };
        let odb = repository.odb().map_err(|error| fault(self.damage(&error)))?;
        let (size, _) = odb.read_header(id).map_err(|error| fault(self.damage(&error)))?;
        if size > MAX_FILE {
            return Err(fault(format!("it has {size} bytes; at most {MAX_FILE} are read")));
        }
        let object = odb.read(id).map_err(|error| fault(self.damage(&error)))?;
        Ok(Some(object.data().to_vec()))
    }

    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError> {
        let fault = |detail: String| SnapshotError { path: folder.clone(), detail };
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        let Found::Entry(id, ObjectType::Tree) = self.find(&repository, folder)? else { return Ok(Vec::new()) };
        let tree = repository.find_tree(id).map_err(|error| fault(self.damage(&error)))?;
        // A name that isn't UTF-8 can't be asked for either.
        let mut names: Vec<String> = tree.iter().filter_map(|entry| entry.name().ok().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }
}
