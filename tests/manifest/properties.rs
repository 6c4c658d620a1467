//! What holds for every text and every value.

use proptest::{prelude::*, sample::select};
use tiphys::manifest::{Outcome, argocd, kustomization::Kustomization};

use crate::cases::{CASES, Case, IMAGE, Set, edit};

/// Pieces that YAML gives a meaning, and those that the editor looks for.
const PIECES: &[&str] = &[
    "images",
    "replicas",
    "name",
    "newTag",
    "newName",
    "digest",
    "count",
    "app",
    IMAGE,
    "v1",
    "1.10",
    "~",
    "null",
    "sops",
    "ENC[",
    ":",
    ": ",
    "- ",
    "-",
    "? ",
    ", ",
    ",",
    "{",
    "}",
    "[",
    "]",
    "#",
    " # c",
    "'",
    "\"",
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!x ",
    "\n",
    "\r\n",
    "\r",
    "\n  ",
    "\n    ",
    "\t",
    "  ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\u{feff}",
    "я",
    "👋",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\0",
];

fn case() -> impl Strategy<Value = Case> {
    select(CASES)
}

/// A tag that never needs quotes.
fn plain_tag() -> impl Strategy<Value = &'static str> {
    "v[0-9]{1,3}\\.[0-9a-z]{1,8}".prop_map(|tag| &*tag.leak())
}

fn any_tag() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}",
        "[0-9_]{0,3}[.eExXoObB_-]?[0-9_]{1,4}".prop_filter("a tag", |tag| !tag.starts_with(['.', '-'])),
        select(&["on", "null", "true", "y", "0x1F", "1e5", "0123", "1.10", "2024-01-31", "nan", "0.10.5", "1_000"][..])
            .prop_map(str::to_owned),
    ]
    .prop_filter("a tag", |tag| tiphys::domain::name::Tag::new(tag.as_str()).is_ok())
    .prop_map(|tag| &*tag.leak())
}

fn changed(text: &str, set: Set) -> Option<String> {
    match edit(text.as_bytes(), set) {
        Ok(Outcome::Changed { text, .. }) => Some(text),
        _ => None,
    }
}

/// The same kind of value as in the case.
fn like(case: &Case, tag: &'static str, count: u32) -> Set {
    match case.set {
        Set::Tag(_) => Set::Tag(tag),
        Set::Count(_) => Set::Count(count),
    }
}

fn try_everything(text: &[u8]) {
    for set in [Set::Tag("v2"), Set::Tag("1.10"), Set::Count(3)] {
        if let Ok(Outcome::Changed { text: new, .. }) = edit(text, set) {
            let again = edit(new.as_bytes(), set);
            assert!(
                matches!(again, Ok(Outcome::AlreadySo { .. })),
                "{:?} -> {new:?} -> {again:?}",
                String::from_utf8_lossy(text)
            );
        }
    }
    if let Ok(kustomization) = Kustomization::read(text) {
        let _ = kustomization.tag(&crate::cases::image());
        let _ = kustomization.count("app");
    }
    let _ = argocd::overrides(text, &[IMAGE], "app");
}

proptest! {
    // `PROPTEST_CASES` sets how many are tried.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tag_is_read_back_and_a_second_edit_changes_nothing(case in case(), tag in any_tag(), count in 0_u32..1000) {
        let set = like(&case, tag, count);
        if let Some(new) = changed(case.before, set) {
            let value = match set {
                Set::Tag(tag) => tag.to_owned(),
                Set::Count(count) => count.to_string(),
            };
            prop_assert_eq!(edit(new.as_bytes(), set), Ok(Outcome::AlreadySo { value }));
        }
    }

    #[test]
    fn there_and_back_gives_the_original_bytes(case in case(), first in plain_tag(), second in any_tag(), count in 1_u32..1000) {
        let (there, back) = (like(&case, first, count), like(&case, second, count + 1));
        // Quotes that a value needs stay when the next one doesn't need them, so start from the quoted form.
        let start = changed(case.before, back).unwrap_or_else(|| case.before.to_owned());
        if let Some(new) = changed(&start, there) {
            prop_assert_eq!(changed(&new, back), Some(start.clone()));
            // Outside the value the bytes are equal.
            let (old, new) = (start.as_bytes(), new.as_bytes());
            let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let most = old.len().min(new.len()) - prefix;
            let suffix = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
            prop_assert!(old.len() - prefix - suffix <= second.len().max(4) && new.len() - prefix - suffix <= first.len().max(4));
        }
    }

    #[test]
    fn yaml_like_garbage_never_panics(pieces in prop::collection::vec(select(PIECES), 0..40)) {
        try_everything(pieces.concat().as_bytes());
    }

    #[test]
    fn damaged_manifests_never_panic(
        case in case(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, select(PIECES)), 1..5),
    ) {
        let mut text = case.before.to_owned();
        for (at, cut, piece) in damage {
            let floor = |mut i: usize| { while !text.is_char_boundary(i) { i -= 1; } i };
            let start = floor(at.index(text.len() + 1));
            let end = floor((start + cut).min(text.len())).max(start);
            text.replace_range(start..end, piece);
        }
        try_everything(text.as_bytes());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_everything(&bytes);
    }
}
