//! Review environments: how they come and go, and why one is left as it is.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    answer::{Refusal, RolloutReport},
    plan::{PlanError, PlanFault, ReviewFault},
    rollout::{Hint, Stage},
};

fn removal(stage: Stage) -> Answer {
    Answer::Rollout(RolloutReport {
        site: site(),
        mutation: Mutation::Remove,
        from: Some("0.10.5".into()),
        to: "(removed)".into(),
        revision: revision("a1b2c3d4"),
        url: None,
        stage,
        elapsed: seconds(42),
        delivered_before: false,
        unchecked: None,
        shared: None,
    })
}

#[test]
fn an_environment_goes() {
    assert_snapshot!(both(&Answer::Accepted { site: site(), mutation: Mutation::Remove }), @"");
    assert_snapshot!(both(&Answer::AlreadySo { site: site(), mutation: Mutation::Remove }), @"");
    assert_snapshot!(both(&removal(Stage::Removed)), @"");
    let stage = Stage::TimedOut { after: seconds(600), last: Some(Box::new(Hint::StillThere)) };
    assert_snapshot!(both(&removal(stage)), @"");
}

#[test]
fn what_is_left_alone_is_said() {
    let refused = |fault| {
        let file = RepoPath::new("apps/shop/review/x").expect("valid");
        both(&Answer::Refused(Refusal::Plan(PlanError { file, at: None, fault: PlanFault::Review(fault) })))
    };
    assert_snapshot!(refused(ReviewFault::NotOurs { files: strings(&["apps/shop/review/x/kustomization.yaml"]) }), @"");
    assert_snapshot!(refused(ReviewFault::AnothersOverlay { name: "y".into(), application: "shop".into() }), @"");
    assert_snapshot!(refused(ReviewFault::AddedFiles { files: strings(&["apps/shop/review/x/patch.yaml"]) }), @"");
    assert_snapshot!(refused(ReviewFault::TooMany { maximum: 2, names: strings(&["a", "b"]) }), @"");
    assert_snapshot!(refused(ReviewFault::NotAFolder), @"");
}
