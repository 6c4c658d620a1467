//! What went wrong with a request: no connection, no trust, no answer, or a status that isn't 200.

use std::{
    error::Error,
    io,
    time::{Duration, SystemTime},
};

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
};

use super::client::Credentials;
use crate::{adapters::git::verdict, ports::RepositoryError};

/// What the HTTP client says of a proxy, in words only.
const TUNNEL: &str = "tunnel error";
const PROXY_IS_SHUT: &str = "proxy authorization required";
/// The most that is read of an error's page, in bytes.
const MAX_PAGE: usize = 16 << 10;

/// An answer that isn't 200, in words.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) status: StatusCode,
    text: String,
    location: Option<String>,
}

impl Rejection {
    /// Reads what the server has to say, without our token in it.
    pub(super) async fn read(mut response: Response, credentials: Option<&Credentials>) -> Self {
        let status = response.status();
        let clean = |words: &str| {
            verdict::bounded(&match credentials {
                Some(credentials) => credentials.blank_out(words),
                None => words.to_owned(),
            })
        };
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(clean);
        let wait = retry_after(&response, SystemTime::now());
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        let mut page = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            page.extend_from_slice(&chunk);
            if page.len() > MAX_PAGE {
                break;
            }
        }
        let is_html = kind.is_some_and(|kind| kind.starts_with(b"text/html")) || page.trim_ascii().starts_with(b"<");
        let page = if is_html { String::new() } else { clean(&String::from_utf8_lossy(&page)) };
        let mut text = if page.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {page}") };
        if let Some(wait) = wait {
            text.push_str(&format!(" (it asks to wait for {} s)", wait.as_secs()));
        }
        Self { status, text, location }
    }

    /// Whether the words say that this account may not push: no other way of asking would help.
    pub(super) fn forbids_push(&self) -> bool {
        verdict::forbids_push(&self.text)
    }

    /// The verdict. `submitted`: a push was sent with the request.
    pub(super) fn verdict(self, submitted: bool) -> RepositoryError {
        let text = match &self.location {
            Some(location) if self.status.is_redirection() => format!("{}: it redirects to {location}", self.text),
            None if self.status.is_redirection() => format!("{}: it redirects to nowhere", self.text),
            _ => self.text.clone(),
        };
        match self.status.as_u16() {
            300..=399 => RepositoryError::Refused(text),
            _ if self.forbids_push() => RepositoryError::Refused(text),
            401 | 403 | 404 | 407 => RepositoryError::Authentication(text),
            // It has not even looked at the request.
            429 => RepositoryError::Unreachable(text),
            // Who sent these knows only that no answer came in time, or from the right place.
            408 | 421 | 425 if submitted => RepositoryError::Unclear(text),
            408 | 421 | 425 => RepositoryError::Unreachable(text),
            400..=499 => RepositoryError::Refused(text),
            _ if submitted => RepositoryError::Unclear(text),
            _ => RepositoryError::Unreachable(text),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// How long the server asks to wait, in seconds or up to a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(response: &Response, now: SystemTime) -> Option<Duration> {
    delay(response.headers().get(RETRY_AFTER)?.to_str().ok()?, now)
}

fn delay(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(SystemTime::from(until).duration_since(now).unwrap_or_default())
}

/// The verdict on a request that got no answer. `submitted`: a push was sent with it.
pub(super) fn trouble(error: &reqwest::Error, submitted: bool) -> RepositoryError {
    let text = chain(error);
    if text.contains(PROXY_IS_SHUT) {
        return RepositoryError::Authentication(format!(
            "the proxy wants a name and a password that it knows; they can stand in HTTPS_PROXY only: {text}"
        ));
    }
    if error.is_connect() {
        let text = if text.contains(TUNNEL) { format!("the proxy doesn't reach it: {text}") } else { text };
        return match is_certificate_fault(error) {
            true => RepositoryError::Authentication(format!("its certificate isn't trusted: {text}")),
            false => RepositoryError::Unreachable(text),
        };
    }
    match submitted && !error.is_builder() {
        true => RepositoryError::Unclear(text),
        false => RepositoryError::Unreachable(text),
    }
}

/// The messages from the outermost error to the innermost, each once, without the URL.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = error.source();
    }
    if texts.is_empty() {
        texts.push(if error.is_timeout() { "no answer in time".to_owned() } else { "the request failed".to_owned() });
    }
    verdict::bounded(&texts.join(": "))
}

fn is_certificate_fault(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        if matches!(innermost(error).downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = error.source();
    }
    false
}

/// What an I/O error wraps, however often: its own `source` skips that.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => innermost(inner),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(status: u16, text: &str) -> Rejection {
        Rejection { status: StatusCode::from_u16(status).expect("a status"), text: text.to_owned(), location: None }
    }

    #[test]
    fn statuses_are_verdicts() {
        use RepositoryError as E;
        let is = |status, submitted, wanted: fn(&E) -> bool| {
            let error = rejection(status, "HTTP").verdict(submitted);
            assert!(wanted(&error), "{status} {submitted}: {error:?}");
        };
        for status in [408, 421, 425, 500, 502, 503, 504, 520] {
            is(status, true, |error| matches!(error, E::Unclear(_)));
            is(status, false, |error| matches!(error, E::Unreachable(_)));
        }
        for submitted in [false, true] {
            is(429, submitted, |error| matches!(error, E::Unreachable(_)));
            for status in [401, 403, 404, 407] {
                is(status, submitted, |error| matches!(error, E::Authentication(_)));
            }
            for status in [301, 307, 400, 409, 410, 413, 422] {
                is(status, submitted, |error| matches!(error, E::Refused(_)));
            }
        }
        let error = rejection(403, "HTTP 403: You are not allowed to push code to this project.").verdict(false);
        assert!(matches!(error, E::Refused(_)), "{error:?}");
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(delay("7", now), Some(Duration::from_secs(7)));
        assert_eq!(delay(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(delay("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(delay("Sun, 06 Nov 1994 08:49:20 GMT", now), Some(Duration::ZERO));
        for odd in ["", "soon", "-1", "1.5"] {
            assert_eq!(delay(odd, now), None, "{odd}");
        }
    }
}
