//! The tree of the newest commit, patched in memory along the changed paths only.
//!
//! A tree of git is a row of bytes: for each entry its mode, its name and an id. A change puts another id into the row, or
//! a new entry at its place, or takes one out; all else stays as it is, byte by byte. A folder goes with its last entry. What is loaded stays loaded, so that the next commit of
//! the same push has nothing to read, and each version is kept as a delta against the one before.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use git2::{ObjectType, Odb, Oid, Repository, TreeBuilder};

use super::{
    mirror::MirrorError,
    objects::{ObjectError, is_file},
    wire::{
        delta,
        pack::{self, Content, NewObject},
    },
};
use crate::domain::snapshot::FileEdit;

/// After so many versions deltas build on the remote's object again: readers follow chains of any length, but slowly.
const LONGEST_CHAIN: usize = 50;
/// A file larger than this is sent as it is: a delta holds both versions in memory.
const MAX_DELTA: usize = 16 << 20;
const FOLDER: &[u8] = b"40000";
const FILE: &[u8] = b"100644";

/// The whole tree of a commit, as far as it was looked at.
pub(super) struct WorkingTree<'r> {
    root: Folder,
    store: Store<'r>,
}

impl<'r> WorkingTree<'r> {
    /// The tree that a commit of the mirror has.
    pub(super) fn new(repository: &'r Repository, tree: Oid) -> Result<Self, MirrorError> {
        let mut store = Store {
            odb: repository.odb()?,
            names: repository.treebuilder(None)?,
            some_tree: tree,
            theirs: HashSet::new(),
            ours: HashSet::new(),
            made: Vec::new(),
        };
        let root = Folder::of(store.tree(tree)?);
        Ok(Self { root, store })
    }

    /// Carries out the edits; tells the root's new id.
    pub(super) fn patch(&mut self, edits: &[FileEdit]) -> Result<Oid, ObjectError> {
        let edits: Vec<_> = edits.iter().map(|edit| (edit.path.as_str(), edit)).collect();
        if let Some(root) = self.root.patch(&edits, &mut self.store)? {
            return Ok(root);
        }
        // Nothing is left: the root is the one folder that stays without an entry.
        self.root = Folder::of(Version::new(ObjectType::Tree, Vec::new(), &mut self.store));
        Ok(self.root.tree.id)
    }

    /// Takes an object in that isn't part of a tree.
    pub(super) fn add(&mut self, kind: ObjectType, data: Vec<u8>) -> Oid {
        let id = pack::id(kind, &data);
        self.store.add(id, kind, Content::Whole(data));
        id
    }

    /// Everything that was made, each object after what it refers to.
    pub(super) fn into_made(self) -> Vec<NewObject> {
        self.store.made
    }
}

/// What there is, and what is made.
struct Store<'r> {
    odb: Odb<'r>,
    /// Knows which names git accepts.
    names: TreeBuilder<'r>,
    some_tree: Oid,
    /// What the remote has for sure, because it was read here from the old head.
    theirs: HashSet<Oid>,
    ours: HashSet<Oid>,
    made: Vec<NewObject>,
}

impl Store<'_> {
    fn tree(&mut self, id: Oid) -> Result<Version, MirrorError> {
        let object = self.odb.read(id)?;
        if object.kind() != ObjectType::Tree {
            return Err(MirrorError::Damaged(format!("{id} is not a tree")));
        }
        self.theirs.insert(id);
        Ok(Version { id, data: object.data().to_vec(), origin: Origin::Here, changes: 0 })
    }

    /// A file's content, which only serves to send less.
    fn blob(&mut self, id: Oid) -> Result<Version, MirrorError> {
        let is_big = self.odb.read_header(id)?.0 > MAX_DELTA;
        let data = if is_big { Vec::new() } else { self.odb.read(id)?.data().to_vec() };
        self.theirs.insert(id);
        Ok(Version { id, data, origin: if is_big { Origin::None } else { Origin::Here }, changes: 0 })
    }

    /// Nothing is made twice, and nothing that the remote has: deltas could go round in a circle then.
    fn add(&mut self, id: Oid, kind: ObjectType, content: Content) {
        if !self.theirs.contains(&id) && self.ours.insert(id) {
            self.made.push(NewObject { id, kind, content });
        }
    }

    /// Whether git takes an entry of this name.
    fn check_name(&mut self, name: &str, edit: &FileEdit) -> Result<(), ObjectError> {
        match self.names.insert(name, self.some_tree, 0o040_000) {
            Ok(_) => Ok(()),
            // A name that git forbids is the edit's fault; a tree that isn't there, though just read, is the mirror's.
            Err(error) if error.message().contains("invalid name") => Err(unfit(edit, error.message())),
            Err(error) => Err(error.into()),
        }
    }
}

