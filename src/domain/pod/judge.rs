//! What a pod's real status is: the word that kubectl prints, and in addition why.
//!
//! The word, the ready count and the restarts follow `printPod` of kubernetes/kubernetes,
//! `pkg/printers/internalversion/printers.go` (1.33), step by step.

use jiff::Timestamp;
use serde::Serialize;

use super::{ContainerState, ContainerStatus, End, Pod, Termination, Why};

/// What a pod's status comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// kubectl's word: `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`, …
    pub word: String,
    /// Why it is so, in Kubernetes' words, where that says more: `exit code 1`, `0/3 nodes are available: …`.
    pub why: Option<Why>,
    /// How bad that is.
    pub condition: Condition,
    /// Containers that are ready.
    pub ready: u32,
    /// Containers that should be.
    pub total: u32,
    /// How often its containers were started again.
    pub restarts: u32,
    /// When the last of them ended before that.
    pub last_restart: Option<Timestamp>,
}

/// How a pod is, in one of five words; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It won't get better without help, as far as can be told.
    Broken,
    /// It runs and isn't ready, or was killed lately.
    Shaky,
    /// It is on its way up.
    Starting,
    /// It is on its way out.
    Stopping,
    /// All is well.
    Well,
    /// It has done what it was there for.
    Completed,
}

/// `status.reason` of a pod whose node is lost.
const NODE_LOST: &str = "NodeLost";

/// Reasons for waiting that belong to every start.
const ON_THE_WAY: [&str; 3] = ["ContainerCreating", "PodInitializing", ""];

/// Reads the status.
#[must_use]
pub fn judge(pod: &Pod) -> Judgement {
    let mut tally = Tally::default();
    let mut word = if pod.reason.is_empty() { pod.phase.clone() } else { pod.reason.clone() };
    if pod.condition("PodScheduled").is_some_and(|scheduled| scheduled.reason == "SchedulingGated") {
        "SchedulingGated".clone_into(&mut word);
    }
    let initialising = initialising(pod, &mut tally);
    let waits = initialising.is_some();
    if let Some(init) = initialising {
        word = init;
    }
    if !waits || pod.condition("Initialized").is_some_and(|initialised| initialised.holds) {
        word = main_containers(pod, word, &mut tally);
    }
    let ended = matches!(pod.phase.as_str(), "Succeeded" | "Failed");
    if pod.deleting && pod.reason == NODE_LOST {
        "Unknown".clone_into(&mut word);
    } else if pod.deleting && !ended {
        "Terminating".clone_into(&mut word);
    }
    if word.is_empty() {
        "Unknown".clone_into(&mut word);
    }
    let sidecars = pod.init_containers.iter().filter(|container| container.restartable).count();
    let total = count(pod.containers.len() + sidecars);
    Judgement {
        condition: condition(pod, &word, tally.ready, total),
        why: why(pod, &word),
        word,
        ready: tally.ready,
        total,
        restarts: tally.restarts,
        last_restart: tally.last_restart,
    }
}

/// What is counted on the way through the containers.
#[derive(Default)]
struct Tally {
    ready: u32,
    restarts: u32,
    last_restart: Option<Timestamp>,
    sidecar_restarts: u32,
    last_sidecar_restart: Option<Timestamp>,
}

/// The word while init containers are at work; `None` once they are through.
fn initialising(pod: &Pod, tally: &mut Tally) -> Option<String> {
    for (index, status) in pod.init_statuses.iter().enumerate() {
        let spec = pod.init_containers.iter().find(|container| container.name == status.name);
        let sidecar = spec.is_some_and(|container| container.restartable);
        tally.restarts = tally.restarts.saturating_add(status.restarts);
        tally.last_restart = tally.last_restart.max(ended_at(status));
        if sidecar {
            tally.sidecar_restarts = tally.sidecar_restarts.saturating_add(status.restarts);
            tally.last_sidecar_restart = tally.last_sidecar_restart.max(ended_at(status));
        }
        return Some(match &status.state {
            ContainerState::Terminated(end) if end.exit_code == 0 => continue,
            _ if sidecar && status.started => {
                tally.ready += u32::from(status.ready);
                continue;
            }
            ContainerState::Terminated(end) => format!("Init:{}", end_word(end)),
            ContainerState::Waiting { reason, .. } if !matches!(reason.as_str(), "" | "PodInitializing") => {
                format!("Init:{reason}")
            }
            _ => format!("Init:{index}/{}", pod.init_containers.len()),
        });
    }
    None
}

