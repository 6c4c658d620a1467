//! The objects that a kustomization has gathered, as far as images and counts go, and what its entries do to them.

use std::sync::Arc;

use crate::{
    domain::name::RepoPath,
    manifest::{
        pattern, scalar, slot,
        tree::{Kind, NodeId, Tree},
    },
};

/// The kinds whose replica count kustomize's `replicas` sets.
pub(super) const SCALED: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: RepoPath,
    /// The byte at which the value's entry or field begins.
    pub offset: usize,
    /// What stands there.
    pub what: Holder,
}

/// What holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The `images` or `replicas` entry of this name in a kustomization.
    Entry(String),
    /// A container of an object, by its name when it has one.
    Container(Arc<Object>, Option<String>),
    /// The object itself.
    Object(Arc<Object>),
}

/// A container's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Host and path, as the entries so far have left them.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
    /// Where tag and digest stand.
    pub origin: Origin,
    /// The object that has the container; it may have other names by now.
    pub object: Arc<Object>,
}

/// An object by kind and name, as its file has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace, where the file has one.
    pub namespace: Option<String>,
}

/// A workload with a replica count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// The object.
    pub object: Arc<Object>,
    /// Every name that it has had, the present one last: kustomize matches by any of them.
    pub names: Vec<String>,
    /// The count, when one is set.
    pub count: Option<u32>,
    /// Where the count stands, or the object when there is none.
    pub origin: Origin,
}

/// What has been gathered so far.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) images: Vec<Image>,
    pub(super) workloads: Vec<Workload>,
}

/// Splits `name[:tag][@digest]`; a colon before a slash belongs to the registry's port.
#[must_use]
pub fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (named, digest) = text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
    match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag), digest),
        _ => (named, None, digest),
    }
}

impl Layer {
    pub(super) fn take(&mut self, below: Self) {
        self.images.extend(below.images);
        self.workloads.extend(below.workloads);
    }

    /// Adds the objects of a file.
    pub(super) fn file(&mut self, tree: &Tree<'_>, file: &RepoPath) {
        for root in tree.documents().iter().filter_map(|document| document.root) {
            let listed = text(tree, root, "kind").is_some_and(|kind| kind.ends_with("List"));
            match tree.get(root, "items").and_then(|items| tree.items(items)).filter(|_| listed) {
                Some(items) => items.iter().for_each(|item| self.object(tree, *item, file)),
                None => self.object(tree, root, file),
            }
        }
    }

    fn object(&mut self, tree: &Tree<'_>, root: NodeId, file: &RepoPath) {
        let metadata = tree.get(root, "metadata");
        let meta = |key: &str| metadata.and_then(|metadata| text(tree, metadata, key));
        let object = Arc::new(Object {
            kind: text(tree, root, "kind").unwrap_or_default().to_owned(),
            name: meta("name").unwrap_or_default().to_owned(),
            namespace: meta("namespace").map(str::to_owned),
        });
        let origin = |id: NodeId, what| Origin { file: file.clone(), offset: tree.node(id).span.start, what };
        if SCALED.contains(&object.kind.as_str()) {
            let count = tree.get(root, "spec").and_then(|spec| tree.get(spec, "replicas"));
            let names = vec![object.name.clone()];
            let value = count.and_then(|count| tree.scalar(count)).and_then(scalar::whole_number);
            let origin = origin(count.unwrap_or(root), Holder::Object(Arc::clone(&object)));
            self.workloads.push(Workload { object: Arc::clone(&object), names, count: value, origin });
        }
        if object.kind == "CustomResourceDefinition" {
            return;
        }
        // Kustomize looks for lists of containers wherever they are in an object.
        let mut open = vec![root];
        let mut steps = tree.nodes().len().saturating_mul(2);
        while let Some(id) = open.pop() {
            // Aliases can make a small text endless.
            let Some(left) = steps.checked_sub(1) else { return };
            steps = left;
            match &tree.node(tree.target(id)).kind {
                Kind::Mapping { pairs, .. } => {
                    for (key, value) in pairs {
                        let containers = matches!(tree.scalar(*key), Some("containers" | "initContainers"));
                        for item in tree.items(*value).filter(|_| containers).unwrap_or_default() {
                            let Some(image) = tree.get(*item, "image") else { continue };
                            let Some((name, tag, digest)) = tree.scalar(image).map(split) else { continue };
                            let container = text(tree, *item, "name").map(str::to_owned);
                            self.images.push(Image {
                                name: name.to_owned(),
                                tag: tag.map(str::to_owned),
                                digest: digest.map(str::to_owned),
                                origin: origin(image, Holder::Container(Arc::clone(&object), container)),
                                object: Arc::clone(&object),
                            });
                        }
                        open.push(*value);
                    }
                }
                Kind::Sequence { items, .. } => open.extend(items),
                _ => {}
            }
        }
    }

