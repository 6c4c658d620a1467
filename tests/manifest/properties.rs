//! What holds for every text and every value.

use proptest::{prelude::*, sample::select};
use tiphys::{
    domain::{
        image::{ImageArgument, ImageChange, tag_start},
        name::{Digest, ImageName, Tag},
        replicas::ReplicasArgument,
    },
    manifest::{
        Outcome,
        argocd::{self, Place},
        kustomization::Kustomization,
    },
};

use crate::cases::{CASES, Case, DIGESTS, IMAGE, MIRROR, Set, Where, edit_at};

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
    MIRROR,
    DIGESTS[0],
    "v1",
    "1.10",
    "~",
    "null",
    "sops",
    "ENC[",
    "kustomize",
    "kind: Application\n",
    "apiVersion: argoproj.io/v1alpha1\n",
    "spec",
    "source",
    "sources",
    "app=x:1",
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

fn case() -> impl Strategy<Value = &'static Case> {
    (0..CASES.len()).prop_map(|index| &CASES[index])
}

/// A tag that never needs quotes.
fn plain_tag() -> impl Strategy<Value = Tag> {
    "v[0-9]{1,3}\\.[0-9a-z]{1,8}".prop_map(|tag| Tag::new(tag).expect("a tag"))
}

fn any_tag() -> impl Strategy<Value = Tag> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}",
        "[0-9_]{0,3}[.eExXoObB_-]?[0-9_]{1,4}",
        select(&["on", "null", "true", "y", "0x1F", "1e5", "0123", "1.10", "2024-01-31", "nan", "0.10.5", "1_000"][..])
            .prop_map(str::to_owned),
    ]
    .prop_filter_map("a tag", |tag| Tag::new(tag).ok())
}

fn digest() -> impl Strategy<Value = Digest> {
    "[0-9a-f]{64}".prop_map(|hex| Digest::new(format!("sha256:{hex}")).expect("a digest"))
}

/// A name that is in none of the cases.
fn name() -> impl Strategy<Value = ImageName> {
    "[a-z]{1,8}\\.example\\.net(:[0-9]{1,4})?/[a-z]{1,8}/unheard-of".prop_map(|n| ImageName::new(n).expect("a name"))
}

/// Which parts of an image an edit sets: name, tag, digest.
type Parts = (bool, bool, bool);

/// What to set: an image's name, tag and digest, of which each edit takes some, or a count.
#[derive(Debug, Clone)]
struct Values {
    name: ImageName,
    tag: Tag,
    digest: Digest,
    count: u32,
}

fn values(tag: impl Strategy<Value = Tag>) -> impl Strategy<Value = Values> {
    (name(), tag, digest(), 0_u32..1000).prop_map(|(name, tag, digest, count)| Values { name, tag, digest, count })
}

impl Values {
    /// An edit of what a case is about.
    fn set(&self, case: &Case, (name, tag, digest): Parts) -> Set {
        match &case.set {
            Set::Image(image) => Set::Image(ImageArgument {
                name: image.name.clone(),
                change: ImageChange {
                    name: name.then(|| self.name.clone()),
                    tag: tag.then(|| self.tag.clone()),
                    digest: digest.then(|| self.digest.clone()),
                },
            }),
            Set::Replicas(replicas) => {
                Set::Replicas(ReplicasArgument { name: replicas.name.clone(), count: self.count })
            }
        }
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    any::<Parts>().prop_filter("something", |(name, tag, digest)| *name || *tag || *digest)
}

fn changed(case: &Case, text: &str, set: &Set) -> Option<String> {
    match case.edit(text, set) {
        Ok(Outcome::Changed { text, .. }) => Some(text),
        _ => None,
    }
}

/// Whether a case's entry goes by the name that it gives: after another renaming it isn't found any more.
fn is_by_new_name(case: &Case) -> bool {
    let Set::Image(image) = &case.set else { return false };
    match case.place {
        Where::Kustomization => {
            let name = ImageName::new(image.name.as_str()).expect("a name");
            let kustomization = Kustomization::read(case.before.as_bytes()).expect("readable");
            kustomization.entry_name(&name).is_ok_and(|found| found.is_some_and(|found| found != image.name))
        }
        _ => case.before.contains(&format!("={}", image.name)),
    }
}

/// The bytes that two texts begin and end with in common, as lengths.
fn common(old: &str, new: &str) -> (usize, usize) {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (prefix, suffix)
}

/// All comments of a text without strings that hold a number sign, in order.
fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.find('#').map(|at| line[at..].trim_end())).collect()
}

