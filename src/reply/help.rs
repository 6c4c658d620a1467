//! Help: the menu, the list of commands, and each command in detail.

use super::compose::{Text, button};
use crate::{
    domain::{command::CommandName, language::Language},
    grammar::{
        ALL, CONFIRM,
        table::{Argument, COMMANDS, CommandSpec, Optional, spec},
    },
};

/// The commands for Telegram's menu, with descriptions.
#[must_use]
pub fn menu(language: Language) -> Vec<(&'static str, String)> {
    in_menu().map(|row| (row.word, capitalised(&summary(row.name, language)))).collect()
}

/// Telegram has a button of its own for `/start`.
fn in_menu() -> impl Iterator<Item = &'static CommandSpec> {
    COMMANDS.iter().filter(|row| row.name != CommandName::Start)
}

/// What the command does, in a few words that follow a dash.
pub(super) fn summary(name: CommandName, language: Language) -> String {
    match name {
        CommandName::Deploy => say!(language, "развернуть версию", "deploy a version"),
        CommandName::SetReplicas => say!(language, "задать число реплик", "set the number of replicas"),
        CommandName::Status => {
            say!(language, "что в git, в кластере и в реестре", "what git, the cluster and the registry have")
        }
        CommandName::ShowContainers => {
            say!(language, "версии образа в реестре", "the image's versions in the registry")
        }
        CommandName::GetPods => say!(language, "поды приложения", "the application's pods"),
        CommandName::GetNodes => say!(language, "узлы кластера", "the cluster's nodes"),
        CommandName::Cordon => say!(language, "не размещать новые поды на узле", "place no more pods on a node"),
        CommandName::Uncordon => say!(language, "снова размещать поды на узле", "place pods on a node again"),
        CommandName::GetLogs => say!(language, "последние строки лога пода", "the last lines of a pod's log"),
        CommandName::Events => say!(language, "что случилось за последний час", "what happened within the last hour"),
        CommandName::Describe => say!(language, "под или узел подробно", "a pod or a node in detail"),
        CommandName::Apps => say!(language, "приложения и среды", "applications and environments"),
        CommandName::WhoAmI => say!(language, "ваш ID и ID чата", "your ID and the chat's"),
        CommandName::Help => say!(language, "команды и примеры", "commands and examples"),
        CommandName::Start => say!(language, "приветствие", "the greeting"),
    }
}

