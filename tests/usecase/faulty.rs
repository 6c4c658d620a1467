//! A repository between the publisher and the real one, in which things go wrong on demand.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tiphys::{
    adapters::git::GitRepository,
    domain::{
        commit::CommitRecord,
        name::{RequestId, Revision},
        snapshot::Snapshot,
    },
    ports::{ManifestRepository, NewCommit, RepositoryError},
};
use tokio::sync::Semaphore;

/// What befalls a push.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Somebody else's commit comes first, really.
    Race,
    /// It arrives, and the answer gets lost.
    UnclearApplied,
    /// It doesn't arrive, and nobody can tell.
    UnclearLost,
    /// As `UnclearApplied`; after that the remote is away.
    UnclearAway,
    /// The server can't lock the branch and takes that for a race.
    Locked,
    Refused,
    Authentication,
    Mirror,
    /// The program itself is at fault.
    Panic,
}

pub(crate) struct Faulty {
    inner: GitRepository,
    remote: PathBuf,
    pub(crate) faults: Mutex<VecDeque<Fault>>,
    /// A push with this in a commit's message is refused.
    pub(crate) forbidden: Mutex<Option<&'static str>>,
    /// How many commits each push had.
    pub(crate) pushes: Mutex<Vec<usize>>,
    pub(crate) fetches: AtomicUsize,
    pub(crate) away: AtomicBool,
    /// The remote takes every connection and doesn't answer.
    pub(crate) silent: AtomicBool,
    /// Pushes wait for a permit, when there is a gate.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

impl Faulty {
    pub(crate) fn new(inner: GitRepository, remote: PathBuf) -> Self {
        Self {
            inner,
            remote,
            faults: Mutex::default(),
            forbidden: Mutex::default(),
            pushes: Mutex::default(),
            fetches: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            gate: Mutex::default(),
        }
    }

    pub(crate) fn befall(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    pub(crate) fn pushes(&self) -> Vec<usize> {
        self.pushes.lock().unwrap().clone()
    }

    /// Holds pushes back until permits are added.
    pub(crate) fn hold(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Somebody else's commit on the branch; it changes no file.
    pub(crate) fn somebody_pushes(&self) {
        let git = |args: &[&str]| super::world::git(&self.remote, &self.remote, args);
        let new = git(&["commit-tree", "-p", "main", "-m", "race", "main^{tree}"]);
        git(&["update-ref", "refs/heads/main", &new]);
    }

    async fn reach(&self) -> Result<(), RepositoryError> {
        while self.silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        match self.away.load(Ordering::SeqCst) {
            true => Err(RepositoryError::Unreachable("connection refused".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ManifestRepository for Faulty {
    async fn fetch(&self) -> Result<Revision, RepositoryError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.reach().await?;
        self.inner.fetch().await
    }

    fn known_head(&self) -> Option<Revision> {
        self.inner.known_head()
    }

    async fn snapshot(&self, at: &Revision) -> Result<Arc<dyn Snapshot>, RepositoryError> {
        self.inner.snapshot(at).await
    }

    async fn push(&self, base: &Revision, commits: Vec<NewCommit>) -> Result<Vec<Revision>, RepositoryError> {
        self.pushes.lock().unwrap().push(commits.len());
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        self.reach().await?;
        let forbidden =
            self.forbidden.lock().unwrap().is_some_and(|word| commits.iter().any(|c| c.message.contains(word)));
        if forbidden {
            return Err(RepositoryError::Refused("pre-receive hook declined".into()));
        }
        let fault = self.faults.lock().unwrap().pop_front();
        let unclear = || RepositoryError::Unclear("connection reset".into());
        match fault {
            None => self.inner.push(base, commits).await,
            Some(Fault::Race) => {
                self.somebody_pushes();
                self.inner.push(base, commits).await
            }
            Some(fault @ (Fault::UnclearApplied | Fault::UnclearAway)) => {
                self.inner.push(base, commits).await?;
                self.away.store(matches!(fault, Fault::UnclearAway), Ordering::SeqCst);
                Err(unclear())
            }
            Some(Fault::UnclearLost) => Err(unclear()),
            Some(Fault::Locked) => Err(RepositoryError::LostRace),
            Some(Fault::Refused) => Err(RepositoryError::Refused("protected branch".into())),
            Some(Fault::Authentication) => Err(RepositoryError::Authentication("401".into())),
            Some(Fault::Panic) => panic!("a fault of the program"),
            Some(Fault::Mirror) => Err(RepositoryError::Mirror("no space left".into())),
        }
    }

    async fn find_requests(&self, ids: &[RequestId]) -> Result<Vec<Option<CommitRecord>>, RepositoryError> {
        self.inner.find_requests(ids).await
    }

    async fn log(&self, limit: usize) -> Result<Vec<CommitRecord>, RepositoryError> {
        self.inner.log(limit).await
    }

    async fn contains(&self, ancestor: &Revision, descendant: &Revision) -> Result<bool, RepositoryError> {
        self.inner.contains(ancestor, descendant).await
    }
}
