//! The commands that read, and those that act on nodes, by the built program.

use std::{net::IpAddr, sync::Arc};

use k8s_openapi::api::{core::v1, core::v1::Node};
use kube::Api;
use serde_json::{Value, json};

use crate::{
    kubelet::Kubelet,
    objects::{self, Fate, NAME},
    program::{Run, configure, run},
    site::{PATIENCE, Site, typed, wait},
    workload::{self, Made},
};

/// `/get_pods`, `/describe`, `/events`, `/status`, and a pod that is none of ours.
pub(crate) async fn reading(site: Arc<Site>) {
    configure(&site);
    workload::make_node(&site, None).await;
    let made = workload::make(&site).await;
    pods_are_listed(&site, &made).await;
    a_pod_is_described(&site, &made).await;
    events_are_told(&site, &made).await;

    let nodes = run(&site, &["nodes", "--json"]).await.json();
    let node = node_of(&site, &nodes["answer"]["nodes"]["Ok"]["nodes"]);
    assert_eq!((&node["external"], &node["internal"]), (&json!("203.0.113.77"), &Value::Null), "{node:#}");
    assert_eq!(node["pods"], 3, "those that were bound to it: {node:#}");
    assert_eq!((&node["roles"], &node["capacity"]), (&json!(["tiphys-test"]), &json!(110)), "{node:#}");

    // Without an Application: what git wants is told all the same.
    let status = run(&site, &["status", "--json"]).await;
    let report = status.json()["answer"]["status"][0].clone();
    assert!(status.code == Some(0) && report["desired"]["Ok"].is_object(), "{status:#?}");
    assert!(report["live"]["Err"].as_str().is_some_and(|why| why.contains("Application")), "{report:#}");
}

async fn pods_are_listed(site: &Site, made: &Made) {
    let listed = async || {
        let run = run(site, &["pods", "--json"]).await;
        let list = run.json()["answer"]["pods"][0]["pods"]["Ok"].clone();
        let seen = list["pods"].as_array().is_some_and(|pods| pods.len() == Fate::ALL.len());
        (seen || !made.controlled).then_some(list)
    };
    let list = wait(PATIENCE, listed).await.expect("the pods are seen");
    assert_eq!((&list["desired"], &list["rolling"]), (&json!(4), &json!(false)), "{list:#}");
    for (fate, name) in &made.pods {
        let pods = list["pods"].as_array().expect("a list");
        let pod = pods.iter().find(|pod| pod["name"] == **name).unwrap_or_else(|| panic!("{name}: {list:#}"));
        let (status, ready, restarts) = match fate {
            Fate::Runs => ("Running", 2, 0),
            Fate::Crashes => ("CrashLoopBackOff", 1, 7),
            Fate::HasNoImage => ("ImagePullBackOff", 1, 0),
            Fate::FindsNoNode => ("Pending", 0, 0),
        };
        let seen = (&pod["status"], &pod["ready"], &pod["total"], &pod["restarts"]);
        assert_eq!(seen, (&json!(status), &json!(ready), &json!(2), &json!(restarts)), "{pod:#}");
        assert_eq!((&pod["tag"], &pod["template"]), (&json!("0.10.4"), &json!("newest")), "{pod:#}");
        let node = if *fate == Fate::FindsNoNode { Value::Null } else { json!(site.name) };
        assert_eq!(pod["node"], node, "{pod:#}");
        let why = pod["why"].as_str().unwrap_or_default();
        let reason = match fate {
            Fate::Runs => "",
            Fate::Crashes => "OOMKilled",
            Fate::HasNoImage => "pull",
            Fate::FindsNoNode => "Insufficient memory",
        };
        assert!(why.contains(reason), "{pod:#}");
    }
    let table = run(site, &["pods"]).await;
    assert!(table.code == Some(0) && table.out.contains("CrashLoopBackOff"), "{table:#?}");
}

async fn a_pod_is_described(site: &Site, made: &Made) {
    let name = made.pod(Fate::Crashes);
    let run = run(site, &["describe", name, "--json"]).await;
    let described = run.json()["answer"]["described"].clone();
    assert_eq!(described["pod"]["name"], name, "{run:#?}");
    assert!(described["owner"].as_str().is_some_and(|owner| owner.starts_with("ReplicaSet/")), "{described:#}");
    let app = &described["containers"][0];
    assert_eq!((&app["memory_limit"], &app["ended"]["reason"]), (&json!("256Mi"), &json!("OOMKilled")), "{app:#}");
}

