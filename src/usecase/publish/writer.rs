//! The writer: plans what waits on top of the newest head, pushes it, and gives every job its answer.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{Committed, Job, Outcome, PublishError, PublishSettings, Published, Waiting, delivered_before, failure};
use crate::{
    domain::{
        answer::{Applied, Failure, FailureKind, Refusal},
        catalogue::Catalogue,
        commit::{self, CommitFacts},
        name::{RequestId, Revision},
        plan::{self, Change, Plan, PlanError},
        snapshot::{Overlay, Snapshot},
    },
    ports::{Clock, ManifestRepository, NewCommit, RepositoryError},
};

pub(super) struct Writer {
    pub(super) repository: Arc<dyn ManifestRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) settings: PublishSettings,
    pub(super) stop: CancellationToken,
}

/// A job and what its plan came to.
struct Planned {
    waiting: Waiting,
    step: Step,
}

enum Step {
    /// A commit, ready to be pushed.
    Commit(Change, NewCommit),
    /// An outcome without a commit, kept until the push has succeeded: it may rest on a commit that isn't there yet.
    Keep(Outcome),
}

/// What one attempt leaves to be done.
enum Attempt {
    /// Every job has its answer.
    Done,
    /// These are to be planned again from the new head.
    Again(Vec<Waiting>, RepositoryError),
    /// These are to be tried one by one: the remote refused them together.
    Apart(Vec<Waiting>),
    /// The program is stopping, and these were not pushed.
    Stopping(Vec<Waiting>),
}

/// What is known of the pushes of one batch.
#[derive(Default)]
struct Pushes {
    /// The requests that were sent to the remote: when one is found there, this very batch brought it.
    sent: HashSet<RequestId>,
    /// The base of a push whose answer got lost: it may still land as long as the branch is there.
    unclear: Option<Revision>,
}

