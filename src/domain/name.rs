//! Names that were checked once, in their constructors: a value of these types is always well formed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not a name of the asked-for kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{value:?} is not {kind}")]
pub struct NameError {
    /// What was expected.
    pub kind: NameKind,
    /// The text that was given.
    pub value: String,
}

/// The kinds of names, each with its own grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// A name of an application: a DNS label.
    Application,
    /// A name of an environment: a DNS label.
    Environment,
    /// A name of a manifests repository: a DNS label.
    Repository,
    /// A branch, without `refs/heads/`.
    Branch,
    /// An image without tag and digest.
    Image,
    /// An image's tag.
    Tag,
    /// A content digest.
    Digest,
    /// A full commit id.
    Revision,
    /// A path inside a repository.
    Path,
    /// The key that makes a request idempotent.
    RequestId,
    /// Where a reply was put.
    ReplyAddress,
    /// A name of a node: a DNS subdomain.
    Node,
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "an application's name (a-z, 0-9 and -, at most 63 characters)",
            Self::Environment => "an environment's name (a-z, 0-9 and -, at most 63 characters)",
            Self::Repository => "a repository's name (a-z, 0-9 and -, at most 63 characters)",
            Self::Branch => "a branch's name",
            Self::Image => "an image's name (host/path, without tag and digest)",
            Self::Tag => "an image tag (letters, digits, _ . -, at most 128 characters)",
            Self::Digest => "a digest (sha256: and 64 hexadecimal digits)",
            Self::Revision => "a commit id (40 hexadecimal digits)",
            Self::Path => "a relative path inside the repository",
            Self::RequestId => "a request id (printable ASCII without spaces, at most 200 characters)",
            Self::Node => "a node's name (a-z, 0-9, - and ., at most 253 characters)",
            Self::ReplyAddress => "a reply address (printable ASCII without spaces, at most 200 characters)",
        })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text against the grammar of this kind of name.
            ///
            /// # Errors
            /// [`NameError`] when the text doesn't follow it.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let value: String = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&value) { Ok(Self(value)) } else { Err(NameError { kind: NameKind::$kind, value }) }
            }

            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of an application in the configuration.
    ApplicationName, Application, is_dns_label
);
name!(
    /// The name of an environment of an application.
    EnvironmentName, Environment, is_dns_label
);
name!(
    /// The name of a manifests repository in the configuration.
    RepositoryName, Repository, is_dns_label
);
name!(
    /// A branch, without `refs/heads/`, by the rules of `git check-ref-format --branch`.
    BranchName, Branch, is_branch
);
name!(
    /// An image as a kustomization names it: registry host (with port) and path, without tag and digest.
    ImageName, Image, is_image_name
);
name!(
    /// An image's tag, by the grammar of the OCI distribution specification: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
    Tag, Tag, is_tag
);
name!(
    /// A content digest, `sha256:` and 64 hexadecimal digits.
    Digest, Digest, |t| t.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_lower_hex(hex))
);
name!(
    /// A full commit id.
    Revision, Revision, |t| t.len() == 40 && is_lower_hex(t)
);
name!(
    /// A normalised relative path inside a repository: no empty part, no `.`, no `..`, no backslash; `""` is its root.
    RepoPath, Path, is_repo_path
);
name!(
    /// The idempotency key of a request, unique per command typed: `telegram/<chat>/<message>`, `cli/<id>`.
    RequestId, RequestId, is_token
);
name!(
    /// Where the reply to a request stands, so that it can be edited after a restart: `telegram/<chat>/<message>`.
    ReplyAddress, ReplyAddress, is_token
);

name!(
    /// The name of a node of the cluster.
    NodeName, Node, |t| t.len() <= 253 && t.split('.').all(is_dns_label)
);

impl Revision {
    /// The first eight digits, as people read commit ids.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl ImageName {
    /// The part after the last slash.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The registry host (with port) when the first part looks like one: it has a dot or a colon, or is `localhost`.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let (first, _) = self.0.split_once('/')?;
        (first.contains(['.', ':']) || first == "localhost").then_some(first)
    }

    /// The path inside the registry, without the host.
    #[must_use]
    pub fn repository(&self) -> &str {
        match self.host() {
            Some(host) => &self.0[host.len() + 1..],
            None => &self.0,
        }
    }
}

