//! Splices that put something in that wasn't there, in the file's own style.

use super::{
    Fault, habit,
    proof::{Difference, Path, Reading},
    text::{Splice, eol_at, eol_near, is_blank, line_end, line_of, line_prefix, line_start, previous_line_end},
    tree::{Kind, Node, NodeId, Style, Tree},
};
use crate::domain::plan::UnsafeEdit;

/// Splices with what they are to make different.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// The splices, in order.
    pub(super) splices: Vec<Splice>,
    /// The asked-for differences.
    pub(super) differences: Vec<Difference>,
    /// The index of the splice that brings the value.
    pub(super) value: usize,
}

/// A value to be set: how it reads, and how it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    /// A string, quoted where it has to be.
    String(&'v str),
    /// A number, never quoted.
    Number(u32),
}

impl Value<'_> {
    /// The value as a reader is to see it.
    pub(super) fn reading(&self) -> Reading {
        match self {
            Self::String(text) => Reading::string(text),
            Self::Number(number) => Reading::number(*number),
        }
    }

    /// The value itself, without quotes.
    pub(super) fn text(&self) -> String {
        match self {
            Self::String(text) => (*text).to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }

    /// The value's text in the file, in this style.
    pub(super) fn write(&self, tree: &Tree<'_>, style: Style) -> String {
        match self {
            Self::String(text) => habit::string(tree, text, style),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Something that isn't there yet.
#[derive(Debug, Clone)]
pub(super) enum New<'n> {
    /// A scalar.
    Scalar(Value<'n>),
    /// A list.
    List(Vec<New<'n>>),
    /// A map with its keys in order.
    Map(Vec<(&'n str, New<'n>)>),
}

impl New<'_> {
    fn reading(&self) -> Reading {
        match self {
            Self::Scalar(value) => value.reading(),
            Self::List(items) => Reading::List(items.iter().map(Self::reading).collect()),
            Self::Map(pairs) => {
                Reading::Map(pairs.iter().map(|(key, value)| (Reading::string(key), value.reading())).collect())
            }
        }
    }

    /// The text in brackets and braces, which are spaced like a sibling's. `styles` tells the quotes of the values by key.
    fn write_flow(&self, tree: &Tree<'_>, flow: &habit::Flow, styles: Styles<'_>) -> String {
        self.write_flow_under(tree, flow, "", styles)
    }

    fn write_flow_under(&self, tree: &Tree<'_>, flow: &habit::Flow, key: &str, styles: Styles<'_>) -> String {
        match self {
            Self::Scalar(value) => value.write(tree, if flow.is_json() { Style::Double } else { styles(key) }),
            Self::List(items) => {
                let items = items.iter().map(|item| item.write_flow_under(tree, flow, key, styles));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            Self::Map(pairs) => {
                let pair = |(key, value): &(&str, New<'_>)| {
                    let value = value.write_flow_under(tree, flow, key, styles);
                    format!("{}{}{value}", habit::string(tree, key, flow.keys), flow.colon)
                };
                let pairs = pairs.iter().map(pair).collect::<Vec<_>>().join(&flow.comma);
                format!("{{{}{pairs}{}}}", flow.open, flow.close)
            }
        }
    }

    /// The lines of a pair of this key and value in a block map.
    fn write_pair(&self, tree: &Tree<'_>, block: &Block<'_>, lead: &str, (key, style): (&str, Style)) -> Vec<String> {
        let written = habit::string(tree, key, style);
        let mut lines = vec![format!("{lead}{written}:")];
        match self {
            Self::Scalar(value) => {
                lines = vec![format!("{lead}{written}: {}", value.write(tree, (block.styles)(key)))];
            }
            Self::List(items) => {
                let lead = format!("{lead}{}", block.list);
                for item in items {
                    lines.extend(item.write_item(tree, block, &lead, (key, style)));
                }
            }
            Self::Map(pairs) => {
                let lead = format!("{lead}{}", block.map);
                for (key, value) in pairs {
                    lines.extend(value.write_pair(tree, block, &lead, (key, style)));
                }
            }
        }
        lines
    }

    /// The lines of an item of a block list; `lead` is what stands before the dash.
    fn write_item(&self, tree: &Tree<'_>, block: &Block<'_>, lead: &str, (key, style): (&str, Style)) -> Vec<String> {
        let gap = block.gap;
        let inner = format!("{lead} {}", " ".repeat(gap.len()));
        let mut lines = match self {
            Self::Scalar(value) => return vec![format!("{lead}-{gap}{}", value.write(tree, (block.styles)(key)))],
            Self::List(items) => {
                items.iter().flat_map(|item| item.write_item(tree, block, &inner, (key, style))).collect::<Vec<_>>()
            }
            Self::Map(pairs) => {
                pairs.iter().flat_map(|(key, value)| value.write_pair(tree, block, &inner, (key, style))).collect()
            }
        };
        if let Some(first) = lines.first_mut() {
            first.replace_range(..inner.len(), &format!("{lead}-{gap}"));
        }
        lines
    }
}

/// The quotes of a value, by its key.
pub(super) type Styles<'s> = &'s dyn Fn(&str) -> Style;

/// How new blocks are written.
struct Block<'b> {
    /// How far a list stands to the right of its key.
    list: String,
    /// How far a map does.
    map: String,
    /// What stands between a dash and its item.
    gap: &'b str,
    /// The quotes of values.
    styles: Styles<'b>,
}

impl<'b> Block<'b> {
    fn of(tree: &Tree<'_>, map: NodeId, styles: Styles<'b>) -> Self {
        Self { list: habit::list_indent(tree, map), map: habit::map_indent(tree), gap: " ", styles }
    }
}

/// Puts a pair into a map, after the pair of index `after`.
pub(super) fn pair(
    tree: &Tree<'_>,
    (map, path): (NodeId, &[usize]),
    after: usize,
    key: &str,
    value: Value<'_>,
    style: Style,
) -> Result<Edit, Fault> {
    any_pair(tree, (map, path), after, key, &New::Scalar(value), &|_| style)
}

/// Puts a pair of any value into a map, after the pair of index `after`.
pub(super) fn any_pair(
    tree: &Tree<'_>,
    (map, path): (NodeId, &[usize]),
    after: usize,
    key: &str,
    value: &New<'_>,
    styles: Styles<'_>,
) -> Result<Edit, Fault> {
    let pairs = tree.pairs(map).unwrap_or_default();
    let Some((after_key, _)) = pairs.get(after) else { return Err(refuse(tree, map, "the entry is empty")) };
    let quoted = habit::style(tree, *after_key);
    let at: Path = path.iter().copied().chain([after + 1]).collect();
    let difference = Difference::Insert { at, key: Some(Reading::string(key)), value: value.reading() };

    let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
    let splice = if habit::is_flow(tree, map) {
        let flow = habit::Flow::of(tree, Some(map)).on_one_line();
        let separator = habit::separator_like(tree.text, &spans, after, &flow);
        let (key, value) = (habit::string(tree, key, quoted), value.write_flow_under(tree, &flow, key, styles));
        Splice::insert(spans[after].end, format!("{separator}{key}{}{value}", flow.colon))
    } else {
        let indent = habit::indent(tree, map).ok_or_else(|| refuse(tree, map, "the entry's indentation is unclear"))?;
        let block = Block::of(tree, map, styles);
        lines(tree.text, spans[after].end, &value.write_pair(tree, &block, &indent, (key, quoted)))
    };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
}

/// Puts an entry at the end of a list that has some.
pub(super) fn item(tree: &Tree<'_>, (list, path): (NodeId, &[usize]), new: &New<'_>) -> Result<Edit, Fault> {
    let items = tree.items(list).unwrap_or_default();
    let Some(last) = items.last() else { return Err(refuse(tree, list, "the list is empty")) };
    let braces = items.iter().rev().copied().find(|item| habit::is_flow(tree, *item) && tree.pairs(*item).is_some());
    let end = habit::end(tree, *last);
    let styles = |key: &str| habit::sibling_style(tree, items, key);
    let splice = if habit::is_flow(tree, list) {
        let spans: Vec<_> = items.iter().map(|item| tree.node(*item).span.clone()).collect();
        let like = habit::Flow::of(tree, braces).or_json(habit::is_json(tree, list));
        let separator = habit::separator_like(tree.text, &spans, items.len() - 1, &like);
        let flow = new.write_flow(tree, &like, &styles);
        Splice::insert(end, format!("{separator}{flow}"))
    } else {
        let dashed = items.iter().rev().find_map(|item| habit::dash(tree, *item).map(|dash| (*item, dash)));
        let (item, (lead, gap)) = dashed.ok_or_else(|| refuse(tree, list, "the list's indentation is unclear"))?;
        let end = habit::past_own_comments(tree.text, end, lead.len());
        if matches!(new, New::Map(_)) && habit::is_flow(tree, item) {
            let flow = new.write_flow(tree, &habit::Flow::of(tree, Some(item)), &styles);
            lines(tree.text, end, &[format!("{lead}-{gap}{flow}")])
        } else {
            let keys = tree.pairs(item).and_then(|pairs| pairs.first()).map(|(key, _)| habit::style(tree, *key));
            let block = Block { gap, ..Block::of(tree, list, &styles) };
            lines(tree.text, end, &new.write_item(tree, &block, lead, ("", keys.unwrap_or(Style::Plain))))
        }
    };
    let at: Path = path.iter().copied().chain([items.len()]).collect();
    let difference = Difference::Insert { at, key: None, value: new.reading() };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
}

/// Writes a list or a map where a pair has an empty value, `null`, `[]` or `{}`.
pub(super) fn fill(
    tree: &Tree<'_>,
    (map, path): (NodeId, &[usize]),
    (index, key, value): (usize, NodeId, NodeId),
    new: &New<'_>,
) -> Result<Edit, Fault> {
    let (text, node) = (tree.text, tree.node(value));
    if node.anchor.is_some() || node.tag.is_some() {
        return Err(refuse(tree, value, "the empty section has an anchor or a tag"));
    }
    let colon = habit::after_colon(tree, key).ok_or_else(|| refuse(tree, key, "the section's key has no colon"))?;
    let written = !node.span.is_empty();
    let end = if written { node.span.end } else { colon };
    let line_end = line_end(text, end);
    let lead = line_prefix(text, tree.node(key).span.start);
    let own_line = is_blank(lead) && line_of(text, colon) == line_of(text, end) && !habit::is_flow(tree, map);
    let at: Path = path.iter().copied().chain([index]).collect();
    let difference = Difference::Set { at, value: new.reading() };

    let mut splices = vec![];
    if own_line && (!written || is_blank(&text[end..line_end])) {
        if written {
            splices.push(Splice { range: colon..end, with: String::new() });
        }
        let block = Block::of(tree, map, &|_| Style::Plain);
        let style = habit::style(tree, key);
        // The line of the key itself is there.
        let with_key = new.write_pair(tree, &block, lead, ("", style));
        splices.push(lines(text, end, &with_key[1..]));
    } else {
        let flow = habit::Flow::default().or_json(habit::style(tree, key) == Style::Double);
        let flow = new.write_flow(tree, &flow, &|_| Style::Plain);
        let range = if written { node.span.clone() } else { colon..colon };
        splices.push(Splice { range, with: if written { flow } else { format!(" {flow}") } });
    }
    let value = splices.len() - 1;
    Ok(Edit { splices, differences: vec![difference], value })
}

/// Puts a pair at the end of a document whose root is this map.
pub(super) fn at_end(tree: &Tree<'_>, root: NodeId, name: &str, new: &New<'_>, document: usize) -> Result<Edit, Fault> {
    let pairs = tree.pairs(root).unwrap_or_default();
    let Some((first, _)) = pairs.first() else { return Err(refuse(tree, root, "the file is empty")) };
    if habit::is_flow(tree, root) {
        return any_pair(tree, (root, &[]), pairs.len() - 1, name, new, &|_| Style::Plain);
    }
    let indent = habit::indent(tree, root).filter(|i| is_blank(i));
    let indent = indent.ok_or_else(|| refuse(tree, root, "the file's indentation is unclear"))?;
    let block = Block::of(tree, root, &|_| Style::Plain);
    let mut written = new.write_pair(tree, &block, &indent, (name, habit::style(tree, *first)));
    let end = tree.documents().get(document).map_or(tree.text.len(), |document| document.end);
    if habit::sections_stand_apart(tree, root) && !habit::ends_blank(tree.text, end) {
        written.insert(0, String::new());
    }
    let difference =
        Difference::Insert { at: vec![pairs.len()], key: Some(Reading::string(name)), value: new.reading() };
    Ok(Edit { splices: vec![lines(tree.text, end, &written)], differences: vec![difference], value: 0 })
}

/// New lines after the line on which something ends, or before this line where nothing stands before the offset.
pub(super) fn lines(text: &str, end: usize, lines: &[String]) -> Splice {
    if is_blank(line_prefix(text, end)) {
        let start = line_start(text, end);
        let eol = eol_near(text, previous_line_end(text, start));
        Splice::insert(start, lines.iter().flat_map(|line| [line.as_str(), eol]).collect())
    } else {
        let end = line_end(text, end);
        let eol = eol_near(text, end);
        Splice::insert(end, lines.iter().flat_map(|line| [eol, line.as_str()]).collect())
    }
}

/// Why nothing can be put below what a text ends with: a block scalar whose last line has no line end.
///
/// The readers disagree whether its text ends with one. What is put below gives it one for sure.
pub(super) fn below_open_block(tree: &Tree<'_>, splices: &[Splice]) -> Option<&'static str> {
    let end = tree.text.len();
    let below = splices.iter().any(|splice| splice.range.start == end && !eol_at(&splice.with, 0).is_empty());
    let block = |node: &Node<'_>| node.span.end == end && matches!(node.kind, Kind::Scalar { style: Style::Block, .. });
    let open = below && !tree.text.ends_with(['\n', '\r']) && tree.nodes().iter().any(block);
    open.then_some(
        "the file ends in a block text without a line end, so nothing can be put below it; a line end there helps",
    )
}

/// Refuses to put something in where its place is unclear.
pub(super) fn refuse(tree: &Tree<'_>, id: NodeId, reason: &str) -> Fault {
    Fault::not_safe(tree.position(id), UnsafeEdit::ProofFailed(reason.to_owned()))
}
