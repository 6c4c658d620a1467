//! A loopback server whose answers a test writes itself, and which remembers what it was asked.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use url::Url;

/// Makes the same answer each time.
pub(super) type Respond = Box<dyn Fn() -> Response + Send + Sync>;

/// One request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The path and the query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, as it stands there.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let url = Url::parse("http://x").ok()?.join(&self.target).ok()?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// A server that lives as long as the test's runtime.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers every request by this function; `None` is an answer that never comes.
    pub(super) async fn start(answer: impl Fn(&Seen) -> Option<Response> + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let request = Seen { target, headers: request.headers().clone() };
            log.lock().expect("no panic before").push(request.clone());
            let answer = answer(&request);
            async move {
                match answer {
                    Some(response) => response,
                    None => std::future::pending().await,
                }
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: Url::parse(&url).expect("a URL"), seen }
    }

    /// What was asked so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic before").clone()
    }

    /// The paths and queries that were asked so far.
    pub(super) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }
}

pub(super) fn json(status: u16, body: &Value) -> Response {
    with(status, &[("content-type", "application/json")], body.to_string())
}

pub(super) fn with(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("a response").into_response()
}

/// An answer that is larger than any that makes sense.
pub(super) fn oversized() -> Response {
    with(200, &[("content-type", "application/json")], vec![b' '; 5 * 1024 * 1024])
}

/// Writes a token file.
pub(super) fn write_token(path: &Path, token: &str) {
    std::fs::write(path, token).expect("the token file is written");
}

/// The rustls provider, as the program installs it.
pub(super) fn install_provider() {
    // Another test may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
