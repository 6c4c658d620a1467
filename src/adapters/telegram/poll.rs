//! The `getUpdates` loop.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{FutureExt, poll};
use serde_json::Value;
use teloxide::{payloads::GetUpdatesSetters, requests::Requester, types::AllowedUpdate};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    Handler, Incoming, RunError, Settled, Telegram,
    api::{CALL_DEADLINE, CallError},
    backoff::Backoff,
    button::Dead,
    event::{self, Command, Event, Me},
    ledger::Ledger,
    outbox::{Destination, Sent},
    press::{Notice, Presses, Query},
    replier::{ChatReplier, Pressed},
};
use crate::{
    domain::actor::{ChatId, Place, Sender},
    reply,
};

/// The pause before the same offset is asked for again. Telegram gives only one update to whoever asks for the same
/// offset twice within half a second (`telegram-bot-api`, `Client::process_get_updates_query`): that one would always
/// be the unsettled one, and newer commands would never be seen.
const AGAIN: Duration = Duration::from_millis(600);

/// The most updates that one answer holds.
const BATCH: usize = 100;

/// How long the last confirmation may take.
const CONFIRM: Duration = Duration::from_secs(2);

/// The same when the poll that was broken off has most likely confirmed it already: Telegram lets whoever asks for the
/// same offset again wait for up to three seconds, but takes note of the offset at once.
const CONFIRM_AGAIN: Duration = Duration::from_millis(500);

/// One run of the loop.
pub(super) struct Poller<'a> {
    front: &'a Telegram,
    handler: Arc<dyn Handler>,
    me: Me,
    bot: Arc<str>,
    ledger: Ledger,
    working: JoinSet<Settled>,
    /// The update of each task.
    updates: BTreeMap<Id, i32>,
    /// The latest presses of buttons.
    presses: Presses,
    /// The offset that Telegram was last asked for.
    asked: Option<i32>,
    /// The offset of the last request that was answered: everything below it is confirmed.
    confirmed: Option<i32>,
}

impl<'a> Poller<'a> {
    pub(super) fn new(front: &'a Telegram, handler: Arc<dyn Handler>, me: Me) -> Self {
        let bot = Arc::from(me.username.as_str());
        Self {
            front,
            handler,
            me,
            bot,
            ledger: Ledger::default(),
            working: JoinSet::new(),
            updates: BTreeMap::new(),
            presses: Presses::default(),
            asked: None,
            confirmed: None,
        }
    }

    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<(), RunError> {
        let result = self.poll(stop).await;
        self.drain().await;
        if result.is_ok() {
            self.confirm().await;
        }
        result
    }

