//! The registry adapters against the sandbox's registry: long lists, what is asked twice, and what isn't.
#![cfg(feature = "sandbox")]

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use tiphys::{
    adapters::registry::{Credential, GitLabRegistry, GitLabSettings, OciRegistry, OciSettings},
    domain::{
        name::{ImageName, Tag},
        registry_fault::RegistrySilence,
    },
    ports::{ListedTag, Registry, RegistryError, TagDetails},
    sandbox::registry::{Access, Edition, GitLabToken, REPOSITORY, Registry as World, RegistryFault},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

const MANY: &str = "team/many";
const USER: &str = "robot";
const SECRET: &str = "s3cret";

struct Stage {
    world: Arc<World>,
    url: Url,
    _stop: DropGuard,
}

impl Stage {
    async fn start(access: Access) -> Self {
        tiphys::app::install_crypto();
        let stop = CancellationToken::new();
        let world = Arc::new(World::seeded(access, Timestamp::now(), stop.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound")).parse().expect("a URL");
        let router = world.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, url, _stop: stop.drop_guard() }
    }

    fn gitlab(&self, token: Option<&str>, deadline: Duration) -> GitLabRegistry {
        let token = token.map(|token| Credential::Value(SecretString::from(token.to_owned())));
        let settings = GitLabSettings { url: self.url.clone(), project: None, token, ca_file: None, deadline };
        GitLabRegistry::new(settings).expect("good settings")
    }

    fn oci(&self) -> OciRegistry {
        let settings = OciSettings {
            url: self.url.clone(),
            username: Some(USER.to_owned()),
            password: Some(Credential::Value(SecretString::from(SECRET.to_owned()))),
            ca_file: None,
            deadline: LONG,
        };
        OciRegistry::new(settings).expect("good settings")
    }

    /// What the work comes to, and how many requests it took.
    async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.world.requests();
        let outcome = work.await;
        (outcome, self.world.requests() - before)
    }
}

const LONG: Duration = Duration::from_secs(60);
/// In so many seconds nothing that is kept stands in any more for what is slow.
const OLD: u64 = 301;

fn image(path: &str) -> ImageName {
    ImageName::new(format!("registry.gitlab.example.org/{path}")).expect("an image")
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

fn names(listed: &[ListedTag]) -> Vec<String> {
    listed.iter().map(|listed| listed.tag.to_string()).collect()
}

fn page(listed: &[ListedTag]) -> Vec<Tag> {
    listed.iter().take(10).map(|listed| listed.tag.clone()).collect()
}

fn found(details: Vec<Result<Option<TagDetails>, RegistryError>>) -> Vec<TagDetails> {
    details.into_iter().map(|details| details.expect("an answer").expect("a tag")).collect()
}

/// Lets the clock of the bot jump; nothing may be under way.
async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn gitlab_s_five_thousand_tags_are_read_side_by_side_and_kept() {
    let stage = Stage::start(Access::default()).await;
    stage.world.crowd(MANY, 5_000);
    stage.world.set_fault(RegistryFault::Slow(Duration::from_millis(30)));
    let gitlab = stage.gitlab(None, LONG);
    let (listed, requests) = stage.counted(gitlab.list(&image(MANY))).await;
    let listed = listed.expect("a list");
    assert_eq!(names(&listed), stage.world.tags(MANY));
    assert_eq!(requests, 1 + 50 + 1, "the repositories, the pages, and whether GraphQL tells more");
    let at_once = stage.world.most_at_once();
    assert!((4..=9).contains(&at_once), "{at_once} at once");
    let (details, requests) = stage.counted(gitlab.details(&image(MANY), &page(&listed))).await;
    assert_eq!((found(details).len(), requests), (10, 10));
    let again = async {
        assert_eq!(gitlab.list(&image(MANY)).await.expect("a list"), listed);
        gitlab.details(&image(MANY), &page(&listed)).await
    };
    let (details, requests) = stage.counted(again).await;
    assert_eq!((found(details).len(), requests), (10, 0));
    // What is asked for a commit is asked now.
    let (exists, requests) = stage.counted(gitlab.tag(&image(MANY), &listed[0].tag)).await;
    assert!(exists.expect("an answer").is_some());
    assert_eq!(requests, 1);
    let (tags, requests) = stage.counted(gitlab.tags(&image(MANY))).await;
    assert_eq!((tags.expect("tags").len(), requests), (5_000, 50));
}

#[tokio::test]
async fn where_gitlab_tells_when_tags_were_published_it_tells_their_details_too() {
    let stage = Stage::start(Access::default()).await;
    stage.world.set_edition(Edition { metadata_database: true, ..Edition::default() });
    stage.world.crowd(MANY, 750);
    let gitlab = stage.gitlab(None, LONG);
    let read = async || {
        let mut listed = gitlab.list(&image(MANY)).await.expect("a list").tags;
        assert_eq!(names(&listed), stage.world.tags(MANY));
        assert!(listed.iter().all(|listed| listed.published_at.is_some()));
        listed.sort_by_key(|listed| std::cmp::Reverse(listed.published_at));
        listed
    };
    let newest = read().await;
    let (details, requests) = stage.counted(gitlab.details(&image(MANY), &page(&newest))).await;
    let details = found(details);
    assert_eq!(requests, 0);
    for (listed, details) in newest.iter().zip(&details) {
        let made = details.created_at.expect("a time");
        assert!(listed.published_at.expect("a time") > made && details.size.is_some_and(|size| size > 40_000_000));
        let asked = gitlab.tag(&image(MANY), &listed.tag).await.expect("an answer").expect("a tag");
        assert_eq!((&asked.digest, asked.size), (&details.digest, details.size));
    }

    later(OLD).await;
    let (same, requests) = stage.counted(read()).await;
    assert_eq!((same == newest, requests), (true, 2), "one page of each API shows that nothing is new");

    let now = Timestamp::now();
    stage.world.add_tag(MANY, "99.0.0", now, 1_000);
    stage.world.add_tag(MANY, newest[700].tag.as_str(), now, 2_000);
    later(OLD).await;
    let (changed, requests) = stage.counted(read()).await;
    let mut first = vec![changed[0].tag.to_string(), changed[1].tag.to_string()];
    first.sort_unstable();
    let mut expected = vec!["99.0.0".to_owned(), newest[700].tag.to_string()];
    expected.sort_unstable();
    assert_eq!((first, changed.len()), (expected, 751));
    assert!(requests <= 8 + 3, "{requests}: all pages of names, and the times that are new");

    assert!(stage.world.remove_tag(MANY, newest[400].tag.as_str()));
    later(OLD).await;
    assert_eq!(read().await.len(), 750);
}

#[tokio::test]
async fn a_gitlab_that_tells_no_more_is_not_asked_again_soon() {
    for edition in [
        Edition::default(),
        Edition { graphql: false, ..Edition::default() },
        Edition { published_at: false, ..Edition::default() },
        Edition { metadata_database: true, published_at: false, ..Edition::default() },
    ] {
        let stage = Stage::start(Access::default()).await;
        stage.world.set_edition(edition);
        let gitlab = stage.gitlab(None, LONG);
        let (listed, requests) = stage.counted(gitlab.list(&image(REPOSITORY))).await;
        let listed = listed.expect("a list");
        assert_eq!((names(&listed), requests), (stage.world.tags(REPOSITORY), 3), "{edition:?}");
        assert!(listed.iter().all(|listed| listed.published_at.is_none()), "{edition:?}");
        later(OLD).await;
        let (again, requests) = stage.counted(gitlab.list(&image(REPOSITORY))).await;
        assert_eq!((again.expect("a list"), requests), (listed, 1), "{edition:?}");
        later(601).await;
        stage.world.set_edition(Edition { metadata_database: true, ..Edition::default() });
        let listed = gitlab.list(&image(REPOSITORY)).await.expect("a list");
        assert!(listed.iter().all(|listed| listed.published_at.is_some()), "{edition:?}");
    }
}

#[tokio::test]
async fn ten_who_ask_at_once_cause_one_reading() {
    let stage = Stage::start(Access::default()).await;
    let (gitlab, oci) = (stage.gitlab(None, LONG), stage.oci());
    let image = image(REPOSITORY);
    let (lists, requests) = stage.counted(join_all((0..10).map(|_| gitlab.list(&image)))).await;
    assert!(lists.iter().all(Result::is_ok));
    assert_eq!(requests, 3);
    let tags = [tag("0.10.5"), tag("main")];
    let (_, requests) = stage.counted(join_all((0..10).map(|_| gitlab.details(&image, &tags)))).await;
    assert_eq!(requests, 2);
    let (_, requests) = stage.counted(join_all((0..10).map(|_| oci.details(&image, &tags)))).await;
    assert_eq!(requests, 4, "a manifest and a configuration each");
}

#[tokio::test]
async fn errors_are_not_kept_and_what_is_known_is_told() {
    let stage = Stage::start(Access::default()).await;
    let gitlab = stage.gitlab(None, Duration::from_secs(2));
    let image = image(REPOSITORY);
    stage.world.set_fault(RegistryFault::Down);
    assert!(matches!(gitlab.list(&image).await, Err(RegistryError::Silent(RegistrySilence::Unavailable { .. }))));
    stage.world.set_fault(RegistryFault::None);
    gitlab.list(&image).await.expect("a list");
    found(gitlab.details(&image, &[tag("0.10.5")]).await);
    stage.world.set_fault(RegistryFault::Hang);
    let details = gitlab.details(&image, &[tag("0.10.4"), tag("0.10.5")]).await;
    assert!(matches!(&details[0], Err(RegistryError::Silent(RegistrySilence::Late { .. }))), "{details:?}");
    assert!(matches!(&details[1], Ok(Some(_))), "{details:?}");
    later(60).await;
    gitlab.list(&image).await.expect("an older list stands in for one that doesn't come");
    assert!(gitlab.tag(&image, &tag("0.10.5")).await.is_err(), "but not before a commit");
}

#[tokio::test]
async fn a_limit_of_requests_is_kept_to() {
    let stage = Stage::start(Access::default()).await;
    let gitlab = stage.gitlab(None, LONG);
    let image = image(REPOSITORY);
    let listed = gitlab.list(&image).await.expect("a list");
    stage.world.set_fault(RegistryFault::Limit { requests: 6, seconds: 1 });
    assert_eq!(found(gitlab.details(&image, &page(&listed)).await).len(), 10);
    stage.world.set_fault(RegistryFault::Limit { requests: 0, seconds: 600 });
    let error = gitlab.tag(&image, &tag("main")).await.expect_err("limited");
    assert!(error.to_string().contains("429"), "{error}");
    let (error, requests) = stage.counted(gitlab.tags(&image)).await;
    let error = error.expect_err("limited").to_string();
    assert!(error.contains("429") && requests == 0, "{requests} {error}");
}

#[tokio::test]
async fn each_token_gets_what_it_may_see() {
    let tokens = [
        ("reporter", GitLabToken::Reporter),
        ("guest", GitLabToken::Guest),
        ("stranger", GitLabToken::Stranger),
        ("scope", GitLabToken::OtherScope),
        ("expired", GitLabToken::Expired),
        ("gldt-deploy", GitLabToken::Deploy),
    ];
    let gitlab_tokens = tokens.into_iter().map(|(token, whose)| (token.to_owned(), whose)).collect();
    let stage = Stage::start(Access { gitlab_tokens, ..Access::default() }).await;
    for (token, expected) in [
        (Some("reporter"), "26 tags"),
        (Some("guest"), "not allowed: GitLab answers 403: 403 Forbidden"),
        (Some("stranger"), "the registry has no image"),
        (Some("scope"), "insufficient_scope"),
        (Some("expired"), "not allowed: GitLab answers 401: invalid_token"),
        (Some("gldt-deploy"), "not allowed: GitLab answers 401"),
        (None, "the registry has no image"),
    ] {
        let text = match stage.gitlab(token, LONG).list(&image(REPOSITORY)).await {
            Ok(listed) => format!("{} tags", listed.len()),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(expected), "{token:?}: {text}");
    }
}

#[tokio::test]
async fn the_project_of_an_image_below_it_is_found() {
    let stage = Stage::start(Access::default()).await;
    let path = format!("{REPOSITORY}/tools/cache");
    stage.world.add_tag(&path, "1.0", Timestamp::now(), 1_000);
    let image = ImageName::new(format!("registry.gitlab.example.org:5050/{path}")).expect("an image");
    let gitlab = stage.gitlab(None, LONG);
    let (listed, requests) = stage.counted(gitlab.list(&image)).await;
    assert_eq!(names(&listed.expect("a list")), ["1.0"]);
    assert_eq!(requests, 3 + 2, "three parts of the path, the tags, and GraphQL");
}

#[tokio::test]
async fn gitlab_without_totals_is_read_page_after_page() {
    let stage = Stage::start(Access::default()).await;
    stage.world.set_edition(Edition { totals: false, ..Edition::default() });
    stage.world.crowd(MANY, 300);
    let gitlab = stage.gitlab(None, LONG);
    assert_eq!(names(&gitlab.list(&image(MANY)).await.expect("a list")), stage.world.tags(MANY));
}

#[tokio::test]
async fn the_oci_protocol_asks_for_digests_only_when_contents_are_known() {
    let stage = Stage::start(Access::default()).await;
    stage.world.crowd(MANY, 5_000);
    let oci = stage.oci();
    let (listed, requests) = stage.counted(oci.list(&image(MANY))).await;
    let listed = listed.expect("a list");
    assert_eq!((names(&listed), requests), (stage.world.tags(MANY), 10));
    let page = page(&listed);
    let (details, requests) = stage.counted(oci.details(&image(MANY), &page)).await;
    let details = found(details);
    assert!(requests <= 30, "{requests}: a manifest, a configuration, and what an index leads to");
    assert!(details.iter().all(|details| details.created_at.is_some() && details.size.is_some()), "{details:?}");
    let again = async {
        assert_eq!(oci.list(&image(MANY)).await.expect("a list"), listed);
        oci.details(&image(MANY), &page).await
    };
    let (same, requests) = stage.counted(again).await;
    assert_eq!((found(same), requests), (details.clone(), 0));
    later(OLD).await;
    let (same, requests) = stage.counted(oci.details(&image(MANY), &page)).await;
    assert_eq!((found(same), requests), (details.clone(), 10), "what the tags stand for now");
    stage.world.add_tag(MANY, page[3].as_str(), Timestamp::now(), 4_000);
    later(OLD).await;
    let (changed, requests) = stage.counted(oci.details(&image(MANY), &page)).await;
    let changed = found(changed);
    assert_eq!(requests, 10 + 2);
    let differing: Vec<_> = (0..10).filter(|&index| changed[index] != details[index]).collect();
    assert_eq!(differing, [3]);
}

#[tokio::test]
async fn requests_side_by_side_share_a_token() {
    let access =
        Access { credentials: Some((USER.to_owned(), SECRET.to_owned())), token_service: true, ..Access::default() };
    let stage = Stage::start(access).await;
    let oci = stage.oci();
    let image = image(REPOSITORY);
    oci.list(&image).await.expect("a list");
    stage.world.expire_tokens();
    let tags: Vec<Tag> = (0..8).map(|patch| tag(&format!("0.9.{patch}"))).collect();
    let (details, requests) = stage.counted(oci.details(&image, &tags)).await;
    assert_eq!(found(details).len(), 8);
    assert!(requests <= 8 + 1 + 8 * 2, "{requests}: each refused once, one token, a manifest and a configuration each");
}

/// `cargo test --release --test registry -- --ignored --nocapture`
#[tokio::test]
#[ignore = "measures, and says what it sees"]
async fn times_of_five_thousand_tags() {
    for (name, edition) in
        [("names only", Edition::default()), ("published", Edition { metadata_database: true, ..Edition::default() })]
    {
        let stage = Stage::start(Access::default()).await;
        stage.world.set_edition(edition);
        stage.world.crowd(MANY, 5_000);
        stage.world.set_fault(RegistryFault::Slow(Duration::from_millis(50)));
        let (gitlab, oci) = (stage.gitlab(None, LONG), stage.oci());
        for (kind, registry) in [("gitlab", &gitlab as &dyn Registry), ("oci", &oci)] {
            for round in ["first", "kept", "after 31 s"] {
                if round == "after 31 s" {
                    later(31).await;
                }
                let began = std::time::Instant::now();
                let listed = registry.list(&image(MANY)).await.expect("a list");
                let list = began.elapsed();
                found(registry.details(&image(MANY), &page(&listed)).await);
                eprintln!("{kind}, {name}, {round}: list {list:?}, with details {:?}", began.elapsed());
            }
        }
    }
}
