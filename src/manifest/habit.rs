//! A file's own habits: its quotes, its indentation, its separators.

use std::ops::Range;

use super::{
    scalar,
    text::{eol_near, is_blank, line_of, line_prefix},
    tree::{Kind, NodeId, Style, Tree},
};

/// The quotes that the file uses most; double ones when it uses none.
pub(super) fn quotes(tree: &Tree<'_>) -> Style {
    let count = |wanted: Style| {
        tree.nodes().iter().filter(|n| matches!(n.kind, Kind::Scalar { style, .. } if style == wanted)).count()
    };
    if count(Style::Single) > count(Style::Double) { Style::Single } else { Style::Double }
}

/// Writes a string in this style, or in the file's quotes where the style has none and the text needs them.
pub(super) fn string(tree: &Tree<'_>, text: &str, style: Style) -> String {
    match style {
        Style::Single | Style::Double => scalar::write(text, style),
        _ if scalar::is_plain_string(text) => text.to_owned(),
        _ => scalar::write(text, quotes(tree)),
    }
}

/// The way a scalar is written, through no alias.
pub(super) fn style(tree: &Tree<'_>, id: NodeId) -> Style {
    match tree.node(id).kind {
        Kind::Scalar { style, .. } => style,
        _ => Style::Plain,
    }
}

/// Whether a collection is written in brackets or braces.
pub(super) fn is_flow(tree: &Tree<'_>, id: NodeId) -> bool {
    matches!(tree.node(id).kind, Kind::Sequence { flow: true, .. } | Kind::Mapping { flow: true, .. })
}

/// What stands before the dash of a list's item, and between the dash and the item; `None` where more stands there.
pub(super) fn dash<'t>(tree: &Tree<'t>, item: NodeId) -> Option<(&'t str, &'t str)> {
    let node = tree.node(item);
    if node.anchor.is_some() || node.tag.is_some() || node.span.is_empty() && matches!(node.kind, Kind::Scalar { .. }) {
        return None;
    }
    let (lead, gap) = line_prefix(tree.text, node.span.start).split_once('-')?;
    (is_blank(lead) && !gap.is_empty() && gap.bytes().all(|b| b == b' ')).then_some((lead, gap))
}

/// The indentation of a block map's keys.
pub(super) fn indent(tree: &Tree<'_>, map: NodeId) -> Option<String> {
    let prefixes = tree.pairs(map)?.iter().map(|(key, _)| line_prefix(tree.text, tree.node(*key).span.start));
    let mut dashed = None;
    for prefix in prefixes {
        if is_blank(prefix) {
            return Some(prefix.to_owned());
        }
        if prefix.bytes().all(|b| b == b' ' || b == b'-') && prefix.ends_with(' ') {
            dashed = dashed.or_else(|| Some(" ".repeat(prefix.len())));
        }
    }
    dashed
}

/// How far the file's lists stand to the right of their keys.
pub(super) fn list_indent(tree: &Tree<'_>, root: NodeId) -> String {
    let lists = tree.pairs(root).unwrap_or_default().iter().filter(|(_, value)| !is_flow(tree, *value));
    let mut indents = lists.filter_map(|(key, value)| {
        let first = match &tree.node(*value).kind {
            Kind::Sequence { items, .. } => items.first()?,
            _ => return None,
        };
        let (lead, _) = dash(tree, *first)?;
        lead.strip_prefix(line_prefix(tree.text, tree.node(*key).span.start)).map(str::to_owned)
    });
    indents.next().unwrap_or_default()
}

/// What stands between the element of this index and its neighbours in a flow collection.
pub(super) fn separator(text: &str, elements: &[Range<usize>], index: usize) -> String {
    let comma = |pair: &[Range<usize>]| {
        let between = text.get(pair[0].end..pair[1].start)?;
        let blank = between.strip_prefix(',')?;
        blank.chars().all(|c| c.is_ascii_whitespace()).then(|| between.to_owned())
    };
    if let Some(found) = elements.windows(2).nth(index.saturating_sub(1)).and_then(comma) {
        return found;
    }
    let Some(element) = elements.get(index) else { return ", ".to_owned() };
    let prefix = line_prefix(text, element.start);
    if is_blank(prefix) && line_of(text, element.start) > 1 {
        return format!(",{}{prefix}", eol_near(text, element.start));
    }
    ", ".to_owned()
}

/// The bytes of a pair, from its key to the end of its value.
pub(super) fn pair_span(tree: &Tree<'_>, (key, value): (NodeId, NodeId)) -> Range<usize> {
    let start = tree.node(key).span.start;
    let node = tree.node(value);
    if !matches!(node.kind, Kind::Scalar { style: Style::Empty, .. }) {
        return start..end(tree, value);
    }
    start..after_colon(tree, key).unwrap_or(tree.node(key).span.end).max(node.span.end)
}

/// Where the colon behind a key ends, when it has one.
pub(super) fn after_colon(tree: &Tree<'_>, key: NodeId) -> Option<usize> {
    let end = tree.node(key).span.end;
    let rest = tree.text.get(end..)?;
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest[blank..].starts_with(':').then_some(end + blank + 1)
}

/// Where a node's text ends. A block scalar's text ends on the line after it, or at the end of the text.
pub(super) fn end(tree: &Tree<'_>, id: NodeId) -> usize {
    let node = tree.node(id);
    match &node.kind {
        Kind::Mapping { pairs, flow: false } => pairs.last().map_or(node.span.end, |pair| pair_span(tree, *pair).end),
        Kind::Sequence { items, flow: false } => items.last().map_or(node.span.end, |item| end(tree, *item)),
        _ => node.span.end,
    }
}
