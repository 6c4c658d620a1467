//! Lists, objects and blocks that a secret's name stands before: they are secret as a whole, which no pattern can tell.

use regex::Regex;

use super::{
    MASKED, Mask,
    usual::{names, sign},
};

/// A secret's name and the beginning of what holds more than a word: a bracket, perhaps behind a type or a function
/// (`Some("x")`, `[]string{"x"}`), a block of YAML, or a list of YAML on lines of its own.
const OPENING: &str = concat!(
    "(?x)(?i:",
    names!(),
    r#"|[A-Z0-9]_PASS)[A-Za-z0-9_.а-яё-]*(?<quote>["'\\]*)\s*"#,
    sign!(),
    r"[\x20\t]* (?: (?<bracket>(?:[&*]?[A-Za-z_][A-Za-z0-9_:.<>]*|[A-Z][A-Za-z0-9_]*\x20)?[\[({])
    | (?<block>[|>][0-9+-]{0,2}[\x20\t]*\r?\n[\x20\t]*) | (?<list>[\x20\t]*\r?\n[\x20\t]*)-[\x20\t] )"
);

pub(super) fn opening() -> Option<Regex> {
    Mask::pattern(OPENING).ok()
}

/// Masks them, and counts.
pub(super) fn apply(opening: &Regex, text: &str) -> (String, usize) {
    let mut masked = String::with_capacity(text.len());
    let (mut done, mut count) = (0, 0);
    while let Some(captures) = opening.captures_at(text, done) {
        let Some(whole) = captures.get(0) else { break };
        let (from, to) = match (captures.name("bracket"), captures.name("block"), captures.name("list")) {
            (Some(bracket), ..) => {
                let escapes = captures.name("quote").map_or(0, |quote| quote.as_str().matches('\\').count());
                (bracket.start(), end_of_bracket(text, bracket.end(), escapes))
            }
            (_, Some(block), _) => (block.start(), end_of_block(text, whole.start(), block.end(), false)),
            (_, _, Some(list)) => (list.end(), end_of_block(text, whole.start(), list.end(), true)),
            _ => break,
        };
        masked.push_str(&text[done..from]);
        if to > from {
            masked.push_str(MASKED);
            count += 1;
        }
        done = to.max(from);
    }
    masked.push_str(&text[done..]);
    (masked, count)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

/// Where a bracket ends that was opened just before `start`: with its partner, or else with the line; when the line says
/// that more is to come, with the lines that belong to it.
fn end_of_bracket(text: &str, start: usize, escapes: usize) -> usize {
    let line = line_end(text, start);
    let mut region = line;
    while text[region..].starts_with('\n') {
        let next = &text[region + 1..];
        if !next.starts_with([' ', '\t', ']', '}', ')']) {
            break;
        }
        region = line_end(text, region + 1);
    }
    let mut at = start;
    while let Some(end) = partner(&text[..region], at, escapes) {
        // `[]string{"a"}`, `map[string]string{}`: the brackets go on.
        let rest = &text[end..region];
        let name = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.')).len();
        if !rest[name..].starts_with(['[', '(', '{']) {
            return end;
        }
        at = end + name + 1;
    }
    let rest = text[start..line].trim_end();
    if rest.is_empty() || rest.ends_with([',', '[', '{', '(']) { region } else { line }
}

/// The end of the partner of a bracket that was opened just before `start`; what stands in quotes doesn't count. In JSON
/// within JSON so many backslashes stand before a quote.
fn partner(text: &str, start: usize, escapes: usize) -> Option<usize> {
    let (mut depth, mut backslashes) = (1_usize, 0);
    let mut quote = None;
    let mut before = '[';
    for (at, c) in text[start..].char_indices() {
        match (quote, c) {
            (None, '"') if backslashes == escapes => quote = Some('"'),
            // Elsewhere it is an apostrophe.
            (None, '\'') if matches!(before, '[' | '(' | '{' | ',' | ':' | '=') => quote = Some('\''),
            (Some('"'), '"') if backslashes == escapes => quote = None,
            (Some('\''), '\'') if backslashes == 0 => quote = None,
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(start + at + c.len_utf8());
                }
            }
            _ => {}
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        if !c.is_whitespace() && c != '\\' {
            before = c;
        }
    }
    None
}

/// Where a block of YAML ends that belongs to the name at `name`: with the last line that is indented more than the name's,
/// or that is an item of its list.
fn end_of_block(text: &str, name: usize, start: usize, is_list: bool) -> usize {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let own = text[..name].rfind('\n').map_or(0, |end| end + 1);
    let own = indent(&text[own..]);
    let first = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let mut end = first;
    for line in text[first..].split_inclusive('\n') {
        let inside = indent(line) > own || is_list && indent(line) == own && line[own..].starts_with("- ");
        if !inside {
            break;
        }
        end += line.len();
    }
    let end = end - usize::from(text[..end].ends_with('\n'));
    if end < start { start } else { end }
}
