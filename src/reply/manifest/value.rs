//! What is told when a value at a key path can't be set.

use super::{SHOWN, numbers};
use crate::{
    domain::{
        language::Language,
        plan::{ScalarKind, Shape, ValueFault},
    },
    reply::{clean, compose::Text},
};

pub(super) fn explained(text: Text, fault: &ValueFault, language: Language) -> Text {
    let path = |path: &str| clean::inline(path, SHOWN);
    match fault {
        ValueFault::Template => text.marked(&say!(
            language,
            "Это шаблон Go (`{{{{ … }}}}`), а не YAML: бот такие не меняет.",
            "This is a Go template (`{{{{ … }}}}`), not YAML: the bot doesn't change such files."
        )),
        ValueFault::Placeholder { found } => {
            text.plain(say!(language, "Здесь стоит ", "Here stands ")).code(clean::inline(found, SHOWN)).plain(say!(
                language,
                ", место для подстановки (postBuild, envsubst): меняйте то, что подставляют.",
                ", which something else fills in (postBuild, envsubst): change what is filled in."
            ))
        }
        ValueFault::NotAMap { path: at, shape } => text.code(path(at)).plain(match shape {
            Shape::List | Shape::Map => {
                say!(language, ": здесь список, а не словарь.", ": a list stands there, not a map.")
            }
            Shape::Single => {
                say!(language, ": здесь простое значение, а не словарь.", ": a plain value stands there, not a map.")
            }
            Shape::Text => say!(
                language,
                ": здесь текст из нескольких строк, а не словарь.",
                ": a text of several lines stands there, not a map."
            ),
        }),
        ValueFault::NotASingleValue { path: at, shape } => text.code(path(at)).plain(match shape {
            Shape::List => {
                say!(language, ": здесь список, а не одно значение.", ": a list stands there, not a single value.")
            }
            Shape::Map | Shape::Single => {
                say!(language, ": здесь словарь, а не одно значение.", ": a map stands there, not a single value.")
            }
            Shape::Text => say!(
                language,
                ": здесь текст из нескольких строк, запишите его в одну.",
                ": a text of several lines stands there, write it on one."
            ),
        }),
        ValueFault::NotAList { path: at } => {
            text.code(path(at)).plain(say!(language, ": здесь не список.", ": no list stands there."))
        }
        ValueFault::KindUnclear { path: at, value } => text
            .plain(say!(language, "По значению ", "The value at "))
            .code(path(at))
            .plain(say!(
                language,
                " не видно, строка ли это или число. Скажите, чем должно стать ",
                " doesn't show whether a string or a number is meant. Say what is to become of "
            ))
            .code(clean::inline(value, 60))
            .plain("."),
        ValueFault::KindMismatch { old, new, kind } => {
            let text = text.plain(say!(language, "Здесь стоит ", "Here stands ")).code(clean::inline(old, 60));
            let text = text.plain(match kind {
                ScalarKind::Whole | ScalarKind::Notation => {
                    say!(language, ", целое число, и ", ", a whole number, and ")
                }
                ScalarKind::Float => say!(language, ", число, и ", ", a number, and "),
                ScalarKind::Truth => say!(language, ", логическое значение, и ", ", a truth value, and "),
                ScalarKind::Date => say!(language, ", дата, и ", ", a date, and "),
                ScalarKind::Other => say!(language, ", не строка, и ", ", no string, and "),
            });
            text.code(clean::inline(new, 60)).plain(say!(
                language,
                " записано не так же.",
                " isn't written the same way."
            ))
        }
        ValueFault::OtherDocument { path: at } => {
            text.plain(say!(language, "Значение ", "The value ")).code(path(at)).plain(say!(
                language,
                " стоит не в первом документе файла, а меняется только первый.",
                " isn't in the file's first document, and no other is changed."
            ))
        }
        ValueFault::LaterDocument { path: at } => {
            text.plain(say!(language, "Значение ", "The value ")).code(path(at)).plain(say!(
                language,
                " стоит не в первом документе файла, а Helm читает только первый.",
                " isn't in the file's first document, and Helm reads no other."
            ))
        }
        ValueFault::NoManifest { kind, name } => {
            let text = text.plain(say!(language, "Здесь нет документа ", "There is no ")).code(clean::inline(kind, 40));
            match name {
                Some(name) => {
                    text.plain(say!(language, " с именем ", " named ")).code(clean::inline(name, SHOWN)).plain(".")
                }
                None => text.plain("."),
            }
        }
        ValueFault::SeveralManifests { kind, lines } => {
            let lines = numbers(lines);
            text.plain(say!(language, "Документов ", "There are several ")).code(clean::inline(kind, 40)).plain(say!(
                language,
                " несколько, строки {lines}: назовите один в настройках бота.",
                " documents, on lines {lines}: name one in the bot's configuration."
            ))
        }
        ValueFault::ApplicationSet => text.plain(say!(
            language,
            "Это ApplicationSet: значение в нём относится сразу ко многим приложениям.",
            "This is an ApplicationSet: a value in it is one of many applications."
        )),
        ValueFault::NoHelmSource => text.plain(say!(
            language,
            "У этого Application нет источника с Helm.",
            "This Application has no Helm source."
        )),
        ValueFault::SeveralSources { lines } => {
            let lines = numbers(lines);
            text.plain(say!(
                language,
                "Подходят несколько источников с Helm, строки {lines}: неясно, какой менять.",
                "Several Helm sources may be meant, on lines {lines}: it isn't clear which one to change."
            ))
        }
        ValueFault::ValuesFrom { path: at } => text
            .plain(say!(language, "Значения ", "The value "))
            .code(path(at))
            .plain(say!(
                language,
                " здесь нет: оно может приходить из кластера (valuesFrom), там его не изменить. Впишите его в ",
                " isn't here: it may come from the cluster (valuesFrom), where it can't be changed. Write it into "
            ))
            .code("spec.values")
            .plain("."),
        ValueFault::FileParameter { path: at } => text
            .plain(say!(language, "Значение ", "The value "))
            .code(path(at))
            .plain(say!(language, " берётся из файла (fileParameters).", " is read from a file (fileParameters).")),
        ValueFault::ForceString { value } => text
            .plain(say!(language, "Helm прочтёт ", "Helm would read "))
            .code(clean::inline(value, 60))
            .plain(say!(language, " не как строку: добавьте параметру ", " as no string: give the parameter "))
            .code("forceString: true")
            .plain("."),
        ValueFault::NotLiteral => text.plain(say!(
            language,
            "Значения стоят в тексте, который не записан блоком «|»: перепишите его так.",
            "The values stand in a text that is not written as a block with “|”: rewrite it so."
        )),
    }
}
