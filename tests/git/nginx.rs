//! The adapter against nginx with TLS and basic auth before `git http-backend`.

use secrecy::SecretString;
use tiphys::{
    adapters::git::{GitRepository, TokenSource},
    ports::{ManifestRepository, RepositoryError},
};

use crate::{
    cgi::Authority,
    server::Nginx,
    support::{World, deploy, request},
};

#[tokio::test]
#[ignore = "needs nginx and fcgiwrap"]
async fn fetch_push_refusals_and_races_over_https() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    for protocol in ["ssl", "ssl http2"] {
        let world = World::new();
        let authority = Authority::new();
        authority.write(&world.path("ca.pem"));
        let server = Nginx::start(&world, "remote.git", &authority, protocol).await;
        let mut settings = world.settings(&server.url);
        settings.ca_file = Some(world.path("ca.pem"));
        settings.username = Some("bot".to_owned());
        settings.token = Some(TokenSource::Value(SecretString::from("hunter2")));
        let repository = GitRepository::new(settings.clone()).expect("valid");
        let base = repository.fetch().await.expect("fetched");
        let pushed =
            repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
        assert_eq!(pushed[1], world.remote_head());
        let theirs = world.person_pushes("other", "x");
        assert_eq!(repository.fetch().await.expect("fetched"), theirs);
        assert!(repository.find_request(&request("cli/1")).await.expect("read").is_some());

        world.install_hook("echo 'no, sorry'; exit 1");
        let error = repository.push(&theirs, vec![deploy("cli/3", "1.3")]).await.expect_err("refused");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("no, sorry")), "{error}");
        world.install_racing_hook();
        let error = repository.push(&theirs, vec![deploy("cli/3", "1.3")]).await.expect_err("lost");
        assert!(matches!(error, RepositoryError::LostRace), "{error}");
        let base = repository.fetch().await.expect("fetched");
        repository.push(&base, vec![deploy("cli/3", "1.3")]).await.expect("pushed");
        world.assert_sound(7);

        // Larger than nginx takes.
        let base = repository.fetch().await.expect("fetched");
        let mut big = deploy("cli/4", "1.4");
        let bytes = (0..400_000_u64).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
        big.edits[0].content = Some(bytes.collect());
        let error = repository.push(&base, vec![big]).await.expect_err("too large");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("413")), "{error}");

        settings.token = Some(TokenSource::Value(SecretString::from("guess")));
        settings.mirror = world.path("second.git");
        let error = GitRepository::new(settings.clone()).expect("valid").fetch().await.expect_err("not let in");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("401")), "{error}");
        Authority::new().write(&world.path("ca.pem"));
        let error = GitRepository::new(settings).expect("valid").fetch().await.expect_err("not trusted");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("certificate")), "{error}");
    }
}
