//! SSH with a key from a file, a host key that must be known, and one session that is kept for later conversations.

use std::{
    borrow::Cow,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf,
    client::{self, AuthResult, Handle, Msg},
    keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Fetched, LONGEST_CONNECT, Update, Want, blocking,
    known_hosts::{HostKeys, Trust},
    way::Way,
};
use crate::{
    adapters::git::{
        key::KeyFiles,
        mirror::Fault,
        settings::{Settings, SettingsError},
        verdict,
        wire::{
            Service, fetch,
            pack::Bases,
            pkt::Exchange,
            push::{self, Arrival, AtOnce},
        },
        words::Words,
    },
    ports::RepositoryError,
};

/// The user name that forges use.
const DEFAULT_USER: &str = "git";
/// How often a silent session is asked whether it is still there, and how many of these may go unanswered.
const PROBE: Duration = Duration::from_secs(20);
const PROBES: usize = 3;
/// How long a kept session may take to start a service; one that is dead unnoticed is made anew after that.
const REVIVAL: Duration = Duration::from_secs(5);
/// The largest request that is sent before the listing was read: both must fit into buffers, or each side would wait for
/// the other to read.
const MAX_AT_ONCE: usize = 128 << 10;
/// The most that is kept of what the remote prints, in bytes.
const MAX_WORDS: usize = 16 << 10;

/// A repository behind SSH.
pub(in crate::adapters::git) struct SshRemote {
    user: String,
    host: String,
    port: u16,
    path: String,
    key: KeyFiles,
    known_hosts_file: PathBuf,
    deadline: Duration,
    session: tokio::sync::Mutex<Option<Arc<Handle<HostCheck>>>>,
    way: Way,
}

impl std::fmt::Debug for SshRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, host, port, path, .. } = self;
        f.debug_struct("SshRemote")
            .field("user", user)
            .field("host", host)
            .field("port", port)
            .field("path", path)
            .finish()
    }
}

/// A remote's address.
pub(super) struct Address {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl SshRemote {
    pub(super) fn new(address: Address, settings: &Settings) -> Result<Self, SettingsError> {
        let Address { user, host, port, path } = address;
        Ok(Self {
            user: user.or_else(|| settings.username.clone()).unwrap_or_else(|| DEFAULT_USER.to_owned()),
            host,
            port,
            path,
            key: KeyFiles {
                key: settings.ssh_key_file.clone().ok_or(SettingsError::SshNeeds("ssh_key_file"))?,
                passphrase: settings.ssh_key_passphrase_file.clone(),
                setting: "ssh_key_passphrase_file",
            },
            known_hosts_file: settings.known_hosts_file.clone().ok_or(SettingsError::SshNeeds("known_hosts_file"))?,
            deadline: settings.deadline,
            session: tokio::sync::Mutex::new(None),
            way: Way::default(),
        })
    }

    pub(super) async fn fetch(&self, want: Want) -> Result<Fetched, Fault> {
        let exchange = self.open(Service::UploadPack).await?;
        fetch::run(exchange, &want, false).await.map(|(fetched, _)| fetched)
    }

    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        let until = Instant::now() + self.deadline;
        if !self.way.is_at_once() {
            return self.push_in_two_steps(&update, self.way.bases(), until).await.map(drop);
        }
        let (request, exchange) = tokio::join!(push::request_at_once(&update), self.open_until(until));
        let (request, exchange) = (request?, exchange?);
        if request.len() > MAX_AT_ONCE {
            return push::run(exchange, &update, Bases::Remote, until).await.map(drop);
        }
        match push::run_at_once(exchange, Some(request), &update, true, until).await {
            AtOnce::Verdict(verdict) => {
                if verdict.is_ok() {
                    self.way.at_once(&self.host);
                }
                verdict
            }
            AtOnce::NotTaken { why, bases, in_doubt } => {
                let verdict = self.push_in_two_steps(&update, bases, until).await;
                self.way.in_two_steps(&self.host, &why, bases, &verdict);
                let verdict = verdict.map(drop);
                if in_doubt { push::in_doubt(verdict) } else { verdict }
            }
        }
    }

