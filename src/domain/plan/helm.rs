//! Plans for Helm's values: keys of a values file, of an Argo CD Application or of a Flux HelmRelease.

use super::{Change, Desired, Plan, PlanError, PlanFault, Setting, at, overridden, read, shortened, shown, wanted};
use crate::{
    domain::{
        catalogue::{HelmHost, HelmValues, Site},
        name::ImageName,
        snapshot::{FileEdit, Snapshot},
    },
    manifest::{
        Fault, Missing, Outcome,
        helm::{self, Host},
        key_path::KeyPath,
        value::NewValue,
    },
};

/// Plans a mutation.
///
/// The keys must be there: one that isn't may be a slip in the configuration, and a value that no chart reads would change
/// nothing. A digest beside the tag would go on pinning the old image, so it is emptied; taken out it could let one of
/// another values file show through.
pub(super) fn plan(
    snapshot: &dyn Snapshot,
    site: &Site,
    setting: &Setting,
    values: &HelmValues,
) -> Result<Plan, PlanError> {
    let (file, host) = (&values.file, host(site, values.host));
    let fault = |fault| at(file, fault);
    let bytes = read(snapshot, file)?;
    if values.host != HelmHost::Release {
        overridden::refuse_helm(snapshot, site, &keys(values, setting))?;
    }
    let tag = match setting {
        Setting::Tag(tag) => tag,
        Setting::Replicas(count) => {
            let count = NewValue::Integer(i64::from(*count));
            let outcome = helm::set(&bytes, &host, &values.replicas, count, Missing::Refuse).map_err(fault)?;
            return Ok(planned(values, setting, outcome, None));
        }
    };
    same_image(&bytes, &host, values, &site.image).map_err(fault)?;
    let tagged = helm::set(&bytes, &host, &values.tag, NewValue::String(tag.as_str()), Missing::Refuse);
    let tagged = tagged.map_err(fault)?;
    let Some((digest, path)) = digest(&bytes, &host, values).map_err(fault)? else {
        return Ok(planned(values, setting, tagged, None));
    };
    // One edit after the other: each is proved on its own.
    let text = match &tagged {
        Outcome::Changed { text, .. } => text.as_bytes(),
        Outcome::AlreadySo { .. } => &bytes,
    };
    let emptied = helm::set(text, &host, path, NewValue::String(""), Missing::Refuse).map_err(fault)?;
    Ok(match (tagged, emptied) {
        (Outcome::Changed { line, from, .. }, Outcome::Changed { text, .. }) => {
            let gone = format!("{path} {}", shortened(&digest));
            planned(values, setting, Outcome::Changed { text, line, from }, Some(gone))
        }
        (Outcome::AlreadySo { .. }, Outcome::Changed { text, line, .. }) => {
            planned(values, setting, Outcome::Changed { text, line, from: shown(None, Some(&digest)) }, None)
        }
        (tagged, Outcome::AlreadySo { .. }) => planned(values, setting, tagged, None),
    })
}

fn planned(values: &HelmValues, setting: &Setting, outcome: Outcome, gone: Option<String>) -> Plan {
    match outcome {
        Outcome::AlreadySo { value } => Plan::AlreadySo { value },
        Outcome::Changed { text, line, from } => {
            let edits = vec![FileEdit::write(values.file.clone(), text)];
            // An empty value is none.
            let from = from.filter(|from| !from.is_empty());
            let change = Change {
                file: values.file.clone(),
                line,
                from,
                to: wanted(setting),
                shared_with: vec![],
                unseen: vec![],
                gone,
            };
            Plan::Change { edits, change }
        }
    }
}

/// Reads what the manifests want of a site.
pub(super) fn desired(snapshot: &dyn Snapshot, site: &Site, values: &HelmValues) -> Result<Desired, PlanError> {
    let (file, host) = (&values.file, host(site, values.host));
    let bytes = read(snapshot, file)?;
    let get = |path: &KeyPath| helm::get(&bytes, &host, path).map_err(|fault| at(file, fault));
    let text = |path: &KeyPath| Ok::<_, PlanError>(get(path)?.map(|(text, _)| text).filter(|text| !text.is_empty()));
    let mut desired =
        Desired { tag: text(&values.tag)?, replicas: text(&values.replicas)?.and_then(|count| count.parse().ok()) };
    if values.host != HelmHost::Release {
        if let Some(tag) = overridden::helm(snapshot, site, &values.tag)? {
            desired.tag = Some(tag);
        }
        if let Some(count) = overridden::helm(snapshot, site, &values.replicas)? {
            desired.replicas = count.parse().ok();
        }
    }
    Ok(desired)
}

/// The keys that a mutation is about.
fn keys<'v>(values: &'v HelmValues, setting: &Setting) -> Vec<&'v KeyPath> {
    match setting {
        Setting::Tag(_) => [Some(&values.tag), values.digest.as_ref()].into_iter().flatten().collect(),
        Setting::Replicas(_) => vec![&values.replicas],
    }
}

fn host(site: &Site, host: HelmHost) -> Host {
    match host {
        HelmHost::ValuesFile => Host::ValuesFile,
        HelmHost::Application => Host::Application { name: Some(site.environment.argocd.name.clone()) },
        HelmHost::Release => Host::HelmRelease { name: None },
    }
}

/// The digest that pins the image, with its key.
fn digest<'v>(bytes: &[u8], host: &Host, values: &'v HelmValues) -> Result<Option<(String, &'v KeyPath)>, Fault> {
    let Some(path) = &values.digest else { return Ok(None) };
    let found = helm::get(bytes, host, path)?.map(|(digest, _)| digest);
    Ok(found.filter(|digest| !digest.is_empty()).map(|digest| (digest, path)))
}

/// Refuses values whose image isn't the application's. The registry may stand at another key.
fn same_image(bytes: &[u8], host: &Host, values: &HelmValues, image: &ImageName) -> Result<(), Fault> {
    let Some(path) = &values.repository else { return Ok(()) };
    let Some((found, position)) = helm::get(bytes, host, path)? else {
        return Err(Fault::whole(PlanFault::NoValue { path: path.to_string() }));
    };
    if found == image.as_str() || found == image.repository() {
        return Ok(());
    }
    let fault = PlanFault::OtherImage { place: path.to_string(), found, wanted: image.to_string() };
    Err(Fault::at(position, fault))
}
