//! What is told of a deployment: one message, from "accepted" to its end.

use super::{
    clean,
    compose::{Text, button},
    hint,
    message::Button,
    quantity,
};
use crate::domain::{
    answer::RolloutReport,
    catalogue::Site,
    command::Mutation,
    language::Language,
    name::{Revision, Tag},
    rollout::{Hint, Stage},
};

/// The longest tag there can be.
const VALUE: usize = 128;

/// How many reasons for pods not being ready are shown.
const TROUBLES: usize = 4;

/// How many environments that share a file are named.
const MOST_SHARED: usize = 8;

pub(super) fn accepted(site: &Site, mutation: &Mutation, language: Language) -> Text {
    let text = wanted(heading("⏳", site), mutation, language);
    text.plain(say!(language, " — принято, проверяю", " — accepted, checking"))
}

pub(super) fn already_so(site: &Site, mutation: &Mutation, language: Language) -> Text {
    let text = heading("☑️", site);
    if *mutation == Mutation::Remove {
        return text.plain(say!(language, "уже убрано, менять нечего", "removed already, nothing to change"));
    }
    let text = text.plain(say!(language, "уже ", "already "));
    wanted(text, mutation, language).plain(say!(language, ", менять нечего", ", nothing to change"))
}

pub(super) fn report(report: &RolloutReport, language: Language) -> Text {
    let mark = match &report.stage {
        Stage::Committed => "📝",
        Stage::Syncing => "🔄",
        Stage::Progressing { .. } => "🚀",
        Stage::Live { superseded_by: None, .. } => "✅",
        Stage::Live { superseded_by: Some(_), .. } => "↪️",
        Stage::Removed => "🗑",
        Stage::Paused => "⏸",
        Stage::Failed { .. } => "❌",
        Stage::NotFollowed { .. } => "👁",
        Stage::TimedOut { .. } => "⌛",
    };
    let mut text = change(heading(mark, &report.site), report, language).newline();
    text = stage(text, report, language);
    if report.delivered_before {
        text = text.line(say!(
            language,
            "ℹ️ Эта команда уже была выполнена; второй раз ничего не менялось.",
            "ℹ️ This command had already been carried out; nothing was changed a second time."
        ));
    }
    if let Some(shared) = &report.shared {
        let file = clean::inline(shared.file.as_str(), 200);
        text = text.line(say!(language, "👥 Общий файл ", "👥 The shared file ")).code(file);
        text = text.plain(say!(language, " меняет и другие среды: ", " changes other environments too: "));
        text = text.code(clean::inline(&others(&shared.with), 300));
    }
    if let Some(unchecked) = report.unchecked.as_deref().filter(|unchecked| still_matters(unchecked, &report.stage)) {
        text = text.line(say!(language, "⚠️ Перед коммитом не проверено: ", "⚠️ Not checked before the commit: "));
        text = text.code(clean::inline(unchecked, 300));
    }
    text
}

