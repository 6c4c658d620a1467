//! The server as teloxide's own client sees it.

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use teloxide::{
    ApiError, Bot, RequestError,
    payloads::{AnswerCallbackQuerySetters, GetUpdatesSetters, SendMessageSetters, SetMyCommandsSetters},
    requests::Requester,
    types::{
        AllowedUpdate, BotCommand, CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, MessageId,
        ParseMode, ReplyParameters, ThreadId, UpdateKind,
    },
};

use super::*;

const TOKEN: &str = "700000001:AAF-sandbox_token_0123456789abcdefghi";
const GROUP: i64 = -1001;
const FORUM: i64 = -1002;
const ANNA: i64 = 1001;
const SOON: Duration = Duration::from_secs(10);

async fn start() -> (TelegramServer, Hub, Bot) {
    let options = Options::new(TOKEN)
        .chat(Chat::supergroup(GROUP, "Команда"))
        .chat(Chat::forum(FORUM, "Forum", [7]))
        .user(User::person(ANNA, "Анна"));
    let server = TelegramServer::start(options).await.unwrap();
    let bot = client(&server.url(), TOKEN);
    let hub = server.hub();
    (server, hub, bot)
}

fn client(url: &str, token: &str) -> Bot {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    let http = reqwest_012::Client::builder().no_proxy().build().unwrap();
    Bot::with_client(token, http).set_api_url(url.parse().unwrap())
}

fn described(error: RequestError) -> String {
    match error {
        RequestError::Api(ApiError::Unknown(words)) => words,
        RequestError::Api(known) => known.to_string(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn a_conversation_with_buttons_and_edits() {
    let (_server, hub, bot) = start().await;
    assert_eq!(bot.get_me().await.unwrap().username(), "tiphys_bot");

    let asked = hub.say(GROUP, ANNA, "/deploy 0.10.5").unwrap();
    let updates = bot.get_updates().await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!(message.text(), Some("/deploy 0.10.5"));
    assert_eq!(message.id, MessageId(i32::try_from(asked).unwrap()));
    assert_eq!(message.from.as_ref().unwrap().id.0, ANNA.unsigned_abs());
    assert_eq!(message.parse_entities().unwrap().len(), 1);

    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Да", "/status")]]);
    let sent = bot
        .send_message(ChatId(GROUP), "<b>принято</b> &amp; всё")
        .parse_mode(ParseMode::Html)
        .reply_parameters(ReplyParameters::new(message.id))
        .reply_markup(keyboard)
        .await
        .unwrap();
    assert_eq!(sent.reply_to_message().unwrap().id, message.id);
    let shown = hub.answers(GROUP).remove(0);
    assert_eq!((shown.text.as_str(), shown.edits, shown.reply_to), ("принято & всё", 0, Some(asked)));
    assert_eq!(shown.html, "<b>принято</b> &amp; всё");

    let query = hub.press(GROUP, shown.id, "/status", ANNA).unwrap();
    assert!(hub.press(GROUP, shown.id, "/other", ANNA).is_err());
    let updates = bot.get_updates().offset(updates[0].id.as_offset()).await.unwrap();
    assert_eq!(updates.len(), 1, "the first is confirmed");
    let UpdateKind::CallbackQuery(callback) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!(callback.data.as_deref(), Some("/status"));
    assert_eq!(callback.regular_message().unwrap().id, sent.id);
    bot.answer_callback_query(CallbackQueryId(query.clone())).text("ok").await.unwrap();
    let again = bot.answer_callback_query(CallbackQueryId(query)).await.unwrap_err();
    assert!(described(again).starts_with("Bad Request: query is too old"));

    bot.edit_message_text(ChatId(GROUP), sent.id, "живёт").await.unwrap();
    let same = bot.edit_message_text(ChatId(GROUP), sent.id, "живёт").await.unwrap_err();
    assert!(matches!(same, RequestError::Api(ApiError::MessageNotModified)), "{same}");
    let shown = hub.message(GROUP, shown.id).unwrap();
    assert_eq!((shown.text.as_str(), shown.edits, shown.buttons.len()), ("живёт", 1, 0));

    bot.delete_message(ChatId(GROUP), sent.id).await.unwrap();
    let gone = bot.edit_message_text(ChatId(GROUP), sent.id, "x").await.unwrap_err();
    assert!(matches!(gone, RequestError::Api(ApiError::MessageToEditNotFound)), "{gone}");
    assert_eq!(hub.unconfirmed(), 1);
}

#[tokio::test]
async fn refusals_have_the_real_words() {
    let (server, _hub, bot) = start().await;
    let chat = ChatId(GROUP);
    let html = |text: String| bot.send_message(chat, text).parse_mode(ParseMode::Html);
    let words = |result: Result<_, RequestError>| described(result.map(|_: teloxide::types::Message| ()).unwrap_err());

    assert!(words(html("<b>x".into()).await).contains("can't parse entities: Can't find end tag"));
    assert_eq!(words(html("<b> </b>".into()).await), "Bad Request: message text is empty");
    assert!(html(format!("<b>{}</b>", "я".repeat(4096))).await.is_ok());
    assert_eq!(words(html("я".repeat(4097)).await), "Bad Request: message is too long");
    assert_eq!(words(bot.send_message(ChatId(-5), "x").await), "Bad Request: chat not found");
    assert!(words(bot.send_message(ChatId(ANNA), "x").await).starts_with("Forbidden: bot can't initiate"));
    let reply = ReplyParameters::new(MessageId(99));
    assert!(words(bot.send_message(chat, "x").reply_parameters(reply.clone()).await).contains("replied not found"));
    assert!(bot.send_message(chat, "x").reply_parameters(reply.allow_sending_without_reply()).await.is_ok());
    let long = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("x", "ы".repeat(33))]]);
    assert_eq!(words(bot.send_message(chat, "x").reply_markup(long).await), "Bad Request: BUTTON_DATA_INVALID");
    let thread = |id| bot.send_message(ChatId(FORUM), "x").message_thread_id(ThreadId(MessageId(id)));
    assert_eq!(words(thread(8).await), "Bad Request: message thread not found");
    assert_eq!(thread(7).await.unwrap().thread_id, Some(ThreadId(MessageId(7))));

    let stranger = client(&server.url(), "1:wrong").get_me().await.unwrap_err();
    assert_eq!(described(stranger), "Invalid bot token");
}

