//! The OCI adapter against a real registry (`docker-registry`) that `skopeo` pushed to: basic authentication, a token
//! server, TLS by a private CA, manifests and indexes of both families, three hundred tags.
//!
//! `cargo test --test registry_real -- --ignored`

#[path = "registry_real/server.rs"]
mod server;
#[path = "registry_real/token_server.rs"]
mod token_server;

use std::time::Duration;

use secrecy::SecretString;
use tiphys::{
    adapters::registry::{Credential, OciRegistry, OciSettings},
    domain::{
        name::{ImageName, Tag},
        registry_fault::RegistrySilence,
    },
    ports::{Registry, RegistryError},
};

use crate::server::{Layout, PASSWORD, RealRegistry, USER};

fn image(registry: &RealRegistry, path: &str) -> ImageName {
    ImageName::new(format!("{}/{path}", registry.address)).expect("an image")
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a tag")
}

fn settings(registry: &RealRegistry) -> OciSettings {
    // As the program does at its start; another test may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    OciSettings {
        url: registry.url.parse().expect("a URL"),
        username: Some(USER.into()),
        password: Some(Credential::Value(SecretString::from(PASSWORD.to_owned()))),
        ca_file: registry.ca_file.clone(),
        deadline: Duration::from_secs(20),
    }
}

/// What every registry must answer, whatever its authentication.
async fn answers_well(registry: &RealRegistry, layout: &Layout) {
    for (name, format) in [("0.10.4", "oci"), ("0.10.5", "v2s2")] {
        registry.push(layout, "single", &format!("team/app:{name}"), &["--format", format]);
    }
    registry.push(layout, "index", "team/app:multi", &["--all"]);
    registry.push(layout, "single", "team/other:1", &[]);
    let adapter = OciRegistry::new(settings(registry)).expect("good settings");

    let mut tags = adapter.tags(&image(registry, "team/app")).await.expect("tags");
    tags.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(tags, ["0.10.4", "0.10.5", "multi"].map(tag));

    for name in ["0.10.4", "0.10.5", "multi"] {
        let details = adapter.tag(&image(registry, "team/app"), &tag(name)).await.expect("an answer").expect("a tag");
        assert_eq!(details.digest.as_deref(), Some(registry.digest(&format!("team/app:{name}")).as_str()), "{name}");
        assert_eq!(details.created_at, Some(Layout::CREATED.parse().expect("a time")), "{name}");
        // skopeo may compress the layer; the configuration alone has some hundred bytes.
        assert!(details.size.is_some_and(|size| (200..10_000).contains(&size)), "{name}: {:?}", details.size);
    }
    assert_eq!(adapter.tag(&image(registry, "team/app"), &tag("0.10.6")).await.expect("an answer"), None);
    let missing = image(registry, "team/missing");
    let unknown = adapter.tags(&missing).await;
    assert!(matches!(unknown, Err(RegistryError::UnknownImage(_))), "{unknown:?}");
    // This registry answers MANIFEST_UNKNOWN for the tag of a missing repository.
    assert_eq!(adapter.tag(&missing, &tag("1")).await.expect("an answer"), None);
    let wrong = Some(Credential::Value(SecretString::from("wrong".to_owned())));
    let stranger = OciRegistry::new(OciSettings { password: wrong, ..settings(registry) }).expect("good settings");
    let refused = stranger.tags(&image(registry, "team/app")).await;
    assert!(matches!(refused, Err(RegistryError::Silent(RegistrySilence::Forbidden { .. }))), "{refused:?}");
}

/// Three hundred tags of four kinds: a long list, and a page of it in detail.
async fn lists_well(registry: &RealRegistry, layout: &Layout) {
    let kinds = [
        ("oci", "single", vec!["--format", "oci"]),
        ("docker", "single", vec!["--format", "v2s2"]),
        ("index", "index", vec!["--all"]),
        ("list", "index", vec!["--all", "--format", "v2s2"]),
    ];
    let mut expected = Vec::new();
    for (number, (kind, image, options)) in kinds.iter().enumerate() {
        registry.push(layout, image, &format!("team/many:{kind}"), options);
        let tags: Vec<String> = (0..74).map(|patch| format!("{number}.1.{patch}")).collect();
        registry.tag_again("team/many", kind, &tags).await;
        expected.push(((*kind).to_owned(), kind));
        expected.extend(tags.into_iter().map(|tag| (tag, kind)));
    }
    let adapter = OciRegistry::new(settings(registry)).expect("good settings");
    let app = image(registry, "team/many");
    let listed = adapter.list(&app).await.expect("a list");
    assert_eq!(listed.len(), 300);
    let mut names: Vec<_> = listed.iter().map(|listed| listed.tag.to_string()).collect();
    names.sort_unstable();
    let mut wanted: Vec<_> = expected.iter().map(|(tag, _)| tag.clone()).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);

    // Every thirtieth: a page with all kinds on it, and one that isn't there.
    let shown: Vec<_> = expected.iter().step_by(30).collect();
    let mut page: Vec<Tag> = shown.iter().map(|(name, _)| tag(name)).collect();
    page.push(tag("missing"));
    for _ in 0..2 {
        let mut details = adapter.details(&app, &page).await;
        let missing = details.pop().expect("the last one");
        assert!(matches!(missing, Ok(None)), "{missing:?}");
        for ((name, kind), details) in shown.iter().zip(details) {
            let details = details.expect("an answer").expect("a tag");
            let digest = registry.digest(&format!("team/many:{kind}"));
            assert_eq!(details.digest.as_deref(), Some(digest.as_str()), "{name}");
            assert_eq!(details.created_at, Some(Layout::CREATED.parse().expect("a time")), "{name}");
            assert!(details.size.is_some_and(|size| (200..10_000).contains(&size)), "{name}: {:?}", details.size);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker-registry and skopeo"]
async fn basic_authentication_over_tls_by_a_private_ca() {
    let layout = Layout::new();
    let registry = RealRegistry::with_basic_auth_and_tls();
    answers_well(&registry, &layout).await;
    lists_well(&registry, &layout).await;
    let without = OciRegistry::new(OciSettings { ca_file: None, ..settings(&registry) }).expect("good settings");
    let error = without.tags(&image(&registry, "team/app")).await.expect_err("not trusted");
    assert!(
        matches!(&error, RegistryError::Silent(RegistrySilence::Untrusted { detail: text }) if text.contains("certificate")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker-registry and skopeo"]
async fn tokens_of_a_token_server() {
    let layout = Layout::new();
    let tokens = token_server::start().await;
    let registry = RealRegistry::with_tokens(&tokens);
    answers_well(&registry, &layout).await;
    lists_well(&registry, &layout).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker-registry and skopeo"]
async fn a_registry_that_stopped_is_unavailable() {
    let registry = RealRegistry::with_basic_auth_and_tls();
    let adapter = OciRegistry::new(settings(&registry)).expect("good settings");
    let app = image(&registry, "team/app");
    let empty = adapter.tags(&app).await;
    assert!(matches!(empty, Err(RegistryError::UnknownImage(_))), "{empty:?}");
    drop(registry);
    let gone = adapter.tags(&app).await;
    assert!(matches!(gone, Err(RegistryError::Silent(RegistrySilence::Unavailable { .. }))), "{gone:?}");
}
