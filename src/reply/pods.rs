//! Pods: a few lines each in a chat, a table in a terminal.

use super::{
    clean,
    columns::{COLUMNS, aligned, items, tail, wrapped},
    compose::{Text, button, button_in_place},
    message::Button,
    quantity, unanswered,
};
use crate::domain::{
    catalogue::Site,
    language::Language,
    pod::{Condition, End, PodList, PodReport, PodsReport, Template, Why},
};

/// The room for the lists, in UTF-16 units: what follows still fits behind it.
const ROOM: usize = 3000;

/// How many pods get a button for their log.
const LOG_BUTTONS: usize = 4;

/// How many lines the reason behind a pod's status may have in a chat.
const WHY_LINES: usize = 3;

/// The longest reason in a terminal.
const WHY: usize = 300;

pub(super) fn pods(reports: &[PodsReport], language: Language) -> Text {
    let text = each(reports, Text::new(), language, chat_list);
    let [only] = reports else { return text };
    let refresh =
        button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), format!("/get_pods {}", only.site.label()));
    let pods = only.pods.iter().flatten().flat_map(|list| &list.pods);
    pods.take(LOG_BUTTONS).fold(text.row([refresh]), |text, pod| text.row([log_button(pod)]))
}

/// The log of a pod; of the run that crashed, when it crashes again and again.
fn log_button(pod: &PodReport) -> Button {
    let previous = if pod.status == "CrashLoopBackOff" { " previous" } else { "" };
    let name = tail(&clean::inline(&pod.name, 253), 40);
    button(format!("📜 {name}"), format!("/get_logs {}{previous}", pod.name))
}

/// The same for terminals, without a bound.
pub(super) fn pods_wide(reports: &[PodsReport], language: Language) -> Text {
    each(
        reports,
        Text::new(),
        language,
        |text, list, language| {
            if list.pods.is_empty() { text } else { text.block(table(list, language)) }
        },
    )
}

fn each(
    reports: &[PodsReport],
    mut text: Text,
    language: Language,
    show: impl Fn(Text, &PodList, Language) -> Text,
) -> Text {
    if reports.is_empty() {
        return text.plain(say!(
            language,
            "🐳 В настройках бота нет ни одного приложения.",
            "🐳 The bot's configuration has no application."
        ));
    }
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            text = text.plain("\n\n");
        }
        let label = report.site.label();
        text = match &report.pods {
            Ok(Some(list)) => {
                let (mark, verdict) = verdict(list, language);
                let text = text.plain(format!("{mark} ")).bold(label).plain(format!(": {verdict}"));
                let text = match &list.cannot_create {
                    Some(reason) => {
                        text.line(say!(language, "⚠️ причина: ", "⚠️ because: ")).code(clean::inline(reason, WHY))
                    }
                    None => text,
                };
                show(text, list, language)
            }
            Ok(None) => missing(text, &report.site, language),
            Err(fault) => unanswered::line(text.plain("❔ ").bold(label), "kubernetes", fault, language),
        };
    }
    unanswered::advice(text, reports.iter().filter_map(|report| report.pods.as_ref().err()), language)
}

pub(super) fn missing(text: Text, site: &Site, language: Language) -> Text {
    let workload = clean::workload(&site.environment.workload).replace('`', "'");
    text.plain("❌ ").bold(site.label()).plain(": ").marked(&say!(
        language,
        "Deployment `{workload}` не найден: проверьте `workload` в настройках",
        "no Deployment `{workload}`: check `workload` in the configuration"
    ))
}

