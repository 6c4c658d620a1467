//! Nodes are seen by everybody and changed by those who have the right; what they do is written down.

use serde_json::Value;
use tiphys::sandbox::{
    kubernetes::{ApiFault, kind::Kind},
    telegram::{Event, ShownMessage},
};

use crate::playbill::{ANNA, BORIS, CHAT, PATIENCE, Playbill, answers_to};

/// Whether the answer has all these words.
fn says(words: &[&str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

fn data_of(answer: &ShownMessage, label: &str) -> String {
    let button = answer.buttons.iter().flatten().find(|button| button.text.contains(label));
    button.and_then(|button| button.callback_data.clone()).unwrap_or_else(|| panic!("{label}: {answer:#?}"))
}

fn node(playbill: &Playbill, name: &str) -> Value {
    playbill.world.kubernetes().store().get(Kind::Node, "", name).expect("the node is there")
}

fn is_cordoned(playbill: &Playbill, name: &str) -> bool {
    node(playbill, name)["spec"]["unschedulable"] == true
}

async fn with_a_node_operator() -> Playbill {
    let playbill = Playbill::start().await;
    playbill.amend("email: anna@example.org }", "email: anna@example.org, can: [nodes] }");
    playbill
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_cordoned_by_those_who_may() {
    let playbill = with_a_node_operator().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let list = hub.say(CHAT, BORIS, "/get_nodes").unwrap();
    let words = ["Узлы: 3 · открыто 2, с допуском 1, закрыто 0", "203.0.113.11", "внутренний 10.20.0.10", "/110"];
    let list = playbill.answer(list, says(&words)).await;

    // Offered to the group because Anna is in it: Boris is told that he may not, and the group isn't.
    let mut events = hub.subscribe();
    let first = data_of(&list, "cordon refinery-worker-1");
    let press = hub.press(CHAT, list.id, &first, BORIS).unwrap();
    let told = loop {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
        if let Event::CallbackAnswered { query, text, alert: true } = event
            && query == press
        {
            break text.unwrap();
        }
    };
    assert!(told.contains("can: [nodes]"), "{told}");
    assert!(!is_cordoned(&playbill, "refinery-worker-1"));

    hub.press(CHAT, list.id, &first, ANNA).unwrap();
    playbill.answer(list.id, says(&["refinery-worker-1: закрыт для новых подов", "Открытых узлов: 1"])).await;
    let annotations = &node(&playbill, "refinery-worker-1")["metadata"]["annotations"];
    assert_eq!(annotations["tiphys/cordoned-by"], "Анна Иванова (telegram 1001)");
    let again = playbill.say("/cordon refinery-worker-1");
    playbill.answer(again, says(&["уже закрыт", "Анна Иванова (telegram 1001)", "только что"])).await;

    // The last one that is open: only with a confirmation, and that turns the question into the answer.
    let last = playbill.say("/cordon refinery-worker-2");
    let question = playbill.answer(last, says(&["последний открытый узел", "/cordon refinery-worker-2 confirm"])).await;
    assert!(!is_cordoned(&playbill, "refinery-worker-2"));
    hub.press(CHAT, question.id, &data_of(&question, "Всё равно"), ANNA).unwrap();
    playbill.answer(last, says(&["refinery-worker-2: закрыт", "новые поды будут ждать"])).await;
    assert_eq!(answers_to(&hub, last).len(), 1);
    assert!(is_cordoned(&playbill, "refinery-worker-2"));
    playbill.confirmed().await;

    let log = playbill.log_text();
    let audit: Vec<&str> = log.lines().filter(|line| line.contains("audit")).collect();
    for (line, outcome) in audit.iter().zip(["done", "already so", "refused: the last open node", "done"]) {
        let fields =
            [r#"person="Анна Иванова""#, r#"account="telegram 1001""#, r#"action="cordon""#, "refinery-worker-"];
        assert!(fields.iter().all(|field| line.contains(field)) && line.contains(outcome), "{outcome}: {line}");
    }
    assert_eq!(audit.len(), 4, "{audit:#?}");
    assert!(
        log.lines().any(|line| line.contains("refused") && line.contains("Without(Nodes)")
            || line.contains("does not have the right"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_said() {
    let playbill = with_a_node_operator().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let unknown = playbill.say("/uncordon refinery-worker-3");
    let answer = playbill.answer(unknown, says(&["Нет такого узла", "refinery-worker-1", "refinery-worker-2"])).await;
    assert_eq!(data_of(&answer, "refinery-worker-2"), "/uncordon refinery-worker-2");
    let not_so = playbill.say("/uncordon refinery-worker-2");
    playbill.answer(not_so, says(&["cordon и не стоял"])).await;

    // Without the right to count pods everywhere the rest is there.
    playbill.world.kubernetes().deny("pods", true);
    let list = hub.say(CHAT, BORIS, "/get_nodes").unwrap();
    playbill.answer(list, says(&["203.0.113.12", "поды на узлах: доступ запрещён", "forbidden"])).await;
    playbill.world.kubernetes().deny("pods", false);
    playbill.world.kubernetes().deny("nodes", true);
    let denied = playbill.say("/cordon refinery-worker-1");
    playbill.answer(denied, says(&["Kubernetes API отказал", "forbidden", "Ничего не изменено"])).await;
    playbill.world.kubernetes().deny("nodes", false);
    playbill.world.kubernetes().set_fault(ApiFault::Status(503));
    let down = hub.say(CHAT, BORIS, "/get_nodes").unwrap();
    playbill.answer(down, says(&["Узлы неизвестны", "503"])).await;
    playbill.world.kubernetes().set_fault(ApiFault::None);
    playbill.confirmed().await;
    assert!(!is_cordoned(&playbill, "refinery-worker-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_has_them_too() {
    let playbill = Playbill::start().await;
    let run = |arguments: &[&str]| {
        let output = playbill.program(arguments).output().expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, table) = run(&["--language", "en", "nodes"]);
    assert!(code == Some(0) && table.contains("PLACES PODS") && table.contains("refinery-control-1"), "{table}");
    let (code, json) = run(&["nodes", "--output", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let nodes = json["answer"]["nodes"]["Ok"]["nodes"].as_array().expect("a list");
    assert_eq!((code, nodes.len()), (Some(0), 3));
    assert!(nodes.iter().any(|node| node["name"] == "refinery-worker-1" && node["placement"] == "open"), "{json:#}");

    // Whoever has the credentials could do it with kubectl as well.
    assert_eq!(run(&["cordon", "refinery-worker-1"]).0, Some(0));
    assert!(is_cordoned(&playbill, "refinery-worker-1"));
    let (code, text) = run(&["cordon", "refinery-worker-2"]);
    assert!(code == Some(1) && text.contains("confirm"), "{text}");
    assert_eq!(run(&["cordon", "refinery-worker-2", "confirm"]).0, Some(0));
    assert_eq!(run(&["uncordon", "refinery-worker-1"]).0, Some(0));
    let by = node(&playbill, "refinery-worker-1")["metadata"]["annotations"]["tiphys/uncordoned-by"].clone();
    assert!(by.as_str().is_some_and(|by| by.contains("tester")), "{by}");
    assert_eq!(run(&["cordon", "Worker"]).0, Some(2));
    assert_eq!(run(&["uncordon", "nobody"]).0, Some(1));
    playbill.world.kubernetes().set_fault(ApiFault::Status(503));
    assert_eq!(run(&["nodes"]).0, Some(4));
}
