//! Who asks, and where.

use std::collections::BTreeSet;

use serde::Serialize;

/// A numeric Telegram id of a person. Usernames can be changed and taken over, so they identify nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// A numeric Telegram id of a chat; groups have negative ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ChatId(pub i64);

/// What a person may do beyond what everybody in the configuration may; nobody has it who isn't given it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Cordoning and uncordoning nodes: they are shared by all applications of a cluster.
    Nodes,
    /// Making and removing review environments. Nobody in a chat has it: it is the pipelines'.
    Review,
}

/// A person named in the configuration: the author of the commits that the person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The numeric Telegram id.
    pub id: PersonId,
    /// The name shown in commits and replies.
    pub name: String,
    /// The e-mail address of the commit's author.
    pub email: String,
    /// What this person may do beyond the ordinary.
    pub rights: BTreeSet<Right>,
    /// The number of the person's GitLab account, in whose jobs the command line acts for this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<u64>,
}

/// What vouches for the user of a GitLab job, before the user's number.
const GITLAB: &str = "gitlab ";

/// What vouches for the user of a GitLab job: `gitlab 42`.
#[must_use]
pub fn gitlab_account(user: u64) -> String {
    format!("{GITLAB}{user}")
}

/// Who sent a request, as far as the front can tell; [`crate::domain::policy`] decides what that allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A Telegram account, which may or may not be in the configuration.
    Account {
        /// The numeric id.
        id: PersonId,
        /// The name that the account shows; only for messages, never for decisions.
        shown_name: String,
    },
    /// A group's administrator who posts in the name of the group: nobody can be held to it.
    Anonymous,
    /// A channel or another group in whose name somebody posts; in a public group everybody may do that.
    Channel,
    /// Whoever runs the program with its configuration and credentials: a shell or a CI job.
    Operator {
        /// The name for the commit, such as `GITLAB_USER_NAME`.
        name: String,
        /// The e-mail address for the commit.
        email: String,
        /// What vouches for the name and its number there, such as `gitlab 42`.
        account: String,
    },
}

impl Sender {
    /// The number of the GitLab user in whose job the program runs.
    #[must_use]
    pub fn gitlab_user(&self) -> Option<u64> {
        match self {
            Self::Operator { account, .. } => account.strip_prefix(GITLAB)?.parse().ok(),
            Self::Account { .. } | Self::Anonymous | Self::Channel => None,
        }
    }
}

/// Where a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A group chat.
    Group(ChatId),
    /// A private chat with the bot.
    Private(ChatId),
    /// A terminal or a CI job on a machine that has the credentials.
    Terminal,
}

/// Someone who was let in: the author of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The name shown in commits and replies.
    pub name: String,
    /// The e-mail address of the commit's author.
    pub email: String,
    /// What vouches for the name, with the number there: `telegram 1001`, `gitlab 42`, `local 0`.
    pub account: String,
}
