//! The words and options of `tiphys edit`.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::{app::cli::LogFormat, domain::edit::Subject, manifest::Missing};

/// What scripts learn without reading the text; docs/editing.md says the same.
macro_rules! codes {
    ($text:expr) => {
        concat!(
            $text,
            "\n\nExit codes:\n  \
             0  done, or already so; with --check: nothing would change\n  \
             1  refused, nothing was changed; with --check: something would change\n  \
             2  the arguments are wrong; with --check: refused as well\n  \
             4  reading or writing failed, nothing was changed\n  \
             5  writing failed in the middle, and a file could not be put back"
        )
    };
}

/// What to edit.
#[derive(Debug, Subcommand)]
pub enum EditCommand {
    /// Sets the name, tag or digest of images; `*` keeps the name.
    #[command(
        override_usage = "tiphys edit image [OPTIONS] NAME=NEW:TAG... [FILE|DIR|-]...",
        after_help = codes!("Forms: NAME=NEW:TAG, NAME=*:TAG, NAME=NEW, NAME=NEW@DIGEST, NAME=*@DIGEST, NAME=NEW:TAG@DIGEST,\n\
                      NAME:TAG, NAME@DIGEST. NAME is the image as the manifests name it, with host and port.\n\n\
                      A folder means its kustomization; without one it is the current folder.")
    )]
    Image(ImageArgs),
    /// Sets replica counts of workloads.
    #[command(
        override_usage = "tiphys edit replicas [OPTIONS] NAME=COUNT... [FILE|DIR|-]...",
        after_help = codes!("In a file of manifests NAME may be KIND/NAME, such as Deployment/web.\n\n\
                      A folder means its kustomization; without one it is the current folder.")
    )]
    Replicas(ReplicasArgs),
    /// Sets values at key paths, as in Helm values.
    #[command(
        override_usage = "tiphys edit value [OPTIONS] KEY.PATH=VALUE... --file FILE",
        after_help = codes!("In an Argo CD Application and a Flux HelmRelease the path leads into the Helm values there.")
    )]
    Value(ValueArgs),
}

/// What goes for all edits.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// What to set, and the files or folders; `-` reads standard input and writes the edited text to standard output.
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<OsString>,
    /// A file to edit, or a folder with a kustomization; may be given several times.
    #[arg(long = "file", short = 'f', value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Prints the change as a unified diff and writes nothing.
    #[arg(long)]
    pub diff: bool,
    /// Writes nothing, and ends with 0 when nothing would change, with 1 when something would, with 2 when refused.
    #[arg(long)]
    pub check: bool,
    /// Puts in an entry or a value that is missing; an image of a kustomization is put in anyway.
    #[arg(long, conflicts_with = "no_add")]
    pub add: bool,
    /// Refuses where an entry is missing.
    #[arg(long)]
    pub no_add: bool,
    /// The Application or HelmRelease that is meant, where a file holds several.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
    // All commands take these two; an edit needs neither, and its help is shorter without them.
    /// The configuration, which edits don't need.
    #[arg(long, hide = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, hide = true, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Arguments of `tiphys edit image`.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// What goes for all edits.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The workload that is meant, where a file of manifests has several with this image.
    #[arg(long, value_name = "[KIND/]NAME")]
    pub workload: Option<String>,
}

/// Arguments of `tiphys edit replicas`.
#[derive(Debug, Args)]
pub struct ReplicasArgs {
    /// What goes for all edits.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The most replicas that are allowed.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max: u32,
}

/// Arguments of `tiphys edit value`.
#[derive(Debug, Args)]
pub struct ValueArgs {
    /// What goes for all edits.
    #[command(flatten)]
    pub edit: EditArgs,
    /// What the values are; without it each stays what the value before was.
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = ValueType::Auto)]
    pub value_type: ValueType,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ValueType {
    /// What the value before was.
    Auto,
    /// A string, in quotes where it would be read as something else.
    String,
    /// A whole number.
    Int,
    /// A decimal number, written as typed.
    Float,
    /// `true` or `false`.
    Bool,
    /// Nothing: `KEY=null` or `KEY=`.
    Null,
}

impl EditCommand {
    /// What is to be changed.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Image(_) => Subject::Image,
            Self::Replicas(_) => Subject::Replicas,
            Self::Value(_) => Subject::Value,
        }
    }

    /// What goes for all edits.
    #[must_use]
    pub fn args(&self) -> &EditArgs {
        match self {
            Self::Image(args) => &args.edit,
            Self::Replicas(args) => &args.edit,
            Self::Value(args) => &args.edit,
        }
    }
}

impl EditArgs {
    /// Whether files stay as they are whatever would change.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        self.diff || self.check
    }

    /// What to do where an entry is missing, when that was said.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        match (self.add, self.no_add) {
            (true, _) => Some(Missing::InsertBeside),
            (_, true) => Some(Missing::Refuse),
            _ => None,
        }
    }
}
