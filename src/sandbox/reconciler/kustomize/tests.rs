//! Renderings against kustomize's own rules and words.

use std::collections::BTreeMap;

use super::*;

struct Memory(BTreeMap<&'static str, String>);

impl Files for Memory {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn folder(&self, path: &str) -> Option<Vec<String>> {
        let inside = format!("{path}/");
        let names: Vec<String> =
            self.0.keys().filter_map(|name| Some(name.strip_prefix(&inside)?.to_owned())).collect();
        (!names.is_empty()).then_some(names)
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: app, image: 'r.example.org:5000/team/app:1'}, {name: side, image: other}]}}}\n";

fn rendered(overlay: &str) -> Result<Vec<Value>, String> {
    let files = Memory(BTreeMap::from([
        ("base/deployment.yaml", DEPLOYMENT.to_owned()),
        ("base/kustomization.yaml", "resources: [deployment.yaml]\n".to_owned()),
        ("prod/kustomization.yaml", format!("resources: [../base]\n{overlay}\n")),
    ]));
    build(&files, "prod")
}

fn image(overlay: &str) -> String {
    let objects = rendered(overlay).expect("renders");
    objects[0]["spec"]["template"]["spec"]["containers"][0]["image"].as_str().expect("image").to_owned()
}

#[test]
fn images_follow_the_rules_of_kustomize() {
    let name = "name: r.example.org:5000/team/app";
    assert_eq!(image(""), "r.example.org:5000/team/app:1");
    assert_eq!(image(&format!("images: [{{{name}, newTag: \"2.0\"}}]")), "r.example.org:5000/team/app:2.0");
    assert_eq!(image(&format!("images: [{{{name}, newName: x/y}}]")), "x/y:1");
    let digest = format!("images: [{{{name}, digest: \"sha256:aa\"}}]");
    assert_eq!(image(&digest), "r.example.org:5000/team/app@sha256:aa");
    let both = format!("images: [{{{name}, newTag: \"2\", digest: \"sha256:aa\"}}]");
    assert_eq!(image(&both), "r.example.org:5000/team/app:2@sha256:aa");
    assert_eq!(image("images: [{name: team/app, newTag: \"2\"}]"), "r.example.org:5000/team/app:1");
    assert_eq!(image(&format!("images: [{{{name}, newTag: null}}]")), "r.example.org:5000/team/app:1");
}

#[test]
fn errors_are_those_of_kustomize() {
    let cases = [
        ("replicas: [{name: nope, count: 3}]", "resource with name nope does not match a config"),
        (
            "replicas: [{name: app, count: \"3\"}]",
            "cannot unmarshal string into Go struct field Replica.replicas.count of type int64",
        ),
        (
            "images: [{name: app, newTag: 1.10}]",
            "cannot unmarshal number into Go struct field Image.images.newTag of type string",
        ),
        (
            "images: [{name: app, newTag: on}]",
            "cannot unmarshal bool into Go struct field Image.images.newTag of type string",
        ),
        ("images: [{name: app, newTag: 017}]", "cannot unmarshal number into"),
        ("images: [{name: app, newTag: \"1", "invalid Kustomization: yaml: "),
        ("foo: 1", "json: unknown field \"foo\""),
        ("components: [../nowhere]", "no such file or directory"),
        ("components: [../../../outside]", "is not in the repository"),
        ("patches: []", "does not play the kustomization field \"patches\""),
    ];
    for (overlay, expected) in cases {
        let error = rendered(overlay).expect_err(overlay);
        assert!(error.contains(expected), "{overlay}: {error}");
    }
}

#[test]
fn replicas_namespace_and_labels_are_set() {
    let objects = rendered(
        "namespace: n\nreplicas: [{name: app, count: 3}]\nlabels: [{pairs: {x: \"y\"}, includeSelectors: true}]",
    )
    .expect("renders");
    assert_eq!(objects[0]["spec"]["replicas"], 3);
    assert_eq!(objects[0]["metadata"]["namespace"], "n");
    assert_eq!(objects[0]["spec"]["selector"]["matchLabels"], json!({"a": "b", "x": "y"}));
    assert_eq!(objects[0]["spec"]["template"]["metadata"]["labels"], json!({"a": "b", "x": "y"}));
}

#[test]
fn overrides_of_an_application_come_last() {
    let mut objects = rendered("").expect("renders");
    override_image(&mut objects, "r.example.org:5000/team/app:9");
    assert_eq!(objects[0]["spec"]["template"]["spec"]["containers"][0]["image"], "r.example.org:5000/team/app:9");
    override_image(&mut objects, "other=else/where@sha256:bb");
    assert_eq!(objects[0]["spec"]["template"]["spec"]["containers"][1]["image"], "else/where@sha256:bb");
}

/// Renders the template's overlays and variations of them both here and by kubectl.
#[test]
#[ignore = "needs kubectl 1.30 or newer on the PATH"]
fn kubectl_kustomize_renders_the_same() {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/gitops-repo-template/apps");
    let folder = tempfile::tempdir().expect("temporary folder");
    let copied = std::process::Command::new("cp").args(["-r", template]).arg(folder.path()).status();
    assert!(copied.expect("cp runs").success());
    struct Disk<'a>(&'a std::path::Path);
    impl Files for Disk<'_> {
        fn file(&self, path: &str) -> Option<Vec<u8>> {
            std::fs::read(self.0.join(path)).ok()
        }
        fn folder(&self, path: &str) -> Option<Vec<String>> {
            let entries = std::fs::read_dir(self.0.join(path)).ok()?;
            Some(entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect())
        }
    }
    let overlay = "apps/oil-refinery-application/overlays/prod";
    let file = folder.path().join(overlay).join("kustomization.yaml");
    let original = std::fs::read_to_string(&file).expect("readable");
    let variations = [
        original.clone(),
        original.replace("\"0.10.4\"", "'1.10'"),
        original.replace(
            "newTag: \"0.10.4\"",
            "digest: sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
        ),
        original.replace("newTag: \"0.10.4\"", "newTag: \"1\"\n    newName: other.example.org:5000/x/y"),
        original.replace("newTag: \"0.10.4\"", "newTag: 2020-01-01"),
        original.replace("count: 2", "count: 0"),
        format!("{original}\nlabels:\n  - pairs: {{team: a}}\n    includeSelectors: true\n"),
        format!("{original}\nlabels:\n  - pairs: {{team: a}}\n    includeTemplates: true\n"),
        format!("{original}\ncommonAnnotations: {{note: b}}\n"),
    ];
    for variation in variations {
        std::fs::write(&file, &variation).expect("written");
        let output = std::process::Command::new("kubectl").arg("kustomize").arg(folder.path().join(overlay)).output();
        let output = output.expect("kubectl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let sorted = |mut objects: Vec<Value>| {
            objects.sort_by_key(|object| object["kind"].to_string());
            objects
        };
        let theirs = yaml::documents(&String::from_utf8(output.stdout).expect("UTF-8")).expect("reads");
        let ours = build(&Disk(folder.path()), overlay).expect("renders");
        assert_eq!(sorted(ours), sorted(theirs), "{variation}");
    }
}
