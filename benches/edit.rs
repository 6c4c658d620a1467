//! What one edit of a manifest costs in time and memory, beside parsing and re-serialising the same text.
//!
//! ```sh
//! cargo bench --bench edit
//! ```
//!
//! The edit is the whole way: bytes in, the entry found, the value spliced in, the edit proved, the new text out. Others
//! get the text and do as little as they can: parse it, or parse it and write it again. All take turns in one process, and
//! medians are shown. Memory is what a process of its own needs above its state before the call; it is read from `/proc`,
//! so that part is Linux only. Nothing is asserted: the figures are for `docs/performance.md`.

use std::{
    env,
    fmt::Write as _,
    fs,
    hint::black_box,
    process::Command,
    time::{Duration, Instant},
};

use serde::Deserialize as _;
use tiphys::{
    domain::name::{ImageName, Tag},
    manifest::{Missing, Outcome, kustomization::Kustomization},
};

/// The entries of the large text.
const ENTRIES: usize = 10_000;
/// The entries of the small text, which make it 60 lines long.
const FEW: usize = 14;

/// Something that is done with a text.
#[derive(Clone, Copy)]
struct Contestant {
    name: &'static str,
    run: fn(&str, usize),
}

/// The two whose time the edit is compared with come first.
const CONTESTANTS: [Contestant; 8] = [
    Contestant { name: "serde_yaml: parse", run: |text, _| drop(black_box(value(text))) },
    Contestant { name: "granit-parser: parse", run: |text, _| events(text) },
    Contestant {
        name: "serde_yaml: parse, write",
        run: |text, _| drop(black_box(serde_yaml::to_string(&value(text)))),
    },
    Contestant { name: "yaml-rust2: parse", run: |text, _| drop(black_box(yaml(text))) },
    Contestant { name: "yaml-rust2: parse, write", run: |text, _| emit(text) },
    Contestant { name: "edit, first entry", run: |text, _| edit(text, 0) },
    Contestant { name: "edit, middle entry", run: |text, entries| edit(text, entries / 2) },
    Contestant { name: "edit, last entry", run: |text, entries| edit(text, entries - 1) },
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [what, index, entries] = arguments.as_slice()
        && what == "memory"
    {
        let index: usize = index.parse().expect("an index");
        return grow(CONTESTANTS[index], entries.parse().expect("a number"));
    }
    times();
    memory();
}

fn times() {
    let texts = [(FEW, 4, 501), (ENTRIES, 1, 21)];
    let mut columns = vec![];
    println!("{:<26} {}", "median time", texts.map(|(entries, ..)| heading(&kustomization(entries))).join(""));
    for (entries, batch, rounds) in texts {
        let text = kustomization(entries);
        let mut samples = vec![vec![]; CONTESTANTS.len()];
        for _ in 0..rounds {
            for (contestant, samples) in CONTESTANTS.iter().zip(&mut samples) {
                // Whoever comes next clears up the heap that the one before has left behind; that counts for nobody.
                (contestant.run)(&text, entries);
                let begin = Instant::now();
                for _ in 0..batch {
                    (contestant.run)(&text, entries);
                }
                samples.push(begin.elapsed() / batch);
            }
        }
        columns.push(samples.into_iter().map(median).collect::<Vec<Duration>>());
    }
    for (row, contestant) in CONTESTANTS.iter().enumerate() {
        let cells = columns.iter().map(|column| {
            let ratio = |other: usize| column[row].as_secs_f64() / column[other].as_secs_f64();
            format!("{:>11.1} µs {:>6.2} {:>6.2}", column[row].as_secs_f64() * 1e6, ratio(0), ratio(1))
        });
        println!("{:<26} {}", contestant.name, cells.collect::<String>());
    }
    println!("The ratios are to serde_yaml's and to granit-parser's parse of the same text.\n");
}

