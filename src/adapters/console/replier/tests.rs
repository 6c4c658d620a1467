//! What appears on a terminal, in a log and in JSON.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::domain::{
    answer::{Applied, Failure, FailureKind, Refusal, RolloutReport},
    catalogue::{Environment, ObjectName, Site, Workload},
    command::Mutation,
    name::{Revision, Tag},
    rollout::Hint,
};

pub(in super::super) fn site() -> Site {
    Site {
        application: "shop".parse().expect("a name"),
        image: "registry.example.org/shop".parse().expect("an image"),
        environment: Environment {
            name: "prod".parse().expect("a name"),
            repository: Default::default(),
            path: "apps/shop".parse().expect("a path"),
            workload: Workload { namespace: "shop".into(), name: "shop".into() },
            argocd: ObjectName { namespace: "argocd".into(), name: "shop-prod".into() },
            manifests: Default::default(),
            max_replicas: 20,
        },
    }
}

fn deploy() -> Mutation {
    Mutation::Deploy(Tag::new("0.10.5").expect("a tag"))
}

pub(in super::super) fn accepted() -> Answer {
    Answer::Accepted { site: site(), mutation: deploy() }
}

pub(in super::super) fn rollout(stage: Stage) -> Answer {
    after(3, stage)
}

fn after(seconds: u64, stage: Stage) -> Answer {
    Answer::Rollout(RolloutReport {
        site: site(),
        mutation: deploy(),
        from: Some("0.10.4".into()),
        to: "0.10.5".into(),
        revision: Revision::new("0123456789abcdef0123456789abcdef01234567").expect("an id"),
        url: None,
        stage,
        elapsed: Duration::from_secs(seconds),
        delivered_before: false,
        unchecked: None,
        shared: None,
    })
}

fn progressing(ready: u32) -> Stage {
    Stage::Progressing { ready, desired: 2, trouble: Vec::new() }
}

fn live() -> Stage {
    Stage::Live { ready: 2, desired: 2, superseded_by: None }
}

/// A whole rollout, as the follower reports it: the same stage several times, with time passing.
fn story() -> Vec<Answer> {
    vec![
        accepted(),
        after(0, Stage::Committed),
        after(3, Stage::Syncing),
        after(6, progressing(0)),
        after(9, progressing(0)),
        after(12, progressing(1)),
        after(15, live()),
    ]
}

/// Everything that a replier writes for these answers.
fn written(style: Style, answers: &[Answer]) -> String {
    let replier = TerminalReplier::new(Vec::new(), style, Language::En);
    for answer in answers {
        replier.show(answer).expect("a vector takes all");
    }
    replier.finish().expect("a vector takes all");
    let out = replier.state.into_inner().expect("not poisoned").out;
    String::from_utf8(out).expect("text")
}

/// The rows of a terminal after this output: just the sequences that the replier uses.
fn screen(output: &str) -> Vec<String> {
    let mut rows: Vec<String> = vec![String::new()];
    let mut rest = output;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => rows.push(String::new()),
            '\r' => {}
            '\x1b' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).expect("a whole sequence");
                let (sequence, after) = rest.split_at(end + 1);
                rest = after;
                match sequence {
                    "[J" | "[?7l" | "[?7h" => {}
                    up => {
                        let count: usize =
                            up.trim_start_matches('[').trim_end_matches('A').parse().expect("a number of rows");
                        assert!(count < rows.len(), "the cursor stays on what was written");
                        // Clearing always follows, so the rows may go at once.
                        rows.truncate(rows.len() - 1 - count);
                        rows.push(String::new());
                    }
                }
            }
            c => rows.last_mut().expect("never empty").push(c),
        }
    }
    rows
}

fn plain(answer: &Answer) -> String {
    crate::reply::render(answer, Language::En).to_plain().trim_end().to_owned()
}

/// Everything that is drawn for these texts; the last one is final.
fn drawn(texts: &[&str]) -> String {
    let mut state = State::new(Vec::new());
    for (index, text) in texts.iter().enumerate() {
        state.redraw((*text).to_owned(), index + 1 == texts.len()).expect("a vector takes all");
    }
    String::from_utf8(state.out).expect("text")
}

#[test]
fn a_terminal_shows_the_newest_text_alone() {
    let texts = ["принято", "shop/prod: 0.10.4 → 0.10.5\ncommitted", "shop/prod\n\n1/2\n2/2", "shop/prod\nlive"];
    for shown in 1..=texts.len() {
        let output = drawn(&texts[..shown]);
        assert_eq!(screen(&output).join("\n"), format!("{}\n", texts[shown - 1]), "after {shown} texts");
        assert_eq!(output.matches("\x1b[?7l").count(), output.matches("\x1b[?7h").count(), "wrapping is on again");
    }
    assert_eq!(drawn(&["same", "same", "end"]).matches("same").count(), 1);
    assert_eq!(drawn(&["only"]), "only\n");
}

