//! One round of the writer: a head, what is on the branch already, a plan for the rest, and one push.

use std::{collections::HashSet, sync::Arc};

use tracing::info;

use super::{
    Job, Outcome, Published, Waiting, delivered_before, failure,
    planning::{Planned, Step, answer_pushed, jobs_of, plan_all},
    writer::Writer,
};
use crate::{
    domain::name::{RequestId, Revision},
    ports::RepositoryError,
};

/// What one round leaves to be done.
pub(super) enum Round {
    /// Every job has its answer.
    Done,
    /// These are to be planned again from the new head.
    Again(Vec<Waiting>, RepositoryError),
    /// The remote refused these together: fewer are to be tried at once.
    Fewer(Vec<Waiting>),
    /// One of them was refused alone and has its answer; these are left, and are to be planned again without it.
    Without(Vec<Waiting>),
    /// Nothing that these wait for can be had.
    Failed(Vec<Waiting>, RepositoryError),
    /// The program is stopping, and these were not pushed.
    Stopping(Vec<Waiting>),
}

/// So many races that were lost at one and the same head weren't any.
const STANDSTILL: u32 = 10;

/// What is known of the remote and of the pushes of one batch.
#[derive(Default)]
pub(super) struct Knowledge {
    /// The head that the remote has shown since the batch was taken from the queue: an answer may rest on it.
    confirmed: Option<Revision>,
    /// The requests that were sent to the remote: when one is found there, this very batch brought it.
    sent: HashSet<RequestId>,
    /// The pushes whose answer got lost.
    unclear: Option<Unclear>,
    /// A head at which races were lost, and how many of them in a row: one that others move is never there twice.
    still: Option<(Revision, u32)>,
}

/// Pushes whose answer got lost: they may still land as long as the branch stands at their base.
struct Unclear {
    base: Revision,
    requests: HashSet<RequestId>,
}

impl Knowledge {
    /// What an error means to a job.
    pub(super) fn verdict(&self, job: &Job, error: &RepositoryError) -> Outcome {
        let unclear = self.unclear.as_ref().is_some_and(|unclear| unclear.requests.contains(&job.request_id));
        Err(failure(error, unclear))
    }

    fn lost_race(&mut self, head: &Revision) {
        match &mut self.still {
            Some((still, times)) if still == head => *times += 1,
            still => *still = Some((head.clone(), 1)),
        }
    }

    /// Why so many attempts have failed: what the server calls a race is something else where nobody moves the branch.
    pub(super) fn reason(&self, why: RepositoryError) -> RepositoryError {
        match (why, &self.still) {
            (RepositoryError::LostRace, Some((head, times))) if *times >= STANDSTILL => {
                RepositoryError::Refused(format!(
                    "it says that somebody else moves the branch, {times} times in a row, but the branch stands still at {}: \
                 look in the repository on the server for a lock that was left behind (refs/heads/….lock), and at its disk",
                    head.short()
                ))
            }
            (why, _) => why,
        }
    }

    fn is_confirmed(&self, head: &Revision) -> bool {
        self.confirmed.as_ref() == Some(head)
    }

    fn lost_answer(&mut self, base: &Revision, planned: &[Planned]) {
        let requests = planned.iter().filter(|planned| planned.has_commit());
        let requests = requests.map(|planned| planned.waiting.job.request_id.clone());
        match &mut self.unclear {
            Some(unclear) if unclear.base == *base => unclear.requests.extend(requests),
            unclear => *unclear = Some(Unclear { base: base.clone(), requests: requests.collect() }),
        }
    }
}

/// Why the remote's head isn't known.
enum NoHead {
    Stopping,
    Error(RepositoryError),
}

impl NoHead {
    fn round(self, jobs: Vec<Waiting>) -> Round {
        match self {
            Self::Stopping => Round::Stopping(jobs),
            Self::Error(error @ (RepositoryError::Unreachable(_) | RepositoryError::Unclear(_))) => {
                Round::Again(jobs, error)
            }
            Self::Error(error) => Round::Failed(jobs, error),
        }
    }
}

