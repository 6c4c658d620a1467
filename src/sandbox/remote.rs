//! The manifests remote: a bare git repository seeded from the template, and what its branch says.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use git2::{DiffFormat, DiffOptions, Oid, Repository, RepositoryInitOptions, Signature, Time, TreeEntry};
use include_dir::{Dir, include_dir};
use jiff::Timestamp;
use serde::Serialize;

/// The files of `gitops-repo-template/`.
static TEMPLATE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/gitops-repo-template");

/// The branch that Argo CD follows.
pub const BRANCH: &str = "main";

/// A bare repository that plays the forge's side.
#[derive(Debug, Clone)]
pub struct Remote {
    path: PathBuf,
}

/// A commit of the branch, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// The full id in hexadecimal.
    pub id: String,
    /// The first line of the message.
    pub subject: String,
    /// The rest of the message, trailers included.
    pub body: String,
    /// The author's name.
    pub author: String,
    /// The author's time.
    pub date: Timestamp,
    /// The unified diff against the first parent.
    pub diff: String,
}

/// Reads files of one tree by slash-separated path.
pub trait Files {
    /// The file's content, or `None` where there is no such file.
    fn file(&self, path: &str) -> Option<Vec<u8>>;
    /// The names in a folder, sorted, or `None` where there is no such folder.
    fn folder(&self, path: &str) -> Option<Vec<String>>;
}

impl Remote {
    /// Opens the bare repository `manifests.git` in `folder`, or makes it with one commit: the template.
    ///
    /// # Errors
    /// When the folder can't be written, or something that isn't a bare repository with the branch is already there.
    pub fn open_or_seed(folder: &Path) -> Result<Self, git2::Error> {
        let remote = Self { path: folder.join("manifests.git") };
        if remote.path.exists() {
            remote.head()?;
            return Ok(remote);
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkpath(true).external_template(false).no_reinit(true).initial_head(BRANCH);
        let repository = Repository::init_opts(&remote.path, &options)?;
        let tree = write_folder(&repository, &TEMPLATE)?;
        let three_days_ago = Timestamp::now().as_second() - 3 * 24 * 3600 - 4321;
        let person = Signature::new("Марина Соколова", "marina.sokolova@example.org", &Time::new(three_days_ago, 180))?;
        repository.commit(
            Some(&format!("refs/heads/{BRANCH}")),
            &person,
            &person,
            "oil-refinery-application: describe stage and production\n\nProduction runs 0.10.4 on two pods; stage has 0.10.5.\n",
            &repository.find_tree(tree)?,
            &[],
        )?;
        Ok(remote)
    }

    /// Where the bare repository is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The commit at the branch's head.
    ///
    /// # Errors
    /// When the repository can't be read or has no such branch.
    pub fn head(&self) -> Result<Oid, git2::Error> {
        self.repository()?.refname_to_id(&format!("refs/heads/{BRANCH}"))
    }

    /// The commit that a branch, a tag or a full id names.
    ///
    /// # Errors
    /// When there is no such revision.
    pub fn resolve(&self, revision: &str) -> Result<Oid, git2::Error> {
        let name = if revision.is_empty() || revision == "HEAD" { BRANCH } else { revision };
        Ok(self.repository()?.revparse_single(name)?.peel_to_commit()?.id())
    }

    /// The files at a commit.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn files(&self, commit: Oid) -> Result<CommitFiles, git2::Error> {
        let repository = self.repository()?;
        let tree = repository.find_commit(commit)?.tree_id();
        Ok(CommitFiles { repository, tree })
    }

    /// The newest commits of the branch along first parents, newest first.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn log(&self, limit: usize) -> Result<Vec<Commit>, git2::Error> {
        let repository = self.repository()?;
        let mut walk = repository.revwalk()?;
        walk.push_ref(&format!("refs/heads/{BRANCH}"))?;
        walk.simplify_first_parent()?;
        walk.take(limit).map(|id| describe(&repository, id?)).collect()
    }

    /// Commits one file's new content on the branch, as a person without the bot would; for tests.
    ///
    /// # Errors
    /// When the repository can't be written, or the branch moved meanwhile.
    pub fn commit_file(&self, path: &str, content: &[u8], message: &str) -> Result<Oid, git2::Error> {
        let repository = self.repository()?;
        let parent = repository.find_commit(self.head()?)?;
        let blob = repository.blob(content)?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        update.upsert(path, blob, git2::FileMode::Blob);
        let tree = update.create_updated(&repository, &parent.tree()?)?;
        let person = Signature::now("Марина Соколова", "marina.sokolova@example.org")?;
        let branch = format!("refs/heads/{BRANCH}");
        repository.commit(Some(&branch), &person, &person, message, &repository.find_tree(tree)?, &[&parent])
    }

    fn repository(&self) -> Result<Repository, git2::Error> {
        Repository::open_bare(&self.path)
    }
}

