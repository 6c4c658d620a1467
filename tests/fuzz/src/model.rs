//! The edits on plain values: what a text has to say afterwards.

use tiphys::{
    domain::{
        image::ImageChange,
        name::{Digest, ImageName, Tag},
    },
    manifest::helm::Host,
};

use crate::{
    ask::{Key, WorkloadName, path},
    oracle::{self, Node},
};

/// An entry of a kustomization's `images`; `None` where there isn't one place for it.
pub fn image(documents: &mut [Node], image: &str, change: &ImageChange) -> Option<()> {
    let root = documents.first_mut()?;
    let new_name = change.name.as_ref().map(ImageName::as_str);
    let before = root.clone();
    let entry = entry(root, &["images", "imageTags"], image, true)?;
    let is_set = |entry: &Node, key| get(entry, key).is_some_and(|n| n != Node::Null && n != Node::text(""));
    if let Some(name) = new_name {
        let own = get(entry, "name").and_then(|name| name.printed());
        if is_set(entry, "newName") || own.as_deref() != Some(name) {
            set(entry, "newName", Node::text(name))?;
        }
    }
    let tag = ("newTag", change.tag.as_ref().map(Tag::as_str));
    let digest = ("digest", change.digest.as_ref().map(Digest::as_str));
    for ((key, value), (_, other)) in [(tag, digest), (digest, tag)] {
        match value {
            Some(value) => set(entry, key, Node::text(value))?,
            None if other.is_some() && is_set(entry, key) => remove(entry, key),
            None => {}
        }
    }
    // An entry that would say nothing is not put in.
    if entry.pairs().len() == 1 {
        *root = before;
    }
    Some(())
}

/// The image of a container; `None` where there isn't one such workload and container.
pub fn container(documents: &mut [Node], name: &WorkloadName, container: &str, change: &ImageChange) -> Option<()> {
    let mut node = workload(documents, name)?;
    let way: &[&str] = match name.kind.as_str() {
        "Pod" => &["spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => &["spec", "template", "spec"],
    };
    for key in way {
        node = node.get_mut(key)?;
    }
    let mut found = vec![];
    if let Node::Map(pairs) = node {
        for (key, value) in pairs {
            let list = matches!(key.as_text(), Some("containers" | "initContainers" | "ephemeralContainers"));
            if let (true, Node::List(items)) = (list, value) {
                let ours = |item: &&mut Node| item.get("name").and_then(Node::printed).as_deref() == Some(container);
                found.extend(items.iter_mut().filter(ours));
            }
        }
    }
    let [one] = found.as_mut_slice() else { return None };
    let old = one.get("image").and_then(Node::as_text).unwrap_or_default().to_owned();
    let (rest, digest) = old.split_once('@').map_or((old.as_str(), None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (rest, None),
    };
    let path = change.name.as_ref().map_or(path, |name| name.as_str());
    let (tag, digest) = match (&change.tag, &change.digest) {
        (None, None) => (tag, digest),
        (tag, digest) => (tag.as_ref().map(Tag::as_str), digest.as_ref().map(Digest::as_str)),
    };
    let part = |sign: &str, part: Option<&str>| part.map(|part| format!("{sign}{part}")).unwrap_or_default();
    one.set("image", Node::Text(format!("{path}{}{}", part(":", tag), part("@", digest))))
}

/// `spec.replicas` of a workload.
pub fn replicas(documents: &mut [Node], name: &WorkloadName, count: u32) -> Option<()> {
    workload(documents, name)?.get_mut("spec")?.set("replicas", Node::Number(count.to_string()))
}

/// The one workload of that name, among the documents and the items of lists.
fn workload<'n>(documents: &'n mut [Node], wanted: &WorkloadName) -> Option<&'n mut Node> {
    fn collect<'n>(node: &'n mut Node, wanted: &WorkloadName, found: &mut Vec<&'n mut Node>) {
        let text = |keys: &[&str]| node.at(keys).and_then(Node::printed);
        let namespace = text(&["metadata", "namespace"]);
        let kind = text(&["kind"]).unwrap_or_default();
        if kind == wanted.kind
            && text(&["metadata", "name"]).as_ref() == Some(&wanted.name)
            && (namespace.is_none() || wanted.namespace.is_none() || namespace == wanted.namespace)
        {
            found.push(node);
        } else if kind.ends_with("List")
            && let Some(Node::List(items)) = node.get_mut("items")
        {
            items.iter_mut().for_each(|item| collect(item, wanted, found));
        }
    }
    let mut found = vec![];
    documents.iter_mut().for_each(|document| collect(document, wanted, &mut found));
    if found.len() == 1 { found.pop() } else { None }
}

/// `replicas[].count` of a kustomization.
pub fn count(documents: &mut [Node], workload: &str, count: u32) -> Option<()> {
    set(entry(documents.first_mut()?, &["replicas"], workload, false)?, "count", Node::Number(count.to_string()))
}

/// A place of Helm's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first document.
    File,
    /// `spec.values` of the only HelmRelease.
    Release,
    /// `valuesObject` of the n-th source of the only Application.
    Object(usize),
    /// The text in `values` of the n-th source.
    Text(usize),
    /// `parameters` of the n-th source.
    Parameters(usize),
}

/// The places that a file of this kind has.
pub fn places(host: &Host) -> Vec<Place> {
    match host {
        Host::ValuesFile => vec![Place::File],
        Host::HelmRelease { .. } => vec![Place::Release],
        Host::Application { .. } => {
            (0..5).flat_map(|n| [Place::Object(n), Place::Text(n), Place::Parameters(n)]).collect()
        }
    }
}

