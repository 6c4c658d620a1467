//! The Deployment with a pod of each fate: made by the cluster's controllers, or in their place.

use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::{Binding, Node, Pod},
};
use kube::{
    Api, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    objects::{self, Fate, NAME},
    site::{PATIENCE, Site, a_while, typed, wait},
};

/// What was made.
pub(crate) struct Made {
    /// Whether the cluster's own controllers made the ReplicaSet and the pods.
    pub(crate) controlled: bool,
    pub(crate) deployment: Value,
    /// The name of the pod of each fate.
    pub(crate) pods: Vec<(Fate, String)>,
}

impl Made {
    pub(crate) fn pod(&self, fate: Fate) -> &str {
        &self.pods.iter().find(|(one, _)| *one == fate).expect("a pod of each").1
    }
}

/// Makes a node without a machine; `kubelet` is where somebody answers for it.
pub(crate) async fn make_node(site: &Site, kubelet: Option<(&str, u16)>) {
    let nodes: Api<Node> = Api::all(site.client.clone());
    site.make(&nodes, "nodes", &typed(objects::node(&site.name))).await;
    let (address, port) = kubelet.map_or((None, 10_250), |(address, port)| (Some(address), port));
    let status = objects::node_status(&site.name, address, port);
    let patched = nodes.patch_status(&site.name, &PatchParams::default(), &Patch::Strategic(status)).await;
    patched.unwrap_or_else(|error| panic!("the context {:?} cannot patch nodes/status: {error}", site.context));
}

/// Makes the Deployment, and sees to it that its pods are there, each with its fate. The node must be there.
pub(crate) async fn make(site: &Site) -> Made {
    let deployments: Api<Deployment> = site.own();
    let count = Fate::ALL.len();
    let deployment = site.make(&deployments, "deployments", &typed(objects::deployment(count))).await;
    let observed = wait(a_while(), async || {
        let status = deployments.get_status(NAME).await.ok()?.status?;
        status.observed_generation.filter(|generation| Some(*generation) >= deployment.metadata.generation)
    });
    let controlled = observed.await.is_some();
    println!("{}", if controlled { "controllers are at work" } else { "no controllers: the test acts in their place" });
    let deployment = untyped("apps/v1", "Deployment", &deployment);
    let pods: Api<Pod> = site.own();
    if !controlled {
        let sets: Api<ReplicaSet> = site.own();
        let set = site.make(&sets, "replicasets", &typed(objects::replica_set(&deployment))).await;
        let set = untyped("apps/v1", "ReplicaSet", &set);
        for suffix in ["bbbbb", "ccccc", "ddddd", "fffff"].iter().take(count) {
            site.make(&pods, "pods", &typed(objects::pod(&set, suffix))).await;
        }
    }
    let labels = ListParams::default().labels(&format!("app.kubernetes.io/name={NAME}"));
    let there = wait(PATIENCE, async || {
        let list = pods.list(&labels).await.ok()?;
        (list.items.len() == count).then_some(list.items)
    });
    let there = there.await.expect("the controllers make the pods");
    let mut made = Vec::new();
    for (fate, pod) in Fate::ALL.into_iter().zip(there) {
        let name = pod.name_any();
        if fate != Fate::FindsNoNode {
            bind(site, &pods, &name).await;
        }
        let patched = pods.patch_status(&name, &PatchParams::default(), &Patch::Strategic(fate.status())).await;
        patched.unwrap_or_else(|error| panic!("the context {:?} cannot patch pods/status: {error}", site.context));
        made.push((fate, name));
    }
    if !controlled {
        tell_counts(site, &deployments, count).await;
    }
    Made { controlled, deployment, pods: made }
}

/// Gives a pod the node, as a scheduler does.
pub(crate) async fn bind(site: &Site, pods: &Api<Pod>, name: &str) {
    let binding: Binding = typed(json!({
        "metadata": {"name": name, "namespace": site.name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": site.name},
    }));
    let bound: Result<Value, _> = pods.create_subresource("binding", name, &Default::default(), &binding).await;
    bound.unwrap_or_else(|error| panic!("the context {:?} cannot create pods/binding: {error}", site.context));
}

/// What the controllers of the Deployment and the ReplicaSet would count.
async fn tell_counts(site: &Site, deployments: &Api<Deployment>, count: usize) {
    let annotations = json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}});
    deployments.patch(NAME, &PatchParams::default(), &Patch::Merge(annotations)).await.expect("it was made here");
    let status = json!({"status": {
        "observedGeneration": 1, "replicas": count, "updatedReplicas": count, "readyReplicas": 1,
        "availableReplicas": 1, "unavailableReplicas": count - 1,
    }});
    let patched = deployments.patch_status(NAME, &PatchParams::default(), &Patch::Merge(status)).await;
    patched.unwrap_or_else(|error| panic!("the context {:?} cannot patch deployments/status: {error}", site.context));
}

/// The object as JSON, with what a list leaves out.
fn untyped<K: serde::Serialize>(api_version: &str, kind: &str, object: &K) -> Value {
    let mut value = serde_json::to_value(object).expect("JSON");
    value["apiVersion"] = json!(api_version);
    value["kind"] = json!(kind);
    value
}
