//! The Telegram front against the sandbox's Bot API server, over HTTP.
#![cfg(feature = "sandbox")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod bot;
mod buttons;
mod commands;
mod delivery;
mod life;
mod notify;
mod secrets;
