//! Packs for a push: only what is new, each tree and file as a delta against the one that it takes the place of.
//!
//! Such a pack is *thin* when it builds on objects that only the remote has; git's server completes it (gitformat-pack,
//! gitprotocol-capabilities "no-thin").

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use flate2::{Compress, Compression, FlushCompress, Status};
use git2::{ObjectType, Odb, Oid, Repository};
use sha1::{Digest, Sha1};

use super::delta;
use crate::adapters::git::mirror::MirrorError;

/// After so many commits deltas build on the remote's objects again: readers follow chains of any length, but slowly.
const LONGEST_CHAIN: usize = 50;
/// Git's own default. Deltas are tiny, so that a higher level has little to save.
const LEVEL: u32 = 6;
/// A file larger than this is sent as it is: a delta holds both versions in memory.
const MAX_DELTA: usize = 16 << 20;
const REF_DELTA: u8 = 7;

/// What deltas may build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters::git) enum Bases {
    /// Anything that the remote has at the old head.
    Remote,
    /// Objects of the same pack only.
    Pack,
}

/// Packs everything that is new: commits on top of `old` with their trees and blobs, each after what it refers to.
///
/// # Errors
/// When an object can't be read.
pub(in crate::adapters::git) fn pack(
    repository: &Repository,
    old: Oid,
    objects: &[Oid],
    bases: Bases,
) -> Result<Vec<u8>, MirrorError> {
    let mut known = HashSet::with_capacity(objects.len());
    let objects: Vec<Oid> = objects.iter().copied().filter(|id| known.insert(*id)).collect();
    let mut writer = Writer::new(objects.len());
    let mut shelf = Shelf { odb: repository.odb()?, recent: HashMap::new(), older: HashMap::new() };
    let new = |id: &Oid| known.contains(id);
    let mut written: HashSet<Oid> = HashSet::with_capacity(objects.len());
    let mut number = 0;
    let mut rest = &objects[..];
    while !rest.is_empty() {
        // One commit with what was made for it.
        let mut end = 0;
        let mut commit = None;
        while commit.is_none() && end < rest.len() {
            let object = shelf.read(rest[end])?;
            commit = (object.kind == ObjectType::Commit).then_some(rest[end]);
            end += 1;
        }
        let (group, later) = rest.split_at(end);
        let mut pairs = HashMap::new();
        if let Some(commit) = commit {
            let commit = repository.find_commit(commit)?;
            let before = match number % LONGEST_CHAIN {
                0 => repository.find_commit(old)?.tree_id(),
                _ => commit.parent(0)?.tree_id(),
            };
            pair(&mut shelf, before, commit.tree_id(), &new, &mut pairs)?;
        }
        for id in group {
            let object = shelf.read(*id)?;
            let usable = |base: &&Oid| bases == Bases::Remote && !new(base) || written.contains(*base);
            let delta = match pairs.get(id).filter(usable) {
                Some(base) => {
                    let base = (*base, shelf.read(*base)?);
                    let fits = object.data.len().max(base.1.data.len()) <= MAX_DELTA && base.1.kind == object.kind;
                    fits.then(|| delta::between(&base.1.data, &object.data)).flatten().map(|delta| (base.0, delta))
                }
                None => None,
            };
            match delta {
                Some((base, delta)) => writer.delta(base, &delta),
                None => writer.whole(object.kind, &object.data),
            }
            written.insert(*id);
        }
        shelf.turn_over();
        rest = later;
        number += 1;
    }
    Ok(writer.finish())
}

