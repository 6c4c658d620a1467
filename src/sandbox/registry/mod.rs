//! The container registry: what it holds, who may read it, and the faults that are scripted for it.
//!
//! One HTTP server speaks both the OCI distribution protocol (`/v2/`) and GitLab's REST API (`/api/v4/`).

mod access;
mod gitlab;
mod image;
mod oci;
mod seed;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::image::Image;
pub use self::{access::Access, seed::REPOSITORY};

/// The repositories of the registry.
#[derive(Debug)]
pub struct Registry {
    state: Mutex<Inner>,
    access: Access,
    fault: watch::Sender<RegistryFault>,
    changes: watch::Sender<u64>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Inner {
    repositories: BTreeMap<String, Repository>,
    /// Tokens that were given out, and the repositories that each may read.
    tokens: HashMap<String, BTreeSet<String>>,
    requests: u64,
}

/// The tags of one image.
#[derive(Debug)]
struct Repository {
    id: u64,
    created_at: Timestamp,
    tags: BTreeMap<String, Image>,
}

/// What is wrong with the registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RegistryFault {
    /// Nothing.
    #[default]
    None,
    /// Connections are closed without an answer.
    Down,
    /// Requests get no answer until the fault ends.
    Hang,
    /// Answers come after this time.
    Slow(Duration),
    /// Every request gets this status; 429 comes with `Retry-After: 1`.
    Status(u16),
    /// The credentials are good and not allowed to read.
    Forbidden,
}

/// A request as both protocols read it.
struct Request<'a> {
    method: &'a Method,
    path: &'a str,
    parameters: &'a HashMap<String, String>,
    headers: &'a HeaderMap,
}

impl Registry {
    /// A registry with the tags of the sandbox's application; long waits end when `stop` is cancelled.
    #[must_use]
    pub fn seeded(access: Access, now: Timestamp, stop: CancellationToken) -> Self {
        let registry = Self {
            state: Mutex::default(),
            access,
            fault: watch::Sender::default(),
            changes: watch::Sender::default(),
            stop,
        };
        seed::fill(&registry, now);
        registry
    }

    /// A channel that ticks with every change of tags.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Pushes a tag, in the place of one of the same name. The repository is made when it isn't there.
    pub fn add_tag(&self, repository: &str, tag: &str, created_at: Timestamp, size: u64) {
        self.add(repository, tag, Image::build(repository, tag, created_at, size));
    }

    /// Removes a tag; whether there was one.
    pub fn remove_tag(&self, repository: &str, tag: &str) -> bool {
        let mut state = self.lock();
        let removed = state.repositories.get_mut(repository).is_some_and(|one| one.tags.remove(tag).is_some());
        drop(state);
        self.changes.send_modify(|count| *count += 1);
        removed
    }

    /// The tags of a repository, in lexical order.
    #[must_use]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.lock().repositories.get(repository).map_or_else(Vec::new, |one| one.tags.keys().cloned().collect())
    }

    /// Sets or ends a fault.
    pub fn set_fault(&self, fault: RegistryFault) {
        self.fault.send_replace(fault);
    }

    /// How many requests have been made, those that met a fault as well.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Whether a node can pull this image, named as in a pod: `[HOST/]REPOSITORY[:TAG][@DIGEST]`. Scripted faults are
    /// for clients of the HTTP server only: nodes can always pull.
    #[must_use]
    pub fn has(&self, image: &str) -> bool {
        self.digest(image).is_some()
    }

    /// The digest of an image, named as in a pod.
    #[must_use]
    pub fn digest(&self, image: &str) -> Option<String> {
        let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (rest, "latest"),
        };
        let path = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => name,
        };
        let state = self.lock();
        let repository = state.repositories.get(path)?;
        let found = match digest {
            Some(digest) => repository.tags.values().find(|image| image.digest() == digest),
            None => repository.tags.get(tag),
        };
        found.map(|image| image.digest().to_owned())
    }

    /// The HTTP service.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(handle).with_state(Arc::clone(self))
    }

    fn add(&self, repository: &str, tag: &str, image: Image) {
        let mut state = self.lock();
        let id = 118 + state.repositories.len() as u64;
        let created_at = image.created_at;
        let repository = state.repositories.entry(repository.to_owned());
        let repository = repository.or_insert_with(|| Repository { id, created_at, tags: BTreeMap::new() });
        repository.created_at = repository.created_at.min(created_at);
        repository.tags.insert(tag.to_owned(), image);
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as the fault says and returns it.
    async fn suffer(&self) -> RegistryFault {
        let mut fault = self.fault.subscribe();
        let over = async {
            let fault = fault.wait_for(|fault| *fault != RegistryFault::Hang).await.map(|fault| fault.clone());
            if let Ok(RegistryFault::Slow(time)) = &fault {
                tokio::time::sleep(*time).await;
            }
            fault.unwrap_or_default()
        };
        tokio::select! {
            fault = over => fault,
            () = self.stop.cancelled() => RegistryFault::Status(503),
        }
    }
}

async fn handle(
    State(registry): State<Arc<Registry>>,
    method: Method,
    uri: Uri,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    registry.lock().requests += 1;
    let fault = registry.suffer().await;
    match &fault {
        RegistryFault::Down => {
            let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("down")) });
            return Response::new(Body::from_stream(broken));
        }
        RegistryFault::Status(code) => {
            let code = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (code, format!("{code}\n")).into_response();
            if code == StatusCode::TOO_MANY_REQUESTS {
                response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            }
            return response;
        }
        _ => {}
    }
    let forbidden = fault == RegistryFault::Forbidden;
    let request = Request { method: &method, path: uri.path(), parameters: &parameters, headers: &headers };
    if uri.path().starts_with("/api/v4/") {
        gitlab::answer(&registry, &request, forbidden)
    } else {
        oci::answer(&registry, &request, forbidden)
    }
}

impl Request<'_> {
    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The address that the client used for this server.
    fn base(&self) -> String {
        format!("http://{}", self.header("host"))
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