/// Those who share a file, on one line.
fn others(names: &[String]) -> String {
    let more = if names.len() > MOST_SHARED { ", …" } else { "" };
    format!("{}{more}", names.iter().take(MOST_SHARED).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Whether what could not be checked is still worth a line: what is live has passed every check, and a reason that
/// stands in the message needs no repeating.
fn still_matters(unchecked: &str, stage: &Stage) -> bool {
    match stage {
        Stage::Live { .. } | Stage::Removed => false,
        Stage::TimedOut { last: Some(last), .. } => !last.to_string().contains(unchecked),
        Stage::NotFollowed { reason: Some(said) } => !said.contains(unchecked),
        _ => true,
    }
}

/// The stage of a rollout as one line without styles, for terminals and job logs.
#[must_use]
pub fn stage_line(report: &RolloutReport, language: Language) -> String {
    let commit = report.revision.short();
    match &report.stage {
        Stage::Committed => {
            say!(language, "коммит {commit} записан, жду Argo CD", "commit {commit} pushed, waiting for Argo CD")
        }
        Stage::Syncing => say!(language, "Argo CD применяет коммит {commit}", "Argo CD is syncing commit {commit}"),
        Stage::Progressing { ready, desired, trouble } => {
            let line = say!(language, "поды {ready}/{desired}", "pods {ready}/{desired}");
            match trouble.first() {
                Some(reason) => format!("{line}: {}", clean::inline(&hint::words(reason, &report.site, language), 200)),
                None => line,
            }
        }
        Stage::Live { ready, desired, superseded_by } => {
            live(report, *ready, *desired, superseded_by.as_ref(), language)
        }
        Stage::Removed => removed(report, language),
        Stage::Paused => say!(language, "раскатка на паузе (Suspended)", "the rollout is paused (Suspended)"),
        Stage::Failed { reason } => {
            let reason = clean::inline(reason, clean::REASON);
            say!(language, "не заработало: {reason}", "it did not come up: {reason}")
        }
        Stage::NotFollowed { reason: None } => {
            say!(language, "коммит {commit} записан; за раскаткой не слежу", "commit {commit} pushed; not following it")
        }
        Stage::NotFollowed { reason: Some(reason) } => {
            let reason = clean::inline(reason, clean::REASON);
            say!(
                language,
                "коммит {commit} записан, но кластер не спросить: {reason}",
                "commit {commit} pushed, but the cluster can't be asked: {reason}"
            )
        }
        Stage::TimedOut { after, last } => {
            let after = quantity::limit(*after, language);
            let line = match report.mutation {
                Mutation::Remove => say!(language, "за {after} не убрано", "not gone within {after}"),
                _ => say!(language, "за {after} не заработало", "not live within {after}"),
            };
            match last.as_ref().map(|last| hint::words(last, &report.site, language)) {
                Some(last) if !last.trim().is_empty() => format!("{line}: {}", clean::inline(&last, clean::REASON)),
                _ => line,
            }
        }
    }
}

fn heading(mark: &str, site: &Site) -> Text {
    Text::new().plain(mark).plain(" ").bold(site.label()).plain(": ")
}

fn wanted(text: Text, mutation: &Mutation, language: Language) -> Text {
    match mutation {
        Mutation::Deploy(tag) => text.code(tag.as_str()),
        Mutation::SetReplicas(count) => text.plain(quantity::replicas(*count, language)),
        Mutation::Remove => text.plain(say!(language, "удаление", "removal")),
    }
}

fn change(text: Text, report: &RolloutReport, language: Language) -> Text {
    let text = match report.mutation {
        Mutation::Deploy(_) => text,
        Mutation::SetReplicas(_) => text.plain(say!(language, "реплики ", "replicas ")),
        Mutation::Remove => return text.plain(say!(language, "удаление", "removal")),
    };
    let text = match &report.from {
        Some(from) => text.code(clean::inline(from, VALUE)).plain(" → "),
        None => text,
    };
    text.code(clean::inline(&report.to, VALUE))
}

fn stage(text: Text, report: &RolloutReport, language: Language) -> Text {
    let commit = |text: Text| text.commit(&report.revision, report.url.as_deref());
    match &report.stage {
        Stage::Committed => {
            let text = commit(text.plain(say!(language, "коммит ", "commit ")));
            text.plain(say!(language, " записан, жду Argo CD", " pushed, waiting for Argo CD"))
        }
        Stage::Syncing => commit(text.plain(say!(language, "Argo CD применяет коммит ", "Argo CD is syncing commit "))),
        Stage::Progressing { ready, desired, trouble: reasons } => {
            let text =
                text.plain(say!(language, "поды {ready}/{desired} · коммит ", "pods {ready}/{desired} · commit "));
            trouble(commit(text), reasons, &report.site, language)
        }
        Stage::Live { ready, desired, superseded_by } => {
            let live = live(report, *ready, *desired, superseded_by.as_ref(), language);
            match superseded_by {
                None => commit(text.plain(live).plain(say!(language, " · коммит ", " · commit "))),
                Some(_) => text.plain(live),
            }
        }
        Stage::Removed => {
            commit(text.plain(removed(report, language)).plain(say!(language, " · коммит ", " · commit ")))
        }
        Stage::Paused => {
            let text = text.plain(say!(
                language,
                "раскатка на паузе (Suspended). Коммит ",
                "the rollout is paused (Suspended). Commit "
            ));
            commit(text).plain(say!(
                language,
                " остаётся в git: когда паузу снимут, раскатка продолжится. Больше не слежу.",
                " stays in git: the rollout goes on once somebody resumes it. No longer following."
            ))
        }
        Stage::Failed { reason } => {
            let text = text.plain(say!(language, "не заработало:", "it did not come up:")).block(clean::block(reason));
            let text = commit(text.plain(say!(language, "Коммит ", "Commit "))).plain(say!(
                language,
                " остаётся в git, повтор той же команды ничего не изменит.",
                " stays in git; the same command again would change nothing."
            ));
            way_out(text, report, language)
        }
        Stage::NotFollowed { reason } => {
            not_followed(commit(text.plain(say!(language, "коммит ", "commit "))), reason.as_deref(), language)
        }
        Stage::TimedOut { after, last } if report.mutation == Mutation::Remove => {
            still_there(text, report, &quantity::limit(*after, language), last.as_deref(), language)
        }
        Stage::TimedOut { after, last } => {
            timed_out(text, report, &quantity::limit(*after, language), last.as_deref(), language)
        }
    }
}

fn not_followed(text: Text, reason: Option<&str>, language: Language) -> Text {
    match reason {
        None => text.plain(say!(
            language,
            " записан. Кластер в настройках не указан, поэтому за раскаткой не слежу.",
            " pushed. No cluster is configured, so the rollout isn't followed."
        )),
        Some(reason) => text
            .plain(say!(
                language,
                " записан, но работает ли он, не узнать:",
                " pushed, but there is no telling whether it is live:"
            ))
            .block(clean::block(reason))
            .line(say!(
                language,
                "Коммит остаётся в git; покажите это тому, кто настраивал бота.",
                "The commit stays in git; show this to whoever set up the bot."
            )),
    }
}

fn still_there(text: Text, report: &RolloutReport, after: &str, last: Option<&Hint>, language: Language) -> Text {
    let text = text.plain(say!(
        language,
        "за {after} не убрано, больше не слежу. ",
        "not gone within {after}; no longer following. "
    ));
    let text = last_seen(text, last, report, language).newline().plain(say!(language, "Коммит ", "Commit "));
    text.commit(&report.revision, report.url.as_deref()).plain(say!(
        language,
        " остаётся в git, и Argo CD ещё может довести дело до конца.",
        " stays in git, and Argo CD may still finish it."
    ))
}

fn last_seen(text: Text, last: Option<&Hint>, report: &RolloutReport, language: Language) -> Text {
    match last {
        Some(last) if !last.to_string().trim().is_empty() => {
            let last = hint::words(last, &report.site, language);
            text.plain(say!(language, "Последнее, что видно:", "Last seen:")).block(clean::block(&last))
        }
        _ => text.plain(say!(language, "Что мешает, не видно.", "Nothing shows what is in the way.")),
    }
}

/// `last` is what was last seen to be in the way.
fn timed_out(text: Text, report: &RolloutReport, after: &str, last: Option<&Hint>, language: Language) -> Text {
    let text = text.plain(say!(
        language,
        "за {after} не заработало, больше не слежу. ",
        "not live within {after}; no longer following. "
    ));
    let text = match last {
        Some(Hint::WorkloadMissing) => text
            .plain(say!(
                language,
                "Argo CD применил, но Deployment ",
                "Argo CD has applied it, but there is no Deployment "
            ))
            .code(clean::workload(&report.site.environment.workload))
            .marked(&say!(
                language,
                " не найден: проверьте `workload` в настройках.",
                ": check `workload` in the configuration."
            )),
        last => last_seen(text, last, report, language),
    };
    let text = text.line(say!(language, "Коммит ", "Commit ")).commit(&report.revision, report.url.as_deref());
    let text = text.plain(say!(
        language,
        " остаётся в git, и Argo CD ещё может его довести; повтор той же команды ничего не изменит.",
        " stays in git, and Argo CD may still bring it live; the same command again would change nothing."
    ));
    if report.site.is_review() {
        // Chats know the environments of the configuration only.
        return text;
    }
    let status = format!("/status {}", report.site.label());
    let text = text.line(say!(language, "Состояние: ", "Status: ")).code(status.clone());
    way_out(text.row([button(say!(language, "📊 Состояние", "📊 Status"), status)]), report, language)
}

fn removed(report: &RolloutReport, language: Language) -> String {
    let elapsed = quantity::exact(report.elapsed, language);
    say!(language, "убрано из кластера, за {elapsed}", "gone from the cluster, in {elapsed}")
}

/// `работает: 2/2 пода, за 42 с`.
fn live(report: &RolloutReport, ready: u32, desired: u32, later: Option<&Revision>, language: Language) -> String {
    let pods = quantity::pods(ready, desired, language);
    let commit = report.revision.short();
    let elapsed = quantity::exact(report.elapsed, language);
    if let Some(later) = later.map(Revision::short) {
        return say!(
            language,
            "коммит {commit} сменился более поздним {later}, работает он: {pods}",
            "commit {commit} was superseded by the later {later}, which is live: {pods}"
        );
    }
    if desired == 0 {
        return say!(language, "остановлено: 0 подов, за {elapsed}", "scaled down: 0 pods, in {elapsed}");
    }
    say!(language, "работает: {pods}, за {elapsed}", "live: {pods}, in {elapsed}")
}

fn trouble(text: Text, reasons: &[Hint], site: &Site, language: Language) -> Text {
    if reasons.is_empty() {
        return text;
    }
    let text = text.line(say!(language, "⚠️ пока мешает:", "⚠️ in the way so far:"));
    let reasons = reasons.iter().take(TROUBLES).map(|reason| clean::inline(&hint::words(reason, site, language), 170));
    text.block(reasons.collect::<Vec<_>>().join("\n"))
}

/// What to do: back to the value before, with a button for it, or on to another.
fn way_out(text: Text, report: &RolloutReport, language: Language) -> Text {
    match back(report) {
        Some((command, value)) => text
            .line(say!(language, "Вернуть прежнее: ", "To go back: "))
            .code(command.clone())
            .row([back_button(&value, command, language)]),
        None => text.line(say!(
            language,
            "Что делать: устранить причину или задать другое значение.",
            "What to do: remove the cause, or set another value."
        )),
    }
}

fn back_button(value: &str, command: String, language: Language) -> Button {
    button(say!(language, "↩️ Вернуть {value}", "↩️ Back to {value}"), command)
}

/// The command that sets the value before again, when that was a value a command can set.
fn back(report: &RolloutReport) -> Option<(String, String)> {
    // A command in a chat can't name a review environment.
    let from = report.from.as_deref().filter(|_| !report.site.is_review())?;
    let label = report.site.label();
    match report.mutation {
        Mutation::Deploy(_) => {
            let tag = Tag::new(from).ok()?;
            Some((format!("/deploy {label} {tag}"), tag.to_string()))
        }
        Mutation::SetReplicas(_) => {
            let count: u32 = from.parse().ok()?;
            Some((format!("/set_replicas {label} {count}"), quantity_of(count)))
        }
        Mutation::Remove => None,
    }
}

fn quantity_of(count: u32) -> String {
    format!("×{count}")
}
