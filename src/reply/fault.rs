//! What is told of a faulty command: the place underlined, what was expected there, and an example to tap.

use unicode_width::UnicodeWidthStr;

use super::{
    clean,
    compose::{LABEL, Text, button},
    help, quantity,
};
use crate::{
    domain::{command::CommandName, language::Language, name::NameKind},
    grammar::{
        GrammarError, GrammarFault, Parsed, parse,
        table::{Argument, spec},
    },
};

/// How many columns of the line are shown; a telephone shows about as many.
const COLUMNS: usize = 40;

/// How many columns are shown before the fault where the line has to be cut.
const BEFORE: usize = 14;

pub(super) fn fault(error: &GrammarError, language: Language) -> Text {
    let GrammarError { command, fault, .. } = error;
    let text = Text::new().plain("❓ ").bold(title(error, language)).block(underlined(error));
    match fault {
        GrammarFault::UnknownCommand { nearest, .. } => unknown_command(text, error, nearest, language),
        GrammarFault::Empty => text.plain(say!(language, "Все команды: /help", "All commands: /help")),
        GrammarFault::Surplus => {
            let text = text.plain(say!(
                language,
                "Команда — одна строка, лишнее нужно убрать.",
                "A command is one line; remove what is too much."
            ));
            form(text, *command, None, language)
        }
        GrammarFault::TooLong { .. } => form(text, *command, None, language),
        GrammarFault::Missing(expected) => {
            form(text.plain(expectation(*expected, None, language)), *command, Some(*expected), language)
        }
        GrammarFault::Invalid { expected, kind, .. } => {
            form(text.plain(expectation(*expected, *kind, language)), *command, Some(*expected), language)
        }
    }
}

fn title(error: &GrammarError, language: Language) -> String {
    match &error.fault {
        GrammarFault::Empty => say!(language, "После / нет команды", "No command after the /"),
        GrammarFault::TooLong { characters, maximum } => {
            let characters = quantity::characters(*characters, language);
            say!(
                language,
                "Не выполнено: слишком длинно, {characters} при пределе {maximum}",
                "Not carried out: too long, {characters}, at most {maximum}"
            )
        }
        GrammarFault::UnknownCommand { .. } => say!(language, "Нет такой команды", "No such command"),
        GrammarFault::Missing(argument) => {
            let what = match argument {
                Argument::Target => say!(language, "приложения", "the application"),
                Argument::Version => say!(language, "версии", "the version"),
                Argument::Count => say!(language, "числа реплик", "the replica count"),
                Argument::Command => say!(language, "имени команды", "the command's name"),
                Argument::Node => say!(language, "имени узла", "the node's name"),
                Argument::Page => say!(language, "номера страницы", "the page's number"),
                Argument::PageOrAll => say!(language, "номера страницы или all", "the page's number or all"),
                Argument::Confirm => say!(language, "подтверждения", "the confirmation"),
                Argument::Pod => say!(language, "имени пода", "the pod's name"),
                Argument::PodOrNode => say!(language, "имени пода или узла", "the name of the pod or node"),
                Argument::Container => say!(language, "имени контейнера", "the container's name"),
                Argument::Previous => say!(language, "слова previous", "the word previous"),
            };
            say!(language, "Не выполнено: не хватает {what}", "Not carried out: {what} is missing")
        }
        GrammarFault::Invalid { expected, kind, .. } => {
            let what = match (expected, kind) {
                (Argument::Target, Some(NameKind::Environment)) => say!(language, "имя среды", "an environment's name"),
                (Argument::Target, _) => say!(language, "имя приложения", "an application's name"),
                (Argument::Version, _) => say!(language, "версия", "a version"),
                (Argument::Count, _) => say!(language, "число реплик", "a replica count"),
                (Argument::Command, _) => say!(language, "имя команды", "a command's name"),
                (Argument::Node, _) => say!(language, "имя узла", "a node's name"),
                (Argument::Page, _) => say!(language, "номер страницы", "a page's number"),
                (Argument::PageOrAll, _) => say!(language, "номер страницы", "a page's number"),
                (Argument::Confirm, _) => say!(language, "подтверждение", "a confirmation"),
                (Argument::Pod, _) => say!(language, "имя пода", "a pod's name"),
                (Argument::PodOrNode, _) => say!(language, "имя пода или узла", "a name of a pod or node"),
                (Argument::Container, _) => say!(language, "имя контейнера", "a container's name"),
                (Argument::Previous, _) => say!(language, "слово previous", "the word previous"),
            };
            say!(language, "Не выполнено: это не {what}", "Not carried out: this is not {what}")
        }
        GrammarFault::Surplus => say!(language, "Не выполнено: лишний текст", "Not carried out: surplus text"),
    }
}

