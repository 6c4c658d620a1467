//! What goes wrong between the bot and its remote, over each transport: the right verdict, nothing lost and nothing
//! doubled. The operator's table in docs/operations.md rests on these.

use std::{fs, time::Duration};

use tiphys::{
    adapters::git::{GitRepository, Settings, TokenSource, find_program},
    ports::{ManifestRepository, RepositoryError},
};

use crate::{
    cable::{Cable, Way},
    cgi::{Authority, GitServer},
    server::Nginx,
    sshd::{Sshd, make_key},
    support::{World, deploy, request},
};

/// How the remote is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Road {
    Path,
    Git,
    Http,
    Https,
    /// nginx, over HTTP/2.
    Nginx,
    Ssh,
}

enum Server {
    None,
    Web { _server: GitServer },
    Nginx { _server: Nginx },
    Shell(Sshd),
}

/// A world with a server and a cable to it.
struct Site {
    world: World,
    settings: Settings,
    cable: Cable,
    server: Server,
}

impl Site {
    async fn new(road: Road) -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let world = World::new();
        let by_path = world.remote().display().to_string();
        let (server, url, address) = match road {
            Road::Path | Road::Git => (Server::None, by_path, "127.0.0.1:9".parse().expect("an address")),
            Road::Http | Road::Https => {
                let authority = Authority::new();
                authority.write(&world.path("ca.pem"));
                let server = match road {
                    Road::Http => GitServer::http(&world, "remote.git").await,
                    _ => GitServer::https(&world, "remote.git", &authority).await,
                };
                let (url, address) = (server.url(), server.address());
                (Server::Web { _server: server }, url, address)
            }
            Road::Nginx => {
                let authority = Authority::new();
                authority.write(&world.path("ca.pem"));
                let server = Nginx::start(&world, "remote.git", &authority, "ssl http2").await;
                let url = server.url.clone();
                let address = url.split('/').nth(2).expect("a host").parse().expect("an address");
                (Server::Nginx { _server: server }, url, address)
            }
            Road::Ssh => {
                let server = Sshd::start(&world, "AcceptEnv GIT_PROTOCOL").await;
                let (url, address) = (server.url(&world, "remote.git"), server.address());
                (Server::Shell(server), url, address)
            }
        };
        let cable = Cable::to(address).await;
        let port = |text: &str| text.replace(&format!(":{}", address.port()), &format!(":{}", cable.address().port()));
        let mut settings = world.settings(&port(&url));
        match (&server, road) {
            (Server::Shell(server), _) => {
                fs::write(world.path("known_hosts"), port(&server.known(&world, "host_ed25519"))).expect("written");
                settings.ssh_key_file = Some(world.path("client"));
                settings.known_hosts_file = Some(world.path("known_hosts"));
            }
            (_, Road::Https) => settings.ca_file = Some(world.path("ca.pem")),
            (_, Road::Nginx) => {
                settings.ca_file = Some(world.path("ca.pem"));
                settings.username = Some("bot".to_owned());
                settings.token = Some(TokenSource::Value("hunter2".to_owned().into()));
            }
            (_, Road::Git) => settings.git_program = find_program(),
            _ => {}
        }
        Self { world, settings, cable, server }
    }

    fn repository(&self) -> GitRepository {
        GitRepository::new(self.settings.clone()).expect("valid settings")
    }
}

/// Does what the publisher does: asks whether the commit is there, and pushes it otherwise, until it is.
async fn settle(repository: &GitRepository, id: &str) {
    let mut last = None;
    for _ in 0..200 {
        let outcome = async {
            let base = repository.fetch().await?;
            match repository.find_request(&request(id)).await? {
                Some(_) => Ok(()),
                None => repository.push(&base, vec![deploy(id, id)]).await.map(|_| ()),
            }
        };
        match outcome.await {
            Ok(()) => return,
            Err(
                error @ (RepositoryError::LostRace | RepositoryError::Unreachable(_) | RepositoryError::Unclear(_)),
            ) => last = Some(error),
            Err(error) => panic!("{id}: {error}"),
        }
    }
    panic!("{id}: {last:?}");
}

