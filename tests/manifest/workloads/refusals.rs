//! What is refused, with the line and the words of the log.

use insta::assert_snapshot;
use tiphys::manifest::{
    Missing,
    workload::{self, ContainerRef, Selector},
};

use super::{ANY, Set, edit, named, with_digests};

const APP: Set = Set::Image(ANY, ContainerRef::Name("app"), "*:v2");
const WEB: Set = Set::Image(ANY, ContainerRef::Image("web"), "*:v2");
const THREE: Set = Set::Count(ANY, 3);

fn refused(text: impl AsRef<[u8]>, set: Set) -> String {
    edit(text.as_ref(), set).expect_err("refused").to_string()
}

/// A pod whose only container goes on with this.
fn pod(container: &str) -> String {
    format!("kind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: app\n{container}")
}

fn deployment(name: &str, spec: &str) -> String {
    format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

#[test]
fn values_that_others_share() {
    assert_snapshot!(refused(pod("    image: *i\n").replace("name: app", "x: &i web:v1\n    name: app"), APP), @"7:12: cannot be edited safely: the value is an alias (*i) of the anchor on line 5");
    assert_snapshot!(refused(pod("    image: &i web:v1\n    command: [*i]\n"), APP), @"6:15: cannot be edited safely: the value is anchored (&i), used on lines [7]");
    assert_snapshot!(refused(pod("    image: &i web:v1\n"), APP), @"6:15: cannot be edited safely: the value is anchored (&i)");
    assert_snapshot!(refused("x: &c {name: app, image: web:v1}\nkind: Pod\nspec:\n  containers:\n  - *c\n", APP), @"5:5: cannot be edited safely: the value is an alias (*c) of the anchor on line 1");
    assert_snapshot!(refused("x: &c\n- {name: app, image: web:v1}\nkind: Pod\nspec:\n  containers: *c\n", APP), @"5:15: cannot be edited safely: the value is an alias (*c) of the anchor on line 2");
    assert_snapshot!(refused("x: &c {image: web:v1}\nkind: Pod\nspec:\n  containers:\n  - name: app\n    <<: *c\n", APP), @"6:9: cannot be edited safely: the value is an alias (*c) of the anchor on line 1");
    assert_snapshot!(refused("kind: Pod\nspec: &s\n  containers:\n  - {name: app, image: web:v1}\nx: *s\n", APP), @"3:3: cannot be edited safely: the value is anchored (&s), used on lines [5]");
    assert_snapshot!(refused("kind: List\nitems:\n- &p\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: app, image: web:v1}]}\nx: *p\n", APP), @"4:3: cannot be edited safely: the value is anchored (&p), used on lines [7]");
    assert_snapshot!(refused("x: &n 2\nkind: Deployment\nspec:\n  replicas: *n\n", THREE), @"4:13: cannot be edited safely: the value is an alias (*n) of the anchor on line 1");
    assert_snapshot!(refused("x: &n {replicas: 2}\nkind: Deployment\nspec:\n  <<: *n\n  paused: true\n", THREE), @"4:7: cannot be edited safely: the value is an alias (*n) of the anchor on line 1");
    assert_snapshot!(refused("x: &s {paused: true}\nkind: Deployment\nspec: *s\n", THREE), @"3:7: cannot be edited safely: the value is an alias (*s) of the anchor on line 1");
    assert_snapshot!(refused("kind: Deployment\nspec: &s\n  paused: true\nx: *s\n", THREE), @"3:3: cannot be edited safely: the value is anchored (&s), used on lines [4]");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: &n 2\nx: *n\n", THREE), @"3:16: cannot be edited safely: the value is anchored (&n), used on lines [4]");
}

#[test]
fn values_that_are_no_simple_scalars() {
    assert_snapshot!(refused(pod("    image: |-\n      web:v1\n"), APP), @"6:5: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused(pod("    image: >-\n      web:v1\n"), WEB), @"6:5: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused(pod("    image: [web:v1]\n"), APP), @"6:12: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused(pod("    image: {name: web}\n"), APP), @"6:12: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused(pod("    image: !mine web:v1\n"), APP), @"6:18: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: [2]\n", THREE), @"3:13: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: |\n    2\n", THREE), @"3:3: cannot be edited safely: the value is not a plain or quoted scalar");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: !!str 2\n", THREE), @"3:19: cannot be edited safely: the value is not a plain or quoted scalar");
}

