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
    assert_snapshot!(both(&Answer::Accepted { site: site(), mutation: Mutation::Remove }), @r"
    ⏳ **oil-refinery-application/prod**: удаление — принято, проверяю

    ⏳ **oil-refinery-application/prod**: removal — accepted, checking
    ");
    assert_snapshot!(both(&Answer::AlreadySo { site: site(), mutation: Mutation::Remove }), @r"
    ☑️ **oil-refinery-application/prod**: уже убрано, менять нечего

    ☑️ **oil-refinery-application/prod**: removed already, nothing to change
    ");
    assert_snapshot!(both(&removal(Stage::Removed)), @r"
    🗑 **oil-refinery-application/prod**: удаление
    убрано из кластера, за 42 с · коммит `a1b2c3d4`

    🗑 **oil-refinery-application/prod**: removal
    gone from the cluster, in 42 s · commit `a1b2c3d4`
    ");
    let stage = Stage::TimedOut { after: seconds(600), last: Some(Box::new(Hint::StillThere)) };
    assert_snapshot!(both(&removal(stage)), @r"
    ⌛ **oil-refinery-application/prod**: удаление
    за 10 мин не убрано, больше не слежу. Последнее, что видно:
    | Application ещё на месте
    Коммит `a1b2c3d4` остаётся в git, и Argo CD ещё может довести дело до конца.

    ⌛ **oil-refinery-application/prod**: removal
    not gone within 10 min; no longer following. Last seen:
    | the Application is still there
    Commit `a1b2c3d4` stays in git, and Argo CD may still finish it.
    ");
}

#[test]
fn what_is_left_alone_is_said() {
    let refused = |fault| {
        let file = RepoPath::new("apps/shop/review/x").expect("valid");
        both(&Answer::Refused(Refusal::Plan(PlanError { file, at: None, fault: PlanFault::Review(fault) })))
    };
    assert_snapshot!(refused(ReviewFault::NotOurs { files: strings(&["apps/shop/review/x/kustomization.yaml"]) }), @r"
    🚫 **Review-окружение не тронуто**
    `apps/shop/review/x`
    Здесь лежит то, что создал не tiphys (нет его первой строки), и он этого не меняет:
    | apps/shop/review/x/kustomization.yaml
    Ничего не изменено.

    🚫 **The review environment is left as it is**
    `apps/shop/review/x`
    What is here was not made by tiphys (its first line is missing), so tiphys leaves it alone:
    | apps/shop/review/x/kustomization.yaml
    Nothing was changed.
    ");
    assert_snapshot!(refused(ReviewFault::AnothersOverlay { name: "y".into(), application: "shop".into() }), @r"
    🚫 **Review-окружение не тронуто**
    `apps/shop/review/x`
    Эта папка занята окружением `shop: y`.
    Ничего не изменено.

    🚫 **The review environment is left as it is**
    `apps/shop/review/x`
    This folder is taken by the environment `shop: y`.
    Nothing was changed.
    ");
    assert_snapshot!(refused(ReviewFault::AddedFiles { files: strings(&["apps/shop/review/x/patch.yaml"]) }), @r"
    🚫 **Review-окружение не тронуто**
    `apps/shop/review/x`
    Рядом лежат файлы, которые добавили люди. Уберите их, если они больше не нужны:
    | apps/shop/review/x/patch.yaml
    Ничего не изменено.

    🚫 **The review environment is left as it is**
    `apps/shop/review/x`
    There are files that people have added. Remove them if they aren't needed any more:
    | apps/shop/review/x/patch.yaml
    Nothing was changed.
    ");
    assert_snapshot!(refused(ReviewFault::TooMany { maximum: 2, names: strings(&["a", "b"]) }), @r"
    🚫 **Review-окружение не тронуто**
    `apps/shop/review/x`
    Больше 2 review-окружений не разрешено (max в настройках). Уже есть:
    | a
    | b
    Ничего не изменено.

    🚫 **The review environment is left as it is**
    `apps/shop/review/x`
    No more than 2 review environments are allowed (max in the configuration). There are:
    | a
    | b
    Nothing was changed.
    ");
    assert_snapshot!(refused(ReviewFault::NotAFolder), @r"
    🚫 **Review-окружение не тронуто**
    `apps/shop/review/x`
    На месте папки стоит файл.
    Ничего не изменено.

    🚫 **The review environment is left as it is**
    `apps/shop/review/x`
    A file stands where a folder has to be.
    Nothing was changed.
    ");
}
