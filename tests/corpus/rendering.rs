//! Kustomize as the oracle: what it builds of the corpus' trees before and after differs in the asked-for value only.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use tiphys::domain::{
    image::ImageChange,
    name::{ImageName, Tag},
};

use crate::{
    ask::{Ask, Checked},
    corpus, files,
    kustomizations::is_kustomization,
    oracle::{self, Node},
    report::{Report, reason},
};

/// What a build shows: each image and each count with its place, and all else.
struct Build {
    images: Vec<(String, String)>,
    counts: Vec<(String, String, String)>,
    rest: Vec<Node>,
}

/// Where kubectl is.
fn kubectl() -> &'static Path {
    static KUBECTL: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        let found = env::split_paths(&path).map(|folder| folder.join("kubectl")).find(|file| file.is_file());
        found.expect("kubectl is installed")
    });
    &KUBECTL
}

/// Builds a folder without any network; the text of the failure otherwise.
fn build(folder: &Path) -> Result<Build, String> {
    let mut command = Command::new(kubectl());
    command.arg("kustomize").arg(folder).stdin(Stdio::null());
    // Remote bases fail at once: there is no git to be found, and no way out.
    command.env("PATH", "").env("HTTPS_PROXY", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1");
    let out = command.output().expect("kubectl runs");
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or_default().to_owned());
    }
    let documents = oracle::read(&String::from_utf8_lossy(&out.stdout))?;
    let mut build = Build { images: vec![], counts: vec![], rest: documents };
    let (images, counts) = (&mut build.images, &mut build.counts);
    for (index, document) in build.rest.iter_mut().enumerate() {
        let text = |keys: &[&str]| document.at(keys).and_then(Node::printed).unwrap_or_default();
        let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
        take_images(document, &format!("{index} {kind}/{name}"), images);
        if let Some(spec) = document.get_mut("spec")
            && let Some(count) = spec.get("replicas").and_then(Node::printed)
        {
            counts.push((kind, name, count));
            spec.remove("replicas");
        }
    }
    Ok(build)
}

/// Takes the values of `containers[].image` and `initContainers[].image` out, wherever they stand.
fn take_images(node: &mut Node, path: &str, found: &mut Vec<(String, String)>) {
    match node {
        Node::Map(pairs) => {
            for (key, value) in pairs {
                let key = key.printed().unwrap_or_default();
                let path = format!("{path}.{key}");
                if let (true, Node::List(items)) = (key == "containers" || key == "initContainers", &mut *value) {
                    for (index, item) in items.iter_mut().enumerate() {
                        if let Some(image) = item.get("image").and_then(Node::printed) {
                            found.push((format!("{path}[{index}]"), image));
                            item.remove("image");
                        }
                    }
                }
                take_images(value, &path, found);
            }
        }
        Node::List(items) => {
            items.iter_mut().enumerate().for_each(|(i, item)| take_images(item, &format!("{path}[{i}]"), found));
        }
        _ => {}
    }
}

/// An image's name, tag and digest.
fn split(image: &str) -> (&str, &str, &str) {
    let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
    match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag, digest),
        _ => (rest, "", digest),
    }
}

/// A copy of a folder whose files may be replaced.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &target);
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// Puts a text in the place of a file, which may have other names that keep the old one.
fn replace(file: &Path, text: &str) {
    fs::remove_file(file).expect("removed");
    fs::write(file, text).expect("written");
}

/// What is to be tried on a built tree: the images and counts that show in it.
fn asks(text: &str, build: &Build) -> Vec<Ask> {
    let tag = |name: &str, tag: &str| {
        let change = ImageChange::tag(Tag::new(tag).expect("valid"));
        ImageName::new(name).ok().map(|name| Ask::Image { name: name.to_string(), change })
    };
    let Some(root) = oracle::read(text).ok().and_then(|documents| documents.into_iter().next()) else { return vec![] };
    let listed = crate::kustomizations::names(&root, "images");
    let shown: BTreeSet<&str> = build.images.iter().map(|(_, image)| split(image).0).collect();
    // One that is listed, and one that is only in the resources.
    let mut asks: Vec<Ask> =
        listed.iter().take(2).flat_map(|name| [tag(name, "v9.9.9"), tag(name, "1.10")]).flatten().collect();
    asks.extend(
        shown.iter().filter(|name| !listed.iter().any(|l| l == *name)).take(2).filter_map(|name| tag(name, "v9.9.9")),
    );
    // Kustomize's `replicas` knows these kinds only, and fails where it finds none.
    let scaled = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
    let counts = build.counts.iter().filter(|(kind, ..)| scaled.contains(&kind.as_str()));
    let counts = counts.take(2).map(|(_, name, _)| name.clone());
    let counts = crate::kustomizations::names(&root, "replicas").into_iter().take(2).chain(counts);
    let counts: BTreeSet<String> = counts.collect();
    asks.extend(counts.into_iter().map(|workload| Ask::Count { workload, count: 41 }));
    asks
}

