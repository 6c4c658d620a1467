//! Foreign text as a reader sees it: without escape sequences, control characters and what can't be seen.

/// The text without the escape sequences of ECMA-48, control characters and invisible characters; lines, tabs and carriage
/// returns stay. What is searched for secrets has to be this: `pass\u{200b}word=x` reads `password=x`.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in without_escapes(text).chars() {
        match c {
            '\n' | '\r' | '\t' => kept.push(c),
            // Line separators of Unicode and the next line of ECMA-48 separate words as well.
            '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => kept.push(' '),
            c if is_invisible(c) => {}
            // Variation selectors belong behind symbols; behind a letter they show nothing.
            '\u{fe00}'..='\u{fe0f}' if kept.ends_with(|c: char| c.is_alphabetic()) => {}
            c => kept.push(c),
        }
    }
    kept
}

/// Control characters, direction marks, zero-width characters, blank letters, tags and the replacement of objects.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Takes out the escape sequences of ECMA-48, in seven bits and in eight.
fn without_escapes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let introducer = match c {
            '\u{1b}' => rest.next(),
            '\u{9b}' => Some('['),
            '\u{9d}' => Some(']'),
            '\u{90}' => Some('P'),
            c => {
                kept.push(c);
                continue;
            }
        };
        match introducer {
            Some('[') => {
                // Parameters, then one letter; a line's end means that there is none.
                while let Some(c) = rest.next_if(|c| *c != '\n') {
                    if matches!(c, '\u{40}'..='\u{7e}') {
                        break;
                    }
                }
            }
            // Titles and hyperlinks: up to the bell or the string terminator.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while let Some(c) = rest.next_if(|c| *c != '\n') {
                    if matches!(c, '\u{7}' | '\u{9c}') {
                        break;
                    }
                    if c == '\u{1b}' {
                        rest.next_if_eq(&'\\');
                        break;
                    }
                }
            }
            Some(' '..='/') => {
                rest.next_if(|c| *c != '\n');
            }
            Some('\n') => kept.push('\n'),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_goes() {
        for (text, expected) in [
            ("pass\u{200b}wo\u{ad}rd\u{200d}=x", "password=x"),
            ("\u{1b}[2mapi_token\u{1b}[0m\u{1b}[2m=\u{1b}[0mx", "api_token=x"),
            ("p\0a\0s\0s\0", "pass"),
            ("a\u{202e}b\u{2066}c\u{feff}", "abc"),
            ("pass\u{fe0f}word", "password"),
            ("one\u{2028}two", "one two"),
            ("lines\r\n\tstay", "lines\r\n\tstay"),
            ("⚠️ нефть", "⚠️ нефть"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
