//! What git wants, what the cluster runs, what the registry has, and who changed it last.

use super::{
    clean,
    compose::{Text, button, button_in_place},
    quantity, unread,
};
use crate::domain::{
    answer::{LiveState, StatusReport},
    language::Language,
    observation::{Health, SyncStatus},
    plan::Desired,
};

/// The columns of the table; a telephone shows about as many.
const COLUMNS: usize = 46;

/// The columns of the first cell, with the space behind it.
const FIRST: usize = 10;

/// The longest name in a verdict.
const NAME: usize = 130;

/// How many reasons for trouble are shown.
const TROUBLES: usize = 4;

/// The room for the reports, in UTF-16 units: the longest one still fits behind it.
const ROOM: usize = 2400;

pub(super) fn status(reports: &[StatusReport], language: Language) -> Text {
    if reports.is_empty() {
        return Text::new().plain(say!(
            language,
            "📊 В настройках бота нет ни одного приложения.",
            "📊 The bot's configuration has no application."
        ));
    }
    let mut text = Text::new();
    for (index, report) in reports.iter().enumerate() {
        if text.units() > ROOM {
            let more = reports.len() - index;
            return text.paragraph(say!(
                language,
                "… и ещё {more}; спросите о них по имени: /apps",
                "… and {more} more; ask for them by name: /apps"
            ));
        }
        text = one(if index > 0 { text.plain("\n\n") } else { text }, report, language);
    }
    if let [only] = reports {
        let label = only.site.label();
        let application = &only.site.application;
        text = text.row([
            button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), format!("/status {label}")),
            button(say!(language, "📦 Версии", "📦 Versions"), format!("/showcontainers {application}")),
        ]);
    }
    text
}

fn one(text: Text, report: &StatusReport, language: Language) -> Text {
    let (mark, verdict) = verdict(report, language);
    let text = text.plain(format!("{mark} ")).bold(report.site.label()).plain(": ").marked(&verdict);
    let mut text = missing(text.block(table(report, language)), report, language);
    if let Ok(LiveState { trouble, .. }) = &report.live
        && !trouble.is_empty()
    {
        let reasons: Vec<String> = trouble.iter().take(TROUBLES).map(|reason| clean::inline(reason, 170)).collect();
        text = text.plain(say!(language, "⚠️ мешает:", "⚠️ in the way:")).block(reasons.join("\n"));
    }
    let change = match &report.last_change {
        Ok(Some(change)) => change,
        Ok(None) => return text.line(say!(language, "Через бота ещё не меняли.", "Not changed by the bot yet.")),
        Err(_) => return text,
    };
    let ago = quantity::ago(change.age, language);
    text.line(say!(language, "Последнее изменение: ", "Last change: "))
        .code(clean::inline(&what_changed(&change.subject, language), 140))
        .plain(", ")
        .code(clean::inline(name_of(&change.by), 100))
        .plain(say!(language, ", {ago}, коммит ", ", {ago}, commit "))
        .commit(&change.revision, change.url.as_deref())
}

/// The change in a subject like `deploy(app/env): 0.10.4 → 0.10.5`; the heading has said already where.
fn what_changed(subject: &str, language: Language) -> String {
    let unset = say!(language, "не задано →", "not set →");
    let subject = subject.replacen("): (unset) →", &format!("): {unset}"), 1);
    match subject.split_once("): ") {
        Some((kind, change)) if kind.starts_with("scale(") => {
            say!(language, "реплики {change}", "replicas {change}")
        }
        Some((kind, change)) if kind.starts_with("deploy(") => change.to_owned(),
        _ => subject,
    }
}

/// The name in a `Requested-By` like `Анна Иванова (telegram 1001)`.
fn name_of(by: &str) -> &str {
    by.rsplit_once(" (").filter(|(_, account)| account.ends_with(')')).map_or(by, |(name, _)| name)
}

/// The first of these that holds, worst first; backticks mark code.
fn verdict(report: &StatusReport, language: Language) -> (&'static str, String) {
    let Ok(live) = &report.live else {
        return ("❔", say!(language, "состояние неизвестно", "state unknown"));
    };
    if live.workload_missing {
        let workload = clean::workload(&report.site.environment.workload).replace('`', "'");
        return (
            "❌",
            say!(
                language,
                "Deployment `{workload}` не найден: проверьте `workload` в настройках",
                "no Deployment `{workload}`: check `workload` in the configuration"
            ),
        );
    }
    match live.health {
        Health::Degraded | Health::Missing => return ("❌", say!(language, "не работает", "not working")),
        Health::Suspended => return ("⏸", say!(language, "на паузе", "paused")),
        Health::Progressing => return ("🔄", say!(language, "обновляется", "rolling out")),
        Health::Unknown => return ("❔", say!(language, "состояние неизвестно", "state unknown")),
        Health::Healthy => {}
    }
    if !live.has_image && report.desired.as_ref().is_ok_and(|desired| desired.tag.is_none()) {
        let image = clean::inline(report.site.image.as_str(), NAME);
        return (
            "⚠️",
            say!(
                language,
                "ни в git, ни в кластере нет образа `{image}`: проверьте `image` в настройках",
                "neither git nor the cluster has the image `{image}`: check `image` in the configuration"
            ),
        );
    }
    let differs = match &report.desired {
        Ok(desired) => tag_differs(desired, live) || replicas_differ(desired, live),
        Err(_) => false,
    };
    if live.sync == SyncStatus::OutOfSync || differs {
        return ("⚠️", say!(language, "git и кластер расходятся", "git and the cluster differ"));
    }
    if live.ready < live.desired {
        return ("🔄", say!(language, "поды поднимаются", "pods are coming up"));
    }
    match (&report.desired, live.sync) {
        (Ok(_), SyncStatus::Synced) if live.desired == 0 => {
            ("⏸", say!(language, "остановлено, как в git", "scaled down, as in git"))
        }
        (Ok(_), SyncStatus::Synced) => ("✅", say!(language, "работает, как в git", "live, as in git")),
        _ => ("❔", say!(language, "работает, сверить с git не удалось", "live, but not compared with git")),
    }
}

