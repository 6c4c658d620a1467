//! When tags were published, by the GraphQL API of instances whose registry has a metadata database.
//!
//! There one request tells all about a hundred tags. Elsewhere the field is empty, or isn't there at all, and asking for
//! more than the names would make GitLab read each tag's manifest: so a first, small question finds out.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gitlab::api::{AsyncQuery, BodyError, Endpoint, UrlBase};
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::transport::{Fault, Transport};
use crate::{
    adapters::registry::http::excerpt,
    domain::{name::Tag, registry_fault::RegistrySilence},
    ports::TagDetails,
};

/// The tags of one page: GitLab's maximum.
const PAGE_SIZE: usize = 100;
/// For how long an instance that doesn't tell isn't asked again.
const SILENCE: Duration = Duration::from_secs(600);
/// The same for one that may have been busy.
const SHORT_SILENCE: Duration = Duration::from_secs(60);
/// How long one page may take: the list is complete without.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most repositories that are remembered.
const MAX_REMEMBERED: usize = 1_000;

/// Which repositories' publication is told, by id.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<u64, Telling>>);

#[derive(Debug, Clone, Copy)]
enum Telling {
    Told,
    Silent { until: Instant },
}

/// What is told of one tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PublishedTag {
    pub(super) tag: Tag,
    pub(super) published_at: Option<Timestamp>,
    pub(super) details: TagDetails,
}

/// Reads a repository's tags page by page, the newest first.
pub(super) struct Reader<'a> {
    transport: &'a Transport<'a>,
    memory: &'a Memory,
    repository: u64,
    place: Next,
}

enum Next {
    /// Whether anything is told isn't known yet.
    Unknown,
    /// The page behind this cursor; the first one without.
    After(Option<String>),
    /// There is no more.
    End,
    /// It isn't told.
    Silent,
}

impl Memory {
    fn telling(&self, repository: u64) -> Option<Telling> {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get(&repository).copied().filter(|telling| match telling {
            Telling::Told => true,
            Telling::Silent { until } => *until > Instant::now(),
        })
    }

    fn note(&self, repository: u64, telling: Telling) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MAX_REMEMBERED {
            memory.clear();
        }
        memory.insert(repository, telling);
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(transport: &'a Transport<'a>, memory: &'a Memory, repository: u64) -> Self {
        let place = match memory.telling(repository) {
            None => Next::Unknown,
            Some(Telling::Told) => Next::After(None),
            Some(Telling::Silent { .. }) => Next::Silent,
        };
        Self { transport, memory, repository, place }
    }

    /// Whether all pages were read.
    pub(super) fn is_at_end(&self) -> bool {
        matches!(self.place, Next::End)
    }

    /// The next page; `None` when there is no more, or nothing is told.
    pub(super) async fn page(&mut self) -> Option<Vec<PublishedTag>> {
        if matches!(self.place, Next::Unknown) {
            let probe = self.query("name publishedAt", 1, None).await?;
            // An image without tags tells nothing either way.
            let tag = probe.nodes.into_iter().flatten().next()?;
            if tag.published_at.is_none() {
                self.silence("the registry has no metadata database", SILENCE);
                return None;
            }
            self.memory.note(self.repository, Telling::Told);
            self.place = Next::After(None);
        }
        let Next::After(cursor) = &self.place else { return None };
        let cursor = cursor.clone();
        let connection = self.query("name publishedAt digest createdAt totalSize", PAGE_SIZE, cursor.clone()).await?;
        self.place = match connection.page_info {
            PageInfo { has_next_page: true, end_cursor: Some(end) } if cursor.as_ref() != Some(&end) => {
                Next::After(Some(end))
            }
            _ => Next::End,
        };
        Some(connection.nodes.into_iter().flatten().filter_map(Node::read).collect())
    }

    async fn query(&mut self, fields: &str, first: usize, after: Option<String>) -> Option<Connection> {
        let text = format!(
            "query($id: ContainerRepositoryID!, $first: Int, $after: String) {{ containerRepository(id: $id) {{ \
             tags(first: $first, after: $after, sort: PUBLISHED_AT_DESC) {{ nodes {{ {fields} }} \
             pageInfo {{ hasNextPage endCursor }} }} }} }}"
        );
        let id = format!("gid://gitlab/ContainerRepository/{}", self.repository);
        let query = Query(json!({"query": text, "variables": {"id": id, "first": first, "after": after}}));
        let answer: Result<Answer, Fault> = match timeout(PATIENCE, query.query_async(self.transport)).await {
            Ok(answer) => answer.map_err(Fault::from),
            Err(_) => Err(Fault::Silent(RegistrySilence::Late { after: PATIENCE })),
        };
        let (reason, time) = match answer {
            Ok(Answer { data: Some(Data { repository: Some(Repository { tags: Some(tags) }) }), errors })
                if errors.is_empty() =>
            {
                return Some(tags);
            }
            Ok(answer) => {
                let message = answer.errors.into_iter().next().map(|error| error.message);
                (message.unwrap_or_else(|| "the repository is not shown".into()), SILENCE)
            }
            Err(Fault::NotFound) => ("there is no GraphQL API".into(), SILENCE),
            Err(Fault::Silent(reason @ RegistrySilence::Forbidden { .. })) => (reason.to_string(), SILENCE),
            Err(Fault::Silent(reason)) => (reason.to_string(), SHORT_SILENCE),
        };
        self.silence(&reason, time);
        None
    }

    fn silence(&mut self, reason: &str, time: Duration) {
        let reason = excerpt(reason);
        tracing::info!(
            repository = self.repository,
            reason,
            "GitLab's GraphQL API doesn't tell when tags were published"
        );
        self.memory.note(self.repository, Telling::Silent { until: Instant::now() + time });
        self.place = Next::Silent;
    }
}

/// A GraphQL query as an endpoint of the instance.
struct Query(Value);

impl Endpoint for Query {
    fn method(&self) -> Method {
        Method::POST
    }

    fn endpoint(&self) -> Cow<'static, str> {
        "api/graphql".into()
    }

    fn url_base(&self) -> UrlBase {
        UrlBase::Instance
    }

    fn body(&self) -> Result<Option<(&'static str, Vec<u8>)>, BodyError> {
        Ok(Some(("application/json", serde_json::to_vec(&self.0)?)))
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "containerRepository")]
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    tags: Option<Connection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    nodes: Vec<Option<Node>>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    published_at: Option<String>,
    digest: Option<String>,
    created_at: Option<String>,
    total_size: Option<Size>,
}

/// GraphQL's `BigInt` is a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Number(u64),
    Text(String),
}

impl Node {
    fn read(self) -> Option<PublishedTag> {
        let time = |text: Option<String>| text.and_then(|text| text.parse::<Timestamp>().ok());
        let size = self.total_size.and_then(|size| match size {
            Size::Number(number) => Some(number),
            Size::Text(text) => text.parse().ok(),
        });
        let digest = self.digest.filter(|digest| !digest.is_empty());
        let details = TagDetails { digest, created_at: time(self.created_at), size };
        Some(PublishedTag { tag: Tag::new(self.name).ok()?, published_at: time(self.published_at), details })
    }
}
