//! What is wrong with a configuration file, and where: `tiphys.yaml:12:5: unknown key "tokenfile"`.

use std::{fmt, path::PathBuf};

/// A place in a text; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where, unless the file as a whole is at fault.
    pub place: Option<Place>,
    /// What is wrong and, where it can be told, what would be right. English; holds no secrets.
    pub text: String,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub fn at(place: Place, text: impl Into<String>) -> Self {
        Self { place: Some(place), text: text.into() }
    }

    /// A fault of the whole file.
    #[must_use]
    pub fn whole(text: impl Into<String>) -> Self {
        Self { place: None, text: text.into() }
    }
}

/// The faults of one file, sorted by place; Display prints one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The faults.
    pub list: Vec<Fault>,
}

impl Faults {
    /// Sorts the faults and drops repeats.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, mut list: Vec<Fault>) -> Self {
        list.sort();
        list.dedup();
        Self { file: file.into(), list }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(Place { line, column }) = fault.place {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {}", fault.text)?;
        }
        Ok(())
    }
}
