//! One call of the Bot API: teloxide's payloads over an HTTP client of our own.
//!
//! teloxide's own execution isn't used: it sleeps ten seconds on every server error, puts raw answers into its errors,
//! and takes a sent message that has a field it can't read for a failure.

use std::{error::Error, fmt, path::PathBuf, time::Duration};

use reqwest_012::{
    Certificate, Client, RequestBuilder, Url,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    multipart::Form,
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use teloxide::{
    Bot,
    requests::{HasPayload, JsonRequest, Payload},
};

/// How long an ordinary call may take.
pub(super) const CALL_DEADLINE: Duration = Duration::from_secs(20);

/// How long a call with a file may take.
const FILE_DEADLINE: Duration = Duration::from_secs(60);

/// The largest answer that is read; a hundred of the longest messages are far below.
const LARGEST_ANSWER: usize = 16 << 20;

/// Why the front can't be set up. Display texts hold no secrets.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The private CA's file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The private CA's file has no certificate.
    #[error("{} holds no PEM certificate", .0.display())]
    NoCertificate(PathBuf),
    /// The API's address isn't one for HTTP.
    #[error("{0} is not an http or https address")]
    Address(Url),
    /// The token isn't `<digits>:<letters, digits, _ and ->`.
    #[error("the token does not look like one: it has the form 123456:ABC-def")]
    Token,
    /// The HTTP client can't be made, for instance because the system has no certificates.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Why a call wasn't answered with a result. Display texts hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// Flood control: not before this time has passed.
    #[error("too many requests; again in {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// The group has become a supergroup.
    #[error("the group has become supergroup {0}")]
    Migrated(i64),
    /// The token isn't accepted.
    #[error("the token is not accepted: {0}")]
    Unauthorised(String),
    /// Another poll, or a webhook.
    #[error("{0}")]
    Conflict(String),
    /// Refused; the same again will be refused again.
    #[error("{0}")]
    Refused(String),
    /// The server has trouble, or something else answered in its place.
    #[error("{0}")]
    Server(String),
    /// No answer; the call may or may not have been applied.
    #[error("{0}")]
    Network(String),
    /// There was no connection to make the call on: it was not applied.
    #[error("{0}")]
    Unreached(String),
}

/// The way to the Bot API.
pub(super) struct Api {
    bot: Bot,
    token: SecretString,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("url", &self.bot.api_url().as_str()).finish_non_exhaustive()
    }
}

impl Api {
    pub(super) fn new(token: SecretString, url: Url, ca_file: Option<&PathBuf>) -> Result<Self, SetupError> {
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(SetupError::Address(url));
        }
        if !is_token(token.expose_secret()) {
            return Err(SetupError::Token);
        }
        let loopback = is_loopback(&url);
        if url.scheme() == "http" && !loopback {
            tracing::warn!(url = %url, "the Telegram token travels unencrypted to this address");
        }
        let mut client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(redirect::Policy::none());
        if loopback {
            client = client.no_proxy();
        }
        if let Some(path) = ca_file {
            let pem = std::fs::read(path).map_err(|source| SetupError::CaFile { path: path.clone(), source })?;
            let bundle = Certificate::from_pem_bundle(&pem).ok().filter(|certificates| !certificates.is_empty());
            for certificate in bundle.ok_or_else(|| SetupError::NoCertificate(path.clone()))? {
                client = client.add_root_certificate(certificate);
            }
        }
        let client = client.build().map_err(|error| SetupError::Client(chain(&error)))?;
        let bot = Bot::with_client(token.expose_secret(), client).set_api_url(url);
        Ok(Self { bot, token })
    }

    /// teloxide's bot, to build requests with.
    pub(super) fn bot(&self) -> &Bot {
        &self.bot
    }

    /// Makes a call with the ordinary deadline.
    pub(super) async fn call<P>(&self, request: JsonRequest<P>) -> Result<Value, CallError>
    where
        P: Payload + Serialize,
    {
        self.call_within(CALL_DEADLINE, request).await
    }

    /// Makes a call; the deadline is for all of it.
    pub(super) async fn call_within<P>(&self, deadline: Duration, request: JsonRequest<P>) -> Result<Value, CallError>
    where
        P: Payload + Serialize,
    {
        let body = serde_json::to_vec(request.payload_ref()).map_err(|error| CallError::Refused(error.to_string()))?;
        let call = self.post(P::NAME).header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        self.finish(call.timeout(deadline)).await
    }

    /// Makes a call that carries a file.
    pub(super) async fn call_with_file(&self, method: &str, form: Form) -> Result<Value, CallError> {
        self.finish(self.post(method).multipart(form).timeout(FILE_DEADLINE)).await
    }

    fn post(&self, method: &str) -> RequestBuilder {
        let mut url = self.bot.api_url();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&format!("bot{}", self.token.expose_secret())).push(method);
        }
        self.bot.client().post(url)
    }

    async fn finish(&self, call: RequestBuilder) -> Result<Value, CallError> {
        let network = |error: reqwest_012::Error| {
            let never_sent = error.is_connect();
            let words = self.clean(&chain(&error.without_url()));
            if never_sent { CallError::Unreached(words) } else { CallError::Network(words) }
        };

        let mut response = call.send().await.map_err(network)?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(network)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST_ANSWER {
                return Err(CallError::Server("the answer is too large".to_owned()));
            }
        }
        interpret(status, wait, &bytes).map_err(|error| self.cleaned(error))
    }

    /// Takes the token out of a text that came from outside: proxies quote the path of a request in their error pages.
    fn clean(&self, text: &str) -> String {
        let token = self.token.expose_secret();
        let secret = token.split_once(':').map_or(token, |(_, secret)| secret);
        text.replace(token, "***").replace(secret, "***")
    }

    fn cleaned(&self, error: CallError) -> CallError {
        match error {
            CallError::Unauthorised(text) => CallError::Unauthorised(self.clean(&text)),
            CallError::Conflict(text) => CallError::Conflict(self.clean(&text)),
            CallError::Refused(text) => CallError::Refused(self.clean(&text)),
            CallError::Server(text) => CallError::Server(self.clean(&text)),
            CallError::Network(text) => CallError::Network(self.clean(&text)),
            CallError::Unreached(text) => CallError::Unreached(self.clean(&text)),
            error @ (CallError::RetryAfter(_) | CallError::Migrated(_)) => error,
        }
    }
}

