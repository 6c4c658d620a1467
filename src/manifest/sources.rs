//! What a kustomization builds from, as far as the snapshot shows it: the images and counts that reach its own entries.
//!
//! The bases and components are built as kustomize builds them, as far as images and replica counts go: resources and
//! bases first, then components on top of them, then names, `replicas` and `images`. What can't be looked at is noted and
//! makes the answer uncertain, never wrong.

mod layer;
mod memo;
mod reach;
mod reference;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::{
    layer::{Holder, Image, Object, Origin, Workload, split},
    memo::Memo,
    reach::{Builders, reaching, who_builds_from},
    reference::{folder_of, local},
};
use self::{
    layer::{Layer, field},
    reference::{Reference, resolve},
};
use super::{
    kustomization::FILE_NAMES,
    slot,
    tree::{NodeId, Tree},
};
use crate::domain::{name::RepoPath, snapshot::Snapshot};

/// The most files that are looked at.
const MAX_FILES: usize = 300;

/// The most kustomizations on top of one another.
const MAX_DEPTH: usize = 30;

/// Fields of a kustomization that bring in or change what can't be told from here.
const OPAQUE: [&str; 6] =
    ["generators", "transformers", "helmCharts", "helmChartInflationGenerator", "replacements", "configurations"];

/// Fields that patch what is there.
const PATCHES: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// What a kustomization builds from, before its own `images` and `replicas` entries.
#[derive(Debug, Default)]
pub struct Sources {
    /// The containers' images.
    pub images: Vec<Image>,
    /// The workloads that have a replica count.
    pub workloads: Vec<Workload>,
    /// The files that were read, in kustomize's order.
    pub files: Vec<RepoPath>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// Something that could not be looked at. Display texts are English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The kustomization that refers to it.
    pub file: RepoPath,
    /// The reference, or the field.
    pub what: String,
    /// Why it was not looked at.
    pub why: Why,
    /// Whether it may bring in or change an image.
    pub images: bool,
    /// Whether it may bring in or change a replica count.
    pub counts: bool,
}

/// Why something was not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is in another repository or on a server.
    Remote,
    /// Its path leaves this repository.
    Outside,
    /// It isn't there.
    Missing,
    /// The folder has no kustomization, or several.
    NotOneKustomization,
    /// It can't be read: a link, a submodule, no YAML.
    Unreadable(String),
    /// It builds from itself.
    Circle,
    /// There are too many files, or they are too deep.
    TooMuch,
    /// Such fields are not carried out here.
    Opaque,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}: ", self.what, self.file)?;
        match &self.why {
            Why::Remote => f.write_str("remote, not followed"),
            Why::Outside => f.write_str("outside of the repository"),
            Why::Missing => f.write_str("there is no such file or folder"),
            Why::NotOneKustomization => f.write_str("the folder has no kustomization, or several"),
            Why::Unreadable(detail) => f.write_str(detail),
            Why::Circle => f.write_str("builds from itself"),
            Why::TooMuch => write!(f, "not followed: more than {MAX_FILES} files, or more than {MAX_DEPTH} levels"),
            Why::Opaque => f.write_str("may change it"),
        }
    }
}

impl Sources {
    /// Whether everything that may bring in or change an image was looked at.
    #[must_use]
    pub fn all_images_seen(&self) -> bool {
        !self.unseen.iter().any(|unseen| unseen.images)
    }

    /// Whether everything that may bring in or change a replica count was looked at.
    #[must_use]
    pub fn all_counts_seen(&self) -> bool {
        !self.unseen.iter().any(|unseen| unseen.counts)
    }

    /// The containers that run an image, by the name that it has before the kustomization's own entries.
    pub fn of_image<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Image> {
        self.images.iter().filter(move |image| image.name == name)
    }

    /// The workloads of a name.
    pub fn of_workload<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Workload> {
        self.workloads.iter().filter(move |workload| workload.names.iter().any(|n| n == name))
    }
}

