//! Pods, their logs and events, straight from the Kubernetes API.

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::Pod,
};
use kube::{
    Api, Client,
    api::ListParams,
    core::{NamespaceResourceScope, Resource, Selector},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use self::error::{is_passing, unanswered};
use crate::{
    domain::{
        catalogue::Workload,
        event::Event,
        log::{LogQuestion, LogRead},
        pod::{self, PodName},
        unanswered::Unanswered,
    },
    ports::Pods,
};

mod error;
mod events;
mod fleet;
mod log;
mod nodes;
mod read;

/// How many objects one request asks for: a page of pods is a few megabytes.
const PAGE: u32 = 500;
/// No list is read further than this.
const MAX_PAGES: usize = 40;
/// Before a question that failed for a passing reason is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// The pods of one Kubernetes cluster.
pub struct Kubernetes {
    client: Client,
    deadline: Duration,
}

impl Kubernetes {
    /// Asks by this client; each question may take so long, with all its requests.
    #[must_use]
    pub fn new(client: Client, deadline: Duration) -> Self {
        Self { client, deadline }
    }

    /// Waits for an answer no longer than the deadline: the client itself would wait for ever.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Unanswered>> + Send) -> Result<T, Unanswered> {
        timeout(self.deadline, work).await.unwrap_or(Err(Unanswered::Late { after: self.deadline }))
    }

    fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// One object, or `None` where there is none.
    async fn get<K>(&self, namespace: &str, name: &str) -> Result<Option<K>, Unanswered>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        let api: Api<K> = self.api(namespace);
        again(|| api.get_opt(name)).await
    }

    /// All objects that the parameters select, page by page; each is made into what is needed of it, so that no more
    /// than a page is held as a whole.
    async fn list<K, T>(
        &self,
        namespace: &str,
        parameters: ListParams,
        take: impl Fn(K) -> Option<T>,
    ) -> Result<Vec<T>, Unanswered>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        let api: Api<K> = self.api(namespace);
        let mut parameters = parameters.limit(PAGE);
        let mut taken = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = again(|| api.list(&parameters)).await?;
            taken.extend(page.items.into_iter().filter_map(&take));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(taken),
            }
        }
        Err(too_many(namespace))
    }

    async fn list_names(&self, namespace: &str) -> Result<Vec<PodName>, Unanswered> {
        let api: Api<Pod> = self.api(namespace);
        let mut parameters = ListParams::default().limit(PAGE);
        let mut names = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = again(|| api.list_metadata(&parameters)).await?;
            names.extend(
                page.items
                    .into_iter()
                    .filter_map(|pod| pod.metadata.name)
                    .map(|name| PodName { namespace: namespace.to_owned(), name }),
            );
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(names),
            }
        }
        Err(too_many(namespace))
    }

    async fn find_fleet(&self, workload: &Workload) -> Result<Option<pod::Fleet>, Unanswered> {
        let namespace = &workload.namespace;
        let Some(deployment) = self.get::<Deployment>(namespace, &workload.name).await? else { return Ok(None) };
        let mut found = fleet::of(&deployment);
        let Some(selector) = deployment.spec.as_ref().map(|spec| spec.selector.clone()) else { return Ok(Some(found)) };
        let selector = Selector::try_from(selector).map_err(|error| Unanswered::Unavailable {
            detail: format!("the selector of the Deployment {} is odd: {error}", workload.name),
        })?;
        // The selector only narrows the lists: ownership decides, because selectors may overlap.
        let parameters = ListParams::default().labels_from(&selector);
        let sets = self.list(namespace, parameters.clone(), |set: ReplicaSet| fleet::replica_set(&deployment, &set));
        // Pods are read meanwhile; those of others are dropped once the owners are known.
        let pods = self.list(namespace, parameters, |pod: Pod| Some(read::pod(pod)));
        let (sets, mut pods) = tokio::try_join!(sets, pods)?;
        pods.retain(|pod| sets.iter().any(|set| Some(&set.uid) == pod.owner_uid.as_ref()));
        found.replica_sets = sets;
        found.pods = pods;
        Ok(Some(found))
    }
}

fn too_many(namespace: &str) -> Unanswered {
    let most = MAX_PAGES * PAGE as usize;
    Unanswered::Unavailable { detail: format!("the namespace {namespace} has more than {most} of them") }
}

/// Asks; what failed for a reason that may pass is asked once more. Only for what may be done twice.
async fn again<T, F>(ask: impl Fn() -> F) -> Result<T, Unanswered>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    twice(ask).await.map_err(|error| unanswered(&error))
}

/// The same with the client's own error.
async fn twice<T, F>(ask: impl Fn() -> F) -> Result<T, kube::Error>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    match ask().await {
        Err(error) if is_passing(&error) => {
            tracing::debug!(error = %error::words(&error), "asking the Kubernetes API once more");
            tokio::time::sleep(PAUSE).await;
            ask().await
        }
        answer => answer,
    }
}

#[async_trait]
impl Pods for Kubernetes {
    async fn fleet(&self, workload: &Workload) -> Result<Option<pod::Fleet>, Unanswered> {
        self.in_time(self.find_fleet(workload)).await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<pod::Pod>, Unanswered> {
        let pod = self.in_time(self.get::<Pod>(namespace, name)).await?;
        Ok(pod.map(read::pod))
    }

    async fn pod_names(&self, namespace: &str) -> Result<Vec<PodName>, Unanswered> {
        self.in_time(self.list_names(namespace)).await
    }

    async fn events(&self, namespace: &str, about: Option<(&str, &str)>) -> Result<Vec<Event>, Unanswered> {
        self.in_time(self.list_events(namespace, about)).await
    }

    async fn log(&self, question: &LogQuestion) -> Result<LogRead, Unanswered> {
        self.in_time(self.read_log(question)).await
    }
}
