//! An image as a change of manifests sees it: what it is to become, and how that is written on the command line.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::name::{Digest, ImageName, NameKind, Tag};

/// What an image is to become.
///
/// What is `None` stays as it is, with one exception: tag and digest go together. A new tag without a digest takes an old
/// digest out, because it would go on pinning the old image; a new digest without a tag takes the old tag out, because it
/// would tell of an image that doesn't run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImageChange {
    /// The new name: host, port and path.
    pub name: Option<ImageName>,
    /// The new tag.
    pub tag: Option<Tag>,
    /// The new digest.
    pub digest: Option<Digest>,
}

impl ImageChange {
    /// Another tag, nothing else.
    #[must_use]
    pub fn tag(tag: Tag) -> Self {
        Self { tag: Some(tag), ..Self::default() }
    }
}

impl fmt::Display for ImageChange {
    /// `name:tag@digest`, without what stays; a tag or a digest that stands alone has no sign before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.name.as_ref().map(|name| ("", name.as_str())),
            self.tag.as_ref().map(|tag| (":", tag.as_str())),
            self.digest.as_ref().map(|digest| ("@", digest.as_str())),
        ];
        for (index, (sign, text)) in parts.into_iter().flatten().enumerate() {
            write!(f, "{}{text}", if index == 0 { "" } else { sign })?;
        }
        Ok(())
    }
}

/// What is to be set for one image, in the forms of `kustomize edit set image`.
///
/// | argument | meaning |
/// |---|---|
/// | `NAME:TAG`, `NAME@DIGEST`, `NAME:TAG@DIGEST` | tag and digest; a new name that the entry has stays |
/// | `NAME=NEW` | another name; tag and digest stay |
/// | `NAME=NEW:TAG`, `NAME=NEW@DIGEST`, `NAME=NEW:TAG@DIGEST` | all at once |
/// | `NAME=*:TAG`, `NAME=*@DIGEST`, `NAME=NEW:*` | `*` stands for what is there |
///
/// Kustomize itself drops the new name with `NAME:TAG`, and tag and digest with `NAME=NEW`. A colon before the last slash
/// is that of a port: `localhost:5000/app:1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageArgument {
    /// The name of the entry, as it is written in the file.
    pub name: String,
    /// What the image becomes.
    pub change: ImageChange,
}

/// Why an argument names no image and change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("column {column}: expected {expected}, found {}", if found.is_empty() { "nothing".to_owned() } else { format!("{found:?}") })]
pub struct ImageArgumentError {
    /// The column of what was found, in characters from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: ExpectedInImage,
}

/// What an argument about an image should have had at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedInImage {
    /// The entry's name.
    Name,
    /// A sign after the name.
    Sign,
    /// The new name.
    NewName,
    /// A tag.
    Tag,
    /// A digest.
    Digest,
    /// Something else than `*`: everything would stay as it is.
    Change,
    /// The tag or the digest itself, because the other one changes.
    Literal,
}

impl fmt::Display for ExpectedInImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the name of an images entry, as it is written in the file"),
            Self::Sign => f.write_str("=NEW, :TAG or @DIGEST after the name"),
            Self::NewName => write!(f, "{}, or * to keep it", NameKind::Image),
            Self::Tag => NameKind::Tag.fmt(f),
            Self::Digest => NameKind::Digest.fmt(f),
            Self::Change => f.write_str("something to change, not only *"),
            Self::Literal => f.write_str("a value, because * keeps nothing beside a new tag or digest"),
        }
    }
}

impl ImageArgument {
    /// Reads an argument.
    ///
    /// # Errors
    /// [`ImageArgumentError`] with the column and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ImageArgumentError> {
        let fault = |at: usize, found: &str, expected| {
            Err(ImageArgumentError { column: 1 + text[..at].chars().count(), found: found.to_owned(), expected })
        };
        let (name, start) = match text.find('=') {
            Some(equals) => (Some(&text[..equals]), equals + 1),
            None => (None, 0),
        };
        let rest = &text[start..];
        let tagged = rest.find('@').map_or(rest, |at| &rest[..at]);
        let untagged = tag_start(tagged).map_or(tagged, |colon| &tagged[..colon]);
        let tag = tagged.get(untagged.len() + 1..);
        let digest = rest.get(tagged.len() + 1..);
        let (tag_at, digest_at) = (start + untagged.len() + 1, start + tagged.len() + 1);

        let own = name.unwrap_or(untagged);
        if own.is_empty() || own.chars().any(|c| c.is_whitespace() || c.is_control()) || name.is_none() && own == "*" {
            return fault(0, own, ExpectedInImage::Name);
        }
        if (name, tag, digest) == (None, None, None) {
            return fault(text.len(), "", ExpectedInImage::Sign);
        }
        let mut change = ImageChange::default();
        match untagged {
            _ if name.is_none() => {}
            "*" => {}
            new => match ImageName::new(new) {
                Ok(new) => change.name = Some(new),
                Err(_) => return fault(start, new, ExpectedInImage::NewName),
            },
        }
        match tag.filter(|tag| *tag != "*") {
            None => {}
            Some(tag) => match Tag::new(tag) {
                Ok(tag) => change.tag = Some(tag),
                Err(_) => return fault(tag_at, tag, ExpectedInImage::Tag),
            },
        }
        match digest.filter(|digest| *digest != "*") {
            None => {}
            Some(digest) => match Digest::new(digest) {
                Ok(digest) => change.digest = Some(digest),
                Err(_) => return fault(digest_at, digest, ExpectedInImage::Digest),
            },
        }
        if tag == Some("*") && change.digest.is_some() {
            return fault(tag_at, "*", ExpectedInImage::Literal);
        }
        if digest == Some("*") && change.tag.is_some() {
            return fault(digest_at, "*", ExpectedInImage::Literal);
        }
        if change == ImageChange::default() {
            return fault(start, rest, ExpectedInImage::Change);
        }
        Ok(Self { name: own.to_owned(), change })
    }
}