/// Cuts the connection at so many places of a push, both ways, and settles each.
async fn cut_everywhere(road: Road, places: usize) {
    let site = Site::new(road).await;
    let repository = site.repository();
    settle(&repository, "cli/first").await;
    let base = repository.fetch().await.expect("fetched");
    for way in [Way::There, Way::Back] {
        site.cable.take_passed(way);
    }
    repository.push(&base, vec![deploy("cli/second", "x")]).await.expect("pushed");
    let mut commits = 4;
    let lengths = [Way::There, Way::Back].map(|way| (way, site.cable.take_passed(way)));
    for (way, length) in lengths {
        let (mut cuts, mut tried) = (0, 0);
        assert!(length > 100, "{way:?}: {length}");
        let ends = [0, 1, length - 1, length];
        for bytes in ends.into_iter().chain((1..places).map(|place| length * place / places)) {
            let id = format!("cli/{way:?}-{bytes}");
            if repository.find_request(&request(&id)).await.expect("read").is_some() {
                continue;
            }
            settle(&repository, &format!("{id}-before")).await;
            let base = repository.fetch().await.expect("fetched");
            site.cable.cut_after(way, bytes);
            let outcome = repository.push(&base, vec![deploy(&id, &id)]).await;
            tried += 1;
            cuts += usize::from(site.cable.mend());
            match &outcome {
                // An answer that got lost may be made up for: the second step finds the commit there, or something else.
                Ok(_) | Err(RepositoryError::Unclear(_) | RepositoryError::LostRace) => {}
                Err(RepositoryError::Unreachable(text)) => {
                    // Over SSH some of the answers come before anything is sent.
                    assert!(way == Way::There || road == Road::Ssh, "{road:?} {bytes} of {length}: {text}");
                    let newest = site.world.git(&site.world.remote(), &["log", "-1", "--format=%s", "main"]);
                    assert!(!newest.ends_with(&id), "{road:?} {way:?} {bytes} of {length}: {newest} was applied");
                }
                Err(error) => panic!("{road:?} {way:?} {bytes} of {length}: {error}"),
            }
            settle(&repository, &id).await;
            commits += 2;
        }
        // How much comes back differs from push to push (the ends of earlier channels arrive with it), so that the last
        // places may lie behind the end.
        assert!(2 * cuts > tried, "{road:?} {way:?}: {cuts} cuts at {tried} places");
    }
    site.world.assert_sound(commits);
    site.world.assert_requests(commits - 2);
}

#[tokio::test]
async fn a_web_connection_may_break_at_any_byte() {
    cut_everywhere(Road::Http, 6).await;
    cut_everywhere(Road::Https, 2).await;
}

