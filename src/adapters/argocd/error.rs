//! What the Kubernetes client's errors come to, without secrets.

use kube::Error;

use crate::ports::ClusterError;

/// The most characters of one reason among several.
const SHORT: usize = 300;
/// The most characters of a message that stands alone: a failed `kustomize build` names its fault at the end of a long
/// line.
const LONG: usize = 1_000;

/// What the client's layers say of each other before the cause is named.
const PLUMBING: [&str; 4] =
    ["ServiceError: ", "client error (Connect): ", "tcp connect error: ", "error trying to connect: "];

/// The reason that the client gives a status that it made of an answer without one.
const NO_STATUS: &str = "Failed to parse error data";

/// What was asked for.
pub(super) struct Object<'a> {
    pub(super) kind: &'static str,
    pub(super) namespace: &'a str,
    /// Empty for a list.
    pub(super) name: &'a str,
}

/// The error for the use cases.
pub(super) fn cluster_error(error: Error, object: &Object<'_>) -> ClusterError {
    let Error::Api(status) = &error else { return ClusterError::Unavailable(words(&error)) };
    let text = match status.message.as_str() {
        // What another server says in the API server's place: a long page as a rule, which may quote our request.
        _ if status.reason == NO_STATUS => format!("HTTP {} with something else than a Kubernetes Status", status.code),
        "" => format!("{} {}", status.code, status.reason),
        message => message.to_owned(),
    };
    match status.code {
        404 => ClusterError::NotFound {
            kind: object.kind,
            namespace: object.namespace.to_owned(),
            name: object.name.to_owned(),
        },
        401 | 403 => ClusterError::Forbidden(bounded(&text)),
        _ if status.reason == NO_STATUS => ClusterError::Unavailable(format!("the Kubernetes API answers {text}")),
        code => ClusterError::Unavailable(bounded(&format!("the Kubernetes API answers {code}: {text}"))),
    }
}

/// The error with its causes. The output of a credential plugin stays out: it may hold the credential.
pub(super) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if is_credential_fault(error) {
            return "the credentials of the Kubernetes API cannot be obtained".into();
        }
        let words = error.to_string();
        if !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
        next = error.source();
    }
    bounded(&PLUMBING.iter().fold(text, |text, words| text.replace(words, "")))
}

fn is_credential_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<kube::client::AuthError>() || matches!(error.downcast_ref::<Error>(), Some(Error::Auth(_)))
}

/// A message of a server, without control characters and not too long.
pub(super) fn bounded(text: &str) -> String {
    cut(text, LONG)
}

/// One reason among several, without control characters and short.
pub(super) fn short(text: &str) -> String {
    cut(text, SHORT)
}

fn cut(text: &str, most: usize) -> String {
    let mut kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    if text.chars().nth(most).is_some() {
        kept.push('…');
    }
    kept.trim().to_owned()
}
