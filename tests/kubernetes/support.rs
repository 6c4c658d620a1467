//! A cluster, and the adapter that asks it.

use std::{collections::HashMap, time::Duration};

use tempfile::TempDir;
use tiphys::{
    adapters::{
        argocd::{Access, ArgoCd, Settings},
        kubernetes::Kubernetes,
    },
    domain::catalogue::Workload,
    sandbox::kubernetes::{ApiServer, Crowd},
};

pub(crate) const NAMESPACE: &str = "oil-refinery";
pub(crate) const NAME: &str = "oil-refinery-application";
pub(crate) const IMAGE: &str = "registry.gitlab.example.org/team/oil-refinery-application";

/// A cluster and its adapter.
pub(crate) struct Stage {
    pub(crate) server: ApiServer,
    pub(crate) adapter: Kubernetes,
    _dir: TempDir,
}

impl Stage {
    pub(crate) async fn start(deadline: Duration) -> Self {
        tiphys::app::install_crypto();
        let server = ApiServer::start().await.expect("a port");
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("kubeconfig");
        std::fs::write(&file, server.kubeconfig()).expect("written");
        let access = Access::Kubeconfig { file, context: "sandbox".into() };
        let settings = Settings { access, repositories: HashMap::default(), deadline };
        let argocd = ArgoCd::connect(settings).await.expect("a client");
        Self { server, adapter: Kubernetes::new(argocd.client(), deadline), _dir: dir }
    }

    /// A cluster with so many nodes and pods.
    pub(crate) async fn crowded(nodes: usize, pods: usize) -> Self {
        let stage = Self::start(Duration::from_secs(60)).await;
        let crowd = Crowd { nodes, pods, ..Crowd::of(NAMESPACE, NAME, IMAGE) };
        stage.server.cluster().crowd(&crowd).expect("a new cluster");
        stage
    }
}

pub(crate) fn workload() -> Workload {
    Workload { namespace: NAMESPACE.into(), name: NAME.into() }
}
