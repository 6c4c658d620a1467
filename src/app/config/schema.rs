//! The JSON Schema of the configuration file, and the validator made of it.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Value, json};

use super::{file::File, format::FORMATS};

/// The JSON Schema (draft 2020-12), for editors and for `tiphys config check`.
#[must_use]
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.with_transform(Plainer).into_generator().into_root_schema_for::<File>().to_value()
}

/// The schema as it is printed and stored in docs/tiphys.schema.json.
#[must_use]
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// The validator, with the formats that only tiphys knows.
pub(super) static VALIDATOR: LazyLock<(Value, Validator)> = LazyLock::new(|| {
    let schema = schema();
    let options = FORMATS.iter().fold(jsonschema::options().should_validate_formats(true), |options, format| {
        options.with_format(format.name, |text: &str| (format.check)(text).is_ok())
    });
    let validator = options.build(&schema).expect("the schema is built from our own types; a test builds it as well");
    (schema, validator)
});

/// Takes out what derived schemas have and the file doesn't: `null` for keys that are left out, and a choice of
/// constants where a list of words says the same.
#[derive(Debug, Clone)]
struct Plainer;

impl Transform for Plainer {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if object.get("default") == Some(&Value::Null) {
            object.remove("default");
        }
        if let Some(Value::Array(choices)) = object.get("oneOf") {
            let words: Option<Vec<Value>> = choices.iter().map(|choice| choice.get("const").cloned()).collect();
            if let Some(words) = words {
                object.remove("oneOf");
                object.insert("type".to_owned(), json!("string"));
                object.insert("enum".to_owned(), Value::Array(words));
            }
        }
        // `Option<Struct>`: the one alternative that isn't null, under the key's own description.
        if let Some(Value::Array(choices)) = object.get("anyOf") {
            let mut real = choices.iter().filter(|choice| choice.get("type") != Some(&json!("null")));
            if let (Some(Value::Object(only)), None) = (real.next().cloned(), real.next()) {
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}
