//! Events: of a whole namespace, and of one object; the reconciler's have the shape of the real ones.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use serde_json::{Value, json};
use tiphys::{
    ports::Pods,
    sandbox::{
        kubernetes::kind::Kind,
        world::{Options, Pace, World},
    },
};

use super::{
    shapes::fits,
    support::{NAMESPACE, Stage},
};

fn event(name: &str, about: &str, more: Value) -> Value {
    let mut event = json!({
        "metadata": {"name": name, "namespace": NAMESPACE},
        "involvedObject": {"kind": "Pod", "name": about, "namespace": NAMESPACE, "uid": "uid-1"},
        "reason": "BackOff", "message": "Back-off\nrestarting", "type": "Warning",
    });
    if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
        event.extend(more);
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_events_are_read() {
    let stage = Stage::start(Duration::from_secs(20)).await;
    let store = stage.server.cluster().store();
    let put = |event: Value| store.create(Kind::Event, event, Timestamp::now()).expect("new");
    put(event(
        "a",
        "p",
        json!({"count": 7, "firstTimestamp": "2026-11-21T10:00:00Z", "lastTimestamp": "2026-11-21T10:05:00Z"}),
    ));
    // As `events.k8s.io` writes them, seen through `v1`.
    let series = json!({"count": 9, "lastObservedTime": "2026-11-21T10:09:00.000000Z"});
    put(event("b", "p", json!({"eventTime": "2026-11-21T10:01:00.000000Z", "series": series})));
    put(event("c", "q", json!({"eventTime": "2026-11-21T10:02:00.000000Z", "type": "Normal"})));
    let all = stage.adapter.events(NAMESPACE, None).await.expect("events");
    let read: Vec<(u32, bool, String)> = all
        .iter()
        .map(|event| (event.count, event.warning, event.at.map(|at| at.to_string()).unwrap_or_default()))
        .collect();
    let expected =
        [(7, true, "2026-11-21T10:05:00Z"), (9, true, "2026-11-21T10:09:00Z"), (1, false, "2026-11-21T10:02:00Z")];
    assert_eq!(read, expected.map(|(count, warning, at)| (count, warning, at.to_owned())));
    assert_eq!(all[0].message, "Back-off restarting", "on one line");
    let of_one = stage.adapter.events(NAMESPACE, Some(("Pod", "q"))).await.expect("events");
    assert_eq!(of_one.len(), 1);
    assert_eq!(stage.adapter.events("elsewhere", None).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandboxs_events_have_the_shape_of_the_real_ones() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(dir.path());
    options.pace = Pace::quick();
    let world = World::start(options).await.expect("a world");
    let pods = world.kubernetes().store().list(Kind::Pod);
    let name = pods[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    let mut changes = world.kubernetes().store().subscribe();
    // Somebody deletes a pod: it is stopped, and another one made, placed and started.
    let delete = |pod: &mut Value| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-21T10:00:00Z");
        Ok(())
    };
    world.kubernetes().store().modify(Kind::Pod, (NAMESPACE, &name), delete).expect("there");
    let started = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            changes.mark_unchanged();
            let events = world.kubernetes().store().list(Kind::Event);
            if events.iter().any(|event| event["reason"] == "Started") {
                return events;
            }
            changes.changed().await.expect("a world that goes on");
        }
    });
    let events = started.await.expect("a new pod starts");
    let mut reasons: Vec<&str> = events.iter().filter_map(|event| event["reason"].as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons, ["Created", "Killing", "Scheduled", "Started", "SuccessfulCreate"]);
    events.into_iter().for_each(fits::<Event>);
}
