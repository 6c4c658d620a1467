//! What pods come to, case by case as kubectl prints them.

use super::*;
use crate::domain::name::ImageName;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("in range")
}

fn container(name: &str) -> Container {
    Container { name: name.into(), image: format!("r.example.org/team/{name}:0.10.5"), ..Container::default() }
}

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: message.into() }
}

fn ended(reason: &str, exit_code: i32) -> Termination {
    Termination { exit_code, reason: reason.into(), finished_at: Some(at(-60)), ..Termination::default() }
}

fn status(name: &str, state: ContainerState) -> ContainerStatus {
    ContainerStatus { name: name.into(), state, ..ContainerStatus::default() }
}

fn running(name: &str, ready: bool) -> ContainerStatus {
    ContainerStatus { ready, started: true, ..status(name, ContainerState::Running { since: Some(at(-90)) }) }
}

fn condition_of(kind: &str, holds: bool, reason: &str, message: &str) -> PodCondition {
    PodCondition { kind: kind.into(), holds, reason: reason.into(), message: message.into() }
}

/// A pod in that phase whose containers are in these states.
fn pod(phase: &str, statuses: Vec<ContainerStatus>) -> Pod {
    Pod {
        name: "app-1-a".into(),
        phase: phase.into(),
        containers: statuses.iter().map(|status| container(&status.name)).collect(),
        statuses,
        ..Pod::default()
    }
}

/// The same while these init containers are at work.
fn with_init(mut pod: Pod, init: Vec<ContainerStatus>) -> Pod {
    pod.init_containers = init.iter().map(|status| container(&status.name)).collect();
    pod.init_statuses = init;
    pod
}

/// `word ready/total condition: why`.
fn shown(pod: &Pod) -> String {
    let Judgement { word, why, condition, ready, total, restarts, .. } = judge(pod);
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let restarts = if restarts > 0 { format!(" ↻{restarts}") } else { String::new() };
    format!("{word} {ready}/{total}{restarts} {condition:?}{why}")
}

#[test]
fn a_pod_on_its_way_up() {
    let creating = || vec![status("app", waiting("ContainerCreating", ""))];
    let cases = [
        (pod("Pending", vec![]), "Pending 0/0 Starting"),
        (pod("Pending", creating()), "ContainerCreating 0/1 Starting"),
        (pod("Running", vec![running("app", false)]), "Running 0/1 Starting"),
        (pod("Running", vec![running("app", true)]), "Running 1/1 Well"),
        (pod("Running", vec![running("app", true), running("proxy", false)]), "Running 1/2 Starting"),
        (pod("", vec![]), "Unknown 0/0 Broken"),
    ];
    for (pod, expected) in cases {
        assert_eq!(shown(&pod), expected);
    }
}

#[test]
fn a_pod_that_no_node_takes() {
    let mut pending = Pod { containers: vec![container("app")], ..pod("Pending", vec![]) };
    let message = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption \
                   victims found for incoming pod.";
    pending.conditions = vec![condition_of("PodScheduled", false, "Unschedulable", message)];
    assert_eq!(shown(&pending), "Pending 0/1 Broken: 0/3 nodes are available: 3 Insufficient cpu.");
    pending.conditions = vec![condition_of("PodScheduled", false, "SchedulingGated", "Scheduling is blocked")];
    assert_eq!(shown(&pending), "SchedulingGated 0/1 Starting");
}

