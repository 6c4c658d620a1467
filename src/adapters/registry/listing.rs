//! What is kept of lists and details, for how long, and how many details are asked for at once.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::{
    AT_ONCE,
    cache::{Kept, Limits},
};
use crate::{
    domain::registry_fault::RegistrySilence,
    ports::{ListedTag, RegistryError, TagDetails},
};

/// Lists: fresh for half a minute; one that is up to five minutes old stands in for a slow registry. A tag weighs 1: the
/// lists take some tens of megabytes at most.
pub(super) const LISTS: Limits = Limits {
    fresh: Duration::from_secs(30),
    usable: Duration::from_secs(300),
    patience: Duration::from_millis(400),
    capacity: 100_000,
};
/// Details that are cheap to look up again.
pub(super) const CHEAP_DETAILS: Limits = Limits {
    fresh: Duration::from_secs(30),
    usable: Duration::from_secs(300),
    patience: Duration::from_millis(250),
    capacity: 20_000,
};
/// Details for which the registry has a lot to do.
pub(super) const DEAR_DETAILS: Limits = Limits { fresh: Duration::from_secs(180), ..CHEAP_DETAILS };

/// A list of tags, and what is needed to read it anew at little cost.
#[derive(Debug)]
pub(super) struct Listing<P> {
    pub(super) tags: Vec<ListedTag>,
    /// Whether there are more.
    pub(super) is_cut: bool,
    pub(super) pages: P,
}

impl<P: Send + Sync + 'static> Kept for Arc<Listing<P>> {
    fn weight(&self) -> usize {
        self.tags.len().max(1)
    }
}

/// What was told of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The details, or `None` where there is no such tag.
    pub(super) details: Option<TagDetails>,
    /// Whether a part is missing that may be there the next time.
    pub(super) is_partial: bool,
}

impl Told {
    /// All that there is to tell.
    pub(super) fn whole(details: Option<TagDetails>) -> Self {
        Self { details, is_partial: false }
    }
}

impl Kept for Told {
    fn weight(&self) -> usize {
        usize::from(self.details.is_some() && !self.is_partial)
    }
}

/// Until when a question's requests may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Until when all of them may.
    pub(super) until: Instant,
    /// How long each one may take.
    pub(super) each: Duration,
}

impl Times {
    /// All of them within the time.
    pub(super) fn of(deadline: Duration) -> Self {
        Self { until: Instant::now() + deadline, each: deadline }
    }

    /// For a list, which is read on when nobody waits for it any more: the next one who asks is to have it.
    pub(super) fn of_list(deadline: Duration) -> Self {
        Self { until: Instant::now() + deadline * 4, each: deadline }
    }

    /// A bit less, so that what was found by then can still be told in time.
    pub(super) fn of_details(deadline: Duration) -> Self {
        Self::of(deadline - (deadline / 10).min(Duration::from_millis(200)))
    }

    /// Until when the next request may go on.
    pub(super) fn next(&self) -> Instant {
        self.until.min(Instant::now() + self.each)
    }
}

pub(super) fn late(after: Duration) -> RegistryError {
    RegistrySilence::Late { after }.into()
}

/// Some of the questions at a time, each with an answer of its own, in their order; what isn't told within the time is late.
pub(super) async fn each_in_time<F>(
    questions: Vec<F>,
    deadline: Duration,
) -> Vec<Result<Option<TagDetails>, RegistryError>>
where
    F: Future<Output = Result<Told, RegistryError>> + Send,
{
    let until = Instant::now() + deadline;
    let mut waiting = Vec::with_capacity(questions.len());
    for question in questions {
        waiting.push(async move {
            // What can't be answered in time isn't asked.
            if Instant::now() >= until {
                return Err(late(deadline));
            }
            timeout_at(until, question).await.unwrap_or_else(|_| Err(late(deadline))).map(|told| told.details)
        });
    }
    stream::iter(waiting).buffered(AT_ONCE).collect().await
}