    /// Gives all workloads a new name.
    pub(super) fn rename(&mut self, prefix: &str, suffix: &str) {
        if prefix.is_empty() && suffix.is_empty() {
            return;
        }
        for workload in &mut self.workloads {
            let name = format!("{prefix}{}{suffix}", workload.names.last().map_or("", String::as_str));
            workload.names.push(name);
        }
    }

    /// Applies an entry of `replicas`.
    pub(super) fn scale(&mut self, tree: &Tree<'_>, entry: NodeId, file: &RepoPath) {
        let Some(name) = field(tree, entry, "name") else { return };
        let count = field(tree, entry, "count").map_or(Some(0), scalar::whole_number);
        for workload in self.workloads.iter_mut().filter(|workload| workload.names.iter().any(|n| n == name)) {
            workload.count = count;
            workload.origin = entry_origin(tree, entry, name, file);
        }
    }

    /// Applies an entry of `images`. Returns whether it can be told what it does.
    pub(super) fn reimage(&mut self, tree: &Tree<'_>, entry: NodeId, file: &RepoPath) -> bool {
        let Some(name) = field(tree, entry, "name") else { return false };
        let mut clear = true;
        let suffix = field(tree, entry, "tagSuffix");
        let [new_name, tag, digest] = ["newName", "newTag", "digest"].map(|key| field(tree, entry, key));
        for image in self.images.iter_mut().filter(|image| pattern::matches(name, &image.text())) {
            clear &= suffix.is_none();
            if let Some(new_name) = new_name {
                image.name = new_name.to_owned();
            }
            if tag.is_some() || digest.is_some() {
                image.tag = tag.map(str::to_owned);
                image.digest = digest.map(str::to_owned);
                image.origin = entry_origin(tree, entry, name, file);
            }
        }
        clear
    }
}

impl Image {
    /// The whole reference, as a container has it.
    fn text(&self) -> String {
        let part = |sign: &str, part: &Option<String>| part.as_ref().map_or_else(String::new, |p| format!("{sign}{p}"));
        [self.name.clone(), part(":", &self.tag), part("@", &self.digest)].concat()
    }
}

fn entry_origin(tree: &Tree<'_>, entry: NodeId, name: &str, file: &RepoPath) -> Origin {
    Origin { file: file.clone(), offset: tree.node(entry).span.start, what: Holder::Entry(name.to_owned()) }
}

/// A text of an object.
fn text<'t>(tree: &'t Tree<'_>, map: NodeId, key: &str) -> Option<&'t str> {
    tree.get(map, key).and_then(|value| tree.scalar(value))
}

/// A text of a kustomization's entry, which Go reads without regard to case; empty ones count as none.
pub(super) fn field<'t>(tree: &'t Tree<'_>, map: NodeId, key: &str) -> Option<&'t str> {
    let pair = slot::one_of(tree, map, &[key]).ok().flatten()?;
    tree.scalar(pair.value).filter(|text| !text.is_empty() && !tree.is_null(pair.value))
}
