//! A place in the cluster that is made for one test and removed after it, however the test ends.

use std::{
    collections::HashMap,
    env, fs,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::FutureExt;
use k8s_openapi::{
    api::core::v1::{Namespace, Node, ServiceAccount},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{DeleteParams, PostParams},
    config::Kubeconfig,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tempfile::TempDir;
use tiphys::adapters::argocd::{Access, ArgoCd, Settings};

use crate::{objects, rights};

/// The variable that names the cluster.
const VARIABLE: &str = "TIPHYS_TEST_KUBECONFIG";
/// The variable that names the context, where the file has several.
const CONTEXT: &str = "TIPHYS_TEST_CONTEXT";
/// How long controllers may take for something that they surely do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// The variable that says for how many seconds it is waited for something that nobody may be there to do.
pub(crate) const WAIT: &str = "TIPHYS_TEST_WAIT";

/// The label of all that is made.
pub(crate) const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "tiphys-tests");

/// A cluster, and a namespace in it.
pub(crate) struct Site {
    pub(crate) file: PathBuf,
    pub(crate) context: String,
    pub(crate) argocd: ArgoCd,
    pub(crate) client: Client,
    /// The namespace, and the beginning of all other names.
    pub(crate) name: String,
    pub(crate) dir: TempDir,
    /// Custom resource definitions that were made here.
    pub(crate) definitions: Mutex<Vec<String>>,
}

/// How long it is waited for something that nobody may be there to do: controllers that work show it in seconds.
pub(crate) fn a_while() -> Duration {
    let given = env::var(WAIT).ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(8))
}

/// Plays a test on a site of its own.
pub(crate) async fn play<F: Future<Output = ()>>(subject: &str, body: impl FnOnce(Arc<Site>) -> F) {
    tiphys::app::install_crypto();
    let site = Arc::new(Site::find(subject).await);
    let before = fs::read(&site.file).expect("the kubeconfig can be read");
    rights::demand(&site).await;
    let played = async {
        site.make_namespace().await;
        body(Arc::clone(&site)).await;
    };
    let ended = tokio::select! {
        ended = AssertUnwindSafe(played).catch_unwind() => Some(ended),
        _ = tokio::signal::ctrl_c() => None,
    };
    let left = site.remove().await;
    left.iter().for_each(|what| eprintln!("left behind: {what}"));
    if let Some(Err(panic)) = ended {
        resume_unwind(panic);
    }
    assert!(ended.is_some(), "interrupted");
    assert!(fs::read(&site.file).expect("it is there") == before, "{} was changed", site.file.display());
    assert!(left.is_empty(), "{left:#?}");
}

