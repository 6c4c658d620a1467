//! Nodes: read, counted pods on them, cordoned and uncordoned.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use http::header::ACCEPT;
use k8s_openapi::api::core::v1 as api;
use kube::{
    Api, Error,
    api::{ListParams, Patch, PatchParams},
    core::Request,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kubernetes, MAX_PAGES, PAGE, again, error::bounded};
use crate::{
    domain::{
        name::NodeName,
        node::{Effect, Mark, Node, Scheduling, Taint},
        unanswered::Unanswered,
    },
    ports::Nodes,
};

/// Annotations that say who cordoned a node, and when.
const CORDONED: Marks = Marks { by: "tiphys/cordoned-by", at: "tiphys/cordoned-at" };
/// The same for the way back.
const UNCORDONED: Marks = Marks { by: "tiphys/uncordoned-by", at: "tiphys/uncordoned-at" };

/// The beginning of the labels that stand for roles.
const ROLE: &str = "node-role.kubernetes.io/";
/// An older label, whose value is the role.
const OLD_ROLE: &str = "kubernetes.io/role";

/// Pods that are over hold no place on their node.
const NOT_OVER: &str = "status.phase!=Succeeded,status.phase!=Failed";
/// Asks for what `kubectl get` shows in the place of objects: a line for each pod, with its node.
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

struct Marks {
    by: &'static str,
    at: &'static str,
}

/// A list as `kubectl get` gets it.
#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    metadata: TableMetadata,
    #[serde(rename = "columnDefinitions", default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Deserialize, Default)]
