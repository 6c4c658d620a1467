//! A world of its own for each test: a bare remote, a person with a clone, and the adapter under test.

use std::{
    fs,
    io::Write,
    ops::Deref,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tiphys::{
    adapters::git::{GitRepository, Settings, find_program},
    domain::{
        actor::Actor,
        name::{RepoPath, RequestId, Revision},
        snapshot::FileEdit,
    },
    ports::{ManifestRepository, NewCommit, RepositoryError},
};

use crate::ground::Ground;

/// The file that the tests change.
pub(crate) const FILE: &str = "apps/shop/overlays/prod/kustomization.yaml";

/// A folder with a bare remote of two commits in it.
pub(crate) struct World {
    ground: Ground,
    _folder: Option<TempDir>,
}

impl Deref for World {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = Self { ground: Ground::new(folder.path()), _folder: Some(folder) };
        world.git(&world.path(""), &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        world.git(&world.path(""), &["clone", "--quiet", "remote.git", "person"]);
        world.git(&world.path("person"), &["checkout", "--quiet", "-b", "main"]);
        world.write(FILE, "images:\n  - name: shop\n    newTag: \"1.0\"\n");
        world.write("run.sh", "#!/bin/sh\n");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(world.path("person/run.sh"), executable).expect("set");
        world.git(&world.path("person"), &["add", "run.sh"]);
        world.commit("start");
        world.write("README.md", "manifests\n");
        world.commit("second");
        world.git(&world.path("person"), &["push", "--quiet", "-u", "origin", "main"]);
        world
    }

    /// The world that another process has made.
    pub(crate) fn of(folder: &Path) -> Self {
        Self { ground: Ground::new(folder), _folder: None }
    }

    pub(crate) fn remote(&self) -> PathBuf {
        self.path("remote.git")
    }

    /// Writes a file into the person's clone and stages it.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let file = self.path("person").join(path);
        fs::create_dir_all(file.parent().expect("has one")).expect("made");
        fs::write(file, content).expect("written");
        self.git(&self.path("person"), &["add", path]);
    }

    /// Commits what the person staged.
    pub(crate) fn commit(&self, message: &str) -> Revision {
        self.git(&self.path("person"), &["commit", "--quiet", "--allow-empty", "-m", message]);
        Revision::new(self.git(&self.path("person"), &["rev-parse", "HEAD"])).expect("an id")
    }

    /// The person pushes a commit that changes one file.
    pub(crate) fn person_pushes(&self, path: &str, content: &str) -> Revision {
        self.git(&self.path("person"), &["pull", "--quiet", "--rebase"]);
        self.write(path, content);
        let revision = self.commit(&format!("person: {path}"));
        self.git(&self.path("person"), &["push", "--quiet"]);
        revision
    }

    /// The person tries to push a commit, once; tells whether it went through.
    pub(crate) fn person_tries(&self, path: &str) -> bool {
        self.git(&self.path("person"), &["fetch", "--quiet"]);
        self.git(&self.path("person"), &["reset", "--quiet", "--hard", "origin/main"]);
        self.write(path, path);
        self.commit(path);
        self.try_git(&self.path("person"), &["push", "--quiet"]).status.success()
    }

    /// The remote's branch has so many commits with a request's id, each id once.
    pub(crate) fn assert_requests(&self, count: usize) {
        let format = "--format=%(trailers:key=Request-Id,valueonly,separator=)";
        let ids = self.git(&self.remote(), &["log", format, "main"]);
        let mut ids: Vec<&str> = ids.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(ids.len(), count);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "none twice");
    }

    /// The head of the remote's branch.
    pub(crate) fn remote_head(&self) -> Revision {
        Revision::new(self.git(&self.remote(), &["rev-parse", "refs/heads/main"])).expect("an id")
    }

    /// The remote is what git itself calls sound, and has this many commits.
    pub(crate) fn assert_sound(&self, commits: usize) {
        let output = self.try_git(&self.remote(), &["fsck", "--strict", "--full", "--no-dangling"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // And so is a fresh clone, which the mirror had no part in.
        let clone = tempfile::tempdir_in(self.path("")).expect("a folder");
        self.git(clone.path(), &["clone", "--quiet", "--no-local", "--branch", "main", "../remote.git", "clone"]);
        self.git(&clone.path().join("clone"), &["fsck", "--strict", "--full"]);
        assert_eq!(self.git(&clone.path().join("clone"), &["rev-list", "--count", "main"]), commits.to_string());
    }

    /// Adds so many commits to the remote's branch, so many seconds apart, up to now.
    pub(crate) fn grow(&self, commits: i64, seconds: i64) {
        let now = jiff::Timestamp::now().as_second();
        let mut stream = String::new();
        for number in 0..commits {
            let time = now - (commits - number) * seconds;
            let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
            let subject = format!("note {number}\n");
            stream += &format!(
                "commit refs/heads/main\ncommitter Boris <boris@example.org> {time} +0000\ndata {}\n{subject}{from}\
                 M 100644 inline notes/{}\ndata {}\n{subject}\n",
                subject.len(),
                number % 40,
                subject.len()
            );
        }
        self.feed(&self.remote(), &["fast-import", "--quiet"], stream.as_bytes());
    }

    /// Runs git with something to read.
    pub(crate) fn feed(&self, folder: &Path, args: &[&str], input: &[u8]) {
        let mut command = self.hermetic("git");
        let mut child = command.args(args).current_dir(folder).stdin(Stdio::piped()).spawn().expect("git runs");
        child.stdin.take().expect("piped").write_all(input).expect("read");
        assert!(child.wait().expect("it ends").success(), "git {args:?}");
    }

    /// Makes single objects of a mirror's packs, as versions before this one have left them.
    pub(crate) fn unpack(&self, mirror: &Path) {
        let folder = mirror.join("objects/pack");
        let files = fs::read_dir(&folder).expect("readable").map(|entry| entry.expect("readable").path());
        let (packs, rest): (Vec<_>, Vec<_>) =
            files.partition(|file| file.extension().is_some_and(|extension| extension == "pack"));
        let packs: Vec<_> = packs.into_iter().map(|pack| (fs::read(&pack).expect("readable"), pack)).collect();
        packs.iter().map(|(_, pack)| pack).chain(&rest).for_each(|file| fs::remove_file(file).expect("removed"));
        // The later ones build on the earlier ones, whichever these are.
        for (pack, _) in &packs {
            self.feed(mirror, &["unpack-objects", "-q"], pack);
        }
    }

    /// What git counts on a mirror's branch, after it found it sound.
    pub(crate) fn depth(&self, mirror: &str) -> usize {
        let mirror = self.path(mirror);
        self.git(&mirror, &["fsck", "--strict", "--full"]);
        self.git(&mirror, &["rev-list", "--count", "main"]).parse().expect("a number")
    }

    /// Puts a pre-receive hook into the remote.
    pub(crate) fn install_hook(&self, script: &str) {
        self.ground.install_hook(&self.remote(), script);
    }

    /// A hook that, once, commits to the branch before the push that it checks.
    pub(crate) fn install_racing_hook(&self) {
        self.ground.install_racing_hook(&self.remote());
    }

    pub(crate) fn settings(&self, url: &str) -> Settings {
        Settings {
            url: url.to_owned(),
            branch: "main".to_owned(),
            username: None,
            token: None,
            ssh_key_file: None,
            ssh_key_passphrase_file: None,
            known_hosts_file: None,
            ca_file: None,
            proxy: None,
            git_program: None,
            mirror: self.path("mirror.git"),
            committer_name: "tiphys".to_owned(),
            committer_email: "tiphys@example.org".to_owned(),
            signing: None,
            // Tests of deadlines set their own; a busy machine is no reason to fail.
            deadline: Duration::from_secs(60),
        }
    }

    /// The adapter with a mirror of that name.
    pub(crate) fn by_url(&self, url: &str, mirror: &str) -> GitRepository {
        let mut settings = self.settings(url);
        settings.mirror = self.path(mirror);
        GitRepository::new(settings).expect("valid settings")
    }

    /// The adapter on the remote's path, with the git program.
    pub(crate) fn by_path_with_git(&self) -> GitRepository {
        let mut settings = self.settings(self.remote().to_str().expect("utf-8"));
        settings.git_program = Some(find_program().expect("the tests need git"));
        settings.mirror = self.path("mirror-by-git");
        GitRepository::new(settings).expect("valid settings")
    }

    /// The adapter on the remote's path, without a git program.
    pub(crate) fn by_path(&self) -> GitRepository {
        GitRepository::new(self.settings(self.remote().to_str().expect("utf-8"))).expect("valid settings")
    }
}

/// Pushes a commit of this request to a file, unless it is there already.
pub(crate) async fn push_once(repository: &GitRepository, id: &str, file: &str) -> Result<(), RepositoryError> {
    let base = repository.fetch().await?;
    match repository.find_request(&request(id)).await? {
        Some(_) => Ok(()),
        None => repository.push(&base, vec![change(id, file, id)]).await.map(|_| ()),
    }
}

/// Lets the writers push commits of their own against each other, each as often as it takes.
pub(crate) async fn race(writers: Vec<GitRepository>, each: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for (writer, repository) in writers.into_iter().enumerate() {
        tasks.spawn(async move {
            for number in 0..each {
                let id = format!("cli/{writer}-{number}");
                loop {
                    match push_once(&repository, &id, &format!("by/{writer}")).await {
                        Ok(()) => break,
                        // The mirror is somebody's playground in one of the tests; nothing is applied then.
                        Err(RepositoryError::LostRace | RepositoryError::Mirror(_)) => {}
                        Err(error) => panic!("{id}: {error}"),
                    }
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
}

/// A commit as the publisher makes them.
pub(crate) fn deploy(request: &str, tag: &str) -> NewCommit {
    change(request, FILE, &format!("images:\n  - name: shop\n    newTag: \"{tag}\"\n"))
}

/// A commit of one file with the trailers of a request.
pub(crate) fn change(request: &str, path: &str, content: &str) -> NewCommit {
    NewCommit {
        edits: vec![FileEdit::write(repo_path(path), content)],
        message: format!(
            "deploy(shop/prod): x → {request}\n\nbody\n\nRequest-Id: {request}\nRequested-By: Анна (telegram 1)\n\
             Application: shop\nEnvironment: prod\n"
        ),
        author: Actor {
            name: "Анна Иванова".to_owned(),
            email: "anna@example.org".to_owned(),
            account: "telegram 1".to_owned(),
        },
        at: jiff::Timestamp::now(),
    }
}

pub(crate) fn repo_path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a path")
}

pub(crate) fn request(text: &str) -> RequestId {
    RequestId::new(text).expect("a request id")
}
