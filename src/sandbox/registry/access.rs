//! Who may read the registry.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::json;

use super::{Registry, Request, oci};
use crate::sandbox::kubernetes::store::random;

/// The credentials that the registry's two protocols ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// User and password of the OCI protocol; everybody may read without.
    pub credentials: Option<(String, String)>,
    /// Whether the credentials are traded for a token first, as at GitLab; otherwise they are sent with each request.
    pub token_service: bool,
    /// A reporter's token of GitLab's APIs, as `PRIVATE-TOKEN` or `Authorization: Bearer`; everybody may read without.
    pub gitlab_token: Option<String>,
    /// More tokens of GitLab's APIs; with one of them here nobody may read without a token.
    pub gitlab_tokens: BTreeMap<String, GitLabToken>,
}

/// Whose token it is, or what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitLabToken {
    /// May remove tags.
    Developer,
    /// May read.
    Reporter,
    /// Sees the project but not its registry.
    Guest,
    /// Doesn't see the private project.
    Stranger,
    /// Has a scope that the API isn't part of.
    OtherScope,
    /// Has expired.
    Expired,
    /// Belongs to a deployment: good for the OCI protocol, unknown to GitLab's APIs.
    Deploy,
}

/// What a request to GitLab's APIs may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    None,
    Guest,
    Reporter,
    Developer,
}

impl Registry {
    /// Checks a request of the OCI protocol for a repository, or for none.
    pub(super) fn authorise(&self, request: &Request<'_>, repository: Option<&str>) -> Result<(), Box<Response>> {
        let Some((user, password)) = &self.access.credentials else { return Ok(()) };
        let given = request.header("authorization");
        if !self.access.token_service {
            if basic(given).is_some_and(|it| it == (user.clone(), password.clone())) {
                return Ok(());
            }
            return Err(challenge("Basic realm=\"Registry Realm\"", repository));
        }
        let allowed = given.strip_prefix("Bearer ").and_then(|token| self.lock().tokens.get(token).cloned());
        let mut error = "";
        match (&allowed, repository) {
            (Some(_), None) => return Ok(()),
            (Some(repositories), Some(repository)) if repositories.contains(repository) => return Ok(()),
            (Some(_), Some(_)) => error = ",error=\"insufficient_scope\"",
            (None, _) if given.starts_with("Bearer ") => error = ",error=\"invalid_token\"",
            (None, _) => {}
        }
        let scope = repository.map_or_else(String::new, |name| format!(",scope=\"repository:{name}:pull\""));
        let realm = format!("{}/jwt/auth", request.base());
        let words = format!("Bearer realm=\"{realm}\",service=\"container_registry\"{scope}{error}");
        Err(challenge(&words, repository))
    }

    /// `/jwt/auth`: trades credentials for a token.
    pub(super) fn token(&self, request: &Request<'_>) -> Response {
        let Some((user, password)) = &self.access.credentials else {
            return *oci::error(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no token service", json!(null));
        };
        match basic(request.header("authorization")) {
            None => return *oci::error(StatusCode::FORBIDDEN, "DENIED", "access forbidden", json!(null)),
            Some(given) if given != (user.clone(), password.clone()) => {
                let message = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password.";
                return *oci::error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message, json!(null));
            }
            Some(_) => {}
        }
        let token = format!("sandbox-{:016x}{:016x}", random(), random());
        let mut state = self.lock();
        let scope = request.parameter("scope").split(' ');
        let wanted = scope.filter_map(|one| one.strip_prefix("repository:")?.rsplit_once(':'));
        let allowed: BTreeSet<String> = wanted
            .filter(|(name, actions)| {
                actions.split(',').any(|one| one == "pull") && state.repositories.contains_key(*name)
            })
            .map(|(name, _)| name.to_owned())
            .collect();
        state.tokens.insert(token.clone(), allowed);
        Json(json!({"token": token, "expires_in": 300, "issued_at": Timestamp::now().to_string()})).into_response()
    }

    /// Lets all tokens that were given out expire.
    pub fn expire_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// What a request to GitLab's APIs may do, by its token.
    pub(super) fn grant(&self, request: &Request<'_>) -> Result<Grant, Box<Response>> {
        let Access { gitlab_token: reporter, gitlab_tokens: tokens, .. } = &self.access;
        if reporter.is_none() && tokens.is_empty() {
            return Ok(Grant::Developer);
        }
        let private = request.header("private-token");
        let bearer = request.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let given = if private.is_empty() { bearer } else { private };
        if given.is_empty() {
            return Ok(Grant::None);
        }
        if reporter.as_deref() == Some(given) {
            return Ok(Grant::Reporter);
        }
        let refused = |status: StatusCode, body| Err(Box::new((status, Json(body)).into_response()));
        match tokens.get(given) {
            Some(GitLabToken::Developer) => Ok(Grant::Developer),
            Some(GitLabToken::Reporter) => Ok(Grant::Reporter),
            Some(GitLabToken::Guest) => Ok(Grant::Guest),
            Some(GitLabToken::Stranger) => Ok(Grant::None),
            Some(GitLabToken::OtherScope) => {
                let description = "The request requires higher privileges than provided by the access token.";
                let body = json!({
                    "error": "insufficient_scope", "error_description": description, "scope": "api read_api",
                });
                refused(StatusCode::FORBIDDEN, body)
            }
            Some(GitLabToken::Expired) => {
                let description = "Token is expired. You can either do re-authorization or token refresh.";
                let body = json!({"error": "invalid_token", "error_description": description});
                refused(StatusCode::UNAUTHORIZED, body)
            }
            Some(GitLabToken::Deploy) | None => {
                refused(StatusCode::UNAUTHORIZED, json!({"message": "401 Unauthorized"}))
            }
        }
    }
}

/// User and password of a basic authorization.
fn basic(header: &str) -> Option<(String, String)> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn challenge(words: &str, repository: Option<&str>) -> Box<Response> {
    let detail = match repository {
        Some(name) => json!([{"Type": "repository", "Class": "", "Name": name, "Action": "pull"}]),
        None => json!(null),
    };
    let mut response = oci::error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", detail);
    if let Ok(value) = HeaderValue::from_str(words) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
