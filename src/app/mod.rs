//! The program: command line, configuration, wiring, shutdown and telemetry.

pub mod cli;
pub mod config;
mod wiring;
pub mod identity;
