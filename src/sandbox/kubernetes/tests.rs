//! The API server over HTTP, by the real client and without one.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    coordination::v1::Lease,
    core::v1::{Namespace, Node, Pod, Service},
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DynamicObject, ListParams, LogParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    core::GroupVersionKind,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::*;
use crate::sandbox::world::{Options, Pace, World};

const NAMESPACE: &str = "oil-refinery";
const NAME: &str = "oil-refinery-application";

struct Scene {
    world: World,
    client: Client,
    _folder: tempfile::TempDir,
}

async fn scene_with(change: impl FnOnce(&mut Options)) -> Scene {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut options = Options::new(folder.path());
    options.pace = Pace::quick();
    change(&mut options);
    let world = World::start(options).await.expect("the world starts");
    let client = client(&world).await;
    Scene { world, client, _folder: folder }
}

/// A client that reads the kubeconfig as the bot does.
async fn client(world: &World) -> Client {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&world.kubeconfig()).expect("a kubeconfig");
    let options = kube::config::KubeConfigOptions { context: Some("sandbox".to_owned()), ..Default::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    Client::try_from(config).expect("a client")
}

impl Scene {
    fn all<T>(&self) -> Api<T>
    where
        T: kube::Resource<DynamicType = ()>,
    {
        Api::all(self.client.clone())
    }

    fn own<T>(&self) -> Api<T>
    where
        T: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    fn argocd(&self, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind));
        Api::namespaced_with(self.client.clone(), "argocd", &resource)
    }

    async fn raw(&self, method: reqwest::Method, path: &str) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().expect("client");
        let url = format!("{}{path}", self.world.kubernetes_url());
        let response = client.request(method, url).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }
}

#[tokio::test]
async fn the_real_client_reads_nodes_and_workloads() {
    let scene = scene_with(|_| ()).await;
    let nodes = scene.all::<Node>().list(&ListParams::default()).await.expect("nodes").items;
    assert_eq!(nodes.len(), 3);
    let external = |node: &Node| {
        let addresses = node.status.as_ref().and_then(|status| status.addresses.as_ref()).expect("addresses");
        addresses.iter().find(|one| one.type_ == "ExternalIP").map(|one| one.address.clone())
    };
    let external: Vec<_> = nodes.iter().map(external).collect();
    assert_eq!(external, [None, Some("203.0.113.11".to_owned()), Some("203.0.113.12".to_owned())]);
    let taints = nodes[0].spec.as_ref().and_then(|spec| spec.taints.as_ref()).expect("taints");
    assert_eq!(
        (taints[0].key.as_str(), taints[0].effect.as_str()),
        ("node-role.kubernetes.io/control-plane", "NoSchedule")
    );

    let deployment = scene.own::<Deployment>().get(NAME).await.expect("deployment");
    let status = deployment.status.expect("status");
    assert_eq!(
        (status.ready_replicas, status.updated_replicas, status.available_replicas),
        (Some(2), Some(2), Some(2))
    );
    assert_eq!(status.observed_generation, deployment.metadata.generation);
    let selector = deployment.spec.expect("spec").selector.match_labels.expect("labels");
    let labels: Vec<String> = selector.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sets = scene.own::<ReplicaSet>().list(&ListParams::default().labels(&labels.join(","))).await.expect("sets");
    let set = &sets.items[0];
    assert_eq!(set.metadata.owner_references.as_ref().expect("owner")[0].uid, deployment.metadata.uid.expect("uid"));
    let pods = scene.own::<Pod>().list(&ListParams::default().labels(&labels.join(","))).await.expect("pods").items;
    assert_eq!(pods.len(), 2);
    let owner = &pods[0].metadata.owner_references.as_ref().expect("owner")[0];
    assert_eq!((Some(&owner.uid), owner.controller), (set.metadata.uid.as_ref(), Some(true)));
    let here = ListParams::default().fields("spec.nodeName=refinery-worker-1");
    assert_eq!(scene.all::<Pod>().list(&here).await.expect("pods").items.len(), 1);

    let parameters = LogParams { tail_lines: Some(3), ..LogParams::default() };
    let name = pods[0].metadata.name.as_deref().expect("name");
    assert_eq!(scene.own::<Pod>().logs(name, &parameters).await.expect("logs").lines().count(), 3);
    let error = scene.own::<Pod>().logs(name, &LogParams { previous: true, ..parameters }).await.expect_err("none");
    assert!(matches!(error, kube::Error::Api(status) if status.code == 400));
}

