//! Logs: the last lines in a block, or in a file when they are too much for a message.

use super::{
    clean,
    compose::{Text, button, button_in_place},
    message::{Button, Document},
    pods::mark,
    quantity,
};
use crate::domain::{
    language::Language,
    log::LogReport,
    pod::{Condition, ContainerReport, Ending, PodName},
};

/// The longest line in a chat, in characters; a file has them whole.
const LINE: usize = 300;

/// The room for the lines of a message, in UTF-16 units: what else it says still fits.
const ROOM: usize = 3_500;

/// The same of a file's caption, which Telegram keeps below 1,024.
const CAPTION_ROOM: usize = 500;

/// The longest name of a pod in a heading; Kubernetes has none that is longer.
const NAME: usize = 253;

pub(super) fn log(report: &LogReport, language: Language) -> Text {
    let text = heading(Text::new(), report, language);
    if let Some(words) = &report.not_there {
        let text = match report.previous {
            true => text.line(say!(language, "Лога прошлого запуска нет: ", "There is no log of a previous run: ")),
            false => text.line(say!(language, "Лога ещё нет: ", "There is no log yet: ")),
        };
        return buttons(text.code(clean::inline(words, 300)), report, language);
    }
    if is_blank(report) {
        let text = text.line(say!(language, "Лог пуст.", "The log is empty."));
        return buttons(text, report, language);
    }
    let lines: Vec<String> = report.lines.iter().map(|line| clean::line(line, LINE)).collect();
    let block = lines.join("\n");
    let text = match units(&block) <= ROOM {
        true => text.block(block),
        false => {
            let shown = last_within(&lines, CAPTION_ROOM);
            let total = report.lines.len();
            let text = text.line(match shown.is_empty() {
                true => say!(language, "Все строки ({total}) — в файле.", "All {total} lines are in the file."),
                false => say!(
                    language,
                    "Все строки ({total}) — в файле, последние:",
                    "All {total} lines are in the file, the last of them:"
                ),
            });
            let text = if shown.is_empty() { text } else { text.block(shown.join("\n")) };
            text.document(Document { name: file_name(report), text: whole(report) })
        }
    };
    buttons(notes(text, report, language), report, language)
}

/// The same for terminals: every line as long as it is.
pub(super) fn log_wide(report: &LogReport, language: Language) -> Text {
    if report.not_there.is_some() || is_blank(report) {
        return log(report, language);
    }
    let lines: Vec<String> = report.lines.iter().map(|line| clean::line(line, usize::MAX)).collect();
    notes(heading(Text::new(), report, language).block(lines.join("\n")), report, language)
}

fn is_blank(report: &LogReport) -> bool {
    report.lines.iter().all(|line| clean::line(line, LINE).trim().is_empty())
}

fn heading(text: Text, report: &LogReport, language: Language) -> Text {
    let text = text.plain("📜 ").bold(clean::inline(&report.pod.name, NAME)).plain(" · ");
    let text = text.code(clean::inline(&report.container, 63));
    match (report.previous, &report.crashed) {
        (false, _) => text,
        (true, None) => text.line(say!(language, "Прошлый запуск", "The previous run")),
        (true, Some(end)) => {
            let end = how_it_ended(end, language);
            text.line(say!(language, "Прошлый запуск, закончился: ", "The previous run, which ended: ")).code(end)
        }
    }
}

/// `OOMKilled, 2 min ago`; `exit code 1, 2 min ago`.
pub(super) fn how_it_ended(end: &Ending, language: Language) -> String {
    let code = end.exit_code;
    let how = match (end.reason.as_str(), end.signal) {
        ("" | "Error" | "Completed", 0) => say!(language, "код выхода {code}", "exit code {code}"),
        ("" | "Error" | "Completed", signal) => say!(language, "сигнал {signal}", "signal {signal}"),
        (reason, _) => clean::inline(reason, 60),
    };
    match end.ago {
        Some(ago) => format!("{how}, {}", quantity::ago(ago, language)),
        None => how,
    }
}

fn notes(text: Text, report: &LogReport, language: Language) -> Text {
    let masked = report.masked;
    let text = match masked {
        0 => text,
        _ => text.line(say!(language, "🙈 скрыто секретов: {masked}", "🙈 secrets masked: {masked}")),
    };
    let text = match report.cut {
        true => text.line(say!(
            language,
            "✂️ строки очень длинные, показано не всё",
            "✂️ the lines are very long, not all of it is shown"
        )),
        false => text,
    };
    match (&report.crashed, report.previous) {
        (Some(end), false) => {
            let end = how_it_ended(end, language);
            text.line(say!(language, "💥 Прошлый запуск: ", "💥 The run before: "))
                .code(end)
                .line(say!(language, "Его лог: ", "Its log: "))
                .code(command(&report.pod, named(report), true))
        }
        _ => text,
    }
}

