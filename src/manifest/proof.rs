//! The proof of an edit: readers that share no code with the editor see the asked-for difference and no other.
//!
//! They are yaml-rust2, which shows how every scalar is written, and libyaml, which kustomize's own reader was made from:
//! it alone knows, for example, that a block scalar at the end of a text without a final line end has none either. Where
//! there can be nothing of the kind, a window is proved by yaml-rust2 and the editor's own parser (`window/evident.rs`).

mod reading;
mod window;

pub use reading::{Meaning, Reading};

use super::{
    text::{self, Splice},
    tree::Tree,
};

/// Where a node stands in its document: the index of the pair or of the item at each level.
pub type Path = Vec<usize>;

/// An asked-for difference, in terms of values, not of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The node becomes another one.
    Set {
        /// The node.
        at: Path,
        /// What it becomes.
        value: Reading,
    },
    /// A map's pair gets another key and another value.
    Replace {
        /// The pair.
        at: Path,
        /// The new key.
        key: Reading,
        /// The new value.
        value: Reading,
    },
    /// A map gets another pair, or a list another item where `key` is `None`.
    Insert {
        /// The place that it takes.
        at: Path,
        /// The key.
        key: Option<Reading>,
        /// The value or item.
        value: Reading,
    },
    /// A map's pair goes.
    Remove {
        /// The pair.
        at: Path,
    },
}

impl Difference {
    /// Whether it is made inside the node of this path.
    fn is_below(&self, path: &[usize]) -> bool {
        let (Self::Set { at, .. } | Self::Replace { at, .. } | Self::Insert { at, .. } | Self::Remove { at }) = self;
        at.len() > path.len() && at.starts_with(path)
    }
}

/// The differences that are asked for in one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The document, counted from 0.
    pub document: usize,
    /// The differences in their order: each is made in what the ones before it have made.
    pub differences: Vec<Difference>,
}

/// Carries splices out and proves that they make the asked-for differences, and no other.
///
/// The differences are applied one after the other to what each reader makes of the old text, and the outcome must equal
/// what it makes of the new one, in all documents, keys in their order, strings apart from numbers. Where it is sure that
/// the rest reads as before, only the lines around the splices are read again; not so where several documents differ.
///
/// # Errors
/// What differs, in English.
pub fn splice(tree: &Tree<'_>, splices: &[Splice], asked: &[Asked]) -> Result<String, String> {
    let new = apply(tree.text, splices)?;
    if window::proves(tree, &new, splices, asked) {
        debug_assert_eq!(whole(tree.text, splices, asked).as_ref(), Ok(&new), "the window misled");
        return Ok(new);
    }
    agree(reading::of_tree(tree), tree.text, &new, asked)?;
    Ok(new)
}

/// Whether libyaml can read a text.
#[must_use]
pub(super) fn is_read_by_libyaml(text: &str) -> bool {
    reading::by_libyaml(text).is_ok()
}

/// Whether a text is read alike with and without the line end at its end: a block scalar there would lose its own.
#[must_use]
pub(super) fn needs_no_line_end(text: &str) -> bool {
    let Some(bare) = text.strip_suffix('\n') else { return true };
    matches!((reading::by_libyaml(text), reading::by_libyaml(bare)), (Ok(ended), Ok(bare)) if ended == bare)
}

/// Proves as [`splice`] does, only by a window around the splices; `None` where that can't be done, or where something
/// else differs.
#[must_use]
pub fn in_window(tree: &Tree<'_>, splices: &[Splice], asked: &[Asked]) -> Option<String> {
    let new = apply(tree.text, splices).ok()?;
    window::proves(tree, &new, splices, asked).then_some(new)
}

/// Proves as [`splice`] does, always by the whole text.
///
/// # Errors
/// What differs, in English.
pub fn whole(old: &str, splices: &[Splice], asked: &[Asked]) -> Result<String, String> {
    let new = apply(old, splices)?;
    let tree = Tree::read(old).map_err(|fault| unreadable(GRANIT, "text", &fault.to_string()))?;
    agree(reading::of_tree(&tree), old, &new, asked)?;
    Ok(new)
}

const GRANIT: &str = "the editor's parser";

type Reader = fn(&str) -> Result<Vec<Reading>, String>;

/// The readers that share no code with the editor.
const INDEPENDENT: [(&str, Reader); 2] = [("yaml-rust2", reading::by_yaml_rust), ("libyaml", reading::by_libyaml)];

fn unreadable(name: &str, what: &str, error: &str) -> String {
    format!("{name} cannot read the {what}: {error}")
}

/// The new text, where it differs from the old one in nothing but the splices.
fn apply(old: &str, splices: &[Splice]) -> Result<String, String> {
    let new = text::apply(old, splices).ok_or("the splices overlap")?;
    if only_splices_differ(old, &new, splices) { Ok(new) } else { Err("bytes outside the edit changed".to_owned()) }
}

