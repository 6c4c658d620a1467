//! What a file becomes: its requests carried out one after the other, each proven by the editor.

use super::{args::EditArgs, source::Source, words::Request};
use crate::{
    domain::{
        edit::{EditChange, EditError, EditOutcome, FileFault, FileKind},
        image::{ImageArgument, ImageChange},
        name::ImageName,
        plan::{EntryFault, PlanFault},
    },
    manifest::{
        Fault, Missing, Outcome,
        argocd::{self, Place},
        helm::{self, Host},
        kustomization::Kustomization,
        workload::{self, ContainerRef, Selector},
    },
};

/// What one file becomes.
#[derive(Debug)]
pub(super) struct Planned {
    /// What became of each request.
    pub(super) changes: Vec<EditChange>,
    /// The new text; `None` where nothing changes.
    pub(super) text: Option<String>,
}

/// What a request does to a text.
struct Made {
    outcome: Outcome,
    added: bool,
}

/// Why a request isn't carried out.
enum Refused {
    Text(Fault),
    File(FileFault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Text(fault)
    }
}

/// Plans all requests for a file.
///
/// # Errors
/// All that keeps one of them from being carried out; each is tried on top of those that can be.
pub(super) fn plan(
    source: &Source,
    kind: FileKind,
    requests: &[Request],
    args: &EditArgs,
) -> Result<Planned, Vec<EditError>> {
    let (mut changes, mut errors): (Vec<EditChange>, _) = (vec![], vec![]);
    let mut text: Option<String> = None;
    for request in requests {
        let bytes = text.as_ref().map_or(source.bytes.as_slice(), |text| text.as_bytes());
        let file = source.shown.clone();
        match carry_out(kind, bytes, request, args) {
            Ok(made) => {
                let (subject, name) = (request.subject(), request.name().to_owned());
                let added = |added| if added { EditOutcome::Added } else { EditOutcome::Changed };
                match made.outcome {
                    Outcome::AlreadySo { value } => {
                        let (outcome, from) = (EditOutcome::AlreadySo, Some(value.clone()));
                        changes.push(EditChange { file, line: None, subject, name, outcome, from, to: value });
                    }
                    Outcome::Changed { text: new, line, from } => {
                        let old = String::from_utf8_lossy(bytes);
                        for earlier in &mut changes {
                            earlier.line = earlier.line.map(|line| moved(line, &old, &new));
                        }
                        let (outcome, to) = (added(made.added), request.wanted());
                        changes.push(EditChange { file, line: Some(line), subject, name, outcome, from, to });
                        text = Some(new);
                    }
                }
            }
            Err(Refused::Text(Fault { at, fault })) => errors.push(EditError::Text { file, at, fault }),
            Err(Refused::File(fault)) => errors.push(EditError::File { file, fault }),
        }
    }
    // Several changes of one file may undo each other.
    let text = text.filter(|text| text.as_bytes() != source.bytes);
    if errors.is_empty() { Ok(Planned { changes, text }) } else { Err(errors) }
}

fn carry_out(kind: FileKind, bytes: &[u8], request: &Request, args: &EditArgs) -> Result<Made, Refused> {
    let (missing, document) = (args.missing(), &args.name);
    match (kind, request) {
        (_, Request::Value { path, value, .. }) => {
            let host = match helm::host_of(bytes) {
                Host::Application { .. } => Host::Application { name: document.clone() },
                Host::HelmRelease { .. } => Host::HelmRelease { name: document.clone() },
                Host::ValuesFile => Host::ValuesFile,
            };
            // A key path with a slip in it would put in a value that nobody reads.
            adding(missing.unwrap_or(Missing::Refuse), |missing| {
                helm::set(bytes, &host, path, value.new_value(), missing)
            })
        }
        // As kustomize does, a missing entry is put in unless that was ruled out.
        (FileKind::Kustomization, Request::Image { name, change, .. }) => {
            let kustomization = Kustomization::read(bytes)?;
            let missing = missing.unwrap_or(Missing::Insert);
            let made = adding(missing, |missing| {
                named(name, missing)?;
                kustomization.set_image(name, change, missing)
            });
            let mut made = made.or_else(|refused| Err(other_meant(&kustomization, name, refused)?))?;
            if let Outcome::Changed { from: from @ None, .. } = &mut made.outcome {
                *from = other_half(&kustomization, name, change)?;
            }
            Ok(made)
        }
        (FileKind::Kustomization, Request::Replicas { name, count }) => {
            let kustomization = Kustomization::read(bytes)?;
            // An entry that matches nothing makes kustomize refuse the whole folder.
            adding(missing.unwrap_or(Missing::Refuse), |missing| {
                alone(name, kustomization.set_count(name, *count, Missing::Refuse))?;
                kustomization.set_count(name, *count, missing)
            })
        }
        (FileKind::Manifests, Request::Image { name, change, workload }) => {
            let outcome =
                workload::set_image(bytes, &selector(workload.as_deref()), ContainerRef::Image(name), change)?;
            Ok(Made { outcome, added: false })
        }
        // Without a count an autoscaler may have it.
        (FileKind::Manifests, Request::Replicas { name, count }) => {
            adding(missing.unwrap_or(Missing::Refuse), |missing| {
                workload::set_replicas(bytes, &selector(Some(name)), *count, missing)
            })
        }
        (FileKind::Application | FileKind::ArgoCdSource, request) => {
            let place = match kind {
                FileKind::ArgoCdSource => Place::SourceFile,
                _ => Place::Application { name: document.clone() },
            };
            // These beat what is in git: a new one is put in only when that is meant.
            argo_cd(bytes, &place, request, missing.unwrap_or(Missing::Refuse))
        }
        (kind, request) => Err(Refused::File(FileFault::Unfit { kind, subject: request.subject() })),
    }
}

