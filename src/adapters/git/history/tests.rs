//! Histories with a cut: what can be told, and what can't.

use git2::{Signature, Time};

use super::*;

/// A repository, all of whose history is there; the cut is only pretended.
struct Scene {
    _folder: tempfile::TempDir,
    repository: Repository,
}

const NOW: i64 = 1_795_000_000;

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path()).expect("made");
        Self { _folder: folder, repository }
    }

    fn commit(&self, parents: &[Oid], time: i64, message: &str) -> Oid {
        let me = Signature::new("tiphys", "tiphys@example.org", &Time::new(time, 0)).expect("valid");
        let tree = self.repository.treebuilder(None).and_then(|builder| builder.write()).expect("written");
        let tree = self.repository.find_tree(tree).expect("there");
        let parents: Vec<_> = parents.iter().map(|id| self.repository.find_commit(*id).expect("there")).collect();
        let parents: Vec<_> = parents.iter().collect();
        self.repository.commit(None, &me, &me, message, &tree, &parents).expect("made")
    }

    /// A line of commits, the last one now, so many seconds apart.
    fn line(&self, from: Option<Oid>, commits: i64, seconds: i64) -> Vec<Oid> {
        let mut line: Vec<Oid> = from.into_iter().collect();
        for number in 1..=commits {
            let parent = line.last().copied();
            line.push(self.commit(
                parent.as_slice(),
                NOW - (commits - number) * seconds,
                &format!("{from:?} {number}"),
            ));
        }
        line
    }

    fn at<'r>(&'r self, cut: &'r [Oid]) -> Past<'r> {
        Past { repository: &self.repository, cut, more: cut }
    }
}

fn us() -> Committer {
    Committer { name: "tiphys".to_owned(), email: "tiphys@example.org".to_owned(), signer: None }
}

fn ids(texts: &[&str]) -> Vec<RequestId> {
    texts.iter().map(|text| RequestId::new(*text).expect("valid")).collect()
}

fn told(id: &str) -> String {
    format!("x\n\nRequest-Id: {id}\nRequested-By: x\nApplication: a\nEnvironment: e\n")
}

#[test]
fn ancestry_is_told_only_where_the_cut_leaves_no_doubt() {
    let scene = Scene::new();
    let line = scene.line(None, 10, 60);
    let side = scene.line(Some(line[1]), 3, 60);
    let merge = scene.commit(&[line[9], side[3]], NOW, "merge");
    let unknown = Oid::from_str(&"1".repeat(40)).expect("an id");
    let cut = [line[5]];
    let contains = |cut: &[Oid], ancestor, descendant| {
        contains(scene.at(cut), ancestor, descendant).map_err(|error| format!("{error:?}")).expect("read")
    };
    assert_eq!(contains(&cut, line[7], line[9]), Seen::All(true));
    assert_eq!(contains(&cut, line[5], line[9]), Seen::All(true));
    assert_eq!(contains(&cut, line[9], line[7]), Seen::All(false), "the cut is in its own past");
    assert_eq!(contains(&cut, line[2], line[9]), Seen::CutOff(false), "it is behind the cut");
    assert_eq!(contains(&cut, side[3], line[9]), Seen::CutOff(false), "it may be behind the cut");
    assert_eq!(contains(&cut, side[3], merge), Seen::All(true));
    assert_eq!(contains(&cut, line[9], side[3]), Seen::All(false), "no cut on the way");
    assert_eq!(contains(&cut, unknown, line[9]), Seen::CutOff(false));
    assert_eq!(contains(&cut, line[9], unknown), Seen::All(false));
    assert_eq!(contains(&cut, unknown, unknown), Seen::All(false));
    assert_eq!(contains(&[], unknown, line[9]), Seen::All(false));
    assert_eq!(contains(&[], side[3], line[9]), Seen::All(false));
    for (length, limit, seen) in [(5, 5, true), (5, 6, false)] {
        let log = log(scene.at(&cut), line[9], limit, &us()).map_err(|error| format!("{error:?}")).expect("read");
        let (Seen::All(ref records) | Seen::CutOff(ref records)) = log;
        assert_eq!((records.len(), matches!(log, Seen::All(_))), (length, seen));
    }
    let marks = landmarks(scene.at(&cut), merge).map_err(|error| format!("{error:?}")).expect("read");
    assert!(
        marks[0] == merge && marks.contains(&line[5]) && marks.len() == depth(scene.at(&cut), merge).expect("read")
    );
}

#[test]
fn requests_are_looked_for_until_enough_old_commits_were_seen() {
    const DAY: i64 = 24 * 3_600;
    let now = Timestamp::from_second(NOW).expect("a time");
    let find = |history: &mut History, past: Past<'_>, head| {
        let found = history.find(past, head, &ids(&["cli/1"]), &us(), now).map_err(|error| format!("{error:?}"));
        match found.expect("read") {
            Seen::All(found) => Some(found[0].is_some()),
            Seen::CutOff(_) => None,
        }
    };
    // All of it is old but the head: 64 in a row are enough.
    let scene = Scene::new();
    let line = scene.line(None, 100, 10 * DAY);
    let mut history = History::default();
    assert_eq!(find(&mut history, scene.at(&[line[35]]), line[99]), Some(false));
    assert_eq!(find(&mut History::default(), scene.at(&[line[36]]), line[99]), None);
    // Young ones: whatever is behind the cut may be young as well.
    let young = scene.line(Some(line[99]), 200, 60);
    assert_eq!(find(&mut history, scene.at(&[line[35]]), young[200]), Some(false), "the rest is known already");
    assert_eq!(find(&mut History::default(), scene.at(&[young[3]]), young[200]), None);
    let mut cut = [line[35], young[150]];
    cut.sort_unstable();
    assert_eq!(find(&mut History::default(), scene.at(&cut), young[200]), None);
    assert_eq!(find(&mut History::default(), scene.at(&[line[99]]), young[200]), None, "the first old one");

    // It grows, and what a rewritten branch has lost is forgotten.
    let ours = scene.commit(&[young[200]], NOW, &told("cli/1"));
    let after = scene.commit(&[ours], NOW, "after");
    assert_eq!(find(&mut history, scene.at(&[]), after), Some(true));
    let side = scene.commit(&[young[100]], NOW, "side");
    let merge = scene.commit(&[side, after], NOW, "merge");
    assert_eq!(find(&mut history, scene.at(&[]), merge), Some(true));
    let other = scene.commit(&[young[200]], NOW, "other");
    assert_eq!(find(&mut history, scene.at(&[]), other), Some(false));
    assert_eq!(find(&mut history, scene.at(&[]), after), Some(true));
    assert_eq!(find(&mut history, scene.at(&[]), young[200]), Some(false));

    // What is old counts as long as it is among the newest 2,000.
    let old = scene.commit(&[line[99]], NOW - 40 * DAY, &told("cli/1"));
    let behind = scene.line(Some(old), 2_000, 10 * DAY);
    assert_eq!(find(&mut History::default(), scene.at(&[]), behind[1_999]), Some(true));
    assert_eq!(find(&mut History::default(), scene.at(&[]), behind[2_000]), Some(false));

    // A commit with a clock of long ago hides nothing.
    let wrong = scene.commit(&[after], 0, "wrong clock");
    let last = scene.commit(&[wrong], NOW, "last");
    assert_eq!(find(&mut History::default(), scene.at(&[]), last), Some(true));
}
