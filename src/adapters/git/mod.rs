//! The manifests repository: one branch of one remote, through a bare mirror on disk.
//!
//! Everything that matters is decided by the remote: a push is a compare-and-swap of the branch, and the mirror is a
//! cache that is built again when it is missing or damaged. Disk work runs on blocking threads; readers (snapshot, log,
//! search) take no lock and never wait for the network unless the mirror has to be built again.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use git2::{Oid, Repository};
use jiff::Timestamp;

use self::{
    history::{History, oid, revision},
    mirror::{Fault, Mirror, MirrorError},
    objects::{Committer, NewObjects, ObjectError},
    settings::RemoteUrl,
    signature::Signer,
    snapshot::GitSnapshot,
    transport::{Transport, Update, Want, blocking},
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
mod verdict;
mod wire;

pub use mirror::check_mirror;
pub use settings::{Settings, SettingsError, SigningSettings, TokenSource};
pub use signature::check_signing_key;
pub use transport::{check_known_hosts, find_program};

/// A manifests repository behind git's own protocols.
#[derive(Debug)]
pub struct GitRepository {
    mirror: Arc<Mirror>,
    transport: Transport,
    committer: Committer,
    /// The branch's head as of the last fetch or push of this process.
    head: Mutex<Option<Oid>>,
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
            head: Mutex::new(None),
            history: Arc::default(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    fn head(&self) -> Option<Oid> {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_head(&self, head: Oid) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }

    /// Fetches; a mirror that turns out to be damaged is built again once.
    async fn fetch_in_turn(&self) -> Result<Oid, RepositoryError> {
        let mut rebuilt = false;
        loop {
            match self.fetch_once().await {
                Ok(head) => {
                    self.set_head(head);
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
        let haves = blocking(move || -> Result<_, MirrorError> {
            let repository = mirror.ensure()?;
            match mirror.head_of(&repository)? {
                Some(head) => history::landmarks(&repository, head),
                None => Ok(Vec::new()),
            }
        });
        let haves = haves.await?;
        let head = self.transport.fetch(Want::all(Arc::clone(&self.mirror), haves)).await?.head;
        let mirror = Arc::clone(&self.mirror);
        blocking(move || mirror.adopt(&mirror.open()?, head)).await?;
        Ok(head)
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
        let fault = match attempt(self.head()).await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        if let MirrorError::Unusable(_) = fault {
            return Err(self.mirror.error(fault));
        }
        let _turn = self.turn.lock().await;
        // Another task may have mended it while this one waited for its turn.
        match attempt(self.head()).await {
            Ok(value) => return Ok(value),
            Err(MirrorError::Damaged(_)) => self.mirror.mark_damaged(),
            Err(_) => {}
        }
        let head = self.fetch_in_turn().await?;
        attempt(Some(head)).await.map_err(|error| self.mirror.error(error))
    }

    /// Makes the commits in the mirror; `None` when the base isn't there.
    async fn make(&self, base: Oid, commits: &Arc<Vec<NewCommit>>) -> Result<Option<NewObjects>, ObjectError> {
        let (mirror, committer, commits) = (Arc::clone(&self.mirror), self.committer.clone(), Arc::clone(commits));
        blocking(move || {
            let repository = mirror.open().map_err(ObjectError::Mirror)?;
            if repository.find_commit(base).is_err() {
                return Ok(None);
            }
            committer.make(&repository, base, &commits).map(Some)
        })
        .await
    }

    /// As [`Self::make`], but a mirror that is gone, damaged or behind is brought up to date first.
    async fn make_surely(&self, base: Oid, commits: &Arc<Vec<NewCommit>>) -> Result<NewObjects, RepositoryError> {
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

#[async_trait]
impl ManifestRepository for GitRepository {
    async fn fetch(&self) -> Result<Revision, RepositoryError> {
        let _turn = self.turn.lock().await;
        self.fetch_in_turn().await.map(revision)
    }

    fn known_head(&self) -> Option<Revision> {
        self.head().map(revision)
    }

    async fn snapshot(&self, at: &Revision) -> Result<Arc<dyn Snapshot>, RepositoryError> {
        let commit = oid(at);
        let open = async || {
            let mirror = Arc::clone(&self.mirror);
            self.read(move |repository, _| {
                if repository.find_commit(commit).is_err() {
                    return Ok(None);
                }
                Ok(Some(GitSnapshot::new(repository, commit, Arc::clone(&mirror))?))
            })
            .await
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
        let _turn = self.turn.lock().await;
        let old = oid(base);
        let commits = Arc::new(commits);
        let mut mended = false;
        let (made, new) = loop {
            let made = self.make_surely(old, &commits).await?;
            let new = *made.commits.last().unwrap_or(&old);
            let update = Update { mirror: Arc::clone(&self.mirror), old, new, objects: made.all.clone() };
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
        self.set_head(new);
        // The remote has it: whatever happens to the mirror now is the next fetch's business.
        let mirror = Arc::clone(&self.mirror);
        if let Err(error) = blocking(move || mirror.adopt(&mirror.open()?, new)).await {
            tracing::warn!(error = %self.mirror.error(error), "the mirror doesn't follow the push");
        }
        Ok(made.commits.into_iter().map(revision).collect())
    }

    async fn find_requests(&self, ids: &[RequestId]) -> Result<Vec<Option<CommitRecord>>, RepositoryError> {
        let (history, ids, us) = (Arc::clone(&self.history), ids.to_vec(), self.committer.clone());
        self.read(move |repository, head| {
            let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Timestamp::now();
            ids.iter().map(|id| history.find(&repository, head, id, &us, now)).collect()
        })
        .await
    }

    async fn log(&self, limit: usize) -> Result<Vec<CommitRecord>, RepositoryError> {
        let us = self.committer.clone();
        self.read(move |repository, head| history::log(&repository, head, limit, &us)).await
    }

    async fn contains(&self, ancestor: &Revision, descendant: &Revision) -> Result<bool, RepositoryError> {
        let (ancestor, descendant) = (oid(ancestor), oid(descendant));
        self.read(move |repository, _| {
            if repository.find_commit(ancestor).is_err() || repository.find_commit(descendant).is_err() {
                return Ok(false);
            }
            Ok(ancestor == descendant || repository.graph_descendant_of(descendant, ancestor)?)
        })
        .await
    }
}
