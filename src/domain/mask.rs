//! Secrets in foreign text, such as logs: found by patterns, and taken out before anybody sees them.

use std::fmt;

use regex::{Captures, Regex, RegexBuilder};

use super::text::plain;
use usual::USUAL;

mod nested;
mod usual;

/// What stands in the place of a secret.
pub const MASKED: &str = "***";

/// The group of a pattern that holds the secret; a pattern without it is one as a whole.
const SECRET: &str = "secret";

/// How large a compiled pattern may be.
const LARGEST: usize = 1 << 20;

/// Patterns of secrets.
#[derive(Clone)]
pub struct Mask {
    patterns: Vec<Regex>,
    /// The beginning of lists and the like, with the usual patterns.
    nested: Option<Regex>,
}

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
        Ok(Self { patterns: compiled, nested: if usual { nested::opening() } else { None } })
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

    /// The text as a reader sees it, without escape sequences and invisible characters, which could stand within a secret's
    /// name, and with its secrets masked; and how many there were.
    #[must_use]
    pub fn apply(&self, text: &str) -> (String, usize) {
        let (mut text, mut count) = (plain(text), 0);
        if let Some(opening) = &self.nested {
            (text, count) = nested::apply(opening, &text);
        }
        for regex in &self.patterns {
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
    if captures.name("spared").or_else(|| captures.name("spared2")).is_some() {
        return (whole.to_owned(), false);
    }
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
        let patterns = USUAL.iter().filter_map(|pattern| Self::pattern(pattern).ok()).collect();
        Self { patterns, nested: nested::opening() }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} patterns)", self.patterns.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Compiled once: that takes longer than all the rest.
    static MASK: LazyLock<Mask> = LazyLock::new(Mask::default);

    fn usual(text: &str) -> String {
        MASK.apply(text).0
    }

    #[test]
    fn every_usual_pattern_compiles() {
        assert_eq!(Mask::default().patterns.len(), USUAL.len());
        assert!(Mask::default().nested.is_some());
        for pattern in USUAL {
            assert_eq!(Mask::pattern(pattern).err(), None, "{pattern}");
        }
        assert!(Mask::new(["a+"], true).is_ok_and(|mask| mask.patterns.len() == USUAL.len() + 1));
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
    fn usual_forms_are_masked() {
        for (text, expected) in [
            ("DB_PASS=hunter2 x", "DB_PASS=*** x"),
            ("DB_PASS=12345", "DB_PASS=***"),
            ("pass=hunter2", "pass=***"),
            ("smtp.pass: hunter2", "smtp.pass: ***"),
            (r#"{"dbPass":"a b","pass":"hunter2"}"#, r#"{"dbPass":"***","pass":"***"}"#),
            ("  pass: hunter2", "  pass: ***"),
            ("mysql --pass hunter2 oil", "mysql --pass *** oil"),
            ("<password>hunter2</password>", "<password>***</password>"),
            (r#"<db:Pass kind="x">hunter2</db:Pass>"#, r#"<db:Pass kind="x">***</db:Pass>"#),
            ("<apiKey><![CDATA[hunter2]]></apiKey>", "<apiKey>***</apiKey>"),
            ("&lt;token&gt;hunter2&lt;/token&gt;", "&lt;token&gt;***&lt;/token&gt;"),
            (r#"{"name":"DB_PASSWORD","value":"a b"}"#, r#"{"name":"DB_PASSWORD","value":"***"}"#),
            ("- name: API_TOKEN\n  value: hunter2", "- name: API_TOKEN\n  value: ***"),
            ("curl -u anna:hunter2 https://example.org", "curl -u anna:*** https://example.org"),
            ("curl --user 'anna:hunter 2' x", "curl --user 'anna:***' x"),
            ("curl -s -uanna:hunter2 x", "curl -s -uanna:*** x"),
            (r#"["curl","-u","anna:hunter2"]"#, r#"["curl","-u","anna:***"]"#),
            ("mysql -uroot -phunter2 oil", "mysql -uroot -p*** oil"),
            ("mysqldump -p'hunter 2' oil", "mysqldump -p'***' oil"),
            ("docker login -u anna -p hunter2", "docker login -u anna -p ***"),
            (r#"exec ["app","--password","hunter2"]"#, r#"exec ["app","--password","***"]"#),
            ("CREATE USER anna IDENTIFIED BY 'hunter2'", "CREATE USER anna IDENTIFIED BY '***'"),
            ("пароль: hunter2", "пароль: ***"),
            ("Пароль пользователя = hunter2", "Пароль пользователя = ***"),
            (r#"{"токен": "a b"}"#, r#"{"токен": "***"}"#),
            ("СЕКРЕТ=hunter2", "СЕКРЕТ=***"),
            ("password=b'hunter2'", "password=b'***'"),
            ("password == hunter2", "password == ***"),
            (r#"{\\\"token\\\":\\\"hunter2\\\"}"#, r#"{\\\"token\\\":\\\"***\\\"}"#),
        ] {
            assert_eq!(MASK.apply(text), (expected.to_owned(), 1 + usize::from(text.contains("dbPass"))), "{text}");
        }
    }

    #[test]
    fn lists_and_objects_are_masked_whole() {
        for (text, expected) in [
            (r#"{"token":["hunterI","hunterJ"],"n":1}"#, r#"{"token":***,"n":1}"#),
            ("passwords: [hunterK, hunterL]", "passwords: ***"),
            (r#"{"secret":{"a":"]}","b":{"c":[1]}},"n":1}"#, r#"{"secret":***,"n":1}"#),
            (r#"{"msg":"{\"token\":[\"a]\",\"b\"]}","n":1}"#, r#"{"msg":"{\"token\":***}","n":1}"#),
            (r#"Config { token: Some("hunter2"), port: 1 }"#, "Config { token: ***, port: 1 }"),
            (r#"tokens=[]string{"a", "b"} next"#, "tokens=*** next"),
            ("Login { password: Secret { inner: x }, n: 1 }", "Login { password: ***, n: 1 }"),
            ("tokens=['it]s', 'b'] next", "tokens=*** next"),
            ("passwords: [a, b", "passwords: ***"),
            ("{\n  \"tokens\": [\n    \"a\",\n    \"b\"\n  ],\n  \"n\": 1\n}", "{\n  \"tokens\": ***,\n  \"n\": 1\n}"),
            ("  \"tokens\": [\n    \"a\",\n    \"b\"\nnext", "  \"tokens\": ***\nnext"),
            ("passwords:\n  - a\n  - b\nuser: anna", "passwords:\n  ***\nuser: anna"),
            ("passwords:\n- a\n- b\nuser: anna", "passwords:\n***\nuser: anna"),
            ("token: |\n  line\n  other\nuser: anna", "token: ***\nuser: anna"),
        ] {
            assert_eq!(MASK.apply(text), (expected.to_owned(), 1), "{text}");
        }
        // The bracket never ends: no more than its line goes.
        assert_eq!(usual("unexpected token: { at 3\n    at main (x)"), "unexpected token: ***\n    at main (x)");
    }

    #[test]
    fn what_cannot_be_seen_hides_no_secret() {
        for text in [
            "\u{1b}[2mapi_token\u{1b}[0m\u{1b}[2m=\u{1b}[0mhunter2",
            "api\u{200b}_to\u{ad}ken\u{202e}=\u{feff}hunter2",
            "api_\u{1b}]8;;https://example.org\u{1b}\\token\u{1b}]8;;\u{1b}\\=hunter2",
        ] {
            assert_eq!(MASK.apply(text), ("api_token=***".to_owned(), 1), "{text:?}");
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
            "at com.example.TokenFilter.run(TokenFilter.java:42)",
            "oil::token::verify failed",
            "bypass=on compass: north passed=3 encompass=all",
            "--- PASS: TestValves (0.00s)",
            "PASS: valves",
            "pass=12 fail=0 dbPass=true",
            "first pass: 12 nodes, second pass: scanning",
            r#"{"Action":"pass","Package":"oil"}"#,
            "docker run -u 1000:1000 -p 8080:80 oil",
            "mysql -p oil",
            "mysql is up on port 3306",
            "impl From<Token> for Kind, List<Token> of <b>bold</b>",
            "пароль не подошёл",
            "--no-token-cache --port 80",
        ] {
            assert_eq!(MASK.apply(text), (text.to_owned(), 0), "{text}");
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
