//! The list of an image's tags, page by page.

use http::{StatusCode, header};
use url::Url;

use super::{
    client::{Ask, Client, Question, error_code, expect_success, no_registry, odd_shape},
    link,
    manifest::TagList,
};
use crate::{
    adapters::registry::{MAX_TAGS, listing::Listing},
    domain::name::Tag,
    ports::{ListedTag, RegistryError},
};

/// The tags asked for in one page; registries may give fewer.
const PAGE_SIZE: usize = 500;
/// The most pages that are read.
pub(super) const MAX_PAGES: usize = 200;

/// The pages of a list that have an entity tag, but for the last: whether another follows it by now isn't in its tag.
pub(super) type Pages = Vec<Page>;

/// A page that needn't be sent again while it is the same.
#[derive(Debug, Clone)]
pub(super) struct Page {
    url: Url,
    entity_tag: String,
    tags: Vec<Tag>,
    next: Url,
}

/// Reads the list; of pages that haven't changed since `last` only that is asked.
///
/// # Errors
/// [`RegistryError::UnknownImage`] when there is no such repository, or what its registry answers.
pub(super) async fn read(
    client: &Client,
    question: &Question<'_>,
    last: Option<&Listing<Pages>>,
) -> Result<Listing<Pages>, RegistryError> {
    let mut listing = Listing { tags: Vec::new(), is_cut: false, pages: Pages::new() };
    let mut next = Some(client.url(question, &format!("tags/list?n={PAGE_SIZE}"))?);
    for _ in 0..MAX_PAGES {
        let Some(url) = next.take() else { return Ok(listing) };
        let known = last.and_then(|last| last.pages.iter().find(|page| page.url == url));
        let ask = Ask::get(url.clone(), "application/json").unless(known.map(|page| page.entity_tag.as_str()));
        let answer = client.ask(question, &ask).await?;
        let (tags, entity_tag) = match (answer.status, known) {
            (StatusCode::NOT_MODIFIED, Some(page)) => {
                next = Some(page.next.clone());
                (page.tags.clone(), Some(page.entity_tag.clone()))
            }
            (StatusCode::NOT_FOUND, _) => {
                return Err(match error_code(&answer.body) {
                    Some(_) => RegistryError::UnknownImage(question.image.clone()),
                    None => no_registry(),
                });
            }
            _ => {
                let answer = expect_success(answer)?;
                let list: TagList = serde_json::from_slice(&answer.body).map_err(|_| odd_shape("list of tags"))?;
                next = link::next_page(&answer.headers, &url)?;
                let tags = list.tags.unwrap_or_default().into_iter().filter_map(|tag| Tag::new(tag).ok()).collect();
                let entity_tag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
                (tags, entity_tag.map(str::to_owned))
            }
        };
        listing.tags.extend(tags.iter().map(|tag| ListedTag { tag: tag.clone(), published_at: None }));
        if let (Some(entity_tag), Some(next)) = (entity_tag, next.clone()) {
            listing.pages.push(Page { url, entity_tag, tags, next });
        }
        if listing.tags.len() >= MAX_TAGS {
            break;
        }
    }
    if next.is_some() {
        listing.is_cut = true;
        tracing::warn!(image = %question.image, read = listing.tags.len(), "the image has more tags than are read");
    }
    Ok(listing)
}
