//! Readers that share no code with the editor: only the asked-for values differ to them.

use std::{fs, path::Path, process::Command};

use serde::Deserialize;
use serde_yaml::Value;

use super::{Set, cases};

/// All values of a text with their paths: `0/spec/replicas`.
fn leaves(text: &str) -> Vec<(String, String)> {
    fn walk(value: &Value, path: String, leaves: &mut Vec<(String, String)>) {
        match value {
            Value::Mapping(map) => {
                map.iter()
                    .for_each(|(key, value)| walk(value, format!("{path}/{}", key.as_str().unwrap_or("?")), leaves));
            }
            Value::Sequence(items) => {
                items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{path}/{index}"), leaves));
            }
            scalar => leaves.push((path, format!("{scalar:?}"))),
        }
    }
    let mut found = vec![];
    for (index, document) in serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}')).enumerate() {
        walk(&Value::deserialize(document).expect("readable"), index.to_string(), &mut found);
    }
    found
}

#[test]
fn only_the_values_differ() {
    for case in cases::all() {
        let (before, after) = (leaves(&case.before), leaves(&case.after));
        let come: Vec<_> = after.iter().filter(|leaf| !before.contains(leaf)).collect();
        let gone: Vec<_> = before.iter().filter(|leaf| !after.contains(leaf)).collect();
        let (wanted, key, marks) = match case.set {
            Set::Image(_, _, to) => ("String(", "/image", to.len()),
            Set::Count(_, count) => (&*format!("Number({count})").leak(), "/replicas", 1),
        };
        assert!(marks > 0 && !come.is_empty() && come.len() >= gone.len(), "{}: {come:?}", case.name);
        for (path, value) in come {
            assert!(path.ends_with(key) && value.starts_with(wanted), "{}: {path} is {value}", case.name);
        }
        for (path, _) in gone {
            assert!(path.ends_with(key), "{}: {path} is gone", case.name);
        }
        // The order of the other keys is the same.
        let others = |leaves: &[(String, String)]| -> Vec<String> {
            leaves.iter().filter(|(path, _)| !path.ends_with(key)).map(|(path, _)| path.clone()).collect()
        };
        assert_eq!(others(&before), others(&after), "{}", case.name);
    }
}

#[test]
fn json_stays_json() {
    let mut seen = 0;
    for case in cases::all() {
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'));
        if let Ok(before) = read(&case.before) {
            let after = read(&case.after).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_ne!(before, after, "{}", case.name);
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} cases are JSON");
}

fn render(folder: &Path, text: &str) -> Result<Vec<String>, String> {
    fs::write(folder.join("workload.yaml"), text).expect("written");
    let out = Command::new("kubectl").arg("kustomize").arg(folder).output().expect("kubectl runs");
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
}

/// What kustomize's own splitting into documents, or its reader, can't take before the edit.
const NOT_FOR_KUSTOMIZE: [&str; 2] = ["a directive", "JSON with a byte order mark, escapes and windows line ends"];

#[test]
#[ignore = "needs kubectl"]
fn kustomize_sees_only_the_intended_change() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("kustomization.yaml"), "resources: [workload.yaml]\n").expect("written");
    let mut wrong = vec![];
    for case in cases::all() {
        let (before, after) = match (render(folder.path(), &case.before), render(folder.path(), &case.after)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(_), _) if NOT_FOR_KUSTOMIZE.contains(&case.name) => continue,
            (before, after) => {
                wrong.push(format!("{}: not rendered: {:?} {:?}", case.name, before.err(), after.err()));
                continue;
            }
        };
        let (key, value) = match case.set {
            Set::Image(_, _, to) => ("image:", super::with_digests(to.trim_start_matches('*'))),
            Set::Count(_, count) => ("replicas:", count.to_string()),
        };
        let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
        let come: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
        // A map that was empty before loses its braces.
        let braces = |line: &&String| matches!(line.as_str(), "spec: {}" | "spec:");
        let ours = |line: &&String| braces(line) || line.trim_start_matches([' ', '-']).starts_with(key);
        let new = |line: &&String| braces(line) || line.contains(&value);
        if !come.iter().any(|line| line.contains(key))
            || !gone.iter().all(ours)
            || !come.iter().all(|l| ours(l) && new(l))
        {
            wrong.push(format!("{}: {gone:?} became {come:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
