//! "Did you mean": the known names nearest to a mistyped one.

use std::cmp::Reverse;

use super::version::version;

/// How many names are offered.
const OFFERED: usize = 3;

/// The names nearest to `given`, best first, at most three.
///
/// Likeness is Jaro-Winkler's, which favours a common beginning, the usual form of a half-remembered version. Among
/// versions that are equally like it the newest come first: whoever mistypes one rarely means an old one.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<_> = known.into_iter().map(|name| (strsim::jaro_winkler(given, name), name)).collect();
    scored
        .sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| (Reverse(version(x)), x).cmp(&(Reverse(version(y)), y))));
    scored.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn three_nearest_best_first() {
        let known = ["0.9.0", "0.10.3", "0.10.4", "0.10.5", "main"];
        assert_eq!(nearest("0.10.6", known), ["0.10.5", "0.10.4", "0.10.3"]);
        assert_eq!(nearest("0.10.99", ["0.10.1", "0.10.9", "0.10.10"]), ["0.10.9", "0.10.1", "0.10.10"]);
        assert_eq!(nearest("mian", known)[0], "main");
        assert!(nearest("x", []).is_empty());
    }
}