/// What the command does, in full; backticks mark code.
pub(super) fn details(name: CommandName, language: Language) -> String {
    match name {
        CommandName::Deploy => say!(
            language,
            "Меняет тег образа в репозитории манифестов одним коммитом и следит, пока Argo CD не развернёт именно его. \
             Тег сначала ищется в реестре: чего там нет, то не коммитится. Если приложение и среда одни, называть их не \
             нужно. Повтор безопасен: второго коммита не будет.",
            "Changes the image's tag in the manifests repository with one commit, and follows Argo CD until that very \
             commit is live. The tag is looked up in the registry first: what isn't there isn't committed. Where there is \
             only one application and environment they need no naming. Repeating is safe: there won't be a second commit."
        ),
        CommandName::SetReplicas => say!(
            language,
            "Меняет число реплик в репозитории манифестов одним коммитом и следит, пока в кластере не станет столько же. \
             Больше разрешённого в настройках задать нельзя, как и там, где репликами управляет HorizontalPodAutoscaler. \
             `0` останавливает приложение.",
            "Changes the replica count in the manifests repository with one commit, and follows until the cluster has as \
             many. More than the configuration allows is refused, and so is any count where a HorizontalPodAutoscaler \
             sets it. `0` stops the application."
        ),
        CommandName::Status => say!(
            language,
            "Показывает, какая версия и сколько реплик записаны в git, что работает в кластере, что говорит Argo CD, \
             какая версия в реестре новейшая и кто менял последним. Без имени — все приложения.",
            "Shows which version and how many replicas git has, what the cluster runs, what Argo CD says, which version \
             in the registry is the newest, and who made the last change. Without a name, all applications."
        ),
        CommandName::ShowContainers => say!(
            language,
            "Показывает теги образа в реестре по десять на страницу: возраст, размер, начало digest; где какой записан в git и \
             где работает. Версии — по порядку версий, новые первыми, предварительные ниже своего выпуска. Прочие теги \
             (ветки) стоят перед первой версией, которая старше; если реестр не сообщает времени, то в конце, по имени. \
             Кнопки листают и разворачивают; если сред несколько, среду нужно выбрать или назвать. `all` — весь список \
             файлом, без размеров.",
            "Shows the image's tags in the registry, ten a page: age, size, the beginning of the digest; which of them git \
             has and which are running, and where. Versions stand in their order, newest first, a pre-release below its \
             release. Other tags (branches) stand before the first version that is older, and where the registry doesn't \
             tell the times, at the end, by name. Buttons turn pages and deploy; of several environments one has to be \
             chosen or named. `all` gives the whole list as a file, without sizes."
        ),
        CommandName::GetPods => say!(
            language,
            "Показывает поды, которые принадлежат Deployment приложения: готовность, состояние с настоящей причиной \
             (`CrashLoopBackOff`, `ImagePullBackOff`, `OOMKilled`, почему под ждёт), перезапуски, возраст, узел и тег \
             образа. Неисправные — первыми; во время обновления новые и прежние поды раздельно. Без имени — все приложения.",
            "Shows the pods that belong to the application's Deployment: readiness, status with the real reason \
             (`CrashLoopBackOff`, `ImagePullBackOff`, `OOMKilled`, why a pod is pending), restarts, age, node and image \
             tag. Failing ones come first; during a rollout new and old pods stand apart. Without a name, all applications."
        ),
        CommandName::GetNodes => say!(
            language,
            "Показывает узлы: внешний адрес (`ExternalIP`, иначе `ExternalDNS`), можно ли разместить на узле под и если \
             нет, то почему, роли, версию и сколько на нём подов. Узлы, куда поды не попадут, — первыми.",
            "Shows the nodes: the external address (`ExternalIP`, otherwise `ExternalDNS`), whether pods can be placed \
             there and if not why, roles, version, and how many pods are on it. Nodes that take no pods come first."
        ),
        CommandName::Cordon => say!(
            language,
            "Закрывает узел для новых подов; те, что на нём, остаются. Нужно право `nodes` в настройках. Повтор безопасен. \
             Последний узел, открытый для всех подов, — только с подтверждением.",
            "Closes a node to new pods; those on it stay. Needs the right `nodes` in the configuration. Repeating is safe. \
             The last node that is open to all pods is closed only when that is confirmed."
        ),
        CommandName::Uncordon => say!(
            language,
            "Снова открывает узел для подов. Нужно право `nodes` в настройках. Повтор безопасен.",
            "Opens a node to pods again. Needs the right `nodes` in the configuration. Repeating is safe."
        ),
        CommandName::GetLogs => say!(
            language,
            "Показывает последние 30 строк лога. Имя пода можно сократить, пока понятно, о каком речь (`xk2lp`), или дать \
             с namespace (`oil-refinery/имя`); только из тех, где работают приложения. Контейнер нужен, если их несколько. \
             `previous` — лог прошлого запуска, того, что упал. Секреты скрываются; что не помещается в сообщение, \
             приходит файлом.",
            "Shows the last 30 lines of a log. A pod's name may be shortened while it is clear which one is meant \
             (`xk2lp`), or given with its namespace (`oil-refinery/name`); only of those in which the applications run. \
             The container is needed where there are several. `previous` is the log of the run before, the one that \
             crashed. Secrets are masked; what doesn't fit a message comes as a file."
        ),
        CommandName::Events => say!(
            language,
            "Показывает события Kubernetes о Deployment приложения, его ReplicaSet и подах (и тех, которых уже нет), новые \
             первыми. Kubernetes хранит события около часа. Без имени — все приложения.",
            "Shows Kubernetes' events about the application's Deployment, its ReplicaSets and pods (those that are gone, \
             too), newest first. Kubernetes keeps events for about an hour. Without a name, all applications."
        ),
        CommandName::Describe => say!(
            language,
            "Показывает под подробно: узел, адрес, что его создало, почему он не готов, каждый контейнер с образом, \
             перезапусками и тем, как он закончился, и последние события. Имя пода можно сократить, как для логов. Узел — \
             адрес, роли, версия, можно ли размещать на нём поды, и последние события.",
            "Shows a pod in detail: node, address, what made it, why it isn't ready, each container with its image, restarts \
             and how it ended, and the latest events; a pod's name may be shortened as for logs. Of a node it shows the \
             address, roles, version, whether pods can be placed there, and the latest events."
        ),
        CommandName::Apps => say!(
            language,
            "Показывает приложения и среды, которые знает бот: эти имена годятся для других команд.",
            "Shows the applications and environments that the bot knows: these names are for the other commands."
        ),
        CommandName::WhoAmI => say!(
            language,
            "Показывает ваш числовой ID и ID чата: оператор вписывает их в настройки, чтобы дать доступ. \
             Отвечает всем.",
            "Shows your numeric ID and the chat's: an operator puts them into the configuration to give access. Answers \
             everybody."
        ),
        CommandName::Help => say!(
            language,
            "Без имени — список команд, с именем — подробности и примеры.",
            "Without a name the list of commands, with one its details and examples."
        ),
        CommandName::Start => {
            say!(language, "Показывает приветствие. Отвечает всем.", "Shows the greeting. Answers everybody.")
        }
    }
}

