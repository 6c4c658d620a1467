//! The list of an image's tags: a page in a chat, a table in a terminal, a file where all are asked for.

use super::{
    clean,
    columns::{COLUMNS, aligned, items, wrapped},
    compose::{Text, button_in_place},
    message::{Button, Document},
    quantity,
    refusal::deploy_button,
    registry_fault, unread,
};
use crate::{
    domain::{
        command::CommandName,
        containers::{AbsentTag, ContainersReport, PlaceReport, TagPage, TagReport},
        language::Language,
        name::Tag,
        node::Page,
        unread::Unread,
        version::newest,
    },
    grammar::table::spec,
};

/// How many tags a message lists; more go into a file.
const LISTED: usize = 15;

/// How many tags of a page get a button.
const BUTTONS: usize = 6;

/// How many environments are told of.
const PLACES: usize = 6;

/// How many buttons a row has at most, and how many characters of labels.
const ROW: (usize, usize) = (3, 33);

/// How much of a digest tells images apart.
const DIGEST: usize = 12;

/// The longest tag.
const LONGEST: usize = 128;

/// The longest name of an environment.
const NAME: usize = 63;

const INDENT: &str = "  ";

pub(super) fn containers(report: &ContainersReport, language: Language) -> Text {
    let page = match &report.tags {
        Ok(page) => page,
        Err(fault) => {
            let text = registry_fault::line(unknown(report, language), fault, language);
            let text = if report.places.is_empty() { text } else { text.block(states(report, language)) };
            let text = notes(text, report, language).line("").marked(&registry_fault::advice(&fault.reason, language));
            return text.row([refresh(label(report), language)]);
        }
    };
    let text = heading(report, page, language);
    if page.tags.is_empty() {
        let text =
            text.line(say!(language, "В реестре у образа нет тегов.", "The registry has no tags of this image."));
        return notes(text, report, language);
    }
    if page.tags.len() > LISTED {
        let text = text.line(say!(language, "Все теги — в файле.", "All tags are in the file."));
        let name = format!("{}-tags.txt", report.application);
        let file = Document { name, text: table(page, report, language) };
        return notes(text, report, language).document(file);
    }
    let text = notes(text.block(list(page, report, language)), report, language);
    buttons(text, page, report, language)
}

/// The same for terminals, without a bound.
pub(super) fn containers_wide(report: &ContainersReport, language: Language) -> Text {
    match &report.tags {
        Ok(page) if !page.tags.is_empty() => {
            notes(heading(report, page, language).block(table(page, report, language)), report, language)
        }
        _ => containers(report, language),
    }
}

fn heading(report: &ContainersReport, page: &TagPage, language: Language) -> Text {
    let count = quantity::tags(page.total, language);
    let text = Text::new().plain("📦 ").bold(report.application.as_str()).plain(format!(": {count}"));
    let text = match page.page {
        Some(Page { number, of }) => {
            text.plain(say!(language, ", страница {number} из {of}", ", page {number} of {of}"))
        }
        None => text,
    };
    text.newline().code(report.image.as_str())
}

fn unknown(report: &ContainersReport, language: Language) -> Text {
    let text = Text::new().plain("❔ ").bold(report.application.as_str());
    text.plain(say!(
        language,
        ": реестр не дал списка, версии неизвестны",
        ": the registry gave no list, the versions are unknown"
    ))
}

/// What git wants and what runs, for when there is no list to mark it in.
fn states(report: &ContainersReport, language: Language) -> String {
    let shown = |tags: Result<&[String], &Unread>| match tags {
        Ok([]) => "—".to_owned(),
        Ok(tags) => tags.iter().map(|tag| clean::inline(tag, LONGEST)).collect::<Vec<_>>().join(", "),
        Err(_) => "?".to_owned(),
    };
    let line = |place: &PlaceReport| {
        let (wanted, running) = (shown(place.wanted.as_ref().map(Option::as_slice)), shown(place.running.as_deref()));
        let facts = [format!("git {wanted}"), say!(language, "работает {running}", "running {running}")];
        format!("{}\n{}", clean::inline(&place.environment, NAME), items(&facts, INDENT, COLUMNS))
    };
    report.places.iter().take(PLACES).map(line).collect::<Vec<_>>().join("\n")
}

