//! Faulty commands: the place underlined, what was expected, and an example.

use insta::assert_snapshot;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::{
    domain::answer::Refusal,
    grammar::{GrammarError, Parsed, parse, parse_words},
};

fn error(text: &str) -> GrammarError {
    match parse(text, Some("tiphys_bot")) {
        Parsed::Ours(Err(error)) => error,
        other => panic!("{text:?} is no fault but {other:?}"),
    }
}

fn faulty(text: &str) -> String {
    both(&Answer::Refused(Refusal::Grammar(error(text))))
}

/// Only the block, to look at its carets.
fn block(error: GrammarError) -> String {
    let message = render(&Answer::Refused(Refusal::Grammar(error)), Language::En);
    let blocks = message.text.into_iter().filter_map(|span| match span {
        Span::Block(block) => Some(block),
        _ => None,
    });
    let block = blocks.collect::<Vec<_>>().join("\n");
    block.split('\n').map(|line| format!("|{line}\n")).collect()
}

#[test]
fn missing() {
    assert_snapshot!(faulty("/deploy"), @r"
    ❓ **Не выполнено: не хватает версии**
    | /deploy
    |        ^
    Ожидается тег образа (латинские буквы, цифры, «_», «.» и «-»; до 128 знаков; в начале не точка и не дефис).
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy 0.10.5`

    ❓ **Not carried out: the version is missing**
    | /deploy
    |        ^
    Expected: an image tag (Latin letters, digits, “_”, “.” and “-”; at most 128; not beginning with a dot or hyphen).
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy 0.10.5`
    ");
    assert_snapshot!(faulty("/set_replicas"), @r"
    ❓ **Не выполнено: не хватает числа реплик**
    | /set_replicas
    |              ^
    Ожидается целое число от 0 (только цифры, без знака и нулей впереди).
    Формат: `/set_replicas [ПРИЛОЖЕНИЕ[/СРЕДА]] ЧИСЛО`
    Пример: `/set_replicas 3`

    ❓ **Not carried out: the replica count is missing**
    | /set_replicas
    |              ^
    Expected: a whole number from 0 (digits only, no sign, no leading zeros).
    Usage: `/set_replicas [APP[/ENV]] N`
    Example: `/set_replicas 3`
    ");
}

#[test]
fn invalid() {
    assert_snapshot!(faulty("/set_replicas -1"), @r"
    ❓ **Не выполнено: это не число реплик**
    | /set_replicas -1
    |               ^^
    Ожидается целое число от 0 (только цифры, без знака и нулей впереди).
    Формат: `/set_replicas [ПРИЛОЖЕНИЕ[/СРЕДА]] ЧИСЛО`
    Пример: `/set_replicas 3`

    ❓ **Not carried out: this is not a replica count**
    | /set_replicas -1
    |               ^^
    Expected: a whole number from 0 (digits only, no sign, no leading zeros).
    Usage: `/set_replicas [APP[/ENV]] N`
    Example: `/set_replicas 3`
    ");
    assert_snapshot!(faulty("/deploy фича"), @r"
    ❓ **Не выполнено: это не версия**
    | /deploy фича
    |         ^^^^
    Ожидается тег образа (латинские буквы, цифры, «_», «.» и «-»; до 128 знаков; в начале не точка и не дефис).
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy 0.10.5`

    ❓ **Not carried out: this is not a version**
    | /deploy фича
    |         ^^^^
    Expected: an image tag (Latin letters, digits, “_”, “.” and “-”; at most 128; not beginning with a dot or hyphen).
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy 0.10.5`
    ");
    assert_snapshot!(faulty("/deploy 0.10.5 oil-refinery-application"), @r"
    ❓ **Не выполнено: это не имя приложения**
    | /deploy 0.10.5 oil-refinery-application
    |         ^^^^^^
    Ожидается имя приложения (строчные латинские буквы, цифры и дефис).
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy oil-refinery-application/prod 0.10.5`

    ❓ **Not carried out: this is not an application's name**
    | /deploy 0.10.5 oil-refinery-application
    |         ^^^^^^
    Expected: an application's name (lower-case Latin letters, digits and hyphens).
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy oil-refinery-application/prod 0.10.5`
    ");
    assert_snapshot!(faulty("/deploy oil-refinery-application/Prod 0.10.5"), @r"
    ❓ **Не выполнено: это не имя среды**
    | …y oil-refinery-application/Prod 0.10.5
    |                             ^^^^
    Ожидается имя среды (строчные латинские буквы, цифры и дефис).
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy oil-refinery-application/prod 0.10.5`

    ❓ **Not carried out: this is not an environment's name**
    | …y oil-refinery-application/Prod 0.10.5
    |                             ^^^^
    Expected: an environment's name (lower-case Latin letters, digits and hyphens).
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy oil-refinery-application/prod 0.10.5`
    ");
}

#[test]
fn surplus() {
    assert_snapshot!(faulty("/deploy 0.10.5\nспасибо!"), @r"
    ❓ **Не выполнено: лишний текст**
    | /deploy 0.10.5⏎спасибо!
    |                ^^^^^^^^
    Команда — одна строка, лишнее нужно убрать.
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy 0.10.5`

    ❓ **Not carried out: surplus text**
    | /deploy 0.10.5⏎спасибо!
    |                ^^^^^^^^
    A command is one line; remove what is too much.
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy 0.10.5`
    ");
    assert_snapshot!(faulty("/apps all"), @r"
    ❓ **Не выполнено: лишний текст**
    | /apps all
    |       ^^^
    Команда — одна строка, лишнее нужно убрать.
    Формат: `/apps`
    Пример: `/apps`

    ❓ **Not carried out: surplus text**
    | /apps all
    |       ^^^
    A command is one line; remove what is too much.
    Usage: `/apps`
    Example: `/apps`
    ");
}

#[test]
fn unknown_commands() {
    assert_snapshot!(faulty("/depoly 0.10.5"), @r"
    ❓ **Нет такой команды**
    | /depoly 0.10.5
    | ^^^^^^^
    Возможно, так: `/deploy 0.10.5`
    Все команды: /help
    [/deploy 0.10.5 → /deploy 0.10.5]

    ❓ **No such command**
    | /depoly 0.10.5
    | ^^^^^^^
    Perhaps: `/deploy 0.10.5`
    All commands: /help
    [/deploy 0.10.5 → /deploy 0.10.5]
    ");
    assert_snapshot!(faulty("/scale"), @r"
    ❓ **Нет такой команды**
    | /scale
    | ^^^^^^
    Похожие команды:
    /set_replicas — задать число реплик
    Все команды: /help
    [❔ /set_replicas → /help set_replicas]

    ❓ **No such command**
    | /scale
    | ^^^^^^
    The nearest:
    /set_replicas — set the number of replicas
    All commands: /help
    [❔ /set_replicas → /help set_replicas]
    ");
    assert_snapshot!(faulty("/погода завтра"), @r"
    ❓ **Нет такой команды**
    | /погода завтра
    | ^^^^^^^
    Все команды: /help

    ❓ **No such command**
    | /погода завтра
    | ^^^^^^^
    All commands: /help
    ");
    assert_snapshot!(faulty("/help rollout"), @r"
    ❓ **Нет такой команды**
    | /help rollout
    |       ^^^^^^^
    Похожие команды:
    /deploy — развернуть версию
    Все команды: /help
    [❔ /deploy → /help deploy]

    ❓ **No such command**
    | /help rollout
    |       ^^^^^^^
    The nearest:
    /deploy — deploy a version
    All commands: /help
    [❔ /deploy → /help deploy]
    ");
}

#[test]
fn empty() {
    assert_snapshot!(faulty("/"), @r"
    ❓ **После / нет команды**
    | /
    |  ^
    Все команды: /help

    ❓ **No command after the /**
    | /
    |  ^
    All commands: /help
    ");
}

#[test]
fn too_long() {
    assert_snapshot!(faulty(&format!("/deploy {}", "x".repeat(4992))), @r"
    ❓ **Не выполнено: слишком длинно, 5000 знаков при пределе 512**
    | /deploy xxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    |                                     ^
    Формат: `/deploy [ПРИЛОЖЕНИЕ[/СРЕДА]] ВЕРСИЯ`
    Пример: `/deploy 0.10.5`

    ❓ **Not carried out: too long, 5000 characters, at most 512**
    | /deploy xxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    |                                     ^
    Usage: `/deploy [APP[/ENV]] VERSION`
    Example: `/deploy 0.10.5`
    ");
}

#[test]
fn a_command_line_has_no_slash() {
    let error = parse_words(&["set-replicas", "app", "3;rm"]).expect_err("a fault");
    assert_snapshot!(both(&Answer::Refused(Refusal::Grammar(error))), @r"
    ❓ **Не выполнено: это не число реплик**
    | set-replicas app 3;rm
    |                  ^^^^
    Ожидается целое число от 0 (только цифры, без знака и нулей впереди).
    Формат: `/set_replicas [ПРИЛОЖЕНИЕ[/СРЕДА]] ЧИСЛО`
    Пример: `/set_replicas 3`

    ❓ **Not carried out: this is not a replica count**
    | set-replicas app 3;rm
    |                  ^^^^
    Expected: a whole number from 0 (digits only, no sign, no leading zeros).
    Usage: `/set_replicas [APP[/ENV]] N`
    Example: `/set_replicas 3`
    ");
    let error = parse_words(&["depoly", "0.10.5"]).expect_err("a fault");
    assert_snapshot!(both(&Answer::Refused(Refusal::Grammar(error))), @r"
    ❓ **Нет такой команды**
    | depoly 0.10.5
    | ^^^^^^
    Похожие команды:
    /deploy — развернуть версию
    Все команды: /help
    [❔ /deploy → /help deploy]

    ❓ **No such command**
    | depoly 0.10.5
    | ^^^^^^
    The nearest:
    /deploy — deploy a version
    All commands: /help
    [❔ /deploy → /help deploy]
    ");
}

#[test]
fn a_long_line_is_cut_around_the_fault() {
    assert_snapshot!(block(error("/set_replicas oil-refinery-application/production 3;rm")), @r"
    |…l-refinery-application/production 3;rm
    |                                   ^^^^
    ");
    assert_snapshot!(block(error(&format!("/set_replicas {} 3", "A".repeat(63)))), @r"
    |/set_replicas AAAAAAAAAAAAAAAAAAAAAAAA…
    |              ^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(block(error(&format!("/status a b {}", "tail ".repeat(20)))), @r"
    |/status a b tail tail tail tail tail t…
    |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert_snapshot!(block(error(&format!("/help{} nonsense{}", " ".repeat(60), " x".repeat(0)))), @r"
    |…                              nonsense
    |                               ^^^^^^^^
    ");
    assert_snapshot!(block(error(&format!("/deploy {}/", "a".repeat(63)))), @r"
    |/deploy aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
    |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn carets_stand_below_wide_and_combined_characters() {
    assert_snapshot!(block(error("/deploy 版本号")), @r"
    |/deploy 版本号
    |        ^^^^^^
    ");
    assert_snapshot!(block(error("/apps 🚀🚀 вот")), @r"
    |/apps 🚀🚀 вот
    |      ^^^^^^^^
    ");
    assert_snapshot!(block(error("/set_replicas 3\u{200b}3")), @r"
    |/set_replicas 3�3
    |              ^^^
    ");
    assert_snapshot!(block(error("/deploy e\u{301}")), @r"
    |/deploy é
    |        ^
    ");
    assert_snapshot!(block(error("/deploy a\u{202e}b\u{1b}[31m")), @r"
    |/deploy a�b�[31m
    |        ^^^^^^^^
    ");
}

proptest! {
    #[test]
    fn the_block_is_two_narrow_lines(text in "[a-zж版🚀 \u{301}\u{200d}/_-]{0,520}", command in "/(deploy |help |set_replicas )?") {
        if let Parsed::Ours(Err(error)) = parse(&format!("{command}{text}"), None) {
            let message = render(&Answer::Refused(Refusal::Grammar(error)), Language::Ru);
            let block = message.text.iter().find_map(|span| match span {
                Span::Block(block) => Some(block.clone()),
                _ => None,
            });
            let block = block.expect("every fault has one");
            let lines: Vec<&str> = block.split('\n').collect();
            prop_assert_eq!(lines.len(), 2);
            prop_assert!(lines[0].width() <= 40, "{}", lines[0]);
            prop_assert!(lines[1].width() <= 41, "{}", lines[1]);
            prop_assert!(lines[1].ends_with('^'));
        }
    }
}
