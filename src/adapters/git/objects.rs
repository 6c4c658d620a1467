//! Makes commits: trees patched along the changed paths only, file modes kept, signatures without forbidden characters.

use std::{collections::BTreeMap, sync::Arc};

use git2::{Commit, ObjectType, Oid, Repository, Signature, Time, Tree};

use super::{mirror::MirrorError, signature::Signer, transport::Interrupted};
use crate::{
    domain::{name::RepoPath, snapshot::FileEdit},
    ports::NewCommit,
};

const TREE: i32 = 0o040_000;
const FILE: i32 = 0o100_644;

/// Why a commit could not be made.
#[derive(Debug)]
pub(super) enum ObjectError {
    /// The edit doesn't fit the tree: no plan that read the tree makes such an edit.
    Unfit(String),
    /// The mirror.
    Mirror(MirrorError),
    /// The key can't sign it.
    Signing(String),
}

impl From<git2::Error> for ObjectError {
    fn from(error: git2::Error) -> Self {
        Self::Mirror(error.into())
    }
}

impl From<Interrupted> for ObjectError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Mirror(interrupted.into())
    }
}

/// Commits on top of one another, and everything that was made for them.
#[derive(Debug, Default)]
pub(super) struct NewObjects {
    /// The commits, first one first.
    pub(super) commits: Vec<Oid>,
    /// Commits, trees and blobs, each after what it refers to.
    pub(super) all: Vec<Oid>,
}

/// The committer, and how the commits of a push are made.
#[derive(Debug, Clone)]
pub(super) struct Committer {
    /// The name.
    pub(super) name: String,
    /// The e-mail address.
    pub(super) email: String,
    /// What signs the commits, if they are to be signed.
    pub(super) signer: Option<Arc<Signer>>,
}

impl Committer {
    /// Whether this committer made the commit, by the e-mail address that it carries.
    pub(super) fn made(&self, commit: &Commit<'_>) -> bool {
        signature(&self.name, &self.email, &commit.time())
            .is_ok_and(|ours| ours.email_bytes() == commit.committer().email_bytes())
    }

    /// Makes the commits in the repository's object database, the first one on top of `base`.
    pub(super) fn make(
        &self,
        repository: &Repository,
        base: Oid,
        commits: &[NewCommit],
    ) -> Result<NewObjects, ObjectError> {
        let key = self.signer.as_ref().map(|signer| signer.key()).transpose().map_err(ObjectError::Signing)?;
        let mut made = NewObjects::default();
        let mut parent = repository.find_commit(base)?;
        for commit in commits {
            let edits: Vec<(&str, &FileEdit)> = commit.edits.iter().map(|edit| (edit.path.as_str(), edit)).collect();
            let tree = patched(repository, Some(&parent.tree()?), &edits, &mut made.all)?;
            let tree = repository.find_tree(tree)?;
            let at = Time::new(commit.at.as_second(), 0);
            let author = signature(&commit.author.name, &commit.author.email, &at)?;
            let committer = signature(&self.name, &self.email, &at)?;
            let message = message(&commit.message);
            let mut commit =
                repository.commit_create_buffer(&author, &committer, &message, &tree, &[&parent])?.to_vec();
            if let Some(key) = &key {
                commit = key.signed(&commit).map_err(ObjectError::Signing)?;
            }
            let id = repository.odb()?.write(ObjectType::Commit, &commit)?;
            made.commits.push(id);
            made.all.push(id);
            parent = repository.find_commit(id)?;
        }
        Ok(made)
    }
}

/// Writes the edits into a copy of the tree; each edit comes with the rest of its path from this tree on.
fn patched(
    repository: &Repository,
    tree: Option<&Tree<'_>>,
    edits: &[(&str, &FileEdit)],
    made: &mut Vec<Oid>,
) -> Result<Oid, ObjectError> {
    let mut builder = repository.treebuilder(tree)?;
    let mut below: BTreeMap<&str, Vec<(&str, &FileEdit)>> = BTreeMap::new();
    for (path, edit) in edits {
        let unfit = |why: &str| ObjectError::Unfit(format!("{}: {why}", edit.path));
        if let Some((folder, rest)) = path.split_once('/') {
            below.entry(folder).or_default().push((rest, edit));
            continue;
        }
        let mode = match builder.get(*path)? {
            None => FILE,
            Some(entry) if entry.kind() == Some(ObjectType::Blob) && is_file(entry.filemode()) => entry.filemode(),
            Some(_) => return Err(unfit("not a regular file")),
        };
        let blob = repository.blob(&edit.content)?;
        made.push(blob);
        builder.insert(*path, blob, mode).map_err(|error| insertion(&edit.path, error))?;
    }
    for (folder, edits) in below {
        let old = match builder.get(folder)? {
            None => None,
            Some(entry) if entry.kind() == Some(ObjectType::Tree) => Some(repository.find_tree(entry.id())?),
            Some(_) => return Err(ObjectError::Unfit(format!("{}: {folder} is not a folder", edits[0].1.path))),
        };
        let new = patched(repository, old.as_ref(), &edits, made)?;
        builder.insert(folder, new, TREE).map_err(|error| insertion(&edits[0].1.path, error))?;
    }
    let id = builder.write()?;
    made.push(id);
    Ok(id)
}

