//! Two bots and a person with plain git push to one branch at the same time: no command is lost or doubled, and what
//! the person pushed stays.

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use jiff::Timestamp;

use crate::{
    ground::Ground,
    history,
    playbill::{ANNA, Playbill},
    stage::{self, PATIENCE, Remote, Stage},
};

/// How many commands a bot has to do at any time.
const OPEN: usize = 3;

/// Gives commands to a bot, a few at a time, until all are answered and confirmed. Returns their request ids.
async fn command(playbill: &Playbill, team: &str, count: usize) -> Vec<String> {
    let hub = playbill.hub();
    let mut given: Vec<(i64, i64)> = Vec::new();
    let open = |given: &[(i64, i64)]| {
        given.iter().filter(|(chat, message)| !stage::is_answered(&hub, *chat, *message)).count()
    };
    while given.len() < count {
        let room = hub.until(PATIENCE, |_| (open(&given) < OPEN).then_some(())).await;
        room.unwrap_or_else(|error| panic!("{team} after {}: {error}\n{}", given.len(), playbill.log_text()));
        let number = given.len();
        // One of the bots scales as well; whatever it says, it is never so already.
        let text = if team == "red" && number.is_multiple_of(2) {
            format!("/set_replicas {}", 3 + number / 2 % 9)
        } else {
            let tag = format!("{team}-{number}");
            playbill.world.registry().add_tag("team/oil-refinery-application", &tag, Timestamp::now(), 1);
            format!("/deploy {tag}")
        };
        let chat = stage::chat(i64::try_from(number).expect("few"));
        given.push((chat, hub.say(chat, ANNA, &text).expect("a chat")));
    }
    let settled = hub.until(PATIENCE, |hub| (open(&given) == 0 && hub.unconfirmed() == 0).then_some(())).await;
    settled.unwrap_or_else(|error| panic!("{team} at the end: {error}\n{}", playbill.log_text()));
    given.into_iter().map(|(chat, message)| format!("telegram/{chat}/{message}")).collect()
}

/// A person who pushes one commit after another; each is made again when somebody was faster. Returns their ids and how
/// often that happened.
fn push(ground: &Ground, url: &str, count: usize) -> (Vec<String>, usize) {
    let clone = ground.path("person");
    ground.git(&ground.path(""), &["clone", "--quiet", url, "person"]);
    let (mut pushed, mut lost) = (Vec::new(), 0);
    while pushed.len() < count {
        let number = pushed.len();
        ground.git(&clone, &["fetch", "--quiet"]);
        ground.git(&clone, &["reset", "--quiet", "--hard", "origin/main"]);
        let file = if number % 2 == 0 { format!("notes/{number}.md") } else { "README.md".to_owned() };
        let path: PathBuf = clone.join(&file);
        fs::create_dir_all(path.parent().expect("has one")).expect("made");
        fs::write(&path, format!("note {number}\n")).expect("written");
        ground.git(&clone, &["add", &file]);
        ground.git(&clone, &["commit", "--quiet", "-m", &format!("note {number}")]);
        if ground.try_git(&clone, &["push", "--quiet"]).status.success() {
            pushed.push(ground.git(&clone, &["rev-parse", "HEAD"]));
        } else {
            lost += 1;
        }
    }
    (pushed, lost)
}

/// So many commands for each bot, and as many commits of the person.
async fn race(count: usize) {
    let begin = Instant::now();
    let stage = Stage::build(Remote::Http, Arc::new(|_, _| {})).await;
    let remote = stage.playbill.world.repository_path().to_owned();
    stage.ground.git(&remote, &["config", "core.logAllRefUpdates", "always"]);
    let other = stage.another().await;
    // In the other's chats the messages have other numbers, so that no two requests have the same id.
    for number in 0..i64::try_from(count).expect("few") {
        other.hub().say(stage::chat(number), ANNA, "hello").expect("a chat");
    }
    let bots = (stage.playbill.serve(), other.serve());
    let person = {
        let (ground, url) = (stage.ground.clone(), stage.url.clone());
        tokio::task::spawn_blocking(move || push(&ground, &url, count))
    };
    let (red, blue) = tokio::join!(command(&stage.playbill, "red", count), command(&other, "blue", count));
    let (notes, lost_by_person) = person.await.expect("the person can push");
    drop(bots);

    let requests: Vec<_> = red.into_iter().chain(blue).collect();
    let commits = history::read(&stage.ground, &remote);
    for request in &requests {
        if !commits.iter().any(|commit| commit.request == *request) {
            let logs = [&stage.playbill, &other].map(|playbill| stage::told(playbill, request));
            panic!("{request} was lost: {logs:#?}");
        }
    }
    history::assert_once(&stage.ground, &remote, &commits, &requests);
    assert_eq!(commits.len(), 3 * count);

    let position = |id: &str| commits.iter().position(|commit| commit.id == id);
    let theirs: Vec<_> = notes.iter().map(|id| position(id)).collect();
    assert!(theirs.iter().all(Option::is_some) && theirs.is_sorted(), "the person's commits are there, in their order");
    for number in (0..count).step_by(2) {
        let note = stage.ground.git(&remote, &["show", &format!("main:notes/{number}.md")]);
        assert_eq!(note, format!("note {number}"));
    }
    // The branch only ever moved forward, and nothing but these pushes moved it.
    let moves = stage.ground.git(&remote, &["reflog", "show", "--format=%H", "main"]);
    let heads: Vec<_> = moves.lines().rev().map(position).collect();
    assert!(heads.iter().all(Option::is_some) && heads.is_sorted_by(|a, b| a < b), "{heads:?}");
    assert_eq!(heads.last(), Some(&commits.len().checked_sub(1)));

    let lost_by_bots = [&stage.playbill, &other].map(|playbill| playbill.log_text().matches("planning again").count());
    println!(
        "{count} commands each in {:?}: {} pushes; races lost: {lost_by_bots:?} by the bots, {lost_by_person} by the \
         person",
        begin.elapsed(),
        heads.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bots_and_a_person_lose_and_double_nothing() {
    race(15).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute or more"]
async fn two_bots_and_a_person_lose_and_double_nothing_in_a_hundred_commands_each() {
    race(100).await;
}
