//! What else brings a change into a repository: `git push` of a commit that is ready, and the cycle of clone, edit, commit
//! and push that scripts and CI jobs go through. And what no push can do without: `git receive-pack` on the server.

use std::{
    fs,
    io::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use git2::{FileMode, Oid, Repository, Signature, build::TreeUpdateBuilder};

use crate::{
    seed::{self, Seed, with_tag},
    stand::{Stand, Way},
};

/// A clone with a commit that is ready to be pushed.
pub(crate) struct Ready {
    clone: String,
    seed: Seed,
}

impl Ready {
    /// Clones the repository, bare, with all its history.
    pub(crate) fn new(stand: &Stand, way: Way, seed: Seed, repository: &str) -> Self {
        let clone = format!("{repository}.clone");
        let remote = stand.path(repository).display().to_string();
        stand.ground.git(&stand.path(""), &["clone", "--quiet", "--bare", "--no-local", &remote, &clone]);
        stand.ground.git(&stand.path(&clone), &["remote", "set-url", "origin", &stand.url(way, repository)]);
        Self { clone, seed }
    }

    /// Commits; the commit before and the new one.
    fn commit(&self, stand: &Stand, tag: &str) -> (Oid, Oid) {
        let repository = Repository::open_bare(stand.path(&self.clone)).expect("opened");
        let head = repository.find_reference("refs/heads/main").and_then(|head| head.peel_to_commit()).expect("there");
        let (tree, path) = (head.tree().expect("there"), self.seed.kustomization(0));
        let blob = tree.get_path(path.as_ref()).and_then(|entry| repository.find_blob(entry.id())).expect("there");
        let text = with_tag(std::str::from_utf8(blob.content()).expect("text"), tag);
        let blob = repository.blob(text.as_bytes()).expect("written");
        let tree = TreeUpdateBuilder::new().upsert(path, blob, FileMode::Blob).create_updated(&repository, &tree);
        let tree = repository.find_tree(tree.expect("written")).expect("there");
        let me = Signature::now("Boris", "boris@example.org").expect("valid");
        let new = repository.commit(Some("refs/heads/main"), &me, &me, &format!("deploy {tag}"), &tree, &[&head]);
        (head.id(), new.expect("made"))
    }

    /// `git push` of a commit made before.
    pub(crate) fn push(&self, stand: &Stand, tag: &str) -> Duration {
        self.commit(stand, tag);
        let mut git = stand.git(&stand.path(&self.clone), &["push", "--quiet", "origin", "main"]);
        let begin = Instant::now();
        let status = git.status().expect("git runs");
        let time = begin.elapsed();
        assert!(status.success());
        time
    }

    /// The server's part of a push alone: `git receive-pack` with the smallest request there can be.
    pub(crate) fn receive(&self, stand: &Stand, repository: &str, tag: &str) -> Duration {
        let (old, new) = self.commit(stand, tag);
        let mut pack = stand
            .ground
            .hermetic("git")
            .args(["pack-objects", "--quiet", "--thin", "--revs", "--stdout"])
            .current_dir(stand.path(&self.clone))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        write!(pack.stdin.take().expect("piped"), "{new}\n^{old}\n").expect("git reads it");
        let pack = pack.wait_with_output().expect("it ends").stdout;
        let command = format!("{old} {new} refs/heads/main\0report-status side-band-64k");
        let mut request = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
        request.extend_from_slice(&pack);
        let begin = Instant::now();
        let mut server = stand
            .ground
            .hermetic("git")
            .args(["receive-pack", "--stateless-rpc"])
            .arg(stand.path(repository))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        server.stdin.take().expect("piped").write_all(&request).expect("git reads it");
        let answer = server.wait_with_output().expect("it ends").stdout;
        let time = begin.elapsed();
        assert!(String::from_utf8_lossy(&answer).contains("ok refs/heads/main"));
        time
    }
}

/// `git clone --depth 1`, edit, commit, push.
pub(crate) fn cycle(stand: &Stand, way: Way, seed: Seed, repository: &str, tag: &str) -> Duration {
    let (url, folder) = (stand.url(way, repository), stand.path("cycle"));
    let begin = Instant::now();
    stand.run(&stand.path(""), &["clone", "--quiet", "--depth", "1", &url, "cycle"]);
    let file = folder.join(seed.kustomization(0));
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, with_tag(&text, tag)).expect("written");
    stand.run(&folder, &["commit", "--quiet", "--all", "--message", "deploy"]);
    stand.run(&folder, &["push", "--quiet", "origin", "main"]);
    let time = begin.elapsed();
    seed::remove(&folder);
    time
}
