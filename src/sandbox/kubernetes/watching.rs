//! Watch requests: the changes after a resource version, one JSON line each.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Kubernetes,
    handler::{Parameters, parameter},
    kind::Kind,
    selector::Selector,
    status::ApiError,
    store::{Event, text},
    table,
};

/// The objects that a list or watch request is about.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) selector: Selector,
    pub(super) as_table: bool,
    /// What comes with each row of a table.
    pub(super) include: String,
}

impl Filter {
    /// Whether an object belongs to the answer.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let here = self.namespace.as_deref().is_none_or(|namespace| text(object, "/metadata/namespace") == namespace);
        here && self.selector.matches(object)
    }

    /// The line for a change: an object that starts or stops to match comes and goes.
    fn line(&self, event: &Event) -> Option<Value> {
        let was = event.before.as_ref().is_some_and(|before| self.matches(before));
        let is = event.verb != "DELETED" && self.matches(&event.object);
        let verb = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(self.event(verb, &event.object))
    }

    fn event(&self, verb: &str, object: &Value) -> Value {
        if self.as_table {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            let table = table::table(self.kind, std::slice::from_ref(object), &metadata, &self.include);
            return json!({"type": verb, "object": table});
        }
        json!({"type": verb, "object": object})
    }
}

impl Filter {
    /// The line that says how far a watch has got.
    fn bookmark(&self, version: u64, annotations: Value) -> Value {
        let info = self.kind.info();
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if !annotations.is_null() {
            metadata["annotations"] = annotations;
        }
        let object = json!({"kind": info.name, "apiVersion": info.api_version(), "metadata": metadata});
        json!({"type": "BOOKMARK", "object": object})
    }
}

struct Stream {
    cluster: Arc<Kubernetes>,
    filter: Filter,
    version: u64,
    ready: VecDeque<Value>,
    end: Option<Instant>,
    /// Whether the client wants to be told how far it has got when there is nothing else to tell.
    bookmarks: bool,
    over: bool,
}

/// The endless answer.
pub(super) fn watch(cluster: &Arc<Kubernetes>, filter: Filter, parameters: &Parameters) -> Result<Response, ApiError> {
    let mut ready = VecDeque::new();
    let flag = |name| matches!(parameter(parameters, name), "true" | "1");
    let (bookmarks, streamed) = (flag("allowWatchBookmarks"), flag("sendInitialEvents"));
    if streamed && parameter(parameters, "resourceVersionMatch") != "NotOlderThan" {
        let message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(ApiError::new(422, "Invalid", message));
    }
    let version = match parameter(parameters, "resourceVersion") {
        given if streamed || matches!(given, "" | "0") => {
            let (version, objects) = cluster.store.list_at(filter.kind);
            let matching = objects.into_iter().filter(|object| filter.matches(object));
            ready.extend(matching.map(|object| filter.event("ADDED", &object)));
            if streamed && bookmarks {
                ready.push_back(filter.bookmark(version, json!({"k8s.io/initial-events-end": "true"})));
            }
            version
        }
        given => given.parse().map_err(|_| {
            ApiError::bad_request(format!(
                "resourceVersion: Invalid value: {given:?}: strconv.ParseUint: parsing {given:?}: invalid syntax"
            ))
        })?,
    };
    let seconds: Option<u64> = parameter(parameters, "timeoutSeconds").parse().ok();
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let stream = Stream { cluster: Arc::clone(cluster), filter, version, ready, end, bookmarks, over: false };
    let lines = futures_util::stream::unfold(stream, |mut stream| async {
        let mut line = stream.next().await?.to_string();
        line.push('\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(line)), stream))
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(lines)).into_response())
}

impl Stream {
    async fn next(&mut self) -> Option<Value> {
        let mut changes = self.cluster.store.subscribe();
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            let Some((version, events)) = self.cluster.store.since(self.filter.kind, self.version) else {
                self.over = true;
                let message = format!("too old resource version: {} ({})", self.version, self.cluster.store.version());
                return Some(json!({"type": "ERROR", "object": ApiError::new(410, "Expired", message).body()}));
            };
            self.version = version;
            self.ready.extend(events.iter().filter_map(|event| self.filter.line(event)));
            if !self.ready.is_empty() {
                continue;
            }
            let end = self.end;
            let timeout = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.wait_for(|newest| *newest > version) => {
                    changed.ok()?;
                }
                () = timeout => {
                    self.over = true;
                    if self.bookmarks {
                        self.ready.push_back(self.filter.bookmark(self.version, Value::Null));
                    }
                }
                () = self.cluster.stop.cancelled() => return None,
            }
        }
    }
}