impl Writer {
    /// Serves the queue until every [`super::Publisher`] is gone or the program stops.
    pub(super) async fn run(self, mut jobs: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                taken = jobs.recv_many(&mut batch, self.settings.batch.max(1)) => if taken == 0 { return },
            }
            // A fault in one batch must not end the only writer there is.
            if AssertUnwindSafe(self.settle(std::mem::take(&mut batch))).catch_unwind().await.is_err() {
                error!("the publisher broke off a batch");
            }
        }
        jobs.close();
        while let Some(waiting) = jobs.recv().await {
            answer_all(vec![waiting], &Err(PublishError::Stopping));
        }
    }

    /// Sees to it that every job of the batch gets its answer.
    async fn settle(&self, batch: Vec<Waiting>) {
        let mut pushes = Pushes::default();
        let mut rounds = vec![batch];
        while let Some(round) = rounds.pop() {
            let (mut jobs, doubles) = without_doubles(round);
            if !doubles.is_empty() {
                rounds.push(doubles);
            }
            let mut attempt = 1;
            loop {
                match self.attempt(jobs, &mut pushes).await {
                    Attempt::Done => break,
                    Attempt::Stopping(jobs) => {
                        answer_all(jobs, &Err(PublishError::Stopping));
                        break;
                    }
                    Attempt::Apart(apart) => {
                        rounds.extend(apart.into_iter().rev().map(|job| vec![job]));
                        break;
                    }
                    Attempt::Again(again, why) => {
                        if attempt >= self.settings.attempts {
                            warn!(jobs = again.len(), attempt, reason = %why, "gave up publishing");
                            answer_all(again, &pushes.verdict(&why));
                            break;
                        }
                        info!(jobs = again.len(), attempt, reason = %why, "planning again");
                        tokio::select! {
                            () = self.stop.cancelled() => {}
                            () = tokio::time::sleep(self.backoff(attempt, &why)) => {}
                        }
                        attempt += match why {
                            RepositoryError::LostRace => 1,
                            // The remote is away: a few tries are enough, people wait for the answer.
                            _ => self.settings.attempts.div_ceil(3).max(1),
                        };
                        jobs = again;
                    }
                }
            }
        }
    }

    /// One round: fetch, look for what is there already, plan the rest, push.
    async fn attempt(&self, jobs: Vec<Waiting>, pushes: &mut Pushes) -> Attempt {
        let fetched = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Attempt::Stopping(jobs),
            fetched = self.repository.fetch() => fetched,
        };
        let head = match fetched {
            Ok(head) => head,
            Err(error @ (RepositoryError::Unreachable(_) | RepositoryError::Unclear(_))) => {
                return Attempt::Again(jobs, error);
            }
            Err(error) => {
                answer_all(jobs, &pushes.verdict(&error));
                return Attempt::Done;
            }
        };
        let jobs = match self.answer_delivered(jobs, pushes).await {
            Ok(jobs) => jobs,
            Err((jobs, error)) => {
                answer_all(jobs, &pushes.verdict(&error));
                return Attempt::Done;
            }
        };
        if pushes.unclear.as_ref().is_some_and(|base| *base != head) {
            // What was pushed on top of that base and isn't here now can't land any more.
            pushes.unclear = None;
        }
        if jobs.is_empty() {
            return Attempt::Done;
        }
        let planned = match self.repository.snapshot(&head).await {
            Ok(snapshot) => self.plan(jobs, snapshot).await,
            Err(error) => {
                answer_all(jobs, &pushes.verdict(&error));
                return Attempt::Done;
            }
        };
        self.push(&head, planned, pushes).await
    }

    async fn push(&self, head: &Revision, planned: Vec<Planned>, pushes: &mut Pushes) -> Attempt {
        let mut commits = Vec::new();
        for Planned { waiting, step } in &planned {
            if let Step::Commit(_, commit) = step {
                pushes.sent.insert(waiting.job.request_id.clone());
                commits.push(commit.clone());
            }
        }
        if commits.is_empty() {
            answer_pushed(planned, Vec::new());
            return Attempt::Done;
        }
        if self.stop.is_cancelled() {
            return Attempt::Stopping(jobs_of(planned));
        }
        match self.repository.push(head, commits).await {
            Ok(revisions) => {
                info!(commits = revisions.len(), base = %head, "pushed");
                answer_pushed(planned, revisions);
                Attempt::Done
            }
            Err(error @ (RepositoryError::LostRace | RepositoryError::Unreachable(_))) => {
                Attempt::Again(jobs_of(planned), error)
            }
            Err(error @ RepositoryError::Unclear(_)) => {
                pushes.unclear = Some(head.clone());
                Attempt::Again(jobs_of(planned), error)
            }
            Err(RepositoryError::Refused(reason)) if planned.len() > 1 => {
                info!(jobs = planned.len(), reason, "refused together, tried one by one");
                Attempt::Apart(jobs_of(planned))
            }
            Err(error) => {
                answer_all(jobs_of(planned), &pushes.verdict(&error));
                Attempt::Done
            }
        }
    }

    /// Answers the jobs whose commit is on the branch already, and returns the others.
    async fn answer_delivered(
        &self,
        jobs: Vec<Waiting>,
        pushes: &Pushes,
    ) -> Result<Vec<Waiting>, (Vec<Waiting>, RepositoryError)> {
        let mut rest = Vec::with_capacity(jobs.len());
        let mut jobs = jobs.into_iter();
        while let Some(waiting) = jobs.next() {
            let Job { request_id, site, mutation, .. } = &waiting.job;
            match self.repository.find_request(request_id).await {
                Ok(None) => rest.push(waiting),
                Ok(Some(record)) => {
                    info!(%request_id, revision = %record.revision, "is on the branch already");
                    let mut outcome = delivered_before(request_id, site, mutation, record);
                    if let Ok(Published::Committed(committed)) = &mut outcome {
                        // A push of this batch whose answer got lost is no earlier delivery.
                        committed.delivered_before = !pushes.sent.contains(request_id);
                    }
                    waiting.answer(&outcome);
                }
                Err(error) => {
                    rest.push(waiting);
                    rest.extend(jobs);
                    return Err((rest, error));
                }
            }
        }
        Ok(rest)
    }

    /// Plans each job on top of those before it, on a thread for work that blocks: snapshots read from the disk.
    async fn plan(&self, jobs: Vec<Waiting>, snapshot: Arc<dyn Snapshot>) -> Vec<Planned> {
        let (clock, catalogue) = (Arc::clone(&self.clock), Arc::clone(&self.catalogue));
        let planning = tokio::task::spawn_blocking(move || {
            let mut overlay = Overlay::new(&*snapshot);
            let planned = jobs.into_iter().map(|waiting| {
                let step = step(&mut overlay, &catalogue, &waiting.job, clock.as_ref());
                Planned { waiting, step }
            });
            planned.collect()
        });
        // When the runtime ends in the middle, the jobs are gone with it.
        planning.await.unwrap_or_default()
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

impl Pushes {
    fn verdict(&self, error: &RepositoryError) -> Outcome {
        Err(failure(error, self.unclear.is_some()))
    }
}

/// Plans one job. A panic in there takes down this job alone, not its neighbours.
fn step(overlay: &mut Overlay<'_>, catalogue: &Catalogue, job: &Job, clock: &dyn Clock) -> Step {
    let planned =
        std::panic::catch_unwind(AssertUnwindSafe(|| plan::plan(overlay, catalogue, &job.site, &job.mutation)));
    match planned {
        Ok(Ok(Plan::Change { edits, change })) => {
            overlay.apply(&edits);
            let message = commit::message(CommitFacts {
                request_id: &job.request_id,
                actor: &job.actor,
                site: &job.site,
                mutation: &job.mutation,
                change: &change,
                reply_to: job.reply_to.as_ref(),
            });
            Step::Commit(change, NewCommit { edits, message, author: job.actor.clone(), at: clock.now() })
        }
        Ok(Ok(Plan::AlreadySo { .. })) => Step::Keep(Ok(Published::AlreadySo)),
        Ok(Err(error)) => Step::Keep(Err(refused(error))),
        Err(_) => {
            error!(request_id = %job.request_id, site = job.site.label(), "planning broke off");
            let detail = "planning broke off".to_owned();
            let failure = Failure { detail, kind: FailureKind::Internal, applied: Applied::No };
            Step::Keep(Err(PublishError::Failed(failure)))
        }
    }
}

fn refused(error: PlanError) -> PublishError {
    PublishError::refused(Refusal::Plan(error))
}

/// The jobs in the order in which they came: planned in another one they could come to something else.
fn jobs_of(planned: Vec<Planned>) -> Vec<Waiting> {
    planned.into_iter().map(|planned| planned.waiting).collect()
}

/// Splits off the later requests of one id. The same command again waits for the first one's outcome; another command
/// comes after it.
fn without_doubles(batch: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut places = HashMap::new();
    let (mut first, mut later) = (Vec::<Waiting>::with_capacity(batch.len()), Vec::new());
    for waiting in batch {
        match places.get(&waiting.job.request_id) {
            None => {
                places.insert(waiting.job.request_id.clone(), first.len());
                first.push(waiting);
            }
            Some(&place) => {
                let (job, again) = (&first[place].job, &waiting.job);
                if job.site == again.site && job.mutation == again.mutation {
                    first[place].tell.extend(waiting.tell);
                } else {
                    later.push(waiting);
                }
            }
        }
    }
    (first, later)
}

/// Gives the jobs of a push their commits, and the others what was kept for them.
fn answer_pushed(planned: Vec<Planned>, revisions: Vec<Revision>) {
    let mut revisions = revisions.into_iter();
    for Planned { waiting, step } in planned {
        let job = &waiting.job;
        let outcome = match step {
            Step::Keep(outcome) => outcome,
            Step::Commit(change, commit) => match revisions.next() {
                Some(revision) => {
                    info!(request_id = %job.request_id, site = job.site.label(), %revision, "committed");
                    Ok(Published::Committed(Committed {
                        revision,
                        at: commit.at,
                        shared: change.shared(),
                        unseen: change.unseen,
                        from: change.from,
                        to: change.to,
                        delivered_before: false,
                        reply_to: job.reply_to.clone(),
                    }))
                }
                None => Err(PublishError::broken()),
            },
        };
        waiting.answer(&outcome);
    }
}

fn answer_all(jobs: Vec<Waiting>, outcome: &Outcome) {
    for waiting in jobs {
        let Job { request_id, site, .. } = &waiting.job;
        info!(%request_id, site = site.label(), ?outcome, "not published");
        waiting.answer(outcome);
    }
}
