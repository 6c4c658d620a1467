//! Commits that the remote refuses together: the others don't suffer for one of them.

use super::{
    chat::Chat,
    faulty::{Fault, Faulty},
    world::{World, calm, give},
};

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
    // Without the first one the second one isn't so any more, and gets a commit of its own.
    repository.befall([Fault::Refused]);
    gate.add_permits(100);
    assert!(wish.await.unwrap().contains("protected branch"));
    assert_eq!(same.await.unwrap(), "committed");
    assert_eq!(repository.pushes(), [1, 1, 1]);
}

/// Gives commands that go out together behind another one; their outcomes, and what each push of theirs held.
async fn together(world: &World, repository: &std::sync::Arc<Faulty>, counts: &[u32]) -> (Vec<String>, Vec<usize>) {
    let chat = Chat::new();
    let gate = repository.hold();
    let service = world.service(repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let tags = counts.iter().enumerate();
    let given: Vec<_> = tags
        .map(|(n, tag)| give(&service, &format!("t/{}", n + 1), &format!("/deploy refinery/prod {tag}"), &chat))
        .collect();
    calm().await;
    gate.add_permits(1_000);
    assert_eq!(first.await.unwrap(), "committed");
    let mut outcomes = Vec::new();
    for outcome in given {
        outcomes.push(outcome.await.unwrap());
    }
    (outcomes, repository.pushes()[1..].to_vec())
}

#[tokio::test(start_paused = true)]
async fn one_among_many_is_found_in_a_few_pushes() {
    for bad in [5, 31] {
        let world = World::new();
        let repository = world.repository();
        *repository.forbidden.lock().unwrap() = Some("→ 999\n");
        let tags: Vec<u32> = (0..32).map(|n| if n == bad { 999 } else { n + 1 }).collect();
        let (outcomes, pushes) = together(&world, &repository, &tags).await;
        for (n, outcome) in (0..).zip(&outcomes) {
            assert_eq!(outcome == "committed", n != bad, "{n}: {outcome}");
        }
        assert!(pushes.len() <= 16, "{pushes:?}");
        // Each is planned on top of what is really there.
        let mut wanted: Vec<String> = tags.iter().filter(|tag| **tag != 999).map(u32::to_string).collect();
        wanted.insert(0, "0.10.4".to_owned());
        let expected: Vec<_> =
            wanted.windows(2).map(|pair| format!("deploy(refinery/prod): {} → {}", pair[0], pair[1])).collect();
        assert_eq!(world.subjects()[1..], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_are_refused_each_was_tried_alone() {
    let world = World::new();
    let repository = world.repository();
    *repository.forbidden.lock().unwrap() = Some("deploy(");
    let (outcomes, pushes) = together(&world, &repository, &(0..32).collect::<Vec<_>>()).await;
    assert!(outcomes.iter().all(|outcome| outcome.contains("hook declined")), "{outcomes:?}");
    assert_eq!(pushes.iter().filter(|commits| **commits == 1).count(), 32);
    assert!(pushes.len() <= 40, "{pushes:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_planned_behind_a_refused_commit_is_planned_again() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    *repository.forbidden.lock().unwrap() = Some("→ 13\n");
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    // The second one is so already behind the first one, and isn't so without it.
    let given = [("t/1", 13), ("t/2", 13), ("t/3", 2)]
        .map(|(id, count)| give(&service, id, &format!("/set_replicas refinery/prod {count}"), &chat));
    calm().await;
    gate.add_permits(100);
    first.await.unwrap();
    let [one, two, three] = given;
    assert!(one.await.unwrap().contains("hook declined"));
    assert!(two.await.unwrap().contains("hook declined"));
    assert_eq!(three.await.unwrap(), "already so");
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_push_from_a_stale_head_is_not_final() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/1", "/set_replicas refinery/prod 3", &chat).await.unwrap(), "committed");
    repository.somebody_pushes();
    repository.befall([Fault::Refused]);
    assert_eq!(give(&service, "t/2", "/set_replicas refinery/prod 4", &chat).await.unwrap(), "committed");
    repository.befall([Fault::Refused]);
    assert!(give(&service, "t/3", "/set_replicas refinery/prod 5", &chat).await.unwrap().contains("protected branch"));
    assert_eq!(world.subjects(), ["scale(refinery/prod): 2 → 3", "race", "scale(refinery/prod): 3 → 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_stops_does_not_try_the_others() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    *repository.forbidden.lock().unwrap() = Some("→ 13\n");
    let gate = repository.hold();
    let service = world.service(&repository);
    let first = give(&service, "t/0", "/set_replicas refinery/stage 5", &chat);
    calm().await;
    let given = [("t/1", 3), ("t/2", 4), ("t/3", 13), ("t/4", 5)]
        .map(|(id, count)| give(&service, id, &format!("/set_replicas refinery/prod {count}"), &chat));
    calm().await;
    // The four together, then the first two of them.
    gate.add_permits(2);
    first.await.unwrap();
    calm().await;
    let stopping = tokio::spawn(async move { service.shut_down(std::time::Duration::from_secs(10)).await });
    calm().await;
    gate.add_permits(100);
    stopping.await.unwrap();
    let mut outcomes = Vec::new();
    for outcome in given {
        outcomes.push(outcome.await.unwrap());
    }
    assert_eq!(outcomes, ["committed", "committed", "unsettled", "unsettled"]);
    assert_eq!(repository.pushes(), [1, 4, 2]);
}
