//! What a schema can't say of manifests repositories: whether their names are known, what an environment's is, and
//! whether each branch has a mirror of its own.

use std::path::{Path, PathBuf};

use super::{
    branches::{DEFAULT, Line, branch_mirror, named_mirror, plain},
    fault::{Fault, Place},
    file::default_branch,
    format::Remote,
    manifests::environments,
    review,
    tree::{Entry, Kind, Node},
};
use crate::{
    adapters::argocd::same_repository,
    domain::nearest::{alike, nearest},
};

/// A repository of the file.
#[derive(Clone, Copy)]
pub(super) struct Section<'n> {
    /// The name; `None` for the one that is meant where nothing is said.
    pub(super) name: Option<&'n str>,
    /// Where it begins.
    pub(super) place: Place,
    /// Its keys.
    pub(super) node: &'n Node,
}

impl<'n> Section<'n> {
    /// The section as it is named in faults.
    pub(super) fn label(self) -> String {
        self.name.map_or_else(|| "repository".to_owned(), |name| format!("repositories.{name}"))
    }

    fn branch(self) -> String {
        self.node.get("branch").and_then(Node::text).map_or_else(default_branch, str::to_owned)
    }

    fn remote(self) -> Option<Remote> {
        Remote::parse(self.node.get("url")?.text()?).ok()
    }

    /// The mirror of its own branch, as it is written or, without that, as it follows from the first repository's.
    fn mirror(self, sections: &[Section<'n>]) -> Option<PathBuf> {
        let written = |section: Section<'n>| section.node.get("mirror").and_then(Node::text).map(PathBuf::from);
        match self.name {
            None => written(self),
            Some(name) => written(self).or_else(|| Some(named_mirror(&written(*sections.first()?)?, name))),
        }
    }
}

/// All repositories: the one without a name first, then the others by their names.
pub(super) fn sections(tree: &Node) -> Vec<Section<'_>> {
    let default = tree.entry("repository").map(|entry| Section { name: None, place: entry.place, node: &entry.value });
    let Some(Node { kind: Kind::Map(entries), .. }) = tree.get("repositories") else {
        return default.into_iter().collect();
    };
    let mut named: Vec<_> = entries.iter().collect();
    named.sort_by_key(|entry| &entry.key);
    let named =
        named.into_iter().map(|Entry { key, place, value }| Section { name: Some(key), place: *place, node: value });
    default.into_iter().chain(named).collect()
}

/// What an environment says of its repository, or else its application.
fn said<'n>(application: &'n Node, environment: &'n Node, key: &str) -> Option<&'n Node> {
    environment.get(key).or_else(|| application.get(key))
}

/// The repository that an environment means, and the branch; `None` where a fault is told of already.
fn chosen<'n>(sections: &[Section<'n>], application: &'n Node, environment: &'n Node) -> Option<(Section<'n>, String)> {
    let name = match said(application, environment, "repository") {
        Some(node) => Some(node.text()?).filter(|name| *name != DEFAULT),
        None => None,
    };
    let section = *sections.iter().find(|section| section.name == name)?;
    let branch = match said(application, environment, "branch") {
        Some(node) => node.text()?.to_owned(),
        None => section.branch(),
    };
    Some((section, branch))
}

/// The branch of a remote that an environment is on; `None` where a fault is told of already.
pub(super) fn line(sections: &[Section<'_>], application: &Node, environment: &Node, folder: &Path) -> Option<Line> {
    let (section, branch) = chosen(sections, application, environment)?;
    Some(Line::new(&section.remote()?, &branch, folder))
}

/// A branch with its mirror, and where the file tells of it.
pub(super) struct Mirrored {
    line: Line,
    /// The folder, from that of the file.
    pub(super) mirror: PathBuf,
    /// The place.
    pub(super) place: Place,
}

/// Every branch with its mirror: those of the repositories themselves, then those of environments.
pub(super) fn mirrors(tree: &Node, folder: &Path) -> Vec<Mirrored> {
    let sections = sections(tree);
    let mut found: Vec<Mirrored> = Vec::new();
    let mut add = |section: Section<'_>, branch: &str, place: Place| {
        let (Some(remote), Some(mirror)) = (section.remote(), section.mirror(&sections)) else { return };
        let line = Line::new(&remote, branch, folder);
        if mirror.as_os_str().is_empty() || found.iter().any(|other| other.line == line) {
            return;
        }
        let mirror = if branch == section.branch() { mirror } else { branch_mirror(&mirror, branch) };
        found.push(Mirrored { line, mirror: folder.join(mirror), place });
    };
    for section in &sections {
        let place = section.node.get("mirror").map_or(section.place, |node| node.place);
        add(*section, &section.branch(), place);
    }
    for (application, environment) in environments(tree).chain(review::sections(tree)) {
        let Some((section, branch)) = chosen(&sections, application, environment) else { continue };
        let place = said(application, environment, "branch").map_or(environment.place, |node| node.place);
        add(section, &branch, place);
    }
    found
}