async fn events_are_told(site: &Site, made: &Made) {
    let events: Api<v1::Event> = site.own();
    let pods: Api<v1::Pod> = site.own();
    let name = made.pod(Fate::Crashes);
    let mut pod = serde_json::to_value(pods.get(name).await.expect("it was made here")).expect("JSON");
    (pod["apiVersion"], pod["kind"]) = (json!("v1"), json!("Pod"));
    for (event, about, words) in [
        ("of-pod", &pod, ("Warning", "BackOff", "Back-off restarting failed container app")),
        ("of-deployment", &made.deployment, ("Normal", "ScalingReplicaSet", "Scaled up replica set to 4")),
    ] {
        let event = objects::event(&site.name, event, about, words);
        site.make(&events, "events", &typed(event)).await;
    }
    let run = run(site, &["events", "--json"]).await;
    let answer = run.json();
    let told = answer["answer"]["events"][0]["events"]["Ok"]["events"].as_array().expect("events");
    let of = |reason: &str, name: &str| {
        let found = told.iter().find(|event| event["reason"] == reason && event["name"] == name && event["count"] == 3);
        found.unwrap_or_else(|| panic!("{reason} of {name}: {answer:#}")).clone()
    };
    assert_eq!(of("BackOff", name)["warning"], true);
    assert_eq!(of("ScalingReplicaSet", NAME)["kind"], "Deployment");
}

/// `/cordon`, `/uncordon`, `/get_nodes` and `/describe NODE`, on a node that was made for it.
pub(crate) async fn cordoning(site: Arc<Site>) {
    configure(&site);
    workload::make_node(&site, None).await;
    let nodes: Api<Node> = Api::all(site.client.clone());
    let seen = async || nodes.get(&site.name).await.expect("it was made here");

    let first = run(&site, &["cordon", &site.name, "--json"]).await;
    let change = first.json()["answer"]["node"].clone();
    assert_eq!((first.code, &change["already_so"]), (Some(0), &json!(false)), "{first:#?}");
    let node = seen().await;
    assert_eq!(node.spec.and_then(|spec| spec.unschedulable), Some(true));
    let annotations = node.metadata.annotations.unwrap_or_default();
    let by = annotations.get("tiphys/cordoned-by").map(String::as_str).unwrap_or_default();
    assert!(by.contains("tester") && annotations.contains_key("tiphys/cordoned-at"), "{annotations:#?}");
    // The cluster's own taint, which follows where a controller is at work, is the same thing and isn't told twice.
    let again = run(&site, &["cordon", &site.name, "--json"]).await.json();
    assert_eq!(again["answer"]["node"]["already_so"], true, "{again:#}");

    let described = run(&site, &["describe", &site.name, "--json"]).await;
    let node = described.json()["answer"]["node_described"].clone();
    assert_eq!((&node["placement"], &node["hindrances"][0]), (&json!("closed"), &json!("cordoned")), "{node:#}");
    assert_eq!(node["cordoned"]["by"], by, "{node:#}");

    let back = run(&site, &["uncordon", &site.name, "--json"]).await;
    assert_eq!(back.code, Some(0), "{back:#?}");
    let node = seen().await;
    assert_eq!(node.spec.and_then(|spec| spec.unschedulable), None);
    let annotations = node.metadata.annotations.unwrap_or_default();
    assert!(!annotations.contains_key("tiphys/cordoned-by"), "{annotations:#?}");
    assert!(annotations.contains_key("tiphys/uncordoned-by"), "{annotations:#?}");

    let list = run(&site, &["nodes", "--json"]).await.json();
    let node = node_of(&site, &list["answer"]["nodes"]["Ok"]["nodes"]);
    assert_eq!((&node["unschedulable"], &node["not_ready"]), (&json!(false), &Value::Null), "{node:#}");
    let taints = node["taints"].as_array().expect("taints");
    assert!(taints.iter().any(|taint| taint["key"] == "tiphys-test" && taint["effect"] == "NoSchedule"), "{node:#}");

    let unknown = format!("{}x", site.name);
    let refused = run(&site, &["cordon", &unknown, "--json"]).await;
    assert!(refused.code == Some(1) && refused.out.contains(&site.name), "the nearest name: {refused:#?}");
}

