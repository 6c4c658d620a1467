//! What is refused, with the line and the words of the log.

use insta::assert_snapshot;
use tiphys::{
    domain::name::Tag,
    manifest::kustomization::{Kustomization, Missing},
};

use crate::cases::{Set, edit, image};

const ENTRY: &str = "- name: registry.example.org:5000/team/app\n";

fn refused(text: impl AsRef<[u8]>, set: Set) -> String {
    edit(text.as_ref(), set).expect_err("refused").to_string()
}

fn tag(text: impl AsRef<[u8]>) -> String {
    refused(text, Set::Tag("v2"))
}

#[test]
fn values_that_others_share() {
    assert_snapshot!(tag(format!("x: &t v1\nimages:\n{ENTRY}  newTag: *t\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: &t v1\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: &t\n")), @"");
    assert_snapshot!(tag(format!("x: &i\n{ENTRY}  newTag: v1\nimages: *i\n")), @"");
    assert_snapshot!(tag(format!("images: &i\n{ENTRY}  newTag: v1\nx: *i\n")), @"");
    assert_snapshot!(tag("x: &e {name: 'registry.example.org:5000/team/app', newTag: v1}\nimages:\n- *e\n"), @"");
    assert_snapshot!(tag("images:\n- &e {name: 'registry.example.org:5000/team/app', newTag: v1}\nx: *e\n"), @"");
    assert_snapshot!(tag(format!("x: &e {{newTag: v1}}\nimages:\n{ENTRY}  <<: *e\n")), @"");
    assert_snapshot!(tag(format!("x: &e\n  images:\n  {ENTRY}<<: *e\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest: &d sha256:0\n")), @"");
    assert_snapshot!(refused("x: &n 2\nreplicas:\n- name: app\n  count: *n\n", Set::Count(3)), @"");
}

#[test]
fn values_that_are_no_simple_scalars() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: |-\n    v1\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: [v1]\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: !mine v1\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: !!str\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  digest: |-\n    sha256:0\n")), @"");
}

#[test]
fn entries_and_keys_that_stand_twice() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  newTag: v1\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  NewTag: v1\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}a: b\nimages: []\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}imageTags: []\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n# c\n{ENTRY}")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}- name: app\n  newName: registry.example.org:5000/team/app\n")), @"");
    assert_snapshot!(tag(format!("images:\n- name: registry.example.org.*\n  newTag: v1\n{ENTRY}")), @"");
    assert_snapshot!(refused("replicas:\n- {name: app, count: 1}\n- {name: app, count: 2}\n", Set::Count(3)), @"");
}

#[test]
fn entries_that_may_be_meant() {
    assert_snapshot!(tag("images:\n- name: app\n  newTag: v1\n"), @"");
    assert_snapshot!(tag("images:\n- name: a\n- name: mirror.example.org/team/app:v1\n"), @"");
    assert_snapshot!(tag("images:\n- name: x\n  newName: elsewhere/app\n"), @"");
    assert_snapshot!(tag("images:\n- name: registry.*\n  newTag: v1\n"), @"");
    let other = Kustomization::read(b"images:\n- name: other\n").expect("readable");
    let tag = Tag::new("v2").expect("valid");
    assert_snapshot!(other.set_tag(&image(), &tag, Missing::Refuse).expect_err("refused"), @"");
}

#[test]
fn digests_that_cannot_be_taken_out_cleanly() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest: sha256:0 # pinned by hand\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest:\n    sha256:0\n")), @"");
    assert_snapshot!(tag("images:\n- digest: sha256:0\n  # c\n  name: registry.example.org:5000/team/app\n  newTag: v1\n"), @"");
    assert_snapshot!(tag("images:\n- {name: 'registry.example.org:5000/team/app', newTag: v1, # c\n   digest: 'sha256:0'}\n"), @"");
}

#[test]
fn files_that_are_no_kustomizations() {
    assert_snapshot!(tag("images:\n  - name: [\n"), @"");
    assert_snapshot!(tag("a: 1\n\tb: 2\n"), @"");
    assert_snapshot!(tag("images: x\n"), @"");
    assert_snapshot!(tag("images:\n- x\n"), @"");
    assert_snapshot!(tag("- a\n"), @"");
    assert_snapshot!(tag(""), @"");
    assert_snapshot!(tag("# nothing\n"), @"");
    assert_snapshot!(tag("---\n---\nimages: []\n"), @"");
    assert_snapshot!(tag(b"a: 1\nb: \xff\n"), @"");
    assert_snapshot!(tag("a: *nowhere\n"), @"");
}

#[test]
fn encrypted_files() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\nsops:\n  version: 3.9.0\n")), @"");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n")), @"");
}

#[test]
fn places_where_nothing_can_be_put_in() {
    assert_snapshot!(tag("{}\n"), @"");
    assert_snapshot!(tag("images: &i\n"), @"");
    assert_snapshot!(tag("? images\n"), @"");
    assert_snapshot!(tag("images:\n- &a\n  name: other\n"), @"");
    assert_snapshot!(tag("a: |\n  no final line end"), @"");
}