/// A value at a key path.
pub fn value(documents: &mut Vec<Node>, host: &Host, place: Place, keys: &[Key], value: &Node) -> Option<()> {
    let (kind, name) = match host {
        Host::ValuesFile => {
            if documents.is_empty() {
                documents.push(Node::Null);
            }
            return put(documents.first_mut()?, keys, value);
        }
        Host::HelmRelease { name } => ("HelmRelease", name),
        Host::Application { name } => ("Application", name),
    };
    let ours = |document: &Node| {
        let named = document.at(&["metadata", "name"]).and_then(Node::printed);
        document.get("kind").and_then(Node::as_text) == Some(kind) && (name.is_none() || named == *name)
    };
    let mut ours = documents.iter_mut().filter(|document| ours(document));
    let (Some(document), None) = (ours.next(), ours.next()) else { return None };
    if document.get("spec").is_none() {
        document.set("spec", Node::Null)?;
    }
    let spec = document.get_mut("spec")?;
    let number = match place {
        Place::File | Place::Release => {
            if spec.get("values").is_none() {
                spec.set("values", Node::Null)?;
            }
            return put(spec.get_mut("values")?, keys, value);
        }
        Place::Object(n) | Place::Text(n) | Place::Parameters(n) => n,
    };
    let source = match spec.get_mut("sources").is_some_and(|sources| !sources.items().is_empty()) {
        true => match spec.get_mut("sources")? {
            Node::List(sources) => sources.get_mut(number)?,
            _ => return None,
        },
        false if number == 0 => spec.get_mut("source")?,
        false => return None,
    };
    if source.get("helm").is_none() {
        source.set("helm", Node::Null)?;
    }
    let helm = source.get_mut("helm")?;
    match place {
        Place::Object(_) => {
            if helm.get("valuesObject").is_none() {
                helm.set("valuesObject", Node::Null)?;
            }
            put(helm.get_mut("valuesObject")?, keys, value)
        }
        Place::Text(_) => {
            let text = helm.get("values")?.as_text()?.to_owned();
            let mut inner = oracle::read(&text).ok()?;
            put(inner.first_mut()?, keys, value)?;
            helm.set("values", Node::Yaml(inner))
        }
        _ => {
            let Node::List(items) = helm.get_mut("parameters")? else { return None };
            let (wanted, value) = (path(keys), Node::Text(value.printed()?));
            let named = |item: &Node| item.get("name").and_then(Node::as_text) == Some(&wanted);
            match items.iter_mut().find(|item| named(item)) {
                Some(item) => item.set("value", value),
                None => {
                    items
                        .push(Node::Map(vec![(Node::text("name"), Node::text(&wanted)), (Node::text("value"), value)]));
                    Some(())
                }
            }
        }
    }
}

/// Puts a value at the end of a path, with the maps on the way that are missing.
fn put(node: &mut Node, keys: &[Key], value: &Node) -> Option<()> {
    match keys {
        [] => *node = value.clone(),
        [Key::Index(index), rest @ ..] => match node {
            Node::List(items) => return put(items.get_mut(*index)?, rest, value),
            _ => return None,
        },
        [Key::Name(name), rest @ ..] => {
            if node.get(name).is_none() {
                node.set(name, Node::Null)?;
            }
            return put(node.get_mut(name)?, rest, value);
        }
    }
    Some(())
}

/// The entry of a section, put in where it is missing.
fn entry<'n>(root: &'n mut Node, sections: &[&str], name: &str, image: bool) -> Option<&'n mut Node> {
    let Node::Map(pairs) = root else { return None };
    let ours = |key: &Node| key.as_text().is_some_and(|key| sections.iter().any(|s| s.eq_ignore_ascii_case(key)));
    let found: Vec<usize> = (0..pairs.len()).filter(|i| ours(&pairs[*i].0)).collect();
    let section = match found.as_slice() {
        [] => {
            pairs.push((Node::text(sections[0]), Node::Null));
            &mut pairs.last_mut()?.1
        }
        [one] => &mut pairs[*one].1,
        _ => return None,
    };
    if *section == Node::Null {
        *section = Node::List(vec![]);
    }
    let Node::List(items) = section else { return None };
    let named = |key: &str| -> Vec<usize> {
        (0..items.len()).filter(|i| get(&items[*i], key).and_then(|n| n.printed()).as_deref() == Some(name)).collect()
    };
    let (by_name, by_new_name) = (named("name"), if image { named("newName") } else { vec![] });
    let index = match (by_name.as_slice(), by_new_name.as_slice()) {
        ([], []) => {
            items.push(Node::Map(vec![(Node::text("name"), Node::text(name))]));
            items.len() - 1
        }
        ([one], []) | ([], [one]) => *one,
        ([one], [other]) if one == other => *one,
        _ => return None,
    };
    items.get_mut(index)
}

/// The key as it is written in a map, without regard to case.
fn key(map: &Node, wanted: &str) -> Option<String> {
    map.pairs().iter().filter_map(|(k, _)| k.as_text()).find(|k| k.eq_ignore_ascii_case(wanted)).map(str::to_owned)
}

fn get(map: &Node, wanted: &str) -> Option<Node> {
    map.get(&key(map, wanted)?).cloned()
}

fn set(map: &mut Node, wanted: &str, value: Node) -> Option<()> {
    let key = key(map, wanted).unwrap_or_else(|| wanted.to_owned());
    map.set(&key, value)
}

fn remove(map: &mut Node, wanted: &str) {
    if let Some(key) = key(map, wanted) {
        map.remove(&key);
    }
}
