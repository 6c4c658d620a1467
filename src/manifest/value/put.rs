//! The splices that put a value in with the maps that are missing on the way, in the file's own style.

use super::{Holder, Scalar, write};
use crate::manifest::{
    Fault, habit,
    insert::{self, Edit, refuse},
    proof::{Difference, Path, Reading},
    slot,
    text::{Splice, eol_at, eol_near, is_blank, line_end, line_of, line_prefix, line_start},
    tree::{Kind, NodeId, Style, Tree},
};

/// The indentation of a file that shows none.
const STEP: usize = 2;

/// Puts a value in below the deepest node that is there: a map, an empty one, or null.
pub(super) fn put(
    tree: &Tree<'_>,
    (holder, deepest): (Holder, NodeId),
    at: Path,
    keys: &[&str],
    value: &Scalar,
) -> Result<Edit, Fault> {
    let new = New { tree, keys, value };
    match tree.pairs(deepest) {
        Some([_, ..]) => new.behind_last(deepest, at),
        _ => new.fill(holder, deepest, at),
    }
}

/// The keys that are put in, one in the other, and the value of the last one.
struct New<'n> {
    tree: &'n Tree<'n>,
    keys: &'n [&'n str],
    value: &'n Scalar,
}

impl New<'_> {
    /// Puts it behind the last pair of a map.
    fn behind_last(&self, map: NodeId, mut at: Path) -> Result<Edit, Fault> {
        let tree = self.tree;
        let pairs = tree.pairs(map).unwrap_or_default();
        let (Some((last, _)), Some((key, below))) = (pairs.last(), self.keys.split_first()) else {
            return Err(refuse(tree, map, "the map is empty"));
        };
        at.push(pairs.len());
        let difference = Difference::Insert { at, key: Some(Reading::string(key)), value: self.reading(below) };
        let quoted = habit::style(tree, *last);
        let splices = if habit::is_flow(tree, map) {
            self.behind_flow(map, quoted)
        } else {
            let indent = habit::indent(tree, map).filter(|indent| indent.bytes().all(|b| b == b' '));
            let indent = indent.ok_or_else(|| refuse(tree, map, "the map's indentation is unclear"))?;
            let style = if self.keys.len() == 1 { write::map_style(tree, map) } else { write::file_style(tree) };
            let lines = self.lines(indent.len(), self.step(map), quoted, style);
            let end = behind_comments(tree, map, indent.len());
            vec![insert::lines(tree.text, end, &lines)]
        };
        let value = splices.len() - 1;
        Ok(Edit { splices, differences: vec![difference], value })
    }

    fn behind_flow(&self, map: NodeId, quoted: Style) -> Vec<Splice> {
        let (tree, text) = (self.tree, self.tree.text);
        let pairs = tree.pairs(map).unwrap_or_default();
        let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
        let last = spans.len() - 1;
        let end = spans[last].end;
        let style = if self.keys.len() == 1 { write::map_style(tree, map) } else { Style::Plain };
        let pair = self.flow_pair(self.keys, quoted, style);
        // A comment behind the last pair stays on its line.
        let rest = &text[end..line_end(text, end)];
        let after_comma = rest.trim_start_matches([' ', '\t']).strip_prefix(',');
        if after_comma.unwrap_or(rest).trim_start_matches([' ', '\t']).starts_with('#') {
            let prefix = line_prefix(text, spans[last].start);
            let indent = " ".repeat(prefix.len() - prefix.trim_start_matches(' ').len());
            let line = Splice::insert(end + rest.len(), format!("{}{indent}{pair}", eol_near(text, end)));
            return match after_comma {
                Some(_) => vec![line],
                None => vec![Splice::insert(end, ",".to_owned()), line],
            };
        }
        let separator = habit::separator(text, &spans, last);
        // `{a: }`: a comma right behind the colon would belong to the key.
        let (space, end) = match text.as_bytes().get(end) {
            _ if !text[..end].ends_with(':') || habit::after_colon(tree, pairs[last].0) != Some(end) => ("", end),
            Some(b' ' | b'\t') => ("", end + 1),
            _ => (" ", end),
        };
        vec![Splice::insert(end, format!("{space}{separator}{pair}"))]
    }

    /// Puts it into a map that is empty, null or not written at all.
    fn fill(&self, holder: Holder, node: NodeId, at: Path) -> Result<Edit, Fault> {
        let tree = self.tree;
        if let Some(fault) = slot::anchor(tree, node) {
            return Err(fault);
        }
        if tree.node(node).tag.is_some() {
            return Err(refuse(tree, node, "the empty map has a tag"));
        }
        let span = tree.node(node).span.clone();
        let inside = tree.text[span.clone()].trim_matches(['{', '}']);
        if matches!(tree.node(node).kind, Kind::Mapping { .. }) && !inside.trim_ascii().is_empty() {
            return Err(refuse(tree, node, "the empty map holds a comment"));
        }
        let splice = match holder {
            Holder::Root => self.fill_root(node),
            Holder::Pair { map, pair } => self.fill_pair(map, pair)?,
            Holder::Item { .. } if span.is_empty() => return Err(refuse(tree, node, "the list's item is empty")),
            Holder::Item { .. } => Splice { range: span, with: self.flow(self.keys, Style::Plain, Style::Plain) },
        };
        let differences = vec![Difference::Set { at, value: self.reading(self.keys) }];
        Ok(Edit { splices: vec![splice], differences, value: 0 })
    }

    fn fill_root(&self, root: NodeId) -> Splice {
        let (tree, text) = (self.tree, self.tree.text);
        let span = tree.node(root).span.clone();
        let lines = self.lines(0, STEP, Style::Plain, Style::Plain);
        if span.is_empty() {
            let document = tree.documents().iter().find(|document| document.root == Some(root));
            return insert::lines(text, document.map_or(text.len(), |document| document.end), &lines);
        }
        if line_prefix(text, span.start).is_empty() && is_blank(&text[span.end..line_end(text, span.end)]) {
            return Splice { with: lines.join(eol_near(text, span.start)), range: span };
        }
        Splice { range: span, with: self.flow(self.keys, Style::Plain, Style::Plain) }
    }

    fn fill_pair(&self, map: NodeId, pair: slot::Pair) -> Result<Splice, Fault> {
        let (tree, text) = (self.tree, self.tree.text);
        let quoted = habit::style(tree, pair.key);
        let span = tree.node(pair.value).span.clone();
        let indent = habit::indent(tree, map).filter(|_| !habit::is_flow(tree, map));
        if let (Some(indent), Some(colon)) = (indent, habit::after_colon(tree, pair.key)) {
            let end = if span.is_empty() { colon } else { span.end };
            let line_end = line_end(text, end);
            let lines = self.lines(indent.len() + self.step(map), self.step(map), quoted, write::file_style(tree));
            if span.is_empty() {
                return Ok(insert::lines(text, end, &lines));
            }
            if line_of(text, colon) == line_of(text, end) && is_blank(&text[end..line_end]) {
                let eol = eol_near(text, end);
                return Ok(Splice { range: colon..line_end, with: format!("{eol}{}", lines.join(eol)) });
            }
        }
        let style = if quoted == Style::Double { Style::Double } else { Style::Plain };
        slot::replace(tree, pair.key, pair.value, &self.flow(self.keys, quoted, style))
    }

    /// The keys below each other, the value behind the last.
    fn lines(&self, indent: usize, step: usize, quoted: Style, style: Style) -> Vec<String> {
        let last = self.keys.len() - 1;
        let line = |(depth, key): (usize, &&str)| {
            let key = write::string(self.tree, key, quoted, false);
            let value = if depth == last { self.value.write(self.tree, style, false) } else { String::new() };
            let space = if value.is_empty() { "" } else { " " };
            format!("{}{key}:{space}{value}", " ".repeat(indent + step * depth))
        };
        self.keys.iter().enumerate().map(line).collect()
    }

    /// The keys in braces within braces.
    fn flow(&self, keys: &[&str], quoted: Style, style: Style) -> String {
        if keys.is_empty() {
            let json = if quoted == Style::Double { Style::Double } else { style };
            return self.value.write(self.tree, json, true);
        }
        format!("{{{}}}", self.flow_pair(keys, quoted, style))
    }

    fn flow_pair(&self, keys: &[&str], quoted: Style, style: Style) -> String {
        let Some((key, below)) = keys.split_first() else { return String::new() };
        let key = write::string(self.tree, key, quoted, true);
        format!("{key}: {}", self.flow(below, quoted, style))
    }

    fn reading(&self, keys: &[&str]) -> Reading {
        let pair = |value, key: &&str| Reading::Map(vec![(Reading::string(key), value)]);
        keys.iter().rev().fold(self.value.reading(), pair)
    }

    /// How far a map's keys stand to the right of their parent's: beside this map, or else anywhere in the file.
    fn step(&self, near: NodeId) -> usize {
        let tree = self.tree;
        let column = |map: NodeId| match tree.node(map).kind {
            Kind::Mapping { flow: false, .. } => Some(habit::indent(tree, map)?.len()),
            _ => None,
        };
        let step = |map: NodeId| {
            let outer = column(map)?;
            let mut inner = tree.pairs(map)?.iter().filter_map(|(_, value)| column(*value));
            inner.find_map(|inner| inner.checked_sub(outer).filter(|step| *step > 0))
        };
        step(near).or_else(|| (0..tree.nodes().len()).find_map(step)).unwrap_or(STEP)
    }
}

