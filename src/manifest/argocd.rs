//! What Argo CD applies after a kustomization or a chart's values: `.argocd-source.yaml`, `.argocd-source-<app>.yaml`, and the
//! source of the Application itself.

mod place;
mod set;

use super::{
    Fault, scalar, slot,
    text::positions_of,
    tree::{NodeId, Tree},
};
use crate::domain::{image::tag_start, position::Position};

pub use place::Place;
pub use set::{set_image, set_replicas};

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
    Ok(root.map_or_else(Overrides::default, |root| Overrides::of(&tree, root, images, workload)))
}

/// Reads what the manifest of an Application sets for an image, by any of its names, and for a workload: its own
/// `spec.source.kustomize`, or that of the last of its `spec.sources` that sets it.
///
/// A file without the Application sets nothing.
///
/// # Errors
/// As [`overrides`].
pub fn application_overrides(
    bytes: &[u8],
    application: &str,
    images: &[&str],
    workload: &str,
) -> Result<Overrides, Fault> {
    let tree = Tree::read(slot::utf8(bytes)?)?;
    let place = Place::Application { name: Some(application.to_owned()) };
    let mut all = Overrides::default();
    for (source, _) in place.find(&tree).map(|found| found.sources).unwrap_or_default() {
        let Overrides { image, replicas } = Overrides::of(&tree, source, images, workload);
        all = Overrides { image: image.or(all.image), replicas: replicas.or(all.replicas) };
    }
    Ok(all)
}

/// A parameter of a chart that Argo CD passes to Helm itself, so that it beats all values files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Where it stands.
    pub at: Position,
    /// Its key path: `image.tag`.
    pub name: String,
    /// Its value, when it has one.
    pub value: Option<String>,
}

/// Reads the `helm.parameters` of a place, in their order.
///
/// A file without the Application has none.
///
/// # Errors
/// As [`overrides`].
pub fn parameters(bytes: &[u8], place: &Place) -> Result<Vec<Parameter>, Fault> {
    let tree = Tree::read(slot::utf8(bytes)?)?;
    let sources = place.find(&tree).map(|found| found.sources).unwrap_or_default();
    let lists = sources.into_iter().filter_map(|(source, _)| tree.get(tree.get(source, "helm")?, "parameters"));
    let items = lists.flat_map(|list| tree.items(list).unwrap_or_default());
    let text = |item: NodeId, key| tree.get(item, key).and_then(|value| tree.scalar(value)).map(str::to_owned);
    let parameter = |item: &NodeId| {
        let name = text(*item, "name")?;
        let at = Position { line: 0, column: 0 };
        Some((tree.node(*item).span.start, Parameter { at, name, value: text(*item, "value") }))
    };
    let (offsets, mut found): (Vec<usize>, Vec<Parameter>) = items.filter_map(parameter).unzip();
    for (parameter, at) in found.iter_mut().zip(positions_of(tree.text, &offsets)) {
        parameter.at = at;
    }
    Ok(found)
}

impl Overrides {
    /// What a source says.
    fn of(tree: &Tree<'_>, source: NodeId, images: &[&str], workload: &str) -> Self {
        let Some(kustomize) = tree.get(source, "kustomize") else { return Self::default() };
        let list = |key: &str| -> Vec<NodeId> {
            tree.get(kustomize, key).and_then(|list| tree.items(list)).map(<[_]>::to_vec).unwrap_or_default()
        };
        let image = list("images").into_iter().rev().find_map(|item| {
            let parts = ImageParts::parse(tree.scalar(item)?);
            let tag = parts.tag.filter(|_| parts.digest.is_none()).map(str::to_owned);
            images.iter().any(|image| parts.is_about(image)).then(|| (tree.position(item), tag))
        });
        let replicas = list("replicas").into_iter().rev().find_map(|item| {
            let name = tree.get(item, "name").and_then(|name| tree.scalar(name))?;
            let count = tree.get(item, "count").and_then(|count| tree.scalar(count)).and_then(scalar::whole_number);
            (name == workload).then(|| (tree.position(item), count))
        });
        Self { image, replicas }
    }
}

/// An image override in its parts: `name=new:tag@digest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ImageParts<'p> {
    name: &'p str,
    new: Option<&'p str>,
    tag: Option<&'p str>,
    digest: Option<&'p str>,
}

impl<'p> ImageParts<'p> {
    fn parse(text: &'p str) -> Self {
        let (own, rest) = text.split_once('=').map_or((None, text), |(own, rest)| (Some(own), rest));
        let (tagged, digest) = rest.split_once('@').map_or((rest, None), |(tagged, digest)| (tagged, Some(digest)));
        let (new, tag) = match tag_start(tagged) {
            Some(colon) => (&tagged[..colon], Some(&tagged[colon + 1..])),
            None => (tagged, None),
        };
        Self {
            name: own.unwrap_or(new),
            new: own.map(|_| new),
            tag: tag.filter(|tag| !tag.is_empty()),
            digest: digest.filter(|digest| !digest.is_empty()),
        }
    }

    /// Whether an image is meant, by its own name or by the one that it gets.
    fn is_about(&self, image: &str) -> bool {
        self.name == image || self.new == Some(image)
    }

    fn write(&self) -> String {
        let part = |sign: &str, part: Option<&str>| part.map_or_else(String::new, |part| format!("{sign}{part}"));
        [self.name.to_owned(), part("=", self.new), part(":", self.tag), part("@", self.digest)].concat()
    }
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
    fn applications_are_found_among_others() {
        let application = |name: &str, spec: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n{spec}---\n"
            )
        };
        let kustomize = "kustomize: {images: ['app:1'], replicas: [{name: web, count: 2}]}";
        let file = application("other", &format!("  source: {{{kustomize}}}\n"))
            + &application(
                "web",
                &format!(
                    "  sources:\n  - {{{kustomize}}}\n  - helm: {{parameters: [{{name: image.tag, value: '2'}}, {{name: x}}]}}\n"
                ),
            );
        let found = application_overrides(file.as_bytes(), "web", &["app"], "web").expect("readable");
        assert_eq!(found.image, Some((Position { line: 12, column: 27 }, Some("1".to_owned()))));
        assert_eq!(found.replicas, Some((Position { line: 12, column: 48 }, Some(2))));
        let none = application_overrides(file.as_bytes(), "nobody", &["app"], "web").expect("readable");
        assert_eq!(none, Overrides::default());

        let place = |name: &str| Place::Application { name: Some(name.to_owned()) };
        let parameters = |name: &str| parameters(file.as_bytes(), &place(name)).expect("readable");
        let at = Position { line: 13, column: 25 };
        let first = Parameter { at, name: "image.tag".to_owned(), value: Some("2".to_owned()) };
        assert_eq!((parameters("web").len(), parameters("web").first()), (2, Some(&first)));
        assert_eq!(parameters("other"), []);
    }

    #[test]
    fn replicas_are_found_with_their_line() {
        let file = "kustomize:\n  replicas:\n  - name: web\n    count: 4\n";
        assert_eq!(read(file).replicas, Some((Position { line: 3, column: 5 }, Some(4))));
    }
}
