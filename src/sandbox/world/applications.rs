//! Registers the Argo CD project and Applications that the repository keeps in `argocd/`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::{
    kubernetes::{Kubernetes, kind::Kind, store::text},
    reconciler::read_yaml,
    remote::{Files, Remote},
};

/// Does what `kubectl apply -n argocd -f argocd/` would, for the Applications of these names (all when there are none), and
/// for ApplicationSets that are named.
pub(super) fn register(
    cluster: &Kubernetes,
    remote: &Remote,
    url: &str,
    names: &[String],
    now: Timestamp,
) -> Result<(), String> {
    let files = remote.head().and_then(|head| remote.files(head)).map_err(|error| error.to_string())?;
    let mut registered = Vec::new();
    for file in files.folder("argocd").unwrap_or_default() {
        let content = files.file(&format!("argocd/{file}")).unwrap_or_default();
        if !file.ends_with(".yaml") && !file.ends_with(".yml") {
            continue;
        }
        let documents =
            read_yaml(&String::from_utf8_lossy(&content)).map_err(|error| format!("argocd/{file}: {error}"))?;
        for mut object in documents {
            let name = text(&object, "/metadata/name").to_owned();
            let kind = match Kind::of(&object) {
                Some(Kind::Application) => {
                    if !names.is_empty() && !names.contains(&name) {
                        continue;
                    }
                    object["spec"]["source"]["repoURL"] = json!(url);
                    registered.push(name);
                    Kind::Application
                }
                // Only where it is asked for by its name: it is a way to further Applications.
                Some(Kind::ApplicationSet) => {
                    if !names.contains(&name) {
                        continue;
                    }
                    for generator in object["spec"]["generators"].as_array_mut().into_iter().flatten() {
                        generator["git"]["repoURL"] = json!(url);
                    }
                    object["spec"]["template"]["spec"]["source"]["repoURL"] = json!(url);
                    registered.push(name);
                    Kind::ApplicationSet
                }
                Some(Kind::AppProject) => {
                    object["spec"]["sourceRepos"] = json!([url]);
                    Kind::AppProject
                }
                _ => continue,
            };
            default_namespace(&mut object);
            cluster.store().create(kind, object, now).map_err(|error| error.message)?;
        }
    }
    match names.iter().find(|name| !registered.contains(name)) {
        Some(missing) => Err(format!("argocd/ has no Application {missing}")),
        None => Ok(()),
    }
}

fn default_namespace(object: &mut Value) {
    if text(object, "/metadata/namespace").is_empty() {
        object["metadata"]["namespace"] = json!("argocd");
    }
}
