//! What an Application's own Helm settings replace of a values file in the repository.

use serde_json::{Value, json};

use super::error::short;
use crate::{
    domain::catalogue::{HelmHost, HelmValues},
    manifest::helm::{self, Host},
};

/// The values that the Application sets itself, as `helm image.tag=1.2`: its parameters, `valuesObject` and `values` beat
/// every values file. Where they are the very place that is edited they replace nothing.
pub(super) fn overrides(data: &Value, values: &HelmValues) -> Vec<String> {
    if values.host != HelmHost::ValuesFile {
        return Vec::new();
    }
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": data["spec"]});
    let text = application.to_string();
    let keys = [Some(&values.tag), values.digest.as_ref(), Some(&values.replicas)];
    let set = keys.into_iter().flatten().filter_map(|key| {
        // JSON is YAML. Several sources, of which none is surely ours, tell nothing.
        let (value, _) = helm::get(text.as_bytes(), &Host::Application { name: None }, key).ok().flatten()?;
        Some(short(&format!("helm {key}={value}")))
    });
    set.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::name::RepoPath, manifest::key_path::KeyPath};

    fn values(host: HelmHost) -> HelmValues {
        let key = |text: &str| KeyPath::parse(text).expect("valid");
        HelmValues {
            file: RepoPath::new("apps/x/values.yaml").expect("valid"),
            host,
            tag: key("image.tag"),
            digest: None,
            repository: None,
            replicas: key("replicaCount"),
        }
    }

    #[test]
    fn parameters_and_values_of_the_application_beat_a_values_file() {
        for (helm, expected) in [
            (json!({"parameters": [{"name": "image.tag", "value": "0.9"}]}), vec!["helm image.tag=0.9"]),
            (
                json!({"valuesObject": {"image": {"tag": "0.9"}, "replicaCount": 4}}),
                vec!["helm image.tag=0.9", "helm replicaCount=4"],
            ),
            (json!({"values": "replicaCount: 4\n"}), vec!["helm replicaCount=4"]),
            (json!({"valueFiles": ["values.yaml"], "parameters": [{"name": "x", "value": "y"}]}), vec![]),
        ] {
            let data = json!({"spec": {"source": {"path": "apps/x", "helm": helm}}, "status": {}});
            assert_eq!(overrides(&data, &values(HelmHost::ValuesFile)), expected, "{data}");
            assert!(overrides(&data, &values(HelmHost::Application)).is_empty());
        }
        assert!(overrides(&json!({}), &values(HelmHost::ValuesFile)).is_empty());
    }
}
