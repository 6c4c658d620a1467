//! The branch's past: the log, and the index of request ids that makes a command happen only once.

use std::collections::HashMap;

use git2::{Commit, Oid, Repository, Revwalk};
use jiff::Timestamp;

use super::{mirror::MirrorError, objects::Committer};
use crate::domain::{
    commit::{CommitRecord, trailers},
    name::{RequestId, Revision},
};

/// How far back requests are looked for: Telegram keeps an undelivered update for one day, a CI job may be retried later.
const MAX_AGE_SECONDS: i64 = 8 * 24 * 3600;
/// How many commits are looked at, whatever their age.
const MAX_COMMITS: usize = 10_000;
/// So many old commits in a row end the walk: one with a wrong clock doesn't.
const OLD_IN_A_ROW: usize = 64;

/// The commits of the last days by their `Request-Id`, as of one head.
#[derive(Debug, Default)]
pub(super) struct History {
    head: Option<Oid>,
    requests: HashMap<RequestId, CommitRecord>,
    /// Commits that were read since the index was built.
    read: usize,
}

impl History {
    /// The oldest commit with this id on the branch at `head`; extends the index to that head first.
    pub(super) fn find(
        &mut self,
        repository: &Repository,
        head: Oid,
        id: &RequestId,
        us: &Committer,
        now: Timestamp,
    ) -> Result<Option<CommitRecord>, MirrorError> {
        if self.head != Some(head) {
            self.advance(repository, head, us, now)?;
        }
        Ok(self.requests.get(id).cloned())
    }

    fn advance(
        &mut self,
        repository: &Repository,
        head: Oid,
        us: &Committer,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        let grown = match self.head {
            Some(old) if self.read < 2 * MAX_COMMITS => repository.graph_descendant_of(head, old).unwrap_or(false),
            _ => false,
        };
        let mut walk = walk(repository, head)?;
        if let Some(old) = self.head.filter(|_| grown) {
            walk.hide(old)?;
        } else {
            *self = Self::default();
        }
        // Noted as the head only once all is read: a walk that breaks off is started again.
        let hidden = self.head.take();
        let (read, found) = requests(repository, walk, us, now).inspect_err(|_| self.head = hidden)?;
        self.read += read;
        for (id, record) in found {
            // What the index had is older than what is new, and the oldest one is the one that took effect.
            self.requests.entry(id).or_insert(record);
        }
        self.head = Some(head);
        Ok(())
    }
}

/// The newest commits from `head` on, newest first.
pub(super) fn log(
    repository: &Repository,
    head: Oid,
    limit: usize,
    us: &Committer,
) -> Result<Vec<CommitRecord>, MirrorError> {
    walk(repository, head)?.take(limit).map(|id| Ok(record(&repository.find_commit(id?)?, us))).collect()
}

/// Commits to look for in a remote's history: the head, then ever larger steps back.
pub(super) fn landmarks(repository: &Repository, head: Oid) -> Result<Vec<Oid>, MirrorError> {
    let mut marks = Vec::new();
    let mut next = 0;
    for (number, id) in walk(repository, head)?.take(MAX_COMMITS).enumerate() {
        let id = id?;
        if number >= next {
            marks.push(id);
            next = if number < 16 { number + 1 } else { number * 3 / 2 };
        }
    }
    Ok(marks)
}

fn walk(repository: &Repository, head: Oid) -> Result<Revwalk<'_>, MirrorError> {
    // No sorting is git's own order: newest first, children before parents, read as far as it is asked for. With any
    // other one libgit2 reads the whole history first, and breaks ties between times at random.
    let mut walk = repository.revwalk()?;
    walk.push(head)?;
    Ok(walk)
}

/// Reads a walk to its end or to the bounds; of several commits with one id the oldest is kept.
fn requests(
    repository: &Repository,
    walk: Revwalk<'_>,
    us: &Committer,
    now: Timestamp,
) -> Result<(usize, HashMap<RequestId, CommitRecord>), MirrorError> {
    let oldest = now.as_second() - MAX_AGE_SECONDS;
    let mut found = HashMap::new();
    let mut read = 0;
    let mut old_in_a_row = 0;
    for id in walk.take(MAX_COMMITS) {
        let commit = repository.find_commit(id?)?;
        read += 1;
        if commit.time().seconds() < oldest {
            old_in_a_row += 1;
            if old_in_a_row == OLD_IN_A_ROW {
                break;
            }
            continue;
        }
        old_in_a_row = 0;
        let record = record(&commit, us);
        if let Some(trailers) = &record.trailers {
            found.insert(trailers.request_id.clone(), record);
        }
    }
    Ok((read, found))
}

/// Trailers count in our own commits only: a cherry-pick or an amended commit quotes them as well, under the name of
/// whoever made it, and nobody's quotation may pass for a command that was carried out.
fn record(commit: &Commit<'_>, us: &Committer) -> CommitRecord {
    let message = String::from_utf8_lossy(commit.message_bytes());
    CommitRecord {
        revision: revision(commit.id()),
        subject: message.lines().next().unwrap_or_default().to_owned(),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        committed_at: Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::UNIX_EPOCH),
        trailers: us.made(commit).then(|| trailers(&message)).flatten(),
    }
}

/// The id in the domain's words.
pub(super) fn revision(id: Oid) -> Revision {
    Revision::new(id.to_string()).expect("git2 writes SHA-1 ids as 40 lower-case hexadecimal digits")
}

/// The id in libgit2's words.
pub(super) fn oid(revision: &Revision) -> Oid {
    Oid::from_str(revision.as_str()).expect("a Revision has 40 hexadecimal digits")
}