fn heading(text: &str) -> String {
    format!("{:>30}", format!("{} lines, {} bytes", text.lines().count(), text.len()))
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}

/// Shows how much memory each takes for the large text, and for one twice and four times as long.
fn memory() {
    let sizes = [1, 2, 4].map(|times| times * ENTRIES);
    let headings = sizes.map(|entries| format!("{:>14.1} MB text", kustomization(entries).len() as f64 / 1e6));
    println!("{:<26} {}", "most memory", headings.concat());
    let own = env::current_exe().expect("a path");
    for (index, contestant) in CONTESTANTS.iter().enumerate() {
        let cells = sizes.map(|entries| {
            let mut command = Command::new(&own);
            let output = command.args(["memory", &index.to_string(), &entries.to_string()]).output();
            let output = String::from_utf8(output.expect("it starts").stdout).expect("text");
            output.trim().parse().map_or("unknown".to_owned(), |kb: f64| format!("{:.1} MB", kb * 1024.0 / 1e6))
        });
        println!("{:<26} {}", contestant.name, cells.map(|cell| format!("{cell:>22}")).concat());
    }
}

/// Prints by how many kilobytes one call makes this process grow at its peak.
fn grow(contestant: Contestant, entries: usize) {
    let text = kustomization(entries);
    let before = process_status("VmRSS");
    (contestant.run)(&text, entries);
    if let (Some(before), Some(most)) = (before, process_status("VmHWM")) {
        println!("{}", most.saturating_sub(before));
    }
}

/// A size in `/proc/self/status`, in kilobytes.
fn process_status(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

/// A kustomization as people write them, with this many images.
fn kustomization(entries: usize) -> String {
    let mut text = String::from(
        "# Everything that runs in production. Tags are set by the bot.\n\
         apiVersion: kustomize.config.k8s.io/v1beta1\n\
         kind: Kustomization\n\
         \n\
         namespace: team-production # see docs/namespaces.md\n\
         \n\
         resources:\n  - ../base\n  - ingress.yaml\n  - \"secrets.yaml\"\n\
         \n\
         labels:\n  - pairs: {team: platform, stage: 'production'}\n    includeSelectors: false\n\
         \n\
         images:\n",
    );
    for index in 0..entries {
        if index % 10 == 3 {
            text.push_str("  # The next one is slow to start.\n");
        }
        let quote = if index % 3 == 0 { "" } else { "\"" };
        let name = name(index);
        write!(
            text,
            "  - name: {name}\n    newName: mirror.example.org/{index:05}\n    newTag: {quote}0.10.{index}{quote}\n"
        )
        .expect("a string takes everything");
    }
    text
}

fn name(index: usize) -> String {
    format!("registry.example.org/platform/service-{index:05}")
}

fn edit(text: &str, index: usize) {
    let image = ImageName::new(name(index)).expect("a valid name");
    let tag = Tag::new("0.11.0-rc.1").expect("a valid tag");
    let kustomization = Kustomization::read(black_box(text).as_bytes()).expect("readable");
    let outcome = kustomization.set_tag(&image, &tag, Missing::Refuse).expect("editable");
    assert!(matches!(black_box(outcome), Outcome::Changed { .. }), "otherwise nothing is measured");
}

fn events(text: &str) {
    for event in granit_parser::Parser::new_from_str(black_box(text)) {
        black_box(event.expect("readable"));
    }
}

fn value(text: &str) -> serde_yaml::Value {
    let document = serde_yaml::Deserializer::from_str(black_box(text));
    serde_yaml::Value::deserialize(document).expect("readable")
}

fn yaml(text: &str) -> Vec<yaml_rust2::Yaml> {
    yaml_rust2::YamlLoader::load_from_str(black_box(text)).expect("readable")
}

fn emit(text: &str) {
    let mut out = String::new();
    yaml_rust2::YamlEmitter::new(&mut out).dump(&yaml(text)[0]).expect("writable");
    black_box(out);
}
