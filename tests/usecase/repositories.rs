//! Several repositories and branches: one that is slow or away holds up nobody else.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tiphys::{
    domain::{
        answer::{Answer, StatusReport},
        catalogue::RepositoryBranch,
        name::{BranchName, RepositoryName, Revision},
        unread::Unread,
    },
    usecase::{Handling, Service},
};
use tokio::time::Instant;

use super::{
    chat::{Addresses, Chat},
    cluster::{Script, quiet, synced},
    faulty::{Fault, Faulty},
    world::{World, calm, give, request},
};

const HERE: &str = "/deploy refinery/prod 0.10.5";
const THERE: &str = "/deploy refinery/stage 0.10.5";
const DEPLOYED: &str = "0.10.4 → 0.10.5";

fn named(name: &str) -> RepositoryBranch {
    RepositoryBranch { name: Some(RepositoryName::new(name).unwrap()), branch: None }
}

/// `prod` in the repository that is meant where nothing is said, `stage` in another one.
struct Two {
    world: World,
    here: Arc<Faulty>,
    there: Arc<Faulty>,
}

impl Two {
    fn new() -> Self {
        let mut world = World::new();
        world.git("", &["clone", "--quiet", "--bare", "remote.git", "other.git"]);
        world.branches.insert("stage", named("shop"));
        let (here, there) = (world.repository(), world.repository_at("other.git", "main"));
        Self { world, here, there }
    }

    fn service(&self) -> Service {
        self.world.service_on([(RepositoryBranch::default(), &self.here), (named("shop"), &self.there)])
    }

    /// The subjects of a remote's branch, newest first, after git has looked through all its objects.
    fn log(&self, remote: &str, branch: &str) -> Vec<String> {
        log(&self.world, remote, branch)
    }
}

