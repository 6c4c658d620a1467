//! Faults of the text in a file, as the editor finds them.

use super::{
    super::{compose::Text, manifest},
    entry, inline, list, on_lines, value,
};
use crate::domain::{
    language::Language,
    plan::{PlanFault, UnsafeEdit},
};

pub(super) fn found(fault: &PlanFault, placed: bool, language: Language) -> String {
    match fault {
        PlanFault::NoKustomization => say!(
            language,
            "здесь нет kustomization.yaml, kustomization.yml или Kustomization",
            "there is no kustomization.yaml, kustomization.yml or Kustomization here"
        ),
        PlanFault::SeveralKustomizations(names) => {
            let names = list(names);
            say!(language, "здесь несколько файлов kustomization: {names}", "several kustomization files: {names}")
        }
        PlanFault::Unreadable(detail) => {
            let detail = inline(detail);
            say!(language, "файл не читается: {detail}", "the file can't be read: {detail}")
        }
        PlanFault::Malformed(detail) => {
            let detail = inline(detail);
            say!(language, "это не читается как YAML: {detail}", "can't be read as YAML: {detail}")
        }
        PlanFault::NoEntry { section, name } => {
            let (section, name) = (inline(section), inline(name));
            if placed {
                say!(
                    language,
                    "в {section} нет записи {name}, но, возможно, за неё стоит эта",
                    "{section} has no entry named {name}, but this one may stand for it"
                )
            } else {
                say!(language, "в {section} нет записи {name}", "{section} has no entry named {name}")
            }
        }
        PlanFault::AmbiguousEntry { section, name, lines } => {
            let (section, name, lines) = (inline(section), inline(name), on_lines(lines, language));
            say!(
                language,
                "в {section} несколько записей {name}, {lines}",
                "{section} has several entries named {name}, {lines}"
            )
        }
        PlanFault::Entry(fault) => entry::found(fault, language),
        PlanFault::Unsafe(fault) => unsafe_found(fault, language),
        PlanFault::NoFile => say!(language, "такого файла нет", "no such file"),
        PlanFault::NoValue { path } => {
            let path = inline(path);
            say!(language, "здесь нет значения {path}", "there is no value at {path}")
        }
        PlanFault::NoWorkload { name, found } => {
            let (name, found) = (inline(name), list(found));
            say!(
                language,
                "здесь нет рабочей нагрузки {name}; есть {found}",
                "there is no workload named {name}; there is {found}"
            )
        }
        // Containers are looked for by their image here.
        PlanFault::NoContainer { name, found } => {
            let (name, found) = (inline(name), list(found));
            say!(
                language,
                "ни у одного контейнера нет образа {name}; есть {found}",
                "no container has the image {name}; there is {found}"
            )
        }
        PlanFault::SharedBase { environments } => {
            let environments = list(environments);
            say!(
                language,
                "от этого файла зависят и другие среды: {environments}",
                "other environments build from this file too: {environments}"
            )
        }
        PlanFault::Overridden => say!(
            language,
            "Argo CD применяет этот файл после kustomization",
            "Argo CD applies this file after the kustomization"
        ),
        PlanFault::SeveralWorkloads { found, lines } => {
            let (found, lines) = (list(found), on_lines(lines, language));
            say!(
                language,
                "подходит несколько рабочих нагрузок: {found}, {lines}",
                "several workloads match: {found}, {lines}"
            )
        }
        PlanFault::DifferentImages { name, found, lines } => {
            let (name, found, lines) = (inline(name), list(found), on_lines(lines, language));
            say!(
                language,
                "образ {name} стоит здесь в разных версиях: {found}, {lines}",
                "the image {name} stands here in different versions: {found}, {lines}"
            )
        }
        PlanFault::HelmTemplate => {
            say!(language, "это шаблон Go, а не YAML", "a Go template stands here, not YAML")
        }
        PlanFault::NotAKustomization { kind } => {
            let kind = inline(kind);
            say!(language, "это не kustomization, а {kind}", "no kustomization but {kind}")
        }
        PlanFault::SeveralContainers { found, lines } => {
            let (found, lines) = (list(found), on_lines(lines, language));
            say!(
                language,
                "подходит несколько контейнеров: {found}, {lines}",
                "several containers match: {found}, {lines}"
            )
        }
        PlanFault::TemplateElsewhere { workload, template } => {
            let (workload, template) = (inline(workload), inline(template));
            say!(
                language,
                "у {workload} нет своих контейнеров, они в {template}",
                "{workload} has no containers of its own, they are in {template}"
            )
        }
        PlanFault::NotAnImage { found } => {
            let found = inline(found);
            say!(language, "{found} — не образ", "{found} is no image")
        }
        PlanFault::NotACount { found } => {
            let found = inline(found);
            say!(language, "{found} — не число реплик", "{found} is no replica count")
        }
        PlanFault::Value(fault) => value::found(fault, language),
        PlanFault::TooManyReplicas { wanted, maximum } => say!(
            language,
            "{wanted} реплик, а разрешено не больше {maximum}",
            "{wanted} replicas, and no more than {maximum} are allowed"
        ),
        other => said_in_chats(other, language),
    }
}

