//! The Bot API's JSON shapes.

use serde_json::{Map, Value, json};

use super::{
    model::{Chat, ChatKind, Poster, ShownButton, ShownMessage, User},
    params::ApiError,
    world::Room,
};

/// The account that anonymous administrators seem to write from.
const GROUP_ANONYMOUS_BOT: i64 = 1_087_968_824;

pub(super) fn user(user: &User) -> Value {
    let mut shown = json!({ "id": user.id, "is_bot": user.is_bot, "first_name": user.first_name });
    if let Some(last) = &user.last_name {
        shown["last_name"] = json!(last);
    }
    if let Some(name) = &user.username {
        shown["username"] = json!(name);
    }
    if !user.is_bot {
        shown["language_code"] = json!("ru");
    }
    shown
}

/// `getMe`: a user with the bot's own abilities.
pub(super) fn me(bot: &User, privacy: bool) -> Value {
    let mut me = user(bot);
    let abilities = json!({
        "can_join_groups": true,
        "can_read_all_group_messages": !privacy,
        "supports_guest_queries": false,
        "supports_inline_queries": false,
        "can_connect_to_business": false,
        "has_main_web_app": false,
        "has_topics_enabled": false,
        "allows_users_to_create_topics": false,
        "can_manage_bots": false,
        "supports_join_request_queries": false,
    });
    if let (Value::Object(me), Value::Object(abilities)) = (&mut me, abilities) {
        me.extend(abilities);
    }
    me
}

pub(super) fn chat(chat: &Chat) -> Value {
    match chat.kind {
        ChatKind::Private => json!({ "id": chat.id, "first_name": chat.title, "type": "private" }),
        ChatKind::Group => {
            json!({ "id": chat.id, "title": chat.title, "type": "group", "all_members_are_administrators": true })
        }
        ChatKind::Supergroup if chat.is_forum => {
            json!({ "id": chat.id, "title": chat.title, "type": "supergroup", "is_forum": true })
        }
        ChatKind::Supergroup => json!({ "id": chat.id, "title": chat.title, "type": "supergroup" }),
    }
}

/// The parts that every message has, service messages as well.
pub(super) fn head(room: &Room, id: i64, from: &Poster, date: i64) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("message_id".into(), json!(id));
    match from {
        Poster::User(person) | Poster::Bot(person) => {
            head.insert("from".into(), user(person));
        }
        Poster::Anonymous { .. } => {
            let fake = json!({
                "id": GROUP_ANONYMOUS_BOT, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot",
            });
            head.insert("from".into(), fake);
            head.insert("sender_chat".into(), chat(&room.chat));
        }
    }
    head.insert("chat".into(), chat(&room.chat));
    head.insert("date".into(), json!(date));
    head
}

pub(super) fn message(room: &Room, message: &ShownMessage) -> Value {
    let mut shown = bare_message(room, message);
    let answered = message.reply_to.and_then(|id| room.messages.get(&id));
    if let Some(answered) = answered {
        shown.insert("reply_to_message".into(), bare_message(room, answered).into());
        if room.chat.kind == ChatKind::Supergroup && message.thread.is_none() {
            // Threads of replies have this id as well, without being topics.
            shown.insert("message_thread_id".into(), json!(answered.id));
        }
    } else if let Some(thread) = message.thread {
        let mut root = head(room, thread, &message.from, message.date);
        root.insert("message_thread_id".into(), json!(thread));
        root.insert("is_topic_message".into(), json!(true));
        root.insert(
            "forum_topic_created".into(),
            json!({ "name": format!("Topic {thread}"), "icon_color": 7_322_096 }),
        );
        shown.insert("reply_to_message".into(), root.into());
    }
    shown.into()
}

fn bare_message(room: &Room, message: &ShownMessage) -> Map<String, Value> {
    let mut shown = head(room, message.id, &message.from, message.date);
    if let Some(date) = message.edit_date {
        shown.insert("edit_date".into(), json!(date));
    }
    if let Some(thread) = message.thread {
        shown.insert("message_thread_id".into(), json!(thread));
        shown.insert("is_topic_message".into(), json!(true));
    }
    let (text, entities) = match &message.document {
        Some(document) => {
            let id = format!("file-{}-{}", message.chat, message.id);
            let file = json!({
                "file_name": document.file_name, "mime_type": document.mime_type, "file_size": document.text.len(),
                "file_id": id, "file_unique_id": id,
            });
            shown.insert("document".into(), file);
            ("caption", "caption_entities")
        }
        None => ("text", "entities"),
    };
    if message.document.is_none() || !message.text.is_empty() {
        shown.insert(text.into(), json!(message.text));
    }
    if !message.entities.is_empty() {
        shown.insert(entities.into(), json!(message.entities));
    }
    if !message.buttons.is_empty() {
        shown.insert("reply_markup".into(), json!({ "inline_keyboard": message.buttons }));
    }
    shown
}

/// Checks an inline keyboard.
pub(super) fn keyboard(markup: Option<Value>) -> Result<Vec<Vec<ShownButton>>, ApiError> {
    let Some(markup) = markup else { return Ok(Vec::new()) };
    let Some(rows) = markup.get("inline_keyboard") else {
        // Reply keyboards are accepted and not shown.
        return Ok(Vec::new());
    };
    let broken = |what: &str| ApiError::bad(format!("can't parse inline keyboard button: {what}"));
    let rows = rows.as_array().ok_or_else(|| ApiError::bad("field \"inline_keyboard\" must be of type Array"))?;
    let mut keyboard = Vec::new();
    for row in rows {
        let row =
            row.as_array().ok_or_else(|| ApiError::bad("field \"inline_keyboard\" must be an Array of Arrays"))?;
        let mut buttons = Vec::new();
        for button in row {
            let text = button["text"].as_str().ok_or_else(|| broken("Can't find field \"text\""))?;
            if text.trim().is_empty() {
                return Err(ApiError::bad("text buttons must not be empty"));
            }
            let callback_data = button["callback_data"].as_str().map(str::to_owned);
            let url = button["url"].as_str().map(str::to_owned);
            if callback_data.as_ref().is_some_and(|data| !(1..=64).contains(&data.len())) {
                return Err(ApiError::bad("BUTTON_DATA_INVALID"));
            }
            if callback_data.is_none() && url.is_none() {
                return Err(broken("Text buttons are unallowed in the inline keyboard"));
            }
            buttons.push(ShownButton { text: text.to_owned(), callback_data, url });
        }
        if !buttons.is_empty() {
            keyboard.push(buttons);
        }
    }
    Ok(keyboard)
}

/// The commands in a person's text, which the real server marks.
pub(super) fn command_entities(text: &str) -> Vec<Value> {
    let mut entities = Vec::new();
    let mut offset = 0;
    let mut start_of_word = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '/' && start_of_word {
            let name = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len() - 1);
            let mut length = 1 + name;
            if let Some(bot) = rest[length..].strip_prefix('@') {
                length += 1 + bot.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(bot.len());
            }
            if name > 0 {
                entities.push(json!({ "type": "bot_command", "offset": offset, "length": length }));
            }
        }
        start_of_word = c.is_whitespace();
        offset += c.len_utf16();
        rest = &rest[c.len_utf8()..];
    }
    entities
}
