//! Whether a window is so simple that libyaml has nothing to add to what the other two readers see.
//!
//! Three things it alone sees. It resolves plain scalars by itself, where for the other two the editor's own module says
//! which of them are strings. It refuses a key that stands twice. And it knows where a block scalar at the end of a text
//! ends. So it isn't asked only where all of these hold:
//!
//! - nothing but values is set: no pair is put in, renamed or taken out;
//! - each line of both windows is empty, a comment, or a key with at most one dash before it and one value behind it;
//! - a value is missing, or in quotes with neither quotes nor backslashes inside, or a plain one which no reader takes for
//!   anything but a string: with a slash or two dots in it, for no number, truth value, date or null has them, or with a
//!   letter first and then a digit or more than five characters, for the words that mean something are shorter and of
//!   letters only;
//! - all of it is printable ASCII, with keys and plain values of letters, digits and a few signs that mean nothing in YAML.
//!
//! What it would see there is what yaml-rust2 sees; the properties in the tests compare the two on such lines, right and
//! wrong ones.

use super::super::Difference;

/// Whether libyaml need not be asked about these differences between these two framed windows.
pub(super) fn is_evident(old: &str, new: &str, differences: &[Difference]) -> bool {
    differences.iter().all(|difference| matches!(difference, Difference::Set { .. })) && lines(old) && lines(new)
}

/// Whether all lines are such ones.
pub(super) fn lines(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) && text.split('\n').all(is_line)
}

fn is_line(line: &str) -> bool {
    let line = line.trim_start_matches(' ');
    if line.is_empty() || line.starts_with('#') {
        return true;
    }
    let pair = line.strip_prefix("- ").unwrap_or(line);
    pair.split_once(':').is_some_and(|(key, rest)| is_word(key, false) && is_rest(rest))
}

/// What may follow a key's colon.
fn is_rest(rest: &str) -> bool {
    let value = rest.trim_start_matches(' ');
    if value.is_empty() {
        return true;
    }
    let apart = value.len() < rest.len();
    let (known, behind) = match value.as_bytes() {
        [quote @ (b'\'' | b'"'), ..] => match value[1..].split_once(char::from(*quote)) {
            Some((inside, behind)) => (!inside.contains(['\'', '"', '\\']), behind),
            None => return false,
        },
        [b'#', ..] => (true, rest),
        _ => {
            let (word, behind) = value.split_at(value.find(' ').unwrap_or(value.len()));
            (is_word(word, true) && is_string(word), behind)
        }
    };
    let comment = behind.trim_start_matches(' ');
    apart && known && (comment.is_empty() || comment.starts_with('#') && comment.len() < behind.len())
}

/// Whether every reader takes a plain word for a string.
fn is_string(word: &str) -> bool {
    let named = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && (word.len() > 5 || word.contains(|c: char| c.is_ascii_digit()));
    named || word.contains('/') || word.matches('.').count() > 1
}

