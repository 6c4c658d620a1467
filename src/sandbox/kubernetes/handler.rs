//! The requests: from path and method to the store and back.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    ApiFault, Kubernetes, discovery,
    kind::{Kind, Writable},
    log::LogQuery,
    patch,
    selector::Selector,
    status::ApiError,
    store::{Page, text},
    table,
    usage::Used,
    watching,
};

pub(super) type Parameters = HashMap<String, String>;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    kind: Kind,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    subresource: Option<&'a str>,
}

impl Address<'_> {
    /// The verb of a request here, as rights have it.
    fn verb(&self, method: &Method) -> &'static str {
        match (method.as_str(), self.name) {
            ("GET", Some(_)) => "get",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            _ => "delete",
        }
    }

    fn resource(&self) -> String {
        let plural = self.kind.info().plural;
        self.subresource.map_or_else(|| plural.to_owned(), |sub| format!("{plural}/{sub}"))
    }

    fn right(&self, verb: &'static str) -> Used {
        let namespace = self.namespace.map(str::to_owned);
        Used { namespace, group: self.kind.info().group, resource: self.resource(), verb }
    }
}

/// Answers one request.
pub(super) async fn handle(
    State(cluster): State<Arc<Kubernetes>>,
    method: Method,
    uri: Uri,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match cluster.suffer().await {
        ApiFault::Status(code) => {
            return ApiError::new(code, "InternalError", "an error on the server has prevented the request")
                .into_response();
        }
        // A body that breaks off makes the server close the connection.
        ApiFault::Drop => {
            let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("dropped")) });
            return Response::new(Body::from_stream(broken));
        }
        ApiFault::None | ApiFault::Hang => {}
    }
    match answer(&cluster, &method, uri.path(), &parameters, &headers, &body) {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

impl Kubernetes {
    /// Waits while the server hangs; returns the fault that is left.
    async fn suffer(&self) -> ApiFault {
        let mut fault = self.fault.subscribe();
        let over = async { fault.wait_for(|fault| *fault != ApiFault::Hang).await.map(|fault| fault.clone()) };
        tokio::select! {
            fault = over => fault.unwrap_or_default(),
            () = self.stop.cancelled() => ApiFault::Status(503),
        }
    }

    /// Checks the bearer token and the scripted refusals.
    fn authorise(&self, headers: &HeaderMap, method: &Method, address: Option<&Address<'_>>) -> Result<(), ApiError> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        let user = match (&self.token, given) {
            (Some(token), Some(given)) if token == given => "system:serviceaccount:tiphys:tiphys",
            (Some(_), Some(_)) => return Err(ApiError::unauthorized()),
            (Some(_), None) => "system:anonymous",
            (None, _) => "sandbox",
        };
        let Some(address @ Address { kind, namespace, name, .. }) = address else { return Ok(()) };
        let info = kind.info();
        if user != "system:anonymous" && !self.denied().contains(info.plural) {
            return Ok(());
        }
        let verb = address.verb(method);
        let resource = address.resource();
        let scope =
            namespace.map_or_else(|| "at the cluster scope".to_owned(), |it| format!("in the namespace \"{it}\""));
        let what = name.map_or_else(String::new, |name| format!(" \"{name}\""));
        let message = format!(
            "{}{what} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{}\" {scope}",
            info.resource(),
            info.group
        );
        Err(ApiError::of(403, "Forbidden", info, name.unwrap_or_default(), message))
    }
}

