//! The scheduler and the kubelets: pods get a node, pull their image, start one by one, become ready, crash, and stop.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Turn, condition,
    events::{Source, tell},
    kustomize::split_image,
};
use crate::sandbox::kubernetes::{
    kind::Kind,
    store::{random, text, time},
};

/// No wait before a restart is longer than this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

/// What the kubelets know of their pods.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pods: HashMap<String, Pod>,
    /// When the pod that comes up last will be ready: the next one starts after it.
    busy_until: Option<Instant>,
}

#[derive(Debug)]
struct Pod {
    phase: Phase,
    /// When the phase ends.
    until: Instant,
    restarts: u32,
    stop_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for its turn and pulls its image.
    Creating,
    /// The image isn't there.
    NoImage,
    /// Waits before looking for the image again.
    PullBackOff,
    /// Runs and isn't ready yet.
    Started,
    /// Runs and is ready.
    Ready,
    /// Has crashed and waits to be started again.
    Crashed,
}

impl Memory {
    /// One pass over all pods.
    pub(super) fn step(&mut self, turn: &mut Turn<'_>) {
        let pods = turn.cluster.store().list(Kind::Pod);
        self.pods.retain(|uid, _| {
            let known = pods.iter().any(|pod| text(pod, "/metadata/uid") == uid);
            if !known {
                turn.cluster.logs().forget(uid);
            }
            known
        });
        // What another scheduler is to place is none of ours.
        let ours = |pod: &&Value| matches!(text(pod, "/spec/schedulerName"), "" | "default-scheduler");
        for pod in pods.iter().filter(ours) {
            if text(pod, "/spec/nodeName").is_empty() {
                schedule(turn, pod);
            } else {
                self.step_one(turn, pod);
            }
        }
    }

    fn step_one(&mut self, turn: &mut Turn<'_>, pod: &Value) {
        let uid = text(pod, "/metadata/uid");
        if !self.pods.contains_key(uid) {
            let until = self.busy_until.unwrap_or(turn.instant).max(turn.instant) + turn.pace.pod / 2;
            self.busy_until = Some(until + turn.pace.pod / 2);
            self.pods.insert(uid.to_owned(), Pod { phase: Phase::Creating, until, restarts: 0, stop_at: None });
            write(turn, pod, Phase::Creating, 0);
        }
        let Some(state) = self.pods.get_mut(uid) else { return };
        if pod["metadata"].get("deletionTimestamp").is_some() {
            if state.stop_at.is_none() {
                say_of_containers(turn, pod, ("Normal", "Killing"), |name| format!("Stopping container {name}"));
            }
            let stop_at = *state.stop_at.get_or_insert(turn.instant + turn.pace.stop);
            if turn.due(stop_at) {
                let key = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
                let _ = turn.cluster.store().remove(Kind::Pod, key.0, key.1);
                turn.cluster.logs().forget(uid);
            }
            return;
        }
        let before = state.phase;
        state.advance(turn, pod);
        if state.phase != before {
            write(turn, pod, state.phase, state.restarts);
            speak(turn, pod, state.phase);
        }
    }
}

impl Pod {
    fn advance(&mut self, turn: &mut Turn<'_>, pod: &Value) {
        let uid = text(pod, "/metadata/uid");
        match self.phase {
            Phase::Ready => {}
            // An image that appears in the meantime is seen at once rather than after minutes.
            Phase::NoImage | Phase::PullBackOff if missing_image(turn, pod).is_none() => self.start(turn, uid),
            Phase::NoImage | Phase::PullBackOff | Phase::Creating if !turn.due(self.until) => {}
            Phase::NoImage => self.enter(turn, Phase::PullBackOff, turn.pace.backoff),
            Phase::Creating | Phase::PullBackOff => match missing_image(turn, pod) {
                Some(_) => self.enter(turn, Phase::NoImage, turn.pace.backoff),
                None => self.start(turn, uid),
            },
            Phase::Started if !turn.due(self.until) => {}
            Phase::Started if is_broken(turn, pod) => {
                turn.cluster.logs().crash(uid, turn.now);
                let factor = 1 << self.restarts.min(12);
                self.enter(turn, Phase::Crashed, (turn.pace.backoff * factor).min(LONGEST_BACKOFF));
            }
            Phase::Started => self.phase = Phase::Ready,
            Phase::Crashed if turn.due(self.until) => {
                self.restarts += 1;
                self.start(turn, uid);
            }
            Phase::Crashed => {}
        }
    }