#[tokio::test]
async fn the_real_client_patches_an_application_and_sees_it_followed() {
    let scene = scene_with(|options| options.pace.poll = Duration::from_secs(3600)).await;
    let applications = scene.argocd("Application");
    let name = "oil-refinery-application-prod";
    let before = applications.get(name).await.expect("application");
    let revision = scene.world.remote().commit_file("NOTES.md", b"x\n", "notes").expect("commit").to_string();
    let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
    let patched = applications.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.expect("patched");
    assert_eq!(patched.metadata.generation, before.metadata.generation, "an annotation is no change of the spec");
    let version = patched.metadata.resource_version.expect("version");
    let watch = WatchParams::default().fields(&format!("metadata.name={name}")).timeout(20);
    let mut events = applications.watch(&watch, &version).await.expect("a watch").boxed();
    let synced = async {
        while let Some(event) = events.try_next().await.expect("an event") {
            let WatchEvent::Modified(application) = event else { panic!("unexpected {event:?}") };
            if application.data["status"]["sync"]["revision"] == revision {
                assert!(application.metadata.annotations.is_none_or(|annotations| annotations.is_empty()));
                return;
            }
        }
        panic!("the watch ended");
    };
    synced.await;
    let project = scene.argocd("AppProject").get("oil-refinery").await.expect("project");
    assert!(project.data["spec"]["sourceRepos"].is_array());
    assert_eq!(applications.list(&ListParams::default()).await.expect("list").items.len(), 1);
}

