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
    let ran = world.run(&["replicas", "web=0", "worker=3", "--add"]);
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
      Check the name: host and port belong to it. Without --no-add a new entry is put in.
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

/// What is said of a file that stays as it is.
fn refused(name: &str, text: &str, args: &[&str]) -> String {
    let world = World::of(&[(name, text)]);
    let said = world.run(args).refused();
    assert_eq!(world.read(name), text);
    said.replace("\nNothing was changed.\n", "")
}

#[test]
fn a_count_that_matches_nothing_is_added_only_when_that_is_said() {
    let at = |args: &[&str]| refused("kustomization.yaml", KUSTOMIZATION, args);
    insta::assert_snapshot!(at(&["replicas", "wbe=4"]), @"
    1: tiphys: kustomization.yaml: replicas has no entry named wbe
      Check the name: an entry that matches nothing breaks the build. --add puts a new entry in.
    ");
    for add in [&["replicas", "Deployment/web=4"][..], &["replicas", "Deployment/web=4", "--add"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(at(add), @"
            1: tiphys: kustomization.yaml: in a kustomization the name stands alone, without a kind, and not Deployment/web
              Write web=COUNT.
            ");
        }
    }
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  path: ./x\n";
    insta::assert_snapshot!(refused("flux.yaml", flux, &["replicas", "web=2", "flux.yaml", "--add"]), @"
    1: tiphys: flux.yaml:4:3: a Flux Kustomization has no replicas
      Change the kustomization in the folder that it names (spec.path).
    ");
}

#[test]
fn only_the_name_of_an_image_is_added() {
    for (argument, name) in [("Nginx:2", "Nginx"), ("n*x:3", "n*x"), ("http://reg/app:1", "http://reg/app")] {
        let said = refused("kustomization.yaml", KUSTOMIZATION, &["image", argument]);
        let expected = format!("1: tiphys: kustomization.yaml: {name} is not an image's name\n");
        assert!(said.starts_with(&expected), "{said}");
    }
    // What stands there is matched as it is.
    let world = World::of(&[("kustomization.yaml", "images:\n- name: Nginx\n  newTag: '1'\n")]);
    world.run(&["image", "Nginx:2"]).well();
    assert_eq!(world.read("kustomization.yaml"), "images:\n- name: Nginx\n  newTag: '2'\n");
}

#[test]
fn another_entry_of_the_same_last_part_is_named_and_can_be_overridden() {
    let text = "images:\n# x\n- name: nginx\n  newTag: '1'\n";
    for args in [&["image", "foo/nginx:2"][..], &["image", "foo/nginx:2", "--no-add"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused("kustomization.yaml", text, args), @"
            1: tiphys: kustomization.yaml:3:3: images has no entry named foo/nginx, but the entry nginx on line 3 may be meant
              Write nginx:TAG, or add --add for an entry of its own.
            ");
        }
    }
    let world = World::of(&[("kustomization.yaml", text)]);
    assert_eq!(world.run(&["image", "foo/nginx:2", "--add"]).well(), "kustomization.yaml:6: foo/nginx 2, added\n");
    assert_eq!(world.read("kustomization.yaml"), format!("{text}- name: foo/nginx\n  newTag: '2'\n"));
}

#[test]
fn kustomize_is_not_put_beside_another_tool() {
    let application = |source: &str| {
        format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n{source}")
    };
    for (source, said) in [
        ("    helm: {releaseName: x}\n", "this source is a Helm chart"),
        ("    chart: nginx\n", "this source is a Helm chart"),
        ("    directory: {recurse: true}\n", "this source isn't built by kustomize (directory)"),
        ("    plugin: {}\n", "this source isn't built by kustomize (plugin)"),
    ] {
        let text = application(&format!("  source:\n    repoURL: https://git.example.org/x\n{source}"));
        for args in [["image", "foo:2", "app.yaml", "--add"], ["replicas", "web=2", "app.yaml", "--add"]] {
            let refused = refused("app.yaml", &text, &args);
            assert!(refused.starts_with("1: tiphys: app.yaml:7:") && refused.contains(said), "{refused}");
        }
    }
    let two = application("  sources:\n  - repoURL: a\n    path: x\n  - repoURL: b\n    path: y\n");
    for args in [&["image", "foo:2", "app.yaml"][..], &["replicas", "web=2", "app.yaml", "--add"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused("app.yaml", &two, args), @"
            1: tiphys: app.yaml:8:5: several sources, on lines 6, 8
              Write kustomize: {} into the one that is meant.
            ");
        }
    }
}

#[test]
fn a_word_that_names_a_folder_as_well_is_refused() {
    let world = World::of(&[("env=prod/kustomization.yaml", KUSTOMIZATION), ("r:eu", KUSTOMIZATION)]);
    insta::assert_snapshot!(world.run(&["image", "new:1", "env=prod", "r:eu"]).refused(), @"
    2: tiphys: argument env=prod, column 1: a folder here and an image as well
      env=prod
      ^^^^^^^^
      Write ./env=prod, or --file env=prod; otherwise run this in another folder.
    tiphys: argument r:eu, column 1: a file here and an image as well
      r:eu
      ^^^^
      Write ./r:eu, or --file r:eu; otherwise run this in another folder.
    Nothing was changed.
    ");
    world.run(&["image", "new:1", "./env=prod", "--file", "r:eu"]).well();
}
