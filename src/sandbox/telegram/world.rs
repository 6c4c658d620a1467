//! The state behind the server: chats, messages, the queue of updates.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    faults::{Fault, Tap},
    hub::HubError,
    model::{Chat, ChatKind, Event, Poster, ShownMessage, User},
    params::ApiError,
    updates::Queue,
    wire,
};

/// Where update ids begin; real ones begin somewhere, too.
const FIRST_UPDATE: i64 = 870_000_001;

/// How many events a slow subscriber may be behind.
const EVENTS: usize = 4096;

/// A chat with its messages.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) chat: Chat,
    pub(super) messages: BTreeMap<i64, ShownMessage>,
    pub(super) next_message: i64,
    pub(super) migrated_to: Option<i64>,
    pub(super) bot_is_member: bool,
}

impl Room {
    pub(super) fn new(chat: Chat) -> Self {
        Self { chat, messages: BTreeMap::new(), next_message: 1, migrated_to: None, bot_is_member: true }
    }
}

/// The key of a command list: the scope as JSON, and the language code.
pub(super) type CommandKey = (String, String);

/// Everything that the server knows.
#[derive(Debug)]
pub(super) struct World {
    pub(super) token: String,
    pub(super) bot: User,
    pub(super) privacy: bool,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) rooms: BTreeMap<i64, Room>,
    pub(super) queue: Queue,
    pub(super) webhook: String,
    /// Callback queries that may still be answered.
    pub(super) open_callbacks: HashMap<String, i64>,
    pub(super) next_callback: u64,
    pub(super) commands: BTreeMap<CommandKey, Vec<Value>>,
    pub(super) faults: Vec<Fault>,
    pub(super) calls: u64,
    pub(super) events: Vec<Event>,
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        Self {
            token: options.token,
            bot: options.bot,
            privacy: options.privacy,
            users: options.users.into_iter().map(|user| (user.id, user)).collect(),
            rooms: options.chats.into_iter().map(|chat| (chat.id, Room::new(chat))).collect(),
            queue: Queue::new(FIRST_UPDATE),
            webhook: String::new(),
            open_callbacks: HashMap::new(),
            next_callback: 4_200_000_000_000_000_001,
            commands: BTreeMap::new(),
            faults: Vec::new(),
            calls: 0,
            events: Vec::new(),
        }
    }

    /// A chat that the bot may write to.
    pub(super) fn writable(&mut self, id: i64) -> Result<&mut Room, ApiError> {
        let bot_chat = self.users.contains_key(&id) && !self.rooms.contains_key(&id);
        if bot_chat {
            return Err(ApiError::new(403, "Forbidden: bot can't initiate conversation with a user"));
        }
        let room = self.rooms.get_mut(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
        if let Some(new) = room.migrated_to {
            return Err(migrated(new));
        }
        if !room.bot_is_member {
            return Err(ApiError::new(
                403,
                match room.chat.kind {
                    ChatKind::Private => "Forbidden: bot was blocked by the user",
                    ChatKind::Group => "Forbidden: bot was kicked from the group chat",
                    ChatKind::Supergroup => "Forbidden: bot was kicked from the supergroup chat",
                },
            ));
        }
        Ok(room)
    }

    /// Puts a message into a chat.
    pub(super) fn place(&mut self, chat: i64, build: impl FnOnce(i64) -> ShownMessage) -> Option<ShownMessage> {
        let room = self.rooms.get_mut(&chat)?;
        let id = room.next_message;
        room.next_message += 1;
        let message = build(id);
        room.messages.insert(id, message.clone());
        self.events.push(Event::Sent { message: message.clone() });
        Some(message)
    }

    /// The message in the Bot API's form.
    pub(super) fn message_json(&self, message: &ShownMessage) -> Value {
        match self.rooms.get(&message.chat) {
            Some(room) => wire::message(room, message),
            None => Value::Null,
        }
    }

    /// Tells the bot of a person's message, as far as privacy mode lets it see it.
    pub(super) fn deliver(&mut self, kind: &str, message: &ShownMessage) {
        if self.bot_sees(message) {
            let update = json!({ kind: self.message_json(message) });
            self.queue.push(update);
        }
    }

    fn bot_sees(&self, message: &ShownMessage) -> bool {
        let Some(room) = self.rooms.get(&message.chat) else { return false };
        if !room.bot_is_member {
            return false;
        }
        if !self.privacy || room.chat.kind == ChatKind::Private {
            return true;
        }
        let to_bot =
            message.reply_to.and_then(|id| room.messages.get(&id)).is_some_and(|m| matches!(m.from, Poster::Bot(_)));
        let mention = format!("@{}", self.bot.username.as_deref().unwrap_or_default()).to_lowercase();
        let word = message.text.split_whitespace().next().unwrap_or_default().to_lowercase();
        let command = word.starts_with('/') && word.split_once('@').is_none_or(|(_, to)| format!("@{to}") == mention);
        to_bot || command || message.text.to_lowercase().contains(&mention)
    }

    /// A person, or why there is none.
    pub(super) fn user(&self, id: i64) -> Result<User, HubError> {
        self.users.get(&id).cloned().ok_or(HubError::UnknownUser(id))
    }

    /// The chat that a person writes in; the first message opens a private one.
    pub(super) fn room_for(&mut self, chat: i64) -> Result<&mut Room, HubError> {
        if let Some(user) = self.users.get(&chat).cloned() {
            let title = user.shown_name();
            return Ok(self
                .rooms
                .entry(chat)
                .or_insert_with(|| Room::new(Chat { kind: ChatKind::Private, ..Chat::supergroup(chat, title) })));
        }
        self.rooms.get_mut(&chat).ok_or(HubError::UnknownChat(chat))
    }
}

