//! The splice that takes a pair out of a map with all its bytes and nothing else.

use super::{
    Fault, habit, insert,
    text::{Splice, eol_at, is_blank, line_end, line_prefix, line_start, previous_line_end},
    tree::{NodeId, Tree},
};

/// Takes a pair out: its whole line in a block map, its part of the line in a flow map.
///
/// # Errors
/// A fault where a comment stands on its line, or where it has more than one line.
pub(super) fn pair(tree: &Tree<'_>, map: NodeId, index: usize) -> Result<Splice, Fault> {
    let pairs = tree.pairs(map).unwrap_or_default();
    let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
    let (Some((key, _)), Some(span)) = (pairs.get(index), spans.get(index)) else {
        return Err(insert::refuse(tree, map, "the key to be removed is gone"));
    };
    let text = tree.text;
    let previous = index.checked_sub(1).map(|i| spans[i].end);
    let next = spans.get(index + 1).map(|next| next.start);
    let range = if habit::is_flow(tree, map) {
        let comma = |between: &str| between.trim_ascii() == ",";
        match (previous, next) {
            (Some(previous), _) if comma(&text[previous..span.start]) => Some(previous..span.end),
            (None, Some(next)) if comma(&text[span.end..next]) => Some(span.start..next),
            _ => None,
        }
    } else {
        let (start, end) = (line_start(text, span.start), line_end(text, span.end));
        let whole = is_blank(&text[span.end..end]) && line_end(text, span.start) == end;
        let eol = eol_at(text, end).len();
        match next {
            _ if !whole => None,
            _ if is_blank(line_prefix(text, span.start)) && eol > 0 => Some(start..end + eol),
            _ if is_blank(line_prefix(text, span.start)) && start > 0 => Some(previous_line_end(text, start)..end),
            // The first key of `- key: value`: the next one takes its place.
            Some(next) if line_start(text, next) == end + eol => Some(span.start..next),
            _ => None,
        }
    };
    let range = range.ok_or_else(|| {
        let key = tree.scalar(*key).unwrap_or_default();
        insert::refuse(tree, pairs[index].0, &format!("`{key}` must go, but more than it stands on its line"))
    })?;
    Ok(Splice { range, with: String::new() })
}
