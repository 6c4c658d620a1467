//! Messages as Telegram's HTML, within its limits.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use crate::reply::{Message, Span};

/// The longest text. Telegram speaks of "characters after entities parsing"; UTF-16 units are the strictest reading.
const LONGEST_TEXT: usize = 4096;

/// The longest `callback_data`, in bytes.
const LONGEST_DATA: usize = 64;

/// The most buttons below one message.
const MOST_BUTTONS: usize = 100;

/// A message ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    /// The text in HTML.
    pub(super) html: String,
    /// The same without styles, for when the HTML isn't accepted.
    pub(super) plain: String,
    /// The buttons.
    pub(super) keyboard: InlineKeyboardMarkup,
}

impl Body {
    pub(super) fn of(message: &Message) -> Self {
        let text = cut(&message.text, LONGEST_TEXT);
        let mut html: String = text.iter().map(span).collect();
        let mut plain: String = text.iter().map(visible).collect();
        if plain.trim().is_empty() {
            "…".clone_into(&mut html);
            "…".clone_into(&mut plain);
        }
        Self { html, plain, keyboard: keyboard(message) }
    }
}

fn keyboard(message: &Message) -> InlineKeyboardMarkup {
    let mut left = MOST_BUTTONS;
    let rows = message.buttons.iter().map(|row| {
        let fitting = row.iter().filter(|button| {
            let fits = (1..=LONGEST_DATA).contains(&button.command.len()) && !button.label.trim().is_empty();
            if !fits {
                tracing::warn!(command = button.command, "a button is left out: its command is longer than 64 bytes");
            }
            fits
        });
        let buttons: Vec<_> =
            fitting.take(left).map(|b| InlineKeyboardButton::callback(&b.label, &b.command)).collect();
        left -= buttons.len();
        buttons
    });
    InlineKeyboardMarkup::new(rows.filter(|row| !row.is_empty()).collect::<Vec<_>>())
}

fn visible(span: &Span) -> &str {
    match span {
        Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) | Span::Link { text, .. } => text,
    }
}

fn span(span: &Span) -> String {
    let text = escape(visible(span));
    if text.is_empty() {
        return text;
    }
    match span {
        Span::Plain(_) => text,
        Span::Bold(_) => format!("<b>{text}</b>"),
        Span::Code(_) => format!("<code>{text}</code>"),
        Span::Block(_) => format!("<pre>{text}</pre>"),
        Span::Link { url, .. } => format!("<a href=\"{}\">{text}</a>", escape(url).replace('"', "&quot;")),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cuts the visible text to so many UTF-16 units, the last being an ellipsis when something is missing.
fn cut(spans: &[Span], limit: usize) -> Vec<Span> {
    let units = |span: &Span| visible(span).chars().map(char::len_utf16).sum::<usize>();
    if spans.iter().map(units).sum::<usize>() <= limit {
        return spans.to_vec();
    }
    let mut room = limit - 1;
    let mut kept = Vec::new();
    for span in spans {
        let length = units(span);
        if length <= room {
            room -= length;
            kept.push(span.clone());
            continue;
        }
        let mut start = String::new();
        for c in visible(span).chars() {
            if c.len_utf16() > room {
                break;
            }
            room -= c.len_utf16();
            start.push(c);
        }
        kept.push(match span {
            Span::Plain(_) => Span::Plain(start),
            Span::Bold(_) => Span::Bold(start),
            Span::Code(_) => Span::Code(start),
            Span::Block(_) => Span::Block(start),
            Span::Link { url, .. } => Span::Link { text: start, url: url.clone() },
        });
        break;
    }
    kept.push(Span::Plain("…".to_owned()));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Button;

    fn link(text: &str, url: &str) -> Span {
        Span::Link { text: text.into(), url: url.into() }
    }

    #[test]
    fn only_what_must_be_is_escaped() {
        let text = vec![
            Span::Plain("a<b & \"c\" 'd' > \n".into()),
            Span::Bold("жив".into()),
            Span::Code("</code><b>".into()),
            Span::Block("1\n2".into()),
            link("x", "https://e.org/?a&b=\"><script>"),
            Span::Bold(String::new()),
        ];
        assert_eq!(
            Body::of(&Message { text, buttons: Vec::new() }).html,
            "a&lt;b &amp; \"c\" 'd' &gt; \n<b>жив</b><code>&lt;/code&gt;&lt;b&gt;</code><pre>1\n2</pre>\
             <a href=\"https://e.org/?a&amp;b=&quot;&gt;&lt;script&gt;\">x</a>"
        );
        assert_eq!(Body::of(&Message::plain(" \n")).html, "…");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = |spans: &[Span]| cut(spans, 10).iter().map(visible).collect::<String>();
        assert_eq!(text(&[Span::Plain("0123456789".into())]), "0123456789");
        assert_eq!(text(&[Span::Plain("0123456789a".into())]), "012345678…");
        assert_eq!(text(&[Span::Plain("012345".into()), Span::Code("🚀🚀🚀".into())]), "012345🚀…");
        assert_eq!(text(&[link("01234567🚀xx", "https://e.org")]), "01234567…");
        let body = Body::of(&Message { text: vec![Span::Block("<".repeat(9000))], buttons: Vec::new() });
        assert_eq!(body.plain.encode_utf16().count(), 4096);
        assert!(body.html.starts_with("<pre>&lt;") && body.html.ends_with("&lt;</pre>…"));
    }

    #[test]
    fn buttons_that_telegram_would_refuse_are_left_out() {
        let button = |command: String| Button { label: "x".into(), command };
        let buttons = vec![
            vec![button("/deploy 1".into()), button("ы".repeat(33))],
            vec![button("z".repeat(65))],
            vec![button("y".repeat(64))],
        ];
        let body = Body::of(&Message { text: Vec::new(), buttons });
        let rows: Vec<usize> = body.keyboard.inline_keyboard.iter().map(Vec::len).collect();
        assert_eq!(rows, [1, 1]);
    }
}
