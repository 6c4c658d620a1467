//! What a reader makes of a text: values without bytes, comments and ways of writing.

use yaml_rust2::{Event, parser::Parser, scanner::TScalarStyle};

use crate::manifest::{
    scalar,
    tree::{INT_TAG, Kind, MAX_BYTES, NodeId, STR_TAG, Style, Tree},
};

/// The deepest nesting that a reading has; granit-parser, which always reads first, allows less.
const MAX_DEPTH: usize = 1000;

/// A value as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A text with its meaning.
    Scalar {
        /// The text, unescaped.
        text: String,
        /// What it stands for.
        meaning: Meaning,
    },
    /// A list.
    List(Vec<Reading>),
    /// A map in the order of the text, with keys as often as they are written.
    Map(Vec<(Reading, Reading)>),
    /// A reference to the n-th anchor.
    Alias(usize),
}

/// What a scalar stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A string to every reader.
    String,
    /// A number, a truth value, a date or nothing, to some reader at least.
    Other,
    /// What this tag says.
    Tagged(String),
}

impl Reading {
    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::Scalar { text: text.to_owned(), meaning: Meaning::String }
    }

    /// A whole number.
    #[must_use]
    pub fn number(number: u32) -> Self {
        Self::Scalar { text: number.to_string(), meaning: Meaning::Other }
    }

    /// Nothing.
    pub(super) fn null() -> Self {
        Self::Scalar { text: String::new(), meaning: Meaning::Other }
    }

    fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Self {
        let meaning = match tag {
            Some(STR_TAG) => Meaning::String,
            Some(INT_TAG) => Meaning::Other,
            Some(tag) => Meaning::Tagged(tag.to_owned()),
            None if plain && !scalar::reads_as_string(text) => Meaning::Other,
            None => Meaning::String,
        };
        // An empty value, `~` and `null` are one.
        let null = meaning == Meaning::Other && matches!(text, "~" | "null" | "Null" | "NULL");
        Self::Scalar { text: if null { String::new() } else { text.to_owned() }, meaning }
    }
}

/// What the editor's own parser sees.
pub(super) fn by_granit(text: &str) -> Result<Vec<Reading>, String> {
    Tree::read(text).map(|tree| of_tree(&tree)).map_err(|fault| fault.to_string())
}

/// What the editor's own parser saw.
pub(super) fn of_tree(tree: &Tree<'_>) -> Vec<Reading> {
    let anchors: Vec<NodeId> = (0..tree.nodes().len()).filter(|id| tree.node(*id).anchor.is_some()).collect();
    tree.documents().iter().map(|d| d.root.map_or_else(Reading::null, |root| of_node(tree, &anchors, root))).collect()
}

/// What the editor's own parser saw in a node; `anchors` are the anchored nodes.
pub(super) fn of_node(tree: &Tree<'_>, anchors: &[NodeId], id: NodeId) -> Reading {
    let node = tree.node(id);
    let read = |id: &NodeId| of_node(tree, anchors, *id);
    match &node.kind {
        Kind::Scalar { value, style } => {
            let plain = matches!(style, Style::Plain | Style::Empty);
            Reading::scalar(value, plain, node.tag.as_deref())
        }
        Kind::Sequence { items, .. } => Reading::List(items.iter().map(read).collect()),
        Kind::Mapping { pairs, .. } => Reading::Map(pairs.iter().map(|(k, v)| (read(k), read(v))).collect()),
        Kind::Alias { target, .. } => Reading::Alias(anchors.partition_point(|anchored| anchored <= target)),
    }
}

/// What yaml-rust2 sees.
pub(super) fn by_yaml_rust(text: &str) -> Result<Vec<Reading>, String> {
    if text.len() > MAX_BYTES {
        return Err("too long".to_owned());
    }
    // A byte order mark would be taken for a part of the first key.
    let mut parser = Parser::new_from_str(text.trim_start_matches('\u{feff}'));
    let mut documents = vec![];
    let mut open = vec![];
    loop {
        let (event, _) = parser.next_token().map_err(|error| error.to_string())?;
        let done = match event {
            Event::StreamEnd => return Ok(documents),
            Event::Nothing | Event::StreamStart | Event::DocumentStart | Event::DocumentEnd => continue,
            Event::SequenceStart(..) => {
                open.push(Open::List(vec![]));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(vec![], None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => Some(match open.pop() {
                Some(Open::List(items)) => Reading::List(items),
                Some(Open::Map(pairs, None)) => Reading::Map(pairs),
                Some(Open::Map(_, Some(_))) | None => return Err("a key without a value".to_owned()),
            }),
            Event::Scalar(value, style, _, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                Some(Reading::scalar(&value, style == TScalarStyle::Plain, tag.as_deref()))
            }
            Event::Alias(id) => Some(Reading::Alias(id)),
        };
        if open.len() > MAX_DEPTH {
            return Err("too deep".to_owned());
        }
        let Some(done) = done else { continue };
        match open.last_mut() {
            None => documents.push(done),
            Some(Open::List(items)) => items.push(done),
            Some(Open::Map(pairs, key)) => match key.take() {
                Some(key) => pairs.push((key, done)),
                None => *key = Some(done),
            },
        }
    }
}

/// A collection that isn't closed yet.
enum Open {
    List(Vec<Reading>),
    Map(Vec<(Reading, Reading)>, Option<Reading>),
}

/// What libyaml sees, through serde: aliases are resolved, and keys that stand twice are refused.
pub(super) fn by_libyaml(text: &str) -> Result<Vec<Reading>, String> {
    fn read(value: serde_yaml::Value) -> Reading {
        use serde_yaml::Value;
        let other = |text: String| Reading::Scalar { text, meaning: Meaning::Other };
        match value {
            Value::Null => other(String::new()),
            Value::Bool(value) => other(value.to_string()),
            Value::Number(number) => other(number.to_string()),
            // Its idea of strings is YAML 1.2's; the other reader has already looked at the way they are written.
            Value::String(text) => Reading::Scalar { text, meaning: Meaning::String },
            Value::Sequence(items) => Reading::List(items.into_iter().map(read).collect()),
            Value::Mapping(pairs) => Reading::Map(pairs.into_iter().map(|(k, v)| (read(k), read(v))).collect()),
            Value::Tagged(tagged) => Reading::List(vec![Reading::string(&tagged.tag.to_string()), read(tagged.value)]),
        }
    }
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}'))
        .map(|document| serde_yaml::Value::deserialize(document).map(read).map_err(|error| error.to_string()))
        .collect()
}
