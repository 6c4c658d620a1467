//! What is told of pods: ages in the place of times, and the judgement in the place of the status.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Condition, Container, ContainerState, Fleet, Pod, Termination, Why, judge};
use crate::domain::{catalogue::Site, name::ImageName, rollout::running_tag, unanswered::Unanswered};

/// The pods of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PodsReport {
    /// Where.
    pub site: Site,
    /// The pods, the ones in trouble first; `None` when the configured Deployment doesn't exist.
    pub pods: Result<Option<PodList>, Unanswered>,
}

/// The pods of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodList {
    /// `spec.replicas` of the Deployment.
    pub desired: u32,
    /// Whether pods of older templates are there beside those of the newest.
    pub rolling: bool,
    /// Why no more pods are made, such as an exceeded quota.
    pub cannot_create: Option<String>,
    /// The pods.
    pub pods: Vec<PodReport>,
}

/// One pod of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodReport {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The template that it was made from.
    pub template: Template,
    /// kubectl's word for its status.
    pub status: String,
    /// How bad that is.
    pub condition: Condition,
    /// Why it is so.
    pub why: Option<Why>,
    /// Containers that are ready.
    pub ready: u32,
    /// Containers that should be.
    pub total: u32,
    /// How often its containers were started again.
    pub restarts: u32,
    /// Time since the last of them ended before that.
    pub last_restart: Option<Duration>,
    /// Time since it was made.
    pub age: Option<Duration>,
    /// Its node, once it has one.
    pub node: Option<String>,
    /// The tag of the application's image, or else of its first container's.
    pub tag: Option<String>,
    /// The containers that may be asked for their log.
    pub containers: Vec<String>,
}

/// Which template of its Deployment a pod comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// The newest one.
    Newest,
    /// One before.
    Older,
}

/// One container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerReport {
    /// The name.
    pub name: String,
    /// The image as the pod names it.
    pub image: String,
    /// Whether it is an init container that has to end before the others start.
    pub init: bool,
    /// `running`, `waiting`, `terminated` and the reason, as kubectl has it: `running`, `CrashLoopBackOff`, `Completed`.
    pub state: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was started again.
    pub restarts: u32,
    /// `resources.limits.memory`, when it has one.
    pub memory_limit: Option<String>,
    /// How the run before this one ended, or this one, when it has.
    pub ended: Option<Ending>,
}

/// How a run of a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// `OOMKilled`, `Error`, …; empty when none is told.
    pub reason: String,
    /// The exit code.
    pub exit_code: i32,
    /// The signal, 0 when none is told.
    pub signal: i32,
    /// Time since then.
    pub ago: Option<Duration>,
}

/// The list of a Deployment's pods: those of the newest template first, among them the ones in trouble first.
#[must_use]
pub fn pods_report(fleet: &Fleet, image: &ImageName, now: Timestamp) -> PodList {
    let mut pods: Vec<PodReport> = fleet
        .pods
        .iter()
        .map(|pod| {
            let set = fleet.replica_sets.iter().find(|set| Some(&set.uid) == pod.owner_uid.as_ref());
            let template = if set.is_none_or(|set| set.newest) { Template::Newest } else { Template::Older };
            PodReport::of(pod, template, Some(image), now)
        })
        .collect();
    pods.sort_by(|one, other| {
        (one.template, one.condition, &one.name).cmp(&(other.template, other.condition, &other.name))
    });
    PodList {
        desired: fleet.desired,
        rolling: pods.last().is_some_and(|pod| pod.template == Template::Older),
        cannot_create: fleet.cannot_create.clone(),
        pods,
    }
}

impl PodReport {
    /// A pod, with the tag of that image.
    #[must_use]
    pub fn of(pod: &Pod, template: Template, image: Option<&ImageName>, now: Timestamp) -> Self {
        let judgement = judge(pod);
        let images: Vec<String> = pod.running_containers().map(|container| container.image.clone()).collect();
        let tag = image.and_then(|image| running_tag(&images, image)).map(str::to_owned);
        Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            template,
            status: judgement.word,
            condition: judgement.condition,
            why: judgement.why,
            ready: judgement.ready,
            total: judgement.total,
            restarts: judgement.restarts,
            last_restart: judgement.last_restart.map(|at| since(now, at)),
            age: pod.created_at.map(|at| since(now, at)),
            node: pod.node.clone(),
            tag: tag.or_else(|| images.first().map(|image| image_tag(image))),
            containers: pod.running_containers().map(|container| container.name.clone()).collect(),
        }
    }
}

impl ContainerReport {
    /// All containers of a pod, the init containers first.
    #[must_use]
    pub fn all(pod: &Pod, now: Timestamp) -> Vec<Self> {
        let init = pod.init_containers.iter().map(|container| (container, !container.restartable));
        let own = pod.containers.iter().map(|container| (container, false));
        init.chain(own).map(|(container, init)| Self::of(pod, container, init, now)).collect()
    }

    fn of(pod: &Pod, container: &Container, init: bool, now: Timestamp) -> Self {
        let status = pod.status_of(&container.name);
        let state = match status.map(|status| &status.state) {
            Some(ContainerState::Running { .. }) => "running".to_owned(),
            Some(ContainerState::Waiting { reason, .. }) if !reason.is_empty() => reason.clone(),
            Some(ContainerState::Terminated(end)) if !end.reason.is_empty() => end.reason.clone(),
            Some(ContainerState::Terminated(_)) => "terminated".to_owned(),
            _ => "waiting".to_owned(),
        };
        let ended = status.and_then(|status| match &status.state {
            ContainerState::Terminated(end) => Some(end),
            _ => status.last.as_ref(),
        });
        Self {
            name: container.name.clone(),
            image: container.image.clone(),
            init,
            state,
            ready: status.is_some_and(|status| status.ready),
            restarts: status.map_or(0, |status| status.restarts),
            memory_limit: container.memory_limit.clone(),
            ended: ended.map(|end| ending(end, now)),
        }
    }
}

/// The end of a run, with its age.
#[must_use]
pub fn ending(end: &Termination, now: Timestamp) -> Ending {
    Ending {
        reason: end.reason.clone(),
        exit_code: end.exit_code,
        signal: end.signal,
        ago: end.finished_at.map(|at| since(now, at)),
    }
}

/// The tag of an image reference; without one the beginning of its digest, without both `latest`, which is what runs.
#[must_use]
pub fn image_tag(image: &str) -> String {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    match (name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')), digest) {
        (Some((_, tag)), _) => tag.to_owned(),
        (None, Some(digest)) => digest.chars().take("sha256:".len() + 8).collect(),
        (None, None) => "latest".to_owned(),
    }
}

/// The time between, nothing when the clocks disagree.
pub(in crate::domain) fn since(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
