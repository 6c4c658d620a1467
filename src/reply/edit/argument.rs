//! Faults of arguments: the place underlined, and what was expected there.

use unicode_width::UnicodeWidthStr;

use super::{super::clean, inline};
use crate::domain::{
    edit::{ArgumentError, ArgumentFault, Subject, ValueKind, forms},
    image::ExpectedInImage,
    language::Language,
    replicas::ExpectedInReplicas,
};

pub(super) fn found(fault: &ArgumentFault, language: Language) -> String {
    match fault {
        ArgumentFault::Image(expected) => {
            let expected = in_image(*expected, language);
            say!(language, "ожидается {expected}", "expected {expected}")
        }
        ArgumentFault::Replicas(expected) => {
            let expected = in_replicas(*expected, language);
            say!(language, "ожидается {expected}", "expected {expected}")
        }
        ArgumentFault::NoValue => say!(language, "ожидается KEY.PATH=VALUE", "expected KEY.PATH=VALUE"),
        ArgumentFault::KeyPath(detail) => {
            let detail = inline(detail);
            say!(language, "ожидаются ключи через точку ({detail})", "expected keys with dots between them ({detail})")
        }
        ArgumentFault::Value { expected } => {
            let (kind, word) = (of_kind(*expected, language), expected.word());
            say!(language, "ожидается {kind} (--type {word})", "expected {kind} (--type {word})")
        }
        ArgumentFault::LeadingZero { text, number } => {
            let text = inline(text);
            match number {
                Some(_) => say!(
                    language,
                    "{text} начинается с нуля: по YAML 1.1 это восьмеричное число",
                    "{text} has a leading zero: YAML 1.1 reads it as octal"
                ),
                None => say!(
                    language,
                    "{text} начинается с нуля: разные программы читают его по-разному",
                    "{text} has a leading zero: not all programs read it alike"
                ),
            }
        }
        ArgumentFault::AlsoAPath { folder, subject } => {
            let (ru, en) = match subject {
                Subject::Image => ("образ", "an image"),
                Subject::Replicas => ("число реплик", "a replica count"),
                Subject::Value => ("значение", "a value"),
            };
            match folder {
                true => say!(language, "здесь это и папка, и {ru}", "a folder here and {en} as well"),
                false => say!(language, "здесь это и файл, и {ru}", "a file here and {en} as well"),
            }
        }
        ArgumentFault::Twice(first) => say!(
            language,
            "то же имя уже стоит в аргументе {first}",
            "the same name stands in argument {first} already"
        ),
        ArgumentFault::WhichFile => {
            say!(language, "не сказано, какой файл менять", "nothing says which file to change")
        }
        ArgumentFault::StreamTwice => {
            say!(language, "стандартный ввод можно прочитать только один раз", "standard input can be read only once")
        }
        ArgumentFault::TextAndJson => say!(
            language,
            "и правленый текст, и --json идут на стандартный вывод",
            "both the edited text and --json go to standard output"
        ),
        ArgumentFault::None(subject) => {
            let forms = forms(*subject);
            say!(language, "не сказано, что менять: ожидается {forms}", "nothing says what to change: expected {forms}")
        }
    }
}

