//! The people's side: writing, pressing buttons, looking at the chats, and causing trouble.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{
    faults::{Fault, Phase, Tap, Tapped},
    html,
    model::{Call, Chat, ChatKind, Event, Poster, ShownMessage, User},
    wire,
    world::{Room, Shared, World, lock, now},
};

/// What a person can't do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// Nobody has this id.
    #[error("there is no user {0}")]
    UnknownUser(i64),
    /// No chat has this id.
    #[error("there is no chat {0}")]
    UnknownChat(i64),
    /// The chat has no such message.
    #[error("chat {0} has no message {1}")]
    UnknownMessage(i64, i64),
    /// The message has no such button.
    #[error("message {1} in chat {0} has no button for {2:?}")]
    UnknownButton(i64, i64, String),
    /// The group has become a supergroup.
    #[error("chat {0} is now {1}")]
    Migrated(i64, i64),
    /// What was waited for didn't happen in time.
    #[error("it did not happen within {0:?}")]
    Timeout(Duration),
}

/// A message that a person is about to send.
#[derive(Debug, Clone)]
pub struct Post {
    chat: i64,
    from: i64,
    text: String,
    reply_to: Option<i64>,
    thread: Option<i64>,
    anonymous: bool,
}

impl Post {
    /// Plain text of a person; in a private chat the chat's id is the person's.
    #[must_use]
    pub fn new(chat: i64, from: i64, text: impl Into<String>) -> Self {
        Self { chat, from, text: text.into(), reply_to: None, thread: None, anonymous: false }
    }

    /// Answers a message.
    #[must_use]
    pub fn reply_to(mut self, message: i64) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Writes in a forum topic.
    #[must_use]
    pub fn in_thread(mut self, thread: i64) -> Self {
        self.thread = Some(thread);
        self
    }

    /// Writes in the group's name, as administrators may.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }
}

/// A handle to the world behind the server; clones share it.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

impl Hub {
    pub(super) fn new(world: World) -> Self {
        Self(Shared::new(world))
    }

    pub(super) fn inner(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Says something in a chat; the id of the message. The length isn't checked: real clients cut at 4096 characters.
    ///
    /// # Errors
    /// When the chat or the person doesn't exist, or the chat has moved.
    pub fn say(&self, chat: i64, from: i64, text: &str) -> Result<i64, HubError> {
        self.post(Post::new(chat, from, text))
    }

    /// Sends a message in any of the ways that [`Post`] has.
    ///
    /// # Errors
    /// As for [`Hub::say`].
    pub fn post(&self, post: Post) -> Result<i64, HubError> {
        self.0.with(|world| {
            let user = world.user(post.from)?;
            let room = world.room_for(post.chat)?;
            if let Some(new) = room.migrated_to {
                return Err(HubError::Migrated(post.chat, new));
            }
            let title = room.chat.title.clone();
            let from = if post.anonymous { Poster::Anonymous { title } } else { Poster::User(user) };
            let text = post.text.trim().to_owned();
            let message = world.place(post.chat, |id| ShownMessage {
                chat: post.chat,
                id,
                from,
                date: now(),
                edit_date: None,
                edits: 0,
                html: html::escape(&text),
                entities: wire::command_entities(&text),
                text,
                buttons: Vec::new(),
                document: None,
                thread: post.thread,
                reply_to: post.reply_to,
            });
            let message = message.ok_or(HubError::UnknownChat(post.chat))?;
            world.deliver("message", &message);
            Ok(message.id)
        })
    }

    /// Changes the text of a person's message.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn edit(&self, chat: i64, message: i64, text: &str) -> Result<(), HubError> {
        self.0.with(|world| {
            let found = world.rooms.get_mut(&chat).and_then(|room| room.messages.get_mut(&message));
            let found = found.ok_or(HubError::UnknownMessage(chat, message))?;
            found.text = text.trim().to_owned();
            found.html = html::escape(&found.text);
            found.entities = wire::command_entities(&found.text);
            found.edits += 1;
            found.edit_date = Some(now());
            let found = found.clone();
            world.events.push(Event::Edited { message: found.clone() });
            world.deliver("edited_message", &found);
            Ok(())
        })
    }

