//! The use cases as a front drives them: on a real git remote, with a scripted cluster and registry, on paused time.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod batches;
mod chat;
mod cluster;
mod containers;
mod faulty;
mod follow;
mod manifests;
mod publish;
mod redelivery;
mod refusals;
mod repositories;
mod resume;
mod stale;
mod status;
mod stopping;
mod world;
