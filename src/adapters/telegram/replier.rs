//! Answers into chats: bound to the command's message, or to one that an earlier process posted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{
    html::Body,
    migrations::Migrations,
    outbox::{Destination, Outbox, Sent},
    press::{Notice, Query},
};
use crate::{
    domain::{
        answer::{Answer, Refusal},
        language::Language,
        name::ReplyAddress,
    },
    ports::{Replier, ReplierAt, ReplyError},
    reply,
};

/// The first part of addresses and request ids that are ours.
const FRONT: &str = "telegram";

/// Shows the answers to one command.
#[derive(Debug)]
pub(super) struct ChatReplier {
    outbox: Arc<Outbox>,
    to: Destination,
    language: Language,
    pressed: Option<Pressed>,
    posted: Mutex<Option<Sent>>,
}

/// The button that the command comes from.
#[derive(Debug)]
pub(super) struct Pressed {
    pub(super) query: Arc<Query>,
    /// Its message, when the answer is to take its place.
    pub(super) place: Option<Sent>,
    /// Who pressed it for which command, where that has to be told.
    pub(super) by: Option<(String, String)>,
}

impl ChatReplier {
    pub(super) fn new(outbox: Arc<Outbox>, to: Destination, language: Language, pressed: Option<Pressed>) -> Self {
        Self { outbox, to, language, pressed, posted: Mutex::new(None) }
    }

    fn body(&self, answer: &Answer) -> Body {
        let mut message = reply::render(answer, self.language);
        if let Some((name, command)) = self.pressed.as_ref().and_then(|pressed| pressed.by.as_ref()) {
            message.text.splice(..0, reply::pressed_by(name, command));
        }
        Body::of(&message)
    }

    /// The message that an answer takes the place of, when there is one.
    fn place(&self, address: Option<&ReplyAddress>) -> Option<Sent> {
        // The address comes from a commit: one that leads elsewhere doesn't decide who gets to read the answer.
        let ours = |place: &Sent| self.outbox.is_same_chat(place.chat, self.to.chat);
        let named = address.and_then(parse).filter(ours);
        named.or(*self.posted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The message that a first answer takes the place of. One that says no, such as that the pod has gone, leaves it as it
    /// is, and so does one with a file, which no edit can bring.
    fn page(&self, answer: &Answer) -> Option<Sent> {
        let no = matches!(answer, Answer::Refused(_) | Answer::Failed(_) | Answer::PodUnclear { .. })
            || self.body(answer).document.is_some();
        self.pressed.as_ref().filter(|_| !no)?.place
    }

    async fn send(&self, answer: &Answer) -> Result<Sent, ReplyError> {
        let sent = self.outbox.send(self.to, &self.body(answer)).await?;
        *self.posted.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
        Ok(sent)
    }
}

#[async_trait]
impl Replier for ChatReplier {
    async fn post(&self, answer: &Answer) -> Result<Option<ReplyAddress>, ReplyError> {
        if let (Some(pressed), Answer::Refused(Refusal::Denied(denial))) = (&self.pressed, answer) {
            // A chat doesn't have to read who pressed in vain.
            let notice = Notice::Alert(reply::press_denied(*denial, self.language));
            if pressed.query.answer(notice).await {
                return Ok(None);
            }
        }
        let sent = match self.page(answer) {
            Some(place) => {
                *self.posted.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                // Signs of progress wait for their turn, the command doesn't wait for them.
                self.outbox.replace(place, self.to, self.body(answer), answer.is_final()).await?;
                place
            }
            None => self.send(answer).await?,
        };
        Ok(ReplyAddress::new(format!("{FRONT}/{}/{}", sent.chat, sent.message)).ok())
    }

    async fn replace(&self, address: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError> {
        match self.place(address) {
            Some(place) => self.outbox.replace(place, self.to, self.body(answer), answer.is_final()).await,
            None => self.send(answer).await.map(drop),
        }
    }

    async fn ensure(&self, address: Option<&ReplyAddress>, answer: &Answer) -> Result<(), ReplyError> {
        match self.place(address) {
            Some(place) => self.outbox.ensure(place, self.to, self.body(answer), answer.is_final()).await,
            None => self.send(answer).await.map(drop),
        }
    }
}

/// Makes repliers for the addresses in commit trailers.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) outbox: Arc<Outbox>,
    pub(super) migrations: Arc<Migrations>,
    pub(super) languages: Languages,
    pub(super) private_chats: BTreeSet<i64>,
}

impl ReplierAt for Addresses {
    fn at(&self, address: &ReplyAddress) -> Option<Arc<dyn Replier>> {
        let place = parse(address)?;
        // Whoever may push can write trailers: only places that commands come from are written to.
        if !self.private_chats.contains(&place.chat) && !self.migrations.is_configured(place.chat) {
            tracing::warn!(chat = place.chat, "a commit names a chat that is not in the configuration");
            return None;
        }
        let to = Destination { chat: place.chat, thread: None, reply_to: None };
        let language = self.languages.of(self.migrations.configured(place.chat));
        let replier = ChatReplier::new(Arc::clone(&self.outbox), to, language, None);
        *replier.posted.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Some(Arc::new(replier))
    }
}

/// The language of each chat.
#[derive(Debug, Clone, Default)]
pub(super) struct Languages {
    pub(super) default: Language,
    pub(super) chats: BTreeMap<i64, Language>,
}

impl Languages {
    pub(super) fn of(&self, chat: i64) -> Language {
        self.chats.get(&chat).copied().unwrap_or(self.default)
    }
}

fn parse(address: &ReplyAddress) -> Option<Sent> {
    let (chat, message) = address.as_str().strip_prefix(FRONT)?.strip_prefix('/')?.split_once('/')?;
    Some(Sent { chat: chat.parse().ok()?, message: message.parse().ok().filter(|id| *id > 0)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_addresses_are_read() {
        let read = |text: &str| parse(&ReplyAddress::new(text).unwrap());
        assert_eq!(read("telegram/-1001234567890/17"), Some(Sent { chat: -1_001_234_567_890, message: 17 }));
        for foreign in [
            "telegram/1",
            "telegram/1/0",
            "telegram/1/-3",
            "telegram/a/1",
            "telegram/1/1/1",
            "gitlab/1/1",
            "telegramx/1/1",
        ] {
            assert_eq!(read(foreign), None, "{foreign}");
        }
    }
}
