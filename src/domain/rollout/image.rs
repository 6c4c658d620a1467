//! Image references as pod templates carry them, against the image of an application.

use super::Wanted;
use crate::domain::{
    catalogue::{Environment, Manifests},
    name::ImageName,
};

/// The tag with which one of these image references runs the application's image.
///
/// References of exactly that image count first; then those with the same last part, because a kustomization's
/// `newName` or a mirror changes what stands before it. `None` when none has a tag or several disagree.
#[must_use]
pub fn running_tag<'a>(images: &'a [String], image: &ImageName) -> Option<&'a str> {
    let mut tags = candidates(images, image).into_iter().map(|reference| reference.tag);
    let first = tags.next()??;
    tags.all(|tag| tag == Some(first)).then_some(first)
}

/// Whether one of these image references is the application's image, by the rules of [`running_tag`].
#[must_use]
pub fn has_image(images: &[String], image: &ImageName) -> bool {
    !candidates(images, image).is_empty()
}

/// Those of an Application's overrides ([`crate::domain::observation::Observation::overrides`]) that replace the wanted
/// value: a commit would have no effect.
///
/// They have the forms `image name:tag`, `image name=new:tag`, `image name@digest` and `replicas name=count`, after the
/// Application's `kustomize.images` and `kustomize.replicas`, and `helm key=value` for what beats a values file.
#[must_use]
pub fn overriding(overrides: &[String], wanted: &Wanted, environment: &Environment) -> Vec<String> {
    if matches!(environment.manifests, Manifests::Override(_)) {
        // What the Application sets is what the commit changes, or what its file beats.
        return vec![];
    }
    let workload = environment.workload.name.as_str();
    let keys = match (&environment.manifests, wanted) {
        (Manifests::Helm(values), Wanted::Image(..)) => [Some(&values.tag), values.digest.as_ref()],
        (Manifests::Helm(values), Wanted::Replicas(_)) => [Some(&values.replicas), None],
        _ => [None, None],
    };
    let keys: Vec<String> = keys.into_iter().flatten().map(|key| format!("{key}=")).collect();
    let replaces = |text: &&String| match (text.split_once(' '), wanted) {
        (Some(("image", value)), Wanted::Image(image, _)) => {
            let (name, new) = value.split_once('=').unwrap_or((value, value));
            // A new name alone leaves the tag as the commit has it.
            let sets_tag = new.contains('@') || Reference::parse(new).tag.is_some();
            Reference::parse(name).name == familiar(image.as_str()) && sets_tag
        }
        (Some(("replicas", value)), Wanted::Replicas(_)) => value.split('=').next() == Some(workload),
        (Some(("helm", value)), _) => keys.iter().any(|key| value.starts_with(key)),
        _ => false,
    };
    overrides.iter().filter(replaces).cloned().collect()
}

/// The references that stand for the image: the exact ones, else those with its last part.
fn candidates<'a>(images: &'a [String], image: &ImageName) -> Vec<Reference<'a>> {
    let parsed: Vec<Reference<'a>> = images.iter().map(|text| Reference::parse(text)).collect();
    let exact: Vec<_> = parsed.iter().copied().filter(|r| r.name == familiar(image.as_str())).collect();
    if !exact.is_empty() {
        return exact;
    }
    parsed.into_iter().filter(|r| r.name.rsplit('/').next() == Some(image.base_name())).collect()
}

/// `name[:tag][@digest]`.
#[derive(Clone, Copy)]
struct Reference<'a> {
    name: &'a str,
    tag: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Self {
        let named = text.split_once('@').map_or(text, |(named, _)| named);
        match named.rsplit_once(':') {
            // A colon before a slash belongs to the registry's port.
            Some((name, tag)) if !tag.contains('/') => Self { name: familiar(name), tag: Some(tag) },
            _ => Self { name: familiar(named), tag: None },
        }
    }
}

