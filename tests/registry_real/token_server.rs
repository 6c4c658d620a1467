//! A token server as the distribution specification wants it: signed tokens for a user with a password.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, SigningKey};
use serde_json::{Value, json};

use crate::server::{PASSWORD, USER};

/// A token server that lives as long as the test's runtime.
pub(crate) struct TokenServer {
    pub(crate) realm: String,
    pub(crate) service: &'static str,
    pub(crate) issuer: &'static str,
    /// The certificate that the registry has to trust, in PEM.
    pub(crate) certificate: String,
}

struct Signer {
    key: KeyPair,
    certificate: Vec<u8>,
}

const SERVICE: &str = "container_registry";
const ISSUER: &str = "issuer of a test";

pub(crate) async fn start() -> TokenServer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let pem = certificate.pem();
    let signer = Arc::new(Signer { key, certificate: certificate.der().to_vec() });
    let router = Router::new().route("/jwt/auth", get(answer)).with_state(signer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    TokenServer { realm: format!("http://{address}/jwt/auth"), service: SERVICE, issuer: ISSUER, certificate: pem }
}

async fn answer(State(signer): State<Arc<Signer>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let query = query.unwrap_or_default();
    let scopes = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "scope");
    let access: Vec<Value> = scopes
        .filter_map(|(_, scope)| {
            let (kind, rest) = scope.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            Some(json!({"type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>()}))
        })
        .collect();
    Json(json!({"token": signer.token(&access), "expires_in": 300})).into_response()
}

impl Signer {
    fn token(&self, access: &[Value]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(&self.certificate)]});
        let claims = json!({
            "iss": ISSUER, "sub": USER, "aud": SERVICE, "jti": "1",
            "iat": now, "nbf": now - 10, "exp": now + 300, "access": access,
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&head), encode(&claims));
        let signature = raw_signature(&self.key.sign(signed.as_bytes()).expect("signed"));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The two numbers of an ECDSA P-256 signature, 32 bytes each, out of their DER form.
fn raw_signature(der: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let (number, after) = rest[2..].split_at(length);
        let number = &number[number.len().saturating_sub(32)..];
        raw.extend(std::iter::repeat_n(0, 32 - number.len()));
        raw.extend_from_slice(number);
        rest = after;
    }
    raw
}