/// A name that git forbids is the edit's fault; an object that isn't there, though just written, is the mirror's.
fn insertion(path: &RepoPath, error: git2::Error) -> ObjectError {
    match error.message().contains("invalid name") {
        true => ObjectError::Unfit(format!("{path}: {}", error.message())),
        false => error.into(),
    }
}

/// Whether a mode is a regular file's, executable or not.
pub(super) fn is_file(mode: i32) -> bool {
    mode & 0o170_000 == 0o100_000
}

/// A signature from any text: git's commit format has no place for angle brackets, line breaks and NULs in it.
fn signature(name: &str, email: &str, at: &Time) -> Result<Signature<'static>, git2::Error> {
    let clean = |text: &str, or: &str| {
        let text: String =
            text.chars().map(|c| if c.is_control() || matches!(c, '<' | '>') { ' ' } else { c }).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // What libgit2 trims from both ends; a name of nothing else would be an error.
        let crud = |c: char| c <= ' ' || matches!(c, '.' | ',' | ':' | ';' | '"' | '\\' | '\'');
        if text.chars().all(crud) { or.to_owned() } else { text }
    };
    Signature::new(&clean(name, "unknown"), &clean(email, "unknown").replace(' ', ""), at)
}

/// The message as git stores it: no NUL, one line break at the end.
fn message(text: &str) -> String {
    let mut text = text.trim_end().replace('\0', "");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;

    fn commit(name: &str, edits: &[(&str, &str)]) -> NewCommit {
        NewCommit {
            edits: edits
                .iter()
                .map(|(path, content)| FileEdit {
                    path: RepoPath::new(*path).expect("valid"),
                    content: content.as_bytes().to_vec(),
                })
                .collect(),
            message: "subject\n\nbody".to_owned(),
            author: Actor { name: name.to_owned(), email: "a\n@<b>".to_owned(), account: "telegram 1".to_owned() },
            at: "2026-11-21T10:00:00Z".parse().expect("a time"),
        }
    }

    fn repository() -> (tempfile::TempDir, Repository, Oid) {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path()).expect("made");
        let base = {
            let blob = repository.blob(b"old").expect("written");
            let mut inner = repository.treebuilder(None).expect("made");
            inner.insert("run.sh", blob, 0o100_755).expect("inserted");
            inner.insert("link", blob, 0o120_000).expect("inserted");
            inner.insert("other", blob, FILE).expect("inserted");
            let inner = inner.write().expect("written");
            let mut root = repository.treebuilder(None).expect("made");
            root.insert("apps", inner, TREE).expect("inserted");
            let tree = repository.find_tree(root.write().expect("written")).expect("there");
            let me = Signature::new("x", "x@x", &Time::new(0, 0)).expect("valid");
            repository.commit(None, &me, &me, "base", &tree, &[]).expect("made")
        };
        (folder, repository, base)
    }

    fn committer() -> Committer {
        Committer { name: "tiphys".to_owned(), email: "tiphys@example.org".to_owned(), signer: None }
    }

    #[test]
    fn trees_keep_modes_and_neighbours() {
        let (_folder, repository, base) = repository();
        let edits = [("apps/run.sh", "new"), ("apps/deep/er/file", "x"), ("top", "y")];
        let made = committer().make(&repository, base, &[commit("Анна", &edits)]).expect("made");
        let tree = repository.find_commit(made.commits[0]).expect("there").tree().expect("there");
        let entry = |path: &str| tree.get_path(path.as_ref()).expect(path);
        assert_eq!(entry("apps/run.sh").filemode(), 0o100_755);
        assert_eq!(repository.find_blob(entry("apps/run.sh").id()).expect("there").content(), b"new");
        assert_eq!(entry("apps/link").filemode(), 0o120_000);
        assert_eq!(entry("apps/other").filemode(), FILE);
        assert_eq!(entry("apps/deep/er/file").filemode(), FILE);
        assert_eq!(entry("top").filemode(), FILE);
    }

    #[test]
    fn edits_that_do_not_fit_are_refused() {
        let (_folder, repository, base) = repository();
        for path in ["apps/link", "apps", "apps/run.sh/x", "apps/link/x", ".GIT/x"] {
            let error = committer().make(&repository, base, &[commit("x", &[(path, "")])]).expect_err(path);
            assert!(matches!(error, ObjectError::Unfit(_)), "{path}: {error:?}");
        }
    }

    #[test]
    fn names_cannot_break_the_commit_format() {
        let (_folder, repository, base) = repository();
        for name in ["a <b>\ncommitter x", "\0", "...", "", "Ж <x@y> 1 +0000\n"] {
            let made = committer().make(&repository, base, &[commit(name, &[("f", "x")])]).expect("made");
            let raw = repository.find_commit(made.commits[0]).expect("there").raw_header().expect("utf-8").to_owned();
            assert_eq!(raw.lines().count(), 4, "{raw}");
            let author = raw.lines().nth(2).expect("the author");
            assert!(author.starts_with("author ") && author.ends_with("<a@b> 1795255200 +0000"), "{author}");
            assert!(!author.starts_with("author  "), "{author}");
        }
    }
}
