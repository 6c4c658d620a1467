//! The shape of `tiphys.yaml`. The doc comments are the descriptions in the JSON Schema and in docs/configuration.md.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::language::Language;

/// The configuration of tiphys, usually `tiphys.yaml`. Relative file paths start from the folder of the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tiphys.yaml")]
pub(super) struct File {
    /// The language of replies: `ru` or `en`. Logs and faults are always English.
    #[serde(default)]
    pub(super) language: Language,
    /// The bot. Needed by `serve`; one-shot commands do without.
    pub(super) telegram: Option<TelegramSection>,
    /// Everybody who may give commands in Telegram. Nobody else may, whatever the chat.
    #[serde(default)]
    pub(super) people: Vec<PersonSection>,
    /// The git repository with the manifests, and how commits get there; of several the one that is meant where an
    /// application or an environment names none.
    #[schemars(extend("required" = ["committer", "mirror", "url"]))]
    pub(super) repository: RepositorySection,
    /// Further repositories, by the names that applications and environments call them. Each has the keys of `repository`,
    /// of which only `url` is required. Credentials, proxy and certificates are each one's own.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "repository-name" }))]
    pub(super) repositories: BTreeMap<String, RepositorySection>,
    /// Where tags are looked up before they are committed.
    pub(super) registry: RegistrySection,
    /// The cluster in which Argo CD runs. Needed by `serve` and `--wait`; leave it out where only commits are made.
    pub(super) kubernetes: Option<KubernetesSection>,
    /// How rollouts are followed.
    #[serde(default)]
    pub(super) follow: FollowSection,
    /// How commits are put together and pushed.
    #[serde(default)]
    pub(super) publish: PublishSection,
    /// What is taken out of logs before they are shown.
    #[serde(default)]
    pub(super) logs: LogsSection,
    /// What can be deployed, and where it runs.
    #[schemars(length(min = 1))]
    pub(super) applications: Vec<ApplicationSection>,
}

/// The Telegram bot.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TelegramSection {
    /// The file that holds the bot's token. Either this or `token_env`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) token_file: Option<String>,
    /// The environment variable that holds the bot's token. Either this or `token_file`.
    #[schemars(extend("format" = "environment-variable"))]
    pub(super) token_env: Option<String>,
    /// The Bot API server.
    #[serde(default = "default_api_url")]
    #[schemars(extend("format" = "http-url"))]
    pub(super) api_url: String,
    /// Certificates (PEM) that are trusted besides the system's when connecting to `api_url`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) ca_file: Option<String>,
    /// The group chats in which commands are carried out. Elsewhere it only answers /whoami and /start, and refuses the
    /// rest with the chat's id.
    #[serde(default)]
    pub(super) chats: Vec<ChatSection>,
    /// Whether the people of the list may also write to the bot in private.
    #[serde(default)]
    pub(super) private_chats: bool,
}

fn default_api_url() -> String {
    "https://api.telegram.org".to_owned()
}

/// A group chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatSection {
    /// The chat's numeric id, as `/whoami` tells it there; groups have negative ones.
    #[schemars(range(min = -9_007_199_254_740_992_i64, max = -1))]
    pub(super) id: i64,
    /// The language in this chat, when it isn't the one at the top.
    pub(super) language: Option<Language>,
}

/// A person who may give commands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonSection {
    /// The numeric Telegram id, as `/whoami` tells it. User names don't count: they can be taken over.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_i64))]
    pub(super) id: i64,
    /// The name in replies and of the commits' author.
    #[schemars(extend("format" = "person-name"))]
    pub(super) name: String,
    /// The e-mail address of the commits' author.
    #[schemars(extend("format" = "email"))]
    pub(super) email: String,
    /// What this person may do beyond deploying and reading. `nodes`: cordon and uncordon the cluster's nodes.
    #[serde(default)]
    pub(super) can: Vec<RightWord>,
    /// The number of the person's GitLab account (`GITLAB_USER_ID`). As soon as one person has it, the command line takes
    /// commands in GitLab jobs only from people who have it, and carries them out in their names as given here.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_i64))]
    pub(super) gitlab: Option<i64>,
}

/// A right that has to be given to a person by name.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RightWord {
    /// Cordon and uncordon nodes.
    Nodes,
}

