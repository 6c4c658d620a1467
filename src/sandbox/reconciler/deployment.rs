//! The Deployment controller: a ReplicaSet for each template, rolled over within surge and unavailability.

use std::{collections::HashMap, time::Instant};

use serde_json::{Value, json};

use super::{Turn, condition, events, replicaset};
use crate::sandbox::kubernetes::{
    kind::Kind,
    store::{number, text, time},
};

const REVISION: &str = "deployment.kubernetes.io/revision";

/// When each Deployment last made progress, and what it looked like.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<String, (Value, Instant)>);

impl Memory {
    /// One pass over all Deployments.
    pub(super) fn step(&mut self, turn: &mut Turn<'_>) {
        for deployment in turn.cluster.store().list(Kind::Deployment) {
            self.step_one(turn, &deployment);
        }
    }

    fn step_one(&mut self, turn: &mut Turn<'_>, deployment: &Value) {
        let all = turn.cluster.store().list(Kind::ReplicaSet);
        let uid = text(deployment, "/metadata/uid");
        let own = all.into_iter().filter(|set| text(set, "/metadata/ownerReferences/0/uid") == uid);
        let hash = template_hash(&deployment["spec"]["template"]);
        let (new, mut old): (Vec<_>, Vec<_>) =
            own.partition(|set| text(set, "/metadata/labels/pod-template-hash") == hash);
        let Some(new) = new.into_iter().next() else {
            self.create(turn, deployment, &old, &hash);
            return;
        };
        let new = bump_revision(turn, deployment, new, &old);
        if deployment["spec"]["paused"] != true {
            if text(deployment, "/spec/strategy/type") == "Recreate" {
                recreate(turn, deployment, &new, &old);
            } else {
                roll(turn, deployment, &new, &old);
            }
        }
        self.write_status(turn, deployment, &new, &old);
        let finished = old.iter().all(|set| replicas(set) == 0 && number(set, "/status/replicas") == 0);
        let limit = usize::try_from(number(deployment, "/spec/revisionHistoryLimit")).unwrap_or(10);
        if finished && old.len() > limit {
            old.sort_by_key(revision);
            for set in &old[..old.len() - limit] {
                let _ = turn.cluster.store().remove(Kind::ReplicaSet, namespace(set), text(set, "/metadata/name"));
            }
        }
    }

