//! Every entry of every kustomization, and one that isn't there.

use std::{fs, path::Path};

use tiphys::{
    domain::{
        image::ImageChange,
        name::{Digest, ImageName, Tag},
    },
    manifest::kustomization::FILE_NAMES,
};

use crate::{
    ask::Ask,
    corpus, files,
    oracle::{self, Node},
    report::Report,
};

/// Whether a file is a kustomization by its name.
pub(crate) fn is_kustomization(file: &Path) -> bool {
    file.file_name().and_then(|name| name.to_str()).is_some_and(|name| FILE_NAMES.contains(&name))
}

/// The names of a section's entries.
pub(crate) fn names(root: &Node, section: &str) -> Vec<String> {
    let items = root.get(section).map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| item.get("name").and_then(Node::printed)).collect()
}

/// Changes of an image, by what they set.
pub(crate) fn changes() -> Vec<(&'static str, ImageChange)> {
    let tag = |tag: &str| Some(Tag::new(tag).expect("a valid tag"));
    let digest = || Some(Digest::new(format!("sha256:{}", "0123456789abcdef".repeat(4))).expect("a valid digest"));
    let name = || Some(ImageName::new("registry.example.org:5000/other/name").expect("a valid name"));
    vec![
        ("tag", ImageChange { tag: tag("v9.9.9"), ..ImageChange::default() }),
        ("number-like tag", ImageChange { tag: tag("1.10"), ..ImageChange::default() }),
        ("digest", ImageChange { digest: digest(), ..ImageChange::default() }),
        ("name", ImageChange { name: name(), ..ImageChange::default() }),
        ("all three", ImageChange { name: name(), tag: tag("v9.9.9"), digest: digest() }),
    ]
}

/// Ways in which the same file is written by others.
fn variants(text: &str) -> Vec<(&'static str, String)> {
    let flow = text.contains(['{', '|', '>', '"']);
    let commented = |line: &str| match line.trim().is_empty() || line.contains('#') || flow {
        true => format!("{line}\n"),
        false => format!("{line} # ж: 'a\": b\n"),
    };
    let spaced = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{line} \t\n") };
    vec![
        ("as it is", text.to_owned()),
        ("CRLF", text.replace("\r\n", "\n").replace('\n', "\r\n")),
        ("no final newline", text.trim_end_matches(['\r', '\n', ' ']).to_owned()),
        ("BOM", format!("\u{feff}{text}")),
        ("comments", text.lines().map(commented).collect()),
        ("document marks", format!("# head\n---\n{text}\n...\n")),
        ("blank lines after it", format!("{text}\n\n  \n# end\n  # end\n")),
        ("trailing spaces", text.lines().map(spaced).collect()),
    ]
}

#[test]
fn every_entry_of_a_kustomization_can_be_set_or_is_refused_for_a_reason() {
    let root = corpus();
    let mut report = Report::new(&root);
    for file in files(&root).into_iter().filter(|file| is_kustomization(file)) {
        report.file("kustomization");
        let bytes = fs::read(&file).expect("a file that can be read");
        let place = report.place(&file);
        let Ok(text) = String::from_utf8(bytes) else {
            report.outcome("refused: not UTF-8", place);
            continue;
        };
        let documents = match oracle::read(&text) {
            Ok(documents) => documents,
            Err(error) => {
                report.outcome("unreadable to others!", format!("{place}: {error}"));
                report.check(&file, &text, "unreadable to others", &Ask::Count { workload: "w".into(), count: 3 });
                continue;
            }
        };
        let Some(document) = documents.first() else { continue };

        let (images, workloads) = (names(document, "images"), names(document, "replicas"));
        let varied = !(images.is_empty() && workloads.is_empty()) || report.count("kustomization").is_multiple_of(20);
        for (variant, text) in variants(&text).into_iter().take(if varied { usize::MAX } else { 1 }) {
            // Only where it still says the same.
            if oracle::read(&text).ok().as_ref().and_then(|documents| documents.first()) != Some(document) {
                continue;
            }
            let what = |what: &str| format!("{what}, {variant}");
            for name in images.iter().chain([&"registry.example.org:5000/no/such-image".to_owned()]) {
                let missing = if images.contains(name) { "" } else { "missing " };
                for (set, change) in changes() {
                    let ask = Ask::Image { name: name.clone(), change };
                    report.check(&file, &text, &what(&format!("{missing}image: {set}")), &ask);
                }
            }
            for workload in workloads.iter().chain([&"no-such-workload".to_owned()]) {
                let missing = if workloads.contains(workload) { "" } else { "missing " };
                for count in [0, 4321] {
                    let ask = Ask::Count { workload: workload.clone(), count };
                    report.check(&file, &text, &what(&format!("{missing}count")), &ask);
                }
            }
        }
    }
    report.finish();
}