fn answer(
    cluster: &Arc<Kubernetes>,
    method: &Method,
    path: &str,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, ApiError> {
    if matches!(path, "/healthz" | "/livez" | "/readyz") {
        return Ok("ok".into_response());
    }
    let address = parse(path);
    if let Some(address) = &address {
        let watches = matches!(parameter(parameters, "watch"), "true" | "1");
        cluster.usage.note(address.right(if watches { "watch" } else { address.verb(method) }));
    }
    cluster.authorise(headers, method, address.as_ref())?;
    if method == Method::GET
        && let Some(document) = discovery::document(path)
    {
        return Ok(Json(document).into_response());
    }
    let address = address.ok_or_else(ApiError::no_such_path)?;
    let Address { kind, namespace, name, subresource } = address;
    match (method.as_str(), name, subresource) {
        ("GET", Some(name), Some("log")) if kind == Kind::Pod => {
            logs(cluster, namespace.unwrap_or_default(), name, parameters)
        }
        (_, _, Some(_)) => Err(ApiError::no_such_path()),
        ("GET", None, None) => {
            let selector =
                Selector::parse(parameter(parameters, "labelSelector"), parameter(parameters, "fieldSelector"))?;
            let as_table = table::wanted(header_text(headers, header::ACCEPT));
            let filter = watching::Filter { kind, namespace: namespace.map(str::to_owned), selector, as_table };
            if matches!(parameter(parameters, "watch"), "true" | "1") {
                return watching::watch(cluster, filter, parameters);
            }
            let metadata_wanted = header_text(headers, header::ACCEPT).contains("as=PartialObjectMetadataList");
            list(cluster, &filter, parameters, metadata_wanted).map(|list| Json(list).into_response())
        }
        ("GET", Some(name), None) => {
            let object = cluster.store.get(kind, namespace.unwrap_or_default(), name);
            let object = object.ok_or_else(|| ApiError::not_found(kind.info(), name))?;
            if table::wanted(header_text(headers, header::ACCEPT)) {
                return Ok(Json(table::table(kind, &[object], &json!({}))).into_response());
            }
            Ok(Json(object).into_response())
        }
        _ => write(cluster, method, &address, headers, body),
    }
}

fn write(
    cluster: &Arc<Kubernetes>,
    method: &Method,
    address: &Address<'_>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, ApiError> {
    let Address { kind, namespace, name, .. } = *address;
    let (store, namespace, writable) = (&cluster.store, namespace.unwrap_or_default(), kind.info().writable);
    let read = || -> Result<Value, ApiError> {
        serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))
    };
    let changes = matches!(writable, Writable::Change | Writable::All);
    match (method.as_str(), name) {
        ("PATCH", Some(name)) if changes => {
            let (patch_value, content_type) = (read()?, header_text(headers, header::CONTENT_TYPE));
            let change = |object: &mut Value| patch::apply(content_type, object, patch_value);
            Ok(Json(store.modify(kind, (namespace, name), change)?).into_response())
        }
        ("PUT", Some(name)) if changes => {
            let object = read()?;
            if text(&object, "/metadata/name") != name || text(&object, "/metadata/namespace") != namespace {
                let message = "the name or the namespace of the object does not match the one on the URL";
                return Err(ApiError::bad_request(message));
            }
            Ok(Json(store.replace(kind, object)?).into_response())
        }
        ("POST", None) if writable == Writable::All => {
            let mut object = read()?;
            if kind.info().namespaced {
                object["metadata"]["namespace"] = json!(namespace);
            }
            Ok((StatusCode::CREATED, Json(store.create(kind, object, Timestamp::now())?)).into_response())
        }
        ("DELETE", Some(name)) if kind == Kind::Pod => {
            // The kubelet removes it once it has stopped.
            let change = |pod: &mut Value| {
                mark_deleted(pod, Timestamp::now());
                Ok(())
            };
            Ok(Json(store.modify(kind, (namespace, name), change)?).into_response())
        }
        ("DELETE", Some(name)) if writable == Writable::All => {
            let uid = store.remove(kind, namespace, name)?["metadata"]["uid"].clone();
            let details = json!({"name": name, "kind": kind.info().plural, "uid": uid});
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
            });
            Ok(Json(status).into_response())
        }
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Marks a pod as being deleted.
pub(crate) fn mark_deleted(pod: &mut Value, now: Timestamp) {
    let grace = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    let metadata = &mut pod["metadata"];
    if metadata.get("deletionTimestamp").is_none() {
        let at = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        metadata["deletionTimestamp"] = json!(super::store::time(at));
        metadata["deletionGracePeriodSeconds"] = json!(grace);
    }
}

/// A list object, whole or the page that `limit` and `continue` ask for.
fn list(
    cluster: &Kubernetes,
    filter: &watching::Filter,
    parameters: &Parameters,
    metadata_wanted: bool,
) -> Result<Value, ApiError> {
    let start: usize = match parameter(parameters, "continue") {
        "" => 0,
        token => token
            .strip_prefix("from-")
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| ApiError::bad_request("continue key is not valid: the token was not made by this server"))?,
    };
    let limit = parameter(parameters, "limit").parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let Page { version, items, total } = cluster.store.page(filter.kind, |object| filter.matches(object), start, limit);
    let end = start.saturating_add(items.len());
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if end < total && !items.is_empty() {
        metadata["continue"] = json!(format!("from-{end}"));
        metadata["remainingItemCount"] = json!(total - end);
    }
    if filter.as_table {
        let mut table = table::table(filter.kind, &items, &metadata);
        if parameter(parameters, "includeObject") == "None" {
            table["rows"].as_array_mut().into_iter().flatten().for_each(|row| row["object"] = Value::Null);
        }
        return Ok(table);
    }
    if metadata_wanted {
        let items: Vec<Value> = items.iter().map(metadata_only).collect();
        return Ok(json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items,
        }));
    }
    let info = filter.kind.info();
    Ok(json!({
        "kind": format!("{}List", info.name),
        "apiVersion": info.api_version(),
        "metadata": metadata,
        "items": items,
    }))
}

