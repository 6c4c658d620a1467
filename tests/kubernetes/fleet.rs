//! The pods of a Deployment: whose they are, how many there may be, and what happens when nobody answers.

use std::time::{Duration, Instant};

use serde_json::json;
use tiphys::{
    domain::{pod::judge, unanswered::Unanswered},
    ports::Pods,
    sandbox::kubernetes::{ApiFault, Crowd, kind::Kind},
};

use super::support::{IMAGE, NAME, NAMESPACE, Stage, workload};

#[tokio::test(flavor = "multi_thread")]
async fn pods_belong_to_who_owns_them() {
    let stage = Stage::crowded(0, 2).await;
    let store = stage.server.cluster().store();
    // The labels of another Deployment's pods fit the selector as well.
    let other = Crowd { pods: 3, ..Crowd::of(NAMESPACE, "another", IMAGE) };
    stage.server.cluster().crowd(&other).expect("new");
    for pod in store.list(Kind::Pod) {
        let name = pod["metadata"]["name"].as_str().expect("a name").to_owned();
        let relabel = |pod: &mut serde_json::Value| {
            pod["metadata"]["labels"]["app.kubernetes.io/name"] = json!(NAME);
            Ok(())
        };
        store.modify(Kind::Pod, (NAMESPACE, &name), relabel).expect("there");
    }
    // One that nobody owns.
    let mut stray = store.list(Kind::Pod).pop().expect("a pod");
    stray["metadata"]["name"] = json!("stray");
    stray["metadata"]["ownerReferences"] = json!([]);
    store.create(Kind::Pod, stray, jiff::Timestamp::now()).expect("new");

    let fleet = stage.adapter.fleet(&workload()).await.expect("an answer").expect("a Deployment");
    assert_eq!((fleet.desired, fleet.pods.len(), fleet.replica_sets.len()), (2, 2, 1));
    assert!(fleet.pods.iter().all(|pod| pod.name.starts_with("oil-refinery-application-6d4f9c7b58-")));
    assert!(fleet.pods.iter().all(|pod| judge(pod).word == "Running"));
    let nobody = tiphys::domain::catalogue::Workload { name: "nobody".into(), ..workload() };
    assert_eq!(stage.adapter.fleet(&nobody).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_pods_on_a_thousand_nodes() {
    let stage = Stage::crowded(1_000, 5_000).await;
    let before = resident();
    let start = Instant::now();
    let fleet = stage.adapter.fleet(&workload()).await.expect("an answer").expect("a Deployment");
    let took = start.elapsed();
    println!("5,000 pods: {took:?}, {} MB more resident", (resident() - before) / 1_000);
    assert_eq!(fleet.pods.len(), 5_000);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

/// The resident memory of this process in kB, the sandbox's included; 0 where the system doesn't tell.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_left_after_the_deadline() {
    let deadline = Duration::from_millis(300);
    let stage = Stage::start(deadline).await;
    stage.server.cluster().set_fault(ApiFault::Hang);
    let start = Instant::now();
    assert_eq!(stage.adapter.fleet(&workload()).await, Err(Unanswered::Late { after: deadline }));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_said_in_the_servers_words() {
    let stage = Stage::crowded(0, 1).await;
    stage.server.cluster().deny("pods", true);
    match stage.adapter.fleet(&workload()).await {
        Err(Unanswered::Forbidden { detail }) => assert!(detail.contains("cannot list resource \"pods\""), "{detail}"),
        other => panic!("{other:?}"),
    }
}
