//! Smart HTTP over one client with kept-alive connections (gitprotocol-http).
//!
//! Credentials go out with the first request, in a header only; redirects are not followed, so they never go elsewhere.

use std::{
    error::Error,
    fs, io,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use git2::Oid;
use reqwest::{
    Certificate, Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION},
};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{Update, Want};
use crate::{
    adapters::git::{
        mirror::Fault,
        settings::{Settings, TokenSource, is_loopback},
        verdict,
        wire::{AGENT, Service, fetch, pkt::Exchange, push},
    },
    ports::RepositoryError,
};

/// The user name where none is set: GitLab takes any with an access token, and documents this one for OAuth tokens.
const DEFAULT_USER: &str = "oauth2";
/// The most that is read of an error's page, in bytes.
const MAX_PAGE: usize = 16 << 10;

/// A repository behind smart HTTP.
#[derive(Debug)]
pub(in crate::adapters::git) struct HttpRemote {
    url: Url,
    user: String,
    token: Option<TokenSource>,
    ca_file: Option<PathBuf>,
    deadline: Duration,
    client: Mutex<Option<Prepared>>,
    /// The remote was seen to speak version 2, so it need not be asked again.
    speaks_v2: AtomicBool,
}

/// A client, and the certificates that it was made with.
#[derive(Debug, Clone)]
struct Prepared {
    client: Client,
    certificates: Option<Vec<u8>>,
}

impl HttpRemote {
    pub(super) fn new(url: Url, user: Option<String>, settings: &Settings) -> Self {
        Self {
            url,
            user: settings.username.clone().or(user).unwrap_or_else(|| DEFAULT_USER.to_owned()),
            token: settings.token.clone(),
            ca_file: settings.ca_file.clone(),
            deadline: settings.deadline,
            client: Mutex::new(None),
            speaks_v2: AtomicBool::new(false),
        }
    }

    pub(super) async fn fetch(&self, want: Want) -> Result<Oid, Fault> {
        let mut exchange = self.exchange(Service::UploadPack)?;
        let speaks_v2 = self.speaks_v2.load(Ordering::Relaxed);
        if !speaks_v2 {
            exchange.greet().await?;
        }
        let outcome = fetch::run(exchange, &want, speaks_v2).await;
        let v2 = outcome.as_ref().is_ok_and(|(_, v2)| *v2);
        self.speaks_v2.store(v2, Ordering::Relaxed);
        outcome.map(|(head, _)| head)
    }

    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        let until = Instant::now() + self.deadline;
        let mut exchange = self.exchange(Service::ReceivePack)?;
        timeout_at(until, exchange.greet())
            .await
            .unwrap_or_else(|_| Err(RepositoryError::Unreachable("no answer in time".to_owned())))?;
        push::run(exchange, &update, until).await
    }

    fn exchange(&self, service: Service) -> Result<HttpExchange, RepositoryError> {
        Ok(HttpExchange {
            client: self.client()?,
            url: self.url.to_string(),
            credentials: self.credentials()?,
            service,
            response: None,
        })
    }

    /// The header with the token as it is now, and the token itself for blanking it out of error texts.
    fn credentials(&self) -> Result<Option<Credentials>, RepositoryError> {
        let Some(source) = &self.token else { return Ok(None) };
        let token = source.read().map_err(RepositoryError::Authentication)?;
        let pair = STANDARD.encode(format!("{}:{}", self.user, token.expose_secret()));
        let mut header = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| RepositoryError::Authentication("the user name and token don't fit a header".to_owned()))?;
        header.set_sensitive(true);
        Ok(Some(Credentials { header, token }))
    }

    /// The client; made again when the private certificates change.
    fn client(&self) -> Result<Client, RepositoryError> {
        let certificates = match &self.ca_file {
            None => None,
            Some(path) => Some(fs::read(path).map_err(|error| {
                RepositoryError::Authentication(format!("cannot read the certificates {}: {error}", path.display()))
            })?),
        };
        let mut prepared = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = prepared.as_ref().filter(|ready| ready.certificates == certificates) {
            return Ok(ready.client.clone());
        }
        let client = self.build(certificates.as_deref())?;
        *prepared = Some(Prepared { client: client.clone(), certificates });
        Ok(client)
    }

    fn build(&self, certificates: Option<&[u8]>) -> Result<Client, RepositoryError> {
        let unusable = |error: reqwest::Error| {
            RepositoryError::Authentication(format!("the HTTP client can't be set up: {}", chain(&error)))
        };
        let mut builder = Client::builder()
            .user_agent(AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.deadline)
            .read_timeout(self.deadline)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(2);
        if is_loopback(&self.url) {
            builder = builder.no_proxy();
        }
        if self.url.scheme() == "http" {
            // Loopback only, so no certificates are needed.
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = certificates {
            let trusted = Certificate::from_pem_bundle(pem).map_err(unusable)?;
            if trusted.is_empty() {
                let path = self.ca_file.as_deref().unwrap_or_else(|| "".as_ref()).display();
                return Err(RepositoryError::Authentication(format!("{path} has no PEM certificates")));
            }
            builder = builder.tls_certs_merge(trusted);
        }
        builder.build().map_err(unusable)
    }
}

