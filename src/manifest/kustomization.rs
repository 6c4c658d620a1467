//! A kustomization: what it sets for an image and a workload, and how that is set anew.

use super::{
    Fault,
    entry::{self, Place, Wanted},
    habit,
    insert::{self, Edit, Entry, Value},
    proof::{self, Difference},
    remove, scalar,
    text::{self, Splice},
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

/// What setting a value comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The text with the new value.
    Changed {
        /// The whole new text.
        text: String,
        /// The line of the new value, counted from 1.
        line: usize,
        /// The value that stood there.
        from: Option<String>,
    },
    /// The value is already the wanted one.
    AlreadySo {
        /// The value.
        value: String,
    },
}

/// What to do where there is no entry for the image or the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Put one in, unless another entry may be meant for the same image.
    Insert,
    /// Say so.
    Refuse,
}

impl<'t> Kustomization<'t> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PlanFault::Malformed`] where it isn't UTF-8, YAML or a map, [`UnsafeEdit::Sops`] where it is encrypted.
    pub fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Fault::at(text::line_of(&valid, valid.len()), PlanFault::Malformed("not UTF-8".to_owned()))
        })?;
        let tree = Tree::read(text)?;
        if let Some(line) = sops_line(&tree) {
            return Err(Fault::not_safe(line, UnsafeEdit::Sops));
        }
        let root = tree.documents().first().and_then(|document| document.root).filter(|root| !tree.is_null(*root));
        match root {
            None => Err(Fault { line: None, fault: PlanFault::Malformed("empty".to_owned()) }),
            Some(root) if tree.pairs(root).is_none() => {
                Err(Fault::at(tree.line(root), PlanFault::Malformed("not a map".to_owned())))
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
        let name =
            place.entry.and_then(|(_, map)| entry::one_of(&self.tree, map, &["name"]).transpose()).transpose()?;
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
        let pair = entry::one_of(&self.tree, map, &["digest"])?;
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
        let pair = entry::one_of(&self.tree, map, &[wanted.key()])?;
        let value = pair.map(|pair| pair.value).filter(|value| !self.tree.is_null(*value));
        match value {
            None => Ok(None),
            Some(value) => match self.tree.scalar(value) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Fault::not_safe(self.tree.line(value), UnsafeEdit::NotAScalar)),
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
                return Err(Fault { line: place.rival, fault: wanted.no_entry() });
            }
            None => self.insert(wanted, &place, value)?,
        };
        let written = value.text();
        let Edit { splices, differences, value } = edit;
        let at = splices.iter().take(value).fold(0, |moved, s| moved + s.with.len() as isize - s.range.len() as isize);
        let start = splices[value].range.start.saturating_add_signed(at);
        let text = proof::splice(self.tree.text, &splices, &differences).map_err(|reason| {
            Fault::not_safe(text::line_of(self.tree.text, splices[value].range.start), UnsafeEdit::ProofFailed(reason))
        })?;
        // New lines hold the name before the value.
        let within = splices[value].with.rfind(&written).unwrap_or_default();
        Ok(Outcome::Changed { line: text::line_of(&text, start + within), text, from })
    }

    /// The value, when it is already the wanted one to kustomize: for a tag, when it is a string as well.
    fn already(&self, wanted: &Wanted<'_>, map: NodeId, value: Value<'_>) -> Result<Option<String>, Fault> {
        let Some(pair) = entry::one_of(&self.tree, map, &[wanted.key()])? else { return Ok(None) };
        let text = self.tree.scalar(pair.value).unwrap_or_default();
        Ok(match value {
            Value::String(tag) if text == tag && entry::is_string(&self.tree, pair.value) => Some(tag.to_owned()),
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
            return Err(Fault { line: None, fault: wanted.no_entry() });
        };
        let path = vec![section.index, item];
        let digest = match wanted {
            Wanted::Tag { .. } => entry::one_of(tree, map, &["digest"])?,
            Wanted::Count { .. } => None,
        };
        let digest = digest.filter(|pair| !tree.is_null(pair.value) && tree.scalar(pair.value) != Some(""));
        let below = |index: usize| path.iter().copied().chain([index]).collect::<Vec<_>>();

        match (entry::one_of(tree, map, &[wanted.key()])?, digest) {
            (Some(pair), digest) => {
                let own = entry::writable(tree, pair)?;
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
                    splices: vec![self.replace(pair.key, pair.value, &text)?],
                    differences: vec![Difference::Set { at, value: value.reading() }],
                    value: 0,
                };
                if let Some(digest) = digest {
                    if let Some(anchor) = &tree.node(digest.value).anchor {
                        let line = tree.line(digest.value);
                        return Err(Fault::not_safe(line, UnsafeEdit::Anchor(anchor.clone())));
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
                let style = entry::writable(tree, digest)?;
                let key = scalar::write(wanted.key(), habit::style(tree, digest.key));
                let key = Splice { range: tree.node(digest.key).span.clone(), with: key };
                let text = self.replace(digest.key, digest.value, &value.write(tree, style))?;
                let difference = Difference::Replace {
                    at: below(digest.index),
                    key: proof::Reading::string(wanted.key()),
                    value: value.reading(),
                };
                Ok(Edit { splices: vec![key, text], differences: vec![difference], value: 1 })
            }
            (None, None) => {
                let name = entry::one_of(tree, map, &["name"])?;
                let after = match wanted {
                    Wanted::Tag { .. } => entry::one_of(tree, map, &["newName"])?.or(name),
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

    /// The splice that writes a value over another one, or behind its key where there is none.
    fn replace(&self, key: NodeId, value: NodeId, with: &str) -> Result<Splice, Fault> {
        let (tree, span) = (&self.tree, self.tree.node(value).span.clone());
        if !span.is_empty() {
            return Ok(Splice { range: span, with: with.to_owned() });
        }
        let Some(colon) = habit::after_colon(tree, key) else {
            // `{name: x, newTag}`; in a block, only `? key` has no colon.
            let end = tree.node(key).span.end;
            let flow = tree.text[end..].trim_ascii_start().starts_with([',', '}']);
            let refuse = || insert::refuse(tree, key, "the key has no colon");
            return flow.then(|| Splice::insert(end, format!(": {with}"))).ok_or_else(refuse);
        };
        // `key: ` at the end of a line already has the space.
        let rest = &tree.text[colon..text::line_end(tree.text, colon)];
        if rest == " " {
            return Ok(Splice::insert(colon + 1, with.to_owned()));
        }
        Ok(Splice::insert(colon, format!(" {with}")))
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

/// The line that shows that a file is encrypted by SOPS.
fn sops_line(tree: &Tree<'_>) -> Option<usize> {
    let root = tree.documents().first()?.root?;
    let metadata = tree.pairs(root)?.iter().find(|(key, _)| tree.scalar(*key) == Some("sops"));
    metadata.map(|(key, _)| tree.line(*key))
}
