//! Commands that wait together go out together.

use super::{
    chat::Chat,
    faulty::Fault,
    world::{World, calm, give},
};

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
async fn one_that_is_refused_does_not_take_its_neighbours_along() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    *repository.forbidden.lock().unwrap() = Some("→ 13\n");
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/prod 3", &chat);
    calm().await;
    let rest: Vec<_> = [12, 13, 14]
        .map(|n| give(&service, &format!("t/{n}"), &format!("/set_replicas refinery/prod {n}"), &chat))
        .into();
    calm().await;
    gate.add_permits(100);
    assert_eq!(first.await.unwrap(), "committed");
    let mut outcomes = Vec::new();
    for outcome in rest {
        outcomes.push(outcome.await.unwrap());
    }
    assert_eq!(outcomes[0], "committed");
    assert!(outcomes[1].contains("hook declined"), "{}", outcomes[1]);
    assert_eq!(outcomes[2], "committed");
    assert_eq!(
        world.subjects(),
        ["scale(refinery/prod): 2 → 3", "scale(refinery/prod): 3 → 12", "scale(refinery/prod): 12 → 14"]
    );
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
    assert_eq!(given.pop().unwrap().await.unwrap(), "refused: Busy { waiting: 2 }");
    gate.add_permits(100);
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
}

#[tokio::test(start_paused = true)]
async fn already_so_waits_for_the_push_that_it_rests_on() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let wish = give(&service, "t/1", "/deploy refinery/prod 0.10.5", &chat);
    let same = give(&service, "t/2", "/deploy refinery/prod 0.10.5", &chat);
    calm().await;
    gate.add_permits(1);
    assert_eq!(first.await.unwrap(), "committed");
    calm().await;
    assert!(!same.is_finished(), "nothing is so before the push");
    // Together they are refused; alone, the first one is refused again and the second one gets a commit of its own.
    repository.befall([Fault::Refused, Fault::Refused]);
    gate.add_permits(100);
    assert!(wish.await.unwrap().contains("protected branch"));
    assert_eq!(same.await.unwrap(), "committed");
    assert_eq!(repository.pushes(), [1, 1, 1, 1]);
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
