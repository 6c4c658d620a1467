//! Whether the revision that Argo CD names has the followed commit in its history.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::debug;

use crate::{domain::name::Revision, ports::ManifestRepository};

/// How many answers are kept.
const REMEMBERED: usize = 10_000;

/// How long after a fetch on behalf of an unknown revision the next one is made for it: somebody else may have pushed
/// it, it may be of another repository, or the remote may be away.
const AGAIN: Duration = Duration::from_secs(30);

/// What was asked before. Bounded: when it is full it is forgotten, and asked again.
#[derive(Default)]
pub(super) struct Ancestry {
    /// Between two known revisions the answer never changes.
    known: Mutex<HashMap<(Revision, Revision), bool>>,
    /// When the remote was last asked for an unknown revision.
    asked: Mutex<HashMap<Revision, Instant>>,
}

impl Ancestry {
    /// Whether `revision` has `commit` in its history, as far as is known now.
    pub(super) async fn descends(
        &self,
        repository: &dyn ManifestRepository,
        commit: &Revision,
        revision: &Revision,
    ) -> bool {
        let key = (commit.clone(), revision.clone());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let contains = async |ancestor, descendant| match repository.contains(ancestor, descendant).await {
            Ok(contains) => contains,
            Err(error) => {
                debug!(%error, "the history could not be read");
                false
            }
        };
        if !contains(revision, revision).await {
            if !self.may_ask(revision) {
                return false;
            }
            if let Err(error) = repository.fetch().await {
                debug!(%error, %revision, "an unknown revision could not be fetched");
            }
        }
        let descends = contains(commit, revision).await;
        if descends || (contains(commit, commit).await && contains(revision, revision).await) {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key, descends);
        }
        descends
    }

    /// Whether the remote may be asked for an unknown revision now; notes that it is.
    fn may_ask(&self, revision: &Revision) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.get(revision).is_some_and(|at| at.elapsed() < AGAIN) {
            return false;
        }
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        asked.insert(revision.clone(), Instant::now());
        true
    }
}