/// The lines of a page.
fn list(page: &TagPage, report: &ContainersReport, language: Language) -> String {
    let tags = page.tags.as_slice();
    let ages: Vec<String> = tags.iter().map(|tag| age(tag, language)).collect();
    let sizes: Vec<String> = tags.iter().map(|tag| size(tag, language)).collect();
    let digests: Vec<String> = tags.iter().map(digest).collect();
    let names: Vec<String> = tags.iter().map(|tag| clean::inline(&tag.tag, LONGEST)).collect();
    let widest = |cells: &[String]| cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
    // A gap only before a column that is there.
    let column = |cells: &[String]| match widest(cells) {
        0 => 0,
        width => width + 2,
    };
    let (age_columns, size_columns, digest_columns) = (column(&ages), column(&sizes), column(&digests));
    let facts = 2 + age_columns + size_columns;
    // The digest stands on the line where the names leave room for it, otherwise below.
    let beside = facts + digest_columns + widest(&names) <= COLUMNS;
    let name_columns = widest(&names).min(COLUMNS - facts);
    let mut lines = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        let name = clean::left(&clean::fit(&names[index], name_columns), name_columns);
        let age = clean::right(&ages[index], age_columns);
        let size = clean::right(&sizes[index], size_columns);
        let digest = &digests[index];
        let short = if beside { clean::right(digest, digest_columns) } else { String::new() };
        lines.push(format!("{} {name}{age}{size}{short}", mark(tag)).trim_end().to_owned());
        // A name that is cut tells nothing: the rest of it stands below.
        if width(&names[index]) > name_columns {
            lines.push(wrapped(&names[index], INDENT, 4, COLUMNS));
        }
        if !beside && !digest.is_empty() {
            lines.push(format!("{INDENT}{digest}"));
        }
        lines.extend(
            words(tag, report, language).into_iter().map(|words| clean::fit(&format!("{INDENT}{words}"), COLUMNS)),
        );
    }
    lines.join("\n")
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn age(tag: &TagReport, language: Language) -> String {
    tag.age.map(|age| quantity::age(age, language)).unwrap_or_default()
}

fn size(tag: &TagReport, language: Language) -> String {
    tag.size.map(|size| quantity::size(size, language)).unwrap_or_default()
}

/// The beginning of the digest, without the algorithm.
fn digest(tag: &TagReport) -> String {
    let digest = tag.digest.as_deref().unwrap_or_default();
    let hash = digest.split_once(':').map_or(digest, |(_, hash)| hash);
    let clean = hash.chars().filter(char::is_ascii_alphanumeric);
    clean.take(DIGEST).collect()
}

fn mark(tag: &TagReport) -> char {
    match (tag.wanted_in.is_empty(), tag.running_in.is_empty()) {
        (true, true) => '·',
        (false, true) => '○',
        (_, false) => '●',
    }
}

