//! Why the mirror could not be used, and what helps.

use std::io::{self, ErrorKind};

use crate::ports::RepositoryError;

/// Why the mirror could not be used.
#[derive(Debug)]
pub(in crate::adapters::git) enum MirrorError {
    /// There is none, or one of another remote, or it was built again meanwhile.
    Absent(String),
    /// Something is missing or unreadable in it: building it again helps.
    Damaged(String),
    /// The disk, the permissions or another process: building it again would not help.
    Unusable(String),
}

/// What the operating system says when building the mirror again would not help, and what would. libgit2 has no codes for
/// these; the words are those of Linux and macOS.
const HOPELESS: [(&str, &str); 8] = [
    ("No space left", "free some space on that disk"),
    ("quota exceeded", "free some space, or raise the quota"),
    ("File too large", "raise the limit on the size of files"),
    ("Read-only file system", "make it writable, or name another folder in repository.mirror"),
    ("Permission denied", "the folder must belong to the user that runs tiphys"),
    ("not owned by", "the folder must belong to the user that runs tiphys"),
    ("Too many open files", "raise the limit of open files"),
    ("Input/output error", "check the disk, or name another folder in repository.mirror"),
];

impl MirrorError {
    /// Sorts by the words of the operating system; anything else is `otherwise`.
    fn of(text: String, otherwise: fn(String) -> Self) -> Self {
        match HOPELESS.iter().find(|(words, _)| text.contains(words)) {
            Some((_, remedy)) => Self::Unusable(format!("{text}; {remedy}")),
            None => otherwise(text),
        }
    }
}

impl From<git2::Error> for MirrorError {
    fn from(error: git2::Error) -> Self {
        Self::of(error.message().to_owned(), Self::Damaged)
    }
}

impl From<io::Error> for MirrorError {
    fn from(error: io::Error) -> Self {
        // Something of another kind stands where one of the mirror's files belongs.
        let is_damage = matches!(error.kind(), ErrorKind::IsADirectory | ErrorKind::NotADirectory);
        Self::of(error.to_string(), if is_damage { Self::Damaged } else { Self::Unusable })
    }
}

/// Why a fetch failed.
#[derive(Debug)]
pub(in crate::adapters::git) enum Fault {
    /// The remote's fault.
    Remote(RepositoryError),
    /// The mirror's fault.
    Mirror(MirrorError),
}

impl From<RepositoryError> for Fault {
    fn from(error: RepositoryError) -> Self {
        Self::Remote(error)
    }
}

impl From<MirrorError> for Fault {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error)
    }
}