/// A key, or a plain value, that can't be anything else; a value may have colons in it, as an image has.
fn is_word(text: &str, value: bool) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/') || value && byte == b':'
        })
        && !text.ends_with(':')
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::{super::super::reading, *};
    use crate::manifest::proof::Reading;

    #[test]
    fn simple_pairs_are_evident() {
        for line in [
            "",
            "   ",
            "# any: [thing",
            "  newTag: 1.2.3",
            "  - name: host:5000/team/app # why",
            "a: 'x y: [z' ",
            "a: \"on\" # 'c'",
            "end:",
            "a:   ",
            "a: # c",
            "a:  v1.2.3-rc.1",
            "a: v1",
            "a: frontend",
        ] {
            assert!(lines(line), "{line:?}");
            assert!(lines(&format!("{line}\nend:\n")), "{line:?}");
        }
    }

    #[test]
    fn what_may_read_differently_is_not() {
        for line in [
            "a: 1.10",
            "a: on",
            "a: FALSE",
            "a: nginx",
            "a: .inf",
            "a: 1e5",
            "a: 12:30",
            "a: 2024-01-31",
            "a: ~",
            "a: |",
            "a: [x]",
            "a: 'it''s'",
            "a: \"\\n\"",
            "a: 'x",
            "a: 'x'y",
            "a: 'x'# c",
            "a: 1.2.3# c",
            "a: 1.2.3 x",
            "a: 1.2.3:",
            "a: ...",
            "a:1.2.3",
            "a : 1.2.3",
            "a",
            "- 1.2.3",
            "- - a: 1.2.3",
            "-",
            "---",
            "? a: 1.2.3",
            "'a': 1.2.3",
            "a: я.я.я",
            "a: 1.2.3\r",
            "a:\t1.2.3",
            "a: &x 1.2.3",
            "a: *x/y",
            "a: @x/y",
        ] {
            assert!(!lines(line), "{line:?}");
        }
    }

    #[test]
    fn libyaml_is_asked_about_pairs_that_come_or_go() {
        let value = Reading::string("1.2.3");
        let set = Difference::Set { at: vec![0], value: value.clone() };
        let insert = Difference::Insert { at: vec![1], key: Some(Reading::string("b")), value };
        assert!(is_evident("a: 'x'\n", "a: 1.2.3\n", std::slice::from_ref(&set)));
        assert!(!is_evident("a: 'x'\n", "a: 1.2.3\n", &[set, insert]));
        assert!(!is_evident("a: 'x'\n", "a: 1.2.3\n", &[Difference::Remove { at: vec![0] }]));
    }

    const KEYS: &[&str] = &["a", "b", "newTag", "x/y", "a-b_c", "c.d"];
    const VALUES: &[&str] = &[
        "",
        " 1.2.3",
        " 1.2.",
        " 1..2",
        " 1e.5.",
        " 0x1.2.3",
        " a/b:c",
        " 0/1",
        " 1:2/3",
        " y/",
        " 'on'",
        " \"1.10\"",
        " 'a: b # [c'",
        " \"- {x\"",
        " ''",
        " 2024.01.31",
        " 1_0.2.3-4",
        " 1.2.3   ",
        " v1",
        " e5",
        " x0F",
        " o17",
        " inf-0",
        " frontend",
        " falsey",
        " n0",
        " nan_1",
        " true:1",
        " # c: [d",
        " 'x' # 'y",
        " 1.2.3 # - x",
        "   \"#\"",
    ];

    fn line() -> impl Strategy<Value = String> {
        let pair = (0_usize..7, any::<bool>(), 1_usize..4, select(KEYS), select(VALUES)).prop_map(
            |(indent, dash, gap, key, value)| {
                let dash = if dash { format!("-{}", " ".repeat(gap)) } else { String::new() };
                format!("{}{dash}{key}:{value}", " ".repeat(indent))
            },
        );
        prop_oneof![8 => pair, 1 => (0_usize..7).prop_map(|n| " ".repeat(n)), 1 => (0_usize..7).prop_map(|n| " ".repeat(n) + "# - c: [")]
    }

    /// A reading in which all is a string that isn't null: which texts are numbers the editor's module says with caution,
    /// and where it takes one for a number the other two readers prove no string.
    fn cautious(reading: Reading) -> Reading {
        match reading {
            Reading::Scalar { text, .. } if !text.is_empty() => Reading::string(&text),
            Reading::List(items) => Reading::List(items.into_iter().map(cautious).collect()),
            Reading::Map(pairs) => Reading::Map(pairs.into_iter().map(|(k, v)| (cautious(k), cautious(v))).collect()),
            other => other,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn libyaml_sees_in_evident_lines_what_yaml_rust2_sees(all in vec(line(), 1..6), end: bool) {
            let mut text = all.join("\n");
            if end {
                text.push('\n');
            }
            if !lines(&text) {
                return Ok(());
            }
            match (reading::by_yaml_rust(&text), reading::by_libyaml(&text)) {
                (Ok(one), Ok(other)) => {
                    let one: Vec<_> = one.into_iter().map(cautious).collect();
                    // Of comments alone one makes no document, the other an empty one.
                    prop_assert!(one == other || one.is_empty(), "{:?}: {:?} {:?}", text, one, other);
                }
                (Err(_), Err(_)) => {}
                (Ok(_), Err(error)) if error.contains("duplicate entry") => {}
                (one, other) => prop_assert!(false, "{:?}: {:?} {:?}", text, one, other),
            }
        }
    }
}
