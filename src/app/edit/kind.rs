//! What a file is: by its name where kustomize and Argo CD go by it, otherwise by what it says.

use std::path::Path;

use crate::{
    domain::edit::FileKind,
    manifest::{
        kustomization,
        tree::{NodeId, Tree},
    },
};

/// Lists that a kustomization has and that make one of a map without `kind`.
const LISTS: [&str; 10] = [
    "resources",
    "components",
    "bases",
    "images",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "configMapGenerator",
    "secretGenerator",
    "generators",
];

/// Tells what a file is. What can't be read is taken for values: whoever edits it tells what is wrong with it.
pub(super) fn of(name: Option<&Path>, bytes: &[u8]) -> FileKind {
    let name = name.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    if kustomization::FILE_NAMES.contains(&name) {
        return FileKind::Kustomization;
    }
    if name == ".argocd-source.yaml" || (name.starts_with(".argocd-source-") && name.ends_with(".yaml")) {
        return FileKind::ArgoCdSource;
    }
    let Some(tree) = std::str::from_utf8(bytes).ok().and_then(|text| Tree::read(text).ok()) else {
        return FileKind::Values;
    };
    let roots = tree.documents().iter().filter_map(|document| document.root);
    let kinds: Vec<Option<FileKind>> = roots.map(|root| of_document(&tree, root)).collect();
    match kinds.iter().flatten().collect::<Vec<_>>()[..] {
        [] => FileKind::Values,
        [kind] => *kind,
        ref kinds if kinds.contains(&&FileKind::Kustomization) => FileKind::Kustomization,
        ref kinds if kinds.iter().all(|kind| *kind == kinds[0]) => *kinds[0],
        _ => FileKind::Manifests,
    }
}

fn of_document(tree: &Tree<'_>, root: NodeId) -> Option<FileKind> {
    let text = |key: &str| tree.get(root, key).and_then(|value| tree.scalar(value)).unwrap_or_default();
    let (group, kind) = (text("apiVersion").split('/').next().unwrap_or_default(), text("kind"));
    match (group, kind) {
        // Flux's Kustomization has the same `images`.
        ("kustomize.config.k8s.io" | "kustomize.toolkit.fluxcd.io", _) => Some(FileKind::Kustomization),
        ("argoproj.io", "Application" | "ApplicationSet") => Some(FileKind::Application),
        ("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease") => Some(FileKind::HelmRelease),
        ("", "") => {
            let listed = |key: &str| tree.get(root, key).is_some_and(|value| tree.items(value).is_some());
            LISTS.iter().any(|key| listed(key)).then_some(FileKind::Kustomization)
        }
        ("", _) | (_, "") => None,
        _ => Some(FileKind::Manifests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_where_tools_go_by_it() {
        for (name, text, kind) in [
            ("a/kustomization.yaml", "kind: ConfigMap\napiVersion: v1\n", FileKind::Kustomization),
            ("Kustomization", "", FileKind::Kustomization),
            (".argocd-source-app.yaml", "kustomize: {}\n", FileKind::ArgoCdSource),
            (".argocd-source.yaml", "", FileKind::ArgoCdSource),
            ("values.yaml", "resources: {limits: {}}\n", FileKind::Values),
            ("values.yaml", "image: {tag: a}\n", FileKind::Values),
            ("x.yaml", "resources: [a.yaml]\n", FileKind::Kustomization),
            ("x.yaml", "images:\n- name: a\n", FileKind::Kustomization),
            ("x.yaml", "a: [\n", FileKind::Values),
            ("x.yaml", "\u{feff}# only a comment\n", FileKind::Values),
        ] {
            assert_eq!(of(Some(Path::new(name)), text.as_bytes()), kind, "{name}: {text}");
        }
    }

    #[test]
    fn the_text_decides_elsewhere() {
        for (text, kind) in [
            ("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", FileKind::Kustomization),
            ("apiVersion: argoproj.io/v1alpha1\nkind: Application\n", FileKind::Application),
            ("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n", FileKind::Manifests),
            ("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n", FileKind::HelmRelease),
            ("apiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\n", FileKind::Manifests),
            ("---\n# nothing\n---\napiVersion: apps/v1\nkind: Deployment\n", FileKind::Manifests),
            (r#"{"apiVersion": "apps/v1", "kind": "Deployment"}"#, FileKind::Manifests),
        ] {
            assert_eq!(of(None, text.as_bytes()), kind, "{text}");
        }
    }
}