#[test]
fn a_terminal_shows_the_newest_answer_alone() {
    let story = story();
    for shown in 1..=story.len() {
        let rows = screen(&written(Style::Redraw, &story[..shown]));
        assert_eq!(rows.join("\n").trim_end(), plain(&story[shown - 1]), "after {shown} answers");
    }
}

#[test]
fn the_last_text_on_a_terminal_is_wrapped() {
    let output = written(Style::Redraw, &[accepted(), after(0, Stage::Committed)]);
    let (_, end) = output.rsplit_once("\x1b[J").expect("drawn again");
    assert_eq!(end, format!("{}\n", plain(&after(0, Stage::Committed))), "wrapping stays on");
    let final_answer = written(Style::Redraw, &[accepted(), after(0, live())]);
    assert_eq!(final_answer.matches("live").count(), 1, "what is wrapped isn't drawn twice");
}

const ADDRESS: &str = "https://git.example.org/team/manifests/-/commit/0123456789abcdef0123456789abcdef01234567";

fn linked(answer: &Answer) -> Answer {
    match answer.clone() {
        Answer::Rollout(report) => Answer::Rollout(RolloutReport { url: Some(ADDRESS.to_owned()), ..report }),
        other => other,
    }
}

#[test]
fn a_log_gets_the_address_of_the_commit_once() {
    let answers: Vec<_> = story().iter().map(linked).collect();
    let output = written(Style::Lines, &answers);
    assert_eq!(output.matches(ADDRESS).count(), 1, "{output}");
    assert!(output.matches("01234567\n").count() > 1, "the short id afterwards: {output}");
}

#[test]
fn a_terminal_gets_the_address_where_it_fits_and_at_the_end() {
    let drawn = |columns: fn() -> Option<usize>, answers: &[Answer]| {
        let replier = TerminalReplier::new(Vec::new(), Style::Redraw, Language::En);
        replier.state.lock().expect("not poisoned").columns = columns;
        for answer in answers {
            replier.show(&linked(answer)).expect("a vector takes all");
        }
        String::from_utf8(replier.state.into_inner().expect("not poisoned").out).expect("text")
    };
    let progress = [accepted(), after(3, Stage::Syncing), after(6, progressing(1))];
    assert_eq!(drawn(|| Some(100), &progress).matches(ADDRESS).count(), 0);
    assert_eq!(drawn(|| Some(200), &progress).matches(ADDRESS).count(), 2);
    assert_eq!(drawn(|| None, &progress).matches(ADDRESS).count(), 2);
    assert_eq!(drawn(|| Some(100), &story()).matches(ADDRESS).count(), 1);
}

#[test]
fn a_log_gets_only_what_is_new() {
    let mut state = State::new(Vec::new());
    for text in
        ["shop\naccepted", "shop\n\ncommitted 01234567", "shop\ncommitted 01234567\n1/2", "shop\n1/2", "shop\n2/2"]
    {
        state.add_lines(text.to_owned(), false).expect("a vector takes all");
    }
    assert_eq!(String::from_utf8_lossy(&state.out), "shop\naccepted\ncommitted 01234567\n1/2\n2/2\n");
}

#[test]
fn a_log_gets_what_is_in_the_way_once_and_the_last_answer_whole() {
    let troubled = |ready, reason: &str| {
        let trouble = reason.lines().map(|line| Hint::Message(line.to_owned())).collect();
        after(6, Stage::Progressing { ready, desired: 3, trouble })
    };
    let crash = "pod a: CrashLoopBackOff";
    let answers = [
        troubled(0, crash),
        troubled(1, crash),
        troubled(2, ""),
        troubled(1, crash),
        troubled(1, "pod b: ImagePullBackOff"),
        after(9, Stage::Failed { reason: crash.to_owned() }),
    ];
    let output = written(Style::Lines, &answers);
    assert_eq!(output.matches("in the way so far").count(), 1, "{output}");
    assert_eq!(output.matches("ImagePullBackOff").count(), 1, "{output}");
    assert_eq!(output.matches(crash).count(), 2, "while it goes on, and in the last answer: {output}");
    for stage in ["pods 0/3", "pods 1/3", "pods 2/3"] {
        assert!(output.contains(stage), "{stage}: {output}");
    }
    assert!(output.ends_with(&format!("{}\n", plain(&answers[5]).replace("\n\n", "\n"))), "{output}");
}

