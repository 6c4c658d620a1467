//! Plain manifests: the images of a workload's containers and its `spec.replicas`, read and set.
//!
//! Known are Deployment, StatefulSet, ReplicaSet, ReplicationController, DaemonSet, Job, CronJob, Pod and Argo's Rollout, in
//! files of many documents, in the items of a `List`, and in JSON. Keys and names are matched as the Kubernetes API does
//! it: letter by letter.

mod find;
mod image;
mod reference;
mod replicas;
mod template;

use super::{
    Fault, Missing, Outcome, slot,
    tree::{Document, NodeId, Tree},
};
use crate::domain::{
    image::ImageChange,
    plan::{PlanFault, UnsafeEdit},
    position::Position,
};
use find::Found;

/// Which workload of a file is meant: `None` stands for any.
///
/// What is to be changed must be one workload, save for [`ContainerRef::Image`]. A manifest without a namespace may be
/// applied in any, so it matches every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selector<'s> {
    /// The kind, as `Deployment`.
    pub kind: Option<&'s str>,
    /// The namespace.
    pub namespace: Option<&'s str>,
    /// The name.
    pub name: Option<&'s str>,
}

/// Which container of a workload is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerRef<'s> {
    /// The one of this name, among `containers`, `initContainers` and `ephemeralContainers`.
    Name(&'s str),
    /// All whose image has this name, without tag and digest: in all workloads that the selector matches, as kustomize's
    /// `images` has it. They are changed together, and only when they have the same image now.
    Image(&'s str),
    /// The only one of `containers`.
    Only,
}

/// A workload of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its kind, as `Deployment`.
    pub kind: String,
    /// Its namespace, when the manifest tells one.
    pub namespace: Option<String>,
    /// Its name; one with `generateName` has none.
    pub name: Option<String>,
    /// Where its manifest starts.
    pub at: Position,
    /// Its containers, those of `containers` first.
    pub containers: Vec<Container>,
    /// What a Rollout's `workloadRef` names, as `Deployment/web`: the containers are there.
    pub template_of: Option<String>,
}

/// A container of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Option<String>,
    /// Its whole image text, when it has one.
    pub image: Option<String>,
    /// Where the image stands; where the container starts when it has none.
    pub at: Position,
}

impl Container {
    /// The image's name, without tag and digest.
    #[must_use]
    pub fn image_name(&self) -> Option<&str> {
        self.image.as_deref().map(reference::name)
    }
}

/// Sets the image of a container, or of all that have it ([`ContainerRef::Image`]).
///
/// What the change leaves out stays. [`Outcome::Changed`]'s `from` is the part that gives way: the tag (or else the digest)
/// where only a tag is set, the digest (or else the tag) where only a digest is set, `tag@digest` where both are, and the
/// whole text where the name changes. Where several containers are changed `line` is that of the first.
///
/// # Errors
/// [`Fault`] with the line: the file can't be read, the workload or container isn't there or isn't the only one, or the
/// image can't be changed without touching more.
pub fn set_image(
    bytes: &[u8],
    at: &Selector<'_>,
    container: ContainerRef<'_>,
    change: &ImageChange,
) -> Result<Outcome, Fault> {
    let tree = editable(bytes)?;
    image::set(&tree, &find::all(&tree)?, at, container, change)
}

/// Sets `spec.replicas` of a workload. Where it is missing it becomes the first key of `spec`.
///
/// # Errors
/// As [`set_image`]; [`PlanFault::NoValue`] where there is no count and none may be put in.
pub fn set_replicas(bytes: &[u8], at: &Selector<'_>, count: u32, missing: Missing) -> Result<Outcome, Fault> {
    let tree = editable(bytes)?;
    replicas::set(&tree, &find::all(&tree)?, at, count, missing)
}

/// The whole image text of a container and where it stands; `None` where the container has none.
///
/// # Errors
/// As [`set_image`], save that a value which can be read but not edited is no error.
pub fn image(
    bytes: &[u8],
    at: &Selector<'_>,
    container: ContainerRef<'_>,
) -> Result<Option<(String, Position)>, Fault> {
    let tree = template::read(slot::utf8(bytes)?)?;
    image::get(&tree, &find::all(&tree)?, at, container)
}

/// `spec.replicas` of a workload and where it stands; `None` where none is set.
///
/// # Errors
/// As [`set_replicas`], save that a value which can be read but not edited is no error.
pub fn replicas(bytes: &[u8], at: &Selector<'_>) -> Result<Option<(u32, Position)>, Fault> {
    let tree = template::read(slot::utf8(bytes)?)?;
    replicas::get(&tree, &find::all(&tree)?, at)
}

/// The workloads of a file, in its order.
///
/// # Errors
/// [`PlanFault::Malformed`] where the file isn't YAML, [`PlanFault::HelmTemplate`] where it is one.
pub fn workloads(bytes: &[u8]) -> Result<Vec<Workload>, Fault> {
    let tree = template::read(slot::utf8(bytes)?)?;
    find::list(&tree, &find::all(&tree)?)
}

/// Reads a file that is to be edited.
fn editable(bytes: &[u8]) -> Result<Tree<'_>, Fault> {
    let tree = template::read(slot::utf8(bytes)?)?;
    // SOPS signs all documents of a file together.
    let roots = tree.documents().iter().filter_map(|Document { root, .. }| *root);
    match roots.filter_map(|root| slot::sops(&tree, root)).next() {
        Some(at) => Err(Fault::not_safe(at, UnsafeEdit::Sops)),
        None => Ok(tree),
    }
}

/// The only workload that matches.
fn only<'f, 't>(tree: &Tree<'_>, matching: &[&'f Found<'t>]) -> Result<&'f Found<'t>, Fault> {
    match matching {
        [one] => Ok(one),
        several => Err(find::ambiguous(tree, several)),
    }
}

/// The fault of a text that isn't what it should be: encrypted, a template, or else this.
fn unreadable(tree: &Tree<'_>, id: NodeId, fault: PlanFault) -> Fault {
    let text = tree.scalar(id).unwrap_or_default();
    let fault = match fault {
        _ if text.starts_with("ENC[") => PlanFault::Unsafe(UnsafeEdit::Sops),
        _ if text.contains("{{") => PlanFault::HelmTemplate,
        fault => fault,
    };
    Fault::at(tree.position(id), fault)
}

/// A key path for people: `spec.replicas`.
fn no_value(at: Position, path: &str) -> Fault {
    Fault::at(at, PlanFault::NoValue { path: path.to_owned() })
}
