//! What came of the edits of many files: counted, with places, and checked for panics and time.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    ask::{Ask, Checked},
    oracle::Footprint,
};

/// The longest that one edit with all its checks may take, in a debug build.
const LIMIT: Duration = Duration::from_secs(20);

/// The most places that are printed of one reason.
const PLACES: usize = 12;

/// The outcomes of many edits.
#[derive(Default)]
pub(crate) struct Report {
    root: PathBuf,
    files: BTreeMap<&'static str, usize>,
    outcomes: BTreeMap<String, Vec<String>>,
    wrong: Vec<String>,
    slowest: (Duration, String),
}

impl Report {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), ..Self::default() }
    }

    /// Counts a file of some kind.
    pub(crate) fn file(&mut self, kind: &'static str) {
        *self.files.entry(kind).or_default() += 1;
    }

    /// How many files of a kind were counted.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.files.get(kind).copied().unwrap_or_default()
    }

    /// Counts an outcome.
    pub(crate) fn outcome(&mut self, what: impl Into<String>, place: String) {
        self.outcomes.entry(what.into()).or_default().push(place);
    }

    /// Notes what fails the test.
    pub(crate) fn wrong(&mut self, what: String) {
        // At once, for a walk takes minutes.
        eprintln!("wrong: {what}");
        self.wrong.push(what);
    }

    pub(crate) fn place(&self, file: &Path) -> String {
        file.strip_prefix(&self.root).unwrap_or(file).display().to_string()
    }

    /// Carries an edit out, and back where that gives the same bytes by design; gives the new text.
    pub(crate) fn check(&mut self, file: &Path, text: &str, what: &str, ask: &Ask) -> Option<String> {
        let place = self.place(file);
        let start = Instant::now();
        let checked = panic::catch_unwind(AssertUnwindSafe(|| ask.check(text)));
        let took = start.elapsed();
        if took > self.slowest.0 {
            self.slowest = (took, format!("{place} {ask:?}"));
        }
        if took > LIMIT {
            self.wrong(format!("{place}: {ask:?} took {took:?}"));
        }
        match checked {
            Err(_) => self.wrong(format!("{place}: {ask:?} panicked")),
            Ok(Err(error)) => self.wrong(format!("{place}: {ask:?}: {error}")),
            Ok(Ok(Checked::AlreadySo)) => self.outcome(format!("{what}: already so"), place),
            Ok(Ok(Checked::Refused(fault))) => {
                let at = fault.at.map(|at| format!(":{at}")).unwrap_or_default();
                self.outcome(
                    format!("{what}: refused: {}", reason(&fault.fault.to_string())),
                    format!("{place}{at}: {}", fault.fault),
                );
            }
            Ok(Ok(Checked::Changed { text: new, from, footprint })) => {
                self.outcome(format!("{what}: {}", shape(footprint)), place.clone());
                // What was a number is a string now: the same text is no way back.
                let from = from.filter(|from| *from != ask.value());
                if let Some(back) = from.as_deref().and_then(|from| ask.back(from)) {
                    self.back(&place, text, &new, what, &back, footprint);
                }
                return Some(new);
            }
        }
        None
    }

    fn back(&mut self, place: &str, old: &str, new: &str, what: &str, back: &Ask, footprint: Footprint) {
        match back.check(new) {
            Ok(Checked::Changed { text, .. }) if text == old => {}
            // Quotes stay or come for a value that reads as a number, and a digest that went doesn't return.
            Ok(Checked::Changed { text, .. }) if text.replace(['"', '\''], "") == old.replace(['"', '\''], "") => {
                self.outcome(format!("{what}: back, in other quotes"), place.to_owned());
            }
            Ok(Checked::Changed { .. }) if footprint.lines_gone > footprint.lines_come => {}
            Ok(Checked::Changed { .. }) if old.contains("digest") || old.contains("@sha256:") => {
                self.outcome(format!("{what}: back, without the digest"), place.to_owned())
            }
            other => self.wrong(format!("{place}: {back:?} doesn't lead back: {other:?}")),
        }
    }

    /// Prints it all and fails where something is wrong.
    pub(crate) fn finish(self) {
        let mut out = String::new();
        for (kind, count) in &self.files {
            let _ = writeln!(out, "{count:6} files: {kind}");
        }
        for (what, places) in &self.outcomes {
            let _ = writeln!(out, "{:6} {what}", places.len());
            if what.contains("refused") || what.contains("other") || what.contains('!') {
                for place in places.iter().take(PLACES) {
                    let _ = writeln!(out, "           {place}");
                }
            }
        }
        let (took, place) = &self.slowest;
        let _ = writeln!(out, "slowest: {took:?} {place}");
        print!("{out}");
        assert!(
            self.outcomes.keys().any(|what| what.contains("one line") || what.contains("as asked for")),
            "nothing was edited"
        );
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}

fn shape(footprint: Footprint) -> String {
    match (footprint.lines_gone, footprint.lines_come) {
        (1, 1) => "changed in one line".to_owned(),
        (0, come) => format!("changed by {come} new lines"),
        (gone, come) => format!("changed in another way: {gone} lines became {come}"),
    }
}

/// A message without its names and numbers, so that messages of one kind are counted as one.
pub(crate) fn reason(message: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for c in message.chars() {
        match c {
            '"' | '\'' => {
                quoted = !quoted;
                out.push_str(if quoted { "…" } else { "" });
            }
            _ if quoted => {}
            c if c.is_ascii_digit() => {
                if !out.ends_with('0') {
                    out.push('0');
                }
            }
            c => out.push(c),
        }
    }
    out
}
