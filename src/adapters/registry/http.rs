//! HTTP as registries need it: bounded in time and size, with private roots, and without leaks on redirects.

use std::{
    collections::HashMap,
    error::Error,
    fmt::Write as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use reqwest::{Certificate, Client, Request, redirect};
use tokio::time::{Instant, sleep_until, timeout_at};
use url::{Host, Url};

use crate::{domain::registry_fault::RegistrySilence, ports::RegistryError};

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;
/// The most bytes of an error text that are passed on.
const MAX_ERROR_TEXT: usize = 400;
/// How often one request is sent at most, when the server asks to wait each time.
const MAX_TRIES: usize = 3;
/// The longest time for which a server that asks to wait isn't asked.
const MAX_QUIET: Duration = Duration::from_secs(900);

/// Why an adapter can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address can't be used.
    #[error("{url} cannot be used as a registry's address: {fault}")]
    Url {
        /// The address, without what stands before an `@`.
        url: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The file of certificates can't be read.
    #[error("the certificates in {path} cannot be read: {detail}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The reason.
        detail: String,
    },
    /// The HTTP client can't be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// Which redirects are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    /// Those to the same scheme, host and port.
    SameOrigin,
    /// Those to other hosts as well (the client drops `Authorization` then), but never from https to http.
    Anywhere,
}

/// A client for one registry.
pub(super) struct Http {
    client: Client,
    /// Until when servers want to be left alone, by scheme, host and port.
    quiet: Mutex<HashMap<String, Instant>>,
    /// How long a question may take, with all its requests.
    deadline: Duration,
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer. Display texts hold no URL and no header.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum HttpError {
    #[error("no answer in {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Untrusted(String),
    #[error("{0}")]
    Transport(String),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("too many requests (429)")]
    Busy(Option<Duration>),
}

impl From<HttpError> for RegistrySilence {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::TimedOut(after) => Self::Late { after },
            HttpError::Untrusted(detail) => Self::Untrusted { detail },
            HttpError::Transport(detail) => Self::Unavailable { detail },
            HttpError::TooLarge(_) => Self::Unusable { detail: error.to_string() },
            HttpError::Busy(retry_after) => Self::Busy { retry_after },
        }
    }
}

impl From<HttpError> for RegistryError {
    fn from(error: HttpError) -> Self {
        Self::Silent(error.into())
    }
}

impl Answer {
    /// For how long the server wants to be left alone, where it tells.
    pub(super) fn wait(&self) -> Option<Duration> {
        retry_after(&self.headers, Timestamp::now())
    }
}

