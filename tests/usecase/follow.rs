//! What the message says from the push to the end of the rollout.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use jiff::SignedDuration;
use tiphys::{
    domain::{name::Revision, observation::Phase},
    ports::ClusterError,
};

use super::{
    chat::Chat,
    cluster::{Script, away, coming_up, missing, operation, quiet, synced},
    world::{World, give},
};

const DEPLOY: &str = "/deploy refinery/prod 0.10.5";

/// The head of the remote, read when it is first asked for after the push.
fn head_of(world: &World) -> impl FnMut() -> Revision + Send + 'static {
    let (remote, mut known) = (world.remote(), None);
    move || {
        let read = || Revision::new(super::world::git(&remote, &remote, &["rev-parse", "main"])).unwrap();
        known.get_or_insert_with(read).clone()
    }
}

/// Deploys with a script whose first look is the one before the commit; what the message said after the commit.
async fn follow(world: &mut World, script: Script) -> (Vec<String>, Arc<Script>) {
    let chat = Chat::new();
    let script = Arc::new(script);
    world.cluster = Some(script.clone());
    let service = world.service(&world.repository());
    assert_eq!(give(&service, "t/1", DEPLOY, &chat).await.unwrap(), "committed");
    service.idle().await;
    let shown = chat.message(1);
    assert_eq!(shown[..2], ["accepted", "committed"]);
    (shown[2..].to_vec(), script)
}

#[tokio::test(start_paused = true)]
async fn every_stage_is_told_once_and_in_order() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let old = world.head();
    let mut first = true;
    let script = Script::new(move |second| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        let revision = head();
        Ok(match second {
            0..25 => quiet(Some(old.clone()), "0.10.4"),
            25..30 => {
                let mut look = quiet(Some(revision.clone()), "0.10.4");
                look.operation = Some(operation(&revision, Phase::Running, None));
                look.operation_pending = true;
                look
            }
            30..40 => coming_up(&revision, "0.10.5", 0),
            40..50 => coming_up(&revision, "0.10.5", 1),
            _ => synced(&revision, "0.10.5"),
        })
    });
    let (shown, script) = follow(&mut world, script).await;
    assert_eq!(shown, ["syncing", "0/2", "1/2", "live 2/2 in 50 s"]);
    assert_eq!(script.refreshes.load(Ordering::SeqCst), 3, "every 10 s until Argo CD has seen the commit");
}

#[tokio::test(start_paused = true)]
async fn the_time_is_the_clusters_where_it_tells() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let (old, start) = (world.head(), world.now());
    let mut first = true;
    let script = Script::new(move |second| {
        if std::mem::take(&mut first) || second < 40 {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        let mut look = synced(&head(), "0.10.5");
        // Health turned good during an earlier rollout; the operation ended later.
        look.health_since = Some(start + SignedDuration::from_secs(5));
        look.operation.as_mut().unwrap().finished_at = Some(start + SignedDuration::from_secs(21));
        look.reconciled_at = Some(start + SignedDuration::from_secs(22));
        Ok(look)
    });
    let (shown, _) = follow(&mut world, script).await;
    let [live] = shown.as_slice() else { panic!("{shown:?}") };
    assert!(["live 2/2 in 20 s", "live 2/2 in 21 s"].contains(&live.as_str()), "{live}");
}

#[tokio::test(start_paused = true)]
async fn a_later_commit_takes_its_place_and_is_fetched_once() {
    let mut world = World::new();
    let remote = world.remote();
    let mut later: Option<Revision> = None;
    let mut first = true;
    let old = world.head();
    let script = Script::new(move |second| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        let revision = later.get_or_insert_with(|| {
            let git = |args: &[&str]| super::world::git(&remote, &remote, args);
            let new = git(&["commit-tree", "-p", "main", "-m", "later", "main^{tree}"]);
            git(&["update-ref", "refs/heads/main", &new]);
            Revision::new(new).unwrap()
        });
        Ok(if second < 5 { coming_up(revision, "0.10.6", 1) } else { synced(revision, "0.10.6") })
    });
    let chat = Chat::new();
    world.cluster = Some(Arc::new(script));
    let repository = world.repository();
    let service = world.service(&repository);
    give(&service, "t/1", DEPLOY, &chat).await.unwrap();
    service.idle().await;
    assert_eq!(chat.message(1)[2..], ["1/2", "live 2/2 in 5 s, superseded"]);
    assert_eq!(repository.fetches.load(Ordering::SeqCst), 2, "the first one, and one for the later commit");
}

