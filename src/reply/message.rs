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
    /// The command, as it would be typed; at most 64 bytes, the limit of Telegram's `callback_data`.
    pub command: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The text.
    pub text: Vec<Span>,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
}

impl Message {
    /// A message of unstyled text.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: vec![Span::Plain(text.into())], buttons: Vec::new() }
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
}
