//! Overrides of Argo CD that are the place of the value.

use super::*;
use crate::domain::catalogue::{OverrideKind, OverridePlace};

const SOURCE: &str = "overlays/prod/.argocd-source-x-prod.yaml";
const IMAGES: &str = "kustomize:\n  images:\n  - sidecar:1\n  - registry.example.org/team/x:0.10.4\n";
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: x-prod\nspec:\n  source:\n    path: apps/x/overlays/prod\n    kustomize:\n      images:\n      - registry.example.org/team/x:0.10.4\n      replicas:\n      - name: x\n        count: 2\n";

fn site_with(kind: OverrideKind, file: &str) -> Site {
    let site = site();
    let place = OverridePlace { file: RepoPath::new(format!("apps/x/{file}")).expect("valid"), kind };
    Site { environment: Environment { manifests: Manifests::Override(place), ..site.environment }, ..site }
}

fn with(site: &Site, files: &[(&str, &str)], mutation: &Mutation) -> String {
    outcome_at(files, &Catalogue::default(), site, mutation)
}

#[test]
fn the_source_file_is_changed() {
    let site = site_with(OverrideKind::ArgocdSource, SOURCE);
    let files = [overlay(TEXT), (SOURCE, IMAGES)];
    let file = format!("apps/x/{SOURCE}");
    assert_eq!(with(&site, &files, &deploy("0.10.5")), format!("{file}:4: 0.10.4 -> 0.10.5"));
    assert_eq!(with(&site, &files, &deploy("0.10.4")), "already 0.10.4");
    let said = with(&site, &files, &Mutation::SetReplicas(3));
    assert!(said.starts_with(&file) && said.ends_with("nothing -> 3"), "{said}");
    assert_eq!(with(&site, &[overlay(TEXT)], &deploy("v2")), format!("{file}: there is no such file"));
    // A file that is applied after it beats it, one before it doesn't.
    let later = "overlays/prod/.argocd-source-argocd_x-prod.yaml";
    let said = with(&site, &[overlay(TEXT), (SOURCE, IMAGES), (later, IMAGES)], &deploy("0.10.5"));
    assert!(said.starts_with("apps/x/overlays/prod/.argocd-source-argocd_x-prod.yaml:4"), "{said}");
    let said = with(
        &site,
        &[overlay(TEXT), (SOURCE, IMAGES), ("overlays/prod/.argocd-source.yaml", IMAGES)],
        &deploy("0.10.5"),
    );
    assert_eq!(said, format!("{file}:4: 0.10.4 -> 0.10.5"));
    let read = desired(&snapshot(&files), &site);
    assert_eq!(read, Ok(Desired { tag: Some("0.10.4".into()), replicas: Some(2) }));
}

#[test]
fn the_application_is_changed_unless_a_source_file_beats_it() {
    let site = site_with(OverrideKind::Application, "app.yaml");
    let files = [overlay(TEXT), ("app.yaml", APPLICATION)];
    assert_eq!(with(&site, &files, &deploy("0.10.5")), "apps/x/app.yaml:10: 0.10.4 -> 0.10.5");
    assert_eq!(with(&site, &files, &Mutation::SetReplicas(3)), "apps/x/app.yaml:13: 2 -> 3");
    let beaten = [overlay(TEXT), ("app.yaml", APPLICATION), (SOURCE, IMAGES)];
    assert!(with(&site, &beaten, &deploy("0.10.5")).starts_with("apps/x/overlays/prod/.argocd-source-x-prod.yaml:4"));
    let changed = APPLICATION.replace("0.10.4", "0.9").replace("count: 2", "count: 7");
    let read = |files: &[(&str, &str)]| desired(&snapshot(files), &site);
    let wanted = |tag: &str, count| Ok(Desired { tag: Some(tag.into()), replicas: Some(count) });
    assert_eq!(read(&[overlay(TEXT), ("app.yaml", &changed)]), wanted("0.9", 7));
    assert_eq!(read(&[("app.yaml", &changed)]), wanted("0.9", 7));
    assert_eq!(read(&[overlay(TEXT), ("app.yaml", &changed), (SOURCE, IMAGES)]), wanted("0.10.4", 7));
}
