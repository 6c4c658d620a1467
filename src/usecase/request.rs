//! What every front hands in, and what it gets back.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::{
    domain::{
        actor::{Place, Sender},
        answer::Answer,
        command::Command,
        name::RequestId,
    },
    ports::Replier,
};

/// One event of a front.
#[derive(Clone)]
pub struct Request {
    /// The idempotency key: the same event delivered twice has the same one.
    pub id: RequestId,
    /// Who sent it.
    pub sender: Sender,
    /// Where.
    pub place: Place,
    /// What it says.
    pub input: Input,
    /// Where the answers go.
    pub replier: Arc<dyn Replier>,
    /// Whether a deployment may go ahead when the registry doesn't answer.
    pub force: bool,
}

/// The words of a request.
#[derive(Debug, Clone)]
pub enum Input {
    /// A line of a chat, with the username that commands may be addressed to.
    Text {
        /// The line.
        text: String,
        /// The bot's username, without `@`.
        bot: Option<String>,
    },
    /// The words of a command line, the first being the command's word.
    Words(Vec<String>),
    /// A command that was parsed already, because chats don't have it.
    Command(Box<Command>),
}

/// What became of a request.
#[derive(Debug)]
pub enum Handling {
    /// It holds no command for this bot.
    NotOurs,
    /// Its command is settled: pushed, refused, or answered. The event may be confirmed.
    Settled(Box<Settled>),
    /// It isn't settled, and nothing stands in the way of its being delivered again.
    Unsettled,
}

/// A settled command.
#[derive(Debug)]
pub struct Settled {
    /// The answer as it stood when the command was settled.
    pub answer: Answer,
    /// The rollout that goes on after a push; it ends with the last answer.
    pub rollout: Option<JoinHandle<Answer>>,
}

impl Settled {
    /// The last answer: waits for the rollout, when there is one.
    pub async fn last_answer(self) -> Answer {
        match self.rollout {
            // A rollout ends early only when the program stops: then what was last known stays true.
            Some(rollout) => rollout.await.unwrap_or(self.answer),
            None => self.answer,
        }
    }
}
