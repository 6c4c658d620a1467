//! Keeps docs/tiphys.schema.json and the reference in docs/configuration.md equal to the schema.
//!
//! `TIPHYS_UPDATE_DOCS=1 cargo test config::reference` writes them anew.

use std::{fs, path::Path};

use serde_json::Value;

use super::{format::format, schema, schema_text};

const BEGIN: &str = "<!-- reference: made from the schema by a test; don't edit -->\n";
const END: &str = "<!-- end of reference -->\n";

/// The reference: a table for each mapping, required keys first.
fn reference() -> String {
    let mut text = String::new();
    section(&schema(), "", &mut text);
    text
}

fn section(schema: &Value, path: &str, text: &mut String) {
    let title = if path.is_empty() { "At the top" } else { path };
    let about = if path.is_empty() { String::new() } else { format!("\n{}\n", described(schema)) };
    text.push_str(&format!("\n### {title}\n{about}\n| key | value | default | meaning |\n|---|---|---|---|\n"));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut keys: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
    keys.sort_by_key(|(key, _)| !required.contains(&key.as_str()));
    for (key, value) in &keys {
        let default = match value.get("default") {
            _ if required.contains(&key.as_str()) => "**required**".to_owned(),
            Some(Value::Object(_)) | None => String::new(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(other) => format!("`{other}`"),
        };
        text.push_str(&format!("| `{key}` | {} | {default} | {} |\n", kind(value), described(value)));
    }
    for (key, value) in keys {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value["type"].as_str() {
            Some("object") => section(value, &below, text),
            Some("array") => section(&value["items"], &format!("{below}[]"), text),
            _ => {}
        }
    }
}

fn described(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    match (schema["type"].as_str(), schema["format"].as_str().and_then(format)) {
        (Some("string"), Some(format)) => format.what.to_owned(),
        (Some("string"), None) => "a text".to_owned(),
        (Some("integer"), _) => match (&schema["minimum"], &schema["maximum"]) {
            (Value::Number(least), Value::Number(most)) if most.as_i64().is_some_and(|most| most < 1 << 53) => {
                match least.as_i64() {
                    Some(least) if least > -(1 << 53) => format!("a whole number from {least} to {most}"),
                    _ => format!("a whole number, at most {most}"),
                }
            }
            (least, _) => format!("a whole number, at least {least}"),
        },
        (Some("boolean"), _) => "`true` or `false`".to_owned(),
        (Some("array"), _) => "a list".to_owned(),
        _ => "a mapping".to_owned(),
    }
}

/// Compares a file of docs/ with what it should be, or writes it.
fn fresh(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("TIPHYS_UPDATE_DOCS").is_some() {
        fs::write(&path, expected).expect("docs/ can be written to");
    }
    let found = fs::read_to_string(&path).expect("the file is there");
    assert!(found == expected, "docs/{name} is not fresh: TIPHYS_UPDATE_DOCS=1 cargo test config::reference");
}

#[test]
fn the_schema_file_is_fresh() {
    fresh("tiphys.schema.json", &schema_text());
}

#[test]
fn the_reference_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = fs::read_to_string(path).expect("the file is there");
    let (before, rest) = text.split_once(BEGIN).expect("the reference begins");
    let (_, after) = rest.split_once(END).expect("the reference ends");
    fresh("configuration.md", &format!("{before}{BEGIN}{}\n{END}{after}", reference()));
}

#[test]
fn the_example_of_the_page_is_the_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/configuration.md")).expect("the file is there");
    let example = fs::read_to_string(root.join("examples/tiphys.yaml")).expect("the file is there");
    let body = example.split_once("\n\n").expect("a heading comment").1;
    assert!(page.contains(&format!("```yaml\n{body}```\n")), "docs/configuration.md shows examples/tiphys.yaml");
}
