//! The Telegram front: long polling that confirms an update only once its command is settled, and replies within the
//! limits.

mod api;
mod backoff;
mod button;
mod document;
mod event;
mod html;
mod ledger;
mod migrations;
mod notice;
mod outbox;
mod pace;
mod poll;
mod press;
mod replier;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::SecretString;
use teloxide::{payloads::SetMyCommandsSetters, requests::Requester, types::BotCommand};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::{
    api::{Api, CallError},
    backoff::Backoff,
    event::Me,
    migrations::Migrations,
    outbox::Outbox,
    pace::Pace,
    poll::Poller,
    replier::{Addresses, Languages},
};
use crate::{
    domain::{
        actor::{ChatId, PersonId, Place, Sender},
        language::Language,
        name::RequestId,
    },
    ports::{Replier, ReplierAt},
};

pub use self::{
    api::{SetupError, is_token},
    notice::{NoticeError, Notifier},
    pace::Limits,
};

/// What the front needs of the configuration.
#[derive(Clone)]
pub struct Options {
    /// The bot's token.
    pub token: SecretString,
    /// The Bot API's base URL.
    pub api_url: Url,
    /// A private CA in PEM, trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The language of everything that isn't in `chats`.
    pub language: Language,
    /// The chats of the configuration with their languages.
    pub chats: BTreeMap<ChatId, Language>,
    /// The people who may write to the bot in private: answers are found again in their chats.
    pub private_chats: BTreeSet<PersonId>,
    /// The command menu in each language: names without slash, and descriptions.
    pub menu: Vec<(Language, Vec<(String, String)>)>,
    /// The limits that replies keep to.
    pub limits: Limits,
    /// How long a poll waits for news; Telegram cuts it at 50 s.
    pub poll: Duration,
    /// How long commands in work may take to settle when the program stops.
    pub drain: Duration,
}

impl Options {
    /// Telegram's own server and limits, no chats and no menu.
    ///
    /// # Panics
    /// Never: the address is a constant.
    #[must_use]
    pub fn new(token: SecretString) -> Self {
        Self {
            token,
            api_url: Url::parse("https://api.telegram.org").expect("a constant address"),
            ca_file: None,
            language: Language::default(),
            chats: BTreeMap::new(),
            private_chats: BTreeSet::new(),
            menu: Vec::new(),
            limits: Limits::default(),
            poll: Duration::from_secs(45),
            drain: Duration::from_secs(7),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("api_url", &self.api_url.as_str())
            .field("ca_file", &self.ca_file)
            .field("language", &self.language)
            .field("chats", &self.chats)
            .finish_non_exhaustive()
    }
}

/// A command from a chat, before it is parsed or anyone is authorised.
#[derive(Clone)]
pub struct Incoming {
    /// `telegram/<chat>/<message>`, or `telegram/callback/<query>` for a pressed button.
    pub request_id: RequestId,
    /// Who typed it or pressed the button.
    pub sender: Sender,
    /// Where; a group that became a supergroup since the start counts as the one in the configuration.
    pub place: Place,
    /// The whole text, beginning with a slash. A button's is as little to be trusted as typed text.
    pub text: String,
    /// The language of the chat.
    pub language: Language,
    /// Where the answers go.
    pub replier: Arc<dyn Replier>,
    /// Whether the bot is surely meant: a private chat, its name after the command, a reply to it, or a button.
    pub addressed: bool,
    /// The bot's username without `@`, for the grammar.
    pub bot: Arc<str>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("request_id", &self.request_id)
            .field("sender", &self.sender)
            .field("place", &self.place)
            .field("text", &self.text)
            .field("addressed", &self.addressed)
            .finish_non_exhaustive()
    }
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Pushed, refused or answered: the update may be confirmed.
    Done,
    /// Neither applied nor answered, because the program stops or nobody could be told: Telegram is to deliver it again.
    NotYet,
}

/// What the front gives its commands to. Many are handled at the same time, in one chat too.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Handles one command until it is settled.
    async fn handle(&self, incoming: Incoming) -> Settled;
}

/// Why the front has stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Telegram doesn't know the token.
    #[error("Telegram does not accept the token ({0}): check the token and api_url")]
    Unauthorised(String),
    /// It was told to stop before it had begun.
    #[error("stopped before Telegram could be reached")]
    Stopped,
}

/// The Telegram front.
#[derive(Debug)]
pub struct Telegram {
    api: Arc<Api>,
    outbox: Arc<Outbox>,
    migrations: Arc<Migrations>,
    languages: Languages,
    private_chats: BTreeSet<PersonId>,
    menu: Vec<(Language, Vec<(String, String)>)>,
    poll: Duration,
    drain: Duration,
    me: OnceLock<Me>,
}

