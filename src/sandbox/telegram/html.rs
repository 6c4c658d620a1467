//! Telegram's HTML parse mode: tags become entities, and what isn't well formed is refused with the real server's words.

use serde_json::{Value, json};

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Styled {
    /// The text without styles.
    pub(super) text: String,
    /// The same as clean HTML.
    pub(super) html: String,
    /// The Bot API's entities.
    pub(super) entities: Vec<Value>,
}

/// Text without styles.
pub(super) fn plain(text: &str) -> Styled {
    let text = text.trim();
    Styled { text: text.to_owned(), html: escape(text), entities: Vec::new() }
}

/// The length in UTF-16 units, which is what entity offsets count.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Escapes text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Parses HTML.
///
/// # Errors
/// The words that follow "can't parse entities: ".
pub(super) fn parse(source: &str) -> Result<Styled, String> {
    let mut parser = Parser { source, at: 0, out: Styled::default(), offset: 0, open: Vec::new() };
    parser.run()?;
    let mut out = parser.out;
    let trimmed = out.text.trim_start();
    let cut = utf16_len(&out.text) - utf16_len(trimmed);
    let trimmed = trimmed.trim_end().to_owned();
    let length = utf16_len(&trimmed);
    out.entities.retain_mut(|entity| shift(entity, cut, length));
    out.entities.sort_by_key(|e| (e["offset"].as_u64(), std::cmp::Reverse(e["length"].as_u64())));
    out.text = trimmed;
    Ok(out)
}

/// Moves an entity to the trimmed text; `false` when nothing is left of it.
fn shift(entity: &mut Value, cut: usize, length: usize) -> bool {
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = number(&entity["offset"]);
    let end = (start + number(&entity["length"])).saturating_sub(cut).min(length);
    let start = start.saturating_sub(cut);
    entity["offset"] = json!(start);
    entity["length"] = json!(end.saturating_sub(start));
    end > start
}

struct Open {
    tag: String,
    argument: String,
    offset: usize,
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    out: Styled,
    offset: usize,
    open: Vec<Open>,
}

impl Parser<'_> {
    fn byte(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(&test) {
            self.at += 1;
        }
    }

    fn push(&mut self, c: char) {
        self.out.text.push(c);
        self.out.html.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        self.offset += c.len_utf16();
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.source[self.at..].chars().next() {
            match c {
                '&' => {
                    let c = self.character();
                    self.push(c);
                }
                '<' if self.source[self.at..].starts_with("</") => self.end_tag()?,
                '<' => self.start_tag()?,
                c => {
                    self.at += c.len_utf8();
                    self.push(c);
                }
            }
        }
        match self.open.last() {
            Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag)),
            None => Ok(()),
        }
    }

    /// The character at `&`: one of the four names, a number, or the ampersand itself.
    fn character(&mut self) -> char {
        let rest = &self.source[self.at + 1..];
        let (decoded, length) = if let Some(number) = rest.strip_prefix('#') {
            let (digits, radix, skipped) = match number.strip_prefix('x') {
                Some(hex) => (hex, 16, 2),
                None => (number, 10, 1),
            };
            let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
            let decoded = u32::from_str_radix(&digits[..end], radix).ok().and_then(char::from_u32);
            (decoded.filter(|c| *c != '\0'), skipped + end)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let decoded = match &rest[..end] {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                _ => None,
            };
            (decoded, end)
        };
        match decoded {
            Some(c) => {
                self.at += 1 + length;
                if self.byte() == Some(b';') {
                    self.at += 1;
                }
                c
            }
            None => {
                self.at += 1;
                '&'
            }
        }
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        self.at += 1;
        let name_at = self.at;
        self.skip_while(|b| !b.is_ascii_whitespace() && b != b'>');
        if self.byte().is_none() {
            return Err(unclosed());
        }
        let tag = self.source[name_at..self.at].to_lowercase();
        const TAGS: [&str; 16] = [
            "a",
            "b",
            "strong",
            "i",
            "em",
            "s",
            "strike",
            "del",
            "u",
            "ins",
            "tg-spoiler",
            "tg-emoji",
            "span",
            "pre",
            "code",
            "blockquote",
        ];
        if !TAGS.contains(&tag.as_str()) {
            return Err(format!("Unsupported start tag \"{tag}\" at byte offset {begin}"));
        }
        let mut argument = String::new();
        loop {
            self.skip_while(|b| b.is_ascii_whitespace());
            match self.byte() {
                None => return Err(unclosed()),
                Some(b'>') => break,
                Some(_) => {}
            }
            let (name, value) = self.attribute(&tag, begin)?;
            match (tag.as_str(), name.as_str()) {
                ("a", "href") | ("span" | "code" | "pre", "class") | ("tg-emoji", "emoji-id") => argument = value,
                ("blockquote", "expandable") => argument = name,
                _ => {}
            }
        }
        self.at += 1;
        if tag == "span" && argument != "tg-spoiler" {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.out.html.push_str(&html_start(&tag, &argument));
        self.open.push(Open { tag, argument, offset: self.offset });
        Ok(())
    }

    fn attribute(&mut self, tag: &str, begin: usize) -> Result<(String, String), String> {
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        let name_at = self.at;
        self.skip_while(|b| !b.is_ascii_whitespace() && b != b'=' && b != b'>');
        let name = self.source[name_at..self.at].to_lowercase();
        if name.is_empty() {
            return Err(format!("Empty attribute name in the tag \"{tag}\" at byte offset {begin}"));
        }
        self.skip_while(|b| b.is_ascii_whitespace());
        if self.byte() != Some(b'=') {
            return if self.byte().is_none() { Err(unclosed()) } else { Ok((name, String::new())) };
        }
        self.at += 1;
        self.skip_while(|b| b.is_ascii_whitespace());
        let mut value = String::new();
        match self.byte() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                while let Some(c) = self.source[self.at..].chars().next() {
                    if c == char::from(quote) {
                        break;
                    }
                    if c == '&' {
                        value.push(self.character());
                    } else {
                        self.at += c.len_utf8();
                        value.push(c);
                    }
                }
                self.at += 1;
            }
            _ => {
                let token_at = self.at;
                self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
                value.push_str(&self.source[token_at..self.at].to_lowercase());
                if !self.byte().is_some_and(|b| b.is_ascii_whitespace() || b == b'>') {
                    return Err(format!("Unexpected end of name token at byte offset {token_at}"));
                }
            }
        }
        if self.at >= self.source.len() { Err(unclosed()) } else { Ok((name, value)) }
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        let name_at = self.at;
        self.skip_while(|b| !b.is_ascii_whitespace() && b != b'>');
        let found = self.source[name_at..self.at].to_lowercase();
        self.skip_while(|b| b.is_ascii_whitespace());
        if self.byte() != Some(b'>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !found.is_empty() && found != open.tag {
            let expected = &open.tag;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{found}>\""
            ));
        }
        self.out.html.push_str(html_end(&open.tag, &open.argument));
        if self.offset > open.offset {
            self.out.entities.extend(entity(&open, self.offset, &self.out.text));
        }
        Ok(())
    }
}

