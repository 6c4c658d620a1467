//! Kustomizations whose value stands in a base, a component or a manifest: which file is edited, and who shares it.

use super::*;
use crate::domain::{
    catalogue::{Application, SharedBases},
    name::BranchName,
};

const DEPLOYMENT: &str = "kind: Deployment\nmetadata: {name: x}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: app\n        image: registry.example.org/team/x:0.10.4\n";
const OVERLAY: &str = "resources: [../../base]\n";
const BASE: (&str, &str) = ("base/kustomization.yaml", "resources: [deployment.yaml]\n");
const MANIFEST: (&str, &str) = ("base/deployment.yaml", DEPLOYMENT);
const ENTRY: (&str, &str) = (
    "base/kustomization.yaml",
    "resources: [deployment.yaml]\nimages:\n- name: registry.example.org/team/x\n  newTag: 0.10.3\nreplicas: [{name: x, count: 4}]\n",
);

/// The site, with its neighbour `x/stage` and an application of another image in the same overlay.
fn catalogue(shared_bases: SharedBases) -> (Catalogue, Site) {
    let Site { application, image, environment } = site();
    let prod = Environment { manifests: Manifests::Kustomize { shared_bases }, ..environment };
    let at = |name: &str, path: &str| Environment {
        name: EnvironmentName::new(name).expect("valid"),
        path: RepoPath::new(path).expect("valid"),
        ..prod.clone()
    };
    let catalogue = Catalogue {
        applications: vec![Application {
            name: application.clone(),
            image: image.clone(),
            environments: vec![prod.clone(), at("stage", "apps/x/overlays/stage"), at("base", "apps/x/base")],
        }],
    };
    (catalogue, Site { application, image, environment: prod })
}

fn with(shared_bases: SharedBases, files: &[(&str, &str)], mutation: &Mutation) -> String {
    let (catalogue, site) = catalogue(shared_bases);
    outcome_at(files, &catalogue, &site, mutation)
}

#[test]
fn who_is_on_another_branch_shares_nothing() {
    let (mut catalogue, site) = catalogue(SharedBases::Allow);
    let files = [overlay(OVERLAY), BASE, MANIFEST, ("overlays/stage/kustomization.yaml", OVERLAY)];
    let with = |catalogue: &Catalogue| outcome_at(&files, catalogue, &site, &deploy("0.10.5"));
    let manifest = "apps/x/base/deployment.yaml:9: 0.10.4 -> 0.10.5";
    assert_eq!(with(&catalogue), format!("{manifest}, shared with x/base"));
    for environment in &mut catalogue.applications[0].environments[1..] {
        environment.repository.branch = Some(BranchName::new("release").expect("valid"));
    }
    // The folder is there all the same and builds from the file, for somebody of whom nothing is known.
    assert_eq!(with(&catalogue), format!("{manifest}, shared with apps/x/overlays/stage"));
}

#[test]
fn a_new_entry_beats_the_base_for_this_environment_alone() {
    let refuse = |files: &[(&str, &str)], mutation: &Mutation| with(SharedBases::Refuse, files, mutation);
    let own = "apps/x/overlays/prod/kustomization.yaml";
    let stage = ("overlays/stage/kustomization.yaml", OVERLAY);
    for (base, from, count) in [(BASE, "0.10.4", 2), (ENTRY, "0.10.3", 4)] {
        let files = [overlay(OVERLAY), base, MANIFEST, stage];
        assert_eq!(refuse(&files, &deploy("0.10.5")), format!("{own}:4: {from} -> 0.10.5"));
        assert_eq!(refuse(&files, &Mutation::SetReplicas(3)), format!("{own}:4: {count} -> 3"));
        assert_eq!(refuse(&files, &deploy(from)), format!("already {from}"));
        assert_eq!(refuse(&files, &Mutation::SetReplicas(count)), format!("already {count}"));
    }
    // An own entry that only gives another name gets the tag.
    let renamed = "resources: [../../base]\nimages:\n- name: registry.example.org/team/x\n  newName: mirror/x\n";
    let files = [overlay(renamed), BASE, MANIFEST];
    assert_eq!(refuse(&files, &deploy("0.10.5")), format!("{own}:5: 0.10.4 -> 0.10.5"));
    assert_eq!(refuse(&files, &deploy("0.10.4")), "already 0.10.4");
    // What a patch may change is not certain: the entry is put in, whatever stands below.
    let patched = "resources: [../../base]\npatches: [{patch: 'spec: {image: y}'}]\n";
    let files = [overlay(patched), BASE, MANIFEST];
    assert_eq!(refuse(&files, &deploy("0.10.4")), format!("{own}:5: nothing -> 0.10.4"));
    // A digest pins: the tag alone is not what runs.
    let digest = format!("sha256:{}", "0".repeat(64));
    let pinned = DEPLOYMENT.replace("0.10.4", &format!("0.10.4@{digest}"));
    let files = [overlay(OVERLAY), BASE, ("base/deployment.yaml", pinned.as_str())];
    assert_eq!(refuse(&files, &deploy("0.10.4")), format!("{own}:4: 0.10.4 -> 0.10.4"));
}

