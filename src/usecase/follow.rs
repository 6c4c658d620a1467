//! The follower: watches a pushed commit by its revision until it is live, or says why not.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tracing::{debug, error, info, warn};

use super::service::Service;
use crate::{
    domain::{
        answer::{Answer, RolloutReport},
        command::Mutation,
        name::{ReplyAddress, Revision},
        observation::Observation,
        rollout::{Doubt, Hint, Look, Stage, Standing, Wanted, judge},
    },
    ports::{Cluster, ClusterError, Replier, ReplyError},
};

/// How rollouts are followed.
#[derive(Debug, Clone, Copy)]
pub struct FollowSettings {
    /// How long after the commit a rollout may take.
    pub deadline: Duration,
    /// How often the cluster is looked at.
    pub interval: Duration,
    /// How often Argo CD is asked to compare again until it has seen the commit (a request can be lost: fixed in 3.5.2).
    pub refresh: Duration,
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(600), interval: Duration::from_secs(1), refresh: Duration::from_secs(10) }
    }
}

/// How many looks in a row may find no Application before the follower gives up.
const MISSING_LOOKS: u32 = 5;

/// The waits between tries to show the end of a rollout: the chat may be away for some minutes.
const END_PAUSES: [u64; 8] = [2, 5, 10, 20, 30, 60, 60, 60];

/// A rollout that is followed now.
pub(super) struct Followed {
    /// The message that its follower edits.
    address: Option<ReplyAddress>,
    latest: watch::Receiver<Answer>,
}

/// The message that shows a rollout.
struct View {
    replier: Arc<dyn Replier>,
    address: Option<ReplyAddress>,
    /// What it shows, as far as is known.
    shown: Option<Stage>,
}

/// Takes a rollout off the list when its follower ends, however that comes about.
struct Seat<'a> {
    following: &'a Mutex<HashMap<Revision, Followed>>,
    revision: Revision,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.following.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.revision);
    }
}

impl Service {
    /// Follows a commit in the background; the task ends with the last answer. `shown` tells whether the message shows
    /// the report already.
    ///
    /// A commit that is followed already is not watched twice: another message gets what the first one gets.
    pub(super) fn follow(
        &self,
        report: RolloutReport,
        committed_at: Timestamp,
        replier: Arc<dyn Replier>,
        address: Option<ReplyAddress>,
        shown: bool,
    ) -> JoinHandle<Answer> {
        let service = self.clone();
        let revision = report.revision.clone();
        let mut following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = following.get(&revision) {
            let latest = followed.latest.clone();
            let view = (address.is_none() || address != followed.address).then_some((replier, address));
            return self.0.tasks.spawn(async move { service.look_on(latest, view).await });
        }
        let (tell, latest) = watch::channel(Answer::Rollout(report.clone()));
        following.insert(revision.clone(), Followed { address: address.clone(), latest });
        drop(following);
        let view = View { replier, address, shown: shown.then_some(report.stage.clone()) };
        self.0.tasks.spawn(async move {
            let _seat = Seat { following: &service.0.following, revision };
            tokio::select! {
                () = service.run(report, committed_at, view, &tell) => {}
                () = service.0.stop.cancelled() => {}
            }
            tell.borrow().clone()
        })
    }

    /// What the follower of a commit found out last, when there is one and it edits this very message.
    pub(super) fn followed(&self, revision: &Revision, address: Option<&ReplyAddress>) -> Option<Answer> {
        let following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = following.get(revision)?;
        (address.is_some() && followed.address.as_ref() == address).then(|| followed.latest.borrow().clone())
    }

    /// Shows what another task finds out, in a message of its own, when it is one.
    async fn look_on(
        &self,
        mut latest: watch::Receiver<Answer>,
        view: Option<(Arc<dyn Replier>, Option<ReplyAddress>)>,
    ) -> Answer {
        loop {
            let answer = latest.borrow_and_update().clone();
            match &view {
                Some((replier, address)) if answer.is_final() => {
                    show_end(replier.as_ref(), address.as_ref(), &answer).await;
                }
                Some((replier, address)) => {
                    if let Err(error) = replier.replace(address.as_ref(), &answer).await {
                        warn!(%error, "the rollout's progress could not be shown");
                    }
                }
                None => {}
            }
            if answer.is_final() {
                return answer;
            }
            tokio::select! {
                changed = latest.changed() => if changed.is_err() { return answer },
                () = self.0.stop.cancelled() => return answer,
            }
        }
    }

