//! Where a value stands: the section, the entry and the key, found as kustomize finds them.

use super::{
    Fault, scalar,
    tree::{INT_TAG, Kind, NodeId, STR_TAG, Style, Tree},
};
use crate::domain::plan::{PlanFault, UnsafeEdit};

/// The most lines that a fault names.
const MAX_LINES: usize = 10;

/// What is set, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'w> {
    /// `images[].newTag` of the entry for this image.
    Tag {
        /// The image, without tag and digest.
        image: &'w str,
    },
    /// `replicas[].count` of the entry for this workload.
    Count {
        /// The workload's name.
        workload: &'w str,
    },
}

impl Wanted<'_> {
    /// The section's keys; the first is the one in use, others are old names that kustomize still takes.
    pub(super) fn sections(&self) -> &'static [&'static str] {
        match self {
            Self::Tag { .. } => &["images", "imageTags"],
            Self::Count { .. } => &["replicas"],
        }
    }

    /// The section's name.
    pub(super) fn section(&self) -> &'static str {
        self.sections()[0]
    }

    /// The key of the value.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Tag { .. } => "newTag",
            Self::Count { .. } => "count",
        }
    }

    /// The name of the entry.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Tag { image } => image,
            Self::Count { workload } => workload,
        }
    }

    pub(super) fn no_entry(&self) -> PlanFault {
        PlanFault::NoEntry { section: self.section().to_owned(), name: self.name().to_owned() }
    }
}

/// A pair of a map: its index and its nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) index: usize,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// Where an entry is, or how far the way to it exists.
#[derive(Debug)]
pub(super) struct Place {
    /// The section's pair in the root; `None` where the file has no such section.
    pub(super) section: Option<Pair>,
    /// The index of the entry in the section and its map; `None` where there is no such entry.
    pub(super) entry: Option<(usize, NodeId)>,
    /// Why nothing may be changed on this way, although it can be read.
    pub(super) hazard: Option<Fault>,
    /// The line of another entry that may be meant for the same image, so that none may be put in.
    pub(super) rival: Option<usize>,
}

/// Finds the entry.
///
/// Keys are matched without regard to case, as Go's JSON reader does it. An `images` entry is ours when its `name` is the
/// image, or when there is none and one entry's `newName` is the image.
///
/// # Errors
/// [`PlanFault`] for keys that stand twice on the way, for two entries that match, and for a section that isn't one.
pub(super) fn find(tree: &Tree<'_>, root: NodeId, wanted: &Wanted<'_>) -> Result<Place, Fault> {
    let mut place = Place { section: None, entry: None, hazard: None, rival: None };
    place.hazard = shared(tree, root);
    place.section = one_of(tree, root, wanted.sections())?;
    let Some(section) = place.section else {
        if let Some(merge) = merged(tree, root, wanted.sections()) {
            place.hazard = place.hazard.or(Some(merge));
        }
        return Ok(place);
    };
    place.hazard = place.hazard.or_else(|| shared(tree, section.value));
    if tree.is_null(section.value) {
        return Ok(place);
    }
    let items = tree.items(section.value).ok_or_else(|| {
        Fault::at(tree.line(section.value), PlanFault::Malformed(format!("{} is not a list", wanted.section())))
    })?;

    let mut matches = vec![];
    for (index, item) in items.iter().enumerate() {
        if tree.is_null(*item) {
            continue;
        }
        let map = tree.target(*item);
        if tree.pairs(map).is_none() {
            let what = format!("an entry of {} is not a map", wanted.section());
            return Err(Fault::at(tree.line(*item), PlanFault::Malformed(what)));
        }
        match relation(tree, map, wanted)? {
            Relation::None => {}
            Relation::Rival => place.rival = place.rival.or_else(|| Some(tree.line(*item))),
            relation => matches.push((relation, index, *item)),
        }
    }
    let lines: Vec<usize> = matches.iter().take(MAX_LINES).map(|(_, _, item)| tree.line(*item)).collect();
    match (matches.as_slice(), lines.as_slice()) {
        ([], _) => {}
        ([(relation, index, item)], _) if *relation != Relation::Pattern => {
            let map = tree.target(*item);
            let hazard =
                shared(tree, *item).or_else(|| merged(tree, map, &["name", "newName", wanted.key(), "digest"]));
            place.hazard = place.hazard.or(hazard);
            duplicates(tree, map)?;
            place.entry = Some((*index, map));
        }
        ([_], [line]) => place.rival = Some(*line),
        (_, lines) => {
            let fault = PlanFault::AmbiguousEntry {
                section: wanted.section().to_owned(),
                name: wanted.name().to_owned(),
                lines: lines.to_vec(),
            };
            return Err(Fault { line: lines.get(1).copied(), fault });
        }
    }
    Ok(place)
}

/// How an entry is related to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It names it.
    Name,
    /// It gives it this name.
    NewName,
    /// Its name is a regular expression (kustomize takes it as one), so it may match as well.
    Pattern,
    /// It is for another image of the same base name, perhaps the same one before or after a renaming.
    Rival,
    /// None.
    None,
}

