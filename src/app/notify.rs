//! `tiphys notify`: one line to a chat from a CI job, without configuration and repository.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use url::Url;

use super::{cli::parse_duration, config::SecretSource};
use crate::{
    adapters::{
        console::ExitCode,
        telegram::{NoticeError, Notifier, SetupError},
    },
    domain::{
        actor::ChatId,
        pipeline::{Pipeline, PipelineEvent},
    },
    reply::pipeline_line,
};

const TOKEN: &str = "TELEGRAM_BOT_TOKEN";
const CHAT: &str = "TELEGRAM_CHAT_ID";
const TOPIC: &str = "TELEGRAM_TOPIC_ID";
const API_URL: &str = "TELEGRAM_API_URL";
const CA_FILE: &str = "TELEGRAM_CA_FILE";

/// What to tell.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Sends `Пайплайн NUMBER TIME BRANCH создан|завершен успешно|завершен неуспешно` about this GitLab pipeline.
    ///
    /// The number, the time and the branch are those of CI_PIPELINE_ID, CI_PIPELINE_CREATED_AT and CI_COMMIT_REF_NAME (in
    /// a merge request's pipeline the source branch). A Telegram that can't be reached or refuses is a warning and not a
    /// failure, so that no pipeline fails over it; --strict makes it one.
    Pipeline(PipelineArgs),
}

/// Arguments of `tiphys notify pipeline`.
#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// What to tell of it [default: what CI_JOB_STATUS says, which it does in `after_script` only]
    #[arg(value_enum, value_name = "EVENT")]
    pub event: Option<Event>,
    /// The chat's numeric id [default: the variable TELEGRAM_CHAT_ID]
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub chat: Option<i64>,
    /// The topic of a group with topics [default: the variable TELEGRAM_TOPIC_ID, otherwise none]
    #[arg(long, value_name = "ID")]
    pub topic: Option<i32>,
    /// The file that holds the bot's token.
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    pub token_file: Option<PathBuf>,
    /// The environment variable that holds the bot's token.
    #[arg(long, value_name = "NAME", default_value = TOKEN)]
    pub token_env: String,
    /// Certificates (PEM) that are trusted besides the system's [default: the variable TELEGRAM_CA_FILE, otherwise none]
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// The Bot API server [default: the variable TELEGRAM_API_URL, otherwise Telegram's own]
    #[arg(long, value_name = "URL")]
    pub api_url: Option<Url>,
    /// Shows the time in this zone, such as +03:00 or Europe/Moscow [default: as GitLab gives it, in UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true, value_parser = parse_time_zone)]
    pub time_zone: Option<TimeZone>,
    /// How long to try.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Fails when the line wasn't sent.
    #[arg(long)]
    pub strict: bool,
}

/// What to tell of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Event {
    /// It was created.
    Created,
    /// It succeeded.
    Succeeded,
    /// It failed, or was cancelled.
    Failed,
}

impl From<Event> for PipelineEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Created => Self::Created,
            Event::Succeeded => Self::Succeeded,
            Event::Failed => Self::Failed,
        }
    }
}

