//! Faults of values at key paths.

use super::{inline, on_lines};
use crate::domain::{language::Language, plan::ValueFault};

pub(super) fn found(fault: &ValueFault, language: Language) -> String {
    match fault {
        ValueFault::Template => say!(language, "это шаблон Go, а не YAML", "a Go template stands here, not YAML"),
        ValueFault::NotAMap { path, list } => {
            let path = inline(path);
            match list {
                true => say!(language, "{path} — список, а не словарь", "{path} is a list, not a map"),
                false => {
                    say!(language, "{path} — простое значение, а не словарь", "{path} is a plain value, not a map")
                }
            }
        }
        ValueFault::NotAList { path } => {
            let path = inline(path);
            say!(language, "{path} — не список", "{path} is no list")
        }
        ValueFault::KindUnclear { path, value } => {
            let (path, value) = (inline(path), inline(value));
            say!(
                language,
                "чем должно стать {value}, строкой или нет, значение {path} не показывает",
                "whether {value} is to be a string or not, the value at {path} doesn't show"
            )
        }
        ValueFault::LaterDocument { path } => {
            let path = inline(path);
            say!(
                language,
                "{path} стоит не в первом документе, а Helm читает только первый",
                "{path} stands in a later document, and Helm reads the first one only"
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
        ValueFault::NotAMap { .. } | ValueFault::NotAList { .. } => say!(
            language,
            "Проверьте путь по ключам: в списках пишут [0] или [name=app].",
            "Check the key path: in lists it has [0] or [name=app]."
        ),
        ValueFault::KindUnclear { .. } => say!(
            language,
            "Скажите, что это: --type string, --type int или --type bool.",
            "Say what it is: --type string, --type int or --type bool."
        ),
        ValueFault::LaterDocument { .. } => {
            say!(language, "Перенесите значение в первый документ.", "Move the value to the first document.")
        }
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