/// `/deploy [APP[/ENV]] VERSION`.
pub(super) fn form(row: &CommandSpec, language: Language) -> String {
    row.arguments.iter().fold(format!("/{}", row.word), |form, (argument, optional)| {
        let argument = placeholder(*argument, language);
        match optional {
            Optional::Yes => format!("{form} [{argument}]"),
            Optional::No => format!("{form} {argument}"),
        }
    })
}

/// What stands for an argument in a form.
pub(super) fn placeholder(argument: Argument, language: Language) -> String {
    match argument {
        Argument::Target => say!(language, "ПРИЛОЖЕНИЕ[/СРЕДА]", "APP[/ENV]"),
        Argument::Version => say!(language, "ВЕРСИЯ", "VERSION"),
        Argument::Count => say!(language, "ЧИСЛО", "N"),
        Argument::Command => say!(language, "КОМАНДА", "COMMAND"),
        Argument::Node => say!(language, "УЗЕЛ", "NODE"),
        Argument::Page => say!(language, "СТРАНИЦА", "PAGE"),
        Argument::PageOrAll => say!(language, "СТРАНИЦА|{ALL}", "PAGE|{ALL}"),
        Argument::Confirm => CONFIRM.to_owned(),
        Argument::Pod => say!(language, "ПОД", "POD"),
        Argument::PodOrNode => say!(language, "ПОД|УЗЕЛ", "POD|NODE"),
        Argument::Container => say!(language, "КОНТЕЙНЕР", "CONTAINER"),
        Argument::Previous => "previous".to_owned(),
    }
}

