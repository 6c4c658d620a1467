//! The sandbox's API server answers as the real one does, field by field: errors, writes, pages and watches.
//!
//! The expected errors are what a kube-apiserver answered to the same requests.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tiphys::sandbox::kubernetes::{ApiServer, Crowd, kind::Kind};

use super::support::{IMAGE, NAME, NAMESPACE};

struct Wire {
    server: ApiServer,
    client: reqwest::Client,
    url: String,
}

impl Wire {
    async fn start() -> Self {
        tiphys::app::install_crypto();
        let server = ApiServer::start().await.expect("a port");
        let config: Value = serde_yaml::from_str(&server.kubeconfig()).expect("YAML");
        let url = config["clusters"][0]["cluster"]["server"].as_str().expect("an address").to_owned();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { server, client, url }
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Response {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.url)).header("content-type", kind);
        request.body(body.to_owned()).send().await.expect("an answer")
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let answer = self.send(method, path, kind, &body.to_string()).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }
}

fn failure(code: u16, reason: &str, message: &str, details: Value) -> Value {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code,
    });
    if !details.is_null() {
        status["details"] = details;
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_of_a_real_server() {
    let wire = Wire::start().await;
    let maps = "/api/v1/namespaces/default/configmaps";
    let named = |name: &str| json!({"metadata": {"name": name}});
    assert_eq!(wire.ask("POST", maps, &named("a")).await.0, 201);
    let stale = json!({"metadata": {"name": "a", "resourceVersion": "1"}, "data": {"k": "v"}});
    let elsewhere = json!({"metadata": {"name": "x", "namespace": "other"}});
    let required = "Required value: name or generateName is required";
    let no_name = json!({"kind": "ConfigMap", "causes": [
        {"reason": "FieldValueRequired", "message": required, "field": "metadata.name"},
    ]});
    let not_there = "the server could not find the requested resource";
    let no_method = "the server does not allow this method on the requested resource";
    let conflict = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your \
                    changes to the latest version and try again";
    let other_place = "the namespace of the provided object does not match the namespace sent on the request";
    let other_name = "the name of the object (b) does not match the name on the URL (a)";
    let of_map = json!({"name": "a", "kind": "configmaps"});
    let cases = [
        (
            "GET",
            "/api/v1/namespaces/default/pods/nothing".to_owned(),
            json!({}),
            failure(404, "NotFound", "pods \"nothing\" not found", json!({"name": "nothing", "kind": "pods"})),
        ),
        (
            "GET",
            "/apis/apps/v1/namespaces/default/deployments/nothing".to_owned(),
            json!({}),
            failure(
                404,
                "NotFound",
                "deployments.apps \"nothing\" not found",
                json!({"name": "nothing", "group": "apps", "kind": "deployments"}),
            ),
        ),
        ("GET", "/api/v1/nothings".to_owned(), json!({}), failure(404, "NotFound", not_there, json!({}))),
        ("GET", "/apis/apps/v9/deployments".to_owned(), json!({}), failure(404, "NotFound", not_there, json!({}))),
        ("PUT", "/api/v1/nodes".to_owned(), json!({}), failure(405, "MethodNotAllowed", no_method, json!({}))),
        ("POST", "/api/v1/nodes/x".to_owned(), json!({}), failure(405, "MethodNotAllowed", no_method, json!({}))),
        (
            "POST",
            "/api/v1/namespaces/missing/configmaps".to_owned(),
            named("x"),
            failure(
                404,
                "NotFound",
                "namespaces \"missing\" not found",
                json!({"name": "missing", "kind": "namespaces"}),
            ),
        ),
        (
            "POST",
            maps.to_owned(),
            json!({"metadata": {}}),
            failure(422, "Invalid", &format!("ConfigMap \"\" is invalid: metadata.name: {required}"), no_name),
        ),
        ("POST", maps.to_owned(), elsewhere, failure(400, "BadRequest", other_place, Value::Null)),
        (
            "POST",
            maps.to_owned(),
            named("a"),
            failure(409, "AlreadyExists", "configmaps \"a\" already exists", of_map.clone()),
        ),
        ("PUT", format!("{maps}/a"), stale, failure(409, "Conflict", conflict, of_map)),
        ("PUT", format!("{maps}/a"), named("b"), failure(400, "BadRequest", other_name, Value::Null)),
        (
            "GET",
            "/api/v1/namespaces?limit=x".to_owned(),
            json!({}),
            failure(400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax", Value::Null),
        ),
        (
            "GET",
            "/api/v1/pods?fieldSelector=spec.color=red".to_owned(),
            json!({}),
            failure(400, "BadRequest", "field label not supported: spec.color", Value::Null),
        ),
    ];
    for (method, path, body, expected) in cases {
        let (code, answer) = wire.ask(method, &path, &body).await;
        assert_eq!((json!(code), &answer), (expected["code"].clone(), &expected), "{method} {path}");
    }
    wire.server.cluster().deny("nodes", true);
    let forbidden = "nodes is forbidden: User \"sandbox\" cannot watch resource \"nodes\" in API group \"\" at the \
                     cluster scope";
    let (_, answer) = wire.ask("GET", "/api/v1/nodes?watch=1", &json!({})).await;
    assert_eq!(answer, failure(403, "Forbidden", forbidden, json!({"kind": "nodes"})));
    let (_, gone) = wire.ask("DELETE", &format!("{maps}/a"), &json!({})).await;
    assert_eq!((&gone["status"], &gone["details"]["kind"]), (&json!("Success"), &json!("configmaps")));
}

#[tokio::test(flavor = "multi_thread")]
async fn spec_and_status_are_written_apart() {
    let wire = Wire::start().await;
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let deployment = json!({
        "metadata": {"name": "a", "uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z"},
        "spec": {"replicas": 1}, "status": {"replicas": 9},
    });
    let (_, made) = wire.ask("POST", path, &deployment).await;
    assert_eq!((&made["status"], &made["metadata"]["generation"]), (&json!({}), &json!(1)), "{made:#}");
    assert!(made["metadata"]["uid"] != "mine" && made["metadata"]["creationTimestamp"] != "2001-01-01T00:00:00Z");
    let both = json!({"spec": {"replicas": 2}, "status": {"replicas": 2}});
    let (_, of_status) = wire.ask("PATCH", &format!("{path}/a/status"), &both).await;
    assert_eq!((&of_status["spec"]["replicas"], &of_status["status"]["replicas"]), (&json!(1), &json!(2)));
    let (_, of_spec) = wire.ask("PATCH", &format!("{path}/a"), &json!({"spec": {"replicas": 3}, "status": null})).await;
    assert_eq!((&of_spec["spec"]["replicas"], &of_spec["status"]["replicas"]), (&json!(3), &json!(2)));
    assert_eq!(of_spec["metadata"]["generation"], 2);
    // A namespace takes with it what it holds.
    assert_eq!(wire.ask("DELETE", "/api/v1/namespaces/default", &json!({})).await.0, 200);
    assert_eq!(wire.ask("GET", &format!("{path}/a"), &json!({})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_together_while_the_list_changes() {
    let wire = Wire::start().await;
    let crowd = Crowd { pods: 5, ..Crowd::of(NAMESPACE, NAME, IMAGE) };
    wire.server.cluster().crowd(&crowd).expect("new");
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods?limit=2");
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("a list").iter();
        items.map(|pod| pod["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    };
    let (_, first) = wire.ask("GET", &path, &json!({})).await;
    assert_eq!((names(&first).len(), &first["metadata"]["remainingItemCount"]), (2, &json!(3)));
    assert!(first["items"][0].get("kind").is_none(), "a list says what its items are: {:#}", first["items"][0]);
    // Somebody deletes a pod that was shown: none of those that weren't is lost.
    let gone = format!("/api/v1/namespaces/{NAMESPACE}/pods/{}?gracePeriodSeconds=0", names(&first)[0]);
    assert_eq!(wire.ask("DELETE", &gone, &json!({})).await.0, 200);
    let mut seen = names(&first);
    let mut token = first["metadata"]["continue"].as_str().map(str::to_owned);
    while let Some(next) = token {
        let (_, page) = wire.ask("GET", &format!("{path}&continue={next}"), &json!({})).await;
        assert_eq!(page["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
        seen.extend(names(&page));
        token = page["metadata"]["continue"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    let (_, selected) = wire.ask("GET", &format!("{path}&fieldSelector=status.phase=Running"), &json!({})).await;
    assert!(selected["metadata"].get("remainingItemCount").is_none() && selected["metadata"]["continue"].is_string());
    // After so many changes nobody remembers the list any more.
    let token = first["metadata"]["continue"].as_str().expect("a token");
    for index in 0..5_000 {
        let event = json!({"metadata": {"name": format!("e{index}"), "namespace": NAMESPACE}});
        wire.server.cluster().store().create(Kind::Event, event, jiff::Timestamp::now()).expect("new");
    }
    let (code, expired) = wire.ask("GET", &format!("{path}&continue={token}"), &json!({})).await;
    assert_eq!((code, &expired["reason"]), (410, &json!("Expired")), "{expired:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_how_far_it_has_got() {
    let wire = Wire::start().await;
    let path = "/api/v1/nodes?watch=1&allowWatchBookmarks=true&timeoutSeconds=1";
    let lines = async |more: &str| -> Vec<Value> {
        let answer = wire.send("GET", &format!("{path}{more}"), "application/json", "").await;
        let text = answer.text().await.expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let version = wire.server.cluster().store().version().to_string();
    let bookmark = |line: &Value| {
        assert_eq!((&line["type"], &line["object"]["kind"]), (&json!("BOOKMARK"), &json!("Node")), "{line:#}");
        assert_eq!(line["object"]["metadata"]["resourceVersion"], *version, "{line:#}");
    };
    let quiet = lines(&format!("&resourceVersion={version}")).await;
    assert_eq!(quiet.len(), 1);
    bookmark(&quiet[0]);
    let streamed = lines("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan").await;
    assert_eq!(streamed.len(), 5, "three nodes, the end of them, the end of the watch: {streamed:#?}");
    bookmark(&streamed[3]);
    assert_eq!(streamed[3]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}
