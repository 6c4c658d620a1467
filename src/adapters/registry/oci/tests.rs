//! The adapter against a server that answers as registries do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::response::Response;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{tags::MAX_PAGES, *};
use crate::{
    adapters::registry::testing::{Respond, Seen, Server, install_provider, json, oversized, with, write_token},
    domain::registry_fault::RegistrySilence,
};

const IMAGE: &str = "registry.example.org/team/app";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const CHILD: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
const CONFIG: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

fn image() -> ImageName {
    ImageName::new(IMAGE).expect("an image")
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

fn settings(server: &Server) -> OciSettings {
    OciSettings {
        url: server.url.clone(),
        username: Some("robot".into()),
        password: Some(Credential::Value(SecretString::from("s3cret".to_owned()))),
        ca_file: None,
        deadline: Duration::from_secs(5),
    }
}

fn registry(server: &Server) -> OciRegistry {
    install_provider();
    OciRegistry::new(settings(server)).expect("good settings")
}

fn fault(status: u16, code: &str) -> Response {
    json(status, &json!({"errors": [{"code": code, "message": "as the registry says", "detail": {"Tag": "x"}}]}))
}

fn tags(names: &[&str]) -> Response {
    json(200, &json!({"name": "team/app", "tags": names}))
}

/// An image's manifest; the registry knows both families and wants to see that the client does.
fn manifest(seen: &Seen, media_type: &str, digest: &str, body: &Value) -> Response {
    let accept = seen.header("accept").unwrap_or_default();
    for needed in [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ] {
        if !accept.split(',').any(|given| given.trim() == needed) {
            return fault(404, "MANIFEST_UNKNOWN");
        }
    }
    with(200, &[("content-type", media_type), ("docker-content-digest", digest)], body.to_string())
}

fn image_manifest() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1000, "digest": CONFIG},
        "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 30_000, "digest": DIGEST},
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 500, "digest": CHILD},
        ],
    })
}

fn index() -> Value {
    let entry = |digest: &str, os: &str, architecture: &str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 700,
            "platform": {"os": os, "architecture": architecture},
        })
    };
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry(DIGEST, "linux", "arm64"), entry(CHILD, "linux", "amd64"), entry(CONFIG, "unknown", "unknown")],
    })
}

fn config() -> Response {
    json(
        200,
        &json!({"architecture": "amd64", "os": "linux", "created": "2026-11-01T09:30:00.123456789Z", "rootfs": {}}),
    )
}

fn details() -> TagDetails {
    TagDetails {
        digest: Some(DIGEST.into()),
        created_at: Some("2026-11-01T09:30:00.123456789Z".parse().expect("a time")),
        size: Some(31_500),
    }
}

