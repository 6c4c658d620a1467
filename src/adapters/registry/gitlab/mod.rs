//! GitLab's container registry through its REST API, for tokens with `read_api`.

use std::{collections::HashMap, path::PathBuf, sync::Mutex, time::Duration};

use async_trait::async_trait;
use gitlab::api::{
    AsyncQuery, Pagination, paged,
    projects::registry::{Repositories, RepositoryTagDetails, RepositoryTags},
};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use self::transport::{Fault, Transport};
use super::{
    Credential, MAX_TAGS, SetupError,
    http::{Http, Redirects, base_url},
};
use crate::{
    domain::name::{ImageName, Tag},
    ports::{Registry, RegistryError, TagDetails},
};

mod transport;

#[cfg(test)]
mod tests;

/// The most registry repositories of one project that are looked through.
const MAX_REPOSITORIES: usize = 1_000;

/// How GitLab is reached.
#[derive(Debug, Clone)]
pub struct GitLabSettings {
    /// The instance's address, `https://gitlab.example.org`.
    pub url: Url,
    /// The project's full path; without one it is derived from the image's path.
    pub project: Option<String>,
    /// A personal, group or project access token with `read_api`. Deploy tokens don't work on the REST API.
    pub token: Option<Credential>,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The time that one question may take, with all its requests.
    pub deadline: Duration,
}

/// The registry of a GitLab instance.
pub struct GitLabRegistry {
    http: Http,
    base: Url,
    project: Option<String>,
    token: Option<Credential>,
    deadline: Duration,
    places: Mutex<HashMap<ImageName, Place>>,
}

/// Where an image's tags are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    project: String,
    repository: u64,
}

/// A registry repository as the list gives it.
#[derive(Debug, Deserialize)]
struct ListedRepository {
    id: u64,
    #[serde(default)]
    path: String,
    #[serde(default)]
    location: String,
}

/// A tag as the list gives it.
#[derive(Debug, Deserialize)]
struct ListedTag {
    name: String,
}

/// A tag as asked for alone. For a multi-platform index GitLab gives neither the time nor the size.
#[derive(Debug, Deserialize)]
struct DetailedTag {
    digest: Option<String>,
    created_at: Option<String>,
    total_size: Option<u64>,
}

impl GitLabRegistry {
    /// A registry with these settings. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`SetupError`] when the address or the certificates can't be used.
    pub fn new(settings: GitLabSettings) -> Result<Self, SetupError> {
        let base = base_url(&settings.url)?;
        // A redirect to another host would take the token there: its header isn't one that clients drop.
        let http = Http::new(&base, settings.ca_file.as_ref(), Redirects::SameOrigin)?;
        let project = settings.project.map(|project| project.trim_matches('/').to_owned());
        Ok(Self { http, base, project, token: settings.token, deadline: settings.deadline, places: Mutex::default() })
    }

