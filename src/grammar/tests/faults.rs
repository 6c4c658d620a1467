//! Where a command is wrong, and how.

use insta::assert_snapshot;

use super::*;

/// The line with its fault underlined, and the fault.
fn drawn(error: &GrammarError) -> String {
    let GrammarError { line, at, length, command, fault } = error;
    let command = command.map_or("-".to_owned(), |name| spec(name).word.to_owned());
    format!("{line}\n{}{} {command}: {fault:?}", " ".repeat(*at), "^".repeat(*length))
}

#[track_caller]
fn drawn_fault(text: &str) -> String {
    drawn(&fault_of(text))
}

#[test]
fn what_is_missing_is_marked_at_the_end() {
    assert_snapshot!(drawn_fault("/deploy"), @r"
    /deploy
           ^ deploy: Missing(Version)
    ");
    assert_snapshot!(drawn_fault("  /set_replicas@tiphys_bot \n"), @r"
    /set_replicas@tiphys_bot
                            ^ set_replicas: Missing(Count)
    ");
    assert_snapshot!(drawn_fault("/deploy\n0.10.5"), @r"
    /deploy⏎0.10.5
           ^ deploy: Missing(Version)
    ");
}

#[test]
fn what_is_too_much_is_marked_from_its_first_word() {
    assert_snapshot!(drawn_fault("/deploy a b c"), @r"
    /deploy a b c
                ^ deploy: Surplus
    ");
    assert_snapshot!(drawn_fault("/deploy a b c  d"), @r"
    /deploy a b c  d
                ^^^^ deploy: Surplus
    ");
    assert_snapshot!(drawn_fault("/status a b"), @r"
    /status a b
              ^ status: Surplus
    ");
    assert_snapshot!(drawn_fault("/apps все"), @r"
    /apps все
          ^^^ apps: Surplus
    ");
    assert_snapshot!(drawn_fault("/whoami x"), @r"
    /whoami x
            ^ whoami: Surplus
    ");
    assert_snapshot!(drawn_fault("/help deploy now"), @r"
    /help deploy now
                 ^^^ help: Surplus
    ");
}

#[test]
fn text_on_further_lines_is_not_ignored() {
    assert_snapshot!(drawn_fault("/deploy 0.10.5\r\n\r\nспасибо всем!\nи пока"), @r"
    /deploy 0.10.5⏎⏎спасибо всем!⏎и пока
                    ^^^^^^^^^^^^^^^^^^^^ deploy: Surplus
    ");
    assert_snapshot!(drawn_fault("/set_replicas 3\n/deploy 0.10.5"), @r"
    /set_replicas 3⏎/deploy 0.10.5
                    ^^^^^^^^^^^^^^ set_replicas: Surplus
    ");
    assert_snapshot!(drawn_fault("/deploy -1\nx"), @r#"
    /deploy -1⏎x
            ^^ deploy: Invalid { expected: Version, given: "-1", kind: Some(Tag) }
    "#);
}

#[test]
fn wrong_counts_are_marked() {
    assert_snapshot!(drawn_fault("/set_replicas -1"), @r#"
    /set_replicas -1
                  ^^ set_replicas: Invalid { expected: Count, given: "-1", kind: None }
    "#);
    assert_snapshot!(drawn_fault("/set_replicas oil-refinery-application/prod 1e9"), @r#"
    /set_replicas oil-refinery-application/prod 1e9
                                                ^^^ set_replicas: Invalid { expected: Count, given: "1e9", kind: None }
    "#);
    for text in [
        "3;rm",
        "３",
        "+3",
        "0x3",
        "03",
        "00",
        "3.0",
        "3,",
        "4294967296",
        "99999999999999999999",
        "٣",
        "²",
        "three",
        "3\u{200b}3",
        "−1",
        "'3'",
        "$(id)",
    ] {
        let error = fault_of(&format!("/set_replicas {text}"));
        let fault = GrammarFault::Invalid { expected: Argument::Count, given: text.to_owned(), kind: None };
        assert_eq!(error.fault, fault, "{text:?}");
        assert_eq!((error.at, error.length), (14, text.chars().count()), "{text:?}");
        assert_eq!(error.command, Some(CommandName::SetReplicas));
    }
}

#[test]
fn wrong_versions_are_marked() {
    assert_snapshot!(drawn_fault("/deploy фича"), @r#"
    /deploy фича
            ^^^^ deploy: Invalid { expected: Version, given: "фича", kind: Some(Tag) }
    "#);
    assert_snapshot!(drawn_fault("/deploy  a/b  feature/x"), @r#"
    /deploy  a/b  feature/x
                  ^^^^^^^^^ deploy: Invalid { expected: Version, given: "feature/x", kind: Some(Tag) }
    "#);
    for text in ["-1", ".hidden", "1+build", "0.10.5;rm", "$(id)", "`id`", "a:b", "a@sha256", "🚀", &"x".repeat(129)]
    {
        let error = fault_of(&format!("/deploy {text}"));
        let (given, kind) = (text.to_owned(), Some(NameKind::Tag));
        assert_eq!(error.fault, GrammarFault::Invalid { expected: Argument::Version, given, kind }, "{text:?}");
        assert_eq!((error.at, error.length), (8, text.chars().count()), "{text:?}");
    }
}

#[test]
fn wrong_targets_are_marked_at_their_part() {
    assert_snapshot!(drawn_fault("/deploy App/prod 1"), @r#"
    /deploy App/prod 1
            ^^^ deploy: Invalid { expected: Target, given: "App", kind: Some(Application) }
    "#);
    assert_snapshot!(drawn_fault("/deploy app/Prod 1"), @r#"
    /deploy app/Prod 1
                ^^^^ deploy: Invalid { expected: Target, given: "Prod", kind: Some(Environment) }
    "#);
    assert_snapshot!(drawn_fault("/deploy app/ 1"), @r#"
    /deploy app/ 1
                ^ deploy: Invalid { expected: Target, given: "", kind: Some(Environment) }
    "#);
    assert_snapshot!(drawn_fault("/deploy /prod 1"), @r#"
    /deploy /prod 1
            ^ deploy: Invalid { expected: Target, given: "", kind: Some(Application) }
    "#);
    assert_snapshot!(drawn_fault("/deploy app/prod/x 1"), @r#"
    /deploy app/prod/x 1
                ^^^^^^ deploy: Invalid { expected: Target, given: "prod/x", kind: Some(Environment) }
    "#);
    assert_snapshot!(drawn_fault("/deploy 0.10.5 app"), @r#"
    /deploy 0.10.5 app
            ^^^^^^ deploy: Invalid { expected: Target, given: "0.10.5", kind: Some(Application) }
    "#);
    assert_snapshot!(drawn_fault("/status приложение"), @r#"
    /status приложение
            ^^^^^^^^^^ status: Invalid { expected: Target, given: "приложение", kind: Some(Application) }
    "#);
    assert_snapshot!(drawn_fault("/status ../etc"), @r#"
    /status ../etc
            ^^ status: Invalid { expected: Target, given: "..", kind: Some(Application) }
    "#);
}

#[test]
fn unknown_commands_get_the_nearest_right_ones() {
    assert_snapshot!(drawn_fault("/depoly 0.10.5"), @r#"
    /depoly 0.10.5
    ^^^^^^^ -: UnknownCommand { given: "depoly", nearest: [Deploy] }
    "#);
    assert_snapshot!(drawn_fault("/set-replicas 3"), @r#"
    /set-replicas 3
    ^^^^^^^^^^^^^ -: UnknownCommand { given: "set-replicas", nearest: [SetReplicas] }
    "#);
    assert_snapshot!(drawn_fault("/погода завтра"), @r#"
    /погода завтра
    ^^^^^^^ -: UnknownCommand { given: "погода", nearest: [] }
    "#);
    assert_snapshot!(drawn_fault("/help rollout"), @r#"
    /help rollout
          ^^^^^^^ help: UnknownCommand { given: "rollout", nearest: [Deploy] }
    "#);
    assert_snapshot!(drawn_fault("//deploy 1"), @r#"
    //deploy 1
    ^^^^^^^^ -: UnknownCommand { given: "/deploy", nearest: [Deploy] }
    "#);
    for (given, expected) in [
        ("deploi", CommandName::Deploy),
        ("Depoy", CommandName::Deploy),
        ("deploy_prod", CommandName::Deploy),
        ("rollout", CommandName::Deploy),
        ("release", CommandName::Deploy),
        ("setreplicas", CommandName::SetReplicas),
        ("set-replicas", CommandName::SetReplicas),
        ("set_replica", CommandName::SetReplicas),
        ("replicas", CommandName::SetReplicas),
        ("scale", CommandName::SetReplicas),
        ("stat", CommandName::Status),
        ("statsu", CommandName::Status),
        ("getpods", CommandName::GetPods),
        ("show_containers", CommandName::ShowContainers),
        ("containers", CommandName::ShowContainers),
        ("tags", CommandName::ShowContainers),
        ("app", CommandName::Apps),
        ("list", CommandName::Apps),
        ("hlep", CommandName::Help),
        ("?", CommandName::Help),
        ("who", CommandName::WhoAmI),
        ("who_am_i", CommandName::WhoAmI),
        ("strat", CommandName::Start),
    ] {
        assert_eq!(nearest_commands(given).first(), Some(&expected), "{given}");
    }
    for given in ["", "xyz", "погода", "🚀", "0.10.5"] {
        assert_eq!(nearest_commands(given), [], "{given}");
    }
}

#[test]
fn a_slash_alone_is_an_empty_command() {
    assert_snapshot!(drawn_fault("/"), @r"
    /
     ^ -: Empty
    ");
    assert_snapshot!(drawn_fault("/ deploy 0.10.5"), @r"
    / deploy 0.10.5
     ^ -: Empty
    ");
    assert_snapshot!(drawn_fault("/@tiphys_bot"), @r"
    /@tiphys_bot
                ^ -: Empty
    ");
    assert_snapshot!(drawn(&parse_words::<&str>(&[]).expect_err("a fault")), @"^ -: Empty");
    assert_snapshot!(drawn(&parse_words(&["", "1"]).expect_err("a fault")), @r"
     1
    ^ -: Empty
    ");
}

#[test]
fn a_long_line_is_shown_cut() {
    let error = fault_of(&format!("/deploy {}", "x".repeat(4992)));
    assert_eq!(error.fault, GrammarFault::TooLong { characters: 5000, maximum: MAX_CHARACTERS });
    assert_eq!(error.command, Some(CommandName::Deploy));
    assert_snapshot!(drawn(&error).lines().take(1).collect::<String>(), @"/deploy xxxxxxxxxxxxxxxxxxxxxxxxxxxx…");

    // Characters count, not bytes, and blank ends don't.
    let limit = |characters: usize| format!("  /{}\n", "ж".repeat(characters - 1));
    assert!(matches!(fault_of(&limit(MAX_CHARACTERS)).fault, GrammarFault::UnknownCommand { .. }));
    assert!(matches!(fault_of(&limit(MAX_CHARACTERS + 1)).fault, GrammarFault::TooLong { .. }));
}

#[test]
fn a_word_of_a_command_line_is_never_split_or_trimmed() {
    let drawn_words = |words: &[&str]| drawn(&parse_words(words).expect_err("a fault"));
    assert_snapshot!(drawn_words(&["deploy", "app 0.10.5"]), @r#"
    deploy app 0.10.5
           ^^^^^^^^^^ deploy: Invalid { expected: Version, given: "app 0.10.5", kind: Some(Tag) }
    "#);
    assert_snapshot!(drawn_words(&["deploy app", "0.10.5"]), @r#"
    deploy app 0.10.5
    ^^^^^^^^^^ -: UnknownCommand { given: "deploy app", nearest: [Deploy] }
    "#);
    assert_snapshot!(drawn_words(&["set-replicas", "app", " 3"]), @r#"
    set-replicas app  3
                     ^^ set_replicas: Invalid { expected: Count, given: " 3", kind: None }
    "#);
    assert_snapshot!(drawn_words(&["set-replicas", "3\n"]), @r#"
    set-replicas 3⏎
                 ^^ set_replicas: Invalid { expected: Count, given: "3\n", kind: None }
    "#);
    assert_snapshot!(drawn_words(&["deploy", ""]), @r#"
    deploy 
           ^ deploy: Invalid { expected: Version, given: "", kind: Some(Tag) }
    "#);
    assert_snapshot!(drawn_words(&["deploy", "app", "0.10.5", "--force"]), @r"
    deploy app 0.10.5 --force
                      ^^^^^^^ deploy: Surplus
    ");
    assert_snapshot!(drawn_words(&["deploy"]), @r"
    deploy
          ^ deploy: Missing(Version)
    ");
}
