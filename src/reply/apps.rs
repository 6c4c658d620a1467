//! The list of applications and environments.

use std::collections::BTreeSet;

use super::{clean, compose::Text, quantity};
use crate::domain::{catalogue::Catalogue, language::Language};

/// The room for the list, in UTF-16 units.
const ROOM: usize = 3500;

pub(super) fn apps(catalogue: &Catalogue, language: Language) -> Text {
    let total = catalogue.applications.len();
    if total == 0 {
        return Text::new().plain(say!(
            language,
            "📋 В настройках бота нет ни одного приложения.",
            "📋 The bot's configuration has no application."
        ));
    }
    // Where there is only one repository nobody needs its name.
    let several = repositories(catalogue) > 1;
    let mut text =
        Text::new().plain("📋 ").plain(say!(language, "Приложения и среды", "Applications and environments"));
    for (index, application) in catalogue.applications.iter().enumerate() {
        if text.units() > ROOM {
            let more = total - index;
            return text.paragraph(say!(language, "… и ещё {more}", "… and {more} more"));
        }
        text = text.plain("\n\n").bold(application.name.as_str()).newline();
        text = text.code(clean::cut(application.image.as_str(), 120));
        for (index, environment) in application.environments.iter().enumerate() {
            if text.units() > ROOM {
                let more = application.environments.len() - index;
                text = text.line(say!(language, "… сред ещё {more}", "… {more} more environments"));
                break;
            }
            let maximum = environment.max_replicas;
            let replicas = quantity::replicas(maximum, language);
            text = text.line("• ").code(format!("{}/{}", application.name, environment.name));
            text = text.plain(say!(language, " · реплик до {maximum}", " · at most {replicas}"));
            if several {
                let repository = clean::inline(&environment.repository.to_string(), 120);
                text = text.plain(say!(language, " · репозиторий ", " · repository ")).code(repository);
            }
        }
    }
    text
}

fn repositories(catalogue: &Catalogue) -> usize {
    let environments = catalogue.applications.iter().flat_map(|application| &application.environments);
    environments.map(|environment| &environment.repository).collect::<BTreeSet<_>>().len()
}
