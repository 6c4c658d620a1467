//! The formats of single values: what the JSON Schema names with `format`, checked with a reason.

use std::{net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use url::{Host, Url};

use crate::{
    domain::{
        mask::Mask,
        name::{ApplicationName, BranchName, EnvironmentName, ImageName, NameError, RepoPath, RepositoryName},
    },
    manifest::key_path::KeyPath,
};

/// A format: its name in the schema, what a value of it is, and the check.
pub(super) struct Format {
    /// The value of `format` in the schema.
    pub(super) name: &'static str,
    /// What such a value is, to stand after "must be".
    pub(super) what: &'static str,
    /// Why a text isn't one, to stand after the key's name; `Err(None)` when [`Self::what`] says it all.
    pub(super) check: fn(&str) -> Result<(), Option<String>>,
}

/// Every format of the schema.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "application-name",
        what: "an application's name (a-z, 0-9 and -, at most 63 characters)",
        check: name::<ApplicationName>,
    },
    Format {
        name: "environment-name",
        what: "an environment's name (a-z, 0-9 and -, at most 63 characters)",
        check: name::<EnvironmentName>,
    },
    Format {
        name: "repository-name",
        what: "a repository's name (a-z, 0-9 and -, at most 63 characters)",
        check: name::<RepositoryName>,
    },
    Format {
        name: "image-name",
        what: "an image's name (host/path, without tag and digest)",
        check: name::<ImageName>,
    },
    Format {
        name: "manifest-path",
        what: "a path from the environment's folder",
        check: |t| when(!t.is_empty() && !t.starts_with('/') && !t.contains(['\\', '\0', '\n']) && !t.contains("://")),
    },
    Format {
        name: "key-path",
        what: "a key path such as image.tag",
        check: |t| KeyPath::parse(t).map(drop).map_err(|error| Some(format!("is not a key path: {error}"))),
    },
    Format { name: "repository-path", what: "a relative path inside the repository", check: name::<RepoPath> },
    Format { name: "kubernetes-name", what: "a Kubernetes name (a-z, 0-9, - and .)", check: |t| when(dns_name(t)) },
    Format { name: "kubernetes-namespace", what: "a namespace (a-z, 0-9 and -)", check: |t| when(dns_label(t)) },
    Format {
        name: "positive-duration",
        what: "a duration such as 5s, 10m or 1h, at most 24h",
        check: |t| when(duration(t).is_some()),
    },
    Format {
        name: "short-wait",
        what: "a duration from 0s to 10s, such as 200ms",
        check: |t| when(short_wait(t).is_some()),
    },
    Format {
        name: "mask-pattern",
        what: "a regular expression",
        check: |t| Mask::pattern(t).map(drop).map_err(|error| Some(format!("is not a pattern: {error}"))),
    },
    Format { name: "email", what: "an e-mail address", check: |t| when(email(t)) },
    Format {
        name: "person-name",
        what: "a name on one line, without < and >",
        check: |t| when(!t.trim().is_empty() && !t.contains(['<', '>']) && !t.contains(char::is_control)),
    },
    Format {
        name: "git-branch",
        what: "a branch's name",
        check: |t| when(t.parse::<BranchName>().is_ok() && git2::Branch::name_is_valid(t).unwrap_or(false)),
    },
    Format {
        name: "environment-variable",
        what: "the name of an environment variable",
        check: |t| {
            let word = t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            when(word && !t.is_empty() && !t.starts_with(|c: char| c.is_ascii_digit()))
        },
    },
    Format {
        name: "file-path",
        what: "a path",
        check: |t| {
            if t.starts_with("~/") {
                return Err(Some("starts with ~, which only shells understand; write the folder out".to_owned()));
            }
            when(!t.is_empty() && !t.contains('\0'))
        },
    },
    Format {
        name: "gitlab-project",
        what: "a project's path, such as team/application",
        check: |t| {
            let part = |p: &str| !p.is_empty() && !p.contains(|c: char| c.is_whitespace() || "?#%\\:".contains(c));
            when(t.split('/').all(part))
        },
    },
    Format { name: "http-url", what: "an https:// address", check: |t| http_url(t).map(drop).map_err(Some) },
    Format { name: "web-url", what: "an https:// address", check: |t| web_url(t).map(drop).map_err(Some) },
    Format {
        name: "proxy-url",
        what: "a proxy's address, such as http://proxy.example.org:3128",
        check: |t| {
            let url = web_url(t).map_err(Some)?;
            when(url.path() == "/")
        },
    },
    Format {
        name: "git-remote",
        what: "the address of a repository",
        check: |t| Remote::parse(t).map(drop).map_err(Some),
    },
];

