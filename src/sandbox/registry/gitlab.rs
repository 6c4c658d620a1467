//! GitLab's REST API, the part about container registries.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Registry, Repository, Request, decode, image::Image};

/// The id of the first project; the others follow.
const FIRST_PROJECT: u64 = 4711;
/// The host in images' names.
const HOST: &str = "registry.gitlab.example.org";

/// Answers a request.
pub(super) fn answer(registry: &Registry, request: &Request<'_>, forbidden: bool) -> Response {
    read(registry, request, forbidden).unwrap_or_else(|error| *error)
}

/// An error with `message`, as most are.
fn message(status: StatusCode, message: &str) -> Box<Response> {
    Box::new((status, Json(json!({"message": message}))).into_response())
}

/// An error with `error`, as those of the router and of the parameters are.
fn error(status: StatusCode, error: &str) -> Box<Response> {
    Box::new((status, Json(json!({"error": error}))).into_response())
}

fn read(registry: &Registry, request: &Request<'_>, forbidden: bool) -> Result<Response, Box<Response>> {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        return Err(message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
    }
    if registry.knows_token(request) == Some(false) {
        return Err(message(StatusCode::UNAUTHORIZED, "401 Unauthorized"));
    }
    let path: Vec<String> = request.path.trim_start_matches("/api/v4/").split('/').map(decode).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["projects", id, rest @ ..] = path.as_slice() else {
        return match path.as_slice() {
            ["user"] => Ok(Json(user()).into_response()),
            ["version"] => Ok(Json(json!({"version": "18.4.1", "revision": "7d2c5a1e9f0"})).into_response()),
            _ => Err(error(StatusCode::NOT_FOUND, "404 Not Found")),
        };
    };
    let state = registry.lock();
    let mut projects: Vec<&str> = state.repositories.keys().map(|path| project_of(path)).collect();
    projects.dedup();
    let found = (FIRST_PROJECT..).zip(&projects).find(|(number, path)| *id == **path || *id == number.to_string());
    let (project_id, project) = found.ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Project Not Found"))?;
    if rest.first() == Some(&"registry") && forbidden {
        return Err(message(StatusCode::FORBIDDEN, "403 Forbidden"));
    }
    let own = || state.repositories.iter().filter(|(path, _)| project_of(path) == *project);
    let repository = |id: &str| {
        let found = own().find(|(_, repository)| repository.id.to_string() == id);
        found.ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Not found"))
    };
    match rest {
        [] => Ok(Json(project_json(request, project_id, project)).into_response()),
        ["registry", "repositories"] => {
            let count = matches!(request.parameter("tags_count"), "true" | "1");
            let all = own().map(|(path, one)| repository_json(path, one, project_id, count)).collect();
            page(request, all)
        }
        ["registry", "repositories", id, "tags"] => {
            if request.parameter("pagination") == "keyset" {
                return Err(message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
            }
            let (path, repository) = repository(id)?;
            page(request, repository.tags.keys().map(|tag| tag_json(path, tag)).collect())
        }
        ["registry", "repositories", id, "tags", tag] => {
            let (path, repository) = repository(id)?;
            let image = repository.tags.get(*tag).ok_or_else(|| message(StatusCode::NOT_FOUND, "404 Tag Not Found"))?;
            Ok(Json(tag_details(path, tag, image)).into_response())
        }
        _ => Err(error(StatusCode::NOT_FOUND, "404 Not Found")),
    }
}

/// The project that a registry repository belongs to: the first two parts of its path.
fn project_of(repository: &str) -> &str {
    let end = repository.match_indices('/').nth(1).map_or(repository.len(), |(at, _)| at);
    &repository[..end]
}

