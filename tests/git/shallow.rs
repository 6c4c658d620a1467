//! A mirror whose history is cut off: what it holds, when it gets more, and that no answer is wrong because of the cut.

use tiphys::{
    adapters::git::{GitRepository, find_program},
    domain::name::Revision,
    ports::ManifestRepository,
};

use crate::{
    cgi::{Fault, GitServer},
    support::{FILE, World, change, deploy, repo_path, request},
};

const HOUR: i64 = 3_600;

fn revision(world: &World, name: &str) -> Revision {
    Revision::new(world.git(&world.remote(), &["rev-parse", name])).expect("an id")
}

fn install_provider() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

#[tokio::test]
async fn a_long_history_is_cut_off_and_deepened_when_it_is_needed() {
    install_provider();
    for version in [None, Some(Fault::OnlyVersion0)] {
        let world = World::new();
        let first = world.remote_head();
        world.grow(2_500, HOUR);
        let server = GitServer::http(&world, "remote.git").await;
        server.break_with(version);
        let repository = world.by_url(&server.url(), "mirror.git");
        let base = repository.fetch().await.expect("fetched");
        assert_eq!(world.depth("mirror.git"), 2_000);
        assert!(world.path("mirror.git/shallow").exists());

        // What the bot does every day needs nothing from behind the cut.
        server.take_seen();
        assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);
        assert_eq!(repository.log(2_000).await.expect("read").len(), 2_000);
        let snapshot = repository.snapshot(&base).await.expect("there");
        assert!(snapshot.file(&repo_path(FILE)).expect("readable").is_some());
        let near = revision(&world, "main~1500");
        assert!(repository.contains(&near, &base).await.expect("read"));
        assert!(!repository.contains(&base, &near).await.expect("read"), "no, whatever is behind the cut");
        assert!(server.take_seen().is_empty(), "nobody was asked");
        let ours = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
        let theirs = world.person_pushes("other", "x");
        assert_eq!(repository.fetch().await.expect("fetched"), theirs);
        assert_eq!(world.depth("mirror.git"), 2_002);
        assert!(repository.contains(&ours, &theirs).await.expect("read"));

        // A question that the cut stands in the way of.
        assert!(repository.contains(&first, &theirs).await.expect("read"));
        assert_eq!(world.depth("mirror.git"), 2_504, "all of it, once it takes that much");
        assert!(!world.path("mirror.git/shallow").exists());
        assert_eq!(repository.log(5_000).await.expect("read").len(), 2_504);
        let next = repository.push(&theirs, vec![deploy("cli/2", "1.2")]).await.expect("pushed").remove(0);
        assert!(repository.contains(&first, &next).await.expect("read"));
        world.assert_sound(2_505);
    }
}

#[tokio::test]
async fn a_command_is_known_again_however_much_was_committed_since() {
    install_provider();
    let world = World::new();
    let server = GitServer::http(&world, "remote.git").await;
    let first = world.by_url(&server.url(), "first.git");
    let base = first.fetch().await.expect("fetched");
    let ours = first.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);
    world.grow(9_000, 60);
    let second = world.by_url(&server.url(), "second.git");
    second.fetch().await.expect("fetched");
    assert_eq!(world.depth("second.git"), 2_000);
    let found = second.find_request(&request("cli/1")).await.expect("read").expect("found");
    assert_eq!(found.revision, ours);
    assert_eq!(second.find_request(&request("cli/2")).await.expect("read"), None);

    // The remote is gone: nobody can tell, and nobody says so.
    let third = world.by_url(&server.url(), "third.git");
    let head = third.fetch().await.expect("fetched");
    drop(server);
    third.find_request(&request("cli/1")).await.expect_err("not known");
    third.contains(&base, &head).await.expect_err("not known");
    assert_eq!(third.log(100).await.expect("read").len(), 100);
}

#[tokio::test]
async fn history_may_be_rewritten_behind_the_cut() {
    install_provider();
    let world = World::new();
    world.grow(2_400, HOUR);
    let server = GitServer::http(&world, "remote.git").await;
    let repository = world.by_url(&server.url(), "mirror.git");
    let base = repository.fetch().await.expect("fetched");
    let ours = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed").remove(0);

    // To a commit that the mirror doesn't have.
    let old = revision(&world, "main~2300");
    world.git(&world.remote(), &["update-ref", "refs/heads/main", old.as_str()]);
    assert_eq!(repository.fetch().await.expect("fetched"), old);
    assert_eq!(repository.log(500).await.expect("read").len(), 103);
    assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);
    assert!(!repository.contains(&ours, &old).await.expect("read"));
    let pushed = repository.push(&old, vec![deploy("cli/2", "1.2")]).await.expect("pushed").remove(0);
    repository.log(1).await.expect("the mirror has followed");
    world.depth("mirror.git");

    // To another one that the mirror has, then to one without a past.
    world.git(&world.remote(), &["update-ref", "refs/heads/main", base.as_str()]);
    assert_eq!(repository.fetch().await.expect("fetched"), base);
    assert!(!repository.contains(&pushed, &base).await.expect("read"));
    assert_eq!(repository.find_request(&request("cli/2")).await.expect("read"), None);
    let person = world.path("person");
    world.git(&person, &["checkout", "--quiet", "--orphan", "fresh"]);
    let fresh = world.commit("fresh");
    world.git(&person, &["push", "--quiet", "--force", "origin", "fresh:main"]);
    assert_eq!(repository.fetch().await.expect("fetched"), fresh);
    assert_eq!(repository.log(9).await.expect("read").len(), 1);
    repository.push(&fresh, vec![deploy("cli/3", "1.3")]).await.expect("pushed");
    repository.log(1).await.expect("the mirror has followed");
    world.depth("mirror.git");
    world.assert_sound(2);
}

