//! Plain manifests from outside: before/after pairs, what is found and what is refused, properties, and other readers.

#[path = "workloads/cases.rs"]
mod cases;
#[path = "workloads/finding.rs"]
mod finding;
#[path = "workloads/oracles.rs"]
mod oracles;
#[path = "workloads/properties.rs"]
mod properties;
#[path = "workloads/refusals.rs"]
mod refusals;

use tiphys::{
    domain::{
        image::ImageChange,
        name::{Digest, ImageName, Tag},
    },
    manifest::{
        Fault, Missing, Outcome,
        workload::{self, ContainerRef, Selector},
    },
};

/// Any workload.
const ANY: Selector<'static> = Selector { kind: None, namespace: None, name: None };

/// The workload of this name.
const fn named(name: &str) -> Selector<'_> {
    Selector { kind: None, namespace: None, name: Some(name) }
}

/// What is set.
#[derive(Debug, Clone, Copy)]
enum Set {
    /// An image as `name:tag@digest`; the name `*` stays.
    Image(Selector<'static>, ContainerRef<'static>, &'static str),
    /// A count.
    Count(Selector<'static>, u32),
}

/// `sha256:` and 64 times one digit.
fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// `SHA1` and `SHA2` stand for whole digests.
fn with_digests(text: &str) -> String {
    text.replace("SHA1", &digest('1')).replace("SHA2", &digest('2'))
}

fn change(text: &str) -> ImageChange {
    let text = with_digests(text);
    let (text, digest) = text.split_once('@').map_or((&*text, None), |(text, digest)| (text, Some(digest)));
    let path = text.rfind('/').map_or(0, |slash| slash + 1);
    let (base, tag) = text[path..].split_once(':').map_or((&text[path..], None), |(base, tag)| (base, Some(tag)));
    let name = &text[..path + base.len()];
    ImageChange {
        name: (name != "*").then(|| ImageName::new(name).expect("an image")),
        tag: tag.map(|tag| Tag::new(tag).expect("a tag")),
        digest: digest.map(|digest| Digest::new(digest).expect("a digest")),
    }
}

fn edit(text: &[u8], set: Set) -> Result<Outcome, Fault> {
    match set {
        Set::Image(at, container, to) => workload::set_image(text, &at, container, &change(to)),
        Set::Count(at, count) => workload::set_replicas(text, &at, count, Missing::Insert),
    }
}

#[test]
fn every_case_comes_out_byte_by_byte() {
    let mut wrong = vec![];
    let cases = cases::all();
    for case in &cases {
        match edit(case.before.as_bytes(), case.set) {
            Ok(Outcome::Changed { text, .. }) if text == case.after => {}
            Err(fault) => wrong.push(format!("{}: {fault}", case.name)),
            other => wrong.push(format!("{}: {other:?}\n  wanted {:?}", case.name, case.after)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Many workloads with the same image, and others among them, as one text with `IMAGE` in its place.
fn crowd(count: usize) -> String {
    let documents = (0..count).map(|n| {
        let (kind, image) = match n % 6 {
            0 => ("Deployment", "IMAGE # why"),
            1 => ("StatefulSet", "'IMAGE'"),
            2 => ("Deployment", "other:v1"),
            3 => ("DaemonSet", "\"IMAGE\""),
            4 => ("ConfigMap", "registry.example.org/web:v1"),
            _ => ("Job", "!!str IMAGE"),
        };
        let init = if kind == "ConfigMap" { "x" } else { "IMAGE" };
        let eol = if n % 5 == 0 { "\r\n" } else { "\n" };
        [
            "---".to_owned(),
            format!("kind: {kind}"),
            format!("metadata: {{name: имя-{n}}}"),
            "spec:".to_owned(),
            "  template:".to_owned(),
            "    spec:".to_owned(),
            "      initContainers: [{name: a, image: 'IMAGE'}]".replace("IMAGE", init),
            "      containers:".to_owned(),
            "      - name: b".to_owned(),
            format!("        image: {image}{eol}"),
        ]
        .join(eol)
    });
    documents.collect()
}

#[test]
fn an_image_is_set_in_thousands_of_documents_at_once() {
    let crowd = crowd(2000);
    let with = |tag: &str| crowd.replace("IMAGE", &format!("registry.example.org/web:{tag}"));
    let set = |text: &str| {
        workload::set_image(text.as_bytes(), &ANY, ContainerRef::Image("registry.example.org/web"), &change("*:v2"))
    };
    let Ok(Outcome::Changed { text, line, from }) = set(&with("v1")) else { panic!("not changed") };
    assert!(text == with("v2"), "not the bytes that were asked for");
    assert_eq!((line, from.as_deref()), (7, Some("v1")));
    assert_eq!(set(&text), Ok(Outcome::AlreadySo { value: "v2".to_owned() }));
    let of_one = Selector { kind: Some("StatefulSet"), ..ANY };
    let Ok(Outcome::Changed { text, line, .. }) = workload::set_image(
        with("v1").as_bytes(),
        &of_one,
        ContainerRef::Image("registry.example.org/web"),
        &change("*:v2"),
    ) else {
        panic!("not changed")
    };
    let differing = text.lines().zip(with("v1").lines()).filter(|(new, old)| new != old).count();
    assert_eq!((line, differing), (17, 2 * 2000_usize.div_ceil(6)));
    let listed = workload::workloads(text.as_bytes()).expect("readable");
    assert_eq!(listed.len(), 2000 - (0..2000).filter(|n| n % 6 == 4).count());
}

#[test]
fn one_document_that_cannot_be_edited_stops_all() {
    let document = |name: &str, image: &str| {
        format!("kind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - image: {image}\n")
    };
    let text = [document("a", "web:v1"), document("b", "&i web:v1"), document("c", "web:v1")].join("---\n");
    let fault = workload::set_image(text.as_bytes(), &ANY, ContainerRef::Image("web"), &change("*:v2"));
    assert_eq!(fault.expect_err("refused").to_string(), "11:15: cannot be edited safely: the value is anchored (&i)");
}

#[test]
fn a_second_edit_changes_nothing() {
    for case in cases::all() {
        let again = edit(case.after.as_bytes(), case.set);
        assert!(matches!(again, Ok(Outcome::AlreadySo { .. })), "{}: {again:?}", case.name);
    }
}

#[test]
fn the_change_names_the_line_of_the_first_new_value() {
    for case in cases::all() {
        let Ok(Outcome::Changed { line, .. }) = edit(case.before.as_bytes(), case.set) else {
            panic!("{}: not changed", case.name)
        };
        assert_eq!(line, case.line, "{}", case.name);
    }
}

#[test]
fn the_new_value_is_read_back() {
    for case in cases::all() {
        match case.set {
            Set::Image(at, container, to) => {
                let change = change(to);
                let name = change.name.as_ref().map(ToString::to_string);
                let container = match (container, &name) {
                    (ContainerRef::Image(_), Some(name)) => ContainerRef::Image(name),
                    (container, _) => container,
                };
                let image = workload::image(case.after.as_bytes(), &at, container).expect("readable").expect("there").0;
                let version = with_digests(to).trim_start_matches('*').to_owned();
                match (&change.tag, &change.digest) {
                    (None, None) => assert!(image.starts_with(&version), "{}: {image}", case.name),
                    _ => assert!(image.ends_with(&version), "{}: {image}", case.name),
                }
            }
            Set::Count(at, count) => {
                let read = workload::replicas(case.after.as_bytes(), &at).expect("readable").expect("there");
                assert_eq!((read.0, read.1.line), (count, case.line), "{}", case.name);
            }
        }
    }
}

#[test]
fn the_part_that_gives_way_is_told() {
    let from = |image: &str, to: &str| {
        let text = format!("kind: Pod\nspec:\n  containers:\n  - image: '{}'\n", with_digests(image));
        match workload::set_image(text.as_bytes(), &ANY, ContainerRef::Only, &change(to)) {
            Ok(Outcome::Changed { from, .. }) => from,
            other => panic!("{image} {to}: {other:?}"),
        }
    };
    let some = |text: &str| Some(with_digests(text));
    assert_eq!(from("web:0.10.4", "*:0.10.5"), some("0.10.4"));
    assert_eq!(from("web:0.10.4@SHA1", "*:0.10.5"), some("0.10.4"));
    assert_eq!(from("web@SHA1", "*:0.10.5"), some("SHA1"));
    assert_eq!(from("web", "*:0.10.5"), None);
    assert_eq!(from("web:v1@SHA1", "*@SHA2"), some("SHA1"));
    assert_eq!(from("web:v1", "*@SHA2"), some("v1"));
    assert_eq!(from("web:v1", "*:v2@SHA2"), some("v1"));
    assert_eq!(from("web:v1@SHA1", "*:v2@SHA2"), some("v1@SHA1"));
    assert_eq!(from("web@SHA1", "*:v2@SHA2"), some("SHA1"));
    assert_eq!(from("r.example.org:5000/web:v1", "web:v2"), some("r.example.org:5000/web:v1"));
    assert_eq!(from("web:v1", "web:v2"), some("v1"));
    assert_eq!(from("", "web:v2"), None);
    let count = |text: &str| match workload::set_replicas(text.as_bytes(), &ANY, 3, Missing::Insert) {
        Ok(Outcome::Changed { from, .. }) => from,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(count("kind: Deployment\nspec: {replicas: '2'}\n").as_deref(), Some("2"));
    assert_eq!(count("kind: Deployment\nspec: {replicas: }\n"), None);
    assert_eq!(count("kind: Deployment\nspec: {}\n"), None);
}

#[test]
fn what_is_so_already_is_told_by_the_same_part() {
    let so = |image: &str, to: &str| {
        let text = format!("kind: Pod\nspec:\n  containers:\n  - image: {}\n", with_digests(image));
        match workload::set_image(text.as_bytes(), &ANY, ContainerRef::Only, &change(to)) {
            Ok(Outcome::AlreadySo { value }) => value,
            other => panic!("{image} {to}: {other:?}"),
        }
    };
    assert_eq!(so("web:v2", "*:v2"), "v2");
    assert_eq!(so("web@SHA2", "*@SHA2"), with_digests("SHA2"));
    assert_eq!(so("web:v2@SHA2", "*:v2@SHA2"), with_digests("v2@SHA2"));
    assert_eq!(so("web:v2", "web"), "web:v2");
    // An alias is a value, as long as it needn't be changed.
    let text = "x: &i web:v2\nkind: Pod\nspec:\n  containers:\n  - image: *i\n";
    let outcome = workload::set_image(text.as_bytes(), &ANY, ContainerRef::Only, &change("*:v2"));
    assert_eq!(outcome, Ok(Outcome::AlreadySo { value: "v2".into() }));
}
