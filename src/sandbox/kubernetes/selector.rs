//! Label and field selectors of list and watch requests.

use serde_json::Value;

use super::{status::ApiError, store::text};

/// The conditions that an object must meet.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    labels: Vec<(String, Requirement)>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, Clone)]
enum Requirement {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Selector {
    /// Reads the two query parameters.
    pub(super) fn parse(labels: &str, fields: &str) -> Result<Self, ApiError> {
        Ok(Self {
            labels: split(labels).into_iter().map(label).collect::<Result<_, _>>()?,
            fields: split(fields).into_iter().map(field).collect::<Result<_, _>>()?,
        })
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is selected.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|(key, requirement)| {
            let value = labels.get(key).and_then(Value::as_str);
            match requirement {
                Requirement::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
                Requirement::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
                Requirement::Exists => value.is_some(),
                Requirement::Absent => value.is_none(),
            }
        }) && self.fields.iter().all(|(pointer, equal, wanted)| {
            let actual = match object.pointer(pointer) {
                Some(Value::Bool(flag)) => flag.to_string(),
                None if pointer == "/spec/unschedulable" => "false".to_owned(),
                _ => text(object, pointer).to_owned(),
            };
            (actual == *wanted) == *equal
        })
    }
}

/// Splits at the commas that aren't inside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = text.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn label(part: &str) -> Result<(String, Requirement), ApiError> {
    let unreadable = || ApiError::bad_request(format!("unable to parse requirement: {part:?}"));
    let list = |text: &str| -> Option<Vec<String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    let (key, requirement) = if let Some((key, values)) = part.split_once(" notin ") {
        (key, Requirement::NotIn(list(values).ok_or_else(unreadable)?))
    } else if let Some((key, values)) = part.split_once(" in ") {
        (key, Requirement::In(list(values).ok_or_else(unreadable)?))
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Requirement::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Requirement::In(vec![value.trim().to_owned()]))
    } else if let Some(key) = part.strip_prefix('!') {
        (key, Requirement::Absent)
    } else {
        (part, Requirement::Exists)
    };
    let key = key.trim();
    if key.is_empty() || key.contains(char::is_whitespace) {
        return Err(unreadable());
    }
    Ok((key.to_owned(), requirement))
}

fn field(part: &str) -> Result<(String, bool, String), ApiError> {
    let (key, equal, value) = if let Some((key, value)) = part.split_once("!=") {
        (key, false, value)
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, true, value)
    } else {
        return Err(ApiError::bad_request(format!("invalid selector: {part:?}; can't understand {part:?}")));
    };
    match key.trim() {
        known @ ("metadata.name" | "metadata.namespace" | "spec.nodeName" | "spec.unschedulable" | "status.phase") => {
            Ok((format!("/{}", known.replace('.', "/")), equal, value.trim().to_owned()))
        }
        known @ ("involvedObject.kind"
        | "involvedObject.name"
        | "involvedObject.namespace"
        | "involvedObject.uid"
        | "reason"
        | "type") => Ok((format!("/{}", known.replace('.', "/")), equal, value.trim().to_owned())),
        other => Err(ApiError::bad_request(format!("field label not supported: {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_select() {
        let pod = json!({"metadata": {"name": "p", "labels": {"app": "a", "tier": "web"}}, "spec": {"nodeName": "n1"}});
        let cases = [
            ("app=a", "", true),
            ("app==a,tier!=db", "", true),
            ("app=b", "", false),
            ("app in (a, b),tier", "", true),
            ("app notin (a)", "", false),
            ("!missing", "", true),
            ("missing", "", false),
            ("", "spec.nodeName=n1,metadata.name!=q", true),
            ("", "spec.nodeName=n2", false),
            ("", "spec.unschedulable=false", true),
        ];
        for (labels, fields, expected) in cases {
            let selector = Selector::parse(labels, fields).expect("readable");
            assert_eq!(selector.matches(&pod), expected, "{labels} {fields}");
        }
        assert!(Selector::parse("a b", "").is_err());
        assert!(Selector::parse("", "spec.color=red").is_err());
    }
}