    /// A client for one question.
    async fn transport(&self) -> Result<Transport<'_>, RegistryError> {
        let token = match &self.token {
            Some(credential) => Some(credential.read().await?),
            None => None,
        };
        Ok(Transport { http: &self.http, base: &self.base, token, deadline: Instant::now() + self.deadline })
    }

    /// Where the image's tags are, as found before or now.
    async fn place(&self, transport: &Transport<'_>, image: &ImageName) -> Result<(Place, Found), RegistryError> {
        let known = self.known_places().get(image).cloned();
        if let Some(place) = known {
            return Ok((place, Found::Before));
        }
        let place = self.find(transport, image).await?;
        self.known_places().insert(image.clone(), place.clone());
        Ok((place, Found::Now))
    }

    async fn find(&self, transport: &Transport<'_>, image: &ImageName) -> Result<Place, RegistryError> {
        for project in self.projects(image) {
            let Some(endpoint) = build(Repositories::builder().project(project).build()) else { continue };
            let repositories: Result<Vec<ListedRepository>, _> =
                paged(endpoint, Pagination::Limit(MAX_REPOSITORIES)).query_async(transport).await;
            match repositories.map_err(Fault::from) {
                Ok(repositories) => {
                    let found =
                        matching(&repositories, image).ok_or_else(|| RegistryError::UnknownImage(image.clone()))?;
                    return Ok(Place { project: project.to_owned(), repository: found.id });
                }
                // A shorter part of the path may be the project.
                Err(Fault::NotFound) => tracing::debug!(project, "no such project, or not visible to the token"),
                Err(fault) => return Err(fault.into_error()),
            }
        }
        tracing::warn!(%image, "no project of the image's path is there, or none is visible to the token");
        Err(RegistryError::UnknownImage(image.clone()))
    }

    /// The configured project, or the parts of the image's path that may be one, longest first.
    fn projects<'a>(&'a self, image: &'a ImageName) -> Vec<&'a str> {
        if let Some(project) = &self.project {
            return vec![project];
        }
        let path = image.repository();
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let mut projects: Vec<&str> = ends.map(|end| &path[..end]).filter(|project| project.contains('/')).collect();
        projects.reverse();
        projects
    }

    fn known_places(&self) -> std::sync::MutexGuard<'_, HashMap<ImageName, Place>> {
        self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Asks one thing of the image's repository; when a place found earlier is gone, it is looked for once more.
    async fn ask<Q: Question>(&self, image: &ImageName, question: Q) -> Result<Option<Q::Answer>, RegistryError> {
        let transport = self.transport().await?;
        let (place, found) = self.place(&transport, image).await?;
        match question.put(&transport, &place).await {
            Ok(answer) => return Ok(Some(answer)),
            Err(Fault::NotFound) if found == Found::Before => {}
            Err(Fault::NotFound) => return Ok(None),
            Err(fault) => return Err(fault.into_error()),
        }
        // Either the tag isn't there, or the project was moved or the repository made anew.
        self.known_places().remove(image);
        let (newer, _) = self.place(&transport, image).await?;
        if newer == place {
            return Ok(None);
        }
        match question.put(&transport, &newer).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Fault::NotFound) => Ok(None),
            Err(fault) => Err(fault.into_error()),
        }
    }
}

/// When a place was found.
#[derive(PartialEq, Eq)]
enum Found {
    Before,
    Now,
}

/// Something to ask of one repository.
#[async_trait]
trait Question: Send + Sync {
    type Answer: Send;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault>;
}

struct AllTags;

#[async_trait]
impl Question for AllTags {
    type Answer = Vec<ListedTag>;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault> {
        let endpoint = RepositoryTags::builder().project(&place.project).repository_id(place.repository).build();
        let endpoint = build(endpoint).ok_or(Fault::NotFound)?;
        // Pages by number: keyset paging is answered with 405 where the registry has no metadata database.
        Ok(paged(endpoint, Pagination::Limit(MAX_TAGS)).query_async(transport).await?)
    }
}

struct OneTag<'a>(&'a Tag);

#[async_trait]
impl Question for OneTag<'_> {
    type Answer = DetailedTag;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault> {
        let mut endpoint = RepositoryTagDetails::builder();
        let endpoint = endpoint.project(&place.project).repository_id(place.repository).tag_name(self.0.as_str());
        Ok(build(endpoint.build()).ok_or(Fault::NotFound)?.query_async(transport).await?)
    }
}

#[async_trait]
impl Registry for GitLabRegistry {
    async fn tags(&self, image: &ImageName) -> Result<Vec<Tag>, RegistryError> {
        let listed = self.ask(image, AllTags).await?.ok_or_else(|| RegistryError::UnknownImage(image.clone()))?;
        if listed.len() >= MAX_TAGS {
            tracing::warn!(%image, limit = MAX_TAGS, "the image has more tags than are read");
        }
        Ok(listed.into_iter().filter_map(|tag| Tag::new(tag.name).ok()).collect())
    }

    async fn tag(&self, image: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError> {
        let detailed = self.ask(image, OneTag(tag)).await?;
        Ok(detailed.map(|tag| TagDetails {
            digest: tag.digest.filter(|digest| !digest.is_empty()),
            created_at: tag.created_at.and_then(|time| time.parse::<Timestamp>().ok()),
            size: tag.total_size,
        }))
    }
}

/// The endpoint; its builder fails only when a part is missing, which the code above rules out.
fn build<T, E: std::fmt::Display>(built: Result<T, E>) -> Option<T> {
    built.inspect_err(|error| tracing::error!(%error, "an endpoint is incomplete")).ok()
}

/// The repository of the image: by its whole location, or by its path where the registry has another name.
fn matching<'a>(repositories: &'a [ListedRepository], image: &ImageName) -> Option<&'a ListedRepository> {
    let by_location = repositories.iter().find(|repository| repository.location == image.as_str());
    by_location.or_else(|| repositories.iter().find(|repository| repository.path == image.repository()))
}
