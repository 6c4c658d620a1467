//! Sync operations of Argo CD: Running, the result, and history.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    Turn,
    apply::apply,
    compare::{self, Target, entry},
};
use crate::sandbox::kubernetes::{
    kind::Kind,
    store::{number, text, time},
};

/// Argo CD keeps so many entries of history.
const HISTORY: usize = 10;

/// A running operation's next steps.
#[derive(Debug)]
pub(super) struct Running {
    result_at: Instant,
    end_at: Instant,
    retry_at: Option<Instant>,
}

/// The automatic operation for a revision.
pub(super) fn automatic(application: &Value, revision: &str) -> Value {
    let prune = application["spec"]["syncPolicy"]["automated"]["prune"] == true;
    let options = &application["spec"]["syncPolicy"]["syncOptions"];
    let retry = &application["spec"]["syncPolicy"]["retry"];
    let mut operation = json!({
        "initiatedBy": {"automated": true},
        "retry": if retry.is_object() { retry.clone() } else { json!({"limit": 5}) },
        "sync": {"revision": revision},
    });
    if prune {
        operation["sync"]["prune"] = json!(true);
    }
    if options.is_array() {
        operation["sync"]["syncOptions"] = options.clone();
    }
    operation
}

/// The revision of the last operation.
pub(super) fn revision_of(state: &Value) -> &str {
    let result = text(state, "/syncResult/revision");
    if result.is_empty() { text(state, "/operation/sync/revision") } else { result }
}

