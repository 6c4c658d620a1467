//! Kubernetes' events: what controllers, the scheduler and the kubelets say of objects.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    catalogue::{Site, Workload},
    pod::{Fleet, since},
    unanswered::Unanswered,
};

/// An event of `v1`, which is what kubectl reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// When it happened last: `series.lastObservedTime`, else `lastTimestamp`, else `eventTime`, as `kubectl events` sorts.
    pub at: Option<Timestamp>,
    /// How often it happened: `series.count`, else `count`.
    pub count: u32,
    /// Whether `type` is `Warning`.
    pub warning: bool,
    /// `involvedObject.kind`.
    pub kind: String,
    /// `involvedObject.name`.
    pub name: String,
    /// `involvedObject.uid`, empty when there is none.
    pub uid: String,
    /// `reason`, such as `FailedScheduling`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

/// The events of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventsReport {
    /// Where.
    pub site: Site,
    /// The events, newest first; `None` when the configured Deployment doesn't exist.
    pub events: Result<Option<EventList>, Unanswered>,
}

/// Events, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EventList {
    /// The newest ones.
    pub events: Vec<EventReport>,
    /// How many there are in all.
    pub total: usize,
}

/// One event of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventReport {
    /// Time since it happened last.
    pub ago: Option<Duration>,
    /// How often it happened.
    pub count: u32,
    /// Whether it is a warning.
    pub warning: bool,
    /// The object's kind.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The reason in one word.
    pub reason: String,
    /// What happened.
    pub message: String,
}

/// No list has more events than this.
const MOST: usize = 100;

/// Whether an event is about the Deployment, one of its ReplicaSets, or one of its pods, be they gone or not.
#[must_use]
pub fn concerns(event: &Event, workload: &Workload, fleet: &Fleet) -> bool {
    let of_set = |name: &str| {
        // Pods that are gone are known by their ReplicaSet's name before five letters.
        let made_by = |set: &str| name.strip_prefix(set).and_then(|rest| rest.strip_prefix('-'));
        fleet.replica_sets.iter().any(|set| made_by(&set.name).is_some_and(|rest| !rest.contains('-')))
    };
    match event.kind.as_str() {
        "Deployment" => event.name == workload.name && (event.uid.is_empty() || event.uid == fleet.uid),
        "HorizontalPodAutoscaler" => event.name == workload.name,
        "ReplicaSet" => fleet.replica_sets.iter().any(|set| set.uid == event.uid || set.name == event.name),
        "Pod" => fleet.pods.iter().any(|pod| pod.uid == event.uid) || of_set(&event.name),
        _ => false,
    }
}

/// The list of some events: newest first, the same ones in a stable order.
#[must_use]
pub fn event_list(mut events: Vec<Event>, now: Timestamp) -> EventList {
    events.sort_by(|one, other| {
        other.at.cmp(&one.at).then_with(|| (&one.name, &one.reason).cmp(&(&other.name, &other.reason)))
    });
    let total = events.len();
    let report = |event: Event| EventReport {
        ago: event.at.map(|at| since(now, at)),
        count: event.count.max(1),
        warning: event.warning,
        kind: event.kind,
        name: event.name,
        reason: event.reason,
        message: event.message,
    };
    EventList { events: events.into_iter().take(MOST).map(report).collect(), total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pod::{Pod, ReplicaSet};

    fn fleet() -> Fleet {
        let set = |name: &str| ReplicaSet { name: name.into(), uid: format!("uid-{name}"), newest: true };
        Fleet {
            uid: "uid-app".into(),
            replica_sets: vec![set("app-5c6b"), set("app-7f9d")],
            pods: vec![Pod { name: "app-7f9d-abcde".into(), uid: "uid-pod".into(), ..Pod::default() }],
            ..Fleet::default()
        }
    }

    #[test]
    fn events_of_the_deployment_and_what_it_owns() {
        let workload = Workload { namespace: "oil".into(), name: "app".into() };
        for (kind, name, uid, expected) in [
            ("Deployment", "app", "uid-app", true),
            ("Deployment", "app", "", true),
            // One of the same name that is gone.
            ("Deployment", "app", "uid-before", false),
            ("Deployment", "app-2", "uid-2", false),
            ("ReplicaSet", "app-5c6b", "uid-app-5c6b", true),
            ("ReplicaSet", "app-worker-5c6b", "uid-x", false),
            ("Pod", "app-7f9d-abcde", "uid-pod", true),
            ("Pod", "app-5c6b-gone1", "uid-gone", true),
            ("Pod", "app-worker-5c6b-abcde", "uid-x", false),
            ("Pod", "app-5c6b-x-y", "uid-x", false),
            ("HorizontalPodAutoscaler", "app", "uid-h", true),
            ("Node", "app", "uid-n", false),
        ] {
            let event = Event { kind: kind.into(), name: name.into(), uid: uid.into(), ..Event::default() };
            assert_eq!(concerns(&event, &workload, &fleet()), expected, "{kind} {name} {uid}");
        }
    }

    #[test]
    fn the_newest_come_first_and_a_list_has_an_end() {
        let at = |second| Timestamp::from_second(second).ok();
        let event = |second, reason: &str| Event { at: at(second), reason: reason.into(), ..Event::default() };
        let mut events = vec![event(5, "b"), event(9, "c"), event(5, "a"), Event::default()];
        let list = event_list(events.clone(), at(10).expect("a time"));
        assert_eq!(list.events.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), ["c", "a", "b", ""]);
        assert_eq!((list.events[0].ago, list.events[3].ago), (Some(Duration::from_secs(1)), None));
        events.extend((0..300).map(|second| event(second, "x")));
        let list = event_list(events, at(1000).expect("a time"));
        assert_eq!((list.events.len(), list.total), (100, 304));
    }
}
