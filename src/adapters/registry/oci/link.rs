//! The `Link` header that leads from page to page.

use http::{HeaderMap, header};
use url::Url;

use crate::ports::RegistryError;

/// The address of the next page, when there is one.
///
/// # Errors
/// [`RegistryError::Silent`] when it leads to another place, which must not get the authorisation.
pub(super) fn next_page(headers: &HeaderMap, current: &Url) -> Result<Option<Url>, RegistryError> {
    for value in headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok()) {
        let Some(target) = target_of_next(value) else { continue };
        let next = current.join(target).map_err(|_| fault("cannot be read"))?;
        if next.origin() != current.origin() {
            return Err(fault("leads to another place"));
        }
        if next == *current {
            return Err(fault("leads in a circle"));
        }
        return Ok(Some(next));
    }
    Ok(None)
}

fn fault(what: &str) -> RegistryError {
    RegistryError::unusable(format!("the registry's link to the next page {what}"))
}

/// The target of the link with `rel=next` among `<…>; rel="…", <…>; …`.
fn target_of_next(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        let end = after.find(",").filter(|&comma| after[comma..].contains('<')).unwrap_or(after.len());
        let (parameters, others) = after.split_at(end);
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        });
        if is_next {
            return Some(target);
        }
        rest = others;
    }
    None
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_next_page_is_on_the_same_server() {
        let current = Url::parse("https://r.example.org/v2/a/tags/list?n=2").expect("a URL");
        for (link, expected) in [
            (
                r#"</v2/a/tags/list?last=b&n=2>; rel="next""#,
                Ok(Some("https://r.example.org/v2/a/tags/list?last=b&n=2")),
            ),
            (
                "<https://r.example.org/v2/a/tags/list?last=b,c>; rel=next",
                Ok(Some("https://r.example.org/v2/a/tags/list?last=b,c")),
            ),
            (
                r#"</x?page=1>; rel="prev", </x?page=3>; title="a"; rel="next""#,
                Ok(Some("https://r.example.org/x?page=3")),
            ),
            (r#"</x?page=1>; rel="prev""#, Ok(None)),
            ("nonsense", Ok(None)),
            ("<unclosed", Ok(None)),
            (r#"<https://evil.example.org/v2/a/tags/list>; rel="next""#, Err(())),
            (r#"<http://r.example.org/v2/a/tags/list>; rel="next""#, Err(())),
            (r#"</v2/a/tags/list?n=2>; rel="next""#, Err(())),
        ] {
            let headers = HeaderMap::from_iter([(header::LINK, HeaderValue::from_static(link))]);
            let next = next_page(&headers, &current).map(|next| next.map(|url| url.to_string())).map_err(drop);
            assert_eq!(next, expected.map(|url| url.map(str::to_owned)), "{link}");
        }
        assert_eq!(next_page(&HeaderMap::new(), &current).expect("no link"), None);
    }
}
