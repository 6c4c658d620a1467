//! An API server that stands alone: no controllers move its objects.

use std::{net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Kubernetes;

/// A cluster without controllers on a free loopback port; it stops when it is dropped.
#[derive(Debug)]
pub struct ApiServer {
    cluster: Arc<Kubernetes>,
    address: SocketAddr,
    _task: JoinHandle<()>,
    _stop: DropGuard,
}

impl ApiServer {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub async fn start() -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let cluster = Arc::new(Kubernetes::new(None, Timestamp::now(), stop.clone()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let serving = axum::serve(listener, cluster.router()).with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox's API server stopped");
            }
        });
        Ok(Self { cluster, address, _task: task, _stop: stop.drop_guard() })
    }

    /// The cluster, to fill and to break.
    #[must_use]
    pub fn cluster(&self) -> &Kubernetes {
        &self.cluster
    }

    /// A kubeconfig for it; its only context is called `sandbox`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\nclusters:\n  - name: sandbox\n    cluster: \
             {{server: \"http://{}\"}}\nusers:\n  - name: sandbox\n    user: {{}}\ncontexts:\n  - name: sandbox\n    \
             context: {{cluster: sandbox, user: sandbox}}\n",
            self.address
        )
    }
}
