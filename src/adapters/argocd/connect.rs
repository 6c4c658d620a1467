//! How the Kubernetes API is reached.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::error::words;
use crate::domain::catalogue::RepositoryBranch;

/// How Argo CD is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The way to the Kubernetes API.
    pub access: Access,
    /// The branches of manifests repositories, by which the right source of an Application is found.
    pub repositories: HashMap<RepositoryBranch, Origin>,
    /// The time that one question may take, with all its requests.
    pub deadline: Duration,
}

/// Where a branch of a manifests repository comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The repository's address.
    pub url: String,
    /// The branch.
    pub branch: String,
}

/// The way to the Kubernetes API.
#[derive(Debug, Clone)]
pub enum Access {
    /// The service account of the pod that we run in.
    InCluster,
    /// One named context of a file. The file's current context never counts: it changes under people's hands.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// The context's name.
        context: String,
    },
}

/// Why there is no client. Display texts hold no secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The pod has no service account, or this is no pod.
    #[error("there is no service account to use: {0}")]
    InCluster(String),
    /// The kubeconfig file can't be used.
    #[error("the context {context:?} of {} cannot be used: {detail}", file.display())]
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// The context.
        context: String,
        /// The reason.
        detail: String,
    },
    /// The client can't be made of them.
    #[error("the Kubernetes client cannot be made: {0}")]
    Client(String),
}

/// A client for the API server.
pub(super) async fn client(access: &Access) -> Result<Client, ConnectError> {
    let mut config = match access {
        Access::InCluster => Config::incluster().map_err(|error| ConnectError::InCluster(words(&error)))?,
        Access::Kubeconfig { file, context } => from_file(file, context).await?,
    };
    // A server that is overloaded is asked again by the follower's next look; waiting here would hide the reason.
    config.default_retry = false;
    if config.cluster_url.scheme_str() == Some("http") {
        // Without roots of its own the client insists on the system's, which a small image doesn't have.
        config.root_cert.get_or_insert_default();
    }
    Client::try_from(config).map_err(|error| ConnectError::Client(words(&error)))
}

async fn from_file(file: &PathBuf, context: &str) -> Result<Config, ConnectError> {
    let fault = |detail| ConnectError::Kubeconfig { file: file.clone(), context: context.to_owned(), detail };
    let kubeconfig = Kubeconfig::read_from(file).map_err(|error| fault(words(&error)))?;
    let named = kubeconfig.contexts.iter().find(|named| named.name == context);
    let cluster = named.and_then(|named| named.context.as_ref()).map(|context| context.cluster.clone());
    let proxy = kubeconfig
        .clusters
        .iter()
        .find(|named| Some(&named.name) == cluster.as_ref())
        .and_then(|named| named.cluster.as_ref()?.proxy_url.clone());
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| fault(words(&error)))?;
    // Only a proxy that the file names counts, not one of the environment.
    if proxy.is_none_or(|url| url.is_empty()) {
        config.proxy_url = None;
    }
    Ok(config)
}
