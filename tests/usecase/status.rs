//! The state of many applications at once.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tiphys::{
    domain::answer::{Answer, StatusReport},
    usecase::Handling,
};

use super::{
    chat::Chat,
    cluster::{Script, quiet},
    world::{World, request},
};

async fn status(world: &World) -> Vec<StatusReport> {
    let service = world.service(&world.repository());
    let Handling::Settled(settled) = service.handle(request("t/1", "/status", &Chat::new())).await else { panic!() };
    match settled.answer {
        Answer::Status(reports) => reports,
        other => panic!("{other:?}"),
    }
}

fn many(takes: Duration) -> (World, Arc<Script>) {
    let mut world = World::new();
    world.others = 44;
    let head = world.head();
    let mut script = Script::new(move |_| Ok(quiet(Some(head.clone()), "0.10.4")));
    script.takes = takes;
    let script = Arc::new(script);
    world.cluster = Some(script.clone());
    (world, script)
}

#[tokio::test(start_paused = true)]
async fn ninety_sites_are_not_asked_about_all_at_once() {
    let (world, script) = many(Duration::from_secs(1));
    let reports = status(&world).await;
    assert_eq!(reports.len(), 90);
    for report in &reports {
        assert_eq!(report.desired.as_ref().unwrap().tag.as_deref(), Some("0.10.4"));
        assert_eq!(report.live.as_ref().unwrap().tag.as_deref(), Some("0.10.4"));
        assert_eq!(report.newest, Ok(Some("0.10.4".into())));
    }
    let at_once = script.at_once.load(Ordering::SeqCst);
    assert!((2..=16).contains(&at_once), "{at_once}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_hangs_spoils_only_its_own_part() {
    let (world, _) = many(Duration::from_secs(4));
    let start = tokio::time::Instant::now();
    let reports = status(&world).await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let known = reports.iter().filter(|report| report.live.is_ok()).count();
    assert_eq!(known, 48, "three rounds of 16 in 15 s");
    assert!(reports.iter().all(|report| report.desired.is_ok()));
    let last = reports.last().unwrap();
    assert_eq!(last.live.as_ref().err().map(ToString::to_string).as_deref(), Some("no answer within 15 s"));
}
