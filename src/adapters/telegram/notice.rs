//! One message to one chat, and then no more: for programs that only have something to say.

use std::{ops::ControlFlow, path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde_json::Value;
use teloxide::{
    payloads::SendMessageSetters,
    requests::Requester,
    types::{ChatId as Chat, LinkPreviewOptions, MessageEntity, MessageId, ThreadId},
};
use tokio::time::Instant;
use url::Url;

use super::api::{Api, CALL_DEADLINE, CallError, SetupError};
use super::backoff::Backoff;
use crate::{
    domain::actor::ChatId,
    reply::{Message, Span},
};

/// Why a notice wasn't sent. Display texts hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Telegram doesn't take it; the same again will be refused again.
    #[error("Telegram refuses the message: {0}")]
    Refused(String),
    /// Nobody took it within the time; it isn't in the chat.
    #[error("Telegram did not take the message in time: {0}")]
    NotTaken(String),
    /// The connection broke, or the time was over, before there was an answer; it may be in the chat.
    #[error("the message may or may not have arrived: {0}")]
    Unclear(String),
}

/// Sends notices.
#[derive(Debug)]
pub struct Notifier {
    api: Api,
    deadline: Duration,
}

impl Notifier {
    /// Makes it; nothing is sent yet. A rustls crypto provider must be installed. `deadline` is for a notice with all
    /// that is tried again.
    ///
    /// # Errors
    /// [`SetupError`] when it can't work with these.
    pub fn new(
        token: SecretString,
        api_url: Url,
        ca_file: Option<&PathBuf>,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        Ok(Self { api: Api::new(token, api_url, ca_file)?, deadline })
    }

    /// Sends the message's text, as it is and not as HTML, to a chat or to one of its topics.
    ///
    /// What Telegram says that it didn't take is tried again until the deadline, not before the time that it names. A
    /// call that broke off isn't: it may have been taken, and nobody could tell a second message from the first.
    ///
    /// # Errors
    /// [`NoticeError`] when it isn't known to be in the chat.
    pub async fn send(&self, chat: ChatId, topic: Option<i32>, message: &Message) -> Result<(), NoticeError> {
        let end = Instant::now() + self.deadline;
        let (text, entities) = plain_with_entities(message);
        let mut letter = Letter { chat: chat.0, topic, text, entities, moved: false };
        let mut backoff = Backoff::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let error = match letter.send(&self.api, left.min(CALL_DEADLINE)).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let pause = match letter.after(&error) {
                ControlFlow::Break(error) => return Err(error),
                ControlFlow::Continue(pause) => pause.unwrap_or_else(|| backoff.pause()),
            };
            if Instant::now() + pause >= end {
                return Err(NoticeError::NotTaken(error.to_string()));
            }
            tracing::warn!(%error, pause_ms = pause.as_millis(), "the notice was not sent yet");
            tokio::time::sleep(pause).await;
        }
    }
}

/// What is to be sent, made simpler when Telegram doesn't accept a part of it.
struct Letter {
    chat: i64,
    topic: Option<i32>,
    text: String,
    entities: Vec<MessageEntity>,
    /// Whether the chat has been followed to another id.
    moved: bool,
}

impl Letter {
    async fn send(&self, api: &Api, deadline: Duration) -> Result<Value, CallError> {
        let mut request =
            api.bot().send_message(Chat(self.chat), self.text.as_str()).link_preview_options(LinkPreviewOptions {
                is_disabled: true,
                url: None,
                prefer_small_media: false,
                prefer_large_media: false,
                show_above_text: false,
            });
        if !self.entities.is_empty() {
            request = request.entities(self.entities.iter().cloned());
        }
        if let Some(topic) = self.topic {
            request = request.message_thread_id(ThreadId(MessageId(topic)));
        }
        api.call_within(deadline, request).await
    }

    /// How to go on after a failed call: again after a pause (`None` for one that grows), or not at all.
    fn after(&mut self, error: &CallError) -> ControlFlow<NoticeError, Option<Duration>> {
        match error {
            CallError::RetryAfter(time) => ControlFlow::Continue(Some(*time)),
            CallError::Migrated(new) => {
                tracing::warn!(old = self.chat, new, "the group has become a supergroup: write down its new id");
                if std::mem::replace(&mut self.moved, true) {
                    return ControlFlow::Break(NoticeError::Refused(error.to_string()));
                }
                self.chat = *new;
                self.topic = None;
                ControlFlow::Continue(Some(Duration::ZERO))
            }
            CallError::Server(_) | CallError::Unreached(_) => ControlFlow::Continue(None),
            CallError::Network(words) => ControlFlow::Break(NoticeError::Unclear(words.clone())),
            CallError::Refused(words) if self.make_simpler(words) => ControlFlow::Continue(Some(Duration::ZERO)),
            CallError::Refused(words) | CallError::Conflict(words) => {
                ControlFlow::Break(NoticeError::Refused(words.clone()))
            }
            CallError::Unauthorised(_) => ControlFlow::Break(NoticeError::Refused(error.to_string())),
        }
    }

    /// Leaves out what the refusal is about; `false` when that isn't known or already done.
    fn make_simpler(&mut self, words: &str) -> bool {
        let words = words.to_lowercase();
        let about = |known: &[&str]| known.iter().any(|known| words.contains(known));
        if about(&["thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"]) {
            self.topic.take().is_some()
        } else if about(&["entit"]) {
            !std::mem::take(&mut self.entities).is_empty()
        } else {
            false
        }
    }
}

/// A message's text and the stretches that are code, counted in UTF-16 units.
fn plain_with_entities(message: &Message) -> (String, Vec<MessageEntity>) {
    let mut entities = Vec::new();
    let mut offset = 0;
    for span in &message.text {
        let (Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) | Span::Link { text, .. }) =
            span;
        let length = text.encode_utf16().count();
        match span {
            Span::Code(_) => entities.push(MessageEntity::code(offset, length)),
            Span::Bold(_) => entities.push(MessageEntity::bold(offset, length)),
            Span::Plain(_) | Span::Block(_) | Span::Link { .. } => {}
        }
        offset += length;
    }
    let text = message.text.iter().map(|span| match span {
        Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) | Span::Link { text, .. } => {
            text.as_str()
        }
    });
    (text.collect(), entities)
}
