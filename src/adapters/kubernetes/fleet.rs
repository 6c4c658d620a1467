//! A Deployment and the ReplicaSets that it owns.

use k8s_openapi::{
    api::apps::v1::{Deployment, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::error::bounded;
use crate::domain::pod;

/// The Deployment controller's number of a template, on the Deployment and on its ReplicaSets.
const TEMPLATE: &str = "deployment.kubernetes.io/revision";

/// The Deployment alone.
pub(super) fn of(deployment: &Deployment) -> pod::Fleet {
    let replicas = deployment.spec.as_ref().map_or(0, |spec| spec.replicas.unwrap_or(1));
    let conditions = deployment.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let failure = conditions.iter().find(|one| one.type_ == "ReplicaFailure" && one.status == "True");
    pod::Fleet {
        desired: u32::try_from(replicas).unwrap_or(0),
        uid: deployment.metadata.uid.clone().unwrap_or_default(),
        replica_sets: Vec::new(),
        pods: Vec::new(),
        cannot_create: failure.and_then(|one| one.message.as_deref().or(one.reason.as_deref())).map(bounded),
    }
}

/// A ReplicaSet, when the Deployment is its owner.
pub(super) fn replica_set(deployment: &Deployment, set: &ReplicaSet) -> Option<pod::ReplicaSet> {
    let owner = controller(&set.metadata)?;
    if Some(&owner.uid) != deployment.metadata.uid.as_ref() {
        return None;
    }
    let template = template(&deployment.metadata);
    Some(pod::ReplicaSet {
        name: set.metadata.name.clone().unwrap_or_default(),
        uid: set.metadata.uid.clone()?,
        // Before the controller has numbered the template there is none that is newer.
        newest: template.is_none() || self::template(&set.metadata) == template,
    })
}

/// The object that controls this one.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.as_deref()?.iter().find(|owner| owner.controller == Some(true))
}

fn template(metadata: &ObjectMeta) -> Option<&String> {
    metadata.annotations.as_ref()?.get(TEMPLATE)
}
