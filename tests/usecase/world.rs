//! A remote with one application in it, and the use cases on top.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tiphys::{
    adapters::git::{GitRepository, Settings},
    domain::{
        actor::{ChatId, Person, PersonId, Place, Sender},
        catalogue::{Application, Catalogue, Environment, Manifests, ObjectName, RepositoryBranch, Workload},
        mask::Mask,
        name::{ApplicationName, EnvironmentName, ImageName, RepoPath, RequestId, Revision, Tag},
        policy::Policy,
    },
    ports::{Clock, Cluster, ListedTag, ManifestRepository, Registry, RegistryError, TagDetails, TagList},
    usecase::{
        FollowSettings, Handling, Input, Ports, PublishSettings, RepositoryPort, Request, Service, ServiceSettings,
    },
};

use super::{chat::Chat, faulty::Faulty};

pub(crate) const IMAGE: &str = "registry.example.org/team/refinery";

pub(crate) struct World {
    folder: TempDir,
    pub(crate) registry: Arc<Tags>,
    pub(crate) cluster: Option<Arc<dyn Cluster>>,
    pub(crate) publish: PublishSettings,
    pub(crate) follow: FollowSettings,
    /// So many applications more, which nobody deploys.
    pub(crate) others: usize,
    /// What is edited in the environment `prod`.
    pub(crate) prod: Manifests,
    /// The branches of environments that aren't on the one that is meant where nothing is said.
    pub(crate) branches: HashMap<&'static str, RepositoryBranch>,
    clock: Arc<PausedClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            registry: Arc::default(),
            cluster: None,
            publish: PublishSettings::default(),
            follow: FollowSettings::default(),
            others: 0,
            prod: Manifests::default(),
            branches: HashMap::new(),
            clock: Arc::new(PausedClock { base: Timestamp::now(), start: tokio::time::Instant::now() }),
        };
        fs::create_dir(world.path("home")).unwrap();
        world.git("", &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        world.git("", &["init", "--quiet", "--initial-branch=main", "person"]);
        for environment in ["prod", "stage"] {
            let folder = world.path("person/apps").join(environment);
            fs::create_dir_all(&folder).unwrap();
            let text = format!(
                "images:\n  - name: {IMAGE}\n    newTag: \"0.10.4\" # {environment}\nreplicas:\n  - name: refinery\n    count: 2\n"
            );
            fs::write(folder.join("kustomization.yaml"), text).unwrap();
        }
        world.git("person", &["add", "."]);
        world.git("person", &["commit", "--quiet", "-m", "start"]);
        world.git("person", &["push", "--quiet", "../remote.git", "main"]);
        world
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn remote(&self) -> PathBuf {
        self.path("remote.git")
    }

    pub(crate) fn git(&self, folder: &str, args: &[&str]) -> String {
        git(&self.path(folder), &self.path("home"), args)
    }

    /// Commits a file as a person would.
    pub(crate) fn commit(&self, path: &str, content: &str) {
        let file = self.path("person").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        self.git("person", &["add", "."]);
        self.git("person", &["commit", "--quiet", "-m", path]);
        self.git("person", &["push", "--quiet", "../remote.git", "main"]);
    }

    /// The subjects of the branch, oldest first, without the first commit.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let text = self.git("remote.git", &["log", "--reverse", "--format=%s", "main"]);
        text.lines().skip(1).map(str::to_owned).collect()
    }

    pub(crate) fn head(&self) -> Revision {
        Revision::new(self.git("remote.git", &["rev-parse", "main"])).unwrap()
    }

    /// The adapter, with a mirror of its own as a new process on another machine would have.
    pub(crate) fn repository(&self) -> Arc<Faulty> {
        self.repository_at("remote.git", "main")
    }

    /// The same for a branch of a remote.
    pub(crate) fn repository_at(&self, remote: &str, branch: &str) -> Arc<Faulty> {
        let remote = self.path(remote);
        let mirror = (0..).map(|n| self.path(&format!("mirror-{n}.git"))).find(|path| !path.exists()).unwrap();
        fs::create_dir(&mirror).unwrap();
        let settings = Settings {
            url: remote.to_str().unwrap().to_owned(),
            branch: branch.into(),
            username: None,
            token: None,
            ssh_key_file: None,
            ssh_key_passphrase_file: None,
            known_hosts_file: None,
            ca_file: None,
            proxy: None,
            git_program: None,
            mirror,
            committer_name: "tiphys".into(),
            committer_email: "tiphys@example.org".into(),
            signing: None,
            deadline: Duration::from_secs(20),
        };
        Arc::new(Faulty::new(GitRepository::new(settings).unwrap(), remote))
    }

    pub(crate) fn service(&self, repository: &Arc<Faulty>) -> Service {
        self.service_on([(RepositoryBranch::default(), repository)])
    }

    /// The use cases on several branches.
    pub(crate) fn service_on<'f>(
        &self,
        repositories: impl IntoIterator<Item = (RepositoryBranch, &'f Arc<Faulty>)>,
    ) -> Service {
        let port = |(key, repository): (RepositoryBranch, &Arc<Faulty>)| {
            let port = RepositoryPort {
                repository: Arc::clone(repository) as Arc<dyn ManifestRepository>,
                label: format!("team/{key}"),
                web_url: Some(format!("https://gitlab.example.org/{key}")),
            };
            (key, port)
        };
        let ports = Ports {
            repositories: repositories.into_iter().map(port).collect(),
            registry: Some(Arc::clone(&self.registry) as Arc<dyn Registry>),
            cluster: self.cluster.clone(),
            pods: None,
            nodes: None,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        };
        let anna = Person {
            id: PersonId(1),
            name: "Анна".into(),
            email: "anna@example.org".into(),
            rights: [].into(),
            gitlab: None,
        };
        Service::start(
            ports,
            ServiceSettings {
                reviews: vec![],
                policy: Policy { people: vec![anna], chats: vec![ChatId(-100)], private_chats: false },
                catalogue: catalogue(self.others, &self.prod, &self.branches),
                follow: self.follow,
                publish: self.publish,
                mask: Mask::default(),
            },
        )
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn git(folder: &std::path::Path, home: &std::path::Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Boris").env(format!("GIT_{role}_EMAIL"), "boris@example.org");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn catalogue(others: usize, prod: &Manifests, branches: &HashMap<&str, RepositoryBranch>) -> Catalogue {
    let environment = |name: &str| Environment {
        name: EnvironmentName::new(name).unwrap(),
        repository: branches.get(name).cloned().unwrap_or_default(),
        path: RepoPath::new(format!("apps/{name}")).unwrap(),
        workload: Workload { namespace: "refinery".into(), name: "refinery".into() },
        argocd: ObjectName { namespace: "argocd".into(), name: format!("refinery-{name}") },
        manifests: if name == "prod" { prod.clone() } else { Manifests::default() },
        max_replicas: 20,
    };
    let application = |name: String| Application {
        name: ApplicationName::new(name).unwrap(),
        image: ImageName::new(IMAGE).unwrap(),
        environments: vec![environment("prod"), environment("stage")],
    };
    let names = std::iter::once("refinery".to_owned()).chain((0..others).map(|n| format!("other-{n}")));
    Catalogue { applications: names.map(application).collect() }
}

/// A command in the group.
pub(crate) fn request(id: &str, text: &str, chat: &Arc<Chat>) -> Request {
    Request {
        id: RequestId::new(id).unwrap(),
        sender: Sender::Account { id: PersonId(1), shown_name: "anna".into() },
        place: Place::Group(ChatId(-100)),
        input: Input::Text { text: text.into(), bot: None },
        replier: Arc::clone(chat) as Arc<dyn tiphys::ports::Replier>,
        force: false,
    }
}

/// Hands in a command; its outcome in few words.
pub(crate) fn give(service: &Service, id: &str, text: &str, chat: &Arc<Chat>) -> tokio::task::JoinHandle<String> {
    let handling = service.handle(request(id, text, chat));
    tokio::spawn(async move {
        match handling.await {
            Handling::Settled(settled) => super::chat::words(&settled.answer),
            Handling::Unsettled => "unsettled".into(),
            Handling::NotOurs => "not ours".into(),
        }
    })
}

/// Until everything that can go on has gone on: on paused time this second passes when all tasks wait.
pub(crate) async fn calm() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

struct PausedClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        self.base + SignedDuration::try_from(self.start.elapsed()).unwrap()
    }
}

