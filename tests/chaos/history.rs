//! What must be true of the branch when all is over.

use std::{collections::BTreeMap, path::Path};

use crate::{ground::Ground, playbill::KUSTOMIZATION};

/// A commit of the branch.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) request: String,
    pub(crate) subject: String,
    pub(crate) parents: usize,
}

/// The commits after the first one, oldest first. The repository is sound, and so is a fresh clone of it.
pub(crate) fn read(ground: &Ground, remote: &Path) -> Vec<Commit> {
    ground.git(remote, &["fsck", "--strict", "--full", "--no-dangling"]);
    let clone = ground.path("clone");
    ground.git(&ground.path(""), &["clone", "--quiet", &remote.display().to_string(), &clone.display().to_string()]);
    ground.git(&clone, &["fsck", "--strict", "--full"]);
    let format = "--format=%H%x09%P%x09%(trailers:key=Request-Id,valueonly,separator=%x2C)%x09%s";
    let log = ground.git(&clone, &["log", "--reverse", format, "main"]);
    let commit = |line: &str| {
        let fields: Vec<_> = line.splitn(4, '\t').collect();
        let [id, parents, request, subject] = fields[..] else { panic!("{line}") };
        let parents = parents.split_whitespace().count();
        Commit { id: id.into(), request: request.into(), subject: subject.into(), parents }
    };
    log.lines().map(commit).skip(1).collect()
}

/// Every request is in exactly one commit, there are no others of the bot's, and each changed one line of one file.
pub(crate) fn assert_once(ground: &Ground, remote: &Path, commits: &[Commit], requests: &[String]) {
    let mut times: BTreeMap<&str, usize> = requests.iter().map(|request| (request.as_str(), 0)).collect();
    for commit in commits.iter().filter(|commit| !commit.request.is_empty()) {
        *times.entry(commit.request.as_str()).or_default() += 1;
        assert_eq!(commit.parents, 1, "{}", commit.id);
    }
    let wrong: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
    assert!(wrong.is_empty(), "not in exactly one commit: {wrong:?}");
    assert_eq!(times.len(), requests.len(), "a commit of a request that was never made");

    let numbers = ground
        .git(remote, &["log", "--format=%x00%(trailers:key=Request-Id,valueonly,separator=)", "--numstat", "main"]);
    for entry in numbers.split('\0').skip(1) {
        let mut lines = entry.lines().filter(|line| !line.is_empty());
        if lines.next().is_some_and(|line| requests.iter().any(|request| request == line)) {
            assert_eq!(lines.collect::<Vec<_>>(), [format!("1\t1\t{KUSTOMIZATION}")], "{entry}");
        }
    }
}