/// Sets what Argo CD lays over a kustomization.
fn argo_cd(bytes: &[u8], place: &Place, request: &Request, missing: Missing) -> Result<Made, Refused> {
    match request {
        Request::Image { name, change, .. } => {
            let mut made = adding(missing, |missing| {
                named(name, missing)?;
                argocd::set_image(bytes, place, name, change, missing)
            })?;
            if let Outcome::Changed { from: Some(from), .. } = &mut made.outcome {
                *from = part_of(from, change);
            }
            Ok(made)
        }
        Request::Replicas { name, count } => adding(missing, |missing| {
            alone(name, argocd::set_replicas(bytes, place, name, *count, Missing::Refuse))?;
            argocd::set_replicas(bytes, place, name, *count, missing)
        }),
        Request::Value { .. } => {
            Err(Refused::File(FileFault::Unfit { kind: FileKind::ArgoCdSource, subject: request.subject() }))
        }
    }
}

/// The part of `name=new:tag@digest` that a change is about: tag and digest where the name stays.
fn part_of(text: &str, change: &ImageChange) -> String {
    match ImageArgument::parse(text) {
        Ok(ImageArgument { change: old, .. }) if change.name.is_none() && old != ImageChange::default() => {
            ImageChange { name: None, ..old }.to_string()
        }
        _ => text.to_owned(),
    }
}

/// The digest that gave way to a tag, or the tag that gave way to a digest.
fn other_half(kustomization: &Kustomization<'_>, name: &str, change: &ImageChange) -> Result<Option<String>, Fault> {
    let Ok(name) = ImageName::new(name) else { return Ok(None) };
    match (&change.tag, &change.digest) {
        (Some(_), None) => kustomization.digest(&name),
        (None, Some(_)) => kustomization.tag(&name),
        _ => Ok(None),
    }
}

/// A workload by its name or by kind and name, `Deployment/web`; without one all are meant.
fn selector(workload: Option<&str>) -> Selector<'_> {
    let (kind, name) = match workload.map(|workload| (workload, workload.split_once('/'))) {
        None => (None, None),
        Some((name, None)) => (None, Some(name)),
        Some((_, Some((kind, name)))) => (Some(kind), Some(name)),
    };
    Selector { kind, namespace: None, name }
}

/// Refuses a new entry for what is no image: nothing would ever read it.
fn named(name: &str, missing: Missing) -> Result<(), Fault> {
    if missing == Missing::Refuse || ImageName::new(name).is_ok() {
        return Ok(());
    }
    Err(Fault::whole(PlanFault::Entry(EntryFault::NotAnImageName { name: name.to_owned() })))
}

/// Refuses a kind before the name where there is no such entry: kustomize takes the name alone.
fn alone(name: &str, found: Result<Outcome, Fault>) -> Result<(), Fault> {
    match found {
        Err(Fault { fault: PlanFault::NoEntry { .. }, at }) if name.contains('/') => {
            Err(Fault { at, fault: PlanFault::Entry(EntryFault::KindInName { name: name.to_owned() }) })
        }
        _ => Ok(()),
    }
}

/// Names the entry that may be meant, where another one keeps an image from getting its own.
fn other_meant(kustomization: &Kustomization<'_>, name: &str, refused: Refused) -> Result<Refused, Fault> {
    let Refused::Text(Fault { at: Some(at), fault: PlanFault::NoEntry { section, name: wanted } }) = refused else {
        return Ok(refused);
    };
    let fault = match kustomization.other_meant(name)? {
        Some(other) => PlanFault::Entry(EntryFault::OtherMeant { section, name: wanted, other, line: at.line }),
        None => PlanFault::NoEntry { section, name: wanted },
    };
    Ok(Refused::Text(Fault::at(at, fault)))
}

/// Sets a value, and tells whether it had to be put in.
fn adding(missing: Missing, set: impl Fn(Missing) -> Result<Outcome, Fault>) -> Result<Made, Refused> {
    match (set(Missing::Refuse), missing) {
        (outcome, Missing::Refuse) => Ok(Made { outcome: outcome?, added: false }),
        (Err(Fault { fault: PlanFault::NoEntry { .. } | PlanFault::NoValue { .. }, .. }), missing) => {
            Ok(Made { outcome: set(missing)?, added: true })
        }
        (outcome, _) => Ok(Made { outcome: outcome?, added: false }),
    }
}

/// Where a line is after a later change of another one.
fn moved(line: usize, old: &str, new: &str) -> usize {
    let before = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    if line <= before {
        return line;
    }
    let (old, new) = (old.lines().count(), new.lines().count());
    (line + new).saturating_sub(old).max(1)
}
