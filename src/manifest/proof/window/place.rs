//! Where the window of an edit is: the innermost lines of a block collection that hold all splices.

use std::ops::Range;

use super::{SENTINEL, STUB};
use crate::manifest::{
    habit,
    proof::{Asked, Path, Reading, reading},
    text::{Splice, line_prefix, line_start},
    tree::{Document, Kind, NodeId, Style, Tree},
};

/// A window: some elements of a block collection with their lines.
#[derive(Debug)]
pub(super) struct Place {
    /// The collection.
    collection: NodeId,
    /// The way to it.
    pub(super) path: Path,
    /// The indices of its elements in the window.
    pub(super) elements: Range<usize>,
    /// The window's bytes: whole lines, the last one perhaps without an end.
    pub(super) range: Range<usize>,
    /// Whether nothing follows.
    pub(super) at_end: bool,
    /// Whether it is a list whose dashes stand in the column of its key.
    pub(super) below_key: bool,
    /// Whether it is a list, not a map.
    list: bool,
    /// The column of its keys or dashes.
    column: usize,
}

impl Place {
    /// The smallest window that holds all splices and differences; `None` where there is none but the whole text.
    pub(super) fn of(tree: &Tree<'_>, splices: &[Splice], asked: &Asked) -> Option<Self> {
        let (start, end) = (splices.first()?.range.start, splices.last()?.range.end);
        let Document { root, end: mut limit } = *tree.documents().get(asked.document)?;
        if limit < tree.text.len() && !tree.text[..limit].ends_with('\n') {
            return None;
        }
        let (mut collection, mut path) = (root?, vec![]);
        let (mut key_column, mut found) = (None, None);
        while let Some(level) = Level::of(tree, collection)
            && let Some((elements, guard)) = level.holding(start, end)
        {
            if elements.end < level.len() {
                let Some(next) = level.guard(elements.end).filter(|next| next.column == guard.column) else { break };
                limit = next.line;
            }
            if end > limit {
                break;
            }
            let only = (elements.len() == 1).then(|| (elements.start, level.value(elements.start)));
            found = Some(Self {
                collection,
                path: path.clone(),
                elements,
                range: guard.line..limit,
                at_end: limit == tree.text.len(),
                below_key: level.list() && key_column == Some(guard.column),
                list: level.list(),
                column: guard.column,
            });
            let Some((index, value)) = only else { break };
            path.push(index);
            if !asked.differences.iter().all(|difference| difference.is_below(&path)) {
                break;
            }
            key_column = (!level.list()).then_some(guard.column);
            collection = value;
        }
        found.filter(|place| place.range.len() < tree.text.len())
    }

    /// The window's text between the lines that stand for what is around it.
    pub(super) fn frame(&self, window: &str) -> String {
        let spaces = " ".repeat(self.column);
        let stub = if self.below_key { format!("{spaces}{STUB}:\n") } else { String::new() };
        let sentinel = match (self.at_end, self.list) {
            (true, _) => String::new(),
            (false, true) => format!("{spaces}- {SENTINEL}\n"),
            (false, false) => format!("{spaces}{SENTINEL}:\n"),
        };
        [&stub, window, &sentinel].concat()
    }

    /// What the tree's parser is to see in the framed window, before the edit.
    pub(super) fn expected(&self, tree: &Tree<'_>) -> Reading {
        let read = |id: NodeId| reading::of_node(tree, &[], id);
        let sentinel = (!self.at_end).then(|| Reading::string(SENTINEL));
        let inner = if self.list {
            let items = tree.items(self.collection).unwrap_or_default()[self.elements.clone()].iter();
            Reading::List(items.map(|item| read(*item)).chain(sentinel).collect())
        } else {
            let pairs = tree.pairs(self.collection).unwrap_or_default()[self.elements.clone()].iter();
            let sentinel = sentinel.map(|sentinel| (sentinel, Reading::null()));
            Reading::Map(pairs.map(|(key, value)| (read(*key), read(*value))).chain(sentinel).collect())
        };
        if self.below_key { Reading::Map(vec![(Reading::string(STUB), inner)]) } else { inner }
    }

