//! Why a manifest is not changed, and what to do.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    answer::Refusal,
    plan::{PlanError, PlanFault, UnsafeEdit},
    position::Position,
};

fn plan(at: Option<(usize, usize)>, fault: PlanFault) -> String {
    let file = "apps/oil-refinery-application/overlays/prod/kustomization.yaml";
    let at = at.map(|(line, column)| Position { line, column });
    both(&Answer::Refused(Refusal::Plan(PlanError { file: RepoPath::new(file).expect("valid"), at, fault })))
}

#[test]
fn manifests() {
    let (section, name) = ("images".to_owned(), image().to_string());
    assert_snapshot!(plan(None, PlanFault::NoKustomization), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    В этой папке нет `kustomization.yaml`: проверьте файл или путь среды в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    This folder has no `kustomization.yaml`: check the file, or the environment's path in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let names = strings(&["kustomization.yaml", "kustomization.yml"]);
    assert_snapshot!(plan(None, PlanFault::SeveralKustomizations(names)), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    В папке несколько файлов kustomization, а должен быть один:
    | kustomization.yaml
    | kustomization.yml
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The folder has several kustomization files where there must be one:
    | kustomization.yaml
    | kustomization.yml
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::Unreadable("object not found".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Файл не читается:
    | object not found
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The file can't be read:
    | object not found
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((7, 1)), PlanFault::Malformed("did not find expected key".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:7:1`
    Это не правильный YAML:
    | did not find expected key
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:7:1`
    This is not valid YAML:
    | did not find expected key
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let fault = PlanFault::NoEntry { section: section.clone(), name: name.clone() };
    assert_snapshot!(plan(Some((9, 3)), fault), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    В разделе `images` нет записи `registry.example.org/team/oil-refinery-application`: добавьте её, и команда сможет её менять.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    The section `images` has no entry `registry.example.org/team/oil-refinery-application`: once it is added, the command can change it.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((9, 3)), PlanFault::AmbiguousEntry { section, name, lines: vec![4, 9] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    В разделе `images` несколько записей `registry.example.org/team/oil-refinery-application`, строки 4, 9: оставьте одну.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:9:3`
    The section `images` has several entries `registry.example.org/team/oil-refinery-application`, on lines 4, 9: leave just one.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoFile), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Такого файла в репозитории нет: проверьте путь в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    The repository has no such file: check the path in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoValue { path: "api.image.tag".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет значения `api.image.tag`: добавьте его, и команда сможет его менять.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no value `api.image.tag`: once it is added, the command can change it.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let found = strings(&["Deployment/web", "CronJob/report"]);
    assert_snapshot!(plan(None, PlanFault::NoWorkload { name: "api".into(), found }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет рабочей нагрузки `api`. Есть:
    | Deployment/web
    | CronJob/report
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no workload `api`. There is:
    | Deployment/web
    | CronJob/report
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let found = strings(&["app", "proxy"]);
    assert_snapshot!(plan(Some((20, 9)), PlanFault::NoContainer { name: "api".into(), found }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:9`
    Здесь нет контейнера `api`. Есть:
    | app
    | proxy
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:9`
    There is no container `api`. There is:
    | app
    | proxy
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((30, 1)), PlanFault::SeveralWorkloads { found: strings(&["Deployment/web", "StatefulSet/web"]), lines: vec![1, 30] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:30:1`
    Подходит несколько рабочих нагрузок, строки 1, 30:
    | Deployment/web
    | StatefulSet/web
    Назовите вид и имя нужной.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:30:1`
    Several workloads match, on lines 1, 30:
    | Deployment/web
    | StatefulSet/web
    Name the kind and the name of the one that is meant.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((24, 9)), PlanFault::SeveralContainers { found: strings(&["app", "proxy"]), lines: vec![20, 24] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:9`
    Подходит несколько контейнеров, строки 20, 24:
    | app
    | proxy
    Назовите нужный; имена не должны повторяться.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:9`
    Several containers match, on lines 20, 24:
    | app
    | proxy
    Name the one that is meant; no name may stand twice.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((24, 16)), PlanFault::DifferentImages { name: "app".into(), found: strings(&["app:v1", "app:v2"]), lines: vec![20, 24] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:16`
    Образ `app` стоит здесь в разных версиях, строки 20, 24:
    | app:v1
    | app:v2
    Назовите нужную рабочую нагрузку и контейнер.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:24:16`
    The image `app` stands here in different versions, on lines 20, 24:
    | app:v1
    | app:v2
    Name the workload and the container that are meant.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((8, 5)), PlanFault::TemplateElsewhere { workload: "Rollout/web".into(), template: "Deployment/web".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:8:5`
    У `Rollout/web` нет своих контейнеров, они в `Deployment/web`: меняйте образ там.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:8:5`
    There are no containers in `Rollout/web`, they are in `Deployment/web`: change the image there.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((20, 16)), PlanFault::NotAnImage { found: "app:${TAG}".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    Это не образ с тегом, а, видимо, место для подстановки: `app:${TAG}`
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    This is no image with a tag, perhaps a placeholder: `app:${TAG}`
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((20, 16)), PlanFault::NotACount { found: "${REPLICAS}".into() }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    Это не целое число, а, видимо, место для подстановки: `${REPLICAS}`
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:20:16`
    This is no whole number, perhaps a placeholder: `${REPLICAS}`
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(Some((1, 1)), PlanFault::HelmTemplate), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:1:1`
    Это шаблон Helm, а не готовый YAML: меняйте значение в файле values.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:1:1`
    This is a Helm template, no finished YAML: change the value in the values file.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoWorkload { name: "web".into(), found: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет рабочей нагрузки `web`, и других нет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no workload `web`, nor any other.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::NoContainer { name: "web".into(), found: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Здесь нет контейнера `web`, и других нет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    There is no container `web`, nor any other.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    let environments = strings(&["oil-refinery-application/stage", "apps/other/overlays/dev"]);
    assert_snapshot!(plan(None, PlanFault::SharedBase { environments }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Этот файл общий, от него зависят и другие среды:
    | oil-refinery-application/stage
    | apps/other/overlays/dev
    Оператор может это разрешить: `shared_bases: allow` у среды в настройках бота.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    This file is shared, other environments build from it too:
    | oil-refinery-application/stage
    | apps/other/overlays/dev
    An operator can allow it: `shared_bases: allow` of the environment in the bot's configuration.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::Overridden), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Argo CD применяет этот файл после kustomization, поэтому коммит ничего бы не дал: меняйте значение в нём.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml`
    Argo CD applies this file after the kustomization, so a commit would have no effect: change the value there.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(plan(None, PlanFault::TooManyReplicas { wanted: 1000, maximum: 20 }), @r"
    🚫 **Слишком много реплик**
    Запрошено реплик: 1000, здесь разрешено не больше 20. Ничего не изменено.

    🚫 **Too many replicas**
    Replicas asked for: 1000, at most 20 allowed here. Nothing was changed.
    ");
}

#[test]
fn manifests_that_cannot_be_edited_safely() {
    let edit = |fault| plan(Some((12, 13)), PlanFault::Unsafe(fault));
    assert_snapshot!(edit(UnsafeEdit::Alias { name: "tag".into(), anchor: 2 }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Вместо значения стоит ссылка `*tag` на якорь в строке 2: правка задела бы и другие места.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    In place of the value stands the alias `*tag` of the anchor on line 2: an edit would change other places as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Anchor { name: "tag".into(), aliases: vec![14, 20] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    На значении стоит якорь `&tag`, на него ссылаются строки 14, 20: правка задела бы и их.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The value carries the anchor `&tag`, which lines 14, 20 refer to: an edit would change them as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::NotAScalar), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Здесь не простое значение, а список, словарь или текст из нескольких строк.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    There is no plain value here but a list, a map or a text of several lines.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Anchor { name: "tag".into(), aliases: vec![] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    На значении стоит якорь `&tag`: правка может задеть и другие места.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The value carries the anchor `&tag`: an edit might change other places as well.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::DuplicateKey { key: "newTag".into(), lines: vec![12, 13] }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Ключ `newTag` стоит несколько раз, строки 12, 13: оставьте один.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The key `newTag` stands several times, on lines 12, 13: leave just one.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::Sops), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Файл зашифрован SOPS: бот такие не меняет.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The file is encrypted by SOPS: the bot doesn't change such files.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
    assert_snapshot!(edit(UnsafeEdit::ProofFailed("images[0].newName changed".into())), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    Проверка правки не прошла: изменилось бы не только это значение.
    | images[0].newName changed
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/overlays/prod/kustomization.yaml:12:13`
    The edit didn't pass its check: more than this value would have changed.
    | images[0].newName changed
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
}
