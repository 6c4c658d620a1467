//! GitLab's APIs, the part about container registries: REST with its rules, and what GraphQL tells beside it.

mod graphql;
mod page;
mod query;
mod shapes;

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::{
    page::{keyset, page},
    shapes::{project_json, repository_json, tag_details, tag_json, user},
};
use super::{Registry, Repository, Request, access::Grant, decode};

/// The id of the first project; the others follow.
const FIRST_PROJECT: u64 = 4711;

/// What an instance can do, by its version and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// Whether there is a GraphQL API.
    pub graphql: bool,
    /// Whether its schema has `publishedAt`, and tags can be sorted by it (16.11 and later).
    pub published_at: bool,
    /// Whether the registry has a metadata database: without it `publishedAt` is empty and keyset paging isn't allowed.
    pub metadata_database: bool,
    /// Whether lists tell how many entries they have in all.
    pub totals: bool,
}

impl Default for Edition {
    fn default() -> Self {
        Self { graphql: true, published_at: true, metadata_database: false, totals: true }
    }
}

/// Answers a request of the REST API.
pub(super) fn answer(registry: &Registry, request: &Request<'_>, forbidden: bool) -> Response {
    let answered = read(registry, request, forbidden);
    answered.map_or_else(|error| *error, |found| if_modified(request, found))
}

pub(super) use graphql::answer as answer_graphql;

/// An answer with its body as JSON; its version goes into a header.
struct Found {
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl From<Value> for Found {
    fn from(body: Value) -> Self {
        Self { body, headers: Vec::new() }
    }
}

/// The answer, or 304 when the client has it already.
fn if_modified(request: &Request<'_>, found: Found) -> Response {
    let body = found.body.to_string();
    let hash =
        Sha256::digest(body.as_bytes()).iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let version = format!("W/\"{hash}\"");
    let mut response = if request.header("if-none-match") == version {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let own = [("etag", version), ("vary", "Origin".to_owned())];
    for (name, value) in found.headers.into_iter().chain(own) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An error with `message`, as most are.
fn message(status: StatusCode, message: &str) -> Box<Response> {
    Box::new((status, Json(json!({"message": message}))).into_response())
}

/// An error with `error`, as those of the router and of the parameters are.
fn error(status: StatusCode, error: &str) -> Box<Response> {
    Box::new((status, Json(json!({"error": error}))).into_response())
}

fn read(registry: &Registry, request: &Request<'_>, forbidden: bool) -> Result<Found, Box<Response>> {
    let grant = registry.grant(request)?;
    let path: Vec<String> = request.path.trim_start_matches("/api/v4/").split('/').map(decode).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["projects", id, rest @ ..] = path.as_slice() else {
        return match path.as_slice() {
            ["user"] if grant == Grant::None => Err(message(StatusCode::UNAUTHORIZED, "401 Unauthorized")),
            ["user"] => Ok(user().into()),
            ["version"] => Ok(json!({"version": "18.4.1", "revision": "7d2c5a1e9f0"}).into()),
            _ => Err(error(StatusCode::NOT_FOUND, "404 Not Found")),
        };
    };
    if grant < Grant::Guest {
        // Nobody is told that a private project is there.
        return Err(message(StatusCode::NOT_FOUND, "404 Project Not Found"));
    }
    if *request.method == Method::DELETE {
        return remove(registry, id, rest, grant);
    }
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return Err(message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
    }
    let state = registry.lock();
    let (project_id, project) = find_project(&state.repositories, id)?;
    if rest.first() == Some(&"registry") && (forbidden || grant < Grant::Reporter) {
        return Err(message(StatusCode::FORBIDDEN, "403 Forbidden"));
    }
    let own = || state.repositories.iter().filter(|(path, _)| project_of(path) == project);
    let repository = |id: &str| {
        let found = own().find(|(_, repository)| repository.id.to_string() == id);
        found.ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Not found"))
    };
    let edition = state.edition;
    match rest {
        [] => Ok(project_json(request, project_id, project).into()),
        ["registry", "repositories"] => {
            let is = |name| matches!(request.parameter(name), "true" | "1");
            let all = own().map(|(path, one)| {
                let mut value = repository_json(path, one, project_id, is("tags_count"));
                if is("tags") {
                    value["tags"] = one.tags.keys().map(|tag| tag_json(path, tag)).collect();
                }
                value
            });
            page(request, all.collect(), edition.totals)
        }
        ["registry", "repositories", id, "tags"] => {
            let (path, repository) = repository(id)?;
            if request.parameter("pagination") == "keyset" {
                if !edition.metadata_database {
                    return Err(message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
                }
                let names = repository.tags.keys().map(String::as_str);
                return keyset(request, names, |tag| tag_json(path, tag));
            }
            page(request, repository.tags.keys().map(|tag| tag_json(path, tag)).collect(), edition.totals)
        }
        ["registry", "repositories", id, "tags", tag] => {
            let (path, repository) = repository(id)?;
            let image = repository.tags.get(*tag).ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Tag Not Found"))?;
            Ok(tag_details(path, tag, image).into())
        }
        _ => Err(error(StatusCode::NOT_FOUND, "404 Not Found")),
    }
}

/// Removes a tag, for developers and above.
fn remove(registry: &Registry, id: &str, rest: &[&str], grant: Grant) -> Result<Found, Box<Response>> {
    let ["registry", "repositories", repository, "tags", tag] = rest else {
        return Err(message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
    };
    let path = {
        let state = registry.lock();
        let (_, project) = find_project(&state.repositories, id)?;
        let mut own = state.repositories.iter().filter(|(path, _)| project_of(path) == project);
        let found = own.find(|(_, one)| one.id.to_string() == *repository);
        found.map(|(path, _)| path.clone()).ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Not found"))?
    };
    if grant < Grant::Developer {
        return Err(message(StatusCode::FORBIDDEN, "403 Forbidden"));
    }
    if !registry.remove_tag(&path, tag) {
        return Err(message(StatusCode::NOT_FOUND, "404 Tag Not Found"));
    }
    Ok(Value::Null.into())
}

/// A project by its number or its whole path, which is found in any case.
fn find_project<'a>(
    repositories: &'a std::collections::BTreeMap<String, Repository>,
    id: &str,
) -> Result<(u64, &'a str), Box<Response>> {
    let mut projects: Vec<&str> = repositories.keys().map(|path| project_of(path)).collect();
    projects.dedup();
    let mut found = (FIRST_PROJECT..).zip(projects);
    found
        .find(|(number, path)| id.eq_ignore_ascii_case(path) || id == number.to_string())
        .ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Project Not Found"))
}

/// The project that a registry repository belongs to: the first two parts of its path.
fn project_of(repository: &str) -> &str {
    let end = repository.match_indices('/').nth(1).map_or(repository.len(), |(at, _)| at);
    &repository[..end]
}
