//! The follower: watches a pushed commit by its revision until it is live, or says why not.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinHandle, time::Instant};
use tracing::{debug, info, warn};

use super::service::Service;
use crate::{
    domain::{
        answer::{Answer, RolloutReport},
        name::{ReplyAddress, Revision},
        observation::Observation,
        rollout::{Doubt, Look, Stage, Standing, Wanted, judge},
    },
    ports::{Cluster, ClusterError, Replier},
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

impl Service {
    /// Follows a commit in the background; `None` when it is being followed already.
    pub(super) fn follow(
        &self,
        report: RolloutReport,
        committed_at: Timestamp,
        replier: Arc<dyn Replier>,
        address: Option<ReplyAddress>,
    ) -> Option<JoinHandle<Answer>> {
        let revision = report.revision.clone();
        let new = self.0.following.lock().is_ok_and(|mut following| following.insert(revision.clone()));
        if !new {
            return None;
        }
        let service = self.clone();
        Some(self.0.tasks.spawn(async move {
            let run = service.run(report.clone(), committed_at, replier.as_ref(), address.as_ref());
            let stopped = service.0.stop.cancelled();
            let answer = tokio::select! {
                answer = run => answer,
                () = stopped => Answer::Rollout(report),
            };
            if let Ok(mut following) = service.0.following.lock() {
                following.remove(&revision);
            }
            answer
        }))
    }

    async fn run(
        &self,
        mut report: RolloutReport,
        committed_at: Timestamp,
        replier: &dyn Replier,
        address: Option<&ReplyAddress>,
    ) -> Answer {
        let follow = self.0.settings.follow;
        let deadline = Instant::now() + follow.deadline.saturating_sub(self.since(committed_at));
        let mut watch = Watch::default();
        loop {
            let stage = match &self.0.ports.cluster {
                None => Stage::NotFollowed { reason: None },
                Some(cluster) => self.look(cluster.as_ref(), &report, &mut watch).await,
            };
            let late = Instant::now() >= deadline;
            let stage = if late && !stage.is_final() {
                Stage::TimedOut { after: follow.deadline, last: watch.last.clone() }
            } else {
                stage
            };
            report.elapsed = self.elapsed(&stage, watch.health_since, committed_at);
            let changed = stage != report.stage;
            report.stage = stage;
            if report.stage.is_final() {
                info!(revision = %report.revision, site = report.site.label(), stage = ?report.stage, "rollout ended");
                let answer = Answer::Rollout(report);
                if let Err(error) = replier.replace(address, &answer).await {
                    warn!(%error, "the end of the rollout could not be shown");
                }
                return answer;
            }
            if changed {
                debug!(revision = %report.revision, stage = ?report.stage, "rollout");
                if let Err(error) = replier.replace(address, &Answer::Rollout(report.clone())).await {
                    warn!(%error, "the rollout's progress could not be shown");
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
                watch.last = error.to_string();
            }
        }
        let observation = match cluster.observe(environment).await {
            Ok(observation) => observation,
            Err(error) => return watch.blind(error, &report.stage),
        };
        watch.missing = 0;
        watch.health_since = observation.health_since;
        let operated = observation.operation.as_ref().and_then(|operation| operation.revision.as_ref());
        let compared = self.standing(&report.revision, observation.revision.as_ref()).await;
        let operated = self.standing(&report.revision, operated).await;
        if compared != Standing::Before {
            // Argo CD has seen it: no need to ask again soon.
            watch.refreshed = Some(Instant::now());
        }
        let look = Look {
            at: self.0.ports.clock.now(),
            observation: &observation,
            compared: &compared,
            operated: &operated,
            wanted: &Wanted::of(&report.site.image, &report.mutation),
        };
        let judgement = judge(&look, watch.doubt.as_ref());
        watch.doubt = judgement.doubt;
        watch.last = judgement.hint.map_or_else(|| state(&observation), |hint| hint.to_string());
        judgement.stage
    }

    /// Where a revision that Argo CD names stands against the followed commit.
    async fn standing(&self, commit: &Revision, revision: Option<&Revision>) -> Standing {
        match revision {
            Some(revision) if revision == commit => Standing::Exact,
            Some(revision) if self.descends(commit, revision).await => Standing::Later(revision.clone()),
            _ => Standing::Before,
        }
    }

    /// Whether `revision` has `commit` in its history. Somebody else may have pushed it, so an unknown one is fetched once.
    async fn descends(&self, commit: &Revision, revision: &Revision) -> bool {
        let key = (commit.clone(), revision.clone());
        if let Some(known) = self.0.ancestry.lock().ok().and_then(|ancestry| ancestry.get(&key).copied()) {
            return known;
        }
        let repository = &self.0.ports.repository;
        let contains = || async { repository.contains(commit, revision).await.unwrap_or(false) };
        let descends = if contains().await {
            true
        } else if repository.snapshot(revision).await.is_ok() {
            false
        } else {
            // Not in the mirror yet. Without an answer of the remote nothing is known, so nothing is remembered.
            match repository.fetch().await {
                Ok(_) => contains().await,
                Err(_) => return false,
            }
        };
        if let Ok(mut ancestry) = self.0.ancestry.lock() {
            if ancestry.len() >= REMEMBERED {
                ancestry.clear();
            }
            ancestry.insert(key, descends);
        }
        descends
    }

    fn since(&self, then: Timestamp) -> Duration {
        Duration::try_from(self.0.ports.clock.now().duration_since(then)).unwrap_or_default()
    }

    /// Time from the commit to now, or for what is live to the moment when it became so, where Argo CD tells.
    fn elapsed(&self, stage: &Stage, health_since: Option<Timestamp>, committed_at: Timestamp) -> Duration {
        match (stage, health_since) {
            (Stage::Live { .. }, Some(at)) if at >= committed_at => {
                Duration::try_from(at.duration_since(committed_at)).unwrap_or_default()
            }
            _ => self.since(committed_at),
        }
    }

    /// The commit's page, when the forge's web address is configured.
    pub(super) fn commit_url(&self, revision: &Revision) -> Option<String> {
        let base = self.0.settings.web_url.as_deref()?;
        Some(format!("{}/-/commit/{revision}", base.trim_end_matches('/')))
    }
}

/// How many answers about ancestry are kept.
const REMEMBERED: usize = 10_000;

/// What the follower remembers from one look to the next.
#[derive(Default)]
struct Watch {
    refreshed: Option<Instant>,
    missing: u32,
    doubt: Option<Doubt>,
    health_since: Option<Timestamp>,
    /// What was last seen to be in the way, for the message when the time is over.
    last: String,
}

impl Watch {
    /// The stage when the cluster could not be looked at.
    fn blind(&mut self, error: ClusterError, stage: &Stage) -> Stage {
        self.last = error.to_string();
        match error {
            ClusterError::Unavailable(_) => stage.clone(),
            // A cache of the API server may lag behind; an Application that is really not there stays so.
            ClusterError::NotFound { .. } if self.missing + 1 < MISSING_LOOKS => {
                self.missing += 1;
                stage.clone()
            }
            ClusterError::NotFound { .. } | ClusterError::Forbidden(_) => {
                Stage::NotFollowed { reason: Some(self.last.clone()) }
            }
        }
    }
}

/// The state in Argo CD's own words, for when nothing better is known.
fn state(observation: &Observation) -> String {
    format!("{:?}, {:?}", observation.sync, observation.health)
}
