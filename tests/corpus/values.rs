//! Every tag, repository and count in values files, Applications and HelmReleases, and one that isn't there.

use std::{fs, path::Path};

use tiphys::manifest::helm::{self, Host};

use crate::{
    ask::{Ask, Key},
    corpus, files,
    oracle::{self, Node},
    report::{Report, reason},
};

/// The most values that are set in one file.
const MOST: usize = 12;

/// What is set at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Number,
}

/// The paths of what people set: tags, repositories, registries, digests and counts.
fn leaves(node: &Node, at: &mut Vec<Key>, found: &mut Vec<(Vec<Key>, What)>) {
    if found.len() >= MOST {
        return;
    }
    for (key, value) in node.pairs() {
        let Some(name) = key.as_text() else { continue };
        at.push(Key::Name(name.to_owned()));
        let lower = name.to_ascii_lowercase();
        let scalar = value.printed().is_some() || *value == Node::Null;
        if scalar && (lower.ends_with("tag") || ["repository", "registry", "digest", "image"].contains(&lower.as_str()))
        {
            found.push((at.clone(), What::Text));
        } else if scalar && (lower == "replicas" || lower.ends_with("replicacount")) {
            found.push((at.clone(), What::Number));
        } else {
            leaves(value, at, found);
        }
        at.pop();
    }
    for (index, item) in node.items().iter().enumerate() {
        at.push(Key::Index(index));
        leaves(item, at, found);
        at.pop();
    }
}

fn set(report: &mut Report, file: &Path, text: &str, what: &str, host: &Host, root: Option<&Node>) {
    let mut found = vec![];
    if let Some(root) = root {
        leaves(root, &mut vec![], &mut found);
    }
    let ask = |keys: &[Key], value| Ask::Value { host: host.clone(), keys: keys.to_vec(), value };
    for (keys, kind) in &found {
        match kind {
            What::Text => {
                report.check(file, text, what, &ask(keys, Ok("v9.9.9".into())));
                report.check(file, text, what, &ask(keys, Ok("1.10".into())));
            }
            What::Number => {
                report.check(file, text, what, &ask(keys, Err(4321)));
            }
        }
    }
    // Beside the first leaf, and where nothing is yet.
    let name = |name: &str| Key::Name(name.to_owned());
    if let Some((keys, _)) = found.first() {
        let mut beside = keys.clone();
        beside.pop();
        beside.push(name("tiphysNewTag"));
        report.check(file, text, &format!("{what}, missing beside"), &ask(&beside, Ok("v9.9.9".into())));
    }
    let keys = [name("tiphys"), name("image"), name("tag")];
    report.check(file, text, &format!("{what}, missing"), &ask(&keys, Ok("v9.9.9".into())));
}

/// Whether a file holds values of a chart, by its name.
fn is_values(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.contains("values") && !name.ends_with(".json")
}

#[test]
fn every_tag_and_count_of_values_can_be_set_or_is_refused_for_a_reason() {
    let root = corpus();
    let mut report = Report::new(&root);
    for file in files(&root) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let embedded = text.contains("kind: Application\n") || text.contains("kind: HelmRelease");
        if !embedded && !is_values(&file) {
            continue;
        }
        let Ok(documents) = oracle::read(&text) else {
            // Nothing can be compared; it must stand it all the same.
            let host = helm::host_of(text.as_bytes());
            let keys = vec![Key::Name("image".into()), Key::Name("tag".into())];
            let ask = Ask::Value { host, keys, value: Ok("v9.9.9".into()) };
            match ask.edit(text.as_bytes()) {
                Ok(_) => report.outcome("edited, unreadable to others!", report.place(&file)),
                Err(fault) => report.outcome(
                    format!("unreadable to others: refused: {}", reason(&fault.fault.to_string())),
                    format!("{}: {fault}", report.place(&file)),
                ),
            }
            continue;
        };
        match helm::host_of(text.as_bytes()) {
            Host::ValuesFile if is_values(&file) => {
                report.file("values file");
                set(&mut report, &file, &text, "value", &Host::ValuesFile, documents.first());
            }
            Host::ValuesFile => {}
            Host::HelmRelease { .. } => {
                let ours = |d: &&Node| d.get("kind").and_then(Node::as_text) == Some("HelmRelease");
                for document in documents.iter().filter(ours) {
                    report.file("HelmRelease");
                    let name = document.at(&["metadata", "name"]).and_then(Node::printed);
                    let host = Host::HelmRelease { name };
                    set(&mut report, &file, &text, "HelmRelease", &host, document.at(&["spec", "values"]));
                }
            }
            Host::Application { .. } => {
                let ours = |d: &&Node| d.get("kind").and_then(Node::as_text) == Some("Application");
                for document in documents.iter().filter(ours) {
                    let one = document.at(&["spec", "source"]);
                    let several = document.at(&["spec", "sources"]).map(Node::items).unwrap_or_default();
                    let mut helm = one.into_iter().chain(several).filter_map(|source| source.get("helm"));
                    let Some(helm) = helm.next() else {
                        report.file("Application without helm");
                        continue;
                    };
                    report.file("Application with helm");
                    let host = Host::Application { name: document.at(&["metadata", "name"]).and_then(Node::printed) };
                    let inner = helm.get("values").and_then(Node::as_text).and_then(|text| oracle::read(text).ok());
                    let inner = inner.as_ref().and_then(|documents| documents.first());
                    set(&mut report, &file, &text, "Application", &host, helm.get("valuesObject").or(inner));
                }
            }
        }
    }
    report.finish();
}