#[tokio::test]
async fn pages_are_followed_by_their_links() {
    let server = Server::start(|seen| {
        assert_eq!(seen.path(), "/v2/team/app/tags/list");
        let link = |last: &str| format!("</v2/team/app/tags/list?last={last}&n=2>; rel=\"next\"");
        Some(match seen.parameter("last").as_deref() {
            None => with(200, &[("link", &link("0.2"))], r#"{"name":"team/app","tags":["0.1","0.2"]}"#),
            // A page may be short, or empty, before the end.
            Some("0.2") => with(200, &[("link", &link("0.3"))], r#"{"name":"team/app","tags":["0.3","not a tag"]}"#),
            Some("0.3") => with(200, &[("link", &link("0.4"))], r#"{"name":"team/app","tags":null}"#),
            _ => tags(&["1.0"]),
        })
    })
    .await;
    let found = registry(&server).tags(&image()).await.expect("tags");
    assert_eq!(found, ["0.1", "0.2", "0.3", "1.0"].map(tag));
    assert!(server.seen()[0].parameter("n").is_some());
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()), "nobody asked for it");
}

#[tokio::test]
async fn a_list_without_end_is_cut_off() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        let link = format!("</v2/team/app/tags/list?last={n}>; rel=\"next\"");
        Some(with(200, &[("link", &link)], format!(r#"{{"tags":["0.{n}"]}}"#)))
    })
    .await;
    install_provider();
    let patient = OciSettings { deadline: Duration::from_secs(60), ..settings(&server) };
    let registry = OciRegistry::new(patient).expect("good settings");
    assert_eq!(registry.tags(&image()).await.expect("tags").len(), MAX_PAGES);
    let listed = registry.list(&image()).await.expect("a list");
    assert!(listed.len() == MAX_PAGES && listed.is_cut, "{}", listed.len());
}

#[tokio::test]
async fn details_come_from_the_manifest_and_the_configuration() {
    let server = Server::start(|seen| {
        Some(match seen.path().strip_prefix("/v2/team/app/") {
            Some("manifests/docker") => {
                manifest(seen, "application/vnd.docker.distribution.manifest.v2+json", DIGEST, &image_manifest())
            }
            Some("manifests/index") => manifest(seen, "application/vnd.oci.image.index.v1+json", DIGEST, &index()),
            Some(path) if path == format!("manifests/{CHILD}") => {
                manifest(seen, "application/vnd.oci.image.manifest.v1+json", CHILD, &image_manifest())
            }
            Some(path) if path == format!("blobs/{CONFIG}") => config(),
            _ => fault(404, "MANIFEST_UNKNOWN"),
        })
    })
    .await;
    let registry = registry(&server);
    for name in ["docker", "index"] {
        assert_eq!(registry.tag(&image(), &tag(name)).await.expect("an answer"), Some(details()), "{name}");
    }
    assert_eq!(registry.tag(&image(), &tag("missing")).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_tag_exists_also_when_its_details_cannot_be_had() {
    type Answer = fn(&Seen) -> Option<Response>;
    let cases: [(&str, Answer); 4] = [
        ("no configuration", |_| Some(fault(404, "BLOB_UNKNOWN"))),
        ("a broken store", |_| Some(fault(500, "UNKNOWN"))),
        ("a configuration of another kind", |_| Some(with(200, &[], "{}"))),
        ("a store that is too slow", |_| None),
    ];
    for (name, blob) in cases {
        let server = Server::start(move |seen| match seen.path().contains("/blobs/") {
            true => blob(seen),
            false => Some(manifest(seen, "application/vnd.oci.image.manifest.v1+json", DIGEST, &image_manifest())),
        })
        .await;
        install_provider();
        let short = OciSettings { deadline: Duration::from_secs(2), ..settings(&server) };
        let found = OciRegistry::new(short).expect("good settings").tag(&image(), &tag("1")).await;
        assert_eq!(found.expect(name), Some(TagDetails { created_at: None, ..details() }), "{name}");
    }
}

/// A registry with a token server of its own, as GitLab and Docker Hub have.
fn with_tokens(expires_in: u64) -> impl Fn(&Seen) -> Option<Response> + Send + Sync + 'static {
    let given = AtomicUsize::new(0);
    move |seen| {
        let host = seen.header("host").unwrap_or_default().to_owned();
        if seen.path() == "/jwt/auth" {
            assert_eq!(seen.parameter("service").as_deref(), Some("container_registry"));
            assert_eq!(seen.parameter("scope").as_deref(), Some("repository:team/app:pull"));
            assert_eq!(seen.parameter("account").as_deref(), Some("robot"));
            // "robot:s3cret"
            if seen.header("authorization") != Some("Basic cm9ib3Q6czNjcmV0") {
                return Some(fault(403, "DENIED"));
            }
            let n = given.fetch_add(1, Ordering::SeqCst) + 1;
            return Some(json(200, &json!({"token": format!("token-{n}"), "expires_in": expires_in})));
        }
        let newest = format!("Bearer token-{}", given.load(Ordering::SeqCst));
        if seen.header("authorization") == Some(newest.as_str()) {
            return Some(tags(&["1"]));
        }
        let challenge = format!(
            "Bearer realm=\"http://{host}/jwt/auth\",service=\"container_registry\",scope=\"repository:team/app:pull\",error=\"invalid_token\""
        );
        let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}).to_string();
        Some(with(401, &[("www-authenticate", &challenge), ("docker-distribution-api-version", "registry/2.0")], body))
    }
}

#[tokio::test]
async fn a_token_is_fetched_when_asked_for_and_kept_until_it_expires() {
    let server = Server::start(with_tokens(300)).await;
    let registry = registry(&server);
    for _ in 0..3 {
        assert_eq!(registry.tags(&image()).await.expect("tags"), [tag("1")]);
    }
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.path().to_owned()).collect();
    let list = "/v2/team/app/tags/list";
    assert_eq!(paths, [list, "/jwt/auth", list, list, list]);
}

