//! A YAML text as a tree whose nodes know their bytes, built from the events of granit-parser.

use std::{borrow::Cow, collections::HashMap, ops::Range, sync::OnceLock};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{Fault, text};
use crate::domain::{plan::PlanFault, position::Position};

/// The longest text that is read.
pub const MAX_BYTES: usize = 8 << 20;
/// The most lines that may be directives: readers look through all of them again and again.
const MAX_DIRECTIVES: usize = 1000;
/// The most nodes that are kept.
pub(super) const MAX_NODES: usize = 1 << 20;

/// About how many bytes of a manifest there are to a node, to make room for them at once.
const BYTES_PER_NODE: usize = 20;

/// The most documents that are read.
const MAX_DOCUMENTS: usize = 1 << 14;

/// The tag of strings in YAML's core schema.
pub const STR_TAG: &str = "tag:yaml.org,2002:str";
/// The tag of whole numbers in YAML's core schema.
pub const INT_TAG: &str = "tag:yaml.org,2002:int";

/// A node's place in its tree.
pub type NodeId = usize;

/// A stream of documents.
#[derive(Debug)]
pub struct Tree<'t> {
    /// The text that was read.
    pub text: &'t str,
    nodes: Vec<Node<'t>>,
    documents: Vec<Document>,
    /// Where the lines start, so that a place for each of many nodes doesn't cost a pass over the text.
    lines: OnceLock<Vec<usize>>,
}

/// One document of a stream.
#[derive(Debug, Clone, Copy, Default)]
pub struct Document {
    /// Its root; an empty document has none.
    pub root: Option<NodeId>,
    /// Where its text ends: before the next document's marker, or at the end of the text.
    pub end: usize,
}

/// A node with its bytes.
#[derive(Debug)]
pub struct Node<'t> {
    /// What it is.
    pub kind: Kind<'t>,
    /// Its bytes: for a scalar with its quotes, for a flow collection with its brackets. A block collection starts at its
    /// first key or dash; a block scalar's bytes are without its header; an empty value's range is empty.
    pub span: Range<usize>,
    /// The name of its anchor.
    pub anchor: Option<String>,
    /// Whether an alias refers to it.
    pub aliased: bool,
    /// Its explicit tag, resolved.
    pub tag: Option<String>,
}

/// What a node is.
#[derive(Debug)]
pub enum Kind<'t> {
    /// A text with the way it is written.
    Scalar {
        /// The value, unescaped; empty where nothing is written.
        value: Cow<'t, str>,
        /// The way it is written.
        style: Style,
    },
    /// A list.
    Sequence {
        /// The items.
        items: Vec<NodeId>,
        /// Whether it is written in brackets.
        flow: bool,
    },
    /// A map, with keys as often as they are written.
    Mapping {
        /// Keys and values in the order of the text.
        pairs: Vec<(NodeId, NodeId)>,
        /// Whether it is written in braces.
        flow: bool,
    },
    /// A reference to an anchored node.
    Alias {
        /// The node.
        target: NodeId,
        /// The anchor's name.
        name: String,
    },
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing is written.
    Empty,
    /// Without quotes.
    Plain,
    /// In `'…'`.
    Single,
    /// In `"…"`.
    Double,
    /// As a block, `|` or `>`.
    Block,
}

