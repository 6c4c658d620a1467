//! What keeps `tiphys edit` from changing a file: faults of its arguments and of the files themselves.

use serde::Serialize;

use super::{image::ExpectedInImage, plan::PlanFault, position::Position, replicas::ExpectedInReplicas};

/// The kinds of files that can be edited, by what they are and not by their names alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A kustomization or a kustomize component.
    Kustomization,
    /// Helm values, or any other YAML that is one map.
    Values,
    /// An Argo CD Application.
    Application,
    /// A Flux HelmRelease.
    HelmRelease,
    /// `.argocd-source.yaml`, `.argocd-source-<app>.yaml`: what Argo CD lays over a folder.
    ArgoCdSource,
    /// Kubernetes manifests, one document or several.
    Manifests,
}

/// What is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An image's name, tag or digest.
    Image,
    /// A replica count.
    Replicas,
    /// The value at a key path.
    Value,
}

/// What became of one asked-for value in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EditChange {
    /// The file, as it was named.
    pub file: String,
    /// The line of the value after all changes, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What was to be changed.
    pub subject: Subject,
    /// The image's name, the workload's, or the key path.
    pub name: String,
    /// What became of it.
    pub outcome: EditOutcome,
    /// The value that stood there; `None` when it was not set.
    pub from: Option<String>,
    /// The value that stands there now.
    pub to: String,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditOutcome {
    /// It took the place of another one.
    Changed,
    /// There was no entry for it, and one was put in.
    Added,
    /// It was there already.
    AlreadySo,
}

/// Why nothing was edited: of which argument or file, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(untagged)]
pub enum EditError {
    /// An argument can't be understood.
    #[error("{0}")]
    Argument(ArgumentError),
    /// A file can't be read, replaced, or taken for what it should be.
    #[error("{file}: {fault}")]
    File {
        /// The file, as it was named.
        file: String,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The text in a file can't be changed as asked.
    #[error("{file}{}: {fault}", at.map(|at| format!(":{at}")).unwrap_or_default())]
    Text {
        /// The file, as it was named.
        file: String,
        /// Where in it.
        #[serde(flatten)]
        at: Option<Position>,
        /// What is wrong there.
        fault: PlanFault,
    },
}

/// A fault in an argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{argument:?}, column {column}: {fault}")]
pub struct ArgumentError {
    /// The argument, as it was given.
    pub argument: String,
    /// The column in it where the fault begins, counted in characters from 1.
    pub column: usize,
    /// How many characters it spans.
    pub length: usize,
    /// What is wrong there.
    pub fault: ArgumentFault,
}

/// What is wrong with an argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentFault {
    /// It isn't an image and what the image becomes.
    #[error("expected {0}")]
    Image(ExpectedInImage),
    /// It isn't a workload and its count.
    #[error("expected {0}")]
    Replicas(ExpectedInReplicas),
    /// It isn't a key path and a value.
    #[error("expected KEY.PATH=VALUE")]
    NoValue,
    /// The key path is malformed.
    #[error("expected keys with dots between them: {0}")]
    KeyPath(String),
    /// The value isn't of the type that was asked for.
    #[error("expected {} (--type {})", .expected.description(), .expected.word())]
    Value {
        /// The type.
        expected: ValueKind,
    },
    /// A whole number with a leading zero, with what it is by YAML 1.1 where it is an octal number.
    #[error("{text} has a leading zero")]
    LeadingZero {
        /// The number as it was typed.
        text: String,
        /// The same number without the zero.
        number: Option<u64>,
    },
    /// A file or folder has this name.
    #[error("the name of a {} as well", if *folder { "folder" } else { "file" })]
    AlsoAPath {
        /// Whether it is a folder.
        folder: bool,
        /// What the argument would change.
        subject: Subject,
    },
    /// The same name stands in an earlier argument.
    #[error("the same name as in argument {0}")]
    Twice(usize),
    /// No argument says what to change.
    #[error("nothing says what to change: expected {}", forms(*.0))]
    None(Subject),
    /// No file is named where there is no usual one.
    #[error("nothing says which file to change")]
    WhichFile,
    /// Standard input is named twice.
    #[error("standard input can be read only once")]
    StreamTwice,
    /// Both the edited text and the JSON object would go to standard output.
    #[error("the edited text goes to standard output, and so does --json")]
    TextAndJson,
}

/// A type that a value may be asked to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A whole number.
    Int,
    /// A decimal number, whole or not.
    Float,
    /// True or false.
    Bool,
    /// Nothing.
    Null,
}

impl ValueKind {
    /// The word of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Null => "null",
        }
    }

    /// What is expected, in English.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Float => "a decimal number",
            Self::Bool => "true or false",
            Self::Null => "null",
        }
    }
}

/// The forms of a command's arguments.
#[must_use]
pub fn forms(subject: Subject) -> &'static str {
    match subject {
        Subject::Image => {
            "NAME=NEW:TAG, NAME=*:TAG, NAME=NEW, NAME=NEW@DIGEST, NAME=NEW:TAG@DIGEST, NAME:TAG or NAME@DIGEST"
        }
        Subject::Replicas => "NAME=COUNT",
        Subject::Value => "KEY.PATH=VALUE",
    }
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFault {
    /// There is no such file or folder.
    #[error("no such file or folder")]
    Missing,
    /// A symbolic link leads to nothing.
    #[error("a symbolic link that leads nowhere")]
    DanglingLink,
    /// A folder where a file must be named.
    #[error("a folder; its file must be named")]
    Folder,
    /// Neither file nor folder: a pipe, a socket, a device.
    #[error("{0}, not a file")]
    Special(SpecialFile),
    /// More bytes than any manifest has.
    #[error("larger than {} MiB", limit >> 20)]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Other names lead to the same file: a replacement would part them.
    #[error("has {links} hard links, and a replacement would part them")]
    HardLinks {
        /// How many names it has.
        links: u64,
    },
    /// It may not be written.
    #[error("read-only")]
    ReadOnly,
    /// Its folder may not be written, so no file in it can be replaced.
    #[error("in a folder that can't be written: {0}")]
    FolderReadOnly(String),
    /// Another user or group owns it, and only root could keep that.
    #[error("owned by another user or group, which a replacement can't keep")]
    ForeignOwner,
    /// Somebody else changed it after it was read.
    #[error("changed by somebody else meanwhile")]
    Changed,
    /// The same file was named before.
    #[error("the same file as {0}")]
    Twice(String),
    /// This kind of file doesn't hold what is to be changed.
    #[error("{kind:?} files have no {subject:?} of their own")]
    Unfit {
        /// What the file is.
        kind: FileKind,
        /// What was to be changed.
        subject: Subject,
    },
    /// Reading failed.
    #[error("can't be read: {0}")]
    Read(String),
    /// Replacing failed; the old content is there.
    #[error("can't be replaced: {0}")]
    Replace(String),
    /// Replacing another file failed, and this one, which was replaced already, could not be put back.
    #[error("was replaced and could not be put back: {0}")]
    NotPutBack(String),
}

/// What isn't a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialFile {
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device.
    Device,
}

impl std::fmt::Display for SpecialFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}
