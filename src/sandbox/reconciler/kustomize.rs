//! Renders a kustomization as `kustomize build` does, as far as application repositories usually go.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::yaml;
use crate::sandbox::remote::Files;

/// The file names that kustomize looks for.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// The kinds whose number of pods `replicas` sets.
const SCALABLE: [&str; 4] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
/// The kinds that live outside of namespaces.
const CLUSTER_WIDE: [&str; 4] = ["Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"];
/// Where the selectors of the workloads' pods are.
const SELECTORS: [(&str, &str); 5] = [
    ("Deployment", "/spec/selector/matchLabels"),
    ("ReplicaSet", "/spec/selector/matchLabels"),
    ("StatefulSet", "/spec/selector/matchLabels"),
    ("PodDisruptionBudget", "/spec/selector/matchLabels"),
    ("Service", "/spec/selector"),
];

/// Renders the kustomization in `folder`. Errors are worded as kustomize words them.
pub(super) fn build(files: &dyn Files, folder: &str) -> Result<Vec<Value>, String> {
    build_at(files, folder, 0)
}

/// Sets images the way `spec.source.kustomize.images` of an Application says: `[NAME=]NEW[:TAG][@DIGEST]`.
pub(super) fn override_image(objects: &mut [Value], text: &str) {
    let (name, new) = text.split_once('=').map_or((None, text), |(name, new)| (Some(name), new));
    let (new_name, tag, digest) = split_image(new);
    let mut entry = json!({"name": name.unwrap_or(new_name), "newName": new_name});
    if let Some(tag) = tag {
        entry["newTag"] = json!(tag);
    }
    if let Some(digest) = digest {
        entry["digest"] = json!(digest);
    }
    objects.iter_mut().for_each(|object| set_image(object, &entry));
}

/// Sets the number of pods of the workload of this name; whether there is one.
pub(super) fn set_replicas(objects: &mut [Value], name: &str, count: i64) -> bool {
    let mut found = false;
    for object in objects {
        let scalable = object["kind"].as_str().is_some_and(|kind| SCALABLE.contains(&kind));
        if scalable && object["metadata"]["name"] == name {
            object["spec"]["replicas"] = json!(count);
            found = true;
        }
    }
    found
}

/// Splits an image into name, tag and digest.
pub(super) fn split_image(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag), digest),
        _ => (rest, None, digest),
    }
}

fn build_at(files: &dyn Files, folder: &str, depth: usize) -> Result<Vec<Value>, String> {
    if depth > 16 {
        return Err(format!("cycle detected: candidate root '/{folder}' contains visited root"));
    }
    let kustomization = read(files, folder)?;
    let fields = kustomization.as_object().ok_or("invalid Kustomization: the document is not a mapping")?;
    check(fields)?;
    let mut objects = Vec::new();
    for field in ["resources", "bases", "components"] {
        for resource in list(fields, field) {
            let resource =
                resource.as_str().ok_or_else(|| wrong_type(resource, "string", &format!("Kustomization.{field}")))?;
            objects.extend(accumulate(files, folder, resource, depth)?);
        }
    }
    transform(fields, &mut objects)?;
    Ok(objects)
}

/// The kustomization file of a folder, as JSON.
fn read(files: &dyn Files, folder: &str) -> Result<Value, String> {
    let found: Vec<String> =
        NAMES.iter().map(|name| join(folder, name)).filter(|path| files.file(path).is_some()).collect();
    let path = match found.as_slice() {
        [] => {
            let message =
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory";
            return Err(format!("{message} '/{folder}'"));
        }
        [one] => one,
        _ => return Err(format!("Found multiple kustomization files under: /{folder}")),
    };
    let content = files.file(path).unwrap_or_default();
    let text = String::from_utf8(content).map_err(|_| format!("invalid Kustomization: {path} is not UTF-8"))?;
    let mut documents = yaml::documents(&text).map_err(|error| format!("invalid Kustomization: yaml: {error}"))?;
    match documents.len() {
        1 => Ok(documents.remove(0)),
        0 => Err("kustomization.yaml is empty".to_owned()),
        _ => Err("invalid Kustomization: more than one document".to_owned()),
    }
}