/// The refusal that names a supergroup's new id.
pub(super) fn migrated(new: i64) -> ApiError {
    ApiError {
        parameters: Some(json!({ "migrate_to_chat_id": new })),
        ..ApiError::bad("group chat was upgraded to a supergroup chat")
    }
}

/// The time in Unix seconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The world with what watches it.
#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) revision: watch::Sender<u64>,
    pub(super) tap: Mutex<Option<Tap>>,
    /// The network between the bots and the server; cancelled while it is down.
    network: Mutex<CancellationToken>,
}

impl Shared {
    pub(super) fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            events: broadcast::Sender::new(EVENTS),
            revision: watch::Sender::new(0),
            tap: Mutex::new(None),
            network: Mutex::new(CancellationToken::new()),
        })
    }

    /// Looks at the world or changes it, and tells of what happened.
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let mut world = lock(&self.world);
        let result = f(&mut world);
        for event in std::mem::take(&mut world.events) {
            // Nobody has to listen.
            let _ = self.events.send(event);
        }
        drop(world);
        self.revision.send_modify(|revision| *revision += 1);
        result
    }

    /// Looks at the world without changing it.
    pub(super) fn peek<T>(&self, f: impl FnOnce(&World) -> T) -> T {
        f(&lock(&self.world))
    }

    /// Works on the queue of updates, which by itself is no news to anyone.
    pub(super) fn with_queue<T>(&self, f: impl FnOnce(&mut Queue) -> T) -> T {
        let mut world = lock(&self.world);
        let (before, poller) = (world.queue.len(), world.queue.poller());
        let result = f(&mut world.queue);
        let news = before != world.queue.len() || poller != world.queue.poller();
        drop(world);
        if news {
            self.revision.send_modify(|revision| *revision += 1);
        }
        result
    }

    pub(super) fn network(&self) -> CancellationToken {
        lock(&self.network).clone()
    }

    pub(super) fn set_network(&self, up: bool) {
        let mut network = lock(&self.network);
        match (up, network.is_cancelled()) {
            (true, true) => *network = CancellationToken::new(),
            (false, false) => network.cancel(),
            _ => {}
        }
    }
}

/// A panic elsewhere doesn't spoil the state for the others.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
