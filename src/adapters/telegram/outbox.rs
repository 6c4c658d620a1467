//! Sending and editing until Telegram has taken it, within the limits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use teloxide::{
    payloads::{EditMessageTextSetters, SendMessageSetters},
    requests::Requester,
    types::{ChatId, LinkPreviewOptions, MessageId, ParseMode, ReplyMarkup, ReplyParameters, ThreadId},
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    api::{Api, CallError},
    backoff::Backoff,
    document,
    html::Body,
    migrations::Migrations,
    pace::{Pace, Weight},
};
use crate::ports::ReplyError;

/// How long an answer is tried again when Telegram can't be reached or has trouble.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Where a new message goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination {
    pub(super) chat: i64,
    pub(super) thread: Option<ThreadId>,
    /// The message that it answers.
    pub(super) reply_to: Option<i32>,
}

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) chat: i64,
    pub(super) message: i32,
}

/// The outcome of one try to edit.
enum Edited {
    Done,
    /// The message isn't there any more.
    Gone,
    /// Not before the time that Telegram named; the chat's lane is blocked until then.
    Blocked,
    /// It may work later.
    Again(String),
    Rejected(String),
}

/// What is to be shown in one message, while anything is.
#[derive(Debug, Default)]
struct Slot {
    next: Option<Next>,
    /// What it shows, as far as is known.
    shown: Option<Body>,
    /// Where it stands now, when it had to be sent anew.
    moved: Option<Sent>,
    working: bool,
    changed: Arc<Notify>,
    done: Option<Arc<Delivery>>,
    /// The number of the newest text.
    newest: u64,
    /// Who waits for the text of a number, or a newer one, to be shown.
    waiting: Vec<(u64, oneshot::Sender<Result<(), ReplyError>>)>,
}

#[derive(Debug, Clone)]
struct Next {
    number: u64,
    body: Body,
    destination: Destination,
    last: bool,
}

/// The fate of a last answer, for everyone who waits for it.
#[derive(Debug, Default)]
struct Delivery {
    result: Mutex<Option<Result<(), ReplyError>>>,
    known: Notify,
}

impl Delivery {
    fn settle(&self, result: Result<(), ReplyError>) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        self.known.notify_waiters();
    }

    async fn wait(&self) -> Result<(), ReplyError> {
        loop {
            let known = self.known.notified();
            tokio::pin!(known);
            known.as_mut().enable();
            if let Some(result) = self.result.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                return result;
            }
            known.await;
        }
    }
}

/// Everything that goes to chats.
#[derive(Debug)]
pub(super) struct Outbox {
    api: Arc<Api>,
    pace: Arc<Pace>,
    migrations: Arc<Migrations>,
    slots: Mutex<HashMap<Sent, Slot>>,
    stop: CancellationToken,
}

impl Outbox {
    pub(super) fn new(api: Arc<Api>, pace: Arc<Pace>, migrations: Arc<Migrations>) -> Arc<Self> {
        let stop = CancellationToken::new();
        Arc::new(Self { api, pace, migrations, slots: Mutex::default(), stop })
    }

    /// Whether two ids are the same chat, before and after it became a supergroup.
    pub(super) fn is_same_chat(&self, one: i64, other: i64) -> bool {
        self.migrations.current(one) == self.migrations.current(other)
    }

    /// Gives up on everything that isn't out yet.
    pub(super) fn close(&self) {
        self.stop.cancel();
    }

