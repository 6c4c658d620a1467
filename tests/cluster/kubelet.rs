//! A kubelet as far as an API server asks it for logs: it stands for the machine of the test's node.
//!
//! Only an API server on this machine can reach a port of ours; others are asked for the log of a real container.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    extract::{Path, Query},
    http::StatusCode,
    routing::get,
    serve::Listener,
};
use rcgen::generate_simple_self_signed;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

/// The lines of the running container; the last of them hold secrets.
const LINES: usize = 200;

/// Listens until it is dropped.
pub(crate) struct Kubelet {
    pub(crate) port: u16,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Kubelet {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let certified = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certified.cert.der().clone()], key).expect("a configuration");
        let listener = Tls { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move |Path((_, pod, container)): Path<(String, String, String)>, Query(parameters)| {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::ready(log(&pod, &container, &parameters))
        };
        let routes = Router::new().route("/containerLogs/{namespace}/{pod}/{container}", get(answer));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("it goes on") });
        Self { port, asked, task }
    }

    /// How often it was asked for a log.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The log, bounded as the API server's request says; a kubelet's words where there is none.
fn log(pod: &str, container: &str, parameters: &HashMap<String, String>) -> (StatusCode, String) {
    let previous = parameters.get("previous").is_some_and(|value| value == "true");
    if previous && container != "app" {
        let words = format!("previous terminated container {container:?} in pod {pod:?} not found");
        return (StatusCode::BAD_REQUEST, words);
    }
    let run = if previous { "the run before" } else { "this run" };
    let mut lines: Vec<String> = (1..=LINES - 2).map(|line| format!("{container} in {run}, line {line}")).collect();
    lines.push("\u{1b}[31mlogin\u{1b}[0m password=hunter2".to_owned());
    lines.push("card 1234-5678 charged".to_owned());
    let number = |name: &str| parameters.get(name).and_then(|value| value.parse::<usize>().ok());
    lines.drain(..lines.len().saturating_sub(number("tailLines").unwrap_or(LINES)));
    let mut text = lines.join("\n") + "\n";
    text.truncate(number("limitBytes").unwrap_or(text.len()));
    (StatusCode::OK, text)
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.expect("a connection");
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