fn log(world: &World, remote: &str, branch: &str) -> Vec<String> {
    world.git(remote, &["fsck", "--strict", "--full"]);
    let clone = format!("clone-of-{remote}-{branch}");
    world.git("", &["clone", "--quiet", "--branch", branch, remote, &clone]);
    let text = world.git(&clone, &["log", "--format=%s"]);
    std::fs::remove_dir_all(world.remote().with_file_name(clone)).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn status(service: &Service, id: &str) -> Vec<StatusReport> {
    let Handling::Settled(settled) = service.handle(request(id, "/status", &Chat::new())).await else { panic!() };
    match settled.answer {
        Answer::Status(reports) => reports,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn commands_for_one_repository_dont_wait_for_another() {
    for away in [false, true] {
        let two = Two::new();
        two.there.silent.store(!away, Ordering::SeqCst);
        two.there.away.store(away, Ordering::SeqCst);
        let (service, chat) = (two.service(), Chat::new());
        let stuck = give(&service, "t/1", THERE, &chat);
        let start = Instant::now();
        for (number, tag) in ["0.10.5", "0.10.6", "0.10.7"].into_iter().enumerate() {
            let (id, text) = (format!("t/{}", number + 2), format!("/deploy refinery/prod {tag}"));
            let outcome = give(&service, &id, &text, &chat).await.unwrap();
            assert_eq!(outcome, "committed", "{away}");
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        if away {
            assert_eq!(stuck.await.unwrap(), "failed: RepositoryUnreachable, applied: No");
        } else {
            assert!(!stuck.is_finished(), "nobody can tell what became of it");
            tokio::time::sleep(Duration::from_secs(6)).await;
            assert_eq!(chat.shown().last().unwrap(), "test/4 accepted", "but people see that it is there");
        }
        assert_eq!(two.log("remote.git", "main").len(), 4);
        assert_eq!(two.log("other.git", "main").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_that_hangs_holds_up_its_own_repository_only() {
    let two = Two::new();
    let gate = two.there.hold();
    let (service, chat) = (two.service(), Chat::new());
    let slow = give(&service, "t/1", THERE, &chat);
    while two.there.pushes().is_empty() {
        calm().await;
    }
    assert_eq!(give(&service, "t/2", HERE, &chat).await.unwrap(), "committed");
    assert!(!slow.is_finished());
    gate.add_permits(1);
    assert_eq!(slow.await.unwrap(), "committed");
    assert_eq!(two.log("remote.git", "main")[0], format!("deploy(refinery/prod): {DEPLOYED}"));
    assert_eq!(two.log("other.git", "main")[0], format!("deploy(refinery/stage): {DEPLOYED}"));
}

#[tokio::test(start_paused = true)]
async fn the_state_tells_of_the_repository_that_is_away_at_its_own_sites() {
    let two = Two::new();
    let (service, chat) = (two.service(), Chat::new());
    assert_eq!(give(&service, "t/1", HERE, &chat).await.unwrap(), "committed");
    for (silent, words) in [
        (true, "team/shop: no answer within 15 s"),
        (false, "team/shop: the remote cannot be reached: connection refused"),
    ] {
        two.there.silent.store(silent, Ordering::SeqCst);
        two.there.away.store(!silent, Ordering::SeqCst);
        let start = Instant::now();
        let reports = status(&service, "t/2").await;
        assert!(start.elapsed() < Duration::from_secs(16), "{:?}", start.elapsed());
        let [here, there] = reports.as_slice() else { panic!("{reports:?}") };
        assert_eq!(here.desired.as_ref().unwrap().tag.as_deref(), Some("0.10.5"));
        let change = here.last_change.as_ref().unwrap().as_ref().unwrap();
        assert_eq!(change.url, Some(format!("https://gitlab.example.org/repository/-/commit/{}", two.world.head())));
        assert_eq!(there.desired.as_ref().unwrap_err().to_string(), words);
        assert_eq!(there.last_change.as_ref().unwrap_err().to_string(), words);
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_versions_tells_what_can_be_told() {
    let two = Two::new();
    two.there.silent.store(true, Ordering::SeqCst);
    let service = two.service();
    let asked = request("t/1", "/showcontainers refinery", &Chat::new());
    let Handling::Settled(settled) = service.handle(asked).await else { panic!() };
    let Answer::Containers(report) = settled.answer else { panic!("{:?}", settled.answer) };
    assert_eq!(report.tags.unwrap().tags[0].wanted_in, ["prod"]);
    let [here, there] = report.places.as_slice() else { panic!("{:?}", report.places) };
    assert_eq!(here.wanted, Ok(Some("0.10.4".into())));
    let late = Unread::Late { after: Duration::from_secs(5) };
    assert_eq!(there.wanted, Err(Unread::In { repository: "team/shop".into(), reason: Box::new(late) }));
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_names_the_repository() {
    let two = Two::new();
    let (service, chat) = (two.service(), Chat::new());
    let answer = async |id: &str| {
        let handling = service.handle(request(id, THERE, &chat)).await;
        let Handling::Settled(settled) = handling else { panic!("{handling:?}") };
        settled.answer
    };
    two.there.befall([Fault::Refused, Fault::Authentication]);
    assert!(format!("{:?}", answer("t/1").await).contains("message: \"team/shop: protected branch\""));
    let Answer::Failed(failure) = answer("t/2").await else { panic!() };
    assert_eq!(failure.detail, "team/shop: the remote doesn't let us in: 401");
    // So does a full queue.
    let mut two = Two::new();
    two.world.publish.queue = 1;
    let gate = two.there.hold();
    let service = two.service();
    let mut given = Vec::new();
    for number in 3..6 {
        given.push(give(&service, &format!("t/{number}"), THERE, &chat));
        calm().await;
    }
    let busy = "refused: Busy { waiting: 1, repository: Some(\"team/shop\") }";
    assert_eq!(given.pop().unwrap().await.unwrap(), busy);
    gate.add_permits(9);
    // Where there is only one, it is named as well: otherwise nobody knows what could not be reached.
    let world = World::new();
    let repository = world.repository();
    repository.befall([Fault::Authentication]);
    let handling = world.service(&repository).handle(request("t/1", HERE, &chat)).await;
    let Handling::Settled(settled) = handling else { panic!("{handling:?}") };
    let Answer::Failed(failure) = settled.answer else { panic!() };
    assert_eq!(failure.detail, "team/repository: the remote doesn't let us in: 401");
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_with_what_can_be_read_and_asks_again_for_the_rest() {
    for dead_is_silent in [false, true] {
        let mut two = Two::new();
        let chat = Chat::new();
        let old = two.world.head();
        two.world.cluster = Some(Arc::new(Script::new(move |_| Ok(quiet(Some(old.clone()), "0.10.4")))));
        let service = two.service();
        assert_eq!(give(&service, "t/1", HERE, &chat).await.unwrap(), "committed");
        assert_eq!(give(&service, "t/2", THERE, &chat).await.unwrap(), "committed");
        service.shut_down(Duration::from_secs(1)).await;

        let heads = [two.world.head(), Revision::new(two.world.git("other.git", &["rev-parse", "main"])).unwrap()];
        // Each site's Application is at its own repository's commit.
        let mut looks = 0;
        two.world.cluster = Some(Arc::new(Script::new(move |_| {
            looks += 1;
            Ok(synced(&heads[usize::from(looks > 1)], "0.10.5"))
        })));
        two.here = two.world.repository();
        two.there = two.world.repository_at("other.git", "main");
        two.there.away.store(!dead_is_silent, Ordering::SeqCst);
        two.there.silent.store(dead_is_silent, Ordering::SeqCst);
        let service = two.service();
        let resumed = service.resume(Arc::new(Addresses(Arc::clone(&chat))));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(chat.message(1).last().unwrap().starts_with("live 2/2"), "{:?}", chat.shown());
        assert_eq!(chat.message(2), ["accepted", "committed"]);
        assert!(!resumed.is_finished(), "the other one is asked again");
        if !dead_is_silent {
            two.there.away.store(false, Ordering::SeqCst);
            resumed.await.unwrap();
            service.idle().await;
            assert!(chat.message(2).last().unwrap().starts_with("live 2/2"), "{:?}", chat.shown());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_is_shown_while_its_repository_is_slow_and_found_to_be_done_later() {
    let (mut world, chat) = (World::new(), Chat::new());
    let old = world.head();
    world.cluster = Some(Arc::new(Script::new(move |_| Ok(quiet(Some(old.clone()), "0.10.4")))));
    let service = world.service(&world.repository());
    assert_eq!(give(&service, "t/1", HERE, &chat).await.unwrap(), "committed");
    service.shut_down(Duration::from_secs(1)).await;
    let head = world.head();
    world.cluster = Some(Arc::new(Script::new(move |_| Ok(synced(&head, "0.10.5")))));

    let repository = world.repository();
    repository.silent.store(true, Ordering::SeqCst);
    let service = world.service(&repository);
    let again = give(&service, "t/1", HERE, &chat);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(chat.count(), 1, "a remote that answers in time brings no second message");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(chat.message(2), ["accepted"]);
    repository.silent.store(false, Ordering::SeqCst);
    assert_eq!(again.await.unwrap(), "committed");
    service.idle().await;
    for message in [1, 2] {
        assert!(chat.message(message).last().unwrap().starts_with("live 2/2"), "{:?}", chat.shown());
    }
    assert_eq!(world.subjects().len(), 1);
}

/// `prod` on the branch `main` and `stage` on the branch `staging` of one remote.
fn branches() -> (World, [(RepositoryBranch, Arc<Faulty>); 2]) {
    let mut world = World::new();
    world.git("remote.git", &["branch", "staging", "main"]);
    let staging = RepositoryBranch { name: None, branch: Some(BranchName::new("staging").unwrap()) };
    world.branches.insert("stage", staging.clone());
    let main = world.repository();
    let other = world.repository_at("remote.git", "staging");
    (world, [(RepositoryBranch::default(), main), (staging, other)])
}

#[tokio::test(start_paused = true)]
async fn branches_of_one_remote_get_their_own_commits_in_parallel() {
    let (world, branches) = branches();
    let service = world.service_on(branches.iter().map(|(key, repository)| (key.clone(), repository)));
    let chat = Chat::new();
    let gates = branches.each_ref().map(|(_, repository)| repository.hold());
    let given = [give(&service, "t/1", HERE, &chat), give(&service, "t/2", THERE, &chat)];
    // Both are on their way at the same time.
    while branches.iter().any(|(_, repository)| repository.pushes().is_empty()) {
        calm().await;
    }
    gates.iter().for_each(|gate| gate.add_permits(1));
    for given in given {
        assert_eq!(given.await.unwrap(), "committed");
    }
    assert_eq!(log(&world, "remote.git", "main"), [&format!("deploy(refinery/prod): {DEPLOYED}"), "start"]);
    assert_eq!(log(&world, "remote.git", "staging"), [&format!("deploy(refinery/stage): {DEPLOYED}"), "start"]);
    let tag = |branch: &str, environment: &str| {
        let path = format!("{branch}:apps/{environment}/kustomization.yaml");
        world
            .git("remote.git", &["show", &path])
            .lines()
            .find_map(|line| line.trim().strip_prefix("newTag: ")?.get(1..7))
            .map(str::to_owned)
    };
    assert_eq!(tag("main", "stage").as_deref(), Some("0.10.4"));
    assert_eq!(tag("staging", "stage").as_deref(), Some("0.10.5"));
    assert_eq!(tag("staging", "prod").as_deref(), Some("0.10.4"));
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_was_merged_into_another_is_followed_on_its_own() {
    let (mut world, branches) = branches();
    let old = world.head();
    world.cluster = Some(Arc::new(Script::new(move |_| Ok(quiet(Some(old.clone()), "0.10.4")))));
    let on = |branches: &[(RepositoryBranch, Arc<Faulty>); 2], world: &World| {
        world.service_on(branches.iter().map(|(key, repository)| (key.clone(), repository)))
    };
    let (service, chat) = (on(&branches, &world), Chat::new());
    assert_eq!(give(&service, "t/1", THERE, &chat).await.unwrap(), "committed");
    service.shut_down(Duration::from_secs(1)).await;
    // `main` has the other branch's commit as well, with its trailers.
    world.git("remote.git", &["branch", "--force", "main", "staging"]);
    let head = world.head();
    let script = Arc::new(Script::new(move |_| Ok(synced(&head, "0.10.5"))));
    world.cluster = Some(script.clone());
    let branches = [("main", &branches[0].0), ("staging", &branches[1].0)]
        .map(|(branch, key)| (key.clone(), world.repository_at("remote.git", branch)));
    branches[1].1.away.store(true, Ordering::SeqCst);
    let service = on(&branches, &world);
    let resumed = service.resume(Arc::new(Addresses(Arc::clone(&chat))));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(script.looks.load(Ordering::SeqCst), 0, "the commit's own branch has not been read");
    branches[1].1.away.store(false, Ordering::SeqCst);
    resumed.await.unwrap();
    service.idle().await;
    assert!(chat.message(1).last().unwrap().starts_with("live 2/2"), "{:?}", chat.shown());
}
