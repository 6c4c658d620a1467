//! The branches of manifests repositories that environments are on: one writer and one mirror for each, whatever names
//! the file has for it.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Component, Path, PathBuf},
};

use super::{RepositoryConfig, fault::Fault, format::Remote};
use crate::domain::{
    catalogue::RepositoryBranch,
    name::{BranchName, RepositoryName},
};

/// The name of the repository under `repository`, for what says another one above.
pub(super) const DEFAULT: &str = "default";

/// A branch of a remote: what one writer serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Line {
    /// The address; two that are written in different ways are different.
    remote: String,
    branch: String,
}

impl Line {
    /// The branch of a remote whose path, when it has one, starts from the folder of the file.
    pub(super) fn new(remote: &Remote, branch: &str, folder: &Path) -> Self {
        let remote = match remote {
            // Doubled slashes and `.` don't count; `..` may lead through a link.
            Remote::Path(path) => folder.join(path).components().collect::<PathBuf>().display().to_string(),
            other => other.address().trim_end_matches('/').to_owned(),
        };
        Self { remote, branch: branch.to_owned() }
    }
}

/// The mirror of a named repository that names none: beside that of the repository without a name.
pub(super) fn named_mirror(default: &Path, name: &str) -> PathBuf {
    default.with_file_name(format!("{name}.git"))
}

/// The mirror of another branch than the repository's own: `manifests.git` becomes `manifests@staging.git`.
pub(super) fn branch_mirror(mirror: &Path, branch: &str) -> PathBuf {
    let name = mirror.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let (stem, end) = name.strip_suffix(".git").map_or((&*name, ""), |stem| (stem, ".git"));
    // What stands in a branch's name and may not stand in a file's, and what it is replaced by.
    let branch = branch.replace('%', "%25").replace('/', "%2F");
    mirror.with_file_name(format!("{stem}@{branch}{end}"))
}

/// A path without `.` and `..`, to compare it with others.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Gives environments their branches, and collects these.
pub(super) struct Branches {
    /// The one without a name first.
    repositories: Vec<(Option<RepositoryName>, RepositoryConfig)>,
    keys: HashMap<Line, RepositoryBranch>,
    found: BTreeMap<RepositoryBranch, RepositoryConfig>,
}

impl Branches {
    pub(super) fn new(repositories: Vec<(Option<RepositoryName>, RepositoryConfig)>) -> Self {
        Self { repositories, keys: HashMap::new(), found: BTreeMap::new() }
    }

    /// The branch that an environment with these keys is on.
    pub(super) fn of(&mut self, repository: Option<&str>, branch: Option<&str>) -> Result<RepositoryBranch, Fault> {
        let wanted = repository.filter(|name| *name != DEFAULT);
        let is_wanted = |name: &Option<RepositoryName>| name.as_ref().map(RepositoryName::as_str) == wanted;
        let meant = self.repositories.iter().find(|(name, _)| is_wanted(name));
        let meant = meant.ok_or_else(|| Fault::whole(format!("there is no repository {wanted:?}")))?;
        let branch = branch.unwrap_or(&meant.1.branch);
        let line = |config: &RepositoryConfig, branch: &str| Line::new(&config.remote, branch, Path::new(""));
        let wanted = line(&meant.1, branch);
        if let Some(key) = self.keys.get(&wanted) {
            return Ok(key.clone());
        }
        // Of several repositories with this remote, the one counts whose own branch this is.
        let own = self.repositories.iter().find(|(_, config)| line(config, &config.branch) == wanted);
        let (name, config) = own.unwrap_or(meant);
        let (mut key, mut config) = (RepositoryBranch { name: name.clone(), branch: None }, config.clone());
        if branch != config.branch {
            key.branch = Some(BranchName::new(branch).map_err(|error| Fault::whole(error.to_string()))?);
            config.mirror = branch_mirror(&config.mirror, branch);
            config.branch = branch.to_owned();
        }
        self.found.insert(key.clone(), config);
        self.keys.insert(wanted, key.clone());
        Ok(key)
    }

    /// All branches that environments were given, with the names that people know them by.
    pub(super) fn into_map(mut self) -> BTreeMap<RepositoryBranch, RepositoryConfig> {
        let all: Vec<(String, String, String)> = self
            .found
            .values()
            .map(|config| (place(&config.remote), config.remote.address(), config.branch.clone()))
            .collect();
        for (config, (place, address, branch)) in self.found.values_mut().zip(&all) {
            let clear = all.iter().all(|(other, at, _)| other != place || at == address);
            let name = if clear { place } else { address };
            let alone = all.iter().filter(|(_, at, _)| at == address).count() == 1;
            config.label = if alone { name.clone() } else { format!("{name} ({branch})") };
        }
        self.found
    }
}

/// A remote as people name it: its path on the server, `team/manifests`.
fn place(remote: &Remote) -> String {
    let path = match remote {
        Remote::Http(url) => url.path().to_owned(),
        Remote::Ssh(text) => match text.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, path)| path).to_owned(),
            None => text.split_once(':').map_or(text.as_str(), |(_, path)| path).to_owned(),
        },
        Remote::Path(path) => return path.display().to_string(),
    };
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}
