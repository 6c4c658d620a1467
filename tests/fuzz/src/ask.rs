//! An edit that is asked for: carried out by the editor, and checked against a model of it on plain values.

use tiphys::{
    domain::{
        image::ImageChange,
        name::{Digest, Tag},
        plan::PlanFault,
    },
    manifest::{
        Fault, Missing, Outcome,
        helm::{self, Host},
        key_path::KeyPath,
        kustomization::Kustomization,
        value::NewValue,
        workload::{self, ContainerRef, Selector},
    },
};

use crate::{
    model,
    oracle::{self, Footprint, Node},
};

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// An entry of a kustomization's `images`.
    Image {
        /// The entry's name.
        name: String,
        /// What the image is to become.
        change: ImageChange,
    },
    /// A kustomization's `replicas[].count`.
    Count {
        /// The workload.
        workload: String,
        /// The count.
        count: u32,
    },
    /// The image of a container in a plain manifest.
    Container {
        /// The workload.
        workload: WorkloadName,
        /// The container's name.
        container: String,
        /// What the image is to become.
        change: ImageChange,
    },
    /// `spec.replicas` in a plain manifest.
    Replicas {
        /// The workload.
        workload: WorkloadName,
        /// The count.
        count: u32,
    },
    /// A value of Helm.
    Value {
        /// Where Helm's values stand in the file.
        host: Host,
        /// The keys that lead there.
        keys: Vec<Key>,
        /// The value: a string, or a number.
        value: Result<String, i64>,
    },
}

/// Which workload of a file is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadName {
    /// The kind.
    pub kind: String,
    /// The namespace, when the manifest tells one.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl WorkloadName {
    fn selector(&self) -> Selector<'_> {
        Selector { kind: Some(&self.kind), namespace: self.namespace.as_deref(), name: Some(&self.name) }
    }
}

/// A step of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A key of a map.
    Name(String),
    /// An item of a list.
    Index(usize),
}

/// A key path as people write it.
#[must_use]
pub fn path(keys: &[Key]) -> String {
    let mut out = String::new();
    for key in keys {
        match key {
            Key::Index(index) => out.push_str(&format!("[{index}]")),
            Key::Name(name) => {
                out.push_str(if out.is_empty() { "" } else { "." });
                for c in name.chars() {
                    out.push_str(if matches!(c, '.' | '[' | ']' | '=' | '"' | '\\') { "\\" } else { "" });
                    out.push(c);
                }
            }
        }
    }
    out
}

/// What came of an edit.
#[derive(Debug)]
pub enum Checked {
    /// The text was changed as it should be.
    Changed {
        /// The new text.
        text: String,
        /// The value before.
        from: Option<String>,
        /// What it did to lines and bytes.
        footprint: Footprint,
    },
    /// It was so already.
    AlreadySo,
    /// The editor refused.
    Refused(Fault),
}

impl Ask {
    /// Has the editor do it.
    ///
    /// # Errors
    /// Why the editor refuses.
    pub fn edit(&self, text: &[u8]) -> Result<Outcome, Fault> {
        match self {
            Self::Image { name, change } => Kustomization::read(text)?.set_image(name, change, Missing::Insert),
            Self::Count { workload, count } => Kustomization::read(text)?.set_count(workload, *count, Missing::Insert),
            Self::Container { workload, container, change } => {
                workload::set_image(text, &workload.selector(), ContainerRef::Name(container), change)
            }
            Self::Replicas { workload, count } => {
                workload::set_replicas(text, &workload.selector(), *count, Missing::Insert)
            }
            Self::Value { host, keys, value } => {
                let Ok(path) = KeyPath::parse(&path(keys)) else {
                    return Err(Fault::whole(PlanFault::NoValue { path: path(keys) }));
                };
                let value = match value {
                    Ok(text) => NewValue::String(text),
                    Err(number) => NewValue::Integer(*number),
                };
                helm::set(text, host, &path, value, Missing::Insert)
            }
        }
    }

