//! A remote on this machine: read by libgit2; pushed to through `git receive-pack`, or without a git program by libgit2.
//!
//! libgit2's own local push overwrites a reference without comparing its old value, so objects are copied here and the
//! reference is moved by a real compare-and-swap under git's own lock file. Hooks don't run on this way.

use std::{
    collections::HashSet,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use git2::{ErrorCode, Oid, Repository};
use tokio::time::Instant;

use super::{
    Cut, Fetched, Update, Want, blocking, has, no_branch,
    process::GitProcess,
    turn::{self, Turn},
};
use crate::{
    adapters::git::{
        mirror::{Fault, PackWriter},
        settings::Settings,
        wire::{Service, pack::Bases, push},
    },
    ports::RepositoryError,
};

/// How often a reference that somebody else holds locked is tried, and how long is waited in between.
const LOCK_TRIES: u32 = 50;
const LOCK_POLL: Duration = Duration::from_millis(20);

/// A repository by its path.
#[derive(Debug)]
pub(in crate::adapters::git) struct PathRemote {
    path: PathBuf,
    program: Option<PathBuf>,
    deadline: Duration,
    /// How it is pushed to is logged once.
    told: AtomicBool,
}

impl PathRemote {
    pub(super) fn new(path: PathBuf, settings: &Settings) -> Self {
        let program = settings.git_program.clone();
        Self { path, program, deadline: settings.deadline, told: AtomicBool::new(false) }
    }

    pub(super) async fn fetch(&self, want: Want) -> Result<Fetched, Fault> {
        let path = self.path.clone();
        blocking(move || fetch(&path, &want)).await
    }

    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        let remote = self.path.display();
        let first = !self.told.swap(true, Ordering::Relaxed);
        let why =
            match self.program.as_ref().map(|program| GitProcess::start(program, Service::ReceivePack, &self.path)) {
                Some(Ok(process)) => {
                    if first {
                        tracing::info!(%remote, "pushing through git receive-pack");
                    }
                    return push::run(process, &update, Bases::Remote, Instant::now() + self.deadline).await;
                }
                Some(Err(error)) => format!("git can't be started: {error}"),
                None => "there is no git program".to_owned(),
            };
        if first {
            tracing::info!(%remote, why, "pushing by libgit2: hooks don't run there");
        }
        let path = self.path.clone();
        blocking(move || copy_and_move(&path, &update)).await
    }
}

fn fetch(path: &Path, want: &Want) -> Result<Fetched, Fault> {
    let remote = open(path)?;
    let head = head(&remote, want.mirror.reference())?;
    let mirror = want.mirror.open()?;
    if want.depth.is_none() && has(&mirror, head) {
        return Ok(Fetched { head, cut: Cut::default() });
    }
    let (mut builder, cut) = match want.depth {
        None => (packed(&remote, head, &want.haves).map_err(unreachable)?, Cut::default()),
        Some(depth) => cut_off(&remote, head, depth, &want.shallow).map_err(unreachable)?,
    };
    let mut writer = PackWriter::new(&mirror, want.is_complete())?;
    let mut written = Ok(());
    let packed = builder.foreach(|chunk| {
        written = writer.write(chunk);
        written.is_ok()
    });
    written?;
    packed.map_err(unreachable)?;
    writer.finish()?;
    Ok(Fetched { head, cut })
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

/// The newest commits with their trees, all of them whatever the mirror has.
fn cut_off<'a>(
    remote: &'a Repository,
    head: Oid,
    depth: NonZeroU32,
    before: &[Oid],
) -> Result<(git2::PackBuilder<'a>, Cut), git2::Error> {
    let mut builder = remote.packbuilder()?;
    let mut cut = Cut::default();
    let (mut seen, mut row) = (HashSet::from([head]), vec![head]);
    for left in (0..depth.get()).rev() {
        let mut next = Vec::new();
        for id in std::mem::take(&mut row) {
            builder.insert_commit(id)?;
            let parents: Vec<Oid> = remote.find_commit(id)?.parent_ids().collect();
            if left == 0 && !parents.is_empty() {
                cut.shallow.push(id);
            } else {
                if before.contains(&id) {
                    cut.unshallow.push(id);
                }
                next.extend(parents.into_iter().filter(|parent| seen.insert(*parent)));
            }
        }
        row = next;
    }
    Ok((builder, cut))
}

fn copy_and_move(path: &Path, update: &Update) -> Result<(), RepositoryError> {
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
    move_branch(&remote, reference, update)
}

