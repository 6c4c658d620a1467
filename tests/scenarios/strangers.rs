//! Those who are not let in, and what they can't do to those who are.

use crate::playbill::{ANNA, CHAT, Playbill, STRANGER, answers_to};

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_never_stops_holds_up_nobody() {
    let playbill = Playbill::start().await;
    let _bot = playbill.serve();
    let hub = playbill.hub();

    let first = hub.say(CHAT, STRANGER, "/deploy 0.10.5").unwrap();
    for _ in 0..150 {
        hub.say(CHAT, STRANGER, "/deploy 0.10.5").unwrap();
        hub.say(STRANGER, STRANGER, "/whoami").unwrap();
    }
    let command = hub.say(CHAT, ANNA, "/apps").unwrap();

    playbill.answer(first, |answer| answer.text.contains("Нет доступа")).await;
    playbill.answer(command, |answer| answer.text.contains("oil-refinery-application")).await;
    assert!(answers_to(&hub, command - 1).is_empty(), "the stranger's last one");
    assert_eq!(playbill.git(&["rev-list", "--count", "main"]).trim(), "1");
}
