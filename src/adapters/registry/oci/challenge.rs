//! The `WWW-Authenticate` header: what a registry wants to see (RFC 9110, section 11).

use http::{HeaderMap, header};

/// What a registry wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token of a token server.
    Bearer {
        /// The token server's address.
        realm: String,
        /// The registry's name there.
        service: Option<String>,
        /// What the token must allow.
        scope: Option<String>,
    },
    /// A user and a password.
    Basic,
}

/// The challenges of an answer, in their order; schemes that aren't known are left out.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).flat_map(read).collect()
}

/// Reads `Scheme name="value", name=value, Scheme …`.
fn read(value: &str) -> Vec<Challenge> {
    let mut found: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ',')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start();
        match after.strip_prefix('=') {
            Some(after) if !word.is_empty() => {
                let (parameter, after) = read_value(after.trim_start());
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((word, parameter));
                }
                rest = after;
            }
            _ => {
                if !word.is_empty() {
                    found.push((word, Vec::new()));
                }
                rest = after.strip_prefix(['=', ',']).unwrap_or(after);
            }
        }
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
    found.into_iter().filter_map(|(scheme, parameters)| challenge(scheme, parameters)).collect()
}

/// A token or a quoted string, and what follows it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn challenge(scheme: &str, parameters: Vec<(&str, String)>) -> Option<Challenge> {
    let get = |name: &str| {
        parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") });
    }
    scheme.eq_ignore_ascii_case("basic").then_some(Challenge::Basic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        };
        for (value, expected) in [
            (
                r#"Bearer realm="https://gitlab.example.org/jwt/auth",service="container_registry",scope="repository:team/app:pull""#,
                vec![bearer(
                    "https://gitlab.example.org/jwt/auth",
                    Some("container_registry"),
                    Some("repository:team/app:pull"),
                )],
            ),
            (
                r#"Bearer realm="https://a.example.org/token", scope="repository:a:pull,push", error="invalid_token""#,
                vec![bearer("https://a.example.org/token", None, Some("repository:a:pull,push"))],
            ),
            (r#"Basic realm="basic-realm""#, vec![Challenge::Basic]),
            ("basic", vec![Challenge::Basic]),
            (r#"BEARER Realm=https://a/t"#, vec![bearer("https://a/t", None, None)]),
            (
                r#"Negotiate, Basic realm="x", Bearer realm="y \" z""#,
                vec![Challenge::Basic, bearer("y \" z", None, None)],
            ),
            (r#"Bearer service="no realm""#, vec![]),
            ("", vec![]),
            (r#"= , =, """#, vec![]),
            (r#"Bearer realm="unclosed"#, vec![bearer("unclosed", None, None)]),
            (r#"Bearer realm="ends in \"#, vec![bearer("ends in ", None, None)]),
        ] {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(value in r#"[A-Za-z ,="\\é]{0,40}"#) {
            let _ = read(&value);
        }
    }
}
