//! The exit codes of one-shot commands: what a script learns without reading the text.

use crate::domain::{
    answer::{Answer, Applied, Refusal},
    pod::PodUnclear,
    rollout::Stage,
};

/// How a one-shot command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to change, or the question is answered.
    Done = 0,
    /// Refused; nothing was applied, and trying the same again gets the same.
    Refused = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The commit was pushed, and the cluster doesn't run it: not in time, paused, or the rollout failed.
    NotLive = 3,
    /// Something broke before anything was applied; it is safe to try again.
    Failed = 4,
    /// The connection broke at the wrong moment: the commit may or may not have arrived. Trying again with the same
    /// `--request-id` is safe.
    Unknown = 5,
}

impl ExitCode {
    /// All of them, by number.
    pub const ALL: [Self; 6] = [Self::Done, Self::Refused, Self::Usage, Self::NotLive, Self::Failed, Self::Unknown];

    /// The code of the last answer to a command.
    ///
    /// A commit whose rollout nobody waited for is [`Self::Done`]. A rollout that failed is [`Self::NotLive`], not
    /// [`Self::Failed`]: the commit is there. A line that isn't a command is [`Self::Usage`], as one that the
    /// argument parser refuses.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        match answer {
            answer if is_unanswered(answer) => Self::Failed,
            Answer::Accepted { .. } => Self::Unknown,
            Answer::Rollout(report) => match report.stage {
                Stage::Committed | Stage::Syncing | Stage::Progressing { .. } | Stage::Live { .. } | Stage::Removed => {
                    Self::Done
                }
                Stage::NotFollowed { reason: None } => Self::Done,
                Stage::NotFollowed { reason: Some(_) }
                | Stage::Paused
                | Stage::Failed { .. }
                | Stage::TimedOut { .. } => Self::NotLive,
            },
            Answer::Refused(Refusal::Grammar(_)) => Self::Usage,
            Answer::Refused(_) | Answer::ContainerNeeded { .. } | Answer::PodUnclear { .. } => Self::Refused,
            Answer::Failed(failure) => match failure.applied {
                Applied::No => Self::Failed,
                Applied::Unknown => Self::Unknown,
            },
            Answer::AlreadySo { .. }
            | Answer::Nodes(_)
            | Answer::Node(_)
            | Answer::Apps(_)
            | Answer::Status(_)
            | Answer::Containers(_)
            | Answer::Pods(_)
            | Answer::Log(_)
            | Answer::Events(_)
            | Answer::Described(_)
            | Answer::NodeDescribed(_)
            | Answer::Help(_)
            | Answer::Start { .. }
            | Answer::WhoAmI { .. } => Self::Done,
        }
    }

    /// What it means, for `--help`.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to change",
            Self::Refused => "refused; nothing was applied, the same again gets the same",
            Self::Usage => "the command line or the configuration is wrong",
            Self::NotLive => "committed, but not live: not in time, paused, or the rollout failed",
            Self::Failed => "failed, and nothing was applied; it is safe to try again",
            Self::Unknown => "failed, and the commit may have arrived; trying again with the same --request-id is safe",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Whether a question got no answer at all from whom it was for. One of which a part is told has an answer.
fn is_unanswered(answer: &Answer) -> bool {
    fn none<T>(reports: &[T], is_told: impl Fn(&T) -> bool) -> bool {
        !reports.is_empty() && !reports.iter().any(is_told)
    }
    match answer {
        Answer::Status(reports) => none(reports, |report| report.desired.is_ok() || report.live.is_ok()),
        Answer::Pods(reports) => none(reports, |report| report.pods.is_ok()),
        Answer::Events(reports) => none(reports, |report| report.events.is_ok()),
        Answer::Nodes(report) => report.is_err(),
        Answer::Containers(report) => report.tags.is_err(),
        Answer::PodUnclear { reason, .. } => matches!(reason, PodUnclear::Unanswered(_)),
        _ => false,
    }
}

