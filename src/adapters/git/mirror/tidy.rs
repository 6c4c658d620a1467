//! Keeps the mirror's folder small: each fetch and each push adds a pack, and every lookup goes through all of them.
//!
//! Small packs are put together into one, object by object as they are, without unpacking them (gitformat-pack). The newest
//! pack that has an object gives it, together with what it builds on, so that chains of deltas don't grow and can't go round
//! in a circle. Other processes may be reading: libgit2 looks for an object again when its pack has gone.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use git2::{Oid, Repository};
use sha1::{Digest, Sha1};

use super::{PackWriter, fault::MirrorError};

/// So many packs are put together, at least.
const MANY: usize = 64;
/// A pack larger than this stays as it is.
const SMALL: u64 = 4 << 20;
/// At most so much is put together at once; it is all in memory.
const AT_ONCE: u64 = 16 << 20;
/// What libgit2 calls a pack that is being written.
const UNFINISHED: &str = "pack_git2_";
/// A pack that nobody has written to for so long belongs to a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3_600);
const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// Whether there are single objects. This program writes none, since libgit2 reads for ever on one that a power cut has cut
/// short; those before it did.
pub(super) fn has_single_objects(mirror: &Path) -> bool {
    let Ok(folders) = fs::read_dir(mirror.join("objects")) else { return false };
    let mut folders = folders.flatten().filter(|folder| folder.file_name().len() == 2);
    folders.any(|folder| fs::read_dir(folder.path()).is_ok_and(|mut files| files.next().is_some()))
}

/// Removes what processes that were killed have left half written.
pub(super) fn remove_abandoned(mirror: &Path) {
    let Ok(files) = fs::read_dir(mirror.join("objects/pack")) else { return };
    for file in files.flatten() {
        let age = || SystemTime::now().duration_since(file.metadata().ok()?.modified().ok()?).ok();
        if file.file_name().to_string_lossy().starts_with(UNFINISHED) && age().is_some_and(|age| age > ABANDONED) {
            fs::remove_file(file.path()).ok();
        }
    }
}

/// Puts small packs together when there are many; tells how many.
pub(super) fn tidy_up(repository: &Repository) -> Result<usize, MirrorError> {
    let mut packs = small_packs(&repository.path().join("objects/pack"))?;
    if packs.len() < MANY {
        return Ok(0);
    }
    packs.sort_by(|a, b| b.cmp(a));
    let (mut seen, mut objects, mut size) = (HashSet::new(), Vec::new(), 0);
    let mut taken = Vec::new();
    for (_, length, path) in packs {
        size += length;
        if size > AT_ONCE {
            break;
        }
        let malformed = || MirrorError::Damaged(format!("{} is malformed", path.display()));
        let (index, pack) = (fs::read(path.with_extension("idx"))?, fs::read(&path)?);
        for (id, object) in read(&index, &pack).ok_or_else(malformed)? {
            if seen.insert(id) {
                objects.push(object);
            }
        }
        taken.push(path);
    }
    let mut writer = PackWriter::new(repository)?;
    let mut hash = Sha1::new();
    let count = u32::try_from(objects.len()).expect("they are in memory");
    let head = [b"PACK\0\0\0\x02", &count.to_be_bytes()[..]].concat();
    for part in std::iter::once(&head).chain(&objects) {
        hash.update(part);
        writer.write(part)?;
    }
    writer.write(&hash.finalize())?;
    let new = writer.finish()?;
    for path in taken.iter().filter(|path| !path.to_string_lossy().contains(&new)) {
        // First the pack, as git does: an index without one counts for nothing.
        for file in [path.clone(), path.with_extension("idx")] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(taken.len())
}

/// The packs that aren't large: when they were written, how long they are, and where they are.
fn small_packs(folder: &Path) -> Result<Vec<(SystemTime, u64, PathBuf)>, MirrorError> {
    let mut packs = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let path = file.path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let data = file.metadata()?;
            if data.len() <= SMALL {
                packs.push((data.modified()?, data.len(), path));
            }
        }
    }
    Ok(packs)
}

