//! Where a reference of a kustomization leads: a path in the repository, or somewhere else.

use crate::domain::name::RepoPath;

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A path in this repository; whether something is there is another question.
    Local(RepoPath),
    /// Another repository or a file on a server.
    Remote,
    /// A path that leaves this repository.
    Outside,
}

/// Resolves a reference as seen from a folder.
pub(super) fn resolve(folder: &RepoPath, text: &str) -> Reference {
    if is_remote(text) {
        return Reference::Remote;
    }
    if text.starts_with('/') {
        return Reference::Outside;
    }
    local(folder, text).map_or(Reference::Outside, Reference::Local)
}

/// The path of `text` as seen from a folder; `None` when it leaves the repository or isn't a path.
#[must_use]
pub fn local(folder: &RepoPath, text: &str) -> Option<RepoPath> {
    let mut parts: Vec<&str> = folder.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    RepoPath::new(parts.join("/")).ok()
}

/// The folder of a file.
#[must_use]
pub fn folder_of(file: &RepoPath) -> RepoPath {
    let folder = file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    RepoPath::new(folder).expect("what is before a slash of a path is a path")
}

/// The forms of addresses that kustomize clones or downloads.
fn is_remote(text: &str) -> bool {
    let scp = || text.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    let forge = || ["github.com/", "gitlab.com/", "bitbucket.org/"].iter().any(|host| text.starts_with(host));
    text.contains("://")
        || text.starts_with("git::")
        || text.contains("?ref=")
        || text.contains("?version=")
        || scp()
        || forge()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_kustomize_does() {
        let folder = RepoPath::new("apps/x/prod").expect("valid");
        let local = |text: &str| Reference::Local(RepoPath::new(text).expect("valid"));
        for (text, expected) in [
            ("../base", local("apps/x/base")),
            ("../base/", local("apps/x/base")),
            ("./a.yaml", local("apps/x/prod/a.yaml")),
            (".", local("apps/x/prod")),
            ("..", local("apps/x")),
            ("../../..", local("")),
            ("../../../..", Reference::Outside),
            ("/etc/passwd", Reference::Outside),
            ("a\\b", Reference::Outside),
            ("https://example.org/x.yaml", Reference::Remote),
            ("git@example.org:team/x.git", Reference::Remote),
            ("git::ssh://example.org/x", Reference::Remote),
            ("github.com/team/x//base?ref=v1", Reference::Remote),
            ("github.com/team/x", Reference::Remote),
            ("example.org/team/x?ref=main", Reference::Remote),
        ] {
            assert_eq!(resolve(&folder, text), expected, "{text}");
        }
        assert_eq!(folder_of(&RepoPath::new("a").expect("valid")).as_str(), "");
        assert_eq!(folder_of(&RepoPath::new("a/b/c").expect("valid")).as_str(), "a/b");
    }
}
