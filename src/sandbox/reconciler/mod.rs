//! Plays Argo CD, the Deployment controller, the scheduler and the kubelets: from the remote's branch to ready pods.

mod applicationset;
mod apply;
mod argocd;
mod compare;
mod condition;
mod deployment;
mod events;
mod health;
mod kubelet;
mod kustomize;
mod operation;
mod replicaset;
mod yaml;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::Notify;

pub(super) use self::yaml::documents as read_yaml;
use super::{
    kubernetes::{Kubernetes, kind::Kind, store::text},
    registry::Registry,
    remote::Remote,
};

/// How fast the world moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at the branch without being asked; Argo CD itself takes two to three minutes.
    pub poll: Duration,
    /// From the wish to compare with git until it is done.
    pub reconcile: Duration,
    /// How long a sync operation runs.
    pub sync: Duration,
    /// Before a failed sync is tried again for the first time; doubles every time.
    pub retry: Duration,
    /// From a pod's turn until it is ready; pods come up one by one.
    pub pod: Duration,
    /// How long a pod takes to stop.
    pub stop: Duration,
    /// How long a broken container runs before it crashes.
    pub crash: Duration,
    /// Before a crashed container is started again for the first time, and before a missing image is looked for again;
    /// doubles every time, up to five minutes.
    pub backoff: Duration,
    /// `spec.progressDeadlineSeconds` in its place, when set.
    pub progress_deadline: Option<Duration>,
}

impl Pace {
    /// A rollout in a few seconds, to be watched.
    #[must_use]
    pub fn playground() -> Self {
        Self {
            poll: Duration::from_secs(30),
            reconcile: Duration::from_millis(400),
            sync: Duration::from_millis(800),
            retry: Duration::from_secs(2),
            pod: Duration::from_millis(1500),
            stop: Duration::from_millis(600),
            crash: Duration::from_millis(800),
            backoff: Duration::from_secs(4),
            progress_deadline: Some(Duration::from_secs(20)),
        }
    }

    /// A rollout in some milliseconds, for tests.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            poll: Duration::from_secs(2),
            reconcile: Duration::from_millis(5),
            sync: Duration::from_millis(10),
            retry: Duration::from_millis(5),
            pod: Duration::from_millis(10),
            stop: Duration::from_millis(5),
            crash: Duration::from_millis(5),
            backoff: Duration::from_millis(20),
            progress_deadline: Some(Duration::from_millis(250)),
        }
    }

    /// Everything at once, as for a world that has been there for long.
    fn at_once(&self) -> Self {
        let zero = Duration::ZERO;
        Self { reconcile: zero, sync: zero, pod: zero, stop: zero, crash: zero, ..self.clone() }
    }
}

/// What goes wrong on purpose, and what the reconciler is told from outside.
#[derive(Debug, Default)]
struct Script {
    paused: bool,
    fail_syncs: Option<String>,
    lose_refreshes: u32,
    broken_tags: Vec<String>,
}

/// The switches of the reconciler.
#[derive(Debug, Default)]
pub struct Controls {
    script: Mutex<Script>,
    changed: Notify,
}

impl Controls {
    /// Stops Argo CD: nothing is compared and nothing synced until it goes on. Pods still move.
    pub fn pause(&self, paused: bool) {
        self.change(|script| script.paused = paused);
    }

    /// Lets every sync fail with this message, or ends that.
    pub fn fail_syncs(&self, message: Option<&str>) {
        self.change(|script| script.fail_syncs = message.map(str::to_owned));
    }

    /// Loses the next refreshes, as Argo CD up to 3.5.1 does when a reconcile is running: the annotation goes away and
    /// nothing is compared.
    pub fn lose_refreshes(&self, count: u32) {
        self.change(|script| script.lose_refreshes = count);
    }

    /// Lets containers of images with this tag crash, as those do whose tag ends in `-broken`.
    pub fn break_tag(&self, tag: &str) {
        self.change(|script| script.broken_tags.push(tag.to_owned()));
    }

    /// Lets such containers run again.
    pub fn mend_tag(&self, tag: &str) {
        self.change(|script| script.broken_tags.retain(|one| one != tag));
    }

    fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script());
        self.changed.notify_one();
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The controllers of the cluster.
pub(super) struct Reconciler {
    cluster: Arc<Kubernetes>,
    registry: Arc<Registry>,
    remote: Remote,
    pace: Pace,
    controls: Arc<Controls>,
    sets: applicationset::Memory,
    argocd: argocd::Memory,
    deployments: deployment::Memory,
    kubelet: kubelet::Memory,
}

/// One pass over the cluster: what the controllers work with.
struct Turn<'a> {
    cluster: &'a Kubernetes,
    registry: &'a Registry,
    remote: &'a Remote,
    pace: &'a Pace,
    controls: &'a Controls,
    /// The moment, for waiting.
    instant: Instant,
    /// The moment, for the objects.
    now: Timestamp,
    /// When something is due that no change announces.
    wake: Option<Instant>,
}

impl Turn<'_> {
    /// Whether a moment has come; remembers to wake up for it otherwise.
    fn due(&mut self, at: Instant) -> bool {
        if at <= self.instant {
            return true;
        }
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
        false
    }
}

impl Reconciler {
    pub(super) fn new(
        cluster: Arc<Kubernetes>,
        registry: Arc<Registry>,
        remote: Remote,
        pace: Pace,
        controls: Arc<Controls>,
    ) -> Self {
        Self {
            cluster,
            registry,
            remote,
            pace,
            controls,
            sets: applicationset::Memory::default(),
            argocd: argocd::Memory::default(),
            deployments: deployment::Memory::default(),
            kubelet: kubelet::Memory::default(),
        }
    }

    /// Brings everything to where it would be long after `then`, without waiting.
    pub(super) fn settle(&mut self, then: Timestamp) {
        let pace = self.pace.at_once();
        for _ in 0..1000 {
            let before = self.cluster.store().version();
            let wake = self.pass(&pace, then);
            if self.cluster.store().version() == before && wake.is_none_or(|wake| wake > Instant::now()) {
                break;
            }
        }
        // All that was long ago, and events are kept for an hour.
        for event in self.cluster.store().list(Kind::Event) {
            let key = (text(&event, "/metadata/namespace"), text(&event, "/metadata/name"));
            let _ = self.cluster.store().remove(Kind::Event, key.0, key.1);
        }
        // The last comparison is a recent one.
        self.argocd.compare_again();
        self.pass(&pace, Timestamp::now());
    }

    /// Works for ever: a pass whenever something changed or is due.
    pub(super) async fn run(mut self) {
        let (mut objects, mut images) = (self.cluster.store().subscribe(), self.registry.subscribe());
        let (pace, controls) = (self.pace.clone(), Arc::clone(&self.controls));
        loop {
            objects.mark_unchanged();
            images.mark_unchanged();
            let wake = self.pass(&pace, Timestamp::now());
            let due = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                _ = objects.changed() => {}
                _ = images.changed() => {}
                () = controls.changed.notified() => {}
            }
        }
    }

    fn pass(&mut self, pace: &Pace, now: Timestamp) -> Option<Instant> {
        let controls = Arc::clone(&self.controls);
        let mut turn = Turn {
            cluster: &self.cluster,
            registry: &self.registry,
            remote: &self.remote,
            pace,
            controls: &controls,
            instant: Instant::now(),
            now,
            wake: None,
        };
        self.sets.step(&mut turn);
        self.argocd.step(&mut turn);
        self.deployments.step(&mut turn);
        replicaset::step(&mut turn);
        self.kubelet.step(&mut turn);
        turn.wake
    }
}
