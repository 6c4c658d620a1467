//! The cable between the adapter and a server: it can be cut at any byte, and pulled out.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
    task::JoinHandle,
};

/// Which way bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server.
    There,
    /// From the server.
    Back,
}

#[derive(Default)]
struct Traffic {
    /// How many bytes have passed.
    passed: [usize; 2],
    /// After how many bytes more all connections end.
    cut: Option<(Way, usize)>,
}

/// The cable; its connections end with the value.
pub(crate) struct Cable {
    address: SocketAddr,
    server: SocketAddr,
    traffic: Arc<Mutex<Traffic>>,
    pulled: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.pull();
    }
}

impl Cable {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("has one");
        let (traffic, pulled) = (Arc::default(), watch::Sender::new(0));
        let task = tokio::spawn(serve(listener, server, Arc::clone(&traffic), pulled.clone()));
        Self { address, server, traffic, pulled, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections as soon as so many bytes more have gone this way.
    pub(crate) fn cut_after(&self, way: Way, bytes: usize) {
        lock(&self.traffic).cut = Some((way, bytes));
    }

    /// No cut is to come any more; whether there was the one that was ordered.
    pub(crate) fn mend(&self) -> bool {
        lock(&self.traffic).cut.take().is_none()
    }

    /// How many bytes have passed since this was asked last.
    pub(crate) fn take_passed(&self, way: Way) -> usize {
        std::mem::take(&mut lock(&self.traffic).passed[way as usize])
    }

    /// Ends all connections and takes no more.
    pub(crate) fn pull(&self) {
        self.task.abort();
        self.pulled.send_modify(|times| *times += 1);
    }

    /// Takes connections again at the same address.
    pub(crate) async fn plug_in(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("its address is still free");
        self.task = tokio::spawn(serve(listener, self.server, Arc::clone(&self.traffic), self.pulled.clone()));
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, traffic: Arc<Mutex<Traffic>>, pulled: watch::Sender<u64>) {
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(server).await else { continue };
        near.set_nodelay(true).ok();
        far.set_nodelay(true).ok();
        let (traffic, pulled) = (Arc::clone(&traffic), pulled.clone());
        tokio::spawn(async move {
            let mut end = pulled.subscribe();
            let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
            tokio::select! {
                _ = end.changed() => {}
                () = async {
                    tokio::join!(
                        pass(from_near, to_far, Way::There, &traffic, &pulled),
                        pass(from_far, to_near, Way::Back, &traffic, &pulled),
                    );
                } => {}
            }
        });
    }
}

async fn pass(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    way: Way,
    traffic: &Mutex<Traffic>,
    pulled: &watch::Sender<u64>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let (length, is_cut) = {
            let mut traffic = lock(traffic);
            let (length, is_cut) = match &mut traffic.cut {
                Some((cut, left)) if *cut == way && *left <= length => (*left, true),
                Some((cut, left)) if *cut == way => {
                    *left -= length;
                    (length, false)
                }
                _ => (length, false),
            };
            if is_cut {
                traffic.cut = None;
            }
            traffic.passed[way as usize] += length;
            (length, is_cut)
        };
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        if is_cut {
            pulled.send_modify(|times| *times += 1);
            // Whoever waits for it ends this.
            std::future::pending::<()>().await;
        }
    }
    drop(to.shutdown().await);
}

fn lock(traffic: &Mutex<Traffic>) -> std::sync::MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}
