//! What the manifests say already, followed until the cluster runs it. A CI job that is run again after its rollout
//! failed finds nothing to change, and must not take that for success.

use std::{sync::Arc, time::Duration};

use super::service::Service;
use crate::{
    domain::{
        answer::{Answer, RolloutReport},
        catalogue::Site,
        command::Mutation,
        rollout::Stage,
    },
    ports::Replier,
};

impl Service {
    /// Follows the branch's head, in which the mutation is so already, as if it had just been pushed; ends with the last
    /// answer. `None` when the head isn't known, which it is after such an answer.
    pub async fn follow_standing(&self, site: Site, mutation: Mutation, replier: Arc<dyn Replier>) -> Option<Answer> {
        let branch = self.0.repositories.of(&site.environment);
        let revision = branch.repository.known_head()?;
        let report = RolloutReport {
            url: branch.commit_url(&revision),
            site,
            to: mutation.value(),
            mutation,
            from: None,
            revision,
            stage: Stage::Committed,
            elapsed: Duration::ZERO,
            delivered_before: false,
            unchecked: None,
            shared: None,
        };
        self.follow(report, self.0.clock.now(), replier, None, false).await.ok()
    }
}