impl Site {
    async fn find(subject: &str) -> Self {
        let file = env::var_os(VARIABLE).filter(|value| !value.is_empty()).unwrap_or_else(|| {
            panic!(
                "{VARIABLE} is not set: this test needs a Kubernetes cluster, in which it makes a namespace, a Node \
                 and, if there is none, the CRD of Argo CD's Applications, and removes them; set the variable to a \
                 kubeconfig file of somebody who may do that"
            )
        });
        let file = fs::canonicalize(&file).unwrap_or_else(|error| panic!("{VARIABLE}={}: {error}", file.display()));
        let kubeconfig = Kubeconfig::read_from(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let contexts: Vec<String> = kubeconfig.contexts.into_iter().map(|context| context.name).collect();
        let context = match (env::var(CONTEXT), contexts.as_slice()) {
            (Ok(name), _) if contexts.contains(&name) => name,
            (Err(_), [only]) => only.clone(),
            (Ok(name), _) => panic!("{CONTEXT}: {} has no context {name:?}, but {contexts:?}", file.display()),
            (Err(_), _) => panic!("{} has the contexts {contexts:?}: {CONTEXT} must name one", file.display()),
        };
        let access = Access::Kubeconfig { file: file.clone(), context: context.clone() };
        let settings = Settings { access, repositories: HashMap::new(), deadline: Duration::from_secs(30) };
        let argocd = ArgoCd::connect(settings).await.unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
        let client = argocd.client();
        let name = format!("tiphys-test-{subject}-{}", unique());
        let dir = tempfile::tempdir().expect("a temporary folder");
        Self { file, context, argocd, client, name, dir, definitions: Mutex::default() }
    }

    async fn make_namespace(&self) {
        let namespace: Namespace = typed(json!({"metadata": {"name": self.name, "labels": objects::labels()}}));
        self.make(&Api::all(self.client.clone()), "namespaces", &namespace).await;
        // Without this account the API server admits no pods. A controller makes it, where there is one.
        let accounts: Api<ServiceAccount> = self.own();
        let made = wait(a_while(), async || accounts.get_opt("default").await.ok().flatten()).await;
        if made.is_none() {
            let account = json!({"metadata": {"name": "default"}, "automountServiceAccountToken": false});
            let account: ServiceAccount = typed(account);
            self.make(&accounts, "serviceaccounts", &account).await;
        }
    }

    /// The objects of a kind in the namespace.
    pub(crate) fn own<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// The custom resource definitions.
    pub(crate) fn definitions_api(&self) -> Api<CustomResourceDefinition> {
        Api::all(self.client.clone())
    }

    /// Makes an object, or says what right is missing.
    pub(crate) async fn make<K>(&self, api: &Api<K>, resource: &str, object: &K) -> K
    where
        K: Clone + Serialize + DeserializeOwned + std::fmt::Debug,
    {
        let made = api.create(&PostParams::default(), object).await;
        made.unwrap_or_else(|error| panic!("the context {:?} cannot create {resource}: {error}", self.context))
    }

    /// Removes all that was made; returns what could not be removed.
    async fn remove(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Err(error) = self.remove_namespace().await {
            left.push(format!("the namespace {}: {error}", self.name));
        }
        let nodes: Api<Node> = Api::all(self.client.clone());
        if let Err(error) = gone(nodes.delete(&self.name, &DeleteParams::default()).await) {
            left.push(format!("the node {}: {error}", self.name));
        }
        let definitions = std::mem::take(&mut *self.definitions.lock().unwrap_or_else(PoisonError::into_inner));
        for name in definitions {
            if let Err(error) = gone(self.definitions_api().delete(&name, &DeleteParams::default()).await) {
                left.push(format!("the custom resource definition {name}: {error}"));
            }
        }
        left
    }

    async fn remove_namespace(&self) -> Result<(), String> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        // First what makes others, then the others. Their machine doesn't exist: nobody would ever confirm their end.
        for path in objects::COLLECTIONS {
            let (group, plural) = path;
            let url =
                format!("/{group}/namespaces/{}/{plural}?gracePeriodSeconds=0&propagationPolicy=Background", self.name);
            let request = http::Request::delete(url).body(b"{}".to_vec()).expect("a request");
            if let Err(error) = gone(self.client.request::<Value>(request).await) {
                eprintln!("{plural} in {}: {error}", self.name);
            }
        }
        gone(namespaces.delete(&self.name, &DeleteParams::default()).await)?;
        let find = async || match namespaces.get_opt(&self.name).await {
            Ok(None) => Some(()),
            _ => None,
        };
        if wait(a_while(), find).await.is_some() {
            return Ok(());
        }
        let mut namespace = match namespaces.get_opt(&self.name).await {
            Ok(None) => return Ok(()),
            Ok(Some(namespace)) => namespace,
            Err(error) => return Err(error.to_string()),
        };
        if namespace.status.as_ref().is_none_or(|status| status.conditions.is_none()) {
            // Nobody looks after namespaces here; it is empty.
            if let Some(spec) = &mut namespace.spec {
                spec.finalizers = None;
            }
            let url = format!("/api/v1/namespaces/{}/finalize", self.name);
            let body = serde_json::to_vec(&namespace).expect("JSON");
            let request = http::Request::put(url).header("content-type", "application/json").body(body);
            gone(self.client.request::<Value>(request.expect("a request")).await)?;
        }
        wait(PATIENCE, find).await.ok_or_else(|| format!("still there after {PATIENCE:?}"))
    }
}

/// It is no failure when there was nothing.
fn gone<T>(answer: Result<T, kube::Error>) -> Result<(), String> {
    match answer {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Ok(()),
    }
}

/// An object of the API from JSON.
pub(crate) fn typed<K: DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object:#}"))
}

/// Asks until there is an answer, for so long at most.
pub(crate) async fn wait<T>(most: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + most;
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Letters and digits that no other run has.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis() as u64;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}{:02x}{count:x}", now & 0xffff_ffff, std::process::id() & 0xff)
}
