//! What holds for every text, every path and every value.

use proptest::{prelude::*, sample::select};
use tiphys::manifest::{
    Missing, Outcome,
    helm::{self, Host},
    key_path::KeyPath,
    value::{NewValue, Number},
};

use super::{
    application::{OBJECTS, PARAMETERS, TEXTS},
    cases::Case,
    document::{Document, document},
    release, set, values_file,
};

const FILE: Host = Host::ValuesFile;
const APP: Host = Host::Application { name: None };
const RELEASE: Host = Host::HelmRelease { name: None };

/// Pieces that YAML gives a meaning, and those that the editor looks for.
const PIECES: &[&str] = &[
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      values: |\n",
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n",
    "      valuesObject:\n",
    "      parameters:\n      - name: a.b\n        value: ",
    "  valuesFrom: [x]\n",
    "  sources:\n  - ",
    "a",
    "b",
    "a:",
    "b:",
    "a:\n  b: ",
    "image",
    "tag",
    "v1",
    "1.10",
    "true",
    "~",
    "null",
    "sops: ",
    "ENC[",
    "{{ ",
    " }}",
    ":",
    ": ",
    "- ",
    "-",
    "? ",
    ", ",
    ",",
    "{",
    "}",
    "{}",
    "[",
    "]",
    "#",
    " # c",
    "'",
    "\"",
    "|",
    "|2-",
    "|+\n",
    ">-",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!x ",
    "\n",
    "\r\n",
    "\r",
    "\n  ",
    "\n    ",
    "\n        ",
    "\t",
    "  ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\u{feff}",
    "я",
    "👋",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\0",
];

const PATHS: &[&str] = &["a", "a.b", "a.b.c", "image.tag", "a[0]", "a[0].b", "a[name=b].c", "x.y.z", r"a\.b"];

fn case() -> impl Strategy<Value = (Host, Case)> {
    let all = |host: Host, cases: &[Case]| cases.iter().map(|case| (host.clone(), *case)).collect::<Vec<_>>();
    let files = [values_file::THERE, values_file::KINDS, values_file::FILLED, values_file::PUT_IN];
    let mut cases: Vec<_> = files.iter().flat_map(|cases| all(FILE, cases)).collect();
    cases.extend([OBJECTS, TEXTS, PARAMETERS].iter().flat_map(|cases| all(APP, cases)));
    cases.extend(all(RELEASE, release::CASES));
    select(cases)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}",
        "[0-9_]{0,3}[.eExXoObB_:-]?[0-9_]{1,4}",
        select(
            &[
                "",
                "on",
                "null",
                "true",
                "y",
                "0x1F",
                "1e5",
                "0123",
                "1.10",
                "2024-01-31",
                "nan",
                "~",
                "=",
                "-",
                "--",
                "..."
            ][..]
        )
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
        "\\PC{0,8}",
        any::<String>(),
    ]
}

#[derive(Debug, Clone)]
enum Value {
    String(String),
    Integer(i64),
    Bool(bool),
    Number(String),
    Auto(String),
}

impl Value {
    fn wanted(&self) -> NewValue<'_> {
        match self {
            Self::String(text) => NewValue::String(text),
            Self::Integer(number) => NewValue::Integer(*number),
            Self::Bool(value) => NewValue::Bool(*value),
            Self::Number(text) => NewValue::Number(Number::parse(text).expect("a number")),
            Self::Auto(text) => NewValue::Auto(text),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::String(text) | Self::Number(text) | Self::Auto(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        any::<i64>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Bool),
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?"
            .prop_filter("a number", |text| Number::parse(text).is_some())
            .prop_map(Value::Number),
        text().prop_map(Value::Auto),
    ]
}

fn changed(text: &str, host: &Host, path: &str, value: NewValue<'_>) -> Option<String> {
    match set(text, host, path, value) {
        Ok(Outcome::Changed { text, .. }) => Some(text),
        _ => None,
    }
}

