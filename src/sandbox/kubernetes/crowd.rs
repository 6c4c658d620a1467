//! Large clusters: many nodes, a Deployment with many pods, pods with many containers, all as if they had run for days.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    ApiError, Kubernetes,
    kind::Kind,
    nodes,
    store::{text, time},
};

/// What is to be in a large cluster.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// The namespace.
    pub namespace: String,
    /// The Deployment.
    pub name: String,
    /// The image of its containers, without tag.
    pub image: String,
    /// Worker nodes, besides those that every cluster has.
    pub nodes: usize,
    /// Running pods of the Deployment's newest template.
    pub pods: usize,
    /// Containers of each pod.
    pub containers: usize,
}

impl Crowd {
    /// A Deployment of that name with no pods yet, one container each.
    #[must_use]
    pub fn of(namespace: &str, name: &str, image: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into(), image: image.into(), nodes: 0, pods: 0, containers: 1 }
    }
}

impl Kubernetes {
    /// Puts a crowd into the cluster. Nothing moves its pods, and nothing brings back those that are deleted.
    ///
    /// # Errors
    /// When one of its objects is there already.
    pub fn crowd(&self, crowd: &Crowd) -> Result<(), ApiError> {
        let now = Timestamp::now();
        let made = now.checked_sub(SignedDuration::from_hours(50)).unwrap_or(now);
        self.ensure_namespace(&crowd.namespace, made);
        for index in 1..=crowd.nodes {
            let (second, third) = (index / 250, index % 250 + 1);
            let (name, internal) = (format!("crowd-worker-{index:04}"), format!("10.30.{second}.{third}"));
            let external = format!("198.51.{}.{third}", 100 + second);
            self.store.create(Kind::Node, nodes::node(&name, &internal, Some(&external), false, made), made)?;
        }
        let deployment = self.store.create(Kind::Deployment, deployment(crowd, made), made)?;
        let set = self.store.create(Kind::ReplicaSet, replica_set(crowd, &deployment), made)?;
        for index in 0..crowd.pods {
            let pod = self.store.create(Kind::Pod, pod(crowd, &set, index, made), made)?;
            self.logs.start(text(&pod, "/metadata/uid"), made);
        }
        Ok(())
    }
}

fn labels(crowd: &Crowd) -> Value {
    json!({"app.kubernetes.io/name": crowd.name})
}

/// The name of the Deployment's only ReplicaSet.
fn set_name(crowd: &Crowd) -> String {
    format!("{}-6d4f9c7b58", crowd.name)
}

fn container_name(index: usize) -> String {
    if index == 0 { "app".to_owned() } else { format!("side-{index}") }
}

fn template(crowd: &Crowd) -> Value {
    let containers: Vec<Value> = (0..crowd.containers)
        .map(|index| {
            json!({
                "name": container_name(index), "image": format!("{}:0.10.4", crowd.image),
                "imagePullPolicy": "IfNotPresent",
                "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "50m", "memory": "128Mi"}},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            })
        })
        .collect();
    let mut labels = labels(crowd);
    labels["pod-template-hash"] = json!("6d4f9c7b58");
    json!({
        "metadata": {"labels": labels},
        "spec": {
            "containers": containers, "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30,
        },
    })
}

fn deployment(crowd: &Crowd, made: Timestamp) -> Value {
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": time(made), "lastUpdateTime": time(made),
        })
    };
    let set = set_name(crowd);
    json!({
        "metadata": {
            "name": crowd.name, "namespace": crowd.namespace, "labels": labels(crowd),
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {
            "replicas": crowd.pods, "selector": {"matchLabels": labels(crowd)}, "template": template(crowd),
            "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        },
        "status": {
            "observedGeneration": 1, "replicas": crowd.pods, "updatedReplicas": crowd.pods,
            "readyReplicas": crowd.pods, "availableReplicas": crowd.pods,
            "conditions": [
                condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
                condition(
                    "Progressing", "NewReplicaSetAvailable",
                    &format!("ReplicaSet \"{set}\" has successfully progressed."),
                ),
            ],
        },
    })
}

fn replica_set(crowd: &Crowd, deployment: &Value) -> Value {
    let template = template(crowd);
    json!({
        "metadata": {
            "name": set_name(crowd), "namespace": crowd.namespace, "labels": template["metadata"]["labels"],
            "annotations": {
                "deployment.kubernetes.io/revision": "1",
                "deployment.kubernetes.io/desired-replicas": crowd.pods.to_string(),
            },
            "ownerReferences": [owner("Deployment", deployment)],
        },
        "spec": {
            "replicas": crowd.pods, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template,
        },
        "status": {
            "observedGeneration": 1, "replicas": crowd.pods, "readyReplicas": crowd.pods,
            "availableReplicas": crowd.pods, "fullyLabeledReplicas": crowd.pods,
        },
    })
}

fn owner(kind: &str, object: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

fn pod(crowd: &Crowd, set: &Value, index: usize, made: Timestamp) -> Value {
    let template = template(crowd);
    let node = match crowd.nodes {
        0 => format!("refinery-worker-{}", index % 2 + 1),
        nodes => format!("crowd-worker-{:04}", index % nodes + 1),
    };
    let mut spec = template["spec"].clone();
    spec["nodeName"] = json!(node);
    spec["serviceAccountName"] = json!("default");
    spec["enableServiceLinks"] = json!(true);
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    spec["priority"] = json!(0);
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": time(made)});
    let statuses: Vec<Value> = (0..crowd.containers)
        .map(|at| {
            json!({
                "name": container_name(at), "image": format!("{}:0.10.4", crowd.image),
                "imageID": format!("{}@sha256:{:064x}", crowd.image, 4),
                "containerID": format!("containerd://{:064x}", index * 100 + at),
                "ready": true, "started": true, "restartCount": 0,
                "state": {"running": {"startedAt": time(made)}}, "lastState": {},
            })
        })
        .collect();
    let address = format!("10.{}.{}.{}", 64 + index / 62_500, index / 250 % 250, index % 250 + 2);
    json!({
        "metadata": {
            "name": format!("{}-{}", set_name(crowd), suffix(index)), "namespace": crowd.namespace,
            "generateName": format!("{}-", set_name(crowd)), "labels": template["metadata"]["labels"],
            "ownerReferences": [owner("ReplicaSet", set)],
        },
        "spec": spec,
        "status": {
            "phase": "Running", "qosClass": "Burstable", "startTime": time(made),
            "hostIP": "10.30.0.1", "hostIPs": [{"ip": "10.30.0.1"}], "podIP": address, "podIPs": [{"ip": address}],
            "conditions": [
                condition("PodReadyToStartContainers"), condition("Initialized"), condition("Ready"),
                condition("ContainersReady"), condition("PodScheduled"),
            ],
            "containerStatuses": statuses,
        },
    })
}

/// Five letters, other ones for each number, as Kubernetes gives them.
fn suffix(mut number: usize) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = [b'b'; 5];
    for letter in text.iter_mut().rev() {
        *letter = LETTERS[number % LETTERS.len()];
        number /= LETTERS.len();
    }
    text.iter().copied().map(char::from).collect()
}