#[test]
fn with_leave_the_value_is_changed_where_it_stands() {
    let allow = |files: &[(&str, &str)], mutation: &Mutation| with(SharedBases::Allow, files, mutation);
    let stage = ("overlays/stage/kustomization.yaml", OVERLAY);
    let lone = ("overlays/dev/kustomization.yaml", OVERLAY);
    let all = ("all/kustomization.yaml", "resources: [../overlays/prod, ../overlays/dev]\n");
    let files = [overlay(OVERLAY), ENTRY, MANIFEST];
    assert_eq!(allow(&files, &deploy("0.10.5")), "apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5");
    let files = [overlay(OVERLAY), ENTRY, MANIFEST, stage, lone];
    let others = "shared with apps/x/overlays/dev, x/stage";
    assert_eq!(
        allow(&files, &deploy("0.10.5")),
        format!("apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5, {others}")
    );
    assert_eq!(allow(&files, &Mutation::SetReplicas(5)), format!("apps/x/base/kustomization.yaml:5: 4 -> 5, {others}"));
    // Who sets the value itself gets none from there, and who gives another image this name does.
    let pinned = ("overlays/stage/kustomization.yaml", TEXT);
    let files = [overlay(OVERLAY), ENTRY, MANIFEST, pinned];
    assert_eq!(allow(&files, &deploy("0.10.5")), "apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5");
    let renaming = "resources: [../../base]\nimages: [{name: x, newName: registry.example.org/team/x, newTag: v1}]\n";
    let files = [overlay(OVERLAY), ENTRY, MANIFEST, ("overlays/stage/kustomization.yaml", renaming)];
    let changed = "apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5, shared with x/stage";
    assert_eq!(allow(&files, &deploy("0.10.5")), changed);
    // In the manifest, the base itself is an environment of the configuration that builds from it.
    let files = [overlay(OVERLAY), BASE, MANIFEST, stage, lone, all];
    assert_eq!(allow(&files, &deploy("0.10.5")), "apps/x/base/deployment.yaml:9: 0.10.4 -> 0.10.5, shared with x/base");
    assert_eq!(allow(&files, &Mutation::SetReplicas(3)), "apps/x/base/deployment.yaml:4: 2 -> 3, shared with x/base");
    // An own entry stays the place, and what stands in several places has none.
    let own = [overlay(TEXT), BASE, MANIFEST];
    assert_eq!(allow(&own, &deploy("0.10.5")), "apps/x/overlays/prod/kustomization.yaml:4: 0.10.4 -> 0.10.5");
    let two = [
        overlay(OVERLAY),
        ("base/kustomization.yaml", "resources: [deployment.yaml, job.yaml]\n"),
        MANIFEST,
        (
            "base/job.yaml",
            "kind: CronJob\nmetadata: {name: j}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: j, image: 'registry.example.org/team/x:0.10.4'}]}}}}}\n",
        ),
    ];
    assert_eq!(
        allow(&two, &deploy("0.10.5")),
        "apps/x/base/deployment.yaml: \"registry.example.org/team/x\" is set in several places: \
         apps/x/base/deployment.yaml:9, apps/x/base/job.yaml:3"
    );
}

#[test]
fn an_environment_that_others_build_from_is_shared_as_well() {
    let (catalogue, prod) = catalogue(SharedBases::Refuse);
    let base = Site { environment: catalogue.applications[0].environments[2].clone(), ..prod.clone() };
    let (pins, follows) = (overlay(TEXT), ("overlays/stage/kustomization.yaml", OVERLAY));
    let files = [pins, follows, ENTRY, MANIFEST];
    let mutation = deploy("0.10.5");
    assert_eq!(
        outcome_at(&files, &catalogue, &base, &mutation),
        "apps/x/base/kustomization.yaml: is shared with x/stage"
    );
    // Those who set it themselves don't care.
    assert_eq!(
        outcome_at(&[pins, ENTRY, MANIFEST], &catalogue, &base, &mutation),
        "apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5"
    );
    let manifests = Manifests::Kustomize { shared_bases: SharedBases::Allow };
    let allowed = Site { environment: Environment { manifests, ..base.environment }, ..base };
    assert_eq!(
        outcome_at(&files, &catalogue, &allowed, &mutation),
        "apps/x/base/kustomization.yaml:4: 0.10.3 -> 0.10.5, shared with x/stage"
    );
}

#[test]
fn a_status_reads_through_to_the_base() {
    let read = |files: &[(&str, &str)]| match desired(&snapshot(files), &site()) {
        Ok(Desired { tag, replicas }) => {
            format!("{} {}", tag.as_deref().unwrap_or("-"), replicas.map_or(-1, i64::from))
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(read(&[overlay(OVERLAY), BASE, MANIFEST]), "0.10.4 2");
    assert_eq!(read(&[overlay(OVERLAY), ENTRY, MANIFEST]), "0.10.3 4");
    assert_eq!(read(&[overlay(TEXT), ENTRY, MANIFEST]), "0.10.4 2");
    // What a patch may change isn't told.
    let patched = "resources: [../../base]\npatches: [{patch: 'spec: {image: y}'}]\n";
    assert_eq!(read(&[overlay(patched), BASE, MANIFEST]), "- 2");
}