    fn start(&mut self, turn: &mut Turn<'_>, uid: &str) {
        turn.cluster.logs().start(uid, turn.now);
        self.enter(turn, Phase::Started, turn.pace.pod / 2);
    }

    fn enter(&mut self, turn: &mut Turn<'_>, phase: Phase, stays: Duration) {
        self.phase = phase;
        self.until = turn.instant + stays;
        turn.due(self.until);
        if stays.is_zero() {
            // Due at once: another pass is needed.
            turn.wake = Some(turn.instant);
        }
    }
}

/// The first image of the pod that the registry doesn't have.
fn missing_image<'a>(turn: &Turn<'_>, pod: &'a Value) -> Option<&'a str> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.map(|container| text(container, "/image")).find(|image| !turn.registry.has(image))
}

fn is_broken(turn: &Turn<'_>, pod: &Value) -> bool {
    let script = turn.controls.script();
    pod["spec"]["containers"].as_array().into_iter().flatten().any(|container| {
        let (_, tag, _) = split_image(text(container, "/image"));
        tag.is_some_and(|tag| tag.ends_with("-broken") || script.broken_tags.iter().any(|one| one == tag))
    })
}

/// Gives a pod a node: the one with the fewest pods of those that take any.
fn schedule(turn: &Turn<'_>, pod: &Value) {
    let store = turn.cluster.store();
    let (nodes, pods) = (store.list(Kind::Node), store.list(Kind::Pod));
    let fits = |node: &&Value| {
        let taints = node["spec"]["taints"].as_array().into_iter().flatten();
        let ready = condition::get(node, "Ready").is_some_and(|ready| ready["status"] == "True");
        ready
            && node["spec"]["unschedulable"] != true
            && taints.into_iter().all(|taint| taint["effect"] == "PreferNoSchedule")
    };
    let load = |node: &&Value| pods.iter().filter(|pod| pod["spec"]["nodeName"] == node["metadata"]["name"]).count();
    let chosen = nodes.iter().filter(fits).min_by_key(load).cloned();
    let scheduler = Source::Component("default-scheduler");
    match &chosen {
        Some(node) => {
            let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
            let message = format!("Successfully assigned {namespace}/{name} to {}", text(node, "/metadata/name"));
            tell(turn, pod, scheduler, ("Normal", "Scheduled"), &message);
        }
        None => {
            let message = why_not(&nodes);
            // Said once: the next pass finds the pod as it is.
            if condition::get(pod, "PodScheduled").is_none_or(|said| said["message"] != message.as_str()) {
                tell(turn, pod, scheduler, ("Warning", "FailedScheduling"), &message);
            }
        }
    }
    let now = turn.now;
    let change = |pod: &mut Value| {
        let status = &mut pod["status"];
        let Some(node) = &chosen else {
            let message = why_not(&nodes);
            condition::set(&mut status["conditions"], "PodScheduled", false, ("Unschedulable", &message), now);
            return Ok(());
        };
        pod["spec"]["nodeName"] = node["metadata"]["name"].clone();
        condition::set(&mut pod["status"]["conditions"], "PodScheduled", true, ("", ""), now);
        Ok(())
    };
    let _ = store.modify(Kind::Pod, (text(pod, "/metadata/namespace"), text(pod, "/metadata/name")), change);
}

