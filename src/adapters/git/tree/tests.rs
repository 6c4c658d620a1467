//! Patched trees against those that libgit2 builds.

use git2::build::TreeUpdateBuilder;
use proptest::prelude::*;

use super::*;
use crate::{
    adapters::git::{mirror::PackWriter, wire::pack},
    domain::name::RepoPath,
};

/// A repository with a tree of files, links and a submodule.
struct Scene {
    _folder: tempfile::TempDir,
    repository: Repository,
    tree: Oid,
}

fn edit(path: &str, content: &str) -> FileEdit {
    FileEdit::write(RepoPath::new(path).expect("valid"), content)
}

fn gone(path: &str) -> FileEdit {
    FileEdit::remove(RepoPath::new(path).expect("valid"))
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path()).expect("made");
        let empty = repository.treebuilder(None).and_then(|builder| builder.write()).expect("written");
        let mut scene = Self { _folder: folder, repository, tree: empty };
        scene.tree = scene.by_libgit2(empty, &files.iter().map(|(path, text)| edit(path, text)).collect::<Vec<_>>());
        scene
    }

    /// First all that goes, then all that comes.
    fn by_libgit2(&self, tree: Oid, edits: &[FileEdit]) -> Oid {
        let (mut taken, mut put) = (TreeUpdateBuilder::new(), TreeUpdateBuilder::new());
        for edit in edits {
            match &edit.content {
                None => taken.remove(edit.path.as_str()),
                Some(content) => {
                    let blob = self.repository.blob(content).expect("written");
                    put.upsert(edit.path.as_str(), blob, git2::FileMode::Blob)
                }
            };
        }
        let tree = self.repository.find_tree(tree).expect("there");
        let tree = taken.create_updated(&self.repository, &tree).expect("made");
        let tree = self.repository.find_tree(tree).expect("there");
        put.create_updated(&self.repository, &tree).expect("made")
    }

    /// Every file of a tree.
    fn files(&self, tree: Oid) -> Vec<String> {
        let mut files = Vec::new();
        let tree = self.repository.find_tree(tree).expect("there");
        let walked = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                files.push(format!("{folder}{}", entry.name().expect("utf-8")));
            }
            git2::TreeWalkResult::Ok
        });
        walked.expect("walked");
        files
    }

    fn put(&mut self, name: &str, mode: i32) {
        let tree = self.repository.find_tree(self.tree).expect("there");
        let blob = self.repository.blob(b"target").expect("written");
        let mut builder = self.repository.treebuilder(Some(&tree)).expect("made");
        builder.insert(name, blob, mode).expect("inserted");
        self.tree = builder.write().expect("written");
    }

    fn working_tree(&self) -> WorkingTree<'_> {
        WorkingTree::new(&self.repository, self.tree).expect("there")
    }

    /// Takes what was made in from both kinds of packs, where only the first tree is; both must bring all of it.
    fn check(&self, made: &[NewObject], last: Oid) -> usize {
        let odb = self.repository.odb().expect("has one");
        let whole = pack::whole(made, |id| Ok(odb.read(id)?.data().to_vec())).expect("packed");
        let thin = pack::thin(made);
        for pack in [&thin, &whole] {
            let theirs = Scene::new(&[]);
            let mut first = self.repository.packbuilder().expect("made");
            first.insert_tree(self.tree).expect("packed");
            let mut writer = PackWriter::new(&theirs.repository).expect("made");
            first.foreach(|chunk| writer.write(chunk).is_ok()).expect("packed");
            writer.finish().expect("sound");
            let mut writer = PackWriter::new(&theirs.repository).expect("made");
            writer.write(pack).and_then(|()| writer.finish()).expect("sound");
            let theirs = Repository::open_bare(theirs.repository.path()).expect("opened");
            let odb = theirs.odb().expect("has one");
            made.iter().for_each(|object| assert_eq!(odb.read(object.id).expect("arrived").kind(), object.kind));
            let walked = theirs.find_tree(last).expect("arrived").walk(git2::TreeWalkMode::PreOrder, |_, entry| {
                assert!(odb.exists(entry.id()) || entry.kind() == Some(ObjectType::Commit), "{:?}", entry.name());
                git2::TreeWalkResult::Ok
            });
            walked.expect("complete");
        }
        thin.len()
    }
}

