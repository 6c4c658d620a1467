//! Argo CD's application controller: refresh, compare, sync automatically, tell the health.

use std::{collections::HashMap, time::Instant};

use serde_json::{Value, json};

use super::{
    Turn,
    compare::{self, Target},
    health::{self, Health},
    operation::{self, Running},
};
use crate::sandbox::kubernetes::{
    kind::Kind,
    store::{text, time},
};

const REFRESH: &str = "argocd.argoproj.io/refresh";

/// What the controller knows of each application besides its object.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<String, Application>);

#[derive(Debug, Default)]
struct Application {
    poll_at: Option<Instant>,
    compare_at: Option<Instant>,
    running: Option<Running>,
    target: Option<Target>,
    /// When a change of the cluster is taken notice of.
    notice_at: Option<Instant>,
}

impl Memory {
    /// Lets every application be compared in the next pass, as if it were time for it.
    pub(super) fn compare_again(&mut self) {
        self.0.values_mut().for_each(|application| application.poll_at = None);
    }

    /// One pass over all applications.
    pub(super) fn step(&mut self, turn: &mut Turn<'_>) {
        if turn.controls.script().paused {
            return;
        }
        // Unless it is told to, Argo CD doesn't look after Applications in other namespaces than its own.
        let stored = turn.cluster.store().list(Kind::Application);
        let own = stored.into_iter().filter(|stored| text(stored, "/metadata/namespace") == "argocd");
        for stored in own.filter(|stored| !stored["metadata"]["deletionTimestamp"].is_string()) {
            let memory = self.0.entry(text(&stored, "/metadata/uid").to_owned()).or_default();
            let mut application = stored.clone();
            memory.step(turn, &mut application);
            if application != stored {
                // A client that wrote meanwhile wins; the next pass sees its version.
                let _ = turn.cluster.store().replace(Kind::Application, application);
            }
        }
    }
}

impl Application {
    fn step(&mut self, turn: &mut Turn<'_>, application: &mut Value) {
        if application["operation"].is_object() && operation::step(turn, &mut self.running, application) {
            self.compare_soon(turn);
        }
        if self.wants_comparison(turn, application) {
            self.compare_soon(turn);
        }
        if let Some(at) = self.compare_at
            && turn.due(at)
        {
            self.compare_at = None;
            self.compare(turn, application);
        }
        self.live(turn, application);
    }

    fn compare_soon(&mut self, turn: &mut Turn<'_>) {
        let at = *self.compare_at.get_or_insert(turn.instant + turn.pace.reconcile);
        turn.due(at);
    }

    /// Whether there is a reason to compare with git: a request, the poll, a changed source, an edited resource.
    fn wants_comparison(&mut self, turn: &mut Turn<'_>, application: &mut Value) -> bool {
        let mut wants = false;
        if application["metadata"]["annotations"].get(REFRESH).is_some() {
            let lost = {
                let mut script = turn.controls.script();
                let lost = script.lose_refreshes > 0 && self.compare_at.is_none();
                script.lose_refreshes -= u32::from(lost);
                lost
            };
            if lost {
                remove_refresh(application);
            } else {
                wants = true;
            }
        }
        match self.poll_at {
            Some(at) if !turn.due(at) => {}
            _ => wants = true,
        }
        let compared = &application["status"]["sync"]["comparedTo"]["source"];
        wants |= !compared.is_null() && *compared != application["spec"]["source"];
        if let Some(target) = &self.target
            && !application["operation"].is_object()
        {
            let resources = compare::resources(turn, text(application, "/metadata/name"), target);
            wants |= application["status"]["resources"] != json!(resources);
        }
        wants
    }

    fn compare(&mut self, turn: &mut Turn<'_>, application: &mut Value) {
        let poll_at = turn.instant + turn.pace.poll;
        self.poll_at = Some(poll_at);
        turn.due(poll_at);
        remove_refresh(application);
        let name = text(application, "/metadata/name").to_owned();
        let wanted = text(application, "/spec/source/targetRevision").to_owned();
        let compared_to =
            json!({"source": application["spec"]["source"], "destination": application["spec"]["destination"]});
        let mut conditions = Vec::new();
        let status = &application["status"];
        let mut sync = json!({"status": "Unknown", "comparedTo": compared_to});
        let mut new = json!({
            "controllerNamespace": "argocd",
            "reconciledAt": time(turn.now),
            "resourceHealthSource": "appTree",
            "sourceHydrator": {},
        });
        match compare::target(turn, application, &wanted) {
            Err(message) => {
                conditions.push(("ComparisonError", message));
                new["resources"] = status["resources"].clone();
                self.target = None;
            }
            Ok(target) => {
                let resources = compare::resources(turn, &name, &target);
                let synced = resources.iter().all(|resource| resource["status"] == "Synced");
                sync["status"] = json!(if synced { "Synced" } else { "OutOfSync" });
                sync["revision"] = json!(target.revision);
                new["resources"] = json!(resources);
                new["sourceType"] = json!(target.source_type);
                if !synced && let Some(message) = auto_sync(turn, application, &target.revision) {
                    conditions.push(("SyncError", message));
                }
                self.target = Some(target);
            }
        }
        new["sync"] = sync;
        new["conditions"] = conditions_json(&application["status"]["conditions"], &conditions, &time(turn.now));
        let status = &mut application["status"];
        if !status.is_object() {
            *status = json!({});
        }
        for (field, value) in new.as_object_mut().into_iter().flatten() {
            let value = value.take();
            if value.is_null() {
                status.as_object_mut().map(|status| status.remove(field));
            } else {
                status[field] = value;
            }
        }
    }

