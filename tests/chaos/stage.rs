//! The sandbox with many chats, many tags, and relays before its servers.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tiphys::sandbox::{
    telegram::{Chat, Hub, Options, Poster, ShownMessage, TelegramServer, User},
    world::{self, Pace, World},
};

use crate::{
    cgi::GitServer,
    ground::Ground,
    playbill::{ANNA, BORIS, CHAT, Playbill},
    relay::{Passage, Relay, Witness},
    sshd::Sshd,
};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// So many chats that the limits of one hold up nothing.
pub(crate) const CHATS: i64 = 120;

/// How the bot reaches the manifests repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remote {
    /// By its path: the bot writes into it itself.
    Path,
    /// By its path: git receives.
    Git,
    /// Over smart HTTP.
    Http,
    /// Over SSH.
    Ssh,
}

/// What a step of the bot's conversations with the sandbox's other servers is called with.
pub(crate) type Tell = Arc<dyn Fn(Server, Passage) + Send + Sync>;

/// The servers behind relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Server {
    /// The manifests remote.
    Git,
    /// The registry.
    Registry,
    /// The cluster.
    Kubernetes,
}

/// The sandbox and what stands before it.
pub(crate) struct Stage {
    pub(crate) playbill: Playbill,
    pub(crate) ground: Ground,
    /// The manifests repository as the bot reaches it.
    pub(crate) url: String,
    credentials: String,
    registry: SocketAddr,
    kubernetes: SocketAddr,
    _git: Option<GitServer>,
    _sshd: Option<Sshd>,
    _relays: Vec<Relay>,
}

impl Stage {
    pub(crate) async fn build(remote: Remote, tell: Tell) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let ground = Ground::new(dir.path());
        let mut relays = [Relay::bind().await, Relay::bind().await, Relay::bind().await];
        let [git, registry, kubernetes] = &relays;
        let (git, registry, kubernetes) = (git.address(), registry.address(), kubernetes.address());

        let mut options = world::Options::new(dir.path());
        options.pace = Pace::quick();
        let sshd = match remote {
            Remote::Ssh => Some(Sshd::start(&ground, "AcceptEnv GIT_PROTOCOL").await),
            _ => None,
        };
        let mut credentials = String::new();
        let url = match (remote, &sshd) {
            (Remote::Http, _) => format!("http://{git}/manifests.git"),
            (_, Some(sshd)) => {
                // The relay stands where the server would.
                let port =
                    |text: String| text.replace(&format!(":{}", sshd.address().port()), &format!(":{}", git.port()));
                let known = ground.path("known_hosts");
                fs::write(&known, port(sshd.known(&ground, "host_ed25519"))).expect("writable");
                let (key, known) = (ground.path("client").display().to_string(), known.display());
                credentials = format!("  ssh_key_file: {key}\n  known_hosts_file: {known}\n");
                port(sshd.url(&ground, "manifests.git"))
            }
            _ => dir.path().join("manifests.git").display().to_string(),
        };
        options.repository_url = Some(url.clone());
        let world = Arc::new(World::start(options).await.expect("a world"));
        let playbill = Playbill { dir, world, telegram: telegram().await };

        let git = match remote {
            Remote::Http => Some(GitServer::http(&ground, "manifests.git").await),
            _ => None,
        };
        let address_of_git = git.as_ref().map(GitServer::address).or(sshd.as_ref().map(Sshd::address));
        let servers = [
            (Server::Git, address_of_git),
            (Server::Registry, Some(address(&playbill.world.registry_url()))),
            (Server::Kubernetes, Some(address(&playbill.world.kubernetes_url()))),
        ];
        for (relay, (server, address)) in relays.iter_mut().zip(servers) {
            let tell = Arc::clone(&tell);
            let witness: Witness = Arc::new(move |passage| tell(server, passage));
            if let Some(address) = address {
                relay.serve(address, witness);
            }
        }
        let stage = Self {
            playbill,
            ground,
            url,
            credentials,
            registry,
            kubernetes,
            _git: git,
            _sshd: sshd,
            _relays: relays.into(),
        };
        stage.configure(&stage.playbill);
        stage
    }

    /// Another bot with chats of its own, beside the first one at the same remote.
    pub(crate) async fn another(&self) -> Playbill {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let playbill = Playbill { dir, world: Arc::clone(&self.playbill.world), telegram: telegram().await };
        self.configure(&playbill);
        playbill
    }

    fn configure(&self, playbill: &Playbill) {
        let file = playbill.configure("en", "mirror.git", &self.url, &self.credentials);
        let chats: Vec<_> = (0..CHATS).map(|number| format!("{{ id: {} }}", chat(number))).collect();
        let registry = playbill.world.registry_url();
        rewrite(&file, "chats: ", |_| format!("chats: [{}]", chats.join(", ")));
        rewrite(&file, &format!("url: {registry}"), |_| {
            // A busy machine is no reason to refuse a command here.
            format!("url: http://{}\n  deadline: 60s", self.registry)
        });
        // Younger commits than this are followed on after a start.
        rewrite(&file, "follow: ", |_| "follow: { deadline: 5s }".to_owned());
        let cluster = playbill.world.kubernetes_url();
        let relay = format!("http://{}", self.kubernetes);
        rewrite(&playbill.dir.path().join("kubeconfig"), "cluster: {", |line| line.replace(&cluster, &relay));
    }
}

async fn telegram() -> TelegramServer {
    let mut options =
        Options::new("4242:secret-of-the-test").user(User::person(ANNA, "Анна")).user(User::person(BORIS, "Boris"));
    for number in 0..CHATS {
        options = options.chat(Chat::supergroup(chat(number), format!("Operations {number}")));
    }
    TelegramServer::start(options).await.expect("a Bot API server")
}

/// Whether more than the receipt stands under a command.
pub(crate) fn is_answered(hub: &Hub, chat: i64, message: i64) -> bool {
    answers(hub, chat, message).iter().any(|answer| !answer.text.contains("accepted, checking"))
}

/// The id of a chat.
pub(crate) fn chat(number: i64) -> i64 {
    CHAT - number % CHATS
}

/// The bot's messages that answer this one.
pub(crate) fn answers(hub: &Hub, chat: i64, message: i64) -> Vec<ShownMessage> {
    let of_bot = |shown: &ShownMessage| matches!(shown.from, Poster::Bot(_)) && shown.reply_to == Some(message);
    hub.messages(chat).into_iter().filter(of_bot).collect()
}

/// The lines of a bot's log that name a request.
pub(crate) fn told(playbill: &Playbill, request: &str) -> Vec<String> {
    let names = |line: &&str| line.split(&[' ', ','][..]).any(|word| word == format!("request_id={request}"));
    playbill.log_text().lines().filter(names).map(str::to_owned).collect()
}

fn address(url: &str) -> SocketAddr {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    rest.split('/').next().unwrap_or(rest).parse().expect("an address")
}

/// Changes the one line that starts so.
fn rewrite(file: &Path, start: &str, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(file).expect("readable");
    let is_it = |line: &&str| line.trim_start().starts_with(start);
    assert_eq!(text.lines().filter(is_it).count(), 1, "{start} in {text}");
    let changed = text.lines().map(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        if is_it(&line) { format!("{indent}{}\n", change(line.trim_start())) } else { format!("{line}\n") }
    });
    fs::write(file, changed.collect::<String>()).expect("writable");
}
