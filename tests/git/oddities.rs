//! Servers, hooks and proxies that are odd but not broken, and such as break the rules.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use secrecy::SecretString;
use tiphys::{
    adapters::git::{GitRepository, Settings, TokenSource, find_program},
    ports::{ManifestRepository, RepositoryError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    between::{Between, Reply},
    cgi::{Authority, GitServer},
    sshd::Sshd,
    support::{World, deploy, request},
};

fn repository(settings: Settings) -> GitRepository {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    GitRepository::new(settings).expect("valid settings")
}

/// What a server's hook prints comes in pieces of 128 bytes, which end in the middle of letters.
#[tokio::test]
async fn what_a_hook_says_in_russian_arrives_whole() {
    let words = "x".to_owned() + &"Ветка защищена, пишите дежурному. ".repeat(12) + "До свидания";
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    world.install_hook(&format!("printf '%s' '{words}' >&2; exit 1"));
    for url in [server.url(), world.remote().display().to_string()] {
        let mut settings = world.settings(&url);
        settings.git_program = find_program();
        settings.mirror = world.path(if url.starts_with("http") { "by-http.git" } else { "by-path.git" });
        let repository = repository(settings);
        let base = repository.fetch().await.expect("fetched");
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
        let RepositoryError::Refused(text) = error else { panic!("{error}") };
        assert_eq!(text, format!("pre-receive hook declined: {words}"));
    }
}

/// Colours, links and resets as `tput` and tools of today print them, and the frame that GitLab puts around its words.
#[tokio::test]
async fn what_a_hook_prints_for_a_terminal_is_read_as_text() {
    let world = World::new();
    let repository = world.by_path_with_git();
    let base = repository.fetch().await.expect("fetched");
    world.install_hook(
        "printf 'remote: \\nremote: ====================\\nremote: \\nremote: \\033[1;31mERROR:\\033(B\\033[m no entry, \
         see \\033]8;;https://git.example/rules\\033\\\\the rules\\033]8;;\\007.\\nremote: \\nremote: \
         ====================\\n' >&2; exit 1",
    );
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
    let RepositoryError::Refused(text) = error else { panic!("{error}") };
    assert_eq!(text, "pre-receive hook declined: ERROR: no entry, see the rules.");
}

#[tokio::test]
async fn a_wait_of_ages_is_not_waited_for() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let base = repository(world.settings(&server.url())).fetch().await.expect("fetched");
    for wait in ["18446744073709551615", "9999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        for status in [429, 503] {
            let busy = move |_| async move { Reply::new(status, &[("Retry-After", wait)], b"busy").raw() };
            let between = Between::before(server.address(), busy).await;
            let mut settings = world.settings(&between.url("remote.git"));
            settings.mirror = world.path("second.git");
            let repository = repository(settings);
            let error = repository.fetch().await.expect_err("busy");
            assert!(matches!(&error, RepositoryError::Unreachable(text) if text.contains("busy")), "{error}");
        }
    }
    assert_eq!(world.remote_head(), base);
}

/// The push is carried out, and then nobody can be asked any more.
#[tokio::test]
async fn an_answer_without_a_report_is_no_proof_that_nothing_happened() {
    for how in ["page", "empty", "cut"] {
        let world = World::new();
        let server = GitServer::http(&world, "remote.git").await;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let between = Between::before(server.address(), move |asked| {
            let over = Arc::clone(&over);
            async move {
                if over.load(Ordering::Relaxed) {
                    return Vec::new();
                }
                let mut reply = asked.forward().await;
                if !asked.is_push() {
                    return reply.raw();
                }
                over.store(true, Ordering::Relaxed);
                match how {
                    "page" => return Reply::new(200, &[("Content-Type", "text/html")], b"<h1>Ouch</h1>").raw(),
                    "empty" => reply.body.clear(),
                    // The older HTTP: nobody can tell that this isn't all.
                    _ => reply.body.truncate(3),
                }
                reply.raw_10()
            }
        })
        .await;
        let repository = repository(world.settings(&between.url("remote.git")));
        let base = repository.fetch().await.expect("fetched");
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("nobody knows");
        assert!(matches!(error, RepositoryError::Unclear(_)), "{how}: {error}");
        assert_ne!(world.remote_head(), base, "{how}: it has arrived");
        is_over.store(false, Ordering::Relaxed);
        repository.fetch().await.expect("fetched");
        assert!(repository.find_request(&request("cli/1")).await.expect("read").is_some(), "{how}");
    }
}