#[tokio::test]
async fn nodes_are_cordoned_and_leases_contended_for() {
    let scene = scene_with(|_| ()).await;
    let nodes = scene.all::<Node>();
    nodes.cordon("refinery-worker-1").await.expect("cordoned");
    let cordoned = nodes.list(&ListParams::default().fields("spec.unschedulable=true")).await.expect("nodes");
    assert_eq!(cordoned.items.len(), 1);
    nodes.uncordon("refinery-worker-1").await.expect("uncordoned");

    let leases = scene.own::<Lease>();
    let lease: Lease = serde_json::from_value(json!({
        "metadata": {"name": "tiphys"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15},
    }))
    .expect("a lease");
    let first = leases.create(&PostParams::default(), &lease).await.expect("created");
    assert!(matches!(
        leases.create(&PostParams::default(), &lease).await,
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists"
    ));
    let mut taken = first.clone();
    taken.spec.as_mut().expect("spec").holder_identity = Some("b".to_owned());
    leases.replace("tiphys", &PostParams::default(), &taken).await.expect("taken");
    assert!(matches!(
        leases.replace("tiphys", &PostParams::default(), &first).await,
        Err(kube::Error::Api(status)) if status.code == 409 && status.reason == "Conflict"
    ));
    leases.delete("tiphys", &Default::default()).await.expect("deleted");
    assert!(leases.get_opt("tiphys").await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_deleted_pod_is_replaced() {
    let scene = scene_with(|_| ()).await;
    let pods = scene.own::<Pod>();
    let name = pods.list(&ListParams::default()).await.expect("pods").items[0].metadata.name.clone().expect("name");
    let version = pods.list(&ListParams::default()).await.expect("pods").metadata.resource_version.expect("version");
    pods.delete(&name, &Default::default()).await.expect("deleted");
    let mut events = pods.watch(&WatchParams::default().timeout(20), &version).await.expect("a watch").boxed();
    let (mut gone, mut ready) = (false, false);
    while !(gone && ready) {
        match events.try_next().await.expect("an event").expect("the watch goes on") {
            WatchEvent::Deleted(pod) => gone |= pod.metadata.name.as_deref() == Some(&name),
            WatchEvent::Modified(pod) => {
                let conditions = pod.status.and_then(|status| status.conditions).unwrap_or_default();
                let is_ready = conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
                ready |= pod.metadata.name.as_deref() != Some(&name) && is_ready;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_autoscaler_is_listed() {
    let scene = scene_with(|_| ()).await;
    scene.world.kubernetes().add_autoscaler(NAMESPACE, NAME, 2, 6).expect("added");
    let list = scene.own::<HorizontalPodAutoscaler>().list(&ListParams::default()).await.expect("list");
    assert_eq!(list.items[0].spec.as_ref().expect("spec").scale_target_ref.name, NAME);
}

#[tokio::test]
async fn errors_are_status_objects() {
    let scene = scene_with(|options| options.kubernetes_token = Some("sandbox-token".to_owned())).await;
    scene.all::<Node>().list(&ListParams::default()).await.expect("the kubeconfig has the token");
    let (code, body) = scene.raw(reqwest::Method::GET, "/api/v1/nodes").await;
    assert_eq!((code, body["reason"].as_str()), (403, Some("Forbidden")));
    let expected = "nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";
    assert_eq!(body["message"], expected);
    let mut wrong = Config::new(scene.world.kubernetes_url().parse().expect("URL"));
    wrong.auth_info.token = Some("no".to_owned().into());
    let wrong: Api<Node> = Api::all(Client::try_from(wrong).expect("client"));
    assert!(matches!(wrong.get("x").await, Err(kube::Error::Api(status)) if status.code == 401));

    scene.world.kubernetes().deny("nodes", true);
    assert!(matches!(
        scene.all::<Node>().get("refinery-worker-1").await,
        Err(kube::Error::Api(status)) if status.code == 403 && status.message.contains("cannot get resource \"nodes\"")
    ));
    scene.world.kubernetes().deny("nodes", false);
    assert!(matches!(
        scene.own::<Deployment>().get("nothing").await,
        Err(kube::Error::Api(status)) if status.code == 404 && status.reason == "NotFound"
            && status.message == "deployments.apps \"nothing\" not found"
    ));
    assert!(matches!(
        scene.own::<ReplicaSet>().delete("nothing", &Default::default()).await,
        Err(kube::Error::Api(status)) if status.code == 404
    ));
}

#[tokio::test]
async fn lists_come_in_pages_and_old_watches_expire() {
    let scene = scene_with(|_| ()).await;
    let nodes = scene.all::<Node>();
    let first = nodes.list(&ListParams::default().limit(2)).await.expect("nodes");
    let token = first.metadata.continue_.expect("a second page");
    let second = nodes.list(&ListParams::default().limit(2).continue_token(&token)).await.expect("nodes");
    assert_eq!((first.items.len(), second.items.len(), second.metadata.continue_), (2, 1, None));
    let mut events = nodes.watch(&WatchParams::default(), "1").await.expect("a watch").boxed();
    assert!(matches!(events.try_next().await, Ok(Some(WatchEvent::Error(status))) if status.code == 410));
}

#[tokio::test]
async fn faults_begin_and_end() {
    let scene = scene_with(|_| ()).await;
    let nodes = scene.all::<Node>();
    scene.world.kubernetes().set_fault(ApiFault::Status(500));
    assert!(matches!(nodes.get("refinery-worker-1").await, Err(kube::Error::Api(status)) if status.code == 500));
    scene.world.kubernetes().set_fault(ApiFault::Drop);
    assert!(!matches!(nodes.get("refinery-worker-1").await, Ok(_) | Err(kube::Error::Api(_))));
    scene.world.kubernetes().set_fault(ApiFault::Hang);
    let hanging = tokio::time::timeout(Duration::from_millis(50), nodes.get("refinery-worker-1")).await;
    assert!(hanging.is_err(), "no answer");
    scene.world.kubernetes().set_fault(ApiFault::None);
    nodes.get("refinery-worker-1").await.expect("it is back");
}

/// Reads every served object as the type that Kubernetes' own schema gives it, and writes it again: nothing may be lost.
#[tokio::test]
async fn served_objects_fit_their_types_field_by_field() {
    let scene = scene_with(|_| ()).await;
    scene.world.kubernetes().add_autoscaler(NAMESPACE, NAME, 2, 6).expect("added");
    let store = scene.world.kubernetes().store();
    fn check<T: DeserializeOwned + Serialize>(objects: &[Value]) {
        assert!(!objects.is_empty());
        for object in objects {
            let typed: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object:#}"));
            let again = serde_json::to_value(typed).expect("JSON");
            assert_eq!(without_empty(&again), without_empty(object));
        }
    }
    check::<Node>(&store.list(Kind::Node));
    check::<Namespace>(&store.list(Kind::Namespace));
    check::<Deployment>(&store.list(Kind::Deployment));
    check::<ReplicaSet>(&store.list(Kind::ReplicaSet));
    check::<Pod>(&store.list(Kind::Pod));
    check::<Service>(&store.list(Kind::Service));
    check::<PodDisruptionBudget>(&store.list(Kind::PodDisruptionBudget));
    check::<HorizontalPodAutoscaler>(&store.list(Kind::HorizontalPodAutoscaler));
}

/// The same value without nulls and empty objects, which typed values leave out.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> =
                fields.iter().map(|(name, value)| (name.clone(), without_empty(value))).collect();
            json!(
                fields
                    .into_iter()
                    .filter(|(_, value)| !value.is_null() && *value != json!({}))
                    .collect::<BTreeMap<_, _>>()
            )
        }
        Value::Array(items) => items.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

/// Checks Argo CD's objects against its own schemas, in every state that a rollout goes through.
#[tokio::test]
async fn argo_cd_objects_fit_the_crd_schemas() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/argocd");
    let schema = |file: &str| {
        let text = std::fs::read_to_string(format!("{folder}/{file}")).expect("the CRD");
        let crd: Value = serde_yaml::from_str(&text).expect("YAML");
        jsonschema::validator_for(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]).expect("a schema")
    };
    let (application, project) = (schema("argocd-application-crd.yaml"), schema("argocd-appproject-crd.yaml"));
    let scene = scene_with(|options| options.pace.poll = Duration::from_millis(20)).await;
    let store = scene.world.kubernetes().store();
    let start = store.version();
    scene.world.close_sync_window("oil-refinery", true).expect("window");
    let image = "registry.gitlab.example.org/team/oil-refinery-application:9.9.9";
    scene.world.override_images("oil-refinery-application-prod", &[image]).expect("overridden");
    scene.world.close_sync_window("oil-refinery", false).expect("window");
    let mut changes = scene.world.subscribe();
    let degraded = async {
        while !store.list(Kind::Application).iter().any(|app| app["status"]["health"]["status"] == "Degraded") {
            changes.changed().await.expect("the world lives");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), degraded).await.expect("degraded in time");
    let mut count = 0;
    for (kind, validator) in [(Kind::Application, &application), (Kind::AppProject, &project)] {
        for object in store.history(kind, start).expect("remembered") {
            let errors: Vec<String> =
                validator.iter_errors(&object).map(|one| format!("{}: {one}", one.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}\n{object:#}");
            count += 1;
        }
    }
    assert!(count > 5, "{count} states were seen");
}

#[tokio::test]
async fn tables_are_made_for_kubectl() {
    let scene = scene_with(|_| ()).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    let url = format!("{}/api/v1/namespaces/{NAMESPACE}/pods", scene.world.kubernetes_url());
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let table: Value =
        client.get(url).header("accept", accept).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][1], "1/1");
    assert_eq!(table["rows"][0]["cells"][2], "Running");
}