fn accumulate(files: &dyn Files, folder: &str, resource: &str, depth: usize) -> Result<Vec<Value>, String> {
    let path = resolve(folder, resource)
        .ok_or_else(|| format!("accumulating resources: '{resource}' is not in the repository"))?;
    if files.folder(&path).is_some() {
        return build_at(files, &path, depth + 1).map_err(|error| {
            format!("accumulating resources: accumulation err='accumulating resources from '{resource}': {error}'")
        });
    }
    let Some(content) = files.file(&path) else {
        return Err(format!(
            "accumulating resources: accumulation err='accumulating resources from '{resource}': evalsymlink failure on '/{path}' : lstat /{path}: no such file or directory'"
        ));
    };
    let text = String::from_utf8_lossy(&content);
    let malformed = |error: String| {
        format!("accumulating resources from '{resource}': MalformedYAMLError: yaml: {error} in File: {resource}")
    };
    let documents = yaml::documents(&text).map_err(malformed)?;
    for document in &documents {
        for field in ["apiVersion", "kind"] {
            if !document[field].is_string() {
                return Err(format!(
                    "accumulating resources from '{resource}': Object '{field}' is missing in '{document}'"
                ));
            }
        }
        if !document["metadata"]["name"].is_string() {
            return Err(format!(
                "accumulating resources from '{resource}': missing metadata.name in object {document}"
            ));
        }
    }
    Ok(documents)
}

fn transform(fields: &Map<String, Value>, objects: &mut [Value]) -> Result<(), String> {
    if let Some(namespace) = fields.get("namespace").and_then(Value::as_str) {
        for object in objects.iter_mut() {
            if !object["kind"].as_str().is_some_and(|kind| CLUSTER_WIDE.contains(&kind)) {
                object["metadata"]["namespace"] = json!(namespace);
            }
        }
    }
    for entry in list(fields, "labels") {
        for object in objects.iter_mut() {
            add_labels(object, &entry["pairs"], entry["includeSelectors"] == true, entry["includeTemplates"] == true);
        }
    }
    if let Some(annotations) = fields.get("commonAnnotations").and_then(Value::as_object) {
        for object in objects.iter_mut() {
            for (name, value) in annotations {
                object["metadata"]["annotations"][name] = value.clone();
                if object["spec"]["template"]["spec"].is_object() {
                    object["spec"]["template"]["metadata"]["annotations"][name] = value.clone();
                }
            }
        }
    }
    for entry in list(fields, "images") {
        objects.iter_mut().for_each(|object| set_image(object, entry));
    }
    for entry in list(fields, "replicas") {
        let name = entry["name"].as_str().unwrap_or_default();
        if !set_replicas(objects, name, entry["count"].as_i64().unwrap_or(0)) {
            let kinds = "[Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]";
            return Err(format!("resource with name {name} does not match a config with the following GVK {kinds}"));
        }
    }
    Ok(())
}

fn add_labels(object: &mut Value, pairs: &Value, selectors: bool, templates: bool) {
    for (name, value) in pairs.as_object().into_iter().flatten() {
        object["metadata"]["labels"][name] = value.clone();
        if (selectors || templates) && object["spec"]["template"]["spec"].is_object() {
            object["spec"]["template"]["metadata"]["labels"][name] = value.clone();
        }
        if selectors {
            let pointer = SELECTORS.iter().find(|(kind, _)| object["kind"] == *kind).map(|(_, pointer)| pointer);
            if let Some(selector) = pointer.and_then(|pointer| object.pointer_mut(pointer)) {
                selector[name] = value.clone();
            }
            let constraints = object.pointer_mut("/spec/template/spec/topologySpreadConstraints");
            for constraint in constraints.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(labels) = constraint.pointer_mut("/labelSelector/matchLabels") {
                    labels[name] = value.clone();
                }
            }
        }
    }
}

