//! The bot as it is in production, from a line of a chat to the settled command; registry, cluster and chat are left out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tiphys::{
    adapters::git::{GitRepository, Settings},
    domain::{
        actor::{ChatId, Person, PersonId, Place, Sender},
        answer::Answer,
        catalogue::{Catalogue, RepositoryBranch},
        commit::CommitRecord,
        mask::Mask,
        name::{ReplyAddress, RequestId, Revision},
        policy::Policy,
        snapshot::Snapshot,
    },
    ports::{Clock, ManifestRepository, NewCommit, Replier, ReplyError, RepositoryError},
    usecase::{
        FollowSettings, Handling, Input, Ports, PublishSettings, RepositoryPort, Request, Service, ServiceSettings,
    },
};
use tokio::runtime::Runtime;

use crate::seed;

/// The bot with its mirror.
pub(crate) struct Bot {
    runtime: Runtime,
    service: Service,
    repository: Arc<Timed>,
    requests: usize,
}

impl Bot {
    /// Starts it as `tiphys serve` does, and has it carry out one command, so that it is warm.
    pub(crate) fn start(settings: Settings, catalogue: Catalogue) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let repository =
            Arc::new(Timed { inner: GitRepository::new(settings).expect("valid"), spent: Mutex::default() });
        let port = RepositoryPort {
            repository: Arc::clone(&repository) as Arc<dyn ManifestRepository>,
            label: "manifests".to_owned(),
            web_url: None,
        };
        let ports = Ports {
            repositories: BTreeMap::from([(RepositoryBranch::default(), port)]),
            registry: None,
            cluster: None,
            pods: None,
            nodes: None,
            clock: Arc::new(SystemClock),
        };
        let anna = Person {
            id: PersonId(1),
            name: "Анна Иванова".into(),
            email: "anna@example.org".into(),
            rights: [].into(),
            gitlab: None,
        };
        let settings = ServiceSettings {
            reviews: vec![],
            policy: Policy { people: vec![anna], chats: vec![ChatId(-100)], private_chats: false },
            catalogue,
            follow: FollowSettings::default(),
            publish: PublishSettings::default(),
            mask: Mask::default(),
        };
        let service = runtime.block_on(async { Service::start(ports, settings) });
        let mut bot = Self { runtime, service, repository, requests: 0 };
        bot.deploy(0, "warm");
        bot
    }

    /// Deploys one tag to one application; how long the command took, and what of it the repository.
    pub(crate) fn deploy(&mut self, application: usize, tag: &str) -> (Duration, Spent) {
        self.deploy_all(application..application + 1, tag)
    }

    /// Deploys one tag to many applications at once; how long the last one took.
    pub(crate) fn deploy_all(&mut self, applications: std::ops::Range<usize>, tag: &str) -> (Duration, Spent) {
        let service = self.service.clone();
        let requests: Vec<Request> = applications
            .map(|number| {
                self.requests += 1;
                request(self.requests, format!("/deploy {}/prod {tag}", seed::name(number)))
            })
            .collect();
        self.repository.spent.lock().expect("not poisoned").clone_from(&Spent::default());
        let begin = Instant::now();
        let outcomes = self.runtime.block_on(async {
            let handlings: Vec<_> = requests.into_iter().map(|request| tokio::spawn(service.handle(request))).collect();
            futures_util::future::join_all(handlings).await
        });
        let time = begin.elapsed();
        for outcome in outcomes {
            match outcome.expect("no panic") {
                Handling::Settled(settled) if matches!(settled.answer, Answer::Rollout(_)) => {}
                other => panic!("not published: {other:?}"),
            }
        }
        (time, self.repository.spent.lock().expect("not poisoned").clone())
    }
}

fn request(number: usize, text: String) -> Request {
    Request {
        id: RequestId::new(format!("telegram/-100/{number}")).expect("valid"),
        sender: Sender::Account { id: PersonId(1), shown_name: "anna".into() },
        place: Place::Group(ChatId(-100)),
        input: Input::Text { text, bot: None },
        replier: Arc::new(Chat(number)),
        force: false,
    }
}

/// How long the calls of the repository took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spent {
    pub(crate) fetch: Duration,
    pub(crate) find: Duration,
    pub(crate) snapshot: Duration,
    pub(crate) push: Duration,
    /// How many commits went out with each push.
    pub(crate) pushes: Vec<usize>,
}

/// The adapter with a stop watch.
struct Timed {
    inner: GitRepository,
    spent: Mutex<Spent>,
}

impl Timed {
    async fn timed<T>(&self, work: impl Future<Output = T>, note: impl FnOnce(&mut Spent, Duration)) -> T {
        let begin = Instant::now();
        let outcome = work.await;
        note(&mut self.spent.lock().expect("not poisoned"), begin.elapsed());
        outcome
    }
}

#[async_trait]
impl ManifestRepository for Timed {
    async fn fetch(&self) -> Result<Revision, RepositoryError> {
        self.timed(self.inner.fetch(), |spent, time| spent.fetch += time).await
    }

    fn known_head(&self) -> Option<Revision> {
        self.inner.known_head()
    }

    async fn snapshot(&self, at: &Revision) -> Result<Arc<dyn Snapshot>, RepositoryError> {
        self.timed(self.inner.snapshot(at), |spent, time| spent.snapshot += time).await
    }

    async fn push(&self, base: &Revision, commits: Vec<NewCommit>) -> Result<Vec<Revision>, RepositoryError> {
        let count = commits.len();
        let note = |spent: &mut Spent, time| {
            spent.push += time;
            spent.pushes.push(count);
        };
        self.timed(self.inner.push(base, commits), note).await
    }

    async fn find_requests(&self, ids: &[RequestId]) -> Result<Vec<Option<CommitRecord>>, RepositoryError> {
        self.timed(self.inner.find_requests(ids), |spent, time| spent.find += time).await
    }

    async fn log(&self, limit: usize) -> Result<Vec<CommitRecord>, RepositoryError> {
        self.inner.log(limit).await
    }

    async fn contains(&self, ancestor: &Revision, descendant: &Revision) -> Result<bool, RepositoryError> {
        self.inner.contains(ancestor, descendant).await
    }
}

/// A chat that shows everything at once.
struct Chat(usize);

#[async_trait]
impl Replier for Chat {
    async fn post(&self, _: &Answer) -> Result<Option<ReplyAddress>, ReplyError> {
        Ok(Some(ReplyAddress::new(format!("telegram/-100/{}", self.0)).expect("valid")))
    }

    async fn replace(&self, _: Option<&ReplyAddress>, _: &Answer) -> Result<(), ReplyError> {
        Ok(())
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
