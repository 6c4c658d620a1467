//! The reading commands: every source is asked at the same time, and one that is down spoils only its own part.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::service::Service;
use crate::{
    domain::{
        actor::{Actor, Place, Sender},
        answer::{Answer, ContainersReport, LastChange, LiveState, Refusal, StatusReport, TagReport},
        catalogue::{Site, Target},
        command::Query,
        commit::CommitRecord,
        name::{ImageName, Revision, Tag},
        observation::Observation,
        plan::{self, Desired},
        rollout::{has_image, running_tag},
        version::{newest, newest_first},
    },
    ports::{ManifestRepository, RegistryError, TagDetails},
    usecase::check::registry_refusal,
};

/// How many tags `/showcontainers` shows.
const SHOWN_TAGS: usize = 10;

/// How far back the last change of a site is looked for.
const LOOK_BACK: usize = 2_000;

/// How many questions the cluster and the registry are asked at once.
const AT_ONCE: usize = 16;

/// How long an answer waits for the cluster and the registry; what isn't known by then is said to be so.
const DEADLINE: Duration = Duration::from_secs(15);

/// The manifests at one moment.
struct Manifests {
    head: Revision,
    desired: Vec<Result<Desired, String>>,
    log: Vec<CommitRecord>,
}

impl Service {
    /// Answers a question.
    pub(super) async fn query(&self, query: Query, sender: &Sender, place: Place, actor: Option<Actor>) -> Answer {
        match query {
            Query::Apps => Answer::Apps(self.0.settings.catalogue.clone()),
            Query::Help(command) => Answer::Help(command),
            Query::Start => Answer::Start { known: actor.is_some() },
            Query::WhoAmI => Answer::WhoAmI { sender: sender.clone(), place, known_as: actor.map(|actor| actor.name) },
            Query::Status(target) => self.status(&target).await,
            Query::ShowContainers(target) => self.containers(&target).await,
        }
    }

    async fn status(&self, target: &Target) -> Answer {
        let sites = match self.0.settings.catalogue.sites(target) {
            Ok(sites) => sites,
            Err(error) => return Answer::Refused(Refusal::Question(error)),
        };
        let (manifests, observations, newest) =
            tokio::join!(self.manifests(&sites), self.observe(&sites), self.newest_tags(&sites));
        let reports = sites.into_iter().zip(observations).enumerate().map(|(index, (site, observation))| {
            let head = manifests.as_ref().ok().map(|manifests| manifests.head.clone());
            StatusReport {
                desired: match &manifests {
                    Ok(manifests) => manifests.desired[index].clone(),
                    Err(error) => Err(error.clone()),
                },
                live: observation.map(|observation| live(&site, observation, head)),
                newest: newest.get(&site.image).cloned().unwrap_or(Ok(None)),
                last_change: match &manifests {
                    Ok(manifests) => Ok(self.last_change(&site, &manifests.log)),
                    Err(error) => Err(error.clone()),
                },
                site,
            }
        });
        Answer::Status(reports.collect())
    }

    async fn containers(&self, target: &Target) -> Answer {
        let catalogue = &self.0.settings.catalogue;
        let (application, sites) = match (catalogue.application(target), catalogue.sites(target)) {
            (Ok(application), Ok(sites)) => (application, sites),
            (Err(error), _) | (_, Err(error)) => return Answer::Refused(Refusal::Question(error)),
        };
        let sites: Vec<_> = sites.into_iter().filter(|site| site.application == application.name).collect();
        let Some(registry) = &self.0.ports.registry else {
            return Answer::Refused(Refusal::RegistryDown { detail: "no registry is configured".to_owned() });
        };
        let listing = async {
            let mut tags = registry.tags(&application.image).await?;
            newest_first(&mut tags);
            let shown = tags.iter().take(SHOWN_TAGS);
            let details = join_all(shown.map(|tag| registry.tag(&application.image, tag))).await;
            Ok::<_, RegistryError>((tags, details))
        };
        let (manifests, observations, listing) = tokio::join!(self.manifests(&sites), self.observe(&sites), listing);
        let (tags, details) = match listing {
            Ok(listing) => listing,
            Err(error) => return Answer::Refused(registry_refusal(&application.image, &error)),
        };
        let wanted: Vec<Option<String>> = match &manifests {
            Ok(manifests) => {
                manifests.desired.iter().map(|desired| desired.as_ref().ok().and_then(|d| d.tag.clone())).collect()
            }
            Err(_) => vec![None; sites.len()],
        };
        let running: Vec<Option<String>> =
            sites.iter().zip(observations).map(|(site, observation)| live(site, observation.ok()?, None).tag).collect();
        let names_where = |values: &[Option<String>], tag: &Tag| {
            sites
                .iter()
                .zip(values)
                .filter(|(_, value)| value.as_deref() == Some(tag.as_str()))
                .map(|(site, _)| site.environment.name.to_string())
                .collect::<Vec<_>>()
        };
        let now = self.0.ports.clock.now();
        let shown = tags.iter().zip(details).map(|(tag, details)| {
            // A tag without details is still a tag: what isn't known is left out.
            let TagDetails { created_at, size, .. } = details.ok().flatten().unwrap_or_default();
            TagReport {
                tag: tag.to_string(),
                age: created_at.map(|at| age(now, at)),
                size,
                wanted_in: names_where(&wanted, tag),
                running_in: names_where(&running, tag),
            }
        });
        Answer::Containers(ContainersReport {
            application: application.name.clone(),
            image: application.image.clone(),
            tags: shown.collect(),
            total: tags.len(),
            deploy_to: match sites.as_slice() {
                [only] => Some(only.label()),
                _ => None,
            },
        })
    }

