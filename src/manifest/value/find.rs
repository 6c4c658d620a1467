//! The way along a key path: to the value, or as far as it exists.

use super::{fault, is_template, shape};
use crate::{
    domain::plan::{PlanFault, UnsafeEdit, ValueFault},
    manifest::{
        Fault,
        key_path::{KeyPath, Step},
        proof::Path,
        slot::{self, MAX_LINES, Pair},
        tree::{Kind, NodeId, Tree},
    },
};

/// The deepest chain of merges that is followed.
const MAX_MERGES: usize = 16;

/// What a value stands in.
#[derive(Debug, Clone, Copy)]
pub(in crate::manifest) enum Holder {
    /// It is the document's root.
    Root,
    /// A map's pair.
    Pair {
        /// The map.
        map: NodeId,
        /// The pair.
        pair: Pair,
    },
    /// A list's item.
    Item {
        /// The list.
        list: NodeId,
        /// The item's index.
        index: usize,
    },
}

impl Holder {
    /// The collection.
    pub(in crate::manifest) fn map(&self) -> Option<NodeId> {
        match self {
            Self::Root => None,
            Self::Pair { map, .. } => Some(*map),
            Self::Item { list, .. } => Some(*list),
        }
    }
}

/// How far a key path exists.
#[derive(Debug)]
pub(in crate::manifest) enum Found {
    /// To its end.
    There {
        /// What the value stands in.
        holder: Holder,
        /// The value.
        value: NodeId,
        /// Its place in the document.
        at: Path,
        /// Why it may not be changed, although it can be read.
        hazard: Option<Fault>,
    },
    /// Not to its end.
    Missing {
        /// What the deepest node on the way stands in.
        holder: Holder,
        /// The deepest node: a map, or null.
        deepest: NodeId,
        /// Its place in the document.
        at: Path,
        /// The number of steps that lead there.
        done: usize,
        /// Why nothing may be put in there.
        hazard: Option<Fault>,
    },
}

/// Follows a path from a node.
///
/// Keys are matched by their very text: Helm's values know no other.
///
/// # Errors
/// [`UnsafeEdit::DuplicateKey`] for keys that stand twice on the way, [`ValueFault::NotAMap`] and the like for something
/// else in the way, [`PlanFault::NoValue`] for items that aren't there.
pub(in crate::manifest) fn find(tree: &Tree<'_>, start: (NodeId, Path), steps: &[Step]) -> Result<Found, Fault> {
    let (mut node, mut at) = start;
    let mut holder = Holder::Root;
    let mut hazard = None;
    for (done, step) in steps.iter().enumerate() {
        hazard = hazard.or_else(|| slot::shared(tree, node));
        let missing = |hazard| Found::Missing { holder, deepest: node, at: at.clone(), done, hazard };
        if tree.is_null(node) {
            return Ok(missing(hazard));
        }
        let map = tree.target(node);
        let next = match step {
            Step::Key(key) => {
                if tree.pairs(map).is_none() || is_template(tree, map) {
                    return Err(in_the_way(tree, node, &steps[..done]));
                }
                match slot::exactly(tree, map, key)? {
                    Some(pair) => (Holder::Pair { map, pair }, pair.value, pair.index),
                    None => match merged(tree, map, key, MAX_MERGES) {
                        None => return Ok(missing(hazard)),
                        Some((source, pair)) => {
                            hazard = hazard.or_else(|| Some(slot::alias(tree, source)));
                            (Holder::Pair { map, pair }, pair.value, pair.index)
                        }
                    },
                }
            }
            Step::Index(_) | Step::Named { .. } => {
                let Some(items) = tree.items(map) else {
                    let path = KeyPath::shown(&steps[..done]);
                    return Err(fault(tree.position(node), ValueFault::NotAList { path }));
                };
                let Some(index) = item(tree, items, step, &steps[..done])? else {
                    let no_value = PlanFault::NoValue { path: KeyPath::shown(&steps[..=done]) };
                    return Err(Fault::at(tree.position(node), no_value));
                };
                (Holder::Item { list: map, index }, items[index], index)
            }
        };
        (holder, node) = (next.0, next.1);
        at.push(next.2);
    }
    Ok(Found::There { holder, value: node, at, hazard })
}

/// The index of the item that a step leads to.
fn item(tree: &Tree<'_>, items: &[NodeId], step: &Step, way: &[Step]) -> Result<Option<usize>, Fault> {
    let (key, value) = match step {
        Step::Index(index) => return Ok((*index < items.len()).then_some(*index)),
        Step::Named { key, value } => (key, value),
        Step::Key(_) => return Ok(None),
    };
    let mut found = vec![];
    for (index, item) in items.iter().enumerate() {
        let map = tree.target(*item);
        let name = match slot::exactly(tree, map, key)? {
            Some(pair) => Some(pair.value),
            None => merged(tree, map, key, MAX_MERGES).map(|(_, pair)| pair.value),
        };
        if name.and_then(|name| tree.scalar(name)) == Some(value) {
            found.push(index);
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [index] => Ok(Some(*index)),
        [_, second, ..] => {
            let lines = found.iter().take(MAX_LINES).map(|index| tree.line(items[*index])).collect();
            let fault = PlanFault::AmbiguousEntry { section: KeyPath::shown(way), name: value.clone(), lines };
            Err(Fault::at(tree.position(items[*second]), fault))
        }
    }
}

/// The pair that a map gets for a key by a merge, and the node that brings it.
fn merged(tree: &Tree<'_>, map: NodeId, key: &str, depth: usize) -> Option<(NodeId, Pair)> {
    let depth = depth.checked_sub(1)?;
    slot::merges(tree, map).find_map(|source| {
        let pairs = tree.pairs(source)?;
        let own = pairs.iter().position(|(k, _)| tree.scalar(*k) == Some(key));
        let own = own.map(|index| Pair { index, key: pairs[index].0, value: pairs[index].1 });
        let pair = own.or_else(|| merged(tree, tree.target(source), key, depth).map(|(_, pair)| pair))?;
        Some((source, pair))
    })
}

/// The fault of something that is no map where one is needed.
fn in_the_way(tree: &Tree<'_>, node: NodeId, way: &[Step]) -> Fault {
    let at = tree.position(node);
    let target = tree.target(node);
    match &tree.node(target).kind {
        _ if is_template(tree, target) => fault(at, ValueFault::Template),
        Kind::Scalar { value, .. } if value.starts_with("ENC[") => Fault::not_safe(at, UnsafeEdit::Sops),
        Kind::Scalar { value, .. } if value.contains("{{") => fault(at, ValueFault::Template),
        _ => {
            let path = if way.is_empty() { "the document".to_owned() } else { KeyPath::shown(way) };
            fault(at, ValueFault::NotAMap { path, shape: shape(tree, node) })
        }
    }
}
