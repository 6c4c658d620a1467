//! YAML as a tree in which every key and value knows its place.
//!
//! Plain scalars are read by the core schema of YAML 1.2. What readers of YAML disagree on is a fault rather than a
//! guess: aliases, merge keys, tags, repeated keys and a second document.

use granit_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

use super::fault::{Fault, Place};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where it begins.
    pub(super) place: Place,
    /// What it is.
    pub(super) kind: Kind,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// No value.
    Null,
    /// A value that a fault was reported for already.
    Unreadable,
    /// `true` or `false`.
    Bool(bool),
    /// A number that isn't quoted.
    Number(Number),
    /// Anything else that isn't a collection.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping; keys are unique.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key begins.
    pub(super) place: Place,
    /// The value.
    pub(super) value: Node,
}

impl Node {
    /// The value of a key, when this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value and place, when this is a mapping that has it.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The items, when this is a list; none otherwise.
    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text, when this is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The node at a path of keys and indices.
    pub(super) fn descend<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        path.into_iter().try_fold(self, |node, step| match &node.kind {
            Kind::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// The same value without places.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null | Kind::Unreadable => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::Text(value) => Value::String(value.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }
}

/// Reads a text. The tree is as complete as the faults allow; without one the text couldn't be followed at all.
pub(super) fn read(text: &str) -> (Option<Node>, Vec<Fault>) {
    let options = granit_parser::options! { strict_indentation: true, emit_comments: false };
    let mut reader = Reader { events: Parser::new_from_str_with_options(text, options), faults: Vec::new() };
    let tree = match reader.stream() {
        Ok(tree) => tree,
        Err(fault) => {
            reader.faults.push(fault);
            None
        }
    };
    (tree, reader.faults)
}

struct Reader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// The one document of the stream.
    fn stream(&mut self) -> Result<Option<Node>, Fault> {
        let mut tree = None;
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(tree),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Fault::at(place(&span), "a second document begins; one file holds one document"));
                    }
                }
                event => tree = Some(self.node(event, &span)?),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span) -> Result<Node, Fault> {
        let place = place(span);
        if let Some(tag) = event.tag() {
            let tag = tag.to_string();
            let text = format!("the tag {tag} is not understood here; quote the value if it is to be a text");
            self.faults.push(Fault::at(place, text));
        }
        let kind = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
            Event::Scalar(text, ..) => Kind::Text(text.into_owned()),
            Event::SequenceStart(..) => self.list()?,
            Event::MappingStart(..) => self.map()?,
            Event::Alias(_) => {
                self.faults.push(Fault::at(place, "aliases (*name) are not supported; write the value out"));
                Kind::Unreadable
            }
            other => return Err(Fault::at(place, format!("cannot be read as YAML ({other:?})"))),
        };
        Ok(Node { place, kind })
    }

    fn list(&mut self) -> Result<Kind, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, span) => items.push(self.node(event, &span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Kind, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Kind::Map(entries)),
                // A key is taken as it is written: `1: x` has the key "1".
                Event::Scalar(text, ..) => Some(text.into_owned()),
                event => {
                    self.node(event, &span)?;
                    self.faults.push(Fault::at(place(&span), "a key must be a plain word"));
                    None
                }
            };
            let key_place = place(&span);
            let (event, span) = self.next()?;
            let mut value = self.node(event, &span)?;
            if value.kind == Kind::Null {
                // An empty value's own place is of no help.
                value.place = key_place;
            }
            let Some(key) = key else { continue };
            if key == "<<" {
                self.faults.push(Fault::at(key_place, "merge keys (<<) are not supported; write the keys out"));
            } else if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let text = format!("the key {key:?} stands already on line {}", first.place.line);
                self.faults.push(Fault::at(key_place, text));
            } else {
                entries.push(Entry { key, place: key_place, value });
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let mark = error.marker();
                let place = Place { line: mark.line().max(1), column: mark.col() + 1 };
                Err(Fault::at(place, format!("is not valid YAML: {}", error.info())))
            }
            None => Err(Fault::whole("is not valid YAML: it ends too early")),
        }
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line().max(1), column: span.start.col() + 1 }
}

