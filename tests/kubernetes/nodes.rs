//! Nodes: what is read of them, how many pods are on each, and what cordoning leaves behind.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tiphys::{
    domain::{
        name::NodeName,
        node::{Effect, Mark, Node, Placement, Scheduling, Taint, Totals},
        unanswered::Unanswered,
    },
    ports::Nodes,
    sandbox::kubernetes::{ApiFault, Kubernetes, kind::Kind},
};

use super::support::Stage;

const ENOUGH: Duration = Duration::from_secs(60);

fn change(cluster: &Kubernetes, name: &str, change: impl FnOnce(&mut Value)) {
    let change = |node: &mut Value| {
        change(node);
        Ok(())
    };
    cluster.store().modify(Kind::Node, ("", name), change).expect("the node is there");
}

async fn nodes(stage: &Stage) -> Vec<Node> {
    let mut nodes = stage.adapter.nodes().await.expect("an answer");
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

fn annotations(stage: &Stage, name: &str) -> Vec<(String, String)> {
    let node = stage.server.cluster().store().get(Kind::Node, "", name).expect("there");
    let annotations = node["metadata"]["annotations"].as_object().expect("a map").clone();
    let ours = annotations.into_iter().filter(|(name, _)| name.starts_with("tiphys/"));
    ours.map(|(name, value)| (name, value.as_str().expect("a text").to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_a_node() {
    let stage = Stage::start(ENOUGH).await;
    let cluster = stage.server.cluster();
    change(cluster, "refinery-control-1", |node| {
        node["metadata"]["labels"]["node-role.kubernetes.io/etcd"] = json!("");
        node["metadata"]["labels"]["kubernetes.io/role"] = json!("master");
        node["status"]["addresses"] = json!([
            {"type": "Hostname", "address": "x"}, {"type": "ExternalDNS", "address": "control.example.org"},
            {"type": "InternalIP", "address": "10.20.0.10"}, {"type": "InternalIP", "address": "fd00::1"},
        ]);
    });
    cluster.set_node_ready("refinery-worker-1", false).expect("there");
    change(cluster, "refinery-worker-2", |node| {
        node["status"]["addresses"] = json!([]);
        node["status"].as_object_mut().expect("a map").remove("allocatable");
        node["spec"]["taints"] = json!([
            {"key": "gpu", "value": "a100", "effect": "NoExecute"}, {"key": "new", "effect": "NoSuchEffectYet"},
        ]);
    });
    let found = nodes(&stage).await;
    let [control, silent, tainted] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(control.external.as_deref(), Some("control.example.org"));
    assert_eq!(control.internal.as_deref(), Some("10.20.0.10"));
    assert_eq!(control.roles, ["control-plane", "etcd", "master"]);
    assert_eq!((control.version.as_str(), control.capacity), ("v1.33.5", Some(110)));
    assert_eq!(control.placement(), Placement::Tolerating);

    assert_eq!(silent.external.as_deref(), Some("203.0.113.11"));
    assert_eq!(silent.not_ready.as_deref(), Some("NodeStatusUnknown"));
    assert_eq!((silent.placement(), silent.hindrances().len()), (Placement::Closed, 1), "the taints say the same");

    assert_eq!((&tainted.external, &tainted.internal, tainted.capacity), (&None, &None, None));
    let unknown = Taint { key: "new".into(), value: String::new(), effect: Effect::NoSchedule };
    let gpu = Taint { key: "gpu".into(), value: "a100".into(), effect: Effect::NoExecute };
    assert_eq!(tainted.taints, [gpu, unknown]);

    // One that has only just come, and has told nothing yet.
    let bare = json!({"metadata": {"name": "bare"}, "spec": {}, "status": {}});
    cluster.store().create(Kind::Node, bare, Timestamp::now()).expect("new");
    assert_eq!(nodes(&stage).await[0].placement(), Placement::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_that_are_over_or_nowhere_are_on_no_node() {
    let stage = Stage::crowded(3, 10).await;
    let store = stage.server.cluster().store();
    let pods = store.list(Kind::Pod);
    for (pod, (phase, node)) in pods.iter().zip([("Succeeded", true), ("Failed", true), ("Pending", false)]) {
        let name = pod["metadata"]["name"].as_str().expect("a name");
        let change = |pod: &mut Value| {
            pod["status"]["phase"] = json!(phase);
            if !node {
                pod["spec"].as_object_mut().expect("a map").remove("nodeName");
            }
            Ok(())
        };
        store.modify(Kind::Pod, ("oil-refinery", name), change).expect("there");
    }
    let counts = stage.adapter.pods_by_node().await.expect("an answer");
    assert_eq!(counts.values().sum::<u32>(), 7);
    assert!(counts.keys().all(|node| node.starts_with("crowd-worker-000")), "{counts:?}");
    // Without the right to see the pods of all namespaces the nodes are seen all the same.
    stage.server.cluster().deny("pods", true);
    assert!(matches!(stage.adapter.pods_by_node().await, Err(Unanswered::Forbidden { .. })));
    assert_eq!(nodes(&stage).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_nodes_with_five_thousand_pods() {
    let stage = Stage::crowded(1_000, 5_000).await;
    let start = Instant::now();
    let (nodes, pods) = tokio::join!(stage.adapter.nodes(), stage.adapter.pods_by_node());
    let took = start.elapsed();
    println!("1,000 nodes with 5,000 pods: {took:?}");
    let (nodes, pods) = (nodes.expect("nodes"), pods.expect("pods"));
    let expected = Totals { open: 1_002, tolerating: 1, closed: 0 };
    assert_eq!((Totals::of(&nodes), pods.values().sum::<u32>()), (expected, 5_000));
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cordoning_leaves_a_name_and_a_time() {
    let stage = Stage::start(ENOUGH).await;
    let at: Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
    let by = |name: &str| Mark { by: name.into(), at: Some(at) };
    let name = NodeName::new("refinery-worker-1").expect("a name");
    let cordon = async |by: &Mark| stage.adapter.schedule(&name, Scheduling::Cordon, by).await;

    let node = cordon(&by("Анна Иванова (telegram 1001)")).await.expect("an answer").expect("a node");
    assert_eq!((node.placement(), node.cordoned), (Placement::Closed, Some(by("Анна Иванова (telegram 1001)"))));
    let expected =
        [("tiphys/cordoned-at", "2026-11-21T10:00:00Z"), ("tiphys/cordoned-by", "Анна Иванова (telegram 1001)")];
    assert_eq!(annotations(&stage, name.as_str()), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let back =
        stage.adapter.schedule(&name, Scheduling::Uncordon, &by("Boris")).await.expect("an answer").expect("a node");
    assert_eq!((back.placement(), back.cordoned), (Placement::Open, None));
    let names: Vec<String> = annotations(&stage, name.as_str()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["tiphys/uncordoned-at", "tiphys/uncordoned-by"]);

    // Somebody uncordons in another way: then the mark says nothing any more.
    cordon(&by("Anna")).await.expect("an answer").expect("a node");
    change(stage.server.cluster(), name.as_str(), |node| {
        node["spec"]["unschedulable"] = json!(false);
    });
    assert_eq!(nodes(&stage).await[1].cordoned, None);

    let nobody = NodeName::new("nobody").expect("a name");
    assert_eq!(stage.adapter.schedule(&nobody, Scheduling::Cordon, &by("Anna")).await, Ok(None));
    stage.server.cluster().deny("nodes", true);
    assert!(matches!(cordon(&by("Anna")).await, Err(Unanswered::Forbidden { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_not_waited_for() {
    let deadline = Duration::from_millis(300);
    let stage = Stage::start(deadline).await;
    stage.server.cluster().set_fault(ApiFault::Hang);
    let late = Unanswered::Late { after: deadline };
    let (nodes, pods) = tokio::join!(stage.adapter.nodes(), stage.adapter.pods_by_node());
    assert_eq!((nodes, pods), (Err(late.clone()), Err(late)));
}
