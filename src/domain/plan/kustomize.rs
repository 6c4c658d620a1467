//! Plans for kustomizations: the overlay's own entry, a new one, or the place in a base where the value stands.

use super::{
    Change, Desired, Plan, PlanError, PlanFault, Setting, at, overridden, read, sharing, shortened, shown, wanted,
};
use crate::{
    domain::{
        catalogue::{Catalogue, SharedBases, Site},
        image::ImageChange,
        name::RepoPath,
        snapshot::{FileEdit, Snapshot},
    },
    manifest::{
        Fault, Missing, Outcome,
        kustomization::{FILE_NAMES, Kustomization},
        sources::{self, Holder, Object, Origin, Sources},
        text,
        workload::{self, ContainerRef, Selector},
    },
};

/// The most files and places that a fault names.
pub(super) const NAMED: usize = 20;

/// Plans a mutation.
///
/// An entry of the environment's own kustomization is changed. Without one the value stands in a base, a component or a
/// manifest: a new entry in the environment's own kustomization beats all of them and concerns no other environment. Only
/// where the configuration allows it is the value changed where it stands. A new entry is not put in where another one may
/// be meant for the same image, nor where everything was looked at and nothing has the image or the workload: it would do
/// nothing, or break the build.
pub(super) fn plan(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    site: &Site,
    setting: &Setting,
    shared_bases: SharedBases,
) -> Result<Plan, PlanError> {
    let (file, bytes) = file(snapshot, &site.environment.path)?;
    let fault = |fault| at(&file, fault);
    let own = Own { kustomization: Kustomization::read(&bytes).map_err(fault)?, site, setting };
    overridden::refuse(own.overrides(snapshot)?, setting)?;

    let (outcome, found) = match own.is_set().map_err(fault)? {
        true => (own.set(Missing::Refuse).map_err(fault)?, Found::default()),
        false => {
            let sources = sources::of(snapshot, &site.environment.path);
            let found = own.found(&sources);
            if found.is(setting) {
                return Ok(Plan::AlreadySo { value: wanted(setting) });
            }
            if shared_bases == SharedBases::Allow
                && found.certain
                && let Some(origin) = found.one_place(snapshot, &own)?
            {
                return at_origin(snapshot, catalogue, &own, &found, origin);
            }
            match own.set(Missing::Insert) {
                // Another fault is the better answer: an entry that may be meant for the same image.
                Ok(_) if found.places.is_empty() && found.certain => return Err(fault(own.nowhere(&sources))),
                outcome => (outcome.map_err(fault)?, found),
            }
        }
    };
    let (text, line, from) = match outcome {
        Outcome::AlreadySo { value } => return Ok(Plan::AlreadySo { value }),
        Outcome::Changed { text, line, from } => (text, line, from),
    };
    let shared_with = sharing::of_own(snapshot, catalogue, site, setting);
    if shared_bases == SharedBases::Refuse && !shared_with.is_empty() {
        return Err(PlanError { file, at: None, fault: PlanFault::SharedBase { environments: shared_with } });
    }
    let digest = match setting {
        Setting::Tag(_) => own.kustomization.digest(&site.image).map_err(fault)?,
        Setting::Replicas(_) => None,
    };
    let (from, gone) = match (from, digest) {
        // A digest that gives way to the tag was the value before.
        (None, digest) => (shown(None, digest.as_deref()), None),
        (from, digest) => (from, digest.map(|digest| format!("digest {}", shortened(&digest)))),
    };
    let edits = vec![FileEdit::write(file.clone(), text)];
    let from = from.or(found.value);
    let change = Change { file, line, from, to: wanted(setting), shared_with, unseen: found.unseen, gone };
    Ok(Plan::Change { edits, change })
}

/// Reads what the manifests want of a site.
pub(super) fn desired(snapshot: &dyn Snapshot, site: &Site) -> Result<Desired, PlanError> {
    let (file, bytes) = file(snapshot, &site.environment.path)?;
    let fault = |fault| at(&file, fault);
    let kustomization = Kustomization::read(&bytes).map_err(fault)?;
    let own_tag = kustomization.tag(&site.image).map_err(fault)?;
    let own_digest = kustomization.digest(&site.image).map_err(fault)?;
    let own_count = kustomization.count(&site.environment.workload.name).map_err(fault)?;
    let mut desired = Desired { tag: own_tag, replicas: own_count };
    let name = image_name(&kustomization, site);
    let open_tag = desired.tag.is_none() && own_digest.is_none();
    if open_tag || desired.replicas.is_none() {
        let sources = sources::of(snapshot, &site.environment.path);
        if open_tag && sources.all_images_seen() {
            desired.tag = Found::image(&sources, &name, site).tag;
        }
        if desired.replicas.is_none() && sources.all_counts_seen() {
            desired.replicas = Found::count(&sources, site).count;
        }
    }
    // What beats the kustomization is what git wants; the last of the files beats the others.
    for (_, found) in overridden::files(snapshot, site, &[&name, site.image.as_str()])? {
        if let Some((_, tag)) = found.image {
            desired.tag = tag;
        }
        if let Some((_, count)) = found.replicas {
            desired.replicas = count;
        }
    }
    Ok(desired)
}