fn unfit(edit: &FileEdit, why: &str) -> ObjectError {
    ObjectError::Unfit(format!("{}: {why}", edit.path))
}

/// An object as it is after the edits so far.
struct Version {
    id: Oid,
    data: Vec<u8>,
    origin: Origin,
    /// How often it was changed since it last built on its origin.
    changes: usize,
}

/// What the remote has in an object's place.
enum Origin {
    /// Nothing that deltas could build on.
    None,
    /// This very object.
    Here,
    /// Another one.
    Other(Oid, Vec<u8>),
}

impl Version {
    /// An object where there was none.
    fn new(kind: ObjectType, data: Vec<u8>, store: &mut Store<'_>) -> Self {
        let id = pack::id(kind, &data);
        store.add(id, kind, Content::Whole(data.clone()));
        Self { id, data, origin: Origin::None, changes: 0 }
    }

    fn replace(&mut self, kind: ObjectType, data: Vec<u8>, store: &mut Store<'_>) {
        let id = pack::id(kind, &data);
        if id == self.id {
            return;
        }
        self.changes += 1;
        let content = match &self.origin {
            // The one before it is empty here when it is too big to be read.
            Origin::None if self.data.is_empty() || self.changes.is_multiple_of(LONGEST_CHAIN) => {
                Content::Whole(data.clone())
            }
            Origin::Other(origin, old) if self.changes.is_multiple_of(LONGEST_CHAIN) => between(*origin, old, &data),
            _ => between(self.id, &self.data, &data),
        };
        store.add(id, kind, content);
        let (old_id, old) = (std::mem::replace(&mut self.id, id), std::mem::replace(&mut self.data, data));
        if let Origin::Here = self.origin {
            self.origin = Origin::Other(old_id, old);
        }
    }
}

fn between(base: Oid, old: &[u8], new: &[u8]) -> Content {
    let delta = if old.len().max(new.len()) <= MAX_DELTA { delta::between(old, new) } else { None };
    delta.map_or_else(|| Content::Whole(new.to_vec()), |delta| Content::Delta { base, delta })
}

/// A folder with what was looked at in it.
struct Folder {
    tree: Version,
    folders: HashMap<String, Folder>,
    files: HashMap<String, Version>,
}

impl Folder {
    fn of(tree: Version) -> Self {
        Self { tree, folders: HashMap::new(), files: HashMap::new() }
    }

    /// Carries out the edits, each with the rest of its path from this folder on; `None` when nothing is left.
    ///
    /// What goes makes room first: a file may come where a folder was, and a folder where a file was.
    fn patch(&mut self, edits: &[(&str, &FileEdit)], store: &mut Store<'_>) -> Result<Option<Oid>, ObjectError> {
        let mut row = self.tree.data.clone();
        let mut below: BTreeMap<&str, Vec<(&str, &FileEdit)>> = BTreeMap::new();
        let mut files = Vec::new();
        for (path, edit) in edits {
            match (path.split_once('/'), &edit.content) {
                (Some((folder, rest)), _) => below.entry(folder).or_default().push((rest, edit)),
                (None, Some(content)) => files.push((*path, *edit, content)),
                (None, None) => self.take_file(&mut row, path, edit)?,
            }
        }
        let (emptied, filled): (Vec<_>, Vec<_>) =
            below.into_iter().partition(|(_, edits)| edits.iter().all(|(_, edit)| edit.content.is_none()));
        for (name, edits) in emptied {
            self.patch_folder(&mut row, name, &edits, store)?;
        }
        for (name, edit, content) in files {
            self.put_file(&mut row, name, edit, content, store)?;
        }
        for (name, edits) in filled {
            self.patch_folder(&mut row, name, &edits, store)?;
        }
        if row.is_empty() {
            return Ok(None);
        }
        self.tree.replace(ObjectType::Tree, row, store);
        Ok(Some(self.tree.id))
    }

    fn take_file(&mut self, row: &mut Vec<u8>, name: &str, edit: &FileEdit) -> Result<(), ObjectError> {
        match find(row, name)? {
            Some(entry) if is_file(entry.mode) => take(row, entry),
            Some(_) => return Err(unfit(edit, "not a regular file")),
            None => return Err(unfit(edit, "there is no such file")),
        }
        self.files.remove(name);
        Ok(())
    }