fn is_web_link(url: &str) -> bool {
    ["http://", "https://", "tg://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}

fn entity(open: &Open, end: usize, text: &str) -> Option<Value> {
    let kind = match open.tag.as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "s" | "strike" | "del" => "strikethrough",
        "u" | "ins" => "underline",
        "tg-spoiler" | "span" => "spoiler",
        "blockquote" if open.argument.is_empty() => "blockquote",
        "blockquote" => "expandable_blockquote",
        "a" => {
            let label: String = String::from_utf16_lossy(&text.encode_utf16().skip(open.offset).collect::<Vec<_>>());
            let url = if open.argument.is_empty() { label } else { open.argument.clone() };
            if !is_web_link(&url) {
                return None;
            }
            return Some(json!({"type": "text_link", "offset": open.offset, "length": end - open.offset, "url": url}));
        }
        "tg-emoji" => return None,
        tag => tag,
    };
    Some(json!({"type": kind, "offset": open.offset, "length": end - open.offset}))
}

fn html_start(tag: &str, argument: &str) -> String {
    match tag {
        "a" if is_web_link(argument) => {
            format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">", escape(argument))
        }
        "a" | "tg-emoji" => String::new(),
        "span" | "tg-spoiler" => "<span class=\"spoiler\">".to_owned(),
        tag => format!("<{tag}>"),
    }
}

fn html_end(tag: &str, argument: &str) -> &'static str {
    match tag {
        "a" if is_web_link(argument) => "</a>",
        "b" => "</b>",
        "strong" => "</strong>",
        "i" => "</i>",
        "em" => "</em>",
        "s" => "</s>",
        "strike" => "</strike>",
        "del" => "</del>",
        "u" => "</u>",
        "ins" => "</ins>",
        "pre" => "</pre>",
        "code" => "</code>",
        "blockquote" => "</blockquote>",
        "span" | "tg-spoiler" => "</span>",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_entities_with_utf16_offsets() {
        let styled =
            parse("🚀 <b>жив</b> <code>a&lt;b &amp; &#33;</code> <a href=\"https://e.org/?a&amp;b\">c</a>").unwrap();
        assert_eq!(styled.text, "🚀 жив a<b & ! c");
        assert_eq!(
            styled.entities,
            [
                json!({"type": "bold", "offset": 3, "length": 3}),
                json!({"type": "code", "offset": 7, "length": 7}),
                json!({"type": "text_link", "offset": 15, "length": 1, "url": "https://e.org/?a&b"}),
            ]
        );
        assert!(styled.html.contains("<code>a&lt;b &amp; !</code>"), "{}", styled.html);
    }

    #[test]
    fn surrounding_space_is_cut_and_entities_move() {
        let styled = parse("\n <b> x </b>\n").unwrap();
        assert_eq!(styled.text, "x");
        assert_eq!(styled.entities, [json!({"type": "bold", "offset": 0, "length": 1})]);
        assert_eq!(parse("<b> </b>").unwrap().text, "");
    }

    #[test]
    fn broken_markup_is_refused_in_the_servers_words() {
        for (source, words) in [
            ("a <b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("a<c", "Unclosed start tag at byte offset 1"),
            ("я<img src=x>", "Unsupported start tag \"img\" at byte offset 2"),
            ("1 < 2 > 1", "Unsupported start tag \"\" at byte offset 2"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<a href=\"x", "Unclosed start tag at byte offset 0"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ] {
            assert_eq!(parse(source), Err(words.to_owned()), "{source}");
        }
    }

    #[test]
    fn the_clean_html_has_no_way_out() {
        let styled =
            parse("<a href=\"javascript:alert(1)\">x</a>&lt;script&gt;<a href='https://e.org/\"onclick=\"'>y</a>")
                .unwrap();
        assert!(!styled.html.contains("javascript") && !styled.html.contains("<script"), "{}", styled.html);
        assert!(styled.html.contains("https://e.org/&quot;onclick=&quot;"), "{}", styled.html);
    }
}
