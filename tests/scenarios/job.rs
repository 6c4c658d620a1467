//! `tiphys deploy … --wait` in a GitLab job: in whose name, at most once, and true when the job is run again.

use std::process::Output;

use crate::playbill::{Playbill, git};

/// A job that Anna started.
const JOB: [(&str, &str); 8] = [
    ("CI", "true"),
    ("GITLAB_CI", "true"),
    ("CI_PROJECT_ID", "5"),
    ("CI_JOB_ID", "777"),
    ("GITLAB_USER_ID", "42"),
    ("GITLAB_USER_NAME", "anna"),
    ("GITLAB_USER_EMAIL", "anna@gitlab.example.org"),
    ("TERM", "xterm-256color"),
];

/// How the job's command ended.
struct Run {
    code: Option<i32>,
    out: String,
}

async fn run(playbill: &Playbill, arguments: &[&str], more: &[(&str, &str)]) -> Run {
    let mut command = playbill.program(arguments);
    command.envs(JOB).envs(more.iter().copied()).env_remove("TIPHYS_LOG");
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program starts"));
    let Output { status, stdout, .. } = run.await.unwrap();
    Run { code: status.code(), out: String::from_utf8(stdout).expect("text") }
}

fn last(playbill: &Playbill) -> String {
    git(playbill.world.repository_path(), &["log", "-1", "--format=%an <%ae>%n%(trailers)", "main"])
}

fn commits(playbill: &Playbill) -> String {
    git(playbill.world.repository_path(), &["rev-list", "--count", "main"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commit_is_of_whoever_started_the_job() {
    let playbill = Playbill::start().await;
    let deploy = ["--language", "en", "deploy", "0.10.5", "--wait"];
    let done = run(&playbill, &deploy, &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.out);
    assert!(!done.out.contains('\u{1b}'), "a job's log has no cursor: {:?}", done.out);
    assert!(done.out.lines().last().is_some_and(|line| line.contains("live")), "{}", done.out);
    let commit = last(&playbill);
    assert!(commit.starts_with("anna <anna@gitlab.example.org>\n"), "{commit}");
    assert!(commit.contains("Request-Id: gitlab/5/777/") && commit.contains("(gitlab 42)"), "{commit}");

    let before = commits(&playbill);
    assert_eq!(run(&playbill, &deploy, &[]).await.code, Some(0), "the same job once more");
    assert_eq!(commits(&playbill), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_may_say_who() {
    let playbill = Playbill::start().await;
    playbill.amend("email: anna@example.org }", "email: anna@example.org, gitlab: 42 }");
    let deploy = ["--language", "en", "deploy", "0.10.5", "--wait"];
    let before = commits(&playbill);
    let denied = run(&playbill, &deploy, &[("GITLAB_USER_ID", "43")]).await;
    assert_eq!(denied.code, Some(1), "{}", denied.out);
    assert!(denied.out.contains("gitlab: 43"), "{}", denied.out);
    assert_eq!(commits(&playbill), before);
    assert_eq!(run(&playbill, &deploy, &[]).await.code, Some(0));
    let commit = last(&playbill);
    assert!(commit.starts_with("Анна Иванова <anna@example.org>\n") && commit.contains("(gitlab 42)"), "{commit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_run_again_does_not_turn_green_by_itself() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().break_tag("0.10.6");
    let deploy = ["--language", "en", "deploy", "0.10.6", "--wait", "--timeout", "3s"];
    let failed = run(&playbill, &deploy, &[]).await;
    assert_eq!(failed.code, Some(3), "{}", failed.out);
    let before = commits(&playbill);
    // A retry is a job of its own at GitLab.
    let again = run(&playbill, &deploy, &[("CI_JOB_ID", "778")]).await;
    assert_eq!(again.code, Some(3), "{}", again.out);
    assert!(again.out.contains("nothing to change"), "{}", again.out);
    assert_eq!(commits(&playbill), before);
}
