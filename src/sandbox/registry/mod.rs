//! The container registry: what it holds, and the faults that are scripted for it.

mod seed;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

/// The repositories of the registry.
#[derive(Debug)]
pub struct Registry {
    repositories: Mutex<BTreeMap<String, Repository>>,
    changes: watch::Sender<u64>,
}

/// The tags of one image.
#[derive(Debug, Default)]
struct Repository {
    tags: BTreeMap<String, Image>,
}

/// An image that a tag names.
#[derive(Debug, Clone)]
struct Image {
    manifest: String,
    digest: String,
    media_type: &'static str,
    config: String,
    config_digest: String,
    created_at: Timestamp,
    size: u64,
}

/// The media types of a manifest and its config.
const OCI: (&str, &str) = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json");
const DOCKER: (&str, &str) =
    ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.container.image.v1+json");

impl Registry {
    /// A registry with the tags of the sandbox's application.
    #[must_use]
    pub fn seeded(now: Timestamp) -> Self {
        let registry = Self { repositories: Mutex::default(), changes: watch::Sender::default() };
        seed::fill(&registry, now);
        registry
    }

    /// A channel that ticks with every change of tags.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Pushes a tag, in the place of one of the same name.
    pub fn add_tag(&self, repository: &str, tag: &str, created_at: Timestamp, size: u64) {
        let image = Image::build(repository, tag, created_at, size);
        self.lock().entry(repository.to_owned()).or_default().tags.insert(tag.to_owned(), image);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Removes a tag; whether there was one.
    pub fn remove_tag(&self, repository: &str, tag: &str) -> bool {
        let removed = self.lock().get_mut(repository).is_some_and(|repository| repository.tags.remove(tag).is_some());
        self.changes.send_modify(|count| *count += 1);
        removed
    }

    /// Whether a node can pull this image, named as in a pod: `[HOST/]REPOSITORY[:TAG][@DIGEST]`.
    #[must_use]
    pub fn has(&self, image: &str) -> bool {
        let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (rest, "latest"),
        };
        let path = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => name,
        };
        let repositories = self.lock();
        let Some(repository) = repositories.get(path) else { return false };
        match digest {
            Some(digest) => repository.tags.values().any(|image| image.digest == digest),
            None => repository.tags.contains_key(tag),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Repository>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Image {
    /// Makes up a config and a manifest whose digests are true. Releases are OCI images, branches Docker ones.
    fn build(repository: &str, tag: &str, created_at: Timestamp, size: u64) -> Self {
        let release = tag.starts_with(|c: char| c.is_ascii_digit());
        let (media_type, config_type) = if release { OCI } else { DOCKER };
        let layers: Vec<(String, u64)> = [(62, "base"), (31, "libraries"), (7, "application")]
            .iter()
            .map(|(percent, what)| (digest(&format!("{repository} {what} {tag} {created_at}")), size * percent / 100))
            .collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": created_at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
            "config": {
                "User": "10001:10001",
                "ExposedPorts": {"8080/tcp": {}},
                "Entrypoint": ["/usr/bin/oil-refinery-application"],
                "Labels": {"org.opencontainers.image.version": tag},
            },
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|(digest, _)| digest).collect::<Vec<_>>()},
        })
        .to_string();
        let config_digest = digest(&config);
        let layer_type = if release {
            "application/vnd.oci.image.layer.v1.tar+gzip"
        } else {
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        };
        let layers: Vec<_> = layers
            .into_iter()
            .map(|(digest, size)| json!({"mediaType": layer_type, "size": size, "digest": digest}))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"mediaType": config_type, "size": config.len(), "digest": config_digest},
            "layers": layers,
        })
        .to_string();
        let digest = digest(&manifest);
        Self { manifest, digest, media_type, config, config_digest, created_at, size }
    }
}

/// The SHA-256 digest of a text, as registries write it.
fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
