//! A remote on this machine: read through `git upload-pack` and pushed to through `git receive-pack`, or without a git
//! program both by libgit2.
//!
//! libgit2 can't cut a history off, so all of it is copied then. Its own local push overwrites a reference without
//! comparing its old value, so a pack is put there and the reference is moved by a real compare-and-swap under git's own
//! lock file. Hooks don't run on this way.

use std::{
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
        history::{Past, landmarks},
        mirror::{Fault, MirrorError, PackWriter, shallow},
        settings::Settings,
        wire::{
            Service, fetch,
            pack::{self, Bases},
            push, unsupported_format,
        },
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
        let (path, asked) = (self.path.clone(), want.clone());
        // Mostly nothing is new, and no process has to be started to see that.
        let known = blocking(move || -> Result<_, Fault> {
            let head = head(&open(&path)?, asked.mirror.reference())?;
            Ok((asked.depth.is_none() && has(&asked.mirror.open()?, head)).then_some(head))
        });
        if let Some(head) = known.await? {
            return Ok(Fetched { head, cut: Cut::default() });
        }
        if let Some(program) = &self.program {
            match GitProcess::start_as(program, Service::UploadPack, &self.path, 2) {
                Ok(process) => return Ok(fetch::run(process, &want, false).await?.0),
                Err(error) => tracing::debug!(%error, "git can't be started"),
            }
        }
        let path = self.path.clone();
        blocking(move || copy(&path, &want)).await
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
                    let until = Instant::now() + self.deadline;
                    return push::run(process, &update, Bases::Remote, until).await.map(drop);
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

/// Copies the branch with all its history, however deep it is wanted: on one machine that takes a moment.
fn copy(path: &Path, want: &Want) -> Result<Fetched, Fault> {
    let remote = open(path)?;
    let head = head(&remote, want.mirror.reference())?;
    let mirror = want.mirror.open()?;
    let haves = match want.known {
        // What is behind the cut is missing, and it isn't known how much of it.
        Some(known) if want.shallow.is_empty() => landmarks(Past { repository: &mirror, cut: &[], more: &[] }, known)?,
        _ => Vec::new(),
    };
    let mut builder = packed(&remote, head, &haves).map_err(unreachable)?;
    let mut writer = PackWriter::new(&mirror)?;
    let mut written = Ok(());
    let packed = builder.foreach(|chunk| {
        written = writer.write(chunk);
        written.is_ok()
    });
    written?;
    packed.map_err(unreachable)?;
    writer.finish()?;
    let shallow = shallow::read(remote.path())?;
    let unshallow = want.shallow.iter().filter(|id| !shallow.contains(id)).copied().collect();
    Ok(Fetched { head, cut: Cut { shallow, unshallow } })
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
    let refused = |error| {
        let (MirrorError::Absent(text) | MirrorError::Damaged(text) | MirrorError::Unusable(text)) = error;
        RepositoryError::Refused(format!("{}: {text}", path.display()))
    };
    let mut writer = PackWriter::new(&remote).map_err(refused)?;
    writer.write(&pack::thin(&update.objects.all)).and_then(|()| writer.finish()).map(drop).map_err(refused)?;
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
            _ if text.contains("object format") => unsupported_format(),
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
