//! Requests that write: objects are made, changed and removed, their status apart from all else.

use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Kubernetes,
    handler::{Address, Parameters, header_text, parameter},
    kind::{Kind, KindInfo},
    patch,
    selector::Selector,
    status::ApiError,
    store::{random, text, time},
    watching,
};

/// What only the server writes.
const SERVERS_OWN: [&str; 6] =
    ["uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

/// A write request without its address.
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    pub(super) parameters: &'a Parameters,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
}

/// Carries it out.
pub(super) fn write(cluster: &Kubernetes, address: &Address<'_>, request: &Request<'_>) -> Result<Response, ApiError> {
    let of_status = match address.subresource {
        None => false,
        Some("binding") if address.kind == Kind::Pod && request.method == Method::POST => {
            return bind(cluster, address, &read(request.body)?);
        }
        Some("status") if address.kind.info().has_status() && address.name.is_some() => true,
        Some(_) => return Err(ApiError::no_such_path()),
    };
    match (request.method.as_str(), address.name) {
        ("PATCH", Some(name)) => {
            let patch = read(request.body)?;
            let content_type = header_text(request.headers, header::CONTENT_TYPE);
            let change = |object: &mut Value| {
                let old = object.clone();
                patch::apply(content_type, object, patch)?;
                keep(address.kind.info(), &old, object, of_status);
                Ok(())
            };
            let object = cluster.store.modify(address.kind, (address.namespace.unwrap_or_default(), name), change)?;
            Ok(Json(object).into_response())
        }
        ("PUT", Some(name)) => replace(cluster, address, name, of_status, read(request.body)?),
        ("POST", None) => create(cluster, address, read(request.body)?),
        ("DELETE", Some(name)) if !of_status => delete(cluster, address, name, request),
        ("DELETE", None) if address.kind != Kind::Namespace => delete_all(cluster, address, request),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Gives a pod its node.
fn bind(cluster: &Kubernetes, address: &Address<'_>, binding: &Value) -> Result<Response, ApiError> {
    let (info, name) = (Kind::Pod.info(), address.name.unwrap_or_default());
    let node = text(binding, "/target/name");
    let change = |pod: &mut Value| {
        if !text(pod, "/spec/nodeName").is_empty() {
            let message = format!(
                "Operation cannot be fulfilled on pods/binding \"{name}\": pod {name} is already assigned to node \"{}\"",
                text(pod, "/spec/nodeName")
            );
            return Err(ApiError::of(409, "Conflict", info, name, message));
        }
        pod["spec"]["nodeName"] = json!(node);
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": time(Timestamp::now())});
        pod["status"]["conditions"] = json!([scheduled]);
        Ok(())
    };
    cluster.store.modify(Kind::Pod, (address.namespace.unwrap_or_default(), name), change)?;
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok((StatusCode::CREATED, Json(status)).into_response())
}

/// Whether the requester may do something: yes, unless that is denied to everybody.
pub(super) fn review(cluster: &Kubernetes, body: &Bytes) -> Result<Response, ApiError> {
    let mut review = read(body)?;
    let denied = cluster.denied().contains(text(&review, "/spec/resourceAttributes/resource"));
    review["status"] = if denied { json!({"allowed": false}) } else { json!({"allowed": true, "reason": "sandbox"}) };
    Ok((StatusCode::CREATED, Json(review)).into_response())
}

/// Marks a pod as being deleted.
pub(crate) fn mark_deleted(pod: &mut Value, now: Timestamp) {
    let grace = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    mark(pod, grace, now);
}

fn mark(pod: &mut Value, grace: i64, now: Timestamp) {
    let metadata = &mut pod["metadata"];
    if metadata.get("deletionTimestamp").is_none() {
        let at = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        metadata["deletionTimestamp"] = json!(time(at));
        metadata["deletionGracePeriodSeconds"] = json!(grace);
    }
}

fn read(body: &Bytes) -> Result<Value, ApiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))?;
    Ok(value)
}

/// Takes back what a request may not change: the status, or all but the status.
fn keep(info: &KindInfo, old: &Value, object: &mut Value, of_status: bool) {
    if of_status {
        let status = object.get("status").cloned();
        object.clone_from(old);
        set(object, "status", status);
    } else if info.has_status() {
        set(object, "status", old.get("status").cloned());
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        set(&mut object["metadata"], field, old["metadata"].get(field).cloned());
    }
}

fn set(object: &mut Value, field: &str, value: Option<Value>) {
    match value {
        Some(value) => object[field] = value,
        None => {
            object.as_object_mut().map(|object| object.remove(field));
        }
    }
}

fn replace(
    cluster: &Kubernetes,
    address: &Address<'_>,
    name: &str,
    of_status: bool,
    mut object: Value,
) -> Result<Response, ApiError> {
    let namespace = address.namespace.unwrap_or_default();
    for (what, given, of_url) in [
        ("name", text(&object, "/metadata/name"), name),
        ("namespace", text(&object, "/metadata/namespace"), namespace),
    ] {
        if given != of_url && (what == "name" || !given.is_empty()) {
            let message = format!("the {what} of the object ({given}) does not match the {what} on the URL ({of_url})");
            return Err(ApiError::bad_request(message));
        }
    }
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let info = address.kind.info();
    let old = cluster.store.get(address.kind, namespace, name).ok_or_else(|| ApiError::not_found(info, name))?;
    let version = object["metadata"].get("resourceVersion").cloned();
    keep(info, &old, &mut object, of_status);
    // Whose copy is old is told so, whatever of it counts.
    set(&mut object["metadata"], "resourceVersion", version);
    Ok(Json(cluster.store.replace(address.kind, object)?).into_response())
}

