//! The configuration: `tiphys.yaml` read, checked and typed.
//!
//! All faults of a file are reported at once, each with its line and column: those of the YAML, of the schema, of
//! relations between keys, and of files and variables that it names.

mod branches;
mod check;
mod convert;
mod explain;
mod fault;
mod file;
mod format;
mod manifests;
mod outside;
mod relations;
mod repositories;
mod review;
mod schema;
mod secret;
mod tree;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

pub use self::{
    check::{check, print_schema},
    fault::{Fault, Faults, Place},
    file::RegistryKind,
    format::{Remote, duration},
    schema::{schema, schema_text},
    secret::{SecretError, SecretSource},
};
use crate::domain::{
    actor::{ChatId, Person},
    catalogue::{Catalogue, RepositoryBranch},
    language::Language,
    mask::Mask,
    policy::Policy,
    review::ReviewRules,
};

/// A configuration without faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it was read from, as it was named.
    pub file: PathBuf,
    /// The language of replies.
    pub language: Language,
    /// The bot, when there is to be one.
    pub telegram: Option<TelegramConfig>,
    /// Everybody who may give commands in Telegram.
    pub people: Vec<Person>,
    /// The branches of manifests repositories that environments are on.
    pub repositories: BTreeMap<RepositoryBranch, RepositoryConfig>,
    /// The container registry.
    pub registry: RegistryConfig,
    /// The cluster, when rollouts are to be followed.
    pub kubernetes: Option<KubernetesConfig>,
    /// How rollouts are followed.
    pub follow: FollowConfig,
    /// How commits are put together and pushed.
    pub publish: PublishConfig,
    /// How logs are shown.
    pub logs: LogsConfig,
    /// What is allowed and yet rarely meant.
    pub warnings: Faults,
    /// The same about the bot, which one-shot commands have nothing to do with.
    pub bot_warnings: Faults,
    /// The applications that have review environments.
    pub reviews: Vec<ReviewRules>,
    catalogue: Catalogue,
}

/// The Telegram bot.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The bot's token.
    pub token: SecretSource,
    /// The Bot API server.
    pub api_url: Url,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The group chats in which the bot listens.
    pub chats: Vec<ChatConfig>,
    /// Whether people of the list may write to the bot in private.
    pub private_chats: bool,
}

/// A group chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatConfig {
    /// The numeric id.
    pub id: ChatId,
    /// The language of replies there.
    pub language: Language,
}

/// A branch of a manifests repository.
#[derive(Debug, Clone)]
pub struct RepositoryConfig {
    /// What people call it: the path on the server, with the branch where there are several.
    pub label: String,
    /// The remote.
    pub remote: Remote,
    /// The branch.
    pub branch: String,
    /// What opens the remote.
    pub credentials: Credentials,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for `https://`; without it the environment's.
    pub proxy: Option<url::Url>,
    /// How long the remote may take for a push.
    pub deadline: Duration,
    /// The folder of the bare mirror.
    pub mirror: PathBuf,
    /// The committer of all commits.
    pub committer: Committer,
    /// The key that signs them, if there is one.
    pub signing: Option<Signing>,
    /// The repository's page at the forge, without a slash at its end.
    pub web_url: Option<String>,
}

/// What opens a git remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: a folder on this machine, or a server that lets anybody in.
    None,
    /// A user name and a token or password, for `https://`.
    Token {
        /// The user name.
        username: String,
        /// The token or password.
        token: SecretSource,
    },
    /// A key pair, for `ssh://`.
    Ssh {
        /// The private key's file.
        key_file: PathBuf,
        /// The private key's passphrase, when it has one.
        passphrase: Option<SecretSource>,
        /// The known host keys' file.
        known_hosts_file: PathBuf,
    },
}

/// The committer of all commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committer {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// The key that signs commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The private key's file.
    pub key_file: PathBuf,
    /// The file with its passphrase, when it has one.
    pub passphrase_file: Option<PathBuf>,
}

/// The container registry.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// How it is asked.
    pub kind: RegistryKind,
    /// The GitLab instance, or the registry.
    pub url: Url,
    /// GitLab: the project whose registry holds the images; `None` to derive it from an image's path.
    pub project: Option<String>,
    /// OCI: the user name that goes with the token.
    pub username: Option<String>,
    /// The token or password.
    pub token: Option<SecretSource>,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one question may take.
    pub deadline: Duration,
}

/// The cluster.
#[derive(Debug, Clone)]
pub struct KubernetesConfig {
    /// How it is reached.
    pub access: ClusterAccess,
    /// How long one question may take.
    pub deadline: Duration,
}

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterAccess {
    /// By the service account of the pod that this program runs in.
    InCluster,
    /// By a named context of a kubeconfig, never by its current one.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// The context.
        context: String,
    },
}

/// How rollouts are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowConfig {
    /// How long a commit may take to be live.
    pub deadline: Duration,
}

/// How commits are put together and pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishConfig {
    /// How long the first command after a rest waits for others.
    pub settle: Duration,
    /// How many commits are pushed together at most.
    pub batch: usize,
    /// How many commands may wait.
    pub queue: usize,
}

/// How logs are shown.
#[derive(Debug, Clone)]
pub struct LogsConfig {
    /// What is taken out of them.
    pub mask: Mask,
}

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The text alone, such as in a pipeline that has no secrets.
    Text,
    /// Also whether the files and environment variables that it names are there.
    Everything,
}

impl Config {
    /// Reads a file, with all that it names.
    ///
    /// # Errors
    /// [`Faults`] with every fault of the file.
    pub fn load(path: &Path) -> Result<Self, Faults> {
        Self::load_to(path, Depth::Everything)
    }

    /// Reads a file to a depth.
    ///
    /// # Errors
    /// [`Faults`] with every fault of the file.
    pub fn load_to(path: &Path, depth: Depth) -> Result<Self, Faults> {
        convert::load(path, depth, &|name| std::env::var(name).ok())
    }

    /// Who may do what.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let (chats, private_chats) = match &self.telegram {
            Some(telegram) => (telegram.chats.iter().map(|chat| chat.id).collect(), telegram.private_chats),
            None => (Vec::new(), false),
        };
        Policy { people: self.people.clone(), chats, private_chats }
    }

    /// What can be deployed, and where it runs.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.catalogue.clone()
    }

    /// The sections that `serve` can't do without.
    ///
    /// # Errors
    /// [`Faults`] that name the sections that are missing.
    pub fn for_serve(&self) -> Result<(&TelegramConfig, &KubernetesConfig), Faults> {
        match (&self.telegram, &self.kubernetes) {
            (Some(telegram), Some(kubernetes)) => Ok((telegram, kubernetes)),
            (telegram, kubernetes) => {
                let sections = [("telegram", telegram.is_none()), ("kubernetes", kubernetes.is_none())];
                let missing = sections.into_iter().filter(|(_, missing)| *missing);
                let fault = |(key, _)| Fault::at(Place::START, format!("missing key {key:?}, which `serve` needs"));
                Err(Faults::new(&self.file, missing.map(fault).collect()))
            }
        }
    }
}
