//! Logs: English, to standard error, as text or as JSON lines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use super::cli::LogFormat;

/// Starts logging. `TIPHYS_LOG` sets the filter, in the syntax of tracing's `EnvFilter`; `default` is used without it.
pub(super) fn start(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_env("TIPHYS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal();
            registry.with(tracing_subscriber::fmt::layer().with_ansi(colour).with_writer(std::io::stderr)).try_init()
        }
    };
    // Only a second start can fail, and then logging goes on as it was.
    drop(started);
}
