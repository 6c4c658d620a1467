//! What is read out of Applications.

use super::*;

#[test]
fn words_of_another_version_are_unknown_and_never_an_end() {
    let odd = with(application(), "/status/sync/status", json!("Reticulating"));
    let odd = with(odd, "/status/health/status", json!("Splendid"));
    let odd = with(odd, "/status/operationState/phase", json!("Hydrating"));
    let odd = with(odd, "/status/sync/revision", json!("main"));
    let odd = with(odd, "/status/reconciledAt", json!("a while ago"));
    let seen = application::observe(odd, None, "").expect("readable");
    assert_eq!((seen.sync, seen.health, seen.revision), (SyncStatus::Unknown, Health::Unknown, None));
    assert_eq!(seen.operation.expect("one").phase, Phase::Running);
    assert_eq!(seen.reconciled_at, None);
    assert!(application::observe(json!({"status": {"sync": 5}}), None, "").is_err());
}

#[test]
fn the_operations_revision_is_known_before_its_result() {
    let observe = |value: Value| application::observe(value, None, "").expect("readable").operation.expect("one");
    let running = with(application(), "/status/operationState/phase", json!("Running"));
    let running = with(running, "/status/operationState/finishedAt", Value::Null);
    let running = with(running, "/status/operationState/syncResult", Value::Null);
    let operation = observe(running.clone());
    assert_eq!((operation.phase, operation.revision, operation.finished_at), (Phase::Running, revision(C), None));
    // A person's operation may name a branch.
    let by_hand = with(running, "/status/operationState/operation/sync/revision", json!("main"));
    assert_eq!(observe(by_hand).revision, None);
}

#[test]
fn what_is_asked_for_and_what_failed_is_told() {
    let failed = with(application(), "/operation", json!({"sync": {"revision": C}}));
    let failed = with(failed, "/status/operationState/phase", json!("Failed"));
    let failed = with(
        failed,
        "/status/operationState/message",
        json!("one or more synchronization tasks completed unsuccessfully (retried 5 times)."),
    );
    let resource = json!([
        {"kind": "Service", "name": "refinery", "status": "Synced", "message": "service/refinery unchanged"},
        {"kind": "Deployment", "name": "refinery", "status": "SyncFailed", "message": "spec.replicas: Invalid value: -1"},
        {"kind": "Job", "name": "migrate", "hookPhase": "Failed", "message": "Job has reached the specified backoff limit"},
    ]);
    let failed = with(failed, "/status/operationState/syncResult/resources", resource);
    let conditions = json!([
        {"type": "OrphanedResourceWarning", "message": "Application has 1 orphaned resources", "lastTransitionTime": "2026-11-02T10:00:00Z"},
        {"type": "SyncError", "message": "Failed last sync attempt to [c]: one or more …"},
        {"type": "ComparisonError", "message": "Failed to load target state:\nexit status 1"},
    ]);
    let failed = with(failed, "/status/conditions", conditions);
    let seen = application::observe(failed, None, "").expect("readable");
    assert!(seen.operation_pending);
    let operation = seen.operation.expect("one");
    assert_eq!(operation.phase, Phase::Failed);
    assert_eq!(
        operation.message,
        "one or more synchronization tasks completed unsuccessfully (retried 5 times).; \
         Deployment/refinery: spec.replicas: Invalid value: -1; Job/migrate: Job has reached the specified backoff limit"
    );
    assert_eq!(
        seen.errors,
        [
            "SyncError: Failed last sync attempt to [c]: one or more …",
            "ComparisonError: Failed to load target state: exit status 1"
        ]
    );
}

#[test]
fn health_is_explained_by_its_own_message_or_by_the_resources() {
    let degraded = with(application(), "/status/health", json!({"status": "Degraded"}));
    let resources = json!([
        {"kind": "Service", "name": "a", "health": {"status": "Healthy", "message": "fine"}},
        {"kind": "Deployment", "name": "b", "health": {"status": "Degraded", "message": "timed out progressing"}},
        {"kind": "Ingress", "name": "c", "health": {"status": "Progressing"}},
        {"kind": "Job", "name": "d"},
    ]);
    let degraded = with(degraded, "/status/resources", resources);
    let seen = application::observe(degraded.clone(), None, "").expect("readable");
    assert_eq!((seen.health, seen.health_message.as_str()), (Health::Degraded, "Deployment/b: timed out progressing"));
    let own = with(degraded, "/status/health/message", json!("its own words"));
    assert_eq!(application::observe(own, None, "").expect("readable").health_message, "its own words");
}

