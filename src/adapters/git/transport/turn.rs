//! Taking turns at a remote on this machine, and clearing away what a process that was killed has left there.
//!
//! libgit2 moves a branch under git's own lock file (`main.lock`). A process that is killed in that moment leaves the file
//! behind, and nobody could ever push again. Here each push notes in a file of its own, which the kernel unlocks when the
//! process dies, which branch it is about to move: a note that is still there when the next one gets its turn tells that
//! the lock file may be a dead one's.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use git2::Oid;

/// The file with the notes, in the repository's folder.
const NOTES: &str = "tiphys-push";
/// The most that is read of it.
const MAX_NOTES: u64 = 64 << 10;
const POLL: Duration = Duration::from_millis(20);

/// The right to push to a repository on this machine, and what those who died with it were doing.
#[derive(Debug)]
pub(super) struct Turn {
    file: File,
    left_behind: String,
}

impl Turn {
    /// Waits for the turn; `None` when somebody else has it for too long.
    pub(super) fn take(folder: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(NOTES))?;
        let end = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        let mut left_behind = String::new();
        (&file).take(MAX_NOTES).read_to_string(&mut left_behind).ok();
        Ok(Some(Self { file, left_behind }))
    }

    /// Notes that a reference is about to be moved.
    pub(super) fn announce(&mut self, reference: &str, new: Oid) -> io::Result<()> {
        self.file.seek(io::SeekFrom::End(0))?;
        self.file.write_all(note(reference, new).as_bytes())
    }

    /// Forgets what was noted: the lock file is gone, or is somebody else's.
    pub(super) fn finish(self) {
        // What stays behind is a note of a reference that nobody holds locked.
        self.file.set_len(0).ok();
    }

    /// Removes a lock file that has stood in the way for long, if it can only be one that a push like this one left when
    /// it was killed: it is empty, or holds what that push was about to write. Git writes into its own at once.
    pub(super) fn clear(&self, lock: &Path, reference: &str) -> bool {
        let Ok(content) = fs::read_to_string(lock) else { return false };
        let ours = self.left_behind.lines().filter_map(|line| line.strip_prefix(reference)?.strip_prefix(' '));
        let is_dead = ours.into_iter().any(|id| content.is_empty() || content.trim_end() == id);
        is_dead && fs::remove_file(lock).is_ok()
    }
}

/// Where git locks a reference.
pub(super) fn lock_file(folder: &Path, reference: &str) -> PathBuf {
    folder.join(format!("{reference}.lock"))
}

fn note(reference: &str, new: Oid) -> String {
    format!("{reference} {new}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "refs/heads/main";

    fn id(digit: &str) -> Oid {
        Oid::from_str(&digit.repeat(40)).expect("an id")
    }

    fn take(folder: &Path) -> Turn {
        Turn::take(folder, Duration::ZERO).expect("a folder").expect("nobody has it")
    }

    #[test]
    fn only_the_lock_of_a_dead_push_is_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("main.lock");
        let mut dead = take(folder.path());
        fs::write(&lock, "").expect("written");
        assert!(!dead.clear(&lock, MAIN), "nobody died");
        dead.announce(MAIN, id("1")).expect("written");
        drop(dead);

        // The next one dies as well.
        let mut next = take(folder.path());
        next.announce(MAIN, id("2")).expect("written");
        drop(next);
        let third = take(folder.path());
        assert!(!third.clear(&lock, "refs/heads/other"), "another branch's");
        for content in [String::new(), format!("{}\n", id("1")), id("2").to_string()] {
            fs::write(&lock, content).expect("written");
            assert!(third.clear(&lock, MAIN) && !lock.exists());
        }
        fs::write(&lock, format!("{}\n", id("3"))).expect("written");
        assert!(!third.clear(&lock, MAIN), "what somebody else writes");
        third.finish();
        fs::write(&lock, "").expect("written");
        assert!(!take(folder.path()).clear(&lock, MAIN), "nothing is left to clear");
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = take(folder.path());
        assert!(Turn::take(folder.path(), Duration::ZERO).expect("a folder").is_none());
        drop(first);
        take(folder.path());
        assert!(Turn::take(&folder.path().join("nowhere"), Duration::ZERO).is_err());
    }
}
