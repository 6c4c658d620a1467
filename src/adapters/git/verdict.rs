//! What a remote's words mean: a lost race, a refusal, or a door that stays shut.

use std::{iter::Peekable, str::Chars};

use crate::ports::RepositoryError;

/// The most of a remote's own words that is passed on.
const MAX_WORDS: usize = 1_000;

/// The verdict on a reference that the remote didn't update.
///
/// `reason` is what follows `ng <ref>`; `words` is what hooks and the server printed meanwhile.
pub(super) fn of_rejection(reason: &str, words: &str) -> RepositoryError {
    // What these hooks print is anybody's text; git itself says the rest.
    let by_hook = ["pre-receive hook declined", "hook declined", "protected branch hook declined"].contains(&reason);
    let is_hopeless = !by_hook && words.lines().any(is_hopeless_lock);
    if !is_hopeless && (is_lost_race(reason) || (!by_hook && is_stale_value(words))) {
        tracing::debug!(reason, words = bounded(words), "the race for the branch is lost");
        return RepositoryError::LostRace;
    }
    let is_passing = is_passing(reason) || is_passing(words);
    let words = bounded(words);
    let reason = bounded(reason);
    let text = if words.is_empty() { reason } else { format!("{reason}: {words}") };
    if is_passing { RepositoryError::Unreachable(text) } else { RepositoryError::Refused(text) }
}

