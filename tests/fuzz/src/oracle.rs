//! What an edit did, seen without the editor: two readers of its result as plain values, and a comparison of lines and bytes.

use serde::Deserialize;
use serde_yaml::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// A value without bytes, comments, ways of writing and order of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number as the reader prints it.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, sorted once it is compared.
    Map(Vec<(Node, Node)>),
    /// Something with a tag of its own.
    Tagged(String, Box<Node>),
    /// A text that has to read as these documents; only in what is expected.
    Yaml(Vec<Node>),
    /// Something that this reader has no value for.
    Unknown,
}

impl Node {
    /// A string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The string that this is.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as it is printed; `None` for lists, maps and nothing.
    #[must_use]
    pub fn printed(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The pairs of a map; none for anything else.
    #[must_use]
    pub fn pairs(&self) -> &[(Node, Node)] {
        match self {
            Self::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().find(|(k, _)| k.as_text() == Some(key)).map(|(_, value)| value)
    }

    /// The value at the end of several keys.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match self {
            Self::Map(pairs) => pairs.iter_mut().find(|(k, _)| k.as_text() == Some(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a key of a map, which nothing becomes.
    pub fn set(&mut self, key: &str, value: Node) -> Option<()> {
        if *self == Self::Null {
            *self = Self::Map(vec![]);
        }
        match (self.get_mut(key), value) {
            (Some(there), value) => *there = value,
            (None, value) => match self {
                Self::Map(pairs) => pairs.push((Self::text(key), value)),
                _ => return None,
            },
        }
        Some(())
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) {
        if let Self::Map(pairs) = self {
            pairs.retain(|(k, _)| k.as_text() != Some(key));
        }
    }

    fn sorted(mut self) -> Self {
        match &mut self {
            Self::List(items) | Self::Yaml(items) => {
                *items = std::mem::take(items).into_iter().map(Self::sorted).collect()
            }
            Self::Map(pairs) => {
                *pairs = std::mem::take(pairs).into_iter().map(|(k, v)| (k.sorted(), v.sorted())).collect();
                pairs.sort();
            }
            _ => {}
        }
        self
    }
}

/// Reads all documents of a text.
pub type Reader = fn(&str) -> Result<Vec<Node>, String>;

/// The readers by name.
pub const READERS: [(&str, Reader); 2] = [("serde_yaml", by_serde), ("yaml-rust2", by_rust2)];

/// What a reader says of a text that it isn't given.
const NOT_FOR_IT: &str = "not a text for this reader";

/// The documents as the first reader that can read them has them.
///
/// # Errors
/// What all of them say.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let mut errors = vec![];
    for (name, reader) in READERS {
        match reader(text) {
            Ok(documents) => return Ok(documents),
            Err(error) => errors.push(format!("{name}: {error}")),
        }
    }
    Err(errors.join("; "))
}

fn by_serde(text: &str) -> Result<Vec<Node>, String> {
    fn node(value: Value) -> Node {
        match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(value),
            Value::Number(number) => Node::Number(number.to_string()),
            Value::String(text) => Node::Text(text),
            Value::Sequence(items) => Node::List(items.into_iter().map(node).collect()),
            Value::Mapping(pairs) => Node::Map(pairs.into_iter().map(|(k, v)| (node(k), node(v))).collect()),
            // `!` alone only says that what follows is what it looks like: a text here.
            Value::Tagged(tagged) if tagged.tag == "!" && tagged.value.is_string() => node(tagged.value),
            Value::Tagged(tagged) => Node::Tagged(tagged.tag.to_string(), Box::new(node(tagged.value))),
        }
    }
    serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}'))
        .map(|document| Value::deserialize(document).map(node).map_err(|error| error.to_string()))
        .collect()
}

fn by_rust2(text: &str) -> Result<Vec<Node>, String> {
    fn node(value: Yaml) -> Node {
        match value {
            Yaml::Null => Node::Null,
            Yaml::Boolean(value) => Node::Bool(value),
            Yaml::Integer(number) => Node::Number(number.to_string()),
            Yaml::Real(number) => Node::Number(number),
            Yaml::String(text) => Node::Text(text),
            Yaml::Array(items) => Node::List(items.into_iter().map(node).collect()),
            Yaml::Hash(pairs) => Node::Map(pairs.into_iter().map(|(k, v)| (node(k), node(v))).collect()),
            Yaml::Alias(_) | Yaml::BadValue => Node::Unknown,
        }
    }
    // It copies what an alias refers to, without bounds.
    if text.matches('&').count() > 20 && text.matches('*').count() > 30 {
        return Err(NOT_FOR_IT.to_owned());
    }
    // It takes the value for the key where a key doesn't fit its tag.
    if text.contains("!!") || text.contains("!<") {
        return Err(NOT_FOR_IT.to_owned());
    }
    let documents =
        YamlLoader::load_from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().map(node).collect())
}

