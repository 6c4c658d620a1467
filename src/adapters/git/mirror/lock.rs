//! The lock between processes that share a mirror: on the marker file, for moments only, and the kernel's own, so that it
//! dies with its process.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{
    MARKER,
    fault::MirrorError,
    folder::{is_remnant, is_vacant},
};

const POLL: Duration = Duration::from_millis(20);

/// Locks the marker of the mirror at `folder`, which is made if need be; one that isn't a mirror of ours is left alone.
pub(super) fn lock(folder: &Path, patience: Duration) -> Result<File, MirrorError> {
    let path = folder.join(MARKER);
    let patience = Instant::now() + patience;
    loop {
        create_folder(folder)?;
        let ours = path.exists()
            || match is_vacant(folder) {
                // Deleted in this very moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => true,
                Err(error) => return Err(error.into()),
                Ok(vacant) => vacant || is_remnant(folder),
            };
        if !ours {
            return Err(MirrorError::Unusable(
                "the folder is not empty and not a mirror made by tiphys; name another one in repository.mirror"
                    .to_owned(),
            ));
        }
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let marker = match opened {
            Ok(marker) => marker,
            Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < patience => continue,
            Err(error) => return Err(error.into()),
        };
        match marker.try_lock() {
            Ok(()) if is_same_file(&marker, &path) => return Ok(marker),
            Ok(()) | Err(TryLockError::WouldBlock) if Instant::now() < patience => thread::sleep(POLL),
            Ok(()) | Err(TryLockError::WouldBlock) => {
                return Err(MirrorError::Unusable(format!(
                    "another process holds its lock ({MARKER}); it does so for moments only: end that process if it hangs"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Makes the folder, closed to other users: manifests are not for everyone on the machine.
fn create_folder(path: &Path) -> io::Result<()> {
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
