//! All wording, in Russian and in English: answers become messages that each front renders in its own way.
//!
//! Both languages stand side by side in `say!`, so that a change touches both. Text that others wrote (tags, reasons,
//! server messages, shown names) stands only in code and blocks, cleaned and cut: there no client turns it into links,
//! mentions or commands, and it can't break the layout.

/// The wording in the reader's language: `say!(language, "по-русски {x}", "in English {x}")`.
macro_rules! say {
    ($language:expr, $ru:literal, $en:literal $(,)?) => {
        match $language {
            $crate::domain::language::Language::Ru => format!($ru),
            $crate::domain::language::Language::En => format!($en),
        }
    };
}

mod apps;
mod button;
mod clean;
mod columns;
mod compose;
mod containers;
mod denial;
mod edit;
mod events;
mod failure;
mod fault;
mod help;
mod hint;
mod identity;
mod logs;
mod manifest;
mod message;
mod nodes;
mod pipeline;
#[cfg(feature = "sandbox")]
mod playground;
mod pod_unclear;
mod pods;
mod quantity;
mod reference;
mod refusal;
mod registry_fault;
mod review;
mod rollout;
mod status;
#[cfg(test)]
mod tests;
mod unanswered;
mod unread;

pub use button::{press_again, press_denied, press_forgotten, pressed_by};
pub use edit::{edit_change, edit_error, edit_found, edit_nothing_changed, edit_place, edit_remedy, edit_report_lost};
pub use help::menu;
pub use message::{Button, Document, Message, Span};
pub use pipeline::pipeline_line;
#[cfg(feature = "sandbox")]
pub use playground::{not_ours, unfinished, welcome};
pub use reference::reference;
pub use rollout::stage_line;

use crate::domain::{answer::Answer, language::Language};

/// Puts an answer into words. The text stays below Telegram's 4096 characters whatever the answer holds.
#[must_use]
pub fn render(answer: &Answer, language: Language) -> Message {
    let text = match answer {
        Answer::Accepted { site, mutation } => rollout::accepted(site, mutation, language),
        Answer::AlreadySo { site, mutation } => rollout::already_so(site, mutation, language),
        Answer::Rollout(report) => rollout::report(report, language),
        Answer::Refused(refusal) => refusal::refusal(refusal, language),
        Answer::Failed(failure) => failure::failure(failure, language),
        Answer::Apps(catalogue) => apps::apps(catalogue, language),
        Answer::Status(reports) => status::status(reports, language),
        Answer::Containers(report) => containers::containers(report, language),
        Answer::Pods(reports) => pods::pods(reports, language),
        Answer::Nodes(report) => nodes::nodes(report, language),
        Answer::Node(change) => nodes::change(change, language),
        Answer::Events(reports) => events::events(reports, language),
        Answer::NodeDescribed(description) => events::node(description, language),
        Answer::Described(description) => events::pod(description, language),
        Answer::Log(report) => logs::log(report, language),
        Answer::ContainerNeeded { pod, given, containers, previous } => {
            logs::container_needed(pod, given.as_deref(), containers, *previous, language)
        }
        Answer::PodUnclear { asked, command, rest, reason } => {
            pod_unclear::pod_unclear(asked, *command, rest, reason, language)
        }
        Answer::Help(None) => help::all(language),
        Answer::Help(Some(name)) => help::one(*name, language),
        Answer::Start { known } => identity::start(*known, language),
        Answer::WhoAmI { sender, place, known_as } => identity::who_am_i(sender, *place, known_as.as_deref(), language),
    };
    text.build()
}

/// Puts an answer into words for a terminal or a file: tables may be as wide and as long as they are.
#[must_use]
pub fn render_wide(answer: &Answer, language: Language) -> Message {
    match answer {
        Answer::Pods(reports) => pods::pods_wide(reports, language).build_whole(),
        Answer::Nodes(report) => nodes::nodes_wide(report, language).build_whole(),
        Answer::Events(reports) => events::events_wide(reports, language).build_whole(),
        Answer::Containers(report) => containers::containers_wide(report, language).build_whole(),
        Answer::NodeDescribed(description) => events::node_wide(description, language).build_whole(),
        Answer::Described(description) => events::pod_wide(description, language).build_whole(),
        Answer::Log(report) => logs::log_wide(report, language).build_whole(),
        _ => render(answer, language),
    }
}
