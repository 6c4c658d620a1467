//! Why a value at a key path can't be set.

use insta::assert_snapshot;

use super::*;
use crate::domain::{
    answer::Refusal,
    plan::{PlanError, PlanFault, ScalarKind, Shape, ValueFault},
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
    assert_snapshot!(refused(ValueFault::NotAMap { path: "api.image".into(), shape: Shape::Single }), @r"
    🚫 **Манифест нельзя изменить**
    `apps/oil-refinery-application/values-prod.yaml:4:8`
    `api.image`: здесь простое значение, а не словарь.
    Ничего не изменено. Когда манифест поправят, повторите команду.

    🚫 **The manifest can't be changed**
    `apps/oil-refinery-application/values-prod.yaml:4:8`
    `api.image`: a plain value stands there, not a map.
    Nothing was changed. Once the manifest is fixed, send the command again.
    ");
}

#[test]
fn every_fault_is_explained() {
    let (path, kind) = ("api.image.tag".to_owned(), "Application".to_owned());
    assert_snapshot!(explained(ValueFault::Template), @r"
    Это шаблон Go (`{{ … }}`), а не YAML: бот такие не меняет.
    This is a Go template (`{{ … }}`), not YAML: the bot doesn't change such files.
    ");
    assert_snapshot!(explained(ValueFault::Placeholder { found: "${TAG}".into() }), @r"
    Здесь стоит `${TAG}`, место для подстановки (postBuild, envsubst): меняйте то, что подставляют.
    Here stands `${TAG}`, which something else fills in (postBuild, envsubst): change what is filled in.
    ");
    assert_snapshot!(explained(ValueFault::NotAMap { path: path.clone(), shape: Shape::List }), @r"
    `api.image.tag`: здесь список, а не словарь.
    `api.image.tag`: a list stands there, not a map.
    ");
    for (shape, words) in [
        (Shape::Map, [": здесь словарь, а не одно значение.", ": a map stands there, not a single value."]),
        (Shape::List, [": здесь список, а не одно значение.", ": a list stands there, not a single value."]),
        (
            Shape::Text,
            [
                ": здесь текст из нескольких строк, запишите его в одну.",
                ": a text of several lines stands there, write it on one.",
            ],
        ),
    ] {
        let wanted = words.map(|words| format!("`api.image.tag`{words}")).join("\n");
        assert_eq!(explained(ValueFault::NotASingleValue { path: path.clone(), shape }), wanted);
    }
    let mismatch = ValueFault::KindMismatch { old: "2".into(), new: "three".into(), kind: ScalarKind::Whole };
    assert_snapshot!(explained(mismatch), @r"
    Здесь стоит `2`, целое число, и `three` записано не так же.
    Here stands `2`, a whole number, and `three` isn't written the same way.
    ");
    assert_snapshot!(explained(ValueFault::OtherDocument { path: path.clone() }), @r"
    Значение `api.image.tag` стоит не в первом документе файла, а меняется только первый.
    The value `api.image.tag` isn't in the file's first document, and no other is changed.
    ");
    assert_snapshot!(explained(ValueFault::NotAList { path: path.clone() }), @r"
    `api.image.tag`: здесь не список.
    `api.image.tag`: no list stands there.
    ");
    assert_snapshot!(explained(ValueFault::KindUnclear { path: path.clone(), value: "1.10".into() }), @r"
    По значению `api.image.tag` не видно, строка ли это или число. Скажите, чем должно стать `1.10`.
    The value at `api.image.tag` doesn't show whether a string or a number is meant. Say what is to become of `1.10`.
    ");
    assert_snapshot!(explained(ValueFault::LaterDocument { path: path.clone() }), @r"
    Значение `api.image.tag` стоит не в первом документе файла, а Helm читает только первый.
    The value `api.image.tag` isn't in the file's first document, and Helm reads no other.
    ");
    assert_snapshot!(explained(ValueFault::NoManifest { kind: kind.clone(), name: None }), @r"
    Здесь нет документа `Application`.
    There is no `Application`.
    ");
    assert_snapshot!(explained(ValueFault::NoManifest { kind: kind.clone(), name: Some("api".into()) }), @r"
    Здесь нет документа `Application` с именем `api`.
    There is no `Application` named `api`.
    ");
    assert_snapshot!(explained(ValueFault::SeveralManifests { kind, lines: vec![1, 20] }), @r"
    Документов `Application` несколько, строки 1, 20: назовите один в настройках бота.
    There are several `Application` documents, on lines 1, 20: name one in the bot's configuration.
    ");
    assert_snapshot!(explained(ValueFault::ApplicationSet), @r"
    Это ApplicationSet: значение в нём относится сразу ко многим приложениям.
    This is an ApplicationSet: a value in it is one of many applications.
    ");
    assert_snapshot!(explained(ValueFault::NoHelmSource), @r"
    У этого Application нет источника с Helm.
    This Application has no Helm source.
    ");
    assert_snapshot!(explained(ValueFault::SeveralSources { lines: vec![8, 12] }), @r"
    Подходят несколько источников с Helm, строки 8, 12: неясно, какой менять.
    Several Helm sources may be meant, on lines 8, 12: it isn't clear which one to change.
    ");
    assert_snapshot!(explained(ValueFault::ValuesFrom { path: path.clone() }), @r"
    Значения `api.image.tag` здесь нет: оно может приходить из кластера (valuesFrom), там его не изменить. Впишите его в `spec.values`.
    The value `api.image.tag` isn't here: it may come from the cluster (valuesFrom), where it can't be changed. Write it into `spec.values`.
    ");
    assert_snapshot!(explained(ValueFault::FileParameter { path }), @r"
    Значение `api.image.tag` берётся из файла (fileParameters).
    The value `api.image.tag` is read from a file (fileParameters).
    ");
    assert_snapshot!(explained(ValueFault::ForceString { value: "20240131".into() }), @r"
    Helm прочтёт `20240131` не как строку: добавьте параметру `forceString: true`.
    Helm would read `20240131` as no string: give the parameter `forceString: true`.
    ");
    assert_snapshot!(explained(ValueFault::NotLiteral), @r"
    Значения стоят в тексте, который не записан блоком «|»: перепишите его так.
    The values stand in a text that is not written as a block with “|”: rewrite it so.
    ");
}
