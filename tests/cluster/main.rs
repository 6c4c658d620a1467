//! What reads and changes a cluster, against any cluster that `TIPHYS_TEST_KUBECONFIG` names: one with everything, or an
//! API server alone, whose objects nobody moves.
//!
//!     TIPHYS_TEST_KUBECONFIG=… cargo test --test cluster -- --ignored
//!
//! The file is only read, and no other kubeconfig is looked at. The context is the file's only one, or the one that
//! `TIPHYS_TEST_CONTEXT` names; the current one never counts. All that is made is called `tiphys-test-…`, has the label
//! `app.kubernetes.io/managed-by=tiphys-tests`, and is removed at the end, after a failure and on Ctrl-C as well: a
//! namespace, a tainted Node without a machine, and Argo CD's CRD where there is none. Rights that are missing are named
//! before anything is made.

mod applications;
mod commands;
mod kubelet;
mod objects;
mod program;
mod rights;
#[cfg(feature = "sandbox")]
mod sandbox;
mod site;
mod workload;

use crate::site::play;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: TIPHYS_TEST_KUBECONFIG"]
async fn on_a_cluster_pods_nodes_and_events_are_read() {
    play("reading", commands::reading).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: TIPHYS_TEST_KUBECONFIG"]
async fn on_a_cluster_a_node_is_cordoned_and_uncordoned() {
    play("nodes", commands::cordoning).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: TIPHYS_TEST_KUBECONFIG"]
async fn on_a_cluster_logs_are_shown_or_it_is_said_why_not() {
    play("logs", commands::logs).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: TIPHYS_TEST_KUBECONFIG"]
async fn on_a_cluster_applications_and_autoscalers_are_observed() {
    play("applications", applications::observed).await;
}
