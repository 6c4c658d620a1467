//! Files are replaced at once, and stay what they were: mode, owner, links. What isn't an ordinary file is refused.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    process::{Command, Stdio},
};

use super::support::{IMAGE, KUSTOMIZATION, Ran, World};

fn set_tag(world: &World, place: &[&str]) -> Ran {
    let argument = format!("{IMAGE}:0.10.5");
    world.run(&[&["image", argument.as_str()], place].concat())
}

fn edited() -> String {
    KUSTOMIZATION.replace("0.10.4", "0.10.5")
}

#[test]
fn the_current_folder_is_the_usual_place() {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let world = World::of(&[(name, KUSTOMIZATION)]);
        assert_eq!(set_tag(&world, &[]).well(), format!("{name}:7: {IMAGE} 0.10.4 → 0.10.5\n"));
        assert_eq!((world.read(name), world.names()), (edited(), vec![name.to_owned()]));
    }
}

#[test]
fn folders_and_files_are_named_by_position_or_option() {
    for place in [
        &["overlays/prod"][..],
        &["overlays/prod/"],
        &["--file", "overlays/prod"],
        &["-f", "overlays/prod/kustomization.yaml"],
        &["./overlays/prod/kustomization.yaml"],
    ] {
        let world = World::of(&[("overlays/prod/kustomization.yaml", KUSTOMIZATION)]);
        set_tag(&world, place).well();
        assert_eq!(world.read("overlays/prod/kustomization.yaml"), edited(), "{place:?}");
    }
}

#[test]
fn mode_and_owner_stay() {
    let world = World::kustomization();
    let path = world.path("kustomization.yaml");
    // Only root can give files away.
    let given = chown(&path, Some(12_345), Some(54_321)).is_ok();
    fs::set_permissions(&path, Permissions::from_mode(0o2751)).expect("set");
    let before = fs::metadata(&path).expect("there");
    set_tag(&world, &[]).well();
    let after = fs::metadata(&path).expect("there");
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert!(!given || after.uid() == 12_345);
    assert_ne!(after.ino(), before.ino(), "a new file took its place");
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let world = World::of(&[("shared/real.yaml", KUSTOMIZATION), ("app/note", "")]);
    symlink("../shared/real.yaml", world.path("app/kustomization.yaml")).expect("linked");
    symlink("app", world.path("link")).expect("linked");
    set_tag(&world, &["link"]).well();
    assert_eq!(world.read("shared/real.yaml"), edited());
    let link = fs::read_link(world.path("app/kustomization.yaml")).expect("still a link");
    assert_eq!(link.to_str(), Some("../shared/real.yaml"));
    assert_eq!(super::support::names(&world.path("app")), ["kustomization.yaml", "note"]);
    assert_eq!(super::support::names(&world.path("shared")), ["real.yaml"]);
}

#[test]
fn what_needs_no_change_is_not_touched() {
    let world = World::kustomization();
    let before = fs::metadata(world.path("kustomization.yaml")).expect("there").ino();
    fs::set_permissions(world.path("kustomization.yaml"), Permissions::from_mode(0o444)).expect("set");
    assert_eq!(world.run(&["replicas", "web=2"]).well(), "kustomization.yaml: web 2, already so\n");
    assert_eq!(fs::metadata(world.path("kustomization.yaml")).expect("there").ino(), before);
}

