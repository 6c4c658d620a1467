//! Faults of values at key paths.

use super::{inline, on_lines};
use crate::{
    domain::{
        language::Language,
        plan::{ScalarKind, Shape, ValueFault},
    },
    manifest::value::Number,
};

pub(super) fn found(fault: &ValueFault, language: Language) -> String {
    match fault {
        ValueFault::Template => say!(language, "это шаблон Go, а не YAML", "a Go template stands here, not YAML"),
        ValueFault::Placeholder { found } => {
            let found = inline(found);
            say!(
                language,
                "здесь стоит {found}: это место для подстановки",
                "{found} stands here, which something else fills in"
            )
        }
        ValueFault::NotAMap { path, shape } => {
            let (path, what) = (inline(path), shaped(*shape, language));
            match shape {
                Shape::List => say!(language, "{path} — {what}, а не словарь", "{path} is {what}, not a map"),
                _ => say!(language, "путь кончается на {path}, там {what}", "the path ends at {path}, which is {what}"),
            }
        }
        ValueFault::NotASingleValue { path, shape } => {
            let (path, what) = (inline(path), shaped(*shape, language));
            say!(language, "{path} — {what}", "{path} is {what}")
        }
        ValueFault::NotAList { path } => {
            let path = inline(path);
            say!(language, "{path} — не список", "{path} is no list")
        }
        ValueFault::KindUnclear { path, value } => {
            let path = inline(path);
            if value.is_empty() {
                say!(
                    language,
                    "для {path} задано пустое значение, а прежнего, по которому виден тип, ещё нет",
                    "an empty value for {path}, and there is no value yet that shows the type"
                )
            } else {
                let value = inline(value);
                say!(
                    language,
                    "у {path} ещё нет значения, по которому видно, какого типа {value}",
                    "at {path} there is no value yet that shows the type of {value}"
                )
            }
        }
        ValueFault::KindMismatch { old, new, kind } => {
            // What is empty is shown so.
            let new = if new.is_empty() { String::new() } else { inline(new) };
            let old = inline(old);
            match kind {
                ScalarKind::Whole => say!(
                    language,
                    "там стоит целое число {old}, а «{new}» — не целое",
                    "{old} is a whole number there, \"{new}\" isn't"
                ),
                ScalarKind::Notation => say!(
                    language,
                    "там стоит целое число {old}, а {new} записано не так, как оно",
                    "{old} is a whole number there, and {new} isn't written the same way"
                ),
                ScalarKind::Float => say!(
                    language,
                    "там стоит число {old}, а «{new}» — не десятичное число",
                    "{old} is a number there, \"{new}\" isn't a decimal one"
                ),
                ScalarKind::Truth => say!(
                    language,
                    "там стоит логическое значение {old}, а «{new}» — не true и не false",
                    "{old} is a truth value there, \"{new}\" is neither true nor false"
                ),
                ScalarKind::Date => say!(
                    language,
                    "там стоит дата {old}, а «{new}» — не день вида 2024-01-31",
                    "{old} is a date there, \"{new}\" is no day like 2024-01-31"
                ),
                ScalarKind::Other => say!(
                    language,
                    "{old} разные программы читают по-разному, и какого типа «{new}», не видно",
                    "{old} is no string to some readers, so it doesn't show the type of \"{new}\""
                ),
            }
        }
        ValueFault::LaterDocument { path } => {
            let path = inline(path);
            say!(
                language,
                "{path} стоит не в первом документе, а Helm читает только первый",
                "{path} stands in a later document, and Helm reads the first one only"
            )
        }
        ValueFault::OtherDocument { path } => {
            let path = inline(path);
            say!(
                language,
                "{path} стоит не в первом документе, а edit value меняет только первый",
                "{path} stands in a later document, and edit value changes the first one only"
            )
        }
        ValueFault::NoManifest { kind, name } => {
            let (kind, name) = (inline(kind), name.as_deref().map(inline).unwrap_or_default());
            let kind = format!("{kind} {name}");
            let kind = kind.trim_end();
            say!(language, "здесь нет документа {kind}", "there is no document {kind}")
        }
        ValueFault::SeveralManifests { kind, lines } => {
            let (kind, lines) = (inline(kind), on_lines(lines, language));
            say!(language, "документов {kind} несколько, {lines}", "several {kind} documents, {lines}")
        }
        ValueFault::ApplicationSet => say!(
            language,
            "это ApplicationSet: значение в нём относится сразу ко многим приложениям",
            "an ApplicationSet: a value in it is one of many applications"
        ),
        ValueFault::NoHelmSource => {
            say!(language, "у этого Application нет источника с Helm", "this Application has no Helm source")
        }
        ValueFault::SeveralSources { lines } => {
            let lines = on_lines(lines, language);
            say!(
                language,
                "подходят несколько источников с Helm, {lines}",
                "several Helm sources may be meant, {lines}"
            )
        }
        ValueFault::ValuesFrom { path } => {
            let path = inline(path);
            say!(
                language,
                "{path} здесь нет, и оно может приходить из кластера (valuesFrom)",
                "{path} isn't here, and may come from the cluster (valuesFrom)"
            )
        }
        ValueFault::FileParameter { path } => {
            let path = inline(path);
            say!(language, "{path} берётся из файла (fileParameters)", "{path} is read from a file (fileParameters)")
        }
        ValueFault::ForceString { value } => {
            let value = inline(value);
            say!(language, "Helm прочтёт {value} не как строку", "Helm would read {value} as no string")
        }
        ValueFault::NotLiteral => say!(
            language,
            "значения стоят в тексте, который не записан блоком |",
            "the values stand in a text that isn't written as a block with |"
        ),
    }
}

