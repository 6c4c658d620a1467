//! The road of a mutation: accepted, checked, published; then the follower takes over.

use std::{sync::PoisonError, task::Poll, time::Duration};

use tracing::warn;

use super::{
    order::Turn,
    publish::{Committed, Job, Outcome, PublishError, Published, delivered_before, failure},
    request::{Handling, Request, Settled},
    service::Service,
};
use crate::{
    domain::{
        actor::{Actor, Place},
        answer::{Answer, Applied, Failure, FailureKind, Refusal, RolloutReport},
        catalogue::Site,
        command::Mutation,
        name::ReplyAddress,
        rollout::Stage,
    },
    ports::{ReplyError, RepositoryError},
};

/// How often a mutation asks for the first fetch, and the pause in between.
const FETCHES: u32 = 3;
const FETCH_PAUSE: Duration = Duration::from_millis(500);

/// How long a refused mutation waits for the remote to tell whether it was carried out meanwhile.
const REFUSAL_WAITS: Duration = Duration::from_secs(5);

/// How long a command stays without any answer because its repository doesn't tell of earlier deliveries.
const UNHEARD: Duration = Duration::from_secs(5);

/// How many places of unsettled answers are kept.
const REMEMBERED: usize = 1_000;

/// A mutation that was let in.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) request: Request,
    pub(super) site: Site,
    pub(super) mutation: Mutation,
}

/// How far a mutation came before the publisher's queue.
enum Prepared {
    /// It is to be published.
    Ready { address: Option<ReplyAddress>, unchecked: Option<String> },
    /// Its outcome is known already.
    Known { address: Option<ReplyAddress>, outcome: Outcome },
    /// It is refused before anything was shown.
    Refused(Box<Refusal>),
    /// The asker could not be told that it was accepted, so nothing was done.
    Unheard(ReplyError),
}

