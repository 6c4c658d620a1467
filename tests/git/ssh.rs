//! The adapter over SSH, against OpenSSH's server and git's own server side.

use std::{fs, time::Duration};

use tiphys::{
    adapters::git::{GitRepository, Settings, SettingsError},
    ports::{ManifestRepository, RepositoryError},
};

use crate::{
    sshd::{Sshd, make_key},
    support::{World, change, deploy, repo_path, request},
};

/// Lets git's client ask for version 2 of the protocol.
const VERSION_2: &str = "AcceptEnv GIT_PROTOCOL";

fn settings(world: &World, server: &Sshd) -> Settings {
    fs::write(world.path("known_hosts"), server.known(world, "host_ed25519")).expect("written");
    let mut settings = world.settings(&server.url(world, "remote.git"));
    settings.ssh_key_file = Some(world.path("client"));
    settings.known_hosts_file = Some(world.path("known_hosts"));
    settings
}

fn repository(settings: &Settings) -> GitRepository {
    GitRepository::new(settings.clone()).expect("valid settings")
}

#[test]
fn a_key_and_known_hosts_are_needed() {
    let world = World::new();
    let mut settings = world.settings("git@host.example:team/m.git");
    let fault = |settings: &Settings| GitRepository::new(settings.clone()).map(|_| ()).expect_err("incomplete");
    assert_eq!(fault(&settings), SettingsError::SshNeeds("ssh_key_file"));
    settings.ssh_key_file = Some(world.path("client"));
    assert_eq!(fault(&settings), SettingsError::SshNeeds("known_hosts_file"));
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn fetch_push_and_search_over_one_session() {
    for extra in ["", VERSION_2] {
        let world = World::new();
        let server = Sshd::start(&world, extra).await;
        let repository = repository(&settings(&world, &server));
        let base = repository.fetch().await.expect("fetched");
        assert_eq!(base, world.remote_head());
        let two = vec![deploy("cli/1", "1.1"), change("cli/2", "new/file", "x")];
        let pushed = repository.push(&base, two).await.expect("pushed");
        assert_eq!(pushed[1], world.remote_head());
        let theirs = world.person_pushes("other", &"много\n".repeat(100_000));
        assert_eq!(repository.fetch().await.expect("fetched"), theirs);
        assert_eq!(repository.fetch().await.expect("fetched again"), theirs);
        let snapshot = repository.snapshot(&theirs).await.expect("there");
        assert_eq!(snapshot.file(&repo_path("other")).expect("readable").map(|bytes| bytes.len()), Some(1_100_000));
        assert!(repository.find_request(&request("cli/1")).await.expect("read").is_some());
        let big = change("cli/3", "big", &(0..300_000_u64).map(|n| format!("{}\n", n * 7919)).collect::<String>());
        repository.push(&theirs, vec![big]).await.expect("pushed");
        assert_eq!(server.connections(), 1, "one session for all");

        server.cut().await;
        repository.fetch().await.expect("fetched over a new session");
        assert_eq!(server.connections(), 2);
        world.assert_sound(6);
        world.git(&world.path("mirror.git"), &["fsck", "--strict", "--full"]);
    }
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn refusals_and_races() {
    const WORDS: &str = "GitLab: You are not allowed to push code to protected branches on this project.";
    let world = World::new();
    let server = Sshd::start(&world, VERSION_2).await;
    let mut settings = settings(&world, &server);
    settings.deadline = Duration::from_secs(5);
    let repository = repository(&settings);
    let base = repository.fetch().await.expect("fetched");
    let push = async |base| repository.push(base, vec![deploy("cli/1", "1.1")]).await;

    world.install_hook(&format!("echo '{WORDS}'; exit 1"));
    let error = push(&base).await.expect_err("refused");
    assert!(
        matches!(&error, RepositoryError::Refused(text) if *text == format!("pre-receive hook declined: {WORDS}")),
        "{error}"
    );

    // The service dies after the request was sent.
    world.install_hook("kill -9 $PPID");
    let error = push(&base).await.expect_err("no verdict");
    assert!(matches!(error, RepositoryError::Unclear(_)), "{error}");
    assert_eq!(repository.fetch().await.expect("fetched"), base);

    // It hangs.
    let release = world.path("release");
    world.install_hook(&format!(
        "while [ ! -e {0} ] && [ -d {1} ]; do sleep 0.1; done",
        release.display(),
        world.remote().display()
    ));
    let error = push(&base).await.expect_err("no verdict");
    assert!(matches!(&error, RepositoryError::Unclear(text) if text.contains("time")), "{error}");
    world.install_hook("exit 1");
    fs::write(&release, "").expect("written");

    world.install_racing_hook();
    let base = repository.fetch().await.expect("fetched");
    let error = push(&base).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    let error = push(&base).await.expect_err("lost again, without a pack");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    let base = repository.fetch().await.expect("fetched");
    push(&base).await.expect("pushed");
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_closed_door_applies_nothing() {
    let world = World::new();
    let server = Sshd::start(&world, "").await;
    let repository = repository(&settings(&world, &server));
    let base = repository.fetch().await.expect("fetched");
    // The request is on its way when the server shows that it doesn't take any.
    let key = fs::read_to_string(world.path("client.pub")).expect("readable");
    let forced = |command: &str| {
        fs::write(world.path("authorized_keys"), format!("command=\"{command}\" {key}")).expect("written");
    };
    let words = "You are not allowed to push code to this project.";
    forced(&format!("echo '{words}' >&2; exit 1"));
    server.cut().await;
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    assert!(matches!(&error, RepositoryError::Refused(text) if text == words), "{error}");
    forced("echo 'The project you were looking for could not be found.' >&2; exit 1");
    server.cut().await;
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("not there");
    assert!(matches!(error, RepositoryError::Authentication(_)), "{error}");
    assert_eq!(world.remote_head(), base);

    fs::write(world.path("authorized_keys"), key).expect("written");
    server.cut().await;
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(3);
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn the_host_key_must_be_known() {
    let world = World::new();
    let server = Sshd::start(&world, "").await;
    let settings = settings(&world, &server);
    let known_hosts = world.path("known_hosts");
    make_key(&world, "stranger", "ed25519", "");

    let refused = async |lines: &str, words: &str| {
        fs::write(&known_hosts, lines).expect("written");
        let error = repository(&settings).fetch().await.expect_err("not trusted");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains(words)), "{words}: {error}");
    };
    refused("", "is not in").await;
    refused(&server.known(&world, "stranger"), "has changed").await;
    let revoked = fs::read_to_string(world.path("host_ed25519.pub")).expect("readable");
    refused(&format!("{}@revoked * {revoked}", server.known(&world, "host_ed25519")), "is revoked").await;
    fs::remove_file(&known_hosts).expect("removed");
    let error = repository(&settings).fetch().await.expect_err("no file");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("known_hosts")), "{error}");

    // Only the RSA key is known: the server is asked for that one.
    fs::write(&known_hosts, server.known(&world, "host_rsa")).expect("written");
    repository(&settings).fetch().await.expect("fetched");
    // Hashed, as ssh-keygen -H writes it.
    let output = world.hermetic("ssh-keygen").args(["-q", "-H", "-f"]).arg(&known_hosts).output().expect("runs");
    assert!(output.status.success() && fs::read_to_string(&known_hosts).expect("readable").starts_with("|1|"));
    repository(&settings).fetch().await.expect("fetched");
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn the_key_must_be_let_in() {
    let world = World::new();
    let server = Sshd::start(&world, "").await;
    let mut settings = settings(&world, &server);
    let refused = async |settings: &Settings, words: &str| {
        let error = repository(settings).fetch().await.expect_err("not let in");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains(words)), "{words}: {error}");
    };
    make_key(&world, "stranger", "ed25519", "");
    settings.ssh_key_file = Some(world.path("stranger"));
    refused(&settings, "publickey").await;

    // An encrypted one, and RSA and ECDSA as well.
    for (name, kind, passphrase) in [("locked", "ed25519", "open sesame"), ("rsa", "rsa", ""), ("ecdsa", "ecdsa", "")] {
        make_key(&world, name, kind, passphrase);
        fs::copy(world.path(&format!("{name}.pub")), world.path("authorized_keys")).expect("copied");
        settings.ssh_key_file = Some(world.path(name));
        settings.ssh_key_passphrase_file = None;
        if !passphrase.is_empty() {
            refused(&settings, "ssh_key_passphrase_file").await;
            let file = world.path("passphrase");
            settings.ssh_key_passphrase_file = Some(file.clone());
            fs::write(&file, "open barley\n").expect("written");
            refused(&settings, "passphrase is wrong").await;
            fs::write(&file, format!("{passphrase}\n")).expect("written");
        }
        repository(&settings).fetch().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    settings.ssh_key_file = Some(world.path("nothing"));
    refused(&settings, "nothing").await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn what_is_missing_is_named() {
    let world = World::new();
    let server = Sshd::start(&world, "").await;
    let mut settings = settings(&world, &server);
    settings.url = server.url(&world, "it's missing.git").replace(' ', "%20");
    let error = repository(&settings).fetch().await.expect_err("not there");
    assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("it's missing.git")), "{error}");

    world.git(&world.path(""), &["init", "--quiet", "--bare", "it's empty.git"]);
    settings.url = server.url(&world, "it's empty.git").replace(' ', "%20");
    let error = repository(&settings).fetch().await.expect_err("empty");
    assert!(matches!(&error, RepositoryError::NoBranch(_)), "{error}");

    settings.url = server.url(&world, "remote.git");
    settings.branch = "release".to_owned();
    let error = repository(&settings).fetch().await.expect_err("no such branch");
    assert!(matches!(&error, RepositoryError::NoBranch(branch) if branch == "release"), "{error}");
    drop(server);
    let error = repository(&settings).fetch().await.expect_err("gone");
    assert!(matches!(error, RepositoryError::Unreachable(_)), "{error}");
}
