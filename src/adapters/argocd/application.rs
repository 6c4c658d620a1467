//! An Argo CD Application as the Kubernetes API gives it, and what is read out of it.
//!
//! Only the fields that are used are named; whatever is missing, or has a word that isn't known, counts as unknown.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    connect::Origin,
    error::{bounded, short},
    repository::same_repository,
};
use crate::domain::{
    name::Revision,
    observation::{Health, Observation, Operation, Phase, SyncStatus},
};

/// The most resources whose own messages are passed on.
const MAX_RESOURCES: usize = 3;

/// Reads an Application's fields beside its metadata.
///
/// `origin` and `path` choose among the sources of an Application that has several.
pub(super) fn observe(data: Value, origin: Option<&Origin>, path: &str) -> Result<Observation, serde_json::Error> {
    let application: Application = serde_json::from_value(data)?;
    let Application { spec, status, operation } = application;
    let source = Position::of(&spec, origin, path);
    let elsewhere = origin.and_then(|origin| spec.elsewhere(&source, origin));
    let health = status.health;
    Ok(Observation {
        sync: match status.sync.status.as_str() {
            "Synced" => SyncStatus::Synced,
            "OutOfSync" => SyncStatus::OutOfSync,
            _ => SyncStatus::Unknown,
        },
        revision: source.revision(&status.sync.revisions),
        operation: status.operation_state.map(|state| state.read(&source)),
        operation_pending: operation.is_some(),
        reconciled_at: time(status.reconciled_at),
        health: read_health(&health.status),
        health_message: match health.message.as_str() {
            "" => resource_messages(&status.resources),
            message => bounded(message),
        },
        health_since: time(health.last_transition_time),
        errors: status
            .conditions
            .iter()
            .filter(|c| c.kind.ends_with("Error"))
            .map(Condition::text)
            .chain(elsewhere)
            .collect(),
        images: status.summary.images,
        overrides: spec.overrides(),
        auto_sync: spec.sync_policy.automated.is_some_and(|automated| automated.enabled.unwrap_or(true)),
        workload: None,
    })
}

/// Which of several sources is the manifests repository.
enum Position {
    /// There is one source, whose revision is the only one.
    Single,
    /// The one at this index.
    At(usize),
    /// None has that address: a mirror's, perhaps.
    Unknown,
}

impl Position {
    fn of(spec: &Spec, origin: Option<&Origin>, path: &str) -> Self {
        if spec.sources.is_empty() {
            return Self::Single;
        }
        let Some(origin) = origin else { return Self::Unknown };
        let ours = |source: &Source| same_repository(&source.repo_url, &origin.url);
        let at_path = |source: &Source| source.path.trim_start_matches("./").trim_matches('/') == path;
        // A repository may be there several times, for its folders and branches: the nearest one is meant, and the first
        // one of those that are equally near.
        let nearness = |source: &Source| (at_path(source), source.follows(&origin.branch));
        let candidates = spec.sources.iter().enumerate().filter(|(_, source)| ours(source)).rev();
        candidates.max_by_key(|(_, source)| nearness(source)).map_or(Self::Unknown, |(index, _)| Self::At(index))
    }

    /// The revision of that source. What isn't a commit id (a chart's version, a branch) is none.
    fn revision(&self, revisions: &Revisions) -> Option<Revision> {
        let commit = |text: &String| Revision::new(text.as_str()).ok();
        match self {
            Self::Single => commit(&revisions.revision),
            Self::At(index) if !revisions.revisions.is_empty() => revisions.revisions.get(*index).and_then(commit),
            Self::At(_) | Self::Unknown if revisions.revisions.is_empty() => commit(&revisions.revision),
            Self::At(_) | Self::Unknown => {
                let mut commits = revisions.revisions.iter().filter_map(commit);
                commits.next().filter(|_| commits.next().is_none())
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    #[serde(default, deserialize_with = "or_default")]
    spec: Spec,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
    operation: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    source: Option<Source>,
    #[serde(default, deserialize_with = "or_default")]
    sources: Vec<Source>,
    #[serde(default, deserialize_with = "or_default")]
    sync_policy: SyncPolicy,
}

impl Spec {
    /// What is said of an Application that follows another branch of our repository than the commits go to.
    fn elsewhere(&self, position: &Position, origin: &Origin) -> Option<String> {
        let source = match position {
            Position::Single => self.source.as_ref()?,
            Position::At(index) => self.sources.get(*index)?,
            Position::Unknown => return None,
        };
        let other = same_repository(&source.repo_url, &origin.url) && !source.follows(&origin.branch);
        other.then(|| {
            let (theirs, ours) = (short(&source.target_revision), &origin.branch);
            format!("the Application follows {theirs}, and commits are made on {ours}: check targetRevision and branch")
        })
    }

    /// What the sources' kustomize settings replace after the commit's values.
    fn overrides(&self) -> Vec<String> {
        let sources = self.sources.iter().chain(self.source.iter().filter(|_| self.sources.is_empty()));
        sources
            .filter_map(|source| source.kustomize.as_ref())
            .flat_map(|kustomize| {
                let images = kustomize.images.iter().map(|image| format!("image {}", short(image)));
                let replicas = kustomize.replicas.iter().map(|replica| {
                    let count = match &replica.count {
                        Value::String(count) => count.clone(),
                        count => count.to_string(),
                    };
                    short(&format!("replicas {}={count}", replica.name))
                });
                images.chain(replicas).collect::<Vec<_>>()
            })
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default, rename = "repoURL", deserialize_with = "or_default")]
    repo_url: String,
    #[serde(default, deserialize_with = "or_default")]
    path: String,
    #[serde(default, deserialize_with = "or_default")]
    target_revision: String,
    kustomize: Option<Kustomize>,
}

impl Source {
    /// Whether it follows this branch, as far as can be told: `HEAD` is whatever branch the remote calls its own.
    fn follows(&self, branch: &str) -> bool {
        let revision = self.target_revision.as_str();
        matches!(revision, "" | "HEAD") || revision.strip_prefix("refs/heads/").unwrap_or(revision) == branch
    }
}

#[derive(Deserialize)]
struct Kustomize {
    #[serde(default, deserialize_with = "or_default")]
    images: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    replicas: Vec<KustomizeReplica>,
}

#[derive(Deserialize)]
struct KustomizeReplica {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    /// An integer or a string.
    #[serde(default)]
    count: Value,
}

#[derive(Deserialize, Default)]
struct SyncPolicy {
    automated: Option<Automated>,
}

#[derive(Deserialize)]
struct Automated {
    /// Since 3.1; without it the policy's presence turns auto-sync on.
    enabled: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, deserialize_with = "or_default")]
    sync: Sync,
    operation_state: Option<OperationState>,
    #[serde(default, deserialize_with = "or_default")]
    health: HealthStatus,
    reconciled_at: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(default, deserialize_with = "or_default")]
    summary: Summary,
    #[serde(default, deserialize_with = "or_default")]
    resources: Vec<ResourceStatus>,
}