#[tokio::test]
async fn a_long_poll_ends_with_the_next_update() {
    let (_server, hub, bot) = start().await;
    let poll = tokio::spawn(bot.get_updates().timeout(30).allowed_updates([AllowedUpdate::Message]).into_future());
    let mut events = hub.subscribe();
    hub.say(GROUP, ANNA, "чужой разговор").unwrap();
    hub.say(GROUP, ANNA, "/apps@other_bot").unwrap();
    assert_eq!(hub.unconfirmed(), 0, "privacy mode keeps this from the bot");
    hub.say(GROUP, ANNA, "/apps@Tiphys_Bot").unwrap();
    let updates = tokio::time::timeout(SOON, poll).await.unwrap().unwrap().unwrap();
    assert_eq!(updates.len(), 1);
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, Event::Answered { status: Some(400..), .. }), "{event:?}");
    }
}

#[tokio::test]
async fn two_pollers_and_webhooks_conflict() {
    let (_server, hub, bot) = start().await;
    let old = tokio::spawn(bot.get_updates().timeout(30).into_future());
    let waits = |hub: &Hub| hub.inner().peek(|world| (world.queue.poller() == 1).then_some(()));
    hub.until(SOON, waits).await.unwrap();
    let new = tokio::spawn(bot.get_updates().timeout(30).into_future());
    let error = tokio::time::timeout(SOON, old).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, RequestError::Api(ApiError::TerminatedByOtherGetUpdates)), "{error}");
    hub.say(GROUP, ANNA, "/apps").unwrap();
    assert_eq!(new.await.unwrap().unwrap().len(), 1);

    hub.set_webhook("https://example.org/hook");
    let error = bot.get_updates().await.unwrap_err();
    assert!(described(error).contains("can't use getUpdates method while webhook is active"));
    assert_eq!(bot.get_webhook_info().await.unwrap().pending_update_count, 1);
    bot.delete_webhook().await.unwrap();
    assert_eq!(bot.get_updates().await.unwrap().len(), 1);
}

#[tokio::test]
async fn command_menus_by_language() {
    let (_server, hub, bot) = start().await;
    bot.set_my_commands([BotCommand::new("deploy", "Deploy")]).await.unwrap();
    bot.set_my_commands([BotCommand::new("deploy", "Выкатить")]).language_code("ru").await.unwrap();
    assert_eq!(hub.commands("ru"), [("deploy".to_owned(), "Выкатить".to_owned())]);
    assert_eq!(hub.commands("de"), [("deploy".to_owned(), "Deploy".to_owned())]);
    assert!(bot.set_my_commands([BotCommand::new("set-replicas", "x")]).await.is_err());
    assert_eq!(bot.get_my_commands().await.unwrap().len(), 1);
}