fn only_splices_differ(old: &str, new: &str, splices: &[Splice]) -> bool {
    let (mut old, mut new, mut done) = (old.as_bytes(), new.as_bytes(), 0);
    for Splice { range, with } in splices {
        let kept = range.start - done;
        if old.get(..kept) != new.get(..kept) || new.get(kept..kept + with.len()) != Some(with.as_bytes()) {
            return false;
        }
        (old, new, done) = (&old[kept + range.len()..], &new[kept + with.len()..], range.end);
    }
    old == new
}

/// Has all readers read both texts; `seen` is what the editor's own parser sees in the old one.
fn agree(seen: Vec<Reading>, old: &str, new: &str, asked: &[Asked]) -> Result<(), String> {
    check(seen, new, asked, GRANIT, reading::by_granit)?;
    // One of them may be unable to read a valid text (yaml-rust2 rejects a tab after a colon, libyaml keys that stand
    // twice); those that can read it must agree.
    let mut unable = vec![];
    for (name, read) in INDEPENDENT {
        // Nor can libyaml read whole numbers of more than 64 bits.
        let known = asked.iter().try_for_each(|asked| as_read(&asked.differences, read).map(drop));
        match known.and_then(|()| read(old)) {
            Ok(seen) => check(seen, new, asked, name, read)?,
            Err(error) => unable.push(unreadable(name, "text", &error)),
        }
    }
    if unable.len() == INDEPENDENT.len() { Err(unable.join("; ")) } else { Ok(()) }
}

/// Makes the differences in what a reader saw, and compares with what it sees in the new text.
fn check(mut expected: Vec<Reading>, new: &str, asked: &[Asked], name: &str, read: Reader) -> Result<(), String> {
    for Asked { document, differences } in asked {
        let root = expected.get_mut(*document).ok_or_else(|| format!("{name} sees no such document"))?;
        for difference in &as_read(differences, read)? {
            make(root, difference).ok_or_else(|| format!("{name} sees another structure"))?;
        }
    }
    let seen = read(new).map_err(|error| unreadable(name, "edited text", &error))?;
    if expected == seen { Ok(()) } else { Err(format!("{name} sees another difference")) }
}

/// The differences, with new numbers as a reader takes them: `0.50` is `0.5` to libyaml, and `0644` a string.
fn as_read(differences: &[Difference], read: Reader) -> Result<Vec<Difference>, String> {
    let mut differences = differences.to_vec();
    for difference in &mut differences {
        match difference {
            Difference::Set { value, .. } | Difference::Replace { value, .. } | Difference::Insert { value, .. } => {
                number_as_read(value, read)?;
            }
            Difference::Remove { .. } => {}
        }
    }
    Ok(differences)
}

fn number_as_read(value: &mut Reading, read: Reader) -> Result<(), String> {
    match value {
        Reading::Map(pairs) => pairs.iter_mut().try_for_each(|(_, value)| number_as_read(value, read)),
        Reading::List(items) => items.iter_mut().try_for_each(|item| number_as_read(item, read)),
        Reading::Scalar { text, meaning: Meaning::Other } if is_number(text) => {
            // On its own it can be nothing but a scalar.
            if let [alone @ Reading::Scalar { .. }] = &*read(text)? {
                *value = alone.clone();
            }
            Ok(())
        }
        Reading::Scalar { .. } | Reading::Alias(_) => Ok(()),
    }
}

/// Digits with at most a sign, a point, an exponent, a radix.
fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && bare.contains(|c: char| c.is_ascii_digit())
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-'))
}

/// Makes a difference; `None` where the path leads nowhere.
fn make(root: &mut Reading, difference: &Difference) -> Option<()> {
    let at = match difference {
        Difference::Set { at, value } => {
            *node(root, at)? = value.clone();
            return Some(());
        }
        Difference::Replace { at, .. } | Difference::Insert { at, .. } | Difference::Remove { at } => at,
    };
    let (&index, parent) = at.split_last()?;
    match (node(root, parent)?, difference) {
        (Reading::Map(pairs), Difference::Replace { key, value, .. }) => {
            *pairs.get_mut(index)? = (key.clone(), value.clone());
        }
        (Reading::Map(pairs), Difference::Insert { key: Some(key), value, .. }) if index <= pairs.len() => {
            pairs.insert(index, (key.clone(), value.clone()));
        }
        (Reading::List(items), Difference::Insert { key: None, value, .. }) if index <= items.len() => {
            items.insert(index, value.clone());
        }
        (Reading::Map(pairs), Difference::Remove { .. }) if index < pairs.len() => {
            pairs.remove(index);
        }
        _ => return None,
    }
    Some(())
}

