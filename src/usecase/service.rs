//! The one way through the house: authorise, then plan, publish and follow a mutation, or answer a question.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{
    follow::FollowSettings,
    publish::{PublishSettings, Publisher},
    request::{Handling, Input, Request, Settled},
};
use crate::{
    domain::{
        actor::Actor,
        answer::{Answer, Refusal},
        catalogue::Catalogue,
        command::Command,
        name::Revision,
        policy::Policy,
    },
    grammar::{self, Parsed},
    ports::{Clock, Cluster, ManifestRepository, Registry, ReplyError},
};

/// The world outside, as the service needs it.
#[derive(Clone)]
pub struct Ports {
    /// The manifests repository.
    pub repository: Arc<dyn ManifestRepository>,
    /// The registry; without one, tags are not looked up.
    pub registry: Option<Arc<dyn Registry>>,
    /// The cluster; without one, commits are not followed.
    pub cluster: Option<Arc<dyn Cluster>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// What the configuration says to the service.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// Who may do what.
    pub policy: Policy,
    /// The applications.
    pub catalogue: Catalogue,
    /// The forge's page of the manifests repository, for links to commits.
    pub web_url: Option<String>,
    /// How rollouts are followed.
    pub follow: FollowSettings,
    /// How commits are published.
    pub publish: PublishSettings,
}

/// The use cases, shared by every front. Cheap to clone.
#[derive(Clone)]
pub struct Service(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) ports: Ports,
    pub(super) settings: ServiceSettings,
    pub(super) publisher: Publisher,
    /// The commits that are followed now, so that a second delivery doesn't edit the same message twice.
    pub(super) following: Mutex<HashSet<Revision>>,
    /// The last look at revisions that Argo CD named: whether each has another one in its history. Never changes.
    pub(super) ancestry: Mutex<HashMap<(Revision, Revision), bool>>,
    /// The first fetch of this process: after it the requests of an earlier process can be found.
    pub(super) first_fetch: OnceCell<()>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Service {
    /// Starts the publisher and makes the use cases ready.
    #[must_use]
    pub fn start(ports: Ports, settings: ServiceSettings) -> Self {
        let publisher = Publisher::start(ports.repository.clone(), ports.clock.clone(), settings.publish);
        Self(Arc::new(Inner {
            ports,
            settings,
            publisher,
            following: Mutex::default(),
            ancestry: Mutex::default(),
            first_fetch: OnceCell::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// The applications of the configuration.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.settings.catalogue
    }

    /// Handles one request until its command is settled.
    pub async fn handle(&self, request: Request) -> Handling {
        let parsed = match &request.input {
            Input::Text { text, bot } => grammar::parse(text, bot.as_deref()),
            Input::Words(words) => Parsed::Ours(grammar::parse_words(words)),
        };
        let Parsed::Ours(parsed) = parsed else { return Handling::NotOurs };
        if self.0.stop.is_cancelled() {
            return Handling::Unsettled;
        }
        let authorised = self.0.settings.policy.authorise(&request.sender, request.place, parsed.as_ref().ok());
        let actor = match authorised {
            Ok(actor) => actor,
            Err(denial) => {
                warn!(request_id = %request.id, sender = ?request.sender, place = ?request.place, %denial, "refused");
                return self.answer(&request, Answer::Refused(Refusal::Denied(denial))).await;
            }
        };
        let account = actor.as_ref().map(|actor| actor.account.as_str());
        match parsed {
            Err(error) => {
                info!(request_id = %request.id, account, fault = ?error.fault, "not understood");
                self.answer(&request, Answer::Refused(Refusal::Grammar(error))).await
            }
            Ok(command) => {
                info!(request_id = %request.id, account, ?command, "command");
                self.carry_out(&request, actor, command).await
            }
        }
    }

    async fn carry_out(&self, request: &Request, actor: Option<Actor>, command: Command) -> Handling {
        match (command, actor) {
            (Command::Query(query), actor) => {
                let answer = self.query(query, &request.sender, request.place, actor).await;
                self.answer(request, answer).await
            }
            (Command::Mutation(target, mutation), Some(actor)) => match self.0.settings.catalogue.site(&target) {
                Ok(site) => self.mutate(request, actor, site, mutation).await,
                Err(error) => self.answer(request, Answer::Refused(Refusal::Target(error))).await,
            },
            // The policy lets nobody change anything without a name.
            (Command::Mutation(..), None) => {
                let denial = crate::domain::policy::Denial::Anonymous;
                self.answer(request, Answer::Refused(Refusal::Denied(denial))).await
            }
        }
    }

    /// Shows the only answer of a request.
    pub(super) async fn answer(&self, request: &Request, answer: Answer) -> Handling {
        let shown = request.replier.post(&answer).await.map(drop);
        self.settled(request, shown, Settled { answer, rollout: None })
    }

    /// A command is settled once its answer was shown, or can't ever be.
    pub(super) fn settled(&self, request: &Request, shown: Result<(), ReplyError>, settled: Settled) -> Handling {
        match shown {
            Ok(()) => Handling::Settled(Box::new(settled)),
            Err(error @ ReplyError::Rejected(_)) => {
                warn!(request_id = %request.id, %error, "nobody can be told");
                Handling::Settled(Box::new(settled))
            }
            Err(error @ ReplyError::Unavailable(_)) => {
                warn!(request_id = %request.id, %error, "not settled");
                Handling::Unsettled
            }
        }
    }

    /// Fetches once in the life of the process, before the first answer that depends on what is there already.
    pub(super) async fn first_fetch(&self) {
        let fetched = self.0.first_fetch.get_or_try_init(|| async { self.0.ports.repository.fetch().await.map(drop) });
        if let Err(error) = fetched.await {
            warn!(%error, "the manifests repository could not be fetched");
        }
    }

    /// Stops taking commands, lets what is being published finish within `grace`, and gives up following.
    ///
    /// A rollout that is still under way is found again in the log by the next process.
    pub async fn shut_down(&self, grace: Duration) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(grace, self.0.tasks.wait()).await.is_err() {
            warn!(tasks = self.0.tasks.len(), "stopping with tasks under way");
        }
    }

    /// Waits until every rollout that is followed has ended.
    pub async fn idle(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
    }
}
