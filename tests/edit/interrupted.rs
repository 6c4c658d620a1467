//! Signals: a file is the old one or the new one, and nothing is left beside it.

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use super::support::{KUSTOMIZATION, World};

/// Files enough that writing them takes a while.
const FILES: usize = 12;

fn text(tag: &str) -> String {
    format!("images:\n- name: app\n  newTag: {tag}\n{}", "# a line of padding\n".repeat(100))
}

fn world() -> World {
    let world = World::empty();
    for index in 0..FILES {
        world.write(&format!("{index}/kustomization.yaml"), text("v1"));
    }
    world
}

fn start(world: &World, tag: &str) -> Child {
    let argument = format!("app:{tag}");
    let folders: Vec<String> = (0..FILES).map(|index| index.to_string()).collect();
    let mut args = vec!["image", argument.as_str()];
    args.extend(folders.iter().map(String::as_str));
    world.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs")
}

fn signal(child: &Child, signal: &str) {
    // It may have ended already.
    drop(std::process::Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status());
}

/// How many files have the new tag; each is whole, the old one or the new one.
fn new_ones(world: &World, (old, new): (&str, &str)) -> usize {
    let texts = (0..FILES).map(|index| world.read(&format!("{index}/kustomization.yaml")));
    texts
        .filter(|found| {
            assert!(*found == text(old) || *found == text(new), "a torn file");
            *found == text(new)
        })
        .count()
}

/// Runs it once whole, and then again and again with a signal later and later in that time.
fn at_all_times(name: &str, runs: u32, after: impl Fn(&World, Option<i32>, usize)) {
    let world = world();
    let start_at = Instant::now();
    assert!(start(&world, "v0").wait().expect("ends").success());
    let whole = start_at.elapsed();
    for run in 1..=runs {
        let (old, new) = (format!("v{}", run - 1), format!("v{run}"));
        for index in 0..FILES {
            world.write(&format!("{index}/kustomization.yaml"), text(&old));
        }
        let mut child = start(&world, &new);
        // The moments of the signal are spread over the run: any of them must do.
        std::thread::sleep(whole * run / runs);
        signal(&child, name);
        let status = child.wait().expect("ends");
        after(&world, status.signal(), new_ones(&world, (&old, &new)));
    }
}

#[test]
fn an_interrupt_leaves_all_or_nothing() {
    at_all_times("-INT", 20, |world, signal, new| {
        assert!(new == 0 || new == FILES, "{new} of {FILES} files are new");
        assert_eq!(signal, (new == 0).then_some(2), "killed only with nothing done");
        for index in 0..FILES {
            assert_eq!(super::support::names(&world.path(&index.to_string())), ["kustomization.yaml"]);
        }
    });
}

#[test]
fn a_kill_leaves_whole_files() {
    at_all_times("-KILL", 15, |world, _, _| {
        for index in 0..FILES {
            let names = super::support::names(&world.path(&index.to_string()));
            for name in names.iter().filter(|name| *name != "kustomization.yaml") {
                assert!(name.starts_with(".tiphys-"), "{name}");
                std::fs::remove_file(world.path(&format!("{index}/{name}"))).expect("removed");
            }
        }
    });
}

/// Ctrl-C's signal, or SIGTERM where whoever runs the tests has made them deaf to the first: a shell does that to what it
/// runs in the background, and the deafness is inherited.
fn interruption() -> (&'static str, i32) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    if ignored & 0b10 == 0 { ("-INT", 2) } else { ("-TERM", 15) }
}

#[test]
fn an_interrupt_ends_the_wait_for_standard_input() {
    let (name, number) = interruption();
    let world = World::kustomization();
    let mut command = world.command(&["replicas", "web=3", "kustomization.yaml", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    signal(&child, name);
    let deadline = Instant::now() + Duration::from_secs(20);
    let status = loop {
        match child.try_wait().expect("known") {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                child.kill().expect("killed");
                panic!("it still waits");
            }
            None => std::thread::yield_now(),
        }
    };
    assert_eq!(status.signal(), Some(number));
    let mut out = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("readable");
    assert_eq!((out.as_str(), world.read("kustomization.yaml").as_str()), ("", KUSTOMIZATION));
    assert_eq!(world.names(), ["kustomization.yaml"]);
}
