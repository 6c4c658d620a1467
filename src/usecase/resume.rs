//! After a restart: the rollouts that the last process was following are found in the log and followed on.

use std::time::Duration;

use tracing::{info, warn};

use super::{publish::Committed, service::Service};
use crate::{
    domain::{
        catalogue::{Site, Target},
        command::Mutation,
        commit::CommitRecord,
        name::Tag,
    },
    ports::ReplierAt,
};

/// How many commits of the log are looked at.
const LOOK_BACK: usize = 500;

impl Service {
    /// Follows on with every commit of ours whose rollout may still be under way, in its own message.
    pub async fn resume(&self, repliers: &dyn ReplierAt) {
        self.first_fetch().await;
        let log = match self.0.ports.repository.log(LOOK_BACK).await {
            Ok(log) => log,
            Err(error) => {
                warn!(%error, "unfinished rollouts could not be looked for");
                return;
            }
        };
        let now = self.0.ports.clock.now();
        for record in log {
            let age = Duration::try_from(now.duration_since(record.committed_at)).unwrap_or_default();
            if age >= self.0.settings.follow.deadline {
                continue;
            }
            let Some((site, mutation, committed)) = self.read_back(record) else { continue };
            let Some(address) = committed.reply_to.clone() else { continue };
            let Some(replier) = repliers.at(&address) else { continue };
            info!(revision = %committed.revision, site = site.label(), "following on");
            let report = self.report(site, mutation, &committed, None);
            // Dropping the handle lets the task go on: nobody waits for this one.
            drop(self.follow(report, committed.at, replier, Some(address)));
        }
    }

    /// Reads site and mutation back from a commit of ours.
    fn read_back(&self, record: CommitRecord) -> Option<(Site, Mutation, Committed)> {
        let (from, to) = record.change()?;
        let mutation = match record.subject.split_once('(')?.0 {
            "deploy" => Mutation::Deploy(Tag::new(to.clone()).ok()?),
            "scale" => Mutation::SetReplicas(to.parse().ok()?),
            _ => return None,
        };
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
        };
        Some((site, mutation, committed))
    }
}