impl Telegram {
    /// Makes the front; nothing is sent yet. A rustls crypto provider must be installed.
    ///
    /// # Errors
    /// [`SetupError`] when the options can't be used.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        let api = Arc::new(Api::new(options.token, options.api_url, options.ca_file.as_ref())?);
        let chats: BTreeMap<i64, Language> = options.chats.iter().map(|(chat, language)| (chat.0, *language)).collect();
        let migrations = Arc::new(Migrations::new(chats.keys().copied()));
        let outbox = Outbox::new(Arc::clone(&api), Pace::new(options.limits), Arc::clone(&migrations));
        Ok(Self {
            api,
            outbox,
            migrations,
            languages: Languages { default: options.language, chats },
            private_chats: options.private_chats,
            menu: options.menu,
            poll: options.poll,
            drain: options.drain,
            me: OnceLock::new(),
        })
    }

    /// Asks Telegram who the bot is, as often as it takes; the bot's username without `@`.
    ///
    /// # Errors
    /// [`RunError`] when the token isn't accepted, or on `stop`.
    pub async fn connect(&self, stop: &CancellationToken) -> Result<String, RunError> {
        if let Some(me) = self.me.get() {
            return Ok(me.username.clone());
        }
        let mut backoff = Backoff::new();
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return Err(RunError::Stopped),
                asked = self.api.call(self.api.bot().get_me()) => asked,
            };
            let pause = match asked {
                Ok(me) => {
                    let id = me["id"].as_u64().unwrap_or_default();
                    let username = me["username"].as_str().unwrap_or_default().to_owned();
                    let me = self.me.get_or_init(|| Me { id, username });
                    tracing::info!(bot = me.username, id, "Telegram knows the bot");
                    return Ok(me.username.clone());
                }
                Err(CallError::Unauthorised(words)) => return Err(RunError::Unauthorised(words)),
                Err(error) => {
                    let pause = match &error {
                        CallError::RetryAfter(time) => *time,
                        _ => backoff.pause(),
                    };
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "Telegram is not reached");
                    pause
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Err(RunError::Stopped),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The bot's username without `@`, once [`Telegram::connect`] knows it.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.me.get().map(|me| me.username.as_str())
    }

    /// Repliers for messages that an earlier process posted.
    #[must_use]
    pub fn replier_at(&self) -> Arc<dyn ReplierAt> {
        Arc::new(Addresses {
            outbox: Arc::clone(&self.outbox),
            migrations: Arc::clone(&self.migrations),
            languages: self.languages.clone(),
            private_chats: self.private_chats.iter().map(|person| person.0).collect(),
        })
    }

    /// Polls until it is told to stop; then waits for the commands in work, confirms what is settled and returns.
    /// Afterwards nothing more can be sent.
    ///
    /// # Errors
    /// [`RunError::Unauthorised`] when the token isn't accepted, at the start or later.
    pub async fn run(&self, handler: Arc<dyn Handler>, stop: CancellationToken) -> Result<(), RunError> {
        let result = match self.connect(&stop).await {
            Ok(_) => self.serve(handler, &stop).await,
            Err(RunError::Stopped) => Ok(()),
            Err(error) => Err(error),
        };
        self.outbox.close();
        result
    }

    async fn serve(&self, handler: Arc<dyn Handler>, stop: &CancellationToken) -> Result<(), RunError> {
        let Some(me) = self.me.get() else { return Err(RunError::Stopped) };
        let poller = Poller::new(self, handler, me.clone());
        // Both end with the poll: the menu is a courtesy and must not keep anything waiting.
        let menu = self.set_menu();
        let poll = poller.run(stop);
        tokio::pin!(menu, poll);
        tokio::select! {
            result = &mut poll => result,
            () = &mut menu => poll.await,
        }
    }

    /// Publishes the command menu: in the default language for everybody, and in each language for those who use it.
    async fn set_menu(&self) {
        for (language, commands) in &self.menu {
            let commands = || commands.iter().map(|(name, description)| BotCommand::new(name, description));
            let code = match language {
                Language::Ru => "ru",
                Language::En => "en",
            };
            let mut requests = vec![self.api.bot().set_my_commands(commands()).language_code(code)];
            if *language == self.languages.default {
                requests.push(self.api.bot().set_my_commands(commands()));
            }
            for request in requests {
                if let Err(error) = self.api.call(request).await {
                    tracing::warn!(%error, language = code, "the command menu was not set");
                }
            }
        }
    }
}
