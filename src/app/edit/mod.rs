//! `tiphys edit`: the editor for files, without a repository and a configuration.
//!
//! All files of a call are read and planned first. Only when everything that was asked for can be done are they replaced, so
//! a call changes all or nothing.

pub mod args;
mod diff;
mod kind;
mod plan;
mod replace;
mod report;
mod source;
mod words;

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};

use self::{
    args::{EditArgs, EditCommand},
    plan::Planned,
    replace::{Failure, Stop},
    source::Source,
    words::{Place, Request},
};
use crate::{
    adapters::console::ExitCode,
    domain::{
        edit::{EditChange, EditError, FileFault, Subject},
        language::Language,
        plan::PlanFault,
    },
    manifest::kustomization::FILE_NAMES,
};

/// A file, what it is, and what it becomes.
type Job = (Source, Planned);

/// Runs the command and tells how it ended.
///
/// # Errors
/// When the result can't be printed, or signals can't be caught.
pub(super) fn run(command: &EditCommand, language: Option<Language>) -> Result<ExitCode> {
    let language = language.unwrap_or_else(|| language_of(|name| std::env::var(name).ok()));
    let args = command.args();
    let jobs = match words::read(command) {
        Err(faults) => Err(faults.into_iter().map(EditError::Argument).collect()),
        Ok((requests, places)) => all(command, &requests, &places),
    };
    let done = match jobs {
        Ok(jobs) if args.writes_nothing() => Ok(jobs),
        Ok(jobs) => replace(jobs)?,
        Err(errors) => Err(errors),
    };
    match done {
        Ok(jobs) => match finish(args, &jobs, language) {
            // What was changed is changed, whether or not it could be told: the exit code must not deny it.
            Err(error) if changed_files(args, &jobs) => {
                report::tell(&report::lost(&error, language));
                Ok(ExitCode::Done)
            }
            exit => exit.context("standard output"),
        },
        Err(errors) => {
            let exit = report::exit_code(&errors, args.check);
            report::tell(&report::errors(&errors, report::colors(&io::stderr()), language));
            if args.json {
                let outcome = report::outcome(&errors);
                report::print(&report::json(outcome, exit, (&[], &errors), None, (false, language))?)
                    .context("standard output")?;
            }
            Ok(exit)
        }
    }
}

/// Whether files were replaced.
fn changed_files(args: &EditArgs, jobs: &[Job]) -> bool {
    !args.writes_nothing() && jobs.iter().any(|(source, planned)| source.target.is_some() && planned.text.is_some())
}

