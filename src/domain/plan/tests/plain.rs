//! Manifests without kustomize or Helm: a file or a folder, the container, and who builds from it.

use super::*;
use crate::domain::catalogue::{PlainManifest, SharedBases};

const DEPLOYMENT: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\nkind: Deployment\nmetadata: {name: x, namespace: x}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: app\n        image: registry.example.org/team/x:0.10.4 # here\n      - name: proxy\n        image: registry.example.org/proxy:1\n";
const FILE: &str = "overlays/prod/deployment.yaml";

fn site_with(file: &str, container: Option<&str>, shared_bases: SharedBases) -> Site {
    let site = site();
    let file = RepoPath::new(format!("apps/x/{file}")).expect("valid");
    let manifest = PlainManifest { file, container: container.map(str::to_owned), shared_bases };
    Site { environment: Environment { manifests: Manifests::Plain(manifest), ..site.environment }, ..site }
}

fn with(file: &str, container: Option<&str>, files: &[(&str, &str)], mutation: &Mutation) -> String {
    let site = site_with(file, container, SharedBases::Refuse);
    outcome_at(files, &Catalogue::default(), &site, mutation)
}

#[test]
fn the_container_and_the_count_are_set() {
    let (files, scale) = ([(FILE, DEPLOYMENT)], Mutation::SetReplicas(3));
    for file in [FILE, "overlays/prod"] {
        assert_eq!(
            with(file, None, &files, &deploy("0.10.5")),
            "apps/x/overlays/prod/deployment.yaml:13: 0.10.4 -> 0.10.5"
        );
        assert_eq!(with(file, Some("app"), &files, &deploy("0.10.4")), "already 0.10.4");
        assert_eq!(with(file, None, &files, &scale), "apps/x/overlays/prod/deployment.yaml:8: 2 -> 3");
    }
    let without = DEPLOYMENT.replace("  replicas: 2\n", "");
    let said = with(FILE, None, &[(FILE, &without)], &scale);
    assert_eq!(said, "apps/x/overlays/prod/deployment.yaml:8: nothing -> 3");
}

#[test]
fn what_is_not_clear_is_refused() {
    let files = [(FILE, DEPLOYMENT), ("overlays/prod/readme.md", "x"), ("overlays/prod/broken.yaml", "a: [\n")];
    let said = with("overlays/prod", Some("proxy"), &files, &deploy("v2"));
    assert_eq!(
        said,
        "apps/x/overlays/prod/deployment.yaml:15:16: proxy has the image \"registry.example.org/proxy\", not \"registry.example.org/team/x\""
    );
    let said = with("overlays/prod", Some("web"), &files, &deploy("v2"));
    assert!(said.contains("has no container named \"web\""), "{said}");
    // The workload may be in the file that can't be read.
    let broken = "apps/x/overlays/prod/broken.yaml:1:4: is not valid YAML: unclosed bracket '['";
    assert_eq!(with("overlays/prod", None, &files[1..], &deploy("v2")), broken);
    let two = [(FILE, DEPLOYMENT), ("overlays/prod/copy.yml", DEPLOYMENT)];
    let said = with("overlays/prod", None, &two, &deploy("v2"));
    assert_eq!(
        said,
        "apps/x/overlays/prod: \"x\" is set in several places: apps/x/overlays/prod/copy.yml, apps/x/overlays/prod/deployment.yaml"
    );
    let other = DEPLOYMENT.replace("name: x, ", "name: y, ");
    let said = with("overlays/prod", None, &[(FILE, &other)], &deploy("v2"));
    assert_eq!(said, "apps/x/overlays/prod: has no workload named \"x\"; it has Deployment/y");
    assert_eq!(with(FILE, None, &[], &deploy("v2")), "apps/x/overlays/prod/deployment.yaml: there is no such file");
}

#[test]
fn a_manifest_that_others_build_from_is_shared() {
    let files = [(FILE, DEPLOYMENT), ("overlays/dev/kustomization.yaml", "resources: [../prod/deployment.yaml]\n")];
    let said = with(FILE, None, &files, &deploy("0.10.5"));
    assert_eq!(said, "apps/x/overlays/prod/deployment.yaml: is shared with apps/x/overlays/dev");
    let allowed = site_with(FILE, None, SharedBases::Allow);
    let said = outcome_at(&files, &Catalogue::default(), &allowed, &deploy("0.10.5"));
    assert_eq!(said, "apps/x/overlays/prod/deployment.yaml:13: 0.10.4 -> 0.10.5, shared with apps/x/overlays/dev");
    assert_eq!(with(FILE, None, &files, &deploy("0.10.4")), "already 0.10.4");
}

#[test]
fn a_status_reads_the_manifest() {
    let site = site_with("overlays/prod", None, SharedBases::Refuse);
    let read = |text: &str| desired(&snapshot(&[(FILE, text)]), &site);
    let wanted = Desired { tag: Some("0.10.4".into()), replicas: Some(2) };
    assert_eq!(read(DEPLOYMENT), Ok(wanted));
    let bare = DEPLOYMENT.replace(":0.10.4", "").replace("  replicas: 2\n", "");
    assert_eq!(read(&bare), Ok(Desired::default()));
}
