//! The whole bot in the sandbox: the real program as a process, from a Telegram update to the reply.
#![cfg(feature = "sandbox")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/playbill.rs"]
mod playbill;

mod bases;
mod busy;
mod containers;
mod deploy;
mod fronts;
mod job;
mod log;
mod nodes;
mod pods;
mod refusals;
mod repositories;
mod restart;
mod review;
mod rights;
mod strangers;
mod truth;
