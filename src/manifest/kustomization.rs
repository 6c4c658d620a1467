//! A kustomization: what it sets for an image and a workload, and how that is set anew.

use super::{
    Fault, Missing, Outcome,
    entry::{self, Place, Wanted},
    habit,
    insert::{self, Edit, Entry, Value},
    proof::{self, Difference},
    remove, scalar, slot,
    text::Splice,
    tree::{NodeId, STR_TAG, Style, Tree},
};
use crate::domain::{
    name::{ImageName, Tag},
    plan::{PlanFault, UnsafeEdit},
};

/// The names that kustomize looks for; two of them in one folder are an error to it.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A kustomization file, read. Kustomize reads the first document of a file and no other.
#[derive(Debug)]
pub struct Kustomization<'t> {
    tree: Tree<'t>,
    root: NodeId,
}

impl<'t> Kustomization<'t> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PlanFault::Malformed`] where it isn't UTF-8, YAML or a map, [`UnsafeEdit::Sops`] where it is encrypted.
    pub fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let tree = Tree::read(slot::utf8(bytes)?)?;
        let root = tree.documents().first().and_then(|document| document.root).filter(|root| !tree.is_null(*root));
        if let Some(at) = root.and_then(|root| slot::sops(&tree, root)) {
            return Err(Fault::not_safe(at, UnsafeEdit::Sops));
        }
        match root {
            None => Err(Fault::whole(PlanFault::Malformed("empty".to_owned()))),
            Some(root) if tree.pairs(root).is_none() => {
                Err(Fault::at(tree.position(root), PlanFault::Malformed("not a map".to_owned())))
            }
            Some(root) => Ok(Self { tree, root }),
        }
    }

    /// The tag that is set for an image: `None` where there is no entry or where it sets none.
    ///
    /// # Errors
    /// As [`Self::set_tag`], save that a value which can be read but not edited is no error.
    pub fn tag(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        Ok(self.value(&Wanted::Tag { image: image.as_str() })?.filter(|tag| !tag.is_empty()))
    }

    /// The replica count that is set for a workload: `None` where there is no entry. Without a count it sets 0.
    ///
    /// # Errors
    /// As [`Self::set_count`], save that a value which can be read but not edited is no error.
    pub fn count(&self, workload: &str) -> Result<Option<u32>, Fault> {
        let wanted = Wanted::Count { workload };
        if entry::find(&self.tree, self.root, &wanted)?.entry.is_none() {
            return Ok(None);
        }
        Ok(match self.value(&wanted)? {
            None => Some(0),
            Some(text) => scalar::whole_number(&text),
        })
    }

    /// The names that kustomize's `images` entries give to the image in the end: its own, and the entry's.
    ///
    /// # Errors
    /// As [`Self::tag`].
    pub fn entry_name(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        let place = entry::find(&self.tree, self.root, &Wanted::Tag { image: image.as_str() })?;
        let name = place.entry.and_then(|(_, map)| slot::one_of(&self.tree, map, &["name"]).transpose()).transpose()?;
        Ok(name.and_then(|pair| self.tree.scalar(pair.value)).map(str::to_owned))
    }

    /// Sets the tag of an image: `images[].newTag` of its entry. A digest there would go on pinning the old image, so it
    /// goes.
    ///
    /// # Errors
    /// [`Fault`] with the line, where the entry isn't clear or the value can't be changed without touching more.
    pub fn set_tag(&self, image: &ImageName, tag: &Tag, missing: Missing) -> Result<Outcome, Fault> {
        self.set(&Wanted::Tag { image: image.as_str() }, Value::String(tag.as_str()), missing)
    }

    /// The digest that pins an image: `images[].digest` of its entry.
    ///
    /// # Errors
    /// [`Fault`] with the line, where the entry isn't clear.
    pub fn digest(&self, image: &ImageName) -> Result<Option<String>, Fault> {
        let place = entry::find(&self.tree, self.root, &Wanted::Tag { image: image.as_str() })?;
        let Some((_, map)) = place.entry else { return Ok(None) };
        let pair = slot::one_of(&self.tree, map, &["digest"])?;
        let digest = pair.filter(|pair| !self.tree.is_null(pair.value)).and_then(|pair| self.tree.scalar(pair.value));
        Ok(digest.filter(|digest| !digest.is_empty()).map(str::to_owned))
    }

    /// Sets the replica count of a workload: `replicas[].count` of its entry.
    ///
    /// # Errors
    /// As [`Self::set_tag`].
    pub fn set_count(&self, workload: &str, count: u32, missing: Missing) -> Result<Outcome, Fault> {
        self.set(&Wanted::Count { workload }, Value::Number(count), missing)
    }

    /// The text of a value, `None` where it is missing or null.
    fn value(&self, wanted: &Wanted<'_>) -> Result<Option<String>, Fault> {
        let place = entry::find(&self.tree, self.root, wanted)?;
        let Some((_, map)) = place.entry else { return Ok(None) };
        let pair = slot::one_of(&self.tree, map, &[wanted.key()])?;
        let value = pair.map(|pair| pair.value).filter(|value| !self.tree.is_null(*value));
        match value {
            None => Ok(None),
            Some(value) => match self.tree.scalar(value) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Fault::not_safe(self.tree.position(value), UnsafeEdit::NotAScalar)),
            },
        }
    }

    fn set(&self, wanted: &Wanted<'_>, value: Value<'_>, missing: Missing) -> Result<Outcome, Fault> {
        let place = entry::find(&self.tree, self.root, wanted)?;
        if let (Some((_, map)), None) = (place.entry, &place.hazard)
            && let Some(value) = self.already(wanted, map, value)?
        {
            return Ok(Outcome::AlreadySo { value });
        }
        let from = self.value(wanted)?;
        let edit = match place.entry {
            Some(_) => self.change(wanted, &place, value)?,
            None if missing == Missing::Refuse || place.rival.is_some() => {
                return Err(Fault { at: place.rival, fault: wanted.no_entry() });
            }
            None => self.insert(wanted, &place, value)?,
        };
        slot::finish(&self.tree, 0, edit, &value.text(), from)
    }

    /// The value, when it is already the wanted one to kustomize: for a tag, when it is a string as well.
    fn already(&self, wanted: &Wanted<'_>, map: NodeId, value: Value<'_>) -> Result<Option<String>, Fault> {
        let Some(pair) = slot::one_of(&self.tree, map, &[wanted.key()])? else { return Ok(None) };
        let text = self.tree.scalar(pair.value).unwrap_or_default();
        Ok(match value {
            Value::String(tag) if text == tag && slot::is_string(&self.tree, pair.value) => Some(tag.to_owned()),
            Value::Number(count) => {
                let plain = matches!(habit::style(&self.tree, self.tree.target(pair.value)), Style::Plain);
                (plain && scalar::whole_number(text) == Some(count)).then(|| count.to_string())
            }
            Value::String(_) => None,
        })
    }

    /// Changes an entry that is there.
    fn change(&self, wanted: &Wanted<'_>, place: &Place, value: Value<'_>) -> Result<Edit, Fault> {
        if let Some(hazard) = &place.hazard {
            return Err(hazard.clone());
        }
        let tree = &self.tree;
        let (Some(section), Some((item, map))) = (place.section, place.entry) else {
            return Err(Fault::whole(wanted.no_entry()));
        };
        let path = vec![section.index, item];
        let digest = match wanted {
            Wanted::Tag { .. } => slot::one_of(tree, map, &["digest"])?,
            Wanted::Count { .. } => None,
        };
        let digest = digest.filter(|pair| !tree.is_null(pair.value) && tree.scalar(pair.value) != Some(""));
        let below = |index: usize| path.iter().copied().chain([index]).collect::<Vec<_>>();

        match (slot::one_of(tree, map, &[wanted.key()])?, digest) {
            (Some(pair), digest) => {
                let own = slot::writable(tree, pair)?;
                let style = match tree.is_null(pair.value) {
                    true if self.is_json(map, pair.key) => Style::Double,
                    true => self.sibling_style(wanted, section.value),
                    false => own,
                };
                // An explicit `!!str` makes a string of whatever follows.
                let tagged = style == Style::Plain && tree.node(pair.value).tag.as_deref() == Some(STR_TAG);
                let text = if tagged { value.text() } else { value.write(tree, style) };
                let at = below(pair.index);
                let mut edit = Edit {
                    splices: vec![slot::replace(tree, pair.key, pair.value, &text)?],
                    differences: vec![Difference::Set { at, value: value.reading() }],
                    value: 0,
                };
                if let Some(digest) = digest {
                    if let Some(fault) = slot::anchor(tree, digest.value) {
                        return Err(fault);
                    }
                    edit.splices.push(remove::pair(tree, map, digest.index)?);
                    edit.differences.push(Difference::Remove { at: below(digest.index) });
                    if digest.index < pair.index {
                        edit.splices.swap(0, 1);
                        edit.value = 1;
                    }
                }
                Ok(edit)
            }
            // The digest's line becomes the tag's.
            (None, Some(digest)) => {
                let style = slot::writable(tree, digest)?;
                let key = scalar::write(wanted.key(), habit::style(tree, digest.key));
                let key = Splice { range: tree.node(digest.key).span.clone(), with: key };
                let text = slot::replace(tree, digest.key, digest.value, &value.write(tree, style))?;
                let difference = Difference::Replace {
                    at: below(digest.index),
                    key: proof::Reading::string(wanted.key()),
                    value: value.reading(),
                };
                Ok(Edit { splices: vec![key, text], differences: vec![difference], value: 1 })
            }
            (None, None) => {
                let name = slot::one_of(tree, map, &["name"])?;
                let after = match wanted {
                    Wanted::Tag { .. } => slot::one_of(tree, map, &["newName"])?.or(name),
                    Wanted::Count { .. } => name,
                };
                let after = after.map_or(0, |pair| pair.index);
                let style = self.sibling_style(wanted, section.value);
                insert::pair(tree, (map, &path), after, wanted.key(), value, style)
            }
        }
    }

    /// Puts in an entry that isn't there.
    fn insert(&self, wanted: &Wanted<'_>, place: &Place, value: Value<'_>) -> Result<Edit, Fault> {
        if let Some(hazard) = &place.hazard {
            return Err(hazard.clone());
        }
        let new = Entry { name: wanted.name(), key: wanted.key(), value };
        match place.section {
            None => insert::section(&self.tree, self.root, wanted.section(), &new),
            Some(section) if self.tree.items(section.value).is_some_and(|items| !items.is_empty()) => {
                insert::item(&self.tree, (section.value, &[section.index]), &new)
            }
            Some(section) => {
                insert::first_item(&self.tree, self.root, (section.index, section.key, section.value), &new)
            }
        }
    }

    fn is_json(&self, map: NodeId, key: NodeId) -> bool {
        habit::is_flow(&self.tree, map) && habit::style(&self.tree, key) == Style::Double
    }

    /// The quotes that other entries have around their values.
    fn sibling_style(&self, wanted: &Wanted<'_>, section: NodeId) -> Style {
        let items = self.tree.items(section).unwrap_or_default();
        let values = items.iter().filter_map(|item| self.tree.get(*item, wanted.key()));
        let mut styles = values.filter(|value| !self.tree.is_null(*value)).map(|value| habit::style(&self.tree, value));
        styles.find(|style| matches!(style, Style::Single | Style::Double)).unwrap_or(Style::Plain)
    }
}