/// The scheduler's words when no node fits.
fn why_not(nodes: &[Value]) -> String {
    let cordoned = nodes.iter().filter(|node| node["spec"]["unschedulable"] == true).count();
    let tainted = nodes.len() - cordoned;
    let total = nodes.len();
    let mut reasons = Vec::new();
    if tainted > 0 {
        reasons.push(format!("{tainted} node(s) had untolerated taint(s)"));
    }
    if cordoned > 0 {
        reasons.push(format!("{cordoned} node(s) were unschedulable"));
    }
    let help = format!("preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling.");
    format!("0/{total} nodes are available: {}. {help}", reasons.join(", "))
}

/// What the kubelet says when a pod enters a phase.
fn speak(turn: &Turn<'_>, pod: &Value, phase: Phase) {
    let image = missing_image(turn, pod).unwrap_or_default().to_owned();
    let node = Source::Kubelet(text(pod, "/spec/nodeName"));
    match phase {
        Phase::NoImage => {
            let message = format!("Failed to pull image \"{image}\": {image}: not found");
            tell(turn, pod, node, ("Warning", "Failed"), &message);
        }
        Phase::PullBackOff => {
            tell(turn, pod, node, ("Normal", "BackOff"), &format!("Back-off pulling image \"{image}\""));
        }
        Phase::Started => {
            say_of_containers(turn, pod, ("Normal", "Created"), |name| format!("Created container: {name}"));
            say_of_containers(turn, pod, ("Normal", "Started"), |name| format!("Started container {name}"));
        }
        Phase::Crashed => {
            let (namespace, pod_name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
            let uid = text(pod, "/metadata/uid");
            say_of_containers(turn, pod, ("Warning", "BackOff"), |name| {
                format!("Back-off restarting failed container {name} in pod {pod_name}_{namespace}({uid})")
            });
        }
        Phase::Creating | Phase::Ready => {}
    }
}

fn say_of_containers(turn: &Turn<'_>, pod: &Value, what: (&str, &str), words: impl Fn(&str) -> String) {
    let node = Source::Kubelet(text(pod, "/spec/nodeName"));
    for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
        tell(turn, pod, node, what, &words(text(container, "/name")));
    }
}

/// Writes a pod's status.
fn write(turn: &Turn<'_>, pod: &Value, phase: Phase, restarts: u32) {
    let node = turn.cluster.store().get(Kind::Node, "", text(pod, "/spec/nodeName")).unwrap_or_default();
    let addresses = node["status"]["addresses"].as_array().into_iter().flatten();
    let host = addresses.into_iter().find(|one| one["type"] == "InternalIP").map(|one| one["address"].clone());
    let network = text(&node, "/spec/podCIDR").rsplit_once('.').map_or("10.244.0", |(network, _)| network).to_owned();
    let missing = missing_image(turn, pod).map(str::to_owned);
    let (now, backoff) = (turn.now, turn.pace.backoff * (1 << restarts.min(12)));
    let change = |pod: &mut Value| {
        let running = matches!(phase, Phase::Started | Phase::Ready);
        let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let identity = format!(
            "{}_{}({})",
            text(pod, "/metadata/name"),
            text(pod, "/metadata/namespace"),
            text(pod, "/metadata/uid")
        );
        let status = &mut pod["status"];
        let old = status["containerStatuses"].as_array().cloned().unwrap_or_default();
        let statuses: Vec<Value> = containers
            .iter()
            .enumerate()
            .map(|(index, container)| {
                let look = Look {
                    phase,
                    restarts,
                    missing: missing.clone(),
                    digest: turn.registry.digest(text(container, "/image")),
                    pod: identity.clone(),
                    backoff: backoff.min(LONGEST_BACKOFF),
                    now,
                };
                container_status(container, old.get(index), &look)
            })
            .collect();
        status["containerStatuses"] = json!(statuses);
        status["hostIP"] = json!(host);
        status["hostIPs"] = json!([{"ip": host}]);
        if status["startTime"].is_null() {
            status["startTime"] = json!(time(now));
        }
        if running && status["podIP"].is_null() {
            let address = format!("{network}.{}", random() % 250 + 2);
            status["podIP"] = json!(address);
            status["podIPs"] = json!([{"ip": address}]);
        }
        let has_run = !matches!(phase, Phase::Creating | Phase::NoImage | Phase::PullBackOff);
        status["phase"] = json!(if has_run { "Running" } else { "Pending" });
        let names: Vec<&str> = containers.iter().map(|container| text(container, "/name")).collect();
        let unready = format!("containers with unready status: [{}]", names.join(" "));
        let words = if phase == Phase::Ready { ("", "") } else { ("ContainersNotReady", unready.as_str()) };
        let conditions = &mut status["conditions"];
        condition::set(conditions, "PodReadyToStartContainers", running || has_run, ("", ""), now);
        condition::set(conditions, "Initialized", true, ("", ""), now);
        condition::set(conditions, "Ready", phase == Phase::Ready, words, now);
        condition::set(conditions, "ContainersReady", phase == Phase::Ready, words, now);
        Ok(())
    };
    let key = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    let _ = turn.cluster.store().modify(Kind::Pod, key, change);
}