/// Reads and plans all files.
fn all(command: &EditCommand, requests: &[Request], places: &[Place]) -> Result<Vec<Job>, Vec<EditError>> {
    let (mut jobs, mut errors): (Vec<Job>, _) = (vec![], vec![]);
    let args = command.args();
    errors.extend(requests.iter().filter_map(|request| too_many(command, request)));
    for place in places {
        let source = match read(command.subject(), place) {
            Ok(source) => source,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let twin = jobs.iter().find(|(other, _)| other.target.is_some() && other.target == source.target);
        if let Some((other, _)) = twin {
            errors.push(EditError::File { file: source.shown, fault: FileFault::Twice(other.shown.clone()) });
            continue;
        }
        let kind = kind::of(source.target.as_deref(), &source.bytes);
        match plan::plan(&source, kind, requests, args) {
            Ok(planned) => {
                let written = planned.text.is_some() && !args.writes_nothing();
                match if written { source.replaceable() } else { Ok(()) } {
                    Ok(()) => jobs.push((source, planned)),
                    Err(fault) => errors.push(EditError::File { file: source.shown, fault }),
                }
            }
            Err(faults) => errors.extend(faults),
        }
    }
    if errors.is_empty() { Ok(jobs) } else { Err(errors) }
}

/// The fault of a count above the limit.
fn too_many(command: &EditCommand, request: &Request) -> Option<EditError> {
    let (EditCommand::Replicas(args), Request::Replicas { name, count }) = (command, request) else { return None };
    let fault = PlanFault::TooManyReplicas { wanted: *count, maximum: args.max };
    (*count > args.max).then(|| EditError::Text { file: name.clone(), at: None, fault })
}

/// Reads a file, the kustomization of a folder, or standard input.
fn read(subject: Subject, place: &Place) -> Result<Source, EditError> {
    let Place::Path(path) = place else {
        let shown = "<stdin>".to_owned();
        return Source::stream(io::stdin().lock(), shown.clone())
            .map_err(|fault| EditError::File { file: shown, fault });
    };
    let shown = path.display().to_string();
    let of_file = |fault| EditError::File { file: shown.clone(), fault };
    if !source::resolved(path).map_err(of_file)?.is_dir() {
        return Source::file(path, shown.clone()).map_err(of_file);
    }
    if subject == Subject::Value {
        return Err(of_file(FileFault::Folder));
    }
    let path = kustomization(path).map_err(|fault| EditError::Text { file: shown.clone(), at: None, fault })?;
    let shown = path.display().to_string();
    Source::file(&path, shown.clone()).map_err(|fault| EditError::File { file: shown, fault })
}

/// The one kustomization of a folder.
fn kustomization(folder: &Path) -> Result<PathBuf, PlanFault> {
    let there = |name: &&str| folder.join(name).symlink_metadata().is_ok();
    let found: Vec<&str> = FILE_NAMES.into_iter().filter(there).collect();
    match found[..] {
        [] => Err(PlanFault::NoKustomization),
        // Without the dot, as people name it.
        [name] if folder == Path::new(".") => Ok(PathBuf::from(name)),
        [name] => Ok(folder.join(name)),
        _ => Err(PlanFault::SeveralKustomizations(found.into_iter().map(str::to_owned).collect())),
    }
}

/// Prints the edited standard input, and replaces the files.
fn replace(jobs: Vec<Job>) -> Result<Result<Vec<Job>, Vec<EditError>>> {
    let new: Vec<(&Source, &str)> =
        jobs.iter().filter_map(|(source, planned)| Some((source, planned.text.as_deref()?))).collect();
    // A failure to print it must leave the files as they are.
    let print = || match jobs.iter().find(|(source, _)| source.target.is_none()) {
        Some((source, planned)) => {
            report::print(planned.text.as_deref().unwrap_or(&String::from_utf8_lossy(&source.bytes)))
        }
        None => Ok(()),
    };
    if new.iter().all(|(source, _)| source.target.is_none()) {
        print().context("standard output")?;
        return Ok(Ok(jobs));
    }
    let stop = Stop::on_signal().context("signals")?;
    let faults = match replace::replace_all(&new, &stop, print) {
        Ok(()) => return Ok(Ok(jobs)),
        Err(Failure::Interrupted(signal)) => {
            // Ends the process the way the signal would have.
            signal_hook::low_level::emulate_default_handler(signal).context("signals")?;
            return Ok(Err(vec![]));
        }
        Err(Failure::Output(error)) => return Err(anyhow!(error).context("standard output")),
        Err(Failure::Files(faults)) => faults,
    };
    let named = |(index, fault): (usize, FileFault)| EditError::File { file: new[index].0.shown.clone(), fault };
    Ok(Err(faults.into_iter().map(named).collect()))
}

/// Prints what was done, or would be.
fn finish(args: &EditArgs, jobs: &[Job], language: Language) -> io::Result<ExitCode> {
    let changes: Vec<EditChange> = jobs.iter().flat_map(|(_, planned)| planned.changes.clone()).collect();
    let differs = jobs.iter().any(|(_, planned)| planned.text.is_some());
    let exit = if args.check && differs { ExitCode::Refused } else { ExitCode::Done };
    let streams = jobs.iter().any(|(source, _)| source.target.is_none());
    let names = diff::Names::of(jobs.iter().filter_map(|(source, _)| source.target.as_deref()));
    let parts: Vec<_> = jobs.iter().filter(|_| args.diff).flat_map(|job| diff_of(job, &names)).collect();
    let written = !args.writes_nothing();
    let lines = |color| report::changes(&changes, written, color, language);
    if args.json {
        let outcome = match (differs, written) {
            (false, _) => "already_so",
            (true, false) => "would_change",
            (true, true) => "changed",
        };
        let diff = args.diff.then(|| report::diff(&parts, false));
        report::print(&report::json(outcome, exit, (&changes, &[]), diff, (written, language))?)?;
    } else if args.diff {
        report::print(&report::diff(&parts, report::colors(&io::stdout())))?;
    } else if streams && written {
        // Standard output has the edited text.
        report::tell(&lines(report::colors(&io::stderr())));
    } else {
        report::print(&lines(report::colors(&io::stdout())))?;
    }
    Ok(exit)
}

fn diff_of((source, planned): &Job, names: &diff::Names) -> Vec<(diff::Part, String)> {
    let Some(new) = &planned.text else { return vec![] };
    let name = source.target.as_deref().map_or_else(|| b"stdin".to_vec(), |target| names.of_file(target));
    diff::unified(&name, &String::from_utf8_lossy(&source.bytes), new)
}

/// The language of the locale: Russian or English.
fn language_of(env: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| env(name).filter(|v| !v.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("ru")) { Language::Ru } else { Language::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_locale() {
        let with = |pairs: &'static [(&str, &str)]| {
            language_of(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("LANG", "ru_RU.UTF-8")]), Language::Ru);
        assert_eq!(with(&[("LC_ALL", ""), ("LC_MESSAGES", "ru_RU"), ("LANG", "en_US.UTF-8")]), Language::Ru);
        assert_eq!(with(&[("LC_ALL", "C"), ("LANG", "ru_RU.UTF-8")]), Language::En);
        assert_eq!(with(&[]), Language::En);
    }
}