struct TableMetadata {
    #[serde(rename = "continue", default)]
    next: String,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct Row {
    cells: Vec<Value>,
}

impl Kubernetes {
    async fn read_nodes(&self) -> Result<Vec<Node>, Unanswered> {
        let api: Api<api::Node> = Api::all(self.client.clone());
        let mut parameters = ListParams::default().limit(PAGE);
        let mut nodes = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = again(|| api.list(&parameters)).await?;
            nodes.extend(page.items.into_iter().map(node));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(nodes),
            }
        }
        Err(too_many("nodes"))
    }

    async fn count_pods(&self) -> Result<HashMap<String, u32>, Unanswered> {
        let mut parameters = ListParams::default().limit(PAGE).fields(NOT_OVER);
        let mut counts = HashMap::new();
        for _ in 0..MAX_PAGES {
            let page: Table = again(|| self.pod_table(&parameters)).await?;
            let column = page.columns.iter().position(|column| column.name == "Node");
            let column = column.filter(|_| page.rows.iter().all(|row| row.cells.len() == page.columns.len()));
            let column = column.ok_or_else(|| Unanswered::Unavailable {
                detail: "the Kubernetes API's table of pods has no column of nodes".to_owned(),
            })?;
            // A pod that has no node yet says so in a word that is no name.
            let names = page.rows.iter().filter_map(|row| row.cells[column].as_str()).filter(|name| *name != "<none>");
            for name in names {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
            match page.metadata.next {
                token if token.is_empty() => return Ok(counts),
                token => parameters = parameters.continue_token(&token),
            }
        }
        Err(too_many("pods"))
    }

    async fn pod_table(&self, parameters: &ListParams) -> Result<Table, Error> {
        let request = Request::new("/api/v1/pods").list(parameters).map_err(Error::BuildRequest)?;
        let (mut parts, body) = request.into_parts();
        let with_rows_alone = format!("{}&includeObject=None", parts.uri);
        parts.uri = with_rows_alone.parse().map_err(|error| Error::HttpError(http::Error::from(error)))?;
        parts.headers.insert(ACCEPT, http::HeaderValue::from_static(AS_TABLE));
        self.client.request(http::Request::from_parts(parts, body)).await
    }

    async fn patch_node(&self, name: &NodeName, change: Scheduling, by: &Mark) -> Result<Option<Node>, Unanswered> {
        let api: Api<api::Node> = Api::all(self.client.clone());
        let (set, clear, unschedulable) = match change {
            Scheduling::Cordon => (CORDONED, UNCORDONED, json!(true)),
            Scheduling::Uncordon => (UNCORDONED, CORDONED, Value::Null),
        };
        let patch = Patch::Merge(json!({
            "metadata": {"annotations": {
                set.by: by.by, set.at: by.at.map(|at| at.to_string()), clear.by: null, clear.at: null,
            }},
            "spec": {"unschedulable": unschedulable},
        }));
        let patched = async || match api.patch(name.as_str(), &PatchParams::default(), &patch).await {
            Ok(patched) => Ok(Some(node(patched))),
            Err(Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        };
        // The same patch twice is as good as once.
        again(patched).await
    }
}

#[async_trait]
impl Nodes for Kubernetes {
    async fn nodes(&self) -> Result<Vec<Node>, Unanswered> {
        self.in_time(self.read_nodes()).await
    }

    async fn pods_by_node(&self) -> Result<HashMap<String, u32>, Unanswered> {
        self.in_time(self.count_pods()).await
    }

    async fn schedule(&self, node: &NodeName, change: Scheduling, by: &Mark) -> Result<Option<Node>, Unanswered> {
        self.in_time(self.patch_node(node, change, by)).await
    }
}

fn too_many(what: &str) -> Unanswered {
    let most = MAX_PAGES * PAGE as usize;
    Unanswered::Unavailable { detail: format!("the cluster has more than {most} {what}") }
}

/// What is needed of a node.
fn node(node: api::Node) -> Node {
    let metadata = node.metadata;
    let spec = node.spec.unwrap_or_default();
    let status = node.status.unwrap_or_default();
    let addresses = status.addresses.unwrap_or_default();
    let address = |kind: &str| {
        let found = addresses.iter().find(|one| one.type_ == kind && !one.address.is_empty());
        found.map(|one| one.address.clone())
    };
    let annotations = metadata.annotations.unwrap_or_default();
    let unschedulable = spec.unschedulable == Some(true);
    // A mark outlives what it tells of when somebody uncordons in another way.
    let mark = annotations
        .get(CORDONED.by)
        .filter(|_| unschedulable)
        .map(|by| Mark { by: by.clone(), at: annotations.get(CORDONED.at).and_then(|at| at.parse().ok()) });
    let roles: BTreeSet<String> = metadata
        .labels
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(label, value)| match label.strip_prefix(ROLE) {
            Some(role) => Some(role.to_owned()),
            None => (label == OLD_ROLE).then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    Node {
        name: metadata.name.unwrap_or_default(),
        external: address("ExternalIP").or_else(|| address("ExternalDNS")),
        internal: address("InternalIP").or_else(|| address("InternalDNS")),
        roles: roles.into_iter().collect(),
        version: status.node_info.map(|info| info.kubelet_version).unwrap_or_default(),
        not_ready: not_ready(&status.conditions.unwrap_or_default()),
        unschedulable,
        cordoned: mark,
        deleting: metadata.deletion_timestamp.is_some(),
        taints: spec.taints.unwrap_or_default().into_iter().map(taint).collect(),
        capacity: status.allocatable.and_then(|of| of.get("pods")?.0.parse().ok()),
    }
}

/// Why the node isn't ready. A node that has never reported isn't, either.
fn not_ready(conditions: &[api::NodeCondition]) -> Option<String> {
    let Some(ready) = conditions.iter().find(|condition| condition.type_ == "Ready") else {
        return Some("no Ready condition".to_owned());
    };
    if ready.status == "True" {
        return None;
    }
    let reason = ready.reason.clone().filter(|reason| !reason.is_empty());
    Some(bounded(&reason.unwrap_or_else(|| format!("Ready is {}", ready.status))))
}

fn taint(taint: api::Taint) -> Taint {
    // An effect that isn't known yet surely keeps pods away.
    let effect = Effect::of(&taint.effect).unwrap_or(Effect::NoSchedule);
    Taint { key: taint.key, value: taint.value.unwrap_or_default(), effect }
}
