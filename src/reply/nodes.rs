//! Nodes: a few lines each in a chat, a table in a terminal; and what became of a change of one.

use super::{
    clean,
    columns::{COLUMNS, WIDE, aligned, items, wrapped},
    compose::{Text, button, button_in_place},
    message::Button,
    quantity, unanswered,
};
use crate::{
    domain::{
        language::Language,
        name::NodeName,
        node::{Hindrance, NodeChange, NodeReport, NodesReport, Page, Placement, Scheduling, Taint},
        unanswered::Unanswered,
    },
    grammar::CONFIRM,
};

/// The room for the list, in UTF-16 units: what follows still fits behind it.
const ROOM: usize = 3200;

/// How many reasons a node shows in a chat.
const REASONS: usize = 4;

/// The longest name that is shown.
const NAME: usize = 253;

/// The longest reason in a terminal.
const REASON: usize = 300;

const INDENT: &str = "   ";

pub(super) fn nodes(report: &Result<NodesReport, Unanswered>, language: Language) -> Text {
    let report = match report {
        Ok(report) => report,
        Err(fault) => return silent(fault, language),
    };
    let mut text = heading(report, language);
    let mut left = report.nodes.as_slice();
    let mut shown = 0;
    while let Some(first) = left.first() {
        let placement = first.placement;
        let (group, rest) = left.split_at(left.partition_point(|node| node.placement == placement));
        left = rest;
        text = text.line(placement_words(placement, language));
        let mut lines = Vec::new();
        let mut units = text.units();
        for node in group {
            let entry = lines_of(node, COLUMNS, language);
            units += entry.encode_utf16().count() + 1;
            if units > ROOM {
                break;
            }
            lines.push(entry);
        }
        shown += lines.len();
        let cut = lines.len() < group.len();
        text = if lines.is_empty() { text } else { text.block(lines.join("\n")) };
        if cut {
            let more = report.nodes.len() - shown;
            text = text.line(say!(language, "… и ещё {more}", "… and {more} more"));
            break;
        }
    }
    let text = pods_unknown(text, &report.pods_unknown, language);
    let text = if report.may_change {
        let change = |node: &NodeReport| change_button(&node.node.name, opposite(node.node.unschedulable));
        report.nodes.iter().take(shown).fold(text, |text, node| text.row(change(node)))
    } else {
        text
    };
    text.row(pages(report.page, language))
}

/// One node alone.
pub(super) fn one(report: &NodeReport, language: Language) -> Text {
    described(report, COLUMNS, language)
}

/// The same for terminals, without a bound.
pub(super) fn one_wide(report: &NodeReport, language: Language) -> Text {
    described(report, WIDE, language)
}

fn described(report: &NodeReport, columns: usize, language: Language) -> Text {
    let text = Text::new().plain("🖥 ").plain(placement_words(report.placement, language));
    text.block(lines_of(report, columns, language))
}

/// The same for terminals, without a bound.
pub(super) fn nodes_wide(report: &Result<NodesReport, Unanswered>, language: Language) -> Text {
    let report = match report {
        Ok(report) => report,
        Err(fault) => return silent(fault, language),
    };
    let text = heading(report, language);
    let text = if report.nodes.is_empty() { text } else { text.block(table(report, language)) };
    pods_unknown(text, &report.pods_unknown, language)
}

fn silent(fault: &Unanswered, language: Language) -> Text {
    let text = Text::new().plain(say!(language, "❔ Узлы неизвестны", "❔ The nodes are unknown"));
    let text = unanswered::line(text, "kubernetes", fault, language);
    unanswered::advice(text, [fault], language)
}

fn heading(report: &NodesReport, language: Language) -> Text {
    let all = report.total.all();
    let (open, tolerating, closed) = (report.total.open, report.total.tolerating, report.total.closed);
    let counts = say!(
        language,
        "🖥 Узлы: {all} · открыто {open}, с допуском {tolerating}, закрыто {closed}",
        "🖥 Nodes: {all} · {open} open, {tolerating} for tolerations, {closed} closed"
    );
    let text = Text::new().plain(counts);
    let text = match report.beyond {
        Some(beyond) => {
            let last = report.page.map_or(1, |page| page.of);
            text.line(say!(
                language,
                "⚠️ Страницы {beyond} нет, показана последняя: {last}",
                "⚠️ There is no page {beyond}; this is the last one: {last}"
            ))
        }
        None => text,
    };
    match report.page {
        Some(Page { number, of }) => text.line(say!(language, "Страница {number} из {of}", "Page {number} of {of}")),
        None => text,
    }
}

fn placement_words(placement: Placement, language: Language) -> String {
    match placement {
        Placement::Closed => say!(language, "⛔ поды не размещаются:", "⛔ no pods are placed:"),
        Placement::Tolerating => say!(language, "🔶 только поды с допуском:", "🔶 only pods that tolerate:"),
        Placement::Open => say!(language, "✅ открыты для всех подов:", "✅ open to all pods:"),
    }
}

