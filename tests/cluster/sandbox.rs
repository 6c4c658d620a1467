//! The same tests against the sandbox: its API server alone, and with controllers.

use std::{env, fs, process::Command};

use tiphys::sandbox::{
    kubernetes::{ApiServer, Kubernetes},
    world::{Options, Pace, World},
};

/// Runs the tests in a process of their own; `wait` is for how many seconds controllers are waited for.
async fn passes(kubeconfig: String, wait: &str, cluster: &Kubernetes) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("kubeconfig");
    fs::write(&file, kubeconfig).expect("written");
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--ignored", "on_a_cluster_", "--nocapture"]).env_remove("KUBECONFIG").env("HOME", dir.path());
    command.env("TIPHYS_TEST_WAIT", wait).env("TIPHYS_TEST_KUBECONFIG", &file).env_remove("TIPHYS_TEST_CONTEXT");
    let out = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.contains("4 passed"), "{text}");
    let left: Vec<_> = cluster.store().names().into_iter().filter(|key| key.2.starts_with("tiphys-test-")).collect();
    assert!(left.is_empty(), "{left:#?}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_alone_is_enough() {
    let server = ApiServer::start().await.expect("a port");
    let text = passes(server.kubeconfig(), "1", server.cluster()).await;
    assert!(text.contains("no controllers: the test acts in their place"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn controllers_are_let_work() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(dir.path());
    options.pace = Pace::quick();
    let world = World::start(options).await.expect("a world");
    let text = passes(world.kubeconfig(), "10", world.kubernetes()).await;
    assert!(text.contains("controllers are at work") && !text.contains("acts in their place"), "{text}");
}
