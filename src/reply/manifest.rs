//! What is told when the manifests can't be changed as asked: the file, the line, what is wrong, and what to do.

mod value;

use super::{clean, compose::Text, edit, review};
use crate::domain::{
    language::Language,
    plan::{PlanError, PlanFault, UnsafeEdit},
};

/// The longest path and name shown.
const SHOWN: usize = 200;

pub(super) fn plan_error(error: &PlanError, language: Language) -> Text {
    let PlanError { file, at, fault } = error;
    if let PlanFault::TooManyReplicas { wanted, maximum } = fault {
        return Text::new().plain("🚫 ").bold(say!(language, "Слишком много реплик", "Too many replicas")).line(say!(
            language,
            "Запрошено реплик: {wanted}, здесь разрешено не больше {maximum}. Ничего не изменено.",
            "Replicas asked for: {wanted}, at most {maximum} allowed here. Nothing was changed."
        ));
    }
    if let PlanFault::Review(fault) = fault {
        return review::refused(file, fault, language);
    }
    let file = clean::inline(if file.as_str().is_empty() { "/" } else { file.as_str() }, SHOWN);
    let place = at.map_or_else(|| file.clone(), |at| format!("{file}:{at}"));
    let text = Text::new()
        .plain("🚫 ")
        .bold(say!(language, "Манифест нельзя изменить", "The manifest can't be changed"))
        .code_line(place)
        .newline();
    explained(text, fault, language).line(say!(
        language,
        "Ничего не изменено. Когда манифест поправят, повторите команду.",
        "Nothing was changed. Once the manifest is fixed, send the command again."
    ))
}

