//! Why a value at a key path can't be set.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    answer::Refusal,
    plan::{PlanError, PlanFault, ValueFault},
    position::Position,
};

fn refused(fault: ValueFault) -> String {
    let file = RepoPath::new("apps/oil-refinery-application/values-prod.yaml").expect("valid");
    let at = Some(Position { line: 4, column: 8 });
    both(&Answer::Refused(Refusal::Plan(PlanError { file, at, fault: PlanFault::Value(fault) })))
}

/// The lines that differ from one fault to the other.
fn explained(fault: ValueFault) -> String {
    let text = refused(fault);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[1]), (9, lines[6]), "{text}");
    format!("{}\n{}", lines[2], lines[7])
}

#[test]
fn the_place_and_what_to_do() {
    assert_snapshot!(refused(ValueFault::NotAMap { path: "api.image".into(), list: false }), @"");
}

#[test]
fn every_fault_is_explained() {
    let (path, kind) = ("api.image.tag".to_owned(), "Application".to_owned());
    assert_snapshot!(explained(ValueFault::Template), @"");
    assert_snapshot!(explained(ValueFault::NotAMap { path: path.clone(), list: true }), @"");
    assert_snapshot!(explained(ValueFault::NotAList { path: path.clone() }), @"");
    assert_snapshot!(explained(ValueFault::KindUnclear { path: path.clone(), value: "1.10".into() }), @"");
    assert_snapshot!(explained(ValueFault::LaterDocument { path: path.clone() }), @"");
    assert_snapshot!(explained(ValueFault::NoManifest { kind: kind.clone(), name: None }), @"");
    assert_snapshot!(explained(ValueFault::NoManifest { kind: kind.clone(), name: Some("api".into()) }), @"");
    assert_snapshot!(explained(ValueFault::SeveralManifests { kind, lines: vec![1, 20] }), @"");
    assert_snapshot!(explained(ValueFault::ApplicationSet), @"");
    assert_snapshot!(explained(ValueFault::NoHelmSource), @"");
    assert_snapshot!(explained(ValueFault::SeveralSources { lines: vec![8, 12] }), @"");
    assert_snapshot!(explained(ValueFault::ValuesFrom { path: path.clone() }), @"");
    assert_snapshot!(explained(ValueFault::FileParameter { path }), @"");
    assert_snapshot!(explained(ValueFault::ForceString { value: "20240131".into() }), @"");
    assert_snapshot!(explained(ValueFault::NotLiteral), @"");
}