#[test]
fn overrides_and_auto_sync_are_read_from_the_spec() {
    let spec = |source: Value, policy: Value| {
        let value = with(with(application(), "/spec/source", source), "/spec/syncPolicy", policy);
        application::observe(value, None, "").expect("readable")
    };
    let kustomize =
        json!({"images": ["a:1", "old=new:2"], "replicas": [{"name": "x", "count": 3}, {"name": "y", "count": "4"}]});
    let seen = spec(json!({"repoURL": "x", "kustomize": kustomize}), json!({"automated": {"enabled": false}}));
    assert_eq!(seen.overrides, ["image a:1", "image old=new:2", "replicas x=3", "replicas y=4"]);
    assert!(!seen.auto_sync);
    for (policy, on) in [
        (json!({}), false),
        (json!({"syncOptions": ["CreateNamespace=true"]}), false),
        (json!({"automated": {}}), true),
        (json!({"automated": {"enabled": true}}), true),
        (json!({"automated": null}), false),
    ] {
        assert_eq!(spec(json!({"repoURL": "x"}), policy.clone()).auto_sync, on, "{policy}");
    }
}

#[test]
fn among_several_sources_the_manifests_repositorys_counts() {
    const OURS: &str = "git@gitlab.example.org:team/manifests.git";
    let chart = json!({"repoURL": "https://charts.example.org", "chart": "redis", "targetRevision": "18.1.0"});
    let values = json!({"repoURL": OURS, "ref": "values"});
    let ours = json!({"repoURL": OURS, "path": "./apps/refinery/overlays/prod/", "kustomize": {"images": ["a:1"]}});
    let other = json!({"repoURL": "https://gitlab.example.org/team/other", "path": "x"});
    let mirror = json!({"repoURL": "https://mirror.example.org/manifests", "path": "apps/refinery/overlays/prod"});
    for (name, sources, revisions, expected) in [
        ("by address", vec![&chart, &ours], vec!["18.1.0", C], revision(C)),
        ("by address, the other way round", vec![&ours, &other], vec![C, B], revision(C)),
        ("by address and path", vec![&values, &ours], vec![B, C], revision(C)),
        ("by address alone", vec![&other, &values], vec![B, C], revision(C)),
        ("the only commit", vec![&chart, &mirror], vec!["18.1.0", C], revision(C)),
        ("two commits of unknown places", vec![&other, &mirror], vec![B, C], None),
        ("fewer revisions than sources", vec![&chart, &ours], vec!["18.1.0"], None),
    ] {
        let value = with(application(), "/spec/source", Value::Null);
        let value = with(value, "/spec/sources", json!(sources));
        let value = with(value, "/status/sync", json!({"status": "Synced", "revisions": revisions}));
        let value = with(value, "/status/operationState/syncResult", json!({"revisions": revisions, "resources": []}));
        let value = with(value, "/status/operationState/operation", Value::Null);
        let seen = application::observe(value, Some(&origin("main")), "apps/refinery/overlays/prod").expect("readable");
        assert_eq!(seen.revision, expected, "{name}");
        assert_eq!(seen.operation.expect("one").revision, expected, "{name}");
        assert_eq!(seen.overrides.is_empty(), !sources.contains(&&ours), "{name}");
    }
}

#[test]
fn among_several_branches_of_one_repository_the_environments_counts() {
    const OURS: &str = "https://gitlab.example.org/team/manifests.git";
    const FOLDER: &str = "apps/refinery/overlays/prod";
    let source = |branch: &str, path: &str| json!({"repoURL": OURS, "targetRevision": branch, "path": path});
    let seen = |sources: [Value; 2], branch: &str| {
        let value = with(application(), "/spec/source", Value::Null);
        let value = with(value, "/spec/sources", json!(sources));
        let value = with(value, "/status/sync", json!({"status": "Synced", "revisions": [B, C]}));
        application::observe(value, Some(&origin(branch)), FOLDER).expect("readable")
    };
    for (sources, expected) in [
        ([source("main", FOLDER), source("prod", FOLDER)], revision(C)),
        ([source("prod", FOLDER), source("main", FOLDER)], revision(B)),
        ([source("main", "x"), source("refs/heads/prod", "x")], revision(C)),
        // The folder says more than the branch: it may be named by a tag.
        ([source("v1", FOLDER), source("prod", "x")], revision(B)),
    ] {
        assert_eq!(seen(sources.clone(), "prod").revision, expected, "{sources:?}");
    }
}

#[test]
fn an_application_that_follows_another_branch_is_told_of() {
    let errors = |branch: &str, url: &str| {
        let source = json!({"repoURL": url, "targetRevision": branch, "path": "x"});
        let value = with(application(), "/spec/source", source);
        application::observe(value, Some(&origin("staging")), "x").expect("readable").errors
    };
    let ours = "ssh://git@gitlab.example.org/team/manifests.git";
    assert_eq!(
        errors("main", ours),
        ["the Application follows main, and commits are made on staging: check targetRevision and branch"]
    );
    for (branch, url) in [("staging", ours), ("refs/heads/staging", ours), ("HEAD", ours), ("", ours), ("main", "y")] {
        assert_eq!(errors(branch, url), [""; 0], "{branch} {url}");
    }
}
