//! What a tag stands for: its digest, and the size and the time of what has that digest.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout_at;

use super::{
    client::{Ask, Client, Question, error_code, expect_success, no_registry, odd_shape},
    manifest::{Manifest, created_at, is_digest},
};
use crate::{
    adapters::registry::{
        cache::{Cache, Kept, Limits},
        listing::Told,
    },
    domain::name::Tag,
    ports::{RegistryError, TagDetails},
};

/// Both families of manifests: without them some registries answer 404 for the family that wasn't named.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
/// An index may list indexes; so many levels are followed.
const MAX_DEPTH: usize = 3;

/// What is known by digest, and so never changes.
pub(super) type Contents = Cache<String, Content>;

/// The size and the time of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    created_at: Option<Timestamp>,
    size: Option<u64>,
}

impl Kept for Content {
    fn weight(&self) -> usize {
        1
    }
}

pub(super) fn contents() -> Contents {
    // Only their number is bounded.
    Cache::new(Limits { fresh: Duration::MAX, usable: Duration::MAX, patience: Duration::ZERO, capacity: 20_000 })
}

impl Content {
    fn with(self, digest: String) -> TagDetails {
        TagDetails { digest: Some(digest), created_at: self.created_at, size: self.size }
    }
}

/// The tag's details when it stands for a content that is known already, asked with as little as there is.
pub(super) async fn same_content(
    client: &Client,
    question: &Question<'_>,
    tag: &Tag,
    contents: &Contents,
) -> Result<Option<TagDetails>, RegistryError> {
    let url = client.url(question, &format!("manifests/{tag}"))?;
    let answer = client.ask(question, &Ask::head(url, MANIFESTS)).await?;
    // Without a body nothing else can be told apart: what isn't known has to be asked for in full.
    let told = answer.status.is_success().then(|| told_digest(&answer.headers)).flatten();
    Ok(told.and_then(|digest| Some(contents.last(&digest)?.with(digest))))
}

/// The tag's details; `None` where there is no such tag.
pub(super) async fn read(
    client: &Client,
    question: &Question<'_>,
    tag: &Tag,
    contents: &Contents,
) -> Result<Told, RegistryError> {
    let Some(found) = manifest(client, question, tag.as_str()).await? else { return Ok(Told::whole(None)) };
    let (digest, is_true) = (found.digest, found.is_true);
    if is_true && let Some(content) = contents.last(&digest) {
        return Ok(Told::whole(Some(content.with(digest))));
    }
    let mut content = Content { created_at: None, size: None };
    // The tag is there: what is slow or missing beyond that takes nothing from it.
    let completing = complete(client, question, found.manifest, &mut content);
    let is_partial = match timeout_at(question.times.until, completing).await {
        Ok(Ok(())) => false,
        Ok(Err(error)) => {
            tracing::debug!(image = %question.image, %tag, %error, "not all details can be had");
            true
        }
        Err(_) => {
            tracing::debug!(image = %question.image, %tag, "the details came too late");
            true
        }
    };
    if is_true && !is_partial {
        contents.put(digest.clone(), content.clone());
    }
    Ok(Told { details: Some(content.with(digest)), is_partial })
}

/// A manifest with its digest.
struct Found {
    manifest: Manifest,
    digest: String,
    /// Whether the content really has this digest.
    is_true: bool,
}

/// The manifest of a tag or digest, or `None` where there is none.
async fn manifest(client: &Client, question: &Question<'_>, reference: &str) -> Result<Option<Found>, RegistryError> {
    let url = client.url(question, &format!("manifests/{reference}"))?;
    let answer = client.ask(question, &Ask::get(url, MANIFESTS)).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return match error_code(&answer.body).as_deref() {
            Some("NAME_UNKNOWN") => Err(RegistryError::UnknownImage(question.image.clone())),
            Some(_) => Ok(None),
            None => Err(no_registry()),
        };
    }
    let answer = expect_success(answer)?;
    let manifest = serde_json::from_slice(&answer.body).map_err(|_| odd_shape("manifest"))?;
    let computed =
        Sha256::digest(&answer.body).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    // Not all registries tell it, and it may be of another kind.
    let digest = told_digest(&answer.headers).unwrap_or_else(|| computed.clone());
    let is_true = digest == computed;
    Ok(Some(Found { manifest, digest, is_true }))
}

fn told_digest(headers: &HeaderMap) -> Option<String> {
    let told = headers.get("docker-content-digest")?.to_str().ok()?;
    is_digest(told).then(|| told.to_owned())
}

/// Adds what needs more requests, as far as it can be had.
async fn complete(
    client: &Client,
    question: &Question<'_>,
    mut manifest: Manifest,
    content: &mut Content,
) -> Result<(), RegistryError> {
    for _ in 0..MAX_DEPTH {
        // Whoever made the image may have said when, and not in every part.
        content.created_at = manifest.annotated_time().or(content.created_at);
        let Some(digest) = manifest.preferred() else { break };
        let Some(found) = self::manifest(client, question, digest).await? else {
            tracing::debug!(image = %question.image, digest, "the index names a manifest that is not there");
            return Ok(());
        };
        manifest = found.manifest;
    }
    content.size = manifest.size();
    content.created_at = manifest.first_version_time().or(manifest.annotated_time()).or(content.created_at);
    let Some(config) = manifest.config_digest() else { return Ok(()) };
    let url = client.url(question, &format!("blobs/{config}"))?;
    let blob = expect_success(client.ask(question, &Ask::get(url, "*/*")).await?)?;
    content.created_at = created_at(&blob.body).or(content.created_at);
    Ok(())
}
