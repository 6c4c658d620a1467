//! One service over HTTP, by a request and its answer at a time.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION},
};
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    client::{Credentials, Login},
    trouble::{Rejection, retry_after, trouble},
};
use crate::{
    adapters::git::{
        verdict,
        wire::{Service, pkt::Exchange},
    },
    ports::RepositoryError,
};

/// How many redirects of the first request are followed, all within one server.
const MAX_REDIRECTS: usize = 3;

/// One service.
pub(super) struct HttpExchange {
    pub(super) client: Client,
    /// The repository's address; a redirect within the server changes it.
    pub(super) url: Url,
    pub(super) login: Login,
    pub(super) credentials: Option<Credentials>,
    pub(super) service: Service,
    /// How long a server that asks to wait is waited for.
    pub(super) until: Instant,
    pub(super) response: Option<Response>,
    /// Something that was sent may have taken effect, though what came back isn't git's answer.
    pub(super) in_doubt: bool,
    /// The address that was found earlier seems to be none any more.
    pub(super) is_elsewhere: bool,
}

/// What a server that was sent a push at once has answered.
pub(super) enum Taken {
    /// A report follows.
    Yes,
    /// It doesn't take requests like this one.
    No(String),
}

impl HttpExchange {
    /// Asks for the service's first answer. A redirect is followed within the server only: the credentials go nowhere else.
    pub(super) async fn greet(&mut self) -> Result<(), RepositoryError> {
        let name = self.service.name();
        for _ in 0..=MAX_REDIRECTS {
            let request = |client: &Client, url: &Url| {
                let request = client.get(format!("{url}/info/refs?service={name}"));
                match self.service {
                    Service::UploadPack => request.header("Git-Protocol", "version=2"),
                    Service::ReceivePack => request,
                }
            };
            let request = request(&self.client, &self.url);
            let response = self.request(request, false).await.map_err(|error| trouble(&error, false))?;
            if response.status() == StatusCode::OK {
                return self.accept(response, "advertisement", false);
            }
            match self.moved(&response) {
                Some(url) => {
                    tracing::info!(from = %self.url, to = %url, "the repository has moved within its server");
                    self.url = url;
                }
                None => return Err(Rejection::read(response, self.credentials.as_ref()).await.verdict(false)),
            }
        }
        Err(RepositoryError::Refused("it redirects in circles".to_owned()))
    }

    /// Sends a push that the server has not been asked about before.
    pub(super) async fn post_at_once(&mut self, message: Bytes) -> Result<Taken, RepositoryError> {
        let response = self.request(self.post(message), true).await.map_err(|error| trouble(&error, true))?;
        if response.status() == StatusCode::OK {
            return Ok(match self.kind(&response) {
                Ok(()) => {
                    self.response = Some(response);
                    Taken::Yes
                }
                Err(kind) => {
                    self.in_doubt = true;
                    Taken::No(format!("it answers with {kind}"))
                }
            });
        }
        let rejection = Rejection::read(response, self.credentials.as_ref()).await;
        match rejection.status.as_u16() {
            300..=399 | 400 | 401 | 403 | 404 | 405 | 406 | 411 | 415 | 417 | 501 if !rejection.forbids_push() => {
                Ok(Taken::No(rejection.into_text()))
            }
            _ => Err(rejection.verdict(true)),
        }
    }

    fn post(&self, message: Bytes) -> RequestBuilder {
        let name = self.service.name();
        let request = self
            .client
            .post(format!("{}/{name}", self.url))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"))
            .body(message);
        match self.service {
            Service::UploadPack => request.header("Git-Protocol", "version=2"),
            Service::ReceivePack => request,
        }
    }

    /// Sends a request with the credentials. Where those were replaced meanwhile it goes out once more, and where the
    /// server asks to wait (429, 503) it does so again as long as there is time: a push that took effect unnoticed loses
    /// the race against itself.
    async fn request(&mut self, request: RequestBuilder, submitted: bool) -> Result<Response, reqwest::Error> {
        let mut refreshed = false;
        loop {
            let again = request.try_clone().expect("bodies are in memory");
            let again = match &self.credentials {
                Some(credentials) => again.header(AUTHORIZATION, credentials.header()),
                None => again,
            };
            let response = again.send().await?;
            match response.status() {
                StatusCode::UNAUTHORIZED if !refreshed && self.refresh() => refreshed = true,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    let wait = retry_after(&response, SystemTime::now());
                    let Some(wait) = wait.filter(|wait| self.has_time_for(*wait)) else { return Ok(response) };
                    // Whoever says that knows only what is behind it, and not what came of the request there.
                    self.in_doubt |= submitted && response.status() == StatusCode::SERVICE_UNAVAILABLE;
                    tracing::info!(status = %response.status(), seconds = wait.as_secs(), "the remote asks to wait");
                    // Whoever says zero is not asked in a tight loop either.
                    sleep(wait.max(Duration::from_millis(100))).await;
                }
                _ => return Ok(response),
            }
        }
    }

    fn has_time_for(&self, wait: Duration) -> bool {
        Instant::now().checked_add(wait).is_some_and(|end| end < self.until)
    }

    /// Reads the token again; whether it is another one now.
    fn refresh(&mut self) -> bool {
        let Ok(Some(fresh)) = self.login.credentials() else { return false };
        let changed = self.credentials.as_ref().is_none_or(|old| !old.same(&fresh));
        self.credentials = Some(fresh);
        changed
    }

    /// The repository's new address, if the answer is a redirect within the same server.
    fn moved(&self, response: &Response) -> Option<Url> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let mut url = response.url().join(location).ok()?;
        let path = url.path().strip_suffix("/info/refs")?.to_owned();
        url.set_path(&path);
        url.set_query(None);
        (url.origin() == self.url.origin() && url.username().is_empty() && url != self.url).then_some(url)
    }

    /// Takes the answer in if it is of the right kind.
    fn accept(&mut self, response: Response, kind: &str, submitted: bool) -> Result<(), RepositoryError> {
        let expected = format!("application/x-{}-{kind}", self.service.name());
        match self.is(&response, &expected) {
            Ok(()) => {
                self.response = Some(response);
                Ok(())
            }
            Err(given) => {
                let text = format!("that is no git repository over smart HTTP: it answers with {given}");
                Err(match submitted {
                    true => RepositoryError::Unclear(text),
                    false => RepositoryError::Unreachable(text),
                })
            }
        }
    }

    fn kind(&self, response: &Response) -> Result<(), String> {
        self.is(response, &format!("application/x-{}-result", self.service.name()))
    }

    fn is(&self, response: &Response, expected: &str) -> Result<(), String> {
        let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
        let kind = given.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(expected) { Ok(()) } else { Err(verdict::bounded(given)) }
    }
}

impl Exchange for HttpExchange {
    async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        let submitted = self.service == Service::ReceivePack;
        let response = self.request(self.post(message), submitted).await;
        let response = response.map_err(|error| trouble(&error, submitted))?;
        if response.status() != StatusCode::OK {
            self.is_elsewhere = matches!(response.status().as_u16(), 300..=399 | 404 | 405 | 410);
            return Err(Rejection::read(response, self.credentials.as_ref()).await.verdict(submitted));
        }
        self.accept(response, "result", submitted)
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        let Some(response) = &mut self.response else { return Ok(None) };
        response.chunk().await.map_err(|error| trouble(&error, false))
    }

    fn words(&self) -> String {
        String::new()
    }

    fn discreet(&self, words: &str) -> String {
        match &self.credentials {
            Some(credentials) => credentials.blank_out(words),
            None => words.to_owned(),
        }
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
