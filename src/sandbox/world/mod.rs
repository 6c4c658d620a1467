//! The world as a whole: starts the remote, the registry, the API server and the reconciler, and shows their state.

mod applications;
mod server;
#[cfg(test)]
mod tests;
mod view;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use self::view::{AppView, NodeView, PodView, WorldView};
pub use super::reconciler::{Controls, Pace};
use super::{
    kubernetes::{ApiError, Kubernetes, kind::Kind},
    reconciler::Reconciler,
    registry::{Access, Registry},
    remote::{Commit, Remote},
};

/// How often the branch is looked at for commits that the page should show.
const BRANCH_INTERVAL: Duration = Duration::from_millis(150);

/// How the world is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the manifests repository is or will be.
    pub dir: PathBuf,
    /// Where the API server listens; port 0 takes a free one.
    pub kubernetes_listen: SocketAddr,
    /// Where the registry and the GitLab API listen; port 0 takes a free one.
    pub registry_listen: SocketAddr,
    /// How fast it moves.
    pub pace: Pace,
    /// The Argo CD Applications of the repository's `argocd/` that are registered, all when empty; and ApplicationSets.
    pub applications: Vec<String>,
    /// The credentials that the registry asks for, if any.
    pub registry_access: Access,
    /// The bearer token that the API server asks for, if any.
    pub kubernetes_token: Option<String>,
    /// The address of the repository in the Applications, when it isn't its path.
    pub repository_url: Option<String>,
}

impl Options {
    /// A world on free loopback ports, at the playground's pace, with the production Application only.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            dir: dir.into(),
            kubernetes_listen: loopback,
            registry_listen: loopback,
            pace: Pace::playground(),
            applications: vec!["oil-refinery-application-prod".to_owned()],
            registry_access: Access::default(),
            kubernetes_token: None,
            repository_url: None,
        }
    }
}

/// Why the world could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder can't be made.
    #[error("cannot make the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// An address can't be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: std::io::Error,
    },
    /// The manifests repository can't be made or read.
    #[error("cannot use the manifests repository {path}")]
    Repository {
        /// The repository.
        path: PathBuf,
        /// The reason.
        source: git2::Error,
    },
    /// The Argo CD Applications in the repository can't be read, or one that is asked for isn't there.
    #[error("cannot register the Argo CD Applications: {0}")]
    Applications(String),
}