    fn put_file(
        &mut self,
        row: &mut Vec<u8>,
        name: &str,
        edit: &FileEdit,
        content: &[u8],
        store: &mut Store<'_>,
    ) -> Result<(), ObjectError> {
        let entry = find(row, name)?;
        if entry.as_ref().is_some_and(|entry| !is_file(entry.mode)) {
            return Err(unfit(edit, "not a regular file"));
        }
        let id = match (&entry, self.files.get_mut(name)) {
            (_, Some(file)) => {
                file.replace(ObjectType::Blob, content.to_vec(), store);
                file.id
            }
            (Some(entry), None) => {
                let mut file = store.blob(entry.id)?;
                file.replace(ObjectType::Blob, content.to_vec(), store);
                self.files.entry(name.to_owned()).or_insert(file).id
            }
            (None, None) => {
                store.check_name(name, edit)?;
                let file = Version::new(ObjectType::Blob, content.to_vec(), store);
                self.files.entry(name.to_owned()).or_insert(file).id
            }
        };
        put(row, entry, FILE, name, id)?;
        Ok(())
    }

    fn patch_folder(
        &mut self,
        row: &mut Vec<u8>,
        name: &str,
        edits: &[(&str, &FileEdit)],
        store: &mut Store<'_>,
    ) -> Result<(), ObjectError> {
        let entry = find(row, name)?;
        let first = edits[0].1;
        if entry.as_ref().is_some_and(|entry| !is_folder(entry.mode)) {
            return Err(unfit(first, &format!("{name} is not a folder")));
        }
        if !self.folders.contains_key(name) {
            let tree = match &entry {
                Some(entry) => store.tree(entry.id)?,
                None => {
                    store.check_name(name, first)?;
                    Version { id: Oid::ZERO_SHA1, data: Vec::new(), origin: Origin::None, changes: 0 }
                }
            };
            self.folders.insert(name.to_owned(), Self::of(tree));
        }
        let folder = self.folders.get_mut(name).expect("it was just put in");
        match (folder.patch(edits, store)?, entry) {
            (Some(id), entry) => put(row, entry, FOLDER, name, id)?,
            (None, entry) => {
                self.folders.remove(name);
                if let Some(entry) = entry {
                    take(row, entry);
                }
            }
        }
        Ok(())
    }
}

fn is_folder(mode: i32) -> bool {
    mode == 0o040_000
}

/// An entry of a tree.
struct Entry {
    mode: i32,
    id: Oid,
    /// Where it begins.
    start: usize,
    /// Where the id's bytes are, which are its last.
    place: Range<usize>,
}

/// One entry of a row: its mode, its name, and where it and its id begin.
struct Part<'t> {
    mode: i32,
    name: &'t [u8],
    start: usize,
    id: usize,
}

/// Reads a row from the start; a row that isn't a tree's ends with an error.
fn parts(row: &[u8]) -> impl Iterator<Item = Result<Part<'_>, MirrorError>> {
    let malformed = || MirrorError::Damaged("a tree is malformed".to_owned());
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = row.get(start..).filter(|rest| !rest.is_empty())?;
        let part = || {
            let space = rest.iter().take(8).position(|byte| *byte == b' ')?;
            let end = space + rest[space..].iter().position(|byte| *byte == 0)?;
            let mode = rest[..space].iter().try_fold(0, |mode, digit| match digit {
                b'0'..=b'7' => Some(mode << 3 | i32::from(digit - b'0')),
                _ => None,
            })?;
            (rest.len() >= end + 21).then_some(Part { mode, name: &rest[space + 1..end], start, id: start + end + 1 })
        };
        let part = part();
        start = part.as_ref().map_or(row.len(), |part| part.id + 20);
        Some(part.ok_or_else(malformed))
    })
}

fn find(row: &[u8], name: &str) -> Result<Option<Entry>, MirrorError> {
    for part in parts(row) {
        let part = part?;
        if part.name == name.as_bytes() {
            let place = part.id..part.id + 20;
            let id = Oid::from_bytes(&row[place.clone()])?;
            return Ok(Some(Entry { mode: part.mode, id, start: part.start, place }));
        }
    }
    Ok(None)
}

/// Takes an entry out.
fn take(row: &mut Vec<u8>, entry: Entry) {
    row.drain(entry.start..entry.place.end);
}

/// Puts an id into its entry, or a new entry at its place.
fn put(row: &mut Vec<u8>, entry: Option<Entry>, mode: &[u8], name: &str, id: Oid) -> Result<(), MirrorError> {
    if let Some(entry) = entry {
        row[entry.place].copy_from_slice(id.as_bytes());
        return Ok(());
    }
    let mut at = row.len();
    for part in parts(row) {
        let part = part?;
        if key(part.name, is_folder(part.mode)).gt(key(name.as_bytes(), mode == FOLDER)) {
            at = part.start;
            break;
        }
    }
    row.splice(at..at, [mode, b" ", name.as_bytes(), b"\0", id.as_bytes()].concat());
    Ok(())
}

/// Entries are sorted as if the names of folders ended with a slash.
fn key(name: &[u8], is_folder: bool) -> impl Iterator<Item = u8> {
    name.iter().copied().chain(is_folder.then_some(b'/'))
}

#[cfg(test)]
mod tests;
