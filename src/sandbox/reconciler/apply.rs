//! Applies rendered objects to the cluster, as a sync operation does, with the API server's defaults and checks.

use serde_json::{Value, json};

use super::Turn;
use crate::sandbox::kubernetes::{
    kind::{Kind, KindInfo},
    store::{number, random, text},
};

/// Where kubectl and Argo CD keep what they applied last.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Where Argo CD notes whose resource it is.
pub(super) const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// The resource's tracking id in an application.
pub(super) fn tracking_id(application: &str, info: &KindInfo, object: &Value) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    format!("{application}:{}/{}:{namespace}/{name}", info.group, info.name)
}

/// Creates or updates one object; returns kubectl's word for what happened.
pub(super) fn apply(turn: &Turn<'_>, application: &str, desired: &Value) -> Result<&'static str, String> {
    let kind = Kind::of(desired).ok_or("the server could not find the requested resource")?;
    let info = kind.info();
    let (namespace, name) = (text(desired, "/metadata/namespace"), text(desired, "/metadata/name"));
    let live = turn.cluster.store().get(kind, namespace, name);
    check(info, desired, live.as_ref())?;
    let mut object = desired.clone();
    let annotations = &mut object["metadata"]["annotations"];
    annotations[LAST_APPLIED] = json!(format!("{desired}\n"));
    annotations[TRACKING] = json!(tracking_id(application, info, desired));
    let Some(live) = live else {
        defaults(kind, &mut object, None);
        turn.cluster.store().create(kind, object, turn.now).map_err(|error| error.message)?;
        return Ok("created");
    };
    defaults(kind, &mut object, Some(&live));
    for (name, value) in live["metadata"]["annotations"].as_object().into_iter().flatten() {
        if object["metadata"]["annotations"].get(name).is_none() && name.contains("kubernetes.io/") {
            object["metadata"]["annotations"][name] = value.clone();
        }
    }
    if let Some(status) = live.get("status") {
        object["status"] = status.clone();
    }
    let before = live["metadata"]["resourceVersion"].clone();
    let after = turn.cluster.store().replace(kind, object).map_err(|error| error.message)?;
    Ok(if after["metadata"]["resourceVersion"] == before { "unchanged" } else { "configured" })
}

/// What the API server refuses.
fn check(info: &KindInfo, desired: &Value, live: Option<&Value>) -> Result<(), String> {
    if info.kind != Kind::Deployment {
        return Ok(());
    }
    let invalid =
        |what: String| Err(format!("Deployment.apps \"{}\" is invalid: {what}", text(desired, "/metadata/name")));
    let replicas = number(desired, "/spec/replicas");
    if replicas < 0 {
        return invalid(format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"));
    }
    let selector = &desired["spec"]["selector"];
    if live.is_some_and(|live| live["spec"]["selector"] != *selector) {
        return invalid(format!("spec.selector: Invalid value: {selector}: field is immutable"));
    }
    let labels = &desired["spec"]["template"]["metadata"]["labels"];
    let selected = selector["matchLabels"].as_object().into_iter().flatten();
    if selected.into_iter().any(|(name, value)| labels.get(name) != Some(value)) {
        return invalid(
            "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`".to_owned(),
        );
    }
    if desired["spec"]["template"]["spec"]["containers"].as_array().is_none_or(Vec::is_empty) {
        return invalid("spec.template.spec.containers: Required value".to_owned());
    }
    Ok(())
}

/// Sets a field that isn't there.
fn default(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

/// Fills in what the API server fills in.
fn defaults(kind: Kind, object: &mut Value, live: Option<&Value>) {
    match kind {
        Kind::Deployment => {
            let replicas = live.map_or(json!(1), |live| live["spec"]["replicas"].clone());
            let spec = &mut object["spec"];
            default(spec, "replicas", replicas);
            default(spec, "progressDeadlineSeconds", json!(600));
            default(spec, "revisionHistoryLimit", json!(10));
            default(spec, "strategy", json!({"type": "RollingUpdate"}));
            default(&mut spec["strategy"], "type", json!("RollingUpdate"));
            if spec["strategy"]["type"] == "RollingUpdate" {
                let rolling = &mut spec["strategy"]["rollingUpdate"];
                default(rolling, "maxSurge", json!("25%"));
                default(rolling, "maxUnavailable", json!("25%"));
            }
            pod_defaults(&mut spec["template"]["spec"]);
        }
        Kind::Service => {
            let address = live.map_or_else(
                || json!(format!("10.96.{}.{}", random() % 250 + 1, random() % 250 + 1)),
                |live| live["spec"]["clusterIP"].clone(),
            );
            let spec = &mut object["spec"];
            default(spec, "clusterIPs", json!([address]));
            default(spec, "clusterIP", address);
            default(spec, "type", json!("ClusterIP"));
            default(spec, "sessionAffinity", json!("None"));
            default(spec, "internalTrafficPolicy", json!("Cluster"));
            default(spec, "ipFamilies", json!(["IPv4"]));
            default(spec, "ipFamilyPolicy", json!("SingleStack"));
            for port in spec["ports"].as_array_mut().into_iter().flatten() {
                let number = port["port"].clone();
                default(port, "protocol", json!("TCP"));
                default(port, "targetPort", number);
            }
            default(object, "status", json!({"loadBalancer": {}}));
        }
        _ => {}
    }
}

fn pod_defaults(spec: &mut Value) {
    default(spec, "restartPolicy", json!("Always"));
    default(spec, "terminationGracePeriodSeconds", json!(30));
    default(spec, "dnsPolicy", json!("ClusterFirst"));
    default(spec, "securityContext", json!({}));
    default(spec, "schedulerName", json!("default-scheduler"));
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        let image = text(container, "/image");
        let latest = image.ends_with(":latest") || matches!(super::kustomize::split_image(image), (_, None, None));
        default(container, "imagePullPolicy", json!(if latest { "Always" } else { "IfNotPresent" }));
        default(container, "terminationMessagePath", json!("/dev/termination-log"));
        default(container, "terminationMessagePolicy", json!("File"));
        default(container, "resources", json!({}));
        for port in container["ports"].as_array_mut().into_iter().flatten() {
            default(port, "protocol", json!("TCP"));
        }
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let probe = &mut container[probe];
            if probe.is_object() {
                for (field, value) in
                    [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
                {
                    default(probe, field, json!(value));
                }
                if probe["httpGet"].is_object() {
                    default(&mut probe["httpGet"], "scheme", json!("HTTP"));
                }
            } else if let Some(fields) = container.as_object_mut() {
                // Indexing made it.
                for name in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    if fields.get(name).is_some_and(Value::is_null) {
                        fields.remove(name);
                    }
                }
            }
        }
    }
}
