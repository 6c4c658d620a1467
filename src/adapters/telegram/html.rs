//! Messages as Telegram's HTML, within its limits.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use super::button;
use crate::reply::{Button, Document, Message, Span};

/// The longest text. Telegram speaks of "characters after entities parsing"; UTF-16 units are the strictest reading.
const LONGEST_TEXT: usize = 4096;

/// The longest caption of a file.
const LONGEST_CAPTION: usize = 1024;

/// The most buttons below one message.
const MOST_BUTTONS: usize = 100;

/// The room for commands that stand in the text because no button can hold them, in UTF-16 units.
const ROOM_FOR_COMMANDS: usize = 1500;

/// A message ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    /// The text in HTML.
    pub(super) html: String,
    /// The same without styles, for when the HTML isn't accepted.
    pub(super) plain: String,
    /// The buttons.
    pub(super) keyboard: InlineKeyboardMarkup,
    /// The file whose caption the text is.
    pub(super) document: Option<Document>,
}

impl Body {
    pub(super) fn of(message: &Message) -> Self {
        // A caption has no room to spare: buttons that need some are left out.
        let (longest, room) = match message.document {
            Some(_) => (LONGEST_CAPTION, 0),
            None => (LONGEST_TEXT, ROOM_FOR_COMMANDS),
        };
        let (keyboard, long) = keyboard(message, longest, room);
        let needed: usize = long.iter().map(|command| units(command) + 1).sum();
        let text = cut(&message.text, longest - needed);
        let mut html: String = text.iter().map(span).collect();
        let mut plain: String = text.iter().map(visible).collect();
        if plain.trim().is_empty() {
            "…".clone_into(&mut html);
            "…".clone_into(&mut plain);
        }
        if !long.is_empty() {
            let quoted: Vec<String> = long.iter().map(|command| format!("<code>{}</code>", escape(command))).collect();
            html.push_str(&format!("\n<blockquote expandable>{}</blockquote>", quoted.join("\n")));
            plain.push_str(&format!("\n{}", long.join("\n")));
        }
        Self { html, plain, keyboard, document: message.document.clone() }
    }
}

/// The keyboard, and the commands that have to be added to the text because their buttons only have a code for them.
fn keyboard(message: &Message, longest: usize, room: usize) -> (InlineKeyboardMarkup, Vec<String>) {
    // What is surely left of the text when they have taken their room.
    let shown: String = cut(&message.text, longest - room).iter().map(visible).collect();
    let mut long: Vec<String> = Vec::new();
    let (mut left, mut room) = (MOST_BUTTONS, room);
    let mut holds = |one: &Button| {
        let (data, coded) = button::data(one);
        let command = &one.command;
        if coded && !long.contains(command) && !button::is_shown(command, &shown) {
            room = room.checked_sub(units(command) + 1)?;
            long.push(command.clone());
        }
        Some(data)
    };
    let mut rows = Vec::new();
    for row in &message.buttons {
        let mut buttons = Vec::new();
        for one in row.iter().filter(|one| !one.label.trim().is_empty() && !one.command.is_empty()) {
            match holds(one).filter(|_| left > 0) {
                Some(data) => {
                    left -= 1;
                    buttons.push(InlineKeyboardButton::callback(&one.label, data));
                }
                None => tracing::warn!(command = one.command, "a button is left out: there is no room for it"),
            }
        }
        if !buttons.is_empty() {
            rows.push(buttons);
        }
    }
    (InlineKeyboardMarkup::new(rows), long)
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

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Cuts the visible text to so many UTF-16 units, the last being an ellipsis when something is missing.
fn cut(spans: &[Span], limit: usize) -> Vec<Span> {
    let units = |span: &Span| units(visible(span));
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
            Body::of(&Message { text, buttons: Vec::new(), document: None }).html,
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
        let body =
            Body::of(&Message { text: vec![Span::Block("<".repeat(9000))], buttons: Vec::new(), document: None });
        assert_eq!(body.plain.encode_utf16().count(), 4096);
        assert!(body.html.starts_with("<pre>&lt;") && body.html.ends_with("&lt;</pre>…"));
    }

    fn button(command: &str) -> Button {
        Button { label: "x".into(), command: command.into(), in_place: false }
    }

    fn rows(body: &Body) -> Vec<usize> {
        body.keyboard.inline_keyboard.iter().map(Vec::len).collect()
    }

    #[test]
    fn buttons_that_telegram_would_refuse_are_left_out() {
        let nameless = Button { label: " ".into(), ..button("/status") };
        let buttons = vec![vec![button("/deploy 1"), nameless], vec![button("")], vec![button("/status"); 200]];
        let body = Body::of(&Message { text: Vec::new(), buttons, document: None });
        assert_eq!(rows(&body), [1, 99]);
    }

    #[test]
    fn commands_that_no_button_can_hold_stand_in_the_text() {
        let long = |number: usize| format!("/deploy oil/prod <{}{number}>", "x".repeat(60));
        let shown = vec![Span::Plain("Вернуть: ".into()), Span::Code(long(1))];
        let message = Message {
            text: shown,
            buttons: vec![vec![button(&long(1)), button(&long(2)), button(&long(2))]],
            document: None,
        };
        let body = Body::of(&message);
        assert_eq!(rows(&body), [3]);
        assert_eq!(body.plain, format!("Вернуть: {}\n{}", long(1), long(2)), "once each");
        let quoted = escape(&long(2));
        assert!(body.html.ends_with(&format!("\n<blockquote expandable><code>{quoted}</code></blockquote>")));

        let many: Vec<_> = (0..50).map(|number| vec![button(&long(number))]).collect();
        let body = Body::of(&Message { text: vec![Span::Block("<".repeat(9000))], buttons: many, document: None });
        assert_eq!(rows(&body).len(), ROOM_FOR_COMMANDS / (units(&long(10)) + 1));
        assert!((4000..=4096).contains(&units(&body.plain)), "{}", units(&body.plain));
        assert!(body.plain.contains("<…\n/deploy"));
    }
}
