//! The page's endpoints: its files, the state, the ticks and the two actions.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{PageSource, assets, guard};

/// The largest body of an action: more than sixteen times the longest message of Telegram.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Clone)]
struct Page {
    source: Arc<dyn PageSource>,
    stop: CancellationToken,
    heartbeat: Duration,
}

/// Every endpoint behind the guard; streams end when `stop` is cancelled and beat while nothing changes.
pub(super) fn router(
    source: Arc<dyn PageSource>,
    listen: SocketAddr,
    stop: CancellationToken,
    heartbeat: Duration,
) -> Router {
    Router::new()
        .route("/", get(index))
        // A commit's address, in the form of GitLab's: the page opens it in its repository panel.
        .route("/-/commit/{id}", get(index))
        .route("/assets/{name}", get(asset))
        .route("/api/state", get(state))
        .route("/api/events", get(events))
        .route("/api/say", post(say))
        .route("/api/press", post(press))
        .fallback(async || failure(StatusCode::NOT_FOUND, "there is nothing at this address"))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(listen, guard::guard))
        .with_state(Page { source, stop, heartbeat })
}

/// An error as the API tells it.
pub(super) fn failure(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": message }))).into_response()
}

async fn index() -> Response {
    assets::INDEX.into_response()
}

async fn asset(Path(name): Path<String>) -> Response {
    match assets::find(&name) {
        Some(asset) => asset.into_response(),
        None => failure(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

async fn state(State(page): State<Page>) -> Response {
    match blocking(move || page.source.state()).await {
        Ok(state) => axum::Json(state).into_response(),
        Err(response) => response,
    }
}

/// One `tick` at once and one after every change; changes that come faster than they are read are merged.
async fn events(State(page): State<Page>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = page.source.changes();
    changes.mark_changed();
    let ticks = stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        let tick = changes.borrow_and_update().to_string();
        Some((Ok(Event::default().event("tick").data(tick)), changes))
    })
    .take_until(page.stop.cancelled_owned());
    let heartbeat = KeepAlive::new().interval(page.heartbeat).event(Event::default().event("heartbeat").data("-"));
    Sse::new(ticks).keep_alive(heartbeat)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    person: i64,
    text: String,
}

async fn say(State(page): State<Page>, body: Result<Bytes, BytesRejection>) -> Response {
    act(body, move |Say { person, text }| page.source.say(person, &text)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    person: i64,
    message_id: i64,
    data: String,
}

async fn press(State(page): State<Page>, body: Result<Bytes, BytesRejection>) -> Response {
    act(body, move |Press { person, message_id, data }| page.source.press(person, message_id, &data)).await
}

async fn act<T: DeserializeOwned + Send + 'static>(
    body: Result<Bytes, BytesRejection>,
    action: impl FnOnce(T) -> Result<(), String> + Send + 'static,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    let input = match serde_json::from_slice(&body) {
        Ok(input) => input,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match blocking(move || action(input)).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(refusal)) => failure(StatusCode::UNPROCESSABLE_ENTITY, &refusal),
        Err(response) => response,
    }
}

/// Runs a call of the source where it may block.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T, Response> {
    tokio::task::spawn_blocking(call).await.map_err(|error| {
        tracing::error!(%error, "the page's source failed");
        failure(StatusCode::INTERNAL_SERVER_ERROR, "the playground failed to answer")
    })
}

impl IntoResponse for &'static assets::Asset {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.content_type)], self.text).into_response()
    }
}