/// The manifests repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RepositorySection {
    /// The remote: `https://…`, `ssh://…`, `git@host:path`, or a path on this machine; `http://` to loopback only.
    #[schemars(extend("format" = "git-remote"))]
    pub(super) url: String,
    /// The branch that Argo CD follows, where an application or an environment names no other.
    #[serde(default = "default_branch")]
    #[schemars(extend("format" = "git-branch"))]
    pub(super) branch: String,
    /// The user name for `https://`; with a token and no name it is `oauth2`, as GitLab wants it.
    #[schemars(length(min = 1))]
    pub(super) username: Option<String>,
    /// The file that holds the token or password for `https://`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) token_file: Option<String>,
    /// The environment variable that holds the token or password for `https://`.
    #[schemars(extend("format" = "environment-variable"))]
    pub(super) token_env: Option<String>,
    /// The private key for `ssh://`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) ssh_key_file: Option<String>,
    /// The file that holds the private key's passphrase, when it has one.
    #[schemars(extend("format" = "file-path"))]
    pub(super) ssh_key_passphrase_file: Option<String>,
    /// The known host keys for `ssh://`, in the form of OpenSSH. An unknown host is refused.
    #[schemars(extend("format" = "file-path"))]
    pub(super) known_hosts_file: Option<String>,
    /// Certificates (PEM) that are trusted besides the system's when connecting to `url`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) ca_file: Option<String>,
    /// The proxy on the way to an `https://` remote; without it `HTTPS_PROXY` and `NO_PROXY` of the environment count. One
    /// that wants a password must be set there.
    #[schemars(extend("format" = "proxy-url"))]
    pub(super) proxy: Option<String>,
    /// How long the remote may take for a push, its hooks included, and for each silence while data is fetched. What is
    /// not answered by then may have arrived: the remote is asked before anything is tried again.
    #[serde(default = "default_remote_deadline")]
    #[schemars(extend("format" = "positive-duration"))]
    pub(super) deadline: String,
    /// The folder of the bare mirror. It is a cache: it may be deleted at any time. Several processes on one machine,
    /// such as the bot and one-shot commands, may share a mirror: it is locked for moments only. Another user of the
    /// machine needs a mirror of its own (mode 0700). Every branch has one: that of another branch than `branch` stands
    /// beside it, `manifests@staging.git` beside `manifests.git`. Without the key a repository of `repositories` has
    /// `NAME.git` beside the mirror of `repository`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) mirror: Option<String>,
    /// The committer of all commits; the author is whoever asked. Without the key a repository of `repositories` has that of
    /// `repository`.
    pub(super) committer: Option<CommitterSection>,
    /// The SSH key that signs all commits; without it they aren't signed. Without the key a repository of `repositories` has
    /// that of `repository`.
    pub(super) signing: Option<SigningSection>,
    /// The repository's page at the forge; commits are linked as `WEB_URL/-/commit/ID`.
    #[schemars(extend("format" = "web-url"))]
    pub(super) web_url: Option<String>,
}

pub(super) fn default_branch() -> String {
    "main".to_owned()
}

fn default_remote_deadline() -> String {
    "1m".to_owned()
}

/// The committer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommitterSection {
    /// The name.
    #[schemars(extend("format" = "person-name"))]
    pub(super) name: String,
    /// The e-mail address.
    #[schemars(extend("format" = "email"))]
    pub(super) email: String,
}

/// The key that signs commits, as `git commit -S` does with `gpg.format` set to `ssh`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SigningSection {
    /// The private key: Ed25519, ECDSA or RSA (2048 bits or more). It may be that of `ssh_key_file`. One that can't sign
    /// is a fault; it is read for each push, so that a new key is picked up.
    #[schemars(extend("format" = "file-path"))]
    pub(super) key_file: String,
    /// The file that holds the private key's passphrase, when it has one.
    #[schemars(extend("format" = "file-path"))]
    pub(super) passphrase_file: Option<String>,
}

