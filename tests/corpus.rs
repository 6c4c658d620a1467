//! The manifest editor on folders of manifests: a small one of our own, or one that nobody here wrote, which
//! `TIPHYS_TEST_CORPUS` names. See docs/architecture.md, "Tests".
//!
//! What the editor refuses is counted by reason and printed; what it gets wrong fails the test.

#[path = "fuzz/src/ask.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod ask;
#[path = "corpus/kustomizations.rs"]
mod kustomizations;
#[path = "fuzz/src/model.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod model;
#[path = "fuzz/src/oracle.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod oracle;
#[path = "corpus/rendering.rs"]
mod rendering;
#[path = "corpus/report.rs"]
mod report;
#[path = "corpus/values.rs"]
mod values;
#[path = "corpus/workloads.rs"]
mod workloads;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder to walk.
fn corpus() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/manifests");
    env::var_os("TIPHYS_TEST_CORPUS").map_or_else(own, PathBuf::from)
}

/// The files that may be manifests, in order.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![], vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read") {
            let entry = entry.expect("an entry that can be read");
            let kind = entry.file_type().expect("a known kind");
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && (name == "Kustomization"
                    || name.ends_with(".yaml")
                    || name.ends_with(".yml")
                    || name.ends_with(".json"))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
