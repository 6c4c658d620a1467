//! One command at a time, with everything that can happen to its push.

use std::sync::atomic::Ordering;

use super::{
    chat::Chat,
    faulty::Fault,
    world::{World, calm, give},
};

const DEPLOY: &str = "/deploy refinery/prod 0.10.5";
const SUBJECT: &str = "deploy(refinery/prod): 0.10.4 → 0.10.5";

#[tokio::test(start_paused = true)]
async fn a_command_becomes_a_commit() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    service.idle().await;
    assert_eq!(world.subjects(), [SUBJECT]);
    assert_eq!(chat.message(1), ["accepted", "committed"]);
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "already so");
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_planned_again() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::Race, Fault::Race, Fault::Race]);
    assert_eq!(give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!(world.subjects(), ["race", "race", "race", SUBJECT]);
}

/// As a lock that a killed process has left on the server: git calls it a race.
#[tokio::test(start_paused = true)]
async fn a_race_in_which_nobody_moves_is_told_as_what_it_is() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let service = world.service(&repository);
    repository.befall([Fault::Locked; 50]);
    let outcome = give(&service, "t/1", DEPLOY, &chat).await.unwrap();
    assert!(
        outcome.starts_with("refused: PushRefused") && outcome.contains("a lock that was left behind"),
        "{outcome}"
    );
    assert!(outcome.contains(&world.head().as_str()[..7]), "{outcome}");
    repository.befall([Fault::Locked; 49]);
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "committed", "somebody was slow with it");
}

#[tokio::test(start_paused = true)]
async fn races_without_end_are_given_up() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.publish.attempts = 3;
    let repository = world.repository();
    repository.befall([Fault::Race; 9]);
    let outcome = give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap();
    assert_eq!(outcome, "failed: TooManyRaces, applied: No");
    assert_eq!(world.subjects(), ["race"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_push_whose_answer_got_lost_is_found() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::UnclearApplied]);
    let mut request = super::world::request("t/1", DEPLOY, &chat);
    // Where the note would be shown: this is the first delivery all the same.
    request.place = tiphys::domain::actor::Place::Terminal;
    let service = world.service(&repository);
    assert!(matches!(service.handle(request).await, tiphys::usecase::Handling::Settled(_)));
    service.idle().await;
    assert_eq!(chat.message(1), ["accepted", "committed"]);
    assert_eq!(world.subjects(), [SUBJECT]);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_got_lost_is_made_again() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::UnclearLost, Fault::UnclearLost]);
    assert_eq!(give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!((world.subjects(), repository.pushes()), (vec![SUBJECT.to_owned()], vec![1, 1, 1]));
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_nobody_can_tell_is_unknown() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::UnclearAway]);
    let outcome = give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap();
    assert_eq!(outcome, "failed: RepositoryUnreachable, applied: Unknown");
    assert!(repository.fetches.load(Ordering::SeqCst) < 8, "people wait");
}

#[tokio::test(start_paused = true)]
async fn a_lost_push_cannot_land_once_the_branch_has_moved() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::UnclearLost, Fault::Race, Fault::Authentication]);
    let outcome = give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap();
    assert_eq!(outcome, "failed: RepositoryAuthentication, applied: No");
    let repository = world.repository();
    repository.befall([Fault::UnclearLost, Fault::Authentication]);
    let outcome = give(&world.service(&repository), "t/2", DEPLOY, &chat).await.unwrap();
    assert_eq!(outcome, "failed: RepositoryAuthentication, applied: Unknown");
    let repository = world.repository();
    repository.befall([Fault::UnclearLost, Fault::Refused]);
    let outcome = give(&world.service(&repository), "t/3", DEPLOY, &chat).await.unwrap();
    assert_eq!(
        outcome, "failed: RepositoryUnreachable, applied: Unknown",
        "a refusal now says nothing of the push before"
    );
}

#[tokio::test(start_paused = true)]
async fn errors_that_trying_again_cannot_mend_end_at_once() {
    for (fault, expected) in [
        (Fault::Mirror, "failed: Mirror, applied: No"),
        (Fault::Authentication, "failed: RepositoryAuthentication, applied: No"),
        (Fault::Refused, r#"refused: PushRefused { message: "protected branch" }"#),
    ] {
        let (world, chat) = (World::new(), Chat::new());
        let repository = world.repository();
        repository.befall([fault]);
        assert_eq!(give(&world.service(&repository), "t/1", DEPLOY, &chat).await.unwrap(), expected);
        assert_eq!((repository.pushes(), world.subjects().len()), (vec![1], 0), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_program_ends_one_command_and_not_the_publisher() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.befall([Fault::Panic]);
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "failed: Internal, applied: Unknown");
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "committed");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_refuses_unless_forced() {
    let (world, chat) = (World::new(), Chat::new());
    *world.registry.down.lock().unwrap() = true;
    let service = world.service(&world.repository());
    assert!(give(&service, "t/1", DEPLOY, &chat).await.unwrap().starts_with("refused: RegistryDown"));
    assert!(world.subjects().is_empty());
    let mut forced = super::world::request("t/2", DEPLOY, &chat);
    forced.force = true;
    let tiphys::usecase::Handling::Settled(settled) = service.handle(forced).await else { panic!() };
    let tiphys::domain::answer::Answer::Rollout(report) = settled.answer else { panic!() };
    assert_eq!(report.unchecked.as_deref(), Some("https://registry.example.org: no answer: connection refused"));
    // The history says so as well.
    let said = world.git("remote.git", &["log", "-1", "--format=%(trailers:key=Unchecked,valueonly)", "main"]);
    assert_eq!(said.trim(), "https://registry.example.org: no answer: connection refused");
}

#[tokio::test(start_paused = true)]
async fn a_dead_remote_is_asked_for_all_who_wait_at_once() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    repository.away.store(true, Ordering::SeqCst);
    let service = world.service(&repository);
    let given: Vec<_> = (0..50).map(|n| give(&service, &format!("t/{n}"), DEPLOY, &chat)).collect();
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "failed: RepositoryUnreachable, applied: No");
    }
    let fetches = repository.fetches.load(Ordering::SeqCst);
    assert!(fetches <= 150, "{fetches}");
    repository.away.store(false, Ordering::SeqCst);
    assert_eq!(give(&service, "t/x", DEPLOY, &chat).await.unwrap(), "committed");
}

#[tokio::test(start_paused = true)]
async fn commands_for_a_site_keep_their_order() {
    let (world, chat) = (World::new(), Chat::new());
    let repository = world.repository();
    let service = world.service(&repository);
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    *world.registry.slow.lock().unwrap() = Some(("0.10.5".into(), gate.clone()));
    let first = give(&service, "t/1", DEPLOY, &chat);
    let refused = give(&service, "t/2", "/deploy refinery/prod nothing", &chat);
    let second = give(&service, "t/3", "/deploy refinery/prod 0.10.6", &chat);
    let elsewhere = give(&service, "t/4", "/deploy refinery/stage 0.10.6", &chat);
    assert!(refused.await.unwrap().contains("UnknownTag"));
    assert_eq!(elsewhere.await.unwrap(), "committed", "another site doesn't wait");
    calm().await;
    assert_eq!(world.subjects(), ["deploy(refinery/stage): 0.10.4 → 0.10.6"]);
    gate.add_permits(1);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), ("committed".into(), "committed".into()));
    assert_eq!(world.subjects()[1..], [SUBJECT, "deploy(refinery/prod): 0.10.5 → 0.10.6"]);
}