/// What was set stands there, and a second time changes nothing.
fn settled(new: &str, host: &Host, path: &str, value: &Value) -> Result<(), TestCaseError> {
    let key = KeyPath::parse(path).expect("a path");
    let found = helm::get(new.as_bytes(), host, &key).map(|found| found.map(|(value, _)| value));
    prop_assert_eq!(found, Ok(Some(value.text())), "{:?}", new);
    let again = set(new, host, path, value.wanted());
    prop_assert!(matches!(again, Ok(Outcome::AlreadySo { .. })), "{:?} -> {:?}", new, again);
    Ok(())
}

fn try_everything(text: &[u8]) -> Result<(), TestCaseError> {
    let _ = helm::host_of(text);
    for host in [FILE, APP, RELEASE, Host::Application { name: Some("a".into()) }] {
        for path in PATHS {
            let key = KeyPath::parse(path).expect("a path");
            let _ = helm::get(text, &host, &key);
            let _ = helm::shadowed(text, &host, &key);
            let _ = helm::set(text, &host, &key, NewValue::Bool(true), Missing::Refuse);
            let value = Value::String("1.10".into());
            if let Ok(Outcome::Changed { text: new, .. }) = set(text, &host, path, value.wanted()) {
                settled(&new, &host, path, &value)?;
            }
        }
    }
    Ok(())
}

/// The same at both ends: bytes at the start, and bytes at the end that don't belong to them.
fn common(old: &[u8], new: &[u8]) -> (usize, usize) {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - prefix;
    (prefix, old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count())
}

/// A document as the values in a text of an Application.
fn embedded(text: &str, eol: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        if line.trim_end_matches(['\r', '\n']).is_empty() { line.to_owned() } else { format!("        {line}") }
    });
    let head =
        ["apiVersion: argoproj.io/v1alpha1", "kind: Application", "spec:", "  source:", "    helm:", "      values: |"];
    let head: String = head.iter().flat_map(|line| [*line, eol]).collect();
    format!("{head}{}  project: x{eol}", lines.collect::<String>())
}

