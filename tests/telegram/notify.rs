//! `tiphys notify`: the built program, without a configuration, against the Bot API over HTTP.

use std::{path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;
use tiphys::sandbox::telegram::{Event, Fault, FaultKind, Hub, TelegramServer};
use tokio::{process::Command, sync::broadcast::error::TryRecvError};

use crate::{
    bot::{BASIC, FORUM, GROUP, SOON, TOKEN, server},
    secrets::behind_tls,
};

const STARTED: &str = "2026-11-21T09:30:00Z";

/// A CI job.
struct Job {
    server: TelegramServer,
    hub: Hub,
    dir: TempDir,
    env: Vec<(&'static str, String)>,
}

/// How a run of the program ended.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    log: String,
}

impl Job {
    async fn new(branch: &str) -> Self {
        let (server, hub) = server().await;
        let env = vec![
            ("CI_PIPELINE_ID", "4711".to_owned()),
            ("CI_PIPELINE_CREATED_AT", STARTED.to_owned()),
            ("CI_COMMIT_REF_NAME", branch.to_owned()),
            ("CI_JOB_STATUS", "running".to_owned()),
            ("TELEGRAM_BOT_TOKEN", TOKEN.to_owned()),
            ("TELEGRAM_CHAT_ID", GROUP.to_string()),
            ("TELEGRAM_API_URL", server.url()),
        ];
        Self { server, hub, dir: tempfile::tempdir().unwrap(), env }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.env.retain(|(known, _)| *known != name);
        self.env.push((name, value.to_owned()));
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    async fn notify(&self, words: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command
            .args(["notify", "pipeline"])
            .args(words.split_whitespace())
            .env_clear()
            .env("HOME", self.path())
            .envs(self.env.iter().map(|(name, value)| (*name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(SOON, command.output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let run = Run { code: output.status.code(), out: text(&output.stdout), log: text(&output.stderr) };
        let secret = TOKEN.split_once(':').unwrap().1;
        assert!(!format!("{run:?}").contains(secret), "the token is shown: {run:?}");
        run
    }

    fn lines(&self, chat: i64) -> Vec<String> {
        self.hub.messages(chat).into_iter().map(|message| message.text).collect()
    }
}

#[tokio::test]
async fn the_chat_gets_exactly_these_lines() {
    let mut job = Job::new("0.10.5").await;
    for event in ["created", "succeeded", "failed"] {
        let run = job.notify(event).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.log, "");
        assert_eq!(run.out.trim_end(), job.lines(GROUP).last().unwrap(), "the job's log has the line");
    }
    job.set("CI_JOB_STATUS", "canceled");
    assert_eq!(job.notify("--strict --time-zone +03:00").await.code, Some(0));
    assert_eq!(
        job.lines(GROUP),
        [
            "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 создан",
            "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен успешно",
            "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен неуспешно",
            "Пайплайн 4711 2026-11-21T12:30:00+03:00 0.10.5 завершен неуспешно",
        ]
    );
}

#[tokio::test]
async fn strange_branches_arrive_as_they_are() {
    let mut job = Job::new("x").await;
    let mut events = job.hub.subscribe();
    let long = "ж".repeat(127);
    let branches = ["feature/x", "фича", "a+b", "UPPER", "<b>x", "&lt;", "a_b*c`d`[e](f)", "@team", "💥💥", &long];
    for branch in branches {
        job.set("CI_COMMIT_REF_NAME", branch);
        assert_eq!(job.notify("created").await.out.lines().count(), 1);
    }
    let shown: Vec<_> = job.hub.messages(GROUP).into_iter().map(|message| (message.text, message.entities)).collect();
    let expected = branches.map(|branch| {
        let code = serde_json::json!({ "type": "code", "offset": 35, "length": branch.encode_utf16().count() });
        (format!("Пайплайн 4711 {STARTED} {branch} создан"), vec![code])
    });
    assert_eq!(shown, expected);
    loop {
        match events.try_recv() {
            Ok(Event::Called { call }) => assert!(!call.params.contains_key("parse_mode"), "{:?}", call.params),
            Ok(_) => {}
            Err(TryRecvError::Empty) => break,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn topics_and_files_are_options() {
    let job = Job::new("0.10.5").await;
    std::fs::write(job.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let run = job.notify(&format!("created --strict --chat {FORUM} --topic 7 --token-file token")).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = job.notify(&format!("created --strict --chat {FORUM} --topic 8")).await;
    assert_eq!(run.code, Some(0), "a topic that is gone is no reason to say nothing: {run:?}");
    let threads: Vec<_> = job.hub.messages(FORUM).into_iter().map(|message| message.thread).collect();
    assert_eq!(threads, [Some(7), None]);
}

#[tokio::test]
async fn a_private_ca_is_trusted_when_named() {
    let mut job = Job::new("0.10.5").await;
    let (address, ca, mut refusals) = behind_tls(&job.server.url()).await;
    job.set("TELEGRAM_API_URL", &address.replace("/behind/a/proxy", ""));
    let run = job.notify("created --strict --timeout 1s").await;
    assert_eq!(run.code, Some(4), "{run:?}");
    tokio::time::timeout(SOON, refusals.wait_for(|refused| *refused)).await.unwrap().unwrap();
    std::fs::write(job.path().join("ca.pem"), ca).unwrap();
    job.set("TELEGRAM_CA_FILE", "ca.pem");
    let run = job.notify("created --strict").await;
    assert_eq!((run.code, job.lines(GROUP).len()), (Some(0), 1), "{run:?}");
}

#[tokio::test]
async fn what_telegram_did_not_take_is_tried_again() {
    let job = Job::new("0.10.5").await;
    for kind in [
        FaultKind::TooManyRequests(1),
        FaultKind::ServerError(502),
        FaultKind::ProxyPage(503),
        FaultKind::Refuse { code: 400, description: "Bad Request: ENTITY_BOUNDS_INVALID".into() },
    ] {
        job.hub.fail(Fault::once("sendMessage", kind));
    }
    let begin = tokio::time::Instant::now();
    let run = job.notify("created --strict").await;
    assert_eq!((run.code, job.lines(GROUP).len()), (Some(0), 1), "{run:?}");
    assert!(begin.elapsed() >= Duration::from_secs(1), "not before the time that Telegram named");
    assert!(run.log.contains("was not sent yet") && job.hub.faults_left() == 0, "{run:?}");
}

#[tokio::test]
async fn a_line_is_never_sent_twice() {
    let job = Job::new("0.10.5").await;
    job.hub.fail(Fault::once("sendMessage", FaultKind::CutAfter));
    let run = job.notify("failed --strict").await;
    assert_eq!((run.code, job.lines(GROUP).len()), (Some(5), 1), "{run:?}");
    assert!(run.log.contains("may or may not have arrived"), "{run:?}");
}

#[tokio::test]
async fn a_group_that_moved_is_followed() {
    let mut job = Job::new("0.10.5").await;
    job.set("TELEGRAM_CHAT_ID", &BASIC.to_string());
    job.hub.fail(Fault::once("sendMessage", FaultKind::MigrateTo(GROUP)));
    let run = job.notify("created --strict").await;
    assert_eq!((run.code, job.lines(GROUP).len()), (Some(0), 1), "{run:?}");
    assert!(run.log.contains(&GROUP.to_string()), "the new id is told: {run:?}");
}

#[tokio::test]
async fn an_outage_fails_no_job_unless_it_should() {
    let mut job = Job::new("0.10.5").await;
    let mut ends = Vec::new();
    let mut both = async |job: &Job, words: &str| {
        let gentle = job.notify(&format!("failed --timeout 2s {words}")).await;
        assert!(gentle.log.contains("завершен неуспешно"), "what wasn't said is in the log: {gentle:?}");
        assert_eq!((gentle.code, gentle.out.as_str()), (Some(0), ""), "{gentle:?}");
        ends.push(job.notify(&format!("failed --timeout 2s --strict {words}")).await.code);
    };
    job.hub.fail(Fault::times(2, "sendMessage", FaultKind::TooManyRequests(60)));
    both(&job, "").await;
    job.hub.fail(Fault::times(2, "sendMessage", FaultKind::Slow(SOON)));
    both(&job, "").await;
    job.hub.set_network(false);
    both(&job, "").await;
    job.hub.set_network(true);
    both(&job, "--chat -42").await;
    job.set("TELEGRAM_BOT_TOKEN", "1:wrong_token");
    both(&job, "").await;
    job.set("TELEGRAM_BOT_TOKEN", "");
    both(&job, "").await;
    job.set("TELEGRAM_BOT_TOKEN", TOKEN);
    both(&job, "--ca-file none.pem").await;
    job.set("TELEGRAM_API_URL", "http://127.0.0.1:9");
    both(&job, "").await;
    assert_eq!(ends, [Some(4), Some(5), Some(5), Some(1), Some(1), Some(2), Some(2), Some(4)]);
    assert_eq!(job.lines(GROUP), [""; 0]);
}

#[tokio::test]
async fn outside_a_pipeline_it_is_a_mistake() {
    let mut job = Job::new("0.10.5").await;
    let run = job.notify("").await;
    assert!(run.code == Some(2) && run.log.contains("CI_JOB_STATUS is \"running\""), "{run:?}");
    job.set("CI_PIPELINE_ID", "");
    let run = job.notify("created").await;
    assert!(run.code == Some(2) && run.log.contains("CI_PIPELINE_ID is not set"), "{run:?}");
}
