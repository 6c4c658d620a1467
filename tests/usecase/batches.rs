//! Commands that wait together go out together.

use std::time::Duration;

use super::{
    chat::Chat,
    faulty::Fault,
    world::{World, calm, give},
};

const STEP: Duration = Duration::from_millis(80);

#[tokio::test(start_paused = true)]
async fn what_waits_goes_out_in_one_push() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/prod 3", &chat);
    calm().await;
    let rest: Vec<_> = (4..14)
        .map(|n| give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat))
        .collect();
    calm().await;
    gate.add_permits(2);
    assert_eq!(first.await.unwrap(), "committed");
    for outcome in rest {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert_eq!(repository.pushes(), [1, 10]);
    let expected: Vec<_> = (2..13).map(|n| format!("scale(refinery/prod): {n} → {}", n + 1)).collect();
    assert_eq!(world.subjects(), expected);
}

#[tokio::test(start_paused = true)]
async fn more_than_can_wait_is_refused_as_busy() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.publish.queue = 2;
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let mut given = Vec::new();
    for n in 3..7 {
        given.push(give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat));
        calm().await;
    }
    assert_eq!(given.pop().unwrap().await.unwrap(), "refused: Busy { waiting: 2, repository: None }");
    gate.add_permits(100);
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
}

#[tokio::test(start_paused = true)]
async fn planning_again_keeps_the_order() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let given = ["0.10.5", "0.10.5", "0.10.4"].map(|tag| tag.to_owned());
    let given: Vec<_> = given
        .iter()
        .enumerate()
        .map(|(n, tag)| give(&service, &format!("t/{}", n + 1), &format!("/deploy refinery/prod {tag}"), &chat))
        .collect();
    calm().await;
    gate.add_permits(1);
    first.await.unwrap();
    calm().await;
    repository.befall([Fault::Race]);
    gate.add_permits(100);
    let mut outcomes = Vec::new();
    for outcome in given {
        outcomes.push(outcome.await.unwrap());
    }
    assert_eq!(outcomes, ["committed", "already so", "committed"]);
    assert_eq!(
        world.subjects()[2..],
        ["deploy(refinery/prod): 0.10.4 → 0.10.5", "deploy(refinery/prod): 0.10.5 → 0.10.4"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_request_twice_in_a_batch_is_done_once() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let once = give(&service, "t/1", "/set_replicas refinery/prod 3", &chat);
    let other = give(&service, "t/2", "/set_replicas refinery/prod 4", &chat);
    let again = give(&service, "t/1", "/set_replicas refinery/prod 3", &chat);
    let reused = give(&service, "t/2", "/set_replicas refinery/prod 9", &chat);
    calm().await;
    gate.add_permits(100);
    for outcome in [first, once, other, again] {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert!(reused.await.unwrap().starts_with("refused: RequestIdTaken"));
    assert_eq!(world.subjects()[1..], ["scale(refinery/prod): 2 → 3", "scale(refinery/prod): 3 → 4"]);
}

#[tokio::test(start_paused = true)]
async fn five_hundred_go_out_in_a_few_pushes() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let given: Vec<_> =
        (0..500).map(|n| give(&service, &format!("t/{n}"), &format!("/deploy refinery/prod 1.0.{n}"), &chat)).collect();
    calm().await;
    gate.add_permits(5);
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert!(repository.pushes().len() <= 5, "{:?}", repository.pushes());
    assert_eq!(repository.fetches(), 1, "the pushes tell the head");
    let expected: Vec<_> = (1..500).map(|n| format!("deploy(refinery/prod): 1.0.{} → 1.0.{n}", n - 1)).collect();
    assert_eq!(world.subjects()[1..], expected);
}

#[tokio::test(start_paused = true)]
async fn the_first_after_a_rest_waits_for_company_for_a_bounded_time() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.publish.settle = 3 * STEP - STEP / 2;
    let repository = world.repository();
    let service = world.service(&repository);
    let mut given = Vec::new();
    // The third one doesn't make the first one wait longer, and the fourth one begins a wait of its own.
    for n in 3..7 {
        given.push(give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat));
        tokio::time::sleep(STEP).await;
    }
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert_eq!(repository.pushes(), [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_has_waited_for_a_push_does_not_wait_for_company() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.publish.settle = Duration::from_secs(5);
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/3", "/set_replicas refinery/prod 3", &chat);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let second = give(&service, "t/4", "/set_replicas refinery/prod 4", &chat);
    calm().await;
    let before = tokio::time::Instant::now();
    gate.add_permits(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), ("committed".into(), "committed".into()));
    assert!(before.elapsed() < Duration::from_secs(1));
    assert_eq!(repository.pushes(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_waits_for_nobody() {
    let (mut world, chat) = (World::new(), Chat::new());
    (world.publish.settle, world.publish.batch) = (Duration::from_secs(5), 2);
    let service = world.service(&world.repository());
    let before = tokio::time::Instant::now();
    let given = [3, 4].map(|n| give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat));
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert!(before.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_answer_got_lost_is_found() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let mut given = vec![give(&service, "t/0", "/set_replicas refinery/stage 5", &chat)];
    calm().await;
    given.extend((3..9).map(|n| give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat)));
    calm().await;
    gate.add_permits(1);
    calm().await;
    repository.befall([Fault::UnclearApplied]);
    gate.add_permits(9);
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    assert_eq!((repository.pushes(), world.subjects().len()), (vec![1, 6], 7));
}

#[tokio::test(start_paused = true)]
async fn only_what_was_sent_may_have_had_an_effect() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let sent = give(&service, "t/1", "/set_replicas refinery/prod 3", &chat);
    let same = give(&service, "t/2", "/set_replicas refinery/prod 3", &chat);
    calm().await;
    gate.add_permits(1);
    first.await.unwrap();
    repository.befall([Fault::UnclearAway]);
    gate.add_permits(9);
    assert_eq!(sent.await.unwrap(), "failed: RepositoryUnreachable, applied: Unknown");
    assert_eq!(same.await.unwrap(), "failed: RepositoryUnreachable, applied: No");
}
