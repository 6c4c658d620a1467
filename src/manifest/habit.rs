//! A file's own habits: its quotes, its indentation, its separators.

use std::ops::Range;

use super::{
    scalar,
    text::{eol_at, eol_near, is_blank, line_end, line_of, line_prefix, line_start},
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

/// What stands before the dash of a list's item, and between the dash and the item; `None` where more stands there. One space
/// stands for a line end.
pub(super) fn dash<'t>(tree: &Tree<'t>, item: NodeId) -> Option<(&'t str, &'t str)> {
    let node = tree.node(item);
    if node.anchor.is_some() || node.tag.is_some() || node.span.is_empty() && matches!(node.kind, Kind::Scalar { .. }) {
        return None;
    }
    let prefix = line_prefix(tree.text, node.span.start);
    if is_blank(prefix) {
        let before = tree.text[..node.span.start].trim_ascii_end();
        let lead = before.ends_with('-').then(|| line_prefix(tree.text, before.len() - 1))?;
        return is_blank(lead).then_some((lead, " "));
    }
    let (lead, gap) = prefix.split_once('-')?;
    (is_blank(lead) && !gap.is_empty() && gap.bytes().all(|b| b == b' ')).then_some((lead, gap))
}

/// Where the comments end that stand directly below this offset and to the right of this column: they belong to what ends
/// there. The offset itself where there are none.
pub(super) fn past_own_comments(text: &str, end: usize, column: usize) -> usize {
    let mut last = end;
    let mut next = match is_blank(line_prefix(text, end)) {
        true => line_start(text, end),
        false => line_end(text, end) + eol_at(text, line_end(text, end)).len(),
    };
    while next < text.len() {
        let line = &text[next..line_end(text, next)];
        let comment = line.trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() <= column {
            break;
        }
        last = next + line.len();
        next = last + eol_at(text, last).len();
    }
    last
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

/// How far the file's lists stand to the right of their keys: those of this map, or else the first one of the file.
pub(super) fn list_indent(tree: &Tree<'_>, map: NodeId) -> String {
    let indent = |(key, value): &(NodeId, NodeId)| {
        let first = match &tree.node(*value).kind {
            Kind::Sequence { items, flow: false } => items.first()?,
            _ => return None,
        };
        let (lead, _) = dash(tree, *first)?;
        key_lead(tree, *key).and_then(|key| lead.strip_prefix(&key)).map(str::to_owned)
    };
    let own = tree.pairs(map).unwrap_or_default().iter().find_map(indent);
    own.or_else(|| block_pairs(tree).find_map(indent)).unwrap_or_default()
}

/// How far the file's maps stand to the right of their keys.
pub(super) fn map_indent(tree: &Tree<'_>) -> String {
    let mut indents = block_pairs(tree).filter_map(|(key, value)| {
        let inner = match &tree.node(*value).kind {
            Kind::Mapping { pairs, flow: false } => line_prefix(tree.text, tree.node(pairs.first()?.0).span.start),
            _ => return None,
        };
        let step = inner.strip_prefix(&key_lead(tree, *key)?)?;
        (!step.is_empty() && is_blank(step)).then(|| step.to_owned())
    });
    indents.next().unwrap_or_else(|| "  ".to_owned())
}

/// The pairs of all block maps.
fn block_pairs<'t>(tree: &'t Tree<'_>) -> impl Iterator<Item = &'t (NodeId, NodeId)> {
    tree.nodes().iter().flat_map(|node| match &node.kind {
        Kind::Mapping { pairs, flow: false } => pairs.as_slice(),
        _ => &[],
    })
}

/// The column of a key as spaces, where nothing but dashes stands before it.
fn key_lead(tree: &Tree<'_>, key: NodeId) -> Option<String> {
    let prefix = line_prefix(tree.text, tree.node(key).span.start);
    prefix.bytes().all(|b| b == b' ' || b == b'-').then(|| " ".repeat(prefix.len()))
}

/// Whether most of a file's sections, which are the pairs of its root with a list or a map, have a blank line before them.
pub(super) fn sections_stand_apart(tree: &Tree<'_>, root: NodeId) -> bool {
    let pairs = tree.pairs(root).unwrap_or_default();
    let sections = pairs.windows(2).filter(|pair| tree.scalar(pair[1].1).is_none());
    let (mut apart, mut close) = (0_usize, 0_usize);
    for pair in sections {
        let between = pair_span(tree, pair[0]).end..tree.node(pair[1].0).span.start;
        // Of a line that holds both ends there is nothing between.
        let mut lines = tree.text.get(between).unwrap_or_default().lines().skip(1);
        match lines.any(is_blank) {
            true => apart += 1,
            false => close += 1,
        }
    }
    apart > close
}

/// Whether the line before this offset is blank.
pub(super) fn ends_blank(text: &str, end: usize) -> bool {
    let before = &text[..end];
    before.lines().next_back().is_some_and(is_blank)
}

/// The quotes that a list's items have around their values of this key, or around themselves where they are scalars. A key
/// that none of them has is quoted where all values of the last one are.
pub(super) fn sibling_style(tree: &Tree<'_>, items: &[NodeId], key: &str) -> Style {
    let quoted = |value: &NodeId| matches!(style(tree, *value), Style::Single | Style::Double);
    let value = |item: &NodeId| if key.is_empty() { Some(*item) } else { tree.get(*item, key) };
    let mut values = items.iter().rev().filter_map(value).filter(|value| !tree.is_null(*value)).peekable();
    if values.peek().is_some() {
        return values.find(quoted).map_or(Style::Plain, |value| style(tree, value));
    }
    let last = items.iter().rev().find_map(|item| tree.pairs(*item)).unwrap_or_default();
    match last.iter().all(|(_, value)| quoted(value)) {
        true => last.first().map_or(Style::Plain, |(_, value)| style(tree, *value)),
        false => Style::Plain,
    }
}

/// Whether a collection in braces or brackets is written as JSON: its keys stand in double quotes.
pub(super) fn is_json(tree: &Tree<'_>, id: NodeId) -> bool {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        match &tree.node(id).kind {
            Kind::Mapping { pairs, flow: true } if !pairs.is_empty() => {
                return pairs.iter().all(|(key, _)| style(tree, *key) == Style::Double);
            }
            Kind::Sequence { items, flow: true } => open.extend(items.iter().rev()),
            _ => {}
        }
    }
    false
}

