//! Medians, ratios with their spread, and tables as they stand in docs/performance.md.

use std::time::Duration;

/// One contender's times, round by round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(pub(crate) Vec<Duration>);

impl Times {
    pub(crate) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[sorted.len() / 2]
    }

    /// How many times the other's: of the medians, and the middle half of the ratios of each round.
    pub(crate) fn to(&self, other: &Self) -> String {
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        let mut each: Vec<f64> = self.0.iter().zip(&other.0).map(|(ours, theirs)| ratio(*ours, *theirs)).collect();
        each.sort_by(f64::total_cmp);
        let (low, high) = (each[each.len() / 4], each[each.len() * 3 / 4]);
        format!("{:.3} ({low:.3}–{high:.3})", ratio(self.median(), other.median()))
    }
}

/// Milliseconds as people read them.
pub(crate) fn milliseconds(time: Duration) -> String {
    let time = time.as_secs_f64() * 1e3;
    if time < 100.0 { format!("{time:.1}") } else { thousands(time.round() as usize) }
}

/// A number with commas.
pub(crate) fn thousands(number: usize) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}

/// A table in Markdown: the first column is text, the others are figures.
pub(crate) struct Table {
    heading: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins with a heading and the columns' titles.
    pub(crate) fn new(heading: &str, titles: &[&str]) -> Self {
        Self { heading: heading.to_owned(), rows: vec![titles.iter().map(|title| (*title).to_owned()).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        // It takes a while: this shows how far it is.
        eprintln!("{}: {}", self.heading, cells.join(" | "));
        self.rows.push(cells);
    }

    pub(crate) fn print(self) {
        println!("\n### {}\n", self.heading);
        let columns = self.rows[0].len();
        for (number, row) in self.rows.iter().enumerate() {
            println!("| {} |", row.join(" | "));
            if number == 0 {
                println!("|---|{}", "---:|".repeat(columns - 1));
            }
        }
    }
}
