//! The parameters of a call, however they were sent: JSON, query string, form or multipart.

use std::sync::Arc;

use axum::{
    Form, Json, RequestExt,
    extract::{Multipart, Query, Request},
    http::header::CONTENT_TYPE,
};
use serde_json::{Map, Value, json};

/// An answer other than success.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) parameters: Option<Value>,
}

impl ApiError {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    /// A 400 with the prefix that all of them have.
    pub(super) fn bad(description: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", description.as_ref()))
    }
}

/// The parameters by name. Forms and query strings have nested values as JSON in strings, which is allowed everywhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(pub(super) Arc<Map<String, Value>>);

impl Params {
    /// Reads them from a request.
    pub(super) async fn read(request: Request) -> Result<Self, ApiError> {
        let unreadable = |_| ApiError::bad("can't parse the request");
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_lowercase();
        let mut all: Map<String, Value> = match Query::<Vec<(String, String)>>::try_from_uri(request.uri()) {
            Ok(Query(pairs)) => pairs.into_iter().map(|(k, v)| (k, Value::String(v))).collect(),
            Err(_) => return Err(ApiError::bad("can't parse the query string")),
        };
        if kind.starts_with("application/json") {
            let body: Json<Value> = request
                .extract()
                .await
                .map_err(|_| ApiError::bad("can't parse JSON object"))
                .map(|json: Json<Value>| json)?;
            match body.0 {
                Value::Object(object) => all.extend(object),
                _ => return Err(ApiError::bad("can't parse JSON object")),
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") && request.method() != "GET" {
            let Form(pairs): Form<Vec<(String, String)>> =
                request.extract().await.map_err(|_| ApiError::bad("can't parse the form"))?;
            all.extend(pairs.into_iter().map(|(k, v)| (k, Value::String(v))));
        } else if kind.starts_with("multipart/form-data") {
            let mut parts: Multipart = request.extract().await.map_err(|_| ApiError::bad("can't parse the form"))?;
            while let Some(field) = parts.next_field().await.map_err(unreadable)? {
                let Some(name) = field.name().map(str::to_owned) else { continue };
                let file = field.file_name().map(str::to_owned);
                let mime = field.content_type().map(str::to_owned);
                let text = field.text().await.map_err(unreadable)?;
                let value = match file {
                    Some(file) => json!({"file_name": file, "mime_type": mime, "text": text}),
                    None => Value::String(text),
                };
                all.insert(name, value);
            }
        }
        Ok(Self(Arc::new(all)))
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A string; numbers count as their digits.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A whole number, or one in a string.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A truth value in any of the accepted spellings.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    /// A nested value, as it is or as JSON in a string.
    pub(super) fn nested(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| ApiError::bad(format!("can't parse {} JSON object", name.replace('_', " ")))),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}
