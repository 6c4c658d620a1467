//! The adapter against a server that answers as GitLab does.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use axum::response::Response;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    instance::{ListedRepository, matching},
    *,
};
use crate::{
    adapters::registry::testing::{Respond, Seen, Server, install_provider, json, oversized, with, write_token},
    domain::registry_fault::RegistrySilence,
};

const IMAGE: &str = "registry.example.org/team/oil/refinery";
const REPOSITORIES: &str = "/api/v4/projects/team%2Foil%2Frefinery/registry/repositories";

fn image(text: &str) -> ImageName {
    ImageName::new(text).expect("an image")
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

fn settings(server: &Server) -> GitLabSettings {
    GitLabSettings {
        url: server.url.clone(),
        project: Some("team/oil/refinery".into()),
        token: Some(Credential::Value(SecretString::from("glpat-secret".to_owned()))),
        ca_file: None,
        deadline: Duration::from_secs(5),
    }
}

fn registry(server: &Server) -> GitLabRegistry {
    install_provider();
    GitLabRegistry::new(settings(server)).expect("good settings")
}

/// A repository as GitLab lists it.
fn repository(id: u64, path: &str) -> Value {
    json!({
        "id": id, "name": "", "path": path, "project_id": 9, "location": format!("registry.example.org/{path}"),
        "created_at": "2019-01-10T13:38:57.391Z", "cleanup_policy_started_at": null, "status": null,
    })
}

fn repositories() -> Response {
    json(200, &json!([repository(1, "team/oil/refinery/cache"), repository(2, "team/oil/refinery")]))
}

/// A page of `total` tags, as GitLab cuts and lists them.
fn page_of_tags(seen: &Seen, total: usize) -> Response {
    let number = |name: &str| seen.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let (size, page) = (number("per_page").unwrap_or(20).min(100), number("page").unwrap_or(1));
    let names = (0..total).map(|n| format!("0.{n}.0")).skip(size * (page - 1)).take(size);
    let tags: Vec<Value> = names
        .map(|name| json!({"name": name, "path": format!("team/oil/refinery:{name}"), "location": format!("{IMAGE}:{name}")}))
        .collect();
    json(200, &Value::from(tags))
}

/// The same, but with a header.
fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers_mut().insert(name, value.parse().expect("a header's value"));
    response
}

fn not_found(what: &str) -> Response {
    json(404, &json!({"message": format!("404 {what} Not Found")}))
}

#[tokio::test]
async fn all_pages_of_tags_are_read() {
    for total in [0, 7, 100, 250] {
        let server = Server::start(move |seen| {
            Some(match seen.path() {
                REPOSITORIES => repositories(),
                path if path == format!("{REPOSITORIES}/2/tags") => page_of_tags(seen, total),
                _ => not_found("Project"),
            })
        })
        .await;
        let tags = registry(&server).tags(&image(IMAGE)).await.expect("tags");
        assert_eq!(tags, (0..total).map(|n| tag(&format!("0.{n}.0"))).collect::<Vec<_>>());
        assert!(server.seen().iter().all(|seen| seen.header("private-token") == Some("glpat-secret")));
        assert!(server.seen().iter().all(|seen| seen.parameter("pagination").is_none()), "no keyset paging");
    }
}

