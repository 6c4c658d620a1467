//! The adapter with a remote on the same machine: everything that doesn't depend on the wire.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tiphys::{
    adapters::git::{GitRepository, find_program},
    ports::{ManifestRepository, RepositoryError},
};

use crate::support::{FILE, World, change, deploy, race, repo_path, request};

#[tokio::test]
async fn a_push_is_a_sound_commit_with_author_committer_and_mode() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    assert_eq!(base, world.remote_head());

    let pushed = repository
        .push(&base, vec![deploy("cli/1", "1.1"), change("cli/2", "run.sh", "#!/bin/bash\n"), deploy("cli/3", "1.2")])
        .await
        .expect("pushed");
    assert_eq!(pushed.len(), 3);
    assert_eq!(pushed[2], world.remote_head());
    world.assert_sound(5);
    let remote = world.remote();
    assert_eq!(
        world.git(&remote, &["log", "--format=%an <%ae>|%cn <%ce>|%s", "-3", "main"]),
        "Анна Иванова <anna@example.org>|tiphys <tiphys@example.org>|deploy(shop/prod): x → cli/3\n\
         Анна Иванова <anna@example.org>|tiphys <tiphys@example.org>|deploy(shop/prod): x → cli/2\n\
         Анна Иванова <anna@example.org>|tiphys <tiphys@example.org>|deploy(shop/prod): x → cli/1"
    );
    assert_eq!(world.git(&remote, &["log", "-1", "--format=%(trailers:key=Request-Id,valueonly)", "main"]), "cli/3");
    assert_eq!(world.git(&remote, &["diff", "--numstat", base.as_str(), "main", "--", FILE]), format!("1\t1\t{FILE}"));
    assert!(world.git(&remote, &["ls-tree", "main", "run.sh"]).starts_with("100755 blob"));
    assert_eq!(world.git(&remote, &["diff", "--name-only", base.as_str(), "main"]), format!("{FILE}\nrun.sh"));
}

#[tokio::test]
async fn snapshots_show_the_files_of_their_revision() {
    let world = World::new();
    std::os::unix::fs::symlink("README.md", world.path("person/link")).expect("linked");
    world.git(&world.path("person"), &["add", "link"]);
    world.commit("a link");
    let first = world.person_pushes("big.bin", &"x".repeat((8 << 20) + 1));
    let repository = world.by_path();
    repository.fetch().await.expect("fetched");
    let second = world.person_pushes("README.md", "changed\n");
    repository.fetch().await.expect("fetched");

    let old = repository.snapshot(&first).await.expect("there");
    let new = repository.snapshot(&second).await.expect("there");
    assert_eq!(old.file(&repo_path("README.md")), Ok(Some(b"manifests\n".to_vec())));
    assert_eq!(new.file(&repo_path("README.md")), Ok(Some(b"changed\n".to_vec())));
    assert_eq!(old.file(&repo_path("nothing")), Ok(None));
    assert_eq!(old.file(&repo_path("README.md/x")), Ok(None));
    assert_eq!(old.names(&repo_path("")).expect("a folder"), ["README.md", "apps", "big.bin", "link", "run.sh"]);
    assert_eq!(old.names(&repo_path("apps/shop")).expect("a folder"), ["overlays"]);
    assert_eq!(old.names(&repo_path("nothing")).expect("empty"), Vec::<String>::new());
    for (path, reason) in
        [("link", "symbolic link"), ("link/x", "symbolic link"), ("apps", "folder"), ("big.bin", "8388609 bytes")]
    {
        let error = old.file(&repo_path(path)).expect_err(path);
        assert!(error.detail.contains(reason), "{path}: {error}");
    }
    let unknown = "1234567890123456789012345678901234567890".parse().expect("an id");
    assert!(matches!(repository.snapshot(&unknown).await.map(|_| ()), Err(RepositoryError::Mirror(_))));
}

