//! `/showcontainers`: the tags of an application's image, a page at a time. The list comes first; details are asked only
//! for the page, and git and the cluster at the same time as the registry.

use std::{ops::Range, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::{
    query::{DEADLINE, Manifests, age},
    service::Service,
};
use crate::{
    domain::{
        actor::Place,
        answer::{Answer, Refusal},
        catalogue::{Application, Site, Target},
        command::{CommandName, PageAsked},
        containers::{AbsentTag, ContainersReport, PlaceReport, TagPage, TagReport, mark_same_images, page, page_of},
        name::{ImageName, Tag},
        node::Page,
        observation::{Observation, WorkloadState},
        registry_fault::{RegistryFault, RegistrySilence},
        rollout::{has_image, running_tag},
        unread::Unread,
        version::newest_first,
    },
    grammar::table::spec,
    ports::{Registry, RegistryError, TagDetails},
};

/// How long the list waits for git in a chat: without it the marks are missing, and that is said.
const FOR_GIT: Duration = Duration::from_secs(5);

/// A tag and when it was pushed.
type Listed = (Tag, Option<Timestamp>);

/// What the registry tells of one tag, or why not.
type Details = Result<Option<TagDetails>, RegistryFault>;

/// The registry, asked about one image until a moment: its questions follow one another, and all of them have to be
/// answered by then.
struct Asked<'a> {
    registry: &'a dyn Registry,
    image: &'a ImageName,
    over: Instant,
    rows: PageAsked,
}

/// The list, and what was asked of it.
struct Listing {
    all: Vec<Listed>,
    is_cut: bool,
    rows: Range<usize>,
    page: Option<Page>,
    /// Of the rows, in their order; none where the whole list was asked for.
    details: Vec<Details>,
}

impl Service {
    /// The tags of an application's image.
    pub(super) async fn containers(&self, target: &Target, asked: PageAsked, place: Place) -> Answer {
        let catalogue = &self.0.settings.catalogue;
        let question = |error| Answer::Refused(Refusal::Question(error));
        let application = match catalogue.application(target) {
            Ok(application) => application,
            Err(error) => return question(error),
        };
        let chosen = match target.environment.as_ref().map(|_| catalogue.site(target)).transpose() {
            Ok(chosen) => chosen,
            Err(error) => return question(error),
        };
        let sites = sites(application);
        let image = &application.image;
        let Some(registry) = self.0.registry.as_deref() else {
            let fault = RegistryFault { server: None, reason: RegistrySilence::NotConfigured };
            return Answer::Refused(Refusal::RegistryDown { image: image.clone(), fault });
        };
        let registry = Asked { registry, image, over: Instant::now() + DEADLINE, rows: asked };
        let label = chosen.as_ref().map_or_else(|| application.name.to_string(), Site::label);
        let listing = async {
            let tags = match registry.within(registry.registry.list(image)).await {
                Ok(Ok(tags)) => tags,
                Ok(Err(RegistryError::Silent(reason))) | Err(reason) => return Ok(Err(registry.fault(reason))),
                Ok(Err(RegistryError::UnknownImage(image))) => {
                    let server = registry.registry.server();
                    return Err(Answer::Refused(Refusal::NoImage { image, server, change: false }));
                }
            };
            let is_cut = tags.is_cut;
            let all = newest_first(tags.tags.into_iter().map(|listed| (listed.tag, listed.published_at)).collect());
            let (rows, page) = rows(all.len(), asked).map_err(|last| no_page(&label, asked, last))?;
            let details = registry.details(&all[rows.clone()]).await;
            Ok(Ok(Listing { all, is_cut, rows, page, details }))
        };
        let git = async { Ok(self.manifests(&sites, place, FOR_GIT).await) };
        let cluster = async { Ok(self.observe(&sites).await) };
        // A page that isn't there needs no answer from git.
        let (listing, manifests, observations) = match tokio::try_join!(listing, git, cluster) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let known = sites.iter().zip(manifests).zip(observations);
        let mut places: Vec<PlaceReport> =
            known.map(|((site, manifests), observation)| place_report(site, manifests, observation)).collect();
        let (tags, absent) = match listing {
            Ok(listing) => {
                let (listing, absent) = registry.complete(listing, &places).await;
                note_pages(&mut places, &listing.all);
                (Ok(tag_page(listing, &places, self.0.clock.now())), absent)
            }
            Err(silence) => (Err(silence), Vec::new()),
        };
        let only = match sites.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        Answer::Containers(Box::new(ContainersReport {
            application: application.name.clone(),
            environment: target.environment.clone(),
            image: image.clone(),
            tags,
            places,
            absent,
            deploy_to: chosen.as_ref().or(only).map(Site::label),
            may_deploy: self.0.settings.policy.offers_changes(place),
        }))
    }
}