/// What a client sees of an object when it asks for no more than the metadata.
fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn logs(cluster: &Kubernetes, namespace: &str, name: &str, parameters: &Parameters) -> Result<Response, ApiError> {
    let pod = cluster.store.get(Kind::Pod, namespace, name);
    let pod = pod.ok_or_else(|| ApiError::not_found(Kind::Pod.info(), name))?;
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let wanted = parameter(parameters, "container");
    let container = match (wanted, containers) {
        ("", [only]) => only,
        ("", several) => {
            let names: Vec<&str> = several.iter().map(|one| text(one, "/name")).collect();
            let message =
                format!("a container name must be specified for pod {name}, choose one of: [{}]", names.join(" "));
            return Err(ApiError::bad_request(message));
        }
        (wanted, all) => all
            .iter()
            .find(|one| text(one, "/name") == wanted)
            .ok_or_else(|| ApiError::bad_request(format!("container {wanted} is not valid for pod {name}")))?,
    };
    let now = Timestamp::now();
    let flag = |name| matches!(parameter(parameters, name), "true" | "1");
    let count = |name: &str| -> Result<Option<usize>, ApiError> {
        match parameter(parameters, name) {
            "" => Ok(None),
            given => given.parse().map(Some).map_err(|_| {
                ApiError::bad_request(format!("{name}: Invalid value: {given:?}: must be a number of 0 or more"))
            }),
        }
    };
    let query = LogQuery {
        previous: flag("previous"),
        timestamps: flag("timestamps"),
        tail_lines: count("tailLines")?,
        limit_bytes: count("limitBytes")?,
        since: count("sinceSeconds")?
            .and_then(|seconds| now.checked_sub(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()),
    };
    let run = (namespace.to_owned(), name.to_owned(), text(container, "/name").to_owned(), query.previous);
    if let Some(body) = cluster.scripts.body(&run, &query) {
        return Ok(([(header::CONTENT_TYPE, "text/plain")], body).into_response());
    }
    let statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    let status = statuses.into_iter().find(|status| status["name"] == container["name"]);
    let reason = status.map_or("ContainerCreating", |status| text(status, "/state/waiting/reason"));
    if !query.previous && matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "ContainerCreating") {
        let why = match reason {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            other => other,
        };
        let message =
            format!("container \"{}\" in pod \"{name}\" is waiting to start: {why}", text(container, "/name"));
        return Err(ApiError::bad_request(message));
    }
    let source = (text(&pod, "/metadata/uid"), name, text(container, "/name"), text(container, "/image"));
    let text = cluster.logs.read(source, &query, now)?;
    Ok(([(header::CONTENT_TYPE, "text/plain")], text).into_response())
}

/// Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`.
fn parse(path: &str) -> Option<Address<'_>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, plural, rest) = match rest {
        ["namespaces", namespace, plural, rest @ ..] if *plural != "status" => (Some(*namespace), *plural, rest),
        [plural, rest @ ..] => (None, *plural, rest),
        [] => return None,
    };
    let kind = Kind::at(group, version, plural)?;
    let (name, subresource) = match rest {
        [] => (None, None),
        [name] => (Some(*name), None),
        [name, subresource] => (Some(*name), Some(*subresource)),
        _ => return None,
    };
    // One object of a namespaced kind has no address without its namespace, and the other way round.
    let fits = match (kind.info().namespaced, namespace.is_some()) {
        (true, false) => name.is_none(),
        (false, true) => false,
        _ => true,
    };
    fits.then_some(Address { kind, namespace, name, subresource })
}

/// A query parameter, empty when it isn't given.
pub(super) fn parameter<'a>(parameters: &'a Parameters, name: &str) -> &'a str {
    parameters.get(name).map(String::as_str).unwrap_or_default()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let address = |kind, namespace, name, subresource| Some(Address { kind, namespace, name, subresource });
        assert_eq!(parse("/api/v1/nodes"), address(Kind::Node, None, None, None));
        assert_eq!(parse("/api/v1/nodes/n1"), address(Kind::Node, None, Some("n1"), None));
        assert_eq!(parse("/api/v1/pods"), address(Kind::Pod, None, None, None));
        assert_eq!(parse("/api/v1/namespaces"), address(Kind::Namespace, None, None, None));
        assert_eq!(parse("/api/v1/namespaces/a"), address(Kind::Namespace, None, Some("a"), None));
        let log = address(Kind::Pod, Some("a"), Some("p"), Some("log"));
        assert_eq!(parse("/api/v1/namespaces/a/pods/p/log"), log);
        let app = address(Kind::Application, Some("argocd"), Some("x"), None);
        assert_eq!(parse("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/x"), app);
        for wrong in ["/", "/api/v1/pods/p", "/api/v1/namespaces/a/nodes/n", "/apis/apps/v1beta1/deployments", "/x/y"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
