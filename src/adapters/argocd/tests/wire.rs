//! Questions over the wire, and what goes wrong there.

use super::*;

#[tokio::test]
async fn an_application_and_its_workload_are_observed() {
    let world = World::well().await;
    let seen = world.observe().await;
    assert_eq!(seen.sync, SyncStatus::Synced);
    assert_eq!(seen.revision, revision(C));
    let operation = seen.operation.as_ref().expect("an operation");
    assert_eq!(operation.phase, Phase::Succeeded);
    assert_eq!(operation.message, "successfully synced (all tasks run)");
    assert_eq!(operation.revision, revision(C));
    assert_eq!(operation.started_at, time("2026-11-02T10:00:10Z"));
    assert_eq!(operation.finished_at, time("2026-11-02T10:00:12Z"));
    assert!(!seen.operation_pending);
    assert_eq!(seen.reconciled_at, time("2026-11-02T10:00:31Z"));
    assert_eq!((seen.health, seen.health_message.as_str()), (Health::Healthy, ""));
    assert_eq!(seen.health_since, time("2026-11-02T10:00:30Z"));
    assert_eq!(seen.errors, Vec::<String>::new());
    assert_eq!(seen.images, ["registry.example.org/team/refinery:0.10.5"]);
    assert_eq!(seen.overrides, Vec::<String>::new());
    assert!(seen.auto_sync);
    let workload = seen.workload.expect("a workload");
    assert!(workload.rolled_out());
    assert_eq!((workload.desired, workload.ready), (2, 2));
    assert_eq!(workload.images, ["registry.example.org/team/refinery:0.10.5", "registry.example.org/team/proxy:3"]);
    // Two requests are all it takes, with the token of the named context, not of the current one.
    let asked = world.seen();
    assert_eq!(asked.iter().map(|(_, target, ..)| target.as_str()).collect::<Vec<_>>(), [APPLICATION, DEPLOYMENT]);
    assert!(asked.iter().all(|(_, _, note, _)| note.starts_with("Bearer s3cret")));
}

#[tokio::test]
async fn an_application_that_was_just_made_is_observed_too() {
    let world = World::start().await;
    world.set(
        APPLICATION,
        200,
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "refinery-prod"}}),
    );
    let seen = world.observe().await;
    assert_eq!((seen.sync, seen.health), (SyncStatus::Unknown, Health::Unknown));
    assert_eq!((seen.revision, seen.operation, seen.workload), (None, None, None));
    assert!(!seen.operation_pending && !seen.auto_sync);
    let nulls = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "refinery-prod"}, "operation": null,
        "spec": {"source": null, "sources": null, "syncPolicy": null},
        "status": {"sync": null, "health": null, "conditions": null, "resources": null, "summary": {"images": null},
                   "operationState": null, "reconciledAt": null},
    });
    world.set(APPLICATION, 200, nulls);
    assert_eq!(world.observe().await.sync, SyncStatus::Unknown);
}

#[tokio::test]
async fn a_refresh_is_one_annotation() {
    let world = World::well().await;
    world.argocd().await.refresh(&environment()).await.expect("asked");
    let asked = world.seen();
    let [(method, target, note, body)] = asked.as_slice() else { panic!("one request: {asked:?}") };
    assert_eq!((method, target.split('?').next()), (&Method::PATCH, Some(APPLICATION)));
    assert_eq!(note, "Bearer s3cret application/merge-patch+json");
    assert_eq!(*body, json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}));
    world.set(APPLICATION, 403, failure(403, "Forbidden", "applications.argoproj.io \"refinery-prod\" is forbidden"));
    let error = world.argocd().await.refresh(&environment()).await.expect_err("forbidden");
    assert!(matches!(error, ClusterError::Forbidden(_)), "{error}");
}