impl FromStr for ImageArgument {
    type Err = ImageArgumentError;
    fn from_str(text: &str) -> Result<Self, ImageArgumentError> {
        Self::parse(text)
    }
}

/// Where the colon of an image's tag stands; the one of a port stands before a slash.
#[must_use]
pub fn tag_start(image: &str) -> Option<usize> {
    let path = image.rfind('/').map_or(0, |slash| slash + 1);
    image[path..].rfind(':').map(|colon| path + colon)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parsed(text: &str) -> (String, [Option<String>; 3]) {
        let ImageArgument { name, change } = ImageArgument::parse(text).expect(text);
        let ImageChange { name: new, tag, digest } = change;
        (name, [new.map(String::from), tag.map(String::from), digest.map(String::from)])
    }

    #[test]
    fn every_form_of_kustomize_is_read() {
        for (form, name, new, tag, digest) in [
            ("app:1", "app", None, Some("1"), None),
            ("app@D", "app", None, None, Some(DIGEST)),
            ("app:1@D", "app", None, Some("1"), Some(DIGEST)),
            ("app=new", "app", Some("new"), None, None),
            ("app=new:1", "app", Some("new"), Some("1"), None),
            ("app=new@D", "app", Some("new"), None, Some(DIGEST)),
            ("app=new:1@D", "app", Some("new"), Some("1"), Some(DIGEST)),
            ("app=*:1", "app", None, Some("1"), None),
            ("app=*@D", "app", None, None, Some(DIGEST)),
            ("app=*:1@D", "app", None, Some("1"), Some(DIGEST)),
            ("app=new:*", "app", Some("new"), None, None),
            ("app=new:*@*", "app", Some("new"), None, None),
            ("localhost:5000/a:1", "localhost:5000/a", None, Some("1"), None),
            ("localhost:5000/a@D", "localhost:5000/a", None, None, Some(DIGEST)),
            ("localhost:5000/a=host:443/b/c:1", "localhost:5000/a", Some("host:443/b/c"), Some("1"), None),
            ("host:5000/a=host:443/b", "host:5000/a", Some("host:443/b"), None, None),
            ("app:old=*:new", "app:old", None, Some("new"), None),
            ("(.*)/App=*:1", "(.*)/App", None, Some("1"), None),
        ] {
            let [new, tag, digest] = [new, tag, digest].map(|part| part.map(str::to_owned));
            assert_eq!(parsed(&form.replace('D', DIGEST)), (name.to_owned(), [new, tag, digest]), "{form}");
        }
    }

    #[test]
    fn faults_name_the_column_and_what_was_expected() {
        use ExpectedInImage as E;
        for (text, column, found, expected) in [
            ("", 1, "", E::Name),
            ("=new:1", 1, "", E::Name),
            (":1", 1, "", E::Name),
            ("@D", 1, "", E::Name),
            ("*:1", 1, "*", E::Name),
            ("my app:1", 1, "my app", E::Name),
            ("app", 4, "", E::Sign),
            ("localhost:5000/app", 19, "", E::Sign),
            ("app=", 5, "", E::NewName),
            ("app=New:1", 5, "New", E::NewName),
            ("приложение=a b:1", 12, "a b", E::NewName),
            ("app=new=x:1", 5, "new=x", E::NewName),
            ("app=**:1", 5, "**", E::NewName),
            ("app:", 5, "", E::Tag),
            ("app=*:", 7, "", E::Tag),
            ("app=new:a/b", 5, "new:a/b", E::NewName),
            ("app:-1", 5, "-1", E::Tag),
            ("app:1@", 7, "", E::Digest),
            ("app@sha256:01", 5, "sha256:01", E::Digest),
            ("app=*", 5, "*", E::Change),
            ("app=*:*", 5, "*:*", E::Change),
            ("app=*:*@D", 7, "*", E::Literal),
            ("app=*:1@*", 9, "*", E::Literal),
        ] {
            let found = found.to_owned();
            let error = ImageArgumentError { column, found, expected };
            assert_eq!(ImageArgument::parse(&text.replace('D', DIGEST)), Err(error), "{text}");
        }
        let error = ImageArgument::parse("app:a b").expect_err("no tag");
        assert_eq!(
            error.to_string(),
            "column 5: expected an image tag (letters, digits, _ . -, at most 128 characters), found \"a b\""
        );
    }

    #[test]
    fn a_change_is_told_as_it_is_written() {
        for (text, told) in [("app=*:1", "1"), ("app=new:1@D", "new:1@D"), ("app@D", "D"), ("app:1@D", "1@D")] {
            let argument = ImageArgument::parse(&text.replace('D', DIGEST)).expect(text);
            assert_eq!(argument.change.to_string(), told.replace('D', DIGEST));
        }
    }
}
