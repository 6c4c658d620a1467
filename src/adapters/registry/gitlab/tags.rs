//! What is asked of a registry repository: its tags, when they were published, and one of them in detail.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::{Either, join, select};
use gitlab::api::{AsyncQuery, projects::registry::RepositoryTagDetails};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    instance::{Place, Question, build},
    pages::{self, Page},
    published::{Memory, PublishedTag, Reader},
    transport::{Fault, Transport},
};
use crate::{
    adapters::registry::{MAX_TAGS, listing::Listing},
    domain::name::Tag,
    ports::{ListedTag, TagDetails},
};

/// How long times of publication are waited for when all names are there. The newest come first, and the rest the next
/// time.
const GRACE: Duration = Duration::from_secs(1);

/// All tags as they are now.
pub(super) struct AllTags;

/// All tags with the times of their publication; of what is known already as little as possible is asked.
pub(super) struct List<'a, K> {
    pub(super) memory: &'a Memory,
    pub(super) last: Option<&'a Listing<Known>>,
    /// Takes the details that come along.
    pub(super) keep: &'a K,
}

/// What is known of a list beside its tags.
#[derive(Debug, Default)]
pub(super) struct Known {
    pages: Vec<Page>,
    /// How many tags GitLab counted.
    total: Option<usize>,
    /// Whether all tags' times of publication were told.
    has_all_times: bool,
}

/// One tag in detail.
pub(super) struct OneTag<'a>(pub(super) &'a Tag);

/// A tag as asked for alone. For a multi-platform index GitLab gives neither the time nor the size.
#[derive(Debug, Deserialize)]
struct DetailedTag {
    digest: Option<String>,
    created_at: Option<String>,
    total_size: Option<u64>,
}

#[async_trait]
impl Question for AllTags {
    type Answer = Vec<Tag>;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault> {
        let first = pages::first(transport, place, &[]).await?;
        let following = pages::following(transport, place, &first, &[]).await?;
        Ok(names(&first, &following))
    }
}

#[async_trait]
impl Question for OneTag<'_> {
    type Answer = TagDetails;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault> {
        let mut endpoint = RepositoryTagDetails::builder();
        let endpoint = endpoint.project(&place.project).repository_id(place.repository).tag_name(self.0.as_str());
        let tag: DetailedTag = build(endpoint.build()).ok_or(Fault::NotFound)?.query_async(transport).await?;
        Ok(TagDetails {
            digest: tag.digest.filter(|digest| !digest.is_empty()),
            created_at: tag.created_at.and_then(|time| time.parse::<Timestamp>().ok()),
            size: tag.total_size,
        })
    }
}

#[async_trait]
impl<K: Fn(Tag, TagDetails) + Send + Sync> Question for List<'_, K> {
    type Answer = Listing<Known>;

    async fn put(&self, transport: &Transport<'_>, place: &Place) -> Result<Self::Answer, Fault> {
        let last_pages = self.last.map_or(&[][..], |last| &last.pages.pages);
        let mut reader = Reader::new(transport, self.memory, place.repository);
        let (first, newest) = join(pages::first(transport, place, last_pages), reader.page()).await;
        let first = first?;
        let mut times = PublicationTimes::new(self.last);
        let nothing_new = newest.is_some_and(|newest| self.note(newest, &mut times));
        let reach = match nothing_new {
            true => Reach::Known,
            false if reader.is_at_end() => Reach::End,
            false => Reach::Unknown,
        };
        if let (Reach::Known, Some(last)) = (reach, self.last)
            && last.pages.total.is_some()
            && last.pages.total == first.total
        {
            // Nothing was pushed since, and nothing removed.
            let known = Known { pages: last.pages.pages.clone(), ..last.pages };
            return Ok(Listing { tags: last.tags.clone(), is_cut: last.is_cut, pages: known });
        }
        let (following, reach) = {
            let paging = pin!(pages::following(transport, place, &first, last_pages));
            let reading = pin!(self.read_on(reach, &mut reader, &mut times));
            match select(paging, reading).await {
                Either::Left((following, reading)) => {
                    (Some(following?), timeout(GRACE, reading).await.unwrap_or(Reach::Unknown))
                }
                // That was all there is, with its names.
                Either::Right((Reach::End, _)) => (None, Reach::End),
                Either::Right((reach, paging)) => (Some(paging.await?), reach),
            }
        };
        let total = first.total;
        let is_paged = following.is_some();
        let (names, pages) = match following {
            Some(following) => (names(&first, &following), pages::worth_keeping(first, following)),
            None => (times.names(), last_pages.to_vec()),
        };
        let names_count = names.len();
        let tags: Vec<ListedTag> =
            names.into_iter().map(|tag| ListedTag { published_at: times.of(&tag), tag }).collect();
        // Where GitLab doesn't count them, a list that is as long as may be is taken for one that is cut.
        let is_cut = is_paged && total.unwrap_or(names_count + usize::from(names_count >= MAX_TAGS)) > MAX_TAGS;
        let has_all_times = matches!(reach, Reach::End | Reach::Known);
        Ok(Listing { tags, is_cut, pages: Known { pages, total, has_all_times } })
    }
}

