//! From the words of the command line to what is to be changed, and where.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::args::{EditArgs, EditCommand, ImageArgs, ValueArgs, ValueType};
use crate::{
    domain::{
        edit::{ArgumentError, ArgumentFault, Subject, ValueKind},
        image::{ImageArgument, ImageArgumentError, ImageChange},
        replicas::{ReplicasArgument, ReplicasArgumentError},
    },
    manifest::{
        key_path::KeyPath,
        value::{NewValue, Number},
    },
};

/// One value that is to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// What an image is to become.
    Image {
        /// The name to look for.
        name: String,
        /// What is to change.
        change: ImageChange,
        /// The workload that is meant, as `Deployment/web` or `web`, where a file of manifests has several.
        workload: Option<String>,
    },
    /// How many replicas a workload is to have.
    Replicas {
        /// The workload.
        name: String,
        /// The count.
        count: u32,
    },
    /// What stands at a key path.
    Value {
        /// The key path.
        path: KeyPath,
        /// The path as it was written.
        written: String,
        /// The value, of the type that was asked for.
        value: Value,
    },
}

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Of the type that stands there.
    Auto(String),
    /// A string.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number as it was typed; [`Number::parse`] takes it.
    Number(String),
    /// A truth value.
    Bool(bool),
    /// Nothing.
    Null,
}

impl Value {
    /// The value as the editor takes it.
    pub(super) fn new_value(&self) -> NewValue<'_> {
        match self {
            Self::Auto(text) => NewValue::Auto(text),
            Self::String(text) => NewValue::String(text),
            Self::Integer(number) => NewValue::Integer(*number),
            Self::Number(text) => NewValue::Number(Number::parse(text).expect("checked when it was read")),
            Self::Bool(value) => NewValue::Bool(*value),
            Self::Null => NewValue::Null,
        }
    }
}

impl Request {
    /// The name by which it is told apart from others.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Image { name, .. } | Self::Replicas { name, .. } => name,
            Self::Value { written, .. } => written,
        }
    }

    /// What it changes.
    pub(super) fn subject(&self) -> Subject {
        match self {
            Self::Image { .. } => Subject::Image,
            Self::Replicas { .. } => Subject::Replicas,
            Self::Value { .. } => Subject::Value,
        }
    }

    /// The new value, for people.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Image { change, .. } => change.to_string(),
            Self::Replicas { count, .. } => count.to_string(),
            Self::Value { value: Value::Auto(text) | Value::String(text) | Value::Number(text), .. } => text.clone(),
            Self::Value { value: Value::Integer(number), .. } => number.to_string(),
            Self::Value { value: Value::Bool(value), .. } => value.to_string(),
            Self::Value { value: Value::Null, .. } => "null".to_owned(),
        }
    }
}

/// Where to edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file or a folder.
    Path(PathBuf),
    /// Standard input.
    Stream,
}

