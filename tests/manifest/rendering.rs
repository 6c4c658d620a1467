//! Kustomize as the oracle: what it renders before and after differs in the one value only.

use std::{fs, path::Path, process::Command};

use crate::cases::{CASES, IMAGE, Set};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 7
  template:
    spec:
      containers:
      - {name: app, image: 'registry.example.org:5000/team/app:old'}
      - {name: sidecar, image: 'other:old'}
      initContainers:
      - {name: renamed, image: 'app:old'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app2}
spec: {replicas: 7}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec: {replicas: 7}
";

fn render(folder: &Path, text: &str) -> Result<Vec<String>, String> {
    fs::write(folder.join("deployment.yaml"), DEPLOYMENT).expect("written");
    let text = if text.contains("resources") {
        text.to_owned()
    } else {
        format!("{}\nresources: [deployment.yaml]\n", text.trim_end_matches(['\r', '\n']))
    };
    fs::write(folder.join("kustomization.yaml"), text).expect("written");
    let out = Command::new("kubectl").arg("kustomize").arg(folder).output().expect("kubectl runs");
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
}

#[test]
#[ignore = "needs kubectl"]
fn kustomize_sees_only_the_intended_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut unreadable, mut wrong) = (vec![], vec![]);
    for case in CASES {
        let after = match render(folder.path(), case.after) {
            Ok(after) => after,
            Err(error) => {
                unreadable.push(format!("{}: {error}", case.name));
                continue;
            }
        };
        let wanted = match case.set {
            Set::Tag(tag) => vec![format!(":{tag}")],
            Set::Count(count) => vec![format!("replicas: {count}")],
        };
        if !after
            .iter()
            .any(|line| wanted.iter().any(|value| line.trim_end_matches(['"', '\'']).ends_with(value.as_str())))
        {
            wrong.push(format!("{}: {wanted:?} is not in\n{}", case.name, after.join("\n")));
        }
        // What stood there before may be what kustomize can't render, such as a quoted count.
        let Ok(before) = render(folder.path(), case.before) else { continue };
        let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
        let come: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
        let ours = |line: &&String| match case.set {
            Set::Tag(_) => {
                line.contains(IMAGE)
                    || line.contains("image: b:")
                    || line.contains("image: b@")
                    || line.ends_with("image: b")
            }
            Set::Count(_) => line.contains("replicas:"),
        };
        if before.len() != after.len()
            || gone.len() > 2
            || come.len() > 2
            || !gone.iter().all(ours)
            || !come.iter().all(ours)
        {
            wrong.push(format!("{}: {gone:?} became {come:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unreadable.is_empty(), "not rendered:\n{}", unreadable.join("\n"));
}
