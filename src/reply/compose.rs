//! Puts a message together from spans.

use super::{
    clean,
    message::{Button, Document, Message, Span},
};
use crate::domain::name::Revision;

/// Telegram allows 4096 characters after entities are parsed; it counts UTF-16 units, and so do we, to be safe.
const MAX_UNITS: usize = 4000;

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Text {
    spans: Vec<Span>,
    buttons: Vec<Vec<Button>>,
    document: Option<Document>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn plain(mut self, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        self.begin(text);
        match self.spans.last_mut() {
            Some(Span::Plain(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.spans.push(Span::Plain(text.to_owned())),
        }
        self
    }

    pub(super) fn bold(mut self, text: impl Into<String>) -> Self {
        self.begin("");
        self.spans.push(Span::Bold(text.into()));
        self
    }

    pub(super) fn code(mut self, text: impl Into<String>) -> Self {
        self.begin("");
        self.spans.push(Span::Code(text.into()));
        self
    }

    /// A line of its own in code, for commands that are there to be tapped.
    pub(super) fn code_line(self, text: impl Into<String>) -> Self {
        self.newline().code(text)
    }

    pub(super) fn newline(self) -> Self {
        if self.spans.is_empty() || matches!(self.spans.last(), Some(Span::Block(_))) { self } else { self.plain("\n") }
    }

    /// Plain text on a line of its own.
    pub(super) fn line(self, text: impl AsRef<str>) -> Self {
        self.newline().plain(text)
    }

    /// An empty line, then plain text.
    pub(super) fn paragraph(self, text: impl AsRef<str>) -> Self {
        self.plain("\n\n").plain(text)
    }

    /// A block; what follows begins on a new line.
    pub(super) fn block(mut self, text: impl Into<String>) -> Self {
        self = self.newline();
        // Of two blocks the second begins a line as well.
        self.begin("");
        self.spans.push(Span::Block(text.into()));
        self
    }

    /// A commit by its short id, linked where the forge's address is known.
    pub(super) fn commit(mut self, revision: &Revision, url: Option<&str>) -> Self {
        let text = revision.short().to_owned();
        match url {
            Some(url) => {
                self.begin("");
                self.spans.push(Span::Link { text, url: url.to_owned() });
                self
            }
            None => self.code(text),
        }
    }

    /// Our own wording, in which backticks mark code.
    pub(super) fn marked(self, text: &str) -> Self {
        text.split('`').enumerate().fold(
            self,
            |built, (index, piece)| {
                if index % 2 == 1 { built.code(piece) } else { built.plain(piece) }
            },
        )
    }

    /// A row of buttons, for those who may press them.
    pub(super) fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.buttons.push(row);
        }
        self
    }

    /// A file that goes with it.
    pub(super) fn document(mut self, document: Document) -> Self {
        self.document = Some(document);
        self
    }

    /// How many UTF-16 units it has so far.
    pub(super) fn units(&self) -> usize {
        self.spans.iter().map(|span| units(text_of(span))).sum()
    }

    /// The message, cut where it would be longer than a message may be.
    pub(super) fn build(self) -> Message {
        let mut text = Vec::new();
        let mut room = MAX_UNITS;
        for span in self.spans {
            let needed = units(text_of(&span));
            if needed <= room {
                room -= needed;
                text.push(span);
                continue;
            }
            // An UTF-16 unit is at least one character's, so this many characters of one or two units surely fit.
            let cut = clean::cut(text_of(&span), room / 2);
            if !cut.is_empty() {
                text.push(match span {
                    Span::Plain(_) => Span::Plain(cut),
                    Span::Bold(_) => Span::Bold(cut),
                    Span::Code(_) => Span::Code(cut),
                    Span::Block(_) => Span::Block(cut),
                    Span::Link { url, .. } => Span::Link { text: cut, url },
                });
            }
            break;
        }
        Message { text, buttons: self.buttons, document: self.document }
    }

    /// The message whatever its length, for fronts that have no limit.
    pub(super) fn build_whole(self) -> Message {
        Message { text: self.spans, buttons: self.buttons, document: self.document }
    }

    /// A block ends its line.
    fn begin(&mut self, text: &str) {
        if matches!(self.spans.last(), Some(Span::Block(_))) && !text.starts_with('\n') {
            self.spans.push(Span::Plain("\n".to_owned()));
        }
    }
}

/// The longest label of a button, in characters.
pub(super) const LABEL: usize = 48;

/// A button whose command is answered in a message of its own; a label that is too long is cut.
pub(super) fn button(label: impl AsRef<str>, command: impl Into<String>) -> Button {
    Button { label: clean::cut(label.as_ref(), LABEL), command: command.into(), in_place: false }
}

/// A button that turns a page of this message or confirms what it asks: the answer takes its place.
pub(super) fn button_in_place(label: impl AsRef<str>, command: impl Into<String>) -> Button {
    Button { in_place: true, ..button(label, command) }
}

fn text_of(span: &Span) -> &str {
    match span {
        Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) | Span::Link { text, .. } => text,
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
