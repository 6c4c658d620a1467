//! The kinds of objects that the API server knows.

use serde_json::{Value, json};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of Kubernetes and Argo CD")]
pub enum Kind {
    ConfigMap,
    Event,
    Namespace,
    Node,
    Pod,
    Service,
    ServiceAccount,
    Deployment,
    ReplicaSet,
    HorizontalPodAutoscaler,
    Lease,
    Ingress,
    NetworkPolicy,
    PodDisruptionBudget,
    Application,
    AppProject,
    ApplicationSet,
}

/// What the API says of a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// The kind itself.
    pub kind: Kind,
    /// The API group, empty for the core.
    pub group: &'static str,
    /// The only version served.
    pub version: &'static str,
    /// `kind` in manifests.
    pub name: &'static str,
    /// The part of the address.
    pub plural: &'static str,
    /// kubectl's short name, empty when there is none.
    pub short: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

const fn info(
    kind: Kind,
    api: (&'static str, &'static str),
    names: (&'static str, &'static str, &'static str),
    namespaced: bool,
) -> KindInfo {
    KindInfo { kind, group: api.0, version: api.1, name: names.0, plural: names.1, short: names.2, namespaced }
}

const CORE: (&str, &str) = ("", "v1");
const APPS: (&str, &str) = ("apps", "v1");
const NETWORKING: (&str, &str) = ("networking.k8s.io", "v1");
const ARGO: (&str, &str) = ("argoproj.io", "v1alpha1");

/// All kinds.
pub static KINDS: [KindInfo; 17] = [
    info(Kind::ConfigMap, CORE, ("ConfigMap", "configmaps", "cm"), true),
    info(Kind::Event, CORE, ("Event", "events", "ev"), true),
    info(Kind::Namespace, CORE, ("Namespace", "namespaces", "ns"), false),
    info(Kind::Node, CORE, ("Node", "nodes", "no"), false),
    info(Kind::Pod, CORE, ("Pod", "pods", "po"), true),
    info(Kind::Service, CORE, ("Service", "services", "svc"), true),
    info(Kind::ServiceAccount, CORE, ("ServiceAccount", "serviceaccounts", "sa"), true),
    info(Kind::Deployment, APPS, ("Deployment", "deployments", "deploy"), true),
    info(Kind::ReplicaSet, APPS, ("ReplicaSet", "replicasets", "rs"), true),
    info(
        Kind::HorizontalPodAutoscaler,
        ("autoscaling", "v2"),
        ("HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"),
        true,
    ),
    info(Kind::Lease, ("coordination.k8s.io", "v1"), ("Lease", "leases", ""), true),
    info(Kind::Ingress, NETWORKING, ("Ingress", "ingresses", "ing"), true),
    info(Kind::NetworkPolicy, NETWORKING, ("NetworkPolicy", "networkpolicies", "netpol"), true),
    info(Kind::PodDisruptionBudget, ("policy", "v1"), ("PodDisruptionBudget", "poddisruptionbudgets", "pdb"), true),
    info(Kind::Application, ARGO, ("Application", "applications", "app"), true),
    info(Kind::AppProject, ARGO, ("AppProject", "appprojects", "appproj"), true),
    info(Kind::ApplicationSet, ARGO, ("ApplicationSet", "applicationsets", "appset"), true),
];

impl Kind {
    /// What the API says of this kind.
    #[must_use]
    pub fn info(self) -> &'static KindInfo {
        KINDS.iter().find(|info| info.kind == self).unwrap_or(&KINDS[0])
    }

    /// The kind that a manifest's `apiVersion` and `kind` name.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let (api, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
        KINDS.iter().find(|info| info.name == kind && info.api_version() == api).map(|info| info.kind)
    }

    /// The kind at an API address.
    #[must_use]
    pub fn at(group: &str, version: &str, plural: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|info| info.group == group && info.version == version && info.plural == plural)
            .map(|info| info.kind)
    }
}

impl KindInfo {
    /// `apiVersion` in manifests.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The resource's name in error messages, such as `deployments.apps`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether `metadata.generation` counts changes, and of what: Argo CD's Application has no status subresource, so
    /// that a change of its status counts as well.
    pub(super) fn counts(&self, old: &Value, new: &Value) -> bool {
        match self.kind {
            Kind::Deployment
            | Kind::ReplicaSet
            | Kind::PodDisruptionBudget
            | Kind::Ingress
            | Kind::NetworkPolicy
            | Kind::AppProject
            | Kind::ApplicationSet => old["spec"] != new["spec"],
            Kind::Application => ["spec", "status", "operation"].iter().any(|field| old.get(field) != new.get(field)),
            _ => false,
        }
    }

    /// Whether new objects start with `metadata.generation: 1`.
    pub(super) fn has_generation(&self) -> bool {
        matches!(
            self.kind,
            Kind::Deployment
                | Kind::ReplicaSet
                | Kind::PodDisruptionBudget
                | Kind::Ingress
                | Kind::NetworkPolicy
                | Kind::AppProject
                | Kind::ApplicationSet
                | Kind::Application
        )
    }

    /// Whether the status is written by a request of its own, and no other.
    pub(super) fn has_status(&self) -> bool {
        matches!(
            self.kind,
            Kind::Namespace
                | Kind::Node
                | Kind::Pod
                | Kind::Service
                | Kind::Deployment
                | Kind::ReplicaSet
                | Kind::HorizontalPodAutoscaler
                | Kind::Ingress
                | Kind::PodDisruptionBudget
        )
    }

    /// The entries in the discovery document: the kind, and its status.
    pub(super) fn discovery(&self) -> Vec<Value> {
        let mut entry = json!({
            "name": self.plural,
            "singularName": self.name.to_lowercase(),
            "namespaced": self.namespaced,
            "kind": self.name,
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        });
        if !self.short.is_empty() {
            entry["shortNames"] = json!([self.short]);
        }
        let status = json!({
            "name": format!("{}/status", self.plural), "singularName": "", "namespaced": self.namespaced,
            "kind": self.name, "verbs": ["get", "patch", "update"],
        });
        if self.has_status() { vec![entry, status] } else { vec![entry] }
    }
}
