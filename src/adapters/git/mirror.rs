//! The bare mirror on disk: made on first use, rebuilt when damaged, shared safely with other processes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use git2::{Indexer, Odb, Oid, Repository, RepositoryInitOptions};

use crate::ports::RepositoryError;

/// Marks a folder as a mirror of ours (so that nothing else is ever wiped) and is what processes lock.
const MARKER: &str = "tiphys-mirror";
/// How long another process may hold the lock; it does so for moments only.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// A pack has two files or three.
const MAX_PACK_FILES: usize = 500;
const MAX_SINGLE_OBJECTS: usize = 20_000;
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Why the mirror could not be used.
#[derive(Debug)]
pub(super) enum MirrorError {
    /// There is none, or one of another remote.
    Absent(String),
    /// Something is missing or unreadable in it: building it again helps.
    Damaged(String),
    /// The disk, the permissions or another process: building it again would not help.
    Unusable(String),
}

impl From<git2::Error> for MirrorError {
    fn from(error: git2::Error) -> Self {
        let text = error.message().to_owned();
        // libgit2 has no codes for what the operating system says; these are its words on Linux and macOS.
        let hopeless = [
            "No space left",
            "Read-only file system",
            "Permission denied",
            "quota exceeded",
            "Too many open files",
            "not owned by",
        ];
        match hopeless.iter().any(|words| text.contains(words)) {
            true => Self::Unusable(text),
            false => Self::Damaged(text),
        }
    }
}

/// Why a fetch failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The remote's fault.
    Remote(RepositoryError),
    /// The mirror's fault.
    Mirror(MirrorError),
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        Self::Remote(error)
    }
}

impl From<MirrorError> for Fault {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error)
    }
}

/// The folder and what it mirrors.
#[derive(Debug)]
pub(super) struct Mirror {
    path: PathBuf,
    /// The remote's URL: a mirror of another one is not reused.
    remote: String,
    /// The full name of the branch's reference.
    reference: String,
    damaged: AtomicBool,
    /// Whether this process has looked at the number of files yet.
    counted: AtomicBool,
    /// How long another process may hold the lock.
    patience: Duration,
}

impl Mirror {
    pub(super) fn new(path: PathBuf, remote: String, reference: String) -> Self {
        Self {
            path,
            remote,
            reference,
            damaged: AtomicBool::new(false),
            counted: AtomicBool::new(false),
            patience: LOCK_WAIT,
        }
    }

    /// The full name of the branch's reference.
    pub(super) fn reference(&self) -> &str {
        &self.reference
    }

