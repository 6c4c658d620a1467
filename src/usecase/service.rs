//! The one way through the house: authorise, then plan, publish and follow a mutation, or answer a question.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{
    courtesy::Courtesy,
    follow::{FollowSettings, Followed},
    mutation::Change,
    order::{Order, Turn},
    publish::PublishSettings,
    repositories::{Repositories, RepositoryPort},
    request::{Handling, Input, Request, Settled},
};
use crate::{
    domain::{
        actor::Actor,
        answer::{Answer, Refusal},
        catalogue::{Catalogue, RepositoryBranch, Site},
        command::{Command, Mutation, Operation, Query},
        mask::Mask,
        name::{ReplyAddress, RequestId, Revision},
        policy::{Denial, Policy},
        review::{self, ReviewChange, ReviewRules},
    },
    grammar::{self, Parsed},
    ports::{Clock, Cluster, Nodes, Pods, Registry, ReplyError},
};

/// The world outside, as the service needs it.
#[derive(Clone)]
pub struct Ports {
    /// The branches of manifests repositories, by the names that environments have for them.
    pub repositories: BTreeMap<RepositoryBranch, RepositoryPort>,
    /// The registry; without one, tags are not looked up.
    pub registry: Option<Arc<dyn Registry>>,
    /// The cluster; without one, commits are not followed.
    pub cluster: Option<Arc<dyn Cluster>>,
    /// The same cluster's pods.
    pub pods: Option<Arc<dyn Pods>>,
    /// The same cluster's nodes.
    pub nodes: Option<Arc<dyn Nodes>>,
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
    /// Those that have review environments.
    pub reviews: Vec<ReviewRules>,
    /// How rollouts are followed.
    pub follow: FollowSettings,
    /// How commits are published.
    pub publish: PublishSettings,
    /// What is taken out of logs before they are shown.
    pub mask: Mask,
}

/// The use cases, shared by every front. Cheap to clone.
#[derive(Clone)]
pub struct Service(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) registry: Option<Arc<dyn Registry>>,
    pub(super) cluster: Option<Arc<dyn Cluster>>,
    pub(super) pods: Option<Arc<dyn Pods>>,
    pub(super) nodes: Option<Arc<dyn Nodes>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: ServiceSettings,
    pub(super) repositories: Repositories,
    /// The answers that strangers got.
    courtesy: Mutex<Courtesy>,
    /// The commits that are followed now, so that a second delivery doesn't edit the same message twice.
    pub(super) following: Mutex<HashMap<Revision, Followed>>,
    order: Arc<Order>,
    /// Nodes are changed one after the other, each on what the one before has left.
    pub(super) node_turn: tokio::sync::Mutex<()>,
    /// Where the answers to requests stand that are not settled: a second delivery goes on in the same message.
    pub(super) posted: Mutex<HashMap<RequestId, ReplyAddress>>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// What is to be done with a request.
enum Course {
    NotOurs,
    Stopping,
    Answer(Box<Answer>),
    Deny(Denial),
    Query(Query, Option<Actor>),
    Operation { actor: Actor, operation: Operation },
    Mutation { actor: Actor, site: Box<Site>, mutation: Mutation, turn: Turn },
}

impl Service {
    /// Starts a writer for each branch and makes the use cases ready.
    ///
    /// # Panics
    /// When an environment of the catalogue is on a branch that isn't among the ports.
    #[must_use]
    pub fn start(ports: Ports, settings: ServiceSettings) -> Self {
        let stop = CancellationToken::new();
        let Ports { repositories, registry, cluster, pods, nodes, clock } = ports;
        let repositories =
            Repositories::start(repositories, &clock, &settings.catalogue, &settings.reviews, settings.publish, &stop);
        Self(Arc::new(Inner {
            registry,
            cluster,
            pods,
            nodes,
            clock,
            settings,
            repositories,
            courtesy: Mutex::default(),
            following: Mutex::default(),
            order: Arc::default(),
            node_turn: tokio::sync::Mutex::default(),
            posted: Mutex::default(),
            tasks: TaskTracker::new(),
            stop,
        }))
    }