impl RepoPath {
    /// The path of an entry below this one.
    ///
    /// # Errors
    /// [`NameError`] when `below` isn't a relative path.
    pub fn join(&self, below: &str) -> Result<Self, NameError> {
        if self.0.is_empty() { Self::new(below) } else { Self::new(format!("{}/{below}", self.0)) }
    }
}

fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Host with port, then lower-case parts (OCI distribution specification, "name").
fn is_image_name(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
        _ => (None, text),
    };
    let host_valid = host.is_none_or(|host| {
        let (name, port) = host.split_once(':').unwrap_or((host, "0"));
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            && port.parse::<u16>().is_ok()
    });
    host_valid
        && text.len() <= 255
        && path.split('/').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.ends_with(|c: char| c.is_ascii_alphanumeric())
        })
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The rules of git-check-ref-format(1); `HEAD` and what looks like an option are no branches either.
fn is_branch(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    (1..=244).contains(&text.len())
        && text.split('/').all(part)
        && !text.contains(|c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c))
        && !["..", "@{"].iter().any(|sequence| text.contains(sequence))
        && !text.starts_with('-')
        && !text.ends_with('.')
        && !matches!(text, "@" | "HEAD")
}

fn is_repo_path(text: &str) -> bool {
    text.is_empty()
        || text.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && part != ".git" && !part.contains(['\\', '\0', '\n'])
        })
}

fn is_token(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_oci_grammar() {
        for good in ["0.10.5", "v1", "_x", "A-b.c_d", &"x".repeat(128)] {
            assert!(Tag::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".1", "-1", "3;rm", "a b", "фича", "a+b", "feature/x", &"x".repeat(129)] {
            assert!(Tag::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn image_names_keep_host_and_port() {
        let image = ImageName::new("127.0.0.1:5000/team/oil-refinery-application").expect("valid");
        assert_eq!(image.host(), Some("127.0.0.1:5000"));
        assert_eq!(image.repository(), "team/oil-refinery-application");
        assert_eq!(image.base_name(), "oil-refinery-application");
        assert_eq!(ImageName::new("nginx").expect("valid").host(), None);
        for bad in ["", "Nginx", "a:1", "host:port/x", "a//b", "a/b:tag", "a@sha256:0", "-a"] {
            assert!(ImageName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn repository_paths_cannot_leave_the_repository() {
        for good in ["", "a", "apps/x/kustomization.yaml", "с пробелом/и кириллицей"] {
            assert!(RepoPath::new(good).is_ok(), "{good}");
        }
        for bad in ["/a", "a/", "a//b", "../a", "a/../b", "./a", "a\\b", ".git/config"] {
            assert!(RepoPath::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn branches_follow_gits_rules() {
        for good in ["main", "release/1.0", "feature/ёлка", "a-b_c", "x@y", "a.b"] {
            assert!(BranchName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-x", "a..b", "a b", "a/", "/a", "a//b", "x.lock", "x.lock/y", ".a", "a/.b", "a.", "a~1", "a^", "a:b",
            "a?", "a*", "a[b", "a\\b", "a@{1}", "@", "HEAD", "a\tb", "a\u{7f}b",
        ] {
            assert!(BranchName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nodes_are_named_like_hosts() {
        for good in ["worker-1", "ip-10-0-12-34.eu-central-1.compute.internal", "10.0.0.1"] {
            assert!(NodeName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Worker", "a_b", ".a", "a..b", "a/b", "-a", "*", &"a.".repeat(130)] {
            assert!(NodeName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn request_ids_fit_on_one_trailer_line() {
        assert!(RequestId::new("telegram/-100123/789").is_ok());
        for bad in ["", "a b", "a\nb", "é", &"x".repeat(201)] {
            assert!(RequestId::new(bad).is_err(), "{bad}");
        }
    }
}