    /// Watches until the end and shows it; a fault of the watch itself is an end as well.
    async fn run(&self, report: RolloutReport, committed_at: Timestamp, mut view: View, tell: &watch::Sender<Answer>) {
        let watching = self.watch(report.clone(), committed_at, &mut view, tell);
        let last = AssertUnwindSafe(watching).catch_unwind().await.unwrap_or_else(|_| {
            error!(revision = %report.revision, site = report.site.label(), "the follower broke off");
            let reason = Some("the follower broke off".to_owned());
            RolloutReport { stage: Stage::NotFollowed { reason }, elapsed: self.since(committed_at), ..report }
        });
        info!(revision = %last.revision, site = last.site.label(), stage = ?last.stage, "rollout ended");
        let is_shown = view.shown.as_ref() == Some(&last.stage);
        let answer = Answer::Rollout(last);
        tell.send_replace(answer.clone());
        if is_shown {
            return;
        }
        show_end(view.replier.as_ref(), view.address.as_ref(), &answer).await;
    }

    async fn watch(
        &self,
        mut report: RolloutReport,
        committed_at: Timestamp,
        view: &mut View,
        tell: &watch::Sender<Answer>,
    ) -> RolloutReport {
        let follow = self.0.settings.follow;
        let deadline = Instant::now() + follow.deadline.saturating_sub(self.since(committed_at));
        let mut watch = Watch::default();
        loop {
            let stage = match &self.0.cluster {
                None => Stage::NotFollowed { reason: None },
                Some(cluster) => self.look(cluster.as_ref(), &report, &mut watch).await,
            };
            let stage =
                if Instant::now() >= deadline && !stage.is_final() { watch.timed_out(follow.deadline) } else { stage };
            report.elapsed = self.elapsed(&stage, watch.live_since, committed_at);
            let changed = stage != report.stage;
            report.stage = stage;
            if report.stage.is_final() {
                return report;
            }
            if changed {
                debug!(revision = %report.revision, stage = ?report.stage, "rollout");
                tell.send_replace(Answer::Rollout(report.clone()));
            }
            if view.shown.as_ref() != Some(&report.stage) {
                match view.replier.replace(view.address.as_ref(), &Answer::Rollout(report.clone())).await {
                    Ok(()) | Err(ReplyError::Rejected(_)) => view.shown = Some(report.stage.clone()),
                    // The next look tries again.
                    Err(error @ ReplyError::Unavailable(_)) => {
                        warn!(%error, "the rollout's progress could not be shown");
                    }
                }
            }
            tokio::time::sleep(follow.interval).await;
        }
    }

    /// One look at the cluster.
    async fn look(&self, cluster: &dyn Cluster, report: &RolloutReport, watch: &mut Watch) -> Stage {
        let environment = &report.site.environment;
        if watch.refreshed.is_none_or(|at| at.elapsed() >= self.0.settings.follow.refresh) {
            watch.refreshed = Some(Instant::now());
            if let Err(error) = cluster.refresh(environment).await {
                debug!(%error, "refresh");
            }
        }
        let observation = match cluster.observe(environment).await {
            Ok(observation) => observation,
            Err(ClusterError::NotFound { .. }) if report.mutation == Mutation::Remove => return Stage::Removed,
            // Its Application is made by a controller that looks at the branch now and then.
            Err(error @ ClusterError::NotFound { .. }) if report.site.is_review() => {
                return watch.waits_for_application(&error, &report.stage);
            }
            Err(error) => return watch.blind(error, &report.stage),
        };
        let operated = observation.operation.as_ref().and_then(|operation| operation.revision.as_ref());
        let compared = self.standing(report, observation.revision.as_ref()).await;
        let operated = self.standing(report, operated).await;
        if compared != Standing::Before {
            // Argo CD has seen it: no need to ask again soon.
            watch.refreshed = Some(Instant::now());
        }
        let look = Look {
            at: self.0.clock.now(),
            observation: &observation,
            compared: &compared,
            operated: &operated,
            wanted: &Wanted::of(&report.site.image, &report.mutation),
        };
        let judgement = judge(&look, watch.doubt.as_ref());
        watch.saw(&observation);
        watch.doubt = judgement.doubt;
        watch.last = Some(judgement.hint.unwrap_or_else(|| Hint::Message(state(&observation))));
        judgement.stage
    }

