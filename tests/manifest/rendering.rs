//! Kustomize as the oracle: what it renders before and after an edit differs in the intended images or count only.

use std::{fs, path::Path, process::Command, thread};

use serde_yaml::Value;
use tiphys::{
    domain::{
        image::{ImageArgument, ImageChange, tag_start},
        name::ImageName,
    },
    manifest::kustomization::Kustomization,
};

use crate::cases::{CASES, Case, Set, Where};

const RESOURCES: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 7
  template:
    spec:
      containers:
      - {name: app, image: 'registry.example.org:5000/team/app:old'}
      - {name: bare, image: registry.example.org:5000/team/app}
      - {name: sidecar, image: 'other:old'}
      - {name: migrations, image: 'registry.example.org:5000/team/app-migrations:old'}
      - {name: mirror, image: 'mirror.example.org/team/app:old'}
      initContainers:
      - {name: renamed, image: 'app:old'}
      - {name: portless, image: 'registry.example.org/team/app:old'}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: app}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: job
            image: registry.example.org:5000/team/app:old@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app2}
spec: {replicas: 7}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec: {replicas: 7}
";

/// What kustomize makes of the resources.
fn render(folder: &Path, text: &str) -> Result<Vec<Value>, String> {
    let text = if text.contains("resources") {
        text.to_owned()
    } else {
        format!("{}\nresources: [deployment.yaml]\n", text.trim_end_matches(['\r', '\n']))
    };
    fs::write(folder.join("kustomization.yaml"), text).expect("written");
    let out = Command::new("kubectl").arg("kustomize").arg(folder).output().expect("kubectl runs");
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    Ok(documents(&String::from_utf8_lossy(&out.stdout)))
}

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize;
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().expect("kustomize writes YAML")
}

/// Calls a function with the name of each container and its image.
fn images(value: &mut Value, see: &mut dyn FnMut(&str, &mut String)) {
    match value {
        Value::Mapping(map) => {
            let name = map.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let (false, Some(Value::String(image))) = (name.is_empty(), map.get_mut("image")) {
                see(&name, image);
            }
            map.values_mut().for_each(|value| images(value, see));
        }
        Value::Sequence(items) => items.iter_mut().for_each(|value| images(value, see)),
        _ => {}
    }
}

/// An image in its parts: name, tag, digest.
fn parts(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (tagged, digest) = image.split_once('@').map_or((image, None), |(tagged, digest)| (tagged, Some(digest)));
    match tag_start(tagged) {
        Some(colon) => (&tagged[..colon], Some(&tagged[colon + 1..]), digest),
        None => (tagged, None, digest),
    }
}

/// The image that a change makes of another.
fn changed(image: &str, change: &ImageChange) -> String {
    let (name, mut tag, mut digest) = parts(image);
    if change.tag.is_some() || change.digest.is_some() {
        (tag, digest) = (change.tag.as_ref().map(|t| t.as_str()), change.digest.as_ref().map(|d| d.as_str()));
    }
    let name = change.name.as_ref().map_or(name, |name| name.as_str());
    let part = |sign: &str, part: Option<&str>| part.map_or_else(String::new, |part| format!("{sign}{part}"));
    format!("{name}{}{}", part(":", tag), part("@", digest))
}

/// The containers whose images an edit is about: those with the name of the entry, which may be one that the entry renames.
fn meant(before: &str, name: &str) -> Vec<String> {
    let image = ImageName::new(name).expect("a valid name");
    let kustomization = Kustomization::read(before.as_bytes()).expect("readable");
    let entry = kustomization.entry_name(&image).expect("clear").unwrap_or_else(|| name.to_owned());
    let mut containers = vec![];
    for mut document in documents(RESOURCES) {
        images(&mut document, &mut |container, image| {
            if parts(image).0 == entry {
                containers.push(container.to_owned());
            }
        });
    }
    containers
}

/// What the rendering is to become, and how often something in it is meant.
fn expected(case: &Case, mut before: Vec<Value>) -> (Vec<Value>, usize) {
    let mut count = 0;
    match &case.set {
        Set::Image(ImageArgument { name, change }) => {
            let meant = meant(&case.before, name);
            for document in &mut before {
                images(document, &mut |container, image| {
                    if meant.iter().any(|m| m == container) {
                        *image = changed(image, change);
                        count += 1;
                    }
                });
            }
        }
        Set::Replicas(replicas) => {
            for document in &mut before {
                let named = document["metadata"]["name"] == replicas.name.as_str();
                if named && document["spec"].get("replicas").is_some() {
                    document["spec"]["replicas"] = replicas.count.into();
                    count += 1;
                }
            }
        }
    }
    (before, count)
}

/// Why the rendering isn't as it should be.
fn fault(folder: &Path, case: &Case) -> Option<String> {
    let after = match render(folder, &case.after) {
        Ok(after) => after,
        Err(error) => return Some(format!("{}: not rendered: {error}", case.name)),
    };
    // What stood there before may be what kustomize can't read, such as a tag that is a number; then nothing else in the file
    // changes an image or a count.
    let before = render(folder, &case.before).unwrap_or_else(|_| {
        let plain = "namespace: default\nresources: [deployment.yaml]\n".replace("namespace: default\n", "");
        render(folder, &plain).expect("the resources alone are rendered")
    });
    let (wanted, count) = expected(case, before.clone());
    if count == 0 {
        return Some(format!("{}: nothing in the resources is meant", case.name));
    }
    (wanted != after).then(|| {
        let text = |documents: &[Value]| serde_yaml::to_string(documents).expect("YAML");
        let (before, wanted, after) = (text(&before), text(&wanted), text(&after));
        let lines = wanted.lines().zip(after.lines()).filter(|(wanted, after)| wanted != after).take(5);
        format!("{}: {:?} (wanted, seen)\nbefore:\n{before}", case.name, lines.collect::<Vec<_>>())
    })
}

#[test]
#[ignore = "needs kubectl"]
fn kustomize_sees_only_the_intended_change() {
    let rendered: Vec<&Case> = CASES
        .iter()
        .filter(|case| case.place == Where::Kustomization && !case.before.contains("kustomize.toolkit.fluxcd.io"))
        .collect();
    assert!(rendered.len() >= 150, "{}", rendered.len());
    let threads = thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
    let faults: Vec<String> = thread::scope(|scope| {
        let work = rendered.chunks(rendered.len().div_ceil(threads)).map(|cases| {
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a folder");
                fs::write(folder.path().join("deployment.yaml"), RESOURCES).expect("written");
                cases.iter().filter_map(|case| fault(folder.path(), case)).collect::<Vec<_>>()
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rendered.len(), faults.join("\n"));
}