    /// Sends a new message and waits until it is out. When the connection breaks at the wrong moment the message may
    /// appear twice: Telegram has no key by which a second one could be recognised.
    pub(super) async fn send(&self, to: Destination, body: &Body) -> Result<Sent, ReplyError> {
        let deadline = Instant::now() + PATIENCE;
        let mut attempt = Attempt::new(to, body.clone());
        let mut backoff = Backoff::new();
        loop {
            attempt.move_to(self.migrations.current(attempt.to.chat));
            self.or_stop(self.pace.turn(attempt.to.chat, Weight::Answer)).await?;
            let error = match self.or_stop(attempt.send(&self.api)).await? {
                Ok(message) => return sent(&message),
                Err(error) => error,
            };
            match &error {
                CallError::RetryAfter(time) => {
                    tracing::warn!(chat = attempt.to.chat, wait_s = time.as_secs(), "Telegram asks to wait");
                    self.pace.block(attempt.to.chat, *time);
                }
                CallError::Migrated(new) => self.migrations.learn(attempt.to.chat, *new),
                CallError::Refused(words) if attempt.make_simpler(words) => {
                    tracing::warn!(chat = attempt.to.chat, error = %error, "a message was not accepted; trying a simpler one");
                }
                error if may_work_later(error) && Instant::now() < deadline => {
                    let pause = backoff.pause();
                    tracing::warn!(chat = attempt.to.chat, error = %error, pause_ms = pause.as_millis(), "a message was not sent");
                    self.or_stop(tokio::time::sleep(pause)).await?;
                }
                CallError::Server(_) | CallError::Network(_) | CallError::Unreached(_) | CallError::Conflict(_) => {
                    return Err(ReplyError::Unavailable(error.to_string()));
                }
                CallError::Refused(_) | CallError::Unauthorised(_) => {
                    return Err(ReplyError::Rejected(error.to_string()));
                }
            }
        }
    }

    /// Shows a newer text in the place of a message. The newest wins. The last one is waited for; others go out when
    /// the limits leave room, if nothing newer comes first.
    pub(super) async fn replace(
        self: &Arc<Self>,
        place: Sent,
        destination: Destination,
        body: Body,
        last: bool,
    ) -> Result<(), ReplyError> {
        match self.put(place, destination, body, last, None) {
            Some(delivery) => delivery.wait().await,
            None => Ok(()),
        }
    }

    /// The same, but waits until this text or a newer one is shown, whether it is the last or not.
    pub(super) async fn ensure(
        self: &Arc<Self>,
        place: Sent,
        destination: Destination,
        body: Body,
        last: bool,
    ) -> Result<(), ReplyError> {
        let (tell, shown) = oneshot::channel();
        match self.put(place, destination, body, last, Some(tell)) {
            Some(delivery) => delivery.wait().await,
            // What is given up when the process stops tells nobody.
            None => shown.await.unwrap_or_else(|_| Err(stopping())),
        }
    }

    /// Puts a text up to be shown. Returns the fate of the last one, when that is what there is to wait for.
    fn put(
        self: &Arc<Self>,
        place: Sent,
        destination: Destination,
        body: Body,
        last: bool,
        tell: Option<oneshot::Sender<Result<(), ReplyError>>>,
    ) -> Option<Arc<Delivery>> {
        let mut slots = self.lock();
        let slot = slots.entry(place).or_default();
        // A sign of progress that comes after the last word is late; one that says the same is no news.
        let same = slot.next.is_none() && !slot.working && slot.shown.as_ref() == Some(&body);
        if !last && (slot.done.is_some() || same) {
            let tell = tell?;
            if slot.done.is_none() {
                // Whoever asked may be gone.
                drop(tell.send(Ok(())));
            }
            return slot.done.clone();
        }
        slot.newest += 1;
        slot.next = Some(Next { number: slot.newest, body, destination, last });
        slot.waiting.extend(tell.map(|tell| (slot.newest, tell)));
        slot.changed.notify_waiters();
        if last && slot.done.is_none() {
            slot.done = Some(Arc::default());
        }
        if !slot.working {
            slot.working = true;
            tokio::spawn(Arc::clone(self).work(place));
        }
        slot.done.clone()
    }