/// The files at one commit.
pub struct CommitFiles {
    repository: Repository,
    tree: Oid,
}

impl CommitFiles {
    fn entry(&self, path: &str) -> Option<TreeEntry<'static>> {
        self.repository.find_tree(self.tree).ok()?.get_path(Path::new(path)).ok()
    }
}

impl Files for CommitFiles {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let blob = self.repository.find_blob(self.entry(path)?.id()).ok()?;
        Some(blob.content().to_vec())
    }

    fn folder(&self, path: &str) -> Option<Vec<String>> {
        let id = if path.is_empty() { self.tree } else { self.entry(path)?.id() };
        let tree = self.repository.find_tree(id).ok()?;
        Some(tree.iter().map(|entry| String::from_utf8_lossy(entry.name_bytes()).into_owned()).collect())
    }
}

/// Writes a folder of the template as a git tree.
fn write_folder(repository: &Repository, folder: &Dir<'_>) -> Result<Oid, git2::Error> {
    let mut builder = repository.treebuilder(None)?;
    for file in folder.files() {
        let blob = repository.blob(file.contents())?;
        builder.insert(file_name(file.path()), blob, 0o100_644)?;
    }
    for child in folder.dirs() {
        builder.insert(file_name(child.path()), write_folder(repository, child)?, 0o040_000)?;
    }
    builder.write()
}

fn file_name(path: &Path) -> &Path {
    path.file_name().map_or(path, Path::new)
}

fn describe(repository: &Repository, id: Oid) -> Result<Commit, git2::Error> {
    let commit = repository.find_commit(id)?;
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let (subject, body) = message.split_once('\n').unwrap_or((&message, ""));
    let parent = commit.parents().next().map(|parent| parent.tree()).transpose()?;
    let mut options = DiffOptions::new();
    options.context_lines(3);
    let diff = repository.diff_tree_to_tree(parent.as_ref(), Some(&commit.tree()?), Some(&mut options))?;
    let mut text = String::new();
    diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            text.push(line.origin());
        }
        let _ = write!(text, "{}", String::from_utf8_lossy(line.content()));
        true
    })?;
    Ok(Commit {
        id: id.to_string(),
        subject: subject.to_owned(),
        body: body.trim().to_owned(),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        date: Timestamp::from_second(commit.author().when().seconds()).unwrap_or(Timestamp::UNIX_EPOCH),
        diff: text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAY: &str = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";

    #[test]
    fn the_template_becomes_one_commit_and_is_reused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let remote = Remote::open_or_seed(folder.path()).expect("seeded");
        let files = remote.files(remote.head().expect("head")).expect("files");
        let overlay = String::from_utf8(files.file(OVERLAY).expect("the overlay is there")).expect("UTF-8");
        assert!(overlay.contains("newTag: \"0.10.4\""), "{overlay}");
        assert_eq!(files.folder("argocd").expect("folder").len(), 5);
        assert_eq!(files.folder("").expect("root"), ["README.md", "apps", "argocd"]);
        let log = remote.log(30).expect("log");
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].author, "Марина Соколова");
        assert!(log[0].diff.contains("+    newTag: \"0.10.4\"\n"));

        let changed = overlay.replace("0.10.4", "0.10.5");
        let id = remote.commit_file(OVERLAY, changed.as_bytes(), "prod: 0.10.5\n\nWhy not.\n").expect("commit");
        let again = Remote::open_or_seed(folder.path()).expect("reused");
        assert_eq!(again.head().expect("head"), id);
        let log = again.log(1).expect("log");
        assert_eq!((log[0].subject.as_str(), log[0].body.as_str()), ("prod: 0.10.5", "Why not."));
        assert!(log[0].diff.contains("-    newTag: \"0.10.4\"\n+    newTag: \"0.10.5\"\n"), "{}", log[0].diff);
    }

    #[test]
    fn something_else_in_its_place_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir(folder.path().join("manifests.git")).expect("folder");
        assert!(Remote::open_or_seed(folder.path()).is_err());
    }
}
