//! `tiphys config check` and `tiphys config schema`.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Config, Depth, Faults, schema_text};

/// Checks a file: prints faults and warnings to `err`, or what a file without faults holds to `out`.
/// Returns whether the file has no faults.
///
/// # Errors
/// Only when `out` or `err` can't be written to.
pub fn check(path: &Path, depth: Depth, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
    let config = match Config::load_to(path, depth) {
        Ok(config) => config,
        Err(faults) => {
            writeln!(err, "{faults}")?;
            return Ok(false);
        }
    };
    for warning in warnings(&config).list {
        let place = warning.place.map_or_else(String::new, |place| format!(":{}:{}", place.line, place.column));
        writeln!(err, "{}{place}: warning: {}", path.display(), warning.text)?;
    }
    writeln!(out, "{}: ok: {}", path.display(), summary(&config))?;
    Ok(true)
}

/// Prints the JSON Schema.
///
/// # Errors
/// Only when `out` can't be written to.
pub fn print_schema(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(schema_text().as_bytes())
}

/// All warnings of a file.
pub(super) fn warnings(config: &Config) -> Faults {
    Faults::new(&config.file, [&config.warnings, &config.bot_warnings].map(|faults| faults.list.clone()).concat())
}

fn summary(config: &Config) -> String {
    let catalogue = config.catalogue();
    let environments = catalogue.applications.iter().map(|application| application.environments.len()).sum();
    let chats = config.telegram.as_ref().map_or(0, |telegram| telegram.chats.len());
    let branches = config.repositories.len();
    let mut counts = vec![
        counted(catalogue.applications.len(), "application", "applications"),
        counted(environments, "environment", "environments"),
        counted(config.people.len(), "person", "people"),
        counted(chats, "chat", "chats"),
    ];
    if branches > 1 {
        counts.push(format!("{branches} branches of manifests"));
    }
    counts.join(", ")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
