//! The whole bot in the sandbox: the real program as a process, from a Telegram update to the reply.
#![cfg(feature = "sandbox")]

#[path = "../common/playbill.rs"]
mod playbill;

mod deploy;
