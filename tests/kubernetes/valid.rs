//! What the sandbox serves is valid by the schemas of Kubernetes, in every state that a rollout goes through.

use std::{collections::BTreeSet, fs, process::Command, time::Duration};

use serde_json::{Value, json};
use tiphys::sandbox::{
    kubernetes::{
        Crowd,
        kind::{KINDS, Kind},
    },
    world::{Options, Pace, World},
};

use super::support::{IMAGE, NAME, NAMESPACE};

/// The versions of Kubernetes whose schemas have to agree: the one that the sandbox says it is, and the newest.
const VERSIONS: [&str; 2] = ["1.33", "1.37"];

async fn until(world: &World, what: &str, seen: impl Fn(&World) -> bool) {
    let mut changes = world.kubernetes().store().subscribe();
    let waiting = async {
        while !seen(world) {
            changes.changed().await.expect("a world that goes on");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("{what} in time"));
}

fn waits_for(world: &World, reason: &str) -> bool {
    world.kubernetes().store().list(Kind::Pod).iter().any(|pod| {
        pod["status"]["containerStatuses"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one["state"]["waiting"]["reason"] == reason)
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs kubernetes-validate (PyPI)"]
async fn every_served_object_is_valid() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(dir.path());
    options.pace = Pace { poll: Duration::from_millis(20), ..Pace::quick() };
    let world = World::start(options).await.expect("a world");
    let cluster = world.kubernetes();
    let start = cluster.store().version();
    cluster.add_autoscaler(NAMESPACE, NAME, 2, 6).expect("added");
    cluster.crowd(&Crowd { nodes: 2, pods: 2, containers: 3, ..Crowd::of("crowd", "app", IMAGE) }).expect("new");
    cluster.set_node_ready("refinery-worker-2", false).expect("there");
    for (tag, reason) in [("9.9.9", "ImagePullBackOff"), ("0.10.3-broken", "CrashLoopBackOff")] {
        world.override_images("oil-refinery-application-prod", &[&format!("{IMAGE}:{tag}")]).expect("overridden");
        until(&world, reason, |world| waits_for(world, reason)).await;
    }
    let mut objects = Vec::new();
    let mut kinds = BTreeSet::new();
    for info in KINDS.iter().filter(|info| info.group != "argoproj.io") {
        let mut of_kind = cluster.store().list(info.kind);
        of_kind.extend(cluster.store().history(info.kind, start).expect("remembered"));
        if !of_kind.is_empty() {
            kinds.insert(info.name);
        }
        objects.append(&mut of_kind);
    }
    let needed =
        ["Deployment", "Event", "HorizontalPodAutoscaler", "Namespace", "Node", "Pod", "ReplicaSet", "Service"];
    assert!(needed.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let all = objects.len();
    let mut shapes = BTreeSet::new();
    objects.retain(|object| shapes.insert(shape(object)));
    println!("{all} states of {kinds:?} have {} shapes", objects.len());
    are_valid(&objects);
    // The judge does judge.
    let mut wrong = objects[0].clone();
    wrong["metadata"]["colour"] = json!("red");
    assert!(judge(VERSIONS[0], &[wrong]).is_err(), "a field that no schema has");
}

/// What a schema sees of an object: its fields, and the words that may be out of a list.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                ("kind" | "type" | "status" | "phase" | "reason", Value::String(word)) => format!("{name}={word},"),
                _ => format!("{name}:{},", shape(value)),
            };
            format!("{{{}}}", fields.iter().map(field).collect::<String>())
        }
        Value::Array(items) => format!("{:?}", items.iter().map(shape).collect::<BTreeSet<_>>()),
        Value::String(_) => "text".to_owned(),
        Value::Number(_) => "number".to_owned(),
        other => other.to_string(),
    }
}

fn are_valid(objects: &[Value]) {
    for version in VERSIONS {
        if let Err(words) = judge(version, objects) {
            panic!("by the schemas of {version}: {words}");
        }
    }
}

/// The verdict of `kubernetes-validate`, with its words when it isn't good.
fn judge(version: &str, objects: &[Value]) -> Result<(), String> {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("objects.yaml");
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    fs::write(&file, documents.join("\n---\n")).expect("written");
    let mut command = Command::new("kubernetes-validate");
    let out = command.args(["--strict", "--quiet", "-k", version]).arg(file).output();
    let out = out.expect("kubernetes-validate runs");
    let words = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    if out.status.success() { Ok(()) } else { Err(words) }
}
