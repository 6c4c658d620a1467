//! Pages of the REST API, with GitLab's headers.

use axum::{http::StatusCode, response::Response};
use serde_json::Value;

use super::{Found, error};
use crate::sandbox::registry::Request;

/// GitLab's default and its maximum for the entries of one page.
const SIZES: (usize, usize) = (20, 100);

/// One page by its number.
pub(super) fn page(request: &Request<'_>, all: Vec<Value>, totals: bool) -> Result<Found, Box<Response>> {
    let (size, current) = (size(request)?, number(request, "page", 1)?.max(1));
    let (total, pages) = (all.len(), all.len().div_ceil(size).max(1));
    let items: Vec<Value> = all.into_iter().skip((current - 1).saturating_mul(size)).take(size).collect();
    let next = if current < pages { (current + 1).to_string() } else { String::new() };
    let previous = if current > 1 { (current - 1).to_string() } else { String::new() };
    let link = |page: &str, relation: &str| {
        let own = [("page", page.to_owned()), ("per_page", size.to_string())];
        link(request, &own, relation)
    };
    let last = if totals { pages.to_string() } else { String::new() };
    let mut links = Vec::new();
    for (page, relation) in [(previous.as_str(), "prev"), (&next, "next"), ("1", "first"), (&last, "last")] {
        if !page.is_empty() {
            links.push(link(page, relation));
        }
    }
    let mut headers = vec![
        ("link", links.join(", ")),
        ("x-page", current.to_string()),
        ("x-per-page", size.to_string()),
        ("x-next-page", next),
        ("x-prev-page", previous),
    ];
    if totals {
        headers.extend([("x-total", total.to_string()), ("x-total-pages", pages.to_string())]);
    }
    Ok(Found { body: items.into(), headers })
}

/// One page by the last name of the page before.
pub(super) fn keyset<'a>(
    request: &Request<'_>,
    names: impl DoubleEndedIterator<Item = &'a str>,
    show: impl Fn(&str) -> Value,
) -> Result<Found, Box<Response>> {
    let (size, last) = (size(request)?, request.parameter("last"));
    let mut rest: Vec<&str> = match request.parameter("sort") {
        "desc" => names.rev().filter(|name| last.is_empty() || *name < last).collect(),
        _ => names.filter(|name| last.is_empty() || *name > last).collect(),
    };
    let is_last = rest.len() <= size;
    rest.truncate(size);
    let mut headers = Vec::new();
    if let (Some(last), false) = (rest.last(), is_last) {
        let own = [("last", (*last).to_owned()), ("per_page", size.to_string())];
        headers.push(("link", link(request, &own, "next")));
    }
    Ok(Found { body: rest.into_iter().map(show).collect(), headers })
}

fn size(request: &Request<'_>) -> Result<usize, Box<Response>> {
    Ok(number(request, "per_page", SIZES.0)?.clamp(1, SIZES.1))
}

fn number(request: &Request<'_>, name: &str, default: usize) -> Result<usize, Box<Response>> {
    match request.parameter(name) {
        "" => Ok(default),
        text => text.parse().map_err(|_| error(StatusCode::BAD_REQUEST, &format!("{name} is invalid"))),
    }
}

/// A link to this list with other parameters.
fn link(request: &Request<'_>, own: &[(&str, String)], relation: &str) -> String {
    let mut query: Vec<String> = request
        .parameters
        .iter()
        .filter(|(name, _)| own.iter().all(|(other, _)| name != other))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    query.sort_unstable();
    query.extend(own.iter().map(|(name, value)| format!("{name}={value}")));
    format!("<{}{}?{}>; rel=\"{relation}\"", request.base(), request.path, query.join("&"))
}
