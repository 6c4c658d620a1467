//! The line about a pipeline, to the letter.

use insta::assert_snapshot;

use super::{
    super::{Span, pipeline_line},
    shown,
};
use crate::domain::pipeline::{Pipeline, PipelineEvent};

fn pipeline(branch: &str) -> Pipeline {
    Pipeline { number: "4711".into(), created_at: "2026-11-21T09:30:00Z".into(), branch: branch.into() }
}

#[test]
fn the_three_lines() {
    let line = |event| pipeline_line(&pipeline("0.10.5"), event).to_plain();
    assert_eq!(line(PipelineEvent::Created), "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 создан");
    assert_eq!(line(PipelineEvent::Succeeded), "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен успешно");
    assert_eq!(line(PipelineEvent::Failed), "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен неуспешно");
}

#[test]
fn strange_branches_stay_what_they_are_but_for_what_cannot_be_seen() {
    let long = "ж".repeat(255);
    let strange = ["feature/x", "фича", "a+b", "<b>&amp;", "`x`_*y*", "@team", "a\nb", "x\u{202e}y", long.as_str()];
    let lines = strange.map(|branch| shown(&pipeline_line(&pipeline(branch), PipelineEvent::Created)));
    assert!(lines[8].contains(&long));
    assert_snapshot!(lines[..8].join("\n"), @r"
    Пайплайн 4711 2026-11-21T09:30:00Z `feature/x` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `фича` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `a+b` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `<b>&amp;` создан
    Пайплайн 4711 2026-11-21T09:30:00Z ``x`_*y*` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `@team` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `a b` создан
    Пайплайн 4711 2026-11-21T09:30:00Z `xy` создан
    ");
}

#[test]
fn the_branch_alone_is_code() {
    let message = pipeline_line(&pipeline("@team"), PipelineEvent::Failed);
    let code: Vec<&Span> = message.text.iter().filter(|span| matches!(span, Span::Code(_))).collect();
    assert_eq!(code, [&Span::Code("@team".into())]);
    assert!(message.buttons.is_empty() && message.document.is_none());
}