    /// The applications of the configuration.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.settings.catalogue
    }

    /// Handles one request until its command is settled.
    ///
    /// A mutation takes its place among those for the same site in the call itself, not when the future is first
    /// polled: who calls in the order of the events gets the commits in that order.
    pub fn handle(&self, request: Request) -> impl Future<Output = Handling> + Send + use<> {
        let course = self.admit(&request);
        let service = self.clone();
        async move {
            match course {
                Course::NotOurs => Handling::NotOurs,
                Course::Stopping => Handling::Unsettled,
                Course::Answer(answer) => service.answer(&request, *answer).await,
                Course::Deny(denial) => {
                    service.answer_stranger(&request, Answer::Refused(Refusal::Denied(denial))).await
                }
                Course::Query(query @ (Query::WhoAmI | Query::Start), None) => {
                    let answer = service.query(query, &request.sender, request.place, None).await;
                    service.answer_stranger(&request, answer).await
                }
                Course::Query(query, actor) => {
                    let answer = service.query(query, &request.sender, request.place, actor).await;
                    service.answer(&request, answer).await
                }
                Course::Operation { actor, operation } => {
                    let answer = service.operate(&request, &actor, &operation).await;
                    service.answer(&request, answer).await
                }
                Course::Mutation { actor, site, mutation, turn } => {
                    service.mutate(Change { request, site: *site, mutation }, actor, turn).await
                }
            }
        }
    }

    /// Parses and authorises.
    fn admit(&self, request: &Request) -> Course {
        let parsed = match &request.input {
            Input::Text { text, bot } => grammar::parse(text, bot.as_deref()),
            Input::Words(words) => Parsed::Ours(grammar::parse_words(words)),
            Input::Command(command) => Parsed::Ours(Ok(Command::clone(command))),
        };
        let Parsed::Ours(parsed) = parsed else { return Course::NotOurs };
        if self.0.stop.is_cancelled() {
            return Course::Stopping;
        }
        let refused = |refusal| Course::Answer(Box::new(Answer::Refused(refusal)));
        let actor = match self.0.settings.policy.authorise(&request.sender, request.place, parsed.as_ref().ok()) {
            Ok(actor) => actor,
            Err(denial) => {
                warn!(request_id = %request.id, sender = ?request.sender, place = ?request.place, %denial, "refused");
                return Course::Deny(denial);
            }
        };
        let account = actor.as_ref().map(|actor| actor.account.as_str());
        let command = match parsed {
            Ok(command) => command,
            Err(error) => {
                info!(request_id = %request.id, account, fault = ?error.fault, "not understood");
                return refused(Refusal::Grammar(error));
            }
        };
        info!(request_id = %request.id, account, ?command, "command");
        match (command, actor) {
            (Command::Query(query), actor) => Course::Query(query, actor),
            (Command::Operation(operation), Some(actor)) => Course::Operation { actor, operation },
            (Command::Mutation(target, mutation), Some(actor)) => match self.0.settings.catalogue.site(&target) {
                Ok(site) => {
                    let turn = self.0.order.take(site.label());
                    Course::Mutation { actor, site: Box::new(site), mutation, turn }
                }
                Err(error) => refused(Refusal::Target(error)),
            },
            (Command::Review(command), Some(actor)) => {
                match review::rules_of(&self.0.settings.reviews, command.application.as_deref()) {
                    Ok(rules) => {
                        let site = rules.site(&command.name);
                        let mutation = match command.change {
                            ReviewChange::Create(tag) => Mutation::Deploy(tag),
                            ReviewChange::Remove => Mutation::Remove,
                        };
                        let turn = self.0.order.take(site.label());
                        Course::Mutation { actor, site: Box::new(site), mutation, turn }
                    }
                    Err(error) => refused(Refusal::Target(error)),
                }
            }
            // The policy lets nobody change anything without a name.
            (Command::Mutation(..) | Command::Review(_) | Command::Operation(_), None) => {
                Course::Deny(Denial::Anonymous)
            }
        }
    }

    /// Shows the only answer of a request.
    pub(super) async fn answer(&self, request: &Request, answer: Answer) -> Handling {
        let shown = request.replier.post(&answer).await.map(drop);
        self.settled(request, shown, Settled { answer, rollout: None })
    }

    /// Shows the only answer to somebody who isn't let in; too many of them are settled without.
    async fn answer_stranger(&self, request: &Request, answer: Answer) -> Handling {
        if self.0.courtesy.lock().is_ok_and(|mut courtesy| courtesy.allows(request.place, Instant::now())) {
            return self.answer(request, answer).await;
        }
        info!(request_id = %request.id, "left without an answer: a stranger who asks too often");
        Handling::Settled(Box::new(Settled { answer, rollout: None }))
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