/// The objects of a pack as they are, but for deltas, which name what they build on instead of where it is. `None` for what
/// isn't a pack with its index of version 2.
fn read(index: &[u8], pack: &[u8]) -> Option<Vec<(Oid, Vec<u8>)>> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?) as usize);
    let count = number(8 + 255 * 4)?;
    if !index.starts_with(b"\xfftOc\0\0\0\x02") || !pack.starts_with(b"PACK\0\0\0\x02") {
        return None;
    }
    let ids = 8 + 256 * 4;
    let mut places = Vec::with_capacity(count);
    for place in 0..count {
        let id = Oid::from_bytes(index.get(ids + place * 20..ids + (place + 1) * 20)?).ok()?;
        // The upper bit tells of packs beyond two gigabytes.
        places.push((number(ids + count * 24 + place * 4).filter(|offset| *offset < 1 << 31)?, id));
    }
    places.sort_unstable();
    let by_place: HashMap<usize, Oid> = places.iter().copied().collect();
    let ends = places.iter().skip(1).map(|place| place.0).chain([pack.len().checked_sub(20)?]);
    let object = |(&(start, id), end): (&(usize, Oid), usize)| {
        let bytes = pack.get(start..end)?;
        // A byte with the type and the upper bit while the size goes on.
        let size = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
        if bytes[0] >> 4 & 7 != OFS_DELTA {
            return Some((id, bytes.to_vec()));
        }
        let length = bytes[size..].iter().position(|byte| byte & 0x80 == 0)? + 1;
        let (back, rest) = bytes[size..].split_at(length);
        // Each byte but the last counts one more than it says.
        let back = back.iter().skip(1).try_fold(usize::from(back[0] & 0x7f), |back, byte| {
            Some(back.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f))
        })?;
        let base = by_place.get(&start.checked_sub(back)?)?;
        let first = bytes[0] & 0x8f | REF_DELTA << 4;
        Some((id, [&[first], &bytes[1..size], base.as_bytes(), rest].concat()))
    };
    places.iter().zip(ends).map(object).collect()
}

#[cfg(test)]
mod tests {
    use git2::{ObjectType, PackBuilder};

    use super::*;

    fn write(repository: &Repository, mut builder: PackBuilder<'_>) {
        let mut writer = PackWriter::new(repository).expect("made");
        builder.foreach(|chunk| writer.write(chunk).is_ok()).expect("packed");
        writer.finish().expect("written");
    }

    #[test]
    fn many_small_packs_become_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Repository::init_bare(folder.path().join("source.git")).expect("made");
        let mirror = Repository::init_bare(folder.path().join("mirror.git")).expect("made");
        let mut all = Vec::new();
        for number in 0..MANY {
            // Versions of one text in each pack, which become deltas of each other, and one that all packs have.
            let text = |version: usize| format!("{}version {version}\n", "a line of text\n".repeat(60 + number % 3));
            let ids = [text(number), text(number + 1), text(0)].map(|t| source.blob(t.as_bytes()).expect("written"));
            let mut builder = source.packbuilder().expect("made");
            ids.iter().for_each(|id| builder.insert_object(*id, Some("x")).expect("packed"));
            write(&mirror, builder);
            all.extend(ids);
        }
        let packs = || small_packs(&mirror.path().join("objects/pack")).expect("readable").len();
        let before = packs();
        assert!(before >= MANY);
        // One that has opened nothing yet, as of another process.
        let reader = Repository::open_bare(mirror.path()).expect("opened");
        reader.odb().expect("has one").read(all[0]).expect("there");
        assert_eq!(tidy_up(&mirror).map_err(|error| format!("{error:?}")), Ok(before));
        assert_eq!(packs(), 1);
        let fresh = Repository::open_bare(mirror.path()).expect("opened");
        for repository in [&reader, &fresh] {
            let odb = repository.odb().expect("has one");
            for id in &all {
                let data = odb.read(*id).expect("there");
                assert_eq!(Oid::hash_object(ObjectType::Blob, data.data()).expect("hashed"), *id);
            }
        }
        assert_eq!(tidy_up(&mirror).map_err(|error| format!("{error:?}")), Ok(0));
    }

    #[test]
    fn what_is_no_pack_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path()).expect("made");
        let blob = repository.blob(b"x").expect("written");
        let mut builder = repository.packbuilder().expect("made");
        builder.insert_object(blob, None).expect("packed");
        write(&repository, builder);
        let (_, _, path) = small_packs(&folder.path().join("objects/pack")).expect("readable").remove(0);
        let (index, pack) = (fs::read(path.with_extension("idx")).expect("there"), fs::read(&path).expect("there"));
        assert_eq!(read(&index, &pack).expect("sound").len(), 1);
        for end in 0..index.len() - 40 {
            assert!(read(&index[..end], &pack).is_none(), "{end}");
        }
        assert!(read(&index, b"PACK").is_none() && read(&pack, &index).is_none());
        for number in 0..MANY {
            fs::write(folder.path().join(format!("objects/pack/pack-{number}.pack")), "garbage").expect("written");
            fs::write(folder.path().join(format!("objects/pack/pack-{number}.idx")), "garbage").expect("written");
        }
        assert!(tidy_up(&repository).is_err());
        assert_eq!(small_packs(&folder.path().join("objects/pack")).expect("readable").len(), MANY + 1);
        assert!(has_single_objects(folder.path()));
    }
}
