//! The words of a line and their places, counted in characters.

/// What stands for a line break where a text of several lines is shown as one.
const BREAK: char = '⏎';

/// A word and its first character's place.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: usize,
}

impl Word {
    pub(super) fn length(&self) -> usize {
        self.text.chars().count()
    }

    /// The place after the last character.
    pub(super) fn end(&self) -> usize {
        self.at + self.length()
    }
}

/// A text as its words: those of the first line, and the place of what follows on others.
#[derive(Debug)]
pub(super) struct Line {
    shown: Vec<char>,
    words: Vec<Word>,
    after_first: Option<(usize, usize)>,
}

impl Line {
    /// Splits a text without blank ends at its spaces and line breaks.
    pub(super) fn of_text(text: &str) -> Self {
        let characters: Vec<char> = text.replace("\r\n", "\n").chars().collect();
        let mut words: Vec<Word> = Vec::new();
        let mut after_first: Option<(usize, usize)> = None;
        let mut first_line = true;
        let mut at = 0;
        for piece in characters.split_inclusive(|c| c.is_whitespace()) {
            let (body, separator) = match piece.split_last() {
                Some((last, body)) if last.is_whitespace() => (body, Some(*last)),
                _ => (piece, None),
            };
            if let Some((offset, body)) = without_invisible_ends(body) {
                let word = Word { text: body.iter().collect(), at: at + offset };
                if first_line {
                    words.push(word);
                } else {
                    let start = after_first.map_or(word.at, |(start, _)| start);
                    after_first = Some((start, word.end() - start));
                }
            }
            first_line = first_line && !separator.is_some_and(is_break);
            at += piece.len();
        }
        Self { shown: shown(characters), words, after_first }
    }

    /// Takes the words as they are.
    pub(super) fn of_words<S: AsRef<str>>(given: &[S]) -> Self {
        let mut characters = Vec::new();
        let mut words = Vec::new();
        for (index, word) in given.iter().map(AsRef::as_ref).enumerate() {
            if index > 0 {
                characters.push(' ');
            }
            words.push(Word { text: word.to_owned(), at: characters.len() });
            characters.extend(word.chars());
        }
        Self { shown: shown(characters), words, after_first: None }
    }

    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Place and length of the text on further lines.
    pub(super) fn after_first(&self) -> Option<(usize, usize)> {
        self.after_first
    }

    pub(super) fn characters(&self) -> usize {
        self.shown.len()
    }

    /// The text as one line.
    pub(super) fn shown(&self) -> String {
        self.shown.iter().collect()
    }

    /// The beginning of the text, with a mark of the cut behind it.
    pub(super) fn cut(&self, characters: usize) -> String {
        self.shown.iter().take(characters).chain(&['…']).collect()
    }
}

/// Spaces, line breaks, and the invisible characters that copying brings along.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Zero-width space, joiners, direction marks and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn without_invisible_ends(body: &[char]) -> Option<(usize, &[char])> {
    let start = body.iter().position(|c| !is_invisible(*c))?;
    let end = body.iter().rposition(|c| !is_invisible(*c))?;
    Some((start, &body[start..=end]))
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn shown(characters: Vec<char>) -> Vec<char> {
    characters.into_iter().map(|c| if is_break(c) { BREAK } else { c }).collect()
}
