//! The OCI distribution protocol, the reading half.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Registry, Request, decode,
    image::{Document, OCI_INDEX, OCI_MANIFEST},
};

/// Pages are this long unless asked for shorter ones, as at GitLab's registry.
const PAGE: usize = 100;
const VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Answers a request.
pub(super) fn answer(registry: &Registry, request: &Request<'_>, forbidden: bool) -> Response {
    if request.path == "/jwt/auth" {
        return registry.token(request);
    }
    let path = decode(request.path);
    let Some(rest) = path.strip_prefix("/v2/") else {
        return *error(StatusCode::NOT_FOUND, "NOT_FOUND", "page not found", Value::Null);
    };
    let mut response = read(registry, request, rest, forbidden).unwrap_or_else(|error| *error);
    response.headers_mut().insert(VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

/// An error body of the protocol.
pub(super) fn error(status: StatusCode, code: &str, message: &str, detail: Value) -> Box<Response> {
    let mut entry = json!({"code": code, "message": message});
    if !detail.is_null() {
        entry["detail"] = detail;
    }
    Box::new((status, Json(json!({"errors": [entry]}))).into_response())
}

fn read(registry: &Registry, request: &Request<'_>, rest: &str, forbidden: bool) -> Result<Response, Box<Response>> {
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        let message = "The operation is unsupported.";
        return Err(error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message, Value::Null));
    }
    if rest.is_empty() {
        registry.authorise(request, None)?;
        return Ok(Json(json!({})).into_response());
    }
    let not_found = || error(StatusCode::NOT_FOUND, "NOT_FOUND", "page not found", Value::Null);
    let (name, what, reference) = match rest.strip_suffix("/tags/list") {
        Some(name) => (name, "tags", ""),
        None => {
            let (head, reference) = rest.rsplit_once('/').ok_or_else(not_found)?;
            let (name, what) = head.rsplit_once('/').ok_or_else(not_found)?;
            (name, what, reference)
        }
    };
    registry.authorise(request, Some(name))?;
    if forbidden {
        let message = "requested access to the resource is denied";
        return Err(error(StatusCode::FORBIDDEN, "DENIED", message, Value::Null));
    }
    let state = registry.lock();
    let repository = state.repositories.get(name).ok_or_else(|| {
        let message = "repository name not known to registry";
        error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message, json!({"name": name}))
    })?;
    match what {
        "tags" => tags(request, name, repository.tags.keys()),
        "manifests" => {
            let found = if reference.contains(':') {
                repository.tags.values().find_map(|image| image.manifest(reference))
            } else {
                repository.tags.get(reference).map(|image| &image.top)
            };
            manifest(request, reference, found)
        }
        "blobs" => {
            let found = repository.tags.values().map(|image| &image.config).find(|config| config.digest == reference);
            let document = found.ok_or_else(|| {
                error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry", json!({"digest": reference}))
            })?;
            Ok(document_response(document, "application/octet-stream"))
        }
        _ => Err(not_found()),
    }
}

fn tags<'a>(
    request: &Request<'_>,
    name: &str,
    all: impl Iterator<Item = &'a String>,
) -> Result<Response, Box<Response>> {
    let size = match request.parameter("n") {
        "" => PAGE,
        given => given.parse().map_err(|_| {
            let message = "invalid number of results requested";
            error(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", message, json!({"n": given}))
        })?,
    };
    let last = request.parameter("last");
    let mut rest = all.filter(|tag| last.is_empty() || tag.as_str() > last).peekable();
    let page: Vec<&String> = std::iter::from_fn(|| rest.next()).take(size).collect();
    let body = if page.is_empty() && last.is_empty() && size > 0 { Value::Null } else { json!(page) };
    let mut response = Json(json!({"name": name, "tags": body})).into_response();
    if let (Some(last), true) = (page.last(), rest.peek().is_some()) {
        let link = format!("</v2/{name}/tags/list?last={last}&n={size}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

fn manifest(request: &Request<'_>, reference: &str, found: Option<&Document>) -> Result<Response, Box<Response>> {
    let unknown = |message: &str| error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message, json!({"Tag": reference}));
    let document = found.ok_or_else(|| unknown("manifest unknown"))?;
    let accepted: Vec<&str> = request
        .headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|part| part.split(';').next().unwrap_or_default().trim())
        .collect();
    // As the reference implementation: who doesn't name the OCI types is an old client, "*/*" or not.
    match document.media_type {
        OCI_MANIFEST if !accepted.contains(&OCI_MANIFEST) => {
            Err(unknown("OCI manifest found, but accept header does not support OCI manifests"))
        }
        OCI_INDEX if !accepted.contains(&OCI_INDEX) => {
            Err(unknown("OCI index found, but accept header does not support OCI indexes"))
        }
        media_type => Ok(document_response(document, media_type)),
    }
}

fn document_response(document: &Document, media_type: &'static str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, media_type)], document.body.clone()).into_response();
    let headers = response.headers_mut();
    if let (Ok(digest), Ok(tag)) =
        (HeaderValue::from_str(&document.digest), HeaderValue::from_str(&format!("\"{}\"", document.digest)))
    {
        headers.insert(DIGEST, digest);
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(document.body.len()));
    response
}
