//! "Did you mean": the known names nearest to a mistyped one.

use std::cmp::Reverse;

use semver::Version;

use super::version::version;

/// How many names are offered.
const OFFERED: usize = 3;

/// How like two names have to be to call them similar.
const ALIKE: f64 = 0.75;

/// The names nearest to `given`, best first, at most three.
///
/// For a version those are the versions next to it in their order; when even these are far away, first those that differ
/// by a key too many or too few in the last part. For anything else likeness is Jaro-Winkler's, which favours a common beginning; what is equally
/// like it comes newest version first: whoever mistypes one rarely means an old one.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<_> = known.into_iter().map(|name| (strsim::jaro_winkler(given, name), name)).collect();
    scored
        .sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| (Reverse(version(x)), x).cmp(&(Reverse(version(y)), y))));
    let mut names: Vec<&str> = scored.into_iter().map(|(_, name)| name).collect();
    if let Some(wanted) = version(given) {
        let around = around(&wanted, &names);
        let place = |name: &str| around.iter().position(|at| *at == name).unwrap_or(usize::MAX);
        let is_next = around.first().and_then(|name| version(name)).is_some_and(|next| is_near(&wanted, &next));
        // The sort is stable: what isn't a version keeps its order.
        names.sort_by_key(|name| (is_next || !slipped(given, name), place(name)));
    }
    names.into_iter().take(OFFERED).map(str::to_owned).collect()
}

/// Whether a name is like enough to what was given to have been meant.
#[must_use]
pub fn alike(given: &str, name: &str) -> bool {
    strsim::jaro_winkler(given, name) >= ALIKE
}

/// Whether one version may follow soon after the other.
fn is_near(a: &Version, b: &Version) -> bool {
    (a.major, a.minor) == (b.major, b.minor) && a.patch.abs_diff(b.patch) < 10
}

/// Whether two versions are the same but for one key too many or too few in the last part.
fn slipped(given: &str, name: &str) -> bool {
    let (Some((start, end)), Some((known_start, known_end))) = (given.rsplit_once('.'), name.rsplit_once('.')) else {
        return false;
    };
    start == known_start && end.len().abs_diff(known_end.len()) == 1 && strsim::levenshtein(end, known_end) == 1
}

/// The versions among the names, from the one next to `wanted` outwards; of two at the same distance the newer one first.
fn around<'a>(wanted: &Version, names: &[&'a str]) -> Vec<&'a str> {
    let mut versions: Vec<_> = names.iter().filter_map(|name| Some((version(name)?, *name))).collect();
    versions.sort();
    let newer = versions.split_off(versions.partition_point(|(known, _)| known < wanted));
    let (mut older, mut newer) = (versions.into_iter().rev().peekable(), newer.into_iter().peekable());
    let gap = |known: &Version| {
        let parts = [(wanted.major, known.major), (wanted.minor, known.minor), (wanted.patch, known.patch)];
        parts.map(|(a, b)| a.abs_diff(b))
    };
    let mut order = Vec::new();
    loop {
        let next = match (older.peek(), newer.peek()) {
            (Some((low, _)), Some((high, _))) if gap(low) < gap(high) => older.next(),
            (_, Some(_)) => newer.next(),
            (_, None) => older.next(),
        };
        match next {
            Some((_, name)) => order.push(name),
            None => return order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{alike, nearest};

    #[test]
    fn versions_are_near_as_versions() {
        let known: Vec<String> =
            (1..=12).map(|n| format!("0.9.{n}")).chain((0..=6).map(|n| format!("0.10.{n}"))).collect();
        let near = |given: &str| nearest(given, known.iter().map(String::as_str));
        assert_eq!(near("0.10.7"), ["0.10.6", "0.10.5", "0.10.4"]);
        assert_eq!(near("9.9.9"), ["0.10.6", "0.10.5", "0.10.4"]);
        assert_eq!(near("0.11.0"), ["0.10.6", "0.10.5", "0.10.4"]);
        assert_eq!(near("0.10.55"), ["0.10.5", "0.10.6", "0.10.4"]);
        assert_eq!(near("0.9.13"), ["0.9.12", "0.9.11", "0.9.10"]);
        assert_eq!(nearest("0.10.7", ["0.10.5", "0.10.8"]), ["0.10.8", "0.10.5"]);
    }

    #[test]
    fn not_everything_is_alike() {
        assert!(alike("refinry", "refinery") && !alike("nosuch", "refinery"));
    }

    #[test]
    fn three_nearest_best_first() {
        let known = ["0.9.0", "0.10.3", "0.10.4", "0.10.5", "main"];
        assert_eq!(nearest("0.10.6", known), ["0.10.5", "0.10.4", "0.10.3"]);
        assert_eq!(nearest("0.10.99", ["0.10.1", "0.10.9", "0.10.10"]), ["0.10.9", "0.10.10", "0.10.1"]);
        assert_eq!(nearest("mian", known)[0], "main");
        assert_eq!(nearest("v0.10", ["0.9.9", "0.10.1", "main"]), ["0.10.1", "0.9.9", "main"]);
        assert!(nearest("x", []).is_empty());
    }
}
