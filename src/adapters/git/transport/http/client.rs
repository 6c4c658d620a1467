//! The client with its kept-alive connections, and the credentials that go out with every request.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Certificate, Client, Proxy, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{super::LONGEST_CONNECT, trouble::chain};
use crate::{
    adapters::git::{
        settings::{Settings, TokenSource, is_loopback},
        wire::AGENT,
    },
    ports::RepositoryError,
};

/// The user name where none is set: GitLab takes any with an access token, and documents this one for OAuth tokens.
const DEFAULT_USER: &str = "oauth2";
/// How often a silent connection is asked whether it is still there.
const PROBE: Duration = Duration::from_secs(20);

/// Makes the client, again whenever the private certificates change.
#[derive(Debug)]
pub(super) struct ClientSource {
    url: Url,
    ca_file: Option<PathBuf>,
    proxy: Option<Url>,
    deadline: Duration,
    ready: Mutex<Option<Prepared>>,
}

/// A client, and the certificates that it was made with.
#[derive(Debug, Clone)]
struct Prepared {
    client: Client,
    certificates: Option<Vec<u8>>,
}

impl ClientSource {
    pub(super) fn new(url: Url, settings: &Settings) -> Self {
        Self {
            url,
            ca_file: settings.ca_file.clone(),
            proxy: settings.proxy.clone(),
            deadline: settings.deadline,
            ready: Mutex::new(None),
        }
    }

    /// The client.
    pub(super) fn get(&self) -> Result<Client, RepositoryError> {
        let certificates = match &self.ca_file {
            None => None,
            Some(path) => Some(fs::read(path).map_err(|error| {
                RepositoryError::Authentication(format!("cannot read the certificates {}: {error}", path.display()))
            })?),
        };
        let mut prepared = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
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
            .connect_timeout(self.deadline.min(LONGEST_CONNECT))
            .read_timeout(self.deadline)
            .tcp_nodelay(true)
            .tcp_keepalive(PROBE)
            .http2_keep_alive_interval(PROBE)
            .pool_max_idle_per_host(2);
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(Proxy::all(proxy.clone()).map_err(unusable)?);
        } else if is_loopback(&self.url) {
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

/// The user, and where the token comes from.
#[derive(Debug, Clone)]
pub(super) struct Login {
    user: String,
    token: Option<TokenSource>,
}

impl Login {
    pub(super) fn new(user: Option<String>, settings: &Settings) -> Self {
        Self {
            user: settings.username.clone().or(user).unwrap_or_else(|| DEFAULT_USER.to_owned()),
            token: settings.token.clone(),
        }
    }

    /// The header with the token as it is now, and the token itself for blanking it out of error texts.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, RepositoryError> {
        let Some(source) = &self.token else { return Ok(None) };
        let token = source.read().map_err(RepositoryError::Authentication)?;
        let pair = STANDARD.encode(format!("{}:{}", self.user, token.expose_secret()));
        let mut header = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| RepositoryError::Authentication("the user name and token don't fit a header".to_owned()))?;
        header.set_sensitive(true);
        Ok(Some(Credentials { header, token }))
    }
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    header: HeaderValue,
    token: SecretString,
}

impl Credentials {
    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Whether both carry the same token.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.header == other.header
    }

    /// A server's words without the token, as it is and as the header carries it: careless servers quote requests.
    pub(super) fn blank_out(&self, words: &str) -> String {
        let words = words.replace(self.token.expose_secret(), "***");
        match self.header.to_str().ok().and_then(|header| header.strip_prefix("Basic ")) {
            Some(pair) => words.replace(pair, "***"),
            None => words,
        }
    }
}
