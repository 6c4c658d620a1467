//! The adapter over smart HTTP, against git's own server side.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, header};
use secrecy::SecretString;
use tiphys::{
    adapters::git::{GitRepository, Settings, TokenSource},
    ports::{ManifestRepository, RepositoryError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
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

    // The push is one request on the same connection, whose pack holds only the new objects: four trees on the path, one
    // blob, one commit.
    let base = repository.fetch().await.expect("fetched");
    server.take_seen();
    repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
    let seen = server.take_seen();
    assert_eq!(seen.len(), 1, "nothing is asked before");
    assert!(peers.contains(&seen[0].peer.expect("known")), "the connection is kept");
    let push = seen[0].body.clone();
    let pack = push.windows(4).position(|window| window == b"PACK").expect("a pack");
    let objects = u32::from_be_bytes(push[pack + 8..pack + 12].try_into().expect("four bytes"));
    assert_eq!(objects, 1 + 5 + 1, "{FILE} is five trees deep");
    assert!(push.len() < 1_000, "{} bytes", push.len());
    world.assert_sound(35);
}

#[tokio::test]
async fn a_server_that_wants_to_be_asked_first_is_asked_first() {
    for status in [0, 200, 401, 403, 404, 411, 501] {
        let world = World::new();
        let server = GitServer::http(&world, "remote.git").await;
        server.break_with(Fault::NeedsListing(status));
        let repository = repository(world.settings(&server.url()));
        let base = repository.fetch().await.expect("fetched");
        server.take_seen();
        let methods = || server.take_seen().into_iter().map(|seen| seen.method).collect::<Vec<_>>();
        let first = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
        assert_eq!(methods(), [Method::POST, Method::GET, Method::POST], "{status}");
        repository.push(&first, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
        assert_eq!(methods(), [Method::GET, Method::POST], "{status}: it is remembered");
        // Then the first step shows a lost race, and the second one isn't taken.
        let error = repository.push(&first, vec![deploy("cli/3", "1.3")]).await.expect_err("lost");
        assert!(matches!(error, RepositoryError::LostRace), "{error}");
        assert_eq!(methods(), [Method::GET]);
        world.assert_sound(4);
    }
}

#[tokio::test]
async fn a_pack_that_the_remote_cannot_complete_is_no_refusal() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let repository = repository(world.settings(&server.url()));
    let base = repository.fetch().await.expect("fetched");
    // The branch was rewritten, and what the pack builds on is gone from the remote.
    let person = world.path("person");
    world.git(&person, &["checkout", "--quiet", "--orphan", "fresh"]);
    world.git(&person, &["rm", "-rf", "--quiet", "."]);
    world.write("fresh", "start\n");
    let theirs = world.commit("fresh");
    world.git(&person, &["push", "--quiet", "--force", "origin", "fresh:main"]);
    world.git(&world.remote(), &["reflog", "expire", "--expire=now", "--all"]);
    world.git(&world.remote(), &["gc", "--quiet", "--prune=now"]);
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs);
    repository.push(&theirs, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(2);
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_waited_for_within_the_bound() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let mut settings = world.settings(&server.url());
    let patient = repository(settings.clone());
    let base = patient.fetch().await.expect("fetched");
    for status in [429, 503] {
        server.break_with(Fault::Busy(status, 1));
        server.take_seen();
        let base = patient.fetch().await.expect("fetched");
        let id = format!("cli/{status}");
        patient.push(&base, vec![deploy(&id, &id)]).await.expect("pushed after a second");
    }
    server.break_with(Fault::Busy(429, 1));
    settings.deadline = Duration::from_millis(700);
    let error = repository(settings).push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err("too long");
    assert!(matches!(&error, RepositoryError::Unreachable(text) if text.contains("wait for 1 s")), "{error}");
    world.assert_sound(4);
}

#[tokio::test]
async fn a_repository_that_moved_within_its_server_is_found() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    server.require("hunter2");
    let mut settings = world.settings(&server.url().replace("remote.git", "moved.git"));
    settings.username = Some("bot".to_owned());
    settings.token = Some(TokenSource::Value(SecretString::from("hunter2")));
    let mut other = settings.clone();
    other.mirror = world.path("second.git");
    let repository = repository(settings);
    let base = repository.fetch().await.expect("fetched");
    let base = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    // One that has not fetched yet finds it with the push.
    let second = self::repository(other);
    second.push(&base, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
    world.assert_sound(4);
}

#[tokio::test]
async fn a_proxy_that_is_named_is_used() {
    let world = World::new();
    let authority = Authority::new();
    let server = GitServer::https(&world, "remote.git", &authority).await;
    authority.write(&world.path("ca.pem"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let mut settings = world.settings(&server.url());
    settings.ca_file = Some(world.path("ca.pem"));
    settings.proxy = Some(format!("http://{}", listener.local_addr().expect("has one")).parse().expect("an address"));
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tunnels);
    let proxy = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.expect("a request"));
            }
            let head = String::from_utf8(head).expect("text");
            let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).expect("a tunnel");
            let mut remote = TcpStream::connect(target).await.expect("connected");
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("written");
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut remote).await.ok() });
        }
    });
    let repository = repository(settings);
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    assert_eq!(tunnels.load(Ordering::Relaxed), 1, "one tunnel is kept");
    proxy.abort();
    world.assert_sound(3);
}

#[tokio::test]
async fn a_token_that_is_replaced_in_this_moment_is_read_again() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    server.require("correct horse");
    let token = world.path("token");
    fs::write(&token, "hunter2").expect("written");
    server.rotate_into(token.clone());
    let mut settings = world.settings(&server.url());
    settings.username = Some("bot".to_owned());
    settings.token = Some(TokenSource::File(token.clone()));
    let repository = repository(settings);
    let base = repository.fetch().await.expect("fetched with the new one");
    fs::write(&token, "hunter2").expect("written");
    server.rotate_into(token);
    server.take_seen();
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed with the new one");
    assert_eq!(server.take_seen().len(), 2);
    world.assert_sound(3);
}

#[tokio::test]
async fn what_a_hook_prints_is_quoted_without_secrets() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    server.require("hunter2");
    world.install_hook("printf '\\033[31mbot:hunter2 at https://bot:hunter2@git.example/m.git\\033[0m\\n'; exit 1");
    let mut settings = world.settings(&server.url());
    settings.username = Some("bot".to_owned());
    settings.token = Some(TokenSource::Value(SecretString::from("hunter2")));
    let repository = repository(settings);
    let base = repository.fetch().await.expect("fetched");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    let RepositoryError::Refused(text) = error else { panic!("{error}") };
    assert_eq!(text, "pre-receive hook declined: bot:*** at https://***@git.example/m.git");
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

    // Somebody has committed before: one request tells, and changes nothing.
    server.take_seen();
    let head = world.remote_head();
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    assert_eq!(server.take_seen().len(), 1);
    assert_eq!(world.remote_head(), head);

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
        (Fault::AnsweredFor(504), true),
        (Fault::AnsweredFor(408), true),
        (Fault::AnsweredFor(421), true),
        (Fault::AnsweredFor(425), true),
        (Fault::AnsweredFor(503), true),
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
    world.assert_sound(9);
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
    // The fetch comes first: it finds out that the kept connection is dead. A push that does would rightly be unclear.
    let error = repository.fetch().await.expect_err("gone");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{error}");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("gone");
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