fn expectation(expected: Argument, kind: Option<NameKind>, language: Language) -> String {
    let expected = match (expected, kind) {
        (Argument::Target, Some(NameKind::Environment)) => say!(
            language,
            "имя среды (строчные латинские буквы, цифры и дефис)",
            "an environment's name (lower-case Latin letters, digits and hyphens)"
        ),
        (Argument::Target, Some(_)) => say!(
            language,
            "имя приложения (строчные латинские буквы, цифры и дефис)",
            "an application's name (lower-case Latin letters, digits and hyphens)"
        ),
        _ => help::expected(expected, language),
    };
    say!(language, "Ожидается {expected}.", "Expected: {expected}.")
}

/// The command's form, and the shortest example that shows what is missing.
fn form(text: Text, command: Option<CommandName>, about: Option<Argument>, language: Language) -> Text {
    let Some(row) = command.map(spec) else {
        return text.line(say!(language, "Все команды: /help", "All commands: /help"));
    };
    let example = if about == Some(Argument::Target) { row.examples.last() } else { row.examples.first() };
    let text = text.line(say!(language, "Формат: ", "Usage: ")).code(help::form(row, language));
    match example {
        Some(example) => text.line(say!(language, "Пример: ", "Example: ")).code(*example),
        None => text,
    }
}

fn unknown_command(text: Text, error: &GrammarError, nearest: &[CommandName], language: Language) -> Text {
    let about_help = error.command == Some(CommandName::Help);
    let mut text = text;
    if let Some(corrected) = nearest.first().filter(|_| !about_help).and_then(|name| corrected(error, *name)) {
        text = text.plain(say!(language, "Возможно, так: ", "Perhaps: ")).code(corrected.clone());
        // A button must show all that it does.
        if corrected.chars().count() <= LABEL {
            text = text.row([button(&corrected, corrected.clone())]);
        }
    } else if !nearest.is_empty() {
        text = text.plain(say!(language, "Похожие команды:", "The nearest:"));
        for name in nearest {
            let row = spec(*name);
            text = text.line(format!("/{} — {}", row.word, help::summary(*name, language)));
        }
        let word = |name: &CommandName| spec(*name).word;
        text =
            text.row(nearest.iter().map(|name| button(format!("❔ /{}", word(name)), format!("/help {}", word(name)))));
    }
    text.line(say!(language, "Все команды: /help", "All commands: /help"))
}

/// The line with the right command in the wrong one's place, when that makes it a valid command.
fn corrected(error: &GrammarError, name: CommandName) -> Option<String> {
    let rest: String = error.line.strip_prefix('/')?.chars().skip((error.at + error.length).checked_sub(1)?).collect();
    let corrected = format!("/{}{rest}", spec(name).word);
    matches!(parse(&corrected, None), Parsed::Ours(Ok(_))).then_some(corrected)
}

/// The line, cut to a window around the fault, with carets below it.
fn underlined(error: &GrammarError) -> String {
    let shown: Vec<char> = error.line.chars().map(|c| if clean::is_invisible(c) { '�' } else { c }).collect();
    let at = error.at.min(shown.len());
    let end = (at + error.length.max(1)).min(shown.len());
    let (from, to) = window(&shown, at, end);

    let part = |from: usize, to: usize| shown[from..to.max(from)].iter().collect::<String>();
    let head = format!("{}{}", if from > 0 { "…" } else { "" }, part(from, at));
    let marked = part(at, end.min(to));
    let tail = format!("{}{}", part(end.min(to), to), if to < shown.len() { "…" } else { "" });
    let carets = "^".repeat(marked.width().max(1));
    format!("{head}{marked}{tail}\n{}{carets}", " ".repeat(head.width()))
}

/// The characters to show: all when they fit, else some before the fault and what fits from there on.
fn window(shown: &[char], at: usize, end: usize) -> (usize, usize) {
    let width = |from: usize, to: usize| shown[from..to].iter().collect::<String>().width();
    // Where the fault begins at the end, its caret stands in a column of its own.
    if width(0, shown.len()) + usize::from(end == at) <= COLUMNS {
        return (0, shown.len());
    }
    let mut from = at;
    while from > 0 && width(from - 1, at) <= BEFORE {
        from -= 1;
    }
    let mut to = at;
    // One column for each mark of a cut.
    while to < shown.len() && width(from, to + 1) <= COLUMNS - 2 {
        to += 1;
    }
    while from > 0 && width(from - 1, to) <= COLUMNS - 2 {
        from -= 1;
    }
    (from, to)
}
