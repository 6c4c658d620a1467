//! Much at once, and a Telegram in trouble: nobody waits for somebody else's rollout, and no message is lost.

use std::time::{Duration, Instant};

use tiphys::sandbox::{
    registry::RegistryFault,
    telegram::{Event, Fault, FaultKind, Hub, Post, ShownMessage},
};

use crate::playbill::{ANNA, BORIS, CHAT, PATIENCE, Playbill, SECOND, TOPIC, answers_in, answers_to};

fn committed(answer: &ShownMessage) -> bool {
    answer.text.contains("записан")
}

fn live(answer: &ShownMessage) -> bool {
    answer.text.contains("работает: 2/2 пода")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_stands_still_holds_up_nobody() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let stuck = playbill.say("/deploy 0.10.5");
    playbill.answer(stuck, committed).await;

    let next = playbill.say("/deploy 0.10.6");
    let scaled = hub.say(CHAT, BORIS, "/set_replicas 3").unwrap();
    let elsewhere = hub.say(SECOND, BORIS, "/set_replicas 4").unwrap();
    let reading: Vec<_> =
        [("/status", "git и кластер расходятся"), ("/showcontainers", "0.10.6"), ("/help", "/deploy")]
            .map(|(text, expected)| (hub.say(SECOND, ANNA, text).unwrap(), expected))
            .into();
    for (message, expected) in reading {
        playbill.answer_in(SECOND, message, |answer| answer.text.contains(expected)).await;
    }
    playbill.answer(next, committed).await;
    playbill.answer(scaled, committed).await;
    playbill.answer_in(SECOND, elsewhere, committed).await;
    playbill.confirmed().await;
    let unfinished = playbill.answer(stuck, |_| true).await;
    assert!(committed(&unfinished), "it hasn't moved: {}", unfinished.text);

    playbill.world.reconciler().pause(false);
    playbill.answer(stuck, |answer| answer.text.contains("сменился более поздним")).await;
    playbill.answer(next, |answer| answer.text.contains("работает: ")).await;
    playbill.answer(scaled, |answer| answer.text.contains("работает") || answer.text.contains("сменился")).await;
    playbill.answer_in(SECOND, elsewhere, |answer| answer.text.contains("работает")).await;
    for message in [stuck, next, scaled] {
        assert_eq!(answers_to(&hub, message).len(), 1);
    }
    let authors = playbill.git(&["log", "--format=%ae", "-3", "main"]);
    assert!(authors.contains("anna@") && authors.contains("boris@"), "{authors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_wait_together_go_out_in_few_pushes() {
    let playbill = Playbill::start().await;
    playbill.amend("  kind: gitlab\n", "  kind: gitlab\n  deadline: 60s\n");
    // All are past "accepted" before the first is looked up.
    playbill.world.registry().set_fault(RegistryFault::Hang);
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let tags = ["0.9.5", "0.9.6", "0.9.7", "0.10.0", "0.10.1", "0.10.2"];
    let chats = [CHAT, SECOND];
    let say = |(tag, chat): (&&str, &i64)| (*chat, hub.say(*chat, ANNA, &format!("/deploy {tag}")).unwrap());
    let asked: Vec<_> = tags.iter().zip(chats.iter().cycle()).map(say).collect();
    for (chat, message) in &asked {
        playbill.answer_in(*chat, *message, |answer| answer.text.contains("принято")).await;
    }
    playbill.world.registry().set_fault(RegistryFault::None);
    for (chat, message) in &asked {
        playbill.answer_in(*chat, *message, |answer| !answer.text.contains("принято")).await;
    }
    playbill.confirmed().await;

    let mut commits = playbill.commits();
    assert_eq!(commits.len(), tags.len());
    commits.dedup_by_key(|subject| subject.rsplit_once(' ').map(|(_, to)| to.to_owned()));
    assert_eq!(commits.len(), tags.len(), "each once: {commits:?}");
    let pushes = playbill.log_text().lines().filter(|line| line.contains(" pushed ")).count();
    assert!((1..tags.len()).contains(&pushes), "{pushes} pushes\n{}", playbill.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_control_is_obeyed_and_the_message_still_ends() {
    const WAIT: u32 = 2;
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let mut events = hub.subscribe();
    hub.fail(Fault::once("editMessageText", FaultKind::TooManyRequests(WAIT)));
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let watch = async {
        let mut refused: Option<Instant> = None;
        loop {
            match events.recv().await.expect("events") {
                Event::Answered { status: Some(429), .. } => refused = Some(Instant::now()),
                Event::Called { call } if call.method == "editMessageText" => {
                    if let Some(refused) = refused {
                        return refused.elapsed();
                    }
                }
                _ => {}
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, watch).await.unwrap();
    // Both moments are seen a little late.
    assert!(waited >= Duration::from_millis(u64::from(WAIT) * 1000 - 100), "{waited:?}");
    playbill.answer(command, live).await;
    assert_eq!(answers_to(&hub, command).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_telegram_lose_no_answer() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    hub.fail(Fault::once("getUpdates", FaultKind::ServerError(502)));
    hub.fail(Fault::once("sendMessage", FaultKind::ServerError(500)));
    hub.fail(Fault::once("editMessageText", FaultKind::ServerError(503)));
    hub.fail(Fault::once("editMessageText", FaultKind::CutBefore));
    hub.fail(Fault::once("editMessageText", FaultKind::CutAfter));
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, live).await;
    playbill.confirmed().await;
    assert_eq!(answers_to(&hub, command).len(), 1);
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_delays_the_message_and_nothing_else() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, committed).await;
    hub.set_network(false);
    let unheard = playbill.say("/set_replicas 3");
    playbill.world.reconciler().pause(false);
    // The rollout goes on and ends while nobody can be told.
    playbill.logged("rollout ended").await;
    assert!(answers_to(&hub, command).iter().all(committed));
    hub.set_network(true);
    playbill.answer(command, live).await;
    playbill.answer(unheard, |answer| answer.text.contains("работает: 3/3")).await;
    assert_eq!((answers_to(&hub, command).len(), answers_to(&hub, unheard).len()), (1, 1));
}

/// The bot's messages in a chat that have these words.
fn with_words(hub: &Hub, chat: i64, words: &str) -> Vec<ShownMessage> {
    hub.answers(chat).into_iter().filter(|answer| answer.text.contains(words)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_becomes_a_supergroup_takes_its_rollout_along() {
    const NEW: i64 = -1_009_999_999_999;
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, committed).await;
    hub.migrate(CHAT, NEW).unwrap();
    playbill.world.reconciler().pause(false);
    let end = hub.until(PATIENCE, |hub| with_words(hub, NEW, "работает: 2/2").pop()).await;
    assert!(end.is_ok(), "{:#?}\n{}", hub.answers(NEW), playbill.log_text());

    let next = hub.say(NEW, ANNA, "/set_replicas 3").unwrap();
    playbill.answer_in(NEW, next, |answer| answer.text.contains("работает: 3/3")).await;
    assert_eq!(answers_in(&hub, NEW, next).len(), 1);
    assert_eq!(playbill.commits().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_keeps_its_answers() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let inside = hub.post(Post::new(SECOND, ANNA, "/deploy 0.10.5").in_thread(TOPIC)).unwrap();
    let wrong = hub.post(Post::new(SECOND, ANNA, "/deploy").in_thread(TOPIC)).unwrap();
    let outside = hub.say(SECOND, ANNA, "/whoami").unwrap();
    let answer = playbill.answer_in(SECOND, inside, live).await;
    assert_eq!(answer.thread, Some(TOPIC));
    assert_eq!(playbill.answer_in(SECOND, wrong, |_| true).await.thread, Some(TOPIC));
    assert_eq!(playbill.answer_in(SECOND, outside, |_| true).await.thread, None);
    // What a button in a topic does is answered there as well.
    let list = hub.post(Post::new(SECOND, ANNA, "/showcontainers").in_thread(TOPIC)).unwrap();
    let list = playbill.answer_in(SECOND, list, |answer| !answer.buttons.is_empty()).await;
    let data = list.buttons[0][0].callback_data.clone().expect("a button that does something");
    hub.press(SECOND, list.id, &data, BORIS).unwrap();
    assert_eq!(playbill.answer_in(SECOND, list.id, live).await.thread, Some(TOPIC));
}