/// It was asked to come again later, by something that had passed the request on.
#[tokio::test]
async fn a_push_that_was_put_off_may_have_arrived() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let pushes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let between = Between::before(server.address(), move |asked| {
        let pushes = Arc::clone(&pushes);
        async move {
            let reply = asked.forward().await;
            if !asked.is_push() {
                return reply.raw();
            }
            match pushes.fetch_add(1, Ordering::Relaxed) {
                0 => Reply::new(503, &[("Retry-After", "0")], b"busy").raw(),
                _ => Reply::new(429, &[], b"too many").raw(),
            }
        }
    })
    .await;
    let repository = repository(world.settings(&between.url("remote.git")));
    let base = repository.fetch().await.expect("fetched");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("nobody knows");
    assert!(matches!(error, RepositoryError::Unclear(_)), "{error}");
    assert_ne!(world.remote_head(), base, "it has arrived");
}

/// git itself overlooks parameters and the case of a content type.
#[tokio::test]
async fn a_content_type_may_have_parameters() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let between = Between::before(server.address(), async move |asked| {
        let mut reply = asked.forward().await;
        for (_, kind) in &mut reply.headers {
            *kind = format!("{}; charset=utf-8", kind.replace("application/x-git", "Application/X-Git"));
        }
        reply.raw_10()
    })
    .await;
    let repository = repository(world.settings(&between.url("remote.git")));
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(3);
}

/// A project is renamed while the bot runs.
#[tokio::test]
async fn a_repository_that_moves_while_the_bot_runs_is_found() {
    for status in [301, 307, 404] {
        let world = World::new();
        let server = GitServer::http(&world, "remote.git").await;
        let moved = Arc::new(AtomicBool::new(false));
        let has_moved = Arc::clone(&moved);
        let between = Between::before(server.address(), move |asked| {
            let has_moved = has_moved.load(Ordering::Relaxed);
            async move {
                let target = asked.target().to_owned();
                if target.starts_with("/renamed.git/") {
                    return asked.forward_to(&target.replacen("/renamed.git", "/remote.git", 1)).await.raw();
                }
                if !has_moved {
                    return asked.forward().await.raw();
                }
                let location = target.replacen("/remote.git", "/renamed.git", 1);
                match status {
                    // This one redirects the first step only.
                    404 if !target.contains("info/refs") => Reply::new(404, &[], b"not found").raw(),
                    404 => Reply::new(301, &[("Location", &location)], b"").raw(),
                    status => Reply::new(status, &[("Location", &location)], b"").raw(),
                }
            }
        })
        .await;
        let repository = repository(world.settings(&between.url("remote.git")));
        let base = repository.fetch().await.expect("fetched");
        repository.fetch().await.expect("fetched without a greeting");
        moved.store(true, Ordering::Relaxed);
        assert_eq!(repository.fetch().await.expect("found at its new address"), base, "{status}");
        repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
        world.assert_sound(3);
    }
}

