//! The values that the server shows to tests and to the web page.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// A person or a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// The numeric id.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// The first name.
    pub first_name: String,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The name after `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl User {
    /// A person.
    #[must_use]
    pub fn person(id: i64, first_name: impl Into<String>) -> Self {
        Self { id, is_bot: false, first_name: first_name.into(), last_name: None, username: None }
    }

    /// The name that clients show.
    #[must_use]
    pub fn shown_name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }
}

/// The kinds of chats; channels are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// One person and the bot; its id is the person's.
    Private,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chat {
    /// The numeric id; negative for groups.
    pub id: i64,
    /// The kind.
    pub kind: ChatKind,
    /// The title; for a private chat the person's name.
    pub title: String,
    /// Whether a supergroup is divided into topics.
    pub is_forum: bool,
    /// The threads of a forum's topics.
    pub topics: Vec<i64>,
}

impl Chat {
    /// A supergroup.
    #[must_use]
    pub fn supergroup(id: i64, title: impl Into<String>) -> Self {
        Self { id, kind: ChatKind::Supergroup, title: title.into(), is_forum: false, topics: Vec::new() }
    }

    /// A basic group, which may become a supergroup with [`super::Hub::migrate`].
    #[must_use]
    pub fn group(id: i64, title: impl Into<String>) -> Self {
        Self { kind: ChatKind::Group, ..Self::supergroup(id, title) }
    }

    /// A supergroup with topics of these threads.
    #[must_use]
    pub fn forum(id: i64, title: impl Into<String>, topics: impl IntoIterator<Item = i64>) -> Self {
        Self { is_forum: true, topics: topics.into_iter().collect(), ..Self::supergroup(id, title) }
    }
}

/// In whose name a message stands in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Poster {
    /// A person.
    User(User),
    /// The bot.
    Bot(User),
    /// The chat itself: an anonymous administrator.
    Anonymous {
        /// The chat's title.
        title: String,
    },
}

/// A button of an inline keyboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownButton {
    /// The text on it.
    pub text: String,
    /// What the bot is told when it is pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// The page that it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A message as clients show it now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownMessage {
    /// The chat.
    pub chat: i64,
    /// The id, unique in its chat.
    pub id: i64,
    /// The sender.
    pub from: Poster,
    /// When it was sent, in Unix seconds.
    pub date: i64,
    /// When it was last edited, in Unix seconds.
    pub edit_date: Option<i64>,
    /// How often it was edited.
    pub edits: u32,
    /// The text without styles.
    pub text: String,
    /// The text as HTML of the few allowed elements, everything else escaped: safe to show.
    pub html: String,
    /// The entities, in the Bot API's form.
    pub entities: Vec<Value>,
    /// Rows of buttons.
    pub buttons: Vec<Vec<ShownButton>>,
    /// The file that it carries; the text is its caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<ShownDocument>,
    /// The forum topic.
    pub thread: Option<i64>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
}

/// A file that a bot has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownDocument {
    /// The name.
    pub file_name: String,
    /// The type, as the sender gave it.
    pub mime_type: String,
    /// What it holds; only files of text are known here.
    pub text: String,
}

/// A request of a bot.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// The number of the call since the start.
    pub number: u64,
    /// The method as the reference spells it, such as `sendMessage`.
    pub method: String,
    /// Its parameters.
    #[serde(serialize_with = "shared")]
    pub params: Arc<serde_json::Map<String, Value>>,
}

fn shared<S: serde::Serializer>(map: &Arc<serde_json::Map<String, Value>>, to: S) -> Result<S::Ok, S::Error> {
    map.as_ref().serialize(to)
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A message was sent, by a person or the bot.
    Sent {
        /// The message.
        message: ShownMessage,
    },
    /// A message's text or buttons changed.
    Edited {
        /// The message as it is now.
        message: ShownMessage,
    },
    /// A message was deleted.
    Deleted {
        /// The chat.
        chat: i64,
        /// The message.
        id: i64,
    },
    /// A bot's request arrived; nothing is applied yet.
    Called {
        /// The request.
        call: Call,
    },
    /// A bot's request was answered, or its connection cut.
    Answered {
        /// The request.
        call: Call,
        /// The HTTP status, or `None` when the connection was cut.
        status: Option<u16>,
    },
    /// The pressing of a button was acknowledged.
    CallbackAnswered {
        /// The query.
        query: String,
        /// The notice that clients show.
        text: Option<String>,
        /// Whether it has to be closed, instead of passing by.
        alert: bool,
    },
    /// The bot shows that it is busy in a chat.
    ChatAction {
        /// The chat.
        chat: i64,
        /// The action, such as `typing`.
        action: String,
    },
    /// The command menu changed.
    Commands,
    /// A group became a supergroup.
    Migrated {
        /// The old id.
        from: i64,
        /// The new id.
        to: i64,
    },
}
