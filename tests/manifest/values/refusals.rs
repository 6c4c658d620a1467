//! What is refused, with the line and the words of the log.

use insta::assert_snapshot;
use tiphys::manifest::{
    Missing,
    helm::{self, Host},
    key_path::KeyPath,
    value::NewValue::{Auto, Bool, Integer, String},
};

use super::refused;

const FILE: Host = Host::ValuesFile;
const APP: Host = Host::Application { name: None };
const RELEASE: Host = Host::HelmRelease { name: None };

fn tag(text: impl AsRef<[u8]>) -> std::string::String {
    refused(text, &FILE, "image.tag", String("v2"))
}

fn app(helm: &str) -> std::string::String {
    refused(application(helm), &APP, "image.tag", String("v2"))
}

fn application(helm: &str) -> std::string::String {
    format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    chart: app\n    helm:\n{helm}")
}

fn release(spec: &str) -> std::string::String {
    let text = format!("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n{spec}");
    refused(text, &RELEASE, "image.tag", String("v2"))
}

#[test]
fn values_that_others_share() {
    assert_snapshot!(tag("x: &t v1\nimage:\n  tag: *t\n"), @"3:8: cannot be edited safely: the value is an alias (*t) of the anchor on line 1");
    assert_snapshot!(tag("image:\n  tag: &t v1\nx: *t\n"), @"2:11: cannot be edited safely: the value is anchored (&t), used on lines [3]");
    assert_snapshot!(tag("image:\n  tag: &t\n"), @"2:10: cannot be edited safely: the value is anchored (&t)");
    assert_snapshot!(tag("x: &i {tag: v1}\nimage: *i\n"), @"2:8: cannot be edited safely: the value is an alias (*i) of the anchor on line 1");
    assert_snapshot!(tag("image: &i\n  tag: v1\nx: *i\n"), @"2:3: cannot be edited safely: the value is anchored (&i), used on lines [3]");
    assert_snapshot!(tag("x: &i {tag: v1}\nimage:\n  <<: *i\n"), @"3:7: cannot be edited safely: the value is an alias (*i) of the anchor on line 1");
    assert_snapshot!(tag("x: &i {tag: v1}\nimage:\n  <<: [*i]\n  a: b\n"), @"3:8: cannot be edited safely: the value is an alias (*i) of the anchor on line 1");
    assert_snapshot!(tag("y: &y {tag: v1}\nx: &x\n  <<: *y\nimage:\n  <<: *x\n"), @"5:7: cannot be edited safely: the value is an alias (*x) of the anchor on line 3");
    assert_snapshot!(tag("x: &x\n  image: {tag: v1}\n<<: *x\n"), @"3:5: cannot be edited safely: the value is an alias (*x) of the anchor on line 2");
    assert_snapshot!(tag("image:\n  <<: {tag: v1}\n"), @"2:7: cannot be edited safely: the value is an alias (*<<) of the anchor on line 2");
    assert_snapshot!(tag("image: &i {}\nx: *i\n"), @"1:11: cannot be edited safely: the value is anchored (&i), used on lines [2]");
    assert_snapshot!(tag("x: &i {a: b}\nimage: *i\n"), @"2:8: cannot be edited safely: the value is an alias (*i) of the anchor on line 1");
    assert_snapshot!(tag("image: &i\n"), @"1:10: cannot be edited safely: the value is anchored (&i)");
    assert_snapshot!(refused("a: &a\n- v1\nb: *a\n", &FILE, "b[0]", String("v2")), @"3:4: cannot be edited safely: the value is an alias (*a) of the anchor on line 2");
}

