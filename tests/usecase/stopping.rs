//! The program stops: what is being pushed is finished, what waits is handed back.

use std::{sync::atomic::Ordering, time::Duration};

use super::{
    chat::Chat,
    faulty::Fault,
    world::{World, calm, give},
};

const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_push_is_finished_and_what_waits_is_handed_back() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let pushed = give(&service, "t/1", "/set_replicas refinery/prod 3", &chat);
    calm().await;
    let waiting = give(&service, "t/2", "/set_replicas refinery/prod 4", &chat);
    calm().await;
    let stopping = tokio::spawn({
        let service = service.clone();
        async move { service.shut_down(GRACE).await }
    });
    calm().await;
    gate.add_permits(9);
    stopping.await.unwrap();
    assert_eq!(pushed.await.unwrap(), "committed");
    assert_eq!(waiting.await.unwrap(), "unsettled");
    assert_eq!(give(&service, "t/3", "/set_replicas refinery/prod 5", &chat).await.unwrap(), "unsettled");
    assert_eq!(world.subjects(), ["scale(refinery/prod): 2 → 3"]);

    let next = world.service(&world.repository());
    assert_eq!(give(&next, "t/2", "/set_replicas refinery/prod 4", &chat).await.unwrap(), "committed");
    assert_eq!(world.subjects()[1..], ["scale(refinery/prod): 3 → 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_push_whose_answer_got_lost_is_left_to_the_next_process() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::UnclearAway]);
    let gate = repository.hold();
    let service = world.service(&repository);
    let given = give(&service, "t/1", "/set_replicas refinery/prod 3", &chat);
    calm().await;
    gate.add_permits(1);
    tokio::time::sleep(Duration::from_millis(150)).await;
    let before = tokio::time::Instant::now();
    service.shut_down(GRACE).await;
    assert_eq!(given.await.unwrap(), "unsettled");
    assert!(before.elapsed() < Duration::from_secs(1), "the tries end at once");
    repository.away.store(false, Ordering::SeqCst);
    let next = world.service(&repository);
    assert_eq!(give(&next, "t/1", "/set_replicas refinery/prod 3", &chat).await.unwrap(), "committed");
    assert_eq!((world.subjects().len(), chat.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_being_checked_is_handed_back() {
    let (world, chat) = (World::new(), Chat::new());
    let service = world.service(&world.repository());
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    *world.registry.slow.lock().unwrap() = Some(("0.10.5".into(), gate));
    let given = give(&service, "t/1", "/deploy refinery/prod 0.10.5", &chat);
    calm().await;
    service.shut_down(GRACE).await;
    assert_eq!(given.await.unwrap(), "unsettled");
}
