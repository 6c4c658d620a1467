//! Whether two addresses name the same git repository.

use url::Url;

/// Whether two addresses name the same repository: `https://host/path.git`, `ssh://git@host:22/path`, `git@host:path`
/// and their like are equal where host and path are.
///
/// The scheme, the user, the port, letter case, slashes at the end and `.git` don't count.
#[must_use]
pub fn same_repository(one: &str, other: &str) -> bool {
    match (place(one), place(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Host and path; the host is empty for a path on this machine.
fn place(address: &str) -> Option<(String, String)> {
    let address = address.trim();
    let (host, path) = match Url::parse(address) {
        Ok(url) if address.contains("://") => (url.host_str().unwrap_or_default().to_owned(), url.path().to_owned()),
        _ => match address.split_once(':') {
            // scp's form: a colon before the first slash.
            Some((host, path)) if !host.contains('/') => {
                (host.rsplit('@').next().unwrap_or(host).to_owned(), path.to_owned())
            }
            _ => (String::new(), address.to_owned()),
        },
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    (!path.is_empty()).then(|| (host.to_lowercase(), path.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_one_address_are_the_same_repository() {
        let forms = [
            "https://gitlab.example.org/team/manifests.git",
            "https://gitlab.example.org/team/manifests",
            "https://oauth2:token@GitLab.example.org/Team/manifests.git/",
            "http://gitlab.example.org:8080/team/manifests//",
            "ssh://git@gitlab.example.org:2222/team/manifests.git",
            "git@gitlab.example.org:team/manifests.git",
            "gitlab.example.org:/team/manifests",
        ];
        for one in forms {
            for other in forms {
                assert!(same_repository(one, other), "{one} {other}");
            }
            for different in [
                "https://gitlab.example.org/team/manifests2",
                "https://gitlab.example.org/other/manifests.git",
                "https://github.example.org/team/manifests.git",
                "/team/manifests.git",
                "",
            ] {
                assert!(!same_repository(one, different), "{one} {different}");
            }
        }
        assert!(same_repository("/srv/git/manifests.git", "file:///srv/git/manifests"));
        assert!(!same_repository("", ""));
    }
}
