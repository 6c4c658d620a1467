//! Scenarios: commits on the branch, and what becomes of them.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use super::*;
use crate::sandbox::{
    kubernetes::{kind::Kind, store::text},
    remote::Files,
};

const OVERLAY: &str = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";
const APPLICATION: &str = "oil-refinery-application-prod";

struct Scene {
    world: World,
    _folder: tempfile::TempDir,
}

async fn scene_with(change: impl FnOnce(&mut Options)) -> Scene {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut options = Options::new(folder.path());
    options.pace = Pace { poll: Duration::from_millis(20), ..Pace::quick() };
    change(&mut options);
    Scene { world: World::start(options).await.expect("the world starts"), _folder: folder }
}

async fn scene() -> Scene {
    scene_with(|_| ()).await
}

impl Scene {
    fn overlay(&self) -> String {
        let remote = self.world.remote();
        let files = remote.files(remote.head().expect("head")).expect("files");
        String::from_utf8(files.file(OVERLAY).expect("overlay")).expect("UTF-8")
    }

    fn commit(&self, from: &str, to: &str) -> String {
        let old = self.overlay();
        let new = old.replace(from, to);
        assert_ne!(old, new, "the change changes something");
        self.world.remote().commit_file(OVERLAY, new.as_bytes(), "change").expect("commit").to_string()
    }

    fn application(&self) -> Value {
        self.world.kubernetes().store().get(Kind::Application, "argocd", APPLICATION).expect("application")
    }

    fn deployment(&self) -> Value {
        let store = self.world.kubernetes().store();
        store.get(Kind::Deployment, "oil-refinery", "oil-refinery-application").expect("deployment")
    }

    /// Waits until the application and the pods are so.
    async fn until(&self, what: &str, good: impl Fn(&Value, &WorldView) -> bool) -> Value {
        let mut changes = self.world.subscribe();
        let wait = async {
            loop {
                changes.mark_unchanged();
                let application = self.application();
                if good(&application, &self.world.view()) {
                    return application;
                }
                changes.changed().await.expect("the world lives");
            }
        };
        match tokio::time::timeout(Duration::from_secs(10), wait).await {
            Ok(application) => application,
            Err(_) => panic!("never {what}: {:#}\n{:#?}", self.application()["status"], self.world.view().pods),
        }
    }

    async fn until_live(&self, revision: &str, tag: &str, pods: usize) -> Value {
        self.until("live", |application, view| {
            let status = &application["status"];
            let images = view.pods.iter().filter(|pod| pod.ready && pod.image.ends_with(&format!(":{tag}"))).count();
            status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == revision
                && status["health"]["status"] == "Healthy"
                && application.get("operation").is_none()
                && images == pods
                && view.pods.len() == pods
        })
        .await
    }
}

#[tokio::test]
async fn the_world_starts_settled() {
    let scene = scene().await;
    let view = scene.world.view();
    assert_eq!(view.commits.len(), 1);
    let app = &view.apps[0];
    assert_eq!((app.name.as_str(), app.sync.as_str(), app.health.as_str()), (APPLICATION, "Synced", "Healthy"));
    assert_eq!((app.tag.as_str(), app.ready, app.desired), ("0.10.4", 2, 2));
    assert_eq!(app.revision, view.commits[0].id);
    assert_eq!(view.apps.len(), 1);
    let mut nodes: Vec<&str> = view.pods.iter().map(|pod| pod.node.as_str()).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["refinery-worker-1", "refinery-worker-2"]);
    assert!(view.pods.iter().all(|pod| pod.ready && pod.status == "Running" && pod.age_seconds > 200_000), "{view:#?}");
    assert_eq!(view.nodes.len(), 3);
    assert!(view.nodes.iter().all(|node| node.ready && !node.unschedulable));
    let application = scene.application();
    assert_eq!(application["status"]["operationState"]["phase"], "Succeeded");
    assert_eq!(application["spec"]["source"]["repoURL"], scene.world.repository_path().display().to_string());
}