proptest! {
    // `PROPTEST_CASES` sets how many are tried.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_read_back_and_a_second_edit_changes_nothing((host, case) in case(), value in value()) {
        if let Some(new) = changed(&case.texts().0, &host, case.path, value.wanted()) {
            settled(&new, &host, case.path, &value)?;
        }
    }

    #[test]
    fn there_and_back_gives_the_original_bytes((host, case) in case(), first in "v[0-9]{1,3}\\.[0-9a-z]{1,8}", second in text()) {
        let before = case.texts().0;
        // Quotes that a value needs stay when the next one doesn't need them, so start from the quoted form.
        let start = changed(&before, &host, case.path, NewValue::String(&second)).unwrap_or(before);
        if let Some(new) = changed(&start, &host, case.path, NewValue::String(&first))
            && helm::get(start.as_bytes(), &host, &KeyPath::parse(case.path).expect("a path")).is_ok_and(|v| v.is_some_and(|(v, _)| v == second))
        {
            let back = changed(&new, &host, case.path, NewValue::String(&second));
            // What only double quotes can bring stays in them.
            if !second.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
                prop_assert_eq!(back, Some(start.clone()));
            }
        }
    }

    #[test]
    fn only_the_value_differs_to_another_reader(document in document(), at in any::<prop::sample::Index>(), value in value()) {
        let text = document.text();
        let (path, steps) = document.scalar(at);
        if let Some(new) = changed(&text, &FILE, &path, value.wanted()) {
            settled(&new, &FILE, &path, &value)?;
            let mut expected: serde_yaml::Value = serde_yaml::from_str(&text).expect("valid YAML");
            let seen: serde_yaml::Value = serde_yaml::from_str(&new).expect("valid YAML");
            let written = Document::place(&mut seen.clone(), &steps).clone();
            match &value {
                Value::String(text) => prop_assert_eq!(&written, &serde_yaml::Value::from(text.as_str())),
                Value::Integer(number) => prop_assert_eq!(&written, &serde_yaml::Value::from(*number)),
                Value::Bool(value) => prop_assert_eq!(&written, &serde_yaml::Value::from(*value)),
                Value::Number(text) => {
                    let number: serde_yaml::Value = serde_yaml::from_str(text).expect("a number");
                    prop_assert_eq!(&written, &number);
                }
                // A number with a fraction comes only in the place of one.
                Value::Auto(_) => {
                    let old = Document::place(&mut expected.clone(), &steps).clone();
                    prop_assert!((!written.is_f64() || old.is_f64()) && !written.is_null(), "{:?} {:?}", old, written);
                }
            }
            *Document::place(&mut expected, &steps) = written;
            prop_assert_eq!(expected, seen);
        } else if let Err(refused) = set(&text, &FILE, &path, value.wanted()) {
            let known = [
                "may be meant as a string or not",
                "the list's item is empty",
                "is a whole number there",
                "is a number there",
                "is a truth value there",
                "is a date there",
            ];
            prop_assert!(known.iter().any(|known| refused.to_string().contains(known)), "{:?}: {}", text, refused);
        }
    }

    #[test]
    fn a_missing_key_is_put_in_and_taken_out_again(document in document(), at in any::<prop::sample::Index>(), deep in 0_usize..3, value in value()) {
        let text = document.text();
        let path = document.missing(at, deep);
        if matches!(value, Value::Auto(_)) {
            return Ok(());
        }
        let new = changed(&text, &FILE, &path, value.wanted());
        prop_assert!(new.is_some(), "{:?} {:?}: {:?}", text, path, set(&text, &FILE, &path, value.wanted()));
        let new = new.unwrap_or_default();
        settled(&new, &FILE, &path, &value)?;
        // Without the bytes that came in, it is the original; only `{}` and null give way.
        let (prefix, suffix) = common(text.as_bytes(), new.as_bytes());
        let gone = &text[prefix..text.len() - suffix];
        prop_assert!(matches!(gone.trim(), "" | "{}" | "~" | "null"), "{:?} -> {:?}", text, new);
    }

    #[test]
    fn inside_a_text_the_edit_is_the_same(document in document(), at in any::<prop::sample::Index>(), missing in any::<bool>(), value in value()) {
        let text = document.text();
        let path = if missing { document.missing(at, 1) } else { document.scalar(at).0 };
        let embed = |text: &str| embedded(text, document.eol());
        let alone = set(&text, &FILE, &path, value.wanted());
        match (alone, set(embed(&text), &APP, &path, value.wanted())) {
            (Ok(Outcome::Changed { text: alone, line, from }), Ok(inside)) => {
                prop_assert_eq!(inside, Outcome::Changed { text: embed(&alone), line: line + 6, from });
            }
            (Ok(alone), Ok(inside)) => prop_assert_eq!(alone, inside),
            (Err(alone), Err(inside)) => prop_assert_eq!(alone.fault, inside.fault),
            other => prop_assert!(false, "{:?}: {:?}", text, other),
        }
    }

    #[test]
    fn yaml_like_garbage_never_panics(pieces in prop::collection::vec(select(PIECES), 0..40)) {
        try_everything(pieces.concat().as_bytes())?;
    }

    #[test]
    fn damaged_manifests_never_panic(
        (_, case) in case(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, select(PIECES)), 1..5),
    ) {
        let mut text = case.texts().0;
        for (at, cut, piece) in damage {
            let floor = |mut i: usize| { while !text.is_char_boundary(i) { i -= 1; } i };
            let start = floor(at.index(text.len() + 1));
            let end = floor((start + cut).min(text.len())).max(start);
            text.replace_range(start..end, piece);
        }
        try_everything(text.as_bytes())?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_everything(&bytes)?;
    }

    #[test]
    fn arbitrary_paths_never_panic(path in "[a.\\[\\]=\"\\\\0-9я ]{0,12}") {
        if let Ok(path) = KeyPath::parse(&path) {
            prop_assert_eq!(KeyPath::parse(&path.to_string()), Ok(path.clone()));
            let _ = helm::set(b"a: {a: [1]}\n", &FILE, &path, NewValue::Integer(1), Missing::Insert);
        }
    }
}