    /// Deletes a message, as a group's administrator may; bots aren't told.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn delete(&self, chat: i64, message: i64) -> Result<(), HubError> {
        self.0.with(|world| {
            let removed = world.rooms.get_mut(&chat).and_then(|room| room.messages.remove(&message));
            removed.ok_or(HubError::UnknownMessage(chat, message))?;
            world.events.push(Event::Deleted { chat, id: message });
            Ok(())
        })
    }

    /// Presses a button; the id of the callback query.
    ///
    /// # Errors
    /// When there is no such person, message or button.
    pub fn press(&self, chat: i64, message: i64, data: &str, from: i64) -> Result<String, HubError> {
        let shown = self.message(chat, message).ok_or(HubError::UnknownMessage(chat, message))?;
        let exists = shown.buttons.iter().flatten().any(|button| button.callback_data.as_deref() == Some(data));
        if exists {
            self.press_forged(chat, message, data, from)
        } else {
            Err(HubError::UnknownButton(chat, message, data.to_owned()))
        }
    }

    /// Presses a button that may not exist, as a manipulated client can.
    ///
    /// # Errors
    /// When there is no such person or message.
    pub fn press_forged(&self, chat: i64, message: i64, data: &str, from: i64) -> Result<String, HubError> {
        self.query(chat, message, data, from, false)
    }

    /// Presses a button of a message that is too old for the real server to show it to the bot.
    ///
    /// # Errors
    /// As for [`Hub::press_forged`].
    pub fn press_old(&self, chat: i64, message: i64, data: &str, from: i64) -> Result<String, HubError> {
        self.query(chat, message, data, from, true)
    }

    fn query(&self, chat: i64, message: i64, data: &str, from: i64, old: bool) -> Result<String, HubError> {
        self.0.with(|world| {
            let user = world.user(from)?;
            let shown = world.rooms.get(&chat).and_then(|room| room.messages.get(&message)).cloned();
            let shown = shown.ok_or(HubError::UnknownMessage(chat, message))?;
            let mut json = world.message_json(&shown);
            if old {
                json = json!({ "chat": json["chat"], "message_id": message, "date": 0 });
            }
            let id = world.next_callback.to_string();
            world.next_callback += 1;
            world.open_callbacks.insert(id.clone(), chat);
            let update = json!({ "callback_query": {
                "id": id,
                "from": wire::user(&user),
                "message": json,
                "chat_instance": format!("-{}", chat.unsigned_abs()),
                "data": data,
            }});
            world.queue.push(update);
            Ok(id)
        })
    }

    /// Lets callback queries grow old: answering them is refused from now on.
    pub fn expire_callbacks(&self) {
        self.0.with(|world| world.open_callbacks.clear());
    }

    /// Queues an update of any shape; `update_id` is filled in.
    pub fn push_update(&self, update: Value) {
        self.0.with(|world| world.queue.push(update));
    }

    /// A chat's messages, oldest first.
    #[must_use]
    pub fn messages(&self, chat: i64) -> Vec<ShownMessage> {
        self.0.peek(|world| world.rooms.get(&chat).map(|r| r.messages.values().cloned().collect()).unwrap_or_default())
    }

    /// One message.
    #[must_use]
    pub fn message(&self, chat: i64, id: i64) -> Option<ShownMessage> {
        self.0.peek(|world| world.rooms.get(&chat)?.messages.get(&id).cloned())
    }

    /// The bot's messages in a chat, oldest first.
    #[must_use]
    pub fn answers(&self, chat: i64) -> Vec<ShownMessage> {
        let mut messages = self.messages(chat);
        messages.retain(|message| matches!(message.from, Poster::Bot(_)));
        messages
    }

    /// All chats.
    #[must_use]
    pub fn chats(&self) -> Vec<Chat> {
        self.0.peek(|world| world.rooms.values().map(|room| room.chat.clone()).collect())
    }

    /// All people.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.0.peek(|world| world.users.values().cloned().collect())
    }

    /// The bot.
    #[must_use]
    pub fn bot(&self) -> User {
        self.0.peek(|world| world.bot.clone())
    }

    /// What happens from now on; a reader that falls behind by thousands of events loses some.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Waits until `look` finds what it looks for; it is asked again after each change.
    ///
    /// # Errors
    /// [`HubError::Timeout`] when it doesn't within the time.
    pub async fn until<T>(&self, within: Duration, mut look: impl FnMut(&Self) -> Option<T>) -> Result<T, HubError> {
        let mut changes = self.0.revision.subscribe();
        let found = tokio::time::timeout(within, async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(self) {
                    return Some(found);
                }
                if changes.changed().await.is_err() {
                    return None;
                }
            }
        });
        found.await.ok().flatten().ok_or(HubError::Timeout(within))
    }

    /// The command menu that people of this language see: name and description.
    #[must_use]
    pub fn commands(&self, language: &str) -> Vec<(String, String)> {
        let scope = json!({ "type": "default" }).to_string();
        self.0.peek(|world| {
            let own = world.commands.get(&(scope.clone(), language.to_owned()));
            let list = own.or_else(|| world.commands.get(&(scope.clone(), String::new())));
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            list.map(|list| list.iter().map(|c| (text(&c["command"]), text(&c["description"]))).collect())
                .unwrap_or_default()
        })
    }

    /// How many updates the bot hasn't confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> usize {
        self.0.peek(|world| world.queue.len())
    }

    /// Turns a group into a supergroup with a new id: writing to the old one is refused with
    /// `migrate_to_chat_id` from now on, and both chats get the service messages that tell of it.
    ///
    /// # Errors
    /// When there is no such chat.
    pub fn migrate(&self, old: i64, new: i64) -> Result<(), HubError> {
        self.0.with(|world| {
            let room = world.rooms.get_mut(&old).ok_or(HubError::UnknownChat(old))?;
            room.migrated_to = Some(new);
            let chat = Chat { id: new, kind: ChatKind::Supergroup, ..room.chat.clone() };
            let poster = Poster::Anonymous { title: chat.title.clone() };
            let mut moved = Room::new(chat);
            let service = |room: &mut Room, field: &str, other: i64| {
                let mut message = wire::head(room, room.next_message, &poster, now());
                room.next_message += 1;
                message.insert(field.to_owned(), json!(other));
                json!({ "message": message })
            };
            let left = service(room, "migrate_to_chat_id", new);
            let arrived = service(&mut moved, "migrate_from_chat_id", old);
            world.rooms.insert(new, moved);
            world.queue.push(left);
            world.queue.push(arrived);
            world.events.push(Event::Migrated { from: old, to: new });
            Ok(())
        })
    }

    /// Turns a group into a supergroup without a word to the bot, as if the service messages had been missed.
    ///
    /// # Errors
    /// When there is no such chat.
    pub fn migrate_silently(&self, old: i64, new: i64) -> Result<(), HubError> {
        self.0.with(|world| {
            let room = world.rooms.get_mut(&old).ok_or(HubError::UnknownChat(old))?;
            room.migrated_to = Some(new);
            let chat = Chat { id: new, kind: ChatKind::Supergroup, ..room.chat.clone() };
            world.rooms.insert(new, Room::new(chat));
            world.events.push(Event::Migrated { from: old, to: new });
            Ok(())
        })
    }

    /// Throws the bot out of a chat, or lets it in again.
    ///
    /// # Errors
    /// When there is no such chat.
    pub fn set_member(&self, chat: i64, member: bool) -> Result<(), HubError> {
        self.0.with(|world| {
            let room = world.rooms.get_mut(&chat).ok_or(HubError::UnknownChat(chat))?;
            room.bot_is_member = member;
            Ok(())
        })
    }

    /// Sets a webhook, so that `getUpdates` is refused until `deleteWebhook`.
    pub fn set_webhook(&self, url: &str) {
        self.0.with(|world| url.clone_into(&mut world.webhook));
    }

    /// Changes the token: the old one gets 401.
    pub fn set_token(&self, token: &str) {
        self.0.with(|world| token.clone_into(&mut world.token));
    }

    /// Puts a fault into the script, after those that are there.
    pub fn fail(&self, fault: Fault) {
        self.0.with(|world| world.faults.push(fault));
    }

    /// How many faults are still to come.
    #[must_use]
    pub fn faults_left(&self) -> u32 {
        self.0.peek(|world| world.faults.iter().map(|fault| fault.times).sum())
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.0.with(|world| world.faults.clear());
    }

    /// Cuts all connections and accepts none, or ends that.
    pub fn set_network(&self, up: bool) {
        self.0.set_network(up);
    }

    /// Calls `tap` at each step of each call; a later tap takes the place of an earlier one.
    pub fn tap<F, R>(&self, tap: F)
    where
        F: Fn(Call, Phase) -> R + Send + Sync + 'static,
        R: Future<Output = Tapped> + Send + 'static,
    {
        *lock(&self.0.tap) = Some(Tap(Arc::new(move |call, phase| Box::pin(tap(call, phase)))));
    }

    /// Takes the tap off.
    pub fn untap(&self) {
        *lock(&self.0.tap) = None;
    }
}
