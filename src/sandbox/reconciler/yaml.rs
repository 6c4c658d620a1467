//! Reads YAML the way Kubernetes tools do: as YAML 1.1, into JSON.

use serde_json::{Number, Value};

/// The documents of a file that aren't empty.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value =
            <serde_yaml::Value as serde::Deserialize>::deserialize(document).map_err(|error| error.to_string())?;
        if !value.is_null() {
            documents.push(to_json(value, &old_words(text))?);
        }
    }
    Ok(documents)
}

/// The plain `newTag` values that only YAML 1.1 reads as something else than text.
///
/// The parser reads YAML 1.2, and a parsed value no longer tells whether it was quoted. Of all the texts here only a
/// tag can be such a word, and this is the trap that people fall into.
fn old_words(text: &str) -> Vec<String> {
    let words = text.split("newTag:").skip(1).filter_map(|rest| {
        let word = rest.trim_start_matches([' ', '\t']).split(['\n', '\r', ' ', ',', '}', '#']).next()?;
        is_old(word).then(|| word.to_owned())
    });
    words.collect()
}

fn is_old(word: &str) -> bool {
    let bool_word = ["y", "n", "yes", "no", "on", "off"].contains(&word.to_lowercase().as_str());
    let octal = word.len() > 1 && word.starts_with('0') && word.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let underscored = word.contains('_') && word.starts_with(|c: char| c.is_ascii_digit()) && {
        let digits = word.replace('_', "");
        digits.parse::<f64>().is_ok() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    bool_word || octal || underscored
}

fn to_json(value: serde_yaml::Value, old: &[String]) -> Result<Value, String> {
    Ok(match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(flag) => Value::Bool(flag),
        serde_yaml::Value::Number(number) => {
            if let Some(integer) = number.as_i64() {
                Value::Number(integer.into())
            } else {
                let float = number.as_f64().and_then(Number::from_f64);
                Value::Number(float.ok_or_else(|| format!("the number {number} has no place in JSON"))?)
            }
        }
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(|item| to_json(item, old)).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(fields) => {
            let mut object = serde_json::Map::new();
            for (name, value) in fields {
                let name = match name {
                    serde_yaml::Value::String(text) => text,
                    serde_yaml::Value::Bool(flag) => flag.to_string(),
                    serde_yaml::Value::Number(number) => number.to_string(),
                    other => return Err(format!("a key is not a text: {other:?}")),
                };
                let mut value = to_json(value, old)?;
                if name == "newTag" && value.as_str().is_some_and(|text| old.iter().any(|word| word == text)) {
                    value = old_value(value.as_str().unwrap_or_default());
                }
                object.insert(name, value);
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => to_json(tagged.value, old)?,
    })
}

fn old_value(word: &str) -> Value {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        Value::Number(0.into())
    } else {
        Value::Bool(matches!(word.to_lowercase().as_str(), "y" | "yes" | "on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_read_and_empty_ones_left_out() {
        let text = "---\na: 1\n---\n# nothing\n---\nb: [x, 1.5, true, null]\n";
        assert_eq!(documents(text).expect("reads"), [json!({"a": 1}), json!({"b": ["x", 1.5, true, null]})]);
        assert!(documents("a: \"x").is_err());
    }

    #[test]
    fn plain_words_of_yaml_1_1_are_no_texts() {
        let tag = |text: &str| documents(text).expect("reads").remove(0)["newTag"].clone();
        assert_eq!(tag("newTag: on"), json!(true));
        assert_eq!(tag("newTag: No # comment"), json!(false));
        assert!(tag("newTag: 017").is_number());
        assert!(tag("newTag: 1_0").is_number());
        assert_eq!(tag("newTag: \"on\""), json!("on"));
        assert_eq!(tag("newTag: 0.10.5"), json!("0.10.5"));
        assert_eq!(tag("newTag: main_2"), json!("main_2"));
    }
}