#[tokio::test]
async fn the_autoscaler_of_the_workload_is_found_on_any_page() {
    let world = World::start().await;
    let scaler = |name: &str, kind: &str, target: &str| {
        json!({
            "metadata": {"name": name, "namespace": "oil"},
            "spec": {"maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target}},
        })
    };
    let autoscalers = |items: &[Value]| list("HorizontalPodAutoscalerList", items);
    let argocd = world.argocd().await;
    let ask = async || argocd.autoscaler(&environment().workload).await;
    let others = [scaler("a", "StatefulSet", "refinery"), scaler("b", "Deployment", "refinery-worker")];
    world.set(AUTOSCALERS, 200, autoscalers(&others));
    assert_eq!(ask().await.expect("an answer"), None);
    world.set(AUTOSCALERS, 200, autoscalers(&[others[0].clone(), scaler("c", "Deployment", "refinery")]));
    assert_eq!(ask().await.expect("an answer").as_deref(), Some("c"));
    // A list that goes on and on is not taken for a complete one.
    world.set(AUTOSCALERS, 200, with(autoscalers(&others), "/metadata/continue", json!("more")));
    let error = ask().await.expect_err("no end");
    assert!(matches!(error, ClusterError::Unavailable(_)), "{error}");
    assert!(world.seen().iter().any(|(_, target, ..)| target.contains("continue=more")));
    world.set(AUTOSCALERS, 403, failure(403, "Forbidden", "horizontalpodautoscalers is forbidden"));
    let error = ask().await.expect_err("forbidden");
    assert!(matches!(error, ClusterError::Forbidden(_)), "{error}");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let world = World::well().await;
    let argocd = world.argocd().await;
    let fails = async || argocd.observe(&environment()).await.expect_err("a failure");
    world.set(APPLICATION, 404, failure(404, "NotFound", "applications.argoproj.io \"refinery-prod\" not found"));
    assert_eq!(fails().await.to_string(), "Application argocd/refinery-prod does not exist");
    for code in [401, 403] {
        world.set(APPLICATION, code, failure(code, "Forbidden", "User \"x\" cannot get resource"));
        let error = fails().await;
        assert!(matches!(&error, ClusterError::Forbidden(text) if text.contains("cannot get")), "{error}");
    }
    for code in [429, 500, 503] {
        world.set(APPLICATION, code, failure(code, "InternalError", "etcdserver: request timed out"));
        let error = fails().await;
        assert!(matches!(&error, ClusterError::Unavailable(text) if text.contains(&code.to_string())), "{error}");
    }
    for garbage in [json!("garbage"), json!({"metadata": {}, "status": {"sync": 5}})] {
        world.set(APPLICATION, 200, garbage.clone());
        let error = fails().await;
        assert!(matches!(error, ClusterError::Unavailable(_)), "{garbage}: {error}");
    }
    // A proxy's page may quote the request with its token.
    world.set(APPLICATION, 502, json!("<h1>GET /</h1>authorization: Bearer secret"));
    assert_eq!(
        fails().await.to_string(),
        "no answer: the Kubernetes API answers HTTP 502 with something else than a Kubernetes Status"
    );
    // The Application alone isn't enough when the workload can't be read.
    world.set(APPLICATION, 200, application());
    world.set(DEPLOYMENT, 403, failure(403, "Forbidden", "deployments.apps is forbidden"));
    assert!(matches!(fails().await, ClusterError::Forbidden(_)));
}

#[tokio::test]
async fn a_server_that_is_slow_or_away_is_not_waited_for() {
    let world = World::well().await;
    world.silence(APPLICATION);
    world.silence(AUTOSCALERS);
    let settings = Settings { deadline: Duration::from_millis(100), ..world.settings() };
    let argocd = ArgoCd::connect(settings).await.expect("good settings");
    for error in [
        argocd.observe(&environment()).await.map(drop).expect_err("silence"),
        argocd.refresh(&environment()).await.expect_err("silence"),
        argocd.autoscaler(&environment().workload).await.map(drop).expect_err("silence"),
    ] {
        assert_eq!(error.to_string(), "no answer: the Kubernetes API was silent for 100ms");
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    std::fs::write(&world.kubeconfig, kubeconfig_text(&format!("http://{gone}"))).expect("written");
    let error = world.argocd().await.observe(&environment()).await.expect_err("nobody listens");
    assert!(matches!(&error, ClusterError::Unavailable(text) if text.contains("refused")), "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

#[tokio::test]
async fn a_context_must_be_named_and_be_there() {
    let world = World::start().await;
    let access =
        |file: &std::path::Path, context: &str| Access::Kubeconfig { file: file.into(), context: context.into() };
    for (access, words) in [
        (access(&world.kubeconfig, "staging"), "staging"),
        (access(&world.kubeconfig, ""), "cannot be used"),
        (access(std::path::Path::new("/nonexistent/kubeconfig"), "test"), "/nonexistent/kubeconfig"),
    ] {
        let error = ArgoCd::connect(Settings { access, ..world.settings() }).await.map(drop).expect_err("refused");
        assert!(error.to_string().contains(words), "{error}");
    }
    std::fs::write(&world.kubeconfig, "clusters: [").expect("written");
    let error = ArgoCd::connect(world.settings()).await.map(drop).expect_err("refused");
    assert!(matches!(error, ConnectError::Kubeconfig { .. }), "{error}");
}

/// What a credential plugin prints may be the credential, so none of it is passed on.
#[cfg(unix)]
#[tokio::test]
async fn the_output_of_a_credential_plugin_stays_secret() {
    let world = World::well().await;
    let text = std::fs::read_to_string(&world.kubeconfig).expect("written before");
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "interactiveMode": "Never",
        "args": ["-c", "echo s3cret; echo s3cret >&2; exit 3"],
    });
    let mut kubeconfig: Value = serde_json::from_str(&text).expect("JSON is YAML");
    kubeconfig["users"][0]["user"] = json!({"exec": exec});
    std::fs::write(&world.kubeconfig, kubeconfig.to_string()).expect("written");
    let text = match ArgoCd::connect(world.settings()).await {
        Ok(argocd) => argocd.observe(&environment()).await.expect_err("no credentials").to_string(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("credentials") && !text.contains("s3cret"), "{text}");
}