fn buttons(text: Text, report: &LogReport, language: Language) -> Text {
    let LogReport { pod, previous, .. } = report;
    let container = named(report);
    let mut row =
        vec![button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), command(pod, container, *previous))];
    match (previous, &report.crashed) {
        (false, Some(_)) => {
            row.push(button(say!(language, "⏮ Прошлый запуск", "⏮ Previous run"), command(pod, container, true)));
        }
        (true, _) => {
            row.push(button(say!(language, "⏭ Текущий запуск", "⏭ Current run"), command(pod, container, false)));
        }
        (false, None) => {}
    }
    container_rows(text.row(row), &report.others, |name| command(pod, Some(name), false))
}

/// The question which container is meant.
pub(super) fn container_needed(
    pod: &PodName,
    given: Option<&str>,
    containers: &[ContainerReport],
    previous: bool,
    language: Language,
) -> Text {
    let name = clean::inline(&pod.name, NAME);
    let text = match given {
        Some(given) => {
            let text = Text::new().plain("❓ ").bold(say!(language, "Нет такого контейнера: ", "No such container: "));
            text.code(clean::inline(given, 63)).line(say!(language, "В поде ", "The pod ")).code(name).plain(say!(
                language,
                " есть:",
                " has:"
            ))
        }
        None => {
            Text::new().plain("❓ ").bold(say!(language, "Какой контейнер?", "Which container?")).newline().code(name)
        }
    };
    let lines: Vec<String> = containers
        .iter()
        .take(20)
        .map(|container| {
            let mark = mark(condition(container));
            let name = clean::inline(&container.name, 63);
            let state = clean::inline(&container.state, 40);
            clean::fit(&format!("{mark} {name}: {state}"), super::columns::COLUMNS)
        })
        .collect();
    let text = if lines.is_empty() { text } else { text.block(lines.join("\n")) };
    let names: Vec<String> = containers.iter().map(|container| container.name.clone()).collect();
    let text = match containers.iter().find(|container| !container.init) {
        Some(first) => {
            text.line(say!(language, "Например: ", "For example: ")).code(command(pod, Some(&first.name), previous))
        }
        None => text,
    };
    container_rows(text, &names, |name| command(pod, Some(name), previous))
}

fn condition(container: &ContainerReport) -> Condition {
    match container.state.as_str() {
        "running" if container.ready => Condition::Well,
        "running" | "waiting" | "ContainerCreating" | "PodInitializing" => Condition::Starting,
        "Completed" => Condition::Completed,
        _ => Condition::Broken,
    }
}

/// Buttons for containers, two in a row.
fn container_rows(text: Text, names: &[String], command: impl Fn(&str) -> String) -> Text {
    let shown = &names[..names.len().min(20)];
    shown.chunks(2).fold(text, |text, pair| {
        let buttons: Vec<Button> =
            pair.iter().map(|name| button(format!("📜 {}", clean::inline(name, 40)), command(name))).collect();
        text.row(buttons)
    })
}

/// The command for a container's log, without a name for the only one. The namespace is left out, for a button holds
/// little: should another namespace have a pod of that name, the answer asks which one is meant.
fn command(pod: &PodName, container: Option<&str>, previous: bool) -> String {
    let container = container.map(|name| format!(" {name}")).unwrap_or_default();
    let previous = if previous { " previous" } else { "" };
    format!("/get_logs {}{container}{previous}", pod.name)
}

/// The container as commands have to name it.
fn named(report: &LogReport) -> Option<&str> {
    (!report.others.is_empty() || report.chosen).then_some(report.container.as_str())
}

fn file_name(report: &LogReport) -> String {
    let previous = if report.previous { ".previous" } else { "" };
    format!("{}.{}{previous}.log", report.pod.name, report.container)
}

fn whole(report: &LogReport) -> String {
    let lines: Vec<String> = report.lines.iter().map(|line| clean::line(line, usize::MAX)).collect();
    lines.join("\n") + "\n"
}

/// As many of the last lines as fit.
fn last_within(lines: &[String], room: usize) -> &[String] {
    let mut used = 0;
    let fitting = lines.iter().rev().take_while(|line| {
        used += units(line) + 1;
        used <= room
    });
    let count = fitting.count();
    &lines[lines.len() - count..]
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
