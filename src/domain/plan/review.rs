//! Plans for review environments: an overlay is made, gets another tag, or goes.

use serde::Serialize;

use super::{Change, Plan, PlanError, PlanFault, Setting, at, kustomize, sharing};
use crate::{
    domain::{
        catalogue::{Catalogue, SharedBases, Site},
        name::{RepoPath, Tag},
        review::{self, Marker, ReviewOverlay},
        snapshot::{FileEdit, Overlay, Snapshot},
    },
    manifest::{
        Missing, Outcome,
        kustomization::{FILE_NAMES, Kustomization},
        sources,
    },
};

/// The only file of an overlay that tiphys makes.
const FILE: &str = "kustomization.yaml";

/// What a removal gives as the new value.
const REMOVED: &str = "(removed)";

/// Why a review environment is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewFault {
    /// The folder holds something that tiphys hasn't made.
    #[error("is not made by tiphys: {}", .files.join(", "))]
    NotOurs {
        /// What is there; some of it.
        files: Vec<String>,
    },
    /// The folder belongs to another name or application.
    #[error("belongs to the review environment {name} of {application}")]
    AnothersOverlay {
        /// That one's name.
        name: String,
        /// That one's application.
        application: String,
    },
    /// People have added files, which a removal would leave without a kustomization.
    #[error("has files that tiphys did not make: {}", .files.join(", "))]
    AddedFiles {
        /// The files and folders; some of them.
        files: Vec<String>,
    },
    /// There are as many as there may be.
    #[error("there are {} review environments already, and {maximum} are allowed: {}", .names.len(), .names.join(", "))]
    TooMany {
        /// How many there may be.
        maximum: usize,
        /// Those that there are.
        names: Vec<String>,
    },
    /// A file stands where a folder has to be.
    #[error("is a file, not a folder")]
    NotAFolder,
    /// Only a review environment can be removed.
    #[error("is no review environment")]
    NotAReview,
}

/// Makes an overlay with this tag, or gives the one that is there this tag.
pub(super) fn create(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    review: &ReviewOverlay,
    tag: &Tag,
) -> Result<Plan, PlanError> {
    let folder = &site.environment.path;
    let setting = Setting::Tag(tag.clone());
    if own_file(snapshot, site, review)?.is_some() {
        return kustomize::plan(snapshot, catalogue, site, &setting, SharedBases::Refuse);
    }
    room(snapshot, folder, review)?;
    let base = sources::local(folder, &review.base).ok_or_else(|| fault(folder, PlanFault::NoFile))?;
    kustomize::file(snapshot, &base)?;

    let file = path_of(folder, FILE)?;
    let text = review::overlay(site, review);
    let mut trial = Overlay::new(snapshot);
    trial.apply(&[FileEdit::write(file.clone(), text.as_str())]);
    // The tag comes in as into any overlay, with all that is checked there: whether the base runs the image at all.
    let (content, unseen) = match kustomize::plan(&trial, catalogue, site, &setting, SharedBases::Refuse)? {
        Plan::Change { edits, change } => {
            let own = edits.into_iter().find(|edit| edit.path == file).and_then(|edit| edit.content);
            (own, change.unseen)
        }
        // The base runs that very tag today; tomorrow it may run another.
        Plan::AlreadySo { .. } => (None, vec![]),
    };
    let read = |bytes: &[u8]| -> Result<(Vec<u8>, usize), PlanError> {
        let kustomization = Kustomization::read(bytes).map_err(|fault| at(&file, fault))?;
        match kustomization.set_tag(&site.image, tag, Missing::Insert).map_err(|fault| at(&file, fault))? {
            Outcome::Changed { text, line, .. } => Ok((text.into_bytes(), line)),
            Outcome::AlreadySo { .. } => Ok((bytes.to_vec(), line_of_tag(bytes))),
        }
    };
    let (content, line) = read(&content.unwrap_or_else(|| text.into_bytes()))?;
    let change =
        Change { file: file.clone(), line, from: None, to: tag.to_string(), shared_with: vec![], unseen, gone: None };
    Ok(Plan::Change { edits: vec![FileEdit::write(file, content)], change })
}

