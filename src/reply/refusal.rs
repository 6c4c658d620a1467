//! What is told of refused requests: why, that nothing was changed, and what would work.

use super::{
    clean,
    compose::{Text, button, button_in_place},
    denial, fault, manifest,
    message::Button,
    nodes, quantity, registry_fault,
};
use crate::domain::{
    answer::Refusal,
    catalogue::{ResolveError, Site},
    language::Language,
    name::{ImageName, Tag},
    nearest::alike,
    registry_fault::RegistryFault,
};

/// How many names of a list are shown.
const LISTED: usize = 12;

/// The longest name shown in a sentence.
const SHOWN: usize = 130;

pub(super) fn refusal(refusal: &Refusal, language: Language) -> Text {
    match refusal {
        Refusal::Denied(reason) => denial::denial(*reason, language),
        Refusal::Grammar(error) => fault::fault(error, language),
        Refusal::Target(error) => target(error, language).line(say!(
            language,
            "Ничего не изменено. Все приложения и среды: /apps",
            "Nothing was changed. All applications and environments: /apps"
        )),
        Refusal::Question(error) => target(error, language).line(say!(
            language,
            "Все приложения и среды: /apps",
            "All applications and environments: /apps"
        )),
        Refusal::NoImage { image, server, change } => no_image(image, server, *change, language),
        Refusal::NoBranch { branch, repository } => no_branch(branch, repository.as_deref(), language),
        Refusal::UnknownTag { site, image, tag, nearest } => unknown_tag(site, image, tag, nearest, language),
        Refusal::NoPage { page, last, command } => Text::new()
            .plain("❓ ")
            .plain(say!(
                language,
                "Страницы {page} нет, последняя — {last}: ",
                "There is no page {page}, the last is {last}: "
            ))
            .code(command.clone())
            .row([button_in_place(format!("◀ {last}/{last}"), command.clone())]),
        Refusal::UnknownNode { change, node, nearest } => {
            let text = title(say!(language, "Нет такого узла", "No such node"));
            let text = text.line(say!(language, "В кластере нет узла ", "The cluster has no node "));
            let text = text.code(node.as_str()).plain(". ").plain(unchanged(language));
            nodes::unknown(text, *change, nearest, language)
        }
        Refusal::LastOpenNode { node } => {
            let text = title(say!(language, "Это последний открытый узел", "This is the last open node"));
            nodes::last_open(text.code_line(node.as_str()), node, language)
        }
        Refusal::RegistryDown { image, fault } => registry_down(image, fault, language),
        Refusal::Plan(error) => manifest::plan_error(error, language),
        Refusal::Autoscaled { site, autoscaler } => autoscaled(site, autoscaler, language),
        Refusal::Overridden { site, overrides } => overridden(site, overrides, language),
        Refusal::PushRefused { message } => push_refused(message, language),
        Refusal::RequestIdTaken { request_id, revision, subject } => {
            title(say!(language, "Этот номер запроса уже занят", "This request id is taken"))
                .line(say!(language, "С номером ", "With the id "))
                .code(request_id.as_str())
                .plain(say!(
                    language,
                    " уже выполнена другая команда, коммит ",
                    " another command was carried out, commit "
                ))
                .code(revision.short())
                .plain(": ")
                .code(clean::inline(subject, SHOWN))
                .plain(". ")
                .plain(unchanged(language))
                .line(say!(language, "Для новой команды нужен новый номер.", "A new command needs a new id."))
        }
        Refusal::Busy { waiting, repository } => {
            let commands = quantity::commands(*waiting, language);
            let text = Text::new().plain("🚦 ").bold(say!(
                language,
                "Очередь полна: ждут {commands}",
                "The queue is full: {commands} are waiting"
            ));
            let text = match repository {
                Some(name) => text
                    .line(say!(language, "Репозиторий манифестов ", "The manifests repository "))
                    .code(name)
                    .plain("."),
                None => text,
            };
            text.line(unchanged(language))
                .plain(say!(
                    language,
                    " Повторите через минуту. Если не проходит: сервер git отвечает медленно, оператору проверить его и журнал бота.",
                    " Send the command again in a minute. If it stays so, the git server is slow: the operator checks it and the bot's log."
                ))
        }
        Refusal::ShuttingDown => Text::new().plain(say!(
            language,
            "🔌 Бот останавливается. Ничего не изменено; повторите через минуту.",
            "🔌 The bot is stopping. Nothing was changed; try again in a minute."
        )),
    }
}

