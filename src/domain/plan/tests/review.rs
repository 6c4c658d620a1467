//! Review environments: overlays that come, change their tag and go, and what is left alone.

use super::*;
use crate::domain::{
    catalogue::{Application, RepositoryBranch},
    review::{ReviewRules, Templates},
    snapshot::Overlay,
};

const DEPLOYMENT: (&str, &str) = (
    "base/deployment.yaml",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: registry.example.org/team/x\n",
);
const BASE: (&str, &str) = ("base/kustomization.yaml", "resources:\n- deployment.yaml\n");
const FILES: [(&str, &str); 2] = [BASE, DEPLOYMENT];
const FOLDER: &str = "apps/x/review/feature-1";

fn rules() -> ReviewRules {
    let Site { application, image, .. } = site();
    ReviewRules {
        application,
        image,
        repository: RepositoryBranch::default(),
        templates: Templates {
            path: "apps/x/review/{name}".into(),
            namespace: "x-review-{name}".into(),
            argocd: "x-review-{name}".into(),
            name_suffix: None,
        },
        base: "../../base".into(),
        workload: "x".into(),
        argocd_namespace: "argocd".into(),
        max: 2,
    }
}

fn review(name: &str) -> Site {
    rules().site(&EnvironmentName::new(name).expect("a name"))
}

/// Plans on top of what earlier ones have made.
fn step(snapshot: &mut Overlay<'_>, name: &str, mutation: &Mutation) -> String {
    match plan(snapshot, &Catalogue::default(), &review(name), mutation) {
        Ok(Plan::Change { edits, change }) => {
            snapshot.apply(&edits);
            format!("{}:{}: {} -> {}", change.file, change.line, change.from.as_deref().unwrap_or("nothing"), change.to)
        }
        Ok(Plan::AlreadySo { value }) => format!("already {value}"),
        Err(error) => error.to_string(),
    }
}

fn text(snapshot: &dyn Snapshot, path: &str) -> Option<String> {
    let path = RepoPath::new(path).expect("valid");
    snapshot.file(&path).expect("readable").map(|bytes| String::from_utf8(bytes).expect("text"))
}