/// What is wrong, and mostly what to do about it.
pub(super) fn explained(text: Text, fault: &PlanFault, language: Language) -> Text {
    match fault {
        PlanFault::NoKustomization => text.marked(&say!(
            language,
            "В этой папке нет `kustomization.yaml`: проверьте файл или путь среды в настройках бота.",
            "This folder has no `kustomization.yaml`: check the file, or the environment's path in the bot's configuration."
        )),
        PlanFault::SeveralKustomizations(names) => text
            .plain(say!(
                language,
                "В папке несколько файлов kustomization, а должен быть один:",
                "The folder has several kustomization files where there must be one:"
            ))
            .block(list(names)),
        PlanFault::Unreadable(detail) => {
            text.plain(say!(language, "Файл не читается:", "The file can't be read:")).block(clean::block(detail))
        }
        PlanFault::Malformed(detail) => text
            .plain(say!(language, "Это не правильный YAML:", "This is not valid YAML:"))
            .block(clean::block(detail)),
        PlanFault::NotAKustomization { kind } => text
            .plain(say!(language, "Это не kustomization, а ", "This is no kustomization but "))
            .code(clean::inline(kind, SHOWN))
            .plain(say!(
                language,
                ": проверьте путь среды в настройках бота.",
                ": check the environment's path in the bot's configuration."
            )),
        PlanFault::NoEntry { section, name } => text
            .plain(say!(language, "В разделе ", "The section "))
            .code(clean::inline(section, 40))
            .plain(say!(language, " нет записи ", " has no entry "))
            .code(clean::inline(name, SHOWN))
            .plain(say!(
                language,
                ": добавьте её, и команда сможет её менять.",
                ": once it is added, the command can change it."
            )),
        PlanFault::Entry(fault) => text.code(clean::inline(&edit::entry_found(fault, language), SHOWN)),
        PlanFault::AmbiguousEntry { section, name, lines } => {
            let lines = numbers(lines);
            text.plain(say!(language, "В разделе ", "The section "))
                .code(clean::inline(section, 40))
                .plain(say!(language, " несколько записей ", " has several entries "))
                .code(clean::inline(name, SHOWN))
                .plain(say!(
                    language,
                    ", строки {lines}: оставьте одну.",
                    ", on lines {lines}: leave just one."
                ))
        }
        PlanFault::Unsafe(unsafe_edit) => not_safe(text, unsafe_edit, language),
        PlanFault::NoFile => text.plain(say!(
            language,
            "Такого файла в репозитории нет: проверьте путь в настройках бота.",
            "The repository has no such file: check the path in the bot's configuration."
        )),
        PlanFault::NoValue { path } => text
            .plain(say!(language, "Здесь нет значения ", "There is no value "))
            .code(clean::inline(path, SHOWN))
            .plain(say!(language, ": добавьте его, и команда сможет его менять.", ": once it is added, the command can change it.")),
        PlanFault::NoWorkload { name, found } => {
            let text = text
                .plain(say!(language, "Здесь нет рабочей нагрузки ", "There is no workload "))
                .code(clean::inline(name, SHOWN));
            others(text, found, language)
        }
        PlanFault::NoContainer { name, found } => {
            let text = text
                .plain(say!(language, "Здесь нет контейнера ", "There is no container "))
                .code(clean::inline(name, SHOWN));
            others(text, found, language)
        }
        PlanFault::SeveralWorkloads { found, lines } => {
            let lines = numbers(lines);
            text.plain(say!(
                language,
                "Подходит несколько рабочих нагрузок, строки {lines}:",
                "Several workloads match, on lines {lines}:"
            ))
            .block(list(found))
            .plain(say!(language, "Назовите вид и имя нужной.", "Name the kind and the name of the one that is meant."))
        }
        PlanFault::SeveralContainers { found, lines } => {
            let lines = numbers(lines);
            text.plain(say!(
                language,
                "Подходит несколько контейнеров, строки {lines}:",
                "Several containers match, on lines {lines}:"
            ))
            .block(list(found))
            .plain(say!(language, "Назовите нужный; имена не должны повторяться.", "Name the one that is meant; no name may stand twice."))
        }
        PlanFault::DifferentImages { name, found, lines } => {
            let lines = numbers(lines);
            text.plain(say!(language, "Образ ", "The image "))
                .code(clean::inline(name, SHOWN))
                .plain(say!(
                    language,
                    " стоит здесь в разных версиях, строки {lines}:",
                    " stands here in different versions, on lines {lines}:"
                ))
                .block(list(found))
                .plain(say!(
                    language,
                    "Назовите нужную рабочую нагрузку и контейнер.",
                    "Name the workload and the container that are meant."
                ))
        }
        PlanFault::TemplateElsewhere { workload, template } => text
            .plain(say!(language, "У ", "There are no containers in "))
            .code(clean::inline(workload, SHOWN))
            .plain(say!(language, " нет своих контейнеров, они в ", ", they are in "))
            .code(clean::inline(template, SHOWN))
            .plain(say!(language, ": меняйте образ там.", ": change the image there.")),
        PlanFault::NotAnImage { found } => text
            .plain(say!(language, "Это не образ с тегом, а, видимо, место для подстановки: ", "This is no image with a tag, perhaps a placeholder: "))
            .code(clean::inline(found, SHOWN)),
        PlanFault::NotACount { found } => text
            .plain(say!(
                language,
                "Это не целое число, а, видимо, место для подстановки: ",
                "This is no whole number, perhaps a placeholder: "
            ))
            .code(clean::inline(found, SHOWN)),
        PlanFault::HelmTemplate => text.plain(say!(
            language,
            "Это шаблон Helm, а не готовый YAML: меняйте значение в файле values.",
            "This is a Helm template, no finished YAML: change the value in the values file."
        )),
        PlanFault::SharedBase { environments } => text
            .plain(say!(
                language,
                "Этот файл общий, от него зависят и другие среды:",
                "This file is shared, other environments build from it too:"
            ))
            .block(list(environments))
            .marked(&say!(
                language,
                "Оператор может это разрешить: `shared_bases: allow` у среды в настройках бота.",
                "An operator can allow it: `shared_bases: allow` of the environment in the bot's configuration."
            )),
        PlanFault::SetNowhere { section, name, files } => text
            .plain(match section.as_str() {
                "replicas" => say!(language, "Здесь нет рабочей нагрузки ", "Nothing here has the workload "),
                _ => say!(language, "Здесь ничто не запускает образ ", "Nothing here runs the image "),
            })
            .code(clean::inline(name, SHOWN))
            .plain(say!(
                language,
                ": проверьте имя в настройках бота. Просмотрено:",
                ": check the name in the bot's configuration. Looked at:"
            ))
            .block(list(files)),
        PlanFault::OtherImage { place, found, wanted } => text
            .plain(say!(language, "В ", "At "))
            .code(clean::inline(place, SHOWN))
            .plain(say!(language, " стоит образ ", " stands the image "))
            .code(clean::inline(found, SHOWN))
            .plain(say!(language, ", а у приложения ", ", but the application has "))
            .code(clean::inline(wanted, SHOWN))
            .plain(say!(
                language,
                ": проверьте настройки бота.",
                ": check the bot's configuration."
            )),
        PlanFault::SeveralPlaces { name, places } => text
            .plain(say!(language, "Значение для ", "The value of "))
            .code(clean::inline(name, SHOWN))
            .plain(say!(
                language,
                " стоит в нескольких местах: оставьте одно или задайте его в kustomization этой среды.",
                " stands in several places: leave just one, or set it in this environment's own kustomization."
            ))
            .block(list(places)),
        PlanFault::Overridden => text.plain(say!(
            language,
            "Argo CD применяет этот файл после kustomization, поэтому коммит ничего бы не дал: меняйте значение в нём.",
            "Argo CD applies this file after the kustomization, so a commit would have no effect: change the value there."
        )),
        PlanFault::Value(fault) => value::explained(text, fault, language),
        PlanFault::Review(fault) => review::explained(text, fault, language),
        // Worded above.
        PlanFault::TooManyReplicas { .. } => text,
    }
}

