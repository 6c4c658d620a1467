//! What is asked before a commit because the manifests can't tell it: the tag, overrides, an autoscaler.

use tracing::warn;

use super::service::Service;
use crate::{
    domain::{
        answer::Refusal,
        catalogue::Site,
        command::Mutation,
        name::{ImageName, Tag},
        nearest::nearest,
        registry_fault::RegistryFault,
        rollout::{Wanted, overriding},
    },
    ports::{Cluster, ClusterError, Registry, RegistryError},
};

impl Service {
    /// Checks what the manifests can't tell. Returns what could not be checked, or why the mutation is refused.
    ///
    /// With `force` a registry that doesn't answer, or doesn't show the image, is only noted.
    pub(super) async fn check(&self, site: &Site, mutation: &Mutation, force: bool) -> Result<Option<String>, Refusal> {
        if *mutation == Mutation::Remove {
            // What goes may be overridden, and its tag be gone.
            return Ok(None);
        }
        let registry = async {
            match (mutation, &self.0.registry) {
                (Mutation::Deploy(tag), Some(registry)) => match check_tag(registry.as_ref(), site, tag).await {
                    Err(Refusal::RegistryDown { fault, .. }) if force => Ok(Some(fault.to_string())),
                    Err(Refusal::NoImage { image, .. }) if force => {
                        Ok(Some(RegistryError::UnknownImage(image).to_string()))
                    }
                    checked => checked.map(|()| None),
                },
                _ => Ok(None),
            }
        };
        let cluster = async {
            match &self.0.cluster {
                Some(cluster) => check_cluster(cluster.as_ref(), site, mutation).await,
                None => Ok(None),
            }
        };
        let (registry, cluster) = tokio::join!(registry, cluster);
        let unchecked: Vec<_> = [registry?, cluster?].into_iter().flatten().collect();
        Ok((!unchecked.is_empty()).then(|| unchecked.join("; ")))
    }
}

/// Refuses a tag that the registry doesn't have.
async fn check_tag(registry: &dyn Registry, site: &Site, tag: &Tag) -> Result<(), Refusal> {
    let unknown = |known: &[Tag]| Refusal::UnknownTag {
        site: site.clone(),
        image: site.image.clone(),
        tag: tag.clone(),
        nearest: nearest(tag.as_str(), known.iter().map(Tag::as_str)),
    };
    match registry.tag(&site.image, tag).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => match registry.tags(&site.image).await {
            Ok(tags) => Err(unknown(&tags)),
            Err(RegistryError::UnknownImage(_)) => Err(unknown(&[])),
            Err(error) => {
                warn!(%error, image = %site.image, "the nearest tags could not be listed");
                Err(unknown(&[]))
            }
        },
        Err(error) => Err(refusal(registry, &site.image, error)),
    }
}

/// What is said when the registry doesn't tell of an image that is to be deployed.
fn refusal(registry: &dyn Registry, image: &ImageName, error: RegistryError) -> Refusal {
    let server = registry.server();
    match error {
        RegistryError::UnknownImage(image) => Refusal::NoImage { image, server, change: true },
        RegistryError::Silent(reason) => {
            Refusal::RegistryDown { image: image.clone(), fault: RegistryFault { server: Some(server), reason } }
        }
    }
}

/// Refuses a change that something in the cluster would undo or hide.
async fn check_cluster(cluster: &dyn Cluster, site: &Site, mutation: &Mutation) -> Result<Option<String>, Refusal> {
    let environment = &site.environment;
    let autoscaler = async {
        match mutation {
            Mutation::SetReplicas(_) => cluster.autoscaler(&environment.workload).await,
            Mutation::Deploy(_) | Mutation::Remove => Ok(None),
        }
    };
    let (autoscaler, observation) = tokio::join!(autoscaler, cluster.observe(environment));
    let mut unchecked = Vec::new();
    let mut note = |error: ClusterError| {
        warn!(site = site.label(), %error, "the cluster could not be checked before the commit");
        let text = error.to_string();
        if !unchecked.contains(&text) {
            unchecked.push(text);
        }
    };
    match autoscaler {
        Ok(Some(autoscaler)) => return Err(Refusal::Autoscaled { site: site.clone(), autoscaler }),
        Ok(None) => {}
        Err(error) => note(error),
    }
    match observation {
        Ok(observation) => {
            let wanted = Wanted::of(&site.image, mutation);
            let overrides = overriding(&observation.overrides, &wanted, environment);
            if !overrides.is_empty() {
                return Err(Refusal::Overridden { site: site.clone(), overrides });
            }
        }
        // The Application of a review environment comes after its commit.
        Err(ClusterError::NotFound { .. }) if site.is_review() => {}
        Err(error) => note(error),
    }
    Ok((!unchecked.is_empty()).then(|| unchecked.join("; ")))
}
