//! The publisher: one writer per repository and branch, which turns waiting jobs into commits and pushes them together.

mod planning;
mod round;
mod writer;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::writer::Writer;

use crate::{
    domain::{
        actor::Actor,
        answer::{Applied, Failure, FailureKind, Refusal},
        catalogue::{Catalogue, Site},
        command::Mutation,
        commit::CommitRecord,
        name::{ReplyAddress, RequestId, Revision},
        plan::Shared,
    },
    ports::{Clock, ManifestRepository, RepositoryError},
};

/// The publisher's bounds.
#[derive(Debug, Clone, Copy)]
pub struct PublishSettings {
    /// How many jobs may wait; one more is refused as busy.
    pub queue: usize,
    /// How many jobs go out in one push.
    pub batch: usize,
    /// How long the first job after a rest waits for others that go out with it.
    pub settle: Duration,
    /// How often a job is planned again after a lost race; after a broken connection a third as often.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each, up to half a second after a lost race, and to two seconds
    /// after a broken connection.
    pub backoff: Duration,
}

impl Default for PublishSettings {
    fn default() -> Self {
        let (settle, backoff) = (Duration::ZERO, Duration::from_millis(30));
        Self { queue: 1_000, batch: 200, settle, attempts: 50, backoff }
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
    /// What could not be checked before.
    pub(super) unchecked: Option<String>,
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
    /// The changed file, when other environments build from it as well.
    pub(super) shared: Option<Shared>,
    /// Where the image or the workload may be, when it was not seen.
    pub(super) unseen: Vec<String>,
}

/// Why a job came to nothing.
#[derive(Debug, Clone)]
pub(super) enum PublishError {
    /// It is refused for good.
    Refused(Box<Refusal>),
    /// Something broke.
    Failed(Failure),
    /// The program is stopping. Should a commit have arrived, its `Request-Id` tells the next process.
    Stopping,
}

impl PublishError {
    fn refused(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }

    /// The writer fell over a fault of its own while it had the job.
    fn broken() -> Self {
        let detail = "the publisher broke off".to_owned();
        Self::Failed(Failure { detail, kind: FailureKind::Internal, applied: Applied::Unknown })
    }
}

pub(super) type Outcome = Result<Published, PublishError>;

/// A job in the queue, and those who wait for its outcome.
struct Waiting {
    job: Job,
    tell: Vec<oneshot::Sender<Outcome>>,
}

impl Waiting {
    fn answer(self, outcome: &Outcome) {
        for tell in self.tell {
            // Whoever asked may be gone; then nobody waits for the answer.
            drop(tell.send(outcome.clone()));
        }
    }
}

/// The way to the writer of one repository and branch.
#[derive(Clone)]
pub(super) struct Publisher {
    queue: mpsc::Sender<Waiting>,
}

impl Publisher {
    /// Starts the writer. It ends when every `Publisher` is gone and the queue is empty, or soon after `stop`: a push
    /// that is under way is finished, and what waits is handed back as [`PublishError::Stopping`].
    pub(super) fn start(
        repository: Arc<dyn ManifestRepository>,
        clock: Arc<dyn Clock>,
        catalogue: Arc<Catalogue>,
        settings: PublishSettings,
        stop: CancellationToken,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(settings.queue.max(1));
        let writer = Writer { repository, clock, catalogue, settings, stop, ask_first: false, insight: None };
        tokio::spawn(writer.run(jobs).in_current_span());
        Self { queue }
    }

    /// Puts a job into the queue at once; the future waits for its outcome.
    pub(super) fn publish(&self, job: Job) -> impl Future<Output = Outcome> + Send + use<> {
        let (tell, outcome) = oneshot::channel();
        let queued = self.queue.try_send(Waiting { job, tell: vec![tell] });
        let waiting = self.queue.max_capacity();
        async move {
            match queued {
                Ok(()) => outcome.await.unwrap_or_else(|_| Err(PublishError::broken())),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    Err(PublishError::refused(Refusal::Busy { waiting, repository: None }))
                }
                Err(mpsc::error::TrySendError::Closed(_)) => Err(PublishError::Stopping),
            }
        }
    }
}

/// The outcome of a request whose commit was found: the same again, unless it was for something else.
pub(super) fn delivered_before(
    request_id: &RequestId,
    site: &Site,
    mutation: &Mutation,
    record: CommitRecord,
) -> Outcome {
    let here = record.trailers.as_ref().is_some_and(|trailers| {
        trailers.application == site.application.as_str() && trailers.environment == site.environment.name.as_str()
    });
    match record.change() {
        Some((from, to)) if here && record.mutation().as_ref() == Some(mutation) => {
            Ok(Published::Committed(Committed {
                revision: record.revision,
                at: record.committed_at,
                from,
                to,
                delivered_before: true,
                reply_to: record.trailers.as_ref().and_then(|trailers| trailers.reply_to.clone()),
                shared: record.trailers.and_then(|trailers| trailers.shared),
                unseen: vec![],
            }))
        }
        _ => Err(PublishError::refused(Refusal::RequestIdTaken {
            request_id: request_id.clone(),
            revision: record.revision,
            subject: record.subject,
        })),
    }
}

/// What a repository's error means to those who wait; `unclear` when a push may have arrived all the same.
pub(super) fn failure(error: &RepositoryError, unclear: bool) -> PublishError {
    let kind = match error {
        RepositoryError::Refused(message) if !unclear => {
            return PublishError::refused(Refusal::PushRefused { message: message.clone() });
        }
        RepositoryError::NoBranch(branch) => {
            return PublishError::refused(Refusal::NoBranch { branch: branch.clone(), repository: None });
        }
        RepositoryError::LostRace => FailureKind::TooManyRaces,
        RepositoryError::Authentication(_) => FailureKind::RepositoryAuthentication,
        // Refused now, but the push before it, whose answer got lost, may land all the same.
        RepositoryError::Refused(_) | RepositoryError::Unreachable(_) | RepositoryError::Unclear(_) => {
            FailureKind::RepositoryUnreachable
        }
        RepositoryError::Mirror(_) => FailureKind::Mirror,
        RepositoryError::Signing(_) => FailureKind::Signing,
    };
    let applied = if unclear { Applied::Unknown } else { Applied::No };
    PublishError::Failed(Failure { detail: error.to_string(), kind, applied })
}