#[test]
fn a_container_that_crashes() {
    let back_off = "back-off 5m0s restarting failed container=app pod=app-1-a_oil(1)";
    let crash = |end: Termination| ContainerStatus {
        restarts: 7,
        last: Some(end),
        ..status("app", waiting("CrashLoopBackOff", back_off))
    };
    let said = Termination { message: "no table \"valves\"\n".into(), ..ended("Error", 1) };
    let again = ContainerStatus { restarts: 1, last: Some(ended("OOMKilled", 137)), ..running("app", false) };
    let since = ContainerStatus { ready: true, ..again.clone() };
    let cases = [
        (crash(ended("Error", 1)), "CrashLoopBackOff 0/1 ↻7 Broken: exit code 1"),
        (crash(ended("OOMKilled", 137)), "CrashLoopBackOff 0/1 ↻7 Broken: OOMKilled"),
        (crash(ended("Completed", 0)), "CrashLoopBackOff 0/1 ↻7 Broken: exit code 0"),
        (crash(ended("ContainerCannotRun", 127)), "CrashLoopBackOff 0/1 ↻7 Broken: ContainerCannotRun, exit code 127"),
        (crash(said), "CrashLoopBackOff 0/1 ↻7 Broken: exit code 1: no table \"valves\""),
        // Between the crash and the back-off.
        (status("app", ContainerState::Terminated(ended("OOMKilled", 137))), "OOMKilled 0/1 Broken"),
        (status("app", ContainerState::Terminated(ended("Error", 2))), "Error 0/1 Broken: exit code 2"),
        (status("app", ContainerState::Terminated(ended("", 3))), "ExitCode:3 0/1 Broken: exit code 3"),
        (
            status("app", ContainerState::Terminated(Termination { signal: 9, ..ended("", 137) })),
            "Signal:9 0/1 Broken: signal 9",
        ),
        // It runs again.
        (again, "Running 0/1 ↻1 Shaky: OOMKilled"),
        (since, "Running 1/1 ↻1 Well"),
    ];
    for (status, expected) in cases {
        assert_eq!(shown(&pod("Running", vec![status])), expected);
    }
}

#[test]
fn an_image_that_cannot_be_had() {
    let missing = "Back-off pulling image \"r.example.org/team/app:9\": ErrImagePull: rpc error: code = NotFound desc = \
                   failed to pull and unpack image \"r.example.org/team/app:9\": failed to resolve reference \
                   \"r.example.org/team/app:9\": r.example.org/team/app:9: not found";
    let denied = "failed to resolve reference \"r.example.org/a:9\": failed to authorize: 403 Forbidden";
    let cases = [
        (waiting("ImagePullBackOff", missing), "ImagePullBackOff 0/1 Broken: r.example.org/team/app:9: not found"),
        (waiting("ErrImagePull", denied), "ErrImagePull 0/1 Broken: failed to authorize: 403 Forbidden"),
        (waiting("InvalidImageName", "couldn't parse \"A:1\""), "InvalidImageName 0/1 Broken: couldn't parse \"A:1\""),
        (
            waiting("CreateContainerConfigError", "secret \"db\" not found"),
            "CreateContainerConfigError 0/1 Broken: secret \"db\" not found",
        ),
    ];
    for (state, expected) in cases {
        assert_eq!(shown(&pod("Pending", vec![status("app", state)])), expected);
    }
}

#[test]
fn init_containers_come_first() {
    let main = || vec![status("app", waiting("PodInitializing", ""))];
    let done = || status("migrate", ContainerState::Terminated(ended("Completed", 0)));
    let failing = ContainerStatus {
        restarts: 3,
        last: Some(ended("Error", 1)),
        ..status("migrate", waiting("CrashLoopBackOff", "back-off"))
    };
    let cases = [
        (vec![running("migrate", false)], "Init:0/1 0/1 Starting"),
        (vec![done(), running("seed", false)], "Init:1/2 0/1 Starting"),
        (vec![status("migrate", waiting("PodInitializing", ""))], "Init:0/1 0/1 Starting"),
        (vec![failing], "Init:CrashLoopBackOff 0/1 ↻3 Broken: exit code 1"),
        (vec![status("migrate", ContainerState::Terminated(ended("Error", 5)))], "Init:Error 0/1 Broken: exit code 5"),
        (vec![status("migrate", ContainerState::Terminated(ended("", 5)))], "Init:ExitCode:5 0/1 Broken: exit code 5"),
        (vec![done()], "PodInitializing 0/1 Starting"),
    ];
    for (init, expected) in cases {
        assert_eq!(shown(&with_init(pod("Pending", main()), init)), expected);
    }
    // Once they are through, only the containers' own restarts count.
    let restarted = ContainerStatus { restarts: 4, ..done() };
    assert_eq!(shown(&with_init(pod("Running", vec![running("app", true)]), vec![restarted])), "Running 1/1 Well");
}

