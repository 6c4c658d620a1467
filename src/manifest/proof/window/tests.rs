//! The window's verdict beside that of the whole text.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::manifest::{
    proof::{INDEPENDENT, in_window, node, whole},
    tree::{Kind, NodeId},
};

/// Values that are all to read as `v2`, and those that break something.
const VALUES: &[&str] = &[
    "v2",
    "v2",
    "v2",
    "'v2'",
    "\"v2\"",
    "v2 # c",
    "v2\n",
    "\n\nv2",
    " v2 ",
    "v2\r\n",
    "'v2",
    "\"v2",
    "v2'",
    "[v2",
    "[v2]",
    "{v2",
    "{a: v2}",
    "|\n v2",
    "|-\n            v2",
    ">-\n            v2\n",
    "|2-\n  v2",
    "&a v2",
    "*a",
    "!!str v2",
    "!x v2",
    "v2:",
    "v2: x",
    "- v2",
    "? v2",
    "v2\nk9: x",
    "v2\n  k9: x",
    "v2\n- x",
    "v2\n---",
    "v2\n...\n",
    "v2\n--- x\n",
    "v2 #",
    "#v2",
    "",
    "~",
    "v2\tx",
    "v2\u{85}",
    "v2\n  more",
    "v2\n                        more",
];

/// What may be amiss in a text.
const PIECES: &[&str] = &[
    "'", "\"", "[", "]", "{", "}", "#", " #", ": ", ":", "- ", "-", ",", "\n", "\n\n", "\n ", "\n  ", "  ", " ", "|",
    ">", "|+\n", ">2\n", "? ", "---\n", "\n---\n", "...\n", "%", "\t", "\r", "\u{85}", "\u{a0}", "\u{feff}",
    "\u{2028}", "&a ", "*a", "!!str ", "!x ", "<<: ", "@", "`", "k1: ", "''", "\\", "~", "я",
];

/// Writes a text from a list of choices.
struct Writer<'c> {
    choices: &'c [u8],
    /// Whether scalars and flow collections may have several lines.
    rich: bool,
    out: String,
}