#[tokio::test]
async fn a_push_that_comes_second_loses_the_race() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let theirs = world.person_pushes("other", "x");
    world.git(&world.remote(), &["gc", "--quiet"]);

    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("lost");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    assert_eq!(world.remote_head(), theirs);

    let base = repository.fetch().await.expect("fetched");
    assert_eq!(base, theirs);
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    world.assert_sound(4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_lose_and_double_nothing() {
    let world = Arc::new(World::new());
    // Two of the writers share a mirror, as two processes would; a person pushes with git between them.
    let url = world.remote().to_str().expect("utf-8").to_owned();
    let writers = (0..4).map(|writer| world.by_url(&url, &format!("mirror-{}", writer / 2))).collect();
    let person = {
        let world = Arc::clone(&world);
        tokio::task::spawn_blocking(move || (0..10).filter(|n| world.person_tries(&format!("person/{n}"))).count())
    };
    race(writers, 12).await;
    let theirs = person.await.expect("no panic");
    world.assert_sound(2 + 4 * 12 + theirs);
    world.assert_requests(4 * 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mirror_may_go_away_at_any_moment() {
    let world = Arc::new(World::new());
    let url = world.remote().to_str().expect("utf-8").to_owned();
    let writers = (0..2).map(|_| world.by_url(&url, "mirror")).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let vandal = {
        let (mirror, stop) = (world.path("mirror"), Arc::clone(&stop));
        tokio::task::spawn_blocking(move || {
            let mut times = 0;
            while !stop.load(Ordering::Relaxed) && times < 40 {
                times += usize::from(mirror.join("HEAD").exists() && fs::remove_dir_all(&mirror).is_ok());
                std::thread::sleep(std::time::Duration::from_millis(15));
            }
            times
        })
    };
    race(writers, 20).await;
    stop.store(true, Ordering::Relaxed);
    assert!(vandal.await.expect("no panic") > 0, "it was deleted at least once");
    world.assert_sound(2 + 2 * 20);
    world.assert_requests(2 * 20);
}

#[tokio::test]
async fn requests_are_found_whoever_committed_after_them() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);
    let ours = repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
    world.person_pushes("other", "x");

    let find =
        async |id: &str| repository.find_request(&request(id)).await.expect("read").map(|record| record.revision);
    assert_eq!(find("cli/2").await.as_ref(), Some(&ours[1]), "after the push, without a fetch");
    repository.fetch().await.expect("fetched");
    assert_eq!(find("cli/1").await.as_ref(), Some(&ours[0]));
    assert_eq!(find("cli/3").await, None);

    // A merge brings a commit of a side branch; a revert quotes the message but isn't the request.
    let person = world.path("person");
    world.git(&person, &["pull", "--quiet", "--rebase"]);
    world.git(&person, &["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    world.write("side", "x");
    world.git(
        &person,
        &["commit", "--quiet", "-m", "side\n\nRequest-Id: cli/3\nRequested-By: x\nApplication: a\nEnvironment: e"],
    );
    let side = world.git(&person, &["rev-parse", "HEAD"]);
    world.git(&person, &["checkout", "--quiet", "main"]);
    world.git(&person, &["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
    world.git(&person, &["revert", "--no-edit", ours[1].as_str()]);
    world.git(&person, &["push", "--quiet"]);
    repository.fetch().await.expect("fetched");
    assert_eq!(find("cli/3").await, None, "its committer isn't ours: anybody can write trailers");
    let log = repository.log(9).await.expect("read");
    assert!(log.iter().all(|record| record.trailers.is_some() == record.subject.starts_with("deploy(")));
    let mut settings = world.settings(world.remote().to_str().expect("utf-8"));
    (settings.mirror, settings.committer_email) = (world.path("boris.git"), "boris@example.org".to_owned());
    let boris = GitRepository::new(settings).expect("valid");
    let found = boris.find_request(&request("cli/3")).await.expect("read").map(|record| record.revision.to_string());
    assert_eq!(found, Some(side), "the side branch is looked at");
    assert_eq!(find("cli/2").await.as_ref(), Some(&ours[1]));

    // Another process finds them as well, and a rewritten history forgets what it dropped.
    let mut settings = world.settings(world.remote().to_str().expect("utf-8"));
    settings.mirror = world.path("second.git");
    let second = GitRepository::new(settings).expect("valid");
    let record = second.find_request(&request("cli/1")).await.expect("read").expect("found");
    assert_eq!((record.revision, record.author.as_str()), (ours[0].clone(), "Анна Иванова"));
    world.git(&person, &["reset", "--quiet", "--hard", ours[0].as_str()]);
    world.git(&person, &["push", "--quiet", "--force"]);
    assert_eq!(repository.fetch().await.expect("fetched"), ours[0]);
    assert_eq!(find("cli/1").await.as_ref(), Some(&ours[0]));
    assert_eq!(find("cli/2").await, None);
}

#[tokio::test]
async fn the_log_and_ancestry_follow_the_branch() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let ours = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    let theirs = world.person_pushes("other", "x");
    let subjects = async |limit| {
        let log = repository.log(limit).await.expect("read");
        log.into_iter().map(|record| record.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects(2).await, ["deploy(shop/prod): x → cli/1", "second"]);
    assert!(!repository.contains(&ours, &theirs).await.expect("read"), "not fetched yet");
    repository.fetch().await.expect("fetched");
    assert_eq!(subjects(10).await, ["person: other", "deploy(shop/prod): x → cli/1", "second", "start"]);
    assert!(repository.contains(&ours, &theirs).await.expect("read"));
    assert!(repository.contains(&ours, &ours).await.expect("read"));
    assert!(!repository.contains(&theirs, &ours).await.expect("read"));
    let unknown = "1234567890123456789012345678901234567890".parse().expect("an id");
    assert!(!repository.contains(&unknown, &ours).await.expect("read"));
    assert!(!repository.contains(&ours, &unknown).await.expect("read"));
}

#[tokio::test]
async fn a_mirror_that_is_deleted_comes_back() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let delete = || fs::remove_dir_all(world.path("mirror.git")).expect("deleted");

    delete();
    assert_eq!(repository.log(10).await.expect("read").len(), 2);
    delete();
    let snapshot = repository.snapshot(&base).await.expect("there");
    assert!(snapshot.file(&repo_path(FILE)).expect("readable").is_some());
    delete();
    assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);
    delete();
    let head = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    delete();
    assert!(repository.contains(&base, &head).await.expect("read"));
    delete();
    assert_eq!(repository.fetch().await.expect("fetched"), head);
    world.assert_sound(3);
}

#[tokio::test]
async fn a_mirror_that_is_damaged_is_built_again() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let mirror = world.path("mirror.git");
    let packs = || {
        let entries = fs::read_dir(mirror.join("objects/pack")).expect("readable");
        entries.map(|entry| entry.expect("readable").path()).collect::<Vec<_>>()
    };

    fs::remove_file(mirror.join("HEAD")).expect("removed");
    assert_eq!(repository.log(10).await.expect("read").len(), 2);

    for pack in packs() {
        fs::remove_file(&pack).expect("removed");
        fs::write(&pack, "garbage").expect("written");
    }
    let snapshot = repository.snapshot(&base).await.expect("there");
    assert!(snapshot.file(&repo_path(FILE)).expect("readable").is_some());

    fs::remove_dir_all(mirror.join("objects")).expect("removed");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");

    fs::write(mirror.join("refs/heads/main"), "1234567890123456789012345678901234567890\n").expect("written");
    assert_eq!(repository.fetch().await.expect("fetched"), world.remote_head());
    world.assert_sound(3);
    world.git(&mirror, &["fsck", "--strict"]);
}

#[tokio::test]
async fn one_missing_file_is_an_error_now_and_mended_later() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let head = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    world.unpack(&world.path("mirror.git"));
    let snapshot = repository.snapshot(&head).await.expect("there");
    let blob = world.git(&world.remote(), &["rev-parse", &format!("main:{FILE}")]);
    fs::remove_file(world.path("mirror.git/objects").join(&blob[..2]).join(&blob[2..])).expect("removed");
    let error = snapshot.file(&repo_path(FILE)).expect_err("gone");
    assert!(error.detail.contains("damaged"), "{error}");
    repository.fetch().await.expect("fetched");
    let snapshot = repository.snapshot(&head).await.expect("there");
    assert!(snapshot.file(&repo_path(FILE)).expect("readable").is_some());
}

#[tokio::test]
async fn what_a_commit_builds_on_is_fetched_again() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let head = repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
    repository.log(1).await.expect("the mirror has followed");
    // As after a power cut: the file is there, but nothing is in it.
    world.unpack(&world.path("mirror.git"));
    let blob = world.git(&world.remote(), &["rev-parse", &format!("{}:{FILE}", head[1])]);
    let file = world.path("mirror.git/objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "").expect("written");
    repository.push(&head[1], vec![deploy("cli/3", "1.1")]).await.expect("pushed");
    world.assert_sound(5);
}

#[tokio::test]
async fn a_folder_that_is_no_mirror_is_named_and_left_alone() {
    let world = World::new();
    fs::create_dir(world.path("mirror.git")).expect("made");
    fs::write(world.path("mirror.git/precious"), "x").expect("written");
    let error = world.by_path().fetch().await.expect_err("refused");
    let RepositoryError::Mirror(text) = error else { panic!("{error}") };
    assert!(text.contains("mirror.git") && text.contains("not a mirror"), "{text}");
    assert!(world.path("mirror.git/precious").exists());

    let below_a_file = world.by_url(world.remote().to_str().expect("utf-8"), "mirror.git/precious/mirror.git");
    let error = below_a_file.fetch().await.expect_err("no folder");
    assert!(matches!(&error, RepositoryError::Mirror(text) if text.contains("precious/mirror.git")), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new();
    let with = |url: &str, branch: &str| {
        let mut settings = world.settings(url);
        settings.branch = branch.to_owned();
        GitRepository::new(settings).expect("valid")
    };
    let remote = world.remote();
    let remote = remote.to_str().expect("utf-8");
    let error = with(remote, "release").fetch().await.expect_err("no such branch");
    assert!(matches!(&error, RepositoryError::NoBranch(branch) if branch == "release"), "{error}");

    world.git(&world.path(""), &["init", "--quiet", "--bare", "empty.git"]);
    let empty = world.path("empty.git");
    let error = with(empty.to_str().expect("utf-8"), "main").fetch().await.expect_err("empty");
    assert!(matches!(&error, RepositoryError::NoBranch(_)), "{error}");

    let error = with("/nowhere/at/all.git", "main").fetch().await.expect_err("nothing there");
    assert!(matches!(&error, RepositoryError::Unreachable(text) if text.contains("/nowhere/at/all.git")), "{error}");
}

#[tokio::test]
async fn git_itself_receives_where_there_is_one_so_that_hooks_run() {
    const WORDS: &str = "GitLab: You are not allowed to push code to protected branches on this project.";
    let world = World::new();
    let repository = world.by_path_with_git();
    let base = repository.fetch().await.expect("fetched");
    let pushed = repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
    assert_eq!(pushed[1], world.remote_head());

    world.install_hook(&format!("echo '{WORDS}'; exit 1"));
    let error = repository.push(&pushed[1], vec![deploy("cli/3", "1.3")]).await.expect_err("refused");
    assert!(
        matches!(&error, RepositoryError::Refused(text) if *text == format!("pre-receive hook declined: {WORDS}")),
        "{error}"
    );
    // Nothing of our environment but the least reaches it, and its words may come on either way.
    world.install_hook("env | cut -d= -f1 | grep -E 'CARGO|RUST|SECRET' >&2; echo done >&2; exit 1");
    let error = repository.push(&pushed[1], vec![deploy("cli/3", "1.3")]).await.expect_err("refused");
    assert!(matches!(&error, RepositoryError::Refused(text) if text.ends_with("declined: done")), "{error}");

    world.install_racing_hook();
    let error = repository.push(&pushed[1], vec![deploy("cli/3", "1.3")]).await.expect_err("lost during the push");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    let error = repository.push(&pushed[1], vec![deploy("cli/3", "1.3")]).await.expect_err("lost before it");
    assert!(matches!(error, RepositoryError::LostRace), "{error}");
    let base = repository.fetch().await.expect("fetched");
    repository.push(&base, vec![deploy("cli/3", "1.3")]).await.expect("pushed");
    world.assert_sound(6);
}

#[tokio::test]
async fn a_hook_that_never_answers_leaves_it_unclear_and_may_finish() {
    let world = World::new();
    let mut settings = world.settings(world.remote().to_str().expect("utf-8"));
    settings.git_program = find_program();
    settings.deadline = Duration::from_secs(2);
    let repository = GitRepository::new(settings).expect("valid");
    let base = repository.fetch().await.expect("fetched");
    let release = world.path("release");
    world.install_hook(&format!(
        "while [ ! -e {0} ] && [ -d {1} ]; do sleep 0.1; done",
        release.display(),
        world.remote().display()
    ));
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("no verdict");
    assert!(matches!(&error, RepositoryError::Unclear(text) if text.contains("time")), "{error}");
    fs::write(&release, "").expect("written");
    // The process was left to it: sooner or later the commit is there.
    let id = request("cli/1");
    let arrived = async {
        loop {
            repository.fetch().await.expect("fetched");
            if repository.find_request(&id).await.expect("read").is_some() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("it arrives");
    world.assert_sound(3);

    world.install_hook("kill -9 $PPID");
    let base = repository.fetch().await.expect("fetched");
    let error = repository.push(&base, vec![deploy("cli/2", "1.2")]).await.expect_err("no verdict");
    assert!(matches!(error, RepositoryError::Unclear(_)), "{error}");
}

#[tokio::test]
async fn without_a_git_that_can_be_started_libgit2_pushes() {
    let world = World::new();
    let mut settings = world.settings(world.remote().to_str().expect("utf-8"));
    settings.git_program = Some(world.path("no/such/git"));
    let repository = GitRepository::new(settings).expect("valid");
    let base = repository.fetch().await.expect("fetched");
    world.install_hook("exit 1");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("hooks don't run this way");
    world.assert_sound(3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn git_and_libgit2_may_push_to_one_remote() {
    let world = Arc::new(World::new());
    race(vec![world.by_path_with_git(), world.by_url(world.remote().to_str().expect("utf-8"), "second.git")], 8).await;
    world.assert_sound(2 + 2 * 8);
    world.assert_requests(2 * 8);
}

#[tokio::test]
async fn a_lock_that_a_killed_push_left_is_cleared_and_no_other() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let lock = world.remote().join("refs/heads/main.lock");
    fs::write(&lock, "").expect("written");
    let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("locked");
    assert!(matches!(&error, RepositoryError::Unreachable(text) if text.contains("main.lock")), "{error}");
    assert!(lock.exists(), "it may be somebody's at work");

    // As a push is that was killed between making the lock and moving it into its place.
    fs::write(world.remote().join("tiphys-push"), format!("refs/heads/main {base}\n")).expect("written");
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    assert!(!lock.exists());
    world.assert_sound(3);
}

#[tokio::test]
async fn a_checked_out_branch_is_not_pushed_to() {
    let world = World::new();
    let person = world.path("person");
    for program in [None, find_program()] {
        let mut settings = world.settings(person.to_str().expect("utf-8"));
        settings.git_program = program;
        let repository = GitRepository::new(settings).expect("valid");
        let base = repository.fetch().await.expect("fetched");
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("refused");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("checked out")), "{error}");
        assert_eq!(world.git(&person, &["rev-parse", "main"]), base.as_str());
    }
}
