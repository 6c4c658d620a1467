//! The road of a mutation up to its push: accepted, checked, published; then the follower takes over.

use std::time::Duration;

use tracing::warn;

use super::{
    publish::{Committed, Job, PublishError, Published},
    request::{Handling, Request, Settled},
    service::Service,
};
use crate::{
    domain::{
        actor::Actor,
        answer::{Answer, Refusal, RolloutReport},
        catalogue::Site,
        command::Mutation,
        name::{ReplyAddress, Tag},
        nearest::nearest,
        rollout::{Stage, Wanted, overriding},
    },
    ports::{Cluster, ClusterError, Registry, RegistryError},
};

impl Service {
    /// Carries out a mutation; returns once it is pushed, refused, or found to be so already.
    pub(super) async fn mutate(&self, request: &Request, actor: Actor, site: Site, mutation: Mutation) -> Handling {
        self.first_fetch().await;
        let address = match self.reply_of_earlier_delivery(request).await {
            Some(address) => Some(address),
            None => {
                match request.replier.post(&Answer::Accepted { site: site.clone(), mutation: mutation.clone() }).await {
                    Ok(address) => address,
                    // Nobody would learn what became of it, so nothing is done.
                    Err(error) => {
                        let answer = Answer::Refused(Refusal::ShuttingDown);
                        return self.settled(request, Err(error), Settled { answer, rollout: None });
                    }
                }
            }
        };
        let unchecked = match self.check(request, &site, &mutation).await {
            Ok(unchecked) => unchecked,
            Err(refusal) => return self.conclude(request, address.as_ref(), Answer::Refused(refusal)).await,
        };
        let job = Job {
            request_id: request.id.clone(),
            actor,
            site: site.clone(),
            mutation: mutation.clone(),
            reply_to: address.clone(),
        };
        // The push goes on when the front gives up waiting: a commit is never left without its follower.
        let service = self.clone();
        let publishing = self.0.tasks.spawn(async move { service.0.publisher.publish(job).await });
        let committed = match publishing.await {
            Ok(Ok(Published::Committed(committed))) => committed,
            Ok(Ok(Published::AlreadySo)) => {
                return self.conclude(request, address.as_ref(), Answer::AlreadySo { site, mutation }).await;
            }
            Ok(Err(PublishError::Refused(refusal))) => {
                return self.conclude(request, address.as_ref(), Answer::Refused(*refusal)).await;
            }
            Ok(Err(PublishError::Failed(failure))) => {
                return self.conclude(request, address.as_ref(), Answer::Failed(failure)).await;
            }
            Ok(Err(PublishError::Stopping)) | Err(_) => return Handling::Unsettled,
        };
        let report = self.report(site, mutation, &committed, unchecked);
        let address = committed.reply_to.or(address);
        let shown = request.replier.replace(address.as_ref(), &Answer::Rollout(report.clone())).await;
        let rollout = self.follow(report.clone(), committed.at, request.replier.clone(), address);
        self.settled(request, shown, Settled { answer: Answer::Rollout(report), rollout })
    }

    /// The first report on a commit.
    pub(super) fn report(
        &self,
        site: Site,
        mutation: Mutation,
        committed: &Committed,
        unchecked: Option<String>,
    ) -> RolloutReport {
        RolloutReport {
            site,
            mutation,
            from: committed.from.clone(),
            to: committed.to.clone(),
            url: self.commit_url(&committed.revision),
            revision: committed.revision.clone(),
            stage: Stage::Committed,
            elapsed: Duration::ZERO,
            delivered_before: committed.delivered_before,
            unchecked,
        }
    }

    /// Puts the last answer in the place of the accepted one.
    async fn conclude(&self, request: &Request, address: Option<&ReplyAddress>, answer: Answer) -> Handling {
        let shown = request.replier.replace(address, &answer).await;
        self.settled(request, shown, Settled { answer, rollout: None })
    }

    /// Where the answer to this very request stands, when an earlier delivery was committed.
    async fn reply_of_earlier_delivery(&self, request: &Request) -> Option<ReplyAddress> {
        let record = self.0.ports.repository.find_request(&request.id).await.ok()??;
        record.trailers?.reply_to
    }

    /// Checks what the manifests can't tell. Returns what could not be checked, or why the mutation is refused.
    async fn check(&self, request: &Request, site: &Site, mutation: &Mutation) -> Result<Option<String>, Refusal> {
        let registry = async {
            match (mutation, &self.0.ports.registry) {
                (Mutation::Deploy(tag), Some(registry)) => match check_tag(registry.as_ref(), site, tag).await {
                    Err(Refusal::RegistryDown { detail }) if request.force => Ok(Some(detail)),
                    checked => checked.map(|()| None),
                },
                _ => Ok(None),
            }
        };
        let cluster = async {
            match &self.0.ports.cluster {
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
    let down = |error: RegistryError| Refusal::RegistryDown { detail: error.to_string() };
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
        Err(RegistryError::UnknownImage(_)) => Err(unknown(&[])),
        Err(error) => Err(down(error)),
    }
}

/// Refuses a change that something in the cluster would undo or hide.
async fn check_cluster(cluster: &dyn Cluster, site: &Site, mutation: &Mutation) -> Result<Option<String>, Refusal> {
    let environment = &site.environment;
    let autoscaler = async {
        match mutation {
            Mutation::SetReplicas(_) => cluster.autoscaler(&environment.workload).await,
            Mutation::Deploy(_) => Ok(None),
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
            let overrides = overriding(&observation.overrides, &wanted, &environment.workload.name);
            if !overrides.is_empty() {
                return Err(Refusal::Overridden { site: site.clone(), overrides });
            }
        }
        Err(error) => note(error),
    }
    Ok((!unchecked.is_empty()).then(|| unchecked.join("; ")))
}
