//! A HelmRelease of Flux: values in `spec.values`, which beat those that `valuesFrom` takes from the cluster.

use super::{Kind, keys, pick, set_at};
use crate::{
    domain::{plan::ValueFault, position::Position},
    manifest::{
        Fault, Outcome,
        key_path::{KeyPath, Step},
        tree::{NodeId, Tree},
        value::{self, Found, Wish},
    },
};

pub(super) fn get(text: &str, name: Option<&str>, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    let tree = value::read(text)?;
    let (_, root) = pick(&tree, Kind::HelmRelease, name)?;
    value::get(&tree, root, &inline(path.steps()))
}

pub(super) fn set(text: &str, name: Option<&str>, wish: &Wish<'_>) -> Result<Outcome, Fault> {
    let tree = value::read(text)?;
    let (document, root) = pick(&tree, Kind::HelmRelease, name)?;
    let steps = inline(wish.steps);
    if let (Found::Missing { .. }, Some(at)) = (value::find(&tree, (root, vec![]), &steps)?, values_from(&tree, root)?)
    {
        return Err(value::fault(at, ValueFault::ValuesFrom { path: wish.path.to_string() }));
    }
    set_at(&tree, (document, root), &Wish { steps: &steps, ..*wish })
}

fn inline(path: &[Step]) -> Vec<Step> {
    keys(&["spec", "values"]).into_iter().chain(path.iter().cloned()).collect()
}

/// Where the release takes values from the cluster.
fn values_from(tree: &Tree<'_>, root: NodeId) -> Result<Option<Position>, Fault> {
    Ok(match value::find(tree, (root, vec![]), &keys(&["spec", "valuesFrom"]))? {
        Found::There { value, .. } if tree.items(value).is_some_and(|items| !items.is_empty()) => {
            Some(tree.position(value))
        }
        _ => None,
    })
}
