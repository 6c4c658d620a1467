//! The list of versions: pages turn in their message, and what isn't as it should be is said.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tiphys::sandbox::{
    kubernetes::{ApiFault, kind::Kind},
    registry::{REPOSITORY, RegistryFault},
    telegram::ShownMessage,
};

use crate::playbill::{ANNA, BORIS, CHAT, Playbill, answers_to};

fn says(words: &[&str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

fn data_of(answer: &ShownMessage, label: &str) -> String {
    let button = answer.buttons.iter().flatten().find(|button| button.text.contains(label));
    button.and_then(|button| button.callback_data.clone()).unwrap_or_else(|| panic!("{label}: {answer:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_turn_in_place_and_their_buttons_deploy() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let asked = playbill.say("/showcontainers");
    let words = ["26 тегов, страница 1 из 3", "● 0.10.4", "работает: prod", "МБ"];
    let first = playbill.answer(asked, says(&words)).await;
    let digest = playbill.world.registry().digest(&format!("{REPOSITORY}:0.10.6")).expect("a seeded tag");
    assert!(first.text.contains(&digest["sha256:".len()..][..12]), "{}", first.text);
    assert!(first.text.lines().filter(|line| line.starts_with(['·', '●', '○'])).count() == 10, "{}", first.text);

    hub.press(CHAT, first.id, &data_of(&first, "▶"), BORIS).unwrap();
    let second = playbill.answer(asked, says(&["страница 2 из 3", "0.9.", "в git 0.10.4, страница 1"])).await;
    assert_eq!((second.id, answers_to(&hub, asked).len()), (first.id, 1), "in its place");
    hub.press(CHAT, first.id, &data_of(&second, "▶"), BORIS).unwrap();
    let third = playbill.answer(asked, says(&["страница 3 из 3"])).await;
    assert!(!third.buttons.iter().flatten().any(|button| button.text.contains('▶')), "{third:#?}");

    let straight = playbill.say("/showcontainers 2");
    let straight = playbill.answer(straight, says(&["страница 2 из 3"])).await;
    hub.press(CHAT, straight.id, &data_of(&straight, "🚀"), ANNA).unwrap();
    playbill.answer(straight.id, says(&["работает: 2/2"])).await;
    assert_eq!(playbill.commits().len(), 1);

    let wrong = playbill.say("/showcontainers oil-refinery-application 9");
    let wrong = playbill.answer(wrong, says(&["Страницы 9 нет", "последняя — 3"])).await;
    hub.press(CHAT, wrong.id, &data_of(&wrong, "3/3"), ANNA).unwrap();
    playbill.answer(wrong.reply_to.unwrap(), says(&["страница 3 из 3"])).await;
    let all = playbill.say("/showcontainers all");
    let all = playbill.answer(all, says(&["26 тегов", "в файле"])).await;
    assert!(format!("{all:?}").contains("oil-refinery-application-tags.txt"), "{all:?}");
    playbill.confirmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let playbill = Playbill::start().await;
    let world = &playbill.world;
    assert!(world.registry().remove_tag(REPOSITORY, "0.10.4"));
    let _bot = playbill.serve();
    world.registry().set_fault(RegistryFault::Status(500));
    let dark = playbill.say("/showcontainers");
    playbill
        .answer(
            dark,
            says(&["версии неизвестны", "ответ не годится", "500", "registry.url", "git 0.10.4 · работает 0.10.4"]),
        )
        .await;
    world.registry().set_fault(RegistryFault::None);

    let gone = playbill.say("/showcontainers");
    let words = ["25 тегов", "0.10.4 — в git (prod) и работает (prod), а в реестре такого тега нет"];
    playbill.answer(gone, says(&words)).await;

    world.kubernetes().set_fault(ApiFault::Status(503));
    let unmarked = playbill.say("/showcontainers");
    let words = ["25 тегов", "0.10.6", "kubernetes, неизвестно для prod", "0.10.4 — в git (prod), а в реестре"];
    playbill.answer(unmarked, says(&words)).await;
    world.kubernetes().set_fault(ApiFault::None);
    playbill.confirmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_has_pages_and_tables() {
    let playbill = Playbill::start().await;
    let run = |arguments: &[&str]| {
        let output = playbill.program(arguments).output().expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, table) = run(&["--language", "en", "showcontainers"]);
    assert!(code == Some(0) && table.contains("TAG ") && table.contains("DIGEST"), "{table}");
    assert!(table.contains("page 1 of 3") && table.contains("running: prod"), "{table}");
    let (code, json) = run(&["showcontainers", "oil-refinery-application", "--page", "3", "-o", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let page = &json["answer"]["containers"]["tags"]["Ok"];
    assert_eq!((code, page["tags"].as_array().map(Vec::len), &page["page"]["number"]), (Some(0), Some(6), &json!(3)));
    assert!(page["tags"][0]["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{page}");
    assert_eq!(json["answer"]["containers"]["places"][0]["wanted"]["Ok"], "0.10.4");
    let (code, all) = run(&["--language", "en", "showcontainers", "--all"]);
    assert!(code == Some(0) && all.lines().filter(|line| line.contains("0.9.")).count() == 8, "{all}");

    assert_eq!(run(&["showcontainers", "--page", "4"]).0, Some(1));
    assert_eq!(run(&["showcontainers", "--page", "0"]).0, Some(2));
    assert_eq!(run(&["showcontainers", "--page", "2", "--all"]).0, Some(2));
    playbill.world.registry().set_fault(RegistryFault::Down);
    assert_eq!(run(&["showcontainers"]).0, Some(4));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures: the first list takes seconds in a debug build"]
async fn five_thousand_tags_have_five_hundred_pages() {
    let playbill = Playbill::start().await;
    playbill.amend("  kind: gitlab\n", "  kind: gitlab\n  deadline: 15s\n");
    let now = Timestamp::now();
    for number in 0..5_000 {
        let at = now - SignedDuration::from_mins(60_000 - number);
        playbill.world.registry().add_tag(REPOSITORY, &format!("1.{number}.0"), at, 48_000_000);
    }
    let _bot = playbill.serve();
    let start = Instant::now();
    let first = playbill.say("/showcontainers");
    playbill.answer(first, says(&["5026 тегов, страница 1 из 503", "1.4999.0"])).await;
    let (once, start) = (start.elapsed(), Instant::now());
    let before = playbill.world.registry().requests();
    let later = playbill.say("/showcontainers 250");
    playbill.answer(later, says(&["страница 250 из 503", "1.2509.0", "в git 0.10.4, страница 501"])).await;
    let requests = playbill.world.registry().requests() - before;
    println!("5,026 tags: first {once:?}, then {:?} with {requests} requests", start.elapsed());
    let all = playbill.say("/showcontainers all");
    playbill.answer(all, says(&["5026 тегов", "в файле"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_told_of_with_what_happened_to_it() {
    let playbill = Playbill::start().await;
    let event = |name: &str, about: &str, message: &str| {
        json!({
            "metadata": {"name": name, "namespace": "default"},
            // The kubelet writes the node's name where its uid should be.
            "involvedObject": {"kind": "Node", "name": about, "uid": about},
            "reason": "NodeHasDiskPressure", "message": message, "type": "Warning", "count": 3,
            "firstTimestamp": "2026-11-21T10:00:00Z", "lastTimestamp": Timestamp::now().to_string(),
        })
    };
    let store = playbill.world.kubernetes().store();
    for (name, about, message) in
        [("a", "refinery-worker-1", "password=hunter2hunter2 in use"), ("b", "refinery-worker-2", "not this one")]
    {
        store.create(Kind::Event, event(name, about, message), Timestamp::now()).expect("new");
    }
    let _bot = playbill.serve();
    let asked = playbill.say("/describe refinery-worker-1");
    let told = playbill.answer(asked, says(&["203.0.113.11", "События", "NodeHasDiskPressure", "×3"])).await;
    assert!(!told.text.contains("not this one") && !told.text.contains("hunter2"), "{}", told.text);

    playbill.world.kubernetes().deny("events", true);
    let denied = playbill.say("/describe refinery-worker-1");
    playbill.answer(denied, says(&["203.0.113.11", "события: доступ запрещён"])).await;
    playbill.confirmed().await;
}