/// Whether it has the form of a token. It becomes a part of a path, so nothing else may be in it.
/// Whether a text has the form of a bot's token.
#[must_use]
pub fn is_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_digit())
            && secret.len() >= 8
            && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Reads an answer: `{ok, result}` or `{ok, error_code, description, parameters}`. `wait` is the header `Retry-After`,
/// which counts where something else than the Bot API says that there were too many requests.
fn interpret(status: u16, wait: Option<u64>, bytes: &[u8]) -> Result<Value, CallError> {
    let mut answer = match serde_json::from_slice::<Value>(bytes) {
        Ok(answer) if answer["ok"].is_boolean() => answer,
        _ if status == 429 => return Err(again_after(wait)),
        _ => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            return Err(CallError::Server(format!("HTTP {status} that is not from the Bot API: {start:?}")));
        }
    };
    if answer["ok"] == Value::Bool(true) {
        return Ok(answer["result"].take());
    }
    let parameters = &answer["parameters"];
    if let Some(new) = parameters["migrate_to_chat_id"].as_i64() {
        return Err(CallError::Migrated(new));
    }
    let description = answer["description"].as_str().unwrap_or("no description").to_owned();
    let code = answer["error_code"].as_u64().unwrap_or_else(|| u64::from(status));
    Err(match code {
        429 => again_after(parameters["retry_after"].as_u64().or(wait)),
        401 => CallError::Unauthorised(description),
        404 if description == "Not Found" => CallError::Unauthorised(description),
        409 => CallError::Conflict(description),
        500.. => CallError::Server(format!("{code} {description}")),
        _ => CallError::Refused(description),
    })
}

fn again_after(seconds: Option<u64>) -> CallError {
    CallError::RetryAfter(Duration::from_secs(seconds.unwrap_or(5).clamp(1, 3600)))
}

/// An error with its causes; reqwest keeps the interesting part in the last of them.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_results_or_reasons() {
        let read = |status, text: &str| interpret(status, None, text.as_bytes());
        assert_eq!(read(200, r#"{"ok":true,"result":[1]}"#), Ok(serde_json::json!([1])));
        let refused = |code, rest: &str| {
            read(code, &format!(r#"{{"ok":false,"error_code":{code},"description":"Not Found"{rest}}}"#)).unwrap_err()
        };
        assert_eq!(refused(429, r#","parameters":{"retry_after":7}"#), CallError::RetryAfter(Duration::from_secs(7)));
        assert_eq!(refused(400, r#","parameters":{"migrate_to_chat_id":-100}"#), CallError::Migrated(-100));
        assert_eq!(refused(404, ""), CallError::Unauthorised("Not Found".into()));
        assert_eq!(refused(403, ""), CallError::Refused("Not Found".into()));
        assert!(matches!(refused(502, ""), CallError::Server(_)));
        assert!(matches!(read(404, "<html>"), Err(CallError::Server(_))));
        assert!(matches!(read(200, ""), Err(CallError::Server(_))));
        assert_eq!(interpret(429, Some(9), b"<html>"), Err(CallError::RetryAfter(Duration::from_secs(9))));
        assert_eq!(read(429, "<html>"), Err(CallError::RetryAfter(Duration::from_secs(5))));
    }

    #[test]
    fn tokens_cannot_change_the_path() {
        assert!(is_token("123456:ABC-def_1234567890"));
        for bad in ["", "123456", "x:ABCDEFGH", "1:", "1:../../../x", "1:abcdefgh/x", "1:abcdefg h", "1:abcdefgh\n"] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
