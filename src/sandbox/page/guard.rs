//! Who may talk to the page: its own browser tab and local tools, no other web site.
//!
//! A server on loopback is within reach of every web site that the visitor has open. Two doors are closed: a
//! foreign name that resolves to this machine (DNS rebinding) is known by its `Host`, and a request that another
//! site makes the browser send is known by `Sec-Fetch-Site`, `Origin` and its content type.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::routes::failure;

/// What a page may do: nothing but its own files and its own API, and no markup made from strings.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// Refuses what doesn't come from the page itself and puts the protective headers on every answer.
pub(super) async fn guard(State(listen): State<SocketAddr>, request: Request, next: Next) -> Response {
    let mut response = match check(&request, listen.ip()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("the Host header doesn't name this machine")]
    ForeignHost,
    #[error("requests from other sites are refused")]
    CrossSite,
    #[error("a JSON body is required (Content-Type: application/json)")]
    NotJson,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        };
        failure(status, &self.to_string())
    }
}

fn check(request: &Request, listen: IpAddr) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = single(headers, &header::HOST).ok_or(Refusal::ForeignHost)?;
    // An absolute request line outranks the Host header (RFC 9112, 3.2.2), so both must be ours.
    let target = request.uri().authority().map(Authority::as_str);
    if ![Some(host), target].into_iter().flatten().all(|authority| names_this_machine(authority, listen)) {
        return Err(Refusal::ForeignHost);
    }
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reading || request.uri().path().starts_with("/api/") {
        same_site(headers, host, reading)?;
    }
    if !reading && !is_json(headers) {
        return Err(Refusal::NotJson);
    }
    Ok(())
}

/// The header's value when it is given exactly once and in ASCII.
fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

/// Whether an authority names loopback or the address listened on; the port doesn't matter (tunnels change it).
///
/// Behind the unspecified address every IP literal passes: rebinding needs a name.
fn names_this_machine(authority: &str, listen: IpAddr) -> bool {
    if authority.contains('@') {
        return false;
    }
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let Ok(address) = bare.parse::<IpAddr>() else { return false };
    let address = address.to_canonical();
    address.is_loopback() || address == listen.to_canonical() || listen.is_unspecified()
}

/// Believes the browser's word on where a request comes from; tools that aren't browsers send neither header.
fn same_site(headers: &HeaderMap, host: &str, reading: bool) -> Result<(), Refusal> {
    if headers.contains_key("sec-fetch-site") {
        match single(headers, &header::HeaderName::from_static("sec-fetch-site")) {
            Some("same-origin") => {}
            // The visitor typed the address.
            Some("none") if reading => {}
            _ => return Err(Refusal::CrossSite),
        }
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = single(headers, &header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
        if !origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host)) {
            return Err(Refusal::CrossSite);
        }
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    single(headers, &header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_pass() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.8.8.8", "[::1]:1", "[::ffff:127.0.0.1]"] {
            assert!(names_this_machine(host, loopback), "{host} is this machine");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "localhost@evil.example",
            "192.0.2.7",
            "[2001:db8::1]",
            "0.0.0.0",
            "local host",
        ] {
            assert!(!names_this_machine(host, loopback), "{host} is not this machine");
        }
    }

    #[test]
    fn the_listen_address_passes_and_any_address_behind_the_unspecified_one() {
        let own = IpAddr::from([192, 0, 2, 7]);
        assert!(names_this_machine("192.0.2.7:8080", own));
        assert!(!names_this_machine("192.0.2.8:8080", own));
        let every = IpAddr::from([0, 0, 0, 0]);
        assert!(names_this_machine("192.0.2.8:8080", every));
        assert!(!names_this_machine("evil.example:8080", every));
    }
}
