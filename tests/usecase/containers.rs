//! `/showcontainers`: what is asked of the registry, and what is told when a part of the world is away.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tiphys::{
    domain::{
        answer::{Answer, Refusal},
        containers::{ContainersReport, TagPage},
        observation::{Observation, WorkloadState},
        registry_fault::{RegistryFault, RegistrySilence},
        unread::Unread,
    },
    usecase::{Handling, Service},
};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    chat::Chat,
    cluster::{Script, quiet},
    world::{IMAGE, World, request},
};

async fn ask(service: &Service, text: &str) -> Answer {
    match service.handle(request("t/1", text, &Chat::new())).await {
        Handling::Settled(settled) => settled.answer,
        other => panic!("{other:?}"),
    }
}

async fn report(service: &Service, text: &str) -> ContainersReport {
    match ask(service, text).await {
        Answer::Containers(report) => *report,
        other => panic!("{other:?}"),
    }
}

fn names(page: &TagPage) -> Vec<&str> {
    page.tags.iter().map(|tag| tag.tag.as_str()).collect()
}

fn fault<T>(reason: RegistrySilence) -> Result<T, RegistryFault> {
    Err(RegistryFault { server: Some("https://registry.example.org".into()), reason })
}

/// A registry with `0.1.0` to `0.<count>.0`.
fn many(count: usize) -> World {
    let world = World::new();
    let tags = (1..=count).map(|number| (format!("0.{number}.0"), 0));
    world.registry.listed.lock().unwrap().extend(tags);
    world
}

#[tokio::test(start_paused = true)]
async fn details_are_asked_for_the_page_only() {
    let world = many(5_000);
    world.registry.listed.lock().unwrap().push(("0.10.4".into(), 0));
    let service = world.service(&world.repository());
    let third = report(&service, "/showcontainers refinery 3").await;
    let page = third.tags.as_ref().unwrap();
    assert!(!page.is_cut);
    assert_eq!((page.total, names(page)[0], page.tags.len()), (5_001, "0.4980.0", 10));
    let asked = std::mem::take(&mut *world.registry.asked.lock().unwrap());
    assert_eq!(asked, names(page), "in the order of the page, and nothing else");
    // Both environments of the world's application want the same, on another page.
    let places: Vec<_> = third.places.iter().map(|place| (place.wanted.clone().unwrap(), place.wanted_on)).collect();
    assert_eq!(places, vec![(Some("0.10.4".into()), Some(500)); 2]);
    assert_eq!((third.deploy_to, third.may_deploy), (None, true));

    let last = report(&service, "/showcontainers refinery/stage 501").await;
    assert_eq!(names(last.tags.as_ref().unwrap()), ["0.1.0"]);
    assert_eq!(last.deploy_to.as_deref(), Some("refinery/stage"));
    world.registry.asked.lock().unwrap().clear();
    let all = report(&service, "/showcontainers refinery all").await;
    let page = all.tags.unwrap();
    assert_eq!((page.tags.len(), page.page), (5_001, None));
    let wanted = page.tags.iter().find(|tag| tag.tag == "0.10.4").unwrap();
    assert_eq!(wanted.wanted_in, ["prod", "stage"]);
    assert_eq!(*world.registry.asked.lock().unwrap(), [""; 0]);

    for (text, asked) in [("/showcontainers refinery 502", 502), ("/showcontainers refinery/prod 4294967295", u32::MAX)]
    {
        let Answer::Refused(Refusal::NoPage { page, last, command }) = ask(&service, text).await else { panic!() };
        assert_eq!((page, last), (asked, 501));
        assert_eq!(command, text.replace(&asked.to_string(), "501"));
    }
    assert!(matches!(ask(&service, "/showcontainers refinery/dev").await, Answer::Refused(Refusal::Question(_))));
}

