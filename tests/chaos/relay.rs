//! A relay between the bot and a server, which tells of each step of their conversation.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    task::JoinHandle,
};

/// What a relay tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Passage {
    /// The bot has sent something; the server doesn't know yet.
    Asked,
    /// The server has it.
    Delivered,
    /// The server has answered; the bot doesn't know yet.
    Answered,
}

/// Called at each step; what is on its way waits for it to return.
pub(crate) type Witness = Arc<dyn Fn(Passage) + Send + Sync>;

/// The relay; it ends with the value.
pub(crate) struct Relay {
    listener: Option<TcpListener>,
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Relay {
    /// Takes a port; connections wait until the server is known.
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("has one");
        Self { listener: Some(listener), address, task: None }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to pass on to this server.
    pub(crate) fn serve(&mut self, server: SocketAddr, witness: Witness) {
        let listener = self.listener.take().expect("not served yet");
        self.task = Some(tokio::spawn(async move {
            while let Ok((bot, _)) = listener.accept().await {
                let witness = Arc::clone(&witness);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    bot.set_nodelay(true).ok();
                    server.set_nodelay(true).ok();
                    let ((from_bot, to_bot), (from_server, to_server)) = (bot.into_split(), server.into_split());
                    let there = pass(from_bot, to_server, &witness, Passage::Asked, Some(Passage::Delivered));
                    let back = pass(from_server, to_bot, &witness, Passage::Answered, None);
                    tokio::join!(there, back);
                });
            }
        }));
    }
}

async fn pass(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    witness: &Witness,
    before: Passage,
    after: Option<Passage>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        witness(before);
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
        if let Some(after) = after {
            witness(after);
        }
    }
    // The other side may be gone already.
    drop(to.shutdown().await);
}
