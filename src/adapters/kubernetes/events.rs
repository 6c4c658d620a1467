//! Events of `v1`, as kubectl reads them.

use k8s_openapi::api::core::v1 as api;
use kube::api::ListParams;

use super::{Kubernetes, error::bounded};
use crate::domain::{event::Event, unanswered::Unanswered};

impl Kubernetes {
    pub(super) async fn list_events(
        &self,
        namespace: &str,
        about: Option<(&str, &str)>,
    ) -> Result<Vec<Event>, Unanswered> {
        let parameters = match about {
            Some((kind, name)) => {
                ListParams::default().fields(&format!("involvedObject.kind={kind},involvedObject.name={name}"))
            }
            None => ListParams::default(),
        };
        self.list(namespace, parameters, |event: api::Event| Some(read(event))).await
    }
}

fn read(event: api::Event) -> Event {
    let series = event.series.as_ref();
    // As `kubectl events` sorts: pkg/cmd/events of kubernetes/kubectl.
    let at = series.and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let at = at.or(event.last_timestamp.as_ref().map(|time| time.0));
    let at = at.or(event.event_time.as_ref().map(|time| time.0));
    let count = series.and_then(|series| series.count).or(event.count).unwrap_or(1);
    let object = event.involved_object;
    Event {
        at: at.or(event.metadata.creation_timestamp.map(|time| time.0)),
        count: u32::try_from(count).unwrap_or(1),
        warning: event.type_.as_deref() == Some("Warning"),
        kind: object.kind.unwrap_or_default(),
        name: object.name.unwrap_or_default(),
        uid: object.uid.unwrap_or_default(),
        reason: event.reason.unwrap_or_default(),
        message: bounded(&event.message.unwrap_or_default()),
    }
}
