//! A bot whose handler does what the test says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Once},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::SecretString;
use tiphys::{
    adapters::telegram::{Handler, Incoming, Limits, Options, RunError, Settled, Telegram},
    domain::{
        actor::{ChatId, PersonId},
        answer::{Answer, Applied, Failure, FailureKind, RolloutReport},
        catalogue::{Environment, ObjectName, Site, Workload},
        command::Mutation,
        language::Language,
        name::{ApplicationName, EnvironmentName, ImageName, RepoPath, Revision},
        rollout::Stage,
    },
    sandbox::telegram::{self as world, Chat, Hub, TelegramServer, User},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::buttons;

pub(crate) const TOKEN: &str = "700000001:AAF-sandbox_token_0123456789abcdefghi";
pub(crate) const GROUP: i64 = -1001;
pub(crate) const OTHER: i64 = -1002;
pub(crate) const FORUM: i64 = -1003;
pub(crate) const BASIC: i64 = -77;
pub(crate) const ANNA: i64 = 1001;
pub(crate) const BORIS: i64 = 1002;
/// Long enough for the slowest machine; nothing waits for it unless it fails.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn install_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

pub(crate) async fn server() -> (TelegramServer, Hub) {
    install_provider();
    let options = world::Options::new(TOKEN)
        .chat(Chat::supergroup(GROUP, "Команда"))
        .chat(Chat::supergroup(OTHER, "Other"))
        .chat(Chat::forum(FORUM, "Forum", [7]))
        .chat(Chat::group(BASIC, "Basic"))
        .user(User::person(ANNA, "Анна"))
        .user(User::person(BORIS, "Борис"));
    let server = TelegramServer::start(options).await.unwrap();
    let hub = server.hub();
    (server, hub)
}

/// Limits that are never in the way.
pub(crate) fn no_limits() -> Limits {
    Limits {
        burst: 100_000,
        per_message: Duration::from_nanos(1),
        group_per_minute: 1_000_000,
        per_second: 1_000_000,
        progress_every: Duration::from_millis(50),
    }
}

pub(crate) fn options(server: &TelegramServer) -> Options {
    let mut options = Options::new(SecretString::from(TOKEN));
    options.api_url = server.url().parse().unwrap();
    options.chats =
        [GROUP, OTHER, FORUM, BASIC].into_iter().map(|chat| (ChatId(chat), Language::En)).collect::<BTreeMap<_, _>>();
    options.private_chats = [PersonId(ANNA)].into();
    options.limits = no_limits();
    options
}

/// What a test may hold back and let go.
pub(crate) struct Probe {
    seen: watch::Sender<Vec<Incoming>>,
    gate: watch::Sender<bool>,
}

#[async_trait]
impl Handler for Probe {
    /// `/wait` waits for the gate, `/notyet` too and then isn't settled, `/panic` fails; all others are answered at
    /// once, most with an echo.
    async fn handle(&self, incoming: Incoming) -> Settled {
        self.seen.send_modify(|seen| seen.push(incoming.clone()));
        let word = incoming.text.split_whitespace().next().unwrap_or_default().to_owned();
        match word.as_str() {
            "/panic" => panic!("as asked for"),
            "/quiet" => return Settled::Done,
            "/wait" | "/notyet" => {
                self.gate.subscribe().wait_for(|open| *open).await.unwrap();
            }
            _ => {}
        }
        if word == "/notyet" {
            return Settled::NotYet;
        }
        let answer = buttons::answer(&word).unwrap_or_else(|| said(&format!("echo {}", incoming.text)));
        match incoming.replier.post(&answer).await {
            Ok(_) => Settled::Done,
            Err(_) => Settled::NotYet,
        }
    }
}

pub(crate) struct Bot {
    pub(crate) telegram: Arc<Telegram>,
    pub(crate) probe: Arc<Probe>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Bot {
    pub(crate) fn start(options: Options) -> Self {
        let telegram = Arc::new(Telegram::new(options).unwrap());
        let probe = Arc::new(Probe { seen: watch::Sender::default(), gate: watch::Sender::new(false) });
        let stop = CancellationToken::new();
        let handler: Arc<dyn Handler> = Arc::<Probe>::clone(&probe);
        let task = tokio::spawn({
            let (telegram, stop) = (Arc::clone(&telegram), stop.clone());
            async move { telegram.run(handler, stop).await }
        });
        Self { telegram, probe, stop, task }
    }

    pub(crate) fn open_gate(&self) {
        self.probe.gate.send_replace(true);
    }

    /// Waits until the handler has been given so many commands.
    pub(crate) async fn seen(&self, count: usize) -> Vec<Incoming> {
        let mut seen = self.probe.seen.subscribe();
        let enough = seen.wait_for(|seen| seen.len() >= count);
        let result = tokio::time::timeout(SOON, enough).await.map(|seen| seen.unwrap().clone());
        result.unwrap_or_else(|_| panic!("only {:?}", self.texts()))
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.probe.seen.borrow().iter().map(|incoming| incoming.text.clone()).collect()
    }

    /// Ends like a process that gets SIGTERM.
    pub(crate) async fn finish(self) -> Result<(), RunError> {
        self.stop.cancel();
        self.ended().await
    }

    pub(crate) async fn ended(self) -> Result<(), RunError> {
        tokio::time::timeout(SOON, self.task).await.unwrap().unwrap()
    }

    /// Ends like a process that gets SIGKILL.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits until the bot has answered so many times in a chat; the texts.
pub(crate) async fn answers(hub: &Hub, chat: i64, count: usize) -> Vec<String> {
    let look = |hub: &Hub| {
        let texts: Vec<String> = hub.answers(chat).into_iter().map(|message| message.text).collect();
        (texts.len() >= count).then_some(texts)
    };
    match hub.until(SOON, look).await {
        Ok(texts) => texts,
        Err(error) => panic!("{error}: {:?}", hub.answers(chat)),
    }
}

pub(crate) async fn all_confirmed(hub: &Hub) {
    hub.until(SOON, |hub| (hub.unconfirmed() == 0).then_some(())).await.unwrap();
}

/// A last answer that holds this text.
pub(crate) fn said(text: &str) -> Answer {
    Answer::Failed(Failure { detail: text.to_owned(), kind: FailureKind::Internal, applied: Applied::No })
}

/// An answer that isn't the last one, different for each count.
pub(crate) fn progress(ready: u32) -> Answer {
    rollout(Stage::Progressing { ready, desired: 999, trouble: Vec::new() })
}

pub(crate) fn live(ready: u32) -> Answer {
    rollout(Stage::Live { ready, desired: ready, superseded_by: None })
}

fn rollout(stage: Stage) -> Answer {
    let application = ApplicationName::new("oil").unwrap();
    let image = ImageName::new("registry.example.org/team/oil").unwrap();
    let environment = Environment {
        name: EnvironmentName::new("prod").unwrap(),
        repository: Default::default(),
        path: RepoPath::new("apps/oil").unwrap(),
        workload: Workload { namespace: "oil".into(), name: "oil".into() },
        argocd: ObjectName { namespace: "argocd".into(), name: "oil".into() },
        manifests: Default::default(),
        max_replicas: 20,
    };
    Answer::Rollout(RolloutReport {
        site: Site { application, image, environment },
        mutation: Mutation::SetReplicas(3),
        from: None,
        to: "3".into(),
        revision: Revision::new("0123456789abcdef0123456789abcdef01234567").unwrap(),
        url: None,
        stage,
        elapsed: Duration::from_secs(1),
        delivered_before: false,
        unchecked: None,
        shared: None,
    })
}
