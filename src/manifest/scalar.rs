//! Which texts YAML reads as strings, and how a string is written so that every reader takes it for one.

use super::tree::Style;

/// Whether a text without quotes is a string by YAML 1.1, by YAML 1.2 and to the readers that mix them.
///
/// When in doubt the answer is no: quotes too many do no harm. Kustomize's reader follows YAML 1.1 in most (`on`, `y`,
/// `1_0` and `0o17` are not strings to it) and then refuses the whole file.
#[must_use]
pub fn is_plain_string(text: &str) -> bool {
    let mut chars = text.chars();
    let marker = text == "...";
    let starts_well = chars.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.'));
    let harmless =
        text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ':' | '@' | '+' | '='));
    starts_well && harmless && !marker && !text.ends_with(':') && !is_word(text) && !is_number(text) && !is_time(text)
}

/// Whether a text without quotes is a string to YAML, where it is already known to be a plain scalar.
#[must_use]
pub fn reads_as_string(text: &str) -> bool {
    !(text.is_empty() || matches!(text, "~" | "=" | "<<") || is_word(text) || is_number(text) || is_time(text))
}

/// The whole number that a plain scalar stands for, as kustomize's reader takes it.
#[must_use]
pub fn whole_number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('+').unwrap_or(text).replace('_', "");
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] if !digits.contains('.') => (8, &digits[1..]),
        _ => (10, digits.split_once('.').filter(|(_, f)| f.bytes().all(|b| b == b'0')).map_or(&*digits, |(w, _)| w)),
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// Writes a string in a style; styles that quote nothing are taken as they are.
#[must_use]
pub fn write(text: &str, style: Style) -> String {
    match style {
        Style::Single => format!("'{}'", text.replace('\'', "''")),
        Style::Double => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Style::Empty | Style::Plain | Style::Block => text.to_owned(),
    }
}

fn is_word(text: &str) -> bool {
    const WORDS: [&str; 12] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "infinity", "nan"];
    let bare = text.trim_start_matches(['+', '-', '.']);
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(bare))
}

fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let lower = bare.to_ascii_lowercase();
    let radix = |prefix: &str, digits: &str| {
        lower.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|b| digits.as_bytes().contains(&b)))
    };
    radix("0x", "0123456789abcdef_.p+-")
        || radix("0o", "01234567_")
        || radix("0b", "01_")
        || is_decimal(&lower)
        || is_sexagesimal(&lower)
}

/// `1`, `1.10`, `.5`, `1_000`, `1e5`, `1.5e-3`.
fn is_decimal(text: &str) -> bool {
    let text = if text.starts_with('_') { text.to_owned() } else { text.replace('_', "") };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && text.contains(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
            && text.matches('.').count() <= 1
    };
    number(mantissa) && number(exponent) && !exponent.contains('.')
}

/// `12:30`, `1:30:00.5`: numbers to the base of 60 in YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    text.contains(':')
        && text.split(':').all(|part| {
            part.starts_with(|c: char| c.is_ascii_digit())
                && part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.'))
        })
}

/// `2024-01-31`, with or without a time.
#[must_use]
pub fn is_time(text: &str) -> bool {
    let digits = |part: Option<&str>, most: usize| {
        part.is_some_and(|p| (1..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let mut parts = date.split('-');
    digits(parts.next(), 4)
        && date.as_bytes().get(4) == Some(&b'-')
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_reader_takes_for_something_else_is_no_plain_string() {
        for text in [
            "1.10",
            "0123",
            "1e5",
            "1E5",
            "1.e5",
            "0x1F",
            "0X1f",
            "on",
            "On",
            "OFF",
            "yes",
            "y",
            "N",
            "null",
            "Null",
            "~",
            "2024-01-31",
            "2024-1-1",
            "2024-01-31T10",
            "12:30",
            "1:30:00",
            "1_000",
            ".5",
            ".inf",
            "-.INF",
            ".NaN",
            "nan",
            "0b1",
            "0o7",
            "0O17",
            "true",
            "False",
            "1",
            "007",
            "1.",
            "1_0.5",
            "",
            "1__0",
            "1e_5",
            "0x_1",
            "0x",
            "0x1p-2",
        ] {
            assert!(!is_plain_string(text), "{text}");
        }
    }

    #[test]
    fn versions_stay_plain() {
        for text in [
            "0.10.5",
            "v1",
            "1.2.3-rc.1",
            "main",
            "feature-x",
            "0b2",
            "0o8",
            "0xg",
            "1e5f",
            "e5",
            "2024-01-31-abc",
            "20240131-1",
            "sha-0123abc",
            "_1",
            "1.0.0.0",
            "latest",
            "nope",
            "only",
            "registry.example.org:5000/a/b",
            "app=mirror/app:1",
            "5e",
        ] {
            assert!(is_plain_string(text), "{text}");
        }
    }

    #[test]
    fn texts_that_yaml_gives_a_meaning_are_no_plain_strings() {
        for text in [
            "- a", "a: b", "a #b", "*a", "&a", "!a", "[a]", "{a}", "a,b", "a:", "'a", "\"a", "%a", "@a", "`a", "-",
            "?", "...",
        ] {
            assert!(!is_plain_string(text), "{text}");
        }
        assert_eq!(write("it's \"x\\", Style::Single), "'it''s \"x\\'");
        assert_eq!(write("it's \"x\\", Style::Double), "\"it's \\\"x\\\\\"");
    }

    #[test]
    fn counts_are_read_as_kustomize_reads_them() {
        let read = ["3", "010", "0x10", "0o17", "0b11", "3.0", "+3", "1_0", "0", "x", "3.5", "-1", "", "1e3"]
            .map(whole_number);
        let (n, none) = (Some, None);
        assert_eq!(read, [n(3), n(8), n(16), n(15), n(3), n(3), n(3), n(10), n(0), none, none, none, none, none]);
    }
}