/// The word once the containers of the pod itself have their say.
fn main_containers(pod: &Pod, mut word: String, tally: &mut Tally) -> String {
    tally.restarts = tally.sidecar_restarts;
    tally.last_restart = tally.last_sidecar_restart;
    let mut running = false;
    // From the last to the first, so that the first one's word stays.
    for status in pod.statuses.iter().rev() {
        tally.restarts = tally.restarts.saturating_add(status.restarts);
        tally.last_restart = tally.last_restart.max(ended_at(status));
        match &status.state {
            ContainerState::Waiting { reason, .. } if !reason.is_empty() => word.clone_from(reason),
            ContainerState::Terminated(end) => word = end_word(end),
            ContainerState::Running { .. } if status.ready => {
                running = true;
                tally.ready += 1;
            }
            _ => {}
        }
    }
    if word == "Completed" && running {
        let ready = pod.condition("Ready").is_some_and(|ready| ready.holds);
        return if ready { "Running" } else { "NotReady" }.to_owned();
    }
    word
}

fn ended_at(status: &ContainerStatus) -> Option<Timestamp> {
    status.last.as_ref().and_then(|end| end.finished_at)
}

fn end_word(end: &Termination) -> String {
    match (end.reason.as_str(), end.signal) {
        ("", 0) => format!("ExitCode:{}", end.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn condition(pod: &Pod, word: &str, ready: u32, total: u32) -> Condition {
    let bare = word.strip_prefix("Init:").unwrap_or(word);
    match bare {
        "Terminating" => Condition::Stopping,
        "Completed" | "Succeeded" => Condition::Completed,
        "Running" if ready == total => Condition::Well,
        // Within the first seconds every container is so; a container that was killed before isn't on its first way up.
        "Running" | "NotReady" if pod.statuses.iter().any(|status| status.restarts > 0 && !status.ready) => {
            Condition::Shaky
        }
        "Running" | "NotReady" => Condition::Starting,
        "Pending" if unschedulable(pod).is_some() => Condition::Broken,
        "Pending" | "SchedulingGated" | "ContainerCreating" | "PodInitializing" => Condition::Starting,
        // `Init:1/2`.
        counted if word.starts_with("Init:") && counted.starts_with(|c: char| c.is_ascii_digit()) => {
            Condition::Starting
        }
        _ => Condition::Broken,
    }
}

/// The scheduler's reason while no node takes the pod.
fn unschedulable(pod: &Pod) -> Option<&str> {
    let scheduled = pod.condition("PodScheduled")?;
    (!scheduled.holds && scheduled.reason == "Unschedulable").then_some(scheduled.message.as_str())
}

/// The reason behind the word, where there is one to tell.
fn why(pod: &Pod, word: &str) -> Option<Why> {
    let text = |text: &str| Some(Why::from(text.trim())).filter(|_| !text.trim().is_empty());
    let bare = word.strip_prefix("Init:").unwrap_or(word);
    if bare == "Terminating" || bare == "Completed" {
        return None;
    }
    if let Some(message) = unschedulable(pod).filter(|_| word == pod.phase) {
        // What the scheduler says of preemption repeats itself node by node.
        return text(message.split(" preemption:").next().unwrap_or(message));
    }
    if !pod.reason.is_empty() && word == pod.reason {
        return text(&pod.message);
    }
    for status in pod.init_statuses.iter().chain(&pod.statuses) {
        match &status.state {
            // Its own message names the pod and the delay; how the container ended says more.
            ContainerState::Waiting { reason, .. } if reason == bare && reason == "CrashLoopBackOff" => {
                return status.last.as_ref().map(ended);
            }
            ContainerState::Waiting { reason, message } if reason == bare && !ON_THE_WAY.contains(&bare) => {
                return text(cause(message));
            }
            ContainerState::Terminated(end) if end_word(end) == bare && end.exit_code != 0 => {
                return Some(ended(end)).filter(|why| why.to_string() != bare);
            }
            _ => {}
        }
    }
    // It runs again, but it was killed, and whoever looks wants to know.
    let killed = pod.statuses.iter().filter(|status| !status.ready).find_map(|status| status.last.as_ref());
    killed.filter(|_| matches!(bare, "Running" | "NotReady" | "Error")).map(ended)
}

/// How a container ended: `OOMKilled`, `exit code 1`, `signal 9`, and what it left to say.
fn ended(end: &Termination) -> Why {
    let how = match (end.reason.as_str(), end.signal) {
        ("" | "Error" | "Completed", 0) => End::Code(None, end.exit_code),
        ("" | "Error" | "Completed", signal) => End::Signal(signal),
        ("OOMKilled", _) => End::Reason("OOMKilled".to_owned()),
        (reason, _) => End::Code(Some(reason.to_owned()), end.exit_code),
    };
    Why::Ended { how, said: end.message.trim().to_owned() }
}

/// The end of a chain of reasons as container runtimes build it, which says the same image three times before.
fn cause(message: &str) -> &str {
    const CHAIN: [&str; 2] = ["failed to resolve reference ", "failed to resolve image: "];
    let Some(at) = CHAIN.iter().filter_map(|link| message.rfind(link).map(|at| at + link.len())).max() else {
        return message;
    };
    let rest = &message[at..];
    // `"IMAGE": reason`.
    rest.strip_prefix('"').and_then(|rest| rest.split_once("\": ")).map_or(rest, |(_, reason)| reason)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
