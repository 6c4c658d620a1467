//! Replies on a terminal, in a log, or as one JSON object.

use std::{
    collections::HashSet,
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::exit::{ExitCode, outcome};
use crate::{
    domain::{answer::Answer, language::Language, name::ReplyAddress, rollout::Stage},
    ports::{Replier, ReplyError},
    reply::render_wide,
};

/// How replies are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A newer answer takes the place of the one before: for terminals.
    Redraw,
    /// Only what is new is added, line by line, once for each stage, and the last answer whole: for logs and pipes.
    Lines,
    /// The last answer alone, as one JSON object on one line, by [`TerminalReplier::finish`]: for scripts.
    Json,
}

impl Style {
    /// The style for standard output: JSON if asked for, otherwise by what standard output is.
    #[must_use]
    pub fn of_stdout(json: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match json {
            true => Self::Json,
            false if io::stdout().is_terminal() && !dumb => Self::Redraw,
            false => Self::Lines,
        }
    }
}

/// Shows the answers to one request on a terminal, in a file or in a pipe.
pub struct TerminalReplier<W> {
    style: Style,
    language: Language,
    commands: bool,
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    /// The text shown last.
    shown: String,
    /// How many rows of it a newer answer takes the place of.
    rows: usize,
    /// The details below the stage that were added so far, and whether the commit's address was.
    told: HashSet<String>,
    linked: bool,
    /// How wide the terminal is, where that is known.
    columns: fn() -> Option<usize>,
    last: Option<Answer>,
}

/// The JSON object that stands for an answer. Keys are only ever added.
#[derive(Serialize)]
struct Document<'a> {
    outcome: &'static str,
    exit_code: u8,
    text: &'a str,
    answer: &'a Answer,
}

impl<W: Write + Send> TerminalReplier<W> {
    /// A replier that writes to `out`.
    #[must_use]
    pub fn new(out: W, style: Style, language: Language) -> Self {
        Self { style, language, commands: false, state: Mutex::new(State::new(out)) }
    }

    /// Lists what buttons would do, as commands to type: for consoles that take commands.
    #[must_use]
    pub fn with_commands(self) -> Self {
        Self { commands: true, ..self }
    }

    /// Ends the reply: prints what waited for the end, and gives back the answer shown last.
    ///
    /// # Errors
    /// [`ReplyError`] when nothing more can be written.
    pub fn finish(&self) -> Result<Option<Answer>, ReplyError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let last = state.last.take();
        if let (Style::Redraw, Some(answer), true) = (self.style, &last, state.rows > 0) {
            // It was drawn with its lines cut at the edge, for one that was to come.
            state.redraw(self.text(answer), true)?;
        }
        if let (Style::Json, Some(answer)) = (self.style, &last) {
            let text = self.text(answer);
            let code = ExitCode::of(answer) as u8;
            let document = Document { outcome: outcome(answer), exit_code: code, text: &text, answer };
            let line = serde_json::to_string(&document).map_err(|error| ReplyError::Rejected(error.to_string()))?;
            state.write(&format!("{line}\n"))?;
        }
        Ok(last)
    }

    fn show(&self, answer: &Answer) -> Result<(), ReplyError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.last.replace(answer.clone());
        match self.style {
            Style::Json => Ok(()),
            Style::Redraw => {
                let text = self.text(answer);
                let last = answer.is_final();
                let fits = (state.columns)().is_none_or(|columns| text.lines().all(|line| line.width() <= columns));
                let text = if last || fits { text } else { self.text(&without_address(answer)) };
                state.redraw(text, last)
            }
            Style::Lines
                if before.as_ref().and_then(stage).is_some_and(|stage_before| stage(answer) == Some(stage_before)) =>
            {
                Ok(())
            }
            Style::Lines => {
                let text = if state.linked { self.text(&without_address(answer)) } else { self.text(answer) };
                state.linked |= address(answer).is_some_and(|url| text.contains(url));
                state.add_lines(text, answer.is_final())
            }
        }
    }

    /// The answer in words. What came from outside can't steer the terminal.
    fn text(&self, answer: &Answer) -> String {
        let message = render_wide(answer, self.language);
        let mut plain = message.to_plain();
        if self.commands && answer.is_final() {
            plain.truncate(plain.trim_end().len());
            for command in message.buttons.iter().flatten().map(|button| &button.command) {
                if !plain.contains(command.as_str()) {
                    plain.push_str(&format!("\n→ {command}"));
                }
            }
        }
        plain.trim_end().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
    }
}

fn stage(answer: &Answer) -> Option<&Stage> {
    match answer {
        Answer::Rollout(report) => Some(&report.stage),
        _ => None,
    }
}

/// The address of the commit that an answer tells of.
fn address(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Rollout(report) => report.url.as_deref(),
        _ => None,
    }
}

/// The same answer with the commit's short id alone.
fn without_address(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    if let Answer::Rollout(report) = &mut answer {
        report.url = None;
    }
    answer
}

/// How wide the terminal on standard output is.
fn columns() -> Option<usize> {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col.into())
    }
    #[cfg(not(unix))]
    None
}

impl<W: Write> State<W> {
    fn new(out: W) -> Self {
        Self { out, shown: String::new(), rows: 0, told: HashSet::new(), linked: false, columns, last: None }
    }

    fn redraw(&mut self, text: String, last: bool) -> Result<(), ReplyError> {
        if text == self.shown && !last {
            return Ok(());
        }
        let mut drawn = String::new();
        if self.rows > 0 {
            // Up to the first row of the text shown last, then clear all below.
            drawn.push_str(&format!("\x1b[{}A\r\x1b[J", self.rows));
        }
        if last {
            drawn.push_str(&format!("{text}\n"));
            self.rows = 0;
        } else {
            // Without wrapping a line is a row, whatever the width; the last text is wrapped again.
            drawn.push_str(&format!("\x1b[?7l{text}\n\x1b[?7h"));
            self.rows = text.split('\n').count();
        }
        self.shown = text;
        self.write(&drawn)
    }

    /// Adds what is new. The change and its stage, on the first two lines, are compared with those before, for a stage
    /// may come back; details below them are told once. The last text is added whole: it must be clear by itself.
    fn add_lines(&mut self, text: String, last: bool) -> Result<(), ReplyError> {
        let mut news = String::new();
        if !(last && text == self.shown) {
            let before: Vec<&str> = self.shown.lines().collect();
            for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
                let known = match index {
                    0 | 1 => before.contains(&line),
                    _ => !self.told.insert(line.to_owned()),
                };
                if last || !known {
                    news.push_str(line);
                    news.push('\n');
                }
            }
        }
        self.shown = text;
        if news.is_empty() { Ok(()) } else { self.write(&news) }
    }

    fn write(&mut self, text: &str) -> Result<(), ReplyError> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => ReplyError::Rejected("nobody reads the output any more".to_owned()),
            _ => ReplyError::Unavailable(error.to_string()),
        })
    }
}

#[async_trait]
impl<W: Write + Send> Replier for TerminalReplier<W> {
    async fn post(&self, answer: &Answer) -> Result<Option<ReplyAddress>, ReplyError> {
        self.show(answer).map(|()| None)
    }

    async fn replace(&self, _: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError> {
        self.show(answer)
    }
}

#[cfg(test)]
pub(super) mod tests;
