//! Values at key paths, in every kind of file that holds Helm's values.

#[path = "values/application.rs"]
mod application;
#[path = "values/cases.rs"]
mod cases;
#[path = "values/document.rs"]
mod document;
#[path = "values/properties.rs"]
mod properties;
#[path = "values/refusals.rs"]
mod refusals;
#[path = "values/release.rs"]
mod release;
#[path = "values/values_file.rs"]
mod values_file;

use tiphys::manifest::{
    Fault, Missing, Outcome,
    helm::{self, Host},
    key_path::KeyPath,
    value::NewValue,
};

use cases::Case;

fn set(text: impl AsRef<[u8]>, host: &Host, path: &str, value: NewValue<'_>) -> Result<Outcome, Fault> {
    helm::set(text.as_ref(), host, &KeyPath::parse(path).expect("a path"), value, Missing::Insert)
}

/// Every pair comes out byte by byte, is then already so, and names the line of its value.
fn check(host: &Host, cases: &[Case]) {
    let mut wrong = vec![];
    for case in cases {
        let (before, after) = case.texts();
        match set(&before, host, case.path, case.value) {
            Ok(Outcome::Changed { text, line, .. }) if text == after => {
                let again = set(&after, host, case.path, case.value);
                if !matches!(again, Ok(Outcome::AlreadySo { .. })) {
                    wrong.push(format!("{}: the second time {again:?}", case.name));
                }
                let at = helm::get(after.as_bytes(), host, &KeyPath::parse(case.path).expect("a path"));
                let expected = match case.value {
                    NewValue::String(text) | NewValue::Auto(text) => text.to_owned(),
                    NewValue::Integer(number) => number.to_string(),
                    NewValue::Bool(value) => value.to_string(),
                    NewValue::Number(number) => number.as_str().to_owned(),
                    NewValue::Null => "null".to_owned(),
                };
                if !matches!(&at, Ok(Some((value, at))) if *value == expected && at.line == line) {
                    wrong.push(format!("{}: line {line}, but then {at:?}", case.name));
                }
            }
            other => wrong.push(format!("{}: {other:?}\n  wanted   {after:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn refused(text: impl AsRef<[u8]>, host: &Host, path: &str, value: NewValue<'_>) -> String {
    set(text, host, path, value).expect_err("refused").to_string()
}
