//! `/get_pods`: the pods of every site that is asked for, side by side; a site whose answer is missing spoils no other.

use futures_util::{StreamExt, stream};

use super::service::Service;
use crate::domain::{
    answer::{Answer, Refusal},
    catalogue::{Site, Target},
    pod::{PodList, PodsReport, pods_report},
    unanswered::Unanswered,
};

/// How many sites are asked about at once.
const AT_ONCE: usize = 16;

impl Service {
    pub(super) async fn pods(&self, target: &Target) -> Answer {
        let sites = match self.0.settings.catalogue.sites(target) {
            Ok(sites) => sites,
            Err(error) => return Answer::Refused(Refusal::Question(error)),
        };
        let reports =
            stream::iter(sites).map(|site| async move { PodsReport { pods: self.pods_of(&site).await, site } });
        Answer::Pods(reports.buffered(AT_ONCE).collect().await)
    }

    async fn pods_of(&self, site: &Site) -> Result<Option<PodList>, Unanswered> {
        let pods = self.0.pods.as_ref().ok_or(Unanswered::NotConfigured)?;
        let fleet = pods.fleet(&site.environment.workload).await?;
        Ok(fleet.map(|fleet| pods_report(&fleet, &site.image, self.0.clock.now())))
    }
}