#[tokio::test(start_paused = true)]
async fn a_revision_of_nowhere_is_not_fetched_in_every_look() {
    let mut world = World::new();
    world.follow.deadline = Duration::from_secs(60);
    let chat = Chat::new();
    let foreign = Revision::new("f".repeat(40)).unwrap();
    world.cluster = Some(Arc::new(Script::new(move |_| Ok(synced(&foreign, "0.10.4")))));
    let repository = world.repository();
    let service = world.service(&repository);
    give(&service, "t/1", DEPLOY, &chat).await.unwrap();
    repository.away.store(true, Ordering::SeqCst);
    service.idle().await;
    assert_eq!(chat.message(1)[2..], ["timed out after 60 s: Argo CD has not seen the commit yet, it is at ffffffff"]);
    let fetches = repository.fetches.load(Ordering::SeqCst);
    assert!((3..=5).contains(&fetches), "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_is_the_end() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let (old, mut first) = (world.head(), true);
    let script = Script::new(move |_| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        let mut look = synced(&head(), "0.10.4");
        let operation = look.operation.as_mut().unwrap();
        (operation.phase, operation.message) = (Phase::Failed, "one or more objects failed to apply".into());
        Ok(look)
    });
    let (shown, script) = follow(&mut world, script).await;
    assert_eq!(shown, ["failed: one or more objects failed to apply"]);
    assert_eq!(script.looks.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_obstacle_is_named_when_the_time_is_over() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let (old, mut first) = (world.head(), true);
    let script = Script::new(move |_| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        let mut look = coming_up(&head(), "0.10.5", 1);
        look.workload.as_mut().unwrap().trouble = vec!["ImagePullBackOff: no such image".into()];
        Ok(look)
    });
    let (shown, _) = follow(&mut world, script).await;
    assert_eq!(shown, ["1/2", "timed out after 600 s: ImagePullBackOff: no such image"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_down_for_a_while_spoils_nothing() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let (old, mut first) = (world.head(), true);
    let script = Script::new(move |second| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        match second {
            0..10 => away(),
            10..20 => Ok(coming_up(&head(), "0.10.5", 1)),
            20..300 => away(),
            _ => Ok(synced(&head(), "0.10.5")),
        }
    });
    let (shown, _) = follow(&mut world, script).await;
    assert_eq!(shown, ["1/2", "live 2/2 in 300 s"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_see_is_not_called_late() {
    let mut world = World::new();
    let (shown, _) = follow(&mut world, Script::new(|_| away())).await;
    assert_eq!(shown, ["not followed: no answer: connection refused"]);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_not_there_is_looked_for_a_few_times() {
    let mut world = World::new();
    let (shown, script) = follow(&mut world, Script::new(|_| missing())).await;
    assert_eq!(shown, ["not followed: Application argocd/refinery-prod does not exist"]);
    assert_eq!(script.looks.load(Ordering::SeqCst), 1 + 5);

    let mut world = World::new();
    let forbidden = || Err(ClusterError::Forbidden("applications.argoproj.io".into()));
    let (shown, script) = follow(&mut world, Script::new(move |_| forbidden())).await;
    assert_eq!(shown, ["not followed: not allowed: applications.argoproj.io"]);
    assert_eq!(script.looks.load(Ordering::SeqCst), 1 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_falls_over_has_an_end_too() {
    let mut world = World::new();
    let mut first = true;
    let old = world.head();
    let script = Script::new(move |_| match std::mem::take(&mut first) {
        true => Ok(quiet(Some(old.clone()), "0.10.4")),
        false => panic!("a fault of the program"),
    });
    let (shown, _) = follow(&mut world, script).await;
    assert_eq!(shown, ["not followed: the follower broke off"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_shown_when_the_chat_is_back() {
    let mut world = World::new();
    let mut head = head_of(&world);
    let chat = Chat::new();
    let (old, mut first) = (world.head(), true);
    let away_at_the_end: Arc<Mutex<Option<Arc<Chat>>>> = Arc::new(Mutex::new(Some(chat.clone())));
    world.cluster = Some(Arc::new(Script::new(move |second| {
        if std::mem::take(&mut first) {
            return Ok(quiet(Some(old.clone()), "0.10.4"));
        }
        if second < 10 {
            return Ok(coming_up(&head(), "0.10.5", 1));
        }
        if let Some(chat) = away_at_the_end.lock().unwrap().take() {
            chat.away.store(4, Ordering::SeqCst);
        }
        Ok(synced(&head(), "0.10.5"))
    })));
    let service = world.service(&world.repository());
    give(&service, "t/1", DEPLOY, &chat).await.unwrap();
    service.idle().await;
    assert_eq!(chat.message(1)[2..], ["1/2", "live 2/2 in 10 s"]);
}
