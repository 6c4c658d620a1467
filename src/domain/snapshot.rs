//! The manifests at one revision, as a plan sees them.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{NameError, RepoPath};
use crate::manifest::sources::Memo;

/// Why a file of a snapshot can't be read: the mirror is damaged, or the path is a folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {path}: {detail}")]
pub struct SnapshotError {
    /// The path that was asked for.
    pub path: RepoPath,
    /// The reason, in English.
    pub detail: String,
}

/// An immutable tree of files. The same question always gets the same answer, so a function of it stays pure.
pub trait Snapshot: Send + Sync {
    /// The file's bytes, or `None` where there is no such file.
    ///
    /// # Errors
    /// [`SnapshotError`] when the path exists but isn't a readable file.
    fn file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, SnapshotError>;

    /// The names of the entries directly in a folder, sorted; empty where there is no such folder.
    ///
    /// # Errors
    /// [`SnapshotError`] when the folder can't be read.
    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError>;

    /// An id of what stands at a path, a folder with all that is below it: the same id means the same content. `None`
    /// where there is nothing, or where that isn't known.
    fn id(&self, _path: &RepoPath) -> Option<[u8; 20]> {
        None
    }

    /// What was found out about the tree before, where that is kept.
    fn memo(&self) -> Option<&Memo> {
        None
    }
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file. One that isn't there is added, with the folders on the way to it.
    pub path: RepoPath,
    /// Its whole new content; `None` when it goes, and with it the folders that are empty then.
    pub content: Option<Vec<u8>>,
}

impl FileEdit {
    /// Gives a file this content.
    #[must_use]
    pub fn write(path: RepoPath, content: impl Into<Vec<u8>>) -> Self {
        Self { path, content: Some(content.into()) }
    }

    /// Takes a file away.
    #[must_use]
    pub fn remove(path: RepoPath) -> Self {
        Self { path, content: None }
    }
}

/// A snapshot with edits of earlier plans on top, so that plans that wait together see each other's changes.
pub struct Overlay<'a> {
    base: &'a dyn Snapshot,
    edits: BTreeMap<RepoPath, Option<Vec<u8>>>,
    /// Files that the base doesn't have.
    added: BTreeSet<RepoPath>,
    /// Whether there are files that the base has and that are gone.
    any_gone: bool,
    memo: Memo,
}

impl<'a> Overlay<'a> {
    /// A view of `base` without changes.
    #[must_use]
    pub fn new(base: &'a dyn Snapshot) -> Self {
        Self::with_memo(base, Memo::default())
    }

    /// A view of `base` without changes, with what is known of it.
    #[must_use]
    pub fn with_memo(base: &'a dyn Snapshot, memo: Memo) -> Self {
        Self { base, edits: BTreeMap::new(), added: BTreeSet::new(), any_gone: false, memo }
    }

    /// What is known of the tree, with all edits and without any.
    #[must_use]
    pub fn into_memo(self) -> Memo {
        self.edits.keys().for_each(|path| self.memo.changed(path));
        self.memo
    }

    /// Lays edits over what was there.
    pub fn apply(&mut self, edits: &[FileEdit]) {
        for edit in edits {
            let before = self.edits.insert(edit.path.clone(), edit.content.clone());
            if before.is_none() && matches!(self.base.file(&edit.path), Ok(None)) {
                self.added.insert(edit.path.clone());
            }
            self.any_gone |= edit.content.is_none();
            self.memo.changed(&edit.path);
        }
    }

    /// Whether an entry that the base has in a folder is still there: a folder goes with the last file in it.
    fn stands(&self, path: &RepoPath) -> Result<bool, SnapshotError> {
        if let Some(content) = self.edits.get(path) {
            return Ok(content.is_some());
        }
        let mut below = self.edits.iter().filter(|(edited, _)| child_of(path, edited).is_some()).peekable();
        if below.peek().is_none() || below.any(|(_, content)| content.is_some()) {
            return Ok(true);
        }
        self.names(path).map(|names| !names.is_empty())
    }
}