    /// Brings one message up to date until nothing newer waits.
    async fn work(self: Arc<Self>, place: Sent) {
        let mut backoff = Backoff::new();
        let mut deadline = None;
        loop {
            let Some((at, next)) = self.next(place).await else { return };
            let outcome = match self.or_stop(self.edit(at, &next)).await {
                Ok(Edited::Gone) => self.send_anew(place, &next).await,
                Ok(Edited::Done) => Ok(()),
                Ok(Edited::Rejected(words)) => Err(ReplyError::Rejected(words)),
                Ok(Edited::Blocked) => {
                    self.put_back(place, next);
                    continue;
                }
                Ok(Edited::Again(words)) => {
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
                    let pause = backoff.pause();
                    if Instant::now() + pause < deadline && self.put_back(place, next.clone()) {
                        tracing::warn!(chat = at.chat, message = at.message, error = words, "an edit was not made");
                        // Something newer doesn't have to wait any less: Telegram is in trouble.
                        let _ = self.or_stop(tokio::time::sleep(pause)).await;
                        continue;
                    }
                    Err(ReplyError::Unavailable(words))
                }
                Err(stopped) => Err(stopped),
            };
            deadline = None;
            backoff.reset();
            if let Err(error) = &outcome {
                tracing::warn!(chat = at.chat, message = at.message, %error, "an answer could not be shown");
            }
            if let Some(slot) = self.lock().get_mut(&place) {
                if outcome.is_ok() {
                    slot.shown = Some(next.body.clone());
                }
                for (_, tell) in slot.waiting.extract_if(.., |(number, _)| *number <= next.number) {
                    drop(tell.send(outcome.clone()));
                }
            }
            if self.finish(place, next.last, outcome) {
                return;
            }
        }
    }

    /// The newest text and the turn to show it; `None` when the process stops.
    async fn next(&self, place: Sent) -> Option<(Sent, Next)> {
        loop {
            let (weight, at, changed) = {
                let slots = self.lock();
                let slot = slots.get(&place)?;
                let last = slot.next.as_ref().is_some_and(|next| next.last);
                let weight = if last { Weight::Answer } else { Weight::Progress };
                (weight, slot.moved.unwrap_or(place), Arc::clone(&slot.changed))
            };
            let newer = changed.notified();
            tokio::pin!(newer);
            newer.as_mut().enable();
            // What came between the look and the listening is seen by looking again.
            if weight == Weight::Progress && self.lock().get(&place)?.next.as_ref().is_some_and(|next| next.last) {
                continue;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.finish(place, true, Err(stopping()));
                    return None;
                }
                () = self.pace.turn(self.migrations.current(at.chat), weight) => {
                    let next = self.lock().get_mut(&place)?.next.take()?;
                    return Some((at, next));
                }
                () = newer, if weight == Weight::Progress => {}
            }
        }
    }

    async fn edit(&self, at: Sent, next: &Next) -> Edited {
        if self.migrations.current(at.chat) != at.chat {
            // In the supergroup this number belongs to another message.
            return Edited::Gone;
        }
        let mut simple = Attempt::new(next.destination, next.body.clone());
        loop {
            let bot = self.api.bot();
            let mut request = bot
                .edit_message_text(ChatId(at.chat), MessageId(at.message), simple.text())
                .link_preview_options(no_preview());
            if simple.styled {
                request = request.parse_mode(ParseMode::Html);
            }
            if simple.has_buttons() {
                request = request.reply_markup(simple.body.keyboard.clone());
            }
            let error = match self.api.call(request).await {
                Ok(_) => return Edited::Done,
                Err(error) => error,
            };
            return match error {
                CallError::RetryAfter(time) => {
                    tracing::warn!(chat = at.chat, wait_s = time.as_secs(), "Telegram asks to wait");
                    self.pace.block(at.chat, time);
                    Edited::Blocked
                }
                CallError::Migrated(new) => {
                    self.migrations.learn(at.chat, new);
                    Edited::Gone
                }
                CallError::Server(words)
                | CallError::Network(words)
                | CallError::Unreached(words)
                | CallError::Conflict(words) => Edited::Again(words),
                CallError::Refused(words) if contains(&words, &["message is not modified"]) => Edited::Done,
                CallError::Refused(words)
                    if contains(
                        &words,
                        // A file's message has a caption and no text.
                        &[
                            "message to edit not found",
                            "message can't be edited",
                            "message_id_invalid",
                            "there is no text in the message to edit",
                        ],
                    ) =>
                {
                    Edited::Gone
                }
                CallError::Refused(words) if simple.make_simpler(&words) => {
                    tracing::warn!(chat = at.chat, error = words, "an edit was not accepted; trying a simpler one");
                    continue;
                }
                CallError::Refused(words) | CallError::Unauthorised(words) => Edited::Rejected(words),
            };
        }
    }

    /// Sends what could not be edited in, and edits there from now on.
    async fn send_anew(&self, place: Sent, next: &Next) -> Result<(), ReplyError> {
        let sent = self.send(next.destination, &next.body).await?;
        if let Some(slot) = self.lock().get_mut(&place) {
            slot.moved = Some(sent);
        }
        Ok(())
    }

    /// Keeps a text for the next try; there may be a newer one already.
    fn put_back(&self, place: Sent, next: Next) -> bool {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(&place) else { return false };
        slot.next.get_or_insert(next);
        true
    }

    /// Ends a try; `true` when there is nothing more to do.
    fn finish(&self, place: Sent, last: bool, outcome: Result<(), ReplyError>) -> bool {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(&place) else { return true };
        if self.stop.is_cancelled() {
            if let Some(done) = &slot.done {
                done.settle(if last { outcome } else { Err(stopping()) });
            }
            slots.remove(&place);
            return true;
        }
        if slot.next.is_some() {
            return false;
        }
        if let Some(done) = slot.done.as_ref().filter(|_| last) {
            done.settle(outcome);
            slots.remove(&place);
        } else {
            slot.working = false;
        }
        true
    }

    async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, ReplyError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(stopping()),
            result = work => Ok(result),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sent, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One message on its way, made simpler when Telegram doesn't accept a part of it.