/// Moves the branch if it still is at the old commit.
fn move_branch(remote: &Repository, reference: &str, update: &Update) -> Result<(), RepositoryError> {
    let folder = remote.commondir();
    let lock = turn::lock_file(folder, reference);
    let in_the_way = |file: &Path| {
        let file = file.display();
        RepositoryError::Unreachable(format!(
            "{reference} is locked for long: when no git is at work there, remove {file}"
        ))
    };
    // Where the notes can't be written, such as in a folder of another user's, pushing works all the same.
    let mut turn = match Turn::take(folder, LOCK_POLL * LOCK_TRIES) {
        Ok(Some(turn)) => Some(turn),
        Ok(None) => return Err(RepositoryError::Unreachable("another process pushes there for long".to_owned())),
        Err(error) => {
            tracing::debug!(%error, "no turn at the remote can be taken");
            None
        }
    };
    if let Some(Err(error)) = turn.as_mut().map(|turn| turn.announce(reference, update.new)) {
        tracing::debug!(%error, "the push can't be noted");
        turn = None;
    }
    let verdict = loop {
        match compare_and_swap(remote, reference, update) {
            Some(verdict) => break verdict,
            None if turn.as_ref().is_some_and(|turn| turn.clear(&lock, reference)) => {
                tracing::warn!(lock = %lock.display(), "removed the lock of a push that was killed");
            }
            None => {
                break Err(match head(remote, reference)? == update.old {
                    true => in_the_way(&lock),
                    false => RepositoryError::LostRace,
                });
            }
        }
    };
    if let Some(turn) = turn {
        turn.finish();
    }
    verdict
}

/// One swap under git's own lock file; `None` when somebody else holds that for long.
fn compare_and_swap(remote: &Repository, reference: &str, update: &Update) -> Option<Result<(), RepositoryError>> {
    for _ in 0..LOCK_TRIES {
        return Some(match remote.reference_matching(reference, update.new, true, update.old, "push") {
            Ok(_) => Ok(()),
            Err(error) if error.code() == ErrorCode::Locked => {
                thread::sleep(LOCK_POLL);
                continue;
            }
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::NotFound) => {
                Err(RepositoryError::LostRace)
            }
            Err(error) => Err(RepositoryError::Refused(error.message().to_owned())),
        });
    }
    None
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::adapters::git::mirror::Mirror;

    #[test]
    fn history_may_be_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("remote.git");
        let remote = Repository::init_bare(&path).expect("made");
        let me = git2::Signature::new("x", "x@x", &git2::Time::new(0, 0)).expect("valid");
        let tree = remote.treebuilder(None).and_then(|builder| builder.write()).expect("written");
        let tree = remote.find_tree(tree).expect("there");
        let mut commits: Vec<Oid> = Vec::new();
        for number in 0..5 {
            let parent = commits.last().map(|id| remote.find_commit(*id).expect("there"));
            let parents: Vec<_> = parent.iter().collect();
            let name = format!("{number}");
            commits.push(remote.commit(Some("refs/heads/main"), &me, &me, &name, &tree, &parents).expect("made"));
        }
        let mirror = Mirror::new(folder.path().join("mirror.git"), "x".to_owned(), "refs/heads/main".to_owned());
        let ours = mirror.ensure().map_err(|error| format!("{error:?}")).expect("made");
        let mirror = Arc::new(mirror);
        let get = |depth, shallow: &[Oid]| {
            let want = Want {
                depth: NonZeroU32::new(depth),
                shallow: shallow.to_vec(),
                ..Want::all(Arc::clone(&mirror), vec![])
            };
            fetch(&path, &want).map_err(|error| format!("{error:?}")).expect("fetched")
        };
        let first = get(2, &[]);
        assert_eq!(first, Fetched { head: commits[4], cut: Cut { shallow: vec![commits[3]], unshallow: vec![] } });
        assert!(has(&ours, commits[3]) && !has(&ours, commits[2]));
        let deeper = get(4, &[commits[3]]);
        assert_eq!(deeper.cut, Cut { shallow: vec![commits[1]], unshallow: vec![commits[3]] });
        let all = get(9, &[commits[1]]);
        assert_eq!(all.cut, Cut { shallow: vec![], unshallow: vec![commits[1]] });
        assert!(has(&ours, commits[0]));
        assert_eq!(get(0, &[]).head, commits[4]);
    }
}
