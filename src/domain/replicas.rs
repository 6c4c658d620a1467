//! A replica count as it is asked for on the command line.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// A workload and its replica count, `NAME=COUNT`, as in `kustomize edit set replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplicasArgument {
    /// The name of the workload.
    pub name: String,
    /// The count.
    pub count: u32,
}

/// Why an argument names no workload and count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("column {column}: expected {expected}, found {}", if found.is_empty() { "nothing".to_owned() } else { format!("{found:?}") })]
pub struct ReplicasArgumentError {
    /// The column of what was found, in characters from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: ExpectedInReplicas,
}

/// What an argument about replicas should have had at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedInReplicas {
    /// The workload's name.
    Name,
    /// The sign after the name.
    Sign,
    /// The count.
    Count,
}

impl fmt::Display for ExpectedInReplicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of a workload",
            Self::Sign => "=COUNT after the name",
            Self::Count => "a replica count (a whole number in digits)",
        })
    }
}

impl ReplicasArgument {
    /// Reads an argument.
    ///
    /// # Errors
    /// [`ReplicasArgumentError`] with the column and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ReplicasArgumentError> {
        let fault = |at: usize, found: &str, expected| {
            Err(ReplicasArgumentError { column: 1 + text[..at].chars().count(), found: found.to_owned(), expected })
        };
        let (name, count) = text.split_once('=').map_or((text, None), |(name, count)| (name, Some(count)));
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return fault(0, name, ExpectedInReplicas::Name);
        }
        let Some(count) = count else { return fault(text.len(), "", ExpectedInReplicas::Sign) };
        // `+3` is a number to Rust.
        match count.parse() {
            Ok(number) if count.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self { name: name.to_owned(), count: number })
            }
            _ => fault(name.len() + 1, count, ExpectedInReplicas::Count),
        }
    }
}

impl FromStr for ReplicasArgument {
    type Err = ReplicasArgumentError;
    fn from_str(text: &str) -> Result<Self, ReplicasArgumentError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_count_are_read() {
        for (text, count) in [("web=3", 3), ("web=0", 0), ("web=007", 7)] {
            assert_eq!(ReplicasArgument::parse(text), Ok(ReplicasArgument { name: "web".to_owned(), count }), "{text}");
        }
    }

    #[test]
    fn faults_name_the_column_and_what_was_expected() {
        use ExpectedInReplicas as E;
        for (text, column, found, expected) in [
            ("", 1, "", E::Name),
            ("=3", 1, "", E::Name),
            ("we b=3", 1, "we b", E::Name),
            ("web", 4, "", E::Sign),
            ("web=", 5, "", E::Count),
            ("web=-1", 5, "-1", E::Count),
            ("web=+1", 5, "+1", E::Count),
            ("web=1.5", 5, "1.5", E::Count),
            ("веб=два", 5, "два", E::Count),
            ("web=1=2", 5, "1=2", E::Count),
            ("web=99999999999", 5, "99999999999", E::Count),
        ] {
            let error = ReplicasArgumentError { column, found: found.to_owned(), expected };
            assert_eq!(ReplicasArgument::parse(text), Err(error), "{text}");
        }
        let error = ReplicasArgument::parse("web=two").expect_err("no number");
        assert_eq!(error.to_string(), "column 5: expected a replica count (a whole number in digits), found \"two\"");
    }
}
