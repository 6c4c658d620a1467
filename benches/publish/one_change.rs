//! One change, warm, beside what else brings it into the repository.

use crate::{
    Scale,
    figures::{Table, Times, milliseconds, thousands},
    ours::Bot,
    seed::{self, Seed},
    stand::{ROUND_TRIP, Stand, Way},
    theirs::{self, Ready},
};

/// The time of each contender, round by round.
#[derive(Default)]
struct Results {
    bot: Times,
    push: Times,
    git: Times,
    cycle: Times,
}

/// Fills a table for each way, near and far, with a row for each size.
pub(crate) fn run(stand: &mut Stand, scale: &Scale) {
    let far = format!("behind a round trip of {} ms", ROUND_TRIP.as_millis());
    let mut tables = vec![];
    for (slow, way) in [(false, Way::Https), (false, Way::Ssh), (true, Way::Https), (true, Way::Ssh)] {
        let heading =
            format!("One change over {}{}{}", way.name(), if slow { ", " } else { "" }, if slow { &far } else { "" });
        let titles =
            ["files", "tiphys, ms", "of it the push", "`git push`", "clone cycle", "÷ `git push`", "÷ clone cycle"];
        tables.push((slow, way, Table::new(&heading, &titles)));
    }
    for &files in scale.sizes {
        let seed = Seed { commits: scale.commits, ..Seed::folders(files) };
        seed.write(&stand.ground, "seed.git");
        for (slow, way, table) in &mut tables {
            stand.slow = *slow;
            let results = measure(stand, *way, seed, scale.rounds);
            let Results { bot, push, git, cycle } = results;
            let times = [&bot, &push, &git, &cycle].map(|times| milliseconds(times.median()));
            let row = [thousands(files)].into_iter().chain(times).chain([bot.to(&git), bot.to(&cycle)]);
            table.row(row.collect());
        }
        seed::remove(&stand.path("seed.git"));
    }
    stand.slow = false;
    for (.., table) in tables {
        table.print();
    }
}

fn measure(stand: &Stand, way: Way, seed: Seed, rounds: usize) -> Results {
    for copy in ["ours.git", "push.git", "cycle.git"] {
        seed::copy(&stand.ground, "seed.git", copy);
    }
    let mut bot = Bot::start(stand.settings(way, "ours.git", "mirror.git"), seed.catalogue());
    let ready = Ready::new(stand, way, seed, "push.git");
    ready.push(stand, "warm");
    theirs::cycle(stand, way, seed, "cycle.git", "warm");
    let mut results = Results::default();
    for round in 0..rounds {
        let tag = format!("2.0.{round}");
        let (time, spent) = bot.deploy(0, &tag);
        results.bot.0.push(time);
        results.push.0.push(spent.push);
        results.git.0.push(ready.push(stand, &tag));
        results.cycle.0.push(theirs::cycle(stand, way, seed, "cycle.git", &tag));
    }
    drop(bot);
    for name in ["ours.git", "push.git", "cycle.git"] {
        stand.verify(name, seed.commits + rounds + 1);
    }
    seed::remove(&stand.path("mirror.git"));
    seed::remove(&stand.path("push.git.clone"));
    results
}
