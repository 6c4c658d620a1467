//! The adapter over smart HTTP, against git's own server side.

use std::{fs, sync::Arc, time::Duration};

use axum::http::{Method, header};
use secrecy::SecretString;
use tiphys::{
    adapters::git::{GitRepository, Settings, TokenSource},
    ports::{ManifestRepository, RepositoryError},
};

use crate::{
    cgi::{Authority, Fault, GitServer},
    support::{FILE, World, change, deploy, race, repo_path, request},
};

/// The program does this at its start.
fn install_provider() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

fn repository(settings: Settings) -> GitRepository {
    install_provider();
    GitRepository::new(settings).expect("valid settings")
}

#[tokio::test]
async fn fetch_push_and_search_over_http() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    for version in [None, Some(Fault::OnlyVersion0)] {
        server.break_with(version);
        let mut settings = world.settings(&server.url());
        settings.mirror = world.path(&format!("mirror-{version:?}"));
        let repository = repository(settings);
        let base = repository.fetch().await.expect("fetched");
        assert_eq!(base, world.remote_head());
        let id = format!("cli/{version:?}");
        let pushed =
            repository.push(&base, vec![deploy(&id, "1.1"), change(&id, "new/file", &id)]).await.expect("pushed");
        assert_eq!(pushed[1], world.remote_head());

        let theirs = world.person_pushes("other", &id);
        assert_eq!(repository.fetch().await.expect("fetched"), theirs);
        assert_eq!(repository.fetch().await.expect("fetched again"), theirs);
        let snapshot = repository.snapshot(&theirs).await.expect("there");
        assert_eq!(snapshot.file(&repo_path("other")), Ok(Some(id.clone().into_bytes())));
        assert_eq!(snapshot.file(&repo_path("new/file")), Ok(Some(id.clone().into_bytes())));
        assert!(repository.find_request(&request(&id)).await.expect("read").is_some());
        assert!(repository.contains(&pushed[0], &theirs).await.expect("read"));
        let mirror = world.path(&format!("mirror-{version:?}"));
        world.git(&mirror, &["fsck", "--strict", "--full"]);
    }
    world.assert_sound(8);
}

#[tokio::test]
async fn only_what_is_new_travels_on_one_connection() {
    let world = World::new();
    for number in 0..30 {
        world.write(&format!("many/{number}"), &"some text that takes room\n".repeat(number * 10));
        world.commit(&format!("{number}"));
    }
    world.git(&world.path("person"), &["push", "--quiet"]);
    let server = GitServer::http(&world, "remote.git").await;
    let repository = repository(world.settings(&server.url()));
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.person_pushes("other", "x");
    server.take_seen();
    repository.fetch().await.expect("fetched");
    let seen = server.take_seen();
    let shape: Vec<_> = seen.iter().map(|seen| (seen.method.clone(), seen.uri.as_str())).collect();
    let pack = "/remote.git/git-upload-pack";
    assert_eq!(shape, [(Method::POST, pack), (Method::POST, pack)], "the greeting is known, then list and fetch");
    assert!(String::from_utf8_lossy(&seen[1].body).contains(&format!("have {base}")), "what the mirror has is told");
    let peers: std::collections::HashSet<_> = seen.iter().map(|seen| seen.peer.expect("known")).collect();
    assert_eq!(peers.len(), 1, "the connection is kept");

    // The push's pack holds only the new objects: four trees on the path, one blob, one commit.
    let base = repository.fetch().await.expect("fetched");
    server.take_seen();
    repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
    let push = server.take_seen().pop().expect("seen").body;
    let pack = push.windows(4).position(|window| window == b"PACK").expect("a pack");
    let objects = u32::from_be_bytes(push[pack + 8..pack + 12].try_into().expect("four bytes"));
    assert_eq!(objects, 1 + 5 + 1, "{FILE} is five trees deep");
}

#[tokio::test]
async fn credentials_go_out_at_once_and_nowhere_else() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    server.require("hunter2");
    let token = world.path("token");
    fs::write(&token, "hunter2\n").expect("written");
    let mut settings = world.settings(&server.url());
    settings.username = Some("bot".to_owned());
    settings.token = Some(TokenSource::File(token.clone()));
    let repository = repository(settings.clone());
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    for seen in server.take_seen() {
        assert!(seen.headers.contains_key(header::AUTHORIZATION), "not only after a challenge: {}", seen.uri);
        assert!(!seen.uri.contains("hunter2"));
    }

    // The token is rotated on the server, then in the file.
    server.require("correct horse");
    let error = repository.fetch().await.expect_err("not let in");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("401")), "{error}");
    assert!(!format!("{error} {error:?} {repository:?} {settings:?}").contains("hunter2"));
    fs::write(&token, "correct horse").expect("written");
    let base = repository.fetch().await.expect("fetched");
    server.require("another");
    let error = repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err("not let in");
    assert!(matches!(error, RepositoryError::Authentication(_)), "{error}");

    fs::remove_file(&token).expect("removed");
    let error = repository.fetch().await.expect_err("no token");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("token")), "{error}");
    settings.token = Some(TokenSource::Value(SecretString::from("another")));
    settings.mirror = world.path("second.git");
    self::repository(settings).fetch().await.expect("fetched");
}

