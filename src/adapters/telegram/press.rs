//! The press of a button on its way: acknowledged once, and not carried out twice by a trembling finger.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use teloxide::{payloads::AnswerCallbackQuerySetters, requests::Requester, types::CallbackQueryId};
use tokio::time::Instant;

use super::{api::Api, event::Command};

/// How long an acknowledgement may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// How soon after a press the same one again is the second half of a double click.
const DOUBLE: Duration = Duration::from_secs(1);

/// What the presser is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing: the button stops turning.
    Seen,
    /// A line that passes.
    Hint(String),
    /// A window that has to be closed.
    Alert(String),
}

/// A callback query that Telegram shows as turning until it is answered. Only the first answer counts.
#[derive(Debug)]
pub(super) struct Query {
    api: Arc<Api>,
    id: CallbackQueryId,
    answered: AtomicBool,
}

impl Query {
    pub(super) fn new(api: Arc<Api>, id: CallbackQueryId) -> Arc<Self> {
        Arc::new(Self { api, id, answered: AtomicBool::new(false) })
    }

    /// Answers it; `false` when it was answered before. Whether the answer arrives is of no importance to the command.
    pub(super) async fn answer(&self, notice: Notice) -> bool {
        if self.answered.swap(true, Ordering::Relaxed) {
            return false;
        }
        let request = self.api.bot().answer_callback_query(self.id.clone()).cache_time(0);
        let request = match notice {
            Notice::Seen => request,
            Notice::Hint(text) => request.text(text),
            Notice::Alert(text) => request.text(text).show_alert(true),
        };
        if let Err(error) = self.api.call_within(DEADLINE, request).await {
            tracing::debug!(%error, "a pressed button was not acknowledged");
        }
        true
    }
}

/// The latest presses, by message, command and presser.
#[derive(Debug, Default)]
pub(super) struct Presses(HashMap<(i64, i32, String, String), (i32, Instant)>);

impl Presses {
    /// Whether the same button was pressed by the same person a moment ago, or that press (`is_open` says so of its
    /// update) is still in work. An update that is delivered again is not a second press.
    pub(super) fn is_double(&mut self, update: i32, command: &Command, is_open: impl Fn(i32) -> bool) -> bool {
        let now = Instant::now();
        self.0.retain(|_, (update, at)| is_open(*update) || now.duration_since(*at) < DOUBLE);
        let presser = format!("{:?}", command.sender);
        let key = (command.chat, command.message, command.text.clone(), presser);
        match self.0.get(&key) {
            Some((first, _)) if *first != update => true,
            _ => {
                self.0.insert(key, (update, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::telegram::event::{self, Event, Me};

    fn press(presser: i64, message: i32, data: &str) -> Command {
        let raw = serde_json::json!({"update_id": 1, "callback_query": {
            "id": "1", "data": data, "from": {"id": presser, "is_bot": false, "first_name": "x"},
            "message": {"message_id": message, "date": 1, "chat": {"id": -100, "type": "group", "title": "x"}},
        }});
        match event::read(&raw, &Me { id: 7, username: "bot".into() }) {
            Event::Command(command) => *command,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_press_again_is_one_press() {
        let mut presses = Presses::default();
        let (open, settled) = (|_| true, |_| false);
        assert!(!presses.is_double(1, &press(1, 5, "/a"), open));
        assert!(presses.is_double(2, &press(1, 5, "/a"), open));
        assert!(!presses.is_double(1, &press(1, 5, "/a"), open), "delivered again");
        for (update, other) in [(3, press(2, 5, "/a")), (4, press(1, 6, "/a")), (5, press(1, 5, "/b"))] {
            assert!(!presses.is_double(update, &other, open));
        }
        tokio::time::advance(DOUBLE).await;
        assert!(presses.is_double(6, &press(1, 5, "/a"), open), "still in work");
        assert!(!presses.is_double(7, &press(1, 5, "/a"), settled));
        assert!(presses.is_double(8, &press(1, 5, "/a"), settled), "a moment ago");
        tokio::time::advance(DOUBLE).await;
        assert!(!presses.is_double(9, &press(1, 5, "/a"), settled));
    }
}
