//! How a string is written: in quotes or without, so that every reader takes it for one.

use super::Holder;
use crate::manifest::{
    habit, scalar,
    tree::{Kind, NodeId, Style, Tree},
};

/// Writes a string in this style, or in the file's quotes where the style has none and the text needs them.
pub(super) fn string(tree: &Tree<'_>, text: &str, style: Style, in_flow: bool) -> String {
    if text.chars().any(needs_escape) {
        return escaped(text);
    }
    match style {
        Style::Single | Style::Double => scalar::write(text, style),
        _ if scalar::is_plain_string(text) && !(in_flow && text.contains(':')) => text.to_owned(),
        _ => scalar::write(text, habit::quotes(tree)),
    }
}

/// Whether a text that comes in the place of one without quotes needs none either.
///
/// Wider than [`scalar::is_plain_string`], which is for texts that are put in: here the file has shown its way of writing.
pub(super) fn may_stay_plain(text: &str, in_flow: bool) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second = chars.next();
    let starts = match first {
        '-' => second.is_some_and(|c| !c.is_whitespace() && c != '-'),
        c => c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '(' | '$' | '+' | '^' | '~' | ';'),
    };
    let flow = |c| matches!(c, ',' | '[' | ']' | '{' | '}' | ':' | '?');
    starts
        && text != "..."
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.contains("  ")
        && !text.chars().any(|c| needs_escape(c) || in_flow && flow(c))
        && scalar::reads_as_string(text)
}

/// The quotes of the value's siblings, for a value that has none yet.
pub(super) fn sibling_style(tree: &Tree<'_>, holder: Holder) -> Style {
    match holder {
        Holder::Pair { map, .. } => map_style(tree, map),
        Holder::Item { .. } | Holder::Root => Style::Plain,
    }
}

/// The quotes of a map's last string; in JSON always double ones.
pub(super) fn map_style(tree: &Tree<'_>, map: NodeId) -> Style {
    let pairs = tree.pairs(map).unwrap_or_default();
    if habit::is_flow(tree, map) && pairs.first().is_some_and(|(key, _)| habit::style(tree, *key) == Style::Double) {
        return Style::Double;
    }
    let strings = pairs.iter().rev().map(|(_, value)| *value);
    let mut styles = strings
        .filter(|value| tree.scalar(*value).is_some_and(scalar::reads_as_string))
        .map(|value| habit::style(tree, value))
        .filter(|style| !matches!(style, Style::Block | Style::Empty));
    match styles.next() {
        Some(style) => style,
        None => file_style(tree),
    }
}

/// The quotes that most of the file's strings have.
pub(super) fn file_style(tree: &Tree<'_>) -> Style {
    let (mut plain, mut quoted) = (0_usize, 0_usize);
    for (_, value) in tree
        .nodes()
        .iter()
        .filter_map(|node| match &node.kind {
            Kind::Mapping { pairs, .. } => Some(pairs),
            _ => None,
        })
        .flatten()
    {
        match habit::style(tree, *value) {
            Style::Single | Style::Double => quoted += 1,
            Style::Plain if tree.scalar(*value).is_some_and(scalar::reads_as_string) => plain += 1,
            _ => {}
        }
    }
    if quoted > plain { habit::quotes(tree) } else { Style::Plain }
}

/// Characters that only double quotes with a backslash can bring.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
