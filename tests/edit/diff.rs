//! `--diff` writes nothing, and git applies it to what the edit itself would have made.

use std::os::unix::fs::symlink;

use super::support::{IMAGE, KUSTOMIZATION, World};

/// Applies the diff by git to one copy, edits another, and compares.
fn agrees(name: &str, text: &str, args: &[&str]) {
    let world = World::of(&[(name, text)]);
    let diff = world.run(&[args, &["--diff", "--file", name]].concat());
    assert_eq!((diff.code, diff.err.as_str()), (Some(0), ""), "{name}: {diff:?}");
    assert_eq!(world.read(name), text, "--diff writes nothing");
    world.git(&["init", "--quiet", "."], "").well();
    world.git(&["apply", "--check", "-"], &diff.out).well();
    world.git(&["apply", "--whitespace=nowarn", "-"], &diff.out).well();
    let applied = world.read(name);

    let other = World::of(&[(name, text)]);
    other.run(&[args, &["--file", name]].concat()).well();
    assert_eq!(applied, other.read(name), "{name}: {}", diff.out);
    assert_ne!(applied, text);
}

#[test]
fn git_applies_it_in_every_style() {
    let set = format!("{IMAGE}:0.10.5");
    let args = ["image", set.as_str(), "sidecar:1.10"];
    agrees("kustomization.yaml", KUSTOMIZATION, &args);
    agrees("kustomization.yaml", &KUSTOMIZATION.replace('\n', "\r\n"), &args);
    agrees("kustomization.yaml", KUSTOMIZATION.trim_end(), &args);
    agrees("kustomization.yaml", KUSTOMIZATION.replace('\n', "\r\n").trim_end(), &args);
    agrees("kustomization.yaml", &format!("\u{feff}{KUSTOMIZATION}"), &args);
    agrees("overlays/prod/kustomization.yaml", KUSTOMIZATION, &args);
    agrees("с пробелом/кириллица и 'кавычки'/kustomization.yaml", KUSTOMIZATION, &args);
    agrees("tab\tand \"quotes\"\\/kustomization.yaml", KUSTOMIZATION, &args);
    agrees("./-dash/kustomization.yaml", KUSTOMIZATION, &args);
}

#[test]
fn the_last_line_may_be_the_one_that_changes() {
    for end in ["", "\n", "\r\n"] {
        agrees("kustomization.yaml", &format!("images:\n- name: app\n  newTag: v1{end}"), &["image", "app:v2"]);
        agrees("values.yaml", &format!("a: 1\nb: x{end}"), &["value", "b=y"]);
    }
    agrees("kustomization.yaml", "images: [{name: app, newTag: v1}]", &["image", "app:v2"]);
}

#[test]
fn it_is_a_git_style_diff() {
    let world = World::kustomization();
    let ran = world.run(&["image", "sidecar:1.10", &format!("{IMAGE}:0.10.5"), "--diff"]);
    insta::assert_snapshot!(ran.well(), @r##"
    --- a/kustomization.yaml
    +++ b/kustomization.yaml
    @@ -4,10 +4,10 @@
     
     images:
       - name: registry.example.org:5000/team/app  # ours
    -    newTag: "0.10.4"   # was 0.10.3
    +    newTag: "0.10.5"   # was 0.10.3
       - name: sidecar
         newName: mirror.example.org/sidecar
    -    digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    +    newTag: "1.10"
     
     replicas:
       - name: web
    "##);
}

#[test]
fn several_files_make_one_diff_and_links_are_named_by_their_targets() {
    let world = World::of(&[("a/kustomization.yaml", KUSTOMIZATION), ("b/real.yaml", KUSTOMIZATION)]);
    symlink("real.yaml", world.path("b/kustomization.yaml")).expect("linked");
    let diff = world.run(&["replicas", "web=5", "a", "b", "--diff"]).well();
    assert!(diff.contains("--- a/a/kustomization.yaml\n") && diff.contains("+++ b/b/real.yaml\n"), "{diff}");
    world.git(&["init", "--quiet", "."], "").well();
    world.git(&["apply", "-"], &diff).well();
    assert!(
        world.read("b/kustomization.yaml").contains("count: 5")
            && world.read("a/kustomization.yaml").contains("count: 5")
    );
}

#[test]
fn nothing_to_change_is_an_empty_diff() {
    assert_eq!(World::kustomization().run(&["replicas", "web=2", "--diff"]).well(), "");
}

#[test]
fn a_check_writes_nothing_and_tells_by_its_code() {
    let world = World::kustomization();
    let ran = world.run(&["replicas", "web=3", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "kustomization.yaml:14: web 2 → 3\n"));
    let ran = world.run(&["replicas", "web=3", "--check", "--diff"]);
    assert!(ran.code == Some(1) && ran.out.starts_with("--- a/kustomization.yaml\n"));
    assert_eq!(world.run(&["replicas", "web=2", "--check"]).well(), "kustomization.yaml: web 2, already so\n");
    assert_eq!(world.read("kustomization.yaml"), KUSTOMIZATION);
    // As for diff and cmp, 1 says that there is a difference and nothing else.
    assert_eq!(world.run(&["image", "new:1", "--no-add", "--check"]).code, Some(2));
}

#[test]
fn files_outside_the_current_folder_are_named_from_the_work_tree() {
    let header = |world: &World, file: &str| {
        let mut command = world.command(&["replicas", "web=3", "--diff", "--file", file]);
        let output = command.current_dir(world.path("here")).output().expect("runs");
        let out = String::from_utf8(output.stdout).expect("UTF-8");
        out.lines().take(2).collect::<Vec<_>>().join(" ")
    };
    let world = World::of(&[("there/kustomization.yaml", KUSTOMIZATION), ("here/kustomization.yaml", KUSTOMIZATION)]);
    assert_eq!(header(&world, "../there"), "--- a/../there/kustomization.yaml +++ b/../there/kustomization.yaml");
    world.git(&["init", "--quiet", "."], "").well();
    let absolute = world.path("there/kustomization.yaml");
    for file in ["../there", "../here/../there/", absolute.to_str().expect("Unicode")] {
        assert_eq!(header(&world, file), "--- a/there/kustomization.yaml +++ b/there/kustomization.yaml");
    }
    assert_eq!(header(&world, "."), "--- a/kustomization.yaml +++ b/kustomization.yaml");
}
