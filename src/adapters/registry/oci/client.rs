//! One request to the registry: its address, its permission, and what error answers mean.

use http::{HeaderValue, Method, StatusCode, header};
use url::Url;

use super::{
    OciSettings,
    auth::{Authorisation, Authoriser, Scope},
    manifest::Errors,
};
use crate::{
    adapters::registry::{
        SetupError,
        http::{Answer, Http, Redirects, base_url, excerpt},
        listing::Times,
    },
    domain::{name::ImageName, registry_fault::RegistrySilence},
    ports::RegistryError,
};

/// The most bytes of one answer. The specification lets registries limit manifests to 4 MiB.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A client for one registry.
pub(super) struct Client {
    http: Http,
    base: Url,
    authoriser: Authoriser,
}

/// One question: an image's repository and the time that the answer may take.
pub(super) struct Question<'a> {
    pub(super) image: &'a ImageName,
    pub(super) times: Times,
    repository: String,
}

/// What is asked for.
pub(super) struct Ask<'a> {
    method: Method,
    url: Url,
    accept: &'static str,
    /// An answer with this tag needn't be sent again.
    known: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(super) fn get(url: Url, accept: &'static str) -> Self {
        Self { method: Method::GET, url, accept, known: None }
    }

    pub(super) fn head(url: Url, accept: &'static str) -> Self {
        Self { method: Method::HEAD, ..Self::get(url, accept) }
    }

    /// Unless it is still the one with this entity tag: then the answer is 304.
    pub(super) fn unless(self, known: Option<&'a str>) -> Self {
        Self { known, ..self }
    }
}

impl Client {
    pub(super) fn new(settings: OciSettings) -> Result<Self, SetupError> {
        let base = base_url(&settings.url)?;
        // Blobs are often served by another host.
        let http = Http::new(&base, settings.ca_file.as_ref(), Redirects::Anywhere, settings.deadline)?;
        Ok(Self { http, base, authoriser: Authoriser::new(settings.username, settings.password) })
    }

    /// The address, for people.
    pub(super) fn server(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    pub(super) fn question<'a>(&self, image: &'a ImageName, times: Times) -> Question<'a> {
        let repository = match image.repository() {
            // Docker Hub's own images stand below a name that people leave out.
            path if !path.contains('/') && self.base.host_str().is_some_and(|host| host.ends_with("docker.io")) => {
                format!("library/{path}")
            }
            path => path.to_owned(),
        };
        Question { image, repository, times }
    }

    pub(super) fn url(&self, question: &Question<'_>, rest: &str) -> Result<Url, RegistryError> {
        self.base
            .join(&format!("v2/{}/{rest}", question.repository))
            .map_err(|error| RegistryError::unavailable(format!("the address cannot be made: {error}")))
    }

    /// Asks; gets a permission first when the registry wants one.
    pub(super) async fn ask(&self, question: &Question<'_>, ask: &Ask<'_>) -> Result<Answer, RegistryError> {
        let known = self.authoriser.known(&question.repository).await?;
        let answer = self.send(question, ask, known.as_ref()).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let scope = Scope { repository: &question.repository, deadline: question.times.next() };
        let authorisation =
            self.authoriser.obtain(&self.http, &self.base, &answer.headers, &scope, known.as_ref()).await?;
        let answer = self.send(question, ask, Some(&authorisation)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.authoriser.forget(&question.repository);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        question: &Question<'_>,
        ask: &Ask<'_>,
        authorisation: Option<&Authorisation>,
    ) -> Result<Answer, RegistryError> {
        let mut request = reqwest::Request::new(ask.method.clone(), ask.url.clone());
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static(ask.accept));
        if let Some(known) = ask.known.and_then(|known| HeaderValue::from_str(known).ok()) {
            headers.insert(header::IF_NONE_MATCH, known);
        }
        if let Some(authorisation) = authorisation {
            headers.insert(header::AUTHORIZATION, authorisation.header()?);
        }
        self.http.send(request, MAX_BODY, question.times.next()).await.map_err(RegistryError::from)
    }
}

pub(super) fn expect_success(answer: Answer) -> Result<Answer, RegistryError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(RegistrySilence::Busy { retry_after: answer.wait() }.into());
    }
    let text = match error_text(&answer.body) {
        Some(text) => format!("the registry answers {}: {text}", answer.status.as_u16()),
        None => format!("the registry answers {}", answer.status),
    };
    Err(match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            RegistryError::Silent(RegistrySilence::Forbidden { detail: text })
        }
        _ => RegistryError::unusable(text),
    })
}

/// The code of an error answer; `None` for one that no registry wrote.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    let errors: Errors = serde_json::from_slice(body).ok()?;
    Some(errors.errors.into_iter().next()?.code)
}

fn error_text(body: &[u8]) -> Option<String> {
    let errors: Errors = serde_json::from_slice(body).ok()?;
    let first = errors.errors.into_iter().next()?;
    Some(excerpt(format!("{} {}", first.code, first.message).trim()))
}

pub(super) fn odd_shape(what: &str) -> RegistryError {
    RegistryError::unusable(format!("the registry's answer is no {what}"))
}

pub(super) fn no_registry() -> RegistryError {
    RegistryError::unusable("404 from something that is no registry")
}