/// What the last answer comes to in one word, finer than the exit code; part of the JSON output, so it stays stable.
#[must_use]
pub fn outcome(answer: &Answer) -> &'static str {
    match answer {
        answer if is_unanswered(answer) => "failed",
        Answer::Accepted { .. } => "accepted",
        Answer::AlreadySo { .. } => "already_so",
        Answer::Rollout(report) => match report.stage {
            Stage::Committed => "committed",
            Stage::Syncing => "syncing",
            Stage::Progressing { .. } => "progressing",
            Stage::Live { .. } => "live",
            Stage::Removed => "removed",
            Stage::Paused => "paused",
            Stage::Failed { .. } => "rollout_failed",
            Stage::NotFollowed { .. } => "not_followed",
            Stage::TimedOut { .. } => "timed_out",
        },
        Answer::Refused(Refusal::Grammar(_)) => "not_a_command",
        Answer::Refused(_) | Answer::ContainerNeeded { .. } | Answer::PodUnclear { .. } => "refused",
        Answer::Failed(failure) => match failure.applied {
            Applied::No => "failed",
            Applied::Unknown => "unknown",
        },
        Answer::Node(change) if change.already_so => "already_so",
        Answer::Node(_) => "done",
        Answer::Apps(_)
        | Answer::Nodes(_)
        | Answer::Status(_)
        | Answer::Containers(_)
        | Answer::Pods(_)
        | Answer::Log(_)
        | Answer::Events(_)
        | Answer::Described(_)
        | Answer::NodeDescribed(_)
        | Answer::Help(_)
        | Answer::Start { .. }
        | Answer::WhoAmI { .. } => "answered",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        adapters::console::replier::tests::{accepted, rollout, site},
        domain::{
            answer::{Failure, FailureKind},
            command::{CommandName, Mutation},
            event::{EventList, EventsReport},
            pod::{PodAsked, PodList, PodsReport},
            registry_fault::{RegistryFault, RegistrySilence},
            unanswered::Unanswered,
        },
        grammar::{GrammarError, GrammarFault},
    };

    fn failed(applied: Applied) -> Answer {
        Answer::Failed(Failure { detail: "x".into(), kind: FailureKind::Internal, applied })
    }

    fn pods(lists: &[Result<Option<PodList>, Unanswered>]) -> Answer {
        Answer::Pods(lists.iter().map(|pods| PodsReport { site: site(), pods: pods.clone() }).collect())
    }

    fn events(events: Result<Option<EventList>, Unanswered>) -> Answer {
        Answer::Events(vec![EventsReport { site: site(), events }])
    }

    fn unclear(reason: PodUnclear) -> Answer {
        let asked = PodAsked { namespace: None, name: "xk2lp".into() };
        Answer::PodUnclear { asked, command: CommandName::Describe, rest: Vec::new(), reason }
    }

    #[test]
    fn every_end_has_its_code() {
        let late = Unanswered::Late { after: Duration::from_secs(3) };
        let grammar = GrammarError { line: String::new(), at: 0, length: 1, command: None, fault: GrammarFault::Empty };
        let already = Answer::AlreadySo { site: site(), mutation: Mutation::SetReplicas(2) };
        let fault = RegistryFault { server: None, reason: RegistrySilence::NotConfigured };
        let silent = Refusal::RegistryDown { image: site().image, fault };
        let table = [
            (rollout(Stage::Live { ready: 2, desired: 2, superseded_by: None }), ExitCode::Done, "live"),
            (rollout(Stage::Committed), ExitCode::Done, "committed"),
            (rollout(Stage::Syncing), ExitCode::Done, "syncing"),
            (rollout(Stage::Progressing { ready: 1, desired: 2, trouble: Vec::new() }), ExitCode::Done, "progressing"),
            (already, ExitCode::Done, "already_so"),
            (Answer::Status(Vec::new()), ExitCode::Done, "answered"),
            (pods(&[Ok(None), Err(Unanswered::NotConfigured)]), ExitCode::Done, "answered"),
            // Whoever is asked and silent fails every question alike.
            (pods(&[Err(Unanswered::NotConfigured)]), ExitCode::Failed, "failed"),
            (events(Err(late.clone())), ExitCode::Failed, "failed"),
            (events(Ok(None)), ExitCode::Done, "answered"),
            (Answer::Nodes(Err(late.clone())), ExitCode::Failed, "failed"),
            (unclear(PodUnclear::Unanswered(late)), ExitCode::Failed, "failed"),
            (unclear(PodUnclear::ForeignNamespace { namespaces: Vec::new() }), ExitCode::Refused, "refused"),
            (Answer::Refused(Refusal::Busy { waiting: 1_000, repository: None }), ExitCode::Refused, "refused"),
            (Answer::Refused(silent), ExitCode::Refused, "refused"),
            (Answer::Refused(Refusal::Grammar(grammar)), ExitCode::Usage, "not_a_command"),
            (rollout(Stage::Failed { reason: "x".into() }), ExitCode::NotLive, "rollout_failed"),
            (rollout(Stage::TimedOut { after: Duration::from_secs(1), last: None }), ExitCode::NotLive, "timed_out"),
            (rollout(Stage::Paused), ExitCode::NotLive, "paused"),
            (rollout(Stage::Removed), ExitCode::Done, "removed"),
            (failed(Applied::No), ExitCode::Failed, "failed"),
            (failed(Applied::Unknown), ExitCode::Unknown, "unknown"),
            (accepted(), ExitCode::Unknown, "accepted"),
        ];
        for (answer, code, word) in table {
            assert_eq!((ExitCode::of(&answer), outcome(&answer)), (code, word), "{answer:?}");
            let page = include_str!("../../../docs/command-line.md");
            let documented = page
                .lines()
                .any(|line| line.contains(&format!("`{word}`")) && line.contains(&format!(" | {} | ", code as u8)));
            assert!(documented, "docs/command-line.md has the outcome {word}");
        }
    }

    #[test]
    fn the_page_lists_the_codes() {
        let page = include_str!("../../../docs/command-line.md");
        let rows: Vec<_> = ExitCode::ALL.iter().map(|c| format!("| {} | {} |", *c as u8, c.meaning())).collect();
        assert!(page.contains(&rows.join("\n")), "docs/command-line.md lists:\n{}", rows.join("\n"));
        assert_eq!(ExitCode::ALL.map(|code| code as u8), [0, 1, 2, 3, 4, 5]);
    }
}
