//! From bytes to an edit, and what must hold for it whatever the bytes are.
//!
//! An input is a line of three characters and a text: the kind of edit, the value, and which of the places that the text
//! offers. So inputs can be read and written by people.

use tiphys::{
    domain::{
        image::ImageChange,
        name::{Digest, ImageName, Tag},
        position::Position,
    },
    manifest::{Outcome, helm::Host, workload},
};

use crate::{
    ask::{Ask, Checked, Key, WorkloadName},
    oracle::{self, Node},
};

/// Tags, among them those that YAML reads as something else.
const TAGS: [&str; 12] =
    ["v9.9.9", "1.10", "0123", "1e5", "0x1F", "on", "null", "2024-01-31", "1_000", "_", "0.10.5-rc.1", "y"];
/// Values of Helm, among them those that have to be escaped.
const VALUES: [&str; 10] = ["v9.9.9", "1.10", "", " a", "a: b", "it's", "\"x\" \\ y", "# c", "ж👋", "~"];

/// The longest text that is tried; longer ones find nothing that these don't.
const LONGEST: usize = 4096;

/// Carries out what an input asks for; gives the edited text where there is one.
///
/// # Panics
/// Where the editor is wrong.
pub fn replay(input: &[u8]) -> Option<String> {
    let [kind, value, place, b'\n', text @ ..] = input else { return None };
    if text.len() > LONGEST {
        return None;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        // Refused, and no more can be said about it.
        assert!(workload::workloads(text).is_err());
        return None;
    };
    let ask = ask(*kind, *value, *place, text)?;
    // The readers differ in what they make of these; the editor must stand them all the same.
    if text.replace("\r\n", "").contains(['\r', '\u{85}', '\u{2028}', '\u{2029}', '\0']) {
        let _ = ask.edit(text.as_bytes());
        return None;
    }
    match ask.check(text) {
        Ok(Checked::Changed { text: new, from, footprint }) => {
            let from = from.filter(|from| *from != ask.value());
            if let Some(back) = from.as_deref().and_then(|from| ask.back(from))
                && (footprint.lines_gone, footprint.lines_come) == (1, 1)
            {
                there_again(&ask, &back, &new);
            }
            Some(new)
        }
        Ok(Checked::AlreadySo) => None,
        Ok(Checked::Refused(fault)) => {
            let there = |at: Position| {
                let line = at.line.checked_sub(1).and_then(|line| text.split('\n').nth(line));
                line.is_some_and(|line| at.column <= line.chars().count() + 1)
            };
            assert!(fault.at.is_none_or(there), "{ask:?}: there is no such place: {fault}\n{text:?}");
            None
        }
        Err(error) => panic!("{ask:?}: {error}\n{text:?}"),
    }
}

/// Back to the former value and there again gives the same bytes, save for quotes that the former value needed.
fn there_again(ask: &Ask, back: &Ask, new: &str) {
    let bare = |text: &str| text.replace(['"', '\'', '\\'], "");
    match back.check(new) {
        Ok(Checked::Changed { text: old, .. }) => match ask.edit(old.as_bytes()) {
            Ok(Outcome::Changed { text, .. }) => assert_eq!(bare(&text), bare(new), "{ask:?} after {back:?}"),
            other => panic!("{ask:?} after {back:?} on {old:?}: {other:?}"),
        },
        other => panic!("{back:?} doesn't lead back from {new:?}: {other:?}"),
    }
}

fn ask(kind: u8, value: u8, place: u8, text: &str) -> Option<Ask> {
    let documents = oracle::read(text).unwrap_or_default();
    let root = documents.first().unwrap_or(&Node::Null);
    let place = usize::from(place);
    let count = [0, 1, 3, 10, 4321, u32::MAX][usize::from(value) % 6];
    let nth = |names: Vec<String>, other: &str| {
        names.get(place % (names.len() + 1)).map_or_else(|| other.to_owned(), Clone::clone)
    };
    let tag = TAGS[usize::from(value) % TAGS.len()];
    Some(match kind % 8 {
        0 | 1 => {
            Ask::Image { name: nth(names(root, "images"), "registry.example.org:5000/app"), change: change(value) }
        }
        2 => Ask::Count { workload: nth(names(root, "replicas"), "app"), count },
        3 | 4 => {
            let found = workload::workloads(text.as_bytes()).ok()?;
            let one = found.get(place % found.len().max(1))?;
            let workload =
                WorkloadName { kind: one.kind.clone(), namespace: one.namespace.clone(), name: one.name.clone()? };
            if kind % 8 == 4 {
                return Some(Ask::Replicas { workload, count });
            }
            let container = one.containers.get(place / 8 % one.containers.len().max(1))?.name.clone()?;
            Ask::Container { workload, container, change: change(value) }
        }
        host => {
            let (host, values) = match host {
                5 => (Host::ValuesFile, Some(root)),
                6 => (Host::HelmRelease { name: None }, root.at(&["spec", "values"])),
                _ => (Host::Application { name: None }, root.at(&["spec", "source", "helm", "valuesObject"])),
            };
            let mut found = vec![];
            values.iter().for_each(|values| leaves(values, &mut vec![], &mut found));
            let other = || vec![Key::Name("image".to_owned()), Key::Name("tag".to_owned())];
            let keys = found.get(place % (found.len() + 1)).map_or_else(other, Clone::clone);
            let value = match value % 3 {
                0 => Err(i64::from(count)),
                1 => Ok(tag.to_owned()),
                _ => Ok(VALUES[usize::from(value) % VALUES.len()].to_owned()),
            };
            Ask::Value { host, keys, value }
        }
    })
}

fn change(value: u8) -> ImageChange {
    let tag = Tag::new(TAGS[usize::from(value) % TAGS.len()]).ok();
    let digest = Digest::new(format!("sha256:{}", "0123456789abcdef".repeat(4))).ok();
    let name = ImageName::new("registry.example.org:5000/other").ok();
    match value / 12 % 5 {
        0 | 1 => ImageChange { tag, ..ImageChange::default() },
        2 => ImageChange { digest, ..ImageChange::default() },
        3 => ImageChange { name, ..ImageChange::default() },
        _ => ImageChange { name, tag, digest },
    }
}

fn names(root: &Node, section: &str) -> Vec<String> {
    let items = root.get(section).map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| item.get("name").and_then(Node::printed)).collect()
}

fn leaves(node: &Node, at: &mut Vec<Key>, found: &mut Vec<Vec<Key>>) {
    let mut below = |key: Key, value: &Node| {
        at.push(key);
        if value.pairs().is_empty() && value.items().is_empty() {
            found.push(at.clone());
        } else {
            leaves(value, at, found);
        }
        at.pop();
    };
    node.pairs()
        .iter()
        .filter_map(|(k, v)| Some((k.as_text()?, v)))
        .for_each(|(k, v)| below(Key::Name(k.to_owned()), v));
    node.items().iter().enumerate().for_each(|(i, v)| below(Key::Index(i), v));
}
