//! The API's error answers: `Status` objects.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::kind::KindInfo;

/// An error as the API server words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable reason.
    pub reason: &'static str,
    /// The message.
    pub message: String,
    details: Value,
}

impl ApiError {
    /// An error without details.
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    pub(super) fn of(code: u16, reason: &'static str, info: &KindInfo, name: &str, message: String) -> Self {
        let mut details = json!({"kind": info.plural});
        for (field, value) in [("name", name), ("group", info.group)] {
            if !value.is_empty() {
                details[field] = json!(value);
            }
        }
        Self { code, reason, message, details }
    }

    pub(super) fn not_found(info: &KindInfo, name: &str) -> Self {
        Self::of(404, "NotFound", info, name, format!("{} \"{name}\" not found", info.resource()))
    }

    pub(super) fn already_exists(info: &KindInfo, name: &str) -> Self {
        Self::of(409, "AlreadyExists", info, name, format!("{} \"{name}\" already exists", info.resource()))
    }

    pub(super) fn conflict(info: &KindInfo, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes \
             to the latest version and try again",
            info.resource()
        );
        Self::of(409, "Conflict", info, name, message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A field of an object that can't be as it is; `why` is the API's word for that, such as `FieldValueRequired`.
    pub(super) fn invalid(info: &KindInfo, name: &str, (field, why, words): (&str, &str, &str)) -> Self {
        let message = format!("{} \"{name}\" is invalid: {field}: {words}", info.name);
        let mut error = Self::of(422, "Invalid", info, name, message);
        error.details["kind"] = json!(info.name);
        error.details["causes"] = json!([{"reason": why, "message": words, "field": field}]);
        error
    }

    pub(super) fn no_such_path() -> Self {
        Self::bare(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::bare(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// An error that is about no object.
    pub(super) fn bare(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { details: json!({}), ..Self::new(code, reason, message) }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// The `Status` object.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        if !self.details.is_null() {
            body["details"] = self.details.clone();
        }
        body
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, Json(self.body())).into_response()
    }
}
