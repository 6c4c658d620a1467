//! Made-up values files in every style.

use proptest::{prelude::*, sample::select};

const KEYS: &[&str] = &["image", "tag", "replicaCount", "a.b", "образ", "on", "8080", "x y"];
const SCALARS: &[&str] = &[
    "v1",
    "'v1'",
    "\"v1\"",
    "1.10",
    "3",
    "true",
    "~",
    "",
    "''",
    "'it''s'",
    "\"a\\nb\"",
    "a b c",
    "2024-01-31",
    "yes",
    "null",
    "https://x.example.org/a?b=c",
    "-Xmx1g",
    "\"длинная строка\"",
];

#[derive(Debug, Clone)]
enum Node {
    Scalar(&'static str),
    List(Vec<Node>),
    Map(Vec<(&'static str, Node)>),
}

/// A step to a value.
#[derive(Debug, Clone)]
pub(super) enum At {
    Key(&'static str),
    Item(usize),
}

/// A map with the way it is written.
#[derive(Debug, Clone)]
pub(super) struct Document {
    root: Vec<(&'static str, Node)>,
    step: usize,
    indented_lists: bool,
    comments: bool,
    crlf: bool,
    /// Collections at this depth and deeper are in braces and brackets.
    flow: usize,
}

pub(super) fn document() -> impl Strategy<Value = Document> {
    let scalar = || select(SCALARS).prop_map(Node::Scalar);
    let node = scalar().prop_recursive(4, 24, 4, |node| {
        prop_oneof![
            prop::collection::vec(node.clone(), 0..4).prop_map(Node::List),
            pairs(node.clone(), 0).prop_map(Node::Map),
            node,
        ]
    });
    let style = (select(&[1_usize, 2, 4][..]), any::<bool>(), any::<bool>(), any::<bool>(), 1_usize..6);
    (pairs(node, 1), style).prop_map(|(root, (step, indented_lists, comments, crlf, flow))| Document {
        root,
        step,
        indented_lists,
        comments,
        crlf,
        flow,
    })
}

fn pairs(node: impl Strategy<Value = Node>, least: usize) -> impl Strategy<Value = Vec<(&'static str, Node)>> {
    prop::collection::vec((select(KEYS), node), least..5).prop_map(|mut pairs| {
        let mut seen = vec![];
        pairs.retain(|(key, _)| {
            !seen.contains(key) && {
                seen.push(*key);
                true
            }
        });
        pairs
    })
}

impl Document {
    pub(super) fn eol(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.comment("# Values", 0, &mut out);
        self.map(&self.root, 0, 1, false, &mut out);
        out
    }

    fn comment(&self, text: &str, indent: usize, out: &mut String) {
        if self.comments {
            out.push_str(&format!("{}{text}{}", " ".repeat(indent), self.eol()));
        }
    }

    fn map(&self, pairs: &[(&'static str, Node)], indent: usize, depth: usize, mut inline: bool, out: &mut String) {
        for (key, node) in pairs {
            if !inline {
                self.comment(&format!("# -- {key}"), indent, out);
                out.push_str(&" ".repeat(indent));
            }
            inline = false;
            let key = if *key == "on" { "'on'" } else { key };
            out.push_str(&format!("{key}:"));
            let list = if self.indented_lists { self.step } else { 0 };
            match node {
                Node::Map(pairs) if !pairs.is_empty() && depth < self.flow => {
                    out.push_str(self.eol());
                    self.map(pairs, indent + self.step, depth + 1, false, out);
                }
                Node::List(items) if !items.is_empty() && depth < self.flow => {
                    out.push_str(self.eol());
                    self.list(items, indent + list, depth + 1, out);
                }
                node => self.line(node, out),
            }
        }
    }

    fn list(&self, items: &[Node], indent: usize, depth: usize, out: &mut String) {
        for item in items {
            out.push_str(&format!("{}-", " ".repeat(indent)));
            match item {
                Node::Map(pairs) if !pairs.is_empty() && depth < self.flow => {
                    out.push(' ');
                    self.map(pairs, indent + 2, depth + 1, true, out);
                }
                node => self.line(node, out),
            }
        }
    }

    /// A node on the rest of a line.
    fn line(&self, node: &Node, out: &mut String) {
        let text = flow(node);
        let space = if text.is_empty() { "" } else { " " };
        let comment = if self.comments { " # c" } else { "" };
        out.push_str(&format!("{space}{text}{comment}{}", self.eol()));
    }

    /// One of the scalars: its key path, and its steps.
    pub(super) fn scalar(&self, at: prop::sample::Index) -> (String, Vec<At>) {
        let mut found = vec![];
        collect(&Node::Map(self.root.clone()), &mut vec![], &mut found, |node| matches!(node, Node::Scalar(_)));
        if found.is_empty() {
            return ("missing".to_owned(), vec![At::Key("missing")]);
        }
        let steps = found.swap_remove(at.index(found.len()));
        (shown(&steps), steps)
    }

    /// A key that is missing in one of the maps, and keys below it.
    pub(super) fn missing(&self, at: prop::sample::Index, deep: usize) -> String {
        let mut found = vec![];
        collect(&Node::Map(self.root.clone()), &mut vec![], &mut found, |node| matches!(node, Node::Map(_)));
        let map = shown(&found[at.index(found.len())]);
        let dot = if map.is_empty() { "" } else { "." };
        format!("{map}{dot}missing{}", ".below".repeat(deep))
    }

    /// The value that steps lead to.
    pub(super) fn place<'v>(value: &'v mut serde_yaml::Value, steps: &[At]) -> &'v mut serde_yaml::Value {
        steps.iter().fold(value, |value, step| match step {
            At::Item(index) => &mut value[*index],
            At::Key("8080") => &mut value[8080],
            At::Key(key) => &mut value[*key],
        })
    }
}

fn flow(node: &Node) -> String {
    match node {
        Node::Scalar(text) => (*text).to_owned(),
        Node::List(items) => {
            let item = |node: &Node| if flow(node).is_empty() { "~".to_owned() } else { flow(node) };
            format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        Node::Map(pairs) => {
            let pair =
                |(key, node): &(&str, Node)| format!("{}: {}", if *key == "on" { "'on'" } else { key }, flow(node));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

fn collect(node: &Node, way: &mut Vec<At>, found: &mut Vec<Vec<At>>, wanted: fn(&Node) -> bool) {
    if wanted(node) {
        found.push(way.clone());
    }
    let mut below = |step, node: &Node| {
        way.push(step);
        collect(node, way, found, wanted);
        way.pop();
    };
    match node {
        Node::Scalar(_) => {}
        Node::List(items) => items.iter().enumerate().for_each(|(index, node)| below(At::Item(index), node)),
        Node::Map(pairs) => pairs.iter().for_each(|(key, node)| below(At::Key(key), node)),
    }
}

fn shown(steps: &[At]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            At::Item(index) => path.push_str(&format!("[{index}]")),
            At::Key(key) => {
                let dot = if path.is_empty() { "" } else { "." };
                path.push_str(&format!("{dot}\"{key}\""));
            }
        }
    }
    path
}
