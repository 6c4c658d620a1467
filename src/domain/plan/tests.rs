//! Plans over whole snapshots: which file is edited, what is refused, what a status reads.

mod bases;
mod helm;
mod place;
mod plain;
mod review;

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    catalogue::{Environment, ObjectName, Workload},
    name::{ApplicationName, EnvironmentName, ImageName, Tag},
    snapshot::MemorySnapshot,
};

const FILE: &str = "apps/x/overlays/prod/kustomization.yaml";
const TEXT: &str = "resources: [../../base]
images:
- name: registry.example.org/team/x # the application
  newTag: 0.10.4
replicas:
- name: x
  count: 2
";

fn site() -> Site {
    Site {
        application: ApplicationName::new("x").expect("valid"),
        image: ImageName::new("registry.example.org/team/x").expect("valid"),
        environment: Environment {
            name: EnvironmentName::new("prod").expect("valid"),
            repository: Default::default(),
            path: RepoPath::new("apps/x/overlays/prod").expect("valid"),
            workload: Workload { namespace: "x".into(), name: "x".into() },
            argocd: ObjectName { namespace: "argocd".into(), name: "x-prod".into() },
            manifests: Default::default(),
            max_replicas: 20,
        },
    }
}

fn deploy(tag: &str) -> Mutation {
    Mutation::Deploy(Tag::new(tag).expect("valid"))
}

fn snapshot(files: &[(&str, &str)]) -> MemorySnapshot {
    MemorySnapshot::of(files.iter().map(|(name, text)| (format!("apps/x/{name}"), text))).expect("valid paths")
}

/// The plan in short: `line: from -> to`, or what is said instead.
fn outcome(files: &[(&str, &str)], mutation: &Mutation) -> String {
    outcome_at(files, &Catalogue::default(), &site(), mutation)
}

/// The same for a site of a catalogue.
fn outcome_at(files: &[(&str, &str)], catalogue: &Catalogue, site: &Site, mutation: &Mutation) -> String {
    match plan(&snapshot(files), catalogue, site, mutation) {
        Ok(Plan::Change { change, .. }) => {
            let from = change.from.as_deref().unwrap_or("nothing");
            let note = |about: &str, texts: &[String]| match texts {
                [] => String::new(),
                texts => format!(", {about} {}", texts.join(", ")),
            };
            let notes = note("shared with", &change.shared_with) + &note("not seen:", &change.unseen);
            format!("{}:{}: {from} -> {}{notes}", change.file, change.line, change.to)
        }
        Ok(Plan::AlreadySo { value }) => format!("already {value}"),
        Err(error) => error.to_string(),
    }
}

fn overlay(text: &str) -> (&'static str, &str) {
    ("overlays/prod/kustomization.yaml", text)
}

#[test]
fn a_digest_that_gives_way_is_the_value_before() {
    let digest = format!("sha256:0123abcd{}", "0".repeat(56));
    let pinned = format!("images:\n  - name: registry.example.org/team/x\n    digest: {digest}\n");
    let said = outcome(&[overlay(&pinned)], &deploy("0.10.6"));
    assert!(said.ends_with(":3: sha256:0123abcd… -> 0.10.6"), "{said}");
}

#[test]
fn one_line_of_one_file_changes() {
    let files = [overlay(TEXT)];
    let plan = |mutation: &Mutation| match plan(&snapshot(&files), &Catalogue::default(), &site(), mutation) {
        Ok(Plan::Change { edits, change }) => (edits, change),
        other => panic!("{other:?}"),
    };
    let file = RepoPath::new(FILE).expect("valid");
    let edit = |content: String| vec![FileEdit::write(file.clone(), content)];

    let (edits, change) = plan(&deploy("0.10.5"));
    assert_eq!(edits, edit(TEXT.replace("0.10.4", "0.10.5")));
    let (from, to) = (Some("0.10.4".to_owned()), "0.10.5".to_owned());
    assert_eq!(
        change,
        Change { file: file.clone(), line: 4, from, to, shared_with: vec![], unseen: vec![], gone: None }
    );

    let (edits, change) = plan(&Mutation::SetReplicas(3));
    assert_eq!(edits, edit(TEXT.replace("count: 2", "count: 3")));
    let (from, to) = (Some("2".to_owned()), "3".to_owned());
    assert_eq!(
        change,
        Change { file: file.clone(), line: 7, from, to, shared_with: vec![], unseen: vec![], gone: None }
    );
}