/// A running world; it stops when it is dropped.
#[derive(Debug)]
pub struct World {
    kubernetes: Arc<Kubernetes>,
    registry: Arc<Registry>,
    remote: Remote,
    controls: Arc<Controls>,
    kubernetes_address: SocketAddr,
    registry_address: SocketAddr,
    token: Option<String>,
    changes: watch::Sender<u64>,
    commits: Mutex<(Option<git2::Oid>, Vec<Commit>)>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl World {
    /// Starts everything. When it returns, the cluster runs what the branch says, as if for days.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        std::fs::create_dir_all(&options.dir)
            .map_err(|source| StartError::Folder { path: options.dir.clone(), source })?;
        let path = options.dir.join("manifests.git");
        let broken = |source| StartError::Repository { path: path.clone(), source };
        let remote = Remote::open_or_seed(&options.dir).map_err(broken)?;
        let now = Timestamp::now();
        let stop = CancellationToken::new();
        let kubernetes = Arc::new(Kubernetes::new(options.kubernetes_token.clone(), now, stop.clone()));
        let registry = Arc::new(Registry::seeded(options.registry_access.clone(), now, stop.clone()));
        let controls = Arc::new(Controls::default());

        let committed = remote.log(1).map_err(broken)?.first().map_or(now, |commit| commit.date);
        let applied = committed.checked_add(SignedDuration::from_secs(95)).unwrap_or(now).min(now);
        let url = options.repository_url.clone().unwrap_or_else(|| remote.path().display().to_string());
        applications::register(&kubernetes, &remote, &url, &options.applications, applied)
            .map_err(StartError::Applications)?;
        let mut reconciler = Reconciler::new(
            Arc::clone(&kubernetes),
            Arc::clone(&registry),
            remote.clone(),
            options.pace.clone(),
            Arc::clone(&controls),
        );
        reconciler.settle(applied);

        let mut tasks = JoinSet::new();
        let listen = |address| async move {
            server::listen(address).await.map_err(|source| StartError::Listen { address, source })
        };
        let (listener, kubernetes_address) = listen(options.kubernetes_listen).await?;
        tasks.spawn(server::serve(listener, kubernetes.router(), stop.clone()));
        let (listener, registry_address) = listen(options.registry_listen).await?;
        tasks.spawn(server::serve(listener, registry.router(), stop.clone()));
        let changes = watch::Sender::default();
        let ticking = tick(changes.clone(), kubernetes.store().subscribe(), registry.subscribe(), remote.clone());
        let stopped = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = reconciler.run() => {}
                () = ticking => {}
            }
        });
        Ok(Self {
            kubernetes,
            registry,
            remote,
            controls,
            kubernetes_address,
            registry_address,
            token: options.kubernetes_token,
            changes,
            commits: Mutex::default(),
            stop,
            tasks,
        })
    }

    /// The API server's address.
    #[must_use]
    pub fn kubernetes_url(&self) -> String {
        format!("http://{}", self.kubernetes_address)
    }

    /// The address of the registry, for the OCI protocol and for GitLab's API alike.
    #[must_use]
    pub fn registry_url(&self) -> String {
        format!("http://{}", self.registry_address)
    }

    /// A kubeconfig for the API server; its only context is called `sandbox`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let user = self.token.as_ref().map_or("{}".to_owned(), |token| format!("{{token: \"{token}\"}}"));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: sandbox\nclusters:\n  - name: sandbox\n    cluster: \
             {{server: \"{}\"}}\nusers:\n  - name: sandbox\n    user: {user}\ncontexts:\n  - name: sandbox\n    \
             context: {{cluster: sandbox, user: sandbox, namespace: oil-refinery}}\n",
            self.kubernetes_url()
        )
    }

    /// Where the bare manifests repository is.
    #[must_use]
    pub fn repository_path(&self) -> &Path {
        self.remote.path()
    }

    /// The manifests repository.
    #[must_use]
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The cluster, to look into and to break.
    #[must_use]
    pub fn kubernetes(&self) -> &Kubernetes {
        &self.kubernetes
    }

    /// The registry, to look into and to break.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The switches of the reconciler.
    #[must_use]
    pub fn reconciler(&self) -> &Controls {
        &self.controls
    }

    /// Closes or opens a project's sync window: while it is closed nothing is synced automatically.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn close_sync_window(&self, project: &str, closed: bool) -> Result<(), ApiError> {
        let window = json!({"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]});
        let change = |project: &mut Value| {
            project["spec"]["syncWindows"] = if closed { json!([window]) } else { json!([]) };
            Ok(())
        };
        self.kubernetes.store().modify(Kind::AppProject, ("argocd", project), change)?;
        Ok(())
    }

    /// Sets `spec.source.kustomize.images` of an Application, which beats what git says.
    ///
    /// # Errors
    /// When there is no such Application.
    pub fn override_images(&self, application: &str, images: &[&str]) -> Result<(), ApiError> {
        let change = |application: &mut Value| {
            application["spec"]["source"]["kustomize"] = json!({"images": images});
            Ok(())
        };
        self.kubernetes.store().modify(Kind::Application, ("argocd", application), change).map(drop)
    }

    /// A channel that ticks with every change of the cluster, the registry or the branch.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Stops everything and waits until it has stopped.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Passes on every change, the branch's as well.
async fn tick(
    changes: watch::Sender<u64>,
    mut objects: watch::Receiver<u64>,
    mut images: watch::Receiver<u64>,
    remote: Remote,
) {
    let mut head = remote.head().ok();
    let mut interval = tokio::time::interval(BRANCH_INTERVAL);
    loop {
        let changed = tokio::select! {
            Ok(()) = objects.changed() => true,
            Ok(()) = images.changed() => true,
            _ = interval.tick() => {
                let newest = remote.head().ok();
                std::mem::replace(&mut head, newest) != newest
            }
        };
        if changed {
            changes.send_modify(|count| *count += 1);
        }
    }
}
