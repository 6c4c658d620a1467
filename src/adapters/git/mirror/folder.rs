//! The folder of the mirror: whether one can be there, and whether what is there is ours.

use std::{
    ffi::OsStr,
    fs, io,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{MARKER, shallow};

/// Looks whether a mirror can be at the path, and leaves nothing behind.
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
    if !is_writable(existing) || existing != path && !takes_folders(existing) {
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

/// Whether a folder can be made in this one, which permissions don't tell: root may write anywhere in `/proc`, where there
/// are no folders to be made.
fn takes_folders(folder: &Path) -> bool {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let number = TRIES.fetch_add(1, Ordering::Relaxed);
    let probe = folder.join(format!(".tiphys-check-{}-{number}", std::process::id()));
    fs::create_dir(&probe).is_ok() && fs::remove_dir(&probe).is_ok()
}

/// Whether nothing of anybody's is in the folder.
pub(super) fn is_vacant(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if !is_foreign(&entry?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a folder without a marker is what a deletion left of a mirror: its configuration still says so, or it is no
/// repository any more and has only what git puts into one.
pub(super) fn is_remnant(folder: &Path) -> bool {
    const NAMES: [&str; 11] = [
        "HEAD",
        "config",
        "objects",
        "refs",
        "packed-refs",
        "info",
        "hooks",
        "description",
        "branches",
        shallow::FILE,
        shallow::NEW,
    ];
    if fs::read_to_string(folder.join("config")).is_ok_and(|text| text.contains("[tiphys]")) {
        return true;
    }
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).filter(|name| !is_foreign(name)).collect();
    let is_repository = ["HEAD", "objects", "refs"].iter().all(|needed| names.iter().any(|name| name == needed));
    !is_repository && names.iter().all(|name| NAMES.iter().any(|known| name == known))
}

/// The marker itself, and what file systems put at their root.
pub(super) fn is_foreign(name: &OsStr) -> bool {
    name == MARKER || name == "lost+found"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_looked_for_without_a_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(check_mirror(&folder.path().join("a/b.git")), Ok(()));
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
        if cfg!(target_os = "linux") {
            let reason = check_mirror(Path::new("/proc/x/m.git")).expect_err("no place for a mirror");
            assert_eq!(reason, "cannot be used: nothing may be written to /proc");
        }
    }
}