pub(super) fn remedy(argument: &str, fault: &ArgumentFault, language: Language) -> Option<String> {
    Some(match fault {
        ArgumentFault::Image(ExpectedInImage::Change) => say!(
            language,
            "Добавьте новое имя, тег или дайджест: NAME=*:TAG оставит имя и сменит тег.",
            "Add a new name, tag or digest: NAME=*:TAG keeps the name and changes the tag."
        ),
        ArgumentFault::Image(ExpectedInImage::Sign) => {
            let forms = forms(Subject::Image);
            say!(language, "Формы: {forms}.", "The forms: {forms}.")
        }
        ArgumentFault::KeyPath(_) => say!(
            language,
            "Например: image.tag=1.2.3; файл или папку с = в имени пишут с ./ впереди.",
            "For example: image.tag=1.2.3; a file or folder with = in its name is written with ./ before it."
        ),
        ArgumentFault::AlsoAPath { .. } => {
            let path = inline(argument);
            say!(
                language,
                "Напишите ./{path} или --file {path}; иначе запустите команду из другой папки.",
                "Write ./{path}, or --file {path}; otherwise run this in another folder."
            )
        }
        ArgumentFault::Twice(_) => say!(language, "Оставьте один из них.", "Leave just one of them."),
        ArgumentFault::Value { .. } => say!(
            language,
            "Без --type остаётся тип прежнего значения; --type string запишет строку.",
            "Without --type, the type stays that of the value before; --type string writes a string."
        ),
        ArgumentFault::LeadingZero { number: Some(number), .. } => {
            say!(language, "Напишите {number} или --type string.", "Write {number}, or --type string.")
        }
        ArgumentFault::LeadingZero { number: None, .. } => {
            say!(language, "Уберите нуль или добавьте --type string.", "Leave the zero out, or take --type string.")
        }
        ArgumentFault::WhichFile => {
            say!(language, "Назовите его: --file values.yaml.", "Name it: --file values.yaml.")
        }
        ArgumentFault::StreamTwice => say!(language, "Оставьте один «-».", "Leave just one -."),
        ArgumentFault::TextAndJson => {
            say!(language, "Добавьте --diff или уберите --json.", "Add --diff, or leave --json out.")
        }
        ArgumentFault::Image(_) | ArgumentFault::Replicas(_) | ArgumentFault::NoValue | ArgumentFault::None(_) => {
            return None;
        }
    })
}

/// The argument with carets below the fault.
pub(super) fn underlined(error: &ArgumentError) -> Option<String> {
    if error.argument.is_empty() || error.argument.width() > 160 {
        return None;
    }
    let shown: Vec<char> = error.argument.chars().map(|c| if clean::is_invisible(c) { '�' } else { c }).collect();
    let at = error.column.saturating_sub(1).min(shown.len());
    let end = (at + error.length).min(shown.len());
    let width = |part: &[char]| part.iter().collect::<String>().width();
    let (before, marked) = (" ".repeat(width(&shown[..at])), "^".repeat(width(&shown[at..end]).max(1)));
    Some(format!("  {}\n  {before}{marked}", shown.iter().collect::<String>()))
}

fn in_image(expected: ExpectedInImage, language: Language) -> String {
    use ExpectedInImage as E;
    match (language, expected) {
        (Language::En, expected) => expected.to_string(),
        (Language::Ru, E::Name) => "имя записи из images, как в файле".to_owned(),
        (Language::Ru, E::Sign) => "после имени =NEW, :TAG или @DIGEST".to_owned(),
        (Language::Ru, E::NewName) => {
            "имя образа (хост/путь, без тега и дайджеста) или *, чтобы оставить прежнее".to_owned()
        }
        (Language::Ru, E::Tag) => "тег образа (латинские буквы, цифры, _ . -, до 128 знаков)".to_owned(),
        (Language::Ru, E::Digest) => "дайджест (sha256: и 64 шестнадцатеричные цифры)".to_owned(),
        (Language::Ru, E::Change) => "то, что меняется, а не одни *".to_owned(),
        (Language::Ru, E::Literal) => {
            "само значение: рядом с новым тегом или дайджестом * ничего не оставляет".to_owned()
        }
    }
}

fn of_kind(kind: ValueKind, language: Language) -> String {
    match (language, kind) {
        (Language::En, kind) => kind.description().to_owned(),
        (Language::Ru, ValueKind::Int) => "целое число".to_owned(),
        (Language::Ru, ValueKind::Float) => "десятичное число".to_owned(),
        (Language::Ru, ValueKind::Bool) => "true или false".to_owned(),
        (Language::Ru, ValueKind::Null) => "null".to_owned(),
    }
}

fn in_replicas(expected: ExpectedInReplicas, language: Language) -> String {
    match (language, expected) {
        (Language::En, expected) => expected.to_string(),
        (Language::Ru, ExpectedInReplicas::Name) => "имя рабочей нагрузки".to_owned(),
        (Language::Ru, ExpectedInReplicas::Sign) => "=COUNT после имени".to_owned(),
        (Language::Ru, ExpectedInReplicas::Count) => "число реплик (целое, цифрами)".to_owned(),
    }
}
