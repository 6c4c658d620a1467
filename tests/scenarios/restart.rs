//! The program is killed or told to stop while it works, and started again.

use std::time::{Duration, Instant};

use tiphys::sandbox::{
    telegram::{Phase, ShownMessage, Tapped},
    world::Pace,
};
use tokio::sync::watch;

use crate::playbill::{PATIENCE, Playbill, answers_to};

/// What Kubernetes would wait at least; the program promises ten.
const STOP: Duration = Duration::from_secs(10);

fn live(answer: &ShownMessage) -> bool {
    answer.text.contains("работает: 2/2 пода")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_is_followed_on_in_its_message_after_a_kill() {
    let slow = Pace { pod: Duration::from_millis(1_500), progress_deadline: None, ..Pace::quick() };
    let playbill = Playbill::with_pace(slow).await;
    let mut bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let under_way = playbill.answer(command, |answer| answer.text.contains("поды")).await;
    playbill.confirmed().await;
    bot.kill();

    let _next = playbill.serve();
    let end = playbill.answer(command, live).await;

    assert_eq!(end.id, under_way.id, "the same message");
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "no second message");
    assert_eq!(playbill.commits().len(), 1);
    assert!(playbill.log_text().contains("following on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_not_confirmed_is_not_done_again_after_a_kill() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let mut bot = playbill.serve();
    // The poll that would confirm the command never reaches Telegram.
    let (settled, mut seen) = watch::channel(false);
    playbill.hub().tap(move |call, phase| {
        let confirms = call.method == "getUpdates" && call.params.get("offset").is_some_and(|offset| !offset.is_null());
        let cut = confirms && phase == Phase::Before;
        settled.send_if_modified(|seen| !std::mem::replace(seen, *seen || cut) && cut);
        async move { if cut { Tapped::Cut } else { Tapped::Continue } }
    });
    let command = playbill.say("/deploy 0.10.5");
    let committed = playbill.answer(command, |answer| answer.text.contains("записан")).await;
    tokio::time::timeout(PATIENCE, seen.wait_for(|seen| *seen)).await.unwrap().unwrap();
    assert_eq!(playbill.hub().unconfirmed(), 1);
    bot.kill();
    playbill.hub().untap();

    let _next = playbill.serve();
    playbill.confirmed().await;
    playbill.world.reconciler().pause(false);
    let end = playbill.answer(command, live).await;

    assert_eq!(end.id, committed.id);
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "no second message");
    assert_eq!(playbill.commits().len(), 1, "no second commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_rollout_leaves_it_to_the_next_process() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let mut bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let committed = playbill.answer(command, |answer| answer.text.contains("записан")).await;

    let begun = Instant::now();
    assert!(bot.terminate(), "{}", playbill.log_text());
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());
    assert_eq!(playbill.hub().unconfirmed(), 0, "the command is confirmed");

    playbill.world.reconciler().pause(false);
    let _next = playbill.serve();
    let end = playbill.answer(command, live).await;
    assert_eq!(end.id, committed.id);
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "no second message");
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_command_that_is_being_carried_out() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    // The command is accepted and hasn't been pushed when the signal comes: the answer to "accepted" is held back.
    let (arrived, mut at_work) = watch::channel(false);
    let (release, released) = watch::channel(false);
    playbill.hub().tap(move |call, phase| {
        let hold = call.method == "sendMessage" && phase == Phase::After;
        let mut released = released.clone();
        if hold {
            arrived.send_replace(true);
        }
        async move {
            if hold {
                drop(released.wait_for(|released| *released).await);
            }
            Tapped::Continue
        }
    });
    let mut bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    tokio::time::timeout(PATIENCE, at_work.wait_for(|at_work| *at_work)).await.unwrap().unwrap();
    bot.signal();
    playbill.logged("stopping").await;
    let begun = Instant::now();
    release.send_replace(true);
    assert!(bot.ended(), "{}", playbill.log_text());
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());

    assert_eq!(playbill.commits(), ["deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5"]);
    assert_eq!(playbill.hub().unconfirmed(), 0, "what was pushed is confirmed");
    playbill.hub().untap();
    playbill.world.reconciler().pause(false);
    let _next = playbill.serve();
    playbill.answer(command, live).await;
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "no second message");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_stops_an_idle_bot_at_once() {
    let playbill = Playbill::start().await;
    let mut bot = playbill.serve();
    let command = playbill.say("/whoami");
    playbill.answer(command, |answer| answer.text.contains("1001")).await;
    playbill.confirmed().await;

    let begun = Instant::now();
    assert!(bot.terminate());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(playbill.log_text().lines().all(|line| !line.contains("ERROR")), "{}", playbill.log_text());
}
