//! After a restart: the rollouts that the last process was following are found in the log and followed on.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{task::JoinHandle, time::Instant};
use tracing::{info, warn};

use super::{publish::Committed, repositories::Branch, service::Service};
use crate::{
    domain::{
        catalogue::{RepositoryBranch, Site, Target},
        command::Mutation,
        commit::CommitRecord,
    },
    ports::{ReplierAt, RepositoryError},
};

/// How many commits of the log are looked at first, and at most.
const LOOK_BACK: usize = 500;
const FARTHEST: usize = 32_000;

/// The waits between tries to read the log, in seconds; the last one is repeated.
const PAUSES: [u64; 5] = [1, 2, 5, 10, 30];

impl Service {
    /// Follows on with every commit of ours whose rollout may still be under way, in its own message. The task ends
    /// when they are found; a repository that is away is asked again as long as one of them may be young enough. Each is
    /// read by itself, so that none waits for another.
    pub fn resume(&self, repliers: Arc<dyn ReplierAt>) -> JoinHandle<()> {
        let mut searches = Vec::new();
        for key in self.0.repositories.keys() {
            let (service, repliers, key) = (self.clone(), Arc::clone(&repliers), key.clone());
            searches.push(self.0.tasks.spawn(async move {
                tokio::select! {
                    () = service.find_unfinished(&key, repliers.as_ref()) => {}
                    () = service.0.stop.cancelled() => {}
                }
            }));
        }
        self.0.tasks.spawn(async move { drop(join_all(searches).await) })
    }

    async fn find_unfinished(&self, key: &RepositoryBranch, repliers: &dyn ReplierAt) {
        let branch = self.0.repositories.at(key);
        let repository = branch.label.as_deref();
        let over = Instant::now() + self.0.settings.follow.deadline;
        let mut pauses = PAUSES.into_iter().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        loop {
            match self.young_commits(branch).await {
                Ok(log) => return log.into_iter().for_each(|record| self.follow_on(key, record, repliers)),
                Err(error) if Instant::now() < over => {
                    warn!(repository, %error, "unfinished rollouts cannot be looked for yet");
                    tokio::time::sleep(Duration::from_secs(pauses.next().unwrap_or(1))).await;
                }
                Err(error) => return warn!(repository, %error, "unfinished rollouts could not be looked for"),
            }
        }
    }

    /// The commits of a branch that are younger than the follower's deadline, newest first.
    async fn young_commits(&self, branch: &Branch) -> Result<Vec<CommitRecord>, RepositoryError> {
        branch.first_fetch().await?;
        let now = self.0.clock.now();
        let is_young = |record: &CommitRecord| {
            let age = Duration::try_from(now.duration_since(record.committed_at)).unwrap_or_default();
            age < self.0.settings.follow.deadline
        };
        let mut limit = LOOK_BACK;
        loop {
            let mut log = branch.repository.log(limit).await?;
            let all = log.len() < limit || limit >= FARTHEST || !log.last().is_some_and(is_young);
            if all {
                log.retain(is_young);
                return Ok(log);
            }
            limit *= 4;
        }
    }

    fn follow_on(&self, key: &RepositoryBranch, record: CommitRecord, repliers: &dyn ReplierAt) {
        let Some((site, mutation, committed)) = self.read_back(record) else { return };
        // A branch that another one was merged into has that one's commits as well.
        if site.environment.repository != *key {
            return;
        }
        let Some(address) = committed.reply_to.clone() else { return };
        let Some(replier) = repliers.at(&address) else { return };
        info!(revision = %committed.revision, site = site.label(), "following on");
        let report = self.report(site, mutation, &committed, None);
        // Dropping the handle lets the task go on: nobody waits for this one.
        drop(self.follow(report, committed.at, replier, Some(address), false));
    }

    /// Reads site and mutation back from a commit of ours.
    fn read_back(&self, record: CommitRecord) -> Option<(Site, Mutation, Committed)> {
        let mutation = record.mutation()?;
        let (from, to) = record.change()?;
        let trailers = record.trailers?;
        let target = Target { application: Some(trailers.application), environment: Some(trailers.environment) };
        let site = self.0.settings.catalogue.site(&target).ok()?;
        let committed = Committed {
            revision: record.revision,
            at: record.committed_at,
            from,
            to,
            delivered_before: false,
            reply_to: trailers.reply_to,
            shared: trailers.shared,
            unseen: vec![],
        };
        Some((site, mutation, committed))
    }
}
