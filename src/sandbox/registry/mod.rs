//! The container registry: what it holds, who may read it, and the faults that are scripted for it.
//!
//! One HTTP server speaks both the OCI distribution protocol (`/v2/`) and GitLab's REST and GraphQL APIs (`/api/`).

mod access;
mod crowd;
mod fault;
mod gitlab;
mod image;
mod oci;
mod seed;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::image::Image;
pub use self::{
    access::{Access, GitLabToken},
    fault::RegistryFault,
    gitlab::Edition,
    seed::REPOSITORY,
};

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
    edition: Edition,
    requests: u64,
    under_way: u64,
    most_at_once: u64,
    /// When the requests that a limit counts began, and how many there were.
    counted: Option<(std::time::Instant, u32)>,
}

/// The tags of one image.
#[derive(Debug)]
struct Repository {
    id: u64,
    created_at: Timestamp,
    tags: BTreeMap<String, Image>,
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

    /// Pushes a tag as soon as it is made, in the place of one of the same name. The repository is made when it isn't
    /// there.
    pub fn add_tag(&self, repository: &str, tag: &str, created_at: Timestamp, size: u64) {
        self.push_tag(repository, tag, (created_at, created_at), size);
    }

    /// Pushes a tag some time after it was made.
    pub fn push_tag(&self, repository: &str, tag: &str, (created_at, published_at): (Timestamp, Timestamp), size: u64) {
        self.add(repository, tag, Image { published_at, ..Image::build(repository, tag, created_at, size) });
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

    /// Sets what the GitLab instance can do.
    pub fn set_edition(&self, edition: Edition) {
        self.lock().edition = edition;
    }

    /// How many requests have been made, those that met a fault as well.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// How many requests were under way at once at most.
    #[must_use]
    pub fn most_at_once(&self) -> u64 {
        self.lock().most_at_once
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
        self.lock().add(repository, tag, image);
        self.changes.send_modify(|count| *count += 1);
    }

    fn edition(&self) -> Edition {
        self.lock().edition
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, repository: &str, tag: &str, image: Image) {
        let id = 118 + self.repositories.len() as u64;
        let created_at = image.created_at;
        let repository = self.repositories.entry(repository.to_owned());
        let repository = repository.or_insert_with(|| Repository { id, created_at, tags: BTreeMap::new() });
        repository.created_at = repository.created_at.min(created_at);
        repository.tags.insert(tag.to_owned(), image);
    }
}

/// Counts a request while it is under way.
struct UnderWay(Arc<Registry>);

impl UnderWay {
    fn count(registry: &Arc<Registry>) -> Self {
        let mut state = registry.lock();
        state.requests += 1;
        state.under_way += 1;
        state.most_at_once = state.most_at_once.max(state.under_way);
        Self(Arc::clone(registry))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}

async fn handle(
    State(registry): State<Arc<Registry>>,
    method: Method,
    uri: Uri,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let _under_way = UnderWay::count(&registry);
    let fault = registry.suffer().await;
    if let Some(response) = registry.fail(&fault) {
        return response;
    }
    let forbidden = fault == RegistryFault::Forbidden;
    let request = Request { method: &method, path: uri.path(), parameters: &parameters, headers: &headers };
    if uri.path().starts_with("/api/v4/") {
        gitlab::answer(&registry, &request, forbidden)
    } else if uri.path() == "/api/graphql" {
        gitlab::answer_graphql(&registry, &request, &body, forbidden)
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
