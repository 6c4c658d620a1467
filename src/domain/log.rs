//! The end of a container's log, made fit to be read: nobody knows what bytes a program prints.

use serde::Serialize;

use super::{
    mask::Mask,
    pod::{Ending, PodName},
};

/// How many lines are shown.
pub const LINES: usize = 30;

/// How many bytes of a log are read at most: thirty long lines of structured logging.
pub const BYTES: usize = 256 * 1024;

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// The pod.
    pub pod: PodName,
    /// The container.
    pub container: String,
    /// Whether the command named the container.
    pub chosen: bool,
    /// Whether this is the run before the current one.
    pub previous: bool,
    /// The lines, oldest first: without escape sequences, secrets masked.
    pub lines: Vec<String>,
    /// Whether more than so many bytes were there, so that fewer lines are shown, or the last one not whole.
    pub cut: bool,
    /// How many secrets were masked.
    pub masked: usize,
    /// Why there is no log, in the server's words: the container hasn't started, or has no run before this one.
    pub not_there: Option<String>,
    /// The other containers of the pod.
    pub others: Vec<String>,
    /// How the run before this one ended, when its log can be asked for.
    pub crashed: Option<Ending>,
}

/// What was read of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRead {
    /// The bytes, and whether there were more.
    Bytes {
        /// At most as many as were asked for.
        bytes: Vec<u8>,
        /// Whether the end is missing.
        cut: bool,
    },
    /// The container hasn't started, or has no run before this one: the server's words.
    NotThere(String),
    /// The pod has gone meanwhile.
    NoPod,
}

/// What is asked of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuestion {
    /// The pod.
    pub pod: PodName,
    /// The container.
    pub container: String,
    /// Whether the run before the current one is meant.
    pub previous: bool,
    /// So many lines from the end.
    pub lines: usize,
    /// No more bytes than this.
    pub bytes: usize,
}

/// The lines of a log: text without escape sequences and control characters, secrets masked; and how many secrets.
#[must_use]
pub fn readable(bytes: &[u8], mask: &Mask) -> (Vec<String>, usize) {
    let (text, masked) = mask.apply(&String::from_utf8_lossy(bytes));
    let mut lines: Vec<String> = text.split('\n').map(line).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    (lines, masked)
}

/// A line as a terminal would leave it standing.
fn line(text: &str) -> String {
    // What stands before a carriage return was written over: progress bars.
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            // Whatever many bytes that are no text are one mark.
            char::REPLACEMENT_CHARACTER => {
                if !shown.ends_with(char::REPLACEMENT_CHARACTER) {
                    shown.push(char::REPLACEMENT_CHARACTER);
                }
            }
            c => shown.push(c),
        }
    }
    shown.truncate(shown.trim_end().len());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        readable(bytes, &Mask::default()).0
    }

    #[test]
    fn escape_sequences_go_and_text_stays() {
        for (text, expected) in [
            ("\u{1b}[31mERROR\u{1b}[0m no oil", "ERROR no oil"),
            ("\u{1b}[38;5;196mred\u{1b}[K", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;https://example.org\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}1mbold", "bold"),
            ("\u{1b}(Bplain", "plain"),
            ("\u{1b}c", ""),
            ("a\u{1b}[", "a"),
            ("10%\r50%\r100%", "100%"),
            ("windows\r", "windows"),
            ("a\tb", "a    b"),
            ("bell\u{7}s", "bells"),
            ("  indented", "  indented"),
        ] {
            assert_eq!(lines(format!("{text}\nnext\n").as_bytes()), [expected, "next"], "{text:?}");
        }
    }

    #[test]
    fn an_open_sequence_ends_with_its_line() {
        assert_eq!(lines(b"\x1b]0;never closed\nvisible\n"), ["", "visible"]);
        assert_eq!(lines(b"\x1b[12\nvisible\x1b\nlast"), ["", "visible", "last"]);
    }

    #[test]
    fn binary_is_one_mark_for_many_bytes() {
        assert_eq!(lines(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xfe\xff"), ["\u{fffd}PNG", "", "IHDR\u{fffd}"]);
        assert_eq!(lines(b""), [""; 0]);
        assert_eq!(lines("нефть\n".as_bytes()), ["нефть"]);
    }

    #[test]
    fn a_secret_is_masked_though_it_is_coloured_or_holds_what_cannot_be_seen() {
        for text in [
            "password=\u{1b}[31mhunter2\u{1b}[0m",
            "pass\u{200b}wo\u{ad}rd\u{202e}=\u{200d}hunter2",
            "pass\0word\0=hunter2",
        ] {
            let (lines, masked) = readable(text.as_bytes(), &Mask::default());
            assert_eq!((lines[0].as_str(), masked), ("password=***", 1), "{text:?}");
        }
    }
}
