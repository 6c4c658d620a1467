//! The bare mirror on disk: made on first use, mended or rebuilt when damaged, shared safely with other processes.
//!
//! Packs are added without a lock. The branch and the place where the history is cut off are moved under the lock, which
//! is held for moments, so that the bot and one-shot commands can share a mirror; a mirror that another process has built
//! again meanwhile is told by its generation.

use std::{
    fs::{self, File},
    io::{ErrorKind, Seek, Write},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use git2::{ErrorCode, Oid, Repository, RepositoryInitOptions};

use super::{objects::NewObjects, transport::Fetched, wire::pack::thin};
use crate::ports::RepositoryError;

mod fault;
mod folder;
mod lock;
mod pack;
pub(super) mod shallow;
mod tidy;

pub(super) use fault::{Fault, MirrorError};
pub use folder::check_mirror;
pub(super) use pack::PackWriter;

/// Marks a folder as a mirror of ours (so that nothing else is ever wiped) and is what processes lock. Its first line is
/// the remote, its second one the generation.
const MARKER: &str = "tiphys-mirror";
/// How long another process may hold the lock; it does so for moments only.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How long a lock of git's in the mirror may be somebody's who is alive, such as a `git gc` by hand.
const GIT_LOCK_WAIT: Duration = Duration::from_millis(500);
const GIT_LOCK_POLL: Duration = Duration::from_millis(20);
/// A pack has two files or three.
const MAX_PACK_FILES: usize = 500;

/// What tells a mirror from the one that was in its place before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generation(String);

/// The folder and what it mirrors.
#[derive(Debug)]
pub(super) struct Mirror {
    path: PathBuf,
    /// The remote's URL: a mirror of another one is not reused.
    remote: String,
    /// The full name of the branch's reference.
    reference: String,
    /// The mirror in which something couldn't be read.
    damaged: Mutex<Option<Generation>>,
    /// Whether this process has looked at the number of files yet.
    counted: AtomicBool,
    /// Where the history is cut off because the remote itself has no more.
    bottom: Mutex<Vec<Oid>>,
    /// How long another process may hold the lock.
    patience: Duration,
}

impl Mirror {
    pub(super) fn new(path: PathBuf, remote: String, reference: String) -> Self {
        Self {
            path,
            remote,
            reference,
            damaged: Mutex::default(),
            counted: AtomicBool::new(false),
            bottom: Mutex::default(),
            patience: LOCK_WAIT,
        }
    }

    /// The full name of the branch's reference.
    pub(super) fn reference(&self) -> &str {
        &self.reference
    }

    /// Notes that something in it can't be read; the next fetch builds it again, unless another process is quicker.
    pub(super) fn mark_damaged(&self) {
        *self.damaged.lock().unwrap_or_else(PoisonError::into_inner) = self.generation().ok();
    }

    /// Whether something in it couldn't be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.generation().is_ok_and(|generation| self.was_damaged(&generation))
    }

    fn was_damaged(&self, generation: &Generation) -> bool {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(generation)
    }

    /// The error for the outside, with the mirror's path; a damaged mirror is built again by the next fetch.
    pub(super) fn error(&self, error: MirrorError) -> RepositoryError {
        if let MirrorError::Damaged(_) = error {
            self.mark_damaged();
        }
        let (MirrorError::Absent(text) | MirrorError::Damaged(text) | MirrorError::Unusable(text)) = error;
        RepositoryError::Mirror(format!("{}: {text}", self.path.display()))
    }

    /// Opens the mirror if it is there and sound.
    pub(super) fn open(&self) -> Result<Repository, MirrorError> {
        let generation = self.generation()?;
        // At the start only: a running process may be reading from it.
        if !self.counted.swap(true, Ordering::Relaxed) {
            tidy::remove_abandoned(&self.path);
            if self.is_crowded() {
                self.mark_damaged();
            }
        }
        if self.was_damaged(&generation) {
            return Err(MirrorError::Damaged("marked as damaged".to_owned()));
        }
        let repository = Repository::open_bare(&self.path)?;
        self.head_of(&repository)?;
        Ok(repository)
    }

    /// Which mirror it is that is there now.
    pub(super) fn generation(&self) -> Result<Generation, MirrorError> {
        let marker = fs::read_to_string(self.path.join(MARKER))
            .map_err(|error| MirrorError::Absent(format!("{MARKER}: {error}")))?;
        match marker.split_once('\n') {
            Some((remote, generation)) if remote == self.remote => Ok(Generation(generation.trim_end().to_owned())),
            _ => Err(MirrorError::Absent("mirrors another remote".to_owned())),
        }
    }

    /// Opens the mirror; makes it or builds it again when need be, empty then.
    pub(super) fn ensure(&self) -> Result<Repository, MirrorError> {
        match self.open() {
            Err(MirrorError::Absent(_) | MirrorError::Damaged(_)) => {}
            ready_or_hopeless => return ready_or_hopeless,
        }
        let mut marker = self.lock()?;
        // Another process may have built it again while this one waited for the lock.
        match self.open() {
            Err(MirrorError::Absent(_) | MirrorError::Damaged(_)) => self.rebuild(&mut marker),
            ready_or_hopeless => ready_or_hopeless,
        }
    }

    /// The branch's head as of the last fetch by anyone; checks that the commit and its tree can be read.
    pub(super) fn head_of(&self, repository: &Repository) -> Result<Option<Oid>, MirrorError> {
        let head = match repository.find_reference(&self.reference) {
            Ok(reference) => reference.target(),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(head) = head {
            repository.find_commit(head)?.tree()?;
        }
        Ok(head)
    }

    /// Those places where the history is cut off behind which the remote may have more.
    pub(super) fn more(&self, cut: &[Oid]) -> Vec<Oid> {
        let bottom = self.bottom.lock().unwrap_or_else(PoisonError::into_inner);
        cut.iter().filter(|id| !bottom.contains(id)).copied().collect()
    }

    /// Notes that the remote has nothing below where the history is cut off now.
    pub(super) fn is_at_the_bottom(&self, repository: &Repository) -> Result<(), MirrorError> {
        *self.bottom.lock().unwrap_or_else(PoisonError::into_inner) = shallow::read(repository.path())?;
        Ok(())
    }

    /// Writes what a push has brought to the remote, as one pack.
    pub(super) fn keep(&self, made: &NewObjects) -> Result<(), MirrorError> {
        let repository = self.open()?;
        let mut writer = PackWriter::new(&repository)?;
        writer.write(&thin(&made.all))?;
        writer.finish().map(drop)
    }

    /// Moves the mirror's branch, and the place where the history is cut off, after checking that what it points to can be
    /// read. The objects came into the mirror of that generation.
    pub(super) fn adopt(&self, since: &Generation, fetched: &Fetched) -> Result<(), MirrorError> {
        let repository = self.open()?;
        repository.find_commit(fetched.head)?.tree()?;
        let cut = shallow::read(repository.path())?;
        if self.head_of(&repository)? == Some(fetched.head) && fetched.cut.apply(&cut) == cut {
            return Ok(());
        }
        let _marker = self.lock()?;
        if self.generation()? != *since {
            return Err(MirrorError::Absent("another process has built it again".to_owned()));
        }
        // Another process may have cut it elsewhere; what is there of the history only grows.
        let cut = shallow::read(repository.path())?;
        let new = fetched.cut.apply(&cut);
        if new != cut {
            shallow::write(repository.path(), &new)?;
        }
        self.move_branch(&repository, fetched.head)
    }

    /// The caller holds the lock, so that a lock of git's that stays is one that a process left when it was killed.
    fn move_branch(&self, repository: &Repository, head: Oid) -> Result<(), MirrorError> {
        let mut waited = Duration::ZERO;
        loop {
            match repository.reference(&self.reference, head, true, "tiphys") {
                Ok(_) => return Ok(()),
                Err(error) if error.code() != ErrorCode::Locked => return Err(error.into()),
                Err(_) if waited < GIT_LOCK_WAIT => {
                    thread::sleep(GIT_LOCK_POLL);
                    waited += GIT_LOCK_POLL;
                }
                Err(error) => {
                    let dead = self.path.join(format!("{}.lock", self.reference));
                    match fs::remove_file(&dead) {
                        Ok(()) => tracing::warn!(lock = %dead.display(), "removed a lock that a killed process left"),
                        // It is another one that is meant.
                        Err(gone) if gone.kind() == ErrorKind::NotFound => return Err(error.into()),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
    }

    /// Whether there are more files than tidying up leaves, or such as it doesn't touch: then a new clone is quicker.
    fn is_crowded(&self) -> bool {
        let packs = fs::read_dir(self.path.join("objects/pack")).map_or(0, Iterator::count);
        packs > MAX_PACK_FILES || tidy::has_single_objects(&self.path)
    }

    /// Puts packs together now and then; what can't be done now is done another time.
    pub(super) fn tidy_up(&self) {
        match self.open().and_then(|repository| tidy::tidy_up(&repository)) {
            Ok(0) => {}
            Ok(packs) => tracing::debug!(packs, "put packs of the mirror together"),
            Err(error) => tracing::debug!(?error, "the mirror can't be tidied up"),
        }
    }

    /// Empties the folder and makes a new repository in it; the caller holds the lock.
    fn rebuild(&self, marker: &mut File) -> Result<Repository, MirrorError> {
        tracing::info!(mirror = %self.path.display(), "building the mirror from scratch");
        self.bottom.lock().unwrap_or_else(PoisonError::into_inner).clear();
        marker.set_len(0)?;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if folder::is_foreign(&entry.file_name()) {
                continue;
            }
            let removed = match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path()),
                false => fs::remove_file(entry.path()),
            };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        options.initial_head(self.reference.strip_prefix("refs/heads/").unwrap_or(&self.reference));
        let repository = Repository::init_opts(&self.path, &options)?;
        repository.config()?.set_bool("tiphys.mirror", true)?;
        marker.rewind()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        marker.write_all(format!("{}\n{now:x}.{}\n", self.remote, std::process::id()).as_bytes())?;
        Ok(repository)
    }

    fn lock(&self) -> Result<File, MirrorError> {
        lock::lock(&self.path, self.patience)
    }
}

#[cfg(test)]
mod tests;
