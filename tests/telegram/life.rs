//! Start, trouble while polling, and the end.

use std::time::{Duration, Instant};

use tiphys::{
    adapters::telegram::RunError,
    domain::language::Language,
    sandbox::telegram::{Event, Fault, FaultKind, Phase, Tapped},
};

use crate::bot::{ANNA, Bot, GROUP, SOON, all_confirmed, answers, options, server};

#[tokio::test]
async fn a_webhook_is_removed() {
    let (server, hub) = server().await;
    hub.set_webhook("https://example.org/hook");
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/apps").unwrap();
    answers(&hub, GROUP, 1).await;
    all_confirmed(&hub).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn trouble_while_polling_loses_nothing() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    let conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    for (number, kind) in [
        FaultKind::Refuse { code: 409, description: conflict.into() },
        FaultKind::TooManyRequests(1),
        FaultKind::ServerError(502),
        FaultKind::ProxyPage(502),
        FaultKind::CutBefore,
        FaultKind::CutAfter,
    ]
    .into_iter()
    .enumerate()
    {
        hub.say(GROUP, ANNA, "/quiet").unwrap();
        hub.fail(Fault::times(2, "getUpdates", kind));
        hub.say(GROUP, ANNA, "/echo").unwrap();
        answers(&hub, GROUP, number + 1).await;
        hub.until(SOON, |hub| (hub.faults_left() == 0).then_some(())).await.unwrap();
        all_confirmed(&hub).await;
    }
    assert_eq!(bot.texts().len(), 12, "each came once");
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_network_that_comes_back_is_used_again() {
    let (server, hub) = server().await;
    hub.set_network(false);
    let bot = Bot::start(options(&server));
    assert_eq!(bot.telegram.username(), None);
    hub.say(GROUP, ANNA, "/echo").unwrap();
    hub.set_network(true);
    answers(&hub, GROUP, 1).await;
    all_confirmed(&hub).await;
    hub.set_network(false);
    hub.say(GROUP, ANNA, "/echo").unwrap();
    hub.set_network(true);
    answers(&hub, GROUP, 2).await;
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_not_accepted_ends_the_run() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/echo").unwrap();
    answers(&hub, GROUP, 1).await;
    hub.set_token("700000001:another_secret_0123456789");
    hub.set_network(false);
    hub.set_network(true);
    let error = bot.ended().await.unwrap_err();
    assert!(matches!(error, RunError::Unauthorised(_)), "{error}");

    let error = Bot::start(options(&server)).ended().await.unwrap_err();
    assert!(error.to_string().contains("check the token"), "{error}");
}

#[tokio::test]
async fn the_menu_is_set_in_both_languages() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    let menu = |description: &str| vec![("deploy".to_owned(), description.to_owned())];
    options.menu = vec![(Language::Ru, menu("Выкатить версию")), (Language::En, menu("Deploy a version"))];
    hub.fail(Fault::once("setMyCommands", FaultKind::ServerError(500)));
    let bot = Bot::start(options);
    hub.until(SOON, |hub| (hub.commands("en") == menu("Deploy a version")).then_some(())).await.unwrap();
    assert_eq!(hub.commands("fr"), menu("Выкатить версию"));
    bot.finish().await.unwrap();
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_work_and_confirms_it() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/wait").unwrap();
    bot.seen(1).await;
    let begin = Instant::now();
    bot.stop.cancel();
    bot.open_gate();
    bot.finish().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!((hub.answers(GROUP).len(), hub.unconfirmed()), (1, 0));
}

#[tokio::test]
async fn what_is_not_settled_at_the_end_stays_with_telegram() {
    let (server, hub) = server().await;
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    hub.say(GROUP, ANNA, "/notyet").unwrap();
    hub.say(GROUP, ANNA, "/quiet").unwrap();
    bot.seen(3).await;
    bot.stop.cancel();
    bot.open_gate();
    bot.finish().await.unwrap();
    assert_eq!(hub.unconfirmed(), 2, "the unsettled one and the one behind it");
}

#[tokio::test]
async fn the_end_is_not_held_up_for_ever() {
    let (server, hub) = server().await;
    let mut options = options(&server);
    options.drain = Duration::from_millis(300);
    let bot = Bot::start(options);
    hub.say(GROUP, ANNA, "/wait").unwrap();
    bot.seen(1).await;
    hub.set_network(false);
    let begin = Instant::now();
    bot.finish().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(hub.unconfirmed(), 1);
}

#[tokio::test]
async fn an_idle_bot_stops_at_once() {
    let (server, hub) = server().await;
    let mut events = hub.subscribe();
    let bot = Bot::start(options(&server));
    let mut polls = 0;
    let polled = async {
        loop {
            if matches!(events.recv().await.unwrap(), Event::Called { call } if call.method == "getUpdates") {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, polled).await.unwrap();
    let begin = Instant::now();
    bot.finish().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    while let Ok(event) = events.try_recv() {
        polls += u32::from(matches!(&event, Event::Called { call } if call.method == "getUpdates"));
    }
    assert_eq!(polls, 0, "one poll was all");
}

#[tokio::test]
async fn killed_at_any_step_every_command_is_answered() {
    // The steps of one command, in order; the bot dies at each in turn and starts anew.
    for (method, phase) in [
        ("getUpdates", Phase::After),
        ("sendMessage", Phase::Before),
        ("sendMessage", Phase::After),
        ("getUpdates", Phase::Before),
    ] {
        let (server, hub) = server().await;
        hub.say(GROUP, ANNA, "/echo").unwrap();
        let (died, mut dead) = tokio::sync::watch::channel(false);
        hub.tap(move |call, at| {
            let died = died.clone();
            async move {
                if call.method == method && at == phase && !*died.borrow() {
                    died.send_replace(true);
                    return Tapped::Cut;
                }
                // A dead process asks nothing more.
                if *died.borrow() { Tapped::Cut } else { Tapped::Continue }
            }
        });
        let bot = Bot::start(options(&server));
        tokio::time::timeout(SOON, dead.wait_for(|dead| *dead)).await.unwrap().unwrap();
        bot.kill().await;
        hub.untap();
        let bot = Bot::start(options(&server));
        answers(&hub, GROUP, 1).await;
        all_confirmed(&hub).await;
        bot.finish().await.unwrap();
    }
}
