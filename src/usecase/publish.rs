//! The publisher: one writer per repository and branch, which turns waiting jobs into commits and pushes them together.

mod writer;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use self::writer::Writer;

use crate::{
    domain::{
        actor::Actor,
        answer::{Failure, Refusal},
        catalogue::Site,
        command::Mutation,
        name::{ReplyAddress, RequestId, Revision},
    },
    ports::{Clock, ManifestRepository},
};

/// The publisher's bounds.
#[derive(Debug, Clone, Copy)]
pub struct PublishSettings {
    /// How many jobs may wait; one more is refused as busy.
    pub queue: usize,
    /// How many jobs go out in one push.
    pub batch: usize,
    /// How often a job is planned again after a lost race or a broken connection.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each, up to two seconds.
    pub backoff: Duration,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { queue: 1_000, batch: 200, attempts: 20, backoff: Duration::from_millis(30) }
    }
}

/// A mutation that waits to be published.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) request_id: RequestId,
    pub(super) actor: Actor,
    pub(super) site: Site,
    pub(super) mutation: Mutation,
    pub(super) reply_to: Option<ReplyAddress>,
}

/// What a job came to.
#[derive(Debug, Clone)]
pub(super) enum Published {
    /// A commit is on the branch.
    Committed(Committed),
    /// There was nothing to change.
    AlreadySo,
}

/// A commit on the branch.
#[derive(Debug, Clone)]
pub(super) struct Committed {
    pub(super) revision: Revision,
    pub(super) at: Timestamp,
    pub(super) from: Option<String>,
    pub(super) to: String,
    /// Whether an earlier delivery of the request made it.
    pub(super) delivered_before: bool,
    /// Where the reply stands, as the commit tells.
    pub(super) reply_to: Option<ReplyAddress>,
}

/// Why a job came to nothing.
#[derive(Debug, Clone)]
pub(super) enum PublishError {
    /// It is refused for good.
    Refused(Box<Refusal>),
    /// Something broke.
    Failed(Failure),
    /// The program is stopping; the job was not started.
    Stopping,
}

impl PublishError {
    fn refused(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

type Outcome = Result<Published, PublishError>;
type Waiting = (Job, oneshot::Sender<Outcome>);

/// The way to the writer of one repository and branch.
#[derive(Clone)]
pub struct Publisher {
    queue: mpsc::Sender<Waiting>,
}

impl Publisher {
    /// Starts the writer; it ends when every `Publisher` is gone and the queue is empty.
    #[must_use]
    pub fn start(repository: Arc<dyn ManifestRepository>, clock: Arc<dyn Clock>, settings: PublishSettings) -> Self {
        let (queue, jobs) = mpsc::channel(settings.queue.max(1));
        tokio::spawn(Writer { repository, clock, settings }.run(jobs));
        Self { queue }
    }

    /// Publishes one job and waits for its outcome.
    pub(super) async fn publish(&self, job: Job) -> Outcome {
        let (tell, outcome) = oneshot::channel();
        match self.queue.try_send((job, tell)) {
            Ok(()) => outcome.await.unwrap_or(Err(PublishError::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PublishError::refused(Refusal::Busy)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(PublishError::Stopping),
        }
    }
}