#[tokio::test]
async fn a_commit_goes_live_by_a_rolling_update() {
    let scene = scene().await;
    let before = scene.application();
    let revision = scene.commit("0.10.4", "0.10.5");
    let application = scene.until_live(&revision, "0.10.5", 2).await;
    let state = &application["status"]["operationState"];
    assert_eq!(state["phase"], "Succeeded");
    assert_eq!(state["syncResult"]["revision"], revision);
    assert!(text(state, "/finishedAt") <= text(&application, "/status/reconciledAt"));
    let history = application["status"]["history"].as_array().expect("history");
    assert_eq!(history.len(), before["status"]["history"].as_array().expect("history").len() + 1);
    assert_eq!(history.last().expect("entry")["revision"], revision);
    let image = "registry.gitlab.example.org/team/oil-refinery-application:0.10.5";
    scene.until("told of the image", |one, _| one["status"]["summary"]["images"] == json!([image])).await;

    let store = scene.world.kubernetes().store();
    let deployment = scene.deployment();
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let sets = store.list(Kind::ReplicaSet);
    assert_eq!(sets.len(), 2);
    for set in &sets {
        assert_eq!(set["metadata"]["ownerReferences"][0]["uid"], deployment["metadata"]["uid"]);
    }
    let new = sets.iter().find(|set| set["spec"]["replicas"] == 2).expect("the new ReplicaSet");
    for pod in store.list(Kind::Pod) {
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], new["metadata"]["uid"]);
    }
}

#[tokio::test]
async fn availability_is_kept_during_a_rollout() {
    let scene = scene().await;
    let store = scene.world.kubernetes().store();
    let start = store.version();
    let revision = scene.commit("0.10.4", "0.10.6");
    scene.until_live(&revision, "0.10.6", 2).await;
    let seen = store.history(Kind::Deployment, start).expect("remembered");
    let counts = |name: &str| seen.iter().map(|one| one["status"][name].as_i64().unwrap_or(0)).collect::<Vec<_>>();
    assert!(counts("availableReplicas").iter().all(|available| *available >= 2), "{:?}", counts("availableReplicas"));
    assert_eq!(counts("replicas").into_iter().max(), Some(3), "one pod more, no two");
}

#[tokio::test]
async fn a_commit_that_changes_nothing_is_synced_without_an_operation() {
    let scene = scene().await;
    let before = scene.application();
    let content = b"other\n";
    let revision = scene.world.remote().commit_file("NOTES.md", content, "notes").expect("commit").to_string();
    let application =
        scene.until("synced", |application, _| application["status"]["sync"]["revision"] == revision).await;
    assert_eq!(application["status"]["sync"]["status"], "Synced");
    assert_eq!(application["status"]["operationState"], before["status"]["operationState"]);
}

#[tokio::test]
async fn scaling_changes_the_number_of_pods_and_nothing_else() {
    let scene = scene().await;
    let up = scene.commit("count: 2", "count: 4");
    scene.until_live(&up, "0.10.4", 4).await;
    assert_eq!(scene.world.kubernetes().store().list(Kind::ReplicaSet).len(), 1);
    let down = scene.commit("count: 4", "count: 0");
    scene
        .until("at zero", |application, view| application["status"]["sync"]["revision"] == down && view.pods.is_empty())
        .await;
}

#[tokio::test]
async fn a_tag_that_the_registry_lacks_ends_degraded_and_heals_when_it_is_pushed() {
    let scene = scene().await;
    let revision = scene.commit("0.10.4", "0.10.7");
    let application =
        scene.until("degraded", |application, _| application["status"]["health"]["status"] == "Degraded").await;
    assert_eq!(application["status"]["sync"]["revision"], revision);
    assert_eq!(application["status"]["operationState"]["phase"], "Succeeded", "the sync itself went well");
    let deployment = scene.deployment();
    let progressing = deployment["status"]["conditions"].as_array().expect("conditions");
    let progressing = progressing.iter().find(|one| one["type"] == "Progressing").expect("condition");
    assert_eq!(progressing["reason"], "ProgressDeadlineExceeded");
    let view = scene.world.view();
    let stuck = view.pods.iter().find(|pod| pod.image.ends_with(":0.10.7")).expect("the new pod");
    assert!(["ErrImagePull", "ImagePullBackOff"].contains(&stuck.status.as_str()), "{stuck:?}");
    assert_eq!(view.pods.iter().filter(|pod| pod.ready).count(), 2, "the old pods still run");

    let now = Timestamp::now();
    scene.world.registry().add_tag("team/oil-refinery-application", "0.10.7", now, 1000);
    scene.until_live(&revision, "0.10.7", 2).await;
}