fn sites(application: &Application) -> Vec<Site> {
    let site = |environment: &_| Site {
        application: application.name.clone(),
        image: application.image.clone(),
        environment: Clone::clone(environment),
    };
    application.environments.iter().map(site).collect()
}

fn place_report(
    site: &Site,
    manifests: Result<Manifests, Unread>,
    observation: Result<Observation, Unread>,
) -> PlaceReport {
    let workload = observation.map(|observation| observation.workload);
    let other_image = |workload: &WorkloadState| !has_image(&workload.images, &site.image);
    PlaceReport {
        environment: site.environment.name.to_string(),
        wanted: manifests.and_then(|manifests| manifests.desired).map(|desired| desired.tag),
        other_image: workload.iter().flatten().any(other_image),
        running: workload.and_then(|workload| workload.map_or(Ok(Vec::new()), |workload| serving(site, &workload))),
        wanted_on: None,
    }
}

/// The tags of the application's image that ready pods have. Where the templates of the pods can't be read, the
/// Deployment's counts tell as long as there is only one possibility.
fn serving(site: &Site, workload: &WorkloadState) -> Result<Vec<String>, Unread> {
    let newest = || vec![workload.images.clone()];
    let templates = match &workload.serving {
        Some(serving) => serving.clone(),
        None if workload.ready == 0 => Vec::new(),
        None if workload.observed && workload.old() == 0 => newest(),
        None => return Err("the ReplicaSets can't be read: which versions run isn't known".into()),
    };
    // The template's own version first, whatever the order of the ReplicaSets.
    let (new, old): (Vec<_>, Vec<_>) = templates.into_iter().partition(|images| *images == workload.images);
    let mut tags: Vec<String> = Vec::new();
    for images in new.iter().chain(&old) {
        let tag = running_tag(images, &site.image).map(str::to_owned);
        tags.extend(tag.filter(|tag| !tags.contains(tag)));
    }
    Ok(tags)
}

fn rows(total: usize, asked: PageAsked) -> Result<(Range<usize>, Option<Page>), u32> {
    match asked {
        PageAsked::All => Ok((0..total, None)),
        PageAsked::Number(number) => page(total, number),
    }
}

fn no_page(label: &str, asked: PageAsked, last: u32) -> Answer {
    let page = match asked {
        PageAsked::Number(number) => number,
        PageAsked::All => 1,
    };
    let command = format!("/{} {label} {last}", spec(CommandName::ShowContainers).word);
    Answer::Refused(Refusal::NoPage { page, last, command })
}