impl Writer<'_> {
    fn choice(&mut self, most: u8) -> u8 {
        let Some((first, rest)) = self.choices.split_first() else { return 0 };
        self.choices = rest;
        first % most
    }

    fn filler(&mut self, indent: usize) {
        match self.choice(8) {
            0 => self.out += "# comment: 'quoted\n",
            1 => self.out += &format!("{}# - comment\n", " ".repeat(indent)),
            2 => self.out += "\n",
            3 => self.out += &format!("{}\n", " ".repeat(indent + 1)),
            _ => {}
        }
    }

    fn scalar(&mut self, indent: usize) {
        let deep = " ".repeat(indent + 2);
        let text = match if self.rich {
            self.choice(18)
        } else {
            [0, 1, 2, 6, 7, 8, 9, 10, 13, 14, 15, 17][usize::from(self.choice(12))]
        } {
            0 => "v1".to_owned(),
            1 => "'it''s'".to_owned(),
            2 => "\"a \\\" b\" # c".to_owned(),
            3 => format!("plain\n{deep}over: lines").replace(": ", " "),
            4 => format!("'quoted\n\n{deep}over # lines'"),
            5 => format!("\"quoted \\\n{deep}over lines\""),
            6 => format!("|\n{deep}block: x\n\n{deep}  - 'y"),
            7 => format!(">-\n{deep}folded # x\n{deep}y\n"),
            8 => format!("|+\n{deep}kept\n\n"),
            9 => format!("|2\n{deep} indented"),
            10 => "[a, 'b', {c: d}]".to_owned(),
            11 => format!("[a, # c\n{deep}b\n{deep}]"),
            12 => format!("{{a: 1,\n{deep}b: \"x\"}}"),
            13 => String::new(),
            14 => "~".to_owned(),
            15 => "1.10".to_owned(),
            16 => "http://x.example.org:80/#a # b".to_owned(),
            _ => "значение".to_owned(),
        };
        self.out += &text;
        self.out += "\n";
    }

    /// A node behind a colon or a dash.
    fn value(&mut self, indent: usize, depth: usize, behind_dash: bool) {
        match if depth == 0 { 4 } else { self.choice(8) } {
            0 | 1 if behind_dash && self.choice(3) > 0 => {
                self.out += " ";
                self.map(indent + 2, depth - 1, true);
            }
            0 | 1 => {
                self.out += "\n";
                self.map(indent + 2, depth - 1, false);
            }
            2 if behind_dash => {
                self.out += " ";
                self.list(indent + 2, depth - 1, true);
            }
            2 => {
                self.out += " # list\n";
                let below = usize::from(self.choice(2)) * 2;
                self.list(indent + below, depth - 1, false);
            }
            3 => {
                self.out += "\n";
                self.out += &" ".repeat(indent + 3);
                self.scalar(indent + 1);
            }
            _ => {
                self.out += " ";
                self.scalar(indent);
            }
        }
    }

    fn map(&mut self, indent: usize, depth: usize, mut inline: bool) {
        for index in 0..=self.choice(4) {
            if !std::mem::take(&mut inline) {
                self.filler(indent);
                self.out += &" ".repeat(indent);
            }
            let key = match self.choice(6) {
                0 => format!("'k{index}':"),
                1 => format!("\"k{index}\" :"),
                _ => format!("k{index}:"),
            };
            self.out += &key;
            self.value(indent, depth, false);
        }
    }

    fn list(&mut self, indent: usize, depth: usize, mut inline: bool) {
        for _ in 0..=self.choice(3) {
            if !std::mem::take(&mut inline) {
                self.filler(indent);
                self.out += &" ".repeat(indent);
            }
            self.out += "-";
            self.value(indent, depth, true);
        }
    }

    fn stream(mut self) -> String {
        self.rich = self.choice(4) == 0;
        let documents = 1 + self.choice(5) / 3;
        for index in 0..documents {
            if index > 0 || self.choice(3) == 0 {
                self.out += "---\n";
            }
            self.map(0, 4, false);
        }
        if self.choice(4) == 0 {
            self.out.truncate(self.out.trim_end_matches('\n').len());
        }
        if self.choice(5) == 0 { self.out.replace('\n', "\r\n") } else { self.out }
    }
}

fn text() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..120).prop_map(|choices| Writer { choices: &choices, rich: false, out: String::new() }.stream())
}

fn damaged() -> impl Strategy<Value = String> {
    let damage = vec((any::<prop::sample::Index>(), 0_usize..4, select(PIECES)), 0..4);
    (text(), damage).prop_map(|(mut text, damage)| {
        for (at, cut, piece) in damage {
            let floor = |text: &str, mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(&text, at.index(text.len() + 1));
            let end = floor(&text, (start + cut).min(text.len())).max(start);
            text.replace_range(start..end, piece);
        }
        text
    })
}

/// All nodes of a document below its root, with their paths and keys.
fn nodes(tree: &Tree<'_>, document: usize) -> Vec<(Path, Option<NodeId>, NodeId)> {
    let mut found = vec![];
    let mut open = vec![(vec![], tree.documents()[document].root)];
    while let Some((path, id)) = open.pop() {
        let children: Vec<(Option<NodeId>, NodeId)> = match id.map(|id| &tree.node(id).kind) {
            Some(Kind::Sequence { items, .. }) => items.iter().map(|item| (None, *item)).collect(),
            Some(Kind::Mapping { pairs, .. }) => pairs.iter().map(|(key, value)| (Some(*key), *value)).collect(),
            _ => continue,
        };
        for (index, (key, value)) in children.into_iter().enumerate() {
            let at: Path = path.iter().copied().chain([index]).collect();
            found.push((at.clone(), key, value));
            open.push((at, Some(value)));
        }
    }
    found
}

