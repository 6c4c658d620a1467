//! The head that is known may be stale: nothing untrue is said because of that, and nothing is done twice.

use std::sync::Arc;

use super::{
    chat::Chat,
    faulty::{Fault, Faulty},
    world::{IMAGE, World, calm, give},
};

const DEPLOY: &str = "/deploy refinery/prod 0.10.5";

fn kustomization(tag: &str) -> String {
    format!("images:\n  - name: {IMAGE}\n    newTag: \"{tag}\"\n")
}

/// A bot that has seen the branch and made a commit.
async fn bot(world: &World, chat: &Arc<Chat>) -> (Arc<Faulty>, tiphys::usecase::Service) {
    let repository = world.repository();
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/first", "/set_replicas refinery/stage 5", chat).await.unwrap(), "committed");
    (repository, service)
}

/// A person sees the branch as it is now and commits to it.
fn person(world: &World, path: &str, content: &str) {
    world.git("person", &["pull", "--quiet", "--rebase", "../remote.git", "main"]);
    world.commit(path, content);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_repository_is_asked_once() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    for n in 3..6 {
        let text = format!("/set_replicas refinery/prod {n}");
        assert_eq!(give(&service, &format!("t/{n}"), &text, &chat).await.unwrap(), "committed");
    }
    assert_eq!((repository.fetches(), repository.pushes()), (1, vec![1; 4]));
}