#[tokio::test]
async fn a_broken_image_crashes_again_and_again() {
    let scene = scene().await;
    scene.commit("0.10.4", "0.10.3-broken");
    scene
        .until("crashing", |_, view| {
            view.pods.iter().any(|pod| pod.status == "CrashLoopBackOff" && pod.restarts >= 2 && !pod.ready)
        })
        .await;
    scene.until("degraded", |application, _| application["status"]["health"]["status"] == "Degraded").await;
    let back = scene.commit("0.10.3-broken", "0.10.4");
    scene.until_live(&back, "0.10.4", 2).await;
}

#[tokio::test]
async fn a_kustomization_that_cannot_be_rendered_is_a_comparison_error() {
    let scene = scene().await;
    scene.commit("  - name: oil-refinery-application\n    count", "  - name: other\n    count");
    let failed =
        |application: &Value, _: &WorldView| application["status"]["conditions"][0]["type"] == "ComparisonError";
    let application = scene.until("in error", failed).await;
    let message = text(&application, "/status/conditions/0/message");
    assert!(message.contains("resource with name other does not match a config"), "{message}");
    assert_eq!(application["status"]["sync"]["status"], "Unknown");
    assert!(application["status"]["sync"].get("revision").is_none());
    let fixed = scene.commit("name: other", "name: oil-refinery-application");
    let application = scene.until_live(&fixed, "0.10.4", 2).await;
    assert!(application["status"].get("conditions").is_none());
    scene.commit("newTag: \"0.10.4\"", "newTag: \"0.10.4");
    scene.until("in error", failed).await;
}

#[tokio::test]
async fn a_failing_sync_is_tried_again_and_then_given_up() {
    let scene = scene().await;
    scene.world.reconciler().fail_syncs(Some("admission webhook \"policy\" denied the request"));
    let revision = scene.commit("0.10.4", "0.10.5");
    let application =
        scene.until("failed", |application, _| application["status"]["operationState"]["phase"] == "Failed").await;
    let state = &application["status"]["operationState"];
    assert_eq!(state["retryCount"], 5);
    assert_eq!(state["syncResult"]["revision"], revision);
    assert!(text(state, "/message").contains("denied the request (retried 5 times)."), "{state}");
    let application = scene.until("explained", |one, _| one["status"]["conditions"][0]["type"] == "SyncError").await;
    assert!(text(&application, "/status/conditions/0/message").starts_with("Failed last sync attempt to ["));
    scene.world.reconciler().fail_syncs(None);
    let next = scene.commit("0.10.5", "0.10.6");
    scene.until_live(&next, "0.10.6", 2).await;
}

#[tokio::test]
async fn a_refresh_is_answered_at_once_unless_it_is_lost() {
    let scene = scene_with(|options| options.pace.poll = Duration::from_secs(3600)).await;
    let refresh = || {
        let change = |application: &mut Value| {
            application["metadata"]["annotations"]["argocd.argoproj.io/refresh"] = json!("normal");
            Ok(())
        };
        let store = scene.world.kubernetes().store();
        store.modify(Kind::Application, ("argocd", APPLICATION), change).expect("annotated");
    };
    let first = scene.application()["status"]["sync"]["revision"].clone();
    let revision = scene.commit("0.10.4", "0.10.5");
    scene.world.reconciler().lose_refreshes(1);
    refresh();
    let gone = |application: &Value, _: &WorldView| application["metadata"].get("annotations").is_none();
    assert_eq!(scene.until("answered", gone).await["status"]["sync"]["revision"], first);
    refresh();
    scene.until("answered", gone).await;
    scene.until_live(&revision, "0.10.5", 2).await;
}

