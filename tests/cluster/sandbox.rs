//! The same tests against the sandbox's API server, which nobody else works on.

use std::{env, fs, process::Command};

use tiphys::sandbox::kubernetes::ApiServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_is_a_cluster_as_well() {
    let server = ApiServer::start().await.expect("a port");
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("kubeconfig");
    fs::write(&file, server.kubeconfig()).expect("written");
    let before = server.cluster().store().names();
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--ignored", "on_a_cluster_", "--nocapture"]).env_remove("KUBECONFIG").env("HOME", dir.path());
    // That nobody else works there need not be found out for long.
    command.env("TIPHYS_TEST_WAIT", "1").env("TIPHYS_TEST_KUBECONFIG", &file).env_remove("TIPHYS_TEST_CONTEXT");
    let out = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it runs");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{text}");
    assert!(out.status.success() && text.contains("4 passed"), "{text}");
    assert_eq!(server.cluster().store().names(), before, "all that was made is gone");
}
