//! Numbers with their units: plurals, durations, sizes.

use std::time::Duration;

use crate::domain::language::Language;

/// The form of a noun for a count: in Russian for 1, 2 and 5, in English for 1 and 2.
fn form(count: u64, language: Language, ru: [&'static str; 3], en: [&'static str; 2]) -> &'static str {
    match language {
        Language::Ru => match (count % 10, count % 100) {
            (1, rest) if rest != 11 => ru[0],
            (2..=4, rest) if !(12..=14).contains(&rest) => ru[1],
            _ => ru[2],
        },
        Language::En => en[usize::from(count != 1)],
    }
}

fn counted(count: u64, language: Language, ru: [&'static str; 3], en: [&'static str; 2]) -> String {
    format!("{count} {}", form(count, language, ru, en))
}

/// `1/2 пода`, `2/2 pods`: the noun goes with the second number, as it is read.
pub(super) fn pods(ready: u32, desired: u32, language: Language) -> String {
    let pods = form(desired.into(), language, ["под", "пода", "подов"], ["pod", "pods"]);
    format!("{ready}/{desired} {pods}")
}

/// `3 реплики`, `3 replicas`.
pub(super) fn replicas(count: u32, language: Language) -> String {
    counted(count.into(), language, ["реплика", "реплики", "реплик"], ["replica", "replicas"])
}

/// `3 тега`, `3 tags`.
pub(super) fn tags(count: usize, language: Language) -> String {
    counted(count as u64, language, ["тег", "тега", "тегов"], ["tag", "tags"])
}

/// `3 команды`, `3 commands`.
pub(super) fn commands(count: usize, language: Language) -> String {
    counted(count as u64, language, ["команда", "команды", "команд"], ["command", "commands"])
}

/// `3 знака`, `3 characters`.
pub(super) fn characters(count: usize, language: Language) -> String {
    counted(count as u64, language, ["знак", "знака", "знаков"], ["character", "characters"])
}

/// A measured time with two units at most: `42 с`, `2 мин 5 с`; less than a second counts as one.
pub(super) fn exact(duration: Duration, language: Language) -> String {
    let seconds = duration.as_secs().max(1);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |(first, first_unit): (u64, &str), (second, second_unit): (u64, &str)| match second {
        0 => format!("{first} {first_unit}"),
        _ => format!("{first} {first_unit} {second} {second_unit}"),
    };
    let [s, m, h, d] = match language {
        Language::Ru => ["с", "мин", "ч", "дн."],
        Language::En => ["s", "min", "h", "d"],
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} {s}"),
        (0, 0, _) => two((minutes, m), (seconds % 60, s)),
        (0, _, _) => two((hours, h), (minutes % 60, m)),
        _ => two((days, d), (hours % 24, h)),
    }
}

/// A time that was allowed: as [`exact`], and in milliseconds what is shorter than a second.
///
/// Measured times are never told so exactly: git keeps whole seconds.
pub(super) fn limit(duration: Duration, language: Language) -> String {
    match u64::try_from(duration.as_millis()) {
        Ok(ms @ 0..1000) => say!(language, "{ms} мс", "{ms} ms"),
        _ => exact(duration, language),
    }
}

/// An age with one unit: `5 мин`, `3 ч`, `2 дн.`, `4 мес.`, `2 года`.
pub(super) fn age(duration: Duration, language: Language) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    let seconds = duration.as_secs();
    let unit = |size: u64, ru: &str, en: &str| {
        let count = seconds / size;
        say!(language, "{count} {ru}", "{count} {en}")
    };
    match seconds {
        0..MINUTE => unit(1, "с", "s"),
        MINUTE..HOUR => unit(MINUTE, "мин", "min"),
        HOUR..DAY => unit(HOUR, "ч", "h"),
        DAY.. if seconds < 60 * DAY => unit(DAY, "дн.", "d"),
        DAY.. if seconds < 2 * YEAR => unit(YEAR / 12, "мес.", "mo"),
        _ => counted(seconds / YEAR, language, ["год", "года", "лет"], ["year", "years"]),
    }
}

/// `5 мин назад`; what is younger than a few seconds is `только что`.
pub(super) fn ago(duration: Duration, language: Language) -> String {
    if duration < Duration::from_secs(5) {
        return say!(language, "только что", "just now");
    }
    let age = age(duration, language);
    say!(language, "{age} назад", "{age} ago")
}

/// A size in decimal units, as registries show it: `48 МБ`, `1,2 GB`.
pub(super) fn size(bytes: u64, language: Language) -> String {
    let units = match language {
        Language::Ru => ["Б", "КБ", "МБ", "ГБ", "ТБ"],
        Language::En => ["B", "kB", "MB", "GB", "TB"],
    };
    // Tenths, rounded half up at each step only once: the step is chosen so that the rounded number has 3 digits.
    let mut step = 0;
    let mut unit = 1_u128;
    while step + 1 < units.len() && (u128::from(bytes) * 2 + unit) / (2 * unit) >= 1000 {
        unit *= 1000;
        step += 1;
    }
    let tenths = (u128::from(bytes) * 20 + unit) / (2 * unit);
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let name = units[step];
    if step == 0 || whole >= 10 || tenth == 0 {
        let whole = (u128::from(bytes) * 2 + unit) / (2 * unit);
        format!("{whole} {name}")
    } else {
        say!(language, "{whole},{tenth} {name}", "{whole}.{tenth} {name}")
    }
}