/// A plain scalar by the core schema of YAML 1.2 (section 10.3.2). Digits that other readers take for octal
/// (`0123`) stay text.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16)
            .ok()
            .filter(|_| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(Into::into);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8)
            .ok()
            .filter(|_| octal.bytes().all(|b| b.is_ascii_digit()))
            .map(Into::into);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        || (digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        if let Ok(whole) = unsigned.parse::<i64>() {
            return Some(whole.into());
        }
    }
    let float: f64 = text.parse().ok()?;
    // A whole number may be written as 1.0 or 1e3; beyond 2^53 a float no longer says which one it is.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked on the same line")]
    let whole = (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64);
    whole.map(Number::from).or_else(|| Number::from_f64(float))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let show = |f: Fault| match f.place {
            Some(Place { line, column }) => format!("{line}:{column}: {}", f.text),
            None => f.text,
        };
        read(text).1.into_iter().map(show).collect()
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let table = [
            ("", "null"),
            ("~", "null"),
            ("true", "true"),
            ("yes", "\"yes\""),
            ("no", "\"no\""),
            ("on", "\"on\""),
            ("-1001234567890", "-1001234567890"),
            ("+5", "5"),
            ("0", "0"),
            ("0123", "\"0123\""),
            ("1_000", "\"1_000\""),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0x+1", "\"0x+1\""),
            ("1.10", "1.1"),
            ("1e3", "1000"),
            ("1.0", "1"),
            (".5", "0.5"),
            (".", "\".\""),
            ("99999999999999999999", "1e+20"),
            ("0.10.5", "\"0.10.5\""),
            ("2026-11-01", "\"2026-11-01\""),
            (".nan", "\".nan\""),
            ("-", "\"-\""),
            ("1:30", "\"1:30\""),
        ];
        for (plain_text, json) in table {
            let tree = Node { place: Place::START, kind: plain(plain_text) };
            assert_eq!(tree.to_json().to_string(), json, "{plain_text}");
        }
    }

    #[test]
    fn quoted_scalars_are_texts_and_places_are_exact() {
        let (tree, faults) = read("\u{feff}# комментарий\r\nимя: \"1\"\r\nlist:\r\n  - {a: 'true', b: 2}\r\n");
        assert_eq!(faults, []);
        let tree = tree.expect("a tree");
        assert_eq!(tree.to_json().to_string(), r#"{"list":[{"a":"true","b":2}],"имя":"1"}"#);
        assert_eq!(tree.entry("имя").map(|e| (e.place, e.value.place)), {
            let at = |line, column| Place { line, column };
            Some((at(2, 1), at(2, 6)))
        });
        assert_eq!(tree.descend(["list", "0", "b"]).map(|n| n.place), Some(Place { line: 4, column: 20 }));
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        assert_eq!(
            faults("a: &x 1\nb: *x\n<<: {c: 1}\na: 2\n? [k]\n: v\nt: !!str 5\n"),
            [
                "2:4: aliases (*name) are not supported; write the value out",
                "3:1: merge keys (<<) are not supported; write the keys out",
                "4:1: the key \"a\" stands already on line 1",
                "5:3: a key must be a plain word",
                "7:10: the tag tag:yaml.org,2002:str is not understood here; quote the value if it is to be a text",
            ]
        );
        assert_eq!(faults("a: 1\n---\nb: 2\n"), ["2:1: a second document begins; one file holds one document"]);
    }

    #[test]
    fn broken_yaml_tells_where() {
        for (text, at) in [("a: [1\nb: 2\n", "2:"), ("a: \"x\n", "2:"), ("a: b: c\n", "1:5")] {
            let found = faults(text);
            assert!(found.len() == 1 && found[0].contains("is not valid YAML: "), "{text:?}: {found:?}");
            assert!(found[0].starts_with(at), "{text:?}: {found:?}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(read(&deep).1.len(), 1);
        assert_eq!(read("").0, None);
    }
}