#[test]
fn a_log_gets_every_stage_once() {
    let story = story();
    let of = |indices: &[usize]| {
        let answers: Vec<_> = indices.iter().map(|index| story[*index].clone()).collect();
        written(Style::Lines, &answers)
    };
    assert!(!of(&[0, 1, 2, 3, 4, 5, 6]).contains('\x1b'));
    assert_eq!(of(&[0, 1, 2, 3, 4, 5, 6]), of(&[0, 1, 2, 3, 5, 6]), "the same stage again differs in its time only");
    for pair in [[0, 1], [1, 2], [2, 3], [3, 5], [5, 6]] {
        assert_ne!(of(&pair), of(&pair[..1]), "{pair:?}");
    }
}

#[test]
fn json_is_one_object_at_the_end() {
    let output = written(Style::Json, &story());
    assert_eq!(output.lines().count(), 1);
    let mut value: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(value["text"], plain(&after(15, live())));
    value["text"] = "TEXT".into();
    insta::assert_snapshot!(format!("{value:#}"), @r#"
    {
      "answer": {
        "rollout": {
          "delivered_before": false,
          "elapsed": {
            "nanos": 0,
            "secs": 15
          },
          "from": "0.10.4",
          "mutation": {
            "deploy": "0.10.5"
          },
          "revision": "0123456789abcdef0123456789abcdef01234567",
          "site": {
            "application": "shop",
            "environment": {
              "argocd": {
                "name": "shop-prod",
                "namespace": "argocd"
              },
              "max_replicas": 20,
              "name": "prod",
              "path": "apps/shop",
              "workload": {
                "name": "shop",
                "namespace": "shop"
              }
            },
            "image": "registry.example.org/shop"
          },
          "stage": {
            "desired": 2,
            "ready": 2,
            "stage": "live",
            "superseded_by": null
          },
          "to": "0.10.5",
          "unchecked": null,
          "url": null
        }
      },
      "exit_code": 0,
      "outcome": "live",
      "text": "TEXT"
    }
    "#);
}

#[test]
fn json_of_a_commit_that_nobody_waits_for() {
    let value: serde_json::Value =
        serde_json::from_str(&written(Style::Json, &[accepted(), rollout(Stage::Committed)])).expect("JSON");
    assert_eq!((&value["outcome"], &value["exit_code"]), (&"committed".into(), &0.into()));
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    let nasty = Answer::Failed(Failure {
        detail: "remote: \x1b]0;pwned\x07\x1b[2Jdeclined\r\n".into(),
        kind: FailureKind::Internal,
        applied: Applied::No,
    });
    for style in [Style::Redraw, Style::Lines, Style::Json] {
        let output = written(style, std::slice::from_ref(&nasty));
        assert!(!output.contains(['\x1b', '\x07', '\r']), "{style:?}: {output:?}");
    }
}

#[tokio::test]
async fn a_console_lists_what_buttons_would_do() {
    let refused = Answer::Refused(Refusal::UnknownTag {
        site: site(),
        image: site().image,
        tag: Tag::new("0.10.6").expect("a tag"),
        nearest: vec!["0.10.5".into(), "0.10.4".into()],
    });
    let out = |commands: bool| {
        let replier = TerminalReplier::new(Vec::new(), Style::Lines, Language::En);
        let replier = if commands { replier.with_commands() } else { replier };
        replier.show(&refused).expect("a vector");
        String::from_utf8(replier.state.into_inner().expect("no panic").out).expect("text")
    };
    let listed = out(true);
    assert!(listed.ends_with("\n→ /deploy shop/prod 0.10.5\n→ /deploy shop/prod 0.10.4\n"), "{listed}");
    assert!(!out(false).contains('→'));
    // What the text says already isn't said again.
    let failed = rollout(Stage::Failed { reason: "x".into() });
    let replier = TerminalReplier::new(Vec::new(), Style::Lines, Language::En).with_commands();
    replier.show(&failed).expect("a vector");
    let text = String::from_utf8(replier.state.into_inner().expect("no panic").out).expect("text");
    assert_eq!(text.matches("/deploy shop/prod 0.10.4").count(), 1, "{text}");
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_broken_pipe_is_an_error_and_the_last_answer_is_kept() {
    let replier: Arc<TerminalReplier<Closed>> = Arc::new(TerminalReplier::new(Closed, Style::Lines, Language::Ru));
    let port: Arc<dyn Replier> = replier.clone();
    assert!(matches!(port.post(&accepted()).await, Err(ReplyError::Rejected(_))));
    assert!(matches!(port.replace(None, &rollout(live())).await, Err(ReplyError::Rejected(_))));
    assert_eq!(replier.finish().expect("nothing is written"), Some(rollout(live())));
}
