//! Splices that put something in that wasn't there, in the file's own style.

use super::{
    Fault, habit,
    proof::{Difference, Path, Reading},
    text::{Splice, eol_near, is_blank, line_end, line_of, line_prefix, line_start, previous_line_end},
    tree::{NodeId, Style, Tree},
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

/// An entry of a section: `name` and one key more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'e> {
    /// The name.
    pub(super) name: &'e str,
    /// The other key.
    pub(super) key: &'static str,
    /// Its value.
    pub(super) value: Value<'e>,
}

impl Entry<'_> {
    fn reading(&self) -> Reading {
        let name = (Reading::string("name"), Reading::string(self.name));
        Reading::Map(vec![name, (Reading::string(self.key), self.value.reading())])
    }

    /// Name and value as they are written; strings stand in the quotes of the sibling's.
    fn write(&self, tree: &Tree<'_>, name: Style, value: Style) -> (String, String) {
        (habit::string(tree, self.name, name), self.value.write(tree, value))
    }

    /// The entry in braces, like its sibling where that has the same keys and no comments.
    fn write_flow(&self, tree: &Tree<'_>, sibling: Option<NodeId>, json: bool) -> String {
        let pairs = sibling.and_then(|id| tree.pairs(id)).unwrap_or_default();
        if let (Some(sibling), [(name_key, name), (key, value)]) = (sibling, pairs) {
            let span = tree.node(sibling).span.clone();
            let (name_at, value_at) = (tree.node(*name).span.clone(), tree.node(*value).span.clone());
            let same = tree.scalar(*name_key) == Some("name") && tree.scalar(*key) == Some(self.key);
            if same && !name_at.is_empty() && !value_at.is_empty() && !tree.text[span.clone()].contains('#') {
                let (name, value) = self.write(tree, habit::style(tree, *name), habit::style(tree, *value));
                let text = tree.text;
                return [
                    &text[span.start..name_at.start],
                    &name,
                    &text[name_at.end..value_at.start],
                    &value,
                    &text[value_at.end..span.end],
                ]
                .concat();
            }
        }
        let style = if json { Style::Double } else { Style::Plain };
        let (name, value) = self.write(tree, style, style);
        let quote = if json { "\"" } else { "" };
        format!("{{{quote}name{quote}: {name}, {quote}{}{quote}: {value}}}", self.key)
    }

    /// The entry on two lines, the first after a dash; `lead` is what stands before the dash and `gap` after it.
    fn write_block(&self, tree: &Tree<'_>, lead: &str, gap: &str, styles: (Style, Style)) -> Vec<String> {
        let (name, value) = self.write(tree, styles.0, styles.1);
        let spaces = " ".repeat(gap.len());
        vec![format!("{lead}-{gap}name: {name}"), format!("{lead} {spaces}{}: {value}", self.key)]
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
    let pairs = tree.pairs(map).unwrap_or_default();
    let Some((after_key, _)) = pairs.get(after) else { return Err(refuse(tree, map, "the entry is empty")) };
    let quoted = habit::style(tree, *after_key);
    let json = habit::is_flow(tree, map) && quoted == Style::Double;
    let style = if json { Style::Double } else { style };
    let (key_text, value_text) = (habit::string(tree, key, quoted), value.write(tree, style));
    let at: Path = path.iter().copied().chain([after + 1]).collect();
    let difference = Difference::Insert { at, key: Some(Reading::string(key)), value: value.reading() };

    let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
    let splice = if habit::is_flow(tree, map) {
        let separator = habit::separator(tree.text, &spans, after);
        Splice::insert(spans[after].end, format!("{separator}{key_text}: {value_text}"))
    } else {
        let indent = habit::indent(tree, map).ok_or_else(|| refuse(tree, map, "the entry's indentation is unclear"))?;
        lines(tree.text, spans[after].end, &[format!("{indent}{key_text}: {value_text}")])
    };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
}

