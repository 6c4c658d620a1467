//! Permissions: basic authentication, or tokens of a token server, which are kept until they expire.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    challenge::{Challenge, challenges},
    client::expect_success,
};
use crate::{
    adapters::registry::{
        Credential,
        http::{Http, is_loopback},
    },
    ports::RegistryError,
};

/// The most bytes of a token server's answer.
const MAX_BODY: usize = 256 * 1024;
/// How long a token lasts when its server doesn't say (the specification's default).
const DEFAULT_LIFETIME: u64 = 60;
/// How much earlier than told a token counts as expired.
const MARGIN: Duration = Duration::from_secs(5);

/// What goes into the `Authorization` header.
#[derive(Clone)]
pub(super) struct Authorisation(SecretString);

impl Authorisation {
    fn is_same(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }

    /// The header's value, marked as sensitive.
    pub(super) fn header(&self) -> Result<HeaderValue, RegistryError> {
        let mut value = HeaderValue::from_str(self.0.expose_secret())
            .map_err(|_| RegistryError::forbidden("the token can't stand in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// What a permission is for.
pub(super) struct Scope<'a> {
    pub(super) repository: &'a str,
    pub(super) deadline: Instant,
}

/// Gets permissions and remembers them.
pub(super) struct Authoriser {
    username: Option<String>,
    password: Option<Credential>,
    tokens: Mutex<HashMap<String, Token>>,
    wants_basic: AtomicBool,
    /// One token is fetched at a time: requests that run side by side want the same one.
    fetching: tokio::sync::Mutex<()>,
}

struct Token {
    authorisation: Authorisation,
    expires: Instant,
}

/// A token server's answer.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Authoriser {
    pub(super) fn new(username: Option<String>, password: Option<Credential>) -> Self {
        Self {
            username,
            password,
            tokens: Mutex::default(),
            wants_basic: AtomicBool::new(false),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// A permission for the repository that needs no request.
    pub(super) async fn known(&self, repository: &str) -> Result<Option<Authorisation>, RegistryError> {
        match self.token(repository) {
            Some(token) => Ok(Some(token)),
            None if self.wants_basic.load(Ordering::Relaxed) => self.basic().await,
            None => Ok(None),
        }
    }

    /// A token that hasn't expired.
    fn token(&self, repository: &str) -> Option<Authorisation> {
        let tokens = self.tokens();
        let token = tokens.get(repository).filter(|token| token.expires > Instant::now())?;
        Some(token.authorisation.clone())
    }

    /// Does what the registry's challenge asks for, after it was asked with the permission `tried`.
    pub(super) async fn obtain(
        &self,
        http: &Http,
        base: &Url,
        headers: &HeaderMap,
        scope: &Scope<'_>,
        tried: Option<&Authorisation>,
    ) -> Result<Authorisation, RegistryError> {
        let challenges = challenges(headers);
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => Some((realm, service.as_deref(), scope.as_deref())),
            Challenge::Basic => None,
        });
        if let Some((realm, service, wanted)) = bearer {
            let mut url = token_server(realm, base)?;
            let default = format!("repository:{}:pull", scope.repository);
            {
                let mut query = url.query_pairs_mut();
                if let Some(service) = service {
                    query.append_pair("service", service);
                }
                query.append_pair("scope", wanted.unwrap_or(&default));
                if let Some(username) = &self.username {
                    query.append_pair("account", username);
                }
            }
            let Ok(_fetching) = timeout_at(scope.deadline, self.fetching.lock()).await else {
                return Err(http.late().into());
            };
            // Another request may have fetched one meanwhile.
            let newer = self.token(scope.repository);
            if let Some(newer) = newer.filter(|newer| tried.is_none_or(|tried| !tried.is_same(newer))) {
                return Ok(newer);
            }
            return self.fetch(http, url, scope).await;
        }
        if challenges.contains(&Challenge::Basic) {
            let basic = self.basic().await?.ok_or_else(|| forbidden("the registry asks for a user and a password"))?;
            self.wants_basic.store(true, Ordering::Relaxed);
            return Ok(basic);
        }
        Err(forbidden("the registry asks for an unknown kind of authentication"))
    }

    /// Forgets a token that the registry didn't accept.
    pub(super) fn forget(&self, repository: &str) {
        self.tokens().remove(repository);
    }

    async fn fetch(&self, http: &Http, url: Url, scope: &Scope<'_>) -> Result<Authorisation, RegistryError> {
        let mut request = reqwest::Request::new(Method::GET, url);
        if let Some(basic) = self.basic().await? {
            request.headers_mut().insert(header::AUTHORIZATION, basic.header()?);
        }
        let answer = expect_success(http.send(request, MAX_BODY, scope.deadline).await.map_err(RegistryError::from)?)?;
        let shape = || RegistryError::unusable("the token server's answer holds no token");
        let answer: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| shape())?;
        let token = answer.token.or(answer.access_token).ok_or_else(shape)?;
        let authorisation = Authorisation(SecretString::from(format!("Bearer {token}")));
        let lifetime = Duration::from_secs(answer.expires_in.unwrap_or(DEFAULT_LIFETIME).min(24 * 3600));
        let expires = Instant::now() + lifetime.saturating_sub(MARGIN);
        self.tokens().insert(scope.repository.to_owned(), Token { authorisation: authorisation.clone(), expires });
        Ok(authorisation)
    }

    async fn basic(&self) -> Result<Option<Authorisation>, RegistryError> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else { return Ok(None) };
        let password = password.read().await?;
        let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
        Ok(Some(Authorisation(SecretString::from(format!("Basic {}", STANDARD.encode(pair.expose_secret()))))))
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token server's address. The password goes there, so it is not sent in the clear on a plain answer's word: without
/// TLS only to the server that was configured so, or within this machine.
fn token_server(realm: &str, base: &Url) -> Result<Url, RegistryError> {
    let url = Url::parse(realm).map_err(|_| forbidden("the address of the token server can't be read"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if base.scheme() == "http" && url.host() == base.host() => Ok(url),
        "http" if is_loopback(base) && is_loopback(&url) => Ok(url),
        _ => Err(forbidden("the token server is not reached by https, and is not the registry's own host")),
    }
}

fn forbidden(text: &str) -> RegistryError {
    RegistryError::forbidden(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_in_the_clear_only_where_the_registry_itself_is() {
        let plain = "http://127.0.0.1:5000/";
        for (base, realm, goes) in [
            (plain, "http://127.0.0.1:5000/token", true),
            (plain, "http://127.0.0.1:6000/token", true),
            (plain, "http://localhost:6000/token", true),
            (plain, "http://192.0.2.2:5000/token", false),
            (plain, "http://127.0.0.1.example.org/token", false),
            (plain, "https://tokens.example.org/token", true),
            ("http://r.example.org/", "http://r.example.org:6000/token", true),
            ("http://r.example.org/", "http://tokens.example.org/token", false),
            ("http://r.example.org/", "http://127.0.0.1:6000/token", false),
            ("https://r.example.org/", "http://r.example.org/token", false),
            ("https://r.example.org/", "https://tokens.example.org/token", true),
            ("https://r.example.org/", "file:///token", false),
        ] {
            let base = Url::parse(base).expect("a URL");
            assert_eq!(token_server(realm, &base).is_ok(), goes, "{base} {realm}");
        }
    }
}
