//! What is a command, what isn't, and where it is wrong.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{
    GrammarError, GrammarFault, MAX_CHARACTERS, Parsed, nearest_commands, parse, parse_words,
    table::{Argument, COMMANDS, Optional, spec},
};
use crate::domain::{
    catalogue::Target,
    command::{Command, CommandName, Mutation, Query},
    name::{NameKind, Tag},
};

const BOT: Option<&str> = Some("tiphys_bot");

fn target(text: &str) -> Target {
    let (application, environment) = match text.split_once('/') {
        Some((application, environment)) => (application, Some(environment)),
        None => (text, None),
    };
    Target {
        application: (!application.is_empty()).then(|| application.to_owned()),
        environment: environment.map(str::to_owned),
    }
}

fn deploy(to: &str, tag: &str) -> Command {
    Command::Mutation(target(to), Mutation::Deploy(Tag::new(tag).expect("a tag")))
}

fn scale(to: &str, count: u32) -> Command {
    Command::Mutation(target(to), Mutation::SetReplicas(count))
}

#[track_caller]
fn is(text: &str, command: Command) {
    assert_eq!(parse(text, BOT), Parsed::Ours(Ok(command)), "{text:?}");
}

#[track_caller]
fn fault_of(text: &str) -> GrammarError {
    match parse(text, BOT) {
        Parsed::Ours(Err(error)) => error,
        other => panic!("{text:?} is no fault but {other:?}"),
    }
}

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
fn deployments() {
    is("/deploy 0.10.5", deploy("", "0.10.5"));
    is("/deploy oil-refinery-application 0.10.5", deploy("oil-refinery-application", "0.10.5"));
    is("/deploy oil-refinery-application/prod 0.10.5", deploy("oil-refinery-application/prod", "0.10.5"));
    // One argument is the version, even where an application of that name exists.
    is("/deploy oil-refinery-application", deploy("", "oil-refinery-application"));
    is("/deploy v1.2.3-rc.1_x", deploy("", "v1.2.3-rc.1_x"));
    is("/deploy 1e9", deploy("", "1e9"));
}

#[test]
fn replica_counts() {
    is("/set_replicas 3", scale("", 3));
    is("/set_replicas 0", scale("", 0));
    is("/set_replicas 4294967295", scale("", u32::MAX));
    is("/set_replicas oil-refinery-application 3", scale("oil-refinery-application", 3));
    is("/set_replicas oil-refinery-application/prod 10", scale("oil-refinery-application/prod", 10));
}

#[test]
fn questions() {
    is("/apps", Command::Query(Query::Apps));
    is("/whoami", Command::Query(Query::WhoAmI));
    is("/status", Command::Query(Query::Status(Target::default())));
    is("/status a", Command::Query(Query::Status(target("a"))));
    is("/status a/prod", Command::Query(Query::Status(target("a/prod"))));
    is("/showcontainers", Command::Query(Query::ShowContainers(Target::default())));
    is("/showcontainers a", Command::Query(Query::ShowContainers(target("a"))));
    is("/help", Command::Query(Query::Help(None)));
    for text in ["/help deploy", "/help /deploy", "/help DEPLOY", "/help /deploy@tiphys_bot"] {
        is(text, Command::Query(Query::Help(Some(CommandName::Deploy))));
    }
    for text in ["/help set_replicas", "/help set-replicas", "/help /Set_Replicas"] {
        is(text, Command::Query(Query::Help(Some(CommandName::SetReplicas))));
    }
}

#[test]
fn the_payload_of_a_deep_link_is_ignored() {
    for text in ["/start", "/start abc", "/start@tiphys_bot abc-_9", "/start a b\nc"] {
        is(text, Command::Query(Query::Start));
    }
}

