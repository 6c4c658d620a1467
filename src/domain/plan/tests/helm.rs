//! Helm's values: which keys are set, what is refused, what a status reads.

use super::*;
use crate::{
    domain::catalogue::{HelmHost, HelmValues},
    manifest::key_path::KeyPath,
};

const VALUES: &str = "# values of prod\nreplicaCount: 2\nimage:\n  repository: registry.example.org/team/x\n  tag: \"0.10.4\" # the application\n  digest: ''\n";

fn site_with(host: HelmHost, file: &str) -> Site {
    let key = |text: &str| KeyPath::parse(text).expect("valid");
    let site = site();
    let values = HelmValues {
        file: RepoPath::new(file).expect("valid"),
        host,
        tag: key("image.tag"),
        digest: Some(key("image.digest")),
        repository: Some(key("image.repository")),
        replicas: key("replicaCount"),
    };
    Site { environment: Environment { manifests: Manifests::Helm(values), ..site.environment }, ..site }
}

fn values(text: &str, mutation: &Mutation) -> String {
    with(&[("overlays/prod/values.yaml", text)], mutation)
}

fn with(files: &[(&str, &str)], mutation: &Mutation) -> String {
    let site = site_with(HelmHost::ValuesFile, "apps/x/overlays/prod/values.yaml");
    outcome_at(files, &Catalogue::default(), &site, mutation)
}

#[test]
fn keys_of_a_values_file_are_set() {
    let scale = Mutation::SetReplicas(3);
    assert_eq!(values(VALUES, &deploy("0.10.5")), "apps/x/overlays/prod/values.yaml:5: 0.10.4 -> 0.10.5");
    assert_eq!(values(VALUES, &deploy("0.10.4")), "already 0.10.4");
    assert_eq!(values(VALUES, &scale), "apps/x/overlays/prod/values.yaml:2: 2 -> 3");
    assert_eq!(values(VALUES, &Mutation::SetReplicas(2)), "already 2");
    let empty = VALUES.replace("\"0.10.4\"", "\"\"");
    assert_eq!(values(&empty, &deploy("0.10.5")), "apps/x/overlays/prod/values.yaml:5: nothing -> 0.10.5");
    assert!(values(VALUES, &Mutation::SetReplicas(21)).ends_with("21 replicas are more than the maximum of 20"));
}

