//! The list of an image's tags.

use unicode_width::UnicodeWidthStr;

use super::{clean, compose::Text, quantity, refusal::deploy_button};
use crate::domain::{
    answer::{ContainersReport, TagReport},
    language::Language,
};

/// The columns of the table; a telephone shows about as many.
const COLUMNS: usize = 46;

/// How many tags are listed.
const LISTED: usize = 15;

/// How many of the newest get a button.
const BUTTONS: usize = 3;

pub(super) fn containers(report: &ContainersReport, language: Language) -> Text {
    let ContainersReport { application, image, tags, total, deploy_to } = report;
    let count = quantity::tags(*total, language);
    let text = Text::new().plain("📦 ").bold(application.as_str()).plain(format!(": {count}"));
    let text = text.newline().code(image.as_str());
    if tags.is_empty() {
        return text.line(say!(language, "В реестре у образа нет тегов.", "The registry has no tags of this image."));
    }
    let listed = &tags[..tags.len().min(LISTED)];
    let mut text = text.block(table(listed, language));
    if *total > listed.len() {
        let shown = listed.len();
        text = text.line(say!(language, "Показаны первые {shown}.", "The first {shown} are shown."));
    }
    let Some(label) = deploy_to else { return text };
    let environment = label.split_once('/').map_or("", |(_, environment)| environment);
    let others = listed.iter().filter(|tag| !tag.wanted_in.iter().any(|wanted| wanted == environment)).take(BUTTONS);
    let buttons: Vec<_> = others.filter_map(|tag| deploy_button(label, &tag.tag)).collect();
    let Some(newest) = buttons.first() else { return text };
    // Terminals have no buttons: the first one's command stands in the text as well.
    text.line(say!(language, "Развернуть: ", "To deploy: ")).code(newest.command.clone()).row(buttons)
}

fn table(tags: &[TagReport], language: Language) -> String {
    let cell = |text: Option<String>| text.unwrap_or_default();
    let ages: Vec<String> = tags.iter().map(|tag| cell(tag.age.map(|age| quantity::age(age, language)))).collect();
    let sizes: Vec<String> = tags.iter().map(|tag| cell(tag.size.map(|size| quantity::size(size, language)))).collect();
    let names: Vec<String> = tags.iter().map(|tag| clean::inline(&tag.tag, 128)).collect();
    let widest = |cells: &[String]| cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    // A gap only before a column that is there.
    let column = |cells: &[String]| match widest(cells) {
        0 => 0,
        width => width + 2,
    };
    let (age_columns, size_columns) = (column(&ages), column(&sizes));
    let name_columns = widest(&names).min(COLUMNS - 2 - age_columns - size_columns);

    let mut lines = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        let name = clean::left(&clean::fit(&names[index], name_columns), name_columns);
        let age = clean::right(&ages[index], age_columns);
        let size = clean::right(&sizes[index], size_columns);
        lines.push(format!("{} {name}{age}{size}", mark(tag)).trim_end().to_owned());
        lines.extend(whereabouts(tag, language));
    }
    lines.join("\n")
}

fn mark(tag: &TagReport) -> char {
    match (tag.wanted_in.is_empty(), tag.running_in.is_empty()) {
        (true, true) => '·',
        (false, true) => '○',
        (_, false) => '●',
    }
}

/// Where git wants the tag and where it runs, in words.
fn whereabouts(tag: &TagReport, language: Language) -> Vec<String> {
    let TagReport { wanted_in, running_in, .. } = tag;
    let names = |of: &[String], within: &[String], kept: bool| -> Vec<String> {
        of.iter().filter(|name| within.contains(name) == kept).map(|name| clean::inline(name, 63)).collect()
    };
    let line = |names: Vec<String>, words: String| {
        let names = names.join(", ");
        (!names.is_empty()).then(|| clean::fit(&format!("  {words}: {names}"), COLUMNS))
    };
    [
        line(names(running_in, wanted_in, true), say!(language, "работает", "running")),
        line(names(wanted_in, running_in, false), say!(language, "в git, ещё не работает", "in git, not running yet")),
        line(
            names(running_in, wanted_in, false),
            say!(language, "работает, в git уже другая", "running, git has another"),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