impl Snapshot for Overlay<'_> {
    fn file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, SnapshotError> {
        match self.edits.get(path) {
            Some(content) => Ok(content.clone()),
            None => self.base.file(path),
        }
    }

    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError> {
        let mut names = self.base.names(folder)?;
        if self.added.is_empty() && !self.any_gone {
            return Ok(names);
        }
        if self.any_gone {
            let mut left = Vec::with_capacity(names.len());
            for name in names {
                // What isn't a path inside a repository can't have been edited.
                if folder.join(&name).map_or(Ok(true), |path| self.stands(&path))? {
                    left.push(name);
                }
            }
            names = left;
        }
        let mut names: BTreeSet<String> = names.into_iter().collect();
        let there = self.added.iter().filter(|path| self.edits.get(*path).is_some_and(Option::is_some));
        names.extend(there.filter_map(|path| child_of(folder, path)));
        Ok(names.into_iter().collect())
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

/// A snapshot in memory, for tests and for files that are edited outside a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemorySnapshot(BTreeMap<RepoPath, Vec<u8>>);

impl MemorySnapshot {
    /// A snapshot of these files.
    ///
    /// # Errors
    /// [`NameError`] when a path isn't one inside a repository.
    pub fn of<P: AsRef<str>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, C)>) -> Result<Self, NameError> {
        files
            .into_iter()
            .map(|(path, content)| Ok((RepoPath::new(path.as_ref())?, content.as_ref().to_vec())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Snapshot for MemorySnapshot {
    fn file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, SnapshotError> {
        Ok(self.0.get(path).cloned())
    }

    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError> {
        let names: BTreeSet<String> = self.0.keys().filter_map(|path| child_of(folder, path)).collect();
        Ok(names.into_iter().collect())
    }
}

/// The first part of `path` below `folder`.
fn child_of(folder: &RepoPath, path: &RepoPath) -> Option<String> {
    let below = match folder.as_str() {
        "" => path.as_str(),
        folder => path.as_str().strip_prefix(folder)?.strip_prefix('/')?,
    };
    below.split('/').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_shows_edits_and_new_files() {
        let base = MemorySnapshot::of([("a/x", "1"), ("a/b/y", "2")]).expect("valid paths");
        let mut overlay = Overlay::new(&base);
        let path = |text: &str| RepoPath::new(text).expect("valid path");
        overlay.apply(&[FileEdit::write(path("a/x"), "changed"), FileEdit::write(path("a/new"), "3")]);
        assert_eq!(overlay.file(&path("a/x")).expect("readable"), Some(b"changed".to_vec()));
        assert_eq!(overlay.file(&path("a/b/y")).expect("readable"), Some(b"2".to_vec()));
        assert_eq!(overlay.names(&path("a")).expect("readable"), ["b", "new", "x"]);
        assert_eq!(overlay.names(&path("")).expect("readable"), ["a"]);
    }

    #[test]
    fn an_overlay_hides_what_is_gone() {
        let base = MemorySnapshot::of([("a/b/x", "1"), ("a/b/y", "2"), ("a-b/z", "3"), ("k", "4")]).expect("valid");
        let mut overlay = Overlay::new(&base);
        let path = |text: &str| RepoPath::new(text).expect("valid path");
        let names = |overlay: &Overlay<'_>, folder: &str| overlay.names(&path(folder)).expect("readable").join(" ");
        overlay.apply(&[FileEdit::remove(path("a/b/x"))]);
        assert_eq!(overlay.file(&path("a/b/x")).expect("readable"), None);
        assert_eq!(names(&overlay, "a/b"), "y");
        overlay.apply(&[FileEdit::remove(path("a/b/y"))]);
        assert_eq!((names(&overlay, ""), names(&overlay, "a")), ("a-b k".to_owned(), String::new()));
        overlay.apply(&[FileEdit::write(path("a/c/new"), "5"), FileEdit::write(path("n/new"), "5")]);
        assert_eq!((names(&overlay, ""), names(&overlay, "a")), ("a a-b k n".to_owned(), "c".to_owned()));
        overlay.apply(&[FileEdit::remove(path("a/c/new")), FileEdit::remove(path("n/new"))]);
        assert_eq!(names(&overlay, ""), "a-b k");
        overlay.apply(&[FileEdit::write(path("a/b/x"), "again")]);
        assert_eq!((names(&overlay, ""), names(&overlay, "a/b")), ("a a-b k".to_owned(), "x".to_owned()));
    }
}