    /// Health and images follow the cluster, not git, and a little later than it changes.
    fn live(&mut self, turn: &mut Turn<'_>, application: &mut Value) {
        let Some(target) = &self.target else { return };
        let mut worst = Health::Healthy;
        for object in &target.objects {
            match compare::live(turn, object) {
                Some(live) => worst = worst.max(health::of(&live).unwrap_or(Health::Healthy)),
                None => worst = worst.max(Health::Missing),
            }
        }
        let images = images(turn, target);
        let summary = if images.is_empty() { json!({}) } else { json!({"images": images}) };
        let status = &mut application["status"];
        let same_health = status["health"]["status"] == worst.word();
        if same_health && status["summary"] == summary {
            self.notice_at = None;
            return;
        }
        let at = *self.notice_at.get_or_insert(turn.instant + turn.pace.reconcile / 2);
        if turn.due(at) {
            self.notice_at = None;
            status["summary"] = summary;
            if !same_health {
                status["health"] = json!({"status": worst.word(), "lastTransitionTime": time(turn.now)});
            }
        }
    }
}

fn remove_refresh(application: &mut Value) {
    let metadata = &mut application["metadata"];
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.remove(REFRESH);
        if !annotations.is_empty() {
            return;
        }
    }
    metadata.as_object_mut().map(|metadata| metadata.remove("annotations"));
}

/// Starts the automatic sync that a difference calls for; returns why a failed one isn't tried again.
fn auto_sync(turn: &Turn<'_>, application: &mut Value, revision: &str) -> Option<String> {
    let automated = &application["spec"]["syncPolicy"]["automated"];
    let on = automated.is_object() && automated["enabled"] != false;
    if !on || application["operation"].is_object() || window_closed(turn, application) {
        return None;
    }
    let state = &application["status"]["operationState"];
    let attempted = operation::revision_of(state) == revision
        && state["syncResult"].get("source").is_none_or(|source| *source == application["spec"]["source"]);
    if attempted {
        if text(state, "/phase") != "Succeeded" {
            return Some(format!("Failed last sync attempt to [{revision}]: {}", text(state, "/message")));
        }
        if automated["selfHeal"] != true {
            return None;
        }
    }
    application["operation"] = operation::automatic(application, revision);
    None
}

/// Whether a sync window of the project forbids automatic syncs now. Windows are open at `* * * * *` only: the sandbox
/// has no calendar.
fn window_closed(turn: &Turn<'_>, application: &Value) -> bool {
    let project = turn.cluster.store().get(
        Kind::AppProject,
        text(application, "/metadata/namespace"),
        text(application, "/spec/project"),
    );
    let name = text(application, "/metadata/name");
    let windows = project.as_ref().and_then(|project| project["spec"]["syncWindows"].as_array()).cloned();
    let windows: Vec<Value> = windows
        .unwrap_or_default()
        .into_iter()
        .filter(|window| {
            let names = window["applications"].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.into_iter().any(|pattern| pattern == "*" || pattern == name)
        })
        .collect();
    let active = |window: &&Value| text(window, "/schedule") == "* * * * *";
    let of = |kind: &str| windows.iter().filter(|window| text(window, "/kind") == kind).collect::<Vec<_>>();
    let (deny, allow) = (of("deny"), of("allow"));
    deny.iter().copied().any(|window| active(&window))
        || (!allow.is_empty() && !allow.iter().copied().any(|window| active(&window)))
}

/// The conditions, with the time at which each came up, or null when there are none.
fn conditions_json(old: &Value, new: &[(&str, String)], now: &str) -> Value {
    if new.is_empty() {
        return Value::Null;
    }
    let conditions = new.iter().map(|(kind, message)| {
        let before =
            old.as_array().into_iter().flatten().find(|one| one["type"] == *kind && one["message"] == *message);
        let since = before.map_or(now, |before| text(before, "/lastTransitionTime"));
        json!({"type": kind, "message": message, "lastTransitionTime": since})
    });
    conditions.collect()
}

/// The images of the application's pods.
fn images(turn: &Turn<'_>, target: &Target) -> Vec<String> {
    let deployments: Vec<Value> = target.objects.iter().filter_map(|object| compare::live(turn, object)).collect();
    let owners: Vec<Value> = deployments.iter().map(|object| object["metadata"]["uid"].clone()).collect();
    let sets = turn.cluster.store().list(Kind::ReplicaSet);
    let sets: Vec<Value> = sets
        .into_iter()
        .filter(|set| owners.contains(&set["metadata"]["ownerReferences"][0]["uid"]))
        .map(|set| set["metadata"]["uid"].clone())
        .collect();
    let pods = turn.cluster.store().list(Kind::Pod);
    let pods = pods.iter().filter(|pod| sets.contains(&pod["metadata"]["ownerReferences"][0]["uid"]));
    let mut images: Vec<String> = pods
        .flat_map(|pod| pod["spec"]["containers"].as_array().into_iter().flatten())
        .map(|container| text(container, "/image").to_owned())
        .collect();
    images.sort_unstable();
    images.dedup();
    images
}