/// Checks what is said of repositories; tolerates values of any shape, which other checks report.
pub(super) fn faults(tree: &Node, folder: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    let sections = sections(tree);
    let names: Vec<&str> = sections.iter().filter_map(|section| section.name).collect();
    for section in sections.iter().filter(|section| section.name == Some(DEFAULT)) {
        let text = format!("{DEFAULT:?} is the name of the repository under \"repository\"; choose another one");
        faults.push(Fault::at(section.place, text));
    }
    let applications = tree.get("applications").into_iter().flat_map(Node::items);
    let said = applications.flat_map(|application| {
        let environments = application.get("environments").into_iter().flat_map(Node::items);
        let places = std::iter::once(application).chain(environments).chain(application.get("review"));
        places.filter_map(|node| node.get("repository"))
    });
    for node in said {
        let Some(given) = node.text() else { continue };
        if given != DEFAULT && !names.contains(&given) {
            faults.push(Fault::at(node.place, unknown(given, &names)));
        }
    }
    let mirrors: Vec<_> = mirrors(tree, folder).into_iter().map(|m| (plain(&m.mirror), m)).collect();
    for (index, (path, mirrored)) in mirrors.iter().enumerate() {
        let near = |(other, _): &&(PathBuf, Mirrored)| path.starts_with(other) || other.starts_with(path);
        let Some((other, first)) = mirrors[..index].iter().find(near) else { continue };
        let (mirror, line) = (mirrored.mirror.display(), first.place.line);
        let what = match path == other {
            true => format!("the mirror {mirror} is also that of the branch on line {line}"),
            false => format!("the mirror {mirror} and that of the branch on line {line} lie one in the other"),
        };
        faults.push(Fault::at(mirrored.place, format!("{what}; each branch needs a folder of its own")));
    }
    faults
}

fn unknown(given: &str, names: &[&str]) -> String {
    let near = nearest(given, names.iter().copied());
    let quoted: Vec<String> = near.iter().map(|name| format!("{name:?}")).collect();
    let hint = match near.first() {
        None => "\"repositories\" has none".to_owned(),
        Some(best) if alike(given, best) => format!("did you mean {}?", quoted[0]),
        Some(_) => format!("there are {} and {DEFAULT:?}", quoted.join(", ")),
    };
    format!("there is no repository {given:?}; {hint}")
}

/// What is allowed and yet rarely meant.
pub(super) fn warnings(tree: &Node, folder: &Path) -> Vec<Fault> {
    let mut warnings = Vec::new();
    let sections = sections(tree);
    let used: Vec<Option<&str>> = environments(tree)
        .chain(review::sections(tree))
        .filter_map(|(a, e)| Some(chosen(&sections, a, e)?.0.name))
        .collect();
    for (index, section) in sections.iter().enumerate() {
        if section.name.is_some() && !used.contains(&section.name) {
            warnings.push(Fault::at(section.place, format!("no environment is in {:?}", section.label())));
        }
        let (Some(remote), branch) = (section.remote(), section.branch()) else { continue };
        for other in sections[..index].iter().filter(|other| other.branch() == branch) {
            let Some(theirs) = other.remote() else { continue };
            let (first, line) = (other.label(), other.place.line);
            let text = if Line::new(&theirs, &branch, folder) == Line::new(&remote, &branch, folder) {
                format!("has the remote and the branch of {first:?} on line {line}, whose keys count for both")
            } else if same_repository(&theirs.address(), &remote.address()) {
                format!(
                    "seems to have the remote and the branch of {first:?} on line {line}, by another address: two writers \
                     would get in each other's way; write the same \"url\""
                )
            } else {
                continue;
            };
            warnings.push(Fault::at(section.place, text));
            break;
        }
    }
    warnings
}