impl Asked<'_> {
    /// The details of some rows. For a whole list they aren't asked: that would be one question or more for each tag.
    async fn details(&self, rows: &[Listed]) -> Vec<Details> {
        if self.rows == PageAsked::All || rows.is_empty() {
            return Vec::new();
        }
        let tags: Vec<Tag> = rows.iter().map(|(tag, _)| tag.clone()).collect();
        match self.within(self.registry.details(self.image, &tags)).await {
            Ok(told) => told.into_iter().map(|one| one.map_err(|error| self.fault(silence(error)))).collect(),
            Err(late) => vec![Err(self.fault(late)); tags.len()],
        }
    }

    /// Asks for those tags that git wants or the cluster runs and the list doesn't have: the list may be a little old, and
    /// not as long as the registry's. What is there after all becomes part of the list.
    async fn complete(&self, mut listing: Listing, places: &[PlaceReport]) -> (Listing, Vec<AbsentTag>) {
        let listed = |text: &String| listing.all.iter().any(|(tag, _)| tag.as_str() == text);
        let missing: Vec<String> = PlaceReport::tags(places).into_iter().filter(|text| !listed(text)).collect();
        let late =
            |details: &Details| matches!(details, Err(fault) if matches!(fault.reason, RegistrySilence::Late { .. }));
        let answers = match !listing.details.is_empty() && listing.details.iter().all(late) {
            // It just let a whole page of such questions run out of time: a second wait would tell no more.
            true => vec![None; missing.len()],
            false => join_all(missing.iter().map(|text| self.has(text))).await,
        };
        let (mut absent, mut newer) = (Vec::new(), Vec::new());
        for (text, answer) in missing.into_iter().zip(answers) {
            match answer {
                Some(Some(tag)) => newer.push((tag, None)),
                answer => absent.push(AbsentTag {
                    wanted_in: PlaceReport::wanting(places, &text),
                    running_in: PlaceReport::running(places, &text),
                    confirmed: answer.is_some(),
                    tag: text,
                }),
            }
        }
        if !newer.is_empty() {
            listing.all.extend(newer);
            listing.all = newest_first(listing.all);
            // There are more than before, so the page is still there.
            if let Ok((rows, page)) = rows(listing.all.len(), self.rows) {
                listing.details = self.details(&listing.all[rows.clone()]).await;
                (listing.rows, listing.page) = (rows, page);
            }
        }
        (listing, absent)
    }

    /// The tag if the registry has it, `None` within when it says that it hasn't; `None` when it doesn't answer.
    async fn has(&self, text: &str) -> Option<Option<Tag>> {
        // What can't be a tag isn't one of the registry's.
        let Ok(tag) = Tag::new(text) else { return Some(None) };
        match self.within(self.registry.tag(self.image, &tag)).await {
            Ok(Ok(found)) => Some(found.map(|_| tag)),
            Ok(Err(RegistryError::UnknownImage(_))) => Some(None),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn within<T>(&self, question: impl Future<Output = T>) -> Result<T, RegistrySilence> {
        timeout_at(self.over, question).await.map_err(|_| RegistrySilence::Late { after: DEADLINE })
    }

    fn fault(&self, reason: RegistrySilence) -> RegistryFault {
        RegistryFault { server: Some(self.registry.server()), reason }
    }
}

fn note_pages(places: &mut [PlaceReport], all: &[Listed]) {
    for place in places {
        let Ok(Some(wanted)) = &place.wanted else { continue };
        place.wanted_on = all.iter().position(|(tag, _)| tag.as_str() == wanted).map(page_of);
    }
}

fn tag_page(listing: Listing, places: &[PlaceReport], now: Timestamp) -> TagPage {
    let Listing { all, is_cut, rows, page, details } = listing;
    let incomplete = details.iter().find_map(|details| details.as_ref().err().cloned());
    let mut details = details.into_iter();
    let mut tags: Vec<TagReport> = all[rows]
        .iter()
        .map(|(tag, published_at)| {
            let told = details.next();
            let gone = matches!(told, Some(Ok(None)));
            // A tag without details is still a tag: what isn't known is left out.
            let TagDetails { digest, created_at, size } = told.and_then(Result::ok).flatten().unwrap_or_default();
            TagReport {
                tag: tag.to_string(),
                age: published_at.or(created_at).map(|at| age(now, at)),
                size,
                digest,
                same_as: None,
                gone,
                wanted_in: PlaceReport::wanting(places, tag.as_str()),
                running_in: PlaceReport::running(places, tag.as_str()),
            }
        })
        .collect();
    mark_same_images(&mut tags);
    TagPage { tags, total: all.len(), is_cut, page, incomplete }
}

/// Why there are no details; an image that was there a moment ago and isn't any more is an odd answer.
fn silence(error: RegistryError) -> RegistrySilence {
    match error {
        RegistryError::Silent(reason) => reason,
        gone @ RegistryError::UnknownImage(_) => RegistrySilence::Unusable { detail: gone.to_string() },
    }
}
