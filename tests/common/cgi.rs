//! A small web server around `git http-backend`, with faults to order.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    serve::Listener,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self,
        pki_types::{CertificateDer, pem::PemObject},
    },
    server::TlsStream,
};

use crate::ground::Ground;

/// What goes wrong with a push that reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The push is carried out, but the connection breaks before the answer.
    CutAfterPush,
    /// The connection breaks before the push is carried out.
    CutBeforePush,
    /// The push is never answered.
    Silence,
    /// The push is carried out, but something between answers for it.
    AnsweredFor(u16),
    /// A push is answered with this status unless the references were asked for right before; 200 stands for a web page,
    /// and 0 for an answer without a report.
    NeedsListing(u16),
    /// So many requests of a push are answered with this status and asked to come again in a second.
    Busy(u16, u32),
    /// The push is refused in GitLab's words.
    ForbiddenToPush,
    /// Every request is sent elsewhere.
    Redirect,
    /// Every answer is a web page.
    Page,
    /// The server pretends to know version 0 of the protocol only.
    OnlyVersion0,
}

/// One request as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) uri: String,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
struct Shared {
    root: PathBuf,
    home: PathBuf,
    password: Arc<Mutex<Option<String>>>,
    fault: Arc<Mutex<Option<Fault>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    listed: Arc<Mutex<bool>>,
    rotation: Arc<Mutex<Option<PathBuf>>>,
}

/// The server; it ends with the value.
pub(crate) struct GitServer {
    address: SocketAddr,
    scheme: &'static str,
    repository: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl GitServer {
    /// Serves the ground's bare repository of this name.
    pub(crate) async fn http(ground: &Ground, repository: &str) -> Self {
        Self::start(ground, repository, None).await
    }

    /// The same with TLS.
    pub(crate) async fn https(ground: &Ground, repository: &str, authority: &Authority) -> Self {
        Self::start(ground, repository, Some(authority.server())).await
    }

    /// The same with a certificate that isn't good any more, or one for another host.
    pub(crate) async fn https_with(ground: &Ground, repository: &str, certified: (String, KeyPair)) -> Self {
        Self::start(ground, repository, Some(server_config(certified))).await
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn start(ground: &Ground, repository: &str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        ground.git(&ground.path(repository), &["config", "http.receivepack", "true"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("has one");
        let shared = Shared {
            root: ground.path(""),
            home: ground.path("home"),
            password: Arc::default(),
            fault: Arc::default(),
            seen: Arc::default(),
            listed: Arc::default(),
            rotation: Arc::default(),
        };
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let task = tokio::spawn(async move {
            let outcome = match tls {
                Some(config) => {
                    let listener = TlsListener { tcp: listener, acceptor: TlsAcceptor::from(config) };
                    axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await
                }
                None => axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).await,
            };
            outcome.expect("served");
        });
        Self { address, scheme, repository: repository.to_owned(), shared, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/{}", self.scheme, self.address, self.repository)
    }

    /// From now on the user `bot` with this password is let in, and nobody else.
    pub(crate) fn require(&self, password: &str) {
        *lock(&self.shared.password) = Some(password.to_owned());
    }

    /// The next time that somebody isn't let in, the password is put into this file.
    pub(crate) fn rotate_into(&self, file: PathBuf) {
        *lock(&self.shared.rotation) = Some(file);
    }

    pub(crate) fn break_with(&self, fault: impl Into<Option<Fault>>) {
        *lock(&self.shared.fault) = fault.into();
    }

    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.shared.seen))
    }
}

/// A certificate authority of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed"))
    }

    /// Writes the certificate for clients.
    pub(crate) fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("written");
    }

    /// A certificate for this machine and its key, as PEM.
    pub(crate) fn issue(&self) -> (String, KeyPair) {
        self.issue_for(&["127.0.0.1", "localhost"], 4096)
    }

    /// A certificate for these names, good until the first day of that year.
    pub(crate) fn issue_for(&self, names: &[&str], until: i32) -> (String, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("valid");
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        (params.signed_by(&key, &self.0).expect("signed").pem(), key)
    }

    fn server(&self) -> Arc<rustls::ServerConfig> {
        server_config(self.issue())
    }
}

