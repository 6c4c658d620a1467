//! Applications of Argo CD and autoscalers: what the follower and `/set_replicas` see.

use std::sync::Arc;

use k8s_openapi::{
    api::autoscaling::v2::HorizontalPodAutoscaler,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tiphys::{
    domain::{
        catalogue::{Environment, Manifests, ObjectName, RepositoryBranch, Workload},
        name::{EnvironmentName, RepoPath},
    },
    ports::{Cluster, ClusterError},
};

use crate::{
    objects::{self, IMAGE, NAME},
    program::{configure, run},
    rights::demand_one,
    site::{PATIENCE, Site, typed, wait},
    workload,
};

/// The CRD that is made where Argo CD isn't installed.
const DEFINITION: &str = "applications.argoproj.io";
const REVISION: &str = "4d1c5d2f1f6f4b1fb8a7a6d9c5f0e3b2a1908f7e";

/// `/status` with an Application, a refresh, and which autoscaler scales the Deployment.
pub(crate) async fn observed(site: Arc<Site>) {
    configure(&site);
    workload::make_node(&site, None).await;
    workload::make(&site).await;
    the_autoscaler_is_found(&site).await;

    let applications = applications(&site);
    define(&site, &applications).await;
    let of_site = environment(&site);
    match site.argocd.observe(&of_site).await {
        Err(ClusterError::NotFound { kind: "Application", .. }) => {}
        other => panic!("{other:?}"),
    }
    site.make(&applications, "applications.argoproj.io", &typed(application(&site))).await;

    let status = run(&site, &["status", "--json"]).await;
    let report = status.json()["answer"]["status"][0].clone();
    let live = &report["live"]["Ok"];
    assert_eq!((&live["sync"], &live["health"]), (&json!("Synced"), &json!("Degraded")), "{status:#?}");
    assert_eq!((&live["revision"], &live["desired"]), (&json!(REVISION), &json!(4)), "{report:#}");
    assert_eq!((&live["tag"], &live["has_image"]), (&json!("0.10.4"), &json!(true)), "{report:#}");
    let trouble = live["trouble"].as_array().expect("a list");
    for reason in ["CrashLoopBackOff", "ImagePullBackOff", "Unschedulable"] {
        assert!(trouble.iter().any(|one| one.as_str().is_some_and(|one| one.contains(reason))), "{reason}: {live:#}");
    }

    site.argocd.refresh(&of_site).await.expect("a refresh");
    let annotated = applications.get_metadata(&of_site.argocd.name).await.expect("it was made here");
    let annotation = annotated.metadata.annotations.unwrap_or_default().remove("argocd.argoproj.io/refresh");
    // An Argo CD that looks after all namespaces has taken it away already.
    assert!(annotation.is_none_or(|value| value == "normal"));
}

async fn the_autoscaler_is_found(site: &Site) {
    let workload = Workload { namespace: site.name.clone(), name: NAME.into() };
    let autoscalers: Api<HorizontalPodAutoscaler> = site.own();
    match autoscalers.list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {
            println!("the API server has no autoscaling/v2, so it is older than 1.23: no autoscaler is made");
            // That isn't taken for the absence of autoscalers.
            assert!(site.argocd.autoscaler(&workload).await.is_err());
            return;
        }
        Err(error) => panic!("the context {:?} cannot list horizontalpodautoscalers: {error}", site.context),
        Ok(_) => {}
    }
    assert_eq!(site.argocd.autoscaler(&workload).await.expect("an answer"), None);
    site.make(&autoscalers, "horizontalpodautoscalers", &typed(objects::autoscaler())).await;
    assert_eq!(site.argocd.autoscaler(&workload).await.expect("an answer").as_deref(), Some("by-load"));
    let other = Workload { name: "another".into(), ..workload };
    assert_eq!(site.argocd.autoscaler(&other).await.expect("an answer"), None);
}

fn applications(site: &Site) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
    Api::namespaced_with(site.client.clone(), &site.name, &ApiResource::from_gvk(&kind))
}

/// Sees to it that there are Applications at all.
async fn define(site: &Site, applications: &Api<DynamicObject>) {
    match applications.list(&ListParams::default()).await {
        Ok(_) => return,
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => panic!("the context {:?} cannot list applications.argoproj.io: {error}", site.context),
    }
    println!("Argo CD is not installed: its CRD is made, and removed at the end");
    demand_one(site, "apiextensions.k8s.io", "customresourcedefinitions", &["create", "delete"]).await;
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"type": "object", "properties": {"spec": any, "status": any, "operation": any}});
    let definition: CustomResourceDefinition = typed(json!({
        "metadata": {"name": DEFINITION, "labels": objects::labels()},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": "Application", "listKind": "ApplicationList", "plural": "applications", "singular": "application"},
            // As Argo CD's own: the status has no address of its own.
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            }],
        },
    }));
    site.make(&site.definitions_api(), "customresourcedefinitions", &definition).await;
    site.definitions.lock().expect("no thread has panicked with it").push(DEFINITION.to_owned());
    let served = wait(PATIENCE, async || applications.list(&ListParams::default()).await.ok());
    served.await.expect("the API server serves what was defined");
}

fn application(site: &Site) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": format!("{NAME}-prod"), "namespace": site.name, "labels": objects::labels()},
        "spec": {
            "project": "tiphys-tests",
            "source": {"repoURL": "https://git.tiphys-test.invalid/m.git", "path": "apps/prod", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": site.name},
        },
        "status": {
            "sync": {"status": "Synced", "revision": REVISION},
            "health": {"status": "Degraded"},
            "reconciledAt": "2026-11-21T10:00:05Z",
            "operationState": {
                "phase": "Succeeded", "message": "successfully synced (all tasks run)",
                "startedAt": "2026-11-21T10:00:00Z", "finishedAt": "2026-11-21T10:00:04Z",
                "operation": {"sync": {"revision": REVISION}},
                "syncResult": {"revision": REVISION, "resources": []},
            },
            "summary": {"images": [format!("{IMAGE}:0.10.4")]},
        },
    })
}

fn environment(site: &Site) -> Environment {
    Environment {
        name: EnvironmentName::new("prod").expect("a name"),
        repository: RepositoryBranch::default(),
        path: RepoPath::new("apps/prod").expect("a path"),
        manifests: Manifests::default(),
        workload: Workload { namespace: site.name.clone(), name: NAME.into() },
        argocd: ObjectName { namespace: site.name.clone(), name: format!("{NAME}-prod") },
        max_replicas: 10,
    }
}