fn create(cluster: &Kubernetes, address: &Address<'_>, mut object: Value) -> Result<Response, ApiError> {
    let (kind, info, now) = (address.kind, address.kind.info(), Timestamp::now());
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let given = text(&object, "/metadata/namespace");
    match address.namespace {
        Some(namespace) if !given.is_empty() && given != namespace => {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Some(namespace) if cluster.store.get(Kind::Namespace, "", namespace).is_none() => {
            return Err(ApiError::not_found(Kind::Namespace.info(), namespace));
        }
        Some(namespace) => object["metadata"]["namespace"] = json!(namespace),
        None if info.namespaced => return Err(ApiError::method_not_allowed()),
        None => {}
    }
    for field in SERVERS_OWN {
        set(&mut object["metadata"], field, None);
    }
    let prefix = text(&object, "/metadata/generateName").to_owned();
    if text(&object, "/metadata/name").is_empty() && !prefix.is_empty() {
        object["metadata"]["name"] = json!(format!("{prefix}{:05x}", random() & 0xf_ffff));
    }
    let name = text(&object, "/metadata/name");
    if name.contains(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '.')) {
        let words = format!(
            "Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
             characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex \
             used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        );
        return Err(ApiError::invalid(info, name, ("metadata.name", "FieldValueInvalid", &words)));
    }
    match kind {
        Kind::Namespace => {
            let name = text(&object, "/metadata/name").to_owned();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
        Kind::Pod => object["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"}),
        Kind::Service => object["status"] = json!({"loadBalancer": {}}),
        // A kubelet registers its node with the status.
        Kind::Node => {}
        _ if info.has_status() => object["status"] = json!({}),
        _ => {}
    }
    Ok((StatusCode::CREATED, Json(cluster.store.create(kind, object, now)?)).into_response())
}

fn delete(
    cluster: &Kubernetes,
    address: &Address<'_>,
    name: &str,
    request: &Request<'_>,
) -> Result<Response, ApiError> {
    let (kind, namespace) = (address.kind, address.namespace.unwrap_or_default());
    if kind == Kind::Pod {
        let pod = cluster.store.get(kind, namespace, name);
        let pod = pod.ok_or_else(|| ApiError::not_found(kind.info(), name))?;
        return Ok(Json(delete_pod(cluster, &pod, grace(request))?).into_response());
    }
    let object = cluster.store.remove(kind, namespace, name)?;
    if kind == Kind::Namespace {
        cluster.store.remove_all_in(name);
    }
    let mut details = json!({"name": name, "kind": kind.info().plural, "uid": object["metadata"]["uid"]});
    if !kind.info().group.is_empty() {
        details["group"] = json!(kind.info().group);
    }
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    Ok(Json(status).into_response())
}

fn delete_all(cluster: &Kubernetes, address: &Address<'_>, request: &Request<'_>) -> Result<Response, ApiError> {
    let of = |name| parameter(request.parameters, name);
    let selector = Selector::parse(of("labelSelector"), of("fieldSelector"))?;
    let (kind, namespace) = (address.kind, address.namespace.map(str::to_owned));
    let filter = watching::Filter { kind, namespace, selector, as_table: false, include: String::new() };
    let mut items = Vec::new();
    for object in cluster.store.list(kind).into_iter().filter(|object| filter.matches(object)) {
        if kind == Kind::Pod {
            items.push(delete_pod(cluster, &object, grace(request))?);
        } else {
            let key = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
            items.push(cluster.store.remove(kind, key.0, key.1)?);
        }
    }
    let info = kind.info();
    let metadata = json!({"resourceVersion": cluster.store.version().to_string()});
    let list = json!({
        "kind": format!("{}List", info.name), "apiVersion": info.api_version(), "metadata": metadata, "items": items,
    });
    Ok(Json(list).into_response())
}

/// The kubelet removes a pod once it has stopped; where there is none, or nobody wants to wait, it goes at once.
fn delete_pod(cluster: &Kubernetes, pod: &Value, grace: Option<i64>) -> Result<Value, ApiError> {
    let key = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
    if grace == Some(0) || text(pod, "/spec/nodeName").is_empty() {
        return cluster.store.remove(Kind::Pod, key.0, key.1);
    }
    let change = |pod: &mut Value| {
        match grace {
            Some(grace) => mark(pod, grace, Timestamp::now()),
            None => mark_deleted(pod, Timestamp::now()),
        }
        Ok(())
    };
    cluster.store.modify(Kind::Pod, key, change)
}

/// The grace period that a deletion names.
fn grace(request: &Request<'_>) -> Option<i64> {
    let of_body = serde_json::from_slice::<Value>(request.body).ok();
    let of_body = of_body.and_then(|options| options["gracePeriodSeconds"].as_i64());
    of_body.or_else(|| parameter(request.parameters, "gracePeriodSeconds").parse().ok())
}
