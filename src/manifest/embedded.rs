//! YAML inside a literal block scalar: the inner text is edited by itself, and the lines that differ are carried back.

use std::ops::Range;

use super::{
    Fault, Outcome, habit,
    insert::{Edit, refuse},
    proof::{self, Difference, Path, Reading},
    slot::{self, Pair},
    text::{Splice, eol_at, eol_near, is_blank, line_end, line_of, position_of},
    tree::{Kind, Style, Tree},
    value::fault,
};
use crate::domain::{
    plan::{PlanFault, UnsafeEdit, ValueFault},
    position::Position,
};

/// A literal block scalar (`|`) whose lines are known.
#[derive(Debug)]
pub(super) struct Embedded<'t> {
    tree: &'t Tree<'t>,
    pair: Pair,
    /// The text inside, without indentation.
    text: &'t str,
    /// The bytes of its lines in the file, with their indentation and without line ends.
    lines: Vec<Range<usize>>,
    /// The indentation that doesn't belong to the text.
    indent: usize,
    /// The line of the file on which the text starts.
    first: usize,
}

impl<'t> Embedded<'t> {
    /// Opens the value of a pair.
    ///
    /// # Errors
    /// [`ValueFault::NotLiteral`] where a text is written in another way, and what keeps any value from being written over.
    pub(super) fn open(tree: &'t Tree<'t>, pair: Pair) -> Result<Self, Fault> {
        let at = tree.position(pair.key);
        if let Some(shared) = slot::shared(tree, pair.value).or_else(|| slot::anchor(tree, pair.value)) {
            return Err(Fault { at: Some(at), ..shared });
        }
        let Kind::Scalar { value: text, style } = &tree.node(pair.value).kind else {
            return Err(Fault::not_safe(at, UnsafeEdit::NotAScalar));
        };
        let header = habit::after_colon(tree, pair.key).filter(|_| *style == Style::Block);
        let header = header.filter(|colon| {
            let header = tree.text[*colon..line_end(tree.text, *colon)].split_ascii_whitespace();
            header.into_iter().find(|word| !word.starts_with('!')).is_some_and(|word| word.starts_with('|'))
        });
        let Some(header) = header else { return Err(fault(at, ValueFault::NotLiteral)) };
        let unclear = || refuse(tree, pair.key, "the lines of the text can't be told apart");

        let mut ranges = vec![];
        let mut start = line_end(tree.text, header);
        for _ in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            start += eol_at(tree.text, start).len();
            let end = line_end(tree.text, start);
            ranges.push(start..end);
            start = end;
        }
        let inner: Vec<&str> = text.split('\n').collect();
        let outer = |range: &Range<usize>| &tree.text[range.clone()];
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let indent = inner.iter().zip(&ranges).find(|(inner, _)| !is_blank(inner));
        let indent = indent.and_then(|(inner, range)| spaces(outer(range)).checked_sub(spaces(inner)));
        let indent = indent.filter(|indent| *indent > 0).ok_or_else(unclear)?;
        let same = |(inner, range): (&&str, &Range<usize>)| match outer(range).split_at_checked(indent) {
            Some((lead, rest)) => rest == *inner && spaces(lead) == indent,
            None => inner.is_empty() && is_blank(outer(range)),
        };
        if !inner.iter().zip(&ranges).all(same) {
            return Err(unclear());
        }
        let first = line_of(tree.text, header) + 1;
        Ok(Self { tree, pair, text, lines: ranges, indent, first })
    }

    /// The text inside.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The place in the file of a place in the text; what is missing at the text's end is missing behind its last line.
    pub(super) fn position(&self, inner: Position) -> Position {
        let file = self.tree.text;
        let end = |range: &Range<usize>| position_of(file, range.end);
        match self.lines.get(inner.line.saturating_sub(1)) {
            Some(line) => {
                Position { line: self.line(inner.line), column: (inner.column + self.indent).min(end(line).column) }
            }
            None => self.lines.last().map_or(inner, end),
        }
    }

    fn line(&self, inner: usize) -> usize {
        self.first + inner.saturating_sub(1)
    }

    /// Carries an edit of the text back into the file, where the block's place is `at`.
    ///
    /// # Errors
    /// What is wrong inside, with its place in the file.
    pub(super) fn carry(&self, document: usize, at: Path, inner: Result<Outcome, Fault>) -> Result<Outcome, Fault> {
        let (new, line, from) = match inner.map_err(|fault| self.fault(fault))? {
            Outcome::Changed { text, line, from } => (text, line, from),
            same @ Outcome::AlreadySo { .. } => return Ok(same),
        };
        // `|-` has no line end at its end.
        let new = if self.text.ends_with('\n') { &*new } else { new.strip_suffix('\n').unwrap_or(&new) };
        let edit = Edit {
            splices: vec![self.splice(new)],
            differences: vec![Difference::Set { at, value: Reading::string(new) }],
            value: 0,
        };
        let file = self.tree.text;
        let finished = if self.text.ends_with('\n') && self.lines.last().is_some_and(|last| last.end == file.len()) {
            // The readers disagree whether such a text ends with a line end. So the proof is done on a file that does, and
            // that line end is taken away again.
            if ![self.text, new].into_iter().all(proof::needs_no_line_end) {
                let reason = "the text ends in a block text without a line end, so its value would change; a line end there helps";
                return Err(Fault::not_safe(
                    self.tree.position(self.pair.key),
                    UnsafeEdit::ProofFailed(reason.to_owned()),
                ));
            }
            let eol = eol_near(file, file.len());
            let ended = format!("{file}{eol}");
            let mut finished = slot::finish(&Tree::read(&ended)?, document, edit, "", from)?;
            if let Outcome::Changed { text, .. } = &mut finished {
                text.truncate(text.len() - eol.len());
            }
            finished
        } else {
            slot::finish(self.tree, document, edit, "", from)?
        };
        match finished {
            Outcome::Changed { text, from, .. } => Ok(Outcome::Changed { text, line: self.line(line), from }),
            same @ Outcome::AlreadySo { .. } => Ok(same),
        }
    }

    /// The splice that brings the lines which differ.
    fn splice(&self, new: &str) -> Splice {
        let (old, new): (Vec<&str>, Vec<&str>) = (self.text.split('\n').collect(), new.split('\n').collect());
        let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count().min(self.lines.len());
        let most = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
        let lines = |lines: &[&str]| -> Vec<String> {
            let indented = |line: &&str| if line.is_empty() { String::new() } else { self.indented(line) };
            lines.iter().map(indented).collect()
        };
        let added = lines(&new[before..new.len() - after]);
        let gone = before..(old.len() - after).min(self.lines.len());
        let text = self.tree.text;
        if let Some(last) = gone.end.checked_sub(1).filter(|_| !gone.is_empty()) {
            let range = self.lines[gone.start].start..self.lines[last].end;
            return shortened(text, range.clone(), &added.join(eol_near(text, range.start)));
        }
        match before.checked_sub(1) {
            Some(previous) => {
                let end = self.lines[previous].end;
                let eol = eol_near(text, end);
                Splice::insert(end, added.iter().flat_map(|line| [eol, line.as_str()]).collect())
            }
            None => {
                let start = self.lines.first().map_or(text.len(), |line| line.start);
                let eol = eol_near(text, start);
                Splice::insert(start, added.iter().flat_map(|line| [line.as_str(), eol]).collect())
            }
        }
    }

    fn indented(&self, line: &str) -> String {
        format!("{}{line}", " ".repeat(self.indent))
    }

    /// A fault inside, with its places in the file.
    pub(super) fn fault(&self, Fault { at, mut fault }: Fault) -> Fault {
        match &mut fault {
            PlanFault::Unsafe(UnsafeEdit::DuplicateKey { lines, .. } | UnsafeEdit::Anchor { aliases: lines, .. })
            | PlanFault::AmbiguousEntry { lines, .. } => {
                for line in lines {
                    *line = self.line(*line);
                }
            }
            PlanFault::Unsafe(UnsafeEdit::Alias { anchor, .. }) => *anchor = self.line(*anchor),
            _ => {}
        }
        let at = at.map_or_else(|| self.tree.position(self.pair.key), |at| self.position(at));
        Fault { at: Some(at), fault }
    }
}

/// The splice that makes this text of a range, without the bytes that are the same at both ends.
fn shortened(text: &str, range: Range<usize>, with: &str) -> Splice {
    let old = &text[range.clone()];
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let start = common(&mut old.chars().zip(with.chars()));
    let (old, with) = (&old[start..], &with[start..]);
    let end = common(&mut old.chars().rev().zip(with.chars().rev()));
    Splice { range: range.start + start..range.end - end, with: with[..with.len() - end].to_owned() }
}