#[test]
fn hard_links_and_read_only_files_are_refused() {
    let world = World::kustomization();
    fs::hard_link(world.path("kustomization.yaml"), world.path("other")).expect("linked");
    insta::assert_snapshot!(set_tag(&world, &[]).refused(), @"
    1: tiphys: kustomization.yaml: the file has several names (2 hard links), and a replacement would part them
      Make it a file of its own or a symbolic link, or apply the output of --diff.
    Nothing was changed.
    ");
    fs::remove_file(world.path("other")).expect("removed");
    fs::set_permissions(world.path("kustomization.yaml"), Permissions::from_mode(0o444)).expect("set");
    insta::assert_snapshot!(set_tag(&world, &[]).refused(), @"
    1: tiphys: kustomization.yaml: the file is read-only
      Allow writing (chmod u+w) if the edit is meant; --diff shows it all the same.
    Nothing was changed.
    ");
    assert_eq!(set_tag(&world, &["--diff"]).code, Some(0));
    assert_eq!(world.read("kustomization.yaml"), KUSTOMIZATION);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let world = World::of(&[("app/kustomization.yaml", KUSTOMIZATION)]);
    let folder = world.path("app");
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("set");
    // To root all folders are writable.
    let root = File::create(folder.join("probe")).map(|_| fs::remove_file(folder.join("probe"))).is_ok();
    let ran = set_tag(&world, &["app"]);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("set");
    if root {
        assert_eq!(ran.code, Some(0));
    } else {
        assert!(ran.refused().starts_with("1: tiphys: app/kustomization.yaml: the file's folder can't be written: "));
    }
}

#[test]
fn what_is_no_ordinary_file_is_refused_at_once() {
    let world = World::of(&[("empty/x", ""), ("two/kustomization.yaml", ""), ("two/Kustomization", "")]);
    let made = Command::new("mkfifo").arg(world.path("pipe")).status().expect("runs");
    assert!(made.success());
    let _socket = UnixListener::bind(world.path("socket")).expect("bound");
    symlink("nowhere", world.path("dangling")).expect("linked");
    symlink("loop", world.path("loop")).expect("linked");
    let huge = File::create(world.path("huge.yaml")).expect("made");
    huge.set_len(1 << 40).expect("sparse");
    world.write("latin1.yaml", b"images:\n- name: app\n  newTag: \xe9\n");
    world.write("empty.yaml", "");
    for (place, code, message) in [
        ("pipe", 1, "a named pipe, not a file"),
        ("socket", 1, "a socket, not a file"),
        ("/dev/zero", 1, "a device, not a file"),
        ("dangling", 1, "a symbolic link that leads nowhere"),
        ("loop", 4, "the file can't be read: "),
        ("missing.yaml", 1, "no such file or folder"),
        ("missing/kustomization.yaml", 1, "no such file or folder"),
        ("huge.yaml", 1, "larger than 8 MiB"),
        ("empty", 1, "there is no kustomization.yaml, kustomization.yml or Kustomization here"),
        ("two", 1, "several kustomization files: kustomization.yaml, Kustomization"),
    ] {
        let ran = set_tag(&world, &[place]);
        let expected = format!("tiphys: {place}: {message}");
        assert!(ran.code == Some(code) && ran.out.is_empty() && ran.err.starts_with(&expected), "{place}: {ran:?}");
        assert!(ran.err.ends_with("Nothing was changed.\n"), "{ran:?}");
    }
    let latin1 = world.run(&["value", "a=b", "latin1.yaml"]).refused();
    assert!(latin1.starts_with("1: tiphys: latin1.yaml:3:11: can't be read as YAML: not UTF-8"), "{latin1}");
    world.write("empty/kustomization.yaml", "");
    let empty = set_tag(&world, &["empty"]).refused();
    assert!(empty.starts_with("1: tiphys: empty/kustomization.yaml: can't be read as YAML: empty"), "{empty}");
}

#[test]
fn one_fault_keeps_all_files_as_they_are_and_all_faults_are_told() {
    let broken = KUSTOMIZATION.replace("name: sidecar", &format!("name: {IMAGE}"));
    let world = World::of(&[
        ("a/kustomization.yaml", KUSTOMIZATION),
        ("b/kustomization.yaml", &broken),
        ("c/kustomization.yaml", "images: [\n"),
    ]);
    let ran = set_tag(&world, &["a", "b", "c", "d"]);
    insta::assert_snapshot!(ran.refused(), @"
    1: tiphys: b/kustomization.yaml:8:5: images has several entries named registry.example.org:5000/team/app, on lines 6, 8
      Leave just one.
    tiphys: c/kustomization.yaml:1:9: can't be read as YAML: unclosed bracket '['
      Correct the file at this place.
    tiphys: d: no such file or folder
      Check the path; what to change is written with =, : or @ in it.
    Nothing was changed.
    ");
    assert_eq!(world.read("a/kustomization.yaml"), KUSTOMIZATION);
    fs::remove_dir_all(world.path("c")).expect("removed");
    world.write("b/kustomization.yaml", KUSTOMIZATION);
    set_tag(&world, &["a", "b"]).well();
    assert_eq!((world.read("a/kustomization.yaml"), world.read("b/kustomization.yaml")), (edited(), edited()));
}

#[test]
fn one_file_is_named_once() {
    let world = World::kustomization();
    symlink("kustomization.yaml", world.path("again.yaml")).expect("linked");
    insta::assert_snapshot!(set_tag(&world, &[".", "again.yaml"]).refused(), @"
    2: tiphys: again.yaml: the same file as kustomization.yaml
      Name it once.
    Nothing was changed.
    ");
}

/// More than a pipe holds: once all of it is written, the reader has begun to read.
fn padding() -> Vec<u8> {
    b"# padding of a comment line\n".repeat(10_000)
}

#[test]
fn a_file_that_changes_meanwhile_is_left_alone() {
    let world = World::kustomization();
    // Standard input is read after the file, so the file was read when this much is taken from the pipe.
    let argument = format!("{IMAGE}:0.10.5");
    let mut child = world
        .command(&["image", &argument, "kustomization.yaml", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(&padding()).expect("taken");
    let theirs = KUSTOMIZATION.replace("0.10.4", "0.10.9");
    world.write("kustomization.yaml", &theirs);
    stdin.write_all(KUSTOMIZATION.as_bytes()).expect("taken");
    drop(stdin);
    let ran = Ran::of(&child.wait_with_output().expect("ends"));
    insta::assert_snapshot!(ran.refused(), @"
    4: tiphys: kustomization.yaml: the file was changed by somebody else while the edit was made
      Run the command again.
    Nothing was changed.
    ");
    assert_eq!((world.read("kustomization.yaml"), world.names()), (theirs, vec!["kustomization.yaml".to_owned()]));
}
