//! The branch's past: the log, the index of request ids that makes a command happen only once, and who descends from whom.
//!
//! The mirror's history is cut off somewhere. What is read here tells whether the cut stood in the way: then there may be
//! more behind it, and the answer holds only if there isn't.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    sync::LazyLock,
};

use git2::{Commit, Oid, Repository};
use jiff::Timestamp;

use super::{mirror::MirrorError, objects::Committer};
use crate::domain::{
    commit::{CommitRecord, trailers},
    name::{RequestId, Revision},
};

/// How far back requests are looked for at least: Telegram keeps an undelivered update for one day, a CI job may be
/// retried later.
const MAX_AGE_SECONDS: i64 = 8 * 24 * 3600;
/// So many commits are looked at, as far as the mirror has them, even where they are older.
const MIN_COMMITS: usize = 2_000;
/// How many commits are looked at, whatever their age.
const MAX_COMMITS: usize = 10_000;
/// So many old commits in a row tell that the rest is old: one with a wrong clock doesn't.
const OLD_IN_A_ROW: usize = 64;
/// How far back landmarks are set; a branch that was rewritten from further back is fetched anew.
const MAX_LANDMARK: usize = 1_000;

/// What was read from a history that may be cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen<T> {
    /// All of it was there.
    All(T),
    /// The cut stood in the way: this is so if there is nothing behind it.
    CutOff(T),
}

impl<T> Seen<T> {
    fn new(value: T, is_cut_off: bool) -> Self {
        if is_cut_off { Self::CutOff(value) } else { Self::All(value) }
    }
}

/// A history and where it is cut off: the ids of commits whose parents aren't there, sorted.
#[derive(Clone, Copy)]
pub(super) struct Past<'r> {
    /// Where the commits are.
    pub(super) repository: &'r Repository,
    /// Where it is cut off.
    pub(super) cut: &'r [Oid],
    /// Those of them behind which the remote may have more.
    pub(super) more: &'r [Oid],
}

impl<'r> Past<'r> {
    /// All commits from one on: newest first, children before parents as far as clocks are right, read as far as it is
    /// asked for.
    fn walk(self, from: Oid) -> Result<Walk<'r>, git2::Error> {
        self.walk_to(from, &NOTHING)
    }

    /// The same without those that are known and what is behind them.
    fn walk_to(self, from: Oid, known: &'r HashSet<Oid>) -> Result<Walk<'r>, git2::Error> {
        let mut walk = Walk { past: self, known, met: Vec::new(), seen: HashSet::new(), queue: BinaryHeap::new() };
        walk.push(from)?;
        Ok(walk)
    }

    fn is_cut_at(self, id: Oid) -> bool {
        self.cut.binary_search(&id).is_ok()
    }

    /// Whether there may be something behind a commit that isn't seen here.
    fn hides_behind(self, id: Oid) -> bool {
        self.more.binary_search(&id).is_ok()
    }

    fn has(self, id: Oid) -> bool {
        self.repository.find_commit(id).is_ok()
    }
}

static NOTHING: LazyLock<HashSet<Oid>> = LazyLock::new(HashSet::new);

/// A way through a history. Not libgit2's own, which heeds a cut only in repositories that belong to the user.
struct Walk<'r> {
    past: Past<'r>,
    known: &'r HashSet<Oid>,
    /// The known ones that it came to.
    met: Vec<Oid>,
    seen: HashSet<Oid>,
    /// What comes next: the newest, and of equally old ones that which was found first.
    queue: BinaryHeap<(i64, Reverse<usize>, Oid)>,
}

impl Walk<'_> {
    fn push(&mut self, id: Oid) -> Result<(), git2::Error> {
        if self.known.contains(&id) {
            self.met.push(id);
        } else if self.seen.insert(id) {
            let time = self.past.repository.find_commit(id)?.time().seconds();
            self.queue.push((time, Reverse(self.seen.len()), id));
        }
        Ok(())
    }

    fn step(&mut self, id: Oid) -> Result<Oid, git2::Error> {
        if !self.past.is_cut_at(id) {
            self.past.repository.find_commit(id)?.parent_ids().try_for_each(|parent| self.push(parent))?;
        }
        Ok(id)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Oid, git2::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, _, id) = self.queue.pop()?;
        Some(self.step(id))
    }
}

/// The newest commits by their `Request-Id`, as of one head.
#[derive(Debug, Default)]
pub(super) struct History {
    head: Option<Oid>,
    requests: HashMap<RequestId, CommitRecord>,
    /// Commits that were read since the index was built.
    read: HashSet<Oid>,
}

impl History {
    /// For each id the oldest commit with it on the branch at `head`; extends the index to that head first.
    pub(super) fn find(
        &mut self,
        past: Past<'_>,
        head: Oid,
        ids: &[RequestId],
        us: &Committer,
        now: Timestamp,
    ) -> Result<Seen<Vec<Option<CommitRecord>>>, MirrorError> {
        let is_cut_off = self.head != Some(head) && self.advance(past, head, us, now)?;
        let found = ids.iter().map(|id| self.requests.get(id).cloned()).collect();
        if is_cut_off {
            // Read anew when more of the history is there.
            *self = Self::default();
        }
        Ok(Seen::new(found, is_cut_off))
    }