/// What is wrong between two builds; `Ok` tells how many values differ.
fn compare(ask: &Ask, before: &Build, after: &Build) -> Result<usize, String> {
    if let Some(difference) = oracle::difference(&Node::List(before.rest.clone()), &Node::List(after.rest.clone()), "")
    {
        return Err(difference);
    }
    let places = |build: &Build| build.images.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let workloads =
        |build: &Build| build.counts.iter().map(|(kind, name, _)| (kind.clone(), name.clone())).collect::<Vec<_>>();
    if places(before) != places(after) {
        return Err("containers came or went".to_owned());
    }
    let mut changed = 0;
    for ((path, old), (_, new)) in before.images.iter().zip(&after.images) {
        if old == new {
            continue;
        }
        changed += 1;
        let (was, is) = (split(old), split(new));
        match ask {
            Ask::Image { .. } if was.0 == is.0 && is.1 == ask.value() && is.2.is_empty() => {}
            _ => return Err(format!("{path}: {old} became {new}")),
        }
    }
    let Ask::Count { workload, count } = ask else {
        if before.counts != after.counts {
            return Err("counts differ".to_owned());
        }
        return Ok(changed);
    };
    // A count that wasn't there is put in.
    let others = |build: &Build| {
        build.counts.iter().filter(|(_, name, _)| !name.contains(workload.as_str())).cloned().collect::<Vec<_>>()
    };
    if others(before) != others(after) {
        return Err(format!("other counts differ: {:?} became {:?}", workloads(before), workloads(after)));
    }
    let ours =
        after.counts.iter().filter(|(_, name, value)| name.contains(workload.as_str()) && *value == count.to_string());
    Ok(ours.count())
}

#[test]
#[ignore = "needs kubectl"]
fn a_build_differs_in_the_asked_for_value_only() {
    let root = corpus();
    let mut report = Report::new(&root);
    let scratch = tempfile::tempdir().expect("a folder");
    let mut copied = BTreeSet::new();
    for original in files(&root).into_iter().filter(|file| is_kustomization(file)) {
        let within: PathBuf = original.strip_prefix(&root).expect("below the corpus").to_owned();
        let Some(top) = within.components().next() else { continue };
        if copied.insert(top.as_os_str().to_owned()) {
            copy(&root.join(top), &scratch.path().join(top));
        }
        let file = scratch.path().join(&within);
        let folder = file.parent().expect("a folder");
        let place = report.place(&original);
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let before = match build(folder) {
            Ok(before) => before,
            Err(_) => {
                report.file("kustomization that doesn't build here");
                continue;
            }
        };
        report.file("kustomization that builds");
        for ask in asks(&text, &before) {
            let new = match ask.check(&text) {
                Ok(Checked::Changed { text, .. }) => text,
                Ok(Checked::AlreadySo) => continue,
                Ok(Checked::Refused(fault)) => {
                    report.outcome(
                        format!("refused: {}", reason(&fault.to_string())),
                        format!("{place}: {ask:?}: {fault}"),
                    );
                    continue;
                }
                Err(error) => {
                    report.wrong(format!("{place}: {ask:?}: {error}"));
                    continue;
                }
            };
            replace(&file, &new);
            let after = build(folder);
            replace(&file, &text);
            let kind = if matches!(ask, Ask::Image { .. }) { "image" } else { "count" };
            match after.and_then(|after| compare(&ask, &before, &after)) {
                Ok(0) => report.outcome(format!("{kind}: without effect!"), format!("{place}: {ask:?}")),
                Ok(_) => report.outcome(format!("{kind}: as asked for"), place.clone()),
                Err(error) => report.wrong(format!("{place}: {ask:?}: {error}")),
            }
        }
    }
    report.finish();
}
