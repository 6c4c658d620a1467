//! Faults of entries: those of a kustomization, and of what Argo CD lays over one.

use super::{inline, on_lines};
use crate::domain::{language::Language, plan::EntryFault};

/// What was found.
pub(in crate::reply) fn found(fault: &EntryFault, language: Language) -> String {
    match fault {
        EntryFault::OtherMeant { section, name, other, line } => {
            let (section, name, other) = (inline(section), inline(name), inline(other));
            say!(
                language,
                "в {section} нет записи {name}, но, возможно, имеется в виду запись {other} в строке {line}",
                "{section} has no entry named {name}, but the entry {other} on line {line} may be meant"
            )
        }
        EntryFault::NotAnImageName { name } => {
            let name = inline(name);
            say!(language, "{name} — не имя образа", "{name} is not an image's name")
        }
        EntryFault::KindInName { name } => {
            let name = inline(name);
            say!(
                language,
                "в kustomization имя стоит одно, без вида, а не {name}",
                "in a kustomization the name stands alone, without a kind, and not {name}"
            )
        }
        EntryFault::NoReplicas => {
            say!(language, "у Kustomization Flux нет числа реплик", "a Flux Kustomization has no replicas")
        }
        EntryFault::OtherTool { key } => match key.as_str() {
            "chart" | "helm" => say!(language, "этот источник — чарт Helm", "this source is a Helm chart"),
            key => {
                let key = inline(key);
                say!(
                    language,
                    "этот источник собирает не kustomize ({key})",
                    "this source isn't built by kustomize ({key})"
                )
            }
        },
        EntryFault::SeveralSources { lines } => {
            let lines = on_lines(lines, language);
            say!(language, "источников несколько, {lines}", "several sources, {lines}")
        }
    }
}

pub(super) fn remedy(fault: &EntryFault, language: Language) -> Option<String> {
    Some(match fault {
        EntryFault::OtherMeant { other, .. } => {
            let other = inline(other);
            say!(
                language,
                "Напишите {other}:TAG или добавьте --add, чтобы завести отдельную запись.",
                "Write {other}:TAG, or add --add for an entry of its own."
            )
        }
        EntryFault::NotAnImageName { .. } => say!(
            language,
            "Имя — хост и путь строчными буквами, без http:// и тега: registry.example.org/team/app.",
            "A name is host and path in lower case, without http:// and tag: registry.example.org/team/app."
        ),
        EntryFault::KindInName { name } => {
            let name = inline(name.rsplit('/').next().unwrap_or(name));
            say!(language, "Напишите {name}=COUNT.", "Write {name}=COUNT.")
        }
        EntryFault::NoReplicas => say!(
            language,
            "Меняйте kustomization в папке, на которую она указывает (spec.path).",
            "Change the kustomization in the folder that it names (spec.path)."
        ),
        EntryFault::OtherTool { key } if matches!(key.as_str(), "chart" | "helm") => say!(
            language,
            "Назовите ключ: tiphys edit value image.tag=TAG (replicaCount=COUNT) --file FILE.",
            "Name the key: tiphys edit value image.tag=TAG (replicaCount=COUNT) --file FILE."
        ),
        EntryFault::OtherTool { .. } => {
            say!(language, "Меняйте файлы, из которых его собирают.", "Change the files that it is built from.")
        }
        EntryFault::SeveralSources { .. } => say!(
            language,
            "Впишите kustomize: {{}} в нужный источник.",
            "Write kustomize: {{}} into the one that is meant."
        ),
    })
}
