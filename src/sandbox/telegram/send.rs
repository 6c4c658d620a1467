//! The methods that write into chats.

use serde_json::{Value, json};

use super::{
    html::{self, Styled},
    model::{ChatKind, Event, Poster, ShownDocument, ShownMessage},
    params::{ApiError, Params},
    wire,
    world::{World, now},
};

/// The longest text, in UTF-16 units, the stricter way to count "characters after entities parsing".
const LONGEST_TEXT: usize = 4096;

/// The chat that a call names.
pub(super) fn chat_id(params: &Params) -> Result<i64, ApiError> {
    match params.text("chat_id") {
        None => Err(ApiError::bad("chat_id is empty")),
        Some(text) => text.trim().parse().map_err(|_| ApiError::bad("chat not found")),
    }
}

/// The text in that field, with its styles.
pub(super) fn styled(params: &Params, field: &str) -> Result<Styled, ApiError> {
    let text = params.text(field).unwrap_or_default();
    let mut styled = match params.text("parse_mode").unwrap_or_default().to_lowercase().as_str() {
        "html" => html::parse(&text).map_err(|words| ApiError::bad(format!("can't parse entities: {words}")))?,
        "" => html::plain(&text),
        _ => return Err(ApiError::bad("unsupported parse_mode")),
    };
    if let (true, Some(Value::Array(entities))) = (styled.entities.is_empty(), params.nested("entities")?) {
        styled.entities = entities;
    }
    if styled.text.is_empty() && field == "text" {
        return Err(ApiError::bad("message text is empty"));
    }
    Ok(styled)
}

pub(super) fn send_message(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    world.writable(chat_id(params)?)?;
    let styled = styled(params, "text")?;
    if html::utf16_len(&styled.text) > LONGEST_TEXT {
        return Err(ApiError::bad("message is too long"));
    }
    place(world, params, styled, None)
}

/// Puts a new message of the bot into the chat that a call names.
pub(super) fn place(
    world: &mut World,
    params: &Params,
    styled: Styled,
    document: Option<ShownDocument>,
) -> Result<Value, ApiError> {
    let chat = chat_id(params)?;
    let bot = world.bot.clone();
    let room = world.writable(chat)?;
    let buttons = wire::keyboard(params.nested("reply_markup")?)?;
    let thread = params.int("message_thread_id").filter(|id| *id != 0 && room.chat.is_forum);
    if thread.is_some_and(|thread| !room.chat.topics.contains(&thread)) {
        return Err(ApiError::bad("message thread not found"));
    }
    let reply = params.nested("reply_parameters")?;
    let wanted = match &reply {
        Some(reply) => Some(reply["message_id"].as_i64().ok_or_else(|| ApiError::bad("message_id isn't specified"))?),
        None => params.int("reply_to_message_id"),
    };
    let without = reply.as_ref().map_or_else(
        || params.flag("allow_sending_without_reply"),
        |reply| reply["allow_sending_without_reply"].as_bool() == Some(true),
    );
    let reply_to = wanted.filter(|id| room.messages.contains_key(id));
    if wanted.is_some() && reply_to.is_none() && !without {
        return Err(ApiError::bad("message to be replied not found"));
    }
    let sent = world.place(chat, |id| ShownMessage {
        chat,
        id,
        from: Poster::Bot(bot),
        date: now(),
        edit_date: None,
        edits: 0,
        text: styled.text,
        html: styled.html,
        entities: styled.entities,
        buttons,
        document,
        thread,
        reply_to,
    });
    Ok(sent.map_or(Value::Null, |message| world.message_json(&message)))
}

/// A message of the bot that may be edited.
fn own_message<'a>(world: &'a mut World, params: &Params) -> Result<&'a mut ShownMessage, ApiError> {
    let chat = chat_id(params)?;
    let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    let room = world.writable(chat)?;
    let message = room.messages.get_mut(&id).ok_or_else(|| ApiError::bad("message to edit not found"))?;
    match message.from {
        Poster::Bot(_) => Ok(message),
        _ => Err(ApiError::bad("message can't be edited")),
    }
}

fn edit(
    world: &mut World,
    params: &Params,
    change: impl FnOnce(&mut ShownMessage) -> Result<(), ApiError>,
) -> Result<Value, ApiError> {
    let message = own_message(world, params)?;
    let before = message.clone();
    let mut after = before.clone();
    change(&mut after)?;
    if after == before {
        return Err(ApiError::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    after.edits += 1;
    after.edit_date = Some(now());
    *message = after.clone();
    world.events.push(Event::Edited { message: after.clone() });
    Ok(world.message_json(&after))
}

pub(super) fn edit_message_text(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    own_message(world, params)?;
    let styled = styled(params, "text")?;
    if html::utf16_len(&styled.text) > LONGEST_TEXT {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    let buttons = wire::keyboard(params.nested("reply_markup")?)?;
    edit(world, params, |message| {
        if message.document.is_some() {
            return Err(ApiError::bad("there is no text in the message to edit"));
        }
        message.text = styled.text;
        message.html = styled.html;
        message.entities = styled.entities;
        message.buttons = buttons;
        Ok(())
    })
}

pub(super) fn edit_message_reply_markup(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let buttons = wire::keyboard(params.nested("reply_markup")?)?;
    edit(world, params, |message| {
        message.buttons = buttons;
        Ok(())
    })
}

pub(super) fn delete_message(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = chat_id(params)?;
    let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    let room = world.writable(chat)?;
    match room.messages.get(&id).map(|message| &message.from) {
        None => return Err(ApiError::bad("message to delete not found")),
        Some(Poster::Bot(_)) => {}
        Some(_) if room.chat.kind == ChatKind::Private => {}
        Some(_) => return Err(ApiError::bad("message can't be deleted")),
    }
    room.messages.remove(&id);
    world.events.push(Event::Deleted { chat, id });
    Ok(json!(true))
}

pub(super) fn send_chat_action(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = chat_id(params)?;
    world.writable(chat)?;
    let action = params.text("action").unwrap_or_default();
    const ACTIONS: [&str; 3] = ["typing", "find_location", "choose_sticker"];
    if !ACTIONS.contains(&action.as_str()) && !action.starts_with("upload_") && !action.starts_with("record_") {
        return Err(ApiError::bad("wrong parameter action in request"));
    }
    world.events.push(Event::ChatAction { chat, action });
    Ok(json!(true))
}
