//! HTTPS as many run it at home: nginx with a certificate of a private CA, and a token.

use std::fs;

use crate::{cgi::Authority, ground::Ground, job::Road, nginx::Nginx, playbill::Playbill};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and fcgiwrap"]
async fn the_main_job_over_https() {
    let playbill = Playbill::start().await;
    let ground = Ground::new(playbill.dir.path());
    let authority = Authority::new();
    authority.write(&ground.path("ca.pem"));
    let server = Nginx::start(&ground, "manifests.git", &authority, "ssl").await;
    let write = |name: &str, text: &str| fs::write(ground.path(name), text).expect("written");
    write("git-token", "hunter2\n");
    let credentials = "  username: bot\n  token_file: git-token\n  ca_file: ca.pem\n".to_owned();
    let url = server.url.clone();
    let road = Road { playbill, ground: ground.clone(), url, credentials };
    road.travel().await;

    write("git-token", "correct-horse\n");
    road.not_let_in().await;
    let failed = road.one_shot(&["set-replicas", "5"]).await;
    assert!(!failed.log.contains("correct-horse") && !failed.answer.to_string().contains("correct-horse"));
    write("git-token", "hunter2\n");
    Authority::new().write(&ground.path("ca.pem"));
    road.not_let_in().await;
}
