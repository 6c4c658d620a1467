//! Many changes that wait at once.

use std::time::Duration;

use crate::{
    Scale,
    figures::{Table, Times, milliseconds, thousands},
    ours::Bot,
    seed::{self, Seed},
    stand::{Stand, Way},
    theirs,
};

/// Fills a table with the changes, and with what as many clone cycles would take one after the other.
pub(crate) fn run(stand: &Stand, scale: &Scale) {
    let seed = Seed { commits: scale.commits, ..Seed::folders(scale.waiting * 10) };
    for copy in ["ours.git", "cycle.git"] {
        seed.write(&stand.ground, copy);
    }
    let mut bot = Bot::start(stand.settings(Way::Https, "ours.git", "mirror.git"), seed.catalogue());
    let (mut all, mut push, mut cycle) = (Times::default(), Times::default(), Times::default());
    let mut pushes = vec![];
    for round in 0..scale.crowds {
        let (time, spent) = bot.deploy_all(0..scale.waiting, &format!("3.0.{round}"));
        all.0.push(time);
        push.0.push(spent.push);
        assert_eq!(spent.pushes.iter().sum::<usize>(), scale.waiting);
        pushes.push(spent.pushes.len());
    }
    for round in 0..scale.cycles {
        cycle.0.push(theirs::cycle(stand, Way::Https, seed, "cycle.git", &format!("3.0.{round}")));
    }
    drop(bot);
    stand.verify("ours.git", seed.commits + 1 + scale.crowds * scale.waiting);
    stand.verify("cycle.git", seed.commits + scale.cycles);
    seed::remove(&stand.path("mirror.git"));

    pushes.sort_unstable();
    let count = scale.waiting;
    let heading =
        format!("{} changes to {} applications at once, over HTTPS, in {} files", count, count, thousands(seed.files));
    let titles = ["", "all pushed, ms", "pushes", "of it pushing", "for each change", "ratio"];
    let mut table = Table::new(&heading, &titles);
    let per = |time: Duration| milliseconds(time / count as u32);
    let cycles: Duration = cycle.0.iter().sum::<Duration>() / scale.cycles as u32 * count as u32;
    let ratio = format!("{:.5}", all.median().as_secs_f64() / cycles.as_secs_f64());
    table.row(vec![
        format!("tiphys, median of {}", scale.crowds),
        milliseconds(all.median()),
        pushes[pushes.len() - 1].to_string(),
        milliseconds(push.median()),
        per(all.median()),
        ratio,
    ]);
    table.row(vec![
        format!("clone cycles, extrapolated from {}", scale.cycles),
        milliseconds(cycles),
        count.to_string(),
        String::new(),
        per(cycles),
        "1".to_owned(),
    ]);
    table.print();
}