/// What a request carries.
#[derive(Debug, Clone)]
struct Credentials {
    header: HeaderValue,
    token: secrecy::SecretString,
}

impl Credentials {
    /// A server's words without the token, as it is and as the header carries it: careless servers quote requests.
    fn blank_out(&self, words: &str) -> String {
        let words = words.replace(self.token.expose_secret(), "***");
        match self.header.to_str().ok().and_then(|header| header.strip_prefix("Basic ")) {
            Some(pair) => words.replace(pair, "***"),
            None => words,
        }
    }
}

/// One service, by a request and its answer at a time.
struct HttpExchange {
    client: Client,
    url: String,
    credentials: Option<Credentials>,
    service: Service,
    response: Option<Response>,
}

impl HttpExchange {
    /// Asks for the service's first answer.
    async fn greet(&mut self) -> Result<(), RepositoryError> {
        let name = self.service.name();
        let mut request = self.client.get(format!("{}/info/refs?service={name}", self.url));
        if self.service == Service::UploadPack {
            request = request.header("Git-Protocol", "version=2");
        }
        let response = self.authorised(request).send().await.map_err(|error| trouble(&error, false))?;
        let response = self.checked(response, false).await?;
        self.accept(response, "advertisement", false)
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.credentials {
            Some(credentials) => request.header(AUTHORIZATION, credentials.header.clone()),
            None => request,
        }
    }

    /// Takes the answer in if it is of the right kind.
    fn accept(&mut self, response: Response, kind: &str, submitted: bool) -> Result<(), RepositoryError> {
        let expected = format!("application/x-{}-{kind}", self.service.name());
        let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
        if given != expected {
            let text =
                format!("that is no git repository over smart HTTP: it answers with {}", verdict::bounded(given));
            return Err(match submitted {
                true => RepositoryError::Unclear(text),
                false => RepositoryError::Unreachable(text),
            });
        }
        self.response = Some(response);
        Ok(())
    }

    /// Turns an HTTP status into a verdict. `submitted`: a push was sent with the request.
    async fn checked(&self, mut response: Response, submitted: bool) -> Result<Response, RepositoryError> {
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(verdict::bounded);
        let mut page = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            page.extend_from_slice(&chunk);
            if page.len() > MAX_PAGE {
                break;
            }
        }
        let html = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let page = if html { String::new() } else { String::from_utf8_lossy(&page).into_owned() };
        let page = verdict::bounded(&match &self.credentials {
            Some(credentials) => credentials.blank_out(&page),
            None => page,
        });
        let text = if page.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {page}") };
        Err(match status.as_u16() {
            300..=399 => RepositoryError::Refused(format!(
                "{text}: it redirects to {}",
                location.as_deref().unwrap_or("nowhere")
            )),
            _ if verdict::forbids_push(&page) => RepositoryError::Refused(text),
            401 | 403 | 404 | 407 => RepositoryError::Authentication(text),
            429 => RepositoryError::Unreachable(text),
            400..=499 => RepositoryError::Refused(text),
            _ if submitted => RepositoryError::Unclear(text),
            _ => RepositoryError::Unreachable(text),
        })
    }
}

impl Exchange for HttpExchange {
    async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        let name = self.service.name();
        let mut request = self
            .client
            .post(format!("{}/{name}", self.url))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
            .body(message);
        let submitted = self.service == Service::ReceivePack;
        if !submitted {
            request = request.header("Git-Protocol", "version=2");
        }
        let response = self.authorised(request).send().await.map_err(|error| trouble(&error, submitted))?;
        let response = self.checked(response, submitted).await?;
        self.accept(response, "result", submitted)
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        let Some(response) = &mut self.response else { return Ok(None) };
        response.chunk().await.map_err(|error| trouble(&error, false))
    }

    fn words(&self) -> String {
        String::new()
    }

    async fn answered(&mut self) {
        // A connection is used again only when its answer was read to the end.
        if let Some(mut response) = self.response.take() {
            for _ in 0..16 {
                if !matches!(response.chunk().await, Ok(Some(_))) {
                    return;
                }
            }
        }
    }

    async fn end(&mut self) {
        self.answered().await;
    }
}

/// The verdict on a request that got no answer. `submitted`: a push was sent with it.
fn trouble(error: &reqwest::Error, submitted: bool) -> RepositoryError {
    let text = chain(error);
    if error.is_connect() {
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
fn chain(error: &reqwest::Error) -> String {
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