/// That the pods on the nodes can't be told, and why.
pub(super) fn pods_unknown(text: Text, fault: &Option<Unanswered>, language: Language) -> Text {
    match fault {
        Some(fault) => {
            let text = unanswered::line(text, &say!(language, "поды на узлах", "the pods on nodes"), fault, language);
            unanswered::advice(text, [fault], language)
        }
        None => text,
    }
}

/// The lines of one node.
fn lines_of(report: &NodeReport, columns: usize, language: Language) -> String {
    let node = &report.node;
    let mut facts = vec![address(report, language)];
    facts.push(clean::inline(&node.roles.join(","), 30));
    facts.push(clean::inline(&node.version, 20));
    facts.extend(pods(report).map(|pods| say!(language, "подов {pods}", "pods {pods}")));
    facts.retain(|fact| fact != "—");
    let mut lines = vec![wrapped(&clean::inline(&node.name, NAME), "", 6, columns), items(&facts, INDENT, columns)];
    let reasons = reasons(report, language);
    let most = if columns == WIDE { reasons.len() } else { REASONS };
    let surplus = reasons.len().saturating_sub(most);
    lines.extend(reasons.iter().take(most).map(|reason| wrapped(reason, INDENT, 3, columns)));
    if surplus > 0 {
        lines.push(clean::fit(&say!(language, "{INDENT}… и ещё {surplus}", "{INDENT}… and {surplus} more"), COLUMNS));
    }
    lines.join("\n")
}

fn address(report: &NodeReport, language: Language) -> String {
    let shown = |address: &str| clean::inline(address, NAME);
    match (&report.node.external, report.node.internal.as_deref().map(shown)) {
        (Some(external), _) => shown(external),
        (None, Some(internal)) => {
            say!(language, "внешнего нет, внутренний {internal}", "no external, internal {internal}")
        }
        (None, None) => say!(language, "адреса нет", "no address"),
    }
}

/// `12/110`.
fn pods(report: &NodeReport) -> Option<String> {
    let pods = report.pods?;
    Some(report.node.capacity.map_or_else(|| pods.to_string(), |capacity| format!("{pods}/{capacity}")))
}

fn reasons(report: &NodeReport, language: Language) -> Vec<String> {
    let mut told = hindrances(&report.hindrances, language);
    if let (Some(mark), Some(word)) = (&report.node.cordoned, told.iter_mut().find(|word| *word == CORDONED)) {
        let ago = report.cordoned_since.map(|since| quantity::ago(since, language));
        let by = clean::inline(&mark.by, 80);
        *word = std::iter::once(format!("{CORDONED}: {by}")).chain(ago).collect::<Vec<_>>().join(", ");
    }
    told
}

const CORDONED: &str = "cordon";

/// What is in the way, one line each; a taint with two effects is one.
fn hindrances(hindrances: &[Hindrance], language: Language) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut taints: Vec<(&Taint, Vec<&str>)> = Vec::new();
    for hindrance in hindrances {
        match hindrance {
            Hindrance::NotReady { reason } => told.push(format!("NotReady: {}", clean::inline(reason, 80))),
            Hindrance::Deleting => told.push(say!(language, "удаляется", "being removed")),
            Hindrance::Cordoned => told.push(CORDONED.to_owned()),
            Hindrance::Taint(taint) => {
                match taints.iter_mut().find(|(other, _)| (&other.key, &other.value) == (&taint.key, &taint.value)) {
                    Some((_, effects)) => effects.push(taint.effect.word()),
                    None => taints.push((taint, vec![taint.effect.word()])),
                }
            }
        }
    }
    told.extend(taints.into_iter().map(|(taint, effects)| {
        let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
        format!("{} {}", effects.join(","), clean::inline(&format!("{}{value}", taint.key), 300))
    }));
    told
}

fn opposite(unschedulable: bool) -> Scheduling {
    if unschedulable { Scheduling::Uncordon } else { Scheduling::Cordon }
}

fn change_button(node: &str, change: Scheduling) -> Option<Button> {
    let node = NodeName::new(node).ok()?;
    let mark = match change {
        Scheduling::Cordon => "⛔",
        Scheduling::Uncordon => "✅",
    };
    let word = change.word();
    Some(button(format!("{mark} {word} {node}"), format!("/{word} {node}")))
}

fn pages(page: Option<Page>, language: Language) -> Vec<Button> {
    let refresh = say!(language, "🔁 Обновить", "🔁 Refresh");
    let Some(Page { number, of }) = page else { return vec![button_in_place(refresh, "/get_nodes")] };
    let to = |mark: &str, number: u32| button_in_place(format!("{mark} {number}/{of}"), format!("/get_nodes {number}"));
    let before = (number > 1).then(|| to("◀", number - 1));
    let after = (number < of).then(|| to("▶", number + 1));
    let here = button_in_place(refresh, format!("/get_nodes {number}"));
    before.into_iter().chain([here]).chain(after).collect()
}

