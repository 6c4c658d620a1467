//! What a file has, and values that can be read but not edited.

use insta::assert_snapshot;
use tiphys::{
    domain::position::Position,
    manifest::workload::{self, ContainerRef},
};

use super::{ANY, named};

fn listed(text: &str) -> String {
    let workloads = workload::workloads(text.as_bytes()).expect("readable");
    let lines = workloads.iter().flat_map(|workload| {
        let namespace = workload.namespace.as_deref().map(|n| format!(" in {n}")).unwrap_or_default();
        let template = workload.template_of.as_deref().map(|t| format!(" template of {t}")).unwrap_or_default();
        let name = workload.name.as_deref().unwrap_or("?");
        let containers = workload.containers.iter().map(|container| {
            let (name, image) = (container.name.as_deref().unwrap_or("?"), container.image.as_deref().unwrap_or("-"));
            format!("  {}: {name} {image} ({})", container.at, container.image_name().unwrap_or("-"))
        });
        let title = format!("{}: {}/{name}{namespace}{template}", workload.at, workload.kind);
        [title].into_iter().chain(containers).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn everything_in_a_file_is_listed() {
    let text = r#"# comment
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers:
      - name: migrate
        image: r.example.org:5000/web@sha256:0
      containers:
      - name: app
        image: "r.example.org:5000/web:1"
      - name: bare
--- # a service
kind: Service
metadata: {name: web}
---
---
apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: report}
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: r, image: web}, {}]}}}}}
- kind: Job
  metadata: {generateName: once-}
- just a text
- [kind, Pod]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec:
  workloadRef: {kind: Deployment, name: web}
---
apiVersion: example.org/v1
kind: Rollout
metadata: {name: other}
---
- kind: Pod
---
kind: [Pod]
"#;
    assert_snapshot!(listed(text), @r"
    2:1: Deployment/web in shop
      13:16: app r.example.org:5000/web:1 (r.example.org:5000/web)
      14:9: bare - (-)
      10:16: migrate r.example.org:5000/web@sha256:0 (r.example.org:5000/web)
    23:3: CronJob/report
      26:79: r web (web)
      26:85: ? - (-)
    27:3: Job/?
    32:1: Rollout/canary template of Deployment/web
    ");
    assert_snapshot!(listed(""), @"");
    assert_snapshot!(listed("\u{feff}{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"Ж\"},\"spec\":{\"containers\":[{\"image\":\"a:1\"}]}}"), @r"
    1:1: Pod/Ж
      1:88: ? a:1 (a)
    ");
}

#[test]
fn aliases_and_merges_are_seen_through() {
    let text = "x-base: &base\n  image: web:1\nx-list: &list\n- {<<: *base, name: a}\nkind: Pod\nmetadata: {name: web}\nspec: {containers: *list}\n";
    assert_snapshot!(listed(text), @r"
    1:1: Pod/web
      2:10: a web:1 (web)
    ");
    let image = workload::image(text.as_bytes(), &ANY, ContainerRef::Only).expect("readable");
    assert_eq!(image, Some(("web:1".to_owned(), Position { line: 2, column: 10 })));
}

#[test]
fn values_are_read_with_their_places() {
    let text = "kind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: '2'\n  template: {spec: {containers: [{name: app, image: }]}}\n";
    let count = |text: &str| workload::replicas(text.as_bytes(), &named("web")).expect("readable");
    assert_eq!(count(text), Some((2, Position { line: 4, column: 13 })));
    assert_eq!(count("kind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: ~\n"), None);
    assert_eq!(
        count("x: &n 4\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: *n\n").map(|c| c.0),
        Some(4)
    );
    let image = |container| workload::image(text.as_bytes(), &named("web"), container).expect("readable");
    assert_eq!((image(ContainerRef::Only), image(ContainerRef::Name("app"))), (None, None));
}

#[test]
fn aliases_of_aliases_have_an_end() {
    let pods = |levels: usize| {
        let mut text = "a0: &a0 {kind: Pod}\n".to_owned();
        for level in 1..=levels {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} {{kind: List, items: [{items}]}}\n");
        }
        workload::workloads(format!("{text}kind: List\nitems: [*a{levels}]\n").as_bytes())
    };
    assert_eq!(pods(4).map(|pods| pods.len()), Ok(10_000));
    assert_snapshot!(pods(5).expect_err("too many"), @"is not valid YAML: more than 100000 resources or containers");
    // The parser stops before that where much more is meant.
    assert_snapshot!(pods(11).expect_err("too many"), @"7:35: is not valid YAML: too many values");
    let list = format!("c: &c [{}]\n", vec!["{image: a}"; 1000].join(", "));
    let pods = "- {kind: Pod, spec: {containers: *c}}\n".repeat(110);
    let fault = workload::workloads(format!("{list}kind: List\nitems:\n{pods}").as_bytes()).expect_err("too many");
    assert_snapshot!(fault, @"is not valid YAML: more than 100000 resources or containers");
    let outcome =
        workload::image(format!("{list}kind: List\nitems:\n{pods}").as_bytes(), &ANY, ContainerRef::Image("a"));
    assert_snapshot!(outcome.expect_err("too many"), @"is not valid YAML: more than 100000 resources or containers");
}
