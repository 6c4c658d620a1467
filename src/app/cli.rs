//! The command line's definition. What the words of a command mean is the grammar's affair, as in a chat.

use std::{ffi::OsString, io::Write, path::PathBuf, time::Duration};

use clap::{
    Args, CommandFactory, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
    error::{ContextKind, ContextValue},
};
use clap_complete::Shell;

use super::{
    config::{Depth, duration},
    edit::args::EditCommand,
    notify::NotifyCommand,
    review::ReviewArgs,
};
use crate::{
    adapters::console::ExitCode,
    domain::{command::CommandName, language::Language, name::RequestId},
    grammar::{ALL, table::spec},
};

/// Turns chat commands into commits in a manifests repository and follows Argo CD until they are live.
#[derive(Debug, Parser)]
#[command(name = "tiphys", version, arg_required_else_help = true, after_help = exit_codes(), max_term_width = 110)]
pub struct Cli {
    /// The configuration.
    #[arg(
        long,
        global = true,
        env = "TIPHYS_CONFIG",
        hide_env_values = true,
        value_name = "FILE",
        default_value = "tiphys.yaml"
    )]
    pub config: PathBuf,
    /// How log lines look; they go to standard error.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// The language of replies, in place of the configuration's.
    #[arg(
        long,
        global = true,
        value_name = "LANGUAGE",
        value_parser = PossibleValuesParser::new(["ru", "en"]).map(|word| if word == "en" { Language::En } else { Language::Ru })
    )]
    pub language: Option<Language>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the Telegram bot until it is told to stop (SIGTERM or Ctrl-C).
    Serve,
    /// Runs the bot in a small world on this machine, with a chat in the browser and a prompt here.
    #[cfg(feature = "sandbox")]
    Playground(PlaygroundArgs),
    /// Deploys an image's tag.
    #[command(override_usage = "tiphys deploy [OPTIONS] [APP[/ENV]] TAG", after_help = exit_codes())]
    Deploy(DeployArgs),
    /// Sets the number of replicas.
    #[command(
        alias = "set_replicas",
        override_usage = "tiphys set-replicas [OPTIONS] [APP[/ENV]] COUNT",
        after_help = exit_codes()
    )]
    SetReplicas(SetReplicasArgs),
    /// Shows what git wants, what the cluster runs, the newest tag, and who changed it last.
    #[command(override_usage = "tiphys status [OPTIONS] [APP[/ENV]]")]
    Status(QueryArgs),
    /// Lists the applications and their environments.
    #[command(override_usage = "tiphys apps [OPTIONS]")]
    Apps(AppsArgs),
    /// Lists the tags of an application's image, ten a page, newest first.
    #[command(alias = "show-containers", override_usage = "tiphys showcontainers [OPTIONS] [APP[/ENV]]")]
    Showcontainers(ContainersArgs),
    /// Lists the pods of an application's Deployment.
    #[command(aliases = ["get-pods", "get_pods"], override_usage = "tiphys pods [OPTIONS] [APP[/ENV]]")]
    Pods(ReadArgs),
    /// Lists the cluster's nodes: where they are reached, and whether pods can be placed there.
    #[command(aliases = ["get-nodes", "get_nodes"], override_usage = "tiphys nodes [OPTIONS]")]
    Nodes(NodesArgs),
    /// Closes a node to new pods.
    #[command(override_usage = "tiphys cordon [OPTIONS] NODE [confirm]", after_help = exit_codes())]
    Cordon(NodeArgs),
    /// Opens a node to pods again.
    #[command(override_usage = "tiphys uncordon [OPTIONS] NODE", after_help = exit_codes())]
    Uncordon(NodeArgs),
    /// Shows the last lines of a container's log.
    #[command(aliases = ["get-logs", "get_logs"], override_usage = "tiphys logs [OPTIONS] POD [CONTAINER]")]
    Logs(LogsArgs),
    /// Shows what happened within the last hour to an application's Deployment and its pods.
    #[command(override_usage = "tiphys events [OPTIONS] [APP[/ENV]]")]
    Events(ReadArgs),
    /// Shows a pod or a node in detail.
    #[command(override_usage = "tiphys describe [OPTIONS] POD|NODE")]
    Describe(DescribeArgs),
    /// Makes and removes review environments of branches.
    #[command(subcommand, after_help = exit_codes())]
    Review(ReviewArgs),
    /// Edits images, replica counts and values in files: the bytes of the value and no others.
    #[command(subcommand)]
    Edit(EditCommand),
    /// Tells a chat of something, without a configuration.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Looks at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Arguments of `tiphys playground`.
