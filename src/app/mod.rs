//! The program: command line, configuration, wiring, shutdown and telemetry.

pub mod config;
mod wiring;