    /// Reads what is new; whether the cut came before the end.
    fn advance(&mut self, past: Past<'_>, head: Oid, us: &Committer, now: Timestamp) -> Result<bool, MirrorError> {
        // Noted as the head only once all is read: a walk that breaks off is started again.
        let old = self.head.take().filter(|_| self.read.len() < 2 * MAX_COMMITS);
        let mut new = requests(past.walk_to(head, &self.read)?, us, now)?;
        if old.is_none_or(|old| !new.met.contains(&old)) {
            // The branch was rewritten.
            *self = Self::default();
            new = requests(past.walk(head)?, us, now)?;
        }
        for (id, record) in new.found {
            // What the index had is older than what is new, and the oldest one is the one that took effect.
            self.requests.entry(id).or_insert(record);
        }
        self.read.extend(new.commits);
        self.head = Some(head);
        Ok(new.is_cut_off)
    }
}

/// The newest commits from `head` on, newest first.
pub(super) fn log(
    past: Past<'_>,
    head: Oid,
    limit: usize,
    us: &Committer,
) -> Result<Seen<Vec<CommitRecord>>, MirrorError> {
    let ids = past.walk(head)?.take(limit).collect::<Result<Vec<_>, _>>()?;
    let is_cut_off = ids.len() < limit && ids.iter().any(|id| past.hides_behind(*id));
    let records = ids.into_iter().map(|id| Ok(record(&past.repository.find_commit(id)?, us)));
    Ok(Seen::new(records.collect::<Result<_, MirrorError>>()?, is_cut_off))
}

/// Whether `descendant` is `ancestor` or has it in its history; not so when either isn't known.
pub(super) fn contains(past: Past<'_>, ancestor: Oid, descendant: Oid) -> Result<Seen<bool>, MirrorError> {
    if !past.has(descendant) {
        return Ok(Seen::All(false));
    }
    if !past.has(ancestor) {
        // It may be behind the cut.
        return Ok(Seen::new(false, !past.more.is_empty()));
    }
    let mut behind = Vec::new();
    for id in past.walk(descendant)? {
        let id = id?;
        if id == ancestor {
            return Ok(Seen::All(true));
        }
        if past.hides_behind(id) {
            behind.push(id);
        }
    }
    // What is behind a place that lies in the ancestor's own past can't have the ancestor in it.
    if !behind.is_empty() {
        let own = past.walk(ancestor)?.collect::<Result<HashSet<_>, _>>()?;
        behind.retain(|id| !own.contains(id));
    }
    Ok(Seen::new(false, !behind.is_empty()))
}

/// How many commits there are from `head` on.
pub(super) fn depth(past: Past<'_>, head: Oid) -> Result<usize, MirrorError> {
    past.walk(head)?.try_fold(0, |depth, id| id.map(|_| depth + 1)).map_err(Into::into)
}

/// Commits to look for in a remote's history: the head, then ever larger steps back, and where the history is cut off.
pub(super) fn landmarks(past: Past<'_>, head: Oid) -> Result<Vec<Oid>, MirrorError> {
    let mut marks = Vec::new();
    let mut next = 0;
    for (number, id) in past.walk(head)?.take(MAX_LANDMARK).enumerate() {
        let id = id?;
        if number >= next {
            marks.push(id);
            next = if number < 16 { number + 1 } else { number * 3 / 2 };
        }
    }
    let cut: Vec<Oid> = past.cut.iter().filter(|id| !marks.contains(id)).take(MAX_LANDMARK).copied().collect();
    marks.extend(cut);
    Ok(marks)
}

/// What a walk came upon.
struct Read {
    commits: Vec<Oid>,
    /// The known commits that it came to.
    met: Vec<Oid>,
    found: HashMap<RequestId, CommitRecord>,
    /// It came to where the history is cut off before it came to its bounds.
    is_cut_off: bool,
}

/// Reads a walk to its end or to the bounds; of several commits with one id the oldest is kept.
fn requests(mut walk: Walk<'_>, us: &Committer, now: Timestamp) -> Result<Read, MirrorError> {
    let past = walk.past;
    let oldest = now.as_second() - MAX_AGE_SECONDS;
    let mut read = Read { commits: Vec::new(), met: Vec::new(), found: HashMap::new(), is_cut_off: false };
    let mut old_in_a_row = 0;
    // From here on it isn't worth asking the remote for what is behind a cut.
    let mut is_old = false;
    // What is behind a cut at an old commit is older, and would have been among the old ones in a row.
    let mut is_cut_at_old = false;
    for id in walk.by_ref().take(MAX_COMMITS) {
        let commit = past.repository.find_commit(id?)?;
        read.commits.push(commit.id());
        let is_cut = past.hides_behind(commit.id());
        if commit.time().seconds() < oldest {
            is_cut_at_old |= is_cut;
            old_in_a_row += 1;
        } else {
            old_in_a_row = 0;
            read.is_cut_off |= is_cut && !is_old;
        }
        is_old |= old_in_a_row == OLD_IN_A_ROW;
        let record = record(&commit, us);
        if let Some(trailers) = &record.trailers {
            read.found.insert(trailers.request_id.clone(), record);
        }
        if is_old && read.commits.len() >= MIN_COMMITS {
            break;
        }
    }
    read.is_cut_off = (read.is_cut_off || (is_cut_at_old && !is_old)) && read.commits.len() < MAX_COMMITS;
    read.met = walk.met;
    Ok(read)
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

#[cfg(test)]
mod tests;
