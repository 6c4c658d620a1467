//! The writer: plans what waits on top of the newest head, pushes it, and gives every job its answer.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{Committed, Job, Outcome, PublishError, PublishSettings, Published, Waiting};
use crate::{
    domain::{
        answer::{Applied, Failure, FailureKind, Refusal},
        commit::{self, CommitFacts, CommitRecord},
        name::Revision,
        plan::{self, Change, Plan},
        snapshot::Overlay,
    },
    ports::{Clock, ManifestRepository, NewCommit, RepositoryError},
};

pub(super) struct Writer {
    pub(super) repository: Arc<dyn ManifestRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: PublishSettings,
}

/// A commit that is ready to be pushed for a job.
struct Ready {
    waiting: Waiting,
    change: Change,
    commit: NewCommit,
}

/// What one attempt leaves to be done.
enum Attempt {
    /// Every job has its answer.
    Done,
    /// These are to be planned again from the new head.
    Again(Vec<Waiting>, RepositoryError),
    /// These are to be tried one by one: the remote refused them together.
    Apart(Vec<Waiting>),
}

impl Writer {
    /// Serves the queue until every [`super::Publisher`] is gone.
    pub(super) async fn run(self, mut jobs: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, self.settings.batch.max(1)).await > 0 {
            self.settle(std::mem::take(&mut batch)).await;
        }
    }

    /// Sees to it that every job of the batch gets its answer.
    async fn settle(&self, batch: Vec<Waiting>) {
        let mut rounds = vec![batch];
        while let Some(round) = rounds.pop() {
            let (mut jobs, doubles) = without_doubles(round);
            if !doubles.is_empty() {
                rounds.push(doubles);
            }
            let mut unclear = false;
            let mut attempt = 1;
            loop {
                match self.attempt(jobs, &mut unclear).await {
                    Attempt::Done => break,
                    Attempt::Apart(apart) => {
                        rounds.extend(apart.into_iter().rev().map(|job| vec![job]));
                        break;
                    }
                    Attempt::Again(again, why) => {
                        if attempt >= self.settings.attempts {
                            let failure = failure(&why, unclear);
                            warn!(jobs = again.len(), attempt, reason = %why, "gave up publishing");
                            answer_all(again, &Err(PublishError::Failed(failure)));
                            break;
                        }
                        info!(jobs = again.len(), attempt, reason = %why, "planning again");
                        tokio::time::sleep(self.backoff(attempt, &why)).await;
                        attempt += match why {
                            // The remote is away: a few tries are enough, people wait for the answer.
                            RepositoryError::Unreachable(_) => self.settings.attempts.div_ceil(3),
                            _ => 1,
                        };
                        jobs = again;
                    }
                }
            }
        }
    }

    /// One round: fetch, look for what is there already, plan the rest, push.
    async fn attempt(&self, jobs: Vec<Waiting>, unclear: &mut bool) -> Attempt {
        let head = match self.repository.fetch().await {
            Ok(head) => head,
            Err(error @ (RepositoryError::Unreachable(_) | RepositoryError::Unclear(_))) => {
                return Attempt::Again(jobs, error);
            }
            Err(error) => {
                answer_all(jobs, &verdict(&error, *unclear));
                return Attempt::Done;
            }
        };
        let jobs = match self.answer_delivered(jobs).await {
            Ok(jobs) if jobs.is_empty() => return Attempt::Done,
            Ok(jobs) => jobs,
            Err((jobs, error)) => {
                answer_all(jobs, &verdict(&error, *unclear));
                return Attempt::Done;
            }
        };
        let (ready, held) = match self.plan(jobs, &head).await {
            Ok(planned) => planned,
            Err((jobs, error)) => {
                answer_all(jobs, &verdict(&error, *unclear));
                return Attempt::Done;
            }
        };
        if ready.is_empty() {
            held.into_iter().for_each(|((_, tell), outcome)| drop(tell.send(outcome)));
            return Attempt::Done;
        }
        let commits = ready.iter().map(|ready| ready.commit.clone()).collect();
        match self.repository.push(&head, commits).await {
            Ok(revisions) => {
                info!(commits = revisions.len(), base = %head, "pushed");
                for (Ready { waiting: (job, tell), change, commit }, revision) in ready.into_iter().zip(revisions) {
                    info!(request_id = %job.request_id, site = job.site.label(), %revision, "committed");
                    drop(tell.send(Ok(Published::Committed(Committed {
                        revision,
                        at: commit.at,
                        from: change.from,
                        to: change.to,
                        delivered_before: false,
                        reply_to: job.reply_to,
                    }))));
                }
                held.into_iter().for_each(|((_, tell), outcome)| drop(tell.send(outcome)));
                Attempt::Done
            }
            Err(error) => {
                // What was held was planned on top of commits that are not there.
                let jobs: Vec<_> =
                    ready.into_iter().map(|r| r.waiting).chain(held.into_iter().map(|(w, _)| w)).collect();
                match error {
                    RepositoryError::LostRace | RepositoryError::Unreachable(_) => Attempt::Again(jobs, error),
                    RepositoryError::Unclear(_) => {
                        *unclear = true;
                        Attempt::Again(jobs, error)
                    }
                    RepositoryError::Refused(_) if jobs.len() > 1 => Attempt::Apart(jobs),
                    error => {
                        answer_all(jobs, &verdict(&error, *unclear));
                        Attempt::Done
                    }
                }
            }
        }
    }

    /// Answers the jobs whose commit is on the branch already, and returns the others.
    async fn answer_delivered(&self, jobs: Vec<Waiting>) -> Result<Vec<Waiting>, (Vec<Waiting>, RepositoryError)> {
        let mut rest = Vec::with_capacity(jobs.len());
        let mut jobs = jobs.into_iter();
        while let Some((job, tell)) = jobs.next() {
            match self.repository.find_request(&job.request_id).await {
                Ok(None) => rest.push((job, tell)),
                Ok(Some(record)) => {
                    info!(request_id = %job.request_id, revision = %record.revision, "delivered before");
                    drop(tell.send(delivered(&job, record)));
                }
                Err(error) => {
                    rest.push((job, tell));
                    rest.extend(jobs);
                    return Err((rest, error));
                }
            }
        }
        Ok(rest)
    }

    /// Plans each job on top of those before it. Jobs without a commit keep their outcome until the push has succeeded,
    /// because it may rest on a commit that is not there yet.
    async fn plan(&self, jobs: Vec<Waiting>, head: &Revision) -> Result<Planned, (Vec<Waiting>, RepositoryError)> {
        let snapshot = match self.repository.snapshot(head).await {
            Ok(snapshot) => snapshot,
            Err(error) => return Err((jobs, error)),
        };
        let mut overlay = Overlay::new(&*snapshot);
        let (mut ready, mut held) = (Vec::new(), Vec::new());
        for (job, tell) in jobs {
            match plan::plan(&overlay, &job.site, &job.mutation) {
                Ok(Plan::Change { edits, change }) => {
                    overlay.apply(&edits);
                    let message = commit::message(CommitFacts {
                        request_id: &job.request_id,
                        actor: &job.actor,
                        site: &job.site,
                        mutation: &job.mutation,
                        change: &change,
                        reply_to: job.reply_to.as_ref(),
                    });
                    let commit = NewCommit { edits, message, author: job.actor.clone(), at: self.clock.now() };
                    ready.push(Ready { waiting: (job, tell), change, commit });
                }
                Ok(Plan::AlreadySo { .. }) => held.push(((job, tell), Ok(Published::AlreadySo))),
                Err(error) => {
                    held.push(((job, tell), Err(PublishError::refused(Refusal::Plan(error)))));
                }
            }
        }
        Ok((ready, held))
    }

    /// The wait before the next attempt, with jitter so that two bots don't meet again and again.
    fn backoff(&self, attempt: u32, why: &RepositoryError) -> Duration {
        let base = match why {
            RepositoryError::LostRace => self.settings.backoff,
            _ => self.settings.backoff.max(Duration::from_millis(200)),
        };
        let doubled = base.saturating_mul(1 << attempt.min(6)).min(Duration::from_secs(2));
        let jitter = self.clock.now().subsec_nanosecond().unsigned_abs() % 1_000;
        doubled / 2 + doubled.mul_f64(f64::from(jitter) / 2_000.0)
    }
}

