//! The three nodes that the cluster starts with.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::store::time;

/// A control-plane node and two workers.
pub(super) fn nodes(now: Timestamp) -> Vec<Value> {
    vec![
        node("refinery-control-1", "10.20.0.10", None, true, now),
        node("refinery-worker-1", "10.20.0.11", Some("203.0.113.11"), false, now),
        node("refinery-worker-2", "10.20.0.12", Some("203.0.113.12"), false, now),
    ]
}

/// Sets a node's Ready condition.
pub(super) fn set_ready(condition: &mut Value, ready: bool, now: Timestamp) {
    let (status, reason, message) = if ready {
        ("True", "KubeletReady", "kubelet is posting ready status")
    } else {
        ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    };
    condition["status"] = json!(status);
    condition["reason"] = json!(reason);
    condition["message"] = json!(message);
    condition["lastTransitionTime"] = json!(time(now));
}

/// Sets or lifts a taint.
pub(super) fn taint(node: &mut Value, key: &str, effects: &[&str], on: bool) {
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != key);
    if on {
        taints.extend(effects.iter().map(|effect| json!({"key": key, "effect": effect})));
    }
    if taints.is_empty() {
        node["spec"].as_object_mut().map(|spec| spec.remove("taints"));
    } else {
        node["spec"]["taints"] = json!(taints);
    }
}

pub(super) fn node(name: &str, internal: &str, external: Option<&str>, control_plane: bool, now: Timestamp) -> Value {
    let created = now.checked_sub(SignedDuration::from_hours(24 * 97)).unwrap_or(now);
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    });
    let role = if control_plane { "control-plane" } else { "worker" };
    labels[format!("node-role.kubernetes.io/{role}")] = json!("");
    let last = internal.rsplit('.').next().unwrap_or("0");
    let cidr = format!("10.244.{last}.0/24");
    let mut addresses = vec![json!({"type": "InternalIP", "address": internal})];
    if let Some(external) = external {
        addresses.push(json!({"type": "ExternalIP", "address": external}));
    }
    addresses.push(json!({"type": "Hostname", "address": name}));
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "False", "reason": reason, "message": message,
            "lastHeartbeatTime": time(now), "lastTransitionTime": time(created),
        })
    };
    let mut ready = json!({"type": "Ready", "lastHeartbeatTime": time(now)});
    set_ready(&mut ready, true, created);
    let mut node = json!({
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
            "creationTimestamp": time(created),
        },
        "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
        "status": {
            "addresses": addresses,
            "allocatable": {
                "cpu": "3920m", "ephemeral-storage": "95491281146", "hugepages-2Mi": "0", "memory": "7654321Ki", "pods": "110",
            },
            "capacity": {
                "cpu": "4", "ephemeral-storage": "103622136Ki", "hugepages-2Mi": "0", "memory": "8152321Ki", "pods": "110",
            },
            "conditions": [
                condition("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                ready,
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "5a3d0c5e-5c1e-4d0a-9f0e-2f7f4c1b6a01",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.48+deb13-cloud-amd64",
                "kubeProxyVersion": "",
                "kubeletVersion": if control_plane { "v1.33.5" } else { "v1.33.4" },
                "machineID": format!("{:032x}", internal.len() as u128 * 0x1f3a_5c7e_9b2d),
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
                "systemUUID": "ec2f0c5e-5c1e-4d0a-9f0e-2f7f4c1b6a01",
            },
        },
    });
    if control_plane {
        taint(&mut node, "node-role.kubernetes.io/control-plane", &["NoSchedule"], true);
    }
    node
}
