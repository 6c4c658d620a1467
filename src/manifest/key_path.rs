//! Key paths: where a value stands in a document, as people write it: `api.image.tag`, `hosts[0].name`, `env[name=LOG].value`.

use std::{fmt, str::FromStr};

/// The most steps that a path has; deeper documents are none that people edit by path.
const MAX_STEPS: usize = 64;

/// A path of keys from a document's root to a value.
///
/// Keys stand between dots. A dot, bracket, quote or backslash that belongs to a key has a backslash before it, as in
/// `helm --set`, or the whole key stands in double quotes. `[2]` is an item of a list by its number from 0, `[name=app]`
/// the one item whose `name` is `app`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    text: String,
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// To the value of a map's key.
    Key(String),
    /// To the item of this number, counted from 0.
    Index(usize),
    /// To the one item that has this value at this key.
    Named {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
}

/// What is wrong with a key path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct KeyPathError {
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl KeyPath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`KeyPathError`] with the column.
    pub fn parse(text: &str) -> Result<Self, KeyPathError> {
        let steps = Parser { chars: text.chars().collect(), at: 0 }.steps()?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The steps, at least one.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The first steps of this path as people write them; where a fault is on the way there.
    pub(super) fn shown(steps: &[Step]) -> String {
        let mut out = String::new();
        for step in steps {
            match step {
                Step::Key(key) => {
                    out.push_str(if out.is_empty() { "" } else { "." });
                    out.push_str(&escaped(key));
                }
                Step::Index(index) => out.push_str(&format!("[{index}]")),
                Step::Named { key, value } => out.push_str(&format!("[{}={}]", escaped(key), escaped(value))),
            }
        }
        out
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '.' | '[' | ']' | '=' | '"' | '\\')
}