/// The worst that is true of the list, with its mark.
fn verdict(list: &PodList, language: Language) -> (&'static str, String) {
    let wanted = list.desired;
    let is_ready = |pod: &&PodReport| pod.condition == Condition::Well && pod.ready == pod.total;
    let ready = u32::try_from(list.pods.iter().filter(is_ready).count()).unwrap_or(u32::MAX);
    let pods = quantity::pods(ready, wanted, language);
    let worst = list.pods.iter().map(|pod| pod.condition).min();
    let mark = match worst {
        Some(Condition::Broken) => "❌",
        _ if list.cannot_create.is_some() => "❌",
        Some(Condition::Shaky) => "⚠️",
        _ if list.rolling || ready < wanted => "🔄",
        None if wanted == 0 => "⏸",
        Some(Condition::Starting | Condition::Stopping) => "🔄",
        _ => "✅",
    };
    let state = match mark {
        "⏸" => return (mark, say!(language, "остановлено, подов нет", "scaled down, no pods")),
        "❌" if worst == Some(Condition::Broken) => say!(language, "есть поды с ошибкой", "pods are failing"),
        "❌" => say!(language, "новые поды не создаются", "no new pods are made"),
        "⚠️" => say!(language, "есть нестабильные поды", "pods are unstable"),
        "🔄" => say!(language, "обновляется", "on its way"),
        _ => say!(language, "все работают", "all well"),
    };
    (mark, say!(language, "готово {pods}, {state}", "{pods} ready, {state}"))
}

fn chat_list(mut text: Text, list: &PodList, language: Language) -> Text {
    let mut left = list.pods.as_slice();
    while let Some(first) = left.first() {
        let template = first.template;
        let (group, rest) = left.split_at(left.partition_point(|pod| pod.template == template));
        left = rest;
        if list.rolling {
            text = heading(text, group, language);
        }
        let mut lines: Vec<String> = Vec::new();
        let mut units = text.units();
        for (index, pod) in group.iter().enumerate() {
            let shown = chat_pod(pod, language);
            units += shown.encode_utf16().count() + 1;
            if units > ROOM {
                let text = if lines.is_empty() { text } else { text.block(lines.join("\n")) };
                let hidden: Vec<&PodReport> = group[index..].iter().chain(left).collect();
                return hidden_words(text, &hidden, language);
            }
            lines.push(shown);
        }
        text = text.block(lines.join("\n"));
    }
    text
}

/// `New (0.10.5):`, with the tags that the pods have.
fn heading(text: Text, group: &[PodReport], language: Language) -> Text {
    let mut tags: Vec<String> =
        group.iter().filter_map(|pod| pod.tag.as_deref()).map(|tag| clean::inline(tag, 30)).collect();
    tags.sort();
    tags.dedup();
    tags.truncate(3);
    let text = text.line(match group.first().map(|pod| pod.template) {
        Some(Template::Older) => say!(language, "Прежние", "Old"),
        _ => say!(language, "Новые", "New"),
    });
    let text = if tags.is_empty() { text } else { text.plain(" (").code(tags.join(", ")).plain(")") };
    text.plain(":")
}

