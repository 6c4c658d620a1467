//! Compares what git says with what the cluster has.

use serde_json::{Value, json};

use super::{
    Turn,
    apply::{LAST_APPLIED, TRACKING, tracking_id},
    kustomize, yaml,
};
use crate::sandbox::{
    kubernetes::{kind::Kind, store::text},
    remote::Files,
};

/// What an application's source says at one revision.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) revision: String,
    pub(super) objects: Vec<Value>,
    pub(super) source_type: &'static str,
}

/// Reads and renders an Application's source; errors are worded as in a ComparisonError condition.
pub(super) fn target(turn: &Turn<'_>, application: &Value, revision: &str) -> Result<Target, String> {
    let failed = |why: String| {
        format!(
            "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = {why}"
        )
    };
    let source = &application["spec"]["source"];
    let path = text(source, "/path").trim_matches('/');
    let unresolved =
        |error: git2::Error| failed(format!("unable to resolve '{revision}' to a commit SHA: {}", error.message()));
    let commit = turn.remote.resolve(revision).map_err(unresolved)?;
    let files = turn.remote.files(commit).map_err(unresolved)?;
    let names = files.folder(path).ok_or_else(|| failed(format!("{path}: app path does not exist")))?;
    let kustomized =
        names.iter().any(|name| matches!(name.as_str(), "kustomization.yaml" | "kustomization.yml" | "Kustomization"));
    let mut objects = if kustomized {
        kustomize::build(&files, path).map_err(|error| {
            failed(format!("`kustomize build <path to cached source>/{path}` failed exit status 1: Error: {error}"))
        })?
    } else {
        plain(&files, path, &names).map_err(failed)?
    };
    for image in source["kustomize"]["images"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        kustomize::override_image(&mut objects, image);
    }
    for entry in source["kustomize"]["replicas"].as_array().into_iter().flatten() {
        kustomize::set_replicas(&mut objects, text(entry, "/name"), entry["count"].as_i64().unwrap_or(0));
    }
    let namespace = &application["spec"]["destination"]["namespace"];
    for object in &mut objects {
        let namespaced = Kind::of(object).is_none_or(|kind| kind.info().namespaced);
        if namespaced && text(object, "/metadata/namespace").is_empty() {
            object["metadata"]["namespace"] = namespace.clone();
        }
    }
    let source_type = if kustomized { "Kustomize" } else { "Directory" };
    Ok(Target { revision: commit.to_string(), objects, source_type })
}

/// A folder of manifests without a kustomization.
fn plain(files: &dyn Files, path: &str, names: &[String]) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"))
    {
        let content = files.file(&format!("{path}/{name}")).unwrap_or_default();
        let documents = yaml::documents(&String::from_utf8_lossy(&content));
        objects.extend(documents.map_err(|error| format!("Failed to unmarshal \"{name}\": {error}"))?);
    }
    Ok(objects)
}

/// `status.resources` of an application: every wanted object and every object of it that isn't wanted any more.
pub(super) fn resources(turn: &Turn<'_>, application: &str, target: &Target) -> Vec<Value> {
    let mut resources = Vec::new();
    for object in &target.objects {
        let live = live(turn, object);
        let synced = live.as_ref().is_some_and(|live| same(object, live));
        resources.push(entry(object, if synced { "Synced" } else { "OutOfSync" }));
    }
    for object in orphans(turn, application, target) {
        let mut entry = entry(&object, "OutOfSync");
        entry["requiresPruning"] = json!(true);
        resources.push(entry);
    }
    resources
}

/// The live objects of the application that git doesn't want any more.
pub(super) fn orphans(turn: &Turn<'_>, application: &str, target: &Target) -> Vec<Value> {
    let wanted: Vec<String> = target
        .objects
        .iter()
        .filter_map(|object| Some(tracking_id(application, Kind::of(object)?.info(), object)))
        .collect();
    let prefix = format!("{application}:");
    let kinds = crate::sandbox::kubernetes::kind::KINDS.iter().map(|info| info.kind);
    let tracked = kinds.flat_map(|kind| turn.cluster.store().list(kind)).filter(|object| {
        let id = object["metadata"]["annotations"][TRACKING].as_str().unwrap_or_default();
        id.starts_with(&prefix) && !wanted.iter().any(|one| one == id)
    });
    tracked.collect()
}

/// The live counterpart of a wanted object.
pub(super) fn live(turn: &Turn<'_>, object: &Value) -> Option<Value> {
    let kind = Kind::of(object)?;
    turn.cluster.store().get(kind, text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// The group, version, kind, namespace and name of an object, as status fields have them.
pub(super) fn entry(object: &Value, status: &str) -> Value {
    let (group, version) = text(object, "/apiVersion").rsplit_once('/').unwrap_or(("", text(object, "/apiVersion")));
    let mut entry = json!({
        "version": version, "kind": object["kind"], "name": object["metadata"]["name"], "status": status,
    });
    for (name, value) in [("group", group), ("namespace", text(object, "/metadata/namespace"))] {
        if !value.is_empty() {
            entry[name] = json!(value);
        }
    }
    entry
}

/// Whether the live object is what git wants: nothing added or dropped since it was applied, nothing edited in between.
fn same(wanted: &Value, live: &Value) -> bool {
    let applied = live["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap_or_default();
    let applied: Value = serde_json::from_str(applied).unwrap_or_default();
    applied == *wanted && contains(live, wanted)
}

/// Whether every field of `part` is in `whole`; lists must have the same length.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|found| contains(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_do_not_differ_but_edits_and_drops_do() {
        let wanted = json!({"spec": {"replicas": 2, "list": [{"a": 1}]}});
        let live = |spec: Value, applied: &Value| json!({"spec": spec, "metadata": {"annotations": {LAST_APPLIED: applied.to_string()}}});
        assert!(same(&wanted, &live(json!({"replicas": 2, "list": [{"a": 1, "b": 2}], "extra": 1}), &wanted)));
        assert!(!same(&wanted, &live(json!({"replicas": 3, "list": [{"a": 1}]}), &wanted)), "edited");
        let more = json!({"spec": {"replicas": 2, "list": [{"a": 1}], "dropped": 1}});
        assert!(!same(&wanted, &live(more["spec"].clone(), &more)), "dropped from git");
    }
}