    async fn push_in_two_steps(
        &self,
        update: &Update,
        bases: Bases,
        until: Instant,
    ) -> Result<Arrival, RepositoryError> {
        push::run(self.open_until(until).await?, update, bases, until).await
    }

    async fn open_until(&self, until: Instant) -> Result<SshExchange, RepositoryError> {
        timeout_at(until, self.open(Service::ReceivePack))
            .await
            .unwrap_or_else(|_| Err(RepositoryError::Unreachable("no answer in time".to_owned())))
    }

    /// Starts a service in the session; a session that turns out to be dead is made anew.
    async fn open(&self, service: Service) -> Result<SshExchange, RepositoryError> {
        let mut session = self.session.lock().await;
        if let Some(alive) = session.as_ref().filter(|session| !session.is_closed()) {
            if let Ok(Ok(exchange)) = timeout(REVIVAL, self.start(alive, service)).await {
                return Ok(exchange);
            }
            tracing::debug!(host = self.host, "the kept session is dead");
        }
        *session = None;
        let fresh = Arc::new(self.connect().await?);
        let exchange = self.start(&fresh, service).await?;
        *session = Some(fresh);
        Ok(exchange)
    }

    async fn start(&self, session: &Handle<HostCheck>, service: Service) -> Result<SshExchange, RepositoryError> {
        let command = format!("{} {}", service.name(), quoted(&self.path));
        let start = async {
            let channel = session.channel_open_session().await?;
            if service == Service::UploadPack {
                // A server that doesn't let it through speaks version 0.
                channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
            }
            channel.exec(true, command).await?;
            Ok::<_, russh::Error>(channel)
        };
        let channel = self.in_time(start).await?;
        let (reader, writer) = channel.split();
        Ok(SshExchange {
            reader,
            writer: Arc::new(writer),
            service,
            words: Words::default(),
            over: false,
            deadline: self.deadline,
        })
    }

    async fn connect(&self) -> Result<Handle<HostCheck>, RepositoryError> {
        let (keys, key) = self.read_files().await?;
        let objection = Arc::new(Mutex::new(None));
        let config = client::Config {
            preferred: russh::Preferred { key: Cow::Owned(keys.preferred()), ..russh::Preferred::default() },
            keepalive_interval: Some(PROBE),
            keepalive_max: PROBES,
            nodelay: true,
            ..client::Config::default()
        };
        let check = HostCheck {
            keys,
            host: format!("{}:{}", self.host, self.port),
            file: self.known_hosts_file.clone(),
            objection: Arc::clone(&objection),
        };
        let connected = client::connect(Arc::new(config), (self.host.as_str(), self.port), check);
        let mut session = self.in_time(connected).await.map_err(|error| {
            match objection.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(text) => RepositoryError::Authentication(text),
                None => error,
            }
        })?;
        let hash = match key.algorithm().is_rsa() {
            true => self.in_time(session.best_supported_rsa_hash()).await?.flatten(),
            false => None,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        match self.in_time(session.authenticate_publickey(self.user.clone(), key)).await? {
            AuthResult::Success => Ok(session),
            // How the library tells of a connection that ended in the middle.
            AuthResult::Failure { .. } if session.is_closed() => {
                Err(RepositoryError::Unreachable("the connection was closed at the authentication".to_owned()))
            }
            AuthResult::Failure { .. } => Err(RepositoryError::Authentication(format!(
                "{} doesn't accept the key {} for user {} (publickey)",
                self.host,
                self.key.key.display(),
                self.user
            ))),
        }
    }