/// Compares what the readers see in the new text with what they saw in the old one, after `model` did the same edit there.
///
/// # Errors
/// What differs, for the first reader that can read the old text and sees it. Where none can (a key stands twice somewhere)
/// there is nothing to compare.
pub fn same_as(old: &str, new: &str, model: &dyn Fn(&mut Vec<Node>) -> Option<()>) -> Result<(), String> {
    for (name, reader) in READERS {
        let Ok(mut expected) = reader(old) else { continue };
        model(&mut expected).ok_or_else(|| format!("{name}: the model finds no single place for this edit"))?;
        let seen = match reader(new) {
            Ok(seen) => seen,
            Err(error) if error == NOT_FOR_IT => continue,
            Err(error) => return Err(format!("{name} can't read the new text: {error}")),
        };
        let sorted = |documents: Vec<Node>| documents.into_iter().map(Node::sorted).collect::<Vec<_>>();
        if let Some(difference) = difference(&Node::List(sorted(expected)), &Node::List(sorted(seen)), "") {
            return Err(format!("{name}: {difference}"));
        }
    }
    Ok(())
}

/// The first difference between what was expected and what is seen.
#[must_use]
pub fn difference(expected: &Node, seen: &Node, path: &str) -> Option<String> {
    match (expected, seen) {
        (Node::List(a), Node::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(a, b, &format!("{path}[{i}]")))
        }
        (Node::Map(a), Node::Map(b)) if a.iter().map(|p| &p.0).eq(b.iter().map(|p| &p.0)) => a
            .iter()
            .zip(b)
            .find_map(|((key, a), (_, b))| difference(a, b, &format!("{path}.{}", key.printed().unwrap_or_default()))),
        (Node::Yaml(expected), Node::Text(text)) => match read(text) {
            Ok(seen) => {
                let seen = seen.into_iter().map(Node::sorted).collect();
                difference(&Node::List(expected.clone()), &Node::List(seen), &format!("{path}|"))
            }
            Err(error) => Some(format!("at {path}: {error}")),
        },
        (a, b) => (a != b).then(|| format!("at {path}: expected {a:?}, seen {b:?}")),
    }
}

/// What an edit did to the lines and bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// The lines that are no more.
    pub lines_gone: usize,
    /// The lines that are new.
    pub lines_come: usize,
    /// The bytes between the first and the last that differ, in the old text.
    pub bytes_gone: usize,
    /// The same in the new text.
    pub bytes_come: usize,
}

impl Footprint {
    /// Compares two texts from both ends.
    #[must_use]
    pub fn of(old: &str, new: &str) -> Self {
        let lines =
            |text: &str| text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect::<Vec<_>>();
        let (lines_gone, lines_come) = between(&lines(old), &lines(new));
        let (bytes_gone, bytes_come) = between(old.as_bytes(), new.as_bytes());
        Self { lines_gone, lines_come, bytes_gone, bytes_come }
    }
}

fn between<T: PartialEq>(old: &[T], new: &[T]) -> (usize, usize) {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (old.len() - prefix - suffix, new.len() - prefix - suffix)
}
