//! What can go wrong with the registry.

use std::time::{Duration, Instant};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::Registry;

/// What is wrong with the registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RegistryFault {
    /// Nothing.
    #[default]
    None,
    /// Connections are closed without an answer.
    Down,
    /// Requests get no answer until the fault ends.
    Hang,
    /// Answers come after this time.
    Slow(Duration),
    /// Every request gets this status; 429 comes with `Retry-After: 1`.
    Status(u16),
    /// No more than so many requests in so many seconds: then 429, with the time that is left as `Retry-After`.
    Limit {
        /// How many are answered.
        requests: u32,
        /// In which time, in seconds.
        seconds: u32,
    },
    /// The credentials are good and not allowed to read.
    Forbidden,
}

impl Registry {
    /// Waits as long as the fault says and returns it.
    pub(super) async fn suffer(&self) -> RegistryFault {
        let mut fault = self.fault.subscribe();
        let over = async {
            let fault = fault.wait_for(|fault| *fault != RegistryFault::Hang).await.map(|fault| fault.clone());
            if let Ok(RegistryFault::Slow(time)) = &fault {
                tokio::time::sleep(*time).await;
            }
            fault.unwrap_or_default()
        };
        tokio::select! {
            fault = over => fault,
            () = self.stop.cancelled() => RegistryFault::Status(503),
        }
    }

    /// The answer that the fault has for every request.
    pub(super) fn fail(&self, fault: &RegistryFault) -> Option<Response> {
        match fault {
            RegistryFault::Down => {
                let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("down")) });
                Some(Response::new(Body::from_stream(broken)))
            }
            RegistryFault::Status(code) => {
                let code = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = (code, format!("{code}\n")).into_response();
                if code == StatusCode::TOO_MANY_REQUESTS {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
                Some(response)
            }
            RegistryFault::Limit { requests, seconds } => {
                let (observed, left) = self.count(Duration::from_secs((*seconds).into()));
                (observed > *requests).then(|| limited(*requests, observed, left))
            }
            _ => None,
        }
    }

    /// Counts a request; how many there were in this stretch of time, and how much of it is left.
    fn count(&self, stretch: Duration) -> (u32, Duration) {
        let mut state = self.lock();
        let now = Instant::now();
        let (began, count) = state.counted.filter(|(began, _)| began.elapsed() < stretch).unwrap_or((now, 0));
        state.counted = Some((began, count + 1));
        (count + 1, stretch.saturating_sub(now - began))
    }
}

/// As GitLab says it.
fn limited(limit: u32, observed: u32, left: Duration) -> Response {
    let mut response = (StatusCode::TOO_MANY_REQUESTS, "Retry later\n").into_response();
    for (name, value) in [
        ("ratelimit-limit", u64::from(limit)),
        ("ratelimit-observed", observed.into()),
        ("ratelimit-remaining", 0),
        ("retry-after", left.as_secs() + 1),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}
