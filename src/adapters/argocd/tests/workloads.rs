//! What is read out of Deployments and their pods.

use super::*;

/// A Deployment that isn't rolled out: one new pod of two is there and not ready.
fn rolling() -> Value {
    let rolling = with(deployment(), "/status/updatedReplicas", json!(1));
    with(rolling, "/status/replicas", json!(3))
}

fn replica_set(uid: &str, template: &str, owner: &str) -> Value {
    json!({
        "metadata": {
            "name": uid, "uid": uid, "annotations": {"deployment.kubernetes.io/revision": template},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "X", "name": "x", "uid": "d-1"},
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": "refinery", "uid": owner, "controller": true},
            ],
        },
    })
}

fn pod(owner: &str, status: Value) -> Value {
    json!({
        "metadata": {
            "name": "p", "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": true},
            ],
        },
        "status": status,
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    json!({"phase": "Pending", "containerStatuses": [container(&state, &json!({}))]})
}

fn container(state: &Value, last: &Value) -> Value {
    json!({"name": "app", "image": "x", "imageID": "", "ready": false, "restartCount": 3, "state": state, "lastState": last})
}

#[tokio::test]
async fn trouble_is_read_from_the_newest_pods_by_ownership() {
    let world = World::well().await;
    world.set(DEPLOYMENT, 200, rolling());
    let sets = [replica_set("new", "12", "d-1"), replica_set("old", "11", "d-1"), replica_set("foreign", "12", "d-2")];
    world.set(REPLICA_SETS, 200, list("ReplicaSetList", &sets));
    let pods = [
        pod("old", waiting("CrashLoopBackOff", "the old template's trouble")),
        pod("foreign", waiting("InvalidImageName", "another Deployment's trouble")),
        pod("new", waiting("ImagePullBackOff", "Back-off pulling image \"x:0.10.5\": not found")),
        pod("new", waiting("ImagePullBackOff", "the same again in other words")),
        pod("new", waiting("ContainerCreating", "")),
    ];
    world.set(PODS, 200, list("PodList", &pods));
    let workload = world.observe().await.workload.expect("a workload");
    assert_eq!(workload.trouble, ["ImagePullBackOff: Back-off pulling image \"x:0.10.5\": not found"]);
    let asked = world.seen();
    let pods = &asked.last().expect("requests").1;
    assert!(pods.contains("labelSelector=app%3Drefinery") && pods.contains("limit=500"), "{pods}");
}

#[tokio::test]
async fn what_serves_is_read_from_the_replica_sets_with_ready_pods() {
    let world = World::well().await;
    let whole = world.observe().await.workload.expect("a workload");
    assert_eq!(whole.serving, Some(vec![whole.images]), "rolled out");
    assert!(world.seen().iter().all(|(_, path, ..)| !path.contains("replicasets")), "that needs no more questions");

    let set = |uid: &str, owner: &str, image: &str, ready: Option<i32>| {
        let mut set = replica_set(uid, uid, owner);
        let pods = json!({"containers": [{"name": "app", "image": image}, {"name": "proxy", "image": "proxy:1"}]});
        set["spec"] = json!({"selector": {}, "template": {"metadata": {}, "spec": pods}});
        set["status"] = json!({"replicas": 2, "readyReplicas": ready});
        set
    };
    let sets = [
        set("12", "d-1", "x:2", None),
        set("11", "d-1", "x:1", Some(2)),
        set("10", "d-1", "x:0", Some(0)),
        set("9", "d-2", "x:foreign", Some(2)),
    ];
    world.set(DEPLOYMENT, 200, rolling());
    world.set(REPLICA_SETS, 200, list("ReplicaSetList", &sets));
    world.set(PODS, 403, failure(403, "Forbidden", "pods is forbidden"));
    let serving = world.observe().await.workload.expect("a workload").serving;
    assert_eq!(serving, Some(vec![vec!["x:1".to_owned(), "proxy:1".to_owned()]]));
    world.set(REPLICA_SETS, 403, failure(403, "Forbidden", "replicasets.apps is forbidden"));
    assert_eq!(world.observe().await.workload.expect("a workload").serving, None);
}

#[tokio::test]
async fn without_the_right_to_read_pods_the_deployment_still_counts() {
    let world = World::well().await;
    let quota = json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: pods=2"}]);
    world.set(DEPLOYMENT, 200, with(rolling(), "/status/conditions", quota));
    world.set(REPLICA_SETS, 403, failure(403, "Forbidden", "replicasets.apps is forbidden"));
    let workload = world.observe().await.workload.expect("a workload");
    assert_eq!((workload.updated, workload.trouble), (1, vec!["FailedCreate: exceeded quota: pods=2".to_owned()]));
}