/// Docker Hub's names in their short form: `docker.io/library/nginx` is `nginx`.
fn familiar(name: &str) -> &str {
    match name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")) {
        Some(rest) => rest.strip_prefix("library/").unwrap_or(rest),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            catalogue::{HelmHost, HelmValues, ObjectName, OverrideKind, OverridePlace, Workload},
            name::{EnvironmentName, RepoPath},
        },
        manifest::key_path::KeyPath,
    };

    #[test]
    fn the_tag_is_that_of_the_applications_image() {
        const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
        let pinned = format!("r.example.org:5000/team/app:1@{DIGEST}");
        let untagged = format!("r.example.org:5000/team/app@{DIGEST}");
        for (images, expected) in [
            (vec!["r.example.org:5000/team/app:0.10.5"], Some("0.10.5")),
            (vec!["proxy:9", "r.example.org:5000/team/app:0.10.5"], Some("0.10.5")),
            (vec![pinned.as_str()], Some("1")),
            (vec![untagged.as_str()], None),
            (vec!["r.example.org:5000/team/app"], None),
            // Renamed by newName or by a mirror.
            (vec!["mirror.local/cache/app:2"], Some("2")),
            // The exact name wins over a namesake.
            (vec!["other/app:3", "r.example.org:5000/team/app:4"], Some("4")),
            // Two containers of one image must agree.
            (vec!["r.example.org:5000/team/app:4", "r.example.org:5000/team/app:5"], None),
            (vec!["r.example.org:5000/team/app:4", "r.example.org:5000/team/app:4"], Some("4")),
            (vec!["r.example.org:5000/team/app-worker:4"], None),
            (vec![], None),
        ] {
            let images: Vec<String> = images.into_iter().map(str::to_owned).collect();
            let image = ImageName::new("r.example.org:5000/team/app").expect("valid");
            assert_eq!(running_tag(&images, &image), expected, "{images:?}");
        }
    }

    #[test]
    fn docker_hubs_long_names_are_the_short_ones() {
        let nginx = ImageName::new("nginx").expect("valid");
        assert_eq!(running_tag(&["docker.io/library/nginx:1.27".to_owned()], &nginx), Some("1.27"));
        let long = ImageName::new("docker.io/library/nginx").expect("valid");
        assert_eq!(running_tag(&["nginx:1.27".to_owned()], &long), Some("1.27"));
    }

    #[test]
    fn only_overrides_of_the_wanted_value_count() {
        let image = ImageName::new("r.example.org:5000/team/app").expect("valid");
        let deploy = Wanted::Image(image, crate::domain::name::Tag::new("0.10.5").expect("valid"));
        let scale = Wanted::Replicas(3);
        let key = |text: &str| KeyPath::parse(text).expect("valid");
        let environment = Environment {
            name: EnvironmentName::new("prod").expect("valid"),
            repository: Default::default(),
            path: RepoPath::new("apps").expect("valid"),
            manifests: Manifests::Helm(HelmValues {
                file: RepoPath::new("apps/values.yaml").expect("valid"),
                host: HelmHost::ValuesFile,
                tag: key("image.tag"),
                digest: Some(key("image.digest")),
                repository: None,
                replicas: key("replicaCount"),
            }),
            workload: Workload { namespace: "app".into(), name: "app".into() },
            argocd: ObjectName { namespace: "argocd".into(), name: "app".into() },
            max_replicas: 20,
        };
        for (text, beats_deploy, beats_scale) in [
            ("image r.example.org:5000/team/app:0.10.4", true, false),
            ("image r.example.org:5000/team/app=mirror.local:5000/app:0.10.4", true, false),
            ("image r.example.org:5000/team/app@sha256:00", true, false),
            ("image r.example.org:5000/team/app=mirror.local:5000/app", false, false),
            ("image r.example.org:5000/team/app", false, false),
            ("image r.example.org:5000/team/app-worker:0.10.4", false, false),
            ("replicas app=2", false, true),
            ("replicas app-worker=2", false, false),
            ("helm image.tag=1", true, false),
            ("helm image.digest=sha256:00", true, false),
            ("helm replicaCount=3", false, true),
            ("helm image.tagline=1", false, false),
            ("nonsense", false, false),
        ] {
            let overrides = [text.to_owned()];
            assert_eq!(overriding(&overrides, &deploy, &environment) == overrides, beats_deploy, "{text}");
            assert_eq!(overriding(&overrides, &scale, &environment) == overrides, beats_scale, "{text}");
            let place = OverridePlace { file: environment.path.clone(), kind: OverrideKind::Application };
            let place = Environment { manifests: Manifests::Override(place), ..environment.clone() };
            assert!(overriding(&overrides, &deploy, &place).is_empty(), "{text}");
        }
    }
}
