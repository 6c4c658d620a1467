//! GitLab's GraphQL API: a container repository and its tags.

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Edition, error,
    query::{Field, parse},
};
use crate::sandbox::registry::{Registry, Repository, Request, access::Grant, image::Image};

/// The most entries of one page.
const PAGE: usize = 100;
const NOT_SHOWN: &str =
    "The resource that you are attempting to access does not exist or you don't have permission to perform this action";

/// Answers a request of the GraphQL API.
pub(in crate::sandbox::registry) fn answer(
    registry: &Registry,
    request: &Request<'_>,
    body: &[u8],
    forbidden: bool,
) -> Response {
    let edition = registry.edition();
    if !edition.graphql || *request.method != Method::POST {
        return *error(StatusCode::NOT_FOUND, "404 Not Found");
    }
    let Ok(grant) = registry.grant(request) else {
        return (StatusCode::UNAUTHORIZED, Json(json!({"errors": [{"message": "Invalid token"}]}))).into_response();
    };
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        let message = "Unexpected end of document";
        return (StatusCode::BAD_REQUEST, Json(json!({"errors": [{"message": message}]}))).into_response();
    };
    let may_read = !forbidden && grant >= Grant::Reporter;
    Json(run(registry, edition, &body, may_read).unwrap_or_else(|faults| faults)).into_response()
}

/// The whole answer: with data, or with what is wrong with the query.
fn run(registry: &Registry, edition: Edition, body: &Value, may_read: bool) -> Result<Value, Value> {
    let text = body["query"].as_str().unwrap_or_default();
    let fields = parse(text, &body["variables"]).map_err(|message| fault(&message, Value::Null))?;
    let mut data = Map::new();
    let mut errors = Vec::new();
    for field in &fields {
        if field.name != "containerRepository" {
            return Err(unknown_field(&field.name, "Query"));
        }
        check(field, edition)?;
        let id = field.arguments.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = id.strip_prefix("gid://gitlab/ContainerRepository/").ok_or_else(|| {
            fault(&format!("\"{id}\" does not represent an instance of ContainerRepository"), json!(["query"]))
        })?;
        let state = registry.lock();
        let mut all = state.repositories.iter();
        let found = all.find(|(_, one)| may_read && one.id.to_string() == id);
        let shown = found.map_or(Value::Null, |(path, repository)| repository_of(field, path, repository, edition));
        if shown.is_null() {
            errors.push(json!({"message": NOT_SHOWN, "locations": [{"line": 1, "column": 1}], "path": [field.name]}));
        }
        data.insert(field.name.clone(), shown);
    }
    let mut answer = json!({"data": data});
    if !errors.is_empty() {
        answer["errors"] = errors.into();
    }
    Ok(answer)
}

fn fault(message: &str, path: Value) -> Value {
    json!({"errors": [{"message": message, "locations": [{"line": 1, "column": 1}], "path": path}]})
}

fn unknown_field(field: &str, kind: &str) -> Value {
    fault(&format!("Field '{field}' doesn't exist on type '{kind}'"), json!(["query", field]))
}

/// Checks what is asked for against the schema.
fn check(repository: &Field, edition: Edition) -> Result<(), Value> {
    for field in &repository.fields {
        match field.name.as_str() {
            "id" | "name" | "path" | "location" | "tagsCount" => continue,
            "tags" => {}
            other => return Err(unknown_field(other, "ContainerRepositoryDetails")),
        }
        let sort = field.arguments.get("sort").and_then(Value::as_str).unwrap_or("NAME_ASC");
        let is_sort = match sort {
            "NAME_ASC" | "NAME_DESC" => true,
            "PUBLISHED_AT_ASC" | "PUBLISHED_AT_DESC" => edition.published_at,
            _ => false,
        };
        if !is_sort {
            let message = format!(
                "Argument 'sort' on Field 'tags' has an invalid value ({sort}). Expected type 'ContainerRepositoryTagSort'."
            );
            return Err(fault(&message, json!(["query", "containerRepository", "tags", "sort"])));
        }
        let nodes = field.fields.iter().filter(|below| below.name == "nodes").flat_map(|nodes| &nodes.fields);
        for node in nodes {
            let is_known = match node.name.as_str() {
                "name" | "path" | "location" | "digest" | "revision" | "shortRevision" | "createdAt" | "totalSize" => {
                    true
                }
                "publishedAt" => edition.published_at,
                _ => false,
            };
            if !is_known {
                return Err(unknown_field(&node.name, "ContainerRepositoryTag"));
            }
        }
    }
    Ok(())
}

fn repository_of(asked: &Field, path: &str, repository: &Repository, edition: Edition) -> Value {
    let one = |field: &Field| match field.name.as_str() {
        "id" => json!(format!("gid://gitlab/ContainerRepository/{}", repository.id)),
        "tags" => tags_of(field, path, repository, edition),
        "tagsCount" => json!(repository.tags.len()),
        "name" => json!(""),
        _ => json!(path),
    };
    asked.fields.iter().map(|field| (field.name.clone(), one(field))).collect::<Map<_, _>>().into()
}

fn tags_of(asked: &Field, path: &str, repository: &Repository, edition: Edition) -> Value {
    let argument = |name: &str| asked.arguments.get(name).and_then(Value::as_str);
    let mut tags: Vec<(&String, &Image)> = repository.tags.iter().collect();
    let (key, is_descending) = match argument("sort").and_then(|sort| sort.rsplit_once('_')) {
        Some((key, direction)) => (key, direction == "DESC"),
        None => ("NAME", false),
    };
    if key == "PUBLISHED_AT" && edition.metadata_database {
        tags.sort_by_key(|(name, image)| (image.published_at, *name));
    }
    if is_descending {
        tags.reverse();
    }
    if let Some(part) = argument("name") {
        tags.retain(|(name, _)| name.contains(part));
    }
    let cursor = |tag: &str| STANDARD.encode(json!({"last": tag}).to_string());
    if let Some(after) = argument("after")
        && let Some(at) = tags.iter().position(|(name, _)| cursor(name) == after)
    {
        tags.drain(..=at);
    }
    let size = asked.arguments.get("first").and_then(Value::as_u64).map_or(PAGE, |first| first as usize).min(PAGE);
    let has_next = tags.len() > size;
    tags.truncate(size);
    let one = |field: &Field| match field.name.as_str() {
        "nodes" => tags.iter().map(|(name, image)| tag_of(field, path, name, image, edition)).collect(),
        "pageInfo" => json!({
            "hasNextPage": has_next,
            "hasPreviousPage": argument("after").is_some(),
            "startCursor": tags.first().map(|(name, _)| cursor(name)),
            "endCursor": tags.last().map(|(name, _)| cursor(name)),
        }),
        _ => Value::Null,
    };
    asked.fields.iter().map(|field| (field.name.clone(), one(field))).collect::<Map<_, _>>().into()
}

fn tag_of(asked: &Field, path: &str, name: &str, image: &Image, edition: Edition) -> Value {
    let seconds = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let one = |field: &Field| match field.name.as_str() {
        "name" => json!(name),
        "digest" => json!(image.digest()),
        "createdAt" => json!(seconds(image.created_at)),
        "publishedAt" => json!(edition.metadata_database.then(|| seconds(image.published_at))),
        // A number that may be larger than JSON's are in some languages.
        "totalSize" => json!(image.size.to_string()),
        "path" | "location" => json!(format!("{path}:{name}")),
        _ => Value::Null,
    };
    asked.fields.iter().map(|field| (field.name.clone(), one(field))).collect::<Map<_, _>>().into()
}
