//! Status conditions, whose transition time moves only when the status does.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::kubernetes::store::time;

/// Sets a condition in a list of conditions.
pub(super) fn set(conditions: &mut Value, kind: &str, status: bool, (reason, message): (&str, &str), now: Timestamp) {
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else { return };
    let status = if status { "True" } else { "False" };
    let position = list.iter().position(|one| one["type"] == kind).unwrap_or_else(|| {
        list.push(json!({"type": kind, "lastTransitionTime": time(now)}));
        list.len() - 1
    });
    let condition = &mut list[position];
    if condition["status"] != status {
        condition["lastTransitionTime"] = json!(time(now));
    }
    condition["status"] = json!(status);
    for (name, value) in [("reason", reason), ("message", message)] {
        if value.is_empty() {
            condition.as_object_mut().map(|condition| condition.remove(name));
        } else {
            condition[name] = json!(value);
        }
    }
}

/// A condition of a list.
pub(super) fn get<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == kind)
}