#[test]
fn every_trouble_has_its_words() {
    let terminated = |reason: &str, code: i32| json!({"terminated": {"reason": reason, "exitCode": code}});
    let running = json!({"running": {"startedAt": "2026-11-02T10:00:00Z"}});
    let crash =
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting pod=p_oil(1-2-3)"}});
    let statuses = |state: &Value, last: &Value| json!({"containerStatuses": [container(state, last)]});
    let unschedulable = json!({"phase": "Pending", "conditions": [
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"},
    ]});
    for (name, status, expected) in [
        ("crashes", statuses(&crash, &terminated("Error", 137)), Some("CrashLoopBackOff: exit code 137")),
        (
            "crashes for want of memory",
            statuses(&crash, &terminated("OOMKilled", 137)),
            Some("CrashLoopBackOff: OOMKilled"),
        ),
        ("crashes, nobody knows how", statuses(&crash, &json!({})), Some("CrashLoopBackOff")),
        ("ended", statuses(&terminated("Error", 2), &json!({})), Some("exit code 2")),
        ("ended for want of memory", statuses(&terminated("OOMKilled", 137), &json!({})), Some("OOMKilled")),
        ("ended well", statuses(&terminated("Completed", 0), &json!({})), None),
        ("runs again after it was killed", statuses(&running, &terminated("OOMKilled", 137)), Some("OOMKilled")),
        ("runs and isn't ready yet", statuses(&running, &json!({})), None),
        ("no image", waiting("ErrImagePull", "not found"), Some("ErrImagePull: not found")),
        (
            "no secret",
            waiting("CreateContainerConfigError", "secret \"x\" not found"),
            Some("CreateContainerConfigError: secret \"x\" not found"),
        ),
        ("no place", unschedulable, Some("Unschedulable: 0/3 nodes are available")),
        (
            "evicted",
            json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}),
            Some("Evicted: low on memory"),
        ),
        (
            "an init container crashes",
            json!({"initContainerStatuses": [container(&crash, &terminated("Error", 1))]}),
            Some("CrashLoopBackOff: exit code 1"),
        ),
        ("nothing known", json!({}), None),
    ] {
        let deployment: Deployment = serde_json::from_value(rolling()).expect("a Deployment");
        let pod: Pod = serde_json::from_value(pod("new", status)).expect("a pod");
        let trouble = workload::trouble(&deployment, std::slice::from_ref(&pod));
        assert_eq!(trouble.first().map(String::as_str), expected, "{name}");
        let mut leaving = pod;
        leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-02T10:00:00Z")).expect("a time");
        assert!(workload::trouble(&deployment, &[leaving]).is_empty(), "{name}: a pod on its way out");
    }
    let deployment: Deployment = serde_json::from_value(rolling()).expect("a Deployment");
    let many: Vec<Pod> = (0..20)
        .map(|n| serde_json::from_value(pod("new", waiting(&format!("Reason{n}"), &"x".repeat(5_000)))).expect("a pod"))
        .collect();
    let trouble = workload::trouble(&deployment, &many);
    assert_eq!(trouble.len(), 5);
    assert!(trouble.iter().all(|text| text.chars().count() < 350), "{trouble:?}");
}

#[test]
fn a_deployments_rollout_is_read_with_kubernetes_defaults() {
    let state = |value: Value| workload::state(&serde_json::from_value::<Deployment>(value).expect("a Deployment"));
    assert_eq!(state(with(deployment(), "/spec/replicas", Value::Null)).desired, 1);
    assert_eq!(state(with(deployment(), "/spec/replicas", json!(0))).desired, 0);
    assert!(!state(with(deployment(), "/metadata/generation", json!(5))).observed);
    let new = state(with(deployment(), "/status", Value::Null));
    assert!(!new.observed && new.replicas == 0 && !new.rolled_out());
    let progress = |status: &str, reason: &str| {
        let words = "ReplicaSet \"refinery-1\" has timed out progressing.";
        let condition = json!([{"type": "Progressing", "status": status, "reason": reason, "message": words}]);
        state(with(deployment(), "/status/conditions", condition)).deadline_exceeded
    };
    assert_eq!(
        progress("False", "ProgressDeadlineExceeded").as_deref(),
        Some("ReplicaSet \"refinery-1\" has timed out progressing.")
    );
    assert_eq!(progress("True", "ReplicaSetUpdated"), None);
    assert_eq!(progress("Unknown", "DeploymentPaused"), None);
}