/// Some edit, right or wrong: its splices, and what is asked for.
fn some_edit(
    tree: &Tree<'_>,
    [document, node, kind]: [prop::sample::Index; 3],
    with: &str,
) -> Option<(Vec<Splice>, [Asked; 1])> {
    let document = document.index(tree.documents().len().max(1));
    let nodes = tree.documents().get(document).map(|_| nodes(tree, document)).unwrap_or_default();
    let (at, key, value) = nodes.get(node.index(nodes.len().max(1)))?.clone();
    let text = tree.text;
    let span = tree.node(value).span.clone();
    let head = tree.node(key.unwrap_or(value)).span.start;
    let line = crate::manifest::text::line_start(text, head);
    let end = crate::manifest::text::line_end(text, span.end);
    let new = Reading::string(if with.contains("more") { "v2 more" } else { "v2" });
    let mut after = at.clone();
    *after.last_mut()? += 1;
    let indent = &text[line..head];
    let insert = |at: Path| Difference::Insert { at, key: key.map(|_| Reading::string("new")), value: new.clone() };
    let pair = if key.is_some() { "new: " } else { "" };
    let (splice, difference) = match kind.index(8) {
        0 => (Splice { range: line..end.max(line), with: String::new() }, Difference::Remove { at }),
        1 => {
            let end = (end + 1).min(text.len());
            let end = if text.is_char_boundary(end) { end } else { line };
            (Splice { range: line..end.max(line), with: String::new() }, Difference::Remove { at })
        }
        2 => (Splice::insert(line, format!("{indent}{pair}{with}\n")), insert(at)),
        3 => (Splice::insert(end, format!("\n{indent}{pair}{with}")), insert(after)),
        4 if key.is_some() => (
            Splice { range: head..span.end.max(head), with: format!("new: {with}") },
            Difference::Replace { at, key: Reading::string("new"), value: new },
        ),
        5 => (Splice { range: span, with: format!(" {with}") }, Difference::Set { at, value: new }),
        _ => (Splice { range: span, with: with.to_owned() }, Difference::Set { at, value: new }),
    };
    Some((vec![splice], [Asked { document, differences: vec![difference] }]))
}

fn edit() -> impl Strategy<Value = ([prop::sample::Index; 3], &'static str)> {
    (any::<[prop::sample::Index; 3]>(), select(VALUES))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_window_proves_the_whole_text_proves(text in damaged(), (where_to, with) in edit()) {
        let Ok(tree) = Tree::read(&text) else { return Ok(()) };
        let Some((splices, asked)) = some_edit(&tree, where_to, with) else { return Ok(()) };
        if let Some(new) = in_window(&tree, &splices, &asked) {
            prop_assert_eq!(whole(&text, &splices, &asked), Ok(new), "{:?} {:?}", splices, asked);
        }
    }

    #[test]
    fn a_reader_sees_in_a_window_what_it_sees_there_in_the_whole_text(text in damaged(), (where_to, with) in edit()) {
        let Ok(tree) = Tree::read(&text) else { return Ok(()) };
        let Some((splices, asked)) = some_edit(&tree, where_to, with) else { return Ok(()) };
        let Some(place) = Place::of(&tree, &splices, &asked[0]).filter(|_| common::tree(&tree)) else { return Ok(()) };
        let framed = place.frame(&text[place.range.clone()]);
        let mut able = 0;
        for (name, read) in INDEPENDENT {
            let (Ok(mut all), Ok(mut seen)) = (read(&text), read(&framed)) else { continue };
            able += 1;
            if !place.holds(&seen) {
                continue;
            }
            let inner = if place.below_key { node(&mut seen[0], &[0]) } else { seen.get_mut(0) };
            let elements = place.elements.clone();
            match (all.get_mut(asked[0].document).and_then(|root| node(root, &place.path)), inner) {
                (Some(Reading::List(all)), Some(Reading::List(seen))) => {
                    prop_assert_eq!(&all[elements.clone()], &seen[..elements.len()], "{} in {:?}", name, framed);
                }
                (Some(Reading::Map(all)), Some(Reading::Map(seen))) => {
                    prop_assert_eq!(&all[elements.clone()], &seen[..elements.len()], "{} in {:?}", name, framed);
                }
                other => prop_assert!(false, "{} sees {:?} in {:?}", name, other, framed),
            }
        }
        prop_assert!(able > 0 || INDEPENDENT.iter().any(|(_, read)| read(&text).is_ok() || read(&framed).is_err()), "nobody reads {:?}", text);
    }

    #[test]
    fn plain_edits_of_plain_texts_need_no_more_than_the_window(text in text(), where_to: [prop::sample::Index; 3]) {
        let tree = Tree::read(&text).expect("only valid texts are written");
        let Some((splices, asked)) = some_edit(&tree, where_to, "v2") else { return Ok(()) };
        // The whole text makes do with one independent reader where the other can't read it.
        let narrow = Place::of(&tree, &splices, &asked[0]).is_some()
            && common::tree(&tree)
            && INDEPENDENT.iter().all(|(_, read)| read(&text).is_ok());
        if narrow && whole(&text, &splices, &asked).is_ok() {
            prop_assert!(in_window(&tree, &splices, &asked).is_some(), "{:?} {:?}", splices, asked);
        }
    }
}

