//! Which updates become commands, and when they are confirmed.

use serde_json::json;
use tiphys::{
    domain::{
        actor::{ChatId, PersonId, Place, Sender},
        language::Language,
    },
    sandbox::telegram::{Event, Post},
};

use crate::bot::{ANNA, BORIS, Bot, FORUM, GROUP, OTHER, SOON, all_confirmed, answers, options, said, server};

#[tokio::test]
async fn an_update_is_confirmed_once_its_command_is_settled() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/wait").unwrap();
    bot.seen(1).await;
    // Others, there and elsewhere, are answered while the first is in work.
    hub.say(GROUP, BORIS, "/apps").unwrap();
    hub.say(OTHER, BORIS, "/status").unwrap();
    assert!(answers(&hub, GROUP, 1).await[0].contains("echo /apps"));
    assert!(answers(&hub, OTHER, 1).await[0].contains("echo /status"));
    assert_eq!(hub.unconfirmed(), 3, "the first one holds all of them back");
    bot.open_gate();
    assert!(answers(&hub, GROUP, 2).await[1].contains("echo /wait"));
    all_confirmed(&hub).await;
    assert_eq!(bot.texts(), ["/wait", "/apps", "/status"], "each came once");
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_long_command_does_not_hide_the_ones_after_it() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/wait").unwrap();
    bot.seen(1).await;
    // Telegram shows less to whoever asks for the same offset too often, so the polls go on for a while first.
    let mut events = hub.subscribe();
    let mut polls = 0;
    while polls < 3 {
        let event = tokio::time::timeout(SOON, events.recv()).await.unwrap().unwrap();
        polls += u32::from(matches!(event, Event::Answered { call, .. } if call.method == "getUpdates"));
    }
    hub.say(GROUP, BORIS, "/apps").unwrap();
    answers(&hub, GROUP, 1).await;
    bot.open_gate();
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commands_begin_in_the_order_in_which_they_were_typed() {
    let (server, hub) = server().await;
    let typed: Vec<String> = (0..90).map(|number| format!("/quiet {number}")).collect();
    for text in &typed {
        hub.say(GROUP, ANNA, text).unwrap();
    }
    let bot = Bot::start(options(&server));
    bot.seen(typed.len()).await;
    assert_eq!(bot.texts(), typed);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_killed_bot_gets_its_unsettled_commands_again() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/apps").unwrap();
    answers(&hub, GROUP, 1).await;
    all_confirmed(&hub).await;
    let id = hub.say(GROUP, ANNA, "/wait").unwrap();
    bot.seen(2).await;
    bot.kill().await;

    let bot = Bot::start(options(&server));
    let again = bot.seen(1).await.remove(0);
    assert_eq!(again.request_id.as_str(), format!("telegram/{GROUP}/{id}"));
    bot.open_gate();
    answers(&hub, GROUP, 2).await;
    all_confirmed(&hub).await;
    assert_eq!(bot.texts(), ["/wait"]);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn more_commands_than_telegram_shows_at_once() {
    let (server, hub) = server().await;
    hub.say(GROUP, ANNA, "/wait").unwrap();
    for number in 1..130 {
        hub.say(GROUP, ANNA, &format!("/quiet {number}")).unwrap();
    }
    let bot = Bot::start(options(&server));
    bot.seen(100).await;
    assert_eq!(hub.unconfirmed(), 130);
    bot.open_gate();
    bot.seen(130).await;
    all_confirmed(&hub).await;
    let mut texts = bot.texts();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 130);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn only_commands_reach_the_handler() {
    let (server, hub) = server().await;
    let said_in_private = hub.say(ANNA, ANNA, "привет").unwrap();
    hub.edit(ANNA, said_in_private, "/deploy 6.6.6").unwrap();
    hub.push_update(json!({ "message": { "message_id": 1, "chat": { "id": "what" } } }));
    hub.push_update(json!({ "hologram": {} }));
    hub.push_update(json!({ "callback_query": { "id": 5 } }));
    hub.push_update(json!({ "message": {
        "message_id": 900, "date": 1, "chat": { "id": ANNA, "type": "private", "first_name": "x" },
        "from": { "id": ANNA, "is_bot": false, "first_name": "x" }, "text": "/apps",
        "entities": [{ "type": "hologram", "offset": 0, "length": 5 }],
    }}));
    let bot = Bot::start(options(&server));
    hub.say(ANNA, ANNA, "/status").unwrap();
    bot.seen(2).await;
    all_confirmed(&hub).await;
    assert_eq!(bot.texts(), ["/apps", "/status"]);
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn who_asks_and_where() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    options.chats.insert(ChatId(OTHER), Language::Ru);
    let bot = Bot::start(options);
    let anna = Sender::Account { id: PersonId(ANNA), shown_name: "Анна".into() };

    hub.say(OTHER, ANNA, "/apps@tiphys_bot now").unwrap();
    let incoming = bot.seen(1).await.remove(0);
    assert_eq!((&incoming.sender, incoming.place), (&anna, Place::Group(ChatId(OTHER))));
    assert_eq!((incoming.text.as_str(), incoming.language), ("/apps@tiphys_bot now", Language::Ru));
    assert!(incoming.addressed && &*incoming.bot == "tiphys_bot");

    hub.say(ANNA, ANNA, "/whoami").unwrap();
    let incoming = bot.seen(2).await.remove(1);
    assert_eq!((incoming.place, incoming.addressed), (Place::Private(ChatId(ANNA)), true));

    hub.post(Post::new(FORUM, ANNA, "/apps").in_thread(7).anonymous()).unwrap();
    let incoming = bot.seen(3).await.remove(2);
    assert_eq!((&incoming.sender, incoming.addressed), (&Sender::Anonymous, false));
    answers(&hub, FORUM, 1).await;
    let answer = hub.answers(FORUM).remove(0);
    assert_eq!((answer.thread, answer.reply_to), (Some(7), Some(1)));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_handler_that_panics_holds_nothing_up() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/panic").unwrap();
    hub.say(GROUP, ANNA, "/apps").unwrap();
    answers(&hub, GROUP, 1).await;
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_keeps_working() {
    use crate::bot::BASIC;
    for told in [true, false] {
        let (server, hub) = server().await;
        let bot = Bot::start(options(&server));
        hub.say(BASIC, ANNA, "/wait").unwrap();
        let before = bot.seen(1).await.remove(0);
        let address = before.replier.post(&said("before")).await.unwrap().unwrap();
        if told {
            hub.migrate(BASIC, -100_777).unwrap();
        } else {
            hub.migrate_silently(BASIC, -100_777).unwrap();
        }
        // The answer to a command from before the move goes to the new chat; so does what can't be edited any more.
        bot.open_gate();
        assert!(answers(&hub, -100_777, 1).await[0].contains("echo /wait"));
        before.replier.replace(Some(&address), &said("after")).await.unwrap();
        assert!(answers(&hub, -100_777, 2).await[1].contains("after"));
        assert_eq!(hub.answers(BASIC).len(), 1);

        hub.say(-100_777, ANNA, "/apps").unwrap();
        let after = bot.seen(2).await.remove(1);
        assert_eq!(after.place, Place::Group(ChatId(BASIC)), "the chat of the configuration");
        assert_eq!((after.request_id.as_str().starts_with("telegram/-100777/"), after.language), (true, Language::En));
        answers(&hub, -100_777, 3).await;
        all_confirmed(&hub).await;
        bot.finish().await.unwrap();
    }
}
