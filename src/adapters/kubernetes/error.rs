//! What the Kubernetes client's errors come to, without secrets.

use kube::Error;

use crate::domain::{text::plain, unanswered::Unanswered};

/// The most characters of a reason.
const LONGEST: usize = 500;

/// What the client's layers say of each other before the cause is named.
const PLUMBING: [&str; 4] =
    ["ServiceError: ", "client error (Connect): ", "tcp connect error: ", "error trying to connect: "];

/// The reason that the client gives a status that it made of an answer without one.
const NO_STATUS: &str = "Failed to parse error data";

/// Why there is no answer.
pub(super) fn unanswered(error: &Error) -> Unanswered {
    let Error::Api(status) = error else { return Unanswered::Unavailable { detail: words(error) } };
    let text = match status.message.as_str() {
        // What another server says in the API server's place: a long page as a rule, which may quote our request.
        _ if status.reason == NO_STATUS => format!("HTTP {} with something else than a Kubernetes Status", status.code),
        "" => format!("{} {}", status.code, status.reason),
        message => message.to_owned(),
    };
    match status.code {
        401 | 403 => Unanswered::Forbidden { detail: bounded(&text) },
        code => Unanswered::Unavailable { detail: bounded(&format!("the Kubernetes API answers {code}: {text}")) },
    }
}

/// Whether the same question may be answered a moment later: the connection broke, or the server is overloaded.
pub(super) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Api(status) => matches!(status.code, 429 | 500 | 502 | 503 | 504),
        Error::HyperError(_) => true,
        // A server that isn't there, a wrong certificate: these stay.
        Error::Service(error) => !has_cause(error.as_ref(), |cause| {
            cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
                || cause.is::<rustls::Error>()
        }),
        _ => false,
    }
}

fn has_cause(
    error: &(dyn std::error::Error + 'static),
    is: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(is)
}

/// The error with its causes. The output of a credential plugin stays out: it may hold the credential.
pub(super) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        if error.is::<kube::client::AuthError>() || matches!(error.downcast_ref::<Error>(), Some(Error::Auth(_))) {
            return "the credentials of the Kubernetes API cannot be obtained".to_owned();
        }
        let words = error.to_string();
        if !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
    }
    bounded(&PLUMBING.iter().fold(text, |text, words| text.replace(words, "")))
}

/// A message of a server, without escape sequences and control characters, and not too long.
pub(super) fn bounded(text: &str) -> String {
    let text = plain(text);
    let mut kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        kept.push('…');
    }
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn no_rest_of_an_escape_sequence_is_left() {
        assert_eq!(bounded("\u{1b}[1mapi_\u{200b}token\u{1b}[0m=x\n\ty"), "api_token=x  y");
    }
}
