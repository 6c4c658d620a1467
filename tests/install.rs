//! `manifests/`, with which tiphys runs in a cluster, says what the program needs and no more.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use serde_yaml::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("manifests")
}

fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text);
    documents.map(|document| serde::Deserialize::deserialize(document).expect("YAML")).collect()
}

fn file(name: &str) -> Vec<Value> {
    objects(&fs::read_to_string(folder().join(name)).expect("a manifest"))
}

/// The paths in the pod, each with what is mounted there.
fn mounts(pod: &Value) -> BTreeMap<String, Value> {
    let container = &pod["containers"][0];
    let volumes = pod["volumes"].as_sequence().expect("volumes");
    let mounts = container["volumeMounts"].as_sequence().expect("mounts").iter();
    let volume = |name: &Value| volumes.iter().find(|volume| &volume["name"] == name).expect("a volume").clone();
    mounts.map(|mount| (mount["mountPath"].as_str().expect("a path").to_owned(), volume(&mount["name"]))).collect()
}

#[test]
fn the_pod_may_do_nothing_that_it_need_not() {
    let deployment = file("base/deployment.yaml").remove(0);
    assert_eq!(deployment["spec"]["replicas"], 1, "of two, Telegram refuses one");
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "tiphys");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let security = &pod["containers"][0]["securityContext"];
    assert_eq!(
        (&security["readOnlyRootFilesystem"], &security["allowPrivilegeEscalation"]),
        (&true.into(), &false.into())
    );
    assert_eq!(security["capabilities"]["drop"][0], "ALL");
    let labels = |value: &Value| value["matchLabels"].clone();
    assert_eq!(labels(&deployment["spec"]["selector"]), deployment["spec"]["template"]["metadata"]["labels"]);
}

#[test]
fn the_example_reads_and_writes_where_something_is_mounted() {
    let config = file("example/tiphys.yaml").remove(0);
    let pod = file("base/deployment.yaml").remove(0)["spec"]["template"]["spec"].clone();
    let mounts = mounts(&pod);
    let below = |path: &Value| {
        let path = path.as_str().expect("a path");
        mounts.iter().find(|(mount, _)| path.starts_with(&format!("{mount}/"))).expect("below a mount").1
    };
    for section in ["telegram", "repository", "registry"] {
        assert_eq!(below(&config[section]["token_file"])["secret"]["secretName"], "tiphys", "{section}");
    }
    assert!(below(&config["repository"]["mirror"]).get("emptyDir").is_some(), "the mirror is written to");
    let arguments: Vec<&str> =
        pod["containers"][0]["args"].as_sequence().expect("a list").iter().filter_map(Value::as_str).collect();
    let given = arguments.iter().position(|word| *word == "--config").map(|at| Value::from(arguments[at + 1]));
    assert_eq!(below(&given.expect("a file"))["configMap"]["name"], "tiphys");
    assert_eq!(arguments.last(), Some(&"serve"));

    let checked = Command::new(env!("CARGO_BIN_EXE_tiphys"))
        .args(["--config".as_ref(), folder().join("example/tiphys.yaml").as_os_str()])
        .args(["config", "check", "--text-only"])
        .output()
        .expect("the program runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// What `kubectl apply -k` would send.
fn built(name: &str) -> String {
    let out = Command::new("kubectl").arg("kustomize").arg(folder().join(name)).output().expect("kubectl runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

#[test]
#[ignore = "needs kubectl and kubernetes-validate (PyPI)"]
fn the_example_is_valid() {
    let text = built("example");
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), &text).expect("written");
    for version in ["1.30", "1.33", "1.37"] {
        let mut command = Command::new("kubernetes-validate");
        let out = command.args(["--strict", "-k", version]).arg(file.path()).output();
        let out = out.expect("kubernetes-validate runs");
        let words = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{version}: {words}");
        assert_eq!(words.matches(" passed for resource ").count(), objects(&text).len(), "{words}");
    }
}

#[test]
#[ignore = "needs kubectl"]
fn the_example_builds() {
    let objects = objects(&built("example"));
    let named = |kind: &str| {
        let of_kind = objects.iter().filter(|object| object["kind"] == kind);
        let place = |object: &Value| {
            let part = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
            (part("namespace"), part("name"))
        };
        of_kind.map(place).collect::<Vec<_>>()
    };
    let all = [("argocd", "tiphys"), ("default", "tiphys-node-events"), ("oil-refinery", "tiphys")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!((named("Role"), named("RoleBinding")), (all.to_vec(), all.to_vec()));
    assert_eq!(named("ServiceAccount"), [("tiphys".to_owned(), "tiphys".to_owned())]);
    for binding in objects.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")))
    {
        assert_eq!(binding["subjects"][0]["namespace"], "tiphys", "the account is where it was made");
    }
    // A changed configuration is a new name, and so a new pod.
    let config = named("ConfigMap").remove(0);
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").expect("a Deployment");
    let volumes = deployment["spec"]["template"]["spec"]["volumes"].as_sequence().expect("volumes");
    assert!(
        config.1.starts_with("tiphys-")
            && volumes.iter().any(|volume| volume["configMap"]["name"] == config.1.as_str())
    );
}

#[test]
fn the_image_runs_as_the_pod_does() {
    let dockerfile = fs::read_to_string(folder().join("image/Dockerfile")).expect("a Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().expect("a stage");
    let pod = file("base/deployment.yaml").remove(0)["spec"]["template"]["spec"].clone();
    let number = |key: &str| pod["securityContext"][key].as_u64().expect("a number");
    assert!(last.starts_with("scratch "), "{last}");
    assert!(last.contains(&format!("USER {}:{}\n", number("runAsUser"), number("runAsGroup"))), "{last}");
    assert!(last.contains("ENTRYPOINT [\"/usr/local/bin/tiphys\"]"), "{last}");
    let environment = pod["containers"][0]["env"][0].clone();
    assert_eq!((&environment["name"], &environment["value"]), (&"HOME".into(), &"/tmp".into()));
    assert!(last.contains("ENV HOME=/tmp "), "{last}");
}

#[cfg(unix)]
#[test]
fn release_notes_are_a_section_of_the_changelog() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "# Changelog\n\n## Unreleased\n\n- later\n\n## [0.2.0] - 2026-11-21\n\n### Added\n\n- a\n\n- b\n\n\
                ## 0.1.0\n- old\n\n## 0.0.9\n\n[0.2.0]: https://example.org\n";
    let changelog = folder.path().join("CHANGELOG.md");
    fs::write(&changelog, text).expect("written");
    let notes = |version: &str| {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".ci/release-notes");
        let out = Command::new("sh").arg(script).arg(version).arg(&changelog).output().expect("a shell");
        out.status.success().then(|| String::from_utf8(out.stdout).expect("text"))
    };
    assert_eq!(notes("v0.2.0").as_deref(), Some("### Added\n\n- a\n\n- b\n"));
    assert_eq!(notes("0.1.0").as_deref(), Some("- old\n"));
    assert_eq!((notes("0.0.9"), notes("0.2"), notes("v0.3.0")), (None, None, None), "nothing is said of these");
}
