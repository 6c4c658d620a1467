//! What is told of files that several environments build from, and of values that are looked for in vain.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    answer::{Refusal, RolloutReport},
    plan::{PlanError, PlanFault, Shared},
    rollout::Stage,
};

fn refused(fault: PlanFault) -> String {
    let file = RepoPath::new("apps/shop/base/kustomization.yaml").expect("valid");
    both(&Answer::Refused(Refusal::Plan(PlanError { file, at: None, fault })))
}

#[test]
fn a_value_that_is_nowhere_or_in_many_places() {
    let files = vec!["apps/shop/overlays/prod/kustomization.yaml".to_owned(), "apps/shop/base/web.yaml".to_owned()];
    let nowhere = |section: &str, name: &str| PlanFault::SetNowhere {
        section: section.to_owned(),
        name: name.to_owned(),
        files: files.clone(),
    };
    assert_snapshot!(refused(nowhere("images", "registry.example.org/shop")), @r"
    🚫 **Манифест нельзя изменить**
    `apps/shop/base/kustomization.yaml`
    Здесь ничто не запускает образ `registry.example.org/shop`: проверьте имя в настройках бота. Просмотрено:
    | apps/shop/overlays/prod/kustomization.yaml
    | apps/shop/base/web.yaml
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/shop/base/kustomization.yaml`
    Nothing here runs the image `registry.example.org/shop`: check the name in the bot's configuration. Looked at:
    | apps/shop/overlays/prod/kustomization.yaml
    | apps/shop/base/web.yaml
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert!(refused(nowhere("replicas", "web")).contains("Здесь нет рабочей нагрузки `web`"));
    let places = vec!["apps/shop/base/web.yaml:12".to_owned(), "apps/shop/base/job.yaml:9".to_owned()];
    assert_snapshot!(refused(PlanFault::SeveralPlaces { name: "registry.example.org/shop".into(), places }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/shop/base/kustomization.yaml`
    Значение для `registry.example.org/shop` стоит в нескольких местах: оставьте одно или задайте его в kustomization этой среды.
    | apps/shop/base/web.yaml:12
    | apps/shop/base/job.yaml:9
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/shop/base/kustomization.yaml`
    The value of `registry.example.org/shop` stands in several places: leave just one, or set it in this environment's own kustomization.
    | apps/shop/base/web.yaml:12
    | apps/shop/base/job.yaml:9
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let other = PlanFault::OtherImage {
        place: "image.repository".into(),
        found: "registry.example.org/stock".into(),
        wanted: "registry.example.org/shop".into(),
    };
    assert_snapshot!(refused(other), @r"
    🚫 **Манифест нельзя изменить**
    `apps/shop/base/kustomization.yaml`
    В `image.repository` стоит образ `registry.example.org/stock`, а у приложения `registry.example.org/shop`: проверьте настройки бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/shop/base/kustomization.yaml`
    At `image.repository` stands the image `registry.example.org/stock`, but the application has `registry.example.org/shop`: check the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
}

#[test]
fn a_shared_file_that_was_changed_is_named_with_those_who_share_it() {
    let shared = |with: Vec<String>| {
        let file = RepoPath::new("apps/shop/base/kustomization.yaml").expect("valid");
        both(&Answer::Rollout(RolloutReport {
            site: site(),
            mutation: deploy(),
            from: Some("0.10.4".into()),
            to: "0.10.5".into(),
            revision: revision("a1b2c3d4"),
            url: None,
            stage: Stage::Syncing,
            elapsed: seconds(42),
            delivered_before: false,
            unchecked: None,
            shared: Some(Shared { file, with }),
        }))
    };
    assert_snapshot!(shared(vec!["shop/stage".into(), "apps/shop/overlays/dev".into()]), @r"
    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD применяет коммит `a1b2c3d4`
    👥 Общий файл `apps/shop/base/kustomization.yaml` меняет и другие среды: `shop/stage, apps/shop/overlays/dev`

    🔄 **oil-refinery-application/prod**: `0.10.4` → `0.10.5`
    Argo CD is syncing commit `a1b2c3d4`
    👥 The shared file `apps/shop/base/kustomization.yaml` changes other environments too: `shop/stage, apps/shop/overlays/dev`
    ");
    let many = (1..=20).map(|n| format!("shop/e{n}")).collect();
    assert!(shared(many).contains("shop/e7, shop/e8, …`"));
}
