//! The same event again: after a restart, while it is in work, or because nobody could be told.

use std::sync::{Arc, atomic::Ordering};

use tiphys::{domain::actor::Place, usecase::Handling};

use super::{
    chat::{Chat, words},
    world::{World, calm, give, request},
};

const DEPLOY: &str = "/deploy refinery/prod 0.10.5";

#[tokio::test(start_paused = true)]
async fn a_new_process_answers_with_the_commit_in_the_same_message() {
    let (world, chat) = (World::new(), Chat::new());
    let first = world.service(&world.repository());
    assert_eq!(give(&first, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    first.idle().await;
    // The registry is away by now: the command was carried out all the same.
    *world.registry.down.lock().unwrap() = true;
    let second = world.service(&world.repository());
    assert_eq!(give(&second, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    second.idle().await;
    assert_eq!(world.subjects().len(), 1);
    assert_eq!(chat.count(), 1);
    assert!(chat.message(1).iter().all(|words| !words.contains("delivered before")), "{:?}", chat.shown());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_repeated_is_told_so() {
    let (world, chat) = (World::new(), Chat::new());
    for expected in ["committed", "committed (delivered before)"] {
        let mut request = request("cli/1", DEPLOY, &chat);
        request.place = Place::Terminal;
        let Handling::Settled(settled) = world.service(&world.repository()).handle(request).await else { panic!() };
        assert_eq!(words(&settled.answer), expected);
    }
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_was_used_for_something_else_is_refused() {
    let (world, chat) = (World::new(), Chat::new());
    // The same value, and still another command.
    assert_eq!(
        give(&world.service(&world.repository()), "t/1", "/deploy refinery/prod 3", &chat).await.unwrap(),
        "committed"
    );
    for text in ["/set_replicas refinery/prod 3", "/deploy refinery/stage 3", "/deploy refinery/prod 4"] {
        let outcome = give(&world.service(&world.repository()), "t/1", text, &chat).await.unwrap();
        assert!(outcome.starts_with("refused: RequestIdTaken"), "{text}: {outcome}");
    }
    assert_eq!(world.subjects().len(), 1);
    assert_eq!(chat.message(1), ["accepted", "committed"], "the first answer is left alone");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_could_not_be_shown_is_given_in_the_same_message_later() {
    let (world, chat) = (World::new(), Chat::new());
    let service = world.service(&world.repository());
    let text = "/deploy refinery/prod 0.10.4";
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    *world.registry.slow.lock().unwrap() = Some(("0.10.4".into(), Arc::clone(&gate)));
    let given = give(&service, "t/1", text, &chat);
    calm().await;
    chat.away.store(1, Ordering::SeqCst);
    gate.add_permits(9);
    assert_eq!(given.await.unwrap(), "unsettled");
    assert_eq!(give(&service, "t/1", text, &chat).await.unwrap(), "already so");
    assert_eq!(chat.shown(), ["test/1 accepted", "test/1 already so"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_could_not_be_shown_is_not_made_again() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let given = give(&service, "t/1", DEPLOY, &chat);
    calm().await;
    chat.away.store(2, Ordering::SeqCst);
    gate.add_permits(9);
    assert_eq!(given.await.unwrap(), "unsettled");
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    service.idle().await;
    assert_eq!((world.subjects().len(), chat.count()), (1, 1));
    assert_eq!(chat.message(1).last().unwrap(), "committed");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_when_nobody_can_be_told() {
    let (world, chat) = (World::new(), Chat::new());
    let service = world.service(&world.repository());
    chat.away.store(1, Ordering::SeqCst);
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "unsettled");
    *chat.closed.lock().unwrap() = true;
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "failed: Internal, applied: No");
    assert!(world.subjects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_is_lost_after_the_push_does_not_bring_the_command_back() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let given = give(&service, "t/1", DEPLOY, &chat);
    calm().await;
    *chat.closed.lock().unwrap() = true;
    gate.add_permits(9);
    assert_eq!(given.await.unwrap(), "committed");
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_front_that_gives_up_leaves_no_commit_without_its_follower() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let given = give(&service, "t/1", DEPLOY, &chat);
    calm().await;
    given.abort();
    gate.add_permits(1);
    service.idle().await;
    assert_eq!(chat.message(1), ["accepted", "committed"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_delivery_that_could_not_know_both_messages_come_to_their_end() {
    let (mut world, chat) = (World::new(), Chat::new());
    let old = world.head();
    let quiet = move |_| Ok(super::cluster::quiet(Some(old.clone()), "0.10.4"));
    world.cluster = Some(Arc::new(super::cluster::Script::new(quiet)));
    let first = world.service(&world.repository());
    assert_eq!(give(&first, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    first.shut_down(std::time::Duration::from_secs(1)).await;

    let head = world.head();
    let live = move |_| Ok(super::cluster::synced(&head, "0.10.5"));
    world.cluster = Some(Arc::new(super::cluster::Script::new(live)));
    let repository = world.repository();
    repository.away.store(true, Ordering::SeqCst);
    let second = world.service(&repository);
    let again = give(&second, "t/1", DEPLOY, &chat);
    calm().await;
    repository.away.store(false, Ordering::SeqCst);
    assert_eq!(again.await.unwrap(), "committed");
    second.idle().await;
    assert_eq!(world.subjects().len(), 1);
    for message in [1, 2] {
        let shown = chat.message(message);
        assert_eq!(shown[0], "accepted");
        assert!(shown.last().unwrap().starts_with("live 2/2"), "{shown:?}");
    }
}