/// Puts an entry at the end of a list that has some.
pub(super) fn item(tree: &Tree<'_>, (list, path): (NodeId, &[usize]), entry: &Entry<'_>) -> Result<Edit, Fault> {
    let items = tree.items(list).unwrap_or_default();
    let Some(last) = items.last() else { return Err(refuse(tree, list, "the list is empty")) };
    let sibling = items.iter().rev().find(|item| habit::is_flow(tree, **item) && tree.pairs(**item).is_some());
    let end = habit::end(tree, *last);
    let splice = if habit::is_flow(tree, list) {
        let spans: Vec<_> = items.iter().map(|item| tree.node(*item).span.clone()).collect();
        let separator = habit::separator(tree.text, &spans, items.len() - 1);
        let json = sibling.and_then(|s| tree.pairs(*s)?.first().map(|(k, _)| habit::style(tree, *k) == Style::Double));
        let flow = entry.write_flow(tree, sibling.copied(), json == Some(true));
        Splice::insert(end, format!("{separator}{flow}"))
    } else {
        let dashed = items.iter().rev().find_map(|item| habit::dash(tree, *item).map(|dash| (*item, dash)));
        let (item, (lead, gap)) = dashed.ok_or_else(|| refuse(tree, list, "the list's indentation is unclear"))?;
        if habit::is_flow(tree, item) {
            lines(tree.text, end, &[format!("{lead}-{gap}{}", entry.write_flow(tree, Some(item), false))])
        } else {
            let style = |key: &str| tree.get(item, key).map_or(Style::Plain, |value| habit::style(tree, value));
            lines(tree.text, end, &entry.write_block(tree, lead, gap, (style("name"), style(entry.key))))
        }
    };
    let at: Path = path.iter().copied().chain([items.len()]).collect();
    let difference = Difference::Insert { at, key: None, value: entry.reading() };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
}

/// Puts the first entry into a section that is there but empty, `null` or `[]`.
pub(super) fn first_item(
    tree: &Tree<'_>,
    root: NodeId,
    (index, key, value): (usize, NodeId, NodeId),
    entry: &Entry<'_>,
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
    let own_line = is_blank(lead) && line_of(text, colon) == line_of(text, end) && !habit::is_flow(tree, root);
    let difference = Difference::Set { at: vec![index], value: Reading::List(vec![entry.reading()]) };

    let mut splices = vec![];
    if own_line && (!written || is_blank(&text[end..line_end])) {
        if written {
            splices.push(Splice { range: colon..end, with: String::new() });
        }
        let lead = format!("{lead}{}", habit::list_indent(tree, root));
        splices.push(lines(text, end, &entry.write_block(tree, &lead, " ", (Style::Plain, Style::Plain))));
    } else {
        let json = habit::style(tree, key) == Style::Double;
        let flow = format!("[{}]", entry.write_flow(tree, None, json));
        let range = if written { node.span.clone() } else { colon..colon };
        splices.push(Splice { range, with: if written { flow } else { format!(" {flow}") } });
    }
    let value = splices.len() - 1;
    Ok(Edit { splices, differences: vec![difference], value })
}

/// Puts a section with one entry at the end of the document.
pub(super) fn section(tree: &Tree<'_>, root: NodeId, name: &str, entry: &Entry<'_>) -> Result<Edit, Fault> {
    let pairs = tree.pairs(root).unwrap_or_default();
    let Some((first, _)) = pairs.first() else { return Err(refuse(tree, root, "the file is empty")) };
    let difference = Difference::Insert {
        at: vec![pairs.len()],
        key: Some(Reading::string(name)),
        value: Reading::List(vec![entry.reading()]),
    };
    let splice = if habit::is_flow(tree, root) {
        let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
        let separator = habit::separator(tree.text, &spans, pairs.len() - 1);
        let quoted = habit::style(tree, *first);
        let flow = entry.write_flow(tree, None, quoted == Style::Double);
        let key = habit::string(tree, name, quoted);
        Splice::insert(spans[pairs.len() - 1].end, format!("{separator}{key}: [{flow}]"))
    } else {
        let indent = habit::indent(tree, root).filter(|i| is_blank(i));
        let indent = indent.ok_or_else(|| refuse(tree, root, "the file's indentation is unclear"))?;
        let lead = format!("{indent}{}", habit::list_indent(tree, root));
        let mut new = vec![format!("{indent}{}:", habit::string(tree, name, habit::style(tree, *first)))];
        new.extend(entry.write_block(tree, &lead, " ", (Style::Plain, Style::Plain)));
        let end = tree.documents().first().map_or(tree.text.len(), |document| document.end);
        lines(tree.text, end, &new)
    };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
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

/// Refuses to put something in where its place is unclear.
pub(super) fn refuse(tree: &Tree<'_>, id: NodeId, reason: &str) -> Fault {
    Fault::not_safe(tree.position(id), UnsafeEdit::ProofFailed(reason.to_owned()))
}