    /// Reads the host keys and the private key; both may have been replaced since the last session.
    async fn read_files(&self) -> Result<(HostKeys, PrivateKey), RepositoryError> {
        let (host, port) = (self.host.clone(), self.port);
        let (known_hosts, files) = (self.known_hosts_file.clone(), self.key.clone());
        // Decrypting a key takes long on purpose.
        blocking(move || {
            let keys = HostKeys::read(&known_hosts, &host, port).map_err(RepositoryError::Authentication)?;
            let key = files.read().and_then(|texts| {
                files.decode(&texts).map_err(|reason| format!("the key {} {reason}", files.key.display()))
            });
            Ok((keys, key.map_err(RepositoryError::Authentication)?))
        })
        .await
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, russh::Error>> + Send,
    ) -> Result<T, RepositoryError> {
        match timeout(self.deadline.min(LONGEST_CONNECT), work).await {
            Ok(outcome) => outcome.map_err(|error| RepositoryError::Unreachable(verdict::bounded(&error.to_string()))),
            Err(_) => Err(RepositoryError::Unreachable("no answer in time".to_owned())),
        }
    }
}

/// Compares the server's key with the known ones.
struct HostCheck {
    keys: HostKeys,
    host: String,
    file: PathBuf,
    /// Why the key isn't trusted, for whoever waits for the connection.
    objection: Arc<Mutex<Option<String>>>,
}

impl client::Handler for HostCheck {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let (trust, fingerprint) = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => (self.keys.judge(key), fingerprint(key)),
            PublicKeyOrCertificate::Certificate(_) => (Trust::Unknown, "a certificate".to_owned()),
        };
        let (host, file) = (&self.host, self.file.display());
        let text = match trust {
            Trust::Known => return Ok(true),
            Trust::Unknown => format!("the host key of {host} is not in {file}: {fingerprint}"),
            Trust::Changed => format!(
                "the host key of {host} has changed: it shows {fingerprint}, and {file} has {}; ask whoever runs the \
                 server before replacing the line, for somebody may stand between",
                self.keys.known().map(self::fingerprint).collect::<Vec<_>>().join(", ")
            ),
            Trust::Revoked => format!("the host key of {host} is revoked in {file}: {fingerprint}"),
        };
        *self.objection.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        Ok(false)
    }
}

fn fingerprint(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(russh::keys::HashAlg::Sha256))
}

/// One argument for the shell on the other side, the way git quotes it.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

/// One service in a channel.
struct SshExchange {
    reader: ChannelReadHalf,
    writer: Arc<ChannelWriteHalf<Msg>>,
    service: Service,
    words: Words,
    /// The service has ended.
    over: bool,
    deadline: Duration,
}

/// A conversation may be given up anywhere; the session goes on without it.
impl Drop for SshExchange {
    fn drop(&mut self) {
        let writer = Arc::clone(&self.writer);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { writer.close().await.ok() });
        }
    }
}

impl Exchange for SshExchange {
    async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        let text = match timeout(self.deadline, self.writer.data_bytes(message)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => verdict::bounded(&error.to_string()),
            Err(_) => "no answer in time".to_owned(),
        };
        Err(match self.service {
            Service::ReceivePack => RepositoryError::Unclear(text),
            Service::UploadPack => RepositoryError::Unreachable(text),
        })
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        while !self.over {
            let event = timeout(self.deadline, self.reader.wait())
                .await
                .map_err(|_| RepositoryError::Unreachable("no answer in time".to_owned()))?;
            match event {
                Some(ChannelMsg::Data { data }) => return Ok(Some(data)),
                Some(ChannelMsg::ExtendedData { data, .. }) => self.words.add(&data, MAX_WORDS),
                Some(ChannelMsg::Failure) => {
                    let text = format!("the server doesn't run {}", self.service.name());
                    return Err(RepositoryError::Authentication(text));
                }
                // What the service printed may come after its end, but not after this.
                Some(ChannelMsg::Close) => self.over = true,
                Some(_) => {}
                None => return Err(RepositoryError::Unreachable("the session has ended".to_owned())),
            }
        }
        Ok(None)
    }

    fn words(&self) -> String {
        self.words.text()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    async fn answered(&mut self) {}

    async fn end(&mut self) {
        self.writer.data_bytes(Bytes::from_static(b"0000")).await.ok();
        self.writer.eof().await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_remote_shell() {
        assert_eq!(quoted("/team/m.git"), "'/team/m.git'");
        assert_eq!(quoted("it's; rm -rf !"), r"'it'\''s; rm -rf '\!''");
    }
}
