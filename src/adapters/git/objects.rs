//! Makes commits, in memory: trees patched along the changed paths only, signatures without forbidden characters.

use std::sync::Arc;

use git2::{Commit, ObjectType, Oid, Repository, Signature, Time};

use super::{mirror::MirrorError, signature::Signer, transport::Interrupted, tree::WorkingTree, wire::pack::NewObject};
use crate::ports::NewCommit;

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

impl From<MirrorError> for ObjectError {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error)
    }
}

impl From<Interrupted> for ObjectError {
    fn from(interrupted: Interrupted) -> Self {
        Self::Mirror(interrupted.into())
    }
}

/// Commits on top of one another, and everything that was made for them; nothing of it is on the disk yet.
#[derive(Debug, Default)]
pub(super) struct NewObjects {
    /// The commits, first one first.
    pub(super) commits: Vec<Oid>,
    /// Commits, trees and blobs, each after what it refers to.
    pub(super) all: Vec<NewObject>,
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

    /// Makes the commits in memory, the first one on top of `base`, which the repository has.
    pub(super) fn make(
        &self,
        repository: &Repository,
        base: Oid,
        commits: &[NewCommit],
    ) -> Result<NewObjects, ObjectError> {
        let key = self.signer.as_ref().map(|signer| signer.key()).transpose().map_err(ObjectError::Signing)?;
        let mut made = Vec::with_capacity(commits.len());
        let mut tree = WorkingTree::new(repository, repository.find_commit(base)?.tree_id())?;
        for commit in commits {
            let root = tree.patch(&commit.edits)?;
            let mut data = self.commit(root, *made.last().unwrap_or(&base), commit)?;
            if let Some(key) = &key {
                data = key.signed(&data).map_err(ObjectError::Signing)?;
            }
            made.push(tree.add(ObjectType::Commit, data));
        }
        Ok(NewObjects { commits: made, all: tree.into_made() })
    }

    /// A commit as git stores it, as `git cat-file -p` shows it.
    fn commit(&self, tree: Oid, parent: Oid, commit: &NewCommit) -> Result<Vec<u8>, ObjectError> {
        let at = Time::new(commit.at.as_second(), 0);
        let mut data = format!("tree {tree}\nparent {parent}\n").into_bytes();
        for (role, name, email) in
            [("author", &commit.author.name, &commit.author.email), ("committer", &self.name, &self.email)]
        {
            let signature = signature(name, email, &at)?;
            let time = format!("> {} +0000\n", at.seconds());
            let parts =
                [role.as_bytes(), b" ", signature.name_bytes(), b" <", signature.email_bytes(), time.as_bytes()];
            data.extend_from_slice(&parts.concat());
        }
        data.push(b'\n');
        data.extend_from_slice(message(&commit.message).as_bytes());
        Ok(data)
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
    use crate::{
        adapters::git::wire::pack::Content,
        domain::{actor::Actor, name::RepoPath, snapshot::FileEdit},
    };

    fn commit(name: &str, edits: &[(&str, &str)]) -> NewCommit {
        NewCommit {
            edits: edits
                .iter()
                .map(|(path, content)| FileEdit::write(RepoPath::new(*path).expect("valid"), *content))
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
            let tree = repository.treebuilder(None).and_then(|tree| tree.write()).expect("written");
            let tree = repository.find_tree(tree).expect("there");
            let me = Signature::new("x", "x@x", &Time::new(0, 0)).expect("valid");
            repository.commit(None, &me, &me, "base", &tree, &[]).expect("made")
        };
        (folder, repository, base)
    }

    /// What a commit says, as it would come to the remote.
    fn told(made: &NewObjects, commit: usize) -> (Oid, String) {
        let found = made.all.iter().find(|object| object.id == made.commits[commit]).expect("made");
        let Content::Whole(data) = &found.content else { panic!("a commit is no delta") };
        (found.id, String::from_utf8(data.clone()).expect("utf-8"))
    }

    fn committer() -> Committer {
        Committer { name: "tiphys".to_owned(), email: "tiphys@example.org".to_owned(), signer: None }
    }

    #[test]
    fn a_commit_is_what_libgit2_makes_of_it() {
        let (_folder, repository, base) = repository();
        let made = committer().make(&repository, base, &[commit("Анна", &[]), commit("Б", &[])]).expect("made");
        assert_eq!(made.all.len(), 2, "the tree is there already");
        let mut parent = repository.find_commit(base).expect("there");
        for (number, name) in ["Анна", "Б"].into_iter().enumerate() {
            let at = Time::new(1_795_255_200, 0);
            let author = Signature::new(name, "a@b", &at).expect("valid");
            let us = Signature::new("tiphys", "tiphys@example.org", &at).expect("valid");
            let tree = parent.tree().expect("there");
            let theirs = repository.commit(None, &author, &us, "subject\n\nbody\n", &tree, &[&parent]).expect("made");
            assert_eq!(told(&made, number).0, theirs);
            drop(tree);
            parent = repository.find_commit(theirs).expect("there");
        }
    }

    #[test]
    fn names_cannot_break_the_commit_format() {
        let (_folder, repository, base) = repository();
        for name in ["a <b>\ncommitter x", "\0", "...", "", "Ж <x@y> 1 +0000\n"] {
            let made = committer().make(&repository, base, &[commit(name, &[("f", "x")])]).expect("made");
            let (_, raw) = told(&made, 0);
            let (raw, _) = raw.split_once("\n\n").expect("a header");
            assert_eq!(raw.lines().count(), 4, "{raw}");
            let author = raw.lines().nth(2).expect("the author");
            assert!(author.starts_with("author ") && author.ends_with("<a@b> 1795255200 +0000"), "{author}");
            assert!(!author.starts_with("author  "), "{author}");
        }
    }
}