fn title(text: String) -> Text {
    Text::new().plain("🚫 ").bold(text)
}

fn unchanged(language: Language) -> String {
    say!(language, "Ничего не изменено.", "Nothing was changed.")
}

fn target(error: &ResolveError, language: Language) -> Text {
    let question = |text: String| Text::new().plain("❓ ").plain(text);
    let unknown = |text: String, given: &str| Text::new().plain("❓ ").plain(text).code(clean::inline(given, SHOWN));
    match error {
        ResolveError::ApplicationNeeded { available } if available.is_empty() => question(say!(
            language,
            "В настройках бота нет ни одного приложения.",
            "The bot's configuration has no application."
        )),
        ResolveError::ApplicationNeeded { available } => names(
            question(say!(
                language,
                "Приложений несколько, назовите нужное в команде:",
                "There are several applications; name one in the command:"
            )),
            available.iter().cloned(),
            available.len(),
            language,
        ),
        ResolveError::NoReviews { application } => {
            let text = question(say!(
                language,
                "Review-окружения не настроены (нет раздела review)",
                "No review environments are configured (there is no section review)"
            ));
            match application {
                Some(name) => text
                    .plain(say!(language, " у приложения ", " for the application "))
                    .code(clean::inline(name, SHOWN)),
                None => text,
            }
        }
        ResolveError::EnvironmentNeeded { application, available } => names(
            question(say!(
                language,
                "Сред несколько, назовите нужную в команде:",
                "There are several environments; name one in the command:"
            )),
            available.iter().map(|environment| format!("{application}/{environment}")),
            available.len(),
            language,
        ),
        ResolveError::UnknownApplication { given, nearest } => {
            let text = unknown(say!(language, "Нет приложения ", "No application "), given);
            similar(text, given, nearest, |name| name.to_owned(), language)
        }
        ResolveError::UnknownEnvironment { application, given, nearest } => {
            let label = format!("{application}/{given}");
            let text = unknown(say!(language, "Нет среды ", "No environment "), &label);
            similar(text, given, nearest, |environment| format!("{application}/{environment}"), language)
        }
    }
}

/// The nearest names, which needn't be near.
fn similar(text: Text, given: &str, nearest: &[String], shown: impl Fn(&str) -> String, language: Language) -> Text {
    let Some(best) = nearest.first() else { return text };
    let title = match alike(given, best) {
        true => say!(language, ". Похожие:", ". Nearest:"),
        false => say!(language, ". Есть:", ". There are:"),
    };
    names(text.plain(title), nearest.iter().map(|name| shown(name)), nearest.len(), language)
}

/// Names, each on a line of its own in code.
fn names(text: Text, items: impl Iterator<Item = String>, count: usize, language: Language) -> Text {
    let text = items.take(LISTED).fold(text, |text, name| text.code_line(clean::inline(&name, SHOWN)));
    match count.checked_sub(LISTED) {
        None | Some(0) => text,
        Some(more) => text.line(say!(language, "… и ещё {more}", "… and {more} more")),
    }
}

fn no_branch(branch: &str, repository: Option<&str>, language: Language) -> Text {
    let text = match repository {
        Some(repository) => title(say!(language, "В репозитории ", "The repository "))
            .code(clean::inline(repository, SHOWN))
            .bold(say!(language, " нет ветки ", " has no branch ")),
        None => title(say!(language, "В репозитории нет ветки ", "The repository has no branch ")),
    };
    text.code(clean::inline(branch, SHOWN)).line(unchanged(language)).marked(&say!(
        language,
        " Оператору проверить `branch` репозитория в настройках бота: ветку могли переименовать или удалить.",
        " The operator checks the repository's `branch` in the bot's configuration: the branch may have been renamed or deleted."
    ))
}

