//! From Telegram's updates to what matters here.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use teloxide::types::{CallbackQuery, CallbackQueryId, Message, ThreadId, User};

use super::button::{self, Dead, Pressed};
use crate::domain::{
    actor::{PersonId, Sender},
    name::RequestId,
};

/// The bot itself, from `getMe`.
#[derive(Debug, Clone)]
pub(super) struct Me {
    pub(super) id: u64,
    pub(super) username: String,
}

/// What an update comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    /// A text that begins with a slash, or a pressed button.
    Command(Box<Command>),
    /// A group has become a supergroup.
    Migrated { from: i64, to: i64 },
    /// The bot's own standing in a chat has changed.
    Membership { chat: i64, title: String, status: String },
    /// A button that can't do anything (any more); its presser is told.
    DeadButton { query: CallbackQueryId, chat: Option<i64>, why: Dead },
    /// Chatter, edits, everything else.
    Nothing,
    /// It can't be read; nothing more can be done with it.
    Unreadable(String),
}

/// A command before anything is checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) request_id: RequestId,
    pub(super) sender: Sender,
    pub(super) chat: i64,
    pub(super) private: bool,
    pub(super) text: String,
    /// The message that the answer replies to.
    pub(super) message: i32,
    /// The forum topic.
    pub(super) thread: Option<ThreadId>,
    pub(super) addressed: bool,
    /// Where it comes from a button.
    pub(super) press: Option<Press>,
}

/// The press of a button.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Press {
    /// To be acknowledged.
    pub(super) query: CallbackQueryId,
    /// Whether the answer takes the place of the button's message.
    pub(super) in_place: bool,
}

/// The number of an update, when it has one.
pub(super) fn update_id(raw: &Value) -> Option<i32> {
    raw["update_id"].as_i64().and_then(|id| i32::try_from(id).ok())
}

/// Reads an update.
pub(super) fn read(raw: &Value, me: &Me) -> Event {
    if let Some(message) = raw.get("message") {
        return match typed(reduced_message(message)) {
            Ok(typed) => of_message(&typed, message, me),
            Err(reason) => Event::Unreadable(reason),
        };
    }
    if let Some(query) = raw.get("callback_query") {
        return match typed(reduced_query(query)) {
            Ok(parsed) => of_callback(parsed, query),
            Err(reason) => Event::Unreadable(reason),
        };
    }
    match raw.get("my_chat_member") {
        Some(changed) => Event::Membership {
            chat: changed["chat"]["id"].as_i64().unwrap_or_default(),
            title: changed["chat"]["title"].as_str().unwrap_or_default().to_owned(),
            status: changed["new_chat_member"]["status"].as_str().unwrap_or_default().to_owned(),
        },
        None => Event::Nothing,
    }
}

fn of_message(message: &Message, raw: &Value, me: &Me) -> Event {
    let chat = message.chat.id.0;
    if let Some(new) = message.migrate_to_chat_id() {
        return Event::Migrated { from: chat, to: new.0 };
    }
    if let Some(old) = message.migrate_from_chat_id() {
        return Event::Migrated { from: old.0, to: chat };
    }
    // Nobody typed these here: a forwarded message quotes a command, and another bot may have written an inline one.
    let second_hand = ["forward_origin", "forward_date", "via_bot"].iter().any(|field| raw.get(field).is_some());
    let Some(text) = message.text().filter(|text| text.starts_with('/')) else { return Event::Nothing };
    if second_hand || message.chat.is_channel() {
        return Event::Nothing;
    }
    let Ok(request_id) = RequestId::new(format!("telegram/{chat}/{}", message.id.0)) else { return Event::Nothing };
    let sender = match (&message.from, &message.sender_chat) {
        (Some(from), None) => account(from),
        (_, Some(behind)) if behind.id != message.chat.id => Sender::Channel,
        _ => Sender::Anonymous,
    };
    let named = text.split_whitespace().next().and_then(|word| word.split_once('@'));
    let answered = raw["reply_to_message"]["from"]["id"].as_u64();
    Event::Command(Box::new(Command {
        request_id,
        sender,
        chat,
        private: message.chat.is_private(),
        text: text.to_owned(),
        message: message.id.0,
        // Replies in ordinary groups have a thread number as well; only a topic's may be echoed.
        thread: message.thread_id.filter(|_| message.is_topic_message),
        addressed: message.chat.is_private()
            || named.is_some_and(|(_, name)| name.eq_ignore_ascii_case(&me.username))
            || answered == Some(me.id),
        press: None,
    }))
}

