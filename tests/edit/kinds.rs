//! Each kind of file is edited in its own way.

use super::support::{DIGEST, World};

/// The diff of one file, without its header.
fn diff(name: &str, text: &str, args: &[&str]) -> String {
    let world = World::of(&[(name, text)]);
    let ran = world.run(&[args, &["--diff", name]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.lines().skip(3).map(|line| format!("{line}\n")).collect()
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2  # two
  template:
    spec:
      initContainers:
        - {name: init, image: 'registry.example.org:5000/web:1.0'}
      containers:
        - name: web
          image: registry.example.org:5000/web:1.0  # ours
        - name: sidecar
          image: sidecar:3
---
apiVersion: v1
kind: Service
metadata:
  name: web
";

#[test]
fn a_component_is_a_kustomization() {
    let text = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- name: app\n  newTag: v1\n";
    insta::assert_snapshot!(diff("part.yaml", text, &["image", "app:v2"]), @"
     kind: Component
     images:
     - name: app
    -  newTag: v1
    +  newTag: v2
    ");
}

#[test]
fn manifests_change_every_container_with_the_image() {
    insta::assert_snapshot!(diff("web.yaml", DEPLOYMENT, &["image", "registry.example.org:5000/web:1.10"]), @"
       template:
         spec:
           initContainers:
    -        - {name: init, image: 'registry.example.org:5000/web:1.0'}
    +        - {name: init, image: 'registry.example.org:5000/web:1.10'}
           containers:
             - name: web
    -          image: registry.example.org:5000/web:1.0  # ours
    +          image: registry.example.org:5000/web:1.10  # ours
             - name: sidecar
               image: sidecar:3
     ---
    ");
    let with_digest = format!("sidecar=mirror/sidecar:4@{DIGEST}");
    insta::assert_snapshot!(diff("web.yaml", DEPLOYMENT, &["image", &with_digest]), @"
             - name: web
               image: registry.example.org:5000/web:1.0  # ours
             - name: sidecar
    -          image: sidecar:3
    +          image: mirror/sidecar:4@sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
     ---
     apiVersion: v1
     kind: Service
    ");
    insta::assert_snapshot!(diff("web.yaml", DEPLOYMENT, &["replicas", "web=5"]), @"
     metadata:
       name: web
     spec:
    -  replicas: 2  # two
    +  replicas: 5  # two
       template:
         spec:
           initContainers:
    ");
    insta::assert_snapshot!(World::of(&[("web.yaml", DEPLOYMENT)]).run(&["image", "web:2", "web.yaml"]).refused(), @"
    1: tiphys: web.yaml: no container has the image web; there is registry.example.org:5000/web:1.0, sidecar:3
      Name the image as it is written there: with host and port, without its tag.
    Nothing was changed.
    ");
    insta::assert_snapshot!(World::of(&[("web.yaml", DEPLOYMENT)]).run(&["replicas", "api=2", "web.yaml"]).refused(), @"
    1: tiphys: web.yaml: there is no workload named api; there is Deployment/web
      Take one of these names.
    Nothing was changed.
    ");
}

#[test]
fn json_manifests_stay_json() {
    let text = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}"#;
    let world = World::of(&[("web.json", text)]);
    world.run(&["image", "a:2", "web.json"]).well();
    world.run(&["replicas", "Deployment/web=2", "web.json"]).well();
    assert_eq!(world.read("web.json"), text.replace("a:1", "a:2").replace("\"replicas\": 1", "\"replicas\": 2"));
}

#[test]
fn values_are_set_by_their_paths() {
    let text = "image:\n  repository: a/b\n  tag: '1.0'   # ours\nreplicaCount: 2\nflags: {debug: false}\nenv:\n  - name: LOG\n    value: info\n";
    let args = ["value", "image.tag=1.10", "replicaCount=3", "flags.debug=true", "env[name=LOG].value=debug"];
    insta::assert_snapshot!(diff("values.yaml", text, &args), @"
     image:
       repository: a/b
    -  tag: '1.0'   # ours
    -replicaCount: 2
    -flags: {debug: false}
    +  tag: '1.10'   # ours
    +replicaCount: 3
    +flags: {debug: true}
     env:
       - name: LOG
    -    value: info
    +    value: debug
    ");
    insta::assert_snapshot!(diff("values.yaml", text, &["value", "image.pullPolicy=Always", "--add"]), @"
     image:
       repository: a/b
       tag: '1.0'   # ours
    +  pullPolicy: Always
     replicaCount: 2
     flags: {debug: false}
     env:
    ");
    insta::assert_snapshot!(World::of(&[("values.yaml", text)]).run(&["value", "image.tagg=2", "image=3", "values.yaml"]).refused(), @"
    1: tiphys: values.yaml: there is no value at image.tagg
      Check the key path. --add puts a new value in.
    tiphys: values.yaml:2:3: image is a map
      Name a key in it.
    Nothing was changed.
    ");
    insta::assert_snapshot!(World::of(&[("values.yaml", text)]).run(&["image", "a/b:2", "values.yaml"]).refused(), @"
    1: tiphys: values.yaml: a values file: an image has no entry of its own here
      Name the key: tiphys edit value image.tag=TAG --file FILE.
    Nothing was changed.
    ");
}

#[test]
fn values_stay_of_their_type() {
    let text = "replicaCount: 2\nratio: 0.5\nmode: 0644\non: true\nport: \"80\"\nlevel:\n";
    let world = World::of(&[("values.yaml", text)]);
    let args = ["value", "replicaCount=3", "ratio=0.75", "mode=0755", "on=false", "port=8080", "values.yaml"];
    world.run(&args).well();
    let after = "replicaCount: 3\nratio: 0.75\nmode: 0755\non: false\nport: \"8080\"\nlevel:\n";
    assert_eq!(world.read("values.yaml"), after);
    insta::assert_snapshot!(world.run(&["value", "replicaCount=three", "on=True", "level=", "mode.x=1", "values.yaml"]).refused(), @r#"
    1: tiphys: values.yaml:1:15: 3 is a whole number there, "three" isn't
      --type string writes it as a string.
    tiphys: values.yaml:4:5: false is a truth value there, "True" is neither true nor false
      Write true or false; --type string writes it as a string.
    tiphys: values.yaml:6:6: an empty value for level, and there is no value yet that shows the type
      --type string writes "", --type null writes null.
    tiphys: values.yaml:3:7: the path ends at mode, which is a single value
      Check the key path: in lists it has [0] or [name=app].
    Nothing was changed.
    "#);
    world.run(&["value", "ratio=1", "level=1e3", "--type", "float", "values.yaml"]).well();
    world.run(&["value", "mode=null", "on=", "--type", "null", "values.yaml"]).well();
    world.run(&["value", "replicaCount=99999999999999999999999", "--type", "int", "values.yaml"]).well();
    let after = "replicaCount: 99999999999999999999999\nratio: 1\nmode: null\non: null\nport: \"8080\"\nlevel: 1e3\n";
    assert_eq!(world.read("values.yaml"), after);
    insta::assert_snapshot!(world.run(&["value", "a=0755", "b=089", "--type", "int", "values.yaml"]).refused(), @"
    2: tiphys: argument a=0755, column 3: 0755 has a leading zero: YAML 1.1 reads it as octal
      a=0755
        ^^^^
      Write 493, or --type string.
    tiphys: argument b=089, column 3: 089 has a leading zero: not all programs read it alike
      b=089
        ^^^
      Leave the zero out, or take --type string.
    Nothing was changed.
    ");
}

#[test]
fn any_yaml_is_edited_by_path() {
    let text = "resources: [../base]\nnamespace: stage # where\n";
    insta::assert_snapshot!(diff("kustomization.yaml", text, &["value", "namespace=prod"]), @"
     resources: [../base]
    -namespace: stage # where
    +namespace: prod # where
    ");
    insta::assert_snapshot!(diff("x.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  LEVEL: info\n", &["value", "data.LEVEL=debug"]), @"
     apiVersion: v1
     kind: ConfigMap
     data:
    -  LEVEL: info
    +  LEVEL: debug
    ");
}

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
spec:
  source:
    path: apps/web
    kustomize:
      images:
        - registry.example.org:5000/web=mirror:5001/web:1.0  # by hand
      replicas:
        - {name: web, count: 2}
";

#[test]
fn applications_and_source_files_are_edited_in_their_own_lists() {
    let image = ["image", "registry.example.org:5000/web:1.10"];
    insta::assert_snapshot!(diff("app.yaml", APPLICATION, &image), @"
         path: apps/web
         kustomize:
           images:
    -        - registry.example.org:5000/web=mirror:5001/web:1.0  # by hand
    +        - registry.example.org:5000/web=mirror:5001/web:1.10  # by hand
           replicas:
             - {name: web, count: 2}
    ");
    insta::assert_snapshot!(diff("app.yaml", APPLICATION, &["replicas", "web=3"]), @"
           images:
             - registry.example.org:5000/web=mirror:5001/web:1.0  # by hand
           replicas:
    -        - {name: web, count: 2}
    +        - {name: web, count: 3}
    ");
    let world = World::of(&[("app.yaml", APPLICATION)]);
    insta::assert_snapshot!(world.run(&[&image[..], &["app.yaml"]].concat()).well(), @"
    app.yaml:10: registry.example.org:5000/web 1.0 → 1.10
    ");
    insta::assert_snapshot!(world.run(&["image", "other:1", "app.yaml"]).refused(), @"
    1: tiphys: app.yaml: kustomize.images has no entry named other
      Check the name: host and port belong to it. --add puts a new entry in.
    Nothing was changed.
    ");

    let source = "kustomize:\n  images:\n  - app:v1\n";
    let world = World::of(&[(".argocd-source-web.yaml", source)]);
    world.run(&["image", "app:v2", ".argocd-source-web.yaml"]).well();
    assert_eq!(world.read(".argocd-source-web.yaml"), source.replace("v1", "v2"));
}

#[test]
fn helm_values_are_set_in_applications_and_releases() {
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n  source:\n    chart: web\n    helm:\n      valuesObject:\n        image:\n          tag: '1.0'  # x\n";
    insta::assert_snapshot!(diff("app.yaml", application, &["value", "image.tag=1.1"]), @"
         helm:
           valuesObject:
             image:
    -          tag: '1.0'  # x
    +          tag: '1.1'  # x
    ");
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n  values:\n    replicaCount: 2\n";
    insta::assert_snapshot!(diff("release.yaml", release, &["value", "replicaCount=3"]), @"
     metadata: {name: web}
     spec:
       values:
    -    replicaCount: 2
    +    replicaCount: 3
    ");
    let two = format!("{release}---\n{}", release.replace("name: web", "name: api"));
    let world = World::of(&[("two.yaml", &two)]);
    insta::assert_snapshot!(world.run(&["value", "replicaCount=3", "two.yaml"]).refused(), @"
    1: tiphys: two.yaml:8:1: several HelmRelease documents, on lines 1, 8
      Name the one that is meant: --name NAME.
    Nothing was changed.
    ");
    world.run(&["value", "replicaCount=3", "two.yaml", "--name", "api"]).well();
    assert!(world.read("two.yaml").ends_with("name: api}\nspec:\n  values:\n    replicaCount: 3\n"));
}
