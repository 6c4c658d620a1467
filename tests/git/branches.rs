//! Several branches of one remote, each through a mirror of its own.

use std::{fs, sync::Arc, time::Duration};

use tiphys::{
    adapters::git::{GitRepository, find_program},
    ports::ManifestRepository,
};

use crate::{
    cgi::GitServer,
    support::{World, deploy},
};

#[tokio::test]
async fn a_hook_that_takes_its_time_on_one_branch_holds_up_no_other() {
    for over_http in [true, false] {
        let world = World::new();
        world.git(&world.remote(), &["branch", "staging", "main"]);
        let (begun, go) = (world.path("begun"), world.path("go"));
        world.install_hook(&format!(
            "while read old new ref; do
               [ \"$ref\" = refs/heads/staging ] || continue
               touch {begun}
               while [ ! -e {go} ] && [ -d {folder} ]; do sleep 0.05; done
             done",
            begun = begun.display(),
            go = go.display(),
            folder = world.path("").display()
        ));
        let server = GitServer::http(&world, "remote.git").await;
        let on = |branch: &str| {
            let url = if over_http { server.url() } else { world.remote().display().to_string() };
            let mut settings = world.settings(&url);
            settings.git_program = find_program();
            settings.branch = branch.to_owned();
            settings.mirror = world.path(&format!("mirror@{branch}.git"));
            Arc::new(GitRepository::new(settings).expect("valid settings"))
        };
        let (main, staging) = (on("main"), on("staging"));
        let base = staging.fetch().await.expect("fetched");
        let slow = tokio::spawn({
            let staging = Arc::clone(&staging);
            async move { staging.push(&base, vec![deploy("cli/1", "2.0")]).await }
        });
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for number in 2..5 {
            let base = main.fetch().await.expect("fetched");
            let commit = deploy(&format!("cli/{number}"), &format!("1.{number}"));
            main.push(&base, vec![commit]).await.expect("pushed");
        }
        assert!(!slow.is_finished(), "the hook waits");
        fs::write(&go, "").expect("written");
        slow.await.expect("no panic").expect("pushed");

        world.assert_sound(5);
        let ids = |branch: &str| {
            let clone = format!("clone-{branch}");
            world.git(&world.path(""), &["clone", "--quiet", "--branch", branch, "remote.git", &clone]);
            world.git(&world.path(&clone), &["fsck", "--strict", "--full"]);
            let format = "--format=%(trailers:key=Request-Id,valueonly,separator=)";
            world.git(&world.path(&clone), &["log", "--reverse", format])
        };
        assert_eq!(ids("main").split_whitespace().collect::<Vec<_>>(), ["cli/2", "cli/3", "cli/4"]);
        assert_eq!(ids("staging").split_whitespace().collect::<Vec<_>>(), ["cli/1"]);
        // Neither mirror knows of the other's branch.
        for (own, other) in [("main", "staging"), ("staging", "main")] {
            let mirror = world.path(&format!("mirror@{own}.git"));
            let branches = world.git(&mirror, &["branch", "--format=%(refname:short)", "--all"]);
            assert_eq!(branches, own, "without {other}");
        }
    }
}