fn of_callback(query: CallbackQuery, raw: &Value) -> Event {
    let request_id = RequestId::new(format!("telegram/callback/{}", query.id));
    let chat = query.message.as_ref().map(|message| message.chat().id.0);
    let (Pressed { text, in_place }, message, request_id) = match (button::read(raw), query.message, request_id) {
        (Ok(pressed), Some(message), Ok(request_id)) => (pressed, message, request_id),
        (Err(why), ..) => return Event::DeadButton { query: query.id, chat, why },
        _ => return Event::DeadButton { query: query.id, chat, why: Dead::Foreign },
    };
    let chat = message.chat();
    let regular = message.regular_message();
    Event::Command(Box::new(Command {
        request_id,
        sender: account(&query.from),
        chat: chat.id.0,
        private: chat.is_private(),
        text,
        message: message.id().0,
        thread: regular.and_then(|message| message.thread_id.filter(|_| message.is_topic_message)),
        addressed: true,
        press: Some(Press { query: query.id, in_place }),
    }))
}

fn account(user: &User) -> Sender {
    let id = i64::try_from(user.id.0).unwrap_or_default();
    Sender::Account { id: PersonId(id), shown_name: user.full_name() }
}

/// teloxide's reading of the parts that we use. The rest was cut away: one unknown kind of entity, say, would make it
/// take a command for a message without content, and the command would be lost without a trace.
fn typed<T: DeserializeOwned>(reduced: Value) -> Result<T, String> {
    serde_json::from_value(reduced).map_err(|error| error.to_string())
}

fn reduced_message(raw: &Value) -> Value {
    const FIELDS: [&str; 7] = [
        "message_id",
        "message_thread_id",
        "is_topic_message",
        "date",
        "text",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
    ];
    let mut message = keep(raw, &FIELDS);
    message.insert("chat".to_owned(), reduced_chat(&raw["chat"]));
    for (name, reduce) in [("from", reduced_user as fn(&Value) -> Value), ("sender_chat", reduced_chat)] {
        if let Some(value) = raw.get(name) {
            message.insert(name.to_owned(), reduce(value));
        }
    }
    message.into()
}

fn reduced_query(raw: &Value) -> Value {
    let mut query = keep(raw, &["id", "data"]);
    query.insert("chat_instance".to_owned(), json!(""));
    query.insert("from".to_owned(), reduced_user(&raw["from"]));
    if let Some(message) = raw.get("message") {
        // Only where it stands matters: its text and sender are the bot's own.
        let mut place = keep(message, &["message_id", "message_thread_id", "is_topic_message", "date"]);
        place.insert("chat".to_owned(), reduced_chat(&message["chat"]));
        query.insert("message".to_owned(), place.into());
    }
    query.into()
}

fn reduced_user(raw: &Value) -> Value {
    keep(raw, &["id", "is_bot", "first_name", "last_name", "username"]).into()
}

fn reduced_chat(raw: &Value) -> Value {
    keep(raw, &["id", "type", "title", "is_forum", "first_name", "last_name", "username"]).into()
}

