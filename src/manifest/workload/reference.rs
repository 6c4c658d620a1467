//! An image as one text: `host:port/path:tag@digest`.

use crate::domain::{
    image::ImageChange,
    name::{ImageName, Tag},
};

/// The parts of a well-formed image text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    name: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// The name in an image text, whether it is well formed or not.
pub(super) fn name(text: &str) -> &str {
    split(text).0
}

fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (text, digest) = text.split_once('@').map_or((text, None), |(text, digest)| (text, Some(digest)));
    // A colon before the last slash is the port's.
    let path = text.rfind('/').map_or(0, |slash| slash + 1);
    match text[path..].split_once(':') {
        Some((base, tag)) => (&text[..path + base.len()], Some(tag), digest),
        None => (text, None, digest),
    }
}

impl Reference {
    /// Takes a text apart; `None` where it isn't an image by the OCI grammar, as a placeholder isn't.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, tag, digest) = split(text);
        let digest_valid = |digest: &str| {
            digest.split_once(':').is_some_and(|(algorithm, hash)| {
                let word = |text: &str, more: &[u8]| {
                    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
                };
                word(algorithm, b"+._-") && word(hash, b"=_-")
            })
        };
        let valid = ImageName::new(name).is_ok()
            && tag.is_none_or(|tag| Tag::new(tag).is_ok())
            && digest.is_none_or(digest_valid);
        let owned = |part: Option<&str>| part.map(str::to_owned);
        valid.then(|| Self { name: name.to_owned(), tag: owned(tag), digest: owned(digest) })
    }

    /// What a change makes of an image; `None` where there is neither an image nor a new name.
    pub(super) fn after(old: Option<&Self>, change: &ImageChange) -> Option<Self> {
        let name = change.name.as_ref().map(ToString::to_string).or_else(|| old.map(|old| old.name.clone()))?;
        let (tag, digest) = match (&change.tag, &change.digest) {
            (None, None) => old.map(|old| (old.tag.clone(), old.digest.clone())).unwrap_or_default(),
            (tag, digest) => (tag.as_ref().map(ToString::to_string), digest.as_ref().map(ToString::to_string)),
        };
        Some(Self { name, tag, digest })
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.name, self.version())
    }

    /// The part that a change is about, for people.
    pub(super) fn part(&self, change: &ImageChange, old: Option<&Self>) -> Option<String> {
        if old.is_none() || change.name.as_ref().is_some_and(|name| old.is_some_and(|old| old.name != name.as_str())) {
            return Some(self.text());
        }
        let (tag, digest) = (self.tag.clone(), self.digest.clone());
        match (&change.tag, &change.digest) {
            (Some(_), None) => tag.or(digest),
            (None, Some(_)) => digest.or(tag),
            (Some(_), Some(_)) => {
                let version = self.version();
                version.get(1..).map(str::to_owned)
            }
            (None, None) => Some(self.text()),
        }
    }

    /// `:tag@digest`, as far as there is any.
    fn version(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        tag + &digest
    }
}
