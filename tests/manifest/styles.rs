//! Every pair of the table, byte by byte.

use tiphys::manifest::{Outcome, kustomization::Kustomization};

use crate::cases::{CASES, Set, WORKLOAD, edit, image};

#[test]
fn every_case_comes_out_byte_by_byte() {
    let mut wrong = vec![];
    for case in CASES {
        match edit(case.before.as_bytes(), case.set) {
            Ok(Outcome::Changed { text, .. }) if text == case.after => {}
            other => wrong.push(format!("{}: {other:?}\n  wanted {:?}", case.name, case.after)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn the_change_names_the_line_of_the_new_value() {
    for case in CASES {
        let Ok(Outcome::Changed { text, line, .. }) = edit(case.before.as_bytes(), case.set) else {
            panic!("{}: not changed", case.name)
        };
        let value = match case.set {
            Set::Tag(tag) => tag.to_owned(),
            Set::Count(count) => count.to_string(),
        };
        assert!(text.lines().nth(line - 1).is_some_and(|l| l.contains(&value)), "{}: {line} in\n{text}", case.name);
    }
}

#[test]
fn a_second_edit_changes_nothing_and_reading_gives_the_new_value() {
    for case in CASES {
        let again = edit(case.after.as_bytes(), case.set);
        let kustomization = Kustomization::read(case.after.as_bytes()).expect("readable");
        let value = match case.set {
            Set::Tag(_) => kustomization.tag(&image()).expect("readable"),
            Set::Count(_) => kustomization.count(WORKLOAD).expect("readable").map(|count| count.to_string()),
        };
        assert_eq!(again.ok(), value.map(|value| Outcome::AlreadySo { value }), "{}", case.name);
    }
}

#[test]
fn the_old_value_is_told() {
    let from = |text: &str, set| match edit(text.as_bytes(), set) {
        Ok(Outcome::Changed { from, .. }) => from,
        other => panic!("{other:?}"),
    };
    let entry = "images:\n- name: registry.example.org:5000/team/app\n";
    assert_eq!(from(&format!("{entry}  newTag: '0.10.4'\n"), Set::Tag("v2")).as_deref(), Some("0.10.4"));
    assert_eq!(from(&format!("{entry}  newTag: 1.10\n"), Set::Tag("1.10")).as_deref(), Some("1.10"));
    assert_eq!(from(&format!("{entry}  newTag: ~\n"), Set::Tag("v2")), None);
    assert_eq!(from(entry, Set::Tag("v2")), None);
    assert_eq!(from("a: b\n", Set::Count(3)), None);
    assert_eq!(from("replicas: [{name: app, count: 2}]", Set::Count(3)).as_deref(), Some("2"));
}

#[test]
fn values_that_cannot_be_edited_can_be_read() {
    let tag = |text: &str| Kustomization::read(text.as_bytes()).expect("readable").tag(&image()).expect("readable");
    let entry = "- name: registry.example.org:5000/team/app\n  newTag";
    assert_eq!(tag(&format!("x: &t v1\nimages:\n{entry}: *t\n")).as_deref(), Some("v1"));
    assert_eq!(tag(&format!("images:\n{entry}: &t v1\n")).as_deref(), Some("v1"));
    assert_eq!(tag(&format!("x: &i\n{entry}: v1\nimages: *i\n")).as_deref(), Some("v1"));
    assert_eq!(tag(&format!("images:\n{entry}: ''\n")), None);
    assert_eq!(tag("images: []\n"), None);
    let count = |text: &str| Kustomization::read(text.as_bytes()).expect("readable").count("app").expect("readable");
    assert_eq!([count("replicas: [{name: app}]"), count("replicas: [{name: b, count: 1}]")], [Some(0), None]);
}
