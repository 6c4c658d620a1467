//! tiphys turns chat commands into commits in a manifests repository and follows Argo CD until they are live.
//!
//! The crate is layered in floors; each imports only from those below it (`tests/floors.rs` checks it):
//!
//! | floor | modules | what lives there |
//! |---|---|---|
//! | 3 | [`app`] | command line, configuration, wiring, shutdown |
//! | 2 | [`adapters`] | one folder per thing outside; siblings never import each other |
//! | 1 | [`usecase`], [`reply`], [`ports`] | orchestration and wording |
//! | 0 | [`domain`], [`manifest`], [`grammar`] | values and pure functions |
//!
//! [`sandbox`] stands beside the floors: a small world that speaks the real wire protocols on loopback.

pub mod adapters;
pub mod app;
pub mod domain;
pub mod grammar;
pub mod manifest;
pub mod ports;
pub mod reply;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod usecase;