/// What a chat is told of the fault, as one line.
fn said_in_chats(fault: &PlanFault, language: Language) -> String {
    let said = manifest::explained(Text::new(), fault, language).build().to_plain();
    inline(&said)
}

pub(super) fn remedy(fault: &PlanFault, placed: bool, language: Language) -> Option<String> {
    Some(match fault {
        PlanFault::NoKustomization => say!(
            language,
            "Назовите другую папку или файл: tiphys edit … DIR, --file FILE.",
            "Name another folder, or the file: tiphys edit … DIR, --file FILE."
        ),
        PlanFault::SeveralKustomizations(_) => say!(
            language,
            "Оставьте один: kustomize такую папку не собирает.",
            "Leave one of them: kustomize doesn't build such a folder."
        ),
        PlanFault::Malformed(_) => {
            say!(language, "Поправьте файл в этом месте.", "Correct the file at this place.")
        }
        PlanFault::NoEntry { .. } if placed => say!(
            language,
            "Назовите её так, как она записана, или поправьте её.",
            "Name it as it is written there, or correct it."
        ),
        // There new entries are put in unless that was ruled out.
        PlanFault::NoEntry { section, .. } if section == "images" => say!(
            language,
            "Проверьте имя: хост и порт входят в него. Без --no-add добавится новая запись.",
            "Check the name: host and port belong to it. Without --no-add a new entry is put in."
        ),
        PlanFault::NoEntry { section, .. } if section.ends_with("images") => say!(
            language,
            "Проверьте имя: хост и порт входят в него. Новую запись добавит --add.",
            "Check the name: host and port belong to it. --add puts a new entry in."
        ),
        PlanFault::NoEntry { .. } => say!(
            language,
            "Проверьте имя: сборка упадёт на записи, к которой ничего не подходит. Новую запись добавит --add.",
            "Check the name: an entry that matches nothing breaks the build. --add puts a new entry in."
        ),
        PlanFault::AmbiguousEntry { .. } => say!(language, "Оставьте одну.", "Leave just one."),
        PlanFault::Entry(fault) => return entry::remedy(fault, language),
        PlanFault::Unsafe(fault) => return unsafe_remedy(fault, language),
        PlanFault::NoFile => say!(language, "Проверьте путь.", "Check the path."),
        // Items of lists are never put in.
        PlanFault::NoValue { path } if path.ends_with(']') => say!(
            language,
            "Проверьте, что в скобках. Новых элементов --add не добавляет: впишите его сами.",
            "Check what is in the brackets. --add puts no items into lists: write it in by hand."
        ),
        PlanFault::NoValue { .. } => say!(
            language,
            "Проверьте путь по ключам. Новое значение добавит --add.",
            "Check the key path. --add puts a new value in."
        ),
        PlanFault::NoWorkload { .. } => say!(language, "Возьмите одно из этих имён.", "Take one of these names."),
        PlanFault::NoContainer { .. } => say!(
            language,
            "Назовите образ так, как он записан: с хостом и портом, без тега.",
            "Name the image as it is written there: with host and port, without its tag."
        ),
        PlanFault::SharedBase { .. } => {
            say!(language, "Меняйте файл самой среды.", "Change the environment's own file.")
        }
        PlanFault::Overridden => say!(language, "Меняйте значение в нём.", "Change the value there."),
        PlanFault::SeveralWorkloads { found, .. } => {
            let one = inline(found.first().map_or("Deployment/web", String::as_str));
            say!(
                language,
                "Назовите и вид: edit replicas {one}=N, edit image … --workload {one}.",
                "Name the kind as well: edit replicas {one}=N, edit image … --workload {one}."
            )
        }
        PlanFault::DifferentImages { .. } => say!(
            language,
            "Назовите рабочую нагрузку: --workload KIND/NAME.",
            "Name the workload that is meant: --workload KIND/NAME."
        ),
        PlanFault::HelmTemplate => say!(
            language,
            "Меняйте значение в файле, из которого шаблон его берёт.",
            "Change the value in the file that the template takes it from."
        ),
        PlanFault::NotAKustomization { .. } => say!(
            language,
            "Назовите другой файл или дайте этому другое имя.",
            "Name another file, or give this one another name."
        ),
        PlanFault::SeveralContainers { .. } => {
            say!(language, "Имена не должны повторяться.", "No name may stand twice.")
        }
        PlanFault::TemplateElsewhere { .. } => say!(language, "Меняйте образ там.", "Change the image there."),
        PlanFault::NotAnImage { .. } | PlanFault::NotACount { .. } => say!(
            language,
            "Похоже на место для подстановки: меняйте то, что сюда подставляют.",
            "Perhaps a placeholder: change what is filled in for it."
        ),
        PlanFault::Value(fault) => return value::remedy(fault, language),
        PlanFault::TooManyReplicas { .. } => say!(
            language,
            "Если столько и нужно, поднимите предел: --max N.",
            "If so many are meant, raise the limit: --max N."
        ),
        // The wording of chats says both what was found and what to do.
        _ => return None,
    })
}

