//! The forms of arguments, as `kustomize edit set` has them, and what each changes.

use super::support::{DIGEST, IMAGE, KUSTOMIZATION, World};

/// The lines that differ after a run.
fn changed(args: &[&str]) -> String {
    let world = World::kustomization();
    let ran = world.run(&[&["image"], args].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (old, new) = (KUSTOMIZATION, world.read("kustomization.yaml"));
    let old_lines: Vec<&str> = old.lines().collect();
    let new_lines: Vec<&str> = new.lines().collect();
    let gone = old_lines.iter().filter(|line| !new_lines.contains(line)).map(|line| format!("-{line}\n"));
    let come = new_lines.iter().filter(|line| !old_lines.contains(line)).map(|line| format!("+{line}\n"));
    gone.chain(come).collect::<String>().replace(DIGEST, "sha256:NEW").replace("0123456789abcdef", "0…f")
}

#[test]
fn an_image_gets_a_tag() {
    for form in [format!("{IMAGE}:0.10.5"), format!("{IMAGE}=*:0.10.5")] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(changed(&[&form]), @r#"
            -    newTag: "0.10.4"   # was 0.10.3
            +    newTag: "0.10.5"   # was 0.10.3
            "#);
        }
    }
}

#[test]
fn a_tag_takes_the_place_of_a_digest_and_leaves_the_new_name() {
    insta::assert_snapshot!(changed(&["sidecar:1.2"]), @r#"
    -    digest: sha256:0…f0…f0…f0…f
    +    newTag: "1.2"
    "#);
}

#[test]
fn a_new_name_stands_with_or_without_a_tag() {
    insta::assert_snapshot!(changed(&[&format!("{IMAGE}=other:5001/app:v2")]), @r#"
    -    newTag: "0.10.4"   # was 0.10.3
    +    newName: other:5001/app
    +    newTag: "v2"   # was 0.10.3
    "#);
    insta::assert_snapshot!(changed(&["sidecar=other/sidecar"]), @"
    -    newName: mirror.example.org/sidecar
    +    newName: other/sidecar
    ");
}

#[test]
fn digests_are_set_alone_and_with_a_tag() {
    for form in [format!("sidecar@{DIGEST}"), format!("sidecar=*@{DIGEST}")] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(changed(&[&form]), @"
            -    digest: sha256:0…f0…f0…f0…f
            +    digest: sha256:NEW
            ");
        }
    }
    insta::assert_snapshot!(changed(&[&format!("{IMAGE}=a/b:v2@{DIGEST}")]), @r#"
    -    newTag: "0.10.4"   # was 0.10.3
    +    newName: a/b
    +    newTag: "v2"   # was 0.10.3
    +    digest: sha256:NEW
    "#);
}

#[test]
fn several_images_are_set_in_one_call() {
    let world = World::kustomization();
    let ran = world.run(&["image", &format!("{IMAGE}:1"), "sidecar:2", "new=a/new:3"]);
    insta::assert_snapshot!(format!("{}{}", ran.out, ran.err), @"
    kustomization.yaml:7: registry.example.org:5000/team/app 0.10.4 → 1
    kustomization.yaml:10: sidecar sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef → 2
    kustomization.yaml:13: new a/new:3, added
    tiphys: kustomization.yaml: there was no entry for new, it was added
    ");
    let again = world.run(&["image", &format!("{IMAGE}:1"), "sidecar:2", "new=a/new:3"]);
    insta::assert_snapshot!(again.well(), @"
    kustomization.yaml: registry.example.org:5000/team/app 1, already so
    kustomization.yaml: sidecar 2, already so
    kustomization.yaml: new a/new:3, already so
    ");
}

#[test]
fn replicas_are_set_and_put_in() {
    let world = World::kustomization();
    let ran = world.run(&["replicas", "web=0", "worker=3"]);
    assert_eq!(ran.out, "kustomization.yaml:14: web 2 → 0\nkustomization.yaml:16: worker 3, added\n");
    assert!(
        world.read("kustomization.yaml").ends_with("  - name: web\n    count: 0\n  - name: worker\n    count: 3\n")
    );
}

#[test]
fn missing_entries_are_refused_where_that_is_asked_for() {
    let world = World::kustomization();
    insta::assert_snapshot!(world.run(&["image", "new:1", &format!("{IMAGE}:2"), "--no-add"]).refused(), @"
    1: tiphys: kustomization.yaml: images has no entry named new
      Check the name: host and port belong to it. --add puts a new entry in.
    Nothing was changed.
    ");
    assert_eq!(world.read("kustomization.yaml"), KUSTOMIZATION);
}

#[test]
fn too_many_replicas_are_refused() {
    let world = World::kustomization();
    insta::assert_snapshot!(world.run(&["replicas", "web=1001"]).refused(), @"
    1: tiphys: web: 1001 replicas, and no more than 1000 are allowed
      If so many are meant, raise the limit: --max N.
    Nothing was changed.
    ");
    assert_eq!(world.run(&["replicas", "web=1001", "--max", "1001"]).code, Some(0));
}