/// Finds what each new tree and blob below `after` takes the place of.
fn pair(
    shelf: &mut Shelf<'_>,
    before: Oid,
    after: Oid,
    new: &impl Fn(&Oid) -> bool,
    pairs: &mut HashMap<Oid, Oid>,
) -> Result<(), MirrorError> {
    if before == after || !new(&after) || pairs.contains_key(&after) {
        return Ok(());
    }
    pairs.insert(after, before);
    let (old, changed) = (shelf.read(before)?, shelf.read(after)?);
    let mut old = entries(&old.data).peekable();
    for entry in entries(&changed.data) {
        // Both are in git's order, so each is walked through once.
        while old.next_if(|there| compare(there, &entry).is_lt()).is_some() {}
        let Some(there) = old.next_if(|there| compare(there, &entry).is_eq()) else { continue };
        if there.id == entry.id {
            continue;
        }
        match entry.is_tree {
            true => pair(shelf, there.id, entry.id, new, pairs)?,
            false if new(&entry.id) => _ = pairs.entry(entry.id).or_insert(there.id),
            false => {}
        }
    }
    Ok(())
}

/// An entry of a tree.
struct Entry<'t> {
    name: &'t [u8],
    is_tree: bool,
    id: Oid,
}

/// A tree's entries are sorted as if the names of folders ended with a slash.
fn compare(a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
    if a.name == b.name && a.is_tree == b.is_tree {
        return Ordering::Equal;
    }
    let sorted = |entry: &Entry<'_>| entry.is_tree.then_some(b'/');
    a.name.iter().copied().chain(sorted(a)).cmp(b.name.iter().copied().chain(sorted(b)))
}

/// Reads a tree's entries: mode, name, and the id's bytes. A malformed rest is left out.
fn entries(mut tree: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let space = tree.iter().take(8).position(|byte| *byte == b' ')?;
        let end = space + tree[space..].iter().position(|byte| *byte == 0)?;
        let id = tree.get(end + 1..end + 21)?;
        let entry = Entry { name: &tree[space + 1..end], is_tree: tree[0] == b'4', id: Oid::from_bytes(id).ok()? };
        tree = &tree[end + 21..];
        Some(entry)
    })
}

/// An object's content.
struct Object {
    kind: ObjectType,
    data: Vec<u8>,
}

/// Objects that were read: those of a commit are what the next one's build on.
struct Shelf<'r> {
    odb: Odb<'r>,
    recent: HashMap<Oid, Arc<Object>>,
    older: HashMap<Oid, Arc<Object>>,
}

impl Shelf<'_> {
    fn read(&mut self, id: Oid) -> Result<Arc<Object>, MirrorError> {
        if let Some(found) = self.recent.get(&id) {
            return Ok(Arc::clone(found));
        }
        let object = match self.older.remove(&id) {
            Some(found) => found,
            None => {
                let found = self.odb.read(id)?;
                Arc::new(Object { kind: found.kind(), data: found.data().to_vec() })
            }
        };
        self.recent.insert(id, Arc::clone(&object));
        Ok(object)
    }

    /// Forgets what the last commit but one was made of.
    fn turn_over(&mut self) {
        self.older = std::mem::take(&mut self.recent);
    }
}

/// Writes a pack: a head, the objects, and a checksum over both.
struct Writer {
    out: Vec<u8>,
    deflate: Compress,
}

impl Writer {
    fn new(objects: usize) -> Self {
        let mut out = b"PACK\0\0\0\x02".to_vec();
        let count = u32::try_from(objects).expect("one push has far fewer objects");
        out.extend_from_slice(&count.to_be_bytes());
        Self { out, deflate: Compress::new(Compression::new(LEVEL), true) }
    }

    fn whole(&mut self, kind: ObjectType, data: &[u8]) {
        let code = match kind {
            ObjectType::Commit => 1,
            ObjectType::Tree => 2,
            ObjectType::Blob => 3,
            _ => 4,
        };
        self.head(code, data.len());
        self.body(data);
    }

    fn delta(&mut self, base: Oid, delta: &[u8]) {
        self.head(REF_DELTA, delta.len());
        self.out.extend_from_slice(base.as_bytes());
        self.body(delta);
    }

