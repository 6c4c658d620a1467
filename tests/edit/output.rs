//! What is printed where: lines, JSON, the filter, languages.

use super::support::{IMAGE, KUSTOMIZATION, World};

#[test]
fn standard_input_is_filtered_to_standard_output() {
    let world = World::empty();
    let ran = world.filter(&["replicas", "web=3", "-"], KUSTOMIZATION.as_bytes());
    assert_eq!((ran.code, ran.out), (Some(0), KUSTOMIZATION.replace("count: 2", "count: 3")));
    assert_eq!(ran.err, "<stdin>:14: web 2 → 3\n");

    let same = world.filter(&["replicas", "web=2", "--file", "-"], KUSTOMIZATION.as_bytes());
    assert_eq!((same.code, same.out.as_str()), (Some(0), KUSTOMIZATION));

    let refused = world.filter(&["replicas", "web=2", "-"], b"images: [");
    assert!(refused.code == Some(1) && refused.out.is_empty(), "{refused:?}");

    let diff = world.filter(&["replicas", "web=3", "-", "--diff"], KUSTOMIZATION.as_bytes());
    assert!(diff.out.starts_with("--- a/stdin\n+++ b/stdin\n@@ "), "{diff:?}");

    let values = world.filter(&["value", "image.tag=2.0", "-"], b"image:\r\n  tag: 1.0 # x");
    assert_eq!(values.out, "image:\r\n  tag: \"2.0\" # x");
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn json_tells_all_changes() {
    let world = World::kustomization();
    let ran = world.run(&["image", &format!("{IMAGE}:0.10.5"), "new:1", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(ran.out.lines().count(), 1);
    insta::assert_snapshot!(serde_json::to_string_pretty(&object).expect("JSON"), @r#"
    {
      "changes": [
        {
          "file": "kustomization.yaml",
          "from": "0.10.4",
          "line": 7,
          "name": "registry.example.org:5000/team/app",
          "outcome": "changed",
          "subject": "image",
          "to": "0.10.5"
        },
        {
          "file": "kustomization.yaml",
          "from": null,
          "line": 12,
          "name": "new",
          "outcome": "added",
          "subject": "image",
          "to": "1"
        }
      ],
      "errors": [],
      "exit_code": 0,
      "outcome": "changed",
      "text": "kustomization.yaml:7: registry.example.org:5000/team/app 0.10.4 → 0.10.5\nkustomization.yaml:12: new 1, added"
    }
    "#);
}

#[test]
fn json_tells_faults_and_diffs() {
    let world = World::kustomization();
    let ran = world.run(&["replicas", "web=3", "nope", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, &object["outcome"], &object["exit_code"]), (Some(1), &"refused".into(), &1.into()));
    assert_eq!(
        object["errors"][0],
        serde_json::json!({
            "file": "nope", "fault": "missing", "message": "no such file or folder",
            "hint": "Check the path; what to change is written with =, : or @ in it.",
        })
    );

    let ran = world.run(&["image", "a:b c", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, &object["outcome"]), (Some(2), &"not_a_command".into()));
    assert_eq!(object["errors"][0]["column"], 3);

    let ran = world.run(&["replicas", "web=3", "--json", "--diff"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, &object["outcome"]), (Some(0), &"would_change".into()));
    assert!(object["diff"].as_str().is_some_and(|diff| diff.contains("\n-    count: 2\n+    count: 3\n")), "{object}");

    let broken = World::of(&[("kustomization.yaml", "images:\n- name: app\n- name: app\n")]);
    let ran = broken.run(&["image", "app:1", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let error = &object["errors"][0];
    assert_eq!((&error["file"], &error["line"]), (&"kustomization.yaml".into(), &3.into()), "{object}");
}

#[test]
fn the_language_is_the_locales_or_the_options() {
    let world = World::kustomization();
    let in_russian = world.command(&["replicas", "web=2"]).env("LANG", "ru_RU.UTF-8").output().expect("runs");
    assert_eq!(String::from_utf8_lossy(&in_russian.stdout), "kustomization.yaml: web 2, уже так\n");
    insta::assert_snapshot!(world.run(&["image", "a=*:1", "a:2", "nope", "--language", "ru"]).refused(), @"
    2: tiphys: аргумент a:2, столбец 1: то же имя уже стоит в аргументе 1
      a:2
      ^
      Оставьте один из них.
    Ничего не изменено.
    ");
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let world = World::of(&[("kustomization.yaml", "images:\n- name: app\n  newTag: \"\\e[31mred\\x07\"\n")]);
    assert_eq!(world.run(&["image", "app:1"]).well(), "kustomization.yaml:3: app red → 1\n");
}

#[test]
fn a_reader_that_went_away_is_no_fault() {
    let world = World::kustomization();
    let mut child = world
        .command(&["replicas", "web=3"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true));
    assert!(world.read("kustomization.yaml").contains("count: 3"));
}

#[test]
fn neither_a_configuration_nor_a_repository_is_needed() {
    let world = World::kustomization();
    let mut command = world.command(&["replicas", "web=3"]);
    command.env("TIPHYS_CONFIG", "/nonexistent/tiphys.yaml").env_remove("HOME").env("PATH", "/nonexistent");
    assert_eq!(command.output().expect("runs").status.code(), Some(0));
}

/// Standard output that takes nothing.
fn full() -> std::fs::File {
    std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full")
}

#[test]
fn a_report_that_cannot_be_printed_does_not_deny_the_change() {
    let world = World::kustomization();
    let output = world.command(&["replicas", "web=3"]).stdout(full()).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with("tiphys: the files were changed, but the report couldn't be printed: "), "{said}");
    assert_eq!(world.read("kustomization.yaml"), KUSTOMIZATION.replace("count: 2", "count: 3"));

    let unchanged = world.command(&["replicas", "web=3"]).stdout(full()).output().expect("runs");
    assert_eq!(unchanged.status.code(), Some(4));
}

#[test]
fn an_edited_text_that_cannot_be_printed_leaves_the_files() {
    let world = World::of(&[("kustomization.yaml", KUSTOMIZATION), ("input", KUSTOMIZATION)]);
    let input = std::fs::File::open(world.path("input")).expect("there");
    let mut command = world.command(&["replicas", "web=3", ".", "-"]);
    let output = command.stdin(input).stdout(full()).output().expect("runs");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert_eq!((world.read("kustomization.yaml"), world.names().len()), (KUSTOMIZATION.to_owned(), 2));
}

#[test]
fn what_would_be_added_is_not_said_to_be() {
    let world = World::kustomization();
    let ran = world.run(&["image", "new:1", "--check"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(1), "kustomization.yaml:12: new 1, would be added\n", "")
    );
    assert_eq!(world.run(&["image", "new:1"]).well(), "kustomization.yaml:12: new 1, added\n");
}

#[test]
fn an_empty_string_is_seen() {
    let world = World::of(&[("values.yaml", "a: \"\"\n")]);
    assert_eq!(world.run(&["value", "a=x", "values.yaml"]).well(), "values.yaml:1: a \"\" → x\n");
}

#[test]
fn the_help_is_about_editing() {
    let world = World::kustomization();
    for command in ["image", "replicas", "value"] {
        let help = world.run(&[command, "--help"]).well();
        assert!(!help.contains("--config") && !help.contains("--log-format"), "{help}");
        assert!(help.contains("\nExit codes:\n") && help.contains("--language"), "{help}");
    }
    let options = ["--config", "nowhere.yaml", "--log-format", "json"];
    world.run(&[&["replicas", "web=3"][..], &options].concat()).well();
    assert_eq!(world.run(&["replicas", "web=3", "--log-format", "x"]).code, Some(2));
}
