//! A value's place in a map, whether it may be written over, and the splice that does it: what all kinds of manifests share.

use std::collections::HashSet;

use super::{
    Fault, Outcome, habit,
    insert::{self, Edit},
    proof::{self, Asked},
    scalar,
    text::{self, Splice},
    tree::{INT_TAG, Kind, NodeId, STR_TAG, Style, Tree},
};
use crate::domain::{
    plan::{PlanFault, UnsafeEdit, ValueFault},
    position::Position,
};

/// The most lines that a fault names.
pub(super) const MAX_LINES: usize = 10;

/// A pair of a map: its index and its nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) index: usize,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// The text of a file.
///
/// # Errors
/// [`PlanFault::Malformed`] with the place of the first byte that isn't UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Fault::at(text::position_of(&valid, valid.len()), PlanFault::Malformed("not UTF-8".to_owned()))
    })
}

/// The one pair of a map whose key is one of these, without regard to case: Go's JSON reader, which Argo CD and kustomize
/// use, takes `NewTag` for `newTag`.
///
/// # Errors
/// [`UnsafeEdit::DuplicateKey`] where there are several.
pub(super) fn one_of(tree: &Tree<'_>, map: NodeId, keys: &[&str]) -> Result<Option<Pair>, Fault> {
    only(tree, map, |text| keys.iter().any(|key| folds(key, text)))
}

/// Whether two keys are one to Go's JSON reader: it folds two letters beyond ASCII as well, the long s and the Kelvin sign.
fn folds(key: &str, other: &str) -> bool {
    if key.eq_ignore_ascii_case(other) {
        return true;
    }
    if key.is_ascii() && other.is_ascii() {
        return false;
    }
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(other.chars().map(fold))
}

/// The one pair of a map whose key is this very text.
///
/// # Errors
/// [`UnsafeEdit::DuplicateKey`] where there are several.
pub(super) fn exactly(tree: &Tree<'_>, map: NodeId, key: &str) -> Result<Option<Pair>, Fault> {
    only(tree, map, |text| text == key)
}

fn only(tree: &Tree<'_>, map: NodeId, is_it: impl Fn(&str) -> bool) -> Result<Option<Pair>, Fault> {
    let pairs = tree.pairs(map).unwrap_or_default().iter().enumerate();
    let mut found = pairs
        .filter(|(_, (key, _))| tree.scalar(*key).is_some_and(&is_it))
        .map(|(index, (key, value))| Pair { index, key: *key, value: *value });
    let Some(first) = found.next() else { return Ok(None) };
    let others: Vec<Pair> = found.collect();
    let Some(last) = others.last() else { return Ok(Some(first)) };
    let key = tree.scalar(first.key).unwrap_or_default().to_owned();
    let lines = [first].iter().chain(&others).take(MAX_LINES).map(|pair| tree.line(pair.key)).collect();
    Err(Fault::not_safe(tree.position(last.key), UnsafeEdit::DuplicateKey { key, lines }))
}

/// Refuses a map with a key that stands twice.
pub(super) fn duplicates(tree: &Tree<'_>, map: NodeId) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    let keys = tree.pairs(map).unwrap_or_default().iter().filter_map(|(key, _)| tree.scalar(*key));
    match keys.into_iter().find(|key| !seen.insert(key.to_ascii_lowercase())) {
        Some(twice) => one_of(tree, map, &[twice]).map(drop),
        None => Ok(()),
    }
}

/// Why what is inside a collection may not be changed: it is an alias, or others refer to it.
pub(super) fn shared(tree: &Tree<'_>, id: NodeId) -> Option<Fault> {
    let node = tree.node(id);
    match &node.kind {
        Kind::Alias { .. } => Some(alias(tree, id)),
        _ if node.aliased => anchor(tree, id),
        _ => None,
    }
}

/// The fault of a value that is an alias.
pub(super) fn alias(tree: &Tree<'_>, id: NodeId) -> Fault {
    let (name, anchor) = match &tree.node(id).kind {
        Kind::Alias { name, target } => (name.clone(), tree.line(*target)),
        _ => ("<<".to_owned(), tree.line(id)),
    };
    Fault::not_safe(tree.position(id), UnsafeEdit::Alias { name, anchor })
}

