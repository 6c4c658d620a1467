//! What reaches an overlay's entries, from every kind of source; and who builds from a file.

use super::*;
use crate::domain::snapshot::{FileEdit, MemorySnapshot, Overlay, SnapshotError};

const DEPLOYMENT: &str = "kind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      - name: app\n        image: r.example.org/app:1\n";

const TOP: &str = "apps/x/prod";

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("valid")
}

fn snapshot(files: &[(&str, &str)]) -> MemorySnapshot {
    MemorySnapshot::of(files.iter().map(|(name, text)| (format!("apps/x/{name}"), text))).expect("valid paths")
}

/// The images, the workloads and what was not seen, one a line.
fn seen(files: &[(&str, &str)]) -> String {
    let snapshot = snapshot(files);
    let sources = of(&snapshot, &path(TOP));
    let origin = |origin: &Origin| {
        let bytes = snapshot.file(&origin.file).expect("readable").expect("there");
        let line = crate::manifest::text::line_of(std::str::from_utf8(&bytes).expect("text"), origin.offset);
        let entry = match &origin.what {
            Holder::Entry(name) => format!(" (entry {name})"),
            Holder::Container(..) | Holder::Object(_) => String::new(),
        };
        format!("{}:{line}{entry}", origin.file)
    };
    let images = sources.images.iter().map(|image| {
        let (tag, digest) = (image.tag.as_deref().unwrap_or("-"), image.digest.as_deref().unwrap_or("-"));
        format!("{} {tag} {digest} {}", image.name, origin(&image.origin))
    });
    let workloads =
        sources.workloads.iter().map(|w| format!("{} {:?} {}", w.names.join(" "), w.count, origin(&w.origin)));
    images.chain(workloads).chain(sources.unseen.iter().map(Unseen::to_string)).collect::<Vec<_>>().join("\n")
}

fn top(text: &str) -> (&'static str, &str) {
    ("prod/kustomization.yaml", text)
}

