//! Replaces files: each of them at once, and all of them or none.
//!
//! Each new text is written to a file of its own in the same folder, with the mode and owner of the old one, and flushed to
//! the disk; only when all are there and no file was changed meanwhile are they renamed over the old ones. Where a rename
//! fails, those before it are put back.

use std::{
    fs::{File, Metadata, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::fs::{Gid, Uid, fchown};
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use tempfile::NamedTempFile;

use super::source::Source;
use crate::domain::edit::FileFault;

/// How the temporary files begin.
pub(super) const PREFIX: &str = ".tiphys-";

/// Why files were not replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// What is wrong with which files, by their index.
    Files(Vec<(usize, FileFault)>),
    /// What was to be printed before anything is replaced could not be.
    Output(String),
    /// A signal came before anything was replaced.
    Interrupted(i32),
}

impl Failure {
    fn of(index: usize, fault: FileFault) -> Self {
        Self::Files(vec![(index, fault)])
    }
}

/// Tells of signals that would otherwise end the process and leave temporary files behind.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Catches SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// # Errors
    /// When the handlers can't be installed.
    pub(super) fn on_signal() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_usize(signal, Arc::clone(&stop.0), signal as usize)?;
        }
        Ok(stop)
    }

    fn check(&self) -> Result<(), Failure> {
        match i32::try_from(self.0.load(Ordering::SeqCst)) {
            Ok(0) => Ok(()),
            signal => Err(Failure::Interrupted(signal.unwrap_or(SIGTERM))),
        }
    }
}

/// Replaces the files with their new texts; `before` runs when all are ready and none is replaced yet.
///
/// # Errors
/// [`Failure`]: no file was replaced then, or [`FileFault::NotPutBack`] names those that were.
pub(super) fn replace_all(
    files: &[(&Source, &str)],
    stop: &Stop,
    before: impl FnOnce() -> io::Result<()>,
) -> Result<(), Failure> {
    let ready = prepare(files, stop)?;
    stop.check()?;
    before().map_err(|error| Failure::Output(error.to_string()))?;
    rename(files, ready)
}

/// The new texts beside the old ones, by their index.
fn prepare(files: &[(&Source, &str)], stop: &Stop) -> Result<Vec<(usize, NamedTempFile)>, Failure> {
    let mut ready = vec![];
    for (index, (source, text)) in files.iter().enumerate() {
        stop.check()?;
        let Some((target, metadata)) = source.place() else { continue };
        let written = write(target, metadata, text.as_bytes()).map_err(|fault| Failure::of(index, fault))?;
        ready.push((index, written));
    }
    for (index, _) in &ready {
        files[*index].0.unchanged().map_err(|fault| Failure::of(*index, fault))?;
    }
    Ok(ready)
}

/// Renames the new texts over the old ones.
fn rename(files: &[(&Source, &str)], ready: Vec<(usize, NamedTempFile)>) -> Result<(), Failure> {
    let mut done: Vec<(&Source, usize)> = vec![];
    for (index, written) in ready {
        let source = files[index].0;
        let Some((target, _)) = source.place() else { continue };
        if let Err(error) = written.persist(target) {
            let mut faults = vec![(index, FileFault::Replace(error.error.to_string()))];
            faults.extend(done.iter().filter_map(|(source, index)| Some((*index, put_back(source).err()?))));
            return Err(Failure::Files(faults));
        }
        done.push((source, index));
    }
    for (source, _) in done {
        // The names are there; that they survive a power cut is the most that can be asked of the disk.
        let folder = source.place().and_then(|(target, _)| target.parent());
        drop(folder.map(|folder| File::open(folder).and_then(|folder| folder.sync_all())));
    }
    Ok(())
}

/// A file beside the target, with the content, the mode and the owner that the target is to have.
fn write(target: &Path, metadata: &Metadata, content: &[u8]) -> Result<NamedTempFile, FileFault> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            FileFault::FolderReadOnly(error.to_string())
        }
        _ => FileFault::Replace(error.to_string()),
    })?;
    let io = |error: io::Error| FileFault::Replace(error.to_string());
    let mut fill = || {
        file.write_all(content).map_err(io)?;
        let own = file.as_file().metadata().map_err(io)?;
        if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
            let (user, group) = (Uid::from_raw(metadata.uid()), Gid::from_raw(metadata.gid()));
            fchown(file.as_file(), Some(user), Some(group)).map_err(|_| FileFault::ForeignOwner)?;
        }
        // After the owner, since a new one takes bits of the mode away.
        file.as_file().set_permissions(Permissions::from_mode(metadata.mode() & 0o7777)).map_err(io)?;
        file.as_file().sync_all().map_err(io)
    };
    fill()?;
    Ok(file)
}

