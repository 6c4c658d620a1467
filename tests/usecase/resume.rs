//! A new process goes on in the messages of the last one.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    chat::{Addresses, Chat},
    cluster::{Script, away, coming_up, quiet, synced},
    world::{World, calm, give, request},
};

const DEPLOY: &str = "/deploy refinery/prod 0.10.5";

/// A commit whose process ended before the rollout did.
async fn interrupted(world: &mut World, chat: &Arc<Chat>) {
    let old = world.head();
    world.cluster = Some(Arc::new(Script::new(move |_| Ok(quiet(Some(old.clone()), "0.10.4")))));
    let service = world.service(&world.repository());
    assert_eq!(give(&service, "t/1", DEPLOY, chat).await.unwrap(), "committed");
    service.shut_down(Duration::from_secs(1)).await;
    assert_eq!(chat.message(1), ["accepted", "committed"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_message_is_brought_to_its_end() {
    let (mut world, chat) = (World::new(), Chat::new());
    interrupted(&mut world, &chat).await;
    let head = world.head();
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.cluster = Some(Arc::new(Script::new(move |second| {
        Ok(if second < 5 { coming_up(&head, "0.10.5", 1) } else { synced(&head, "0.10.5") })
    })));
    let repository = world.repository();
    repository.away.store(true, Ordering::SeqCst);
    let service = world.service(&repository);
    let resumed = service.resume(Arc::new(Addresses(Arc::clone(&chat))));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!resumed.is_finished(), "the remote is asked again");
    repository.away.store(false, Ordering::SeqCst);
    resumed.await.unwrap();
    service.idle().await;
    assert_eq!(chat.count(), 1);
    let shown = chat.message(1);
    assert_eq!(shown[2], "1/2");
    assert!(shown[3].starts_with("live 2/2 in ") && shown.len() == 4, "{shown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_meanwhile_does_not_follow_twice() {
    let (mut world, chat) = (World::new(), Chat::new());
    interrupted(&mut world, &chat).await;
    let head = world.head();
    let script = Arc::new(Script::new(move |second| {
        Ok(if second < 5 { coming_up(&head, "0.10.5", 1) } else { synced(&head, "0.10.5") })
    }));
    world.cluster = Some(script.clone());
    let service = world.service(&world.repository());
    service.resume(Arc::new(Addresses(Arc::clone(&chat)))).await.unwrap();
    calm().await;
    let again = service.handle(request("t/1", DEPLOY, &chat)).await;
    let tiphys::usecase::Handling::Settled(settled) = again else { panic!("{again:?}") };
    assert!(super::chat::words(&settled.last_answer().await).starts_with("live 2/2"));
    service.idle().await;
    let shown = chat.message(1);
    // The redelivery makes sure that what the follower knows is shown, before it counts as settled.
    assert_eq!(shown[..4], ["accepted", "committed", "1/2", "1/2"]);
    assert!(shown[4].starts_with("live 2/2") && shown.len() == 5, "{shown:?}");
    assert_eq!(script.looks.load(Ordering::SeqCst), 6);
}

#[tokio::test(start_paused = true)]
async fn what_is_finished_is_not_announced_as_failed() {
    let (mut world, chat) = (World::new(), Chat::new());
    interrupted(&mut world, &chat).await;
    // It went live while nobody watched, and the cluster can't be asked until the time is over.
    world.cluster = Some(Arc::new(Script::new(|_| away())));
    let service = world.service(&world.repository());
    service.resume(Arc::new(Addresses(Arc::clone(&chat)))).await.unwrap();
    service.idle().await;
    assert_eq!(chat.message(1)[2..], ["committed", "not followed: no answer: connection refused"]);
}

#[tokio::test(start_paused = true)]
async fn commits_that_are_too_old_are_left_alone() {
    let (mut world, chat) = (World::new(), Chat::new());
    interrupted(&mut world, &chat).await;
    tokio::time::sleep(world.follow.deadline).await;
    let service = world.service(&world.repository());
    service.resume(Arc::new(Addresses(Arc::clone(&chat)))).await.unwrap();
    service.idle().await;
    assert_eq!(chat.message(1), ["accepted", "committed"]);
}
