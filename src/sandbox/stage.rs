//! The playground's page, put together: the chat of the Bot API server beside the world's repository and pods.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{broadcast::error::RecvError, watch};

use super::{
    page::PageSource,
    telegram::{Event, Hub, Poster, ShownMessage},
    world::World,
};

/// How many of the newest messages the page shows.
const MESSAGES: usize = 200;

/// How many of the newest answers to button presses it shows.
const TOASTS: usize = 10;

/// Somebody whom a visitor of the page can speak as.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The Telegram account's id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// Whether the bot knows this person.
    pub allowed: bool,
}

/// The answers to button presses, with the number of each.
#[derive(Default)]
struct Toasts(Mutex<Vec<(u64, String)>>);

impl Toasts {
    fn push(&self, text: String) {
        let mut toasts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = toasts.last().map_or(1, |(number, _)| number + 1);
        toasts.push((number, text));
        let surplus = toasts.len().saturating_sub(TOASTS);
        toasts.drain(..surplus);
    }

    fn shown(&self) -> Vec<Value> {
        let toasts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        toasts.iter().map(|(number, text)| json!({"id": number, "text": text})).collect()
    }
}

/// One chat and the world around it, as the page shows them.
pub struct Stage {
    world: Arc<World>,
    hub: Hub,
    chat: i64,
    title: String,
    language: &'static str,
    cast: Vec<Cast>,
    toasts: Arc<Toasts>,
    changes: watch::Receiver<u64>,
}

impl Stage {
    /// A stage for this chat; `language` is `ru` or `en`. Has to be made inside a runtime.
    #[must_use]
    pub fn new(world: Arc<World>, hub: Hub, chat: i64, language: &'static str, cast: Vec<Cast>) -> Self {
        let (tick, changes) = watch::channel(0_u64);
        let (mut of_world, mut of_chat) = (world.subscribe(), hub.subscribe());
        let toasts = Arc::<Toasts>::default();
        let notices = Arc::clone(&toasts);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    changed = of_world.changed() => if changed.is_err() { return },
                    // A reader that fell behind has missed events, not the change.
                    event = of_chat.recv() => match event {
                        Err(RecvError::Closed) => return,
                        Ok(Event::CallbackAnswered { text: Some(text), .. }) => notices.push(text),
                        _ => {}
                    },
                    () = tick.closed() => return,
                }
                tick.send_modify(|count| *count += 1);
            }
        });
        let title = hub.chats().into_iter().find(|known| known.id == chat).map(|known| known.title).unwrap_or_default();
        Self { world, hub, chat, title, language, cast, toasts, changes }
    }

    fn message(&self, message: &ShownMessage) -> Value {
        let from = match &message.from {
            Poster::User(user) => json!({"id": user.id, "name": user.shown_name(), "is_bot": false}),
            Poster::Bot(user) => json!({"id": user.id, "name": user.shown_name(), "is_bot": true}),
            Poster::Anonymous { title } => json!({"id": self.chat, "name": title, "is_bot": false}),
        };
        let rows: Vec<Vec<Value>> = message
            .buttons
            .iter()
            .map(|row| row.iter().map(|b| json!({"text": b.text, "data": b.callback_data})).collect())
            .collect();
        json!({
            "id": message.id, "from": from, "date": message.date, "edited": message.edit_date.is_some(),
            "html": message.html, "reply_to": message.reply_to, "buttons": rows, "document": message.document,
        })
    }
}

impl PageSource for Stage {
    fn state(&self) -> Value {
        let messages = self.hub.messages(self.chat);
        let newest = &messages[messages.len().saturating_sub(MESSAGES)..];
        let commands = self.hub.commands(self.language);
        let me: Vec<_> = self.cast.iter().map(|p| json!({"id": p.id, "name": p.name, "allowed": p.allowed})).collect();
        let mut state = json!({
            "title": "tiphys",
            "language": self.language,
            "me": me,
            "chat": {
                "title": self.title,
                "messages": newest.iter().map(|message| self.message(message)).collect::<Vec<_>>(),
                "toasts": self.toasts.shown(),
            },
            "commands": commands
                .iter()
                .map(|(command, description)| json!({"command": command, "description": description}))
                .collect::<Vec<_>>(),
        });
        if let (Some(state), Ok(Value::Object(view))) = (state.as_object_mut(), serde_json::to_value(self.world.view()))
        {
            state.extend(view);
        }
        state
    }

    fn say(&self, person: i64, text: &str) -> Result<(), String> {
        self.hub.say(self.chat, person, text).map(drop).map_err(|error| error.to_string())
    }

    fn press(&self, person: i64, message_id: i64, data: &str) -> Result<(), String> {
        self.hub.press(self.chat, message_id, data, person).map(drop).map_err(|error| error.to_string())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