#[tokio::test]
async fn a_paused_reconciler_and_a_closed_window_hold_a_commit_back() {
    let scene = scene().await;
    scene.world.close_sync_window("oil-refinery", true).expect("window");
    let revision = scene.commit("0.10.4", "0.10.5");
    let application = scene.until("seen", |one, _| one["status"]["sync"]["revision"] == revision).await;
    assert_eq!(application["status"]["sync"]["status"], "OutOfSync");
    assert!(application.get("operation").is_none() && application["status"].get("conditions").is_none());
    scene.world.close_sync_window("oil-refinery", false).expect("window");
    scene.until_live(&revision, "0.10.5", 2).await;

    scene.world.reconciler().pause(true);
    let revision = scene.commit("0.10.5", "0.10.6");
    let mut changes = scene.world.subscribe();
    changes.mark_unchanged();
    changes.changed().await.expect("the commit is shown");
    assert_ne!(scene.application()["status"]["sync"]["revision"], revision);
    scene.world.reconciler().pause(false);
    scene.until_live(&revision, "0.10.6", 2).await;
}

#[tokio::test]
async fn an_override_in_the_application_beats_git() {
    let scene = scene().await;
    let image = "registry.gitlab.example.org/team/oil-refinery-application:0.9.7";
    scene.world.override_images(APPLICATION, &[image]).expect("overridden");
    let first = text(&scene.application(), "/status/sync/revision").to_owned();
    scene.until_live(&first, "0.9.7", 2).await;
    let revision = scene.commit("0.10.4", "0.10.5");
    scene.until_live(&revision, "0.9.7", 2).await;
}

#[tokio::test]
async fn an_edit_in_the_cluster_is_undone() {
    let scene = scene().await;
    let change = |deployment: &mut Value| {
        deployment["spec"]["replicas"] = json!(5);
        Ok(())
    };
    let key = ("oil-refinery", "oil-refinery-application");
    let edited = scene.world.kubernetes().store().modify(Kind::Deployment, key, change).expect("edited");
    let edited = edited["metadata"]["generation"].clone();
    scene
        .until("undone", |_, _| {
            let deployment = scene.deployment();
            deployment["metadata"]["generation"].as_u64() > edited.as_u64() && deployment["spec"]["replicas"] == 2
        })
        .await;
    let revision = text(&scene.application(), "/status/sync/revision").to_owned();
    scene.until_live(&revision, "0.10.4", 2).await;
}

#[tokio::test]
async fn what_git_drops_is_pruned() {
    let scene = scene().await;
    let base = "apps/oil-refinery-application/base/kustomization.yaml";
    let text = b"resources:\n  - deployment.yaml\n";
    let revision = scene.world.remote().commit_file(base, text, "drop").expect("commit").to_string();
    scene.until_live(&revision, "0.10.4", 2).await;
    assert!(scene.world.kubernetes().store().list(Kind::Service).is_empty());
}

#[tokio::test]
async fn pods_wait_for_a_node_that_takes_them() {
    let scene = scene().await;
    let store = scene.world.kubernetes().store();
    let cordon = |name: &str, on: bool| {
        let change = |node: &mut Value| {
            node["spec"]["unschedulable"] = json!(on);
            Ok(())
        };
        store.modify(Kind::Node, ("", name), change).expect("cordoned");
    };
    cordon("refinery-worker-1", true);
    scene.world.kubernetes().set_node_ready("refinery-worker-2", false).expect("node");
    let revision = scene.commit("count: 2", "count: 3");
    scene.until("waiting", |_, view| view.pods.iter().any(|pod| pod.node.is_empty() && pod.status == "Pending")).await;
    cordon("refinery-worker-1", false);
    scene.until_live(&revision, "0.10.4", 3).await;
}

#[tokio::test]
async fn a_world_can_be_started_again_where_it_was() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let start = |folder: &Path| World::start(Options { pace: Pace::quick(), ..Options::new(folder) });
    let world = start(folder.path()).await.expect("starts");
    let overlay = "resources: [../../base]\nnamespace: oil-refinery\nimages: [{name: registry.gitlab.example.org/team/oil-refinery-application, newTag: \"0.9.0\"}]\n";
    world.remote().commit_file(OVERLAY, overlay.as_bytes(), "simple").expect("commit");
    world.shutdown().await;
    let world = start(folder.path()).await.expect("starts again");
    let view = world.view();
    assert_eq!((view.apps[0].tag.as_str(), view.apps[0].ready, view.commits.len()), ("0.9.0", 1, 2));
}