fn server_config((certificate, key): (String, KeyPair)) -> Arc<rustls::ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("just written");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("supported")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .expect("they fit");
    Arc::new(config)
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, peer)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// The client's address, which tells connections apart.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let peer = parts.extensions.get::<axum::extract::ConnectInfo<Peer>>().map(|info| info.0.0);
    let uri = parts.uri.to_string();
    lock(&shared.seen).push(Seen {
        uri: uri.clone(),
        method: parts.method.clone(),
        headers: parts.headers.clone(),
        peer,
        body: body.clone(),
    });
    if let Some(password) = &*lock(&shared.password) {
        let expected = format!("Basic {}", STANDARD.encode(format!("bot:{password}")));
        if parts.headers.get(header::AUTHORIZATION).is_none_or(|given| given != expected.as_str()) {
            if let Some(file) = lock(&shared.rotation).take() {
                std::fs::write(file, password).expect("writable");
            }
            let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
            return (StatusCode::UNAUTHORIZED, challenge, "HTTP Basic: Access denied\n").into_response();
        }
    }
    let fault = *lock(&shared.fault);
    let is_push = parts.method == Method::POST && uri.ends_with("/git-receive-pack");
    let listed = std::mem::replace(&mut *lock(&shared.listed), uri.ends_with("service=git-receive-pack"));
    // An address of old, of which the server tells where it is now.
    if uri.starts_with("/moved.git/") {
        return match parts.method {
            Method::GET => {
                let location = uri.replacen("/moved.git/", "/remote.git/", 1);
                (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response()
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        };
    }
    match fault {
        Some(Fault::Redirect) => {
            return (StatusCode::FOUND, [(header::LOCATION, "https://elsewhere.example/login")]).into_response();
        }
        Some(Fault::Page) => return axum::response::Html("<h1>Welcome</h1>").into_response(),
        Some(Fault::ForbiddenToPush) if uri.ends_with("git-receive-pack") => {
            return (StatusCode::FORBIDDEN, "You are not allowed to push code to this project.").into_response();
        }
        Some(Fault::CutBeforePush) if is_push => return cut(),
        Some(Fault::NeedsListing(status)) if is_push && !listed => {
            let kind = [(header::CONTENT_TYPE, "application/x-git-receive-pack-result")];
            return match status {
                0 => (kind, "0016ERR expected flush").into_response(),
                200 => axum::response::Html("<h1>Sign in</h1>").into_response(),
                status => (StatusCode::from_u16(status).expect("a status"), "not like this").into_response(),
            };
        }
        Some(Fault::Busy(status, times)) if uri.ends_with("git-receive-pack") && times > 0 => {
            *lock(&shared.fault) = Some(Fault::Busy(status, times - 1));
            return (StatusCode::from_u16(status).expect("a status"), [(header::RETRY_AFTER, "1")]).into_response();
        }
        _ => {}
    }
    let mut headers = parts.headers;
    if fault == Some(Fault::OnlyVersion0) {
        headers.remove("git-protocol");
    }
    let response = backend(&shared, &parts.method, &uri, &headers, &body).await;
    match fault {
        Some(Fault::CutAfterPush) if is_push => cut(),
        Some(Fault::AnsweredFor(status)) if is_push => {
            (StatusCode::from_u16(status).expect("a status"), "upstream").into_response()
        }
        Some(Fault::Silence) if is_push => std::future::pending().await,
        _ => response,
    }
}

/// An answer whose connection breaks after its head.
fn cut() -> Response {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    ([(header::CONTENT_TYPE, "application/x-git-receive-pack-result")], Body::from_stream(broken)).into_response()
}

/// Runs `git http-backend` by the rules of CGI.
async fn backend(shared: &Shared, method: &Method, uri: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", &shared.home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "bot")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("piped");
    let body = body.clone();
    let feed = tokio::spawn(async move { stdin.write_all(&body).await.ok() });
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let output = output.expect("it ends").expect("it ran").stdout;
    feed.await.expect("no panic");
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().expect("a number")),
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(output[end + 4..].to_vec())).expect("well formed")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