#[tokio::test(start_paused = true)]
async fn what_git_wants_is_looked_for_by_name_before_it_is_called_missing() {
    // The list is of before 0.10.4 was pushed.
    let world = many(3);
    let service = world.service(&world.repository());
    let found = report(&service, "/showcontainers refinery").await;
    assert_eq!(names(found.tags.as_ref().unwrap()), ["0.10.4", "0.3.0", "0.2.0", "0.1.0"]);
    assert_eq!(found.absent, []);

    world.commit(
        "apps/prod/kustomization.yaml",
        "images:\n  - name: registry.example.org/team/refinery\n    newTag: no-such\n",
    );
    let missing = report(&service, "/showcontainers refinery").await;
    let [absent] = missing.absent.as_slice() else { panic!("{:?}", missing.absent) };
    assert_eq!((absent.tag.as_str(), absent.confirmed), ("no-such", true));
    assert_eq!((&absent.wanted_in[..], &absent.running_in[..]), (&["prod".to_owned()][..], &[][..]));

    *world.registry.slow.lock().unwrap() = Some(("no-such".into(), Arc::new(Semaphore::new(0))));
    let unclear = report(&service, "/showcontainers refinery").await;
    assert!(!unclear.absent[0].confirmed, "the registry didn't say so");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_away_spoils_only_itself() {
    let world = many(12);
    let repository = world.repository();
    let service = world.service(&repository);
    *world.registry.slow.lock().unwrap() = Some(("0.".into(), Arc::new(Semaphore::new(0))));
    let start = Instant::now();
    let bare = report(&service, "/showcontainers refinery").await;
    let page = bare.tags.unwrap();
    assert_eq!(
        (page.tags.len(), page.incomplete),
        (10, fault::<()>(RegistrySilence::Late { after: Duration::from_secs(15) }).err())
    );
    assert!(start.elapsed() < Duration::from_secs(16), "{:?}", start.elapsed());
    *world.registry.slow.lock().unwrap() = None;

    repository.silent.store(true, Ordering::SeqCst);
    let start = Instant::now();
    let unmarked = report(&service, "/showcontainers refinery").await;
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    assert_eq!(unmarked.tags.unwrap().tags.len(), 10);
    assert_eq!(unmarked.places[0].wanted, Err(Unread::Late { after: Duration::from_secs(5) }));
    assert_eq!(unmarked.places[0].running, Err(Unread::NoCluster));
    // Whoever turns to a page that isn't there needn't wait for git.
    let start = Instant::now();
    assert!(matches!(ask(&service, "/showcontainers refinery 3").await, Answer::Refused(Refusal::NoPage { .. })));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    repository.silent.store(false, Ordering::SeqCst);

    *world.registry.down.lock().unwrap() = true;
    let dark = report(&service, "/showcontainers refinery").await;
    assert_eq!(dark.tags, fault(RegistrySilence::Unavailable { detail: "connection refused".into() }));
    assert_eq!(dark.places[0].wanted, Ok(Some("0.10.4".into())));
}

#[tokio::test(start_paused = true)]
async fn a_version_runs_when_ready_pods_have_it() {
    let images = |tag: &str| vec![format!("{IMAGE}:{tag}")];
    // The newest template has 0.3.0; what else there is differs.
    let state = |replicas, ready, serving: Option<&[&str]>| WorkloadState {
        replicas,
        ready,
        updated: 1,
        serving: serving.map(|tags| tags.iter().map(|tag| images(tag)).collect()),
        ..quiet(None, "0.3.0").workload.unwrap()
    };
    let unknown = || Err(Unread::from("the ReplicaSets can't be read: which versions run isn't known"));
    let own = |tags: &[&str]| Ok(tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>());
    for (name, state, expected) in [
        ("it never came up", state(3, 2, Some(&["0.2.0"])), own(&["0.2.0"])),
        ("in the middle", state(3, 2, Some(&["0.2.0", "0.3.0"])), own(&["0.3.0", "0.2.0"])),
        ("two templates of one version", state(3, 2, Some(&["0.3.0", "0.3.0"])), own(&["0.3.0"])),
        ("nothing is ready", state(1, 0, Some(&[])), own(&[])),
        ("unreadable, old pods are there", state(3, 2, None), unknown()),
        ("unreadable, only new pods", state(1, 1, None), own(&["0.3.0"])),
        ("unreadable, not seen yet", WorkloadState { observed: false, ..state(1, 1, None) }, unknown()),
        ("unreadable, none is ready", state(3, 0, None), own(&[])),
    ] {
        let mut world = many(3);
        let look = Observation { workload: Some(state), ..quiet(None, "") };
        world.cluster = Some(Arc::new(Script::new(move |_| Ok(look.clone()))));
        let report = report(&world.service(&world.repository()), "/showcontainers refinery").await;
        assert_eq!(report.places[0].running, expected, "{name}");
        let tags = report.tags.unwrap().tags;
        let marked: Vec<_> = tags.iter().filter(|tag| !tag.running_in.is_empty()).map(|tag| tag.tag.as_str()).collect();
        let mut running = expected.unwrap_or_default();
        running.sort_by(|a, b| b.cmp(a));
        assert_eq!(marked, running, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn branches_stand_where_their_time_puts_them() {
    let world = World::new();
    let list = [("0.10.4", 100), ("0.9.9", 300), ("main", 200), ("old", 50)];
    world.registry.listed.lock().unwrap().extend(list.map(|(tag, second)| (tag.to_owned(), second)));
    let service = world.service(&world.repository());
    let page = report(&service, "/showcontainers refinery").await.tags.unwrap();
    assert_eq!(names(&page), ["main", "0.10.4", "0.9.9", "old"]);
    assert!(page.tags.iter().all(|tag| tag.age.is_some()));
}