type Planned = (Vec<Ready>, Vec<(Waiting, Outcome)>);

/// Splits off the later deliveries of one request: they are answered by the first one's commit.
fn without_doubles(batch: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut seen = HashSet::new();
    batch.into_iter().partition(|(job, _)| seen.insert(job.request_id.clone()))
}

fn answer_all(jobs: Vec<Waiting>, outcome: &Outcome) {
    for (job, tell) in jobs {
        info!(request_id = %job.request_id, site = job.site.label(), ?outcome, "not published");
        // Whoever asked may be gone; then nobody waits for the answer.
        drop(tell.send(outcome.clone()));
    }
}

/// The answer to a request whose commit was found: the same again, unless it was for something else.
fn delivered(job: &Job, record: CommitRecord) -> Outcome {
    let same = record.trailers.as_ref().is_some_and(|t| {
        t.application == job.site.application.as_str() && t.environment == job.site.environment.name.as_str()
    });
    match record.change() {
        Some((from, to)) if same && to == job.mutation.value() => Ok(Published::Committed(Committed {
            revision: record.revision,
            at: record.committed_at,
            from,
            to,
            delivered_before: true,
            reply_to: record.trailers.and_then(|trailers| trailers.reply_to),
        })),
        _ => Err(PublishError::refused(Refusal::RequestIdTaken {
            request_id: job.request_id.clone(),
            revision: record.revision,
            subject: record.subject,
        })),
    }
}

fn verdict(error: &RepositoryError, unclear: bool) -> Outcome {
    Err(match error {
        RepositoryError::Refused(message) => PublishError::refused(Refusal::PushRefused { message: message.clone() }),
        error => PublishError::Failed(failure(error, unclear)),
    })
}

fn failure(error: &RepositoryError, unclear: bool) -> Failure {
    let kind = match error {
        RepositoryError::LostRace => FailureKind::TooManyRaces,
        RepositoryError::Authentication(_) => FailureKind::RepositoryAuthentication,
        RepositoryError::Unreachable(_) | RepositoryError::Unclear(_) => FailureKind::RepositoryUnreachable,
        RepositoryError::Mirror(_) => FailureKind::Mirror,
        RepositoryError::Refused(_) => FailureKind::Internal,
    };
    let applied = if unclear { Applied::Unknown } else { Applied::No };
    Failure { detail: error.to_string(), kind, applied }
}
