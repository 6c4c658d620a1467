//! Fetches that several commands wait for: one serves all who asked before it began.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::ports::{ManifestRepository, RepositoryError};

/// The fetches that commands asked for themselves, of one repository.
#[derive(Default)]
pub(super) struct Fetches {
    /// How many have begun, and how many have ended.
    begun: AtomicU64,
    ended: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether one has succeeded in the life of the process.
    ever: bool,
    last: Option<Result<(), RepositoryError>>,
}

/// What had been done when somebody asked.
struct Asked {
    begun: u64,
    ended: u64,
}

impl Fetches {
    /// Fetches once in the life of the process: after that the requests of an earlier process can be found.
    pub(super) async fn first(&self, repository: &dyn ManifestRepository) -> Result<(), RepositoryError> {
        let asked = self.asked();
        let mut state = self.state.lock().await;
        if state.ever { Ok(()) } else { self.fetch(&mut state, repository, &asked).await }
    }

    /// Fetches now, or waits for a fetch that begins after this call.
    pub(super) async fn fresh(&self, repository: &dyn ManifestRepository) -> Result<(), RepositoryError> {
        let asked = self.asked();
        self.fetch(&mut *self.state.lock().await, repository, &asked).await
    }

    fn asked(&self) -> Asked {
        Asked { begun: self.begun.load(Ordering::SeqCst), ended: self.ended.load(Ordering::SeqCst) }
    }

    async fn fetch(
        &self,
        state: &mut State,
        repository: &dyn ManifestRepository,
        asked: &Asked,
    ) -> Result<(), RepositoryError> {
        match &state.last {
            Some(Ok(())) if self.begun.load(Ordering::SeqCst) > asked.begun => return Ok(()),
            // It failed while this one waited for its turn; asking again would only make a queue.
            Some(Err(error)) if self.ended.load(Ordering::SeqCst) > asked.ended => return Err(error.clone()),
            _ => {}
        }
        // One that is given up before its end tells nothing.
        state.last = None;
        self.begun.fetch_add(1, Ordering::SeqCst);
        let result = repository.fetch().await.map(drop);
        self.ended.fetch_add(1, Ordering::SeqCst);
        state.ever |= result.is_ok();
        state.last = Some(result.clone());
        result
    }
}
