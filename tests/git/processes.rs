//! Several processes on one mirror, some of which are killed: nothing is lost or doubled.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tiphys::ports::RepositoryError;

use crate::support::{World, push_once};

const EACH: usize = 8;

/// Run by the next test: pushes its commits, each once, whatever the others do.
#[tokio::test]
#[ignore = "another test runs it"]
async fn in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os("TIPHYS_TEST_WORLD") else { return };
    let writer = std::env::var("TIPHYS_TEST_WRITER").expect("set");
    let world = World::of(Path::new(&folder));
    let repository = world.by_path_with_git();
    for number in 0..EACH {
        let id = format!("cli/{writer}-{number}");
        loop {
            match push_once(&repository, &id, &format!("by/{writer}")).await {
                Ok(()) => break,
                Err(RepositoryError::LostRace | RepositoryError::Unclear(_)) => {}
                Err(error) => panic!("{id}: {error}"),
            }
        }
    }
}

fn start(world: &World, writer: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("known"));
    command.args(["--exact", "processes::in_a_process_of_its_own", "--ignored", "--nocapture"]);
    command.env("TIPHYS_TEST_WORLD", world.path("")).env("TIPHYS_TEST_WRITER", writer.to_string());
    command.stdout(Stdio::null()).spawn().expect("started")
}

#[test]
fn processes_that_share_a_mirror_and_are_killed_lose_and_double_nothing() {
    let world = World::new();
    let mut writers: Vec<_> = (0..3).map(|writer| (writer, start(&world, writer), 0)).collect();
    let mut kills = 0;
    while let Some((writer, mut child, times)) = writers.pop() {
        // Each is killed a few times, at moments that have nothing to do with what it is doing, and started again.
        let end = std::time::Instant::now() + Duration::from_millis(60 + 83 * (writer as u64 + times * 3));
        let status = loop {
            match child.try_wait().expect("asked") {
                Some(status) => break Some(status),
                None if times < 5 && std::time::Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        match status {
            Some(status) => assert!(status.success(), "writer {writer}"),
            None => {
                child.kill().expect("killed");
                child.wait().expect("it ends");
                kills += 1;
                writers.insert(0, (writer, start(&world, writer), times + 1));
            }
        }
    }
    assert!(kills > 0, "at least one was killed");
    world.assert_requests(3 * EACH);
    world.assert_sound(2 + 3 * EACH);
    world.depth("mirror-by-git");
}