    /// Notes that something in it can't be read; the next fetch builds it again.
    pub(super) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether something in it couldn't be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
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
        if self.is_damaged() {
            return Err(MirrorError::Damaged("marked as damaged".to_owned()));
        }
        let marker = fs::read_to_string(self.path.join(MARKER))
            .map_err(|error| MirrorError::Absent(format!("{MARKER}: {error}")))?;
        if marker.trim_end() != self.remote {
            return Err(MirrorError::Absent("mirrors another remote".to_owned()));
        }
        let repository = Repository::open_bare(&self.path)?;
        self.head_of(&repository)?;
        Ok(repository)
    }

    /// Opens the mirror; makes it or builds it again when need be, empty then.
    pub(super) fn ensure(&self) -> Result<Repository, MirrorError> {
        // At the start only: a running process may be reading from it.
        if !self.counted.swap(true, Ordering::Relaxed) && self.is_crowded() {
            self.mark_damaged();
        }
        match self.open() {
            Err(MirrorError::Absent(_) | MirrorError::Damaged(_)) => {}
            ready_or_hopeless => return ready_or_hopeless,
        }
        let mut marker = self.lock()?;
        // Another process may have built it again while this one waited for the lock.
        if !self.damaged.swap(false, Ordering::Relaxed)
            && let Ok(repository) = self.open()
        {
            return Ok(repository);
        }
        self.rebuild(&mut marker)
    }

    /// The branch's head as of the last fetch by anyone; checks that the commit and its tree can be read.
    pub(super) fn head_of(&self, repository: &Repository) -> Result<Option<Oid>, MirrorError> {
        let head = match repository.find_reference(&self.reference) {
            Ok(reference) => reference.target(),
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(head) = head {
            repository.find_commit(head)?.tree()?;
        }
        Ok(head)
    }

    /// Moves the mirror's branch, after checking that what it points to can be read.
    pub(super) fn adopt(&self, repository: &Repository, head: Oid) -> Result<(), MirrorError> {
        repository.find_commit(head)?.tree()?;
        if self.head_of(repository)? == Some(head) {
            return Ok(());
        }
        let _marker = self.lock()?;
        repository.reference(&self.reference, head, true, "tiphys")?;
        Ok(())
    }

    /// Whether years of small fetches and pushes have left so many files that a new clone is quicker than tidying up.
    fn is_crowded(&self) -> bool {
        let count = |below: &str| fs::read_dir(self.path.join("objects").join(below)).map_or(0, Iterator::count);
        // Ids are spread evenly, so one of the 256 folders of single objects speaks for all (as in `git gc --auto`).
        count("pack") > MAX_PACK_FILES || count("17") * 256 > MAX_SINGLE_OBJECTS
    }

    /// Empties the folder and makes a new repository in it; the caller holds the lock.
    fn rebuild(&self, marker: &mut File) -> Result<Repository, MirrorError> {
        tracing::info!(mirror = %self.path.display(), "building the mirror from scratch");
        let unusable = |error: std::io::Error| MirrorError::Unusable(error.to_string());
        marker.set_len(0).map_err(unusable)?;
        for entry in fs::read_dir(&self.path).map_err(unusable)? {
            let entry = entry.map_err(unusable)?;
            if is_foreign(&entry.file_name()) {
                continue;
            }
            let removed = match entry.file_type().map_err(unusable)?.is_dir() {
                true => fs::remove_dir_all(entry.path()),
                false => fs::remove_file(entry.path()),
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(error)),
                _ => {}
            }
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        options.initial_head(self.reference.strip_prefix("refs/heads/").unwrap_or(&self.reference));
        let repository = Repository::init_opts(&self.path, &options)?;
        repository.config()?.set_bool("tiphys.mirror", true)?;
        marker.rewind().map_err(unusable)?;
        marker.write_all(self.remote.as_bytes()).and_then(|()| marker.write_all(b"\n")).map_err(unusable)?;
        Ok(repository)
    }

    /// Locks the marker against other processes; a folder that isn't a mirror of ours is left alone.
    fn lock(&self) -> Result<File, MirrorError> {
        let unusable = |error: std::io::Error| MirrorError::Unusable(error.to_string());
        let path = self.path.join(MARKER);
        let patience = Instant::now() + self.patience;
        loop {
            create_folder(&self.path).map_err(unusable)?;
            let ours = path.exists()
                || match is_vacant(&self.path) {
                    // Deleted in this very moment.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
                    Err(error) => return Err(unusable(error)),
                    Ok(vacant) => vacant || is_remnant(&self.path),
                };
            if !ours {
                return Err(MirrorError::Unusable(
                    "the folder is not empty and not a mirror made by tiphys".to_owned(),
                ));
            }
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let marker = match opened {
                Ok(marker) => marker,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && Instant::now() < patience => continue,
                Err(error) => return Err(unusable(error)),
            };
            match marker.try_lock() {
                Ok(()) if is_same_file(&marker, &path) => return Ok(marker),
                Ok(()) | Err(TryLockError::WouldBlock) if Instant::now() < patience => thread::sleep(LOCK_POLL),
                Ok(()) | Err(TryLockError::WouldBlock) => {
                    return Err(MirrorError::Unusable("another process holds its lock".to_owned()));
                }
                Err(TryLockError::Error(error)) => return Err(unusable(error)),
            }
        }
    }
}