/// What a command line and an environment lack to tell of a pipeline: it isn't given in a job, or not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// A variable of GitLab's isn't there.
    #[error("the variable {0} is not set: this tells of the GitLab pipeline that it runs in")]
    NotInPipeline(&'static str),
    /// Nothing says what to tell.
    #[error("CI_JOB_STATUS is {0:?}, which says nothing of the pipeline's end: add created, succeeded or failed")]
    NoEvent(String),
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
enum Unprepared {
    #[error("neither --chat nor the variable {CHAT} names a chat")]
    NoChat,
    #[error("the variable {0} does not hold {1}")]
    Variable(&'static str, &'static str),
    #[error("the bot's token: {0}")]
    Token(#[from] super::config::SecretError),
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Sends the notice, and prints it when it is sent.
///
/// # Errors
/// [`Misuse`], and when standard output is closed.
pub(super) async fn run(command: &NotifyCommand) -> Result<ExitCode> {
    let NotifyCommand::Pipeline(args) = command;
    let env = |name: &str| std::env::var(name).ok();
    let line = pipeline_line(&pipeline(args, env)?, event(args, env)?);
    let (code, error) = match prepare(args, env) {
        Err(error) => (ExitCode::Usage, error.to_string()),
        Ok(way) => match way.notifier.send(way.chat, way.topic, &line).await {
            Ok(()) => {
                // It is sent, whether or not anybody reads this.
                drop(writeln!(io::stdout(), "{}", line.to_plain()));
                return Ok(ExitCode::Done);
            }
            Err(error) => (code_of(&error), error.to_string()),
        },
    };
    let text = line.to_plain();
    if args.strict {
        tracing::error!(error, text, "the notice was not sent");
        return Ok(code);
    }
    tracing::warn!(error, text, "the notice was not sent; the job goes on, for --strict isn't given");
    Ok(ExitCode::Done)
}

fn code_of(error: &NoticeError) -> ExitCode {
    match error {
        NoticeError::Refused(_) => ExitCode::Refused,
        NoticeError::NotTaken(_) => ExitCode::Failed,
        NoticeError::Unclear(_) => ExitCode::Unknown,
    }
}

/// The pipeline that the job belongs to.
fn pipeline(args: &PipelineArgs, env: impl Fn(&str) -> Option<String>) -> Result<Pipeline, Misuse> {
    let get = |name: &'static str| set(&env, name).ok_or(Misuse::NotInPipeline(name));
    let branch = set(&env, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").map_or_else(|| get("CI_COMMIT_REF_NAME"), Ok)?;
    let created_at = get("CI_PIPELINE_CREATED_AT")?;
    let created_at = match &args.time_zone {
        Some(zone) => in_zone(&created_at, zone),
        None => created_at,
    };
    Ok(Pipeline { number: get("CI_PIPELINE_ID")?, created_at, branch })
}

/// What the command line says, or else the job's status, which is told when its script has ended.
fn event(args: &PipelineArgs, env: impl Fn(&str) -> Option<String>) -> Result<PipelineEvent, Misuse> {
    match (args.event, set(&env, "CI_JOB_STATUS").as_deref()) {
        (Some(event), _) => Ok(event.into()),
        (None, Some("success")) => Ok(PipelineEvent::Succeeded),
        (None, Some("failed" | "canceled" | "canceling")) => Ok(PipelineEvent::Failed),
        (None, status) => Err(Misuse::NoEvent(status.unwrap_or_default().to_owned())),
    }
}

struct Way {
    notifier: Notifier,
    chat: ChatId,
    topic: Option<i32>,
}

/// The way to the chat. What the environment lacks is no misuse: protected variables aren't there for every branch.
fn prepare(args: &PipelineArgs, env: impl Fn(&str) -> Option<String>) -> Result<Way, Unprepared> {
    let chat = match args.chat {
        Some(chat) => chat,
        None => variable(&env, CHAT, "a chat's numeric id", |text| text.parse().ok())?.ok_or(Unprepared::NoChat)?,
    };
    let topic = match args.topic {
        None => variable(&env, TOPIC, "a topic's number", |text| text.parse().ok())?,
        topic => topic,
    };
    let url = match &args.api_url {
        None => variable(&env, API_URL, "an address", |text| Url::parse(text).ok())?,
        url => url.clone(),
    };
    let url = url.unwrap_or_else(|| Url::parse("https://api.telegram.org").expect("a constant address"));
    let ca_file = args.ca_file.clone().or_else(|| set(&env, CA_FILE).map(PathBuf::from));
    let token = match &args.token_file {
        Some(file) => SecretSource::File(file.clone()),
        None => SecretSource::Env(args.token_env.clone()),
    };
    let notifier = Notifier::new(token.read()?, url, ca_file.as_ref(), args.timeout)?;
    Ok(Way { notifier, chat: ChatId(chat), topic })
}

/// A variable that isn't empty: GitLab hands on variables without a value as empty ones.
fn set(env: &impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn variable<T>(
    env: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Unprepared> {
    let Some(value) = set(env, name) else { return Ok(None) };
    // What it holds isn't told: it may be the token.
    read(&value).map(Some).ok_or(Unprepared::Variable(name, wanted))
}

/// GitLab's time (ISO 8601, UTC) in a zone; something else stays as it is.
fn in_zone(time: &str, zone: &TimeZone) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return time.to_owned() };
    time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A fixed offset, or a name where the system has the time zone database.
fn parse_time_zone(text: &str) -> Result<TimeZone, String> {
    if text == "UTC" || text == "Z" {
        return Ok(TimeZone::UTC);
    }
    let fixed = strtime::parse("%:z", text).ok().and_then(|parsed| parsed.offset()).map(TimeZone::fixed);
    fixed.or_else(|| TimeZone::get(text).ok()).ok_or_else(|| {
        "expected an offset such as +03:00, or a zone such as Europe/Moscow where the system knows it".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::app::cli::{Cli, Command};

    const JOB: [(&str, &str); 3] = [
        ("CI_PIPELINE_ID", "4711"),
        ("CI_PIPELINE_CREATED_AT", "2026-11-21T09:30:00Z"),
        ("CI_COMMIT_REF_NAME", "0.10.5"),
    ];

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().rfind(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn args(line: &str) -> PipelineArgs {
        let cli = Cli::try_parse_from(format!("tiphys notify pipeline {line}").split_whitespace());
        match cli.unwrap_or_else(|error| panic!("{error}")).command {
            Command::Notify(NotifyCommand::Pipeline(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn line(words: &str, more: &[(&str, &str)]) -> Result<String, Misuse> {
        let pairs = [&JOB[..], more].concat();
        let args = args(words);
        Ok(pipeline_line(&pipeline(&args, env(&pairs))?, event(&args, env(&pairs))?).to_plain())
    }

    #[test]
    fn the_line_is_made_of_gitlabs_variables() {
        let lines = [
            ("created", &[][..]),
            ("succeeded", &[("CI_JOB_STATUS", "failed")]),
            ("failed", &[]),
            ("", &[("CI_JOB_STATUS", "success")]),
            ("", &[("CI_JOB_STATUS", "canceled")]),
            ("created", &[("CI_COMMIT_REF_NAME", "refs/merge"), ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature/x")]),
            ("created", &[("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "")]),
            ("created --time-zone +03:00", &[]),
            ("created --time-zone -03:30", &[]),
            ("created --time-zone UTC", &[("CI_PIPELINE_CREATED_AT", "2026-11-21T12:30:00.123+03:00")]),
            ("created --time-zone +03:00", &[("CI_PIPELINE_CREATED_AT", "yesterday")]),
        ];
        let lines: Vec<String> = lines.iter().map(|(words, more)| line(words, more).expect("a line")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 создан
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен успешно
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен неуспешно
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен успешно
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен неуспешно
        Пайплайн 4711 2026-11-21T09:30:00Z feature/x создан
        Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 создан
        Пайплайн 4711 2026-11-21T12:30:00+03:00 0.10.5 создан
        Пайплайн 4711 2026-11-21T06:00:00-03:30 0.10.5 создан
        Пайплайн 4711 2026-11-21T09:30:00+00:00 0.10.5 создан
        Пайплайн 4711 yesterday 0.10.5 создан
        ");
    }

    #[test]
    fn what_is_no_pipeline_is_told() {
        let lacking = |name: &str| line("created", &[(name, " ")]).expect_err("misuse").to_string();
        for (name, _) in JOB {
            assert!(lacking(name).contains(name), "{}", lacking(name));
        }
        let status = line("", &[("CI_JOB_STATUS", "running")]).expect_err("misuse").to_string();
        insta::assert_snapshot!(status, @r#"CI_JOB_STATUS is "running", which says nothing of the pipeline's end: add created, succeeded or failed"#);
    }

    #[test]
    fn what_the_command_line_does_not_say_is_in_variables() {
        let failed = |words: &str, pairs: &[(&str, &str)]| match prepare(&args(words), env(pairs)) {
            Err(error) => error.to_string(),
            Ok(way) => format!("{} {:?}", way.chat.0, way.topic),
        };
        let unset = "--token-env TIPHYS_NO_SUCH_TOKEN";
        insta::assert_snapshot!(
            [
                failed(unset, &[]),
                failed(unset, &[(CHAT, "700000001:AAF-secret")]),
                failed(unset, &[(CHAT, "-1001"), (TOPIC, "general")]),
                failed(unset, &[(CHAT, "-1001"), (API_URL, "nowhere")]),
                failed(unset, &[(CHAT, " -1001 "), (TOPIC, "")]),
                failed("--chat -1002 --token-file /nonexistent/token", &[]),
            ]
            .join("\n"),
            @r"
            neither --chat nor the variable TELEGRAM_CHAT_ID names a chat
            the variable TELEGRAM_CHAT_ID does not hold a chat's numeric id
            the variable TELEGRAM_TOPIC_ID does not hold a topic's number
            the variable TELEGRAM_API_URL does not hold an address
            the bot's token: the environment variable TIPHYS_NO_SUCH_TOKEN is not set
            the bot's token: /nonexistent/token: No such file or directory (os error 2)
            "
        );
    }

    #[test]
    fn a_token_cannot_be_an_argument() {
        for words in ["created --token 1:a", "cancelled", "--time-zone Mars/Base", "--chat team"] {
            let cli = Cli::try_parse_from(format!("tiphys notify pipeline {words}").split(' '));
            assert_eq!(cli.expect_err(words).exit_code(), 2, "{words}");
        }
    }
}
