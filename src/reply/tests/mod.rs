//! The snapshots are the specification of the wording: each shows both languages.
//!
//! In them `**bold**`, `` `code` ``, `[link](address)`, `| ` before each line of a block, and `[label → command]` for
//! a button.

mod bounds;
mod containers;
mod editing;
mod events;
mod failure;
mod fault;
mod guide;
mod help;
mod logs;
mod manifest;
mod nodes;
mod operations;
mod pieces;
mod pipeline;
mod pods;
mod reading;
mod refusal;
mod review;
mod rollout;
mod shared;
mod value_fault;

use std::time::Duration;

use super::{Message, Span, render};
use crate::domain::{
    answer::Answer,
    catalogue::{Environment, ObjectName, Site, Workload},
    command::Mutation,
    language::Language,
    name::{ApplicationName, EnvironmentName, ImageName, RepoPath, Revision, Tag},
};

/// An answer in both languages.
fn both(answer: &Answer) -> String {
    let [ru, en] = Language::ALL.map(|language| shown(&render(answer, language)));
    format!("{ru}\n\n{en}")
}

/// A message with its styles made visible.
fn shown(message: &Message) -> String {
    let mut text = String::new();
    for span in &message.text {
        match span {
            Span::Plain(plain) => text.push_str(plain),
            Span::Bold(bold) => text.push_str(&format!("**{bold}**")),
            Span::Code(code) => text.push_str(&format!("`{code}`")),
            Span::Block(block) => {
                assert!(text.is_empty() || text.ends_with('\n'), "a block begins a line: {text:?}");
                text.push_str(&block.split('\n').map(|line| format!("| {line}")).collect::<Vec<_>>().join("\n"));
            }
            Span::Link { text: link, url } => text.push_str(&format!("[{link}]({url})")),
        }
    }
    for row in &message.buttons {
        let refresh = row.iter().filter(|button| button.label.starts_with('🔁'));
        refresh.for_each(|button| assert!(button.in_place, "it brings its own message up to date: {button:?}"));
        let row: Vec<String> = row.iter().map(|button| format!("[{} → {}]", button.label, button.command)).collect();
        text.push('\n');
        text.push_str(&row.join(" "));
    }
    text
}

fn site() -> Site {
    Site {
        application: ApplicationName::new("oil-refinery-application").expect("valid"),
        image: image(),
        environment: environment("prod"),
    }
}

fn environment(name: &str) -> Environment {
    Environment {
        name: EnvironmentName::new(name).expect("valid"),
        repository: Default::default(),
        path: RepoPath::new(format!("apps/oil-refinery-application/overlays/{name}")).expect("valid"),
        workload: Workload { namespace: "oil-refinery".into(), name: "oil-refinery-application".into() },
        argocd: ObjectName { namespace: "argocd".into(), name: format!("oil-refinery-application-{name}") },
        manifests: Default::default(),
        max_replicas: 20,
    }
}

fn image() -> ImageName {
    ImageName::new("registry.example.org/team/oil-refinery-application").expect("valid")
}

fn tag(text: &str) -> Tag {
    Tag::new(text).expect("valid")
}

fn deploy() -> Mutation {
    Mutation::Deploy(tag("0.10.5"))
}

fn revision(beginning: &str) -> Revision {
    Revision::new(format!("{beginning:0<40}")).expect("valid")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
