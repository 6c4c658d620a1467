//! Registries of the OCI distribution specification (version 2 of Docker's registry API).

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::{
    auth::{Authorisation, Authoriser},
    manifest::{Manifest, created_at, is_digest},
};
use super::{
    Credential, MAX_TAGS, SetupError,
    http::{Answer, Http, HttpError, Redirects, base_url, excerpt},
};
use crate::{
    domain::name::{ImageName, Tag},
    ports::{Registry, RegistryError, TagDetails},
};

mod auth;
mod challenge;
mod link;
mod manifest;

#[cfg(test)]
mod tests;

/// The tags asked for in one page; registries may give fewer.
const PAGE_SIZE: usize = 500;
/// The most pages that are read.
const MAX_PAGES: usize = 200;
/// The most bytes of one answer. The specification lets registries limit manifests to 4 MiB.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// Both families of manifests: without them some registries answer 404 for the family that wasn't named.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";

/// How a registry is reached.
#[derive(Debug, Clone)]
pub struct OciSettings {
    /// The registry's base address, `https://registry.example.org`; `/v2/` is below it.
    pub url: Url,
    /// The user for basic authentication, at the registry or at its token server.
    pub username: Option<String>,
    /// The password or token of that user.
    pub password: Option<Credential>,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The time that one question may take, with all its requests.
    pub deadline: Duration,
}

/// A registry of the OCI distribution specification.
pub struct OciRegistry {
    http: Http,
    base: Url,
    authoriser: Authoriser,
    deadline: Duration,
}

/// One question: an image's repository and the time until when an answer counts.
struct Question<'a> {
    image: &'a ImageName,
    repository: String,
    deadline: Instant,
}

impl OciRegistry {
    /// A registry with these settings. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`SetupError`] when the address or the certificates can't be used.
    pub fn new(settings: OciSettings) -> Result<Self, SetupError> {
        let base = base_url(&settings.url)?;
        // Blobs are often served by another host.
        let http = Http::new(&base, settings.ca_file.as_ref(), Redirects::Anywhere)?;
        let authoriser = Authoriser::new(settings.username, settings.password);
        Ok(Self { http, base, authoriser, deadline: settings.deadline })
    }

    fn question<'a>(&self, image: &'a ImageName) -> Question<'a> {
        let repository = match image.repository() {
            // Docker Hub's own images stand below a name that people leave out.
            path if !path.contains('/') && self.base.host_str().is_some_and(|host| host.ends_with("docker.io")) => {
                format!("library/{path}")
            }
            path => path.to_owned(),
        };
        Question { image, repository, deadline: Instant::now() + self.deadline }
    }

    fn url(&self, question: &Question<'_>, rest: &str) -> Result<Url, RegistryError> {
        self.base
            .join(&format!("v2/{}/{rest}", question.repository))
            .map_err(|error| RegistryError::Unavailable(format!("the address cannot be made: {error}")))
    }

    /// Asks for a page; gets a permission first when the registry wants one.
    async fn get(&self, question: &Question<'_>, url: Url, accept: &'static str) -> Result<Answer, RegistryError> {
        let known = self.authoriser.known(&question.repository).await?;
        let answer = self.send(question, &url, accept, known.as_ref()).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let scope = auth::Scope { repository: &question.repository, deadline: question.deadline };
        let authorisation = self.authoriser.obtain(&self.http, &self.base, &answer.headers, &scope).await?;
        let answer = self.send(question, &url, accept, Some(&authorisation)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.authoriser.forget(&question.repository);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        question: &Question<'_>,
        url: &Url,
        accept: &'static str,
        authorisation: Option<&Authorisation>,
    ) -> Result<Answer, RegistryError> {
        let mut request = reqwest::Request::new(Method::GET, url.clone());
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
        if let Some(authorisation) = authorisation {
            request.headers_mut().insert(header::AUTHORIZATION, authorisation.header()?);
        }
        self.http.send(request, MAX_BODY, question.deadline).await.map_err(unavailable)
    }

    /// The manifest of a tag or digest with its headers, or `None` where there is none.
    async fn manifest(
        &self,
        question: &Question<'_>,
        reference: &str,
    ) -> Result<Option<(Manifest, HeaderMap)>, RegistryError> {
        let answer = self.get(question, self.url(question, &format!("manifests/{reference}"))?, MANIFESTS).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return match error_code(&answer.body).as_deref() {
                Some("NAME_UNKNOWN") => Err(RegistryError::UnknownImage(question.image.clone())),
                Some(_) => Ok(None),
                None => Err(RegistryError::Unavailable("404 from something that is no registry".into())),
            };
        }
        let answer = expect_success(answer)?;
        let manifest = serde_json::from_slice(&answer.body).map_err(|_| odd_shape("manifest"))?;
        Ok(Some((manifest, answer.headers)))
    }

    /// Adds what needs more requests; what can't be had is left out.
    async fn complete(&self, question: &Question<'_>, manifest: Manifest, details: &mut TagDetails) {
        let manifest = match manifest.preferred() {
            None => manifest,
            Some(digest) => match self.manifest(question, digest).await {
                Ok(Some((manifest, _))) => manifest,
                Ok(None) => return tracing::debug!(image = %question.image, digest, "the index names no manifest"),
                Err(error) => return tracing::debug!(image = %question.image, digest, %error, "no manifest"),
            },
        };
        details.size = manifest.size();
        let Some(config) = manifest.config_digest() else { return };
        match self.blob(question, config).await {
            Ok(blob) => details.created_at = created_at(&blob),
            Err(error) => tracing::debug!(image = %question.image, %error, "no image configuration"),
        }
    }

    async fn blob(&self, question: &Question<'_>, digest: &str) -> Result<Bytes, RegistryError> {
        let url = self.url(question, &format!("blobs/{digest}"))?;
        Ok(expect_success(self.get(question, url, "*/*").await?)?.body)
    }
}