fn table(report: &NodesReport, language: Language) -> String {
    let head = match language {
        Language::Ru => ["УЗЕЛ", "ПОДЫ МОЖНО", "ВНЕШНИЙ", "ВНУТРЕННИЙ", "РОЛИ", "ВЕРСИЯ", "ПОДОВ", "ПРИЧИНА"],
        Language::En => ["NODE", "PLACES PODS", "EXTERNAL", "INTERNAL", "ROLES", "VERSION", "PODS", "REASON"],
    };
    let rows = report.nodes.iter().map(|one| {
        let node = &one.node;
        let word = match one.placement {
            Placement::Open => say!(language, "да", "yes"),
            Placement::Tolerating => say!(language, "с допуском", "tolerating"),
            Placement::Closed => say!(language, "нет", "no"),
        };
        let none = || say!(language, "нет", "none");
        vec![
            clean::inline(&node.name, NAME),
            word,
            node.external.as_deref().map_or_else(none, |address| clean::inline(address, NAME)),
            node.internal.as_deref().map_or_else(none, |address| clean::inline(address, NAME)),
            clean::inline(&node.roles.join(","), 60),
            clean::inline(&node.version, 40),
            pods(one).unwrap_or_else(|| "—".to_owned()),
            clean::cut(&reasons(one, language).join("; "), REASON),
        ]
    });
    aligned(&std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>())
}

pub(super) fn change(report: &NodeChange, language: Language) -> Text {
    let node = &report.node;
    let name = clean::inline(&node.name, NAME);
    let (mark, words) = match (report.change, report.already_so) {
        (Scheduling::Cordon, false) => {
            ("⛔", say!(language, ": закрыт для новых подов (cordon)", ": closed to new pods (cordoned)"))
        }
        (Scheduling::Cordon, true) => {
            ("☑️", say!(language, ": уже закрыт (cordon), менять нечего", ": already cordoned, nothing to change"))
        }
        (Scheduling::Uncordon, false) => ("✅", say!(language, ": cordon снят", ": uncordoned")),
        (Scheduling::Uncordon, true) => {
            ("☑️", say!(language, ": cordon и не стоял, менять нечего", ": not cordoned, nothing to change"))
        }
    };
    let mut text = Text::new().plain(format!("{mark} ")).code(name).plain(words);
    if let Some(earlier) = &report.earlier {
        let ago = report.since.map(|since| format!(", {}", quantity::ago(since, language))).unwrap_or_default();
        text = text.line(say!(language, "Закрыт: ", "Cordoned by: ")).code(clean::inline(&earlier.by, 120)).plain(ago);
    }
    let still: Vec<Hindrance> =
        report.hindrances.iter().filter(|one| !matches!(one, Hindrance::Cordoned)).cloned().collect();
    if !still.is_empty() {
        let reasons: Vec<String> =
            hindrances(&still, language).iter().map(|one| wrapped(one, "", 3, COLUMNS)).collect();
        text = text.line(say!(language, "Мешает и другое:", "Also in the way:")).block(reasons.join("\n"));
    }
    let open = report.open;
    text = match (report.change, open) {
        (Scheduling::Cordon, 0) => text.line(say!(
            language,
            "⚠️ Открытых для всех подов узлов нет: новые поды будут ждать.",
            "⚠️ No node is open to all pods: new ones will be pending."
        )),
        (Scheduling::Cordon, _) => text.line(say!(
            language,
            "Поды на нём остаются. Открытых узлов: {open}.",
            "The pods on it stay. Open nodes: {open}."
        )),
        (Scheduling::Uncordon, _) => text.line(say!(language, "Открытых узлов: {open}.", "Open nodes: {open}.")),
    };
    let list = button(say!(language, "🖥 Узлы", "🖥 Nodes"), "/get_nodes");
    let undo = change_button(&node.name, opposite(node.unschedulable)).filter(|_| report.may_change);
    text.row(undo.into_iter().chain([list]))
}

pub(super) fn unknown(text: Text, change: Scheduling, nearest: &[String], language: Language) -> Text {
    let offered: Vec<&String> = nearest.iter().take(3).collect();
    if offered.is_empty() {
        return text;
    }
    let mut text = text.line(say!(language, "Ближайшие:", "Nearest:"));
    for name in &offered {
        text = text.code_line(clean::inline(name, NAME));
    }
    offered.into_iter().fold(text, |text, name| text.row(change_button(name, change)))
}

pub(super) fn last_open(text: Text, node: &NodeName, language: Language) -> Text {
    let command = format!("/cordon {node} {CONFIRM}");
    text.line(say!(
        language,
        "Кроме него ни один узел не открыт для всех подов: новым и переезжающим было бы некуда.",
        "No other node is open to all pods: new ones and those that move would have no place."
    ))
    .line(say!(language, "Ничего не изменено. Всё равно закрыть: ", "Nothing was changed. To close it all the same: "))
    .code(command.clone())
    .row([button_in_place(say!(language, "⛔ Всё равно закрыть", "⛔ Close it all the same"), command)])
}