/// `/get_logs`: by a kubelet of the test's own where the API server can reach it; otherwise it is said why not.
pub(crate) async fn logs(site: Arc<Site>) {
    configure(&site);
    let kubelet = if is_here(&site).await { Some(Kubelet::start().await) } else { None };
    workload::make_node(&site, kubelet.as_ref().map(|kubelet| ("127.0.0.1", kubelet.port))).await;
    let made = workload::make(&site).await;
    let (pod, crashed) = (made.pod(Fate::Runs), made.pod(Fate::Crashes));

    // Which of the two containers isn't asked of any kubelet.
    let unclear = run(&site, &["logs", pod, "--json"]).await;
    let needed = unclear.json()["answer"]["container_needed"].clone();
    assert!(unclear.code == Some(1), "{unclear:#?}");
    let names: Vec<&Value> =
        needed["containers"].as_array().expect("containers").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["app", "metrics"]);
    let foreign = run(&site, &["logs", "kube-system/anything"]).await;
    assert!(foreign.code == Some(1) && foreign.out.contains("Not a namespace of the bot's"), "{foreign:#?}");
    let nobody = run(&site, &["logs", "nobody"]).await;
    assert!(nobody.code == Some(1) && nobody.out.contains("No such pod"), "{nobody:#?}");

    let suffix = pod.rsplit('-').next().expect("a suffix");
    let shown = run(&site, &["logs", suffix, "app", "--json"]).await;
    let previous = run(&site, &["logs", crashed, "-c", "app", "--previous", "--json"]).await;
    let none = run(&site, &["logs", crashed, "-c", "metrics", "--previous", "--json"]).await;
    if kubelet.is_none_or(|kubelet| kubelet.asked() == 0) {
        println!("no kubelet that could be asked: only the answers without a log are looked at");
        for run in [shown, previous, none] {
            has_no_log(&run);
        }
        return;
    }
    let log = shown.json()["answer"]["log"].clone();
    let lines = log["lines"].as_array().expect("lines");
    assert_eq!((lines.len(), &lines[0], shown.code), (30, &json!("app in this run, line 171"), Some(0)), "{log:#}");
    assert_eq!((&lines[28], &lines[29]), (&json!("login password=***"), &json!("card *** charged")), "{log:#}");
    assert_eq!((&log["masked"], &log["container"]), (&json!(2), &json!("app")), "{log:#}");
    assert!(!shown.out.contains("hunter2") && !shown.out.contains("1234-5678"), "{shown:#?}");
    let log = previous.json()["answer"]["log"].clone();
    assert_eq!(
        (&log["previous"], &log["lines"][0]),
        (&json!(true), &json!("app in the run before, line 171")),
        "{log:#}"
    );
    let log = none.json()["answer"]["log"].clone();
    assert!(log["not_there"].as_str().is_some_and(|why| why.contains("previous terminated")), "{none:#?}");
}

/// An answer without a log says so in a sentence and isn't taken for an empty log.
fn has_no_log(run: &Run) {
    let answer = run.json();
    let not_there = answer["answer"]["log"]["not_there"].as_str().is_some_and(|why| !why.is_empty());
    let unanswered = answer["text"].as_str().is_some_and(|text| text.contains("kubernetes: "));
    assert!(not_there || (unanswered && run.code == Some(4)), "{run:#?}");
    assert!(answer["answer"]["log"]["lines"].as_array().is_none_or(Vec::is_empty), "{answer:#}");
}

/// Whether the API server is on this machine, and could ask a kubelet of ours.
async fn is_here(site: &Site) -> bool {
    let kubeconfig = kube::config::Kubeconfig::read_from(&site.file).expect("it was read before");
    let options = kube::config::KubeConfigOptions { context: Some(site.context.clone()), ..Default::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("it was used before");
    let host = config.cluster_url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The node of this test in a list.
fn node_of(site: &Site, list: &Value) -> Value {
    let nodes = list.as_array().unwrap_or_else(|| panic!("{list:#}"));
    nodes.iter().find(|node| node["name"] == *site.name).cloned().unwrap_or_else(|| panic!("{list:#}"))
}