/// Where git wants the tag and where it runs, and what else is to be said of it; one line each.
fn words(tag: &TagReport, report: &ContainersReport, language: Language) -> Vec<String> {
    let TagReport { wanted_in, running_in, .. } = tag;
    let place = |name: &String| report.places.iter().find(|place| place.environment == *name);
    let git_has_another = |name: &&String| place(name).is_none_or(|place| matches!(place.wanted, Ok(Some(_))));
    let cluster_known = |name: &&String| place(name).is_none_or(|place| place.running.is_ok());
    let both = wanted_in.iter().filter(|name| running_in.contains(name)).collect();
    let (coming, wanted): (Vec<_>, Vec<_>) =
        wanted_in.iter().filter(|name| !running_in.contains(name)).partition(cluster_known);
    let (going, running): (Vec<_>, Vec<_>) =
        running_in.iter().filter(|name| !wanted_in.contains(name)).partition(git_has_another);
    // Git was read, and doesn't have the image, or has it without a tag.
    let (unset, running): (Vec<_>, Vec<_>) =
        running.into_iter().partition(|name| place(name).is_some_and(|place| place.wanted.is_ok()));
    let line = |names: Vec<&String>, words: String| {
        let names: Vec<String> = names.into_iter().map(|name| clean::inline(name, NAME)).collect();
        (!names.is_empty()).then(|| format!("{words}: {}", names.join(", ")))
    };
    let same = tag.same_as.as_ref().map(|other| {
        let other = clean::inline(other, LONGEST);
        say!(language, "тот же образ, что {other}", "the same image as {other}")
    });
    [
        line(both, say!(language, "работает", "running")),
        line(coming, say!(language, "в git, не работает", "in git, not running")),
        line(wanted, say!(language, "в git", "in git")),
        line(going, say!(language, "работает, в git уже другая", "running, git has another")),
        line(unset, say!(language, "работает, в git тега нет", "running, git sets no tag")),
        line(running, say!(language, "работает, о git неизвестно", "running, git is unknown")),
        same,
        tag.gone.then(|| say!(language, "в реестре уже нет", "no longer in the registry")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn table(page: &TagPage, report: &ContainersReport, language: Language) -> String {
    let head = match language {
        Language::Ru => ["ТЕГ", "ВОЗРАСТ", "РАЗМЕР", "DIGEST", "ГДЕ"],
        Language::En => ["TAG", "AGE", "SIZE", "DIGEST", "WHERE"],
    };
    let row = |tag: &TagReport| {
        vec![
            clean::inline(&tag.tag, LONGEST),
            age(tag, language),
            size(tag, language),
            digest(tag),
            words(tag, report, language).join("; "),
        ]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(head.map(str::to_owned).to_vec()).chain(page.tags.iter().map(row)).collect();
    // What the registry tells of no tag needs no column.
    let told = |column: &usize| *column == 0 || rows.iter().skip(1).any(|row| !row[*column].is_empty());
    let columns: Vec<usize> = (0..head.len()).filter(told).collect();
    let kept = |row: &Vec<String>| columns.iter().map(|column| row[*column].clone()).collect();
    aligned(&rows.iter().map(kept).collect::<Vec<_>>())
}

/// What isn't known, and what isn't as it should be.
fn notes(mut text: Text, report: &ContainersReport, language: Language) -> Text {
    if let Ok(TagPage { incomplete: Some(fault), .. }) = &report.tags {
        text = registry_fault::line(text, fault, language);
    }
    if let Ok(TagPage { is_cut: true, .. }) = &report.tags {
        text = text.line(say!(
            language,
            "⚠️ Список неполон: тегов в реестре больше, чем бот читает. Любого может не быть в списке, и новейшего тоже.",
            "⚠️ The list is not complete: the registry has more tags than the bot reads. Any may be missing, the newest as well."
        ));
    }
    for (source, of) in [
        ("git", (|place: &PlaceReport| place.wanted.as_ref().err()) as fn(&PlaceReport) -> Option<&Unread>),
        ("kubernetes", |place| place.running.as_ref().err()),
    ] {
        for (reason, names) in silent(report, of) {
            let names = names.join(", ");
            text = text.line(format!("⚠️ {source}, "));
            text = text.plain(say!(language, "неизвестно для {names}: ", "unknown for {names}: "));
            text = unread::reason(text, reason, language);
        }
    }
    let other: Vec<String> = named(report.places.iter().filter(|place| place.other_image));
    if !other.is_empty() {
        let names = other.join(", ");
        text = text.line(say!(language, "⚠️ {names}: работает другой образ", "⚠️ {names}: another image is running"));
    }
    text = report.absent.iter().take(PLACES).fold(text, |text, one| absent(text, one, language));
    elsewhere(text, report, language)
}

/// The environments that a source told nothing of, by the reason.
fn silent(report: &ContainersReport, of: fn(&PlaceReport) -> Option<&Unread>) -> Vec<(&Unread, Vec<String>)> {
    let mut reasons: Vec<(&Unread, Vec<&PlaceReport>)> = Vec::new();
    for place in &report.places {
        // That there is no cluster is nobody's fault, and no news.
        let Some(reason) = of(place).filter(|reason| **reason != Unread::NoCluster) else { continue };
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, places)) => places.push(place),
            None => reasons.push((reason, vec![place])),
        }
    }
    reasons.into_iter().take(2).map(|(reason, places)| (reason, named(places.into_iter()))).collect()
}

/// Their names, as many as are read.
fn named<'a>(places: impl Iterator<Item = &'a PlaceReport>) -> Vec<String> {
    let mut names: Vec<String> = places.map(|place| clean::inline(&place.environment, NAME)).collect();
    if names.len() > PLACES {
        let more = names.len() - PLACES;
        names.truncate(PLACES);
        names.push(format!("… +{more}"));
    }
    names
}

fn absent(text: Text, absent: &AbsentTag, language: Language) -> Text {
    let AbsentTag { tag, wanted_in, running_in, confirmed } = absent;
    let list = |names: &[String]| {
        let names: Vec<String> = names.iter().take(PLACES).map(|name| clean::inline(name, NAME)).collect();
        names.join(", ")
    };
    let (wanted, running) = (list(wanted_in), list(running_in));
    let text =
        text.line("❗️ ").code(clean::inline(tag, LONGEST)).plain(match (wanted.is_empty(), running.is_empty()) {
            (false, true) => say!(language, " — в git ({wanted})", " is wanted by git ({wanted})"),
            (true, _) => say!(language, " — работает ({running})", " is running ({running})"),
            (false, false) => say!(
                language,
                " — в git ({wanted}) и работает ({running})",
                " is wanted by git ({wanted}) and running ({running})"
            ),
        });
    text.plain(match confirmed {
        true => say!(language, ", а в реестре такого тега нет", ", and the registry has no such tag"),
        false => say!(
            language,
            ", а в списке реестра его нет; есть ли он, реестр не ответил",
            ", and isn't in the registry's list; whether there is one, the registry didn't tell"
        ),
    })
}