fn tag_differs(desired: &Desired, live: &LiveState) -> bool {
    desired.tag.is_some() && desired.tag != live.tag
}

fn replicas_differ(desired: &Desired, live: &LiveState) -> bool {
    desired.replicas.is_some_and(|wanted| wanted != live.desired)
}

fn table(report: &StatusReport, language: Language) -> String {
    let desired = report.desired.as_ref();
    let mut rows = vec![match desired {
        Ok(desired) => row("git", &wanted(desired, language)),
        Err(_) => row("git", &no_data(language)),
    }];
    let cluster = say!(language, "кластер", "cluster");
    match &report.live {
        Ok(live) => {
            for (index, cell) in running(live, desired.ok(), language).iter().enumerate() {
                rows.push(row(if index == 0 { &cluster } else { "" }, cell));
            }
            rows.push(row("Argo CD", &format!("{} · {}", sync(live.sync), health(live.health))));
            rows.push(row(&say!(language, "ревизия", "revision"), &revision(live, language)));
        }
        Err(_) => rows.push(row(&cluster, &no_data(language))),
    }
    let registry = say!(language, "реестр", "registry");
    rows.push(match &report.newest {
        Ok(Some(tag)) => {
            let tag = value(tag);
            row(&registry, &say!(language, "{tag} — новейшая", "{tag} is the newest"))
        }
        Ok(None) => row(&registry, &say!(language, "тегов нет", "no tags")),
        Err(_) => row(&registry, &no_data(language)),
    });
    rows.join("\n")
}

fn row(name: &str, cell: &str) -> String {
    clean::fit(&format!("{}{cell}", clean::left(name, FIRST)), COLUMNS)
}

fn no_data(language: Language) -> String {
    say!(language, "нет данных", "no data")
}

/// Why parts are missing: the reasons end with what matters most and are too long for the table.
fn missing(text: Text, report: &StatusReport, language: Language) -> Text {
    let parts = [
        ("git".to_owned(), report.desired.as_ref().err()),
        (say!(language, "кластер", "cluster"), report.live.as_ref().err()),
        (say!(language, "реестр", "registry"), report.newest.as_ref().err()),
    ];
    let missing = parts.iter().filter_map(|(name, fault)| Some((name, fault.as_ref()?)));
    missing.fold(text, |text, (name, fault)| unread::reason(text.line(format!("{name}: ")), fault, language))
}

fn wanted(desired: &Desired, language: Language) -> String {
    let tag = match &desired.tag {
        Some(tag) => value(tag),
        None => say!(language, "тег не задан", "no tag set"),
    };
    match desired.replicas {
        Some(count) => format!("{tag} · {}", quantity::replicas(count, language)),
        None => tag,
    }
}

/// The cell of the cluster, on one line or two.
fn running(live: &LiveState, desired: Option<&Desired>, language: Language) -> Vec<String> {
    if live.workload_missing {
        return vec![say!(language, "Deployment не найден", "no Deployment")];
    }
    let tag = match &live.tag {
        Some(tag) => value(tag),
        None if live.has_image => say!(language, "без тега", "no tag"),
        None => say!(language, "другой образ", "another image"),
    };
    let mark = if desired.is_some_and(|desired| tag_differs(desired, live)) { " ≠ git" } else { "" };
    let (ready, wanted) = (live.ready, live.desired);
    let pods_mark = if desired.is_some_and(|desired| replicas_differ(desired, live)) { " ≠ git" } else { "" };
    if let Some(new) = live.ready_new {
        let old = ready.saturating_sub(new);
        let pods = say!(
            language,
            "поды новой версии {new}/{wanted}, прежней {old}",
            "new pods {new}/{wanted}, old ones {old}"
        );
        return vec![format!("{tag}{mark}"), format!("{pods}{pods_mark}")];
    }
    let pods = say!(language, "поды {ready}/{wanted}", "pods {ready}/{wanted}");
    vec![format!("{tag}{mark} · {pods}{pods_mark}")]
}

fn revision(live: &LiveState, language: Language) -> String {
    let unknown = || say!(language, "неизвестна", "unknown");
    match (&live.revision, &live.head) {
        (Some(revision), Some(head)) if revision == head => {
            let revision = revision.short();
            say!(language, "{revision} = git", "{revision} = git")
        }
        (Some(revision), Some(head)) => {
            let (revision, head) = (revision.short(), head.short());
            say!(language, "{revision}, в git {head}", "{revision}, git has {head}")
        }
        (Some(revision), None) => revision.short().to_owned(),
        (None, Some(head)) => {
            let (unknown, head) = (unknown(), head.short());
            say!(language, "{unknown}, в git {head}", "{unknown}, git has {head}")
        }
        (None, None) => unknown(),
    }
}

/// A tag, short enough to leave room beside it.
fn value(tag: &str) -> String {
    clean::fit(&clean::inline(tag, 128), 20)
}

/// Argo CD's own words.
fn sync(status: SyncStatus) -> &'static str {
    match status {
        SyncStatus::Synced => "Synced",
        SyncStatus::OutOfSync => "OutOfSync",
        SyncStatus::Unknown => "Unknown",
    }
}

/// Argo CD's own words.
fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "Healthy",
        Health::Progressing => "Progressing",
        Health::Degraded => "Degraded",
        Health::Suspended => "Suspended",
        Health::Missing => "Missing",
        Health::Unknown => "Unknown",
    }
}