/// The container registry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrySection {
    /// How the registry is asked: through GitLab's REST API, or by the OCI distribution protocol.
    pub(super) kind: RegistryKind,
    /// With `gitlab` the address of the GitLab instance; with `oci` the registry's.
    #[schemars(extend("format" = "http-url"))]
    pub(super) url: String,
    /// With `gitlab`: the project whose registry holds the images. Without it each image's path tells the project.
    #[schemars(extend("format" = "gitlab-project"))]
    pub(super) project: Option<String>,
    /// With `oci`: the user name that goes with the token.
    #[schemars(length(min = 1))]
    pub(super) username: Option<String>,
    /// The file that holds the token or password.
    #[schemars(extend("format" = "file-path"))]
    pub(super) token_file: Option<String>,
    /// The environment variable that holds the token or password.
    #[schemars(extend("format" = "environment-variable"))]
    pub(super) token_env: Option<String>,
    /// Certificates (PEM) that are trusted besides the system's when connecting to `url`.
    #[schemars(extend("format" = "file-path"))]
    pub(super) ca_file: Option<String>,
    /// How long one question to the registry may take.
    #[serde(default = "default_request_deadline")]
    #[schemars(extend("format" = "positive-duration"))]
    pub(super) deadline: String,
}

/// How a registry is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegistryKind {
    /// Through GitLab's REST API.
    Gitlab,
    /// By the OCI distribution protocol (`/v2/`).
    Oci,
}

/// The cluster. Either `in_cluster: true`, or `kubeconfig` and `context` together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KubernetesSection {
    /// Whether to use the service account of the pod that tiphys runs in.
    #[serde(default)]
    pub(super) in_cluster: bool,
    /// A kubeconfig file.
    #[schemars(extend("format" = "file-path"))]
    pub(super) kubeconfig: Option<String>,
    /// The context in the kubeconfig. The file's current context is never used: it changes under one's hands.
    #[schemars(length(min = 1))]
    pub(super) context: Option<String>,
    /// How long one question to the API server may take.
    #[serde(default = "default_request_deadline")]
    #[schemars(extend("format" = "positive-duration"))]
    pub(super) deadline: String,
}

fn default_request_deadline() -> String {
    "5s".to_owned()
}

/// How rollouts are followed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowSection {
    /// How long a commit may take to be live before the chat is told that it isn't.
    #[serde(default = "default_follow_deadline")]
    #[schemars(extend("format" = "positive-duration"))]
    pub(super) deadline: String,
}

impl Default for FollowSection {
    fn default() -> Self {
        Self { deadline: default_follow_deadline() }
    }
}

fn default_follow_deadline() -> String {
    "10m".to_owned()
}

/// How commits are put together and pushed. Commands that wait while a push is under way go out together with the next
/// one, each with a commit of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishSection {
    /// How long the first command after a rest waits for others that go out with it, counted from that first one. It makes
    /// each such command slower; it helps where many come at about the same time and the server's hooks are slow. One-shot
    /// commands don't wait.
    #[serde(default = "default_settle")]
    #[schemars(extend("format" = "short-wait"))]
    pub(super) settle: String,
    /// How many commits are pushed together at most.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(super) batch: u32,
    /// How many commands may wait for a push; one more is refused, and its sender is told how many wait.
    #[serde(default = "default_queue")]
    #[schemars(range(min = 1, max = 100_000))]
    pub(super) queue: u32,
}

impl Default for PublishSection {
    fn default() -> Self {
        Self { settle: default_settle(), batch: default_batch(), queue: default_queue() }
    }
}

fn default_settle() -> String {
    "0s".to_owned()
}

fn default_batch() -> u32 {
    200
}

fn default_queue() -> u32 {
    1_000
}

/// Logs of containers, as `/get_logs` shows them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogsSection {
    /// Patterns of secrets that are masked with `***`. One with a group named `secret`, as in
    /// `card=(?<secret>[0-9-]+)`, masks only what the group holds.
    #[serde(default)]
    pub(super) mask: Vec<MaskPattern>,
    /// Whether the usual secrets are masked as well: passwords and tokens behind their names, credentials in addresses and
    /// HTTP headers, private keys, and tokens that are known by their look.
    #[serde(default = "default_mask_usual")]
    pub(super) mask_usual: bool,
}

impl Default for LogsSection {
    fn default() -> Self {
        Self { mask: Vec::new(), mask_usual: default_mask_usual() }
    }
}

fn default_mask_usual() -> bool {
    true
}

/// A regular expression, in the syntax of Rust's `regex` crate (without look-around).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct MaskPattern(#[schemars(extend("format" = "mask-pattern"))] pub(super) String);

