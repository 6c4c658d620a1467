//! Every container and every count of plain manifests.

use std::fs;

use tiphys::manifest::workload;

use crate::{
    ask::{Ask, WorkloadName},
    corpus, files,
    kustomizations::changes,
    oracle::{self, Node},
    report::{Report, reason},
};

/// The kinds with containers.
const KINDS: [&str; 9] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Pod",
    "Rollout",
];

/// The workloads of a document, with the names of their containers.
fn workloads(node: &Node, found: &mut Vec<(WorkloadName, Vec<String>)>) {
    let text = |keys: &[&str]| node.at(keys).and_then(Node::printed);
    let (Some(kind), name) = (text(&["kind"]), text(&["metadata", "name"])) else { return };
    if kind.ends_with("List") {
        return node.get("items").map(Node::items).unwrap_or_default().iter().for_each(|item| workloads(item, found));
    }
    let Some(name) = name.filter(|_| KINDS.contains(&kind.as_str())) else { return };
    let spec = node.at(&["spec", "jobTemplate", "spec", "template", "spec"]);
    let spec = spec.or_else(|| node.at(&["spec", "template", "spec"])).or_else(|| node.get("spec"));
    let names = |list: &str| -> Vec<String> {
        let items = spec.and_then(|spec| spec.get(list)).map(Node::items).unwrap_or_default();
        items.iter().filter_map(|item| item.get("name").and_then(Node::printed)).collect()
    };
    let containers = [names("containers"), names("initContainers")].concat();
    found.push((WorkloadName { kind, namespace: text(&["metadata", "namespace"]), name }, containers));
}

#[test]
fn every_container_and_count_can_be_set_or_is_refused_for_a_reason() {
    let root = corpus();
    let mut report = Report::new(&root);
    for file in files(&root) {
        let Ok(text) = fs::read_to_string(&file) else {
            report.file("not UTF-8");
            continue;
        };
        let place = report.place(&file);
        // Never a panic, whatever it is.
        let known = workload::workloads(text.as_bytes());
        let Ok(documents) = oracle::read(&text) else {
            match known {
                Err(fault) => {
                    let what = format!("unreadable: refused: {}", reason(&fault.fault.to_string()));
                    report.outcome(what, format!("{place}: {fault}"));
                }
                Ok(_) => report.outcome("unreadable to others!", place),
            }
            continue;
        };
        let mut found = vec![];
        documents.iter().for_each(|document| workloads(document, &mut found));
        if found.is_empty() {
            report.file("without workloads");
            continue;
        }
        report.file(if place.ends_with(".json") { "JSON with workloads" } else { "YAML with workloads" });
        match known {
            Ok(known) if known.len() < found.len() => {
                report.outcome("workloads not seen!", format!("{place}: {} of {}", known.len(), found.len()));
            }
            Ok(_) => {}
            Err(fault) => report.outcome("not listed!", format!("{place}: {fault}")),
        }
        for (workload, containers) in found.into_iter().take(12) {
            for container in containers.into_iter().take(6) {
                for (what, change) in changes() {
                    let ask = Ask::Container { workload: workload.clone(), container: container.clone(), change };
                    report.check(&file, &text, &format!("container: {what}"), &ask);
                }
            }
            if ["Deployment", "StatefulSet", "Rollout", "ReplicaSet"].contains(&workload.kind.as_str()) {
                for count in [0, 4321] {
                    let ask = Ask::Replicas { workload: workload.clone(), count };
                    report.check(&file, &text, "replicas", &ask);
                }
            }
        }
    }
    report.finish();
}