/// A registry that has every tag that doesn't begin with `no`.
#[derive(Default)]
pub(crate) struct Tags {
    pub(crate) down: Mutex<bool>,
    /// The list and when each tag was pushed, in seconds; `0.10.4` alone when it is empty.
    pub(crate) listed: Mutex<Vec<(String, i64)>>,
    /// The tags that were asked for by themselves.
    pub(crate) asked: Mutex<Vec<String>>,
    /// Lookups of tags with these beginnings wait for a permit.
    pub(crate) slow: Mutex<Option<(String, Arc<tokio::sync::Semaphore>)>>,
}

#[async_trait]
impl Registry for Tags {
    fn server(&self) -> String {
        "https://registry.example.org".to_owned()
    }

    async fn tags(&self, _: &ImageName) -> Result<Vec<Tag>, RegistryError> {
        let listed = self.listed.lock().unwrap();
        let names = listed.iter().map(|(tag, _)| Tag::new(tag.clone()).unwrap());
        if *self.down.lock().unwrap() && !listed.is_empty() {
            return Err(RegistryError::unavailable("connection refused"));
        }
        Ok(if listed.is_empty() { vec![Tag::new("0.10.4").unwrap()] } else { names.collect() })
    }

    async fn list(&self, image: &ImageName) -> Result<TagList, RegistryError> {
        let tags = self.tags(image).await?;
        let listed = self.listed.lock().unwrap();
        let time = |tag: &Tag| listed.iter().find(|(text, _)| text == tag.as_str()).map_or(0, |(_, second)| *second);
        let at = |second: i64| Timestamp::from_second(second).ok().filter(|_| second > 0);
        let tags: Vec<_> = tags.into_iter().map(|tag| ListedTag { published_at: at(time(&tag)), tag }).collect();
        Ok(TagList { is_cut: tags.len() >= 10_000, tags })
    }

    async fn tag(&self, _: &ImageName, tag: &Tag) -> Result<Option<TagDetails>, RegistryError> {
        self.asked.lock().unwrap().push(tag.to_string());
        let slow = self.slow.lock().unwrap().clone().filter(|(start, _)| tag.as_str().starts_with(start));
        if let Some((_, gate)) = slow {
            gate.acquire().await.unwrap().forget();
        }
        if *self.down.lock().unwrap() {
            return Err(RegistryError::unavailable("connection refused"));
        }
        Ok((!tag.as_str().starts_with("no")).then(TagDetails::default))
    }
}