fn unknown_tag(site: &Site, image: &ImageName, tag: &Tag, nearest: &[String], language: Language) -> Text {
    let text = title(say!(language, "Нет такой версии", "No such version"))
        .line(say!(language, "В реестре нет тега ", "The registry has no tag "))
        .code(tag.as_str())
        .plain(say!(language, " образа ", " of "))
        .code(image.as_str())
        .plain(". ")
        .plain(unchanged(language));
    let offered: Vec<String> = nearest.iter().take(3).map(|tag| clean::inline(tag, SHOWN)).collect();
    if offered.is_empty() {
        return text.line(say!(language, "Других тегов у образа тоже нет.", "The image has no other tags either."));
    }
    let mut text = text.line(say!(language, "Ближайшие: ", "Nearest: "));
    for (index, tag) in offered.iter().enumerate() {
        text = text.plain(if index > 0 { ", " } else { "" }).code(tag.clone());
    }
    text.row(offered.iter().filter_map(|tag| deploy_button(&site.label(), tag)))
}

/// A button that deploys a tag, when the tag is one.
pub(super) fn deploy_button(label: &str, tag: &str) -> Option<Button> {
    let tag = Tag::new(tag).ok()?;
    Some(button(format!("🚀 {tag}"), format!("/deploy {label} {tag}")))
}

fn registry_down(image: &ImageName, fault: &RegistryFault, language: Language) -> Text {
    let text = title(registry_fault::title(&fault.reason, language)).code_line(image.as_str());
    registry_fault::line(text, fault, language)
        .line(say!(
            language,
            "Есть ли такая версия, не проверить, поэтому отказ. Ничего не изменено. ",
            "Whether there is such a version can't be checked, hence the refusal. Nothing was changed. "
        ))
        .marked(&registry_fault::advice(&fault.reason, language))
        .line(say!(
            language,
            "Без проверки — только из командной строки, с ключом ",
            "Without the check only from the command line, with "
        ))
        .code("--force")
        .plain(".")
}

fn no_image(image: &ImageName, server: &str, change: bool, language: Language) -> Text {
    let text = title(say!(
        language,
        "Такого образа в реестре нет, или токену он не виден",
        "The registry has no such image, or the token can't see it"
    ))
    .code_line(image.as_str())
    .line(say!(language, "Реестр ", "The registry "))
    .code(clean::inline(server, SHOWN))
    .plain(".")
    .newline();
    let text = if change { text.plain(unchanged(language)).plain(" ") } else { text };
    text.marked(&say!(
        language,
        "Оператору проверить в настройках бота `image` и `registry.url`, а если они верны — права токена.",
        "The operator checks `image` and `registry.url` in the bot's configuration and, if they are right, what the token may read."
    ))
}

fn autoscaled(site: &Site, autoscaler: &str, language: Language) -> Text {
    title(say!(language, "Число реплик задаёт автомасштабирование", "The replica count is autoscaled"))
        .line(say!(language, "В ", "In "))
        .code(site.label())
        .plain(say!(language, " им управляет HorizontalPodAutoscaler ", " the HorizontalPodAutoscaler "))
        .code(clean::inline(autoscaler, SHOWN))
        .marked(&say!(
            language,
            ": он тут же вернул бы своё. Меняйте его `minReplicas` и `maxReplicas`. ",
            " sets it and would take it back at once. Change its `minReplicas` and `maxReplicas`. "
        ))
        .plain(unchanged(language))
}

fn overridden(site: &Site, overrides: &[String], language: Language) -> Text {
    let argocd = &site.environment.argocd;
    title(say!(language, "Значение перекрыто в Argo CD", "The value is overridden in Argo CD"))
        .line(say!(language, "Application ", "The Application "))
        .code(clean::inline(&format!("{}/{}", argocd.namespace, argocd.name), SHOWN))
        .plain(say!(language, " задаёт его сам, поверх манифестов:", " sets it itself, over the manifests:"))
        .block(clean::block(&overrides.join("\n")))
        .plain(say!(
            language,
            "Коммит ничего бы не дал. Уберите это из Application и повторите команду. ",
            "A commit would have no effect. Remove that from the Application and send the command again. "
        ))
        .plain(unchanged(language))
}

fn push_refused(message: &str, language: Language) -> Text {
    title(say!(language, "Сервер git не принял коммит", "The git server refused the commit"))
        .block(clean::block(message))
        .plain(unchanged(language))
        .plain(say!(
            language,
            " Повтор не поможет: сначала оператору нужно дать боту право писать в ветку или изменить правила сервера.",
            " Trying again won't help before the operator lets the bot write to the branch or changes the server's rules."
        ))
}
