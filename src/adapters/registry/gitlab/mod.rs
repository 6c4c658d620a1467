//! GitLab's container registry through its REST API, for tokens with `read_api`, and its GraphQL API where that tells more.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::timeout;
use url::Url;

use self::{
    instance::Instance,
    tags::{AllTags, Known, OneTag},
};
use super::{
    Credential, SetupError,
    cache::Cache,
    listing::{DEAR_DETAILS, LISTS, Listing, Times, Told, each_in_time, late},
};
use crate::{
    domain::name::{ImageName, Tag},
    ports::{Registry, RegistryError, TagDetails, TagList},
};

mod instance;
mod pages;
mod published;
mod tags;
mod transport;

#[cfg(test)]
mod tests;

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
    instance: Arc<Instance>,
    deadline: Duration,
    lists: Cache<ImageName, Arc<Listing<Known>>>,
    details: Cache<(ImageName, Tag), Told>,
}

impl GitLabRegistry {
    /// A registry with these settings. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`SetupError`] when the address or the certificates can't be used.
    pub fn new(settings: GitLabSettings) -> Result<Self, SetupError> {
        Ok(Self {
            deadline: settings.deadline,
            instance: Arc::new(Instance::new(settings)?),
            lists: Cache::new(LISTS),
            details: Cache::new(DEAR_DETAILS),
        })
    }

    /// One tag's details as of a while ago, or else as they are now.
    async fn recent(&self, image: &ImageName, tag: &Tag, times: Times) -> Result<Told, RegistryError> {
        let key = (image.clone(), tag.clone());
        let read = |_| {
            let (instance, (image, tag)) = (Arc::clone(&self.instance), key.clone());
            async move { Ok(Told::whole(instance.ask(&image, OneTag(&tag), times).await?)) }
        };
        self.details.get(&key, read).await
    }
}

#[async_trait]
impl Registry for GitLabRegistry {
    fn server(&self) -> String {
        self.instance.server()
    }

    async fn tags(&self, image: &ImageName) -> Result<Vec<Tag>, RegistryError> {
        let tags = self.instance.ask(image, AllTags, Times::of(self.deadline)).await?;
        tags.ok_or_else(|| RegistryError::UnknownImage(image.clone()))
    }

    async fn tag(&self, image: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError> {
        let details = self.instance.ask(image, OneTag(tag), Times::of(self.deadline)).await?;
        self.details.put((image.clone(), tag.clone()), Told::whole(details.clone()));
        Ok(details)
    }

    async fn list(&self, image: &ImageName) -> Result<TagList, RegistryError> {
        let read = |last: Option<Arc<Listing<Known>>>| {
            let (instance, details) = (Arc::clone(&self.instance), self.details.clone());
            let (image, times) = (image.clone(), Times::of_list(self.deadline));
            async move {
                let keep = |tag: Tag, told| details.put((image.clone(), tag), Told::whole(Some(told)));
                let question = tags::List { memory: &instance.memory, last: last.as_deref(), keep: &keep };
                let listing = instance.ask(&image, question, times).await?;
                listing.map(Arc::new).ok_or_else(|| RegistryError::UnknownImage(image.clone()))
            }
        };
        let listing = timeout(self.deadline, self.lists.get(image, read)).await;
        let listing = listing.unwrap_or_else(|_| Err(late(self.deadline)))?;
        Ok(TagList { tags: listing.tags.clone(), is_cut: listing.is_cut })
    }

    async fn details(&self, image: &ImageName, tags: &[Tag]) -> Vec<Result<Option<TagDetails>, RegistryError>> {
        let times = Times::of_details(self.deadline);
        let mut questions = Vec::with_capacity(tags.len());
        for tag in tags {
            questions.push(self.recent(image, tag, times));
        }
        each_in_time(questions, self.deadline).await
    }
}