#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub struct PlaygroundArgs {
    /// Where the chat's page listens [default: a free port on 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<std::net::SocketAddr>,
    /// Where the repositories and the history are kept [default: a folder that is removed at the end]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Arguments of `tiphys deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The application and environment, unless there is just one, and the tag.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// Commits even when the registry doesn't answer. A tag that it doesn't have is refused all the same.
    #[arg(long)]
    pub force: bool,
    /// What goes for all changes.
    #[command(flatten)]
    pub mutation: MutationArgs,
}

/// Arguments of `tiphys set-replicas`.
#[derive(Debug, Args)]
pub struct SetReplicasArgs {
    /// The application and environment, unless there is just one, and the count.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// What goes for all changes.
    #[command(flatten)]
    pub mutation: MutationArgs,
}

/// Options of every change.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct MutationArgs {
    /// Waits until the commit is live, or isn't in time.
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, such as 90s or 10m [default: follow.deadline of the configuration]
    #[arg(long, value_name = "DURATION", requires = "wait", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// The key under which this is done at most once [default: the CI job's, otherwise a new one]
    #[arg(long, value_name = "ID", value_parser = parse_request_id)]
    pub request_id: Option<RequestId>,
    /// Prints the last answer alone, as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of questions.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The application, or application/environment.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// Prints the answer as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `tiphys apps`.
#[derive(Debug, Args)]
pub struct AppsArgs {
    /// Prints the answer as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of questions to the cluster.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// The application, or application/environment.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// Arguments of `tiphys showcontainers`.
#[derive(Debug, Args)]
pub struct ContainersArgs {
    /// The application, or application/environment.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// Which page of ten [default: the first]
    #[arg(short, long, value_name = "PAGE", allow_negative_numbers = true)]
    pub page: Option<String>,
    /// All tags in place of a page, without the details that the registry has to be asked for one by one.
    #[arg(short, long, conflicts_with = "page")]
    pub all: bool,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// Arguments of `tiphys nodes`.
#[derive(Debug, Args)]
pub struct NodesArgs {
    /// The page of ten, in place of all nodes.
    #[arg(value_name = "PAGE", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// Arguments of `tiphys cordon` and `tiphys uncordon`.
#[derive(Debug, Args)]
pub struct NodeArgs {
    /// The node, and `confirm` when it may be the last one that is open.
    #[arg(value_name = "WORDS", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// Arguments of `tiphys logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The pod, perhaps shortened or as NAMESPACE/POD, and its container.
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// The container, in place of the second word.
    #[arg(short, long, value_name = "CONTAINER")]
    pub container: Option<String>,
    /// The log of the run before the current one, such as the one that crashed.
    #[arg(short, long)]
    pub previous: bool,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// Arguments of `tiphys describe`.
#[derive(Debug, Args)]
pub struct DescribeArgs {
    /// The pod, perhaps shortened or as NAMESPACE/POD, or the node.
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// How the answer looks.
    #[command(flatten)]
    pub form: OutputArgs,
}

/// How the answer to a question to the cluster looks.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// A table for people, or one JSON object.
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Output::Table)]
    pub output: Output,
    /// The same as --output json.
    #[arg(long, conflicts_with = "output")]
    pub json: bool,
}

/// How an answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns for people.
    Table,
    /// One JSON object.
    Json,
}

impl OutputArgs {
    /// Whether the answer is wanted as JSON.
    #[must_use]
    pub fn json(self) -> bool {
        self.json || self.output == Output::Json
    }
}

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Reports all faults of the configuration, with line and column.
    Check {
        /// Leaves out whether the files and environment variables that it names are there.
        #[arg(long)]
        text_only: bool,
    },
    /// Prints the JSON Schema of the configuration.
    Schema,
}

impl ConfigCommand {
    /// How far `config check` goes.
    #[must_use]
    pub fn depth(self) -> Depth {
        match self {
            Self::Check { text_only: true } => Depth::Text,
            _ => Depth::Everything,
        }
    }
}

