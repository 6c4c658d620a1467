//! Pages of tags by the REST API, some of them at a time.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use gitlab::api::{
    ApiError, AsyncClient, AsyncQuery, Endpoint, QueryParams, RestClient, projects::registry::RepositoryTags,
};
use http::{HeaderMap, Method, Response, StatusCode, header, request};
use serde::Deserialize;
use url::Url;

use super::{
    instance::{Place, build},
    transport::{Fault, Transport, TransportError},
};
use crate::{
    adapters::registry::{AT_ONCE, MAX_TAGS},
    domain::name::Tag,
};

/// The tags of one page: GitLab's maximum.
const PAGE_SIZE: usize = 100;
/// The most pages that are read.
const MAX_PAGES: usize = MAX_TAGS / PAGE_SIZE;

/// A page as it was read.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) tags: Vec<Tag>,
    /// How many tags there are on all pages, where that is told.
    pub(super) total: Option<usize>,
    number: usize,
    /// How many entries it has, those that can't be a tag as well.
    count: usize,
    /// Its version: a page that hasn't changed isn't sent again.
    entity_tag: Option<String>,
    total_pages: Option<usize>,
    has_next: bool,
}

/// A tag as the list gives it.
#[derive(Debug, Deserialize)]
struct ListedTag {
    name: String,
}

/// The first page.
pub(super) async fn first(transport: &Transport<'_>, place: &Place, last: &[Page]) -> Result<Page, Fault> {
    read(transport, place, 1, last).await
}

/// The pages that follow the first: at once where it tells how many there are, and otherwise one after the other.
pub(super) async fn following(
    transport: &Transport<'_>,
    place: &Place,
    first: &Page,
    last: &[Page],
) -> Result<Vec<Page>, Fault> {
    // The paging of the `gitlab` crate asks for one page after the other. Pages by number: keyset paging is answered
    // with 405 where the registry has no metadata database.
    let mut numbers = Vec::new();
    for number in 2..=first.total_pages.unwrap_or(1).min(MAX_PAGES) {
        numbers.push(read(transport, place, number, last));
    }
    let mut pages: Vec<Page> = stream::iter(numbers).buffered(AT_ONCE).try_collect().await?;
    while pages.last().unwrap_or(first).has_next {
        if pages.len() + 1 >= MAX_PAGES {
            tracing::warn!(project = place.project, limit = MAX_TAGS, "the image has more tags than are read");
            break;
        }
        pages.push(read(transport, place, pages.len() + 2, last).await?);
    }
    Ok(pages)
}

/// The pages that needn't be sent again while they are the same.
pub(super) fn worth_keeping(first: Page, following: Vec<Page>) -> Vec<Page> {
    [first].into_iter().chain(following).filter(|page| page.entity_tag.is_some()).collect()
}

async fn read(transport: &Transport<'_>, place: &Place, number: usize, last: &[Page]) -> Result<Page, Fault> {
    let endpoint = RepositoryTags::builder().project(&place.project).repository_id(place.repository).build();
    let endpoint = OnePage { tags: build(endpoint).ok_or(Fault::NotFound)?, number };
    let known = last.iter().find(|page| page.number == number);
    let known_tag = known.and_then(|page| page.entity_tag.as_deref());
    let client = Noting { transport, known: known_tag, noted: Mutex::default() };
    let answer: Result<Vec<ListedTag>, _> = endpoint.query_async(&client).await;
    let (status, headers) = client.noted.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    let (tags, count) = match (status, known) {
        (StatusCode::NOT_MODIFIED, Some(page)) => (page.tags.clone(), page.count),
        _ => {
            let listed = answer?;
            let count = listed.len();
            (listed.into_iter().filter_map(|tag| Tag::new(tag.name).ok()).collect(), count)
        }
    };
    // Of a page that is the same only the names are: how many others there are may have changed.
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number_in = |name: &str| header(name).and_then(|text| text.parse().ok());
    let has_next = match (header("x-next-page"), header("link")) {
        (Some(next), _) => !next.is_empty(),
        (None, Some(links)) => links.contains("rel=\"next\""),
        (None, None) => count >= PAGE_SIZE,
    };
    Ok(Page {
        total: number_in("x-total"),
        number,
        entity_tag: header("etag").or(known_tag.filter(|_| status == StatusCode::NOT_MODIFIED)).map(str::to_owned),
        total_pages: number_in("x-total-pages"),
        // An empty page is the end, whatever is said of it.
        has_next: has_next && count > 0,
        tags,
        count,
    })
}

/// One page of an endpoint.
struct OnePage<'a> {
    tags: RepositoryTags<'a>,
    number: usize,
}

impl Endpoint for OnePage<'_> {
    fn method(&self) -> Method {
        self.tags.method()
    }

    fn endpoint(&self) -> Cow<'static, str> {
        self.tags.endpoint()
    }

    fn parameters(&self) -> QueryParams<'_> {
        let mut parameters = self.tags.parameters();
        parameters.push("per_page", PAGE_SIZE as u64).push("page", self.number as u64);
        parameters
    }
}

/// A client that notes the headers of its last answer, which queries don't give out.
struct Noting<'a> {
    transport: &'a Transport<'a>,
    known: Option<&'a str>,
    noted: Mutex<Option<(StatusCode, HeaderMap)>>,
}

impl RestClient for Noting<'_> {
    type Error = TransportError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<Self::Error>> {
        self.transport.rest_endpoint(endpoint)
    }
}

#[async_trait]
impl AsyncClient for Noting<'_> {
    async fn rest_async(
        &self,
        mut request: request::Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<Self::Error>> {
        if let Some(known) = self.known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let response = self.transport.rest_async(request, body).await?;
        let noted = (response.status(), response.headers().clone());
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        Ok(response)
    }
}
