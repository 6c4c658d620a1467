//! Logs, read up to a bound whatever the server sends.

use std::pin::pin;

use futures_util::AsyncReadExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Error, api::LogParams};

use super::{
    Kubernetes,
    error::{bounded, unanswered, words},
    twice,
};
use crate::domain::{
    log::{LogQuestion, LogRead},
    unanswered::Unanswered,
};

impl Kubernetes {
    pub(super) async fn read_log(&self, question: &LogQuestion) -> Result<LogRead, Unanswered> {
        let count = |number: usize| i64::try_from(number).ok();
        let parameters = LogParams {
            container: Some(question.container.clone()),
            previous: question.previous,
            tail_lines: count(question.lines),
            limit_bytes: count(question.bytes),
            ..LogParams::default()
        };
        let api: Api<Pod> = self.api(&question.pod.namespace);
        let stream = match twice(|| api.log_stream(&question.pod.name, &parameters)).await {
            Ok(stream) => stream,
            Err(Error::Api(status)) if status.code == 404 => return Ok(LogRead::NoPod),
            // "container … is waiting to start", "previous terminated container … not found".
            Err(Error::Api(status)) if status.code == 400 => return Ok(LogRead::NotThere(bounded(&status.message))),
            Err(error) => return Err(unanswered(&error)),
        };
        // A server that doesn't know `limitBytes` would go on for as long as the log is.
        let mut stream = pin!(stream.take(question.bytes as u64 + 1));
        let mut bytes = Vec::new();
        stream
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| Unanswered::Unavailable { detail: format!("the log broke off: {}", words(&error)) })?;
        let cut = bytes.len() >= question.bytes;
        bytes.truncate(question.bytes);
        Ok(LogRead::Bytes { bytes, cut })
    }
}
