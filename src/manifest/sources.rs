//! What a kustomization builds from, as far as the snapshot shows it.

use std::collections::BTreeSet;

use super::{
    kustomization::FILE_NAMES,
    tree::{NodeId, Tree},
};
use crate::domain::{name::RepoPath, snapshot::Snapshot};

/// The most files that are looked at.
const MAX_FILES: usize = 300;

/// The kinds whose replica count kustomize's `replicas` sets.
const SCALED: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];

/// Fields of a kustomization that bring in what can't be seen here, or that give what is there another name.
const OPAQUE: [&str; 9] = [
    "generators",
    "transformers",
    "helmCharts",
    "helmChartInflationGenerator",
    "namePrefix",
    "nameSuffix",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
];

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'s> {
    /// A container's image, without tag and digest.
    Image(&'s str),
    /// A workload with a replica count.
    Workload(&'s str),
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is there.
    Seen,
    /// Everything was looked at, and it isn't there.
    Absent,
    /// It wasn't seen, but not everything could be looked at: a remote base, a chart, a patch, a file that can't be read.
    Unknown,
}

/// Looks for an image or a workload in what the kustomization of a folder builds from: the local resources, bases and
/// components, theirs as well.
///
/// An entry for something that isn't there would do nothing, and in `replicas` it would break the build.
#[must_use]
pub fn look(snapshot: &dyn Snapshot, folder: &RepoPath, sought: Sought<'_>) -> Sight {
    let mut search = Search { snapshot, sought, visited: BTreeSet::new(), open: vec![folder.clone()], complete: true };
    while let Some(path) = search.open.pop() {
        if search.visited.len() >= MAX_FILES {
            return Sight::Unknown;
        }
        if search.visited.insert(path.clone()) && search.visit(&path) {
            return Sight::Seen;
        }
    }
    if search.complete { Sight::Absent } else { Sight::Unknown }
}

struct Search<'s> {
    snapshot: &'s dyn Snapshot,
    sought: Sought<'s>,
    visited: BTreeSet<RepoPath>,
    open: Vec<RepoPath>,
    complete: bool,
}

impl Search<'_> {
    /// Looks at a folder's kustomization or at a file; whether the sought thing is there.
    fn visit(&mut self, path: &RepoPath) -> bool {
        let names = self.snapshot.names(path).unwrap_or_default();
        let Some(kustomization) = FILE_NAMES.iter().find(|name| names.iter().any(|n| n == *name)) else {
            return self.read(path, None);
        };
        match path.join(kustomization) {
            Ok(file) => self.read(&file, Some(path)),
            Err(_) => self.unseen(),
        }
    }

    fn unseen(&mut self) -> bool {
        self.complete = false;
        false
    }

    /// Reads a file of resources, or the kustomization of a folder.
    fn read(&mut self, file: &RepoPath, folder: Option<&RepoPath>) -> bool {
        let Ok(Some(bytes)) = self.snapshot.file(file) else { return self.unseen() };
        let Some(tree) = std::str::from_utf8(&bytes).ok().and_then(|text| Tree::read(text).ok()) else {
            return self.unseen();
        };
        let roots: Vec<NodeId> = tree.documents().iter().filter_map(|document| document.root).collect();
        match (folder, roots.first()) {
            (Some(folder), Some(root)) => self.kustomization(&tree, *root, folder),
            _ => roots.into_iter().any(|root| self.resource(&tree, root)),
        }
    }

    fn kustomization(&mut self, tree: &Tree<'_>, root: NodeId, folder: &RepoPath) -> bool {
        if OPAQUE.iter().any(|key| tree.get(root, key).is_some_and(|value| !tree.is_null(value))) {
            self.complete = false;
        }
        for key in ["resources", "bases", "components"] {
            let items = tree.get(root, key).and_then(|list| tree.items(list)).unwrap_or_default();
            for item in items {
                match tree.scalar(*item).and_then(|text| resolve(folder, text)) {
                    Some(path) => self.open.push(path),
                    None => self.complete = false,
                }
            }
        }
        let images = tree.get(root, "images").and_then(|list| tree.items(list)).unwrap_or_default();
        let renamed = |item: &NodeId| tree.get(*item, "newName").and_then(|name| tree.scalar(name));
        matches!(self.sought, Sought::Image(image) if images.iter().filter_map(renamed).any(|name| name == image))
    }

    /// Whether a resource, or one in a list of them, is or has the sought thing.
    fn resource(&self, tree: &Tree<'_>, root: NodeId) -> bool {
        match self.sought {
            Sought::Image(image) => tree.nodes().iter().enumerate().any(|(id, _)| {
                let rest = tree.scalar(id).and_then(|text| text.strip_prefix(image));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
            }),
            Sought::Workload(workload) => {
                let listed = tree.get(root, "items").and_then(|items| tree.items(items)).unwrap_or_default();
                let text = |id: NodeId, key: &str| tree.get(id, key).and_then(|value| tree.scalar(value));
                listed.iter().chain([&root]).any(|id| {
                    let name = tree.get(*id, "metadata").and_then(|metadata| text(metadata, "name"));
                    name == Some(workload) && text(*id, "kind").is_some_and(|kind| SCALED.contains(&kind))
                })
            }
        }
    }
}

/// A resource's path in the repository; `None` for one elsewhere.
fn resolve(folder: &RepoPath, resource: &str) -> Option<RepoPath> {
    if resource.contains("://") || resource.contains("?ref=") || resource.starts_with("git@") {
        return None;
    }
    let mut parts: Vec<&str> = folder.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in resource.split('/') {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::snapshot::MemorySnapshot;

    const DEPLOYMENT: &str = "kind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - image: r.example.org/app:1\n";

    fn sight(files: &[(&str, &str)], sought: Sought<'_>) -> Sight {
        let snapshot = MemorySnapshot::of(files.iter().copied()).expect("valid paths");
        look(&snapshot, &RepoPath::new("apps/x/prod").expect("valid"), sought)
    }

    #[test]
    fn bases_are_followed() {
        let files = [
            ("apps/x/prod/kustomization.yaml", "resources: [../base/, service.yaml]\n"),
            ("apps/x/prod/service.yaml", "kind: Service\nmetadata: {name: api}\n"),
            ("apps/x/base/Kustomization", "resources:\n- deployment.yaml\n"),
            ("apps/x/base/deployment.yaml", DEPLOYMENT),
        ];
        assert_eq!(sight(&files, Sought::Image("r.example.org/app")), Sight::Seen);
        assert_eq!(sight(&files, Sought::Workload("web")), Sight::Seen);
        assert_eq!(sight(&files, Sought::Image("r.example.org/ap")), Sight::Absent);
        assert_eq!(sight(&files, Sought::Workload("api")), Sight::Absent);
    }

    #[test]
    fn what_cannot_be_seen_is_not_absent() {
        for kustomization in [
            "resources: ['https://example.org/x.yaml']\n",
            "resources: [missing.yaml]\n",
            "resources: [../../../../outside]\n",
            "helmCharts: [{name: x}]\n",
            "namePrefix: a-\n",
            "resources: [broken.yaml]\n",
        ] {
            let files = [("apps/x/prod/kustomization.yml", kustomization), ("apps/x/prod/broken.yaml", "a: [\n")];
            assert_eq!(sight(&files, Sought::Workload("web")), Sight::Unknown, "{kustomization}");
        }
    }

    #[test]
    fn circles_end() {
        let files = [("apps/x/prod/kustomization.yaml", "resources: [., ../prod]\n")];
        assert_eq!(sight(&files, Sought::Workload("web")), Sight::Absent);
    }
}
