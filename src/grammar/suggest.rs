//! The commands nearest to a mistyped one, and to the words that people know from other tools.

use super::table::COMMANDS;
use crate::domain::command::CommandName;

/// How many commands are offered.
const OFFERED: usize = 3;

/// The least likeness (Jaro-Winkler) that is worth offering.
const LIKENESS: f64 = 0.75;

/// How far behind the best one another may be.
const MARGIN: f64 = 0.15;

/// Words that mean one of our commands elsewhere.
const SYNONYMS: &[(&str, CommandName)] = &[
    ("rollout", CommandName::Deploy),
    ("release", CommandName::Deploy),
    ("upgrade", CommandName::Deploy),
    ("scale", CommandName::SetReplicas),
    ("replicas", CommandName::SetReplicas),
    ("state", CommandName::Status),
    ("info", CommandName::Status),
    ("pods", CommandName::GetPods),
    ("ps", CommandName::GetPods),
    ("logs", CommandName::GetLogs),
    ("log", CommandName::GetLogs),
    ("tail", CommandName::GetLogs),
    ("containers", CommandName::ShowContainers),
    ("images", CommandName::ShowContainers),
    ("tags", CommandName::ShowContainers),
    ("versions", CommandName::ShowContainers),
    ("nodes", CommandName::GetNodes),
    ("drain", CommandName::Cordon),
    ("applications", CommandName::Apps),
    ("list", CommandName::Apps),
    ("id", CommandName::WhoAmI),
    ("me", CommandName::WhoAmI),
    ("commands", CommandName::Help),
    ("?", CommandName::Help),
];

/// The commands nearest to `given`, best first, at most three; none when nothing is alike.
#[must_use]
pub fn nearest_commands(given: &str) -> Vec<CommandName> {
    let given: String = given.to_lowercase().replace('-', "_");
    let words = COMMANDS.iter().map(|spec| (spec.word, spec.name)).chain(SYNONYMS.iter().copied());
    let mut scored: Vec<(f64, CommandName)> = words
        .map(|(word, name)| (strsim::jaro_winkler(&given, word), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .collect();
    // Stable: equally alike commands stay in the order of the table.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = scored.first().map_or(0.0, |(likeness, _)| *likeness);
    let mut nearest = Vec::new();
    for (likeness, name) in scored {
        if likeness >= best - MARGIN && !nearest.contains(&name) {
            nearest.push(name);
        }
    }
    nearest.truncate(OFFERED);
    nearest
}
