//! Logs: English, to standard error, as text or as JSON lines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use super::cli::LogFormat;

/// Starts logging. `TIPHYS_LOG` sets the filter, in the syntax of tracing's `EnvFilter`; `default` is used without it.
///
/// The Kubernetes client writes whole answers into the log, and a proxy's error page may quote the request with its
/// token. Its errors come back to us and are logged here, so its own lines are left out unless they are asked for.
pub(super) fn start(format: LogFormat, default: &str) {
    let wanted = std::env::var("TIPHYS_LOG").ok().filter(|wanted| EnvFilter::try_new(wanted).is_ok());
    let wanted = wanted.as_deref().unwrap_or(default);
    let quiet = if wanted.contains("kube_client") { "" } else { ",kube_client=off" };
    // Who changed a node is written down whatever else is wanted of the log.
    let audit = if wanted == "off" || wanted.contains("audit") { "" } else { ",audit=info" };
    let filter = EnvFilter::new(format!("{wanted}{quiet}{audit}"));
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
