//! What a change costs by the size of the repository, its layout, its history and its branches.

use std::{fs, path::Path, time::Instant};

use crate::{
    Scale,
    figures::{Table, Times, milliseconds, thousands},
    ours::{Bot, Spent},
    seed::{self, Layout, Seed},
    stand::{Stand, Way},
    theirs::Ready,
};

/// Fills a table with a row for each repository.
pub(crate) fn run(stand: &Stand, scale: &Scale) {
    let mut seeds: Vec<(String, Seed)> = scale
        .all_sizes
        .iter()
        .map(|files| (format!("{} files", thousands(*files)), Seed { commits: scale.commits, ..Seed::folders(*files) }))
        .collect();
    let flat = Seed { layout: Layout::OneFolder, commits: scale.commits, ..Seed::folders(scale.flat) };
    seeds.push((format!("{} files in one folder", thousands(flat.files)), flat));
    let old = Seed { commits: scale.long, branches: scale.branches, ..Seed::folders(scale.sizes[1]) };
    let heading = format!(
        "{} files, {} commits, {} branches",
        thousands(old.files),
        thousands(old.commits),
        thousands(old.branches)
    );
    seeds.push((heading, old));
    let titles = [
        "repository",
        "tiphys, ms",
        "fetch",
        "look, plan",
        "push",
        "`git receive-pack` alone",
        "`git push`",
        "÷ `git push`",
        "first start, ms",
        "mirror, MB",
    ];
    let mut table = Table::new("One change over HTTPS, by the repository's size", &titles);
    for (name, seed) in seeds {
        table.row(measure(stand, name, seed, scale.rounds));
    }
    table.print();
}

fn measure(stand: &Stand, name: String, seed: Seed, rounds: usize) -> Vec<String> {
    seed.write(&stand.ground, "ours.git");
    for copy in ["push.git", "alone.git"] {
        seed::copy(&stand.ground, "ours.git", copy);
    }
    let begin = Instant::now();
    let mut bot = Bot::start(stand.settings(Way::Https, "ours.git", "mirror.git"), seed.catalogue());
    let start = begin.elapsed();
    let size = size_of(&stand.path("mirror.git"));
    let ready = Ready::new(stand, Way::Https, seed, "push.git");
    let alone = Ready::new(stand, Way::Https, seed, "alone.git");
    ready.push(stand, "warm");
    alone.receive(stand, "alone.git", "warm");
    let (mut ours, mut git, mut server) = (Times::default(), Times::default(), Times::default());
    let (mut fetch, mut look, mut push) = (Times::default(), Times::default(), Times::default());
    for round in 0..rounds {
        let tag = format!("2.0.{round}");
        let (time, spent) = bot.deploy(0, &tag);
        let Spent { fetch: fetched, push: pushed, .. } = spent;
        ours.0.push(time);
        fetch.0.push(fetched);
        push.0.push(pushed);
        look.0.push(time.saturating_sub(fetched + pushed));
        git.0.push(ready.push(stand, &tag));
        server.0.push(alone.receive(stand, "alone.git", &tag));
    }
    drop(bot);
    for name in ["ours.git", "push.git", "alone.git"] {
        stand.verify(name, seed.commits + rounds + 1);
    }
    for name in ["mirror.git", "push.git.clone", "alone.git.clone"] {
        seed::remove(&stand.path(name));
    }
    let medians = [&ours, &fetch, &look, &push, &server, &git].map(|times| milliseconds(times.median()));
    let megabytes = format!("{:.1}", size as f64 / 1e6);
    [name].into_iter().chain(medians).chain([ours.to(&git), milliseconds(start), megabytes]).collect()
}

/// The bytes of all files below a folder.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable"));
    let size = |entry: fs::DirEntry| match entry.file_type().expect("readable").is_dir() {
        true => size_of(&entry.path()),
        false => entry.metadata().expect("readable").len(),
    };
    entries.map(size).sum()
}
