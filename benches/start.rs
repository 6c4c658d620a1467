//! How long `tiphys serve` takes to its first poll, and how much memory it holds when idle.
//!
//! ```sh
//! cargo bench --bench start
//! ```
//!
//! The program is started in the sandbox, with a Bot API server, a registry, an API server and a manifests repository
//! on loopback. A start is timed from the fork to the arrival of its first `getUpdates`. Memory is read from
//! `/proc`, so that part is Linux only. Nothing is asserted: the figures are for the README.

#[path = "../tests/common/playbill.rs"]
#[expect(dead_code, reason = "the scenarios use the rest of it")]
mod playbill;

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use playbill::{Bot, PATIENCE, Playbill};
use tiphys::sandbox::telegram::Event;

/// How many starts are timed.
const STARTS: usize = 20;
/// How long the program has been idle when its memory is read.
const IDLE: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let playbill = Playbill::start().await;
    // The first start makes the mirror.
    drop(start(&playbill).await);
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (bot, time) = start(&playbill).await;
        drop(bot);
        times.push(time);
    }
    times.sort();
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    println!("start to first poll, median of {STARTS}   {}", milliseconds(times[STARTS / 2]));
    println!("fastest, slowest                    {}, {}", milliseconds(times[0]), milliseconds(times[STARTS - 1]));

    let (bot, _) = start(&playbill).await;
    tokio::time::sleep(IDLE).await;
    for (title, key) in [("resident after 5 s idle", "VmRSS"), ("most so far", "VmHWM"), ("threads", "Threads")] {
        println!("{title:<35} {}", process_status(bot.0.id(), key).unwrap_or_else(|| "unknown".to_owned()));
    }
}

/// Starts the program as it is in production and waits for its first poll.
async fn start(playbill: &Playbill) -> (Bot, Duration) {
    let mut events = playbill.hub().subscribe();
    let mut command = playbill.program(&["serve"]);
    command.env_remove("TIPHYS_LOG").stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let bot = Bot(command.spawn().expect("the program starts"));
    let polled = async {
        loop {
            if let Event::Called { call } = events.recv().await.expect("the server runs")
                && call.method.eq_ignore_ascii_case("getUpdates")
            {
                return begin.elapsed();
            }
        }
    };
    let time = tokio::time::timeout(PATIENCE, polled).await.expect("the program polls");
    (bot, time)
}

/// A field of `/proc/PID/status`; sizes in megabytes.
fn process_status(process: u32, key: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?.trim();
    match value.strip_suffix(" kB").and_then(|kilobytes| kilobytes.parse::<f64>().ok()) {
        Some(kilobytes) => Some(format!("{:.1} MB", kilobytes * 1024.0 / 1e6)),
        None => Some(value.to_owned()),
    }
}
