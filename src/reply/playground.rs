//! What the playground says at its start.

use std::path::Path;

use crate::domain::language::Language;

/// The greeting: where the page is, where the files are, and what to type.
#[must_use]
pub fn welcome(language: Language, page: &str, dir: &Path, terminal: bool) -> String {
    let dir = dir.display();
    let first = match language {
        Language::Ru => format!(
            "Песочница tiphys\n  чат в браузере:  {page}\n  манифесты:       {dir}/manifests.git\n  \
             настройки бота:  {dir}/tiphys.yaml\n"
        ),
        Language::En => format!(
            "The tiphys playground\n  chat in the browser:  {page}\n  manifests:            {dir}/manifests.git\n  \
             configuration:        {dir}/tiphys.yaml\n"
        ),
    };
    let hint = match (terminal, language) {
        (false, _) => "",
        (true, Language::Ru) => "Попробуйте здесь или в браузере: /deploy 0.10.5. Все команды: /help. Выход: Ctrl-D.\n",
        (true, Language::En) => "Try it here or in the browser: /deploy 0.10.5. All commands: /help. Leave: Ctrl-D.\n",
    };
    format!("{first}{hint}")
}

/// What is said when a command is addressed to another bot.
#[must_use]
pub fn not_ours(language: Language) -> &'static str {
    match language {
        Language::Ru => "Это не мне: после @ стоит имя другого бота.",
        Language::En => "Not for me: the name after the @ is another bot's.",
    }
}

/// What is said when somebody leaves before everything has its last answer.
#[must_use]
pub fn unfinished(language: Language) -> &'static str {
    match language {
        Language::Ru => "Раскатка не закончена, больше не слежу.",
        Language::En => "The rollout isn't finished; no longer following it.",
    }
}
