//! Secrets in foreign text, such as logs: found by patterns, and taken out before anybody sees them.

use std::fmt;

use regex::{Captures, Regex, RegexBuilder};

/// What stands in the place of a secret.
pub const MASKED: &str = "***";

/// The group of a pattern that holds the secret; a pattern without it is one as a whole.
const SECRET: &str = "secret";

/// How large a compiled pattern may be.
const LARGEST: usize = 1 << 20;

/// What secrets look like by themselves, or by what stands before them.
///
/// A log may be cut anywhere, so that of a private key only its middle or its end may be there.
const USUAL: &[&str] = &[
    // Private keys in PEM.
    r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?<secret>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    r"(?m)(?<secret>(?:^[^\n]*[A-Za-z0-9+/=]{16,}\s*\n)+)[^\n]*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    r"(?m)(?<secret>(?:^[A-Za-z0-9+/]{64}\r?\n){2,}(?:^[A-Za-z0-9+/=]{1,64}\r?$)?)",
    // The credentials of an address, a password alone too.
    r"[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/?#:@]*:[^\s/?#]*)@",
    // What a header of HTTP carries.
    r"(?i)\bbearer\s+(?<secret>[A-Za-z0-9._~+/=-]{16,})",
    r"(?i)\bbasic\s+(?<secret>[A-Za-z0-9+/]{8,}={1,2})",
    r#"(?i)\b(?:proxy-)?authorization["'\\]*\s*[:=]\s*["'\\]*(?<secret>[^\s"'\\,][^"'\\,\n]*)"#,
    r#"(?i)\b(?:set-)?cookie["'\\]*\s*[:=]\s*["'\\]*(?<secret>[^\s"'\\][^"'\\\n]*)"#,
    // A name that says what it is, and its value: `password=x`, `"api_key": "x"`, `DB_PASSWORD: x`, `--token x`.
    r#"(?ix)
      (?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key
        |encryption[_-]?key|credentials?|auth[_-]?key)
      [A-Za-z0-9_.-]*["'\\]*\s*(?:=>|:=|[:=])\s*
      (?: \\"(?<secret2>(?:[^"\\]|\\[^"])+) | "(?<secret>(?:[^"\\]|\\.)+) | '(?<secret3>[^']+)
        | (?<secret4>[^\s"'\\,;&)}\]]+) )"#,
    r"(?im)(?:^|\s)--?(?:password|passwd|passphrase|pwd|secret|token|api-key|access-key)\s+(?<secret>[^\s=:-]\S*)",
    // Tokens that carry their maker's mark.
    r"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|npm_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{20,})",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bsk-[A-Za-z0-9_-]{20,}",
    r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"\b[0-9]{6,12}:[A-Za-z0-9_-]{30,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
];

/// Patterns of secrets.
#[derive(Clone)]
pub struct Mask(Vec<Regex>);

/// A pattern that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Mask {
    /// These patterns, with the usual ones or without.
    ///
    /// # Errors
    /// [`PatternError`] for one that isn't a regular expression, is too large, or fits what is empty.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>, usual: bool) -> Result<Self, PatternError> {
        let mut compiled = Vec::new();
        for pattern in USUAL.iter().filter(|_| usual) {
            compiled.push(Self::pattern(pattern)?);
        }
        for pattern in patterns {
            compiled.push(Self::pattern(pattern.as_ref())?);
        }
        Ok(Self(compiled))
    }

    /// Compiles one pattern.
    ///
    /// # Errors
    /// [`PatternError`], as [`Self::new`] has it.
    pub fn pattern(text: &str) -> Result<Regex, PatternError> {
        let regex =
            RegexBuilder::new(text).size_limit(LARGEST).build().map_err(|error| PatternError(reason(&error)))?;
        if regex.is_match("") {
            return Err(PatternError("it fits an empty text, so it would fit everywhere".to_owned()));
        }
        Ok(regex)
    }

    /// The text with its secrets masked, and how many there were.
    #[must_use]
    pub fn apply(&self, text: &str) -> (String, usize) {
        let mut text = text.to_owned();
        let mut count = 0;
        for regex in &self.0 {
            let masked = regex.replace_all(&text, |captures: &Captures<'_>| {
                let (masked, found) = masked(captures);
                count += usize::from(found);
                masked
            });
            if let std::borrow::Cow::Owned(masked) = masked {
                text = masked;
            }
        }
        (text, count)
    }
}

/// A match with its secret masked; what was masked before stays as it is.
fn masked(captures: &Captures<'_>) -> (String, bool) {
    let whole = &captures[0];
    let start = captures.get(0).map_or(0, |whole| whole.start());
    let secret = [SECRET, "secret2", "secret3", "secret4"].into_iter().find_map(|name| captures.name(name));
    let (before, secret, after) = match secret {
        Some(secret) => {
            let (from, to) = (secret.start() - start, secret.end() - start);
            (&whole[..from], &whole[from..to], &whole[to..])
        }
        None => ("", whole, ""),
    };
    if secret.trim().trim_start_matches(MASKED).is_empty() {
        return (whole.to_owned(), false);
    }
    // A secret of several lines stays on lines of its own.
    let (open, close) = (line_end(secret.chars().next()), line_end(secret.chars().next_back()));
    (format!("{before}{open}{MASKED}{close}{after}"), !secret.contains(MASKED))
}

fn line_end(c: Option<char>) -> &'static str {
    if c == Some('\n') { "\n" } else { "" }
}

/// The last line of the error: the others draw the pattern, which has its place in the configuration.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl Default for Mask {
    /// The usual patterns.
    fn default() -> Self {
        // They are constants, and a test compiles them all.
        Self(USUAL.iter().filter_map(|pattern| Self::pattern(pattern).ok()).collect())
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} patterns)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(text: &str) -> String {
        Mask::default().apply(text).0
    }

    #[test]
    fn every_usual_pattern_compiles() {
        assert_eq!(Mask::default().0.len(), USUAL.len());
        assert!(Mask::new(["a+"], true).is_ok_and(|mask| mask.0.len() == USUAL.len() + 1));
    }

    #[test]
    fn secrets_are_masked_by_what_stands_before_them() {
        for (text, expected) in [
            ("password=hunter2 user=anna", "password=*** user=anna"),
            ("DB_PASSWORD: hunter2", "DB_PASSWORD: ***"),
            (r#"{"user":"anna","password":"hun\\ter2","n":1}"#, r#"{"user":"anna","password":"***","n":1}"#),
            (r#"{"password":"a\"b","n":1}"#, r#"{"password":"***","n":1}"#),
            (r#"{"msg":"{\"api_key\":\"abc\"}"}"#, r#"{"msg":"{\"api_key\":\"***\"}"}"#),
            ("client-secret = 'a b c' next", "client-secret = '***' next"),
            ("connect --password hunter2 --verbose", "connect --password *** --verbose"),
            ("postgres://anna:hun@ter2@db:5432/oil", "postgres://***@db:5432/oil"),
            ("redis://:hunter2@cache:6379/0", "redis://***@cache:6379/0"),
            ("Authorization: Bearer abc.def-ghi_jkl0", "Authorization: ***"),
            ("sent Bearer abcdefghijkl0123456789", "sent Bearer ***"),
            (r#""authorization":"Basic YW5uYTpodW50ZXIy","x":1"#, r#""authorization":"***","x":1"#),
            ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
            ("api-key => abc", "api-key => ***"),
        ] {
            assert_eq!(usual(text), expected, "{text}");
        }
    }

    #[test]
    fn tokens_are_known_by_their_look() {
        let long = "Ab1_".repeat(12);
        let letters = "Ab12".repeat(10);
        for token in [
            format!("glpat-{long}"),
            format!("ghp_{letters}"),
            format!("github_pat_{long}"),
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            format!("xoxb-{letters}"),
            format!("4242424242:{letters}"),
            format!("eyJ{letters}.eyJ{letters}.{long}"),
        ] {
            let text = format!("got {token} now");
            assert_eq!(usual(&text), "got *** now", "{token}");
        }
    }

    #[test]
    fn private_keys_are_masked_wherever_they_are_cut() {
        let line = format!("{}\n", "Qk1J".repeat(16));
        let begin = "-----BEGIN RSA PRIVATE KEY-----\n";
        let end = "-----END RSA PRIVATE KEY-----";
        let whole = format!("a\n{begin}{}{end}\nb", line.repeat(5));
        assert_eq!(usual(&whole), format!("a\n{begin}***\n{end}\nb"));
        let head = format!("a\n{begin}{}", line.repeat(5));
        let tail = format!("{}{end}\nb", line.repeat(5));
        let middle = line.repeat(5);
        for text in [head, tail, middle] {
            let masked = usual(&text);
            assert!(!masked.contains("Qk1JQk1J") && masked.contains(MASKED), "{masked}");
        }
    }

    #[test]
    fn ordinary_lines_stay_as_they_are() {
        for text in [
            "GET /api/valves?state=open 200 12ms",
            "2026-11-21T10:00:00Z INFO listening on 0.0.0.0:8080",
            "https://example.org/a:b@c is fine",
            "the secret of good oil",
            "pulled registry.example.org:5000/team/app@sha256:0123456789abcdef0123456789abcdef",
            "tokenizer ready",
            "password must not be empty",
            "at com.example.Main.run(Main.java:42)",
        ] {
            assert_eq!(Mask::default().apply(text), (text.to_owned(), 0), "{text}");
        }
    }

    #[test]
    fn own_patterns_mask_their_group_or_all() {
        let mask = Mask::new(["card (?<secret>[0-9]{4}-[0-9]{4})", "TOP[A-Z]+"], false).expect("patterns");
        let (text, count) = mask.apply("card 1234-5678 TOPSECRET password=x");
        assert_eq!((text.as_str(), count), ("card *** *** password=x", 2));
        for wrong in ["(", "a*", "(?<secret>x{1000}){1000}"] {
            assert!(Mask::new([wrong], false).is_err(), "{wrong}");
        }
        assert_eq!(Mask::new(["a("], false).expect_err("open").to_string(), "unclosed group");
    }

    #[test]
    fn what_is_masked_twice_counts_once() {
        let mask = Mask::new(["password=[a-z]+"], true).expect("a pattern");
        assert_eq!(mask.apply("password=abc").1, 1);
    }
}
