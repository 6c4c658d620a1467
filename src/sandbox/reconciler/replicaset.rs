//! The ReplicaSet controller: as many pods as asked for; and the garbage collector for what has lost its owner.

use serde_json::{Value, json};

use super::{Turn, events};
use crate::sandbox::kubernetes::{
    kind::Kind,
    mark_deleted,
    store::{number, random, text},
};

/// The letters of generated names, as Kubernetes has them.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Who speaks of ReplicaSets.
const CONTROLLER: events::Source<'_> = events::Source::Component("replicaset-controller");

/// One pass over all ReplicaSets.
pub(super) fn step(turn: &mut Turn<'_>) {
    let store = turn.cluster.store();
    let pods = store.list(Kind::Pod);
    let sets = store.list(Kind::ReplicaSet);
    for set in &sets {
        if !owner_lives(turn, set, Kind::Deployment) {
            let _ = store.remove(Kind::ReplicaSet, text(set, "/metadata/namespace"), text(set, "/metadata/name"));
            continue;
        }
        scale(turn, set, &pods);
    }
    for pod in pods.iter().filter(|pod| !owner_lives(turn, pod, Kind::ReplicaSet)) {
        delete_pod(turn, pod);
    }
}

/// The pods of a ReplicaSet that aren't being deleted.
pub(super) fn owned<'a>(owner: &Value, pods: &'a [Value]) -> Vec<&'a Value> {
    let uid = text(owner, "/metadata/uid");
    let live = pods.iter().filter(|pod| pod["metadata"].get("deletionTimestamp").is_none());
    live.filter(|pod| text(pod, "/metadata/ownerReferences/0/uid") == uid).collect()
}

/// Whether a pod's Ready condition is true.
pub(super) fn is_ready(pod: &Value) -> bool {
    super::condition::get(pod, "Ready").is_some_and(|condition| condition["status"] == "True")
}

/// Text that Kubernetes lets stand in names, from a number.
pub(super) fn encode(mut number: u64, length: usize) -> String {
    let mut text = String::new();
    for _ in 0..length {
        text.push(char::from(LETTERS[usize::try_from(number % 27).unwrap_or(0)]));
        number /= 27;
    }
    text
}

fn owner_lives(turn: &Turn<'_>, object: &Value, kind: Kind) -> bool {
    let owner = &object["metadata"]["ownerReferences"][0];
    if owner.is_null() {
        return true;
    }
    let found = turn.cluster.store().get(kind, text(object, "/metadata/namespace"), text(owner, "/name"));
    found.is_some_and(|found| found["metadata"]["uid"] == owner["uid"])
}

fn scale(turn: &Turn<'_>, set: &Value, pods: &[Value]) {
    let mut own = owned(set, pods);
    let wanted = usize::try_from(number(set, "/spec/replicas")).unwrap_or(0);
    for _ in own.len()..wanted {
        if let Ok(pod) = turn.cluster.store().create(Kind::Pod, new_pod(set), turn.now) {
            let message = format!("Created pod: {}", text(&pod, "/metadata/name"));
            events::tell(turn, set, CONTROLLER, ("Normal", "SuccessfulCreate"), &message);
        }
    }
    // The ones that aren't ready go first, then the youngest.
    own.sort_by_key(|pod| (is_ready(pod), std::cmp::Reverse(text(pod, "/metadata/creationTimestamp").to_owned())));
    for pod in own.iter().take(own.len().saturating_sub(wanted)) {
        delete_pod(turn, pod);
        let message = format!("Deleted pod: {}", text(pod, "/metadata/name"));
        events::tell(turn, set, CONTROLLER, ("Normal", "SuccessfulDelete"), &message);
    }
    let left = own.len().min(wanted);
    let kept: Vec<_> = own.into_iter().rev().take(left).collect();
    let ready = kept.iter().filter(|pod| is_ready(pod)).count();
    let mut status = json!({
        "replicas": kept.len().max(wanted),
        "observedGeneration": set["metadata"]["generation"],
    });
    for (name, count) in
        [("fullyLabeledReplicas", kept.len().max(wanted)), ("readyReplicas", ready), ("availableReplicas", ready)]
    {
        if count > 0 {
            status[name] = json!(count);
        }
    }
    let key = (text(set, "/metadata/namespace"), text(set, "/metadata/name"));
    let change = |object: &mut Value| {
        object["status"] = status;
        Ok(())
    };
    let _ = turn.cluster.store().modify(Kind::ReplicaSet, key, change);
}

fn new_pod(set: &Value) -> Value {
    let template = &set["spec"]["template"];
    let name = text(set, "/metadata/name");
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!(format!("{name}-{}", encode(random(), 5)));
    metadata["generateName"] = json!(format!("{name}-"));
    metadata["namespace"] = set["metadata"]["namespace"].clone();
    metadata["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": set["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }]);
    let mut spec = template["spec"].clone();
    spec["enableServiceLinks"] = json!(true);
    spec["serviceAccountName"] = json!("default");
    spec["serviceAccount"] = json!("default");
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    spec["priority"] = json!(0);
    spec["tolerations"] = json!([
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
    ]);
    json!({"metadata": metadata, "spec": spec, "status": {"phase": "Pending", "qosClass": "Burstable"}})
}

fn delete_pod(turn: &Turn<'_>, pod: &Value) {
    let key = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    let change = |pod: &mut Value| {
        mark_deleted(pod, turn.now);
        Ok(())
    };
    let _ = turn.cluster.store().modify(Kind::Pod, key, change);
}