/// Reads the words of a command.
///
/// # Errors
/// All faults of all arguments.
pub(super) fn read(command: &EditCommand) -> Result<(Vec<Request>, Vec<Place>), Vec<ArgumentError>> {
    let (subject, args) = (command.subject(), command.args());
    let (paths, arguments): (Vec<&OsString>, Vec<&OsString>) = args.words.iter().partition(|word| is_path(word));
    let (mut requests, mut faults) = (Vec::<Request>::new(), vec![]);
    for argument in &arguments {
        // What isn't Unicode was taken for a path.
        let argument = argument.to_str().unwrap_or_default();
        if let Ok(found) = Path::new(argument).symlink_metadata() {
            let fault = ArgumentFault::AlsoAPath { folder: found.is_dir(), subject };
            faults.push(error(argument, 0, argument.chars().count(), fault));
            continue;
        }
        match parse(command, argument) {
            Ok(request) => {
                if let Some(first) = requests.iter().position(|earlier| earlier.name() == request.name()) {
                    let length = request.name().chars().count();
                    faults.push(error(argument, 0, length, ArgumentFault::Twice(first + 1)));
                }
                requests.push(request);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if arguments.is_empty() {
        let word = paths.first().map(|word| word.to_string_lossy()).unwrap_or_default();
        faults.push(error(&word, 0, word.chars().count(), ArgumentFault::None(subject)));
    }
    let places = places(args, &paths, subject).map_err(|fault| faults.push(fault)).unwrap_or_default();
    if faults.is_empty() { Ok((requests, places)) } else { Err(faults) }
}

fn places(args: &EditArgs, words: &[&OsString], subject: Subject) -> Result<Vec<Place>, ArgumentError> {
    let named = words.iter().map(Path::new).chain(args.files.iter().map(PathBuf::as_path));
    let places: Vec<Place> = named
        .map(|path| if path == Path::new("-") { Place::Stream } else { Place::Path(path.to_path_buf()) })
        .collect();
    let streams = places.iter().filter(|place| **place == Place::Stream).count();
    if streams > 1 {
        return Err(error("-", 0, 1, ArgumentFault::StreamTwice));
    }
    if streams == 1 && args.json && !args.diff && !args.check {
        return Err(error("-", 0, 1, ArgumentFault::TextAndJson));
    }
    match (places.is_empty(), subject) {
        (false, _) => Ok(places),
        (true, Subject::Value) => Err(error("", 0, 0, ArgumentFault::WhichFile)),
        (true, _) => Ok(vec![Place::Path(PathBuf::from("."))]),
    }
}

/// Whether a word is a path and not an argument: what changes something has a `=`, a `:` or a `@`.
fn is_path(word: &OsStr) -> bool {
    let Some(text) = word.to_str() else { return true };
    let begins = ["/", "./", "../"].iter().any(|start| text.starts_with(start));
    begins || !text.contains(['=', ':', '@'])
}

fn parse(command: &EditCommand, argument: &str) -> Result<Request, ArgumentError> {
    match command {
        EditCommand::Image(args) => image(argument, args),
        EditCommand::Replicas(_) => replicas(argument),
        EditCommand::Value(args) => value(argument, args),
    }
}

/// Reads `NAME=NEW:TAG@DIGEST` and its shorter forms, as `kustomize edit set image` does.
fn image(argument: &str, args: &ImageArgs) -> Result<Request, ArgumentError> {
    let ImageArgument { name, change } = ImageArgument::parse(argument).map_err(|fault| {
        let ImageArgumentError { column, found, expected } = fault;
        error(argument, column - 1, found.chars().count(), ArgumentFault::Image(expected))
    })?;
    Ok(Request::Image { name, change, workload: args.workload.clone() })
}

/// Reads `NAME=COUNT`.
fn replicas(argument: &str) -> Result<Request, ArgumentError> {
    let ReplicasArgument { name, count } = ReplicasArgument::parse(argument).map_err(|fault| {
        let ReplicasArgumentError { column, found, expected } = fault;
        error(argument, column - 1, found.chars().count(), ArgumentFault::Replicas(expected))
    })?;
    Ok(Request::Replicas { name, count })
}

/// Reads `KEY.PATH=VALUE`.
fn value(argument: &str, args: &ValueArgs) -> Result<Request, ArgumentError> {
    let length = argument.chars().count();
    let end = end_of_path(argument).ok_or_else(|| error(argument, 0, length, ArgumentFault::NoValue))?;
    let (written, text) = (&argument[..end], &argument[end + 1..]);
    let path = KeyPath::parse(written).map_err(|fault| {
        let at = fault.column.saturating_sub(1);
        error(argument, at, 1, ArgumentFault::KeyPath(fault.what.to_owned()))
    })?;
    let at = written.chars().count() + 1;
    let refuse = |fault| error(argument, at, length - at, fault);
    let other = |expected| refuse(ArgumentFault::Value { expected });
    let value = match args.value_type {
        ValueType::Auto => Value::Auto(text.to_owned()),
        ValueType::String => Value::String(text.to_owned()),
        ValueType::Int => whole(text).map_err(refuse)?,
        ValueType::Float if leading_zero(text) => return Err(refuse(with_leading_zero(text))),
        ValueType::Float => {
            Value::Number(Number::parse(text).ok_or_else(|| other(ValueKind::Float))?.as_str().to_owned())
        }
        ValueType::Bool => Value::Bool(text.parse().map_err(|_| other(ValueKind::Bool))?),
        ValueType::Null if matches!(text, "" | "null" | "~") => Value::Null,
        ValueType::Null => return Err(other(ValueKind::Null)),
    };
    Ok(Request::Value { path, written: written.to_owned(), value })
}

/// Reads a whole number of any length.
fn whole(text: &str) -> Result<Value, ArgumentFault> {
    if leading_zero(text) {
        return Err(with_leading_zero(text));
    }
    if let Ok(number) = text.parse() {
        return Ok(Value::Integer(number));
    }
    let number = Number::parse(text).filter(|number| number.is_whole());
    let number = number.ok_or(ArgumentFault::Value { expected: ValueKind::Int })?;
    Ok(Value::Number(number.as_str().to_owned()))
}

/// Whether a text is digits behind a zero: octal to some readers, and decimal to others.
fn leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

fn with_leading_zero(text: &str) -> ArgumentFault {
    // A sign is left to whoever types it.
    ArgumentFault::LeadingZero { text: text.to_owned(), number: u64::from_str_radix(text, 8).ok() }
}

/// Where the key path ends: at the first `=` that isn't in brackets, in quotes or behind a backslash.
fn end_of_path(argument: &str) -> Option<usize> {
    let (mut quoted, mut bracket, mut escaped) = (false, false, false);
    for (at, c) in argument.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' if !quoted => bracket = false,
            '=' if !quoted && !bracket => return Some(at),
            _ => {}
        }
    }
    None
}

/// A fault `at` so many characters into an argument.
fn error(argument: &str, at: usize, length: usize, fault: ArgumentFault) -> ArgumentError {
    ArgumentError { argument: argument.to_owned(), column: at + 1, length, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_an_argument() {
        for path in ["-", ".", "overlays/prod", "/a=b", "./a:b", "../a@b", "values.yaml"] {
            assert!(is_path(OsStr::new(path)), "{path}");
        }
        for argument in ["app:1", "app=*", "host:5000/app", "a/b@sha256:0", ".image.tag=1", "web=3"] {
            assert!(!is_path(OsStr::new(argument)), "{argument}");
        }
    }

    #[test]
    fn a_key_path_ends_at_its_own_sign() {
        for (argument, path) in [
            ("a.b=c=d", Some("a.b")),
            ("env[name=LOG].value=x", Some("env[name=LOG].value")),
            (r#""a=b".c=1"#, Some(r#""a=b".c"#)),
            (r"a\=b=1", Some(r"a\=b")),
            ("=1", Some("")),
            ("a[b=1", None),
            ("a", None),
        ] {
            assert_eq!(end_of_path(argument).map(|end| &argument[..end]), path, "{argument}");
        }
    }
}
