//! What becomes of a pressed button.

use serde_json::json;
use tiphys::{
    domain::{
        actor::{ChatId, PersonId, Place, Sender},
        answer::{Answer, Refusal},
        log::LogReport,
        pod::PodName,
        policy::Denial,
    },
    sandbox::telegram::{Event, Fault, FaultKind, Hub},
};
use tokio::sync::broadcast::Receiver;

use crate::bot::{ANNA, BASIC, BORIS, Bot, GROUP, SOON, all_confirmed, answers, options, progress, server};

/// The notice that a press is answered with, and whether it has to be closed.
async fn notice(events: &mut Receiver<Event>, query: &str) -> (Option<String>, bool) {
    loop {
        let event = tokio::time::timeout(SOON, events.recv()).await.unwrap().unwrap();
        if let Event::CallbackAnswered { query: answered, text, alert } = event
            && answered == query
        {
            return (text, alert);
        }
    }
}

/// A message of the bot with a command above it.
async fn shown(hub: &Hub, text: &str) -> i64 {
    let before = hub.answers(GROUP).len();
    hub.say(GROUP, ANNA, text).unwrap();
    answers(hub, GROUP, before + 1).await;
    hub.answers(GROUP).last().unwrap().id
}

/// The press of a button that the message has, whatever the message really is.
fn press(hub: &Hub, message: i64, id: &str, data: &str) {
    hub.push_update(json!({ "callback_query": {
        "id": id, "data": data, "chat_instance": "-1",
        "from": { "id": BORIS, "is_bot": false, "first_name": "Борис" },
        "message": {
            "message_id": message, "date": 1, "text": "x",
            "chat": { "id": GROUP, "type": "supergroup", "title": "x" },
            "reply_markup": { "inline_keyboard": [[{ "text": "x", "callback_data": data }]] },
        },
    }}));
}

