//! Tables, which `kubectl get` asks for in the place of objects.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    store::{number, text},
};

/// A column: its title, and whether it is shown with `-o wide` only.
type Column = (&'static str, bool);

/// Whether a client prefers tables.
pub(super) fn wanted(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=Table"))
}

/// The table of some objects of one kind.
pub(super) fn table(kind: Kind, objects: &[Value], metadata: &Value) -> Value {
    let now = Timestamp::now();
    let columns: Vec<Value> = columns(kind)
        .iter()
        .map(|(name, wide)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({
                "name": name, "type": "string", "format": format, "description": "", "priority": u8::from(*wide),
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let metadata = json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
            });
            json!({"cells": cells(kind, object, now), "object": metadata})
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
            ("Name", false),
            ("Status", false),
            ("Roles", false),
            ("Age", false),
            ("Version", false),
            ("Internal-IP", true),
            ("External-IP", true),
            ("OS-Image", true),
            ("Kernel-Version", true),
            ("Container-Runtime", true),
        ],
        Kind::Pod => &[
            ("Name", false),
            ("Ready", false),
            ("Status", false),
            ("Restarts", false),
            ("Age", false),
            ("IP", true),
            ("Node", true),
            ("Image", true),
        ],
        Kind::Deployment => &[
            ("Name", false),
            ("Ready", false),
            ("Up-to-date", false),
            ("Available", false),
            ("Age", false),
            ("Images", true),
        ],
        Kind::ReplicaSet => &[
            ("Name", false),
            ("Desired", false),
            ("Current", false),
            ("Ready", false),
            ("Age", false),
            ("Images", true),
        ],
        Kind::Event => {
            &[("Last Seen", false), ("Type", false), ("Reason", false), ("Object", false), ("Message", false)]
        }
        Kind::Application => {
            &[("Name", false), ("Sync Status", false), ("Health Status", false), ("Revision", true), ("Project", true)]
        }
        _ => &[("Name", false), ("Age", false)],
    }
}

fn cells(kind: Kind, object: &Value, now: Timestamp) -> Vec<String> {
    let show = |pointer: &str| text(object, pointer).to_owned();
    let count = |pointer: &str| number(object, pointer).to_string();
    let created: Timestamp = text(object, "/metadata/creationTimestamp").parse().unwrap_or(now);
    let age = age(now.duration_since(created).as_secs());
    let name = show("/metadata/name");
    let image = show("/spec/template/spec/containers/0/image");
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
            let or_none = |value: String| if value.is_empty() { "<none>".to_owned() } else { value };
            vec![
                name,
                format!("{ready}/{total}"),
                pod_status(object).to_owned(),
                count("/status/containerStatuses/0/restartCount"),
                age,
                or_none(show("/status/podIP")),
                or_none(show("/spec/nodeName")),
                show("/spec/containers/0/image"),
            ]
        }
        Kind::Deployment => vec![
            name,
            format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas")),
            count("/status/updatedReplicas"),
            count("/status/availableReplicas"),
            age,
            image,
        ],
        Kind::ReplicaSet => {
            vec![name, count("/spec/replicas"), count("/status/replicas"), count("/status/readyReplicas"), age, image]
        }
        Kind::Event => {
            let last: Timestamp = text(object, "/lastTimestamp").parse().unwrap_or(now);
            let about = format!("{}/{}", show("/involvedObject/kind").to_lowercase(), show("/involvedObject/name"));
            vec![self::age(now.duration_since(last).as_secs()), show("/type"), show("/reason"), about, show("/message")]
        }
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
            let table = table(info.kind, &[json!({"metadata": {"name": "x"}})], &json!({}));
            let columns = table["columnDefinitions"].as_array().map_or(0, Vec::len);
            assert_eq!(table["rows"][0]["cells"].as_array().map_or(0, Vec::len), columns, "{}", info.name);
        }
    }
}
