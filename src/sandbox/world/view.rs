//! What a web page shows of the world.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::World;
use crate::sandbox::{
    kubernetes::{
        kind::Kind,
        store::{number, text},
        table,
    },
    remote::Commit,
};

/// How many commits are shown.
const COMMITS: usize = 30;

/// The state of the world at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorldView {
    /// The Argo CD Applications.
    pub apps: Vec<AppView>,
    /// The nodes.
    pub nodes: Vec<NodeView>,
    /// The pods, oldest first.
    pub pods: Vec<PodView>,
    /// The newest commits, newest first.
    pub commits: Vec<Commit>,
}

/// An Argo CD Application and its Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppView {
    /// The Application's name.
    pub name: String,
    /// The namespace of its workload.
    pub namespace: String,
    /// Argo CD's sync status.
    pub sync: String,
    /// The revision that was compared last, empty when there is none.
    pub revision: String,
    /// Argo CD's health.
    pub health: String,
    /// The phase of the last operation, empty when there was none.
    pub phase: String,
    /// Why Argo CD can't go on, empty when it can.
    pub message: String,
    /// The tag in the Deployment's template.
    pub tag: String,
    /// Ready pods.
    pub ready: i64,
    /// Wanted pods.
    pub desired: i64,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// The name.
    pub name: String,
    /// The roles, such as `worker`.
    pub role: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is cordoned.
    pub unschedulable: bool,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodView {
    /// The name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The node, empty before it has one.
    pub node: String,
    /// What kubectl shows as the status: `Running`, `ContainerCreating`, `Terminating`, …
    pub status: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often its container was started again.
    pub restarts: i64,
    /// The image of its first container.
    pub image: String,
    /// Its age.
    pub age_seconds: i64,
}

impl World {
    /// The state now.
    #[must_use]
    pub fn view(&self) -> WorldView {
        let store = self.kubernetes.store();
        let now = Timestamp::now();
        let mut pods: Vec<PodView> = store.list(Kind::Pod).iter().map(|pod| pod_view(pod, now)).collect();
        pods.sort_by(|one, other| other.age_seconds.cmp(&one.age_seconds).then_with(|| one.name.cmp(&other.name)));
        let deployments = store.list(Kind::Deployment);
        WorldView {
            apps: store.list(Kind::Application).iter().map(|app| app_view(app, &deployments)).collect(),
            nodes: store.list(Kind::Node).iter().map(node_view).collect(),
            pods,
            commits: self.commits(),
        }
    }

    /// The newest commits; their diffs are made only when the branch has moved.
    fn commits(&self) -> Vec<Commit> {
        let mut cached = self.commits.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let head = self.remote.head().ok();
        if cached.0 != head
            && let Ok(commits) = self.remote.log(COMMITS)
        {
            *cached = (head, commits);
        }
        cached.1.clone()
    }
}

fn app_view(app: &Value, deployments: &[Value]) -> AppView {
    let resources = app["status"]["resources"].as_array().into_iter().flatten();
    let own = resources.into_iter().find(|resource| resource["kind"] == "Deployment");
    let deployment = own.and_then(|own| {
        deployments
            .iter()
            .find(|one| one["metadata"]["name"] == own["name"] && one["metadata"]["namespace"] == own["namespace"])
    });
    let count = |pointer| deployment.map_or(0, |one| number(one, pointer));
    let image = deployment.map_or("", |one| text(one, "/spec/template/spec/containers/0/image"));
    let failed = text(app, "/status/operationState/phase") != "Succeeded";
    let message = match text(app, "/status/conditions/0/message") {
        "" if failed => text(app, "/status/operationState/message"),
        condition => condition,
    };
    AppView {
        name: text(app, "/metadata/name").to_owned(),
        namespace: text(app, "/spec/destination/namespace").to_owned(),
        sync: text(app, "/status/sync/status").to_owned(),
        revision: text(app, "/status/sync/revision").to_owned(),
        health: text(app, "/status/health/status").to_owned(),
        phase: text(app, "/status/operationState/phase").to_owned(),
        message: message.to_owned(),
        tag: image.rsplit_once(':').map_or("", |(_, tag)| tag).to_owned(),
        ready: count("/status/readyReplicas"),
        desired: count("/spec/replicas"),
    }
}

fn node_view(node: &Value) -> NodeView {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    NodeView {
        name: text(node, "/metadata/name").to_owned(),
        role: table::roles(node),
        ready: conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True"),
        unschedulable: node["spec"]["unschedulable"] == true,
    }
}

fn pod_view(pod: &Value, now: Timestamp) -> PodView {
    let container = &pod["status"]["containerStatuses"][0];
    let created = text(pod, "/metadata/creationTimestamp").parse().unwrap_or(now);
    PodView {
        name: text(pod, "/metadata/name").to_owned(),
        namespace: text(pod, "/metadata/namespace").to_owned(),
        node: text(pod, "/spec/nodeName").to_owned(),
        status: table::pod_status(pod).to_owned(),
        ready: container["ready"] == true,
        restarts: number(container, "/restartCount"),
        image: text(pod, "/spec/containers/0/image").to_owned(),
        age_seconds: now.duration_since(created).as_secs().max(0),
    }
}
