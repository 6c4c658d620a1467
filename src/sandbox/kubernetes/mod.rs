//! The API server: the part of the Kubernetes API that the bot and `kubectl get` use, over plain HTTP.

mod crowd;
mod discovery;
mod handler;
pub mod kind;
mod list;
mod log;
mod log_request;
mod log_script;
mod nodes;
mod patch;
mod selector;
mod server;
mod status;
pub mod store;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod usage;
mod watching;
mod write;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::Router;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use self::write::mark_deleted;
pub use self::{crowd::Crowd, log_script::LogScript, server::ApiServer, status::ApiError, usage::Used};
use self::{kind::Kind, log::Logs, log_script::Scripts, store::Store, usage::Usage};

/// The cluster: its objects, its logs and the faults that are scripted for its API.
#[derive(Debug)]
pub struct Kubernetes {
    store: Store,
    logs: Logs,
    scripts: Scripts,
    token: Option<String>,
    fault: watch::Sender<ApiFault>,
    denied: Mutex<BTreeSet<&'static str>>,
    usage: Usage,
    stop: CancellationToken,
}

/// What is wrong with the API server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ApiFault {
    /// Nothing.
    #[default]
    None,
    /// Requests get no answer until the fault ends.
    Hang,
    /// Every request gets this status.
    Status(u16),
    /// Connections are closed without an answer.
    Drop,
}

impl Kubernetes {
    /// A cluster with its nodes and namespaces and nothing in it.
    ///
    /// `token` is the bearer token that clients must send, if any; long waits end when `stop` is cancelled.
    #[must_use]
    pub fn new(token: Option<String>, now: Timestamp, stop: CancellationToken) -> Self {
        let cluster = Self {
            store: Store::default(),
            logs: Logs::default(),
            scripts: Scripts::default(),
            token,
            fault: watch::Sender::default(),
            denied: Mutex::default(),
            usage: Usage::default(),
            stop,
        };
        for node in nodes::nodes(now) {
            let _ = cluster.store.create(Kind::Node, node, now);
        }
        for name in ["default", "kube-system", "argocd"] {
            cluster.ensure_namespace(name, now);
        }
        cluster
    }

    /// The objects.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Puts a log in the place of what a container has printed; `previous` for the run before the current one.
    pub fn set_log(&self, namespace: &str, pod: &str, container: &str, previous: bool, log: LogScript) {
        self.scripts.set((namespace.to_owned(), pod.to_owned(), container.to_owned(), previous), log);
    }

    /// Lets kubelets ignore `tailLines` and `limitBytes`, or ends that.
    pub fn ignore_log_limits(&self, ignored: bool) {
        self.scripts.set_boundless(ignored);
    }

    /// How many bytes of logs of [`LogScript::Lines`] were made up to be sent.
    #[must_use]
    pub fn log_bytes_made(&self) -> u64 {
        self.scripts.made()
    }

    /// Sets or ends a fault of the API server.
    pub fn set_fault(&self, fault: ApiFault) {
        self.fault.send_replace(fault);
    }

    /// Answers 403 to every request for a resource (plural name, such as `nodes`), or ends that.
    pub fn deny(&self, plural: &'static str, denied: bool) {
        let mut set = self.denied();
        if denied {
            set.insert(plural)
        } else {
            set.remove(plural)
        };
    }

    /// The rights that clients have needed so far, whether they had them or not.
    #[must_use]
    pub fn used(&self) -> BTreeSet<Used> {
        self.usage.all()
    }

    /// Sets the Ready condition of a node.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_node_ready(&self, name: &str, ready: bool) -> Result<(), ApiError> {
        let change = |node: &mut Value| {
            for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
                if condition["type"] == "Ready" {
                    nodes::set_ready(condition, ready, Timestamp::now());
                }
            }
            nodes::taint(node, "node.kubernetes.io/not-ready", &["NoSchedule", "NoExecute"], !ready);
            Ok(())
        };
        self.store.modify(Kind::Node, ("", name), change).map(drop)
    }

    /// Puts a HorizontalPodAutoscaler on a Deployment. It is there to be seen; it scales nothing.
    ///
    /// # Errors
    /// When it is already there.
    pub fn add_autoscaler(&self, namespace: &str, deployment: &str, min: u32, max: u32) -> Result<(), ApiError> {
        let now = Timestamp::now();
        let object = json!({
            "metadata": {"name": deployment, "namespace": namespace},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
                "minReplicas": min,
                "maxReplicas": max,
                "metrics": [{
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }],
            },
            "status": {
                "currentReplicas": min,
                "desiredReplicas": min,
                "currentMetrics": [{
                    "type": "Resource",
                    "resource": {"name": "cpu", "current": {"averageUtilization": 12, "averageValue": "12m"}},
                }],
                "conditions": [{
                    "type": "AbleToScale", "status": "True", "lastTransitionTime": store::time(now),
                    "reason": "ReadyForNewScale", "message": "recommended size matches current size",
                }],
            },
        });
        self.store.create(Kind::HorizontalPodAutoscaler, object, now).map(drop)
    }

    /// Makes a namespace unless it is there.
    pub(crate) fn ensure_namespace(&self, name: &str, now: Timestamp) {
        let object = json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        });
        let _ = self.store.create(Kind::Namespace, object, now);
    }

    /// The HTTP service.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(handler::handle).with_state(Arc::clone(self))
    }

    fn denied(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
