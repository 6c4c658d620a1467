//! The rights that these tests need: asked for before anything is made, and named where they are missing.

use futures_util::future::join_all;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::{Api, api::PostParams};
use serde_json::json;

use crate::site::{Site, typed};

/// Group, resource, subresource, verbs, and whether the namespace is enough.
type Right = (&'static str, &'static str, &'static str, &'static [&'static str], bool);

/// What the tests do themselves, and after that what the program does.
const NEEDED: &[Right] = &[
    ("", "namespaces", "", &["create", "get", "delete"], false),
    ("", "namespaces", "finalize", &["update"], false),
    ("", "nodes", "", &["create", "get", "delete"], false),
    ("", "nodes", "status", &["patch"], false),
    ("", "serviceaccounts", "", &["create", "get", "deletecollection"], true),
    ("", "pods", "", &["create", "deletecollection"], true),
    ("", "pods", "binding", &["create"], true),
    ("", "pods", "status", &["patch"], true),
    ("", "events", "", &["create", "deletecollection"], true),
    ("apps", "deployments", "", &["create", "patch", "deletecollection"], true),
    ("apps", "deployments", "status", &["get", "patch"], true),
    ("apps", "replicasets", "", &["create", "deletecollection"], true),
    ("autoscaling", "horizontalpodautoscalers", "", &["create", "deletecollection"], true),
    ("argoproj.io", "applications", "", &["create", "list", "deletecollection"], true),
    // As `manifests/` grants them to the program.
    ("", "nodes", "", &["list", "patch"], false),
    ("", "pods", "", &["list"], false),
    ("", "pods", "", &["get", "list"], true),
    ("", "pods", "log", &["get"], true),
    ("", "events", "", &["list"], true),
    ("apps", "deployments", "", &["get"], true),
    ("apps", "replicasets", "", &["list"], true),
    ("autoscaling", "horizontalpodautoscalers", "", &["list"], true),
    ("argoproj.io", "applications", "", &["get", "patch"], true),
];

/// Stops the test when rights are missing, and names all of them.
pub(crate) async fn demand(site: &Site) {
    let all = NEEDED.iter().flat_map(|right| right.3.iter().map(move |verb| (right, *verb)));
    let missing: Vec<String> =
        join_all(all.map(|(right, verb)| is_missing(site, right, verb))).await.into_iter().flatten().collect();
    assert!(missing.is_empty(), "the context {:?} has no right to: {}", site.context, missing.join("; "));
}

/// Says that a right is needed for one test alone, unless it is there.
pub(crate) async fn demand_one(
    site: &Site,
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
) {
    for verb in verbs {
        let missing = is_missing(site, &(group, resource, "", verbs, false), verb).await;
        assert!(missing.is_none(), "the context {:?} has no right to {}", site.context, missing.unwrap_or_default());
    }
}

/// The right in words, when it isn't there.
async fn is_missing(site: &Site, right: &Right, verb: &str) -> Option<String> {
    let (group, resource, subresource, _, namespaced) = *right;
    let mut attributes = json!({"group": group, "resource": resource, "subresource": subresource, "verb": verb});
    if namespaced {
        attributes["namespace"] = json!(site.name);
    }
    let review: SelfSubjectAccessReview = typed(json!({"spec": {"resourceAttributes": attributes}}));
    let reviews: Api<SelfSubjectAccessReview> = Api::all(site.client.clone());
    let status = match reviews.create(&PostParams::default(), &review).await {
        Ok(review) => review.status,
        Err(error) => panic!("the context {:?} is not told its rights: {error}", site.context),
    };
    let allowed = status.is_some_and(|status| status.allowed);
    let dot = if group.is_empty() { "" } else { "." };
    let slash = if subresource.is_empty() { "" } else { "/" };
    let place = if namespaced { "in a namespace of its own" } else { "in the whole cluster" };
    (!allowed).then(|| format!("{verb} {resource}{slash}{subresource}{dot}{group} {place}"))
}
