//! A message before any front renders it: styled text and buttons.

/// A styled stretch of text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Span {
    Plain(String),
    Bold(String),
    /// Monospace within a line: names, versions, commands that can be tapped to copy.
    Code(String),
    /// A monospace block of its own lines.
    Block(String),
    Link {
        text: String,
        url: String,
    },
}

/// A button below a message; pressing it gives a command in the presser's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The text on it.
    pub label: String,
    /// The command, as it would be typed.
    pub command: String,
    /// Whether the answer takes the place of this message, as for turning a page or confirming what it asks; otherwise
    /// it is a message of its own.
    pub in_place: bool,
}

/// A file that goes with a message; the message's text is its caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file's name.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The text.
    pub text: Vec<Span>,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
    /// What is too long for the text; fronts that can't show files leave it out.
    pub document: Option<Document>,
}

impl Message {
    /// A message of unstyled text.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: vec![Span::Plain(text.into())], ..Self::default() }
    }

    /// The text without styles, as terminals and logs show it; a link shows its address in brackets.
    #[must_use]
    pub fn to_plain(&self) -> String {
        let mut plain = String::new();
        for span in &self.text {
            match span {
                Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) => plain.push_str(text),
                Span::Link { text, url } => {
                    plain.push_str(text);
                    plain.push_str(" (");
                    plain.push_str(url);
                    plain.push(')');
                }
            }
        }
        plain
    }

    /// The text for a terminal: with `color`, styles become ANSI escapes; without, it is [`Self::to_plain`].
    #[must_use]
    pub fn to_terminal(&self, color: bool) -> String {
        if !color {
            return self.to_plain();
        }
        let mut styled = String::new();
        for span in &self.text {
            match span {
                Span::Plain(text) => styled.push_str(text),
                Span::Bold(text) => push_styled(&mut styled, "1", text),
                Span::Code(text) => push_styled(&mut styled, "36", text),
                Span::Block(text) => {
                    // Line by line: pagers and job logs reset the style at the end of each.
                    for (index, line) in text.split('\n').enumerate() {
                        styled.push_str(if index > 0 { "\n" } else { "" });
                        push_styled(&mut styled, "2", line);
                    }
                }
                Span::Link { text, url } => {
                    push_styled(&mut styled, "4", text);
                    styled.push_str(" (");
                    styled.push_str(url);
                    styled.push(')');
                }
            }
        }
        styled
    }
}

fn push_styled(to: &mut String, style: &str, text: &str) {
    if !text.is_empty() {
        to.push_str(&format!("\u{1b}[{style}m{text}\u{1b}[0m"));
    }
}
