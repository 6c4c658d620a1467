//! What is a command, what isn't, and where it is wrong.

mod faults;
mod properties;

use super::{
    GrammarError, GrammarFault, MAX_CHARACTERS, Parsed, nearest_commands, parse, parse_words,
    table::{Argument, COMMANDS, Optional, spec},
};
use crate::domain::{
    catalogue::Target,
    command::{Command, CommandName, DescribeAsked, LogAsked, Mutation, Operation, PageAsked, Query},
    name::{NameKind, NodeName, Tag},
    node::Scheduling,
    pod::PodAsked,
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
fn nodes() {
    let operation = |change, node: &str, confirmed| {
        Command::Operation(Operation { change, node: NodeName::new(node).expect("a name"), confirmed })
    };
    is("/cordon worker-1", operation(Scheduling::Cordon, "worker-1", false));
    is("/cordon worker-1 confirm", operation(Scheduling::Cordon, "worker-1", true));
    is("/cordon confirm Confirm", operation(Scheduling::Cordon, "confirm", true));
    is("/uncordon a.b.internal", operation(Scheduling::Uncordon, "a.b.internal", false));
    is("/get_nodes", Command::Query(Query::GetNodes(None)));
    is("/get_nodes 12", Command::Query(Query::GetNodes(Some(12))));
    for (text, at, expected) in [
        ("/cordon Worker", 8, Argument::Node),
        ("/cordon a;b", 8, Argument::Node),
        ("/cordon a yes", 10, Argument::Confirm),
        ("/get_nodes 0", 11, Argument::Page),
        ("/get_nodes worker", 11, Argument::Page),
    ] {
        let error = fault_of(text);
        assert!(error.at == at && matches!(error.fault, GrammarFault::Invalid { expected: e, .. } if e == expected));
    }
    assert_eq!(fault_of("/uncordon a confirm").fault, GrammarFault::Surplus);
    assert_eq!(fault_of("/cordon").fault, GrammarFault::Missing(Argument::Node));
}

#[test]
fn pages_of_versions() {
    let list = |to: &str, page| Command::Query(Query::ShowContainers(target(to), page));
    is("/showcontainers", list("", PageAsked::Number(1)));
    is("/showcontainers a", list("a", PageAsked::Number(1)));
    is("/showcontainers a/prod 12", list("a/prod", PageAsked::Number(12)));
    is("/showcontainers 12", list("", PageAsked::Number(12)));
    is("/showcontainers All", list("", PageAsked::All));
    is("/showcontainers a all", list("a", PageAsked::All));
    is("/showcontainers all all", list("all", PageAsked::All));
    is("/showcontainers 2/prod", list("2/prod", PageAsked::Number(1)));
    is("/showcontainers 2 3", list("2", PageAsked::Number(3)));
    for (text, at) in [("0", 16), ("007", 16), ("a 0", 18), ("a last", 18), ("a -1", 18), ("4294967296", 16)] {
        let error = fault_of(&format!("/showcontainers {text}"));
        let expected = matches!(error.fault, GrammarFault::Invalid { expected: Argument::PageOrAll, .. });
        assert!(error.at == at && expected, "{error:?}");
    }
    assert_eq!(fault_of("/showcontainers a 1 2").fault, GrammarFault::Surplus);
}

#[test]
fn questions() {
    is("/apps", Command::Query(Query::Apps));
    is("/whoami", Command::Query(Query::WhoAmI));
    is("/status", Command::Query(Query::Status(Target::default())));
    is("/status a", Command::Query(Query::Status(target("a"))));
    is("/status a/prod", Command::Query(Query::Status(target("a/prod"))));
    is("/get_pods", Command::Query(Query::GetPods(Target::default())));
    let logs = |namespace: Option<&str>, name: &str, container: Option<&str>, previous| {
        let pod = PodAsked { namespace: namespace.map(str::to_owned), name: name.to_owned() };
        Command::Query(Query::GetLogs(LogAsked { pod, container: container.map(str::to_owned), previous }))
    };
    is("/get_logs xk2lp", logs(None, "xk2lp", None, false));
    is("/get_logs -xk2lp", logs(None, "-xk2lp", None, false));
    is("/get_logs oil/app-7f9d-xk2lp app", logs(Some("oil"), "app-7f9d-xk2lp", Some("app"), false));
    is("/get_logs xk2lp previous", logs(None, "xk2lp", None, true));
    is("/get_logs xk2lp app Previous", logs(None, "xk2lp", Some("app"), true));
    // A pod may be called so.
    is("/get_logs previous", logs(None, "previous", None, false));
    is("/get_logs previous previous", logs(None, "previous", None, true));
    is("/events a", Command::Query(Query::Events(target("a"))));
    let described = |pod: Option<(Option<&str>, &str)>, node: Option<&str>| {
        let pod = pod.map(|(namespace, name)| PodAsked { namespace: namespace.map(str::to_owned), name: name.into() });
        let node = node.map(|name| NodeName::new(name).expect("a name"));
        Command::Query(Query::Describe(DescribeAsked { pod, node }))
    };
    is("/describe xk2lp", described(Some((None, "xk2lp")), Some("xk2lp")));
    is("/describe -xk2lp", described(Some((None, "-xk2lp")), None));
    is("/describe pod/xk2lp", described(Some((None, "xk2lp")), None));
    is("/describe oil/xk2lp", described(Some((Some("oil"), "xk2lp")), None));
    is("/describe node/n1.example.org", described(None, Some("n1.example.org")));
    assert!(matches!(fault_of("/describe node/N1").fault, GrammarFault::Invalid { .. }));
    is("/get_pods a/prod", Command::Query(Query::GetPods(target("a/prod"))));
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
        // Optional arguments get their words from the left: with a required one between them that would be ambiguous.
        let optional: Vec<bool> = row.arguments.iter().map(|(_, optional)| *optional == Optional::Yes).collect();
        let runs = optional.chunk_by(|a, b| a == b).filter(|run| run[0]).count();
        assert!(runs <= 1, "{}", row.word);
    }
}
