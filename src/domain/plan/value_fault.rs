//! What keeps a value at a key path from being set, beside what can be wrong with any manifest.

use std::fmt;

use serde::Serialize;

/// Why a value at a key path can't be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueFault {
    /// The file is a Go template.
    #[error("it is a Go template ({{{{ … }}}}), not YAML")]
    Template,
    /// A placeholder stands there that something else fills in, such as Flux's `postBuild` or `envsubst`.
    #[error("{found:?} is filled in by something else")]
    Placeholder {
        /// What stands there.
        found: String,
    },
    /// Something on the way isn't a map.
    #[error("{path} is {shape}, not a map")]
    NotAMap {
        /// The part of the key path that leads there; empty for the whole document.
        path: String,
        /// What it is.
        shape: Shape,
    },
    /// The path leads to something that isn't a scalar on one line.
    #[error("{path} is {shape}, not a single value")]
    NotASingleValue {
        /// The key path.
        path: String,
        /// What it is.
        shape: Shape,
    },
    /// Something on the way isn't a list.
    #[error("{path} is not a list")]
    NotAList {
        /// The part of the key path that leads there.
        path: String,
    },
    /// A text that YAML reads as a number or the like is to stand where no value shows the kind.
    #[error("{value:?} may be meant as a string or not, and no value at {path} shows which")]
    KindUnclear {
        /// The key path.
        path: String,
        /// The text.
        value: String,
    },
    /// A text isn't of the kind of the value that stands there.
    #[error("{}", mismatch(.old, .new, *.kind))]
    KindMismatch {
        /// The value that stands there.
        old: String,
        /// The text.
        new: String,
        /// The kind of the old one.
        kind: ScalarKind,
    },
    /// Helm reads the first document of a values file only, and the value stands in another.
    #[error("{path} stands only in a later document, and Helm reads no other than the first")]
    LaterDocument {
        /// The key path.
        path: String,
    },
    /// A value stands in another document of a file of manifests than the first.
    #[error("{path} stands only in a later document, and no other than the first is edited by key path")]
    OtherDocument {
        /// The key path.
        path: String,
    },
    /// No document of this kind, or none of this name.
    #[error("there is no {kind}{}", name.as_ref().map(|name| format!(" named {name:?}")).unwrap_or_default())]
    NoManifest {
        /// `Application` or `HelmRelease`.
        kind: String,
        /// The name asked for.
        name: Option<String>,
    },
    /// Several documents of this kind, and none was named.
    #[error("there are several {kind} documents, on lines {lines:?}: name one")]
    SeveralManifests {
        /// `Application` or `HelmRelease`.
        kind: String,
        /// The lines where they start.
        lines: Vec<usize>,
    },
    /// An ApplicationSet: its values are made for many Applications at once.
    #[error("it is an ApplicationSet: a value there is one of many Applications")]
    ApplicationSet,
    /// An Application without a Helm source.
    #[error("no source of this Application is set up for Helm")]
    NoHelmSource,
    /// Several sources may be meant.
    #[error("several Helm sources may be meant, on lines {lines:?}")]
    SeveralSources {
        /// Their lines.
        lines: Vec<usize>,
    },
    /// A HelmRelease doesn't set the value itself and takes values from the cluster.
    #[error("{path} is not set inline, and valuesFrom takes values from the cluster")]
    ValuesFrom {
        /// The key path.
        path: String,
    },
    /// An Application reads the value from a file.
    #[error("{path} is read from a file by fileParameters")]
    FileParameter {
        /// The key path.
        path: String,
    },
    /// A Helm parameter would be read as something else than a string.
    #[error("Helm would read the parameter {value:?} as no string: `forceString: true` is missing")]
    ForceString {
        /// The value.
        value: String,
    },
    /// The YAML of `helm.values` isn't written as a literal block.
    #[error("the values are a text, but not a literal block scalar (`|`)")]
    NotLiteral,
}

/// What stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A scalar.
    Single,
    /// A block scalar.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "a single value",
            Self::Text => "a text of several lines",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

/// The kind of a scalar that is no string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalarKind {
    /// A whole number.
    Whole,
    /// A whole number, and so is the new text, but in a notation that isn't the old one's: `0755`, `0x1F`.
    Notation,
    /// A number with a fraction or an exponent.
    Float,
    /// True or false.
    Truth,
    /// A date.
    Date,
    /// Another kind that some readers take for no string.
    Other,
}

fn mismatch(old: &str, new: &str, kind: ScalarKind) -> String {
    match kind {
        ScalarKind::Whole => format!("{old} is a whole number there, {new:?} isn't"),
        ScalarKind::Notation => format!("{old} is a whole number there, {new:?} isn't written the same way"),
        ScalarKind::Float => format!("{old} is a number there, {new:?} isn't a decimal one"),
        ScalarKind::Truth => format!("{old} is a truth value there, {new:?} is neither true nor false"),
        ScalarKind::Date => format!("{old} is a date there, {new:?} is no day like 2024-01-31"),
        ScalarKind::Other => {
            format!("{old} is no string to some readers, so it doesn't show the type of {new:?}")
        }
    }
}
