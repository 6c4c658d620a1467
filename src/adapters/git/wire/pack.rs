//! Packs for a push: only what is new, each tree and file as a delta against the one that it takes the place of.
//!
//! Such a pack is *thin* when it builds on objects that only the remote has; git's server completes it (gitformat-pack,
//! gitprotocol-capabilities "no-thin").

use std::collections::HashSet;

use flate2::{Compress, Compression, FlushCompress, Status};
use git2::{ObjectType, Oid};
use sha1::{Digest, Sha1};

use super::delta;
use crate::adapters::git::mirror::MirrorError;

/// Git's own default. Deltas are tiny, so that a higher level has little to save.
const LEVEL: u32 = 6;
const REF_DELTA: u8 = 7;

/// What deltas may build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters::git) enum Bases {
    /// Anything that the remote has at the old head.
    Remote,
    /// Objects of the same pack only.
    Pack,
}

/// An object that the remote doesn't have yet.
#[derive(Debug, Clone)]
pub(in crate::adapters::git) struct NewObject {
    /// Its id.
    pub(in crate::adapters::git) id: Oid,
    /// What it is.
    pub(in crate::adapters::git) kind: ObjectType,
    /// What is in it.
    pub(in crate::adapters::git) content: Content,
}

/// What is in a new object.
#[derive(Debug, Clone)]
pub(in crate::adapters::git) enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// What makes it out of another one, which the remote has or which comes before it.
    Delta {
        /// The other one.
        base: Oid,
        /// The instructions.
        delta: Vec<u8>,
    },
}

/// The id of an object with this content.
pub(in crate::adapters::git) fn id(kind: ObjectType, data: &[u8]) -> Oid {
    // Not libgit2's, which looks for collisions on its way and takes several times as long for a tree of a megabyte.
    let mut hash = Sha1::new();
    hash.update(format!("{} {}\0", kind.str(), data.len()));
    hash.update(data);
    Oid::from_bytes(&hash.finalize()).expect("SHA-1 has the length of an id")
}

/// Packs everything that is new; the pack builds on what the remote has at the old head.
pub(in crate::adapters::git) fn thin(objects: &[NewObject]) -> Vec<u8> {
    let mut writer = Writer::new(objects.len());
    for object in objects {
        match &object.content {
            Content::Whole(data) => writer.whole(object.kind, data),
            Content::Delta { base, delta } => writer.delta(*base, delta),
        }
    }
    writer.finish()
}

/// Packs everything that is new; the pack builds on nothing else. What the remote has is read by `read`.
///
/// # Errors
/// When an object can't be read.
pub(in crate::adapters::git) fn whole(
    objects: &[NewObject],
    read: impl Fn(Oid) -> Result<Vec<u8>, MirrorError>,
) -> Result<Vec<u8>, MirrorError> {
    let new: HashSet<Oid> = objects.iter().map(|object| object.id).collect();
    let mut writer = Writer::new(objects.len());
    for object in objects {
        match &object.content {
            Content::Whole(data) => writer.whole(object.kind, data),
            Content::Delta { base, delta } if new.contains(base) => writer.delta(*base, delta),
            Content::Delta { base, delta } => {
                let data = delta::apply(&read(*base)?, delta);
                let damaged = || MirrorError::Damaged(format!("{base} has changed"));
                writer.whole(object.kind, &data.ok_or_else(damaged)?);
            }
        }
    }
    Ok(writer.finish())
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
    use std::io::Write as _;

    use git2::{Indexer, Repository};

    use super::*;

    /// Lets libgit2 take a pack in.
    fn check(pack: &[u8], repository: &Repository, objects: &[(Oid, &[u8])]) {
        let odb = repository.odb().expect("has one");
        let mut indexer = Indexer::new(Some(&odb), &repository.path().join("objects/pack"), 0, true).expect("made");
        indexer.write_all(pack).expect("a sound pack");
        indexer.commit().expect("complete");
        drop(odb);
        let repository = Repository::open_bare(repository.path()).expect("opened");
        let odb = repository.odb().expect("has one");
        objects.iter().for_each(|(id, data)| assert_eq!(odb.read(*id).expect("arrived").data(), *data));
    }

    fn object(kind: ObjectType, data: &[u8], base: Option<(Oid, &[u8])>) -> NewObject {
        let content = match base {
            None => Content::Whole(data.to_vec()),
            Some((base, old)) => Content::Delta { base, delta: delta::between(old, data).expect("worth it") },
        };
        NewObject { id: id(kind, data), kind, content }
    }

    #[test]
    fn packs_are_thin_or_whole() {
        let old = "some text\n".repeat(50);
        let (one, two) = (format!("{old}one line more\n"), format!("{old}one line more\nand another\n"));
        let noise: Vec<u8> =
            (0..300_000_u64).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
        let blob = ObjectType::Blob;
        let id_of = |data: &[u8]| id(blob, data);
        assert_eq!(id_of(old.as_bytes()), Oid::hash_object(blob, old.as_bytes()).expect("hashed"));
        let objects = [
            object(blob, one.as_bytes(), Some((id_of(old.as_bytes()), old.as_bytes()))),
            object(blob, two.as_bytes(), Some((id_of(one.as_bytes()), one.as_bytes()))),
            object(blob, &noise, None),
            object(blob, b"", None),
        ];
        let contents = [one.as_bytes(), two.as_bytes(), &noise, b""].map(|data| (id_of(data), data));
        let there = |texts: &[&str]| {
            let folder = tempfile::tempdir().expect("a folder");
            let repository = Repository::init_bare(folder.path()).expect("made");
            texts.iter().for_each(|text| _ = repository.blob(text.as_bytes()).expect("written"));
            (repository, folder)
        };
        check(&thin(&objects), &there(&[&old]).0, &contents);
        let read = |id| if id == id_of(old.as_bytes()) { Ok(old.clone().into_bytes()) } else { panic!("{id}") };
        check(&whole(&objects, read).expect("packed"), &there(&[]).0, &contents);
        assert!(whole(&objects, |_| Ok(b"another".to_vec())).is_err(), "what it builds on has changed");
        let empty = thin(&[]);
        assert_eq!((empty.len(), &empty[8..12]), (32, &[0; 4][..]));
    }
}
