//! A mirror that is damaged, locked, full or read-only: the right verdict, nothing lost, and all well when the cause is gone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tiphys::{
    adapters::git::GitRepository,
    domain::name::Revision,
    ports::{ManifestRepository, RepositoryError},
};

use crate::support::{FILE, World, deploy, repo_path, request};

/// What may happen to a file.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Cut,
    Empty,
    Garbage,
    Gone,
    /// A folder stands there; to whoever may read everything this is what a file without permissions is to others.
    Folder,
}

fn strike(file: &Path, blow: Blow) {
    let content = fs::read(file).unwrap_or_default();
    // What nobody missed may be gone from the last time.
    _ = fs::remove_file(file).or_else(|_| fs::remove_dir(file));
    match blow {
        Blow::Cut => fs::write(file, &content[..content.len() / 2]).expect("written"),
        Blow::Empty => fs::write(file, "").expect("written"),
        Blow::Garbage => fs::write(file, "garbage".repeat(content.len() / 7 + 1)).expect("written"),
        Blow::Gone => {}
        Blow::Folder => fs::create_dir(file).expect("made"),
    }
}

fn files(mirror: &Path, kind: &str) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).collect()
    };
    match kind {
        "pack" | "idx" => {
            let mut files = below(&mirror.join("objects/pack"));
            files.retain(|file| file.extension().is_some_and(|extension| extension == kind));
            files
        }
        file => vec![mirror.join(file)],
    }
}

