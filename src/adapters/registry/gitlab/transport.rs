//! The way to GitLab for the `gitlab` crate's endpoints.
//!
//! The crate's own client has no timeout, reads answers of any length, takes the token along on redirects and makes a
//! request when it is built; its endpoints and paging work with any client of its traits.

use async_trait::async_trait;
use bytes::Bytes;
use gitlab::api::{ApiError, AsyncClient, RestClient};
use http::{HeaderValue, Response, StatusCode, request};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    adapters::registry::{
        http::{Http, HttpError, excerpt},
        listing::Times,
    },
    domain::registry_fault::RegistrySilence,
    ports::RegistryError,
};

/// The most bytes of one answer: a page of a hundred repositories or tags takes some ten thousand.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A client for the requests of one question.
pub(super) struct Transport<'a> {
    pub(super) http: &'a Http,
    pub(super) base: &'a Url,
    pub(super) token: Option<SecretString>,
    pub(super) times: Times,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The request can't be made.
    #[error("the request cannot be made: {0}")]
    Request(String),
}

impl RestClient for Transport<'_> {
    type Error = TransportError;

    fn rest_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<Self::Error>> {
        Ok(self.base.join("api/v4/")?.join(endpoint)?)
    }

    fn instance_endpoint(&self, endpoint: &str) -> Result<Url, ApiError<Self::Error>> {
        Ok(self.base.join(endpoint)?)
    }
}

#[async_trait]
impl AsyncClient for Transport<'_> {
    async fn rest_async(
        &self,
        request: request::Builder,
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, ApiError<Self::Error>> {
        let exchange = async {
            let unusable = |error: &dyn std::fmt::Display| TransportError::Request(error.to_string());
            let mut request = request.body(body).map_err(|error| unusable(&error))?;
            if let Some(token) = &self.token {
                let mut value = HeaderValue::from_str(token.expose_secret())
                    .map_err(|_| TransportError::Request("the token can't stand in a header".into()))?;
                value.set_sensitive(true);
                request.headers_mut().insert("PRIVATE-TOKEN", value);
            }
            let request = reqwest::Request::try_from(request).map_err(|error| unusable(&error.without_url()))?;
            let answer = self.http.send(request, MAX_BODY, self.times.next()).await?;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                // The crate would lose for how long.
                return Err(HttpError::Busy(answer.wait()).into());
            }
            let mut response = Response::new(answer.body);
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        };
        exchange.await.map_err(ApiError::client)
    }
}

/// What GitLab's error answers come to.
#[derive(Debug)]
pub(super) enum Fault {
    /// 404: the project, the repository or the tag isn't there, or isn't visible.
    NotFound,
    /// Anything else.
    Silent(RegistrySilence),
}

impl Fault {
    /// The error for the use cases, where "not found" has no better meaning.
    pub(super) fn into_error(self) -> RegistryError {
        match self {
            Self::NotFound => RegistryError::unusable("GitLab answers 404"),
            Self::Silent(reason) => reason.into(),
        }
    }
}

impl From<ApiError<TransportError>> for Fault {
    fn from(error: ApiError<TransportError>) -> Self {
        match error {
            ApiError::GitlabWithStatus { status, msg } => of_status(status, &msg),
            ApiError::GitlabObjectWithStatus { status, obj }
            | ApiError::GitlabUnrecognizedWithStatus { status, obj } => of_status(status, &obj.to_string()),
            ApiError::GitlabService { status, .. } if status.is_success() => unusable("GitLab's answer is not JSON"),
            ApiError::GitlabService { status, .. } => of_status(status, ""),
            ApiError::GitlabRateLimited { .. } => of_status(StatusCode::TOO_MANY_REQUESTS, ""),
            ApiError::Client { source: TransportError::Http(error) } => Self::Silent(error.into()),
            ApiError::Json { .. } | ApiError::DataType { .. } => {
                unusable("GitLab's answer has another shape than expected")
            }
            ApiError::Client { source } => unavailable(&source),
            other => unavailable(&other),
        }
    }
}

fn unusable(text: &str) -> Fault {
    Fault::Silent(RegistrySilence::Unusable { detail: text.to_owned() })
}

fn unavailable(error: &dyn std::fmt::Display) -> Fault {
    Fault::Silent(RegistrySilence::Unavailable { detail: excerpt(&error.to_string()) })
}

fn of_status(status: StatusCode, message: &str) -> Fault {
    let text = match message {
        "" => format!("GitLab answers {status}"),
        message => excerpt(&format!("GitLab answers {}: {message}", status.as_u16())),
    };
    match status {
        StatusCode::NOT_FOUND => Fault::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Fault::Silent(RegistrySilence::Forbidden { detail: text }),
        StatusCode::TOO_MANY_REQUESTS => Fault::Silent(RegistrySilence::Busy { retry_after: None }),
        _ => unusable(&text),
    }
}
