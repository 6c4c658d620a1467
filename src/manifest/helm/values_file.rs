//! A values file. Helm reads its first document and no other.

use super::{no_sops, set_at};
use crate::{
    domain::{
        plan::{PlanFault, ValueFault},
        position::Position,
    },
    manifest::{
        Fault, Missing, Outcome,
        key_path::KeyPath,
        tree::{NodeId, Tree},
        value::{self, Found, Wish},
    },
};

pub(super) fn get(text: &str, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    let tree = value::read(text)?;
    let Some(root) = root(&tree)? else { return Ok(None) };
    value::get(&tree, root, path.steps())
}

pub(super) fn set(text: &str, wish: &Wish<'_>) -> Result<Outcome, Fault> {
    let tree = value::read(text)?;
    let Some(root) = root(&tree)? else { return into_nothing(text, wish) };
    if let Some(at) = in_a_later_document(&tree, root, wish) {
        let path = wish.path.to_string();
        // Helm has no say in a file of manifests.
        let manifests = tree.documents().iter().filter_map(|document| document.root).any(|root| {
            ["apiVersion", "kind"]
                .iter()
                .all(|key| tree.get(root, key).is_some_and(|value| tree.scalar(value).is_some()))
        });
        let fault = if manifests { ValueFault::OtherDocument { path } } else { ValueFault::LaterDocument { path } };
        return Err(value::fault(at, fault));
    }
    set_at(&tree, (0, root), wish)
}

/// The root of the first document; `None` for a text without documents.
fn root(tree: &Tree<'_>) -> Result<Option<NodeId>, Fault> {
    let Some(root) = tree.documents().first().and_then(|document| document.root) else { return Ok(None) };
    no_sops(tree, root)?;
    Ok(Some(root))
}

/// A text with nothing but comments gets its first key. The readers see no document to compare in such a text, so the proof
/// is done with an empty map at its end.
fn into_nothing(text: &str, wish: &Wish<'_>) -> Result<Outcome, Fault> {
    if wish.missing == Missing::Refuse {
        return Err(wish.no_value());
    }
    let eol = crate::manifest::text::eol_near(text, text.len());
    let ended = text.trim_start_matches('\u{feff}').is_empty() || text.ends_with(['\n', '\r']);
    let map = format!("{text}{}{{}}{eol}", if ended { "" } else { eol });
    let tree = value::read(&map)?;
    let root = root(&tree)?.ok_or_else(|| Fault::whole(PlanFault::Malformed("empty".to_owned())))?;
    set_at(&tree, (0, root), wish)
}

/// Where the value stands in a later document, when the first one hasn't got it.
fn in_a_later_document(tree: &Tree<'_>, root: NodeId, wish: &Wish<'_>) -> Option<Position> {
    let found = |root| match value::find(tree, (root, vec![]), wish.steps) {
        Ok(Found::There { value, .. }) => Some(value),
        _ => None,
    };
    let mut later = tree.documents().get(1..)?.iter().filter_map(|document| document.root).peekable();
    later.peek()?;
    if !matches!(value::find(tree, (root, vec![]), wish.steps), Ok(Found::Missing { .. })) {
        return None;
    }
    later.filter_map(found).map(|value| tree.position(value)).next()
}
