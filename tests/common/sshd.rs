//! A real sshd, one process for each connection, on a port of the test's own.

use std::{
    fs,
    net::SocketAddr,
    os::fd::OwnedFd,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{net::TcpListener, process::Child, sync::Mutex, task::JoinHandle};

use crate::ground::Ground;

const SSHD: &str = "/usr/sbin/sshd";

/// The server; it and its connections end with the value.
pub(crate) struct Sshd {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    children: Arc<Mutex<Vec<Child>>>,
    task: JoinHandle<()>,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sshd {
    /// Starts it with host keys of both kinds and the key `client` let in. `extra` goes into its configuration.
    pub(crate) async fn start(ground: &Ground, extra: &str) -> Self {
        for (name, kind) in [("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("client", "ed25519")] {
            if !ground.path(name).exists() {
                make_key(ground, name, kind, "");
            }
        }
        fs::copy(ground.path("client.pub"), ground.path("authorized_keys")).expect("copied");
        let config = ground.path("sshd_config");
        let path = |name: &str| ground.path(name).display().to_string();
        fs::write(
            &config,
            format!(
                "HostKey {}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPasswordAuthentication no\n\
                 KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n\
                 SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME={} PATH={}\n{extra}\n",
                path("host_ed25519"),
                path("host_rsa"),
                path("authorized_keys"),
                // Otherwise the user's own shell reads the user's own settings, which may take a while.
                path("home"),
                std::env::var("PATH").expect("set"),
            ),
        )
        .expect("written");
        // Where it is missing, a privileged sshd refuses to start; an unprivileged one doesn't need it.
        fs::create_dir_all("/run/sshd").ok();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("has one");
        let connections = Arc::new(AtomicUsize::new(0));
        let children = Arc::new(Mutex::new(Vec::new()));
        let (counter, kept) = (Arc::clone(&connections), Arc::clone(&children));
        let log = ground.path("sshd.log");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let stream = stream.into_std().expect("a stream");
                stream.set_nonblocking(false).expect("set");
                let input = OwnedFd::from(stream);
                let output = input.try_clone().expect("cloned");
                let child = tokio::process::Command::new(SSHD)
                    .arg("-i")
                    .arg("-f")
                    .arg(&config)
                    .arg("-E")
                    .arg(&log)
                    .stdin(Stdio::from(input))
                    .stdout(Stdio::from(output))
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .spawn()
                    .expect("sshd runs");
                kept.lock().await.push(child);
            }
        });
        Self { address, connections, children, task }
    }

    pub(crate) fn url(&self, ground: &Ground, repository: &str) -> String {
        let output = ground.hermetic("id").arg("-un").output().expect("id runs");
        let user = String::from_utf8(output.stdout).expect("utf-8");
        format!("ssh://{}@{}{}", user.trim(), self.address, ground.path(repository).display())
    }

    /// A known_hosts line with one of the ground's public keys.
    pub(crate) fn known(&self, ground: &Ground, key: &str) -> String {
        let public = fs::read_to_string(ground.path(&format!("{key}.pub"))).expect("readable");
        format!("[{}]:{} {public}", self.address.ip(), self.address.port())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Ends all connections.
    pub(crate) async fn cut(&self) {
        for mut child in self.children.lock().await.drain(..) {
            child.kill().await.expect("killed");
        }
    }
}

/// Makes a key pair in the ground's folder.
pub(crate) fn make_key(ground: &Ground, name: &str, kind: &str, passphrase: &str) {
    let status = ground
        .hermetic("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-C", name, "-f"])
        .arg(ground.path(name))
        .status()
        .expect("ssh-keygen runs");
    assert!(status.success());
}