fn not_safe(text: Text, fault: &UnsafeEdit, language: Language) -> Text {
    match fault {
        UnsafeEdit::Alias { name, anchor } => text
            .plain(say!(language, "Вместо значения стоит ссылка ", "In place of the value stands the alias "))
            .code(format!("*{}", clean::inline(name, 60)))
            .plain(say!(
                language,
                " на якорь в строке {anchor}: правка задела бы и другие места.",
                " of the anchor on line {anchor}: an edit would change other places as well."
            )),
        UnsafeEdit::Anchor { name, aliases } => {
            let text = text
                .plain(say!(language, "На значении стоит якорь ", "The value carries the anchor "))
                .code(format!("&{}", clean::inline(name, 60)));
            let lines = numbers(aliases);
            text.plain(match aliases.as_slice() {
                [] => say!(
                    language,
                    ": правка может задеть и другие места.",
                    ": an edit might change other places as well."
                ),
                _ => say!(
                    language,
                    ", на него ссылаются строки {lines}: правка задела бы и их.",
                    ", which lines {lines} refer to: an edit would change them as well."
                ),
            })
        }
        UnsafeEdit::NotAScalar => text.plain(say!(
            language,
            "Здесь не простое значение, а список, словарь или текст из нескольких строк.",
            "There is no plain value here but a list, a map or a text of several lines."
        )),
        UnsafeEdit::DuplicateKey { key, lines } => {
            let lines = numbers(lines);
            text.plain(say!(language, "Ключ ", "The key ")).code(clean::inline(key, 60)).plain(say!(
                language,
                " стоит несколько раз, строки {lines}: оставьте один.",
                " stands several times, on lines {lines}: leave just one."
            ))
        }
        UnsafeEdit::Sops => text.plain(say!(
            language,
            "Файл зашифрован SOPS: бот такие не меняет.",
            "The file is encrypted by SOPS: the bot doesn't change such files."
        )),
        UnsafeEdit::ProofFailed(detail) => text
            .plain(say!(
                language,
                "Проверка правки не прошла: изменилось бы не только это значение.",
                "The edit didn't pass its check: more than this value would have changed."
            ))
            .block(clean::block(detail)),
    }
}

/// What is there instead, if anything.
fn others(text: Text, found: &[String], language: Language) -> Text {
    match found {
        [] => text.plain(say!(language, ", и других нет.", ", nor any other.")),
        found => text.plain(say!(language, ". Есть:", ". There is:")).block(list(found)),
    }
}

fn list(names: &[String]) -> String {
    clean::block(&names.join("\n"))
}

fn numbers(lines: &[usize]) -> String {
    let shown: Vec<String> = lines.iter().take(8).map(usize::to_string).collect();
    format!("{}{}", shown.join(", "), if lines.len() > 8 { ", …" } else { "" })
}