    /// Looks at every site, at a few at once.
    async fn observe(&self, sites: &[Site]) -> Vec<Result<Observation, String>> {
        let Some(cluster) = &self.0.ports.cluster else {
            return vec![Err("no cluster is configured".to_owned()); sites.len()];
        };
        let mut looks = Vec::with_capacity(sites.len());
        for site in sites {
            looks.push(cluster.observe(&site.environment));
        }
        in_time(looks).await.into_iter().map(|look| look?.map_err(|error| error.to_string())).collect()
    }

    async fn manifests(&self, sites: &[Site]) -> Result<Manifests, String> {
        let repository: &dyn ManifestRepository = self.0.ports.repository.as_ref();
        let text = |error: crate::ports::RepositoryError| error.to_string();
        let head = repository.fetch().await.map_err(text)?;
        let snapshot = repository.snapshot(&head).await.map_err(text)?;
        let wanted = sites.to_vec();
        // Snapshots read from the disk.
        let reading = tokio::task::spawn_blocking(move || {
            let desired = |site| plan::desired(&*snapshot, site).map_err(|error| error.to_string());
            wanted.iter().map(desired).collect()
        });
        let desired = reading.await.map_err(|_| "reading the manifests broke off".to_owned())?;
        Ok(Manifests { desired, log: repository.log(LOOK_BACK).await.map_err(text)?, head })
    }

    /// The newest tag of each image; an image that several sites share is asked for once.
    async fn newest_tags(&self, sites: &[Site]) -> HashMap<ImageName, Result<Option<String>, String>> {
        let Some(registry) = &self.0.ports.registry else { return HashMap::new() };
        let mut images: Vec<_> = sites.iter().map(|site| site.image.clone()).collect();
        images.sort();
        images.dedup();
        let mut lists = Vec::with_capacity(images.len());
        for image in &images {
            lists.push(registry.tags(image));
        }
        let lists = in_time(lists).await;
        let newest = lists.into_iter().map(|tags| match tags? {
            Ok(tags) => Ok(newest(&tags).map(Tag::to_string)),
            Err(RegistryError::UnknownImage(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        });
        images.iter().cloned().zip(newest).collect()
    }

    fn last_change(&self, site: &Site, log: &[CommitRecord]) -> Option<LastChange> {
        let (record, trailers) = log.iter().find_map(|record| {
            let trailers = record.trailers.as_ref()?;
            let here = trailers.application == site.application.as_str()
                && trailers.environment == site.environment.name.as_str();
            here.then_some((record, trailers))
        })?;
        Some(LastChange {
            revision: record.revision.clone(),
            url: self.commit_url(&record.revision),
            subject: record.subject.clone(),
            by: trailers.requested_by.clone(),
            at: record.committed_at,
            age: age(self.0.ports.clock.now(), record.committed_at),
        })
    }
}

/// Asks a few questions at once and returns the answers in order; those that aren't there in time are errors.
async fn in_time<T>(questions: Vec<impl Future<Output = T>>) -> Vec<Result<T, String>> {
    let over = Instant::now() + DEADLINE;
    let mut waiting = Vec::with_capacity(questions.len());
    for question in questions {
        waiting.push(timeout_at(over, question));
    }
    let answers: Vec<_> = stream::iter(waiting).buffered(AT_ONCE).collect().await;
    let late = || format!("no answer within {} s", DEADLINE.as_secs());
    answers.into_iter().map(|answer| answer.map_err(|_| late())).collect()
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

fn age(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