#[tokio::test]
async fn a_token_that_expired_or_was_revoked_is_fetched_anew() {
    // With the margin it has expired when it comes.
    let server = Server::start(with_tokens(5)).await;
    let short_lived = registry(&server);
    for _ in 0..2 {
        assert_eq!(short_lived.tags(&image()).await.expect("tags"), [tag("1")]);
    }
    assert_eq!(server.seen().iter().filter(|seen| seen.path() == "/jwt/auth").count(), 2);
    // Two clients: each new token revokes the other's.
    let server = Server::start(with_tokens(300)).await;
    let (one, other) = (registry(&server), registry(&server));
    for registry in [&one, &other, &one] {
        assert_eq!(registry.tags(&image()).await.expect("tags"), [tag("1")]);
    }
}

#[tokio::test]
async fn a_token_that_allows_nothing_is_a_refusal() {
    let server = Server::start(|seen| {
        let realm = format!("Bearer realm=\"http://{}/token\",service=\"r\"", seen.header("host").unwrap_or_default());
        Some(match seen.path() {
            "/token" => json(200, &json!({"access_token": "empty"})),
            _ => with(401, &[("www-authenticate", &realm)], fault_body("UNAUTHORIZED")),
        })
    })
    .await;
    let registry = registry(&server);
    for _ in 0..2 {
        let error = registry.tags(&image()).await.expect_err("refused");
        assert!(
            matches!(&error, RegistryError::Silent(RegistrySilence::Forbidden { detail: text }) if text.contains("UNAUTHORIZED")),
            "{error}"
        );
    }
    assert_eq!(server.seen().len(), 6, "each time one token is tried");
}

fn fault_body(code: &str) -> String {
    json!({"errors": [{"code": code, "message": "as the registry says"}]}).to_string()
}

