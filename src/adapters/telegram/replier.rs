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
};
use crate::{
    domain::{answer::Answer, language::Language, name::ReplyAddress},
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
    posted: Mutex<Option<Sent>>,
}

impl ChatReplier {
    pub(super) fn new(outbox: Arc<Outbox>, to: Destination, language: Language) -> Self {
        Self { outbox, to, language, posted: Mutex::new(None) }
    }

    fn body(&self, answer: &Answer) -> Body {
        Body::of(&reply::render(answer, self.language))
    }

    /// The message that an answer takes the place of, when there is one.
    fn place(&self, address: Option<&ReplyAddress>) -> Option<Sent> {
        // The address comes from a commit: one that leads elsewhere doesn't decide who gets to read the answer.
        let ours = |place: &Sent| self.outbox.is_same_chat(place.chat, self.to.chat);
        let named = address.and_then(parse).filter(ours);
        named.or(*self.posted.lock().unwrap_or_else(PoisonError::into_inner))
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
        let sent = self.send(answer).await?;
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
        let replier = ChatReplier::new(Arc::clone(&self.outbox), to, language);
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