fn unsafe_found(fault: &UnsafeEdit, language: Language) -> String {
    match fault {
        UnsafeEdit::Alias { name, anchor } => {
            let name = inline(name);
            say!(
                language,
                "вместо значения стоит ссылка *{name} на якорь в строке {anchor}",
                "in place of the value stands *{name}, an alias of the anchor on line {anchor}"
            )
        }
        UnsafeEdit::Anchor { name, aliases } if aliases.is_empty() => {
            let name = inline(name);
            say!(language, "на значении стоит якорь &{name}", "the value carries the anchor &{name}")
        }
        UnsafeEdit::Anchor { name, aliases } => {
            let (name, lines) = (inline(name), on_lines(aliases, language));
            say!(
                language,
                "на значении стоит якорь &{name}, ссылки на него {lines}",
                "the value carries the anchor &{name}, which is used {lines}"
            )
        }
        UnsafeEdit::NotAScalar => say!(
            language,
            "здесь не простое значение, а список, словарь или текст из нескольких строк",
            "no plain value stands here but a list, a map or a text of several lines"
        ),
        UnsafeEdit::DuplicateKey { key, lines } => {
            let (key, lines) = (inline(key), on_lines(lines, language));
            say!(language, "ключ {key} стоит {lines}", "the key {key} stands {lines}")
        }
        UnsafeEdit::Sops => say!(language, "файл зашифрован SOPS", "the file is encrypted by SOPS"),
        UnsafeEdit::ProofFailed(detail) => {
            let detail = inline(detail);
            say!(
                language,
                "изменилось бы не только это значение: {detail}",
                "more than this value would change: {detail}"
            )
        }
    }
}

fn unsafe_remedy(fault: &UnsafeEdit, language: Language) -> Option<String> {
    Some(match fault {
        UnsafeEdit::Alias { .. } => say!(
            language,
            "Запишите здесь само значение или поменяйте якорь: тогда оно сменится и в других местах.",
            "Write the value itself here, or change the anchor: then other places change with it."
        ),
        UnsafeEdit::Anchor { .. } => say!(
            language,
            "Поменяйте сами, если другие места должны смениться тоже; иначе запишите там само значение.",
            "Change it by hand if the other places are to change too; otherwise write the value itself there."
        ),
        UnsafeEdit::NotAScalar => say!(
            language,
            "Запишите значение в одну строку, тогда его можно менять.",
            "Write the value on one line, then it can be changed."
        ),
        UnsafeEdit::DuplicateKey { .. } => say!(
            language,
            "Оставьте один: разные программы читают разные.",
            "Leave just one: which of them counts depends on the reader."
        ),
        UnsafeEdit::Sops => say!(
            language,
            "Меняйте его командой sops: подпись SOPS покрывает и незашифрованное.",
            "Change it by the sops command: its signature covers what isn't encrypted as well."
        ),
        UnsafeEdit::ProofFailed(_) => say!(
            language,
            "Поменяйте значение сами; о таком файле стоит сообщить.",
            "Change the value by hand; such a file is worth a report."
        ),
    })
}