/// One step of the operation that is set on the application; whether it has just ended.
pub(super) fn step(turn: &mut Turn<'_>, running: &mut Option<Running>, application: &mut Value) -> bool {
    let Some(run) = running else {
        let mut operation = application["operation"].clone();
        if text(&operation, "/sync/revision").is_empty() {
            // A manual sync without a revision is one of the target revision.
            operation["sync"]["revision"] = application["spec"]["source"]["targetRevision"].clone();
        }
        application["status"]["operationState"] =
            json!({"operation": operation, "phase": "Running", "startedAt": time(turn.now)});
        *running = Some(start(turn));
        return false;
    };
    if let Some(at) = run.retry_at {
        if turn.due(at) {
            let state = &mut application["status"]["operationState"];
            state["retryCount"] = json!(number(state, "/retryCount") + 1);
            if let Some(state) = state.as_object_mut() {
                ["finishedAt", "syncResult", "message"].iter().for_each(|field| drop(state.remove(*field)));
            }
            *run = start(turn);
        }
        return false;
    }
    let target =
        compare::target(turn, application, text(&application["status"]["operationState"], "/operation/sync/revision"));
    let has_result = application["status"]["operationState"]["syncResult"].is_object();
    if !has_result
        && turn.due(run.result_at)
        && let Ok(target) = &target
    {
        application["status"]["operationState"]["syncResult"] =
            json!({"revision": target.revision, "source": application["spec"]["source"]});
        application["status"]["operationState"]["message"] = json!("one or more tasks are running");
    }
    if !turn.due(run.end_at) {
        return false;
    }
    let result = target.and_then(|target| sync(turn, application, &target));
    let limit = application["status"]["operationState"]["operation"]["retry"]["limit"].as_i64().unwrap_or(0);
    let state = &mut application["status"]["operationState"];
    state["finishedAt"] = json!(time(turn.now));
    let count = number(state, "/retryCount");
    match result {
        Ok(()) => {
            state["phase"] = json!("Succeeded");
            state["message"] = json!("successfully synced (all tasks run)");
            remember(turn, application);
        }
        Err(message) if count < limit => {
            let factor = 1 << count.clamp(0, 6);
            let wait = (turn.pace.retry * factor).min(Duration::from_secs(180));
            let at = turn.now.checked_add(jiff::SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(turn.now);
            let attempt = count + 1;
            state["message"] = json!(format!("{message}. Retrying attempt #{attempt} at {}.", at.strftime("%-I:%M%p")));
            run.retry_at = Some(turn.instant + wait);
            turn.due(turn.instant + wait);
            return false;
        }
        Err(message) => {
            let tries = if count > 0 { format!(" (retried {count} times).") } else { String::new() };
            state["phase"] = json!("Failed");
            state["message"] = json!(format!("{message}{tries}"));
        }
    }
    if let Some(application) = application.as_object_mut() {
        application.remove("operation");
    }
    *running = None;
    true
}

fn start(turn: &mut Turn<'_>) -> Running {
    let (result_at, end_at) = (turn.instant + turn.pace.sync / 2, turn.instant + turn.pace.sync);
    turn.due(result_at);
    Running { result_at, end_at, retry_at: None }
}

/// Applies everything and writes the result.
fn sync(turn: &Turn<'_>, application: &mut Value, target: &Target) -> Result<(), String> {
    let name = text(application, "/metadata/name").to_owned();
    let failure = turn.controls.script().fail_syncs.clone();
    let options = application["spec"]["syncPolicy"]["syncOptions"].as_array().cloned().unwrap_or_default();
    let namespace = text(application, "/spec/destination/namespace").to_owned();
    if options.iter().any(|option| option == "CreateNamespace=true") && !namespace.is_empty() {
        turn.cluster.ensure_namespace(&namespace, turn.now);
    }
    let mut resources = Vec::new();
    let mut failed = Vec::new();
    for object in &target.objects {
        let namespace = text(object, "/metadata/namespace");
        let missing = !namespace.is_empty() && turn.cluster.store().get(Kind::Namespace, "", namespace).is_none();
        let result = match &failure {
            Some(message) => Err(message.clone()),
            None if missing => Err(format!("namespaces \"{namespace}\" not found")),
            None => apply(turn, &name, object),
        };
        let mut entry = result_entry(object, if result.is_ok() { "Synced" } else { "SyncFailed" });
        entry["hookPhase"] = json!(if result.is_ok() { "Running" } else { "Failed" });
        entry["syncPhase"] = json!("Sync");
        match result {
            Ok(word) => entry["message"] = json!(format!("{} {word}", resource_name(object))),
            Err(message) => {
                entry["message"] = json!(message);
                failed.push(message);
            }
        }
        resources.push(entry);
    }
    if failed.is_empty() && application["status"]["operationState"]["operation"]["sync"]["prune"] == true {
        for object in compare::orphans(turn, &name, target) {
            if let Some(kind) = Kind::of(&object) {
                let key = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
                let _ = turn.cluster.store().remove(kind, key.0, key.1);
            }
            let mut entry = result_entry(&object, "Pruned");
            entry["message"] = json!("pruned");
            entry["syncPhase"] = json!("Sync");
            resources.push(entry);
        }
    }
    application["status"]["operationState"]["syncResult"] =
        json!({"resources": resources, "revision": target.revision, "source": application["spec"]["source"]});
    failed.sort_unstable();
    failed.dedup();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("one or more objects failed to apply, reason: {}", failed.join(",")))
    }
}

/// An entry of `syncResult.resources`, where group and namespace are never left out.
fn result_entry(object: &Value, status: &str) -> Value {
    let mut entry = entry(object, status);
    for field in ["group", "namespace"] {
        if entry.get(field).is_none() {
            entry[field] = json!("");
        }
    }
    entry
}

fn resource_name(object: &Value) -> String {
    let kind = Kind::of(object).map_or_else(String::new, |kind| {
        let info = kind.info();
        let name = info.name.to_lowercase();
        if info.group.is_empty() { name } else { format!("{name}.{}", info.group) }
    });
    format!("{kind}/{}", text(object, "/metadata/name"))
}

/// Adds the operation to the history.
fn remember(turn: &Turn<'_>, application: &mut Value) {
    let state = &application["status"]["operationState"];
    let mut history = application["status"]["history"].as_array().cloned().unwrap_or_default();
    let id = history.last().map_or(0, |last| number(last, "/id") + 1);
    history.push(json!({
        "id": id,
        "revision": state["syncResult"]["revision"],
        "source": application["spec"]["source"],
        "deployStartedAt": state["startedAt"],
        "deployedAt": time(turn.now),
        "initiatedBy": state["operation"]["initiatedBy"],
    }));
    history.drain(..history.len().saturating_sub(HISTORY));
    application["status"]["history"] = json!(history);
}