#[test]
fn modes_and_neighbours_stay() {
    let mut scene = Scene::new(&[("apps/a", "1"), ("apps.d/x", "2"), ("apps-x", "3")]);
    scene.put("run.sh", 0o100_755);
    scene.put("link", 0o120_000);
    let mut tree = scene.working_tree();
    let edits = [edit("run.sh", "new"), edit("apps/deep/er/file", "x"), edit("apps0", "y"), edit("apps/b", "z")];
    let root = tree.patch(&edits).expect("patched");
    scene.check(&tree.into_made(), root);
    let mut plain = edits[1..].to_vec();
    plain.push(edit("run.sh", "new"));
    let root_tree = scene.repository.find_tree(scene.by_libgit2(scene.tree, &plain)).expect("there");
    let mut wanted = scene.repository.treebuilder(Some(&root_tree)).expect("made");
    let blob = root_tree.get_name("run.sh").expect("there").id();
    wanted.insert("run.sh", blob, 0o100_755).expect("inserted");
    assert_eq!(wanted.write().expect("written"), root);
}

#[test]
fn edits_that_do_not_fit_are_refused() {
    let mut scene = Scene::new(&[("apps/run.sh", "1")]);
    scene.put("link", 0o120_000);
    let commit = {
        let me = git2::Signature::new("x", "x@x", &git2::Time::new(0, 0)).expect("valid");
        let tree = scene.repository.find_tree(scene.tree).expect("there");
        scene.repository.commit(None, &me, &me, "x", &tree, &[]).expect("made")
    };
    let with_module = {
        let tree = scene.repository.find_tree(scene.tree).expect("there");
        let mut builder = scene.repository.treebuilder(Some(&tree)).expect("made");
        builder.insert("module", commit, 0o160_000).expect("inserted");
        builder.write().expect("written")
    };
    scene.tree = with_module;
    for path in [
        "link",
        "apps",
        "apps/run.sh/x",
        "link/x",
        "module",
        "module/x",
        ".GIT/x",
        "apps/.Git/hooks",
        "git~1/x",
        "a/git~1",
    ] {
        let error = scene.working_tree().patch(&[edit(path, "")]).expect_err(path);
        assert!(matches!(&error, ObjectError::Unfit(text) if text.starts_with(path)), "{path}: {error:?}");
    }
    for path in ["link", "apps", "module", "apps/none", "none", "none/x", "apps/run.sh/x", "link/x", "module/x"] {
        let error = scene.working_tree().patch(&[gone(path)]).expect_err(path);
        assert!(matches!(&error, ObjectError::Unfit(text) if text.starts_with(path)), "{path}: {error:?}");
    }
    let both = scene.working_tree().patch(&[edit("new/x", ""), edit("new", "")]).expect_err("both");
    assert!(matches!(both, ObjectError::Unfit(_)), "{both:?}");
}

#[test]
fn what_goes_takes_its_empty_folders_along() {
    let scene = Scene::new(&[("a/b/c/x", "1"), ("a/b/y", "2"), ("a.b/z", "3"), ("a-b", "4"), ("a0", "5")]);
    let mut tree = scene.working_tree();
    let mut wanted = scene.tree;
    for (edits, left) in [
        (vec![gone("a/b/c/x")], "a-b a.b/z a/b/y a0"),
        (vec![gone("a/b/y")], "a-b a.b/z a0"),
        // Back again, as other kinds of entries: a file where a folder was, and folders where a file was.
        (vec![edit("a", "6"), gone("a.b/z"), edit("a.b", "7")], "a a-b a.b a0"),
        (vec![gone("a"), edit("a/b/c/x", "1"), gone("a-b"), edit("a-b/x", "1")], "a-b/x a.b a/b/c/x a0"),
        (vec![gone("a/b/c/x"), edit("a/b/c/y", "1")], "a-b/x a.b a/b/c/y a0"),
        // Taken out and put in again in one commit: it is there.
        (vec![gone("a0"), edit("a0", "8")], "a-b/x a.b a/b/c/y a0"),
        (vec![gone("a-b/x"), gone("a.b"), gone("a/b/c/y"), gone("a0")], ""),
        (vec![edit("a/b/c/x", "1"), edit("a.b", "9")], "a.b a/b/c/x"),
    ] {
        let root = tree.patch(&edits).expect("patched");
        wanted = scene.by_libgit2(wanted, &edits);
        assert_eq!(scene.files(wanted).join(" "), left);
        assert_eq!(root, wanted, "{left}");
    }
    scene.check(&tree.into_made(), wanted);
}