/// The format of that name.
pub(super) fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

fn when(valid: bool) -> Result<(), Option<String>> {
    if valid { Ok(()) } else { Err(None) }
}

fn name<T: FromStr<Err = NameError>>(text: &str) -> Result<(), Option<String>> {
    when(text.parse::<T>().is_ok())
}

/// A DNS label (RFC 1123), the form of namespaces.
fn dns_label(text: &str) -> bool {
    text.parse::<ApplicationName>().is_ok()
}

/// DNS labels joined by dots (RFC 1123), the form of most Kubernetes names.
fn dns_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(dns_label)
}

fn email(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>');
    text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(bad)
}

/// A positive duration of at most a day: `5s`, `10m`, `1h30m`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    any_duration(text).filter(|duration| !duration.is_zero() && *duration <= Duration::from_secs(24 * 60 * 60))
}

/// A duration of at most ten seconds, or none: `200ms`, `0s`.
#[must_use]
pub(super) fn short_wait(text: &str) -> Option<Duration> {
    any_duration(text).filter(|duration| *duration <= Duration::from_secs(10))
}

fn any_duration(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok())
}

/// An address that secrets may be sent to: https, or http to this very machine.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url = web_url(text)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("must be https://; plain http:// is for loopback addresses only".to_owned());
    }
    Ok(url)
}

/// An address that people are sent to. The text is never part of the reason: it may hold a password.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!("must be https://, not {}:", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or a password; they don't belong into an address".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the path, without ? and #".to_owned());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// The remote of the manifests repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// `https://…`, or `http://…` to loopback; without user name and password.
    Http(Url),
    /// `ssh://…` or `user@host:path`, as written; without a password.
    Ssh(String),
    /// A folder on this machine.
    Path(PathBuf),
}

impl Remote {
    /// Tells what kind of remote a text names; a path stays as it is written.
    ///
    /// # Errors
    /// The reason, to stand after the key's name; it doesn't repeat the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains(char::is_control) {
            return Err("must be the address of a repository".to_owned());
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return match scheme {
                "https" | "http" => http_url(text).map(Self::Http),
                "ssh" => ssh_url(text),
                "file" => Url::parse(text)
                    .ok()
                    .and_then(|url| url.to_file_path().ok())
                    .map(Self::Path)
                    .ok_or_else(|| "is not a file:// address with an absolute path".to_owned()),
                _ => Err(format!("must be https://, ssh://, user@host:path or a path, not {scheme}://")),
            };
        }
        match text.split_once(':') {
            Some((host, path)) if !host.contains('/') => scp(text, host, path),
            _ => Ok(Self::Path(PathBuf::from(text))),
        }
    }

    /// The address as git understands it.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Http(url) => url.to_string(),
            Self::Ssh(text) => text.clone(),
            Self::Path(path) => path.display().to_string(),
        }
    }
}

fn ssh_url(text: &str) -> Result<Remote, String> {
    let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    if url.password().is_some() {
        return Err("holds a password; keys are used for ssh://".to_owned());
    }
    if url.host_str().is_none_or(|host| host.is_empty() || host.starts_with('-')) || url.path().len() < 2 {
        return Err("must be ssh://user@host/path".to_owned());
    }
    Ok(Remote::Ssh(text.to_owned()))
}