/// What a container's status is made of.
struct Look {
    phase: Phase,
    restarts: u32,
    /// The image that isn't there.
    missing: Option<String>,
    /// The image's digest.
    digest: Option<String>,
    /// The pod's name, namespace and uid.
    pod: String,
    backoff: Duration,
    now: Timestamp,
}

fn container_status(container: &Value, old: Option<&Value>, look: &Look) -> Value {
    let Look { phase, restarts, now, .. } = *look;
    let (name, image, pod, backoff) = (text(container, "/name"), text(container, "/image"), &look.pod, look.backoff);
    let missing = look.missing.as_deref().unwrap_or(image);
    let digest = look.digest.as_deref().unwrap_or_default();
    let not_found = format!(
        "failed to pull and unpack image \"{missing}\": failed to resolve reference \"{missing}\": {missing}: not found"
    );
    let waiting = |reason: &str, message: &str| {
        let mut waiting = json!({"reason": reason});
        if !message.is_empty() {
            waiting["message"] = json!(message);
        }
        json!({"waiting": waiting})
    };
    let running = matches!(phase, Phase::Started | Phase::Ready);
    let started = old.filter(|old| old["state"]["running"].is_object() && old["restartCount"] == restarts);
    let started = started.map_or_else(|| json!(time(now)), |old| old["state"]["running"]["startedAt"].clone());
    let state = match phase {
        Phase::Creating => waiting("ContainerCreating", ""),
        Phase::NoImage => waiting("ErrImagePull", &not_found),
        Phase::PullBackOff => {
            waiting("ImagePullBackOff", &format!("Back-off pulling image \"{missing}\": ErrImagePull: {not_found}"))
        }
        Phase::Started | Phase::Ready => json!({"running": {"startedAt": started}}),
        Phase::Crashed => waiting(
            "CrashLoopBackOff",
            &format!("back-off {}s restarting failed container={name} pod={pod}", backoff.as_secs().max(1)),
        ),
    };
    let last = match (phase, old) {
        (Phase::Crashed, old) => {
            let started = old.map_or(Value::Null, |old| old["state"]["running"]["startedAt"].clone());
            let started = if started.is_null() { json!(time(now)) } else { started };
            json!({"terminated": {
                "exitCode": 1, "reason": "Error", "startedAt": started, "finishedAt": time(now),
                "containerID": container_id(),
            }})
        }
        (_, Some(old)) => old["lastState"].clone(),
        (_, None) => json!({}),
    };
    let mut status = json!({
        "name": name,
        "image": image,
        "imageID": if running { format!("{}@{digest}", split_image(image).0) } else { String::new() },
        "ready": phase == Phase::Ready,
        "started": running,
        "restartCount": restarts,
        "state": state,
        "lastState": last,
    });
    if running {
        let kept = old.filter(|old| old["state"]["running"].is_object() && old["restartCount"] == restarts);
        let id = kept.map_or(Value::Null, |old| old["containerID"].clone());
        status["containerID"] = if id.is_null() { json!(container_id()) } else { id };
    }
    status
}

fn container_id() -> String {
    format!("containerd://{:016x}{:016x}{:016x}{:016x}", random(), random(), random(), random())
}
