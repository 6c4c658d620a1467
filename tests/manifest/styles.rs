//! Every pair of the fixtures, byte by byte.

use tiphys::manifest::{Outcome, kustomization::Kustomization};

use crate::cases::{CASES, Set, Where, edit, image};

#[test]
fn there_are_as_many_pairs_as_promised() {
    let kustomizations = CASES.iter().filter(|case| case.place == Where::Kustomization).count();
    assert!(kustomizations >= 150, "{kustomizations}");
    let mut names: Vec<_> = CASES.iter().map(|case| &case.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), CASES.len(), "every case has a name of its own");
}

#[test]
fn every_case_comes_out_byte_by_byte() {
    let mut wrong = vec![];
    for case in &*CASES {
        match case.edit(&case.before, &case.set) {
            Ok(Outcome::Changed { text, .. }) if text == case.after => {}
            Ok(Outcome::Changed { text, .. }) => {
                wrong.push(format!("{}:\n{text:?} instead of\n{:?}\n{text}", case.name, case.after));
            }
            other => wrong.push(format!("{}: {other:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn the_change_names_the_line_of_the_new_value() {
    for case in &*CASES {
        let Ok(Outcome::Changed { text, line, .. }) = case.edit(&case.before, &case.set) else {
            panic!("{}: not changed", case.name)
        };
        let value = case.set.told();
        assert!(text.lines().nth(line - 1).is_some_and(|l| l.contains(&value)), "{}: {line} in\n{text}", case.name);
    }
}

#[test]
fn a_second_edit_changes_nothing() {
    for case in &*CASES {
        let again = case.edit(&case.after, &case.set);
        assert_eq!(again, Ok(Outcome::AlreadySo { value: case.set.value() }), "{}", case.name);
    }
}

#[test]
fn what_was_set_is_read_back() {
    for case in CASES.iter().filter(|case| case.place == Where::Kustomization) {
        let kustomization = Kustomization::read(case.after.as_bytes()).expect("readable");
        match &case.set {
            Set::Image(argument) if argument.name == crate::cases::IMAGE && argument.change.name.is_none() => {
                let (tag, digest) = (kustomization.tag(&image()), kustomization.digest(&image()));
                let wanted = &argument.change;
                assert_eq!(tag, Ok(wanted.tag.as_ref().map(|tag| tag.to_string())), "{}", case.name);
                assert_eq!(digest, Ok(wanted.digest.as_ref().map(|digest| digest.to_string())), "{}", case.name);
            }
            Set::Image(_) => {}
            Set::Replicas(argument) => {
                assert_eq!(kustomization.count(&argument.name), Ok(Some(argument.count)), "{}", case.name);
            }
        }
    }
}

#[test]
fn the_old_value_is_told() {
    let from = |text: &str, set: Set| match edit(text.as_bytes(), &set) {
        Ok(Outcome::Changed { from, .. }) => from,
        other => panic!("{other:?}"),
    };
    let entry = "images:\n- name: registry.example.org:5000/team/app\n";
    assert_eq!(from(&format!("{entry}  newTag: '0.10.4'\n"), Set::tag("v2")).as_deref(), Some("0.10.4"));
    assert_eq!(from(&format!("{entry}  newTag: 1.10\n"), Set::tag("1.10")).as_deref(), Some("1.10"));
    assert_eq!(from(&format!("{entry}  newTag: ~\n"), Set::tag("v2")), None);
    assert_eq!(from(entry, Set::tag("v2")), None);
    assert_eq!(from("a: b\n", Set::count(3)), None);
    assert_eq!(from("replicas: [{name: app, count: 2}]", Set::count(3)).as_deref(), Some("2"));
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
