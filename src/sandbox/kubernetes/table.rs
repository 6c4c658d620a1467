//! Tables, which `kubectl get` asks for in the place of objects.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    list::metadata_only,
    store::{number, text},
};

/// A column: its title, and its priority, above 0 for those that `-o wide` alone shows.
type Column = (&'static str, u8);

/// Whether a client prefers tables.
pub(super) fn wanted(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=Table"))
}

/// The table of some objects of one kind; `include` is what comes with each row: the metadata, the object, or nothing.
pub(super) fn table(kind: Kind, objects: &[Value], metadata: &Value, include: &str) -> Value {
    let now = Timestamp::now();
    let columns: Vec<Value> = columns(kind)
        .iter()
        .map(|(name, priority)| {
            let format = if *name == "Name" && kind != Kind::Event { "name" } else { "" };
            let counted = kind == Kind::ReplicaSet && matches!(*name, "Desired" | "Current" | "Ready");
            let of = if counted { "integer" } else { "string" };
            json!({"name": name, "type": of, "format": format, "description": "", "priority": priority})
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let included = match include {
                "None" => Value::Null,
                "Object" => object.clone(),
                _ => metadata_only(object),
            };
            json!({"cells": cells(kind, object, now), "object": included})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns, "rows": rows,
    })
}

/// What kubectl shows as a pod's status.
pub(crate) fn pod_status(pod: &Value) -> &str {
    if pod["metadata"].get("deletionTimestamp").is_some() {
        return "Terminating";
    }
    match text(pod, "/status/containerStatuses/0/state/waiting/reason") {
        "" => text(pod, "/status/phase"),
        waiting => waiting,
    }
}

/// The roles of a node, from its labels.
pub(crate) fn roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let roles: Vec<&str> = labels.filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/")).collect();
    roles.join(",")
}

fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Node => &[
            ("Name", 0),
            ("Status", 0),
            ("Roles", 0),
            ("Age", 0),
            ("Version", 0),
            ("Internal-IP", 1),
            ("External-IP", 1),
            ("OS-Image", 1),
            ("Kernel-Version", 1),
            ("Container-Runtime", 1),
        ],
        Kind::Pod => &[
            ("Name", 0),
            ("Ready", 0),
            ("Status", 0),
            ("Restarts", 0),
            ("Age", 0),
            ("IP", 1),
            ("Node", 1),
            ("Nominated Node", 1),
            ("Readiness Gates", 1),
        ],
        Kind::Deployment => &[
            ("Name", 0),
            ("Ready", 0),
            ("Up-to-date", 0),
            ("Available", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
            ("Selector", 1),
        ],
        Kind::ReplicaSet => &[
            ("Name", 0),
            ("Desired", 0),
            ("Current", 0),
            ("Ready", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
            ("Selector", 1),
        ],
        Kind::Event => &[
            ("Last Seen", 0),
            ("Type", 0),
            ("Reason", 0),
            ("Object", 0),
            ("Subobject", 1),
            ("Source", 1),
            ("Message", 0),
            ("First Seen", 1),
            ("Count", 1),
            ("Name", 1),
        ],
        Kind::Namespace => &[("Name", 0), ("Status", 0), ("Age", 0)],
        Kind::Application => {
            &[("Name", 0), ("Sync Status", 0), ("Health Status", 0), ("Revision", 10), ("Project", 10)]
        }
        _ => &[("Name", 0), ("Age", 0)],
    }
}

fn cells(kind: Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let texts = match kind {
        Kind::ReplicaSet => return replica_set(object, now),
        _ => texts(kind, object, now),
    };
    texts.into_iter().map(Value::String).collect()
}

fn replica_set(set: &Value, now: Timestamp) -> Vec<Value> {
    let count = |pointer: &str| json!(number(set, pointer));
    let (containers, images) = containers(set);
    vec![
        set["metadata"]["name"].clone(),
        count("/spec/replicas"),
        count("/status/replicas"),
        count("/status/readyReplicas"),
        json!(since(text(set, "/metadata/creationTimestamp"), now)),
        json!(containers),
        json!(images),
        json!(selector(set)),
    ]
}

