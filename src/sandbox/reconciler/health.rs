//! The health of resources, by the rules of Argo CD.

use serde_json::Value;

use super::condition;
use crate::sandbox::kubernetes::store::{number, text};

/// Argo CD's health states, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    Healthy,
    Suspended,
    Progressing,
    Missing,
    Degraded,
}

impl Health {
    /// The word in the status.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
        }
    }
}

/// The health of one live resource, or `None` for kinds that have none.
pub(super) fn of(object: &Value) -> Option<Health> {
    match object["kind"].as_str()? {
        "Deployment" => Some(deployment(object)),
        "Service" => Some(Health::Healthy),
        _ => None,
    }
}

fn deployment(object: &Value) -> Health {
    if object["spec"]["paused"] == true {
        return Health::Suspended;
    }
    if number(object, "/status/observedGeneration") < number(object, "/metadata/generation") {
        return Health::Progressing;
    }
    let progressing = condition::get(object, "Progressing");
    if progressing.is_some_and(|condition| text(condition, "/reason") == "ProgressDeadlineExceeded") {
        return Health::Degraded;
    }
    let count = |name: &str| number(object, &format!("/status/{name}"));
    let updated = count("updatedReplicas");
    if updated < number(object, "/spec/replicas") || count("replicas") > updated || count("availableReplicas") < updated
    {
        return Health::Progressing;
    }
    Health::Healthy
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_is_healthy_once_it_is_rolled_out() {
        let deployment = |generation: u64, status: Value| {
            of(&json!({
                "kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": status,
            }))
        };
        let done = json!({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert_eq!(deployment(3, done.clone()), Some(Health::Healthy));
        assert_eq!(deployment(4, done.clone()), Some(Health::Progressing));
        let mut surge = done.clone();
        surge["replicas"] = json!(3);
        assert_eq!(deployment(3, surge), Some(Health::Progressing));
        let mut late = done;
        late["conditions"] = json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]);
        assert_eq!(deployment(3, late), Some(Health::Degraded));
        assert_eq!(of(&json!({"kind": "ConfigMap"})), None);
    }
}
