//! The mirror's folder: whose it is, how it is locked, mended and built again.

use std::{path::Path, thread};

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
    for leftover in
        [&["objects", "config"][..], &["refs", "objects"], &["HEAD", "refs"], &["HEAD", "refs", "objects", "config"]]
    {
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
