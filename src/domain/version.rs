//! The order of versions among an image's tags.

use std::cmp::Ordering;

use semver::Version;

use super::name::Tag;

/// Sorts tags newest version first; tags that aren't versions (branches) come after them, by name.
///
/// A version is one of the semantic versioning specification, with or without a leading `v`; `0.10` counts as `0.10.0`.
pub fn newest_first(tags: &mut [Tag]) {
    tags.sort_by_cached_key(|tag| (std::cmp::Reverse(version(tag.as_str())), tag.clone()));
}

/// The newest released version among the tags; pre-releases count only when there is nothing else.
#[must_use]
pub fn newest(tags: &[Tag]) -> Option<&Tag> {
    tags.iter()
        .filter_map(|tag| Some((version(tag.as_str())?, tag)))
        .max_by(|(a, _), (b, _)| match (a.pre.is_empty(), b.pre.is_empty()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => a.cmp(b),
        })
        .map(|(_, tag)| tag)
}

/// The version that a text is, if it is one.
pub(super) fn version(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    Version::parse(text).ok().or_else(|| {
        let dots = text.bytes().filter(|b| *b == b'.').count();
        (dots < 2).then(|| Version::parse(&format!("{text}{}", ".0".repeat(2 - dots))).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(texts: &[&str]) -> Vec<Tag> {
        texts.iter().map(|text| Tag::new(*text).expect("valid")).collect()
    }

    #[test]
    fn versions_are_ordered_as_versions() {
        let mut list = tags(&["0.9.9", "main", "0.10.5", "v0.10.10", "feature-x", "0.10.6-rc.1", "1"]);
        newest_first(&mut list);
        let order: Vec<_> = list.iter().map(Tag::as_str).collect();
        assert_eq!(order, ["1", "v0.10.10", "0.10.6-rc.1", "0.10.5", "0.9.9", "feature-x", "main"]);
    }

    #[test]
    fn a_release_candidate_is_not_the_newest_release() {
        assert_eq!(newest(&tags(&["0.10.5", "0.10.6-rc.1"])).map(Tag::as_str), Some("0.10.5"));
        assert_eq!(newest(&tags(&["0.10.6-rc.1"])).map(Tag::as_str), Some("0.10.6-rc.1"));
        assert_eq!(newest(&tags(&["main"])), None);
    }
}