/// Takes a pack in, chunk by chunk.
pub(super) struct PackWriter<'r> {
    // Dropped before the object database that it looks into.
    indexer: Indexer<'r>,
    _odb: Odb<'r>,
}

impl<'r> PackWriter<'r> {
    /// `complete`: everything that the pack refers to must be there at its end; not so where history is cut off.
    pub(super) fn new(repository: &'r Repository, complete: bool) -> Result<Self, MirrorError> {
        let odb = repository.odb()?;
        let indexer = Indexer::new(Some(&odb), &repository.path().join("objects/pack"), 0, complete)?;
        Ok(Self { indexer, _odb: odb })
    }

    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), MirrorError> {
        self.indexer.write_all(chunk).map_err(|error| {
            // The text is libgit2's: it tells a full disk from a bad pack.
            MirrorError::from(git2::Error::from_str(&format!("a pack can't be written: {error}")))
        })
    }

    pub(super) fn finish(self) -> Result<(), MirrorError> {
        self.indexer.commit()?;
        Ok(())
    }
}

/// Makes the folder, closed to other users: manifests are not for everyone on the machine.
fn create_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Looks whether a mirror can be at the path, and changes nothing.
///
/// # Errors
/// The reason, to stand after the path.
pub fn check_mirror(path: &Path) -> Result<(), String> {
    let here = Path::new(".");
    let existing = path.ancestors().map(|part| if part.as_os_str().is_empty() { here } else { part });
    let existing = existing.into_iter().find(|part| part.symlink_metadata().is_ok()).unwrap_or(here);
    if !existing.is_dir() {
        return Err(match existing == path {
            true => "is not a folder".to_owned(),
            false => format!("cannot be made: {} is not a folder", existing.display()),
        });
    }
    if !is_writable(existing) {
        return Err(format!("cannot be used: nothing may be written to {}", existing.display()));
    }
    if existing != path || path.join(MARKER).exists() {
        return Ok(());
    }
    match is_vacant(path) {
        Ok(vacant) if vacant || is_remnant(path) => Ok(()),
        Ok(_) => Err("is not empty and not a mirror made by tiphys".to_owned()),
        Err(error) => Err(format!("cannot be read ({error})")),
    }
}

fn is_writable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }
    #[cfg(not(unix))]
    {
        fs::metadata(folder).is_ok_and(|metadata| !metadata.permissions().readonly())
    }
}