#[derive(Deserialize, Default)]
struct Sync {
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(flatten)]
    revisions: Revisions,
}

#[derive(Deserialize, Default)]
struct Revisions {
    #[serde(default, deserialize_with = "or_default")]
    revision: String,
    #[serde(default, deserialize_with = "or_default")]
    revisions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationState {
    #[serde(default, deserialize_with = "or_default")]
    phase: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    sync_result: Option<SyncResult>,
    operation: Option<RequestedOperation>,
}

#[derive(Deserialize)]
struct SyncResult {
    #[serde(flatten)]
    revisions: Revisions,
    #[serde(default, deserialize_with = "or_default")]
    resources: Vec<ResourceResult>,
}

#[derive(Deserialize)]
struct RequestedOperation {
    sync: Option<Revisions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceResult {
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    hook_phase: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
}

impl OperationState {
    fn read(self, source: &Position) -> Operation {
        let phase = match self.phase.as_str() {
            "Terminating" => Phase::Terminating,
            "Failed" => Phase::Failed,
            "Error" => Phase::Error,
            "Succeeded" => Phase::Succeeded,
            // A phase that isn't known isn't an end.
            _ => Phase::Running,
        };
        let result = self.sync_result.as_ref();
        let revision = result
            .and_then(|result| source.revision(&result.revisions))
            .or_else(|| source.revision(self.operation.as_ref()?.sync.as_ref()?));
        let mut message = bounded(&self.message);
        if matches!(phase, Phase::Failed | Phase::Error | Phase::Running) {
            // The operation's own message often says no more than that something failed.
            let failed = result.iter().flat_map(|result| &result.resources).filter(|resource| resource.failed());
            for resource in failed.take(MAX_RESOURCES).filter(|resource| !self.message.contains(&resource.message)) {
                let text = short(&format!("{}/{}: {}", resource.kind, resource.name, resource.message));
                message = if message.is_empty() { text } else { format!("{message}; {text}") };
            }
        }
        Operation { phase, message, revision, started_at: time(self.started_at), finished_at: time(self.finished_at) }
    }
}

impl ResourceResult {
    fn failed(&self) -> bool {
        !self.message.is_empty()
            && (self.status == "SyncFailed" || matches!(self.hook_phase.as_str(), "Failed" | "Error"))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct HealthStatus {
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
    last_transition_time: Option<String>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
}

impl Condition {
    fn text(&self) -> String {
        bounded(&format!("{}: {}", self.kind, self.message))
    }
}

#[derive(Deserialize, Default)]
struct Summary {
    #[serde(default, deserialize_with = "or_default")]
    images: Vec<String>,
}

#[derive(Deserialize)]
struct ResourceStatus {
    #[serde(default, deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    health: Option<HealthStatus>,
}

/// What unhealthy resources say, where Argo CD keeps their health in the Application (since 3.0 not by default).
fn resource_messages(resources: &[ResourceStatus]) -> String {
    let messages: Vec<String> = resources
        .iter()
        .filter_map(|resource| {
            let health = resource.health.as_ref()?;
            let unhealthy = !matches!(read_health(&health.status), Health::Healthy | Health::Suspended);
            (unhealthy && !health.message.is_empty())
                .then(|| short(&format!("{}/{}: {}", resource.kind, resource.name, health.message)))
        })
        .take(MAX_RESOURCES)
        .collect();
    messages.join("; ")
}

fn read_health(text: &str) -> Health {
    match text {
        "Healthy" => Health::Healthy,
        "Progressing" => Health::Progressing,
        "Degraded" => Health::Degraded,
        "Suspended" => Health::Suspended,
        "Missing" => Health::Missing,
        _ => Health::Unknown,
    }
}

fn time(text: Option<String>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// A field that is null counts as missing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