/// The kustomization file of a folder, with its content.
pub(super) fn file(snapshot: &dyn Snapshot, folder: &RepoPath) -> Result<(RepoPath, Vec<u8>), PlanError> {
    let fault = |fault| PlanError { file: folder.clone(), at: None, fault };
    let names = snapshot.names(folder)?;
    let found: Vec<&str> = FILE_NAMES.into_iter().filter(|name| names.iter().any(|n| n == name)).collect();
    let name = match found.as_slice() {
        [] => return Err(fault(PlanFault::NoKustomization)),
        [name] => name,
        several => {
            let names = several.iter().map(|name| (*name).to_owned()).collect();
            return Err(fault(PlanFault::SeveralKustomizations(names)));
        }
    };
    let file = folder.join(name).map_err(|error| fault(PlanFault::Unreadable(error.to_string())))?;
    match snapshot.file(&file)? {
        Some(bytes) => Ok((file, bytes)),
        None => Err(fault(PlanFault::NoKustomization)),
    }
}

/// The name by which the kustomization's own entries find the image.
fn image_name(kustomization: &Kustomization<'_>, site: &Site) -> String {
    // An unclear entry is reported when its value is asked for.
    let entry = kustomization.entry_name(&site.image).ok().flatten().filter(|name| !name.is_empty());
    entry.unwrap_or_else(|| site.image.to_string())
}

/// The environment's own kustomization, and what is to be set there.
struct Own<'a> {
    kustomization: Kustomization<'a>,
    site: &'a Site,
    setting: &'a Setting,
}

impl Own<'_> {
    fn overrides(
        &self,
        snapshot: &dyn Snapshot,
    ) -> Result<Vec<(RepoPath, crate::manifest::argocd::Overrides)>, PlanError> {
        let name = image_name(&self.kustomization, self.site);
        overridden::files(snapshot, self.site, &[&name, self.site.image.as_str()])
    }

    /// Whether an own entry sets the value already.
    fn is_set(&self) -> Result<bool, Fault> {
        Ok(match self.setting {
            Setting::Tag(_) => {
                self.kustomization.tag(&self.site.image)?.is_some()
                    || self.kustomization.digest(&self.site.image)?.is_some()
            }
            Setting::Replicas(_) => self.kustomization.count(&self.site.environment.workload.name)?.is_some(),
        })
    }

    fn set(&self, missing: Missing) -> Result<Outcome, Fault> {
        match self.setting {
            Setting::Tag(tag) => self.kustomization.set_tag(&self.site.image, tag, missing),
            Setting::Replicas(count) => {
                self.kustomization.set_count(&self.site.environment.workload.name, *count, missing)
            }
        }
    }

    fn found(&self, sources: &Sources) -> Found {
        match self.setting {
            Setting::Tag(_) => Found::image(sources, &image_name(&self.kustomization, self.site), self.site),
            Setting::Replicas(_) => Found::count(sources, self.site),
        }
    }

    /// What was looked for: `images` or `replicas`, and the name.
    fn sought(&self) -> (&'static str, String) {
        match self.setting {
            Setting::Tag(_) => ("images", self.site.image.to_string()),
            Setting::Replicas(_) => ("replicas", self.site.environment.workload.name.clone()),
        }
    }

    fn nowhere(&self, sources: &Sources) -> Fault {
        let (section, name) = self.sought();
        let files = sources.files.iter().take(NAMED).map(RepoPath::to_string).collect();
        Fault::whole(PlanFault::SetNowhere { section: section.to_owned(), name, files })
    }
}

/// What reaches the own entries of a kustomization from what it builds from.
#[derive(Debug, Default)]
struct Found {
    /// Where it stands, each place once.
    places: Vec<Origin>,
    /// The tag that is known to run, when no digest goes with it.
    tag: Option<String>,
    /// The count that is known to run.
    count: Option<u32>,
    /// The value as people read it, when it is known.
    value: Option<String>,
    /// Whether every container or workload has that very value.
    everywhere: bool,
    /// Whether everything was looked at.
    certain: bool,
    /// What was not looked at, when the image or workload was not seen.
    unseen: Vec<String>,
}

impl Found {
    fn image(sources: &Sources, name: &str, site: &Site) -> Self {
        let images: Vec<_> = sources.of_image(name).collect();
        let certain = sources.all_images_seen();
        let value = |image: &sources::Image| (image.tag.clone(), image.digest.clone());
        // Where they differ the workload's own is the one that people ask about.
        let own: Vec<_> = images.iter().filter(|image| image.object.name == site.environment.workload.name).collect();
        let asked = if own.is_empty() { images.iter().collect() } else { own };
        let first = asked.first().map(|image| value(image)).filter(|_| certain);
        let first = first.filter(|first| asked.iter().all(|image| value(image) == *first));
        let everywhere = first.as_ref().is_some_and(|first| images.iter().all(|image| value(image) == *first));
        let (tag, digest) = first.unwrap_or_default();
        let unseen = sources.unseen.iter().filter(|unseen| unseen.images).map(ToString::to_string);
        Self {
            places: once(images.iter().map(|image| &image.origin)),
            value: shown(tag.clone(), digest.as_deref()),
            tag: tag.filter(|_| digest.is_none()),
            count: None,
            everywhere,
            certain,
            unseen: unseen.filter(|_| images.is_empty()).take(NAMED).collect(),
        }
    }

