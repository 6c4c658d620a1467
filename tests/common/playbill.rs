//! The sandbox with the real program in it: what the scenario tests set up, speak to, kill and start again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tiphys::sandbox::{
    telegram::{Chat, Hub, Options, Poster, ShownMessage, TelegramServer, User},
    world::{self, Pace, World},
};

/// The chat that the bot listens in.
pub(crate) const CHAT: i64 = -1_001_234_567_890;
/// A person of the configuration.
pub(crate) const ANNA: i64 = 1001;
/// Another one.
pub(crate) const BORIS: i64 = 1002;
/// Somebody whom the configuration doesn't name.
pub(crate) const STRANGER: i64 = 6666;
/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The kustomization that commands change.
pub(crate) const KUSTOMIZATION: &str = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";

/// The sandbox and a configuration for it.
pub(crate) struct Playbill {
    /// Everything on disk; removed at the end.
    pub(crate) dir: TempDir,
    /// Cluster, registry and git remote.
    pub(crate) world: Arc<World>,
    /// The Bot API server.
    pub(crate) telegram: TelegramServer,
}

impl Playbill {
    /// A sandbox that moves as fast as it can.
    pub(crate) async fn start() -> Self {
        Self::with_pace(Pace::quick()).await
    }

    /// A sandbox of that pace.
    pub(crate) async fn with_pace(pace: Pace) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut options = world::Options::new(dir.path());
        options.pace = pace;
        let world = Arc::new(World::start(options).await.expect("a world"));
        let options = Options::new("4242:secret-of-the-test")
            .chat(Chat::supergroup(CHAT, "Operations"))
            .user(User::person(ANNA, "Анна"))
            .user(User::person(BORIS, "Boris"))
            .user(User::person(STRANGER, "Stranger"));
        let telegram = TelegramServer::start(options).await.expect("a Bot API server");
        let playbill = Self { dir, world, telegram };
        playbill.configure("ru", "mirror.git", &playbill.world.repository_path().display().to_string(), "");
        playbill
    }

    /// Writes `tiphys.yaml`; `credentials` are further lines of its `repository` section.
    pub(crate) fn configure(&self, language: &str, mirror: &str, repository: &str, credentials: &str) -> PathBuf {
        let write = |name: &str, text: &str| fs::write(self.dir.path().join(name), text).expect("a writable folder");
        write("token", "4242:secret-of-the-test\n");
        write("kubeconfig", &self.world.kubeconfig());
        let text = format!(
            "language: {language}
telegram:
  token_file: token
  api_url: {telegram}
  chats: [{{ id: {CHAT} }}]
people:
  - {{ id: {ANNA}, name: Анна Иванова, email: anna@example.org }}
  - {{ id: {BORIS}, name: Boris Petrov, email: boris@example.org }}
repository:
  url: '{repository}'
  mirror: '{mirror}'
  committer: {{ name: tiphys, email: tiphys@example.org }}
{credentials}registry:
  kind: gitlab
  url: {registry}
kubernetes: {{ kubeconfig: kubeconfig, context: sandbox }}
follow: {{ deadline: 60s }}
applications:
  - name: oil-refinery-application
    image: registry.gitlab.example.org/team/oil-refinery-application
    environments:
      - name: prod
        path: apps/oil-refinery-application/overlays/prod
        workload: {{ namespace: oil-refinery, name: oil-refinery-application }}
        argocd: {{ name: oil-refinery-application-prod }}
",
            telegram = self.telegram.url(),
            registry = self.world.registry_url(),
        );
        write("tiphys.yaml", &text);
        self.dir.path().join("tiphys.yaml")
    }

    /// The real program with this configuration, in an environment of its own.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command
            .args(["--config".as_ref(), self.dir.path().join("tiphys.yaml").as_os_str()])
            .args(arguments)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("USER", "tester")
            .env("TIPHYS_LOG", "tiphys=debug")
            .stdin(Stdio::null());
        command
    }

    /// Starts `tiphys serve`; its log goes to `serve.log`, which grows with each start.
    pub(crate) fn serve(&self) -> Bot {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a writable log");
        Bot(self.program(&["serve"]).stderr(log).stdout(Stdio::null()).spawn().expect("the program starts"))
    }

    /// The log of `tiphys serve`.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("serve.log")
    }

    /// The people's side of Telegram.
    pub(crate) fn hub(&self) -> Hub {
        self.telegram.hub()
    }

    /// Waits for the answer to a message that `look` accepts.
    pub(crate) async fn answer(&self, to: i64, look: impl Fn(&ShownMessage) -> bool) -> ShownMessage {
        let hub = self.hub();
        let found = hub.until(PATIENCE, |hub| answers_to(hub, to).into_iter().find(|answer| look(answer)));
        match found.await {
            Ok(answer) => answer,
            Err(error) => panic!(
                "no such answer to {to}: {error}\nanswers: {:#?}\nlog:\n{}",
                answers_to(&self.hub(), to),
                fs::read_to_string(self.log()).unwrap_or_default()
            ),
        }
    }

    /// Runs git in the remote and returns what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.world.repository_path(), arguments)
    }
}

/// The bot's messages that answer this one.
pub(crate) fn answers_to(hub: &Hub, message: i64) -> Vec<ShownMessage> {
    let of_bot = |shown: &ShownMessage| matches!(shown.from, Poster::Bot(_)) && shown.reply_to == Some(message);
    hub.messages(CHAT).into_iter().filter(of_bot).collect()
}

/// Runs git in a folder, without the settings of this machine, and returns what it prints.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A running `tiphys serve`; killed when dropped.
pub(crate) struct Bot(pub(crate) Child);

impl Bot {
    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("a child that can be killed");
        self.0.wait().expect("a child that ends");
    }

    /// Sends SIGTERM and waits until it is gone; whether it ended well.
    pub(crate) fn terminate(&mut self) -> bool {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
        self.0.wait().expect("a child that ends").success()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
