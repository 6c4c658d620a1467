//! What the adapter is told about the remote, the credentials and the mirror.

use std::{fmt, path::PathBuf, time::Duration};

use secrecy::SecretString;
use url::Url;

/// Everything that [`super::GitRepository`] needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://…`, `http://…` (loopback hosts only), `ssh://…`, `user@host:path`, `file://…` or a path on this machine.
    /// A password in it is refused.
    pub url: String,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The user name for HTTP basic authentication, or for SSH when the URL has none (default `git`).
    pub username: Option<String>,
    /// The password or token for HTTP.
    pub token: Option<TokenSource>,
    /// The private key for SSH, in OpenSSH's or PEM format.
    pub ssh_key_file: Option<PathBuf>,
    /// The file with the key's passphrase.
    pub ssh_key_passphrase_file: Option<PathBuf>,
    /// The host keys that are trusted; SSH doesn't work without it.
    pub known_hosts_file: Option<PathBuf>,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for HTTP; without it that of the environment counts (`HTTPS_PROXY`, `NO_PROXY`).
    pub proxy: Option<Url>,
    /// The git program for a remote on this machine, so that its hooks run; without it libgit2 does what it can.
    pub git_program: Option<PathBuf>,
    /// The folder of the bare mirror; made when it doesn't exist. It is a cache and may be deleted at any time.
    pub mirror: PathBuf,
    /// The committer's name.
    pub committer_name: String,
    /// The committer's e-mail address.
    pub committer_email: String,
    /// The key that signs the commits; without it they aren't signed.
    pub signing: Option<SigningSettings>,
    /// How long the remote may take: for each silence while data is fetched, and for a push as a whole; for connecting it
    /// is less.
    pub deadline: Duration,
}

/// The key that signs commits. Its files are read for each push, so that a new key is picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSettings {
    /// The private key: Ed25519, ECDSA or RSA, in OpenSSH's or PEM format.
    pub key_file: PathBuf,
    /// The file with the key's passphrase.
    pub passphrase_file: Option<PathBuf>,
}

/// Where a token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// A file, read again for every request, so that a rotated token is picked up.
    File(PathBuf),
    /// The token itself, as from the environment.
    Value(SecretString),
}

impl TokenSource {
    /// The token without surrounding white space.
    ///
    /// # Errors
    /// A text that names the file, never its content.
    pub(super) fn read(&self) -> Result<SecretString, String> {
        use secrecy::ExposeSecret;
        let token = match self {
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("cannot read the token file {}: {error}", path.display()))?;
                SecretString::from(text.trim())
            }
            Self::Value(token) => SecretString::from(token.expose_secret().trim()),
        };
        match token.expose_secret() {
            "" => Err("the token is empty".to_owned()),
            text if text.chars().any(char::is_control) => Err("the token has line breaks in it".to_owned()),
            _ => Ok(token),
        }
    }
}

/// Why the settings can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The URL isn't one of the supported kinds.
    #[error("the repository's url is not usable: {0}")]
    Url(String),
    /// The branch's name isn't one that git accepts.
    #[error("{0:?} is not a branch name")]
    Branch(String),
    /// SSH needs this setting.
    #[error("{0} is needed for ssh")]
    SshNeeds(&'static str),
}

/// The remote, by the way it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RemoteUrl {
    /// Smart HTTP; the URL has neither user nor password and no slash at its end.
    Http { url: Url, user: Option<String> },
    /// SSH; the path as the remote shell gets it.
    Ssh { user: Option<String>, host: String, port: u16, path: String },
    /// A repository on this machine.
    Path(PathBuf),
}

impl RemoteUrl {
    /// Reads a remote's URL the way git does.
    pub(super) fn parse(text: &str) -> Result<Self, SettingsError> {
        let fault = |why: &str| SettingsError::Url(why.to_owned());
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(fault("it is empty or has control characters in it"));
        }
        match text.split_once("://") {
            Some(("http" | "https" | "ssh" | "file", _)) => {
                let url = Url::parse(text).map_err(|error| fault(&error.to_string()))?;
                if url.password().is_some() {
                    return Err(fault("credentials don't belong there; use token_file"));
                }
                Self::of_url(url)
            }
            Some((scheme, _)) => Err(fault(&format!("unknown scheme {scheme:?}"))),
            None => Ok(Self::scp_like(text)?.unwrap_or_else(|| Self::Path(PathBuf::from(text)))),
        }
    }

    fn of_url(mut url: Url) -> Result<Self, SettingsError> {
        let fault = |why: &str| SettingsError::Url(why.to_owned());
        let decoded = |text: &str| percent_decoded(text).ok_or_else(|| fault("it has a bad % escape"));
        let user = match url.username() {
            "" => None,
            name => Some(decoded(name)?),
        };
        match url.scheme() {
            "file" => url.to_file_path().map(Self::Path).map_err(|()| fault("not a path of this machine")),
            "ssh" => {
                let host = url.host_str().filter(|host| !host.starts_with('-')).ok_or_else(|| fault("no host"))?;
                let path = decoded(url.path())?;
                let path = if path.starts_with("/~") { path[1..].to_owned() } else { path };
                Ok(Self::Ssh {
                    user,
                    host: host.trim_matches(['[', ']']).to_owned(),
                    port: url.port().unwrap_or(22),
                    path: checked_path(path)?,
                })
            }
            scheme => {
                if scheme == "http" && !is_loopback(&url) {
                    return Err(fault("plain http is for loopback hosts only; use https"));
                }
                if url.query().is_some() || url.fragment().is_some() {
                    return Err(fault("it has a query or a fragment"));
                }
                let path = url.path().trim_end_matches('/').to_owned();
                url.set_path(&path);
                url.set_username("").map_err(|()| fault("no host"))?;
                Ok(Self::Http { url, user })
            }
        }
    }

    /// `user@host:path`: no slash before the first colon (gitfaq, "scp-like syntax").
    fn scp_like(text: &str) -> Result<Option<Self>, SettingsError> {
        let Some((authority, path)) = text.split_once(':') else { return Ok(None) };
        if authority.contains('/') {
            return Ok(None);
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        if host.is_empty() || host.starts_with('-') || user.as_deref().is_some_and(|u| u.is_empty() || u.contains(':'))
        {
            return Err(SettingsError::Url("not user@host:path".to_owned()));
        }
        Ok(Some(Self::Ssh { user, host: host.to_owned(), port: 22, path: checked_path(path.to_owned())? }))
    }
}

