//! The ways to a remote: HTTP, SSH, or a path on this machine.

use std::{num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use git2::{Oid, Repository};

use super::{
    mirror::{Fault, Mirror, MirrorError},
    objects::NewObjects,
    settings::{RemoteUrl, Settings, SettingsError},
};
use crate::ports::RepositoryError;

mod http;
mod known_hosts;
mod path;
pub(super) mod process;
mod ssh;
mod turn;
mod way;

pub use process::find_program;

/// Looks whether the known hosts have a key of the remote's host; an address of another kind needs none.
///
/// # Errors
/// The reason, to stand after the file's name.
pub fn check_known_hosts(file: &Path, address: &str) -> Result<(), String> {
    let Ok(RemoteUrl::Ssh { host, port, .. }) = RemoteUrl::parse(address) else { return Ok(()) };
    match known_hosts::HostKeys::read(file, &host, port) {
        Ok(keys) if keys.is_empty() && port == 22 => Err(format!("has no key of {host}")),
        Ok(keys) if keys.is_empty() => Err(format!("has no key of [{host}]:{port}")),
        Ok(_) => Ok(()),
        Err(_) => Err("is not a list of known hosts in the form of OpenSSH".to_owned()),
    }
}

/// How long a fetch may take as a whole: the first one brings all history. Silences are bounded more tightly.
const LONGEST_FETCH: Duration = Duration::from_secs(15 * 60);

/// How long a connection may take to be made; hooks have nothing to do with that.
const LONGEST_CONNECT: Duration = Duration::from_secs(15);

/// What is asked of a remote by a fetch.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// The mirror that receives the objects; it exists.
    pub(super) mirror: Arc<Mirror>,
    /// The mirror's head, which it has with all its history, or with the part down to where it is cut off.
    pub(super) known: Option<Oid>,
    /// How many commits deep the history is to be, counted from the head; `None` leaves it as deep as it is and adds what
    /// is new. A remote that can't cut it off brings all.
    pub(super) depth: Option<NonZeroU32>,
    /// Where the mirror's history is cut off: commits whose parents it doesn't have.
    pub(super) shallow: Vec<Oid>,
}

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetched {
    /// The branch's head; the mirror has it now.
    pub(super) head: Oid,
    /// How the place changed where the history is cut off. It must be noted in the mirror (git's file `shallow`) before
    /// the head is adopted.
    pub(super) cut: Cut,
}

/// A change of the place where the history is cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Commits that have lost their parents.
    pub(super) shallow: Vec<Oid>,
    /// Commits whose parents are there now.
    pub(super) unshallow: Vec<Oid>,
}

impl Cut {
    /// Where the history is cut off after the change.
    pub(super) fn apply(&self, before: &[Oid]) -> Vec<Oid> {
        let kept = before.iter().filter(|id| !self.unshallow.contains(id));
        let mut after: Vec<Oid> = kept.chain(&self.shallow).copied().collect();
        after.sort_unstable();
        after.dedup();
        after
    }
}

/// One reference that is to be moved.
#[derive(Debug, Clone)]
pub(super) struct Update {
    /// The mirror that has the objects.
    pub(super) mirror: Arc<Mirror>,
    /// Where the remote's branch must be.
    pub(super) old: Oid,
    /// Where it is to go.
    pub(super) new: Oid,
    /// Everything that the remote doesn't have yet.
    pub(super) objects: Arc<NewObjects>,
}

/// A remote.
#[derive(Debug)]
pub(super) enum Transport {
    /// A repository on this machine.
    Path(path::PathRemote),
    /// Smart HTTP.
    Http(Box<http::HttpRemote>),
    /// SSH.
    Ssh(ssh::SshRemote),
}

impl Transport {
    pub(super) fn new(url: RemoteUrl, settings: &Settings) -> Result<Self, SettingsError> {
        Ok(match url {
            RemoteUrl::Path(path) => Self::Path(path::PathRemote::new(path, settings)),
            RemoteUrl::Http { url, user } => Self::Http(Box::new(http::HttpRemote::new(url, user, settings))),
            RemoteUrl::Ssh { user, host, port, path } => {
                Self::Ssh(ssh::SshRemote::new(ssh::Address { user, host, port, path }, settings)?)
            }
        })
    }

    /// Brings the branch's head and its history, as deep as is wanted, into the mirror.
    pub(super) async fn fetch(&self, want: Want) -> Result<Fetched, Fault> {
        let fetch = async {
            match self {
                Self::Path(remote) => remote.fetch(want).await,
                Self::Http(remote) => remote.fetch(want).await,
                Self::Ssh(remote) => remote.fetch(want).await,
            }
        };
        tokio::time::timeout(LONGEST_FETCH, fetch).await.unwrap_or_else(|_| {
            Err(RepositoryError::Unreachable(format!("the fetch took longer than {} s", LONGEST_FETCH.as_secs()))
                .into())
        })
    }

    /// Moves the remote's branch, if it still is where it is expected.
    pub(super) async fn push(&self, update: Update) -> Result<(), RepositoryError> {
        match self {
            Self::Path(remote) => remote.push(update).await,
            Self::Http(remote) => remote.push(update).await,
            Self::Ssh(remote) => remote.push(update).await,
        }
    }
}

/// Runs disk work beside the async runtime.
pub(super) async fn blocking<T: Send + 'static, E: From<Interrupted> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Interrupted.into()))
}

/// Disk work that didn't end: the runtime is shutting down, or the work panicked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interrupted;

impl From<Interrupted> for MirrorError {
    fn from(_: Interrupted) -> Self {
        Self::Unusable("the work on it was interrupted".to_owned())
    }
}

impl From<Interrupted> for RepositoryError {
    fn from(_: Interrupted) -> Self {
        Self::Mirror("the work on it was interrupted".to_owned())
    }
}

impl From<Interrupted> for Fault {
    fn from(interrupted: Interrupted) -> Self {
        Self::Mirror(interrupted.into())
    }
}

/// The answer when the remote has no such branch.
pub(super) fn no_branch(reference: &str) -> RepositoryError {
    RepositoryError::NoBranch(reference.strip_prefix("refs/heads/").unwrap_or(reference).to_owned())
}

/// Whether the mirror has a commit already.
pub(super) fn has(repository: &Repository, commit: Oid) -> bool {
    repository.find_commit(commit).is_ok_and(|commit| commit.tree().is_ok())
}