fn node<'r>(root: &'r mut Reading, path: &[usize]) -> Option<&'r mut Reading> {
    path.iter().try_fold(root, |node, &index| match node {
        Reading::Map(pairs) => pairs.get_mut(index).map(|(_, value)| value),
        Reading::List(items) => items.get_mut(index),
        Reading::Scalar { .. } | Reading::Alias(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# c\na: 'x'\nb: [1, two]\n---\nc: 3\n";

    fn asked(document: usize, differences: Vec<Difference>) -> Asked {
        Asked { document, differences }
    }

    fn set(value: Reading) -> Vec<Difference> {
        vec![Difference::Set { at: vec![0], value }]
    }

    fn replace(what: &str, with: &str) -> Vec<Splice> {
        let start = OLD.find(what).expect("in the text");
        vec![Splice { range: start..start + what.len(), with: with.to_owned() }]
    }

    #[test]
    fn the_asked_for_difference_passes() {
        let new = whole(OLD, &replace("'x'", "'y'"), &[asked(0, set(Reading::string("y")))]).expect("proved");
        assert_eq!(new, OLD.replace("'x'", "'y'"));
    }

    #[test]
    fn every_other_difference_is_caught() {
        let string = || set(Reading::string("1.10"));
        for (what, with, differences) in [
            ("'x'", "1.10", string()),         // a number, not a string
            ("'x'", "'1.1'", string()),        // another string
            ("'x'", "'1.10'\nz: 1", string()), // one key more
            ("'x'", "'1.10", string()),        // not YAML any more
            ("two", "three", string()),        // another value
            ("3", "4", string()),              // another document
            ("---\n", "", string()),           // documents joined
            ("'x'", "'1.10'", vec![]),         // nothing was asked for
            ("'x'", "&a '1.10'", vec![Difference::Remove { at: vec![0] }]),
            ("'x'", "'1.10'", vec![Difference::Set { at: vec![0, 0], value: Reading::string("1.10") }]),
        ] {
            assert!(whole(OLD, &replace(what, with), &[asked(0, differences)]).is_err(), "{what} -> {with}");
        }
    }

    #[test]
    fn several_documents_differ_as_asked_and_no_other_does() {
        let old = "a: 1\n---\na: 1\n---\na: 1\n";
        let tree = Tree::read(old).expect("valid");
        let splices = |documents: &[usize]| -> Vec<Splice> {
            documents.iter().map(|n| Splice { range: n * 9 + 3..n * 9 + 4, with: "x".into() }).collect()
        };
        let all = |documents: &[usize]| -> Vec<Asked> {
            documents.iter().map(|document| asked(*document, set(Reading::string("x")))).collect()
        };
        let proved = splice(&tree, &splices(&[0, 2]), &all(&[0, 2]));
        assert_eq!(proved.as_deref(), Ok("a: x\n---\na: 1\n---\na: x\n"));
        assert_eq!(in_window(&tree, &splices(&[0, 2]), &all(&[0, 2])), None, "a window is in one document");
        let wrong: [(&[usize], &[usize]); 5] =
            [(&[0, 2], &[0, 1]), (&[0, 2], &[0]), (&[0], &[0, 2]), (&[0, 2], &[0, 1, 2]), (&[0, 2], &[0, 2, 3])];
        for (made, wanted) in wrong {
            assert!(splice(&tree, &splices(made), &all(wanted)).is_err(), "{made:?} for {wanted:?}");
        }
    }

    #[test]
    fn one_reader_is_enough_where_the_other_cannot_read_the_text() {
        for (old, reader) in
            [("a:\tv1\n", reading::by_yaml_rust as Reader), ("a:  v1\nb: 1\nb: 2\n", reading::by_libyaml)]
        {
            assert!(reader(old).is_err(), "otherwise this case is no longer needed");
            let start = old.find("v1").expect("in the text");
            let splices = [Splice { range: start..start + 2, with: "v2".into() }];
            let verdict = |text: &str| whole(old, &splices, &[asked(0, set(Reading::string(text)))]);
            assert_eq!(verdict("v2"), Ok(old.replace("v1", "v2")));
            assert!(verdict("v3").is_err());
        }
    }

    #[test]
    fn a_block_scalar_must_not_gain_a_line_end() {
        let (old, end) = ("a: |\n  x", 8);
        let b = Difference::Insert { at: vec![1], key: Some(Reading::string("b")), value: Reading::number(1) };
        let outcome = whole(old, &[Splice::insert(end, "\nb: 1".into())], &[asked(0, vec![b])]);
        assert_eq!(outcome, Err("libyaml sees another difference".to_owned()));
    }
}
