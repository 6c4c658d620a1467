//! The workloads of a file, their containers, and the way to a value: its path, and what keeps it from being edited.

use super::{Container, Selector, Workload};
use crate::{
    domain::{plan::PlanFault, position::Position},
    manifest::{
        Fault, insert,
        proof::Path,
        slot::{self, MAX_LINES, Pair},
        text::positions_of,
        tree::{Kind, NodeId, Tree},
    },
};

/// The most resources and containers that are looked at: aliases can make many out of few bytes.
pub(super) const MAX_FOUND: usize = 100_000;

/// A value, and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The value.
    pub(super) value: NodeId,
    /// Its pair; an item of a list and what comes in by a merge have none.
    pub(super) pair: Option<Pair>,
    /// Its path in its document.
    pub(super) path: Path,
    blocked: Option<Blocked>,
}

/// Why nothing may be changed on a way, although it can be read.
#[derive(Debug, Clone, Copy)]
enum Blocked {
    /// A node is an alias, or others refer to it.
    Shared(NodeId),
    /// A map has the key by a merge.
    Merged(NodeId, &'static str),
}

impl Spot {
    /// The value of a key.
    ///
    /// # Errors
    /// [`crate::domain::plan::UnsafeEdit::DuplicateKey`].
    pub(super) fn child(&self, tree: &Tree<'_>, key: &'static str) -> Result<Option<Self>, Fault> {
        let map = tree.target(self.value);
        let blocked = self.blocked_below(tree);
        if let Some(pair) = slot::exactly(tree, map, key)? {
            return Ok(Some(Self { value: pair.value, pair: Some(pair), path: self.below(pair.index), blocked }));
        }
        let merged = slot::merged_value(tree, map, key);
        let blocked = blocked.or(Some(Blocked::Merged(map, key)));
        Ok(merged.map(|value| Self { value, pair: None, path: self.path.clone(), blocked }))
    }

    /// The value at the end of several keys.
    fn descend(&self, tree: &Tree<'_>, keys: &[&'static str]) -> Result<Option<Self>, Fault> {
        let mut spot = self.clone();
        for key in keys {
            match spot.child(tree, key)? {
                Some(child) => spot = child,
                None => return Ok(None),
            }
        }
        Ok(Some(spot))
    }

    /// The items of a list.
    fn items(&self, tree: &Tree<'_>) -> Vec<Self> {
        let blocked = self.blocked_below(tree);
        let items = tree.items(self.value).unwrap_or_default().iter().enumerate();
        items.map(|(index, item)| Self { value: *item, pair: None, path: self.below(index), blocked }).collect()
    }

    /// The text of a key's value, where it is a scalar.
    fn text<'t>(&self, tree: &'t Tree<'_>, key: &'static str) -> Result<Option<&'t str>, Fault> {
        let value = self.child(tree, key)?.filter(|spot| !tree.is_null(spot.value));
        Ok(value.and_then(|spot| tree.scalar(spot.value)))
    }

    /// The path of what is in this place of the value.
    pub(super) fn below(&self, index: usize) -> Path {
        self.path.iter().copied().chain([index]).collect()
    }

    fn blocked_below(&self, tree: &Tree<'_>) -> Option<Blocked> {
        let node = tree.node(self.value);
        let shared = node.aliased || matches!(node.kind, Kind::Alias { .. });
        self.blocked.or(shared.then_some(Blocked::Shared(self.value)))
    }

    /// The pair of a value that may be edited, as far as the way to it is concerned.
    ///
    /// # Errors
    /// [`Fault`] where others share what is on the way.
    pub(super) fn editable(&self, tree: &Tree<'_>) -> Result<Pair, Fault> {
        let fault = match self.blocked {
            Some(Blocked::Shared(id)) => slot::shared(tree, id),
            Some(Blocked::Merged(map, key)) => slot::merged(tree, map, &[key]),
            None => None,
        };
        match (fault, self.blocked, self.pair) {
            (None, None, Some(pair)) => Ok(pair),
            (fault, ..) => Err(fault.unwrap_or_else(|| insert::refuse(tree, self.value, "the way to it is unclear"))),
        }
    }
}

/// A workload in its file.
#[derive(Debug)]
pub(super) struct Found<'t> {
    /// The document that has it, counted from 0.
    pub(super) document: usize,
    /// The workload's own map.
    pub(super) spot: Spot,
    kind: &'static Known,
    namespace: Option<&'t str>,
    name: Option<&'t str>,
}