/// Follows the kustomization of a folder to all that it builds from.
#[must_use]
pub fn of(snapshot: &dyn Snapshot, folder: &RepoPath) -> Sources {
    let mut builder = Builder { snapshot, stack: vec![], files: vec![], unseen: vec![] };
    let mut layer = Layer::default();
    if let Ok(kustomization) = read_kustomization(snapshot, folder) {
        builder.kustomization(&kustomization, folder, &mut layer, Own::Left);
    }
    Sources { images: layer.images, workloads: layer.workloads, files: builder.files, unseen: builder.unseen }
}

/// Whether a kustomization's own entries are applied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Applied,
    Left,
}

struct Builder<'s> {
    snapshot: &'s dyn Snapshot,
    stack: Vec<RepoPath>,
    files: Vec<RepoPath>,
    unseen: Vec<Unseen>,
}

/// The kustomization file of a folder, and its text.
fn read_kustomization(snapshot: &dyn Snapshot, folder: &RepoPath) -> Result<(RepoPath, String), Why> {
    let names = snapshot.names(folder).map_err(|error| Why::Unreadable(error.detail))?;
    let mut found = FILE_NAMES.into_iter().filter(|name| names.iter().any(|n| n == name));
    let (Some(name), None) = (found.next(), found.next()) else { return Err(Why::NotOneKustomization) };
    let file = folder.join(name).map_err(|error| Why::Unreadable(error.to_string()))?;
    let text = read_text(snapshot, &file)?;
    Ok((file, text))
}

fn read_text(snapshot: &dyn Snapshot, file: &RepoPath) -> Result<String, Why> {
    let bytes = snapshot.file(file).map_err(|error| Why::Unreadable(error.detail))?.ok_or(Why::Missing)?;
    String::from_utf8(bytes).map_err(|_| Why::Unreadable("not UTF-8".to_owned()))
}

fn parse<'t>(text: &'t str) -> Result<Tree<'t>, Why> {
    Tree::read(text).map_err(|fault| Why::Unreadable(fault.to_string()))
}

/// The root of a kustomization: kustomize reads the first document.
fn root(tree: &Tree<'_>) -> Option<NodeId> {
    tree.documents().first().and_then(|document| document.root)
}

/// Whether a patch speaks of an image: not of `imagePullPolicy` and its like.
fn names_image(patch: &str) -> bool {
    patch.match_indices("image").any(|(at, word)| !patch[at + word.len()..].starts_with(char::is_alphanumeric))
}

/// The items of a list of a kustomization.
fn list(tree: &Tree<'_>, root: NodeId, key: &str) -> Vec<NodeId> {
    let pair = slot::one_of(tree, root, &[key]).ok().flatten();
    pair.and_then(|pair| tree.items(pair.value)).map(<[_]>::to_vec).unwrap_or_default()
}

