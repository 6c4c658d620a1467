//! Ctrl-C and SIGTERM, which Kubernetes sends, become one token.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// A token that is cancelled by the first SIGINT or SIGTERM; a second one ends the process at once.
///
/// # Errors
/// When the handlers can't be installed.
pub(super) fn on_signal() -> std::io::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        info!(signal = name, "stopping");
        token.cancel();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(stop)
}

/// Cancels the token when the terminal goes away. Not for what may run under `nohup`.
///
/// # Errors
/// When the handler can't be installed.
#[cfg(feature = "sandbox")]
pub(super) fn on_hangup(stop: CancellationToken) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        if hangup.recv().await.is_some() {
            stop.cancel();
        }
    });
    Ok(())
}