#[tokio::test(start_paused = true)]
async fn where_others_push_as_well_the_remote_is_asked_first() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    let mut counts = Vec::new();
    for n in 3..8 {
        if n < 6 {
            person(&world, "README.md", &n.to_string());
        }
        let (fetches, pushes) = (repository.fetches(), repository.pushes().len());
        let text = format!("/set_replicas refinery/prod {n}");
        assert_eq!(give(&service, &format!("t/{n}"), &text, &chat).await.unwrap(), "committed");
        counts.push((repository.fetches() - fetches, repository.pushes().len() - pushes));
    }
    // A lost race, then two that ask before, one that does and finds nothing, and one that needs not.
    assert_eq!(counts, [(1, 2), (1, 1), (1, 1), (1, 1), (0, 1)]);
    assert_eq!(world.subjects().iter().filter(|subject| *subject == "README.md").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn already_so_is_not_said_of_a_stale_head() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    person(&world, "apps/prod/kustomization.yaml", &kustomization("0.10.3"));
    assert_eq!(give(&service, "t/1", "/deploy refinery/prod 0.10.4", &chat).await.unwrap(), "committed");
    assert_eq!(world.subjects().last().unwrap(), "deploy(refinery/prod): 0.10.3 → 0.10.4");
    assert_eq!(give(&service, "t/2", "/deploy refinery/prod 0.10.4", &chat).await.unwrap(), "already so");
    assert_eq!((repository.fetches(), repository.pushes()), (3, vec![1, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_has_become_so_meanwhile_is_told_so() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    person(&world, "apps/prod/kustomization.yaml", &kustomization("0.10.5"));
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "already so");
    assert_eq!((repository.pushes(), world.subjects().len()), (vec![1, 1], 2), "the stale push was refused");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_made_of_a_stale_head() {
    let (world, chat) = (World::new(), Chat::new());
    world.commit("apps/prod/kustomization.yaml", "images: [\n");
    let (repository, service) = bot(&world, &chat).await;
    assert!(give(&service, "t/1", DEPLOY, &chat).await.unwrap().starts_with("refused: Plan"));
    person(&world, "apps/prod/kustomization.yaml", &kustomization("0.10.4"));
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!(repository.pushes(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_commit_needs_the_remote() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    repository.away.store(true, std::sync::atomic::Ordering::SeqCst);
    let outcome = give(&service, "t/1", "/deploy refinery/prod 0.10.4", &chat).await.unwrap();
    assert_eq!(outcome, "failed: RepositoryUnreachable, applied: No");
}

#[tokio::test(start_paused = true)]
async fn the_push_of_a_neighbour_shows_the_head() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    let gate = repository.hold();
    let first = give(&service, "t/1", "/set_replicas refinery/stage 6", &chat);
    calm().await;
    let same = give(&service, "t/2", "/deploy refinery/prod 0.10.4", &chat);
    let other = give(&service, "t/3", "/set_replicas refinery/stage 7", &chat);
    calm().await;
    gate.add_permits(9);
    assert_eq!([first, other].map(|given| given.is_finished()), [false; 2]);
    assert_eq!(same.await.unwrap(), "already so");
    assert_eq!((repository.fetches(), repository.pushes()), (1, vec![1, 1, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_another_process_did_meanwhile_is_found_after_the_lost_race() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    let other = world.service(&world.repository());
    assert_eq!(give(&other, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!((world.subjects().len(), repository.pushes()), (2, vec![1, 1]));
    // It was so by then, and still it is this request's own commit that is told of.
    let again = give(&service, "t/2", DEPLOY, &chat).await.unwrap();
    assert_eq!(again, "already so");
}

#[tokio::test(start_paused = true)]
async fn the_checks_do_not_refuse_what_another_process_did_meanwhile() {
    let (world, chat) = (World::new(), Chat::new());
    let (_, service) = bot(&world, &chat).await;
    let other = world.service(&world.repository());
    assert_eq!(give(&other, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    *world.registry.down.lock().unwrap() = true;
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert!(give(&service, "t/2", DEPLOY, &chat).await.unwrap().starts_with("refused: RegistryDown"));
    assert_eq!(world.subjects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_that_the_checks_refuse_ask_the_remote_together() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    *world.registry.down.lock().unwrap() = true;
    let given: Vec<_> = (0..50).map(|n| give(&service, &format!("t/{n}"), DEPLOY, &chat)).collect();
    for outcome in given {
        assert!(outcome.await.unwrap().starts_with("refused: RegistryDown"));
    }
    assert!(repository.fetches() < 10, "{}", repository.fetches());
    // A remote that is away doesn't change what the registry says.
    repository.away.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(give(&service, "t/x", DEPLOY, &chat).await.unwrap().starts_with("refused: RegistryDown"));
}

#[tokio::test(start_paused = true)]
async fn a_push_that_may_have_arrived_is_looked_for_first() {
    let (world, chat) = (World::new(), Chat::new());
    let (repository, service) = bot(&world, &chat).await;
    repository.befall([Fault::UnclearApplied]);
    let fetches = repository.fetches();
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!((repository.fetches() - fetches, repository.pushes()), (1, vec![1, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_was_rewritten_is_planned_on_as_it_is() {
    let (world, chat) = (World::new(), Chat::new());
    let (_, service) = bot(&world, &chat).await;
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    world.git("remote.git", &["update-ref", "refs/heads/main", "main~2"]);
    world.git("remote.git", &["reflog", "expire", "--expire=now", "--all"]);
    world.git("remote.git", &["gc", "--quiet", "--prune=now"]);
    assert_eq!(give(&service, "t/2", DEPLOY, &chat).await.unwrap(), "committed");
    assert_eq!(world.subjects(), ["deploy(refinery/prod): 0.10.4 → 0.10.5"]);
}

#[tokio::test(start_paused = true)]
async fn two_bots_and_a_person_all_get_their_commits() {
    const EACH: usize = 20;
    let (world, chat) = (World::new(), Chat::new());
    let bots = [world.repository(), world.repository()].map(|repository| (world.service(&repository), repository));
    let mut given = Vec::new();
    for n in 0..EACH {
        for ((service, _), environment) in bots.iter().zip(["prod", "stage"]) {
            let text = format!("/deploy refinery/{environment} 1.0.{n}");
            given.push(give(service, &format!("t/{environment}/{n}"), &text, &chat));
        }
        if n % 5 == 0 {
            person(&world, "README.md", &n.to_string());
        }
        calm().await;
    }
    for outcome in given {
        assert_eq!(outcome.await.unwrap(), "committed");
    }
    let subjects = world.subjects();
    assert_eq!(subjects.len(), 2 * EACH + EACH / 5);
    for environment in ["prod", "stage"] {
        let own: Vec<_> = subjects.iter().filter(|subject| subject.contains(environment)).collect();
        let expected: Vec<_> = (0..EACH).map(|n| format!("→ 1.0.{n}")).collect();
        assert!(own.iter().zip(&expected).all(|(own, end)| own.ends_with(end)), "{own:?}");
    }
    for (_, repository) in &bots {
        assert!(repository.pushes().len() < 3 * EACH, "{:?}", repository.pushes());
    }
}
