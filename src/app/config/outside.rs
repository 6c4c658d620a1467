//! What a configuration file names outside itself: files and environment variables.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::ExposeSecret;

use super::{
    fault::Fault,
    format::Remote,
    repositories::{self, Mirrored},
    secret::{SecretError, SecretSource},
    tree::{Entry, Node},
};
use crate::adapters::{git, telegram};

/// The environment, by name.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is expected in a file.
#[derive(Clone, Copy)]
enum Content {
    Secret,
    BotToken,
    PrivateKey,
    SigningKey,
    Certificates,
    KnownHosts,
    Kubeconfig,
}

const NO_BOT_TOKEN: &str = "does not look like a bot's token: it has the form 123456:ABC-def";

const NO_FILE: &str = "there is no such file";

const FILES: &[(&str, &str, Content)] = &[
    ("telegram", "token_file", Content::BotToken),
    ("telegram", "ca_file", Content::Certificates),
    ("registry", "token_file", Content::Secret),
    ("registry", "ca_file", Content::Certificates),
    ("kubernetes", "kubeconfig", Content::Kubeconfig),
];

/// The same of each repository.
const OF_REPOSITORIES: &[(&str, Content)] = &[
    ("token_file", Content::Secret),
    ("ssh_key_file", Content::PrivateKey),
    ("ssh_key_passphrase_file", Content::Secret),
    ("known_hosts_file", Content::KnownHosts),
    ("ca_file", Content::Certificates),
];

/// And of each `signing` of theirs.
const OF_SIGNING: &[(&str, Content)] = &[("key_file", Content::SigningKey), ("passphrase_file", Content::Secret)];

/// Looks whether all that the tree names is there; returns faults and warnings.
pub(super) fn look(tree: &Node, folder: &Path, env: Env<'_>) -> (Vec<Fault>, Vec<Fault>) {
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    let sections = repositories::sections(tree);
    let of_repositories =
        sections.iter().flat_map(|section| OF_REPOSITORIES.iter().map(|(key, content)| (section.node, key, content)));
    let signing = sections.iter().filter_map(|section| section.node.get("signing"));
    let of_signing = signing.flat_map(|section| OF_SIGNING.iter().map(move |(key, content)| (section, key, content)));
    let others = FILES.iter().filter_map(|(section, key, content)| Some((tree.get(section)?, key, content)));
    for (section, key, content) in others.chain(of_repositories).chain(of_signing) {
        let Some(entry) = section.entry(key) else { continue };
        let Some(written) = entry.value.text().filter(|text| !text.is_empty()) else { continue };
        let path = folder.join(written);
        match open(&path).and_then(|()| inspect(&path, *content, section, folder)) {
            Err(reason) => {
                let cause = if reason == NO_FILE { unprotected(env) } else { "" };
                let text = format!("{}{reason}{cause}", subject(shown(entry, &path), &reason));
                faults.push(Fault::at(entry.value.place, text));
            }
            Ok(())
                if matches!(
                    content,
                    Content::Secret | Content::BotToken | Content::PrivateKey | Content::SigningKey
                ) && anyone_may_read(&path) =>
            {
                let text = format!("{}: every user of this machine may read it", shown(entry, &path));
                warnings.push(Fault::at(entry.value.place, text));
            }
            Ok(()) => {}
        }
    }
    let named = ["telegram", "registry"].into_iter().filter_map(|name| Some((name, tree.get(name)?)));
    for (section, node) in named.chain(sections.iter().map(|section| ("repository", section.node))) {
        let Some(entry) = node.entry("token_env") else { continue };
        let Some(name) = entry.value.text() else { continue };
        let (fault, cause) = match SecretSource::Env(name.to_owned()).read_with(env) {
            Ok(token) if section == "telegram" && !telegram::is_token(token.expose_secret()) => (NO_BOT_TOKEN, ""),
            Ok(_) => continue,
            Err(SecretError::Unset(_)) => ("is not set", unprotected(env)),
            Err(SecretError::Empty(_)) => ("is empty", ""),
            Err(_) => ("is not a single line of text", ""),
        };
        let name = if is_variable(name) { format!("{name} ") } else { String::new() };
        let text = format!("the environment variable {name}of \"token_env\" {fault}{cause}");
        faults.push(Fault::at(entry.value.place, text));
    }
    faults.extend(remotes_and_mirrors(tree, folder));
    (faults, warnings)
}