#[test]
fn what_is_already_so_changes_nothing() {
    assert_eq!(outcome(&[overlay(TEXT)], &deploy("0.10.4")), "already 0.10.4");
    assert_eq!(outcome(&[overlay(TEXT)], &Mutation::SetReplicas(2)), "already 2");
    let unquoted = TEXT.replace("0.10.4", "1.10");
    assert_snapshot!(outcome(&[overlay(&unquoted)], &deploy("1.10")), @"apps/x/overlays/prod/kustomization.yaml:4: 1.10 -> 1.10");
}

#[test]
fn the_kustomization_must_be_clear() {
    let name = |name: &'static str| (name, TEXT);
    assert_snapshot!(outcome(&[], &deploy("v2")), @"apps/x/overlays/prod: there is no kustomization.yaml, kustomization.yml or Kustomization");
    assert_snapshot!(outcome(&[name("overlays/kustomization.yaml")], &deploy("v2")), @"apps/x/overlays/prod: there is no kustomization.yaml, kustomization.yml or Kustomization");
    assert_snapshot!(outcome(&[name("overlays/prod/kustomization.yml")], &deploy("v2")), @"apps/x/overlays/prod/kustomization.yml:4: 0.10.4 -> v2");
    assert_snapshot!(outcome(&[name("overlays/prod/Kustomization")], &deploy("v2")), @"apps/x/overlays/prod/Kustomization:4: 0.10.4 -> v2");
    let two = [name("overlays/prod/kustomization.yaml"), name("overlays/prod/Kustomization")];
    assert_snapshot!(outcome(&two, &deploy("v2")), @"apps/x/overlays/prod: several kustomization files: kustomization.yaml, Kustomization");
    assert_snapshot!(outcome(&[overlay("images: [\n")], &deploy("v2")), @"apps/x/overlays/prod/kustomization.yaml:1:9: is not valid YAML: unclosed bracket '['");
}

#[test]
fn counts_have_a_maximum() {
    assert_snapshot!(outcome(&[overlay(TEXT)], &Mutation::SetReplicas(20)), @"apps/x/overlays/prod/kustomization.yaml:7: 2 -> 20");
    assert_snapshot!(outcome(&[overlay(TEXT)], &Mutation::SetReplicas(21)), @"apps/x/overlays/prod: 21 replicas are more than the maximum of 20");
    assert_snapshot!(outcome(&[overlay(TEXT)], &Mutation::SetReplicas(1_000_000_000)), @"apps/x/overlays/prod: 1000000000 replicas are more than the maximum of 20");
}

#[test]
fn files_that_argo_cd_applies_later_are_found() {
    let with =
        |name: &'static str, text: &'static str, mutation: &Mutation| outcome(&[overlay(TEXT), (name, text)], mutation);
    let (image, replicas) = (
        "kustomize:\n  images:\n  - registry.example.org/team/x:0.9\n",
        "kustomize:\n  replicas:\n  - name: x\n    count: 1\n",
    );
    let scale = Mutation::SetReplicas(3);
    assert_snapshot!(with("overlays/prod/.argocd-source.yaml", image, &deploy("v2")), @"apps/x/overlays/prod/.argocd-source.yaml:3:5: Argo CD applies this file after the kustomization, so a change there would have no effect");
    assert_snapshot!(with("overlays/prod/.argocd-source-x-prod.yaml", image, &deploy("v2")), @"apps/x/overlays/prod/.argocd-source-x-prod.yaml:3:5: Argo CD applies this file after the kustomization, so a change there would have no effect");
    assert_snapshot!(with("overlays/prod/.argocd-source-argocd_x-prod.yaml", image, &deploy("v2")), @"apps/x/overlays/prod/.argocd-source-argocd_x-prod.yaml:3:5: Argo CD applies this file after the kustomization, so a change there would have no effect");
    assert_snapshot!(with("overlays/prod/.argocd-source-x-prod.yaml", replicas, &scale), @"apps/x/overlays/prod/.argocd-source-x-prod.yaml:3:5: Argo CD applies this file after the kustomization, so a change there would have no effect");
    assert_snapshot!(with("overlays/prod/.argocd-source-x-prod.yaml", "kustomize: [\n", &scale), @"apps/x/overlays/prod/.argocd-source-x-prod.yaml:1:12: is not valid YAML: unclosed bracket '['");
    // What they set besides, or for another Application, is none of ours.
    assert_snapshot!(with("overlays/prod/.argocd-source-x-prod.yaml", image, &scale), @"apps/x/overlays/prod/kustomization.yaml:7: 2 -> 3");
    assert_snapshot!(with("overlays/prod/.argocd-source-x-prod.yaml", replicas, &deploy("v2")), @"apps/x/overlays/prod/kustomization.yaml:4: 0.10.4 -> v2");
    assert_snapshot!(with("overlays/prod/.argocd-source-x-staging.yaml", image, &deploy("v2")), @"apps/x/overlays/prod/kustomization.yaml:4: 0.10.4 -> v2");
    assert_snapshot!(with("base/.argocd-source.yaml", image, &deploy("v2")), @"apps/x/overlays/prod/kustomization.yaml:4: 0.10.4 -> v2");
}