/// The remote for logs and for telling mirrors apart: never holds a password.
impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => f.write_str(url.as_str()),
            Self::Ssh { host, port, path, .. } => write!(f, "ssh://{host}:{port} {path}"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Checks a branch's name by git's own rules.
pub(super) fn branch_reference(branch: &str) -> Result<String, SettingsError> {
    let reference = format!("refs/heads/{branch}");
    if branch.starts_with('-') || branch == "HEAD" || !git2::Reference::is_valid_name(&reference) {
        return Err(SettingsError::Branch(branch.to_owned()));
    }
    Ok(reference)
}

/// A path that no option parser on the other side takes for an option.
fn checked_path(path: String) -> Result<String, SettingsError> {
    if path.is_empty() || path == "/" || path.starts_with('-') {
        return Err(SettingsError::Url("no path of a repository".to_owned()));
    }
    Ok(path)
}

/// Whether the URL's host is this machine by its very name.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(user: Option<&str>, host: &str, port: u16, path: &str) -> RemoteUrl {
        RemoteUrl::Ssh { user: user.map(str::to_owned), host: host.to_owned(), port, path: path.to_owned() }
    }

    #[test]
    fn urls_are_read_as_git_reads_them() {
        let parse = |text: &str| RemoteUrl::parse(text).expect(text);
        assert_eq!(
            parse("ssh://git@host.example:2222/team/m.git"),
            ssh(Some("git"), "host.example", 2222, "/team/m.git")
        );
        assert_eq!(parse("ssh://host.example/~bot/m%20x.git"), ssh(None, "host.example", 22, "~bot/m x.git"));
        assert_eq!(parse("git@host.example:team/m.git"), ssh(Some("git"), "host.example", 22, "team/m.git"));
        assert_eq!(parse("ssh://git@[::1]:2222/m.git"), ssh(Some("git"), "::1", 2222, "/m.git"));
        assert_eq!(parse("/srv/git/a:b.git"), RemoteUrl::Path("/srv/git/a:b.git".into()));
        assert_eq!(parse("./a:b.git"), RemoteUrl::Path("./a:b.git".into()));
        assert_eq!(parse("file:///srv/m.git"), RemoteUrl::Path("/srv/m.git".into()));
        for (text, shown, name) in [
            ("https://gitlab.example.org/team/m.git/", "https://gitlab.example.org/team/m.git", None),
            ("https://oauth2@gitlab.example.org/m.git", "https://gitlab.example.org/m.git", Some("oauth2")),
            ("http://127.0.0.1:8080/m.git", "http://127.0.0.1:8080/m.git", None),
            ("http://[::1]:8080/m.git", "http://[::1]:8080/m.git", None),
        ] {
            let RemoteUrl::Http { url, user } = parse(text) else { panic!("{text} is http") };
            assert_eq!((url.as_str(), user.as_deref()), (shown, name));
        }
    }

    #[test]
    fn dangerous_urls_are_refused() {
        for text in [
            "",
            "http://gitlab.example.org/m.git",
            "https://user:secret@gitlab.example.org/m.git",
            "https://gitlab.example.org/m.git?x=1",
            "ftp://host/m.git",
            "ext::sh -c whoami://",
            "ssh://-oProxyCommand=x/m.git",
            "-oProxyCommand=x:m.git",
            "git@host:-x",
            "git@host:",
            "ssh://host",
            "ssh://host/a%0ab",
            "a\nb",
        ] {
            let error = RemoteUrl::parse(text).expect_err(text);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn branches_follow_gits_rules() {
        assert_eq!(branch_reference("release/1.0").as_deref(), Ok("refs/heads/release/1.0"));
        for bad in ["", "-x", "a..b", "a b", "a/", "/a", "HEAD", "x.lock", "a~1"] {
            assert!(branch_reference(bad).is_err(), "{bad}");
        }
    }
}
