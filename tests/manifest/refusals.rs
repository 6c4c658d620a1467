//! What is refused, with the line and the words of the log.

use insta::assert_snapshot;
use tiphys::{
    domain::name::Tag,
    manifest::{Missing, kustomization::Kustomization},
};

use crate::cases::{Set, Where, edit, edit_at, image};

const ENTRY: &str = "- name: registry.example.org:5000/team/app\n";

fn refused(text: impl AsRef<[u8]>, set: Set) -> String {
    edit(text.as_ref(), &set).expect_err("refused").to_string()
}

fn tag(text: impl AsRef<[u8]>) -> String {
    refused(text, Set::tag("v2"))
}

#[test]
fn values_that_others_share() {
    assert_snapshot!(tag(format!("x: &t v1\nimages:\n{ENTRY}  newTag: *t\n")), @"4:11: cannot be edited safely: the value is an alias (*t) of the anchor on line 1");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: &t v1\n")), @"3:14: cannot be edited safely: the value is anchored (&t)");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: &t\n")), @"3:13: cannot be edited safely: the value is anchored (&t)");
    assert_snapshot!(tag(format!("x: &i\n{ENTRY}  newTag: v1\nimages: *i\n")), @"4:9: cannot be edited safely: the value is an alias (*i) of the anchor on line 2");
    assert_snapshot!(tag(format!("images: &i\n{ENTRY}  newTag: v1\nx: *i\n")), @"2:3: cannot be edited safely: the value is anchored (&i), used on lines [4]");
    assert_snapshot!(tag("x: &e {name: 'registry.example.org:5000/team/app', newTag: v1}\nimages:\n- *e\n"), @"3:3: cannot be edited safely: the value is an alias (*e) of the anchor on line 1");
    assert_snapshot!(tag("images:\n- &e {name: 'registry.example.org:5000/team/app', newTag: v1}\nx: *e\n"), @"2:6: cannot be edited safely: the value is anchored (&e), used on lines [3]");
    assert_snapshot!(tag(format!("x: &e {{newTag: v1}}\nimages:\n{ENTRY}  <<: *e\n")), @"4:7: cannot be edited safely: the value is an alias (*e) of the anchor on line 1");
    assert_snapshot!(tag(format!("x: &e\n  images:\n  {ENTRY}<<: *e\n")), @"4:5: cannot be edited safely: the value is an alias (*e) of the anchor on line 2");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest: &d sha256:0\n")), @"4:14: cannot be edited safely: the value is anchored (&d)");
    assert_snapshot!(refused("x: &n 2\nreplicas:\n- name: app\n  count: *n\n", Set::count(3)), @"4:10: cannot be edited safely: the value is an alias (*n) of the anchor on line 1");
}

#[test]
fn values_that_are_no_simple_scalars() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: |-\n    v1\n")), @"3:3: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: [v1]\n")), @"3:11: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: !mine v1\n")), @"3:17: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: !!str\n")), @"3:16: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  digest: |-\n    sha256:0\n")), @"3:3: cannot be edited safely: the value is not a plain or quoted scalar");
}

#[test]
fn placeholders() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: \"{{{{ .Values.tag }}}}\"\n")), @"3:11: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: ${{TAG}}\n")), @r#"3:11: "${TAG}" is filled in by something else"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: '${{TAG:=1.0}}'\n")), @r#"3:11: "${TAG:=1.0}" is filled in by something else"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  digest: ${{DIGEST}}\n")), @r#"3:11: "${DIGEST}" is filled in by something else"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest: ${{DIGEST}}\n")), @r#"4:11: "${DIGEST}" is filled in by something else"#);
    assert_snapshot!(refused("replicas:\n- {name: app, count: \"${COUNT}\"}\n", Set::count(3)), @r#"2:22: "${COUNT}" is filled in by something else"#);
}