/// `user@host:path`, the short form of scp.
fn scp(text: &str, host: &str, path: &str) -> Result<Remote, String> {
    let name = host.split_once('@').map_or(host, |(_, name)| name);
    if name.is_empty()
        || host.starts_with(['-', '@'])
        || name.starts_with('-')
        || path.is_empty()
        || path.starts_with(':')
    {
        return Err("must be user@host:path".to_owned());
    }
    Ok(Remote::Ssh(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        match Remote::parse(text) {
            Ok(remote) => panic!("{text} is {remote:?}"),
            Err(reason) => reason,
        }
    }

    #[test]
    fn remotes_are_told_apart() {
        let kind = |text: &str| match Remote::parse(text) {
            Ok(Remote::Http(_)) => "http",
            Ok(Remote::Ssh(_)) => "ssh",
            Ok(Remote::Path(_)) => "path",
            Err(_) => "bad",
        };
        for (text, expected) in [
            ("https://gitlab.example.org/team/manifests.git", "http"),
            ("http://127.0.0.1:8080/x", "http"),
            ("http://[::1]/x", "http"),
            ("http://localhost/x", "http"),
            ("http://localhost.example.org/x", "bad"),
            ("http://10.0.0.1/x", "bad"),
            ("http://127.0.0.1.example.org/x", "bad"),
            ("ssh://git@host:2222/team/x.git", "ssh"),
            ("ssh://git@host", "bad"),
            ("ssh://-oProxyCommand=x/y", "bad"),
            ("git@host:team/x.git", "ssh"),
            ("host:x", "ssh"),
            ("-oProxyCommand=x:y", "bad"),
            ("git@:x", "bad"),
            ("git@host:", "bad"),
            ("git://host/x", "bad"),
            ("ext::sh -c id", "bad"),
            ("/srv/manifests.git", "path"),
            ("./a:b", "path"),
            ("../манифесты", "path"),
            ("file:///srv/x.git", "path"),
            ("file://host", "bad"),
            ("", "bad"),
            ("a\nb", "bad"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn reasons_never_repeat_a_password() {
        for text in
            ["https://u:hunter2@host/x", "ssh://git:hunter2@host/x", "http://hunter2@10.0.0.1/", "ftp://u:hunter2@h"]
        {
            assert!(!reason(text).contains("hunter2"), "{text}");
        }
        assert_eq!(
            reason("https://u:hunter2@host/x"),
            "holds a user name or a password; they don't belong into an address"
        );
    }

    #[test]
    fn durations_are_positive_and_at_most_a_day() {
        assert_eq!(duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for bad in ["", "0s", "-5s", "5", "25h", "ten", "5 parsecs", "99999999999999999999s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn short_waits_may_be_none_at_all() {
        assert_eq!(short_wait("0s"), Some(Duration::ZERO));
        assert_eq!(short_wait("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(short_wait("10s"), Some(Duration::from_secs(10)));
        for bad in ["", "0", "-1ms", "10s 1ms", "1m"] {
            assert_eq!(short_wait(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_that_end_up_in_commits_and_paths_are_harmless() {
        let ok = |name: &str, text: &str| (format(name).expect("a format").check)(text).is_ok();
        for (name, text, valid) in [
            ("email", "anna@example.org", true),
            ("email", "bot@localhost", true),
            ("email", "anna", false),
            ("email", "a@b@c", false),
            ("email", "a <a@b>", false),
            ("person-name", "Анна Иванова", true),
            ("person-name", "Anna\nCo-Authored-By: x", false),
            ("person-name", "A <b>", false),
            ("person-name", " ", false),
            ("git-branch", "main", true),
            ("git-branch", "release/1.0", true),
            ("git-branch", "a..b", false),
            ("git-branch", "-x", false),
            ("git-branch", "HEAD", false),
            ("repository-name", "shop-2", true),
            ("repository-name", "a/b", false),
            ("kubernetes-name", "my.app-1", true),
            ("kubernetes-name", "../secrets/x", false),
            ("kubernetes-namespace", "a.b", false),
            ("environment-variable", "TIPHYS_TOKEN", true),
            ("environment-variable", "1X", false),
            ("environment-variable", "A=B", false),
            ("file-path", "~/x", false),
            ("file-path", "x~", true),
            ("gitlab-project", "team/sub/app", true),
            ("gitlab-project", "team//app", false),
            ("gitlab-project", "team/app?x", false),
            ("proxy-url", "http://proxy.example.org:3128", true),
            ("proxy-url", "https://proxy.example.org/", true),
            ("proxy-url", "socks5://proxy.example.org", false),
            ("proxy-url", "http://user:secret@proxy.example.org", false),
            ("proxy-url", "proxy.example.org:3128", false),
        ] {
            assert_eq!(ok(name, text), valid, "{name} {text:?}");
        }
    }
}