/// On which page the wanted tags are that this one doesn't have.
fn elsewhere(mut text: Text, report: &ContainersReport, language: Language) -> Text {
    let Ok(TagPage { page: Some(Page { number: here, .. }), .. }) = &report.tags else { return text };
    for place in report.places.iter().take(PLACES) {
        if let (Ok(Some(tag)), Some(on)) = (&place.wanted, place.wanted_on.filter(|on| on != here)) {
            text = text.line(format!("{}: ", clean::inline(&place.environment, NAME)));
            text = text.plain(say!(language, "в git ", "git has ")).code(clean::inline(tag, LONGEST));
            text = text.plain(say!(language, ", страница {on}", ", page {on}"));
        }
    }
    text
}

/// `APP`, or `APP/ENV` where one was named.
fn label(report: &ContainersReport) -> String {
    match &report.environment {
        Some(environment) => format!("{}/{environment}", report.application),
        None => report.application.to_string(),
    }
}

fn command(label: &str, page: u32) -> String {
    // With the page, for one word alone may be a page as well.
    format!("/{} {label} {page}", spec(CommandName::ShowContainers).word)
}

fn refresh(label: String, language: Language) -> Button {
    button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), command(&label, 1))
}

fn buttons(text: Text, page: &TagPage, report: &ContainersReport, language: Language) -> Text {
    let text = if report.may_deploy { deployments(text, page, report, language) } else { text };
    let label = label(report);
    let Some(Page { number, of }) = page.page else { return text.row([refresh(label, language)]) };
    let to = |mark: &str, number: u32| button_in_place(format!("{mark} {number}/{of}"), command(&label, number));
    let before = (number > 1).then(|| to("◀", number - 1));
    let here = button_in_place(say!(language, "🔁 Обновить", "🔁 Refresh"), command(&label, number));
    let after = (number < of).then(|| to("▶", number + 1));
    text.row(before.into_iter().chain([here]).chain(after))
}

/// Buttons that deploy tags of the page to the environment that is meant, and such that choose another one.
fn deployments(mut text: Text, page: &TagPage, report: &ContainersReport, language: Language) -> Text {
    let chosen = report.deploy_to.as_deref();
    let environment = chosen.and_then(|label| label.split_once('/')).map(|(_, environment)| environment);
    if let Some(label) = chosen {
        let wanted = |tag: &TagReport| tag.wanted_in.iter().any(|wanted| Some(wanted.as_str()) == environment);
        let others = page.tags.iter().filter(|tag| !wanted(tag) && !tag.gone).take(BUTTONS);
        let others: Vec<Tag> = others.filter_map(|tag| Tag::new(tag.tag.clone()).ok()).collect();
        let buttons: Vec<Button> = others.iter().filter_map(|tag| deploy_button(label, tag.as_str())).collect();
        // Terminals have no buttons: one command stands in the text as well, rather that of a version than of a branch.
        let newest = newest(&others).and_then(|newest| others.iter().position(|tag| tag == newest)).unwrap_or(0);
        if let Some(button) = buttons.get(newest) {
            text = text.line(say!(language, "Развернуть: ", "To deploy: ")).code(button.command.clone());
        }
        text = in_rows(text, buttons);
    } else if !report.places.is_empty() {
        text = text.line(say!(language, "Развернуть: выберите среду.", "To deploy, choose an environment."));
    }
    let number = page.page.map_or(1, |page| page.number);
    let choice = |place: &PlaceReport| {
        let name = clean::inline(&place.environment, NAME);
        let label = format!("{}/{}", report.application, place.environment);
        button_in_place(say!(language, "🎯 среда {name}", "🎯 to {name}"), command(&label, number))
    };
    let others = report.places.iter().filter(|place| Some(place.environment.as_str()) != environment);
    in_rows(text, others.take(PLACES).map(choice).collect())
}

/// Buttons in rows that a telephone shows whole.
fn in_rows(text: Text, buttons: Vec<Button>) -> Text {
    let (most, room) = ROW;
    let mut rows: Vec<(usize, Vec<Button>)> = Vec::new();
    for button in buttons {
        let characters = button.label.chars().count();
        match rows.last_mut() {
            Some((used, row)) if row.len() < most && *used + characters <= room => {
                *used += characters;
                row.push(button);
            }
            _ => rows.push((characters, vec![button])),
        }
    }
    rows.into_iter().fold(text, |text, (_, row)| text.row(row))
}
