//! `/events`: what happened lately to an application.

use futures_util::{StreamExt, stream};

use super::service::Service;
use crate::domain::{
    answer::{Answer, Refusal},
    catalogue::{Site, Target},
    event::{EventList, EventsReport, concerns, event_list},
    unanswered::Unanswered,
};

/// How many sites are asked about at once.
const AT_ONCE: usize = 16;

impl Service {
    pub(super) async fn events(&self, target: &Target) -> Answer {
        let sites = match self.0.settings.catalogue.sites(target) {
            Ok(sites) => sites,
            Err(error) => return Answer::Refused(Refusal::Question(error)),
        };
        let reports =
            stream::iter(sites).map(|site| async move { EventsReport { events: self.events_of(&site).await, site } });
        Answer::Events(reports.buffered(AT_ONCE).collect().await)
    }

    async fn events_of(&self, site: &Site) -> Result<Option<EventList>, Unanswered> {
        let workload = &site.environment.workload;
        let pods = self.port_of_pods()?;
        let (fleet, events) = tokio::try_join!(pods.fleet(workload), pods.events(&workload.namespace, None))?;
        let Some(fleet) = fleet else { return Ok(None) };
        let ours = events.into_iter().filter(|event| concerns(event, workload, &fleet)).collect();
        Ok(Some(self.masked(event_list(ours, self.0.clock.now()))))
    }

    /// Masks secrets in what the events say.
    pub(super) fn masked(&self, mut list: EventList) -> EventList {
        list.events.iter_mut().for_each(|event| self.mask(&mut event.message));
        list
    }
}