/// What is expected as an argument; the end of a sentence.
pub(super) fn expected(argument: Argument, language: Language) -> String {
    match argument {
        Argument::Target => say!(
            language,
            "приложение или приложение/среда (имена — из /apps)",
            "an application or application/environment (/apps lists them)"
        ),
        Argument::Version => say!(
            language,
            "тег образа (латинские буквы, цифры, «_», «.» и «-»; до 128 знаков; в начале не точка и не дефис)",
            "an image tag (Latin letters, digits, “_”, “.” and “-”; at most 128; not beginning with a dot or hyphen)"
        ),
        Argument::Count => say!(
            language,
            "целое число от 0 (только цифры, без знака и нулей впереди)",
            "a whole number from 0 (digits only, no sign, no leading zeros)"
        ),
        Argument::Node => say!(
            language,
            "имя узла (строчные латинские буквы, цифры, дефис и точка; имена — из /get_nodes)",
            "a node's name (lower-case Latin letters, digits, hyphens and dots; /get_nodes lists them)"
        ),
        Argument::Page => {
            say!(language, "номер страницы, целое число от 1", "the number of a page, a whole number from 1")
        }
        Argument::PageOrAll => say!(
            language,
            "номер страницы, целое число от 1, или {ALL} — все сразу",
            "the number of a page, a whole number from 1, or {ALL} for all at once"
        ),
        Argument::Confirm => {
            say!(
                language,
                "слово confirm: и для последнего открытого узла",
                "the word confirm: even for the last open node"
            )
        }
        Argument::Command => {
            say!(language, "имя команды, можно с косой чертой", "a command's name, with or without slash")
        }
        Argument::Pod => say!(
            language,
            "имя пода или его часть, можно с namespace (строчные латинские буквы, цифры, «-» и «.»)",
            "a pod's name or a part of it, perhaps with its namespace (lower-case Latin letters, digits, “-” and “.”)"
        ),
        Argument::PodOrNode => say!(
            language,
            "имя пода, его часть или имя узла; pod/… и node/…, если подходят оба",
            "a pod's name, a part of it, or a node's name; pod/… and node/… where both fit"
        ),
        Argument::Container => say!(
            language,
            "имя контейнера (строчные латинские буквы, цифры и дефис)",
            "a container's name (lower-case Latin letters, digits and hyphens)"
        ),
        Argument::Previous => say!(language, "слово previous", "the word previous"),
    }
}

pub(super) fn all(language: Language) -> Text {
    let text = Text::new().plain("⚓️ ").bold("tiphys").plain(say!(
        language,
        ": команда в чате становится коммитом, Argo CD его применяет, бот говорит, чем кончилось.",
        ": a command in the chat becomes a commit, Argo CD applies it, the bot tells how it went."
    ));
    let text = in_menu()
        .fold(text.plain("\n"), |text, row| text.line(format!("/{} — {}", row.word, summary(row.name, language))));
    let text = text.paragraph(say!(language, "Например:", "For example:"));
    let text = [CommandName::Deploy, CommandName::SetReplicas]
        .into_iter()
        .filter_map(|name| spec(name).examples.first())
        .fold(text, |text, example| text.code_line(*example));
    // Terminals show no buttons.
    let text = text.line(say!(language, "Подробнее о команде: ", "More about a command: ")).code("/help deploy");
    let more = |name: CommandName| button(format!("❔ /{}", spec(name).word), format!("/help {}", spec(name).word));
    text.row([more(CommandName::Deploy), more(CommandName::SetReplicas)])
        .row([more(CommandName::Status), more(CommandName::ShowContainers)])
}

pub(super) fn one(name: CommandName, language: Language) -> Text {
    let row = spec(name);
    let text = Text::new().code(form(row, language)).newline().marked(&details(name, language));
    let text = row.arguments.iter().fold(text, |text, (argument, optional)| {
        let expected = expected(*argument, language);
        let text = text.newline().plain("• ").code(placeholder(*argument, language));
        match optional {
            Optional::No => text.plain(format!(" — {expected}")),
            Optional::Yes => text.plain(say!(language, " — необязательно; {expected}", " — optional; {expected}")),
        }
    });
    let text = text.line(match row.examples.len() {
        1 => say!(language, "Пример:", "Example:"),
        _ => say!(language, "Примеры:", "Examples:"),
    });
    row.examples.iter().fold(text, |text, example| text.code_line(*example))
}

pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
