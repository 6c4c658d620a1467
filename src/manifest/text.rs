//! Lines and splices of a text, by byte offsets.

use std::ops::Range;

use crate::domain::position::Position;

/// A byte order mark, which belongs to no line.
const BOM: &str = "\u{feff}";

/// A replacement of one range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that go.
    pub range: Range<usize>,
    /// What comes in their place.
    pub with: String,
}

impl Splice {
    /// Puts a text in without taking anything out.
    #[must_use]
    pub fn insert(at: usize, with: String) -> Self {
        Self { range: at..at, with }
    }
}

/// The text with the splices carried out, or `None` when they overlap, are out of order or cut a character in two.
#[must_use]
pub fn apply(text: &str, splices: &[Splice]) -> Option<String> {
    let mut out = String::with_capacity(text.len() + splices.iter().map(|s| s.with.len()).sum::<usize>());
    let mut done = 0;
    for splice in splices {
        out.push_str(text.get(done..splice.range.start)?);
        out.push_str(&splice.with);
        text.get(splice.range.clone())?;
        done = splice.range.end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// The number of the line that holds this offset, counted from 1; LF, CRLF and CR end a line.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before
        .iter()
        .enumerate()
        .filter(|(i, byte)| match byte {
            b'\n' => true,
            b'\r' => text.as_bytes().get(i + 1) != Some(&b'\n'),
            _ => false,
        })
        .count()
}

/// The place of this offset; a byte order mark takes no column.
#[must_use]
pub fn position_of(text: &str, offset: usize) -> Position {
    Position { line: line_of(text, offset), column: column_of(text, offset) }
}

/// The places of many offsets, in one pass over the text.
#[must_use]
pub fn positions_of(text: &str, offsets: &[usize]) -> Vec<Position> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|index| offsets[*index]);
    let mut places = vec![Position { line: 1, column: 1 }; offsets.len()];
    let mut place = Position { line: 1, column: 1 };
    let mut chars = text.char_indices().peekable();
    for index in order {
        while let Some((at, char)) = chars.next_if(|(at, _)| *at < offsets[index]) {
            let next = chars.peek().map(|(_, next)| *next);
            match char {
                '\n' | '\r' if char == '\n' || next != Some('\n') => {
                    place = Position { line: place.line + 1, column: 1 };
                }
                '\u{feff}' if at == 0 => {}
                _ => place.column += 1,
            }
        }
        places[index] = place;
    }
    places
}

/// The column of this offset, counted from 1 in characters; a byte order mark takes none.
#[must_use]
pub fn column_of(text: &str, offset: usize) -> usize {
    1 + line_prefix(text, offset).chars().count()
}

/// Where the lines of a text start, the first one at 0; what follows the last line end is one as well.
#[must_use]
pub fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let is_end = |(i, byte): &(usize, &u8)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(i + 1) != Some(&b'\n'),
        _ => false,
    };
    let after = bytes.iter().enumerate().filter(is_end).map(|(i, _)| i + 1);
    [0].into_iter().chain(after).collect()
}

/// The first byte of the line that holds this offset; a byte order mark isn't part of the line.
#[must_use]
pub fn line_start(text: &str, offset: usize) -> usize {
    let start = text.as_bytes()[..offset.min(text.len())].iter().rposition(|b| is_break(*b)).map_or(0, |i| i + 1);
    if start == 0 && text.starts_with(BOM) { BOM.len().min(offset) } else { start }
}

/// The end of the line that holds this offset, before its line end.
#[must_use]
pub fn line_end(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    text.as_bytes()[offset..].iter().position(|b| is_break(*b)).map_or(text.len(), |i| offset + i)
}

/// The end of the line before the one that starts here; the start itself where there is none.
#[must_use]
pub fn previous_line_end(text: &str, start: usize) -> usize {
    let before = &text[..start];
    start - ["\r\n", "\n", "\r"].iter().find(|eol| before.ends_with(**eol)).map_or(0, |eol| eol.len())
}

/// The line end that starts at this offset: `""` at the end of the text.
#[must_use]
pub fn eol_at(text: &str, offset: usize) -> &'static str {
    match text.as_bytes().get(offset..).unwrap_or_default() {
        [b'\r', b'\n', ..] => "\r\n",
        [b'\n', ..] => "\n",
        [b'\r', ..] => "\r",
        _ => "",
    }
}

/// The line end to use for a new line near this offset: that of the line itself, or else the first one of the text.
#[must_use]
pub fn eol_near(text: &str, offset: usize) -> &'static str {
    let own = eol_at(text, line_end(text, offset));
    if !own.is_empty() {
        return own;
    }
    let first = eol_at(text, line_end(text, 0));
    if first.is_empty() { "\n" } else { first }
}

/// What stands on the line before this offset.
#[must_use]
pub fn line_prefix(text: &str, offset: usize) -> &str {
    text.get(line_start(text, offset)..offset).unwrap_or_default()
}

/// Whether a text is nothing but spaces and tabs.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b == b'\t')
}

fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_with_every_line_end() {
        let text = "a\nb\r\nc\rd";
        let lines: Vec<usize> = [0, 1, 2, 3, 5, 6, 7].iter().map(|o| line_of(text, *o)).collect();
        assert_eq!(lines, [1, 1, 2, 2, 3, 3, 4]);
        assert_eq!((line_start(text, 7), line_end(text, 2), eol_at(text, 3), eol_at(text, 8)), (7, 3, "\r\n", ""));
        assert_eq!((eol_near("a", 0), eol_near("a\r\nb", 3), eol_near(text, 0)), ("\n", "\r\n", "\n"));
        assert_eq!(line_prefix("\u{feff}  a", 5), "  ");
    }

    #[test]
    fn line_starts_count_lines_as_one_by_one() {
        for text in ["", "a", "\n", "\r", "\r\n", "a\nb\r\nc\rd\r\r\n\ne", "\u{feff}a\n\u{feff}b\n"] {
            let starts = line_starts(text);
            for offset in 0..=text.len() {
                let by_starts = starts.partition_point(|start| *start <= offset);
                assert_eq!(by_starts, line_of(text, offset), "{offset} of {text:?}");
            }
        }
    }

    #[test]
    fn places_are_those_of_one_by_one() {
        let text = "\u{feff}a\nимя: x\r\nb\rc: d\n\n";
        let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).rev().collect();
        // A place between CR and LF is none that a value can have.
        let offsets: Vec<usize> =
            offsets.into_iter().filter(|at| !text[..*at].ends_with('\r') || !text[*at..].starts_with('\n')).collect();
        let expected: Vec<Position> = offsets.iter().map(|at| position_of(text, *at)).collect();
        assert_eq!(positions_of(text, &offsets), expected);
    }

    #[test]
    fn splices_must_be_in_order_and_between_characters() {
        let splice = |range: Range<usize>| Splice { range, with: "X".into() };
        assert_eq!(apply("abcd", &[splice(0..1), splice(3..3)]).as_deref(), Some("XbcXd"));
        assert_eq!(apply("abcd", &[splice(2..3), splice(0..1)]), None);
        assert_eq!(apply("я", &[splice(1..1)]), None);
        assert_eq!(apply("a", &[splice(2..3)]), None);
    }
}
