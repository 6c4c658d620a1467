//! Events, and one pod or node in some detail.

use super::{
    clean,
    columns::{COLUMNS, WIDE, aligned, items, tail, wrapped},
    compose::{Text, button, button_in_place},
    logs::how_it_ended,
    nodes,
    pods::{mark, missing, reason},
    quantity, unanswered,
};
use crate::domain::{
    describe::{NodeDescription, PodDescription},
    event::{EventList, EventReport, EventsReport},
    language::Language,
    name::NodeName,
    pod::{Condition, ContainerReport},
    unanswered::Unanswered,
};

/// The room for the lists, in UTF-16 units: what follows still fits behind it.
const ROOM: usize = 3_000;

/// How many events of a pod or node are shown with it.
const OF_ONE: usize = 6;

/// How many lines a message may have in a chat.
const LINES: usize = 4;

/// The longest message in a terminal.
const MESSAGE: usize = 300;

const INDENT: &str = "   ";

pub(super) fn events(reports: &[EventsReport], language: Language) -> Text {
    let text = each(reports, language, |text, list, language| chat_list(text, &list.events, list.total, language));
    match reports {
        [only] => {
            let label = only.site.label();
            text.row([
                button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), format!("/events {label}")),
                button(say!(language, "🐳 Поды", "🐳 Pods"), format!("/get_pods {label}")),
            ])
        }
        _ => text,
    }
}

/// The same for terminals, without a bound.
pub(super) fn events_wide(reports: &[EventsReport], language: Language) -> Text {
    each(reports, language, |text, list, language| text.block(table(&list.events, language)))
}

fn each(reports: &[EventsReport], language: Language, show: impl Fn(Text, &EventList, Language) -> Text) -> Text {
    let mut text = Text::new();
    if reports.is_empty() {
        return text.plain(say!(
            language,
            "🔔 В настройках бота нет ни одного приложения.",
            "🔔 The bot's configuration has no application."
        ));
    }
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            text = text.plain("\n\n");
        }
        if text.units() > ROOM {
            let more = reports.len() - index;
            return text.plain(say!(
                language,
                "… и ещё {more}; спросите о них по имени: /apps",
                "… and {more} more; ask for them by name: /apps"
            ));
        }
        let label = report.site.label();
        text = match &report.events {
            Ok(Some(list)) if list.events.is_empty() => text.plain("🔔 ").bold(label).plain(say!(
                language,
                ": событий нет (Kubernetes хранит их около часа)",
                ": no events (Kubernetes keeps them for about an hour)"
            )),
            Ok(Some(list)) => {
                let warnings = list.events.iter().filter(|event| event.warning).count();
                let total = list.total;
                let (mark, words) = match warnings {
                    0 => {
                        ("🔔", say!(language, ": событий {total}, предупреждений нет", ": events {total}, no warnings"))
                    }
                    _ => (
                        "⚠️",
                        say!(
                            language,
                            ": событий {total}, предупреждений {warnings}",
                            ": events {total}, warnings {warnings}"
                        ),
                    ),
                };
                show(text.plain(format!("{mark} ")).bold(label).plain(words), list, language)
            }
            Ok(None) => missing(text, &report.site, language),
            Err(fault) => unanswered::line(text.plain("❔ ").bold(label), "kubernetes", fault, language),
        };
    }
    unanswered::advice(text, reports.iter().filter_map(|report| report.events.as_ref().err()), language)
}

fn chat_list(text: Text, events: &[EventReport], total: usize, language: Language) -> Text {
    let mut lines = Vec::new();
    let mut units = text.units();
    for event in events {
        let shown = chat_event(event, language);
        units += shown.encode_utf16().count() + 1;
        if units > ROOM {
            break;
        }
        lines.push(shown);
    }
    let more = total - lines.len();
    let text = if lines.is_empty() { text } else { text.block(lines.join("\n")) };
    match more {
        0 => text,
        _ => text.line(say!(language, "… и ещё {more}, более ранних", "… and {more} more, older ones")),
    }
}

