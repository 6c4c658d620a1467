//! The proof by a window: only the lines around the splices are read again, where the rest is sure to read as before.
//!
//! The window goes from the line on which an element (a pair or an item) of a block collection starts to the line on which
//! a later element of that collection, or of one around it, starts, or to the end of the text. It holds all splices. The
//! bytes before it and after it are the same in the old and in the new text, and so is its guard, the bytes at its start:
//! the indentation and the key with its colon, or the dash with its space.
//!
//! A YAML reader goes through the text once, from front to back. What it makes of the rest of a text depends, besides the
//! rest itself, on its state: the columns of the open collections, a scalar or bracket that isn't closed, the anchors, the
//! directives. So the whole texts read alike but for the asked-for differences, because
//!
//! 1. before the window it reads the same bytes. It may look at those of the guard, never beyond: an open plain or block
//!    scalar is ended by the column of the next character, and a key is known by its colon.
//! 2. behind the guard it stands in a block collection of the guard's column. So it does behind the guard of a text that
//!    begins there. The columns further left are not the same, but count for nothing until something stands there; in the
//!    window alone such a thing is an error, and then nothing is proved.
//! 3. behind the window both texts go on with the same bytes, and in the same state: behind both windows a line is put
//!    that is to read as the collection's next element. Were a quote, a bracket or a scalar open, or the collection left,
//!    it wouldn't. At the end of the text there is no such line, but nothing that could read differently either.
//! 4. nothing reaches across: the text has no anchors, aliases, tags and directives, and no key that is put in stands a
//!    second time in that map, outside the window.
//!
//! In the window yaml-rust2 and the editor's parser must agree as in the proof by the whole text, and yaml-rust2 must see in
//! the old one what the editor's parser saw there in the whole text. So must libyaml, but where each line is so simple that it
//! has nothing to add ([`evident`]). That the two others would see the window's first line where the
//! editor's parser saw it is taken for granted only where each line says by itself, and by its indentation, what stands
//! there ([`common`]): no tab, no control character, no line end but LF and CRLF, no byte order mark, no `? `, no markers
//! but `---` on a line of its own, and nothing of several lines but block scalars. The properties in the tests look for
//! texts for which that isn't so.
//!
//! Whenever one of these is in doubt, nothing is proved, and the whole texts must be read.

mod common;
mod evident;
mod place;
#[cfg(test)]
mod tests;

use super::{
    super::{
        text::Splice,
        tree::{MAX_BYTES, MAX_NODES, Tree},
    },
    Asked, Difference, Path, Reader, Reading, check, reading,
};
use evident::is_evident;
use place::Place;

/// The key, or the item, that stands behind a window.
const SENTINEL: &str = "end";
/// The key of the map around a list whose dashes stand below the key itself.
const STUB: &str = "list";
/// How many nodes and bytes below the bounds a text must stay, so that an edit can't reach them.
const RESERVE: usize = 4096;

/// Whether a window shows that the new text differs from the old one by the asked-for differences only; no means that it
/// isn't known, as where several documents are to differ.
pub(super) fn proves(tree: &Tree<'_>, new: &str, splices: &[Splice], asked: &[Asked]) -> bool {
    let [asked] = asked else { return false };
    let within_bounds =
        new.len().max(tree.text.len()) < MAX_BYTES - RESERVE && tree.nodes().len() < MAX_NODES - RESERVE;
    let Some(place) = Place::of(tree, splices, asked).filter(|_| within_bounds) else { return false };
    let common = splices.iter().all(|splice| common::bytes(&splice.with)) && common::tree(tree);
    let Some(differences) = common.then(|| inside(tree, &place, &asked.differences)).flatten() else { return false };

    let Some(end) = (place.range.end + new.len()).checked_sub(tree.text.len()) else { return false };
    let (Some(old), Some(new)) = (tree.text.get(place.range.clone()), new.get(place.range.start..end)) else {
        return false;
    };
    if !place.at_end && !new.ends_with('\n') {
        return false;
    }
    let (old, new) = (place.frame(old), place.frame(new));
    let expected = place.expected(tree);
    let inner = [Asked { document: 0, differences }];
    let agrees = |seen: Vec<Reading>, read: Reader| check(seen, &new, &inner, "", read).is_ok();
    let independent = |read: Reader, holds: &dyn Fn(&[Reading]) -> bool| {
        read(&old).is_ok_and(|seen| holds(&seen) && agrees(seen, read))
    };
    independent(reading::by_yaml_rust, &|seen| matches!(seen, [one] if *one == expected))
        && (is_evident(&old, &new, &inner[0].differences)
            || independent(reading::by_libyaml, &|seen| place.holds(seen)))
        && agrees(vec![expected], reading::by_granit)
}

/// The differences with their paths in the window, when they all lie in it.
fn inside(tree: &Tree<'_>, place: &Place, differences: &[Difference]) -> Option<Vec<Difference>> {
    let level = place.path.len();
    let mut count = place.elements.len();
    let mut path = |at: &Path, difference: &Difference| -> Option<Path> {
        let rest = at.strip_prefix(place.path.as_slice())?;
        let index = rest.first()?.checked_sub(place.elements.start)?;
        let most = match difference {
            Difference::Insert { .. } if at.len() == level + 1 => {
                count += 1;
                count
            }
            Difference::Remove { .. } if at.len() == level + 1 => {
                count = count.checked_sub(1)?;
                count + 1
            }
            _ => count,
        };
        let stub = place.below_key.then_some(0);
        (index < most).then(|| stub.into_iter().chain([index]).chain(rest[1..].iter().copied()).collect())
    };
    let twice = |at: &Path, key: &Reading| at.len() == level + 1 && place.has_outside(tree, key);
    let moved = |difference: &Difference| {
        Some(match difference {
            Difference::Set { at, value } => Difference::Set { at: path(at, difference)?, value: value.clone() },
            Difference::Remove { at } => Difference::Remove { at: path(at, difference)? },
            Difference::Replace { at, key, .. } | Difference::Insert { at, key: Some(key), .. } if twice(at, key) => {
                return None;
            }
            Difference::Replace { at, key, value } => {
                Difference::Replace { at: path(at, difference)?, key: key.clone(), value: value.clone() }
            }
            Difference::Insert { at, key, value } => {
                Difference::Insert { at: path(at, difference)?, key: key.clone(), value: value.clone() }
            }
        })
    };
    differences.iter().map(moved).collect()
}
