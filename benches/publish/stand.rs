//! The servers, and the ways that lead to them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use tempfile::TempDir;
use tiphys::adapters::git::{Settings, TokenSource};
use tokio::runtime::Runtime;

use crate::{
    cgi::Authority,
    ground::Ground,
    link::{self, Target},
    nginx::Nginx,
    seed,
    sshd::Sshd,
};

/// What is added to a round trip on the slow ways.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(30);

/// A way to the repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Https,
    Ssh,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Https => "HTTPS",
            Self::Ssh => "SSH",
        }
    }
}

/// The servers with their repositories; all ends with the value.
pub(crate) struct Stand {
    pub(crate) ground: Ground,
    user: String,
    https: [SocketAddr; 2],
    ssh: [SocketAddr; 2],
    /// Whether the slow ways are gone.
    pub(crate) slow: bool,
    _nginx: Nginx,
    _sshd: Sshd,
    _runtime: Runtime,
    _folder: TempDir,
}

impl Stand {
    pub(crate) fn start() -> Self {
        let folder = match Path::new("/dev/shm").is_dir() {
            true => tempfile::tempdir_in("/dev/shm"),
            false => tempfile::tempdir(),
        };
        let folder = folder.expect("a folder");
        println!("The repositories are in {}.", if folder.path().starts_with("/dev/shm") { "memory" } else { "files" });
        let ground = Ground::new(folder.path());
        // The servers don't share threads with what is measured.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let authority = Authority::new();
        authority.write(&ground.path("ca.pem"));
        ground.git(&ground.path(""), &["init", "--quiet", "--bare", "start.git"]);
        let nginx = runtime.block_on(Nginx::start(&ground, "start.git", &authority, "ssl"));
        let sshd = runtime.block_on(Sshd::start(&ground, "AcceptEnv GIT_PROTOCOL"));
        let url = url::Url::parse(&sshd.url(&ground, "x")).expect("an address");
        let (host, port) = (url.host_str().expect("a host"), url.port().expect("a port"));
        let direct: SocketAddr = format!("{host}:{port}").parse().expect("an address");
        let socket = Target::Socket(ground.path("nginx.sock"));
        let https = [link::open(socket.clone(), Duration::ZERO), link::open(socket, ROUND_TRIP / 2)];
        let ssh = [direct, link::open(Target::Address(direct), ROUND_TRIP / 2)];
        let key = std::fs::read_to_string(ground.path("host_ed25519.pub")).expect("readable");
        let known: String = ssh.iter().map(|address| format!("[{}]:{} {key}", address.ip(), address.port())).collect();
        std::fs::write(ground.path("known_hosts"), known).expect("written");
        Self {
            user: url.username().to_owned(),
            ground,
            https,
            ssh,
            slow: false,
            _nginx: nginx,
            _sshd: sshd,
            _runtime: runtime,
            _folder: folder,
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.ground.path(below)
    }

    /// The address of a repository.
    pub(crate) fn url(&self, way: Way, repository: &str) -> String {
        let slow = usize::from(self.slow);
        match way {
            Way::Https => format!("https://{}/{repository}", self.https[slow]),
            Way::Ssh => format!("ssh://{}@{}{}", self.user, self.ssh[slow], self.path(repository).display()),
        }
    }

    /// git with all that it needs on both ways. The credentials go out with the first request, as with us: a git that is
    /// asked for them needs a request more.
    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = self.ground.hermetic("git");
        let header = format!("Authorization: Basic {}", STANDARD.encode("bot:hunter2"));
        let ssh = format!(
            "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o UserKnownHostsFile={}",
            self.path("client").display(),
            self.path("known_hosts").display()
        );
        command
            .args(arguments)
            .current_dir(folder)
            .env("GIT_SSL_CAINFO", self.path("ca.pem"))
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "http.extraHeader")
            .env("GIT_CONFIG_VALUE_0", header)
            .env("GIT_SSH_COMMAND", ssh);
        command
    }

    /// Runs such a git; it must succeed.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) {
        let status = self.git(folder, arguments).status().expect("git runs");
        assert!(status.success(), "git {arguments:?}");
    }

    /// What the adapter is told.
    pub(crate) fn settings(&self, way: Way, repository: &str, mirror: &str) -> Settings {
        settings(&self.path(""), &self.url(way, repository), mirror)
    }

    /// The repository is what git itself calls sound, a fresh clone of it as well, and both have so many commits.
    pub(crate) fn verify(&self, repository: &str, commits: usize) {
        let path = self.path(repository);
        self.ground.git(&path, &["fsck", "--strict", "--full", "--no-dangling"]);
        assert_eq!(self.ground.git(&path, &["rev-list", "--count", "main"]), commits.to_string(), "{repository}");
        let clone = self.path("verified");
        self.run(&self.path(""), &["clone", "--quiet", &self.url(Way::Https, repository), "verified"]);
        assert_eq!(self.ground.git(&clone, &["rev-list", "--count", "main"]), commits.to_string());
        assert_eq!(self.ground.git(&clone, &["status", "--porcelain"]), "");
        seed::remove(&clone);
        seed::remove(&path);
    }
}

/// What the adapter is told, in a process of its own as well.
pub(crate) fn settings(ground: &Path, url: &str, mirror: &str) -> Settings {
    Settings {
        url: url.to_owned(),
        branch: "main".to_owned(),
        username: url.starts_with("https").then(|| "bot".to_owned()),
        token: Some(TokenSource::Value(SecretString::from("hunter2"))),
        ssh_key_file: Some(ground.join("client")),
        ssh_key_passphrase_file: None,
        known_hosts_file: Some(ground.join("known_hosts")),
        ca_file: Some(ground.join("ca.pem")),
        proxy: None,
        git_program: None,
        mirror: ground.join(mirror),
        committer_name: "tiphys".to_owned(),
        committer_email: "tiphys@example.org".to_owned(),
        signing: None,
        deadline: Duration::from_secs(60),
    }
}
