//! One GitLab instance: which project and registry repository an image has there, and questions to it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use gitlab::api::{AsyncQuery, Pagination, paged, projects::registry::Repositories};
use serde::Deserialize;
use url::Url;

use super::{
    GitLabSettings,
    published::Memory,
    transport::{Fault, Transport},
};
use crate::{
    adapters::registry::{
        Credential, SetupError,
        http::{Http, Redirects, base_url},
        listing::Times,
    },
    domain::name::ImageName,
    ports::RegistryError,
};

/// The most registry repositories of one project that are looked through.
const MAX_REPOSITORIES: usize = 1_000;

/// A GitLab instance.
pub(super) struct Instance {
    /// What is remembered of its GraphQL API.
    pub(super) memory: Memory,
    http: Http,
    base: Url,
    project: Option<String>,
    token: Option<Credential>,
    places: Mutex<HashMap<ImageName, Place>>,
}

/// Where an image's tags are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) repository: u64,
}

/// A registry repository as the list gives it.
#[derive(Debug, Deserialize)]
pub(super) struct ListedRepository {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) location: String,
}

/// Something to ask of one repository.
#[async_trait]
pub(super) trait Question: Send + Sync {
    type Answer: Send;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault>;
}

/// When a place was found.
#[derive(PartialEq, Eq)]
enum Found {
    Before,
    Now,
}

impl Instance {
    pub(super) fn new(settings: GitLabSettings) -> Result<Self, SetupError> {
        let base = base_url(&settings.url)?;
        // A redirect to another host would take the token there: its header isn't one that clients drop.
        let http = Http::new(&base, settings.ca_file.as_ref(), Redirects::SameOrigin, settings.deadline)?;
        let project = settings.project.map(|project| project.trim_matches('/').to_owned());
        let (memory, places) = (Memory::default(), Mutex::default());
        Ok(Self { memory, http, base, project, token: settings.token, places })
    }

    /// The address, for people.
    pub(super) fn server(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Asks one thing of the image's repository, `None` when that isn't there; when a place found earlier is gone, it is
    /// looked for once more.
    pub(super) async fn ask<Q: Question>(
        &self,
        image: &ImageName,
        question: Q,
        times: Times,
    ) -> Result<Option<Q::Answer>, RegistryError> {
        let transport = self.transport(times).await?;
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

    /// A client for one question.
    async fn transport(&self, times: Times) -> Result<Transport<'_>, RegistryError> {
        let token = match &self.token {
            Some(credential) => Some(credential.read().await?),
            None => None,
        };
        Ok(Transport { http: &self.http, base: &self.base, token, times })
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

    fn known_places(&self) -> MutexGuard<'_, HashMap<ImageName, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The endpoint; its builder fails only when a part is missing, which the code that calls it rules out.
pub(super) fn build<T, E: std::fmt::Display>(built: Result<T, E>) -> Option<T> {
    built.inspect_err(|error| tracing::error!(%error, "an endpoint is incomplete")).ok()
}

/// The repository of the image: by its whole location, or by its path where the registry has another name.
pub(super) fn matching<'a>(repositories: &'a [ListedRepository], image: &ImageName) -> Option<&'a ListedRepository> {
    let by_location = repositories.iter().find(|repository| repository.location == image.as_str());
    by_location.or_else(|| repositories.iter().find(|repository| repository.path == image.repository()))
}