fn try_everything(text: &[u8]) {
    let sets = [
        Set::tag("v2"),
        Set::tag("1.10"),
        Set::count(3),
        Set::Image(format!("app={MIRROR}:v2@{}", DIGESTS[1]).parse().expect("an argument")),
        Set::Image(format!("{IMAGE}@{}", DIGESTS[1]).parse().expect("an argument")),
    ];
    for set in &sets {
        for place in [Where::Kustomization, Where::SourceFile, Where::Application] {
            if let Ok(Outcome::Changed { text: new, .. }) = edit_at(place, text, set) {
                let again = edit_at(place, new.as_bytes(), set);
                let text = String::from_utf8_lossy(text);
                assert!(matches!(again, Ok(Outcome::AlreadySo { .. })), "{place:?} {text:?} -> {new:?} -> {again:?}");
            }
        }
    }
    if let Ok(kustomization) = Kustomization::read(text) {
        let _ = kustomization.tag(&crate::cases::image());
        let _ = kustomization.digest(&crate::cases::image());
        let _ = kustomization.count("app");
    }
    let _ = argocd::overrides(text, &[IMAGE], "app");
    let _ = argocd::application_overrides(text, "app", &[IMAGE], "app");
    let _ = argocd::parameters(text, &Place::SourceFile);
}

proptest! {
    // `PROPTEST_CASES` sets how many are tried.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_edit_changes_nothing(case in case(), values in values(any_tag()), parts in parts()) {
        let set = values.set(case, parts);
        // After another renaming the entry goes by another name.
        if parts.0 && is_by_new_name(case) {
            return Ok(());
        }
        if let Some(new) = changed(case, &case.before, &set) {
            prop_assert_eq!(case.edit(&new, &set), Ok(Outcome::AlreadySo { value: set.value() }), "{}", new);
        }
    }

    #[test]
    fn every_edit_of_an_entry_that_is_there_comes_out(case in case(), values in values(any_tag()), parts in parts()) {
        // Nothing is put in beside `? key`.
        if parts.0 && is_by_new_name(case) || case.before.starts_with("? ") {
            return Ok(());
        }
        let set = values.set(case, parts);
        let outcome = case.edit(&case.after, &set);
        prop_assert!(outcome.is_ok(), "{} {:?} {:?}", case.after, set, outcome);
    }

    #[test]
    fn there_and_back_gives_the_original_bytes(
        case in case(), first in values(plain_tag()), second in values(any_tag()), parts in parts(),
    ) {
        if parts.0 && is_by_new_name(case) {
            return Ok(());
        }
        let (there, back) = (first.set(case, parts), second.set(case, parts));
        // Quotes that a value needs stay when the next one doesn't need them, so start from the quoted form.
        let start = changed(case, &case.before, &back).unwrap_or_else(|| case.before.clone());
        if let Some(new) = changed(case, &start, &there) {
            let again = changed(case, &new, &back);
            prop_assert_eq!(again.as_deref(), Some(start.as_str()));
        }
    }

    #[test]
    fn bytes_outside_of_the_value_are_equal(
        case in case(), first in values(plain_tag()), second in values(plain_tag()), which in 0..3_usize,
    ) {
        if which == 0 && is_by_new_name(case) {
            return Ok(());
        }
        let parts = (which == 0, which == 1, which == 2);
        let (one, other) = (first.set(case, parts), second.set(case, parts));
        let Some(old) = changed(case, &case.before, &one) else { return Ok(()) };
        if let Some(new) = changed(case, &old, &other) {
            let (prefix, suffix) = common(&old, &new);
            let (gone, come) = (&old[prefix..old.len() - suffix], &new[prefix..new.len() - suffix]);
            prop_assert!(one.told().contains(gone) && other.told().contains(come), "{:?} -> {:?}", gone, come);
        }
    }

    #[test]
    fn what_is_put_in_and_taken_out_leaves_the_original_bytes(
        case in case(), values in values(plain_tag()), digest_first in any::<bool>(),
    ) {
        if matches!(case.set, Set::Replicas(_)) || case.place != Where::Kustomization {
            return Ok(());
        }
        // A tag alone, then a digest beside it, then the tag alone again; or the other way about.
        let (alone, both) = ((false, !digest_first, digest_first), (false, true, true));
        let Some(start) = changed(case, &case.before, &values.set(case, alone)) else { return Ok(()) };
        // A key that is there without a value doesn't come back.
        let key = if digest_first { "newtag" } else { "digest" };
        if start.to_lowercase().contains(key) || start.starts_with("? ") {
            return Ok(());
        }
        let both = changed(case, &start, &values.set(case, both));
        let both = both.ok_or_else(|| TestCaseError::fail("the other one is put in"))?;
        prop_assert_eq!(changed(case, &both, &values.set(case, alone)), Some(start));
    }

    #[test]
    fn comments_are_neither_lost_nor_made(case in case(), values in values(plain_tag()), parts in parts()) {
        if let Some(new) = changed(case, &case.before, &values.set(case, parts)) {
            prop_assert_eq!(comments(&new), comments(&case.before));
        }
    }

    #[test]
    fn arguments_are_read_or_refused_but_never_panic(text in "[a-z:@=*/.0-9я \u{0}]{0,30}") {
        let _ = tag_start(&text);
        if let Ok(argument) = ImageArgument::parse(&text) {
            prop_assert!(text.starts_with(&argument.name));
        }
        if let Ok(argument) = ReplicasArgument::parse(&text) {
            prop_assert!(text.starts_with(&argument.name));
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