impl Service {
    /// Carries out a mutation; returns once it is pushed, refused, or found to be so already.
    pub(super) async fn mutate(&self, change: Change, actor: Actor, turn: Turn) -> Handling {
        let prepared = tokio::select! {
            biased;
            prepared = self.prepare(&change, &turn) => prepared,
            () = self.0.stop.cancelled() => return Handling::Unsettled,
        };
        let id = change.request.id.clone();
        let handling = match prepared {
            Prepared::Refused(refusal) => self.answer(&change.request, Answer::Refused(*refusal)).await,
            Prepared::Unheard(error) => {
                let detail = error.to_string();
                let failure = Failure { detail, kind: FailureKind::Internal, applied: Applied::No };
                let settled = Settled { answer: Answer::Failed(failure), rollout: None };
                self.settled(&change.request, Err(error), settled)
            }
            Prepared::Known { address, outcome } => {
                drop(turn);
                self.finish(&change, address, outcome, None).await
            }
            Prepared::Ready { address, unchecked } => {
                let branch = self.0.repositories.of(&change.site.environment);
                let publishing = branch.publisher.publish(Job {
                    request_id: id.clone(),
                    actor,
                    site: change.site.clone(),
                    mutation: change.mutation.clone(),
                    reply_to: address.clone(),
                    unchecked: unchecked.clone(),
                });
                drop(turn);
                // This goes on when the front gives up waiting: a commit is never left without its follower.
                let service = self.clone();
                let finishing = self.0.tasks.spawn(async move {
                    let outcome = publishing.await;
                    service.finish(&change, address, outcome, unchecked).await
                });
                finishing.await.unwrap_or(Handling::Unsettled)
            }
        };
        if !matches!(handling, Handling::Unsettled) {
            self.0.posted.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
        handling
    }

    /// Everything before the publisher's queue.
    async fn prepare(&self, change: &Change, turn: &Turn) -> Prepared {
        let mut asking = Box::pin(self.earlier_delivery(change));
        let first = tokio::time::timeout(UNHEARD, &mut asking).await.ok();
        let address = match &first {
            Some(Ok(Some(Ok(Published::Committed(Committed { reply_to: Some(address), .. }))))) => {
                Some(address.clone())
            }
            // The message of the other command is left alone.
            Some(Ok(Some(Err(PublishError::Refused(refusal))))) => return Prepared::Refused(refusal.clone()),
            // Of a remote that is slow nobody knows yet: should the request have a message already, both come to their end.
            _ => match self.accept(change).await {
                Ok(address) => address,
                // Nobody would learn what became of it, so nothing is done.
                Err(error) => return Prepared::Unheard(error),
            },
        };
        let mut earlier = match first {
            Some(earlier) => earlier,
            None => asking.await,
        };
        for _ in 1..FETCHES {
            let Err(RepositoryError::Unreachable(_) | RepositoryError::Unclear(_)) = earlier else { break };
            tokio::time::sleep(FETCH_PAUSE).await;
            earlier = self.earlier_delivery(change).await;
        }
        match earlier {
            Ok(Some(outcome)) => return Prepared::Known { address, outcome },
            Ok(None) => {}
            // The publisher could not do better, and an answer from the checks may not be true: an earlier process may
            // have committed this very request.
            Err(error) => return Prepared::Known { address, outcome: Err(failure(&error, false)) },
        }
        match self.check(&change.site, &change.mutation, change.request.force).await {
            Ok(unchecked) => {
                turn.come().await;
                Prepared::Ready { address, unchecked }
            }
            Err(refusal) => {
                let meanwhile = self.delivered_meanwhile(change).await;
                let outcome = meanwhile.unwrap_or_else(|| Err(PublishError::Refused(Box::new(refusal))));
                Prepared::Known { address, outcome }
            }
        }
    }

    /// What an earlier delivery of this request came to, when it was committed. A registry or a cluster that is down by
    /// now doesn't change that, so nothing is checked again.
    ///
    /// The remote is asked once in the life of the process. What another one commits after that is found when the push
    /// loses its race, or before anything is answered without a push.
    async fn earlier_delivery(&self, change: &Change) -> Result<Option<Outcome>, RepositoryError> {
        self.0.repositories.of(&change.site.environment).first_fetch().await?;
        self.committed(change).await
    }

    /// What this request came to since the last fetch: the process before this one may have pushed it before it ended,
    /// and no compare-and-swap guards the answer of a command that is refused. A remote that doesn't answer soon doesn't
    /// change what the checks have found.
    async fn delivered_meanwhile(&self, change: &Change) -> Option<Outcome> {
        let asking = async {
            self.0.repositories.of(&change.site.environment).fresh_fetch().await?;
            self.committed(change).await
        };
        match tokio::time::timeout(REFUSAL_WAITS, asking).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                warn!(request_id = %change.request.id, %error, "refused without a look at the remote");
                None
            }
            Err(_) => {
                warn!(request_id = %change.request.id, "refused without a look at the remote: it doesn't answer");
                None
            }
        }
    }

    /// What the history of the last fetch or push says of this request.
    async fn committed(&self, change: &Change) -> Result<Option<Outcome>, RepositoryError> {
        let Change { request, site, mutation } = change;
        let branch = self.0.repositories.of(&site.environment);
        let record = branch.repository.find_request(&request.id).await?;
        Ok(record.map(|record| delivered_before(&request.id, site, mutation, record)))
    }

    /// Shows that the mutation was accepted. A delivery of the same request that could not be settled in this process
    /// may have done that already.
    async fn accept(&self, change: &Change) -> Result<Option<ReplyAddress>, ReplyError> {
        let Change { request, site, mutation } = change;
        let shown = self.0.posted.lock().unwrap_or_else(PoisonError::into_inner).get(&request.id).cloned();
        if shown.is_some() {
            return Ok(shown);
        }
        let answer = Answer::Accepted { site: site.clone(), mutation: mutation.clone() };
        let address = request.replier.post(&answer).await?;
        if let Some(address) = &address {
            let mut posted = self.0.posted.lock().unwrap_or_else(PoisonError::into_inner);
            if posted.len() >= REMEMBERED {
                posted.clear();
            }
            posted.insert(request.id.clone(), address.clone());
        }
        Ok(address)
    }

    /// Shows what the publisher made of a mutation, and starts to follow a commit.
    async fn finish(
        &self,
        change: &Change,
        address: Option<ReplyAddress>,
        outcome: Outcome,
        unchecked: Option<String>,
    ) -> Handling {
        let Change { request, site, mutation } = change;
        let branch = self.0.repositories.of(&site.environment);
        let committed = match outcome.map_err(|error| branch.named_error(error)) {
            Ok(Published::Committed(committed)) => committed,
            Ok(Published::AlreadySo) => {
                let answer = Answer::AlreadySo { site: site.clone(), mutation: mutation.clone() };
                return self.conclude(request, address.as_ref(), answer).await;
            }
            Err(PublishError::Refused(refusal)) => {
                return self.conclude(request, address.as_ref(), Answer::Refused(*refusal)).await;
            }
            Err(PublishError::Failed(failure)) => {
                return self.conclude(request, address.as_ref(), Answer::Failed(failure)).await;
            }
            Err(PublishError::Stopping) => return Handling::Unsettled,
        };
        let mut report = self.report(site.clone(), mutation.clone(), &committed, unchecked);
        // A chat delivers twice when the bot was restarted, and its people gave the command once.
        report.delivered_before = committed.delivered_before && request.place == Place::Terminal;
        let answer = Answer::Rollout(report.clone());
        // It isn't settled before the message says so: should this process die, only a second delivery is sure to bring
        // the message up to date. What the follower shows is newer, so it begins once this was put up.
        // A follower of an earlier process's commit keeps this very message up to date, and may be further than this;
        // but whether it has shown anything yet nobody knows.
        let newest = self.followed(&report.revision, address.as_ref()).unwrap_or_else(|| answer.clone());
        let shown = request.replier.ensure(address.as_ref(), &newest);
        tokio::pin!(shown);
        let at_once = futures_util::poll!(&mut shown);
        let up_to_date = !matches!(at_once, Poll::Ready(Err(_)));
        // After a delivery that knew nothing of the earlier one there are two messages, and both come to their end.
        let other = committed.reply_to.filter(|other| address.as_ref().is_some_and(|address| address != other));
        let replier = &request.replier;
        let rollout = self.follow(report.clone(), committed.at, replier.clone(), address.clone(), up_to_date);
        if other.is_some() {
            drop(self.follow(report.clone(), committed.at, replier.clone(), other, false));
        }
        let shown = match at_once {
            Poll::Ready(shown) => shown,
            Poll::Pending => shown.await,
        };
        let answer = answer.clone();
        self.settled(request, shown, Settled { answer, rollout: Some(rollout) })
    }

    /// The first report on a commit.
    pub(super) fn report(
        &self,
        site: Site,
        mutation: Mutation,
        committed: &Committed,
        unchecked: Option<String>,
    ) -> RolloutReport {
        let unchecked: Vec<String> = unchecked.into_iter().chain(committed.unseen.iter().cloned()).collect();
        RolloutReport {
            url: self.0.repositories.of(&site.environment).commit_url(&committed.revision),
            site,
            mutation,
            from: committed.from.clone(),
            to: committed.to.clone(),
            revision: committed.revision.clone(),
            // Without a cluster there is nothing to wait for.
            stage: match self.0.cluster {
                Some(_) => Stage::Committed,
                None => Stage::NotFollowed { reason: None },
            },
            elapsed: Duration::ZERO,
            delivered_before: false,
            unchecked: (!unchecked.is_empty()).then(|| unchecked.join("; ")),
            shared: committed.shared.clone(),
        }
    }

    /// Puts the last answer in the place of the accepted one.
    async fn conclude(&self, request: &Request, address: Option<&ReplyAddress>, answer: Answer) -> Handling {
        let shown = request.replier.replace(address, &answer).await;
        self.settled(request, shown, Settled { answer, rollout: None })
    }
}
