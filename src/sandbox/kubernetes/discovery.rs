//! The discovery documents that kubectl reads before anything else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kind::KINDS;

/// The document at a discovery path, if it is one.
pub(super) fn document(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => Some(json!({
            "major": "1", "minor": "33", "gitVersion": "v1.33.5", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2025-09-09T12:00:00Z", "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
            "emulationMajor": "1", "emulationMinor": "33", "minCompatibilityMajor": "1", "minCompatibilityMinor": "32",
        })),
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ["apis"] => {
            let groups: BTreeSet<_> =
                KINDS.iter().filter(|info| !info.group.is_empty()).map(|info| (info.group, info.version)).collect();
            let groups: Vec<_> = groups.into_iter().map(|(name, version)| group(name, version)).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        ["api", "v1"] => Some(resources("", "v1")),
        ["apis", name] => {
            let info = KINDS.iter().find(|info| info.group == *name)?;
            let mut document = group(info.group, info.version);
            document["kind"] = json!("APIGroup");
            document["apiVersion"] = json!("v1");
            Some(document)
        }
        ["apis", name, version] => {
            KINDS.iter().find(|info| info.group == *name && info.version == *version)?;
            Some(resources(name, version))
        }
        _ => None,
    }
}

fn group(name: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str, version: &str) -> Value {
    let mut list: Vec<Value> = KINDS
        .iter()
        .filter(|info| info.group == group && info.version == version)
        .flat_map(super::kind::KindInfo::discovery)
        .collect();
    if group.is_empty() {
        list.push(json!({"name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"]}));
    }
    let api = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api, "resources": list})
}
