//! The bot asks the Kubernetes API for what `manifests/` grants, and for all of that.

use std::{collections::BTreeSet, fs, path::Path};

use serde_yaml::Value;
use tiphys::{grammar::table::COMMANDS, sandbox::kubernetes::Used};

use crate::playbill::{ANNA, PATIENCE, Playbill};

/// The rights of the roles of a file: those of a Role in this namespace.
fn granted(file: &str, namespace: Option<&str>) -> BTreeSet<(Option<String>, String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests").join(file);
    let text = fs::read_to_string(path).expect("a manifest");
    let mut granted = BTreeSet::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let object: Value = serde::Deserialize::deserialize(document).expect("YAML");
        let words = |rule: &Value, key: &str| -> Vec<String> {
            rule[key].as_sequence().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        for rule in object["rules"].as_sequence().into_iter().flatten() {
            for group in words(rule, "apiGroups") {
                for resource in words(rule, "resources") {
                    for verb in words(rule, "verbs") {
                        granted.insert((namespace.map(str::to_owned), group.clone(), resource.clone(), verb));
                    }
                }
            }
        }
    }
    assert!(!granted.is_empty(), "{file}");
    granted
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifests_grant_what_the_commands_need_and_no_more() {
    let playbill = Playbill::start().await;
    playbill.amend("email: anna@example.org }", "email: anna@example.org, can: [nodes] }");
    playbill.amend("telegram:\n", "telegram:\n  private_chats: true\n");
    let hub = playbill.hub();
    let _bot = playbill.serve();
    // A rollout that fails makes the bot look for the reason; then everything that help gives as an example.
    let broken = "/deploy 0.10.3-broken".to_owned();
    let examples = COMMANDS.iter().flat_map(|command| command.examples).map(|example| (*example).to_owned());
    let mut done = 0;
    // The examples name no pod of this cluster; the first deployment takes away the one that is there now.
    let pod = playbill.world.view().pods[0].name.clone();
    let of_pod = [format!("/get_logs {pod}"), format!("/describe {pod}")];
    for command in of_pod.into_iter().chain([broken.clone()]).chain(examples) {
        hub.say(ANNA, ANNA, &command).unwrap();
        done += 1;
        let answered =
            hub.until(PATIENCE, |hub| (hub.answers(ANNA).len() >= done && hub.unconfirmed() == 0).then_some(()));
        assert!(answered.await.is_ok(), "{command}: {:#?}", hub.answers(ANNA).last());
        if command == broken {
            let of_rollout = done - 1;
            let failed = |hub: &tiphys::sandbox::telegram::Hub| {
                hub.answers(ANNA)[of_rollout].text.contains("CrashLoop").then_some(())
            };
            assert!(hub.until(PATIENCE, failed).await.is_ok(), "{:#?}", hub.answers(ANNA));
        }
    }
    let used: BTreeSet<_> = playbill
        .world
        .kubernetes()
        .used()
        .into_iter()
        .map(|Used { namespace, group, resource, verb }| (namespace, group.to_owned(), resource, verb.to_owned()))
        .collect();
    let mut granted_all = granted("base/cluster-role.yaml", None);
    granted_all.extend(granted("base/argocd-role.yaml", Some("argocd")));
    granted_all.extend(granted("base/node-events-role.yaml", Some("default")));
    granted_all.extend(granted("application/role.yaml", Some("oil-refinery")));
    let missing: Vec<_> = used.difference(&granted_all).collect();
    assert!(missing.is_empty(), "used, and not granted in manifests/: {missing:#?}");
    let surplus: Vec<_> = granted_all.difference(&used).collect();
    assert!(surplus.is_empty(), "granted in manifests/, and not used: {surplus:#?}");
}