#[tokio::test]
async fn a_hook_that_declines_is_quoted() {
    const WORDS: &str = "GitLab: You are not allowed to push code to protected branches on this project.";
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    world.install_hook(&format!("echo '{WORDS}' >&2; exit 1"));
    let repository = repository(world.settings(&server.url()));
    let base = repository.fetch().await.expect("fetched");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    let RepositoryError::Refused(text) = error else { panic!("{error}") };
    assert_eq!(text, format!("pre-receive hook declined: {WORDS}"));
    assert_eq!(world.remote_head(), base);
    assert_eq!(repository.fetch().await.expect("fetched"), base);
    assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);

    // An endless hook doesn't flood the reply.
    world.install_hook("yes 'no, no, no' | head -n 100000 >&2; exit 1");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    assert!(matches!(&error, RepositoryError::Refused(text) if text.chars().count() < 1_100), "{error}");
}

#[tokio::test]
async fn races_are_lost_before_and_during_the_push() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let repository = repository(world.settings(&server.url()));
    let base = repository.fetch().await.expect("fetched");

    // Somebody commits while the server checks the push.
    world.install_racing_hook();
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    assert_eq!(world.git(&world.remote(), &["log", "-1", "--format=%s", "main"]), "race");

    // Somebody has committed before: nothing is sent.
    server.take_seen();
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    assert!(server.take_seen().iter().all(|seen| seen.method == Method::GET));

    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_lose_and_double_nothing() {
    install_provider();
    let world = Arc::new(World::new());
    let server = GitServer::http(&world, "remote.git").await;
    let writers = (0..3).map(|writer| world.by_url(&server.url(), &format!("mirror-{writer}"))).collect();
    let person = {
        let world = Arc::clone(&world);
        tokio::task::spawn_blocking(move || (0..6).filter(|n| world.person_tries(&format!("person/{n}"))).count())
    };
    race(writers, 6).await;
    let theirs = person.await.expect("no panic");
    world.assert_sound(2 + 3 * 6 + theirs);
    world.assert_requests(3 * 6);
}

#[tokio::test]
async fn a_push_without_an_answer_is_unclear() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let mut settings = world.settings(&server.url());
    settings.deadline = Duration::from_secs(3);
    let repository = repository(settings);
    for (number, (fault, applied)) in [
        (Fault::CutBeforePush, false),
        (Fault::CutAfterPush, true),
        (Fault::GatewayTimeout, true),
        (Fault::Silence, true),
    ]
    .into_iter()
    .enumerate()
    {
        let base = repository.fetch().await.expect("fetched");
        server.break_with(fault);
        let id = format!("cli/{number}");
        let error = repository.push(&base, vec![deploy(&id, &id)]).await.expect_err("no answer");
        assert!(matches!(error, RepositoryError::Unclear(_)), "{fault:?}: {error}");
        server.break_with(None);
        repository.fetch().await.expect("fetched");
        let found = repository.find_request(&request(&id)).await.expect("read");
        assert_eq!(found.is_some(), applied, "{fault:?}");
    }
    world.assert_sound(5);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_apart() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let repository = repository(world.settings(&server.url()));
    let base = repository.fetch().await.expect("fetched");

    server.break_with(Fault::ForbiddenToPush);
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("not allowed to push code")), "{error}");
    server.break_with(Fault::Redirect);
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("elsewhere");
    assert!(
        matches!(&error, RepositoryError::Refused(text) if text.contains("https://elsewhere.example/login")),
        "{error}"
    );
    server.break_with(Fault::Page);
    let error = repository.fetch().await.expect_err("no git");
    assert!(matches!(&error, RepositoryError::Unreachable(text) if text.contains("text/html")), "{error}");
    server.break_with(None);

    let missing = server.url().replace("remote.git", "missing.git");
    let mut settings = world.settings(&missing);
    settings.mirror = world.path("second.git");
    let error = self::repository(settings.clone()).fetch().await.expect_err("not there");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("404")), "{error}");

    world.git(&world.path(""), &["init", "--quiet", "--bare", "empty.git"]);
    settings.url = server.url().replace("remote.git", "empty.git");
    for version in [None, Some(Fault::OnlyVersion0)] {
        server.break_with(version);
        let error = self::repository(settings.clone()).fetch().await.expect_err("empty");
        assert!(matches!(&error, RepositoryError::NoBranch(_)), "{error}");
        let mut other = world.settings(&server.url());
        other.branch = "release".to_owned();
        let error = self::repository(other).fetch().await.expect_err("no such branch");
        assert!(matches!(&error, RepositoryError::NoBranch(branch) if branch == "release"), "{error}");
    }

    drop(server);
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("gone");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{error}");
    let error = repository.fetch().await.expect_err("gone");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_the_right_one() {
    let world = World::new();
    let (right, wrong) = (Authority::new(), Authority::new());
    let server = GitServer::https(&world, "remote.git", &right).await;
    let ca_file = world.path("ca.pem");
    wrong.write(&ca_file);
    let mut settings = world.settings(&server.url());
    settings.ca_file = Some(ca_file.clone());
    let repository = repository(settings.clone());
    let error = repository.fetch().await.expect_err("not trusted");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("certificate")), "{error}");

    // The file is put right while the program runs.
    right.write(&ca_file);
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(3);

    fs::write(&ca_file, "no certificate").expect("written");
    let error = repository.fetch().await.expect_err("nothing in it");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("ca.pem")), "{error}");
}