#[test]
fn a_malformed_tree_is_damage() {
    let scene = Scene::new(&[]);
    let odb = scene.repository.odb().expect("has one");
    git2::opts::strict_object_creation(true);
    for (number, row) in
        [&b"100644"[..], b"100644 a", b"100644 a\0short", b"10064444444 a\0", b"rw a\0aaaaaaaaaaaaaaaaaaaa"]
            .into_iter()
            .enumerate()
    {
        let id = odb.write(ObjectType::Tree, row).expect("written");
        let mut tree = WorkingTree::new(&scene.repository, id).expect("there");
        let error = tree.patch(&[edit("b", "")]).expect_err("malformed");
        assert!(matches!(error, ObjectError::Mirror(MirrorError::Damaged(_))), "{number}: {error:?}");
    }
    let blob = scene.repository.blob(b"x").expect("written");
    assert!(WorkingTree::new(&scene.repository, blob).is_err(), "not a tree");
}

#[test]
fn what_the_remote_has_is_not_made_again() {
    // Two files change places, so that each one's new content is the other's old one, and then back.
    let text = |name: &str| format!("{name}\n").repeat(40);
    let (one, two) = (text("one"), text("two"));
    let scene = Scene::new(&[("a/x", &one), ("b/x", &two)]);
    let mut tree = scene.working_tree();
    let swapped = tree.patch(&[edit("a/x", &two), edit("b/x", &one)]).expect("patched");
    assert_eq!(tree.patch(&[edit("a/x", &one), edit("b/x", &two)]).expect("patched"), scene.tree);
    assert_eq!(tree.patch(&[edit("a/x", &two), edit("b/x", &one)]).expect("patched"), swapped);
    let made = tree.into_made();
    assert!(made.len() <= 3, "one blob, one folder, the root: {made:?}");
    scene.check(&made, swapped);
}

#[test]
fn many_commits_in_one_big_folder_are_small() {
    let names: Vec<String> = (0..3_000).map(|n| format!("apps/app-{n:04}/kustomization.yaml")).collect();
    let text = |tag: &str| format!("{}newTag: \"{tag}\"\n", "# a comment that takes room\n".repeat(20));
    let old = text("1.0");
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), old.as_str())).collect();
    let scene = Scene::new(&files);
    let mut tree = scene.working_tree();
    let mut last = scene.tree;
    for (number, name) in names.iter().take(120).enumerate() {
        last = tree.patch(&[edit(name, &text(&format!("2.{number}")))]).expect("patched");
    }
    let made = tree.into_made();
    assert_eq!(made.len(), 120 * 4);
    let size = scene.check(&made, last);
    assert!(size < 120 * 500, "{size} bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn trees_are_those_of_libgit2(
        old in proptest::collection::btree_map("[a-c]{1,2}[./-]?[a-c]{0,2}/[a-c0]{1,2}", "[a-c\n]{0,120}", 0..9),
        commits in proptest::collection::vec(
            (
                proptest::collection::btree_map("([a-c]{1,2}[./-]?[a-c]{0,2}/){0,2}[a-c0]{1,2}", "[a-c\n]{0,120}", 0..4),
                proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
            ),
            1..14,
        ),
    ) {
        let valid = |path: &str| RepoPath::new(path).is_ok();
        let files: Vec<_> =
            old.iter().map(|(path, text)| (path.as_str(), text.as_str())).filter(|file| valid(file.0)).collect();
        prop_assume!(files.iter().all(|a| files.iter().all(|b| !b.0.starts_with(&format!("{}/", a.0)))));
        let scene = Scene::new(&files);
        let mut tree = scene.working_tree();
        let mut wanted = scene.tree;
        let mut last = scene.tree;
        for (files, gone_ones) in &commits {
            let there = scene.files(wanted);
            let gone_ones: std::collections::BTreeSet<_> =
                gone_ones.iter().filter(|_| !there.is_empty()).map(|index| index.get(&there)).collect();
            let edits: Vec<_> = files
                .iter()
                .filter(|file| valid(file.0))
                .map(|(path, text)| edit(path, text))
                .chain(gone_ones.iter().map(|path| gone(path)))
                .collect();
            // What doesn't fit is tried on a tree of its own: a refused one is thrown away.
            let mut trial = WorkingTree::new(&scene.repository, wanted).expect("there");
            if trial.patch(&edits).is_err() {
                continue;
            }
            wanted = scene.by_libgit2(wanted, &edits);
            last = tree.patch(&edits).expect("patched");
            prop_assert_eq!(last, wanted);
        }
        scene.check(&tree.into_made(), last);
    }
}
