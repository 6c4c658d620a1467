//! Which images the `name` of a kustomize entry matches: it is a regular expression, whether its author knows or not.

use regex::RegexBuilder;

use crate::domain::image::tag_start;

/// The most memory that a name's regular expression may take; longer ones count as matching.
const MAX_SIZE: usize = 1 << 16;

/// The longest name that is taken as a regular expression; longer ones count as matching.
const MAX_LENGTH: usize = 256;

/// Whether a character class may mean a set operation here, while Go reads it letter by letter.
fn has_set(name: &str) -> bool {
    let nested = || name.split('[').skip(1).any(|class| !class.contains(']'));
    name.contains('[') && (["&&", "--", "~~", "[["].iter().any(|sign| name.contains(sign)) || nested())
}

/// Whether an entry's name matches an image, given as a container has it: `name[:tag][@digest]`.
///
/// Kustomize matches `^name(:tag)?(@sha256:digest)?$`, its name pasted into the middle. A dot therefore stands for any
/// character: `my.app` matches `my-app` too. Where it can't be told whether a name matches, it does.
pub(super) fn matches(name: &str, image: &str) -> bool {
    // All bytes are looked at together rather than one by one: most names have no operator.
    if name.bytes().fold(false, |found, byte| found | is_operator(byte)) {
        // Go knows no sets within brackets, and the editor doesn't wait for thousands of long expressions.
        if name.len() > MAX_LENGTH || has_set(name) {
            return true;
        }
        let whole = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        return RegexBuilder::new(&whole).size_limit(MAX_SIZE).build().map_or(true, |regex| regex.is_match(image));
    }
    let Some(rest) = behind(name, image) else { return false };
    if rest.is_empty() {
        return true;
    }
    let (tagged, digest) = image.split_once('@').map_or((image, None), |(tagged, digest)| (tagged, Some(digest)));
    let untagged = tag_start(tagged).unwrap_or(tagged.len());
    let pinned = digest.is_none_or(|digest| digest.starts_with("sha256:"));
    pinned && [tagged.len(), untagged].contains(&(image.len() - rest.len()))
}

/// Whether a character makes more of a regular expression than a text with dots.
fn is_operator(byte: u8) -> bool {
    matches!(byte, b'*' | b'+' | b'?' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'|' | b'^' | b'$' | b'\\')
}

/// What follows in a text that begins as a pattern without operators says.
fn behind<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let equal = pattern.bytes().zip(text.bytes()).take_while(|(wanted, byte)| wanted == byte).count();
    // Not within a character.
    let equal = (0..=equal).rev().find(|at| text.is_char_boundary(*at) && pattern.is_char_boundary(*at)).unwrap_or(0);
    let (pattern, mut chars) = (&pattern[equal..], text[equal..].chars());
    let begins = pattern.chars().all(|wanted| chars.next().is_some_and(|char| char == wanted || wanted == '.'));
    begins.then_some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_kustomize() {
        for (name, image) in [
            ("app", "app"),
            ("app", "app:v1"),
            ("app", "app@sha256:01"),
            ("app", "app:v1@sha256:01"),
            ("app:v1", "app:v1"),
            ("app:v1", "app:v1@sha256:01"),
            ("my.app", "my-app:v1"),
            ("host:5000/app", "host:5000/app:v1"),
            ("app|foo", "app"),
            ("(.*)/app", "host:5000/team/app:v1"),
            ("[a", "anything"),
            ("[a&&x]pp", "app"),
            ("[x[a]pp", "app"),
            ("[a~~a]pp", "app"),
        ] {
            assert!(matches(name, image), "{name} matches {image}");
        }
        for (name, image) in [
            ("app", "team/app"),
            ("app", "app2:v1"),
            ("app", "app@sha512:01"),
            ("app:v1", "app"),
            ("host/app", "host:5000/app:v1"),
            ("host:5000", "host:5000/app"),
            ("(.*)/app", "app:v1"),
            ("", "app"),
        ] {
            assert!(!matches(name, image), "{name} doesn't match {image}");
        }
    }
}
