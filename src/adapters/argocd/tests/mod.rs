//! The adapter against a server that answers as the Kubernetes API does.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::Request,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    name::{EnvironmentName, RepoPath, Revision},
    observation::{Health, Phase, SyncStatus},
};
mod applications;
mod wire;
mod workloads;

const APPLICATION: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/refinery-prod";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/oil/deployments/refinery";
const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/oil/replicasets";
const PODS: &str = "/api/v1/namespaces/oil/pods";
const AUTOSCALERS: &str = "/apis/autoscaling/v2/namespaces/oil/horizontalpodautoscalers";
const C: &str = "cccccccccccccccccccccccccccccccccccccccc";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The manifests repository, on a branch.
fn origin(branch: &str) -> Origin {
    Origin { url: "https://gitlab.example.org/team/manifests.git".into(), branch: branch.into() }
}

/// A request: method, path with query, authorisation and content type, body.
type Seen = (Method, String, String, Value);
/// What the server answers by path; `None` never answers.
type Answers = Arc<Mutex<HashMap<String, Option<(u16, Value)>>>>;

struct World {
    answers: Answers,
    seen: Arc<Mutex<Vec<Seen>>>,
    kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (answers, seen): (Answers, Arc<Mutex<Vec<_>>>) = Default::default();
        let (table, log) = (Arc::clone(&answers), Arc::clone(&seen));
        let router = Router::new().fallback(move |request: Request| {
            let (table, log) = (Arc::clone(&table), Arc::clone(&log));
            async move { answer(request, &table, &log).await }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, kubeconfig_text(&format!("http://{address}"))).expect("written");
        Self { answers, seen, kubeconfig, _folder: folder }
    }

    /// A world where all is well.
    async fn well() -> Self {
        let world = Self::start().await;
        world.set(APPLICATION, 200, application());
        world.set(DEPLOYMENT, 200, deployment());
        world
    }

    fn set(&self, path: &str, status: u16, body: Value) {
        self.answers.lock().expect("no panic before").insert(path.to_owned(), Some((status, body)));
    }

    fn silence(&self, path: &str) {
        self.answers.lock().expect("no panic before").insert(path.to_owned(), None);
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic before").clone()
    }

    fn settings(&self) -> Settings {
        Settings {
            access: Access::Kubeconfig { file: self.kubeconfig.clone(), context: "test".into() },
            repositories: HashMap::from([(RepositoryBranch::default(), origin("main"))]),
            deadline: Duration::from_secs(5),
        }
    }

    async fn argocd(&self) -> ArgoCd {
        ArgoCd::connect(self.settings()).await.expect("good settings")
    }

    async fn observe(&self) -> Observation {
        self.argocd().await.observe(&environment()).await.expect("an observation")
    }
}

async fn answer(request: Request, table: &Answers, log: &Mutex<Vec<Seen>>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let note = format!("{} {}", header("authorization"), header("content-type"));
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    log.lock().expect("no panic before").push((
        parts.method,
        target,
        note,
        serde_json::from_slice(&body).unwrap_or(Value::Null),
    ));
    let found = table.lock().expect("no panic before").get(parts.uri.path()).cloned();
    match found {
        Some(Some((status, body))) => {
            (StatusCode::from_u16(status).expect("a status"), axum::Json(body)).into_response()
        }
        Some(None) => std::future::pending().await,
        None => (StatusCode::NOT_FOUND, axum::Json(failure(404, "NotFound", "not found"))).into_response(),
    }
}

fn failure(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

/// Two contexts, of which the current one is the wrong one.
fn kubeconfig_text(server: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "production",
        "clusters": [
            {"name": "here", "cluster": {"server": server}},
            {"name": "elsewhere", "cluster": {"server": "https://production.invalid:6443"}},
        ],
        "users": [{"name": "robot", "user": {"token": "s3cret"}}],
        "contexts": [
            {"name": "test", "context": {"cluster": "here", "user": "robot"}},
            {"name": "production", "context": {"cluster": "elsewhere", "user": "robot"}},
        ],
    })
    .to_string()
}

fn environment() -> Environment {
    Environment {
        name: EnvironmentName::new("prod").expect("valid"),
        repository: Default::default(),
        path: RepoPath::new("apps/refinery/overlays/prod").expect("valid"),
        workload: Workload { namespace: "oil".into(), name: "refinery".into() },
        argocd: ObjectName { namespace: "argocd".into(), name: "refinery-prod".into() },
        manifests: Default::default(),
        max_replicas: 10,
    }
}

/// An Application as the API server gives it after a successful sync.
fn application() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "refinery-prod", "namespace": "argocd", "uid": "a-1", "resourceVersion": "7", "generation": 9},
        "spec": {
            "project": "default",
            "destination": {"namespace": "oil", "server": "https://kubernetes.default.svc"},
            "source": {
                "repoURL": "https://gitlab.example.org/team/manifests.git",
                "path": "apps/refinery/overlays/prod",
                "targetRevision": "main",
            },
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
        },
        "status": {
            "controllerNamespace": "argocd",
            "health": {"status": "Healthy", "lastTransitionTime": "2026-11-02T10:00:30Z"},
            "history": [{"id": 3, "revision": C, "deployedAt": "2026-11-02T10:00:12Z"}],
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced (all tasks run)",
                "startedAt": "2026-11-02T10:00:10Z",
                "finishedAt": "2026-11-02T10:00:12Z",
                "operation": {"initiatedBy": {"automated": true}, "retry": {"limit": 5}, "sync": {"prune": true, "revision": C}},
                "syncResult": {
                    "revision": C,
                    "resources": [{
                        "group": "apps", "version": "v1", "kind": "Deployment", "namespace": "oil", "name": "refinery",
                        "status": "Synced", "hookPhase": "Running", "syncPhase": "Sync", "message": "deployment.apps/refinery configured",
                    }],
                },
            },
            "reconciledAt": "2026-11-02T10:00:31Z",
            "resources": [{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "oil", "name": "refinery", "status": "Synced"}],
            "sourceType": "Kustomize",
            "summary": {"images": ["registry.example.org/team/refinery:0.10.5"]},
            "sync": {"status": "Synced", "revision": C, "comparedTo": {}},
        },
    })
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "refinery", "namespace": "oil", "uid": "d-1", "generation": 4,
            "annotations": {"deployment.kubernetes.io/revision": "12"},
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "refinery"}},
            "template": {
                "metadata": {"labels": {"app": "refinery"}},
                "spec": {
                    "initContainers": [{"name": "wait", "image": "registry.example.org/team/wait:1"}],
                    "containers": [
                        {"name": "app", "image": "registry.example.org/team/refinery:0.10.5"},
                        {"name": "proxy", "image": "registry.example.org/team/proxy:3"},
                    ],
                },
            },
        },
        "status": {
            "observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
            "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        },
    })
}

/// The value with the one at a JSON pointer replaced.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = value.pointer_mut(parent).expect("it points somewhere");
    if new.is_null() {
        parent.as_object_mut().expect("an object").remove(key);
    } else {
        parent[key] = new;
    }
    value
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    Some(text.parse().expect("a time"))
}

fn revision(text: &str) -> Option<Revision> {
    Some(Revision::new(text).expect("a revision"))
}

fn list(kind: &str, items: &[Value]) -> Value {
    json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}