#[async_trait]
impl Registry for OciRegistry {
    async fn tags(&self, image: &ImageName) -> Result<Vec<Tag>, RegistryError> {
        let question = self.question(image);
        let mut tags: Vec<Tag> = Vec::new();
        let mut next = Some(self.url(&question, &format!("tags/list?n={PAGE_SIZE}"))?);
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(tags) };
            let answer = self.get(&question, url.clone(), "application/json").await?;
            if answer.status == StatusCode::NOT_FOUND {
                return match error_code(&answer.body) {
                    Some(_) => Err(RegistryError::UnknownImage(image.clone())),
                    None => Err(RegistryError::Unavailable("404 from something that is no registry".into())),
                };
            }
            let answer = expect_success(answer)?;
            let list: manifest::TagList =
                serde_json::from_slice(&answer.body).map_err(|_| odd_shape("list of tags"))?;
            tags.extend(list.tags.unwrap_or_default().into_iter().filter_map(|tag| Tag::new(tag).ok()));
            next = link::next_page(&answer.headers, &url)?;
            if tags.len() >= MAX_TAGS {
                break;
            }
        }
        if next.is_some() {
            tracing::warn!(%image, read = tags.len(), "the image has more tags than are read");
        }
        Ok(tags)
    }

    async fn tag(&self, image: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError> {
        let question = self.question(image);
        let Some((manifest, headers)) = self.manifest(&question, tag.as_str()).await? else { return Ok(None) };
        let digest = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
        let mut details = TagDetails {
            digest: digest.filter(|digest| is_digest(digest)).map(str::to_owned),
            ..TagDetails::default()
        };
        // The tag is there: what is slow or missing beyond that takes nothing from it.
        if timeout_at(question.deadline, self.complete(&question, manifest, &mut details)).await.is_err() {
            tracing::debug!(%image, %tag, "the details came too late");
        }
        Ok(Some(details))
    }
}

fn expect_success(answer: Answer) -> Result<Answer, RegistryError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let text = match error_text(&answer.body) {
        Some(text) => format!("the registry answers {}: {text}", answer.status.as_u16()),
        None => format!("the registry answers {}", answer.status),
    };
    Err(match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Forbidden(text),
        _ => RegistryError::Unavailable(text),
    })
}

fn error_code(body: &[u8]) -> Option<String> {
    let errors: manifest::Errors = serde_json::from_slice(body).ok()?;
    Some(errors.errors.into_iter().next()?.code)
}

fn error_text(body: &[u8]) -> Option<String> {
    let errors: manifest::Errors = serde_json::from_slice(body).ok()?;
    let first = errors.errors.into_iter().next()?;
    Some(excerpt(format!("{} {}", first.code, first.message).trim()))
}

fn unavailable(error: HttpError) -> RegistryError {
    RegistryError::Unavailable(error.to_string())
}

fn odd_shape(what: &str) -> RegistryError {
    RegistryError::Unavailable(format!("the registry's answer is no {what}"))
}