/// The fault of a value with an anchor, when it has one.
pub(super) fn anchor(tree: &Tree<'_>, id: NodeId) -> Option<Fault> {
    let name = tree.node(id).anchor.clone()?;
    let ours =
        |(_, node): &(NodeId, &super::tree::Node)| matches!(node.kind, Kind::Alias { target, .. } if target == id);
    let aliases =
        tree.nodes().iter().enumerate().filter(ours).take(MAX_LINES).map(|(alias, _)| tree.line(alias)).collect();
    Some(Fault::not_safe(tree.position(id), UnsafeEdit::Anchor { name, aliases }))
}

/// The maps and aliases that a map merges in by `<<`.
pub(super) fn merges<'t>(tree: &'t Tree<'_>, map: NodeId) -> impl Iterator<Item = NodeId> + 't {
    let merges = tree.pairs(map).unwrap_or_default().iter().filter(|(key, _)| tree.scalar(*key) == Some("<<"));
    merges.flat_map(|(_, value)| tree.items(*value).map_or_else(|| vec![*value], <[NodeId]>::to_vec))
}

/// The value that a map gets for a key by a merge.
pub(super) fn merged_value(tree: &Tree<'_>, map: NodeId, key: &str) -> Option<NodeId> {
    merges(tree, map).find_map(|source| {
        tree.pairs(source)?.iter().find(|(k, _)| tree.scalar(*k).is_some_and(|k| folds(k, key))).map(|p| p.1)
    })
}

/// Why a map may not be changed: one of these keys comes in by a merge.
pub(super) fn merged(tree: &Tree<'_>, map: NodeId, keys: &[&str]) -> Option<Fault> {
    let source = merges(tree, map).find(|source| {
        let pairs = tree.pairs(*source).unwrap_or_default();
        pairs.iter().any(|(k, _)| tree.scalar(*k).is_some_and(|k| keys.iter().any(|key| folds(key, k))))
    })?;
    Some(alias(tree, source))
}

/// Whether a value is a scalar that can be written anew without touching anything else; tells how it is written.
///
/// # Errors
/// [`UnsafeEdit`] with the place.
pub(super) fn writable(tree: &Tree<'_>, pair: Pair) -> Result<Style, Fault> {
    let node = tree.node(pair.value);
    let block = matches!(node.kind, Kind::Scalar { style: Style::Block, .. });
    // A block scalar's bytes start on the line below its header.
    let at = if block { pair.key } else { pair.value };
    let refuse = |reason| Err(Fault::not_safe(tree.position(at), reason));
    if let Some(fault) = anchor(tree, pair.value) {
        return Err(fault);
    }
    match &node.kind {
        Kind::Alias { .. } => Err(alias(tree, pair.value)),
        Kind::Scalar { style: Style::Block, .. } | Kind::Sequence { .. } | Kind::Mapping { .. } => {
            refuse(UnsafeEdit::NotAScalar)
        }
        Kind::Scalar { value, .. } if value.starts_with("ENC[") => refuse(UnsafeEdit::Sops),
        Kind::Scalar { style, .. } => match (placeholder(tree, pair.value), node.tag.as_deref()) {
            (Some(fault), _) => Err(fault),
            (None, None) => Ok(*style),
            (None, Some(STR_TAG | INT_TAG)) if *style != Style::Empty => Ok(*style),
            (None, Some(_)) => refuse(UnsafeEdit::NotAScalar),
        },
    }
}

/// The fault of a value that is filled in later: a Go template, or `${NAME}` as Flux's `postBuild` and `envsubst` know it.
/// Written over, it would cut off the place that sets it.
pub(super) fn placeholder(tree: &Tree<'_>, id: NodeId) -> Option<Fault> {
    let text = tree.scalar(id)?;
    let fault = |fault| Some(Fault::at(tree.position(id), PlanFault::Value(fault)));
    if text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
        return fault(ValueFault::Template);
    }
    // `$$` stands for the sign itself.
    let named = |(at, _): (usize, &str)| {
        let (before, name) = (&text[..at], &text[at + 2..]);
        !before.ends_with('$') && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.contains('}')
    };
    let found = text.match_indices("${").any(named);
    if found { fault(ValueFault::Placeholder { found: text.to_owned() }) } else { None }
}

/// Whether a scalar is a string to YAML 1.1 and 1.2.
pub(super) fn is_string(tree: &Tree<'_>, id: NodeId) -> bool {
    let node = tree.node(tree.target(id));
    match &node.kind {
        Kind::Scalar { value, style: Style::Plain | Style::Empty } => match node.tag.as_deref() {
            Some(tag) => tag == STR_TAG,
            None => scalar::reads_as_string(value),
        },
        Kind::Scalar { .. } => true,
        _ => false,
    }
}