#[tokio::test]
async fn anonymous_administrators_threads_and_migration() {
    let (_server, hub, bot) = start().await;
    hub.post(Post::new(FORUM, ANNA, "/apps").in_thread(7).anonymous()).unwrap();
    let updates = bot.get_updates().await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{updates:?}") };
    assert!(message.is_topic_message && message.thread_id == Some(ThreadId(MessageId(7))));
    assert_eq!(message.sender_chat.as_ref().unwrap().id, ChatId(FORUM));
    assert_eq!(message.from.as_ref().unwrap().username.as_deref(), Some("GroupAnonymousBot"));

    hub.migrate(GROUP, -1009).unwrap();
    let error = bot.send_message(ChatId(GROUP), "x").await.unwrap_err();
    assert!(matches!(error, RequestError::MigrateToChatId(ChatId(-1009))), "{error}");
    assert!(bot.send_message(ChatId(-1009), "x").await.is_ok());
    let updates = bot.get_updates().offset(updates[0].id.as_offset()).await.unwrap();
    let moves: Vec<_> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(message) => {
                (message.migrate_to_chat_id().is_some(), message.migrate_from_chat_id().is_some())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(moves, [(true, false), (false, true)]);
}

#[tokio::test]
async fn faults_come_as_scripted() {
    let (_server, hub, bot) = start().await;
    let send = || bot.send_message(ChatId(GROUP), "x").into_future();
    hub.fail(Fault::once("sendMessage", FaultKind::TooManyRequests(7)));
    assert!(matches!(send().await, Err(RequestError::RetryAfter(seconds)) if seconds.seconds() == 7));
    hub.fail(Fault::once("sendMessage", FaultKind::MigrateTo(-9)).in_chat(GROUP));
    assert!(matches!(send().await, Err(RequestError::MigrateToChatId(ChatId(-9)))));
    hub.fail(Fault::once("sendMessage", FaultKind::ProxyPage(404)));
    assert!(matches!(send().await, Err(RequestError::InvalidJson { .. })));
    hub.fail(Fault::once("sendMessage", FaultKind::CutBefore));
    assert!(matches!(send().await, Err(RequestError::Network(_))));
    assert_eq!(hub.answers(GROUP).len(), 0);
    hub.fail(Fault::once("sendMessage", FaultKind::CutAfter));
    assert!(matches!(send().await, Err(RequestError::Network(_))));
    assert_eq!(hub.answers(GROUP).len(), 1);
    hub.set_network(false);
    assert!(matches!(send().await, Err(RequestError::Network(_))));
    hub.set_network(true);
    assert!(send().await.is_ok());
}

#[tokio::test]
async fn taps_see_each_step_and_can_cut() {
    let (_server, hub, bot) = start().await;
    let seen = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&seen);
    hub.tap(move |call, phase| {
        let counter = Arc::clone(&counter);
        async move {
            assert_eq!(call.method, "sendMessage");
            counter.fetch_add(if phase == Phase::Before { 1 } else { 100 }, Ordering::SeqCst);
            if phase == Phase::After { Tapped::Cut } else { Tapped::Continue }
        }
    });
    assert!(bot.send_message(ChatId(GROUP), "x").await.is_err());
    assert_eq!((seen.load(Ordering::SeqCst), hub.answers(GROUP).len()), (101, 1));
    hub.untap();
    assert!(bot.send_message(ChatId(GROUP), "x").await.is_ok());
}

#[tokio::test]
async fn requests_come_in_any_form_and_case() {
    let (server, hub, bot) = start().await;
    let url = format!("{}/bot{TOKEN}/sendmessage", server.url());
    let http = bot.client();
    let get = http.get(format!("{url}?chat_id={GROUP}&text=a%20b")).send();
    assert!(get.await.unwrap().status().is_success());
    let form = http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("chat_id={GROUP}&text=c&reply_parameters=%7B%22message_id%22%3A1%7D"))
        .send();
    assert!(form.await.unwrap().status().is_success());
    let parts = format!(
        "--b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{GROUP}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nd\r\n--b--\r\n"
    );
    let multipart = http.post(&url).header("content-type", "multipart/form-data; boundary=b").body(parts).send();
    assert!(multipart.await.unwrap().status().is_success());
    let texts: Vec<_> = hub.answers(GROUP).into_iter().map(|m| (m.text, m.reply_to)).collect();
    assert_eq!(texts, [("a b".into(), None), ("c".into(), Some(1)), ("d".into(), None)]);
}

#[tokio::test]
async fn the_server_goes_away_with_its_handle() {
    let (server, _hub, bot) = start().await;
    let poll = tokio::spawn(bot.get_updates().timeout(50).into_future());
    assert!(bot.get_me().await.is_ok());
    let begin = Instant::now();
    drop(server);
    assert!(poll.await.unwrap().is_err());
    assert!(begin.elapsed() < SOON);
}