#[test]
fn a_command_may_name_the_bot_that_it_is_for() {
    is("/deploy@tiphys_bot 0.10.5", deploy("", "0.10.5"));
    is("/deploy@Tiphys_Bot 0.10.5", deploy("", "0.10.5"));
    for text in ["/deploy@other_bot 0.10.5", "/nothing@other_bot", "/@other_bot", "/deploy@tiphys_bot2 1"] {
        assert_eq!(parse(text, BOT), Parsed::NotOurs, "{text}");
        assert_eq!(parse(text, None), Parsed::NotOurs, "{text}");
    }
    assert_eq!(parse("/deploy@tiphys_bot 0.10.5", None), Parsed::NotOurs);
    let long = format!("/deploy@other_bot {}", "x".repeat(5000));
    assert_eq!(parse(&long, BOT), Parsed::NotOurs);
    // What can't be a username names nobody: it is a mistake in a command of ours.
    for text in ["/deploy@ 1", "/deploy@мой 1", "/deploy@a@b 1"] {
        assert!(matches!(fault_of(text).fault, GrammarFault::UnknownCommand { .. }), "{text}");
    }
}

#[test]
fn talk_is_not_for_us() {
    for text in
        ["", " ", "\n", "deploy 0.10.5", "привет /deploy 0.10.5", "@tiphys_bot /deploy 1", "\u{ff0f}deploy 1", "."]
    {
        assert_eq!(parse(text, BOT), Parsed::NotOurs, "{text:?}");
    }
}

#[test]
fn spaces_of_any_kind_and_number() {
    for text in [
        "  /deploy 0.10.5",
        "\n\t/deploy 0.10.5",
        "/deploy   0.10.5",
        "/deploy\u{a0}0.10.5",
        "/deploy\u{2003}\u{202f}0.10.5\u{3000}",
        "/deploy\t0.10.5 \r\n",
        "/deploy 0.10.5\n",
        "/deploy 0.10.5\n\n  \n",
        "\u{feff}/deploy 0.10.5",
        "/deploy\u{200b} \u{200e}0.10.5\u{200b}",
        "/deploy \u{2060} 0.10.5",
    ] {
        is(text, deploy("", "0.10.5"));
    }
}