fn keep(raw: &Value, fields: &[&str]) -> Map<String, Value> {
    fields.iter().filter_map(|name| Some(((*name).to_owned(), raw.get(name)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Me {
        Me { id: 7, username: "tiphys_bot".into() }
    }

    fn message(fields: &Value) -> Value {
        let mut message = json!({
            "message_id": 5,
            "date": 1_790_000_000,
            "chat": {"id": -100, "type": "supergroup", "title": "Команда"},
            "from": {"id": 1001, "is_bot": false, "first_name": "Анна", "last_name": "Иванова"},
            "text": "/deploy 0.10.5",
        });
        for (name, value) in fields.as_object().unwrap() {
            message[name] = value.clone();
        }
        message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        json!({ "update_id": 1, "message": message })
    }

    fn command(raw: &Value) -> Command {
        match read(raw, &me()) {
            Event::Command(command) => *command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_typed_command() {
        let found = command(&message(&json!({})));
        assert_eq!(
            found,
            Command {
                request_id: RequestId::new("telegram/-100/5").unwrap(),
                sender: Sender::Account { id: PersonId(1001), shown_name: "Анна Иванова".into() },
                chat: -100,
                private: false,
                text: "/deploy 0.10.5".into(),
                message: 5,
                thread: None,
                addressed: false,
                press: None,
            }
        );
        let private = command(&message(&json!({"chat": {"id": 1001, "type": "private", "first_name": "Анна"}})));
        assert!(private.private && private.addressed);
        assert!(command(&message(&json!({"text": "/apps@Tiphys_Bot now"}))).addressed);
        assert!(!command(&message(&json!({"text": "/apps@other"}))).addressed);
        assert!(command(&message(&json!({"reply_to_message": {"from": {"id": 7}}}))).addressed);
    }

    #[test]
    fn what_teloxide_does_not_know_takes_no_command_away() {
        let news = json!({
            "entities": [{"type": "bot_command", "offset": 0, "length": 7}, {"type": "hologram", "offset": 8, "length": 1}],
            "reply_to_message": {"message_id": 4, "date": 1, "chat": {"id": -100, "type": "cloud"}, "hologram": {}},
            "external_reply": {"origin": {"type": "mars"}},
            "sender_tag": "x",
        });
        assert_eq!(command(&message(&news)).text, "/deploy 0.10.5");
    }

    #[test]
    fn nobody_stands_behind_a_chat() {
        let group = json!({"id": -100, "type": "supergroup", "title": "Команда"});
        let anonymous =
            json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"});
        assert_eq!(command(&message(&json!({"sender_chat": group, "from": anonymous}))).sender, Sender::Anonymous);
        let channel = json!({"id": -200, "type": "channel", "title": "News"});
        assert_eq!(command(&message(&json!({"sender_chat": channel}))).sender, Sender::Channel);
        assert_eq!(command(&message(&json!({"from": null}))).sender, Sender::Anonymous);
    }

    #[test]
    fn only_a_topic_is_a_thread() {
        let thread =
            |topic: bool| command(&message(&json!({"message_thread_id": 9, "is_topic_message": topic}))).thread;
        assert_eq!(thread(true).map(|id| id.0.0), Some(9));
        assert_eq!(thread(false), None);
    }

    #[test]
    fn chatter_and_second_hand_commands_are_nothing() {
        for fields in [
            json!({"text": "привет"}),
            json!({"text": null, "photo": []}),
            json!({"text": null, "caption": "/deploy 1"}),
            json!({"forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}}),
            json!({"via_bot": {"id": 3, "is_bot": true, "first_name": "x"}}),
            json!({"chat": {"id": -5, "type": "channel", "title": "x"}}),
        ] {
            assert_eq!(read(&message(&fields), &me()), Event::Nothing, "{fields}");
        }
        let mut edited = message(&json!({}));
        edited["edited_message"] = edited["message"].take();
        edited.as_object_mut().unwrap().remove("message");
        assert_eq!(read(&edited, &me()), Event::Nothing);
        assert_eq!(read(&json!({"update_id": 1, "hologram": {}}), &me()), Event::Nothing);
        assert!(matches!(read(&message(&json!({"chat": {"id": "x"}})), &me()), Event::Unreadable(_)));
        assert!(matches!(read(&json!({"update_id": 1, "callback_query": {}}), &me()), Event::Unreadable(_)));
    }

    #[test]
    fn groups_move() {
        let moved = message(&json!({"text": null, "migrate_to_chat_id": -900}));
        assert_eq!(read(&moved, &me()), Event::Migrated { from: -100, to: -900 });
        let arrived = message(&json!({"text": null, "migrate_from_chat_id": -8}));
        assert_eq!(read(&arrived, &me()), Event::Migrated { from: -8, to: -100 });
    }

    #[test]
    fn a_pressed_button_is_a_command_of_the_presser() {
        let query = |data: &str, date: i64| {
            json!({"update_id": 2, "callback_query": {
                "id": "42", "data": data, "chat_instance": "-1",
                "from": {"id": 1002, "is_bot": false, "first_name": "Борис", "hologram": 1},
                "message": {"message_id": 6, "date": date, "chat": {"id": -100, "type": "supergroup", "title": "x"},
                    "from": {"id": 7, "is_bot": true, "first_name": "tiphys"}, "text": "/not this"},
            }})
        };
        for date in [0, 1_790_000_000] {
            let found = command(&query("/status", date));
            assert_eq!(found.request_id.as_str(), "telegram/callback/42");
            assert_eq!(found.sender, Sender::Account { id: PersonId(1002), shown_name: "Борис".into() });
            assert_eq!((found.text.as_str(), found.chat, found.message), ("/status", -100, 6));
            assert!(found.addressed);
            assert_eq!(found.press, Some(Press { query: CallbackQueryId("42".into()), in_place: false }));
        }
        for (data, why) in [("status", Dead::Foreign), ("#00", Dead::Forgotten)] {
            let dead = Event::DeadButton { query: CallbackQueryId("42".into()), chat: Some(-100), why };
            assert_eq!(read(&query(data, 0), &me()), dead);
        }
        let mut inline = query("/status", 1);
        inline["callback_query"].as_object_mut().unwrap().remove("message");
        let dead = Event::DeadButton { query: CallbackQueryId("42".into()), chat: None, why: Dead::Foreign };
        assert_eq!(read(&inline, &me()), dead, "a message that somebody sent through the bot");
    }
}
