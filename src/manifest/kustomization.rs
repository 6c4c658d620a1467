//! A kustomization: what it sets for an image and a workload, and how that is set anew.

use super::{
    Fault, Missing, Outcome,
    entry::{self, Place, Wanted},
    habit,
    insert::{self, Edit, New, Value},
    keys::{self, Wish},
    scalar,
    slot::{self, Pair},
    tree::{NodeId, Style, Tree},
};
use crate::domain::{
    image::ImageChange,
    name::{ImageName, Tag},
    plan::{EntryFault, PlanFault, UnsafeEdit},
};

/// The names that kustomize looks for; two of them in one folder are an error to it.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The API group of kustomize's own kinds.
const GROUP: &str = "kustomize.config.k8s.io";

/// The API group of Flux's kind of the same name, which has `images` in its `spec`.
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// A kustomization file, read.
///
/// Of several documents kustomize reads the first one and no other; it is a `Kustomization`, a `Component`, or says no kind.
/// Flux's `Kustomization` is one as well, wherever it stands in its file: the `images` of its `spec` are the same.
#[derive(Debug)]
pub struct Kustomization<'t> {
    tree: Tree<'t>,
    /// The map that holds the sections.
    root: NodeId,
    /// The document, counted from 0.
    document: usize,
    /// The way from the document's root to `root`.
    base: Vec<usize>,
}