impl Command {
    /// The words for the grammar, when this is one of the commands that a chat has as well.
    #[must_use]
    pub fn words(&self) -> Option<Vec<&str>> {
        const NONE: &Vec<String> = &Vec::new();
        let (name, words) = match self {
            Self::Deploy(args) => (CommandName::Deploy, &args.words),
            Self::SetReplicas(args) => (CommandName::SetReplicas, &args.words),
            Self::Status(args) => (CommandName::Status, &args.words),
            Self::Apps(_) => (CommandName::Apps, NONE),
            Self::Showcontainers(args) => (CommandName::ShowContainers, &args.words),
            Self::Pods(args) => (CommandName::GetPods, &args.words),
            Self::Nodes(args) => (CommandName::GetNodes, &args.words),
            Self::Cordon(args) => (CommandName::Cordon, &args.words),
            Self::Uncordon(args) => (CommandName::Uncordon, &args.words),
            Self::Logs(args) => (CommandName::GetLogs, &args.words),
            Self::Events(args) => (CommandName::Events, &args.words),
            Self::Describe(args) => (CommandName::Describe, &args.words),
            _ => return None,
        };
        let mut all: Vec<&str> = std::iter::once(spec(name).word).chain(words.iter().map(String::as_str)).collect();
        if let Self::Logs(args) = self {
            all.extend(args.container.as_deref());
            all.extend(args.previous.then_some("previous"));
        }
        if let Self::Showcontainers(args) = self {
            all.extend(args.page.as_deref());
            all.extend(args.all.then_some(ALL));
        }
        Some(all)
    }

    /// Whether the answer is wanted as JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Deploy(DeployArgs { mutation, .. }) | Self::SetReplicas(SetReplicasArgs { mutation, .. }) => {
                mutation.json
            }
            Self::Review(args) => args.mutation().json,
            Self::Status(args) => args.json,
            Self::Apps(args) => args.json,
            Self::Showcontainers(args) => args.form.json(),
            Self::Pods(args) | Self::Events(args) => args.form.json(),
            Self::Describe(args) => args.form.json(),
            Self::Logs(args) => args.form.json(),
            Self::Nodes(args) => args.form.json(),
            Self::Cordon(args) | Self::Uncordon(args) => args.form.json(),
            _ => false,
        }
    }

    /// The options of a change, when this is one.
    #[must_use]
    pub fn mutation(&self) -> Option<&MutationArgs> {
        match self {
            Self::Deploy(DeployArgs { mutation, .. }) | Self::SetReplicas(SetReplicasArgs { mutation, .. }) => {
                Some(mutation)
            }
            Self::Review(args) => Some(args.mutation()),
            _ => None,
        }
    }
}

/// Words that people try for a command of several words.
const MEANT: [(&str, &str); 3] = [("check", "config check"), ("validate", "config check"), ("schema", "config schema")];

/// Reads the words of a command line, the program's name first.
///
/// # Errors
/// What is wrong with them, to be shown, or the help that they ask for.
pub fn read(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words).map_err(|mut error| {
        let given = match error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(given)) => given.clone(),
            _ => return error,
        };
        if let Some((_, meant)) = MEANT.iter().find(|(word, _)| *word == given) {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![(*meant).to_owned()]));
        }
        error
    })
}

/// Writes the completion script of a shell.
pub fn completions(shell: Shell, out: &mut dyn Write) {
    clap_complete::generate(shell, &mut Cli::command(), "tiphys", &mut LastWords(out));
}

/// Swallows errors: `clap_complete` panics on a closed pipe.
struct LastWords<'a>(&'a mut dyn Write);

impl Write for LastWords<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(self.0.write(bytes).unwrap_or(bytes.len()))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a duration such as 90s or 10m, at most 24h".to_owned())
}

fn parse_request_id(text: &str) -> Result<RequestId, String> {
    match RequestId::new(text) {
        // A command of that chat would be taken for one that was carried out already.
        Ok(id) if id.as_str().starts_with("telegram/") => Err("telegram/… is kept for commands from chats".to_owned()),
        id => id.map_err(|error| format!("expected {}", error.kind)),
    }
}

