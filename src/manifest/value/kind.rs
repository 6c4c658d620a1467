//! The kinds of scalars without quotes: what stands in a file, and whether a new text is of the same kind.

use crate::{
    domain::plan::ScalarKind,
    manifest::{key_path::Step, scalar},
};

/// A decimal number, whole or not, as every reader takes it: `3`, `-0.5`, `1e3`, of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'v>(&'v str);

impl<'v> Number<'v> {
    /// The number that a text is; `None` for other notations, such as `010` and `0x1F`, and for other texts.
    #[must_use]
    pub fn parse(text: &'v str) -> Option<Self> {
        let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = bare.split_once(['e', 'E']).unwrap_or((bare, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let starts_well = whole.is_empty() && !fraction.is_empty() || is_natural(whole);
        let signed_whole = text.starts_with('+') && bare == whole;
        (starts_well && !signed_whole && is_digits(fraction) && !exponent.is_empty() && is_digits(exponent))
            .then_some(Self(text))
            .filter(|_| text != "-0")
    }

    /// Whether it is written as a whole number.
    #[must_use]
    pub fn is_whole(self) -> bool {
        is_whole(self.0)
    }

    /// The number as it was typed.
    #[must_use]
    pub fn as_str(self) -> &'v str {
        self.0
    }
}

/// A truth value to some reader.
pub(super) fn is_truth(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "y", "n"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a text may stand without quotes where this one stands, and is of its kind then.
///
/// # Errors
/// The kind that the old one has, and the new one hasn't.
pub(super) fn same(old: &str, new: &str) -> Result<(), ScalarKind> {
    let fits = |fits: bool, kind| if fits { Ok(()) } else { Err(kind) };
    if is_truth(old) {
        return fits(matches!(new, "true" | "false"), ScalarKind::Truth);
    }
    if let Some(notation) = Notation::of(old) {
        return match Notation::of(new) {
            // What readers don't agree about has no notation to keep, and nothing is nothing in each.
            Some(Notation::Decimal) => {
                fits(matches!(notation, Notation::Decimal | Notation::Other) || new == "0", ScalarKind::Notation)
            }
            Some(other) => fits(other == notation && notation != Notation::Other, ScalarKind::Notation),
            None => Err(ScalarKind::Whole),
        };
    }
    if is_float(old) {
        return fits(Number::parse(new).is_some(), ScalarKind::Float);
    }
    if scalar::is_time(old) {
        return fits(is_day(new), ScalarKind::Date);
    }
    Err(ScalarKind::Other)
}

/// Whether a text that no reader agrees about, such as `nan` and `-yes`, is a string to all that are in use.
pub(super) fn is_odd_string(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-', '.']);
    let infinite = ["inf", "nan"].iter().any(|word| word.eq_ignore_ascii_case(bare)) && is_float(text);
    !infinite && !is_truth(text) && bare.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the last key of a path holds a version, for which 1.10 isn't 1.1.
pub(super) fn is_of_version(steps: &[Step]) -> bool {
    let Some(Step::Key(key)) = steps.last() else { return false };
    let lower = key.to_ascii_lowercase();
    matches!(&*lower, "tag" | "version" | "appversion" | "digest")
        || ["Tag", "Version"].iter().any(|end| key.ends_with(end))
        || ["_tag", "-tag", "_version", "-version"].iter().any(|end| lower.ends_with(end))
}

/// The way a whole number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// `10`, `-5`.
    Decimal,
    /// `0644`: octal by YAML 1.1.
    Zero,
    /// `0o644`.
    Octal,
    /// `0x1F`.
    Hexadecimal,
    /// `0b11`.
    Binary,
    /// `+5`, `1_000`, `089` and what else readers don't agree about.
    Other,
}

impl Notation {
    fn of(text: &str) -> Option<Self> {
        if is_whole(text) {
            return Some(Self::Decimal);
        }
        let with = |prefix: &str, radix: u32| {
            text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
        };
        let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
        let whole = bare.starts_with(|c: char| c.is_ascii_digit())
            && (bare.bytes().all(|b| b.is_ascii_digit() || b == b'_') || scalar::whole_number(bare).is_some());
        match () {
            () if with("0o", 8) => Some(Self::Octal),
            () if with("0x", 16) => Some(Self::Hexadecimal),
            () if with("0b", 2) => Some(Self::Binary),
            () if with("0", 8) => Some(Self::Zero),
            () if whole && !bare.contains('.') => Some(Self::Other),
            () => None,
        }
    }
}

/// A day that there is, written as `2024-01-31`: readers that know dates can't load another one.
fn is_day(text: &str) -> bool {
    let day = text.parse::<jiff::civil::Date>().ok();
    text.len() == "2024-01-31".len() && scalar::is_time(text) && day.is_some_and(|day| day.year() > 0)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// `0`, `10`, not `010`.
fn is_natural(text: &str) -> bool {
    !text.is_empty() && is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_whole(text: &str) -> bool {
    is_natural(text.strip_prefix('-').filter(|digits| *digits != "0").unwrap_or(text))
}

/// A number with a fraction or an exponent, in any notation.
pub(super) fn is_float(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text).to_ascii_lowercase();
    let decimal = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-' | b'_'));
    let whole = Notation::of(text).is_some();
    matches!(&*bare, ".inf" | ".nan") || decimal && !whole && !scalar::reads_as_string(text) && !scalar::is_time(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_other_notations() {
        for text in ["0", "3", "-5", "0.5", "1.10", "-1.", ".5", "1e3", "1.5E-3", "+1.5", "99999999999999999999999"] {
            assert_eq!(Number::parse(text), Some(Number(text)), "{text}");
        }
        for text in
            ["", "-", ".", "e", "1e", "1e+", "01", "010", "00.5", "+5", "-0", "0x1", "1_0", "1.2.3", "1,5", ".inf"]
        {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_text_is_of_the_old_ones_kind_or_refused() {
        use ScalarKind as K;
        for (old, new, expected) in [
            ("2", "3", Ok(())),
            ("2", "-3", Ok(())),
            ("2", "99999999999999999999999", Ok(())),
            ("2", "three", Err(K::Whole)),
            ("2", "", Err(K::Whole)),
            ("2", "1.5", Err(K::Whole)),
            ("2", "true", Err(K::Whole)),
            ("2", "0755", Err(K::Notation)),
            ("2", "0x1F", Err(K::Notation)),
            ("0644", "0755", Ok(())),
            ("0644", "0888", Err(K::Notation)),
            ("0644", "0o755", Err(K::Notation)),
            ("0644", "493", Err(K::Notation)),
            ("0644", "755", Err(K::Notation)),
            ("0644", "0", Ok(())),
            ("0o644", "493", Err(K::Notation)),
            ("0x1F", "255", Err(K::Notation)),
            ("0b11", "3", Err(K::Notation)),
            ("1_000", "0x10", Err(K::Notation)),
            ("0o644", "0o755", Ok(())),
            ("0o644", "0o855", Err(K::Whole)),
            ("0x1F", "0xff", Ok(())),
            ("1_000", "2000", Ok(())),
            ("1_000", "2_000", Err(K::Notation)),
            ("0.5", "0.25", Ok(())),
            ("0.5", "1", Ok(())),
            ("1e3", "1e4", Ok(())),
            ("0.5", "half", Err(K::Float)),
            ("0.5", "010", Err(K::Float)),
            (".inf", "1", Ok(())),
            ("true", "false", Ok(())),
            ("yes", "true", Ok(())),
            ("true", "True", Err(K::Truth)),
            ("true", "1", Err(K::Truth)),
            ("2024-01-31", "2024-02-29", Ok(())),
            ("2024-01-31", "2024-02-29T10:00:00Z", Err(K::Date)),
            ("2024-01-31", "soon", Err(K::Date)),
            ("2024-01-31", "2024-02-30", Err(K::Date)),
            ("2024-01-31", "2023-02-29", Err(K::Date)),
            ("2024-01-31", "2024-13-01", Err(K::Date)),
            ("2024-01-31", "0000-01-01", Err(K::Date)),
            ("12:30", "12:45", Err(K::Other)),
        ] {
            assert_eq!(same(old, new), expected, "{old} -> {new}");
        }
    }

    #[test]
    fn keys_of_versions() {
        let is = |key: &str| is_of_version(&[Step::Key("a".to_owned()), Step::Key(key.to_owned())]);
        for key in ["tag", "Tag", "version", "appVersion", "digest", "imageTag", "chartVersion", "APP_VERSION"] {
            assert!(is(key), "{key}");
        }
        for key in ["cpu", "stage", "tags", "vintag", "ratio", "conversion"] {
            assert!(!is(key), "{key}");
        }
        assert!(!is_of_version(&[Step::Key("tag".to_owned()), Step::Index(0)]));
    }
}