    /// Where a revision that Argo CD names stands against the followed commit.
    async fn standing(&self, report: &RolloutReport, revision: Option<&Revision>) -> Standing {
        let commit = &report.revision;
        let branch = self.0.repositories.of(&report.site.environment);
        match revision {
            Some(revision) if revision == commit => Standing::Exact,
            Some(revision) if branch.ancestry.descends(branch.repository.as_ref(), commit, revision).await => {
                Standing::Later(revision.clone())
            }
            _ => Standing::Before,
        }
    }

    fn since(&self, then: Timestamp) -> Duration {
        Duration::try_from(self.0.clock.now().duration_since(then)).unwrap_or_default()
    }

    /// Time from the commit to now, or for what is live to the moment when it became so, where Argo CD tells.
    fn elapsed(&self, stage: &Stage, live_since: Option<Timestamp>, committed_at: Timestamp) -> Duration {
        let now = self.since(committed_at);
        match (stage, live_since) {
            (Stage::Live { .. }, Some(at)) if at >= committed_at => {
                Duration::try_from(at.duration_since(committed_at)).map_or(now, |elapsed| elapsed.min(now))
            }
            _ => now,
        }
    }
}

/// Shows the end of a rollout. Nothing comes after it, so a chat that is away for a while is asked again.
async fn show_end(replier: &dyn Replier, address: Option<&ReplyAddress>, answer: &Answer) {
    let mut pauses = END_PAUSES.into_iter().map(Duration::from_secs);
    while let Err(error) = replier.replace(address, answer).await {
        warn!(%error, "the end of the rollout could not be shown");
        match (error, pauses.next()) {
            (ReplyError::Unavailable(_), Some(pause)) => tokio::time::sleep(pause).await,
            _ => return,
        }
    }
}

/// What the follower remembers from one look to the next.
#[derive(Default)]
struct Watch {
    refreshed: Option<Instant>,
    /// Whether the cluster was ever seen.
    seen: bool,
    missing: u32,
    doubt: Option<Doubt>,
    live_since: Option<Timestamp>,
    /// What was last seen to be in the way, for the message when the time is over.
    last: Option<Hint>,
}

impl Watch {
    fn saw(&mut self, observation: &Observation) {
        let finished = observation.operation.as_ref().and_then(|operation| operation.finished_at);
        self.live_since = match observation.health_since {
            // Health may have been good since before the operation.
            Some(healthy) => Some(finished.map_or(healthy, |finished| finished.max(healthy))),
            // What is there already at the first look came about before it: the end of the operation is the nearest
            // that is known.
            None if !self.seen => finished,
            None => None,
        };
        self.seen = true;
        self.missing = 0;
    }

    /// The stage when the cluster could not be looked at.
    fn blind(&mut self, error: ClusterError, stage: &Stage) -> Stage {
        let reason = error.to_string();
        self.last = Some(Hint::Message(reason.clone()));
        match error {
            ClusterError::Unavailable(_) => stage.clone(),
            // A cache of the API server may lag behind; an Application that is really not there stays so.
            ClusterError::NotFound { .. } if self.missing + 1 < MISSING_LOOKS => {
                self.missing += 1;
                stage.clone()
            }
            ClusterError::NotFound { .. } | ClusterError::Forbidden(_) => Stage::NotFollowed { reason: Some(reason) },
        }
    }

    /// The stage while there is no Application yet, and one is sure to be made.
    fn waits_for_application(&mut self, error: &ClusterError, stage: &Stage) -> Stage {
        self.last = Some(Hint::NoApplication(error.to_string()));
        stage.clone()
    }

    /// The stage when the time is over. What nobody has seen may be live: after a restart it may even have been
    /// announced.
    fn timed_out(&self, after: Duration) -> Stage {
        match self.seen {
            true => Stage::TimedOut { after, last: self.last.clone().map(Box::new) },
            false => Stage::NotFollowed { reason: Some(self.last.as_ref().map(Hint::to_string).unwrap_or_default()) },
        }
    }
}

/// The state in Argo CD's own words, for when nothing better is known.
fn state(observation: &Observation) -> String {
    format!("{:?}, {:?}", observation.sync, observation.health)
}
