//! An image as a change of manifests sees it: what it is to become.

use serde::Serialize;

use super::name::{Digest, ImageName, Tag};

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
