//! What an environment says of its manifests: what is accepted, and every fault with its place.

use super::{SMALL, all_warnings, read, small};
use crate::{
    domain::{
        catalogue::{HelmHost, HelmValues, Manifests, OverrideKind, OverridePlace, PlainManifest, SharedBases},
        name::RepoPath,
    },
    manifest::key_path::KeyPath,
};

#[test]
fn an_environment_says_what_is_edited_there() {
    let manifests = |keys: &str| {
        let text = small("        path: apps/prod\n", &format!("        path: apps/prod\n        {keys}\n"));
        read(&text).map(|config| config.catalogue().applications[0].environments[0].manifests.clone())
    };
    let path = |text: &str| RepoPath::new(text).expect("valid");
    let key = |text: &str| KeyPath::parse(text).expect("valid");
    let shared_bases = SharedBases::Allow;
    let helm = |host, file: &str| HelmValues {
        file: path(file),
        host,
        tag: key("image.tag"),
        digest: None,
        repository: None,
        replicas: key("replicaCount"),
    };
    for (keys, expected) in [
        ("max_replicas: 5", Manifests::default()),
        ("kustomize: {}", Manifests::default()),
        ("kustomize: { shared_bases: refuse }", Manifests::default()),
        ("kustomize: { shared_bases: allow }", Manifests::Kustomize { shared_bases }),
        ("helm: { values_file: ../values.yaml }", Manifests::Helm(helm(HelmHost::ValuesFile, "apps/values.yaml"))),
        (
            "helm: { application: ../../argocd/app.yaml }",
            Manifests::Helm(helm(HelmHost::Application, "argocd/app.yaml")),
        ),
        (
            "helm: { release: r.yaml, tag: 'a.\"b.c\"', digest: a.d, repository: a.r, replicas: n }",
            Manifests::Helm(HelmValues {
                tag: key("a.\"b.c\""),
                digest: Some(key("a.d")),
                repository: Some(key("a.r")),
                replicas: key("n"),
                ..helm(HelmHost::Release, "apps/prod/r.yaml")
            }),
        ),
        (
            "manifest: { file: ., container: app, shared_bases: allow }",
            Manifests::Plain(PlainManifest { file: path("apps/prod"), container: Some("app".into()), shared_bases }),
        ),
        (
            "override: { argocd_source: .argocd-source-app.yaml }",
            Manifests::Override(OverridePlace {
                file: path("apps/prod/.argocd-source-app.yaml"),
                kind: OverrideKind::ArgocdSource,
            }),
        ),
        (
            "override: { application: ../../argocd/app.yaml }",
            Manifests::Override(OverridePlace { file: path("argocd/app.yaml"), kind: OverrideKind::Application }),
        ),
    ] {
        assert_eq!(manifests(keys).map_err(|faults| faults.to_string()), Ok(expected), "{keys}");
    }
    let all = [
        "helm: {}",
        "helm: { values_file: a, release: b }",
        "helm: { values_file: ../../../x }",
        "helm: { values_file: /etc/passwd }",
        "helm: { values_file: v, tag: a..b, digest: '' }",
        "kustomize: { shared_bases: yes }",
        "kustomize: {}\n        manifest: { file: x }\n        helm: { values_file: y }",
        "manifest: { container: '' }",
        "helm: 5",
        "override: {}",
        "override: { argocd_source: a, application: b }",
    ];
    let all: Vec<String> = all.iter().map(|keys| manifests(keys).expect_err(keys).to_string()).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    tiphys.yaml:12:15: missing key "values_file" or "application" or "release" in "helm"
    tiphys.yaml:12:33: "release" has no meaning beside "values_file"
    tiphys.yaml:12:30: leads out of the repository, as seen from the folder "apps/prod"
    tiphys.yaml:12:30: "applications[0].environments[0].helm.values_file" must be a path from the environment's folder
    tiphys.yaml:12:38: "applications[0].environments[0].helm.tag" is not a key path: column 3: a key is missing after the dot
    tiphys.yaml:12:52: "applications[0].environments[0].helm.digest" is not a key path: column 1: a key is missing
    tiphys.yaml:12:36: "applications[0].environments[0].kustomize.shared_bases" must be refuse or allow, not "yes"
    tiphys.yaml:13:9: "manifest" has no meaning beside "kustomize"
    tiphys.yaml:14:9: "helm" has no meaning beside "kustomize"
    tiphys.yaml:12:19: missing key "file" in "applications[0].environments[0].manifest"
    tiphys.yaml:12:32: "applications[0].environments[0].manifest.container" must not be empty
    tiphys.yaml:12:15: "applications[0].environments[0].helm" must be a mapping of keys to values, not a number
    tiphys.yaml:12:19: missing key "argocd_source" or "application" in "override"
    tiphys.yaml:12:39: "application" has no meaning beside "argocd_source"
    "#);
}

#[test]
fn two_environments_never_change_the_same_value() {
    let two = |first: &str, second: &str| {
        let environment = |name: &str, keys: &str| {
            format!(
                "      - {{ name: {name}, workload: {{ namespace: team, name: app }}, argocd: {{ name: {name} }}, {keys} }}\n"
            )
        };
        let (head, _) = SMALL.split_once("      - name: prod").expect("the environment");
        let text = format!("{head}{}{}", environment("a", first), environment("b", second));
        read(&text).map_or_else(|faults| faults.to_string(), |_| "fine".to_owned())
    };
    let values =
        |path: &str, file: &str, tag: &str| format!("path: {path}, helm: {{ values_file: {file}, tag: {tag} }}");
    let same = "the environment on line 10 has the same file and key: a command for one would change both";
    assert!(two(&values("x/a", "../v.yaml", "t"), &values("x/b", "../v.yaml", "t")).ends_with(same));
    assert_eq!(two(&values("x/a", "../v.yaml", "t"), &values("x/b", "../v.yaml", "u")), "fine");
    assert_eq!(two(&values("x", "a.yaml", "t"), &values("x", "b.yaml", "t")), "fine");
    assert!(two("path: x, manifest: { file: . }", "path: x/y, manifest: { file: .. }").ends_with(same));
    assert_eq!(two("path: x, manifest: { file: . }", "path: x"), "fine");
    let same = "the environment on line 10 has the same path and image: a command for one would change both";
    assert!(two("path: x", "path: x, kustomize: { shared_bases: allow }").ends_with(same));
}

#[test]
fn keys_of_different_images_are_warned_of() {
    let helm = "helm: { values_file: v, tag: api.image.tag, digest: image.digest, repository: api.image.tag }";
    let text = small("        path: apps/prod\n", &format!("        path: apps/prod\n        {helm}\n"));
    insta::assert_snapshot!(all_warnings(&read(&text).expect("no faults")).to_string(), @r#"
    tiphys.yaml:12:61: "digest" and the tag stand in different maps: is it the same image?
    tiphys.yaml:12:87: "repository" is the key of the tag as well
    "#);
}
