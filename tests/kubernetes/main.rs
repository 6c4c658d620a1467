//! The Kubernetes adapter against the sandbox's API server.
#![cfg(feature = "sandbox")]

mod fleet;
mod nodes;
mod shapes;
mod support;
