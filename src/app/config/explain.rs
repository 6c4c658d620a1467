//! Puts a validator's errors into sentences that tell an operator what to write, and where.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    fault::Fault,
    format::format,
    schema::VALIDATOR,
    tree::{Kind, Node},
};

/// Likeness from which an unknown key is taken for a misspelt one.
const MISSPELT: f64 = 0.8;

/// Checks the tree against the schema and returns every fault.
pub(super) fn faults(tree: &Node) -> Vec<Fault> {
    let json = tree.to_json();
    let errors: Vec<_> = VALIDATOR.1.iter_errors(&json).collect();
    // A value of the wrong type breaks other rules as well; saying so once is enough.
    let mistyped: BTreeSet<&str> = errors
        .iter()
        .filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
        .map(|error| error.instance_path().as_str())
        .collect();
    errors
        .iter()
        .filter(|error| {
            matches!(error.kind(), ValidationErrorKind::Type { .. })
                || !mistyped.contains(error.instance_path().as_str())
        })
        .flat_map(|error| explain(tree, error))
        .collect()
}

fn explain(tree: &Node, error: &ValidationError<'_>) -> Vec<Fault> {
    let path = segments(error.instance_path().as_str());
    let steps = || path.iter().map(String::as_str);
    let Some(node) = tree.descend(steps()) else { return vec![Fault::whole(error.masked().to_string())] };
    if node.kind == Kind::Unreadable {
        return Vec::new();
    }
    let rule = rule(error);
    let name = label(&path);
    let one = |text: String| vec![Fault::at(node.place, text)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| unknown(node, key, rule)).collect()
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            match path.is_empty() {
                true => one(format!("missing key {key:?}")),
                false => one(format!("missing key {key:?} in {name}")),
            }
        }
        ValidationErrorKind::PropertyNames { error } => {
            let key = error.instance().as_str().unwrap_or_default();
            let what = rule.and_then(|rule| format(rule.get("format")?.as_str()?)).map_or("a name", |known| known.what);
            let place = node.entry(key).map_or(node.place, |entry| entry.place);
            vec![Fault::at(place, format!("the key {key:?} in {name} must be {what}"))]
        }
        ValidationErrorKind::Type { .. } if node.kind == Kind::Null => one(format!("{name} has no value")),
        ValidationErrorKind::Type { .. } => one(mistyped(node, &name, rule)),
        ValidationErrorKind::Enum { options } => {
            let words: Vec<_> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            one(format!("{name} must be {}{}", words.join(" or "), instead(node, &path)))
        }
        ValidationErrorKind::Format { format: format_name } => {
            let Some(known) = format(format_name) else { return one(format!("{name} is not a valid {format_name}")) };
            match (known.check)(node.text().unwrap_or_default()) {
                Err(Some(reason)) => one(format!("{name} {reason}")),
                _ => one(format!("{name} must be {}{}", known.what, instead(node, &path))),
            }
        }
        ValidationErrorKind::Minimum { limit } => one(format!("{name} must be at least {limit}")),
        ValidationErrorKind::Maximum { limit } => one(format!("{name} must be at most {limit}")),
        ValidationErrorKind::MinItems { .. } => one(format!("{name} must have at least one entry")),
        ValidationErrorKind::MinLength { .. } => one(format!("{name} must not be empty")),
        // Every keyword of the schema is named above, which a test holds; the masked text repeats no value.
        _ => one(format!("{name}: {}", error.masked())),
    }
}

fn unknown(node: &Node, key: &str, rule: Option<&Value>) -> Fault {
    let known: Vec<&str> = rule
        .and_then(|rule| rule.get("properties")?.as_object())
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect();
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&key.to_lowercase(), name), *name))
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))
        .filter(|(likeness, _)| *likeness >= MISSPELT);
    let hint = match near {
        Some((_, name)) => format!("did you mean {name:?}?"),
        None => format!("known here: {}", known.join(", ")),
    };
    let place = node.entry(key).map_or(node.place, |entry| entry.place);
    Fault::at(place, format!("unknown key {key:?}; {hint}"))
}