struct Attempt {
    to: Destination,
    body: Body,
    styled: bool,
}

impl Attempt {
    fn new(to: Destination, body: Body) -> Self {
        Self { to, body, styled: true }
    }

    fn text(&self) -> &str {
        if self.styled { &self.body.html } else { &self.body.plain }
    }

    fn has_buttons(&self) -> bool {
        !self.body.keyboard.inline_keyboard.is_empty()
    }

    /// Another chat has neither the topic nor the message that is answered.
    fn move_to(&mut self, chat: i64) {
        if chat != self.to.chat {
            self.to = Destination { chat, thread: None, reply_to: None };
        }
    }

    /// Leaves out what the refusal is about; `false` when that isn't known or already done.
    fn make_simpler(&mut self, words: &str) -> bool {
        if contains(words, &["can't parse entities"]) {
            std::mem::take(&mut self.styled)
        } else if contains(words, &["message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"]) {
            self.to.thread.take().is_some()
        } else if contains(words, &["message to be replied not found", "reply message not found"]) {
            self.to.reply_to.take().is_some()
        } else if contains(words, &["button", "reply markup"]) {
            !std::mem::take(&mut self.body.keyboard.inline_keyboard).is_empty()
        } else {
            false
        }
    }

    async fn send(&self, api: &Api) -> Result<Value, CallError> {
        match &self.body.document {
            Some(document) => {
                document::send(api, self.to, self.text(), self.styled, &self.body.keyboard, document).await
            }
            None => api.call(self.request(api)).await,
        }
    }

    fn request(&self, api: &Api) -> teloxide::requests::JsonRequest<teloxide::payloads::SendMessage> {
        let mut request = api.bot().send_message(ChatId(self.to.chat), self.text()).link_preview_options(no_preview());
        if self.styled {
            request = request.parse_mode(ParseMode::Html);
        }
        if let Some(thread) = self.to.thread {
            request = request.message_thread_id(thread);
        }
        if let Some(message) = self.to.reply_to {
            let reply = ReplyParameters::new(MessageId(message)).allow_sending_without_reply();
            request = request.reply_parameters(reply);
        }
        if self.has_buttons() {
            request = request.reply_markup(ReplyMarkup::InlineKeyboard(self.body.keyboard.clone()));
        }
        request
    }
}

fn may_work_later(error: &CallError) -> bool {
    use CallError::{Conflict, Network, Server, Unreached};
    matches!(error, Server(_) | Network(_) | Unreached(_) | Conflict(_))
}

fn contains(words: &str, any: &[&str]) -> bool {
    let words = words.to_lowercase();
    any.iter().any(|known| words.contains(known))
}

fn stopping() -> ReplyError {
    ReplyError::Unavailable("the program is stopping".to_owned())
}

fn sent(message: &Value) -> Result<Sent, ReplyError> {
    let id = message["message_id"].as_i64().and_then(|id| i32::try_from(id).ok());
    match (message["chat"]["id"].as_i64(), id) {
        (Some(chat), Some(message)) => Ok(Sent { chat, message }),
        _ => Err(ReplyError::Unavailable("Telegram's answer names no message".to_owned())),
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
