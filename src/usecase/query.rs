//! The reading commands: every source is asked at the same time, and one that is down spoils only its own part.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{repositories::Branch, service::Service};
use crate::{
    domain::{
        actor::{Actor, Place, Sender},
        answer::{Answer, LastChange, LiveState, Refusal, StatusReport},
        catalogue::{RepositoryBranch, Site, Target},
        command::Query,
        commit::CommitRecord,
        name::{ImageName, Revision, Tag},
        observation::Observation,
        plan::{self, Desired},
        registry_fault::{RegistryFault, RegistrySilence},
        rollout::{has_image, running_tag},
        unread::Unread,
        version::newest,
    },
    ports::RegistryError,
};

/// How far back the last change of a site is looked for.
const LOOK_BACK: usize = 2_000;

/// How many questions the cluster and the registry are asked at once.
const AT_ONCE: usize = 16;

/// How long an answer waits for each of the repositories, the cluster and the registry; what isn't known by then is said
/// to be so.
pub(super) const DEADLINE: Duration = Duration::from_secs(15);

/// What git says of a site at one moment.
pub(super) struct Manifests {
    head: Revision,
    pub(super) desired: Result<Desired, Unread>,
    last_change: Option<LastChange>,
}

impl Service {
    /// Answers a question.
    pub(super) async fn query(&self, query: Query, sender: &Sender, place: Place, actor: Option<Actor>) -> Answer {
        match query {
            Query::Apps => Answer::Apps(self.0.settings.catalogue.clone()),
            Query::Help(command) => Answer::Help(command),
            Query::Start => Answer::Start { known: actor.is_some() },
            Query::WhoAmI => Answer::WhoAmI { sender: sender.clone(), place, known_as: actor.map(|actor| actor.name) },
            Query::Status(target) => self.status(&target, place).await,
            Query::ShowContainers(target, page) => self.containers(&target, page, place).await,
            Query::GetNodes(page) => self.nodes(page, place).await,
            Query::GetPods(target) => self.pods(&target).await,
            Query::Events(target) => self.events(&target).await,
            Query::Describe(asked) => self.describe(&asked).await,
            Query::GetLogs(asked) => self.logs(&asked).await,
        }
    }

    async fn status(&self, target: &Target, place: Place) -> Answer {
        let sites = match self.0.settings.catalogue.sites(target) {
            Ok(sites) => sites,
            Err(error) => return Answer::Refused(Refusal::Question(error)),
        };
        let (manifests, observations, newest) =
            tokio::join!(self.manifests(&sites, place, DEADLINE), self.observe(&sites), self.newest_tags(&sites));
        let reports = sites.into_iter().zip(manifests).zip(observations).map(|((site, manifests), observation)| {
            let (head, desired, last_change) = match manifests {
                Ok(Manifests { head, desired, last_change }) => (Some(head), desired, Ok(last_change)),
                Err(error) => (None, Err(error.clone()), Err(error)),
            };
            StatusReport {
                desired,
                live: observation.map(|observation| live(&site, observation, head)),
                newest: newest.get(&site.image).cloned().unwrap_or(Ok(None)),
                last_change,
                site,
            }
        });
        Answer::Status(reports.collect())
    }

    /// Looks at every site, at a few at once.
    pub(super) async fn observe(&self, sites: &[Site]) -> Vec<Result<Observation, Unread>> {
        let Some(cluster) = &self.0.cluster else {
            return vec![Err(Unread::NoCluster); sites.len()];
        };
        let mut looks = Vec::with_capacity(sites.len());
        for site in sites {
            looks.push(cluster.observe(&site.environment));
        }
        in_time(looks).await.into_iter().map(|look| look?.map_err(Unread::from)).collect()
    }

    /// What git says of each site; in a chat within that time. Every branch is read by itself; one that doesn't answer is
    /// told of at its own sites.
    pub(super) async fn manifests(
        &self,
        sites: &[Site],
        place: Place,
        within: Duration,
    ) -> Vec<Result<Manifests, Unread>> {
        let mut groups: BTreeMap<&RepositoryBranch, Vec<usize>> = BTreeMap::new();
        for (index, site) in sites.iter().enumerate() {
            groups.entry(&site.environment.repository).or_default().push(index);
        }
        let mut readings = Vec::with_capacity(groups.len());
        for (key, indices) in &groups {
            let wanted: Vec<Site> = indices.iter().map(|index| sites[*index].clone()).collect();
            readings.push(self.read_in_time(self.0.repositories.at(key), wanted, place, within));
        }
        let mut found: BTreeMap<usize, Result<Manifests, Unread>> = BTreeMap::new();
        for (indices, read) in groups.into_values().zip(join_all(readings).await) {
            match read {
                Ok(manifests) => found.extend(indices.into_iter().zip(manifests.into_iter().map(Ok))),
                Err(error) => found.extend(indices.into_iter().map(|index| (index, Err(error.clone())))),
            }
        }
        found.into_values().collect()
    }