fn texts(kind: Kind, object: &Value, now: Timestamp) -> Vec<String> {
    let show = |pointer: &str| text(object, pointer).to_owned();
    let count = |pointer: &str| number(object, pointer).to_string();
    let age = since(text(object, "/metadata/creationTimestamp"), now);
    let name = show("/metadata/name");
    match kind {
        Kind::Node => {
            let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
            let mut status = if ready { "Ready" } else { "NotReady" }.to_owned();
            if object["spec"]["unschedulable"] == true {
                status.push_str(",SchedulingDisabled");
            }
            let address = |kind: &str| {
                let addresses = object["status"]["addresses"].as_array().into_iter().flatten();
                let found = addresses.into_iter().find(|one| one["type"] == kind);
                found.map_or_else(|| "<none>".to_owned(), |one| text(one, "/address").to_owned())
            };
            let info = |name: &str| show(&format!("/status/nodeInfo/{name}"));
            vec![
                name,
                status,
                roles(object),
                age,
                info("kubeletVersion"),
                address("InternalIP"),
                address("ExternalIP"),
                info("osImage"),
                info("kernelVersion"),
                info("containerRuntimeVersion"),
            ]
        }
        Kind::Pod => {
            let statuses = object["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
            let ready = statuses.iter().filter(|one| one["ready"] == true).count();
            let total = object["spec"]["containers"].as_array().map_or(0, Vec::len);
            vec![
                name,
                format!("{ready}/{total}"),
                pod_status(object).to_owned(),
                count("/status/containerStatuses/0/restartCount"),
                age,
                or_none(show("/status/podIP")),
                or_none(show("/spec/nodeName")),
                "<none>".to_owned(),
                "<none>".to_owned(),
            ]
        }
        Kind::Deployment => {
            let (containers, images) = containers(object);
            vec![
                name,
                format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas")),
                count("/status/updatedReplicas"),
                count("/status/availableReplicas"),
                age,
                containers,
                images,
                selector(object),
            ]
        }
        Kind::Event => vec![
            since(text(object, "/lastTimestamp"), now),
            show("/type"),
            show("/reason"),
            format!("{}/{}", show("/involvedObject/kind").to_lowercase(), show("/involvedObject/name")),
            show("/involvedObject/fieldPath"),
            show("/source/component"),
            show("/message"),
            since(text(object, "/firstTimestamp"), now),
            count("/count"),
            name,
        ],
        Kind::Namespace => vec![name, show("/status/phase"), age],
        Kind::Application => vec![
            name,
            show("/status/sync/status"),
            show("/status/health/status"),
            show("/status/sync/revision"),
            show("/spec/project"),
        ],
        _ => vec![name, age],
    }
}

fn or_none(value: String) -> String {
    if value.is_empty() { "<none>".to_owned() } else { value }
}

/// The names and the images of a template's containers.
fn containers(object: &Value) -> (String, String) {
    let all = || object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
    let join = |field: &str| all().filter_map(|one| one[field].as_str()).collect::<Vec<_>>().join(",");
    (join("name"), join("image"))
}

/// `matchLabels` as text.
fn selector(object: &Value) -> String {
    let labels = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    or_none(labels.collect::<Vec<_>>().join(","))
}

/// How long ago a moment was.
fn since(at: &str, now: Timestamp) -> String {
    at.parse::<Timestamp>().map_or_else(|_| "<unknown>".to_owned(), |at| age(now.duration_since(at).as_secs()))
}

/// A time span as kubectl shortens it.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let pair = |big: i64, unit: char, small: i64, rest: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{rest}") }
    };
    if seconds < 120 {
        format!("{}s", seconds.max(0))
    } else if minutes < 10 {
        pair(minutes, 'm', seconds % 60, 's')
    } else if hours < 3 {
        format!("{minutes}m")
    } else if hours < 8 {
        pair(hours, 'h', minutes % 60, 'm')
    } else if hours < 48 {
        format!("{hours}h")
    } else if days < 8 {
        pair(days, 'd', hours % 24, 'h')
    } else {
        format!("{days}d")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let cases = [(5, "5s"), (119, "119s"), (125, "2m5s"), (3600, "60m"), (10_860, "3h1m"), (90_000, "25h")];
        for (seconds, expected) in cases.into_iter().chain([(262_800, "3d1h"), (8_380_800, "97d")]) {
            assert_eq!(age(seconds), expected);
        }
    }

    #[test]
    fn every_row_has_a_cell_for_every_column() {
        for info in &super::super::kind::KINDS {
            let table = table(info.kind, &[json!({"metadata": {"name": "x"}})], &json!({}), "");
            let columns = table["columnDefinitions"].as_array().map_or(0, Vec::len);
            assert_eq!(table["rows"][0]["cells"].as_array().map_or(0, Vec::len), columns, "{}", info.name);
        }
    }
}