#[test]
fn an_overlay_comes_changes_and_goes() {
    let base = snapshot(&FILES);
    let mut all = Overlay::new(&base);
    let file = format!("{FOLDER}/kustomization.yaml");
    assert_eq!(step(&mut all, "feature-1", &deploy("1.10")), format!("{file}:17: nothing -> 1.10"));
    assert_snapshot!(text(&all, &file).expect("made"), @r#"
    # Review environment feature-1 of x, made by tiphys.
    # It goes by: tiphys review remove feature-1 --application x
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: x-review-feature-1

    resources:
      - ../../base

    labels:
      - pairs:
          tiphys/review: feature-1
        includeTemplates: true

    images:
      - name: registry.example.org/team/x
        newTag: "1.10"
    "#);
    assert_eq!(step(&mut all, "feature-1", &deploy("1.10")), "already 1.10");

    // What people have added stays, byte by byte.
    let edited =
        text(&all, &file).expect("made").replace("images:", "# two pods\nreplicas: [{name: x, count: 2}]\nimages:");
    all.apply(&[FileEdit::write(RepoPath::new(&*file).expect("valid"), edited.clone())]);
    assert_eq!(step(&mut all, "feature-1", &deploy("1.11")), format!("{file}:19: 1.10 -> 1.11"));
    assert_eq!(text(&all, &file), Some(edited.replace("1.10", "1.11")));

    assert_eq!(step(&mut all, "feature-1", &Mutation::Remove), format!("{file}:1: 1.11 -> (removed)"));
    assert_eq!(all.names(&RepoPath::new("apps/x").expect("valid")).expect("readable"), ["base"]);
    assert_eq!(step(&mut all, "feature-1", &Mutation::Remove), "already (removed)");
    assert_eq!(step(&mut all, "feature-1", &deploy("1.12")), format!("{file}:17: nothing -> 1.12"), "and again");
}

#[test]
fn a_tag_that_the_base_has_today_is_pinned_all_the_same() {
    let stage = (
        "base/kustomization.yaml",
        "resources:\n- deployment.yaml\nimages:\n- name: registry.example.org/team/x\n  newTag: 1.0.0\n",
    );
    let base = snapshot(&[stage, DEPLOYMENT]);
    let mut all = Overlay::new(&base);
    assert_eq!(step(&mut all, "a", &deploy("1.0.0")), "apps/x/review/a/kustomization.yaml:17: nothing -> 1.0.0");
    assert!(text(&all, "apps/x/review/a/kustomization.yaml").expect("made").ends_with("newTag: 1.0.0\n"));
}

#[test]
fn what_tiphys_did_not_make_is_left_alone() {
    let with = |more: &[(&str, &str)], mutation: &Mutation| {
        let files: Vec<_> = FILES.iter().chain(more).copied().collect();
        step(&mut Overlay::new(&snapshot(&files)), "feature-1", mutation)
    };
    let ours = "# Review environment feature-1 of x, made by tiphys.\nresources: [../../base]\nimages: [{name: registry.example.org/team/x, newTag: '1'}]\n";
    let own = ("review/feature-1/kustomization.yaml", ours);
    let (create, remove) = (deploy("2"), Mutation::Remove);
    for mutation in [&create, &remove] {
        let theirs = [("review/feature-1/kustomization.yaml", "resources: [../../base]\n")];
        let said = format!("{FOLDER}: is not made by tiphys: {FOLDER}/kustomization.yaml");
        assert_eq!(with(&theirs, mutation), said);
        let said = format!("{FOLDER}: is not made by tiphys: {FOLDER}/notes.txt");
        assert_eq!(with(&[("review/feature-1/notes.txt", "")], mutation), said);
        let two = [own, ("review/feature-1/Kustomization", ours)];
        assert!(with(&two, mutation).starts_with(&format!("{FOLDER}: is not made by tiphys")), "two kustomizations");
        let others = ours.replace("feature-1 of x", "feature-2 of y");
        let said = format!("{FOLDER}: belongs to the review environment feature-2 of y");
        assert_eq!(with(&[("review/feature-1/kustomization.yaml", &others)], mutation), said);
    }
    let added = [own, ("review/feature-1/patch.yaml", ""), ("review/feature-1/more/x", "")];
    assert_eq!(with(&added, &create), format!("{FOLDER}/kustomization.yaml:3: 1 -> 2"), "no reason not to deploy");
    let said = format!("{FOLDER}: has files that tiphys did not make: {FOLDER}/more, {FOLDER}/patch.yaml");
    assert_eq!(with(&added, &remove), said);
    let built = [own, ("overlays/demo/kustomization.yaml", "resources: [../../review/feature-1]\n")];
    let said = format!("{FOLDER}/kustomization.yaml: is shared with apps/x/overlays/demo");
    assert_eq!(with(&built, &remove), said);
    // What can't be read any more goes as well.
    let broken = "# Review environment feature-1 of x, made by tiphys.\n{{{\n";
    let said = with(&[("review/feature-1/kustomization.yaml", broken)], &remove);
    assert_eq!(said, format!("{FOLDER}/kustomization.yaml:1: nothing -> (removed)"));
}

#[test]
fn there_are_never_more_than_allowed() {
    let foreign = ("review/by-hand/kustomization.yaml", "resources: [../../base]\n");
    let base = snapshot(&[BASE, DEPLOYMENT, foreign]);
    let mut all = Overlay::new(&base);
    for name in ["a", "b"] {
        assert!(step(&mut all, name, &deploy("1")).ends_with("nothing -> 1"));
    }
    let said = "apps/x/review: there are 2 review environments already, and 2 are allowed: a, b";
    assert_eq!(step(&mut all, "c", &deploy("1")), said);
    assert!(step(&mut all, "b", &deploy("2")).ends_with("1 -> 2"), "one that is there counts already");
    assert!(step(&mut all, "a", &Mutation::Remove).ends_with("(removed)"));
    assert!(step(&mut all, "c", &deploy("1")).ends_with("nothing -> 1"));
}

#[test]
fn a_base_that_does_not_fit_is_named() {
    let with = |files: &[(&str, &str)]| step(&mut Overlay::new(&snapshot(files)), "a", &deploy("1"));
    let said = with(&[("overlays/x/kustomization.yaml", "")]);
    assert!(said.starts_with("apps/x/base: there is no kustomization.yaml"), "{said}");
    let other = DEPLOYMENT.1.replace("team/x", "team/y");
    let said = with(&[BASE, (DEPLOYMENT.0, &other)]);
    assert!(said.contains("nothing here runs \"registry.example.org/team/x\""), "{said}");
    let said = with(&[BASE, DEPLOYMENT, ("review", "a file")]);
    assert_eq!(said, "apps/x/review: is a file, not a folder");
    let said = with(&[BASE, DEPLOYMENT, ("review/a", "a file")]);
    assert_eq!(said, "apps/x/review/a: is a file, not a folder");
}

#[test]
fn an_environment_of_the_configuration_is_not_removed() {
    let said = outcome(&[overlay(TEXT)], &Mutation::Remove);
    assert_eq!(said, "apps/x/overlays/prod: is no review environment");
    // Nor does one that others build from stand in their way.
    let Site { application, image, environment } = site();
    let catalogue =
        Catalogue { applications: vec![Application { name: application, image, environments: vec![environment] }] };
    let ours = "# Review environment a of x, made by tiphys.\nresources: [../../overlays/prod]\n";
    let files = [BASE, DEPLOYMENT, overlay(TEXT), ("review/a/kustomization.yaml", ours)];
    assert_eq!(outcome_at(&files, &catalogue, &site(), &deploy("0.10.5")), format!("{FILE}:4: 0.10.4 -> 0.10.5"));
}
