//! A chat that remembers what it was shown.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use tiphys::{
    domain::{answer::Answer, name::ReplyAddress, rollout::Stage},
    ports::{Replier, ReplierAt, ReplyError},
};

#[derive(Default)]
pub(crate) struct Chat {
    /// The address of a message and what it was made to say, in order.
    log: Mutex<Vec<(String, String)>>,
    messages: AtomicUsize,
    /// So many replies fail from now on.
    pub(crate) away: AtomicUsize,
    /// Nothing can ever be shown again.
    pub(crate) closed: Mutex<bool>,
}

impl Chat {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn show(&self, address: &str, answer: &Answer) -> Result<(), ReplyError> {
        if *self.closed.lock().unwrap() {
            return Err(ReplyError::Rejected("the bot was removed".into()));
        }
        let away = self.away.load(Ordering::SeqCst);
        if away > 0 {
            self.away.store(away - 1, Ordering::SeqCst);
            return Err(ReplyError::Unavailable("502".into()));
        }
        self.log.lock().unwrap().push((address.to_owned(), words(answer)));
        Ok(())
    }

    /// All that was shown, message by message in time's order: `1 accepted`.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(address, words)| format!("{address} {words}")).collect()
    }

    /// What one message said, one after the other.
    pub(crate) fn message(&self, number: usize) -> Vec<String> {
        let address = format!("test/{number}");
        self.log.lock().unwrap().iter().filter(|(a, _)| *a == address).map(|(_, words)| words.clone()).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Replier for Chat {
    async fn post(&self, answer: &Answer) -> Result<Option<ReplyAddress>, ReplyError> {
        let address = format!("test/{}", self.messages.load(Ordering::SeqCst) + 1);
        self.show(&address, answer)?;
        self.messages.fetch_add(1, Ordering::SeqCst);
        Ok(Some(ReplyAddress::new(address).unwrap()))
    }

    async fn replace(&self, address: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError> {
        self.show(address.map_or("", ReplyAddress::as_str), answer)
    }
}

/// Finds the chat again after a restart.
pub(crate) struct Addresses(pub(crate) Arc<Chat>);

impl ReplierAt for Addresses {
    fn at(&self, address: &ReplyAddress) -> Option<Arc<dyn Replier>> {
        address.as_str().starts_with("test/").then(|| Arc::clone(&self.0) as Arc<dyn Replier>)
    }
}

/// What an answer says, in few words.
pub(crate) fn words(answer: &Answer) -> String {
    match answer {
        Answer::Accepted { .. } => "accepted".into(),
        Answer::AlreadySo { .. } => "already so".into(),
        Answer::Refused(refusal) => format!("refused: {refusal:?}"),
        Answer::Failed(failure) => format!("failed: {:?}, applied: {:?}", failure.kind, failure.applied),
        Answer::Rollout(report) => {
            let stage = match &report.stage {
                Stage::Committed => "committed".into(),
                Stage::Syncing => "syncing".into(),
                Stage::Progressing { ready, desired, .. } => format!("{ready}/{desired}"),
                Stage::Live { ready, desired, superseded_by } => {
                    let superseded = if superseded_by.is_some() { ", superseded" } else { "" };
                    format!("live {ready}/{desired} in {} s{superseded}", report.elapsed.as_secs())
                }
                Stage::Removed => "removed".into(),
                Stage::Paused => "paused".into(),
                Stage::Failed { reason } => format!("failed: {reason}"),
                // Without a cluster that is all there is to be said.
                Stage::NotFollowed { reason: None } => "committed".to_owned(),
                Stage::NotFollowed { reason: Some(reason) } => format!("not followed: {reason}"),
                Stage::TimedOut { after, last } => {
                    let last = last.as_ref().map(ToString::to_string).unwrap_or_default();
                    format!("timed out after {} s: {last}", after.as_secs())
                }
            };
            if report.delivered_before { format!("{stage} (delivered before)") } else { stage }
        }
        other => format!("{other:?}"),
    }
}
