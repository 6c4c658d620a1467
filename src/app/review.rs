//! `tiphys review`: the command line's own command, for the jobs of a pipeline; chats don't have it.

use clap::{Args, Subcommand};

use super::cli::MutationArgs;
use crate::{
    domain::{
        command::Command,
        name::{EnvironmentName, Tag},
        review::{ReviewChange, ReviewCommand},
    },
    usecase::Input,
};

/// What to do with a review environment.
#[derive(Debug, Subcommand)]
pub enum ReviewArgs {
    /// Makes a branch's review environment by one commit, or gives it another tag.
    Create(CreateArgs),
    /// Removes a review environment by one commit, when its branch goes.
    Remove(RemoveArgs),
}

/// Arguments of `tiphys review create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The environment.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// The tag that it is to run.
    #[arg(long, value_name = "TAG", value_parser = parse_tag)]
    pub tag: Tag,
    /// Commits even when the registry doesn't answer. A tag that it doesn't have is refused all the same.
    #[arg(long)]
    pub force: bool,
    /// What goes for all changes.
    #[command(flatten)]
    pub mutation: MutationArgs,
}

/// Arguments of `tiphys review remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// The environment.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// What goes for all changes.
    #[command(flatten)]
    pub mutation: MutationArgs,
}

/// The review environment that is meant.
#[derive(Debug, Args)]
pub struct EnvironmentArgs {
    /// The environment's name: a-z, 0-9 and -, such as a GitLab job's $CI_COMMIT_REF_SLUG.
    #[arg(value_name = "NAME", value_parser = parse_name)]
    pub name: EnvironmentName,
    /// The application, unless just one has review environments.
    #[arg(long, value_name = "APP")]
    pub application: Option<String>,
}

impl ReviewArgs {
    /// The options of a change.
    #[must_use]
    pub fn mutation(&self) -> &MutationArgs {
        match self {
            Self::Create(args) => &args.mutation,
            Self::Remove(args) => &args.mutation,
        }
    }

    /// Whether a registry that doesn't answer is no reason to refuse.
    #[must_use]
    pub fn force(&self) -> bool {
        matches!(self, Self::Create(CreateArgs { force: true, .. }))
    }

    /// The command, with the words that make its idempotency key in a CI job.
    pub(super) fn input(&self) -> (Input, Vec<String>) {
        let (EnvironmentArgs { name, application }, change, tag) = match self {
            Self::Create(args) => (&args.environment, ReviewChange::Create(args.tag.clone()), Some(&args.tag)),
            Self::Remove(args) => (&args.environment, ReviewChange::Remove, None),
        };
        let verb = if tag.is_some() { "create" } else { "remove" };
        let words = ["review", verb, name.as_str(), application.as_deref().unwrap_or_default()];
        let words = words.into_iter().chain(tag.map(Tag::as_str)).map(str::to_owned).collect();
        let command = ReviewCommand { application: application.clone(), name: name.clone(), change };
        (Input::Command(Box::new(Command::Review(command))), words)
    }
}

fn parse_name(text: &str) -> Result<EnvironmentName, String> {
    EnvironmentName::new(text).map_err(|_| "expected a-z, 0-9 and -, at most 63 characters".to_owned())
}

fn parse_tag(text: &str) -> Result<Tag, String> {
    Tag::new(text).map_err(|error| format!("expected {}", error.kind))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::app::cli::{self, Cli};

    fn parse(line: &str) -> Result<ReviewArgs, clap::Error> {
        match Cli::try_parse_from(line.split(' '))?.command {
            cli::Command::Review(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_job_names_its_branch_and_tag() {
        let args =
            parse("tiphys review create feature-x --application shop --tag 0.10.5 --wait --timeout 5m").expect("right");
        assert!(args.mutation().wait && !args.force());
        let (Input::Command(command), words) = args.input() else { panic!("a command") };
        let Command::Review(ReviewCommand { application, name, change }) = *command else { panic!("{command:?}") };
        assert_eq!((application.as_deref(), name.as_str()), (Some("shop"), "feature-x"));
        assert_eq!(change, ReviewChange::Create(Tag::new("0.10.5").expect("valid")));
        assert_eq!(words, ["review", "create", "feature-x", "shop", "0.10.5"]);

        let args = parse("tiphys review remove feature-x --json").expect("right");
        assert!(args.mutation().json && !args.force());
        assert_eq!(args.input().1, ["review", "remove", "feature-x", ""]);
    }

    #[test]
    fn names_and_tags_are_checked_before_anything_is_asked() {
        for line in [
            "review create Feature --tag 1",
            "review create a/b --tag 1",
            "review remove -x",
            "review create x --tag a/b",
            "review create x",
        ] {
            let error = parse(&format!("tiphys {line}")).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{error}");
        }
        assert!(parse(&format!("tiphys review remove {}", "x".repeat(63))).is_ok());
        assert!(parse(&format!("tiphys review remove {}", "x".repeat(64))).is_err());
    }
}
