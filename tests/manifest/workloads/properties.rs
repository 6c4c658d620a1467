//! What holds for every text and every value.

use proptest::{prelude::*, sample::select};
use tiphys::{
    domain::{image::ImageChange, name::Tag},
    manifest::{
        Missing, Outcome,
        workload::{self, ContainerRef, Selector},
    },
};

use super::{
    ANY, Set,
    cases::{self, Case},
    change, edit, named,
};

/// Pieces that YAML gives a meaning, and those that the editor looks for.
const PIECES: &[&str] = &[
    "kind: Pod",
    "kind: Deployment",
    "kind: List",
    "kind: CronJob",
    "kind: Rollout",
    "apiVersion: v1",
    "apiVersion: apps/v1",
    "metadata",
    "name",
    "web",
    "namespace",
    "spec",
    "template",
    "jobTemplate",
    "containers",
    "initContainers",
    "items",
    "workloadRef",
    "image",
    "replicas",
    "web:v1",
    "web@sha256:0",
    "1",
    "~",
    "null",
    "sops",
    "ENC[",
    "{{",
    "}}",
    "${X}",
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
    "\n      ",
    "\t",
    "  ",
    "\n---\n",
    "\n...\n",
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
    select(cases::all())
}

fn tag() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}",
        select(&["on", "null", "0x1F", "1e5", "0123", "1.10", "2024-01-31", "30", "0.10.5", "1_000"][..])
            .prop_map(str::to_owned),
    ]
}

/// The same kind of value as in the case.
fn like(case: &Case, tag: &str, count: u32) -> Set {
    match case.set {
        Set::Image(at, container, to) => {
            let name = match change(to).name {
                // By its old name the image isn't found again.
                Some(name) if !matches!(container, ContainerRef::Image(_)) => name.to_string(),
                _ => "*".to_owned(),
            };
            Set::Image(at, container, format!("{name}:{tag}").leak())
        }
        Set::Count(at, _) => Set::Count(at, count),
    }
}

fn changed(text: &str, set: Set) -> Option<String> {
    match edit(text.as_bytes(), set) {
        Ok(Outcome::Changed { text, .. }) => Some(text),
        _ => None,
    }
}

fn try_everything(text: &[u8]) {
    let tag = ImageChange::tag(Tag::new("v2").expect("a tag"));
    for at in [ANY, named("web"), Selector { kind: Some("Pod"), ..ANY }] {
        for container in [ContainerRef::Only, ContainerRef::Name("web"), ContainerRef::Image("web")] {
            if let Ok(Outcome::Changed { text: new, .. }) = workload::set_image(text, &at, container, &tag) {
                let again = workload::set_image(new.as_bytes(), &at, container, &tag);
                assert!(matches!(again, Ok(Outcome::AlreadySo { .. })), "{new:?} -> {again:?}");
                assert!(workload::image(new.as_bytes(), &at, container).is_ok());
            }
        }
        if let Ok(Outcome::Changed { text: new, .. }) = workload::set_replicas(text, &at, 3, Missing::Insert) {
            let again = workload::set_replicas(new.as_bytes(), &at, 3, Missing::Refuse);
            assert!(matches!(again, Ok(Outcome::AlreadySo { .. })), "{new:?} -> {again:?}");
            assert_eq!(workload::replicas(new.as_bytes(), &at).map(|c| c.map(|c| c.0)), Ok(Some(3)));
        }
    }
    let _ = workload::workloads(text);
}

proptest! {
    // `PROPTEST_CASES` sets how many are tried.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_read_back_and_a_second_edit_changes_nothing(case in case(), tag in tag(), count in 0_u32..1000) {
        let set = like(&case, &tag, count);
        if let Some(new) = changed(&case.after, set) {
            let value = match set {
                Set::Image(..) => tag,
                Set::Count(_, count) => count.to_string(),
            };
            match edit(new.as_bytes(), set) {
                Ok(Outcome::AlreadySo { value: so }) => prop_assert!(so.ends_with(&value), "{} is not {}", so, value),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn there_and_back_gives_the_original_bytes(case in case(), first in tag(), second in tag(), count in 0_u32..1000) {
        let (there, back) = (like(&case, &first, count), like(&case, &second, count + 1));
        // Quotes that a value needs stay when the next one doesn't need them, so start with what comes out of an edit.
        let start = changed(&case.after, there).and_then(|text| changed(&text, back));
        if let Some(start) = start {
            let new = changed(&start, there).expect("another value");
            prop_assert_eq!(changed(&new, back), Some(start));
        }
    }

    #[test]
    fn bytes_outside_the_values_are_equal(case in case(), tag in tag(), count in 0_u32..1000) {
        // A new name alone keeps what is behind it, a new tag doesn't.
        let keeps = matches!(case.set, Set::Image(_, _, to) if change(to).tag.is_none() && change(to).digest.is_none());
        prop_assume!(!keeps && !case.outside.iter().any(|part| part.ends_with('@')));
        let Some(new) = changed(&case.after, like(&case, &tag, count)) else { return Ok(()) };
        // The parts between the values are there, in order, and nothing is longer than a value.
        let (mut rest, mut kept) = (&*new, 0);
        for part in &case.outside {
            let at = rest.find(part.as_str());
            prop_assert!(at.is_some(), "{:?} is not in {:?}", part, rest);
            rest = &rest[at.unwrap_or_default() + part.len()..];
            kept += part.len();
        }
        prop_assert!(rest.is_empty() && new.starts_with(&case.outside[0]));
        prop_assert!(new.len() - kept <= (case.outside.len() - 1) * (tag.len() + 200));
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
        let mut text = case.before.clone();
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
