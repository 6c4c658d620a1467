//! The page's listener: starts, knows its address, stops.

use std::future::IntoFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{PageSource, routes};

/// How long open requests may take to finish at a shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// How often a quiet stream gives a sign of life; the page reconnects after missing two.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A running page; dropping it stops the listener and ends the event streams.
#[derive(Debug)]
pub struct PageServer {
    addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl PageServer {
    /// Listens on `listen` (port 0: any free one) and serves the page of `source`; needs a Tokio runtime.
    ///
    /// Meant for loopback: there is no login, whoever can connect can speak as any of the people.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub async fn start(listen: SocketAddr, source: Arc<dyn PageSource>) -> io::Result<Self> {
        Self::start_beating(listen, source, HEARTBEAT).await
    }

    /// `start` with another heartbeat.
    pub(super) async fn start_beating(
        listen: SocketAddr,
        source: Arc<dyn PageSource>,
        heartbeat: Duration,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let router = routes::router(source, addr, stop.clone(), heartbeat);
        let serve = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(serve.into_future());
        tracing::debug!(%addr, "the page is served");
        Ok(Self { addr, stop, task })
    }

    /// The address listened on, with the real port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The page's address for a browser on this machine, without a slash at the end.
    ///
    /// `{url}/-/commit/{id}` opens the page at a commit, so this also does as a repository's web address.
    #[must_use]
    pub fn url(&self) -> String {
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(match addr.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{addr}")
    }

    /// Stops listening, ends the event streams and waits for open requests, two seconds at most.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        match tokio::time::timeout(GRACE, &mut self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the page's listener failed"),
            Ok(Err(error)) => tracing::error!(%error, "the page's listener failed"),
            Err(_) => self.task.abort(),
        }
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
