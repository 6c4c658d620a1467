//! Requests for a container's log.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Kubernetes,
    handler::{Parameters, parameter},
    kind::Kind,
    log::LogQuery,
    status::ApiError,
    store::text,
};

/// Answers with the log, or says why there is none.
pub(super) fn logs(
    cluster: &Kubernetes,
    namespace: &str,
    name: &str,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
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