#[test]
fn values_that_are_no_simple_scalars() {
    assert_snapshot!(tag("image:\n  tag: |-\n    v1\n"), @"2:3: image.tag is a text of several lines, not a single value");
    assert_snapshot!(tag("image:\n  tag: [v1]\n"), @"2:8: image.tag is a list, not a single value");
    assert_snapshot!(tag("image:\n  tag: {v1: v2}\n"), @"2:8: image.tag is a map, not a single value");
    assert_snapshot!(tag("image:\n  tag: !mine v1\n"), @"2:14: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(tag("image:\n  tag: !!int 1\n"), @"2:14: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused("n: !!str 1\n", &FILE, "n", Integer(2)), @"1:10: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused("a:\n- |\n  x\n", &FILE, "a[0]", String("v2")), @"3:3: a[0] is a text of several lines, not a single value");
}

#[test]
fn something_else_in_the_way() {
    assert_snapshot!(tag("image: a/b:v1\n"), @"1:8: image is a single value, not a map");
    assert_snapshot!(tag("image: [a]\n"), @"1:8: image is a list, not a map");
    assert_snapshot!(tag("image: ''\n"), @"1:8: image is a single value, not a map");
    assert_snapshot!(tag("- image\n"), @"1:1: the document is a list, not a map");
    assert_snapshot!(tag("just text\n"), @"1:1: the document is a single value, not a map");
    assert_snapshot!(refused("a:\n  b: 1\n", &FILE, "a.b.c.d", Bool(true)), @"2:6: a.b is a single value, not a map");
    assert_snapshot!(refused("a: |\n  x\n", &FILE, "a.b", Bool(true)), @"2:3: a is a text of several lines, not a map");
    assert_snapshot!(refused("a: {b: 1}\n", &FILE, "a[0]", Bool(true)), @"1:4: a is not a list");
    assert_snapshot!(refused("a: [b]\n", &FILE, "a[1]", Bool(true)), @"1:4: has no value at a[1]");
    assert_snapshot!(refused("a:\n- name: b\n", &FILE, "a[name=c].d", Bool(true)), @"2:3: has no value at a[name=c]");
    assert_snapshot!(refused("a:\n- name: b\n- x: 1\n  name: b\n", &FILE, "a[name=b].d", Bool(true)), @r#"3:3: has several a entries named "b", on lines [2, 3]"#);
    assert_snapshot!(refused("b: 1\n", &FILE, "a[0].d", Bool(true)), @"has no value at a[0]");
    assert_snapshot!(refused("a:\n-\n- 1\n", &FILE, "a[0]", Integer(2)), @"2:2: cannot be edited safely: the edited text would differ in more than the value: the list's item is empty");
    assert_snapshot!(refused("a:\n-\n- 1\n", &FILE, "a[0].b", Integer(2)), @"2:2: cannot be edited safely: the edited text would differ in more than the value: the list's item is empty");
}

#[test]
fn keys_that_stand_twice() {
    assert_snapshot!(tag("image:\n  tag: v1\n  tag: v1\n"), @r#"3:3: cannot be edited safely: the key "tag" stands on several lines: [2, 3]"#);
    assert_snapshot!(tag("image:\n  tag: v1\n\nimage: {}\n"), @r#"4:1: cannot be edited safely: the key "image" stands on several lines: [1, 4]"#);
    assert_snapshot!(tag("image: {a: 1}\nx: 1\n'image': {}\n"), @r#"3:1: cannot be edited safely: the key "image" stands on several lines: [1, 3]"#);
}

#[test]
fn kinds_that_are_unclear() {
    assert_snapshot!(refused("a: b\n", &FILE, "x", Auto("3")), @r#""3" may be meant as a string or not, and no value at x shows which"#);
    assert_snapshot!(refused("a: b\nx: ~\n", &FILE, "x", Auto("1.10")), @r#"2:4: "1.10" may be meant as a string or not, and no value at x shows which"#);
    assert_snapshot!(refused("a: b\nx:\n", &FILE, "x", Auto("null")), @r#"2:2: "null" may be meant as a string or not, and no value at x shows which"#);
    assert_snapshot!(refused("a: b\nx:\n", &FILE, "x", Auto("")), @r#"2:2: "" may be meant as a string or not, and no value at x shows which"#);
    assert_snapshot!(refused("# nothing\n", &FILE, "x", Auto("true")), @r#""true" may be meant as a string or not, and no value at x shows which"#);
}

#[test]
fn texts_of_another_kind() {
    let set = |old: &str, new: &str| refused(format!("x: {old}\n"), &FILE, "x", Auto(new));
    assert_snapshot!(set("2", "three"), @r#"1:4: 2 is a whole number there, "three" isn't"#);
    assert_snapshot!(set("2", ""), @r#"1:4: 2 is a whole number there, "" isn't"#);
    assert_snapshot!(set("2", "1.5"), @r#"1:4: 2 is a whole number there, "1.5" isn't"#);
    assert_snapshot!(set("2", "true"), @r#"1:4: 2 is a whole number there, "true" isn't"#);
    assert_snapshot!(set("493", "0755"), @r#"1:4: 493 is a whole number there, "0755" isn't written the same way"#);
    assert_snapshot!(set("0644", "0x1F"), @r#"1:4: 0644 is a whole number there, "0x1F" isn't written the same way"#);
    assert_snapshot!(set("0644", "755"), @r#"1:4: 0644 is a whole number there, "755" isn't written the same way"#);
    assert_snapshot!(set("0x1F", "255"), @r#"1:4: 0x1F is a whole number there, "255" isn't written the same way"#);
    assert_snapshot!(set("0.5", "half"), @r#"1:4: 0.5 is a number there, "half" isn't a decimal one"#);
    assert_snapshot!(set("true", "off"), @r#"1:4: true is a truth value there, "off" is neither true nor false"#);
    assert_snapshot!(set("true", "TRUE"), @r#"1:4: true is a truth value there, "TRUE" is neither true nor false"#);
    assert_snapshot!(set("2024-01-31", "soon"), @r#"1:4: 2024-01-31 is a date there, "soon" is no day like 2024-01-31"#);
    assert_snapshot!(set("2024-01-31", "2024-02-30"), @r#"1:4: 2024-01-31 is a date there, "2024-02-30" is no day like 2024-01-31"#);
    assert_snapshot!(set("12:30", "12:45"), @r#"1:4: 12:30 is no string to some readers, so it doesn't show the type of "12:45""#);
    assert_snapshot!(refused("tag: 2\n", &FILE, "tag", Auto("")), @r#"1:6: 2 is a whole number there, "" isn't"#);
    assert_snapshot!(refused("tag: true\n", &FILE, "tag", Auto("v1")), @r#"1:6: true is a truth value there, "v1" is neither true nor false"#);
}

#[test]
fn values_that_are_not_there() {
    let missing = |text: &str, host: &Host, path: &str| {
        let path = KeyPath::parse(path).expect("a path");
        helm::set(text.as_bytes(), host, &path, String("v2"), Missing::Refuse).expect_err("not there").to_string()
    };
    assert_snapshot!(missing("image:\n  a: b\n", &FILE, "image.tag"), @"has no value at image.tag");
    assert_snapshot!(missing("", &FILE, "image.tag"), @"has no value at image.tag");
    assert_snapshot!(missing("a: 1\n", &FILE, r#"image."a.b"[0]"#), @r"has no value at image.a\.b[0]");
    assert_snapshot!(missing(&application("      valuesObject: {image: {}}\n"), &APP, "image.tag"), @"has no value at image.tag");
    assert_snapshot!(missing(&application("      values: |\n        a: b\n"), &APP, "image.tag"), @"7:7: has no value at image.tag");
    assert_snapshot!(missing(&application("      parameters: [{name: a, value: b}]\n"), &APP, "image.tag"), @"has no value at image.tag");
    assert_snapshot!(tag("a: 1\n---\nimage:\n  tag: v1\n"), @"4:8: image.tag stands only in a later document, and Helm reads no other than the first");
    let two = "apiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 1}\n";
    assert_snapshot!(refused(two, &FILE, "spec.replicas", Auto("2")), @"6:18: spec.replicas stands only in a later document, and no other than the first is edited by key path");
    assert_snapshot!(tag("---\n# c\n---\nimage:\n  tag: v1\n"), @"5:8: image.tag stands only in a later document, and Helm reads no other than the first");
}

#[test]
fn templates() {
    assert_snapshot!(tag("{{- if .Values.x }}\nimage:\n  tag: v1\n{{- end }}\n"), @"1:3: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("image:\n  tag: {{ .Values.tag }}\n"), @"2:8: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("image: {{ .Values.image }}\n"), @"1:8: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("image:\n  tag: \"{{ .Chart.AppVersion }}\"\n"), @"2:8: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("image:\n  tag: 'v{{ .Chart.AppVersion }}-alpine'\n"), @"2:8: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("image:\n  tag: ${TAG}\n"), @r#"2:8: "${TAG}" is filled in by something else"#);
    assert_snapshot!(tag("image:\n  tag: \"v${TAG:-1.0}\"\n"), @r#"2:8: "v${TAG:-1.0}" is filled in by something else"#);
    assert_snapshot!(app("      valuesObject: {image: {tag: '${TAG}'}}\n"), @r#"7:35: "${TAG}" is filled in by something else"#);
    assert_snapshot!(release("  values:\n    image:\n      tag: ${TAG}\n"), @r#"6:12: "${TAG}" is filled in by something else"#);
    assert_snapshot!(tag("image: \"{{ .Values.image }}\"\n"), @"1:8: it is a Go template ({{ … }}), not YAML");
    assert_snapshot!(tag("a: [\nimage:\n  tag: v1\n"), @"3:6: is not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'");
}

#[test]
fn encrypted_files() {
    assert_snapshot!(tag("image:\n  tag: v1\nsops:\n  version: 3.9.0\n"), @"3:1: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(tag("image:\n  tag: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n"), @"2:8: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(tag("image: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n"), @"1:8: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(app("      valuesObject: {image: {tag: 'ENC[AES256_GCM,data:x]'}}\n"), @"7:35: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(app("      valuesObject: {image: {tag: 'ENC[AES256_GCM,data:x]'}}\nsops: {}\n"), @"8:1: cannot be edited safely: the file is encrypted by SOPS");
}

#[test]
fn places_where_nothing_can_be_put_in() {
    assert_snapshot!(tag("image: !!map\n"), @"1:13: image is a single value, not a map");
    assert_snapshot!(tag("image: {\n  # none\n}\n"), @"1:8: cannot be edited safely: the edited text would differ in more than the value: the empty map holds a comment");
    assert_snapshot!(tag("? image\n"), @"1:3: cannot be edited safely: the edited text would differ in more than the value: the key has no colon");
    assert_snapshot!(tag("? a\n: b\n"), @"1:1: cannot be edited safely: the edited text would differ in more than the value: the map's indentation is unclear");
    assert_snapshot!(tag("a: |\n  no final line end"), @"2:20: cannot be edited safely: the edited text would differ in more than the value: the file ends in a block text without a line end, so nothing can be put below it; a line end there helps");
}

#[test]
fn applications() {
    assert_snapshot!(app("      values: >\n        image: {tag: v1}\n"), @"7:7: the values are a text, but not a literal block scalar (`|`)");
    assert_snapshot!(app("      values: \"image:\\n  tag: v1\\n\"\n"), @"7:7: the values are a text, but not a literal block scalar (`|`)");
    assert_snapshot!(app("      values: 'image: {tag: v1}'\n"), @"7:7: the values are a text, but not a literal block scalar (`|`)");
    assert_snapshot!(app("      values: {image: {tag: v1}}\n"), @"7:7: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(app("      values: &v |\n        image:\n          tag: v1\n"), @"7:7: cannot be edited safely: the value is anchored (&v)");
    assert_snapshot!(app("      values: |\n        image:\n          tag: v1\n          tag: v1\n"), @r#"10:11: cannot be edited safely: the key "tag" stands on several lines: [9, 10]"#);
    assert_snapshot!(app("      values: |\n\n        x: &x v1\n        image:\n          tag: *x\n"), @"11:16: cannot be edited safely: the value is an alias (*x) of the anchor on line 9");
    assert_snapshot!(app("      values: |\n        image:\n          tag: &x v1\n        x: *x\n"), @"9:19: cannot be edited safely: the value is anchored (&x), used on lines [10]");
    assert_snapshot!(app("      values: |\n        image: [\n"), @"8:16: is not valid YAML: unclosed bracket '['");
    assert_snapshot!(app("      values: |\n        image: a/b:v1\n"), @"8:16: image is a single value, not a map");
    assert_snapshot!(app("      values: |\n        sops: {}\n        image: {tag: v1}\n"), @"8:9: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(app("      valuesObject: &v {image: {tag: v1}}\nx: *v\n"), @"7:24: cannot be edited safely: the value is anchored (&v), used on lines [8]");
    assert_snapshot!(app("      parameters:\n      - {name: image.tag, value: a}\n      - {name: image.tag, value: b}\n"), @r#"9:9: has several parameters entries named "image.tag", on lines [8, 9]"#);
    assert_snapshot!(app("      parameters:\n      - {name: image, value: a}\n"), @"8:9: image is a single value, not a map");
    assert_snapshot!(app("      parameters:\n      - {name: image.tag.x, value: a}\n"), @"8:9: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(app("      parameters:\n      - name: image.tag\n        value: |-\n          v1\n"), @"9:9: image.tag is a text of several lines, not a single value");
    assert_snapshot!(app("      fileParameters:\n      - {name: image.tag, path: tag.txt}\n      parameters:\n      - {name: image.tag, value: a}\n"), @"8:9: image.tag is read from a file by fileParameters");
    let parameter = application(
        "      parameters:\n      - {name: image.tag, value: v1}\n      - {name: b, value: v1, forceString: false}\n",
    );
    assert_snapshot!(refused(&parameter, &APP, "image.tag", String("20240131")), @r#"8:9: Helm would read the parameter "20240131" as no string: `forceString: true` is missing"#);
    assert_snapshot!(refused(&parameter, &APP, "b", String("null")), @r#"9:9: Helm would read the parameter "null" as no string: `forceString: true` is missing"#);
}

#[test]
fn applications_that_are_unclear() {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n";
    let set = |text: std::string::String, host: &Host| refused(text, host, "image.tag", String("v2"));
    let named = |name: &str| Host::Application { name: Some(name.to_owned()) };
    assert_snapshot!(set(format!("{head}  source: {{path: x}}\n"), &APP), @"1:1: no source of this Application is set up for Helm");
    assert_snapshot!(set(format!("{head}  x: 1\n"), &APP), @"1:1: no source of this Application is set up for Helm");
    assert_snapshot!(set(format!("{head}  sources:\n  - helm: {{}}\n  - chart: b\n"), &APP), @"7:5: several Helm sources may be meant, on lines [6, 7]");
    assert_snapshot!(set(format!("{head}  sources:\n  - helm: {{valuesObject: {{image: {{tag: a}}}}}}\n  - chart: x\n  - helm: {{valuesObject: {{image: {{tag: a}}}}}}\n"), &APP), @"8:5: several Helm sources may be meant, on lines [6, 8]");
    assert_snapshot!(set(format!("{head}---\n{head}"), &APP), @"6:1: there are several Application documents, on lines [1, 6]: name one");
    assert_snapshot!(set(format!("{head}---\n{head}"), &named("b")), @r#"there is no Application named "b""#);
    assert_snapshot!(set(head.replace("kind: Application", "kind: ApplicationSet"), &APP), @"1:1: it is an ApplicationSet: a value there is one of many Applications");
    assert_snapshot!(set("image: {tag: v1}\n".to_owned(), &APP), @"there is no Application");
    assert_snapshot!(set(format!("{head}  source: *x\n"), &APP), @"5:11: is not valid YAML: while parsing node, found unknown anchor");
    assert_snapshot!(set(format!("x: &x {{helm: {{valuesObject: {{image: {{tag: a}}}}}}}}\n{head}  source: *x\n"), &APP), @"6:11: cannot be edited safely: the value is an alias (*x) of the anchor on line 1");
}

#[test]
fn releases() {
    assert_snapshot!(release("  valuesFrom:\n  - kind: ConfigMap\n    name: a\n"), @"5:5: image.tag is not set inline, and valuesFrom takes values from the cluster");
    assert_snapshot!(release("  values:\n    image: {}\n  valuesFrom:\n  - {kind: ConfigMap, name: a}\n"), @"7:5: image.tag is not set inline, and valuesFrom takes values from the cluster");
    assert_snapshot!(release("  values: |\n    image:\n      tag: v1\n"), @"5:5: spec.values is a text of several lines, not a map");
    assert_snapshot!(refused("kind: HelmRelease\n", &RELEASE, "a", String("v2")), @"there is no HelmRelease");
}

#[test]
fn a_text_in_a_text_without_line_end() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  source:\n    chart: c\n    helm:\n      values: |\n        x: |\n          a";
    let host = Host::Application { name: None };
    let outcome = super::set(text, &host, "zz", String("v"));
    assert!(outcome.expect_err("its value would change").to_string().contains("a line end there helps"));
    assert!(super::set(format!("{text}\n"), &host, "zz", String("v")).is_ok());
}