fn relation(tree: &Tree<'_>, map: NodeId, wanted: &Wanted<'_>) -> Result<Relation, Fault> {
    let text = |key: &str| -> Result<Option<&str>, Fault> {
        let own = one_of(tree, map, &[key])?.map(|pair| pair.value);
        Ok(own.or_else(|| merged_value(tree, map, key)).and_then(|value| tree.scalar(value)))
    };
    let name = text("name")?.unwrap_or_default();
    if name == wanted.name() {
        return Ok(Relation::Name);
    }
    let Wanted::Tag { image } = wanted else { return Ok(Relation::None) };
    let new_name = text("newName")?.unwrap_or_default();
    Ok(if new_name == *image {
        Relation::NewName
    } else if name.contains(['*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '^', '$', '\\']) {
        Relation::Pattern
    } else if [name, new_name].iter().any(|other| base_name(other) == base_name(image)) {
        Relation::Rival
    } else {
        Relation::None
    })
}

/// The last part of an image's path, without tag and digest.
fn base_name(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last)
}

/// The one pair of a map whose key is one of these, without regard to case.
///
/// # Errors
/// [`UnsafeEdit::DuplicateKey`] where there are several.
pub(super) fn one_of(tree: &Tree<'_>, map: NodeId, keys: &[&str]) -> Result<Option<Pair>, Fault> {
    let pairs = tree.pairs(map).unwrap_or_default().iter().enumerate();
    let mut found = pairs
        .filter(|(_, (key, _))| tree.scalar(*key).is_some_and(|text| keys.iter().any(|k| k.eq_ignore_ascii_case(text))))
        .map(|(index, (key, value))| Pair { index, key: *key, value: *value });
    let Some(first) = found.next() else { return Ok(None) };
    let others: Vec<Pair> = found.collect();
    let Some(last) = others.last() else { return Ok(Some(first)) };
    let key = tree.scalar(first.key).unwrap_or_default().to_owned();
    let lines = [first].iter().chain(&others).map(|pair| tree.line(pair.key)).collect();
    Err(Fault::not_safe(tree.line(last.key), UnsafeEdit::DuplicateKey { key, lines }))
}

/// Refuses a map with a key that stands twice.
pub(super) fn duplicates(tree: &Tree<'_>, map: NodeId) -> Result<(), Fault> {
    for (key, _) in tree.pairs(map).unwrap_or_default() {
        if let Some(text) = tree.scalar(*key) {
            one_of(tree, map, &[text])?;
        }
    }
    Ok(())
}

/// Why what is inside a collection may not be changed: it is an alias, or others refer to it.
fn shared(tree: &Tree<'_>, id: NodeId) -> Option<Fault> {
    let node = tree.node(id);
    match (&node.kind, &node.anchor) {
        (Kind::Alias { name, .. }, _) => Some(Fault::not_safe(tree.line(id), UnsafeEdit::Alias(name.clone()))),
        (_, Some(anchor)) if node.aliased => Some(Fault::not_safe(tree.line(id), UnsafeEdit::Anchor(anchor.clone()))),
        _ => None,
    }
}

/// The aliases that a map merges in by `<<`.
fn merges<'t>(tree: &'t Tree<'_>, map: NodeId) -> impl Iterator<Item = NodeId> + 't {
    let merges = tree.pairs(map).unwrap_or_default().iter().filter(|(key, _)| tree.scalar(*key) == Some("<<"));
    merges.flat_map(|(_, value)| tree.items(*value).map_or_else(|| vec![*value], <[NodeId]>::to_vec))
}

fn merged_value(tree: &Tree<'_>, map: NodeId, key: &str) -> Option<NodeId> {
    merges(tree, map).find_map(|source| {
        tree.pairs(source)?
            .iter()
            .find(|(k, _)| tree.scalar(*k).is_some_and(|k| k.eq_ignore_ascii_case(key)))
            .map(|p| p.1)
    })
}

/// Why a map may not be changed: one of these keys comes in by a merge.
fn merged(tree: &Tree<'_>, map: NodeId, keys: &[&str]) -> Option<Fault> {
    let source = merges(tree, map).find(|source| {
        let pairs = tree.pairs(*source).unwrap_or_default();
        pairs.iter().any(|(k, _)| tree.scalar(*k).is_some_and(|k| keys.iter().any(|key| key.eq_ignore_ascii_case(k))))
    })?;
    let name = match &tree.node(source).kind {
        Kind::Alias { name, .. } => name.clone(),
        _ => "<<".to_owned(),
    };
    Some(Fault::not_safe(tree.line(source), UnsafeEdit::Alias(name)))
}

/// Whether a value is a scalar that can be written anew without touching anything else.
///
/// # Errors
/// [`UnsafeEdit`] with the line.
pub(super) fn writable(tree: &Tree<'_>, pair: Pair) -> Result<Style, Fault> {
    let node = tree.node(pair.value);
    let block = matches!(node.kind, Kind::Scalar { style: Style::Block, .. });
    // A block scalar's bytes start on the line below its header.
    let line = tree.line(if block { pair.key } else { pair.value });
    let refuse = |reason| Err(Fault::not_safe(line, reason));
    if let Some(anchor) = &node.anchor {
        return refuse(UnsafeEdit::Anchor(anchor.clone()));
    }
    match &node.kind {
        Kind::Alias { name, .. } => refuse(UnsafeEdit::Alias(name.clone())),
        Kind::Scalar { style: Style::Block, .. } | Kind::Sequence { .. } | Kind::Mapping { .. } => {
            refuse(UnsafeEdit::NotAScalar)
        }
        Kind::Scalar { value, .. } if value.starts_with("ENC[") => refuse(UnsafeEdit::Sops),
        Kind::Scalar { style, .. } => match node.tag.as_deref() {
            None => Ok(*style),
            Some(STR_TAG | INT_TAG) if *style != Style::Empty => Ok(*style),
            Some(_) => refuse(UnsafeEdit::NotAScalar),
        },
    }
}

/// Whether a scalar is a string to kustomize.
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