#[test]
fn keys_and_names_that_stand_twice() {
    assert_snapshot!(refused(pod("    image: web:v1\n    image: web:v1\n"), APP), @r#"7:5: cannot be edited safely: the key "image" stands on several lines: [6, 7]"#);
    assert_snapshot!(refused("kind: Pod\nspec:\n  containers:\n  - name: app\n    image: web:v1\n    name: app\n", APP), @r#"6:5: cannot be edited safely: the key "name" stands on several lines: [4, 6]"#);
    assert_snapshot!(refused("kind: Pod\nkind: Job\n", APP), @r#"2:1: cannot be edited safely: the key "kind" stands on several lines: [1, 2]"#);
    assert_snapshot!(refused("kind: Pod\nspec: {}\nspec: {}\n", APP), @r#"3:1: cannot be edited safely: the key "spec" stands on several lines: [2, 3]"#);
    assert_snapshot!(refused("kind: Pod\nmetadata: {name: a, name: b}\n", APP), @r#"2:21: cannot be edited safely: the key "name" stands on several lines: [2, 2]"#);
    assert_snapshot!(refused("kind: Deployment\nspec: {replicas: 1, replicas: 2}\n", THREE), @r#"2:21: cannot be edited safely: the key "replicas" stands on several lines: [2, 2]"#);
    assert_snapshot!(refused(pod("    image: web:v1\n  - name: app\n    image: other:v1\n"), APP), @"7:5: has several containers that match: app, app, on lines [5, 7]");
    assert_snapshot!(refused(pod("    image: web:v1\n  initContainers:\n  - name: app\n    image: web:v1\n"), APP), @"8:5: has several containers that match: app, app, on lines [5, 8]");
}

#[test]
fn several_that_match() {
    let two = [deployment("web", "{replicas: 1}"), deployment("api", "{replicas: 1}")].join("---\n");
    assert_snapshot!(refused(&two, THREE), @"6:1: has several workloads that match: Deployment/web, Deployment/api, on lines [1, 6]");
    assert_snapshot!(refused(&two, APP), @"6:1: has several workloads that match: Deployment/web, Deployment/api, on lines [1, 6]");
    let twice = [deployment("web", "{replicas: 1}"), deployment("web", "{replicas: 1}")].join("---\n");
    assert_snapshot!(refused(&twice, Set::Count(named("web"), 3)), @"6:1: has several workloads that match: Deployment/web, Deployment/web, on lines [1, 6]");
    let pods = "kind: Pod\nmetadata: {name: web}\nspec: {containers: [{image: web:v1}]}\n";
    assert_snapshot!(refused([pods, pods].join("---\n"), WEB), @"5:1: has several workloads that match: Pod/web, Pod/web, on lines [1, 5]");
    let only = Set::Image(ANY, ContainerRef::Only, "*:v2");
    assert_snapshot!(refused(pod("    image: web:v1\n  - name: proxy\n    image: proxy:v1\n"), only), @"7:5: has several containers that match: app, proxy, on lines [5, 7]");
    assert_snapshot!(refused(pod("    image: web:v1\n  - name: b\n    image: web:v0\n  - name: c\n    image: web:v1\n"), WEB), @"8:12: has web in different versions: web:v1, web:v0, on lines [6, 8, 10]");
}

#[test]
fn what_is_not_there() {
    let two =
        [deployment("web", "{replicas: 1}"), "kind: CronJob\nmetadata: {name: report}\n".to_owned()].join("---\n");
    let kind = Selector { kind: Some("StatefulSet"), namespace: None, name: Some("web") };
    assert_snapshot!(refused(&two, Set::Image(named("api"), ContainerRef::Only, "*:v2")), @r#"has no workload named "api"; it has Deployment/web, CronJob/report"#);
    assert_snapshot!(refused(&two, Set::Image(kind, ContainerRef::Only, "*:v2")), @r#"has no workload named "StatefulSet/web"; it has Deployment/web, CronJob/report"#);
    assert_snapshot!(refused(&two, Set::Count(named("report"), 3)), @r#"has no workload named "report"; it has Deployment/web"#);
    assert_snapshot!(refused("kind: Service\n", THREE), @r#"has no workload named "*", nor any other"#);
    assert_snapshot!(refused("", APP), @r#"has no workload named "*", nor any other"#);
    assert_snapshot!(refused(&two, Set::Image(named("web"), ContainerRef::Only, "*:v2")), @r#"1:1: has no container named "*", nor any other"#);
    assert_snapshot!(refused(pod("    image: web:v1\n").replace("name: app", "name: api"), APP), @r#"1:1: has no container named "app"; it has api"#);
    assert_snapshot!(refused(pod("    image: web:v1\n"), Set::Image(ANY, ContainerRef::Image("webs"), "*:v2")), @r#"has no container named "webs"; it has web:v1"#);
    assert_snapshot!(refused(pod("    image: web:v1\n"), Set::Image(ANY, ContainerRef::Image("webs"), "r.example.org/web:v2")), @r#"has no container named "webs"; it has web:v1"#);
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  workloadRef:\n    kind: Deployment\n    name: web\n";
    assert_snapshot!(refused(rollout, APP), @"6:5: Rollout/web has no template of its own, its workloadRef names Deployment/web");
    assert_snapshot!(refused(rollout, WEB), @"6:5: Rollout/web has no template of its own, its workloadRef names Deployment/web");
    assert_snapshot!(refused(pod("    command: [x]\n"), APP), @"5:5: has no value at containers[app].image");
    assert_snapshot!(refused(pod("    image:\n"), APP), @"6:10: has no value at containers[app].image");
    assert_snapshot!(refused(pod("    command: [x]\n"), Set::Image(ANY, ContainerRef::Name("app"), "web:v2")), @"5:5: has no value at containers[app].image");
    assert_snapshot!(refused("kind: Deployment\nmetadata: {name: web}\n", THREE), @"1:1: has no value at spec");
    assert_snapshot!(refused("kind: Deployment\nspec:\n", THREE), @"2:5: has no value at spec");
    let missing = |text: &str| {
        workload::set_replicas(text.as_bytes(), &ANY, 3, Missing::Refuse).expect_err("refused").to_string()
    };
    assert_snapshot!(missing("kind: Deployment\nspec:\n  paused: true\n"), @"3:3: has no value at spec.replicas");
    assert_snapshot!(missing("kind: Deployment\nspec:\n  replicas: ~\n"), @"3:13: has no value at spec.replicas");
}

#[test]
fn texts_that_are_no_images_and_counts() {
    for text in [
        "${IMAGE}",
        "web:${TAG}",
        "web:",
        "REGISTRY/web:v1",
        "web v1",
        "web@v1",
        "web@sha256:",
        "a//b",
        "$(image)",
        ":v1",
    ] {
        let refused = refused(pod(&format!("    image: '{text}'\n")), APP);
        assert_eq!(refused, format!("6:12: {text:?} is not an image (name:tag@digest)"));
    }
    assert_snapshot!(refused(pod("    image: 'web:${TAG}'\n"), WEB), @r#"6:12: "web:${TAG}" is not an image (name:tag@digest)"#);
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: ${REPLICAS}\n", THREE), @r#"3:13: "${REPLICAS}" is not a whole number"#);
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: 2.5\n", THREE), @r#"3:13: "2.5" is not a whole number"#);
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: -1\n", THREE), @r#"3:13: "-1" is not a whole number"#);
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: 1\n", Set::Count(ANY, u32::MAX)), @"4294967295 replicas are more than the maximum of 2147483647");
}

#[test]
fn helm_templates() {
    assert_snapshot!(refused("{{- if .Values.web }}\nkind: Deployment\nspec:\n  replicas: 1\n{{- end }}\n", THREE), @"1:1: is a Helm template, not YAML: the values are elsewhere");
    assert_snapshot!(refused("kind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\nspec:\n  replicas: 1\n", THREE), @"3:9: is a Helm template, not YAML: the values are elsewhere");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: {{ .Values.replicaCount }}\n", THREE), @"3:13: is a Helm template, not YAML: the values are elsewhere");
    assert_snapshot!(refused("kind: Deployment\nspec:\n  replicas: '{{ .Values.replicaCount }}'\n", THREE), @"3:13: is a Helm template, not YAML: the values are elsewhere");
    assert_snapshot!(refused(pod("    image: \"{{ .Values.image }}:{{ .Values.tag }}\"\n"), APP), @"6:12: is a Helm template, not YAML: the values are elsewhere");
    // A template in a string elsewhere is a string.
    assert_snapshot!(refused("a: '{{ x }}'\nb: [\n", THREE), @"2:4: is not valid YAML: unclosed bracket '['");
    assert_snapshot!(refused("a: \"x: {{ y }}\"\nb: [\n", THREE), @"2:4: is not valid YAML: unclosed bracket '['");
}

#[test]
fn encrypted_files() {
    let pod = pod("    image: web:v1\n");
    assert_snapshot!(refused(format!("{pod}sops: {{mac: x}}\n"), APP), @"7:1: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(refused(format!("{pod}---\nkind: Secret\nsops: {{mac: x}}\n"), APP), @"9:1: cannot be edited safely: the file is encrypted by SOPS");
    assert_snapshot!(refused(pod.replace("web:v1", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"), APP), @"6:12: cannot be edited safely: the file is encrypted by SOPS");
}

#[test]
fn files_that_cannot_be_read() {
    assert_snapshot!(refused("kind: Pod\nspec: [\n", APP), @"2:7: is not valid YAML: unclosed bracket '['");
    assert_snapshot!(refused(b"kind: Pod\nmetadata: {name: \xff}\n", APP), @"2:18: is not valid YAML: not UTF-8");
    assert_snapshot!(refused("kind: Deployment\n---\na: 1\n\tb: 2\n", THREE), @"3:4: is not valid YAML: while scanning a plain scalar, found a tab");
    assert_snapshot!(refused("{\"kind\": \"Deployment\", \"spec\": {\"replicas\": 1}, \"x\": \"\\ud83d\\ude00\"}", THREE), @"1:45: cannot be edited safely: the edited text would differ in more than the value: yaml-rust2 cannot read the text: while parsing a quoted scalar, found invalid Unicode character escape code at byte 53 line 1 column 54; libyaml cannot read the text: found invalid Unicode character escape code at line 1 column 57, while parsing a quoted scalar at line 1 column 54");
    // One strict reader is enough; where both can't read another document the line is told.
    let web = deployment("web", "{replicas: 1}");
    assert_snapshot!(refused(format!("{web}---\na: 1\na: 2\nb:\tx\n"), THREE), @r#"4:18: cannot be edited safely: the edited text would differ in more than the value: yaml-rust2 cannot read the text: ':' must be followed by a valid YAML whitespace at byte 96 line 8 column 4; libyaml cannot read the text: duplicate entry with key "a" at line 6 column 1"#);
    assert_snapshot!(refused(with_digests("a: *b\n"), THREE), @"1:4: is not valid YAML: while parsing node, found unknown anchor");
    assert_snapshot!(refused("? spec\n: paused: true\nkind: Deployment\n", THREE), @"2:3: cannot be edited safely: the edited text would differ in more than the value: the indentation of spec is unclear");
}