/// Puts the old content of a file back.
fn put_back(source: &Source) -> Result<(), FileFault> {
    let Some((target, metadata)) = source.place() else { return Ok(()) };
    let failed = |detail: String| FileFault::NotPutBack(detail);
    let written = write(target, metadata, &source.bytes).map_err(|fault| failed(fault.to_string()))?;
    written.persist(target).map(drop).map_err(|error| failed(error.error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;

    fn replaced(files: &[(&Source, &str)], stop: &Stop) -> Result<(), Failure> {
        replace_all(files, stop, || Ok(()))
    }

    struct World {
        folder: tempfile::TempDir,
    }

    impl World {
        fn of(files: &[&str]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            for file in files {
                fs::write(folder.path().join(file), format!("old {file}")).expect("written");
            }
            Self { folder }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn read(&self, name: &str) -> Source {
            Source::file(&self.path(name), name.to_owned()).expect("readable")
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.folder.path()).expect("readable");
            let mut names: Vec<String> =
                entries.map(|e| e.expect("readable").file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        }

        fn text(&self, name: &str) -> String {
            fs::read_to_string(self.path(name)).expect("readable")
        }
    }

    #[test]
    fn mode_and_links_stay() {
        let world = World::of(&["a"]);
        fs::set_permissions(world.path("a"), Permissions::from_mode(0o640)).expect("set");
        symlink("a", world.path("link")).expect("linked");
        replaced(&[(&world.read("link"), "new")], &Stop::default()).expect("replaced");
        assert_eq!(world.text("a"), "new");
        assert_eq!(fs::metadata(world.path("a")).expect("there").mode() & 0o7777, 0o640);
        assert_eq!(fs::read_link(world.path("link")).expect("still a link"), Path::new("a"));
        assert_eq!(world.names(), ["a", "link"]);
    }

    #[test]
    fn one_that_changed_meanwhile_keeps_all_from_being_replaced() {
        let world = World::of(&["a", "b"]);
        let (a, b) = (world.read("a"), world.read("b"));
        fs::write(world.path("b"), "theirs").expect("written");
        let failure = replaced(&[(&a, "new"), (&b, "new")], &Stop::default());
        assert_eq!(failure, Err(Failure::of(1, FileFault::Changed)));
        assert_eq!((world.text("a"), world.text("b")), ("old a".to_owned(), "theirs".to_owned()));
        assert_eq!(world.names(), ["a", "b"]);
    }

    #[test]
    fn what_was_replaced_is_put_back_where_another_fails() {
        let world = World::of(&["a", "b"]);
        fs::set_permissions(world.path("a"), Permissions::from_mode(0o604)).expect("set");
        let (a, b) = (world.read("a"), world.read("b"));
        let files = [(&a, "new"), (&b, "new")];
        let ready = prepare(&files, &Stop::default()).expect("written");
        fs::remove_file(world.path("b")).expect("removed");
        fs::create_dir(world.path("b")).expect("made");
        let failure = rename(&files, ready).expect_err("a folder is in the way");
        assert!(matches!(&failure, Failure::Files(faults) if matches!(faults[..], [(1, FileFault::Replace(_))])));
        assert_eq!((world.text("a"), world.names()), ("old a".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(fs::metadata(world.path("a")).expect("there").mode() & 0o7777, 0o604);
    }

    #[test]
    fn a_folder_that_is_gone_is_told() {
        let world = World::of(&["a"]);
        let a = world.read("a");
        fs::remove_dir_all(world.folder.path()).expect("removed");
        assert!(matches!(put_back(&a), Err(FileFault::NotPutBack(_))));
        assert!(matches!(replaced(&[(&a, "new")], &Stop::default()), Err(Failure::Files(_))));
    }

    #[test]
    fn a_signal_before_the_renames_leaves_all_as_it_was() {
        let world = World::of(&["a", "b"]);
        let stop = Stop::default();
        stop.0.store(2, Ordering::SeqCst);
        let failure = replaced(&[(&world.read("a"), "new"), (&world.read("b"), "new")], &stop);
        assert_eq!(failure, Err(Failure::Interrupted(2)));
        assert_eq!((world.text("a"), world.names()), ("old a".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
    }
}
