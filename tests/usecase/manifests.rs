//! Environments that aren't a kustomization, on a real git remote.

use std::sync::Arc;

use tiphys::{
    domain::{
        catalogue::{HelmHost, HelmValues, Manifests, PlainManifest, SharedBases},
        name::RepoPath,
        observation::Observation,
    },
    manifest::key_path::KeyPath,
    ports::Cluster,
};

use super::{
    chat::Chat,
    cluster::{Script, quiet},
    world::{IMAGE, World, give},
};

fn helm() -> Manifests {
    let key = |text: &str| KeyPath::parse(text).unwrap();
    Manifests::Helm(HelmValues {
        file: RepoPath::new("charts/refinery/values-prod.yaml").unwrap(),
        host: HelmHost::ValuesFile,
        tag: key("api.image.tag"),
        digest: Some(key("api.image.digest")),
        repository: Some(key("api.image.repository")),
        replicas: key("api.replicas"),
    })
}

fn values() -> String {
    let digest = format!("sha256:{}", "0".repeat(64));
    format!(
        "api: # the service\n  replicas: 2\n  image:\n    repository: {IMAGE}\n    tag: '0.10.4' # by the pipeline\n    digest: {digest}\n"
    )
}

#[tokio::test(start_paused = true)]
async fn values_of_a_chart_are_committed() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.prod = helm();
    world.commit("charts/refinery/values-prod.yaml", &values());
    let repository = world.repository();
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/1", "/deploy refinery/prod 0.10.5", &chat).await.unwrap(), "committed");
    assert_eq!(give(&service, "t/2", "/deploy refinery/prod 0.10.5", &chat).await.unwrap(), "already so");
    assert_eq!(give(&service, "t/3", "/set_replicas refinery/prod 3", &chat).await.unwrap(), "committed");
    let status = give(&service, "t/4", "/status refinery/prod", &chat).await.unwrap();
    assert!(status.contains(r#"Desired { tag: Some("0.10.5"), replicas: Some(3) }"#), "{status}");
    service.idle().await;
    let subjects = ["deploy(refinery/prod): 0.10.4 → 0.10.5", "scale(refinery/prod): 2 → 3"];
    assert_eq!(world.subjects()[1..], subjects);
    let digest = format!("sha256:{}", "0".repeat(64));
    let expected = values().replace("0.10.4", "0.10.5").replace(&digest, "''").replace("replicas: 2", "replicas: 3");
    let found = world.git("remote.git", &["show", "main:charts/refinery/values-prod.yaml"]);
    assert_eq!(found, expected.trim_end());
}

#[tokio::test(start_paused = true)]
async fn what_the_live_application_sets_for_helm_is_found_before_the_commit() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.prod = helm();
    world.commit("charts/refinery/values-prod.yaml", &values());
    let overrides = vec!["helm api.image.tag=0.9".to_owned()];
    let look = move |_| Ok(Observation { overrides: overrides.clone(), ..quiet(None, "0.10.4") });
    world.cluster = Some(Arc::new(Script::new(look)) as Arc<dyn Cluster>);
    let repository = world.repository();
    let service = world.service(&repository);
    let said = give(&service, "t/1", "/deploy refinery/prod 0.10.5", &chat).await.unwrap();
    assert!(said.contains("Overridden") && said.contains("helm api.image.tag=0.9"), "{said}");
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_plain_manifest_is_committed() {
    let (mut world, chat) = (World::new(), Chat::new());
    world.prod = Manifests::Plain(PlainManifest {
        file: RepoPath::new("plain").unwrap(),
        container: None,
        shared_bases: SharedBases::Refuse,
    });
    let text = format!(
        "kind: Deployment\nmetadata: {{ name: refinery }}\nspec:\n  template:\n    spec:\n      containers:\n      - name: api\n        image: {IMAGE}:0.10.4\n"
    );
    world.commit("plain/deployment.yaml", &text);
    let repository = world.repository();
    let service = world.service(&repository);
    assert_eq!(give(&service, "t/1", "/deploy refinery/prod 0.10.5", &chat).await.unwrap(), "committed");
    assert_eq!(give(&service, "t/2", "/set_replicas refinery/prod 3", &chat).await.unwrap(), "committed");
    service.idle().await;
    let found = world.git("remote.git", &["show", "main:plain/deployment.yaml"]);
    assert_eq!(
        found,
        text.replace("0.10.4", "0.10.5").replace("spec:\n  template", "spec:\n  replicas: 3\n  template").trim_end()
    );
}