#[tokio::test]
async fn wrong_credentials_at_the_token_server_are_a_refusal() {
    let server = Server::start(with_tokens(300)).await;
    install_provider();
    let password = Some(Credential::Value(SecretString::from("wrong".to_owned())));
    let registry = OciRegistry::new(OciSettings { password, ..settings(&server) }).expect("good settings");
    let error = registry.tags(&image()).await.expect_err("refused");
    assert!(
        matches!(&error, RegistryError::Silent(RegistrySilence::Forbidden { detail: text }) if text.contains("DENIED")),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn basic_authentication_is_given_when_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("password");
    write_token(&path, "s3cret\n");
    let server = Server::start(|seen| {
        Some(match seen.header("authorization") {
            Some("Basic cm9ib3Q6czNjcmV0") => tags(&["1"]),
            _ => with(401, &[("www-authenticate", "Basic realm=\"registry\"")], fault_body("UNAUTHORIZED")),
        })
    })
    .await;
    install_provider();
    let password = Some(Credential::File(path.clone()));
    let registry = OciRegistry::new(OciSettings { password, ..settings(&server) }).expect("good settings");
    for _ in 0..2 {
        assert_eq!(registry.tags(&image()).await.expect("tags"), [tag("1")]);
    }
    assert_eq!(server.seen().len(), 3, "it is remembered that basic authentication is wanted");
    write_token(&path, "changed\n");
    let error = registry.tags(&image()).await.expect_err("refused");
    assert!(matches!(error, RegistryError::Silent(RegistrySilence::Forbidden { .. })), "{error}");
    let anonymous = OciRegistry::new(OciSettings { username: None, ..settings(&server) }).expect("good settings");
    let error = anonymous.tags(&image()).await.expect_err("refused");
    assert!(error.to_string().contains("a user and a password"), "{error}");
}

#[tokio::test]
async fn authorisation_stays_with_the_registry() {
    let store = Server::start(|_| Some(config())).await;
    let target = store.url.clone();
    let server = Server::start(move |seen| {
        if seen.header("authorization").is_none() {
            return Some(with(401, &[("www-authenticate", "Basic realm=\"registry\"")], fault_body("UNAUTHORIZED")));
        }
        Some(match seen.path().contains("/blobs/") {
            true => {
                with(307, &[("location", target.join("bucket/blob?signature=secret").expect("a URL").as_str())], "")
            }
            false => manifest(seen, "application/vnd.oci.image.manifest.v1+json", DIGEST, &image_manifest()),
        })
    })
    .await;
    assert_eq!(registry(&server).tag(&image(), &tag("1")).await.expect("an answer"), Some(details()));
    let asked = store.seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn a_link_to_another_place_is_not_followed() {
    let other = Server::start(|_| Some(tags(&["2"]))).await;
    let link = format!("<{}v2/team/app/tags/list?last=1>; rel=\"next\"", other.url);
    let server = Server::start(move |_| Some(with(200, &[("link", &link)], r#"{"tags":["1"]}"#))).await;
    let error = registry(&server).tags(&image()).await.expect_err("not followed");
    assert!(error.to_string().contains("leads to another place"), "{error}");
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn answers_that_are_no_answer_are_told_apart() {
    #[derive(PartialEq, Debug)]
    enum Kind {
        Forbidden,
        UnknownImage,
        Busy,
        Unusable,
        Unavailable,
    }
    let kind = |error: &RegistryError| match error {
        RegistryError::UnknownImage(_) => Kind::UnknownImage,
        RegistryError::Silent(RegistrySilence::Forbidden { .. }) => Kind::Forbidden,
        RegistryError::Silent(RegistrySilence::Busy { retry_after }) => {
            assert!(retry_after.is_some_and(|wait| wait.as_secs() >= 899), "{retry_after:?}");
            Kind::Busy
        }
        RegistryError::Silent(RegistrySilence::Unusable { .. }) => Kind::Unusable,
        RegistryError::Silent(RegistrySilence::Unavailable { .. }) => Kind::Unavailable,
        RegistryError::Silent(other) => panic!("{other:?}"),
    };
    let cases: Vec<(&str, Respond, Kind, &str)> = vec![
        ("no repository", Box::new(|| fault(404, "NAME_UNKNOWN")), Kind::UnknownImage, IMAGE),
        ("404 of a web server", Box::new(|| with(404, &[], "404 page not found")), Kind::Unusable, "404"),
        ("403", Box::new(|| fault(403, "DENIED")), Kind::Forbidden, "DENIED as the registry says"),
        ("401 without a challenge", Box::new(|| with(401, &[], "")), Kind::Forbidden, "unknown kind"),
        (
            "401 with an unknown scheme",
            Box::new(|| with(401, &[("www-authenticate", "Negotiate")], "")),
            Kind::Forbidden,
            "unknown kind",
        ),
        (
            "a token server of another kind",
            Box::new(|| with(401, &[("www-authenticate", "Bearer realm=\"file:///etc/passwd\"")], "")),
            Kind::Forbidden,
            "https",
        ),
        ("500", Box::new(|| fault(500, "UNKNOWN")), Kind::Unusable, "500: UNKNOWN"),
        ("503 of a proxy", Box::new(|| with(503, &[], "<html>")), Kind::Unusable, "503"),
        ("429", Box::new(|| with(429, &[("retry-after", "3600")], "")), Kind::Busy, "429"),
        ("no JSON", Box::new(|| with(200, &[], "<html>")), Kind::Unusable, "answer is no"),
        ("another shape", Box::new(|| with(200, &[], "[1]")), Kind::Unusable, "answer is no"),
        ("no end", Box::new(oversized), Kind::Unusable, "larger than"),
        ("a circle", Box::new(|| with(302, &[("location", "/v2/")], "")), Kind::Unavailable, "redirect"),
    ];
    for (name, answer, expected, words) in cases {
        let server = Server::start(move |_| Some(answer())).await;
        let registry = registry(&server);
        let errors = [
            registry.tags(&image()).await.map(drop).expect_err(name),
            registry.tag(&image(), &tag("1")).await.map(drop).expect_err(name),
        ];
        for error in errors {
            assert_eq!(kind(&error), expected, "{name}: {error}");
            assert!(error.to_string().contains(words), "{name}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_slow_is_not_waited_for() {
    let silent = Server::start(|_| None).await;
    install_provider();
    let short = OciSettings { deadline: Duration::from_millis(100), ..settings(&silent) };
    let registry = OciRegistry::new(short).expect("good settings");
    assert_eq!(registry.tags(&image()).await.expect_err("silence").to_string(), "no answer in 100ms");
    let error = registry.tag(&image(), &tag("1")).await.expect_err("silence");
    assert_eq!(error.to_string(), "no answer in 100ms");
}

#[tokio::test]
async fn a_request_to_wait_is_obeyed() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        Some(match count.fetch_add(1, Ordering::SeqCst) {
            0 => with(429, &[("retry-after", "0")], fault_body("TOOMANYREQUESTS")),
            _ => tags(&["1"]),
        })
    })
    .await;
    assert_eq!(registry(&server).tags(&image()).await.expect("tags"), [tag("1")]);
    let stubborn = Server::start(|_| Some(with(429, &[("retry-after", "0")], fault_body("TOOMANYREQUESTS")))).await;
    registry(&stubborn).tags(&image()).await.expect_err("always 429");
    assert_eq!(stubborn.targets().len(), 3);
}

/// Lets the clock jump, so far that nothing old stands in for what is slow; nothing may be under way.
async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn pages_that_are_the_same_are_not_sent_again() {
    let pushed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&pushed);
    let server = Server::start(move |seen| {
        let (page, entity_tag) = match seen.parameter("last") {
            None => (json!({"tags": ["0.1", "0.2"]}), "\"one\"".to_owned()),
            Some(_) => {
                let pushed = count.load(Ordering::SeqCst);
                (
                    json!({"tags": (3..4 + pushed).map(|n| format!("0.{n}")).collect::<Vec<_>>()}),
                    format!("\"two-{pushed}\""),
                )
            }
        };
        if seen.header("if-none-match") == Some(entity_tag.as_str()) {
            return Some(with(304, &[("etag", &entity_tag)], ""));
        }
        let mut headers = vec![("etag", entity_tag.as_str())];
        if seen.parameter("last").is_none() {
            headers.push(("link", "</v2/team/app/tags/list?last=0.2&n=500>; rel=\"next\""));
        }
        Some(with(200, &headers, page.to_string()))
    })
    .await;
    let registry = registry(&server);
    let list = async || {
        let listed = registry.list(&image()).await.expect("a list");
        listed.iter().map(|listed| listed.tag.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list().await, ["0.1", "0.2", "0.3"]);
    later(301).await;
    assert_eq!(list().await, ["0.1", "0.2", "0.3"]);
    pushed.store(1, Ordering::SeqCst);
    later(301).await;
    assert_eq!(list().await, ["0.1", "0.2", "0.3", "0.4"]);
    let known: Vec<bool> = server.seen().iter().map(|seen| seen.header("if-none-match").is_some()).collect();
    assert_eq!(known, [false, false, true, false, true, false]);
}

#[tokio::test]
async fn a_digest_that_is_not_told_is_computed() {
    let server = Server::start(|seen| {
        Some(match seen.path().contains("/blobs/") {
            true => config(),
            false => with(200, &[], image_manifest().to_string()),
        })
    })
    .await;
    let registry = registry(&server);
    let found = registry.tag(&image(), &tag("1")).await.expect("an answer").expect("a tag");
    let computed = found.digest.clone().expect("a digest");
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(image_manifest().to_string());
    assert_eq!(computed, hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}")));
    assert_eq!(TagDetails { digest: Some(DIGEST.into()), ..found }, details());
    // The same content by another name needs no configuration.
    registry.tag(&image(), &tag("2")).await.expect("an answer").expect("a tag");
    assert_eq!(server.seen().iter().filter(|seen| seen.path().contains("/blobs/")).count(), 1);
}

#[tokio::test]
async fn a_content_that_has_another_digest_is_not_kept() {
    let server = Server::start(|seen| {
        Some(match seen.path().contains("/blobs/") {
            true => config(),
            false => manifest(seen, "application/vnd.oci.image.manifest.v1+json", DIGEST, &image_manifest()),
        })
    })
    .await;
    let registry = registry(&server);
    for _ in 0..2 {
        assert_eq!(registry.tag(&image(), &tag("1")).await.expect("an answer"), Some(details()));
    }
    assert_eq!(server.targets().len(), 4);
}

#[tokio::test]
async fn a_tag_that_went_is_gone_from_the_details_too() {
    let is_there = Arc::new(AtomicUsize::new(1));
    let there = Arc::clone(&is_there);
    let server = Server::start(move |seen| {
        Some(match seen.path().contains("/blobs/") {
            true => config(),
            false if there.load(Ordering::SeqCst) == 0 => fault(404, "MANIFEST_UNKNOWN"),
            false => with(200, &[], image_manifest().to_string()),
        })
    })
    .await;
    let registry = registry(&server);
    let ask = async || registry.details(&image(), &[tag("1")]).await.pop().expect("an answer").expect("no error");
    assert!(ask().await.is_some());
    is_there.store(0, Ordering::SeqCst);
    assert!(ask().await.is_some(), "a little old");
    later(301).await;
    assert_eq!(ask().await, None);
    is_there.store(1, Ordering::SeqCst);
    assert!(ask().await.is_some(), "that there is none isn't kept");
}