    /// The value that is asked for, as text.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Image { change, .. } | Self::Container { change, .. } => {
                let tag = change.tag.as_ref().map(ToString::to_string);
                let digest = || change.digest.as_ref().map(ToString::to_string);
                tag.or_else(digest).or_else(|| change.name.as_ref().map(ToString::to_string)).unwrap_or_default()
            }
            Self::Count { count, .. } | Self::Replicas { count, .. } => count.to_string(),
            Self::Value { value, .. } => value.clone().unwrap_or_else(|number| number.to_string()),
        }
    }

    /// The same edit with the value that stood there; `None` where that is no value of this kind.
    #[must_use]
    pub fn back(&self, value: &str) -> Option<Self> {
        let mut back = self.clone();
        match &mut back {
            Self::Image { change, .. } | Self::Container { change, .. } => *change = former(change, value)?,
            Self::Count { count, .. } | Self::Replicas { count, .. } => *count = value.parse().ok()?,
            Self::Value { value: new, .. } => {
                *new = match new {
                    Ok(_) => Ok(value.to_owned()),
                    Err(_) => Err(value.parse().ok()?),
                }
            }
        }
        Some(back)
    }

    /// Whether plain values of the new text are those of the old one after the same edit.
    fn compare(&self, old: &str, new: &str) -> Result<(), String> {
        let by = |model: &dyn Fn(&mut Vec<Node>) -> Option<()>| oracle::same_as(old, new, model);
        match self {
            Self::Image { name, change } => by(&|documents| model::image(documents, name, change)),
            Self::Count { workload, count } => by(&|documents| model::count(documents, workload, *count)),
            Self::Container { workload, container, change } => {
                by(&|documents| model::container(documents, workload, container, change))
            }
            Self::Replicas { workload, count } => by(&|documents| model::replicas(documents, workload, *count)),
            Self::Value { host, keys, value } => {
                let value = match value {
                    Ok(text) => Node::text(text),
                    Err(number) => Node::Number(number.to_string()),
                };
                // An Application has several places for a value; the editor has to choose one of them.
                let mut errors = vec![];
                for place in model::places(host) {
                    match by(&|documents| model::value(documents, host, place, keys, &value)) {
                        Ok(()) => return Ok(()),
                        Err(error) => errors.push(error),
                    }
                }
                Err(errors.join("; "))
            }
        }
    }

    /// Carries the edit out and checks what came of it.
    ///
    /// # Errors
    /// What is wrong with the editor.
    pub fn check(&self, text: &str) -> Result<Checked, String> {
        let (new, from) = match self.edit(text.as_bytes()) {
            Err(fault) => return Ok(Checked::Refused(fault)),
            Ok(Outcome::AlreadySo { .. }) => {
                self.compare(text, text).map_err(|error| format!("not already so: {error}"))?;
                return Ok(Checked::AlreadySo);
            }
            Ok(Outcome::Changed { text, from, line }) => {
                // Other characters may be escaped.
                let plain = self.value().bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:@/".contains(&b));
                let found = !plain || text.split('\n').nth(line - 1).is_some_and(|line| line.contains(&self.value()));
                if !found && !text.replace("\r\n", "\n").contains('\r') {
                    return Err(format!("line {line} doesn't hold the new value in {text:?}"));
                }
                (text, from)
            }
        };
        if new == text {
            return Err("changed, but the text is the same".to_owned());
        }
        self.compare(text, &new)?;
        match self.edit(new.as_bytes()) {
            Ok(Outcome::AlreadySo { .. }) => {}
            other => return Err(format!("a second edit isn't already so: {other:?}")),
        }
        let footprint = Footprint::of(text, &new);
        self.in_place(&footprint, from.as_deref())?;
        Ok(Checked::Changed { text: new, from, footprint })
    }

    /// A change of one line touches no more bytes than the value with quotes.
    fn in_place(&self, footprint: &Footprint, from: Option<&str>) -> Result<(), String> {
        let Footprint { lines_gone: 1, lines_come: 1, bytes_gone, bytes_come } = *footprint else { return Ok(()) };
        let small = match self {
            // Name and digest on the same line may come or go.
            Self::Image { .. } | Self::Container { .. } => 300,
            _ => 2,
        };
        let Some(from) = from else { return Ok(()) };
        // A character that isn't plain may be written as `\U0001F44B`.
        let most = |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { 1 } else { 10 }).sum::<usize>();
        if bytes_gone > most(from) + small || bytes_come > most(&self.value()) + small {
            return Err(format!("{bytes_gone} bytes became {bytes_come}, more than {from:?} and {:?}", self.value()));
        }
        Ok(())
    }
}

/// The change that sets the one part of a change to a former value.
fn former(change: &ImageChange, value: &str) -> Option<ImageChange> {
    let mut back = ImageChange::default();
    match (&change.name, &change.tag, &change.digest) {
        (None, Some(_), None) => back.tag = Some(Tag::new(value).ok()?),
        (None, None, Some(_)) => match Digest::new(value) {
            Ok(digest) => back.digest = Some(digest),
            Err(_) => back.tag = Some(Tag::new(value).ok()?),
        },
        _ => return None,
    }
    Some(back)
}