/// The lines of one event in a chat.
fn chat_event(event: &EventReport, language: Language) -> String {
    let mark = if event.warning { "⚠️" } else { "·" };
    let ago = event.ago.map(|ago| quantity::ago(ago, language));
    let times = (event.count > 1).then(|| format!("×{}", event.count));
    let head: Vec<String> = [Some(clean::inline(&event.reason, 40)), ago, times].into_iter().flatten().collect();
    let head = clean::fit(&format!("{mark} {}", head.join(" · ")), COLUMNS);
    let name = tail(&clean::inline(&event.name, 253), COLUMNS - INDENT.len());
    let message = wrapped(&clean::inline(&event.message, 400), INDENT, LINES, COLUMNS);
    [head, format!("{INDENT}{name}"), message].join("\n")
}

fn table(events: &[EventReport], language: Language) -> String {
    let head = match language {
        Language::Ru => ["КОГДА", "ТИП", "ПРИЧИНА", "ОБЪЕКТ", "РАЗ", "СООБЩЕНИЕ"],
        Language::En => ["LAST SEEN", "TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE"],
    };
    let row = |event: &EventReport| {
        vec![
            event.ago.map_or_else(|| "—".to_owned(), |ago| quantity::ago(ago, language)),
            if event.warning { "Warning" } else { "Normal" }.to_owned(),
            clean::inline(&event.reason, 60),
            format!("{}/{}", clean::inline(&event.kind, 60).to_lowercase(), clean::inline(&event.name, 253)),
            event.count.to_string(),
            clean::inline(&event.message, MESSAGE),
        ]
    };
    aligned(&std::iter::once(head.map(str::to_owned).to_vec()).chain(events.iter().map(row)).collect::<Vec<_>>())
}

pub(super) fn pod(description: &PodDescription, language: Language) -> Text {
    let shown = of_one(about(description, COLUMNS, language), &description.events, language);
    let name = &description.pod.name;
    let previous = description.containers.iter().any(|container| container.restarts > 0);
    let mut row = vec![button(say!(language, "📜 Лог", "📜 Log"), format!("/get_logs {name}"))];
    if previous {
        row.push(button(say!(language, "⏮ Прошлый запуск", "⏮ Previous run"), format!("/get_logs {name} previous")));
    }
    shown.row(row).row([button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), format!("/describe {name}"))])
}

/// The same for terminals.
pub(super) fn pod_wide(description: &PodDescription, language: Language) -> Text {
    of_one_wide(about(description, WIDE, language), &description.events, language)
}

pub(super) fn node(description: &NodeDescription, language: Language) -> Text {
    let shown = nodes::pods_unknown(nodes::one(&description.node, language), &description.pods_unknown, language);
    let shown = of_one(shown, &description.events, language);
    let name = NodeName::new(description.node.node.name.clone()).ok();
    let again = |name| button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), format!("/describe node/{name}"));
    shown.row(name.map(again))
}

/// The same for terminals.
pub(super) fn node_wide(description: &NodeDescription, language: Language) -> Text {
    let shown = nodes::pods_unknown(nodes::one_wide(&description.node, language), &description.pods_unknown, language);
    of_one_wide(shown, &description.events, language)
}

/// The latest events of one object, after what is told of it.
fn of_one(text: Text, events: &Result<EventList, Unanswered>, language: Language) -> Text {
    match events {
        Ok(list) if list.events.is_empty() => text.line(say!(language, "Событий нет.", "No events.")),
        Ok(list) => {
            let text = text.line(say!(language, "События:", "Events:"));
            let events = &list.events[..list.events.len().min(OF_ONE)];
            chat_list(text, events, list.total, language)
        }
        Err(fault) => {
            let text = unanswered::line(text, &say!(language, "события", "events"), fault, language);
            unanswered::advice(text, [fault], language)
        }
    }
}

fn of_one_wide(text: Text, events: &Result<EventList, Unanswered>, language: Language) -> Text {
    match events {
        Ok(list) if !list.events.is_empty() => {
            text.line(say!(language, "События:", "Events:")).block(table(&list.events, language))
        }
        _ => of_one(text, events, language),
    }
}