#[test]
fn an_entry_is_put_in_only_where_it_can_match() {
    let text = "resources: [../../base]\n";
    let base = ("base/kustomization.yaml", "resources: [deployment.yaml]\n");
    let deployment = "kind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n    spec:\n      containers:\n      - image: registry.example.org/team/x:1\n";
    let (seen, other) = (("base/deployment.yaml", deployment), ("base/deployment.yaml", "kind: Service\n"));
    let scale = Mutation::SetReplicas(3);
    assert_snapshot!(outcome(&[overlay(text), base, seen], &deploy("v2")), @"apps/x/overlays/prod/kustomization.yaml:4: 1 -> v2");
    assert_snapshot!(outcome(&[overlay(text), base, seen], &scale), @"apps/x/overlays/prod/kustomization.yaml:4: nothing -> 3");
    assert_snapshot!(outcome(&[overlay(text), base, other], &deploy("v2")), @r#"apps/x/overlays/prod/kustomization.yaml: nothing here runs "registry.example.org/team/x"; looked at apps/x/overlays/prod/kustomization.yaml, apps/x/base/kustomization.yaml, apps/x/base/deployment.yaml"#);
    assert_snapshot!(outcome(&[overlay(text), base, other], &scale), @r#"apps/x/overlays/prod/kustomization.yaml: nothing here runs "x"; looked at apps/x/overlays/prod/kustomization.yaml, apps/x/base/kustomization.yaml, apps/x/base/deployment.yaml"#);
    // What can't be seen may match.
    assert_snapshot!(outcome(&[overlay("resources: ['https://example.org/base']\n")], &scale), @"apps/x/overlays/prod/kustomization.yaml:4: nothing -> 3, not seen: https://example.org/base in apps/x/overlays/prod/kustomization.yaml: remote, not followed");
    assert_snapshot!(outcome(&[overlay("resources: [a.yaml]\nimages: [{name: mirror/x}]\n")], &deploy("v2")), @r#"apps/x/overlays/prod/kustomization.yaml:2:10: has no images entry named "registry.example.org/team/x""#);
}

#[test]
fn a_status_reads_what_git_wants() {
    let read = |files: &[(&str, &str)]| match desired(&snapshot(files), &site()) {
        Ok(Desired { tag, replicas }) => {
            format!("{} {}", tag.as_deref().unwrap_or("-"), replicas.map_or(-1, i64::from))
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(read(&[overlay(TEXT)]), "0.10.4 2");
    assert_eq!(read(&[overlay("resources: [a.yaml]\n")]), "- -1");
    let image = "kustomize: {images: ['registry.example.org/team/x:0.9']}\n";
    assert_eq!(read(&[overlay(TEXT), ("overlays/prod/.argocd-source-x-prod.yaml", image)]), "0.9 2");
    assert_snapshot!(read(&[]), @"apps/x/overlays/prod: there is no kustomization.yaml, kustomization.yml or Kustomization");
}