/// `… and 4 more: 3 Running, 1 Pending`.
fn hidden_words(text: Text, hidden: &[&PodReport], language: Language) -> Text {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for pod in hidden {
        match counts.iter_mut().find(|(status, _)| *status == pod.status) {
            Some((_, count)) => *count += 1,
            None => counts.push((&pod.status, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = hidden.len();
    let counts: Vec<String> =
        counts.iter().take(5).map(|(status, count)| format!("{count} {}", clean::inline(status, 40))).collect();
    let counts = counts.join(", ");
    text.line(say!(language, "… и ещё {more}: ", "… and {more} more: ")).code(counts)
}

/// The lines of one pod in a chat.
fn chat_pod(pod: &PodReport, language: Language) -> String {
    const INDENT: &str = "   ";
    let name = tail(&clean::inline(&pod.name, 253), COLUMNS - INDENT.len());
    let status = clean::inline(&pod.status, 40);
    let mut facts = vec![format!("{status} {}/{}", pod.ready, pod.total)];
    facts.extend(pod.tag.as_deref().map(|tag| clean::fit(&clean::inline(tag, 128), 20)));
    facts.extend(pod.age.map(|age| quantity::age(age, language)));
    facts.extend(restarts(pod, language));
    let none = || say!(language, "узла нет", "no node");
    let node = pod.node.as_deref().map(|node| tail(&clean::inline(node, 253), COLUMNS - INDENT.len()));
    facts.push(node.unwrap_or_else(none));
    let mut lines = vec![format!("{} {name}", mark(pod.condition)), items(&facts, INDENT, COLUMNS)];
    let why = pod.why.as_ref().map(|why| clean::inline(&reason(why, language), 400));
    lines.extend(why.map(|why| wrapped(&why, INDENT, WHY_LINES, COLUMNS)));
    lines.join("\n")
}

fn restarts(pod: &PodReport, language: Language) -> Option<String> {
    let count = pod.restarts;
    if count == 0 {
        return None;
    }
    let ago = pod.last_restart.map(|ago| format!(" ({})", quantity::ago(ago, language))).unwrap_or_default();
    Some(say!(language, "перезапусков {count}{ago}", "restarts {count}{ago}"))
}

pub(super) fn mark(condition: Condition) -> &'static str {
    match condition {
        Condition::Broken => "❌",
        Condition::Shaky => "⚠️",
        Condition::Starting => "🔄",
        Condition::Stopping => "🗑",
        Condition::Well => "✅",
        Condition::Completed => "🏁",
    }
}

fn table(list: &PodList, language: Language) -> String {
    let mut head: Vec<String> = match language {
        Language::Ru => ["ПОД", "ГОТОВО", "СТАТУС", "ПЕРЕЗАПУСКИ", "ВОЗРАСТ", "УЗЕЛ", "ТЕГ"],
        Language::En => ["POD", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "TAG"],
    }
    .map(str::to_owned)
    .to_vec();
    if list.rolling {
        head.push(say!(language, "ШАБЛОН", "TEMPLATE"));
    }
    if list.pods.iter().any(|pod| pod.why.is_some()) {
        head.push(say!(language, "ПРИЧИНА", "REASON"));
    }
    let rows = std::iter::once(head).chain(list.pods.iter().map(|pod| row(pod, list.rolling, language)));
    aligned(&rows.collect::<Vec<_>>())
}

/// The reason behind a pod's status; Kubernetes' own words stay as they are.
pub(super) fn reason(why: &Why, language: Language) -> String {
    let Why::Ended { how, said } = why else { return why.to_string() };
    let how = match how {
        End::Reason(reason) => reason.clone(),
        End::Code(None, code) => say!(language, "код выхода {code}", "exit code {code}"),
        End::Code(Some(reason), code) => say!(language, "{reason}, код выхода {code}", "{reason}, exit code {code}"),
        End::Signal(signal) => say!(language, "сигнал {signal}", "signal {signal}"),
    };
    if said.is_empty() { how } else { format!("{how}: {said}") }
}

fn row(pod: &PodReport, rolling: bool, language: Language) -> Vec<String> {
    let none = || "—".to_owned();
    let ago = pod.last_restart.filter(|_| pod.restarts > 0);
    let ago = ago.map(|ago| format!(" ({})", quantity::ago(ago, language))).unwrap_or_default();
    let mut cells = vec![
        clean::inline(&pod.name, 253),
        format!("{}/{}", pod.ready, pod.total),
        clean::inline(&pod.status, 60),
        format!("{}{ago}", pod.restarts),
        pod.age.map_or_else(none, |age| quantity::age(age, language)),
        pod.node.as_deref().map_or_else(none, |node| clean::inline(node, 253)),
        pod.tag.as_deref().map_or_else(none, |tag| clean::inline(tag, 128)),
    ];
    if rolling {
        cells.push(match pod.template {
            Template::Newest => say!(language, "новый", "new"),
            Template::Older => say!(language, "прежний", "old"),
        });
    }
    cells.extend(pod.why.as_ref().map(|why| clean::inline(&reason(why, language), WHY)));
    cells
}