/// Applies one `images` entry to every container of an object.
fn set_image(object: &mut Value, entry: &Value) {
    let field = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    for pointer in ["/spec/template/spec", "/spec", "/spec/jobTemplate/spec/template/spec"] {
        for list in ["containers", "initContainers"] {
            let Some(containers) = object.pointer_mut(&format!("{pointer}/{list}")).and_then(Value::as_array_mut)
            else {
                continue;
            };
            for container in containers {
                let image = container["image"].as_str().unwrap_or_default();
                let (name, tag, digest) = split_image(image);
                if entry["name"] != name {
                    continue;
                }
                let (tag, digest) = match (field("newTag"), field("digest")) {
                    (None, None) => (tag, digest),
                    set => set,
                };
                let mut new = field("newName").unwrap_or(name).to_owned();
                new.extend(tag.map(|tag| format!(":{tag}")));
                new.extend(digest.map(|digest| format!("@{digest}")));
                container["image"] = json!(new);
            }
        }
    }
}

/// Refuses what kustomize refuses, and what is not played here.
fn check(fields: &Map<String, Value>) -> Result<(), String> {
    let known = [
        "apiVersion",
        "kind",
        "metadata",
        "resources",
        "bases",
        "components",
        "namespace",
        "labels",
        "commonAnnotations",
        "images",
        "replicas",
    ];
    let not_played = [
        "patches",
        "patchesStrategicMerge",
        "patchesJson6902",
        "configMapGenerator",
        "secretGenerator",
        "generatorOptions",
        "namePrefix",
        "nameSuffix",
        "commonLabels",
        "helmCharts",
        "helmGlobals",
        "replacements",
        "vars",
        "generators",
        "transformers",
        "validators",
        "configurations",
        "crds",
        "openapi",
        "buildMetadata",
        "sortOptions",
    ];
    for (name, value) in fields {
        if not_played.contains(&name.as_str()) {
            return Err(format!("this sandbox does not play the kustomization field \"{name}\""));
        }
        if !known.contains(&name.as_str()) {
            return Err(format!("invalid Kustomization: json: unknown field \"{name}\""));
        }
        let array = ["resources", "bases", "components", "labels", "images", "replicas"].contains(&name.as_str());
        if array && !value.is_array() && !value.is_null() {
            return Err(wrong_type(value, "[]", &format!("Kustomization.{name}")));
        }
    }
    let strings = ["name", "newName", "newTag", "digest", "tagSuffix"];
    entries(fields, "images", "Image", &strings, |name, value| (name, value.is_string() || value.is_null(), "string"))?;
    entries(fields, "replicas", "Replica", &["name", "count"], |name, value| match name {
        "count" => (name, value.is_i64(), "int64"),
        _ => (name, value.is_string(), "string"),
    })
}

/// Checks the fields of the entries of a list.
fn entries<'a>(
    fields: &'a Map<String, Value>,
    list_name: &str,
    type_name: &str,
    known: &[&str],
    judge: impl Fn(&'a str, &'a Value) -> (&'a str, bool, &'static str),
) -> Result<(), String> {
    for entry in list(fields, list_name) {
        let entry =
            entry.as_object().ok_or_else(|| wrong_type(entry, type_name, &format!("Kustomization.{list_name}")))?;
        for (name, value) in entry {
            if !known.contains(&name.as_str()) {
                return Err(format!("invalid Kustomization: json: unknown field \"{name}\""));
            }
            let (name, good, wanted) = judge(name, value);
            if !good {
                return Err(wrong_type(value, wanted, &format!("{type_name}.{list_name}.{name}")));
            }
        }
    }
    Ok(())
}

fn wrong_type(value: &Value, wanted: &str, field: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("invalid Kustomization: json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    fields.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The path of `relative` as seen from `folder`, unless it leaves the repository.
fn resolve(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}
