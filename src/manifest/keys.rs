//! Several keys of one map in one edit: set, put in and taken out.

use super::{
    Fault, habit,
    insert::{self, Edit, Styles, Value},
    proof::{Difference, Reading},
    remove, scalar, slot,
    slot::Pair,
    text::Splice,
    tree::{NodeId, STR_TAG, Style, Tree},
};

/// What is to become of a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish<'w> {
    /// It stays as it is.
    Keep,
    /// It has this value.
    Set(Value<'w>),
    /// It has no value; where the key `heir` is missing, that takes its line over.
    Gone {
        /// The key.
        heir: &'static str,
    },
}

/// An edit of several keys.
#[derive(Debug)]
pub(super) struct Change {
    /// The edit; the value is that of the key.
    pub(super) edit: Edit,
    /// The key that is told of: the first one that is set anew, or else the first one that was to be set.
    pub(super) key: &'static str,
    /// The value that it had.
    pub(super) from: Option<String>,
}

/// Makes a map have these keys, which are in the order in which people write them; `told` says which of them matter most.
///
/// A missing key goes behind the last one there that comes before it. `None` means that all is as wished already.
///
/// # Errors
/// A fault where a key stands twice, or a value can't be written over without touching anything else.
pub(super) fn change(
    tree: &Tree<'_>,
    (map, path): (NodeId, &[usize]),
    wishes: &[(&'static str, Wish<'_>)],
    told: &[&'static str],
    styles: Styles<'_>,
) -> Result<Option<Change>, Fault> {
    let mut steps = Steps { tree, map, path, splices: vec![], differences: vec![] };
    let mut present: Vec<Option<Pair>> = vec![];
    for (key, _) in wishes {
        present.push(slot::one_of(tree, map, &[key])?);
    }
    let mut changed = vec![];
    let mut inherited = None;
    for ((_, wish), pair) in wishes.iter().zip(&present) {
        let (Wish::Gone { heir }, Some(pair)) = (wish, pair) else { continue };
        if tree.is_null(pair.value) || tree.scalar(pair.value) == Some("") {
            continue;
        }
        let missing = wishes.iter().zip(&present).find(|((key, _), pair)| key == heir && pair.is_none());
        match missing {
            Some(((_, Wish::Set(value)), _)) => {
                steps.hand_over(*pair, heir, *value)?;
                inherited = Some(*heir);
            }
            _ => steps.remove(*pair)?,
        }
        changed.push(*heir);
    }
    let mut after = 0;
    for ((key, wish), pair) in wishes.iter().zip(&present) {
        match (wish, pair) {
            (Wish::Set(value), Some(pair)) if !is_already(tree, *pair, *value) => {
                steps.set(key, *pair, *value, styles)?;
                changed.push(key);
            }
            (Wish::Set(value), None) if inherited != Some(*key) => {
                steps.insert(key, after, *value, styles)?;
                changed.push(key);
            }
            _ => {}
        }
        after = pair.map_or(after, |pair| pair.index);
    }
    let Some(key) = told.iter().copied().find(|key| changed.contains(key)) else { return Ok(None) };
    let index = wishes.iter().position(|(k, _)| *k == key);
    let pair = index.and_then(|index| present[index]);
    // Where only another key goes, the value is told of as it stands.
    if let (Some(pair), false) = (pair, steps.splices.iter().any(|(k, _)| *k == key)) {
        let range = tree.node(pair.value).span.clone();
        steps.splices.push((key, Splice { with: tree.text[range.clone()].to_owned(), range }));
        return Ok(Some(Change { edit: steps.edit(key), key, from: None }));
    }
    let from = pair.filter(|pair| !tree.is_null(pair.value)).and_then(|pair| tree.scalar(pair.value));
    Ok(Some(Change { from: from.map(str::to_owned), edit: steps.edit(key), key }))
}

/// Whether a value is the wished one to Go's YAML reader; a string must be one to every reader.
fn is_already(tree: &Tree<'_>, pair: Pair, value: Value<'_>) -> bool {
    let text = tree.scalar(pair.value).unwrap_or_default();
    match value {
        Value::String(wished) => text == wished && slot::is_string(tree, pair.value),
        Value::Number(wished) => {
            let plain = habit::style(tree, tree.target(pair.value)) == Style::Plain;
            plain && scalar::whole_number(text) == Some(wished)
        }
    }
}

struct Steps<'s, 't> {
    tree: &'s Tree<'t>,
    map: NodeId,
    path: &'s [usize],
    /// The splices, with the keys that they are about.
    splices: Vec<(&'static str, Splice)>,
    /// The differences, with the index that they are about.
    differences: Vec<(Order, Difference)>,
}

/// The order in which differences are applied: those that move no index, then from the last index to the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    InPlace,
    Moving(std::cmp::Reverse<usize>, Moving),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moving {
    Remove,
    /// The last one that was put in first, so that all come to stand in order.
    Insert(std::cmp::Reverse<usize>),
}

impl Steps<'_, '_> {
    fn below(&self, index: usize) -> Vec<usize> {
        self.path.iter().copied().chain([index]).collect()
    }

    fn set(&mut self, key: &'static str, pair: Pair, value: Value<'_>, styles: Styles<'_>) -> Result<(), Fault> {
        let tree = self.tree;
        let own = slot::writable(tree, pair)?;
        let json = habit::is_flow(tree, self.map) && habit::style(tree, pair.key) == Style::Double;
        let style = match tree.is_null(pair.value) {
            true if json => Style::Double,
            true => styles(key),
            false => own,
        };
        // An explicit `!!str` makes a string of whatever follows.
        let tagged = style == Style::Plain && tree.node(pair.value).tag.as_deref() == Some(STR_TAG);
        let text = if tagged { value.text() } else { value.write(tree, style) };
        self.splices.push((key, slot::replace(tree, pair.key, pair.value, &text)?));
        let difference = Difference::Set { at: self.below(pair.index), value: value.reading() };
        self.differences.push((Order::InPlace, difference));
        Ok(())
    }

    /// A pair's line becomes another key's.
    fn hand_over(&mut self, pair: Pair, key: &'static str, value: Value<'_>) -> Result<(), Fault> {
        let tree = self.tree;
        let style = slot::writable(tree, pair)?;
        let written = scalar::write(key, habit::style(tree, pair.key));
        self.splices.push(("", Splice { range: tree.node(pair.key).span.clone(), with: written }));
        self.splices.push((key, slot::replace(tree, pair.key, pair.value, &value.write(tree, style))?));
        let at = self.below(pair.index);
        let difference = Difference::Replace { at, key: Reading::string(key), value: value.reading() };
        self.differences.push((Order::InPlace, difference));
        Ok(())
    }

    fn insert(&mut self, key: &'static str, after: usize, value: Value<'_>, styles: Styles<'_>) -> Result<(), Fault> {
        let edit = insert::pair(self.tree, (self.map, self.path), after, key, value, styles(key))?;
        let order = Moving::Insert(std::cmp::Reverse(self.differences.len()));
        self.splices.extend(edit.splices.into_iter().map(|splice| (key, splice)));
        let moving = Order::Moving(std::cmp::Reverse(after + 1), order);
        self.differences.extend(edit.differences.into_iter().map(|difference| (moving, difference)));
        Ok(())
    }

    fn remove(&mut self, pair: Pair) -> Result<(), Fault> {
        let fault = slot::anchor(self.tree, pair.value).or_else(|| slot::placeholder(self.tree, pair.value));
        if let Some(fault) = fault {
            return Err(fault);
        }
        self.splices.push(("", remove::pair(self.tree, self.map, pair.index)?));
        let moving = Order::Moving(std::cmp::Reverse(pair.index), Moving::Remove);
        self.differences.push((moving, Difference::Remove { at: self.below(pair.index) }));
        Ok(())
    }

    fn edit(mut self, told: &'static str) -> Edit {
        // What is put in where something goes comes before it.
        self.splices.sort_by_key(|(_, splice)| (splice.range.start, splice.range.end));
        self.differences.sort_by_key(|(order, _)| *order);
        let value = self.splices.iter().position(|(key, _)| *key == told).unwrap_or_default();
        Edit {
            splices: self.splices.into_iter().map(|(_, splice)| splice).collect(),
            differences: self.differences.into_iter().map(|(_, difference)| difference).collect(),
            value,
        }
    }
}