    fn count(sources: &Sources, site: &Site) -> Self {
        let workloads: Vec<_> = sources.of_workload(&site.environment.workload.name).collect();
        let certain = sources.all_counts_seen();
        let first = workloads.first().filter(|first| certain && workloads.iter().all(|w| w.count == first.count));
        let count = first.and_then(|workload| workload.count);
        let unseen = sources.unseen.iter().filter(|unseen| unseen.counts).map(ToString::to_string);
        Self {
            places: once(workloads.iter().map(|workload| &workload.origin)),
            value: count.map(|count| count.to_string()),
            tag: None,
            count,
            everywhere: count.is_some(),
            certain,
            unseen: unseen.filter(|_| workloads.is_empty()).take(NAMED).collect(),
        }
    }

    /// Whether the mutation would change nothing.
    fn is(&self, setting: &Setting) -> bool {
        self.everywhere
            && match setting {
                Setting::Tag(tag) => self.tag.as_deref() == Some(tag.as_str()),
                Setting::Replicas(count) => self.count == Some(*count),
            }
    }

    /// The one place where the value stands; `None` where it stands nowhere.
    fn one_place(&self, snapshot: &dyn Snapshot, own: &Own<'_>) -> Result<Option<&Origin>, PlanError> {
        match self.places.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            [first, ..] => {
                let places = self.places.iter().take(NAMED).map(|origin| place(snapshot, origin)).collect();
                let fault = PlanFault::SeveralPlaces { name: own.sought().1, places };
                Err(PlanError { file: first.file.clone(), at: None, fault })
            }
        }
    }
}

/// Each place once, in order.
fn once<'o>(origins: impl Iterator<Item = &'o Origin>) -> Vec<Origin> {
    let mut places: Vec<Origin> = vec![];
    for origin in origins {
        if !places.contains(origin) {
            places.push(origin.clone());
        }
    }
    places
}

/// `file:line`.
fn place(snapshot: &dyn Snapshot, origin: &Origin) -> String {
    let bytes = snapshot.file(&origin.file).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    format!("{}:{}", origin.file, text::line_of(&text, origin.offset.min(text.len())))
}

/// Changes the value where it stands, for all that build from there.
fn at_origin(
    snapshot: &dyn Snapshot,
    catalogue: &Catalogue,
    own: &Own<'_>,
    found: &Found,
    origin: &Origin,
) -> Result<Plan, PlanError> {
    let file = &origin.file;
    let bytes = read(snapshot, file)?;
    let outcome = match &origin.what {
        Holder::Entry(entry) => Kustomization::read(&bytes).and_then(|kustomization| match own.setting {
            Setting::Tag(tag) => kustomization.set_image(entry, &ImageChange::tag(tag.clone()), Missing::Refuse),
            Setting::Replicas(count) => kustomization.set_count(entry, *count, Missing::Refuse),
        }),
        Holder::Container(object, container) => {
            let container = container.as_deref().map_or(ContainerRef::Only, ContainerRef::Name);
            in_manifest(&bytes, object, container, own.setting)
        }
        Holder::Object(object) => in_manifest(&bytes, object, ContainerRef::Only, own.setting),
    };
    Ok(match outcome.map_err(|fault| at(file, fault))? {
        Outcome::AlreadySo { value } => Plan::AlreadySo { value },
        Outcome::Changed { text, line, from } => {
            let shared_with = sharing::of_file(snapshot, catalogue, own.site, Some(own.setting), file);
            let edits = vec![FileEdit::write(file.clone(), text)];
            let (file, from) = (file.clone(), from.or(found.value.clone()));
            Plan::Change {
                edits,
                change: Change { file, line, from, to: wanted(own.setting), shared_with, unseen: vec![], gone: None },
            }
        }
    })
}

/// Changes an object's own value.
fn in_manifest(
    bytes: &[u8],
    object: &Object,
    container: ContainerRef<'_>,
    setting: &Setting,
) -> Result<Outcome, Fault> {
    let kind = Some(object.kind.as_str()).filter(|kind| !kind.is_empty());
    let name = Some(object.name.as_str()).filter(|name| !name.is_empty());
    let namespace = object.namespace.as_deref();
    let selector = Selector { kind, namespace, name };
    match setting {
        Setting::Tag(tag) => workload::set_image(bytes, &selector, container, &ImageChange::tag(tag.clone())),
        Setting::Replicas(count) => workload::set_replicas(bytes, &selector, *count, Missing::Insert),
    }
}