impl Builder<'_> {
    /// Gathers what a kustomization builds, into a layer that a component shares with the one that names it.
    fn kustomization(&mut self, read: &(RepoPath, String), folder: &RepoPath, layer: &mut Layer, own: Own) {
        let (file, text) = read;
        self.files.push(file.clone());
        let tree = match parse(text) {
            Ok(tree) => tree,
            Err(why) => return self.note(file, "the file", why),
        };
        let Some(root) = root(&tree) else { return };
        self.stack.push(folder.clone());
        for key in ["resources", "bases"] {
            for item in list(&tree, root, key) {
                self.reference(&tree, item, (file, folder), layer, false);
            }
        }
        for item in list(&tree, root, "components") {
            self.reference(&tree, item, (file, folder), layer, true);
        }
        self.stack.pop();
        for key in OPAQUE {
            if slot::one_of(&tree, root, &[key]).ok().flatten().is_some_and(|pair| !tree.is_null(pair.value)) {
                self.note(file, key, Why::Opaque);
            }
        }
        for key in PATCHES {
            for item in list(&tree, root, key) {
                self.patch(&tree, item, (file, folder, key));
            }
        }
        layer.rename(
            field(&tree, root, "namePrefix").unwrap_or_default(),
            field(&tree, root, "nameSuffix").unwrap_or_default(),
        );
        if own == Own::Left {
            return;
        }
        for entry in list(&tree, root, "replicas") {
            layer.scale(&tree, entry, file);
        }
        for entry in list(&tree, root, "images").into_iter().chain(list(&tree, root, "imageTags")) {
            if !layer.reimage(&tree, entry, file) {
                let what = format!("the images entry on line {}", tree.line(entry));
                self.unseen.push(Unseen { file: file.clone(), what, why: Why::Opaque, images: true, counts: false });
            }
        }
    }

    /// Follows one reference.
    fn reference(
        &mut self,
        tree: &Tree<'_>,
        item: NodeId,
        (file, folder): (&RepoPath, &RepoPath),
        layer: &mut Layer,
        component: bool,
    ) {
        let Some(text) = tree.scalar(item) else {
            return self.note(file, "an entry that is not a text", Why::Missing);
        };
        let path = match resolve(folder, text) {
            Reference::Local(path) => path,
            Reference::Remote => return self.note(file, text, Why::Remote),
            Reference::Outside => return self.note(file, text, Why::Outside),
        };
        if self.stack.contains(&path) {
            let circle = Unseen { images: false, counts: false, ..self.unseen(file, text, Why::Circle) };
            return self.unseen.push(circle);
        }
        if self.files.len() >= MAX_FILES || self.stack.len() >= MAX_DEPTH {
            return self.note(file, text, Why::TooMuch);
        }
        let is_folder = match self.snapshot.names(&path) {
            Ok(names) => !names.is_empty(),
            Err(error) => return self.note(file, text, Why::Unreadable(error.detail)),
        };
        if !is_folder {
            let read = read_text(self.snapshot, &path);
            let read = match &read {
                Ok(text) => parse(text),
                Err(why) => Err(why.clone()),
            };
            match read {
                Ok(tree) => {
                    self.files.push(path.clone());
                    layer.file(&tree, &path);
                }
                Err(why) => self.note(file, text, why),
            }
            return;
        }
        match read_kustomization(self.snapshot, &path) {
            Ok(read) if component => self.kustomization(&read, &path, layer, Own::Applied),
            Ok(read) => {
                let mut below = Layer::default();
                self.kustomization(&read, &path, &mut below, Own::Applied);
                layer.take(below);
            }
            Err(why) => self.note(file, text, why),
        }
    }

    /// Notes a patch, unless its text shows that it changes neither an image nor a count.
    fn patch(&mut self, tree: &Tree<'_>, item: NodeId, (file, folder, key): (&RepoPath, &RepoPath, &str)) {
        let scalar = tree.scalar(item);
        let path = field(tree, item, "path").or(scalar.filter(|text| !text.contains('\n')));
        let inline = field(tree, item, "patch").or(scalar.filter(|text| text.contains('\n')));
        let read = path.map(|path| match resolve(folder, path) {
            Reference::Local(path) => read_text(self.snapshot, &path).ok(),
            _ => None,
        });
        let text = match (inline, &read) {
            (Some(text), _) => text,
            (None, Some(Some(text))) => text,
            _ => return self.note(file, key, Why::Opaque),
        };
        let (images, counts) = match text.contains("$patch") || text.contains("remove") || text.contains("move") {
            true => (true, true),
            false => (names_image(text), text.contains("replicas")),
        };
        if images || counts {
            let what = path.unwrap_or(key).to_owned();
            self.unseen.push(Unseen { file: file.clone(), what, why: Why::Opaque, images, counts });
        }
    }

    fn unseen(&self, file: &RepoPath, what: &str, why: Why) -> Unseen {
        Unseen { file: file.clone(), what: what.to_owned(), why, images: true, counts: true }
    }

    fn note(&mut self, file: &RepoPath, what: &str, why: Why) {
        let unseen = self.unseen(file, what, why);
        self.unseen.push(unseen);
    }
}
