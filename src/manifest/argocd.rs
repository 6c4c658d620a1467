//! The files beside a kustomization that Argo CD applies after it: `.argocd-source.yaml`, `.argocd-source-<app>.yaml`.

use super::{
    Fault, scalar, slot,
    tree::{NodeId, Tree},
};
use crate::domain::position::Position;

/// What such a file sets for one image and one workload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Where the image is set, and the tag there when it has one.
    pub image: Option<(Position, Option<String>)>,
    /// Where the replica count is set, and the count.
    pub replicas: Option<(Position, Option<u32>)>,
}

/// The names of the files that Argo CD reads for an Application, in the order in which they are applied.
///
/// An Application outside Argo CD's own namespace goes by `<namespace>_<name>` there; from outside it can't be told which
/// is which, so both names count.
#[must_use]
pub fn file_names(namespace: &str, application: &str) -> [String; 3] {
    [
        ".argocd-source.yaml".to_owned(),
        format!(".argocd-source-{application}.yaml"),
        format!(".argocd-source-{namespace}_{application}.yaml"),
    ]
}

/// Reads what the file sets for an image, by any of its names, and for a workload.
///
/// `kustomize.images` has kustomize's own forms: `name=new:tag`, `name:tag`, `name@digest`, `name=new`.
///
/// # Errors
/// [`crate::domain::plan::PlanFault::Malformed`] where the file isn't YAML: Argo CD can't render the application then.
pub fn overrides(bytes: &[u8], images: &[&str], workload: &str) -> Result<Overrides, Fault> {
    let tree = Tree::read(slot::utf8(bytes)?)?;
    let root = tree.documents().first().and_then(|document| document.root);
    let Some(kustomize) = root.and_then(|root| tree.get(root, "kustomize")) else { return Ok(Overrides::default()) };
    let list = |key: &str| -> Vec<NodeId> {
        tree.get(kustomize, key).and_then(|list| tree.items(list)).map(<[_]>::to_vec).unwrap_or_default()
    };
    let image = list("images").into_iter().rev().find_map(|item| {
        let (names, tag) = parse_image(tree.scalar(item)?);
        images.iter().any(|image| names.contains(image)).then(|| (tree.position(item), tag.map(str::to_owned)))
    });
    let replicas = list("replicas").into_iter().rev().find_map(|item| {
        let name = tree.get(item, "name").and_then(|name| tree.scalar(name))?;
        let count = tree.get(item, "count").and_then(|count| tree.scalar(count)).and_then(scalar::whole_number);
        (name == workload).then(|| (tree.position(item), count))
    });
    Ok(Overrides { image, replicas })
}

/// The names in an image override, and its tag.
fn parse_image(text: &str) -> ([&str; 2], Option<&str>) {
    let (name, new) = text.split_once('=').map_or((None, text), |(name, new)| (Some(name), new));
    let (new, digest) = new.split_once('@').map_or((new, None), |(new, digest)| (new, Some(digest)));
    let path = new.rfind('/').map_or(0, |slash| slash + 1);
    let (new, tag) = match new[path..].rfind(':') {
        Some(colon) => (&new[..path + colon], Some(&new[path + colon + 1..])),
        None => (new, None),
    };
    ([name.unwrap_or(new), new], tag.filter(|tag| !tag.is_empty() && digest.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "registry.example.org:5000/team/app";

    fn read(text: &str) -> Overrides {
        overrides(text.as_bytes(), &["app", IMAGE], "web").expect("readable")
    }

    #[test]
    fn every_form_of_an_image_is_known() {
        for (text, tag) in [
            ("registry.example.org:5000/team/app:1.2", Some("1.2")),
            ("registry.example.org:5000/team/app", None),
            ("registry.example.org:5000/team/app@sha256:0", None),
            ("registry.example.org:5000/team/app=mirror/app:2", Some("2")),
            ("app=other:3", Some("3")),
            ("x=registry.example.org:5000/team/app:4", Some("4")),
            ("app:5@sha256:0", None),
        ] {
            let file = format!("# by the image updater\nkustomize:\n  images:\n  - 'sidecar:9'\n  - '{text}'\n");
            assert_eq!(read(&file).image, Some((Position { line: 5, column: 5 }, tag.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn other_images_and_workloads_are_none_of_ours() {
        let file = "kustomize:\n  images: [team/app:1, 'app2:1', registry.example.org:5000/team/app/x]\n  replicas:\n  - {name: worker, count: 2}\n";
        assert_eq!(read(file), Overrides::default());
        assert_eq!(read("helm: {}\n"), Overrides::default());
        assert_eq!(read(""), Overrides::default());
        assert!(overrides(b"kustomize: [", &[IMAGE], "web").is_err());
        assert!(overrides(b"\xff", &[IMAGE], "web").is_err());
    }

    #[test]
    fn replicas_are_found_with_their_line() {
        let file = "kustomize:\n  replicas:\n  - name: web\n    count: 4\n";
        assert_eq!(read(file).replicas, Some((Position { line: 3, column: 5 }, Some(4))));
    }
}
