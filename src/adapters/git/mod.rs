//! The manifests repository: one branch of one remote, through a bare mirror on disk.
//!
//! Everything that matters is decided by the remote: a push is a compare-and-swap of the branch, and the mirror is a
//! cache that is built again when it is missing or damaged. Commits are made in memory, and are written to it only when the
//! remote has them. Disk work runs on blocking threads; readers (snapshot, log, search) take no lock and never wait for the
//! network unless the mirror has to be built again, or they need more of the history than it has.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use git2::{Oid, Repository};
use jiff::Timestamp;
use tokio::sync::{MutexGuard, RwLock};

use self::{
    history::{History, Past, Seen, oid, revision},
    mirror::{Fault, Generation, Mirror, MirrorError, shallow},
    objects::{Committer, NewObjects, ObjectError},
    settings::RemoteUrl,
    signature::Signer,
    snapshot::GitSnapshot,
    transport::{Cut, Fetched, Transport, Update, Want, blocking},
};
use crate::{
    domain::{
        commit::CommitRecord,
        name::{RequestId, Revision},
        snapshot::Snapshot,
    },
    ports::{ManifestRepository, NewCommit, RepositoryError},
};

mod history;
mod key;
mod mirror;
mod objects;
mod settings;
mod signature;
mod snapshot;
mod transport;
mod tree;
mod verdict;
mod wire;
mod words;

pub use mirror::check_mirror;
pub use settings::{Settings, SettingsError, SigningSettings, TokenSource};
pub use signature::check_signing_key;
pub use transport::{check_known_hosts, find_program};

/// How many commits of the history the first fetch brings: as many as `/status` looks at, and in most repositories those
/// of the days in which a command is known again.
const FIRST_DEPTH: u32 = 2_000;
/// From here on the rest is got as well: what is missing is less than what is there.
const DEEPEST: u32 = 100_000;
/// How often the history is deepened for one question: each time is four times as deep as the last one.
const MOST_TRIES: u32 = 8;
/// Git's word for all of the history ("infinite depth").
const ALL: u32 = 0x7fff_ffff;

/// A manifests repository behind git's own protocols.
#[derive(Debug)]
pub struct GitRepository {
    mirror: Arc<Mirror>,
    transport: Transport,
    committer: Committer,
    /// The branch's head as of the last fetch or push of this process.
    head: Arc<Mutex<Option<Oid>>>,
    /// Held while a push that the remote has taken is written to the mirror.
    unfinished: Arc<RwLock<()>>,
    history: Arc<Mutex<History>>,
    /// One fetch or push at a time: they would only repeat each other's work.
    turn: tokio::sync::Mutex<()>,
}