/// `kind/name` in so many columns: of a long name the end is left, which tells it from others.
fn made_by(owner: &str, columns: usize) -> String {
    match owner.split_once('/') {
        Some((kind, name)) if kind.len() + 8 < columns => format!("{kind}/{}", tail(name, columns - kind.len() - 1)),
        _ => tail(owner, columns),
    }
}

fn about(description: &PodDescription, columns: usize, language: Language) -> Text {
    let PodDescription { pod, ip, owner, containers, conditions, .. } = description;
    let status = clean::inline(&pod.status, 60);
    let text = Text::new().plain(format!("{} ", mark(pod.condition))).bold(clean::inline(&pod.name, 253));
    let text = text.plain(": ").code(format!("{status} {}/{}", pod.ready, pod.total));
    let row = |name: String, value: String| clean::fit(&format!("{}{value}", clean::left(&name, 11)), columns);
    let none = || "—".to_owned();
    let mut facts = vec![
        row("namespace".to_owned(), clean::inline(&pod.namespace, 63)),
        row(
            say!(language, "узел", "node"),
            pod.node.as_deref().map_or_else(none, |node| tail(&clean::inline(node, 253), columns - 11)),
        ),
        row(say!(language, "адрес", "address"), ip.as_deref().map_or_else(none, |ip| clean::inline(ip, 64))),
        row(
            say!(language, "создал", "made by"),
            owner.as_deref().map_or_else(none, |owner| made_by(&clean::inline(owner, 300), columns - 11)),
        ),
        row(say!(language, "возраст", "age"), pod.age.map_or_else(none, |age| quantity::age(age, language))),
    ];
    if let Some(why) = &pod.why {
        facts.push(wrapped(&clean::inline(&reason(why, language), 400), "", LINES, columns));
    }
    let mut text = text.block(facts.join("\n"));
    if !conditions.is_empty() {
        let words = conditions.iter().take(5).map(|condition| {
            let (kind, reason) = (clean::inline(&condition.kind, 40), clean::inline(&condition.reason, 60));
            let message = wrapped(&clean::inline(&condition.message, 300), INDENT, 3, columns);
            format!("{}\n{message}", clean::fit(&format!("✗ {kind}: {reason}"), columns))
        });
        let words = words.collect::<Vec<_>>().join("\n");
        text = text.line(say!(language, "Не выполнено:", "Not met:")).block(words);
    }
    let shown: Vec<String> = containers.iter().take(12).map(|one| container(one, columns, language)).collect();
    let more = containers.len() - shown.len();
    if !shown.is_empty() {
        text = text.line(say!(language, "Контейнеры:", "Containers:")).block(shown.join("\n"));
    }
    match more {
        0 => text,
        _ => text.line(say!(language, "… и ещё {more}", "… and {more} more")),
    }
}

fn container(container: &ContainerReport, columns: usize, language: Language) -> String {
    let state = clean::inline(&container.state, 40);
    let name = clean::inline(&container.name, 63);
    let init = if container.init { " (init)" } else { "" };
    let condition = match container.state.as_str() {
        "running" if container.ready => Condition::Well,
        "running" | "waiting" | "ContainerCreating" | "PodInitializing" => Condition::Starting,
        "Completed" => Condition::Completed,
        _ => Condition::Broken,
    };
    let mut facts = vec![state];
    let restarts = container.restarts;
    if restarts > 0 {
        facts.push(say!(language, "перезапусков {restarts}", "restarts {restarts}"));
    }
    if let Some(limit) = &container.memory_limit {
        let limit = clean::inline(limit, 20);
        facts.push(say!(language, "память до {limit}", "memory up to {limit}"));
    }
    if let Some(end) = container.ended.as_ref().filter(|end| end.exit_code != 0 || restarts > 0) {
        let end = how_it_ended(end, language);
        facts.push(say!(language, "закончился: {end}", "ended: {end}"));
    }
    [
        clean::fit(&format!("{} {name}{init}", mark(condition)), columns),
        items(&facts, INDENT, columns),
        wrapped(&clean::inline(&container.image, 400), INDENT, 3, columns),
    ]
    .join("\n")
}