    /// Whether a reader sees in the framed window, before the edit, one document with as many elements, and the sentinel
    /// as the last one.
    pub(super) fn holds(&self, seen: &[Reading]) -> bool {
        let [seen] = seen else { return false };
        let inner = match seen {
            Reading::Map(pairs) if self.below_key => match pairs.as_slice() {
                [(key, inner)] if *key == Reading::string(STUB) => inner,
                _ => return false,
            },
            _ if self.below_key => return false,
            inner => inner,
        };
        let (length, last) = match (inner, self.list) {
            (Reading::List(items), true) => (items.len(), items.last()),
            (Reading::Map(pairs), false) => (pairs.len(), pairs.last().map(|(key, _)| key)),
            _ => return false,
        };
        let sentinel = self.at_end || last == Some(&Reading::string(SENTINEL));
        sentinel && length == self.elements.len() + usize::from(!self.at_end)
    }

    /// Whether the map has this key outside the window, or may have it.
    pub(super) fn has_outside(&self, tree: &Tree<'_>, key: &Reading) -> bool {
        let Reading::Scalar { text, .. } = key else { return true };
        let pairs = tree.pairs(self.collection).unwrap_or_default().iter().enumerate();
        let mut outside = pairs.filter(|(index, _)| !self.elements.contains(index));
        outside.any(|(_, (key, _))| tree.scalar(*key).is_some_and(|other| other == text))
    }
}

/// A block collection around the splices.
struct Level<'t> {
    tree: &'t Tree<'t>,
    elements: Elements<'t>,
}

enum Elements<'t> {
    Items(&'t [NodeId]),
    Pairs(&'t [(NodeId, NodeId)]),
}

/// The bytes at the start of an element that an edit in its window leaves alone.
struct Guard {
    /// Where its line starts.
    line: usize,
    /// The column of the key or of the dash.
    column: usize,
    /// Where they end: behind the colon, or behind the space after the dash.
    end: usize,
}

impl<'t> Level<'t> {
    /// A block collection that isn't empty.
    fn of(tree: &'t Tree<'_>, id: NodeId) -> Option<Self> {
        let elements = match &tree.node(id).kind {
            Kind::Sequence { items, flow: false } if !items.is_empty() => Elements::Items(items),
            Kind::Mapping { pairs, flow: false } if !pairs.is_empty() => Elements::Pairs(pairs),
            _ => return None,
        };
        Some(Self { tree, elements })
    }

    fn list(&self) -> bool {
        matches!(self.elements, Elements::Items(_))
    }

    fn len(&self) -> usize {
        match self.elements {
            Elements::Items(items) => items.len(),
            Elements::Pairs(pairs) => pairs.len(),
        }
    }

    fn value(&self, index: usize) -> NodeId {
        match self.elements {
            Elements::Items(items) => items[index],
            Elements::Pairs(pairs) => pairs[index].1,
        }
    }

    /// The item or the key.
    fn head(&self, index: usize) -> NodeId {
        match self.elements {
            Elements::Items(items) => items[index],
            Elements::Pairs(pairs) => pairs[index].0,
        }
    }

    /// The elements on whose lines these bytes stand, and the guard of the first.
    fn holding(&self, start: usize, end: usize) -> Option<(Range<usize>, Guard)> {
        let before = |offset: usize| {
            self.partition(|index| line_start(self.tree.text, self.tree.node(self.head(index)).span.start) < offset)
        };
        let last = before(end).max(1);
        let first = before(start).checked_sub(1)?;
        // Where an element's key is to be another one, its line belongs to the element before.
        let candidates = [Some(first), first.checked_sub(1)].into_iter().flatten();
        let mut guards = candidates.filter_map(|first| Some((first, self.guard(first)?)));
        let (first, guard) = guards.find(|(_, guard)| guard.end <= start)?;
        Some((first..last.max(first + 1), guard))
    }

    /// How many elements from the first on have a property.
    fn partition(&self, has: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if has(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The guard of an element; `None` where it doesn't start a line.
    fn guard(&self, index: usize) -> Option<Guard> {
        let head = self.head(index);
        let node = self.tree.node(head);
        let prefix = line_prefix(self.tree.text, node.span.start);
        let line = node.span.start - prefix.len();
        if self.list() {
            // The dash of an item on a line of its own stands further up.
            let (lead, _) = habit::dash(self.tree, head)?;
            let here = prefix.as_bytes().get(lead.len()) == Some(&b'-');
            return here.then(|| Guard { line, column: lead.len(), end: line + lead.len() + "- ".len() });
        }
        let one_line = matches!(node.kind, Kind::Scalar { style: Style::Plain | Style::Single | Style::Double, .. })
            && !self.tree.text[node.span.clone()].contains('\n');
        let alone = one_line && prefix.bytes().all(|b| b == b' ');
        let end = habit::after_colon(self.tree, head).filter(|_| alone)?;
        Some(Guard { line, column: prefix.len(), end })
    }
}