impl GitRepository {
    /// Makes the repository from its settings; touches neither the network nor the disk yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the URL, the branch or the SSH settings can't work.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let url = RemoteUrl::parse(&settings.url)?;
        let reference = settings::branch_reference(&settings.branch)?;
        Ok(Self {
            mirror: Arc::new(Mirror::new(settings.mirror.clone(), url.to_string(), reference)),
            transport: Transport::new(url, &settings)?,
            committer: Committer {
                name: settings.committer_name,
                email: settings.committer_email,
                signer: settings.signing.map(|signing| Arc::new(Signer::new(&signing))),
            },
            head: Arc::default(),
            unfinished: Arc::default(),
            history: Arc::default(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    /// Waits for its turn, and until the mirror has what was pushed.
    async fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        drop(self.unfinished.read().await);
        turn
    }

    fn head(&self) -> Option<Oid> {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_head(&self, head: Option<Oid>) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    /// Fetches; a mirror that turns out to be damaged is built again once.
    async fn fetch_in_turn(&self) -> Result<Oid, RepositoryError> {
        let mut rebuilt = false;
        loop {
            match self.fetch_once().await {
                Ok(head) => {
                    self.set_head(Some(head));
                    return Ok(head);
                }
                Err(Fault::Mirror(MirrorError::Absent(_))) if !rebuilt => rebuilt = true,
                Err(Fault::Mirror(MirrorError::Damaged(reason))) if !rebuilt => {
                    tracing::warn!(reason, "the mirror is damaged");
                    self.mirror.mark_damaged();
                    rebuilt = true;
                }
                Err(Fault::Mirror(error)) => return Err(self.mirror.error(error)),
                Err(Fault::Remote(error)) => return Err(error),
            }
        }
    }

    async fn fetch_once(&self) -> Result<Oid, Fault> {
        let mirror = Arc::clone(&self.mirror);
        let prepared = blocking(move || -> Result<_, MirrorError> {
            let repository = mirror.ensure()?;
            // First of all: what is seen from here on is of this generation, or isn't adopted.
            let generation = mirror.generation()?;
            let known = mirror.head_of(&repository)?;
            let depth = if known.is_none() { NonZeroU32::new(FIRST_DEPTH) } else { None };
            let shallow = shallow::read(repository.path())?;
            Ok((generation, Want { mirror: Arc::clone(&mirror), known, depth, shallow }))
        });
        let (generation, want) = prepared.await?;
        Ok(self.fetch_into(generation, want).await?.head)
    }

    async fn fetch_into(&self, generation: Generation, want: Want) -> Result<Fetched, Fault> {
        let mirror = Arc::clone(&self.mirror);
        let fetched = self.transport.fetch(want).await?;
        let adopted = blocking(move || {
            mirror.adopt(&generation, &fetched)?;
            mirror.tidy_up();
            Ok::<_, MirrorError>(fetched)
        });
        Ok(adopted.await?)
    }

    /// Gets more of the history, unless somebody has done so since it was seen cut off there.
    async fn deepen(&self, seen: Vec<Oid>) -> Result<(), RepositoryError> {
        let _turn = self.turn().await;
        let fault = |fault| match fault {
            Fault::Remote(error) => error,
            Fault::Mirror(error) => self.mirror.error(error),
        };
        // A remote that brings no more than there was is asked for all of it.
        for at_least in [0, ALL] {
            let (mirror, seen) = (Arc::clone(&self.mirror), seen.clone());
            let prepared = blocking(move || -> Result<_, MirrorError> {
                let repository = mirror.open()?;
                let generation = mirror.generation()?;
                let (cut, known) = (shallow::read(repository.path())?, mirror.head_of(&repository)?);
                let Some(head) = known.filter(|_| mirror.more(&cut) == seen) else { return Ok(None) };
                let commits = history::depth(Past { repository: &repository, cut: &cut, more: &[] }, head)?;
                let commits = u32::try_from(commits).unwrap_or(ALL);
                let want = Want { mirror: Arc::clone(&mirror), known, depth: None, shallow: cut };
                Ok(Some((commits, generation, want)))
            });
            let (commits, generation, mut want) = match prepared.await {
                Ok(Some(prepared)) => prepared,
                // Whoever reads next mends it.
                Ok(None) | Err(MirrorError::Absent(_)) => return Ok(()),
                Err(error) => return Err(self.mirror.error(error)),
            };
            let depth = commits.max(FIRST_DEPTH).saturating_mul(4);
            let depth = if depth > DEEPEST { ALL } else { depth.max(at_least) };
            tracing::info!(commits, depth, "more of the history is needed");
            want.depth = NonZeroU32::new(depth);
            let fetched = self.fetch_into(generation, want).await.map_err(fault)?;
            self.set_head(Some(fetched.head));
        }
        let mirror = Arc::clone(&self.mirror);
        let noted = blocking(move || mirror.is_at_the_bottom(&mirror.open()?));
        noted.await.map_err(|error| self.mirror.error(error))
    }

    /// As [`Self::read`], with as much of the history as it takes.
    async fn read_back<T: Send + 'static>(
        &self,
        work: impl Fn(Past<'_>, Oid) -> Result<Seen<T>, MirrorError> + Send + Sync + 'static,
    ) -> Result<T, RepositoryError> {
        let work = Arc::new(work);
        for _ in 0..MOST_TRIES {
            let (mirror, work) = (Arc::clone(&self.mirror), Arc::clone(&work));
            let read = self.read(move |repository, head| {
                let cut = shallow::read(repository.path())?;
                let more = mirror.more(&cut);
                Ok((work(Past { repository: &repository, cut: &cut, more: &more }, head)?, more))
            });
            match read.await? {
                (Seen::All(value), _) => return Ok(value),
                (Seen::CutOff(_), more) => self.deepen(more).await?,
            }
        }
        Err(self.mirror.error(MirrorError::Unusable("its history stays cut off".to_owned())))
    }

    /// Reads from the mirror as of the last fetch; where there was none yet, or the mirror is gone or damaged, it
    /// fetches first.
    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(Repository, Oid) -> Result<T, MirrorError> + Send + Sync + 'static,
    ) -> Result<T, RepositoryError> {
        let work = Arc::new(work);
        let attempt = async |head: Option<Oid>| {
            let (mirror, work) = (Arc::clone(&self.mirror), Arc::clone(&work));
            blocking(move || match head {
                Some(head) => work(mirror.open()?, head),
                None => Err(MirrorError::Absent("nothing was fetched yet".to_owned())),
            })
            .await
        };
        drop(self.unfinished.read().await);
        let fault = match attempt(self.head()).await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        if let MirrorError::Unusable(_) = fault {
            return Err(self.mirror.error(fault));
        }
        let _turn = self.turn().await;
        // Another task may have mended it while this one waited for its turn.
        match attempt(self.head()).await {
            Ok(value) => return Ok(value),
            Err(MirrorError::Damaged(_)) => self.mirror.mark_damaged(),
            Err(_) => {}
        }
        let head = self.fetch_in_turn().await?;
        attempt(Some(head)).await.map_err(|error| self.mirror.error(error))
    }

    /// Makes the commits in memory; `None` when the mirror doesn't have the base.
    async fn make(&self, base: Oid, commits: &Arc<Vec<NewCommit>>) -> Result<Option<Made>, ObjectError> {
        let (mirror, committer, commits) = (Arc::clone(&self.mirror), self.committer.clone(), Arc::clone(commits));
        blocking(move || {
            let repository = mirror.open()?;
            let generation = mirror.generation()?;
            if repository.find_commit(base).is_err() {
                return Ok(None);
            }
            Ok(Some(Made { objects: Arc::new(committer.make(&repository, base, &commits)?), generation }))
        })
        .await
    }

    /// As [`Self::make`], but a mirror that is gone, damaged or behind is brought up to date first.
    async fn make_surely(&self, base: Oid, commits: &Arc<Vec<NewCommit>>) -> Result<Made, RepositoryError> {
        match self.make(base, commits).await {
            Ok(Some(made)) => return Ok(made),
            Ok(None) | Err(ObjectError::Mirror(MirrorError::Absent(_))) => {}
            Err(ObjectError::Mirror(MirrorError::Damaged(_))) => self.mirror.mark_damaged(),
            Err(error) => return Err(self.object_error(error)),
        }
        self.fetch_in_turn().await?;
        match self.make(base, commits).await {
            Ok(Some(made)) => Ok(made),
            Ok(None) => Err(self.mirror.error(MirrorError::Unusable(format!("it has no commit {base}")))),
            Err(error) => Err(self.object_error(error)),
        }
    }

    fn object_error(&self, error: ObjectError) -> RepositoryError {
        match error {
            ObjectError::Unfit(text) => RepositoryError::Refused(text),
            ObjectError::Mirror(error) => self.mirror.error(error),
            ObjectError::Signing(text) => RepositoryError::Signing(text),
        }
    }
}

/// Commits that are to be pushed.
struct Made {
    objects: Arc<NewObjects>,
    /// The mirror that has what they build on.
    generation: Generation,
}

#[async_trait]
impl ManifestRepository for GitRepository {
    async fn fetch(&self) -> Result<Revision, RepositoryError> {
        let _turn = self.turn().await;
        self.fetch_in_turn().await.map(revision)
    }

    fn known_head(&self) -> Option<Revision> {
        self.head().map(revision)
    }

    async fn snapshot(&self, at: &Revision) -> Result<Arc<dyn Snapshot>, RepositoryError> {
        let commit = oid(at);
        drop(self.unfinished.read().await);
        // It needs no head: what is there can be read even while nothing more can be fetched.
        let mirror = Arc::clone(&self.mirror);
        if let Ok(Some(snapshot)) = blocking(move || GitSnapshot::open(mirror.open()?, commit, &mirror)).await {
            return Ok(Arc::new(snapshot));
        }
        let open = async || {
            let mirror = Arc::clone(&self.mirror);
            self.read(move |repository, _| GitSnapshot::open(repository, commit, &mirror)).await
        };
        if let Some(snapshot) = open().await? {
            return Ok(Arc::new(snapshot));
        }
        self.fetch().await?;
        match open().await? {
            Some(snapshot) => Ok(Arc::new(snapshot)),
            None => Err(self.mirror.error(MirrorError::Unusable(format!("it has no commit {at}")))),
        }
    }

    async fn push(&self, base: &Revision, commits: Vec<NewCommit>) -> Result<Vec<Revision>, RepositoryError> {
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let _turn = self.turn().await;
        let old = oid(base);
        let commits = Arc::new(commits);
        let mut mended = false;
        let (made, new) = loop {
            let made = self.make_surely(old, &commits).await?;
            let new = *made.objects.commits.last().unwrap_or(&old);
            let objects = Arc::clone(&made.objects);
            let update = Update { mirror: Arc::clone(&self.mirror), old, new, objects };
            match self.transport.push(update).await {
                Ok(()) => break (made, new),
                // Nothing was sent: what was to be sent could not be read.
                Err(RepositoryError::Mirror(error)) if self.mirror.is_damaged() && !mended => {
                    tracing::warn!(error, "the mirror is damaged");
                    mended = true;
                }
                Err(error) => return Err(error),
            }
        };
        // The remote has it: whatever happens to the mirror now is the next fetch's business, and only who reads next waits.
        let revisions = made.objects.commits.iter().copied().map(revision).collect();
        let unfinished = Arc::clone(&self.unfinished).write_owned().await;
        self.set_head(Some(new));
        let (mirror, head, objects) = (Arc::clone(&self.mirror), Arc::clone(&self.head), Arc::clone(&made.objects));
        tokio::task::spawn_blocking(move || {
            let fetched = Fetched { head: new, cut: Cut::default() };
            if let Err(error) = mirror.keep(&objects).and_then(|()| mirror.adopt(&made.generation, &fetched)) {
                tracing::warn!(error = %mirror.error(error), "the mirror doesn't follow the push");
                *head.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            mirror.tidy_up();
            drop(unfinished);
        });
        Ok(revisions)
    }

    async fn find_requests(&self, ids: &[RequestId]) -> Result<Vec<Option<CommitRecord>>, RepositoryError> {
        let (history, ids, us) = (Arc::clone(&self.history), ids.to_vec(), self.committer.clone());
        self.read_back(move |past, head| {
            let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
            history.find(past, head, &ids, &us, Timestamp::now())
        })
        .await
    }

    async fn log(&self, limit: usize) -> Result<Vec<CommitRecord>, RepositoryError> {
        let us = self.committer.clone();
        self.read_back(move |past, head| history::log(past, head, limit, &us)).await
    }

    async fn contains(&self, ancestor: &Revision, descendant: &Revision) -> Result<bool, RepositoryError> {
        let (ancestor, descendant) = (oid(ancestor), oid(descendant));
        self.read_back(move |past, _| history::contains(past, ancestor, descendant)).await
    }
}
