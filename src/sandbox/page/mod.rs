//! The playground's web page: the chat beside the repository's commits and the pods, served on loopback.
//!
//! The page knows its world only through [`PageSource`]: a JSON value with everything to show, two actions
//! (say something, press a button) and a counter that moves with every change. The page fetches the whole value
//! again on every tick and touches only the elements that differ.

mod assets;
mod guard;
mod routes;
mod server;
#[cfg(test)]
mod tests;

pub use server::PageServer;

use tokio::sync::watch;

/// The world that the page shows and acts on.
///
/// The calls run on threads that may block; a panic inside one fails that request only.
pub trait PageSource: Send + Sync + 'static {
    /// Everything there is to show, at one instant.
    ///
    /// ```json
    /// {
    ///   "title": "…", "language": "ru|en",
    ///   "me": [{"id": 1001, "name": "…", "allowed": true}],
    ///   "chat": {
    ///     "title": "…",
    ///     "messages": [{
    ///       "id": 1, "from": {"id": 1001, "name": "…", "is_bot": false}, "date": 1767225600, "edited": false,
    ///       "html": "…", "reply_to": null, "buttons": [[{"text": "…", "data": "…"}]],
    ///       "document": null
    ///     }],
    ///     "toasts": [{"id": 1, "text": "…"}]
    ///   },
    ///   "commands": [{"command": "deploy", "description": "…"}],
    ///   "suggestions": ["/status"],
    ///   "commits": [{"id": "…", "subject": "…", "author": "…", "body": "…", "date": 1767225600, "diff": "…"}],
    ///   "apps": [{"name": "…", "sync": "Synced", "revision": "…", "health": "Healthy", "tag": "…", "ready": 2, "desired": 2}],
    ///   "nodes": [{"name": "…", "ready": true, "unschedulable": false}],
    ///   "pods": [{"name": "…", "node": "…", "status": "Running", "ready": true, "restarts": 0, "image": "…", "age_seconds": 5}]
    /// }
    /// ```
    ///
    /// Messages come oldest first, commits newest first. `html` is Telegram's HTML (`b`, `i`, `u`, `s`, `code`,
    /// `pre`, `a`, `blockquote`); anything else in it is shown as text. A date is in Unix seconds or RFC 3339. `me` names the
    /// people that a visitor may speak as; `allowed: false` marks the stranger. `toasts` (answers to button presses,
    /// ids ascending), `suggestions` and `allowed` may be left out.
    fn state(&self) -> serde_json::Value;

    /// Sends `text` to the chat in the name of `person`.
    ///
    /// # Errors
    /// A sentence for the visitor: why the message couldn't be sent.
    fn say(&self, person: i64, text: &str) -> Result<(), String>;

    /// Presses the button with `data` below message `message_id` in the name of `person`.
    ///
    /// # Errors
    /// A sentence for the visitor: why the press couldn't be passed on.
    fn press(&self, person: i64, message_id: i64, data: &str) -> Result<(), String>;

    /// A counter that moves whenever [`state`](Self::state) would answer differently.
    fn changes(&self) -> watch::Receiver<u64>;
}