impl Writer {
    /// Plans the jobs and pushes what comes of it.
    ///
    /// The head that is known is good enough to plan on: a push is a compare-and-swap, so a stale one costs a lost race
    /// and nothing else. What is answered without a commit has no such guard, and waits until the remote has shown that
    /// very head: to a push of its neighbours, or to a fetch.
    pub(super) async fn round(&mut self, mut jobs: Vec<Waiting>, known: &mut Knowledge) -> Round {
        if self.stop.is_cancelled() {
            return Round::Stopping(jobs);
        }
        let mut head = match self.repository.known_head().filter(|_| !self.ask_first) {
            Some(head) => head,
            None => match self.ask(known).await {
                Ok(head) => head,
                Err(no_head) => return no_head.round(jobs),
            },
        };
        loop {
            let planned = match self.planned(jobs, &head, known).await {
                Ok(planned) => planned,
                // A mirror that was built again may not have a commit that is on the branch no more.
                Err((again, _)) if !known.is_confirmed(&head) => match self.ask(known).await {
                    Ok(now) => {
                        (jobs, head) = (again, now);
                        continue;
                    }
                    Err(no_head) => return no_head.round(again),
                },
                Err((again, error)) => return Round::Failed(again, error),
            };
            let (planned, refused) = match self.push(&head, planned, known).await {
                Push::Ended(round) => return round,
                Push::Nothing(planned) => (planned, None),
                Push::Refused(planned, error) => (planned, Some(error)),
            };
            if !known.is_confirmed(&head) {
                let now = match self.ask(known).await {
                    Ok(now) => now,
                    Err(no_head) => return no_head.round(jobs_of(planned)),
                };
                if now != head || planned.iter().any(Planned::is_unreadable) {
                    info!(planned_on = %head, head = %now, "planning again before anything is answered");
                    (jobs, head) = (jobs_of(planned), now);
                    continue;
                }
            }
            return match refused {
                None => {
                    answer_pushed(planned, Vec::new());
                    Round::Done
                }
                Some(error) => answer_refused(planned, &error, known),
            };
        }
    }