#[test]
fn bases_are_followed_and_their_entries_applied() {
    let files = [
        top("resources: [../base/, service.yaml]\nimages: [{name: r.example.org/app, newTag: own}]\n"),
        ("prod/service.yaml", "kind: Service\nmetadata: {name: api}\n"),
        ("base/Kustomization", "resources:\n- deployment.yaml\nimages:\n- name: r.example.org/app\n  newTag: '2'\n"),
        ("base/deployment.yaml", DEPLOYMENT),
    ];
    insta::assert_snapshot!(seen(&files), @r"
    r.example.org/app 2 - apps/x/base/Kustomization:4 (entry r.example.org/app)
    web Some(2) apps/x/base/deployment.yaml:4
    ");
}

#[test]
fn entries_rename_in_their_order_and_counts_follow_every_name() {
    let files = [
        top("resources: [../middle]\nnameSuffix: -b\n"),
        (
            "middle/kustomization.yml",
            "bases: [../base]\nnamePrefix: a-\nreplicas: [{name: web, count: 5}]\nimages:\n- {name: app, newName: r.example.org/app}\n- {name: 'r.*/(app|web)', digest: 'sha256:0'}\n- {name: other, newTag: x}\n",
        ),
        ("base/kustomization.yaml", "resources: [d.json]\n"),
        (
            "base/d.json",
            r#"{"kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"initContainers": [{"image": "app:1"}]}}}}"#,
        ),
    ];
    insta::assert_snapshot!(seen(&files), @r"
    r.example.org/app - sha256:0 apps/x/middle/kustomization.yml:6 (entry r.*/(app|web))
    web a-web a-web-b Some(5) apps/x/middle/kustomization.yml:3 (entry web)
    ");
}

#[test]
fn components_change_what_was_gathered_before_them() {
    let files = [
        top("components: [../component]\nresources: [../base, late.yaml]\n"),
        ("prod/late.yaml", DEPLOYMENT),
        ("base/kustomization.yaml", "resources: [deployment.yaml]\n"),
        ("base/deployment.yaml", DEPLOYMENT),
        ("component/kustomization.yaml", "kind: Component\nimages: [{name: r.example.org/app, newTag: c}]\n"),
    ];
    insta::assert_snapshot!(seen(&files), @r"
    r.example.org/app c - apps/x/component/kustomization.yaml:2 (entry r.example.org/app)
    r.example.org/app c - apps/x/component/kustomization.yaml:2 (entry r.example.org/app)
    web Some(2) apps/x/base/deployment.yaml:4
    web Some(2) apps/x/prod/late.yaml:4
    ");
    // The same as a resource changes only its own.
    let files = files.map(|(name, text)| {
        (name, if name == "prod/kustomization.yaml" { "resources: [../base, ../component]\n" } else { text })
    });
    insta::assert_snapshot!(seen(&files), @r"
    r.example.org/app 1 - apps/x/base/deployment.yaml:9
    web Some(2) apps/x/base/deployment.yaml:4
    ");
}

#[test]
fn what_cannot_be_seen_is_noted() {
    for (kustomization, noted) in [
        (
            "resources: ['https://example.org/x.yaml']\n",
            "https://example.org/x.yaml in apps/x/prod/kustomization.yaml: remote, not followed",
        ),
        (
            "resources: [missing.yaml]\n",
            "missing.yaml in apps/x/prod/kustomization.yaml: there is no such file or folder",
        ),
        (
            "resources: [../../../../outside]\n",
            "../../../../outside in apps/x/prod/kustomization.yaml: outside of the repository",
        ),
        (
            "resources: [{a: b}]\n",
            "an entry that is not a text in apps/x/prod/kustomization.yaml: there is no such file or folder",
        ),
        (
            "resources: [broken.yaml]\n",
            "broken.yaml in apps/x/prod/kustomization.yaml: 1:4: is not valid YAML: unclosed bracket '['",
        ),
        (
            "resources: [../two]\n",
            "../two in apps/x/prod/kustomization.yaml: the folder has no kustomization, or several",
        ),
        (
            "resources: [../none]\n",
            "../none in apps/x/prod/kustomization.yaml: the folder has no kustomization, or several",
        ),
        (
            "resources: [., ../prod]\n",
            ". in apps/x/prod/kustomization.yaml: builds from itself\n../prod in apps/x/prod/kustomization.yaml: builds from itself",
        ),
        ("helmCharts: [{name: x}]\n", "helmCharts in apps/x/prod/kustomization.yaml: may change it"),
        ("patches: [{path: image.yaml}]\n", "image.yaml in apps/x/prod/kustomization.yaml: may change it"),
        ("patches: [{path: policy.yaml}]\n", ""),
        ("patches: [{patch: 'replicas: 3'}]\n", "patches in apps/x/prod/kustomization.yaml: may change it"),
        ("patches: [{path: gone.yaml}]\n", "patches in apps/x/prod/kustomization.yaml: may change it"),
    ] {
        let files = [
            top(kustomization),
            ("prod/broken.yaml", "a: [\n"),
            ("prod/image.yaml", "spec: {image: x}\n"),
            ("prod/policy.yaml", "spec: {imagePullPolicy: Always}\n"),
            ("two/Kustomization", ""),
            ("two/kustomization.yaml", ""),
            ("none/readme.md", ""),
        ];
        assert_eq!(seen(&files), noted, "{kustomization}");
    }
    // What is too much is said to be so.
    let deep: Vec<(String, String)> = (0..40)
        .map(|n| (format!("apps/x/{n}/kustomization.yaml"), format!("resources: [../{}]\n", n + 1)))
        .chain([(format!("{TOP}/kustomization.yaml"), "resources: [../0]\n".to_owned())])
        .collect();
    let sources = of(&MemorySnapshot::of(deep).expect("valid paths"), &path(TOP));
    assert_eq!(sources.unseen.len(), 1);
    assert!(!sources.all_images_seen() && !sources.all_counts_seen());
    assert_eq!(sources.unseen[0].why, Why::TooMuch);
}

#[test]
fn a_bomb_of_bases_ends() {
    let files: Vec<(String, String)> = (0..25)
        .map(|n| {
            let below = n + 1;
            (format!("b{n}/kustomization.yaml"), format!("resources: [../b{below}, ../b{below}, ../b{below}]\n"))
        })
        .chain([("b25/kustomization.yaml".to_owned(), "resources: [d.yaml]\n".to_owned())])
        .chain([("b25/d.yaml".to_owned(), DEPLOYMENT.to_owned())])
        .collect();
    let sources = of(&MemorySnapshot::of(files).expect("valid paths"), &path("b0"));
    assert!(sources.files.len() <= MAX_FILES && !sources.all_images_seen());
}

#[test]
fn who_builds_from_a_file_is_found_upwards_and_downwards() {
    let files = [
        ("prod/kustomization.yaml", "resources: [../middle]\n"),
        ("stage/kustomization.yaml", "resources: [../base]\n"),
        ("middle/kustomization.yaml", "bases: [../base]\n"),
        ("base/kustomization.yaml", "resources: [d.yaml]\npatches: [{path: p.yaml}]\n"),
        ("base/d.yaml", DEPLOYMENT),
        ("all/kustomization.yaml", "resources: [../prod, ../stage, ../all]\n"),
        ("lone/kustomization.yaml", "resources: [x.yaml]\n"),
    ];
    let snapshot = snapshot(&files);
    let found = |file: &str, ends: &[&str]| {
        let builders = who_builds_from(&snapshot, &path(file), |folder| ends.contains(&folder.as_str()));
        assert!(builders.complete);
        builders.folders.iter().map(RepoPath::to_string).collect::<Vec<_>>()
    };
    let known = ["apps/x/prod", "apps/x/stage"];
    assert_eq!(found("apps/x/base/d.yaml", &known), known);
    assert_eq!(found("apps/x/base/p.yaml", &known), known);
    assert_eq!(found("apps/x/base/kustomization.yaml", &known[..1]), ["apps/x/all", "apps/x/prod"]);
    assert_eq!(found("apps/x/prod/kustomization.yaml", &[]), ["apps/x/all"]);
    assert_eq!(found("apps/x/all/kustomization.yaml", &[]), [""; 0]);
    for (from, target, expected) in [
        ("apps/x/prod", "apps/x/base", true),
        ("apps/x/all", "apps/x/base", true),
        ("apps/x/base", "apps/x/prod", false),
        ("apps/x/lone", "apps/x/base", false),
        ("apps/none", "apps/x/base", false),
    ] {
        let found = reaching(&snapshot, [path(from)].iter(), &path(target)).len();
        assert_eq!(found == 1, expected, "{from} {target}");
    }
}

/// A snapshot that counts how often a file was read, and tells ids when it is to.
struct Counting {
    files: MemorySnapshot,
    reads: std::sync::atomic::AtomicUsize,
    ids: bool,
}

impl Snapshot for Counting {
    fn file(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, SnapshotError> {
        self.reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.files.file(path)
    }

    fn names(&self, folder: &RepoPath) -> Result<Vec<String>, SnapshotError> {
        self.files.names(folder)
    }

    fn id(&self, folder: &RepoPath) -> Option<[u8; 20]> {
        let file = folder.join("kustomization.yaml").ok()?;
        let text = self.files.file(&file).ok()??;
        let sum = |at: usize| text.iter().skip(at).step_by(20).fold(0_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
        self.ids.then(|| std::array::from_fn(sum))
    }
}

fn counting(files: &[(&str, &str)], ids: bool) -> Counting {
    Counting { files: snapshot(files), reads: 0.into(), ids }
}

const CHAIN: [(&str, &str); 3] = [
    ("prod/kustomization.yaml", "resources: [../middle]\n"),
    ("middle/kustomization.yaml", "resources: [../base]\n"),
    ("base/kustomization.yaml", "resources: [d.yaml]\n"),
];

fn reached(snapshot: &dyn Snapshot) -> bool {
    !reaching(snapshot, [path("apps/x/prod")].iter(), &path("apps/x/base")).is_empty()
}

#[test]
fn what_is_known_of_a_tree_is_not_read_again() {
    let base = counting(&CHAIN, false);
    let reads = || base.reads.swap(0, std::sync::atomic::Ordering::SeqCst);
    let mut overlay = Overlay::new(&base);
    assert!(reached(&overlay) && reads() > 0);
    assert!(reached(&overlay) && reads() == 0);
    // A value is edited: that one file is looked at, and no other one is read again.
    let edit = |text: &str| [FileEdit::write(path("apps/x/middle/kustomization.yaml"), text)];
    overlay.apply(&edit("resources: [../base]\nimages: []\n"));
    reads();
    assert!(reached(&overlay) && reads() == 0);
    // An edit of what it refers to counts at once.
    overlay.apply(&edit("resources: [../other]\n"));
    assert!(!reached(&overlay));
    // What is known with the edits isn't taken for what is true without them.
    let again = Overlay::with_memo(&base, overlay.into_memo());
    assert!(reached(&again));
    let whole = || who_builds_from(&again, &path("apps/x/base/d.yaml"), |_| false).folders;
    assert_eq!(whole(), [path("apps/x/prod")]);
    reads();
    assert!(whole() == [path("apps/x/prod")] && reads() == 0);
}

#[test]
fn another_tree_is_read_where_it_differs() {
    let base = counting(&CHAIN, true);
    let overlay = Overlay::new(&base);
    assert!(reached(&overlay));
    let memo = overlay.into_memo();
    let mut files = CHAIN;
    files[0].1 = "resources: [../middle]\nnamePrefix: x\n";
    let next = counting(&files, true);
    memo.moved(&base, &next);
    let overlay = Overlay::with_memo(&next, memo);
    assert!(reached(&overlay));
    assert_eq!(next.reads.swap(0, std::sync::atomic::Ordering::SeqCst), 1);
    let memo = overlay.into_memo();
    files[1].1 = "resources: [../elsewhere]\n";
    let last = counting(&files, true);
    memo.moved(&next, &last);
    assert!(!reached(&Overlay::with_memo(&last, memo)));
    // Where no ids are known, nothing is taken for granted.
    let (before, now) = (counting(&CHAIN, false), counting(&files, false));
    let overlay = Overlay::new(&before);
    assert!(reached(&overlay));
    let memo = overlay.into_memo();
    memo.moved(&before, &now);
    assert!(!reached(&Overlay::with_memo(&now, memo)));
}
