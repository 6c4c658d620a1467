//! The patch formats of the API: merge, strategic merge and JSON patch.

use serde_json::{Map, Value};

use super::status::ApiError;

/// Applies a patch of the request's content type.
pub(super) fn apply(content_type: &str, object: &mut Value, patch: Value) -> Result<(), ApiError> {
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/merge-patch+json" => merge(object, patch, false),
        "application/strategic-merge-patch+json" => merge(object, patch, true),
        "application/json-patch+json" => {
            let Value::Array(operations) = patch else {
                return Err(ApiError::bad_request("a JSON patch is a list of operations"));
            };
            for operation in &operations {
                apply_operation(object, operation).map_err(|message| ApiError::new(422, "Invalid", message))?;
            }
        }
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json (got {other:?})"
            );
            return Err(ApiError::bare(415, "UnsupportedMediaType", message));
        }
    }
    Ok(())
}

/// RFC 7386; with `by_name` lists of named objects are merged by name, as the strategic merge patch does it.
fn merge(target: &mut Value, patch: Value, by_name: bool) {
    match patch {
        Value::Object(fields) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            let Some(object) = target.as_object_mut() else { return };
            for (name, value) in fields {
                if by_name && name.starts_with('$') {
                    continue;
                }
                if value.is_null() {
                    object.remove(&name);
                } else {
                    merge(object.entry(name).or_insert(Value::Null), value, by_name);
                }
            }
        }
        Value::Array(items) if by_name && target.is_array() && items.iter().all(|item| item["name"].is_string()) => {
            let Some(list) = target.as_array_mut() else { return };
            for item in items {
                let position = list.iter().position(|one| one["name"] == item["name"]);
                match (position, item["$patch"] == "delete") {
                    (Some(at), true) => {
                        list.remove(at);
                    }
                    (Some(at), false) => merge(&mut list[at], item, by_name),
                    (None, true) => {}
                    (None, false) => list.push(item),
                }
            }
        }
        other => *target = other,
    }
}

fn apply_operation(object: &mut Value, operation: &Value) -> Result<(), String> {
    let path = operation["path"].as_str().ok_or("an operation has no path")?;
    let value = || operation.get("value").cloned().ok_or("an operation has no value");
    match operation["op"].as_str().unwrap_or_default() {
        "test" => match object.pointer(path) {
            Some(found) if *found == value()? => Ok(()),
            _ => Err(format!("testing value {path} failed")),
        },
        "replace" => {
            let slot = object.pointer_mut(path).ok_or_else(|| format!("replace operation does not apply: {path}"))?;
            *slot = value()?;
            Ok(())
        }
        "add" => {
            let value = value()?;
            match parent(object, path)? {
                (Value::Object(fields), name) => {
                    fields.insert(name, value);
                }
                (Value::Array(list), name) if name == "-" => list.push(value),
                (Value::Array(list), name) => {
                    let at = name.parse().ok().filter(|at| *at <= list.len());
                    list.insert(at.ok_or_else(|| format!("add operation does not apply: {path}"))?, value);
                }
                _ => return Err(format!("add operation does not apply: {path}")),
            }
            Ok(())
        }
        "remove" => {
            let removed = match parent(object, path)? {
                (Value::Object(fields), name) => fields.remove(&name),
                (Value::Array(list), name) => {
                    name.parse().ok().filter(|at| *at < list.len()).map(|at: usize| list.remove(at))
                }
                _ => None,
            };
            removed.map(drop).ok_or_else(|| format!("remove operation does not apply: {path}"))
        }
        other => Err(format!("unexpected kind {other:?}")),
    }
}

/// The container that a path's last part is in, and that part.
fn parent<'a>(object: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (above, last) = path.rsplit_once('/').ok_or_else(|| format!("invalid path {path}"))?;
    let parent = object.pointer_mut(above).ok_or_else(|| format!("missing path: {path}"))?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(kind: &str, patch: Value) -> Result<Value, ApiError> {
        let mut object =
            json!({"metadata": {"annotations": {"a/b": "1"}}, "list": [{"name": "x", "v": 1}, {"name": "y"}]});
        apply(&format!("application/{kind}+json"), &mut object, patch).map(|()| object)
    }

    #[test]
    fn merge_replaces_lists_and_strategic_merges_them_by_name() {
        let patch = json!({"metadata": {"annotations": {"a/b": null, "c": "2"}}, "list": [{"name": "x", "w": 2}]});
        let merged = patched("merge-patch", patch.clone()).expect("applies");
        assert_eq!(merged, json!({"metadata": {"annotations": {"c": "2"}}, "list": [{"name": "x", "w": 2}]}));
        let strategic = patched("strategic-merge-patch", patch).expect("applies");
        assert_eq!(strategic["list"], json!([{"name": "x", "v": 1, "w": 2}, {"name": "y"}]));
    }

    #[test]
    fn json_patch_applies_whole_or_not() {
        let patch = json!([
            {"op": "test", "path": "/metadata/annotations/a~1b", "value": "1"},
            {"op": "remove", "path": "/metadata/annotations/a~1b"},
            {"op": "add", "path": "/list/-", "value": 3},
            {"op": "replace", "path": "/list/0/v", "value": 2},
        ]);
        let object = patched("json-patch", patch).expect("applies");
        assert_eq!(object, json!({"metadata": {"annotations": {}}, "list": [{"name": "x", "v": 2}, {"name": "y"}, 3]}));
        assert!(patched("json-patch", json!([{"op": "replace", "path": "/no", "value": 1}])).is_err());
        assert_eq!(patched("apply-patch", json!({})).expect_err("unknown").code, 415);
    }
}
