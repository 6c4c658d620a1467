//! The messages in docs/guide*.md are the ones that the bot sends.

use std::{env, fs, path::Path};

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        actor::{ChatId, PersonId, Place, Sender},
        answer::{Applied, Failure, FailureKind, LastChange, LiveState, Refusal, RolloutReport, StatusReport},
        containers::{ContainersReport, PlaceReport, TagPage, TagReport},
        node::Page,
        observation::{Health, SyncStatus},
        plan::Desired,
        rollout::{Hint, Stage},
    },
    grammar::{Parsed, parse},
};

/// With this variable set the test writes the messages instead of comparing them.
const UPDATE: &str = "TIPHYS_UPDATE_DOCS";

/// What stands before each message, followed by its name, ` -->` and a block of text.
const MARK: &str = "<!-- message: ";

fn rollout(stage: Stage) -> Answer {
    Answer::Rollout(RolloutReport {
        site: site(),
        mutation: deploy(),
        from: Some("0.10.4".into()),
        to: "0.10.5".into(),
        revision: revision("a1b2c3d4"),
        url: None,
        stage,
        elapsed: seconds(42),
        delivered_before: false,
        unchecked: None,
        shared: None,
    })
}

fn scaled() -> Answer {
    Answer::Rollout(RolloutReport {
        site: site(),
        mutation: Mutation::SetReplicas(3),
        from: Some("2".into()),
        to: "3".into(),
        revision: revision("e5f6a7b8"),
        url: None,
        stage: Stage::Live { ready: 3, desired: 3, superseded_by: None },
        elapsed: seconds(17),
        delivered_before: false,
        unchecked: None,
        shared: None,
    })
}

fn status(by: &str) -> Answer {
    let live = LiveState {
        workload_missing: false,
        has_image: true,
        tag: Some("0.10.5".into()),
        ready_new: None,
        ready: 3,
        desired: 3,
        sync: SyncStatus::Synced,
        health: Health::Healthy,
        revision: Some(revision("e5f6a7b8")),
        head: Some(revision("e5f6a7b8")),
        trouble: Vec::new(),
    };
    Answer::Status(vec![StatusReport {
        site: site(),
        desired: Ok(Desired { tag: Some("0.10.5".into()), replicas: Some(3) }),
        live: Ok(live),
        newest: Ok(Some("0.10.5".into())),
        last_change: Ok(Some(LastChange {
            revision: revision("e5f6a7b8"),
            url: None,
            subject: "scale(oil-refinery-application/prod): 2 → 3".into(),
            by: format!("{by} (telegram 1001)"),
            at: Timestamp::UNIX_EPOCH,
            age: seconds(300),
        })),
    }])
}

fn tags() -> Answer {
    let tag = |tag: &str, days: u64, digest: &str, places: &[&str]| TagReport {
        tag: tag.into(),
        age: Some(seconds(days * 86400)),
        size: Some(48_300_000),
        digest: Some(format!("sha256:{digest:0<64}")),
        wanted_in: strings(places),
        running_in: strings(places),
        ..TagReport::default()
    };
    let page = TagPage {
        is_cut: false,
        tags: vec![
            tag("main", 0, "3c9d2f10a7be", &[]),
            tag("0.10.5", 1, "a1b2c3d4e5f6", &["prod"]),
            tag("0.10.4", 8, "07f1e2d3c4b5", &[]),
            tag("0.10.3", 20, "5e6f708192a3", &[]),
        ],
        total: 24,
        page: Some(Page { number: 1, of: 3 }),
        incomplete: None,
    };
    let place = PlaceReport {
        environment: "prod".into(),
        wanted: Ok(Some("0.10.5".into())),
        running: Ok(vec!["0.10.5".into()]),
        other_image: false,
        wanted_on: Some(1),
    };
    Answer::Containers(Box::new(ContainersReport {
        application: site().application,
        environment: None,
        image: image(),
        tags: Ok(page),
        places: vec![place],
        absent: Vec::new(),
        deploy_to: Some(site().label()),
        may_deploy: true,
    }))
}

fn message(name: &str, language: Language) -> Answer {
    let person = say!(language, "Анна Иванова", "Anna Ivanova");
    match name {
        "stranger" => Answer::WhoAmI {
            sender: Sender::Account { id: PersonId(123456789), shown_name: person },
            place: Place::Group(ChatId(-1001234567890)),
            known_as: None,
        },
        "accepted" => Answer::Accepted { site: site(), mutation: deploy() },
        "committed" => rollout(Stage::Committed),
        "progressing" => rollout(Stage::Progressing { ready: 1, desired: 2, trouble: Vec::new() }),
        "live" => rollout(Stage::Live { ready: 2, desired: 2, superseded_by: None }),
        "already" => Answer::AlreadySo { site: site(), mutation: deploy() },
        "scaled" => scaled(),
        "status" => status(&person),
        "tags" => tags(),
        "failed" => rollout(Stage::Failed { reason: "ImagePullBackOff: Back-off pulling image".into() }),
        "timed_out" => rollout(Stage::TimedOut {
            after: seconds(600),
            last: Some(Box::new(Hint::Message("pods 1/2: CrashLoopBackOff".into()))),
        }),
        "unreachable" => Answer::Failed(Failure {
            detail: "the remote cannot be reached: connection refused".into(),
            kind: FailureKind::RepositoryUnreachable,
            applied: Applied::No,
        }),
        "fault" => match parse("/set_replicas 3;rm", None) {
            Parsed::Ours(Err(error)) => Answer::Refused(Refusal::Grammar(error)),
            other => panic!("no fault but {other:?}"),
        },
        "unknown_tag" => Answer::Refused(Refusal::UnknownTag {
            site: site(),
            image: image(),
            tag: tag("0.10.6"),
            nearest: strings(&["0.10.5", "0.10.4", "0.10.3"]),
        }),
        other => panic!("the guide asks for an unknown message {other:?}"),
    }
}

/// The guide with each message as it is sent today, and how many there are.
fn refreshed(guide: &str, language: Language) -> (String, usize) {
    let mut parts = guide.split(MARK);
    let mut fresh = parts.next().expect("the text before the first mark").to_owned();
    let mut count = 0;
    for part in parts {
        let (name, rest) = part.split_once(" -->\n```text\n").expect("a block follows each mark");
        let rest = rest.strip_prefix("```").or_else(|| rest.split_once("\n```").map(|(_, rest)| rest));
        let plain = render(&message(name, language), language).to_plain();
        fresh.push_str(&format!("{MARK}{name} -->\n```text\n{plain}\n```{}", rest.expect("the block ends")));
        count += 1;
    }
    (fresh, count)
}

#[test]
fn guides_show_the_messages_as_they_are() {
    let mut counts = Vec::new();
    for (file, language) in [("guide.md", Language::En), ("guide.ru.md", Language::Ru)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
        let guide = fs::read_to_string(&path).expect("the guide can be read").replace("\r\n", "\n");
        let (fresh, count) = refreshed(&guide, language);
        counts.push(count);
        if env::var_os(UPDATE).is_some() {
            fs::write(&path, fresh).expect("docs/ can be written");
        } else {
            assert!(guide == fresh, "docs/{file} is stale: run `{UPDATE}=1 cargo test --lib guides_show`");
        }
    }
    assert!(counts[0] > 10, "{counts:?}");
    assert_eq!(counts[0], counts[1], "the guides show different messages");
}
