//! The order of versions among an image's tags.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;
use semver::Version;

use super::name::Tag;

/// A lone number of more digits is a date or a commit's id rather than a version.
const LONGEST_LONE_NUMBER: usize = 5;

/// Tags, newest first.
///
/// Versions stand in their order, whenever they were pushed: a fix of an old line isn't newer than the current one. Any
/// other tag, such as a branch's, stands before the first version that was pushed earlier; where the times aren't known,
/// such tags come last, by name.
///
/// A version is one of the semantic versioning specification, with or without a leading `v`; `0.10` counts as `0.10.0`.
#[must_use]
pub fn newest_first(tags: Vec<(Tag, Option<Timestamp>)>) -> Vec<(Tag, Option<Timestamp>)> {
    let mut versions = Vec::new();
    let mut others = Vec::new();
    for (tag, at) in tags {
        match version(tag.as_str()) {
            Some(version) => versions.push((version, tag, at)),
            None => others.push((tag, at)),
        }
    }
    versions.sort_by(|(one, one_tag, _), (other, other_tag, _)| (other, one_tag).cmp(&(one, other_tag)));
    // `None` is less than any time, so it comes last here.
    others.sort_by(|(one_tag, one), (other_tag, other)| (Reverse(one), one_tag).cmp(&(Reverse(other), other_tag)));
    let mut merged = Vec::with_capacity(versions.len() + others.len());
    let mut versions = versions.into_iter().map(|(_, tag, at)| (tag, at)).peekable();
    for (other, at) in others {
        let older = |version: &(Tag, Option<Timestamp>)| at.is_some_and(|at| version.1.is_some_and(|then| then < at));
        while let Some(version) = versions.next_if(|version| !older(version)) {
            merged.push(version);
        }
        merged.push((other, at));
    }
    merged.extend(versions);
    merged
}

/// The newest released version among the tags; pre-releases count only when there is nothing else, and after them the
/// largest number.
#[must_use]
pub fn newest(tags: &[Tag]) -> Option<&Tag> {
    let versions = tags.iter().filter_map(|tag| Some((version(tag.as_str())?, tag)));
    let newest = versions.max_by(|(a, _), (b, _)| match (a.pre.is_empty(), b.pre.is_empty()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => a.cmp(b),
    });
    let number = |tag: &&Tag| is_number(tag.as_str());
    newest.map(|(_, tag)| tag).or_else(|| {
        tags.iter().filter(number).max_by_key(|tag| (tag.as_str().trim_start_matches('0').len(), tag.as_str()))
    })
}

/// The version that a text is, if it is one.
pub(super) fn version(text: &str) -> Option<Version> {
    if is_number(text) && text.len() > LONGEST_LONE_NUMBER {
        return None;
    }
    let text = text.strip_prefix('v').unwrap_or(text);
    Version::parse(text).ok().or_else(|| {
        let dots = text.bytes().filter(|b| *b == b'.').count();
        (dots < 2).then(|| Version::parse(&format!("{text}{}", ".0".repeat(2 - dots))).ok()).flatten()
    })
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        Tag::new(text).expect("valid")
    }

    fn tags(texts: &[&str]) -> Vec<Tag> {
        texts.iter().map(|text| tag(text)).collect()
    }

    /// The names in order; a time of 0 isn't known.
    fn order(list: &[(&str, i64)]) -> Vec<String> {
        let at = |second: i64| Timestamp::from_second(second).ok().filter(|_| second > 0);
        let ordered = newest_first(list.iter().map(|(text, second)| (tag(text), at(*second))).collect());
        ordered.into_iter().map(|(tag, _)| tag.to_string()).collect()
    }

    #[test]
    fn versions_are_ordered_as_versions() {
        let list = ["0.9.9", "main", "0.10.5", "v0.10.10", "feature-x", "0.10.6-rc.1", "1", "20261121", "0.10.6"]
            .map(|t| (t, 0));
        let expected = ["1", "v0.10.10", "0.10.6", "0.10.6-rc.1", "0.10.5", "0.9.9", "20261121", "feature-x", "main"];
        assert_eq!(order(&list), expected);
    }

    #[test]
    fn other_tags_stand_before_the_first_version_that_is_older() {
        let list = [("0.10.6", 60), ("0.10.5", 50), ("0.9.9", 90), ("main", 70), ("old", 40), ("mid", 55), ("lost", 0)];
        // 0.9.9 is a fix of an old line that was pushed last.
        assert_eq!(order(&list), ["main", "0.10.6", "mid", "0.10.5", "0.9.9", "old", "lost"]);
        let unknown = [("1.0", 0), ("2.0", 5), ("a", 9), ("b", 3)];
        assert_eq!(order(&unknown), ["a", "2.0", "1.0", "b"], "a version of no known time is older than nothing");
        assert_eq!(order(&[("b", 1), ("c", 2), ("a", 1)]), ["c", "a", "b"], "no version at all");
    }

    #[test]
    fn commits_that_are_all_digits_are_no_versions() {
        assert_eq!(order(&[("1234567", 0), ("12345678", 0), ("0.1.0", 0)]), ["0.1.0", "1234567", "12345678"]);
        assert_eq!(newest(&tags(&["1234567", "0.1.0"])).map(Tag::as_str), Some("0.1.0"));
        assert_eq!(newest(&tags(&["20261120", "20261121", "main", "99999999"])).map(Tag::as_str), Some("99999999"));
    }

    #[test]
    fn a_release_candidate_is_not_the_newest_release() {
        assert_eq!(newest(&tags(&["0.10.5", "0.10.6-rc.1"])).map(Tag::as_str), Some("0.10.5"));
        assert_eq!(newest(&tags(&["0.10.6-rc.1"])).map(Tag::as_str), Some("0.10.6-rc.1"));
        assert_eq!(newest(&tags(&["main"])), None);
    }
}