/// Takes an overlay away, when nothing but what tiphys made is in it and nobody builds from it.
pub(super) fn remove(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    review: &ReviewOverlay,
) -> Result<Plan, PlanError> {
    let folder = &site.environment.path;
    let Some((file, bytes)) = own_file(snapshot, site, review)? else {
        return Ok(Plan::AlreadySo { value: REMOVED.to_owned() });
    };
    let added: Vec<String> = snapshot
        .names(folder)?
        .into_iter()
        .filter(|name| name != FILE)
        .take(kustomize::NAMED)
        .map(|name| format!("{folder}/{name}"))
        .collect();
    if !added.is_empty() {
        return Err(fault(folder, PlanFault::Review(ReviewFault::AddedFiles { files: added })));
    }
    let mut environments = sharing::of_file(snapshot, catalogue, site, None, &file);
    // Not everything could be looked at, which is no sign that somebody builds from it.
    environments.retain(|other| other != "…");
    if !environments.is_empty() {
        return Err(fault(&file, PlanFault::SharedBase { environments }));
    }
    // A file that can't be read any more is to go all the same.
    let from = Kustomization::read(&bytes).ok().and_then(|text| text.tag(&site.image).ok().flatten());
    let change = Change {
        file: file.clone(),
        line: 1,
        from,
        to: REMOVED.to_owned(),
        shared_with: vec![],
        unseen: vec![],
        gone: None,
    };
    Ok(Plan::Change { edits: vec![FileEdit::remove(file)], change })
}

/// The overlay of this very environment, or `None` where the folder isn't there.
fn own_file(
    snapshot: &dyn Snapshot,
    site: &Site,
    review: &ReviewOverlay,
) -> Result<Option<(RepoPath, Vec<u8>)>, PlanError> {
    let folder = &site.environment.path;
    let names = snapshot.names(folder)?;
    if names.is_empty() {
        return Ok(None);
    }
    let file = path_of(folder, FILE)?;
    // A second kustomization beside it is a mistake that kustomize itself refuses.
    let others: Vec<&str> =
        FILE_NAMES.into_iter().filter(|name| *name != FILE && names.iter().any(|n| n == name)).collect();
    let bytes = match others.as_slice() {
        [] if names.iter().any(|name| name == FILE) => snapshot.file(&file)?,
        _ => None,
    };
    let marker = bytes.as_deref().and_then(Marker::read);
    match (marker, bytes.as_ref()) {
        (Some(Marker { name, application }), Some(bytes)) => {
            if name == review.name.as_str() && application == site.application.as_str() {
                return Ok(Some((file, bytes.clone())));
            }
            let (name, application) = (name.to_owned(), application.to_owned());
            Err(fault(folder, PlanFault::Review(ReviewFault::AnothersOverlay { name, application })))
        }
        _ => {
            let files = names.iter().take(kustomize::NAMED).map(|name| format!("{folder}/{name}")).collect();
            Err(fault(folder, PlanFault::Review(ReviewFault::NotOurs { files })))
        }
    }
}

/// Whether one more may be made there.
fn room(snapshot: &dyn Snapshot, folder: &RepoPath, review: &ReviewOverlay) -> Result<(), PlanError> {
    let mut above = Some(folder.clone());
    while let Some(path) = above.filter(|path| !path.as_str().is_empty()) {
        // A folder can't be read as a file; what is wrong with anything else is told when it is asked for its entries.
        if snapshot.file(&path).is_ok_and(|content| content.is_some()) {
            return Err(fault(&path, PlanFault::Review(ReviewFault::NotAFolder)));
        }
        above = Some(sources::folder_of(&path));
    }
    let parent = sources::folder_of(folder);
    let mut names = Vec::new();
    for name in snapshot.names(&parent)? {
        let Ok(file) = parent.join(&name).and_then(|path| path.join(FILE)) else { continue };
        if snapshot.file(&file).ok().flatten().as_deref().and_then(Marker::read).is_some() {
            names.push(name);
        }
    }
    if names.len() >= review.max {
        return Err(fault(&parent, PlanFault::Review(ReviewFault::TooMany { maximum: review.max, names })));
    }
    Ok(())
}

/// The line of an entry's tag in an overlay that was just made: its last one.
fn line_of_tag(bytes: &[u8]) -> usize {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    lines.iter().rposition(|line| line.windows(7).any(|word| word == b"newTag:")).map_or(1, |line| line + 1)
}

fn path_of(folder: &RepoPath, name: &str) -> Result<RepoPath, PlanError> {
    folder.join(name).map_err(|error| fault(folder, PlanFault::Unreadable(error.to_string())))
}

pub(super) fn fault(file: &RepoPath, fault: PlanFault) -> PlanError {
    PlanError { file: file.clone(), at: None, fault }
}
