//! The other methods, and the table of them all.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use serde_json::{Value, json};

use super::{
    document,
    model::Event,
    params::{ApiError, Params},
    send,
    updates::{Poll, Polled},
    wire,
    world::{Shared, World},
};

type Method = fn(&mut World, &Params) -> Result<Value, ApiError>;

/// The methods in the reference's spelling; `getUpdates` stands apart because it waits.
const METHODS: [(&str, Method); 16] = [
    ("getMe", get_me),
    ("logOut", |_, _| Ok(json!(true))),
    ("setWebhook", set_webhook),
    ("deleteWebhook", delete_webhook),
    ("getWebhookInfo", get_webhook_info),
    ("setMyCommands", set_my_commands),
    ("getMyCommands", get_my_commands),
    ("deleteMyCommands", delete_my_commands),
    ("sendMessage", send::send_message),
    ("sendDocument", document::send_document),
    ("editMessageText", send::edit_message_text),
    ("editMessageReplyMarkup", send::edit_message_reply_markup),
    ("deleteMessage", send::delete_message),
    ("sendChatAction", send::send_chat_action),
    ("answerCallbackQuery", answer_callback_query),
    ("getChat", get_chat),
];

/// The name of the method that waits.
pub(super) const GET_UPDATES: &str = "getUpdates";

/// The reference's spelling of a method that is asked for in any case.
pub(super) fn spelling(method: &str) -> Option<&'static str> {
    let known = METHODS.iter().map(|(name, _)| *name).chain([GET_UPDATES]);
    known.into_iter().find(|name| name.eq_ignore_ascii_case(method))
}

/// Applies a call.
pub(super) async fn apply(shared: &Arc<Shared>, method: &str, params: &Params) -> Result<Value, ApiError> {
    if method == GET_UPDATES {
        return get_updates(shared, params).await;
    }
    match METHODS.iter().find(|(name, _)| *name == method) {
        Some((_, method)) => shared.with(|world| method(world, params)),
        None => Err(ApiError::new(404, "Not Found: method not found")),
    }
}

async fn get_updates(shared: &Arc<Shared>, params: &Params) -> Result<Value, ApiError> {
    let allowed = match params.nested("allowed_updates")? {
        Some(Value::Array(kinds)) => {
            Some(kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>())
        }
        _ => None,
    };
    let number = |name, default| params.int(name).unwrap_or(default);
    let mut changes = shared.revision.subscribe();
    let conflict = |what: &str| ApiError::new(409, format!("Conflict: {what}"));
    let mut poll: Poll = shared.with(|world| {
        if !world.webhook.is_empty() {
            return Err(conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        Ok(world.queue.start(number("offset", 0), number("limit", 100), number("timeout", 0), allowed, Instant::now()))
    })?;
    loop {
        changes.mark_unchanged();
        match shared.with_queue(|queue| queue.poll(&mut poll, Instant::now())) {
            Polled::Updates(updates) => return Ok(Value::Array(updates)),
            Polled::Conflict(held) => {
                tokio::time::sleep(held).await;
                return Err(conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            Polled::Wait => {
                tokio::select! {
                    _ = changes.changed() => {}
                    () = tokio::time::sleep_until(poll.until.into()) => {}
                }
            }
        }
    }
}

fn get_me(world: &mut World, _: &Params) -> Result<Value, ApiError> {
    Ok(wire::me(&world.bot, world.privacy))
}

fn set_webhook(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let url = params.text("url").unwrap_or_default();
    if !url.is_empty() && !url.starts_with("https://") {
        return Err(ApiError::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    world.webhook = url;
    Ok(json!(true))
}

fn delete_webhook(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    world.webhook.clear();
    if params.flag("drop_pending_updates") {
        world.queue.clear();
    }
    Ok(json!(true))
}

fn get_webhook_info(world: &mut World, _: &Params) -> Result<Value, ApiError> {
    Ok(json!({
        "url": world.webhook,
        "has_custom_certificate": false,
        "pending_update_count": world.queue.len(),
    }))
}

fn command_key(params: &Params) -> Result<(String, String), ApiError> {
    let scope = params.nested("scope")?.unwrap_or_else(|| json!({ "type": "default" }));
    let language = params.text("language_code").unwrap_or_default();
    let known = language.is_empty() || (language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase()));
    if known { Ok((scope.to_string(), language)) } else { Err(ApiError::bad("invalid language_code specified")) }
}

fn set_my_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let key = command_key(params)?;
    let commands = match params.nested("commands")? {
        Some(Value::Array(commands)) if commands.len() <= 100 => commands,
        Some(Value::Array(_)) => return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH")),
        _ => return Err(ApiError::bad("can't parse commands JSON object")),
    };
    for command in &commands {
        let name = command["command"].as_str().unwrap_or_default().trim_start_matches('/');
        let description = command["description"].as_str().unwrap_or_default().trim();
        if !(1..=32).contains(&name.len())
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            return Err(ApiError::bad("BOT_COMMAND_INVALID"));
        }
        if !(1..=256).contains(&description.chars().count()) {
            return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    world.commands.insert(key, commands);
    world.events.push(Event::Commands);
    Ok(json!(true))
}

fn get_my_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    Ok(json!(world.commands.get(&command_key(params)?).cloned().unwrap_or_default()))
}

fn delete_my_commands(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    world.commands.remove(&command_key(params)?);
    world.events.push(Event::Commands);
    Ok(json!(true))
}

fn answer_callback_query(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let query = params.text("callback_query_id").unwrap_or_default();
    let text = params.text("text").filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    if world.open_callbacks.remove(&query).is_none() {
        return Err(ApiError::bad("query is too old and response timeout expired or query ID is invalid"));
    }
    world.events.push(Event::CallbackAnswered { query, text, alert: params.flag("show_alert") });
    Ok(json!(true))
}

fn get_chat(world: &mut World, params: &Params) -> Result<Value, ApiError> {
    let chat = send::chat_id(params)?;
    Ok(wire::chat(&world.writable(chat)?.chat))
}
