//! The Kubernetes adapter against the sandbox's API server.
#![cfg(feature = "sandbox")]

mod events;
mod fleet;
mod log;
mod nodes;
mod program;
mod shapes;
mod support;
mod valid;
mod wire;
