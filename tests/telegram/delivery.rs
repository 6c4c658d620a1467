//! Answers on their way: edits, limits, faults.

use std::time::{Duration, Instant};

use tiphys::{
    adapters::telegram::Limits,
    domain::name::ReplyAddress,
    ports::ReplyError,
    sandbox::telegram::{Event, Fault, FaultKind},
};

use crate::bot::{ANNA, Bot, FORUM, GROUP, OTHER, all_confirmed, answers, live, options, progress, said, server};

/// The number of calls of a method that were answered so.
fn calls(events: &mut tokio::sync::broadcast::Receiver<Event>, method: &str) -> Vec<Option<u16>> {
    let mut found = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Answered { call, status } = event
            && call.method == method
        {
            found.push(status);
        }
    }
    found
}

#[tokio::test]
async fn one_message_is_edited_and_the_newest_text_wins() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    options.limits.progress_every = Duration::from_millis(400);
    let bot = Bot::start(options);
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(1).await.remove(0).replier;
    let address = replier.post(&progress(0)).await.unwrap().unwrap();
    let id: i64 = address.as_str().rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(address.as_str(), format!("telegram/{GROUP}/{id}"));

    let begin = Instant::now();
    for ready in 1..=50 {
        replier.replace(Some(&address), &progress(ready)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "progress is never waited for");
    let most = begin.elapsed().as_millis() / 400 + 1;
    replier.replace(Some(&address), &live(50)).await.unwrap();
    let shown = hub.message(GROUP, id).unwrap();
    assert!(u128::from(shown.edits) <= most + 1, "{} edits", shown.edits);
    assert!(shown.edits >= 3, "{} edits", shown.edits);
    let last = shown.text.clone();
    // Late progress changes nothing, and the same last answer again is a success.
    replier.replace(Some(&address), &live(50)).await.unwrap();
    assert_eq!(hub.message(GROUP, id).unwrap().text, last);
    assert_eq!(hub.answers(GROUP).len(), 1);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn progress_keeps_to_the_published_limits() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    options.limits = Limits::default();
    let bot = Bot::start(options);
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(1).await.remove(0).replier;
    let address = replier.post(&progress(0)).await.unwrap().unwrap();
    let mut events = hub.subscribe();
    replier.replace(Some(&address), &progress(1)).await.unwrap();
    replier.replace(Some(&address), &progress(2)).await.unwrap();
    replier.replace(Some(&address), &progress(3)).await.unwrap();
    let begin = Instant::now();
    replier.replace(Some(&address), &live(3)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2), "a last answer doesn't wait for the time between two edits");
    assert!(calls(&mut events, "editMessageText").len() <= 2);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn what_must_be_shown_is_waited_for() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    options.limits.progress_every = Duration::from_millis(300);
    let bot = Bot::start(options);
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(1).await.remove(0).replier;
    let address = replier.post(&progress(0)).await.unwrap().unwrap();
    let id: i64 = address.as_str().rsplit('/').next().unwrap().parse().unwrap();
    let edits = || hub.message(GROUP, id).unwrap().edits;
    replier.ensure(Some(&address), &progress(1)).await.unwrap();
    assert_eq!(edits(), 1);
    // The limits hold this one up; it is waited for all the same, and it says the same the second time.
    replier.ensure(Some(&address), &progress(2)).await.unwrap();
    assert_eq!(edits(), 2);
    replier.ensure(Some(&address), &progress(2)).await.unwrap();
    assert_eq!(edits(), 2);
    // Something newer will do.
    let (third, end) = (progress(3), live(3));
    let (ensured, last) = tokio::join!(replier.ensure(Some(&address), &third), replier.replace(Some(&address), &end));
    assert!(ensured.is_ok() && last.is_ok());
    assert_eq!(edits(), 3);
    // Nobody is left waiting for what can't be shown.
    hub.set_member(GROUP, false).unwrap();
    assert!(matches!(replier.ensure(Some(&address), &progress(4)).await, Err(ReplyError::Rejected(_))));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn what_was_deleted_is_sent_anew() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(1).await.remove(0).replier;
    replier.post(&progress(0)).await.unwrap();
    let first = hub.answers(GROUP).remove(0);
    hub.delete(GROUP, first.id).unwrap();
    replier.replace(None, &progress(1)).await.unwrap();
    answers(&hub, GROUP, 1).await;
    replier.replace(None, &live(7)).await.unwrap();
    let shown = hub.answers(GROUP);
    assert_eq!((shown.len(), shown[0].edits, shown[0].reply_to), (1, 1, Some(1)));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_message_of_an_earlier_process_goes_on() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let address = bot.seen(1).await.remove(0).replier.post(&progress(0)).await.unwrap().unwrap();
    bot.kill().await;

    let bot = Bot::start(options(&server));
    let at = bot.telegram.replier_at();
    at.at(&address).unwrap().replace(Some(&address), &live(2)).await.unwrap();
    let shown = hub.answers(GROUP);
    assert_eq!((shown.len(), shown[0].edits), (1, 1));
    for foreign in ["gitlab/1/2", "telegram/-5/1", "telegram/1002/1", "cli/x"] {
        assert!(at.at(&ReplyAddress::new(foreign).unwrap()).is_none(), "{foreign}");
    }
    assert!(at.at(&ReplyAddress::new("telegram/1001/1").unwrap()).is_some(), "Anna may write in private");
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn an_address_elsewhere_does_not_lead_an_answer_out_of_its_chat() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(OTHER, ANNA, "/secret").unwrap();
    answers(&hub, OTHER, 1).await;
    let there = hub.answers(OTHER).remove(0);
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(2).await.remove(1).replier;
    for address in [format!("telegram/{OTHER}/{}", there.id), "gitlab/1/2".to_owned()] {
        replier.replace(Some(&ReplyAddress::new(address).unwrap()), &live(2)).await.unwrap();
    }
    assert_eq!(hub.answers(OTHER), [there]);
    let shown = hub.answers(GROUP);
    assert_eq!((shown.len(), shown[0].reply_to), (1, Some(1)));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_blocked_chat_holds_up_no_other() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.fail(Fault::once("sendMessage", FaultKind::TooManyRequests(2)).in_chat(GROUP));
    hub.say(GROUP, ANNA, "/one").unwrap();
    hub.until(crate::bot::SOON, |hub| hub.faults_left().eq(&0).then_some(())).await.unwrap();
    let begin = Instant::now();
    hub.say(OTHER, ANNA, "/two").unwrap();
    answers(&hub, OTHER, 1).await;
    assert_eq!(hub.answers(GROUP).len(), 0, "the other chat came first");
    answers(&hub, GROUP, 1).await;
    assert!(begin.elapsed() > Duration::from_millis(1000), "retry_after was obeyed");
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn trouble_on_the_way_costs_no_answer() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    for (number, kind) in [
        FaultKind::ServerError(502),
        FaultKind::ProxyPage(504),
        FaultKind::CutBefore,
        FaultKind::TooManyRequests(1),
        FaultKind::Refuse { code: 400, description: "Bad Request: can't parse entities: as scripted".into() },
    ]
    .into_iter()
    .enumerate()
    {
        let begin = Instant::now();
        hub.fail(Fault::once("sendMessage", kind.clone()));
        hub.say(GROUP, ANNA, "/echo").unwrap();
        answers(&hub, GROUP, number + 1).await;
        assert!(begin.elapsed() < Duration::from_secs(9), "{kind:?}: teloxide would have slept ten seconds");
        all_confirmed(&hub).await;
    }
    assert_eq!(hub.answers(GROUP).len(), 5);

    // The same for the last edit of a message; here a cut after the fact does no harm either.
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(6).await.remove(5).replier;
    for kind in [FaultKind::ServerError(500), FaultKind::CutBefore, FaultKind::CutAfter, FaultKind::TooManyRequests(1)]
    {
        replier.post(&progress(0)).await.unwrap();
        hub.fail(Fault::once("editMessageText", kind));
        replier.replace(None, &live(4)).await.unwrap();
        assert_eq!(hub.answers(GROUP).last().unwrap().edits, 1);
    }
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_cut_after_sending_gives_two_answers_rather_than_none() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.fail(Fault::once("sendMessage", FaultKind::CutAfter));
    hub.say(GROUP, ANNA, "/echo").unwrap();
    answers(&hub, GROUP, 2).await;
    all_confirmed(&hub).await;
    assert_eq!(bot.texts().len(), 1);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn refusals_are_final_or_worked_around() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    // A topic that was closed meanwhile: the answer comes in the general one.
    hub.fail(Fault::once(
        "sendMessage",
        FaultKind::Refuse { code: 400, description: "Bad Request: TOPIC_CLOSED".into() },
    ));
    hub.post(tiphys::sandbox::telegram::Post::new(FORUM, ANNA, "/echo").in_thread(7)).unwrap();
    answers(&hub, FORUM, 1).await;
    assert_eq!(hub.answers(FORUM)[0].thread, None);

    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(2).await.remove(1).replier;
    hub.set_member(GROUP, false).unwrap();
    let error = replier.post(&said("x")).await.unwrap_err();
    assert!(error.to_string().contains("bot was kicked"), "{error}");
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_not_lost() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    let replier = bot.seen(1).await.remove(0).replier;
    replier.post(&said(&"<🚀&>".repeat(3000))).await.unwrap();
    let text = hub.answers(GROUP).remove(0).text;
    assert!(text.contains("<🚀&>") && text.contains('…'), "{text}");
    assert!(text.encode_utf16().count() <= 4096);
    bot.finish().await.unwrap();
}