#[test]
fn the_case_of_the_command_does_not_count_but_that_of_arguments_does() {
    is("/Deploy 0.10.5", deploy("", "0.10.5"));
    is("/SET_REPLICAS 3", scale("", 3));
    is("/deploy V1", deploy("", "V1"));
    assert!(matches!(fault_of("/deploy App 1").fault, GrammarFault::Invalid { .. }));
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
        ("getpods", CommandName::Status),
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
fn the_longest_valid_command_is_not_too_long() {
    let (label, tag) = ("a".repeat(63), "x".repeat(128));
    is(&format!("/deploy {label}/{label} {tag}"), deploy(&format!("{label}/{label}"), &tag));
}

#[test]
fn words_of_a_command_line() {
    assert_eq!(parse_words(&["deploy", "0.10.5"]), Ok(deploy("", "0.10.5")));
    assert_eq!(parse_words(&["deploy", "app/prod", "0.10.5"]), Ok(deploy("app/prod", "0.10.5")));
    assert_eq!(parse_words(&["set-replicas", "app", "3"]), Ok(scale("app", 3)));
    assert_eq!(parse_words(&["set_replicas", "3"]), Ok(scale("", 3)));
    assert_eq!(parse_words(&["help", "deploy"]), Ok(Command::Query(Query::Help(Some(CommandName::Deploy)))));
    assert!(parse_words(&["/deploy", "0.10.5"]).is_err());
    assert!(parse_words(&["deploy@tiphys_bot", "0.10.5"]).is_err());
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

#[test]
fn every_command_has_a_row_and_valid_examples() {
    for name in [
        CommandName::Deploy,
        CommandName::SetReplicas,
        CommandName::Status,
        CommandName::Apps,
        CommandName::ShowContainers,
        CommandName::Help,
        CommandName::WhoAmI,
        CommandName::Start,
    ] {
        assert_eq!(spec(name).name, name);
    }
    for row in COMMANDS {
        let shaped = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!((1..=32).contains(&row.word.len()) && shaped(row.word), "{} can't be in Telegram's menu", row.word);
        assert_eq!(COMMANDS.iter().filter(|other| other.word == row.word).count(), 1, "{} stands twice", row.word);
        assert!(!row.examples.is_empty(), "{} has no example", row.word);
        for example in row.examples {
            assert!(matches!(parse(example, BOT), Parsed::Ours(Ok(_))), "{example}");
            assert!(example.starts_with(&format!("/{}", row.word)), "{example}");
        }
    }
}

#[test]
fn an_argument_is_of_one_kind_per_command() {
    for row in COMMANDS {
        for (argument, _) in row.arguments {
            assert_eq!(row.arguments.iter().filter(|(other, _)| other == argument).count(), 1, "{}", row.word);
        }
        // Optional arguments get their words from the left: behind a required one that would be ambiguous.
        let first_required = row.arguments.iter().position(|(_, optional)| *optional == Optional::No);
        let last_optional = row.arguments.iter().rposition(|(_, optional)| *optional == Optional::Yes);
        if let (Some(required), Some(optional)) = (first_required, last_optional) {
            assert!(optional < required, "{}", row.word);
        }
    }
}

/// The place lies within the line, or is the one just after it.
fn check_place(error: &GrammarError) -> Result<(), TestCaseError> {
    let characters = error.line.chars().count();
    prop_assert!(error.length >= 1);
    prop_assert!(error.at <= characters, "{error:?}");
    prop_assert!(error.at + error.length <= characters.max(error.at + 1), "{error:?}");
    prop_assert!(characters <= MAX_CHARACTERS);
    prop_assert!(!error.line.contains(['\n', '\r']));
    let marked: String = error.line.chars().skip(error.at).take(error.length).collect();
    match &error.fault {
        GrammarFault::Invalid { given, .. } if !given.is_empty() && !given.contains(char::is_whitespace) => {
            prop_assert_eq!(&marked, given);
        }
        _ => {}
    }
    Ok(())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for bot in [BOT, None] {
        match parse(text, bot) {
            Parsed::Ours(Err(error)) => check_place(&error)?,
            Parsed::Ours(Ok(_)) | Parsed::NotOurs => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        check(&text)?;
        check(&format!("/{text}"))?;
        check(&format!("/deploy {text}"))?;
        check(&format!("/set_replicas {text}"))?;
        check(&format!("/help@tiphys_bot\u{200b} {text}"))?;
    }

    #[test]
    fn near_commands_do_not_make_it_panic(
        text in "/(deploy|set_replicas|status|help|apps|start)(@tiphys_bot)?[ \n\u{a0}\u{200b}a-z0-9/.;ж🚀-]{0,40}"
    ) {
        check(&text)?;
    }

    #[test]
    fn no_words_make_it_panic(words in proptest::collection::vec(any::<String>(), 0..5), command in 0..9_usize) {
        let mut line: Vec<String> = COMMANDS.get(command).map(|row| row.word.to_owned()).into_iter().collect();
        line.extend(words);
        if let Err(error) = parse_words(&line) {
            check_place(&error)?;
        }
    }

    #[test]
    fn what_is_written_well_is_read_back(
        application in "[a-z]([a-z0-9-]{0,20}[a-z0-9])?",
        environment in proptest::option::of("[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?"),
        tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
        count in any::<u32>(),
        space in "[ \t\u{a0}\u{2003}]{1,3}",
    ) {
        let label = environment.iter().fold(application, |label, environment| format!("{label}/{environment}"));
        let read = parse(&format!("/deploy{space}{label}{space}{tag}"), BOT);
        prop_assert_eq!(read, Parsed::Ours(Ok(deploy(&label, &tag))));
        let read = parse(&format!("/set_replicas{space}{label}{space}{count}{space}"), BOT);
        prop_assert_eq!(read, Parsed::Ours(Ok(scale(&label, count))));
        prop_assert_eq!(parse_words(&["deploy", &label, &tag]), Ok(deploy(&label, &tag)));
    }

    #[test]
    fn counts_are_exactly_the_canonical_decimals(text in "[0-9+x.-]{1,11}") {
        let canonical = text.parse::<u32>().is_ok_and(|count| count.to_string() == text);
        let read = parse(&format!("/set_replicas {text}"), BOT);
        prop_assert_eq!(matches!(read, Parsed::Ours(Ok(_))), canonical);
    }

    #[test]
    fn a_command_for_another_bot_is_never_ours(text in any::<String>(), name in "[a-z]{5,12}bot") {
        prop_assume!(name != "tiphys_bot");
        let message = format!("/deploy@{} {}", name, text);
        prop_assert_eq!(parse(&message, BOT), Parsed::NotOurs);
    }
}
