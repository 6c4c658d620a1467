//! A remote on this machine, used through libgit2 without a git binary.
//!
//! libgit2's own local push overwrites a reference without comparing its old value, so objects are copied here and the
//! reference is moved by a real compare-and-swap under git's own lock file. Hooks don't run on this way.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use git2::{ErrorCode, Oid, Repository};

use super::{Update, Want, blocking, has, no_branch};
use crate::{
    adapters::git::mirror::{Fault, PackWriter},
    ports::RepositoryError,
};

/// How often a reference that somebody else holds locked is tried, and how long is waited in between.
const LOCK_TRIES: u32 = 50;
const LOCK_POLL: Duration = Duration::from_millis(20);

/// A repository by its path.
#[derive(Debug)]
pub(in crate::adapters::git) struct PathRemote {
    path: PathBuf,
}

impl PathRemote {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn fetch(&self, want: Want) -> Result<Oid, Fault> {
        let path = self.path.clone();
        blocking(move || fetch(&path, &want)).await
    }

    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        let path = self.path.clone();
        blocking(move || push(&path, &update)).await
    }
}

fn fetch(path: &Path, want: &Want) -> Result<Oid, Fault> {
    let remote = open(path)?;
    let head = head(&remote, want.mirror.reference())?;
    let mirror = want.mirror.open()?;
    if has(&mirror, head) {
        return Ok(head);
    }
    let mut builder = packed(&remote, head, &want.haves).map_err(unreachable)?;
    let mut writer = PackWriter::new(&mirror)?;
    let mut written = Ok(());
    let packed = builder.foreach(|chunk| {
        written = writer.write(chunk);
        written.is_ok()
    });
    written?;
    packed.map_err(unreachable)?;
    writer.finish()?;
    Ok(head)
}

fn packed<'a>(remote: &'a Repository, head: Oid, haves: &[Oid]) -> Result<git2::PackBuilder<'a>, git2::Error> {
    let mut walk = remote.revwalk()?;
    walk.push(head)?;
    for have in haves {
        if has(remote, *have) {
            walk.hide(*have)?;
        }
    }
    let mut builder = remote.packbuilder()?;
    builder.insert_walk(&mut walk)?;
    Ok(builder)
}

fn push(path: &Path, update: &Update) -> Result<(), RepositoryError> {
    let remote = open(path)?;
    let reference = update.mirror.reference();
    if head(&remote, reference)? != update.old {
        return Err(RepositoryError::LostRace);
    }
    if !remote.is_bare()
        && remote.find_reference("HEAD").is_ok_and(|head| head.symbolic_target().ok().flatten() == Some(reference))
    {
        return Err(RepositoryError::Refused("the branch is checked out there".to_owned()));
    }
    let refused = |error: git2::Error| RepositoryError::Refused(error.message().to_owned());
    let mirror = update.mirror.open().map_err(|error| update.mirror.error(error))?;
    let ours = mirror.odb().map_err(|error| update.mirror.error(error.into()))?;
    let theirs = remote.odb().map_err(refused)?;
    for id in &update.objects {
        let object = ours.read(*id).map_err(|error| update.mirror.error(error.into()))?;
        theirs.write(object.kind(), object.data()).map_err(refused)?;
    }
    for _ in 0..LOCK_TRIES {
        match remote.reference_matching(reference, update.new, true, update.old, "push") {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == ErrorCode::Locked => thread::sleep(LOCK_POLL),
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::NotFound) => {
                return Err(RepositoryError::LostRace);
            }
            Err(error) => return Err(refused(error)),
        }
    }
    match head(&remote, reference)? == update.old {
        true => Err(RepositoryError::Unreachable(format!("{reference} is locked by another process for long"))),
        false => Err(RepositoryError::LostRace),
    }
}

fn open(path: &Path) -> Result<Repository, RepositoryError> {
    // `Repository::open` would look for `.git` below, but never above: the path names the repository.
    Repository::open(path).map_err(|error| {
        let text = format!("{}: {}", path.display(), error.message());
        match error.code() {
            ErrorCode::Owner => RepositoryError::Authentication(text),
            _ => RepositoryError::Unreachable(text),
        }
    })
}

fn head(remote: &Repository, reference: &str) -> Result<Oid, RepositoryError> {
    match remote.find_reference(reference).and_then(|found| found.peel_to_commit()) {
        Ok(commit) => Ok(commit.id()),
        Err(error) if error.code() == ErrorCode::NotFound => Err(no_branch(reference)),
        Err(error) => Err(unreachable(error)),
    }
}

fn unreachable(error: git2::Error) -> RepositoryError {
    RepositoryError::Unreachable(error.message().to_owned())
}