pub(super) fn remedy(fault: &ValueFault, language: Language) -> Option<String> {
    Some(match fault {
        ValueFault::Template => say!(
            language,
            "Меняйте значение в файле, из которого шаблон его берёт.",
            "Change the value in the file that the template takes it from."
        ),
        ValueFault::Placeholder { .. } => say!(
            language,
            "Меняйте то, что сюда подставляют (postBuild, envsubst).",
            "Change what is filled in for it (postBuild, envsubst)."
        ),
        ValueFault::NotAMap { .. } | ValueFault::NotAList { .. } => say!(
            language,
            "Проверьте путь по ключам: в списках пишут [0] или [name=app].",
            "Check the key path: in lists it has [0] or [name=app]."
        ),
        ValueFault::NotASingleValue { shape: Shape::Map, .. } => {
            say!(language, "Назовите ключ в нём.", "Name a key in it.")
        }
        ValueFault::NotASingleValue { shape: Shape::List, .. } => {
            say!(language, "Назовите элемент: [0] или [name=app].", "Name an item of it: [0] or [name=app].")
        }
        ValueFault::NotASingleValue { .. } => say!(
            language,
            "Запишите значение в одну строку, тогда его можно менять.",
            "Write the value on one line, then it can be changed."
        ),
        ValueFault::KindUnclear { value, .. } if value.is_empty() => say!(
            language,
            "--type string запишет \"\", --type null — null.",
            "--type string writes \"\", --type null writes null."
        ),
        ValueFault::KindUnclear { .. } => {
            say!(language, "Назовите тип: --type string|int|float|bool.", "Say the type: --type string|int|float|bool.")
        }
        ValueFault::KindMismatch { kind: ScalarKind::Truth, .. } => say!(
            language,
            "Напишите true или false; --type string запишет строку.",
            "Write true or false; --type string writes it as a string."
        ),
        ValueFault::KindMismatch { kind: ScalarKind::Whole, new, .. } if Number::parse(new).is_some() => say!(
            language,
            "--type float запишет число, --type string — строку.",
            "--type float writes it as a number, --type string as a string."
        ),
        ValueFault::KindMismatch { kind: ScalarKind::Notation, old, .. } if Number::parse(old).is_none() => {
            let old = inline(old);
            say!(
                language,
                "Напишите его так же, как {old}; --type int запишет десятичное число, --type string — строку.",
                "Write it the way {old} is written; --type int writes a decimal number, --type string a string."
            )
        }
        ValueFault::KindMismatch { kind: ScalarKind::Notation, .. } => say!(
            language,
            "Напишите обычное десятичное число; --type string запишет строку.",
            "Write a plain decimal number; --type string writes it as a string."
        ),
        ValueFault::KindMismatch { .. } => {
            say!(language, "--type string запишет строку.", "--type string writes it as a string.")
        }
        ValueFault::LaterDocument { .. } => {
            say!(language, "Перенесите значение в первый документ.", "Move the value to the first document.")
        }
        ValueFault::OtherDocument { .. } => say!(
            language,
            "edit image и edit replicas находят рабочие нагрузки во всех документах.",
            "edit image and edit replicas find workloads in all documents."
        ),
        ValueFault::NoManifest { .. } => {
            say!(language, "Проверьте файл и --name.", "Check the file and --name.")
        }
        ValueFault::SeveralManifests { .. } => {
            say!(language, "Назовите нужный: --name NAME.", "Name the one that is meant: --name NAME.")
        }
        ValueFault::ApplicationSet => {
            say!(language, "Меняйте файл значений самого приложения.", "Change the application's own values file.")
        }
        ValueFault::NoHelmSource => say!(
            language,
            "Значения задают файлы, из которых Application собирают.",
            "The values are set by the files that the Application is built from."
        ),
        ValueFault::SeveralSources { .. } => say!(
            language,
            "Меняйте значение сами или в файле значений.",
            "Change the value by hand, or in a values file."
        ),
        ValueFault::ValuesFrom { .. } => {
            say!(language, "Впишите значение в spec.values.", "Write the value into spec.values.")
        }
        ValueFault::FileParameter { .. } => say!(language, "Меняйте тот файл.", "Change that file."),
        ValueFault::ForceString { .. } => {
            say!(language, "Добавьте параметру forceString: true.", "Give the parameter forceString: true.")
        }
        ValueFault::NotLiteral => say!(language, "Запишите его блоком |.", "Write it as a block with |."),
    })
}

fn shaped(shape: Shape, language: Language) -> String {
    match shape {
        Shape::Single => say!(language, "одно значение", "a single value"),
        Shape::Text => say!(language, "текст из нескольких строк", "a text of several lines"),
        Shape::List => say!(language, "список", "a list"),
        Shape::Map => say!(language, "словарь", "a map"),
    }
}
