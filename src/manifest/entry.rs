//! Where a value stands: the section, the entry and the key, found as kustomize finds them.

use super::{
    Fault, pattern,
    slot::{MAX_LINES, Pair, duplicates, merged, merged_value, one_of, shared},
    tree::{NodeId, Tree},
};
use crate::domain::{plan::PlanFault, position::Position};

/// What is set, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'w> {
    /// The keys of the `images` entry for this image.
    Image {
        /// The image, without tag and digest.
        name: &'w str,
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
            Self::Image { .. } => &["images", "imageTags"],
            Self::Count { .. } => &["replicas"],
        }
    }

    /// The section's name.
    pub(super) fn section(&self) -> &'static str {
        self.sections()[0]
    }

    /// The keys of an entry, in the order in which people write them.
    pub(super) fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Image { .. } => &["name", "newName", "newTag", "digest"],
            Self::Count { .. } => &["name", "count"],
        }
    }

    /// The name of the entry.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Image { name } => name,
            Self::Count { workload } => workload,
        }
    }

    pub(super) fn no_entry(&self) -> PlanFault {
        PlanFault::NoEntry { section: self.section().to_owned(), name: self.name().to_owned() }
    }
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
    pub(super) rival: Option<Rival>,
}

/// Another entry that may be meant for the same image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rival {
    /// Where it stands.
    pub(super) at: Position,
    /// Its map.
    pub(super) map: NodeId,
    /// Whether kustomize applies it to the image anyway: an entry of its own would be one too many.
    pub(super) applies: bool,
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
        Fault::at(tree.position(section.value), PlanFault::Malformed(format!("{} is not a list", wanted.section())))
    })?;

    let mut matches = vec![];
    for (index, item) in items.iter().enumerate() {
        if tree.is_null(*item) {
            continue;
        }
        let map = tree.target(*item);
        if tree.pairs(map).is_none() {
            let what = format!("an entry of {} is not a map", wanted.section());
            return Err(Fault::at(tree.position(*item), PlanFault::Malformed(what)));
        }
        match relation(tree, map, wanted)? {
            Relation::None => {}
            Relation::Rival => {
                place.rival = place.rival.or_else(|| Some(Rival { at: tree.position(*item), map, applies: false }));
            }
            relation => matches.push((relation, index, *item)),
        }
    }
    match matches.as_slice() {
        [] => {}
        [(relation, index, item)] if *relation != Relation::Pattern => {
            let map = tree.target(*item);
            let hazard = shared(tree, *item).or_else(|| merged(tree, map, wanted.keys()));
            place.hazard = place.hazard.or(hazard);
            duplicates(tree, map)?;
            place.entry = Some((*index, map));
        }
        [(_, _, item)] => {
            place.rival = Some(Rival { at: tree.position(*item), map: tree.target(*item), applies: true });
        }
        several => {
            let second = several.get(1).map(|(_, _, item)| tree.position(*item));
            let fault = PlanFault::AmbiguousEntry {
                section: wanted.section().to_owned(),
                name: wanted.name().to_owned(),
                lines: several.iter().take(MAX_LINES).map(|(_, _, item)| tree.line(*item)).collect(),
            };
            return Err(Fault { at: second, fault });
        }
    }
    Ok(place)
}

/// Refuses where a later entry of `images` takes what the one of this index makes of an image, `name[:tag][@digest]`, and
/// sets it anew: kustomize applies the entries one after the other.
///
/// # Errors
/// [`PlanFault::AmbiguousEntry`] with the lines of both.
pub(super) fn overtaken(tree: &Tree<'_>, section: Pair, index: usize, outcome: &str) -> Result<(), Fault> {
    let items = tree.items(section.value).unwrap_or_default();
    let Some(own) = items.get(index) else { return Ok(()) };
    for item in &items[index + 1..] {
        let sets = |key: &str| text(tree, *item, key).map(|text| text.is_some_and(|text| !text.is_empty()));
        if pattern::matches(text(tree, *item, "name")?.unwrap_or_default(), outcome)
            && (sets("newName")? || sets("newTag")? || sets("digest")? || sets("tagSuffix")?)
        {
            let fault = PlanFault::AmbiguousEntry {
                section: "images".to_owned(),
                name: outcome.to_owned(),
                lines: vec![tree.line(*own), tree.line(*item)],
            };
            return Err(Fault::at(tree.position(*item), fault));
        }
    }
    Ok(())
}

/// How an entry is related to what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It names it.
    Name,
    /// It gives it this name.
    NewName,
    /// Its name matches as the regular expression that kustomize takes it for.
    Pattern,
    /// It is for another image of the same base name, perhaps the same one before or after a renaming.
    Rival,
    /// None.
    None,
}

fn relation(tree: &Tree<'_>, map: NodeId, wanted: &Wanted<'_>) -> Result<Relation, Fault> {
    let name = text(tree, map, "name")?.unwrap_or_default();
    if name == wanted.name() {
        return Ok(Relation::Name);
    }
    let Wanted::Image { name: image } = wanted else { return Ok(Relation::None) };
    let new_name = text(tree, map, "newName")?.unwrap_or_default();
    Ok(if new_name == *image {
        Relation::NewName
    } else if pattern::matches(name, image) {
        Relation::Pattern
    } else {
        let base = base_name(image);
        if [name, new_name].iter().any(|other| base_name(other) == base) { Relation::Rival } else { Relation::None }
    })
}

/// The text of an entry's key, by a merge as well.
fn text<'t>(tree: &'t Tree<'_>, map: NodeId, key: &str) -> Result<Option<&'t str>, Fault> {
    let own = one_of(tree, map, &[key])?.map(|pair| pair.value);
    Ok(own.or_else(|| merged_value(tree, map, key)).and_then(|value| tree.scalar(value)))
}

/// The last part of an image's path, without tag and digest.
fn base_name(image: &str) -> &str {
    let last = &image[image.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1)..];
    &last[..last.bytes().position(|byte| matches!(byte, b':' | b'@')).unwrap_or(last.len())]
}