/// The splice that writes a value over another one, or behind its key where there is none.
///
/// # Errors
/// A fault where the key has no colon.
pub(super) fn replace(tree: &Tree<'_>, key: NodeId, value: NodeId, with: &str) -> Result<Splice, Fault> {
    let span = tree.node(value).span.clone();
    if !span.is_empty() {
        return Ok(Splice { range: span, with: with.to_owned() });
    }
    let Some(colon) = habit::after_colon(tree, key) else {
        // `{name: x, newTag}`; in a block, only `? key` has no colon.
        let end = tree.node(key).span.end;
        let flow = tree.text[end..].trim_ascii_start().starts_with([',', '}']);
        let refuse = || insert::refuse(tree, key, "the key has no colon");
        return flow.then(|| Splice::insert(end, format!(": {with}"))).ok_or_else(refuse);
    };
    // `key: ` at the end of a line already has the space.
    let rest = &tree.text[colon..text::line_end(tree.text, colon)];
    if rest == " " {
        return Ok(Splice::insert(colon + 1, with.to_owned()));
    }
    Ok(Splice::insert(colon, format!(" {with}")))
}

/// Carries an edit of one document out and proves it. `written` is the new value as text, `from` the one that stood there.
///
/// # Errors
/// [`UnsafeEdit::ProofFailed`] where more than the asked-for value would differ.
pub(super) fn finish(
    tree: &Tree<'_>,
    document: usize,
    edit: Edit,
    written: &str,
    from: Option<String>,
) -> Result<Outcome, Fault> {
    let Edit { splices, differences, value } = edit;
    finish_all(tree, &splices, &[Asked { document, differences }], (value, written), from)
}

/// Carries splices in any documents out and proves them together. `value` is the index of the splice that brings the new
/// value, and the value as text.
///
/// # Errors
/// As [`finish`].
pub(super) fn finish_all(
    tree: &Tree<'_>,
    splices: &[Splice],
    asked: &[Asked],
    (value, written): (usize, &str),
    from: Option<String>,
) -> Result<Outcome, Fault> {
    if let Some(fault) = odd_line_end(tree) {
        return Err(fault);
    }
    let at = splices.iter().take(value).fold(0, |moved, s| moved + s.with.len() as isize - s.range.len() as isize);
    let start = splices[value].range.start.saturating_add_signed(at);
    let text = proof::splice(tree, splices, asked).map_err(|reason| {
        let reason = insert::below_open_block(tree, splices).map_or(reason, str::to_owned);
        Fault::not_safe(text::position_of(tree.text, splices[value].range.start), UnsafeEdit::ProofFailed(reason))
    })?;
    if let Some(reason) = insert::below_open_block(tree, splices).filter(|_| !proof::is_read_by_libyaml(tree.text)) {
        return Err(insert::refuse(tree, 0, reason));
    }
    // New lines hold the name before the value.
    let within = splices[value].with.rfind(written).unwrap_or_default();
    Ok(Outcome::Changed { line: text::line_of(&text, start + within), text, from })
}

/// Why a text is not edited that has a character outside of quotes which ends a line to YAML 1.1, and so to kustomize's
/// reader, but not to YAML 1.2: what the one takes for a comment is a key to the other.
fn odd_line_end(tree: &Tree<'_>) -> Option<Fault> {
    if tree.text.is_ascii() {
        return None;
    }
    let quoted = |at: usize| {
        let quotes = |node: &super::tree::Node<'_>| {
            matches!(node.kind, Kind::Scalar { style: Style::Single | Style::Double, .. }) && node.span.contains(&at)
        };
        tree.nodes().iter().any(quotes)
    };
    // Each is looked up among all nodes, so there may be only some.
    let mut found = tree.text.match_indices(['\u{85}', '\u{2028}', '\u{2029}']).enumerate();
    let (_, (at, odd)) = found.find(|(number, (at, _))| *number >= MAX_LINES || !quoted(*at))?;
    let code = odd.chars().next().map_or(0, u32::from);
    let reason = format!("U+{code:04X} stands there, which ends a line to some readers and not to others: take it out");
    Some(Fault::not_safe(text::position_of(tree.text, at), UnsafeEdit::ProofFailed(reason)))
}

/// Where a document shows that SOPS encrypted it.
pub(super) fn sops(tree: &Tree<'_>, root: NodeId) -> Option<Position> {
    match exactly(tree, root, "sops") {
        Ok(metadata) => metadata.map(|pair| tree.position(pair.key)),
        Err(twice) => twice.at,
    }
}