#[test]
fn a_digest_does_not_go_on_pinning_the_old_image() {
    let digest = format!("sha256:0123abcd{}", "0".repeat(56));
    let pinned = VALUES.replace("digest: ''", &format!("digest: '{digest}'"));
    assert_eq!(values(&pinned, &deploy("0.10.5")), "apps/x/overlays/prod/values.yaml:5: 0.10.4 -> 0.10.5");
    assert_eq!(values(&pinned, &deploy("0.10.4")), "apps/x/overlays/prod/values.yaml:6: sha256:0123abcd… -> 0.10.4");
    let files = [("overlays/prod/values.yaml", pinned.as_str())];
    let site = site_with(HelmHost::ValuesFile, "apps/x/overlays/prod/values.yaml");
    match plan(&snapshot(&files), &Catalogue::default(), &site, &deploy("0.10.5")) {
        Ok(Plan::Change { edits, change }) => {
            assert_eq!(change.gone.as_deref(), Some("image.digest sha256:0123abcd…"));
            let expected = VALUES.replace("0.10.4", "0.10.5");
            assert_eq!(
                edits
                    .iter()
                    .map(|e| String::from_utf8_lossy(e.content.as_deref().unwrap_or_default()))
                    .collect::<Vec<_>>(),
                [expected]
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_clear_is_refused() {
    for (text, mutation, said) in [
        ("image: {tag: a}\n", Mutation::SetReplicas(1), "values.yaml: has no value at replicaCount"),
        ("image: {repository: registry.example.org/team/x}\n", deploy("v2"), "values.yaml: has no value at image.tag"),
        ("image: {tag: a}\n", deploy("v2"), "values.yaml: has no value at image.repository"),
        (
            "image: {tag: a, repository: registry.example.org/team/y}\n",
            deploy("v2"),
            "values.yaml:1:29: image.repository has the image \"registry.example.org/team/y\", not \"registry.example.org/team/x\"",
        ),
        ("image: [\n", deploy("v2"), "values.yaml:1:8: is not valid YAML: unclosed bracket '['"),
    ] {
        assert_eq!(values(text, &mutation), format!("apps/x/overlays/prod/{said}"), "{text}");
    }
    // The registry may stand at another key.
    let split = VALUES.replace("registry.example.org/team/x", "team/x");
    assert_eq!(values(&split, &deploy("0.10.4")), "already 0.10.4");
    assert_eq!(with(&[], &deploy("v2")), "apps/x/overlays/prod/values.yaml: there is no such file");
}

#[test]
fn files_that_argo_cd_lays_over_the_source_beat_the_values() {
    let source = |text: &'static str, mutation: &Mutation| {
        with(&[("overlays/prod/values.yaml", VALUES), ("overlays/prod/.argocd-source-x-prod.yaml", text)], mutation)
    };
    let parameters = "# by the image updater\nhelm:\n  parameters:\n  - name: image.tag\n    value: \"0.9\"\n    forcestring: true\n";
    let beaten = "Argo CD applies this file after the kustomization, so a change there would have no effect";
    let said = source(parameters, &deploy("v2"));
    assert_eq!(said, format!("apps/x/overlays/prod/.argocd-source-x-prod.yaml:5:12: {beaten}"));
    assert_eq!(source(parameters, &Mutation::SetReplicas(3)), "apps/x/overlays/prod/values.yaml:2: 2 -> 3");
    let said = source("---\nhelm: {valuesObject: {replicaCount: 4}}\n", &Mutation::SetReplicas(3));
    assert!(said.ends_with(beaten), "{said}");
    assert!(source("helm: [\n", &deploy("v2")).contains("is not valid YAML"));
    assert_eq!(source("kustomize: {images: ['x:1']}\n", &deploy("0.10.4")), "already 0.10.4");
}

#[test]
fn an_application_and_a_release_hold_values_too() {
    let at = |host, name: &str, text: &str, mutation: &Mutation| {
        outcome_at(&[(name, text)], &Catalogue::default(), &site_with(host, &format!("apps/x/{name}")), mutation)
    };
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x-prod}\nspec:\n  source:\n    chart: x\n    helm:\n      valuesObject:\n        image: {repository: team/x, tag: 0.10.4}\n        replicaCount: 2\n";
    let said = at(HelmHost::Application, "app.yaml", application, &deploy("0.10.5"));
    assert_eq!(said, "apps/x/app.yaml:9: 0.10.4 -> 0.10.5");
    let other = application.replace("x-prod", "y-prod");
    let said = at(HelmHost::Application, "app.yaml", &other, &deploy("0.10.5"));
    assert_eq!(said, "apps/x/app.yaml: there is no Application named \"x-prod\"");
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  values:\n    replicaCount: 2\n";
    let said = at(HelmHost::Release, "release.yaml", release, &Mutation::SetReplicas(5));
    assert_eq!(said, "apps/x/release.yaml:6: 2 -> 5");
}

#[test]
fn a_status_reads_the_values() {
    let site = site_with(HelmHost::ValuesFile, "apps/x/overlays/prod/values.yaml");
    let read = |files: &[(&str, &str)]| match desired(&snapshot(files), &site) {
        Ok(Desired { tag, replicas }) => {
            format!("{} {}", tag.as_deref().unwrap_or("-"), replicas.map_or(-1, i64::from))
        }
        Err(error) => error.to_string(),
    };
    let values = |text| ("overlays/prod/values.yaml", text);
    assert_eq!(read(&[values(VALUES)]), "0.10.4 2");
    assert_eq!(read(&[values("image: {tag: ''}\n")]), "- -1");
    let source = ("overlays/prod/.argocd-source.yaml", "helm: {parameters: [{name: image.tag, value: '0.9'}]}\n");
    assert_eq!(read(&[values(VALUES), source]), "0.9 2");
    assert_eq!(read(&[]), "apps/x/overlays/prod/values.yaml: there is no such file");
}