/// Whether the server speaks of a trouble of its own, which may be over soon: GitLab's hook that can't ask GitLab, and
/// GitHub's storage. Nothing was applied.
fn is_passing(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    [
        "internal api unreachable",
        "internal api is not accessible",
        "api is not accessible",
        "internal api error",
        "gitaly is unavailable",
        "fatal error in commit_refs",
        "internal server error",
        "gitaly, is not available",
        "push operation timed out",
        "deadline exceeded",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

/// The verdict on a server that spoke of an error in place of an answer, before anything was sent to it.
pub(super) fn of_refused_entry(words: &str) -> RepositoryError {
    let text = bounded(words);
    let lower = words.to_ascii_lowercase();
    if forbids_push(words) {
        RepositoryError::Refused(text)
    } else if is_passing(words) {
        RepositoryError::Unreachable(text)
    } else if [
        "not found",
        "could not be found",
        "does not exist",
        "denied",
        "permission",
        "not authorized",
        "unauthorized",
        "does not appear",
        "dubious ownership",
        "authentication failed",
        "access denied",
        // GitLab's of accounts and projects.
        "account has been",
        "has expired",
        "terms of service",
        "command you're trying to execute is not allowed",
        "is archived",
        "archived project",
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
    [
        "not allowed to push",
        "not allowed to upload",
        "write access to repository not granted",
        "read-only",
        "marked as read only",
        "key does not have write access",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

/// The ways in which git, Gitaly, JGit, libgit2 and Azure's server say that the reference has moved on.
fn is_lost_race(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    if reason.contains("hook declined") || HOPELESS.iter().any(|sign| reason.contains(sign)) {
        return false;
    }
    [
        "non-fast-forward",
        "non-fast forward",
        "not fast-forward",
        "non-fastforwardable",
        "fetch first",
        "stale info",
        "cannot lock ref",
        "unable to lock",
        "failed to update ref",
        "failed to lock",
        "lock error",
        "already locked",
        "reference already exists",
        "reference does not exist",
        "already been updated by another client",
        "old reference value does not match",
        "contains commits that are not present locally",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
        || is_stale_value(&reason)
}

/// A lock that the server can't make is no race, and neither is a folder where the branch would be a file.
const HOPELESS: [&str; 7] = [
    "permission denied",
    "no space left",
    "read-only file system",
    "quota exceeded",
    "not a directory",
    "is a directory",
    "cannot create",
];

/// Whether a line of git's says why it can't lock the reference at all, where its report says only that it didn't.
fn is_hopeless_lock(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.contains("cannot lock ref") && HOPELESS.iter().any(|sign| line.contains(sign))
}

fn is_stale_value(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("incorrect old value provided") || (words.contains(" is at ") && words.contains(" but expected "))
}

/// Somebody else's text: one paragraph, no control characters, no longer than is useful.
pub(super) fn bounded(words: &str) -> String {
    let mut text = String::new();
    for line in words.split(['\n', '\r']) {
        let line = without_credentials(&plain(line));
        let line = line.trim();
        // GitLab's shell frames its words and writes before each line what git's client would.
        let line = line.strip_prefix("remote:").map_or(line, str::trim_start);
        if line.chars().all(|c| c == '=') {
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
        match c {
            '\x1b' => skip_sequence(&mut rest),
            '\u{9b}' => skip_parameters(&mut rest),
            _ if c.is_control() || is_deceptive(c) => {}
            _ => text.push(c),
        }
    }
    text
}

/// Skips what belongs to an escape character (ECMA-48 and ECMA-35).
fn skip_sequence(rest: &mut Peekable<Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_parameters(rest),
        // Strings for the terminal, such as a link's address or the window's title, end with BEL or ST.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                if matches!(c, '\x07' | '\u{9c}') || (c == '\x1b' && rest.next_if_eq(&'\\').is_some()) {
                    return;
                }
            }
        }
        // As in the reset that `tput sgr0` prints: ESC ( B.
        Some(' '..='/') => while rest.next().is_some_and(|c| (' '..='/').contains(&c)) {},
        _ => {}
    }
}

/// Skips parameters up to the letter that ends the sequence.
fn skip_parameters(rest: &mut Peekable<Chars<'_>>) {
    while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
}

/// Marks that turn the direction of a text around: a quotation must not rearrange the message that it stands in.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Blanks out what stands before the `@` of URLs: careless servers and hooks quote their own.
fn without_credentials(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        text.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(sign) => {
                text.push_str("***");
                &after[sign..]
            }
            None => after,
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn races_are_told_from_refusals() {
        for reason in [
            // git's server, up to 2.49 and after.
            "non-fast-forward",
            "fetch first",
            "stale info",
            "failed to update ref",
            "failed to update reference",
            "cannot lock ref 'refs/heads/main': is at 1111111 but expected 2222222",
            "cannot lock ref 'refs/heads/main': reference already exists",
            "cannot lock ref 'refs/heads/main': unable to resolve reference 'refs/heads/main'",
            "cannot lock ref 'refs/heads/main': Unable to create '/x/refs/heads/main.lock': File exists.",
            "incorrect old value provided",
            "reference already exists",
            "reference does not exist",
            "reference 'refs/heads/main' is at 111 but expected 222",
            "Cannot lock ref 'refs/heads/main': is at 1 but expected 2",
            // JGit's.
            "failed to lock",
            "lock error: refs/heads/main",
            "non-fast forward",
            // Gitaly's.
            "reference is already locked: \"refs/heads/main\"",
            // Azure's.
            "TF401028: The reference 'refs/heads/main' has already been updated by another client, so you cannot update it.",
            // libgit2's.
            "old reference value does not match",
        ] {
            assert!(matches!(of_rejection(reason, ""), RepositoryError::LostRace), "{reason}");
        }
        let refused = |reason: &str, words: &str| {
            assert!(matches!(of_rejection(reason, words), RepositoryError::Refused(_)), "{reason}: {words}");
        };
        for reason in [
            "cannot lock ref 'refs/heads/main': Unable to create '/x/main.lock': No space left on device",
            "cannot lock ref 'refs/heads/main': Unable to create '/x/main.lock': Permission denied",
            "cannot lock ref 'refs/heads/main': Unable to create '/x/main.lock': Disk quota exceeded",
            "cannot lock ref 'refs/heads/main': 'refs/heads/main/x' exists; cannot create 'refs/heads/main'",
            "pre-receive hook declined",
            "hook declined",
            "protected branch hook declined",
            "hook declined to update refs/heads/main",
            "deny updating a hidden ref",
            "branch is currently checked out",
            "shallow update not allowed",
            "missing necessary objects",
            "unpacker error",
            "unpack failed: index-pack abnormal exit",
            "prohibited by Gerrit: not permitted: update",
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
            "push declined due to repository rule violations",
            "",
        ] {
            refused(reason, "");
        }
        let stale = "cannot lock ref 'refs/heads/main': is at 1 but expected 2";
        for reason in ["reference-transaction hook declined", "atomic transaction failed", "failure"] {
            assert!(matches!(of_rejection(reason, stale), RepositoryError::LostRace), "{reason}");
        }
        refused("pre-receive hook declined", stale);
        for why in ["Permission denied", "No space left on device", "Read-only file system"] {
            let words =
                format!("ok\nerror: cannot lock ref 'refs/heads/main': Unable to create '/x/main.lock': {why}\n");
            refused("failed to update ref", &words);
        }
        let words = "a hook: cat: /x: Permission denied";
        assert!(matches!(of_rejection("failed to update ref", words), RepositoryError::LostRace));
        for (reason, words) in [
            ("pre-receive hook declined", "GitLab: Internal API unreachable"),
            ("pre-receive hook declined", "GitLab: API is not accessible"),
            ("failure", "fatal error in commit_refs"),
            ("Internal Server Error", ""),
            ("pre-receive hook declined", "GitLab: Push operation timed out\n\nTiming information for debugging"),
            ("pre-receive hook declined", "GitLab: 4:Deadline Exceeded. debug_error_string:{}"),
        ] {
            assert!(matches!(of_rejection(reason, words), RepositoryError::Unreachable(_)), "{reason}: {words}");
        }
    }

    #[test]
    fn a_quotation_is_clean() {
        for (words, clean) in [
            ("see https://bot:s3cret@git.example/x and http://t@h", "see https://***@git.example/x and http://***@h"),
            ("https://git.example/a@b", "https://git.example/a@b"),
            ("a://b://c:d@e", "a://b://***@e"),
            ("\x1b[31mred\x1b[0m \x07bell\u{202e}evil", "red bellevil"),
            ("\u{9b}1mbold\x1b(B\x1b[m, \x1b]8;;http://x/\x1b\\a link\x1b]8;;\x07, \x1b]0;no end", "bold, a link,"),
            ("a == b\n====\nremote: ======\nremote: remote: x\nremote:", "a == b\nremote: x"),
            ("\n\n one \r two\t\n", "one\ntwo"),
            ("ends in ://", "ends in ://"),
        ] {
            assert_eq!(bounded(words), clean);
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
        for shut in [
            "remote: The project you were looking for could not be found.",
            "fatal: '/x.git' does not appear to be a git repository",
            "fatal: detected dubious ownership in repository at '/x.git'",
            "git@host: Permission denied (publickey).",
            "ERROR: Repository not found.",
            "access denied or repository not exported: /x",
            "remote: ERROR: Your account has been blocked.",
            "remote: ERROR: Your password expired. Please access GitLab from a web browser: this key has expired.",
            "remote: ERROR: You must accept the Terms of Service in order to perform this action.",
        ] {
            assert!(matches!(of_refused_entry(shut), RepositoryError::Authentication(_)), "{shut}");
        }
        for push in
            ["ERROR: The key you are authenticating with has been marked as read only.", "This deploy key is read-only"]
        {
            assert!(matches!(of_refused_entry(push), RepositoryError::Refused(_)), "{push}");
        }
        for passing in [
            "upload-pack: internal error",
            "ERROR: The git server, Gitaly, is not available at this time. Please contact your administrator.",
        ] {
            assert!(matches!(of_refused_entry(passing), RepositoryError::Unreachable(_)), "{passing}");
        }
    }
}