#[tokio::test]
async fn a_button_is_a_command_of_its_presser() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let message = shown(&hub, "/first").await;

    let mut events = hub.subscribe();
    let query = hub.press_forged(GROUP, message, "/deploy 1; rm -rf /", BORIS).unwrap();
    let incoming = bot.seen(2).await.remove(1);
    assert_eq!(incoming.request_id.as_str(), format!("telegram/callback/{query}"));
    assert_eq!(incoming.sender, Sender::Account { id: PersonId(BORIS), shown_name: "Борис".into() });
    assert_eq!((incoming.text.as_str(), incoming.place), ("/deploy 1; rm -rf /", Place::Group(ChatId(GROUP))));
    assert_eq!(notice(&mut events, &query).await, (None, false));
    let texts = answers(&hub, GROUP, 2).await;
    assert!(texts[1].starts_with("👆 Борис: /deploy 1; rm -rf /\n"), "the chat sees who pressed what: {texts:?}");

    // Too old to be acknowledged: the command counts all the same.
    hub.press_forged(GROUP, message, "/late", BORIS).unwrap();
    hub.expire_callbacks();
    hub.press_forged(GROUP, message, "not a command", BORIS).unwrap();
    assert_eq!(bot.seen(3).await.remove(2).text, "/late");
    all_confirmed(&hub).await;
    assert_eq!(bot.texts().len(), 3);

    // In a private chat there is only one who can have pressed.
    hub.say(ANNA, ANNA, "/first").unwrap();
    answers(&hub, ANNA, 1).await;
    hub.press_forged(ANNA, hub.answers(ANNA)[0].id, "/apps", ANNA).unwrap();
    assert!(!answers(&hub, ANNA, 2).await[1].contains("👆"));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_press_is_acknowledged_while_its_command_is_in_work_and_confirmed_when_it_is_settled() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let message = shown(&hub, "/first").await;
    all_confirmed(&hub).await;
    let mut events = hub.subscribe();
    let query = hub.press_forged(GROUP, message, "/wait", BORIS).unwrap();
    assert_eq!(notice(&mut events, &query).await, (None, false));
    // A trembling finger, and a second person who means it.
    let again = hub.press_forged(GROUP, message, "/wait", BORIS).unwrap();
    assert_eq!(notice(&mut events, &again).await, (Some("Already being carried out.".into()), false));
    let other = hub.press_forged(GROUP, message, "/wait", ANNA).unwrap();
    assert_eq!(notice(&mut events, &other).await, (None, false));
    assert_eq!(bot.seen(3).await.len(), 3);
    assert_eq!(hub.unconfirmed(), 3);
    bot.kill().await;

    // Killed before anything is settled: the one that counts comes again, and so does its echo.
    let bot = Bot::start(options(&server));
    let seen = bot.seen(2).await;
    let ids: Vec<&str> = seen.iter().map(|incoming| incoming.request_id.as_str()).collect();
    assert_eq!(ids, [format!("telegram/callback/{query}"), format!("telegram/callback/{other}")]);
    bot.open_gate();
    all_confirmed(&hub).await;
    assert_eq!(bot.texts(), ["/wait", "/wait"]);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_refused_presser_is_told_alone() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let message = shown(&hub, "/first").await;
    let mut events = hub.subscribe();
    let query = hub.press_forged(GROUP, message, "/denied", BORIS).unwrap();
    let (text, alert) = notice(&mut events, &query).await;
    assert!(alert && text.as_ref().unwrap().contains("No access. An operator has to add your ID: 1002"), "{text:?}");
    all_confirmed(&hub).await;
    assert_eq!(hub.answers(GROUP).len(), 1, "the chat isn't");

    // Nobody can be told any more: settled all the same.
    hub.press_forged(GROUP, message, "/denied 2", BORIS).unwrap();
    hub.expire_callbacks();
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_page_is_turned_in_place() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let page = shown(&hub, "/first").await;
    press(&hub, page, "501", "=/page");
    let turned = hub.until(SOON, |hub| hub.message(GROUP, page).filter(|message| message.text.contains("/help"))).await;
    assert!(!turned.unwrap().text.contains("👆"));
    all_confirmed(&hub).await;
    // The same page again is no change, and Telegram's words for that are no failure.
    press(&hub, page, "502", "=/page 1");
    bot.seen(3).await;
    all_confirmed(&hub).await;
    assert_eq!((hub.answers(GROUP).len(), hub.message(GROUP, page).unwrap().edits), (1, 1));

    // What says no doesn't take the page away.
    press(&hub, page, "503", "=/first");
    assert!(answers(&hub, GROUP, 2).await[1].contains("echo /first"));
    // Nor does a button that the message doesn't have: the answer stands for itself.
    hub.press_forged(GROUP, page, "=/page 2", BORIS).unwrap();
    answers(&hub, GROUP, 3).await;
    assert_eq!(hub.message(GROUP, page).unwrap().edits, 1);

    // Flood control is waited for, and a deleted page is shown anew.
    hub.fail(Fault::once("editMessageText", FaultKind::TooManyRequests(1)));
    hub.delete(GROUP, page).unwrap();
    press(&hub, page, "504", "=/page 3");
    assert!(answers(&hub, GROUP, 3).await[2].contains("/help"));
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_file_and_a_text_dont_take_each_others_place() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let page = shown(&hub, "/first").await;
    press(&hub, page, "551", "=/file");
    answers(&hub, GROUP, 2).await;
    let file = hub.answers(GROUP).last().unwrap().clone();
    assert!(file.document.is_some() && hub.message(GROUP, page).unwrap().edits == 0);
    press(&hub, file.id, "552", "=/page");
    assert!(answers(&hub, GROUP, 3).await[2].contains("/help"));
    assert!(hub.message(GROUP, file.id).unwrap().document.is_some());
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_confirmed_change_goes_on_in_the_message_that_asked() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let question = shown(&hub, "/first").await;
    press(&hub, question, "601", "=/quiet");
    let replier = bot.seen(2).await.remove(1).replier;
    let address = replier.post(&progress(1)).await.unwrap().unwrap();
    assert_eq!(address.as_str(), format!("telegram/{GROUP}/{question}"));
    replier.ensure(Some(&address), &crate::bot::live(2)).await.unwrap();
    assert!(hub.message(GROUP, question).unwrap().text.contains("live: 2/2"));
    assert_eq!(hub.answers(GROUP).len(), 1);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_button_without_effect_says_so() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let message = shown(&hub, "/first").await;
    let mut events = hub.subscribe();
    for data in ["#0123456789abcdef01234567", "=#0123456789abcdef01234567"] {
        let query = hub.press_old(GROUP, message, data, BORIS).unwrap();
        let (text, alert) = notice(&mut events, &query).await;
        assert!(alert && text.as_ref().unwrap().contains("too old"), "{text:?}");
    }
    let query = hub.press_forged(GROUP, message, "nonsense", BORIS).unwrap();
    assert_eq!(notice(&mut events, &query).await, (None, false));
    // The command of an old message's button is known when it is short.
    hub.press_old(GROUP, message, "/apps", BORIS).unwrap();
    answers(&hub, GROUP, 2).await;
    // A message that somebody sent through the bot has no chat.
    hub.push_update(json!({ "callback_query": {
        "id": "9", "data": "/apps", "chat_instance": "1", "inline_message_id": "x",
        "from": { "id": BORIS, "is_bot": false, "first_name": "Борис" },
    }}));
    all_confirmed(&hub).await;
    assert_eq!(bot.texts(), ["/first", "/apps"]);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_button_of_a_group_that_moved_is_answered_where_the_group_is_now() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(BASIC, ANNA, "/first").unwrap();
    answers(&hub, BASIC, 1).await;
    let message = hub.answers(BASIC)[0].id;
    hub.migrate(BASIC, -100_778).unwrap();
    hub.press_forged(BASIC, message, "/apps", BORIS).unwrap();
    assert!(answers(&hub, -100_778, 1).await[0].contains("echo /apps"));
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

/// What the handler of these tests answers to some words.
pub(crate) fn answer(word: &str) -> Option<Answer> {
    match word {
        "/denied" => Some(Answer::Refused(Refusal::Denied(Denial::UnknownPerson(PersonId(BORIS))))),
        "/page" => Some(Answer::Help(None)),
        "/file" => Some(Answer::Log(Box::new(LogReport {
            pod: PodName { namespace: "oil".into(), name: "oil-xk2lp".into() },
            container: "app".into(),
            chosen: false,
            previous: false,
            lines: vec!["x".repeat(250); 30],
            cut: false,
            masked: 0,
            not_there: None,
            others: Vec::new(),
            crashed: None,
        }))),
        _ => None,
    }
}
