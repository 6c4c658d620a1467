//! Registries of the OCI distribution specification (version 2 of Docker's registry API).

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::timeout;
use url::Url;

use self::{client::Client, details::Contents, tags::Pages};
use super::{
    Credential, SetupError,
    cache::Cache,
    listing::{CHEAP_DETAILS, LISTS, Listing, Times, Told, each_in_time, late},
};
use crate::{
    domain::name::{ImageName, Tag},
    ports::{Registry, RegistryError, TagDetails, TagList},
};

mod auth;
mod challenge;
mod client;
mod details;
mod link;
mod manifest;
mod tags;

#[cfg(test)]
mod tests;

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
    client: Arc<Client>,
    deadline: Duration,
    lists: Cache<ImageName, Arc<Listing<Pages>>>,
    details: Cache<(ImageName, Tag), Told>,
    contents: Arc<Contents>,
}

impl OciRegistry {
    /// A registry with these settings. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`SetupError`] when the address or the certificates can't be used.
    pub fn new(settings: OciSettings) -> Result<Self, SetupError> {
        Ok(Self {
            deadline: settings.deadline,
            client: Arc::new(Client::new(settings)?),
            lists: Cache::new(LISTS),
            details: Cache::new(CHEAP_DETAILS),
            contents: Arc::new(details::contents()),
        })
    }

    /// One tag's details as of a while ago, or else as they are now.
    async fn recent(&self, image: &ImageName, tag: &Tag, times: Times) -> Result<Told, RegistryError> {
        let key = (image.clone(), tag.clone());
        let read = |last: Option<Told>| {
            let (client, contents) = (Arc::clone(&self.client), Arc::clone(&self.contents));
            let (image, tag) = key.clone();
            async move {
                let question = client.question(&image, times);
                if last.is_some()
                    && let Some(details) = details::same_content(&client, &question, &tag, &contents).await?
                {
                    return Ok(Told::whole(Some(details)));
                }
                details::read(&client, &question, &tag, &contents).await
            }
        };
        self.details.get(&key, read).await
    }
}

#[async_trait]
impl Registry for OciRegistry {
    fn server(&self) -> String {
        self.client.server()
    }

    async fn tags(&self, image: &ImageName) -> Result<Vec<Tag>, RegistryError> {
        let question = self.client.question(image, Times::of(self.deadline));
        let listing = tags::read(&self.client, &question, None).await?;
        Ok(listing.tags.into_iter().map(|listed| listed.tag).collect())
    }

    async fn tag(&self, image: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError> {
        let question = self.client.question(image, Times::of(self.deadline));
        let told = details::read(&self.client, &question, tag, &self.contents).await?;
        self.details.put((image.clone(), tag.clone()), told.clone());
        Ok(told.details)
    }

    async fn list(&self, image: &ImageName) -> Result<TagList, RegistryError> {
        let read = |last: Option<Arc<Listing<Pages>>>| {
            let (client, image, times) = (Arc::clone(&self.client), image.clone(), Times::of_list(self.deadline));
            async move { tags::read(&client, &client.question(&image, times), last.as_deref()).await.map(Arc::new) }
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
