//! Sets overrides of Argo CD, where these are the place to set a value.

use super::{
    ImageParts,
    place::{Found, Place},
};
use crate::{
    domain::{
        image::ImageChange,
        plan::{EntryFault, PlanFault},
    },
    manifest::{
        Fault, Missing, Outcome, habit,
        insert::{self, Edit, New, Value},
        keys::{self, Wish},
        proof::Difference,
        slot,
        tree::{NodeId, Style, Tree},
    },
};

/// Sets an image in `kustomize.images`, whose items are texts: `name=new:tag@digest`.
///
/// `name` is the item's name or the one that it gives. Of the text only what changes is written anew, in its own quotes; tag
/// and digest go together as [`ImageChange`] says.
///
/// # Errors
/// [`Fault`] with the line, where the item isn't clear or can't be changed without touching more, or where it is missing and
/// must not or can't be put in.
pub fn set_image(
    bytes: &[u8],
    place: &Place,
    name: &str,
    change: &ImageChange,
    missing: Missing,
) -> Result<Outcome, Fault> {
    let tree = Tree::read(slot::utf8(bytes)?)?;
    let found = place.find(&tree)?;
    let is_it = |item: NodeId| tree.scalar(item).is_some_and(|text| ImageParts::parse(text).is_about(name));
    let list = List { tree: &tree, found: &found, key: "images", name };
    let Some((item, path)) = list.item(is_it)? else {
        let new = changed(ImageParts { name, new: None, tag: None, digest: None }, change).write();
        let item = New::Scalar(Value::String(&new));
        return list.insert(missing, item, &new);
    };
    let text = tree.scalar(item).unwrap_or_default();
    let new = changed(ImageParts::parse(text), change).write();
    if new == text {
        return Ok(Outcome::AlreadySo { value: change.to_string() });
    }
    let style = slot::writable(&tree, slot::Pair { index: 0, key: item, value: item })?;
    // `*` in `name=*:tag` needs no quotes where it has none.
    let written = if style == Style::Plain && text.contains('*') && plain_but_for_asterisks(&new) {
        new.clone()
    } else {
        Value::String(&new).write(&tree, style)
    };
    let edit = Edit {
        splices: vec![slot::replace(&tree, item, item, &written)?],
        differences: vec![Difference::Set { at: path, value: Value::String(&new).reading() }],
        value: 0,
    };
    slot::finish(&tree, found.document, edit, &new, Some(text.to_owned()))
}

/// Sets a replica count in `kustomize.replicas`.
///
/// # Errors
/// As [`set_image`].
pub fn set_replicas(
    bytes: &[u8],
    place: &Place,
    workload: &str,
    count: u32,
    missing: Missing,
) -> Result<Outcome, Fault> {
    let tree = Tree::read(slot::utf8(bytes)?)?;
    let found = place.find(&tree)?;
    let is_it = |item: NodeId| tree.get(item, "name").and_then(|name| tree.scalar(name)) == Some(workload);
    let list = List { tree: &tree, found: &found, key: "replicas", name: workload };
    let text = count.to_string();
    let Some((item, path)) = list.item(is_it)? else {
        let pairs = vec![("name", New::Scalar(Value::String(workload))), ("count", New::Scalar(Value::Number(count)))];
        return list.insert(missing, New::Map(pairs), "count");
    };
    slot::duplicates(&tree, item)?;
    if let Some(fault) = slot::merged(&tree, item, &["name", "count"]) {
        return Err(fault);
    }
    // Argo CD takes a text as well.
    let own = slot::one_of(&tree, item, &["count"])?.map(|pair| habit::style(&tree, pair.value));
    let value = match own {
        Some(Style::Single | Style::Double) => Value::String(&text),
        _ => Value::Number(count),
    };
    let wishes = [("name", Wish::Keep), ("count", Wish::Set(value))];
    match keys::change(&tree, (item, &path), &wishes, &["count"], &|_| Style::Plain)? {
        None => Ok(Outcome::AlreadySo { value: text }),
        Some(change) => slot::finish(&tree, found.document, change.edit, change.key, change.from),
    }
}

/// The parts of an item after a change.
fn changed<'p>(old: ImageParts<'p>, change: &'p ImageChange) -> ImageParts<'p> {
    let name = change.name.as_ref().map(|name| name.as_str()).filter(|name| old.new.is_some() || *name != old.name);
    let new = ImageParts { new: name.or(old.new), ..old };
    match (&change.tag, &change.digest) {
        (None, None) => new,
        (tag, digest) => ImageParts {
            tag: tag.as_ref().map(|tag| tag.as_str()),
            digest: digest.as_ref().map(|digest| digest.as_str()),
            ..new
        },
    }
}

fn plain_but_for_asterisks(text: &str) -> bool {
    !text.starts_with('*') && crate::manifest::scalar::is_plain_string(&text.replace('*', "_"))
}

/// A list below `kustomize`, in all sources of a place.
struct List<'l, 't> {
    tree: &'l Tree<'t>,
    found: &'l Found,
    /// `images` or `replicas`.
    key: &'static str,
    /// What is looked for.
    name: &'l str,
}