/// All that the bot does with a mirror; each thing is tried again once where it says that the mirror is damaged.
async fn use_it(repository: &GitRepository, head: &Revision, done: &str, next: &str) -> Revision {
    assert_eq!(repository.fetch().await.expect("fetched"), *head);
    let file = async || {
        let snapshot = repository.snapshot(head).await.expect("there");
        snapshot.file(&repo_path(FILE))
    };
    let text = match file().await {
        Ok(text) => text,
        Err(error) => {
            assert!(error.detail.contains("damaged"), "{error}");
            assert_eq!(repository.fetch().await.expect("fetched"), *head);
            file().await.expect("mended")
        }
    };
    assert!(text.is_some());
    assert!(repository.find_request(&request(done)).await.expect("read").is_some());
    assert_eq!(repository.log(2).await.expect("read").len(), 2);
    let pushed = repository.push(head, vec![deploy(next, next)]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    pushed
}

#[tokio::test]
async fn whatever_is_damaged_is_mended_or_built_again() {
    let world = World::new();
    let repository = world.by_path_with_git();
    let mirror = world.path("mirror-by-git");
    let base = repository.fetch().await.expect("fetched");
    let mut head = repository.push(&base, vec![deploy("cli/0", "0")]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    let mut number = 0;
    for kind in ["HEAD", "config", "refs/heads/main", "packed-refs", "shallow", "tiphys-mirror", "pack", "idx"] {
        for blow in [Blow::Cut, Blow::Empty, Blow::Garbage, Blow::Gone, Blow::Folder] {
            match kind {
                "packed-refs" => _ = world.git(&mirror, &["pack-refs", "--all"]),
                "shallow" => fs::write(mirror.join("shallow"), format!("{base}\n")).expect("written"),
                _ => {}
            }
            for file in files(&mirror, kind) {
                strike(&file, blow);
            }
            let (done, next) = (format!("cli/{number}"), format!("cli/{}", number + 1));
            if kind == "tiphys-mirror" && matches!(blow, Blow::Folder) {
                let error = repository.fetch().await.expect_err("nothing to lock");
                assert!(matches!(&error, RepositoryError::Mirror(text) if text.contains("mirror-by-git")), "{error}");
                fs::remove_dir(mirror.join(kind)).expect("removed");
            }
            head = use_it(&repository, &head, &done, &next).await;
            number += 1;
            assert_eq!(head, world.remote_head(), "{kind} {blow:?}");
        }
    }
    world.assert_sound(3 + number);
    world.assert_requests(1 + number);
}

#[tokio::test]
async fn a_mirror_with_single_objects_is_built_again_at_the_start() {
    let world = World::new();
    let mirror = world.path("mirror.git");
    let base = world.by_path().fetch().await.expect("fetched");
    world.unpack(&mirror);
    let blob = world.git(&mirror, &["rev-parse", &format!("main:{FILE}")]);
    // libgit2 would read for ever on this one.
    strike(&mirror.join("objects").join(&blob[..2]).join(&blob[2..]), Blow::Cut);
    let repository = world.by_path();
    let ours = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    use_it(&repository, &ours, "cli/1", "cli/2").await;
    assert_eq!(world.depth("mirror.git"), 4);
}

#[tokio::test]
async fn many_pushes_and_fetches_leave_few_packs() {
    let world = World::new();
    let repository = world.by_path();
    let mut head = repository.fetch().await.expect("fetched");
    for number in 0..70 {
        let id = format!("cli/{number}");
        head = repository.push(&head, vec![deploy(&id, &id)]).await.expect("pushed").remove(0);
    }
    use_it(&repository, &head, "cli/3", "cli/70").await;
    let packs = files(&world.path("mirror.git"), "pack").len();
    assert!(packs < 64, "{packs}");
    assert_eq!(world.depth("mirror.git"), 2 + 71);
}

#[tokio::test]
async fn locks_that_a_killed_process_left_are_removed_from_the_mirror() {
    let world = World::new();
    let repository = world.by_path();
    repository.fetch().await.expect("fetched");
    let mirror = world.path("mirror.git");
    let generation = fs::read(mirror.join("tiphys-mirror")).expect("there");
    fs::write(mirror.join("refs/heads/main.lock"), "").expect("written");
    let theirs = world.person_pushes("other", "x");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs);
    fs::write(mirror.join("refs/heads/main.lock"), theirs.as_str()).expect("written");
    let ours = repository.push(&theirs, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    assert_eq!(world.git(&mirror, &["rev-parse", "main"]), ours.as_str());
    assert!(!mirror.join("refs/heads/main.lock").exists());
    assert_eq!(fs::read(mirror.join("tiphys-mirror")).expect("there"), generation, "it was not built again");
}

/// Run by the next test, as a process that may not write files of any size.
#[tokio::test]
#[ignore = "another test runs it"]
async fn in_a_process_that_may_not_write() {
    let Some(folder) = std::env::var_os("TIPHYS_TEST_WORLD") else { return };
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let world = World::of(Path::new(&folder));
    let repository = world.by_url(&std::env::var("TIPHYS_TEST_URL").expect("set"), "mirror.git");
    let base = repository.fetch().await.expect("nothing is new");
    let pushed = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("the remote takes it").remove(0);
    assert_eq!(world.remote_head(), pushed);
    let told = |error: RepositoryError| {
        let RepositoryError::Mirror(text) = error else { panic!("{error}") };
        assert!(text.contains("mirror.git") && text.contains("File too large; raise"), "{text}");
    };
    told(repository.fetch().await.expect_err("cannot be written"));
    told(repository.snapshot(&pushed).await.map(|_| ()).expect_err("cannot be written"));
    told(repository.find_request(&request("cli/1")).await.expect_err("cannot be written"));
    told(repository.push(&pushed, vec![deploy("cli/2", "1.2")]).await.expect_err("cannot be written"));
}

#[cfg(feature = "sandbox")]
#[tokio::test]
async fn what_cannot_be_written_is_told_and_made_up_for_later() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let world = World::new();
    let server = crate::cgi::GitServer::http(&world, "remote.git").await;
    let base = world.by_url(&server.url(), "mirror.git").fetch().await.expect("fetched");
    let generation = fs::read(world.path("mirror.git/tiphys-mirror")).expect("there");
    // A pack of half a kilobyte is too large; the signal that comes with it would end the process.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$0\" --exact damage::in_a_process_that_may_not_write --ignored";
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", limited]).arg(std::env::current_exe().expect("known"));
    command.env("TIPHYS_TEST_WORLD", world.path("")).env("TIPHYS_TEST_URL", server.url());
    let output = command.output().await.expect("sh runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    let repository = world.by_url(&server.url(), "mirror.git");
    let head = repository.fetch().await.expect("fetched");
    assert_ne!(head, base);
    assert_eq!(fs::read(world.path("mirror.git/tiphys-mirror")).expect("there"), generation, "it was not built again");
    use_it(&repository, &head, "cli/1", "cli/2").await;
    world.assert_sound(4);
    world.assert_requests(2);
}

#[tokio::test]
#[ignore = "needs root to mount a small file system"]
async fn a_full_and_a_read_only_disk_are_told_and_nothing_is_lost() {
    struct Mounted(PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            Command::new("umount").arg(&self.0).status().ok();
        }
    }
    let world = World::new();
    let disk = Mounted(world.path("disk"));
    fs::create_dir(&disk.0).expect("made");
    let mount = |options: &str| {
        let status = world.hermetic("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk.0).status();
        assert!(status.expect("mount runs").success());
    };
    mount("size=1m");
    let noise: String = (0..200_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    world.person_pushes("noise", &noise);
    let url = world.remote().to_str().expect("utf-8").to_owned();
    let repository = world.by_url(&url, "disk/mirror.git");
    let told = |error: RepositoryError, words: &str| {
        let RepositoryError::Mirror(text) = error else { panic!("{error}") };
        assert!(text.contains("disk/mirror.git") && text.contains(words), "{text}");
    };
    told(repository.fetch().await.expect_err("too small"), "No space left on device; free some space");
    mount("remount,size=20m");
    let base = repository.fetch().await.expect("fetched");
    let theirs = {
        let filler = disk.0.join("filler");
        fs::write(&filler, vec![0; 30 << 20]).expect_err("it is full now");
        // The commit needs no room here, but what comes after it does.
        let pushed = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
        assert_eq!(world.remote_head(), pushed);
        told(repository.fetch().await.expect_err("full"), "No space left");
        told(repository.push(&pushed, vec![deploy("cli/2", "1.2")]).await.expect_err("full"), "No space left");
        let snapshot = repository.snapshot(&base).await.expect("can be read");
        assert!(snapshot.file(&repo_path(FILE)).expect("readable").is_some());
        fs::remove_file(filler).expect("removed");
        use_it(&repository, &pushed, "cli/1", "cli/2").await
    };
    mount("remount,ro");
    let read_only = "Read-only file system; make it writable";
    assert_eq!(repository.fetch().await.expect("nothing is new"), theirs);
    let pushed = repository.push(&theirs, vec![deploy("cli/3", "1.3")]).await.expect("pushed").remove(0);
    told(repository.fetch().await.expect_err("read-only"), read_only);
    let fresh = world.by_url(&url, "disk/other/mirror.git").fetch().await.expect_err("read-only");
    assert!(matches!(&fresh, RepositoryError::Mirror(text) if text.contains("Read-only file system")), "{fresh}");
    mount("remount,rw");
    use_it(&repository, &pushed, "cli/3", "cli/4").await;
    world.assert_sound(7);
    world.assert_requests(4);
}
