//! SSH: OpenSSH's server with a key for the bot and a host key that it knows.

use std::fs;

use crate::{
    ground::Ground,
    job::Road,
    playbill::Playbill,
    sshd::{Sshd, make_key},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs sshd"]
async fn the_main_job_over_ssh() {
    let playbill = Playbill::start().await;
    let ground = Ground::new(playbill.dir.path());
    let server = Sshd::start(&ground, "AcceptEnv GIT_PROTOCOL").await;
    fs::write(ground.path("known_hosts"), server.known(&ground, "host_ed25519")).expect("written");
    let credentials = "  ssh_key_file: client\n  known_hosts_file: known_hosts\n".to_owned();
    let url = server.url(&ground, "manifests.git");
    let mut road = Road { playbill, ground: ground.clone(), url, credentials };
    road.travel().await;

    make_key(&ground, "stranger", "ed25519", "");
    road.credentials = "  ssh_key_file: stranger\n  known_hosts_file: known_hosts\n".to_owned();
    road.not_let_in().await;
    road.credentials = "  ssh_key_file: client\n  known_hosts_file: others\n".to_owned();
    fs::write(ground.path("others"), server.known(&ground, "stranger")).expect("written");
    road.not_let_in().await;
}
