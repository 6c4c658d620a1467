//! Fetches of all depths, from git's own `upload-pack` and from made-up answers.

use std::{num::NonZeroU32, path::Path, process::Command};

use tempfile::TempDir;

use super::*;
use crate::adapters::git::{
    transport::process::{GitProcess, find_program},
    wire::{Service, pkt::tests::Canned},
};

/// A remote with a line of commits, and a mirror.
struct Scene {
    folder: TempDir,
    mirror: Arc<Mirror>,
    commits: Vec<Oid>,
}

impl Scene {
    fn new(commits: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mirror.git");
        let mirror = Arc::new(Mirror::new(path, "x".to_owned(), "refs/heads/main".to_owned()));
        mirror.ensure().map(|_| ()).expect("made");
        let mut scene = Self { folder, mirror, commits: Vec::new() };
        git2::Repository::init_bare(scene.remote()).expect("made");
        (0..commits).for_each(|_| scene.commit());
        scene
    }

    fn remote(&self) -> std::path::PathBuf {
        self.folder.path().join("remote.git")
    }

    /// One more commit that changes one of two files.
    fn commit(&mut self) {
        let remote = git2::Repository::open_bare(self.remote()).expect("there");
        let me = git2::Signature::new("x", "x@x", &git2::Time::new(self.commits.len() as i64, 0)).expect("valid");
        let mut tree = remote.treebuilder(None).expect("made");
        let blob = |text: String| remote.blob(text.as_bytes()).expect("written");
        tree.insert("a", blob(format!("{}", self.commits.len() / 2)), 0o100_644).expect("inserted");
        tree.insert("b", blob(format!("{}", self.commits.len().div_ceil(2))), 0o100_644).expect("inserted");
        let tree = remote.find_tree(tree.write().expect("written")).expect("there");
        let parent = self.commits.last().map(|id| remote.find_commit(*id).expect("there"));
        let parents: Vec<_> = parent.iter().collect();
        let id = remote.commit(Some("refs/heads/main"), &me, &me, "x", &tree, &parents).expect("made");
        drop((parents, tree));
        self.commits.push(id);
    }

    fn want(&self, known: Option<Oid>, depth: u32, shallow: &[Oid]) -> Want {
        let mirror = Arc::clone(&self.mirror);
        Want { mirror, known, depth: NonZeroU32::new(depth), shallow: shallow.to_vec() }
    }

    async fn fetch(&self, want: &Want, version: u8) -> Fetched {
        let git = find_program().expect("the tests need git");
        let process = GitProcess::start_as(&git, Service::UploadPack, &self.remote(), version).expect("started");
        let (fetched, v2) = run(process, want, false).await.expect("fetched");
        assert_eq!(v2, version == 2);
        fetched
    }

    /// Has the mirror note the cut and the head; then git itself must find it sound, so many commits deep.
    fn adopt(&self, fetched: &Fetched, commits: usize) -> Vec<Oid> {
        let generation = self.mirror.generation().expect("there");
        self.mirror.adopt(&generation, fetched).expect("adopted");
        let path = self.mirror.open().expect("sound").path().to_owned();
        git(&path, &["fsck", "--strict", "--full"]);
        assert_eq!(git(&path, &["rev-list", "--count", "main"]), commits.to_string());
        crate::adapters::git::mirror::shallow::read(&path).expect("readable")
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn history_is_as_deep_as_is_wanted() {
    for version in [0, 2] {
        let mut scene = Scene::new(20);
        let newest = |scene: &Scene, number: usize| scene.commits[scene.commits.len() - 1 - number];
        let fetched = scene.fetch(&scene.want(None, 1, &[]), version).await;
        assert_eq!(fetched.head, newest(&scene, 0));
        let cut = scene.adopt(&fetched, 1);
        assert_eq!(cut, [fetched.head]);

        // What is new comes on top, and nothing else.
        scene.commit();
        scene.commit();
        let fetched = scene.fetch(&scene.want(Some(fetched.head), 0, &cut), version).await;
        assert_eq!(fetched.cut, Cut::default());
        let cut = scene.adopt(&fetched, 3);

        // Deeper, then all.
        let fetched = scene.fetch(&scene.want(Some(fetched.head), 10, &cut), version).await;
        assert_eq!((fetched.cut.shallow.len(), fetched.cut.unshallow.len()), (1, 1));
        let cut = scene.adopt(&fetched, 10);
        assert_eq!(cut, [newest(&scene, 9)]);
        let fetched = scene.fetch(&scene.want(Some(fetched.head), 1_000_000, &cut), version).await;
        let cut = scene.adopt(&fetched, 22);
        assert!(cut.is_empty());
        let again = scene.fetch(&scene.want(Some(fetched.head), 0, &[]), version).await;
        assert_eq!(again, Fetched { head: fetched.head, cut: Cut::default() });
    }
}

#[tokio::test]
async fn many_branches_are_not_listed() {
    let scene = Scene::new(2);
    let remote = git2::Repository::open_bare(scene.remote()).expect("there");
    for number in 0..200 {
        remote.reference(&format!("refs/heads/b{number}"), scene.commits[0], false, "").expect("made");
    }
    let git = find_program().expect("the tests need git");
    let process = GitProcess::start_as(&git, Service::UploadPack, &scene.remote(), 2).expect("started");
    let mut lines = Lines::new(process);
    let Greeting::V2(_) = advertisement::read(&mut lines, "refs/heads/main").await.expect("a greeting") else {
        panic!("version 2")
    };
    let listed = v2_list(&mut lines, "refs/heads/main").await.expect("listed");
    assert_eq!(listed, [(scene.commits[1].to_string(), "refs/heads/main".to_owned())]);
    lines.end().await;
}

#[tokio::test]
async fn cuts_are_read_in_both_versions() {
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let told = |end: Message| {
        let cut = Message::default().line(&format!("shallow {one}\n")).line(&format!("unshallow {two}\n"));
        cut.raw(&end.finish()).finish()
    };
    let id = |text: &str| Oid::from_str(text).expect("an id");
    let wanted = Cut { shallow: vec![id(&one)], unshallow: vec![id(&two)] };
    let message = told(Message::default().flush().line("NAK\n"));
    assert_eq!(v0_cut(&mut Canned::new(&message, 9)).await.expect("read"), wanted);
    let message = told(Message::default().delimiter().line("packfile\n"));
    assert_eq!(v2_sections(&mut Canned::new(&message, 9)).await.expect("read"), wanted);
    for bad in ["shallow 12\n", "unshallow x\n"] {
        let message = Message::default().line(bad).flush().finish();
        assert!(v0_cut(&mut Canned::new(&message, 9)).await.is_err(), "{bad}");
    }
}

#[test]
fn a_cut_moves() {
    let id = |digit: &str| Oid::from_str(&digit.repeat(40)).expect("an id");
    let cut = Cut { shallow: vec![id("3"), id("1")], unshallow: vec![id("2")] };
    assert_eq!(cut.apply(&[id("1"), id("2")]), [id("1"), id("3")]);
    assert_eq!(Cut::default().apply(&[id("2")]), [id("2")]);
}