    /// The same for the sites of one branch. Whoever asks at a terminal waits for as long as the remote may take: perhaps
    /// the mirror is only being made.
    async fn read_in_time(
        &self,
        branch: &Branch,
        sites: Vec<Site>,
        place: Place,
        within: Duration,
    ) -> Result<Vec<Manifests>, Unread> {
        let reading = self.read(branch, sites);
        let read = match place {
            Place::Terminal => reading.await,
            Place::Group(_) | Place::Private(_) => {
                tokio::time::timeout(within, reading).await.unwrap_or_else(|_| Err(late(within)))
            }
        };
        read.map_err(|fault| branch.unread(fault))
    }

    async fn read(&self, branch: &Branch, sites: Vec<Site>) -> Result<Vec<Manifests>, Unread> {
        let head = branch.repository.fetch().await?;
        let snapshot = branch.repository.snapshot(&head).await?;
        // Snapshots read from the disk.
        let reading = tokio::task::spawn_blocking(move || {
            let desired = |site: &Site| plan::desired(&*snapshot, site).map_err(Unread::Manifests);
            let desired: Vec<_> = sites.iter().map(desired).collect();
            (sites, desired)
        });
        let (sites, desired) = reading.await.map_err(|_| Unread::from("reading the manifests broke off"))?;
        let log = branch.repository.log(LOOK_BACK).await?;
        let manifests = sites.iter().zip(desired).map(|(site, desired)| {
            let last_change = self.last_change(branch, site, &log);
            Manifests { head: head.clone(), desired, last_change }
        });
        Ok(manifests.collect())
    }

    /// The newest tag of each image; an image that several sites share is asked for once.
    async fn newest_tags(&self, sites: &[Site]) -> HashMap<ImageName, Result<Option<String>, Unread>> {
        let Some(registry) = &self.0.registry else { return HashMap::new() };
        let mut images: Vec<_> = sites.iter().map(|site| site.image.clone()).collect();
        images.sort();
        images.dedup();
        let mut lists = Vec::with_capacity(images.len());
        for image in &images {
            lists.push(registry.tags(image));
        }
        let fault = |reason| Unread::Registry(RegistryFault { server: Some(registry.server()), reason });
        let lists = in_time(lists).await;
        let newest = lists.into_iter().map(|tags| match tags {
            Ok(Ok(tags)) => Ok(newest(&tags).map(Tag::to_string)),
            Ok(Err(RegistryError::UnknownImage(_))) => Ok(None),
            Ok(Err(RegistryError::Silent(reason))) => Err(fault(reason)),
            Err(_) => Err(fault(RegistrySilence::Late { after: DEADLINE })),
        });
        images.iter().cloned().zip(newest).collect()
    }

    fn last_change(&self, branch: &Branch, site: &Site, log: &[CommitRecord]) -> Option<LastChange> {
        let (record, trailers) = log.iter().find_map(|record| {
            let trailers = record.trailers.as_ref()?;
            let here = trailers.application == site.application.as_str()
                && trailers.environment == site.environment.name.as_str();
            here.then_some((record, trailers))
        })?;
        Some(LastChange {
            revision: record.revision.clone(),
            url: branch.commit_url(&record.revision),
            subject: record.subject.clone(),
            by: trailers.requested_by.clone(),
            at: record.committed_at,
            age: age(self.0.clock.now(), record.committed_at),
        })
    }
}

/// Asks a few questions at once and returns the answers in order; those that aren't there in time are errors.
async fn in_time<T>(questions: Vec<impl Future<Output = T>>) -> Vec<Result<T, Unread>> {
    let over = Instant::now() + DEADLINE;
    let mut waiting = Vec::with_capacity(questions.len());
    for question in questions {
        waiting.push(timeout_at(over, question));
    }
    let answers: Vec<_> = stream::iter(waiting).buffered(AT_ONCE).collect().await;
    answers.into_iter().map(|answer| answer.map_err(|_| late(DEADLINE))).collect()
}

fn late(after: Duration) -> Unread {
    Unread::Late { after }
}

/// What runs, from one look at the cluster.
fn live(site: &Site, observation: Observation, head: Option<Revision>) -> LiveState {
    let workload_missing = observation.workload.is_none();
    let workload = observation.workload.unwrap_or_default();
    let tag = running_tag(&workload.images, &site.image).map(str::to_owned);
    let mut trouble = observation.errors;
    let ready_new = (workload.old() > 0).then(|| workload.ready_of_newest());
    trouble.extend(workload.trouble);
    LiveState {
        workload_missing,
        has_image: has_image(&workload.images, &site.image),
        tag,
        ready: workload.ready,
        ready_new,
        desired: workload.desired,
        sync: observation.sync,
        health: observation.health,
        revision: observation.revision,
        head,
        trouble,
    }
}

pub(super) fn age(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