/// A container in its workload.
#[derive(Debug)]
pub(super) struct FoundContainer<'t> {
    /// The list that has it.
    pub(super) list: &'static str,
    /// Its name.
    pub(super) name: Option<&'t str>,
    /// Its own map.
    pub(super) spot: Spot,
    /// Its image.
    pub(super) image: Option<Spot>,
}

/// A kind of workloads.
#[derive(Debug)]
struct Known {
    kind: &'static str,
    groups: &'static [&'static str],
    /// The way to the pod's `spec`.
    pod: &'static [&'static str],
    /// Whether it has `spec.replicas`.
    scaled: bool,
}

const TEMPLATE: &[&str] = &["spec", "template", "spec"];
const KNOWN: [Known; 9] = [
    Known { kind: "Deployment", groups: &["apps", "extensions"], pod: TEMPLATE, scaled: true },
    Known { kind: "StatefulSet", groups: &["apps"], pod: TEMPLATE, scaled: true },
    Known { kind: "ReplicaSet", groups: &["apps", "extensions"], pod: TEMPLATE, scaled: true },
    Known { kind: "ReplicationController", groups: &[""], pod: TEMPLATE, scaled: true },
    Known { kind: "Rollout", groups: &["argoproj.io"], pod: TEMPLATE, scaled: true },
    Known { kind: "DaemonSet", groups: &["apps", "extensions"], pod: TEMPLATE, scaled: false },
    Known { kind: "Job", groups: &["batch"], pod: TEMPLATE, scaled: false },
    Known {
        kind: "CronJob",
        groups: &["batch"],
        pod: &["spec", "jobTemplate", "spec", "template", "spec"],
        scaled: false,
    },
    Known { kind: "Pod", groups: &[""], pod: &["spec"], scaled: false },
];

impl<'t> Found<'t> {
    /// Kind and name for people: `Deployment/web`.
    pub(super) fn title(&self) -> String {
        format!("{}/{}", self.kind.kind, self.name.unwrap_or("*"))
    }

    /// Whether it has `spec.replicas`.
    pub(super) fn is_scaled(&self) -> bool {
        self.kind.scaled
    }

    fn matches(&self, at: &Selector<'_>) -> bool {
        at.kind.is_none_or(|kind| kind == self.kind.kind)
            && at.name.is_none_or(|name| Some(name) == self.name)
            && at.namespace.is_none_or(|namespace| self.namespace.is_none_or(|own| own == namespace))
    }

    /// What a Rollout's `workloadRef` names, with its place: the template is there.
    ///
    /// # Errors
    /// Keys that stand twice.
    pub(super) fn template_of(&self, tree: &Tree<'_>) -> Result<Option<(String, Spot)>, Fault> {
        if self.kind.kind != "Rollout" {
            return Ok(None);
        }
        let spot = self.spot.descend(tree, &["spec", "workloadRef"])?;
        let Some(spot) = spot.filter(|spot| !tree.is_null(spot.value)) else { return Ok(None) };
        let (kind, name) = (spot.text(tree, "kind")?.unwrap_or("*"), spot.text(tree, "name")?.unwrap_or("*"));
        Ok(Some((format!("{kind}/{name}"), spot)))
    }

    /// Its containers, those of `containers` first.
    ///
    /// # Errors
    /// Keys that stand twice.
    pub(super) fn containers(&self, tree: &'t Tree<'_>) -> Result<Vec<FoundContainer<'t>>, Fault> {
        let mut found = vec![];
        let Some(pod) = self.spot.descend(tree, self.kind.pod)? else { return Ok(found) };
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let Some(containers) = pod.child(tree, list)? else { continue };
            for spot in containers.items(tree) {
                let (name, image) = (spot.text(tree, "name")?, spot.child(tree, "image")?);
                found.push(FoundContainer { list, name, spot, image });
            }
        }
        Ok(found)
    }
}

