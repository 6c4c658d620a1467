//! The one table of commands: the parser, help, the Telegram menu, completions and docs/commands.md come from it.

pub use super::error::Argument;
use crate::domain::command::CommandName;

/// A command's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// Which command it is.
    pub name: CommandName,
    /// The word after the slash.
    pub word: &'static str,
    /// The arguments in order; the flag says whether one may be left out.
    pub arguments: &'static [(Argument, Optional)],
    /// Lines that are valid with the sandbox's application, for help and documentation.
    pub examples: &'static [&'static str],
}

/// Whether an argument may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Optional {
    Yes,
    No,
}

/// Every command, in the order of menus.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: CommandName::Deploy,
        word: "deploy",
        arguments: &[(Argument::Target, Optional::Yes), (Argument::Version, Optional::No)],
        examples: &[
            "/deploy 0.10.5",
            "/deploy oil-refinery-application 0.10.5",
            "/deploy oil-refinery-application/prod 0.10.5",
        ],
    },
    CommandSpec {
        name: CommandName::SetReplicas,
        word: "set_replicas",
        arguments: &[(Argument::Target, Optional::Yes), (Argument::Count, Optional::No)],
        examples: &[
            "/set_replicas 3",
            "/set_replicas oil-refinery-application 3",
            "/set_replicas oil-refinery-application/prod 3",
        ],
    },
    CommandSpec {
        name: CommandName::Status,
        word: "status",
        arguments: &[(Argument::Target, Optional::Yes)],
        examples: &["/status", "/status oil-refinery-application"],
    },
    CommandSpec {
        name: CommandName::ShowContainers,
        word: "showcontainers",
        arguments: &[(Argument::Target, Optional::Yes), (Argument::PageOrAll, Optional::Yes)],
        examples: &[
            "/showcontainers",
            "/showcontainers 2",
            "/showcontainers oil-refinery-application",
            "/showcontainers oil-refinery-application/prod 2",
            "/showcontainers oil-refinery-application all",
        ],
    },
    CommandSpec {
        name: CommandName::GetPods,
        word: "get_pods",
        arguments: &[(Argument::Target, Optional::Yes)],
        examples: &["/get_pods", "/get_pods oil-refinery-application"],
    },
    CommandSpec {
        name: CommandName::GetNodes,
        word: "get_nodes",
        arguments: &[(Argument::Page, Optional::Yes)],
        examples: &["/get_nodes", "/get_nodes 2"],
    },
    CommandSpec {
        name: CommandName::Cordon,
        word: "cordon",
        arguments: &[(Argument::Node, Optional::No), (Argument::Confirm, Optional::Yes)],
        examples: &["/cordon refinery-worker-1"],
    },
    CommandSpec {
        name: CommandName::Uncordon,
        word: "uncordon",
        arguments: &[(Argument::Node, Optional::No)],
        examples: &["/uncordon refinery-worker-1"],
    },
    CommandSpec {
        name: CommandName::GetLogs,
        word: "get_logs",
        arguments: &[
            (Argument::Pod, Optional::No),
            (Argument::Container, Optional::Yes),
            (Argument::Previous, Optional::Yes),
        ],
        examples: &[
            "/get_logs xk2lp",
            "/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application",
            "/get_logs xk2lp previous",
        ],
    },
    CommandSpec {
        name: CommandName::Events,
        word: "events",
        arguments: &[(Argument::Target, Optional::Yes)],
        examples: &["/events", "/events oil-refinery-application"],
    },
    CommandSpec {
        name: CommandName::Describe,
        word: "describe",
        arguments: &[(Argument::PodOrNode, Optional::No)],
        examples: &["/describe xk2lp", "/describe refinery-worker-1", "/describe node/refinery-worker-1"],
    },
    CommandSpec { name: CommandName::Apps, word: "apps", arguments: &[], examples: &["/apps"] },
    CommandSpec { name: CommandName::WhoAmI, word: "whoami", arguments: &[], examples: &["/whoami"] },
    CommandSpec {
        name: CommandName::Help,
        word: "help",
        arguments: &[(Argument::Command, Optional::Yes)],
        examples: &["/help", "/help deploy"],
    },
    CommandSpec { name: CommandName::Start, word: "start", arguments: &[], examples: &["/start"] },
];

/// The row of a command.
#[must_use]
pub fn spec(name: CommandName) -> &'static CommandSpec {
    // Every name has a row: a test holds it.
    COMMANDS.iter().find(|spec| spec.name == name).unwrap_or(&COMMANDS[0])
}