    /// The type and the size: four bits of it in the first byte, then seven a byte, the lowest first.
    fn head(&mut self, code: u8, mut size: usize) {
        let mut byte = code << 4 | (size & 0x0f) as u8;
        size >>= 4;
        while size > 0 {
            self.out.push(byte | 0x80);
            byte = (size & 0x7f) as u8;
            size >>= 7;
        }
        self.out.push(byte);
    }

    fn body(&mut self, data: &[u8]) {
        self.deflate.reset();
        loop {
            let taken = usize::try_from(self.deflate.total_in()).unwrap_or(usize::MAX);
            self.out.reserve((data.len() - taken) / 2 + 64);
            let status = self.deflate.compress_vec(&data[taken..], &mut self.out, FlushCompress::Finish);
            if status.expect("deflating has no bad states") == Status::StreamEnd {
                return;
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let checksum = Sha1::digest(&self.out);
        self.out.extend_from_slice(&checksum);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use git2::{Indexer, Signature, Time, build::TreeUpdateBuilder};

    use super::*;

    fn repository() -> (tempfile::TempDir, Repository) {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path()).expect("made");
        (folder, repository)
    }

    /// Commits files on top of a parent; tells the commit and everything new, in order.
    fn commit(repository: &Repository, parent: Option<Oid>, files: &[(&str, &[u8])]) -> (Oid, Vec<Oid>) {
        let me = Signature::new("x", "x@x", &Time::new(0, 0)).expect("valid");
        let parent = parent.map(|id| repository.find_commit(id).expect("there"));
        let empty = || {
            let id = repository.treebuilder(None).expect("made").write().expect("written");
            repository.find_tree(id).expect("there")
        };
        let base = parent.as_ref().map_or_else(empty, |parent| parent.tree().expect("there"));
        let mut builder = TreeUpdateBuilder::new();
        let mut made = Vec::new();
        for (path, content) in files {
            let blob = repository.blob(content).expect("written");
            made.push(blob);
            builder.upsert(*path, blob, git2::FileMode::Blob);
        }
        let tree = repository.find_tree(builder.create_updated(repository, &base).expect("made")).expect("there");
        let mut below = Vec::new();
        tree.walk(git2::TreeWalkMode::PostOrder, |_, entry| {
            if entry.kind() == Some(ObjectType::Tree) {
                below.push(entry.id());
            }
            git2::TreeWalkResult::Ok
        })
        .expect("walked");
        let had: HashSet<Oid> = {
            let mut had = HashSet::new();
            base.walk(git2::TreeWalkMode::PostOrder, |_, entry| {
                had.insert(entry.id());
                git2::TreeWalkResult::Ok
            })
            .expect("walked");
            had
        };
        made.extend(below.into_iter().filter(|id| !had.contains(id)));
        made.push(tree.id());
        let id = repository.commit(None, &me, &me, "x", &tree, &parent.iter().collect::<Vec<_>>()).expect("made");
        made.push(id);
        (id, made)
    }

    /// Lets libgit2 take the pack in where only `old` and its past are; all it brought must be the same there.
    fn check(ours: &Repository, theirs: &Repository, old: Oid, objects: &[Oid], bases: Bases) -> Vec<u8> {
        let bytes = pack(ours, old, objects, bases).expect("packed");
        let odb = theirs.odb().expect("has one");
        let mut indexer = Indexer::new(Some(&odb), &theirs.path().join("objects/pack"), 0, true).expect("made");
        indexer.write_all(&bytes).expect("a sound pack");
        indexer.commit().expect("complete");
        drop(odb);
        let theirs = Repository::open_bare(theirs.path()).expect("opened");
        let (from, to) = (ours.odb().expect("has one"), theirs.odb().expect("has one"));
        for id in objects {
            assert_eq!(from.read(*id).expect("there").data(), to.read(*id).expect("arrived").data());
        }
        bytes
    }

    /// Two repositories with the same first commit.
    fn two() -> ((tempfile::TempDir, Repository), (tempfile::TempDir, Repository), Oid) {
        let (ours, theirs) = (repository(), repository());
        let text = "some text\n".repeat(50);
        let names: Vec<String> = (0..300).map(|n| format!("apps/{}/f{n}", n % 7)).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), text.as_bytes())).collect();
        let (base, _) = commit(&ours.1, None, &files);
        assert_eq!(commit(&theirs.1, None, &files).0, base);
        (ours, theirs, base)
    }

    #[test]
    fn a_change_is_a_few_hundred_bytes() {
        let ((_a, ours), (_b, theirs), base) = two();
        let changed = format!("{}one line more\n", "some text\n".repeat(50));
        let (_, made) = commit(&ours, Some(base), &[("apps/3/f10", changed.as_bytes())]);
        assert_eq!(made.len(), 5);
        let thin = check(&ours, &theirs, base, &made, Bases::Remote);
        assert!(thin.len() < 400, "{} bytes", thin.len());
        let ((_a, ours), (_b, theirs), base) = two();
        let (_, made) = commit(&ours, Some(base), &[("apps/3/f10", changed.as_bytes())]);
        let whole = check(&ours, &theirs, base, &made, Bases::Pack);
        assert!(whole.len() > thin.len() + 200, "{} bytes", whole.len());
    }

    #[test]
    fn many_commits_build_on_each_other() {
        for bases in [Bases::Remote, Bases::Pack] {
            let ((_a, ours), (_b, theirs), base) = two();
            let (mut head, mut all) = (base, Vec::new());
            for number in 0..120 {
                let path = format!("apps/{}/f{}", number % 7, number % 7);
                let content = format!("{}{number}\n", "some text\n".repeat(50));
                let new = format!("new/{number}/file");
                // The same blob twice, a new folder, and a file that comes back to what it was.
                let files = [(path.as_str(), content.as_bytes()), (new.as_str(), content.as_bytes()), ("x", b"y")];
                let (id, made) = commit(&ours, Some(head), &files);
                head = id;
                all.extend(made);
            }
            let bytes = check(&ours, &theirs, base, &all, bases);
            assert!(bytes.len() < 120 * 700, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn a_file_may_become_a_folder_and_the_other_way_round() {
        let ((_a, ours), (_b, theirs), base) = two();
        let (_, mut all) = commit(&ours, Some(base), &[("run", b"a file")]);
        let first = *all.last().expect("a commit");
        let mut builder = TreeUpdateBuilder::new();
        builder.remove("run");
        let tree = ours.find_commit(first).and_then(|commit| commit.tree()).expect("there");
        let removed = ours.find_tree(builder.create_updated(&ours, &tree).expect("made")).expect("there");
        assert_eq!(removed.id(), ours.find_commit(base).expect("there").tree_id());
        let (second, made) =
            commit(&ours, Some(base), &[("run/deep/file", b"another"), ("apps.d", b"sorts before apps/")]);
        all.extend(made);
        assert_ne!(first, second);
        check(&ours, &theirs, base, &all, Bases::Remote);
    }

    #[test]
    fn a_big_file_is_sent_whole_and_nothing_is_an_empty_pack() {
        let ((_a, ours), (_b, theirs), base) = two();
        let noise: Vec<u8> =
            (0..300_000_u64).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
        let (_, made) = commit(&ours, Some(base), &[("apps/3/f10", &noise)]);
        check(&ours, &theirs, base, &made, Bases::Remote);
        let empty = pack(&ours, base, &[], Bases::Remote).expect("packed");
        assert_eq!((empty.len(), &empty[8..12]), (32, &[0; 4][..]));
        let missing = Oid::from_str(&"1".repeat(40)).expect("an id");
        assert!(pack(&ours, base, &[missing], Bases::Remote).is_err());
    }

    #[test]
    fn a_malformed_tree_has_no_entries() {
        for tree in [&b""[..], b"100644", b"100644 a", b"100644 a\0short", b"10064444444 a\0"] {
            assert_eq!(entries(tree).count(), 0);
        }
    }
}