const TEXT: &str = "a: 1\nlist:\n  - name: x # c\n    tag: v1\n    # about the next\n    last: z\n  - name: y\nb: 2\n";

/// Replaces a part of [`TEXT`], asking for `tag: v2`.
fn verdicts(what: &str, with: &str) -> (Option<String>, Result<String, String>) {
    let tree = Tree::read(TEXT).expect("valid");
    let start = TEXT.find(what).expect("in the text");
    let splices = [Splice { range: start..start + what.len(), with: with.to_owned() }];
    let set = Difference::Set { at: vec![1, 0, 1], value: Reading::string("v2") };
    let asked = [Asked { document: 0, differences: vec![set] }];
    (in_window(&tree, &splices, &asked), whole(TEXT, &splices, &asked))
}

#[test]
fn a_right_edit_is_proved_by_both() {
    for with in ["v2", "'v2'", "\"v2\"", "v2 # why", "v2\n    # more\n"] {
        let expected = TEXT.replace("v1", with);
        assert_eq!(verdicts("v1", with), (Some(expected.clone()), Ok(expected)), "{with}");
    }
}

#[test]
fn an_item_below_its_dash_bounds_no_window() {
    let text = "---\r\n'k': # list\r\n-\r\n   v1\r\n-\r\n   [a]\r\n- v1";
    let tree = Tree::read(text).expect("valid");
    for (index, (start, _)) in text.match_indices("v1").enumerate() {
        let set = Difference::Set { at: vec![0, index * 2], value: Reading::string("v2") };
        let splices = [Splice { range: start..start + 2, with: "v2".to_owned() }];
        assert!(in_window(&tree, &splices, &[Asked { document: 0, differences: vec![set] }]).is_some(), "{index}");
    }
}

#[test]
fn a_wrong_edit_is_proved_by_neither() {
    for (what, with) in [
        ("v1", "v3"),                                                 // another value
        ("v1", "2"),                                                  // a number
        ("v1", "v2\n    more: w"),                                    // a key more
        ("v1", "v2\n    last: w"),                                    // a key that stands twice
        ("v1", "'v2"),                                                // a quote that isn't closed
        ("v1", "[v2"),                                                // a bracket that isn't closed
        ("v1", "|\n     v2"),                                         // a block scalar
        ("v1\n    # about the next\n    ", "v2\n   "),                // the sibling one to the left
        ("v1\n    # about the next\n    ", "v2 "),                    // the sibling swallowed
        ("v1\n    # about the next\n", "v2\n  "),                     // the sibling further to the right
        ("v1\n    # about the next\n    ", "v2\n  - "),               // the sibling an item of its own
        ("v1\n    # about the next\n    ", "v2\n"),                   // the sibling in the root
        ("v1\n    # about the next\n    last: z", "v2\n    last: w"), // another line
        ("v1\n    # about the next\n    last: z\n", "v2\n"),          // the sibling gone
        ("x # c\n    tag: v1", "w # c\n    tag: v2"),                 // the line before
        ("v1", "v2\n---"),                                            // two documents
        ("    tag: v1", "  tag: v2"),                                 // dedented
        ("    tag: v1", "      tag: v2"),                             // indented
        ("tag: v1", "tag : &t v3"),                                   // an anchor
    ] {
        let (window, whole) = verdicts(what, with);
        assert!(window.is_none() && whole.is_err(), "{what:?} -> {with:?}: {window:?} {whole:?}");
    }
}
