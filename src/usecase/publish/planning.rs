//! Plans for the jobs of a round, each on top of those before it, and the answers that come of them.

use std::{panic::AssertUnwindSafe, sync::Arc};

use tracing::{error, info};

use super::{Committed, Job, Outcome, PublishError, Published, Waiting};
use crate::{
    domain::{
        answer::{Applied, Failure, FailureKind, Refusal},
        catalogue::Catalogue,
        commit::{self, CommitFacts},
        name::Revision,
        plan::{self, Change, Plan, PlanError, PlanFault},
        snapshot::{Overlay, Snapshot},
    },
    manifest::sources::Memo,
    ports::{Clock, NewCommit},
};

/// A job and what its plan came to.
pub(super) struct Planned {
    pub(super) waiting: Waiting,
    pub(super) step: Step,
}

pub(super) enum Step {
    /// A commit, ready to be pushed.
    Commit(Change, NewCommit),
    /// An outcome without a commit. It rests on the head that was planned on, and on the commits before it.
    Keep(Outcome),
}

/// What was found out about the tree of a head.
pub(super) struct Insight {
    head: Revision,
    /// The tree, or one that differs from it only in what the memo has noted.
    snapshot: Arc<dyn Snapshot>,
    memo: Memo,
}

impl Insight {
    /// After a push: the commits on top of the head are what the plans have made of it.
    pub(super) fn moves_to(&mut self, head: &Revision) {
        self.head = head.clone();
    }

    /// What of it is true at a head.
    fn at(insight: Option<Self>, head: &Revision, snapshot: &dyn Snapshot) -> Memo {
        let Some(insight) = insight else { return Memo::default() };
        if insight.head != *head {
            insight.memo.moved(&*insight.snapshot, snapshot);
        }
        insight.memo
    }
}

/// Plans each job on top of those before it, on a thread for work that blocks: snapshots read from the disk. What was
/// found out about the tree is true before and after the commits.
pub(super) async fn plan_all(
    jobs: Vec<Waiting>,
    head: Revision,
    snapshot: Arc<dyn Snapshot>,
    catalogue: Arc<Catalogue>,
    clock: Arc<dyn Clock>,
    insight: Option<Insight>,
) -> (Vec<Planned>, Option<Insight>) {
    let planning = tokio::task::spawn_blocking(move || {
        let memo = Insight::at(insight, &head, &*snapshot);
        let mut overlay = Overlay::with_memo(&*snapshot, memo);
        let mut planned = Vec::with_capacity(jobs.len());
        for waiting in jobs {
            let step = step(&mut overlay, &catalogue, &waiting.job, clock.as_ref());
            planned.push(Planned { waiting, step });
        }
        let memo = overlay.into_memo();
        (planned, Some(Insight { head, snapshot, memo }))
    });
    // When the runtime ends in the middle, the jobs are gone with it.
    planning.await.unwrap_or_default()
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
                unchecked: job.unchecked.as_deref(),
            });
            Step::Commit(change, NewCommit { edits, message, author: job.actor.clone(), at: clock.now() })
        }
        Ok(Ok(Plan::AlreadySo { .. })) => Step::Keep(Ok(Published::AlreadySo)),
        Ok(Err(error)) => Step::Keep(Err(PublishError::refused(Refusal::Plan(error)))),
        Err(_) => {
            error!(request_id = %job.request_id, site = job.site.label(), "planning broke off");
            let detail = "planning broke off".to_owned();
            let failure = Failure { detail, kind: FailureKind::Internal, applied: Applied::No };
            Step::Keep(Err(PublishError::Failed(failure)))
        }
    }
}

impl Planned {
    /// Whether a file could not be read: a mirror that is built again may have it.
    pub(super) fn is_unreadable(&self) -> bool {
        let Step::Keep(Err(PublishError::Refused(refusal))) = &self.step else { return false };
        matches!(**refusal, Refusal::Plan(PlanError { fault: PlanFault::Unreadable(_), .. }))
    }

    pub(super) fn has_commit(&self) -> bool {
        matches!(self.step, Step::Commit(..))
    }
}

/// The jobs in the order in which they came: planned in another one they could come to something else.
pub(super) fn jobs_of(planned: Vec<Planned>) -> Vec<Waiting> {
    planned.into_iter().map(|planned| planned.waiting).collect()
}

/// Gives the jobs of a push their commits, and the others what was kept for them.
pub(super) fn answer_pushed(planned: Vec<Planned>, revisions: Vec<Revision>) {
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
