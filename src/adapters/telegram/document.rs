//! A file with a caption: the one call that isn't JSON.

use reqwest_012::multipart::{Form, Part};
use serde_json::{Value, json};
use teloxide::types::InlineKeyboardMarkup;

use super::{
    api::{Api, CallError},
    outbox::Destination,
};
use crate::reply::Document;

/// Sends the file; `html` tells whether the caption is styled.
pub(super) async fn send(
    api: &Api,
    to: Destination,
    caption: &str,
    html: bool,
    keyboard: &InlineKeyboardMarkup,
    document: &Document,
) -> Result<Value, CallError> {
    let refused = |error: &dyn std::fmt::Display| CallError::Refused(error.to_string());
    let file = Part::text(document.text.clone())
        .file_name(document.name.clone())
        .mime_str("text/plain; charset=utf-8")
        .map_err(|error| refused(&error))?;
    let mut form = Form::new().text("chat_id", to.chat.to_string()).text("caption", caption.to_owned());
    if html {
        form = form.text("parse_mode", "HTML");
    }
    if let Some(thread) = to.thread {
        form = form.text("message_thread_id", thread.to_string());
    }
    if let Some(message) = to.reply_to {
        let reply = json!({"message_id": message, "allow_sending_without_reply": true});
        form = form.text("reply_parameters", reply.to_string());
    }
    if !keyboard.inline_keyboard.is_empty() {
        let keyboard = serde_json::to_string(keyboard).map_err(|error| refused(&error))?;
        form = form.text("reply_markup", keyboard);
    }
    api.call_with_file("SendDocument", form.part("document", file)).await
}
