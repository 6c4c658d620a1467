//! The splice that takes a pair out of a map with all its bytes and nothing else: comments stay.

use super::{
    Fault, habit, insert,
    text::{Splice, eol_at, is_blank, line_end, line_prefix, line_start, previous_line_end},
    tree::{NodeId, Tree},
};

/// Takes a pair out: its lines in a block map, its part of the line in a flow map. A comment at the end of its line stays
/// where it is, on a line of its own.
///
/// # Errors
/// A fault where something else stands on its lines.
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
        let eol = eol_at(text, end).len();
        let rest = text[span.end..end].trim_start_matches([' ', '\t']);
        let own_line = is_blank(line_prefix(text, span.start));
        match next {
            // Comments between the lines of the pair.
            _ if text[span.clone()].contains('#') => None,
            // A comment behind it.
            _ if rest.starts_with('#') && rest.len() < end - span.end => Some(span.start..end - rest.len()),
            _ if !rest.is_empty() => None,
            _ if own_line && eol > 0 => Some(start..end + eol),
            _ if own_line && start > 0 => Some(previous_line_end(text, start)..end),
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