impl Http {
    /// A client for the registry at `base`, which trusts the system's roots and those in `ca_file`.
    pub(super) fn new(
        base: &Url,
        ca_file: Option<&PathBuf>,
        redirects: Redirects,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let mut builder = Client::builder()
            .user_agent(concat!("tiphys/", env!("CARGO_PKG_VERSION")))
            .redirect(policy(redirects))
            .connect_timeout(Duration::from_secs(10));
        let roots = match ca_file {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        builder = if is_loopback(base) && base.scheme() == "http" {
            // No TLS is expected there: don't insist on the system's roots, nor go through its proxy.
            builder.no_proxy().tls_certs_only(roots)
        } else if is_loopback(base) {
            builder.no_proxy().tls_certs_merge(roots)
        } else {
            builder.tls_certs_merge(roots)
        };
        let client = builder.build().map_err(|error| SetupError::Client(describe(error)))?;
        Ok(Self { client, quiet: Mutex::default(), deadline })
    }

    /// Sends a request. A server that answers 429 and says for how long isn't asked in that time: it is waited for where
    /// the deadline allows it, and otherwise this and the next requests fail at once.
    pub(super) async fn send(&self, request: Request, limit: usize, deadline: Instant) -> Result<Answer, HttpError> {
        let server = request.url().origin().ascii_serialization();
        let mut next = Some(request);
        let mut tries = 1;
        loop {
            self.wait(&server, deadline).await?;
            let Some(request) = next.take() else { return Err(HttpError::Transport("the request is gone".into())) };
            next = request.try_clone();
            let answer = self.send_once(request, limit, deadline).await?;
            if answer.status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
            let Some(wait) = answer.wait() else { return Ok(answer) };
            let until = Instant::now() + wait.min(MAX_QUIET);
            let mut quiet = self.quiet();
            let known = quiet.entry(server.clone()).or_insert(until);
            *known = until.max(*known);
            drop(quiet);
            if until >= deadline || tries == MAX_TRIES || next.is_none() {
                return Ok(answer);
            }
            tracing::debug!(seconds = wait.as_secs(), "the registry asks to wait");
            tries += 1;
        }
    }

    /// Waits until the server wants to be asked again.
    async fn wait(&self, server: &str, deadline: Instant) -> Result<(), HttpError> {
        let Some(until) = self.quiet().get(server).copied() else { return Ok(()) };
        if until >= deadline {
            let left = until.saturating_duration_since(Instant::now());
            return Err(HttpError::Busy(Some(Duration::from_secs(left.as_secs() + 1))));
        }
        sleep_until(until).await;
        self.quiet().retain(|_, until| *until > Instant::now());
        Ok(())
    }

    fn quiet(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told of an answer that didn't come in time: the whole time, whatever of it was left for this request.
    pub(super) fn late(&self) -> HttpError {
        HttpError::TimedOut(self.deadline)
    }

    async fn send_once(&self, request: Request, limit: usize, deadline: Instant) -> Result<Answer, HttpError> {
        let exchange = async {
            let mut response = self.client.execute(request).await.map_err(transport)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(transport)? {
                if body.len() + chunk.len() > limit {
                    return Err(HttpError::TooLarge(limit));
                }
                body.extend_from_slice(&chunk);
            }
            let headers = std::mem::take(response.headers_mut());
            Ok(Answer { status: response.status(), headers, body: body.freeze() })
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(self.late()))
    }
}

/// Checks a registry's address and ends its path in a slash, so that joining goes below it.
pub(super) fn base_url(url: &Url) -> Result<Url, SetupError> {
    let fault = |fault| {
        let mut bare = url.clone();
        // Fails only for addresses that can't have a user.
        let _ = bare.set_username("").and_then(|()| bare.set_password(None));
        bare.set_query(None);
        SetupError::Url { url: bare.to_string(), fault }
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(fault("http:// or https:// and a host are needed"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("credentials don't belong there"));
    }
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

/// A text of a server, short enough for a log line and without control characters.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_ERROR_TEXT).collect()
}

fn transport(error: reqwest::Error) -> HttpError {
    let text = describe(error);
    // The words of the TLS library, whatever lies between it and this error.
    match text.contains("invalid peer certificate") {
        true => HttpError::Untrusted(text),
        false => HttpError::Transport(text),
    }
}

/// The error with its causes, without the URL.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            // Writing to a String can't fail.
            let _ = write!(text, ": {words}");
        }
        cause = next.source();
    }
    excerpt(&text)
}

fn policy(redirects: Redirects) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let Some(from) = attempt.previous().last() else { return attempt.stop() };
        let to = attempt.url();
        let allowed = match redirects {
            Redirects::SameOrigin => from.origin() == to.origin(),
            Redirects::Anywhere => from.scheme() == to.scheme() || to.scheme() == "https",
        };
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("too many redirects")
        } else if allowed {
            attempt.follow()
        } else {
            attempt.error("a redirect to another place is not followed")
        }
    })
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>, SetupError> {
    let fault = |detail: String| SetupError::Certificates { path: path.clone(), detail };
    let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| fault(describe(error)))?;
    if certificates.is_empty() {
        return Err(fault("there is no PEM certificate".into()));
    }
    Ok(certificates)
}

/// Whether the address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn addresses_end_in_a_slash_and_hold_no_credentials() {
        let base = |text: &str| base_url(&Url::parse(text).expect("a URL")).map(|url| url.to_string());
        assert_eq!(base("https://r.example.org").expect("good"), "https://r.example.org/");
        assert_eq!(base("http://127.0.0.1:5000/a?x=1#y").expect("good"), "http://127.0.0.1:5000/a/");
        for bad in ["ssh://r.example.org", "https://me:secret@r.example.org/?token=secret", "file:///x"] {
            let text = base(bad).expect_err("refused").to_string();
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-02T10:00:00Z".parse().expect("a time");
        for (value, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("Mon, 02 Nov 2026 10:00:09 GMT", Some(9)),
            ("Mon, 02 Nov 2026 09:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after(&headers, now).map(|wait| wait.as_secs()), expected, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