fn mistyped(node: &Node, name: &str, rule: Option<&Value>) -> String {
    let rule = rule.and_then(Value::as_object);
    let named = |key: &str| rule.and_then(|rule| rule.get(key)?.as_str());
    let wanted = match (named("type"), named("format").and_then(format)) {
        (Some("string"), Some(format)) => format.what,
        (Some("string"), None) => "a text",
        (Some("integer"), _) => "a whole number",
        (Some("boolean"), _) => "true or false",
        (Some("array"), _) => "a list",
        _ => "a mapping of keys to values",
    };
    let quotable = |text: String| match named("format").and_then(format) {
        Some(format) => (format.check)(&text).is_ok(),
        None => named("type") == Some("string"),
    };
    let hint = match &node.kind {
        Kind::Bool(value) if quotable(value.to_string()) => "; put it into quotes",
        Kind::Number(value) if quotable(value.to_string()) => "; put it into quotes",
        _ => "",
    };
    format!("{name} must be {wanted}, not {}{hint}", described(node))
}

/// What a value is, without repeating it.
fn described(node: &Node) -> &'static str {
    match node.kind {
        Kind::Null | Kind::Unreadable => "empty",
        Kind::Bool(_) => "true or false",
        Kind::Number(_) => "a number",
        Kind::Text(_) => "a text",
        Kind::List(_) => "a list",
        Kind::Map(_) => "a mapping",
    }
}

/// `, not "x"` for values that can't be a secret in the wrong place.
fn instead(node: &Node, path: &[String]) -> String {
    let key = path.iter().rev().find(|step| step.parse::<usize>().is_err()).map_or("", String::as_str);
    let harmless = !["token", "key", "pass", "url", "file"].iter().any(|word| key.contains(word));
    match node.text() {
        Some("") => ", not empty".to_owned(),
        Some(text) if harmless && text.chars().count() <= 80 => format!(", not {text:?}"),
        _ => String::new(),
    }
}

/// A path as operators read it: `"applications[0].image"`.
fn label(path: &[String]) -> String {
    let mut label = String::new();
    for step in path {
        if step.parse::<usize>().is_ok() {
            label.push_str(&format!("[{step}]"));
        } else {
            if !label.is_empty() {
                label.push('.');
            }
            label.push_str(step);
        }
    }
    match path {
        [] => "the file".to_owned(),
        _ => format!("{label:?}"),
    }
}

/// The part of the schema that holds the broken rule.
fn rule(error: &ValidationError<'_>) -> Option<&'static Value> {
    let (parent, _) = error.schema_path().as_str().rsplit_once('/')?;
    VALIDATOR.0.pointer(parent)
}

/// The steps of a JSON pointer.
fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::VALIDATOR;

    fn keywords(schema: &Value, found: &mut BTreeSet<String>) {
        let Some(object) = schema.as_object() else { return };
        for (keyword, value) in object {
            found.insert(keyword.clone());
            match keyword.as_str() {
                "properties" => value.as_object().into_iter().flat_map(|o| o.values()).for_each(|s| keywords(s, found)),
                "items" | "additionalProperties" | "propertyNames" => keywords(value, found),
                _ => {}
            }
        }
    }

    #[test]
    fn every_rule_of_the_schema_has_a_sentence() {
        let mut found = BTreeSet::new();
        keywords(&VALIDATOR.0, &mut found);
        let expected = [
            "$schema",
            "additionalProperties",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "properties",
            "propertyNames",
            "required",
            "title",
            "type",
        ];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_format_of_the_schema_is_checked() {
        fn formats(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(name)) = object.get("format") {
                        found.insert(name.clone());
                    }
                    object.values().for_each(|v| formats(v, found));
                }
                Value::Array(items) => items.iter().for_each(|v| formats(v, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        formats(&VALIDATOR.0, &mut found);
        found.retain(|name| super::format(name).is_none());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["int64", "uint32"], "only what schemars derives itself");
    }
}