#[test]
fn entries_and_keys_that_stand_twice() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  newTag: v1\n")), @r#"4:3: cannot be edited safely: the key "newTag" stands on several lines: [3, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  NewTag: v1\n")), @r#"4:3: cannot be edited safely: the key "newTag" stands on several lines: [3, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}a: b\nimages: []\n")), @r#"4:1: cannot be edited safely: the key "images" stands on several lines: [1, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}imageTags: []\n")), @r#"3:1: cannot be edited safely: the key "images" stands on several lines: [1, 3]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n# c\n{ENTRY}")), @r#"5:3: has several images entries named "registry.example.org:5000/team/app", on lines [2, 5]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}- name: app\n  newName: registry.example.org:5000/team/app\n")), @r#"3:3: has several images entries named "registry.example.org:5000/team/app", on lines [2, 3]"#);
    assert_snapshot!(tag(format!("images:\n- name: registry.example.org.*\n  newTag: v1\n{ENTRY}")), @r#"4:3: has several images entries named "registry.example.org:5000/team/app", on lines [2, 4]"#);
    assert_snapshot!(refused("replicas:\n- {name: app, count: 1}\n- {name: app, count: 2}\n", Set::count(3)), @r#"3:3: has several replicas entries named "app", on lines [2, 3]"#);
}

#[test]
fn entries_that_may_be_meant() {
    assert_snapshot!(tag("images:\n- name: app\n  newTag: v1\n"), @r#"2:3: has no images entry named "registry.example.org:5000/team/app""#);
    assert_snapshot!(tag("images:\n- name: a\n- name: mirror.example.org/team/app:v1\n"), @r#"3:3: has no images entry named "registry.example.org:5000/team/app""#);
    assert_snapshot!(tag("images:\n- name: x\n  newName: elsewhere/app\n"), @r#"2:3: has no images entry named "registry.example.org:5000/team/app""#);
    assert_snapshot!(tag("images:\n- name: registry.*\n  newTag: v1\n"), @r#"2:3: has no images entry named "registry.example.org:5000/team/app""#);
    let other = Kustomization::read(b"images:\n- name: other\n").expect("readable");
    let tag = Tag::new("v2").expect("valid");
    assert_snapshot!(other.set_tag(&image(), &tag, Missing::Refuse).expect_err("refused"), @r#"has no images entry named "registry.example.org:5000/team/app""#);
}

#[test]
fn digests_that_cannot_be_taken_out_cleanly() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  digest: # pinned\n    sha256:0\n")), @"4:3: cannot be edited safely: the edited text would differ in more than the value: `digest` must go, but more than it stands on its line");
    assert_snapshot!(tag("images:\n- digest: sha256:0\n  # c\n  name: registry.example.org:5000/team/app\n  newTag: v1\n"), @"2:3: cannot be edited safely: the edited text would differ in more than the value: `digest` must go, but more than it stands on its line");
    assert_snapshot!(tag("images:\n- {name: 'registry.example.org:5000/team/app', newTag: v1, # c\n   digest: 'sha256:0'}\n"), @"3:4: cannot be edited safely: the edited text would differ in more than the value: `digest` must go, but more than it stands on its line");
}

#[test]
fn files_that_are_no_kustomizations() {
    assert_snapshot!(tag("images:\n  - name: [\n"), @"2:11: is not valid YAML: unclosed bracket '['");
    assert_snapshot!(tag("a: 1\n\tb: 2\n"), @"1:4: is not valid YAML: while scanning a plain scalar, found a tab");
    assert_snapshot!(tag("images: x\n"), @"1:9: is not valid YAML: images is not a list");
    assert_snapshot!(tag("images:\n- x\n"), @"2:3: is not valid YAML: an entry of images is not a map");
    assert_snapshot!(tag("- a\n"), @"1:1: is not valid YAML: not a map");
    assert_snapshot!(tag(""), @"is not valid YAML: empty");
    assert_snapshot!(tag("# nothing\n"), @"is not valid YAML: empty");
    assert_snapshot!(tag("---\n---\nimages: []\n"), @"is not valid YAML: empty");
    assert_snapshot!(tag(b"a: 1\nb: \xff\n"), @"2:4: is not valid YAML: not UTF-8");
    assert_snapshot!(tag("a: *nowhere\n"), @"1:4: is not valid YAML: while parsing node, found unknown anchor");
}

#[test]
fn files_of_another_kind() {
    assert_snapshot!(tag(format!("kind: Deployment\napiVersion: apps/v1\nimages:\n{ENTRY}")), @"1:1: is no kustomization but Deployment (apps/v1)");
    assert_snapshot!(tag(format!("# c\nKind: Kustomize\nimages:\n{ENTRY}")), @"2:1: is no kustomization but Kustomize");
    assert_snapshot!(tag(format!("apiVersion: example.org/v1\nimages:\n{ENTRY}")), @"1:1: is no kustomization but something of example.org/v1");
    assert_snapshot!(tag("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {}\n"), @"1:1: has no value at spec");
    assert_snapshot!(tag("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {a: b}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {a: b}\n"), @"5:1: is no kustomization but several Flux Kustomizations in one file");
    assert_snapshot!(refused("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {a: b}\n", Set::count(3)), @"3:7: a Flux Kustomization has no replicas");
}

#[test]
fn entries_that_others_overtake() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newName: mirror/app\n- name: mirror/app\n  newTag: v1\n")), @r#"4:3: has several images entries named "mirror/app:v2", on lines [2, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newName: mirror/app\n- name: (.*)/app\n  newName: other\n")), @r#"4:3: has several images entries named "registry.example.org:5000/team/app", on lines [2, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}- name: registry-example.org:5000/team/app\n  digest: sha256:0\n- name: registry.example.org:5000.team.app\n  newTag: v1\n")), @r#"5:3: has several images entries named "registry.example.org:5000/team/app", on lines [2, 5]"#);
}

#[test]
fn encrypted_files() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\nsops:\n  version: 3.9.0\n")), @"4:1: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n")), @"3:11: cannot be edited safely: the file is encrypted by SOPS");
}

#[test]
fn places_where_nothing_can_be_put_in() {
    assert_snapshot!(tag("{}\n"), @"1:1: cannot be edited safely: the edited text would differ in more than the value: the file is empty");
    assert_snapshot!(tag("images: &i\n"), @"1:11: cannot be edited safely: the edited text would differ in more than the value: the empty section has an anchor or a tag");
    assert_snapshot!(tag("? images\n"), @"1:3: cannot be edited safely: the edited text would differ in more than the value: the section's key has no colon");
    assert_snapshot!(tag("images:\n- &a\n  name: other\n"), @"2:3: cannot be edited safely: the edited text would differ in more than the value: the list's indentation is unclear");
    assert_snapshot!(tag("a: |\n  no final line end"), @"2:20: cannot be edited safely: the edited text would differ in more than the value: the file ends in a block text without a line end, so nothing can be put below it; a line end there helps");
}

#[test]
fn overrides_that_are_not_clear() {
    let refused =
        |place, text: &str| edit_at(place, text.as_bytes(), &Set::tag("v2")).expect_err("refused").to_string();
    let source = |text: &str| refused(Where::SourceFile, text);
    assert_snapshot!(source("kustomize:\n  images:\n  - registry.example.org:5000/team/app:v1\n  - app=registry.example.org:5000/team/app\n"), @r#"4:5: has several kustomize.images entries named "registry.example.org:5000/team/app", on lines [3, 4]"#);
    assert_snapshot!(source("x: &i registry.example.org:5000/team/app:v1\nkustomize:\n  images: [*i]\n"), @"3:12: cannot be edited safely: the value is an alias (*i) of the anchor on line 1");
    assert_snapshot!(source("kustomize: &k {images: []}\nx: *k\n"), @"1:15: cannot be edited safely: the value is anchored (&k), used on lines [2]");
    assert_snapshot!(source("kustomize:\n  images: app:v1\n"), @"2:11: is not valid YAML: images is not a list");
    assert_snapshot!(source("kustomize:\n  images: []\n  images: []\n"), @r#"3:3: cannot be edited safely: the key "images" stands on several lines: [2, 3]"#);
    assert_snapshot!(source("- a\n"), @"1:1: is not valid YAML: not a map");
    assert_snapshot!(source(""), @r#"has no kustomize.images entry named "registry.example.org:5000/team/app""#);
    let application =
        |kind: &str, spec: &str| format!("apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nspec: {spec}\n");
    let app = |text: &str| refused(Where::Application, text);
    assert_snapshot!(app(&application("ApplicationSet", "{}")), @"1:1: it is an ApplicationSet: a value there is one of many Applications");
    assert_snapshot!(app("kind: Application\n"), @"there is no Application");
    assert_snapshot!(app(&format!("{0}---\n{0}", application("Application", "{source: {path: a}}"))), @"5:1: there are several Application documents, on lines [1, 5]: name one");
    assert_snapshot!(app(&application("Application", "{sources: [{path: a}, {path: b}]}")), @"3:29: several sources, on lines [3, 3]");
    assert_snapshot!(app(&application("Application", "{}")), @r#"has no kustomize.images entry named "registry.example.org:5000/team/app""#);
}

#[test]
fn characters_that_end_a_line_to_kustomize_only() {
    for odd in ['\u{85}', '\u{2028}', '\u{2029}'] {
        for text in [
            format!("images:\n{ENTRY}  newTag: v1 # {odd}  newTag: v9\n"),
            format!("images:\n{ENTRY}  newTag: v1\n# {odd}images: [{{name: x, newTag: v9}}]\n"),
            format!("a: 1\na: 1\nimages:\n- name: other\n  newTag: v1 # {odd}namePrefix: |-\n"),
        ] {
            let fault = refused(&text, Set::tag("v2"));
            assert!(fault.contains("ends a line to some readers"), "{text:?}: {fault}");
        }
        // Within quotes it is a letter like others.
        let text = format!("x: \"{odd}\"\nimages:\n{ENTRY}  newTag: v1\n");
        assert!(edit(text.as_bytes(), &Set::tag("v2")).is_ok(), "{text:?}");
    }
}

#[test]
fn keys_that_are_one_to_go() {
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\nimage\u{17f}: []\n")), @r#"4:1: cannot be edited safely: the key "images" stands on several lines: [1, 4]"#);
    assert_snapshot!(tag(format!("images:\n{ENTRY}  newTag: v1\n  newTag: v1\n")), @r#"4:3: cannot be edited safely: the key "newTag" stands on several lines: [3, 4]"#);
}

#[test]
fn names_that_may_match_in_go() {
    for name in ["[a&&x]pp", "[a~~a]pp", "[x[a]pp"] {
        let text = format!("images:\n{ENTRY}  newTag: v1\n- name: '{name}'\n  newTag: v9\n");
        assert!(refused(&text, Set::tag("v2")).contains("several images entries"), "{text}");
    }
}

#[test]
fn nothing_goes_below_a_block_text_without_line_end() {
    for other in ["", "a: 1\na: 1\n"] {
        assert!(tag(format!("{other}b: |\n  x")).contains("a line end there helps"));
    }
}
