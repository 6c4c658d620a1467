//! What a remote's words mean: a lost race, a refusal, or a door that stays shut.

use crate::ports::RepositoryError;

/// The most of a remote's own words that is passed on.
const MAX_WORDS: usize = 1_000;

/// The verdict on a reference that the remote didn't update.
///
/// `reason` is what follows `ng <ref>`; `words` is what hooks and the server printed meanwhile.
pub(super) fn of_rejection(reason: &str, words: &str) -> RepositoryError {
    if is_lost_race(reason) || is_stale_value(words) {
        return RepositoryError::LostRace;
    }
    let words = bounded(words);
    let reason = bounded(reason);
    RepositoryError::Refused(if words.is_empty() { reason } else { format!("{reason}: {words}") })
}

/// The verdict on a server that spoke of an error in place of an answer, before anything was sent to it.
pub(super) fn of_refused_entry(words: &str) -> RepositoryError {
    let text = bounded(words);
    let lower = words.to_ascii_lowercase();
    if forbids_push(words) {
        RepositoryError::Refused(text)
    } else if [
        "not found",
        "could not be found",
        "does not exist",
        "denied",
        "permission",
        "not authorized",
        "unauthorized",
        "does not appear",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
    {
        RepositoryError::Authentication(text)
    } else {
        RepositoryError::Unreachable(text)
    }
}

/// Whether the words say that this account may read but not push (GitLab's and GitHub's).
pub(super) fn forbids_push(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["not allowed to push", "not allowed to upload", "write access to repository not granted", "read-only"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// The ways in which git, Gitaly and libgit2 say that the reference has moved on.
fn is_lost_race(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    // A lock that the server may not make is no race.
    if ["permission denied", "no space left", "read-only file system"].iter().any(|sign| reason.contains(sign)) {
        return false;
    }
    [
        "non-fast-forward",
        "fetch first",
        "stale info",
        "cannot lock ref",
        "failed to update ref",
        "failed to lock",
        "reference already exists",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
        || is_stale_value(&reason)
}

fn is_stale_value(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("incorrect old value provided") || (words.contains(" is at ") && words.contains(" but expected "))
}

/// Somebody else's text: one paragraph, no control characters, no longer than is useful.
pub(super) fn bounded(words: &str) -> String {
    let mut text = String::new();
    for line in words.split(['\n', '\r']) {
        let line = plain(line);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
        if let Some((cut, _)) = text.char_indices().nth(MAX_WORDS) {
            text.truncate(cut);
            text.push('…');
            break;
        }
    }
    text
}

/// A line without control characters and terminal sequences.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\x1b' && rest.next_if_eq(&'[').is_some() {
            // Parameters up to the letter that ends the sequence (ECMA-48, "CSI").
            while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        } else if !c.is_control() {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn races_are_told_from_refusals() {
        for reason in [
            "non-fast-forward",
            "fetch first",
            "stale info",
            "failed to update ref",
            "cannot lock ref 'refs/heads/main': is at 1111111 but expected 2222222",
            "cannot lock ref 'refs/heads/main': Unable to create '/x/refs/heads/main.lock': File exists.",
            "incorrect old value provided",
            "reference 'refs/heads/main' is at 111 but expected 222",
        ] {
            assert!(matches!(of_rejection(reason, ""), RepositoryError::LostRace), "{reason}");
        }
        let disk = "cannot lock ref 'refs/heads/main': Unable to create '/x/main.lock': No space left on device";
        for reason in
            [disk, "pre-receive hook declined", "protected branch hook declined", "deny updating a hidden ref", ""]
        {
            assert!(matches!(of_rejection(reason, ""), RepositoryError::Refused(_)), "{reason}");
        }
        let gitaly = "cannot lock ref 'refs/heads/main': is at 1 but expected 2";
        for reason in ["reference-transaction hook declined", "atomic transaction failed"] {
            assert!(matches!(of_rejection(reason, gitaly), RepositoryError::LostRace), "{reason}");
        }
    }

    #[test]
    fn a_refusal_quotes_the_hook() {
        let words = "GitLab: You are not allowed to push code to protected branches on this project.\x1b[K\r\n\n";
        let RepositoryError::Refused(text) = of_rejection("pre-receive hook declined", words) else {
            panic!("refused")
        };
        assert_eq!(
            text,
            "pre-receive hook declined: GitLab: You are not allowed to push code to protected branches on this project."
        );
        let RepositoryError::Refused(text) = of_rejection("x", &"ж".repeat(5_000)) else { panic!("refused") };
        assert_eq!(text.chars().count(), 3 + MAX_WORDS + 1);
    }

    #[test]
    fn a_door_that_stays_shut() {
        let push = "You are not allowed to push code to this project.";
        assert!(matches!(of_refused_entry(push), RepositoryError::Refused(_)));
        let absent =
            "ERROR: The project you were looking for could not be found or you don't have permission to view it.";
        assert!(matches!(of_refused_entry(absent), RepositoryError::Authentication(_)));
        assert!(matches!(of_refused_entry("upload-pack: internal error"), RepositoryError::Unreachable(_)));
    }
}
