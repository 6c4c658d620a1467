//! A Telegram Bot API server for one bot, with the people and chats around it.
//!
//! Programs talk to it over HTTP as to `api.telegram.org`; tests and the playground play the people through [`Hub`].
//! What it answers follows the Bot API's reference and the public source of Telegram's own `telegram-bot-api` server.

mod document;
mod faults;
mod html;
mod http;
mod hub;
mod methods;
mod model;
mod params;
mod send;
mod updates;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::{Fault, FaultKind, Phase, Tapped};
pub use hub::{Hub, HubError, Post};
pub use model::{Call, Chat, ChatKind, Event, Poster, ShownButton, ShownDocument, ShownMessage, User};

/// What the server starts with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The bot's token, `<digits>:<secret>`.
    pub token: String,
    /// The bot itself.
    pub bot: User,
    /// Group chats that the bot is a member of.
    pub chats: Vec<Chat>,
    /// People; a private chat with one begins when that person writes first.
    pub users: Vec<User>,
    /// Privacy mode: in groups the bot sees only commands, mentions and replies to itself.
    pub privacy: bool,
}

impl Options {
    /// Loopback, a free port, privacy mode on, a bot called `tiphys_bot`, nobody around.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        let token = token.into();
        let id = token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token,
            bot: User {
                id,
                is_bot: true,
                first_name: "tiphys".into(),
                last_name: None,
                username: Some("tiphys_bot".into()),
            },
            chats: Vec::new(),
            users: Vec::new(),
            privacy: true,
        }
    }

    /// Adds a chat.
    #[must_use]
    pub fn chat(mut self, chat: Chat) -> Self {
        self.chats.push(chat);
        self
    }

    /// Adds a person.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }
}

/// A running server; it stops, cutting all connections, when this is dropped.
#[derive(Debug)]
pub struct TelegramServer {
    address: SocketAddr,
    hub: Hub,
    stop: CancellationToken,
}

impl TelegramServer {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address can't be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let hub = Hub::new(world::World::new(options));
        let stop = CancellationToken::new();
        tokio::spawn(http::serve(listener, Arc::clone(hub.inner()), stop.clone()));
        Ok(Self { address, hub, stop })
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The people's side of the server.
    #[must_use]
    pub fn hub(&self) -> Hub {
        self.hub.clone()
    }
}

impl Drop for TelegramServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