/// The remotes that are folders, and the mirrors.
fn remotes_and_mirrors(tree: &Node, folder: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    for section in repositories::sections(tree) {
        if let Some(node) = section.node.get("url")
            && let Some(Ok(Remote::Path(path))) = node.text().map(Remote::parse)
            && !folder.join(&path).is_dir()
        {
            faults.push(Fault::at(node.place, format!("there is no folder {}", folder.join(path).display())));
        }
    }
    for Mirrored { mirror, place, .. } in repositories::mirrors(tree, folder) {
        if let Err(reason) = git::check_mirror(&mirror) {
            faults.push(Fault::at(place, format!("{} {reason}", mirror.display())));
        }
    }
    faults
}

/// A file before what is wrong with it: `… is encrypted`, `…: there is no such file`.
fn subject(file: String, reason: &str) -> String {
    let is_predicate = ["is ", "has ", "holds ", "may ", "does "].iter().any(|verb| reason.starts_with(verb));
    file + if is_predicate { " " } else { ": " }
}

/// Why a variable, or a file that is one, is mostly missing in a GitLab job.
fn unprotected(env: Env<'_>) -> &'static str {
    match env("GITLAB_CI") {
        Some(_) => "; GitLab gives protected variables to protected branches and tags only",
        None => "",
    }
}

/// Whether a text looks like a variable's name, and so isn't a secret put there by mistake.
fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && name.contains('_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Names a file in a fault. A value without a slash may be a secret put into the wrong key, so it isn't repeated.
fn shown(entry: &Entry, path: &Path) -> String {
    match entry.value.text() {
        Some(text) if text.contains('/') => path.display().to_string(),
        _ => format!("the file of {:?}", entry.key),
    }
}

fn open(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    File::open(path).map(drop).map_err(|error| reason(&error))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => NO_FILE.to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        _ => format!("cannot be read ({error})"),
    }
}

/// Looks into a file that a section names.
fn inspect(path: &PathBuf, content: Content, section: &Node, folder: &Path) -> Result<(), String> {
    match content {
        Content::Secret | Content::BotToken => match SecretSource::File(path.clone()).read() {
            Ok(token) if matches!(content, Content::BotToken) && !telegram::is_token(token.expose_secret()) => {
                Err(NO_BOT_TOKEN.to_owned())
            }
            Ok(_) => Ok(()),
            Err(SecretError::Empty(_)) => Err("is empty".to_owned()),
            Err(SecretError::NotOneLine(_)) => Err("is not a single line of text".to_owned()),
            Err(_) => Err("cannot be read as text".to_owned()),
        },
        Content::PrivateKey => match fs::read_to_string(path) {
            Ok(text) if text.contains("PRIVATE KEY-----") => Ok(()),
            _ => Err("is not a private key in PEM or OpenSSH form".to_owned()),
        },
        Content::SigningKey => {
            let passphrase = section.get("passphrase_file").and_then(Node::text);
            let passphrase = passphrase.map(|file| folder.join(file));
            match &passphrase {
                // A fault of its own.
                Some(file) if open(file).is_err() => Ok(()),
                _ => git::check_signing_key(path, passphrase.as_deref()),
            }
        }
        Content::Certificates => {
            match CertificateDer::pem_file_iter(path).map(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(Ok(certificates)) if !certificates.is_empty() => Ok(()),
                _ => Err("holds no certificates in PEM form".to_owned()),
            }
        }
        Content::KnownHosts => {
            let url = section.get("url").and_then(Node::text);
            let checked = url.map_or(Ok(()), |url| git::check_known_hosts(path, url));
            checked.map_err(|reason| match reason.starts_with("has no key") {
                true => {
                    format!("{reason}: ssh-keyscan prints it, for you to compare with the server's before you add it")
                }
                false => reason,
            })
        }
        Content::Kubeconfig => {
            let kubeconfig = kube::config::Kubeconfig::read_from(path).map_err(|_| "is not a kubeconfig".to_owned())?;
            let wanted = section.get("context").and_then(Node::text);
            let contexts: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
            match wanted {
                Some(wanted) if !contexts.contains(&wanted) => {
                    Err(format!("has no context {wanted:?}; there are: {}", contexts.join(", ")))
                }
                _ => Ok(()),
            }
        }
    }
}

#[cfg(unix)]
fn anyone_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn anyone_may_read(_path: &Path) -> bool {
    false
}