    /// Asks the remote for the head.
    async fn ask(&mut self, known: &mut Knowledge) -> Result<Revision, NoHead> {
        let before = self.repository.known_head();
        let fetched = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(NoHead::Stopping),
            fetched = self.repository.fetch() => fetched,
        };
        match fetched {
            Ok(head) => {
                // Where others push as well, asking costs less than a lost race does.
                self.ask_first = before.is_some_and(|before| before != head);
                known.confirmed = Some(head.clone());
                Ok(head)
            }
            Err(error) => {
                self.ask_first = true;
                Err(NoHead::Error(error))
            }
        }
    }

    /// Answers the jobs whose commit is on the branch already, and plans the others on the head.
    async fn planned(
        &mut self,
        jobs: Vec<Waiting>,
        head: &Revision,
        known: &mut Knowledge,
    ) -> Result<Vec<Planned>, (Vec<Waiting>, RepositoryError)> {
        let jobs = self.answer_delivered(jobs, known).await?;
        if known.unclear.as_ref().is_some_and(|unclear| unclear.base != *head) {
            // What was pushed on top of that base and isn't here now can't land any more.
            known.unclear = None;
        }
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = match self.repository.snapshot(head).await {
            Ok(snapshot) => snapshot,
            Err(error) => return Err((jobs, error)),
        };
        let (catalogue, clock) = (Arc::clone(&self.catalogue), Arc::clone(&self.clock));
        let planning = plan_all(jobs, head.clone(), snapshot, catalogue, clock, self.insight.take());
        let (planned, insight) = planning.await;
        self.insight = insight;
        Ok(planned)
    }

    /// Answers the jobs whose commit is on the branch already, and returns the others.
    async fn answer_delivered(
        &self,
        jobs: Vec<Waiting>,
        known: &Knowledge,
    ) -> Result<Vec<Waiting>, (Vec<Waiting>, RepositoryError)> {
        let ids: Vec<RequestId> = jobs.iter().map(|waiting| waiting.job.request_id.clone()).collect();
        let found = match self.repository.find_requests(&ids).await {
            Ok(found) => found,
            Err(error) => return Err((jobs, error)),
        };
        let mut rest = Vec::with_capacity(jobs.len());
        for (waiting, found) in jobs.into_iter().zip(found) {
            let Some(record) = found else {
                rest.push(waiting);
                continue;
            };
            let Job { request_id, site, mutation, .. } = &waiting.job;
            info!(%request_id, revision = %record.revision, "is on the branch already");
            let mut outcome = delivered_before(request_id, site, mutation, record);
            if let Ok(Published::Committed(committed)) = &mut outcome {
                // A push of this batch whose answer got lost is no earlier delivery.
                committed.delivered_before = !known.sent.contains(request_id);
            }
            waiting.answer(&outcome);
        }
        Ok(rest)
    }

    async fn push(&mut self, head: &Revision, planned: Vec<Planned>, known: &mut Knowledge) -> Push {
        let mut commits = Vec::new();
        for Planned { step, .. } in &planned {
            if let Step::Commit(_, commit) = step {
                commits.push(commit.clone());
            }
        }
        if planned.is_empty() {
            return Push::Ended(Round::Done);
        }
        if commits.is_empty() {
            return Push::Nothing(planned);
        }
        if self.stop.is_cancelled() {
            return Push::Ended(Round::Stopping(jobs_of(planned)));
        }
        let count = commits.len();
        known.sent.extend(planned.iter().filter(|p| p.has_commit()).map(|p| p.waiting.job.request_id.clone()));
        Push::Ended(match self.repository.push(head, commits).await {
            Ok(revisions) => {
                info!(commits = revisions.len(), base = %head, "pushed");
                known.confirmed = revisions.last().cloned();
                if let (Some(insight), Some(head)) = (&mut self.insight, revisions.last()) {
                    insight.moves_to(head);
                }
                known.unclear = None;
                answer_pushed(planned, revisions);
                Round::Done
            }
            Err(RepositoryError::Refused(reason)) if count > 1 => {
                info!(commits = count, reason, "refused together, trying fewer at once");
                Round::Fewer(jobs_of(planned))
            }
            Err(error @ RepositoryError::Refused(_)) => return Push::Refused(planned, error),
            Err(error) => {
                // Whatever it was, the next head comes from the remote.
                self.ask_first = true;
                match &error {
                    RepositoryError::Unclear(_) => known.lost_answer(head, &planned),
                    RepositoryError::LostRace => known.lost_race(head),
                    RepositoryError::Unreachable(_) => {}
                    _ => return Push::Ended(Round::Failed(jobs_of(planned), error)),
                }
                Round::Again(jobs_of(planned), error)
            }
        })
    }
}

/// What a push came to.
enum Push {
    /// The round is over.
    Ended(Round),
    /// There was nothing to push.
    Nothing(Vec<Planned>),
    /// The only commit among these was refused.
    Refused(Vec<Planned>, RepositoryError),
}

/// Answers the job whose commit was refused alone. What the others came to may rest on that commit.
fn answer_refused(planned: Vec<Planned>, error: &RepositoryError, known: &Knowledge) -> Round {
    let (refused, others): (Vec<_>, Vec<_>) = planned.into_iter().partition(Planned::has_commit);
    answer_all(jobs_of(refused), |job| known.verdict(job, error));
    Round::Without(jobs_of(others))
}

/// Answers jobs that came to nothing.
pub(super) fn answer_all(jobs: Vec<Waiting>, outcome: impl Fn(&Job) -> Outcome) {
    for waiting in jobs {
        let outcome = outcome(&waiting.job);
        let Job { request_id, site, .. } = &waiting.job;
        info!(%request_id, site = site.label(), ?outcome, "not published");
        waiting.answer(&outcome);
    }
}