fn exit_codes() -> String {
    ExitCode::ALL
        .iter()
        .fold("Exit codes:".to_owned(), |text, code| format!("{text}\n  {}  {}", *code as u8, code.meaning()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    fn words(line: &str) -> Vec<String> {
        let cli = parse(line).unwrap_or_else(|error| panic!("{error}"));
        cli.command.words().expect("a command of the grammar").into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn words_reach_the_grammar_as_they_are() {
        for (line, expected) in [
            ("tiphys deploy 0.10.5", &["deploy", "0.10.5"][..]),
            ("tiphys deploy shop/prod 0.10.5 --wait", &["deploy", "shop/prod", "0.10.5"]),
            ("tiphys deploy --json shop 0.10.5", &["deploy", "shop", "0.10.5"]),
            ("tiphys deploy", &["deploy"]),
            ("tiphys deploy a b c d", &["deploy", "a", "b", "c", "d"]),
            ("tiphys set-replicas -1", &["set_replicas", "-1"]),
            ("tiphys set-replicas shop -1 --wait", &["set_replicas", "shop", "-1"]),
            ("tiphys set_replicas 1e9", &["set_replicas", "1e9"]),
            ("tiphys set-replicas -1e9", &["set_replicas", "-1e9"]),
            ("tiphys set-replicas 3;rm", &["set_replicas", "3;rm"]),
            ("tiphys deploy -- -x", &["deploy", "-x"]),
            ("tiphys status shop", &["status", "shop"]),
            ("tiphys apps", &["apps"]),
            ("tiphys showcontainers", &["showcontainers"]),
            ("tiphys pods shop/prod --output json", &["get_pods", "shop/prod"]),
            ("tiphys get-pods", &["get_pods"]),
            ("tiphys nodes -o json", &["get_nodes"]),
            ("tiphys cordon a confirm --json", &["cordon", "a", "confirm"]),
            ("tiphys uncordon a", &["uncordon", "a"]),
            ("tiphys events shop", &["events", "shop"]),
            ("tiphys describe xk2lp -o json", &["describe", "xk2lp"]),
            ("tiphys logs xk2lp", &["get_logs", "xk2lp"]),
            ("tiphys logs xk2lp app -p", &["get_logs", "xk2lp", "app", "previous"]),
            ("tiphys logs -c app --previous oil/xk2lp -o json", &["get_logs", "oil/xk2lp", "app", "previous"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
        assert!(parse("tiphys serve").expect("valid").command.words().is_none());
    }

    #[test]
    fn options_are_typed() {
        let line = "tiphys deploy 1 --wait --timeout 90s --request-id ci/7 --force --language en --log-format json";
        let cli = parse(line).expect("valid");
        assert_eq!((cli.language, cli.log_format), (Some(Language::En), LogFormat::Json));
        let mutation = cli.command.mutation().expect("a change");
        assert_eq!(mutation.timeout, Some(Duration::from_secs(90)));
        assert_eq!(mutation.request_id.as_ref().map(RequestId::as_str), Some("ci/7"));
        assert!(mutation.wait && !cli.command.json());
        assert!(matches!(&cli.command, Command::Deploy(args) if args.force));
    }

    #[test]
    fn wrong_options_are_usage_errors() {
        for line in [
            "tiphys",
            "tiphys nonsense",
            "tiphys deploy 1 --timeout 5s",
            "tiphys deploy 1 --wait --timeout 0s",
            "tiphys deploy 1 --wait --timeout 5",
            "tiphys set-replicas 1 --force",
            "tiphys status --wait",
            "tiphys apps extra",
            "tiphys deploy 1 --request-id telegram/-100/5",
            "tiphys serve --language de",
            "tiphys config",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), ExitCode::Usage as i32, "{line}");
        }
        let spaced = Cli::try_parse_from(["tiphys", "deploy", "1", "--request-id", "a b"]);
        assert_eq!(spaced.map_err(|error| error.exit_code()).err(), Some(2));
        assert_eq!(parse("tiphys --version").expect_err("is printed").exit_code(), 0);
    }

    #[test]
    fn what_people_try_is_answered_by_the_command_that_is_meant() {
        let error = |line: &str| read(line.split(' ')).expect_err("no such command").render().to_string();
        assert!(error("tiphys check").contains("'config check'"), "{}", error("tiphys check"));
        assert!(!error("tiphys cheque").contains("'config check'"));
        assert!(!Cli::command().render_help().to_string().contains("[WORDS]"));
        let apps = Cli::command().find_subcommand_mut("apps").expect("there").render_long_help().to_string();
        assert!(!apps.contains("WORDS"), "{apps}");
    }

    #[test]
    fn help_tells_the_exit_codes() {
        let help = Cli::command().render_help().to_string();
        let (_, codes) = help.split_once("Exit codes:\n").expect("a list");
        insta::assert_snapshot!(codes, @r#"
        0  done, or nothing to change
        1  refused; nothing was applied, the same again gets the same
        2  the command line or the configuration is wrong
        3  committed, but not live: not in time, paused, or the rollout failed
        4  failed, and nothing was applied; it is safe to try again
        5  failed, and the commit may have arrived; trying again with the same --request-id is safe
        "#);
    }

    #[test]
    fn every_shell_gets_its_completions() {
        for shell in Shell::value_variants() {
            let mut out = Vec::new();
            completions(*shell, &mut out);
            assert!(String::from_utf8_lossy(&out).contains("set-replicas"), "{shell}");
        }
    }

    #[test]
    fn completions_survive_a_closed_pipe() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        completions(Shell::Bash, &mut Closed);
    }
}