#[tokio::test]
async fn a_side_branch_from_behind_the_cut_is_merged() {
    install_provider();
    let world = World::new();
    let start = world.remote_head();
    world.grow(2_300, HOUR);
    let server = GitServer::http(&world, "remote.git").await;
    let repository = world.by_url(&server.url(), "mirror.git");
    let base = repository.fetch().await.expect("fetched");
    let person = world.path("person");
    world.git(&person, &["fetch", "--quiet"]);
    world.git(&person, &["checkout", "--quiet", "-b", "side", start.as_str()]);
    world.write("side", "x");
    let side = world.commit("side");
    world.git(&person, &["checkout", "--quiet", "main"]);
    world.git(&person, &["reset", "--quiet", "--hard", "origin/main"]);
    world.git(&person, &["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
    world.git(&person, &["push", "--quiet"]);
    let merge = repository.fetch().await.expect("fetched");
    assert!(repository.contains(&side, &merge).await.expect("read"));
    assert!(repository.contains(&start, &merge).await.expect("read"));
    assert!(!repository.contains(&side, &base).await.expect("read"), "asked for, as it may be behind the cut");
    repository.push(&merge, vec![change("cli/1", "side", "y")]).await.expect("pushed");
    repository.log(1).await.expect("the mirror has followed");
    world.depth("mirror.git");
    world.assert_sound(2_305);
}

#[tokio::test]
async fn a_path_is_cut_off_by_git_and_copied_whole_without_it() {
    let world = World::new();
    world.grow(2_200, HOUR);
    let remote = world.remote().to_str().expect("utf-8").to_owned();
    let mut settings = world.settings(&remote);
    settings.git_program = Some(find_program().expect("the tests need git"));
    let repository = GitRepository::new(settings.clone()).expect("valid");
    let base = repository.fetch().await.expect("fetched");
    assert_eq!(world.depth("mirror.git"), 2_000);
    repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    let theirs = world.person_pushes("other", "x");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs);
    assert_eq!(world.depth("mirror.git"), 2_002);

    // The git program is gone: the next fetch brings what is behind the cut as well.
    settings.git_program = None;
    let repository = GitRepository::new(settings).expect("valid");
    let theirs = world.person_pushes("other", "y");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs);
    assert_eq!(world.depth("mirror.git"), 2_205);
    repository.push(&theirs, vec![deploy("cli/2", "1.2")]).await.expect("pushed");
    world.assert_sound(2_206);
}

#[tokio::test]
async fn a_remote_that_is_cut_off_itself_is_all_there_is() {
    install_provider();
    let world = World::new();
    world.grow(30, HOUR);
    let url = format!("file://{}", world.remote().display());
    world.git(&world.path(""), &["clone", "--quiet", "--bare", "--depth", "10", &url, "short.git"]);
    let old = revision(&world, "main~20");
    let server = GitServer::http(&world, "short.git").await;
    let by_path = world.path("short.git").to_str().expect("utf-8").to_owned();
    for (version, url, mirror) in [
        (None, server.url(), "by-http.git"),
        (Some(Fault::OnlyVersion0), server.url(), "by-http-0.git"),
        (None, by_path, "by-path.git"),
    ] {
        server.break_with(version);
        let repository = world.by_url(&url, mirror);
        let head = repository.fetch().await.expect("fetched");
        let there = world.depth(mirror);
        assert_eq!(repository.log(50).await.expect("read").len(), there);
        assert_eq!(repository.find_request(&request("cli/1")).await.expect("read"), None);
        assert!(!repository.contains(&old, &head).await.expect("read"), "nobody can tell more");
        let id = format!("cli/{mirror}");
        repository.push(&head, vec![deploy(&id, &id)]).await.expect("pushed");
        repository.log(1).await.expect("the mirror has followed");
        assert_eq!(world.depth(mirror), there + 1);
    }
}

#[tokio::test]
async fn a_mirror_of_an_earlier_version_is_kept() {
    install_provider();
    let world = World::new();
    world.grow(2_100, HOUR);
    let server = GitServer::http(&world, "remote.git").await;
    let mirror = world.path("mirror.git");
    world.git(
        &world.path(""),
        &["clone", "--quiet", "--bare", &format!("file://{}", world.remote().display()), "mirror.git"],
    );
    world.git(&mirror, &["config", "tiphys.mirror", "true"]);
    std::fs::write(mirror.join("tiphys-mirror"), format!("{}\n", server.url())).expect("written");
    let repository = world.by_url(&server.url(), "mirror.git");
    let theirs = world.person_pushes("other", "x");
    assert_eq!(repository.fetch().await.expect("fetched"), theirs);
    repository.push(&theirs, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    repository.log(1).await.expect("the mirror has followed");
    assert_eq!(world.depth("mirror.git"), 2_104);
    assert!(mirror.join("description").exists(), "it was not built again");
}