#[tokio::test]
async fn pages_are_asked_for_at_once_where_their_number_is_told() {
    const TOTAL: usize = 950;
    // How the pages that follow the first can be found, and whether that allows to ask for them at once.
    type Mark = fn(Response, usize) -> Response;
    let marks: [(&str, Mark); 4] = [
        ("totals", |response, _| with_header(response, "x-total-pages", "10")),
        ("the next page's number", |response, page| {
            with_header(response, "x-next-page", &if page < 10 { (page + 1).to_string() } else { String::new() })
        }),
        ("links", |response, page| {
            let relation = if page < 10 { "next" } else { "first" };
            with_header(response, "link", &format!("<https://x/y?page=7>; rel=\"{relation}\""))
        }),
        ("nothing", |response, _| response),
    ];
    for (name, mark) in marks {
        let server = Server::start(move |seen| {
            let page = seen.parameter("page").and_then(|text| text.parse().ok()).unwrap_or(1);
            Some(match seen.path() {
                REPOSITORIES => repositories(),
                path if path.ends_with("/2/tags") => mark(page_of_tags(seen, TOTAL), page),
                _ => not_found("Project"),
            })
        })
        .await;
        let registry = registry(&server);
        let expected: Vec<Tag> = (0..TOTAL).map(|n| tag(&format!("0.{n}.0"))).collect();
        assert_eq!(registry.tags(&image(IMAGE)).await.expect("tags"), expected, "{name}");
        assert_eq!(server.targets().len(), 11, "{name}");
        let listed = registry.list(&image(IMAGE)).await.expect("a list");
        assert_eq!(listed.tags.into_iter().map(|listed| listed.tag).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list_and_nothing_is_kept() {
    let broken = Arc::new(AtomicUsize::new(1));
    let fails = Arc::clone(&broken);
    let server = Server::start(move |seen| {
        Some(match seen.path() {
            REPOSITORIES => repositories(),
            path if path.ends_with("/2/tags") && seen.parameter("page").as_deref() == Some("3") => {
                match fails.swap(0, Ordering::SeqCst) {
                    0 => page_of_tags(seen, 250),
                    _ => json(500, &json!({"message": "500 Internal Server Error"})),
                }
            }
            path if path.ends_with("/2/tags") => with_header(page_of_tags(seen, 250), "x-total-pages", "3"),
            _ => not_found("Project"),
        })
    })
    .await;
    let registry = registry(&server);
    let error = registry.list(&image(IMAGE)).await.expect_err("a page is missing");
    assert!(error.to_string().contains("500"), "{error}");
    assert_eq!(registry.list(&image(IMAGE)).await.expect("a list").len(), 250);
}

#[tokio::test]
async fn the_project_is_the_longest_part_of_the_path_that_is_one() {
    let server = Server::start(|seen| {
        Some(match seen.path() {
            "/api/v4/projects/team%2Foil/registry/repositories" => {
                json(200, &json!([repository(5, "team/oil"), repository(6, "team/oil/refinery/app")]))
            }
            "/api/v4/projects/team%2Foil/registry/repositories/6/tags/1.0" => json(200, &json!({"name": "1.0"})),
            _ => not_found("Project"),
        })
    })
    .await;
    install_provider();
    let registry = GitLabRegistry::new(GitLabSettings { project: None, ..settings(&server) }).expect("good settings");
    let image = image("registry.example.org/team/oil/refinery/app");
    for _ in 0..2 {
        assert_eq!(registry.tag(&image, &tag("1.0")).await.expect("an answer"), Some(TagDetails::default()));
    }
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.path().replace("/api/v4/projects/", "")).collect();
    assert_eq!(
        paths,
        [
            "team%2Foil%2Frefinery%2Fapp/registry/repositories",
            "team%2Foil%2Frefinery/registry/repositories",
            "team%2Foil/registry/repositories",
            "team%2Foil/registry/repositories/6/tags/1.0",
            // The second time the place is known.
            "team%2Foil/registry/repositories/6/tags/1.0",
        ]
    );
}

#[tokio::test]
async fn images_without_a_repository_are_unknown() {
    let server = Server::start(|seen| {
        Some(match seen.path() {
            "/api/v4/projects/team%2Foil/registry/repositories" => json(200, &json!([repository(5, "team/oil")])),
            _ => not_found("Project"),
        })
    })
    .await;
    install_provider();
    let registry = GitLabRegistry::new(GitLabSettings { project: None, ..settings(&server) }).expect("good settings");
    for unknown in ["registry.example.org/team/oil/other", "registry.example.org/other/project", "alone"] {
        let error = registry.tags(&image(unknown)).await.expect_err("unknown");
        assert!(matches!(&error, RegistryError::UnknownImage(name) if name.as_str() == unknown), "{error}");
        let error = registry.tag(&image(unknown), &tag("1")).await.expect_err("unknown");
        assert!(matches!(&error, RegistryError::UnknownImage(name) if name.as_str() == unknown), "{error}");
    }
}

#[tokio::test]
async fn a_tag_tells_its_details_where_gitlab_knows_them() {
    const DIGEST: &str = "sha256:c3490dcf10ffb6530c1303522a1405dfaf7daecd8f38d3e6a1ba19ea1f8a1751";
    let server = Server::start(|seen| {
        Some(match seen.path().strip_prefix(REPOSITORIES) {
            Some("") => repositories(),
            Some("/2/tags/0.10.5") => json(
                200,
                &json!({
                    "name": "0.10.5", "path": "team/oil/refinery:0.10.5", "location": format!("{IMAGE}:0.10.5"),
                    "revision": "e9ed9d87c881d8c2fd3a31b41904d01ba0b836e7fd15240d774d811a1c248181",
                    "short_revision": "e9ed9d87c", "digest": DIGEST, "created_at": "2019-01-06T16:49:51.272+00:00",
                    "total_size": 350_224_384,
                }),
            ),
            // A multi-platform index.
            Some("/2/tags/multi") => {
                json(200, &json!({"name": "multi", "digest": DIGEST, "created_at": null, "total_size": null}))
            }
            _ => not_found("Tag"),
        })
    })
    .await;
    let registry = registry(&server);
    let ask = async |name: &str| registry.tag(&image(IMAGE), &tag(name)).await.expect("an answer");
    let created_at = Some("2019-01-06T16:49:51.272Z".parse().expect("a time"));
    assert_eq!(
        ask("0.10.5").await,
        Some(TagDetails { digest: Some(DIGEST.into()), created_at, size: Some(350_224_384) })
    );
    assert_eq!(ask("multi").await, Some(TagDetails { digest: Some(DIGEST.into()), ..TagDetails::default() }));
    assert_eq!(ask("0.10.6").await, None);
}

#[tokio::test]
async fn a_repository_that_was_made_anew_is_found_again() {
    let id = Arc::new(AtomicU64::new(7));
    let current = Arc::clone(&id);
    let server = Server::start(move |seen| {
        let id = current.load(Ordering::SeqCst);
        Some(match seen.path().strip_prefix(REPOSITORIES) {
            Some("") => json(200, &json!([repository(id, "team/oil/refinery")])),
            Some(rest) if rest == format!("/{id}/tags/1") => json(200, &json!({"name": "1"})),
            Some(rest) if rest == format!("/{id}/tags") => page_of_tags(seen, 3),
            _ => json(404, &json!({"message": "404 Not found"})),
        })
    })
    .await;
    let registry = registry(&server);
    assert!(registry.tag(&image(IMAGE), &tag("1")).await.expect("an answer").is_some());
    id.store(8, Ordering::SeqCst);
    assert!(registry.tag(&image(IMAGE), &tag("1")).await.expect("an answer").is_some());
    id.store(9, Ordering::SeqCst);
    assert_eq!(registry.tags(&image(IMAGE)).await.expect("tags").len(), 3);
}

#[tokio::test]
async fn answers_that_are_no_answer_are_told_apart() {
    type Check = fn(&RegistryError) -> bool;
    let forbidden: Check = |error| matches!(error, RegistryError::Silent(RegistrySilence::Forbidden { .. }));
    let unusable: Check = |error| matches!(error, RegistryError::Silent(RegistrySilence::Unusable { .. }));
    let busy: Check = |error| matches!(error, RegistryError::Silent(RegistrySilence::Busy { retry_after: None }));
    let told: Check = |error| match error {
        RegistryError::Silent(RegistrySilence::Busy { retry_after }) => *retry_after >= Some(Duration::from_secs(59)),
        _ => false,
    };
    let html = || with(200, &[("content-type", "text/html")], "<html>Sign in</html>");
    let cases: Vec<(&str, Respond, Check, &str)> = vec![
        ("401", Box::new(|| json(401, &json!({"message": "401 Unauthorized"}))), forbidden, "401 Unauthorized"),
        ("403", Box::new(|| json(403, &json!({"message": "403 Forbidden"}))), forbidden, "403 Forbidden"),
        (
            "too narrow a scope",
            Box::new(|| {
                let description = "The request requires higher privileges than provided by the access token.";
                json(
                    403,
                    &json!({"error": "insufficient_scope", "error_description": description, "scope": "api read_api"}),
                )
            }),
            forbidden,
            "insufficient_scope",
        ),
        ("a plain 401", Box::new(|| with(401, &[], "HTTP Basic: Access denied")), forbidden, "401"),
        ("500", Box::new(|| json(500, &json!({"message": "500 Internal Server Error"}))), unusable, "500"),
        ("502 of a proxy", Box::new(|| with(502, &[], "<html>")), unusable, "502"),
        ("405 of keyset paging", Box::new(|| json(405, &json!({"error": "not allowed"}))), unusable, "405"),
        ("429 without a time", Box::new(|| with(429, &[], "Retry later\n")), busy, "429"),
        ("429 with a time too far off", Box::new(|| with(429, &[("retry-after", "60")], "Retry later\n")), told, "429"),
        ("a page to sign in", Box::new(html), unusable, "not JSON"),
        ("another shape", Box::new(|| json(200, &json!({"id": 1}))), unusable, "another shape"),
        ("entries of another shape", Box::new(|| json(200, &json!([{"id": "x"}]))), unusable, "another shape"),
        ("no end", Box::new(oversized), unusable, "larger than"),
    ];
    for (name, answer, kind, words) in cases {
        let server = Server::start(move |_| Some(answer())).await;
        let error = registry(&server).tag(&image(IMAGE), &tag("1")).await.expect_err(name);
        assert!(kind(&error), "{name}: {error:?}");
        assert!(error.to_string().contains(words), "{name}: {error}");
        assert!(!format!("{error} {error:?}").contains("glpat"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_is_slow_or_away_is_not_waited_for() {
    install_provider();
    let silent = Server::start(|_| None).await;
    let short = GitLabSettings { deadline: Duration::from_millis(100), ..settings(&silent) };
    let error = GitLabRegistry::new(short.clone()).expect("good").tags(&image(IMAGE)).await.expect_err("silence");
    assert_eq!(error.to_string(), "no answer in 100ms");
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let url = Url::parse(&format!("http://{gone}")).expect("a URL");
    let error = GitLabRegistry::new(GitLabSettings { url, ..settings(&silent) })
        .expect("good")
        .tags(&image(IMAGE))
        .await
        .expect_err("nobody listens");
    assert!(
        matches!(&error, RegistryError::Silent(RegistrySilence::Unavailable { detail: text }) if text.contains("refused")),
        "{error}"
    );
    assert!(!error.to_string().contains("http://"), "{error}");
}

#[tokio::test]
async fn a_request_to_wait_is_obeyed() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |seen| {
        Some(match (count.fetch_add(1, Ordering::SeqCst), seen.path()) {
            (0, _) => with(429, &[("retry-after", "0"), ("ratelimit-limit", "5")], "Retry later\n"),
            (_, REPOSITORIES) => repositories(),
            _ => json(200, &json!({"name": "1"})),
        })
    })
    .await;
    assert!(registry(&server).tag(&image(IMAGE), &tag("1")).await.expect("an answer").is_some());
    assert_eq!(server.targets().len(), 3);
    let stubborn = Server::start(|_| Some(with(429, &[("retry-after", "0")], "Retry later\n"))).await;
    registry(&stubborn).tags(&image(IMAGE)).await.expect_err("always 429");
    assert_eq!(stubborn.targets().len(), 3);
}

#[tokio::test]
async fn the_token_goes_to_no_other_place() {
    let other = Server::start(|_| Some(repositories())).await;
    let target = other.url.clone();
    let server = Server::start(move |seen| {
        let location = target.join(&seen.target).expect("a URL").to_string();
        Some(with(302, &[("location", &location)], ""))
    })
    .await;
    let error = registry(&server).tags(&image(IMAGE)).await.expect_err("not followed");
    assert!(error.to_string().contains("redirect"), "{error}");
    assert!(other.seen().is_empty(), "the other place was asked");
    // A project that was renamed is a redirect within the instance.
    let renamed = Server::start(|seen| {
        Some(match seen.path() {
            REPOSITORIES => with(302, &[("location", "/api/v4/projects/9/registry/repositories")], ""),
            "/api/v4/projects/9/registry/repositories" => repositories(),
            _ => json(200, &json!({"name": "1"})),
        })
    })
    .await;
    assert!(registry(&renamed).tag(&image(IMAGE), &tag("1")).await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_rotated_token_is_used_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    let server = Server::start(|seen| {
        Some(match (seen.header("private-token"), seen.path()) {
            (Some("new"), REPOSITORIES) => repositories(),
            (Some("new"), _) => json(200, &json!({"name": "1"})),
            _ => json(401, &json!({"message": "401 Unauthorized"})),
        })
    })
    .await;
    install_provider();
    let token = Some(Credential::File(path.clone()));
    let registry = GitLabRegistry::new(GitLabSettings { token, ..settings(&server) }).expect("good settings");
    let ask = async || registry.tag(&image(IMAGE), &tag("1")).await;
    assert!(matches!(ask().await, Err(RegistryError::Silent(RegistrySilence::Forbidden { .. }))), "no file yet");
    assert!(server.seen().is_empty(), "nothing is asked without the token");
    write_token(&path, "old\n");
    assert!(matches!(ask().await, Err(RegistryError::Silent(RegistrySilence::Forbidden { .. }))));
    write_token(&path, "new\n");
    assert!(ask().await.expect("let in").is_some());
}

#[test]
fn a_location_counts_before_a_path() {
    let listed = |location: &str, path: &str, id| ListedRepository { id, path: path.into(), location: location.into() };
    let repositories =
        [listed("other.example.org/team/oil/refinery", "team/oil/refinery", 1), listed(IMAGE, "team/oil/refinery", 2)];
    assert_eq!(matching(&repositories, &image(IMAGE)).map(|r| r.id), Some(2));
    assert_eq!(matching(&repositories[..1], &image(IMAGE)).map(|r| r.id), Some(1));
    assert_eq!(matching(&repositories, &image("registry.example.org/team/oil/other")).map(|r| r.id), None);
}