/// An application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationSection {
    /// The name used in commands. With just one application commands need not name it.
    #[schemars(extend("format" = "application-name"))]
    pub(super) name: String,
    /// The image that `/deploy` changes, without tag and digest: as the kustomization's `images[].name` or the containers
    /// have it.
    #[schemars(extend("format" = "image-name"))]
    pub(super) image: String,
    /// The repository with the manifests, where an environment names no other: a name of `repositories`, or `default` for
    /// the one under `repository`, which is meant without the key.
    #[schemars(extend("format" = "repository-name"))]
    pub(super) repository: Option<String>,
    /// The branch, where an environment names no other; without the key the repository's own.
    #[schemars(extend("format" = "git-branch"))]
    pub(super) branch: Option<String>,
    /// The places where the application runs.
    #[schemars(length(min = 1))]
    pub(super) environments: Vec<EnvironmentSection>,
    /// Review environments, which `tiphys review` makes and removes; without the section there are none.
    pub(super) review: Option<ReviewSection>,
}

/// Review environments: an overlay for each branch that wants one. `{name}` stands for the environment's name; where that is
/// too long for one of the names made of it, all of them have it shortened, with a digest at the end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewSection {
    /// The repository with the overlays: a name of `repositories`, or `default`; without the key the application's.
    #[schemars(extend("format" = "repository-name"))]
    pub(super) repository: Option<String>,
    /// The branch that the ApplicationSet follows; without the key the application's, and without that the repository's.
    #[schemars(extend("format" = "git-branch"))]
    pub(super) branch: Option<String>,
    /// The overlays' folders, such as `apps/shop/review/{name}`. An ApplicationSet makes an Application of each.
    #[schemars(length(min = 1))]
    pub(super) path: String,
    /// What the overlays build on, from one of their folders: `../../base`, or an environment's folder such as
    /// `../../overlays/stage`. It must have a kustomization.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) base: String,
    /// The namespace, such as `shop-review-{name}`; without `{name}` it is one for all, and `name_suffix` is needed.
    #[schemars(length(min = 1))]
    pub(super) namespace: String,
    /// What is put behind the names of all objects, such as `-{name}`. Selectors are kept apart as well then.
    #[schemars(length(min = 1))]
    pub(super) name_suffix: Option<String>,
    /// The name of the Deployment in the base.
    #[schemars(extend("format" = "kubernetes-name"))]
    pub(super) workload: String,
    /// The Argo CD Applications that the ApplicationSet makes.
    pub(super) argocd: ReviewArgocdSection,
    /// How many review environments there may be at a time.
    #[serde(default = "default_max_reviews")]
    #[schemars(range(min = 1, max = 1_000))]
    pub(super) max: u32,
}

/// The Argo CD Applications of review environments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewArgocdSection {
    /// The namespace of the Applications.
    #[serde(default = "default_argocd_namespace")]
    #[schemars(extend("format" = "kubernetes-namespace"))]
    pub(super) namespace: String,
    /// The names of the Applications, such as `shop-review-{name}`: what the ApplicationSet's template makes of the folder.
    #[schemars(length(min = 1))]
    pub(super) name: String,
}

fn default_max_reviews() -> u32 {
    10
}

/// A place where an application runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentSection {
    /// The name used in commands. With just one environment commands need not name it.
    #[schemars(extend("format" = "environment-name"))]
    pub(super) name: String,
    /// The repository with the manifests: a name of `repositories`, or `default` for the one under `repository`; without
    /// the key the application's.
    #[schemars(extend("format" = "repository-name"))]
    pub(super) repository: Option<String>,
    /// The branch that Argo CD follows; without the key the application's, and without that the repository's. What is on
    /// another branch, or in another repository, has a writer of its own and waits for nobody.
    #[schemars(extend("format" = "git-branch"))]
    pub(super) branch: Option<String>,
    /// The folder in the manifests repository that Argo CD brings to the cluster. Without `helm` or `manifest` it holds a
    /// kustomization.
    #[schemars(extend("format" = "repository-path"))]
    pub(super) path: String,
    /// How the kustomization is changed. At most one of `kustomize`, `helm`, `manifest` and `override`.
    pub(super) kustomize: Option<KustomizeSection>,
    /// Where the values of the Helm chart stand, when the environment runs one.
    pub(super) helm: Option<HelmSection>,
    /// Where the workload's manifest is, when there is neither a kustomization nor a chart.
    pub(super) manifest: Option<ManifestSection>,
    /// Where Argo CD's own images and counts stand, when they are the place to change. Otherwise they are found, and the
    /// command is refused.
    #[serde(rename = "override")]
    pub(super) overridden: Option<OverrideSection>,
    /// The Deployment that runs the application; its name is also that of the kustomization's `replicas` entry.
    pub(super) workload: WorkloadSection,
    /// The Argo CD Application that brings the folder to the cluster.
    pub(super) argocd: ArgocdSection,
    /// The largest count that `/set_replicas` accepts.
    #[serde(default = "default_max_replicas")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(super) max_replicas: u32,
}

