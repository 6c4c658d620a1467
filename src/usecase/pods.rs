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
    /// Masks secrets in what a program or a controller said: a container may leave the end of its log as its last word.
    pub(super) fn mask(&self, text: &mut String) {
        *text = self.0.settings.mask.apply(text).0;
    }

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
        let fleet = self.port_of_pods()?.fleet(&site.environment.workload).await?;
        Ok(fleet.map(|fleet| {
            let mut list = pods_report(&fleet, &site.image, self.0.clock.now());
            list.pods.iter_mut().filter_map(|pod| pod.why.as_mut()).for_each(|why| self.mask(why.said_mut()));
            list.cannot_create.iter_mut().for_each(|reason| self.mask(reason));
            list
        }))
    }
}
