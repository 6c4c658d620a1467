//! Why the container registry told nothing.

use std::time::Duration;

use serde::Serialize;

/// Why the registry told nothing, and which one. Display texts are English and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{}{reason}", of(.server.as_deref()))]
pub struct RegistryFault {
    /// The registry's address, when one is configured.
    pub server: Option<String>,
    /// The reason.
    pub reason: RegistrySilence,
}

/// Why a registry told nothing. Display texts are English and hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrySilence {
    /// The configuration has no registry.
    #[error("no registry is configured")]
    NotConfigured,
    /// No answer in time.
    #[error("no answer in {after:?}")]
    Late {
        /// How long was waited.
        after: Duration,
    },
    /// The credentials aren't accepted, or may not read this image.
    #[error("not allowed: {detail}")]
    Forbidden {
        /// The registry's words.
        detail: String,
    },
    /// The server's certificate isn't trusted.
    #[error("the certificate is not trusted: {detail}")]
    Untrusted {
        /// What is wrong with it.
        detail: String,
    },
    /// The registry gets too many requests (429).
    #[error("too many requests (429){}", again(*.retry_after))]
    Busy {
        /// When it wants to be asked again, if it tells.
        retry_after: Option<Duration>,
    },
    /// It answered, and not with what was asked for.
    #[error("no usable answer: {detail}")]
    Unusable {
        /// What it answered instead.
        detail: String,
    },
    /// It can't be reached, or the connection broke.
    #[error("no answer: {detail}")]
    Unavailable {
        /// The reason.
        detail: String,
    },
}

fn of(server: Option<&str>) -> String {
    server.map(|server| format!("{server}: ")).unwrap_or_default()
}

fn again(wait: Option<Duration>) -> String {
    wait.map(|wait| format!(": to be asked again in {} s", wait.as_secs())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_name_the_server_and_the_time() {
        let text =
            |server: Option<&str>, reason| RegistryFault { server: server.map(str::to_owned), reason }.to_string();
        let after = Duration::from_secs(5);
        assert_eq!(
            text(Some("https://r.example.org"), RegistrySilence::Late { after }),
            "https://r.example.org: no answer in 5s"
        );
        assert_eq!(text(None, RegistrySilence::NotConfigured), "no registry is configured");
        let busy = |retry_after| text(None, RegistrySilence::Busy { retry_after });
        assert_eq!(busy(Some(after)), "too many requests (429): to be asked again in 5 s");
        assert_eq!(busy(None), "too many requests (429)");
    }
}