fn default_max_replicas() -> u32 {
    20
}

/// A kustomization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KustomizeSection {
    /// Whether files that other environments build from may be changed. With `refuse` a value that isn't set in the
    /// environment's own kustomization is set there, for this environment alone; with `allow` it is changed in the base or
    /// component where it stands, for all that build from it, and the commit and the reply name them.
    #[serde(default)]
    pub(super) shared_bases: SharedBasesKey,
}

/// Whether shared files may be changed.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SharedBasesKey {
    /// No.
    #[default]
    Refuse,
    /// Yes.
    Allow,
}

/// The values of a Helm chart: one of `values_file`, `application` and `release`, and the keys in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HelmSection {
    /// The values file, from the environment's folder; the last of several that sets the value.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) values_file: Option<String>,
    /// The file with the environment's Argo CD Application, when its `valuesObject`, `values` or `parameters` set the value.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) application: Option<String>,
    /// The file with the Flux HelmRelease, when its `spec.values` set the value.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) release: Option<String>,
    /// The key of the image's tag. The key must be there.
    #[serde(default = "default_tag_key")]
    #[schemars(extend("format" = "key-path"))]
    pub(super) tag: String,
    /// The key of the image's digest, when the chart has one that beats the tag. A deployment empties it.
    #[schemars(extend("format" = "key-path"))]
    pub(super) digest: Option<String>,
    /// The key of the image's name. When given, a deployment is refused unless the application's image stands there.
    #[schemars(extend("format" = "key-path"))]
    pub(super) repository: Option<String>,
    /// The key of the replica count. It must be there for `/set_replicas`.
    #[serde(default = "default_replicas_key")]
    #[schemars(extend("format" = "key-path"))]
    pub(super) replicas: String,
}

fn default_tag_key() -> String {
    "image.tag".to_owned()
}

fn default_replicas_key() -> String {
    "replicaCount".to_owned()
}

/// Manifests without kustomize or Helm.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestSection {
    /// The file with the workload, or a folder of manifests, from the environment's folder; `.` is that folder itself.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) file: String,
    /// The container. Without it those that have the application's image are changed, which must have the same tag.
    #[schemars(length(min = 1))]
    pub(super) container: Option<String>,
    /// Whether the file may be changed when other environments build from it.
    #[serde(default)]
    pub(super) shared_bases: SharedBasesKey,
}

/// Overrides of Argo CD: one of `argocd_source` and `application`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideSection {
    /// The file `.argocd-source.yaml` or `.argocd-source-<app>.yaml`, from the environment's folder.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) argocd_source: Option<String>,
    /// The file with the environment's Argo CD Application, from the environment's folder.
    #[schemars(extend("format" = "manifest-path"))]
    pub(super) application: Option<String>,
}

/// A Deployment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadSection {
    /// The namespace.
    #[schemars(extend("format" = "kubernetes-namespace"))]
    pub(super) namespace: String,
    /// The name.
    #[schemars(extend("format" = "kubernetes-name"))]
    pub(super) name: String,
}

/// An Argo CD Application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArgocdSection {
    /// The namespace of the Application.
    #[serde(default = "default_argocd_namespace")]
    #[schemars(extend("format" = "kubernetes-namespace"))]
    pub(super) namespace: String,
    /// The name of the Application.
    #[schemars(extend("format" = "kubernetes-name"))]
    pub(super) name: String,
}

fn default_argocd_namespace() -> String {
    "argocd".to_owned()
}
