//! Smart HTTP over one client with kept-alive connections (gitprotocol-http).
//!
//! Credentials go out with the first request, in a header only; a redirect is followed only within the server, so they
//! never go elsewhere. A push is one request where the server takes that, and two otherwise.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::Url;

use self::{
    client::{ClientSource, Login},
    exchange::{HttpExchange, Taken},
};
use super::{Fetched, Update, Want, way::Way};
use crate::{
    adapters::git::{
        mirror::Fault,
        settings::Settings,
        wire::{
            Service, fetch,
            pack::Bases,
            push::{self, AtOnce},
        },
    },
    ports::RepositoryError,
};

mod client;
mod exchange;
mod trouble;

/// A repository behind smart HTTP.
#[derive(Debug)]
pub(in crate::adapters::git) struct HttpRemote {
    /// The address as it was found last: a server may redirect within itself.
    url: Mutex<Url>,
    login: Login,
    clients: ClientSource,
    deadline: Duration,
    /// The remote was seen to speak version 2, so it need not be asked again.
    speaks_v2: AtomicBool,
    way: Way,
}

impl HttpRemote {
    pub(super) fn new(url: Url, user: Option<String>, settings: &Settings) -> Self {
        Self {
            login: Login::new(user, settings),
            clients: ClientSource::new(url.clone(), settings),
            url: Mutex::new(url),
            deadline: settings.deadline,
            speaks_v2: AtomicBool::new(false),
            way: Way::default(),
        }
    }

    pub(super) async fn fetch(&self, want: Want) -> Result<Fetched, Fault> {
        let mut exchange = self.exchange(Service::UploadPack, Instant::now() + self.deadline)?;
        if self.speaks_v2.load(Ordering::Relaxed) {
            let outcome = self.fetch_over(&mut exchange, &want, true).await;
            if !exchange.is_elsewhere {
                return outcome;
            }
            // It may have moved since it was asked where it is.
            exchange = self.exchange(Service::UploadPack, exchange.until)?;
        }
        exchange.greet().await?;
        self.remember(&exchange.url);
        self.fetch_over(&mut exchange, &want, false).await
    }

    async fn fetch_over(&self, exchange: &mut HttpExchange, want: &Want, speaks_v2: bool) -> Result<Fetched, Fault> {
        let outcome = fetch::run(exchange, want, speaks_v2).await;
        let v2 = outcome.as_ref().is_ok_and(|(_, v2)| *v2);
        self.speaks_v2.store(v2, Ordering::Relaxed);
        outcome.map(|(fetched, _)| fetched)
    }

    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        let until = Instant::now() + self.deadline;
        let mut exchange = self.exchange(Service::ReceivePack, until)?;
        let verdict = self.push_over(&mut exchange, &update, until).await;
        if exchange.in_doubt { push::in_doubt(verdict) } else { verdict }
    }

    async fn push_over(
        &self,
        exchange: &mut HttpExchange,
        update: &Update,
        until: Instant,
    ) -> Result<(), RepositoryError> {
        let (mut why, mut bases) = (None, self.way.bases());
        if self.way.is_at_once() {
            match self.push_at_once(exchange, update, until).await? {
                None => {
                    self.way.at_once(&exchange.url);
                    return Ok(());
                }
                Some((reason, next)) => (why, bases) = (Some(reason), next),
            }
        }
        let again = timeout_at(until, exchange.greet()).await;
        again.unwrap_or_else(|_| Err(RepositoryError::Unreachable("no answer in time".to_owned())))?;
        let moved = self.remember(&exchange.url);
        let url = exchange.url.clone();
        let verdict = push::run(exchange, update, bases, until).await;
        if !moved && let Some(why) = why {
            self.way.in_two_steps(&url, &why, bases, &verdict);
        }
        verdict.map(drop)
    }

    /// Pushes with one request; tells why not if the server doesn't take it, and what the next pack may build on.
    async fn push_at_once(
        &self,
        exchange: &mut HttpExchange,
        update: &Update,
        until: Instant,
    ) -> Result<Option<(String, Bases)>, RepositoryError> {
        let request = push::request_at_once(update).await?;
        let taken = timeout_at(until, exchange.post_at_once(request)).await;
        match taken.unwrap_or_else(|_| Err(RepositoryError::Unclear("no answer in time".to_owned())))? {
            Taken::No(why) => Ok(Some((why, Bases::Remote))),
            Taken::Yes => match push::run_at_once(&mut *exchange, None, update, false, until).await {
                AtOnce::Verdict(verdict) => verdict.map(|()| None),
                AtOnce::NotTaken { why, bases, in_doubt } => {
                    exchange.in_doubt |= in_doubt;
                    Ok(Some((why, bases)))
                }
            },
        }
    }

    fn exchange(&self, service: Service, until: Instant) -> Result<HttpExchange, RepositoryError> {
        Ok(HttpExchange {
            client: self.clients.get()?,
            url: self.url.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            login: self.login.clone(),
            credentials: self.login.credentials()?,
            service,
            until,
            response: None,
            in_doubt: false,
            is_elsewhere: false,
        })
    }

    /// Keeps the address that a greeting was found at; whether it is a new one.
    fn remember(&self, found: &Url) -> bool {
        let mut url = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = *url != *found;
        url.clone_from(found);
        moved
    }
}
