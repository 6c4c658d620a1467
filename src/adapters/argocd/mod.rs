//! Argo CD Applications and the Deployments behind them, through the Kubernetes API.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::Pod,
};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams},
    core::{GroupVersionKind, NamespaceResourceScope, Resource, Selector},
};
use serde_json::json;
use tokio::time::timeout;

use self::error::{Object, cluster_error};
use crate::{
    domain::{
        catalogue::{Environment, Manifests, ObjectName, RepositoryBranch, Workload},
        observation::{Observation, WorkloadState},
    },
    ports::{Cluster, ClusterError},
};

mod application;
mod connect;
mod error;
mod helm;
mod repository;
mod workload;

pub use connect::{Access, ConnectError, Origin, Settings};
pub use repository::same_repository;

#[cfg(test)]
mod tests;

/// The annotation that asks Argo CD to compare with git now; the controller removes it.
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// The most objects of one list: more pods than this are not looked through for trouble.
const LIST_LIMIT: u32 = 500;
/// The most pages of a list that has to be complete.
const MAX_PAGES: usize = 20;

/// Argo CD in one Kubernetes cluster.
pub struct ArgoCd {
    client: Client,
    repositories: HashMap<RepositoryBranch, Origin>,
    deadline: Duration,
}

impl ArgoCd {
    /// Prepares a client; nothing is asked of the server yet. The program must have installed a rustls provider.
    ///
    /// # Errors
    /// [`ConnectError`] when the configuration can't be read or used.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let client = connect::client(&settings.access).await?;
        Ok(Self { client, repositories: settings.repositories, deadline: settings.deadline })
    }

    /// The client, for others that ask the same API server.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Waits for an answer no longer than the deadline: the client itself would wait for ever.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, ClusterError>> + Send) -> Result<T, ClusterError> {
        timeout(self.deadline, work).await.unwrap_or_else(|_| {
            Err(ClusterError::Unavailable(format!("the Kubernetes API was silent for {:?}", self.deadline)))
        })
    }

    fn applications(&self, namespace: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
        let resource = ApiResource::from_gvk_with_plural(&kind, "applications");
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    async fn application(&self, environment: &Environment) -> Result<Observation, ClusterError> {
        let name = &environment.argocd;
        let object = self
            .applications(&name.namespace)
            .get(&name.name)
            .await
            .map_err(|error| cluster_error(error, &application_object(name)))?;
        let of_helm = match &environment.manifests {
            Manifests::Helm(values) => helm::overrides(&object.data, values),
            Manifests::Kustomize { .. } | Manifests::Plain(_) | Manifests::Override(_) | Manifests::Review(_) => {
                Vec::new()
            }
        };
        let origin = self.repositories.get(&environment.repository);
        let mut observation =
            application::observe(object.data, origin, environment.path.as_str()).map_err(|error| {
                ClusterError::Unavailable(format!("the Application {} has another shape: {error}", name.name))
            })?;
        observation.overrides.extend(of_helm);
        Ok(observation)
    }

    async fn workload(&self, workload: &Workload) -> Result<Option<WorkloadState>, ClusterError> {
        let object = Object { kind: "Deployment", namespace: &workload.namespace, name: &workload.name };
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &workload.namespace);
        let deployment = deployments.get_opt(&workload.name).await.map_err(|error| cluster_error(error, &object))?;
        let Some(deployment) = deployment else { return Ok(None) };
        let mut state = workload::state(&deployment);
        if !state.rolled_out() {
            let mut pods = Vec::new();
            if let Err(error) = self.look_closer(&deployment, &workload.namespace, &mut state.serving, &mut pods).await
            {
                // Without the right to read them, only what the Deployment says counts.
                let namespace = &workload.namespace;
                tracing::warn!(namespace, %error, "the pods cannot be read: their trouble stays unknown");
            }
            state.trouble = workload::trouble(&deployment, &pods);
        }
        Ok(Some(state))
    }

    /// Which templates have ready pods, and the pods of the newest one; what is read before a fault stays.
    async fn look_closer(
        &self,
        deployment: &Deployment,
        namespace: &str,
        serving: &mut Option<Vec<Vec<String>>>,
        pods: &mut Vec<Pod>,
    ) -> Result<(), ClusterError> {
        let Some(selector) = deployment.spec.as_ref().map(|spec| spec.selector.clone()) else { return Ok(()) };
        let selector = Selector::try_from(selector)
            .map_err(|error| ClusterError::Unavailable(format!("the Deployment's selector is odd: {error}")))?;
        // The selector only narrows the lists: ownership decides, because selectors may overlap.
        let parameters = ListParams::default().labels_from(&selector).limit(LIST_LIMIT);
        let replica_sets: Vec<ReplicaSet> = self.list(namespace, "ReplicaSet", &parameters).await?;
        *serving = Some(workload::serving(deployment, &replica_sets));
        *pods = self.newest_pods(deployment, namespace, &replica_sets, &parameters).await?;
        Ok(())
    }

    async fn newest_pods(
        &self,
        deployment: &Deployment,
        namespace: &str,
        replica_sets: &[ReplicaSet],
        parameters: &ListParams,
    ) -> Result<Vec<Pod>, ClusterError> {
        let owners = workload::newest_replica_sets(deployment, replica_sets);
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let mut pods: Vec<Pod> = self.list(namespace, "Pod", parameters).await?;
        pods.retain(|pod| workload::controller(&pod.metadata).is_some_and(|uid| owners.contains(&uid)));
        Ok(pods)
    }

    async fn list<K>(&self, namespace: &str, kind: &'static str, params: &ListParams) -> Result<Vec<K>, ClusterError>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let object = Object { kind, namespace, name: "" };
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        Ok(api.list(params).await.map_err(|error| cluster_error(error, &object))?.items)
    }

    async fn find_autoscaler(&self, workload: &Workload) -> Result<Option<String>, ClusterError> {
        let object = Object { kind: "HorizontalPodAutoscaler", namespace: &workload.namespace, name: "" };
        let api: Api<HorizontalPodAutoscaler> = Api::namespaced(self.client.clone(), &workload.namespace);
        let mut parameters = ListParams::default().limit(LIST_LIMIT);
        for _ in 0..MAX_PAGES {
            let page = api.list(&parameters).await.map_err(|error| cluster_error(error, &object))?;
            let found = page.items.into_iter().find(|autoscaler| workload::is_scaled_by(autoscaler, &workload.name));
            if let Some(autoscaler) = found {
                return Ok(Some(autoscaler.metadata.name.unwrap_or_default()));
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(None),
            }
        }
        Err(ClusterError::Unavailable(format!("too many autoscalers in the namespace {}", workload.namespace)))
    }
}

#[async_trait]
impl Cluster for ArgoCd {
    async fn observe(&self, environment: &Environment) -> Result<Observation, ClusterError> {
        self.in_time(async {
            // In this order: what the Application says is never newer than the workload.
            let mut observation = self.application(environment).await?;
            observation.workload = self.workload(&environment.workload).await?;
            Ok(observation)
        })
        .await
    }

    async fn refresh(&self, environment: &Environment) -> Result<(), ClusterError> {
        self.in_time(async {
            let name = &environment.argocd;
            let patch = json!({"metadata": {"annotations": HashMap::from([(REFRESH, "normal")])}});
            self.applications(&name.namespace)
                .patch_metadata(&name.name, &PatchParams::default(), &Patch::Merge(patch))
                .await
                .map(drop)
                .map_err(|error| cluster_error(error, &application_object(name)))
        })
        .await
    }

    async fn autoscaler(&self, workload: &Workload) -> Result<Option<String>, ClusterError> {
        self.in_time(self.find_autoscaler(workload)).await
    }
}

fn application_object(name: &ObjectName) -> Object<'_> {
    Object { kind: "Application", namespace: &name.namespace, name: &name.name }
}
