//! What is told when a review environment can't be made or removed.

use super::{clean, compose::Text};
use crate::domain::{language::Language, name::RepoPath, plan::ReviewFault};

/// The longest path and name shown.
const SHOWN: usize = 200;

/// How many files and names are listed.
const LISTED: usize = 20;

pub(super) fn refused(file: &RepoPath, fault: &ReviewFault, language: Language) -> Text {
    let text = Text::new()
        .plain("🚫 ")
        .bold(say!(language, "Review-окружение не тронуто", "The review environment is left as it is"))
        .code_line(clean::inline(file.as_str(), SHOWN))
        .newline();
    explained(text, fault, language).line(say!(language, "Ничего не изменено.", "Nothing was changed."))
}

/// What is wrong, and what to do about it.
pub(super) fn explained(text: Text, fault: &ReviewFault, language: Language) -> Text {
    match fault {
        ReviewFault::NotOurs { files } => text
            .plain(say!(
                language,
                "Здесь лежит то, что создал не tiphys (нет его первой строки), и он этого не меняет:",
                "What is here was not made by tiphys (its first line is missing), so tiphys leaves it alone:"
            ))
            .block(list(files)),
        ReviewFault::AnothersOverlay { name, application } => {
            let owner = clean::inline(&format!("{application}: {name}"), SHOWN);
            text.plain(say!(language, "Эта папка занята окружением ", "This folder is taken by the environment "))
                .code(owner)
                .plain(".")
        }
        ReviewFault::AddedFiles { files } => text
            .plain(say!(
                language,
                "Рядом лежат файлы, которые добавили люди. Уберите их, если они больше не нужны:",
                "There are files that people have added. Remove them if they aren't needed any more:"
            ))
            .block(list(files)),
        ReviewFault::TooMany { maximum, names } => text
            .plain(say!(
                language,
                "Больше {maximum} review-окружений не разрешено (max в настройках). Уже есть:",
                "No more than {maximum} review environments are allowed (max in the configuration). There are:"
            ))
            .block(list(names)),
        ReviewFault::NotAFolder => {
            text.plain(say!(language, "На месте папки стоит файл.", "A file stands where a folder has to be."))
        }
        ReviewFault::NotAReview => {
            text.plain(say!(language, "Это не review-окружение.", "This is no review environment."))
        }
    }
}

fn list(names: &[String]) -> String {
    let mut lines: Vec<String> = names.iter().take(LISTED).map(|name| clean::inline(name, SHOWN)).collect();
    if names.len() > LISTED {
        lines.push("…".to_owned());
    }
    lines.join("\n")
}
