//! Scripted faults and taps: what tests do to the bot's requests.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::model::Call;

/// A fault for the next calls that fit.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The method, as the reference spells it; `None` fits all.
    pub method: Option<String>,
    /// The chat; `None` fits all calls.
    pub chat: Option<i64>,
    /// For how many calls.
    pub times: u32,
}

impl Fault {
    /// A fault for the next call of the method.
    #[must_use]
    pub fn once(method: &str, kind: FaultKind) -> Self {
        Self::times(1, method, kind)
    }

    /// A fault for the next calls of the method.
    #[must_use]
    pub fn times(times: u32, method: &str, kind: FaultKind) -> Self {
        Self { kind, method: Some(method.to_owned()), chat: None, times }
    }

    /// The same, for calls that name this chat only.
    #[must_use]
    pub fn in_chat(mut self, chat: i64) -> Self {
        self.chat = Some(chat);
        self
    }

    pub(super) fn fits(&self, method: &str, chat: Option<i64>) -> bool {
        self.times > 0
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.chat.is_none_or(|wanted| Some(wanted) == chat)
    }
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// Flood control: 429 with `retry_after` in seconds; nothing is applied.
    TooManyRequests(u32),
    /// A server error with this status; nothing is applied.
    ServerError(u16),
    /// A page that is no JSON at all, as a broken proxy sends it; it quotes the requested path. Nothing is applied.
    ProxyPage(u16),
    /// The connection is cut; nothing is applied.
    CutBefore,
    /// The call is applied, then the connection is cut without an answer.
    CutAfter,
    /// "group chat was upgraded to a supergroup chat" with `migrate_to_chat_id`; nothing is applied.
    MigrateTo(i64),
    /// Any other refusal; nothing is applied.
    Refuse {
        /// The error code, also the HTTP status.
        code: u16,
        /// The description.
        description: String,
    },
    /// The call is applied after this time.
    Slow(Duration),
}

/// The two moments at which a tap is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The request has arrived; nothing is applied.
    Before,
    /// It is applied; the bot hasn't been told.
    After,
}

/// What happens after a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tapped {
    /// The request goes on.
    Continue,
    /// The connection is cut here.
    Cut,
}

/// A callback at each step of each call.
#[derive(Clone)]
pub(super) struct Tap(pub(super) Arc<dyn Fn(Call, Phase) -> BoxFuture<'static, Tapped> + Send + Sync>);

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