/// What a server runs after a push is none of the push's business.
async fn with_a_slow_end(world: &World, settings: Settings) {
    let hook = world.remote().join("hooks/post-receive");
    let release = world.path("release");
    let script = format!(
        "#!/bin/sh\necho 'See you at https://git.example/merge'\nwhile [ ! -e {} ] && [ -d {} ]; do sleep 0.1; done\n",
        release.display(),
        world.remote().display()
    );
    fs::write(&hook, script).expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("set");
    let repository = repository(Settings { deadline: Duration::from_secs(3), ..settings });
    let base = repository.fetch().await.expect("fetched");
    let pushed = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("the report said so").remove(0);
    assert_eq!(pushed, world.remote_head());
    fs::write(release, "").expect("written");
    repository.push(&pushed, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
    world.assert_sound(4);
}

#[tokio::test]
async fn a_verdict_counts_before_the_last_hook_has_ended() {
    let world = World::new();
    let mut settings = world.settings(&world.remote().display().to_string());
    settings.git_program = find_program();
    with_a_slow_end(&world, settings).await;
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn a_verdict_counts_before_the_last_hook_has_ended_over_ssh() {
    let world = World::new();
    let server = Sshd::start(&world, "").await;
    fs::write(world.path("known_hosts"), server.known(&world, "host_ed25519")).expect("written");
    let mut settings = world.settings(&server.url(&world, "remote.git"));
    settings.ssh_key_file = Some(world.path("client"));
    settings.known_hosts_file = Some(world.path("known_hosts"));
    with_a_slow_end(&world, settings).await;
}

#[tokio::test]
async fn a_branch_may_have_any_name_that_git_takes() {
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    for (number, branch) in
        ["team/prod", "ветка/боевая", "a'b\"c$(d)", "тест;&|", "@{u", "team/prod2"].iter().enumerate()
    {
        if !world.try_git(&world.remote(), &["branch", branch, "main"]).status.success() {
            continue;
        }
        for (way, url) in [("http", server.url()), ("path", world.remote().display().to_string())] {
            let mut settings = world.settings(&url);
            settings.branch = (*branch).to_owned();
            settings.git_program = find_program();
            settings.mirror = world.path(&format!("{way}.git"));
            let repository = repository(settings);
            let base = repository.fetch().await.expect(branch);
            let id = format!("cli/{way}-{number}");
            let pushed = repository.push(&base, vec![deploy(&id, &id)]).await.expect(branch).remove(0);
            assert!(repository.find_request(&request(&id)).await.expect("read").is_some());
            let reference = format!("refs/heads/{branch}");
            assert_eq!(world.git(&world.remote(), &["rev-parse", &reference]), pushed.as_str());
        }
    }
}

/// The same folder, another branch or another remote; a branch's name may stand where a folder is to be.
#[tokio::test]
async fn a_mirror_may_be_taken_over_after_a_change_of_the_configuration() {
    let world = World::new();
    world.git(&world.remote(), &["branch", "release", "main"]);
    let server = GitServer::http(&world, "remote.git").await;
    let by = |branch: &str, url: &str| {
        let mut settings = world.settings(url);
        settings.branch = branch.to_owned();
        repository(settings)
    };
    let url = server.url();
    let base = by("release", &url).fetch().await.expect("fetched");
    world.git(&world.remote(), &["branch", "-m", "release", "release/1"]);
    let repository = by("release/1", &url);
    assert_eq!(repository.fetch().await.expect("fetched"), base);
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    assert_eq!(repository.log(9).await.expect("read").len(), 3);
    // Another remote with another history.
    world.git(&world.path(""), &["clone", "--quiet", "--bare", "--branch", "release/1", "remote.git", "other.git"]);
    let other = by("main", &world.path("other.git").display().to_string());
    assert_eq!(other.fetch().await.expect("fetched"), base);
    assert_eq!(other.find_request(&request("cli/1")).await.expect("read"), None);
}

#[tokio::test]
async fn a_repository_of_another_hash_is_told_for_good() {
    let world = World::new();
    world.git(
        &world.path(""),
        &["init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", "sha256.git"],
    );
    world.git(&world.path(""), &["clone", "--quiet", "sha256.git", "long"]);
    let long = world.path("long");
    world.git(&long, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    world.git(&long, &["push", "--quiet", "origin", "HEAD:main"]);
    let server = GitServer::http(&world, "sha256.git").await;
    for url in [server.url(), world.path("sha256.git").display().to_string()] {
        let mut settings = world.settings(&url);
        settings.git_program = find_program();
        let error = repository(settings).fetch().await.expect_err("another hash");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("SHA-1")), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_proxy_that_lets_nobody_through_is_told_apart() {
    let world = World::new();
    let authority = Authority::new();
    authority.write(&world.path("ca.pem"));
    for (answer, is_shut) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", true),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let mut settings = world.settings("https://git.example.org/team/m.git");
        settings.ca_file = Some(world.path("ca.pem"));
        settings.token = Some(TokenSource::Value(SecretString::from("hunter2")));
        let proxy = format!("http://{}", listener.local_addr().expect("has one"));
        settings.proxy = Some(proxy.parse().expect("an address"));
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("a request"));
                }
                assert!(!String::from_utf8_lossy(&head).to_ascii_lowercase().contains("authorization"));
                client.write_all(answer.as_bytes()).await.expect("written");
            }
        });
        let error = repository(settings).fetch().await.expect_err("not let through");
        task.abort();
        let told = match &error {
            RepositoryError::Authentication(text) if is_shut => text,
            RepositoryError::Unreachable(text) if !is_shut => text,
            _ => panic!("{answer}: {error:?}"),
        };
        assert!(told.contains("proxy"), "{answer}: {told}");
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("64 bits") % most.max(1)
    }

    /// Spoils some bytes: cuts, turns over, leaves out, puts in.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            2 => _ = bytes.splice(at..(at + 4).min(bytes.len()), []),
            3 => _ = bytes.splice(at..at, *b"0000"),
            4 => _ = bytes.splice(at..at, *b"\xff\x1b[2J\0zzzz"),
            _ => _ = bytes.splice(0..0, *b"0009\x02hi\n\n"),
        }
    }
}

