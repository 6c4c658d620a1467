//! What containers have printed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::status::ApiError;

/// A line of an application that serves requests comes about this often.
const BETWEEN_LINES: i64 = 7;
/// No more lines than this are kept, as a node rotates its logs.
const KEPT: i64 = 5000;

/// The logs of all containers.
#[derive(Debug, Default)]
pub(crate) struct Logs(Mutex<HashMap<String, Containers>>);

#[derive(Debug, Default, Clone)]
struct Containers {
    current: Option<Run>,
    previous: Option<Run>,
}

/// One run of a container.
#[derive(Debug, Clone, Copy)]
struct Run {
    started: Timestamp,
    crashed: Option<Timestamp>,
}

/// What a client asks of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct LogQuery {
    pub(super) previous: bool,
    pub(super) timestamps: bool,
    pub(super) tail_lines: Option<usize>,
    pub(super) limit_bytes: Option<usize>,
    pub(super) since: Option<Timestamp>,
}

impl Logs {
    /// A container of the pod with this uid starts; an earlier run becomes the previous one.
    pub(crate) fn start(&self, pod: &str, at: Timestamp) {
        let mut pods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let containers = pods.entry(pod.to_owned()).or_default();
        if let Some(run) = containers.current.take() {
            containers.previous = Some(run);
        }
        containers.current = Some(Run { started: at, crashed: None });
    }

    /// The running container crashes.
    pub(crate) fn crash(&self, pod: &str, at: Timestamp) {
        let mut pods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = pods.get_mut(pod).and_then(|containers| containers.current.as_mut()) {
            run.crashed = Some(at);
        }
    }

    /// Forgets a pod.
    pub(crate) fn forget(&self, pod: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(pod);
    }

    /// The text, as `kubectl logs` prints it.
    pub(super) fn read(
        &self,
        (uid, pod, container, image): (&str, &str, &str, &str),
        query: &LogQuery,
        now: Timestamp,
    ) -> Result<String, ApiError> {
        let containers = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uid).cloned().unwrap_or_default();
        // A crashed container that waits to be started again still shows its last run as the current one.
        let run = if query.previous {
            let crashed = containers.current.filter(|run| run.crashed.is_some());
            crashed.or(containers.previous).ok_or_else(|| {
                let message = format!("previous terminated container \"{container}\" in pod \"{pod}\" not found");
                ApiError::bad_request(message)
            })?
        } else {
            containers.current.ok_or_else(|| {
                let message =
                    format!("container \"{container}\" in pod \"{pod}\" is waiting to start: ContainerCreating");
                ApiError::bad_request(message)
            })?
        };
        let mut lines = run.lines(image, now);
        if let Some(since) = query.since {
            lines.retain(|(at, _)| *at >= since);
        }
        if let Some(tail) = query.tail_lines {
            lines.drain(..lines.len().saturating_sub(tail));
        }
        let mut text = String::new();
        for (at, line) in lines {
            if query.timestamps {
                text.push_str(&at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string());
            }
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(limit) = query.limit_bytes {
            text.truncate((0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
        }
        Ok(text)
    }
}

impl Run {
    fn lines(&self, image: &str, now: Timestamp) -> Vec<(Timestamp, String)> {
        let version = image.rsplit_once(':').map_or("unknown", |(_, tag)| tag);
        let second = |at: i64| self.started.checked_add(SignedDuration::from_secs(at)).unwrap_or(self.started);
        let mut lines = Vec::new();
        let mut say = |at: Timestamp, level: &str, text: String| {
            lines.push((at, format!("{} {level} {text}", at.strftime("%Y-%m-%dT%H:%M:%SZ"))));
        };
        say(second(0), "INFO", format!("oil-refinery-application {version} starting"));
        say(second(0), "INFO", "configuration read: 14 keys from the environment".to_owned());
        if let Some(at) = self.crashed {
            say(at, "ERROR", "cannot open valve table: column \"pressure_limit\" does not exist".to_owned());
            say(at, "FATAL", "startup failed, exit code 1".to_owned());
            return lines;
        }
        say(second(0), "INFO", "listening on 0.0.0.0:8080".to_owned());
        let count = now.duration_since(self.started).as_secs() / BETWEEN_LINES;
        for index in (count - KEPT).max(1)..=count {
            let (path, took) = match index % 4 {
                0 => ("/readyz", 1),
                1 => ("/api/tanks", 12 + index % 9),
                2 => ("/api/valves?state=open", 8 + index % 5),
                _ => ("/healthz", 1),
            };
            say(second(index * BETWEEN_LINES), "INFO", format!("GET {path} 200 {took}ms"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_limit_and_previous() {
        let logs = Logs::default();
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("time");
        let pod = ("uid", "p", "app", "r/app:1.2.3");
        let read = |query: LogQuery, at: &str| logs.read(pod, &query, at.parse().expect("time"));
        assert!(read(LogQuery::default(), "2026-01-01T00:00:01Z").is_err(), "not started");
        logs.start("uid", start);
        let text = read(LogQuery::default(), "2026-01-01T00:00:01Z").expect("log");
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with("2026-01-01T00:00:00Z INFO oil-refinery-application 1.2.3 starting\n"), "{text}");
        let tail = LogQuery { tail_lines: Some(2), ..LogQuery::default() };
        assert_eq!(read(tail, "2026-01-01T01:00:00Z").expect("log").lines().count(), 2);
        let bytes = LogQuery { limit_bytes: Some(10), ..LogQuery::default() };
        assert_eq!(read(bytes, "2026-01-01T01:00:00Z").expect("log"), "2026-01-01");
        let previous = LogQuery { previous: true, ..LogQuery::default() };
        assert_eq!(read(previous.clone(), "2026-01-01T01:00:00Z").expect_err("no previous").code, 400);
        logs.crash("uid", start);
        assert!(read(previous, "2026-01-01T01:00:00Z").expect("crashed").ends_with("exit code 1\n"));
    }
}