fn escaped(key: &str) -> String {
    key.chars().flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c])).collect()
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn steps(mut self) -> Result<Vec<Step>, KeyPathError> {
        let mut steps = vec![];
        loop {
            match self.peek() {
                None if steps.is_empty() => return Err(self.error("a key is missing")),
                None => return Ok(steps),
                Some('[') => steps.push(self.item()?),
                Some('.') if steps.is_empty() => return Err(self.error("a key is missing before the dot")),
                Some('.') => {
                    self.at += 1;
                    steps.push(Step::Key(self.word(&['.', '['], "a key is missing after the dot")?));
                }
                Some(_) if steps.is_empty() => {
                    steps.push(Step::Key(self.word(&['.', '['], "a key is missing")?));
                }
                Some(_) => return Err(self.error("a dot or a bracket is missing")),
            }
            if steps.len() > MAX_STEPS {
                return Err(self.error("too many keys"));
            }
        }
    }

    /// `[2]` or `[name=app]`.
    fn item(&mut self) -> Result<Step, KeyPathError> {
        self.at += 1;
        let start = self.at;
        let key = self.word(&['=', ']'], "a number or `name=…` is missing in the brackets")?;
        let step = match self.peek() {
            Some('=') => {
                self.at += 1;
                Step::Named { key, value: self.word(&[']'], "a value is missing after the equals sign")? }
            }
            _ => match key.parse() {
                Ok(index) if key.bytes().all(|b| b.is_ascii_digit()) => Step::Index(index),
                _ => {
                    self.at = start;
                    return Err(self.error("neither a number from 0 nor `name=…`"));
                }
            },
        };
        if self.peek() != Some(']') {
            return Err(self.error("the closing bracket is missing"));
        }
        self.at += 1;
        Ok(step)
    }

    /// A key or a value, in quotes or up to one of these characters.
    fn word(&mut self, ends: &[char], missing: &'static str) -> Result<String, KeyPathError> {
        let mut word = String::new();
        let start = self.at;
        if self.peek() == Some('"') {
            self.at += 1;
            loop {
                match self.peek() {
                    None => return Err(self.error("the closing quote is missing")),
                    Some('"') => break,
                    Some('\\') => {
                        self.at += 1;
                        word.push(self.peek().ok_or_else(|| self.error("the closing quote is missing"))?);
                    }
                    Some(c) => word.push(c),
                }
                self.at += 1;
            }
            self.at += 1;
            if word.is_empty() {
                self.at = start;
                return Err(self.error(missing));
            }
            return Ok(word);
        }
        while let Some(c) = self.peek().filter(|c| !ends.contains(c)) {
            match c {
                '\\' => {
                    self.at += 1;
                    word.push(self.peek().ok_or_else(|| self.error("nothing follows the backslash"))?);
                }
                ']' => return Err(self.error("a closing bracket without an opening one")),
                '"' => return Err(self.error("a quote inside a key: put a backslash before it")),
                c => word.push(c),
            }
            self.at += 1;
        }
        if word.is_empty() { Err(self.error(missing)) } else { Ok(word) }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn error(&self, what: &'static str) -> KeyPathError {
        KeyPathError { column: self.at + 1, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    #[test]
    fn paths_are_read_and_given_back() {
        let named = |k: &str, value: &str| Step::Named { key: k.to_owned(), value: value.to_owned() };
        for (text, steps) in [
            ("tag", vec![key("tag")]),
            ("api.image.tag", vec![key("api"), key("image"), key("tag")]),
            (r"annotations.prometheus\.io/port", vec![key("annotations"), key("prometheus.io/port")]),
            (r#"annotations."prometheus.io/port""#, vec![key("annotations"), key("prometheus.io/port")]),
            (r#""a.b"[0]"#, vec![key("a.b"), Step::Index(0)]),
            (r#""a\"b\\".c"#, vec![key("a\"b\\"), key("c")]),
            ("hosts[12].name", vec![key("hosts"), Step::Index(12), key("name")]),
            ("matrix[0][1]", vec![key("matrix"), Step::Index(0), Step::Index(1)]),
            ("[2].a", vec![Step::Index(2), key("a")]),
            ("env[name=LOG_LEVEL].value", vec![key("env"), named("name", "LOG_LEVEL"), key("value")]),
            (r#"env[name="a.b]"].value"#, vec![key("env"), named("name", "a.b]"), key("value")]),
            ("env[name=a.b].value", vec![key("env"), named("name", "a.b"), key("value")]),
            ("образ.метка", vec![key("образ"), key("метка")]),
            ("a b.c-d_e/f", vec![key("a b"), key("c-d_e/f")]),
        ] {
            let path = KeyPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((path.steps(), path.to_string().as_str()), (&*steps, text));
            assert_eq!(KeyPath::parse(&KeyPath::shown(&steps)).expect("its own text").steps(), &*steps, "{text}");
        }
    }

    #[test]
    fn faults_name_the_column() {
        let long = "a.".repeat(MAX_STEPS) + "a";
        for (text, column, what) in [
            ("", 1, "a key is missing"),
            (".a", 1, "a key is missing before the dot"),
            ("a..b", 3, "a key is missing after the dot"),
            ("a.", 3, "a key is missing after the dot"),
            ("я.\"\"", 3, "a key is missing after the dot"),
            ("a.\"b", 5, "the closing quote is missing"),
            ("a\"b", 2, "a quote inside a key: put a backslash before it"),
            ("\"a\"b", 4, "a dot or a bracket is missing"),
            ("a[0]b", 5, "a dot or a bracket is missing"),
            ("a[", 3, "a number or `name=…` is missing in the brackets"),
            ("a[]", 3, "a number or `name=…` is missing in the brackets"),
            ("a[-1]", 3, "neither a number from 0 nor `name=…`"),
            ("a[+1]", 3, "neither a number from 0 nor `name=…`"),
            ("a[99999999999999999999]", 3, "neither a number from 0 nor `name=…`"),
            ("a[0", 4, "the closing bracket is missing"),
            ("a[name=]", 8, "a value is missing after the equals sign"),
            ("a]", 2, "a closing bracket without an opening one"),
            ("a\\", 3, "nothing follows the backslash"),
            (&long, MAX_STEPS * 2 + 2, "too many keys"),
        ] {
            assert_eq!(KeyPath::parse(text), Err(KeyPathError { column, what }), "{text}");
        }
    }
}
