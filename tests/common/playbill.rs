//! The sandbox with the real program in it: what the scenario tests set up, speak to, kill and start again.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
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
/// Another one, a forum.
pub(crate) const SECOND: i64 = -1_002_222_222_222;
/// The forum's topic.
pub(crate) const TOPIC: i64 = 77;
/// A chat that the bot was put into, and that the configuration doesn't name.
pub(crate) const FOREIGN: i64 = -1_006_666_666_666;
/// The bot's token.
pub(crate) const TOKEN: &str = "4242:secret-of-the-test";
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
        Self::with_world(|options| options.pace = pace).await
    }

    /// A fast sandbox with other options.
    pub(crate) async fn with_world(change: impl FnOnce(&mut world::Options)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut options = world::Options::new(dir.path());
        options.pace = Pace::quick();
        change(&mut options);
        let world = Arc::new(World::start(options).await.expect("a world"));
        let options = Options::new(TOKEN)
            .chat(Chat::supergroup(CHAT, "Operations"))
            .chat(Chat::forum(SECOND, "More operations", [TOPIC]))
            .chat(Chat::supergroup(FOREIGN, "Foreigners"))
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
        self.write("token", &format!("{TOKEN}\n"));
        self.write("kubeconfig", &self.world.kubeconfig());
        let text = format!(
            "language: {language}
telegram:
  token_file: token
  api_url: {telegram}
  chats: [{{ id: {CHAT} }}, {{ id: {SECOND} }}]
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
        self.write("tiphys.yaml", &text);
        self.dir.path().join("tiphys.yaml")
    }

    /// Writes a file that nobody else may read into the folder of the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("a writable folder");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a file of ours");
    }

    /// Changes the configuration's text; `old` must be there.
    pub(crate) fn amend(&self, old: &str, new: &str) {
        let file = self.dir.path().join("tiphys.yaml");
        let text = fs::read_to_string(&file).expect("a configuration");
        assert!(text.contains(old), "{old} in\n{text}");
        fs::write(file, text.replace(old, new)).expect("a writable folder");
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
        self.serve_with(|command| command)
    }

    /// The same with other settings of the process.
    pub(crate) fn serve_with(&self, change: impl FnOnce(&mut Command) -> &mut Command) -> Bot {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a writable log");
        let mut command = self.program(&["serve"]);
        change(command.stderr(log).stdout(Stdio::null()));
        Bot(command.spawn().expect("the program starts"))
    }

    /// The log of `tiphys serve`.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("serve.log")
    }

    /// What the log says so far.
    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The people's side of Telegram.
    pub(crate) fn hub(&self) -> Hub {
        self.telegram.hub()
    }

    /// Anna says something in the chat.
    pub(crate) fn say(&self, text: &str) -> i64 {
        self.hub().say(CHAT, ANNA, text).expect("Anna is in the chat")
    }

    /// Waits for the answer to a message in the chat that `look` accepts.
    pub(crate) async fn answer(&self, to: i64, look: impl Fn(&ShownMessage) -> bool) -> ShownMessage {
        self.answer_in(CHAT, to, look).await
    }

    /// Waits for the answer to a message that `look` accepts.
    pub(crate) async fn answer_in(&self, chat: i64, to: i64, look: impl Fn(&ShownMessage) -> bool) -> ShownMessage {
        let hub = self.hub();
        let found = hub.until(PATIENCE, |hub| answers_in(hub, chat, to).into_iter().find(|answer| look(answer)));
        match found.await {
            Ok(answer) => answer,
            Err(error) => panic!(
                "no such answer to {to}: {error}\nanswers: {:#?}\nlog:\n{}",
                answers_in(&self.hub(), chat, to),
                self.log_text()
            ),
        }
    }

    /// Waits until the log has these words. A file tells nobody when it grows, so this looks again and again.
    pub(crate) async fn logged(&self, words: &str) {
        let found = tokio::time::timeout(PATIENCE, async {
            while !self.log_text().contains(words) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(found.await.is_ok(), "{words:?} is not in the log:\n{}", self.log_text());
    }

    /// Waits until the bot has confirmed all updates.
    pub(crate) async fn confirmed(&self) {
        let none = self.hub().until(PATIENCE, |hub| (hub.unconfirmed() == 0).then_some(())).await;
        assert!(none.is_ok(), "{} updates are not confirmed\n{}", self.hub().unconfirmed(), self.log_text());
    }

    /// The subjects of the commits on top of the template, oldest first.
    pub(crate) fn commits(&self) -> Vec<String> {
        let log = self.git(&["log", "--reverse", "--format=%s", "main"]);
        log.lines().skip(1).map(str::to_owned).collect()
    }

    /// Runs git in the remote and returns what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.world.repository_path(), arguments)
    }
}

/// The bot's messages in the chat that answer this one.
pub(crate) fn answers_to(hub: &Hub, message: i64) -> Vec<ShownMessage> {
    answers_in(hub, CHAT, message)
}

/// The bot's messages that answer this one.
pub(crate) fn answers_in(hub: &Hub, chat: i64, message: i64) -> Vec<ShownMessage> {
    let of_bot = |shown: &ShownMessage| matches!(shown.from, Poster::Bot(_)) && shown.reply_to == Some(message);
    hub.messages(chat).into_iter().filter(of_bot).collect()
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
        self.signal();
        self.ended()
    }

    /// Sends SIGTERM.
    pub(crate) fn signal(&self) {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Waits until it is gone; whether it ended well.
    pub(crate) fn ended(&mut self) -> bool {
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