impl List<'_, '_> {
    /// The one item that is meant, with the way to it.
    fn item(&self, is_it: impl Fn(NodeId) -> bool) -> Result<Option<(NodeId, Vec<usize>)>, Fault> {
        let tree = self.tree;
        let mut matches = vec![];
        for (source, path) in &self.found.sources {
            let Some(kustomize) = slot::one_of(tree, *source, &["kustomize"])? else { continue };
            let Some(list) = slot::one_of(tree, kustomize.value, &[self.key])? else { continue };
            for (index, item) in tree.items(list.value).unwrap_or_default().iter().enumerate() {
                if is_it(*item) {
                    let way = [*source, kustomize.value, list.value, *item];
                    matches.push((way, [path.as_slice(), &[kustomize.index, list.index, index]].concat()));
                }
            }
        }
        let lines = matches.iter().take(slot::MAX_LINES).map(|([.., item], _)| tree.line(*item)).collect();
        match matches.as_slice() {
            [] => Ok(None),
            [(way, path)] => {
                let [.., item] = *way;
                // The item's own alias or anchor is seen when it is written over.
                let hazard = way.iter().find_map(|id| slot::shared(tree, *id));
                match self.found.hazard.clone().or(hazard) {
                    Some(hazard) => Err(hazard),
                    None => Ok(Some((item, path.clone()))),
                }
            }
            [_, ([.., second], _), ..] => Err(Fault::at(tree.position(*second), self.ambiguous(lines))),
        }
    }

    fn ambiguous(&self, lines: Vec<usize>) -> PlanFault {
        PlanFault::AmbiguousEntry { section: format!("kustomize.{}", self.key), name: self.name.to_owned(), lines }
    }

    /// Puts an item in: into the one source, or the one of several that is set up for kustomize.
    fn insert(&self, missing: Missing, new: New<'_>, told: &str) -> Result<Outcome, Fault> {
        let tree = self.tree;
        let section = format!("kustomize.{}", self.key);
        let no_entry = Fault::whole(PlanFault::NoEntry { section, name: self.name.to_owned() });
        let sources = &self.found.sources;
        let with_kustomize: Vec<_> = sources.iter().filter(|(id, _)| tree.get(*id, "kustomize").is_some()).collect();
        let (source, path) = match (sources.as_slice(), with_kustomize.as_slice()) {
            ([one], _) => one,
            (_, [one]) => *one,
            ([], _) => return Err(no_entry),
            ([_, (second, _), ..], _) => {
                let lines = sources.iter().take(slot::MAX_LINES).map(|(id, _)| tree.line(*id)).collect();
                let several = PlanFault::Entry(EntryFault::SeveralSources { lines });
                return Err(Fault::at(tree.position(*second), several));
            }
        };
        // Argo CD refuses a source with two of these.
        for key in ["chart", "helm", "directory", "plugin"] {
            if let Some(value) = tree.get(*source, key).filter(|value| !tree.is_null(*value)) {
                let fault = EntryFault::OtherTool { key: key.to_owned() };
                return Err(Fault::at(tree.position(value), PlanFault::Entry(fault)));
            }
        }
        if missing == Missing::Refuse {
            return Err(no_entry);
        }
        if let Some(hazard) = self.found.hazard.clone().or_else(|| slot::shared(tree, *source)) {
            return Err(hazard);
        }
        let edit = self.put((*source, path), &["kustomize", self.key], New::List(vec![new]))?;
        slot::finish(tree, self.found.document, edit, told, None)
    }

    /// Puts a list with one item in below a map, under these keys, as far as they are missing.
    fn put(&self, (map, path): (NodeId, &[usize]), keys: &[&str], new: New<'_>) -> Result<Edit, Fault> {
        let tree = self.tree;
        let Some((key, below)) = keys.split_first() else { return Err(insert::refuse(tree, map, "no key is missing")) };
        let nested = || below.iter().rev().fold(new.clone(), |inner, key| New::Map(vec![(*key, inner)]));
        let Some(pair) = slot::one_of(tree, map, &[key])? else {
            if let Some(fault) = slot::merged(tree, map, &[key]) {
                return Err(fault);
            }
            if path.is_empty() {
                return insert::at_end(tree, map, key, &nested(), self.found.document);
            }
            let last = tree.pairs(map).map_or(0, |pairs| pairs.len().saturating_sub(1));
            return insert::any_pair(tree, (map, path), last, key, &nested(), &|_| Style::Plain);
        };
        if let Some(fault) = slot::shared(tree, pair.value) {
            return Err(fault);
        }
        let inner = [path, &[pair.index]].concat();
        let is_empty = tree.is_null(pair.value)
            || tree.items(pair.value).is_some_and(<[_]>::is_empty)
            || tree.pairs(pair.value).is_some_and(<[_]>::is_empty);
        match (below, &new) {
            _ if is_empty => insert::fill(tree, (map, path), (pair.index, pair.key, pair.value), &nested()),
            ([], New::List(items)) if tree.items(pair.value).is_some() => match items.as_slice() {
                [item] => insert::item(tree, (pair.value, &inner), item),
                _ => Err(insert::refuse(tree, pair.value, "more than one item is missing")),
            },
            (below, _) if tree.pairs(pair.value).is_some() && !below.is_empty() => {
                self.put((pair.value, &inner), below, new)
            }
            _ => {
                let what = format!("{key} is not a {}", if below.is_empty() { "list" } else { "map" });
                Err(Fault::at(tree.position(pair.value), PlanFault::Malformed(what)))
            }
        }
    }
}