    async fn poll(&mut self, stop: &CancellationToken) -> Result<(), RunError> {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let answer = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                answer = self.ask() => answer,
            };
            let pause = match answer {
                Ok(updates) => {
                    backoff.reset();
                    let all_known = !self.take(&updates);
                    let full = updates.len() >= BATCH && all_known;
                    self.settle_at_same_offset((!full).then_some(AGAIN), stop).await;
                    continue;
                }
                Err(CallError::Unauthorised(words)) => return Err(RunError::Unauthorised(words)),
                Err(CallError::RetryAfter(time)) => time,
                Err(CallError::Conflict(words)) if words.to_lowercase().contains("webhook") => {
                    self.delete_webhook().await;
                    backoff.pause()
                }
                Err(CallError::Conflict(words)) => {
                    tracing::error!(
                        error = words,
                        "another process polls with the same token: stop it, or give it a bot of its own"
                    );
                    backoff.pause()
                }
                Err(error) => {
                    let pause = backoff.pause();
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "Telegram is not reached");
                    pause
                }
            };
            self.settle_for(pause, stop).await;
        }
        Ok(())
    }

    /// Asks for updates: waits for news when nothing is in work, looks only when something is.
    async fn ask(&mut self) -> Result<Vec<Value>, CallError> {
        let wait = if self.ledger.is_busy() { Duration::ZERO } else { self.front.poll };
        self.asked = self.ledger.offset().or(self.asked);
        let answer = self.get_updates(wait, BATCH, wait + CALL_DEADLINE).await?;
        self.confirmed = self.asked;
        match answer {
            Value::Array(updates) => Ok(updates),
            _ => Err(CallError::Server("the updates are not a list".to_owned())),
        }
    }

    async fn get_updates(&self, wait: Duration, limit: usize, deadline: Duration) -> Result<Value, CallError> {
        let mut request = self
            .front
            .api
            .bot()
            .get_updates()
            .limit(u8::try_from(limit).unwrap_or(u8::MAX))
            .timeout(u32::try_from(wait.as_secs()).unwrap_or(0))
            .allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember]);
        if let Some(offset) = self.asked {
            request = request.offset(offset);
        }
        self.front.api.call_within(deadline, request).await
    }

    /// Takes up what is new; whether anything was.
    fn take(&mut self, updates: &[Value]) -> bool {
        let numbered: BTreeMap<i32, &Value> =
            updates.iter().filter_map(|raw| Some((event::update_id(raw)?, raw))).collect();
        if numbered.len() < updates.len() {
            tracing::error!(count = updates.len() - numbered.len(), "updates without a number cannot be confirmed");
        }
        let ids: Vec<i32> = numbered.keys().copied().collect();
        let new = self.ledger.admit(self.asked, &ids);
        for id in &new {
            if let Some(raw) = numbered.get(id) {
                self.start(*id, raw);
            }
        }
        !new.is_empty()
    }

    fn start(&mut self, id: i32, raw: &Value) {
        match event::read(raw, &self.me) {
            Event::Command(command) => {
                tracing::info!(
                    update_id = id,
                    request_id = %command.request_id,
                    chat = command.chat,
                    sender = ?command.sender,
                    pressed = command.press.is_some(),
                    "a command came in"
                );
                if let Some(press) = &command.press
                    && self.presses.is_double(id, &command, |update| self.ledger.is_open(update))
                {
                    let query = Query::new(Arc::clone(&self.front.api), press.query.clone());
                    let language = self.front.languages.of(self.front.migrations.configured(command.chat));
                    self.notify(id, query, Notice::Hint(reply::press_again(language)));
                    return;
                }
                let mut task = Box::pin(AssertUnwindSafe(self.command(*command)).catch_unwind());
                // Commands begin in the order in which they came, whatever thread carries them on: whoever types
                // two for one application means the second to win.
                let begun = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                let handle = match begun {
                    Poll::Ready(settled) => {
                        self.working.spawn(async move { settled.unwrap_or_else(|panic| resume_unwind(panic)) })
                    }
                    Poll::Pending => {
                        self.working.spawn(async move { task.await.unwrap_or_else(|panic| resume_unwind(panic)) })
                    }
                };
                self.updates.insert(handle.id(), id);
                return;
            }
            Event::DeadButton { query, chat, why } => {
                tracing::warn!(update_id = id, ?chat, ?why, "a button without effect was pressed");
                let language = chat.map(|chat| self.front.languages.of(self.front.migrations.configured(chat)));
                let notice = match why {
                    Dead::Forgotten => {
                        Notice::Alert(reply::press_forgotten(language.unwrap_or(self.front.languages.default)))
                    }
                    Dead::Foreign => Notice::Seen,
                };
                self.notify(id, Query::new(Arc::clone(&self.front.api), query), notice);
                return;
            }
            Event::Migrated { from, to } => self.front.migrations.learn(from, to),
            Event::Membership { chat, title, status } => {
                let known = self.front.migrations.is_configured(chat);
                tracing::info!(chat, title, status, known, "the bot's standing in a chat has changed");
            }
            Event::Nothing => tracing::debug!(update_id = id, "an update that is no command"),
            Event::Unreadable(reason) => {
                tracing::error!(update_id = id, reason, "an update cannot be read and is passed over");
            }
        }
        self.ledger.settle(id);
    }

    /// Answers a press that is no command; then it is settled.
    fn notify(&mut self, id: i32, query: Arc<Query>, notice: Notice) {
        let handle = self.working.spawn(async move {
            query.answer(notice).await;
            Settled::Done
        });
        self.updates.insert(handle.id(), id);
    }

    /// The work that one command is.
    fn command(&self, command: Command) -> impl Future<Output = Settled> + use<> {
        let front = self.front;
        let chat = ChatId(front.migrations.configured(command.chat));
        let language = front.languages.of(chat.0);
        let to = Destination { chat: command.chat, thread: command.thread, reply_to: Some(command.message) };
        let pressed = command.press.map(|press| Pressed {
            query: Query::new(Arc::clone(&front.api), press.query),
            place: press.in_place.then_some(Sent { chat: command.chat, message: command.message }),
            by: match &command.sender {
                Sender::Account { shown_name, .. } if !command.private && !press.in_place => {
                    Some((shown_name.clone(), command.text.clone()))
                }
                _ => None,
            },
        });
        let query = pressed.as_ref().map(|pressed| Arc::clone(&pressed.query));
        let incoming = Incoming {
            request_id: command.request_id,
            sender: command.sender,
            place: if command.private { Place::Private(chat) } else { Place::Group(chat) },
            text: command.text,
            language,
            replier: Arc::new(ChatReplier::new(Arc::clone(&front.outbox), to, language, pressed)),
            addressed: command.addressed,
            bot: Arc::clone(&self.bot),
        };
        let handler = Arc::clone(&self.handler);
        async move {
            let Some(query) = query else { return handler.handle(incoming).await };
            let work = handler.handle(incoming);
            tokio::pin!(work);
            // Whoever may not press is refused at once, and the refusal is the acknowledgement. Everybody else gets it
            // before the work is done: Telegram doesn't wait for long.
            let begun = poll!(&mut work);
            tokio::spawn(async move { query.answer(Notice::Seen).await });
            match begun {
                Poll::Ready(settled) => settled,
                Poll::Pending => work.await,
            }
        }
    }

    /// Settles what is finished until the offset moves, or for the given time at most. Without one, Telegram has
    /// nothing more to show before the oldest update is settled.
    async fn settle_at_same_offset(&mut self, at_most: Option<Duration>, stop: &CancellationToken) {
        let asked = self.asked;
        if at_most.is_none() {
            tracing::warn!(
                in_work = self.ledger.open(),
                "no more updates can be seen until the oldest command is settled"
            );
        }
        let over = Instant::now() + at_most.unwrap_or(Duration::from_secs(86_400));
        while self.ledger.is_busy() && self.ledger.offset() == asked {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(over) => return,
                finished = self.working.join_next_with_id(), if !self.working.is_empty() => self.finished(finished),
            }
        }
    }

    /// Settles what is finished for so long.
    async fn settle_for(&mut self, time: Duration, stop: &CancellationToken) {
        let over = Instant::now() + time;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(over) => return,
                finished = self.working.join_next_with_id(), if !self.working.is_empty() => self.finished(finished),
            }
        }
    }

    fn finished(&mut self, finished: Option<Result<(Id, Settled), JoinError>>) {
        let (task, settled) = match finished {
            None => return,
            Some(Ok((task, settled))) => (task, settled),
            Some(Err(error)) => {
                // It would fail the same way each time, and everything behind it would wait for ever.
                tracing::error!(%error, "a command's handler has failed; the command is passed over");
                (error.id(), Settled::Done)
            }
        };
        let Some(id) = self.updates.remove(&task) else { return };
        match settled {
            Settled::Done => self.ledger.settle(id),
            Settled::NotYet => self.ledger.give_back(id),
        }
    }

    async fn delete_webhook(&self) {
        match self.front.api.call(self.front.api.bot().delete_webhook()).await {
            Ok(_) => tracing::warn!("a webhook was set for this bot; it is deleted, updates are polled for"),
            Err(error) => tracing::error!(%error, "the bot's webhook cannot be deleted"),
        }
    }

    /// Waits, not for ever, for what is in work.
    async fn drain(&mut self) {
        let over = Instant::now() + self.front.drain;
        while !self.working.is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(over) => break,
                finished = self.working.join_next_with_id() => self.finished(finished),
            }
        }
        if self.ledger.is_busy() {
            tracing::warn!(
                count = self.ledger.open(),
                "commands are left unconfirmed: Telegram will deliver them again"
            );
        }
    }

    /// Tells Telegram what is settled.
    async fn confirm(&mut self) {
        let offset = self.ledger.offset();
        if offset.is_none() || offset == self.confirmed {
            return;
        }
        let again = offset == self.asked;
        self.asked = offset;
        let deadline = if again { CONFIRM_AGAIN } else { CONFIRM };
        match self.get_updates(Duration::ZERO, 1, deadline).await {
            Ok(_) => tracing::debug!(?offset, "confirmed"),
            Err(error) if again => tracing::debug!(?offset, %error, "the last confirmation is not acknowledged"),
            Err(error) => tracing::warn!(%error, "what is settled could not be confirmed; it will be delivered again"),
        }
    }
}
