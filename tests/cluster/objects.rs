//! The objects that are made, as their controllers, the scheduler and the kubelets would write them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::site::LABEL;

/// The Deployment.
pub(crate) const NAME: &str = "oil-refinery-application";
/// Its image.
pub(crate) const IMAGE: &str = "registry.tiphys-test.invalid/team/oil-refinery-application";
/// A scheduler that nobody is: pods wait until the test gives them their node.
const SCHEDULER: &str = "tiphys-tests";

/// The API group's path and the plural of all that is made in the namespace, owners first.
pub(crate) const COLLECTIONS: [(&str, &str); 7] = [
    ("apis/apps/v1", "deployments"),
    ("apis/apps/v1", "replicasets"),
    ("api/v1", "pods"),
    ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    ("apis/argoproj.io/v1alpha1", "applications"),
    ("api/v1", "events"),
    ("api/v1", "serviceaccounts"),
];

/// The labels of all that is made.
pub(crate) fn labels() -> Value {
    json!({LABEL.0: LABEL.1})
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A node without a machine. Its taint keeps away what a scheduler would like to place there.
pub(crate) fn node(name: &str) -> Value {
    let mut labels = labels();
    labels["node-role.kubernetes.io/tiphys-test"] = json!("");
    labels["kubernetes.io/hostname"] = json!(name);
    json!({
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [{"key": "tiphys-test", "value": "only", "effect": "NoSchedule"}]},
    })
}

/// What the kubelet of that node would report; `address` and `port` are where it listens.
pub(crate) fn node_status(name: &str, address: Option<&str>, port: u16) -> Value {
    let condition = json!({
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now(), "lastTransitionTime": now(),
    });
    let resources = json!({"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    let mut addresses = vec![json!({"type": "ExternalIP", "address": "203.0.113.77"})];
    match address {
        Some(address) => addresses.push(json!({"type": "InternalIP", "address": address})),
        // A name that is never found: no other kubelet is asked in its place.
        None => addresses.push(json!({"type": "Hostname", "address": format!("{name}.invalid")})),
    }
    json!({"status": {
        "addresses": addresses, "capacity": resources, "allocatable": resources, "conditions": [condition],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "nodeInfo": {
            "architecture": "amd64", "bootID": "b", "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.12", "kubeProxyVersion": "", "kubeletVersion": "v1.33.4", "machineID": "m",
            "operatingSystem": "linux", "osImage": "none", "systemUUID": "s",
        },
    }})
}

fn own_labels() -> Value {
    json!({"app.kubernetes.io/name": NAME})
}

/// The template of the pods: two containers.
fn template() -> Value {
    json!({
        "metadata": {"labels": own_labels()},
        "spec": {
            "schedulerName": SCHEDULER, "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "app", "image": format!("{IMAGE}:0.10.4"),
                    "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "50m", "memory": "128Mi"}},
                },
                {"name": "metrics", "image": format!("{IMAGE}-metrics:1.0.0")},
            ],
        },
    })
}

/// The Deployment of so many pods.
pub(crate) fn deployment(replicas: usize) -> Value {
    json!({
        "metadata": {"name": NAME, "labels": labels()},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": own_labels()}, "template": template(),
            "progressDeadlineSeconds": 600,
        },
    })
}

/// Its ReplicaSet, as the Deployment's controller makes it.
pub(crate) fn replica_set(deployment: &Value) -> Value {
    let hash = "6d4f9c7b58";
    let mut labels = own_labels();
    labels["pod-template-hash"] = json!(hash);
    let mut template = template();
    template["metadata"]["labels"] = labels.clone();
    json!({
        "metadata": {
            "name": format!("{NAME}-{hash}"), "labels": labels,
            "annotations": {
                "deployment.kubernetes.io/revision": "1",
                "deployment.kubernetes.io/desired-replicas": deployment["spec"]["replicas"].to_string(),
            },
            "ownerReferences": [owner("Deployment", deployment)],
        },
        "spec": {"replicas": deployment["spec"]["replicas"], "selector": {"matchLabels": labels}, "template": template},
    })
}

/// A pod of a ReplicaSet, as its controller makes it.
pub(crate) fn pod(set: &Value, suffix: &str) -> Value {
    let name = set["metadata"]["name"].as_str().expect("a name");
    json!({
        "metadata": {
            "name": format!("{name}-{suffix}"), "generateName": format!("{name}-"),
            "labels": set["spec"]["template"]["metadata"]["labels"], "ownerReferences": [owner("ReplicaSet", set)],
        },
        "spec": set["spec"]["template"]["spec"],
    })
}

fn owner(kind: &str, object: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// How a pod of the Deployment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Runs,
    Crashes,
    HasNoImage,
    FindsNoNode,
}

impl Fate {
    /// One pod of each.
    pub(crate) const ALL: [Self; 4] = [Self::Runs, Self::Crashes, Self::HasNoImage, Self::FindsNoNode];

    /// The status that the scheduler or the kubelet writes.
    pub(crate) fn status(self) -> Value {
        let container = |name: &str, image: &str, state: Value, last: Value, restarts: u32| {
            let running = state.get("running").is_some();
            json!({
                "name": name, "image": image, "imageID": "", "ready": running, "started": running,
                "restartCount": restarts, "state": state, "lastState": last,
            })
        };
        let image = format!("{IMAGE}:0.10.4");
        let running = json!({"running": {"startedAt": now()}});
        let metrics =
            |state: &Value| container("metrics", &format!("{IMAGE}-metrics:1.0.0"), state.clone(), json!({}), 0);
        let (ready, app) = match self {
            Self::FindsNoNode => {
                return json!({"status": {"phase": "Pending", "conditions": [{
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": now(),
                    "message": "0/3 nodes are available: 3 Insufficient memory.",
                }]}});
            }
            Self::Runs => (true, container("app", &image, running.clone(), json!({}), 0)),
            Self::Crashes => {
                let message = "back-off 5m0s restarting failed container=app";
                let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
                let killed = json!({"terminated": {
                    "exitCode": 137, "reason": "OOMKilled", "startedAt": now(), "finishedAt": now(),
                }});
                (false, container("app", &image, waiting, killed, 7))
            }
            Self::HasNoImage => {
                let message = format!("Back-off pulling image \"{image}\"");
                let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": message}});
                (false, container("app", &image, waiting, json!({}), 0))
            }
        };
        let condition = |kind: &str, status: bool| {
            let status = if status { "True" } else { "False" };
            json!({"type": kind, "status": status, "lastTransitionTime": now()})
        };
        json!({"status": {
            "phase": if self == Self::HasNoImage { "Pending" } else { "Running" }, "startTime": now(),
            "conditions": [
                condition("Initialized", true), condition("Ready", ready), condition("ContainersReady", ready),
                condition("PodScheduled", true),
            ],
            "containerStatuses": [app, metrics(&running)],
        }})
    }
}

/// An event, as a controller tells it.
pub(crate) fn event(namespace: &str, name: &str, about: &Value, (kind, reason, message): (&str, &str, &str)) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": about["metadata"]["name"],
            "namespace": namespace, "uid": about["metadata"]["uid"],
        },
        "type": kind, "reason": reason, "message": message, "count": 3, "firstTimestamp": now(), "lastTimestamp": now(),
        "source": {"component": "tiphys-tests"},
    })
}

/// An autoscaler of the Deployment.
pub(crate) fn autoscaler() -> Value {
    json!({
        "metadata": {"name": "by-load", "labels": labels()},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": 2, "maxReplicas": 6,
            "metrics": [{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }],
        },
    })
}