impl<'t> Tree<'t> {
    /// Reads a text.
    ///
    /// # Errors
    /// [`PlanFault::Malformed`] with the line, also for a text above the bounds of size and depth.
    pub fn read(text: &'t str) -> Result<Self, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Fault::whole(PlanFault::Malformed(format!("longer than {MAX_BYTES} bytes"))));
        }
        if text.contains('%') && text.match_indices("\n%").nth(MAX_DIRECTIVES).is_some() {
            return Err(Fault::whole(PlanFault::Malformed(format!(
                "more than {MAX_DIRECTIVES} lines that begin with %"
            ))));
        }
        let options = granit_parser::options! { emit_anchor_events: true, emit_comments: false };
        let mut builder = Builder::new(text);
        let mut parser = Parser::new_from_str_with_options(text, options);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    let span = span.byte_range().filter(|range| text.get(range.clone()).is_some());
                    let span = span.ok_or_else(|| malformed(text, 0, "the parser lost its place"))?;
                    builder.event(event, span)?;
                }
                Err(error) => return Err(scan_fault(&error)),
            }
        }
        Ok(Self { text, nodes: builder.nodes, documents: builder.documents, lines: OnceLock::new() })
    }

    /// The documents in order.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// All nodes, in no particular order.
    #[must_use]
    pub fn nodes(&self) -> &[Node<'t>] {
        &self.nodes
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id]
    }

    /// The node that is meant: an alias's target, or the node itself.
    #[must_use]
    pub fn target(&self, id: NodeId) -> NodeId {
        match self.nodes[id].kind {
            Kind::Alias { target, .. } => target,
            _ => id,
        }
    }

    /// A scalar's value, through an alias as well; empty ones have the value `""`.
    #[must_use]
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[self.target(id)].kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The pairs of a map, through an alias as well.
    #[must_use]
    pub fn pairs(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match &self.nodes[self.target(id)].kind {
            Kind::Mapping { pairs, .. } => Some(pairs),
            _ => None,
        }
    }

    /// The items of a list, through an alias as well.
    #[must_use]
    pub fn items(&self, id: NodeId) -> Option<&[NodeId]> {
        match &self.nodes[self.target(id)].kind {
            Kind::Sequence { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The value of the first key of this name in a map.
    #[must_use]
    pub fn get(&self, map: NodeId, key: &str) -> Option<NodeId> {
        self.pairs(map)?.iter().find(|(k, _)| self.scalar(*k) == Some(key)).map(|(_, value)| *value)
    }

    /// Whether nothing, `null` or `~` is written there.
    #[must_use]
    pub fn is_null(&self, id: NodeId) -> bool {
        let node = &self.nodes[self.target(id)];
        match &node.kind {
            Kind::Scalar { value, style } => {
                node.tag.is_none()
                    && (*style == Style::Empty
                        || *style == Style::Plain && matches!(&**value, "~" | "null" | "Null" | "NULL"))
            }
            _ => false,
        }
    }

    /// Where a node starts.
    #[must_use]
    pub fn position(&self, id: NodeId) -> Position {
        Position { line: self.line(id), column: text::column_of(self.text, self.nodes[id].span.start) }
    }

    /// The line of a node, counted from 1.
    #[must_use]
    pub fn line(&self, id: NodeId) -> usize {
        let start = self.nodes[id].span.start;
        self.lines.get_or_init(|| text::line_starts(self.text)).partition_point(|line| *line <= start)
    }
}

fn scan_fault(error: &granit_parser::ScanError) -> Fault {
    let marker = error.marker();
    let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
    Fault::at(at, PlanFault::Malformed(error.info()))
}

fn malformed(text: &str, offset: usize, what: &str) -> Fault {
    Fault::at(text::position_of(text, offset), PlanFault::Malformed(what.to_owned()))
}

/// Collects events into nodes without recursion, so that depth costs no stack.
struct Builder<'t> {
    text: &'t str,
    nodes: Vec<Node<'t>>,
    documents: Vec<Document>,
    /// The open collections; a map's key that waits for its value stands beside it.
    open: Vec<(NodeId, Option<NodeId>)>,
    anchors: HashMap<usize, NodeId>,
    /// How many nodes there were before an anchored one, and how many it stands for when it is closed.
    weights: HashMap<NodeId, (usize, usize)>,
    /// How many nodes there are with every alias written out.
    written_out: usize,
    last: Option<NodeId>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
            documents: vec![],
            open: vec![],
            anchors: HashMap::new(),
            weights: HashMap::new(),
            written_out: 0,
            last: None,
        }
    }

    fn event(&mut self, event: Event<'t>, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) => {
                if let Some(previous) = self.documents.last_mut() {
                    previous.end = previous.end.min(span.start);
                }
                if self.documents.len() >= MAX_DOCUMENTS {
                    return Err(malformed(self.text, span.start, "too many documents"));
                }
                self.documents.push(Document { root: None, end: self.text.len() });
            }
            Event::DocumentEnd => {
                if let (false, Some(document)) = (span.is_empty(), self.documents.last_mut()) {
                    document.end = span.start;
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain if span.is_empty() => Style::Empty,
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let value = if style == Style::Empty { Cow::Borrowed("") } else { value };
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                self.add(Kind::Scalar { value, style }, span, anchor, tag)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                let kind = Kind::Sequence { items: vec![], flow: style == StructureStyle::Flow };
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                let id = self.add(kind, span, anchor, tag)?;
                self.open.push((id, None));
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = Kind::Mapping { pairs: vec![], flow: style == StructureStyle::Flow };
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                let id = self.add(kind, span, anchor, tag)?;
                self.open.push((id, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, _)) = self.open.pop() {
                    let node = &mut self.nodes[id];
                    node.span.end = node.span.end.max(span.end);
                    if node.anchor.is_some()
                        && let Some((before, weight)) = self.weights.get_mut(&id)
                    {
                        *weight = self.written_out - *before;
                    }
                }
            }
            Event::Alias(anchor) => {
                let name = self.text.get(span.clone()).unwrap_or_default().trim_start_matches('*').to_owned();
                let target = self.anchors.get(&anchor).copied();
                let target = target.ok_or_else(|| malformed(self.text, span.start, "an alias of no anchor"))?;
                self.nodes[target].aliased = true;
                // Readers that resolve aliases would need memory for all that they stand for.
                self.written_out += self.weights.get(&target).map_or(1, |(_, weight)| *weight);
                self.add(Kind::Alias { target, name }, span, 0, None)?;
            }
            Event::Anchor(_, name) => {
                if let Some(last) = self.last {
                    self.nodes[last].anchor = Some(name.into_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, kind: Kind<'t>, span: Range<usize>, anchor: usize, tag: Option<String>) -> Result<NodeId, Fault> {
        let id = self.nodes.len();
        if id >= MAX_NODES || self.written_out >= MAX_NODES {
            return Err(malformed(self.text, span.start, "too many values"));
        }
        self.nodes.push(Node { kind, span, anchor: None, aliased: false, tag });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
            self.weights.insert(id, (self.written_out, 1));
        }
        self.written_out += 1;
        self.last = Some(id);
        match self.open.last_mut() {
            None => {
                if let Some(document) = self.documents.last_mut() {
                    document.root = Some(id);
                }
            }
            Some((parent, key)) => match &mut self.nodes[*parent].kind {
                Kind::Sequence { items, .. } => items.push(id),
                Kind::Mapping { pairs, .. } => match key.take() {
                    Some(key) => pairs.push((key, id)),
                    None => *key = Some(id),
                },
                Kind::Scalar { .. } | Kind::Alias { .. } => {}
            },
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source<'t>(tree: &Tree<'t>, id: NodeId) -> &'t str {
        &tree.text[tree.node(id).span.clone()]
    }

    #[test]
    fn ranges_are_exact_in_every_encoding_of_lines() {
        let text = "\u{feff}имя: 'значение' # ж\r\nlist: [a, {b: \"c\"}]\r\nempty:\r\n...\r\n---\r\nnext: 1\r\n";
        let tree = Tree::read(text).expect("valid");
        let root = tree.documents()[0].root.expect("a root");
        let name = tree.get(root, "имя").expect("there");
        assert_eq!((source(&tree, name), tree.scalar(name), tree.line(name)), ("'значение'", Some("значение"), 1));
        let list = tree.get(root, "list").expect("there");
        assert_eq!(source(&tree, list), "[a, {b: \"c\"}]");
        let empty = tree.get(root, "empty").expect("there");
        assert!(tree.is_null(empty) && tree.scalar(empty) == Some(""));
        assert!(text[tree.documents()[0].end..].starts_with("..."));
        assert_eq!((tree.documents().len(), tree.documents()[1].end), (2, text.len()));
    }

    #[test]
    fn aliases_know_their_targets() {
        let tree = Tree::read("a: &x {b: 1}\nc: *x\nd: &y 2\n").expect("valid");
        let root = tree.documents()[0].root.expect("a root");
        let (a, c, d) =
            (tree.get(root, "a").expect("a"), tree.get(root, "c").expect("c"), tree.get(root, "d").expect("d"));
        assert_eq!((tree.target(c), tree.node(a).aliased, tree.node(d).aliased), (a, true, false));
        assert_eq!((tree.node(a).anchor.as_deref(), tree.node(d).anchor.as_deref()), (Some("x"), Some("y")));
        assert!(matches!(&tree.node(c).kind, Kind::Alias { name, .. } if name == "x"));
    }

    #[test]
    fn aliases_that_stand_for_too_much_are_refused() {
        let item = "x, ".repeat(2000);
        let text = |aliases: usize| format!("a: &a [{item}]\nb: [{}]\n", "*a, ".repeat(aliases));
        assert!(Tree::read(&text(100)).is_ok());
        let fault = Tree::read(&text(1000)).expect_err("two million values");
        assert_eq!(fault.to_string(), "2:2093: is not valid YAML: too many values");
        let mut laughs = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..60 {
            laughs += &format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
        }
        assert!(Tree::read(&laughs).is_err());
        assert!(Tree::read("a: &a [*a]\n").is_ok(), "it has no end, but nobody follows it");
    }

    #[test]
    fn faults_have_lines_and_depth_is_bounded() {
        let fault = Tree::read("a: 1\nb: [1\nc: 2\n").expect_err("unclosed");
        assert!(fault.at.is_some_and(|at| at.line >= 2), "{fault}");
        let fault = Tree::read(&"---\n".repeat(100_000)).expect_err("too many documents");
        assert_eq!(fault.to_string(), "16385:1: is not valid YAML: too many documents");
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            assert!(Tree::read(&deep).is_err());
        }
    }
}