impl<K: Fn(Tag, TagDetails) + Send + Sync> List<'_, K> {
    /// Reads the times of publication that aren't known yet.
    async fn read_on(&self, reach: Reach, reader: &mut Reader<'_>, times: &mut PublicationTimes) -> Reach {
        if !matches!(reach, Reach::Unknown) {
            return reach;
        }
        while let Some(page) = reader.page().await {
            if self.note(page, times) {
                return Reach::Known;
            }
        }
        if reader.is_at_end() { Reach::End } else { Reach::Unknown }
    }

    /// Notes a page; whether everything behind it is known, because all of it was known before. Whatever was pushed since
    /// stands further ahead.
    fn note(&self, page: Vec<PublishedTag>, times: &mut PublicationTimes) -> bool {
        let mut is_known = self.last.is_some_and(|last| last.pages.has_all_times);
        for PublishedTag { tag, published_at, details } in page {
            is_known &= times.known.get(&tag).copied() == published_at;
            if details.digest.is_some() {
                (self.keep)(tag.clone(), details);
            }
            times.told.insert(tag, published_at);
        }
        is_known
    }
}

/// How far times of publication are known.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// All of them were read.
    End,
    /// What wasn't read is as it was.
    Known,
    /// Some are missing.
    Unknown,
}

/// Times of publication, as told now and as known before.
struct PublicationTimes {
    told: HashMap<Tag, Option<Timestamp>>,
    known: HashMap<Tag, Timestamp>,
}

impl PublicationTimes {
    fn new(last: Option<&Listing<Known>>) -> Self {
        let tags = last.into_iter().flat_map(|last| &last.tags);
        let known = tags.filter_map(|listed| Some((listed.tag.clone(), listed.published_at?))).collect();
        Self { told: HashMap::new(), known }
    }

    fn of(&self, tag: &Tag) -> Option<Timestamp> {
        // When nothing is told any more, what was told before may have changed.
        let known = || if self.told.is_empty() { None } else { self.known.get(tag).copied() };
        self.told.get(tag).copied().unwrap_or_else(known)
    }

    /// The tags that were told, in the order in which GitLab lists them otherwise.
    fn names(&self) -> Vec<Tag> {
        let mut names: Vec<Tag> = self.told.keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

/// The tags of all pages. One that was pushed or removed meanwhile moves others from page to page: each counts once.
fn names(first: &Page, following: &[Page]) -> Vec<Tag> {
    let mut seen = HashSet::new();
    let tags = [first].into_iter().chain(following).flat_map(|page| &page.tags);
    tags.filter(|tag| seen.insert(*tag)).take(MAX_TAGS).cloned().collect()
}