#[tokio::test]
#[ignore = "needs nginx and fcgiwrap"]
async fn a_multiplexed_connection_may_break_at_any_byte() {
    cut_everywhere(Road::Nginx, 6).await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_session_may_break_at_any_byte() {
    cut_everywhere(Road::Ssh, 6).await;
}

/// The server goes away and comes back, with the connections that were kept.
async fn restarted(road: Road) {
    let mut site = Site::new(road).await;
    let repository = site.repository();
    let base = repository.fetch().await.expect("fetched");
    let base = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    site.cable.pull();
    for _ in 0..2 {
        let error = repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err("away");
        assert!(matches!(error, RepositoryError::Unreachable(_) | RepositoryError::Unclear(_)), "{road:?}: {error}");
    }
    let error = repository.fetch().await.expect_err("away");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{road:?}: {error}");
    let error = repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err("away");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{road:?}: no connection, no doubt: {error}");
    site.cable.plug_in().await;
    repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect("pushed over a new connection");
    site.world.assert_sound(4);
}

#[tokio::test]
async fn a_web_server_that_is_restarted_is_found_again() {
    restarted(Road::Http).await;
    restarted(Road::Https).await;
}

#[tokio::test]
#[ignore = "needs nginx and fcgiwrap"]
async fn a_multiplexing_server_that_is_restarted_is_found_again() {
    restarted(Road::Nginx).await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn an_ssh_server_that_is_restarted_is_found_again() {
    restarted(Road::Ssh).await;
}

/// The branch is renamed, then deleted; it isn't made again by a push.
async fn without_a_branch(road: Road) {
    let site = Site::new(road).await;
    let (world, repository) = (&site.world, site.repository());
    let remote = world.remote();
    let base = repository.fetch().await.expect("fetched");
    let base = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    let gone = async |step: &str| {
        let error = repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err(step);
        assert!(
            matches!(error, RepositoryError::LostRace | RepositoryError::NoBranch(_)),
            "{road:?}, {step}: the next fetch tells: {error}"
        );
        let error = repository.fetch().await.expect_err(step);
        assert!(matches!(&error, RepositoryError::NoBranch(name) if name == "main"), "{road:?}, {step}: {error}");
        assert!(!world.try_git(&remote, &["rev-parse", "--verify", "-q", "main"]).status.success(), "{road:?}, {step}");
    };
    world.git(&remote, &["branch", "-m", "main", "trunk"]);
    gone("renamed").await;
    world.git(&remote, &["update-ref", "refs/heads/main", base.as_str()]);
    settle(&repository, "cli/3").await;
    world.git(&remote, &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    world.git(&remote, &["branch", "-D", "main"]);
    gone("deleted").await;
    world.git(&remote, &["branch", "main", "trunk"]);
    settle(&repository, "cli/4").await;
    world.assert_sound(4);
    world.assert_requests(2);
}

#[tokio::test]
async fn a_branch_that_is_gone_is_not_made_again() {
    for road in [Road::Path, Road::Git, Road::Http] {
        without_a_branch(road).await;
    }
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_branch_that_is_gone_is_not_made_again_over_ssh() {
    without_a_branch(Road::Ssh).await;
}

/// Somebody drops a commit of ours by force and puts another one there.
async fn rewritten(road: Road) {
    let site = Site::new(road).await;
    let (world, repository) = (&site.world, site.repository());
    let base = repository.fetch().await.expect("fetched");
    let ours = repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
    let person = world.path("person");
    world.git(&person, &["fetch", "--quiet"]);
    world.git(&person, &["reset", "--quiet", "--hard", ours[0].as_str()]);
    world.write("other", "x");
    let theirs = world.commit("instead");
    world.git(&person, &["push", "--quiet", "--force"]);
    let error = repository.push(&ours[1], vec![deploy("cli/3", "1.3")]).await.expect_err("moved on");
    assert!(matches!(error, RepositoryError::LostRace), "{road:?}: {error}");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs, "{road:?}: and nothing was forced by us");
    for (id, there) in [("cli/1", true), ("cli/2", false)] {
        let found = repository.find_request(&request(id)).await.expect("read");
        assert_eq!(found.is_some(), there, "{road:?}: {id}");
    }
    assert!(!repository.contains(&ours[1], &theirs).await.expect("read"));
    for id in ["cli/2", "cli/3"] {
        settle(&repository, id).await;
    }
    world.assert_sound(6);
    world.assert_requests(3);
}

#[tokio::test]
async fn a_history_that_is_rewritten_is_built_upon() {
    for road in [Road::Path, Road::Git, Road::Http] {
        rewritten(road).await;
    }
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_history_that_is_rewritten_is_built_upon_over_ssh() {
    rewritten(Road::Ssh).await;
}

/// A hook of the server's commits before each push.
async fn always_overtaken(road: Road) {
    let site = Site::new(road).await;
    let (world, repository) = (&site.world, site.repository());
    world.install_endless_racing_hook(&world.remote());
    for round in 1..=5 {
        let base = repository.fetch().await.expect("fetched");
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("overtaken");
        assert!(matches!(error, RepositoryError::LostRace), "{road:?}: {error}");
        assert_eq!(world.git(&world.remote(), &["rev-list", "--count", "main"]), (2 + round).to_string());
    }
    world.assert_requests(0);
    world.install_hook("exit 0");
    settle(&repository, "cli/1").await;
    world.assert_sound(8);
}

#[tokio::test]
async fn a_race_that_is_always_lost_stays_a_lost_race() {
    always_overtaken(Road::Git).await;
    always_overtaken(Road::Http).await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_race_that_is_always_lost_stays_a_lost_race_over_ssh() {
    always_overtaken(Road::Ssh).await;
}

/// A hook that answers after the deadline: the push may land at any time, also while it is tried again.
async fn answered_too_late(road: Road) {
    let mut site = Site::new(road).await;
    site.settings.deadline = Duration::from_secs(2);
    let (world, repository) = (&site.world, site.repository());
    let release = world.path("release");
    world.install_hook(&format!(
        "while [ ! -e {0} ] && [ -d {1} ]; do sleep 0.05; done",
        release.display(),
        world.remote().display()
    ));
    let base = repository.fetch().await.expect("fetched");
    for _ in 0..2 {
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("no answer");
        assert!(matches!(error, RepositoryError::Unclear(_)), "{road:?}: {error}");
    }
    fs::write(release, "").expect("written");
    settle(&repository, "cli/1").await;
    settle(&repository, "cli/2").await;
    world.assert_sound(4);
    world.assert_requests(2);
}

#[tokio::test]
async fn a_push_that_lands_too_late_is_found() {
    answered_too_late(Road::Git).await;
    answered_too_late(Road::Http).await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_push_that_lands_too_late_is_found_over_ssh() {
    answered_too_late(Road::Ssh).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs sshd, nginx and fcgiwrap, and takes half a minute"]
async fn a_hook_may_take_half_a_minute() {
    async fn patient(road: Road) {
        let mut site = Site::new(road).await;
        site.settings.deadline = Duration::from_secs(60);
        let repository = site.repository();
        site.world.install_hook("sleep 30");
        let base = repository.fetch().await.expect("fetched");
        repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
        repository.fetch().await.expect("fetched over the same connection");
        site.world.assert_sound(3);
    }
    tokio::join!(patient(Road::Ssh), patient(Road::Nginx));
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_with_its_fault() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    for (names, until, words) in [
        (["127.0.0.1", "localhost"], 2020, "expired"),
        (["git.example.org", "other.example.org"], 4096, "not valid for"),
    ] {
        let (world, authority) = (World::new(), Authority::new());
        authority.write(&world.path("ca.pem"));
        let server = GitServer::https_with(&world, "remote.git", authority.issue_for(&names, until)).await;
        let mut settings = world.settings(&server.url());
        settings.ca_file = Some(world.path("ca.pem"));
        let repository = GitRepository::new(settings).expect("valid settings");
        let head = world.remote_head();
        let fetched = repository.fetch().await.map(drop);
        let pushed = repository.push(&head, vec![deploy("cli/1", "1.1")]).await.map(drop);
        for error in [fetched, pushed].map(|outcome| outcome.expect_err("not trusted")) {
            assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains(words)), "{error}");
        }
        assert!(server.take_seen().is_empty(), "not one request went out");
        assert_eq!(world.remote_head(), head);
    }
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_key_that_may_only_read_is_told_from_one_that_may_nothing() {
    const WORDS: &str = "ERROR: This deploy key does not have write access to this project.";
    let site = Site::new(Road::Ssh).await;
    let (world, repository) = (&site.world, site.repository());
    let base = repository.fetch().await.expect("fetched");
    let Server::Shell(server) = &site.server else { panic!("it is one") };
    let script = world.path("read-only");
    let text = format!(
        "#!/bin/sh\ncase \"$SSH_ORIGINAL_COMMAND\" in *receive-pack*) echo '{WORDS}' >&2; exit 1;; esac\n\
         eval \"$SSH_ORIGINAL_COMMAND\"\n"
    );
    fs::write(&script, text).expect("written");
    let key = fs::read_to_string(world.path("client.pub")).expect("readable");
    let forced = format!("command=\"sh {}\" {key}", script.display());
    fs::write(world.path("authorized_keys"), forced).expect("written");
    server.cut().await;
    assert_eq!(repository.fetch().await.expect("may read"), base);
    for _ in 0..2 {
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("may not write");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains(WORDS)), "{error}");
    }
    assert_eq!(world.remote_head(), base);

    // Its rights are mended, and then the key is exchanged while the bot runs.
    fs::write(world.path("authorized_keys"), &key).expect("written");
    server.cut().await;
    settle(&repository, "cli/1").await;
    make_key(world, "next", "ed25519", "");
    fs::copy(world.path("next.pub"), world.path("authorized_keys")).expect("copied");
    server.cut().await;
    let error = repository.fetch().await.expect_err("the old key");
    assert!(matches!(error, RepositoryError::Authentication(_)), "{error}");
    fs::copy(world.path("next"), world.path("client")).expect("copied");
    settle(&repository, "cli/2").await;
    world.assert_sound(4);
    world.assert_requests(2);
}