/// All workloads of a file, in its order.
///
/// # Errors
/// Keys that stand twice on the way, and more than can be looked at.
pub(super) fn all<'t>(tree: &'t Tree<'_>) -> Result<Vec<Found<'t>>, Fault> {
    let (mut found, mut looked) = (vec![], 0);
    for (document, root) in tree.documents().iter().enumerate() {
        let root = root.root.map(|value| Spot { value, pair: None, path: vec![], blocked: None });
        let mut open: Vec<Spot> = root.into_iter().collect();
        while let Some(spot) = open.pop() {
            looked += 1;
            if looked + open.len() > MAX_FOUND {
                return Err(too_many());
            }
            let Some(kind) = spot.text(tree, "kind")? else { continue };
            if kind.ends_with("List") {
                let items = spot.child(tree, "items")?.map(|items| items.items(tree)).unwrap_or_default();
                open.extend(items.into_iter().rev());
                continue;
            }
            let Some(known) = KNOWN.iter().find(|known| known.kind == kind) else { continue };
            // A patch may leave the version out.
            let group = spot.text(tree, "apiVersion")?.map(|version| version.rsplit_once('/').map_or("", |(g, _)| g));
            if group.is_some_and(|group| !known.groups.contains(&group)) {
                continue;
            }
            let metadata = spot.child(tree, "metadata")?;
            let text =
                |key| metadata.as_ref().map(|metadata| metadata.text(tree, key)).transpose().map(Option::flatten);
            let (namespace, name) = (text("namespace")?, text("name")?);
            found.push(Found { document, spot, kind: known, namespace, name });
        }
    }
    Ok(found)
}

/// The fault of more than can be looked at.
pub(super) fn too_many() -> Fault {
    Fault::whole(PlanFault::Malformed(format!("more than {MAX_FOUND} resources or containers")))
}

/// Those that match.
///
/// # Errors
/// [`PlanFault::NoWorkload`] where none does, [`PlanFault::SeveralWorkloads`] where one of them stands there twice.
pub(super) fn matching<'f, 't>(
    tree: &Tree<'_>,
    found: impl Iterator<Item = &'f Found<'t>> + Clone,
    at: &Selector<'_>,
) -> Result<Vec<&'f Found<'t>>, Fault> {
    let matching: Vec<_> = found.clone().filter(|found| found.matches(at)).collect();
    if matching.is_empty() {
        let name = [at.kind, Some(at.name.unwrap_or("*"))].into_iter().flatten().collect::<Vec<_>>().join("/");
        return Err(Fault::whole(PlanFault::NoWorkload {
            name,
            found: found.take(MAX_LINES).map(Found::title).collect(),
        }));
    }
    let mut seen: Vec<&Found<'_>> = matching.iter().copied().filter(|found| found.name.is_some()).collect();
    let key = |found: &&Found<'t>| (found.kind.kind, found.namespace, found.name);
    seen.sort_by_key(key);
    match seen.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        Some(pair) => Err(ambiguous(tree, pair)),
        None => Ok(matching),
    }
}

/// The fault of several workloads that match.
pub(super) fn ambiguous(tree: &Tree<'_>, found: &[&Found<'_>]) -> Fault {
    let shown = || found.iter().take(MAX_LINES);
    let fault = PlanFault::SeveralWorkloads {
        found: shown().map(|found| found.title()).collect(),
        lines: shown().map(|found| tree.line(found.spot.value)).collect(),
    };
    Fault { at: found.get(1).map(|found| tree.position(found.spot.value)), fault }
}

/// The workloads for others.
///
/// # Errors
/// Keys that stand twice on the way, and more than can be listed.
pub(super) fn list(tree: &Tree<'_>, found: &[Found<'_>]) -> Result<Vec<Workload>, Fault> {
    let (mut listed, mut offsets) = (vec![], vec![]);
    for found in found {
        let containers = found.containers(tree)?;
        if offsets.len() + containers.len() > MAX_FOUND {
            return Err(too_many());
        }
        offsets.push(tree.node(found.spot.value).span.start);
        let mut listed_containers = vec![];
        for container in containers {
            let image = container.image.filter(|image| !tree.is_null(image.value));
            offsets.push(tree.node(image.as_ref().unwrap_or(&container.spot).value).span.start);
            listed_containers.push(Container {
                name: container.name.map(str::to_owned),
                image: image.and_then(|image| tree.scalar(image.value)).map(str::to_owned),
                at: Position { line: 0, column: 0 },
            });
        }
        listed.push(Workload {
            kind: found.kind.kind.to_owned(),
            namespace: found.namespace.map(str::to_owned),
            name: found.name.map(str::to_owned),
            at: Position { line: 0, column: 0 },
            containers: listed_containers,
            template_of: found.template_of(tree)?.map(|(name, _)| name),
        });
    }
    let mut positions = positions_of(tree.text, &offsets).into_iter();
    for workload in &mut listed {
        let places = [&mut workload.at].into_iter().chain(workload.containers.iter_mut().map(|c| &mut c.at));
        for (place, position) in places.zip(&mut positions) {
            *place = position;
        }
    }
    Ok(listed)
}
