//! The requests: from path and method to the store and back.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Method, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    ApiFault, Kubernetes, discovery,
    kind::Kind,
    list::{list, metadata_only},
    log_request::logs,
    selector::Selector,
    status::ApiError,
    table,
    usage::Used,
    watching,
    write::{Request, review, write},
};

pub(super) type Parameters = HashMap<String, String>;

/// Where a client asks what it may do.
const SELF_REVIEW: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) kind: Kind,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) subresource: Option<&'a str>,
}

impl Address<'_> {
    /// The verb of a request here, as rights have it.
    fn verb(&self, method: &Method, parameters: &Parameters) -> &'static str {
        match (method.as_str(), self.name) {
            ("GET", Some(_)) => "get",
            ("GET", None) if is_watch(parameters) => "watch",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            (_, None) => "deletecollection",
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
    fn authorise(&self, headers: &HeaderMap, asked: Option<(&Address<'_>, &'static str)>) -> Result<(), ApiError> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        let user = match (&self.token, given) {
            (Some(token), Some(given)) if token == given => "system:serviceaccount:tiphys:tiphys",
            (Some(_), Some(_)) => return Err(ApiError::unauthorized()),
            (Some(_), None) => "system:anonymous",
            (None, _) => "sandbox",
        };
        let Some((address @ Address { kind, namespace, name, .. }, verb)) = asked else { return Ok(()) };
        let info = kind.info();
        if user != "system:anonymous" && !self.denied().contains(info.plural) {
            return Ok(());
        }
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
    let asked = address.as_ref().map(|address| (address, address.verb(method, parameters)));
    if let Some((address, verb)) = asked {
        cluster.usage.note(address.right(verb));
    }
    cluster.authorise(headers, asked)?;
    if method == Method::POST && path == SELF_REVIEW {
        return review(cluster, body);
    }
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
        ("GET", None, None) => {
            let selector =
                Selector::parse(parameter(parameters, "labelSelector"), parameter(parameters, "fieldSelector"))?;
            let as_table = table::wanted(header_text(headers, header::ACCEPT));
            let include = parameter(parameters, "includeObject").to_owned();
            let filter =
                watching::Filter { kind, namespace: namespace.map(str::to_owned), selector, as_table, include };
            if is_watch(parameters) {
                return watching::watch(cluster, filter, parameters);
            }
            let metadata_wanted = header_text(headers, header::ACCEPT).contains("as=PartialObjectMetadataList");
            list(cluster, &filter, parameters, metadata_wanted).map(|list| Json(list).into_response())
        }
        ("GET", Some(name), None | Some("status")) if subresource.is_none() || kind.info().has_status() => {
            let object = cluster.store.get(kind, namespace.unwrap_or_default(), name);
            let object = object.ok_or_else(|| ApiError::not_found(kind.info(), name))?;
            let accepted = header_text(headers, header::ACCEPT);
            if table::wanted(accepted) {
                let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                let include = parameter(parameters, "includeObject");
                return Ok(Json(table::table(kind, &[object], &metadata, include)).into_response());
            }
            if accepted.contains("as=PartialObjectMetadata;") {
                return Ok(Json(metadata_only(&object)).into_response());
            }
            Ok(Json(object).into_response())
        }
        _ => write(cluster, &address, &Request { method, parameters, headers, body }),
    }
}

/// Whether changes are asked for in the place of a list.
fn is_watch(parameters: &Parameters) -> bool {
    matches!(parameter(parameters, "watch"), "true" | "1")
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

pub(super) fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
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
