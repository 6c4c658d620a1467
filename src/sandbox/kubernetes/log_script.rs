//! Logs that tests and large clusters put in the place of the usual ones; long ones are made up while they are read.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::body::{Body, Bytes};
use futures_util::stream;

use super::log::LogQuery;

/// How much of a long log is made at once.
const CHUNK: usize = 64 * 1024;

/// What a container has printed.
#[derive(Debug, Clone)]
pub enum LogScript {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many numbered lines, each of so many bytes with its line end.
    Lines {
        /// How many.
        count: u64,
        /// The bytes of each; at least 14.
        width: usize,
    },
}

/// A run of a container: namespace, pod, container, and whether it is the one before.
type Run = (String, String, String, bool);

/// The scripts of all containers, and what is wrong with the kubelets that serve them.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    runs: Mutex<HashMap<Run, LogScript>>,
    boundless: Mutex<bool>,
    made: Arc<AtomicU64>,
}

impl Scripts {
    pub(super) fn set(&self, run: Run, script: LogScript) {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).insert(run, script);
    }

    /// Whether kubelets give the whole log whatever is asked, as some that are none do.
    pub(super) fn set_boundless(&self, boundless: bool) {
        *self.boundless.lock().unwrap_or_else(PoisonError::into_inner) = boundless;
    }

    /// How many bytes of logs were made so far.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::SeqCst)
    }

    /// The body of an answer, when the run has a script.
    pub(super) fn body(&self, run: &Run, query: &LogQuery) -> Option<Body> {
        let script = self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(run).cloned()?;
        let boundless = *self.boundless.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = query.tail_lines.filter(|_| !boundless);
        let limit = query.limit_bytes.filter(|_| !boundless).map_or(u64::MAX, |limit| limit as u64);
        Some(match script {
            LogScript::Bytes(bytes) => {
                let start = tail.map_or(0, |lines| last_lines(&bytes, lines));
                let shown = &bytes[start..];
                Body::from(shown[..shown.len().min(usize::try_from(limit).unwrap_or(usize::MAX))].to_vec())
            }
            LogScript::Lines { count, width } => {
                let first = tail.map_or(0, |lines| count.saturating_sub(lines as u64));
                lines(first, count, width, limit, Arc::clone(&self.made))
            }
        })
    }
}

/// Where the last so many lines begin.
fn last_lines(bytes: &[u8], lines: usize) -> usize {
    let end = bytes.len() - usize::from(bytes.ends_with(b"\n"));
    let mut breaks = bytes[..end].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    match lines {
        0 => bytes.len(),
        _ => breaks.nth(lines - 1).map_or(0, |(at, _)| at + 1),
    }
}

/// Numbered lines, made as the connection takes them.
fn lines(first: u64, count: u64, width: usize, limit: u64, made: Arc<AtomicU64>) -> Body {
    let chunks = stream::unfold((first, limit), move |(mut at, left)| {
        let made = Arc::clone(&made);
        async move {
            if at >= count || left == 0 {
                return None;
            }
            let mut chunk = Vec::with_capacity(CHUNK + width);
            while at < count && chunk.len() < CHUNK {
                let start = chunk.len();
                chunk.extend_from_slice(format!("{at:012} ").as_bytes());
                chunk.resize((start + width.max(14)) - 1, b'x');
                chunk.push(b'\n');
                at += 1;
            }
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len()));
            made.fetch_add(chunk.len() as u64, Ordering::SeqCst);
            let left = left - chunk.len() as u64;
            Some((Ok::<_, Infallible>(Bytes::from(chunk)), (at, left)))
        }
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_begin_after_the_break_before_them() {
        let bytes = b"one\ntwo\nthree\n";
        for (lines, rest) in
            [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (3, "one\ntwo\nthree\n"), (9, "one\ntwo\nthree\n")]
        {
            assert_eq!(&bytes[last_lines(bytes, lines)..], rest.as_bytes(), "{lines}");
        }
        assert_eq!(last_lines(b"one\ntwo", 1), 4);
        assert_eq!(last_lines(b"", 3), 0);
    }
}