/// Whatever comes back of a push that was carried out, nobody is told that nothing happened; and whatever comes back of a
/// fetch, the mirror stays sound and the truth is found later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_answers_make_no_false_verdicts() {
    let rounds = 25;
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let dice = Arc::new(std::sync::Mutex::new(None::<Dice>));
    let between = Between::before(server.address(), {
        let dice = Arc::clone(&dice);
        move |asked| {
            let dice = Arc::clone(&dice);
            async move {
                let mut reply = asked.forward().await;
                if let Some(dice) = &mut *dice.lock().expect("no panic") {
                    dice.spoil(&mut reply.body);
                }
                reply.raw_10()
            }
        }
    })
    .await;
    let mut settings = world.settings(&between.url("remote.git"));
    settings.deadline = Duration::from_secs(10);
    let repository = repository(settings);
    let mut base = repository.fetch().await.expect("fetched");
    let mut told = std::collections::BTreeMap::<&str, usize>::new();
    for round in 0..rounds {
        let id = format!("cli/{round}");
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(round + 1);
        *dice.lock().expect("no panic") = Some(Dice(seed));
        let pushed =
            tokio::time::timeout(Duration::from_secs(30), repository.push(&base, vec![deploy(&id, &id)])).await;
        *dice.lock().expect("no panic") = None;
        assert_ne!(world.remote_head(), base, "{round}: it was carried out: {pushed:?}");
        let verdict = match pushed.expect("in time") {
            Ok(pushed) => {
                assert_eq!(pushed[0], world.remote_head(), "{round}");
                "pushed"
            }
            Err(RepositoryError::Unclear(_)) => "unclear",
            // The second step has found a head that it doesn't know, its own, spoilt on the way, or none at all.
            Err(RepositoryError::LostRace) => "lost",
            Err(RepositoryError::NoBranch(_)) => "no branch",
            Err(error) => panic!("{round}: {error:?}"),
        };
        *told.entry(verdict).or_default() += 1;
        let theirs = world.person_pushes("other", &id);
        *dice.lock().expect("no panic") = Some(Dice(seed ^ 0xabcd));
        let fetched = tokio::time::timeout(Duration::from_secs(30), repository.fetch()).await.expect("in time");
        *dice.lock().expect("no panic") = None;
        if let Ok(head) = fetched {
            assert_eq!(head, theirs, "{round}");
        }
        base = repository.fetch().await.expect("fetched");
        assert_eq!(base, theirs);
        assert!(repository.find_request(&request(&id)).await.expect("read").is_some(), "{round}");
    }
    assert!(told.len() > 1, "{told:?}");
    println!("{told:?}");
    let rounds = usize::try_from(rounds).expect("few");
    assert_eq!(world.depth("mirror.git"), 2 + 2 * rounds);
    world.assert_requests(rounds);
    world.assert_sound(2 + 2 * rounds);
}
