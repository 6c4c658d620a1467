//! Lists: whole, or the pages that `limit` and `continue` ask for; as objects, as tables, or their metadata alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Kubernetes,
    handler::{Parameters, parameter},
    status::ApiError,
    store::Page,
    table, watching,
};

/// What a page says when it is asked for too late.
const EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a \
                       new list without the continue parameter, or use the continue token in this response to retrieve \
                       the remainder of the results. Continuing with the provided token results in an inconsistent \
                       list - objects that were created, modified, or deleted between the time the first chunk was \
                       returned and now may show up in the list.";

/// Where a page starts: the list's resource version, and the last object's namespace and name.
struct Token {
    version: u64,
    after: (String, String),
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (namespace, name) = token["start"].as_str()?.split_once('/')?;
        let version = token["rv"].as_u64()?;
        Some(Self { version, after: (namespace.to_owned(), name.trim_end_matches('\0').to_owned()) })
    }

    fn write(version: u64, (namespace, name): (&str, &str)) -> String {
        let start = format!("{namespace}/{name}\0");
        URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": version, "start": start}).to_string())
    }
}

/// The list that a request asks for.
pub(super) fn list(
    cluster: &Kubernetes,
    filter: &watching::Filter,
    parameters: &Parameters,
    metadata_wanted: bool,
) -> Result<Value, ApiError> {
    let token = match parameter(parameters, "continue") {
        "" => None,
        text => Some(Token::read(text).ok_or_else(|| {
            ApiError::bad_request("continue key is not valid: the token was not made by this server")
        })?),
    };
    let limit = match parameter(parameters, "limit") {
        "" => None,
        text => Some(
            text.parse::<u64>()
                .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))?,
        ),
    };
    let limit =
        limit.filter(|limit| *limit > 0).map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    if token.as_ref().is_some_and(|token| !cluster.store.remembers(token.version)) {
        return Err(ApiError::new(410, "Expired", EXPIRED));
    }
    let after = token.as_ref().map(|token| (token.after.0.as_str(), token.after.1.as_str()));
    let Page { version, items, left } = cluster.store.page(filter.kind, |object| filter.matches(object), after, limit);
    let version = token.map_or(version, |token| token.version);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some(last) = items.last().filter(|_| left > 0) {
        let place = |field: &str| last["metadata"][field].as_str().unwrap_or_default();
        metadata["continue"] = json!(Token::write(version, (place("namespace"), place("name"))));
        // It isn't counted how many of them a selector would leave.
        if filter.selector.is_empty() {
            metadata["remainingItemCount"] = json!(left);
        }
    }
    if filter.as_table {
        return Ok(table::table(filter.kind, &items, &metadata, &filter.include));
    }
    if metadata_wanted {
        let items: Vec<Value> = items.iter().map(metadata_only).collect();
        return Ok(json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items,
        }));
    }
    let info = filter.kind.info();
    // Objects in a list don't repeat what the list says of itself.
    let built_in = info.group != "argoproj.io";
    let items: Vec<Value> =
        items.into_iter().map(|object| if built_in { without_type(object) } else { object }).collect();
    Ok(json!({
        "kind": format!("{}List", info.name),
        "apiVersion": info.api_version(),
        "metadata": metadata,
        "items": items,
    }))
}

fn without_type(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    object
}

/// What a client sees of an object when it asks for no more than the metadata.
pub(super) fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