/// Whether nothing of anybody's is in the folder.
fn is_vacant(folder: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if !is_foreign(&entry?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a folder without a marker is what a deletion left of a mirror: its configuration still says so, or it is no
/// repository any more and has only what git puts into one.
fn is_remnant(folder: &Path) -> bool {
    const NAMES: [&str; 9] =
        ["HEAD", "config", "objects", "refs", "packed-refs", "info", "hooks", "description", "branches"];
    if fs::read_to_string(folder.join("config")).is_ok_and(|text| text.contains("[tiphys]")) {
        return true;
    }
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).filter(|name| !is_foreign(name)).collect();
    let is_repository = ["HEAD", "objects", "refs"].iter().all(|needed| names.iter().any(|name| name == needed));
    !is_repository && names.iter().all(|name| NAMES.iter().any(|known| name == known))
}

/// The marker itself, and what file systems put at their root.
fn is_foreign(name: &std::ffi::OsStr) -> bool {
    name == MARKER || name == "lost+found"
}

/// Whether the locked file still is the one at the path: the mirror may have been deleted meanwhile.
fn is_same_file(file: &File, path: &Path) -> bool {
    // A file that can be read back through both is enough where there are no inode numbers.
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        match (file.metadata(), fs::metadata(path)) {
            (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(path: &Path) -> Mirror {
        Mirror::new(path.to_owned(), "/srv/m.git".to_owned(), "refs/heads/main".to_owned())
    }

    #[test]
    fn a_folder_of_somebody_else_is_never_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("diary.txt"), "mine").expect("written");
        let error = mirror(folder.path()).ensure().map(|_| ()).expect_err("refused");
        assert!(matches!(error, MirrorError::Unusable(ref text) if text.contains("not a mirror")), "{error:?}");
        assert_eq!(fs::read_to_string(folder.path().join("diary.txt")).expect("still there"), "mine");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);

        let folder = tempfile::tempdir().expect("a folder");
        let blob = Repository::init_bare(folder.path()).and_then(|r| r.blob(b"precious")).expect("written");
        assert!(mirror(folder.path()).ensure().is_err());
        assert!(Repository::open_bare(folder.path()).is_ok_and(|r| r.find_blob(blob).is_ok()));
    }

    #[test]
    fn what_an_interrupted_deletion_leaves_is_built_again() {
        for leftover in [
            &["objects", "config"][..],
            &["refs", "objects"],
            &["HEAD", "refs"],
            &["HEAD", "refs", "objects", "config"],
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            mirror(folder.path()).ensure().map(|_| ()).expect("made");
            for entry in fs::read_dir(folder.path()).expect("readable").flatten() {
                if leftover.iter().any(|kept| entry.file_name() == *kept) {
                    continue;
                }
                let path = entry.path();
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
            }
            let ours = mirror(folder.path());
            ours.ensure().map(|_| ()).unwrap_or_else(|error| panic!("{leftover:?}: {error:?}"));
            ours.open().map(|_| ()).expect("sound");
        }
    }

    #[test]
    fn it_is_made_and_rebuilt_when_damaged_or_of_another_remote() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/mirror.git");
        let ours = mirror(&path);
        assert!(ours.open().is_err());
        ours.ensure().map(|_| ()).expect("made");
        ours.open().map(|_| ()).expect("sound");

        fs::remove_dir_all(path.join("objects")).expect("removed");
        assert!(ours.open().is_err());
        ours.ensure().map(|_| ()).expect("rebuilt");
        ours.open().map(|_| ()).expect("sound");

        let blob = ours.ensure().map(|repository| repository.blob(b"x").expect("written")).expect("sound");
        let other = Mirror::new(path, "/srv/other.git".to_owned(), "refs/heads/main".to_owned());
        let repository = other.ensure().map_err(|error| format!("{error:?}")).expect("rebuilt");
        assert!(repository.find_blob(blob).is_err(), "the other remote's objects are gone");
    }

    #[test]
    fn a_lock_held_by_another_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let ours = mirror(folder.path());
        ours.ensure().map(|_| ()).expect("made");
        let held = ours.lock().expect("locked");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| ours.lock().map(|_| ()));
            drop(held);
            waiting.join().expect("no panic").expect("locked once free");
        });
    }

    #[test]
    fn a_lock_that_is_never_freed_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ours = mirror(folder.path());
        let other = mirror(folder.path());
        ours.patience = Duration::from_millis(100);
        let _held = other.lock().expect("locked");
        let error = ours.ensure().map(|_| ()).expect_err("locked");
        let RepositoryError::Mirror(text) = ours.error(error) else { panic!("the mirror's fault") };
        let path = folder.path().display().to_string();
        assert!(text.starts_with(&path) && text.contains("another process"), "{text}");
    }

    #[test]
    fn a_crowded_mirror_is_built_again_at_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mirror.git");
        let blob = mirror(&path).ensure().map(|repository| repository.blob(b"x").expect("written")).expect("made");
        for number in 0..MAX_PACK_FILES + 1 {
            fs::write(path.join(format!("objects/pack/x-{number}.tmp")), "").expect("written");
        }
        let ours = mirror(&path);
        assert!(ours.ensure().map(|repository| repository.find_blob(blob).is_err()).expect("made"));
        let next = ours.ensure().map(|repository| repository.blob(b"x").expect("written")).expect("kept");
        assert!(ours.ensure().map(|repository| repository.find_blob(next).is_ok()).expect("kept"));
        let mode = fs::metadata(&path).map(|data| std::os::unix::fs::PermissionsExt::mode(&data.permissions()));
        assert_eq!(mode.expect("there") & 0o777, 0o700);
    }
}