/// Where a block map ends, with the comments that belong to what stands last in it: those that are indented deeper than its
/// keys, and, right below it, what is commented out of it: `#   key: value` of a map, `# - item` of a list.
fn behind_comments(tree: &Tree<'_>, map: NodeId, indent: usize) -> usize {
    let text = tree.text;
    let Some(last) = tree.pairs(map).and_then(<[_]>::last) else { return tree.node(map).span.end };
    let mut end = habit::pair_span(tree, *last).end;
    let is_list = matches!(tree.node(last.1).kind, Kind::Sequence { .. });
    let mut right_below = true;
    let mut next = if is_blank(line_prefix(text, end)) {
        line_start(text, end)
    } else {
        let line_end = line_end(text, end);
        line_end + eol_at(text, line_end).len()
    };
    while next < text.len() {
        let line_end = line_end(text, next);
        let line = &text[next..line_end];
        let bare = line.trim_start_matches(' ');
        match bare.strip_prefix('#') {
            Some(_) if line.len() - bare.len() > indent => end = line_end,
            Some(comment) if right_below && line.len() - bare.len() == indent => {
                let inner = comment.trim_start_matches(' ');
                let deeper = comment.len() - inner.len() > 1 && !inner.is_empty();
                if !(deeper || is_list && inner.starts_with("- ")) {
                    break;
                }
                end = line_end;
            }
            None if is_blank(line) => right_below = false,
            _ => break,
        }
        next = line_end + eol_at(text, line_end).len();
    }
    end
}