impl<'t> Kustomization<'t> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PlanFault::Malformed`] where it isn't UTF-8, YAML or a map, [`PlanFault::NotAKustomization`] where it is of another
    /// kind, [`UnsafeEdit::Sops`] where it is encrypted.
    pub fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let tree = Tree::read(slot::utf8(bytes)?)?;
        let root = tree.documents().first().and_then(|document| document.root).filter(|root| !tree.is_null(*root));
        if let Some(at) = root.and_then(|root| slot::sops(&tree, root)) {
            return Err(Fault::not_safe(at, UnsafeEdit::Sops));
        }
        let Some(root) = root else { return Err(Fault::whole(PlanFault::Malformed("empty".to_owned()))) };
        if tree.pairs(root).is_none() {
            return Err(Fault::at(tree.position(root), PlanFault::Malformed("not a map".to_owned())));
        }
        let Some(fault) = foreign(&tree, root) else { return Ok(Self { tree, root, document: 0, base: vec![] }) };
        let (document, spec) = flux(&tree)?.ok_or(fault)?;
        Ok(Self { root: spec.value, document, base: vec![spec.index], tree })
    }

    /// The tag that is set for an image: `None` where there is no entry or where it sets none.
    ///
    /// # Errors
    /// As [`Self::set_tag`], save that a value which can be read but not edited is no error.
    pub fn tag(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        Ok(self.value(&Wanted::Image { name: image.as_str() }, "newTag")?.filter(|tag| !tag.is_empty()))
    }

    /// The replica count that is set for a workload: `None` where there is no entry. Without a count it sets 0.
    ///
    /// # Errors
    /// As [`Self::set_count`], save that a value which can be read but not edited is no error.
    pub fn count(&self, workload: &str) -> Result<Option<u32>, Fault> {
        let wanted = Wanted::Count { workload };
        if self.find(&wanted)?.entry.is_none() {
            return Ok(None);
        }
        Ok(match self.value(&wanted, "count")? {
            None => Some(0),
            Some(text) => scalar::whole_number(&text),
        })
    }

    /// The names that kustomize's `images` entries give to the image in the end: its own, and the entry's.
    ///
    /// # Errors
    /// As [`Self::tag`].
    pub fn entry_name(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        let place = self.find(&Wanted::Image { name: image.as_str() })?;
        let name = place.entry.and_then(|(_, map)| slot::one_of(&self.tree, map, &["name"]).transpose()).transpose()?;
        Ok(name.and_then(|pair| self.tree.scalar(pair.value)).map(str::to_owned))
    }

    /// The name of another entry that may be meant for an image which has none, unless kustomize applies it to the image
    /// anyway.
    ///
    /// # Errors
    /// As [`Self::tag`].
    pub fn other_meant(&self, name: &str) -> Result<Option<String>, Fault> {
        let Some(rival) = self.find(&Wanted::Image { name })?.rival.filter(|rival| !rival.applies) else {
            return Ok(None);
        };
        let name = slot::one_of(&self.tree, rival.map, &["name"])?;
        Ok(name.and_then(|pair| self.tree.scalar(pair.value)).map(str::to_owned))
    }

    /// The digest that pins an image: `images[].digest` of its entry.
    ///
    /// # Errors
    /// [`Fault`] with the line, where the entry isn't clear.
    pub fn digest(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        let wanted = Wanted::Image { name: image.as_str() };
        let Some((_, map)) = self.find(&wanted)?.entry else { return Ok(None) };
        let pair = slot::one_of(&self.tree, map, &["digest"])?;
        let digest = pair.filter(|pair| !self.tree.is_null(pair.value)).and_then(|pair| self.tree.scalar(pair.value));
        Ok(digest.filter(|digest| !digest.is_empty()).map(str::to_owned))
    }

    /// Sets the tag of an image: `images[].newTag` of its entry. A digest there would go on pinning the old image, so it
    /// goes.
    ///
    /// # Errors
    /// [`Fault`] with the line, where the entry isn't clear or the value can't be changed without touching more.
    pub fn set_tag(&self, image: &ImageName, tag: &Tag, missing: Missing) -> Result<Outcome, Fault> {
        self.set_image(image.as_str(), &ImageChange::tag(tag.clone()), missing)
    }

    /// Sets what an image becomes: `newName`, `newTag` and `digest` of its entry, in one edit.
    ///
    /// `name` is the entry's name as it is written in the file, or the `newName` that an entry gives. A digest that a new
    /// tag leaves behind goes, and so does a tag that a new digest leaves behind, as [`ImageChange`] says: `newTag` and
    /// `digest` together make kustomize write both.
    ///
    /// The outcome tells the line and the former value of the tag, or else of the digest, or else of the name.
    ///
    /// # Errors
    /// [`Fault`] with the line: the entry isn't clear, a later entry sets anew what this one makes of the image, or a value
    /// can't be changed without touching more.
    pub fn set_image(&self, name: &str, change: &ImageChange, missing: Missing) -> Result<Outcome, Fault> {
        let wanted = Wanted::Image { name };
        let place = self.find(&wanted)?;
        let own = match place.entry {
            Some((_, map)) => slot::one_of(&self.tree, map, &["name"])?.and_then(|pair| self.tree.scalar(pair.value)),
            None => Some(name),
        };
        let new_name = match (&change.name, place.entry) {
            // A name that it has anyway needn't be written.
            (Some(new), None) if Some(new.as_str()) == own => None,
            (Some(new), Some((_, map))) if Some(new.as_str()) == own && !self.sets(map, "newName")? => None,
            (new, _) => new.as_ref(),
        };
        fn set(text: &str) -> Wish<'_> {
            Wish::Set(Value::String(text))
        }
        let (tag, digest) = match (&change.tag, &change.digest) {
            (Some(tag), Some(digest)) => (set(tag.as_str()), set(digest.as_str())),
            (Some(tag), None) => (set(tag.as_str()), Wish::Gone { heir: "newTag" }),
            (None, Some(digest)) => (Wish::Gone { heir: "digest" }, set(digest.as_str())),
            (None, None) => (Wish::Keep, Wish::Keep),
        };
        let new_name = new_name.map_or(Wish::Keep, |name| set(name.as_str()));
        let wishes = [("name", Wish::Keep), ("newName", new_name), ("newTag", tag), ("digest", digest)];
        if let (Some(section), Some((index, map))) = (place.section, place.entry) {
            entry::overtaken(&self.tree, section, index, &self.outcome(map, own.unwrap_or_default(), change)?)?;
        }
        self.set(&wanted, &place, &wishes, &change.to_string(), missing)
    }

    /// Sets the replica count of a workload: `replicas[].count` of its entry.
    ///
    /// # Errors
    /// As [`Self::set_tag`].
    pub fn set_count(&self, workload: &str, count: u32, missing: Missing) -> Result<Outcome, Fault> {
        let wanted = Wanted::Count { workload };
        let place = self.find(&wanted)?;
        let wishes = [("name", Wish::Keep), ("count", Wish::Set(Value::Number(count)))];
        self.set(&wanted, &place, &wishes, &count.to_string(), missing)
    }

    fn find(&self, wanted: &Wanted<'_>) -> Result<Place, Fault> {
        if !self.base.is_empty() && matches!(wanted, Wanted::Count { .. }) {
            return Err(Fault::at(self.tree.position(self.root), PlanFault::Entry(EntryFault::NoReplicas)));
        }
        entry::find(&self.tree, self.root, wanted)
    }

    /// The way from the document's root to a place below the map of the sections.
    fn path(&self, below: &[usize]) -> Vec<usize> {
        [&self.base, below].concat()
    }

    /// Whether an entry's key has a value.
    fn sets(&self, map: NodeId, key: &str) -> Result<bool, Fault> {
        let pair = slot::one_of(&self.tree, map, &[key])?;
        Ok(pair.is_some_and(|pair| self.tree.scalar(pair.value).is_none_or(|text| !text.is_empty())))
    }

    /// What an entry makes of an image after a change: `name[:tag][@digest]`.
    fn outcome(&self, map: NodeId, own: &str, change: &ImageChange) -> Result<String, Fault> {
        let text = |key: &str| -> Result<Option<&str>, Fault> {
            let pair = slot::one_of(&self.tree, map, &[key])?;
            Ok(pair.and_then(|pair| self.tree.scalar(pair.value)).filter(|text| !text.is_empty()))
        };
        let name = change.name.as_ref().map(ImageName::as_str).or(text("newName")?).unwrap_or(own);
        let (tag, digest) = match (&change.tag, &change.digest) {
            (None, None) => (text("newTag")?, text("digest")?),
            (tag, digest) => (tag.as_ref().map(Tag::as_str), digest.as_ref().map(|digest| digest.as_str())),
        };
        let part = |sign: &str, part: Option<&str>| part.map_or_else(String::new, |part| format!("{sign}{part}"));
        Ok(format!("{name}{}{}", part(":", tag), part("@", digest)))
    }

    /// The text of a value, `None` where it is missing or null.
    fn value(&self, wanted: &Wanted<'_>, key: &str) -> Result<Option<String>, Fault> {
        let Some((_, map)) = self.find(wanted)?.entry else { return Ok(None) };
        let pair = slot::one_of(&self.tree, map, &[key])?;
        let value = pair.map(|pair| pair.value).filter(|value| !self.tree.is_null(*value));
        match value {
            None => Ok(None),
            Some(value) => match self.tree.scalar(value) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Fault::not_safe(self.tree.position(value), UnsafeEdit::NotAScalar)),
            },
        }
    }

    fn set(
        &self,
        wanted: &Wanted<'_>,
        place: &Place,
        wishes: &[(&'static str, Wish<'_>)],
        value: &str,
        missing: Missing,
    ) -> Result<Outcome, Fault> {
        let already = || Outcome::AlreadySo { value: value.to_owned() };
        let hazard = || place.hazard.clone().map_or(Ok(()), Err);
        let Some((item, map)) = place.entry else {
            let rival = place.rival.filter(|rival| missing != Missing::InsertBeside || rival.applies);
            if missing == Missing::Refuse || rival.is_some() {
                return Err(Fault { at: rival.map(|rival| rival.at), fault: wanted.no_entry() });
            }
            hazard()?;
            let Some((key, new)) = new_entry(wanted, wishes) else { return Ok(already()) };
            return slot::finish(&self.tree, self.document, self.insert(wanted, place, new)?, key, None);
        };
        let items = place.section.and_then(|section| self.tree.items(section.value)).unwrap_or_default();
        let path = self.path(&place.section.iter().map(|section| section.index).chain([item]).collect::<Vec<_>>());
        let styles = |key: &str| habit::sibling_style(&self.tree, items, key);
        match keys::change(&self.tree, (map, &path), wishes, &TOLD, &styles) {
            Ok(None) => hazard().map(|()| already()),
            Ok(Some(change)) => {
                hazard()?;
                slot::finish(&self.tree, self.document, change.edit, change.key, change.from)
            }
            Err(fault) => hazard().and(Err(fault)),
        }
    }

    /// Puts in an entry that isn't there.
    fn insert(&self, wanted: &Wanted<'_>, place: &Place, new: New<'_>) -> Result<Edit, Fault> {
        let tree = &self.tree;
        match place.section {
            None => {
                let section = New::List(vec![new]);
                if self.base.is_empty() {
                    return insert::at_end(tree, self.root, wanted.section(), &section, self.document);
                }
                let last = tree.pairs(self.root).map_or(0, |pairs| pairs.len().saturating_sub(1));
                insert::any_pair(tree, (self.root, &self.base), last, wanted.section(), &section, &|_| Style::Plain)
            }
            Some(section) if tree.items(section.value).is_some_and(|items| !items.is_empty()) => {
                insert::item(tree, (section.value, &self.path(&[section.index])), &new)
            }
            Some(Pair { index, key, value }) => {
                insert::fill(tree, (self.root, &self.base), (index, key, value), &New::List(vec![new]))
            }
        }
    }
}

/// A document's `apiVersion` and `kind`.
fn type_of<'t>(tree: &'t Tree<'_>, root: NodeId) -> (&'t str, &'t str) {
    let text = |key: &str| {
        let pair = slot::one_of(tree, root, &[key]).ok().flatten();
        pair.and_then(|pair| tree.scalar(pair.value)).unwrap_or_default()
    };
    (text("apiVersion"), text("kind"))
}

/// The fault of a document of another kind than kustomize's.
fn foreign(tree: &Tree<'_>, root: NodeId) -> Option<Fault> {
    let (version, kind) = type_of(tree, root);
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let ours = matches!(group, "" | GROUP) && matches!(kind, "" | "Kustomization" | "Component");
    let kind = match (kind, version) {
        (kind, "") => kind.to_owned(),
        ("", version) => format!("something of {version}"),
        (kind, version) => format!("{kind} ({version})"),
    };
    (!ours).then(|| Fault::at(tree.position(root), PlanFault::NotAKustomization { kind }))
}

/// The `spec` of the one Flux Kustomization in a file, with its document.
fn flux(tree: &Tree<'_>) -> Result<Option<(usize, Pair)>, Fault> {
    let is_flux = |root: NodeId| {
        let (version, kind) = type_of(tree, root);
        kind == "Kustomization" && version.split_once('/').is_some_and(|(group, _)| group == FLUX_GROUP)
    };
    let documents = tree.documents().iter().enumerate();
    let mut found =
        documents.filter_map(|(index, document)| Some((index, document.root.filter(|root| is_flux(*root))?)));
    let Some((index, root)) = found.next() else { return Ok(None) };
    if let Some((_, second)) = found.next() {
        let several = "several Flux Kustomizations in one file".to_owned();
        return Err(Fault::at(tree.position(second), PlanFault::NotAKustomization { kind: several }));
    }
    if let Some(at) = slot::sops(tree, root) {
        return Err(Fault::not_safe(at, UnsafeEdit::Sops));
    }
    match slot::one_of(tree, root, &["spec"])? {
        Some(spec) if tree.pairs(spec.value).is_some_and(|pairs| !pairs.is_empty()) => Ok(Some((index, spec))),
        _ => Err(Fault::at(tree.position(root), PlanFault::NoValue { path: "spec".to_owned() })),
    }
}

/// The keys that an outcome tells of, the most important one first.
const TOLD: [&str; 4] = ["newTag", "digest", "newName", "count"];

/// An entry that isn't there yet, with the key that the outcome tells of; `None` where it would say nothing.
fn new_entry<'n>(wanted: &'n Wanted<'n>, wishes: &[(&'n str, Wish<'n>)]) -> Option<(&'static str, New<'n>)> {
    let mut pairs = vec![("name", New::Scalar(Value::String(wanted.name())))];
    for (key, wish) in wishes {
        if let Wish::Set(value) = wish {
            pairs.push((key, New::Scalar(*value)));
        }
    }
    let told = TOLD.into_iter().find(|told| pairs.iter().any(|(key, _)| key == told))?;
    Some((told, New::Map(pairs)))
}