#[test]
fn a_sidecar_counts_as_a_container() {
    let mut pod = with_init(pod("Running", vec![running("app", true)]), vec![running("proxy", true)]);
    pod.init_containers[0].restartable = true;
    pod.init_statuses[0].restarts = 2;
    assert_eq!(shown(&pod), "Running 2/2 ↻2 Well");
    pod.init_statuses[0].ready = false;
    assert_eq!(shown(&pod), "Running 1/2 ↻2 Starting");
}

#[test]
fn the_first_containers_trouble_is_the_pods() {
    let both = vec![
        status("app", waiting("ErrImagePull", "a")),
        status("proxy", waiting("CrashLoopBackOff", "b")),
        running("third", true),
    ];
    assert_eq!(shown(&pod("Pending", both)), "ErrImagePull 1/3 Broken: a");
}

#[test]
fn the_end_of_a_pod() {
    let done = || status("app", ContainerState::Terminated(ended("Completed", 0)));
    let leaving = |pod: Pod| Pod { deleting: true, ..pod };
    let lost = |pod: Pod| Pod { reason: "NodeLost".into(), message: "Node n1 is lost".into(), ..pod };
    let mut half = pod("Running", vec![done(), running("proxy", true)]);
    assert_eq!(shown(&half), "NotReady 1/2 Starting");
    half.conditions = vec![condition_of("Ready", true, "", "")];
    assert_eq!(shown(&half), "Running 1/2 Starting");
    let evicted = Pod {
        reason: "Evicted".into(),
        message: "The node was low on resource: memory.".into(),
        ..pod("Failed", vec![])
    };
    let cases = [
        (pod("Succeeded", vec![done()]), "Completed 0/1 Completed"),
        (leaving(pod("Running", vec![running("app", true)])), "Terminating 1/1 Stopping"),
        (leaving(pod("Succeeded", vec![done()])), "Completed 0/1 Completed"),
        (lost(pod("Running", vec![])), "NodeLost 0/0 Broken: Node n1 is lost"),
        (leaving(lost(pod("Running", vec![running("app", true)]))), "Unknown 1/1 Broken"),
        (evicted, "Evicted 0/0 Broken: The node was low on resource: memory."),
    ];
    for (pod, expected) in cases {
        assert_eq!(shown(&pod), expected);
    }
}

#[test]
fn tags_are_read_from_references() {
    for (image, tag) in [
        ("r:5000/team/app:0.10.5", "0.10.5"),
        ("app:1@sha256:0123456789abcdef", "1"),
        ("r:5000/app@sha256:0123456789abcdef", "sha256:01234567"),
        ("r:5000/app", "latest"),
    ] {
        assert_eq!(image_tag(image), tag, "{image}");
    }
}

#[test]
fn a_list_has_the_new_template_first_and_trouble_before_all_else() {
    let set = |name: &str, newest| ReplicaSet { name: name.into(), uid: name.into(), newest };
    let owned = |name: &str, set: &str, pod: Pod| Pod { name: name.into(), owner_uid: Some(set.into()), ..pod };
    let well = || pod("Running", vec![running("app", true)]);
    let bad = || pod("Pending", vec![status("app", waiting("ErrImagePull", ""))]);
    let fleet = Fleet {
        desired: 2,
        replica_sets: vec![set("new", true), set("old", false)],
        pods: vec![
            owned("b", "old", well()),
            owned("a", "old", well()),
            owned("d", "new", well()),
            owned("e", "new", bad()),
        ],
        ..Fleet::default()
    };
    let image = ImageName::new("r.example.org/team/app").expect("valid");
    let list = pods_report(&fleet, &image, at(0));
    assert_eq!(list.pods.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(), ["e", "d", "a", "b"]);
    assert!(list.rolling);
    assert_eq!(list.pods[1].tag.as_deref(), Some("0.10.5"));
    let one = Fleet { pods: fleet.pods[2..].to_vec(), ..fleet };
    assert!(!pods_report(&one, &image, at(0)).rolling);
}
