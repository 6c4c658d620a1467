//! Argo CD's ApplicationSet controller, as far as git directories go: an Application for each folder that matches, and
//! none any more, with all that it brought, when the folder is gone.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    Turn,
    compare::{self, Target},
};
use crate::sandbox::{
    kubernetes::{
        kind::Kind,
        store::{text, time},
    },
    remote::Files,
};

/// What the controller knows besides the objects.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When each set looks at the branch again.
    polls: HashMap<String, Instant>,
    /// When the resources of Applications that are to go are gone.
    ends: HashMap<String, Instant>,
}

impl Memory {
    /// One pass over all sets, and over the Applications that are to go.
    pub(super) fn step(&mut self, turn: &mut Turn<'_>) {
        if turn.controls.script().paused {
            return;
        }
        for set in turn.cluster.store().list(Kind::ApplicationSet) {
            let at = self.polls.entry(text(&set, "/metadata/uid").to_owned()).or_insert(turn.instant);
            if turn.due(*at) {
                *at = turn.instant + turn.pace.poll;
                turn.due(turn.instant + turn.pace.poll);
                generate(turn, &set);
            }
        }
        for application in turn.cluster.store().list(Kind::Application) {
            if application["metadata"]["deletionTimestamp"].is_string() {
                self.finalize(turn, &application);
            }
        }
    }

    /// Removes what an Application has brought to the cluster, then itself.
    fn finalize(&mut self, turn: &mut Turn<'_>, application: &Value) {
        let uid = text(application, "/metadata/uid").to_owned();
        let at = *self.ends.entry(uid.clone()).or_insert(turn.instant + turn.pace.sync);
        if !turn.due(at) {
            return;
        }
        self.ends.remove(&uid);
        let name = text(application, "/metadata/name");
        let nothing = Target { revision: String::new(), objects: Vec::new(), source_type: "Kustomize" };
        for object in compare::orphans(turn, name, &nothing) {
            if let Some(kind) = Kind::of(&object) {
                let key = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
                let _ = turn.cluster.store().remove(kind, key.0, key.1);
            }
        }
        let _ = turn.cluster.store().remove(Kind::Application, text(application, "/metadata/namespace"), name);
    }
}

/// Makes the Applications that a set wants, and marks those that it doesn't want any more.
fn generate(turn: &Turn<'_>, set: &Value) {
    // A set that can't be worked out leaves its Applications alone.
    let Ok(folders) = folders(turn, set) else { return };
    let uid = text(set, "/metadata/uid");
    let mut wanted = BTreeSet::new();
    for folder in &folders {
        let mut application = filled(&set["spec"]["template"], folder);
        application["metadata"]["namespace"] = set["metadata"]["namespace"].clone();
        application["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
        application["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": set["metadata"]["name"], "uid": uid,
            "controller": true, "blockOwnerDeletion": true,
        }]);
        wanted.insert(text(&application, "/metadata/name").to_owned());
        // One of that name may be there already: this set's, or somebody else's, which is left alone.
        let _ = turn.cluster.store().create(Kind::Application, application, turn.now);
    }
    for mut application in turn.cluster.store().list(Kind::Application) {
        let ours = text(&application, "/metadata/ownerReferences/0/uid") == uid;
        if ours && !wanted.contains(text(&application, "/metadata/name")) {
            application["metadata"]["deletionTimestamp"] = json!(time(turn.now));
            let _ = turn.cluster.store().replace(Kind::Application, application);
        }
    }
}

/// The folders that the git generators of a set find. Of patterns only a last part `*` is played.
fn folders(turn: &Turn<'_>, set: &Value) -> Result<BTreeSet<String>, git2::Error> {
    let mut found = BTreeSet::new();
    for generator in set["spec"]["generators"].as_array().into_iter().flatten() {
        let git = &generator["git"];
        let files = turn.remote.files(turn.remote.resolve(text(git, "/revision"))?)?;
        for directory in git["directories"].as_array().into_iter().flatten() {
            let path = text(directory, "/path");
            let matching: Vec<String> = match path.strip_suffix("/*") {
                Some(parent) => {
                    let names = files.folder(parent).unwrap_or_default();
                    names.into_iter().map(|name| format!("{parent}/{name}")).collect()
                }
                None => vec![path.to_owned()],
            };
            for folder in matching.into_iter().filter(|folder| files.folder(folder).is_some()) {
                match directory["exclude"] == true {
                    true => drop(found.remove(&folder)),
                    false => drop(found.insert(folder)),
                }
            }
        }
    }
    Ok(found)
}

/// A template with a folder's parameters in it.
fn filled(template: &Value, folder: &str) -> Value {
    match template {
        Value::String(text) => {
            let basename = folder.rsplit('/').next().unwrap_or_default();
            json!(text.replace("{{.path.basename}}", basename).replace("{{.path.path}}", folder))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, folder)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, folder))).collect(),
        other => other.clone(),
    }
}
