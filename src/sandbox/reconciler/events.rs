//! What the controllers, the scheduler and the kubelets say of what they do: events of `v1`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Turn;
use crate::sandbox::kubernetes::{
    kind::Kind,
    store::{number, random, text, time},
};

/// How many events are kept; the real API server forgets them after an hour.
const KEPT: usize = 500;

/// Who says something.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// A controller or the scheduler.
    Component(&'static str),
    /// The kubelet of that node.
    Kubelet(&'a str),
}

impl Source<'_> {
    fn json(self) -> Value {
        match self {
            Self::Component(name) => json!({"component": name}),
            Self::Kubelet(node) => json!({"component": "kubelet", "host": node}),
        }
    }
}

/// Says something of an object; the same said again only counts.
pub(super) fn tell(turn: &Turn<'_>, object: &Value, source: Source<'_>, (kind, reason): (&str, &str), message: &str) {
    let store = turn.cluster.store();
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    let uid = text(object, "/metadata/uid");
    let same = |event: &Value| {
        text(event, "/involvedObject/uid") == uid
            && text(event, "/reason") == reason
            && text(event, "/message") == message
    };
    let events = store.list(Kind::Event);
    if let Some(event) = events.iter().find(|event| same(event)) {
        let count = number(event, "/count") + 1;
        let change = |event: &mut Value| {
            event["count"] = json!(count);
            event["lastTimestamp"] = json!(time(turn.now));
            Ok(())
        };
        let _ = store.modify(Kind::Event, (namespace, text(event, "/metadata/name")), change);
        return;
    }
    forget_oldest(turn, &events);
    let event = new_event(object, source, (kind, reason), message, turn.now, (namespace, name));
    let _ = store.create(Kind::Event, event, turn.now);
}

fn new_event(
    object: &Value,
    source: Source<'_>,
    (kind, reason): (&str, &str),
    message: &str,
    now: Timestamp,
    (namespace, name): (&str, &str),
) -> Value {
    json!({
        "metadata": {"name": format!("{name}.{:016x}", random()), "namespace": namespace},
        "involvedObject": {
            "apiVersion": object["apiVersion"], "kind": object["kind"], "name": name, "namespace": namespace,
            "uid": object["metadata"]["uid"], "resourceVersion": object["metadata"]["resourceVersion"],
        },
        "reason": reason,
        "message": message,
        "source": source.json(),
        "firstTimestamp": time(now),
        "lastTimestamp": time(now),
        "count": 1,
        "type": kind,
        "eventTime": null,
        "reportingComponent": source.json()["component"],
        "reportingInstance": text(&source.json(), "/host"),
    })
}

fn forget_oldest(turn: &Turn<'_>, events: &[Value]) {
    if events.len() < KEPT {
        return;
    }
    if let Some(oldest) = events.iter().min_by_key(|event| text(event, "/lastTimestamp")) {
        let key = (text(oldest, "/metadata/namespace"), text(oldest, "/metadata/name"));
        let _ = turn.cluster.store().remove(Kind::Event, key.0, key.1);
    }
}