/// How maps in braces are spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    /// What stands after the opening brace.
    pub(super) open: String,
    /// What stands between a key and its value.
    pub(super) colon: String,
    /// What stands between pairs.
    pub(super) comma: String,
    /// What stands before the closing brace.
    pub(super) close: String,
    /// The quotes of keys.
    pub(super) keys: Style,
}

impl Default for Flow {
    fn default() -> Self {
        let owned = str::to_owned;
        Self { open: owned(""), colon: owned(": "), comma: owned(", "), close: owned(""), keys: Style::Plain }
    }
}

impl Flow {
    /// The spacing of a map in braces, as far as it has one and no comments.
    pub(super) fn of(tree: &Tree<'_>, sibling: Option<NodeId>) -> Self {
        Self::read(tree, sibling).unwrap_or_default()
    }

    fn read(tree: &Tree<'_>, sibling: Option<NodeId>) -> Option<Self> {
        let id = sibling.filter(|id| is_flow(tree, *id))?;
        let pairs = tree.pairs(id)?;
        let (span, spans) = (&tree.node(id).span, pairs.iter().map(|pair| pair_span(tree, *pair)));
        let spans: Vec<_> = spans.collect();
        let (first, last) = (spans.first()?, spans.last()?);
        let text = |range: Range<usize>| tree.text.get(range).unwrap_or_default();
        let blank = |text: &str| text.chars().all(|c| c.is_ascii_whitespace()).then(|| text.to_owned());
        let open = blank(text(span.start + 1..first.start))?;
        // A comma after the last pair isn't asked for.
        let close = text(last.end..span.end.checked_sub(1)?);
        let close = blank(close.strip_prefix(',').unwrap_or(close))?;
        let comma = spans.windows(2).map(|pair| text(pair[0].end..pair[1].start)).find(|between| {
            between.strip_prefix(',').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_whitespace()))
        });
        let keys = style(tree, pairs.first()?.0);
        let colon = pairs.iter().map(|(key, value)| text(tree.node(*key).span.end..tree.node(*value).span.start));
        // Only a quoted key can do without the space.
        let mut colons = colon.filter(|colon| *colon == ": " || *colon == ":" && keys == Style::Double);
        let colon = colons.next().unwrap_or(": ").to_owned();
        let comma = match comma {
            Some(comma) => comma.to_owned(),
            None if !is_blank(&open) => format!(",{open}"),
            None if colon == ":" => ",".to_owned(),
            None => ", ".to_owned(),
        };
        Some(Self { open, colon, comma, close, keys })
    }

    /// The same on one line.
    pub(super) fn on_one_line(self) -> Self {
        let Self { open, comma, close, .. } = &self;
        if is_blank(open) && is_blank(close) && !comma.contains(['\n', '\r']) {
            return self;
        }
        let comma = if self.colon == ":" { "," } else { ", " };
        Self { open: String::new(), comma: comma.to_owned(), close: String::new(), ..self }
    }

    /// The same as JSON where this is asked for.
    pub(super) fn or_json(self, json: bool) -> Self {
        if json { Self { keys: Style::Double, ..self } } else { self }
    }

    /// Whether the keys stand in double quotes, so that the values must as well.
    pub(super) fn is_json(&self) -> bool {
        self.keys == Style::Double
    }
}

/// What stands between the element of this index and its neighbours in a flow collection; a lone element on a line is
/// followed as in `{"a":1,"b":2}` where its map is written without spaces.
pub(super) fn separator_like(text: &str, elements: &[Range<usize>], index: usize, flow: &Flow) -> String {
    let separator = separator(text, elements, index);
    if elements.len() == 1 && separator == ", " && flow.colon == ":" { ",".to_owned() } else { separator }
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
