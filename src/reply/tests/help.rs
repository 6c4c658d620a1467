//! The menu and the help texts.

use insta::assert_snapshot;

use super::{
    super::{help, menu},
    *,
};
use crate::{
    domain::command::CommandName,
    grammar::{
        Parsed, parse,
        table::{COMMANDS, spec},
    },
};

#[test]
fn all_commands() {
    assert_snapshot!(both(&Answer::Help(None)), @r"
    ⚓️ **tiphys**: команда в чате становится коммитом, Argo CD его применяет, бот говорит, чем кончилось.

    /deploy — развернуть версию
    /set_replicas — задать число реплик
    /status — что в git, в кластере и в реестре
    /showcontainers — версии образа в реестре
    /get_pods — поды приложения
    /get_nodes — узлы кластера
    /cordon — не размещать новые поды на узле
    /uncordon — снова размещать поды на узле
    /get_logs — последние строки лога пода
    /events — что случилось за последний час
    /describe — под или узел подробно
    /apps — приложения и среды
    /whoami — ваш ID и ID чата
    /help — команды и примеры

    Например:
    `/deploy 0.10.5`
    `/set_replicas 3`
    Подробнее о команде: `/help deploy`
    [❔ /deploy → /help deploy] [❔ /set_replicas → /help set_replicas]
    [❔ /status → /help status] [❔ /showcontainers → /help showcontainers]

    ⚓️ **tiphys**: a command in the chat becomes a commit, Argo CD applies it, the bot tells how it went.

    /deploy — deploy a version
    /set_replicas — set the number of replicas
    /status — what git, the cluster and the registry have
    /showcontainers — the image's versions in the registry
    /get_pods — the application's pods
    /get_nodes — the cluster's nodes
    /cordon — place no more pods on a node
    /uncordon — place pods on a node again
    /get_logs — the last lines of a pod's log
    /events — what happened within the last hour
    /describe — a pod or a node in detail
    /apps — applications and environments
    /whoami — your ID and the chat's
    /help — commands and examples

    For example:
    `/deploy 0.10.5`
    `/set_replicas 3`
    More about a command: `/help deploy`
    [❔ /deploy → /help deploy] [❔ /set_replicas → /help set_replicas]
    [❔ /status → /help status] [❔ /showcontainers → /help showcontainers]
    ");
}

#[test]
fn each_command() {
    assert_snapshot!(both(&Answer::Help(Some(CommandName::Deploy))), @r"
    `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Меняет тег образа в репозитории манифестов одним коммитом и следит, пока Argo CD не развернёт именно его. Тег сначала ищется в реестре: чего там нет, то не коммитится. Если приложение и среда одни, называть их не нужно. Повтор безопасен: второго коммита не будет.
    • `ПРИЛОЖЕНИЕ[/СРЕДА]` — необязательно; приложение или приложение/среда (имена — из /apps)
    • `ВЕРСИЯ` — тег образа (латинские буквы, цифры, «_», «.» и «-»; до 128 знаков; в начале не точка и не дефис)
    Примеры:
    `/deploy 0.10.5`
    `/deploy oil-refinery-application 0.10.5`
    `/deploy oil-refinery-application/prod 0.10.5`

    `/deploy [APP[/ENV]] VERSION`
    Changes the image's tag in the manifests repository with one commit, and follows Argo CD until that very commit is live. The tag is looked up in the registry first: what isn't there isn't committed. Where there is only one application and environment they need no naming. Repeating is safe: there won't be a second commit.
    • `APP[/ENV]` — optional; an application or application/environment (/apps lists them)
    • `VERSION` — an image tag (Latin letters, digits, “_”, “.” and “-”; at most 128; not beginning with a dot or hyphen)
    Examples:
    `/deploy 0.10.5`
    `/deploy oil-refinery-application 0.10.5`
    `/deploy oil-refinery-application/prod 0.10.5`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::SetReplicas))), @r"
    `/set_replicas [ПРИЛОЖЕНИЕ[/СРЕДА]] ЧИСЛО`
    Меняет число реплик в репозитории манифестов одним коммитом и следит, пока в кластере не станет столько же. Больше разрешённого в настройках задать нельзя, как и там, где репликами управляет HorizontalPodAutoscaler. `0` останавливает приложение.
    • `ПРИЛОЖЕНИЕ[/СРЕДА]` — необязательно; приложение или приложение/среда (имена — из /apps)
    • `ЧИСЛО` — целое число от 0 (только цифры, без знака и нулей впереди)
    Примеры:
    `/set_replicas 3`
    `/set_replicas oil-refinery-application 3`
    `/set_replicas oil-refinery-application/prod 3`

    `/set_replicas [APP[/ENV]] N`
    Changes the replica count in the manifests repository with one commit, and follows until the cluster has as many. More than the configuration allows is refused, and so is any count where a HorizontalPodAutoscaler sets it. `0` stops the application.
    • `APP[/ENV]` — optional; an application or application/environment (/apps lists them)
    • `N` — a whole number from 0 (digits only, no sign, no leading zeros)
    Examples:
    `/set_replicas 3`
    `/set_replicas oil-refinery-application 3`
    `/set_replicas oil-refinery-application/prod 3`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::Status))), @r"
    `/status [ПРИЛОЖЕНИЕ[/СРЕДА]]`
    Показывает, какая версия и сколько реплик записаны в git, что работает в кластере, что говорит Argo CD, какая версия в реестре новейшая и кто менял последним. Без имени — все приложения.
    • `ПРИЛОЖЕНИЕ[/СРЕДА]` — необязательно; приложение или приложение/среда (имена — из /apps)
    Примеры:
    `/status`
    `/status oil-refinery-application`

    `/status [APP[/ENV]]`
    Shows which version and how many replicas git has, what the cluster runs, what Argo CD says, which version in the registry is the newest, and who made the last change. Without a name, all applications.
    • `APP[/ENV]` — optional; an application or application/environment (/apps lists them)
    Examples:
    `/status`
    `/status oil-refinery-application`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::ShowContainers))), @r"
    `/showcontainers [ПРИЛОЖЕНИЕ[/СРЕДА]] [СТРАНИЦА|all]`
    Показывает теги образа в реестре по десять на страницу: возраст, размер, начало digest; где какой записан в git и где работает. Версии — по порядку версий, новые первыми, предварительные ниже своего выпуска. Прочие теги (ветки) стоят перед первой версией, которая старше; если реестр не сообщает времени, то в конце, по имени. Кнопки листают и разворачивают; если сред несколько, среду нужно выбрать или назвать. `all` — весь список файлом, без размеров.
    • `ПРИЛОЖЕНИЕ[/СРЕДА]` — необязательно; приложение или приложение/среда (имена — из /apps)
    • `СТРАНИЦА|all` — необязательно; номер страницы, целое число от 1, или all — все сразу
    Примеры:
    `/showcontainers`
    `/showcontainers 2`
    `/showcontainers oil-refinery-application`
    `/showcontainers oil-refinery-application/prod 2`
    `/showcontainers oil-refinery-application all`

    `/showcontainers [APP[/ENV]] [PAGE|all]`
    Shows the image's tags in the registry, ten a page: age, size, the beginning of the digest; which of them git has and which are running, and where. Versions stand in their order, newest first, a pre-release below its release. Other tags (branches) stand before the first version that is older, and where the registry doesn't tell the times, at the end, by name. Buttons turn pages and deploy; of several environments one has to be chosen or named. `all` gives the whole list as a file, without sizes.
    • `APP[/ENV]` — optional; an application or application/environment (/apps lists them)
    • `PAGE|all` — optional; the number of a page, a whole number from 1, or all for all at once
    Examples:
    `/showcontainers`
    `/showcontainers 2`
    `/showcontainers oil-refinery-application`
    `/showcontainers oil-refinery-application/prod 2`
    `/showcontainers oil-refinery-application all`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::Apps))), @r"
    `/apps`
    Показывает приложения и среды, которые знает бот: эти имена годятся для других команд.
    Пример:
    `/apps`

    `/apps`
    Shows the applications and environments that the bot knows: these names are for the other commands.
    Example:
    `/apps`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::WhoAmI))), @r"
    `/whoami`
    Показывает ваш числовой ID и ID чата: оператор вписывает их в настройки, чтобы дать доступ. Отвечает всем.
    Пример:
    `/whoami`

    `/whoami`
    Shows your numeric ID and the chat's: an operator puts them into the configuration to give access. Answers everybody.
    Example:
    `/whoami`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::Help))), @r"
    `/help [КОМАНДА]`
    Без имени — список команд, с именем — подробности и примеры.
    • `КОМАНДА` — необязательно; имя команды, можно с косой чертой
    Примеры:
    `/help`
    `/help deploy`

    `/help [COMMAND]`
    Without a name the list of commands, with one its details and examples.
    • `COMMAND` — optional; a command's name, with or without slash
    Examples:
    `/help`
    `/help deploy`
    ");
    assert_snapshot!(both(&Answer::Help(Some(CommandName::Start))), @r"
    `/start`
    Показывает приветствие. Отвечает всем.
    Пример:
    `/start`

    `/start`
    Shows the greeting. Answers everybody.
    Example:
    `/start`
    ");
}

#[test]
fn the_menu() {
    let shown = |language| menu(language).iter().map(|(word, text)| format!("{word}: {text}\n")).collect::<String>();
    assert_snapshot!(shown(Language::Ru), @r"
    deploy: Развернуть версию
    set_replicas: Задать число реплик
    status: Что в git, в кластере и в реестре
    showcontainers: Версии образа в реестре
    get_pods: Поды приложения
    get_nodes: Узлы кластера
    cordon: Не размещать новые поды на узле
    uncordon: Снова размещать поды на узле
    get_logs: Последние строки лога пода
    events: Что случилось за последний час
    describe: Под или узел подробно
    apps: Приложения и среды
    whoami: Ваш ID и ID чата
    help: Команды и примеры
    ");
    assert_snapshot!(shown(Language::En), @r"
    deploy: Deploy a version
    set_replicas: Set the number of replicas
    status: What git, the cluster and the registry have
    showcontainers: The image's versions in the registry
    get_pods: The application's pods
    get_nodes: The cluster's nodes
    cordon: Place no more pods on a node
    uncordon: Place pods on a node again
    get_logs: The last lines of a pod's log
    events: What happened within the last hour
    describe: A pod or a node in detail
    apps: Applications and environments
    whoami: Your ID and the chat's
    help: Commands and examples
    ");
}

/// Telegram: names of 1–32 `[a-z0-9_]`, descriptions of 1–256 characters, at most 100 commands.
#[test]
fn the_menu_is_what_telegram_takes() {
    for language in Language::ALL {
        let menu = menu(language);
        assert!((1..=100).contains(&menu.len()));
        for (word, description) in menu {
            assert!((1..=32).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{word}");
            assert!((1..=256).contains(&description.chars().count()), "{description}");
        }
    }
}

/// Whatever a help text offers to tap is a valid command, and so is every button.
#[test]
fn what_help_offers_is_valid() {
    for language in Language::ALL {
        for name in COMMANDS.iter().map(|row| Some(row.name)).chain([None]) {
            let message = render(&Answer::Help(name), language);
            let form = name.map(|name| help::form(spec(name), language));
            let commands = message.buttons.iter().flatten().map(|button| button.command.clone());
            let codes = message.text.iter().filter_map(|span| match span {
                Span::Code(code) if code.starts_with('/') && Some(code) != form.as_ref() => Some(code.clone()),
                _ => None,
            });
            for command in commands.chain(codes) {
                assert!(matches!(parse(&command, None), Parsed::Ours(Ok(_))), "{command}");
            }
        }
    }
}
