//! What a button's `callback_data` says: its command, or a code for one that is too long and stands in the text.
//!
//! Telegram keeps both with the message, so a button outlives the bot that made it, and nothing has to be remembered.
//! Any client can send any data: what comes out here is as little to be trusted as typed text.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::reply::Button;

/// The longest `callback_data`, in bytes.
const LONGEST_DATA: usize = 64;

/// Stands before the command of a button whose answer takes the place of its message.
const IN_PLACE: char = '=';

/// Stands before the code of a command that the text shows.
const CODED: char = '#';

/// How many bytes of the command's digest the code has: enough to tell apart the commands of one message.
const CODE: usize = 12;

/// What a pressed button asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pressed {
    /// The command.
    pub(super) text: String,
    /// Whether the answer takes the place of the button's message.
    pub(super) in_place: bool,
}

/// Why the press of a button comes to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dead {
    /// Its command can't be told any more: the message was changed, or is too old for Telegram to show it to the bot.
    Forgotten,
    /// It never had one.
    Foreign,
}

/// The data of a button, and whether its command has to stand in the text of the message.
pub(super) fn data(button: &Button) -> (String, bool) {
    let mark = if button.in_place { IN_PLACE.to_string() } else { String::new() };
    let plain = format!("{mark}{}", button.command);
    if plain.len() <= LONGEST_DATA { (plain, false) } else { (format!("{mark}{CODED}{}", code(&button.command)), true) }
}

/// Whether the command stands in the text in such a way that its code leads to it.
pub(super) fn is_shown(command: &str, text: &str) -> bool {
    commands(text).any(|shown| shown == command)
}

/// Reads a callback query.
pub(super) fn read(query: &Value) -> Result<Pressed, Dead> {
    let data = query["data"].as_str().ok_or(Dead::Foreign)?;
    let message = &query["message"];
    let (marked, rest) = match data.strip_prefix(IN_PLACE) {
        Some(rest) => (true, rest),
        None => (false, data),
    };
    let text = match rest.strip_prefix(CODED) {
        None if rest.starts_with('/') => rest.to_owned(),
        None => return Err(Dead::Foreign),
        Some(wanted) => {
            let shown = message["text"].as_str().unwrap_or_default();
            commands(shown).find(|command| code(command) == wanted).ok_or(Dead::Forgotten)?.to_owned()
        }
    };
    // A message is overwritten only by a button that it has, whatever a client says.
    Ok(Pressed { text, in_place: marked && has_button(message, data) })
}

fn has_button(message: &Value, data: &str) -> bool {
    let rows = message["reply_markup"]["inline_keyboard"].as_array();
    rows.into_iter().flatten().filter_map(Value::as_array).flatten().any(|button| button["callback_data"] == data)
}

/// What looks like a command in a text: from a slash that begins a word to the end of its line.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let starts = line.match_indices('/').map(|(at, _)| at);
        let starts = starts.filter(|at| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
        starts.map(|at| line[at..].trim_end())
    })
}

fn code(command: &str) -> String {
    Sha256::digest(command).iter().take(CODE).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn button(command: &str, in_place: bool) -> Button {
        Button { label: "x".into(), command: command.into(), in_place }
    }

    fn query(data: &str, text: Option<&str>, on_it: &[&str]) -> Value {
        let row: Vec<Value> = on_it.iter().map(|data| json!({"text": "x", "callback_data": data})).collect();
        json!({"data": data, "message": {"text": text, "reply_markup": {"inline_keyboard": [row]}}})
    }

    fn pressed(text: &str, in_place: bool) -> Result<Pressed, Dead> {
        Ok(Pressed { text: text.into(), in_place })
    }

    #[test]
    fn a_short_command_is_its_own_data() {
        assert_eq!(data(&button("/status", false)), ("/status".into(), false));
        assert_eq!(data(&button("/status", true)), ("=/status".into(), false));
        assert_eq!(read(&query("/status", None, &["/status"])), pressed("/status", false));
        assert_eq!(read(&query("=/status", None, &["=/status"])), pressed("/status", true));
    }

    #[test]
    fn a_long_command_is_found_in_the_text() {
        let long = format!("/deploy oil/prod {}", "т".repeat(30));
        let text = format!("Вернуть: {long} \nhttps://e.org/x\n/deploy oil/prod 2");
        for in_place in [false, true] {
            let (data, needed) = data(&button(&long, in_place));
            assert!(needed && data.len() <= LONGEST_DATA && is_shown(&long, &text), "{data}");
            assert_eq!(read(&query(&data, Some(&text), &[&data])), pressed(&long, in_place));
            assert_eq!(read(&query(&data, Some("/deploy oil/prod 2"), &[&data])), Err(Dead::Forgotten), "edited since");
            assert_eq!(read(&query(&data, None, &[])), Err(Dead::Forgotten), "too old to be shown");
        }
        let fits = format!("/deploy oil/prod {}", "x".repeat(47));
        assert_eq!(data(&button(&fits, false)), (fits.clone(), false));
        assert!(data(&button(&fits, true)).1, "the mark takes a byte");
    }

    #[test]
    fn a_client_may_send_anything() {
        assert_eq!(read(&query("=/deploy 6", Some("x"), &["/deploy 6"])), pressed("/deploy 6", false), "not on it");
        for data in ["", "x", "=", "==/status", "##", "= /status"] {
            assert!(read(&query(data, Some("/status"), &[])).is_err(), "{data}");
        }
        assert_eq!(read(&json!({})), Err(Dead::Foreign));
    }
}
