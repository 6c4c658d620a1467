//! The writer: takes what waits, and sees to it that every job gets its answer, in as few pushes as can be.

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    PublishError, PublishSettings, Waiting,
    planning::Insight,
    round::{Knowledge, Round, answer_all},
};
use crate::{
    domain::catalogue::Catalogue,
    ports::{Clock, ManifestRepository, RepositoryError},
};

pub(super) struct Writer {
    pub(super) repository: Arc<dyn ManifestRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) settings: PublishSettings,
    pub(super) stop: CancellationToken,
    /// Whether the next round asks the remote for the head before it plans.
    pub(super) ask_first: bool,
    /// What was found out about the tree that was planned on last.
    pub(super) insight: Option<Insight>,
}

/// How the tries at some jobs ended.
enum End {
    /// Every job has its answer.
    Answered,
    /// As [`Round::Fewer`].
    Fewer(Vec<Waiting>),
    /// As [`Round::Without`].
    Without(Vec<Waiting>),
    /// These can't be published, nor can what waits behind them.
    Failed(Vec<Waiting>, RepositoryError),
    /// The program is stopping.
    Stopping(Vec<Waiting>),
}

impl Writer {
    /// Serves the queue until every [`super::Publisher`] is gone or the program stops.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Waiting>) {
        while let Some(batch) = self.gather(&mut jobs).await {
            // A fault in one batch must not end the only writer there is.
            if AssertUnwindSafe(self.settle(batch)).catch_unwind().await.is_err() {
                error!("the publisher broke off a batch");
                self.ask_first = true;
            }
        }
        jobs.close();
        while let Some(waiting) = jobs.recv().await {
            answer_all(vec![waiting], |_| Err(PublishError::Stopping));
        }
    }

    /// Takes what waits. The first job after a rest waits for company, when that is wanted.
    async fn gather(&self, jobs: &mut mpsc::Receiver<Waiting>) -> Option<Vec<Waiting>> {
        let most = self.settings.batch.max(1);
        let rested = jobs.is_empty();
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            taken = jobs.recv_many(&mut batch, most) => if taken == 0 { return None },
        }
        if !rested || self.settings.settle.is_zero() {
            return Some(batch);
        }
        let over = tokio::time::sleep(self.settings.settle);
        tokio::pin!(over);
        while batch.len() < most {
            let room = most - batch.len();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = &mut over => break,
                taken = jobs.recv_many(&mut batch, room) => if taken == 0 { break },
            }
        }
        Some(batch)
    }

    /// Sees to it that every job of the batch gets its answer.
    async fn settle(&mut self, batch: Vec<Waiting>) {
        let mut known = Knowledge::default();
        let mut later = batch;
        while !later.is_empty() {
            let (jobs, doubles) = without_doubles(later);
            self.settle_each(jobs, &mut known).await;
            later = doubles;
        }
    }

    /// Publishes all at once where that can be. When the remote refuses several commits together, ever fewer are tried,
    /// always those that came first, until the one that it doesn't want stands alone; then ever more again. One among
    /// many is found in a few pushes, and where all are refused there are hardly more pushes than commits.
    async fn settle_each(&mut self, jobs: Vec<Waiting>, known: &mut Knowledge) {
        let mut at_once = jobs.len();
        let mut open = VecDeque::from(jobs);
        while !open.is_empty() {
            let jobs: Vec<Waiting> = open.drain(..at_once.min(open.len())).collect();
            let tried = jobs.len();
            match self.try_hard(jobs, known).await {
                End::Answered => at_once = at_once.saturating_mul(2),
                End::Fewer(jobs) => {
                    at_once = (tried / 2).max(1);
                    put_back(&mut open, jobs);
                }
                End::Without(jobs) => put_back(&mut open, jobs),
                End::Failed(mut jobs, why) => {
                    jobs.extend(open.drain(..));
                    answer_all(jobs, |job| known.verdict(job, &why));
                }
                End::Stopping(mut jobs) => {
                    jobs.extend(open.drain(..));
                    answer_all(jobs, |_| Err(PublishError::Stopping));
                }
            }
        }
    }

    /// Tries until the jobs are published, refused or given up.
    async fn try_hard(&mut self, mut jobs: Vec<Waiting>, known: &mut Knowledge) -> End {
        let mut attempt = 1;
        loop {
            let why = match self.round(jobs, known).await {
                Round::Done => return End::Answered,
                Round::Fewer(jobs) => return End::Fewer(jobs),
                Round::Without(jobs) => return End::Without(jobs),
                Round::Failed(jobs, error) => return End::Failed(jobs, error),
                Round::Stopping(jobs) => return End::Stopping(jobs),
                Round::Again(again, why) => {
                    jobs = again;
                    why
                }
            };
            if attempt >= self.settings.attempts {
                let why = known.reason(why);
                warn!(jobs = jobs.len(), attempt, reason = %why, "gave up publishing");
                return End::Failed(jobs, why);
            }
            info!(jobs = jobs.len(), attempt, reason = %why, "planning again");
            tokio::select! {
                () = self.stop.cancelled() => return End::Stopping(jobs),
                () = tokio::time::sleep(self.backoff(attempt, &why)) => {}
            }
            attempt += match why {
                RepositoryError::LostRace => 1,
                // The remote is away: a few tries are enough, people wait for the answer.
                _ => self.settings.attempts.div_ceil(3).max(1),
            };
        }
    }

    /// The wait before the next attempt, with jitter so that two bots don't meet again and again.
    fn backoff(&self, attempt: u32, why: &RepositoryError) -> Duration {
        let (base, longest) = match why {
            // Whoever else pushes doesn't wait for us: long pauses only make the race longer.
            RepositoryError::LostRace => (self.settings.backoff, Duration::from_millis(500)),
            _ => (self.settings.backoff.max(Duration::from_millis(200)), Duration::from_secs(2)),
        };
        let doubled = base.saturating_mul(1 << attempt.min(6)).min(longest);
        let jitter = self.clock.now().subsec_nanosecond().unsigned_abs() % 1_000;
        doubled / 2 + doubled.mul_f64(f64::from(jitter) / 2_000.0)
    }
}

fn put_back(open: &mut VecDeque<Waiting>, jobs: Vec<Waiting>) {
    jobs.into_iter().rev().for_each(|waiting| open.push_front(waiting));
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