    fn create(&mut self, turn: &Turn<'_>, deployment: &Value, old: &[Value], hash: &str) {
        let name = format!("{}-{hash}", text(deployment, "/metadata/name"));
        let mut template = deployment["spec"]["template"].clone();
        template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
        let mut selector = deployment["spec"]["selector"].clone();
        selector["matchLabels"]["pod-template-hash"] = json!(hash);
        let total: i64 = old.iter().map(replicas).sum();
        let count = if text(deployment, "/spec/strategy/type") == "Recreate" {
            0
        } else {
            (replicas(deployment) + surge(deployment) - total).clamp(0, replicas(deployment))
        };
        let object = json!({
            "metadata": {
                "name": name,
                "namespace": deployment["metadata"]["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": {
                    REVISION: (old.iter().map(revision).max().unwrap_or(0) + 1).to_string(),
                    "deployment.kubernetes.io/desired-replicas": replicas(deployment).to_string(),
                    "deployment.kubernetes.io/max-replicas": (replicas(deployment) + surge(deployment)).to_string(),
                },
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment["metadata"]["name"],
                    "uid": deployment["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "spec": {"replicas": count, "selector": selector, "template": template},
            "status": {"replicas": 0},
        });
        let _ = turn.cluster.store().create(Kind::ReplicaSet, object, turn.now);
        scaled(turn, deployment, &name, 0, count);
        self.0.remove(text(deployment, "/metadata/uid"));
    }

    fn write_status(&mut self, turn: &mut Turn<'_>, deployment: &Value, new: &Value, old: &[Value]) {
        let sum = |pointer: &str| old.iter().chain([new]).map(|set| number(set, pointer)).sum::<i64>();
        let desired = replicas(deployment);
        let (total, updated) = (sum("/status/replicas"), number(new, "/status/replicas"));
        let (ready, available) = (sum("/status/readyReplicas"), sum("/status/availableReplicas"));
        let mut status = deployment["status"].clone();
        status["observedGeneration"] = deployment["metadata"]["generation"].clone();
        let counts = [
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("unavailableReplicas", (desired.max(total) - available).max(0)),
        ];
        for (name, count) in counts {
            if count > 0 {
                status[name] = json!(count);
            } else if let Some(fields) = status.as_object_mut() {
                fields.remove(name);
            }
        }
        let minimum = available >= desired - max_unavailable(deployment);
        let words = if minimum {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        condition::set(&mut status["conditions"], "Available", minimum, words, turn.now);

        let complete = updated == desired && total == desired && available == desired;
        let look = json!([deployment["metadata"]["generation"], new["metadata"]["uid"], total, updated, ready]);
        let uid = text(deployment, "/metadata/uid").to_owned();
        let progressed = self.0.get(&uid).is_none_or(|(before, _)| *before != look);
        if progressed {
            self.0.insert(uid.clone(), (look, turn.instant));
        }
        let since = self.0.get(&uid).map_or(turn.instant, |(_, since)| *since);
        let seconds = u64::try_from(number(deployment, "/spec/progressDeadlineSeconds")).unwrap_or(600);
        let deadline = turn.pace.progress_deadline.unwrap_or(std::time::Duration::from_secs(seconds));
        let name = text(new, "/metadata/name");
        let (good, reason, text) = if complete {
            (true, "NewReplicaSetAvailable", format!("ReplicaSet \"{name}\" has successfully progressed."))
        } else if turn.due(since + deadline) {
            (false, "ProgressDeadlineExceeded", format!("ReplicaSet \"{name}\" has timed out progressing."))
        } else {
            (true, "ReplicaSetUpdated", format!("ReplicaSet \"{name}\" is progressing."))
        };
        condition::set(&mut status["conditions"], "Progressing", good, (reason, &text), turn.now);
        let old_conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
        for one in status["conditions"].as_array_mut().into_iter().flatten() {
            let before = old_conditions.iter().find(|before| before["type"] == one["type"]);
            let same =
                before.is_some_and(|before| before["status"] == one["status"] && before["reason"] == one["reason"]);
            let moved = progressed && one["type"] == "Progressing" && !complete;
            if !same || moved || one.get("lastUpdateTime").is_none() {
                one["lastUpdateTime"] = json!(time(turn.now));
            }
        }
        let key = (namespace(deployment), self::text(deployment, "/metadata/name"));
        let revision = new["metadata"]["annotations"][REVISION].clone();
        let change = |object: &mut Value| {
            object["metadata"]["annotations"][REVISION] = revision;
            object["status"] = status;
            Ok(())
        };
        let _ = turn.cluster.store().modify(Kind::Deployment, key, change);
    }
}

/// A template that was used before becomes the newest revision again.
fn bump_revision(turn: &Turn<'_>, deployment: &Value, new: Value, old: &[Value]) -> Value {
    let newest = old.iter().map(revision).max().unwrap_or(0);
    if revision(&new) > newest {
        return new;
    }
    let change = |set: &mut Value| {
        set["metadata"]["annotations"][REVISION] = json!((newest + 1).to_string());
        Ok(())
    };
    turn.cluster
        .store()
        .modify(Kind::ReplicaSet, (namespace(deployment), text(&new, "/metadata/name")), change)
        .unwrap_or(new)
}

/// One step of a rolling update, by the rules of the real controller.
fn roll(turn: &Turn<'_>, deployment: &Value, new: &Value, old: &[Value]) {
    let desired = replicas(deployment);
    let total: i64 = old.iter().chain([new]).map(replicas).sum();
    let room = desired + surge(deployment) - total;
    if replicas(new) > desired {
        set_replicas(turn, new, desired);
        return;
    }
    if replicas(new) < desired && room > 0 {
        set_replicas(turn, new, replicas(new) + room.min(desired - replicas(new)));
        return;
    }
    let minimum = desired - max_unavailable(deployment);
    let new_unavailable = replicas(new) - number(new, "/status/availableReplicas");
    let mut may_go = total - minimum - new_unavailable;
    let mut left: Vec<i64> = old.iter().map(replicas).collect();
    // Pods that don't work go first: they cost no availability.
    for (set, left) in old.iter().zip(&mut left) {
        let unhealthy = *left - number(set, "/status/availableReplicas");
        let gone = unhealthy.min(may_go).max(0);
        *left -= gone;
        may_go -= gone;
    }
    let available: i64 = old.iter().chain([new]).map(|set| number(set, "/status/availableReplicas")).sum();
    let mut may_go = may_go.min(available - minimum);
    for left in &mut left {
        let gone = (*left).min(may_go).max(0);
        *left -= gone;
        may_go -= gone;
    }
    for (set, left) in old.iter().zip(left) {
        set_replicas(turn, set, left);
    }
}

/// All old pods go before the new ones come.
fn recreate(turn: &Turn<'_>, deployment: &Value, new: &Value, old: &[Value]) {
    for set in old {
        set_replicas(turn, set, 0);
    }
    let pods = turn.cluster.store().list(Kind::Pod);
    let running = pods.iter().any(|pod| {
        let owner = text(pod, "/metadata/ownerReferences/0/uid");
        old.iter().any(|set| text(set, "/metadata/uid") == owner)
    });
    if !running {
        set_replicas(turn, new, replicas(deployment));
    }
}

/// Says that a ReplicaSet is to have more pods, or fewer.
fn scaled(turn: &Turn<'_>, deployment: &Value, set: &str, from: i64, to: i64) {
    if from == to {
        return;
    }
    let way = if to > from { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {set} from {from} to {to}");
    let source = events::Source::Component("deployment-controller");
    events::tell(turn, deployment, source, ("Normal", "ScalingReplicaSet"), &message);
}

fn set_replicas(turn: &Turn<'_>, set: &Value, count: i64) {
    let owner = text(set, "/metadata/ownerReferences/0/name");
    if let Some(deployment) = turn.cluster.store().get(Kind::Deployment, namespace(set), owner) {
        scaled(turn, &deployment, text(set, "/metadata/name"), replicas(set), count);
    }
    let change = |set: &mut Value| {
        set["spec"]["replicas"] = json!(count);
        Ok(())
    };
    let _ = turn.cluster.store().modify(Kind::ReplicaSet, (namespace(set), text(set, "/metadata/name")), change);
}

fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

fn replicas(object: &Value) -> i64 {
    number(object, "/spec/replicas")
}

fn revision(set: &Value) -> u64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// How many pods may be there above the wanted number.
fn surge(deployment: &Value) -> i64 {
    portion(&deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"], replicas(deployment), true)
}

/// How many of the wanted pods may be missing.
fn max_unavailable(deployment: &Value) -> i64 {
    let wanted = replicas(deployment);
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        return wanted;
    }
    let missing = portion(&deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], wanted, false);
    // Both zero would never move.
    if missing == 0 && surge(deployment) == 0 { 1 } else { missing.min(wanted) }
}

/// A number of pods or a percentage, 25 % by default.
fn portion(value: &Value, of: i64, up: bool) -> i64 {
    if let Some(count) = value.as_i64() {
        return count;
    }
    let percent = value.as_str().and_then(|text| text.trim_end_matches('%').parse::<i64>().ok()).unwrap_or(25);
    if up { (of * percent + 99) / 100 } else { of * percent / 100 }
}

/// The hash in the names of ReplicaSets: FNV-1a of the template, spelt as Kubernetes spells it.
fn template_hash(template: &Value) -> String {
    let hash = template
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| replicaset::encode(u64::from(digit), 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_round_as_kubernetes_rounds() {
        assert_eq!(portion(&json!("25%"), 2, true), 1);
        assert_eq!(portion(&json!("25%"), 2, false), 0);
        assert_eq!(portion(&Value::Null, 10, true), 3);
        assert_eq!(portion(&json!(2), 10, false), 2);
    }

    #[test]
    fn hashes_differ_with_the_template_and_fit_names() {
        let hash = template_hash(&json!({"spec": {"image": "a:1"}}));
        assert_ne!(hash, template_hash(&json!({"spec": {"image": "a:2"}})));
        assert!(
            hash.len() >= 6 && hash.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
            "{hash}"
        );
    }
}
