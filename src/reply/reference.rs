//! The reference of commands as Markdown, from the same table and the same texts as the help in the chat.

use super::help;
use crate::{
    domain::language::Language,
    grammar::{
        MAX_CHARACTERS,
        table::{COMMANDS, CommandSpec, Optional},
    },
};

/// The page that stands in docs/ as `commands.md` (English) and `commands.ru.md` (Russian).
#[must_use]
pub fn reference(language: Language) -> String {
    let mut page = say!(
        language,
        "# Команды\n\n[English](commands.md)\n\nСтраница создана из таблицы команд; правится там, а не здесь.\n",
        "# Commands\n\n[По-русски](commands.ru.md)\n\nThis page comes from the table of commands: change it there, not here.\n"
    );
    page.push('\n');
    page.push_str(&overview(language));
    page.push('\n');
    page.push_str(&rules(language));
    for row in COMMANDS {
        page.push('\n');
        page.push_str(&section(row, language));
    }
    page
}

fn overview(language: Language) -> String {
    let mut table = say!(language, "| команда | что делает |\n|---|---|\n", "| command | what it does |\n|---|---|\n");
    for row in COMMANDS {
        let (form, summary) = (help::form(row, language), help::summary(row.name, language));
        let form = form.replace('|', "\\|");
        table.push_str(&format!("| [`{form}`](#{}) | {summary} |\n", row.word));
    }
    table
}

fn rules(language: Language) -> String {
    say!(
        language,
        "## Как писать\n\n\
         - Команда — одна строка, которая начинается с `/`; до {MAX_CHARACTERS} знаков. В терминале косая черта не \
         обязательна. Текст на следующих строках — ошибка, ничего молча не отбрасывается.\n\
         - Между словами сколько угодно пробелов любого вида. Регистр букв не важен в имени команды и в словах `all`, \
         `previous`, `confirm`, в остальном важен.\n\
         - В группе можно писать `/команда@имя_бота`; команды для других ботов не трогаются.\n\
         - Приложение и среду можно не называть, если они одни. У `/deploy` и `/set_replicas` одно слово — это всегда \
         версия или число.\n\
         - Версия — тег образа: `[A-Za-z0-9_][A-Za-z0-9._-]*`, до 128 знаков. Имена приложений и сред: `a-z`, `0-9`, \
         `-`, до 63 знаков.\n\
         - Число реплик — только цифры `0-9` без знака. Нули впереди не принимаются: `010` кто-то прочтёт как восемь.\n\
         - Исправленное (отредактированное) сообщение не выполняется: команду нужно отправить заново.\n",
        "## How to write them\n\n\
         - A command is one line that begins with `/`, at most {MAX_CHARACTERS} characters. In a terminal the slash may be \
         left out. Text on further lines is a fault; nothing is dropped silently.\n\
         - Any number of spaces of any kind between words. The case of a command's name and of the words `all`, \
         `previous` and `confirm` doesn't count, all else does.\n\
         - In a group, `/command@bot_name` is fine; commands for other bots are left alone.\n\
         - Application and environment need no naming where there is only one. A single word after `/deploy` and \
         `/set_replicas` is always the version or the count.\n\
         - A version is an image tag: `[A-Za-z0-9_][A-Za-z0-9._-]*`, at most 128 characters. Names of applications and \
         environments: `a-z`, `0-9`, `-`, at most 63.\n\
         - A replica count is digits `0-9` only, without sign. Leading zeros are refused: some read `010` as eight.\n\
         - An edited message isn't carried out: send the command anew.\n"
    )
}

fn section(row: &CommandSpec, language: Language) -> String {
    let form = help::form(row, language);
    let details = help::details(row.name, language);
    let mut section = format!("## {}\n\n```text\n{form}\n```\n\n{details}\n", row.word);
    if !row.arguments.is_empty() {
        section.push_str(&say!(
            language,
            "\n| аргумент | | что это |\n|---|---|---|\n",
            "\n| argument | | what it is |\n|---|---|---|\n"
        ));
    }
    for (argument, optional) in row.arguments {
        let placeholder = help::placeholder(*argument, language).replace('|', "\\|");
        let expected = help::expected(*argument, language);
        let optional = match optional {
            Optional::Yes => say!(language, "необязательный", "optional"),
            Optional::No => say!(language, "обязательный", "required"),
        };
        section.push_str(&format!("| `{placeholder}` | {optional} | {expected} |\n"));
    }
    let examples = row.examples.join("\n");
    section.push_str(&say!(
        language,
        "\nПримеры:\n\n```text\n{examples}\n```\n",
        "\nExamples:\n\n```text\n{examples}\n```\n"
    ));
    section
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use super::*;

    /// With this variable set the test writes the pages instead of comparing them.
    const UPDATE: &str = "TIPHYS_UPDATE_DOCS";

    #[test]
    fn docs_are_fresh() {
        for (file, language) in [("commands.md", Language::En), ("commands.ru.md", Language::Ru)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
            let page = reference(language);
            if env::var_os(UPDATE).is_some() {
                fs::write(&path, &page).expect("docs/ can be written");
            }
            let stands = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
            assert!(stands == page, "docs/{file} is stale: run `{UPDATE}=1 cargo test --lib docs_are_fresh`");
        }
    }
}
