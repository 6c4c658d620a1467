//! Foreign text made fit to be shown: one line or a block, without invisible characters, cut to size.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) use crate::domain::text::is_invisible;
use crate::domain::{catalogue::Workload, text::plain};

/// How much of a reason or a server's message is shown.
pub(super) const REASON: usize = 700;

/// The longest pair of names shown.
const NAMES: usize = 200;

/// How many lines of it.
const REASON_LINES: usize = 12;

/// More marks than this upon one character only climb over the lines above.
const MARKS: usize = 2;

/// What stands for nothing.
const NOTHING: &str = "—";

/// Foreign text as one line of at most `characters`.
pub(super) fn inline(text: &str, characters: usize) -> String {
    let clean = cut(&words(text), characters);
    if clean.is_empty() { NOTHING.to_owned() } else { clean }
}

/// A workload's namespace and name.
pub(super) fn workload(workload: &Workload) -> String {
    inline(&format!("{}/{}", workload.namespace, workload.name), NAMES)
}

/// A line of foreign text with its own spaces, at most so many characters of it and a word of what is missing.
pub(super) fn line(text: &str, characters: usize) -> String {
    let visible = visible(&plain(text), |c| c == ' ');
    let missing = visible.chars().count().saturating_sub(characters);
    if missing == 0 {
        return visible;
    }
    let kept: String = visible.chars().take(characters).collect();
    format!("{kept}… +{missing}")
}

/// Foreign text with its own lines, as a reason is quoted.
pub(super) fn block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(words).filter(|line| !line.is_empty()).collect();
    let mut clean = lines.iter().take(REASON_LINES).map(String::as_str).collect::<Vec<_>>().join("\n");
    if lines.len() > REASON_LINES {
        clean.push_str("\n…");
    }
    let clean = cut(&clean, REASON);
    if clean.is_empty() { NOTHING.to_owned() } else { clean }
}

/// Cut to at most so many characters, the last one telling of the cut.
pub(super) fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(characters.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Cut to at most so many columns of a terminal.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut fitting = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        fitting.push(c);
    }
    fitting.push('…');
    fitting
}

/// Spaces behind, up to so many columns.
pub(super) fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Spaces before, up to so many columns.
pub(super) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// The visible characters of a text, its words one space apart.
fn words(text: &str) -> String {
    visible(&plain(text), char::is_whitespace).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without what can't be seen, but for the blanks that are to stay.
fn visible(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut marks = 0;
    text.chars()
        .filter(|c| stays(*c) || !is_invisible(*c))
        .filter(|c| {
            marks = if c.width() == Some(0) { marks + 1 } else { 0 };
            marks <= MARKS
        })
        .collect()
}