/// One page of a list, with GitLab's headers.
fn page(request: &Request<'_>, all: Vec<Value>) -> Result<Response, Box<Response>> {
    let number = |name: &str, default: usize| match request.parameter(name) {
        "" => Ok(default),
        text => text.parse().map_err(|_| error(StatusCode::BAD_REQUEST, &format!("{name} is invalid"))),
    };
    let size = number("per_page", 20)?.clamp(1, 100);
    let current = number("page", 1)?.max(1);
    let (total, pages) = (all.len(), all.len().div_ceil(size).max(1));
    let items: Vec<Value> = all.into_iter().skip((current - 1).saturating_mul(size)).take(size).collect();
    let mut response = Json(items).into_response();
    let next = if current < pages { (current + 1).to_string() } else { String::new() };
    let previous = if current > 1 { (current - 1).to_string() } else { String::new() };
    let mut others: Vec<String> = request
        .parameters
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "page" | "per_page"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    others.sort_unstable();
    let link = |page: &str, relation: &str| {
        let mut query = others.clone();
        query.extend([format!("page={page}"), format!("per_page={size}")]);
        format!("<{}{}?{}>; rel=\"{relation}\"", request.base(), request.path, query.join("&"))
    };
    let mut links = Vec::new();
    for (page, relation) in [(previous.as_str(), "prev"), (next.as_str(), "next"), ("1", "first")] {
        if !page.is_empty() {
            links.push(link(page, relation));
        }
    }
    links.push(link(&pages.to_string(), "last"));
    let headers = [
        ("link", links.join(", ")),
        ("x-page", current.to_string()),
        ("x-per-page", size.to_string()),
        ("x-next-page", next),
        ("x-prev-page", previous),
        ("x-total", total.to_string()),
        ("x-total-pages", pages.to_string()),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

fn repository_json(path: &str, repository: &Repository, project: u64, count: bool) -> Value {
    let mut value = json!({
        "id": repository.id,
        "name": path[project_of(path).len()..].trim_start_matches('/'),
        "path": path,
        "project_id": project,
        "location": format!("{HOST}/{path}"),
        "created_at": repository.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "cleanup_policy_started_at": null,
        "status": null,
    });
    if count {
        value["tags_count"] = json!(repository.tags.len());
    }
    value
}

fn tag_json(path: &str, tag: &str) -> Value {
    json!({"name": tag, "path": format!("{path}:{tag}"), "location": format!("{HOST}/{path}:{tag}")})
}

fn tag_details(path: &str, tag: &str, image: &Image) -> Value {
    let mut value = tag_json(path, tag);
    // An index has no config of its own.
    let revision = image.children.is_empty().then(|| image.config.digest.trim_start_matches("sha256:"));
    value["revision"] = json!(revision);
    value["short_revision"] = json!(revision.map(|revision| &revision[..9]));
    value["digest"] = json!(image.digest());
    value["created_at"] = json!(image.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string());
    value["total_size"] = json!(image.size);
    value
}

fn project_json(request: &Request<'_>, id: u64, path: &str) -> Value {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    json!({
        "id": id,
        "description": null,
        "name": name,
        "name_with_namespace": format!("{namespace} / {name}"),
        "path": name,
        "path_with_namespace": path,
        "created_at": "2024-02-11T09:12:44.019Z",
        "default_branch": "main",
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": format!("git@gitlab.example.org:{path}.git"),
        "http_url_to_repo": format!("{}/{path}.git", request.base()),
        "web_url": format!("{}/{path}", request.base()),
        "forks_count": 0,
        "star_count": 3,
        "last_activity_at": "2026-11-20T15:40:03.507Z",
        "visibility": "private",
        "container_registry_image_prefix": format!("{HOST}/{path}"),
        "container_registry_enabled": true,
        "container_registry_access_level": "enabled",
        "namespace": {
            "id": 12, "name": namespace, "path": namespace, "kind": "group", "full_path": namespace, "parent_id": null,
        },
    })
}

fn user() -> Value {
    json!({
        "id": 73,
        "username": "project_4711_bot_tiphys",
        "name": "tiphys",
        "state": "active",
        "locked": false,
        "avatar_url": null,
        "web_url": "https://gitlab.example.org/project_4711_bot_tiphys",
        "created_at": "2026-02-11T09:12:44.019Z",
        "bio": "",
        "location": "",
        "public_email": null,
        "linkedin": "",
        "twitter": "",
        "website_url": "",
        "organization": "",
        "job_title": "",
        "bot": true,
        "last_sign_in_at": null,
        "confirmed_at": "2026-02-11T09:12:44.000Z",
        "last_activity_on": "2026-11-20",
        "email": "project_4711_bot_tiphys@noreply.gitlab.example.org",
        "theme_id": 3,
        "color_scheme_id": 1,
        "projects_limit": 0,
        "current_sign_in_at": null,
        "identities": [],
        "can_create_group": false,
        "can_create_project": false,
        "two_factor_enabled": false,
        "external": false,
        "private_profile": false,
    })
}
