//! Who gives a command on the command line, and the key that makes it idempotent, from the environment.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::SystemTime,
};

use crate::domain::{
    actor::{Sender, gitlab_account},
    name::RequestId,
};

/// Who runs the program: the person behind a GitLab job, the author that git would take, or the local user.
///
/// The names are only as good as the environment: whoever can set it has the credentials as well.
#[must_use]
pub fn operator_from_env(get: impl Fn(&str) -> Option<String>) -> Sender {
    let get = |name: &str| get(name).and_then(|value| harmless(&value));
    if let Some(id) = get("GITLAB_USER_ID").and_then(|id| id.parse().ok()) {
        let name = get("GITLAB_USER_NAME").or_else(|| get("GITLAB_USER_LOGIN"));
        let email = get("GITLAB_USER_EMAIL").filter(|email| email.contains('@'));
        return operator(name, email, &get, gitlab_account(id));
    }
    operator(get("GIT_AUTHOR_NAME"), get("GIT_AUTHOR_EMAIL"), &get, "local 0".to_owned())
}

fn operator(
    name: Option<String>,
    email: Option<String>,
    get: &impl Fn(&str) -> Option<String>,
    account: String,
) -> Sender {
    let user = get("USER").or_else(|| get("LOGNAME")).unwrap_or_else(|| "operator".to_owned());
    let host = get("HOSTNAME").unwrap_or_else(|| "localhost".to_owned());
    let without_spaces = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("-");
    let email = email.unwrap_or_else(|| format!("{}@{}", without_spaces(&user), without_spaces(&host)));
    Sender::Operator { name: name.unwrap_or(user), email, account }
}

/// A value as it may stand in a commit's header: on one line and without the characters that end a name there.
fn harmless(value: &str) -> Option<String> {
    let clean: String = value.chars().filter(|c| !matches!(c, '<' | '>')).collect();
    let clean =
        clean.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect::<Vec<_>>();
    (!clean.is_empty()).then(|| clean.join(" "))
}

/// The key of a request on the command line.
///
/// In a GitLab job it is `gitlab/<project>/<job>/<command>`, where the last part is a digest of the words: a job that
/// repeats a command after a broken connection gets the first one's answer, and may give several different commands.
/// Elsewhere it is `cli/<random>`, new each time.
#[must_use]
pub fn request_id_from_env<S: AsRef<str>>(get: impl Fn(&str) -> Option<String>, words: &[S]) -> RequestId {
    let number = |name: &str| get(name).filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    if let (Some(project), Some(job)) = (number("CI_PROJECT_ID"), number("CI_JOB_ID")) {
        let line = words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
        if let Ok(digest) = git2::Oid::hash_object(git2::ObjectType::Blob, line.as_bytes()) {
            let digest = digest.to_string();
            if let Ok(id) = RequestId::new(format!("gitlab/{project}/{job}/{}", &digest[..12])) {
                return id;
            }
        }
    }
    RequestId::new(format!("cli/{:016x}{:016x}", random(), random())).expect("hexadecimal digits are printable")
}

/// 64 random bits: the keys of the standard library's hash maps come from the operating system.
fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    hasher.write_u128(now.as_nanos());
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn operator(pairs: &[(&str, &str)]) -> (String, String, String) {
        match operator_from_env(env(pairs)) {
            Sender::Operator { name, email, account } => (name, email, account),
            other => panic!("{other:?}"),
        }
    }

    fn of(name: &str, email: &str, account: &str) -> (String, String, String) {
        (name.to_owned(), email.to_owned(), account.to_owned())
    }

    #[test]
    fn a_gitlab_job_runs_in_the_name_of_its_user() {
        let job = [
            ("GITLAB_USER_ID", "42"),
            ("GITLAB_USER_NAME", "Анна Иванова"),
            ("GITLAB_USER_EMAIL", "anna@example.org"),
            ("GIT_AUTHOR_NAME", "somebody else"),
        ];
        assert_eq!(operator(&job), of("Анна Иванова", "anna@example.org", "gitlab 42"));
        // GitLab leaves the address empty for some service accounts.
        let bot =
            [("GITLAB_USER_ID", "7"), ("GITLAB_USER_LOGIN", "bot"), ("GITLAB_USER_EMAIL", ""), ("HOSTNAME", "runner")];
        assert_eq!(operator(&bot), of("bot", "operator@runner", "gitlab 7"));
    }

    #[test]
    fn elsewhere_git_or_the_local_user_decides() {
        let git = [("GIT_AUTHOR_NAME", "Boris"), ("GIT_AUTHOR_EMAIL", "boris@example.org"), ("USER", "root")];
        assert_eq!(operator(&git), of("Boris", "boris@example.org", "local 0"));
        assert_eq!(operator(&[("USER", "anna"), ("HOSTNAME", "desk")]), of("anna", "anna@desk", "local 0"));
        assert_eq!(operator(&[]), of("operator", "operator@localhost", "local 0"));
        assert_eq!(operator(&[("GITLAB_USER_ID", "x; y")]).2, "local 0");
    }

    #[test]
    fn names_cannot_add_lines_to_a_commit() {
        let evil = [("GIT_AUTHOR_NAME", "A\nRequest-Id: <x>"), ("USER", "a b")];
        assert_eq!(operator(&evil), of("A Request-Id: x", "a-b@localhost", "local 0"));
    }

    #[test]
    fn a_job_repeats_a_command_under_the_same_key() {
        let job = [("CI_PROJECT_ID", "5"), ("CI_JOB_ID", "777")];
        let id = |words: &[&str]| request_id_from_env(env(&job), words).to_string();
        assert_eq!(id(&["deploy", "0.10.5"]), "gitlab/5/777/5570d40a9bb0");
        assert_eq!(id(&["deploy", "0.10.5"]), id(&["deploy", "0.10.5"]));
        assert_ne!(id(&["deploy", "0.10.5"]), id(&["deploy", "0.10.4"]));
    }

    #[test]
    fn elsewhere_every_command_is_new() {
        let id = || request_id_from_env(env(&[("CI_JOB_ID", "; rm")]), &["deploy"]).to_string();
        assert!(id().starts_with("cli/") && id().len() == 36);
        assert_ne!(id(), id());
    }
}
