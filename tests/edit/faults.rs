//! What is said of faulty arguments and files, as it is said.

use super::support::World;

fn refused(text: &str, args: &[&str]) -> String {
    let world = World::of(&[("kustomization.yaml", text)]);
    let said = world.run(args).refused();
    assert_eq!(
        (world.read("kustomization.yaml"), world.names()),
        (text.to_owned(), vec!["kustomization.yaml".to_owned()])
    );
    said
}

#[test]
fn arguments_are_shown_with_the_place_of_the_fault() {
    let world = World::empty();
    let args =
        ["image", "app=reg/App:1", "приложение=a b:1", "app@sha256:12", "app=*", "=x:1", "host:5000/app", "app:-1"];
    insta::assert_snapshot!(world.run(&args).refused(), @"
    2: tiphys: argument app=reg/App:1, column 5: expected an image's name (host/path, without tag and digest), or * to keep it
      app=reg/App:1
          ^^^^^^^
    tiphys: argument приложение=a b:1, column 12: expected an image's name (host/path, without tag and digest), or * to keep it
      приложение=a b:1
                 ^^^
    tiphys: argument app@sha256:12, column 5: expected a digest (sha256: and 64 hexadecimal digits)
      app@sha256:12
          ^^^^^^^^^
    tiphys: argument app=*, column 5: expected something to change, not only *
      app=*
          ^
      Add a new name, tag or digest: NAME=*:TAG keeps the name and changes the tag.
    tiphys: argument =x:1, column 1: expected the name of an images entry, as it is written in the file
      =x:1
      ^
    tiphys: argument host:5000/app, column 14: expected =NEW, :TAG or @DIGEST after the name
      host:5000/app
                   ^
      The forms: NAME=NEW:TAG, NAME=*:TAG, NAME=NEW, NAME=NEW@DIGEST, NAME=NEW:TAG@DIGEST, NAME:TAG or NAME@DIGEST.
    tiphys: argument app:-1, column 5: expected an image tag (letters, digits, _ . -, at most 128 characters)
      app:-1
          ^^
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["replicas", "web=-1", "web", "=1", "x:1", "web=99999999999"]).refused(), @"
    2: tiphys: argument web=-1, column 5: expected a replica count (a whole number in digits)
      web=-1
          ^^
    tiphys: argument =1, column 1: expected the name of a workload
      =1
      ^
    tiphys: argument x:1, column 4: expected =COUNT after the name
      x:1
         ^
    tiphys: argument web=99999999999, column 5: expected a replica count (a whole number in digits)
      web=99999999999
          ^^^^^^^^^^^
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["value", "a..b=1", "x:y", "a[=1", "values.yaml"]).refused(), @"
    2: tiphys: argument a..b=1, column 3: expected keys with dots between them (a key is missing after the dot)
      a..b=1
        ^
      For example: image.tag=1.2.3; a file or folder with = in its name is written with ./ before it.
    tiphys: argument x:y, column 1: expected KEY.PATH=VALUE
      x:y
      ^^^
    tiphys: argument a[=1, column 1: expected KEY.PATH=VALUE
      a[=1
      ^^^^
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["value", "a=1.5", "b=", "--type", "int", "values.yaml"]).refused(), @"
    2: tiphys: argument a=1.5, column 3: expected a whole number (--type int)
      a=1.5
        ^^^
      Without --type, the type stays that of the value before; --type string writes a string.
    tiphys: argument b=, column 3: expected a whole number (--type int)
      b=
        ^
      Without --type, the type stays that of the value before; --type string writes a string.
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["value", "a=1"]).refused(), @"
    2: tiphys: arguments: nothing says which file to change
      Name it: --file values.yaml.
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["image", "nginx"]).refused(), @"
    2: tiphys: argument nginx, column 1: nothing says what to change: expected NAME=NEW:TAG, NAME=*:TAG, NAME=NEW, NAME=NEW@DIGEST, NAME=NEW:TAG@DIGEST, NAME:TAG or NAME@DIGEST
      nginx
      ^^^^^
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["image", "a:1", "-", "--json"]).err, @"
    tiphys: argument -, column 1: both the edited text and --json go to standard output
      -
      ^
      Add --diff, or leave --json out.
    Nothing was changed.
    ");
    insta::assert_snapshot!(world.run(&["image", "a:1", "-", "-f", "-"]).refused(), @"
    2: tiphys: argument -, column 1: standard input can be read only once
      -
      ^
      Leave just one -.
    Nothing was changed.
    ");
    assert_eq!(world.run(&["image"]).code, Some(2));
    assert_eq!(world.run(&["image", "a:1", "--add", "--no-add"]).code, Some(2));
}

#[test]
fn what_keeps_a_value_from_being_edited_is_told_with_line_and_column() {
    let tag = ["image", "app:2"];
    insta::assert_snapshot!(refused("x: &t v1\nimages:\n- name: app\n  newTag: *t\n", &tag), @"
    1: tiphys: kustomization.yaml:4:11: in place of the value stands *t, an alias of the anchor on line 1
      Write the value itself here, or change the anchor: then other places change with it.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\n  newTag: &t v1\n- name: b\n  newTag: *t\n", &tag), @"
    1: tiphys: kustomization.yaml:3:14: the value carries the anchor &t, which is used on line 5
      Change it by hand if the other places are to change too; otherwise write the value itself there.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\n  newTag: |\n    v1\n", &tag), @"
    1: tiphys: kustomization.yaml:3:3: no plain value stands here but a list, a map or a text of several lines
      Write the value on one line, then it can be changed.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\n  newTag: a\n  newTag: b\n", &tag), @"
    1: tiphys: kustomization.yaml:4:3: the key newTag stands on lines 3, 4
      Leave just one: which of them counts depends on the reader.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\n- name: app\n", &tag), @"
    1: tiphys: kustomization.yaml:3:3: images has several entries named app, on lines 2, 3
      Leave just one.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\nsops:\n  mac: x\n", &tag), @"
    1: tiphys: kustomization.yaml:3:1: the file is encrypted by SOPS
      Change it by the sops command: its signature covers what isn't encrypted as well.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("images:\n- name: app\n\tnewTag: x\n", &tag), @"
    1: tiphys: kustomization.yaml:2:9: can't be read as YAML: while scanning a plain scalar, found a tab
      Correct the file at this place.
    Nothing was changed.
    ");
    insta::assert_snapshot!(refused("- a\n", &tag), @"
    1: tiphys: kustomization.yaml:1:1: can't be read as YAML: not a map
      Correct the file at this place.
    Nothing was changed.
    ");
}
