//! What goes wrong outside is told as it is: refused before the commit, or told after it with the reason.

use tiphys::sandbox::{
    kubernetes::ApiFault,
    registry::RegistryFault,
    telegram::{Event, ShownButton, ShownMessage},
};
use tokio::sync::broadcast::Receiver;

use crate::playbill::{ANNA, BORIS, CHAT, KUSTOMIZATION, PATIENCE, Playbill, SECOND, STRANGER, answers_to};

const APPLICATION: &str = "oil-refinery-application-prod";

fn committed(answer: &ShownMessage) -> bool {
    answer.text.contains("записан")
}

fn live(answer: &ShownMessage) -> bool {
    answer.text.contains("работает: 2/2 пода")
}

/// Whether the answer has all these words.
fn says(words: &[&str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

/// The next notice that a presser has to close.
async fn alert(events: &mut Receiver<Event>) -> String {
    loop {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.expect("in time").expect("no event is missed");
        if let Event::CallbackAnswered { text: Some(text), alert: true, .. } = event {
            return text;
        }
    }
}

/// The command behind the button with this label.
fn command_of(answer: &ShownMessage, label: &str) -> String {
    let found = |button: &&ShownButton| button.text.contains(label);
    let button = answer.buttons.iter().flatten().find(found).unwrap_or_else(|| panic!("{label}: {answer:#?}"));
    button.callback_data.clone().expect("a button that does something")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_crashes_is_reported_and_its_button_goes_back() {
    let playbill = Playbill::start().await;
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.3-broken");
    let broken = ["не заработало", "CrashLoopBackOff", "остаётся в git", "Вернуть прежнее"];
    let failed = playbill.answer(command, says(&broken)).await;

    let status = playbill.hub().say(SECOND, ANNA, "/status").unwrap();
    // The two pods that are ready are those of the version before.
    let words = ["не работает", "поды новой версии 0/2, прежней 2", "CrashLoopBackOff"];
    playbill.answer_in(SECOND, status, says(&words)).await;
    let versions = playbill.hub().say(SECOND, ANNA, "/showcontainers oil-refinery-application all").unwrap();
    let versions = format!("{:?}", playbill.answer_in(SECOND, versions, says(&["26 тегов"])).await);
    for (tag, words) in
        [("0.10.4 ", "работает, в git уже другая: prod"), ("0.10.3-broken ", "в git, не работает: prod")]
    {
        let line = versions.split("\\n").find(|line| line.starts_with(tag)).unwrap_or_else(|| panic!("{versions}"));
        assert!(line.contains(words), "{line}");
    }

    let back = command_of(&failed, "Вернуть 0.10.4");
    playbill.hub().press(CHAT, failed.id, &back, BORIS).unwrap();
    playbill.answer(failed.id, live).await;
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1);
    assert_eq!(
        playbill.commits(),
        [
            "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.3-broken",
            "deploy(oil-refinery-application/prod): 0.10.3-broken → 0.10.4"
        ]
    );
    let who = playbill.git(&["log", "-1", "--format=%an|%(trailers:key=Requested-By,valueonly,separator=)", "main"]);
    assert_eq!(who.trim(), "Boris Petrov|Boris Petrov (telegram 1002)");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_given_up_with_what_was_last_seen() {
    tokio::join!(argo_cd_stands_still(), the_cluster_stays_away());
}

async fn argo_cd_stands_still() {
    let playbill = Playbill::start().await;
    playbill.amend("follow: { deadline: 60s }", "follow: { deadline: 2s }");
    playbill.world.reconciler().pause(true);
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let words = ["за 2 с не заработало", "Argo CD ещё не видел коммит", "остаётся в git", "/status"];
    playbill.answer(command, says(&words)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_is_reported_in_argo_cds_words() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().fail_syncs(Some("one or more objects failed to apply: quota exceeded"));
    let _bot = playbill.serve();
    let command = playbill.say("/set_replicas 5");
    let failed = playbill.answer(command, says(&["не заработало", "quota exceeded", "Вернуть прежнее"])).await;
    command_of(&failed, "×2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_have_no_effect_is_refused_before_the_commit() {
    let playbill = Playbill::start().await;
    let world = &playbill.world;
    world.kubernetes().add_autoscaler("oil-refinery", "oil-refinery-application", 2, 6).unwrap();
    world.override_images(APPLICATION, &["registry.gitlab.example.org/team/oil-refinery-application:0.9.0"]).unwrap();
    let _bot = playbill.serve();

    let scale = playbill.say("/set_replicas 3");
    let words = ["автомасштабирование", "HorizontalPodAutoscaler", "oil-refinery-application", "Ничего не изменено"];
    playbill.answer(scale, says(&words)).await;
    let deploy = playbill.say("/deploy 0.10.5");
    let words = ["перекрыто в Argo CD", APPLICATION, ":0.9.0", "Ничего не изменено"];
    playbill.answer(deploy, says(&words)).await;
    playbill.confirmed().await;
    assert_eq!(playbill.commits(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_registry_nothing_is_deployed_and_scaling_goes_on() {
    let playbill = Playbill::start().await;
    playbill.world.registry().set_fault(RegistryFault::Down);
    let _bot = playbill.serve();
    let deploy = playbill.say("/deploy 0.10.5");
    playbill.answer(deploy, says(&["Реестр не отвечает", "отказ", "Ничего не изменено", "--force"])).await;
    let list = playbill.hub().say(SECOND, ANNA, "/showcontainers").unwrap();
    playbill.answer_in(SECOND, list, says(&["реестр не дал списка, версии неизвестны", "работает 0.10.4"])).await;
    let status = playbill.hub().say(SECOND, ANNA, "/status").unwrap();
    playbill.answer_in(SECOND, status, says(&["0.10.4", "2/2", "нет данных"])).await;
    let scale = playbill.say("/set_replicas 3");
    playbill.answer(scale, says(&["работает: 3/3"])).await;
    assert_eq!(playbill.commits().len(), 1);

    playbill.world.registry().set_fault(RegistryFault::None);
    let again = playbill.hub().say(SECOND, ANNA, "/deploy 0.10.5").unwrap();
    playbill.answer_in(SECOND, again, says(&["работает: 3/3"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_cluster_the_commit_is_made_and_the_doubt_is_told() {
    let playbill = Playbill::start().await;
    playbill.world.kubernetes().set_fault(ApiFault::Drop);
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let answer = playbill.answer(command, committed).await;
    assert!(answer.text.contains("Перед коммитом не проверено"), "{}", answer.text);
    assert_eq!(playbill.commits().len(), 1);
    let status = playbill.say("/status");
    playbill.answer(status, says(&["состояние неизвестно", "0.10.5", "нет данных"])).await;

    playbill.world.kubernetes().set_fault(ApiFault::None);
    // What is live needs no doubts.
    let end = playbill.answer(command, live).await;
    assert!(!end.text.contains("не проверено"), "{}", end.text);
}

async fn the_cluster_stays_away() {
    let playbill = Playbill::start().await;
    playbill.amend("follow: { deadline: 60s }", "follow: { deadline: 2s }");
    playbill.world.kubernetes().set_fault(ApiFault::Status(503));
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let end = playbill.answer(command, says(&["записан, но работает ли он, не узнать", "503"])).await;
    assert!(!end.text.contains("не проверено"), "the same reason is not told twice: {}", end.text);
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_lets_nobody_look_is_told_at_once() {
    let playbill = Playbill::start().await;
    playbill.world.kubernetes().deny("applications", true);
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    let end = playbill.answer(command, says(&["записан, но работает ли он, не узнать", "not allowed"])).await;
    assert!(end.text.contains("Коммит остаётся в git"), "{}", end.text);
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_later_commit_that_takes_our_place_is_named() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, committed).await;
    let manifest = playbill.git(&["show", &format!("main:{KUSTOMIZATION}")]).replace("0.10.5", "0.10.6");
    let later = playbill.world.remote().commit_file(KUSTOMIZATION, manifest.as_bytes(), "by hand").unwrap();
    playbill.world.reconciler().pause(false);
    let later = &later.to_string()[..8];
    playbill.answer(command, says(&["сменился более поздним", later, "2/2"])).await;
    assert_eq!(playbill.commits().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_later_commit_elsewhere_does_not_hide_ours() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().pause(true);
    let _bot = playbill.serve();
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, committed).await;
    playbill.world.remote().commit_file("NOTES.md", b"by hand\n", "by hand").unwrap();
    playbill.world.reconciler().pause(false);
    playbill.answer(command, live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_and_their_buttons_deploy() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    // Two chats, because each has a limit of its own.
    let status = hub.say(SECOND, ANNA, "/status").unwrap();
    let words = ["работает, как в git", "0.10.4", "2/2", "Synced · Healthy", "0.10.6 — новейшая", "ещё не меняли"];
    playbill.answer_in(SECOND, status, says(&words)).await;
    let list = playbill.say("/showcontainers");
    let list = playbill.answer(list, says(&["26 тегов", "0.10.6", "● 0.10.4", "работает: prod"])).await;
    let deploy = command_of(&list, "0.10.6");

    let mut events = hub.subscribe();
    hub.press(CHAT, list.id, &deploy, STRANGER).unwrap();
    assert_eq!(alert(&mut events).await, "🚫 Нет доступа. Оператору нужно добавить ваш ID: 6666");
    playbill.confirmed().await;
    assert!(answers_to(&hub, list.id).is_empty(), "only the stranger has to read that");
    assert_eq!(playbill.commits(), [""; 0]);

    hub.press(CHAT, list.id, &deploy, BORIS).unwrap();
    let done = playbill.answer(list.id, live).await;
    assert!(done.text.starts_with("👆 Boris: /deploy oil-refinery-application/prod 0.10.6\n"), "{}", done.text);
    let status = hub.say(SECOND, ANNA, "/status").unwrap();
    let words = ["работает, как в git", "0.10.6", "0.10.4 → 0.10.6", "Boris Petrov"];
    let status = playbill.answer_in(SECOND, status, says(&words)).await;
    // Pressed twice: what is so already is said, and no second commit made.
    hub.press(CHAT, list.id, &deploy, ANNA).unwrap();
    playbill.answer(list.id, says(&["уже 0.10.6", "менять нечего"])).await;
    assert_eq!(playbill.commits().len(), 1);
    let before = hub.answers(SECOND).len();
    hub.press(SECOND, status.id, &command_of(&status, "Обновить"), ANNA).unwrap();
    playbill.confirmed().await;
    assert_eq!(hub.answers(SECOND).len(), before, "brought up to date in its place");
    // A forged button is a command like any other: not one of ours is carried out.
    hub.press_forged(SECOND, status.id, "/deploy 0.10.5; /deploy 0.10.4", ANNA).unwrap();
    playbill.answer_in(SECOND, status.id, says(&["Не выполнено"])).await;
    playbill.confirmed().await;
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_whose_command_is_too_long_for_it_outlives_the_bot() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let tags = ["0.11.1", "0.11.0"].map(|version| format!("{version}-main.{}", "0123456789abcdef".repeat(3)));
    for tag in &tags {
        playbill.world.registry().add_tag("team/oil-refinery-application", tag, jiff::Timestamp::now(), 1);
    }
    let mut bot = playbill.serve();
    let list = playbill.say("/showcontainers");
    let list = playbill.answer(list, says(&["28 тегов"])).await;
    for (button, tag) in list.buttons.iter().flatten().zip(&tags) {
        let data = button.callback_data.as_ref().unwrap();
        assert!(button.text.contains("0.11.") && data.starts_with('#') && !data.contains(tag), "{button:?}");
        let command = format!("/deploy oil-refinery-application/prod {tag}");
        assert_eq!(list.text.matches(&command).count(), 1, "the message says what the button does: {}", list.text);
    }
    bot.kill();
    playbill.amend("language: ru", "language: en");

    let _bot = playbill.serve();
    let second = list.buttons[1][0].callback_data.clone().unwrap();
    hub.press(CHAT, list.id, &second, BORIS).unwrap();
    playbill.answer(list.id, says(&["live: 2/2 pods", &tags[1]])).await;
    assert_eq!(playbill.commits(), [format!("deploy(oil-refinery-application/prod): 0.10.4 → {}", tags[1])]);

    // The code is of no use on another message, and on one that Telegram doesn't show any more.
    let mut events = hub.subscribe();
    let other = playbill.say("/apps");
    let other = playbill.answer(other, |_| true).await;
    for query in [hub.press_forged(CHAT, other.id, &second, ANNA), hub.press_old(CHAT, list.id, &second, ANNA)] {
        query.unwrap();
        assert!(alert(&mut events).await.contains("Type the command"));
    }
    playbill.confirmed().await;
    assert_eq!(playbill.commits().len(), 1);
}
